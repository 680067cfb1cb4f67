"""A wrong function called again, with something changed: which inputs have no effect, what stays between calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checking import Case, CaseRecord
from autograder.course import Exercise
from autograder.detectors import Detected
from autograder.gradcheck import as_array
from autograder.student_text import by_chance, keeps_state, parameters_of

#: Cases that are tried with each input changed, and how much a right result has to move for an input to count.
MOST_CASES = 2
LEAST_EFFECT = 1e-3

SEED = 1986


def without_effect(
    records: Sequence[CaseRecord], item: Exercise, run: Callable[[Sequence[Case]], list[CaseRecord]]
) -> dict[str, set[str]]:
    """Inputs whose change moves right results but not the student's: name of the input -> parts.

    Of a backward function only the gradient that comes from above is changed: how the other inputs act on its results
    is what it may get wrong in many ways.

    Args:
        records: of ordinary cases, as they were judged.
        run: judges other cases.
    """
    records = records[:MOST_CASES]
    found: dict[str, set[str]] = {}
    for name in records[0].case.inputs if records else ():
        if item.forward is not None and not name.startswith("d"):
            continue
        cases = [_moved(record.case, name) for record in records]
        if any(case is None for case in cases):
            continue
        again = run([case for case in cases if case is not None])
        parts = {
            part
            for part in item.parts
            if all(_idle(before, after, part) for before, after in zip(records, again, strict=True))
        }
        if parts:
            found[name] = parts
    return found


def _idle(before: CaseRecord, after: CaseRecord, part: str) -> bool:
    """Whether the right result of a part moved and the student's did not."""
    values = [as_array(record.parts[part].value) for record in (before, after)]
    rights = [record.parts[part].right for record in (before, after)]
    if any(value is None for value in (*values, *rights)) or before.parts[part].ok:
        return False
    (got, moved), (right, expected) = values, [np.asarray(one, dtype=np.float64) for one in rights]
    if got is None or moved is None or got.shape != moved.shape or right.shape != expected.shape or not got.size:
        return False
    if not np.array_equal(got, moved, equal_nan=True):
        return False
    return bool(np.max(np.abs(right - expected)) > LEAST_EFFECT * max(float(np.max(np.abs(right))), LEAST_EFFECT))


def _moved(case: Case, name: str) -> Case | None:
    """The same case with other numbers in one input; None if it is no array of numbers."""
    rng = np.random.default_rng(SEED)

    def other(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return value + rng.normal(size=value.shape)
        if isinstance(value, list) and value and all(isinstance(one, np.ndarray) for one in value):
            return [other(one) for one in value]
        return None

    value = case.inputs[name]
    new = other(value)
    if new is None or not np.size(value if isinstance(value, np.ndarray) else 1):
        return None
    return replace(case, inputs=case.inputs | {name: new})


def kept_between_calls(source: bytes, name: str, parts: Collection[str]) -> Detected:
    """What to say of a function that is right in a process of its own, and wrong after other calls."""
    where = keeps_state(source, name)
    title = "a call starts from what an earlier call left"
    if where and "config" in parameters_of(source, name):
        title = "a second call with config None starts from what the first left"
    elif by_chance(source, name) and not where:
        title = "the results differ from call to call: chance is in them"
    place = (
        f"Look at what lives longer than one call: {where}." if where else "Look at what lives longer than one call."
    )
    return Detected(
        "kept-between-calls",
        title,
        (
            "If you call it twice with the same arguments, do you get the same result twice?",
            place,
            "A default argument, and what the module makes at its top, exist once; who changes them changes them for "
            "all later calls.",
        ),
        tuple(sorted(parts)),
    )
