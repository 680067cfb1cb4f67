"""
tries = "a message one byte at a time, for ever"
stopped_by = "deadline on the clock"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
wall_seconds = 8
slow = true
"""

import struct
import sys
import time

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
    stream = the_worker().send
    stream.write(struct.pack("<I", 1000))
    while True:
        stream.write(b"l")
        stream.flush()
        time.sleep(0.05)
