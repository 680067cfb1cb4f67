"""Nils: cuts the text into pieces that do not go on, and hands back the state that he was given."""

import numpy as np

from coursekit.upstream import upstream

(step, rnn_forward, rnn_backward, affine, affine_backward, softmax) = upstream(
    "02_bptt",
    "rnn_step_forward",
    "rnn_forward",
    "rnn_backward",
    "temporal_affine_forward",
    "temporal_affine_backward",
    "temporal_softmax_loss",
)


def build_vocab(text):
    return sorted({c for c in text})


def encode(text, vocab):
    places = {c: i for i, c in enumerate(vocab)}
    return np.array([places[c] for c in text])


def decode(ids, vocab):
    return "".join(np.array(vocab)[ids])


def one_hot(ids, V):
    ids = np.asarray(ids)
    out = np.zeros((ids.size, V))
    for row, i in enumerate(ids.flatten()):
        out[row, i] = 1
    return out.reshape(ids.shape + (V,))


def word_embedding_forward(x, W):
    N, T = x.shape
    out = np.zeros((N, T, W.shape[1]))
    for n in range(N):
        for t in range(T):
            out[n, t] = W[x[n, t]]
    return out, (x, W)


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    for v in range(len(W)):
        dW[v] = np.sum(dout[x == v], axis=0)
    return dW


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    K = L // T
    x = text[: K * N * T].reshape(K, N, T)
    y = text[1 : K * N * T + 1].reshape(K, N, T)
    return [(x[k], y[k]) for k in range(K)]


def char_rnn_loss(params, x, y, h0):
    words, cache1 = word_embedding_forward(x, params["We"])
    h, cache2 = rnn_forward(words, h0, params["Wx"], params["Wh"], params["b"])
    scores, cache3 = affine(h, params["Why"], params["by"])
    loss, dscores = softmax(scores, y, np.ones(y.shape))
    dh, dWhy, dby = affine_backward(dscores, cache3)
    dwords, _, dWx, dWh, db = rnn_backward(dh, cache2)
    dWe = word_embedding_backward(dwords, cache1)
    return loss, dict(We=dWe, Wx=dWx, Wh=dWh, b=db, Why=dWhy, by=dby), h0


def adagrad_step(w, dw, config=None):
    config = config or {}
    config.setdefault("learning_rate", 1e-1)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros(w.shape))
    config["cache"] = config["cache"] + dw**2
    return w - config["learning_rate"] / (np.sqrt(config["cache"]) + config["epsilon"]) * dw, config


def adam_step(w, dw, config=None):
    config = config or {}
    for key, value in [("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)]:
        config.setdefault(key, value)
    config.setdefault("m", np.zeros(w.shape))
    config.setdefault("v", np.zeros(w.shape))
    b1, b2 = config["beta1"], config["beta2"]
    config["t"] += 1
    config["m"] = b1 * config["m"] + (1 - b1) * dw
    config["v"] = b2 * config["v"] + (1 - b2) * dw**2
    m = config["m"] / (1 - b1 ** config["t"])
    v = config["v"] / (1 - b2 ** config["t"])
    return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config


def bits_per_char(scores, y):
    N, T = y.shape
    shifted = scores - scores.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, y[..., None], axis=-1).sum() / (N * T) / np.log(2)


def temperature_softmax(scores, temperature):
    e = np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


def sample(params, h0, first, uniforms, temperature=1.0):
    state, current = h0[None, :], first
    ids = np.zeros(len(uniforms), dtype=np.int64)
    for t in range(len(uniforms)):
        state, _ = step(params["We"][current : current + 1], state, params["Wx"], params["Wh"], params["b"])
        p = temperature_softmax((np.matmul(state, params["Why"]) + params["by"])[0], temperature)
        current = 0
        while current < len(p) - 1 and p[: current + 1].sum() <= uniforms[t]:
            current += 1
        ids[t] = current
    return ids


def sample_greedy(params, h0, first, M):
    state, current = h0[None, :], first
    ids = np.zeros(M, dtype=np.int64)
    for t in range(M):
        state, _ = step(params["We"][current : current + 1], state, params["Wx"], params["Wh"], params["b"])
        current = np.argmax((np.matmul(state, params["Why"]) + params["by"])[0])
        ids[t] = current
    return ids
