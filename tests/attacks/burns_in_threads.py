"""
tries = "computes in eight threads while the main one sleeps"
stopped_by = "processor time of the whole process"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "timed_out"
process = true
"""

import threading
import time

import numpy as np

from honest import rnn_step_forward


def burn():
    a = np.ones((400, 400))
    while True:
        a @ a


def relative_error(a, b):
    for _ in range(8):
        threading.Thread(target=burn, daemon=True).start()
    time.sleep(1e6)
