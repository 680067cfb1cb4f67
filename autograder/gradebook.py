"""Writes a class's results into nbgrader's gradebook and feedback.

Either at once (:mod:`autograder.recording`) or, where the configuration asks for more, through nbgrader's own
converters. One student at a time; what goes wrong with one is reported and costs nobody else anything. Scores come
from the result store (:mod:`autograder.store`), which ``autograder grade`` fills beforehand in parallel.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import folders
from autograder.course import Unit, load_course
from autograder.database import (
    GradebookGoneError,
    address,
    check_gradebook,
    concerns_all,
    name_of,
    open_gradebook,
    read_gradebook,
    reason,
)
from autograder.errors import InfrastructureError, StoreError, UnrolledError, UsageError
from autograder.gradebook_session import OneSession, remembered, undone_if_it_fails
from autograder.graded_notebook import NOT_HANDED_IN, clamp, placeholder_notebook, read_notebook, seal_of
from autograder.late import apply_penalty, is_ours, set_due_date
from autograder.notebook_choice import Choice, choose_notebook
from autograder.notebook_sandbox import wanted
from autograder.recording import fingerprint, is_standard, record_at_once
from autograder.release import NBGRADER_LOG, last_line, quiet_nbgrader, register
from autograder.results import SubmissionResult
from autograder.store import ResultStore, student_folder

if TYPE_CHECKING:
    from traitlets.config import Config


@dataclass
class Recorded:
    """What became of one student's submission."""

    student: str
    ok: bool
    changed: bool = False  # False: the gradebook already had exactly this
    reason: str = ""  # why not ok, one sentence
    notes: list[str] = field(default_factory=list)  # things a person should know or look at
    result: SubmissionResult | None = None
    autograded: Path | None = None
    feedback: Path | None = None  # the student's page


def record_class(
    unit_id: str,
    students: Sequence[str] | None = None,
    *,
    root: Path | None = None,
    db_url: str | None = None,
    feedback: bool = True,
    force: bool = False,
    problems: Mapping[str, str] | None = None,
    progress: Callable[[Recorded], None] | None = None,
) -> list[Recorded]:
    """Put the results of submissions into the gradebook, and make the feedback pages.

    Args:
        unit_id: id or number of the unit.
        students: whose; None for all in ``submitted/``.
        root: the course's folder; found from the current folder by default.
        db_url: the gradebook; default is that of ``nbgrader_config.py``.
        feedback: whether to make the feedback pages.
        force: write also what the gradebook already has.
        problems: student -> why judging them has failed just now. They are not judged again here; a score that they
            have from an earlier submission is taken back.
        progress: called with each student's outcome as it comes.

    Returns:
        one entry per student, in the order asked for (alphabetical for all).

    Raises:
        UsageError: an unknown unit, nobody has handed anything in, or an impossible name.
        StoreError: the gradebook is locked, no nbgrader gradebook, or does not fit the unit.
    """
    root = root or folders.course_root()
    unit = load_course().unit(unit_id)
    names = list(students) if students is not None else submitted_students(unit, root)
    recorder = Recorder(unit, names, root=root, db_url=db_url, feedback=feedback, force=force)
    recorded = []
    for name in names:
        entry = recorder.record(name, (problems or {}).get(name, ""))
        recorded.append(entry)
        if progress is not None:
            progress(entry)
    recorder.close()
    return recorded


class _NotRecordedError(Exception):
    """Ends a transaction without committing it."""


class Recorder:
    """Puts results into the gradebook one by one, as they come from the judge."""

    def __init__(
        self,
        unit: Unit,
        names: Sequence[str],
        *,
        root: Path,
        db_url: str | None = None,
        feedback: bool = True,
        force: bool = False,
    ) -> None:
        """See that everything is there that recording needs, before anything is judged.

        Args and errors are those of :func:`record_class`.
        """
        self.unit, self.root, self.feedback, self.force = unit, root, feedback, force
        self.config = load_config(root, db_url)
        url = str(self.config.CourseDirectory.db_url)
        for name in names:
            student_folder(name)
        if not names:
            raise UsageError(
                f"Nobody has handed in {unit.id}: there is no {folders.SUBMITTED}/<student>/{unit.id}. "
                f"Copy submissions there, or run 'nbgrader zip_collect {unit.id}'."
            )
        check_gradebook(url)
        with _in_words(url):
            ensure_registered(unit, root, url, str(self.config.CourseDirectory.course_id))
            set_due_date(unit, load_course(), url)
        self._session = OneSession(url)

    def record(self, name: str, problem: str = "", result: SubmissionResult | None = None, key: str = "") -> Recorded:
        """One student's result into the gradebook, or, with a problem, no score at all.

        The gradebook has all of it or nothing, whenever this process ends.

        Args:
            name: the student's.
            problem: why there is no score.
            result: just judged, and kept under the key; without one, that of what lies in ``submitted/`` now.
            key: see above.

        Raises:
            GradebookGoneError: the database cannot be used any more, for nobody.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if problem:
                return self._take_back(Recorded(name, ok=False, reason=problem))
            try:
                with quiet_nbgrader(), self._session.transaction():
                    if result is not None:
                        submission = self.root / folders.SUBMITTED / name / self.unit.id
                        remembered("student", ("result", submission), lambda: result)
                        remembered("student", ("key", submission), lambda: key)
                    entry = _record(self.unit, name, self.root, self.config, feedback=self.feedback, force=self.force)
                    if not entry.ok:
                        raise _NotRecordedError  # what was written of it is not committed
            except _NotRecordedError:
                handed_in = self.root / folders.SUBMITTED / name / self.unit.id
                return self._take_back(entry) if handed_in.is_dir() else entry
        except SQLAlchemyError as error:
            why = reason(error, str(self.config.CourseDirectory.db_url))
            return Recorded(name, ok=False, reason=f"The gradebook does not take it: {why}.")
        return entry

    def _take_back(self, entry: Recorded) -> Recorded:
        """What the gradebook has of a student belongs to an earlier submission."""
        with quiet_nbgrader(), self._session.transaction():
            _forget(self.unit, entry.student, self.root, self.config, entry)
        return entry

    def close(self) -> None:
        """Give the connection to the gradebook back."""
        self._session.close()


def submitted_students(unit: Unit, root: Path) -> list[str]:
    """Who has a folder for this unit in ``submitted/``."""
    base = root / folders.SUBMITTED
    try:
        return sorted(path.name for path in base.iterdir() if (path / unit.id).is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"Cannot read {base}: {error.strerror or error}.") from error


def withdrawn_students(unit: Unit, root: Path, config: Config) -> list[str]:
    """Whose work is in the gradebook, but not in ``submitted/`` any more."""
    from nbgrader.api import Assignment, SubmittedAssignment
    from sqlalchemy import select

    handed_in = set(submitted_students(unit, root))
    graded = select(SubmittedAssignment.student_id).join(Assignment).where(Assignment.name == unit.id)
    with quiet_nbgrader(), read_gradebook(str(config.CourseDirectory.db_url)) as gb:
        return sorted(set(gb.db.scalars(graded)) - handed_in) if gb is not None else []


def load_config(root: Path, db_url: str | None = None) -> Config:
    """``nbgrader_config.py`` of a course, with another gradebook if asked for."""
    from traitlets.config.loader import PyFileConfigLoader

    try:
        config: Config = PyFileConfigLoader(folders.CONFIG, path=str(root)).load_config()
    except UnrolledError:
        raise
    except Exception as error:  # the file is Python that an instructor may have edited
        raise StoreError(f"{root / folders.CONFIG} cannot be used: {type(error).__name__}: {error}.") from error
    config.CourseDirectory.root = str(root)
    if db_url is not None:
        config.CourseDirectory.db_url = db_url
    if not isinstance(config.CourseDirectory.db_url, str):
        config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    config.CourseDirectory.db_url = address(config.CourseDirectory.db_url)
    if not isinstance(config.CourseDirectory.course_id, str) or not config.CourseDirectory.course_id.strip():
        config.CourseDirectory.course_id = load_course().name
    return config


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    """Before anybody is recorded, whatever the database refuses ends the run in a sentence."""
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (InvalidEntry, SQLAlchemyError) as error:
        raise StoreError(f"The gradebook {name_of(url)} cannot be written: {reason(error, url)}.") from error


# ── the database ──────────────────────────────────────────────────────────────────────────────────────


def ensure_registered(unit: Unit, root: Path, db_url: str, course_id: str = "") -> None:
    """Have the gradebook know the unit's graded cells as they were released; does nothing if it does.

    Args:
        unit: the unit.
        root: the course's folder.
        db_url: the gradebook.
        course_id: the course that the unit belongs to there; the course's name by default.

    Raises:
        StoreError: the unit is not released, or the gradebook has submissions for a unit with other cells.
    """
    released = root / folders.RELEASED / unit.id / f"{unit.id}.ipynb"
    if not released.is_file():
        raise StoreError(f"{released} does not exist. Run 'autograder release {unit.id}' first.")
    notebook, problem = read_notebook(released.read_text(encoding="utf-8"))
    if problem:
        raise StoreError(f"{released} cannot be read ({problem}). Run 'autograder release {unit.id}' again.")
    wanted = {}
    for cell in notebook["cells"]:
        graded = cell["metadata"].get("nbgrader")
        if graded:
            wanted[graded["grade_id"]] = (graded.get("checksum"), float(graded["points"]) if graded["grade"] else None)
    course_id = course_id.strip() or load_course().name
    session = OneSession(db_url)
    try:
        with quiet_nbgrader(), session.transaction():
            if _registered(unit, db_url, course_id) != wanted:
                register(unit, root, db_url, course_id)
                if _registered(unit, db_url, course_id) != wanted:
                    raise StoreError(
                        f"The cells of {folders.RELEASED}/{unit.id} are not those of {folders.SOURCES}/{unit.id}. "
                        f"Run 'autograder release {unit.id}', then grade again."
                    )
    finally:
        session.close()


def _registered(unit: Unit, db_url: str, course_id: str) -> dict[str, tuple[str | None, float | None]]:
    """Name → (checksum, points) of the graded cells that the gradebook knows."""
    from nbgrader.api import MissingEntry

    with open_gradebook(db_url, course_id) as gb:
        try:
            notebook = gb.find_notebook(unit.id, unit.id)
        except MissingEntry:
            return {}
        if not notebook.assignment.course_id:  # as we left it before 0.1; no other database than SQLite takes that
            notebook.assignment.course_id = course_id
            gb.db.commit()
        points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells}
        return {cell.name: (cell.checksum, points.get(cell.name)) for cell in notebook.source_cells}


def read_scores(unit: Unit, student: str, db_url: str, course_id: str) -> dict[str, float | None]:
    """Exercise id → automatic score in the gradebook; empty if there is no submission."""
    with quiet_nbgrader(), open_gradebook(db_url, course_id) as gb:
        return _scores(gb, unit, student).get(student, {})


def read_all_scores(unit: Unit, config: Config) -> dict[str, dict[str, float | None]]:
    """Student → exercise id → automatic score in the gradebook, of all who have a submission there."""
    with quiet_nbgrader(), read_gradebook(str(config.CourseDirectory.db_url)) as gb:
        return _scores(gb, unit) if gb is not None else {}


def _scores(gb: Any, unit: Unit, only: str | None = None) -> dict[str, dict[str, float | None]]:
    """Student → exercise id → automatic score."""
    tests = {f"test_{exercise.id}": exercise.id for exercise in unit.exercises}
    found: dict[str, dict[str, float | None]] = {}
    for student, name, score in gb.db.execute(_scores_of(only is None), {"unit": unit.id, "who": only}):
        if name in tests:
            found.setdefault(student, {})[tests[name]] = score
    return found


@lru_cache(maxsize=2)
def _scores_of(everybody: bool) -> Any:
    """A query for plain values, put together once."""
    from nbgrader.api import Assignment, Grade, GradeCell, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import bindparam, select

    query = (
        select(SubmittedAssignment.student_id, GradeCell.name, Grade.auto_score)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(GradeCell, GradeCell.id == Grade.cell_id)
        .where(Assignment.name == bindparam("unit"))
    )
    return query if everybody else query.where(SubmittedAssignment.student_id == bindparam("who"))


def write_scores_directly(unit: Unit, student: str, result: SubmissionResult, db_url: str, course_id: str) -> None:
    """Put scores into the gradebook without a notebook: the last resort if nbgrader cannot process one.

    Answers in words are marked for a person to look at, unless somebody has scored them already.
    """
    scores = {f"test_{e.id}": clamp(result.exercise(e.id).points, e.points) for e in unit.exercises}
    with quiet_nbgrader(), open_gradebook(db_url, course_id) as gb:
        gb.update_or_create_student(student)
        gb.update_or_create_submission(unit.id, student)
        for grade in gb.find_submission_notebook(unit.id, unit.id, student).grades:
            if grade.name in scores:
                grade.auto_score = scores[grade.name]
                grade.needs_manual_grade = grade.manual_score is not None
            else:
                grade.auto_score = None
                grade.needs_manual_grade = grade.manual_score is None
        gb.db.commit()


def clear_scores(unit: Unit, student: str, db_url: str, course_id: str) -> None:
    """Take back automatic scores that belong to an earlier submission; marks them for a person to look at.

    A score that a person gave stays. Does nothing if there is no submission in the gradebook.
    """
    from nbgrader.api import MissingEntry

    tests = {f"test_{exercise.id}" for exercise in unit.exercises}
    with quiet_nbgrader(), open_gradebook(db_url, course_id) as gb:
        try:
            submission = gb.find_submission_notebook(unit.id, unit.id, student)
        except MissingEntry:
            return
        for grade in submission.grades:
            if grade.name in tests:
                grade.auto_score = None
                grade.needs_manual_grade = True
        gb.db.commit()


# ── one student ───────────────────────────────────────────────────────────────────────────────────────


def _record(unit: Unit, student: str, root: Path, config: Config, *, feedback: bool, force: bool) -> Recorded:
    """Record one student; whatever goes wrong with them becomes part of the answer."""
    entry = Recorded(student, ok=False)
    submission = root / folders.SUBMITTED / student / unit.id
    if not submission.is_dir():
        entry.reason = f"{student} has handed in nothing for {unit.id}: there is no {submission}."
        return entry
    try:
        entry.result = remembered("student", ("result", submission), lambda: _result(unit, submission, student, root))
    except UnrolledError as error:
        entry.reason = str(error)
        _forget(unit, student, root, config, entry)
        return entry
    try:
        _write(unit, student, root, config, entry, feedback=feedback, force=force)
    except Exception as error:  # nbgrader and SQLAlchemy raise many kinds; the rest of the class goes on
        if concerns_all(error):
            raise
        if isinstance(error, UnrolledError):
            entry.ok, entry.reason = False, str(error)
            return entry
        entry.ok, entry.reason = False, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return entry


def _result(unit: Unit, submission: Path, student: str, root: Path) -> SubmissionResult:
    """The kept result, or one that is made now."""
    store = ResultStore(root)
    key = remembered("student", ("key", submission), lambda: store.key(unit, submission, student))
    return store.load(unit, student, key) or store.result(unit, submission, student)


def _forget(unit: Unit, student: str, root: Path, config: Config, entry: Recorded) -> None:
    """No score rather than an old one: what is in the gradebook and in the generated folders is of another time."""
    try:
        clear_scores(unit, student, str(config.CourseDirectory.db_url), str(config.CourseDirectory.course_id))
        for step in (folders.AUTOGRADED, folders.FEEDBACK):
            shutil.rmtree(root / step / student / unit.id, ignore_errors=True)
    except Exception as error:
        if concerns_all(error):
            raise
        entry.notes.append(f"An older score may still be in the gradebook: {type(error).__name__}: {error}")


def _write(
    unit: Unit, student: str, root: Path, config: Config, entry: Recorded, *, feedback: bool, force: bool
) -> None:
    assert entry.result is not None  # _record has just put it there
    url, course_id = str(config.CourseDirectory.db_url), str(config.CourseDirectory.course_id)
    submission = root / folders.SUBMITTED / student / unit.id
    autograded = root / folders.AUTOGRADED / student / unit.id
    page = root / folders.FEEDBACK / student / unit.id / f"{unit.id}.html"
    due = {e.id: clamp(entry.result.exercise(e.id).points, e.points) for e in unit.exercises}

    choice = choose_notebook(unit.id, submission, root / folders.RELEASED / unit.id / f"{unit.id}.ipynb")
    entry.notes += choice.notes
    if choice.file is None:
        others = sorted(path.name for path in submission.glob("*.ipynb"))
        seen = f" (but {', '.join(others)})" if others else ""
        entry.notes.append(
            f"no {unit.id}.ipynb was handed in{seen}: the module is graded, answers in words need a look"
        )
    elif choice.problem:
        entry.notes.append(
            f"{choice.file.name} cannot be read ({choice.problem}): the module is graded, answers in words need a look"
        )

    current = fingerprint(unit, root, submission, student)
    sealed = seal_of(autograded / f"{unit.id}.ipynb") == current != ""
    held = read_scores(unit, student, url, course_id) if sealed and not force else None
    if held != due:
        entry.changed = True
        if is_standard(config) and not wanted():
            problem = _autograde_at_once(unit, student, config, choice, entry.result, current)
        else:
            problem = _autograde(unit, student, root, config, choice)
        held = read_scores(unit, student, url, course_id)
        if not problem and held != due:
            problem = "the scores in the gradebook are not those of the result"
        if problem:
            write_scores_directly(unit, student, entry.result, url, course_id)
            held = read_scores(unit, student, url, course_id)
            entry.notes.append(f"nbgrader could not process the notebook ({problem}): only the scores were recorded")
    if held != due:
        raise InfrastructureError(f"The gradebook does not hold the scores of {student} for {unit.id}.")
    late = apply_penalty(unit, load_course(), student, submission, url, ours=is_ours(config))
    if late is not None:
        entry.notes.append(late.words)
    if autograded.is_dir():
        entry.autograded = autograded
        if answers := seal_of(autograded / f"{unit.id}.ipynb", "answers"):
            entry.notes.append(f"{answers} (left to a person)")
        if wanted() and (stopped := seal_of(autograded / f"{unit.id}.ipynb", "execution")):
            entry.notes.append(f"{unit.id}.ipynb was not executed to its end ({stopped}): the module is graded")
        if feedback and (entry.changed or not page.is_file()):
            problem = _generate_feedback(unit, student, config)
            if problem:
                entry.notes.append(f"no feedback page: {problem}")
        if page.is_file():
            entry.feedback = page
    entry.ok = True


def _autograde_at_once(
    unit: Unit,
    student: str,
    config: Config,
    choice: Choice,
    result: SubmissionResult,
    made_from: str,
) -> str:
    """What nbgrader's autograde would do for one student; returns what went wrong, empty if nothing."""
    url, course_id = str(config.CourseDirectory.db_url), str(config.CourseDirectory.course_id)
    try:
        with open_gradebook(url, course_id) as gb, undone_if_it_fails(gb):
            notebook = choice.notebook or placeholder_notebook(NOT_HANDED_IN)
            record_at_once(gb, config, unit, student, notebook, result, made_from, choice.elsewhere)
    except UnrolledError:
        raise
    except Exception as error:  # whatever a notebook or a file beside it may do: the scores are recorded all the same
        shutil.rmtree(Path(config.CourseDirectory.root) / folders.AUTOGRADED / student / unit.id, ignore_errors=True)
        return f"{type(error).__name__}: {error}"
    return ""


def _autograde(unit: Unit, student: str, root: Path, config: Config, choice: Choice) -> str:
    """Run nbgrader's autograde for one student; returns what went wrong, empty if nothing."""
    submission = root / folders.SUBMITTED / student / unit.id
    if (submission / f"{unit.id}.ipynb").is_file():
        return _run("Autograde", unit, student, config)
    # nbgrader passes over a submission without a notebook of the unit's name: give it one, in a copy
    with tempfile.TemporaryDirectory(prefix="submitted-") as name:
        copy = Path(name).resolve() / student / unit.id
        shutil.copytree(submission, copy, symlinks=True)
        if choice.file is not None:
            shutil.copyfile(choice.file, copy / f"{unit.id}.ipynb")
        else:
            text = json.dumps(placeholder_notebook(NOT_HANDED_IN))
            (copy / f"{unit.id}.ipynb").write_text(text, encoding="utf-8")
        return _run("Autograde", unit, student, config, copies=Path(name).resolve(), original=submission)


def _generate_feedback(unit: Unit, student: str, config: Config) -> str:
    return _run("GenerateFeedback", unit, student, config)


def _run(
    name: str, unit: Unit, student: str, config: Config, copies: Path | None = None, original: Path | None = None
) -> str:
    """Run one of nbgrader's converters for one student; returns what went wrong, empty if nothing.

    Args:
        copies: a folder in place of ``submitted/``.
        original: the submission that the copy in there was made from.
    """
    from copy import deepcopy

    with quiet_nbgrader() as said:
        from nbgrader import converters
        from nbgrader.coursedir import CourseDirectory

        own = deepcopy(config)
        own.CourseDirectory.assignment_id = unit.id
        own.CourseDirectory.student_id = _literal(student)
        own[name].force = True
        own.GradingExporter.prepared = True  # by record_class, once for all students
        if copies is not None:
            own.CourseDirectory.submitted_directory = str(copies)
            own.Seal.original = str(original)
        coursedir = CourseDirectory(config=own, log=NBGRADER_LOG)
        converter = getattr(converters, name)(coursedir=coursedir, config=own, log=NBGRADER_LOG)
        try:
            with open_gradebook(own.CourseDirectory.db_url) as gb, undone_if_it_fails(gb):
                converter.start()
        except GradebookGoneError:
            raise
        except Exception as error:  # nbgrader raises many kinds, and logs what happened
            return last_line(said) or str(error)
    return ""


def _literal(student: str) -> str:
    """A student's name as a pattern that matches only this name: nbgrader takes it for a file glob."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in student)
