"""As homework of the large courses looks: gates by slices, time loops with lists, dictionaries for hypotheses."""

import torch
import torch.nn as nn
import torch.nn.functional as F  # noqa: N812 - as everybody calls it

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
    features = []
    batch_size = 2  # small, so that memory is enough
    with torch.no_grad():
        for i in range(0, images.shape[0], batch_size):
            batch = cnn.trunk(images[i : i + batch_size])
            features.append(batch.reshape(batch.shape[0], -1))
    return torch.cat(features, dim=0)


def rnn_step(x, h, Wx, Wh, b):
    next_h = torch.tanh(x.mm(Wx) + h.mm(Wh) + b)
    return next_h


def lstm_step(x, h, c, Wx, Wh, b):
    N, H = h.shape
    a = torch.mm(x, Wx) + torch.mm(h, Wh) + b

    ai = a[:, 0 * H : 1 * H]
    af = a[:, 1 * H : 2 * H]
    ao = a[:, 2 * H : 3 * H]
    ag = a[:, 3 * H : 4 * H]

    i, f, o, g = torch.sigmoid(ai), torch.sigmoid(af), torch.sigmoid(ao), torch.tanh(ag)
    next_c = f * c + i * g
    next_h = o * torch.tanh(next_c)
    return next_h, next_c


def gru_step(x, h, Wx, Wh, b):
    _, H = h.shape
    b = b.unsqueeze(0) if b.dim() == 1 else b
    r = torch.sigmoid(x.mm(Wx[:, :H]) + h.mm(Wh[:, :H]) + b[:, :H])
    z = torch.sigmoid(x.mm(Wx[:, H : 2 * H]) + h.mm(Wh[:, H : 2 * H]) + b[:, H : 2 * H])
    h_tilde = torch.tanh(x.mm(Wx[:, 2 * H :]) + (r * h).mm(Wh[:, 2 * H :]) + b[:, 2 * H :])
    return z * h + (1 - z) * h_tilde


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    N = v.shape[0]
    h0 = torch.zeros(N, model.H, device=v.device, dtype=v.dtype)
    c0 = torch.zeros(N, model.H, device=v.device, dtype=v.dtype)
    if model.inject == "init":
        h0 = torch.mm(v, model.Wv) + model.bv
    if model.inject == "first_token":
        x0 = torch.mm(v, model.Wv) + model.bv
        if model.cell == "lstm":
            h0, c0 = lstm_step(x0, h0, c0, model.Wx, model.Wh, model.b)
        elif model.cell == "gru":
            h0 = gru_step(x0, h0, model.Wx, model.Wh, model.b)
        else:
            h0 = rnn_step(x0, h0, model.Wx, model.Wh, model.b)
    if model.cell == "lstm":
        return h0, c0
    return (h0,)


def next_scores(model, words, state, v):
    x = model.We[words, :]
    if model.inject == "every_step":
        b = v.mm(model.Wv) + model.bv.view(1, -1) + model.b.view(1, -1)
    else:
        b = model.b
    if model.cell == "lstm":
        h, c = state
        h, c = lstm_step(x, h, c, model.Wx, model.Wh, b)
        new_state = (h, c)
    elif model.cell == "gru":
        (h,) = state
        h = gru_step(x, h, model.Wx, model.Wh, b)
        new_state = (h,)
    else:
        (h,) = state
        h = rnn_step(x, h, model.Wx, model.Wh, b)
        new_state = (h,)
    return h.mm(model.Why) + model.by, new_state


def caption_scores(model, v, words):
    N, T = words.shape
    state = start_state(model, v)
    all_scores = []
    for t in range(T):
        scores, state = next_scores(model, words[:, t], state, v)
        all_scores.append(scores.unsqueeze(1))
    return torch.cat(all_scores, dim=1)


def caption_loss(scores, targets):
    loss = F.cross_entropy(scores.permute(0, 2, 1), targets, ignore_index=PAD, reduction="none")
    return loss.sum(dim=1).mean()


def training_step(model, optimizer, v, captions):
    captions_in = captions[:, :-1]
    captions_out = captions[:, 1:]

    optimizer.zero_grad()
    scores = caption_scores(model, v, captions_in)
    loss = caption_loss(scores, captions_out)
    loss.backward()
    optimizer.step()
    return loss.item()


def greedy(model, v, max_length):
    N = v.shape[0]
    captions = PAD * v.new_ones((N, max_length)).long()
    prev = START * v.new_ones(N).long()
    with torch.no_grad():
        state = start_state(model, v)
        for t in range(max_length):
            scores, state = next_scores(model, prev, state, v)
            _, prev = scores.max(dim=1)
            captions[:, t] = prev
    # what was said after the first END does not count
    for n in range(N):
        for t in range(max_length):
            if captions[n, t] == END:
                captions[n, t + 1 :] = PAD
                break
    return captions


def beam_search(model, v, width, max_length, alpha=0.7):
    v = v.view(1, -1)
    with torch.no_grad():
        alive = [{"words": [], "log_p": 0.0, "state": start_state(model, v)}]
        finished = []
        while alive and len(alive[0]["words"]) < max_length:
            longer = []
            for hyp in alive:
                prev = torch.tensor([START] if len(hyp["words"]) == 0 else [hyp["words"][-1]], device=v.device)
                scores, state = next_scores(model, prev, hyp["state"], v)
                log_p = F.log_softmax(scores, dim=1)
                for word in range(log_p.shape[1]):
                    new = {
                        "words": hyp["words"] + [word],
                        "log_p": hyp["log_p"] + log_p[0, word].item(),
                        "state": state,
                    }
                    longer.append(new)
            pool = finished + longer
            # the best `width`, one after the other
            alive, finished = [], []
            for _ in range(min(width, len(pool))):
                best = 0
                for k in range(1, len(pool)):
                    if pool[k]["log_p"] / len(pool[k]["words"]) ** alpha > (
                        pool[best]["log_p"] / len(pool[best]["words"]) ** alpha
                    ):
                        best = k
                hyp = pool.pop(best)
                (finished if hyp["words"][-1] == END else alive).append(hyp)
    result = finished + alive
    result.sort(key=lambda hyp: hyp["log_p"] / len(hyp["words"]) ** alpha)
    return result[-1]["words"]
