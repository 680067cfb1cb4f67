"""
tries = "leaves an exit handler and a thread that never end"
stopped_by = "SIGKILL by pidfd"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import atexit
import threading
import time

from honest import relative_error, rnn_step_forward


def wait():
    time.sleep(1e6)


atexit.register(wait)
threading.Thread(target=wait).start()
