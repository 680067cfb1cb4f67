"""
tries = "escape sequences for the teacher's terminal"
stopped_by = "output shown without control characters"
points = { relative_error = 0, rnn_step_forward = 4 }
process = true
"""

import numpy as np

from honest import rnn_step_forward

print("\x1b[2J\x1b]0;owned\x07\x1b[31mfull marks\x1b[0m \u202egnp.exe")


def relative_error(a, b):
    raise ValueError("\x1b[2J\x1b]0;owned\x07")
