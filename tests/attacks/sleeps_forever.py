"""
tries = "waits without using the processor"
stopped_by = "deadline on the clock"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
wall_seconds = 8
"""

import time

from honest import rnn_step_forward


def relative_error(a, b):
    time.sleep(1e6)
