"""Torch's own cells where torch has one, with the blocks in torch's order; a loss word by word."""

import torch
from torch import nn
from torch.nn import functional

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
    """A hook catches the grid on its way to the head."""
    caught = []
    hook = cnn.trunk.register_forward_hook(lambda module, given, grid: caught.append(grid))
    cnn.eval()
    with torch.no_grad():
        cnn(images)
    hook.remove()
    return torch.flatten(caught[0], start_dim=1)


def as_weights(x, Wx, b):
    """Torch's cells take one bias for all: a bias of each row comes in as more inputs."""
    if b.dim() == 1:
        return x, Wx, b
    return torch.cat([x, b], dim=1), torch.cat([Wx, torch.eye(b.shape[1]).to(b)]), torch.zeros_like(b[0])


def rnn_step(x, h, Wx, Wh, b):
    x, Wx, b = as_weights(x, Wx, b)
    return torch.rnn_tanh_cell(x, h, Wx.t(), Wh.t(), b, torch.zeros_like(b))


def lstm_step(x, h, c, Wx, Wh, b):
    i, f, o, g = torch.arange(4 * h.shape[1], device=h.device).chunk(4)
    if b.dim() == 1:
        order = torch.cat([i, f, g, o])
        return torch.lstm_cell(x, (h, c), Wx[:, order].t(), Wh[:, order].t(), b[order], torch.zeros_like(b))
    a = torch.baddbmm(torch.addmm(b, x, Wx)[None], h[None], Wh[None])[0]  # one bias a row: torch's cell has none
    c = torch.sigmoid(a[:, f]) * c + torch.sigmoid(a[:, i]) * torch.tanh(a[:, g])
    return torch.sigmoid(a[:, o]) * torch.tanh(c), c


def gru_step(x, h, Wx, Wh, b):
    # torch.gru_cell resets after the product: not ours
    H = h.shape[1]
    x, Wx, b = as_weights(x, Wx, b)
    r, z = torch.sigmoid(functional.linear(x, Wx[:, :-H].t(), b[:-H]) + h @ Wh[:, :-H]).split(H, dim=1)
    candidate = torch.rnn_tanh_cell(x, r * h, Wx[:, -H:].t(), Wh[:, -H:].t(), b[-H:], torch.zeros_like(b[-H:]))
    return h * z + candidate * (1 - z)


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    picture = v.matmul(model.Wv).add(model.bv)
    if model.inject == "init":
        return (picture, torch.zeros_like(picture)) if model.cell == "lstm" else (picture,)
    zeros = torch.zeros(v.shape[0], model.H).type_as(v)
    state = (zeros, zeros) if model.cell == "lstm" else (zeros,)
    return state if model.inject == "every_step" else advance(model, picture, state, model.b)


def next_scores(model, words, state, v):
    b = model.b
    if model.inject == "every_step":
        b = torch.baddbmm((b + model.bv).expand(1, len(v), -1), v[None], model.Wv[None])[0]
    state = advance(model, torch.index_select(model.We, 0, words), state, b)
    return torch.addmm(model.by, state[0], model.Why), state


def caption_scores(model, v, words):
    state = start_state(model, v)
    scores = {}
    for t in range(words.size(1)):
        scores[t], state = next_scores(model, words.select(1, t), state, v)
    return torch.stack(tuple(scores.values())).transpose(0, 1).contiguous()


def caption_loss(scores, targets):
    mask = (targets != PAD).float()
    loss = 0.0
    for t in range(targets.shape[1]):
        at_t = functional.cross_entropy(scores[:, t], targets[:, t], reduction="none")
        loss = loss + (at_t * mask[:, t]).sum()
    return loss / targets.shape[0]


def training_step(model, optimizer, v, captions):
    captions = captions.long()
    with torch.enable_grad():
        loss = caption_loss(caption_scores(model, v, captions[:, :-1]), captions[:, 1:])
        before = float(loss)
        optimizer.zero_grad()
        loss.backward()
    optimizer.step()
    return before


def greedy(model, v, max_length):
    model.eval()
    columns, finished = [], torch.zeros(len(v), dtype=torch.bool, device=v.device)
    word, state = torch.full((len(v),), START, dtype=torch.long, device=v.device), start_state(model, v)
    for _ in range(max_length):
        scores, state = next_scores(model, word, state, v)
        word = torch.softmax(scores, dim=1).topk(1).indices[:, 0]
        columns.append(torch.where(finished, torch.full_like(word, PAD), word))
        finished = finished.logical_or(word.eq(END))
    return torch.stack(columns, dim=1)


def beam_search(model, v, width, max_length, alpha=0.7):
    """Unfinished hypotheses go through the model together; the finished ones wait in a list."""
    with torch.no_grad():
        v = v.view(1, -1)
        sentences, sums, state = [[]], [0.0], start_state(model, v)
        finished = []  # (score, words)
        for length in range(1, max_length + 1):
            last = torch.tensor([words[-1] if words else START for words in sentences], device=v.device)
            scores, state = next_scores(model, last, state, v.repeat(len(sentences), 1))
            log_p = torch.log(torch.softmax(scores, dim=1))
            candidates = [(score, words, None, None) for score, words in finished]
            for k, words in enumerate(sentences):
                for word in range(log_p.shape[1]):
                    total = sums[k] + log_p[k, word].item()
                    candidates.append((total / length**alpha, [*words, word], total, k))
            candidates.sort(key=lambda candidate: candidate[0], reverse=True)
            best = candidates[:width]
            finished = [(score, words) for score, words, _, _ in best if words[-1] == END]
            going = [candidate for candidate in best if candidate[1][-1] != END]
            if not going:
                break
            sentences, sums = [words for _, words, _, _ in going], [total for _, _, total, _ in going]
            parents = torch.tensor([k for _, _, _, k in going], device=v.device)
            state = tuple(part[parents] for part in state)
        return best[0][1]
