"""
tries = "an array of 60 MB for a number"
stopped_by = "shape first"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "wrong_values"
process = true
slow = true
"""

import numpy as np

from honest import rnn_step_forward


def relative_error(a, b):
    return np.zeros(60 * 1024 * 1024, dtype=np.int8)
