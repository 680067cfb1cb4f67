"""Tells a backward pass from differences of forward passes, by how its work grows.

A backward pass does a few times the work of its forward pass, however many numbers it is differentiated by. Differences
(one-sided, central, complex steps, dual numbers, stacked or not, kept by the forward or not) need a forward pass for
every number, or for every column of the inputs at the very least: where the inputs are ``n`` times as wide, that is
``n`` times as many forward passes, each of them ``n`` times as long.

So forward and backward are called together on inputs that grow along one axis, and the judge reads the processor time
of the worker's process. Two figures, both without a unit, tell the two apart whatever the machine and the style:

- *share*: the time for one column, in forward passes, each as quick as ours;
- *growth*: the time for one column, in units of what it is on narrow inputs.

Right code that is slow (loops over entries, a Jacobian per sample, ``np.vectorize``) has a growth of 1 and a share
that falls; differences have a share of 1 or more and a growth that rises. The product decides.

Not told apart: differences of which each moves much at once, where the loss is a sum over parts that do not meet (one
row of a softmax at a time, say). Their work grows like that of a backward pass, and whoever writes them has seen which
output depends on which input.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checking import Case, Check, planned
from autograder.draws import Draw
from autograder.gradcheck import COMPLEX_STEP, as_array
from autograder.results import Outcome
from autograder.student import Answer, Student, StudentError

#: Columns of the inputs at first sight; nearly all right code is done with then. Wide enough for differences to be
#: many times as slow as a backward pass, and small: messages of some kilobytes.
FIRST = 256
#: A share that no differences have: at FIRST, theirs is 1 at the least, that of code without loops 0.15 at the most.
QUICK = 0.3
#: Columns of the inputs by which growth is measured, and how often: its median counts.
NARROW, REPEATED = 64, 3
#: Columns, and how many times the exercise's :attr:`~autograder.checking.Growing.slowest` share times growth must be to
#: show differences. Measured on the reference, on tests/alternatives and on tests/gradient_styles.py, in units of
#: `slowest`: right versions reach 2.5 on 256 columns, 1.7 on 1024, 1.0 on 4096 and 0.2 on 16384. One-sided differences
#: reach 4, 4, 6 and more than 10; those of one argument alone 1.4, 1.8, 2.4 and more than 6; of columns at once 3.5 on
#: 16384. So the last decides; the others spare time.
LEVELS = ((FIRST, 30.0), (1024, 8.0), (4096, 4.0), (16384, 1.0))
#: On so many columns and more, a growth that is no more than this shows that it is no differences: theirs is 1.35 at
#: the least, that of slow right code 1.05 at the most.
ENOUGH_SEEN, STEADY = 4096, 1.2
#: Values of larger inputs are not held against right ones: results in lists may be too many for one message.
VALUES_UP_TO = 1024
#: Processor time of the first calls after which they are stopped: a hundred times what the slowest right code takes.
FIRST_SECONDS = 1.0
#: Processor time of later calls after which they are stopped: far more than slow right code takes.
MOST_SECONDS = 8.0
#: Entries of the arrays of one question that student code may ask while it is measured.
MOST_ASKED = 400_000
#: Largest error of a gradient's projection, relative to its length; float32 is off by 1e-6.
PROJECTION_RTOL = 1e-3

#: What is said of differences.
BY_DIFFERENCES = (
    "The values are right, but they come from differences of forward passes, one for each number: the work grows like "
    "the square of the inputs'. That is how to check a backward pass, not one itself: a training step would cost "
    "thousands of forward passes. Derive the gradients, and compute them from what the forward pass kept."
)


#: Exercise -> seconds that a forward pass of FIRST columns took us when it was first asked for: near enough at first
#: sight. Who is looked at more closely is held against what is measured at the same time.
_FORWARD: dict[str, float] = {}


@dataclass(frozen=True)
class Finding:
    """Why gradients that are right are not worth their points."""

    outcome: Outcome
    message: str


@dataclass(frozen=True)
class Reading:
    """One measurement."""

    columns: int
    seconds: float
    stopped: bool = False
    wrong: Finding | None = None  # what came of the calls, if not the right gradients

    @property
    def each(self) -> float:
        """Seconds per column."""
        return self.seconds / self.columns


class Growth:
    """Measures one exercise of one student."""

    def __init__(self, student: Student, check: Check, draw: Draw, parts: Sequence[str], exact: bool) -> None:
        """
        Args:
            student: with the stand-ins of the verdict, if there are any.
            check: of the exercise; it has a :class:`~autograder.checking.Growing`.
            draw: where the inputs come from.
            parts: gradients that are right on ordinary cases.
            exact: whether the values that come back can be held against right ones.
        """
        assert check.growing is not None
        self.student = student
        self.check = check
        self.growing = check.growing
        self.draw = draw
        self.parts = parts
        self.exact = exact
        self.known: dict[int, Case] = {}
        self.yardsticks: dict[int, float] = {}

    def finding(self) -> Finding | None:
        """What is to be said of gradients that are right on small inputs; None if they come from a backward pass."""
        first = self.read(FIRST, FIRST_SECONDS)
        if first.wrong is not None:
            return first.wrong
        if self.check.exercise_id not in _FORWARD:
            _FORWARD[self.check.exercise_id] = self.yardstick(FIRST)
        if first.each <= QUICK * _FORWARD[self.check.exercise_id]:
            return None
        readings = [self.read(NARROW, FIRST_SECONDS) for _ in range(REPEATED)]
        for reading in readings:
            if reading.wrong is not None:
                return reading.wrong
        narrow = statistics.median(reading.each for reading in readings)
        least = min(reading.each for reading in readings)
        for columns, times in LEVELS:
            # share * growth = (each / yardstick) * (each / narrow)
            enough = columns * math.sqrt(times * self.growing.slowest * narrow * self.yardstick(columns))
            enough = min(enough, MOST_SECONDS)
            reading = first if columns == FIRST else self.read(columns, enough)
            if reading.wrong is not None:
                # A right backward pass of this width needs a few megabytes; what needs gigabytes shows nothing.
                return None if reading.wrong.outcome is Outcome.OUT_OF_MEMORY else reading.wrong
            if reading.seconds >= enough:
                return Finding(Outcome.DIFFERENCES, BY_DIFFERENCES)
            if columns >= ENOUGH_SEEN and reading.each <= STEADY * least:
                return None
        return None

    def case(self, columns: int) -> Case:
        """Inputs of so many columns."""
        if columns not in self.known:
            rng = self.draw.rng(f"{self.check.exercise_id}, {columns} columns")
            self.known[columns] = Case(f"{columns} columns", self.growing.inputs(rng, columns))
        return self.known[columns]

    def yardstick(self, columns: int) -> float:
        """Seconds that a forward pass takes us: the shortest of several."""
        if columns not in self.yardsticks:
            case = self.case(columns)
            arguments = self.growing.arguments(case)
            tries = range(3 if columns > FIRST else 9)
            self.yardsticks[columns] = min(_seconds_of(self.growing.loss, case, *arguments) for _ in tries)
        return self.yardsticks[columns]

    def read(self, columns: int, most: float) -> Reading:
        """Call forward and backward together, as the check does, for at most so many seconds of processor time."""
        case = self.case(columns)
        answers, seconds = self.student.work(planned(self.check, (), case), most)
        last, exact = answers[-1], self.exact and columns <= VALUES_UP_TO
        if isinstance(last, StudentError):
            if last.category == "too_much_work":
                return Reading(columns, most, stopped=True)
            if last.category == "unsendable" and columns > VALUES_UP_TO:
                return Reading(columns, seconds)
            words = f"Right for few columns; with {columns} of them: {last.message}"
            return Reading(columns, seconds, wrong=Finding(last.outcome, words))
        return Reading(columns, seconds, wrong=self.deviation(case, last) if exact else None)

    def deviation(self, case: Case, answer: Answer) -> Finding | None:
        """Hold gradients against the derivative of the loss in a direction drawn for it; None if they are right."""
        columns = case.name
        try:
            got = self.growing.found(answer[0]) if self.growing.found else answer[0]
            got = [got] if len(self.growing.parts) == 1 and not self.growing.found else list(got)
        except (TypeError, KeyError, IndexError, AttributeError):
            got = []
        arguments = self.growing.arguments(case)
        rng = self.draw.rng(f"{self.check.exercise_id}, direction")
        moved, slope, length = [], 0.0, 0.0
        for part, argument, value in zip(self.growing.parts, arguments, [*got, *[None] * len(arguments)], strict=False):
            direction = rng.normal(size=argument.shape) if part in self.parts else np.zeros(argument.shape)
            moved.append(argument + COMPLEX_STEP * 1j * direction)
            if part in self.parts:
                array = as_array(value)
                if array is None or array.shape != argument.shape:
                    return Finding(Outcome.WRONG_VALUES, f"{part} is right for few columns, but not with {columns}.")
                slope += float(np.sum(direction * array))
                length += float(np.sum(array.astype(np.float64) ** 2))
        right = float(np.imag(self.growing.loss(case, *moved))) / COMPLEX_STEP
        if abs(slope - right) <= PROJECTION_RTOL * max(np.sqrt(length), 1e-2):
            return None
        return Finding(Outcome.WRONG_VALUES, f"Right for few columns, but not with {columns}.")


def _seconds_of(function: Callable[..., Any], *arguments: Any) -> float:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started
