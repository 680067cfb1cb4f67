import torch


def caption_scores(model, v, words):
    H = model.H
    h = c = torch.zeros(v.shape[0], H, dtype=v.dtype, device=v.device)
    picture = torch.einsum("nf,fk->nk", v, model.Wv) + model.bv
    read = torch.einsum("ntd,dg->tng", model.We[words], model.Wx)
    if model.inject == "init":
        h = picture
    elif model.inject == "every_step":
        read = read + picture
    else:
        read = torch.cat([torch.einsum("nd,dg->ng", picture, model.Wx)[None], read])
    found = []
    for now in read + model.b:
        kept = torch.einsum("nk,kg->ng", h, model.Wh)
        gates = 1 / (1 + torch.exp(-(now + kept).unflatten(1, (-1, H))))
        if model.cell == "rnn":
            h = torch.tanh(now + kept)
        elif model.cell == "gru":
            new = torch.tanh(now[:, 2 * H :] + torch.einsum("nk,kg->ng", gates[:, 0] * h, model.Wh[:, 2 * H :]))
            h = new + gates[:, 1] * (h - new)
        else:
            c = gates[:, 1] * c + gates[:, 0] * torch.tanh((now + kept)[:, 3 * H :])
            h = gates[:, 2] * torch.tanh(c)
        found.append(torch.einsum("nh,hv->nv", h, model.Why) + model.by)
    return torch.stack(found[-words.shape[1] :], 1)
