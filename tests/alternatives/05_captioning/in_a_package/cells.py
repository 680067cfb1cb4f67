"""Three cells: how many blocks each has, how many states, and a step."""

import torch


class RNN:
    blocks, states = 1, 1

    @staticmethod
    def step(x, h, Wx, Wh, b):
        return (x @ Wx + h @ Wh + b).tanh()

    @classmethod
    def advance(cls, x, state, Wx, Wh, b):
        return (cls.step(x, *state, Wx, Wh, b),)


class LSTM:
    blocks, states = 4, 2

    @staticmethod
    def step(x, h, c, Wx, Wh, b):
        parts = torch.tensor_split(x @ Wx + h @ Wh + b, 4, dim=-1)
        i, f, o = (part.sigmoid() for part in parts[:3])
        c = f * c + i * parts[3].tanh()
        return o * c.tanh(), c

    @classmethod
    def advance(cls, x, state, Wx, Wh, b):
        return cls.step(x, *state, Wx, Wh, b)


class GRU(RNN):
    blocks = 3

    @staticmethod
    def step(x, h, Wx, Wh, b):
        sizes = [2 * h.shape[1], h.shape[1]]
        (Wx_gates, Wx_new), (Wh_gates, Wh_new) = Wx.split(sizes, 1), Wh.split(sizes, 1)
        b_gates, b_new = b.split(sizes, -1)
        r, z = torch.sigmoid(x @ Wx_gates + h @ Wh_gates + b_gates).chunk(2, -1)
        return torch.lerp(torch.tanh(x @ Wx_new + r * h @ Wh_new + b_new), h, z)


CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
