"""Gradient checks."""

from copy import deepcopy

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    df = 1.0 if df is None else df
    grad = np.zeros_like(x)
    for position in np.ndindex(*x.shape):
        left, right = deepcopy(x), deepcopy(x)
        left[position] -= h
        right[position] += h
        grad[position] = np.sum(df * (np.asarray(f(right)) - np.asarray(f(left)))) / (2 * h)
    return grad


def relative_error(a, b):
    a, b = np.asarray(a).flatten(), np.asarray(b).flatten()
    return sorted(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8))[-1]
