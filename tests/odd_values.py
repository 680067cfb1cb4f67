"""Values like nothing that an exercise asks for: what tests send in a worker's place."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from autograder.protocol import DTYPES, Function, Handle, Opaque

SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (3,), (0, 5), (3, 0), (1, 1), (2, 3), (2, 3, 4), (1,) * 8)
NUMBERS = (0, 1, -1, 2**63 - 1, -(2**63), 0.0, -0.0, 1e308, -1e-308, float("nan"), float("inf"), -float("inf"))


def odd_array(rng: random.Random) -> np.ndarray:
    """Any type and rank that can be sent."""
    shape, dtype = rng.choice(SHAPES), rng.choice(DTYPES)
    with np.errstate(all="ignore"):
        filled = np.full(shape, rng.choice(NUMBERS[:4] if dtype.kind in "iub" else NUMBERS[5:]), dtype=object)
        try:
            return filled.astype(dtype)
        except (OverflowError, ValueError):
            return np.ones(shape, dtype)


def odd_value(rng: random.Random, depth: int = 0) -> Any:
    """Anything that a message can hold."""
    kind = rng.randrange(14 if depth < 3 else 10)
    if kind < 3:
        return odd_array(rng)
    if kind == 3:
        return rng.choice(NUMBERS)
    if kind == 4:
        return rng.choice((None, True, False))
    if kind == 5:
        return rng.choice(("", "result", "error", "\x1b[2J\u202e\0", "ä" * 1000, "a" * 100_000, "1.0"))
    if kind == 6:
        return rng.choice((b"", b"\xff" * 100))
    if kind == 7:
        return Handle(rng.choice((0, 1, 2**64 - 1)), rng.choice(("", "tuple", "ndarray")))
    if kind == 8:
        return Opaque(rng.choice(("", "set", "Thing")))
    if kind == 9:
        return Function(rng.choice((0, 2**32 - 1)))
    inside = [odd_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    if kind == 10:
        return inside
    if kind == 11:
        return tuple(inside)
    if kind == 12:
        return {rng.choice(("", "category", "frames", "dx", "1", "message")): value for value in inside}
    return [inside, tuple(inside)]


def changed(value: Any, rng: random.Random) -> Any:
    """A value with something odd in it, or of another shape, type or length."""
    kind = rng.randrange(10)
    if isinstance(value, (list, tuple)) and value and kind < 7:
        items = list(value)
        place = rng.randrange(len(items))
        if kind < 4:
            items[place] = changed(items[place], rng)
        elif kind == 4:
            del items[place]
        elif kind == 5:
            items.insert(place, odd_value(rng))
        else:
            rng.shuffle(items)
        return type(value)(items) if rng.random() < 0.9 else items
    if isinstance(value, dict) and value and kind < 7:
        key = rng.choice(list(value))
        if kind < 4:
            return {**value, key: changed(value[key], rng)}
        if kind == 4:
            return {name: item for name, item in value.items() if name != key}
        return {**value, rng.choice(("", "x", key.upper() if type(key) is str else "y")): odd_value(rng)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and kind < 8:
        with np.errstate(all="ignore"):
            return rng.choice(
                (
                    lambda: value.astype(rng.choice(DTYPES)),
                    lambda: value[..., None],
                    lambda: value.ravel()[: rng.randrange(4)],
                    lambda: value.T.copy(),
                    lambda: value * np.nan,
                    lambda: np.full_like(value, np.inf) if value.dtype.kind == "f" else value,
                    lambda: value.tolist(),
                    lambda: list(value) if value.ndim else value,
                )
            )()
    return odd_value(rng)
