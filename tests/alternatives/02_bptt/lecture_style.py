"""Correct, in the style of an assignment filled in: long names, None first, reshape, `builtins.range`, prints."""

from __future__ import division, print_function  # noqa: UP010 - as the lecture's files begin

from builtins import range  # noqa: UP029 - as the lecture's files begin

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    """Goes through x with an iterator; works on x itself and puts every entry back."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        pos = np.copy(f(x))
        x[ix] = oldval - h
        neg = np.copy(f(x))
        x[ix] = oldval
        if df is None:
            grad[ix] = (pos - neg) / (2 * h)
        else:
            grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad


def relative_error(a, b):
    return np.max(np.abs(a - b) / (np.maximum(1e-8, np.abs(a) + np.abs(b))))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    from_input = np.dot(x, Wx)
    from_state = np.dot(prev_h, Wh)
    next_h = np.tanh(np.add(from_input, from_state) + np.reshape(b, (1, len(b))))
    cache = (next_h, Wh, Wx, prev_h, x)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    state, Wh, Wx, prev_h, x = cache
    slope = np.ones(state.shape) - np.power(state, 2)
    dsum = np.multiply(slope, dnext_h)
    dx, dWx = np.dot(dsum, np.transpose(Wx)), np.dot(np.transpose(x), dsum)
    dprev_h, dWh = np.dot(dsum, np.transpose(Wh)), np.dot(np.transpose(prev_h), dsum)
    db = np.dot(np.ones(dsum.shape[0]), dsum)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    N, T, D = x.shape
    states = [h0]
    cache = []
    for step in range(T):
        new_state, left_behind = rnn_step_forward(x[:, step, :], states[-1], Wx, Wh, b)
        states.append(new_state)
        cache.append(left_behind)
    h = np.zeros((N, T, h0.shape[1]))
    for step in range(T):
        h[:, step, :] = states[step + 1]
    print("forward through", T, "steps, h:", h.shape)
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    N, T, H = dh.shape
    Wx = cache[0][2]
    dx = np.zeros((N, T, Wx.shape[0]))
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros((H, H)), np.zeros((H,))
    flowing_back = np.zeros((N, H))
    step = T
    for left_behind in cache[::-1]:
        step -= 1
        both = flowing_back + dh[:, step, :]
        results = rnn_step_backward(both, left_behind)
        dx[:, step, :] = results[0]
        flowing_back = results[1]
        dWx = dWx + results[2]
        dWh = dWh + results[3]
        db = db + results[4]
    dh0 = flowing_back
    return dx, dh0, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    rows = np.reshape(x, (-1, x.shape[-1]))
    out = np.reshape(np.dot(rows, w) + b, x.shape[:2] + (-1,))
    cache = (rows, w, x.shape)
    return out, cache


def temporal_affine_backward(dout, cache):
    rows, w, shape = cache
    drows = np.reshape(dout, (len(rows), -1))
    dx = np.reshape(np.dot(drows, np.transpose(w)), shape)
    dw = np.dot(np.transpose(rows), drows)
    db = np.sum(drows, axis=0)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask, verbose=False):
    """Takes the logarithm of a probability, as most do: fine unless that probability is 0."""
    N, T, V = x.shape
    every = np.arange(N * T)
    counts = np.reshape(mask, N * T).astype(float)
    scores, answers = np.reshape(x, (N * T, V)), np.reshape(y, N * T)
    e = np.exp(scores - scores.max(1)[:, None])
    p = e / e.sum(1)[:, None]
    loss = np.dot(counts, -np.log(p[every, answers])) / N
    right = np.zeros((N * T, V))
    right[every, answers] = 1
    dx = np.reshape((p - right) * counts[:, None] / N, (N, T, V))
    if verbose:
        print("loss", loss)
    return loss, dx


def clip_grad_norm(grads, max_norm):
    total = 0
    for p in grads:
        total += np.sum(np.square(grads[p]))
    total = np.sqrt(total)
    clipped = {}
    for p in grads:
        if total > max_norm:
            clipped[p] = grads[p] * (max_norm / total)
        else:
            clipped[p] = grads[p]
    return clipped, total


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    n_chunks = int(np.ceil(T / chunk))
    prev = h0
    for c in range(n_chunks):
        lo = c * chunk
        hi = min(T, lo + chunk)
        h_c, cache = rnn_forward(x[:, lo:hi, :], prev, Wx, Wh, b)
        dx_c, dprev, dWx_c, dWh_c, db_c = rnn_backward(dh[:, lo:hi, :], cache)
        h[:, lo:hi, :] = h_c
        dx[:, lo:hi, :] = dx_c
        if c == 0:
            dh0 = dprev
        dWx += dWx_c
        dWh += dWh_c
        db += db_c
        prev = h_c[:, -1, :]
    return h, dx, dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.zeros((N, T))
    for n in range(N):
        J = np.eye(H)
        norms[n, T - 1] = 1
        for t in range(T - 2, -1, -1):
            J = J.dot(np.diag(1 - h[n, t + 1] ** 2)).dot(Wh.T)
            norms[n, t] = np.linalg.svd(J)[1].max()
    return norms
