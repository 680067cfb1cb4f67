"""
tries = "waits for a lock that it holds"
stopped_by = "deadline on the clock"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
wall_seconds = 8
slow = true
"""

import threading

from honest import rnn_step_forward


def relative_error(a, b):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
