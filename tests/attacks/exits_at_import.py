"""
tries = "ends its process while it is imported"
stopped_by = "read again in a new process, without the line"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import os

from honest import relative_error, rnn_step_forward

os._exit(0)
