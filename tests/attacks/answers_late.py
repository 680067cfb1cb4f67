"""
tries = "an answer from a thread after the deadline has passed"
stopped_by = "SIGKILL by pidfd"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
"""

import struct
import sys
import threading
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


def later(stream, data):
    time.sleep(10)
    stream.write(data)
    stream.flush()


def relative_error(a, b):
    worker = the_worker()
    data = sys.modules["_unrolled_protocol"].encode(["result", worker.call_id, 0.0, [False, False]])
    data = struct.pack("<I", len(data)) + data
    threading.Thread(target=later, args=(worker.send, data), daemon=True).start()
    while True:
        pass
