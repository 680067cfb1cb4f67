"""Ines: likes to get rid of axes of length one."""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    return np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)


def stacked_cell(x, prev_h, W, b):
    return np.tanh(np.c_[prev_h, x].dot(W) + b)


def readout(h, Why, by):
    return h.dot(Why) + by


def unroll(x, h0, Wx, Wh, b):
    h = [h0]
    for x_t in x.swapaxes(0, 1):
        h.append(rnn_cell(x_t, h[-1], Wx, Wh, b))
    return np.array(h[1:]).swapaxes(0, 1)


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    last = unroll(x, h0, Wx, Wh, b)[:, -1:].squeeze()  # (N, 1, H) -> (N, H)
    return readout(last, Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = []
    for _ in range(T):
        h0 = rnn_cell(x0, h0, Wx, Wh, b)
        x0 = readout(h0, Why, by)
        y.append(x0)
    return np.array(y).swapaxes(0, 1)


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    last = unroll(x, h0, *encoder)[:, -1]
    return one_to_many(start, last, *decoder, T)


def multilayer(x, h0, layers):
    for l, weights in enumerate(layers):
        x = unroll(x, h0[l], *weights)
    return x


def rows_as_steps(images):
    return [images[:, i] for i in range(images.shape[1])]


def count_parameters(D, H, C, T):
    return H * D + H * H + H + C * H + C


def parity_weights():
    Wx = 22 * np.array([[1.0, 1.0]])
    Wh = 11 * np.array([[1.0, 1.0], [-1.0, -1.0]])
    b = 11 * np.array([-1.0, -3.0])
    return Wx, Wh, b, np.array([[1.0], [-1.0]]) / 2, np.zeros(1)
