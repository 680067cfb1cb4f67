"""Olga: starts the LSTM from zeros whatever h0 is, and keeps only the last weight gradient of the GRU."""

import numpy as np
from numpy import exp, tanh


def sigmoid(a):
    e = exp(-abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = np.einsum("nd,dk->nk", x, Wx) + np.einsum("nh,hk->nk", prev_h, Wh) + b
    H = prev_h.shape[1]
    gates = sigmoid(a[:, : 3 * H])
    i, f, o, g = gates[:, :H], gates[:, H : 2 * H], gates[:, 2 * H :], tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    return o * tanh(next_c), next_c, [x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh(next_c)]


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, u = cache
    dc = dnext_c + dnext_h * o * (1 - u**2)
    dsum = np.hstack((dc * g * (i - i**2), dc * prev_c * (f - f**2), dnext_h * u * (o - o**2), dc * i * (1 - g**2)))
    return dsum @ Wx.T, dsum @ Wh.T, dc * f, x.T @ dsum, prev_h.T @ dsum, np.sum(dsum, axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, T, H))
    prev_h, prev_c = np.zeros((N, H)), np.zeros((N, H))
    cache = []
    for t in range(T):
        prev_h, prev_c, step = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros(4 * H)
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    draw = np.random.default_rng(seed).standard_normal
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    return draw((D, 4 * H)) / np.sqrt(D), draw((H, 4 * H)) / np.sqrt(H), b


def to_torch_lstm(Wx, Wh, b):
    H = Wh.shape[0]
    columns = [*range(2 * H), *range(3 * H, 4 * H), *range(2 * H, 3 * H)]
    return {
        "weight_ih_l0": Wx[:, columns].T,
        "weight_hh_l0": Wh[:, columns].T,
        "bias_ih_l0": b[columns],
        "bias_hh_l0": np.zeros(4 * H),
    }


def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    in_x = np.einsum("nd,dk->nk", x, Wx) + b
    in_h = np.einsum("nh,hk->nk", prev_h, Wh[:, : 2 * H])
    r, z = sigmoid(in_x[:, :H] + in_h[:, :H]), sigmoid(in_x[:, H : 2 * H] + in_h[:, H:])
    n = tanh(in_x[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :])
    return z * prev_h + (1 - z) * n, [x, prev_h, Wx, Wh, r, z, n]


def gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, n = cache
    H = prev_h.shape[1]
    dn = dnext_h * (1 - z) * (1 - n**2)
    dprod = dn @ Wh[:, 2 * H :].T
    dgates = np.hstack((dprod * prev_h * (r - r**2), dnext_h * (prev_h - n) * (z - z**2)))
    dsum = np.hstack((dgates, dn))
    dprev_h = z * dnext_h + r * dprod + dgates @ Wh[:, : 2 * H].T
    dWh = np.hstack((prev_h.T @ dgates, (r * prev_h).T @ dn))
    return dsum @ Wx.T, dprev_h, x.T @ dsum, dWh, np.sum(dsum, axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, Wh.shape[0]))
    cache = []
    for t in range(T):
        h[:, t], step = gru_step_forward(x[:, t], h[:, t - 1] if t else h0, Wx, Wh, b)
        cache.append(step)
    return h, cache


def gru_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dprev_h = np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, 3 * H)), np.zeros((H, 3 * H)), np.zeros(3 * H)
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev_h, dWx, dWh, db = gru_step_backward(dh[:, t] + dprev_h, cache[t])
    return dx, dprev_h, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    in_x, in_h = np.split(x @ Wx + b, 3, axis=1), np.split(prev_h @ Wh, 3, axis=1)
    r, z = sigmoid(in_x[0] + in_h[0]), sigmoid(in_x[1] + in_h[1])
    n = tanh(in_x[2] + r * in_h[2])
    return z * prev_h + (1 - z) * n


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = np.einsum("nd,dk->nk", x, Wx) + np.einsum("nh,hk->nk", prev_h, Wh) + b
    f, o, g = np.split(a, 3, axis=1)
    f, o, g = sigmoid(f), sigmoid(o), tanh(g)
    next_c = f * prev_c + (1 - f) * g
    return o * tanh(next_c), next_c, [x, prev_h, prev_c, Wx, Wh, f, o, g, tanh(next_c)]


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, f, o, g, u = cache
    dc = dnext_c + dnext_h * o * (1 - u**2)
    dsum = np.hstack((dc * (prev_c - g) * (f - f**2), dnext_h * u * (o - o**2), dc * (1 - f) * (1 - g**2)))
    return dsum @ Wx.T, dsum @ Wh.T, dc * f, x.T @ dsum, prev_h.T @ dsum, np.sum(dsum, axis=0)
