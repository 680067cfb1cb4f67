import torch


def gru_step(x, h, Wx, Wh, b):
    H = h.shape[1]
    read = torch.einsum("nd,dg->ng", x, Wx) + b
    kept = torch.einsum("nk,kg->ng", h, Wh[:, : 2 * H])
    gates = 1 / (1 + torch.exp(-(read[:, : 2 * H] + kept)))
    new = torch.tanh(read[:, 2 * H :] + torch.einsum("nk,kg->ng", gates[:, :H] * h, Wh[:, 2 * H :]))
    return new + gates[:, H:] * (h - new)
