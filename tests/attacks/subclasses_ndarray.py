"""
tries = "an array whose comparisons and arithmetic lie"
stopped_by = "plain arrays only"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "wrong_values"
process = true
"""

import numpy as np

from honest import rnn_step_forward


class Liar(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(())

    def __array_function__(self, *args, **kwargs):
        return True

    def __eq__(self, other):
        return True

    __sub__ = __rsub__ = lambda self, other: np.zeros(())


def relative_error(a, b):
    return np.array(0.123).view(Liar)
