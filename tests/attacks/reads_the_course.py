"""
tries = "checks, solutions and known mistakes in the grader's folder"
stopped_by = "mount namespace, Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'read .*checks'
"""

import sys

import honest
from honest import breach, rnn_step_forward


def attack():
    for place in ("@COURSE@", "@COURSE@/autograder", *sys.path):
        for name in (
            "checks/test_02_bptt.py",
            "autograder/checks/test_02_bptt.py",
            "solutions/02_bptt/bptt.py",
            "judge.py",
        ):
            try:
                open(f"{place}/{name}").close()
            except OSError:
                continue
            breach(f"read {name}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
