"""``autograder demo``: a course in a folder of its own, a class of sixteen, graded from release to report.

Everything is the real thing: the release, the hidden draws, the sandbox, nbgrader's gradebook. Only the students are
made up: ``demo_class/`` holds what they hand in, and ``class.toml`` there what it must be given.
"""

from __future__ import annotations

import queue
import shutil
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import Executor
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
    from rich.progress import Progress

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
    return Lost(float(raw["points"]), Outcome(raw["outcome"]), parts, raw.get("mistake"))


# ── the demo ──────────────────────────────────────────────────────────────────────────────────────────


def run_demo(folder: Path, console: Console) -> int:
    """Make a course in a folder, hand in the class's work, grade it and report.

    Args:
        folder: where. An earlier demo in it is moved to ``earlier/<number>/`` inside it; nothing is deleted.
        console: where to say what happens.

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
    units = [unit for unit in course.units if any(unit.id in student.units for student in students)]
    root = folder.resolve()
    try:
        kept = prepare(root)
        console.print(f"Making a course in {folder}/ and grading a made-up class of {len(students)}.", markup=False)
        if kept is not None:
            console.print(f"The earlier demo is now in {folder / kept}.", markup=False)
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

    Judging happens in processes of their own, recording here, each submission as soon as it is judged.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from autograder.grade import process_pool
    from autograder.gradebook import record_class
    from autograder.release import release

    columns = (TextColumn("{task.description:<26}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    results: list[SubmissionResult] = []
    problems: list[str] = []
    with Progress(*columns, console=console) as progress, process_pool() as executor:
        releasing = progress.add_task("releasing the notebooks", total=len(units))
        for unit in units:
            release([unit.id], root=root)
            progress.advance(releasing)
        submissions = {unit.id: hand_in(root, unit, students) for unit in units}
        count = sum(map(len, submissions.values()))
        judging = progress.add_task("judging on hidden draws", total=count)
        recording = progress.add_task("recording in the gradebook", total=count)
        for unit_id, batch in _judged(submissions, root, executor, stack, progress, judging):
            results += [graded.result for graded in batch if graded.result is not None]
            problems += [f"{g.student}, {unit_id}: not scored. {g.problem}" for g in batch if g.result is None]
            names = [graded.student for graded in batch if graded.result is not None]
            for feedback in (False, True):
                chosen = [name for name in names if (name == SHOWN_BY_NBGRADER) is feedback]
                for entry in record_class(unit_id, chosen, root=root, feedback=feedback) if chosen else []:
                    problems += [f"{entry.student}, {unit_id}: {text}" for text in [*entry.notes, entry.reason] if text]
            progress.advance(recording, len(batch))
    return results, problems


def _judged(
    submissions: dict[str, dict[str, Path]], root: Path, executor: Executor, stack: Any, progress: Progress, task: Any
) -> Iterator[tuple[str, list[Any]]]:
    """Unit id and those of its submissions that have been judged since the last time, until all are.

    A thread waits for the pool, so that the caller can work meanwhile.
    """
    from autograder.grade import grade_class

    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def judge_units() -> None:
        try:
            for unit_id, places in submissions.items():
                for graded in grade_class(unit_id, places, root, executor=executor, stack=stack):
                    progress.advance(task)
                    ready.put((unit_id, graded))
            ready.put(None)
        except BaseException as error:  # raised again where somebody can act on it
            ready.put(error)

    threading.Thread(target=judge_units, daemon=True).start()
    while True:
        waiting = [ready.get()]
        while not ready.empty():
            waiting.append(ready.get())
        batches: dict[str, list[Any]] = {}
        for entry in waiting:
            if isinstance(entry, BaseException):
                raise entry
            if entry is not None:
                batches.setdefault(entry[0], []).append(entry[1])
        yield from batches.items()
        if waiting[-1] is None:
            return


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
    from autograder.report import class_table, mistakes, write_class_pages

    console.print()
    class_table(results, course, console)
    console.print()
    console.print("Most common mistakes:", style="bold")
    for entry in [entry for entry in mistakes(results) if entry.known][:4]:
        console.print(f"  {len(entry.students)} × {entry.exercise}: {entry.title}", markup=False, no_wrap=True)
    console.print()
    for line in write_class_pages(results, course, root):
        console.print(line, markup=False, soft_wrap=True)
    some = f"{SHOWN_BY_NBGRADER}/{results[-1].unit}/{results[-1].unit}.html"
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
