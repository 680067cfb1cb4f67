"""``autograder collect``: downloads of all kinds become ``submitted/<student>/<unit>/``, which grading reads.

Nothing is skipped in silence: everything that was found is in the table at the end, with whose it is, when it came, and
what became of it. What was there before is kept in ``submitted_earlier/``, under its date. Nothing that students handed
in is executed, and an archive that is not honest is refused as a whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder import folders
from autograder.collect_sources import KINDS, Incoming, Source, kind_of
from autograder.course import Course, Unit
from autograder.errors import StoreError, UnrolledError, UsageError
from autograder.handed_in import folders_below
from autograder.late import TIMESTAMP, lateness, read_timestamp, timestamp_text
from autograder.notebook_choice import choose_notebook
from autograder.passed_over import NOT_LOOKED_INTO
from autograder.plain_text import printable
from autograder.roster import Roster, as_written
from autograder.store import student_folder
from autograder.table_reader import read_records
from autograder.tables import Cell, csv_text
from autograder.times import read_time
from autograder.work_beside import place_of_work

EARLIER = "submitted_earlier"  # below the course's folder: what was replaced
_AGAIN = re.compile(r"(?P<stem>.+?)(?:-\d+| ?\(\d+\))(?P<suffix>\.(?:py|ipynb))")  # bptt-1.py, bptt (1).py


@dataclass
class Collected:
    """A line of the table: what was found, whose it is, and what became of it."""

    called: str
    student: str | None  # None: nobody knows
    what: str  # "new", "replaced", "unchanged", "kept as earlier", "not collected", "nothing handed in"
    time: datetime | None = None
    late: str = ""
    notes: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def lost(self) -> bool:
        """Whether something was found that is not in ``submitted/`` or beside it."""
        return self.what == "not collected"


def collect(
    unit: Unit,
    course: Course,
    root: Path,
    path: Path,
    *,
    kind: str | None = None,
    roster: Roster | None = None,
    until: datetime | None = None,
    times: Path | None = None,
) -> tuple[str, list[Collected]]:
    """Collect one unit from a folder or archive.

    Args:
        unit: what was to be handed in.
        course: the course; its rule says what is late.
        root: the course's folder.
        path: a folder, or an archive with a whole class in it.
        kind: one of :data:`autograder.collect_sources.KINDS`; None to look at the names.
        roster: who is who.
        until: the deadline, for repositories; by default the due date in ``course.toml``, if there is one.
        times: a CSV with the columns ``id`` and ``time``, for downloads that do not say when.

    Returns:
        the kind, and one line per submission found (and per student of the roster without one).

    Raises:
        UsageError: there is nothing to collect there, or its kind is not clear.
        StoreError: a folder cannot be read or written.
    """
    roster = roster or Roster()
    if until is None and course.late is not None:
        until = course.late.due_of(unit.id)
    given = read_times(times, course.zone) if times is not None else {}
    state = root / folders.STATE
    state.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="collect-", dir=state) as name:
            source = Source(unit, path, Path(name), until, course.zone)
            kind = kind or kind_of(source)
            found = KINDS[kind](source)
            if not found:
                raise UsageError(f"There is nothing of {unit.id} in {path}.")
            lines = [_line(entry, unit, kind, roster) for entry in found]
            _refuse_shared_names(lines, roster)
            if kind == "git":
                _second_copies(lines, roster)
            order = sorted(range(len(found)), key=lambda n: (lines[n].student or "", found[n].time or _EVER))
            for number in order:
                entry, line = found[number], lines[number]
                if line.student is not None and not line.problem:
                    entry.time = given.pop(line.student, None) or entry.time
                    try:
                        _place(entry, line, unit, course, root)
                    except Exception as error:  # one submission never stops the others
                        line.what, line.problem = "not collected", _words(error)
            lines = [lines[number] for number in order]
    except OSError as error:
        raise StoreError(f"Cannot collect: {error.filename or path}: {error.strerror or error}.") from error
    lines += [
        Collected("", person.id, "nothing handed in")
        for person in roster.people
        if not any(line.student == person.id for line in lines)
    ]
    lines += [Collected(name, name, "not collected", problem="in --times, not in the download") for name in given]
    return kind, lines


_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def read_times(path: Path, zone: str | None = None) -> dict[str, datetime]:
    """Student -> when they handed in, from a CSV with the columns ``id`` and ``time``.

    Raises:
        UsageError: it cannot be read, or a line does not say clearly when.
    """
    found: dict[str, datetime] = {}
    for record in read_records(path, ("id", "time"), ("id", "time")).records:
        if record.cells["id"] in found:
            raise UsageError(f"{path}, line {record.line}: {record.cells['id']} has a time already.")
        try:
            found[record.cells["id"]] = read_time(record.cells["time"], zone)
        except ValueError as error:
            raise UsageError(
                f"{path}, line {record.line}: {record.cells['time'][:60]!r}, which {error}. "
                "Write a time with its offset, such as 2027-03-01T23:10:00+01:00."
            ) from error
    return found


# ── whose it is ───────────────────────────────────────────────────────────────────────────────────────


def _line(entry: Incoming, unit: Unit, kind: str, roster: Roster) -> Collected:
    line = Collected(entry.called, None, "not collected", entry.time, notes=entry.notes, problem=entry.problem)
    if not entry.known:
        return line
    try:
        line.student = _student(entry, kind, roster)
        student_folder(line.student)
    except UnrolledError as error:
        line.student, line.problem = None, line.problem or str(error).rstrip(".")
    return line


def _words(error: Exception) -> str:
    """What went wrong with one submission, in a sentence; the others are collected."""
    if isinstance(error, UnrolledError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'a file in it'}: {error.strerror or error}"
    return f"it cannot be collected ({type(error).__name__}: {' '.join(str(error).split())[:200]})"


def _student(entry: Incoming, kind: str, roster: Roster) -> str:
    """The id of whoever handed something in.

    Raises:
        UsageError: the roster does not know them, or knows two of them.
    """
    if not roster.people:
        name = entry.known.get("id") or entry.known.get("name") or ""
        if not name:
            raise UsageError("its name does not say whose it is; a roster could (roster.csv)")
        return " ".join(printable(name).split())
    found = roster.find(**entry.known)
    if found is None and kind == "git":  # assignment-account: the account may hold hyphens too
        parts = entry.called.removesuffix(".git").split("-")
        tails = ("-".join(parts[start:]) for start in range(len(parts)))
        found = next((student for tail in tails if (student := roster.find(github=tail))), None)
    if found is None:
        said = ", ".join(f"{column} {value!r}" for column, value in entry.known.items() if value)
        raise UsageError(f"nobody in the roster has {said}")
    return found


def _second_copies(lines: Sequence[Collected], roster: Roster) -> None:
    """``rnn-ada-dev-1`` is ``ada-dev``'s, as GitHub Classroom numbers copies, if there is no ``rnn-ada-dev``.

    Of several copies all are collected; the newest commit is what is graded.
    """
    taken = {line.student: line.called for line in lines if line.student is not None}
    for line in lines:
        parts = line.called.removesuffix(".git").split("-")
        if line.student is not None or not re.fullmatch(r"[1-9]\d?", parts.pop()):
            continue
        tails = ["-".join(parts[start:]) for start in range(len(parts))]
        student = next((found for tail in tails if (found := roster.find(github=tail))), None)
        if student in taken:
            line.problem = f"{line.problem}; it may be a second copy of {taken[student]}, which was taken"
        elif student is not None:
            line.student = student
            number = line.called.removesuffix(".git").rpartition("-")[2]
            line.notes.append(f"taken for the repository of {student}: no account in the roster ends in -{number}")
            line.problem = "" if line.problem.startswith("nobody in the roster") else line.problem


def _refuse_shared_names(lines: Sequence[Collected], roster: Roster) -> None:
    """Without a roster a name is all there is: two people of the same name cannot be told apart."""
    if roster.people:
        return
    for line in lines:
        same = {
            other.called
            for other in lines
            if other.student and line.student and as_written(other.student) == as_written(line.student)
        }
        if len(same) > 1 and not all("+" in called for called in same):  # the exchange: one person, several times
            line.problem = line.problem or f"{' and '.join(sorted(same))} would be the same student; a roster helps"


# ── where it goes ─────────────────────────────────────────────────────────────────────────────────────


def _place(entry: Incoming, line: Collected, unit: Unit, course: Course, root: Path) -> None:
    """Put a submission where it is graded; what was there before is kept."""
    assert line.student is not None
    ready = _prepared(entry, line, unit)
    choice = choose_notebook(unit.id, ready, root / folders.RELEASED / unit.id / f"{unit.id}.ipynb")
    line.notes += [*choice.notes, *choice.elsewhere]
    line.time = entry.time
    if entry.time is not None:
        (ready / TIMESTAMP).write_text(timestamp_text(entry.time) + "\n", encoding="utf-8")
    line.late = _lateness(entry, unit, course)
    target = root / folders.SUBMITTED / line.student / unit.id
    if not target.exists():
        _move(ready, target)
        line.what = "new"
        return
    there = _time_there(target, course.zone)
    if digest(ready) == digest(target):
        if entry.time is not None and there != entry.time and (there is None or entry.time < there):
            folders.write_atomically(target / TIMESTAMP, (timestamp_text(entry.time) + "\n").encode())
        line.what = "unchanged"
    elif there is not None and entry.time is not None and entry.time < there:
        _move(ready, _kept_at(root, unit, line.student, entry.time))
        line.what = "kept as earlier"
        line.notes.append("what is in submitted/ is newer")
    else:
        kept = _kept_at(root, unit, line.student, there)
        _move(target, kept)
        _move(ready, target)
        line.what = "replaced"
        line.notes.append(f"the one before is in {kept.relative_to(root)}")


def _prepared(entry: Incoming, line: Collected, unit: Unit) -> Path:
    """A folder with the module and what lies beside it, under the names that grading wants.

    Raises:
        UsageError: it is not clear which of several modules counts.
    """
    for folder in list(folders_below(entry.place)):
        _rename_again(folder, unit, line)
    place, notes = place_of_work(unit, entry.place)
    line.notes += notes  # somebody should look
    notebook = place / f"{unit.id}.ipynb"
    others = sorted(path for folder in folders_below(entry.place) for path in folder.glob("*.ipynb") if path.is_file())
    if not notebook.exists():
        named = [path for path in others if path.name == notebook.name]
        if len(named or others) == 1:
            chosen = (named or others)[0]
            line.notes.append(f"{chosen.relative_to(entry.place)} taken for {notebook.name}")
            shutil.copyfile(chosen, notebook)
    for path in others:  # which of several counts, grading sees
        if not (path.is_relative_to(place) or path.is_symlink() or (place / path.name).exists()):
            shutil.copyfile(path, place / path.name)
    for folder in list(folders_below(place)):
        for name in NOT_LOOKED_INTO:
            shutil.rmtree(folder / name, ignore_errors=True)
    return place


def _rename_again(folder: Path, unit: Unit, line: Collected) -> None:
    """``bptt-1.py`` is what Canvas makes of ``bptt.py`` handed in again, ``bptt (1).py`` what browsers make of it."""
    for path in sorted(folder.iterdir()):
        match = _AGAIN.fullmatch(path.name)
        wanted = f"{match['stem']}{match['suffix']}" if match else ""
        if wanted in (unit.module_file, f"{unit.id}.ipynb") and not (folder / wanted).exists():
            path.rename(folder / wanted)
            line.notes.append(f"{path.name} taken for {wanted}")


def _lateness(entry: Incoming, unit: Unit, course: Course) -> str:
    due = course.late.due_of(unit.id) if course.late is not None else None
    if entry.time is not None and due is not None:
        late = lateness(course.late, due, entry.time)
        return late.words if late is not None else ""
    if entry.marked_late:
        return "late, says the download, not by how much: see --times"
    return ""


def _time_there(target: Path, zone: str | None) -> datetime | None:
    try:
        return read_timestamp(target, zone)
    except StoreError:
        return None


def _kept_at(root: Path, unit: Unit, student: str, time: datetime | None) -> Path:
    """Where an earlier submission is kept: under its time, or if nobody knows that, under the time of now."""
    stamp = f"{time:%Y-%m-%d_%H%M%S}Z" if time is not None else f"replaced_{datetime.now(UTC):%Y-%m-%d_%H%M%S}Z"
    folder = root / EARLIER / unit.id / student
    place, number = folder / stamp, 1
    while place.exists():
        number += 1
        place = folder / f"{stamp}_{number}"
    return place


def _move(folder: Path, target: Path) -> None:
    """Move a folder within the course; it appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        os.replace(folder, draft)
    except OSError:  # another file system
        shutil.copytree(folder, draft)
        shutil.rmtree(folder)
    os.replace(draft, target)


def digest(folder: Path) -> str:
    """A hash of a submission's files and their names, its time of submission left out."""
    found = hashlib.sha256()
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        found.update(f"{len(name)} {name} {path.stat().st_size} ".encode() + path.read_bytes())
    return found.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    paths = sorted(path for inside in folders_below(folder) for path in inside.iterdir() if path.is_file())
    return (path for path in paths if path != folder / TIMESTAMP)


def collected_csv(lines: Sequence[Collected], unit: Unit) -> str:
    """The table as CSV."""
    rows: list[list[Cell]] = [["student", "unit", "what", "found_as", "time", "late", "problem", "notes"]]
    for line in lines:
        time = f"{line.time:%Y-%m-%dT%H:%M:%SZ}" if line.time else ""
        what, problem = line.what, line.problem
        rows.append([line.student or "", unit.id, what, line.called, time, line.late, problem, "; ".join(line.notes)])
    return csv_text(rows)
