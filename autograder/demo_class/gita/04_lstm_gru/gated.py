"""Gita: the gates are objects in gates.py; a cache is the cell that made the step."""

import numpy as np
from gates import GRU, LSTM


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    cell = LSTM("ifog", x, prev_h, prev_c, Wx, Wh)
    return *cell.forward(b), cell


def lstm_step_backward(dnext_h, dnext_c, cache):
    dx, dprev_h, dprev_c, weights = cache.backward(dnext_h, dnext_c)
    return dx, dprev_h, dprev_c, *weights.values()


def lstm_forward(x, h0, Wx, Wh, b):
    cells, states = [], []
    h, c = h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c, cell = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        cells.append(cell)
        states.append(h)
    return np.stack(states, axis=1), cells


def lstm_backward(dh, cache):
    steps, total = [], None
    back_h = back_c = np.zeros_like(dh[:, 0])
    for t, cell in reversed(list(enumerate(cache))):
        dx, back_h, back_c, *weights = lstm_step_backward(dh[:, t] + back_h, back_c, cell)
        steps.append(dx)
        total = weights if total is None else [a + w for a, w in zip(total, weights)]
    return np.stack(steps[::-1], axis=1), back_h, *total


def init_lstm(D, H, forget_bias=1.0, seed=0):
    generator = np.random.default_rng(seed)
    Wx, Wh = (generator.standard_normal((rows, 4 * H)) * rows**-0.5 for rows in (D, H))
    b = np.zeros((4, H))
    b["ifog".index("f")] = forget_bias
    return Wx, Wh, b.reshape(-1)


def to_torch_lstm(Wx, Wh, b):
    def for_torch(w):
        blocks = dict(zip("ifog", np.split(w.T, 4)))
        return np.concatenate([blocks[name] for name in "ifgo"])

    bias = for_torch(b)
    return dict(weight_ih_l0=for_torch(Wx), weight_hh_l0=for_torch(Wh), bias_ih_l0=bias, bias_hh_l0=bias - bias)


def gru_step_forward(x, prev_h, Wx, Wh, b):
    cell = GRU(x, prev_h, Wx, Wh)
    return cell.forward(b), cell


def gru_step_backward(dnext_h, cache):
    dx, dprev_h, weights = cache.backward(dnext_h)
    return dx, dprev_h, *weights.values()


def gru_forward(x, h0, Wx, Wh, b):
    cells, states = [], [h0]
    for t in range(x.shape[1]):
        h, cell = gru_step_forward(x[:, t], states[-1], Wx, Wh, b)
        cells.append(cell)
        states.append(h)
    return np.stack(states[1:], axis=1), cells


def gru_backward(dh, cache):
    steps, total = [], None
    back = np.zeros_like(dh[:, 0])
    for t, cell in reversed(list(enumerate(cache))):
        dx, back, *weights = gru_step_backward(dh[:, t] + back, cell)
        steps.append(dx)
        total = weights if total is None else [a + w for a, w in zip(total, weights)]
    return np.stack(steps[::-1], axis=1), back, *total


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    return GRU(x, prev_h, Wx, Wh, reset_after=True).forward(b)


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    cell = LSTM("fog", x, prev_h, prev_c, Wx, Wh)
    return *cell.forward(b), cell


def coupled_step_backward(dnext_h, dnext_c, cache):
    dx, dprev_h, dprev_c, weights = cache.backward(dnext_h, dnext_c)
    return dx, dprev_h, dprev_c, *weights.values()
