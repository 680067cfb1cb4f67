"""Ada: unit 5."""

import torch
from torch import nn

PAD, START, END, UNKNOWN = 0, 1, 2, 3
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


class CaptioningRNN(nn.Module):
    """The parameters of a captioning model, under the names that your functions below use. Given."""

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
    cnn.eval()
    with torch.no_grad():
        grid = cnn.trunk(images)
    return grid.reshape(len(images), -1)


def rnn_step(x, h, Wx, Wh, b):
    return torch.tanh(x @ Wx + h @ Wh + b)


def lstm_step(x, h, c, Wx, Wh, b):
    H = h.shape[1]
    a = x @ Wx + h @ Wh + b  # (N, 4H)
    i, f, o = torch.sigmoid(a[:, : 3 * H]).split(H, dim=1)
    next_c = f * c + i * torch.tanh(a[:, 3 * H :])
    return o * torch.tanh(next_c), next_c


def gru_step(x, h, Wx, Wh, b):
    H = h.shape[1]
    ax = x @ Wx + b  # (N, 3H)
    ah = h @ Wh[:, : 2 * H]
    r = torch.sigmoid(ax[:, :H] + ah[:, :H])
    z = torch.sigmoid(ax[:, H : 2 * H] + ah[:, H:])
    n = torch.tanh(ax[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :])
    return z * h + (1 - z) * n


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    h = torch.zeros(len(v), model.H, dtype=v.dtype, device=v.device)
    state = (h, h) if model.cell == "lstm" else (h,)
    if model.inject == "every_step":
        return state
    picture = v @ model.Wv + model.bv
    if model.inject == "init":
        return (picture, *state[1:])
    return advance(model, picture, state, model.b)


def next_scores(model, words, state, v):
    b = model.b
    if model.inject == "every_step":
        b = b + model.bv + v @ model.Wv  # (N, G·H)
    state = advance(model, model.We[words], state, b)
    return state[0] @ model.Why + model.by, state


def caption_scores(model, v, words):
    state = start_state(model, v)
    scores = []
    for t in range(words.shape[1]):
        s, state = next_scores(model, words[:, t], state, v)
        scores.append(s)
    return torch.stack(scores, dim=1)


def caption_loss(scores, targets):
    log_p = torch.log_softmax(scores, dim=-1)
    chosen = log_p.gather(-1, targets[..., None])[..., 0]
    return -(chosen * (targets != PAD)).sum() / len(targets)


def training_step(model, optimizer, v, captions):
    optimizer.zero_grad()
    scores = caption_scores(model, v, captions[:, :-1])
    loss = caption_loss(scores, captions[:, 1:])
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def greedy(model, v, max_length):
    N = len(v)
    words = torch.full((N, max_length), PAD, device=v.device)
    last = torch.full((N,), START, device=v.device)
    ended = torch.zeros(N, dtype=torch.bool, device=v.device)
    state = start_state(model, v)
    for t in range(max_length):
        scores, state = next_scores(model, last, state, v)
        last = scores.argmax(dim=1)
        words[~ended, t] = last[~ended]
        ended = ended | (last == END)
    return words


@torch.no_grad()
def beam_search(model, v, width, max_length, alpha=0.7):
    v = v[None]
    beam = [([], 0.0, start_state(model, v))]

    def value(entry):
        return entry[1] / max(len(entry[0]), 1) ** alpha

    for _ in range(max_length):
        found = [entry for entry in beam if entry[0] and entry[0][-1] == END]
        for words, total, state in beam:
            if words and words[-1] == END:
                continue
            last = torch.tensor([words[-1] if words else START], device=v.device)
            scores, after = next_scores(model, last, state, v)
            log_p = torch.log_softmax(scores[0], dim=0)
            for word in range(len(log_p)):
                found.append((words + [word], total + float(log_p[word]), after))
        found.sort(key=value, reverse=True)
        beam = found[:width]
    return beam[0][0]
