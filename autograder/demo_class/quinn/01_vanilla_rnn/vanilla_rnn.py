"""Quinn: one bracket short."""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b)


def stacked_cell(x, prev_h, W, b):
    return np.tanh(np.concatenate([prev_h, x], axis=1 @ W + b)


def readout(h, Why, by):
    return h @ Why + by


def unroll(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    for t in range(x.shape[1]):
        h0 = rnn_cell(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
    return h


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    h = unroll(x, h0, Wx, Wh, b)
    return readout(h[:, -1], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = np.zeros((x0.shape[0], T, x0.shape[1]))
    for t in range(T):
        h0 = rnn_cell(x0, h0, Wx, Wh, b)
        x0 = readout(h0, Why, by)
        y[:, t] = x0
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    h = unroll(x, h0, *encoder)
    return one_to_many(start, h[:, -1], *decoder, T)


def multilayer(x, h0, layers):
    for l in range(len(layers)):
        x = unroll(x, h0[l], *layers[l])
    return x


def rows_as_steps(images):
    return [images[:, t] for t in range(images.shape[1])]


def count_parameters(D, H, C, T):
    return D * H + H * H + H + H * C + C


def parity_weights():
    Wx = np.array([[20.0, 20.0]])
    Wh = np.array([[10.0, 10.0], [-10.0, -10.0]])
    b = np.array([-10.0, -30.0])
    return Wx, Wh, b, np.array([[0.5], [-0.5]]), np.zeros(1)
