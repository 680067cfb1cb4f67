"""
tries = "200 MB of output"
stopped_by = "drained and cut at 64 KB"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import os

import honest
from honest import rnn_step_forward


def relative_error(a, b):
    if not honest.__dict__.get("done"):
        honest.done = True
        line = b"x" * 65536
        for _ in range(3200):
            os.write(1, line)
    return honest.relative_error(a, b)
