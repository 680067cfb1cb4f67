"""Quinn: forgot that there is a tanh between the gradient and the weights; has one gradient by differences."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    g = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        keep = x[k]
        x[k] = keep + h
        right = np.array(f(x))
        x[k] = keep - h
        left = np.array(f(x))
        x[k] = keep
        if df is None:
            g[k] = (right - left) / (2 * h)
        else:
            g[k] = np.vdot(df, right - left) / (2 * h)
    return g


def relative_error(a, b):
    worst = 0.0
    for p, q in zip(a.flat, b.flat):
        worst = max(worst, abs(p - q) / max(1e-8, abs(p) + abs(q)))
    return worst


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh = cache
    dx = dnext_h @ Wx.T
    dprev_h = dnext_h @ Wh.T
    dWx = x.T @ dnext_h
    dWh = prev_h.T @ dnext_h
    db = dnext_h.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    cache = []
    for t in range(x.shape[1]):
        h0, c = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
        cache += [c]
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    grads = []
    flowing = np.zeros((N, H))
    for t in reversed(range(T)):
        step = rnn_step_backward(dh[:, t] + flowing, cache[t])
        flowing = step[1]
        grads.append(step)
    dx = np.stack([g[0] for g in grads[::-1]], axis=1)
    return dx, flowing, sum(g[2] for g in grads), sum(g[3] for g in grads), sum(g[4] for g in grads)


def temporal_affine_forward(x, w, b):
    return np.tensordot(x, w, axes=1) + b, (x, w, b)


def temporal_affine_backward(dout, cache):
    x, w, b = cache
    dx = numerical_gradient(lambda z: temporal_affine_forward(z, w, b)[0], x, dout)
    dw = numerical_gradient(lambda z: temporal_affine_forward(x, z, b)[0], w, dout)
    db = numerical_gradient(lambda z: temporal_affine_forward(x, w, z)[0], b, dout)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    m = x.max(axis=2, keepdims=True)
    log_p = x - m - np.log(np.exp(x - m).sum(axis=2, keepdims=True))
    loss, dx = 0.0, np.exp(log_p)
    for n, t in np.ndindex(N, T):
        loss -= mask[n, t] * log_p[n, t, y[n, t]]
        dx[n, t, y[n, t]] -= 1
        dx[n, t] *= mask[n, t]
    return loss / N, dx / N


def clip_grad_norm(grads, max_norm):
    norm = sum((g**2).sum() for g in grads.values()) ** 0.5
    if norm > max_norm:
        return {k: g / (norm / max_norm) for k, g in grads.items()}, norm
    return {k: g for k, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h, dx = np.zeros(dh.shape), np.zeros(x.shape)
    first, weights = None, [np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)]
    t = 0
    while t < x.shape[1]:
        h[:, t : t + chunk], cache = rnn_forward(x[:, t : t + chunk], h0, Wx, Wh, b)
        dx[:, t : t + chunk], dstate, *new = rnn_backward(dh[:, t : t + chunk], cache)
        first = dstate if first is None else first
        for w, n in zip(weights, new):
            w += n
        h0 = h[:, t : t + chunk][:, -1]
        t += chunk
    return h, dx, first, *weights


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    for n in range(N):
        J = np.eye(H)
        for t in range(T - 2, -1, -1):
            J = Wh @ (np.diag(1 - h[n, t + 1] ** 2) @ J)
            norms[n, t] = np.linalg.svd(J, compute_uv=False)[0]
    return norms
