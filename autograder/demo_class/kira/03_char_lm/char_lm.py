"""Kira: adds at a list of rows, where a row that comes twice is written once."""

import numpy as np

from coursekit.upstream import upstream

rnn_step_forward, rnn_forward, rnn_backward = upstream(
    "02_bptt", "rnn_step_forward", "rnn_forward", "rnn_backward"
)
affine, affine_back, softmax_loss = upstream(
    "02_bptt", "temporal_affine_forward", "temporal_affine_backward", "temporal_softmax_loss"
)


def build_vocab(text):
    return sorted(set(text))


def encode(text, vocab):
    lookup = {ch: k for k, ch in enumerate(vocab)}
    out = np.empty(len(text), dtype=np.int64)
    for k, ch in enumerate(text):
        out[k] = lookup[ch]
    return out


def decode(ids, vocab):
    out = ""
    for k in ids:
        out = out + vocab[k]
    return out


def one_hot(ids, V):
    return np.identity(V)[ids]


def word_embedding_forward(x, W):
    return W[x], (x, W.shape)


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    dW[x] += dout
    return dW


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    x_all = np.reshape(text[: N * L], (N, L))
    y_all = np.reshape(text[1 : N * L + 1], (N, L))
    result = []
    start = 0
    while start + T <= L:
        result.append((x_all[:, start : start + T], y_all[:, start : start + T]))
        start += T
    return result


def char_rnn_loss(params, x, y, h0):
    grads = {}
    emb, c1 = word_embedding_forward(x, params["We"])
    h, c2 = rnn_forward(emb, h0, params["Wx"], params["Wh"], params["b"])
    s, c3 = affine(h, params["Why"], params["by"])
    loss, d = softmax_loss(s, y, np.ones(y.shape))
    d, grads["Why"], grads["by"] = affine_back(d, c3)
    d, _, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(d, c2)
    grads["We"] = word_embedding_backward(d, c1)
    return loss, grads, h[:, -1]


def adagrad_step(w, dw, config=None):
    c = {"learning_rate": 0.1, "epsilon": 1e-8, "cache": np.zeros(w.shape)}
    if config is not None:
        c.update(config)
    c["cache"] = c["cache"] + dw * dw
    return w - c["learning_rate"] * dw / (np.sqrt(c["cache"]) + c["epsilon"]), c


def adam_step(w, dw, config=None):
    c = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    c.update(m=np.zeros(w.shape), v=np.zeros(w.shape), t=0)
    if config is not None:
        c.update(config)
    c["t"] += 1
    c["m"] = c["m"] * c["beta1"] + dw * (1 - c["beta1"])
    c["v"] = c["v"] * c["beta2"] + dw * dw * (1 - c["beta2"])
    mean = c["m"] / (1 - c["beta1"] ** c["t"])
    square = c["v"] / (1 - c["beta2"] ** c["t"])
    return w - c["learning_rate"] * mean / (np.sqrt(square) + c["epsilon"]), c


def bits_per_char(scores, y):
    s = scores - scores.max(axis=2, keepdims=True)
    log_p = s - np.log(np.sum(np.exp(s), axis=2, keepdims=True))
    total = 0
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            total -= log_p[n, t, y[n, t]] / np.log(2)
    return total / y.size


def temperature_softmax(scores, temperature):
    s = scores / temperature
    p = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return p / np.sum(p, axis=-1, keepdims=True)


def sample(params, h0, first, uniforms, temperature=1.0):
    h, ch = h0.reshape(1, -1), first
    out = []
    for u in uniforms:
        x = params["We"][[ch]]
        h, _ = rnn_step_forward(x, h, params["Wx"], params["Wh"], params["b"])
        p = temperature_softmax(np.matmul(h, params["Why"]) + params["by"], temperature)
        borders = np.cumsum(p.reshape(-1))
        ch = min(int(np.sum(borders <= u)), len(borders) - 1)
        out.append(ch)
    return np.array(out)


def sample_greedy(params, h0, first, M):
    h, ch = h0.reshape(1, -1), first
    out = []
    while len(out) < M:
        h, _ = rnn_step_forward(params["We"][[ch]], h, params["Wx"], params["Wh"], params["b"])
        ch = int((np.matmul(h, params["Why"]) + params["by"]).argmax())
        out.append(ch)
    return np.array(out)
