"""
tries = "fork, vfork, clone and clone3 as bare system calls"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
machine = "x86_64"
"""

import ctypes

import honest
from honest import breach, rnn_step_forward


def syscall(*arguments):
    """A system call, by number; negative means refused."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return ctypes.CDLL(None, use_errno=True).syscall(*values)


def attack():
    for arguments in ((57,), (58,), (56, 17, 0, 0, 0, 0), (435, 0, 0)):
        number = syscall(*arguments)
        if number == 0:
            syscall(60, 0)
        if number > 0:
            breach("made a process")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
