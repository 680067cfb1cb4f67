"""Probabilities, and text made of them."""

import numpy as np


def bits_per_char(scores, y):
    V = scores.shape[-1]
    p = temperature_softmax(scores, 1.0).reshape(-1, V)
    return float(np.mean([-np.log2(row[target]) for row, target in zip(p, y.flat, strict=False)]))


def temperature_softmax(scores, temperature):
    scores = np.asarray(scores) / temperature
    # 1 / sum_j exp(s_j - s_i): what is far above gives an infinite sum, and a probability of 0
    with np.errstate(over="ignore"):
        return 1.0 / np.exp(scores[..., None, :] - scores[..., :, None]).sum(axis=-1)


def write(params, h, current, choose, M):
    from coursekit.upstream import upstream

    step = upstream("02_bptt", "rnn_step_forward")
    for k in range(M):
        h, _ = step(params["We"][current][None, :], h[None, :], params["Wx"], params["Wh"], params["b"])
        h = h[0]
        current = choose(h @ params["Why"] + params["by"], k)
        yield current


def sample(params, h0, first, uniforms, temperature=1.0):
    def choose(scores, k):
        borders = np.cumsum(temperature_softmax(scores, temperature))
        borders[-1] = 1.0  # rounding may leave it just below
        return int(np.flatnonzero(borders > uniforms[k])[0])

    return list(write(params, h0, first, choose, len(uniforms)))


def sample_greedy(params, h0, first, M):
    return np.fromiter(write(params, h0, first, lambda scores, k: scores.argmax(), M), dtype=np.int64)
