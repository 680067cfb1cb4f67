"""
tries = "300 threads that wait"
stopped_by = "end of the worker"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import threading
import time

import honest
from honest import rnn_step_forward


def attack():
    for _ in range(300):
        try:
            threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
        except (RuntimeError, MemoryError):
            return


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
