"""
tries = "files, sockets and folders that the worker has open"
stopped_by = "descriptors closed after the fork"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import os
import stat

import honest
from honest import breach, rnn_step_forward


def attack():
    for number in range(3, 256):
        try:
            kind = os.fstat(number).st_mode
        except OSError:
            continue
        if not stat.S_ISFIFO(kind) or number not in (10, 11):
            breach(f"descriptor {number} is open: {oct(kind)}")
        for name in ("etc/passwd", "../etc/passwd", "salt"):
            try:
                os.close(os.open(name, os.O_RDONLY, dir_fd=number))
            except OSError:
                continue
            breach("opened a file through a folder")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
