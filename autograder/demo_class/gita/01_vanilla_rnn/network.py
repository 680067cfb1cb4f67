"""The network as a class; vanilla_rnn.py wraps it into the functions of the assignment."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Cell:
    """A vanilla RNN cell."""

    Wx: np.ndarray
    Wh: np.ndarray
    b: np.ndarray

    def __call__(self, x, h):
        return np.tanh(x @ self.Wx + h @ self.Wh + self.b)

    def scan(self, x, h):
        """All states, batch first."""
        states = np.zeros((x.shape[0], x.shape[1], self.b.shape[0]))
        for t in range(x.shape[1]):
            h = self(x[:, t], h)
            states[:, t] = h
        return states


@dataclass
class Head:
    """The affine map from the state to the output."""

    W: np.ndarray
    b: np.ndarray

    def __call__(self, h):
        return h @ self.W + self.b


def generate(cell, head, x, h, T):
    """Yield T outputs, each of which is the next input."""
    for _ in range(T):
        h = cell(x, h)
        x = head(h)
        yield x
