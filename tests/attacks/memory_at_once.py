"""
tries = "20 GB in one array"
stopped_by = "limit on address space"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "out_of_memory"
process = true
"""

import numpy as np

from honest import rnn_step_forward


def relative_error(a, b):
    return float(np.ones((20, 1024, 1024, 128))[0, 0, 0, 0])
