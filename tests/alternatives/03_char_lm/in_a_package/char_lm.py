"""Correct, in several files; unit 2's functions are taken one by one, where they are needed."""

import numpy as np
from layers import Embedding
from optimisers import adagrad_step, adam_step
from text import build_vocab, decode, encode, one_hot, tbptt_batches
from writing import bits_per_char, sample, sample_greedy, temperature_softmax

__all__ = [
    "adagrad_step",
    "adam_step",
    "bits_per_char",
    "build_vocab",
    "decode",
    "encode",
    "one_hot",
    "sample",
    "sample_greedy",
    "tbptt_batches",
    "temperature_softmax",
]


def word_embedding_forward(x, W):
    layer = Embedding(W)
    return layer(x), layer


def word_embedding_backward(dout, cache):
    return cache.gradient(dout)


def char_rnn_loss(params, x, y, h0):
    from coursekit.upstream import upstream

    step, back = upstream("02_bptt", "rnn_step_forward", "rnn_step_backward")
    loss_at = upstream("02_bptt", "temporal_softmax_loss")
    T = x.shape[1]
    embedded, layer = word_embedding_forward(x, params["We"])
    h, caches, scores = h0, [], []
    for t in range(T):
        h, cache = step(embedded[:, t], h, params["Wx"], params["Wh"], params["b"])
        caches.append((cache, h))
        scores.append(h @ params["Why"] + params["by"])
    loss, dscores = loss_at(np.stack(scores, axis=1), y, np.full(y.shape, True))
    dembedded, carried, sums = np.zeros_like(embedded), 0.0, {"Wx": 0.0, "Wh": 0.0, "b": 0.0, "Why": 0.0, "by": 0.0}
    for t in reversed(range(T)):
        cache, state = caches.pop()
        sums["Why"] = sums["Why"] + state.T @ dscores[:, t]
        sums["by"] = sums["by"] + dscores[:, t].sum(axis=0)
        dembedded[:, t], carried, dWx, dWh, db = back(dscores[:, t] @ params["Why"].T + carried, cache)
        sums["Wx"], sums["Wh"], sums["b"] = sums["Wx"] + dWx, sums["Wh"] + dWh, sums["b"] + db
    return loss, {"We": word_embedding_backward(dembedded, layer)} | sums, h
