"""Functional: one-hot products, reduce and recursion for loops, a closure for the optimizer, a heap of tuples."""

import heapq
from functools import partial, reduce
from itertools import count

import torch
import torch.nn.functional as fn
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


@torch.no_grad()
def image_features(cnn, images):
    return torch.vstack([cnn.eval().trunk(picture).flatten().unsqueeze(0) for picture in images.split(1)])


def affine(x, h, Wx, Wh, b):
    """One product for both, the bias as the row of a constant one, or as it is."""
    if b.ndim == 2:
        return torch.hstack((x, h)) @ torch.vstack((Wx, Wh)) + b
    ones = torch.ones_like(x[:, :1])
    return torch.hstack((x, h, ones)) @ torch.vstack((Wx, Wh, b))


def rnn_step(x, h, Wx, Wh, b):
    return affine(x, h, Wx, Wh, b).tanh_()


def lstm_step(x, h, c, Wx, Wh, b):
    *gates, new = affine(x, h, Wx, Wh, b).split(h.shape[1], dim=1)
    i, f, o = map(torch.sigmoid, gates)
    c = i * new.tanh() + f * c
    return o * c.tanh(), c


def gru_step(x, h, Wx, Wh, b):
    H = h.shape[1]
    part = lambda k, past: affine(x, past, *(M[..., k * H : (k + 1) * H] for M in (Wx, Wh, b)))  # noqa: E731
    r = torch.sigmoid(part(0, h))
    z = torch.sigmoid(part(1, h))
    return z * h + (1 - z) * torch.tanh(part(2, r * h))


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    picture = fn.linear(v, model.Wv.T, model.bv)
    zero = torch.zeros(len(v), model.H).to(v)
    blank = (zero,) * (2 if model.cell == "lstm" else 1)
    return {
        "init": lambda: (picture,) + blank[1:],
        "every_step": lambda: blank,
        "first_token": lambda: advance(model, picture, blank, model.b),
    }[model.inject]()


def next_scores(model, words, state, v):
    told = fn.linear(v, model.Wv.T, model.bv) if model.inject == "every_step" else 0
    x = torch.eye(len(model.We)).to(model.We)[words] @ model.We
    state = advance(model, x, state, model.b + told)
    return fn.linear(state[0], model.Why.T, model.by), state


def caption_scores(model, v, words):
    def further(so_far, column):
        said, state = so_far
        scores, state = next_scores(model, column, state, v)
        return said + (scores,), state

    said, _ = reduce(further, words.T, ((), start_state(model, v)))
    return torch.stack(said, dim=-2)


def caption_loss(scores, targets):
    wanted = fn.one_hot(targets, scores.size(-1)).to(scores)
    wanted[..., PAD] = 0
    surprise = scores.logsumexp(-1) * wanted.sum(-1) - (scores * wanted).sum(-1)
    return surprise.sum(-1).mean()


def training_step(model, optimizer, v, captions):
    def closure():
        optimizer.zero_grad()
        loss = caption_loss(caption_scores(model, v, captions[:, :-1]), captions[:, 1:])
        loss.backward()
        return loss

    return optimizer.step(closure).item()


@torch.no_grad()
def greedy(model, v, max_length):
    def rest(last, state, done, room):
        if room == 0 or done.all():
            return [torch.full_like(last, PAD)] * room
        scores, state = next_scores(model, last, state, v)
        word = scores.argmax(-1).masked_fill(done, PAD)
        return [word] + rest(word, state, done | word.eq(END), room - 1)

    first = torch.full((len(v),), START, device=v.device)
    return torch.stack(rest(first, start_state(model, v), first.eq(END), max_length), dim=1)


@torch.no_grad()
def beam_search(model, v, width, max_length, alpha=0.7):
    tick = count()  # so that the heap never has to compare tensors
    v = v.reshape(1, -1)

    def push(heap, entry):
        (heapq.heappush if len(heap) < width else heapq.heappushpop)(heap, entry)

    def grown(heap, entry):
        score, _, words, log_p, state = entry
        if words and words[-1] == END:
            push(heap, entry)
            return heap
        last = torch.tensor((words or (START,))[-1:], device=v.device)
        scores, after = next_scores(model, last, state, v)
        for word, step in enumerate(fn.log_softmax(scores.squeeze(0), dim=-1).tolist()):
            total = log_p + step
            push(heap, (total / (len(words) + 1) ** alpha, next(tick), (*words, word), total, after))
        return heap

    beam = [(0.0, next(tick), (), 0.0, start_state(model, v))]
    for _ in range(max_length):
        beam = reduce(partial(grown), beam, [])
    return max(beam)[2]
