"""Correct modules of unit 4 in part, and with one slip, which costs its own exercise only."""

from __future__ import annotations

import numpy as np
import pytest
from alternative_helpers import called, points_lost, text_of, with_functions
from grading_helpers import judge_source, reference_source, sample_draws

from autograder.checks import test_04_lstm_gru as checks
from autograder.gradcheck import compare
from autograder.results import Outcome

UNIT = "04_lstm_gru"

LSTM = ["lstm_step_forward", "lstm_step_backward", "lstm_forward", "lstm_backward"]
GRU = [name.replace("lstm", "gru") for name in LSTM]
COUPLED = ["coupled_step_forward", "coupled_step_backward"]


def changed(name: str, *changes: tuple[str, str], exercises: list[str]) -> dict[str, float]:
    """Points lost by a correct module with changes in its text, each in one place."""
    source = text_of(UNIT, called(UNIT, name)) if name else reference_source(UNIT)
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return points_lost(judge_source(UNIT, source, exercises=exercises))


def test_a_file_with_some_of_the_functions_is_judged_by_those() -> None:
    """A lecture course's file, which has the LSTM only, gets full marks for that."""
    source = text_of(UNIT, called(UNIT, "lecture_style"))
    result = judge_source(UNIT, with_functions(source, {"sigmoid", *LSTM}.__contains__))
    assert {e.id for e in result.exercises if e.points == e.max_points} == set(LSTM)
    assert {e.outcome for e in result.exercises if e.id not in LSTM} == {Outcome.NOT_ATTEMPTED}


def test_sequences_without_steps_are_judged() -> None:
    """Sequence functions that do not need the step functions keep their points without them."""
    source = text_of(UNIT, called(UNIT, "inline_and_recomputed"))
    steps = {"lstm_step_forward", "lstm_step_backward", "gru_step_forward", "gru_step_backward"}
    wanted = ["lstm_forward", "lstm_backward", "gru_forward", "gru_backward"]
    result = judge_source(UNIT, with_functions(source, lambda name: name not in steps), exercises=wanted)
    assert points_lost(result) == {}


# --- one bug costs once ---------------------------------------------------------------------------


def test_another_order_of_the_gates_costs_the_step_only() -> None:
    """Blocks in torch's order, there and back: the backward pass is right for that forward pass."""
    order = ("a_i, a_f, a_o, a_g = np.split(", "a_i, a_f, a_g, a_o = np.split(")
    back = (
        "da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], axis=1)",
        "da = np.concatenate([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], axis=1)",
    )
    assert changed("", order, back, exercises=LSTM) == {"lstm_step_forward": 6.0}


def test_another_order_in_functions_without_steps_costs_no_backward_pass() -> None:
    """The same in a module whose sequences call no steps: forward functions lose theirs, backward functions nothing."""
    changes = [
        ("i, f, o, g = lstm_gates(x, prev_h, Wx, Wh, b)", "f, i, o, g = lstm_gates(x, prev_h, Wx, Wh, b)"),
        ("i, f, o, g = gates.transpose(1, 0, 2)", "f, i, o, g = gates.transpose(1, 0, 2)"),
        ("upstream = np.stack([dc * g, dc * c,", "upstream = np.stack([dc * c, dc * g,"),
        (
            "gates[t, :, 1] * c[t] + gates[t, :, 0] * gates[t, :, 3]",
            "gates[t, :, 0] * c[t] + gates[t, :, 1] * gates[t, :, 3]",
        ),
        ("i, f, o, g = gates[t].swapaxes(0, 1)", "f, i, o, g = gates[t].swapaxes(0, 1)"),
        (
            "blocks = [dc * g * i * (1 - i), dc * c[t] * f * (1 - f),",
            "blocks = [dc * c[t] * f * (1 - f), dc * g * i * (1 - i),",
        ),
    ]
    found = changed("inline_and_recomputed", *changes, exercises=LSTM)
    assert found == {"lstm_step_forward": 6.0, "lstm_forward": 4.0}


def test_another_update_gate_costs_the_step_only() -> None:
    """z as the share of what is new, there and back."""
    found = changed(
        "",
        ("next_h = z * prev_h + (1 - z) * candidate", "next_h = (1 - z) * prev_h + z * candidate"),
        ("da_candidate = dnext_h * (1 - z)", "da_candidate = dnext_h * z"),
        ("dnext_h * (prev_h - candidate) * z", "dnext_h * (candidate - prev_h) * z"),
        ("dprev_h = dnext_h * z", "dprev_h = dnext_h * (1 - z)"),
        exercises=GRU,
    )
    assert found == {"gru_step_forward": 6.0}


def test_a_forward_pass_that_is_easy_to_undo_brings_no_points_for_undoing_it() -> None:
    """Only known conventions are judged as what they are: the gradient of some other function is worth nothing."""
    source = """
import numpy as np

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    return prev_h, prev_c, (x, Wx, Wh, b)

def lstm_step_backward(dnext_h, dnext_c, cache):
    return np.zeros_like(cache[0]), dnext_h, dnext_c, *(np.zeros_like(w) for w in cache[1:])
"""
    result = judge_source(UNIT, source, exercises=["lstm_step_forward", "lstm_step_backward"])
    assert result.score == 0.0


@pytest.mark.parametrize(
    ("name", "old", "new", "exercise", "points"),
    [
        ("objects_and_classes", 'values["i"] * values["g"]', 'values["g"]', "lstm_step_forward", 6.0),
        (
            "objects_and_classes",
            "n * (1 - z) + prev_h * z, step",
            "n * (1 - z) + prev_h, step",
            "gru_step_forward",
            6.0,
        ),
        ("chen", "    c += i * g\n", "    c += g\n", "lstm_step_forward", 6.0),
        ("chen", "[z * prev_h + (1 - z) * n,", "[prev_h + (1 - z) * n,", "gru_step_forward", 6.0),
        ("plain_loops", "c = f * prev_c[n][j] + i * g", "c = prev_c[n][j] + i * g", "lstm_step_forward", 6.0),
        ("lecture_style", "np.multiply(forget_gate, prev_c)", "prev_c", "lstm_step_forward", 6.0),
        ("single_precision", "gates[0] * gates[3]\n", "gates[3]\n", "lstm_step_forward", 6.0),
        (
            "single_precision",
            "next_h = n + gates[:, H:] * (prev_h - n)",
            "next_h = n + prev_h",
            "gru_step_forward",
            6.0,
        ),
        (
            "inline_and_recomputed",
            "next_c = f * prev_c + i * g\n",
            "next_c = f * prev_c + g\n",
            "lstm_step_forward",
            6.0,
        ),
    ],
)
def test_a_slip_in_a_forward_step_costs_nothing_behind_it(
    name: str, old: str, new: str, exercise: str, points: float
) -> None:
    """Whatever the layout of the cache: the backward step and both sequence functions keep their points."""
    chain = LSTM if "lstm" in exercise else GRU
    assert changed(name, (old, new), exercises=chain) == {exercise: points}


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("objects_and_classes", '"f": dc * cache.c,', '"f": dc * cache.shown,', {"lstm_step_backward": 12.5}),
        ("lecture_style", "dprev_c = dnext_c * forget_gate", "dprev_c = dnext_c", {"lstm_step_backward": 2.5}),
        ("chen", "dkept = da[:, 2 * H :]", "dkept = 2 * da[:, 2 * H :]", {"gru_step_backward": 15.0}),
        (
            "single_precision",
            "dc * f, both[:D], both[D:], da.sum(",
            "dc * f, both[:D], both[D:], da.mean(",
            {"lstm_step_backward": 2.5},
        ),
    ],
)
def test_a_slip_in_a_backward_step_costs_nothing_behind_it(name: str, old: str, new: str, expected: dict) -> None:
    """The sequence's backward function is judged with a right step in place of the wrong one."""
    chain = LSTM if "lstm" in next(iter(expected)) else GRU
    found = changed(name, (old, new), exercises=chain)
    assert found == expected


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("chen", "states, c = [], [], 0\n", "states, c = [], [], h0\n"),
        ("lecture_style", "prev_c = np.zeros((N, H))\n    for", "prev_c = np.ones((N, H))\n    for"),
        ("in_a_package", "", ""),
    ],
)
def test_a_slip_in_a_sequence_costs_its_backward_pass_nothing(name: str, old: str, new: str) -> None:
    """Caches of steps from right states stand in for those from wrong ones."""
    if not old:
        source = text_of(UNIT, called(UNIT, name))
        old, new = "[h0, np.zeros_like(h0)]", "[h0, h0]"
        assert source.count(old) == 1
        files = {str(p.relative_to(called(UNIT, name))): p.read_text() for p in called(UNIT, name).rglob("*.py")}
        del files["gated.py"]
        found = points_lost(judge_source(UNIT, source.replace(old, new), exercises=LSTM, extra_files=files))
    else:
        found = changed(name, (old, new), exercises=LSTM)
    assert found == {"lstm_forward": 4.0}


# --- slips are what they are called -----------------------------------------------------------------


@pytest.mark.parametrize("draw", sample_draws(3), ids=lambda draw: draw.label)
def test_the_slip_without_a_slip_is_the_formula(draw) -> None:
    """What a cache is mended by agrees with what results are compared with, in every case."""
    for case in checks.step_cases("lstm_step", checks.lstm_step_inputs, draw):
        inputs = checks.lstm_step_arguments(case)
        found = checks.lstm_inside(checks.LSTM, checks.Slip(), *inputs)
        for value, right in zip((found["first"], found["second"]), checks.lstm_step(*inputs), strict=True):
            assert compare(value, right, 1e-12).ok
    for case in checks.step_cases("coupled_step", checks.coupled_step_inputs, draw):
        inputs = checks.lstm_step_arguments(case)
        found = checks.lstm_inside(checks.COUPLED, checks.Slip(), *inputs)
        assert compare(found["first"], checks.coupled_step(*inputs)[0], 1e-12).ok
    for case in checks.step_cases("gru_step", checks.gru_step_inputs, draw):
        inputs = checks.gru_step_arguments(case)
        found = checks.gru_inside(checks.GRU, checks.Slip(), *inputs)
        assert compare(found["first"], checks.gru_step(*inputs), 1e-12).ok


def test_no_two_slips_have_the_same_results() -> None:
    """Otherwise a cache might be mended by the wrong one."""
    rng = np.random.default_rng(4)
    inputs = checks.lstm_step_arguments(checks.Case("", checks.lstm_step_inputs(rng, 3, 4, 5)))
    slips = [checks.Slip(), *checks.CELL_SLIPS, *(checks.Slip(order=order) for order in checks.orders(checks.LSTM))]
    unlike = [slip for n, slip in enumerate(slips) if slip not in slips[:n]]
    seen = [
        np.concatenate([found["first"], found["second"]])
        for found in (checks.lstm_inside(checks.LSTM, slip, *inputs) for slip in unlike)
    ]
    same = [(unlike[i], unlike[j]) for i in range(len(seen)) for j in range(i) if compare(seen[i], seen[j]).ok]
    assert same == []


# --- the spread of random weights -------------------------------------------------------------------


def matrix(seed: int, scale: float = 1.0, D: int = 20, H: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((D, 4 * H)) * scale / np.sqrt(D)


def judged(weights: np.ndarray, D: int = 20, H: int = 50):
    return checks.spread("Wx", weights, D, H, checks._known_spreads(D, H, "D"), "D")


def test_normal_numbers_pass_whatever_the_seed() -> None:
    """300 matrices of 4000 numbers, all within bounds that fail one in 10^9."""
    assert all(judged(matrix(seed)).ok for seed in range(300))


@pytest.mark.parametrize("scale", [0.85, 1.15])
def test_a_spread_that_is_off_is_seen(scale: float) -> None:
    """With 4000 numbers the bound is 7.8 % of the standard deviation; 15 % is seen for every seed."""
    assert not any(judged(matrix(seed, scale)).ok for seed in range(100))


def test_what_is_not_normal_is_seen() -> None:
    """Uniform numbers and coin flips of the right standard deviation, numbers around 0.1, four times the same block."""
    rng = np.random.default_rng(0)
    shape, right = (20, 200), 1 / np.sqrt(20)
    assert judged(rng.uniform(-1, 1, shape) * right * np.sqrt(3)).got == "another distribution"
    assert judged(rng.choice([-1.0, 1.0], shape) * right).got == "another distribution"
    assert judged(matrix(0) + 0.05).got == "another mean"
    assert judged(np.tile(rng.standard_normal((20, 50)), 4) * right).got == "gates alike"
    assert judged(np.full(shape, right)).got == "one number"
    assert judged(np.zeros(shape)).got == "one number"
    assert judged(matrix(0) / np.sqrt(20)).got == "standard deviation 1/D"
