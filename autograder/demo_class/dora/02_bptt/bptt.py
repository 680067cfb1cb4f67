"""Dora: the network in float32; only the gradient check itself needs more digits."""

import numpy as np

F = np.float32


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros(x.shape, dtype=np.float64)
    for i in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[i] = h
        slope = (np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * h)
        grad[i] = np.sum(slope if df is None else slope * df)
    return grad.astype(F)


def relative_error(a, b):
    scale = np.maximum(np.abs(a) + np.abs(b), 1e-8)
    return F((np.abs(a - b) / scale).max())


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = (v.astype(F) for v in (x, prev_h, Wx, Wh, b))
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h.astype(F) * (1 - next_h * next_h)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    return dx, dprev_h, x.T @ da, prev_h.T @ da, da.sum(axis=0, dtype=F)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, Wh.shape[0]), dtype=F)
    cache = []
    state = h0.astype(F)
    for t in range(T):
        state, step = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
        cache.append(step)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D), F)
    dWx, dWh, db = np.zeros((D, H), F), np.zeros((H, H), F), np.zeros(H, F)
    carried = np.zeros((N, H), F)
    for t in range(T)[::-1]:
        out = rnn_step_backward(dh[:, t].astype(F) + carried, cache[t])
        dx[:, t], carried = out[0], out[1]
        dWx += out[2]
        dWh += out[3]
        db += out[4]
    return dx, carried, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    x, w = x.astype(F), w.astype(F)
    return x @ w + b.astype(F), (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dout = dout.astype(F)
    dw = (x.transpose(0, 2, 1) @ dout).sum(axis=0)
    return dout @ w.T, dw, dout.sum(axis=(0, 1))


def temporal_softmax_loss(x, y, mask):
    x = x.astype(F)
    N, T, V = x.shape
    z = x - x.max(2)[:, :, None]
    log_p = z - np.log(np.exp(z).sum(2))[:, :, None]
    mask = mask.astype(F)
    loss = -(np.take_along_axis(log_p, y[:, :, None], axis=2)[:, :, 0] * mask).sum() / F(N)
    dx = np.exp(log_p)
    dx -= (np.arange(V) == y[:, :, None]).astype(F)
    return F(loss), dx * mask[:, :, None] / F(N)


def clip_grad_norm(grads, max_norm):
    norm = F(np.sqrt(sum(np.vdot(g.astype(F), g.astype(F)) for g in grads.values())))
    scale = F(min(1.0, max_norm / (norm + 1e-6)))  # as PyTorch does it
    return {k: g.astype(F) * scale for k, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h = np.zeros(dh.shape, F)
    dx = np.zeros(x.shape, F)
    grads = None
    state = h0
    for s in range(0, x.shape[1], chunk):
        e = min(s + chunk, x.shape[1])
        h[:, s:e], cache = rnn_forward(x[:, s:e], state, Wx, Wh, b)
        back = rnn_backward(dh[:, s:e], cache)
        dx[:, s:e] = back[0]
        if grads is None:
            dh0, grads = back[1], list(back[2:])
        else:
            grads = [g + new for g, new in zip(grads, back[2:])]
        state = h[:, e - 1]
    return (h, dx, dh0, *grads)


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T), F)
    J = np.tile(np.eye(H, dtype=F), (N, 1, 1))
    for t in range(T - 1, 0, -1):
        J = Wh.astype(F) @ ((1 - h[:, t].astype(F) ** 2)[:, :, None] * J)
        norms[:, t - 1] = np.linalg.norm(J, 2, axis=(1, 2))
    return norms
