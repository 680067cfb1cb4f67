"""
tries = "1,200 threads with the smallest stacks"
stopped_by = "limit on tasks"
points = { relative_error = 2, rnn_step_forward = 4 }
memory_mb = 4096
slow = true
leaks = ["landlock"]
"""

import threading
import time

import honest
from honest import breach, rnn_step_forward


def attack():
    started = 0
    threading.stack_size(32 * 1024)
    try:
        while started < 1200:
            threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
            started += 1
    except (RuntimeError, MemoryError):
        return
    finally:
        threading.stack_size(0)
    breach(f"started {started} threads")


def relative_error(a, b):
    if threading.active_count() == 1:
        attack()
    return honest.relative_error(a, b)
