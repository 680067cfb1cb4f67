"""``autograder demo``: a course in a folder of its own, a class of sixteen, graded from release to report.

Everything is the real thing: the release, the hidden draws, the sandbox, nbgrader's gradebook. Only the students are
made up: ``demo_class/`` holds what they hand in, and ``class.toml`` there what it must be given.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import folders
from autograder.course import Course, Unit, load_course
from autograder.errors import (
    EXIT_FAILED_CHECK,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    EXIT_OK,
    CourseError,
    InfrastructureError,
    StoreError,
    UsageError,
)
from autograder.results import Outcome, SubmissionResult

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.gradebook import Recorded

CLASS = Path(__file__).with_name("demo_class")
MARKER = ".unrolled-demo"  # says that a folder was made by this command and may be moved aside
EARLIER = "earlier"

#: Whose notebooks nbgrader renders as its own feedback pages, to show what they look like. One page takes it 1.2 s
#: of processor time, so all of them would take as long as the rest of the demo. Everybody has a page of ours.
SHOWN_BY_NBGRADER = "ines"


# ── the class ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Lost:
    """What an exercise that is not right must be given."""

    points: float
    outcome: Outcome
    parts: tuple[str, ...]  # those that are not right
    mistake: str | None = None  # the known mistake that must be named
    says: str = ""  # part of what must be said about it


@dataclass(frozen=True)
class Expected:
    """What one unit of one student must be given."""

    score: float
    lost: dict[str, Lost] = field(default_factory=dict)
    message: str = ""  # part of what must be said about the module as a whole

    def deviations(self, result: SubmissionResult) -> list[str]:
        """How a result differs from this, in words; empty if it does not."""
        found = []
        if result.score != self.score:
            found.append(f"{result.score:g} points, expected {self.score:g}")
        if self.message not in result.message or (result.message and not self.message):
            found.append(f"the module's message is {result.message!r}")
        for exercise in result.exercises:
            lost = self.lost.get(exercise.id)
            outcome = Outcome.PASSED if lost is None else lost.outcome
            wrong = tuple(part.name for part in exercise.parts if part.outcome is not Outcome.PASSED)
            if exercise.outcome is not outcome:
                found.append(f"{exercise.id} {exercise.outcome.words}, expected {outcome.words}")
            elif wrong != (() if lost is None else lost.parts):
                found.append(f"{exercise.id} loses {', '.join(wrong)}")
            elif exercise.points != (exercise.max_points if lost is None else lost.points):
                found.append(f"{exercise.id} {exercise.points:g} points")
            if lost is not None and lost.mistake and lost.mistake not in (exercise.mistake or "").split("+"):
                found.append(f"{exercise.id} recognised as {exercise.mistake}, expected {lost.mistake}")
            if lost is not None and lost.says not in exercise.message:
                found.append(f"{exercise.id} is said to be {exercise.message!r}, expected {lost.says!r}")
        return found


@dataclass(frozen=True)
class DemoStudent:
    """One of the class."""

    name: str
    about: str
    units: dict[str, Expected]  # those that were handed in

    def handed_in(self, unit_id: str) -> Path:
        """The folder with what they hand in."""
        return CLASS / self.name / unit_id


@lru_cache(maxsize=1)
def load_class() -> tuple[DemoStudent, ...]:
    """The demo class, by name.

    Raises:
        CourseError: ``class.toml`` does not fit the course or the folders beside it.
    """
    course = load_course()
    data = tomllib.loads((CLASS / "class.toml").read_text(encoding="utf-8"))
    try:
        return tuple(_student(name, raw, course) for name, raw in sorted(data.items()))
    except (KeyError, TypeError, ValueError) as error:
        raise CourseError(f"{CLASS / 'class.toml'} does not fit the course: {error}.") from error


def _student(name: str, raw: dict[str, Any], course: Course) -> DemoStudent:
    units = {}
    for unit_id in (key for key in raw if key != "about"):
        unit = course.unit(unit_id)
        if not (CLASS / name / unit.id / unit.module_file).is_file():
            raise ValueError(f"{name} has no {unit.id}/{unit.module_file}")
        entry = dict(raw[unit_id])
        lost = {key: _lost(unit, key, value) for key, value in entry.pop("lost", {}).items()}
        units[unit.id] = Expected(**entry, lost=lost)
    return DemoStudent(name, raw["about"], units)


def _lost(unit: Unit, exercise_id: str, raw: dict[str, Any]) -> Lost:
    known = unit.exercise(exercise_id).parts
    parts = tuple(raw.get("parts", known))
    if not set(parts) <= set(known):
        raise ValueError(f"{exercise_id} has no part {set(parts) - set(known)}")
    return Lost(float(raw["points"]), Outcome(raw["outcome"]), parts, raw.get("mistake"), raw.get("says", ""))


def takes_long(unit: Unit) -> bool:
    """Whether grading a unit trains a model for each submission: minutes, where the others take a second."""
    return any(exercise.experiment for exercise in unit.exercises)


# ── the demo ──────────────────────────────────────────────────────────────────────────────────────────


def run_demo(folder: Path, console: Console, *, full: bool = False) -> int:
    """Make a course in a folder, hand in the class's work, grade it and report.

    Args:
        folder: where. An earlier demo in it is moved to ``earlier/<number>/`` inside it; nothing is deleted.
        console: where to say what happens.
        full: hand in and grade the units that take long, too; without it the demo says which they are.

    Returns:
        an exit code: 0, or 1 if a result is not what ``class.toml`` says, 5 if the grader failed somewhere,
        130 after Ctrl-C.

    Raises:
        UsageError: the folder holds something else than a demo.
        StoreError, CourseError, InfrastructureError: the course cannot be made or graded.
    """
    from autograder.sandbox import probe

    stack = probe()[0][0]  # these submissions are ours, so even the weakest will do; the end says which it was
    course, students = load_course(), load_class()
    handed_in = [unit for unit in course.units if any(unit.id in student.units for student in students)]
    units = [unit for unit in handed_in if full or not takes_long(unit)]
    root = folder.resolve()
    try:
        kept = prepare(root)
        console.print(f"Making a course in {folder}/ and grading a made-up class of {len(students)}.", markup=False)
        if kept is not None:
            console.print(f"The earlier demo is now in {folder / kept}.", markup=False)
        for unit in handed_in:
            if takes_long(unit):
                console.print(_about_long(unit, students, full), markup=False)
        results, problems = _grade_all(root, units, students, stack, console)
    except KeyboardInterrupt:
        console.print(f"Stopped. What was made so far is in {folder}/; the next run starts afresh.", markup=False)
        return EXIT_INTERRUPTED
    except OSError as error:
        raise StoreError(f"Cannot make the demo in {folder}: {error.strerror or error}.") from error
    for problem in problems:
        console.print(f"✗ {problem}", markup=False, style="red")
    if not results:
        raise InfrastructureError("Nothing could be graded; the reasons are above.")
    return _report(root, folder, course, students, results, problems, stack, console)


def _about_long(unit: Unit, students: tuple[DemoStudent, ...], full: bool) -> str:
    """What is graded, or is not, of a unit that takes long."""
    names = [student.name for student in students if unit.id in student.units]
    trained = f"{unit.id} trains a model with what each of {', '.join(names)} handed in: some minutes"
    return f"{trained}." if full else f"{trained}. It is left out; 'autograder demo --full' grades it, too."


def prepare(root: Path) -> str | None:
    """Make the course's folder with its sources; move an earlier demo aside.

    Returns:
        where the earlier demo is now, below the folder; None if there was none.

    Raises:
        UsageError: the folder holds something that is not a demo.
        OSError: the file system refuses.
    """
    origin = folders.course_root(Path(__file__).parent)
    if root == origin or root in origin.parents:
        raise UsageError(f"{root} is the course itself; name another folder for the demo.")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file; name a folder for the demo.")
    there = sorted(path for path in root.iterdir() if path.name != EARLIER) if root.is_dir() else []
    kept = None
    if there:
        if not (root / MARKER).is_file():
            raise UsageError(f"{root} holds something that is not a demo of this course; name another folder.")
        number = 1
        while (root / EARLIER / str(number)).exists():
            number += 1
        kept = f"{EARLIER}/{number}"
        (root / kept).mkdir(parents=True)
        for path in [*(p for p in there if p.name != MARKER), root / MARKER]:  # the marker last: it says what is here
            path.rename(root / kept / path.name)
    root.mkdir(parents=True, exist_ok=True)
    (root / MARKER).write_text("Made by 'autograder demo', which may move it aside. Delete it whenever you like.\n")
    shutil.copy(origin / folders.CONFIG, root / folders.CONFIG)
    for unit in load_course().units:
        target = root / folders.SOURCES / unit.id
        target.mkdir(parents=True)
        for name in (f"{unit.id}.nb.py", unit.module_file):
            shutil.copy(origin / folders.SOURCES / unit.id / name, target / name)
    return kept


def hand_in(root: Path, unit: Unit, students: tuple[DemoStudent, ...]) -> dict[str, Path]:
    """Put the released notebook and each student's files into ``submitted/``; returns student -> folder."""
    submitted = {}
    for student in students:
        if unit.id in student.units:
            place = root / folders.SUBMITTED / student.name / unit.id
            shutil.copytree(student.handed_in(unit.id), place, ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(root / folders.RELEASED / unit.id / f"{unit.id}.ipynb", place)
            submitted[student.name] = place
    return submitted


def _grade_all(
    root: Path, units: list[Unit], students: tuple[DemoStudent, ...], stack: Any, console: Console
) -> tuple[list[SubmissionResult], list[str]]:
    """Release, hand in, judge and record, with a progress bar; returns results and problems.

    Judging happens in processes of their own, recording here, each submission as soon as it is judged. There is no
    thread in it: nbgrader's converters and reading submissions both parse Python, which CPython does not let two
    threads of a process do at a time without an error now and then.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from autograder.grade import grade_class, process_pool
    from autograder.release import release

    columns = (TextColumn("{task.description:<26}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    results: list[SubmissionResult] = []
    problems: list[str] = []
    with Progress(*columns, console=console) as progress, process_pool() as executor:
        releasing = progress.add_task("releasing the notebooks", total=len(units))
        for unit in units:
            release([unit.id], root=root)
            progress.advance(releasing)
        submissions = [(unit, hand_in(root, unit, students)) for unit in units]
        grading = progress.add_task("judging and recording", total=sum(len(places) for _, places in submissions))
        try:
            for unit, places in submissions:
                with _recording(unit, list(places), root) as record:
                    for graded in grade_class(unit.id, places, root, executor=executor, stack=stack):
                        if graded.result is None:
                            problems.append(f"{graded.student}, {unit.id}: not scored. {graded.problem}")
                        else:
                            results.append(graded.result)
                            entry = record(graded.student)
                            found = [*entry.notes, entry.reason]
                            problems += [f"{entry.student}, {unit.id}: {text}" for text in found if text]
                        progress.advance(grading)
        except BaseException:  # Ctrl-C among them: nobody waits for what is still being judged
            executor.stop()
            raise
    return results, problems


@contextmanager
def _recording(unit: Unit, names: list[str], root: Path) -> Iterator[Callable[[str], Recorded]]:
    """A function that puts a student's result into the gradebook; one student gets nbgrader's page, too."""
    from autograder.gradebook import Recorder

    plain = Recorder(unit, names, root=root, feedback=False)
    shown = Recorder(unit, names, root=root, feedback=True)
    try:
        yield lambda name: (shown if name == SHOWN_BY_NBGRADER else plain).record(name)
    finally:
        plain.close()
        shown.close()


def _report(
    root: Path,
    folder: Path,
    course: Course,
    students: tuple[DemoStudent, ...],
    results: list[SubmissionResult],
    problems: list[str],
    stack: Any,
    console: Console,
) -> int:
    """The table, the pages and where everything is."""
    from autograder.figures import mistakes
    from autograder.report import class_table, write_class_pages

    console.print()
    class_table(results, course, console)
    console.print()
    console.print("Most common mistakes:", style="bold")
    for entry in [entry for entry in mistakes(results) if entry.known][:4]:
        console.print(f"  {len(entry.students)} × {entry.exercise}: {entry.title}", markup=False, no_wrap=True)
    console.print()
    for line in write_class_pages(results, course, root):
        console.print(line, markup=False, soft_wrap=True)
    graded = {result.unit for result in results if result.student == SHOWN_BY_NBGRADER}
    for unit_id in [unit.id for unit in course.units if unit.id in graded][-1:]:
        some = f"{SHOWN_BY_NBGRADER}/{unit_id}/{unit_id}.html"
        console.print(f"nbgrader's view: {folder / folders.FEEDBACK / some}", markup=False, soft_wrap=True)
    console.print(f"Gradebook:       {folder / 'gradebook.db'}", markup=False, soft_wrap=True)
    console.print(f"Handed in:       {folder / folders.SUBMITTED}/", markup=False, soft_wrap=True)
    console.print()
    console.print(f"Isolation: {stack.text}.", markup=False)
    if stack.weakness:
        console.print(stack.weakness, markup=False, style="yellow")
    expected = {(student.name, unit_id): wanted for student in students for unit_id, wanted in student.units.items()}
    off = [
        f"{result.student}, {result.unit}: {text}"
        for result in results
        for text in expected[str(result.student), result.unit].deviations(result)
    ]
    for text in off:
        console.print(f"✗ {text}", markup=False, style="red")
    if problems:
        return EXIT_INFRASTRUCTURE
    if off:
        console.print("These results are not what demo_class/class.toml says they must be.", style="red")
        return EXIT_FAILED_CHECK
    console.print(f"All {len(results)} results are what demo_class/class.toml says they must be.", markup=False)
    return EXIT_OK
