"""Lets an instructor run a unit's checks with plain pytest::

    pytest autograder/checks/test_02_bptt.py --submission PATH [--draw-of STUDENT] [--visible]

Each check becomes one test per case (an ordinary one, N=1, T=1, ...). What pytest shows is the
strict verdict of every case; the points, with follow-through credit, are `autograder grade`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.checking import Case, Check, Expect, allowed, run_case
from autograder.course import Unit, load_course
from autograder.draws import Draw, hidden_draw, load_salt, visible_draw
from autograder.drivers import driver
from autograder.errors import UnrolledError
from autograder.sandbox import PROCESS, Limits, choose
from autograder.student import Student
from autograder.submission import read_submission
from autograder.upstream import provided


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options above."""
    group = parser.getgroup("unrolled", "checks of student modules")
    group.addoption("--submission", type=Path, help="folder or .py file to check; default: the reference solution")
    group.addoption("--draw-of", default=None, metavar="STUDENT", help="use the hidden draw of this student")
    group.addoption("--visible", action="store_true", help="use the visible draw instead of a hidden one")


def _unit(module_name: str) -> Unit:
    return load_course().unit(module_name.rpartition(".")[2].removeprefix("test_"))


def _draw(config: pytest.Config, unit: Unit) -> Draw:
    if config.getoption("--visible"):
        return visible_draw()
    return hidden_draw(unit.id, config.getoption("--draw-of"), load_salt())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per case of a check."""
    check: Check | None = getattr(metafunc.function, "unrolled_check", None)
    if check is None or "case" not in metafunc.fixturenames:
        return
    try:
        draw = _draw(metafunc.config, _unit(metafunc.module.__name__))
    except UnrolledError as error:
        raise pytest.UsageError(str(error)) from error
    cases = [case for case in check.cases(draw) if not case.neutral]
    metafunc.parametrize("case", cases, ids=[case.name for case in cases])


@pytest.fixture(scope="module")
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """The submission under check, in a worker of its own."""
    unit = _unit(request.module.__name__)
    given = request.config.getoption("--submission")
    path = given
    if path is None:
        path = Path(__file__).resolve().parents[1] / "solutions" / unit.id
    try:
        submission = read_submission(unit, path)
    except UnrolledError as error:
        raise pytest.UsageError(str(error)) from error
    limits = Limits(unit.engine, unit.call_cpu_seconds, unit.call_wall_seconds, unit.memory_mb, unit.imports)
    stack = PROCESS if given is None else choose()
    proxy = Student(submission, unit.module, limits, stack, provided=provided(unit), driver=driver(unit.id))
    proxy.questions.allowed = allowed(unit)
    yield proxy
    proxy.close()


@pytest.fixture
def expect() -> None:
    """Replaced for every check by the recorder of its case, in ``pytest_pyfunc_call``."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> bool | None:
    """Run a check through the same function as the grader, and fail with what it says."""
    check: Check | None = getattr(pyfuncitem.function, "unrolled_check", None)
    if check is None:
        return None
    case: Case = pyfuncitem.funcargs["case"]
    unit = _unit(pyfuncitem.module.__name__)
    record = run_case(check, unit.exercise(check.exercise_id).parts, pyfuncitem.funcargs["student"], case)
    wrong = [f"{seen.part}: {seen.outcome.words}. {seen.message}" for seen in record.parts.values() if not seen.ok]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
    return True


__all__ = ["Expect", "expect", "student"]
