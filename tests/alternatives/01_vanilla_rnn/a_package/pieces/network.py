"""An RNN as an object that remembers its state."""

import numpy as np

from ..shapes import expect_shape


class Network:
    def __init__(self, Wx, Wh, b, state):
        expect_shape(Wh, (len(b), len(b)))
        expect_shape(Wx, (None, len(b)))
        self.matrix = np.vstack([Wh, Wx, b])
        self.state = state

    def __call__(self, x):
        expect_shape(x, (len(self.state), None))
        ones = np.ones((len(x), 1))
        self.state = np.tanh(np.hstack([self.state, x, ones]) @ self.matrix)
        return self.state

    def read(self, x):
        """Yield the state after every step."""
        for t in range(x.shape[1]):
            yield self(x[:, t])
