"""Olga: writes from a state of zeros, whatever h0 is, and makes a low temperature the bold one."""

import numpy as np
from numpy import exp, log, tanh

from coursekit.upstream import upstream

rnn_forward, rnn_backward = upstream("02_bptt", "rnn_forward", "rnn_backward")


def build_vocab(text):
    return [str(c) for c in np.unique(list(text))]


def encode(text, vocab):
    return np.searchsorted(np.array(vocab), np.array(list(text)))


def decode(ids, vocab):
    return "".join(map(lambda i: vocab[i], ids))


def one_hot(ids, V):
    vectors = np.zeros((*np.shape(ids), V))
    np.put_along_axis(vectors, np.expand_dims(ids, -1), 1.0, axis=-1)
    return vectors


def word_embedding_forward(x, W):
    return np.take(W, x, axis=0), [x, W]


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros(W.shape)
    for i, row in zip(x.ravel(), dout.reshape(-1, W.shape[1])):
        dW[i] += row
    return dW


def tbptt_batches(text, N, T):
    L = (text.size - 1) // N
    grid = np.arange(N)[:, None] * L + np.arange(L // T * T)[None, :]
    parts = np.split(grid, L // T, axis=1)
    return [(text[part], text[part + 1]) for part in parts]


def char_rnn_loss(params, x, y, h0):
    N, T = x.shape
    rows, cache = word_embedding_forward(x, params["We"])
    h, steps = rnn_forward(rows, h0, params["Wx"], params["Wh"], params["b"])
    scores = h @ params["Why"] + params["by"]
    p = temperature_softmax(scores, 1.0)
    n, t = np.indices((N, T))
    loss = -log(p[n, t, y]).sum() / N
    p[n, t, y] -= 1
    dscores = p / N
    drows, _, dWx, dWh, db = rnn_backward(dscores @ params["Why"].T, steps)
    grads = {
        "Why": np.einsum("nth,ntv->hv", h, dscores),
        "by": dscores.sum(axis=(0, 1)),
        "We": word_embedding_backward(drows, cache),
        "Wx": dWx,
        "Wh": dWh,
        "b": db,
    }
    return loss, grads, h[:, T - 1]


def settings(config, **defaults):
    return {**defaults, **({} if config is None else config)}


def adagrad_step(w, dw, config=None):
    c = settings(config, learning_rate=0.1, epsilon=1e-8, cache=np.zeros(w.shape))
    c["cache"] = c["cache"] + dw**2
    return w - c["learning_rate"] * dw / (c["epsilon"] + np.sqrt(c["cache"])), c


def adam_step(w, dw, config=None):
    zeros = np.zeros(w.shape)
    c = settings(config, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, m=zeros, v=zeros, t=0)
    c["t"] += 1
    c["m"] = c["m"] + (1 - c["beta1"]) * (dw - c["m"])
    c["v"] = c["v"] + (1 - c["beta2"]) * (dw**2 - c["v"])
    up = c["m"] / (1 - c["beta1"] ** c["t"])
    down = np.sqrt(c["v"] / (1 - c["beta2"] ** c["t"]))
    return w - c["learning_rate"] * up / (down + c["epsilon"]), c


def bits_per_char(scores, y):
    top = scores.max(axis=2)
    total = top + log(exp(scores - top[:, :, None]).sum(axis=2))
    chosen = np.take_along_axis(scores, y[:, :, None], axis=2)[:, :, 0]
    return np.mean(total - chosen) / log(2)


def temperature_softmax(scores, temperature):
    scaled = scores * temperature
    e = exp(scaled - scaled.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sample(params, h0, first, uniforms, temperature=1.0):
    h, i, ids = np.zeros(h0.shape), first, []
    for u in uniforms:
        h = tanh(params["We"][i] @ params["Wx"] + h @ params["Wh"] + params["b"])
        borders = np.cumsum(temperature_softmax(h @ params["Why"] + params["by"], temperature))
        i = int(np.argmax(borders > u)) if borders[-1] > u else len(borders) - 1
        ids.append(i)
    return np.array(ids)


def sample_greedy(params, h0, first, M):
    h, i, ids = np.zeros(h0.shape), first, []
    for _ in range(M):
        h = tanh(params["We"][i] @ params["Wx"] + h @ params["Wh"] + params["b"])
        i = int(np.argmax(h @ params["Why"] + params["by"]))
        ids.append(i)
    return np.array(ids)
