"""Chen: a cache is a stack. The backward pass takes off what the forward pass put on."""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    grad = np.zeros(x.shape)
    for place in range(x.size):
        two = []
        for sign in [+1, -1]:
            moved = x.copy()
            moved.flat[place] += sign * h
            two.append(np.array(f(moved)))
        minus = two.pop()
        slope = (two.pop() - minus) / (2 * h)
        grad.flat[place] = slope if df is None else (df * slope).sum()
    return grad.tolist()


def relative_error(a, b):
    pairs = zip(np.ravel(a).tolist(), np.ravel(b).tolist())
    return max(abs(p - q) / max(1e-8, abs(p) + abs(q)) for p, q in pairs)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.dot(x, Wx) + np.dot(prev_h, Wh) + b)
    return next_h, [x, prev_h, Wx, Wh, next_h]


def rnn_step_backward(dnext_h, cache):
    next_h = cache.pop()
    Wh = cache.pop()
    Wx = cache.pop()
    prev_h = cache.pop()
    x = cache.pop()
    da = dnext_h * (1 - next_h * next_h)
    return [np.dot(da, Wx.T), np.dot(da, Wh.T), np.dot(x.T, da), np.dot(prev_h.T, da), np.sum(da, axis=0)]


def rnn_forward(x, h0, Wx, Wh, b):
    h, stack = [h0], []
    for t in range(x.shape[1]):
        next_h, step = rnn_step_forward(x[:, t], h[-1], Wx, Wh, b)
        h.append(next_h)
        stack.append(step)
    return np.transpose(h[1:], (1, 0, 2)).tolist(), stack


def rnn_backward(dh, cache):
    dx, dprev = [], 0
    totals = [0, 0, 0]
    for t in reversed(range(dh.shape[1])):
        dx_t, dprev, *rest = rnn_step_backward(dh[:, t] + dprev, cache.pop())
        dx.append(dx_t)
        totals = [total + new for total, new in zip(totals, rest)]
    return [np.transpose(dx[::-1], (1, 0, 2)), dprev] + totals


def temporal_affine_forward(x, w, b):
    return [np.dot(sequence, w) + b for sequence in x], [x, w]


def temporal_affine_backward(dout, cache):
    w = cache.pop()
    x = cache.pop()
    dw = sum(np.dot(x_n.T, dout_n) for x_n, dout_n in zip(x, dout))
    return [[np.dot(dout_n, w.T) for dout_n in dout], dw, sum(sum(dout))]


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    loss = 0
    dx = np.zeros((N, T, V)).tolist()
    for n in range(N):
        for t in range(T):
            if not mask[n, t]:
                continue
            p = np.exp(x[n, t] - max(x[n, t]))
            p = p / sum(p)
            loss -= np.log(p[y[n, t]]) / N
            p[y[n, t]] -= 1
            dx[n][t] = (p / N).tolist()
    return [loss, dx]


def clip_grad_norm(grads, max_norm):
    everything = np.concatenate([np.ravel(g) for g in grads.values()])
    norm = np.linalg.norm(everything)
    if norm <= max_norm:
        return grads, norm
    return {name: (g * (max_norm / norm)).tolist() for name, g in grads.items()}, norm


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h, dx, totals, dh0 = [], [], [0, 0, 0], []
    T = x.shape[1]
    borders = list(range(0, T, chunk)) + [T]
    for first, last in zip(borders, borders[1:]):
        h_c, cache = rnn_forward(x[:, first:last], h0, Wx, Wh, b)
        dx_c, dstart, *rest = rnn_backward(dh[:, first:last], cache)
        h.append(h_c)
        dx.append(dx_c)
        dh0.append(dstart)
        totals = [total + new for total, new in zip(totals, rest)]
        h0 = np.array(h_c)[:, -1]
    return [np.concatenate(h, axis=1), np.concatenate(dx, axis=1), dh0[0]] + totals


def gradient_norms(h, Wh):
    result = []
    for states in h:
        jacobian, norms = np.eye(len(Wh)), [1.0]
        todo = list(states)
        while len(todo) > 1:
            slope = 1 - todo.pop() ** 2
            jacobian = np.dot(jacobian, np.diag(slope)).dot(Wh.T)
            norms.append(np.linalg.svd(jacobian)[1][0])
        result.append(norms[::-1])
    return result
