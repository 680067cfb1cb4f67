"""
tries = "questions without reading the answers"
stopped_by = "deadlines on sending, too"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
wall_seconds = 8
slow = true
"""

import struct
import sys

import numpy as np

from honest import rnn_step_forward


def the_worker():
    """The object that answers the judge, found on the stack."""
    frame = sys._getframe()
    while frame is not None:
        found = frame.f_locals.get("self")
        if hasattr(found, "call_id") and hasattr(found, "send"):
            return found
        frame = frame.f_back
    return None


def say(data):
    """One frame to the judge, with whatever bytes."""
    stream = the_worker().send
    stream.write(struct.pack("<I", len(data)) + data)
    stream.flush()


def relative_error(a, b):
    data = sys.modules["_unrolled_protocol"].encode(["ask", the_worker().call_id, 0, [np.zeros(4000)]])
    while True:
        say(data)
