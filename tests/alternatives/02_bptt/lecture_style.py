"""Correct, in the style of an assignment filled in: long names, None first, reshape, `builtins.range`, prints."""

from __future__ import division, print_function

from builtins import range

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    """Goes through x with an iterator; works on x itself and puts every entry back."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        pos = f(x)
        x[ix] = oldval - h
        neg = f(x)
        x[ix] = oldval
        if df is None:
            grad[ix] = (pos - neg) / (2 * h)
        else:
            grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / (np.maximum(1e-8, np.abs(a) + np.abs(b))))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    h_raw = np.dot(prev_h, Wh) + np.dot(x, Wx) + b
    next_h = np.tanh(h_raw)
    cache = (x, prev_h, Wx, Wh, b, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    x, prev_h, Wx, Wh, b, next_h = cache
    dh_raw = (1 - next_h * next_h) * dnext_h
    db = np.sum(dh_raw, axis=0)
    dWh = np.dot(prev_h.T, dh_raw)
    dprev_h = np.dot(dh_raw, Wh.T)
    dWx = np.dot(x.T, dh_raw)
    dx = np.dot(dh_raw, Wx.T)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    N, T, D = x.shape
    N, H = h0.shape
    h = np.zeros((N, T, H))
    cache = []
    for t in range(T):
        if t == 0:
            h[:, t, :], cache_t = rnn_step_forward(x[:, t, :], h0, Wx, Wh, b)
        else:
            h[:, t, :], cache_t = rnn_step_forward(x[:, t, :], h[:, t - 1, :], Wx, Wh, b)
        cache.append(cache_t)
    print("forward through", T, "steps, h:", h.shape)
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    N, T, H = dh.shape
    dx_t, dprev_h, dWx, dWh, db = rnn_step_backward(dh[:, T - 1, :], cache[T - 1])
    D = dx_t.shape[1]
    dx = np.zeros((N, T, D))
    dx[:, T - 1, :] = dx_t
    for t in reversed(range(T - 1)):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    cache = x, w, b, out
    return out, cache


def temporal_affine_backward(dout, cache):
    x, w, b, out = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T
    db = dout.sum(axis=(0, 1))
    return dx, dw, db


def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N
    dx_flat = probs.copy()
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]
    if verbose:
        print("dx_flat: ", dx_flat.shape)
    dx = dx_flat.reshape(N, T, V)
    return loss, dx


def clip_grad_norm(grads, max_norm):
    total = 0
    for p in grads:
        total += np.sum(np.square(grads[p]))
    total = np.sqrt(total)
    clipped = {}
    for p in grads:
        if total > max_norm:
            clipped[p] = grads[p] * (max_norm / total)
        else:
            clipped[p] = grads[p]
    return clipped, total


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    n_chunks = int(np.ceil(T / chunk))
    prev = h0
    for c in range(n_chunks):
        lo = c * chunk
        hi = min(T, lo + chunk)
        h_c, cache = rnn_forward(x[:, lo:hi, :], prev, Wx, Wh, b)
        dx_c, dprev, dWx_c, dWh_c, db_c = rnn_backward(dh[:, lo:hi, :], cache)
        h[:, lo:hi, :] = h_c
        dx[:, lo:hi, :] = dx_c
        if c == 0:
            dh0 = dprev
        dWx += dWx_c
        dWh += dWh_c
        db += db_c
        prev = h_c[:, -1, :]
    return h, dx, dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.zeros((N, T))
    for n in range(N):
        J = np.eye(H)
        norms[n, T - 1] = 1
        for t in range(T - 2, -1, -1):
            J = J.dot(np.diag(1 - h[n, t + 1] ** 2)).dot(Wh.T)
            norms[n, t] = np.linalg.svd(J)[1].max()
    return norms
