"""Fatou: prints the size of every gradient and asserts that it fits."""

import sys

import numpy as np


def same_shape(name, gradient, value):
    print(f"d{name}: {gradient.shape}, largest entry {np.abs(gradient).max():.3g}")
    assert gradient.shape == value.shape, f"d{name} is {gradient.shape}, {name} is {value.shape}"
    return gradient


def numerical_gradient(f, x, df=None, h=1e-5):
    before = x.copy()
    grad = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        x[i] = before[i] + h
        fp = np.array(f(x))
        x[i] = before[i] - h
        fm = np.array(f(x))
        x[i] = before[i]
        if df is None:
            grad[i] = (fp - fm) / (2 * h)
        else:
            assert np.shape(df) == np.shape(fp)
            grad[i] = np.sum((fp - fm) * df) / (2 * h)
    assert (x == before).all()
    return same_shape("x", grad, x)


def relative_error(a, b):
    assert a.shape == b.shape
    error = np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))
    print("relative error", error, file=sys.stderr)
    return error


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    assert x.shape[0] == prev_h.shape[0]
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    assert np.isfinite(next_h).all()
    return next_h, (x, prev_h, Wx, Wh, b, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    assert dnext_h.shape == next_h.shape
    da = dnext_h * (1 - next_h**2)
    dx = same_shape("x", np.dot(da, Wx.T), x)
    dprev_h = same_shape("prev_h", np.dot(da, Wh.T), prev_h)
    dWx = same_shape("Wx", np.dot(x.T, da), Wx)
    dWh = same_shape("Wh", np.dot(prev_h.T, da), Wh)
    db = same_shape("b", np.sum(da, axis=0), b)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, b.shape[0]))
    cache = []
    for t in range(T):
        print("forward step", t)
        h[:, t], step = rnn_step_forward(x[:, t], h0 if t == 0 else h[:, t - 1], Wx, Wh, b)
        cache.append(step)
    assert len(cache) == T
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    assert T == len(cache)
    x, _, Wx, Wh, b, _ = cache[0]
    dx = np.zeros((N, T, x.shape[1]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dcarry = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        print("backward step", t)
        dx_t, dcarry, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dcarry, cache[t])
        dx[:, t] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dcarry, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    assert x.ndim == 3 and w.ndim == 2 and b.ndim == 1
    out = np.matmul(x, w) + b
    return out, (x, w, b)


def temporal_affine_backward(dout, cache):
    x, w, b = cache
    dx = same_shape("x", np.matmul(dout, w.T), x)
    dw = same_shape("w", np.einsum("ntd,ntm->dm", x, dout), w)
    db = same_shape("b", dout.sum(axis=1).sum(axis=0), b)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    assert y.max() < V and y.min() >= 0
    p = np.exp(x - np.max(x, axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    assert np.allclose(p.sum(axis=2), 1)
    n, t = np.indices((N, T))
    loss = -np.sum(np.log(p[n, t, y]) * mask) / N
    dx = p.copy()
    dx[n, t, y] -= 1
    dx = dx * mask[:, :, np.newaxis] / N
    print("loss", loss, "unmasked", mask.sum(), "of", mask.size)
    return loss, same_shape("x", dx, x)


def clip_grad_norm(grads, max_norm):
    assert max_norm > 0
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    print("gradient norm", norm)
    if norm > max_norm:
        clipped = {k: g / norm * max_norm for k, g in grads.items()}
    else:
        clipped = {k: g.copy() for k, g in grads.items()}
    assert np.sqrt(sum((g**2).sum() for g in clipped.values())) <= max_norm * (1 + 1e-9)
    return clipped, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    assert chunk >= 1
    N, T, D = x.shape
    h, dx = np.zeros(dh.shape), np.zeros(x.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)
    state = h0
    for begin in range(0, T, chunk):
        end = min(begin + chunk, T)
        print(f"steps {begin} to {end - 1}")
        h[:, begin:end], cache = rnn_forward(x[:, begin:end], state, Wx, Wh, b)
        dx[:, begin:end], dstate, dWx_, dWh_, db_ = rnn_backward(dh[:, begin:end], cache)
        dWx, dWh, db = dWx + dWx_, dWh + dWh_, db + db_
        if begin == 0:
            dh0 = same_shape("h0", dstate, h0)
        state = h[:, end - 1]
    return h, dx, dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    for n in range(N):
        J = np.eye(H)
        for t in range(T - 2, -1, -1):
            J = J @ (np.diag(1 - h[n, t + 1] ** 2) @ Wh.T)
            norms[n, t] = np.linalg.norm(J, ord=2)
    print(norms)
    assert (norms >= 0).all()
    return norms
