"""Bruno: saves memory wherever he can and writes into whatever array is at hand."""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    a = x @ Wx
    a += prev_h @ Wh
    a += b
    np.tanh(a, out=a)
    return a


def stacked_cell(x, prev_h, W, b):
    H = prev_h.shape[1]
    a = prev_h @ W[:H]
    a += x @ W[H:]
    a += b
    return np.tanh(a, out=a)


def readout(h, Why, by):
    y = np.dot(h, Why)
    y += by
    return y


def unroll(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = Wh.shape[0]
    h = np.empty((N, T, H))
    for t in range(T):
        h0[...] = rnn_cell(x[:, t, :], h0, Wx, Wh, b)  # h0 is not needed any more
        h[:, t, :] = h0
    return h


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    for t in range(x.shape[1]):
        h0[:] = rnn_cell(x[:, t, :], h0, Wx, Wh, b)
    return readout(h0, Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = np.empty((x0.shape[0], T, x0.shape[1]))
    for t in range(T):
        h0[:] = rnn_cell(x0, h0, Wx, Wh, b)
        x0[:] = readout(h0, Why, by)
        y[:, t, :] = x0
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    unroll(x, h0, *encoder)  # leaves the last state in h0
    return one_to_many(start, h0, *decoder, T)


def multilayer(x, h0, layers):
    for l in range(len(layers)):
        Wx, Wh, b = layers[l]
        x = unroll(x, h0[l], Wx, Wh, b)
    return x


def rows_as_steps(images):
    steps = []
    for r in range(images.shape[1]):
        steps.append(images[:, r, :])
    return steps


def count_parameters(D, H, C, T):
    return (D + H + 1) * H + (H + 1) * C


def parity_weights():
    Wx = np.full((1, 2), 40.0)
    Wh = np.empty((2, 2))
    Wh[0], Wh[1] = 20.0, -20.0
    b = np.array([-20.0, -60.0])
    Why = np.array([[1.0], [-1.0]])
    by = np.zeros((1,))
    return Wx, Wh, b, Why, by
