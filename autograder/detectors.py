"""Kinds of deviation that no list of mistakes holds: sign, factor, shift, exchange, overwriting, ...

Used where no known mistake is recognised. A detector looks at one part in all cases together, with the right
values beside the student's; what it finds has an id, a title and a ladder of hints, as a known mistake has.
Nothing that it says holds a right value.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checking import Case, CaseRecord, Check
from autograder.gradcheck import RTOL, SMALLEST_SCALE, Array, as_array
from autograder.results import Outcome

#: Numbers above this are large: exp of the tenfold overflows.
LARGE = 50.0

#: A result that is off by no more than this, and in float32, is right but for its digits.
FEW_DIGITS = 2e-2

MOST_PIECES = 64  # steps whose single contributions are compared


@dataclass(frozen=True)
class Detected:
    """A kind of deviation that was found in some parts of an exercise."""

    id: str
    title: str
    hints: tuple[str, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """One part in one case: what is right and what came."""

    case: Case
    ok: bool
    outcome: Outcome
    right: Array | None
    got: Array | None
    dtype: str = ""


@dataclass
class Evidence:
    """All that detectors may look at.

    Attributes:
        parts: part -> what was seen of it, case by case.
        zeroed: name of an input -> the parts that are right once it is zero in every case.
        idle: name of an input -> the parts that do not change when it does, though the right ones do.
        changed: functions that changed an argument in place, as "rnn_step_forward changes prev_h" texts.
        below_right: whether everything that the exercise builds on has passed.
        pieces, overwritten: of the check, see :func:`autograder.checking.exercise`.
    """

    parts: dict[str, list[Seen]]
    zeroed: Mapping[str, set[str]] = field(default_factory=dict)
    idle: Mapping[str, set[str]] = field(default_factory=dict)
    changed: Sequence[str] = ()
    below_right: bool = True
    pieces: Callable[[Case], dict[str, list[Any]]] | None = None
    overwritten: Callable[[Case], dict[str, list[Any]]] | None = None


def evidence(records: Sequence[CaseRecord], check: Check) -> Evidence:
    """What the records of one verdict say, arranged by part."""
    names = list(records[0].parts) if records else []
    return Evidence(
        {name: [_seen(record, name) for record in records] for name in names},
        pieces=check.pieces,
        overwritten=check.overwritten,
    )


def _seen(record: CaseRecord, part: str) -> Seen:
    observation = record.parts[part]
    got = as_array(observation.value)
    right = None if observation.right is None else np.asarray(observation.right, dtype=np.float64)
    plain = None if got is None else got.astype(np.float64)
    dtype = "" if got is None else got.dtype.name
    return Seen(record.case, observation.ok, observation.outcome, right, plain, dtype)


def detect(found: Evidence, wanted: Collection[str] | None = None) -> list[Detected]:
    """What is off, one entry per kind of deviation, with the parts that show it.

    ``wanted``: the parts to look at, all that are wrong by default.
    """
    moved = reordered(found, wanted)
    if moved is not None:
        rest = {part for part in found.parts if wanted is None or part in wanted} - set(moved.parts)
        return [moved, *(detect(found, rest) if rest else [])]
    kinds: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for part, seen in found.parts.items():
        wrong = [one for one in seen if not one.ok]
        if (
            (wanted is not None and part not in wanted)
            or not wrong
            or any(one.outcome in _NOTHING_TO_SEE and not (one.case.edge and _nothing(one)) for one in wrong)
        ):
            continue
        for detector in DETECTORS:
            named = detector(part, seen, wrong, found)
            if named is not None:
                kinds.setdefault((named.id, named.title, named.hints), []).append(part)
                break
    return [
        Detected(name, f"{_and(parts)}: {title}" if len(found.parts) > 1 else title, hints, tuple(parts))
        for (name, title, hints), parts in kinds.items()
    ]


def reordered(found: Evidence, wanted: Collection[str] | None = None) -> Detected | None:
    """Whether three or more results are right, but each stands where another belongs: one sentence for all of them.

    Two that are exchanged with each other are told by :func:`_exchanged`.
    """
    places: dict[str, str] = {}
    for part, seen in found.parts.items():
        if all(one.ok for one in seen) or (wanted is not None and part not in wanted):
            continue
        others = [
            other
            for other, theirs in found.parts.items()
            if other != part and all(_near(one.got, two.right) or one.ok for one, two in zip(seen, theirs, strict=True))
        ]
        if len(others) == 1:
            places[part] = others[0]
    if len(places) < 3 or set(places) != set(places.values()):
        return None
    return Detected(
        "another-order",
        f"right results in another order: {_and(list(places))} stand in each other's places",
        (
            "In which order does the docstring name the results, and in which order do you return them?",
            "Look at the line with the return, and at nothing else.",
            "Whoever unpacks a tuple goes by places, not by names.",
        ),
        tuple(places),
    )


_NOTHING_TO_SEE = (Outcome.NOT_ATTEMPTED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.RETURNS_NONE)


def _nothing(one: Seen) -> bool:
    """None in an edge case only is a mistake like another."""
    return one.outcome is Outcome.RETURNS_NONE


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


# --- comparing ------------------------------------------------------------------------------


def _near(got: Array | None, right: Array | None, rtol: float = RTOL) -> bool:
    """Same shape, same values; a result without any size (all zeros) is near nothing but zeros."""
    if got is None or right is None or got.shape != right.shape or not got.size or not np.isfinite(got).all():
        return False
    return bool(np.max(np.abs(got - right)) <= rtol * max(float(np.max(np.abs(right))), SMALLEST_SCALE))


def _all(wrong: Sequence[Seen], alike: Callable[[Array, Array], bool]) -> bool:
    """Whether each wrong result is related to the right one in this way."""
    return all(one.got is not None and one.right is not None and alike(one.got, one.right) for one in wrong)


def sizes(case: Case) -> dict[str, int]:
    """N, T, D, H, ... of a case: from its name, and from the shapes of its inputs."""
    found: dict[str, int] = {}
    for names, number in re.findall(r"((?:\b[A-Z]=)+)(\d+)", case.name):
        for name in names.split("=")[:-1]:
            found[name] = int(number)
    axes = {"Wh": "HH", "Wx": "DH", "Why": "HC", "w": "DM", "images": "N"}
    for key, value in case.inputs.items():
        shape = getattr(value, "shape", ())
        letters = axes.get(key, {2: "ND", 3: "NTD"}.get(len(shape), "") if key == "x" else "")
        for letter, length in zip(letters, shape, strict=False):
            found.setdefault(letter, int(length))
    mask = case.inputs.get("mask")
    if isinstance(mask, np.ndarray):
        found["the number of unmasked steps"] = int(mask.sum())
    return found


# --- detectors: each takes a part, all that was seen of it, the wrong ones, and the rest ----------------


def _float32(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    single = all(one.dtype in ("float32", "float16") for one in wrong)
    if single and _all(wrong, lambda got, right: _near(got, right, FEW_DIGITS)):
        return Detected(
            "single-precision",
            "right, but for digits that float32 does not have",
            (
                "What is the dtype of your result, and of the arrays that it is made of?",
                "Look for astype, for dtype arguments and for arrays that are made without one.",
                "A difference of nearly equal numbers keeps only the digits in which they differ; float32 has seven.",
            ),
        )
    return None


def _length_one(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    edges = sorted({one.case.edge for one in wrong})
    if not all(edge.endswith("=1") for edge in edges) or not any(one.ok for one in seen if not one.case.edge):
        return None
    return Detected(
        "length-one",
        f"right, except at {_and(edges)}",
        (
            f"Which of your arrays loses an axis when {_and(edges)}, or gets one too many?",
            "Print the shape of every intermediate result for a batch of one and for a sequence of one.",
            "An axis of length one is still an axis: remove or add axes by name, never all that happen to be short.",
        ),
    )


def _not_finite(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    if any(one.got is None for one in wrong) or not any(one.ok for one in seen):
        return None
    largest = [_largest(one.case) for one in wrong]
    if min(largest) > LARGE and any(one.ok and _largest(one.case) < LARGE for one in seen):
        return Detected(
            "overflow",
            "wrong, or not a number, only when numbers are large",
            (
                "What does exp give for 800, and what for -800 in every entry?",
                "Look at what goes into exp and into log.",
                "What is the same for shifted inputs can be computed on shifted ones: shift so that nothing overflows.",
            ),
        )
    if max(largest) == 0.0 and not any(one.got is not None and np.isfinite(one.got).all() for one in wrong):
        return Detected(
            "zero-division",
            "not finite when everything is zero",
            (
                "What is divided by what when all inputs are zero?",
                "Look at each division: can what is below the line be zero?",
                "A quotient needs its own rule where the divisor is zero.",
            ),
        )
    return None


def _largest(case: Case) -> float:
    """The largest absolute number among a case's float arrays, those in dicts included."""
    values = [v for value in case.inputs.values() for v in (value.values() if isinstance(value, dict) else [value])]
    arrays = [v for v in values if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.size]
    return max((float(np.max(np.abs(array))) for array in arrays), default=0.0)


def _other_shape(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    if not _all(wrong, lambda g, r: g.shape != r.shape and g.size == r.size and _near(g.reshape(r.shape), r)):
        return None
    return Detected(
        "another-shape",
        "the right values in another shape",
        (
            "Which shape does the docstring give, and which shape has your result?",
            "Look at what your last operation does with axes: keepdims, squeeze, reshape, an index with a colon.",
            "A result's shape is part of the result: what adds or multiplies with it next will broadcast.",
        ),
    )


def _transposed(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    def turned(got: Array, right: Array) -> bool:
        orders = itertools.permutations(range(got.ndim)) if 2 <= got.ndim <= 4 else iter(())
        return any(order != tuple(range(got.ndim)) and _near(got.transpose(order), right) for order in orders)

    if not _all(wrong, turned):
        return None
    return Detected(
        "transposed",
        "the axes are in another order",
        (
            "Which axis comes first in the docstring, and which in your result?",
            "Look at the order of the factors of your product, or at how you stack the steps.",
            "The gradient of a matrix has the matrix's own shape; a batch's axes are sequence, step, width.",
        ),
    )


def _sign(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    if not _all(wrong, lambda got, right: _near(-got, right)) or _all(wrong, lambda got, right: not right.any()):
        return None
    return Detected(
        "sign",
        "the wrong sign, everything else is right",
        (
            "If this input grows a little, does the result grow or shrink?",
            "Look for a subtraction that is the wrong way round, or a minus that is missing or one too many.",
            "Minus signs are easiest found at a single number: one sequence, one step, widths of one.",
        ),
    )


def _exchanged(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    for other, theirs in found.parts.items():
        if other == part:
            continue
        pairs = [(one.got, two.right) for one, two in zip(seen, theirs, strict=True) if not one.ok]
        if all(_near(got, right) for got, right in pairs):
            back = [(two.got, one.right) for one, two in zip(seen, theirs, strict=True) if not one.ok]
            both = all(_near(got, right) for got, right in back)
            what = "exchanged with each other" if both else f"it is what {other} should be"
            return Detected(
                "exchanged" if both else "of-another-input",
                what,
                (
                    "With respect to which input is this gradient taken?",
                    "Look at the order in which you return your results, and at the matrix that you multiply by.",
                    "Each input's gradient takes the way back through what that input was multiplied by.",
                ),
            )
    return None


def _zeros(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    if not _all(wrong, lambda got, right: got.shape == right.shape and not got.any() and bool(right.any())):
        return None
    return Detected(
        "never-assigned",
        "all zeros",
        (
            "Where is this result given its numbers?",
            "Look for the line that makes it, and for the line that should fill it.",
            "An array of zeros is a place for a result, not a result.",
        ),
    )


def _same_number(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    values = [one.got for one in wrong if one.got is not None and one.got.size]
    rights = [one.right for one in wrong if one.right is not None and one.right.size]
    if len(values) < len(wrong) or len(wrong) < 2 or not all(np.isfinite(value).all() for value in values):
        return None
    if len(wrong) < len(seen):  # where it is right it says something else: a bound, say, that is met only sometimes
        return None
    numbers = {float(number) for value in values for number in (value.min(), value.max())}
    if (
        len(numbers) != 1
        or 0.0 in numbers
        or len({float(r) for right in rights for r in (right.min(), right.max())}) < 2
    ):
        return None
    number = next(iter(numbers))
    return Detected(
        "the-same-number-always",
        f"nothing but {'ones' if number == 1 else 'one and the same number'}, whatever goes in",
        (
            "Which of the inputs does this result depend on, and which of them does your line use?",
            "Look for the line that makes this result, and for the inputs that should be in it.",
            "A result that is the same for all inputs has not been computed from them.",
        ),
    )


def _no_effect(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    idle = [name for name, parts in found.idle.items() if part in parts]
    if not idle:
        return None
    return Detected(
        "without-effect",
        f"{_and(idle)} {'have' if len(idle) > 1 else 'has'} no effect on it",
        (
            f"What should change in the result when {idle[0]} changes, and what does change in yours?",
            f"Look for every line in which {idle[0]} is used, up to the line that makes the result.",
            "An argument that changes nothing has not been used, or what was made of it has been thrown away.",
        ),
    )


def _factor(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    factors = []
    for one in wrong:
        factor = _ratio(one.got, one.right)
        if factor is None:
            return None
        factors.append(factor)
    name = _factor_name([(one, f) for one, f in zip(wrong, factors, strict=True)], seen)
    if name is None:
        return None
    return Detected(
        "factor",
        f"right up to a factor: {name}",
        (
            "What is summed here, what is averaged, and what does the docstring say about it?",
            "Look for a mean where a sum belongs, a division too many or too few, and for what is counted twice.",
            "A sum and a mean differ by a number of entries; see which size of the arrays the factor is.",
        ),
    )


def _ratio(got: Array | None, right: Array | None) -> float | None:
    """The number that the right result has been multiplied by, if it is one number, and not 1."""
    if got is None or right is None or got.shape != right.shape or not np.isfinite(got).all() or not right.any():
        return None
    factor = float(np.sum(got * right) / np.sum(right * right))
    if not factor or abs(factor - 1.0) <= RTOL:  # the values are right: something else is wrong with the result
        return None
    return factor if _near(got / factor, right) else None


def _factor_name(found: Sequence[tuple[Seen, float]], seen: Sequence[Seen]) -> str | None:
    """What the factor is in terms of sizes, if one expression fits every case; a number if it is always the same."""
    plain = all(one.right is not None and one.right.size == 1 for one, _ in found)
    everywhere = [(sizes(one.case), factor) for one, factor in found]
    right = [sizes(one.case) for one in seen if one.ok and one.right is not None and one.right.any()]
    everywhere += [(known, 1.0) for known in right]  # where it is right, the factor is 1
    common = set.intersection(*(set(known) for known, _ in everywhere))
    if len({round(factor, 4) for _, factor in found}) == 1 and not right and (len(found) > 2 or not plain):
        factor = found[0][1]
        sized = [n for n in sorted(common, key=_order) if len({k[n] for k, _ in everywhere}) == 1]
        same = next((n for n in sized if _is(factor, everywhere[0][0][n]) or _is(factor, 1 / everywhere[0][0][n])), "")
        text = {2.0: "2", 0.5: "1/2", 3.0: "3", -0.5: "-1/2", -2.0: "-2"}.get(round(factor, 4), f"{factor:.4g}")
        return f"{text} (which is what {same} is here)" if same and abs(factor) not in (2.0, 0.5) else text
    for text, value in _expressions(common):
        if all(_is(factor, value(known)) for known, factor in everywhere):
            return text
    if plain:
        return None  # one number is always some multiple of another
    return "one that changes with the sizes"


def _order(name: str) -> tuple[int, str]:
    return (len(name), name)


def _is(factor: float, value: float) -> bool:
    return abs(factor - value) <= 1e-3 * abs(value)


def _expressions(names: set[str]) -> list[tuple[str, Callable[[dict[str, int]], float]]]:
    """Sizes, products of two, their roots and all reciprocals, the simplest first."""
    listed = sorted(names, key=_order)
    found: list[tuple[str, Callable[[dict[str, int]], float]]] = []
    for n in listed:
        found.append((f"1/{n}" if len(n) == 1 else f"1 over {n}", lambda k, n=n: 1 / max(k[n], 1)))  # type: ignore[misc]
        found.append((n, lambda k, n=n: float(k[n])))  # type: ignore[misc]
    for a, b in itertools.permutations(listed, 2):
        known = f"{a} / ({b})" if len(b) > 1 else f"{a}/{b}"
        found.append((known, lambda k, a=a, b=b: k[a] / max(k[b], 1)))  # type: ignore[misc]
    for a, b in itertools.combinations([n for n in listed if len(n) == 1], 2):
        found.append((f"1/({a}·{b})", lambda k, a=a, b=b: 1 / (k[a] * k[b])))  # type: ignore[misc]
        found.append((f"{a}·{b}", lambda k, a=a, b=b: float(k[a] * k[b])))  # type: ignore[misc]
    for n in (n for n in listed if len(n) == 1):
        found.append((f"1/√{n}", lambda k, n=n: 1 / np.sqrt(k[n])))  # type: ignore[misc]
        found.append((f"√{n}", lambda k, n=n: float(np.sqrt(k[n]))))  # type: ignore[misc]
    return found


def _steps(wrong: Sequence[Seen]) -> list[Seen]:
    """The wrong results with at least three steps along their second axis, if that is the time axis of them all."""
    for one in wrong:
        known = sizes(one.case)
        if one.right is None or one.right.ndim < 2 or one.right.shape[:2] != (known.get("N"), known.get("T")):
            return []
    return [one for one in wrong if one.right is not None and one.right.shape[1] >= 3]


def _shifted(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    long = _steps(wrong)
    if not long:
        return None
    late = _all(long, lambda got, right: got.shape == right.shape and _near(got[:, 1:], right[:, :-1]))
    early = _all(long, lambda got, right: got.shape == right.shape and _near(got[:, :-1], right[:, 1:]))
    if not late and not early:
        return None
    return Detected(
        "shifted",
        "shifted in time by one step: everything comes one step " + ("late" if late else "early"),
        (
            "Which step's result should stand at index 0?",
            "Look at the index that you write to, and at which state you store: before or after the step?",
            "Index t belongs to the input of step t and to the state after it.",
        ),
    )


def _reversed(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    long = _steps(wrong)
    if not long or not _all(long, lambda got, right: got.shape == right.shape and _near(got[:, ::-1], right)):
        return None
    return Detected(
        "reversed",
        "the steps in reverse order",
        (
            "In which order do you collect the steps, and in which order does the docstring want them?",
            "Look at how results are appended while the loop runs backwards.",
            "A loop that runs backwards meets the last step first.",
        ),
    )


def _one_step_right(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    long = _steps(wrong)

    def right_at(got: Array, right: Array) -> list[bool]:
        if got.shape != right.shape:
            return []
        return [_near(got[:, t], right[:, t]) for t in range(right.shape[1])]

    if not long or len(long) < len([one for one in wrong if one.case.edge != "T=1"]):
        return None
    patterns = [right_at(one.got, one.right) for one in long if one.got is not None and one.right is not None]
    if len(patterns) < len(long) or not all(patterns):
        return None
    first = all(pattern[0] and not any(pattern[1:]) for pattern in patterns)
    last = all(pattern[-1] and not any(pattern[:-1]) for pattern in patterns)
    not_first = all(not pattern[0] and all(pattern[1:]) for pattern in patterns)
    not_last = all(not pattern[-1] and all(pattern[:-1]) for pattern in patterns)
    text = (
        "only the first step is right"
        if first
        else "only the last step is right"
        if last
        else "only the first step is wrong"
        if not_first
        else "only the last step is wrong"
        if not_last
        else ""
    )
    if not text:
        return None
    return Detected(
        text.replace("is ", "").replace(" ", "-"),
        text,
        (
            "What is there at the first step that the others do not have, and what at the last?",
            "Look at what one pass of your loop hands to the next, and where the loop begins and ends.",
            "A recurrence is one rule and one beginning: the rule is the same at every step, the beginning is not.",
        ),
    )


def _overwritten(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    if found.pieces is None:
        return None
    alone: list[bool] = []  # per wrong result: one step alone, or all but one
    first, last = True, True
    for one in wrong:
        pieces = [np.asarray(piece) for piece in found.pieces(one.case).get(part, [])[:MOST_PIECES]]
        if one.got is None or one.right is None or not pieces:
            return None
        only = [t for t, piece in enumerate(pieces) if _near(one.got, piece)]
        missing = [t for t, piece in enumerate(pieces) if _near(one.got, one.right - piece)]
        if not only and not missing:
            return None
        if len(pieces) > 2:  # of two steps, one alone is all but the other
            alone.append(bool(only))
            first = first and (only or missing)[0] == 0
            last = last and (only or missing)[-1] == len(pieces) - 1
    if len(set(alone)) != 1:
        return None
    kind = "only" if alone[0] else "missing"
    name = "the first step" if first else "the last step" if last else "one step"
    return Detected(
        "overwritten" if kind == "only" else "step-missing",
        f"overwritten instead of summed: it holds {name} alone"
        if kind == "only"
        else f"{name} is missing from the sum",
        (
            "How many steps use these weights, and how many of them show in your gradient?",
            "Look at the line in the loop that changes this gradient, and at where the loop begins and ends.",
            "Weights that are used at every step get a gradient from every step: the sum of all.",
        ),
    )


def _aliased(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    hints = (
        "When is this array written again after you have kept it?",
        "Look for what is written in place: a slice that is assigned to, an operator with an equals sign, out.",
        "To keep an array is to keep a name for it; whoever writes into it later changes what was kept. Keep a copy.",
    )
    if found.overwritten is not None:

        def kept(one: Seen) -> bool:
            return any(_near(one.got, np.asarray(c)) for c in found.overwritten(one.case).get(part, []))  # type: ignore[misc]

        if all(kept(one) for one in wrong):
            title = "a kept state is overwritten by a later one before it is used"
            return Detected("kept-array-overwritten", title, hints)
    if found.below_right and found.changed:
        title = f"{found.changed[0]} in place, and it is read again later"
        return Detected("changed-in-place", title, hints)
    return None


def _is_given(case: Case, name: str) -> bool:
    """Whether an input of a case has anything but zeros in it."""
    value = case.inputs.get(name)
    return any(np.any(one) for one in (value if isinstance(value, (list, tuple)) else [value]) if one is not None)


def _zero_input(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    ordinary = any(not one.case.edge for one in wrong)  # zeros were tried in these only
    for name, parts in found.zeroed.items():
        if part not in parts or not ordinary or any(_is_given(one.case, name) for one in seen if one.ok):
            continue
        state = name in ("h0", "prev_h", "prev_c")
        return Detected(
            f"right-without-{name.lower().replace('_', '-')}",
            f"only right when {name} is zero",
            (
                f"What should {name} change in the result, and what does it change in yours?",
                f"Look for every place where {name} is used" + (" before the first step." if state else "."),
                "Two results that agree when an input is zero differ in how they use that input, and in nothing else.",
            ),
        )
    return None


def _shift_of_value(part: str, seen: list[Seen], wrong: list[Seen], found: Evidence) -> Detected | None:
    def constant(got: Array, right: Array) -> bool:
        if got.shape != right.shape or right.size < 4 or not np.isfinite(got).all() or _near(got, right):
            return False
        return _near(got - float(np.mean(got - right)), right)

    if not _all([one for one in wrong if one.right is not None and one.right.size >= 4], constant) or len(wrong) < 2:
        return None
    if not any(one.right is not None and one.right.size >= 4 for one in wrong):
        return None
    return Detected(
        "offset",
        "every entry is off by the same amount",
        (
            "Which term of the formula is the same number for every entry?",
            "Look at what is added to all entries at once, and at what is never added.",
            "A difference that is the same everywhere comes from something that does not depend on where it is added.",
        ),
    )


#: In this order; the first that fits a part names it. What is said more exactly comes first.
DETECTORS: tuple[Callable[[str, list[Seen], list[Seen], Evidence], Detected | None], ...] = (
    _float32,
    _not_finite,
    _length_one,
    _other_shape,
    _zeros,
    _same_number,
    _sign,
    _transposed,
    _overwritten,
    _exchanged,
    _shifted,
    _reversed,
    _factor,
    _shift_of_value,
    _one_step_right,
    _no_effect,
    _zero_input,
    _aliased,
)
