"""Judges one submission of one unit: runs the checks, then says what each part is worth."""

from __future__ import annotations

import ast
import itertools
import platform
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from autograder.checking import (
    PUZZLES,
    Case,
    CaseRecord,
    Check,
    Observation,
    allowed,
    load_checks,
    run_case,
    run_together,
)
from autograder.course import Course, Exercise, Unit
from autograder.crashes import TORCH, Crash, explain
from autograder.detectors import Detected, Evidence, detect, evidence
from autograder.draws import Draw, visible_draw
from autograder.drivers import driver
from autograder.errors import InfrastructureError
from autograder.growth import MOST_ASKED, Finding, Growth
from autograder.inert import BarredFinder
from autograder.left_out import debugger
from autograder.mistakes import Mistake, recognise
from autograder.mistakes.pairs import recognise_together
from autograder.plain_text import printable
from autograder.probes import kept_between_calls, without_effect
from autograder.reading import decode, definitions
from autograder.results import ExerciseResult, Outcome, PartResult, SubmissionResult
from autograder.sandbox import Limits, Stack, choose
from autograder.smallest import smallest_failure
from autograder.student import Answer, Caller, StandIn, Student, StudentError
from autograder.student_text import keeps_state
from autograder.submission import Submission
from autograder.upstream import provided

#: A backward function whose forward is wrong is judged on the draws on which the forward is right,
#: if there are at least this many ordinary ones.
FEWEST_JUDGED = 2

#: What `ExerciseResult.mistake` begins with where a general detector, not a known mistake, gives the name.
GENERAL = "general:"

#: Inputs that are set to zero, one at a time, to see which of them a wrong function uses wrongly.
ZEROED = ("h0", "prev_h", "prev_c", "dnext_c", "b", "by", "Wh", "x", "x0")

#: Of so many wrong cases it is found out whether they are right in a process of their own.
MOST_ALONE = 2

#: What is said of one function and holds for all the others of a module.
SAID_ONCE = (TORCH.id,)

#: After this many calls that did not return in time, an exercise is not called again.
MOST_TIMEOUTS = 1


@dataclass
class Verdict:
    """One way of judging an exercise: the cases it ran, and how it was judged, in words."""

    records: list[CaseRecord]
    how: str = ""
    silent: frozenset[str] = frozenset()  # parts that these cases cannot show to be right
    finding: Finding | None = None  # what larger inputs say about gradients that are right in these cases
    found: frozenset[str] = frozenset()  # those gradients
    chosen: bool = False  # whether something stood in for functions of the student's


@dataclass
class Judgement:
    """All there is to know about an exercise before points are given."""

    exercise: Exercise
    verdicts: list[Verdict] = field(default_factory=list)
    weighed: bool = True  # whether gradients are told from differences; not where only a name is looked for


def versions() -> dict[str, str]:
    """What a score may depend on."""
    return {"unrolled": _own_version(), "python": platform.python_version(), "numpy": np.__version__}


@lru_cache(maxsize=1)
def _own_version() -> str:
    return version("unrolled")


def judge(
    course: Course,
    unit: Unit,
    submission: Submission,
    draw: Draw,
    *,
    stack: Stack | None = None,
    exercises: Sequence[str] | None = None,
    student: str | None = None,
    on_exercise: Callable[[str], None] | None = None,
) -> SubmissionResult:
    """Run the checks of a unit against a submission.

    Args:
        course: for the credit of functions that only fail at N = 1 or T = 1.
        unit: what to check.
        submission: what was handed in.
        draw: where the checks' numbers come from.
        stack: how student code is isolated; the strongest way that this machine offers by default.
        exercises: ids to report on, all by default (those they build on are checked too).
        student: a name for the result.
        on_exercise: called with an exercise's id before it is checked, and with words on the progress of long ones.

    Raises:
        InfrastructureError: the grader itself failed; nothing was scored.
    """
    started = time.perf_counter()
    stack = stack or choose()
    wanted = [unit.exercise(name) for name in exercises] if exercises else list(unit.exercises)
    limits = Limits(unit.engine, unit.call_cpu_seconds, unit.call_wall_seconds, unit.memory_mb, unit.imports)
    bench = _open_bench(course, unit, submission, draw, limits, stack)
    bench.student.on_beat = on_exercise
    try:
        problem = bench.load()
        results: dict[str, ExerciseResult] = {}
        if problem is None:
            for item in _with_foundations(unit, wanted):
                if on_exercise is not None:
                    on_exercise(item.id)
                results[item.id] = bench.exercise(item, results)
        else:
            results = {item.id: _unloaded(item, problem) for item in wanted}
    except LookupError as error:
        raise InfrastructureError(f"The checks of {unit.id} are broken: {error}.") from error
    finally:
        bench.close()
    listed = [results[item.id] for item in wanted]
    listed[0].remarks[:0] = bench.student.left_out
    return SubmissionResult(
        unit=unit.id,
        score=_tidy(sum(item.points for item in listed)),
        max_score=_tidy(sum(item.max_points for item in listed)),
        exercises=listed,
        isolation=stack.text,
        draw=draw.label,
        versions=versions(),
        student=student,
        message=problem.message if problem is not None else "",
        output=bench.output(),
        attempts=bench.student.attempts,
        notes=bench.notes,
        seconds=time.perf_counter() - started,
    )


def _open_bench(course: Course, unit: Unit, submission: Submission, draw: Draw, limits: Limits, stack: Stack) -> _Bench:
    try:
        return _Bench(course, unit, submission, draw, limits, stack)
    except (LookupError, ImportError) as error:
        raise InfrastructureError(f"The checks of {unit.id} cannot be loaded: {error}.") from error


def _tidy(points: float) -> float:
    """Sums of tenths without float64's tail."""
    return round(float(points), 6)


def _with_foundations(unit: Unit, wanted: Sequence[Exercise]) -> list[Exercise]:
    """The wanted exercises and those they build on, in the order of the course."""
    needed = {item.id for item in wanted}
    for item in wanted:
        needed |= set(item.builds_on) | ({item.forward} if item.forward else set())
    return [item for item in unit.exercises if item.id in needed]


def _unloaded(item: Exercise, problem: StudentError) -> ExerciseResult:
    """A module that cannot be imported is said once, for the module; its exercises only point there."""
    words = "Not judged: see the message about the module."
    parts = [PartResult(p, problem.outcome, 0.0, _tidy(item.part_points(p)), "") for p in item.parts]
    return ExerciseResult(item.id, 0.0, item.points, problem.outcome, parts, message=words)


class _Bench:
    """The worker of one submission and what was found so far."""

    def __init__(
        self, course: Course, unit: Unit, submission: Submission, draw: Draw, limits: Limits, stack: Stack
    ) -> None:
        self.course = course
        self.shares = {  # of a part's points
            Outcome.PASSED: 1.0,
            Outcome.EDGE_CASE: course.edge_case_credit,
            Outcome.DIFFERENCES: course.differences_credit,
        }
        self.unit = unit
        self.draw = draw
        self.submission = submission
        self.student = Student(submission, unit.module, limits, stack, (), provided(unit), driver(unit.id))
        self.printed: int | None = 0
        self.absent: list[str] = []
        self.notes = [*submission.beside]  # for a person to look at
        self.once: set[str] = set()  # what is not said of each function
        self.student.spawn()  # it starts while the checks are loaded
        try:
            self.checks = load_checks(unit)
            self.student.questions.allowed = allowed(unit)
        except BaseException:
            self.student.close()
            raise

    def load(self) -> StudentError | None:
        """Import the module; the error if that fails."""
        try:
            self.student.start()
        except StudentError as error:
            return error
        if self.student.left_out and not any(item.id in self.student.names for item in self.unit.exercises):
            words = " ".join(["None of the functions is there.", *self.student.left_out])
            self.student.left_out = []  # said
            return StudentError("", Outcome.CRASHED, f"{self.submission.main} cannot be read as it is: {words}")
        self.student.left_out += [*self.submission.beside, *debugger(self.text())]
        odd = decode(self.source_bytes())[1]
        if odd:
            self.student.left_out.append(f"{self.submission.main} {odd}.")
        self.printed = self.student.printed()  # while it was imported
        self.absent = [*self.student.absent]
        return None

    def close(self) -> None:
        self.student.close()

    @contextmanager
    def alone(self) -> Iterator[Student]:
        """The same module in a process of its own, in which nothing has been called yet."""
        now = self.student
        fresh = Student(self.submission, now.module, now.limits, now.stack, (), now.provided, now.driver)
        try:
            yield fresh
        finally:
            fresh.close()

    @contextmanager
    def replaced(self, chosen: tuple[StandIn, ...]) -> Iterator[None]:
        """The same module, some of its functions replaced, while the block runs; its prints then do not count."""
        before = self.student.printed()
        with self.student.replaced(chosen):
            yield
        if self.printed is not None:
            self.printed += self.student.printed() - before

    def output(self) -> str:
        return self.student.output

    def exercise(self, item: Exercise, earlier: dict[str, ExerciseResult]) -> ExerciseResult:
        """Judge one exercise end to end and, where something under it is wrong, by itself."""
        started = time.perf_counter()
        check = self.checks[item.id]
        if item.experiment:  # nothing of what happened before is in its process
            self.student.move()
        self.student.questions.exceeded.clear()
        judgement = self.judged(check, item, earlier, self.draw)
        result = self.result(judgement, check)
        # A stub whose results are all None shows no mistake, though some mistakes leave a None.
        unexplained = (Outcome.PASSED, Outcome.NOT_ATTEMPTED, Outcome.TIMED_OUT, Outcome.RETURNS_NONE)
        wrong = {part.name for part in result.parts if part.outcome is not Outcome.PASSED} - _found(judgement)
        if wrong and result.outcome not in unexplained and not item.experiment:
            below_right = all(earlier[name].outcome is Outcome.PASSED for name in _below(item))
            try:
                with np.errstate(all="ignore"):  # a student's numbers may be anything
                    self.name_what_is_off(result, judgement, check, earlier, below_right)
                if below_right and not self.draw.hidden:
                    found = smallest_failure(check, item, self.student, self.unit.module, self.alone)
                    if found is not None:
                        result.smallest, result.snippet = found.sizes, found.snippet
            except PUZZLES as error:  # an explanation is missing; no point depends on it
                self.puzzled(item, f"{type(error).__name__}: {error}", "what is wrong with it has no name")
        puzzles = [record.puzzle for verdict in judgement.verdicts for record in verdict.records if record.puzzle]
        if puzzles:
            self.puzzled(item, puzzles[0], "it counts as wrong")
        if self.student.lived_with:  # functions of ours, with their text: no later exercise is judged beside them
            self.student.move()
        result.remarks += self.remarks(item, result)
        self.say_twice(result)
        result.seconds = round(time.perf_counter() - started, 4)
        return result

    def puzzled(self, item: Exercise, at: str, so: str) -> None:
        """Note for a person that the judge could make nothing of what came back."""
        words = printable(" ".join(at.split()))[:200]
        self.notes.append(f"{item.id}: the judge stopped at what came back ({words}), so {so}. Please look at it.")

    def judged(self, check: Check, item: Exercise, earlier: dict[str, ExerciseResult], draw: Draw) -> Judgement:
        """Run an exercise's cases on a draw; by itself too, if it is not right and what it builds on may be why."""
        missing = [name for name in check.needs if name not in self.student.names]
        if missing:
            return Judgement(item, [Verdict([self.not_there(item, missing)])])
        cases = check.cases(draw)
        ordinary = [case for case in cases if not case.neutral]
        judgement = Judgement(item, weighed=draw is self.draw)
        self.add(judgement, check, Verdict(self.run(check, item, self.student, ordinary)), exact=True)
        # None in every part is not mended by what stands in for others, unless it comes from what this builds on.
        hopeless = _nothing_there(judgement.verdicts[0]) and all(
            earlier[name].outcome is Outcome.PASSED for name in item.builds_on
        )
        if self.written(item) and not _passed(judgement, item.parts) and not hopeless:
            self.follow_through(judgement, check, item, cases, earlier)
        return judgement

    def not_there(self, item: Exercise, missing: Sequence[str]) -> CaseRecord:
        """What is said of an experiment for which the module lacks functions: nothing is prepared for it then."""
        words = f"{item.id} needs what {self.submission.main} does not define: {', '.join(missing)}."
        parts = {name: Observation(name, Outcome.NOT_ATTEMPTED, words) for name in item.parts}
        return CaseRecord(Case("not run", {}), parts)

    def add(
        self,
        judgement: Judgement,
        check: Check,
        verdict: Verdict,
        chosen: Sequence[StandIn] = (),
        exact: bool = False,
    ) -> None:
        """Add a verdict, and find out whether gradients that are right come from a backward pass.

        Args:
            chosen: what stood in for the student's functions.
            exact: whether gradients of other inputs can be held against right ones.
        """
        judgement.verdicts.append(verdict)
        if check.growing is None or not judgement.weighed:
            return
        names = [name for name in check.growing.parts if name not in verdict.silent]
        right = [name for name in names if _part_verdict(verdict, name)[0] in (Outcome.PASSED, Outcome.EDGE_CASE)]
        if not right:
            return
        verdict.finding = next((other.finding for other in judgement.verdicts if other.chosen and other.finding), None)
        if verdict.finding is not None:  # what it is with some functions replaced it is with others replaced, too
            verdict.found = frozenset(right)
            return
        verdict.chosen = bool(chosen)
        self.student.most_asked, before = MOST_ASKED, self.student.most_asked
        try:
            with self.replaced(tuple(_quick(stand_in) for stand_in in chosen)) if chosen else nullcontext():
                verdict.finding = Growth(self.student, check, self.draw, right, exact).finding()
        finally:
            self.student.most_asked = before
        verdict.found = frozenset(right) if verdict.finding else frozenset()

    def written(self, item: Exercise) -> bool:
        return item.id in self.student.names

    def run(self, check: Check, item: Exercise, student: Student, cases: Sequence[Case]) -> list[CaseRecord]:
        """Run cases, all at once where that can be done."""
        if check.together and len(cases) > 1:
            found = run_together(check, item.parts, student, cases)
            if found is not None:
                return found
        records: list[CaseRecord] = []
        timeouts = 0
        for case in cases:
            if timeouts >= MOST_TIMEOUTS:
                record = CaseRecord(case)
                last = records[-1]
                record.given_ok = last.given_ok
                record.parts = {
                    name: Observation(name, seen.outcome, seen.message) for name, seen in last.parts.items()
                }
            else:
                record = run_case(check, item.parts, student, case)
                timeouts += any(seen.outcome is Outcome.TIMED_OUT for seen in record.parts.values())
            records.append(record)
        return records

    def follow_through(
        self,
        judgement: Judgement,
        check: Check,
        item: Exercise,
        cases: Sequence[Case],
        earlier: dict[str, ExerciseResult],
    ) -> None:
        """Judge an exercise apart from the mistakes of what it builds on: one bug costs once."""
        wrong_below = [name for name in item.builds_on if earlier[name].outcome is not Outcome.PASSED]
        # A forward that is right only with a right step below it still left a wrong cache here.
        forward_wrong = item.forward is not None and (
            earlier[item.forward].outcome is not Outcome.PASSED
            or any(not record.given_ok for record in judgement.verdicts[0].records)
        )
        timed_out = any(
            seen.outcome is Outcome.TIMED_OUT
            for record in judgement.verdicts[0].records
            for seen in record.parts.values()
        )
        ordinary = [case for case in cases if not case.neutral]
        neutral = [case for case in cases if case.neutral]
        if forward_wrong and not timed_out:
            records = judgement.verdicts[0].records + self.run(check, item, self.student, neutral)
            how = f"judged on draws on which {item.forward} is right"
            self.keep_fair(judgement, check, records, how)
            self.other_convention(judgement, check, item, ordinary)
        stand_ins = tuple(s for s in check.stand_ins if s.name in item.builds_on)
        if wrong_below and stand_ins and not _passed(judgement, item.parts):
            for chosen in _choices(stand_ins, wrong_below):
                how = f"judged with a correct {' and '.join(s.name for s in chosen)} in place of yours"
                with self.replaced(chosen):
                    records = self.run(check, item, self.student, ordinary)
                self.add(judgement, check, Verdict(records, how), chosen)
                if _nothing_there(judgement.verdicts[-1]):
                    return
                if forward_wrong and not _passed(judgement, item.parts):
                    with self.replaced(chosen):
                        records = records + self.run(check, item, self.student, neutral)
                    self.keep_fair(judgement, check, records, how, chosen)
                if _passed(judgement, item.parts):
                    return
        if forward_wrong and not timed_out:
            attempts = _mended(check.stand_ins, item, False)
            attempts += _mended(check.stand_ins, item, True) if wrong_below else []
            for chosen in attempts:
                with self.replaced(chosen):
                    records = self.run(check, item, self.student, ordinary)
                self.add(judgement, check, Verdict(records, f"judged as if {item.forward} were right"), chosen)
                if _passed(judgement, item.parts) or _nothing_there(judgement.verdicts[-1]):
                    return

    def other_convention(self, judgement: Judgement, check: Check, item: Exercise, cases: Sequence[Case]) -> None:
        """Add a verdict by the convention that the student's forward follows in every case, if it is a known one."""
        for run in () if _passed(judgement, item.parts) else check.conventions:
            other = replace(check, run=run)
            records = self.run(other, item, self.student, cases[:1])
            if records[0].given_ok:
                records += self.run(other, item, self.student, cases[1:])
            if all(record.given_ok for record in records):
                how = f"judged as the gradient of what your {item.forward} computes"
                self.add(judgement, check, Verdict(records, how))
                return

    def keep_fair(
        self,
        judgement: Judgement,
        check: Check,
        records: list[CaseRecord],
        how: str,
        chosen: Sequence[StandIn] = (),
    ) -> None:
        """Add a verdict on the cases whose forward pass is right, if they are enough to judge by."""
        fair = [record for record in records if record.given_ok]
        if sum(not record.case.edge for record in fair) < FEWEST_JUDGED:
            return
        # Where a right value is zero in all of them, whoever returns zeros is right: nothing is shown.
        silent = frozenset(name for name in judgement.exercise.parts if not _shown(fair, name))
        self.add(judgement, check, Verdict(fair, how, silent), chosen)

    def result(self, judgement: Judgement, check: Check) -> ExerciseResult:
        """Points, outcomes and words."""
        item = judgement.exercise
        parts = [self.part(judgement, name) for name in item.parts]
        # Of shares, not of rounded points: six sixths of eight points are eight.
        shares = (self.shares.get(part.outcome, 0.0) for part in parts)
        points = _tidy(sum(share * item.part_points(part.name) for share, part in zip(shares, parts, strict=True)))
        outcome = _overall(parts)
        result = ExerciseResult(item.id, points, item.points, outcome, parts)
        _first_message(result, judgement)
        records = judgement.verdicts[0].records if self.unit.engine == "numpy" else ()  # torch's usual precision
        if any(seen.single_precision for record in records for seen in record.parts.values()):
            result.remarks.append("Right, in single precision (float32); float64 has twice the digits.")
        return result

    def name_what_is_off(
        self,
        result: ExerciseResult,
        judgement: Judgement,
        check: Check,
        earlier: dict[str, ExerciseResult],
        below_right: bool,
    ) -> None:
        """Known mistakes; for parts that no list explains, the kind of deviation.

        Mistakes are looked for on the visible draw, whatever draw is judged: what each of them does there was
        worked out ahead of time, so that no mistake's code runs while a submission is judged.
        """
        item = judgement.exercise
        shown = self.judged(check, item, earlier, visible_draw()) if self.draw.hidden else judgement
        wrong = {part.name for part in result.parts if part.outcome is not Outcome.PASSED} - _found(judgement)
        known = self.known(item, check, shown)
        left = wrong.difference(*(parts for _, parts in known))
        right_below = frozenset(name for name in _below(item) if earlier[name].outcome is Outcome.PASSED)
        general: list[Detected] = []
        # The visible draw first, for the name to be the same whatever draw is judged.
        for judged in (shown, judgement) if shown is not judgement else (judgement,):
            if left:
                general += self.detected(judged, check, left, below_right, right_below)
                left = left.difference(*(kind.parts for kind in general))
        ids = [mistake.id for mistake, _ in known] + [f"{GENERAL}{kind.id}" for kind in general]
        result.mistake = "+".join(ids) or None
        _say(result, [*(mistake for mistake, _ in known), *(kind for kind in general if not self.said_before(kind))])

    def known(self, item: Exercise, check: Check, shown: Judgement) -> list[tuple[Mistake, set[str]]]:
        """Known mistakes and the parts that they explain: single ones, and two at once where no single ones do.

        End to end first; where what it builds on is wrong too, a mistake may show only when judged by itself.
        """
        for verdict in shown.verdicts:
            single = recognise(self.unit, item, check, verdict.records, visible_draw())
            explained: set[str] = set().union(*(parts for _, parts in single))
            wrong = {name for record in verdict.records for name, seen in record.parts.items() if not seen.ok}
            if wrong - explained:
                both, parts = recognise_together(self.unit, item, check, verdict.records)
                if parts - explained:
                    others = [(one, theirs) for one, theirs in single if one not in both and theirs - parts]
                    return [*((one, parts) for one in both), *others]
            if single:
                return single
        return []

    def said_before(self, kind: Detected) -> bool:
        """Whether it has been said of an earlier function, and need not be said of each."""
        before = kind.id in self.once
        if kind.id in SAID_ONCE:
            self.once.add(kind.id)
        return before

    def detected(
        self, judgement: Judgement, check: Check, wrong: set[str], below_right: bool, right_below: frozenset[str]
    ) -> list[Detected]:
        """What general detectors say about some parts that are not right."""
        item = judgement.exercise
        for verdict in judgement.verdicts if below_right else [*judgement.verdicts[1:], judgement.verdicts[0]]:
            wanted = wrong - verdict.silent
            found = evidence(verdict.records, check)
            found.below_right = below_right
            first = verdict is judgement.verdicts[0]
            named: list[Detected] = []
            if first and keeps_state(self.source(), item.id):
                named += self.remembers(item, check, verdict.records, wanted)
            named += self.crashed(item, verdict.records, wanted - _named(named), right_below)
            named += detect(found, wanted - _named(named))
            if wrong - _named(named) and below_right and first:
                self.look_closer(found, item, check, verdict.records)
                closer = detect(found, wanted - _named(named))
                named += closer or self.remembers(item, check, verdict.records, wanted - _named(named))
            if named:
                return named
        return []

    def crashed(
        self, item: Exercise, records: Sequence[CaseRecord], wanted: set[str], right_below: frozenset[str]
    ) -> list[Detected]:
        """What an exception means here, told from its words and the student's text."""
        failed = [record for record in records if any(not record.parts[name].ok for name in wanted)]
        for record in sorted(failed, key=lambda one: bool(one.case.edge)):
            parts = tuple(name for name in item.parts if name in wanted and not record.parts[name].ok)
            seen = record.parts[parts[0]]
            if seen.got == "a Tensor":
                return [replace(TORCH, parts=parts)]
            error = seen.error
            if error is None or not error.frames:
                continue
            file = error.frames[-1][0]
            frames = [(line, function) for name, line, function in error.frames if name == file]
            crash = Crash(item.id, error.kind, error.words, frames, right_below)
            kind = explain(self.submission.files.get(file, b""), crash)
            if kind is not None:
                edges = sorted({one.case.edge for one in failed})
                only = all(edges) and any(one.parts[parts[0]].ok for one in records)
                title = f"at {' and '.join(edges)}: {kind.title}" if only else kind.title
                return [replace(kind, title=title, parts=parts)]
        return []

    def remembers(
        self, item: Exercise, check: Check, records: Sequence[CaseRecord], wanted: set[str]
    ) -> list[Detected]:
        """Whether a case that is wrong after others is right when it is judged alone: something stays between calls."""
        if self.unit.engine == "torch" and not keeps_state(self.source(), item.id):
            return []  # a process with torch takes seconds to start
        found: set[str] = set()
        for record in [one for one in records if any(not one.parts[name].ok for name in wanted)][:MOST_ALONE]:
            wrong = {name for name in wanted if not record.parts[name].ok}
            with self.alone() as fresh:
                again = run_case(check, item.parts, fresh, record.case)
            found |= {name for name in wrong if again.parts[name].ok}
        return [kept_between_calls(self.source(), item.id, found)] if found else []

    def look_closer(self, found: Evidence, item: Exercise, check: Check, records: Sequence[CaseRecord]) -> None:
        """Run the function again: with inputs set to zero, and watching what is changed in place."""
        if any(seen.outcome in (Outcome.TIMED_OUT, Outcome.CRASHED) for r in records for seen in r.parts.values()):
            return
        ordinary = [record.case for record in records if not record.case.edge]
        zeroed = {}
        for name in ZEROED:
            if ordinary and all(name in case.inputs for case in ordinary):
                again = self.run(check, item, self.student, [_zeroed(case, name) for case in ordinary])
                zeroed[name] = {
                    part for part in item.parts if all(r.parts[part].ok and np.any(r.parts[part].right) for r in again)
                }
        found.zeroed = zeroed
        before = [record for record in records if not record.case.edge]
        found.idle = without_effect(before, item, lambda cases: self.run(check, item, self.student, cases))
        changed: list[str] = []
        for other in (*item.builds_on, item.id):
            case = next(case for case in self.checks[other].cases(self.draw) if not case.neutral and not case.edge)
            watch = Watch(self.student, case)
            run_case(self.checks[other], self.unit.exercise(other).parts, watch, case)
            changed += [words for words in watch.changed if words not in changed]
        found.changed = self.harmful(changed, item, check, records)

    def harmful(
        self, changed: Sequence[str], item: Exercise, check: Check, records: Sequence[CaseRecord]
    ) -> Sequence[str]:
        """Those changes in place that are why a part is wrong.

        Not what the exercise does to its own arguments, which nobody reads again; and not what the functions below it
        do, if nothing gets right with functions in their place that change nothing.
        """
        below = [words for words in changed if not words.startswith(f"{item.id} ")]
        stand_ins = tuple(s for s in check.stand_ins if s.name in item.builds_on)
        if not below or not stand_ins:
            return below
        with self.replaced(stand_ins):
            again = self.run(check, item, self.student, [record.case for record in records])
        wrong = [part for part in item.parts if not all(record.parts[part].ok for record in records)]
        return below if any(all(record.parts[part].ok for record in again) for part in wrong) else []

    def remarks(self, item: Exercise, result: ExerciseResult) -> list[str]:
        """What costs nothing and is worth a word."""
        said = []
        if self.absent:
            barred = [name for name in self.absent if BarredFinder.bars(name, self.unit.imports)]
            missing = ", ".join(name for name in self.absent if name not in barred)
            if missing:
                said.append(f"The module imports {missing}, which is not here: whatever uses it cannot work.")
            if barred:
                said.append(
                    f"The module imports {', '.join(barred)}, which is not here in this unit "
                    f"({', '.join(self.unit.imports)} and Python's own modules are): whatever uses it cannot work."
                )
            self.absent = []  # said once
        if self.printed is not None and self.student.printed() > self.printed and self.written(item):
            said.append(f"{item.id} prints while it runs; in training that is thousands of lines.")
            self.printed = None  # said once: what is kept of the output is cut, so that later ones cannot be told
        if result.outcome is Outcome.PASSED and self.squeezes(item):
            said.append(
                f"{item.id} calls squeeze() without an axis, which also removes the axis of a batch of one; "
                "it is right here, but name the axis."
            )
        asked = sorted({s.name for s in self.checks[item.id].stand_ins} & self.student.questions.exceeded)
        if asked and result.outcome is not Outcome.PASSED:
            said.append(
                f"With a right {' and '.join(asked)} in place of yours, {item.id} asked for more of its results than "
                "any right version does. It was not given them, and this way of judging it counts for nothing."
            )
        changed = self.student.changed.get(item.id, set())
        if result.outcome is Outcome.PASSED and changed:
            names = _parameters(self.source(), item.id)
            what = ", ".join(names[place] if place < len(names) else f"number {place + 1}" for place in sorted(changed))
            said.append(f"{item.id} changes its argument {what} in place; whoever needs it again gets something else.")
        return said

    def say_twice(self, result: ExerciseResult) -> None:
        """Say that a function that is not right stands in the file more than once: a stub was left, or pasted again."""
        if result.outcome is Outcome.PASSED:
            return
        lines = definitions(self.text(), result.id)
        if len(lines) < 2:
            return
        times = "twice" if len(lines) == 2 else f"{len(lines)} times"
        if result.message == f"{result.id} is not written yet.":
            result.message = (
                f"{result.id} is defined {times}; the last definition, line {lines[-1]}, is the stub, and the last one "
                "counts. Remove it."
            )
        else:
            places = ", ".join(map(str, lines))
            result.remarks.append(f"{result.id} is defined {times} (lines {places}); the last one counts.")

    def text(self) -> str:
        """The text of the student's module."""
        return decode(self.source_bytes())[0]

    def source_bytes(self) -> bytes:
        """The student's module as it was handed in."""
        main = self.submission.main
        return self.submission.files.get(main, b"") if main else b""

    def source(self) -> bytes:
        """The text of the student's module, in UTF-8."""
        return self.text().encode()

    def squeezes(self, item: Exercise) -> bool:
        """Whether the function's text has a squeeze() without an axis."""
        source = self.source()
        return b"squeeze" in source and _bare_squeeze(source, item.id)

    def part(self, judgement: Judgement, name: str) -> PartResult:
        """The best verdict on one part, and its points."""
        most = judgement.exercise.part_points(name)
        judged = [_part_verdict(verdict, name) for verdict in judgement.verdicts if name not in verdict.silent]
        share = self.shares
        best = max(judged, key=lambda found: share.get(found[0], 0.0))
        outcome, seen, how = best
        message = seen.message
        if how and outcome in share:
            message = f"Right by itself ({how}). {message}".strip()
        return PartResult(
            name, outcome, _tidy(most * share.get(outcome, 0.0)), _tidy(most), message, seen.expected, seen.got
        )


class Watch(Caller):
    """A student whose functions are watched for arguments that they change in place."""

    def __init__(self, student: Student, case: Case) -> None:
        self.student = student
        self.names = {id(value): name for name, value in case.inputs.items()}
        self.changed: list[str] = []

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        value, changed = self.student.call_and_watch(name, args, keep, factor)
        for argument, other in zip(args, changed, strict=True):
            if other:
                self.changed.append(f"{name} changes its argument {self.names.get(id(argument), '')}".strip())
        return value, changed

    def reset(self) -> None:
        self.student.reset()


def _named(kinds: Sequence[Detected]) -> set[str]:
    """The parts that have a name."""
    return {part for kind in kinds for part in kind.parts}


def _found(judgement: Judgement) -> set[str]:
    """Gradients that are right in all cases of some verdict, and of which larger inputs say something else."""
    return {name for verdict in judgement.verdicts for name in verdict.found}


def _quick(stand_in: StandIn) -> StandIn:
    """The same for wide inputs, where only the work of what calls it counts: a backward function answers zeros."""
    if stand_in.kind != "backward":
        return stand_in
    first = len(stand_in.parameters) - 1  # of the inputs, after the upstream gradients
    zeros = lambda *values: tuple(np.zeros_like(value) for value in values[first:])  # noqa: E731 - one expression
    return replace(stand_in, kind="backward alone", compute=zeros)


def _below(item: Exercise) -> set[str]:
    return set(item.builds_on) | ({item.forward} if item.forward else set())


def _say(result: ExerciseResult, named: Sequence[Mistake | Detected]) -> None:
    result.mistake_title = " · ".join(one.title for one in named) or None
    rungs = itertools.zip_longest(*(one.hints for one in named))
    result.hints = [hint for rung in rungs for hint in rung if hint is not None]  # each one's question first
    result.hint = result.hints[0] if result.hints else None


def _zeroed(case: Case, name: str) -> Case:
    """The same case with one input zero."""
    value = case.inputs[name]
    zero = [np.zeros_like(v) for v in value] if isinstance(value, list) else np.zeros_like(value)
    return replace(case, inputs=case.inputs | {name: zero})


@lru_cache(maxsize=256)
def _definition(source: bytes, name: str) -> ast.FunctionDef | None:
    """A function of a student's module as it is written there; None if it is made in another way.

    Only its own lines are parsed, where they can be told without parsing all: from its ``def`` to the next line that
    is neither indented nor a comment. If that line is part of it (in brackets, in a text), what is before is no Python.
    """
    own = re.findall(rb"^def[ \t]+%b\b.*?(?=^[^\s#]|\Z)" % name.encode(), source, re.MULTILINE | re.DOTALL)
    for text in (own[0] if len(own) == 1 else b"", source):
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return node
    return None


def _parameters(source: bytes, name: str) -> list[str]:
    """Names of a function's positional parameters, as the student calls them."""
    function = _definition(source, name)
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)] if function else []


def _bare_squeeze(source: bytes, name: str) -> bool:
    function = _definition(source, name)
    for node in ast.walk(function) if function else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "squeeze":
            owner = node.func.value
            of_numpy = isinstance(owner, ast.Name) and owner.id in ("np", "numpy")
            if not node.keywords and len(node.args) == of_numpy:
                return True
    return False


def _choices(stand_ins: Sequence, wrong_below: Sequence[str]) -> list[tuple]:  # type: ignore[type-arg]
    """Which functions to replace: the wrong ones with their partners first, then all."""
    pairs = [s for s in stand_ins if s.name in wrong_below or _partner_wrong(s.name, wrong_below)]
    choices = [tuple(pairs)] if pairs else []
    if len(pairs) < len(stand_ins):
        choices.append(tuple(stand_ins))
    return choices


def _mended(stand_ins: Sequence[StandIn], item: Exercise, wrong_below: bool) -> list[tuple[StandIn, ...]]:
    """A right forward in the place of a wrong one: with the student's own cache, then with a mended one."""
    if not any(s.name == item.forward for s in stand_ins):
        return []
    wanted = [s for s in stand_ins if s.name == item.forward or s.kind == "forward" or wrong_below]
    return [
        tuple(replace(s, mended=mended and s.kind == "forward") for s in wanted if s.name != item.id)
        for mended in (False, True)
    ]


def _partner_wrong(name: str, wrong_below: Sequence[str]) -> bool:
    """A forward and its backward stand in together: one's cache is the other's input."""
    stem = name.removesuffix("_forward").removesuffix("_backward")
    return any(other.removesuffix("_forward").removesuffix("_backward") == stem for other in wrong_below)


def _part_verdict(verdict: Verdict, name: str) -> tuple[Outcome, Observation, str]:
    """Outcome of one part over all cases of a verdict, with the observation that shows it best."""
    if verdict.finding is not None and name in verdict.found:
        seen = verdict.records[0].parts[name]
        shown = Observation(name, verdict.finding.outcome, verdict.finding.message, seen.expected, seen.got)
        return verdict.finding.outcome, shown, verdict.how
    return _by_cases(verdict, name)


def _by_cases(verdict: Verdict, name: str) -> tuple[Outcome, Observation, str]:
    seen = [(record.case, record.parts[name]) for record in verdict.records]
    failed = [(case, found) for case, found in seen if not found.ok]
    if not failed:
        return Outcome.PASSED, seen[0][1], verdict.how
    ordinary_right = any(found.ok for case, found in seen if not case.edge)
    if all(case.edge for case, _ in failed) and ordinary_right:
        edges = sorted({case.edge for case, _ in failed})
        case, found = failed[0]
        message = f"Right, except at {' and '.join(edges)}: {found.message}"
        shown = Observation(name, Outcome.EDGE_CASE, message, found.expected, found.got)
        return Outcome.EDGE_CASE, shown, verdict.how
    case, found = next(((c, f) for c, f in failed if not c.edge), failed[0])
    message = found.message
    if any(other.ok for other_case, other in seen if not other_case.edge):
        message = f"{message} (It fails for: {case.name}.)"
    shown = Observation(name, found.outcome, message, found.expected, found.got, found.value, found.kind)
    return found.outcome, shown, verdict.how


def _shown(records: Sequence[CaseRecord], part: str) -> bool:
    """Whether a part's right value is other than zero in some ordinary case."""
    right = [record.parts[part].right for record in records if not record.case.edge]
    return any(value is None or np.any(value) for value in right)


def _nothing_there(verdict: Verdict) -> bool:
    """Whether all parts are None in all cases."""
    return all(seen.outcome is Outcome.RETURNS_NONE for record in verdict.records for seen in record.parts.values())


def _passed(judgement: Judgement, parts: Sequence[str]) -> bool:
    return all(
        any(
            _part_verdict(verdict, name)[0] is Outcome.PASSED
            for verdict in judgement.verdicts
            if name not in verdict.silent
        )
        for name in parts
    )


def _overall(parts: Sequence[PartResult]) -> Outcome:
    """One word for an exercise."""
    outcomes = [part.outcome for part in parts]
    if len(set(outcomes)) == 1:
        return outcomes[0]
    if any(part.points > 0 for part in parts):
        failing = {outcome for outcome in outcomes if outcome is not Outcome.PASSED}
        return failing.pop() if failing in ({Outcome.EDGE_CASE}, {Outcome.DIFFERENCES}) else Outcome.PARTLY
    return next(outcome for outcome in outcomes if outcome is not Outcome.NOT_ATTEMPTED)


def _first_message(result: ExerciseResult, judgement: Judgement) -> None:
    """The first thing to look at: the message of the first part that is not right."""
    if result.outcome is Outcome.PASSED:
        apart = next((part.message for part in result.parts if part.message), "")
        if apart:
            result.message = f"{apart} What it builds on is not right yet: mend that first."
        return
    wrong = next(part for part in result.parts if part.outcome is not Outcome.PASSED)
    result.message = wrong.message
    given = next((r.given_message for r in judgement.verdicts[0].records if not r.given_ok and r.given_message), "")
    if given and judgement.exercise.forward and wrong.outcome is Outcome.WRONG_VALUES:
        result.message = f"{wrong.message} But look first at {judgement.exercise.forward}: {given}"
