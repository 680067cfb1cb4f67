"""
tries = "POSIX shared memory"
stopped_by = "Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

from multiprocessing import shared_memory

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        shared_memory.SharedMemory(create=True, size=64 * 1024 * 1024)
    except (OSError, ImportError):
        return
    breach("made shared memory")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
