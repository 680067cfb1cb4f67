"""Correct: weights made and handed over as torch's own tensors, of another library's kind than everything else."""

import torch


def init_lstm(D, H, forget_bias=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    Wx = torch.randn(D, 4 * H, generator=generator) / D**0.5
    Wh = torch.empty(H, 4 * H, dtype=torch.float64).normal_(std=H**-0.5, generator=generator)
    b = torch.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    return Wx, Wh, b


def to_torch_lstm(Wx, Wh, b):
    state = {}
    for name, w in (("weight_ih_l0", Wx), ("weight_hh_l0", Wh)):
        i, f, o, g = torch.from_numpy(w).chunk(4, dim=1)
        state[name] = torch.nn.Parameter(torch.cat([i, f, g, o], dim=1).t())
    i, f, o, g = torch.from_numpy(b).chunk(4)
    state["bias_ih_l0"] = torch.cat([i, f, g, o])
    state["bias_hh_l0"] = torch.zeros_like(state["bias_ih_l0"])
    return state
