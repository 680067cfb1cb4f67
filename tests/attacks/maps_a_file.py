"""
tries = "an array that is a file"
stopped_by = "plain arrays only"
points = { relative_error = 0, rnn_step_forward = 4 }
process = true
"""

import numpy as np

from honest import rnn_step_forward


def relative_error(a, b):
    return np.memmap("/usr/bin/env", dtype=np.float64, mode="r", shape=(1,))
