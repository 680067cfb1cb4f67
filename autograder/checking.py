"""How a check is written, and what running one case of it records.

A check is a pytest function with a decorator::

    @exercise("rnn_step_backward", cases=step_cases)
    def test_rnn_step_backward(student, case, expect):
        next_h, cache = student.rnn_step_forward(*case.step_inputs, keep=[1])
        ...
        expect.result(student.rnn_step_backward(case.dnext_h, cache), dx=..., dprev_h=..., ...)

`cases` turns a draw into inputs. pytest runs the function once per case (see
:mod:`autograder.pytest_plugin`); the grader runs the same function through :func:`run_case`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.course import Unit
from autograder.draws import Draw
from autograder.errors import InfrastructureError
from autograder.gradcheck import RTOL, Comparison, compare, describe
from autograder.questions import Allowed, Most
from autograder.results import Outcome
from autograder.student import Answer, Call, Caller, StandIn, Student, StudentError


@dataclass(frozen=True)
class Case:
    """Inputs of one run of a check.

    ``edge`` names what is unusually small ("N=1", "T=1"), so that a function which fails only there
    is told so. ``neutral`` cases (h0 = 0, b = 0, ...) are run only to judge a backward function whose
    forward is wrong elsewhere.
    """

    name: str
    inputs: dict[str, Any]
    edge: str = ""
    neutral: bool = False

    def __post_init__(self) -> None:
        for name, value in self.inputs.items():
            self.__dict__.setdefault(name, value)  # `case.x`, as fast as any attribute

    def __getattr__(self, name: str) -> Any:  # for whoever reads types: all there are have been found before
        raise AttributeError(name)


@dataclass
class Observation:
    """What one case says about one part."""

    part: str
    outcome: Outcome
    message: str = ""
    expected: str = ""
    got: str = ""
    value: Any = None  # what the student's function returned, for matching with known mistakes
    kind: str = ""  # exception type, if it crashed
    single_precision: bool = False
    right: Any = None  # the right value, for detectors; stays in the judge
    error: StudentError | None = None  # why there is no value, if that is why

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.PASSED


@dataclass
class CaseRecord:
    """Everything that one case says: about the parts, and about what they build on."""

    case: Case
    parts: dict[str, Observation] = field(default_factory=dict)
    given_ok: bool = True
    given_message: str = ""
    puzzle: str = ""  # at what the check itself stopped, if it did


class Expect:
    """Collects verdicts while a check runs."""

    def __init__(self, exercise_id: str, parts: Sequence[str], record: CaseRecord) -> None:
        self.exercise_id = exercise_id
        self.parts = tuple(parts)
        self.record = record

    def part(self, name: str, got: Any, expected: Any, rtol: float = RTOL) -> None:
        """Compare one part; calling it again for the same part keeps the first failure."""
        self.verdict(name, compare(got, expected, rtol, name), got, expected)

    def verdict(self, name: str, found: Comparison, got: Any = None, expected: Any = None) -> None:
        """Record a comparison made by the check itself."""
        if name not in self.parts:
            raise InfrastructureError(f"The check of {self.exercise_id} judges a part {name!r}, which it has not.")
        earlier = self.record.parts.get(name)
        if earlier is None or earlier.ok:
            self.record.parts[name] = Observation(
                name, found.outcome, found.message, found.expected, found.got, got, "", found.single_precision, expected
            )

    def result(self, got: Any, rtol: float = RTOL, **expected: Any) -> None:
        """Compare what a function returned with its expected results, in the order of ``expected``.

        One expected result: ``got`` itself. Several: ``got`` must be a tuple or list of that many.
        """
        names = list(expected)
        if len(names) == 1:
            self.part(names[0], got, expected[names[0]], rtol)
            return
        if isinstance(got, (tuple, list)) and len(got) == len(names):
            for name, value in zip(names, got, strict=True):
                self.part(name, value, expected[name], rtol)
            return
        if got is None:
            self.all(Outcome.RETURNS_NONE, f"{self.exercise_id} returns None.", names)
            return
        count = f"{len(got)} values" if isinstance(got, (tuple, list)) else f"{describe(got)} alone"
        message = f"{self.exercise_id} returns {count}; it should return {len(names)}: {', '.join(names)}."
        self.all(Outcome.WRONG_VALUES, message, names)

    def forward(self, returned: Any, expected: Any, name: str) -> Any:
        """Unpack what a forward function returned and note whether its results are right.

        Args:
            returned: the results, then the cache.
            expected: the right result, or a tuple of them.
            name: the forward function's.

        Returns the cache. Raises StudentError if there is none.
        """
        wanted = expected if isinstance(expected, tuple) else (expected,)
        if not (isinstance(returned, tuple) and len(returned) == len(wanted) + 1):
            self.record.given_ok = False
            kind = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
            what = "a result and a cache" if len(wanted) == 1 else f"{len(wanted)} results and a cache"
            raise StudentError(name, kind, f"{name} returns {describe(returned)}, it should return {what}.")
        *got, cache = returned
        for number, (value, right) in enumerate(zip(got, wanted, strict=True), 1):
            which = "the result" if len(wanted) == 1 else f"result {number}"
            found = compare(value, right, name=f"{which} of {name}")
            if not found.ok and self.record.given_ok:
                self.record.given_ok = False
                self.record.given_message = found.message
        return cache

    def all(
        self,
        outcome: Outcome,
        message: str,
        parts: Iterable[str] | None = None,
        kind: str = "",
        error: StudentError | None = None,
    ) -> None:
        """Give every part that has no verdict yet (or the named ones) this outcome."""
        for name in parts or self.parts:
            if name not in self.record.parts:
                self.record.parts[name] = Observation(name, outcome, message, kind=kind, error=error)


@dataclass(frozen=True)
class Growing:
    """What :mod:`autograder.growth` needs to tell a backward pass from differences of forward passes.

    All but one axis stay small; ``n`` columns make the forward pass and the number of gradients ``n`` times as large.
    That axis is one along which no right version does work that grows like the square: not the batch, over which
    some build one Jacobian, nor classes, whose softmax has one.
    """

    parts: tuple[str, ...]  # those that are gradients
    inputs: Callable[[np.random.Generator, int], dict[str, Any]]  # of a case of n columns
    arguments: Callable[[Case], Sequence[Any]]  # arrays that they are gradients with respect to, in the same order
    loss: Callable[..., Any]  # (case, *arguments) -> what is differentiated, for real and complex arrays
    slowest: float  # the product of share and growth that right code has at the most, on 4096 columns
    found: Callable[[Any], Sequence[Any]] | None = None  # the gradients in what the function returns, if not all parts


@dataclass(frozen=True)
class Check:
    """A registered check."""

    exercise_id: str
    cases: Callable[[Draw], list[Case]]
    run: Callable[[Any, Case, Expect], None]
    stand_ins: tuple[StandIn, ...]
    small: tuple[Callable[..., dict[str, Any]], ...] = ()
    pieces: Callable[[Case], dict[str, list[Any]]] | None = None
    overwritten: Callable[[Case], dict[str, list[Any]]] | None = None
    conventions: tuple[Callable[[Any, Case, Expect], None], ...] = ()
    together: bool = True
    asks: Mapping[str, Most] = field(default_factory=dict, compare=False)
    needs: tuple[str, ...] = ()
    growing: Growing | None = None


_REGISTRY: dict[str, Check] = {}


def exercise(
    exercise_id: str,
    cases: Callable[[Draw], list[Case]],
    stand_ins: Sequence[StandIn] = (),
    small: Callable[..., dict[str, Any]] | Sequence[Callable[..., dict[str, Any]]] = (),
    pieces: Callable[[Case], dict[str, list[Any]]] | None = None,
    overwritten: Callable[[Case], dict[str, list[Any]]] | None = None,
    conventions: Sequence[Callable[[Any, Case, Expect], None]] = (),
    together: bool = True,
    asks: Mapping[str, Most] | None = None,
    needs: Sequence[str] = (),
    growing: Growing | None = None,
) -> Callable[[Callable[[Any, Case, Expect], None]], Callable[[Any, Case, Expect], None]]:
    """Register a test function as the check of an exercise.

    Args:
        exercise_id: the name of the function that it checks, as in course.toml.
        cases: turns a draw into the cases.
        stand_ins: replacements for the functions that this exercise builds on, used when one of
            those is wrong, so that one bug costs once.
        small: ``small(rng, N, T, ...)`` makes a case's inputs of the given sizes, or several such functions; a
            failing exercise is then tried on the smallest sizes first (see :mod:`autograder.smallest`).
        pieces: for parts that are sums over steps, what each step alone contributes: part -> one array per
            step. For the detector of "overwritten instead of summed".
        overwritten: for parts that need what was kept of an earlier step: part -> what comes out if a later
            array has been written over it. For the detector of that.
        conventions: of a backward function, the same check for forward passes that follow another convention (an
            order of gates, say): where a student's does, the backward pass that belongs to it is right.
        together: whether the student's code may be asked about all cases at once. Not where a check calls again after
            what it got (other than with ``student.in_turn``), or where a call takes long.
        asks: for each stand-in, and each function of `coursekit.upstream` that course.toml lists for the exercise, how
            many numbers of its results a right version asks for (of a backward function: how many numbers of its
            first argument it passes), from the arguments of one call. See :mod:`autograder.questions`.
        needs: of an experiment, what the module must define for it: where one of them is missing, nothing is prepared.
        growing: for gradients, inputs of any width, by which a backward pass is told from differences. The check must
            make its calls before it works anything out.
    """

    def register(function: Callable[[Any, Case, Expect], None]) -> Callable[[Any, Case, Expect], None]:
        smalls = (small,) if callable(small) else tuple(small)
        others = tuple(conventions)
        check = Check(
            exercise_id,
            cases,
            function,
            tuple(stand_ins),
            smalls,
            pieces,
            overwritten,
            others,
            together=together,
            asks=asks or {},
            needs=tuple(needs),
            growing=growing,
        )
        unsaid = [s.name for s in check.stand_ins if s.kind != "local" and s.name not in check.asks]
        if unsaid:
            raise LookupError(f"the check of {exercise_id} does not say how much may be asked of {', '.join(unsaid)}")
        _REGISTRY[exercise_id] = check
        function.__dict__["unrolled_check"] = check
        return function

    return register


@lru_cache(maxsize=16)
def load_checks(unit: Unit) -> dict[str, Check]:
    """The checks of a unit, by exercise id; raises LookupError if one is missing."""
    importlib.import_module(f"autograder.checks.test_{unit.id}")
    missing = [e.id for e in unit.exercises if e.id not in _REGISTRY]
    if missing:
        raise LookupError(f"autograder/checks/test_{unit.id}.py has no check of {', '.join(missing)}")
    return {e.id: _REGISTRY[e.id] for e in unit.exercises}


def allowed(unit: Unit) -> Allowed:
    """How much each function of a unit may ask of others that the judge computes; see :mod:`autograder.questions`."""
    found = {}
    for item in unit.exercises:
        check = load_checks(unit)[item.id]
        unsaid = [name for name in item.upstream if name not in check.asks]
        if unsaid:
            raise LookupError(f"the check of {item.id} does not say how much may be asked of {', '.join(unsaid)}")
        names = {s.name for s in check.stand_ins} | set(item.upstream)
        found[item.id] = {name: most for name, most in check.asks.items() if name in names}
    return found


#: What Python says to values that do not go together; the machine's own failures are other exceptions.
PUZZLES = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, RecursionError)


def run_case(check: Check, parts: Sequence[str], student: Any, case: Case) -> CaseRecord:
    """Run one case; whatever the student's code does, and what the check makes of its results, is in the record."""
    record = CaseRecord(case)
    expect = Expect(check.exercise_id, parts, record)
    try:
        with np.errstate(all="ignore"):  # a student's numbers may be anything
            check.run(student, case, expect)
    except StudentError as error:
        if error.outcome is Outcome.ENVIRONMENT:
            raise
        if error.function not in ("", check.exercise_id):
            record.given_ok = False
            record.given_message = error.message
            message = f"{error.function}, which this builds on, does not work: {error.message}"
            outcome = error.outcome if error.outcome is not Outcome.RETURNS_NONE else Outcome.CRASHED
            expect.all(outcome, message, kind=error.kind)
        else:
            expect.all(error.outcome, _sentence(error.message), kind=error.kind, error=error)
    except PUZZLES as error:  # what came back is like nothing that the check foresees
        record.puzzle = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        message = f"What {check.exercise_id} returns is not like anything that could be right."
        expect.all(Outcome.WRONG_VALUES, f"{message} Does it return what its docstring says?")
    finally:
        student.reset()
    unsaid = [part for part in parts if part not in record.parts]
    if unsaid:
        raise LookupError(
            f"the check of {check.exercise_id} says nothing about {', '.join(unsaid)} in case {case.name}"
        )
    return record


class _Called(BaseException):
    """Carries what a check wants to call out of it."""

    def __init__(self, calls: Sequence[Call]) -> None:
        super().__init__()
        self.calls = calls


class _SeveralCalls(BaseException):
    """A check calls again, after what it got."""


class _Planner(Caller):
    """A student that only finds out what a check calls first."""

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        if factor != 1.0:
            raise _SeveralCalls  # a long one, which is better watched
        raise _Called([Call(name, args, keep)])

    def in_turn(self, *calls: Call) -> Iterator[Any]:
        raise _Called(calls)


class _Answered(Caller):
    """A student whose answers are there already."""

    def __init__(self, answers: Sequence[Answer | StudentError]) -> None:
        self.answers = iter(answers)

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        answer = next(self.answers, None)
        if answer is None:
            raise _SeveralCalls
        if isinstance(answer, StudentError):
            raise answer
        return answer


def run_together(
    check: Check, parts: Sequence[str], student: Student, cases: Sequence[Case]
) -> list[CaseRecord] | None:
    """Run several cases with one message to the student's process, in which each makes one call or several in turn.

    The check is run twice for each: up to its call, and then with the answer. What the student's code sees are the
    same calls in the same order as with :func:`run_case` for one case after the other.

    Returns:
        the records; None if this cannot be done, and nothing was judged.
    """
    try:
        answers = student.call_together([planned(check, parts, case) for case in cases])
        if answers is None:
            return None
        return [run_case(check, parts, _Answered(a), case) for case, a in zip(cases, answers, strict=True)]
    except _SeveralCalls:
        return None


def planned(check: Check, parts: Sequence[str], case: Case) -> Sequence[Call]:
    """What a check calls first: one call, or several in turn; nothing if it judges without a call."""
    try:
        with np.errstate(all="ignore"):
            check.run(_Planner(), case, Expect(check.exercise_id, parts, CaseRecord(case)))
    except _Called as called:
        return called.calls
    return ()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith(("the ", "it ", "what ")) else text
