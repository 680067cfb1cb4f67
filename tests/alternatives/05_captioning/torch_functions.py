"""Torch's own functions wherever there is one; the beam as tensors, all hypotheses at once."""

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

PAD, START, END, UNKNOWN = 0, 1, 2, 3
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


class CaptioningRNN(nn.Module):
    """The parameters of a captioning model, under the names that your functions below use. Given.

    ``inject`` says where the picture comes in, through one matrix ``Wv`` and its bias ``bv``:
    "init": as the first hidden state (K = H); "every_step": added to the pre-activations of all gates, at every
    step (K = G · H); "first_token": as if it were a word before the first one (K = D).

    Args:
        V, F, D, H: int, sizes as above. cell: "rnn", "lstm" or "gru". inject: see above.

    Attributes:
        We (V, D), Wx (D, G·H), Wh (H, G·H), b (G·H,), Why (H, V), by (V,), Wv (F, K), bv (K,).
    """

    def __init__(self, V, F, D=32, H=128, cell="lstm", inject="every_step"):
        super().__init__()
        G = BLOCKS[cell]
        K = {"init": H, "every_step": G * H, "first_token": D}[inject]
        self.cell, self.inject, self.H = cell, inject, H

        def normal(rows, columns, fan_in):
            return nn.Parameter(torch.randn(rows, columns) / fan_in**0.5)

        self.We = nn.Parameter(0.5 * torch.randn(V, D))
        self.Wx, self.Wh = normal(D, G * H, D), normal(H, G * H, H)
        self.b = nn.Parameter(torch.zeros(G * H))
        if cell == "lstm":
            with torch.no_grad():
                self.b[H : 2 * H] = 1.0  # the forget gate starts open, as in unit 4
        self.Wv, self.bv = normal(F, K, F), nn.Parameter(torch.zeros(K))
        self.Why, self.by = normal(H, V, H), nn.Parameter(torch.zeros(V))

    def forward(self, v, words):
        """(N, T, V) scores: see ``caption_scores``."""
        return caption_scores(self, v, words)


def image_features(cnn, images):
    was_training = cnn.training
    cnn.train(False)
    features = cnn.trunk(images).detach()
    cnn.train(was_training)
    return features.reshape(features.shape[0], -1)


def rnn_step(x, h, Wx, Wh, b):
    return (torch.cat([x, h], dim=1).mm(torch.cat([Wx, Wh])) + b).tanh()


def lstm_step(x, h, c, Wx, Wh, b):
    H = h.size(1)
    a = F.linear(x, Wx.t()) + F.linear(h, Wh.t()) + b
    sig = torch.sigmoid(a[:, : 3 * H])
    c = sig[:, H : 2 * H] * c + sig[:, :H] * torch.tanh(a[:, 3 * H :])
    return sig[:, 2 * H :] * torch.tanh(c), c


def gru_step(x, h, Wx, Wh, b):
    Wxr, Wxz, Wxh = Wx.chunk(3, dim=1)
    Whr, Whz, Whh = torch.tensor_split(Wh, 3, dim=1)
    br, bz, bh = b.chunk(3, dim=-1)
    r = F.sigmoid(x @ Wxr + h @ Whr + br)
    z = F.sigmoid(x @ Wxz + h @ Whz + bz)
    new = F.tanh(x @ Wxh + (h * r) @ Whh + bh)
    return torch.lerp(new, h, z)


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    h = torch.zeros(v.size(0), model.H, device=v.device)
    state = [h] if model.cell != "lstm" else [h, torch.zeros_like(h)]
    if model.inject == "init":
        state[0] = F.linear(v, model.Wv.t(), model.bv)
    elif model.inject == "first_token":
        state = list(advance(model, torch.addmm(model.bv, v, model.Wv), tuple(state), model.b))
    return state


def next_scores(model, words, state, v):
    bias = model.b
    if model.inject == "every_step":
        bias = bias + torch.addmm(model.bv, v, model.Wv)
    new = advance(model, F.embedding(words, model.We), tuple(state), bias)
    return torch.addmm(model.by, new[0], model.Why), list(new)


def caption_scores(model, v, words):
    N, T = words.shape
    out = torch.zeros(N, T, model.Why.shape[1], dtype=model.Why.dtype, device=v.device)
    state = start_state(model, v)
    for t in range(T):
        out[:, t, :], state = next_scores(model, words[:, t], state, v)
    return out


def caption_loss(scores, targets):
    picked = F.log_softmax(scores, dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return -(picked * targets.ne(PAD)).sum(dim=1).mean()


def training_step(model, optimizer, v, captions):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    scores = model(v, captions[:, :-1])
    loss = caption_loss(scores, captions[:, 1:])
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def greedy(model, v, max_length):
    words = v.new_full((v.shape[0], 1), START).long()
    state = start_state(model, v)
    alive = torch.ones(v.shape[0], dtype=torch.bool, device=v.device)
    for _ in range(max_length):
        scores, state = next_scores(model, words[:, -1], state, v)
        best = torch.max(scores, dim=-1)[1] * alive
        words = torch.cat((words, best[:, None]), dim=1)
        alive = alive & (best != END)
    return words[:, 1:]


@torch.no_grad()
def beam_search(model, v, width, max_length, alpha=0.7):
    state = start_state(model, v.unsqueeze(0))
    words = torch.full((1, 1), START, device=v.device)
    total = torch.zeros(1, dtype=model.by.dtype, device=v.device)
    for _ in range(max_length):
        ended = (words == END).any(dim=1)
        scores, after = next_scores(model, words[:, -1], state, v.expand(len(words), -1))
        log_p = torch.log_softmax(scores, dim=1)
        log_p[ended] = float("-inf")
        log_p[ended, PAD] = 0.0  # a finished one stays as it is
        sums = total[:, None] + log_p
        lengths = ((words[:, 1:] != PAD).sum(1) + (~ended).long())[:, None]
        ranked = (sums / lengths.to(sums.dtype) ** alpha).flatten()
        best = ranked.topk(min(width, int(torch.isfinite(ranked).sum())))[1]
        rows, columns = torch.div(best, sums.shape[1], rounding_mode="floor"), best % sums.shape[1]
        words = torch.cat([words[rows], columns[:, None]], dim=1)
        total = sums.flatten()[best]
        state = [torch.where(ended[rows, None], old[rows], new[rows]) for old, new in zip(state, after, strict=True)]
        if bool((words[:, 1:] == END).any(dim=1).all()):
            break
    return [int(word) for word in words[0, 1:] if word != PAD]
