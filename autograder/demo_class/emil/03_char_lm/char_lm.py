"""Emil: everything is a product. One function holds the whole model; writing is a generator."""

import numpy as np


def build_vocab(text):
    return np.unique(list(text))


def encode(text, vocab):
    return np.searchsorted(vocab, list(text))


def decode(ids, vocab):
    return "".join(np.array(vocab)[ids].tolist())


def one_hot(ids, V):
    return 1.0 * (np.asarray(ids)[..., None] == np.arange(V))


def word_embedding_forward(x, W):
    hot = one_hot(x, len(W))
    return hot @ W, hot


def word_embedding_backward(dout, hot):
    return np.einsum("ntv,ntd->vd", hot, dout)


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    for k in range(L // T):
        places = np.arange(N)[:, None] * L + k * T + np.arange(T)
        yield text[places], text[places + 1]


def char_rnn_loss(params, x, y, h0):
    We, Wx, Wh, b, Why, by = (params[name] for name in ("We", "Wx", "Wh", "b", "Why", "by"))
    (N, T), V = x.shape, len(by)
    read, wanted = one_hot(x, V), one_hot(y, V)
    h = [h0]
    for t in range(T):
        h.append(np.tanh(read[:, t] @ We @ Wx + h[-1] @ Wh + b))
    states = np.stack(h[1:], axis=1)
    scores = states @ Why + by
    scores -= scores.max(axis=-1, keepdims=True)
    total = np.exp(scores).sum(axis=-1, keepdims=True)
    loss = ((np.log(total)[..., 0]) - (scores * wanted).sum(axis=-1)).sum() / N
    dscores = (np.exp(scores) / total - wanted) / N
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    grads["Why"] = np.tensordot(states, dscores, axes=([0, 1], [0, 1]))
    grads["by"] = dscores.sum(axis=(0, 1))
    carried = np.zeros_like(h0)
    for t in range(T - 1, -1, -1):
        da = (1 - h[t + 1] ** 2) * (dscores[:, t] @ Why.T + carried)
        grads["b"] += da.sum(axis=0)
        grads["Wh"] += h[t].T @ da
        grads["Wx"] += (read[:, t] @ We).T @ da
        grads["We"] += read[:, t].T @ (da @ Wx.T)
        carried = da @ Wh.T
    return loss, grads, h[-1]


def adagrad_step(w, dw, config=None):
    settings = {"learning_rate": 1e-1, "epsilon": 1e-8, "cache": 0.0} | (config or {})
    settings["cache"] = settings["cache"] + np.square(dw)
    return w - settings["learning_rate"] * dw / (settings["cache"] ** 0.5 + settings["epsilon"]), settings


def adam_step(w, dw, config=None):
    defaults = dict(learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, m=0.0, v=0.0, t=0)
    c = {**defaults, **(config or {})}
    c["t"] += 1
    c["m"] = c["m"] + (1 - c["beta1"]) * (dw - c["m"])
    c["v"] = c["v"] + (1 - c["beta2"]) * (dw * dw - c["v"])
    # epsilon is multiplied, so that it means the same as in algorithm 1
    root = np.sqrt(1 - c["beta2"] ** c["t"])
    rate = c["learning_rate"] * root / (1 - c["beta1"] ** c["t"])
    return w - rate * c["m"] / (np.sqrt(c["v"]) + c["epsilon"] * root), c


def bits_per_char(scores, y):
    shifted = scores - scores.max(axis=2, keepdims=True)
    log2_p = (shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))) * np.log2(np.e)
    return -np.sum(log2_p * one_hot(y, scores.shape[2])) / y.size


def temperature_softmax(scores, temperature):
    p = np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))  # the model's own probabilities
    with np.errstate(divide="ignore"):
        logs = np.log(p) / temperature
    q = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return q / q.sum(axis=-1, keepdims=True)


def follow(params, h0, first):
    """A generator that is sent the character chosen and yields the scores of the next one."""
    h, current = h0, first
    while True:
        read = one_hot(current, len(params["We"])) @ params["We"]
        h = np.tanh(read @ params["Wx"] + h @ params["Wh"] + params["b"])
        current = yield h @ params["Why"] + params["by"]


def sample(params, h0, first, uniforms, temperature=1.0):
    model = follow(params, h0, first)
    scores, written = next(model), []
    for u in uniforms:
        below = int(np.sum(np.cumsum(temperature_softmax(scores, temperature)) <= u))
        written.append(min(below, len(scores) - 1))
        scores = model.send(written[-1])
    return written


def sample_greedy(params, h0, first, M):
    model = follow(params, h0, first)
    scores, written = next(model), []
    while len(written) < M:
        written.append(scores.argmax())
        scores = model.send(written[-1])
    return written
