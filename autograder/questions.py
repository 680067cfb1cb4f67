"""How much a student's code may ask of functions that the judge computes for it.

What stands in for a wrong function, and what ``coursekit.upstream`` gives, answers what a right version of the
exercise asks, and no more: else differences of a right forward pass would make a backward pass without a formula,
and a right function of one exercise another. What is counted is numbers, not questions, for a thousand questions
fit into one: a batch has as many rows as one likes, and blocks of one matrix are many matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograder.student import Call, StandIn

#: From the arguments of a call to how many numbers a right version asks of another function while it runs.
Most = Callable[..., float]
Allowed = Mapping[str, Mapping[str, Most]]  # function that is called -> function that it may ask -> numbers

#: Numbers of each upstream function while a module is imported: it knows no inputs yet, so nothing is given away.
AT_IMPORT = 10_000


#: A right version may compute something a second time.
SLACK = 2

#: Who calls a backward function for each of its results, as in ``dWx = step_backward(...)[2]``, is slow, not wrong.
RESULTS = 6


def of_states(x: Any, h0: Any, *rest: Any) -> int:
    """Numbers of all states of a sequence, with slack: what a forward pass asks of its step."""
    return SLACK * int(np.shape(x)[1] * np.size(h0))


def nothing(*inputs: Any) -> int:
    """A backward function has what it needs from its own forward pass already: it asks it nothing more."""
    return 0


def backward_asks(step: str, sequence: str, states: int = 1) -> dict[str, Most]:
    """What the backward pass of a sequence asks: its steps backward, and before them all steps forward again.

    Args:
        step, sequence: the beginnings of the functions' names. states: how many states a step returns.
    """
    return {
        f"{step}_forward": lambda dh, _: SLACK * states * np.size(dh),
        f"{step}_backward": lambda dh, _: RESULTS * np.size(dh),
        f"{sequence}_forward": nothing,
    }


class Refused(Exception):
    """A question that is not answered; says why, in words for the student."""


class Questions:
    """Counts what is asked during one exchange with a worker, of which nothing is believed."""

    def __init__(self, allowed: Allowed) -> None:
        self.allowed = allowed
        self.exceeded: set[str] = set()  # functions of which more was asked than is answered
        self._judged = ""
        self._left: dict[str, float] = {}
        self._asked: set[tuple[str, Any]] = set()

    def importing(self, names: Sequence[str]) -> None:
        """From now on the module is imported."""
        self._judged, self._asked = "", set()
        self._left = dict.fromkeys(names, AT_IMPORT)

    def begin(self, calls: Sequence[Call], standing: Sequence[StandIn]) -> None:
        """From now on these calls are made, with these functions standing in for the student's.

        They share what they may ask: which of them asks, only the worker knows.
        """
        self._judged, self._asked = calls[-1].name if calls else "", set()
        self._left = {}
        in_place = {stand_in.name: stand_in for stand_in in standing}
        for call in calls:
            for name, most in self.allowed.get(call.name, {}).items():
                self._allow(name, most(*call.args))
            own = in_place.get(call.name)
            if own is not None and own.kind in ("plain", "forward"):  # the call itself is a question
                self._allow(own.name, _numbers(own.compute(*call.args)))
                if own.mended and own.steps:  # and the worker goes along the sequence for the cache's sake
                    self._allow(own.steps, self.allowed[call.name][own.steps](*call.args))

    def _allow(self, name: str, numbers: float) -> None:
        self._left[name] = self._left.get(name, 0) + numbers

    def of(self, function: StandIn, unit: str = "") -> Callable[..., Any]:
        """A function as a worker may ask it.

        Args:
            function: what computes.
            unit: the earlier unit that it comes from; nothing for one that stands in for the module's own.
        """
        name = f"{function.name} of {unit}" if unit else function.name

        def answer(*values: Any) -> Any:
            left = self._left.get(function.name)
            if left is None and unit:
                raise Refused(f"{name} cannot be had while {self._judged} is graded")
            if any(np.iscomplexobj(value) for value in values):
                raise TypeError("complex numbers")
            result = function.compute(*values) if left else None
            asked = np.size(values[0]) if function.kind.startswith("backward") else _numbers(result)
            if not left or max(asked, 1) > left:
                self._left[function.name] = 0
                self.exceeded.add(function.name)
                raise Refused(f"{name} answers no more: {self._judged} asks it for more than any right version does")
            self._left[function.name] = left - max(asked, 1)
            self._asked.add((function.name, _key(values)))
            return result

        return answer

    def about(self, function: StandIn, more: Callable[..., Any]) -> Callable[..., Any]:
        """What more the judge tells of a function, for inputs that it was asked about."""

        def answer(*values: Any) -> Any:
            if (function.name, _key(values[: len(function.parameters)])) not in self._asked:
                raise LookupError("not asked for")
            return more(*values)

        return answer


def _numbers(result: Any) -> int:
    """How many numbers a result holds."""
    return sum(map(_numbers, result)) if isinstance(result, (tuple, list)) else int(np.size(result))


def _key(values: Sequence[Any]) -> Any:
    """What is the same for the same values."""
    return tuple((np.shape(value), np.asarray(value).dtype.str, np.asarray(value).tobytes()) for value in values)
