"""The GRU's step, with the reset on either side of the product."""

import numpy as np

from .nonlinear import dsigmoid, dtanh, sigmoid


def forward(x, prev_h, Wx, Wh, b, after=False):
    Wr, Wz, Wn = np.split(Wx, 3, axis=1)
    Ur, Uz, Un = np.split(Wh, 3, axis=1)
    br, bz, bn = np.split(b, 3)
    r, z = sigmoid(x @ Wr + prev_h @ Ur + br), sigmoid(x @ Wz + prev_h @ Uz + bz)
    past = r * (prev_h @ Un) if after else (r * prev_h) @ Un
    n = np.tanh(x @ Wn + past + bn)
    return np.where(True, z * prev_h + (1 - z) * n, 0), (x, prev_h, Wx, Ur, Uz, Un, r, z, n)


def backward(dnext_h, cache):
    x, prev_h, Wx, Ur, Uz, Un, r, z, n = cache
    an = dnext_h * (1 - z) * dtanh(n)
    az = dnext_h * (prev_h - n) * dsigmoid(z)
    ar = (an @ Un.T) * prev_h * dsigmoid(r)
    da = np.concatenate([ar, az, an], axis=1)
    ways = [dnext_h * z, (an @ Un.T) * r, az @ Uz.T, ar @ Ur.T]
    dWh = np.concatenate([prev_h.T @ ar, prev_h.T @ az, (prev_h * r).T @ an], axis=1)
    return da @ Wx.T, np.sum(ways, axis=0), x.T @ da, dWh, da.sum(axis=0)
