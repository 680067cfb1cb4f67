"""Correct, with every array turned to float32 on the way in; caches of sequences are arrays, put together anew."""

import numpy as np


def f32(*arrays):
    return [np.asarray(a, dtype=np.float32) for a in arrays]


def sigmoid(a):
    return np.float32(0.5) * (np.tanh(a / 2) + 1)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    x, prev_h, prev_c, Wx, Wh, b = f32(x, prev_h, prev_c, Wx, Wh, b)
    a = np.concatenate([x, prev_h], axis=1) @ np.concatenate([Wx, Wh]) + b
    a_i, a_f, a_o, a_g = np.array_split(a, 4, axis=1)
    gates = np.stack([sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)])
    next_c = gates[1] * prev_c + gates[0] * gates[3]
    return gates[2] * np.tanh(next_c), next_c, (x, prev_h, prev_c, next_c, gates, Wx, Wh)


def lstm_step_backward(dnext_h, dnext_c, cache):
    dnext_h, dnext_c = f32(dnext_h, dnext_c)
    x, prev_h, prev_c, next_c, (i, f, o, g), Wx, Wh = cache
    shown = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - shown * shown)
    blocks = [dc * g * (i - i * i), dc * prev_c * (f - f * f), dnext_h * shown * (o - o * o), dc * i * (1 - g * g)]
    da = np.concatenate(blocks, axis=1)
    both = np.concatenate([x, prev_h], axis=1).T @ da
    D = x.shape[1]
    return da @ Wx.T, da @ Wh.T, dc * f, both[:D], both[D:], da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    x, h0, Wx, Wh, b = f32(x, h0, Wx, Wh, b)
    N, T, H = x.shape[0], x.shape[1], h0.shape[1]
    h, c = np.zeros((N, T + 1, H), dtype=np.float32), np.zeros((N, T + 1, H), dtype=np.float32)
    gates = np.empty((4, N, T, H), dtype=np.float32)
    h[:, 0] = h0
    for t in range(T):
        h[:, t + 1], c[:, t + 1], step = lstm_step_forward(x[:, t], h[:, t], c[:, t], Wx, Wh, b)
        gates[:, :, t] = step[4]
    return h[:, 1:], (x, h, c, gates, Wx, Wh)


def lstm_backward(dh, cache):
    x, h, c, gates, Wx, Wh = cache
    (dh,) = f32(dh)
    dx = np.empty_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[0])
    future_h, future_c = np.zeros_like(h[:, 0]), np.zeros_like(h[:, 0])
    for t in range(x.shape[1])[::-1]:
        step = (x[:, t], h[:, t], c[:, t], c[:, t + 1], gates[:, :, t], Wx, Wh)
        dx[:, t], future_h, future_c, *dW = lstm_step_backward(dh[:, t] + future_h, future_c, step)
        dWx, dWh, db = dWx + dW[0], dWh + dW[1], db + dW[2]
    return dx, future_h, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    rng = np.random.default_rng([seed, 4])
    scale = np.repeat([D**-0.5, H**-0.5], [D, H]).astype(np.float32)
    both = rng.standard_normal((D + H, 4 * H), dtype=np.float32) * scale[:, None]
    b = np.zeros((4, H), dtype=np.float32)
    b[1] += np.float32(forget_bias)
    return both[:D], both[D:], b.ravel()


def to_torch_lstm(Wx, Wh, b):
    Wx, Wh, b = f32(Wx, Wh, b)
    H = Wh.shape[0]
    P = np.zeros((4 * H, 4 * H), dtype=np.float32)  # a permutation of columns
    for new, old in enumerate((0, 1, 3, 2)):
        P[old * H : (old + 1) * H, new * H : (new + 1) * H] = np.eye(H)
    return {
        "weight_ih_l0": (Wx @ P).T,
        "weight_hh_l0": (Wh @ P).T,
        "bias_ih_l0": 0.25 * b @ P,
        "bias_hh_l0": 0.75 * b @ P,
    }


def gru_step_forward(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = f32(x, prev_h, Wx, Wh, b)
    H = prev_h.shape[1]
    from_x = x @ Wx + b
    gates = sigmoid(from_x[:, : 2 * H] + prev_h @ Wh[:, : 2 * H])
    n = np.tanh(from_x[:, 2 * H :] + (gates[:, :H] * prev_h) @ Wh[:, 2 * H :])
    next_h = n + gates[:, H:] * (prev_h - n)
    return next_h, (x, prev_h, gates, n, Wx, Wh)


def gru_step_backward(dnext_h, cache):
    (dnext_h,) = f32(dnext_h)
    x, prev_h, gates, n, Wx, Wh = cache
    r, z = np.array_split(gates, 2, axis=1)
    Wh_r, Wh_z, Wh_n = np.array_split(Wh, 3, axis=1)
    an = (dnext_h - dnext_h * z) * (1 - n * n)
    seen = an @ Wh_n.T
    ar, az = seen * prev_h * (r - r * r), dnext_h * (prev_h - n) * (z - z * z)
    dprev_h = dnext_h * z + seen * r + ar @ Wh_r.T + az @ Wh_z.T
    da = np.concatenate([ar, az, an], axis=1)
    dWh = np.concatenate([prev_h.T @ ar, prev_h.T @ az, (r * prev_h).T @ an], axis=1)
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    x, h0, Wx, Wh, b = f32(x, h0, Wx, Wh, b)
    h = np.empty((x.shape[0], x.shape[1] + 1, h0.shape[1]), dtype=np.float32)
    gates = np.empty((x.shape[0], x.shape[1], 3, h0.shape[1]), dtype=np.float32)
    h[:, 0] = h0
    for t in range(x.shape[1]):
        h[:, t + 1], step = gru_step_forward(x[:, t], h[:, t], Wx, Wh, b)
        gates[:, t] = np.concatenate(step[2:4], axis=1).reshape(-1, 3, h0.shape[1])
    return h[:, 1:], (x, h, gates, Wx, Wh)


def gru_backward(dh, cache):
    x, h, gates, Wx, Wh = cache
    (dh,) = f32(dh)
    N, T, H = dh.shape
    dx = np.empty_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[0])
    future = np.zeros_like(h[:, 0])
    for t in range(T)[::-1]:
        step = (x[:, t], h[:, t], gates[:, t, :2].reshape(N, 2 * H), gates[:, t, 2], Wx, Wh)
        dx[:, t], future, *dW = gru_step_backward(dh[:, t] + future, step)
        dWx, dWh, db = dWx + dW[0], dWh + dW[1], db + dW[2]
    return dx, future, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = f32(x, prev_h, Wx, Wh, b)
    xr, xz, xn = np.array_split(x @ Wx + b, 3, axis=1)
    hr, hz, hn = np.array_split(prev_h @ Wh, 3, axis=1)
    n = np.tanh(xn + sigmoid(xr + hr) * hn)
    return n + sigmoid(xz + hz) * (prev_h - n)


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    x, prev_h, prev_c, Wx, Wh, b = f32(x, prev_h, prev_c, Wx, Wh, b)
    f, o, g = np.array_split(x @ Wx + prev_h @ Wh + b, 3, axis=1)
    f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = prev_c * f + g - g * f
    return o * np.tanh(next_c), next_c, [x, prev_h, prev_c, Wx, Wh, f, o, g, next_c]


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, f, o, g, next_c = cache
    dnext_h, dnext_c = f32(dnext_h, dnext_c)
    shown = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - shown * shown)
    da = np.concatenate(
        [dc * (prev_c - g) * (f - f * f), dnext_h * shown * (o - o * o), (dc - dc * f) * (1 - g * g)], 1
    )
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)
