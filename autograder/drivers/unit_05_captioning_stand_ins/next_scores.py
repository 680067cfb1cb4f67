import torch


def next_scores(model, words, state, v):
    h, H = state[0], model.H
    read = torch.einsum("nd,dg->ng", torch.index_select(model.We, 0, words), model.Wx) + model.b
    if model.inject == "every_step":
        read = read + model.bv + torch.einsum("nf,fk->nk", v, model.Wv)
    kept = torch.einsum("nk,kg->ng", h, model.Wh)
    gates = 1 / (1 + torch.exp(-(read + kept).unflatten(1, (-1, H))))
    if model.cell == "rnn":
        state = (torch.tanh(read + kept),)
    elif model.cell == "gru":
        again = torch.einsum("nk,kg->ng", gates[:, 0] * h, model.Wh[:, 2 * H :])
        new = torch.tanh(read[:, 2 * H :] + again)
        state = (new + gates[:, 1] * (h - new),)
    else:
        c = gates[:, 1] * state[1] + gates[:, 0] * torch.tanh((read + kept)[:, 3 * H :])
        state = (gates[:, 2] * torch.tanh(c), c)
    return torch.einsum("nh,hv->nv", state[0], model.Why) + model.by, state
