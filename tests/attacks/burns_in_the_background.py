"""
tries = "returns the right answer and leaves a thread that computes on"
stopped_by = "end of the worker"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import threading

import honest
from honest import rnn_step_forward


def burn():
    while True:
        sum(range(1000))


def relative_error(a, b):
    if threading.active_count() == 1:
        threading.Thread(target=burn).start()
    return honest.relative_error(a, b)
