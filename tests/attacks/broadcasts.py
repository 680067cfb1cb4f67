"""
tries = "an array that broadcasts to the right shape"
stopped_by = "shape first"
points = { relative_error = 0, rnn_step_forward = 0 }
outcome = "wrong_values"
process = true
"""

import numpy as np

import honest


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = honest.rnn_step_forward(x, prev_h, Wx, Wh, b)
    return next_h[:1, :1], cache


def relative_error(a, b):
    return np.full((3, 3), honest.relative_error(a, b))
