"""
tries = "150 child processes"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = '^fork$'
"""

import os
import time

import honest
from honest import breach, rnn_step_forward


def attack():
    for _ in range(150):
        try:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        except OSError:
            continue
        breach("forked")
        return


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
