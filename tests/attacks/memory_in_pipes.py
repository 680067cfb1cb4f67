"""
tries = "a megabyte in each of a thousand pipes"
stopped_by = "limit on descriptors, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'change a file descriptor'
"""

import fcntl
import os

import honest
from honest import breach, rnn_step_forward


def attack():
    kept = 0
    try:
        for _ in range(1000):
            _, end = os.pipe()
            fcntl.fcntl(end, 1031, 1024 * 1024)
            kept += os.write(end, bytes(1024 * 1024))
    except OSError:
        pass
    if kept > 64 * 1024 * 1024:
        breach(f"kept {kept} bytes in pipes")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
