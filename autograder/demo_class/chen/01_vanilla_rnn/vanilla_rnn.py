"""Chen: thinks in Python lists and turns them into arrays only for the products."""

from math import tanh

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    rows = []
    for x_n, h_n in zip(x, prev_h):
        a = np.dot(x_n, Wx) + np.dot(h_n, Wh) + b
        rows.append([tanh(value) for value in a])
    return rows


def stacked_cell(x, prev_h, W, b):
    both = [list(h_n) + list(x_n) for h_n, x_n in zip(prev_h, x)]
    return np.tanh(np.dot(both, W) + b).tolist()


def readout(h, Why, by):
    return (np.dot(h, Why) + by).tolist()


def unroll(x, h0, Wx, Wh, b):
    x = np.asarray(x)
    steps = []
    h = h0
    for t in range(x.shape[1]):
        h = rnn_cell(x[:, t], h, Wx, Wh, b)
        steps.append(h)
    # time comes first in my list, the batch has to
    return [list(sequence) for sequence in zip(*steps)]


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    last = [sequence[-1] for sequence in unroll(x, h0, Wx, Wh, b)]
    return readout(last, Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    steps = []
    x, h = x0, h0
    while len(steps) < T:
        h = rnn_cell(x, h, Wx, Wh, b)
        x = readout(h, Why, by)
        steps.append(x)
    return [list(sequence) for sequence in zip(*steps)]


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    summary = [sequence[-1] for sequence in unroll(x, h0, *encoder)]
    Wx, Wh, b, Why, by = decoder
    return one_to_many(start, summary, Wx, Wh, b, Why, by, T)


def multilayer(x, h0, layers):
    todo = list(zip(h0, layers))
    while todo:
        start, (Wx, Wh, b) = todo.pop(0)
        x = unroll(x, start, Wx, Wh, b)
    return x


def rows_as_steps(images):
    return [[image[t].tolist() for image in images] for t in range(len(images[0]))]


def count_parameters(D, H, C, T):
    return sum([D * H, H * H, H, H * C, C])


def parity_weights():
    either, both = -10, -30
    return [[20, 20]], [[10, 10], [-10, -10]], [either, both], [[0.5], [-0.5]], [0]
