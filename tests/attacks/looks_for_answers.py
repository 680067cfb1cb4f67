"""
tries = "expected values on the stack and in the garbage collector"
stopped_by = "the worker has none"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'look'
"""

import gc
import sys

import honest
from honest import breach, rnn_step_forward

WORDS = ("expected", "draw", "salt", "rtol", "tolerance", "points")


def attack():
    frame = sys._getframe()
    while frame is not None:
        for name in (*frame.f_locals, *frame.f_globals):
            if name.lower() in WORDS:
                breach(f"found {name}")
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ in ("Draw", "Case", "Check", "Expect", "Unit", "Course"):
            breach(f"found {thing!r}")
        if type(thing) is dict and any(word in thing for word in ("expected", "rtol")) and "cases" in thing:
            breach("found a case")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
