import torch


def lstm_step(x, h, c, Wx, Wh, b):
    mixed = torch.einsum("nd,dg->ng", x, Wx) + torch.einsum("nk,kg->ng", h, Wh) + b
    parts = mixed.unflatten(1, (4, h.shape[1]))
    gates = 1 / (1 + torch.exp(-parts[:, :3]))
    c = gates[:, 1] * c + gates[:, 0] * torch.tanh(parts[:, 3])
    return gates[:, 2] * torch.tanh(c), c
