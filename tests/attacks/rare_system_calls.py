"""
tries = "io_uring, bpf, perf, userfaultfd, keys, fanotify, modules, memfd_secret"
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
    room = ctypes.create_string_buffer(512)
    for number in (
        425,
        321,
        298,
        323,
        248,
        250,
        300,
        175,
        447,
        310,
        312,
        434,
        438,
        440,
        165,
        304,
        101,
        272,
        308,
        155,
        246,
    ):
        if syscall(number, 1, room, 0, 0, 0) >= 0:
            breach(f"system call {number}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
