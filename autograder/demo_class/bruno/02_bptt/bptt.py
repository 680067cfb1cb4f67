"""Bruno: dictionaries for caches, and gradients that grow in the arrays they came in."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.empty(x.shape)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        i = it.multi_index
        old = float(x[i])
        x[i] += h
        up = np.copy(f(x))
        x[i] = old
        x[i] -= h
        up -= f(x)
        x[i] = old
        if df is not None:
            up *= df
        grad[i] = up.sum()
        it.iternext()
    grad /= 2 * h
    return grad


def relative_error(a, b):
    top = np.abs(a - b)
    bottom = np.abs(a) + np.abs(b)
    bottom[bottom < 1e-8] = 1e-8
    top /= bottom
    return top.max()


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = x.dot(Wx)
    a += prev_h.dot(Wh)
    a += b
    cache = {"x": x, "h": prev_h, "Wx": Wx, "Wh": Wh, "out": np.tanh(a)}
    return cache["out"], cache


def rnn_step_backward(dnext_h, cache):
    dnext_h *= 1 - cache["out"] ** 2  # from here on it is the gradient of what went into tanh
    return (
        dnext_h.dot(cache["Wx"].T),
        dnext_h.dot(cache["Wh"].T),
        cache["x"].T.dot(dnext_h),
        cache["h"].T.dot(dnext_h),
        dnext_h.sum(0),
    )


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.empty((N, T, b.shape[0]))
    cache = {"T": T, "D": D}
    for t in range(T):
        before = h0 if t == 0 else h[:, t - 1]
        h[:, t], cache[t] = rnn_step_forward(x[:, t], before, Wx, Wh, b)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache["D"]
    dx = np.empty((N, T, D))
    grads = {"Wx": np.zeros((D, H)), "Wh": np.zeros((H, H)), "b": np.zeros(H)}
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev, dWx, dWh, db = rnn_step_backward(dh[:, t], cache[t])
        if t > 0:
            dh[:, t - 1] += dprev
        grads["Wx"] += dWx
        grads["Wh"] += dWh
        grads["b"] += db
    return dx, dprev, grads["Wx"], grads["Wh"], grads["b"]


def temporal_affine_forward(x, w, b):
    out = np.dot(x, w)
    out += b
    return out, dict(x=x, w=w)


def temporal_affine_backward(dout, cache):
    x, w = cache["x"], cache["w"]
    N, T, D = x.shape
    flat = dout.reshape(N * T, -1)
    return flat.dot(w.T).reshape(x.shape), x.reshape(N * T, D).T.dot(flat), flat.sum(axis=0)


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    x = x.reshape(N * T, V)
    x -= x.max(axis=1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=1, keepdims=True)
    rows, right, keep = np.arange(N * T), y.reshape(-1), mask.reshape(-1)
    loss = -np.log(x[rows, right])[keep].sum() / N
    x[rows, right] -= 1
    x[~keep] = 0
    x /= N
    return loss, x.reshape(N, T, V)


def clip_grad_norm(grads, max_norm):
    norm = 0.0
    for g in grads.values():
        norm += (g * g).sum()
    norm **= 0.5
    if norm > max_norm:
        for g in grads.values():
            g *= max_norm / norm
    return grads, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h, dx = np.empty_like(dh), np.empty_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh0 = np.empty_like(h0)
    for first in range(0, x.shape[1], chunk):
        now = slice(first, first + chunk)
        h[:, now], cache = rnn_forward(x[:, now], h0, Wx, Wh, b)
        dx[:, now], dstart, *dweights = rnn_backward(dh[:, now], cache)
        for total, part in zip((dWx, dWh, db), dweights):
            total += part
        if first == 0:
            dh0[:] = dstart
        h0 = h[:, now][:, -1]
    return h, dx, dh0, dWx, dWh, db


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.empty((N, T))
    J = np.zeros((N, H, H))
    J[:] = np.eye(H)
    for t in range(T - 1, -1, -1):
        norms[:, t] = np.linalg.svd(J, compute_uv=False)[:, 0]
        J *= (1 - h[:, t] ** 2)[:, :, None]
        J = np.matmul(Wh, J)
    return norms
