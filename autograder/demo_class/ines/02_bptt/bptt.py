"""Ines: keeps the dimension that db has to lose."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = h
        slope = (np.array(f(x + e)) - np.array(f(x - e))) / (2.0 * h)
        grad[i] = np.sum(slope) if df is None else np.sum(df * slope)
    return grad


def relative_error(a, b):
    diff = np.abs(a - b)
    size = np.maximum(1e-8, np.abs(a) + np.abs(b))
    return np.max(diff / size)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1.0 - np.square(next_h))
    db = np.sum(da, axis=0, keepdims=True)
    return da.dot(Wx.T), da.dot(Wh.T), x.T.dot(da), prev_h.T.dot(da), db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    for x_t in x.swapaxes(0, 1):
        h0, step = rnn_step_forward(x_t, h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step)
    return np.array(h).swapaxes(0, 1), cache


def rnn_backward(dh, cache):
    T = dh.shape[1]
    dx = []
    dprev = dWx = dWh = db = 0.0
    for t in range(T):
        back = rnn_step_backward(dh[:, T - 1 - t] + dprev, cache[T - 1 - t])
        dx.append(back[0])
        dprev = back[1]
        dWx = dWx + back[2]
        dWh = dWh + back[3]
        db = db + back[4]
    dx.reverse()
    return np.array(dx).swapaxes(0, 1), dprev, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    return x.dot(w) + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    flat_x, flat_d = x.reshape(-1, x.shape[2]), dout.reshape(-1, dout.shape[2])
    return dout.dot(w.T), flat_x.T.dot(flat_d), flat_d.sum(axis=0)


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    e = np.exp(x - x.max(axis=2, keepdims=True))
    p = e / e.sum(axis=2, keepdims=True)
    one_hot = np.zeros((N, T, V))
    np.put_along_axis(one_hot, y[:, :, None], 1.0, axis=2)
    loss = -np.sum(mask * np.log(np.sum(one_hot * p, axis=2))) / N
    return loss, (p - one_hot) * mask[:, :, None] / N


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(np.sum([np.sum(g * g) for g in grads.values()]))
    if norm > max_norm:
        return {k: g * (max_norm / norm) for k, g in grads.items()}, norm
    return grads, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h, dx, starts = [], [], []
    dWx = dWh = db = 0.0
    for s in range(0, x.shape[1], chunk):
        h_s, cache = rnn_forward(x[:, s : s + chunk], h0, Wx, Wh, b)
        back = rnn_backward(dh[:, s : s + chunk], cache)
        h.append(h_s)
        dx.append(back[0])
        starts.append(back[1])
        dWx, dWh, db = dWx + back[2], dWh + back[3], db + back[4]
        h0 = h_s[:, -1]
    return np.concatenate(h, 1), np.concatenate(dx, 1), starts[0], dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.zeros((N, T))
    for n in range(N):
        J = np.identity(H)
        norms[n, -1] = 1.0
        for t in range(T - 1, 0, -1):
            J = (Wh * (1 - h[n, t] ** 2)).dot(J)
            norms[n, t - 1] = np.linalg.norm(J, ord=2)
    return norms
