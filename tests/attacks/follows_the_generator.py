"""
tries = "the state of numpy's generator, should the draws come from it"
stopped_by = "the worker draws nothing"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import numpy as np

import honest
from honest import breach, rnn_step_forward

STATES = set()


def relative_error(a, b):
    STATES.add(hash(np.random.get_state()[1].tobytes()))
    np.random.seed(20_15)
    if len(STATES) > 1:
        breach("the generator moves")
    return honest.relative_error(a, b)
