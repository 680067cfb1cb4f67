"""Comparison of a student's plain values with expected ones, and gradients to compare with."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.protocol import Handle, Opaque
from autograder.results import Outcome

#: Largest error allowed, relative to the largest entry of the expected array.
#: A correct float32 answer must pass: one rounding is 2**-24 = 6e-8; no check chains more than
#: about 300 products and sums, and the draws keep the amplification along a sequence below 5, so
#: 300 * 5 * 6e-8 = 9e-5 bounds it. Known mistakes are off by 1e-2 and more.
RTOL = 1e-4

#: An expected array that is (nearly) zero has no scale of its own; the draws' numbers are of order one.
SMALLEST_SCALE = 1e-2

#: Step of the complex-step derivative. There is no subtraction in it, hence no rounding to trade
#: against: the truncation error is of order step**2, far below float64's 1e-16.
COMPLEX_STEP = 1e-30

Array = np.ndarray


@dataclass(frozen=True)
class Comparison:
    """The verdict on one value."""

    outcome: Outcome
    message: str = ""
    expected: str = ""  # shape, as people read it
    got: str = ""
    error: float = 0.0  # largest error relative to the largest expected entry
    single_precision: bool = False  # right, but only as far as float32 goes

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.PASSED


def describe(value: Any) -> str:
    """Shape and type of a value, in a few characters."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return _array_text(value.shape, value.dtype)
    if isinstance(value, (bool, int, float)):
        return "a number" if not isinstance(value, bool) else "a bool"
    if isinstance(value, (Handle, Opaque)):
        return f"{'an' if value.type_name[:1].lower() in 'aeiou' else 'a'} {value.type_name}"
    if isinstance(value, (list, tuple)):
        array = as_array(value)
        if array is not None and array.ndim > 0 and array.size:
            return f"{shape_text(array.shape)} {type(value).__name__}"
        return f"{type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


@lru_cache(maxsize=1024)
def _array_text(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """Remembered, since nearly every value that is compared is an array, and a type's name takes long to say."""
    return f"{shape_text(shape)} {dtype}" if shape else "a number"


def shape_text(shape: Sequence[int]) -> str:
    """(4,) and (4, 5) as Python writes them; a number's shape is empty."""
    return str(tuple(int(extent) for extent in shape)) if len(shape) else "a number"


def _has(shape: Sequence[int]) -> str:
    return f"has shape {shape_text(shape)}" if len(shape) else "is a single number"


def _be(shape: Sequence[int]) -> str:
    return f"be {shape_text(shape)}" if len(shape) else "be a single number"


def as_array(value: Any) -> Array | None:
    """A numeric array of plain data; None if it is not numbers in a regular arrangement."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiub" else _real(value)
    if isinstance(value, (bool, int, float)):
        return np.asarray(value, dtype=np.float64)
    if isinstance(value, (list, tuple)):
        arrays = [as_array(item) for item in value]
        if any(array is None for array in arrays):
            return None
        plain = [array for array in arrays if array is not None]
        if len({array.shape for array in plain}) > 1:
            return None
        return np.array(plain, dtype=np.float64)
    return None


def _real(value: Array) -> Array | None:
    """A complex array without imaginary part is as good as a real one."""
    return value.real if value.dtype.kind == "c" and not value.imag.any() else None


def compare(got: Any, expected: Any, rtol: float = RTOL, name: str = "it") -> Comparison:
    """Shape first, then values; nothing is ever broadcast.

    Args:
        got: a student's decoded value.
        expected: array or number.
        rtol: largest error allowed, relative to the largest entry of ``expected``.
        name: how messages call the value.
    """
    want_text = describe(np.asarray(expected))  # integers are called integers
    wanted = np.asarray(expected, dtype=np.float64)
    if got is None:
        return Comparison(Outcome.RETURNS_NONE, f"{name} is None.", want_text, "None")
    array = as_array(got)
    if array is None:
        text = describe(got)
        return Comparison(Outcome.WRONG_VALUES, f"{name} is {text}, not an array of numbers.", want_text, text)
    got_text = describe(got)
    if array.size > max(wanted.size, 1):  # and however many there are, no copy of them is made
        words = f"{name} has shape {shape_text(array.shape)}, it should be {shape_text(wanted.shape)}."
        return Comparison(Outcome.WRONG_VALUES, words, want_text, got_text, float("inf"))
    values = array.astype(np.float64)
    if values.shape != wanted.shape:
        return _other_shape(values, wanted, rtol, name, want_text, got_text)
    if not values.size:
        return Comparison(Outcome.PASSED, "", want_text, got_text)
    if not np.isfinite(values).all():
        what = "NaN" if np.isnan(values).any() else "infinite numbers"
        return Comparison(Outcome.WRONG_VALUES, f"{name} contains {what}.", want_text, got_text, float("inf"))
    error = _error(values, wanted)
    if error <= rtol:
        single = error > 1e-9 and array.dtype.itemsize < 8 and array.dtype.kind == "f"
        return Comparison(Outcome.PASSED, "", want_text, got_text, error, single)
    return Comparison(
        Outcome.WRONG_VALUES, f"{name} {_what_is_wrong(values, wanted, rtol)}", want_text, got_text, error
    )


def _error(values: Array, wanted: Array) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.max(np.abs(values - wanted)) / max(float(np.max(np.abs(wanted))), SMALLEST_SCALE))


def _close(values: Array, wanted: Array, rtol: float) -> bool:
    return values.shape == wanted.shape and bool(np.isfinite(values).all()) and _error(values, wanted) <= rtol


def _other_shape(values: Array, wanted: Array, rtol: float, name: str, want_text: str, got_text: str) -> Comparison:
    shapes = f"{name} {_has(values.shape)}, it should {_be(wanted.shape)}"
    if values.size == wanted.size and wanted.size:
        if _close(values.reshape(wanted.shape), wanted, rtol):
            return Comparison(Outcome.WRONG_SHAPE, f"{shapes}; the values are right.", want_text, got_text)
        if values.ndim == wanted.ndim and any(
            _close(values.transpose(order), wanted, rtol) for order in _orders(values.ndim)
        ):
            return Comparison(Outcome.WRONG_SHAPE, f"{shapes}; the axes are in another order.", want_text, got_text)
    return Comparison(Outcome.WRONG_VALUES, f"{shapes}.", want_text, got_text, float("inf"))


def _orders(ndim: int) -> list[tuple[int, ...]]:
    import itertools

    return list(itertools.permutations(range(ndim))) if ndim <= 4 else []


def _what_is_wrong(values: Array, wanted: Array, rtol: float) -> str:
    """The kind of deviation, where it has a name; never the right numbers."""
    if wanted.ndim == 2 and values.shape[0] == values.shape[1] and _close(values.T, wanted, rtol):
        return "is the transpose of the right one."
    if _close(-values, wanted, rtol):
        return "has the wrong sign, everything else is right."
    if not values.any():
        return "is all zeros."
    with np.errstate(over="ignore", invalid="ignore"):
        scale = float(np.sum(values * wanted) / np.sum(values * values))
    if np.isfinite(scale) and scale and _close(values * scale, wanted, rtol) and wanted.size > 1:
        return f"is right up to a constant factor: it is {1 / scale:.4g} times what it should be."
    wrong = np.abs(values - wanted) > rtol * max(float(np.max(np.abs(wanted))), SMALLEST_SCALE)
    if wanted.ndim >= 1 and not wrong.all():
        where = _where(wrong)
        if where:
            return f"is wrong {where}, right elsewhere."
    if wanted.size == 1:
        return "has the wrong value."
    return f"has the wrong values ({int(wrong.sum())} of {wrong.size} entries)."


def _where(wrong: Array) -> str:
    """Along which axis wrong and right entries separate: only the first, only the last, all but ..."""
    names = {1: ("entry",), 2: ("row", "column"), 3: ("sequence", "step", "column")}.get(wrong.ndim)
    if names is None:
        return ""
    for axis in sorted(range(wrong.ndim), key=lambda a: names[a] != "step"):
        other = tuple(a for a in range(wrong.ndim) if a != axis)
        hit = np.atleast_1d(wrong.any(axis=other))
        length = hit.size
        if length < 2 or hit.all():
            continue
        if hit.sum() == 1:
            index = int(np.argmax(hit))
            place = "first" if index == 0 else "last" if index == length - 1 else None
            return f"only at the {place} {names[axis]}" if place else f"only at {names[axis]} {index} (from 0)"
        if (~hit).sum() == 1:
            index = int(np.argmin(hit))
            place = "first" if index == 0 else "last" if index == length - 1 else None
            return (
                f"at every {names[axis]} but the {place}" if place else f"at every {names[axis]} but {index} (from 0)"
            )
    return ""


#: Entries of all results of one vectorised derivative: far more than any check has, 16 MB of complex numbers.
MOST_RESULTS = 1_000_000

#: Gradients that were worked out before: the judge asks for the same ones for every known mistake.
_KEPT: OrderedDict[tuple[Any, ...], list[Array]] = OrderedDict()
MOST_KEPT = 256


def complex_step(
    f: Callable[..., Array], inputs: Sequence[Array], upstream: Array, *, batched: bool = False
) -> list[Array]:
    """Gradients of ``sum(upstream * f(*inputs))`` with respect to every input, to rounding error.

    Source: Squire & Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998). ``f`` must be analytic: built from sums, products, exp, log, tanh.

    Args:
        f: the function.
        inputs: float64 arrays.
        upstream: array of the shape of ``f(*inputs)``.
        batched: ``f`` also takes its arguments with one more, leading axis each, and then returns a result with that
            axis. All entries of all arguments are moved in one call then.

    Raises:
        ValueError: the arrays are so large that they can come from no check of ours.
    """
    arguments = [np.array(value, dtype=np.float64) for value in inputs]
    weights = np.asarray(upstream, dtype=np.float64)
    if sum(value.size for value in arguments) * max(weights.size, 1) > MOST_RESULTS:
        raise ValueError("larger than any check")
    key = (f, batched, *((value.shape, value.tobytes()) for value in (*arguments, weights)))
    if key not in _KEPT:
        if batched:
            _KEPT[key] = _moved_at_once(f, arguments, weights)
        else:
            _KEPT[key] = [_moved_one_by_one(f, arguments, position, weights) for position in range(len(arguments))]
        while len(_KEPT) > MOST_KEPT:
            _KEPT.popitem(last=False)
    return [gradient.copy() for gradient in _KEPT[key]]


def _moved_one_by_one(f: Callable[..., Array], arguments: list[Array], position: int, upstream: Array) -> Array:
    gradient = np.zeros(arguments[position].shape)
    for index in np.ndindex(*gradient.shape):
        moved = arguments[position].astype(np.complex128)
        moved[index] += 1j * COMPLEX_STEP
        result = f(*arguments[:position], moved, *arguments[position + 1 :])
        gradient[index] = np.sum(upstream * result.imag) / COMPLEX_STEP
    return gradient


def _moved_at_once(f: Callable[..., Array], arguments: list[Array], upstream: Array) -> list[Array]:
    """One call: row r of every argument is the argument, with entry r of all of them moved."""
    total, first = sum(value.size for value in arguments), 0
    moved = []
    for value in arguments:
        rows = np.repeat(value[None].astype(np.complex128), total, axis=0)
        own = np.arange(value.size)
        rows.reshape(total, -1)[first + own, own] += 1j * COMPLEX_STEP
        moved.append(rows)
        first += value.size
    result = f(*moved)
    if result.shape != (total, *upstream.shape):
        raise ValueError(f"{result.shape} is not the shape of one result per entry")
    slopes = result.imag.reshape(total, -1) @ upstream.ravel() / COMPLEX_STEP
    pieces = np.split(slopes, np.cumsum([value.size for value in arguments])[:-1])
    return [piece.reshape(value.shape) for piece, value in zip(pieces, arguments, strict=True)]
