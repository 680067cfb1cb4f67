"""What comes after the recurrent layer."""

import numpy as np


def temporal_affine_forward(x, w, b):
    return np.apply_along_axis(lambda row: row @ w + b, 2, x), np.concatenate([x.ravel(), w.ravel(), x.shape, w.shape])


def temporal_affine_backward(dout, cache):
    """The cache is one flat array: x, w, and their five extents."""
    N, T, D, _, M = cache[-5:].astype(int)
    x, w = cache[: N * T * D].reshape(N, T, D), cache[N * T * D : -5].reshape(D, M)
    flat = dout.reshape(-1, M)
    return (flat @ w.T).reshape(x.shape), x.reshape(-1, D).T @ flat, flat.sum(axis=0)


def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    counted = mask.reshape(-1)
    scores, right = x.reshape(-1, V)[counted], y.reshape(-1)[counted]
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    rows = np.arange(len(scores))
    loss = -log_p[rows, right].sum() / N
    d = np.exp(log_p)
    d[rows, right] -= 1
    dx = np.zeros((N * T, V))
    dx[counted] = d / N
    return loss, dx.reshape(N, T, V)


def clip_grad_norm(grads, max_norm):
    norm = sum(np.sum(np.abs(g) ** 2) for g in grads.values()) ** 0.5
    if norm <= max_norm:
        return {k: g.copy() for k, g in grads.items()}, norm
    return {k: g / (norm / max_norm) for k, g in grads.items()}, norm
