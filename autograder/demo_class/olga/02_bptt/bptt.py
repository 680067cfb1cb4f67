"""Olga: starts from zeros whatever h0 is, and keeps only the last weight gradient."""

import numpy as np
from numpy import tanh


def numerical_gradient(f, x, df=None, h=1e-5):
    def at(i, change):
        moved = np.array(x, dtype=float)
        moved[i] += change
        return np.array(f(moved))

    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        slope = (at(i, h) - at(i, -h)) / (2 * h)
        grad[i] = slope if df is None else (slope * df).sum()
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, [x, prev_h, Wx, Wh, next_h]


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dsum = dnext_h * (1 - next_h**2)
    return dsum @ Wx.T, dsum @ Wh.T, x.T @ dsum, prev_h.T @ dsum, np.sum(dsum, axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, T, H))
    cache = []
    prev_h = np.zeros((N, H))
    for t in range(T):
        prev_h, step = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dprev_h = np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev_h, dWx, dWh, db = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
    return dx, dprev_h, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def temporal_affine_backward(dout, cache):
    x, w, b = cache
    dx = dout @ w.T
    dw = np.einsum("ntd,ntm->dm", x, dout)
    db = dout.reshape(-1, len(b)).sum(axis=0)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    scores = np.exp(x - x.max(axis=2, keepdims=True))
    p = scores / scores.sum(axis=2, keepdims=True)
    grid = np.meshgrid(range(N), range(T), indexing="ij")
    loss = -(mask * np.log(p[grid[0], grid[1], y])).sum() / N
    p[grid[0], grid[1], y] -= 1.0
    return loss, p * mask[:, :, None] / N


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum(float(np.sum(g**2)) for g in grads.values()))
    if norm > max_norm:
        grads = {k: g * (max_norm / norm) for k, g in grads.items()}
    return grads, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    T = x.shape[1]
    h, dx = np.zeros(dh.shape), np.zeros(x.shape)
    dWx, dWh, db, dh0 = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape), None
    for start in range(0, T, chunk):
        stop = min(T, start + chunk)
        h[:, start:stop], cache = rnn_forward(x[:, start:stop], h0 if start == 0 else h[:, start - 1], Wx, Wh, b)
        dx[:, start:stop], dprev_h, dWx_c, dWh_c, db_c = rnn_backward(dh[:, start:stop], cache)
        dh0 = dprev_h if dh0 is None else dh0
        dWx, dWh, db = dWx + dWx_c, dWh + dWh_c, db + db_c
    return h, dx, dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    jacobian = np.array([np.eye(H) for _ in range(N)])
    for t in range(T - 2, -1, -1):
        jacobian = Wh @ ((1 - h[:, t + 1] ** 2)[:, :, None] * jacobian)
        norms[:, t] = [np.linalg.norm(j, 2) for j in jacobian]
    return norms
