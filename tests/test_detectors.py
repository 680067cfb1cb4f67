"""General detectors: wrong modules that are on no list are told what kind of deviation they have."""

from __future__ import annotations

import re

import pytest
from grading_helpers import judge_source, reference_source

from autograder.judge import GENERAL
from autograder.results import ExerciseResult, Outcome

FIRST, SECOND = "01_vanilla_rnn", "02_bptt"


def judged(unit: str, exercise: str, *changes: tuple[str, str]) -> ExerciseResult:
    """The reference with some text changed, handed in and judged on one exercise."""
    source = reference_source(unit)
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return judge_source(unit, source, exercises=[exercise]).exercise(exercise)


def kinds(found: ExerciseResult) -> set[str]:
    """What general detectors found; known mistakes keep their names."""
    return set((found.mistake or "").split("+"))


CELL = "return np.tanh(x @ Wx + prev_h @ Wh + b)"
UNROLLED = "        h[:, t] = prev_h\n    return h"
DX = "dx = dout @ w.T"
STEP_DX = "dx = da @ Wx.T"

SUBMISSIONS = {
    "sign": (FIRST, "one_to_many", ("y[:, t] = x", "y[:, t] = -x")),
    "transposed": (FIRST, "stacked_cell", ("return np.tanh(stacked @ W + b)", "return np.tanh(stacked @ W + b).T")),
    "shifted": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("return h", "return np.concatenate([h[:, :1] - 0.3, h[:, :-1]], axis=1)")),
    ),
    "reversed": (SECOND, "gradient_norms", ("    return norms\n", "    return np.stack([norms[:, ::-1]] * 1)[0]\n")),
    "only-the-last-step-right": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    h[:, :-1] **= 2\n    return")),
    ),
    "only-the-first-step-right": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    h[:, 1:] **= 2\n    return")),
    ),
    "only-the-first-step-wrong": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    h[:, 0] **= 2\n    return")),
    ),
    "right-without-h0": (
        FIRST,
        "multilayer",
        ("h = unroll(h, start, Wx, Wh, b)", "h = unroll(h, 0.7 * start, Wx, Wh, b)"),
    ),
    "right-without-b": (FIRST, "rnn_cell", (CELL, "return np.tanh(x @ Wx + prev_h @ Wh + 1.3 * b)")),
    "another-shape": (SECOND, "rnn_forward", ("    return h, cache", "    return h[None, :, None], cache")),
    "exchanged": (
        SECOND,
        "truncated_bptt",
        ("    return h, dx, dh0, dWx, dWh, db", "    return dx, h, dh0, dWx, dWh, db"),
    ),
    "of-another-input": (
        SECOND,
        "temporal_affine_backward",
        ("    return dx, dw, db", "    return dw, dw, db"),
    ),
    "overwritten": (
        SECOND,
        "temporal_affine_backward",
        ('dw = np.einsum("ntd,ntm->dm", x, dout)', "m = x.shape[1] // 2\n    dw = x[:, m].T @ dout[:, m]"),
    ),
    "step-missing": (
        SECOND,
        "rnn_backward",
        ("        db += db_t\n    return dx, dprev_h", "        db += db_t * (t != T // 2)\n    return dx, dprev_h"),
    ),
    "kept-array-overwritten": (
        SECOND,
        "rnn_backward",
        ("    prev_h = h0\n    for t in range(T):", "    prev_h = h0.copy()\n    for t in range(T):"),
        (
            "        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)\n        h[:, t] = prev_h\n",
            "        h[:, t], step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)\n        prev_h[:] = h[:, t]\n",
        ),
    ),
    "changed-in-place": (
        SECOND,
        "rnn_step_backward",
        ("    return next_h, cache", "    prev_h **= 2\n    return next_h, cache"),
    ),
    "overflow": (
        SECOND,
        "temporal_softmax_loss",
        ("x - x.max(axis=2, keepdims=True)", "x - x.min(axis=2, keepdims=True)"),
    ),
    "zero-division": (
        SECOND,
        "clip_grad_norm",
        (
            "factor = max_norm / norm if norm > max_norm else 1.0",
            "factor = np.minimum(max_norm, norm) / np.float64(norm)",
        ),
    ),
    "length-one": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    assert N > 1, 'a batch'\n    return")),
    ),
    "single-precision": (
        SECOND,
        "numerical_gradient",
        ("    grad = np.zeros_like(x, dtype=np.float64)", "    x = x.astype(np.float32)\n    grad = np.zeros_like(x)"),
    ),
    "never-assigned": (SECOND, "temporal_affine_backward", (DX, "dx = np.zeros((*dout.shape[:2], len(w)))")),
    "offset": (FIRST, "readout", ("return h @ Why + by", "return h @ Why + by + 0.25")),
}


@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_a_deviation_is_named(kind: str) -> None:
    """A wrong module of this kind, which no list of mistakes has, is told so, with a ladder of three hints."""
    unit, exercise, *changes = SUBMISSIONS[kind]
    found = judged(unit, exercise, *changes)
    assert found.points < found.max_points
    assert kinds(found) == {GENERAL + kind}, (found.mistake, found.mistake_title, found.message)
    assert len(found.hints) == 3
