"""
tries = "whether a file exists and how long it is"
stopped_by = "mount namespace"
points = { relative_error = 2, rnn_step_forward = 4 }
leaks = ["landlock"]
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        os.stat("@SECRET@/salt")
    except OSError:
        return
    breach("saw that the salt exists")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
