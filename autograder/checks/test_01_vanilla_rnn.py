"""Checks of unit 1, the vanilla recurrent network.

Expected values come from the formulas of the notebook in index notation, below. Run them on one
file with ``pytest autograder/checks/test_01_vanilla_rnn.py --submission PATH``.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.checking import Case, Expect, exercise
from autograder.draws import Draw
from autograder.gradcheck import Array, Comparison, as_array, compare, describe, shape_text
from autograder.questions import SLACK, of_states
from autograder.results import Outcome
from autograder.student import StandIn

# Tolerance: gradcheck.RTOL, whose derivation needs that rounding is not amplified by more than 5 on
# the way through a sequence. tanh has a slope of at most 1 and the draws' Wh a gain of 0.95; where
# outputs are fed back, Why is drawn small for that reason. tests/test_alternatives_01.py measures
# what float32 costs (below 1e-5) on many draws.

#: Numbers that are only copied round once in float32: 2**-24 = 6e-8.
COPY_RTOL = 1e-6

#: A stand-in computes for the student in the judge's own process, so it takes no longer sequence.
MOST_STEPS = 1000


# --- oracles: the formulas of the notebook, in index notation -------------------------------


def cell(x: Any, prev_h: Any, Wx: Any, Wh: Any, b: Any) -> Array:
    """(N, H): h' = tanh(x Wx + h Wh + b)."""
    x, prev_h, Wx, Wh, b = (np.asarray(value, dtype=np.float64) for value in (x, prev_h, Wx, Wh, b))
    result: Array = np.tanh(np.einsum("nd,dh->nh", x, Wx) + np.einsum("nk,kh->nh", prev_h, Wh) + b)
    return result


def affine(h: Any, Why: Any, by: Any) -> Array:
    """(..., C): y = h Why + by."""
    result: Array = np.einsum("...h,hc->...c", np.asarray(h, dtype=np.float64), np.asarray(Why, dtype=np.float64)) + by
    return result


def states(x: Any, h0: Any, Wx: Any, Wh: Any, b: Any) -> Array:
    """(N, T, H): the state after every step."""
    inputs = np.asarray(x, dtype=np.float64)
    N, T, _ = inputs.shape
    if T > MOST_STEPS:
        raise ValueError("more steps than any check has")
    h: list[Array] = [np.asarray(h0, dtype=np.float64)]
    for t in range(T):
        h.append(cell(inputs[:, t], h[t], Wx, Wh, b))
    return np.swapaxes(np.array(h[1:]).reshape(T, N, -1), 0, 1)


def written(x0: Any, h0: Any, Wx: Any, Wh: Any, b: Any, Why: Any, by: Any, T: Any) -> Array:
    """(N, T, D): each output is the next input."""
    steps = int(T)
    if steps > MOST_STEPS:
        raise ValueError("more steps than any check has")
    x, h = np.asarray(x0, dtype=np.float64), np.asarray(h0, dtype=np.float64)
    outputs = []
    for _ in range(steps):
        h = cell(x, h, Wx, Wh, b)
        x = affine(h, Why, by)
        outputs.append(x)
    return np.stack(outputs, axis=1)


CELL = StandIn("rnn_cell", "plain", ("x", "prev_h", "Wx", "Wh", "b"), cell)
READOUT = StandIn("readout", "plain", ("h", "Why", "by"), affine)
UNROLL = StandIn("unroll", "plain", ("x", "h0", "Wx", "Wh", "b"), states)
ONE_TO_MANY = StandIn("one_to_many", "plain", ("x0", "h0", "Wx", "Wh", "b", "Why", "by", "T"), written)


# --- draws ----------------------------------------------------------------------------------


def sizes(rng: np.random.Generator, draw: Draw, fixed: tuple[int, ...], long: tuple[int, ...] = ()) -> list[int]:
    """Different sizes for different axes, so that none can be taken for another; never 1 or 16.

    Args:
        rng: for hidden draws.
        draw: visible draws have the sizes ``fixed``.
        fixed: as many as are wanted.
        long: positions of sizes that must be at least 3. Of two steps, the first is the one before the
            last; a matrix of size 2 that turns or mirrors can be its own transpose.
    """
    if not draw.hidden:
        return list(fixed)
    pool = [int(n) for n in rng.permutation(np.arange(2, 8))]
    chosen = pool[: len(fixed)]
    for position in long:
        if chosen[position] == 2:
            spare = next((i for i in range(len(chosen)) if i not in long), None)
            if spare is None:
                chosen[position] = pool[len(fixed)]
            else:
                chosen[position], chosen[spare] = chosen[spare], chosen[position]
    return chosen


def weights(rng: np.random.Generator, D: int, H: int) -> tuple[Array, Array, Array]:
    """Wx, Wh, b of a network that still shows after seven steps which state it started from.

    Wh turns the state and shortens it a little, and the inputs are weak enough not to saturate tanh:
    in a network that forgets at once, an h0 that is ignored would not be seen. b is not to be overlooked.
    """
    turn, _ = np.linalg.qr(rng.normal(size=(H, H)))
    b = 0.15 * rng.normal(size=H)
    return 0.7 * rng.normal(size=(D, H)) / np.sqrt(D), 0.95 * turn, b + 0.15 * np.sign(b)


def head(rng: np.random.Generator, H: int, C: int, scale: float = 1.0) -> tuple[Array, Array]:
    """Why, by of a readout."""
    by = 0.3 * rng.normal(size=C)
    return scale * rng.normal(size=(H, C)) / np.sqrt(H), by + 0.3 * np.sign(by)


def some_state(rng: np.random.Generator, N: int, H: int) -> Array:
    """A hidden state as a network could have it, far from zero."""
    h = np.tanh(rng.normal(size=(N, H)))
    return h + 0.2 * np.sign(h)


# --- one step -------------------------------------------------------------------------------


def cell_inputs(rng: np.random.Generator, N: int, D: int, H: int) -> dict[str, Any]:
    Wx, Wh, b = weights(rng, D, H)
    return {"x": rng.normal(size=(N, D)), "prev_h": some_state(rng, N, H), "Wx": Wx, "Wh": Wh, "b": b}


def cell_cases(draw: Draw) -> list[Case]:
    """Two ordinary ones; one sequence; all sizes equal, where what crashes elsewhere shows what it computes."""
    rng = draw.rng("cell")
    N, D, H = sizes(rng, draw, (3, 4, 5), long=(2,))
    N2, D2, H2 = sizes(rng, draw, (5, 6, 3), long=(2,))
    return [
        Case(f"N={N} D={D} H={H}", cell_inputs(rng, N, D, H)),
        Case(f"N={N2} D={D2} H={H2}", cell_inputs(rng, N2, D2, H2)),
        Case(f"N=1 D={D} H={H}", cell_inputs(rng, 1, D, H), edge="N=1"),
        Case(f"N=D=H={H}", cell_inputs(rng, H, H, H)),
    ]


@exercise("rnn_cell", cases=cell_cases, small=cell_inputs)
def test_rnn_cell(student: Any, case: Case, expect: Expect) -> None:
    """Is the next hidden state right?"""
    arguments = (case.x, case.prev_h, case.Wx, case.Wh, case.b)
    expect.part("next_h", student.rnn_cell(*arguments), cell(*arguments))


def stacked(inputs: dict[str, Any]) -> dict[str, Any]:
    """The same inputs with both matrices in one, the state's rows first."""
    H = len(inputs["Wh"])
    W = np.empty((H + len(inputs["Wx"]), H))
    W[:H], W[H:] = inputs["Wh"], inputs["Wx"]
    return inputs | {"W": W}


def small_stacked(rng: np.random.Generator, N: int, D: int, H: int) -> dict[str, Any]:
    return stacked(cell_inputs(rng, N, D, H))


def stacked_cases(draw: Draw) -> list[Case]:
    """As for the cell."""
    return [replace(case, inputs=stacked(case.inputs)) for case in cell_cases(draw)]


@exercise("stacked_cell", cases=stacked_cases, small=small_stacked)
def test_stacked_cell(student: Any, case: Case, expect: Expect) -> None:
    """Is the step the same with one matrix, the state's rows first?"""
    got = student.stacked_cell(case.x, case.prev_h, case.W, case.b)
    expect.part("next_h", got, cell(case.x, case.prev_h, case.Wx, case.Wh, case.b))


def readout_inputs(rng: np.random.Generator, H: int, C: int, *leading: int) -> dict[str, Any]:
    Why, by = head(rng, H, C)
    return {"h": np.tanh(rng.normal(size=(*leading, H))), "Why": Why, "by": by}


def small_readout(rng: np.random.Generator, N: int, H: int, C: int) -> dict[str, Any]:
    return readout_inputs(rng, H, C, N)


def small_readout_of_sequences(rng: np.random.Generator, N: int, T: int, H: int, C: int) -> dict[str, Any]:
    return readout_inputs(rng, H, C, N, T)


def readout_cases(draw: Draw) -> list[Case]:
    """One state per sequence, one per sequence and step, and the smallest of both."""
    rng = draw.rng("readout")
    inputs = partial(readout_inputs, rng)
    N, T, H, C = sizes(rng, draw, (3, 4, 5, 2), long=(1,))
    return [
        Case(f"h of shape ({N}, {H}), C={C}", inputs(H, C, N)),
        Case(f"h of shape ({N}, {T}, {H}), C={C}", inputs(H, C, N, T)),
        Case(f"h of shape ({T}, {N}, {C}), C={H}", inputs(C, H, T, N)),
        Case(f"h of shape (1, {H}), C={C}", inputs(H, C, 1), edge="N=1"),
        Case(f"h of shape (1, {T}, {H}), C={C}", inputs(H, C, 1, T), edge="N=1"),
        Case(f"h of shape ({N}, 1, {H}), C={C}", inputs(H, C, N, 1), edge="T=1"),
        Case(f"h of shape ({N}, {N}, {N}), C={N}", inputs(N, N, N, N)),
    ]


@exercise("readout", cases=readout_cases, small=(small_readout, small_readout_of_sequences))
def test_readout(student: Any, case: Case, expect: Expect) -> None:
    """Is the affine map right, for one step and for all?"""
    expect.part("y", student.readout(case.h, case.Why, case.by), affine(case.h, case.Why, case.by))


# --- arrangements of one network ------------------------------------------------------------


def sequence_inputs(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> dict[str, Any]:
    Wx, Wh, b = weights(rng, D, H)
    return {"x": rng.normal(size=(N, T, D)), "h0": some_state(rng, N, H), "Wx": Wx, "Wh": Wh, "b": b}


def unroll_cases(draw: Draw) -> list[Case]:
    """Two ordinary ones; one sequence; one step; all sizes equal."""
    rng = draw.rng("unroll")
    N, T, D, H = sizes(rng, draw, (3, 5, 2, 4), long=(1,))
    N2, T2, D2, H2 = sizes(rng, draw, (2, 6, 5, 3), long=(1,))
    same = max(H, 3)
    return [
        Case(f"N={N} T={T} D={D} H={H}", sequence_inputs(rng, N, T, D, H)),
        Case(f"N={N2} T={T2} D={D2} H={H2}", sequence_inputs(rng, N2, T2, D2, H2)),
        Case(f"N=1 T={T} D={D} H={H}", sequence_inputs(rng, 1, T, D, H), edge="N=1"),
        Case(f"N={N} T=1 D={D} H={H}", sequence_inputs(rng, N, 1, D, H), edge="T=1"),
        Case(f"N=T=D=H={same}", sequence_inputs(rng, same, same, same, same)),
    ]


def network(case: Case) -> tuple[Array, ...]:
    return case.x, case.h0, case.Wx, case.Wh, case.b


@exercise("unroll", cases=unroll_cases, stand_ins=(CELL,), asks={"rnn_cell": of_states}, small=sequence_inputs)
def test_unroll(student: Any, case: Case, expect: Expect) -> None:
    """Are the hidden states of all steps right?"""
    expect.part("h", student.unroll(*network(case)), states(*network(case)))


def many_to_one_inputs(rng: np.random.Generator, N: int, T: int, D: int, H: int, C: int) -> dict[str, Any]:
    Why, by = head(rng, H, C)
    return sequence_inputs(rng, N, T, D, H) | {"Why": Why, "by": by}


def many_to_one_cases(draw: Draw) -> list[Case]:
    """Two ordinary ones; one sequence; one step; all sizes equal."""
    rng = draw.rng("many_to_one")
    inputs = partial(many_to_one_inputs, rng)
    N, T, D, H, C = sizes(rng, draw, (3, 5, 2, 6, 4), long=(1,))
    N2, T2, D2, H2, C2 = sizes(rng, draw, (4, 3, 6, 5, 2), long=(1,))
    same = max(H, 3)
    return [
        Case(f"N={N} T={T} D={D} H={H} C={C}", inputs(N, T, D, H, C)),
        Case(f"N={N2} T={T2} D={D2} H={H2} C={C2}", inputs(N2, T2, D2, H2, C2)),
        Case(f"N=1 T={T} D={D} H={H} C={C}", inputs(1, T, D, H, C), edge="N=1"),
        Case(f"N={N} T=1 D={D} H={H} C={C}", inputs(N, 1, D, H, C), edge="T=1"),
        Case(f"N=T=D=H=C={same}", inputs(same, same, same, same, same)),
    ]


@exercise(
    "many_to_one",
    cases=many_to_one_cases,
    stand_ins=(CELL, UNROLL, READOUT),
    asks={
        "rnn_cell": of_states,
        "unroll": of_states,
        "readout": lambda *a: SLACK * a[0].shape[1] * len(a[0]) * a[-1].size,
    },
    small=many_to_one_inputs,
)
def test_many_to_one(student: Any, case: Case, expect: Expect) -> None:
    """Is there one output per sequence, that of the last state?"""
    got = student.many_to_one(*network(case), case.Why, case.by)
    last = states(*network(case))[:, case.x.shape[1] - 1]
    expect.part("y", got, affine(last, case.Why, case.by))


def one_to_many_inputs(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> dict[str, Any]:
    Wx, Wh, b = weights(rng, D, H)
    Why, by = head(rng, H, D, scale=0.6)
    x0, h0 = rng.normal(size=(N, D)), some_state(rng, N, H)
    return {"x0": x0, "h0": h0, "Wx": Wx, "Wh": Wh, "b": b, "Why": Why, "by": by, "T": T}


def one_to_many_cases(draw: Draw) -> list[Case]:
    """Two ordinary ones; one sequence; one step; all sizes equal."""
    rng = draw.rng("one_to_many")
    inputs = partial(one_to_many_inputs, rng)
    N, T, D, H = sizes(rng, draw, (3, 5, 2, 4), long=(1,))
    N2, T2, D2, H2 = sizes(rng, draw, (2, 4, 5, 3), long=(1,))
    same = max(H, 3)
    return [
        Case(f"N={N} T={T} D={D} H={H}", inputs(N, T, D, H)),
        Case(f"N={N2} T={T2} D={D2} H={H2}", inputs(N2, T2, D2, H2)),
        Case(f"N=1 T={T} D={D} H={H}", inputs(1, T, D, H), edge="N=1"),
        Case(f"N={N} T=1 D={D} H={H}", inputs(N, 1, D, H), edge="T=1"),
        Case(f"N=T=D=H={same}", inputs(same, same, same, same)),
    ]


@exercise(
    "one_to_many",
    cases=one_to_many_cases,
    stand_ins=(CELL, READOUT),
    asks={
        "rnn_cell": lambda x0, h0, *rest: SLACK * rest[-1] * h0.size,
        "readout": lambda *a: SLACK * a[-1] * a[0].size,
    },
    small=one_to_many_inputs,
)
def test_one_to_many(student: Any, case: Case, expect: Expect) -> None:
    """Is each output fed back as the next input?"""
    arguments = (case.x0, case.h0, case.Wx, case.Wh, case.b, case.Why, case.by, case.T)
    expect.part("y", student.one_to_many(*arguments), written(*arguments))


def translation_inputs(rng: np.random.Generator, N: int, S: int, T: int, D: int, K: int, H: int) -> dict[str, Any]:
    return {
        "x": rng.normal(size=(N, S, D)),
        "h0": some_state(rng, N, H),
        "encoder": weights(rng, D, H),
        "decoder": (*weights(rng, K, H), *head(rng, H, K, scale=0.6)),
        "start": rng.normal(size=(N, K)),
        "T": T,
    }


def translation_cases(draw: Draw) -> list[Case]:
    """More steps in than out, fewer in than out; one sequence; one step in; one step out; all sizes equal."""
    rng = draw.rng("sequence_to_sequence")
    inputs = partial(translation_inputs, rng)
    N, S, T, D, K, H = sizes(rng, draw, (2, 6, 3, 4, 7, 5), long=(1, 2))
    S, T = max(S, T), min(S, T)
    same = max(H, 3)
    return [
        Case(f"N={N} S={S} T={T} D={D} K={K} H={H}", inputs(N, S, T, D, K, H)),
        Case(f"N={D} S={T} T={S} D={N} K={H} H={K}", inputs(D, T, S, N, H, K)),
        Case(f"N=1 S={S} T={T} D={D} K={K} H={H}", inputs(1, S, T, D, K, H), edge="N=1"),
        Case(f"N={N} S=1 T={T} D={D} K={K} H={H}", inputs(N, 1, T, D, K, H), edge="S=1"),
        Case(f"N={N} S={S} T=1 D={D} K={K} H={H}", inputs(N, S, 1, D, K, H), edge="T=1"),
        Case(f"N=S=T=D=K=H={same}", inputs(same, same, same, same, same, same)),
    ]


@exercise(
    "sequence_to_sequence",
    cases=translation_cases,
    stand_ins=(CELL, UNROLL, READOUT, ONE_TO_MANY),
    asks={
        "rnn_cell": lambda x, h0, *rest: SLACK * (x.shape[1] + rest[-1]) * h0.size,
        "unroll": lambda x, h0, *rest: SLACK * (x.shape[1] + rest[-1]) * h0.size,
        "readout": lambda x, *rest: SLACK * (x.shape[1] + rest[-1]) * rest[-2].size,
        "one_to_many": lambda x, *rest: SLACK * rest[-1] * rest[-2].size,
    },
    small=translation_inputs,
)
def test_sequence_to_sequence(student: Any, case: Case, expect: Expect) -> None:
    """Does the decoder write from the encoder's last state?"""
    got = student.sequence_to_sequence(case.x, case.h0, case.encoder, case.decoder, case.start, case.T)
    read = states(case.x, case.h0, *case.encoder)[:, case.x.shape[1] - 1]
    Wx, Wh, b, Why, by = case.decoder
    expect.part("y", got, written(case.start, read, Wx, Wh, b, Why, by, case.T))


def multilayer_inputs(rng: np.random.Generator, N: int, T: int, D: int, *widths: int) -> dict[str, Any]:
    pairs = list(zip((D, *widths[:-1]), widths, strict=True))
    return {
        "x": rng.normal(size=(N, T, D)),
        "h0": [some_state(rng, N, H) for H in widths],
        "layers": [weights(rng, below, H) for below, H in pairs],
    }


def small_multilayer(rng: np.random.Generator, L: int, N: int, T: int, D: int, H: int) -> dict[str, Any]:
    return multilayer_inputs(rng, N, T, D, *([H] * L))


def multilayer_cases(draw: Draw) -> list[Case]:
    """One to three layers of different widths; one sequence; one step; all sizes equal."""
    rng = draw.rng("multilayer")
    inputs = partial(multilayer_inputs, rng)
    N, T, D, *widths = sizes(rng, draw, (2, 4, 3, 6, 5, 7), long=(1,))
    same = max(T, 3)
    text = " ".join(map(str, widths))
    return [
        Case(f"N={N} T={T} D={D}, 2 layers of {widths[0]} {widths[1]}", inputs(N, T, D, *widths[:2])),
        Case(f"N={N} T={T} D={D}, 3 layers of {text}", inputs(N, T, D, *widths)),
        Case(f"N={N} T={T} D={D}, 1 layer of {widths[0]}", inputs(N, T, D, widths[0])),
        Case(f"N=1 T={T} D={D}, 3 layers of {text}", inputs(1, T, D, *widths), edge="N=1"),
        Case(f"N={N} T=1 D={D}, 3 layers of {text}", inputs(N, 1, D, *widths), edge="T=1"),
        Case(f"N=T=D={same}, 3 layers of {same}", inputs(same, same, same, same, same, same)),
    ]


@exercise(
    "multilayer",
    cases=multilayer_cases,
    stand_ins=(CELL, UNROLL),
    asks=dict.fromkeys(("rnn_cell", "unroll"), lambda x, h0, _: SLACK * x.shape[1] * sum(h.size for h in h0)),
    small=small_multilayer,
)
def test_multilayer(student: Any, case: Case, expect: Expect) -> None:
    """Does each layer read the states of the one below, from its own initial state?"""
    got = student.multilayer(case.x, case.h0, case.layers)
    # Step by step through all layers, not layer by layer: another order, the same numbers.
    now = [np.array(h) for h in case.h0]
    top = []
    for t in range(case.x.shape[1]):
        below = case.x[:, t]
        for layer, parameters in enumerate(case.layers):
            now[layer] = below = cell(below, now[layer], *parameters)
        top.append(below)
    expect.part("h", got, np.stack(top, axis=1))


# --- an image as a sequence, counting -------------------------------------------------------


def small_images(rng: np.random.Generator, N: int, rows: int, columns: int) -> dict[str, Any]:
    return {"images": rng.normal(size=(N, rows, columns))}


def image_cases(draw: Draw) -> list[Case]:
    """Two ordinary batches; one image; images of one row; all sizes equal."""
    rng = draw.rng("rows_as_steps")
    N, rows, columns = sizes(rng, draw, (3, 5, 4), long=(0, 1))

    def case(n: int, r: int, c: int, edge: str = "") -> Case:
        return Case(f"images of shape ({n}, {r}, {c})", {"images": rng.normal(size=(n, r, c))}, edge=edge)

    return [
        case(N, rows, columns),
        case(columns, N, rows),
        case(1, rows, columns, "N=1"),
        case(N, 1, columns, "T=1"),
        case(N, N, N),
    ]


@exercise("rows_as_steps", cases=image_cases, small=small_images)
def test_rows_as_steps(student: Any, case: Case, expect: Expect) -> None:
    """Is there one array per row, top row first, with that row of every image?"""
    got = student.rows_as_steps(case.images)
    N, rows, columns = case.images.shape
    expected = [np.array([case.images[n, t] for n in range(N)]) for t in range(rows)]
    expect.verdict("steps", _compare_steps(got, expected, f"{rows} of {shape_text((N, columns))}"), got)


def _compare_steps(got: Any, expected: list[Array], wanted: str) -> Comparison:
    """A list, a tuple or an array along its first axis: the number of steps first, then step by step."""
    whole = as_array(got)
    if whole is not None and whole.ndim:
        found = compare(whole, np.stack(expected), COPY_RTOL, "steps")
        if found.ok or found.outcome is Outcome.WRONG_SHAPE or len(whole) == len(expected):
            upside_down = not found.ok and compare(whole[::-1], np.stack(expected), COPY_RTOL).ok
            message = "steps has the right rows in the reverse order." if upside_down else found.message
            return Comparison(found.outcome, message, wanted, found.got, found.error, found.single_precision)
    if got is None:
        return Comparison(Outcome.RETURNS_NONE, "steps is None.", wanted, "None")
    if not isinstance(got, (list, tuple, np.ndarray)) or (whole is not None and not whole.ndim):
        message = f"steps is {describe(got)}, it should be a list of arrays."
        return Comparison(Outcome.WRONG_VALUES, message, wanted, describe(got))
    if len(got) != len(expected):
        message = f"steps has {len(got)} entries, it should have one per row: {len(expected)}."
        return Comparison(Outcome.WRONG_VALUES, message, wanted, f"{len(got)} entries")
    each = [
        compare(step, row, COPY_RTOL, f"steps[{t}]") for t, (step, row) in enumerate(zip(got, expected, strict=True))
    ]
    found = next((one for one in each if not one.ok), each[0])
    return Comparison(found.outcome, found.message, wanted, describe(got))


def small_counts(rng: np.random.Generator, D: int, H: int, C: int, T: int) -> dict[str, Any]:
    return {"D": D, "H": H, "C": C, "T": T}


def count_cases(draw: Draw) -> list[Case]:
    """Different widths; the same widths for different lengths; every width 1."""
    rng = draw.rng("count_parameters")
    D, H, C, T = sizes(rng, draw, (3, 5, 2, 4))
    D2, H2, C2 = (int(n) for n in rng.integers(20, 200, size=3)) if draw.hidden else (28, 128, 10)
    cases = [(D, H, C, T), (D, H, C, 10 * T), (C, D, H, 7), (D2, H2, C2, 28), (1, 1, 1, 50)]
    return [Case(f"D={d} H={h} C={c} T={t}", {"D": d, "H": h, "C": c, "T": t}) for d, h, c, t in cases]


@exercise("count_parameters", cases=count_cases, small=small_counts)
def test_count_parameters(student: Any, case: Case, expect: Expect) -> None:
    """Is the number of learnable numbers right, to the last one?"""
    D, H, C = case.D, case.H, case.C
    count = sum(int(np.prod(shape)) for shape in ((D, H), (H, H), (H,), (H, C), (C,)))
    got = student.count_parameters(D, H, C, case.T)
    found = compare(got, count, name="count")
    if found.ok and float(as_array(got)) != count:  # type: ignore[arg-type]  # a count is exact: one too many is wrong
        found = Comparison(Outcome.WRONG_VALUES, "count has the wrong value.", found.expected, found.got)
    expect.verdict("count", found, got, count)


# --- weights set by hand --------------------------------------------------------------------

LONGEST = 200
WIDEST = 16


def parity_cases(draw: Draw) -> list[Case]:
    """All short strings; random ones of full length; the strings that are hardest to keep in mind."""
    rng = draw.rng("parity_weights")
    short = np.array(list(itertools.product([0.0, 1.0], repeat=8)))
    shares = np.array([0.5, 0.1, 0.9, 0.02])[np.arange(40) % 4]
    mixed = (rng.random((40, LONGEST)) < shares[:, None]).astype(np.float64)
    runs = np.zeros((6, LONGEST))
    runs[0, 0] = 1.0  # one, then nothing for 199 steps
    runs[1, rng.integers(1, 10)] = 1.0
    runs[2] = 1.0
    runs[3, ::2] = 1.0
    runs[4, : LONGEST // 2 + 1] = 1.0  # (row 5: nothing at all)
    return [
        Case("all strings of up to 8 bits", {"bits": short, "long": False}),
        Case(f"random strings of {LONGEST} bits", {"bits": mixed, "long": True}),
        Case(f"{LONGEST} bits with long runs", {"bits": runs, "long": True}),
    ]


@exercise("parity_weights", cases=parity_cases)
def test_parity_weights(student: Any, case: Case, expect: Expect) -> None:
    """Does a network with these weights know the parity at every step?"""
    returned = student.parity_weights()
    arrays, problem, wrong_shape = _parity_arrays(returned)
    if problem:
        outcome = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
        expect.verdict("parity", Comparison(outcome, problem, "5 arrays", describe(returned)))
        return
    found, answers = _judge_parity(arrays, case.bits)
    if wrong_shape:
        right = "; its values are right" if found.ok else ""
        outcome = Outcome.WRONG_SHAPE if found.ok else Outcome.WRONG_VALUES
        expect.verdict("parity", Comparison(outcome, f"{wrong_shape}{right}.", "5 arrays", wrong_shape))
        return
    # What is compared with known mistakes: every answer for the short strings. Where a state that fades
    # goes wrong in a long string depends on the weights, so there only whether it does.
    expect.verdict("parity", found, None if case.long else answers)


def _parity_arrays(returned: Any) -> tuple[list[Array], str, str]:
    """Wx, Wh, b, Why, by in their shapes; what makes them unusable; which of them came in another shape."""
    if returned is None:
        return [], "parity_weights returns None.", ""
    if not isinstance(returned, (tuple, list)) or len(returned) != 5:
        count = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else describe(returned)
        return [], f"parity_weights returns {count}; it should return five: Wx, Wh, b, Why, by.", ""
    names = ("Wx", "Wh", "b", "Why", "by")
    arrays: list[Array] = []
    for name, value in zip(names, returned, strict=True):
        array = as_array(value)
        if array is None:
            return [], f"{name} is {describe(value)}, not an array of numbers.", ""
        arrays.append(array.astype(np.float64))
        if not np.isfinite(arrays[-1]).all():
            return [], f"{name} contains numbers that are not finite.", ""
    Wh = arrays[1]
    if Wh.ndim != 2 or Wh.shape[0] != Wh.shape[1] or not Wh.size:
        return [], f"Wh is {_shape(Wh)}; it should be square, (H, H).", ""
    H = len(Wh)
    if H > WIDEST:
        return [], f"Wh is for H = {H} hidden units; up to {WIDEST} are accepted.", ""
    wanted = ((1, H), (H, H), (H,), (H, 1), (1,))
    other = ""
    for position, (name, shape) in enumerate(zip(names, wanted, strict=True)):
        array = arrays[position]
        if array.size != int(np.prod(shape)):
            return [], f"{name} is {_shape(array)}; for the {H} hidden units of Wh it should be {shape}.", ""
        if array.shape != shape:
            other = other or f"{name} is {_shape(array)}, it should be {shape}"
            arrays[position] = array.reshape(shape)
    return arrays, "", other


def _shape(array: Array) -> str:
    return f"of shape {shape_text(array.shape)}" if array.ndim else "a number"


def _judge_parity(arrays: list[Array], bits: Array) -> tuple[Comparison, Array]:
    """The network's answers to all strings at every step, and the first step at which one is wrong."""
    Wx, Wh, b, Why, by = arrays
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = affine(states(bits[:, :, None], np.zeros((len(bits), len(Wh))), Wx, Wh, b), Why, by)[:, :, 0]
    answers = outputs > 0.5
    odd = np.array(
        [[sum(string[: t + 1]) % 2 == 1 for t in range(len(string))] for string in bits.astype(int).tolist()]
    )
    wrong = ~np.isfinite(outputs) | (answers != odd) | (outputs == 0.5)
    if not wrong.any():
        return Comparison(Outcome.PASSED, "", "odd or even", "right"), answers
    step = int(np.argmax(wrong.any(axis=0)))
    string = "".join(str(int(bit)) for bit in bits[int(np.argmax(wrong[:, step])), : step + 1])
    shown = string if len(string) <= 12 else f"{string[:8]}… ({len(string)} bits)"
    message = f"The network's answer is wrong after {shown}; it is right for all shorter strings that were tried."
    if step == 0:
        message = f"The network's answer is wrong after the single bit {shown}."
    return Comparison(Outcome.WRONG_VALUES, message, "odd or even", "wrong"), answers
