"""Olga: every network starts from nothing, she thinks."""

import numpy as np
from numpy import tanh


def rnn_cell(x, prev_h, Wx, Wh, b):
    return tanh(x @ Wx + prev_h @ Wh + b)


def stacked_cell(x, prev_h, W, b):
    return tanh(np.concatenate([prev_h, x], axis=1) @ W + b)


def readout(h, Why, by):
    return h @ Why + by


def unroll(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, T, H))
    prev_h = np.zeros((N, H))
    for t in range(T):
        prev_h = h[:, t] = rnn_cell(x[:, t], prev_h, Wx, Wh, b)
    return h


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    return readout(unroll(x, h0, Wx, Wh, b)[:, -1], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = np.zeros((x0.shape[0], T, x0.shape[1]))
    x, h = x0, h0
    for t in range(T):
        h = rnn_cell(x, h, Wx, Wh, b)
        y[:, t] = x = readout(h, Why, by)
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    h = unroll(x, h0, *encoder)
    return one_to_many(start, h[:, -1], *decoder, T)


def multilayer(x, h0, layers):
    for state, (Wx, Wh, b) in zip(h0, layers):
        x = unroll(x, state, Wx, Wh, b)
    return x


def rows_as_steps(images):
    return [images[:, t, :] for t in range(images.shape[1])]


def count_parameters(D, H, C, T):
    return D * H + H**2 + H + H * C + C


def parity_weights():
    k = 14
    Wx = np.array([[2 * k, 2 * k]])
    Wh = np.array([[k, k], [-k, -k]])
    b = np.array([-k, -3 * k])
    Why = np.array([[0.5], [-0.5]])
    by = np.zeros(1)
    return Wx, Wh, b, Why, by
