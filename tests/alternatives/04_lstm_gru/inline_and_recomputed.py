"""Correct, without calling the step functions: whole sequences at once, the forward pass recomputed going back."""

import numpy as np
from numpy import einsum, exp, tanh, zeros


def sigmoid(a):
    return exp(-np.logaddexp(0.0, -a))


def lstm_gates(x, h, W, U, b):
    """(N, 4, H): i, f, o, g."""
    N, H = h.shape
    a = (einsum("nd,dk->nk", x, W) + einsum("nh,hk->nk", h, U) + b).reshape(N, 4, H)
    return np.concatenate([sigmoid(a[:, :3]), tanh(a[:, 3:])], axis=1)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = lstm_gates(x, prev_h, Wx, Wh, b).transpose(1, 0, 2)
    next_c = f * prev_c + i * g
    return o * tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, b)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, h, c, W, U, b = cache
    gates = lstm_gates(*cache[:2], *cache[3:])
    i, f, o, g = gates.transpose(1, 0, 2)
    shown = tanh(f * c + i * g)
    dc = dnext_c + dnext_h * (o - o * shown * shown)
    upstream = np.stack([dc * g, dc * c, dnext_h * shown, dc * i], axis=1)
    slopes = np.concatenate([gates[:, :3] * (1 - gates[:, :3]), 1 - gates[:, 3:] ** 2], axis=1)
    da = (upstream * slopes).reshape(len(x), -1)
    return (
        einsum("nk,dk->nd", da, W),
        einsum("nk,hk->nh", da, U),
        f * dc,
        einsum("nd,nk->dk", x, da),
        einsum("nh,nk->hk", h, da),
        einsum("nk->k", da),
    )


def lstm_run(x, h0, Wx, Wh, b):
    """Hidden states and cells (T + 1, N, H), gates (T, N, 4, H)."""
    T = x.shape[1]
    h, c = zeros((T + 1, *h0.shape)), zeros((T + 1, *h0.shape))
    gates = zeros((T, len(h0), 4, h0.shape[1]))
    h[0] = h0
    for t in range(T):
        gates[t] = lstm_gates(x[:, t], h[t], Wx, Wh, b)
        c[t + 1] = gates[t, :, 1] * c[t] + gates[t, :, 0] * gates[t, :, 3]
        h[t + 1] = gates[t, :, 2] * tanh(c[t + 1])
    return h, c, gates


def lstm_forward(x, h0, Wx, Wh, b):
    return lstm_run(x, h0, Wx, Wh, b)[0][1:].swapaxes(0, 1), (x, h0, Wx, Wh, b)


def lstm_backward(dh, cache):
    x, h0, Wx, Wh, b = cache
    h, c, gates = lstm_run(*cache)
    T, N, H = len(gates), *h0.shape
    da = zeros((T, N, 4 * H))
    back_h, back_c = 0.0, 0.0
    for t in range(T - 1, -1, -1):
        i, f, o, g = gates[t].swapaxes(0, 1)
        shown = tanh(c[t + 1])
        dh_t = dh[:, t] + back_h
        dc = back_c + dh_t * o * (1 - shown**2)
        blocks = [dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dh_t * shown * o * (1 - o), dc * i * (1 - g**2)]
        da[t] = np.hstack(blocks)
        back_h, back_c = da[t] @ Wh.T, dc * f
    return (
        einsum("tnk,dk->ntd", da, Wx),
        back_h,
        einsum("ntd,tnk->dk", x, da),
        einsum("tnh,tnk->hk", h[:-1], da),
        da.sum(axis=(0, 1)),
    )


def init_lstm(D, H, forget_bias=1.0, seed=0):
    import random

    generator = random.Random(seed)
    Wx = [[generator.gauss(0, 1 / D**0.5) for _ in range(4 * H)] for _ in range(D)]
    Wh = [[generator.gauss(0, 1 / H**0.5) for _ in range(4 * H)] for _ in range(H)]
    return np.array(Wx), np.array(Wh), np.array([0.0] * H + [forget_bias] * H + [0.0] * 2 * H)


def to_torch_lstm(Wx, Wh, b):
    def turned(w):
        return w.reshape(-1, 4, w.shape[-1] // 4)[:, [0, 1, 3, 2]].reshape(w.shape).T

    noise = np.sin(np.arange(len(b)))  # any split will do
    return {
        "weight_ih_l0": turned(Wx),
        "weight_hh_l0": turned(Wh),
        "bias_ih_l0": turned(b[None])[:, 0] - noise,
        "bias_hh_l0": noise,
    }


def gru_values(x, h, Wx, Wh, b):
    """r, z and the candidate."""
    H = h.shape[1]
    Wr, Wz, Wn = (Wx[:, k : k + H] for k in (0, H, 2 * H))
    Ur, Uz, Un = (Wh[:, k : k + H] for k in (0, H, 2 * H))
    br, bz, bn = b.reshape(3, H)
    r, z = sigmoid(x @ Wr + h @ Ur + br), sigmoid(x @ Wz + h @ Uz + bz)
    return r, z, tanh(x @ Wn + (r * h) @ Un + bn)


def gru_sums(dnext_h, x, h, Wx, Wh, b):
    """(N, 3H): the gradient at the three sums; (N, H): that of the old state."""
    H = h.shape[1]
    r, z, n = gru_values(x, h, Wx, Wh, b)
    an = dnext_h * (1 - z) * (1 - n**2)
    drh = an @ Wh[:, 2 * H :].T
    da = np.hstack([drh * h * r * (1 - r), dnext_h * (h - n) * z * (1 - z), an])
    return da, dnext_h * z + drh * r + da[:, : 2 * H] @ Wh[:, : 2 * H].T, r


def gru_step_forward(x, prev_h, Wx, Wh, b):
    _, z, n = gru_values(x, prev_h, Wx, Wh, b)
    return n + z * (prev_h - n), (x, prev_h, Wx, Wh, b)


def gru_step_backward(dnext_h, cache):
    x, h, Wx, Wh, b = cache
    H = h.shape[1]
    da, dprev_h, r = gru_sums(dnext_h, *cache)
    dWh = einsum("gnh,gnk->hgk", np.stack([h, h, r * h]), da.reshape(-1, 3, H).swapaxes(0, 1)).reshape(H, -1)
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(0)


def gru_forward(x, h0, Wx, Wh, b):
    h = [h0]
    for t in range(x.shape[1]):
        _, z, n = gru_values(x[:, t], h[-1], Wx, Wh, b)
        h.append(z * h[-1] + (1 - z) * n)
    return np.stack(h[1:], axis=1), (x, h, Wx, Wh, b)


def gru_backward(dh, cache):
    x, h, Wx, Wh, b = cache
    T, H = x.shape[1], h0_width(h)
    back, das, rs = 0.0, [None] * T, [None] * T
    for t in range(T)[::-1]:
        das[t], back, rs[t] = gru_sums(dh[:, t] + back, x[:, t], h[t], Wx, Wh, b)
    da, before = np.stack(das), np.stack(h[:-1])  # (T, N, 3H), (T, N, H)
    dWh = np.concatenate(
        [
            einsum("tnh,tnk->hk", before, da[:, :, : 2 * H]),
            einsum("tnh,tnk->hk", np.stack(rs) * before, da[:, :, 2 * H :]),
        ],
        axis=1,
    )
    return einsum("tnk,dk->ntd", da, Wx), back, einsum("ntd,tnk->dk", x, da), dWh, da.sum((0, 1))


def h0_width(h):
    return h[0].shape[1]


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    both = np.concatenate([x, prev_h], axis=1) @ np.concatenate([Wx, Wh]) + b
    r, z = sigmoid(both[:, :H]), sigmoid(both[:, H : 2 * H])
    from_h = prev_h @ Wh[:, 2 * H :]
    return z * prev_h + (1 - z) * tanh(both[:, 2 * H :] - (1 - r) * from_h)


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    f, o, g = coupled_gates(x, prev_h, Wx, Wh, b)
    next_c = f * prev_c + (1 - f) * g
    return o * tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, b)


def coupled_gates(x, h, Wx, Wh, b):
    a = np.split(x @ Wx + h @ Wh + b, 3, axis=-1)
    return sigmoid(a[0]), sigmoid(a[1]), tanh(a[2])


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, h, c, Wx, Wh, b = cache
    f, o, g = coupled_gates(x, h, Wx, Wh, b)
    shown = tanh(f * c + (1 - f) * g)
    dc = dnext_c + dnext_h * o * (1 - shown**2)
    da = np.hstack([dc * (c - g) * f * (1 - f), dnext_h * shown * o * (1 - o), dc * (1 - f) * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, h.T @ da, da.sum(0)
