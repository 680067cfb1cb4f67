"""Hugo: ran out of time after the second half began."""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    z = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    return np.tanh(z)


def stacked_cell(x, prev_h, W, b):
    z = np.concatenate([prev_h, x], axis=1)
    return np.tanh(np.dot(z, W) + b)


def readout(h, Why, by):
    return np.dot(h, Why) + by


def unroll(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    h_t = h0
    for t in range(T):
        h_t = rnn_cell(x[:, t, :], h_t, Wx, Wh, b)
        h[:, t, :] = h_t
    return h


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    h = unroll(x, h0, Wx, Wh, b)
    return readout(h[:, -1, :], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    h = rnn_cell(x0, h0, Wx, Wh, b)
    # TODO: feed the output back


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    raise NotImplementedError("write sequence_to_sequence")


def multilayer(x, h0, layers):
    raise NotImplementedError("write multilayer")


def rows_as_steps(images):
    raise NotImplementedError("write rows_as_steps")


def count_parameters(D, H, C, T):
    return T * (D * H + H * H + H) + H * C + C


def parity_weights():
    raise NotImplementedError("write parity_weights")
