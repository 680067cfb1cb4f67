"""Objects from files beside this one; relative imports; the transposed formulas of other books."""

from collections import namedtuple

import numpy as np

from . import shapes
from .pieces.network import Network

Parity = namedtuple("Parity", "Wx Wh b Why by")


def rnn_cell(x, prev_h, Wx, Wh, b):
    return Network(Wx, Wh, b, prev_h)(x)


def stacked_cell(x, prev_h, W, b):
    column = np.vstack([prev_h.T, x.T])  # (H + D, N): columns, as in other books
    return np.tanh(W.T @ column + b[:, None]).T


def readout(h, Why, by):
    y = np.zeros(h.shape[:-1] + by.shape)
    for index in np.ndindex(*h.shape[:-1]):
        y[index] = Why.T @ h[index] + by
    return y


def unroll(x, h0, Wx, Wh, b):
    shapes.expect_shape(x, (len(h0), None, len(Wx)))
    return np.stack(list(Network(Wx, Wh, b, h0).read(x)), axis=1)


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    *_, last = Network(Wx, Wh, b, h0).read(x)
    return last @ Why + by


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    network = Network(Wx, Wh, b, h0)

    def say(heard, left):
        if left == 0:
            return []
        said = network(heard) @ Why + by
        return [said, *say(said, left - 1)]

    return np.dstack(say(x0, T)).transpose(0, 2, 1)


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    reader = Network(*encoder, h0)
    for _ in reader.read(x):
        pass
    return one_to_many(start, reader.state, *decoder, T)


def multilayer(x, h0, layers):
    networks = [Network(*layer, state) for layer, state in zip(layers, h0, strict=True)]
    top = []
    for t in range(x.shape[1]):  # step by step through all layers
        signal = x[:, t]
        for network in networks:
            signal = network(signal)
        top.append(signal[:, None, :])
    return np.concatenate(top, axis=1)


def rows_as_steps(images):
    steps = []
    for t in range(images.shape[1]):
        step = np.zeros((images.shape[0], images.shape[2]))
        for n in range(images.shape[0]):
            step[n] = images[n, t]
        steps.append(step)
    return steps


def count_parameters(D, H, C, T):
    arrays = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H), np.zeros((H, C)), np.zeros(C)
    return sum(array.size for array in arrays)


def parity_weights():
    k = 1e6
    Wx = np.full((1, 2), k)
    Wh = np.outer([0.5, -0.5], [k, k])
    return Parity(Wx, Wh, np.array([-0.5 * k, -1.5 * k]), np.array([[2.0], [-2.0]]), np.array([-1.5]))
