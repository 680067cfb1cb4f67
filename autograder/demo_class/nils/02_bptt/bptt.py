"""Nils: every step for itself, on the way there and on the way back."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros(x.shape)
    for ix in np.ndindex(*x.shape):
        old = x[ix]
        x[ix] = old + h
        fx_plus = np.array(f(x))
        x[ix] = old - h
        fx_minus = np.array(f(x))
        x[ix] = old
        if df is None:
            grad[ix] = (fx_plus - fx_minus) / (2 * h)
        else:
            grad[ix] = (df * (fx_plus - fx_minus)).sum() / (2 * h)
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx = np.matmul(da, Wx.T)
    dprev_h = np.matmul(da, Wh.T)
    dWx = np.matmul(x.T, da)
    dWh = np.matmul(prev_h.T, da)
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh, _ = cache[0]
    dx = np.zeros((N, T, x.shape[1]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    for t in reversed(range(T)):
        dx[:, t], dh0, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t], cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    out = np.zeros((N, T, len(b)))
    for t in range(T):
        out[:, t] = np.matmul(x[:, t], w) + b
    return out, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dx = np.zeros_like(x)
    for t in range(x.shape[1]):
        dx[:, t] = np.matmul(dout[:, t], w.T)
        dw = np.matmul(x[:, t].T, dout[:, t])
        db = dout[:, t].sum(axis=0)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    loss, dx = 0.0, np.zeros_like(x)
    for t in range(T):
        e = np.exp(x[:, t] - x[:, t].max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        m = mask[:, t]
        loss += -np.sum(m * np.log(p[np.arange(N), y[:, t]])) / N
        p[np.arange(N), y[:, t]] -= 1
        dx[:, t] = p * m[:, None] / N
    return loss, dx


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
    if norm > max_norm:
        return {name: g * max_norm / norm for name, g in grads.items()}, norm
    return grads, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    N, T, D = x.shape
    h, dx = np.zeros_like(dh), np.zeros_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    state = h0
    for start in range(0, T, chunk):
        end = start + chunk
        h_c, cache = rnn_forward(x[:, start:end], state, Wx, Wh, b)
        dx_c, dstate, dWx_c, dWh_c, db_c = rnn_backward(dh[:, start:end], cache)
        h[:, start:end], dx[:, start:end] = h_c, dx_c
        if start == 0:
            dh0 = dstate
        dWx += dWx_c
        dWh += dWh_c
        db += db_c
        state = h_c[:, -1]
    return h, dx, dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    for n in range(N):
        J = np.eye(H)
        for t in range(T - 1, 0, -1):
            J = np.matmul(np.matmul(Wh, np.diag(1 - h[n, t] ** 2)), J)
            norms[n, t - 1] = np.linalg.norm(J, 2)
    return norms
