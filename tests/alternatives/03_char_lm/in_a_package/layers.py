"""The embedding as an object."""

import numpy as np


class Embedding:
    def __init__(self, W):
        self.W = W

    def __call__(self, x):
        self.x = x
        return np.stack([[self.W[i] for i in row] for row in x])

    def gradient(self, dout):
        x = self.x.ravel()
        flat = dout.reshape(x.size, -1)
        return np.column_stack([np.bincount(x, weights=column, minlength=len(self.W)) for column in flat.T])
