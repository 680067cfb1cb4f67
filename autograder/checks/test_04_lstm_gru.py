"""Checks of unit 4, cells with gates.

Expected values come from the formulas of the notebook in index notation, expected gradients from
complex-step differentiation of them. Run them on one file with
``pytest autograder/checks/test_04_lstm_gru.py --submission PATH``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograder.checking import Case, Expect, Growing, exercise
from autograder.checks.test_02_bptt import steep
from autograder.draws import Draw
from autograder.gradcheck import Array, Comparison, as_array, compare, complex_step, describe
from autograder.questions import backward_asks, nothing, of_states
from autograder.results import Outcome
from autograder.student import KEPT, Call, StandIn

#: A stand-in computes for the student in the judge's own process, so it takes no longer sequence.
MOST_STEPS = 100

STEP = ("x", "prev_h", "prev_c", "Wx", "Wh", "b")
GRU_STEP = ("x", "prev_h", "Wx", "Wh", "b")
SEQUENCE = ("x", "h0", "Wx", "Wh", "b")

#: Which block of the weights is which gate; n is the GRU's candidate.
LSTM, GRU, COUPLED = "ifog", "rzn", "fog"


# --- oracles: the formulas of the notebook, in index notation -------------------------------
#
# The dots stand for the axis along which complex_step moves the entries of one argument. Another convention than the
# course's (an order of blocks, what z keeps, when the reset acts) is asked for only where a student's forward pass
# follows it: to judge the backward pass that belongs to it.
#
# The checks' tolerance, gradcheck.RTOL, is derived there for float32 and 300 chained products and sums. Here a step
# is D + H + 1 <= 13 of them and 6 more for the states; going back it is 4H <= 24, 10 for the slopes and N <= 6 for the
# weights. T <= 6 steps there and back: below 360. What float32 really makes of the cases is 20 times less
# than the tolerance (tests/test_oracles.py).


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), for real and complex numbers; exp is only taken of what is not positive."""
    negative = a.real < 0
    small = np.exp(np.where(negative, a, -a))
    result: Array = np.where(negative, small, 1.0) / (1.0 + small)
    return result


def through(inputs: Array, weights: Array) -> Array:
    """(..., N, H): every row times a matrix."""
    result: Array = inputs @ weights
    return result


def block(weights: Array, place: int, H: int) -> Array:
    """The columns of one gate."""
    return weights[..., place * H : (place + 1) * H]


def gate_sums(order: str, x: Array, h: Array, Wx: Array, Wh: Array, b: Array) -> dict[str, Array]:
    """Gate -> (..., N, H), what goes into it."""
    H = Wh.shape[-2]
    return {
        gate: through(x, block(Wx, k, H)) + through(h, block(Wh, k, H)) + block(b, k, H)[..., None, :]
        for k, gate in enumerate(order)
    }


def lstm_step(
    x: Array, prev_h: Array, prev_c: Array, Wx: Array, Wh: Array, b: Array, *, order: str = LSTM
) -> tuple[Array, Array]:
    """(..., N, H) twice: c' = f c + i g, h' = o tanh(c'). Without a block i, the input gate is 1 - f."""
    a = gate_sums(order, x, prev_h, Wx, Wh, b)
    f = sigmoid(a["f"])
    i = sigmoid(a["i"]) if "i" in a else 1.0 - f
    next_c = f * prev_c + i * np.tanh(a["g"])
    return sigmoid(a["o"]) * np.tanh(next_c), next_c


def coupled_step(*inputs: Array, order: str = COUPLED) -> tuple[Array, Array]:
    """(..., N, H) twice: the LSTM's step with the input gate 1 - f."""
    return lstm_step(*inputs, order=order)


def gru_step(
    x: Array,
    prev_h: Array,
    Wx: Array,
    Wh: Array,
    b: Array,
    *,
    order: str = GRU,
    z_keeps: bool = True,
    late: bool = False,
) -> Array:
    """(..., N, H): h' = z h + (1 - z) n with n = tanh(x Wx + (r h) Wh + b); `late` resets after the product."""
    a = gate_sums(order, x, prev_h, Wx, Wh, b)
    H, k = Wh.shape[-2], order.index("n")
    r, z = sigmoid(a["r"]), sigmoid(a["z"])
    z = z if z_keeps else 1.0 - z
    own = block(Wh, k, H)
    from_h = r * through(prev_h, own) if late else through(r * prev_h, own)
    n = np.tanh(through(x, block(Wx, k, H)) + from_h + block(b, k, H)[..., None, :])
    result: Array = z * prev_h + (1.0 - z) * n
    return result


def steps_of(x: Array) -> int:
    """T; refuses what no check asks for."""
    if x.shape[-2] > MOST_STEPS:
        raise ValueError("more steps than any check has")
    return int(x.shape[-2])


def lstm_states(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array, *, order: str = LSTM) -> list[tuple[Array, Array]]:
    """h and c before the first step and after every step; c starts at zero."""
    states = [(h0, np.zeros_like(h0))]
    for t in range(steps_of(x)):
        states.append(lstm_step(x[..., t, :], *states[-1], Wx, Wh, b, order=order))
    return states


def lstm_unrolled(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array, *, order: str = LSTM) -> Array:
    """(..., N, T, H): the hidden state after every step."""
    return np.stack([h for h, _ in lstm_states(x, h0, Wx, Wh, b, order=order)[1:]], axis=-2)


def gru_states(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array, **convention: Any) -> list[Array]:
    """h before the first step and after every step."""
    states = [h0]
    for t in range(steps_of(x)):
        states.append(gru_step(x[..., t, :], states[-1], Wx, Wh, b, **convention))
    return states


def gru_unrolled(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array, **convention: Any) -> Array:
    """(..., N, T, H): the hidden state after every step."""
    return np.stack(gru_states(x, h0, Wx, Wh, b, **convention)[1:], axis=-2)


def stacked(step: Callable[..., tuple[Array, Array]], *inputs: Array) -> Array:
    """(..., 2, N, H): the two results of a step as one array, as complex_step wants them."""
    return np.stack(np.broadcast_arrays(*step(*inputs)), axis=-3)


LSTM_BOTH, COUPLED_BOTH = partial(stacked, lstm_step), partial(stacked, coupled_step)


def step_gradients(formula: Callable[..., Array], dnext_h: Any, dnext_c: Any, *inputs: Any) -> tuple[Array, ...]:
    """dx, dprev_h, dprev_c, dWx, dWh, db of a step with two states; a single 0 does for zeros."""
    x, prev_h, prev_c, Wx, Wh, b = inputs[:6]
    shape = (len(x), len(Wh))
    given = (np.broadcast_to(value, shape) for value in (prev_h, prev_c, dnext_h, dnext_c))
    h, c, dh, dc = (np.array(value, dtype=np.float64) for value in given)
    return tuple(complex_step(formula, (x, h, c, Wx, Wh, b), np.stack([dh, dc]), batched=True))


def gradients(formula: Callable[..., Array], upstream: Array, *inputs: Array) -> tuple[Array, ...]:
    """The gradients of a formula with five inputs and one result."""
    return tuple(complex_step(formula, inputs[:5], upstream, batched=True))


# --- what each step contributes, for detectors ------------------------------------------------


def at_the_gates(unrolled: Callable[..., Array], case: Case) -> Array:
    """(N, T, blocks H): the gradient with respect to what goes into the gates at each step.

    Taken as that of further inputs, zero here, which are added to the gates' sums one by one.
    """
    D, width = case.Wx.shape
    wide = np.concatenate([case.x, np.zeros((*case.x.shape[:2], width))], axis=2)
    dx, *_ = gradients(unrolled, case.dh, wide, case.h0, np.concatenate([case.Wx, np.eye(width)]), case.Wh, case.b)
    return dx[:, :, D:]


def from_the_state(case: Case, blocks: int, t: int, state: Array, da: Array) -> Array:
    """dWh of one step whose kept state before it is `state`; a GRU's candidate has met it with r applied."""
    H = len(case.Wh)
    dWh: Array = state.T @ da[:, t]
    if blocks == 3:
        h = gru_states(*sequence_arguments(case))[t]
        r = sigmoid(gate_sums(GRU, case.x[:, t], h, case.Wx, case.Wh, case.b)["r"])
        dWh[:, 2 * H :] = (r * state).T @ da[:, t, 2 * H :]
    return dWh


def states_of(case: Case, blocks: int) -> list[Array]:
    """h before the first step and after every step."""
    inputs = sequence_arguments(case)
    return gru_states(*inputs) if blocks == 3 else [h for h, _ in lstm_states(*inputs)]


def sequence_pieces(blocks: int, case: Case) -> dict[str, list[Array]]:
    """What each step alone contributes to the gradients of the weights."""
    da = at_the_gates(gru_unrolled if blocks == 3 else lstm_unrolled, case)
    states = states_of(case, blocks)
    steps = range(case.x.shape[1])
    return {
        "dWx": [case.x[:, t].T @ da[:, t] for t in steps],
        "dWh": [from_the_state(case, blocks, t, states[t], da) for t in steps],
        "db": [da[:, t].sum(axis=0) for t in steps],
    }


def state_overwritten(blocks: int, case: Case) -> dict[str, list[Array]]:
    """dWh if the kept state before each step holds the one after it, or the last of all."""
    da = at_the_gates(gru_unrolled if blocks == 3 else lstm_unrolled, case)
    states = states_of(case, blocks)
    steps = range(case.x.shape[1])
    later = [from_the_state(case, blocks, t, states[t + 1], da) for t in steps]
    last = [from_the_state(case, blocks, t, states[-1], da) for t in steps]
    return {"dWh": [np.sum(later, axis=0), np.sum(last, axis=0)]}


# --- slips of a forward pass, for judging the backward pass behind it ---------------------------
#
# A backward function can be judged only by a cache in its author's own layout, and there is none but the one that
# their forward function leaves. Where that is wrong in one of these ways, all that it may have cached is known, so that
# it can be put right in there.

SQUASH: dict[str, Callable[[Array], Array]] = {"sigmoid": sigmoid, "tanh": np.tanh, "nothing": lambda a: a}

Gates = dict[str, Array]

#: Ways to make the new cell state from i, f, g, the old cell state and the old hidden state. Not i c + f g: that is the
#: same as two blocks in each other's place, which is what people do.
CELLS: dict[str, Callable[[Gates, Array, Array], Array]] = {
    "f c + i g": lambda v, c, h: v["f"] * c + v["i"] * v["g"],
    "f c + g": lambda v, c, h: v["f"] * c + v["g"],
    "c + i g": lambda v, c, h: c + v["i"] * v["g"],
    "f (c + i g)": lambda v, c, h: v["f"] * (c + v["i"] * v["g"]),
    "c + f i g": lambda v, c, h: c + v["f"] * v["i"] * v["g"],
    "i g": lambda v, c, h: v["i"] * v["g"],
    "f c": lambda v, c, h: v["f"] * c,
    "f h + i g": lambda v, c, h: v["f"] * h + v["i"] * v["g"],
    "f c - i g": lambda v, c, h: v["f"] * c - v["i"] * v["g"],
    "f c + f g": lambda v, c, h: v["f"] * c + v["f"] * v["g"],
    "f c + (1 - f) g": lambda v, c, h: v["f"] * c + (1.0 - v["f"]) * v["g"],
    "(1 - f) c + i g": lambda v, c, h: (1.0 - v["f"]) * c + v["i"] * v["g"],
    "tanh(f c + i g)": lambda v, c, h: np.tanh(v["f"] * c + v["i"] * v["g"]),
}

#: Ways to make the new hidden state from o, the new and the old cell state.
OUTPUTS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "o tanh(c')": lambda o, next_c, c: o * np.tanh(next_c),
    "o c'": lambda o, next_c, c: o * next_c,
    "tanh(o c')": lambda o, next_c, c: np.tanh(o * next_c),
    "tanh(c')": lambda o, next_c, c: np.tanh(next_c),
    "o tanh(c)": lambda o, next_c, c: o * np.tanh(c),
    "o sigmoid(c')": lambda o, next_c, c: o * sigmoid(next_c),
    "o + tanh(c')": lambda o, next_c, c: o + np.tanh(next_c),
}


@dataclass(frozen=True)
class Slip:
    """One way to compute a step; by default the right one."""

    order: str = ""  # of the blocks; the course's if empty
    without: str = ""  # of x, h and b, those that are left out of the sums
    deaf: bool = False  # h is left out of a GRU's gates, not of its candidate
    squash: tuple[tuple[str, str], ...] = ()  # gates that go through another function than they should
    cell: str = "f c + i g"
    output: str = "o tanh(c')"
    exchanged: bool = False  # the two results are in each other's place
    reset: str = "before"
    mix: str = "z h + (1 - z) n"


def summed(order: str, slip: Slip, x: Array, h: Array, Wx: Array, Wh: Array, b: Array) -> Gates:
    """What goes into each gate by a slip's reading."""
    terms = {"x": x, "h": h, "b": b}
    x, h, b = (np.zeros_like(value) if name in slip.without else value for name, value in terms.items())
    return gate_sums(slip.order or order, x, h, Wx, Wh, b)


def squashed(slip: Slip, gate: str, a: Array, usual: str) -> Array:
    return SQUASH[dict(slip.squash).get(gate, usual)](a)


def lstm_inside(order: str, slip: Slip, x: Array, prev_h: Array, prev_c: Array, *weights: Array) -> Gates:
    """Everything that such a step computes, by name."""
    a = summed(order, slip, x, prev_h, *weights)
    v = {gate: squashed(slip, gate, a[gate], "tanh" if gate == "g" else "sigmoid") for gate in a}
    v.setdefault("i", 1.0 - v["f"])
    next_c = CELLS[slip.cell](v, prev_c, prev_h)
    next_h = OUTPUTS[slip.output](v["o"], next_c, prev_c)
    results = {"first": next_c, "second": next_h} if slip.exchanged else {"first": next_h, "second": next_c}
    shown = np.tanh(prev_c if slip.output == "o tanh(c)" else next_c)
    return results | values_of(a, v, order, "fiog") | {"c'": next_c, "tanh c'": shown, "h'": next_h}


RESETS: dict[str, Callable[[Array, Array, Array], tuple[Array, Array]]] = {
    "before": lambda r, h, own: (r * h, through(r * h, own)),
    "after": lambda r, h, own: (r * h, r * through(h, own)),
    "never": lambda r, h, own: (h, through(h, own)),
    "inverted": lambda r, h, own: ((1.0 - r) * h, through((1.0 - r) * h, own)),
    "of all": lambda r, h, own: (r * h, through(h, own)),
}
MIXES: dict[str, Callable[[Array, Array, Array, Array], Array]] = {
    "z h + (1 - z) n": lambda r, z, h, n: z * h + (1.0 - z) * n,
    "(1 - z) h + z n": lambda r, z, h, n: (1.0 - z) * h + z * n,
    "z h + n": lambda r, z, h, n: z * h + n,
    "h + (1 - z) n": lambda r, z, h, n: h + (1.0 - z) * n,
    "(1 - z) n": lambda r, z, h, n: (1.0 - z) * n,
    "z h + z n": lambda r, z, h, n: z * h + z * n,
    "z r h + (1 - z) n": lambda r, z, h, n: z * r * h + (1.0 - z) * n,
    "tanh(z h + (1 - z) n)": lambda r, z, h, n: np.tanh(z * h + (1.0 - z) * n),
}


def gru_inside(order: str, slip: Slip, x: Array, prev_h: Array, Wx: Array, Wh: Array, b: Array) -> Gates:
    """Everything that such a step computes, by name."""
    a = summed(order, slip, x, prev_h, Wx, Wh, b)
    if slip.deaf:
        a |= {
            gate: value for gate, value in summed(order, Slip(without="h"), x, prev_h, Wx, Wh, b).items() if gate != "n"
        }
    H, k = len(Wh), (slip.order or order).index("n")
    v = {gate: squashed(slip, gate, a[gate], "sigmoid") for gate in "rz"}
    own, h = block(Wh, k, H), np.zeros_like(prev_h) if "h" in slip.without else prev_h
    reset_h, from_h = RESETS[slip.reset](v["r"], h, own)
    a["n"] = v["r"] * a["n"] if slip.reset == "of all" else a["n"] - through(h, own) + from_h
    v["n"] = squashed(slip, "n", a["n"], "tanh")
    next_h = MIXES[slip.mix](v["r"], v["z"], prev_h, v["n"])
    return {"first": next_h} | values_of(a, v, order, "rz") | {"r h": reset_h, "h'": next_h}


def values_of(a: Gates, v: Gates, order: str, by_sigmoid: str) -> Gates:
    """Sums, gates and slopes, one by one and side by side."""
    slopes = {gate: value * (1.0 - value) if gate in by_sigmoid else 1.0 - value**2 for gate, value in v.items()}
    named = {
        f"{what} {gate}": value
        for what, of in (("sum", a), ("gate", v), ("slope", slopes))
        for gate, value in of.items()
    }
    named |= {f"1 - {gate}": 1.0 - v[gate] for gate in by_sigmoid if gate in v}
    for what, of in (("sums", a), ("gates", v), ("slopes", slopes)):
        for count in range(2, len(order) + 1):
            named[f"{what} {count}"] = np.concatenate([of[gate] for gate in order[:count]], axis=-1)
    return named


SLIPS_OF_SUMS = (*(Slip(without=terms) for terms in ("x", "h", "b", "hb")),)
CELL_SLIPS = (
    *SLIPS_OF_SUMS,
    *(Slip(cell=cell) for cell in CELLS),
    *(Slip(output=output) for output in OUTPUTS),
    *(Slip(squash=((gate, "tanh"),)) for gate in "ifo"),
    *(Slip(squash=((gate, "nothing"),)) for gate in "ifog"),
    Slip(squash=(("g", "sigmoid"),)),
    Slip(squash=tuple((gate, "tanh") for gate in "ifo")),
    Slip(squash=tuple((gate, "nothing") for gate in "ifo")),
    Slip(squash=tuple((gate, "nothing") for gate in "ifog")),
    Slip(exchanged=True),
)
GRU_SLIPS = (
    *SLIPS_OF_SUMS,
    Slip(deaf=True),
    *(
        Slip(order=order, mix=mix, reset=reset)  # as books and libraries have them: several conventions at once
        for order, mix, reset in itertools.product(
            ("rzn", "zrn"), ("z h + (1 - z) n", "(1 - z) h + z n"), ("before", "after")
        )
    ),
    *(Slip(reset=reset) for reset in RESETS),
    *(Slip(mix=mix) for mix in MIXES),
    *(Slip(squash=((gate, how),)) for gate in "rz" for how in ("tanh", "nothing")),
    *(Slip(squash=(("n", how),)) for how in ("sigmoid", "nothing")),
    *(Slip(squash=(("r", how), ("z", how))) for how in ("tanh", "nothing")),
)


def orders(of: str) -> list[str]:
    """Every other order of the blocks."""
    return ["".join(letters) for letters in itertools.permutations(of) if "".join(letters) != of]


def what_was_cached(
    inside: Callable[..., Gates], order: str, slips: Sequence[Slip], count: int, *values: Any
) -> list[tuple[Array, Array]]:
    """Pairs: what a wrong step may have cached, and what it should have; by the slip whose results the step has.

    Args:
        inside: all that a step computes. order: of the blocks. slips: the ways in which it may be wrong.
        count: how many of the values are the step's inputs; the others are its wrong results.
    """
    inputs, wrong = values[:count], [np.asarray(value) for value in values[count:]]
    shape = (len(inputs[0]), len(inputs[-2]))
    inputs = (inputs[0], *(np.broadcast_to(state, shape) for state in inputs[1:-3]), *inputs[-3:])
    right = inside(order, Slip(), *inputs)
    names = ("first", "second")[: len(wrong)]
    for slip in (*slips, *(Slip(order=other) for other in orders(order))):
        theirs = inside(order, slip, *inputs)
        if all(compare(value, theirs[name]).ok for name, value in zip(names, wrong, strict=True)):
            del theirs["first"], right["first"]
            wrong_ones = [name for name in theirs if not compare(theirs[name], right[name], 1e-12).ok]
            # What is the same as an input is taken for the input: a reset that does nothing leaves the state itself.
            known = [value for value in inputs[:-3] if value.shape == shape]
            return [
                (theirs[name], right[name])
                for name in wrong_ones
                if not any(compare(theirs[name], value, 1e-12).ok for value in known)
            ]
    pairs = [(value, right[name]) for name, value in zip(names, wrong, strict=True)]
    return [*pairs, *((np.tanh(one), np.tanh(other)) for one, other in pairs)]


# --- stand-ins ------------------------------------------------------------------------------


LSTM_STEPS = (
    StandIn(
        "lstm_step_forward",
        "forward",
        STEP,
        lambda *inputs: lstm_step(*inputs),
        inside=partial(what_was_cached, lstm_inside, LSTM, CELL_SLIPS, 6),
    ),
    StandIn("lstm_step_backward", "backward", ("dnext_h", "dnext_c", "cache"), partial(step_gradients, LSTM_BOTH)),
)
LSTM_SEQUENCE = StandIn(
    "lstm_forward",
    "forward",
    SEQUENCE,
    lambda *inputs: lstm_unrolled(*inputs),
    steps="lstm_step_forward",
    before=lambda *inputs: lstm_states(*inputs),
)
COUPLED_FORWARD = StandIn(
    "coupled_step_forward",
    "forward",
    STEP,
    lambda *inputs: coupled_step(*inputs),
    inside=partial(what_was_cached, lstm_inside, COUPLED, CELL_SLIPS, 6),
)
GRU_STEPS = (
    StandIn(
        "gru_step_forward",
        "forward",
        GRU_STEP,
        lambda *inputs: gru_step(*inputs),
        inside=partial(what_was_cached, gru_inside, GRU, GRU_SLIPS, 5),
    ),
    StandIn("gru_step_backward", "backward", ("dnext_h", "cache"), partial(gradients, gru_step)),
)
GRU_SEQUENCE = StandIn(
    "gru_forward", "forward", SEQUENCE, lambda *inputs: gru_unrolled(*inputs), steps="gru_step_forward"
)


# --- other conventions -----------------------------------------------------------------------
#
# Whose forward pass has the blocks in another order, has z keep what it should replace, or resets after the product,
# as other libraries do, has made one mistake. The backward pass that belongs to it is as much work as ours.

LSTM_ORDERS = tuple(partial(stacked, partial(lstm_step, order=order)) for order in orders(LSTM))
COUPLED_ORDERS = tuple(partial(stacked, partial(coupled_step, order=order)) for order in orders(COUPLED))
GRU_CONVENTIONS: tuple[dict[str, Any], ...] = tuple(
    {"order": order, "z_keeps": z_keeps, "late": late}
    for order, z_keeps, late in itertools.product((GRU, *orders(GRU)), (True, False), (False, True))
)[1:]


# --- draws ----------------------------------------------------------------------------------


def sizes(rng: np.random.Generator, count: int, draw: Draw, fixed: tuple[int, ...]) -> list[int]:
    """Different sizes for different axes, so that none can be taken for another; never 1."""
    return [int(n) for n in rng.permutation([2, 3, 4, 5, 6])[:count]] if draw.hidden else list(fixed)


def gated_inputs(rng: np.random.Generator, N: int, T: int, D: int, H: int, blocks: int) -> dict[str, Any]:
    """Inputs whose gates are neither shut nor wide open."""
    return {
        "x": rng.normal(size=(N, T, D)),
        "h0": 0.5 * rng.normal(size=(N, H)),
        "Wx": rng.normal(size=(D, blocks * H)) / np.sqrt(D),
        "Wh": rng.normal(size=(H, blocks * H)) / np.sqrt(H),
        "b": 0.4 * rng.normal(size=blocks * H),
        "dh": rng.normal(size=(N, T, H)),
    }


def step_inputs(rng: np.random.Generator, N: int, D: int, H: int, blocks: int, cell: bool) -> dict[str, Any]:
    """Inputs of one step, the two upstream gradients among them; without `cell` there is one state."""
    made = gated_inputs(rng, N, 1, D, H, blocks)
    inputs = {"x": made["x"][:, 0].copy(), "prev_h": made["h0"]}
    if cell:
        inputs["prev_c"] = rng.normal(size=(N, H))
    inputs |= {"Wx": made["Wx"], "Wh": made["Wh"], "b": made["b"], "dnext_h": made["dh"][:, 0].copy()}
    if cell:
        inputs["dnext_c"] = rng.normal(size=(N, H))
    return inputs


#: A gate whose sum is beyond this is 0 or 1 in float64: exp(-40) is 4e-18.
SHUT = 40.0

#: exp of this overflows in float64.
OVERFLOWS = 710.0


#: Bounds that people set to what goes into a gate (5, 10) and to cell states (3, 10). Ordinary cases stay below the
#: smaller one; the case of large inputs is beyond all of them, so that they show there on every draw. (Without a cell
#: state, a bound of 10 shows on none.)
MOST_SUM, MOST_CELL = 4.5, 2.7


def saturated(rng: np.random.Generator, make: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Inputs of size 1000: exp of what goes into each gate and the candidate overflows, and so does exp of minus that.

    No sum is so near 0 that digits matter. Where there is a cell state, one entry is large and forgotten, with the
    other gates open; another is large, kept and shown.
    """
    while True:
        inputs = make(rng, 2, 4, 3)
        inputs["x"] *= 1000.0
        inputs["prev_h"] = np.clip(inputs["prev_h"], -0.9, 0.9)
        H = len(inputs["Wh"])
        sums = (inputs["x"] @ inputs["Wx"] + inputs["b"]).reshape(2, -1, H)
        each = np.minimum(sums.max(axis=(0, 2)), -sums.min(axis=(0, 2)))
        if np.abs(sums).min() <= SHUT or each.min() <= OVERFLOWS + SHUT:
            continue
        if "prev_c" not in inputs:
            return inputs
        gates = dict(zip(LSTM if sums.shape[1] == 4 else COUPLED, sums.swapaxes(0, 1), strict=True))
        shown = gates["o"] > OVERFLOWS
        forgotten = np.argwhere(shown & (gates["f"] < 0) & (gates.get("i", gates["o"]) > OVERFLOWS))
        kept = np.argwhere(shown & (gates["f"] > 0))
        if len(forgotten) and len(kept):
            inputs["prev_c"][tuple(forgotten[0])] = 100.0
            inputs["prev_c"][tuple(kept[0])] = 12.0
            return inputs


def moderate(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Inputs of a step in which no gate gets a large sum, and the cell state is neither small nor large."""
    while True:
        inputs = make()
        sums = inputs["x"] @ inputs["Wx"] + inputs["prev_h"] @ inputs["Wh"] + inputs["b"]
        if np.abs(sums).max() > MOST_SUM:
            continue
        if "prev_c" not in inputs:
            return inputs
        formula = lstm_step if inputs["b"].size == 4 * len(inputs["Wh"]) else coupled_step
        if 1.2 < np.abs(formula(*(inputs[name] for name in STEP))[1]).max() < MOST_CELL:
            return inputs


def zeroed(inputs: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same inputs with some of them zero."""
    return inputs | {name: np.zeros_like(inputs[name]) for name in names}


def long_step(inputs: dict[str, Any]) -> dict[str, Any]:
    """The same inputs of a step with so large upstream gradients that each of its gradients is long."""
    if "prev_c" not in inputs:
        return steep(inputs, "dnext_h", gradients(gru_step, inputs["dnext_h"], *(inputs[name] for name in GRU_STEP)))
    formula = LSTM_BOTH if inputs["b"].size == 4 * len(inputs["Wh"]) else COUPLED_BOTH
    upstream = [inputs[name] for name in ("dnext_h", "dnext_c")]
    found = step_gradients(formula, *upstream, *(inputs[name] for name in STEP))
    return steep(steep(inputs, "dnext_h", found), "dnext_c", found)


def step_cases(name: str, make: Callable[..., dict[str, Any]], draw: Draw) -> list[Case]:
    """Steps: two ordinary ones, a batch of one, a state of one; more with zeros for neutral ground."""
    rng = draw.rng(name)
    cases: list[Case] = []
    for fixed in ((3, 4, 5), (5, 2, 3)):
        N, D, H = sizes(rng, 3, draw, fixed)
        inputs = moderate(partial(make, rng, N, D, H))
        cases.append(Case(f"N={N} D={D} H={H}", long_step(inputs) if cases else inputs))
    cases.append(Case(f"N=1 D={D} H={H}", make(rng, 1, D, H), edge="N=1"))
    cases.append(Case(f"N={N} D={D} H=1", make(rng, N, D, 1), edge="H=1"))
    zeros = ("b", "prev_h", "prev_c") if "prev_c" in cases[0].inputs else ("b", "prev_h")
    for zero in zeros:
        cases += [Case(f"{zero}=0 ({i})", zeroed(make(rng, N, D, H), zero), neutral=True) for i in range(2)]
    return cases


def forward_cases(name: str, make: Callable[..., dict[str, Any]], draw: Draw) -> list[Case]:
    """The same steps and one with inputs of size 1000.

    That is no case of the backward functions: where every gate is shut, nearly all gradients are zero.
    """
    cases = [case for case in step_cases(name, make, draw) if not case.neutral]
    large = saturated(draw.rng(f"{name}, large"), make)
    return [*cases, Case("N=2 D=4 H=3, inputs of size 1000", large, edge="large inputs")]


lstm_inputs = partial(gated_inputs, blocks=4)
gru_inputs = partial(gated_inputs, blocks=3)
lstm_step_inputs = partial(step_inputs, blocks=4, cell=True)
coupled_step_inputs = partial(step_inputs, blocks=3, cell=True)
gru_step_inputs = partial(step_inputs, blocks=3, cell=False)


def sequence_cases(name: str, make: Callable[..., dict[str, Any]], draw: Draw) -> list[Case]:
    """Sequences: dh at every step, dh at the last one only, lengths of one; more with zeros for neutral ground."""
    rng = draw.rng(name)
    N, T, D, H = _long_enough(sizes(rng, 4, draw, (3, 4, 2, 5)))
    N2, T2, D2, H2 = _long_enough(sizes(rng, 4, draw, (2, 6, 5, 3)))
    other = make(rng, N2, T2, D2, H2)
    unrolled = gru_unrolled if other["b"].size == 3 * H2 else lstm_unrolled
    other = steep(other, "dh", gradients(unrolled, other["dh"], *(other[key] for key in SEQUENCE)))
    at_the_end = make(rng, N, T, D, H)
    at_the_end["dh"][:, :-1] = 0.0
    spare = [make(rng, N, T, D, H) for _ in range(2)]
    return [
        Case(f"N={N} T={T} D={D} H={H}", make(rng, N, T, D, H)),
        Case(f"N={N2} T={T2} D={D2} H={H2}", other),
        Case(f"N={N} T={T} D={D} H={H}, dh at the last step only", at_the_end),
        Case(f"N=1 T={T} D={D} H={H}", make(rng, 1, T, D, H), edge="N=1"),
        Case(f"N={N} T=1 D={D} H={H}", make(rng, N, 1, D, H), edge="T=1"),
        Case(f"N={N} T={T} D={D} H=1", make(rng, N, T, D, 1), edge="H=1"),
        *[Case(f"h0=0 ({i})", zeroed(s, "h0"), neutral=True) for i, s in enumerate(spare)],
        *[Case(f"b=0 ({i})", zeroed(s, "b"), neutral=True) for i, s in enumerate(spare)],
        *[Case(f"h0=0 b=0 ({i})", zeroed(s, "h0", "b"), neutral=True) for i, s in enumerate(spare)],
    ]


def _long_enough(numbers: list[int]) -> list[int]:
    """At least three steps: with two, the last and the one before the first are neighbours."""
    N, T, *rest = numbers
    return [T, N, *rest] if T < 3 else numbers


def lstm_step_arguments(case: Case) -> tuple[Array, ...]:
    return case.x, case.prev_h, case.prev_c, case.Wx, case.Wh, case.b


def gru_step_arguments(case: Case) -> tuple[Array, ...]:
    return case.x, case.prev_h, case.Wx, case.Wh, case.b


def sequence_arguments(case: Case) -> tuple[Array, ...]:
    return case.x, case.h0, case.Wx, case.Wh, case.b


def small_lstm_step(rng: np.random.Generator, N: int, D: int, H: int) -> dict[str, Any]:
    return lstm_step_inputs(rng, N, D, H)


def small_gru_step(rng: np.random.Generator, N: int, D: int, H: int) -> dict[str, Any]:
    return gru_step_inputs(rng, N, D, H)


def small_coupled_step(rng: np.random.Generator, N: int, D: int, H: int) -> dict[str, Any]:
    return coupled_step_inputs(rng, N, D, H)


def small_lstm(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> dict[str, Any]:
    return lstm_inputs(rng, N, T, D, H)


def small_gru(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> dict[str, Any]:
    return gru_inputs(rng, N, T, D, H)


# --- forward functions ----------------------------------------------------------------------


def results(expect: Expect, returned: Any, **expected: Array) -> None:
    """Compare what a forward function returned, its cache aside."""
    names = list(expected)
    if isinstance(returned, tuple) and len(returned) == len(names) + 1:
        for name, value in zip(names, returned, strict=False):
            expect.part(name, value, expected[name])
        return
    what = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else f"{describe(returned)} alone"
    kind = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
    count = {1: "two", 2: "three"}[len(names)]
    wanted = f"it should return {count}: {', '.join(names)} and cache"
    expect.all(kind, f"{expect.exercise_id} returns {what}; {wanted}.")


@exercise(
    "lstm_step_forward",
    cases=partial(forward_cases, "lstm_step", lstm_step_inputs),
    small=small_lstm_step,
)
def test_lstm_step_forward(student: Any, case: Case, expect: Expect) -> None:
    """Are the next hidden state and the next cell state right?"""
    returned = student.lstm_step_forward(*lstm_step_arguments(case), keep=[2])
    next_h, next_c = lstm_step(*lstm_step_arguments(case))
    results(expect, returned, next_h=next_h, next_c=next_c)


@exercise(
    "coupled_step_forward",
    cases=partial(forward_cases, "coupled_step", coupled_step_inputs),
    small=small_coupled_step,
)
def test_coupled_step_forward(student: Any, case: Case, expect: Expect) -> None:
    """Are the two next states right where the input gate is what the forget gate leaves?"""
    returned = student.coupled_step_forward(*lstm_step_arguments(case), keep=[2])
    next_h, next_c = coupled_step(*lstm_step_arguments(case))
    results(expect, returned, next_h=next_h, next_c=next_c)


@exercise("gru_step_forward", cases=partial(forward_cases, "gru_step", gru_step_inputs), small=small_gru_step)
def test_gru_step_forward(student: Any, case: Case, expect: Expect) -> None:
    """Is the next hidden state right?"""
    returned = student.gru_step_forward(*gru_step_arguments(case), keep=[1])
    results(expect, returned, next_h=gru_step(*gru_step_arguments(case)))


@exercise("gru_step_reset_after", cases=partial(forward_cases, "reset_after", gru_step_inputs), small=small_gru_step)
def test_gru_step_reset_after(student: Any, case: Case, expect: Expect) -> None:
    """Does the reset gate act after the product, the bias outside of it?"""
    got = student.gru_step_reset_after(*gru_step_arguments(case))
    expect.result(got, next_h=gru_step(*gru_step_arguments(case), late=True))


@exercise(
    "lstm_forward",
    cases=partial(sequence_cases, "lstm", lstm_inputs),
    stand_ins=LSTM_STEPS[:1],
    asks={"lstm_step_forward": lambda *inputs: 2 * of_states(*inputs)},  # h and c
    small=small_lstm,
)
def test_lstm_forward(student: Any, case: Case, expect: Expect) -> None:
    """Are the hidden states of all steps right?"""
    returned = student.lstm_forward(*sequence_arguments(case), keep=[1])
    results(expect, returned, h=lstm_unrolled(*sequence_arguments(case)))


@exercise(
    "gru_forward",
    cases=partial(sequence_cases, "gru", gru_inputs),
    stand_ins=GRU_STEPS[:1],
    asks={"gru_step_forward": of_states},
    small=small_gru,
)
def test_gru_forward(student: Any, case: Case, expect: Expect) -> None:
    """Are the hidden states of all steps right?"""
    returned = student.gru_forward(*sequence_arguments(case), keep=[1])
    results(expect, returned, h=gru_unrolled(*sequence_arguments(case)))


# --- backward functions ---------------------------------------------------------------------


#
# With `only`, a forward pass that does not follow the formula ends the case: another one is tried.


def follows(only: bool, expect: Expect) -> bool:
    """Whether to go on with a case."""
    if only and not expect.record.given_ok:
        expect.all(Outcome.WRONG_VALUES, "another convention")
        return False
    return True


def two_state_step(
    name: str, formula: Callable[..., Array], only: bool, student: Any, case: Case, expect: Expect
) -> None:
    """The six gradients of a step with two states."""
    inputs = lstm_step_arguments(case)
    there = Call(f"{name}_forward", inputs, [2])
    answers = student.in_turn(there, Call(f"{name}_backward", [case.dnext_h, case.dnext_c, KEPT]))
    returned = next(answers)
    next_h, next_c = formula(*inputs)
    expect.forward(returned, (next_h, next_c), f"{name}_forward")
    if not follows(only, expect):
        return
    got = next(answers)
    dx, dprev_h, dprev_c, dWx, dWh, db = step_gradients(formula, case.dnext_h, case.dnext_c, *inputs)
    expect.result(got, dx=dx, dprev_h=dprev_h, dprev_c=dprev_c, dWx=dWx, dWh=dWh, db=db)


def one_state_step(step: Callable[..., Array], only: bool, student: Any, case: Case, expect: Expect) -> None:
    """The five gradients of a GRU's step."""
    inputs = gru_step_arguments(case)
    there = Call("gru_step_forward", inputs, [1])
    answers = student.in_turn(there, Call("gru_step_backward", [case.dnext_h, KEPT]))
    expect.forward(next(answers), step(*inputs), "gru_step_forward")
    if not follows(only, expect):
        return
    got = next(answers)
    dx, dprev_h, dWx, dWh, db = gradients(step, case.dnext_h, *inputs)
    expect.result(got, dx=dx, dprev_h=dprev_h, dWx=dWx, dWh=dWh, db=db)


def whole_sequence(
    name: str, unrolled: Callable[..., Array], only: bool, student: Any, case: Case, expect: Expect
) -> None:
    """The five gradients of a sequence."""
    inputs = sequence_arguments(case)
    there = Call(f"{name}_forward", inputs, [1])
    answers = student.in_turn(there, Call(f"{name}_backward", [case.dh, KEPT]))
    expect.forward(next(answers), unrolled(*inputs), f"{name}_forward")
    if not follows(only, expect):
        return
    got = next(answers)
    dx, dh0, dWx, dWh, db = gradients(unrolled, case.dh, *inputs)
    expect.result(got, dx=dx, dh0=dh0, dWx=dWx, dWh=dWh, db=db)


#: Wide inputs, for telling a backward pass from differences: D grows; see autograder/growth.py.
SLOWEST = 0.6
STATES, WEIGHTS = ("dprev_h", "dprev_c"), ("dWx", "dWh", "db")


def wide_step(make: Callable[..., dict[str, Any]], rng: np.random.Generator, n: int) -> dict[str, Any]:
    return make(rng, 2, n, 2)


def wide_sequence(make: Callable[..., dict[str, Any]], rng: np.random.Generator, n: int) -> dict[str, Any]:
    return make(rng, 2, 3, n, 2)


def loss_of_step(formula: Callable[..., tuple[Array, Array]], case: Case, *inputs: Array) -> Any:
    next_h, next_c = formula(*inputs)
    return np.sum(case.dnext_h * next_h) + np.sum(case.dnext_c * next_c)


def growing_step(make: Callable[..., dict[str, Any]], formula: Callable[..., tuple[Array, Array]]) -> Growing:
    """For a cell with two states."""
    parts = ("dx", *STATES, *WEIGHTS)
    return Growing(parts, partial(wide_step, make), lstm_step_arguments, partial(loss_of_step, formula), SLOWEST)


def growing_sequence(make: Callable[..., dict[str, Any]], forward: Callable[..., Array]) -> Growing:
    parts = ("dx", "dh0", *WEIGHTS)
    return Growing(
        parts,
        partial(wide_sequence, make),
        sequence_arguments,
        lambda case, *inputs: np.sum(case.dh * forward(*inputs)),
        SLOWEST,
    )


GROWING_GRU_STEP = Growing(
    ("dx", "dprev_h", *WEIGHTS),
    partial(wide_step, gru_step_inputs),
    gru_step_arguments,
    lambda case, *inputs: np.sum(case.dnext_h * gru_step(*inputs)),
    SLOWEST,
)


@exercise(
    "lstm_step_backward",
    cases=partial(step_cases, "lstm_step", lstm_step_inputs),
    stand_ins=LSTM_STEPS[:1],
    asks={"lstm_step_forward": nothing},
    small=small_lstm_step,
    conventions=[partial(two_state_step, "lstm_step", formula, True) for formula in LSTM_ORDERS],
    growing=growing_step(lstm_step_inputs, lstm_step),
)
def test_lstm_step_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the six gradients of one step right, with an upstream gradient for both states?"""
    two_state_step("lstm_step", LSTM_BOTH, False, student, case, expect)


@exercise(
    "coupled_step_backward",
    cases=partial(step_cases, "coupled_step", coupled_step_inputs),
    stand_ins=(COUPLED_FORWARD,),
    asks={"coupled_step_forward": nothing},
    small=small_coupled_step,
    conventions=[partial(two_state_step, "coupled_step", formula, True) for formula in COUPLED_ORDERS],
    growing=growing_step(coupled_step_inputs, coupled_step),
)
def test_coupled_step_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the six gradients right where one gate does two things?"""
    two_state_step("coupled_step", COUPLED_BOTH, False, student, case, expect)


@exercise(
    "gru_step_backward",
    cases=partial(step_cases, "gru_step", gru_step_inputs),
    stand_ins=GRU_STEPS[:1],
    asks={"gru_step_forward": nothing},
    small=small_gru_step,
    conventions=[partial(one_state_step, partial(gru_step, **other), True) for other in GRU_CONVENTIONS],
    growing=GROWING_GRU_STEP,
)
def test_gru_step_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the five gradients of one step right?"""
    one_state_step(gru_step, False, student, case, expect)


@exercise(
    "lstm_backward",
    cases=partial(sequence_cases, "lstm", lstm_inputs),
    stand_ins=(*LSTM_STEPS, LSTM_SEQUENCE),
    asks=backward_asks("lstm_step", "lstm", states=2),
    small=small_lstm,
    pieces=partial(sequence_pieces, 4),
    overwritten=partial(state_overwritten, 4),
    conventions=[partial(whole_sequence, "lstm", partial(lstm_unrolled, order=o), True) for o in orders(LSTM)],
    growing=growing_sequence(lstm_inputs, lstm_unrolled),
)
def test_lstm_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the five gradients of a whole sequence right?"""
    whole_sequence("lstm", lstm_unrolled, False, student, case, expect)


@exercise(
    "gru_backward",
    cases=partial(sequence_cases, "gru", gru_inputs),
    stand_ins=(*GRU_STEPS, GRU_SEQUENCE),
    asks=backward_asks("gru_step", "gru"),
    small=small_gru,
    pieces=partial(sequence_pieces, 3),
    overwritten=partial(state_overwritten, 3),
    conventions=[partial(whole_sequence, "gru", partial(gru_unrolled, **other), True) for other in GRU_CONVENTIONS],
    growing=growing_sequence(gru_inputs, gru_unrolled),
)
def test_gru_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the five gradients of a whole sequence right?"""
    whole_sequence("gru", gru_unrolled, False, student, case, expect)


# --- weights before training ----------------------------------------------------------------
#
# Whoever draws normal numbers may draw them in any way, so what is checked is how they are spread. Of n independent
# normal numbers with standard deviation s,
#   the sample's standard deviation is off by a factor with standard deviation 1/sqrt(2n),
#   the mean has standard deviation s/sqrt(n),
#   the share p = 0.0404 beyond 2.05 s has standard deviation sqrt(p (1 - p) / n),
#   the correlation of two lots of n numbers has standard deviation 1/sqrt(n).
# Every bound is SIGMAS of these: a right function is outside of one with probability 2 Phi(-7) = 2.6e-12 (a little
# more for the share, which is nearly normal). A draw has 2 matrices in 2 cases with 1 + 1 + 1 + 6 bounds, so a right
# function fails by chance less than once in 10^9 draws; and as seeds are arguments, it gets the same verdict on every
# run.

SIGMAS = 7.0
BEYOND = 2.05  # numbers cut off at 2 have none beyond it
SHARE_BEYOND = 0.04036
FEWEST_NUMBERS = 500  # with fewer, the bounds would say nothing


def init_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("init_lstm")
    D, H = (int(rng.integers(18, 26)), int(rng.integers(48, 64))) if draw.hidden else (20, 50)
    D2, H2 = sizes(rng, 2, draw, (3, 4))
    seed = int(rng.integers(1, 1000))
    return [
        Case(f"D={D} H={H}, forget_bias and seed left out", {"D": D, "H": H, "forget_bias": None, "seed": None}),
        Case(f"D={H} H={D} forget_bias=2.5", {"D": H, "H": D, "forget_bias": 2.5, "seed": seed}),
        Case(f"D={D2} H={H2} forget_bias=-1.0", {"D": D2, "H": H2, "forget_bias": -1.0, "seed": 0}),
        Case(f"D={D2} H={H2} forget_bias=0.0", {"D": D2, "H": H2, "forget_bias": 0.0, "seed": 3}),
        Case(f"D={D2} H=1", {"D": D2, "H": 1, "forget_bias": 1.0, "seed": 7}, edge="H=1"),
    ]


def small_init(rng: np.random.Generator, D: int, H: int) -> dict[str, Any]:
    return {"D": D, "H": H, "forget_bias": 2.0, "seed": 1}


@exercise("init_lstm", cases=init_cases, small=small_init)
def test_init_lstm(student: Any, case: Case, expect: Expect) -> None:
    """Are the weights normal with the right spread, made from the seed, and is only the forget gate's bias not 0?"""
    D, H = case.D, case.H
    options = [] if case.seed is None else [case.forget_bias, case.seed]
    forget_bias, seed = options or (1.0, 0)
    seeds = [Call("init_lstm", [D, H, forget_bias, number]) for number in (seed, seed + 1)]
    answers = student.in_turn(Call("init_lstm", [D, H, *options]), *seeds)
    got = next(answers)
    bias = np.zeros(4 * H)
    bias[H : 2 * H] = 1.0 if case.forget_bias is None else case.forget_bias
    if not (isinstance(got, (tuple, list)) and len(got) == 3):
        expect.result(got, Wx=0.0, Wh=0.0, b=bias)
        return
    expect.part("b", got[2], bias)
    again, other = answers
    for place, (name, rows, letter) in enumerate((("Wx", D, "D"), ("Wh", H, "H"))):
        found = spread(name, got[place], rows, H, _known_spreads(D, H, letter), letter)
        if found.ok and not _same(got[place], _at(again, place)):
            found = _unlike(found, name, "is not the same for the same seed", "another for the same seed")
        elif found.ok and _same(got[place], _at(other, place)):
            found = _unlike(found, name, "is the same for two different seeds", "the same for every seed")
        elif found.ok and place == 1 and shared(got[0], got[1]):
            found = _unlike(found, name, "has the same numbers as Wx, on another scale", "the numbers of Wx")
        expect.verdict(name, found)


def spread(name: str, got: Any, rows: int, H: int, known: dict[str, float], letter: str) -> Comparison:
    """Whether a matrix of a gated cell has the right shape and normal numbers with standard deviation 1/sqrt(rows)."""
    shaped = compare(got, np.zeros((rows, 4 * H)), np.inf, name)
    if not shaped.ok:
        return shaped
    values = np.asarray(as_array(got), dtype=np.float64)
    n, right = values.size, 1.0 / np.sqrt(rows)
    if n < FEWEST_NUMBERS:
        return shaped if values.any() else _unlike(shaped, name, "is all zeros", "zeros")
    deviation = float(values.std())
    if not np.ptp(values):
        return _unlike(shaped, name, "has the same number everywhere", "one number")
    if abs(deviation / right - 1.0) > SIGMAS / np.sqrt(2 * n):
        nearest = min(known, key=lambda text: abs(np.log(deviation / known[text])))
        close = abs(np.log(deviation / known[nearest])) <= 2 * SIGMAS / np.sqrt(2 * n)
        words = f"has standard deviation {deviation:.3g}, it should be 1/√{letter}, here {right:.3g}"
        return _unlike(shaped, name, words, f"standard deviation {nearest}" if close else "another standard deviation")
    if abs(values.mean()) > SIGMAS * right / np.sqrt(n):
        return _unlike(shaped, name, f"has mean {values.mean():.3g}, it should be near 0", "another mean")
    beyond = float(np.mean(np.abs(values) > BEYOND * right))
    if abs(beyond - SHARE_BEYOND) > SIGMAS * np.sqrt(SHARE_BEYOND * (1 - SHARE_BEYOND) / n):
        return _unlike(shaped, name, "is not normally distributed", "another distribution")
    blocks = values.reshape(rows, 4, H).transpose(1, 0, 2).reshape(4, -1)
    alike = np.abs(np.corrcoef(blocks) - np.eye(4)).max()
    if alike > SIGMAS / np.sqrt(blocks.shape[1]):
        return _unlike(
            shaped, name, "starts alike for several gates; each gate needs numbers of its own", "gates alike"
        )
    if repeated(values):
        return _unlike(shaped, name, "has the same numbers several times", "numbers again and again")
    return shaped


#: Of numbers that are drawn anew, less than one in a hundred lies so near another lot's, also in float32.
SAME_NUMBER = 1e-6
MOST_SHARED = 0.25


def repeated(values: Array) -> bool:
    """Whether many numbers of a matrix are there more than once, in whatever places and with whatever sign."""
    ordered = np.sort(np.abs(values).ravel())
    return bool(np.mean(np.diff(ordered) <= 1e-12 * ordered[-1]) > MOST_SHARED)


def shared(one: Any, other: Any) -> bool:
    """Whether many numbers of one matrix are those of another, up to a factor, in whatever places."""
    scaled = []
    for value in (one, other):
        array = as_array(value)
        if array is None or array.size < FEWEST_NUMBERS:
            return False
        scaled.append(np.sort(np.abs(array.astype(np.float64)).ravel() * np.sqrt(len(array))))
    few, many = sorted(scaled, key=len)
    place = np.clip(np.searchsorted(many, few), 1, len(many) - 1)
    nearest = np.minimum(np.abs(many[place] - few), np.abs(many[place - 1] - few))
    return bool(np.mean(nearest <= SAME_NUMBER) > MOST_SHARED)


def _known_spreads(D: int, H: int, letter: str) -> dict[str, float]:
    """Standard deviations that people choose, by name: what came instead of the right one."""
    named = {
        "1": 1.0,
        "0.1": 0.1,
        "0.01": 0.01,
        "1/D": 1 / D,
        "1/H": 1 / H,
        "1/√D": 1 / np.sqrt(D),
        "1/√H": 1 / np.sqrt(H),
        "√(2/(D+H))": np.sqrt(2 / (D + H)),
        "√(2/D)": np.sqrt(2 / D),
        "√D": np.sqrt(D),
        "√H": np.sqrt(H),
    }
    return {text: float(value) for text, value in named.items() if text != f"1/√{letter}"}


def _unlike(shaped: Comparison, name: str, words: str, kind: str) -> Comparison:
    return Comparison(Outcome.WRONG_VALUES, f"{name} {words}.", shaped.expected, kind)


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, (tuple, list)) and place < len(values) else None


def _same(one: Any, other: Any) -> bool:
    ours, theirs = as_array(one), as_array(other)
    return ours is not None and theirs is not None and np.array_equal(ours, theirs)


# --- the layout of another library ------------------------------------------------------------

#: What torch.nn.LSTM calls its weights, and where its order i, f, g, o finds our blocks.
IN_TORCH = {"weight_ih": "weight_ih_l0", "weight_hh": "weight_hh_l0"}
BIASES = ("bias_ih_l0", "bias_hh_l0")
TORCH_ORDER = "ifgo"


def torch_rows(weights: Array) -> Array:
    """(4H, ...): the columns of (..., 4H) as rows, in torch's order."""
    H = weights.shape[-1] // 4
    rows = np.empty((4 * H, *weights.shape[:-1]))
    for k, gate in enumerate(TORCH_ORDER):
        for j in range(H):
            rows[k * H + j] = weights[..., LSTM.index(gate) * H + j]
    return rows


def layout_inputs(rng: np.random.Generator, D: int, H: int) -> dict[str, Any]:
    return {"Wx": rng.normal(size=(D, 4 * H)), "Wh": rng.normal(size=(H, 4 * H)), "b": rng.normal(size=4 * H)}


def layout_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("to_torch_lstm")
    D, H = sizes(rng, 2, draw, (3, 2))
    return [
        Case(f"D={D} H={H}", layout_inputs(rng, D, H)),
        Case(f"D={H} H={D}", layout_inputs(rng, H, D)),
        Case(f"D={D} H=1", layout_inputs(rng, D, 1), edge="H=1"),
        Case(f"D=1 H={H}", layout_inputs(rng, 1, H), edge="D=1"),
    ]


@exercise("to_torch_lstm", cases=layout_cases, small=layout_inputs)
def test_to_torch_lstm(student: Any, case: Case, expect: Expect) -> None:
    """Are rows, columns and gates where torch has them, and is the sum of its two biases ours?"""
    state = student.to_torch_lstm(case.Wx, case.Wh, case.b)
    if not isinstance(state, dict):
        kind = Outcome.RETURNS_NONE if state is None else Outcome.WRONG_VALUES
        expect.all(kind, f"to_torch_lstm returns {describe(state)}, it should return a dict of arrays.")
        return
    for part, weights in (("weight_ih", case.Wx), ("weight_hh", case.Wh)):
        if _present(expect, part, state, IN_TORCH[part]):
            expect.part(part, state[IN_TORCH[part]], torch_rows(weights))
    if _present(expect, "bias", state, *BIASES):
        wanted = torch_rows(case.b)
        shaped = [compare(state[name], wanted, np.inf, name) for name in BIASES]
        wrong = next((found for found in shaped if not found.ok), None)
        if wrong is not None:
            expect.verdict("bias", wrong)
        else:
            one, other = (np.asarray(as_array(state[name]), dtype=np.float64) for name in BIASES)
            found = compare(one + other, wanted, name="the sum of the two biases")
            expect.verdict("bias", found, one + other, wanted)


def _present(expect: Expect, part: str, state: dict[str, Any], *names: str) -> bool:
    """Whether the dict has these entries; if not, the part is told."""
    missing = [name for name in names if name not in state]
    if missing:
        there = ", ".join(sorted(state)[:6]) or "nothing"
        words = f"the dict has no entry {' and '.join(missing)}; it has {there}."
        expect.verdict(part, Comparison(Outcome.WRONG_VALUES, words, " and ".join(missing), there))
    return not missing
