"""Mia: Adam without its correction, and the loss as it comes, in nats."""

import numpy as np

from coursekit.upstream import upstream

names = ["rnn_step_forward", "rnn_forward", "rnn_backward", "temporal_affine_forward", "temporal_affine_backward"]
unit2 = dict(zip(names, upstream("02_bptt", *names)))


def build_vocab(text):
    vocab = []
    for c in sorted(text):
        if not vocab or vocab[-1] != c:
            vocab.append(c)
    return vocab


def encode(text, vocab):
    return np.array([vocab.index(c) for c in text], dtype=np.int64)


def decode(ids, vocab):
    return "".join(vocab[int(i)] for i in ids)


def one_hot(ids, V):
    ids = np.array(ids)
    return (ids[..., np.newaxis] == np.arange(V)).astype(float)


def word_embedding_forward(x, W):
    return W[x], dict(x=x, V=W.shape[0])


def word_embedding_backward(dout, cache):
    hot = one_hot(cache["x"], cache["V"])
    return np.tensordot(hot, dout, axes=([0, 1], [0, 1]))


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    starts = np.arange(N) * L
    batches = []
    for k in range(0, L - L % T, T):
        x = np.stack([text[s + k : s + k + T] for s in starts])
        y = np.stack([text[s + k + 1 : s + k + T + 1] for s in starts])
        batches.append((x, y))
    return batches


def log_softmax(s):
    top = s.max(axis=-1, keepdims=True)
    return s - top - np.log(np.exp(s - top).sum(axis=-1, keepdims=True))


def char_rnn_loss(params, x, y, h0):
    N = len(x)
    rows, c_rows = word_embedding_forward(x, params["We"])
    h, c_h = unit2["rnn_forward"](rows, h0, params["Wx"], params["Wh"], params["b"])
    scores, c_s = unit2["temporal_affine_forward"](h, params["Why"], params["by"])
    log_p = log_softmax(scores)
    wanted = one_hot(y, scores.shape[2])
    loss = -(wanted * log_p).sum() / N
    dscores = (np.exp(log_p) - wanted) / N
    g = {}
    dh, g["Why"], g["by"] = unit2["temporal_affine_backward"](dscores, c_s)
    drows, _, g["Wx"], g["Wh"], g["b"] = unit2["rnn_backward"](dh, c_h)
    g["We"] = word_embedding_backward(drows, c_rows)
    return loss, g, h[:, -1, :]


def adagrad_step(w, dw, config=None):
    config = dict(config or {})
    rate, eps = config.get("learning_rate", 0.1), config.get("epsilon", 1e-8)
    old = config.get("cache", 0 * w)
    new = old + dw**2
    step = rate * dw / (new**0.5 + eps)
    return w - step, dict(learning_rate=rate, epsilon=eps, cache=new)


def adam_step(w, dw, config=None):
    defaults = dict(learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, m=0 * w, v=0 * w, t=0)
    c = {**defaults, **(config or {})}
    c["t"] = c["t"] + 1
    c["m"] = c["beta1"] * c["m"] + (1 - c["beta1"]) * dw
    c["v"] = c["beta2"] * c["v"] + (1 - c["beta2"]) * dw**2
    step = c["learning_rate"] * c["m"] / (np.sqrt(c["v"]) + c["epsilon"])
    return w - step, c


def bits_per_char(scores, y):
    wanted = one_hot(y, scores.shape[2])
    return -(log_softmax(scores) * wanted).sum() / y.size


def temperature_softmax(scores, temperature):
    return np.exp(log_softmax(np.asarray(scores) / temperature))


def write(params, h0, first, length, choose):
    h, i, written = h0[None], first, []
    for k in range(length):
        h, _ = unit2["rnn_step_forward"](params["We"][i][None], h, params["Wx"], params["Wh"], params["b"])
        i = choose(k, (h @ params["Why"] + params["by"])[0])
        written.append(i)
    return np.array(written)


def sample(params, h0, first, uniforms, temperature=1.0):
    def draw(k, scores):
        borders = np.cumsum(temperature_softmax(scores, temperature))
        return min(int(np.searchsorted(borders, uniforms[k], side="right")), len(borders) - 1)

    return write(params, h0, first, len(uniforms), draw)


def sample_greedy(params, h0, first, M):
    return write(params, h0, first, M, lambda k, scores: int(np.argmax(scores)))
