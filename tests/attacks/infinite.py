"""
tries = "infinity, which is as near to everything as to itself"
stopped_by = "plain arrays only"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "wrong_values"
process = true
"""

from honest import rnn_step_forward


def relative_error(a, b):
    return float("inf")
