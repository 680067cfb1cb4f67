"""Correct, with caches that are objects, gates in a class, named tuples, keyword calls, type hints and decorators."""

from __future__ import annotations

import functools
import logging
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass, field

import numpy as np

log = logging.getLogger(__name__)
Gradients = namedtuple("Gradients", "dx dprev_h dprev_c dWx dWh db")
GruGradients = namedtuple("GruGradients", "dx dprev_h dWx dWh db")


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        log.warning("%s", function.__name__)
        return function(*args, **kwargs)

    return wrapper


class Squash:
    """A nonlinearity that remembers its result."""

    def __init__(self, kind: str, columns: slice) -> None:
        self.kind, self.columns = kind, columns

    def __call__(self, sums: np.ndarray) -> np.ndarray:
        a = sums[:, self.columns]
        self.value = np.tanh(a) if self.kind == "tanh" else 1.0 / (1.0 + np.exp(-np.clip(a, -500, 500)))
        return self.value

    def back(self, upstream: np.ndarray) -> np.ndarray:
        return upstream * (1 - self.value**2 if self.kind == "tanh" else self.value * (1 - self.value))


@dataclass
class Step:
    x: np.ndarray
    h: np.ndarray
    c: np.ndarray
    weights: tuple[np.ndarray, np.ndarray]
    gates: dict[str, Squash] = field(default_factory=dict)
    shown: np.ndarray | None = None

    def sums(self, b: np.ndarray) -> np.ndarray:
        return self.x @ self.weights[0] + self.h @ self.weights[1] + b

    def back(self, sums: dict[str, np.ndarray], dprev_c: np.ndarray) -> Gradients:
        da = np.concatenate([sums[name] for name in self.gates], axis=1)
        Wx, Wh = self.weights
        return Gradients(da @ Wx.T, da @ Wh.T, dprev_c, self.x.T @ da, self.h.T @ da, da.sum(axis=0))


@logged
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    step = Step(x, prev_h, prev_c, (Wx, Wh))
    for k, name in enumerate("ifog"):
        step.gates[name] = Squash("tanh" if name == "g" else "sigmoid", slice(k * H, (k + 1) * H))
    values = {name: gate(step.sums(b)) for name, gate in step.gates.items()}
    c = values["f"] * prev_c + values["i"] * values["g"]
    step.shown = np.tanh(c)
    return values["o"] * step.shown, c, step


@logged
def lstm_step_backward(dnext_h, dnext_c, cache):
    gate = cache.gates
    dc = dnext_c + dnext_h * gate["o"].value * (1 - cache.shown**2)
    upstream = {
        "i": dc * gate["g"].value,
        "f": dc * cache.c,
        "o": dnext_h * cache.shown,
        "g": dc * gate["i"].value,
    }
    return cache.back({name: gate[name].back(g) for name, g in upstream.items()}, dc * gate["f"].value)


class Tape:
    """A stack of steps, used up on the way back."""

    def __init__(self):
        self.steps = deque()

    def __len__(self):
        return len(self.steps)


def unrolled(step, x, *states):
    tape, out = Tape(), []
    for x_t in np.moveaxis(x, 1, 0):
        *states, kept = step(x_t, *states)
        tape.steps.append(kept)
        out.append(states[0])
    return np.moveaxis(np.array(out), 0, 1), tape


def lstm_forward(x, h0, Wx, Wh, b):
    def step(x_t, h, c):
        return lstm_step_forward(x=x_t, prev_h=h, prev_c=c, Wx=Wx, Wh=Wh, b=b)

    return unrolled(step, x, h0, np.zeros(h0.shape))


def lstm_backward(dh, cache):
    dx, totals = np.zeros((0,)), None
    dh0, dc0 = np.zeros(dh[:, 0].shape), np.zeros(dh[:, 0].shape)
    pieces = deque()
    while len(cache):
        grads = lstm_step_backward(dnext_h=dh0 + dh[:, len(cache) - 1], dnext_c=dc0, cache=cache.steps.pop())
        dh0, dc0 = grads.dprev_h, grads.dprev_c
        pieces.appendleft(grads.dx)
        new = (grads.dWx, grads.dWh, grads.db)
        totals = new if totals is None else tuple(map(np.add, totals, new))
    dx = np.stack(list(pieces), axis=1)
    return dx, dh0, *totals


def init_lstm(D: int, H: int, forget_bias: float = 1.0, seed: int = 0):
    streams = np.random.SeedSequence(seed).spawn(2)
    drawn = []
    for rows, stream in zip((D, H), streams, strict=True):
        generator = np.random.Generator(np.random.PCG64(stream))
        drawn.append(generator.normal(scale=1 / np.sqrt(rows), size=(rows, 4 * H)))
    bias = {"i": 0.0, "f": float(forget_bias), "o": 0.0, "g": 0.0}
    return drawn[0], drawn[1], np.repeat(list(bias.values()), H)


def to_torch_lstm(Wx, Wh, b):
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")
    state = OrderedDict()
    for name, array in zip(names, (Wx, Wh, b), strict=True):
        i, f, o, g = np.array_split(array.T, 4)
        state[name] = np.vstack((i, f, g, o)) if array.ndim == 2 else np.hstack((i, f, g, o))
    state["bias_hh_l0"] = 0 * state["bias_ih_l0"]
    return state


@dataclass
class GruStep:
    x: np.ndarray
    h: np.ndarray
    Wx: dict[str, np.ndarray]
    Wh: dict[str, np.ndarray]
    r: Squash
    z: Squash
    n: Squash


def by_gate(w):
    return dict(zip("rzn", np.split(w, 3, axis=-1), strict=True))


@logged
def gru_step_forward(x, prev_h, Wx, Wh, b):
    W, U, bias = by_gate(Wx), by_gate(Wh), by_gate(b)
    everything = slice(None)
    step = GruStep(
        x, prev_h, W, U, Squash("sigmoid", everything), Squash("sigmoid", everything), Squash("tanh", everything)
    )
    r = step.r(x @ W["r"] + prev_h @ U["r"] + bias["r"])
    z = step.z(x @ W["z"] + prev_h @ U["z"] + bias["z"])
    n = step.n(x @ W["n"] + (prev_h * r) @ U["n"] + bias["n"])
    return n * (1 - z) + prev_h * z, step


@logged
def gru_step_backward(dnext_h, cache):
    s = cache
    an = s.n.back(dnext_h * (1 - s.z.value))
    az = s.z.back(dnext_h * (s.h - s.n.value))
    seen = an @ s.Wh["n"].T
    ar = s.r.back(seen * s.h)
    dprev_h = dnext_h * s.z.value + seen * s.r.value + az @ s.Wh["z"].T + ar @ s.Wh["r"].T
    dx = ar @ s.Wx["r"].T + az @ s.Wx["z"].T + an @ s.Wx["n"].T
    dWh = np.hstack([s.h.T @ ar, s.h.T @ az, (s.h * s.r.value).T @ an])
    all_three = np.hstack([ar, az, an])
    return GruGradients(dx, dprev_h, s.x.T @ all_three, dWh, all_three.sum(0))


def gru_forward(x, h0, Wx, Wh, b):
    return unrolled(lambda x_t, h: gru_step_forward(x=x_t, prev_h=h, Wx=Wx, Wh=Wh, b=b), x, h0)


def gru_backward(dh, cache):
    back, totals, dx = 0.0, [], np.empty((*dh.shape[:2], cache.steps[0].x.shape[1]))
    for t, kept in reversed(list(enumerate(cache.steps))):
        g = gru_step_backward(dnext_h=dh[:, t] + back, cache=kept)
        back = g.dprev_h
        dx[:, t] = g.dx
        totals.append((g.dWx, g.dWh, g.db))
    dWx, dWh, db = (sum(parts) for parts in zip(*totals, strict=True))
    return dx, back, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    W, U, bias = by_gate(Wx), by_gate(Wh), by_gate(b)
    whole = slice(None)
    r, z = (Squash("sigmoid", whole)(x @ W[k] + prev_h @ U[k] + bias[k]) for k in "rz")
    n = Squash("tanh", whole)(x @ W["n"] + bias["n"] + (prev_h @ U["n"]) * r)
    return n - z * n + z * prev_h


@logged
def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    step = Step(x, prev_h, prev_c, (Wx, Wh))
    for k, name in enumerate("fog"):
        step.gates[name] = Squash("tanh" if name == "g" else "sigmoid", slice(k * H, (k + 1) * H))
    f, o, g = (gate(step.sums(b)) for gate in step.gates.values())
    c = g + f * (prev_c - g)
    step.shown = np.tanh(c)
    return o * step.shown, c, step


@logged
def coupled_step_backward(dnext_h, dnext_c, cache):
    f, o, g = (cache.gates[name].value for name in "fog")
    dc = dnext_c + dnext_h * o * (1 - cache.shown**2)
    upstream = {"f": dc * cache.c - dc * g, "o": dnext_h * cache.shown, "g": dc - dc * f}
    return cache.back({name: cache.gates[name].back(u) for name, u in upstream.items()}, dc * f)
