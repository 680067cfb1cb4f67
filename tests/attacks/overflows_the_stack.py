"""
tries = "recursion without a bound"
stopped_by = "a worker that ends is not a result"
points = { relative_error = 0, rnn_step_forward = 4 }
process = true
"""

import sys

from honest import rnn_step_forward


def relative_error(a, b):
    sys.setrecursionlimit(10**9)
    return relative_error(a, b)
