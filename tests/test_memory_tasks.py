"""The adding and the copy problem, and the loop that learns them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from coursekit.memory_tasks import AddingProblem, CopyProblem, Tools, init_cell, learn, over_time, readouts
from coursekit.upstream import load_module

ROOT = Path(__file__).resolve().parent.parent / "solutions"


@pytest.fixture(scope="module")
def bptt() -> ModuleType:
    """Unit 2's reference module."""
    return load_module(ROOT / "02_bptt" / "bptt.py")


@pytest.fixture(scope="module")
def gated() -> ModuleType:
    """Unit 4's reference module."""
    return load_module(ROOT / "04_lstm_gru" / "gated.py")


def gradient_step(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """Plain descent, with a count of the calls in its config."""
    return w - config["learning_rate"] * dw, {**config, "calls": config.get("calls", 0) + 1}


@pytest.fixture(scope="module")
def tools(bptt: ModuleType) -> Tools:
    """Reference layers and plain gradient descent."""
    return Tools(bptt.temporal_affine_forward, bptt.temporal_affine_backward, bptt.clip_grad_norm, gradient_step)


def test_two_steps_are_marked_and_the_answer_is_their_sum() -> None:
    """Exactly two marks per sequence; y is the sum of the numbers there."""
    x, y = AddingProblem(20).draw(300, np.random.default_rng(0))
    assert x.shape == (300, 30, 2)
    assert set(np.unique(x[:, :, 1])) == {0.0, 1.0}
    for sequence, answer in zip(x, y, strict=True):
        assert sequence[:, 1].sum() == 2
        assert answer == pytest.approx(sum(number for number, mark in sequence if mark))


def test_the_first_mark_lies_at_least_lag_steps_before_the_end() -> None:
    """It is in the first ten steps of lag + 10, the other one behind them, up to the very end."""
    x, _ = AddingProblem(20).draw(2000, np.random.default_rng(0))
    marks = np.array([np.flatnonzero(sequence[:, 1]) for sequence in x])
    assert (marks[:, 0].min(), marks[:, 0].max()) == (0, 9)
    assert (marks[:, 1].min(), marks[:, 1].max()) == (10, 29)


def test_errors_of_simple_strategies_are_those_of_the_text() -> None:
    """Always 1 costs 1/6; who knows one number and guesses 1/2 for the other, 1/12."""
    problem = AddingProblem(5)
    x, y = problem.draw(200_000, np.random.default_rng(0))
    later = np.array(x[:, 10:, 0] * x[:, 10:, 1]).sum(axis=1)
    for guess, expected in ((np.ones(len(y)), 1 / 6), (later + 0.5, 1 / 12)):
        scores = np.zeros((len(y), 1, 1))
        scores[:, -1, 0] = guess
        assert problem.measure(scores, y) == pytest.approx(expected, rel=0.02)


def test_the_adding_loss_has_the_gradient_of_the_error_at_the_end() -> None:
    """Numerically, and zero at all steps but the last."""
    problem, rng = AddingProblem(3), np.random.default_rng(0)
    scores, y = rng.standard_normal((4, 13, 1)), rng.random(4)
    _, gradient = problem.loss(scores, y)
    assert not gradient[:, :-1].any()
    for n in range(4):
        moved = [scores.copy() for _ in range(2)]
        moved[0][n, -1, 0] += 1e-6
        moved[1][n, -1, 0] -= 1e-6
        slope = (problem.loss(moved[0], y)[0] - problem.loss(moved[1], y)[0]) / 2e-6
        assert gradient[n, -1, 0] == pytest.approx(slope, rel=1e-5)


def test_symbols_are_asked_for_lag_steps_after_they_were_shown(bptt: ModuleType) -> None:
    """With three of five symbols: shown at steps 0 to 2, asked for at lag to lag + 2, nothing in between."""
    problem = CopyProblem(7, bptt.temporal_softmax_loss, symbols=5, length=3)
    x, y = problem.draw(50, np.random.default_rng(0))
    assert x.shape == (50, 10, problem.inputs) == (50, 10, 6)
    np.testing.assert_array_equal(x[:, :3, :5].argmax(axis=2), y)
    assert x[:, :3].sum() == 150 and not x[:, 3:7].any()
    assert x[:, 7:, 5].all() and x[:, 7:].sum() == 150
    assert problem.outputs == 5 and set(y.ravel()) == set(range(5))


def test_the_copy_loss_judges_the_questions_only(bptt: ModuleType) -> None:
    """Steps before the questions have no gradient; scores at right symbols count as right."""
    problem = CopyProblem(4, bptt.temporal_softmax_loss, symbols=3, length=2)
    x, y = problem.draw(20, np.random.default_rng(0))
    scores = np.zeros((20, 6, 3))
    loss, gradient = problem.loss(scores, y)
    assert loss == pytest.approx(2 * np.log(3))
    assert not gradient[:, :4].any() and gradient[:, 4:].any()
    scores[:, 4:] = np.eye(3)[y]
    assert problem.measure(scores, y) == 1.0
    assert problem.solved(0.99) and not problem.solved(0.98)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: AddingProblem(0), "lag is 0"),
        (lambda: CopyProblem(0, lambda *_: (0.0, np.zeros(1))), "lag is 0"),
        (lambda: CopyProblem(3, lambda *_: (0.0, np.zeros(1)), symbols=1), "at least 2 symbols"),
        (lambda: CopyProblem(3, lambda *_: (0.0, np.zeros(1)), length=4), "from 1 to lag"),
    ],
)
def test_senseless_problems_are_refused(make: Any, complaint: str) -> None:
    """A lag of nothing, one symbol, or more symbols than fit into the lag are named."""
    with pytest.raises(ValueError, match=complaint):
        make()


def test_weights_have_the_blocks_asked_for() -> None:
    """Three gates make 3H columns; biases are zero; the same seed gives the same."""
    first, again, other = (init_cell(4, 50, 2, gates=3, seed=seed) for seed in (0, 0, 1))
    assert {name: w.shape for name, w in first.items()} == {
        "Wx": (4, 150), "Wh": (50, 150), "b": (150,), "Why": (50, 2), "by": (2,)
    }  # fmt: skip
    assert first["Wh"].std() == pytest.approx(1 / 50**0.5, rel=0.05)
    assert not first["b"].any()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["Wx"], other["Wx"])


def test_a_step_with_two_states_over_time_is_lstm_forward_and_backward(gated: ModuleType) -> None:
    """`over_time` of the LSTM's step gives what the reference over time gives."""
    rng = np.random.default_rng(0)
    Wx, Wh, b = gated.init_lstm(3, 4)
    x, h0, dh = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4)), rng.standard_normal((2, 5, 4))
    forward, backward = over_time(gated.lstm_step_forward, gated.lstm_step_backward, states=2)
    h, cache = forward(x, h0, Wx, Wh, b)
    expected, expected_cache = gated.lstm_forward(x, h0, Wx, Wh, b)
    np.testing.assert_allclose(h, expected)
    for got, wanted in zip(backward(dh, cache), gated.lstm_backward(dh, expected_cache), strict=True):
        np.testing.assert_allclose(got, wanted)


def test_a_step_with_one_state_over_time_is_gru_forward_and_backward(gated: ModuleType) -> None:
    """`over_time` of the GRU's step gives what the reference over time gives."""
    rng = np.random.default_rng(0)
    params = init_cell(3, 4, 1, gates=3)
    weights = params["Wx"], params["Wh"], params["b"]
    x, h0, dh = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4)), rng.standard_normal((2, 5, 4))
    forward, backward = over_time(gated.gru_step_forward, gated.gru_step_backward)
    h, cache = forward(x, h0, *weights)
    expected, expected_cache = gated.gru_forward(x, h0, *weights)
    np.testing.assert_allclose(h, expected)
    for got, wanted in zip(backward(dh, cache), gated.gru_backward(dh, expected_cache), strict=True):
        np.testing.assert_allclose(got, wanted)


def test_learning_solves_and_stops(bptt: ModuleType, tools: Tools) -> None:
    """A lag of 2 is solved by a vanilla network before the updates are used up; the start is not changed."""
    problem = CopyProblem(2, bptt.temporal_softmax_loss, symbols=2)
    params = init_cell(problem.inputs, 16, problem.outputs, gates=1)
    before = {name: w.copy() for name, w in params.items()}
    cell = (bptt.rnn_forward, bptt.rnn_backward)
    learned = learn(problem, cell, params, tools, updates=400, lr=0.3, every=20, quiet=True)
    assert learned.solved and learned.updates < 400 and learned.measured >= 0.99
    assert all(np.array_equal(params[name], before[name]) for name in params)
    x, y = problem.draw(200, np.random.default_rng(77))
    assert problem.measure(readouts(learned.params, bptt.rnn_forward, tools, x), y) > 0.95


def test_learning_ends_with_a_measurement(bptt: ModuleType, tools: Tools) -> None:
    """Five updates, measured every two: marks at 2, 4 and 5; twice the same run gives the same marks."""
    problem = AddingProblem(3)
    params = init_cell(2, 4, 1, gates=1)
    runs = [
        learn(problem, (bptt.rnn_forward, bptt.rnn_backward), params, tools, updates=5, lr=1e-3, every=2, quiet=True)
        for _ in range(2)
    ]
    assert [update for update, _ in runs[0].marks] == [2, 4, 5]
    assert runs[0].marks == runs[1].marks
    assert not runs[0].solved


def test_the_first_update_goes_down_the_clipped_gradient(bptt: ModuleType, tools: Tools) -> None:
    """All weights together move by lr times max_norm where the gradient is longer than that."""
    problem = AddingProblem(3)
    params = init_cell(2, 4, 1, gates=1)
    params["by"] += 50.0  # far off: a huge gradient
    cell = (bptt.rnn_forward, bptt.rnn_backward)
    learned = learn(problem, cell, params, tools, updates=1, lr=0.1, max_norm=0.5, quiet=True)
    moved = np.sqrt(sum(np.sum((learned.params[name] - params[name]) ** 2) for name in params))
    assert moved == pytest.approx(0.05)
