"""Correct, in loops over single numbers: no array function at all where Python's own do."""

import itertools
import math

import numpy as np


def build_vocab(text):
    found = []
    for character in text:
        if character not in found:
            found.append(character)
    return "".join(sorted(found))


def encode(text, vocab):
    return [vocab.index(character) for character in text]


def decode(ids, vocab):
    text = []
    for i in ids:
        text += vocab[i]
    return "".join(text)


def one_hot(ids, V):
    if np.ndim(ids) == 0:
        return [1.0 if v == ids else 0.0 for v in range(V)]
    return [one_hot(inner, V) for inner in ids]


def word_embedding_forward(x, W):
    out = [[W[i] for i in row] for row in x]
    return np.array(out), {"ids": x.tolist(), "rows": len(W)}


def word_embedding_backward(dout, cache):
    dW = [[0.0] * len(dout[0][0]) for _ in range(cache["rows"])]
    for row, gradients in zip(cache["ids"], dout, strict=False):
        for i, gradient in zip(row, gradients, strict=False):
            for d, g in enumerate(gradient):
                dW[i][d] += g
    return dW


def tbptt_batches(text, N, T):
    text = [int(i) for i in text]
    L = (len(text) - 1) // N
    pairs = []
    for k in itertools.count():
        if (k + 1) * T > L:
            return pairs
        x = [text[n * L + k * T : n * L + k * T + T] for n in range(N)]
        y = [text[n * L + k * T + 1 : n * L + k * T + T + 1] for n in range(N)]
        pairs.append([x, y])


def char_rnn_loss(params, x, y, h0):
    p = {name: array.tolist() for name, array in params.items()}
    D, H, V = len(p["Wx"]), len(p["Wh"]), len(p["by"])
    g = {name: np.zeros(array.shape) for name, array in params.items()}
    loss, last = 0.0, []
    N = len(x)
    for n in range(N):  # one sequence after the other
        states, rows, errors = [h0[n].tolist()], [], []
        for i, target in zip(x[n], y[n], strict=False):
            row = p["We"][i]
            before = states[-1]
            after = []
            for j in range(H):
                a = p["b"][j] + sum(row[d] * p["Wx"][d][j] for d in range(D))
                after.append(math.tanh(a + sum(before[k] * p["Wh"][k][j] for k in range(H))))
            scores = [p["by"][v] + sum(after[j] * p["Why"][j][v] for j in range(H)) for v in range(V)]
            top = max(scores)
            weights = [math.exp(s - top) for s in scores]
            loss += (top + math.log(sum(weights)) - scores[target]) / N
            errors.append([(w / sum(weights) - (v == target)) / N for v, w in enumerate(weights)])
            rows.append(row)
            states.append(after)
        carried = [0.0] * H
        for t in reversed(range(len(rows))):
            for v in range(V):
                g["by"][v] += errors[t][v]
                for j in range(H):
                    g["Why"][j, v] += states[t + 1][j] * errors[t][v]
            dh = [carried[j] + sum(errors[t][v] * p["Why"][j][v] for v in range(V)) for j in range(H)]
            da = [dh[j] * (1 - states[t + 1][j] ** 2) for j in range(H)]
            for j in range(H):
                g["b"][j] += da[j]
                for d in range(D):
                    g["Wx"][d, j] += rows[t][d] * da[j]
                    g["We"][x[n, t], d] += p["Wx"][d][j] * da[j]
                for k in range(H):
                    g["Wh"][k, j] += states[t][k] * da[j]
            carried = [sum(p["Wh"][k][j] * da[j] for j in range(H)) for k in range(H)]
        last.append(states[-1])
    return [loss, {name: array.tolist() for name, array in g.items()}, last]


def adagrad_step(w, dw, config=None):
    config = {} if config is None else config.copy()
    rate, epsilon = config.get("learning_rate", 0.1), config.get("epsilon", 1e-8)
    cache = np.array(config.get("cache", np.zeros(w.shape)))
    next_w = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        cache[place] += dw[place] ** 2
        next_w[place] = w[place] - rate * dw[place] / (math.sqrt(cache[place]) + epsilon)
    return next_w, {"learning_rate": rate, "epsilon": epsilon, "cache": cache}


def adam_step(w, dw, config=None):
    config = {} if config is None else config
    for name, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)):
        if name not in config:
            config[name] = value
    for name in "mv":
        if name not in config:
            config[name] = np.zeros(w.shape)
    config["t"] += 1
    t, b1, b2 = config["t"], config["beta1"], config["beta2"]
    for place in np.ndindex(w.shape):
        config["m"][place] = b1 * config["m"][place] + (1 - b1) * dw[place]
        config["v"][place] = b2 * config["v"][place] + (1 - b2) * dw[place] ** 2
        mean, square = config["m"][place] / (1 - b1**t), config["v"][place] / (1 - b2**t)
        w[place] -= config["learning_rate"] * mean / (math.sqrt(square) + config["epsilon"])
    return [w, config]


def bits_per_char(scores, y):
    bits = []
    for row, target in zip(np.concatenate(scores), np.concatenate(y), strict=False):
        top = max(row)
        p = [math.exp(score - top) for score in row]
        bits.append(-math.log2(p[target] / math.fsum(p)))
    return sum(bits) / len(bits)


def temperature_softmax(scores, temperature):
    if np.ndim(scores) > 1:
        return [temperature_softmax(row, temperature) for row in scores]
    top = max(scores)
    p = [math.exp((score - top) / temperature) for score in scores]
    return [q / sum(p) for q in p]


def scores_after(params, h, current):
    row = params["We"][current]
    H = len(h)
    after = []
    for j in range(H):
        a = sum(row[d] * params["Wx"][d][j] for d in range(len(row)))
        after.append(math.tanh(a + sum(h[k] * params["Wh"][k][j] for k in range(H)) + params["b"][j]))
    return after, [sum(after[j] * params["Why"][j][v] for j in range(H)) + by for v, by in enumerate(params["by"])]


def sample(params, h0, first, uniforms, temperature=1.0):
    h, ids = h0, []
    for u in uniforms:
        h, scores = scores_after(params, h, ids[-1] if ids else first)
        p = temperature_softmax(scores, temperature)
        i = 0
        while i < len(p) - 1 and u >= p[i]:  # what is left of u after the characters before
            u -= p[i]
            i += 1
        ids.append(i)
    return tuple(ids)


def sample_greedy(params, h0, first, M):
    h, ids = h0, [first]
    for _ in range(M):
        h, scores = scores_after(params, h, ids[-1])
        ids.append(scores.index(max(scores)))
    return ids[1:]
