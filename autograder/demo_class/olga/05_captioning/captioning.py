"""Olga: with the picture at every step, the picture never gets there."""

import torch
from torch import nn, sigmoid, tanh

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
    cnn.train(False)
    return cnn.trunk(images).detach().flatten(start_dim=1)


def rnn_step(x, h, Wx, Wh, b):
    return tanh(torch.addmm(h @ Wh + b, x, Wx))


def lstm_step(x, h, c, Wx, Wh, b):
    i, f, o, g = torch.chunk(torch.addmm(h @ Wh + b, x, Wx), 4, dim=1)
    next_c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(next_c), next_c


def gru_step(x, h, Wx, Wh, b):
    xr, xz, xn = torch.chunk(x @ Wx + b, 3, dim=1)
    Whr, Whz, Whn = torch.chunk(Wh, 3, dim=1)
    r, z = sigmoid(xr + h @ Whr), sigmoid(xz + h @ Whz)
    return torch.lerp(tanh(xn + (r * h) @ Whn), h, z)


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    N = v.shape[0]
    zeros = [v.new_zeros(N, model.H) for _ in range(2 if model.cell == "lstm" else 1)]
    if model.inject == "init":
        zeros[0] = torch.addmm(model.bv, v, model.Wv)
    elif model.inject == "first_token":
        return advance(model, torch.addmm(model.bv, v, model.Wv), zeros, model.b)
    return tuple(zeros)


def next_scores(model, words, state, v):
    # the picture is in the state that I start from
    after = advance(model, nn.functional.embedding(words, model.We), state, model.b)
    return torch.addmm(model.by, after[0], model.Why), after


def caption_scores(model, v, words):
    T = words.shape[1]
    scores, state = [None] * T, start_state(model, v)
    for t, column in enumerate(words.unbind(dim=1)):
        scores[t], state = next_scores(model, column, state, v)
    return torch.stack(scores, 1)


def caption_loss(scores, targets):
    N, T, V = scores.shape
    per_word = nn.functional.cross_entropy(scores.reshape(N * T, V), targets.reshape(N * T), reduction="none")
    return (per_word.reshape(N, T) * (targets != PAD)).sum(dim=1).mean()


def training_step(model, optimizer, v, captions):
    told, asked = captions[:, :-1], captions[:, 1:]
    loss = caption_loss(caption_scores(model, v, told), asked)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def greedy(model, v, max_length):
    with torch.no_grad():
        state, columns = start_state(model, v), []
        current = torch.full((len(v),), START, device=v.device)
        alive = torch.ones(len(v), dtype=torch.bool, device=v.device)
        for _ in range(max_length):
            scores, state = next_scores(model, current, state, v)
            current = torch.max(scores, dim=1).indices
            columns.append(current * alive)  # PAD is 0
            alive &= current != END
    return torch.stack(columns, dim=1)


def beam_search(model, v, width, max_length, alpha=0.7):
    beams = [(0.0, 0.0, [], start_state(model, v[None]))]
    with torch.no_grad():
        for length in range(1, max_length + 1):
            if all(words[-1:] == [END] for _, _, words, _ in beams):
                break
            candidates = []
            for entry in beams:
                _, total, words, state = entry
                if words[-1:] == [END]:
                    candidates.append(entry)
                    continue
                fed = torch.tensor(words[-1:] or [START], device=v.device)
                scores, after = next_scores(model, fed, state, v[None])
                for word, log_p in enumerate(scores.log_softmax(dim=1)[0].tolist()):
                    candidates.append(((total + log_p) / length**alpha, total + log_p, [*words, word], after))
            beams = sorted(candidates, key=lambda entry: entry[0])[-width:]
    return max(beams, key=lambda entry: entry[0])[2]
