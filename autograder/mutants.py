"""Tests of the checks: every known mistake and every other correct module, handed in like a student's.

``autograder mutants`` prints, for each exercise, how many known mistakes are caught and named, and how many
correct modules are accepted. It needs a checkout of the course: the solutions and ``tests/alternatives``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from autograder.course import Unit, load_course
from autograder.draws import Draw, hidden_draw
from autograder.errors import UsageError
from autograder.judge import GENERAL, judge
from autograder.mistakes import load_mistakes, mistaken_source, reference_path
from autograder.results import Outcome
from autograder.sandbox import PROCESS
from autograder.submission import Submission, read_submission

#: Share of the known mistakes that must be named for what they are.
NAMED_AT_LEAST = 0.95

#: At least this many correct modules must write each exercise: the reference, and four others.
FEWEST_ALTERNATIVES = 5

DRAW_SALT = b"the kill matrix is the same on every machine"


@dataclass
class Row:
    """What became of the mistakes and the correct modules of one exercise."""

    exercise: str
    caught: int = 0
    named_right: int = 0
    named_wrong: int = 0  # with another known mistake's name
    missed: int = 0
    accepted: int = 0
    wrongly_failed: int = 0

    @property
    def unnamed(self) -> int:
        """Caught, and told what is off, but not called a known mistake."""
        return self.caught - self.named_right - self.named_wrong


@dataclass
class Matrix:
    """The kill matrix of a unit: its rows, and everything that is not as it should be."""

    unit: str
    rows: dict[str, Row]
    problems: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        """Which requirements are not met, in words; none if all is well."""
        rows = self.rows.values()
        total = sum(row.caught + row.missed for row in rows)
        named = sum(row.named_right for row in rows)
        found = []
        if missed := sum(row.missed for row in rows):
            found.append(f"{missed} of {total} known mistakes are not caught")
        if total and named < NAMED_AT_LEAST * total:
            found.append(f"only {named} of {total} known mistakes are named right ({NAMED_AT_LEAST:.0%} are required)")
        if failed := sum(row.wrongly_failed for row in rows):
            found.append(f"correct functions are failed {failed} times")
        few = [row.exercise for row in rows if row.accepted + row.wrongly_failed < FEWEST_ALTERNATIVES]
        if few:
            found.append(f"fewer than {FEWEST_ALTERNATIVES} correct versions of {', '.join(few)}")
        return found


DEMO_CLASS = Path(__file__).with_name("demo_class")
#: Whose modules there are right, each in a style that no other has.
RIGHT_IN_THE_DEMO = ("chen", "dora", "emil")


def the_draw(unit: Unit) -> Draw:
    """A hidden draw that is nobody's."""
    return hidden_draw(unit.id, "kill matrix", DRAW_SALT)


def alternatives(unit: Unit) -> list[Path]:
    """The correct modules of a unit: files, and folders with the module in them; some are the demo class's.

    Raises:
        UsageError: this is no checkout of the course.
    """
    folder = reference_path(unit).parents[2] / "tests" / "alternatives" / unit.id
    if not folder.is_dir() or not reference_path(unit).is_file():
        raise UsageError("The kill matrix needs a checkout of the course, with solutions/ and tests/alternatives/.")
    found = [*folder.iterdir(), *(DEMO_CLASS / name / unit.id for name in RIGHT_IN_THE_DEMO)]
    return sorted(path for path in found if path.suffix == ".py" or (path / unit.module_file).is_file())


def style(path: Path) -> str:
    """What a correct module is called: its file or folder, or the student of the demo class."""
    return path.parent.name if path.is_relative_to(DEMO_CLASS) else path.stem


def kill_matrix(
    unit: Unit, *, jobs: int | None = None, progress: Callable[[], None] | None = None, every: int = 1
) -> Matrix:
    """Hand in every mistake and every correct module of a unit, and see what the grader says.

    Args:
        unit: the unit.
        jobs: how many processes, one per core by default; 1 stays in this process.
        progress: called after each module.
        every: take only each n-th mistake (for a quick look).
    """
    tasks: list[Callable[[], list[tuple[str, str, str]]]] = [
        partial(_mistake, unit.id, number) for number in range(0, len(load_mistakes(unit)), every)
    ]
    tasks += [partial(_alternative, unit.id, path) for path in (reference_path(unit), *alternatives(unit))]
    matrix = Matrix(unit.id, {item.id: Row(item.id) for item in unit.exercises})
    for verdicts in _each(tasks, jobs or os.cpu_count() or 1):
        for exercise, kind, words in verdicts:
            row = matrix.rows[exercise]
            setattr(row, kind, getattr(row, kind) + 1)
            if kind in ("named_right", "named_wrong"):
                row.caught += 1
            if words:
                matrix.problems.append(words)
        if progress is not None:
            progress()
    return matrix


def _each(tasks: Sequence[Callable[[], Any]], jobs: int) -> Iterator[Any]:
    if jobs == 1:
        yield from (task() for task in tasks)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from (future.result() for future in [pool.submit(task) for task in tasks])


def _mistake(unit_id: str, number: int) -> list[tuple[str, str, str]]:
    """(exercise, column, problem) of one known mistake."""
    course = load_course()
    unit = course.unit(unit_id)
    mistake = load_mistakes(unit)[number]
    source = mistaken_source(mistake, reference_path(unit).read_text(encoding="utf-8"))
    submission = Submission(Path(mistake.id), unit.module_file, {unit.module_file: source.encode()})
    result = judge(course, unit, submission, the_draw(unit), stack=PROCESS, exercises=[mistake.exercise])
    found = result.exercise(mistake.exercise)
    who = f"{mistake.exercise}/{mistake.id}"
    if found.points >= found.max_points:
        return [(mistake.exercise, "missed", f"{who} is not caught.")]
    name = found.mistake or ""
    if mistake.id in name.split("+"):
        return [(mistake.exercise, "named_right", "")]
    if name and not name.startswith(GENERAL):
        return [(mistake.exercise, "named_wrong", f"{who} is called {name}.")]
    return [(mistake.exercise, "caught", f"{who} is caught but not named ({name or found.message}).")]


def _alternative(unit_id: str, path: Path) -> list[tuple[str, str, str]]:
    """(exercise, column, problem) of each exercise that a correct module writes."""
    course = load_course()
    unit = course.unit(unit_id)
    result = judge(course, unit, read_submission(unit, path), the_draw(unit), stack=PROCESS)
    verdicts = []
    for item in result.exercises:
        if item.outcome is Outcome.NOT_ATTEMPTED:
            continue
        right = item.points == item.max_points
        words = "" if right else f"{path.name}: {item.id} is right and gets {item.points:g} of {item.max_points:g}."
        verdicts.append((item.id, "accepted" if right else "wrongly_failed", words))
    if result.message:
        verdicts.append((unit.exercises[0].id, "wrongly_failed", f"{path.name}: {result.message}"))
    return verdicts


def print_matrix(matrix: Matrix, console: Any) -> None:
    """The table, 80 columns wide, and what is wrong with it."""
    from rich.table import Table

    table = Table(
        box=None, padding=(0, 1), header_style="dim", title=f"Kill matrix of {matrix.unit}", title_style="bold"
    )
    table.add_column("exercise", no_wrap=True, min_width=24)
    for name in ("caught", "named\nright", "named\nwrong", "un-\nnamed", "missed", "right,\npassed", "right,\nfailed"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = [_cells(row) for row in matrix.rows.values()]
    for name, cells in zip(matrix.rows, rows, strict=True):
        table.add_row(name, *(str(cell) for cell in cells))
    table.add_section()
    table.add_row("all", *(str(sum(column)) for column in zip(*rows, strict=True)), style="bold")
    console.print(table)
    for words in matrix.problems:
        console.print(f"  {words}", markup=False, highlight=False)


def _cells(row: Row) -> list[int]:
    return [
        row.caught, row.named_right, row.named_wrong, row.unnamed, row.missed, row.accepted, row.wrongly_failed,
    ]  # fmt: skip
