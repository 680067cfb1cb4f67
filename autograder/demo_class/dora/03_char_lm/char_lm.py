"""Dora: float32 again, and what a character gives to the network computed once for all characters."""

import numpy as np

from coursekit.upstream import upstream

(rnn_forward, rnn_backward, temporal_affine_forward, temporal_affine_backward) = upstream(
    "02_bptt", "rnn_forward", "rnn_backward", "temporal_affine_forward", "temporal_affine_backward", quiet=True
)
F = np.float32


def single(array):
    return np.asarray(array, dtype=F)


def build_vocab(text):
    return tuple(sorted({character for character in text}))


def encode(text, vocab):
    place = dict(zip(vocab, range(len(vocab)), strict=False))
    return np.array(list(map(place.get, text)), dtype=np.uint16)


def decode(ids, vocab):
    return "".join([vocab[i] for i in list(ids)])


def one_hot(ids, V):
    ids = np.asarray(ids)
    vectors = np.zeros(ids.shape + (V,), dtype=F)
    for place, i in np.ndenumerate(ids):
        vectors[place][i] = 1
    return vectors


def word_embedding_forward(x, W):
    W = single(W)
    return W[x.reshape(-1)].reshape(*x.shape, -1), [x.copy(), len(W)]


def word_embedding_backward(dout, cache):
    V = cache.pop()
    x = cache.pop().ravel()
    flat = single(dout).reshape(len(x), -1)
    order = np.argsort(x, kind="stable")
    dW = np.zeros((V, flat.shape[1]), dtype=F)
    values, starts = np.unique(x[order], return_index=True)
    dW[values] = np.add.reduceat(flat[order], starts, axis=0)  # one sum per character
    return dW


def tbptt_batches(text, N, T):
    L = (text.size - 1) // N
    rows = np.stack([text[n * L : n * L + L + 1] for n in range(N)])  # each with the character after it
    batches, t = [], 0
    while t + T <= L:
        piece = rows[:, t : t + T + 1]
        batches.append((piece[:, :-1].astype(np.int16), piece[:, 1:].astype(np.int16)))
        t += T
    return batches


def log_softmax(scores):
    scores = scores - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.sum(np.exp(scores), axis=-1, keepdims=True))


def char_rnn_loss(params, x, y, h0):
    p = {name: single(array) for name, array in params.items()}
    rows, looked = word_embedding_forward(x, p["We"])
    h, steps = rnn_forward(rows, single(h0), p["Wx"], p["Wh"], p["b"])
    scores, readout = temporal_affine_forward(single(h), p["Why"], p["by"])
    logs = log_softmax(single(scores))
    hot = one_hot(y, logs.shape[-1])
    dh, dWhy, dby = temporal_affine_backward((np.exp(logs) - hot) / F(len(x)), readout)
    drows, _, dWx, dWh, db = rnn_backward(single(dh), steps)
    dWe = word_embedding_backward(drows, looked)
    grads = dict(zip(("We", "Wx", "Wh", "b", "Why", "by"), map(single, (dWe, dWx, dWh, db, dWhy, dby)), strict=False))
    return -np.sum(logs * hot) / F(len(x)), grads, single(h)[:, -1]


def adagrad_step(w, dw, config=None):
    w, dw, config = single(w), single(dw), {**(config or {})}
    rate, epsilon = F(config.setdefault("learning_rate", 0.1)), F(config.setdefault("epsilon", 1e-8))
    config["cache"] = single(config.get("cache", 0.0)) + dw * dw
    return w - rate * dw / (np.sqrt(config["cache"]) + epsilon), config


def adam_step(w, dw, config=None):
    w, dw = single(w), single(dw)
    c = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0.0}
    c["m"] = c["v"] = np.zeros(w.shape, dtype=F)
    c.update(config or {})
    c["t"] += 1.0
    c["m"] = F(c["beta1"]) * single(c["m"]) + F(1 - c["beta1"]) * dw
    c["v"] = F(c["beta2"]) * single(c["v"]) + F(1 - c["beta2"]) * dw**2
    root = np.sqrt(c["v"] / F(1 - c["beta2"] ** c["t"])) + F(c["epsilon"])
    return w - F(c["learning_rate"]) * (c["m"] / F(1 - c["beta1"] ** c["t"])) / root, c


def bits_per_char(scores, y):
    logs = log_softmax(single(scores))
    n, t = np.indices(y.shape)
    return -np.mean(logs[n, t, y] / np.log(F(2)))


def temperature_softmax(scores, temperature):
    return np.exp(log_softmax(single(scores) / F(temperature)))


def states(params, h0):
    p = {name: single(array) for name, array in params.items()}
    inputs = p["We"] @ p["Wx"] + p["b"]  # of all characters at once
    h = single(h0)

    def step(current):
        nonlocal h
        h = np.tanh(inputs[current] + h @ p["Wh"])
        return h @ p["Why"] + p["by"]

    return step


def sample(params, h0, first, uniforms, temperature=1.0):
    step, ids = states(params, h0), [first]
    for u in uniforms:
        borders = np.cumsum(temperature_softmax(step(ids[-1]), temperature))
        ids.append(np.argmax(borders > u))
    return np.array(ids[1:])


def sample_greedy(params, h0, first, M):
    step = states(params, h0)
    ids = np.full(M + 1, first)
    for k in range(M):
        ids[k + 1] = np.argsort(step(ids[k]))[-1]
    return ids[1:]
