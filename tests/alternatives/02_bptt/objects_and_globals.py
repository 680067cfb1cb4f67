"""Correct, with caches that are objects, state in globals, decorators, keyword calls and type hints."""

from __future__ import annotations

import functools
import logging
import warnings
from collections import deque, namedtuple
from dataclasses import dataclass
from typing import Callable  # noqa: UP035 - what many have learnt

import numpy as np

log = logging.getLogger(__name__)
CALLS = {"forward": 0}
LAST = {}

Gradients = namedtuple("Gradients", "dx dprev_h dWx dWh db")


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        CALLS["forward"] += 1
        return function(*args, **kwargs)

    return wrapper


@dataclass
class StepCache:
    inputs: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]
    slope: np.ndarray


class Tape:
    """A stack of steps."""

    def __init__(self) -> None:
        self.steps: deque[StepCache] = deque()

    def __iter__(self):
        while self.steps:
            yield len(self.steps) - 1, self.steps.pop()


def numerical_gradient(f: Callable, x: np.ndarray, df: np.ndarray | None = None, h: float = 1e-5) -> np.ndarray:
    scalar = (lambda z: float(np.sum(df * f(z)))) if df is not None else (lambda z: float(f(z)))

    def slope(i: int) -> float:
        points = []
        for sign in (+1, -1):
            z = x.copy()
            z.flat[i] += sign * h
            points.append(scalar(z))
        return (points[0] - points[1]) / (2.0 * h)

    return np.fromiter((slope(i) for i in range(x.size)), float).reshape(x.shape)


relative_error = lambda a, b: np.nanmax(np.abs(a - b) / np.clip(np.abs(a) + np.abs(b), 1e-8, None))  # noqa: E731


@counted
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    assert x.ndim == 2 and prev_h.shape[1] == Wh.shape[0], "wrong shapes"
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b.reshape(1, -1))
    return next_h, StepCache((x, prev_h), (Wx, Wh), 1 - np.square(next_h))


def rnn_step_backward(dnext_h, cache):
    delta = np.multiply(dnext_h, cache.slope)
    dx, dprev_h = (delta.dot(W.transpose()) for W in cache.weights)
    dWx, dWh = ((delta.T @ z).T for z in cache.inputs)
    return Gradients(dx=dx, dprev_h=dprev_h, dWx=dWx, dWh=dWh, db=np.ones(len(delta)) @ delta)


def rnn_forward(x, h0, Wx, Wh, b):
    tape = Tape()
    outputs = np.zeros((x.shape[1],) + h0.shape)  # time first inside
    state = h0
    for t, x_t in enumerate(np.moveaxis(x, 1, 0)):
        state, cache = rnn_step_forward(b=b, Wh=Wh, Wx=Wx, prev_h=state, x=x_t)
        tape.steps.append(cache)
        outputs[t] = state
        log.info("step %d", t)
    LAST["shape"] = x.shape
    return outputs.transpose(1, 0, 2), tape  # not contiguous


def rnn_backward(dh, cache):
    warnings.warn("this is slow", stacklevel=2)
    dx = np.full(LAST["shape"], np.nan)
    carry = np.zeros_like(dh[:, 0])
    sums = {}
    for t, step in cache:
        gradients = rnn_step_backward(dnext_h=dh[:, t] + carry, cache=step)
        carry = gradients.dprev_h
        dx[:, t] = gradients.dx
        for name in ("dWx", "dWh", "db"):
            sums[name] = sums.get(name, 0) + getattr(gradients, name)
    return dx, carry, sums["dWx"], sums["dWh"], sums["db"]


class Affine:
    def __init__(self, x, w):
        self.x, self.w = x, w

    def back(self, dout):
        N, T, D = self.x.shape
        dw = sum(np.outer(self.x[n, t], dout[n, t]) for n in range(N) for t in range(T))
        return np.einsum("ntm,dm->ntd", dout, self.w), dw, np.einsum("ntm->m", dout)


def temporal_affine_forward(x, w, b):
    return np.einsum("ntd,dm->ntm", x, w) + b[None, None, :], Affine(x, w)


def temporal_affine_backward(dout, cache):
    return cache.back(dout)


def temporal_softmax_loss(x, y, mask, *, reduction="sum over time, mean over sequences"):
    def log_softmax(scores):
        return scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)

    N = x.shape[0]
    log_p = log_softmax(x)
    one_hot = (y[:, :, None] == np.arange(x.shape[2])).astype(float)
    weights = np.asarray(mask, dtype=float)[:, :, np.newaxis] / N
    return -(weights * one_hot * log_p).sum(), weights * (np.exp(log_p) - one_hot)


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(np.sum([np.linalg.norm(g) ** 2 for g in grads.values()]))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(norm > max_norm, max_norm / norm, 1)
    return dict(zip(grads, (factor * g for g in grads.values()), strict=True)), np.array(norm)


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    T = x.shape[1]

    def recurse(start, state):
        """h, dx, dstate, and the gradients of the weights, of everything from `start` on."""
        stop = min(start + chunk, T)
        h, cache = rnn_forward(x=x[:, start:stop], h0=state, Wx=Wx, Wh=Wh, b=b)
        dx, dstate, *dW = rnn_backward(dh=dh[:, start:stop], cache=cache)
        if stop == T:
            return h, dx, dstate, *dW
        h_rest, dx_rest, _, *dW_rest = recurse(stop, h[:, -1])
        return np.hstack([h, h_rest]), np.hstack([dx, dx_rest]), dstate, *map(np.add, dW, dW_rest)

    return recurse(0, h0)


def gradient_norms(h, Wh):
    def one(states):
        jacobian = np.eye(len(Wh))
        yield 1.0
        for state in states[:0:-1]:
            jacobian = jacobian @ ((1 - state**2)[:, None] * Wh.T)
            yield np.sqrt(np.linalg.eigvalsh(jacobian @ jacobian.T)[-1])

    return np.array([list(one(states))[::-1] for states in h])


if __name__ == "__main__":
    raise SystemExit("this part runs only as a script")
