"""Where submissions come from: each kind of download, read as a list of what somebody handed in.

Naming conventions, as these systems write them:

- Moodle, "Download all submissions" (``mod/assign/classes/downloader.php``): per person a folder
  ``Full Name_123_assignsubmission_file`` (older versions have ``_`` at its end), or files with that in front if
  "download in folders" is off; the number is the participant's. ``Participant`` instead of the name if marking is
  blind; ``_onlinetext`` for text typed in.
- Canvas, "Download Submissions" (``lib/content_zipper.rb``): files ``lastfirst_LATE_123_456_name.py``: the sortable
  name without anything but letters, ``LATE`` (``late`` in older versions) if it was, the user's and the file's number.
  ``anon_x1y2z`` instead of name and number if marking is anonymous; ``_text.html`` and ``_link.html`` for what is no
  file.
- nbgrader's exchange: ``inbound/student+unit+2027-03-01 22:59:00 UTC+random``.
- nbgrader's collected and GitHub Classroom's cloned folders: ``student/unit/``, ``assignment-account/``.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder import git_reader
from autograder.archives import MOST_DEPTH, Refused, Room, is_archive, unpack
from autograder.course import Unit
from autograder.errors import StoreError, UsageError
from autograder.handed_in import folders_below
from autograder.late import TIMESTAMP, read_timestamp
from autograder.passed_over import NOT_LOOKED_INTO, is_environment, within_environment
from autograder.times import read_time
from autograder.work_beside import on_branches

_MOODLE = re.compile(r"(?P<who>.+)_(?P<id>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<file>.*))?")
_CANVAS = re.compile(
    r"(?:(?P<who>.+?)_)??(?P<late>LATE_)?(?:(?P<user>\d+)|anon_(?P<anon>[A-Za-z0-9]+))"
    r"_(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<other>text|link)\.html)",
    re.IGNORECASE,
)
_EXCHANGE = re.compile(
    r"(?P<who>.+)\+(?P<unit>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d [^+ ]+(?: (?:\+\d\d(?::?\d\d)?|[^+]+))?)"
    r"(?:\+(?P<random>[^+]*))?"
)
_CLASS_FILES = 50_000  # in a zip of a whole class
_CLASS_BYTES = 4 << 30


@dataclass
class Incoming:
    """What one person handed in once, as it was found."""

    called: str  # the name that it stands under
    known: dict[str, str]  # what that says about the person: column of the roster -> value
    place: Path  # a folder of our own with a copy of the files
    time: datetime | None = None
    marked_late: bool = False  # the LMS says that it was late, not by how much
    notes: list[str] = field(default_factory=list)
    problem: str = ""  # why it cannot be collected
    room: Room = field(default_factory=Room)  # what may still be unpacked of it


@dataclass(frozen=True)
class Source:
    """Something to collect from."""

    unit: Unit
    path: Path  # what was named on the command line
    scratch: Path  # a folder of our own
    until: datetime | None  # deadline, for repositories
    zone: str | None = None  # the course's


def entries(source: Source) -> list[Path]:
    """The files and folders to look at: of a folder, or of a zip with a whole class in it, unpacked.

    Raises:
        UsageError: it is neither, or an archive that is refused.
    """
    path = source.path
    try:
        if path.is_dir():
            found = [entry for entry in path.iterdir() if entry.name not in NOT_LOOKED_INTO]
        elif path.is_file() and is_archive(path.name):
            place = source.scratch / "class"
            if not place.exists():
                unpack(path, place, _CLASS_FILES, _CLASS_BYTES)
            found = [entry for entry in place.iterdir() if entry.name not in NOT_LOOKED_INTO]
        else:
            raise UsageError(f"There is no folder or archive at {path}.")
    except Refused as error:
        raise UsageError(f"{path} was not unpacked: {error}.") from error
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error
    visible = sorted(entry for entry in found if not entry.name.startswith("."))
    if path.is_file() and len(visible) == 1 and visible[0].is_dir() and not _kind_of(visible, source.unit):
        return sorted(
            entry for entry in visible[0].iterdir() if not entry.name.startswith(".")
        )  # zipped with its folder
    return visible


def kind_of(source: Source) -> str:
    """Which of :data:`KINDS` a folder or archive looks like.

    Raises:
        UsageError: none of them, or more than one.
    """
    found = _kind_of(entries(source), source.unit)
    if len(found) != 1:
        words = f"looks like {' and '.join(sorted(found))}" if found else "looks like no download that is known here"
        raise UsageError(f"{source.path} {words}. Say what it is with --from: {', '.join(KINDS)}.")
    return found.pop()


def _kind_of(paths: Sequence[Path], unit: Unit) -> set[str]:
    found = set()
    for path in paths:
        if _MOODLE.fullmatch(path.name):
            found.add("moodle")
        elif path.is_dir() and _EXCHANGE.fullmatch(path.name):
            found.add("exchange")
        elif path.is_file() and _CANVAS.fullmatch(path.name):
            found.add("canvas")
        elif path.is_dir() and git_reader.is_repository(path):
            found.add("git")
        elif path.is_dir() and (path / unit.id).is_dir():
            found.add("nbgrader")
        elif (path.is_file() and is_archive(path.name)) or (path.is_dir() and (path / unit.module_file).is_file()):
            found.add("folders")
    return found


# ── kinds ─────────────────────────────────────────────────────────────────────────────────────────────


def _moodle(source: Source) -> list[Incoming]:
    found: dict[str, Incoming] = {}
    for path in entries(source):
        match = _MOODLE.fullmatch(path.name)
        if match is None:
            found[path.name] = _odd(source, path)
            continue
        key = f"{match['who']}_{match['id']}"
        name = match["who"] if match["who"].casefold() != "participant" else ""
        entry = found.setdefault(key, _new(source, key, {"moodle_id": match["id"], "name": name}))
        if match["kind"] == "onlinetext":
            entry.notes.append("a text typed into Moodle was left out")
        else:
            _add(entry, path, match["file"] or path.name)
    return [_checked(entry) for entry in found.values()]


def _canvas(source: Source) -> list[Incoming]:
    found: dict[str, Incoming] = {}
    for path in entries(source):
        match = _CANVAS.fullmatch(path.name)
        if match is None or path.is_dir():
            found[path.name] = _odd(source, path)
            continue
        key = f"{match['who'] or 'anon'}_{match['user'] or match['anon']}"
        known = {"canvas_id": match["user"] or match["anon"], "name": match["who"] or ""}
        entry = found.setdefault(key, _new(source, key, known))
        entry.marked_late |= bool(match["late"])
        if match["other"]:
            what = "a text typed into Canvas" if match["other"] == "text" else "a link"
            entry.notes.append(f"{what} was left out")
        else:
            _add(entry, path, match["file"])
    return [_checked(entry) for entry in found.values()]


def _exchange(source: Source) -> list[Incoming]:
    found = []
    for path in entries(source):
        match = _EXCHANGE.fullmatch(path.name)
        if match is None or not path.is_dir():
            found.append(_odd(source, path))
        elif match["unit"] == source.unit.id:
            entry = _new(source, path.name, {"id": match["who"]})
            try:
                entry.time = read_time(match["time"], source.zone, without_zone=UTC)
            except ValueError as error:
                entry.problem = f"{match['time']!r} in its name {error}"
            _add(entry, path, path.name)
            found.append(_checked(entry))
    return found


def _nbgrader(source: Source) -> list[Incoming]:
    found = []
    for path in entries(source):
        inside = path / source.unit.id
        if not inside.is_dir():
            found.append(_odd(source, path, f"no folder {source.unit.id} in it"))
            continue
        entry = _new(source, path.name, {"id": path.name})
        try:
            entry.time = read_timestamp(inside, source.zone)
        except StoreError as error:
            entry.notes.append(str(error))
        _add(entry, inside, inside.name)
        found.append(_checked(entry))
    return found


def _folders(source: Source) -> list[Incoming]:
    found = []
    for path in entries(source):
        name = path.name
        if path.is_file():
            suffix = next((s for s in (".tar.gz", ".tgz", ".tar", ".zip", ".py") if name.lower().endswith(s)), None)
            if suffix is None:
                found.append(_odd(source, path, "neither a folder nor an archive"))
                continue
            name = name[: -len(suffix)]
        entry = _new(source, path.name, {"id": name, "name": name, "github": name})
        _add(entry, path, source.unit.module_file if path.suffix == ".py" else path.name)
        found.append(_checked(entry))
    return found


def _git(source: Source) -> list[Incoming]:
    paths = [source.path] if git_reader.is_repository(source.path) else entries(source)
    prefix = _common_prefix([path.name for path in paths if path.is_dir()])
    found = []
    for path in paths:
        if not path.is_dir() or not git_reader.is_repository(path):
            found.append(_odd(source, path, "no git repository"))
            continue
        name = path.name.removeprefix(prefix).removesuffix(".git")
        entry = _new(source, path.name, {"github": name, "id": name, "name": name})
        entry.place.rmdir()
        try:
            taken = git_reader.take(path, entry.place, source.until)
        except (Refused, OSError) as error:
            entry.problem = str(error) if isinstance(error, Refused) else f"cannot be read: {error.strerror or error}"
            found.append(entry)
            continue
        entry.time = taken.time
        entry.notes.append(f"commit {taken.commit[:10]}")
        if taken.later:
            entry.notes.append(f"{taken.later} commit{'' if taken.later == 1 else 's'} after the deadline left out")
        elif source.until is not None and taken.time > source.until:
            entry.notes.append("no commit before the deadline, so the newest one")
        entry.notes += [f"left out: {what}" for what in taken.left_out[:3]]
        branches = git_reader.other_branches(path, taken.commit, source.unit.module_file)
        entry.notes += on_branches(source.unit, branches, entry.place, taken.time)
        (entry.place / TIMESTAMP).unlink(missing_ok=True)
        found.append(_checked(entry))
    return found


#: name -> how it is read. The order is that in which they are offered.
KINDS: dict[str, Callable[[Source], list[Incoming]]] = {
    "moodle": _moodle,
    "canvas": _canvas,
    "git": _git,
    "nbgrader": _nbgrader,
    "exchange": _exchange,
    "folders": _folders,
}


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────


def _new(source: Source, called: str, known: dict[str, str]) -> Incoming:
    return Incoming(called, known, Path(tempfile.mkdtemp(prefix="in-", dir=source.scratch)))


def _odd(source: Source, path: Path, why: str = "not a name that this kind of download gives") -> Incoming:
    """An entry that belongs to nobody: said, never skipped."""
    entry = _new(source, path.name, {})
    entry.problem = why
    return entry


def _add(entry: Incoming, path: Path, name: str) -> None:
    """Copy a file or folder into what was handed in; unpack it if it is an archive, once."""
    try:
        if path.is_symlink():
            raise Refused(f"{path.name} is a link")
        if path.is_dir():
            _copy_folder(entry, path, entry.place)
        elif not path.is_file():
            raise Refused(f"{path.name} is neither a file nor a folder")
        elif is_archive(name):
            unpack(path, place := _free(entry.place, name), room=entry.room)
            _unpack_inside(entry, place)
        else:
            shutil.copyfile(path, entry.place / name)
    except Refused as error:
        entry.problem = f"{name}: {error}" if is_archive(name) else str(error)
    except OSError as error:
        where = f"{Path(error.filename).name} " if isinstance(error.filename, str) else ""
        entry.problem = f"{where}cannot be read: {error.strerror or error}"
    except Exception as error:  # one submission never stops the others
        entry.problem = f"{name} cannot be collected ({type(error).__name__})"


def _unpack_inside(entry: Incoming, folder: Path) -> None:
    """Archives that were in an archive, one level deep."""
    for place in list(folders_below(folder)):
        for path in sorted(place.iterdir()):
            if path.is_file() and not path.is_symlink() and is_archive(path.name):
                try:
                    unpack(path, _free(place, path.name), room=entry.room)
                except Refused as error:
                    entry.notes.append(f"left out: {path.name} ({error})")
                    continue
                path.unlink()


def _copy_folder(entry: Incoming, folder: Path, target: Path, depth: int = 0) -> None:
    """Files and folders, links left out and said; archives in it are unpacked beside themselves, and those in them."""
    inside = sorted(folder.iterdir())
    environment = is_environment({path.name for path in inside})
    for path in inside:
        if path.name in NOT_LOOKED_INTO or (environment and within_environment(path.name)):
            continue
        if path.name == TIMESTAMP and path.is_file():
            continue
        if depth > MOST_DEPTH:
            entry.notes.append(f"left out: what lies more than {MOST_DEPTH} folders deep")
            return
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            what = "a link" if path.is_symlink() else "neither a file nor a folder"
            entry.notes.append(f"left out: {path.name} ({what})")
        elif path.is_dir():
            (target / path.name).mkdir(exist_ok=True)
            _copy_folder(entry, path, target / path.name, depth + 1)
        elif is_archive(path.name):
            try:
                unpack(path, place := _free(target, path.name), room=entry.room)
                _unpack_inside(entry, place)
            except Refused as error:
                raise Refused(f"{path.name}: {error}") from error
        else:
            shutil.copyfile(path, target / path.name)


def _free(folder: Path, archive: str) -> Path:
    """A folder's name that is not taken yet, for what is in an archive."""
    place, number = folder / archive.split(".")[0], 1
    while place.exists():
        number += 1
        place = folder / f"{archive.split('.')[0]}-{number}"
    return place


def _checked(entry: Incoming) -> Incoming:
    """Drop what only a system may write, and say if nothing is left."""
    try:
        places = list(folders_below(entry.place))
    except UsageError as error:
        entry.problem = entry.problem or str(error)
        return entry
    for file in [place / TIMESTAMP for place in places]:
        if not os.path.lexists(file):
            continue
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink()
        entry.notes.append(f"left out: {TIMESTAMP} (whoever hands in does not say when)")
    if not entry.problem and not any(path.is_file() for place in places if place.is_dir() for path in place.iterdir()):
        entry.problem = "no files" + (f" ({'; '.join(entry.notes)})" if entry.notes else "")
    return entry


def _common_prefix(names: Sequence[str]) -> str:
    """What all names begin with, up to a hyphen: GitHub Classroom puts the assignment in front of the account."""
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[: first.rfind("-", 0, same) + 1]
