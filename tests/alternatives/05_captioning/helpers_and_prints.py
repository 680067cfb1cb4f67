"""Helper classes, numpy in between, float32 and prints all the way, as a notebook grows into a file."""

import copy
import warnings
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

PAD, START, END, UNKNOWN = 0, 1, 2, 3
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
DEBUG = True


def log(*words):
    if DEBUG:
        print("[captioning]", *words)


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
    eye = copy.deepcopy(cnn).eval()  # leaves the original as it was
    grids = eye.trunk(images.float()).detach().cpu().numpy().astype(np.float32)
    log("grids", grids.shape, "mean", grids.mean())
    return torch.from_numpy(grids.reshape(len(grids), -1))


class Gates:
    """Pre-activations, cut into blocks of H."""

    def __init__(self, a, H):
        assert a.shape[1] % H == 0, a.shape
        self.a, self.H = a, H

    def __getitem__(self, k):
        return self.a[:, k * self.H : (k + 1) * self.H]


def sigmoid(a):
    return torch.where(
        a >= 0, 1 / (1 + torch.exp(-a.clamp(min=0))), torch.exp(a.clamp(max=0)) / (1 + torch.exp(a.clamp(max=0)))
    )


def rnn_step(x, h, Wx, Wh, b):
    x, h = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(h, dtype=torch.float32)
    return torch.tanh(torch.matmul(x, Wx) + torch.matmul(h, Wh) + b)


def lstm_step(x, h, c, Wx, Wh, b):
    gates = Gates(torch.matmul(x.float(), Wx) + torch.matmul(h.float(), Wh) + b, h.shape[1])
    write, keep, show, new = sigmoid(gates[0]), sigmoid(gates[1]), sigmoid(gates[2]), torch.tanh(gates[3])
    cell = keep * c + write * new
    return show * torch.tanh(cell), cell


def gru_step(x, h, Wx, Wh, b):
    H = h.shape[1]
    from_x, from_h = Gates(x.float() @ Wx + b, H), Gates(h.float() @ Wh, H)
    reset = sigmoid(from_x[0] + from_h[0])
    update = sigmoid(from_x[1] + from_h[1])
    proposal = torch.tanh(from_x[2] + (reset * h) @ Gates(Wh, H)[2])
    return proposal.mul(1 - update).add(h.mul(update))


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    v = v.float()
    zeros = torch.from_numpy(np.zeros((len(v), model.H), np.float32)).to(v.device)
    doors = {
        "init": lambda: (v @ model.Wv + model.bv, zeros),
        "every_step": lambda: (zeros, zeros.clone()),
        "first_token": lambda: advance(model, v @ model.Wv + model.bv, states((zeros, zeros)), model.b),
    }

    def states(pair):
        return pair if model.cell == "lstm" else pair[:1]

    return states(doors[model.inject]())


def next_scores(model, words, state, v):
    if words.min() < 0:
        warnings.warn("a negative word?", stacklevel=2)
    N = len(words)
    b = model.b.expand(N, -1)
    if model.inject == "every_step":
        b = b + (v.float() @ model.Wv + model.bv)
    state = advance(model, torch.stack([model.We[int(word)] for word in words]), state, b)
    return state[0] @ model.Why + model.by, state


def caption_scores(model, v, words):
    words = np.asarray(words.cpu())
    table, state = [], start_state(model, v)
    for column in words.T:
        scores, state = next_scores(model, torch.from_numpy(np.ascontiguousarray(column)), state, v)
        table += [scores]
    log("scores", len(table), "x", tuple(table[0].shape))
    return torch.stack(table).swapaxes(0, 1)


def caption_loss(scores, targets):
    N, T, V = scores.shape
    nll = nn.NLLLoss(ignore_index=PAD, reduction="sum")
    total = nll(nn.LogSoftmax(dim=-1)(scores.reshape(N * T, V)), targets.reshape(N * T))
    return total / np.float32(N)


class Stopwatch:
    """How the loss went."""

    losses: list = []  # noqa: RUF012 - shared on purpose

    @classmethod
    def note(cls, loss):
        cls.losses.append(loss)
        log("update", len(cls.losses), "loss", round(float(loss), 3))
        return loss


def training_step(model, optimizer, v, captions):
    optimizer.zero_grad()
    loss = caption_loss(caption_scores(model, v, captions[:, 0:-1]), captions[:, 1:])
    loss.backward()
    optimizer.step()
    return Stopwatch.note(loss.detach().cpu().numpy())


def greedy(model, v, max_length):
    out = np.full((len(v), max_length), PAD)
    with torch.no_grad():
        state, last = start_state(model, v), np.full(len(v), START)
        for t in range(max_length):
            scores, state = next_scores(model, torch.as_tensor(last), state, v)
            last = scores.cpu().numpy().argmax(1)
            out[:, t] = last
    for row in out:
        (ends,) = np.nonzero(row == END)
        if len(ends):
            row[ends[0] + 1 :] = PAD
    log("greedy said", out[0])
    return torch.from_numpy(out)


@dataclass
class Hypothesis:
    """A caption that is being written."""

    state: tuple
    words: list = field(default_factory=list)
    log_p: float = 0.0

    @property
    def done(self):
        return bool(self.words) and self.words[-1] == END

    def score(self, alpha):
        return self.log_p / len(self.words) ** alpha

    def children(self, model, v):
        last = torch.tensor([self.words[-1] if self.words else START])
        scores, state = next_scores(model, last, self.state, v)
        scores = scores.numpy()[0]
        scores = scores - scores.max()
        for word, log_p in enumerate(scores - np.log(np.exp(scores).sum())):
            yield Hypothesis(state, self.words + [word], self.log_p + log_p)


class Beam:
    """The best few."""

    def __init__(self, model, v, alpha):
        self.model, self.v, self.alpha = model, v[np.newaxis], alpha
        self.hypotheses = [Hypothesis(start_state(model, self.v))]

    def step(self, width):
        pool = [h for h in self.hypotheses if h.done]
        for hypothesis in self.hypotheses:
            if not hypothesis.done:
                pool.extend(hypothesis.children(self.model, self.v))
        order = np.argsort([-h.score(self.alpha) for h in pool])
        self.hypotheses = [pool[k] for k in order[:width]]

    @property
    def done(self):
        return all(h.done for h in self.hypotheses)


def beam_search(model, v, width, max_length, alpha=0.7):
    with torch.no_grad():
        beam, steps = Beam(model, v, alpha), 0
        while not beam.done and steps < max_length:
            beam.step(width)
            steps += 1
            log("beam", [h.words for h in beam.hypotheses])
    return np.array(beam.hypotheses[0].words)
