"""Emil: indices say it all. Time comes first inside, so many results are transposed views."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    def value(flat):
        return np.sum(np.asarray(f(flat.reshape(x.shape))) * (1.0 if df is None else df))

    directions = h * np.eye(x.size)
    flat = x.ravel()
    slopes = [(value(flat + d) - value(flat - d)) / (2 * h) for d in directions]
    return np.array(slopes).reshape(x.T.shape[::-1])


def relative_error(a, b):
    size = np.clip(abs(a) + abs(b), 1e-8, None)
    return (abs(a - b) / size).max()


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = np.einsum("nd,dh->hn", x, Wx) + np.einsum("nk,kh->hn", prev_h, Wh) + b[:, None]
    next_h = np.tanh(a).T
    return next_h, (x.T, prev_h.T, Wx.T, Wh.T, next_h.T)


def rnn_step_backward(dnext_h, cache):
    xT, hT, WxT, WhT, outT = cache
    da = dnext_h.T * (1 - outT**2)  # (H, N)
    dx = np.einsum("hn,hd->dn", da, WxT).T
    dprev_h = np.einsum("hn,hk->kn", da, WhT).T
    dWx = np.einsum("hn,dn->hd", da, xT).T
    dWh = np.einsum("hn,kn->hk", da, hT).T
    return dx, dprev_h, dWx, dWh, np.einsum("hn->h", da)


def rnn_forward(x, h0, Wx, Wh, b):
    T = x.shape[1]
    h = np.empty((T + 1, *h0.shape))
    h[0] = h0
    steps = [None] * T
    for t in range(T):
        h[t + 1], steps[t] = rnn_step_forward(x[:, t], h[t], Wx, Wh, b)
    return h[1:].swapaxes(0, 1), (steps, x, h, Wx, Wh)


def rnn_backward(dh, cache):
    _, x, h, Wx, Wh = cache
    N, T, H = dh.shape
    slope = 1 - h[1:] ** 2
    da = np.empty((T, N, H))
    carried = np.zeros((N, H))
    for t in range(T - 1, -1, -1):  # only this needs an order; the rest is one product each
        da[t] = (dh[:, t] + carried) * slope[t]
        carried = np.einsum("nh,kh->nk", da[t], Wh)
    dx = np.einsum("tnh,dh->tnd", da, Wx).transpose(1, 0, 2)
    dWx = np.einsum("tnh,ntd->hd", da, x).T
    dWh = np.einsum("tnh,tnk->hk", da, h[:-1]).T
    return dx, carried, dWx, dWh, np.einsum("tnh->h", da)


def temporal_affine_forward(x, w, b):
    return np.einsum("ntd,dm->tnm", x, w).swapaxes(0, 1) + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dx = np.einsum("ntm,dm->tnd", dout, w).swapaxes(0, 1)
    return dx, np.einsum("ntm,ntd->md", dout, x).T, np.einsum("ntm->m", dout)


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    xT = x.transpose(2, 0, 1)
    e = np.exp(xT - xT.max(axis=0))
    p = e / e.sum(axis=0)
    hit = np.arange(V)[:, None, None] == y
    loss = -np.einsum("nt,nt->", mask * 1.0, np.log(np.einsum("vnt,vnt->nt", p, hit))) / N
    return loss, np.moveaxis((p - hit) * mask / N, 0, -1)


def clip_grad_norm(grads, max_norm):
    squares = [np.einsum("i,i->", g.ravel(), g.ravel()) for g in grads.values()]
    norm = np.sqrt(np.sum(squares))
    factor = max_norm / max(norm, max_norm)
    return {name: np.asfortranarray(g * factor) for name, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    pieces = []
    state = h0
    for start in range(0, x.shape[1], chunk):
        window = np.s_[:, start : start + chunk]
        h, cache = rnn_forward(x[window], state, Wx, Wh, b)
        pieces.append((h, *rnn_backward(dh[window], cache)))
        state = h[:, -1]
    hs, dxs, dstarts, dWxs, dWhs, dbs = zip(*pieces)
    return np.hstack(hs), np.hstack(dxs), dstarts[0], sum(dWxs), sum(dWhs), sum(dbs)


def gradient_norms(h, Wh):
    slope = 1 - h**2
    N, T, H = h.shape
    J = np.broadcast_to(np.eye(H), (N, H, H))
    norms = [np.ones(N)]
    for t in range(T - 1, 0, -1):
        J = np.einsum("kh,nh,nhj->nkj", Wh, slope[:, t], J)
        norms.insert(0, np.sqrt(np.linalg.eigvalsh(np.einsum("nik,njk->nij", J, J))[:, -1]))
    return np.array(norms).T
