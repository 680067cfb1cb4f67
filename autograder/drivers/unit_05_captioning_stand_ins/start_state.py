import torch


def start_state(model, v):
    h = torch.zeros(v.shape[0], model.H, dtype=v.dtype, device=v.device)
    c = h
    if model.inject != "every_step":
        picture = torch.einsum("nf,fk->nk", v, model.Wv) + model.bv
        if model.inject == "init":
            h = picture
        else:  # a step from nothing: no state is read, and none is kept
            blocks = (torch.einsum("nd,dg->ng", picture, model.Wx) + model.b).unflatten(1, (-1, model.H))
            gates = 1 / (1 + torch.exp(-blocks[:, :-1]))
            h = torch.tanh(blocks[:, -1])
            if model.cell == "gru":
                h = h - gates[:, 1] * h
            if model.cell == "lstm":
                c = gates[:, 0] * h
                h = gates[:, 2] * torch.tanh(c)
    return (h, c) if model.cell == "lstm" else (h,)
