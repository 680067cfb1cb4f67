"""Ada: unit 2."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        original = x[i]
        x[i] = original + h
        plus = np.array(f(x))
        x[i] = original - h
        minus = np.array(f(x))
        x[i] = original
        upstream = 1.0 if df is None else df
        grad[i] = np.sum(upstream * (plus - minus)) / (2 * h)
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = (1 - next_h**2) * dnext_h
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    states, caches = [], []
    h = h0
    for t in range(x.shape[1]):
        h, cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        states.append(h)
        caches.append(cache)
    return np.stack(states, axis=1), caches


def rnn_backward(dh, cache):
    T = dh.shape[1]
    dx = [None] * T
    dprev_h = dWx = dWh = db = 0
    for t in range(T - 1, -1, -1):
        dx[t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    return x @ w + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, np.tensordot(x, dout, axes=([0, 1], [0, 1])), dout.sum(axis=(0, 1))


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    shifted = x - x.max(axis=-1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)
    right = np.eye(V)[y]
    loss = -np.sum(mask * np.log(np.sum(p * right, axis=-1))) / N
    return loss, (p - right) * mask[..., None] / N


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
    scale = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return {name: scale * g for name, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    hs, dxs, dh0 = [], [], None
    dWx = dWh = db = 0
    h = h0
    for start in range(0, x.shape[1], chunk):
        h_chunk, cache = rnn_forward(x[:, start : start + chunk], h, Wx, Wh, b)
        dx, dstart, dWx_c, dWh_c, db_c = rnn_backward(dh[:, start : start + chunk], cache)
        h = h_chunk[:, -1]
        hs.append(h_chunk)
        dxs.append(dx)
        dh0 = dstart if dh0 is None else dh0
        dWx, dWh, db = dWx + dWx_c, dWh + dWh_c, db + db_c
    return np.concatenate(hs, axis=1), np.concatenate(dxs, axis=1), dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    for n in range(N):
        J = np.eye(H)
        for t in range(T - 2, -1, -1):
            J = (Wh * (1 - h[n, t + 1] ** 2)) @ J
            norms[n, t] = np.linalg.norm(J, 2)
    return norms
