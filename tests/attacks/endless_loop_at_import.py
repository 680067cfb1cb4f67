"""
tries = "never finishes its import"
stopped_by = "deadline in processor time"
points = { relative_error = 0, rnn_step_forward = 0 }
outcome = "timed_out"
process = true
slow = true
"""

from honest import relative_error, rnn_step_forward

while True:
    pass
