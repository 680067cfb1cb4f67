"""
tries = "the checks' own reference functions"
stopped_by = "mount namespace, Landlock, import hook"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import importlib

import honest
from honest import breach, rnn_step_forward


def attack():
    for name in (
        "autograder.checks.test_02_bptt",
        "autograder.gradcheck",
        "autograder.draws",
        "coursekit.stand_ins",
        "bptt_solution",
    ):
        try:
            module = importlib.import_module(name)
        except (ImportError, OSError):
            continue
        breach(f"imported {module}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
