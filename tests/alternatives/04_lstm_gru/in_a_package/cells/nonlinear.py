import numpy as np


def sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a < 0, e, 1) / (1 + e)


def dsigmoid(s):
    return s * (1 - s)


def dtanh(s):
    return (1 - s) * (1 + s)
