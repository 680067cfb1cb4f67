"""From scores to sentences."""

from itertools import chain
from typing import NamedTuple

import torch

from .words import END, PAD


@torch.no_grad()
def greedy(model, v, max_length):
    state, word = model.begin(v), model.first_word(v)
    words = torch.zeros(len(v), max_length, dtype=torch.int64, device=v.device)
    running = torch.arange(len(v), device=v.device)  # only those that are not finished are continued
    for t in range(max_length):
        scores, state = model.say(word, state, v[running])
        word = scores.argmax(1)
        words[running, t] = word
        stay = word != END
        running, word, state = running[stay], word[stay], tuple(part[stay] for part in state)
        if not len(running):
            break
    assert PAD == 0
    return words


class Path(NamedTuple):
    """A sentence so far."""

    words: list
    log_p: float
    state: tuple

    def over(self):
        return self.words[-1:] == [END]


@torch.no_grad()
def beam_search(model, v, width, max_length, alpha=0.7):
    v = v.unsqueeze(0)

    def worth(path):
        return path.log_p * len(path.words) ** -alpha

    def longer(path):
        if path.over():
            yield path
            return
        last = torch.tensor(path.words[-1:], device=v.device) if path.words else model.first_word(v)
        scores, state = model.say(last, path.state, v)
        log_p = (scores - scores.logsumexp(1, keepdim=True)).flatten()
        for word in log_p.argsort(descending=True)[:width].tolist():  # no other can be among the best
            yield Path([*path.words, word], path.log_p + float(log_p[word]), state)

    paths = [Path([], 0.0, model.begin(v))]
    while max_length > 0 and not all(path.over() for path in paths):
        paths = sorted(chain.from_iterable(map(longer, paths)), key=worth)[-width:]
        max_length -= 1
    return paths[-1].words
