"""
tries = "the answers of its own later calls, by way of a trace function"
stopped_by = "values are judged"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import sys
import threading

import honest
from honest import rnn_step_forward


def trace(frame, event, argument):
    return trace


def attack():
    sys.settrace(trace)
    sys.setprofile(trace)
    threading.settrace(trace)


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
