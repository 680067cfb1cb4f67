"""Checks of unit 2, backpropagation through time.

Expected gradients come from complex-step differentiation of the forward formulas below, which
are written in another way than any solution needs to be. Run them on one file with
``pytest autograder/checks/test_02_bptt.py --submission PATH``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.checking import Case, Expect, Growing, exercise
from autograder.draws import Draw
from autograder.gradcheck import RTOL, Array, Comparison, as_array, compare, complex_step, describe
from autograder.questions import RESULTS, backward_asks, nothing, of_states
from autograder.results import Outcome
from autograder.student import KEPT, Call, StandIn, Tabulated

#: A stand-in computes for the student in the judge's own process, so it takes no longer sequence.
MOST_STEPS = 100

RNN_PARAMETERS = ("x", "prev_h", "Wx", "Wh", "b")


# --- oracles: the formulas of the notebook -------------------------------
#
# The dots stand for the axis along which complex_step moves the entries of one argument.


def step(x: Array, prev_h: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    """(..., N, H): h' = tanh(x Wx + h Wh + b), for real and complex arrays."""
    result: Array = np.tanh(x @ Wx + prev_h @ Wh + b[..., None, :])
    return result


def unrolled(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    """(..., N, T, H): the step, once per time step."""
    if x.shape[-2] > MOST_STEPS:
        raise ValueError("more steps than any check has")
    states = [h0]
    for t in range(x.shape[-2]):
        states.append(step(x[..., t, :], states[-1], Wx, Wh, b))
    return np.stack(states[1:], axis=-2)


def affine(x: Array, w: Array, b: Array) -> Array:
    """(..., N, T, M)."""
    result: Array = x @ w[..., None, :, :] + b[..., None, None, :]
    return result


def affine_gradients(dout: Array, *inputs: Array) -> tuple[Array, ...]:
    """dx, dw, db of the affine map."""
    return tuple(complex_step(affine, inputs, dout, batched=True))


def step_gradients(dnext_h: Array, *inputs: Array) -> tuple[Array, ...]:
    """dx, dprev_h, dWx, dWh, db of one step."""
    return tuple(complex_step(step, inputs[:5], dnext_h, batched=True))


def sequence_gradients(dh: Array, *inputs: Array) -> tuple[Array, ...]:
    """dx, dh0, dWx, dWh, db of the unrolled network."""
    return tuple(complex_step(unrolled, inputs[:5], dh, batched=True))


def through_time(case: Case) -> list[tuple[Array, Array, Array]]:
    """For every step the state before it, the state after it, and the gradient at its pre-activation.

    The recursion of the notebook; cut at the borders of chunks if the case has chunks. Only detectors use it.
    """
    T = case.x.shape[1]
    h = unrolled(*sequence_arguments(case))
    found, carried = [], np.zeros_like(case.h0)
    for t in reversed(range(T)):
        if (t + 1) % case.inputs.get("chunk", T) == 0:
            carried = np.zeros_like(case.h0)
        da = (case.dh[:, t] + carried) * (1.0 - h[:, t] ** 2)
        carried = np.einsum("nh,kh->nk", da, case.Wh)
        found.append((h[:, t - 1] if t else case.h0, h[:, t], da))
    return found[::-1]


def sequence_pieces(case: Case) -> dict[str, list[Array]]:
    """What each step alone contributes to the gradients of the weights."""
    steps = through_time(case)
    return {
        "dWx": [case.x[:, t].T @ da for t, (_, _, da) in enumerate(steps)],
        "dWh": [before.T @ da for before, _, da in steps],
        "db": [da.sum(axis=0) for _, _, da in steps],
    }


def state_overwritten(case: Case) -> dict[str, list[Array]]:
    """dWh if each kept state before a step holds the one after it, or the last of all; or only h0 holds the last."""
    steps = through_time(case)
    last = steps[-1][1]
    right, (h0, _, da_0) = sum(before.T @ da for before, _, da in steps), steps[0]
    return {
        "dWh": [
            sum(after.T @ da for _, after, da in steps),
            sum(last.T @ da for _, _, da in steps),
            right + (last - h0).T @ da_0,
        ]
    }


STEP_STAND_INS = (
    StandIn("rnn_step_forward", "forward", RNN_PARAMETERS, lambda *inputs: step(*inputs)),
    StandIn("rnn_step_backward", "backward", ("dnext_h", "cache"), step_gradients),
)
SEQUENCE_STAND_INS = (
    StandIn(
        "rnn_forward",
        "forward",
        ("x", "h0", "Wx", "Wh", "b"),
        lambda *inputs: unrolled(*inputs),
        steps="rnn_step_forward",
    ),
    StandIn("rnn_backward", "backward", ("dh", "cache"), sequence_gradients),
)


# --- draws ----------------------------------------------------------------------------------


def sizes(rng: np.random.Generator, count: int, draw: Draw, fixed: tuple[int, ...]) -> list[int]:
    """Different sizes for different axes, so that none can be taken for another; never 1 or 16."""
    return [int(n) for n in rng.permutation([2, 3, 4, 5, 6])[:count]] if draw.hidden else list(fixed)


def rnn_inputs(rng: np.random.Generator, N: int, T: int, D: int, H: int) -> dict[str, Any]:
    """Inputs whose states neither saturate nor vanish."""
    return {
        "x": rng.normal(size=(N, T, D)),
        "h0": 0.5 * rng.normal(size=(N, H)),
        "Wx": rng.normal(size=(D, H)) / np.sqrt(D),
        "Wh": 0.9 * rng.normal(size=(H, H)) / np.sqrt(H),
        "b": 0.4 * rng.normal(size=H),
        "dh": rng.normal(size=(N, T, H)),
    }


#: Larger than any bound at which gradients are usually clipped: 1, 5, 10, 100. One ordinary case of every backward
#: function has an entry beyond it in each gradient, so that clipping there shows on every draw.
STEEP = 1000.0


def steep(inputs: dict[str, Any], upstream: str, gradients: Sequence[Array]) -> dict[str, Any]:
    """The same inputs with so large an upstream gradient that each of its gradients, given for it as it is, is long."""
    return inputs | {upstream: inputs[upstream] * (STEEP / min(float(np.max(np.abs(g))) for g in gradients))}


def zeroed(inputs: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same inputs with some of them zero."""
    return inputs | {name: np.zeros_like(inputs[name]) for name in names}


def sequence_cases(draw: Draw) -> list[Case]:
    """Unrolled networks: two ordinary ones, one sequence, one step; more with zeros for neutral ground."""
    rng = draw.rng("sequence")
    N, T, D, H = _long_enough(sizes(rng, 4, draw, (3, 4, 2, 5)))
    inputs = rnn_inputs(rng, N, T, D, H)
    N2, T2, D2, H2 = _long_enough(sizes(rng, 4, draw, (2, 6, 5, 3)))
    other = rnn_inputs(rng, N2, T2, D2, H2)
    other = steep(other, "dh", sequence_gradients(other["dh"], *[other[n] for n in ("x", "h0", "Wx", "Wh", "b")]))
    spare = [rnn_inputs(rng, N, T, D, H) for _ in range(2)]
    return [
        Case(f"N={N} T={T} D={D} H={H}", inputs),
        Case(f"N={N2} T={T2} D={D2} H={H2}", other),
        Case(f"N=1 T={T} D={D} H={H}", rnn_inputs(rng, 1, T, D, H), edge="N=1"),
        Case(f"N={N} T=1 D={D} H={H}", rnn_inputs(rng, N, 1, D, H), edge="T=1"),
        *[Case(f"h0=0 ({i})", zeroed(s, "h0"), neutral=True) for i, s in enumerate(spare)],
        *[Case(f"b=0 ({i})", zeroed(s, "b"), neutral=True) for i, s in enumerate(spare)],
        *[Case(f"h0=0 b=0 ({i})", zeroed(s, "h0", "b"), neutral=True) for i, s in enumerate(spare)],
    ]


def _long_enough(numbers: list[int]) -> list[int]:
    """At least three steps: with two, the last and the one before the first are neighbours."""
    N, T, *rest = numbers
    return [T, N, *rest] if T < 3 else numbers


def step_cases(draw: Draw) -> list[Case]:
    """Single steps, made of the first step of a sequence."""
    rng = draw.rng("step")
    cases: list[Case] = []
    for fixed in ((3, 4, 5), (5, 2, 3)):
        N, D, H = sizes(rng, 3, draw, fixed)
        inputs = _one_step(rnn_inputs(rng, N, 1, D, H))
        if cases:
            inputs = steep(inputs, "dnext_h", step_gradients(inputs["dnext_h"], *[inputs[n] for n in RNN_PARAMETERS]))
        cases.append(Case(f"N={N} D={D} H={H}", inputs))
    cases.append(Case(f"N=1 D={D} H={H}", _one_step(rnn_inputs(rng, 1, 1, D, H)), edge="N=1"))
    for i in range(2):
        cases.append(Case(f"b=0 ({i})", zeroed(_one_step(rnn_inputs(rng, N, 1, D, H)), "b"), neutral=True))
    return cases


def _one_step(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "x": inputs["x"][:, 0].copy(),
        "prev_h": inputs["h0"],
        "Wx": inputs["Wx"],
        "Wh": inputs["Wh"],
        "b": inputs["b"],
        "dnext_h": inputs["dh"][:, 0].copy(),
    }


def step_arguments(case: Case) -> tuple[Array, ...]:
    return case.x, case.prev_h, case.Wx, case.Wh, case.b


def sequence_arguments(case: Case) -> tuple[Array, ...]:
    return case.x, case.h0, case.Wx, case.Wh, case.b


# --- wide inputs, for telling a backward pass from differences ----------------------------------
#
# D grows; see autograder/growth.py.


def weighted(upstream: str, forward: Any) -> Any:
    """The loss that a backward function differentiates: the sum of the outputs, each times its upstream gradient."""
    return lambda case, *arguments: np.sum(case.inputs[upstream] * forward(*arguments))


def wide_sequence(rng: np.random.Generator, n: int) -> dict[str, Any]:
    return rnn_inputs(rng, 2, 3, n, 4)


GROWING_STEP = Growing(
    ("dx", "dprev_h", "dWx", "dWh", "db"),
    lambda rng, n: small_step(rng, 4, n, 4),
    step_arguments,
    weighted("dnext_h", step),
    slowest=2.5,
)
GROWING_SEQUENCE = Growing(
    ("dx", "dh0", "dWx", "dWh", "db"), wide_sequence, sequence_arguments, weighted("dh", unrolled), slowest=1.0
)


# --- numerical gradients --------------------------------------------------------------------

#: Centred differences with h = 1e-5 are off by h² f'''/6 + eps |f| / h, about 2e-10 of the gradient for
#: the functions below; one-sided ones by h f''/2, more than 1e-6 of it. A float32 result rounds to 6e-8.
NUMERICAL_RTOL = 1.5e-7

#: max and sums round in the last digits of float64 only; float32 to 6e-8.
PLAIN_RTOL = 1e-6


def gradient_cases(draw: Draw) -> list[Case]:
    """A number of an array, an array of an array, another step, an array of one entry, no axis at all."""
    rng = draw.rng("numerical_gradient")
    a, b = sizes(rng, 2, draw, (2, 3))
    same, df_same = rng.normal(size=(a, b)), rng.normal(size=(a, b))
    return [
        Case("f returns a number", {"x": rng.normal(size=(a, b)), "kind": "cubic", "df": None, "h": 1e-5}),
        Case(
            "f returns an array, df is given",
            {"x": rng.normal(size=(a, b)), "kind": "rows", "df": rng.normal(size=(b, a)), "h": 1e-5},
        ),
        Case("df and h left out", {"x": rng.normal(size=(2, a, 2)), "kind": "cubic", "df": None, "h": None}),
        Case("one axis, h = 0.1", {"x": rng.normal(size=(b,)), "kind": "cubic", "df": None, "h": 0.1}),
        Case("x has one entry", {"x": rng.normal(size=(1,)), "kind": "cubic", "df": None, "h": 1e-5}),
        Case("f returns x itself", {"x": same, "kind": "same", "df": df_same, "h": 1e-5}, edge="f returning x itself"),
    ]


def cubic(x: Any) -> float:
    """A number of all entries: neighbours are multiplied, so that an entry left moved spoils the next."""
    flat = np.asarray(x, dtype=np.float64).ravel()
    return float(np.sum(flat**3) + 2.0 * np.sum(flat**2) + np.sum(flat) ** 2)


def cubic_gradient(x: Array, h: float) -> Array:
    """Centred difference of :func:`cubic`, exactly: (f(x+h) - f(x-h)) / 2h has the term h² of the cube."""
    result: Array = 3.0 * x**2 + h**2 + 4.0 * x + 2.0 * np.sum(x)
    return result


def rows(x: Any) -> Array:
    """A matrix of a matrix, the axes exchanged."""
    plain = np.asarray(x, dtype=np.float64)
    result: Array = np.transpose(np.exp(0.5 * plain) * (1.0 + np.sum(plain)))
    return result


def rows_gradient(x: Array, df: Array) -> Array:
    values = np.exp(0.5 * x)
    result: Array = df.T * 0.5 * values * (1.0 + np.sum(x)) + np.sum(df.T * values)
    return result


def moved(x: Array, h: float) -> list[Array]:
    """Where f is asked for, mostly: one entry a step up or down, the others as they are."""
    points = []
    for place in np.ndindex(*x.shape):
        for value in (x[place] + h, x[place] - h):
            points.append(x.copy())
            points[-1][place] = value
    return points


def small_gradient(rng: np.random.Generator, rows: int, columns: int) -> dict[str, Any]:
    return {"x": rng.normal(size=(rows, columns)), "kind": "cubic", "df": None, "h": 1e-5}


def small_gradient_of_array(rng: np.random.Generator, rows: int, columns: int) -> dict[str, Any]:
    shape = (rows, columns)
    return {"x": rng.normal(size=shape), "kind": "rows", "df": rng.normal(size=shape[::-1]), "h": 1e-5}


@exercise("numerical_gradient", cases=gradient_cases, small=(small_gradient, small_gradient_of_array))
def test_numerical_gradient(student: Any, case: Case, expect: Expect) -> None:
    """Is the numerical gradient that of the function, and is x as before?"""
    if case.kind == "cubic":
        f: Any = cubic
        expected = cubic_gradient(case.x, case.h or 1e-5)
    elif case.kind == "rows":
        f = rows
        expected = rows_gradient(case.x, case.df)
    else:
        f = lambda x: x  # noqa: E731 - what the notebook warns of
        expected = case.df
    options = [] if case.h is None else [case.df, case.h]
    told = Tabulated(f, moved(case.x, case.h or 1e-5))
    got, changed = student.call_and_watch("numerical_gradient", [told, case.x, *options])
    expect.part("grad", got, expected, NUMERICAL_RTOL)
    array = as_array(got)
    if array is None or not (np.any(array) or case.edge):
        restored = Comparison(Outcome.NOT_ATTEMPTED, "Counts once there is a gradient.", "as before", "no gradient")
    elif changed[1]:
        message = "x is not as before: an entry was moved and not put back."
        restored = Comparison(Outcome.WRONG_VALUES, message, "as before", "changed")
    else:
        restored = Comparison(Outcome.PASSED, "", "as before", "as before")
    expect.verdict("x unchanged", restored, changed[1])


def error_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("relative_error")
    a, b = sizes(rng, 2, draw, (3, 4))
    x, y = rng.normal(size=(a, b)), rng.normal(size=(a, b))
    near = x * (1 + 1e-6 * rng.normal(size=x.shape))
    zeros = np.zeros((a, b))
    partly = x.copy()
    partly[0] = 0.0
    return [
        Case("two random arrays", {"a": x, "b": y}),
        Case("one axis", {"a": x[0].copy(), "b": x[0] + 0.3}),
        Case("nearly equal", {"a": x, "b": near}),
        Case("opposite signs", {"a": np.abs(x) + 0.5, "b": -2.0 * np.abs(x) - 0.3}),
        Case("zeros in both", {"a": partly, "b": partly * 1.5}),
        Case("nothing but zeros", {"a": zeros, "b": zeros}),
        Case("tiny numbers", {"a": 1e-9 * np.abs(x), "b": zeros}),
    ]


def small_error(rng: np.random.Generator, rows: int, columns: int) -> dict[str, Any]:
    return {"a": rng.normal(size=(rows, columns)), "b": rng.normal(size=(rows, columns))}


@exercise("relative_error", cases=error_cases, small=small_error)
def test_relative_error(student: Any, case: Case, expect: Expect) -> None:
    """Is the error the largest relative difference of two entries?"""
    got = student.relative_error(case.a, case.b)
    worst = 0.0
    for p, q in zip(case.a.ravel(), case.b.ravel(), strict=True):
        worst = max(worst, abs(p - q) / max(1e-8, abs(p) + abs(q)))
    number = as_array(got)
    if worst and number is not None and compare(got, worst).outcome in (Outcome.PASSED, Outcome.WRONG_VALUES):
        # relative to the expected error itself: "nearly equal" is of order 1e-6
        expect.part("error", number / worst, 1.0, PLAIN_RTOL if worst > 1e-3 else 1e-3)
    else:
        expect.part("error", got, worst, PLAIN_RTOL)


# --- one step -------------------------------------------------------------------------------


def small_step(rng: np.random.Generator, N: int, D: int, H: int) -> dict[str, Any]:
    return _one_step(rnn_inputs(rng, N, 1, D, H))


@exercise("rnn_step_forward", cases=step_cases, small=small_step)
def test_rnn_step_forward(student: Any, case: Case, expect: Expect) -> None:
    """Is the next hidden state right?"""
    returned = student.rnn_step_forward(*step_arguments(case), keep=[1])
    if isinstance(returned, tuple) and len(returned) == 2:
        expect.part("next_h", returned[0], step(*step_arguments(case)))
    else:
        _no_cache(expect, returned, "next_h")


def _no_cache(expect: Expect, returned: Any, name: str) -> None:
    """A forward function that does not return two things."""
    what = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else f"{describe(returned)} alone"
    kind = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
    expect.all(kind, f"{expect.exercise_id} returns {what}; it should return two: {name} and cache.")


@exercise(
    "rnn_step_backward",
    cases=step_cases,
    stand_ins=STEP_STAND_INS[:1],
    asks={"rnn_step_forward": nothing},
    small=small_step,
    growing=GROWING_STEP,
)
def test_rnn_step_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the five gradients of one step right?"""
    inputs = step_arguments(case)
    there = Call("rnn_step_forward", inputs, [1])
    answers = student.in_turn(there, Call("rnn_step_backward", [case.dnext_h, KEPT]))
    expect.forward(next(answers), step(*inputs), "rnn_step_forward")
    got = next(answers)
    dx, dprev_h, dWx, dWh, db = step_gradients(case.dnext_h, *inputs)
    expect.result(got, dx=dx, dprev_h=dprev_h, dWx=dWx, dWh=dWh, db=db)


# --- whole sequences ------------------------------------------------------------------------


@exercise(
    "rnn_forward",
    cases=sequence_cases,
    stand_ins=STEP_STAND_INS[:1],
    asks={"rnn_step_forward": of_states},
    small=rnn_inputs,
)
def test_rnn_forward(student: Any, case: Case, expect: Expect) -> None:
    """Are the hidden states of all steps right?"""
    returned = student.rnn_forward(*sequence_arguments(case), keep=[1])
    if isinstance(returned, tuple) and len(returned) == 2:
        expect.part("h", returned[0], unrolled(*sequence_arguments(case)))
    else:
        _no_cache(expect, returned, "h")


@exercise(
    "rnn_backward",
    cases=sequence_cases,
    stand_ins=(*STEP_STAND_INS, *SEQUENCE_STAND_INS[:1]),
    asks=backward_asks("rnn_step", "rnn"),
    small=rnn_inputs,
    pieces=sequence_pieces,
    overwritten=state_overwritten,
    growing=GROWING_SEQUENCE,
)
def test_rnn_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the five gradients of a whole sequence right?"""
    inputs = sequence_arguments(case)
    answers = student.in_turn(Call("rnn_forward", inputs, [1]), Call("rnn_backward", [case.dh, KEPT]))
    expect.forward(next(answers), unrolled(*inputs), "rnn_forward")
    got = next(answers)
    dx, dh0, dWx, dWh, db = sequence_gradients(case.dh, *inputs)
    expect.result(got, dx=dx, dh0=dh0, dWx=dWx, dWh=dWh, db=db)


# --- the same map at every step, and the loss ------------------------------------------------


def affine_inputs(rng: np.random.Generator, N: int, T: int, D: int, M: int) -> dict[str, Any]:
    return {
        "x": rng.normal(size=(N, T, D)),
        "w": rng.normal(size=(D, M)),
        "b": rng.normal(size=M),
        "dout": rng.normal(size=(N, T, M)),
    }


def affine_pieces(case: Case) -> dict[str, list[Array]]:
    """What each step alone contributes to the gradients of the weights."""
    steps = range(case.x.shape[1])
    return {
        "dw": [case.x[:, t].T @ case.dout[:, t] for t in steps],
        "db": [case.dout[:, t].sum(axis=0) for t in steps],
    }


def affine_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("temporal_affine")
    inputs = partial(affine_inputs, rng)
    N, T, D, M = sizes(rng, 4, draw, (2, 3, 4, 5))
    other = inputs(T, N, M, D)
    other = steep(other, "dout", affine_gradients(other["dout"], other["x"], other["w"], other["b"]))
    return [
        Case(f"N={N} T={T} D={D} M={M}", inputs(N, T, D, M)),
        Case(f"N={T} T={N} D={M} M={D}", other),
        Case(f"N=1 T={T} D={D} M={M}", inputs(1, T, D, M), edge="N=1"),
        Case(f"N={N} T=1 D={D} M={M}", inputs(N, 1, D, M), edge="T=1"),
        *[Case(f"b=0 ({i})", zeroed(inputs(N, T, D, M), "b"), neutral=True) for i in range(2)],
    ]


@exercise("temporal_affine_forward", cases=affine_cases, small=affine_inputs)
def test_temporal_affine_forward(student: Any, case: Case, expect: Expect) -> None:
    """Is the same affine map applied at every step?"""
    returned = student.temporal_affine_forward(case.x, case.w, case.b, keep=[1])
    if isinstance(returned, tuple) and len(returned) == 2:
        expect.part("out", returned[0], affine(case.x, case.w, case.b))
    else:
        _no_cache(expect, returned, "out")


GROWING_AFFINE = Growing(
    ("dx", "dw", "db"),
    lambda rng, n: affine_inputs(rng, 2, 2, n, 4),
    lambda case: (case.x, case.w, case.b),
    weighted("dout", affine),
    slowest=2.5,
)


@exercise(
    "temporal_affine_backward", cases=affine_cases, small=affine_inputs, pieces=affine_pieces, growing=GROWING_AFFINE
)
def test_temporal_affine_backward(student: Any, case: Case, expect: Expect) -> None:
    """Are the gradients of the affine map right, summed over sequences and steps?"""
    inputs = (case.x, case.w, case.b)
    there = Call("temporal_affine_forward", inputs, [1])
    answers = student.in_turn(there, Call("temporal_affine_backward", [case.dout, KEPT]))
    expect.forward(next(answers), affine(*inputs), "temporal_affine_forward")
    got = next(answers)
    dx, dw, db = affine_gradients(case.dout, *inputs)
    expect.result(got, dx=dx, dw=dw, db=db)


#: How far below the likeliest class the right one lies where it was not expected. Its probability, 1.1e-7 or 4e-18, is
#: far from underflow, in float32 as well; but a bound for probabilities, or a number added to them before the
#: logarithm, shows. The distances are not drawn: neither lies near a bound that people choose, a power of ten or
#: float32's resolution, so that on every draw the first tells the same of these, and the second the same others.
UNEXPECTED, HARDLY_POSSIBLE = 16.0, 40.0


def unexpected(rng: np.random.Generator, N: int, T: int, V: int, distance: float) -> tuple[Array, Array]:
    """Scores (N, T, V) and what came: one class is nearly certain, and another one comes."""
    scores = -rng.uniform(8.0, 12.0, size=(N, T, V))
    order = np.argsort(rng.random((N, T, V)), axis=2)
    np.put_along_axis(scores, order[:, :, :1], 0.0, axis=2)
    np.put_along_axis(scores, order[:, :, 1:2], -distance, axis=2)
    return scores + rng.normal(size=(N, T, 1)), order[:, :, 1]


def loss_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("temporal_softmax_loss")

    def inputs(N: int, T: int, V: int, keep: float, offset: float = 0.0) -> dict[str, Any]:
        mask = rng.random((N, T)) < keep
        mask.flat[0] = True
        return {"x": offset + rng.normal(size=(N, T, V)), "y": rng.integers(V, size=(N, T)), "mask": mask}

    N, T, V = sizes(rng, 3, draw, (3, 4, 5))
    some = inputs(N, T, V, 0.6)
    some["mask"][0, :2] = False, True  # a mask is no length
    some["mask"][1, :2] = True, False
    # Two classes far above the others, of which one is right: exp overflows unless the maximum is subtracted first.
    # Far below 0 but near each other: every exp is 0 unless it is. Either way the right class's probability is far
    # from 0, so that log(probability) is as good as log-sum-exp.
    above, below = inputs(N, T, max(V, 3), 0.8), inputs(N, T, V, 0.8, -800.0)
    above["x"][:, :, :2] += 800.0
    above["y"] %= 2
    cases = [
        Case(f"N={N} T={T} V={V}, no step masked", inputs(N, T, V, 2.0)),
        Case(f"N={N} T={T} V={V}, some steps masked", some),
        Case(f"N={V} T={N} V={T}, most steps masked", inputs(V, N, T, 0.3)),
        Case(f"N=1 T={T} V={V}", inputs(1, T, V, 0.7), edge="N=1"),
        Case(f"N={N} T=1 V={V}", inputs(N, 1, V, 2.0), edge="T=1"),
        Case(f"N={N} T={T} V={max(V, 3)}, scores near 800", above, edge="large scores"),
        Case(f"N={N} T={T} V={V}, scores near -800", below, edge="large scores"),
    ]
    # Both at once: the maximum of all scores is no help, each step needs that of its own.
    mixed = inputs(N, T, V, 0.8)
    mixed["x"] += 800.0 * np.where(np.add.outer(np.arange(N), np.arange(T)) % 2, -1.0, 1.0)[:, :, None]
    mixed["mask"][0, :2] = True
    cases.append(Case(f"N={N} T={T} V={V}, scores near 800 and near -800", mixed, edge="large scores"))
    unsaid = inputs(N, T, V, 0.7)
    unsaid["mask"][-1] = False
    cases.append(Case(f"N={N} T={T} V={V}, one sequence all masked", unsaid))
    for distance, words, edge in (
        (UNEXPECTED, "classes that were not expected", ""),
        (HARDLY_POSSIBLE, "classes that are hardly possible", "improbable classes"),
    ):
        x, y = unexpected(rng, 2, 3, max(V, 3), distance)
        mask = np.array([[True, True, False], [True, False, True]])
        cases.append(Case(f"N=2 T=3 V={max(V, 3)}, {words}", {"x": x, "y": y, "mask": mask}, edge=edge))
    return cases


def softmax_loss(x: Array, y: Array, mask: Array) -> tuple[float, Array]:
    """Step by step, class by class: cross-entropy and its gradient p - [class is right], over N."""
    N, T, V = x.shape
    loss, dx = 0.0, np.zeros(x.shape)
    for n in range(N):
        for t in range(T):
            if not mask[n, t]:
                continue
            largest = max(x[n, t])
            weights = [np.exp(score - largest) for score in x[n, t]]
            total = sum(weights)
            loss += largest + np.log(total) - x[n, t, y[n, t]]
            for v in range(V):
                dx[n, t, v] = weights[v] / total - (v == y[n, t])
    return float(loss / N), dx / N


def small_loss(rng: np.random.Generator, N: int, T: int, V: int) -> dict[str, Any]:
    x, y = rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T))
    return {"x": x, "y": y, "mask": np.arange(N * T).reshape(N, T) % 3 != 1}


def whole_loss(case: Case, x: Array) -> Any:
    """The loss in one piece, for real and complex scores."""
    shifted = x - x.real.max(axis=-1, keepdims=True)
    right = np.take_along_axis(shifted, case.y[..., None], axis=-1)[..., 0]
    return np.sum(case.mask * (np.log(np.exp(shifted).sum(axis=-1)) - right)) / len(x)


def long_loss(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Many sequences of few classes: along the classes a softmax has a Jacobian, and some build it."""
    return small_loss(rng, n, 2, 3)


GROWING_LOSS = Growing(
    ("dx",),
    long_loss,
    lambda case: (case.x,),
    whole_loss,
    slowest=0.5,
    found=lambda returned: returned[1:],
)


@exercise("temporal_softmax_loss", cases=loss_cases, small=small_loss, growing=GROWING_LOSS)
def test_temporal_softmax_loss(student: Any, case: Case, expect: Expect) -> None:
    """Are the masked, summed loss and its gradient right?"""
    got = student.temporal_softmax_loss(case.x, case.y, case.mask)
    loss, dx = softmax_loss(case.x, case.y, case.mask)
    # Scores near 800 have an absolute rounding error of 3e-5 in float32, and so have the log-probabilities.
    rtol = 1e-3 if case.edge == "large scores" else RTOL
    expect.result(got, rtol, loss=loss, dx=dx)


# --- clipping, truncation, norms --------------------------------------------------------------

#: PyTorch divides by norm + 1e-6; the draws' norms are above 1, so that is right to 1e-6.
CLIP_RTOL = 1e-5


def clip_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("clip_grad_norm")
    D, H = sizes(rng, 2, draw, (3, 4))
    grads = {"Wx": rng.normal(size=(D, H)), "Wh": 2.0 * rng.normal(size=(H, H)), "b": rng.normal(size=H) + 1.0}
    norm = float(np.sqrt(sum(float(np.sum(g * g)) for g in grads.values())))
    small = {name: 0.2 * g / norm for name, g in grads.items()}
    return [
        Case("norm far above the limit", {"grads": grads, "max_norm": norm / 7.0}),
        Case("norm a little above the limit", {"grads": grads, "max_norm": 0.8 * norm}),
        Case("norm below the limit", {"grads": grads, "max_norm": 1.25 * norm}),
        Case("norm below one, limit below it", {"grads": small, "max_norm": 0.1}),
        Case("norm below one, limit above it", {"grads": small, "max_norm": 0.25}),
        Case("one array", {"grads": {"W": rng.normal(size=(D, H, 2)) + 1.0}, "max_norm": 0.5}),
        Case("nothing but zeros", {"grads": {"W": np.zeros((D, H))}, "max_norm": 1.0}, edge="gradients of 0"),
    ]


def small_clip(rng: np.random.Generator, D: int, H: int, limit: int) -> dict[str, Any]:
    return {"grads": {"W": rng.normal(size=(D, H)) + 1.0, "b": rng.normal(size=H) + 1.0}, "max_norm": float(limit)}


@exercise("clip_grad_norm", cases=clip_cases, small=small_clip)
def test_clip_grad_norm(student: Any, case: Case, expect: Expect) -> None:
    """Is the joint L2 norm right, and are all gradients shrunk by the same factor only if they must be?"""
    returned = student.clip_grad_norm(case.grads, case.max_norm)
    norm = float(np.sqrt(sum(float(entry) ** 2 for g in case.grads.values() for entry in g.ravel())))
    factor = min(1.0, case.max_norm / norm) if norm else 1.0
    if not (isinstance(returned, (tuple, list)) and len(returned) == 2):
        expect.result(returned, clipped=0, norm=0)
        return
    clipped, got_norm = returned
    expect.part("norm", got_norm, norm, CLIP_RTOL)
    if not isinstance(clipped, dict) or set(clipped) != set(case.grads):
        kind = Outcome.RETURNS_NONE if clipped is None else Outcome.WRONG_VALUES
        message = f"clipped should be a dict with the names {', '.join(case.grads)}."
        expect.verdict("clipped", Comparison(kind, message, "dict", describe(clipped)), clipped)
        return
    for name, gradient in case.grads.items():
        found = compare(clipped[name], factor * gradient, CLIP_RTOL, f"clipped[{name!r}]")
        expect.verdict("clipped", found, clipped[name], factor * gradient)


def truncated_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("truncated_bptt")
    N, D, H = sizes(rng, 3, draw, (2, 4, 3))

    def case(T: int, chunk: int, n: int = N, edge: str = "") -> Case:
        inputs = rnn_inputs(rng, n, T, D, H) | {"chunk": chunk}
        if (T, chunk) == (7, 3):
            inputs = steep(inputs, "dh", truncated_gradients(Case("", inputs)))
        return Case(f"N={n} T={T} chunk={chunk}", inputs, edge=edge)

    return [case(6, 2), case(6, 6), case(7, 3), case(5, 1), case(4, 9), case(6, 2, 1, "N=1"), case(1, 2, N, "T=1")]


def truncated_gradients(case: Case) -> tuple[Array, ...]:
    """dx, dh0, dWx, dWh, db: piece by piece, each from the state that the long forward pass has there."""
    h = unrolled(*sequence_arguments(case))
    dx, dWx, dWh, db = np.zeros_like(case.x), np.zeros_like(case.Wx), np.zeros_like(case.Wh), np.zeros_like(case.b)
    dh0 = np.zeros_like(case.h0)
    for first in range(0, case.x.shape[1], case.chunk):
        piece = slice(first, first + case.chunk)
        state = case.h0 if first == 0 else h[:, first - 1]
        inputs = (case.x[:, piece], state, case.Wx, case.Wh, case.b)
        dx[:, piece], dstate, dWx_c, dWh_c, db_c = sequence_gradients(case.dh[:, piece], *inputs)
        dWx, dWh, db = dWx + dWx_c, dWh + dWh_c, db + db_c
        dh0 = dstate if first == 0 else dh0
    return dx, dh0, dWx, dWh, db


def small_truncated(rng: np.random.Generator, N: int, T: int, D: int, H: int, chunk: int) -> dict[str, Any]:
    return rnn_inputs(rng, N, T, D, H) | {"chunk": chunk}


def in_chunks(case: Case, x: Array, h0: Array, *weights: Array) -> Any:
    """What truncated_bptt differentiates: the state that enters a chunk counts as a constant, but for h0."""
    total: Any = 0.0
    for first in range(0, x.shape[1], case.chunk):
        piece = slice(first, first + case.chunk)
        h = unrolled(x[:, piece], h0, *weights)
        total, h0 = total + np.sum(case.dh[:, piece] * h), h[:, -1].real
    return total


GROWING_CHUNKS = Growing(
    ("dx", "dh0", "dWx", "dWh", "db"),
    lambda rng, n: wide_sequence(rng, n) | {"chunk": 2},
    sequence_arguments,
    in_chunks,
    slowest=1.0,
    found=lambda returned: returned[1:],
)


@exercise(
    "truncated_bptt",
    cases=truncated_cases,
    stand_ins=(*STEP_STAND_INS, *SEQUENCE_STAND_INS),
    asks={
        # The student's own rnn_forward and rnn_backward are called as well, for their caches and for kinds of results.
        "rnn_step_forward": lambda *inputs: 2 * of_states(*inputs),
        "rnn_step_backward": lambda *inputs: RESULTS * of_states(*inputs),
        "rnn_forward": of_states,
        "rnn_backward": lambda *inputs: RESULTS * of_states(*inputs),
    },
    small=small_truncated,
    pieces=sequence_pieces,
    overwritten=state_overwritten,
    growing=GROWING_CHUNKS,
)
def test_truncated_bptt(student: Any, case: Case, expect: Expect) -> None:
    """Is the state carried over the borders of chunks and the gradient cut there?"""
    got = student.truncated_bptt(*sequence_arguments(case), case.dh, case.chunk)
    dx, dh0, dWx, dWh, db = truncated_gradients(case)
    expect.result(got, h=unrolled(*sequence_arguments(case)), dx=dx, dh0=dh0, dWx=dWx, dWh=dWh, db=db)


def norm_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("gradient_norms")

    def case(N: int, T: int, H: int, gain: float, edge: str = "") -> Case:
        Wh = gain * rng.normal(size=(H, H)) / np.sqrt(H)
        inputs = rnn_inputs(rng, N, T, 3, H)
        h = unrolled(inputs["x"], inputs["h0"], inputs["Wx"], Wh, inputs["b"])
        return Case(f"N={N} T={T} H={H}", {"h": h, "Wh": Wh}, edge=edge)

    N, T, H = sizes(rng, 3, draw, (3, 5, 4))
    return [case(N, T, H, 0.9), case(T, H, N, 2.0), case(1, T, H, 1.0, "N=1"), case(N, 1, H, 1.0, "T=1")]


def small_norms(rng: np.random.Generator, N: int, T: int, H: int) -> dict[str, Any]:
    return {"h": np.tanh(rng.normal(size=(N, T, H))), "Wh": rng.normal(size=(H, H))}


@exercise("gradient_norms", cases=norm_cases, small=small_norms)
def test_gradient_norms(student: Any, case: Case, expect: Expect) -> None:
    """Are the largest singular values of the Jacobians right?"""
    got = student.gradient_norms(case.h, case.Wh)
    N, T, H = case.h.shape
    norms = np.zeros((N, T))
    for n in range(N):
        jacobian = np.eye(H)  # column i: how h_T moves if entry i of h_t moves
        for t in range(T - 1, -1, -1):
            norms[n, t] = np.linalg.svd(jacobian, compute_uv=False)[0]
            jacobian = jacobian @ np.diag(1.0 - case.h[n, t] ** 2) @ case.Wh.T if t else jacobian
    expect.result(got, norms=norms)
