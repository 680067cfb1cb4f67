"""An embedding layer behind the given name, einsum with an axis for the gates, all beams in one batch."""

import torch
from torch import einsum, nn

PAD, START, END, UNKNOWN = 0, 1, 2, 3
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


class CaptioningRNN(nn.Module):
    """The given parameters; the embedding is a layer, and ``We`` its matrix."""

    def __init__(self, V, F, D=32, H=128, cell="lstm", inject="every_step"):
        super().__init__()
        G = BLOCKS[cell]
        K = {"init": H, "every_step": G * H, "first_token": D}[inject]
        self.cell, self.inject, self.H = cell, inject, H
        self.embedding = nn.Embedding(V, D)
        nn.init.normal_(self.embedding.weight, std=0.5)
        for name, rows, columns in (("Wx", D, G * H), ("Wh", H, G * H), ("Wv", F, K), ("Why", H, V)):
            self.register_parameter(name, nn.Parameter(torch.empty(rows, columns).normal_(std=rows**-0.5)))
        for name, size in (("b", G * H), ("bv", K), ("by", V)):
            self.register_parameter(name, nn.Parameter(torch.zeros(size)))
        if cell == "lstm":
            nn.init.ones_(self.b.data[H : 2 * H])

    @property
    def We(self):  # noqa: N802 - the name that is given
        return self.embedding.weight

    def forward(self, v, words):
        return caption_scores(self, v, words)


def image_features(cnn, images):
    cnn.requires_grad_(False)
    return nn.Flatten()(cnn.eval().trunk(images))


def gates(x, h, Wx, Wh, b, G):
    """(N, G, H): what comes in from below, what comes from the past, the bias."""
    H = h.shape[-1]
    below = einsum("nd,dgh->ngh", x, Wx.unflatten(1, (G, H)))
    past = einsum("nk,kgh->ngh", h, Wh.unflatten(1, (G, H)))
    return below, past, b.reshape(-1, G, H)


def rnn_step(x, h, Wx, Wh, b):
    return torch.tanh(sum(gates(x, h, Wx, Wh, b, 1))).squeeze(1)


def lstm_step(x, h, c, Wx, Wh, b):
    i, f, o, g = sum(gates(x, h, Wx, Wh, b, 4)).unbind(dim=1)
    c = torch.addcmul(f.sigmoid() * c, i.sigmoid(), g.tanh())
    return o.sigmoid() * c.tanh(), c


def gru_step(x, h, Wx, Wh, b):
    below, past, bias = gates(x, h, Wx, Wh, b, 3)
    r, z = torch.sigmoid(below + past + bias)[:, :2].unbind(1)
    H = h.shape[-1]
    new = torch.tanh(below[:, 2] + einsum("nk,kh->nh", r * h, Wh[:, -H:]) + bias[:, 2])
    return new + z * (h - new)


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def through_the_door(model, v):
    return einsum("nf,fk->nk", v, model.Wv) + model.bv


def start_state(model, v):
    nothing = [v.new_zeros(v.shape[0], model.H) for _ in range(1 + (model.cell == "lstm"))]
    match model.inject:
        case "init":
            return (through_the_door(model, v), *nothing[1:])
        case "first_token":
            return advance(model, through_the_door(model, v), nothing, model.b)
    return tuple(nothing)


def bias(model, v):
    return model.b + through_the_door(model, v) if model.inject == "every_step" else model.b


def next_scores(model, words, state, v):
    state = advance(model, model.embedding(words), state, bias(model, v))
    return einsum("nh,hv->nv", state[0], model.Why) + model.by, state


def caption_scores(model, v, words):
    x, b, state = model.embedding(words), bias(model, v), start_state(model, v)
    h = []
    for step in x.unbind(dim=1):
        state = advance(model, step, state, b)
        h += [state[0]]
    return einsum("tnh,hv->ntv", torch.stack(h), model.Why) + model.by


def caption_loss(scores, targets):
    log_p = scores.log_softmax(dim=2)
    of_target = torch.gather(log_p, dim=2, index=targets[:, :, None])[:, :, 0]
    return -of_target.masked_fill(targets == PAD, 0.0).sum() / targets.shape[0]


def training_step(model, optimizer, v, captions):
    told, asked = captions[:, :-1], captions[:, 1:]
    loss = caption_loss(model(v, told), asked)
    weights = [p for p in model.parameters() if p.requires_grad]
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss.item()


@torch.inference_mode()
def greedy(model, v, max_length):
    said = [torch.full(v.shape[:1], START, device=v.device)]
    state = start_state(model, v)
    while len(said) <= max_length:
        scores, state = next_scores(model, said[-1], state, v)
        said.append(scores.argmax(dim=-1))
    words = torch.stack(said[1:], dim=1)
    ends = (words == END).int()
    return words * (ends.cumsum(dim=1) - ends == 0)  # nothing before me has ended


@torch.no_grad()
def beam_search(model, v, width, max_length, alpha=0.7):
    device = v.device
    words = torch.full((1, 1), START, device=device)  # START stays in front until the end
    log_p = torch.zeros(1, device=device, dtype=model.by.dtype)
    state = start_state(model, v[None])
    for length in range(1, max_length + 1):
        over = (words == END).any(dim=1)
        if over.all():
            break
        going, done = (~over).nonzero()[:, 0], over.nonzero()[:, 0]
        scores, after = next_scores(model, words[going, -1], [part[going] for part in state], v.expand(len(going), -1))
        V = scores.shape[1]
        state = [part.index_copy(0, going, new) for part, new in zip(state, after, strict=True)]

        # the finished ones as they are, then every continuation of the others
        parents = torch.cat([done, going.repeat_interleave(V)])
        added = torch.cat([torch.full_like(done, PAD), torch.arange(V, device=device).repeat(len(going))])
        log_p = torch.cat([log_p[done], (log_p[going, None] + scores.log_softmax(1)).flatten()])
        lengths = torch.cat([(words[done] != PAD).sum(dim=1) - 1, torch.full_like(added[len(done) :], length)])
        best = (log_p / lengths**alpha).topk(min(width, len(log_p))).indices
        words = torch.cat([words[parents[best]], added[best, None]], dim=1)
        log_p, state = log_p[best], [part[parents[best]] for part in state]
    return [word for word in words[0, 1:].tolist() if word != PAD]
