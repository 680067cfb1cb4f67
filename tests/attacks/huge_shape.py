"""
tries = "an array of 8 TB that takes 8 bytes"
stopped_by = "limit on address space"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "out_of_memory"
process = true
"""

import numpy as np

from honest import rnn_step_forward


def relative_error(a, b):
    return np.broadcast_to(np.zeros(()), (2**20, 2**20))
