"""Unit 5: captions for pictures, in torch, which does the backward passes from here on.

Conventions: ``N`` pictures, ``F`` features of each, ``T`` words of a caption, ``V`` words in the
vocabulary, ``D`` numbers per embedded word, ``H`` hidden units; ``G`` blocks of gates: 1 for "rnn", 4 for
"lstm" (i, f, o, g), 3 for "gru" (r, z, ĥ), as in unit 4. A state is a tuple: ``(h,)``, or ``(h, c)`` for the
LSTM, each (N, H). Words are whole numbers; four of them mean something else:

    PAD fills the end of short captions, START begins one, END ends it, UNKNOWN is any rare word.

Source: Vinyals et al. 2015 ("Show and tell"), Karpathy & Fei-Fei 2015, Mao et al. 2015.
"""

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
    """What a trained CNN sees in pictures, before its classifier decides.

    Args:
        cnn: module with two parts, ``cnn.trunk`` (images → grid of features) and ``cnn.head`` (grid → classes).
            It may hold dropout or batch normalisation, and may be in training mode.
        images: (N, 3, height, width) float tensor.

    Returns:
        features: (N, F) tensor, the grid of each picture in one row, without a gradient. The same picture
            always gives the same features, whatever else is in the batch.

    Source: notebook, section "A network that has seen digits".
    """
    ### BEGIN SOLUTION
    cnn.eval()
    with torch.no_grad():
        return cnn.trunk(images).flatten(1)
    ### END SOLUTION


def rnn_step(x, h, Wx, Wh, b):
    """One step of a vanilla RNN, as in unit 2, for torch to differentiate.

    Args:
        x: (N, D), h: (N, H). Wx: (D, H), Wh: (H, H). b: (H,), or (N, H): one bias for each row.

    Returns:
        next_h: (N, H).

    Source: unit 2; notebook, section "Three cells, once more".
    """
    ### BEGIN SOLUTION
    return torch.tanh(x @ Wx + h @ Wh + b)
    ### END SOLUTION


def lstm_step(x, h, c, Wx, Wh, b):
    """One step of an LSTM, as in unit 4.

    Args:
        x: (N, D), h: (N, H), c: (N, H). Wx: (D, 4H), Wh: (H, 4H), blocks i, f, o, g. b: (4H,) or (N, 4H).

    Returns:
        next_h: (N, H), next_c: (N, H).

    Source: unit 4; notebook, section "Three cells, once more".
    """
    ### BEGIN SOLUTION
    i, f, o, g = (x @ Wx + h @ Wh + b).chunk(4, dim=1)
    next_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(next_c), next_c
    ### END SOLUTION


def gru_step(x, h, Wx, Wh, b):
    """One step of a GRU, as in unit 4: reset before the product, ``h' = z h + (1 - z) ĥ``.

    Args:
        x: (N, D), h: (N, H). Wx: (D, 3H), Wh: (H, 3H), blocks r, z, ĥ. b: (3H,) or (N, 3H).

    Returns:
        next_h: (N, H).

    Source: unit 4; notebook, section "Three cells, once more".
    """
    ### BEGIN SOLUTION
    H = h.shape[1]
    from_x = x @ Wx + b
    r, z = torch.sigmoid(from_x[:, : 2 * H] + h @ Wh[:, : 2 * H]).chunk(2, dim=1)
    candidate = torch.tanh(from_x[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :])
    return z * h + (1 - z) * candidate
    ### END SOLUTION


def advance(model, x, state, b):
    """One step of whichever cell the model has: a state to the next one. Given."""
    if model.cell == "lstm":
        return lstm_step(x, *state, model.Wx, model.Wh, b)
    step = {"rnn": rnn_step, "gru": gru_step}[model.cell]
    return (step(x, *state, model.Wx, model.Wh, b),)


def start_state(model, v):
    """The state before the first word.

    Args:
        model: CaptioningRNN. v: (N, F) features of the pictures.

    Returns:
        state: tuple of (N, H) tensors, ``(h,)`` or ``(h, c)``. With inject "init", h is ``v Wv + bv`` and c is zero;
            with "every_step" all is zero; with "first_token" it is the state after one step, from zero, whose input
            is ``v Wv + bv``.

    Source: notebook, section "Three doors for a picture".
    """
    ### BEGIN SOLUTION
    zero = v.new_zeros(len(v), model.H)
    rest = (zero,) if model.cell == "lstm" else ()
    if model.inject == "init":
        return (v @ model.Wv + model.bv, *rest)
    if model.inject == "every_step":
        return (zero, *rest)
    return advance(model, v @ model.Wv + model.bv, (zero, *rest), model.b)
    ### END SOLUTION


def next_scores(model, words, state, v):
    """One step of the model: a word goes in, the scores of the next one come out.

    Args:
        model: CaptioningRNN. words: (N,) int, one for each picture.
        state: tuple, as ``start_state`` returns. v: (N, F) features; they count here with inject "every_step" only.

    Returns:
        scores: (N, V), before the softmax. state: tuple, the state after the step.

    Source: notebook, section "Three doors for a picture".
    """
    ### BEGIN SOLUTION
    b = model.b + v @ model.Wv + model.bv if model.inject == "every_step" else model.b
    state = advance(model, model.We[words], state, b)
    return state[0] @ model.Why + model.by, state
    ### END SOLUTION


def caption_scores(model, v, words):
    """Scores at every position of given captions: teacher forcing, all at once.

    Args:
        model: CaptioningRNN. v: (N, F) features. words: (N, T) int, what is fed, from START on.

    Returns:
        scores: (N, T, V); ``scores[:, t]`` is for the word that follows ``words[:, t]``.

    Source: notebook, section "Three doors for a picture".
    """
    ### BEGIN SOLUTION
    state, scores = start_state(model, v), []
    for t in range(words.shape[1]):
        step_scores, state = next_scores(model, words[:, t], state, v)
        scores.append(step_scores)
    return torch.stack(scores, dim=1)
    ### END SOLUTION


def caption_loss(scores, targets):
    """Cross-entropy of captions: in nats, summed over the words of each, averaged over the captions.

    Args:
        scores: (N, T, V). targets: (N, T) int; where it is PAD there is no word, no loss and no gradient.

    Returns:
        loss: tensor without axes, with a gradient.

    Source: notebook, section "What padding must not do".
    """
    ### BEGIN SOLUTION
    total = nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=PAD, reduction="sum")
    return total / len(targets)
    ### END SOLUTION


def training_step(model, optimizer, v, captions):
    """One update of the model on a batch of captions.

    Args:
        model: CaptioningRNN. optimizer: torch optimizer of its parameters, whose gradients may hold
            something left over from before.
        v: (N, F) features. captions: (N, T + 1) int: START, words, END, and PAD up to the longest.

    Returns:
        loss: float, that of ``caption_loss`` before the update: every word of a caption but its first is to be
            told from those before it.

    Source: notebook, section "What padding must not do".
    """
    ### BEGIN SOLUTION
    loss = caption_loss(caption_scores(model, v, captions[:, :-1]), captions[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


def greedy(model, v, max_length):
    """The caption of always taking the most probable word, for many pictures at once.

    Args:
        model: CaptioningRNN. v: (N, F) features. max_length: int, number of words at most, END among them.

    Returns:
        words: (N, max_length) int64, without START; END where a caption ends, and PAD after it.

    Source: notebook, section "Saying it: greedy".
    """
    ### BEGIN SOLUTION
    words = torch.full((len(v), max_length), PAD, device=v.device)
    current = torch.full((len(v),), START, device=v.device)
    finished = torch.zeros(len(v), dtype=torch.bool, device=v.device)
    state = start_state(model, v)
    with torch.no_grad():
        for t in range(max_length):
            scores, state = next_scores(model, current, state, v)
            current = scores.argmax(dim=1)
            words[:, t] = torch.where(finished, PAD, current)
            finished |= current == END
            if finished.all():
                break
    return words
    ### END SOLUTION


def beam_search(model, v, width, max_length, alpha=0.7):
    """The best caption found by keeping several unfinished ones alive.

    A hypothesis is a list of words; its score is the sum of the logarithms of their probabilities, divided by
    (number of words) ** alpha, END counted. The search starts with the empty one. At every step each
    hypothesis without END is replaced by all V that have one word more, each hypothesis with END stays as it
    is, and of all these the ``width`` with the highest scores are kept. It ends when all of them have END, or
    ``max_length`` words.

    Args:
        model: CaptioningRNN. v: (F,) features of one picture. width: int, at least 1.
        max_length: int, number of words at most, END among them. alpha: float, at least 0.

    Returns:
        words: list of int, those of the hypothesis with the highest score in the end, without START; the last is END
            unless the length ran out.

    Source: notebook, section "Saying it: beam search"; length penalty after Wu et al. 2016, without their constant.
    """

    ### BEGIN SOLUTION
    def score(hypothesis):
        words, log_p, _ = hypothesis
        return log_p / max(len(words), 1) ** alpha

    with torch.no_grad():
        beam = [([], 0.0, start_state(model, v[None]))]
        for _ in range(max_length):
            candidates = []
            for words, log_p, state in beam:
                if words and words[-1] == END:
                    candidates.append((words, log_p, state))
                    continue
                last = torch.tensor([words[-1] if words else START], device=v.device)
                scores, state = next_scores(model, last, state, v[None])
                for word, step_log_p in enumerate(scores[0].log_softmax(0).tolist()):
                    candidates.append(([*words, word], log_p + step_log_p, state))
            beam = sorted(candidates, key=score, reverse=True)[:width]
    return max(beam, key=score)[0]
    ### END SOLUTION
