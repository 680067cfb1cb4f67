"""
tries = "an object that becomes a number or an array when it is looked at"
stopped_by = "plain arrays only"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "wrong_values"
process = true
"""

import numpy as np

import honest
from honest import rnn_step_forward


class Chameleon:
    shape, dtype, ndim = (), np.dtype(float), 0

    def __init__(self, value):
        self.value = value

    def __array__(self, *args, **kwargs):
        return np.asarray(self.value)

    def __float__(self):
        return self.value

    __index__ = __int__ = __complex__ = __float__


def relative_error(a, b):
    return Chameleon(honest.relative_error(a, b))
