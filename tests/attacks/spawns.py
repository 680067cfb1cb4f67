"""
tries = "a process without a fork: posix_spawn and vfork"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'start the process'
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        os.posix_spawn("/usr/bin/env", ["env"], {})
    except OSError:
        return
    breach("started a process")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
