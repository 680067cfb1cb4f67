"""Ines: db of the LSTM keeps an axis, the states of the GRU lose one."""

import numpy as np


def sig(a):
    return 1.0 / (1.0 + np.exp(-np.maximum(a, -500.0)))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = np.hsplit(x.dot(Wx) + prev_h.dot(Wh) + b, 4)
    i, f, o, g = sig(ai), sig(af), sig(ao), np.tanh(ag)
    c = i * g + f * prev_c
    return o * np.tanh(c), c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    tc = np.tanh(c)
    dc = dnext_c + dnext_h * o * (1.0 - np.square(tc))
    da = np.hstack(
        [
            dc * g * i * (1.0 - i),
            dc * prev_c * f * (1.0 - f),
            dnext_h * tc * o * (1.0 - o),
            dc * i * (1.0 - np.square(g)),
        ]
    )
    db = np.sum(da, axis=0, keepdims=True)
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, x.T.dot(da), prev_h.T.dot(da), db


def lstm_forward(x, h0, Wx, Wh, b):
    h, c, states, cache = h0, np.zeros(h0.shape), [], []
    for x_t in x.swapaxes(0, 1):
        h, c, step = lstm_step_forward(x_t, h, c, Wx, Wh, b)
        states.append(h)
        cache.append(step)
    return np.array(states).swapaxes(0, 1), cache


def lstm_backward(dh, cache):
    T = dh.shape[1]
    dx = []
    dprev_h = dprev_c = dWx = dWh = db = 0.0
    for t in range(T):
        back = lstm_step_backward(dh[:, T - 1 - t] + dprev_h, dprev_c, cache[T - 1 - t])
        dx.append(back[0])
        dprev_h, dprev_c = back[1], back[2]
        dWx, dWh, db = dWx + back[3], dWh + back[4], db + back[5]
    dx.reverse()
    return np.array(dx).swapaxes(0, 1), dprev_h, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    rng = np.random.RandomState(seed)
    Wx = rng.randn(D, 4 * H) / np.sqrt(D)
    Wh = rng.randn(H, 4 * H) / np.sqrt(H)
    b = np.zeros(4 * H)
    b[H : 2 * H] += forget_bias
    return Wx, Wh, b


def to_torch_lstm(Wx, Wh, b):
    def swap(w):
        i, f, o, g = np.split(w, 4)
        return np.concatenate((i, f, g, o))

    zero = np.zeros(len(b))
    return {"weight_ih_l0": swap(Wx.T), "weight_hh_l0": swap(Wh.T), "bias_ih_l0": zero, "bias_hh_l0": swap(b)}


def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + b
    r = sig(a[:, :H] + prev_h.dot(Wh[:, :H]))
    z = sig(a[:, H : 2 * H] + prev_h.dot(Wh[:, H : 2 * H]))
    n = np.tanh(a[:, 2 * H :] + (r * prev_h).dot(Wh[:, 2 * H :]))
    return (1.0 - z) * n + z * prev_h, (x, prev_h, Wx, Wh, r, z, n)


def gru_step_backward(dnext_h, cache):
    x, h, Wx, Wh, r, z, n = cache
    H = h.shape[1]
    dn = dnext_h * (1.0 - z) * (1.0 - np.square(n))
    dz = dnext_h * (h - n) * z * (1.0 - z)
    drh = dn.dot(Wh[:, 2 * H :].T)
    dr = drh * h * r * (1.0 - r)
    da = np.hstack([dr, dz, dn])
    dh = dnext_h * z + drh * r + dr.dot(Wh[:, :H].T) + dz.dot(Wh[:, H : 2 * H].T)
    dWh = np.hstack([h.T.dot(dr), h.T.dot(dz), (r * h).T.dot(dn)])
    return da.dot(Wx.T), dh, x.T.dot(da), dWh, np.sum(da, axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    h, states, cache = h0, [], []
    for x_t in x.swapaxes(0, 1):
        h, step = gru_step_forward(x_t, h, Wx, Wh, b)
        states.append(h)
        cache.append(step)
    return np.squeeze(np.array(states).swapaxes(0, 1)), cache


def gru_backward(dh, cache):
    T = dh.shape[1]
    dx = []
    dprev = dWx = dWh = db = 0.0
    for t in range(T):
        back = gru_step_backward(dh[:, T - 1 - t] + dprev, cache[T - 1 - t])
        dx.append(back[0])
        dprev = back[1]
        dWx, dWh, db = dWx + back[2], dWh + back[3], db + back[4]
    dx.reverse()
    return np.array(dx).swapaxes(0, 1), dprev, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    from_x, from_h = x.dot(Wx) + b, prev_h.dot(Wh)
    gates = sig(from_x[:, : 2 * H] + from_h[:, : 2 * H])
    r, z = gates[:, :H], gates[:, H:]
    n = np.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])
    return (1.0 - z) * n + z * prev_h


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    af, ao, ag = np.hsplit(x.dot(Wx) + prev_h.dot(Wh) + b, 3)
    f, o, g = sig(af), sig(ao), np.tanh(ag)
    c = (1.0 - f) * g + f * prev_c
    return o * np.tanh(c), c, (x, prev_h, prev_c, Wx, Wh, f, o, g, c)


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, f, o, g, c = cache
    tc = np.tanh(c)
    dc = dnext_c + dnext_h * o * (1.0 - np.square(tc))
    da = np.hstack(
        [dc * (prev_c - g) * f * (1.0 - f), dnext_h * tc * o * (1.0 - o), dc * (1.0 - f) * (1.0 - np.square(g))]
    )
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, x.T.dot(da), prev_h.T.dot(da), np.sum(da, axis=0)
