"""Things that are useful beyond this assignment."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def spectral_norm(matrix):
    return np.linalg.svd(matrix, compute_uv=False).max()


def chunks(length, size):
    return [slice(first, min(first + size, length)) for first in range(0, length, size)]
