"""Ada: unit 1. Every function is the formula of the notebook, nothing else."""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b)


def stacked_cell(x, prev_h, W, b):
    return np.tanh(np.hstack([prev_h, x]) @ W + b)


def readout(h, Why, by):
    return h @ Why + by


def unroll(x, h0, Wx, Wh, b):
    states = []
    h = h0
    for t in range(x.shape[1]):
        h = rnn_cell(x[:, t], h, Wx, Wh, b)
        states.append(h)
    return np.stack(states, axis=1)


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    return readout(unroll(x, h0, Wx, Wh, b)[:, -1], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    outputs = []
    x, h = x0, h0
    for _ in range(T):
        h = rnn_cell(x, h, Wx, Wh, b)
        x = readout(h, Why, by)
        outputs.append(x)
    return np.stack(outputs, axis=1)


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    thought = unroll(x, h0, *encoder)[:, -1]
    return one_to_many(start, thought, *decoder, T)


def multilayer(x, h0, layers):
    for start, weights in zip(h0, layers):
        x = unroll(x, start, *weights)
    return x


def rows_as_steps(images):
    return list(np.swapaxes(images, 0, 1))


def count_parameters(D, H, C, T):
    cell = D * H + H * H + H
    output = H * C + C
    return cell + output


def parity_weights():
    # Unit 0: "the old parity or the new bit", unit 1: "both". Xor is the difference.
    Wx = np.array([[30.0, 30.0]])
    Wh = np.array([[15.0, 15.0], [-15.0, -15.0]])
    b = np.array([-15.0, -45.0])
    return Wx, Wh, b, np.array([[0.5], [-0.5]]), np.zeros(1)
