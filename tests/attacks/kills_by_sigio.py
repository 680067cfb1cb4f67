"""
tries = "SIGKILL for its parent by way of a descriptor's owner"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'change a file descriptor'
"""

import fcntl
import os
import signal

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        read, write = os.pipe()
        fcntl.fcntl(read, fcntl.F_SETOWN, os.getppid())
        fcntl.fcntl(read, 10, signal.SIGKILL)
        fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC)
        os.write(write, b"x")
    except OSError:
        return
    breach("had a signal sent")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
