"""Nils: every step begins with an empty cell, and no gradient goes on from step to step."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-np.clip(a, -100, 100)))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    sums = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b
    sums = sums.reshape(N, 4, H)
    i, f, o = sigmoid(sums[:, 0]), sigmoid(sums[:, 1]), sigmoid(sums[:, 2])
    g = np.tanh(sums[:, 3])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, {"in": (x, prev_h, prev_c), "W": (Wx, Wh), "gates": (i, f, o, g), "c": next_c}


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c = cache["in"]
    Wx, Wh = cache["W"]
    i, f, o, g = cache["gates"]
    tanh_c = np.tanh(cache["c"])
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    d = np.zeros((x.shape[0], 4, f.shape[1]))
    d[:, 0] = dc * g * i * (1 - i)
    d[:, 1] = dc * prev_c * f * (1 - f)
    d[:, 2] = dnext_h * tanh_c * o * (1 - o)
    d[:, 3] = dc * i * (1 - g**2)
    d = d.reshape(x.shape[0], -1)
    return np.matmul(d, Wx.T), np.matmul(d, Wh.T), dc * f, np.matmul(x.T, d), np.matmul(prev_h.T, d), d.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev_h, prev_c = h0, np.zeros_like(h0)
    for t in range(T):
        prev_h, _, step = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    Wx, Wh = cache[0]["W"]
    dx = np.zeros((N, T, len(Wx)))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(4 * H)
    dh0 = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dh0, _, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dh0, np.zeros((N, H)), cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    np.random.seed(seed)
    Wx = np.random.normal(0, 1 / np.sqrt(D), (D, 4 * H))
    Wh = np.random.normal(0, 1 / np.sqrt(H), (H, 4 * H))
    b = np.zeros(4 * H)
    for k in range(H):
        b[H + k] = forget_bias
    return Wx, Wh, b


def to_torch_lstm(Wx, Wh, b):
    H = len(b) // 4
    result = {}
    for name, w in (("weight_ih_l0", Wx.T), ("weight_hh_l0", Wh.T), ("bias_ih_l0", b)):
        blocks = w.reshape(4, H, -1)[[0, 1, 3, 2]]
        result[name] = blocks.reshape(w.shape)
    result["bias_hh_l0"] = np.zeros(4 * H)
    return result


def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    first = sigmoid(np.matmul(x, Wx)[:, : 2 * H] + np.matmul(prev_h, Wh)[:, : 2 * H] + b[: 2 * H])
    r, z = first[:, :H], first[:, H:]
    n = np.tanh(np.matmul(x, Wx)[:, 2 * H :] + np.matmul(r * prev_h, Wh[:, 2 * H :]) + b[2 * H :])
    return n + z * (prev_h - n), {"in": (x, prev_h), "W": (Wx, Wh), "gates": (r, z, n)}


def gru_step_backward(dnext_h, cache):
    (x, prev_h), (Wx, Wh), (r, z, n) = cache["in"], cache["W"], cache["gates"]
    H = prev_h.shape[1]
    d = np.zeros((x.shape[0], 3 * H))
    d[:, 2 * H :] = dnext_h * (1 - z) * (1 - n**2)
    d[:, H : 2 * H] = dnext_h * (prev_h - n) * z * (1 - z)
    back = np.matmul(d[:, 2 * H :], Wh[:, 2 * H :].T)
    d[:, :H] = back * prev_h * r * (1 - r)
    dprev_h = dnext_h * z + back * r + np.matmul(d[:, : 2 * H], Wh[:, : 2 * H].T)
    dWh = np.matmul(prev_h.T, d)
    dWh[:, 2 * H :] = np.matmul((r * prev_h).T, d[:, 2 * H :])
    return np.matmul(d, Wx.T), dprev_h, np.matmul(x.T, d), dWh, d.sum(axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step = gru_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def gru_backward(dh, cache):
    N, T, H = dh.shape
    Wx, Wh = cache[0]["W"]
    dx = np.zeros((N, T, len(Wx)))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(3 * H)
    for t in reversed(range(T)):
        dx[:, t], dh0, dWx_t, dWh_t, db_t = gru_step_backward(dh[:, t], cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    from_x, from_h = np.matmul(x, Wx) + b, np.matmul(prev_h, Wh)
    r = sigmoid(from_x[:, :H] + from_h[:, :H])
    z = sigmoid(from_x[:, H : 2 * H] + from_h[:, H : 2 * H])
    n = np.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])
    return n + z * (prev_h - n)


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    sums = (np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b).reshape(N, 3, H)
    f, o, g = sigmoid(sums[:, 0]), sigmoid(sums[:, 1]), np.tanh(sums[:, 2])
    next_c = g + f * (prev_c - g)
    return o * np.tanh(next_c), next_c, {"in": (x, prev_h, prev_c), "W": (Wx, Wh), "gates": (f, o, g), "c": next_c}


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c = cache["in"]
    Wx, Wh = cache["W"]
    f, o, g = cache["gates"]
    tanh_c = np.tanh(cache["c"])
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    d = np.zeros((x.shape[0], 3, f.shape[1]))
    d[:, 0] = dc * (prev_c - g) * f * (1 - f)
    d[:, 1] = dnext_h * tanh_c * o * (1 - o)
    d[:, 2] = dc * (1 - f) * (1 - g**2)
    d = d.reshape(x.shape[0], -1)
    return np.matmul(d, Wx.T), np.matmul(d, Wh.T), dc * f, np.matmul(x.T, d), np.matmul(prev_h.T, d), d.sum(axis=0)
