"""
tries = "never finishes its import"
stopped_by = "deadline in processor time; read again without the line"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
slow = true
"""

from honest import relative_error, rnn_step_forward

while True:
    pass
