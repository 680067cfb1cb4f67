"""Correct, with objects as caches, keyword calls, dict comprehensions, prints and a class that is the model."""

from __future__ import annotations

import warnings
from bisect import bisect
from collections import Counter, OrderedDict, namedtuple
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from coursekit.upstream import upstream

_names = ("rnn_step_forward", "rnn_forward", "rnn_backward", "temporal_affine_forward", "temporal_affine_backward")
LAYERS = dict(zip(_names, upstream("02_bptt", *_names), strict=False))
Chunk = namedtuple("Chunk", "x y")
print("loaded", len(LAYERS), "functions")


@dataclass
class Looked:
    ids: np.ndarray
    table: np.ndarray
    used: Counter = field(default_factory=Counter)


def build_vocab(text: str) -> list[str]:
    return sorted(Counter(text))


def encode(text: str, vocab: list[str]) -> np.ndarray:
    table = str.maketrans({character: chr(i) for i, character in enumerate(vocab)})
    return np.fromiter(map(ord, text.translate(table)), dtype=np.int32)


def decode(ids: np.ndarray, vocab: list[str]) -> str:
    return "".join(map(vocab.__getitem__, ids))


def one_hot(ids: np.ndarray, V: int) -> np.ndarray:
    vectors = np.zeros((*np.shape(ids), V), dtype=bool)
    np.put_along_axis(vectors, np.asarray(ids)[..., None], True, axis=-1)
    return vectors


def word_embedding_forward(x, W):
    cache = Looked(ids=x, table=W)
    cache.used.update(x.ravel().tolist())
    return np.take(W, x, axis=0), cache


def word_embedding_backward(dout, cache):
    dW = np.zeros(cache.table.shape)
    for i in cache.used:
        dW[i] = dout[cache.ids == i].sum(axis=0)
    return dW


def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    K = L // T
    x, y = (text[shift : shift + N * L].reshape(N, L)[:, : K * T] for shift in (0, 1))
    return tuple(Chunk(*pair) for pair in zip(np.split(x, K, axis=1), np.split(y, K, axis=1), strict=True))


class Model:
    def __init__(self, **weights):
        vars(self).update(weights)

    def forward(self, x, h0):
        rows, self.looked = word_embedding_forward(W=self.We, x=x)
        self.h, self.unrolled = LAYERS["rnn_forward"](rows, h0=h0, Wx=self.Wx, Wh=self.Wh, b=self.b)
        scores, self.read_out = LAYERS["temporal_affine_forward"](self.h, w=self.Why, b=self.by)
        return scores

    def backward(self, dscores):
        dh, dWhy, dby = LAYERS["temporal_affine_backward"](dscores, self.read_out)
        drows, dh0, dWx, dWh, db = LAYERS["rnn_backward"](dh, cache=self.unrolled)
        dWe = word_embedding_backward(dout=drows, cache=self.looked)
        return OrderedDict(by=dby, Why=dWhy, b=db, Wh=dWh, Wx=dWx, We=dWe, h0=dh0)


def char_rnn_loss(params, x, y, h0):
    model = Model(**params)
    scores = model.forward(x, h0)
    shifted = scores - scores.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    hit = one_hot(y, scores.shape[-1])
    warnings.warn("one more chunk", stacklevel=1)
    return -log_p[hit].sum() / len(x), model.backward((np.exp(log_p) - hit) / len(x)), model.h[:, -1, :].copy()


class Settings(dict):
    """A dict that knows its defaults."""

    def __init__(self, given, **defaults):
        super().__init__(defaults, **(given or {}))


def adagrad_step(w, dw, config=None):
    config = Settings(config, learning_rate=1e-1, epsilon=1e-8, cache=np.zeros(w.shape))
    config.update(cache=config["cache"] + dw * dw, note=lambda: "anything may be in it")
    return np.subtract(w, config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])), config


def adam_step(w, dw, config=None):
    c = Settings(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=np.int64(0))
    c.setdefault("m", np.zeros(w.shape))
    c.setdefault("v", np.zeros(w.shape))
    c["t"] = c["t"] + 1
    for name, beta, new in (("m", c["beta1"], dw), ("v", c["beta2"], dw**2)):
        c[name] = np.average([c[name], new], axis=0, weights=[beta, 1 - beta])
    corrected = {name: c[name] / (1 - c[beta] ** int(c["t"])) for name, beta in (("m", "beta1"), ("v", "beta2"))}
    return w - c["learning_rate"] * corrected["m"] / (np.sqrt(corrected["v"]) + c["epsilon"]), c


def bits_per_char(scores, y):
    surprise = np.logaddexp2.reduce(scores / np.log(2), axis=-1) - np.take_along_axis(
        scores, y[..., np.newaxis], axis=-1
    ).squeeze(axis=-1) / np.log(2)
    return np.mean(surprise)


def temperature_softmax(scores, temperature):
    e = np.exp((scores - np.max(scores, axis=-1)[..., None]) / temperature)
    return e / np.sum(e, axis=-1)[..., None]


class Writer:
    def __init__(self, params, h0, first):
        self.params, self.h, self.current = params, h0[np.newaxis, :], first
        self.written = []

    def scores(self):
        p = self.params
        x = p["We"][self.current : self.current + 1]
        self.h, _ = LAYERS["rnn_step_forward"](x=x, prev_h=self.h, Wx=p["Wx"], Wh=p["Wh"], b=p["b"])
        return self.h.ravel() @ p["Why"] + p["by"]

    def write(self, i):
        self.written.append(i)
        self.current = i


def sample(params, h0, first, uniforms, temperature=1.0):
    writer = Writer(params=params, h0=h0, first=first)
    for u in uniforms:
        borders = list(accumulate(temperature_softmax(temperature=temperature, scores=writer.scores())))
        writer.write(bisect(borders, u, hi=len(borders) - 1))
    return np.array(writer.written)


def sample_greedy(params, h0, first, M):
    writer = Writer(params, h0, first)
    for _ in range(M):
        scores = writer.scores()
        writer.write(max(range(len(scores)), key=scores.__getitem__))
    return writer.written
