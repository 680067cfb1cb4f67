"""Ada: unit 4."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-np.clip(a, -700, 700)))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b  # (N, 4H)
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    u = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - u**2)
    da_i = dc * g * i * (1 - i)
    da_f = dc * prev_c * f * (1 - f)
    da_o = dnext_h * u * o * (1 - o)
    da_g = dc * i * (1 - g**2)
    da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    h_t, c_t = h0, np.zeros(h0.shape)
    cache = []
    for t in range(T):
        h_t, c_t, step = lstm_step_forward(x[:, t], h_t, c_t, Wx, Wh, b)
        h[:, t] = h_t
        cache.append(step)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    x, _, _, Wx, Wh = cache[0][:5]
    dx = np.zeros((N, T, x.shape[1]))
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(4 * H)
    dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        grads = lstm_step_backward(dh[:, t] + dh_next, dc_next, cache[t])
        dx[:, t], dh_next, dc_next = grads[:3]
        dWx += grads[3]
        dWh += grads[4]
        db += grads[5]
    return dx, dh_next, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    rng = np.random.default_rng(seed)
    Wx = rng.normal(0.0, 1 / np.sqrt(D), size=(D, 4 * H))
    Wh = rng.normal(0.0, 1 / np.sqrt(H), size=(H, 4 * H))
    b = np.concatenate([np.zeros(H), np.full(H, forget_bias), np.zeros(2 * H)])
    return Wx, Wh, b


def to_torch_lstm(Wx, Wh, b):
    H = Wh.shape[0]
    order = np.concatenate([np.arange(2 * H), np.arange(3 * H, 4 * H), np.arange(2 * H, 3 * H)])  # i, f, g, o
    return {
        "weight_ih_l0": Wx.T[order],
        "weight_hh_l0": Wh.T[order],
        "bias_ih_l0": b[order],
        "bias_hh_l0": np.zeros(4 * H),
    }


def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    r = sigmoid(x @ Wx[:, :H] + prev_h @ Wh[:, :H] + b[:H])
    z = sigmoid(x @ Wx[:, H : 2 * H] + prev_h @ Wh[:, H : 2 * H] + b[H : 2 * H])
    n = np.tanh(x @ Wx[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :] + b[2 * H :])
    return z * prev_h + (1 - z) * n, (x, prev_h, Wx, Wh, r, z, n)


def gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, n = cache
    H = prev_h.shape[1]
    dn = dnext_h * (1 - z)
    dz = dnext_h * (prev_h - n)
    da_n = dn * (1 - n**2)
    da_z = dz * z * (1 - z)
    drh = da_n @ Wh[:, 2 * H :].T
    da_r = drh * prev_h * r * (1 - r)
    da = np.concatenate([da_r, da_z, da_n], axis=1)
    dprev_h = dnext_h * z + drh * r + da_r @ Wh[:, :H].T + da_z @ Wh[:, H : 2 * H].T
    dWh = np.zeros(Wh.shape)
    dWh[:, :H] = prev_h.T @ da_r
    dWh[:, H : 2 * H] = prev_h.T @ da_z
    dWh[:, 2 * H :] = (r * prev_h).T @ da_n
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    h_t, cache = h0, []
    for t in range(T):
        h_t, step = gru_step_forward(x[:, t], h_t, Wx, Wh, b)
        h[:, t] = h_t
        cache.append(step)
    return h, cache


def gru_backward(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh = cache[0][:4]
    dx = np.zeros((N, T, x.shape[1]))
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(3 * H)
    dh_next = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx[:, t], dh_next, dWx_t, dWh_t, db_t = gru_step_backward(dh[:, t] + dh_next, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh_next, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    ax, ah = x @ Wx + b, prev_h @ Wh
    r = sigmoid(ax[:, :H] + ah[:, :H])
    z = sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    n = np.tanh(ax[:, 2 * H :] + r * ah[:, 2 * H :])
    return z * prev_h + (1 - z) * n


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b  # (N, 3H)
    f, o, g = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), np.tanh(a[:, 2 * H :])
    next_c = f * prev_c + (1 - f) * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, f, o, g, next_c)


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, f, o, g, next_c = cache
    u = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - u**2)
    da_f = dc * (prev_c - g) * f * (1 - f)
    da_o = dnext_h * u * o * (1 - o)
    da_g = dc * (1 - f) * (1 - g**2)
    da = np.concatenate([da_f, da_o, da_g], axis=1)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)
