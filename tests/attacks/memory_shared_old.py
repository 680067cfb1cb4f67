"""
tries = "System V shared memory, which outlives its process"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import ctypes

import honest
from honest import breach, rnn_step_forward


def attack():
    libc = ctypes.CDLL(None)
    if libc.shmget(0, 64 * 1024 * 1024, 0o1600) >= 0:
        breach("made a segment of shared memory")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
