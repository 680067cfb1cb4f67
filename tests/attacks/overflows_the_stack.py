"""
tries = "recursion without a bound"
stopped_by = "a worker that ends is not a result"
points = { relative_error = 0, rnn_step_forward = 4 }
process = true
"""

import sys

import honest
from honest import breach, relative_error, rnn_step_forward


def relative_error(a, b):
    sys.setrecursionlimit(10**9)
    return relative_error(a, b)
