"""Gita: the work is done by the classes in network.py."""

import numpy as np
from network import Cell, Head, generate


def rnn_cell(x, prev_h, Wx, Wh, b):
    return Cell(Wx, Wh, b)(x, prev_h)


def stacked_cell(x, prev_h, W, b):
    H = len(b)
    return rnn_cell(x, prev_h, Wx=W[H:], Wh=W[:H], b=b)


def readout(h, Why, by):
    return Head(Why, by)(h)


def unroll(x, h0, Wx, Wh, b):
    return Cell(Wx, Wh, b).scan(x, h0)


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    return Head(Why, by)(Cell(Wx, Wh, b).scan(x, h0)[:, -1])


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    return np.stack(list(generate(Cell(Wx, Wh, b), Head(Why, by), x0, h0, T)), axis=1)


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    summary = Cell(*encoder).scan(x, h0)[:, -1]
    cell, head = Cell(*decoder[:3]), Head(*decoder[3:])
    return np.stack(list(generate(cell, head, start, summary, T)), axis=1)


def multilayer(x, h0, layers):
    for state, weights in zip(h0, layers):
        x = Cell(*weights).scan(x, state)
    return x


def rows_as_steps(images):
    return [row for row in np.moveaxis(images, 1, 0)]


def count_parameters(D, H, C, T):
    cell = Cell(np.zeros((D, H)), np.zeros((H, H)), np.zeros(H))
    head = Head(np.zeros((H, C)), np.zeros(C))
    return sum(array.size for part in (cell, head) for array in vars(part).values())


def parity_weights():
    k = 18.0
    cell = Cell(np.array([[k, k]]), np.array([[k / 2, k / 2], [-k / 2, -k / 2]]), np.array([-k / 2, -1.5 * k]))
    head = Head(np.array([[0.5], [-0.5]]), np.zeros(1))
    return cell.Wx, cell.Wh, cell.b, head.W, head.b
