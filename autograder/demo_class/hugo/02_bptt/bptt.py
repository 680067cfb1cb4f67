"""Hugo: got as far as the way back through time."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        old = x[i]
        x[i] = old + h
        f1 = np.array(f(x))
        x[i] = old - h
        f2 = np.array(f(x))
        x[i] = old
        if df is None:
            grad[i] = np.sum(f1 - f2) / (2 * h)
        else:
            grad[i] = np.sum((f1 - f2) * df) / (2 * h)
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.dot(x, Wx) + np.dot(prev_h, Wh) + b)
    cache = x, prev_h, Wx, Wh, b, next_h
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    dz = (1 - next_h**2) * dnext_h
    dx = np.dot(dz, Wx.T)
    dprev_h = np.dot(dz, Wh.T)
    dWx = np.dot(x.T, dz)
    dWh = np.dot(prev_h.T, dz)
    db = np.sum(dz, axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dx, dprev_h, dWx, dWh, db = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
    # TODO: collect all of them


def temporal_affine_forward(x, w, b):
    raise NotImplementedError("write temporal_affine_forward")


def temporal_affine_backward(dout, cache):
    raise NotImplementedError("write temporal_affine_backward")


def temporal_softmax_loss(x, y, mask):
    raise NotImplementedError("write temporal_softmax_loss")


def clip_grad_norm(grads, max_norm):
    raise NotImplementedError("write clip_grad_norm")


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    raise NotImplementedError("write truncated_bptt")


def gradient_norms(h, Wh):
    raise NotImplementedError("write gradient_norms")
