"""The model: given parameters, and methods that know the cell and the door."""

import torch
from torch import nn

from .cells import CELLS
from .words import START


class CaptioningRNN(nn.Module):
    def __init__(self, V, F, D=32, H=128, cell="lstm", inject="every_step"):
        super().__init__()
        self.core, self.cell, self.inject, self.H = CELLS[cell], cell, inject, H
        wide = self.core.blocks * H
        K = {"init": H, "every_step": wide, "first_token": D}[inject]
        for name, rows, columns in (("Wx", D, wide), ("Wh", H, wide), ("Wv", F, K), ("Why", H, V)):
            setattr(self, name, nn.Parameter(torch.randn(rows, columns) / rows**0.5))
        for name, size in (("b", wide), ("bv", K), ("by", V)):
            setattr(self, name, nn.Parameter(torch.zeros(size)))
        self.We = nn.Parameter(torch.randn(V, D) / 2)
        if cell == "lstm":
            self.b.data.view(4, H)[1] = 1

    def see(self, v):
        return v @ self.Wv + self.bv

    def begin(self, v):
        state = [torch.zeros(len(v), self.H, dtype=v.dtype, device=v.device) for _ in range(self.core.states)]
        if self.inject == "init":
            state[0] = self.see(v)
        elif self.inject == "first_token":
            return self.advance(self.see(v), state, self.b)
        return tuple(state)

    def advance(self, x, state, b):
        return self.core.advance(x, state, self.Wx, self.Wh, b)

    def say(self, words, state, v):
        b = self.b if self.inject != "every_step" else self.b + self.see(v)
        state = self.advance(self.We.index_select(0, words), state, b)
        return state[0] @ self.Why + self.by, state

    def forward(self, v, words):
        return torch.stack([*self.listen(v, words)], dim=1)

    def listen(self, v, words):
        """The scores after each word in turn."""
        state = self.begin(v)
        for word in words.unbind(1):
            scores, state = self.say(word, state, v)
            yield scores

    def first_word(self, v):
        return torch.full((len(v),), int(START), device=v.device)


start_state = CaptioningRNN.begin
next_scores = CaptioningRNN.say
caption_scores = CaptioningRNN.forward
