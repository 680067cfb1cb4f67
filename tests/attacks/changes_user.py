"""
tries = "another user's rights"
stopped_by = "no capabilities, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    for change in (
        lambda: os.setuid(0),
        lambda: os.setgid(0),
        lambda: os.setgroups([0]),
        lambda: os.setreuid(1, 1),
        lambda: os.setsid(),
    ):
        try:
            change()
        except OSError:
            continue
        breach("changed its user")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
