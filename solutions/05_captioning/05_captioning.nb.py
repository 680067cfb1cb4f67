# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Unit 5 · Captions for pictures
#
# In unit 2 a network looked at a picture and said one word: "seven". In unit 3 a network wrote page after page and
# looked at nothing. In this unit we put the two together:
#
# > How does a network **say in a sentence what it sees**? And how do we find out whether it really looks, or only
# > talks well?
#
# The second question is the harder one. A network that has read twelve thousand captions can write a thirteenth that
# sounds right without opening its eyes. So we shall build the speaker, and then spend as much time on catching it out
# as on building it.
#
# | section | you write | points |
# |---|---|---|
# | The pictures | nothing: you look | |
# | A yardstick before the first model | nothing: you measure | |
# | A network that has seen digits | `image_features` | 4 |
# | Three cells, once more | `rnn_step`, `lstm_step`, `gru_step` | 2, 4, 4 |
# | Three doors for a picture | `start_state`, `next_scores`, `caption_scores` | 6, 8, 8 |
# | What padding must not do | `caption_loss`, `training_step` | 6, 8 |
# | Saying it: greedy | `greedy` | 8 |
# | Fifty captions by heart | nothing: a test of your machine | |
# | Learning to see and say | nothing: you watch it learn | |
# | Saying it: beam search | `beam_search` | 12 |
# | Which cell, which door | nothing: nine models side by side | |
# | What it gets wrong, what it never saw, and what it says in the dark | nothing: you catch it out | |
# | The captioning test | nothing new: all of it together | 16 |
#
# Eight questions to answer in words bring another 24 points; a person reads those.

# %% [markdown]
# ## How to work
#
# As before: open `captioning.py` beside this notebook, write a function, save, run its `check`. One thing is new. In
# units 1 to 4 you wrote every backward pass by hand; you know now what is in one. From here on **torch does it**:
# write the forward pass with torch's functions, and `loss.backward()` does what your `rnn_backward` did. We shall
# hold the two against each other before we trust it. Torch can go back only through what torch has computed: between
# the weights and the loss there must be no numpy, no `.item()`, no `.detach()` and no `torch.no_grad()`. The checks
# look at your numbers, and at whether torch can differentiate them.
#
# **New to torch?** A tensor is an array that remembers how it was computed. Most of numpy's names work; these differ:
#
# | numpy | torch |
# |---|---|
# | `axis=1` | `dim=1` |
# | `np.concatenate`, `np.stack` | `torch.cat`, `torch.stack` |
# | `np.split(a, 3, axis=1)` | `a.chunk(3, dim=1)` |
# | `np.zeros((N, H))` | `torch.zeros(N, H)`; with the type and on the device of `v`: `v.new_zeros(N, H)` |
# | `np.take_along_axis(a, places, axis=2)` | `a.gather(2, places)` |
# | `sigmoid`, softmax and its logarithm | `torch.sigmoid(a)`, `a.softmax(dim=1)`, `a.log_softmax(dim=1)` |
#
# An *optimizer*, such as Adam, knows a model's parameters. `loss.backward()` leaves the gradient of each parameter `p`
# in `p.grad`; `optimizer.step()` then moves them all; `optimizer.zero_grad()` clears the gradients. `loss.item()` is
# the loss as a plain number.
#
# **Letters.** $N$ pictures in a batch, $F$ numbers that describe a picture (its *features* $v$), $T$ words of a
# caption, $V$ words in the vocabulary, $D$ numbers per embedded word, $H$ hidden units. $G$ is the number of blocks
# in a cell's matrices: 1 for a vanilla RNN, 4 for an LSTM, 3 for a GRU.
#
# **Time.** On two processor cores the notebook takes about five minutes from top to bottom; the longest cell, a
# minute. All trainings run for a fixed number of *steps*, never of seconds, so that your results do not depend on
# your machine.

# %%
from coursekit.place import find_module

find_module("captioning")  # goes to the folder of your file
# %load_ext autoreload
# %autoreload 1
# %aimport captioning
# %matplotlib inline
import logging
import re
from collections import Counter

import captioning  # your file: edit it, save it, run the next cell; no restart needed
import matplotlib.pyplot as plt
import numpy as np
import torch

from autograder import check
from coursekit import diagrams_captioning, style
from coursekit.captioning import (
    describe,
    evaluate,
    find_device,
    lesson,
    read_record,
    show_pictures,
    table,
    train,
    what_is_wrong,
)
from coursekit.data.scenes import COLOURS, DIGIT_WORDS, UNSEEN_PAIRS, digit_pictures, load_scenes, meaning_right, parse
from coursekit.data.vocabulary import PAD, START, Vocabulary
from coursekit.digit_cnn import accuracy, load_encoder, prepare
from coursekit.upstream import upstream

logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time
style.use()
PALETTE = style.PALETTE
torch.set_num_threads(1)  # the matrices are small: two threads would wait for each other longer than they work
device = find_device()
print("device:", device)

# %% [markdown]
# ## The pictures
#
# The digits are those of unit 2, written by hand by many people (Alpaydin & Kaynak, 1998). We enlarge them, turn them
# a little, paint them in one of five colours, and put one, two or three of them on a dark, blotchy ground. That is a
# toy, compared with photographs; but a toy with three advantages. It needs no download. It is small enough to train
# on your own machine in a minute. And we know exactly what is in each picture, so we can tell whether a sentence
# about it is *true*, which for photographs nobody can do automatically.

# %%
scenes = {split: load_scenes(split, 12_000 if split == "train" else 1_000) for split in ("train", "test", "unseen")}
show_pictures(scenes["train"].images[:8], [sentences[0] for sentences in scenes["train"].captions[:8]])

# %% [markdown]
# Every picture has five captions, for there is more than one way to say a thing. They come from a small grammar: an
# opening or none, one or more things, a relation, further things. Sizes are mentioned sometimes, and some words have
# synonyms. Here are all five of one picture, and the vocabulary: the words of the training captions and four entries
# that are no words. `<pad>` fills the end of short captions, `<start>` begins one, `<end>` ends it, `<unk>` stands for
# any word that is not in the list. In your module, and in the text from here on, they are called PAD, START, END and
# UNKNOWN.

# %%
for sentence in scenes["train"].captions[4]:
    print(sentence)
vocabulary = Vocabulary.from_captions(scenes["train"].captions)
print(f"\n{len(vocabulary)} words:", " ".join(vocabulary.words))
numbers = vocabulary.encode("a large green seven")
print("\na large green seven →", numbers, "→", vocabulary.decode(numbers))
unseen_names = sorted(f"{colour} {DIGIT_WORDS[digit]}" for digit, colour in UNSEEN_PAIRS)
print("\nnever together in a training picture:", ", ".join(unseen_names))

# %% [markdown]
# The last line matters for the end of this unit. Ten of the fifty pairs of colour and digit **never occur** in the
# pictures that we train on, nor in those of the split `test`. Every picture of the split `unseen` has one. Each
# colour and each digit by itself is known, of course; only the pair is new. A person who can say "a red one" and "a
# green zero" can say "a red zero". Can the network? Write down your guess now.

# %% [markdown]
# ## A yardstick before the first model
#
# How good is a caption? The field's answer for twenty years has been: count how many of its words, pairs of words,
# triples … also occur in captions that people wrote. **BLEU** (Papineni et al., 2002) does it like this. For
# $n = 1, 2, 3, 4$ let $p_n$ be the share of the caption's $n$-grams that occur in one of the references, each counted
# at most as often as in the one that has it most ("clipping": *the the the* gets no credit for three). Then
#
# $$\text{BLEU-}n = B \cdot \bigl(p_1\, p_2 \cdots p_n\bigr)^{1/n}, \qquad B = \min\bigl(1,\; e^{\,1 - r/c}\bigr),$$
#
# where $c$ is the total length of all captions, $r$ that of the references closest in length, and the counts are
# summed over all pictures before the division. The *brevity penalty* $B$ is there since precision alone would be
# highest for captions of one safe word. **CIDEr** (Vedantam et al., 2015) compares $n$-grams too, but weighs each by
# how rare it is: "a" in common says little, "seven" much.
#
# Both count words. Since our captions come from a grammar, we can do what counts: read the sentence back, and ask
# whether it is **true** of the picture: every digit with its colour, nothing left out, nothing made up, the relation
# stated and right, sizes right where they are mentioned. The share of captions for which all this holds we call
# **meaning**. Before there is any model, let us see what these measures say of speakers that we understand:
#
# * another caption of the same picture;
# * the same with *one* digit replaced by another: "a red one …" becomes "a red four …";
# * a caption of some other picture;
# * one and the same sentence for all pictures, the most frequent one.
#
# Guess first: how much BLEU-4 does the wrong digit cost?

# %%
any_digit = re.compile(rf"\b({'|'.join(DIGIT_WORDS)})(e?s)?\b")


def with_a_wrong_digit(sentence):
    digit, plural = any_digit.search(sentence).groups()
    wrong = DIGIT_WORDS[(DIGIT_WORDS.index(digit) + 3) % 10]
    ending = "" if plural is None else "es" if wrong == "six" else "s"
    return any_digit.sub(wrong + ending, sentence, count=1)


test = scenes["test"]
references = [sentences[1:] for sentences in test.captions]  # the first caption of each plays the speaker
speakers = {"another caption": [sentences[0] for sentences in test.captions]}
speakers["… one digit wrong"] = [with_a_wrong_digit(sentence) for sentence in speakers["another caption"]]
speakers["… of another picture"] = speakers["another caption"][1:] + speakers["another caption"][:1]
everything_said = [sentence for sentences in scenes["train"].captions for sentence in sentences]
[(most_frequent, _)] = Counter(everything_said).most_common(1)
speakers["one sentence for all"] = [most_frequent] * len(test)
yardstick = {name: evaluate(said, references, test.meanings) for name, said in speakers.items()}
print(f"{speakers['another caption'][0]}  →  {speakers['… one digit wrong'][0]}")
print(f"one sentence for all: {most_frequent}\n")
print(table(yardstick))

# %% [markdown]
# One wrong digit makes each of these sentences false, and "meaning" says so: from all to none. BLEU-4 loses about a
# third, and stays far above what another picture's caption gets: most of the words are still the right ones. That is
# no fault of the package. BLEU was made to compare translation systems over many sentences, not to tell true from
# false. And look at the third row: so much can be had *without the picture*, for talking in the usual way. We shall
# report all of these numbers, because everybody does, and believe the last column.

# %% [markdown]
# **Question 1 (3 points).** A picture has a red seven on the left and a blue two on the right. The only reference is
# *a red seven left of a blue two*. Speaker A says *a red two left of a blue seven*; speaker B says *a blue two to the
# right of a red seven*. (a) Work out $p_1$ and $p_2$ of both. Who gets the higher BLEU-2, and who is right? (b) How
# do five references instead of one help B? Can any number of references make BLEU notice A's mistake? (c) Photographs
# come without a grammar to read captions back. Propose a way to find out, for captions of photographs, whether a
# model has mixed up *who is where*.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_bleu", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) A: all 8 words occur, $p_1 = 8/8$; of its 7 pairs, *a red*, *left of*, *of a*, *a blue* occur: $p_2 = 4/7$. B:
# of 10 words *a, blue, two, of, a, red, seven* occur, $p_1 = 7/10$; of 9 pairs *a blue*, *blue two*, *of a*, *a red*,
# *red seven*: $p_2 = 5/9$. BLEU-2 is $\sqrt{4/7} = 0.76$ for A and $\sqrt{0.7 \cdot 5/9} = 0.62$ for B (neither is
# shorter than the reference). A gets more and is wrong. (1 point)
#
# (b) Among five references one may well say it B's way round, and then B's n-grams are found. More references only
# add n-grams that count as right; they can never make A's score smaller. (1 point)
#
# (c) Anything that tests the relation and not the words. For example: write for each of some hundred photographs one
# true caption and one in which subject and object (or left and right) are exchanged, and count how often the model
# gives the true one the higher probability; or ask people whether the caption is true; or mirror the photograph and
# see whether left and right change places in the caption. (1 point for one that works.)
# ### END SOLUTION

# %% [markdown]
# ## A network that has seen digits
#
# A decoder that starts from pixels would have to learn to see and to speak at once, from the few bits per picture
# that a caption holds. It is far easier to take a network that **has already learned to see something**. For
# photographs that is one trained to tell the thousand classes of ImageNet apart. For our scenes it is a small
# convolutional network (CNN) that was trained, on pictures of *one* digit each, to say which digit it is and in which
# colour. The next cell loads it (the first time, it trains it: that takes about a minute).
#
# Such a network has two parts. The **trunk**: convolutions that turn the picture into a coarse grid, with a few dozen
# numbers at each place that say what is *there*. And the **head**: it pools the grid over all places and draws a
# conclusion, ten scores for the digits and five for the colours. For captions we drop the head. It has one answer for
# the whole picture; with three digits in the picture, it has thrown away just what we need: how many, and where.

# %%
encoder = load_encoder()
cnn = encoder.network
diagrams_captioning.headless_cnn(test.images[3])

# %% [markdown]
# Two things go wrong easily when one uses a trained network as an eye.
#
# * **It must not be in training mode.** Layers such as dropout and batch normalisation behave differently there:
#   dropout throws away features at random, batch normalisation lets what you see of one picture depend on the others
#   in the batch. `cnn.eval()` switches both to what they do in use.
# * **No gradient is needed.** We shall not train the trunk. Inside `torch.no_grad()` torch does not keep what a
#   backward pass would want, which saves most of the memory and a good part of the time.
#
# | | shape |
# |---|---|
# | `images` | (N, 3, height, width) |
# | what the trunk makes of them | (N, channels, rows, columns) |
# | what you return | (N, F), all numbers of a picture in one row, in the order in which they lie in its grid |
#
# **Exercise 1 (4 points).** Write `image_features` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_image_features", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("image_features")

# %% [markdown]
# How well does it see? On single digits we can ask the whole network, head and all. Its errors are a debt that no
# decoder can pay: what is misread is told wrongly, before a word has been said.
#
# The grid is 48 · 6 · 6 = 1,728 numbers, many of which say nearly the same. We reduce them to 256 by principal
# component analysis, fitted once to the grids of training pictures: subtract their mean, multiply by a matrix of 256
# columns. Then we multiply by *one* number, so that a typical feature has size 1. One number and not one per column:
# most of the later columns are small because they are noise, and would be blown up to the size of the signal.

# %%
digits_right, colours_right = accuracy(cnn, digit_pictures("test", 1_000))
print(f"with the head on, single test digits: {digits_right:.1%} of the digits, {colours_right:.1%} of the colours")


def see(images):
    """(N, 256) features of pictures (N, 48, 48, 3), by way of your image_features."""
    parts = np.array_split(images, -(-len(images) // 250))
    grids = np.concatenate([captioning.image_features(cnn, prepare(part)).numpy() for part in parts])  # (N, 1728)
    return torch.as_tensor((grids - encoder.mean) @ encoder.axes * encoder.scale, dtype=torch.float32, device=device)


v = {split: see(pictures.images) for split, pictures in scenes.items()}
F = v["train"].shape[1]
print("features:", {split: tuple(features.shape) for split, features in v.items()})

# %% [markdown]
# ### Experiment: who looks alike?
#
# What is gained by looking through the trunk? Take a test picture, and look for the training picture that is closest
# to it: once where distance is measured between *pixels*, once between *features*. Guess what the first will find.

# %%
queries, library = slice(0, 300), slice(0, 6_000)


def nearest(kind):
    everything, wanted = kind["train"][library].flatten(1), kind["test"][queries].flatten(1)
    return torch.cdist(wanted, everything).argmin(dim=1).cpu().numpy()


pixels = {split: prepare(scenes[split].images[:6_000]) for split in ("train", "test")}
found = {"pixels": nearest(pixels), "features": nearest(v)}


def things(pictures, at):
    return sorted(zip(pictures.digits[at].tolist(), pictures.colours[at].tolist(), strict=True))


alike = {
    name: np.mean([things(test, at) == things(scenes["train"], match) for at, match in enumerate(matches)])
    for name, matches in found.items()
}
shown = np.flatnonzero(test.counts[queries] == 1)[:5]
rows = {"test picture": test.images[shown]}
rows |= {f"nearest by\n{name}": scenes["train"].images[matches[shown]] for name, matches in found.items()}
fig, axes = plt.subplots(3, 5, figsize=(7, 4))
for row, (title, pictures) in enumerate(rows.items()):
    for ax, picture in zip(axes[row], pictures, strict=True):
        ax.imshow(picture)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    axes[row, 0].set_ylabel(title, rotation=0, ha="right", va="center")
plt.show()
for name, share in alike.items():
    print(f"nearest by {name:<8}: the same digits in the same colours in {share:.0%} of {len(found[name])} cases")

# %% [markdown]
# Pixels compare grounds and places: what they find has bright spots where the query has bright spots. Features find
# pictures with the same kind of thing at about the same place. That is what a trunk is for: it makes *near* mean
# *alike in what matters*. But mind that it is far from perfect, and that "the caption of the nearest neighbour" would
# be a poor captioning system: with three digits in five colours there are many more scenes than any library has.

# %% [markdown]
# **Question 2 (3 points).** Suppose you kept the head and gave the decoder its 15 scores as $v$. (a) Which captions
# could no longer be told from each other? Name two kinds. (b) The CNN was trained on digits in *all* colours, also on
# the ten pairs that never occur in a caption. Why is that important if we want to learn something from the split
# `unseen`? (c) Somebody forgets `cnn.eval()`, and their CNN has dropout. Their training goes well all the same. What
# will they notice when they ask twice for the caption of the same picture?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_features", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) The head pools over all places, so it does not say *where* anything is: "a red seven left of a blue two" and "a
# blue two left of a red seven" become the same. It does not say which colour belongs to which digit: nor can "a blue
# seven left of a red two" be told from these. Neither does it say how many there are ("two green threes", "a green
# three"), and sizes get lost, for it was trained to give the same answer for large and small. (1 point for two of
# these.)
#
# (b) If the eye had never seen a red zero, failing on "unseen" could be the eye's fault or the speaker's, and one
# could not tell which. As it is, the eye knows the pair, and what fails is the part that we want to study: the
# decoder. (1 point)
#
# (c) The captions may differ from one time to the next, although the picture and the weights are the same: features
# are thrown away at random each time. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Three cells, once more
#
# You know these formulas; here they are in one place, for a batch, with weights acting from the right.
#
# | cell | pre-activations | next state |
# |---|---|---|
# | RNN | $a = x W_x + h W_h + b$, (N, H) | $h' = \tanh a$ |
# | LSTM | $[a_i, a_f, a_o, a_g] = x W_x + h W_h + b$, (N, 4H) | $c' = \sigma(a_f) \odot c + \sigma(a_i) \odot \tanh a_g$, $\;h' = \sigma(a_o) \odot \tanh c'$ |
# | GRU | $[a_r, a_z] = x W_x^{rz} + h W_h^{rz} + b^{rz}$; $\;\hat h = \tanh(x W_x^{h} + (\sigma(a_r) \odot h) W_h^{h} + b^h)$ | $h' = z \odot h + (1 - z) \odot \hat h$ with $z = \sigma(a_z)$ |
#
# The blocks stand side by side in one matrix: i, f, o, g for the LSTM; r, z, ĥ for the GRU. One thing is new: `b` may
# be one bias for all, (G·H,), **or one for each row**, (N, G·H). Added to an (N, G·H) array, torch treats both
# rightly without a word from you; just do nothing to `b` that works for one of the two only. (If you want a block of
# it: `b[..., :H]` cuts the last axis, however many stand before it.) What a bias per row is good for, the next section
# tells.
#
# **Exercise 2 (2 points).** Write `rnn_step` in `captioning.py`.

# %% nbgrader={"grade": true, "grade_id": "test_rnn_step", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_step")

# %% [markdown]
# **Exercise 3 (4 points).** Write `lstm_step`.

# %% nbgrader={"grade": true, "grade_id": "test_lstm_step", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_step")

# %% [markdown]
# **Exercise 4 (4 points).** Write `gru_step`. The reset gate acts *before* the product with $W_h$, as in unit 4.

# %% nbgrader={"grade": true, "grade_id": "test_gru_step", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step")

# %% [markdown]
# ### Experiment: does torch know what you know?
#
# Before we let somebody else do our backward passes, a test. We run your torch step six times, hand torch a gradient
# for every state, and let it work out the rest. Beside it your own `rnn_backward` of unit 2, numpy and sweat. What
# should come out?

# %%
rnn_forward, rnn_backward = upstream("02_bptt", "rnn_forward", "rnn_backward")

rng = np.random.default_rng(0)
N, T, D, H = 3, 6, 4, 5
shapes = {"x": (N, T, D), "h0": (N, H), "Wx": (D, H), "Wh": (H, H), "b": (H,)}
arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
dh = rng.standard_normal((N, T, H))
_, cache = rnn_forward(*arrays.values())
by_hand = dict(zip(shapes, rnn_backward(dh.copy(), cache), strict=True))

tensors = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
states = [tensors["h0"]]
for t in range(T):
    states.append(captioning.rnn_step(tensors["x"][:, t], states[-1], tensors["Wx"], tensors["Wh"], tensors["b"]))
torch.stack(states[1:], dim=1).backward(torch.tensor(dh))

torch_errors = {}
for name, gradient in by_hand.items():
    torch_errors[name] = float(np.abs(tensors[name].grad.numpy() - gradient).max() / np.abs(gradient).max())
    print(f"d{name:<3} torch and unit 2 differ by {torch_errors[name]:.0e} of the largest entry")

# %% [markdown]
# The same numbers up to rounding. There is no magic in `backward()`: it is your recursion, written down by a program
# while the forward pass runs.

# %% [markdown]
# ## Three doors for a picture
#
# A decoder is a language model as in unit 3: a word goes in, the state moves on, scores for the next word come out.
# With embedding matrix $W_e$ and readout $W_{hy}$,
#
# $$x_t = W_e[\text{word}_t], \qquad h_t = \text{cell}(x_t, h_{t-1}), \qquad s_t = h_t W_{hy} + b_y .$$
#
# It has no place for a picture yet. There are two things that a recurrent cell listens to, its state and its input,
# and the picture can come in through either. Each door is a matrix $W_v$ with a bias $b_v$, whose width $K$ is that
# of what it is to become, or to be added to:

# %%
diagrams_captioning.three_doors()

# %% [markdown]
# **1 · "init".** The picture *is* the memory with which the decoder begins: $h_0 = v W_v + b_v$, $K = H$ (and
# $c_0 = 0$ for an LSTM). Nothing else changes. All that the decoder will ever know of the picture must survive in its
# state while it talks.
#
# **2 · "every_step".** The picture is added to the pre-activations, at each step anew. For a vanilla RNN
#
# $$h_t = \tanh(x_t W_x + h_{t-1} W_h + v W_v + b_v + b),$$
#
# and for a gated cell in the same way to all blocks of gates, $K = G \cdot H$. Where does that come from? Suppose we
# glued the picture to each word, $[x_t;\, v]$, and gave it to an ordinary cell whose matrix has $D + F$ rows. Cut
# that matrix in two, $D$ rows above and $F$ below. Then
#
# $$[x_t;\, v] \begin{bmatrix} W_x \\ W_v \end{bmatrix} = x_t W_x + v W_v .$$
#
# So *adding* $v W_v$ is *concatenating* $v$ to the input; the matrix is only written in two pieces. And the second
# piece does not change while the caption is written: as far as the cell is concerned it is **a bias, one for each
# picture**,
#
# $$b_{\text{row}} = b + v W_v + b_v, \qquad \text{shape } (N, G \cdot H).$$
#
# That is what the (N, G·H) bias of your cells is for: this door needs no new cell at all.
#
# **3 · "first_token".** The picture is treated like a word that comes before the first one: $x_0 = v W_v + b_v$,
# $K = D$. The cell takes one step from the zero state with this input, its scores are not looked at, and then comes
# START. ("Show and tell" did it like this.)

# %%
sizes = {"D": 32, "H": 128}
print(f"F = {F} features, D = {sizes['D']}, H = {sizes['H']}: how many parameters have the doors, and the rest?\n")
parameters = {}
for cell in ("rnn", "lstm", "gru"):
    for inject in ("init", "every_step", "first_token"):
        model = captioning.CaptioningRNN(len(vocabulary), F, **sizes, cell=cell, inject=inject)
        count = {name: parameter.numel() for name, parameter in model.named_parameters()}
        door = count["Wv"] + count["bv"]
        parameters[f"{cell}, {inject}"] = {
            "Wv is": str(tuple(model.Wv.shape)),
            "door": door,
            "rest": sum(count.values()) - door,
        }
print(table(parameters))

# %% [markdown]
# The class `CaptioningRNN` is given: it holds the parameters under the names of the formulas. Three functions bring
# it to life.
#
# | | shape |
# |---|---|
# | `v` | (N, F) |
# | a state | a tuple: `(h,)`, or `(h, c)` for an LSTM, each (N, H) |
# | `words` of one step | (N,) whole numbers |
# | scores of one step | (N, V) |
#
# **Exercise 5 (6 points).** Write `start_state`: what is known before the first word, for each door. `advance`
# (given) does one step of whichever cell the model has.

# %% nbgrader={"grade": true, "grade_id": "test_start_state", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("start_state")

# %% [markdown]
# **Exercise 6 (8 points).** Write `next_scores`: one word in, one step, the scores of the next word out, and the new
# state.

# %% nbgrader={"grade": true, "grade_id": "test_next_scores", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("next_scores")

# %% [markdown]
# **Exercise 7 (8 points).** Write `caption_scores`. While training we do not let the model feed itself: at every step
# it is given the word that the caption *really* has there, whatever it would have said. This is called *teacher
# forcing*; it is what makes all steps' losses meaningful from the first update on. So: start, then one step per
# column of `words`, and all scores side by side, (N, T, V).

# %% nbgrader={"grade": true, "grade_id": "test_caption_scores", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("caption_scores")

# %% [markdown]
# ### Experiment: how loud is the picture at the twelfth word?
#
# We can ask that before any training. Take the scores of word $t$, and differentiate them with respect to $v$: a
# small number means that at this word it hardly matters any more what the picture was. (Torch does it, through your
# functions.) The curves show the length of that gradient, each divided by its value at the first word. From units 2
# and 4 you can predict all six. Do so.

# %%
longest = max((vocabulary.encode(sentence) for sentence in everything_said[:500]), key=len)[:-1]
words = torch.tensor([longest] * 32, device=device)  # one long caption for 32 pictures
torch.manual_seed(0)
probe = torch.randn(len(vocabulary)).to(device)  # a random mixture of scores
loudness = {}
fig, ax = plt.subplots()
for cell, colour in (("rnn", "gradient"), ("lstm", "hidden")):
    for inject, line in (("init", "-"), ("every_step", "--"), ("first_token", ":")):
        torch.manual_seed(0)
        model = captioning.CaptioningRNN(len(vocabulary), F, **sizes, cell=cell, inject=inject).to(device)
        pictures = v["test"][:32].clone().requires_grad_()
        scores = captioning.caption_scores(model, pictures, words) @ probe  # (N, T)
        slopes = [torch.autograd.grad(scores[:, t].sum(), pictures, retain_graph=True)[0] for t in range(len(longest))]
        lengths = np.array([slope.norm(dim=1).mean().item() for slope in slopes])
        loudness[f"{cell}, {inject}"] = lengths / lengths[0]
        at_words = np.arange(1, len(longest) + 1)
        ax.semilogy(at_words, lengths / lengths[0], line, color=PALETTE[colour], label=f"{cell}, {inject}")
ax.set(xlabel="word", ylabel="‖∂ scores / ∂v‖, relative", title="How long the picture is remembered, before training")
ax.set_xticks(range(1, len(longest) + 1, 3))
ax.legend(ncols=2)
plt.show()

# %% [markdown]
# Two families. Through the door "every_step" the picture is at least as loud at the last word as at the first: it is
# told anew each time. Through the other two it enters once, and what is left of it fades from step to step: you know
# why since unit 2. The vanilla RNN loses it fastest; the LSTM, whose cell state carries things along, keeps about ten
# times as much over twenty words. ("init" and "first_token" fade alike. They differ in something that this picture
# does not show, see the table above it: in how *narrow* the door is.)
#
# Training will change these curves, as it did for the digit reader of unit 2. But a model has to learn from what it
# hears, and what is hardly audible at the start is learned late. Keep your prediction for the comparison below.

# %% [markdown]
# ### Find the mistake
#
# Lecture notes on this subject that many people have learned from give the rule for a decoder with a picture, in
# their notation, as
#
# $$h = \tanh\bigl(W_{xh} \cdot {} + W_{hh} \cdot h + W_{ih} \cdot v\bigr).$$
#
# Compare it with the formula above, letter by letter.

# %% [markdown]
# **Question 3 (3 points).** (a) What is missing, and how can one see from the shapes that something must be? (b) Take
# the formula at its word, in the only way that computes anything: without the first term. Such a network can be
# trained, and it will write captions. What does it *not know* while it writes, and which mistakes do you expect in
# its sentences? (Think of "a large red four" and "a red four", both right for the same picture.) (c) A third reader
# repairs the formula as $\tanh(W_{xh} x + W_{hh} h) + W_{ih} v$. What is wrong with that one? Name one consequence.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_missing_x", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) The $x$: it should be $W_{xh} \cdot x$. $W_{hh} h$ and $W_{ih} v$ are vectors of $H$ numbers; $W_{xh}$ alone is
# a matrix of another shape, $H$ times $D$, and cannot be added to them. (1 point)
#
# (b) It does not know which word it said last. Its states are the same whatever was chosen; they depend on the
# picture and on the number of the step only. So at each step it gives the mixture of all words that stand at this
# place in any right caption, and neighbouring words need not fit: if half of the captions have "a large red four"
# and half "a red four", then at step 2 it may say "red" and at step 3 "red" once more. Repeated and left-out words,
# two sentences mixed. (The experiment in "Which cell, which door" tries it.) (1 point)
#
# (c) The picture is added *after* the squashing. Then states are no longer between -1 and 1; and what is added to the
# state at each step goes through $W_{hh}$ at the next one and is added again. It is another network than
# concatenating $[x; v]$: the picture cannot open or shut anything at this step, only shift the state. (1 point for
# one sensible consequence.)
# ### END SOLUTION

# %% [markdown]
# ## What padding must not do
#
# A batch is a rectangle, captions are not. Short ones are filled up at the end with PAD, which is word number 0. A
# batch of three, as the loss sees it:
#
# | | 1 | 2 | 3 | 4 | 5 | 6 |
# |---|---|---|---|---|---|---|
# | `captions` | START | a | red | four | END | PAD |
# | | START | two | green | sevens | END | PAD |
# | | START | a | large | blue | two | END |
#
# What goes *in* and what is to be *predicted* are the same array, shifted by one:
#
# $$\text{in} = \texttt{captions[:, :-1]}, \qquad \text{targets} = \texttt{captions[:, 1:]}.$$
#
# Every word but START is somebody's target, END included: if nobody teaches the model to say END, it will never stop.
# And every word but the last column goes in. Get the shift wrong by one, and the model is asked to predict the word
# that it has just been given. That is easy, the loss falls to nothing in no time, and the captions are rubbish: a
# loss that is too good should frighten you.
#
# **The mask.** Where the target is PAD there is nothing to say. With $m_{nt} = 1$ for words and 0 for PAD, and
# $p_{nt}$ the probability that the softmax of the scores gives to the target,
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \sum_{t=1}^{T} m_{nt} \log p_{nt} .$$
#
# This is `temporal_softmax_loss` of unit 2, in nats: summed over the words of a caption, averaged over captions. If
# we let PAD count instead, two things happen. The model spends effort on predicting PAD after END, a thing nobody
# wants to know. And that being easy, the average looks wonderful.
#
# **Exercise 8 (6 points).** Write `caption_loss`. It takes scores (N, T, V) and targets (N, T).

# %% nbgrader={"grade": true, "grade_id": "test_caption_loss", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("caption_loss")

# %% [markdown]
# **Exercise 9 (8 points).** Write `training_step`: shift, scores, loss; then the three lines that are the same in
# every torch program. One of them must not be forgotten: torch *adds* gradients to those that are already there, as
# you did with `dWh +=`, so somebody has to set them to zero between two updates.

# %% nbgrader={"grade": true, "grade_id": "test_training_step", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("training_step")

# %% [markdown]
# ### Experiment: no word, no gradient
#
# Eight captions of very different lengths, an untrained model, your loss, one backward pass. The picture shows for
# each position how much the loss wants the scores there to change. And how much of a rectangle is padding?

# %%
lengths = np.array([len(sentence.split()) for sentence in everything_said[:400]])
eight = [everything_said[at] for at in lengths.argsort()[:: len(lengths) // 8][:8]]
captions = torch.as_tensor(vocabulary.encode_all(eight), device=device)
torch.manual_seed(0)
model = captioning.CaptioningRNN(len(vocabulary), F, **sizes).to(device)
scores = captioning.caption_scores(model, v["train"][:8], captions[:, :-1]).detach().requires_grad_()
targets = captions[:, 1:]
loss = captioning.caption_loss(scores, targets)
loss.backward()
pull = scores.grad.norm(dim=2).cpu().numpy()  # (N, T)
padded = (targets == PAD).cpu().numpy()
words_per_caption = (~padded).sum(axis=1).mean()

fig, ax = plt.subplots(figsize=(9, 3))
ax.imshow(pull, cmap="Greens", vmin=0, vmax=1.6 * pull.max(), aspect="auto")
for (row, column), word in np.ndenumerate(targets.cpu().numpy()):
    name = vocabulary.words[word] if word != PAD else "·"
    ax.text(column, row, name, ha="center", va="center", fontsize=7.5)
ax.set(xlabel="position", ylabel="caption", title="Size of the gradient at each score (white: exactly zero)")
ax.set_xticks(range(0, targets.shape[1], 2), range(1, targets.shape[1] + 1, 2))
ax.grid(False)
plt.show()
pull_at_padding, pull_at_words = pull[padded].max(), pull[~padded].min()
padded_share, loss_per_word = padded.mean(), loss.item() / words_per_caption
print(f"{padded_share:.0%} of the rectangle is padding; largest gradient there: {pull_at_padding}")
print(f"loss of the untrained model: {loss_per_word:.2f} per word; log V = {np.log(len(vocabulary)):.2f}")

# %% [markdown]
# Zero, and not just small. The loss per word is close to $\log V$, that of a model that holds all words for equally
# likely: the first number to look at, always. (Much of the rectangle is air, and time spent computing it is wasted.
# Our training loop therefore puts captions of about the same length into one batch.)

# %% [markdown]
# **Question 4 (3 points).** A friend divides the sum of the losses by $N \cdot T$, the size of the rectangle, instead
# of $N$; PAD is masked. (a) Is the gradient of one batch wrong? What differs from batch to batch? (b) Another friend
# masks nothing. Their loss per position is half of yours, and they are proud. What do they have to leave out to
# compare? (c) A third masks the *inputs* too: where a PAD goes in, they carry the state on unchanged. Does that
# change the loss or any gradient?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_padding", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Its direction is right: it is ours, divided by $T$. But $T$ is the length of the longest caption of the batch,
# so the same caption counts for more in a batch of short ones than in a batch with one long one. (With Adam, which
# divides by the size of gradients, one may not even notice.) (1 point)
#
# (b) The positions at which the target is PAD. PAD after END or after PAD is certain, so after a few steps those
# positions have a loss of nearly 0, and the mean over all positions is roughly the mean over words times the share of
# words. Compare sums over real words only. (1 point)
#
# (c) No. A PAD goes in only where the target is PAD as well (PAD comes at the end), and what is computed there does
# not enter the loss, nor anything before it. It changes nothing but what the state holds after the end, which nobody
# looks at. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Saying it: greedy
#
# Now without a teacher. The model gets START and a picture, gives scores for the first word, and *we* have to pick
# one. The simplest choice is the word with the highest score; that word goes in next, and so on, until the model
# picks END. All pictures of a batch are described at once, so some are done before others. A caption that has its END
# stays finished, whatever the scores say afterwards:
#
# | picture | 1 | 2 | 3 | 4 | 5 | 6 |
# |---|---|---|---|---|---|---|
# | 1 | a | red | four | END | PAD | PAD |
# | 2 | two | green | sevens | above | a | blue |
#
# The second one ran out of length: there is no END then. (Softmax or not makes no difference here: it keeps the
# order.)
#
# **Exercise 10 (8 points).** Write `greedy`. START is not part of what you return.

# %% nbgrader={"grade": true, "grade_id": "test_greedy", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("greedy")

# %% [markdown]
# ## Fifty captions by heart
#
# You have a model, a loss, an update and a mouth. Before you let that loose on 12,000 pictures, do what everybody
# should do who has just written a model: give it *very little* data and demand that it learn it **by heart**. It
# costs seconds, and there is no excuse for a loss that does not go to zero: a model with two hundred
# thousand parameters can remember fifty sentences. If it cannot, something is broken.
#
# We take fifty pictures with one caption each, all different. And since in this unit we want to know who looks, there
# is a second run: the same captions, the same model, but all the features set to zero. A blind model.
#
# **How far down can the blind one get?** It can learn the fifty sentences; what it cannot know is *which* of them is
# wanted. The best it can do is give each the probability $\frac{1}{50}$, so by the definition of our loss it will get
# stuck at $-\log\frac{1}{50} = \log 50 \approx 3.91$ nats per caption. That is a prediction with three digits. Let us
# see.

# %%
first_sentences = {sentences[0]: at for at, sentences in reversed(list(enumerate(scenes["train"].captions[:200])))}
chosen = sorted(first_sentences.values())[:50]
fifty = [scenes["train"].captions[at][:1] for at in chosen]
fifty_losses, by_heart = {}, {}
for name, features in (("seeing", v["train"][chosen]), ("blind", torch.zeros_like(v["train"][chosen]))):
    torch.manual_seed(0)
    model = captioning.CaptioningRNN(len(vocabulary), F, **sizes).to(device)
    data = lesson(features, fifty, vocabulary)
    fifty_losses[name] = train(model, captioning.training_step, data, steps=200, batch=50, lr=0.01, label=name)
    said = describe(model, lambda model, v: captioning.greedy(model, v, 25), features, vocabulary)
    by_heart[name] = sum(caption == wanted for caption, [wanted] in zip(said, fifty, strict=True))

fig, ax = plt.subplots()
for (name, losses), colour, line in zip(fifty_losses.items(), ("hidden", "gradient"), ("-", "--"), strict=True):
    ax.semilogy(losses, line, color=PALETTE[colour], label=name)
ax.axhline(np.log(50), color=PALETTE["muted"], linestyle=":", label="log 50")
ax.set(xlabel="update", ylabel="loss, nats per caption", title="Fifty captions")
ax.legend()
plt.show()
seeing_end, blind_end = (fifty_losses[name][-1] for name in ("seeing", "blind"))
print(f"seeing: loss {seeing_end:.3f}, {by_heart['seeing']} of 50 captions word for word")
print(f"blind:  loss {blind_end:.3f}, {by_heart['blind']} of 50; log 50 = {np.log(50):.3f}")

# %% [markdown]
# The seeing model has them by heart. The blind one falls just as fast at first: both learn to *speak*, and most of
# the loss is in that. Only then they part, and the blind one comes to rest where the theory said. **A falling loss
# does not show that the picture is used**; only what is below the blind floor does. Whenever you build something that
# has two inputs, train it once with one of them switched off.

# %% [markdown]
# **Question 5 (3 points).** (a) Without the padding mask, and with all losses still summed over each caption, the
# blind model would end at the same floor. Why? (b) Suppose that while shuffling you mix up the pictures: each caption
# gets the features of some other picture, the same one each time. Where does the loss of the *fifty* end? Would the
# fifty-caption test notice? Which experiment would? (c) With *five* captions for each of the fifty pictures the
# seeing model cannot get to zero. How far can it get?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_fifty", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) PAD after END is certain, whatever the picture is; a model can learn to give it probability 1, and what is
# certain adds nothing to a sum of $-\log p$. Only means per position would change. (1 point)
#
# (b) It goes to zero as well: any fixed pairing of features and captions can be learned by heart. The test does not
# notice. Held-out pictures do: for new pictures the captions would be no better than those of a random picture. (1
# point; it needs both halves.)
#
# (c) If the five are different and each is as likely as the others, the best is $\log 5 \approx 1.61$ nats per
# caption: the picture is known, which of the five is wanted is not. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Learning to see and say
#
# Now in earnest: 12,000 pictures, an LSTM, the second door. Each batch has 64 pictures with one of their five
# captions each; Adam (unit 3) makes the steps; the learning rate climbs to its highest value and comes down again, so
# that the steps are long in the middle and careful at the end. `train` in `coursekit/captioning.py` is no longer than
# a screen and has no secrets: it calls your `training_step` and nothing else of yours.

# %%
school = lesson(v["train"], scenes["train"].captions, vocabulary)
STEPS = 2_500
torch.manual_seed(0)
speaker = captioning.CaptioningRNN(len(vocabulary), F, **sizes, cell="lstm", inject="every_step").to(device)
losses = train(speaker, captioning.training_step, school, steps=STEPS, label="LSTM, every step")

fig, ax = plt.subplots()
smooth = np.convolve(losses, np.ones(50) / 50, mode="valid")
ax.plot(losses, color=PALETTE["muted"], linewidth=0.5, alpha=0.5)
ax.plot(np.arange(len(smooth)) + 25, smooth, color=PALETTE["gradient"], label="mean of 50 batches")
ax.set(xlabel="update", ylabel="loss, nats per caption", ylim=(0, 25), title="Learning to see and say")
ax.legend()
plt.show()

# %% [markdown]
# (The grey haze is not all noise: a batch of short captions has a smaller loss than one of long ones.) The loss does
# not go near zero, and cannot: which of the synonyms, whether the size is mentioned, which thing comes first, nobody
# can know. What does it say to pictures that it has not seen?

# %%
LONGEST = 25


def greedily(model, features):
    return captioning.greedy(model, features, LONGEST)


said = {split: describe(speaker, greedily, v[split], vocabulary) for split in ("test", "unseen")}
all_references = {split: scenes[split].captions for split in said}
first_results = {
    "LSTM, every step": evaluate(said["test"], all_references["test"], test.meanings),
    "a caption of another picture": evaluate(speakers["… of another picture"], all_references["test"], test.meanings),
}
print(table(first_results))
marks = [meaning_right(caption, meaning) for caption, meaning in zip(said["test"], test.meanings, strict=True)]
show_pictures(test.images[:12], said["test"][:12], marks[:12])

# %% [markdown]
# Take your time with this picture. The sentences are faultless, nearly all of them, the wrong ones too. What is wrong
# is rarely the grammar, and rarely the colour. We shall sort the mistakes out below.
#
# ## Saying it: beam search
#
# Greedy picks the best *word*, and then has to live with it. The best *sentence* may begin with another one. An
# example small enough to do by hand: a model that gives
#
# | after | probabilities |
# |---|---|
# | START | two .55, a .45 |
# | two | red .40, green .35, blue .25 |
# | a | red .90, blue .10 |
#
# Greedy says *two red*, which has probability $.55 \cdot .40 = .22$. But *a red* has $.45 \cdot .90 = .405$. The word
# *two* was the better beginning only as long as one did not look one word further.
#
# To look at all sentences is out of the question, there are $V^T$. **Beam search** keeps the best few beginnings
# alive, `width` of them, and extends each by every possible word; of all these it keeps again the best few. Here with
# width 2; the numbers are probabilities of whole beginnings:

# %%
Leaf = diagrams_captioning.Leaf
after_start = [Leaf("two", -1, "0.55"), Leaf("a", -1, "0.45", best=True)]
after_that = [
    Leaf("red", 1, "0.45 · 0.90 = 0.405", best=True),
    Leaf("red", 0, "0.55 · 0.40 = 0.22"),
    Leaf("green", 0, "0.55 · 0.35 = 0.19", kept=False),
    Leaf("blue", 0, "0.55 · 0.25 = 0.14", kept=False),
    Leaf("blue", 1, "0.45 · 0.10 = 0.045", kept=False),
]
diagrams_captioning.beam_tree([after_start, after_that], "Width 2: five continuations, two survive")

# %% [markdown]
# Three details make the difference between an idea and a program.
#
# * **Logarithms.** The product of twenty probabilities is a small number, of two hundred it is zero. So we add up
#   $\log p$, which `log_softmax` gives.
# * **END.** A hypothesis that has said END is a whole sentence. It takes part in the competition, unchanged, but is
#   not continued. When all hypotheses of the beam are finished, so is the search.
# * **Length.** Each further word makes a sentence less probable, so among finished hypotheses *the short ones win*,
#   for no better reason than that they are short. As a remedy one divides by a power of the length: for a hypothesis
#   of $n$ words, END counted,
#
# $$\text{score} = \frac{1}{n^{\alpha}} \sum_{t=1}^{n} \log p_t, \qquad \alpha = 0: \text{the probability itself}; \quad \alpha = 1: \text{the mean per word}.$$
#
# With width 1 only one hypothesis is alive, and one gets greedy back. (For a single hypothesis, dividing by its
# length changes nothing: all its continuations are equally long.) Each hypothesis has a state of its own; whoever
# continues it starts from there.
#
# **Exercise 11 (12 points).** Write `beam_search` for one picture. The docstring says exactly which hypotheses
# survive.

# %% nbgrader={"grade": true, "grade_id": "test_beam_search", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("beam_search")

# %% [markdown]
# ### Experiment: is the most probable sentence the best one?
#
# 120 test pictures, widths from 1 to 5, and for width 5 three values of $\alpha$. Columns: the mean log-probability
# of the whole sentence, its length, and how good it is. Which columns do you expect to rise with the width?

# %%
some = slice(0, 120)


def beam(width, alpha):
    def speak(model, features):
        found = [captioning.beam_search(model, one, width, LONGEST, alpha) for one in features]
        return torch.tensor([[*words, *[PAD] * (LONGEST - len(words))] for words in found])

    return speak


def log_probability(model, features, captions):
    encoded = torch.as_tensor(vocabulary.encode_all(captions), device=device)
    with torch.no_grad():
        return -captioning.caption_loss(
            captioning.caption_scores(model, features, encoded[:, :-1]), encoded[:, 1:]
        ).item()


searches = {}
for width, alpha in ((1, 0.7), (2, 0.7), (5, 0.7), (5, 0.0), (5, 2.0)):
    captions = describe(speaker, beam(width, alpha), v["test"][some], vocabulary)
    searches[f"width {width}, alpha {alpha}"] = {
        "log p": log_probability(speaker, v["test"][some], captions),
        "words": np.mean([len(caption.split()) for caption in captions]),
        **evaluate(captions, test.captions[some], test.meanings[some]),
    }
print(table(searches))
same_as_greedy = describe(speaker, beam(1, 0.7), v["test"][some], vocabulary) == said["test"][some]
print("\nwidth 1 says what greedy says:", same_as_greedy)

# %% [markdown]
# Beam search does what it promises: with $\alpha = 0$ and width 5 it finds more probable sentences than greedy. They
# are also the shortest ones: whatever can be left out is left out. With $\alpha = 0.7$ the length is back; with
# $\alpha = 2$ long sentences win, probable or not, full of openings and sizes that nobody asked for, and BLEU pays
# for it. (The log-probability is that of the sentence that was found; it is not what the search maximises when
# $\alpha > 0$, so it need not rise with the width.)
#
# And the meaning? It does not move. Why should it: the search looks for what *the model* believes, and does so
# better. If the model takes a five for a three, it will be found saying so with more confidence. Beam search helps
# where the *wording* is hard, as with photographs and in translation; there it is worth one or two points. Here the
# wording is easy and the seeing is hard. It costs five times the computation.

# %% [markdown]
# **Question 6 (3 points).** Let $\alpha = 0$. (a) Beam search with width $V^T$ finds the most probable caption for
# certain. With width 2, can its result be *less* probable than greedy's? Argue with the example above, or make up one.
# (b) With a very large width, recurrent translation systems are known to prefer the *empty* sentence, END at once. How
# can a sentence that nobody would write be the most probable one? (c) Our five captions per picture use
# synonyms: "large" or "big", "there is" or not. What does that do to the probability of any single correct sentence,
# and which sentences does a search for the most probable one prefer?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_beam", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Yes. The beam can drop greedy's beginning in favour of two others that look better for a while and end badly.
# For example: START gives *x* .6 and *y* .4; after *x* come ten words, the best of them .15, after *y* come *p* and
# *q* with .5 each. The beam of 2 keeps *y p* and *y q* (.20 each) and drops greedy's *x a* (.09). If after *a* the
# sentence ends for certain, and after *p* and *q* there are twenty equally likely words, greedy ends with .09, the
# beam with .01. (1 point; without a normalisation of length, or with sentences of the same length)
#
# (b) The probability of a long sentence is spread over the very many ways to say the thing; each of them gets a tiny
# product of many factors below 1. The empty sentence is a single one with a single factor, say one in ten thousand,
# and that can be more than any of the long ones has. Most probable is not typical. (1 point)
#
# (c) It divides it: each choice between two ways of saying the same thing costs a factor, though the meaning is the
# same. The search prefers sentences with few choices: without an opening, without optional sizes, short. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Which cell, which door
#
# Three cells, three doors: nine models, all from your functions, all trained on the same pictures in the same order
# for the same number of steps. The number is small, a fifth of what our speaker had, so that you need not wait; the
# order of the models is what we are after. A tenth model belongs to "Find the mistake" above: an LSTM with the second
# door, but *without the word* $x$. (We set the embedding to zero and forbid its training.) From the experiment with
# the loudness you can guess which door suits which cell.


# %%
def trained(cell, inject, deaf=False):
    torch.manual_seed(1)
    model = captioning.CaptioningRNN(len(vocabulary), F, **sizes, cell=cell, inject=inject).to(device)
    if deaf:
        model.We.requires_grad_(False).zero_()  # whatever the word is, x = 0
    label = f"{cell}, {inject}" + (", no x" if deaf else "")
    losses = train(model, captioning.training_step, school, steps=500, lr=0.005, label=label)
    captions = describe(model, greedily, v["test"], vocabulary)
    row = {"loss": np.mean(losses[-50:]), **evaluate(captions, all_references["test"], test.meanings)}
    return label, row, captions


contest, last_words = {}, {}
for cell in ("rnn", "lstm", "gru"):
    for inject in ("init", "every_step", "first_token"):
        label, contest[f"{cell}, {inject}"], last_words[label] = trained(cell, inject)
label, contest[label], last_words[label] = trained("lstm", "every_step", deaf=True)
print(table(contest), "\n")
for caption in last_words[label][:3]:
    print(f"without x: {caption}")

# %% [markdown]
# **By door.** "every_step" is best with every cell (for the GRU by a hair), "first_token" worst. What the loudness
# curves foretold: a picture that is told once, and then fades, is used less than one that is heard at every word. And
# "first_token" has to squeeze 256 features through a word's $D = 32$ numbers before the cell hears anything.
#
# **By cell.** How much the door matters depends on the cell's memory. For the vanilla RNN it makes all the
# difference: with the first door, what it was told fades while it talks. The gated cells carry the picture along, so
# that door costs them far less. Where nothing has to be remembered, at the second door, the vanilla RNN does about as
# well as the LSTM with the first one. (Remember as well that at the second door a gated cell has several times the
# parameters.)
#
# **Without $x$.** The formula as printed. This network hears the picture at every step, and does not know what it
# said a moment ago: it stacks the words that are usual at each place. No sentence, no meaning.
#
# One seed is one draw of luck, and 500 steps are a sprint. The next cell shows the same table over several seeds,
# worked out ahead of time by a script whose command line is printed with it: "lowest" and "highest" are those of the
# meanings.

# %%
record = read_record("captioning_ablation")
print(f"{record['steps']} steps, made by: {record['made by']}\n")
recorded = {}
for name in contest:
    runs = [run for run in record["runs"] if run["model"] == name]
    if runs:
        meaning = [run["test"]["meaning"] for run in runs]
        recorded[name] = {
            "seeds": len(runs),
            "BLEU-4": np.mean([run["test"]["BLEU-4"] for run in runs]),
            "meaning": np.mean(meaning),
            "lowest": min(meaning),
            "highest": max(meaning),
            "unseen": np.mean([run["unseen"]["meaning"] for run in runs]),
        }
print(table(recorded))

# %% [markdown]
# The columns "lowest" and "highest" show what a seed can do, and which differences of the table above to believe.
# From the vanilla RNN with the first door to the LSTM with the first door to the LSTM with the second one, each step
# holds for every seed. Which of two gated cells at the second door is better is closer to luck. And look at the last
# column: on pairs that were never seen none of them gets far, though the second door helps there too.

# %% [markdown]
# **Question 7 (3 points).** (a) The LSTM with the second door has about 130,000 parameters in its door, with the
# first door about 33,000. Is it a fair comparison? Propose one that tells whether the *place* of the door or its
# *size* makes the difference. (b) Two models differ by 0.02 in meaning on the same 1,000 test pictures, one seed
# each. May one say that one is better? Estimate how much a share of one half fluctuates on 1,000 pictures. (c)
# Somebody reports only BLEU-4 for this table. What would a reader believe about the vanilla RNN with the first door?
# And does BLEU-4 notice what is wrong with the LSTM without $x$? Why does it notice the one and not the other?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_doors", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Not quite: the second door has a matrix to each gate, four times as many parameters. Fairer: give both the same
# number of parameters in all (a larger $H$ for "init"), or let the picture into one block only at every step
# ($K = H$, added to the pre-activation of $g$), or let "init" set $c_0$ too. If the difference stays, it is the
# place. (1 point for a comparison that holds one of the two fixed)
#
# (b) No. The standard deviation of a share $p$ on $n$ pictures is $\sqrt{p(1-p)/n} = \sqrt{0.25/1000} \approx 0.016$
# for each of the two, and the seed makes a difference of its own, see the columns "lowest" and "highest". One needs
# several seeds (and, as both describe the same pictures, can look at those on which they differ). (1 point)
#
# (c) That it is somewhat worse than the LSTM with the second door: it has some seven tenths of its BLEU-4, but
# only about half of its right captions. Without $x$ the *wording* is broken, words do not fit their neighbours, and
# n-grams are just that; so BLEU-4 falls through the floor. What it does not notice is one wrong word among many that
# fit. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## What it gets wrong
#
# Back to our speaker. Since its sentences can be read back, a program can say of each wrong one *what* is wrong with
# it.


# %%
def kinds_of_mistakes(captions, meanings):
    kinds = [what_is_wrong(caption, meaning) for caption, meaning in zip(captions, meanings, strict=True)]
    return {kind: kinds.count(kind) / len(kinds) for kind in dict.fromkeys(sorted(kinds))}


mistakes = {split: kinds_of_mistakes(said[split], scenes[split].meanings) for split in said}
by_count = {f"{count} digit" + "s" * (count > 1): np.mean(np.array(marks)[test.counts == count]) for count in (1, 2, 3)}
fig, ax = plt.subplots(figsize=(8, 3))
wrong = {kind: share for kind, share in mistakes["test"].items() if kind != "right"}
wrong = dict(sorted(wrong.items(), key=lambda item: item[1]))
ax.barh(list(wrong), list(wrong.values()), color=PALETTE["bad"])
ax.set(xlabel="share of all test pictures", title="What is wrong with the wrong captions")
plt.show()
print("right, by number of digits in the picture:", {name: f"{share:.0%}" for name, share in by_count.items()})

# %%
examples = {}
for at, (caption, meaning) in enumerate(zip(said["test"], test.meanings, strict=True)):
    examples.setdefault(what_is_wrong(caption, meaning), []).append(at)
picked = [at for kind, found in examples.items() if kind != "right" for at in found[:2]][:8]
show_pictures(
    test.images[picked],
    [f"{said['test'][at]} ({what_is_wrong(said['test'][at], test.meanings[at])})" for at in picked],
    [False] * len(picked),
)

# %% [markdown]
# Most mistakes are *a wrong digit* in an otherwise right sentence. Next come the number of things, and digit and
# colour wrong at once: often one thing said twice and another forgotten. A colour alone, the place or the size are
# rarely wrong. The grammar is right almost to the last word: fluency is easy, it comes first and it is never lost.
# (Even “no sentence” is grammar of a kind: look at the examples.) And see how it goes by the number of digits: one
# digit is child's play, with two every second caption is right, with three next to none. The eye is not to blame, it
# reads single digits nearly without error. But three digits anywhere on a grid of 36 places, in five colours: the
# features of *the whole picture* have to be untangled by one matrix $W_v$, and there are many more such pictures than
# the 12,000 that it has learned from.

# %% [markdown]
# ## What it never saw
#
# Now the ten pairs that never occurred together. Each picture of the split `unseen` has one. What was your guess at
# the beginning?

# %%
results = {
    "test": evaluate(said["test"], all_references["test"], test.meanings),
    "unseen": evaluate(said["unseen"], all_references["unseen"], scenes["unseen"].meanings),
}
print(table(results), "\n")
print(table(mistakes))
new = scenes["unseen"]
marks_unseen = [meaning_right(caption, meaning) for caption, meaning in zip(said["unseen"], new.meanings, strict=True)]
show_pictures(new.images[:8], said["unseen"][:8], marks_unseen[:8])

# %% [markdown]
# A crash: three of four right captions are gone. (BLEU-4 loses less than a fifth. Had we believed in it, we should
# have called this "somewhat worse on new combinations".) The table of mistakes says where: *a digit*, three times as
# often as before. Whose fault is it? There are two suspects.
#
# **The eye** we can ask directly. Some of the new pictures have one digit only; on those we put the head back on and
# look what the CNN says.
#
# **The mouth** we ask with a teacher: "*a* …" and we read off how much probability the right colour gets among the
# five colours. Then we say the right colour, "*a red* …", and read off the right digit's share among the ten digits.
# If that is small, there are two possibilities. Either the decoder does not *recognise* a zero that is red; or it
# recognises it, but has learned from its twelve thousand captions that after the word *red* one never says *zero*.
# How can one tell? **Lie to it.** Show the same picture of a red zero, but say "*a green* …", with a colour that it
# knows with zeros. If now the zero appears, it has seen it all the time. As a last column, the true colour again but
# without picture (zeros for features): what the words alone say.

# %%
colour_words = torch.tensor([vocabulary.numbers[name] for name in COLOURS], device=device)
digit_words = torch.tensor([vocabulary.numbers[name] for name in DIGIT_WORDS], device=device)


def shares(features, said_colours):
    """How the five colours share the probability after "a", and the ten digits after "a" and a colour."""
    start = torch.tensor([START, vocabulary.numbers["a"]], device=device).expand(len(features), 2)
    fed = torch.cat([start, colour_words[said_colours][:, None]], dim=1)
    with torch.no_grad():
        scores = captioning.caption_scores(speaker, features, fed)
    return scores[:, 1][:, colour_words].softmax(dim=1), scores[:, 2][:, digit_words].softmax(dim=1)


def another_colour(digit, colour):
    others = [(colour + step) % len(COLOURS) for step in range(1, len(COLOURS))]
    return next(other for other in others if (digit, list(COLOURS)[other]) not in UNSEEN_PAIRS)


def interrogate(split):
    one = np.flatnonzero(scenes[split].counts == 1)
    digits, colours = scenes[split].digits[one, 0].astype(int), scenes[split].colours[one, 0].astype(int)
    lies = [another_colour(digit, colour) for digit, colour in zip(digits, colours, strict=True)]
    features, rows = v[split][one], np.arange(len(one))
    with torch.no_grad():
        seen_digit, seen_colour = (scores.argmax(dim=1).numpy() for scores in cnn(prepare(scenes[split].images[one])))
    colour_share, digit_share = shares(features, colours)
    _, after_a_lie = shares(features, lies)
    _, no_picture = shares(torch.zeros_like(features), colours)
    return {
        "eye": np.mean((seen_digit == digits) & (seen_colour == colours)),
        "colour": colour_share[rows, colours].mean().item(),
        "digit": digit_share[rows, digits].mean().item(),
        "digit after a lie": after_a_lie[rows, digits].mean().item(),
        "digit, no picture": no_picture[rows, digits].mean().item(),
    }


suspects = {split: interrogate(split) for split in ("test", "unseen")}
print(table(suspects, digits=3))

# %% [markdown]
# Case closed. The eye is innocent: it names the new pairs as well as any. The decoder has understood the colour. Told
# the *right* colour, it gives the right digit a small share, where for known pairs it is nearly sure; told a *wrong*
# colour, it names the digit as if nothing were new. So it sees the zero perfectly well. **It is the word "red" that
# keeps it from saying "zero".**
#
# And that is what we taught it. Cross-entropy rewards everything in the sentences that makes the next word easier to
# guess, whether it is in the picture or in the language. "After *red* never comes *zero*" held in all sixty thousand
# sentences; to the loss it is a law of grammar like "after *to the* comes *left* or *right*". The last column shows
# the law by itself: without a picture the digit of a new pair gets next to nothing. The network has not learned that
# colour and digit are two independent things. Nothing in its training asked for that. It is called a *language
# prior*, and large models that describe photographs have it too: their bananas are yellow, also the green ones.

# %% [markdown]
# ## What it says in the dark
#
# Last, we take the picture away, in four ways. *Another picture's* features; features that are all *zero*; those of a
# picture of pure *noise*; those of an *empty* one, a dark ground without any digit. What should an honest describer
# do? And what will ours do? Columns: how many of its captions are sentences of the grammar; how sure it is (the
# geometric mean of the probabilities of the words that it picked); how often it is right about the picture that it
# should have seen.

# %%
noise = np.random.default_rng(0).integers(0, 256, size=(200, 48, 48, 3), dtype=np.uint8)
empty = np.full((200, 48, 48, 3), 45, dtype=np.uint8)
seen_200 = v["test"][:200]
blinded = {
    "its own picture": seen_200,
    "another picture": seen_200.roll(1, dims=0),
    "zeros": torch.zeros_like(seen_200),
    "noise": see(noise),
    "an empty ground": see(empty),
}


def sureness(features):
    with torch.no_grad():
        words = torch.as_tensor(captioning.greedy(speaker, features, LONGEST))
        fed = torch.cat([torch.full_like(words[:, :1], START), words[:, :-1]], dim=1)
        total = captioning.caption_loss(captioning.caption_scores(speaker, features, fed), words) * len(words)
    return torch.exp(-total / (words != PAD).sum()).item()


dark, dark_said = {}, {}
for name, features in blinded.items():
    dark_said[name] = describe(speaker, greedily, features, vocabulary)
    grammatical = np.mean([parse(caption) is not None for caption in dark_said[name]])
    found = evaluate(dark_said[name], test.captions[:200], test.meanings[:200])
    dark[name] = {
        "sentences": grammatical,
        "sureness": sureness(features),
        "BLEU-4": found["BLEU-4"],
        "meaning": found["meaning"],
    }
print(table(dark))

# %%
show_pictures([*noise[:3], empty[0]], [*dark_said["noise"][:3], dark_said["an empty ground"][0]])

# %% [markdown]
# It talks. About noise, about nothing at all, in perfect sentences, and almost as surely as about its own picture: a
# probability says how well a word fits what was seen *in training*, and there was never a picture without digits, nor
# a caption "I see nothing". With the picture of somebody else it talks about the picture of somebody else, at least:
# it looks. The row "zeros" is the blind speaker of the fifty captions again.
#
# A network that must say something will say something. If it is to be able to say "I do not know", somebody has to
# teach it, or to look at more than its words.

# %% [markdown]
# **Question 8 (3 points).** (a) Which of the measures of this unit would have told you, without any picture of noise,
# that the model does not look? Which would not? (b) Propose a change of the *data* or of the *training* after which
# the model could say "there is no digit". What would you have to be careful about? (c) And one after which it might
# say "a red zero" although it never read it: change either the data, the model or the features, and say how you would
# test whether it helped.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_dark", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Meaning on test pictures, and the gap between the loss and that of a blind model; also CIDEr compared with that
# of another picture's captions. Not: a falling loss, the share of grammatical sentences, sureness; and BLEU only if
# one knows what it is without a picture. (1 point)
#
# (b) For example: add empty and noisy pictures with captions such as "there is no digit". Careful: how often they
# come decides how readily the model says so (a model that is afraid says it too often); and noise of another kind may
# still count as a digit, for a network knows only the kinds of nothing that it was shown. Or a threshold on sureness,
# after having checked on held-out pictures that sureness and truth go together. (1 point)
#
# (c) For example: make colour and digit independent of each other in training (all pairs but a few, fewer repetitions
# of each); feed features in which digit and colour are separate, such as the 15 scores of the head at each place; let
# the decoder look at one place at a time (attention), so that it learns "name the colour here" and "name the digit
# here" instead of whole pairs; drop the word before at random while training, so that "red" says less about what may
# follow. Test: meaning on the split "unseen" (and on "test", which must not suffer), several seeds. (1 point for one
# change with its test)
# ### END SOLUTION

# %% [markdown]
# ## The captioning test
#
# One thing is left: does it all work *together*, on scenes that neither you nor we have looked at? `captioning_test`
# trains a model made of your functions, from the first update to the last, for a fixed number of steps; then it lets
# your `greedy` describe pictures of a test set, and asks for three things: the share of right meanings, BLEU-4, and a
# loss that is what it should be. A model that does not look at its picture fails however well it talks. It takes
# about half a minute.
#
# **Exercise 12 (16 points).** Nothing to write. If it does not pass while all the others do, look at `training_step`
# and `next_scores` once more.

# %% nbgrader={"grade": true, "grade_id": "test_captioning_test", "locked": true, "points": 16, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("captioning_test")

# %% [markdown]
# ## Real photographs
#
# All of this works on photographs, with three changes, none of them in your code: the eye is a network that has seen
# the thousand classes of ImageNet, the captions are written by people, and both are larger by a factor of some
# hundred. The data are not ours to hand out; if you have COCO's captions or Flickr8k with their images on your disk,
# one command trains *your* model on them, on a graphics card if there is one:
#
# ```
# python -m coursekit.train_captions --captions captions_train2017.json --images train2017 \
#     --minimum 5 --hidden 512 --embedding 256 --steps 40000 --batch 128
# python -m coursekit.train_captions --help
# ```
#
# Two warnings. There is no grammar to read these captions back, so there is no "meaning": you are left with BLEU and
# CIDEr, and know by now what they see. And all that we saw in the dark holds there as well, only that nobody notices:
# "a man riding a wave on top of a surfboard" is such a usual caption that a network may say it of any picture with
# enough blue in it.

# %% [markdown]
# ## What you have, and what is next
#
# You have put an eye and a mouth together, and trained the whole with four lines of your own. You know three ways to
# let a picture into a recurrent network and what each costs; what padding must not do; how to say a sentence
# greedily, and how to look further; and how to find out whether somebody who speaks well has looked.
#
# The weakest spot of our speaker is easy to name: before its first word it presses the whole picture into *one*
# vector, all 36 places of the grid at once, and then has to tell three digits from it. You would look again: at the
# left one while you say "a red four", at the right one while you say "a blue two". The next idea of the field was to
# let the decoder do that: to choose, at every word, where to look. It is called **attention**, and it grew, a few
# years later, into networks that have no recurrent part any more at all. You have now everything that it takes to
# understand what was gained by that, and what was given up: a state that is carried along, of a size that does not
# grow.
#
# **Sources.** O. Vinyals, A. Toshev, S. Bengio and D. Erhan, *Show and tell: a neural image caption generator*, CVPR
# 2015 (the picture as first token). J. Mao et al., *Deep captioning with multimodal recurrent neural networks*, ICLR
# 2015 (the picture at every word). A. Karpathy and L. Fei-Fei, *Deep visual-semantic alignments for generating image
# descriptions*, CVPR 2015. M. Tanti, A. Gatt and K. P. Camilleri, *Where to put the image in an image caption
# generator*, Natural Language Engineering 24 (2018). K. Papineni et al., *BLEU: a method for automatic evaluation of
# machine translation*, ACL 2002. R. Vedantam, C. L. Zitnick and D. Parikh, *CIDEr: consensus-based image description
# evaluation*, CVPR 2015. Y. Wu et al., *Google's neural machine translation system*, 2016 (length normalisation).
# T.-Y. Lin et al., *Microsoft COCO*, ECCV 2014. M. Hodosh, P. Young and J. Hockenmaier, *Framing image description as
# a ranking task*, JAIR 47 (2013). E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI (1998).
