"""
tries = "the system calls of x32 programs, which bypass careless filters"
stopped_by = "seccomp"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "crashed"
machine = "x86_64"
"""

import ctypes

import honest
from honest import breach, rnn_step_forward


def syscall(*arguments):
    """A system call, by number; negative means refused."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return ctypes.CDLL(None, use_errno=True).syscall(*values)


def relative_error(a, b):
    if syscall(0x40000000 + 39) > 0:
        breach("made an x32 system call")
    return honest.relative_error(a, b)
