"""
tries = "the inputs made again from small seeds, to know the next ones"
stopped_by = "seeds of 128 bits"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import numpy as np

import honest
from honest import breach, rnn_step_forward


def relative_error(a, b):
    for seed in range(500):
        for maker in (np.random.default_rng(seed), np.random.RandomState(seed)):
            if np.allclose(maker.normal(size=a.shape) if hasattr(maker, "bit_generator") else maker.randn(*a.shape), a):
                breach("found the seed")
    return honest.relative_error(a, b)
