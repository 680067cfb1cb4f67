"""Gates and cells as objects; gated.py wraps them into the functions of the assignment."""

import numpy as np


class Gate:
    """A nonlinearity that remembers what came out of it."""

    def __init__(self, squash):
        self.squash = squash

    def __call__(self, a):
        if self.squash == "tanh":
            self.value = np.tanh(a)
        else:
            self.value = 0.5 + 0.5 * np.tanh(a / 2)
        return self.value

    def back(self, d):
        slope = 1 - self.value**2 if self.squash == "tanh" else self.value * (1 - self.value)
        return d * slope


class Mixed:
    """All products of a cell whose gates see the input and the old state alike."""

    def __init__(self, names, x, h, Wx, Wh):
        self.x, self.h, self.Wx, self.Wh = x, h, Wx, Wh
        self.gates = {name: Gate("tanh" if name == "g" else "sigmoid") for name in names}

    def forward(self, b):
        blocks = np.split(self.x @ self.Wx + self.h @ self.Wh + b, len(self.gates), axis=1)
        return [gate(block) for gate, block in zip(self.gates.values(), blocks)]

    def backward(self, upstream):
        da = np.hstack([self.gates[name].back(upstream[name]) for name in self.gates])
        weights = {"Wx": self.x.T @ da, "Wh": self.h.T @ da, "b": da.sum(axis=0)}
        return da @ self.Wx.T, da @ self.Wh.T, weights


class LSTM:
    """One step, with an input gate of its own or with one that is coupled to the forget gate."""

    def __init__(self, names, x, h, c, Wx, Wh):
        self.mixed, self.c = Mixed(names, x, h, Wx, Wh), c

    @property
    def value(self):
        gates = self.mixed.gates
        values = {name: gate.value for name, gate in gates.items()}
        return values if "i" in values else {**values, "i": 1 - values["f"]}

    def forward(self, b):
        self.mixed.forward(b)
        v = self.value
        self.next_c = v["f"] * self.c + v["i"] * v["g"]
        self.shown = np.tanh(self.next_c)
        return v["o"] * self.shown, self.next_c

    def backward(self, dh, dc):
        v = self.value
        dc = dc + dh * v["o"] * (1 - self.shown**2)
        d = {"i": dc * v["g"], "f": dc * self.c, "o": dh * self.shown, "g": dc * v["i"]}
        if "i" not in self.mixed.gates:
            d["f"] = d["f"] - d.pop("i")
        dx, dprev_h, weights = self.mixed.backward(d)
        return dx, dprev_h, dc * v["f"], weights


class GRU:
    """One step; the reset gate acts on the state, or on its product with the weights."""

    def __init__(self, x, h, Wx, Wh, reset_after=False):
        self.x, self.h, self.reset_after = x, h, reset_after
        self.Wx, self.Wh = np.split(Wx, 3, axis=1), np.split(Wh, 3, axis=1)
        self.r, self.z, self.n = Gate("sigmoid"), Gate("sigmoid"), Gate("tanh")

    def forward(self, b):
        b = np.split(b, 3)
        self.r(self.x @ self.Wx[0] + self.h @ self.Wh[0] + b[0])
        self.z(self.x @ self.Wx[1] + self.h @ self.Wh[1] + b[1])
        if self.reset_after:
            seen = self.r.value * (self.h @ self.Wh[2])
        else:
            self.kept = self.r.value * self.h
            seen = self.kept @ self.Wh[2]
        self.n(self.x @ self.Wx[2] + seen + b[2])
        return self.z.value * (self.h - self.n.value) + self.n.value

    def backward(self, dh):
        dn = self.n.back(dh - dh * self.z.value)
        dz = self.z.back(dh * (self.h - self.n.value))
        dkept = dn @ self.Wh[2].T
        dr = self.r.back(dkept * self.h)
        d = [dr, dz, dn]
        dx = sum(da @ w.T for da, w in zip(d, self.Wx))
        dprev_h = dh * self.z.value + dkept * self.r.value + dr @ self.Wh[0].T + dz @ self.Wh[1].T
        dWh = np.hstack([self.h.T @ dr, self.h.T @ dz, self.kept.T @ dn])
        return dx, dprev_h, {"Wx": self.x.T @ np.hstack(d), "Wh": dWh, "b": np.hstack(d).sum(axis=0)}
