"""
tries = "ends its process just after it was imported, before the first call"
stopped_by = "a worker that ends is not a result"
points = { relative_error = 0, rnn_step_forward = 0 }
outcome = "crashed"
process = true
"""

import os
import threading

import honest
from honest import breach, relative_error, rnn_step_forward


threading.Timer(0.001, os._exit, (0,)).start()
