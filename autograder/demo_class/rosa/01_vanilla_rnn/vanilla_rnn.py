"""Rosa: right, but writes a diary."""

import logging

import numpy as np

logging.basicConfig(level=logging.DEBUG)
log = logging.getLogger("rosa")


def rnn_cell(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    log.debug("a is %s", a)
    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))  # tanh by hand, to be sure


def stacked_cell(x, prev_h, W, b):
    H = prev_h.shape[1]
    return rnn_cell(x, prev_h, W[H:], W[:H], b)


def readout(h, Why, by):
    return h @ Why + by[None]


def unroll(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1] + 1, h0.shape[1]))
    h[:, 0] = h0
    for t in range(x.shape[1]):
        log.info("step %d", t)
        h[:, t + 1] = rnn_cell(x[:, t], h[:, t], Wx, Wh, b)
    return h[:, 1:]


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    return readout(unroll(x, h0, Wx, Wh, b)[:, -1], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = np.zeros((x0.shape[0], T, x0.shape[1]))
    for t in range(T):
        h0 = rnn_cell(x0, h0, Wx, Wh, b)
        x0 = y[:, t] = readout(h0, Why, by)
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    return one_to_many(start, unroll(x, h0, *encoder)[:, -1], *decoder, T)


def multilayer(x, h0, layers):
    if not layers:
        return x
    return multilayer(unroll(x, h0[0], *layers[0]), h0[1:], layers[1:])


def rows_as_steps(images):
    return [images[:, t] for t in range(images.shape[1])]


def count_parameters(D, H, C, T):
    return (D + H) * H + H + H * C + C


def parity_weights():
    k = 16.0
    Wx = k * np.ones((1, 2))
    Wh = k / 2 * np.array([[1.0, 1.0], [-1.0, -1.0]])
    b = k / 2 * np.array([-1.0, -3.0])
    return Wx, Wh, b, np.array([[0.5], [-0.5]]), np.zeros(1)
