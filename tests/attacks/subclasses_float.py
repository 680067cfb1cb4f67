"""
tries = "a float whose comparisons lie"
stopped_by = "plain arrays only"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "wrong_values"
process = true
"""

from honest import rnn_step_forward


class Liar(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__
    __hash__ = float.__hash__


def relative_error(a, b):
    return Liar(0.123)
