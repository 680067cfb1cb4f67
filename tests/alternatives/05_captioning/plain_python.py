"""Plain Python where it can be: lists of words, one picture at a time, per-word losses, recomputed prefixes."""

import heapq
import math

import torch
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
    print("features of", len(images), "pictures")
    cnn.trunk.eval()
    rows = []
    with torch.inference_mode():
        for image in images:
            rows.append(cnn.trunk(image[None]).ravel())
    return torch.stack(rows)


def rnn_step(x, h, Wx, Wh, b):
    return torch.einsum("nd,dh->nh", x, Wx).add(torch.einsum("nk,kh->nh", h, Wh)).add(b).tanh()


def lstm_step(x, h, c, Wx, Wh, b):
    H = h.shape[1]
    a = x @ Wx + h @ Wh + b
    i = 1 / (1 + torch.exp(-a[:, 0:H]))
    f = 1 / (1 + torch.exp(-a[:, H : 2 * H]))
    o = 1 / (1 + torch.exp(-a[:, 2 * H : 3 * H]))
    g = torch.tanh(a[:, 3 * H : 4 * H])
    next_c = f * c + i * g
    next_h = o * torch.tanh(next_c)
    return [next_h, next_c]


def gru_step(x, h, Wx, Wh, b):
    H = h.shape[1]
    ax = x @ Wx + b
    r = torch.sigmoid(ax[:, :H] + h @ Wh[:, :H])
    z = torch.sigmoid(ax[:, H : 2 * H] + h @ Wh[:, H : 2 * H])
    hat = torch.tanh(ax[:, 2 * H :] + torch.matmul(r * h, Wh[:, 2 * H :]))
    return (1 - z) * hat + z * h


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    N = v.shape[0]
    h = torch.zeros((N, model.H), dtype=torch.float32)  # as everybody writes it
    c = torch.zeros((N, model.H), dtype=torch.float32)
    picture = torch.matmul(v, model.Wv) + model.bv
    if model.inject == "init":
        h = picture
    state = (h, c) if model.cell == "lstm" else (h,)
    if model.inject == "first_token":
        state = advance(model, picture, state, model.b)
    return state


def next_scores(model, words, state, v):
    x = nn.functional.one_hot(words, model.We.shape[0]).to(model.We.dtype) @ model.We
    b = model.b.repeat(len(words), 1)
    if model.inject == "every_step":
        told = torch.matmul(v, model.Wv) + model.bv
        for gate in range(0, b.shape[1], model.H):
            b[:, gate : gate + model.H] += told[:, gate : gate + model.H]
    state = advance(model, x, state, b)
    return state[0] @ model.Why + model.by, state


def caption_scores(model, v, words):
    state, columns = start_state(model, v), []
    for t in range(words.shape[1]):
        scores, state = next_scores(model, words[:, t], state, v)
        columns.append(scores)
    return torch.stack([torch.stack(row) for row in zip(*columns, strict=True)])


def caption_loss(scores, targets):
    log_p = scores - torch.logsumexp(scores, 2, keepdim=True)
    loss = 0 * scores.sum()
    for n, words in enumerate(targets.tolist()):
        for t, word in enumerate(words):
            if word != PAD:
                loss = loss - log_p[n, t, word]
    return loss / targets.shape[0]


def training_step(model, optimizer, v, captions):
    for parameter in model.parameters():
        parameter.grad = None
    inputs, targets = captions[:, :-1].clone(), captions[:, 1:].clone()
    loss = caption_loss(caption_scores(model, v, inputs), targets)
    loss.backward()
    optimizer.step()
    return float(loss)


def greedy(model, v, max_length):
    captions = []
    for n in range(len(v)):
        words, state = [START], start_state(model, v[n : n + 1])
        while len(words) <= max_length and words[-1] != END:
            scores, state = next_scores(model, torch.tensor(words[-1:]), state, v[n : n + 1])
            words.append(int(scores.argmax()))
        captions.append(words[1:] + [PAD] * (max_length - len(words) + 1))
    return captions


def beam_search(model, v, width, max_length, alpha=0.7):
    def log_p(words):
        scores = caption_scores(model, v[None], torch.tensor([[START] + words]))
        return torch.log_softmax(scores[0, -1], 0).tolist()

    beam = [(0.0, [], 0.0)]
    for length in range(1, max_length + 1):
        found = []
        for score, words, total in beam:
            if words[-1:] == [END]:
                found.append((score, words, total))
            else:
                for word, extra in enumerate(log_p(words)):
                    found.append(((total + extra) / math.pow(length, alpha), words + [word], total + extra))
        beam = heapq.nlargest(width, found)
        if all(words[-1] == END for _, words, _ in beam):
            break
    return torch.tensor(beam[0][1])
