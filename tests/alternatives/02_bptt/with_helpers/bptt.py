"""Correct, with helper modules beside it and a class that does the work."""

import my_checks
import numpy as np
from my_layers.linear import Linear

numerical_gradient = my_checks.numerical_gradient
relative_error = my_checks.relative_error


class Cell:
    """One step; remembers what it needs."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def __call__(self, x, prev_h):
        self.x, self.prev_h = x, prev_h
        self.out = np.tanh(x @ self.Wx + prev_h @ self.Wh + self.b)
        return self.out

    def backward(self, dout):
        dz = dout * (1 - self.out**2)
        return dz @ self.Wx.T, dz @ self.Wh.T, self.x.T @ dz, self.prev_h.T @ dz, dz.sum(axis=0)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    cell = Cell(Wx, Wh, b)
    return cell(x, prev_h), cell


def rnn_step_backward(dnext_h, cache):
    return cache.backward(dnext_h)


def rnn_forward(x, h0, Wx, Wh, b):
    cells, h = [], []
    for t in range(x.shape[1]):
        cells.append(Cell(Wx, Wh, b))
        h.append(cells[-1](x[:, t], h[-1] if h else h0))
    return np.array(h).transpose(1, 0, 2), cells


def rnn_backward(dh, cache):
    T = len(cache)
    dx = np.zeros((len(dh), T, len(cache[0].Wx)))
    dprev = np.zeros(dh[:, 0].shape)
    dWx, dWh, db = (np.zeros_like(W) for W in (cache[0].Wx, cache[0].Wh, cache[0].b))
    t = T - 1
    while t >= 0:
        result = cache[t].backward(dh[:, t, :] + dprev)
        dx[:, t, :], dprev = result[0], result[1]
        dWx, dWh, db = dWx + result[2], dWh + result[3], db + result[4]
        t = t - 1
    return dx, dprev, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    layer = Linear(w, b)
    return layer.forward(x), layer


def temporal_affine_backward(dout, cache):
    return cache.backward(dout)


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    total, grads = 0.0, []
    for t in range(T):  # one ordinary softmax loss per step
        z = x[:, t] - x[:, t].max(axis=1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        total += -(log_p[range(N), y[:, t]] * mask[:, t]).sum() / N
        p[range(N), y[:, t]] -= 1
        grads.append(p * mask[:, t : t + 1] / N)
    return total, np.stack(grads, axis=1)


def clip_grad_norm(grads, max_norm):
    norm = np.sqrt(sum(map(lambda g: float((g**2).sum()), grads.values())))
    ratio = max_norm / max(norm, max_norm)
    return {name: grad * ratio for name, grad in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    N, T, D = x.shape
    xs, dhs = np.split(x, range(chunk, T, chunk), axis=1), np.split(dh, range(chunk, T, chunk), axis=1)
    state, outs = h0, []
    for piece, dpiece in zip(xs, dhs, strict=True):
        h, cells = rnn_forward(piece, state, Wx, Wh, b)
        outs.append((h, *rnn_backward(dpiece, cells)))
        state = h[:, -1].copy()
    h, dx, dh0, dWx, dWh, db = zip(*outs, strict=True)
    return np.concatenate(h, 1), np.concatenate(dx, 1), dh0[0], sum(dWx), sum(dWh), sum(db)


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.zeros((N, T))
    norms[:, -1] = 1
    for n in range(N):
        columns = np.eye(H)  # push every unit vector backwards through the steps
        for t in range(T - 1, 0, -1):
            columns = np.stack([(c * (1 - h[n, t] ** 2)) @ Wh.T for c in columns])
            norms[n, t - 1] = np.linalg.svd(columns, compute_uv=False)[0]
    return norms
