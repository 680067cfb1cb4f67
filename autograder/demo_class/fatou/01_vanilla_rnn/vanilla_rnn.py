"""Fatou: wants to see every shape and to be told at once when one is off."""

import sys
import warnings

import numpy as np

print("vanilla_rnn imported, numpy", np.__version__)


def show(name, value):
    print(f"{name:>12}: shape {np.shape(value)}, mean {np.mean(value):+.4f}")


def rnn_cell(x, prev_h, Wx, Wh, b):
    N, D = x.shape
    H = Wh.shape[0]
    assert Wx.shape == (D, H), "Wx must be (D, H)"
    assert prev_h.shape == (N, H), "prev_h must be (N, H)"
    next_h = np.tanh(np.dot(x, Wx) + np.dot(prev_h, Wh) + b)
    show("next_h", next_h)
    assert np.all(np.abs(next_h) <= 1)
    return next_h


def stacked_cell(x, prev_h, W, b):
    together = np.append(prev_h, x, axis=1)
    assert together.shape[1] == W.shape[0]
    show("[h, x]", together)
    return np.tanh(np.dot(together, W) + b)


def readout(h, Why, by):
    y = np.matmul(h, Why) + by
    assert y.shape[:-1] == h.shape[:-1]
    return y


def unroll(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros([N, T, len(b)])
    for t in range(T):
        print("step", t + 1, "of", T, file=sys.stderr)
        h[:, t] = rnn_cell(x[:, t], h0 if t == 0 else h[:, t - 1], Wx, Wh, b)
    assert not np.isnan(h).any()
    return h


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    h = unroll(x, h0, Wx, Wh, b)
    show("last h", h[:, -1])
    return readout(h[:, -1], Why, by)


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    assert T >= 1
    N, D = x0.shape
    y = np.zeros([N, T, D])
    for t in range(T):
        h0 = rnn_cell(x0, h0, Wx, Wh, b)
        x0 = readout(h0, Why, by)
        y[:, t] = x0
    show("y", y)
    return y


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    Wx, Wh, b = encoder
    h = unroll(x, h0, Wx, Wh, b)
    Wx, Wh, b, Why, by = decoder
    return one_to_many(start, h[:, -1], Wx, Wh, b, Why, by, T)


def multilayer(x, h0, layers):
    assert len(h0) == len(layers), "one initial state per layer"
    for number, (state, layer) in enumerate(zip(h0, layers)):
        print("layer", number)
        x = unroll(x, state, *layer)
    return x


def rows_as_steps(images):
    warnings.warn("assuming that the images are grey")
    steps = [images[:, t, :] for t in range(images.shape[1])]
    assert len(steps) == images.shape[1]
    return steps


def count_parameters(D, H, C, T):
    count = D * H + H * H + H + H * C + C
    print(f"{count} numbers for {T} steps (T does not matter)")
    return count


def parity_weights():
    Wx = np.array([[25.0, 25.0]])
    Wh = np.array([[12.5, 12.5], [-12.5, -12.5]])
    b = np.array([-12.5, -37.5])
    Why = np.array([[0.5], [-0.5]])
    by = np.array([0.0])
    h = np.zeros((1, 2))
    for seen, bit in enumerate([1, 1, 0, 1], start=1):  # try it right here
        h = np.tanh(np.array([[bit]]) @ Wx + h @ Wh + b)
        assert ((h @ Why + by)[0, 0] > 0.5) == ([1, 1, 0, 1][:seen].count(1) % 2 == 1)
    return Wx, Wh, b, Why, by


if __name__ == "__main__":
    print(count_parameters(2, 3, 4, 5))
