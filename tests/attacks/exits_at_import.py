"""
tries = "ends its process while it is imported"
stopped_by = "a worker that ends is not a result"
points = { relative_error = 0, rnn_step_forward = 0 }
outcome = "crashed"
process = true
"""

import os

from honest import relative_error, rnn_step_forward

os._exit(0)
