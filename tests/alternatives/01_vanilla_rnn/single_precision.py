"""float32 throughout, keyword calls, settings in a dict, lists joined at the end, a forgotten import."""

from __future__ import annotations

import functools

import numpy as np

from autograder import check

check("rnn_cell")


def to_float32(value):
    if isinstance(value, (list, tuple)):
        return [to_float32(item) for item in value]
    return np.asarray(value, dtype=np.float32) if isinstance(value, np.ndarray) else value


def single(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        args = [to_float32(arg) for arg in args]
        return function(*args, **{name: to_float32(value) for name, value in kwargs.items()})

    return inner


@single
def rnn_cell(x, prev_h, Wx, Wh, b):
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b[np.newaxis, :]
    e = np.exp(np.float32(-2.0) * a)
    return (np.float32(1.0) - e) / (np.float32(1.0) + e)


@single
def stacked_cell(x, prev_h, W, b):
    return np.tanh(np.hstack((prev_h, x)).dot(W) + b)


@single
def readout(h, Why, by):
    flat = h.reshape(-1, h.shape[-1])
    return (flat.dot(Why) + by).reshape(*h.shape[:-1], -1)


@single
def unroll(x, h0, Wx, Wh, b):
    weights = {"Wx": Wx, "Wh": Wh, "b": b}
    h = [h0]
    for t in range(x.shape[1]):
        h.append(rnn_cell(x=x[:, t, :], prev_h=h[-1], **weights))
    return np.stack(h[1:], axis=1)


@single
def many_to_one(x, h0, Wx, Wh, b, Why, by):
    h = unroll(x=x, h0=h0, Wh=Wh, Wx=Wx, b=b)
    return readout(h=h, Why=Why, by=by)[:, -1]


@single
def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = []
    for _ in range(T):
        h0 = rnn_cell(x0, h0, b=b, Wh=Wh, Wx=Wx)
        x0 = readout(h0, by=by, Why=Why)
        y.append(x0)
    return np.array(y).swapaxes(0, 1)


@single
def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    read = unroll(x, h0, *encoder)
    names = ("Wx", "Wh", "b", "Why", "by")
    return one_to_many(x0=start, h0=read[:, -1], T=T, **dict(zip(names, decoder, strict=True)))


@single
def multilayer(x, h0, layers):
    return functools.reduce(lambda h, layer: unroll(h, layer[0], *layer[1]), zip(h0, layers, strict=True), x)


@single
def rows_as_steps(images):
    return [np.squeeze(step, axis=1) for step in np.split(images, images.shape[1], axis=1)]


def count_parameters(D, H, C, T):
    return np.int32((D + H + 1) * H + (H + 1) * C)


@single
def _weights():
    k = np.float32(12)
    Wx = k * np.array([[1, 1]], dtype=np.float32)
    Wh = k * np.array([[0.5, 0.5], [-0.5, -0.5]])
    return Wx, to_float32(Wh), k * np.float32([-0.5, -1.5]), np.float32([[1], [-1]]), np.float32([-0.5])


def parity_weights():
    return _weights()
