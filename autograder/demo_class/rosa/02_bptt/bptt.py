"""Rosa: right, but the trial run at the bottom prints ten megabytes whenever the file is imported."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        x_i = x[i]
        x[i] = x_i + h
        after = np.array(f(x))
        x[i] = x_i - h
        before = np.array(f(x))
        x[i] = x_i
        change = (after - before) / (2 * h)
        grad[i] = np.sum(change) if df is None else np.sum(df * change)
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, b, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, np.sum(da, axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1] + 1, h0.shape[1]))
    h[:, 0] = h0
    caches = []
    for t in range(x.shape[1]):
        h[:, t + 1], cache = rnn_step_forward(x[:, t], h[:, t], Wx, Wh, b)
        caches.append(cache)
    return h[:, 1:], caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh, b, _ = cache[0]
    dx, dWx, dWh, db = np.zeros((N, T, x.shape[1])), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev_h = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        step = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx[:, t], dprev_h = step[:2]
        for total, new in zip((dWx, dWh, db), step[2:]):
            total += new
    return dx, dprev_h, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    return x @ w + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dw = np.zeros_like(w)
    for n in range(len(x)):
        dw += x[n].T @ dout[n]
    return dout @ w.T, dw, dout.sum(axis=(0, 1))


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    exps = np.exp(x - x.max(axis=2, keepdims=True))
    p = exps / exps.sum(axis=2, keepdims=True)
    target = np.eye(V)[y]
    loss = -np.sum(np.log((p * target).sum(axis=2)) * mask) / N
    return loss, mask[:, :, None] * (p - target) / N


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum(np.linalg.norm(g) ** 2 for g in grads.values()))
    if norm > max_norm:
        grads = {name: g * (max_norm / norm) for name, g in grads.items()}
    return grads, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    T = x.shape[1]
    if T <= chunk:
        h, cache = rnn_forward(x, h0, Wx, Wh, b)
        return (h, *rnn_backward(dh, cache))
    h, dx, dh0, *weights = truncated_bptt(x[:, :chunk], h0, Wx, Wh, b, dh[:, :chunk], chunk)
    rest = truncated_bptt(x[:, chunk:], h[:, -1], Wx, Wh, b, dh[:, chunk:], chunk)
    h, dx = np.concatenate([h, rest[0]], axis=1), np.concatenate([dx, rest[1]], axis=1)
    return (h, dx, dh0, *(a + c for a, c in zip(weights, rest[3:])))


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    for n in range(N):
        J = np.eye(H)
        for t in range(T - 2, -1, -1):
            J = (Wh * (1 - h[n, t + 1] ** 2)) @ J
            norms[n, t] = np.linalg.norm(J, 2)
    return norms


weights = {"Wx": np.full((3, 4), 0.1), "Wh": np.eye(4), "b": np.zeros(4)}
for epoch in range(125_000):
    print("epoch", epoch, "learning rate 0.001 weights Wx Wh b untouched so far, loss not computed")
