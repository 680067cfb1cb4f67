"""Correct, with every array turned to float32 on the way in."""

import numpy as np


def f32(*arrays):
    return [np.asarray(a, dtype=np.float32) for a in arrays]


def numerical_gradient(f, x, df=None, h=1e-5):
    # The one place where float32 would not do: a difference of two nearly equal numbers.
    grad = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        change = np.asarray(f(x + step)) - np.asarray(f(x - step))
        grad[i] = np.vdot(1.0 if df is None else df, change) / (2 * h)
    return np.float32(grad)


def relative_error(a, b):
    difference, size = np.abs(a - b), np.abs(a) + np.abs(b)
    return np.float32((difference / np.where(size > 1e-8, size, 1e-8)).max())


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = f32(x, prev_h, Wx, Wh, b)
    next_h = np.tanh(np.concatenate([x, prev_h], axis=1) @ np.concatenate([Wx, Wh]) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    (dnext_h,) = f32(dnext_h)
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h - dnext_h * next_h**2
    both = np.concatenate([x, prev_h], axis=1).T @ da
    D = x.shape[1]
    return da @ Wx.T, da @ Wh.T, both[:D], both[D:], da.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    x, h0, Wx, Wh, b = f32(x, h0, Wx, Wh, b)
    h = np.empty((x.shape[0], x.shape[1] + 1, Wh.shape[0]), dtype=np.float32)
    h[:, 0] = h0
    for t in range(x.shape[1]):
        h[:, t + 1], _ = rnn_step_forward(x[:, t], h[:, t], Wx, Wh, b)
    return h[:, 1:], (x, h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache
    (dh,) = f32(dh)
    dx = np.empty_like(x)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[0])
    future = np.zeros_like(h[:, 0])
    for t in range(x.shape[1])[::-1]:
        step_cache = (x[:, t], h[:, t], Wx, Wh, h[:, t + 1])
        dx[:, t], future, *weights = rnn_step_backward(dh[:, t] + future, step_cache)
        dWx, dWh, db = dWx + weights[0], dWh + weights[1], db + weights[2]
    return dx, future, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    x, w, b = f32(x, w, b)
    return np.tensordot(x, w, axes=1) + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    (dout,) = f32(dout)
    return np.tensordot(dout, w, axes=(2, 1)), np.tensordot(x, dout, axes=((0, 1), (0, 1))), dout.sum(1).sum(0)


def temporal_softmax_loss(x, y, mask):
    (x,) = f32(x)
    N, T, V = x.shape
    mask = mask.astype(np.float32)
    z = np.exp(x - x.max(axis=2)[:, :, None])
    total = z.sum(axis=2)
    target = np.eye(V, dtype=np.float32)[y]
    log_p = (x - x.max(axis=2)[:, :, None] - np.log(total)[:, :, None]) * target
    loss = -(log_p.sum(axis=2) * mask).sum() / np.float32(N)
    dx = (z / total[:, :, None] - target) * mask[:, :, None] / np.float32(N)
    return loss, dx


def clip_grad_norm(grads, max_norm):
    grads = {name: np.float32(g) for name, g in grads.items()}
    norm = np.sqrt(np.float32(sum((g * g).sum() for g in grads.values())))
    coefficient = np.minimum(max_norm / (norm + 1e-6), 1.0)
    return {name: np.float32(g * coefficient) for name, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    x, h0, Wx, Wh, b, dh = f32(x, h0, Wx, Wh, b, dh)
    edges = list(range(0, x.shape[1], chunk)) + [x.shape[1]]
    states, caches, state = [], [], h0
    for first, last in zip(edges[:-1], edges[1:], strict=True):  # all the forward passes ...
        h, cache = rnn_forward(x[:, first:last], state, Wx, Wh, b)
        states.append(h)
        caches.append(cache)
        state = h[:, -1]
    spans = zip(edges[:-1], edges[1:], caches, strict=True)
    pieces = [rnn_backward(dh[:, first:last], cache) for first, last, cache in spans]  # ... then back
    dx = np.concatenate([piece[0] for piece in pieces], axis=1)
    dWx, dWh, db = (np.sum([piece[k] for piece in pieces], axis=0) for k in (2, 3, 4))
    return np.concatenate(states, axis=1), dx, pieces[0][1], dWx, dWh, db


def gradient_norms(h, Wh):
    h, Wh = f32(h, Wh)
    N, T, H = h.shape
    J = np.tile(np.eye(H, dtype=np.float32), (N, 1, 1))
    out = [np.ones(N, dtype=np.float32)]
    for t in range(T - 1, 0, -1):
        J = np.einsum("nij,nj,kj->nik", J, 1 - h[:, t] ** 2, Wh)
        out.append(np.linalg.svd(J, compute_uv=False)[:, 0])
    return np.stack(out[::-1], axis=1)
