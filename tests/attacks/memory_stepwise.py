"""
tries = "memory in pieces of 32 MB until there is none"
stopped_by = "limit on address space"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "out_of_memory"
process = true
memory_mb = 256
"""

import numpy as np

from honest import rnn_step_forward


def relative_error(a, b):
    kept = []
    while True:
        kept.append(np.ones(4 * 1024 * 1024))
