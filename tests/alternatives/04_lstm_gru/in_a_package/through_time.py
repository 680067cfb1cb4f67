"""One loop for every cell: the step returns its states and a cache."""

import numpy as np


def forward(step, x, states, weights):
    x = np.transpose(x, (1, 0, 2))
    h, cache = [], [None] * len(x)
    for t in range(len(x)):
        *states, cache[t] = step(x[t], *states, *weights)
        h.append(states[0])
    return np.transpose(np.array(h), (1, 0, 2)), cache


def backward(step, dh, cache, extra):
    """``extra``: how many states there are besides h."""
    dh = np.transpose(dh, (1, 0, 2))
    grads, dx, carried = {}, [], None
    for t in range(len(cache) - 1, -1, -1):
        incoming = dh[t] if carried is None else dh[t] + carried[0]
        others = [np.zeros_like(incoming)] * extra if carried is None else carried[1:]
        dx_t, *rest = step(incoming, *others, cache[t])
        carried, weights = rest[: 1 + extra], rest[1 + extra :]
        dx = [dx_t] + dx
        for name, g in zip(("Wx", "Wh", "b"), weights, strict=True):
            grads[name] = grads.setdefault(name, 0) + g
    return np.transpose(np.array(dx), (1, 0, 2)), carried[0], grads["Wx"], grads["Wh"], grads["b"]
