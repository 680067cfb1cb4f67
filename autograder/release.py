"""Sole writer of generated files: notebook text → source notebook → nbgrader's release → stubs.

::

    solutions/<unit>/<unit>.nb.py ─jupytext► solutions/<unit>/<unit>.ipynb ─nbgrader► notebooks/<unit>/<unit>.ipynb
    solutions/<unit>/<module>.py ────────────────── regions ────────────────────────► notebooks/<unit>/<module>.py

Everything is made in memory and a temporary folder, then searched for leaks, then put in place all at once. The
same sources give the same bytes. A file in a generated place that this command did not make itself (somebody
worked in it) is copied to ``work/kept/`` before it is replaced; other files in these folders are left alone.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from autograder import folders
from autograder.course import Course, Unit, load_course
from autograder.errors import CourseError, StoreError
from autograder.regions import find_regions, region_lines, stub_module, without_regions

#: Cell metadata that people write on purpose, and what jupytext adds by itself.
_KEPT_METADATA = {"nbgrader", "tags", "jupyter", "slideshow"}
_NOISE_METADATA = {"lines_to_next_cell", "title", "name"}
_NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: A solution line with fewer characters than this (spaces not counted) says nothing: `return h`, `else:`.
_SPECIFIC = 12
#: Files in notebooks/<unit>/ that editors and Python leave behind.
_LITTER = {"__pycache__", ".ipynb_checkpoints"}
_RELEASED_LIST = "released.json"  # in .autograder: hashes of what this checkout has released

NBGRADER_LOG = logging.getLogger("autograder.nbgrader")  # what our runs of nbgrader's converters say

Files = dict[str, bytes]  # path below the course's root, with forward slashes → content


@dataclass
class ReleaseReport:
    """What a release did, or what a check found."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)  # (file that somebody worked in, its copy)
    foreign: list[str] = field(default_factory=list)  # other files in notebooks/<unit>/, left alone
    recovered: list[str] = field(default_factory=list)  # put back after a release that was killed

    def lines(self) -> list[str]:
        """The report as people read it."""
        said = [f"put back {name}, from a release that was cut short" for name in self.recovered]
        said += [f"wrote {name}" for name in self.written]
        said += [f"unchanged {name}" for name in self.unchanged]
        said += [f"{name} had been worked on; that version is kept as {copy}" for name, copy in self.kept]
        said += [f"left alone {name}, which release did not make" for name in self.foreign]
        return said


def release(
    units: Iterable[str] | None = None, *, check: bool = False, root: Path | None = None, course: Course | None = None
) -> ReleaseReport:
    """Make the student's side of some units, or say whether it is up to date.

    Args:
        units: ids or numbers; None for all units of the course.
        check: write nothing; compare bytes and complain about every difference.
        root: the course's folder; found from the current folder by default.
        course: default, the course of course.toml.

    Raises:
        CourseError: the sources are wrong, something would leak, or (`check`) a generated file is out of step.
        UsageError: an unknown unit.
        StoreError: a file cannot be read or written.
        Whatever is raised, all generated files are as they were. Ctrl-C leaves all old ones or all new ones.
    """
    root = root or folders.course_root()
    course = course or load_course()
    chosen = list(course.units) if units is None else [course.unit(name) for name in units]
    report = ReleaseReport()
    if not check:
        report.recovered = _recover(root)
    files: Files = {}
    for unit in chosen:
        files.update(build(unit, root))
    for unit in chosen:
        report.foreign += _foreign_files(root, unit, files)
    if check:
        differences = [line for name in files if (line := _difference(root, name, files[name]))]
        if differences:
            raise CourseError(
                "Generated files are not what the sources give:\n  "
                + "\n  ".join(differences)
                + "\nRun 'autograder release' to make them again; it keeps a copy of what somebody worked on."
            )
        report.unchanged = list(files)
        return report
    _put_in_place(root, files, report)
    return report


def build(unit: Unit, root: Path) -> Files:
    """All generated files of a unit, checked for leaks; writes nothing below `root`.

    Raises:
        CourseError, StoreError: see :func:`release`.
    """
    source_folder = root / folders.SOURCES / unit.id
    text_file, module_file = source_folder / f"{unit.id}.nb.py", source_folder / unit.module_file
    names = [str(path.relative_to(root)) for path in (text_file, module_file)]
    text, module = _read(text_file), _read(module_file)
    stub = stub_module(module, names[1], unit.module_file, [e.id for e in unit.exercises if not e.experiment])
    notebook = source_notebook(text, unit, names[0])
    source = _dump(notebook)
    released = _convert(unit, source)
    leak_scan(unit, notebook, module, released, stub, names)
    return {
        f"{folders.SOURCES}/{unit.id}/{unit.id}.ipynb": source,
        f"{folders.RELEASED}/{unit.id}/{unit.id}.ipynb": released,
        f"{folders.RELEASED}/{unit.id}/{unit.module_file}": stub.encode(),
    }


def register(unit: Unit, root: Path, db_url: str, course_id: str) -> None:
    """Tell a gradebook which cells of a unit are graded, as ``nbgrader generate_assignment`` does.

    Uses the source notebook that stands in ``solutions/``, so that the gradebook agrees with what was released.

    Raises:
        StoreError: there is no source notebook, or the gradebook refuses: cells cannot be added or
            removed once there are submissions.
    """
    path = root / folders.SOURCES / unit.id / f"{unit.id}.ipynb"
    if not path.is_file():
        raise StoreError(f"{path} does not exist. Run 'autograder release {unit.id}' first.")
    _convert(unit, path.read_bytes(), db_url, course_id)


def start_work(unit_id: str, *, root: Path | None = None) -> Path:
    """The folder ``work/<unit>`` to study in: a copy of ``notebooks/<unit>``, made on first use.

    Files that are there already are never touched; ones that are missing come from ``notebooks/<unit>``.

    Raises:
        UsageError: an unknown unit.
        StoreError: the unit is not released, or the folder cannot be written.
    """
    root = root or folders.course_root()
    unit = load_course().unit(unit_id)
    origin, target = root / folders.RELEASED / unit.id, root / folders.WORK / unit.id
    for name in (f"{unit.id}.ipynb", unit.module_file):
        if not (origin / name).is_file():
            raise StoreError(f"{origin / name} does not exist. Run 'autograder release {unit.id}' first.")
        if not os.path.lexists(target / name):
            data = (origin / name).read_bytes()
            folders.write_atomically(target / name, data)
            started = _started(root)
            started[f"{unit.id}/{name}"] = hashlib.sha256(data).hexdigest()
            folders.write_atomically(root / folders.STATE / "started.json", json.dumps(started, indent=1).encode())
    return target


def _started(root: Path) -> dict[str, str]:
    """Which version of each file there was to copy when it was copied: its hash; {} if that is not known."""
    try:
        found = json.loads((root / folders.STATE / "started.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def kept_older(unit_id: str, *, root: Path | None = None) -> list[tuple[Path, Path]]:
    """Files of ``work/<unit>`` that were copied from an older version than there is now, and the newer ones."""
    root = root or folders.course_root()
    unit = load_course().unit(unit_id)
    origin, target = root / folders.RELEASED / unit.id, root / folders.WORK / unit.id
    started = _started(root)
    found = []
    for name in (f"{unit.id}.ipynb", unit.module_file):
        if (origin / name).is_file() and (target / name).is_file():
            now = hashlib.sha256((origin / name).read_bytes()).hexdigest()
            own = hashlib.sha256((target / name).read_bytes()).hexdigest()
            if now not in (started.get(f"{unit.id}/{name}", now), own):
                found.append((target / name, origin / name))
    return found


# ── text → source notebook ────────────────────────────────────────────────────────────────────────────


def source_notebook(text: str, unit: Unit, file: str) -> Any:
    """The nbgrader source notebook that a py:percent text stands for: no outputs, stable ids, no noise.

    Raises:
        CourseError: the text is no notebook, a region is malformed, or the graded cells break a rule.
    """
    import jupytext
    import nbformat

    if "# %%" not in text:
        raise CourseError(f"{file}: no cell marker '# %%' in it, so it is not a notebook in py:percent form.")
    read = jupytext.reads(text, fmt="py:percent")
    makers: dict[str, Any] = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = []
    taken: set[str] = set()
    for number, cell in enumerate(read.cells, 1):
        unknown = set(cell.metadata) - _KEPT_METADATA - _NOISE_METADATA
        if unknown:
            raise CourseError(f"{file}: cell {number} has metadata {sorted(unknown)[0]!r}, which nothing here uses.")
        metadata = {key: value for key, value in cell.metadata.items() if key in _KEPT_METADATA}
        graded = metadata.get("nbgrader")
        if graded is not None:
            _check_graded_cell(graded, cell, f"{file}: cell {number}")
        elif find_regions(cell.source, f"{file}, cell {number}"):
            raise CourseError(f"{file}: cell {number} holds a region but has no nbgrader metadata: it would stay.")
        find_regions(cell.source, f"{file}, cell {number}")
        new = makers.get(cell.cell_type)
        if new is None:
            raise CourseError(f"{file}: cell {number} is a {cell.cell_type} cell; only code and markdown are used.")
        cells.append(new(cell.source, id=_cell_id(graded, cell.source, taken), metadata=metadata))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=json.loads(json.dumps(_NOTEBOOK_METADATA)))
    notebook.nbformat_minor = 5
    check_test_cells(unit, notebook, file)
    nbformat.validate(notebook)
    return notebook


def _check_graded_cell(graded: Any, cell: Any, where: str) -> None:
    if not isinstance(graded, dict) or not isinstance(graded.get("grade_id"), str):
        raise CourseError(f"{where}: its nbgrader metadata has no 'grade_id'.")
    name = graded["grade_id"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise CourseError(f"{where}: the grade_id {name!r} may only hold letters, digits, '_' and '-', at most 64.")
    for key in ("grade", "solution", "locked", "task"):
        if not isinstance(graded.get(key), bool):
            raise CourseError(f"{where} ({name}): nbgrader's {key!r} is {graded.get(key)!r}, it must be true or false.")
    if graded["grade"]:
        points = graded.get("points")
        if not isinstance(points, int | float) or isinstance(points, bool) or points < 0:
            raise CourseError(f"{where} ({name}): nbgrader's 'points' is {points!r}, it must be a number from 0 up.")
    if graded.get("cell_type", cell.cell_type) != cell.cell_type:
        raise CourseError(f"{where} ({name}): it is a {cell.cell_type} cell, nbgrader's 'cell_type' says otherwise.")


def _cell_id(graded: Any, source: str, taken: set[str]) -> str:
    """The grade_id where there is one, else words of the cell and a hash of it; unique in the notebook."""
    if graded is not None:
        wanted = str(graded["grade_id"])
    else:
        words = re.sub(r"[^a-z0-9]+", "-", source[:200].lower()).strip("-")[:24].strip("-") or "cell"
        wanted = f"{words}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
    name, again = wanted, 1
    while name in taken:
        if graded is not None:
            raise CourseError(f"The grade_id {wanted!r} is used by two cells.")
        again += 1
        name = f"{wanted}-{again}"
    taken.add(name)
    return name


def check_test_cells(unit: Unit, notebook: Any, file: str) -> None:
    """The autograded cells are those of course.toml: one per exercise, its points, one line ``check("id")``.

    Raises:
        CourseError: naming the first cell that is not.
    """
    expected = {f"test_{exercise.id}": exercise for exercise in unit.exercises}
    seen: set[str] = set()
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {})
        name = graded.get("grade_id")
        if not (graded.get("grade") and not graded.get("solution")) and name not in expected:
            continue
        if name not in expected:
            raise CourseError(f"{file}: the autograded cell {name!r} belongs to no exercise of course.toml.")
        exercise = expected[name]
        if name in seen:
            raise CourseError(f"{file}: there are two test cells {name!r}.")
        seen.add(name)
        if float(graded.get("points", -1)) != exercise.points:
            raise CourseError(
                f"{file}: {name!r} is worth {graded.get('points')} points, but course.toml says {exercise.points:g}."
            )
        if not (graded.get("grade") and graded.get("locked") and not graded.get("solution") and not graded.get("task")):
            raise CourseError(f"{file}: {name!r} must have grade and locked true, solution and task false.")
        if cell.cell_type != "code" or cell.source.strip() != f'check("{exercise.id}")':
            raise CourseError(f'{file}: {name!r} must be a code cell with the one line check("{exercise.id}").')
    missing = [name for name in expected if name not in seen]
    if missing:
        raise CourseError(f"{file}: no test cell {missing[0]!r}, so nobody would get the points of that exercise.")


def _dump(notebook: Any) -> bytes:
    import nbformat

    text: str = nbformat.writes(notebook, version=4)
    return (text.rstrip("\n") + "\n").encode()


# ── source notebook → release, by nbgrader ────────────────────────────────────────────────────────────


@contextlib.contextmanager
def quiet_nbgrader() -> Iterator[list[str]]:
    """Collect what nbgrader logs, and silence the warnings of its database layer, while the block runs.

    Yields:
        said: the log lines, filled as they come.
    """
    said: list[str] = []
    folders.own_tools_on_path()

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    collect = Collect(logging.INFO)
    loggers = [NBGRADER_LOG, logging.getLogger("traitlets")]  # ours, and what nbformat and nbconvert use by themselves
    before = [(list(logger.handlers), logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:], logger.propagate = [collect], False
        logger.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader on SQLAlchemy 2.1: three warnings that change nothing
            yield said
    finally:
        for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
            logger.handlers[:], logger.propagate = handlers, propagate
            logger.setLevel(level)


def _convert(unit: Unit, source: bytes, db_url: str | None = None, course_id: str = "") -> bytes:
    """Run nbgrader's generate_assignment on a source notebook, in a temporary course with nothing else in it.

    No module is there that nbgrader could copy. Without `db_url` no gradebook is written.
    """
    with quiet_nbgrader() as said, tempfile.TemporaryDirectory(prefix="release-") as name:
        from nbgrader.converters import GenerateAssignment
        from nbgrader.coursedir import CourseDirectory
        from nbgrader.preprocessors import SaveCells
        from traitlets.config import Config

        folder = Path(name).resolve()
        place = folder / folders.SOURCES / unit.id
        place.mkdir(parents=True)
        (place / f"{unit.id}.ipynb").write_bytes(source)
        config = Config()
        config.CourseDirectory.root = str(folder)
        config.CourseDirectory.source_directory = folders.SOURCES
        config.CourseDirectory.release_directory = folders.RELEASED
        config.CourseDirectory.assignment_id = unit.id
        if db_url is not None:
            config.CourseDirectory.db_url = db_url
            config.CourseDirectory.course_id = course_id
        else:
            config.GenerateAssignment.no_database = True
            config.GenerateAssignment.preprocessors = [
                step for step in GenerateAssignment.preprocessors.default() if step is not SaveCells
            ]
        coursedir = CourseDirectory(config=config, log=NBGRADER_LOG)
        converter = GenerateAssignment(coursedir=coursedir, config=config, log=NBGRADER_LOG)
        try:
            converter.start()
        except Exception as error:  # nbgrader raises many kinds, and logs what happened
            reason = last_line(said) or str(error)
            kind = StoreError if db_url is not None else CourseError
            raise kind(f"nbgrader could not release {unit.id}: {reason}") from error
        released = folder / folders.RELEASED / unit.id
        made = sorted(path.name for path in released.iterdir())
        if made != [f"{unit.id}.ipynb"]:
            raise CourseError(f"nbgrader released {made} for {unit.id}, expected only the notebook.")
        return (released / f"{unit.id}.ipynb").read_bytes()


def last_line(said: list[str]) -> str:
    """The line of nbgrader's log that says what went wrong: the last line of the last traceback, if any."""
    for message in reversed(said):
        if "Traceback (most recent call last)" in message:
            return message.strip().split("\n")[-1]
    return said[-1].strip().split("\n")[-1] if said else ""


# ── the leak scan ─────────────────────────────────────────────────────────────────────────────────────


def leak_scan(unit: Unit, notebook: Any, module: str, released: bytes, stub: str, names: list[str]) -> None:
    """Search what students get for what they must not get.

    Args:
        unit: the unit.
        notebook: its source notebook.
        module: its reference module, as text.
        released: bytes of the released notebook.
        stub: the released module.
        names: of the notebook's text and of the module, for complaints.

    Raises:
        CourseError: a solution line, a marker, an output or a hidden test is in it, a cell has vanished, or
            the test cells are not those of course.toml.
    """
    import nbformat

    student = nbformat.reads(released.decode(), as_version=4)
    where = f"{folders.RELEASED}/{unit.id}/{unit.id}.ipynb"
    texts = {where: "\n".join(cell.source for cell in student.cells)}
    texts[f"{folders.RELEASED}/{unit.id}/{unit.module_file}"] = stub

    secret = [(names[1], line) for line in region_lines(module, names[1])]
    public = without_regions(module, names[1])
    for cell in notebook.cells:
        secret += [(names[0], line) for line in region_lines(cell.source, names[0])]
        graded = cell.metadata.get("nbgrader", {})
        if graded.get("solution") and not find_regions(cell.source, names[0]):  # nbgrader replaces it as a whole
            secret += [(names[0], line) for line in cell.source.split("\n")]
        else:
            public += "\n" + without_regions(cell.source, names[0])
    public = _squeeze(public)
    searched = {file: _squeeze(text) for file, text in texts.items()}
    for origin, line in secret:
        pattern = _squeeze(line)
        if len(pattern) < _SPECIFIC or pattern in public:
            continue
        for file, text in searched.items():
            if pattern in text:
                raise CourseError(f"Leak: {file} would show {line.strip()!r}, a solution line of {origin}.")
    for file, text in texts.items():
        for marker in ("### BEGIN", "### END", "BEGIN SOLUTION", "BEGIN HIDDEN TESTS"):
            if marker in text.upper():
                raise CourseError(f"Leak: {file} would still hold the marker {marker!r}.")
    if [cell.id for cell in student.cells] != [cell.id for cell in notebook.cells]:
        raise CourseError(f"{where}: its cells are not those of the source notebook.")
    for cell in student.cells:
        if cell.get("outputs") or cell.get("execution_count") is not None:
            raise CourseError(f"Leak: {where} would hold the output of cell {cell.id}.")
    check_test_cells(unit, student, where)


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


# ── putting in place ──────────────────────────────────────────────────────────────────────────────────


def _put_in_place(root: Path, files: Files, report: ReleaseReport) -> None:
    """Replace all files or none.

    New files and copies of the old ones lie in one folder ``.release-…`` below the root, with a journal of what is
    to be replaced. An error or Ctrl-C puts the old ones back; after a kill the next release does.
    """
    released_before = _released_hashes(root)
    changed = [name for name in files if _content(root / name) != files[name]]
    report.unchanged = [name for name in files if name not in changed]
    try:
        for name in changed:
            old = _content(root / name)
            if old is not None and _hash(old) not in released_before:
                report.kept.append((name, _keep_copy(root, name, old)))
        # before the swap: these bytes are nobody's work, whether or not they get there
        fresh = {_hash(data) for data in files.values()}
        if not fresh <= released_before:
            folders.write_json(root / folders.STATE / _RELEASED_LIST, sorted(released_before | fresh))
        if changed:
            with _no_interrupt():
                _swap(root, {name: files[name] for name in changed})
            report.written = changed
    except OSError as error:
        raise StoreError(f"Cannot write {error.filename or root}: {error.strerror or error}.") from error


def _swap(root: Path, files: Files) -> None:
    staging = Path(tempfile.mkdtemp(prefix=".release-", dir=root))
    journal: dict[str, str | None] = {}
    try:
        for number, (name, data) in enumerate(files.items()):
            (staging / f"{number}.new").write_bytes(data)
            journal[name] = None
            if (root / name).exists():
                journal[name] = f"{number}.old"
                shutil.copy2(root / name, staging / f"{number}.old")
        (staging / "journal.part").write_text(json.dumps(journal), encoding="utf-8")
        os.replace(staging / "journal.part", staging / "journal.json")
        for number, name in enumerate(files):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            os.chmod(staging / f"{number}.new", 0o644)
            os.replace(staging / f"{number}.new", root / name)
    except BaseException:
        _roll_back(root, staging)
        raise
    # from here on the release has happened: without a journal nothing is put back
    (staging / "journal.json").unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _roll_back(root: Path, staging: Path) -> list[str]:
    """Put back what the journal of an unfinished release names; returns the names."""
    journal_file = staging / "journal.json"
    back = []
    if journal_file.is_file():
        journal: dict[str, str | None] = json.loads(journal_file.read_text(encoding="utf-8"))
        for name, old in journal.items():
            if old is None:
                (root / name).unlink(missing_ok=True)
            elif (staging / old).exists():
                os.replace(staging / old, root / name)
            back.append(name)
        journal_file.unlink()
    shutil.rmtree(staging, ignore_errors=True)
    return back


def _recover(root: Path) -> list[str]:
    """Undo releases that were killed half-way."""
    try:
        return [name for staging in sorted(root.glob(".release-*")) for name in _roll_back(root, staging)]
    except OSError as error:
        raise StoreError(f"Cannot put back {error.filename}: {error.strerror or error}.") from error


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back for the milliseconds that the swap takes, and deliver it afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived = []
    before = signal.signal(signal.SIGINT, lambda *args: arrived.append(args))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if arrived:
            raise KeyboardInterrupt


def _keep_copy(root: Path, name: str, data: bytes) -> str:
    """Copy a file that somebody worked in to ``work/kept/``, under the first free number."""
    path = PurePosixPath(name)
    number = 1
    while True:
        copy = root / folders.WORK / "kept" / path.parts[0] / path.parts[1] / f"{path.stem}.{number}{path.suffix}"
        if not copy.exists():
            folders.write_atomically(copy, data)
            return copy.relative_to(root).as_posix()
        if copy.read_bytes() == data:
            return copy.relative_to(root).as_posix()
        number += 1


def _released_hashes(root: Path) -> set[str]:
    try:
        return set(json.loads((root / folders.STATE / _RELEASED_LIST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return set()  # then each file that differs is taken for somebody's work and copied


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _content(path: Path) -> bytes | None:
    """Bytes of a file, None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error


def _read(path: Path) -> str:
    """Text of a source file; newlines as ``\\n``."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CourseError(f"{path} does not exist, but course.toml names its unit.") from error
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8 text: {error}.") from error


def _foreign_files(root: Path, unit: Unit, files: Files) -> list[str]:
    """Files in the generated folder of a unit that no release made."""
    folder = root / folders.RELEASED / unit.id
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        name = path.relative_to(root).as_posix()
        if path.is_file() and name not in files and not _LITTER & set(path.relative_to(folder).parts):
            found.append(name)
    return found


# ── saying what differs ───────────────────────────────────────────────────────────────────────────────


def _difference(root: Path, name: str, expected: bytes) -> str | None:
    """One sentence about how a generated file differs from what it should be; None if it does not."""
    actual = _content(root / name)
    if actual == expected:
        return None
    if actual is None:
        return f"{name}: is missing"
    if name.endswith(".py"):
        written = _written_functions(actual)
        if written:
            return (
                f"{name}: somebody worked in it ({', '.join(written)} written). "
                f"'autograder start' makes a folder to work in, {folders.WORK}/{name.split('/')[1]}"
            )
    if name.endswith(".ipynb"):
        said = _notebook_difference(actual, expected)
        if said:
            return f"{name}: {said}"
    ours, theirs = expected.split(b"\n"), actual.split(b"\n")
    pairs = enumerate(zip(ours, theirs, strict=False), 1)
    line = next((number for number, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    return f"{name}: differs from line {line} on"


def _written_functions(data: bytes) -> list[str]:
    """Functions of a module that do more than raise NotImplementedError."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return []
    written = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and "NotImplementedError" in ast.dump(last)):
                written.append(node.name)
    return written


def _notebook_difference(actual: bytes, expected: bytes) -> str | None:
    try:
        ours = {cell["id"]: "".join(cell["source"]) for cell in json.loads(expected)["cells"]}
        cells = json.loads(actual)["cells"]
        theirs = {cell.get("id"): "".join(cell["source"]) for cell in cells}
    except (ValueError, KeyError, TypeError, AttributeError):
        return "is not a readable notebook"
    if any(cell.get("outputs") for cell in cells):
        return "was run and saved: it holds outputs"
    changed = [name for name, source in ours.items() if theirs.get(name) != source]
    changed += [str(name) for name in theirs if name not in ours]
    return f"differs in cell {changed[0]} ({len(changed)} in all)" if changed else None
