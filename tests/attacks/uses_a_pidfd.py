"""
tries = "descriptors of another process"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import ctypes
import os

import honest
from honest import breach, rnn_step_forward


def syscall(*arguments):
    """A system call, by number; negative means refused."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return ctypes.CDLL(None, use_errno=True).syscall(*values)


def attack():
    for number in (os.getppid(), int("@JUDGE@")):
        if syscall(434, number, 0) >= 0:
            breach("opened a pidfd")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
