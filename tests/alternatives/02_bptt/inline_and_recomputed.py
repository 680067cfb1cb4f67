"""Correct, without calling the step functions: the whole sequence at once, the forward pass recomputed going back."""

import numpy as np
from numpy import einsum, exp, log, tanh, zeros


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = zeros(x.size)
    for i, e in enumerate(np.eye(x.size) * h):
        e = e.reshape(x.shape)
        d = np.asarray(f(x + e), dtype=float) - np.asarray(f(x - e), dtype=float)
        grad[i] = (d if df is None else df.ravel() @ d.ravel()) / (2 * h)
    return grad.reshape(x.shape)


def relative_error(a, b):
    top, bottom = np.abs(a - b), np.abs(a) + np.abs(b)
    bottom[bottom < 1e-8] = 1e-8
    return (top / bottom).ravel().tolist()[np.argmax(top / bottom)]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = einsum("nd,dh->nh", x, Wx) + einsum("ni,ij->nj", prev_h, Wh) + b
    return tanh(a), (x, prev_h, Wx, Wh, b)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b = cache
    a = x @ Wx + prev_h @ Wh + b
    da = dnext_h / np.cosh(a) ** 2
    return (
        einsum("nh,dh->nd", da, Wx),
        einsum("nj,ij->ni", da, Wh),
        einsum("nd,nh->dh", x, da),
        einsum("ni,nj->ij", prev_h, da),
        einsum("nh->h", da),
    )


def states(x, h0, Wx, Wh, b):
    """(T + 1, N, H), h0 first."""
    drive = einsum("ntd,dh->tnh", x, Wx) + b
    h = zeros((len(drive) + 1,) + h0.shape)
    h[0] = h0
    for t in range(len(drive)):
        h[t + 1] = tanh(drive[t] + h[t] @ Wh)
    return h


def rnn_forward(x, h0, Wx, Wh, b):
    return states(x, h0, Wx, Wh, b)[1:].swapaxes(0, 1), (x, h0, Wx, Wh, b)


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, b = cache
    h = states(*cache)
    da = zeros(h[1:].shape)
    back = 0.0
    for t in reversed(range(len(da))):
        da[t] = (dh[:, t] + back) * (1.0 - h[t + 1] * h[t + 1])
        back = da[t] @ Wh.T
    dx = einsum("tnh,dh->ntd", da, Wx)
    dWx = einsum("ntd,tnh->dh", x, da)
    dWh = einsum("tni,tnj->ij", h[:-1], da)
    return dx, back, dWx, dWh, da.sum(axis=(0, 1))


def temporal_affine_forward(x, w, b):
    out = np.stack([x[:, t] @ w + b for t in range(x.shape[1])], axis=1)
    return out, lambda dout: (dout @ w.T, einsum("ntd,ntm->dm", x, dout), dout.reshape(-1, len(b)).sum(0))


def temporal_affine_backward(dout, cache):
    return cache(dout)


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    loss = 0
    dx = zeros((N, T, V))
    for n, t in zip(*np.nonzero(mask), strict=True):  # only where something counts
        scores = x[n, t]
        p = exp(scores - scores.max())
        p /= p.sum()
        loss += log(exp(scores - scores.max()).sum()) + scores.max() - scores[y[n, t]]
        p[y[n, t]] -= 1
        dx[n, t] = p / N
    return loss / N, dx


def clip_grad_norm(grads, max_norm):
    flat = np.hstack([np.ravel(g) for g in grads.values()])
    norm = np.sqrt(flat @ flat)
    scale = 1 if norm <= max_norm else max_norm / norm
    return {k: scale * v for k, v in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h = states(x, h0, Wx, Wh, b)
    T, N, H = len(h) - 1, *h0.shape
    da = zeros((T, N, H))
    for t in range(T - 1, -1, -1):
        last_of_piece = t == T - 1 or (t + 1) % chunk == 0
        from_future = 0 if last_of_piece else da[t + 1] @ Wh.T
        da[t] = (dh[:, t] + from_future) * (1 - h[t + 1] ** 2)
    return (
        h[1:].transpose(1, 0, 2),
        einsum("tnh,dh->ntd", da, Wx),
        da[0] @ Wh.T,
        einsum("ntd,tnh->dh", x, da),
        einsum("tni,tnj->ij", h[:-1], da),
        da.sum((0, 1)),
    )


def gradient_norms(h, Wh):
    N, T, H = h.shape
    one_step = Wh.T[None, None] * (1 - h**2)[..., None]  # (N, T, H, H): of h_t with respect to h_{t-1}
    out = np.ones((N, T))
    for t in range(T - 1):
        J = np.eye(H)
        for k in range(t + 1, T):
            J = one_step[:, k] @ J
        out[:, t] = np.linalg.svd(J, compute_uv=False).max(axis=-1)
    return out
