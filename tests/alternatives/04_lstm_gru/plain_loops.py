"""Correct, with plain Python loops and nested lists all the way; numpy only where a function is missing."""

import math
import random

import numpy as np


def sig(a):
    if a < 0:
        return 1 - sig(-a)
    return 1 / (1 + math.exp(-a))


def dot(A, B):
    return [[sum(A[i][k] * B[k][j] for k in range(len(B))) for j in range(len(B[0]))] for i in range(len(A))]


def turned(A):
    return [list(column) for column in zip(*A, strict=True)]


def sums(x, h, Wx, Wh, b):
    p, q = dot(x, Wx), dot(h, Wh)
    return [[p[n][j] + q[n][j] + b[j] for j in range(len(b))] for n in range(len(x))]


def both_ways(x, h, Wx, Wh, da):
    """dx, dprev_h, dWx, dWh, db from the gradient at the sums."""
    return (
        dot(da, turned(Wx)),
        dot(da, turned(Wh)),
        dot(turned(x), da),
        dot(turned(h), da),
        [sum(c) for c in turned(da)],
    )


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = len(x), len(prev_h[0])
    a = sums(x, prev_h, Wx, Wh, b)
    next_h, next_c, kept = [], [], []
    for n in range(N):
        next_h.append([])
        next_c.append([])
        kept.append([])
        for j in range(H):
            i, f, o, g = sig(a[n][j]), sig(a[n][H + j]), sig(a[n][2 * H + j]), math.tanh(a[n][3 * H + j])
            c = f * prev_c[n][j] + i * g
            next_h[n].append(o * math.tanh(c))
            next_c[n].append(c)
            kept[n].append((i, f, o, g, c))
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, kept)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, kept = cache
    N, H = len(x), len(prev_h[0])
    da = [[0.0] * (4 * H) for _ in range(N)]
    dprev_c = [[0.0] * H for _ in range(N)]
    for n in range(N):
        for j in range(H):
            i, f, o, g, c = kept[n][j]
            shown = math.tanh(c)
            dc = dnext_c[n][j] + dnext_h[n][j] * o * (1 - shown * shown)
            da[n][j] = dc * g * i * (1 - i)
            da[n][H + j] = dc * prev_c[n][j] * f * (1 - f)
            da[n][2 * H + j] = dnext_h[n][j] * shown * o * (1 - o)
            da[n][3 * H + j] = dc * i * (1 - g * g)
            dprev_c[n][j] = dc * f
    dx, dprev_h, *weights = both_ways(x, prev_h, Wx, Wh, da)
    return dx, dprev_h, dprev_c, *weights


def lstm_forward(x, h0, Wx, Wh, b):
    c = [[0.0] * len(h0[0]) for _ in h0]
    steps, caches = [], []
    for t in range(x.shape[1]):
        h0, c, cache = lstm_step_forward(x[:, t], h0, c, Wx, Wh, b)
        steps.append(h0)
        caches.append(cache)
    return [[steps[t][n] for t in range(len(steps))] for n in range(len(x))], caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx, totals = [], None
    back_h, back_c = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx_t, back_h, back_c, *dW = lstm_step_backward(dh[:, t] + np.array(back_h), back_c, cache[t])
        dx.insert(0, dx_t)
        dW = [np.array(g) for g in dW]
        totals = dW if totals is None else [a + g for a, g in zip(totals, dW, strict=True)]
    return np.array(dx).transpose(1, 0, 2), back_h, *totals


def init_lstm(D, H, forget_bias=1.0, seed=0):
    random.seed(seed)
    Wx, Wh = np.empty((D, 4 * H)), np.empty((H, 4 * H))
    for w in (Wx, Wh):
        for index in np.ndindex(*w.shape):
            w[index] = random.normalvariate(0.0, 1.0 / math.sqrt(len(w)))
    return Wx.tolist(), Wh.tolist(), [forget_bias if H <= j < 2 * H else 0 for j in range(4 * H)]


def to_torch_lstm(Wx, Wh, b):
    H = len(Wh)

    def rows(w):
        columns = turned(w)
        return columns[: 2 * H] + columns[3 * H :] + columns[2 * H : 3 * H]

    bias = [*b[: 2 * H], *b[3 * H :], *b[2 * H : 3 * H]]
    return {"weight_ih_l0": rows(Wx), "weight_hh_l0": rows(Wh), "bias_ih_l0": bias, "bias_hh_l0": [0] * (4 * H)}


def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = len(prev_h[0])
    a = sums(x, prev_h, Wx, Wh, b)
    r = [[sig(v) for v in row[:H]] for row in a]
    z = [[sig(v) for v in row[H : 2 * H]] for row in a]
    kept = [[p * q for p, q in zip(*rows, strict=True)] for rows in zip(r, prev_h, strict=True)]
    own = [row[2 * H :] for row in Wh]
    p, q = dot(x, [row[2 * H :] for row in Wx]), dot(kept, own)
    new = [[math.tanh(p[n][j] + q[n][j] + b[2 * H + j]) for j in range(H)] for n in range(len(x))]
    mixed = [[z[n][j] * prev_h[n][j] + (1 - z[n][j]) * new[n][j] for j in range(H)] for n in range(len(x))]
    return mixed, (x, prev_h, Wx, Wh, r, z, new, kept)


def gru_step_backward(dnext_h, cache):
    x, h, Wx, Wh, r, z, new, kept = cache
    N, H = len(x), len(h[0])
    an = [[dnext_h[n][j] * (1 - z[n][j]) * (1 - new[n][j] ** 2) for j in range(H)] for n in range(N)]
    back = dot(an, turned([row[2 * H :] for row in Wh]))
    ar = [[back[n][j] * h[n][j] * r[n][j] * (1 - r[n][j]) for j in range(H)] for n in range(N)]
    az = [[dnext_h[n][j] * (h[n][j] - new[n][j]) * z[n][j] * (1 - z[n][j]) for j in range(H)] for n in range(N)]
    gates = [ar[n] + az[n] for n in range(N)]
    from_gates = dot(gates, turned([row[: 2 * H] for row in Wh]))
    dprev_h = [[dnext_h[n][j] * z[n][j] + back[n][j] * r[n][j] + from_gates[n][j] for j in range(H)] for n in range(N)]
    da = [gates[n] + an[n] for n in range(N)]
    dWh = [p + q for p, q in zip(dot(turned(h), gates), dot(turned(kept), an), strict=True)]
    return dot(da, turned(Wx)), dprev_h, dot(turned(x), da), dWh, [sum(c) for c in turned(da)]


def gru_forward(x, h0, Wx, Wh, b):
    steps, caches = [], []
    for t in range(x.shape[1]):
        h0, cache = gru_step_forward(x[:, t], h0, Wx, Wh, b)
        steps.append(h0)
        caches.append(cache)
    return [[steps[t][n] for t in range(len(steps))] for n in range(len(x))], caches


def gru_backward(dh, cache):
    back, dx, totals = 0, [], None
    for t in range(len(cache) - 1, -1, -1):
        dx_t, back, *dW = gru_step_backward(dh[:, t] + back, cache[t])
        back = np.array(back)
        dx = [dx_t, *dx]
        dW = [np.array(g) for g in dW]
        totals = dW if totals is None else [a + g for a, g in zip(totals, dW, strict=True)]
    return np.array(dx).transpose(1, 0, 2).tolist(), back, *totals


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = len(prev_h[0])
    p, q = dot(x, Wx), dot(prev_h, Wh)
    out = []
    for n in range(len(x)):
        row = []
        for j in range(H):
            r = sig(p[n][j] + q[n][j] + b[j])
            z = sig(p[n][H + j] + q[n][H + j] + b[H + j])
            new = math.tanh(p[n][2 * H + j] + b[2 * H + j] + r * q[n][2 * H + j])
            row.append(z * prev_h[n][j] + (1 - z) * new)
        out.append(row)
    return out


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = len(prev_h[0])
    f, o, g, c = [], [], [], []
    for row, old in zip(sums(x, prev_h, Wx, Wh, b), prev_c, strict=True):
        f.append([sig(v) for v in row[:H]])
        o.append([sig(v) for v in row[H : 2 * H]])
        g.append([math.tanh(v) for v in row[2 * H :]])
        c.append([f[-1][j] * old[j] + (1 - f[-1][j]) * g[-1][j] for j in range(H)])
    h = [[p * math.tanh(q) for p, q in zip(*rows, strict=True)] for rows in zip(o, c, strict=True)]
    return h, c, dict(x=x, h=prev_h, c0=prev_c, Wx=Wx, Wh=Wh, f=f, o=o, g=g, c=c)


def coupled_step_backward(dnext_h, dnext_c, cache):
    f, o, g, c, old = (cache[name] for name in ("f", "o", "g", "c", "c0"))
    da, dprev_c = [], []
    for n in range(len(f)):
        keep, show, new, back = [], [], [], []
        for j in range(len(f[n])):
            shown = math.tanh(c[n][j])
            dc = dnext_c[n][j] + dnext_h[n][j] * o[n][j] * (1 - shown**2)
            keep.append(dc * (old[n][j] - g[n][j]) * f[n][j] * (1 - f[n][j]))
            show.append(dnext_h[n][j] * shown * o[n][j] * (1 - o[n][j]))
            new.append(dc * (1 - f[n][j]) * (1 - g[n][j] ** 2))
            back.append(dc * f[n][j])
        da.append(keep + show + new)
        dprev_c.append(back)
    dx, dprev_h, *weights = both_ways(cache["x"], cache["h"], cache["Wx"], cache["Wh"], da)
    return dx, dprev_h, dprev_c, *weights
