"""Dora: everything in float32, as on the GPU at work."""

import numpy as np

F = np.float32


def rnn_cell(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = (np.asarray(v, dtype=F) for v in (x, prev_h, Wx, Wh, b))
    return np.tanh(np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b)


def stacked_cell(x, prev_h, W, b):
    stacked = np.concatenate((prev_h, x), axis=-1).astype(F)
    return np.tanh(stacked @ W.astype(F) + b.astype(F))


def readout(h, Why, by):
    return h.astype(F) @ Why.astype(F) + by.astype(F)


def unroll(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, b.size), dtype=F)
    state = h0.astype(F)
    for t in range(T):
        state = rnn_cell(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
    return h


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    return readout(unroll(x, h0, Wx, Wh, b)[:, -1, :], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = np.zeros((len(x0), T, by.size), dtype=F)
    x, h = x0, h0
    for t in range(T):
        h = rnn_cell(x, h, Wx, Wh, b)
        x = y[:, t] = readout(h, Why, by)
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    h = unroll(x, h0, *encoder)
    return one_to_many(start, h[:, -1], *decoder, T=T)


def multilayer(x, h0, layers):
    out = x.astype(F)
    for level, layer in enumerate(layers):
        out = unroll(out, h0[level], *layer)
    return out


def rows_as_steps(images):
    images = images.astype(F)
    return [images[:, row] for row in range(images.shape[1])]


def count_parameters(D, H, C, T):
    shapes = [(D, H), (H, H), (H,), (H, C), (C,)]
    return int(sum(np.prod(shape) for shape in shapes))


def parity_weights():
    k = F(12)
    Wx = k * np.ones((1, 2), F)
    Wh = k * np.array([[0.5, 0.5], [-0.5, -0.5]], F)
    b = k * np.array([-0.5, -1.5], F)
    return Wx, Wh, b, np.array([[0.5], [-0.5]], F), np.zeros(1, F)
