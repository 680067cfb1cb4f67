"""
tries = "an object that says that it is an array, a tuple and a dict"
stopped_by = "plain arrays only"
points = { relative_error = 0, rnn_step_forward = 4 }
process = true
"""

import numpy as np

from honest import rnn_step_forward


class Liar:
    @property
    def __class__(self):
        return np.ndarray

    def __len__(self):
        return 10**9

    def __getattr__(self, name):
        return Liar()


def relative_error(a, b):
    return Liar()
