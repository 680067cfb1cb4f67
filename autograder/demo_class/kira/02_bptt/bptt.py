"""Kira: took the slope of tanh at the wrong place."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        saved = x[idx]
        x[idx] = saved + h
        pos = np.array(f(x))
        x[idx] = saved - h
        neg = np.array(f(x))
        x[idx] = saved
        diff = (pos - neg) / (2 * h)
        grad[idx] = diff if df is None else np.sum(diff * df)
    return grad


def relative_error(a, b):
    return (abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8)).max()


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    s = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b
    cache = (x, prev_h, Wx, Wh, s)
    return np.tanh(s), cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, s = cache
    ds = dnext_h * (1 - np.tanh(dnext_h) ** 2)
    dx = np.matmul(ds, Wx.T)
    dprev_h = np.matmul(ds, Wh.T)
    dWx = np.matmul(x.T, ds)
    dWh = np.matmul(prev_h.T, ds)
    return dx, dprev_h, dWx, dWh, ds.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], len(b)))
    caches = {}
    for t in range(x.shape[1]):
        h0, caches[t] = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
    return h, caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx_steps = []
    dprev = np.zeros((N, H))
    dWx = dWh = db = 0
    for t in sorted(cache, reverse=True):
        dx_t, dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dx_steps.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dx_steps[::-1], axis=1), dprev, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    return np.matmul(x, w) + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dw = np.zeros(w.shape)
    for t in range(x.shape[1]):
        dw += np.matmul(x[:, t].T, dout[:, t])
    return np.matmul(dout, w.T), dw, dout.sum(axis=(0, 1))


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    flat, target, on = x.reshape(-1, V), y.reshape(-1), mask.reshape(-1)
    p = np.exp(flat - flat.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    i = np.arange(N * T)
    loss = -np.sum(on * np.log(p[i, target])) / N
    p[i, target] -= 1
    return loss, (p * on[:, None] / N).reshape(N, T, V)


def clip_grad_norm(grads, max_norm):
    total = 0
    for g in grads.values():
        total += np.sum(g**2)
    norm = np.sqrt(total)
    if norm <= max_norm:
        return dict(grads), norm
    return {k: v * (max_norm / norm) for k, v in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    T = x.shape[1]
    h, dx = np.zeros(dh.shape), np.zeros(x.shape)
    grads = [0, 0, 0]
    dh0 = None
    for a in range(0, T, chunk):
        z = min(a + chunk, T)
        h[:, a:z], cache = rnn_forward(x[:, a:z], h0, Wx, Wh, b)
        dx[:, a:z], d0, *g = rnn_backward(dh[:, a:z], cache)
        if a == 0:
            dh0 = d0
        grads = [old + new for old, new in zip(grads, g)]
        h0 = h[:, z - 1]
    return h, dx, dh0, *grads


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    J = np.stack([np.eye(H)] * N)
    for t in range(T - 1, 0, -1):
        J = np.matmul(Wh, (1 - h[:, t] ** 2)[:, :, None] * J)
        norms[:, t - 1] = np.linalg.norm(J, 2, axis=(1, 2))
    return norms
