"""
tries = "memory outside the process's own: an anonymous file"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        file = os.memfd_create("hoard")
        for _ in range(64):
            os.write(file, bytes(1024 * 1024))
    except OSError:
        return
    breach("kept 64 MB in an anonymous file")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
