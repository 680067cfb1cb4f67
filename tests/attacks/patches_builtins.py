"""
tries = "Python's own functions"
stopped_by = "the judge has its own Python"
points = { relative_error = 0, rnn_step_forward = 4 }
process = true
"""

import builtins

from honest import rnn_step_forward


def relative_error(a, b):
    builtins.isinstance = lambda *args: True
    builtins.len = lambda *args: 0
    builtins.type = lambda *args: dict
    builtins.print = None
    return 0.123
