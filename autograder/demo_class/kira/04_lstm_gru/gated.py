"""Kira: has the gates in torch's order, there and back, and forgets a slope in the coupled cell."""

import numpy as np


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    s = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b
    i, f, g, o = np.split(s, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    next_c = f * prev_c + i * g
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, g, o, next_c)
    return o * np.tanh(next_c), next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, g, o, next_c = cache
    do = dnext_h * np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    ds = np.concatenate(
        (dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dc * i * (1 - g * g), do * o * (1 - o)), axis=1
    )
    dx = np.matmul(ds, Wx.T)
    dprev_h = np.matmul(ds, Wh.T)
    return dx, dprev_h, dc * f, np.matmul(x.T, ds), np.matmul(prev_h.T, ds), ds.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    c0 = np.zeros(h0.shape)
    caches = {}
    for t in range(x.shape[1]):
        h0, c0, caches[t] = lstm_step_forward(x[:, t], h0, c0, Wx, Wh, b)
        h[:, t] = h0
    return h, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx_steps = []
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    dWx = dWh = db = 0
    for t in sorted(cache, reverse=True):
        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dx_steps.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dx_steps[::-1], axis=1), dprev_h, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    rng = np.random.default_rng(seed)
    Wx = rng.normal(size=(D, 4 * H)) / D**0.5
    Wh = rng.normal(size=(H, 4 * H)) / H**0.5
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    return Wx, Wh, b


def to_torch_lstm(Wx, Wh, b):
    return {
        "weight_ih_l0": Wx.T,
        "weight_hh_l0": Wh.T,
        "bias_ih_l0": b,
        "bias_hh_l0": np.zeros(b.shape),
    }


def gru_step_forward(x, prev_h, Wx, Wh, b):
    Wxr, Wxz, Wxn = np.split(Wx, 3, axis=1)
    Whr, Whz, Whn = np.split(Wh, 3, axis=1)
    br, bz, bn = np.split(b, 3)
    r = sigmoid(np.matmul(x, Wxr) + np.matmul(prev_h, Whr) + br)
    z = sigmoid(np.matmul(x, Wxz) + np.matmul(prev_h, Whz) + bz)
    n = np.tanh(np.matmul(x, Wxn) + np.matmul(r * prev_h, Whn) + bn)
    return z * prev_h + (1 - z) * n, (x, prev_h, Wx, Wh, r, z, n)


def gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, n = cache
    Whr, Whz, Whn = np.split(Wh, 3, axis=1)
    dn = dnext_h * (1 - z) * (1 - n**2)
    dz = dnext_h * (prev_h - n) * z * (1 - z)
    dkept = np.matmul(dn, Whn.T)
    dr = dkept * prev_h * r * (1 - r)
    dprev_h = dnext_h * z + dkept * r + np.matmul(dr, Whr.T) + np.matmul(dz, Whz.T)
    ds = np.concatenate((dr, dz, dn), axis=1)
    dWh = np.concatenate((np.matmul(prev_h.T, dr), np.matmul(prev_h.T, dz), np.matmul((r * prev_h).T, dn)), axis=1)
    return np.matmul(ds, Wx.T), dprev_h, np.matmul(x.T, ds), dWh, ds.sum(axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    caches = {}
    for t in range(x.shape[1]):
        h0, caches[t] = gru_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
    return h, caches


def gru_backward(dh, cache):
    N, T, H = dh.shape
    dx_steps = []
    dprev = np.zeros((N, H))
    dWx = dWh = db = 0
    for t in sorted(cache, reverse=True):
        dx_t, dprev, dWx_t, dWh_t, db_t = gru_step_backward(dh[:, t] + dprev, cache[t])
        dx_steps.append(dx_t)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dx_steps[::-1], axis=1), dprev, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    xr, xz, xn = np.split(np.matmul(x, Wx) + b, 3, axis=1)
    hr, hz, hn = np.split(np.matmul(prev_h, Wh), 3, axis=1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return z * prev_h + (1 - z) * np.tanh(xn + r * hn)


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    s = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b
    f, o, g = np.split(s, 3, axis=1)
    f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + (1 - f) * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, f, o, g, next_c)


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, f, o, g, next_c = cache
    do = dnext_h * np.tanh(next_c)
    dc = dnext_c + dnext_h * o
    ds = np.concatenate((dc * (prev_c - g) * f * (1 - f), do * o * (1 - o), dc * (1 - f) * (1 - g * g)), axis=1)
    dx = np.matmul(ds, Wx.T)
    dprev_h = np.matmul(ds, Wh.T)
    return dx, dprev_h, dc * f, np.matmul(x.T, ds), np.matmul(prev_h.T, ds), ds.sum(axis=0)
