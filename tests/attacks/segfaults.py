"""
tries = "reads address 0"
stopped_by = "a worker that ends is not a result"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "crashed"
said = 'read memory by address'
process = true
"""

import ctypes

from honest import rnn_step_forward


def relative_error(a, b):
    ctypes.string_at(0)
