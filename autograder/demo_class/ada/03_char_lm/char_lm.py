"""Ada: unit 3."""

import numpy as np

from coursekit.upstream import upstream

rnn_step_forward = upstream("02_bptt", "rnn_step_forward")
rnn_forward, rnn_backward = upstream("02_bptt", "rnn_forward", "rnn_backward")
affine_forward, affine_backward = upstream("02_bptt", "temporal_affine_forward", "temporal_affine_backward")
temporal_softmax_loss = upstream("02_bptt", "temporal_softmax_loss")


def build_vocab(text):
    vocab = list(set(text))
    return sorted(vocab)


def encode(text, vocab):
    number = {}
    for i in range(len(vocab)):
        number[vocab[i]] = i
    return np.array([number[c] for c in text])


def decode(ids, vocab):
    return "".join([vocab[i] for i in ids])


def one_hot(ids, V):
    vectors = np.zeros(np.shape(ids) + (V,))
    for place in np.ndindex(np.shape(ids)):
        vectors[place + (np.asarray(ids)[place],)] = 1.0
    return vectors


def word_embedding_forward(x, W):
    return W[x], (x, W)


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros(W.shape)
    N, T = x.shape
    for n in range(N):
        for t in range(T):
            dW[x[n, t]] += dout[n, t]
    return dW


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    streams = np.array([text[n * L : (n + 1) * L + 1] for n in range(N)])  # (N, L + 1)
    batches = []
    for k in range(L // T):
        x = streams[:, k * T : (k + 1) * T]
        y = streams[:, k * T + 1 : (k + 1) * T + 1]
        batches.append((x, y))
    return batches


def char_rnn_loss(params, x, y, h0):
    e, e_cache = word_embedding_forward(x, params["We"])
    h, h_cache = rnn_forward(e, h0, params["Wx"], params["Wh"], params["b"])
    s, s_cache = affine_forward(h, params["Why"], params["by"])
    loss, ds = temporal_softmax_loss(s, y, np.full(y.shape, True))
    dh, dWhy, dby = affine_backward(ds, s_cache)
    de, dh0, dWx, dWh, db = rnn_backward(dh, h_cache)
    dWe = word_embedding_backward(de, e_cache)
    grads = {"We": dWe, "Wx": dWx, "Wh": dWh, "b": db, "Why": dWhy, "by": dby}
    return loss, grads, h[:, -1]


def adagrad_step(w, dw, config=None):
    config = {} if config is None else dict(config)
    lr = config.setdefault("learning_rate", 0.1)
    eps = config.setdefault("epsilon", 1e-8)
    config["cache"] = config.get("cache", np.zeros(w.shape)) + dw**2
    return w - lr * dw / (np.sqrt(config["cache"]) + eps), config


def adam_step(w, dw, config=None):
    config = {} if config is None else dict(config)
    lr = config.setdefault("learning_rate", 1e-3)
    beta1 = config.setdefault("beta1", 0.9)
    beta2 = config.setdefault("beta2", 0.999)
    eps = config.setdefault("epsilon", 1e-8)
    t = config["t"] = config.get("t", 0) + 1
    m = config["m"] = beta1 * config.get("m", np.zeros(w.shape)) + (1 - beta1) * dw
    v = config["v"] = beta2 * config.get("v", np.zeros(w.shape)) + (1 - beta2) * dw**2
    return w - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), config


def bits_per_char(scores, y):
    N, T, V = scores.shape
    shifted = scores - scores.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, y[..., None], axis=-1).sum() / (N * T) / np.log(2)


def temperature_softmax(scores, temperature):
    a = scores / temperature
    a = a - a.max(axis=-1, keepdims=True)
    return np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True)


def sample(params, h0, first, uniforms, temperature=1.0):
    h, i = h0[None, :], first
    ids = []
    for u in uniforms:
        h, _ = rnn_step_forward(params["We"][i][None, :], h, params["Wx"], params["Wh"], params["b"])
        p = temperature_softmax(h @ params["Why"] + params["by"], temperature)[0]
        total = 0.0
        for i in range(len(p)):
            total += p[i]
            if total > u:
                break
        ids.append(i)
    return np.array(ids)


def sample_greedy(params, h0, first, M):
    h, i = h0[None, :], first
    ids = np.zeros(M, dtype=int)
    for k in range(M):
        h, _ = rnn_step_forward(params["We"][i][None, :], h, params["Wx"], params["Wh"], params["b"])
        i = np.argmax(h @ params["Why"] + params["by"])
        ids[k] = i
    return ids
