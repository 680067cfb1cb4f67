"""One step."""

import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(sum((z @ W for z, W in ((x, Wx), (prev_h, Wh))), b))
    return next_h, [[x, Wx], [prev_h, Wh], next_h]


def rnn_step_backward(dnext_h, cache):
    *pairs, next_h = cache
    da = dnext_h * (1 + next_h) * (1 - next_h)
    (dx, dWx), (dprev_h, dWh) = [(da @ W.T, z.T @ da) for z, W in pairs]
    return dx, dprev_h, dWx, dWh, da.sum(0)
