"""Mia: goes through tanh twice on the way back."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros(x.shape)
    flat_x, flat_g = x.reshape(-1), grad.reshape(-1)
    for i in range(x.size):
        v = flat_x[i]
        flat_x[i] = v + h
        a = np.array(f(x))
        flat_x[i] = v - h
        c = np.array(f(x))
        flat_x[i] = v
        flat_g[i] = np.sum((a - c) * (df if df is not None else 1)) / (2 * h)
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, next_h=next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache.values()
    da = dnext_h - dnext_h * next_h**2
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = np.ones((1, len(da))) @ da
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, cache = np.zeros((N, T, len(b))), []
    for t in range(T):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
        cache.append(step)
    return h, (h, cache)


def rnn_backward(dh, cache):
    h, steps = cache
    N, T, H = h.shape
    dx = []
    dWx = dWh = db = 0
    dprev_h = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dnext_h = (dh[:, t] + dprev_h) * (1 - h[:, t] ** 2)  # through tanh
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, steps[t])
        dx = [dx_t] + dx
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
        db = db + db_t
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    return (x.reshape(N * T, D) @ w + b).reshape(N, T, -1), (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    N, T, D = x.shape
    d = dout.reshape(N * T, -1)
    return (d @ w.T).reshape(N, T, D), x.reshape(N * T, D).T @ d, np.ones(N * T) @ d


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    shifted = x - np.max(x, axis=2)[..., None]
    Z = np.sum(np.exp(shifted), axis=2)
    n, t = np.ogrid[:N, :T]
    loss = np.sum((np.log(Z) - shifted[n, t, y]) * mask) / N
    dx = np.exp(shifted) / Z[..., None]
    dx[n, t, y] -= 1
    dx[~mask] = 0
    return loss, dx / N


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum([np.sum(np.square(g)) for g in grads.values()]))
    coefficient = 1 if norm < max_norm else max_norm / norm
    return {k: coefficient * g for k, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    N, T, D = x.shape
    results = []
    for i in range(0, T, chunk):
        h, cache = rnn_forward(x[:, i : i + chunk], h0, Wx, Wh, b)
        results.append([h] + list(rnn_backward(dh[:, i : i + chunk], cache)))
        h0 = h[:, -1]
    h = np.concatenate([r[0] for r in results], axis=1)
    dx = np.concatenate([r[1] for r in results], axis=1)
    return h, dx, results[0][2], sum(r[3] for r in results), sum(r[4] for r in results), sum(r[5] for r in results)


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    for n in range(N):
        J = np.eye(H)
        for t in range(T - 1)[::-1]:
            J = Wh @ np.diag(1 - h[n, t + 1] ** 2) @ J
            norms[n, t] = np.max(np.linalg.svd(J)[1])
    return norms
