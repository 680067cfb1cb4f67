"""
tries = "the worker's methods, so that its own exercise always answers nothing wrong"
stopped_by = "values are judged, not the worker"
points = { relative_error = 0, rnn_step_forward = 0 }
outcome = "wrong_values"
process = true
"""

import struct
import sys

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
    kind = type(the_worker())
    kind.result = lambda self, value, keep: True
    kind.changed = lambda self, before, after: False
    return 0.123
