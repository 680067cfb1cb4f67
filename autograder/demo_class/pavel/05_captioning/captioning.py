"""Pavel: right, but one picture at a time where all could be done at once, and each word from the beginning again."""

import torch
import torch.nn as nn

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
    rows = []
    for image in images:
        with torch.no_grad():
            rows.append(cnn.trunk(image[None]).flatten())
    return torch.stack(rows)


def rnn_step(x, h, Wx, Wh, b):
    return (x @ Wx + h @ Wh + b).tanh()


def lstm_step(x, h, c, Wx, Wh, b):
    a = x @ Wx + h @ Wh + b
    H = a.shape[1] // 4
    i = a[:, 0 * H : 1 * H].sigmoid()
    f = a[:, 1 * H : 2 * H].sigmoid()
    o = a[:, 2 * H : 3 * H].sigmoid()
    g = a[:, 3 * H : 4 * H].tanh()
    c = f * c + i * g
    return o * c.tanh(), c


def gru_step(x, h, Wx, Wh, b):
    H = h.shape[1]
    a = x @ Wx + b
    r = (a[:, 0 * H : 1 * H] + h @ Wh[:, 0 * H : 1 * H]).sigmoid()
    z = (a[:, 1 * H : 2 * H] + h @ Wh[:, 1 * H : 2 * H]).sigmoid()
    n = (a[:, 2 * H : 3 * H] + (r * h) @ Wh[:, 2 * H : 3 * H]).tanh()
    return n - z * n + z * h


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    if model.inject == "init":
        h = v @ model.Wv + model.bv
    else:
        h = torch.zeros_like(v[:, :1]).repeat(1, model.H)
    state = (h, torch.zeros_like(h)) if model.cell == "lstm" else (h,)
    if model.inject == "first_token":
        return advance(model, v @ model.Wv + model.bv, state, model.b)
    return state


def next_scores(model, words, state, v):
    all_scores, all_states = [], []
    for n in range(len(words)):
        one = slice(n, n + 1)
        b = model.b
        if model.inject == "every_step":
            b = b + v[n] @ model.Wv + model.bv
        after = advance(model, model.We[words[one]], [part[one] for part in state], b)
        all_scores.append(after[0] @ model.Why + model.by)
        all_states.append(after)
    state = tuple(torch.cat(parts) for parts in zip(*all_states))
    return torch.cat(all_scores), state


def caption_scores(model, v, words):
    result = []
    for t in range(words.shape[1]):
        state = start_state(model, v)
        for before in range(t + 1):
            scores, state = next_scores(model, words[:, before], state, v)
        result.append(scores[:, None])
    return torch.cat(result, dim=1)


def caption_loss(scores, targets):
    loss = nn.CrossEntropyLoss(ignore_index=PAD, reduction="sum")
    return loss(scores.transpose(1, 2), targets) / targets.shape[0]


def training_step(model, optimizer, v, captions):
    scores = caption_scores(model, v, captions[:, :-1])
    loss = caption_loss(scores, captions[:, 1:])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def greedy(model, v, max_length):
    rows = []
    with torch.no_grad():
        for n in range(len(v)):
            picture = v[n : n + 1]
            state, row = start_state(model, picture), [START]
            while row[-1] != END and len(row) <= max_length:
                scores, state = next_scores(model, torch.tensor(row[-1:], device=v.device), state, picture)
                row.append(scores.argmax().item())
            rows.append(row[1:] + [PAD] * (max_length + 1 - len(row)))
    return torch.tensor(rows)


def beam_search(model, v, width, max_length, alpha=0.7):
    def normalised(hypothesis):
        return hypothesis["log p"] / max(1, len(hypothesis["words"])) ** alpha

    with torch.no_grad():
        beam = [{"words": [], "log p": 0.0, "state": start_state(model, v[None])}]
        for _ in range(max_length):
            longer = []
            for hypothesis in beam:
                words = hypothesis["words"]
                if words and words[-1] == END:
                    longer.append(hypothesis)
                    continue
                last = torch.tensor([words[-1] if words else START], device=v.device)
                scores, state = next_scores(model, last, hypothesis["state"], v[None])
                log_p = scores[0] - torch.logsumexp(scores[0], dim=0)
                for word in range(len(log_p)):
                    total = hypothesis["log p"] + log_p[word].item()
                    longer.append({"words": words + [word], "log p": total, "state": state})
            longer.sort(key=normalised)
            beam = longer[-width:]
    return beam[-1]["words"]
