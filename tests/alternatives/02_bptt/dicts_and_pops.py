"""Correct, with caches that are dicts and get used up, arguments changed in place, lists returned."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    flat = x.reshape(-1)  # a view: writing to it moves x
    grad = []
    for i in range(flat.size):
        entry = flat[i]
        values = []
        for sign in (1, -1):
            flat[i] = entry + sign * h
            values.append(np.array(f(x)))
        flat[i] = entry
        difference = (values[0] - values[1]) / 2 / h
        grad.append(difference if df is None else (difference * df).sum())
    return np.array(grad).reshape(x.shape)


def relative_error(a, b):
    worst = 0.0
    for p, q in zip(np.ravel(a), np.ravel(b), strict=True):
        worst = max(worst, abs(p - q) / max(1e-8, abs(p) + abs(q)))
    return worst


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    cache = {"x": x, "prev": prev_h, "Wx": Wx, "Wh": Wh}
    out = x @ Wx
    out += prev_h @ Wh
    out += b
    np.tanh(out, out=out)
    cache["h"] = out.copy()
    return out, cache


def rnn_step_backward(dnext_h, cache):
    h = cache.pop("h")
    h **= 2
    dnext_h *= 1 - h
    dx = dnext_h @ cache["Wx"].T
    dprev_h = dnext_h @ cache["Wh"].T
    dWx = cache.pop("x").T @ dnext_h
    dWh = cache.pop("prev").T @ dnext_h
    return [dx, dprev_h, dWx, dWh, np.sum(dnext_h, 0)]


def rnn_forward(x, h0, Wx, Wh, b):
    caches = []
    h = []
    for t in range(x.shape[1]):
        print("step", t)
        h0, cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        caches.append(cache)
        h.append(h0)
    return np.stack(h, axis=1), caches


def rnn_backward(dh, cache):
    T = dh.shape[1]
    dx = [None] * T
    total = None
    t = T
    while cache:
        t -= 1
        (*step,) = rnn_step_backward(dh[:, t], cache.pop())
        dx[t], dprev_h = step[:2]
        if t > 0:
            dh[:, t - 1] += dprev_h  # what comes from the future joins what comes from above
        total = step[2:] if total is None else [a + g for a, g in zip(total, step[2:], strict=True)]
    return [np.stack(dx, axis=1), dprev_h, *total]


def temporal_affine_forward(x, w, b):
    cache = {"input": x.copy(), "weights": w}
    out = np.matmul(x, w)
    out += b
    return out, cache


def temporal_affine_backward(dout, cache):
    x, w = cache.pop("input"), cache.pop("weights")
    dw = np.zeros_like(w)
    db = np.zeros(w.shape[1])
    for t in range(x.shape[1]):
        dw += x[:, t].T @ dout[:, t]
        db += dout[:, t].sum(0)
    return [dout @ w.T, dw, db]


def temporal_softmax_loss(x, y, mask):
    x -= x.max(-1, keepdims=True)
    log_sum = np.log(np.exp(x).sum(-1))
    right = np.take_along_axis(x, y[..., None], axis=-1)[..., 0]
    losses = np.where(mask, log_sum - right, 0.0)
    loss = losses.sum(axis=1).mean()
    dx = np.exp(x - log_sum[..., None])
    np.put_along_axis(dx, y[..., None], np.take_along_axis(dx, y[..., None], -1) - 1.0, -1)
    dx[~mask] = 0
    dx /= len(x)
    return [loss, dx]


def clip_grad_norm(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads.values()]))
    if norm > max_norm:
        for name in grads:
            grads[name] *= max_norm / norm
    return [grads, norm]


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    states, dxs, dh0, dWx, dWh, db = [], [], None, 0, 0, 0
    while x.shape[1]:
        h, cache = rnn_forward(x[:, :chunk], h0, Wx, Wh, b)
        dx, dstart, *dW = rnn_backward(dh[:, :chunk], cache)
        states.append(h)
        dxs.append(dx)
        dh0 = dstart if dh0 is None else dh0
        dWx, dWh, db = dWx + dW[0], dWh + dW[1], db + dW[2]
        x, dh, h0 = x[:, chunk:], dh[:, chunk:], h[:, -1]
    return [np.concatenate(states, 1), np.concatenate(dxs, 1), dh0, dWx, dWh, db]


def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = [[1.0] * T for _ in range(N)]
    for n in range(N):
        for t in range(T - 1):
            product = np.eye(H)
            for later in range(t + 1, T):
                product = np.diag(1 - h[n, later] ** 2) @ Wh.T @ product
            norms[n][t] = np.linalg.norm(product, 2)
    return norms
