"""
tries = "the salt or the seed in the environment, the arguments and the modules"
stopped_by = "the worker has none"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import os
import sys

import honest
from honest import breach, rnn_step_forward


def attack():
    for name in os.environ:
        if "SALT" in name or "UNROLLED" in name:
            breach(f"found {name}")
    if len(sys.argv) > 1 or sys.orig_argv[4:] and "seed" in str(sys.orig_argv):
        breach("found arguments")
    for name in sys.modules:
        if name.startswith("autograder"):
            breach(f"found {name}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
