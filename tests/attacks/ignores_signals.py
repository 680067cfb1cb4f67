"""
tries = "ignores every signal that can be ignored, then loops"
stopped_by = "SIGKILL by pidfd"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
"""

import signal

from honest import rnn_step_forward


def relative_error(a, b):
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass
