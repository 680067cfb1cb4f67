"""Chen: dictionaries that the backward pass empties, results as lists."""

import numpy as np


def sigmoid(a):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx
    a += prev_h @ Wh
    a += b
    i, f, o, g = np.hsplit(a, 4)  # views of a
    a[:, : 3 * g.shape[1]] = sigmoid(a[:, : 3 * g.shape[1]])
    np.tanh(g, out=g)
    cache = {"i": i, "f": f, "o": o, "g": g, "gates": a, "c": prev_c, "x": x, "h": prev_h, "W": (Wx, Wh)}
    c = f * prev_c
    c += i * g
    cache["shown"] = np.tanh(c)
    return [o * cache["shown"], c, cache]


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, shown = (cache.pop(k) for k in ("i", "f", "o", "g", "shown"))
    gates = cache.pop("gates")
    H = g.shape[1]
    dgates = np.empty_like(gates)
    dgates[:, 2 * H : 3 * H] = dnext_h * shown
    dnext_h *= o
    dnext_h *= 1 - shown**2
    dc = dnext_c + dnext_h
    dgates[:, :H] = dc * g
    dgates[:, H : 2 * H] = dc * cache.pop("c")
    dgates[:, 3 * H :] = dc * i
    dgates[:, : 3 * H] *= gates[:, : 3 * H] - gates[:, : 3 * H] ** 2
    dgates[:, 3 * H :] *= 1 - g**2
    Wx, Wh = cache.pop("W")
    dprev_c = dc * f
    return [
        dgates @ Wx.T,
        dgates @ Wh.T,
        dprev_c,
        cache.pop("x").T @ dgates,
        cache.pop("h").T @ dgates,
        dgates.sum(0),
    ]


def lstm_forward(x, h0, Wx, Wh, b):
    caches, states, c = [], [], 0
    for t in range(x.shape[1]):
        h0, c, cache = lstm_step_forward(x=x[:, t], prev_h=h0, prev_c=c, Wx=Wx, Wh=Wh, b=b)
        caches.append(cache)
        states.append(h0)
    caches.append(x.shape)
    return [np.stack(states, axis=1), caches]


def lstm_backward(dh, cache):
    dx = np.empty(cache.pop())
    dh0, dc, dWx, dWh, db = 0, 0, 0, 0, 0
    t = dx.shape[1]
    while cache:
        t -= 1
        dx[:, t], dh0, dc, *weights = lstm_step_backward(dh[:, t] + dh0, dc, cache.pop())
        dWx, dWh, db = dWx + weights[0], dWh + weights[1], db + weights[2]
    return [dx, dh0, dWx, dWh, db]


def init_lstm(D, H, forget_bias=1.0, seed=0):
    state = np.random.RandomState(seed)
    blocks = [(state.normal(0, D**-0.5, (D, H)), state.normal(0, H**-0.5, (H, H))) for _ in range(4)]
    biases = [np.zeros(H), np.full(H, forget_bias), np.zeros(H), np.zeros(H)]
    return [np.hstack([w for w, _ in blocks]), np.hstack([w for _, w in blocks]), np.hstack(biases)]


def to_torch_lstm(Wx, Wh, b):
    H = len(b) // 4
    places = np.r_[0 : 2 * H, 3 * H : 4 * H, 2 * H : 3 * H]
    return dict(
        weight_ih_l0=Wx[:, places].T,
        weight_hh_l0=Wh.T[places],
        bias_hh_l0=b[places],
        bias_ih_l0=np.zeros(4 * H),
    )


def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + b
    a[:, : 2 * H] += prev_h @ Wh[:, : 2 * H]
    a[:, : 2 * H] = sigmoid(a[:, : 2 * H])
    kept = a[:, :H] * prev_h
    a[:, 2 * H :] += kept @ Wh[:, 2 * H :]
    a[:, 2 * H :] = np.tanh(a[:, 2 * H :])
    z, n = a[:, H : 2 * H], a[:, 2 * H :]
    return [z * prev_h + (1 - z) * n, {"values": a, "kept": kept, "h": prev_h, "x": x, "Wx": Wx, "Wh": Wh}]


def gru_step_backward(dnext_h, cache):
    values, h, kept = cache.pop("values"), cache.pop("h"), cache.pop("kept")
    Wx, Wh = cache.pop("Wx"), cache.pop("Wh")
    H = h.shape[1]
    r, z, n = values[:, :H], values[:, H : 2 * H], values[:, 2 * H :]
    da = np.empty_like(values)
    da[:, 2 * H :] = dnext_h * (1 - z) * (1 - n * n)
    da[:, H : 2 * H] = dnext_h * (h - n) * z * (1 - z)
    dkept = da[:, 2 * H :] @ Wh[:, 2 * H :].T
    da[:, :H] = dkept * h * r * (1 - r)
    dnext_h *= z
    dnext_h += dkept * r
    dnext_h += da[:, : 2 * H] @ Wh[:, : 2 * H].T
    dWh = h.T @ da
    dWh[:, 2 * H :] = kept.T @ da[:, 2 * H :]
    return [da @ Wx.T, dnext_h, cache.pop("x").T @ da, dWh, da.sum(0)]


def gru_forward(x, h0, Wx, Wh, b):
    states, caches = [], {}
    for t in range(x.shape[1]):
        h0, caches[t] = gru_step_forward(x[:, t], h0, Wx, Wh, b)
        states += [h0]
    return [np.stack(states, axis=1), caches]


def gru_backward(dh, cache):
    dx, weights = [], None
    for t in sorted(cache, reverse=True):
        dx_t, back, *dW = gru_step_backward(dnext_h=dh[:, t], cache=cache.pop(t))
        if t:
            dh[:, t - 1] += back  # what comes from the future joins what comes from above
        dx.append(dx_t)
        weights = dW if weights is None else [w + g for w, g in zip(weights, dW, strict=True)]
    return [np.stack(dx[::-1], axis=1), back, *weights]


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    x, prev_h_in = x @ Wx + b, prev_h @ Wh
    x[:, : 2 * H] += prev_h_in[:, : 2 * H]
    r, z = np.hsplit(sigmoid(x[:, : 2 * H]), 2)
    prev_h_in *= np.tile(r, 3)
    x[:, 2 * H :] += prev_h_in[:, 2 * H :]
    new = np.tanh(x[:, 2 * H :])
    prev_h -= new
    prev_h *= z
    prev_h += new
    return prev_h


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    f, o, g = np.hsplit(a, 3)
    f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
    c = g + f * (prev_c - g)
    return [o * np.tanh(c), c, {"f": f, "o": o, "g": g, "c": c, "old": (x, prev_h, prev_c), "W": (Wx, Wh)}]


def coupled_step_backward(dnext_h, dnext_c, cache):
    f, o, g, c = (cache.pop(k) for k in "fogc")
    (x, h, prev_c), (Wx, Wh) = cache.pop("old"), cache.pop("W")
    dnext_c += dnext_h * o / np.cosh(c) ** 2
    da = [dnext_c * (prev_c - g) * f * (1 - f), dnext_h * np.tanh(c) * o * (1 - o), dnext_c * (1 - f) * (1 - g**2)]
    da = np.hstack(da)
    dnext_c *= f
    return [da @ Wx.T, da @ Wh.T, dnext_c, x.T @ da, h.T @ da, da.sum(0)]
