"""
tries = "leaves by exceptions that are not errors"
stopped_by = "everything is caught"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "crashed"
process = true
"""

from honest import rnn_step_forward


class Out(BaseException):
    def __str__(self):
        raise SystemExit(0)


def relative_error(a, b):
    raise Out
