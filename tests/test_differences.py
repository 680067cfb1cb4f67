"""Gradients by differences of forward passes are told from backward passes, however either is written."""

from __future__ import annotations

import pytest
from gradient_styles import DIFFERENCES, OTHER_DIFFERENCES, PAIRS, SLOW, by_differences
from grading_helpers import judge_source, reference_source, the_unit

from autograder.results import ExerciseResult, Outcome

UNIT = "02_bptt"


def judged(unit_id: str, more: str, *exercises: str) -> list[ExerciseResult]:
    """Exercises of the reference module with other functions under it."""
    return judge_source(unit_id, f"{reference_source(unit_id)}\n{more}", exercises=list(exercises)).exercises


def is_named(result: ExerciseResult) -> bool:
    """Whether an exercise got a quarter of its gradients' points, and was told why."""
    by_name = {part.name: part for part in result.parts}
    gradients = [part for name, part in by_name.items() if name not in ("loss", "h", "h_last")]
    quarter = all(abs(part.points - part.max_points / 4) < 1e-5 for part in gradients)
    return quarter and result.outcome is Outcome.DIFFERENCES and "differences of forward passes" in result.message


@pytest.mark.parametrize("way", DIFFERENCES)
def test_differences_of_a_step_are_a_quarter_of_a_backward_pass(way: str) -> None:
    """Central, one-sided, complex, along random directions, …: each is right and not what is asked for."""
    (step,) = judged(UNIT, by_differences(UNIT, way), "rnn_step_backward")
    assert is_named(step), (step.outcome, step.message)


@pytest.mark.parametrize("way", OTHER_DIFFERENCES)
def test_differences_in_disguise_are_found(way: str) -> None:
    """Stacked, kept by the forward pass, of dual numbers, for some of the inputs only, of whole columns."""
    (step,) = judged(UNIT, OTHER_DIFFERENCES[way], "rnn_step_backward")
    assert is_named(step), (step.outcome, step.message)


@pytest.mark.parametrize("exercise", [backward for _, backward, _ in PAIRS[UNIT]][1:])
def test_differences_of_layers_are_found(exercise: str) -> None:
    """Of a whole sequence, and of a layer."""
    (result,) = judged(UNIT, by_differences(UNIT, "central"), exercise)
    assert is_named(result), (result.outcome, result.message)


@pytest.mark.parametrize("exercise", [backward for _, backward, _ in PAIRS["04_lstm_gru"]])
def test_differences_of_gated_cells_are_found(exercise: str) -> None:
    """Of each cell with gates, one step and a sequence."""
    (result,) = judged("04_lstm_gru", by_differences("04_lstm_gru", "one_sided"), exercise)
    assert is_named(result), (result.outcome, result.message)


def test_differences_of_a_table_are_found() -> None:
    """An embedding's, too."""
    (result,) = judged("03_char_lm", by_differences("03_char_lm", "one_sided"), "word_embedding_backward")
    assert is_named(result), (result.outcome, result.message)


WITHOUT_A_FORWARD = {
    "temporal_softmax_loss": (
        UNIT,
        """
_right_loss = temporal_softmax_loss
def temporal_softmax_loss(x, y, mask):
    (dx,) = gradients(lambda values: _right_loss(values[0], y, mask)[0], [x])
    return _right_loss(x, y, mask)[0], dx
""",
    ),
    "truncated_bptt": (
        UNIT,
        """
def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    hs, dxs, total, dh0, h = [], [], None, None, h0
    for s in range(0, x.shape[1], chunk):
        piece = slice(s, s + chunk)
        loss = lambda values: (rnn_forward(*values)[0] * dh[:, piece]).sum()
        dx, dstate, *dW = gradients(loss, [x[:, piece], h, Wx, Wh, b])
        out = rnn_forward(x[:, piece], h, Wx, Wh, b)[0]
        hs.append(out)
        dxs.append(dx)
        h, dh0 = out[:, -1], dstate if dh0 is None else dh0
        total = dW if total is None else [p + q for p, q in zip(total, dW)]
    return np.concatenate(hs, 1), np.concatenate(dxs, 1), dh0, *total
""",
    ),
    "char_rnn_loss": (
        "03_char_lm",
        """
_right_model = char_rnn_loss
def char_rnn_loss(params, x, y, h0):
    def loss(values):
        every = dict(zip(params, values))
        h, total = h0, 0.0
        for t in range(x.shape[1]):
            h = np.tanh(every["We"][x[:, t]] @ every["Wx"] + h @ every["Wh"] + every["b"])
            s = h @ every["Why"] + every["by"]
            s = s - s.max(axis=1, keepdims=True)
            total = total + (np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(s)), y[:, t]]).sum()
        loss.h = h
        return total / len(x)
    found = gradients(loss, [np.array(v, dtype=float) for v in params.values()])
    value = loss(list(params.values()))
    return value, dict(zip(params, found)), loss.h
""",
    ),
}


@pytest.mark.parametrize("exercise", WITHOUT_A_FORWARD)
def test_functions_that_return_a_loss_count_too(exercise: str) -> None:
    """Their loss is right and keeps its points; their gradients come from it by differences."""
    unit_id, source = WITHOUT_A_FORWARD[exercise]
    (result,) = judged(unit_id, DIFFERENCES["central"] + source, exercise)
    assert is_named(result), (result.outcome, result.message)
    assert all(part.outcome is Outcome.PASSED for part in result.parts if part.name in ("loss", "h", "h_last"))


def test_a_right_recursion_over_steps_by_differences_is_right() -> None:
    """One mistake costs once: with a right step, what is built on it is a backward pass."""
    step, sequence = judged(UNIT, OTHER_DIFFERENCES["dual_numbers"], "rnn_step_backward", "rnn_backward")
    assert is_named(step)
    assert (sequence.outcome, sequence.points) == (Outcome.PASSED, sequence.max_points)


@pytest.mark.parametrize("way", SLOW)
def test_slow_backward_passes_are_right(way: str) -> None:
    """Loops over entries, Jacobians, copies, everything computed again: style costs nothing."""
    names = ["rnn_step_backward", "rnn_backward", "temporal_affine_backward", "temporal_softmax_loss", "truncated_bptt"]
    lost = [(r.id, r.outcome, r.message) for r in judged(UNIT, SLOW[way], *names) if r.points < r.max_points]
    assert lost == []


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("raise ValueError('too many')", Outcome.CRASHED),
        ("return tuple(0 * g for g in found)", Outcome.WRONG_VALUES),
        ("return None", Outcome.WRONG_VALUES),
        ("raise MemoryError", Outcome.OUT_OF_MEMORY),
    ],
)
def test_giving_up_on_wide_inputs_costs_the_gradients(act: str, outcome: Outcome) -> None:
    """Differences that do not want to be measured are wrong for the inputs that they refuse."""
    source = f"""
by_differences = rnn_step_backward
def rnn_step_backward(dnext_h, cache):
    if cache[0].size < 100:
        return by_differences(dnext_h, cache)
    found = [np.array(value) for value in cache]
    {act}
"""
    (result,) = judged(UNIT, by_differences(UNIT, "central") + source, "rnn_step_backward")
    assert (result.points, result.outcome) == (0.0, outcome)
    assert "columns" in result.message


def test_the_numerical_gradient_itself_is_an_exercise() -> None:
    """Differences are what numerical_gradient is about."""
    (result,) = judged(UNIT, "", "numerical_gradient")
    assert result.outcome is Outcome.PASSED


def test_every_gradient_of_the_numpy_units_is_measured() -> None:
    """No exercise whose parts are gradients is without inputs that grow."""
    from autograder.checking import load_checks

    for unit_id in ("02_bptt", "03_char_lm", "04_lstm_gru"):
        checks = load_checks(the_unit(unit_id))
        for item in the_unit(unit_id).exercises:
            gradients = [part for part in item.parts if part.startswith("d") and item.id != "decode"]
            growing = checks[item.id].growing
            assert gradients == list(growing.parts if growing else ()), item.id
