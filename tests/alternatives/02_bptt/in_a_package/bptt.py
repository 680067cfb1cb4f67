"""Correct, split over a package with relative imports and star imports."""

try:
    from past.builtins import xrange
except ImportError:
    xrange = range

from .gradients import *  # noqa: F403
from .layers import clip_grad_norm, temporal_affine_backward, temporal_affine_forward, temporal_softmax_loss  # noqa: F401
from .layers.step import rnn_step_backward, rnn_step_forward

np = numpy  # noqa: F405 - through the star


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    _, H = h0.shape
    h = np.zeros((T, N, H))
    x = np.transpose(x, (1, 0, 2))
    cache = [None] * T
    prev_h = h0
    for t in xrange(T):
        h[t], cache[t] = rnn_step_forward(x[t], prev_h, Wx, Wh, b)
        prev_h = h[t]
    return np.transpose(h, (1, 0, 2)), cache


def rnn_backward(dh, cache):
    dh = np.transpose(dh, (1, 0, 2))
    T = len(cache)
    grads = {}
    dx, dprev_h = [], None
    for t in xrange(T - 1, -1, -1):
        incoming = dh[t] if t == T - 1 else dh[t] + dprev_h
        dx_t, dprev_h, *rest = rnn_step_backward(incoming, cache[t])
        dx = [dx_t] + dx
        for name, g in zip(("Wx", "Wh", "b"), rest, strict=True):
            grads[name] = grads.setdefault(name, 0) + g
    return np.transpose(np.array(dx), (1, 0, 2)), dprev_h, grads["Wx"], grads["Wh"], grads["b"]


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    T = x.shape[1]
    h, dx = np.empty(dh.shape), np.empty(x.shape)
    sums = [np.zeros(W.shape) for W in (Wx, Wh, b)]
    start_of = {0: h0}
    for t in xrange(0, T, chunk):
        span = np.arange(t, min(t + chunk, T))
        h[:, span], cache = rnn_forward(x[:, span], start_of[t], Wx, Wh, b)
        start_of[t + chunk] = h[:, span[-1]]
        dx[:, span], back, *rest = rnn_backward(dh[:, span], cache)
        if not t:
            dh0 = back
        for total, g in zip(sums, rest, strict=True):
            total += g
    return (h, dx, dh0, *sums)
