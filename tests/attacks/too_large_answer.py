"""
tries = "an array of 200 MB for a number"
stopped_by = "bounded messages"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "crashed"
process = true
slow = true
"""

import numpy as np

from honest import rnn_step_forward


def relative_error(a, b):
    return np.zeros((5, 5, 1024, 1024))
