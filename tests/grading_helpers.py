"""What tests of the checks share: judging a module given as text, draws to judge it on, known mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Unit, load_course
from autograder.draws import Draw, hidden_draw
from autograder.drivers import driver
from autograder.errors import UnrolledError
from autograder.judge import judge
from autograder.mistakes import Mistake, load_mistakes, mistaken_source, reference_path
from autograder.results import SubmissionResult
from autograder.sandbox import PROCESS, Limits, Stack, choose
from autograder.student import Student
from autograder.submission import Submission, read_submission
from autograder.upstream import provided

TEST_SALT = b"a salt that only tests use"


def sample_draws(count: int) -> list[Draw]:
    """Hidden draws of imaginary students, the same on every run."""
    return [hidden_draw("sample", f"student {number}", TEST_SALT) for number in range(count)]


def the_unit(unit_id: str) -> Unit:
    """A unit of the course."""
    return load_course().unit(unit_id)


@lru_cache(maxsize=16)
def reference_source(unit_id: str) -> str:
    """The instructor's module as text."""
    return reference_path(the_unit(unit_id)).read_text(encoding="utf-8")


def judge_source(
    unit_id: str,
    source: str,
    exercises: Sequence[str] | None = None,
    draw: Draw | None = None,
    extra_files: Mapping[str, str] | None = None,
) -> SubmissionResult:
    """Judge a module as if a student had handed it in, through a worker (on our own code, so without a sandbox).

    Args:
        unit_id: e.g. ``"01_vanilla_rnn"``.
        source: the text of the module.
        exercises: ids to report on; all by default.
        draw: the first of :func:`sample_draws` by default.
        extra_files: path beside the module -> text. With ``__init__.py`` among them the folder is
            a package called ``handed_in``.
    """
    course = load_course()
    unit = course.unit(unit_id)
    texts = {unit.module_file: source, **(extra_files or {})}
    files = {name: text.encode() for name, text in texts.items()}
    package = "handed_in" if "__init__.py" in files else None
    submission = Submission(Path("handed_in"), unit.module_file, files, package)
    return judge(course, unit, submission, draw or sample_draws(1)[0], stack=stack_for(unit), exercises=exercises)


def judge_path(
    unit_id: str, path: Path, exercises: Sequence[str] | None = None, draw: Draw | None = None
) -> SubmissionResult:
    """Judge a folder or a file from disk, the files beside it included."""
    course = load_course()
    unit = course.unit(unit_id)
    submission = read_submission(unit, path)
    return judge(course, unit, submission, draw or sample_draws(1)[0], stack=stack_for(unit), exercises=exercises)


def stack_for(unit: Unit) -> Stack:
    """How to run our own code: without a sandbox, unless starting Python with torch each time would take minutes."""
    if unit.engine == "torch":
        with suppress(UnrolledError):  # no way of isolation here
            return choose()
    return PROCESS


@contextmanager
def student_of(unit_id: str, source: str, cpu_seconds: float = 0.0) -> Iterator[Student]:
    """A student with this module, as the judge opens one."""
    unit = the_unit(unit_id)
    submission = Submission(Path("handed_in"), unit.module_file, {unit.module_file: source.encode()})
    seconds = cpu_seconds or unit.call_cpu_seconds
    limits = Limits(unit.engine, seconds, unit.call_wall_seconds, unit.memory_mb, unit.imports)
    student = Student(submission, unit.module, limits, stack_for(unit), (), provided(unit), driver(unit.id))
    try:
        yield student
    finally:
        student.close()


def mistake_cases(unit_id: str) -> list[Any]:
    """The known mistakes of a unit, for ``pytest.mark.parametrize("mistake", mistake_cases(...))``."""
    return [pytest.param(m, id=f"{m.exercise}-{m.id}") for m in load_mistakes(the_unit(unit_id))]


@lru_cache(maxsize=1024)
def judged_mistake(unit_id: str, mistake: Mistake) -> SubmissionResult:
    """A known mistake handed in and judged on its own exercise; once per test process."""
    source = mistaken_source(mistake, reference_source(unit_id))
    return judge_source(unit_id, source, exercises=[mistake.exercise])


def is_named(mistake: Mistake, result: SubmissionResult) -> bool:
    """Whether the result of an exercise names the mistake (perhaps beside others)."""
    return mistake.id in (result.exercise(mistake.exercise).mistake or "").split("+")


def solution_lines(source: str, least: int = 12) -> set[str]:
    """Lines inside solution regions, without indentation and comments, that are long enough to give something away."""
    lines: set[str] = set()
    inside = False
    for line in source.splitlines():
        text = line.strip()
        if text in ("### BEGIN SOLUTION", "### END SOLUTION"):
            inside = text == "### BEGIN SOLUTION"
        elif inside:
            code = text.partition("  #")[0].strip()
            if len(code) >= least and not code.startswith("#"):
                lines.add(code)
    return lines
