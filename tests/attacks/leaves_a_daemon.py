"""
tries = "a process of its own session that outlives its parent"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'fork'
"""

import os
import time

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
    except OSError:
        return
    breach("left a daemon")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
