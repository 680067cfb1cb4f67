"""Unit 2's gradients and loss by their formulas, for :mod:`autograder.upstream`.

What later units take from unit 2 is asked for with inputs of any width, hundreds of times while a class is graded.
The checks' own oracles differentiate by complex steps, which is right and obvious, and takes the square of that time.
tests/test_upstream_grading.py holds the two against each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.gradcheck import Array


def step_gradients(dnext_h: Any, x: Array, prev_h: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, ...]:
    """dx, dprev_h, dWx, dWh, db of one step: from the pre-activation, as the step's formula has it."""
    slope = 1.0 - np.tanh(x @ Wx + prev_h @ Wh + b) ** 2
    da = np.asarray(dnext_h) * slope
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def sequence_gradients(dh: Any, x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, ...]:
    """dx, dh0, dWx, dWh, db of the unrolled network: the recursion over pre-activations, the sums at its end."""
    N, T, _ = x.shape
    states = [h0]
    for t in range(T):
        states.append(np.tanh(x[:, t] @ Wx + states[-1] @ Wh + b))
    h = np.stack(states, axis=1)  # (N, T + 1, H)
    da, carried = np.zeros((N, T, len(Wh))), np.zeros((N, len(Wh)))
    for t in range(T - 1, -1, -1):
        da[:, t] = (np.asarray(dh)[:, t] + carried) * (1.0 - h[:, t + 1] ** 2)
        carried = da[:, t] @ Wh.T
    dWx, dWh = np.tensordot(x, da, ([0, 1], [0, 1])), np.tensordot(h[:, :-1], da, ([0, 1], [0, 1]))
    return da @ Wx.T, carried, dWx, dWh, da.sum(axis=(0, 1))


def affine_gradients(dout: Any, x: Array, w: Array, b: Array) -> tuple[Array, ...]:
    """dx, dw, db of the same affine map at every step."""
    dout = np.asarray(dout)
    return dout @ w.T, np.tensordot(x, dout, ([0, 1], [0, 1])), dout.sum(axis=(0, 1))


def softmax_loss(x: Any, y: Any, mask: Any = None) -> tuple[float, Array]:
    """Masked cross-entropy over N, and its gradient."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y)
    counts = np.ones(y.shape, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    places = np.where(counts, y, 0)[..., None]  # what is masked may be any number
    shifted = x - x.max(axis=-1, keepdims=True)
    weights = np.exp(shifted)
    totals = weights.sum(axis=-1, keepdims=True)
    losses = np.log(totals) - np.take_along_axis(shifted, places, axis=-1)
    dx = weights / totals
    np.put_along_axis(dx, places, np.take_along_axis(dx, places, axis=-1) - 1.0, axis=-1)
    return float(losses[counts].sum() / len(x)), np.where(counts[..., None], dx, 0.0) / len(x)
