"""Correct, in the style of the lecture course that the names come from: configs updated in place, tuples as caches."""

import numpy as np

from coursekit.upstream import upstream

rnn_step_forward = upstream("02_bptt", "rnn_step_forward")
rnn_forward, rnn_backward = upstream("02_bptt", "rnn_forward", "rnn_backward")
temporal_affine_forward, temporal_affine_backward = upstream(
    "02_bptt", "temporal_affine_forward", "temporal_affine_backward"
)
temporal_softmax_loss = upstream("02_bptt", "temporal_softmax_loss")


def build_vocab(text):
    vocab = list(set(text))
    vocab.sort()
    return vocab


def encode(text, vocab):
    char_to_ix = {ch: i for i, ch in enumerate(vocab)}
    ids = np.zeros(len(text), dtype=int)
    for i, ch in enumerate(text):
        ids[i] = char_to_ix[ch]
    return ids


def decode(ids, vocab):
    ix_to_char = {i: ch for i, ch in enumerate(vocab)}
    text = ""
    for ix in ids:
        text += ix_to_char[int(ix)]
    return text


def one_hot(ids, V):
    flat = np.asarray(ids).reshape(-1)
    vectors = np.zeros((flat.size, V))
    vectors[np.arange(flat.size), flat] = 1
    return vectors.reshape(np.shape(ids) + (V,))


def word_embedding_forward(x, W):
    out = W[x, :]
    cache = x, W
    return out, cache


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW


def tbptt_batches(text, N, T):
    L = (text.shape[0] - 1) // N
    batches = []
    for start in range(0, L // T * T, T):
        x = np.zeros((N, T), dtype=np.int32)
        y = np.zeros((N, T), dtype=np.int32)
        for n in range(N):
            begin = n * L + start
            x[n] = text[begin : begin + T]
            y[n] = text[begin + 1 : begin + T + 1]
        batches.append((x, y))
    return batches


def char_rnn_loss(params, x, y, h0):
    We, Wx, Wh, b = params["We"], params["Wx"], params["Wh"], params["b"]
    Why, by = params["Why"], params["by"]
    loss, grads = 0.0, {}

    out, cache_embed = word_embedding_forward(x, We)
    h, cache_rnn = rnn_forward(out, h0, Wx, Wh, b)
    scores, cache_affine = temporal_affine_forward(h, Why, by)
    mask = np.ones_like(y)
    loss, dscores = temporal_softmax_loss(scores, y, mask)

    dh, grads["Why"], grads["by"] = temporal_affine_backward(dscores, cache_affine)
    dout, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, cache_rnn)
    grads["We"] = word_embedding_backward(dout, cache_embed)
    return loss, grads, h[:, -1, :]


def adagrad_step(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-1)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    config["cache"] += dw * dw
    w -= config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])
    return w, config


def adam_step(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)

    next_w = None
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * (dw**2)
    mt = config["m"] / (1 - config["beta1"] ** config["t"])
    vt = config["v"] / (1 - config["beta2"] ** config["t"])
    w -= config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"])
    next_w = w
    return next_w, config


def bits_per_char(scores, y):
    N, T, V = scores.shape
    flat, y_flat = scores.reshape(N * T, V), y.reshape(N * T)
    probs = np.exp(flat - np.max(flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    return -np.sum(np.log(probs[np.arange(N * T), y_flat])) / (N * T) / np.log(2)


def temperature_softmax(scores, temperature):
    scores -= scores.max(axis=-1, keepdims=True)
    probs = np.exp(scores / temperature)
    probs /= probs.sum(axis=-1, keepdims=True)
    return probs


def sample(params, h0, first, uniforms, temperature=1.0):
    h = h0.reshape(1, -1)
    ix = first
    captions = np.zeros(len(uniforms), dtype=np.int32)
    for t in range(len(uniforms)):
        word, _ = word_embedding_forward(np.array([[ix]]), params["We"])
        h, _ = rnn_step_forward(word[:, 0], h, params["Wx"], params["Wh"], params["b"])
        scores, _ = temporal_affine_forward(h[:, None, :], params["Why"], params["by"])
        p = temperature_softmax(scores.reshape(-1), temperature)
        total = 0.0
        for i in range(len(p)):
            total += p[i]
            if total > uniforms[t]:
                break
        ix = i
        captions[t] = ix
    return captions


def sample_greedy(params, h0, first, M):
    h = h0
    ix = first
    captions = np.zeros(M, dtype=np.int32)
    for t in range(M):
        word = params["We"][ix]
        h, _ = rnn_step_forward(word, h, params["Wx"], params["Wh"], params["b"])  # without a batch axis
        ix = np.argmax(np.dot(h, params["Why"]) + params["by"])
        captions[t] = ix
    return captions
