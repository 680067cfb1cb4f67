"""einsum, buffers that are written in place (arguments too), views in other memory orders."""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    out = np.einsum("ij,jk", x, Wx)
    out += np.einsum("ij,jk", prev_h, Wh)
    out += b
    np.tanh(out, out=out)
    return out


def stacked_cell(x, prev_h, W, b):
    H = prev_h.shape[-1]
    x = x @ W[H:]
    x += prev_h @ W[:H]
    x += b
    return np.tanh(x, out=x)


def readout(h, Why, by):
    return np.add(np.tensordot(h, Why, axes=1), by)


def unroll(x, h0, Wx, Wh, b):
    T = x.shape[1]
    h = np.empty((T,) + h0.shape)  # step first, turned round at the end: a view, not contiguous
    for t in range(T):
        h0[...] = rnn_cell(x[:, t], h0, Wx, Wh, b)
        h[t] = h0
    return h.transpose(1, 0, 2)


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    for t in range(x.shape[1]):
        h0[:] = rnn_cell(x[:, t], h0, Wx, Wh, b)
    return np.asfortranarray(readout(h0, Why, by))


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    y = np.zeros((x0.shape[0], T, 2 * x0.shape[1]))[:, :, ::2]
    for t in range(T):
        h0 = rnn_cell(x0, h0, Wx, Wh, b)
        x0[:] = readout(h0, Why, by)
        y[:, t, :] = x0
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    Wx, Wh, b, Why, by = decoder
    h = unroll(x, h0, *encoder)[:, -1, :]
    y = []
    for _ in range(T):
        h = rnn_cell(start, h, Wx, Wh, b)
        start = readout(h, Why, by)
        y += [start[:, None]]
    return np.concatenate(y, axis=1)


def multilayer(x, h0, layers):
    while layers:
        x, h0, layers = unroll(x, h0.pop(0), *layers.pop(0)), h0, layers
    return x


def rows_as_steps(images):
    return np.moveaxis(images, 1, 0)


def count_parameters(D, H, C, T):
    shapes = [(D, H), (H, H), (H,), (H, C), (C,)]
    return np.sum([np.prod(shape) for shape in shapes])


def parity_weights():
    rng = np.random.default_rng(5)
    Wx, b = rng.normal(size=(1, 16)), rng.normal(size=16)
    Why, by = np.zeros((16, 1)), np.zeros(1)
    pair = [3, 11]  # the other fourteen units chatter and nobody listens
    Wh = rng.normal(size=(16, 16))
    Wh[:, pair] = 0.0
    Wh[np.ix_(pair, pair)] = [[25.0, 25.0], [-25.0, -25.0]]
    Wx[0, pair] = 50.0
    b[pair] = [-25.0, -75.0]
    Why[pair, 0] = [0.4, -0.4]
    by += 0.1
    return Wx, Wh, b, Why, by
