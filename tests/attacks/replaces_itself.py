"""
tries = "exec of a shell"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'replace the process by'
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        os.execv("/bin/sh", ["sh", "-c", "echo BREACH: exec"])
    except OSError:
        return
    breach("exec")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
