"""Correct, with plain Python loops and nested lists all the way; numpy only where a function is missing."""

import math
import sys

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    original = x.copy()
    grad = np.zeros(x.shape)
    for i in range(x.size):
        x.flat[i] += h
        above = np.array(f(x))
        x.flat[i] -= 2 * h
        below = np.array(f(x))
        x.flat[i] = original.flat[i]
        grad.flat[i] = ((above - below) * (1 if df is None else df)).sum() / (2 * h)
    return grad


def relative_error(a, b):
    return max(abs(p - q) / max(1e-8, abs(p) + abs(q)) for p, q in zip(a.flatten(), b.flatten(), strict=True))


def dot(A, B):
    return [[sum(A[i][k] * B[k][j] for k in range(len(B))) for j in range(len(B[0]))] for i in range(len(A))]


def turned(A):
    return [list(column) for column in zip(*A, strict=True)]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    p, q = dot(x, Wx), dot(prev_h, Wh)
    next_h = [[math.tanh(p[n][j] + q[n][j] + b[j]) for j in range(len(b))] for n in range(len(x))]
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = [[g * (1 - s * s) for g, s in zip(*rows, strict=True)] for rows in zip(dnext_h, next_h, strict=True)]
    db = [sum(column) for column in zip(*da, strict=True)]
    return dot(da, turned(Wx)), dot(da, turned(Wh)), dot(turned(x), da), dot(turned(prev_h), da), db


def rnn_forward(x, h0, Wx, Wh, b):
    steps, caches = [], {}
    for t in range(x.shape[1]):
        h0, caches[t] = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        steps.append(h0)
        sys.stderr.write(f"h[{t}] done\n")
    caches["T"] = len(steps)
    return [[steps[t][n] for t in range(len(steps))] for n in range(len(x))], caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx, total, back = [], None, np.zeros((N, H))
    for t in range(cache["T"] - 1, -1, -1):
        dx_t, back, *dW = rnn_step_backward(dh[:, t] + np.array(back), cache[t])
        dx.insert(0, dx_t)
        dW = [np.array(g) for g in dW]
        total = dW if total is None else [a + g for a, g in zip(total, dW, strict=True)]
    return np.array(dx).transpose(1, 0, 2), back, *total


def temporal_affine_forward(x, w, b):
    return [[[v + c for v, c in zip(dot([r], w)[0], b, strict=True)] for r in rows] for rows in x.tolist()], (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    rows = [row for sequence in x for row in sequence]
    drows = [row for sequence in dout for row in sequence]
    return [dot(sequence, turned(w)) for sequence in dout], dot(turned(rows), drows), [sum(c) for c in turned(drows)]


def temporal_softmax_loss(x, y, mask):
    loss, dx = 0.0, np.zeros_like(x)
    for n in range(len(x)):
        for t in range(len(x[n])):
            if mask[n][t]:
                top = max(x[n][t])
                parts = [math.exp(s - top) for s in x[n][t]]
                loss -= x[n][t][y[n][t]] - top - math.log(sum(parts))
                for v, part in enumerate(parts):
                    dx[n, t, v] = (part / sum(parts) - (1 if v == y[n, t] else 0)) / len(x)
    return loss / len(x), dx.tolist()


def clip_grad_norm(grads, max_norm):
    squares = 0.0
    for g in grads.values():
        for entry in g.flatten():
            squares += entry * entry
    norm = math.sqrt(squares)
    if norm <= max_norm:
        return grads, norm
    return {name: (g / norm * max_norm).tolist() for name, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    hs, dxs, first, weights = [], [], None, [0, 0, 0]
    start = 0
    while start < x.shape[1]:
        h, cache = rnn_forward(x[:, start : start + chunk], h0, Wx, Wh, b)
        h = np.array(h)
        dx, dh_start, *dW = rnn_backward(dh[:, start : start + chunk], cache)
        hs.append(h)
        dxs.append(dx)
        if first is None:
            first = dh_start
        weights = [a + np.array(g) for a, g in zip(weights, dW, strict=True)]
        h0 = h[:, -1]
        start += chunk
    return np.concatenate(hs, 1), np.concatenate(dxs, 1), first, *weights


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.zeros((N, T))
    for n in range(N):
        J = np.identity(H).tolist()  # row i: how entry i of h_t reaches the last state
        for t in range(T - 1, -1, -1):
            norms[n, t] = max(np.linalg.svd(np.array(J))[1])
            through = [[J[i][j] * (1 - h[n, t, i] ** 2) for j in range(H)] for i in range(H)]
            J = dot(Wh, through)
    return norms
