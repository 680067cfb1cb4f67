"""The LSTM's step, with or without an input gate of its own."""

import numpy as np

from .nonlinear import dsigmoid, dtanh, sigmoid


def forward(x, prev_h, prev_c, Wx, Wh, b, coupled=False):
    H = prev_h.shape[-1]
    a = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + np.broadcast_to(b, (len(x), len(b)))
    gates = [sigmoid(a[:, k : k + H]) for k in range(0, a.shape[1] - H, H)]
    g = np.tanh(a[:, -H:])
    f, o = gates[-2:]
    i = 1 - f if coupled else gates[0]
    next_c = i * g + f * prev_c
    return o * np.tanh(next_c), next_c, (coupled, x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def backward(dnext_h, dnext_c, cache):
    coupled, x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    shown = np.tanh(next_c)
    dc = dnext_h * o * dtanh(shown) + dnext_c
    df = dc * (prev_c - g) if coupled else dc * prev_c
    sums = [] if coupled else [dc * g * dsigmoid(i)]
    sums += [df * dsigmoid(f), dnext_h * shown * dsigmoid(o), dc * i * dtanh(g)]
    da = np.concatenate(sums, axis=-1)
    return da @ Wx.T, da @ Wh.T, f * dc, np.matmul(x.T, da), np.matmul(prev_h.T, da), np.ones(len(da)) @ da
