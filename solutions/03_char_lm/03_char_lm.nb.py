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
# # Unit 3 · A language model of characters
#
# In unit 2 a network read and gave *one* answer. From now on it is asked at every step, and always the same thing:
#
# > You have read so far. **Which character comes next?**
#
# The question sounds small. But whoever can answer it well knows, after `for i in ran`, that `ge(` follows; that an
# opened quote wants to be closed, and that the line after a colon is indented. And a network that can answer it can
# *write*: draw a character from its answer, hand it back as the next input, and ask again.
#
# You build such a model from the functions of unit 2 and some new ones, train it for a minute on source code that is
# already on your disk, hold it honestly against tables of counts (they are hard to beat), let it write Python, and
# look inside for cells that know whether they are in a string.
#
# | section | you write | points |
# |---|---|---|
# | Four letters by hand | nothing: you calculate | |
# | Text as numbers | `build_vocab`, `encode`, `decode`, `one_hot` | 2, 2, 2, 2 |
# | A table instead of a product | `word_embedding_forward`, `word_embedding_backward` | 2, 6 |
# | Feeding a long text | `tbptt_batches` | 8 |
# | The whole model | `char_rnn_loss` | 14 |
# | Steps of the right size | `adagrad_step`, `adam_step` | 4, 8 |
# | How good is good | `bits_per_char` | 4 |
# | Letting it write | `temperature_softmax`, `sample`, `sample_greedy` | 4, 8, 4 |
# | From noise to Python | nothing: you watch it learn | |
# | Why sample, and why one-hot | nothing: you measure | |
# | What the cells have learned | nothing: you search | |
#
# Eight questions to answer in words bring another 24 points; a person reads those.

# %% [markdown]
# ## How to work
#
# As before: open `char_lm.py` beside this notebook, write one function, save the file, run its `check`. The module
# takes six functions from your `bptt.py` of unit 2; where one of them does not pass its check, stand-ins take the
# place of all six, and the first cell says so. Nothing in this unit waits for a gap in an earlier one (only, with
# stand-ins training takes longer). Your file may import Python's own modules, numpy, scipy and tqdm.
#
# **Letters.** $N$ streams of text side by side, $T$ characters per chunk, $V$ characters in the vocabulary, $D$
# numbers per embedded character, $H$ hidden units. Batch first, weights act from the right, $dz$ has the shape of
# $z$. The model's parameters are one dict of six arrays:
#
# | name | shape | what |
# |---|---|---|
# | `We` | (V, D) | the embedding: a row of numbers for each character |
# | `Wx`, `Wh`, `b` | (D, H), (H, H), (H,) | the recurrent layer |
# | `Why`, `by` | (H, V), (V,) | the readout: a score for each character |

# %%
from coursekit.place import find_module

find_module("char_lm")  # goes to the folder of your file
# %load_ext autoreload
# %autoreload 1
# %aimport char_lm
# %matplotlib inline
import logging
import lzma
import time
from pathlib import Path

import char_lm  # your file: edit it, save it, run the next cell; no restart needed
import matplotlib.pyplot as plt
import numpy as np

from autograder import check
from coursekit import diagrams_text, style
from coursekit.data import load_corpus
from coursekit.language import CharModel, CharRun, fading, init_char_model, read_text, write_text
from coursekit.ngrams import KneserNey
from coursekit.python_text import python_properties
from coursekit.upstream import upstream

clip_grad_norm = upstream("02_bptt", "clip_grad_norm")
logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time
style.use()
PALETTE = style.PALETTE

# %% [markdown]
# ## Four letters by hand
#
# The smallest language model worth the name knows four letters, `h e l o`, and one word. It reads `h e l l` and
# should say, at each step, what comes next: `e l l o`. Each letter goes in as a vector with a single 1 (*one-hot*),
# and what comes out is a probability for each of the four.
#
# Where is the difficulty? After `h` comes `e`, after `e` comes `l`: for that a table will do. But **after `l` comes
# once `l` and once `o`.** The input is the same both times; only the past tells which it is. So the network must
# remember something, and we can work out what. We give it three hidden units and set the weights by hand, such that
# each unit is a sentence that is true ($+1$) or false ($-1$):
#
# | unit | sentence | its pre-activation |
# |---|---|---|
# | A | the letter is `l` | $+4$ if it is, else $-4$ |
# | B | the letter is `l`, and the one before was | $2\,A_{t-1}$, and $-4$ more if the letter is no `l` |
# | C | the letter is `h` | $+4$ if it is, else $-4$ |
#
# At the first `l`, $A_{t-1} \approx -1$, so B is $\tanh(-2) = -0.96$; at the second, $A_{t-1} \approx +1$, and B is
# $\tanh(2) = +0.96$. The readout: a score of $4C$ for `e`, $4B$ for `o`, $-2B - 2C$ for `l` (when neither of the
# other two is called for) and $-4$ for `h`, which never follows anything. Of the nine numbers in $W_h$ eight are
# zero: **the whole memory of this network is the one weight from A to B.**

# %%
letters = list("helo")
hand = {
    "Wx": np.array([[-4.0, -4, 4], [-4, -4, -4], [4, 0, -4], [-4, -4, -4]]),  # rows: h e l o; columns: A B C
    "Wh": np.array([[0.0, 2, 0], [0, 0, 0], [0, 0, 0]]),
    "b": np.zeros(3),
    "Why": np.array([[0.0, 0, 0, 0], [0, 0, -2, 4], [0, 4, -2, 0]]),  # rows: A B C; columns: h e l o
    "by": np.array([-4.0, 0, 0, 0]),
}


def answers(weights, text):
    """Hidden states (T, 3) and probabilities (T, 4) of the four-letter model over a text."""
    x = np.array([[[float(letter == v) for v in letters] for letter in text]])  # (1, T, 4)
    h, _ = char_lm.rnn_forward(x, np.zeros((1, 3)), weights["Wx"], weights["Wh"], weights["b"])
    exponentials = np.exp(h[0] @ weights["Why"] + weights["by"])
    return h[0], exponentials / exponentials.sum(axis=1, keepdims=True)


def bits_on(weights, text):
    """Mean of -log2 of the probability of each letter that came."""
    _, p = answers(weights, text[:-1])
    return np.mean([-np.log2(p[t, letters.index(letter)]) for t, letter in enumerate(text[1:])])


diagrams_text.hello("hell", "ello", *answers(hand, "hell"), letters)

# %% [markdown]
# Framed is what should come, and it is what the model says. How good is that, in one number? The network is surprised
# at a letter that it gave the probability $p$ by $-\log_2 p$ **bits**: certain and right costs 0, a coin's toss 1, a
# guess among four 2. Now we take its memory away ($W_h = 0$) and look again:

# %%
forgetful = {**hand, "Wh": np.zeros((3, 3))}
hello_bits, forgetful_bits = bits_on(hand, "hello"), bits_on(forgetful, "hello")
_, p_forgetful = answers(forgetful, "hell")
print("after l, with memory:   ", dict(zip(letters, answers(hand, "hell")[1][3].round(2).tolist())), "(second l)")
print("after l, without memory:", dict(zip(letters, p_forgetful[2].round(2).tolist())), "(first l)")
print("                        ", dict(zip(letters, p_forgetful[3].round(2).tolist())), "(second l)")
print(f"bits per letter: {hello_bits:.2f} with memory, {forgetful_bits:.2f} without")

# %% [markdown]
# Without memory it says the same after both `l`, and must be wrong about one of them. No setting of the other weights
# could help that. Everything below is this little model with more letters, more units, and weights that it finds
# itself.

# %% [markdown]
# **Question 1 (3 points).** (a) What is the smallest number of bits per letter that *any* model can reach on `hello`
# if its answer may depend on the last letter only? (b) Our model reads `helll` (three `l`). What does it expect after
# each of the three, and why can it not be taught to wait for the third without another unit (or other values than
# true and false)? (c) A friend suggests: no memory, but let the network see the last *two* letters. What does it have
# in common with a table of counts, and what happens to the number of its inputs as one looks further back?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_four_letters", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) `h` and `e` can be answered with certainty, 0 bits. After `l` the same answer $p$ must do for `l` and for `o`:
# $-\log_2 p(l) - \log_2 p(o)$ is smallest for $p(l) = p(o) = \frac12$, 1 bit each. Together 2 bits over 4 letters:
# 0.5 bits per letter. (1 point)
#
# (b) After the first it expects `l`, after the second and the third `o`. At the second and the third `l` the inputs
# are the same and so are the states before ($A \approx +1$; B does not act on anything): two equal situations get
# equal answers. Some number must differ between "one `l` before" and "two before"; with units that are only true or
# false that takes a further unit that listens to B. (1 point)
#
# (c) Like a table of counts (a trigram) it can tell apart only what differs within the last two letters; what lies
# further back is not forgotten but never there. For each further letter there are $V$ more inputs (a table: $V$ times
# as many rows), and with their weights; the recurrent network's size does not depend on how far back it looks. (1
# point)
# ### END SOLUTION

# %% [markdown]
# ## Text as numbers
#
# A text is a string of $M$ characters; networks want numbers. Three decisions:
#
# 1. **The vocabulary**: the $V$ different characters of the text, in a fixed order. We sort them, so that two people
#    with the same text have the same order. (A `set` alone will not do: Python may list it in another order tomorrow,
#    and then a stored model would speak in cipher.)
# 2. **Encoding**: each character becomes its place in that list, a whole number from 0 to $V - 1$. Decoding is the
#    way back.
# 3. **One-hot**: the numbers are names, not amounts: 7 is not "more" than 3. A network that multiplies its input
#    would take them for amounts; so each number is turned into a vector of length $V$, with a 1 at that place and 0
#    elsewhere. All characters are then equally far from each other.
#
# | | shape, type |
# |---|---|
# | `vocab` | list of V one-character strings |
# | `ids` | (M,) int64 |
# | `one_hot(ids, V)` | `ids.shape + (V,)`, float64 |
#
# **Exercise 1 (2 points).** Write `build_vocab` in `char_lm.py`.

# %% nbgrader={"grade": true, "grade_id": "test_build_vocab", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("build_vocab")

# %% [markdown]
# **Exercise 2 (2 points).** Write `encode`. A text has a million characters: look each one up in a dict;
# `vocab.index` would search the list from its start every time.

# %% nbgrader={"grade": true, "grade_id": "test_encode", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("encode")

# %% [markdown]
# **Exercise 3 (2 points).** Write `decode`, the way back.

# %% nbgrader={"grade": true, "grade_id": "test_decode", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("decode")

# %% [markdown]
# **Exercise 4 (2 points).** Write `one_hot`. Its argument may have any shape: a single text (M,) as well as a batch
# (N, T).

# %% nbgrader={"grade": true, "grade_id": "test_one_hot", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("one_hot")

# %% [markdown]
# ### A text that you already have
#
# Every Python comes with its own library in source: some megabytes of text, written by many hands, with a grammar
# that a machine can check. We take a million characters of it. A tenth, whole files of it, is **held out**: the model
# will never see these while it learns, and is judged on nothing else. (Signs that occur fewer than ten times, such as
# letters of other alphabets, become one and the same sign, �. Another version of Python has another library, so your
# numbers will differ a little from your neighbour's.)
#
# Something else to read? `load_corpus("topics")` is Python's reference manual, `load_corpus("path/to/a/book.txt")`
# any text of yours, and a folder will do too. Change the line below and run the notebook again; only the section
# about cells expects Python.

# %%
corpus = load_corpus("library")
vocab = char_lm.build_vocab(corpus.text)
V = len(vocab)
train_ids, held_ids = char_lm.encode(corpus.train, vocab), char_lm.encode(corpus.held_out, vocab)
round_trip = char_lm.decode(train_ids, vocab) == corpus.train

counts = np.bincount(train_ids, minlength=V)
order = np.argsort(-counts)
print(corpus)
print(f"V = {V} characters; encoding and decoding gives the text back: {round_trip}\n")
print(corpus.train[corpus.train.index("def ") :][:400])

# %%
shown = order[:48]
names = {" ": "space", "\n": "line end", "\ufffd": "rare"}
fig, ax = plt.subplots(figsize=(9.4, 3.0))
ax.bar(range(len(shown)), counts[shown] / counts.sum(), color=PALETTE["input"])
ax.set_xticks(range(len(shown)), [names.get(vocab[i], vocab[i]) for i in shown], fontsize=9)
for label in ax.get_xticklabels():
    label.set_rotation(90 if len(label.get_text()) > 1 else 0)
ax.set(yscale="log", ylabel="share of the text", title=f"The {len(shown)} commonest of {V} characters", xlim=(-1, len(shown)))
ax.grid(False, axis="x")
plt.show()
commonest = vocab[order[0]]
ratio_common_rare = counts[order[0]] / max(1, counts[order[-1]])
print(f"the commonest character is {ratio_common_rare:,.0f} times as frequent as the rarest")

# %% [markdown]
# Nearly a third of this text is spaces, and the least common characters come thousands of times more seldom. Keep
# that in mind; it will trouble us.

# %% [markdown]
# ## A table instead of a product
#
# One-hot vectors are long and consist of zeros. The first thing that the network does with them is a matrix product,
# with a matrix $W_e$ of shape (V, D):
#
# $$e_d = \sum_v \text{onehot}_v \, W_{vd} = W_{x d},$$
#
# where $x$ is the place of the 1. All terms but one are zero: **the product with a one-hot vector picks a row.** So
# nobody multiplies; one looks the row up. A table with one row per character, trained like any other weight, is
# called an **embedding**: characters that behave alike will get rows that are alike, and no longer are they all
# equally far from each other. (The functions are called `word_embedding_…` after their counterparts in a well-known
# course; for words it is the same table with more rows.)
#
# **Backward.** Let $x_{nt}$ be the character at place $n, t$, and $e_{ntd} = W_{x_{nt}\, d}$. Where does the number
# $W_{vd}$ act? At *every* place of the batch at which character $v$ stands. Contributions of all ways to act add up:
#
# $$dW_{vd} = \sum_{n,t \,:\, x_{nt} = v} de_{ntd}.$$
#
# The gradient of $x$ itself does not exist: it is a name.
#
# | | shape |
# |---|---|
# | `x` (int) | (N, T) |
# | `W`, `dW` | (V, D) |
# | `out`, `dout` | (N, T, D) |
#
# **Exercise 5 (2 points).** Write `word_embedding_forward` in `char_lm.py`: one line, if you know that numpy takes an
# array of ints as an index.

# %% nbgrader={"grade": true, "grade_id": "test_word_embedding_forward", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("word_embedding_forward")

# %% [markdown]
# ### Find the mistake
#
# Backward should be one line too. What could be more natural than this?
#
# ```python
# dW = np.zeros(W.shape)
# dW[x] += dout
# ```
#
# It runs. It gives an array of the right shape. For `x = [[0, 1, 2]]` it is right; for `x = [[3, 3]]` it is wrong.
# Look up what numpy promises about `a[index] += b` when an index occurs twice, before you write your own.
#
# **Exercise 6 (6 points).** Write `word_embedding_backward`.

# %% nbgrader={"grade": true, "grade_id": "test_word_embedding_backward", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("word_embedding_backward")

# %% [markdown]
# ### Experiment: what the natural line loses
#
# A chunk of real text, 32 rows of 32 characters, and a random gradient. For each character: how large is its row of
# `dW` by the natural line, compared with yours? Guess first how it depends on how often the character occurs.

# %%
rng = np.random.default_rng(0)
x = train_ids[: 32 * 32].reshape(32, 32)
table, dout = rng.standard_normal((V, 64)), rng.standard_normal((32, 32, 64))
out, cache = char_lm.word_embedding_forward(x, table)
right = char_lm.word_embedding_backward(dout.copy(), cache)
natural = np.zeros_like(table)
natural[x] += dout
largest_product_error = np.abs(char_lm.one_hot(x, V) @ table - out).max()

occurrences = np.bincount(x.ravel(), minlength=V)
present = occurrences > 0
kept = np.linalg.norm(natural[present], axis=1) / np.linalg.norm(right[present], axis=1)
fig, ax = plt.subplots()
ax.loglog(occurrences[present], kept, "o", color=PALETTE["bad"], label="one character each")
times = np.arange(1, occurrences.max())
ax.loglog(times, 1 / np.sqrt(times), "--", color=PALETTE["muted"], label=r"$1/\sqrt{\mathrm{occurrences}}$")
ax.set(xlabel="occurrences in the chunk", ylabel="length of its row, natural / right", title="Each row keeps one term of its sum")
ax.legend()
plt.show()
kept_once, kept_most = kept[occurrences[present] == 1], kept[occurrences[present].argmax()]
print(f"table and product with one-hot vectors differ by at most {largest_product_error:.0e}")
print(f"a character that occurs {occurrences.max()} times keeps {kept_most:.0%} of its row's length")

# %% [markdown]
# `dW[x] += dout` reads all old rows, adds, and writes all new rows back; where two results are meant for the same row
# the later overwrites the earlier. So each row keeps *one* term. Of a sum of $k$ random terms, one is about $1/\sqrt
# k$ of the length, and that is what the points show. (In training, where the terms of a row agree, the loss is
# greater still.) Characters that occur once are right: a gradient check on a tiny example with different characters
# sees nothing.
#
# ### Experiment: what the table saves
#
# Looking up costs $D$ copied numbers per character; the product costs $V \cdot D$ multiplications. With four letters
# nobody cares. But the next person's vocabulary is *words*, tens of thousands of them.

# %%
sizes = [100, 300, 1000, 3000, 10_000, 30_000]
seconds = {"product": [], "table": []}
for size in sizes:
    big_table, places = rng.standard_normal((size, 64)), rng.integers(0, size, (8, 8))
    dense = np.zeros((8, 8, size))
    np.put_along_axis(dense, places[..., None], 1.0, axis=2)
    tries = []
    for _ in range(5):
        moments = [time.perf_counter()]
        dense @ big_table
        moments.append(time.perf_counter())
        char_lm.word_embedding_forward(places, big_table)
        moments.append(time.perf_counter())
        tries.append(np.diff(moments))
    for name, fastest in zip(seconds, np.min(tries, axis=0)):
        seconds[name].append(fastest)

fig, ax = plt.subplots()
ax.loglog(sizes, np.array(seconds["product"]) * 1e3, "s--", color=PALETTE["bad"], label="product with vectors of length V")
ax.loglog(sizes, np.array(seconds["table"]) * 1e3, "o-", color=PALETTE["good"], label="table")
ax.set(xlabel="vocabulary V", ylabel="milliseconds for 64 inputs", title="Rows are cheap")
ax.legend()
plt.show()

# %% [markdown]
# The product grows with the vocabulary, the table does not. This is one of two reasons why a model that writes gets
# back *one* character and not its whole vector of probabilities: only a one-hot vector has a table. (The other reason
# is the better one; it comes in the section about writing.)

# %% [markdown]
# **Question 2 (3 points).** Somebody trains with `dW[x] += dout`. (a) For which characters of the library is the
# gradient nearly right, for which is it far off? (b) Their model learns all the same, and in the end is only somewhat
# worse. How can that be? (c) With words instead of characters ($V = 50{,}000$, $N \cdot T = 1024$), would the mistake
# be easier or harder to notice?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_repeated_rows", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Nearly right for rare characters, which occur at most once in a chunk; far off for the common ones (space, `e`,
# `t`): of a hundred terms one is kept, and which one is an accident of the order. (1 point)
#
# (b) The one term that is kept is a sample of the sum, so it still points downhill on average, only with much noise;
# an optimiser that divides by the size of the gradient makes up for the length; and all other weights get their right
# gradients, so that they learn to live with a poor table. (1 point)
#
# (c) Harder: most words occur once in a batch, and their rows are right. Only words like "the" and the comma suffer,
# and a check on random words would see nothing at all. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Feeding a long text
#
# A text of a million characters is one sequence without end. Unit 2 told how to train on such a thing: cut it into
# chunks of $T$ characters, carry the state across the cut, let the gradient stop there. But one text is one stream,
# and a computer that multiplies one row at a time is bored. So we read in $N$ places at once:
#
# * cut the text into $N$ **streams** of equal length, $L = \lfloor (M - 1) / N \rfloor$ characters each: stream 0 is
#   the first $N$-th of the text, stream 1 the second, and so on;
# * chunk $k$ takes characters $kT$ to $(k+1)T$ of *every* stream: an array (N, T).

# %%
diagrams_text.streams(corpus.train[corpus.train.index("def ") :][:60])

# %% [markdown]
# Row $n$ of chunk 1 goes on where row $n$ of chunk 0 stopped. Only therefore does it mean something to start chunk 1
# from the states with which chunk 0 ended. (Cut in another way, say with the rows of a chunk one after the other in
# the text, the state of row 0 would be handed to a text it has never read.)
#
# **The targets** are the text itself, one place later: $y_{nt}$ is the character that follows $x_{nt}$. That is why
# $L$ is made of $M - 1$: the very last character of the text has nothing behind it and is a target only. Note that
# the last target of a chunk is the first input of the next; and that the last target of a stream is the first
# character of the next stream. What is left at the end of the streams, fewer than $T$ characters each, is left out.
#
# **By hand:** a text of 13 characters `0 1 2 … 12`, $N = 2$, $T = 3$. $L = 6$; the streams are `0…5` and `6…11`;
# chunk 0 is `x = [[0 1 2], [6 7 8]]`, `y = [[1 2 3], [7 8 9]]`; chunk 1 is `x = [[3 4 5], [9 10 11]]`, `y = [[4 5 6],
# [10 11 12]]`.
#
# | | shape |
# |---|---|
# | `text` (int) | (M,), with $M - 1 \ge N T$ |
# | each `x`, each `y` | (N, T) |
# | how many pairs | $\lfloor L / T \rfloor$ |
#
# **Exercise 7 (8 points).** Write `tbptt_batches` in `char_lm.py`. ("tbptt" for *truncated backpropagation through
# time*.)

# %% nbgrader={"grade": true, "grade_id": "test_tbptt_batches", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("tbptt_batches")

# %% [markdown]
# A look with the eye, which is how one finds mistakes of this kind in practice: the same row in three chunks, one
# after the other, must read like a text.

# %%
N, T = 32, 32
batches = char_lm.tbptt_batches(train_ids, N, T)
for row in (0, 17):
    print(f"row {row:>2}:", " | ".join(repr(char_lm.decode(x[row], vocab)) for x, _ in batches[100:103]))
x, y = batches[100]
print("its targets:", repr(char_lm.decode(y[17], vocab)))
goes_on = all(np.array_equal(before[1][:, -1], after[0][:, 0]) for before, after in zip(batches, batches[1:]))
print(f"{len(batches)} chunks; each begins with the last targets of the one before: {goes_on}")

# %% [markdown]
# **Question 3 (3 points).** In unit 2 the minibatches came in random order. (a) A fellow student shuffles the list
# `batches` before every epoch and carries the state on as before. What does the network get to see at the beginning
# of every chunk, and what will it learn to do with $h_0$? (b) Shuffling is no crime if one more thing is changed.
# Which, and what is the price? (c) Why not $N = 1$, which makes one stream of the whole text and has the fewest
# borders?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_streams", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) A state that belongs to another place of the text: like the memory of somebody else. It says nothing about what
# comes, often something wrong, so the network learns to pay no attention to old states, at least for the first
# characters of a chunk, and to forget fast. (1 point)
#
# (b) Start every chunk from zeros. The price: at the beginning of each chunk the network is without context and
# guesses badly, so the first characters of every chunk cost more bits, the more so the shorter the chunks; and
# nothing that lies further back than one chunk can ever be used. (1 point)
#
# (c) The gradient of a single stream of 32 characters is noisy; and the products are of one row with a matrix, for
# which the machine needs nearly as long as for 32 rows: per character that is many times slower. The borders between
# streams cost little: one per stream and epoch. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## The whole model
#
# All layers are there. Read the picture from below: a character picks its row, the row enters the recurrent layer of
# unit 2, every state is read out as $V$ scores, and a softmax over the characters, **at every step**, is held against
# the character that came.

# %%
diagrams_text.whole_model()

# %% [markdown]
# $$e_{nt} = W_e[x_{nt}], \qquad h_{nt} = \tanh(e_{nt} W_x + h_{n,t-1} W_h + b), \qquad s_{nt} = h_{nt} W_{hy} + b_y,$$
#
# $$L = -\frac1N \sum_{n} \sum_{t} \log p_{nt}(y_{nt}), \qquad p_{nt} = \operatorname{softmax}(s_{nt}).$$
#
# What does this loss mean? By the rule that $P(a, b) = P(a)\,P(b \mid a)$, the product of all $p_{nt}(y_{nt})$ along
# a stream is the probability that the model gives to the whole stretch of text, given what came before. So $L$ is
# minus the logarithm of that, on average over the streams: **to train on the next character is to make the text as a
# whole as probable as possible.** No character is masked (`mask` is true everywhere); each of the $N \cdot T$ is a
# small exam.
#
# **Backward** there is nothing left to derive. The layers are called in reverse order, each with what the one above
# it returned: from the scores to the states, from the states to the embedded characters, from those to the table. Two
# things to keep apart: `rnn_backward` also returns the gradient of $h_0$, and *here it is dropped*. That is the cut
# between chunks. The value of the last state is handed on, as `h_last`.
#
# | | shape |
# |---|---|
# | `x`, `y` | (N, T) |
# | `h0`, `h_last` | (N, H) |
# | `loss` | one float |
# | `grads` | the names and shapes of `params` |
#
# **Exercise 8 (14 points).** Write `char_rnn_loss` in `char_lm.py`: four functions forward, four backward. (The loss
# counts as both: it returns its own gradient.)

# %% nbgrader={"grade": true, "grade_id": "test_char_rnn_loss", "locked": true, "points": 14, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("char_rnn_loss")

# %% [markdown]
# ### Three tests that cost nothing
#
# Before the first hour of training, three questions with known answers. *Is the loss before training that of a
# guess?* ($T \log V$, as in unit 2.) *Are the gradients right?* (Move one array at a time, all of it, a little
# along a random direction: the loss must change by the gradient's component along it. Two evaluations per array, for
# 44,000 numbers in all.) *Are two chunks with a carried state the same as one of twice the length?*

# %%
model = CharModel.of(char_lm)  # your functions, for the training loop
params = init_char_model(V, 64, 128, seed=0)
x, y = batches[0]
h0 = np.zeros((N, 128))
loss, grads, h_last = char_lm.char_rnn_loss(params, x, y, h0)
guess_ratio = loss / (T * np.log(V))
print(f"1. loss {loss:.2f}, a guess would give T log V = {T * np.log(V):.2f}")

direction_errors = {}
for name, value in params.items():
    direction = rng.standard_normal(value.shape)
    above, below = (
        char_lm.char_rnn_loss({**params, name: value + step * direction}, x, y, h0)[0] for step in (1e-5, -1e-5)
    )
    slope, expected = (above - below) / 2e-5, np.sum(grads[name] * direction)
    direction_errors[name] = abs(slope - expected) / (abs(slope) + abs(expected))
print("2. relative errors:", ", ".join(f"d{name} {error:.0e}" for name, error in direction_errors.items()))

second_loss, _, h_end = char_lm.char_rnn_loss(params, *batches[1], h_last)
x2, y2 = (np.concatenate(parts, axis=1) for parts in zip(batches[0], batches[1]))
joint_loss, _, joint_end = char_lm.char_rnn_loss(params, x2, y2, h0)
carry_error = max(abs(loss + second_loss - joint_loss), np.abs(h_end - joint_end).max())
print(f"3. two chunks against one of twice the length: difference {carry_error:.0e}")

# %% [markdown]
# ### Experiment: hello, learned
#
# At the beginning you saw weights for `hello` that somebody had thought out. Plain gradient descent (unit 2's six
# lines) on *your* loss should find some by itself. And without memory, with $W_h$ held at zero, it should come to
# exactly the bound of Question 1, and no further.

# %%
hello_vocab = char_lm.build_vocab("hello")
word = char_lm.encode("hello", hello_vocab)[None]  # (1, 5)
learning = {}
for name in ("with memory", "without"):
    small = init_char_model(4, 3, 3, seed=1)
    if name == "without":
        small["Wh"] *= 0
    learning[name] = []
    for _ in range(600):
        small_loss, small_grads, _ = char_lm.char_rnn_loss(small, word[:, :-1], word[:, 1:], np.zeros((1, 3)))
        learning[name].append(small_loss / (4 * np.log(2)))  # bits per letter
        for key in small:
            if not (name == "without" and key == "Wh"):
                small[key] = small[key] - 0.2 * small_grads[key]

fig, ax = plt.subplots()
for (name, curve), dash, colour in zip(learning.items(), ["-", "--"], ["good", "bad"]):
    ax.plot(curve, dash, color=PALETTE[colour], label=name)
ax.axhline(0.5, color=PALETTE["muted"], linestyle=":", label="0.5: the best without memory")
ax.set(xlabel="update", ylabel="bits per letter", title="Four letters, found by gradient descent", ylim=(0, None))
ax.legend()
plt.show()
learned_bits = {name: curve[-1] for name, curve in learning.items()}
print({name: f"{bits:.3f} bits per letter" for name, bits in learned_bits.items()})

# %% [markdown]
# ## Steps of the right size
#
# Four letters were easy. With a real text plain gradient descent meets a difficulty, and the picture of the character
# counts told which: the space comes thousands of times as often as the rarest signs. **Their rows in the table get
# gradients of very different sizes, and they all share one learning rate.** One that suits the common rows leaves the
# rare ones nearly where they are. And which rate is it? Divide the loss by ten, and it is another. Every weight
# should have a step size of its own, and it should find it by itself.
#
# **Adagrad** (Duchi, Hazan & Singer, 2011) divides each step by the root of the sum of all squared gradients that
# this weight has seen so far:
#
# $$G \leftarrow G + g^2, \qquad w \leftarrow w - \eta\,\frac{g}{\sqrt{G} + \epsilon}.$$
#
# (All operations entry by entry; $\epsilon$ only keeps us from dividing 0 by 0.) The very first step is $g /
# \sqrt{g^2} = \pm 1$ times $\eta$, *whatever the size of $g$*. Multiply the loss by 1000 and the steps stay the same.
# With a gradient that is always the same, $G = t\,g^2$, so step $t$ has length $\eta / \sqrt t$: **the steps only
# ever get shorter.** For convex problems one can prove that this is the right thing. For a network, which first has
# to cross a plain, they may be too short when it matters.
#
# **Exercise 9 (4 points).** Write `adagrad_step` in `char_lm.py`. It gets one parameter, its gradient, and a dict
# `config` with settings and memory, and returns the new parameter and the dict for the next call. Do not change the
# arrays that you were given; what `config` lacks at the first call, fill in.

# %% nbgrader={"grade": true, "grade_id": "test_adagrad_step", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("adagrad_step")

# %% [markdown]
# **Adam** (Kingma & Ba, 2015) forgets instead of summing: a running mean of the squares in place of the sum. And it
# uses the running mean of the gradient itself, which is momentum:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2,$$
#
# with $\beta_1 = 0.9$ and $\beta_2 = 0.999$: the mean over about the last 10 gradients, and over the last 1000
# squares.
#
# **The correction.** Both start at 0, and so in the beginning they are too small. By how much? Write $m$ after $t$
# steps as a sum over all gradients so far,
#
# $$m_t = (1 - \beta_1) \sum_{i=1}^{t} \beta_1^{\,t-i} g_i .$$
#
# If the gradients all have the same mean $\bar g$, then, with the geometric sum $\sum_{i=1}^{t} \beta^{t-i} = (1 -
# \beta^t)/(1 - \beta)$, the mean of $m_t$ is $(1 - \beta_1^t)\,\bar g$. So one divides by that bracket, and in the
# same way for $v$; $t$ counts the updates, the present one included:
#
# $$\hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat v = \frac{v}{1 - \beta_2^t}, \qquad
# w \leftarrow w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}.$$
#
# **By hand:** the first gradient is $g = 0.5$. $m = 0.05$, $v = 0.00025$, $\hat m = 0.05 / 0.1 = 0.5$, $\hat v =
# 0.00025 / 0.001 = 0.25$; the step is $0.5/0.5 = 1$ times $\eta$. Without the correction it would be $0.05 /
# \sqrt{0.00025} \approx 3.16$ times $\eta$: too long by a factor of three, when the network knows least.
#
# **Exercise 10 (8 points).** Write `adam_step`.

# %% nbgrader={"grade": true, "grade_id": "test_adam_step", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("adam_step")

# %% [markdown]
# ### Experiment: how long is a step?
#
# A weight that always gets the same gradient, tiny or huge: how long are its steps, measured in learning rates? For
# your two functions, and for Adam without the correction.

# %%
updates = np.arange(1, 1001)
lengths = {}
for gradient in (1e-3, 1e3):
    for name, step in (("Adagrad", char_lm.adagrad_step), ("Adam", char_lm.adam_step)):
        w, config, walked = np.zeros(1), {"learning_rate": 1.0}, []
        for _ in updates:
            moved, config = step(w, np.array([gradient]), config)
            walked.append(abs(float(moved[0] - w[0])))
            w = moved
        lengths[name, gradient] = np.array(walked)
uncorrected = (1 - 0.9**updates) / np.sqrt(1 - 0.999**updates)

fig, ax = plt.subplots()
for (name, gradient), dash, colour in zip(lengths, ["-", "-", ":", ":"], ["input", "gradient"] * 2):
    width = 2 if dash == "-" else 5
    ax.loglog(updates, lengths[name, gradient], dash, lw=width, color=PALETTE[colour], label=f"{name}, gradient {gradient:g}")
ax.loglog(updates, uncorrected, "--", color=PALETTE["muted"], label="Adam without correction")
ax.set(xlabel="update", ylabel="length of the step / learning rate", title="The size of the gradient does not matter")
ax.legend(loc="lower left")
plt.show()
scale_free = max(np.abs(lengths[name, 1e-3] - lengths[name, 1e3]).max() for name in ("Adagrad", "Adam"))
adagrad_at_100, adam_at_1000, longest_uncorrected = lengths["Adagrad", 1e3][99], lengths["Adam", 1e3][-1], uncorrected.max()
print(f"step 100: Adagrad {adagrad_at_100:.2f}, Adam {lengths['Adam', 1e3][99]:.2f}; uncorrected at most {longest_uncorrected:.1f}")

# %% [markdown]
# ### Experiment: three ways down
#
# The same small network (64 hidden units), the same start, the same 300 chunks of text, three rules. Each gets the
# better of two learning rates, since it would be cheap to win against a rival with a bad one. On the right: how far
# has each character's row in the table moved, against how often the character comes?

# %%
def sgd_step(w, dw, config):
    return w - config["learning_rate"] * dw, config


rules = {"SGD": (sgd_step, (0.1, 0.3)), "Adagrad": (char_lm.adagrad_step, (0.05, 0.1)), "Adam": (char_lm.adam_step, (0.01, 0.02))}
start = init_char_model(V, 32, 64, seed=0)
descents = {}
for name, (step, rates) in rules.items():
    for rate in rates:
        run = CharRun(model, start, batches, step, lr=rate, clip=lambda grads: clip_grad_norm(grads, 5.0))
        run.go(300, label=f"{name}, rate {rate:g}")
        end = np.mean(run.history.bits[-50:])
        if name not in descents or end < descents[name][0]:
            descents[name] = end, rate, run

# %%
seen = np.bincount(np.concatenate([x.ravel() for x, _ in batches[:300]]), minlength=V)
some = seen > 0
fig, (one, two) = plt.subplots(1, 2, figsize=(9.4, 3.6))
moves, evenness = {}, {}
for (name, (_, rate, run)), dash, marker, colour in zip(descents.items(), [":", "--", "-"], "^so", ["input", "hidden", "gradient"]):
    smooth = np.convolve(run.history.bits, np.ones(20) / 20, mode="valid")
    one.plot(np.arange(20, 301), smooth, dash, color=PALETTE[colour], label=f"{name}, rate {rate:g}")
    moves[name] = np.linalg.norm(run.params["We"] - start["We"], axis=1)[some]
    evenness[name] = float(np.polyfit(np.log(seen[some]), np.log(moves[name] + 1e-12), 1)[0])
    two.loglog(seen[some], moves[name], marker, markersize=4, alpha=0.7, color=PALETTE[colour], label=name)
one.set(xlabel="update", ylabel="bits per character (mean of 20)", title="How fast")
two.set(xlabel="occurrences of the character", ylabel="its row has moved by", title="How evenly")
one.legend()
two.legend()
plt.show()
descent_bits = {name: float(end) for name, (end, _, _) in descents.items()}
print("bits at the end:", {name: round(bits, 2) for name, bits in descent_bits.items()})
print("a tenfold count means so many times the way:", {name: round(10**slope, 1) for name, slope in evenness.items()})

# %% [markdown]
# Under plain gradient descent (SGD) the way that a row makes goes with the number of its occurrences, and so rare
# characters hardly leave the place where chance had put them. The two others give nearly equal chances to all. But do
# not overrate it: look at the *left* picture. With a well chosen rate (far above that of the others, and we had to
# find it), and with clipping, plain descent is only a few hundredths of a bit behind after 300 updates; rare
# characters are rare in the judgement too. What people like about the other two is that the good rate is nearly the
# same for every problem, since the units of the loss cancel. Nor does the picture show Adagrad's weakness yet, steps
# that fade whether or not one has arrived. min-char-rnn, the hundred lines that made this kind of model popular, used
# Adagrad; today nearly everybody begins with Adam, and so do we.

# %% [markdown]
# **Question 4 (3 points).** (a) Someone divides the loss by $N \cdot T$ instead of $N$. What changes for SGD, for
# Adam, and for a clipping threshold in front of either? (b) A character occurs for the first time at update 5000;
# until then the gradients of its row were 0. How long is the first step of that row under Adam, in learning rates,
# and why does the correction not help? (c) Adam with one and the same step size in all directions: what has become of
# the "direction of steepest descent" of unit 2, which we took such care not to bend when clipping?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_step_sizes", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) All gradients become $T$ times smaller. SGD needs a learning rate $T$ times as large. For Adam nothing changes
# (up to $\epsilon$): the factor cancels in $\hat m / \sqrt{\hat v}$. A threshold must become $T$ times smaller too,
# or it never acts. (1 point)
#
# (b) $m = 0.1\,g$ and $v = 0.001\,g^2$, and both brackets are practically 1, for $t = 5000$ counts all updates, not
# the occurrences. So the step is $0.1 / \sqrt{0.001} \approx 3.2$ learning rates: the very thing that the correction
# prevents at the beginning of training, it cannot prevent here. (1 point)
#
# (c) It is given up on purpose. Steepest descent depends on the units in which one measures the parameters; where
# some directions have gradients that are a thousand times larger than others, it is a bad adviser. Adam rescales
# every coordinate (which is like steepest descent in other units). Clipping before it still has its use: one gigantic
# gradient would otherwise spoil $v$ for a thousand updates. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## How good is good
#
# A loss of 60: is that good? The number depends on $T$, on the base of the logarithm, on habits. There is a unit that
# does not: **bits per character**,
#
# $$\text{bits} = -\frac{1}{M} \sum_{i} \log_2 p(c_i \mid c_1 \dots c_{i-1}).$$
#
# It is more than a convention. Shannon showed in 1948 that a text can be sent in that many bits per character by
# anyone who shares the model with the receiver, and in no fewer: predicting and compressing are one thing. (A zip
# program is a language model that is fast.) And three years later he asked *people* to guess English texts letter by
# letter, and concluded that it takes them between 0.6 and 1.3 bits a letter. A number to keep in mind; but his texts
# had 27 different signs, and ours is another language.
#
# From our loss: $\log_2 p = \log p / \log 2$, so that bits $= L / (T \log 2)$. To be exact over a long text you
# compute it from the scores: with the largest score of each position subtracted, as in unit 2, or $e^s$ overflows.
#
# | | shape |
# |---|---|
# | `scores` | (N, T, V) |
# | `y` (int) | (N, T) |
# | `bits` | one float, the mean over all N · T positions |
#
# **Exercise 11 (4 points).** Write `bits_per_char` in `char_lm.py`.

# %% nbgrader={"grade": true, "grade_id": "test_bits_per_char", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("bits_per_char")

# %% [markdown]
# ### What is there to beat?
#
# A network's number says nothing without rivals. Ours are **n-grams**, tables of counts. A trigram model looks up how
# often each character has followed the last two: so often an `l` after `se`, so often a `t`. No training, no
# gradients, one pass over the text.
#
# Their weakness: what has never been seen has probability 0, and the first surprise costs infinitely many bits. So
# one takes a little off every count and gives it to the shorter contexts (*smoothing*). A very good way is that of
# Kneser and Ney (1995). Its point: when a short context is asked to help out, it should not say how often a character
# occurs, but *after how many different characters*. The thousands of `f` in `self` all follow an `l`: they are one
# reason to expect an `f` after a context never seen before, not thousands. The discount that is taken off comes from
# the data as well: from how many n-grams occur once and how many twice. Our own tables, some hundred lines, are in
# `coursekit/ngrams.py`.
#
# We also ask a compression program, *xz*: how many more bits does it need for both parts of the text together than
# for the first alone?

# %%
ngrams = {n: KneserNey(train_ids, V, n) for n in range(1, 8)}
ngram_bits = {n: table.bits(held_ids) for n, table in ngrams.items()}
packed = [len(lzma.compress(text.encode(), preset=9)) for text in (corpus.train, corpus.text)]
baselines = {
    f"a guess: log2 {V}": np.log2(V),
    "unigram: how common": ngram_bits[1],
    "bigram: the last one": ngram_bits[2],
    "trigram, smoothed": ngram_bits[3],
    "5-gram, smoothed": ngram_bits[5],
    "xz, a compressor": 8 * (packed[1] - packed[0]) / len(corpus.held_out),
}
trigram_bits, fivegram_bits = ngram_bits[3], ngram_bits[5]
sizes_of_tables = {n: table.size for n, table in ngrams.items()}

fig, (one, two) = plt.subplots(1, 2, figsize=(9.4, 3.3), gridspec_kw={"width_ratios": [1.25, 1]})
one.barh(list(baselines), list(baselines.values()), color=PALETTE["input"], height=0.7)
for row, bits in enumerate(baselines.values()):
    one.text(bits + 0.08, row, f"{bits:.2f}", va="center", fontsize=9)
one.set(xlabel="bits per character, held-out text", title="What is there to beat", xlim=(0, np.log2(V) + 0.9))
one.invert_yaxis()
one.grid(False, axis="y")
two.plot(list(ngram_bits), list(ngram_bits.values()), "o-", color=PALETTE["input"])
two.set(xlabel="n of the n-gram", ylabel="bits per character", title="More context, larger tables")
for n in (1, 3, 5, 7):
    two.annotate(f"{sizes_of_tables[n]:,}\ncounts", (n, ngram_bits[n]), (0, 10), textcoords="offset points", ha="center", fontsize=8.5)
two.set(ylim=(min(ngram_bits.values()) - 0.3, ngram_bits[1] + 0.9), xlim=(0.4, 7.9))
plt.show()

# %% [markdown]
# Each further character of context helps, less each time, and the table grows until it is not much smaller than the
# text itself. Beyond five there is hardly anything to be had: nearly every long context is new. **A table cannot tell
# that two contexts are alike**; to it, `for i in` and `for k in` have nothing in common. That is the network's
# chance. Its size does not grow with the context at all: ours has about 44,000 numbers.
#
# And *xz*? On this text it may well beat all the tables, and by far. It knows nothing about smoothing; what it does
# is to look for passages that have occurred before *word for word*, however long ago, and to point at them.
# Programmers copy: licences, the methods of a class in the class beside it. Such a memory neither a table of five
# characters has nor our network. It is good to know what a number is made of before one is proud of beating it.

# %% [markdown]
# **Question 5 (3 points).** (a) A model with 2 bits per character: as sure as a fair choice among how many
# characters? How large would a megabyte of such text be, packed with it? (b) A model gives the right character a
# probability of 0, once in a million. What are its bits per character? What does that say about counts without
# smoothing? (c) A colleague reports 1.1 bits per character "on the training text". Two friends report 1.9 and 2.1 on
# held-out text, one of them with all letters made lower case. Whom can you compare with whom?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_bits", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) $2^2 = 4$ (this number is called the perplexity). 2 bits instead of 8 per character: a quarter of a megabyte
# (plus the model, which the receiver must have). (1 point)
#
# (b) Infinitely many: one $-\log_2 0$ spoils the mean. Without smoothing every n-gram model gets this on the first
# n-gram of a new text that it has not seen; all probabilities must be positive. (1 point)
#
# (c) Nobody with anybody, strictly. On the training text a table that has learned it by heart gets 0 bits. In lower
# case there is less to predict: it is another text with another vocabulary. Bits can be compared on the same held-out
# text in the same alphabet only. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Letting it write
#
# A model that says which character comes next can write: **draw** a character from its probabilities, hand it back as
# the next input, and go on. Three small functions.
#
# **Temperature.** Dividing the scores by a number $\tau$ before the softmax makes the model bolder or more careful:
#
# $$p_v = \frac{e^{s_v / \tau}}{\sum_u e^{s_u / \tau}}.$$
#
# $\tau = 1$ leaves it as it is. What does it do to two characters? $p_u / p_v = e^{(s_u - s_v)/\tau}$: the *ratio* of
# their probabilities is raised to the power $1/\tau$. With $\tau = \frac12$, what was three times as likely becomes
# nine times as likely; as $\tau \to 0$ only the likeliest is left; as $\tau \to \infty$ all are alike. (The name is
# from physics, where $p \propto e^{-E / kT}$.)
#
# **Exercise 12 (4 points).** Write `temperature_softmax` in `char_lm.py`. Scores may be large: divided by a small
# temperature they are larger still.

# %% nbgrader={"grade": true, "grade_id": "test_temperature_softmax", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("temperature_softmax")

# %% [markdown]
# **Drawing with one random number.** Lay the probabilities one after the other along the line from 0 to 1, so that
# character $i$ gets a piece of length $p_i$. A random number $u$, uniform from 0 to 1, falls into each piece as often
# as the piece is long. Which one? The first whose end lies beyond $u$: the first $i$ with $p_0 + \dots + p_i > u$.
#
# With $p = (0.5, 0.2, 0.3)$ the pieces end at $0.5, 0.7, 1.0$: $u = 0.1$ draws 0, $u = 0.5$ draws 1 (the end of piece
# 0 is not *beyond* 0.5), $u = 0.69$ draws 1, $u = 0.7$ draws 2.
#
# All random numbers come in from outside, as `uniforms`, one per character. So your function is a pure calculation,
# it can be checked exactly, and the same numbers write the same text. One trap: sums of floats may end at
# 0.9999999999999999, and $u$ may lie above that.
#
# **Exercise 13 (8 points).** Write `sample`: one step of the network (unit 2's `rnn_step_forward`, on one row) with
# the current character, the probabilities, the draw; the drawn character is the next current one. The first character
# is fed, but not part of the result.

# %% nbgrader={"grade": true, "grade_id": "test_sample", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("sample")

# %% [markdown]
# **Exercise 14 (4 points).** Write `sample_greedy`, which leaves nothing to chance: always the likeliest character.

# %% nbgrader={"grade": true, "grade_id": "test_sample_greedy", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("sample_greedy")

# %% [markdown]
# Two looks before we use them. Left: does your `sample` draw what the model believes? 20,000 numbers, evenly spread
# from 0 to 1, each the start of a text of one character. Right: one set of scores at three temperatures.

# %%
first = vocab.index("e")
h_first, _ = char_lm.rnn_step_forward(params["We"][[first]], np.zeros((1, 128)), params["Wx"], params["Wh"], params["b"])
sharp = {**params, "Why": params["Why"] * 100}  # an untrained model believes next to nothing: let it shout
believed = char_lm.temperature_softmax(h_first[0] @ sharp["Why"] + sharp["by"], 1.0)
evenly = (np.arange(20_000) + 0.5) / 20_000
drawn = np.array([char_lm.sample(sharp, np.zeros(128), first, np.array([u]))[0] for u in evenly])
frequencies = np.bincount(drawn, minlength=V) / len(drawn)
draw_error = np.abs(frequencies - believed).max()

fig, (one, two) = plt.subplots(1, 2)
one.plot(believed, frequencies, "o", color=PALETTE["output"])
one.plot([0, believed.max()], [0, believed.max()], color=PALETTE["muted"], linewidth=1)
one.set(xlabel="probability", ylabel="share of the draws", title="Drawn as believed")
five = np.array([3.0, 2.0, 1.0, 0.0, -1.0])
for shift, temperature, colour in [(-0.27, 0.5, "input"), (0.0, 1.0, "output"), (0.27, 2.0, "gradient")]:
    two.bar(np.arange(5) + shift, char_lm.temperature_softmax(five, temperature), 0.27, color=PALETTE[colour], label=f"temperature {temperature:g}")
two.set(xlabel="five characters with scores 3, 2, 1, 0, -1", ylabel="probability", title="Bolder, flatter", xticks=[])
two.legend()
plt.show()
noise = char_lm.decode(char_lm.sample(params, np.zeros(128), first, rng.random(90)), vocab)
print("an untrained model writes:", repr(noise))

# %% [markdown]
# ## From noise to Python
#
# Everything is there: text in streams, a loss with a carried state, Adam, clipping (yours, of unit 2), a number to
# judge by, a way to write. The training loop, `CharRun` in `coursekit/language.py`, does what unit 2's did, and four
# things more:
#
# * it **carries the state** from chunk to chunk, and begins with zeros where every stream jumps back to its
#   beginning;
# * it lets the **learning rate** rise at first and fall to nearly nothing at the end: long steps find the valley,
#   short ones its floor;
# * every 600 updates it **judges** the model on the held-out text and lets it **write** a line;
# * it can be **stopped**: press ■ in the toolbar while it runs. Run the cell again, and it goes on where it was, as
#   if nothing had happened.
#
# The next cell proves the last claim on a small run, before you trust it with a large one.

# %%
def bits_on_held_out(weights, characters=30_000):
    """Your bits_per_char over the beginning of the held-out text, each character with what came before it."""
    _, scores = read_text(model, weights, held_ids[:characters])
    return char_lm.bits_per_char(scores[None, :-1], held_ids[None, 1:characters])


def a_line(weights):
    """What the model writes after a line end, always with the same random numbers."""
    uniforms = np.random.default_rng(7).random(110)
    return char_lm.decode(char_lm.sample(weights, np.zeros(len(weights["Wh"])), vocab.index("\n"), uniforms), vocab)


def clip(grads):
    return clip_grad_norm(grads, 5.0)


def picture(past):
    return diagrams_text.training_curve(past, levels)


def new_run(weights, updates, **extras):
    return CharRun(model, weights, batches, char_lm.adam_step, lr=fading(0.005, updates), clip=clip, **extras)


in_one_go, with_a_stop = new_run(start, 60), new_run(start, 60)
in_one_go.go(60, quiet=True)
with_a_stop.go(23, quiet=True)
with_a_stop.save(Path("stopped.npz"))
another_day = new_run(start, 60)
another_day.load("stopped.npz")
Path("stopped.npz").unlink()
another_day.go(60, quiet=True)
resumed_equal = all(np.array_equal(in_one_go.params[name], another_day.params[name]) for name in start)
print(f"stopped after 23 of 60 updates, kept in a file, resumed: equal to the last bit: {resumed_equal}")

# %% [markdown]
# Now the real one: 128 units, four times through the text, a minute or two. Watch where the curve is when it passes
# each of the tables.

# %%
UPDATES = 3600
run = new_run(params, UPDATES, judge=bits_on_held_out, author=a_line)
levels = {"unigram": ngram_bits[1], "bigram": ngram_bits[2], "trigram": trigram_bits, "5-gram": fivegram_bits}
history = run.go(UPDATES, every=600, label="learning to write", picture=picture)

# %%
for update, line in history.samples:
    bits = dict(history.marks)[update]
    print(f"── after {update:,} updates, {bits:.2f} bits {'─' * 40}\n{line.strip()}\n")

# %%
page = write_text(model, run.params, train_ids[None, :200], 700, temperature=0.6, seed=5)[0]
print(char_lm.decode(page, vocab))

# %% [markdown]
# Follow the samples from top to bottom: first noise; then the right characters in the wrong order; words; words of
# *Python*; then lines that are indented, brackets that close, and `self` turns up. Nobody has told the network what a
# word is. (The page below them is written by the finished network, a little more careful than it believes, at
# temperature 0.6.)
#
# And look at the picture again: on the text it learns from the network is far better than on held-out text. Not
# because it has learned the text by heart (44,000 numbers cannot hold 900,000 characters), but because other files
# speak of other things: their names for variables and functions it has never seen.
#
# ### Held against the tables
#
# Now over the *whole* held-out text, each character predicted once, exactly as the tables were judged.

# %%
trained = run.params
held_h, held_scores = read_text(model, trained, held_ids)
rnn_bits = char_lm.bits_per_char(held_scores[None, :-1], held_ids[None, 1:])
numbers = sum(value.size for value in trained.values())
verdict = "ahead of" if rnn_bits < fivegram_bits else "behind"
print(f"trigram {trigram_bits:.2f}, 5-gram {fivegram_bits:.2f}, your network {rnn_bits:.2f} bits per character")
print(f"that is {trigram_bits - rnn_bits:.2f} bits below the trigram, and {abs(rnn_bits - fivegram_bits):.2f} {verdict} the 5-gram")
print(f"{numbers:,} numbers against {sizes_of_tables[5]:,} counts; {history.seconds[-1]:.0f} s of training against about a tenth of one")

# %% [markdown]
# An honest balance. The network leaves the trigram far behind, and with 44,000 numbers it comes close to a table of
# some 200,000 counts. But **that table of 5-grams, computed in the blink of an eye, is about as good or better**: in
# our runs it stays a tenth of a bit ahead of a minute of training. Much of what comes next in a text depends on the
# last four characters and on nothing else, and what one can simply look up one need not learn. With more time the
# network passes it; the last section measures how much more. Whoever shows you a neural network's result without such
# a table beside it has something to hide, or has not looked.
#
# But the two are not good at the same things. Whose surprise is lower, by the kind of character that has to be
# predicted?

# %%
def surprises(scores, ids):
    """Bits of each character but the first, out of the scores before it."""
    shifted = scores[:-1] - scores[:-1].max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(ids) - 1), ids[1:]] / np.log(2)


held_text = char_lm.decode(held_ids, vocab)
rnn_surprise, table_surprise = surprises(held_scores, held_ids), -np.log2(ngrams[5].probabilities(held_ids))
before, now = held_text[:-1], held_text[1:]
after_space = np.array([a in " \n" for a in before])
kinds = {
    "first letter of a word": np.array([c.isalpha() and not (a.isalnum() or a == "_") for a, c in zip(before, now)]),
    "further letters": np.array([c.isalpha() and (a.isalnum() or a == "_") for a, c in zip(before, now)]),
    "space after space or line end": np.array([c == " " for c in now]) & after_space,
    "line end": np.array([c == "\n" for c in now]),
    "closing ) ] } or quote": np.array([c in ")]}\"'" for c in now]),
    "other signs": np.array([not c.isalnum() and c not in " \n)]}\"'" for c in now]),
}
by_kind = {name: (rnn_surprise[which].mean(), table_surprise[which].mean(), which.mean()) for name, which in kinds.items()}
fig, ax = plt.subplots(figsize=(8, 3.4))
rows = np.arange(len(by_kind))
ax.barh(rows - 0.2, [rnn for rnn, _, _ in by_kind.values()], 0.4, color=PALETTE["hidden"], label="your network")
ax.barh(rows + 0.2, [table for _, table, _ in by_kind.values()], 0.4, color=PALETTE["input"], label="5-gram")
ax.set_yticks(rows, [f"{name} ({share:.0%})" for name, (_, _, share) in by_kind.items()])
ax.set(xlabel="bits per character", title="Who is surprised by what")
ax.invert_yaxis()
ax.grid(False, axis="y")
ax.legend()
plt.show()

# %% [markdown]
# In our runs the table was ahead inside words, where the last four characters tell nearly everything. Where a word
# begins, at brackets, quotes and other signs, the network was, by a little: there it pays to know more than those four.
#
# ### Experiment: what the carried state is worth
#
# Your chunks begin with the state in which the ones before ended. Suppose that they began with zeros. The trained
# network reads the held-out text in chunks of 32 both ways; how surprised is it at the first, second, … character of
# a chunk?

# %%
by_place = {}
for name in ("carried", "zeros"):
    state, surprise = model.zero_state(trained, 16), []
    for x, y in char_lm.tbptt_batches(held_ids, 16, 32)[:120]:
        if name == "zeros":
            state = model.zero_state(trained, 16)
        _, scores, state = model.read(trained, x, state)
        surprise.append([char_lm.bits_per_char(scores[:, t : t + 1], y[:, t : t + 1]) for t in range(32)])
    by_place[name] = np.mean(surprise[1:], axis=0)

fig, ax = plt.subplots()
for (name, curve), style_, colour in zip(by_place.items(), ["o-", "s--"], ["good", "bad"]):
    ax.plot(np.arange(1, 33), curve, style_, color=PALETTE[colour], label=f"{name}: {curve.mean():.2f} bits on average")
ax.axhline(ngram_bits[2], color=PALETTE["muted"], linestyle=":")
ax.text(32, ngram_bits[2] + 0.03, "bigram", ha="right", fontsize=9, color=PALETTE["muted"])
ax.set(xlabel="place in the chunk", ylabel="bits per character", title="A chunk that begins with nothing", ylim=(1.5, None))
ax.legend()
plt.show()
carried_mean, zeros_mean = (float(by_place[name].mean()) for name in ("carried", "zeros"))
zeros_first, zeros_late, carried_late = float(by_place["zeros"][0]), float(by_place["zeros"][24:].mean()), float(by_place["carried"][24:].mean())

# %% [markdown]
# With nothing to go by the network is worse than a table of pairs at the first character; then it finds its feet, in
# ten characters or so. The carried state costs nothing and saves that, in every chunk. The picture also tells how
# long the memory of this network is: where the curves meet, what lies further back does not matter to it any more.

# %% [markdown]
# ## Why sample, and why one-hot
#
# Two questions that come up in every lecture about this model, and that are usually answered with a wave of the hand.
# We have a trained model: let us measure.
#
# ### "Why draw a character? Why not take the best one?"
#
# The likeliest character has the best chance to be right, so a text of likeliest characters should be the best text.
# We take 40 places of the held-out text, let the network read 200 characters there, and let your `sample_greedy` go
# on for 400. Then the same with `sample`.

# %%
places = np.linspace(1000, len(held_ids) - 2000, 40).astype(int)
prompts = np.stack([held_ids[place : place + 200] for place in places])
h_prompts, _, _ = model.read(trained, prompts[:, :-1], model.zero_state(trained, len(prompts)))


def period(ids, longest=100):
    """After how many characters the end of a text repeats itself; 0 if it does not, over its last 200."""
    tail = np.asarray(ids)[-200:]
    return next((p for p in range(1, longest + 1) if np.array_equal(tail[p:], tail[:-p])), 0)


greedy_texts = [char_lm.sample_greedy(trained, h[-1], prompt[-1], 400) for h, prompt in zip(h_prompts, prompts)]
drawn_texts = [
    char_lm.sample(trained, h[-1], prompt[-1], np.random.default_rng(i).random(400))
    for i, (h, prompt) in enumerate(zip(h_prompts, prompts))
]
loops = {name: [period(text) for text in texts] for name, texts in [("greedy", greedy_texts), ("drawn", drawn_texts)]}
loop_share = {name: float(np.mean([p > 0 for p in periods])) for name, periods in loops.items()}
different = {name: len({tuple(text[-200:]) for text in texts}) for name, texts in [("greedy", greedy_texts), ("drawn", drawn_texts)]}
for name in ("greedy", "drawn"):
    print(f"{name:<7} {loop_share[name]:>5.0%} end in a loop of at most 100 characters; {different[name]} different endings of {len(prompts)}")
example = int(np.argmax(loops["greedy"]))  # the longest loop
print(f"\n── greedy {'─' * 60}\n{char_lm.decode(greedy_texts[example][:320], vocab)}")
print(f"\n── drawn, from the same place {'─' * 40}\n{char_lm.decode(drawn_texts[example][:320], vocab)}")

# %% [markdown]
# Without chance the text runs into a loop, mostly within a few lines, and many of the different beginnings end in the
# *same* one. There is a reason. A text of likeliest characters is not a likely *kind* of text: real writers surprise
# us all the time, by more than two bits per character, and a model that never surprises anybody is not writing like
# them. Besides, greedy writing gives one text per beginning and no other, ever; drawing gives as many as you like.
#
# How much chance is right? The temperature is a knob between the two. We let an independent judge read what is
# written at different temperatures: the 5-gram table. How surprised is it, against its surprise at real text? And how
# varied is the text: how many different runs of five characters are there among all?

# %%
def judged(texts, beginnings):
    """The 5-gram's bits for each character of texts (N, M), each read after its beginning."""
    joined = np.concatenate([np.asarray(beginnings)[:, -8:], texts], axis=1)
    return np.stack([-np.log2(ngrams[5].probabilities(row))[7:] for row in joined])


def variety(texts):
    """Different runs of five characters, as a share of all runs."""
    runs = np.concatenate([np.lib.stride_tricks.sliding_window_view(row, 5) for row in np.asarray(texts)])
    return len(np.unique(runs, axis=0)) / len(runs)


real = np.stack([held_ids[place + 200 : place + 500] for place in places])
temperatures = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
written = {tau: write_text(model, trained, prompts, 300, temperature=tau, seed=1) for tau in temperatures}
judge_bits = {tau: judged(texts, prompts).mean() for tau, texts in written.items()}
varieties = {tau: variety(texts) for tau, texts in written.items()}
real_bits, real_variety = judged(real, prompts).mean(), variety(real)

fig, (one, two) = plt.subplots(1, 2)
for ax, values, level, title, unit in [
    (one, judge_bits, real_bits, "Surprise of the judge", "bits per character"),
    (two, varieties, real_variety, "Variety", "different 5-grams / all"),
]:
    ax.plot(list(values), list(values.values()), "o-", color=PALETTE["output"], label="written")
    ax.axhline(level, color=PALETTE["muted"], linestyle="--", label="real text")
    ax.set(xlabel="temperature", ylabel=unit, title=title, ylim=(0, None))
one.legend()
plt.show()
closest = min(temperatures, key=lambda tau: abs(judge_bits[tau] - real_bits))
print(f"the judge's surprise is closest to that at real text for temperature {closest:g}")

# %% [markdown]
# At 0 the judge is bored: hardly a bit per character, and the variety of a broken record. At 1, which is what
# training aims at, the text is *more* surprising than real text: what our model believes is a little blurred, and
# blur is surprise. A bit below 1 it is about right. **There is no best temperature, there is one for a purpose:** low
# where the right answer matters (a caption, a translation), high where ideas do.

# %% [markdown]
# **Question 6 (3 points).** (a) `sample` with a tiny temperature and `sample_greedy` give the same text. Show it from
# the formula, for two characters with scores 2 and 1 and $\tau = 0.01$. (b) Greedy writing picks the likeliest
# character at every step. Does it thereby find the likeliest *text* of 400 characters? Give a small example with
# numbers. (c) The network's state is 128 real numbers, so in principle it need never be in the same state twice. Why
# do greedy texts loop all the same?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_why_sample", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) The ratio of the two probabilities is $e^{(2 - 1)/0.01} = e^{100} \approx 10^{43}$: no random number with 16
# digits will ever draw the second. (1 point)
#
# (b) No. Say A has probability 0.6 and B 0.4; after A all ten characters are equally likely, after B one is certain.
# Greedy takes A, and its best text of two characters has probability $0.6 \cdot 0.1 = 0.06$; that which begins with B
# has 0.4. (Beam search, in unit 5, looks a little further than one step.) (1 point)
#
# (c) Without chance the state follows a fixed map: the state decides the character, and the two decide the next
# state. Such a map contracts where tanh is flat: states that are near each other come nearer with every round, so
# that the sequence is drawn into a fixed point or a cycle (as the rhythm of unit 1 was). And the same characters, fed
# again, push the state to the same places. As soon as the *characters* repeat, nothing comes in from outside that
# could end it. (1 point)
# ### END SOLUTION

# %% [markdown]
# ### "Why feed back one character? Why not the whole vector of probabilities?"
#
# It sounds like a waste: the model computes $V$ probabilities, and we keep one name. Why not feed all it believes?
# The embedding takes a vector of probabilities as well: $e = p\,W_e$, the mean of all rows, weighted by belief. Then
# there is no chance and no loss of information. One answer you know: for a vocabulary of words that product is
# expensive. The other you can measure.
#
# **How do we notice that a network has left the country that it knows?** We collect its states on 6,000 characters of
# text: that is the known country. For any other state we measure the distance to the nearest of them. For states on
# new *real* text that distance is what it is; for states of a network that reads its own output it may be larger. The
# ratio of the two is the **drift**: 1 is home.

# %%
known, _ = read_text(model, trained, train_ids[200_000:206_000])  # (6000, H)


def nearest(h):
    """Distance of each state (N, H) to the nearest known one."""
    squares = (h**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None] - 2 * h @ known.T
    return np.sqrt(np.maximum(squares, 0).min(axis=1))


def follow(feed, steps=60, count=200, seed=0):
    """Read 100 characters in `count` places, then take `steps` with what `feed` chooses; distances, entropies, states."""
    starts = np.linspace(0, len(held_ids) - 400, count).astype(int)
    contexts = np.stack([held_ids[s : s + 100 + steps] for s in starts])
    h, scores, _ = model.read(trained, contexts[:, :100], model.zero_state(trained, count))
    h, p, draw = h[:, -1], char_lm.temperature_softmax(scores[:, -1], 1.0), np.random.default_rng(seed)
    distances, entropies, states = [], [], []
    for t in range(steps):
        if feed == "real text":
            e = trained["We"][contexts[:, 100 + t]]
        elif feed == "the likeliest character":
            e = trained["We"][p.argmax(axis=1)]
        elif feed == "a drawn character":
            e = trained["We"][(np.cumsum(p, axis=1) > draw.random((count, 1)) * p.sum(axis=1, keepdims=True)).argmax(axis=1)]
        else:
            e = p @ trained["We"]
        h, _ = char_lm.rnn_step_forward(e, h, trained["Wx"], trained["Wh"], trained["b"])
        p = char_lm.temperature_softmax(h @ trained["Why"] + trained["by"], 1.0)
        distances.append(nearest(h).mean())
        entropies.append(-(p * np.log2(p + 1e-30)).sum(axis=1).mean())
        states.append(h)
    spread = [np.mean(np.std(h, axis=0)) for h in states]  # how different the 200 states are from each other
    return np.array(distances), np.array(entropies), np.array(spread)


# %%
feeds = {
    "real text": ("-", "muted"),
    "a drawn character": ("--", "good"),
    "the likeliest character": (":", "input"),
    "all probabilities": ("-.", "bad"),
}
followed = {feed: follow(feed) for feed in feeds}
home = followed["real text"][0].mean()
fig, axes = plt.subplots(1, 3, figsize=(9.8, 3.3))
for feed, (dash, colour) in feeds.items():
    distances, entropies, spread = followed[feed]
    for ax, values in zip(axes, (distances / home, entropies, spread / followed["real text"][2].mean())):
        ax.plot(np.arange(1, 61), values, dash, color=PALETTE[colour], label=feed)
axes[0].set(xlabel="step after the last real character", title="Drift", ylabel="distance to known states", ylim=(0, 3.4))
axes[1].set(xlabel="step", title="Doubt", ylabel="entropy of the answer, bits", ylim=(0, None))
axes[2].set(xlabel="step", title="Memory", ylabel="spread of the 200 states", ylim=(0, 1.2))
axes[0].legend(fontsize=8.5, loc="upper right")
plt.show()
drift = {feed: float((values[0][30:] / home).mean()) for feed, values in followed.items()}
doubt = {feed: float(values[1][30:].mean()) for feed, values in followed.items()}
memory = {feed: float(values[2][30:].mean() / followed["real text"][2].mean()) for feed, values in followed.items()}
for feed in feeds:
    print(f"{feed:<24} drift {drift[feed]:.2f}   doubt {doubt[feed]:.2f} bits   memory {memory[feed]:.2f}")

# %% [markdown]
# Fed with what it has *drawn*, the network stays at home: its states are about as close to known ones as on real
# text. Fed with all its probabilities it is out of the country **at the first step**, about twice as far away, and it
# does not come back. While it learned, it has only ever seen rows of the table, one at a time; the mean of many rows
# is an input that no character has, and the state it leads to belongs to no text. Averaging the embeddings does not
# average the futures either: after `i` there may come `f` or `n` or `m`, and the state after "a third of each" is not
# the state after any of them.
#
# The third picture shows what is lost. The 200 states come from 200 different places in the text, and on real text
# they remain different from each other. Fed with probabilities they draw closer: each of them is a blur of all that
# could have been written, and the blurs are alike. **To draw is to decide; who does not decide has soon nothing
# definite to remember.** (Feeding the likeliest character is a decision too, but always the same: there the 200
# places run together as well, into the loops seen above, in states that are *more* familiar than those of real text,
# and with less doubt.)
#
# ### Experiment: a writer who hears only itself
#
# Unit 1 ended its chapter on feedback with a warning: whatever the network writes wrong, it hears as if it were
# right, and it has never met its own mistakes while it learned. Does it go from bad to worse? From 300 places we let
# it write 200 characters, and have the 5-gram judge them by their distance from the last real character. If errors
# breed errors, the curve must rise.

# %%
starts = np.linspace(0, len(held_ids) - 400, 300).astype(int)
contexts = np.stack([held_ids[s : s + 100] for s in starts])
continuations = {
    "real text": np.stack([held_ids[s + 100 : s + 300] for s in starts]),
    "written, temperature 1": write_text(model, trained, contexts, 200, seed=3),
    "written, temperature 0.5": write_text(model, trained, contexts, 200, temperature=0.5, seed=3),
}
judge_at = {name: judged(texts, contexts).mean(axis=0).reshape(10, 20).mean(axis=1) for name, texts in continuations.items()}
fig, ax = plt.subplots()
for (name, curve), style_, colour in zip(judge_at.items(), ["s--", "o-", "^-."], ["muted", "output", "input"]):
    ax.plot(np.arange(10, 200, 20), curve, style_, color=PALETTE[colour], label=name)
ax.set(xlabel="characters since the last real one (means of 20)", ylabel="the 5-gram's bits", title="What a judge says", ylim=(0, None))
ax.legend(loc="lower left", ncols=3, fontsize=9)
plt.show()
growth = {name: float(curve[5:].mean() / curve[0]) for name, curve in judge_at.items()}
for name, curve in judge_at.items():
    print(f"{name:<26} first 20 characters {curve[0]:.2f} bits, last 100 {curve[5:].mean():.2f}")

# %% [markdown]
# At temperature 1 it does not rise. The text is stranger than real text **from the first character on**, for that is
# how blurred the model is; but it gets no stranger. A misspelled word leads to a state that is near those after other
# rare words, and from there the network goes on as it always does. In this text there is enough disorder that its own
# mistakes are nothing new to it. At temperature 0.5 there *is* a drift, and it goes the other way: the more the
# network hears of itself, the more predictable it gets, until the judge yawns. The loop is what the warning was
# about.
#
# (In other tasks mistakes do add up: where one step decides about all that follow, as in translation or steering. The
# trouble goes by the name of *exposure bias*, and one remedy is to let the network hear itself now and then while it
# learns.)

# %% [markdown]
# **Question 7 (3 points).** (a) Give the two reasons for feeding a drawn character and not the whole vector of
# probabilities, one about training and one about cost. (b) With the model of "Four letters by hand": after `hel` it
# is asked for the next letter and, say, believes `l` and `o` to be equally likely. Calculate A's and B's
# pre-activation at the next step for each of the three inputs: `l`, `o`, and half of each. What does the third state
# say? (c) Somebody wants to use all probabilities and trains *with* them: in training, too, the input is what the
# model believed. Does reason one still hold? What do they lose?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_why_one_hot", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) In training the inputs were rows of the table, one character each. A mixture is an input of another kind, and
# what the network does with it nobody has trained. And a dense vector costs a product with the whole table, $V \cdot
# D$ multiplications instead of $D$ copied numbers. (1 point)
#
# (b) The last letter was `l`, so $A_{t-1} \approx +1$. A: $+4$ for `l`, $-4$ for `o`, $0$ for half of each. B: $2$;
# $-4 + 2 = -2$; half of each: $0 - 2 + 2 = 0$. So with half of each both units are at 0, neither true nor false: "the
# letter is `l`" is half true. Such a state occurs after no text at all. (1 point)
#
# (c) No: then these are the inputs that it knows. But the model is no longer shown what really came, so the rest of
# the text does not fit its own inputs; it has to say what follows although it does not know what stands there. It is
# another, harder task; the product is dense also in training; and it still writes no text, since nobody decides. (1
# point)
# ### END SOLUTION

# %% [markdown]
# ## What the cells have learned
#
# We have 128 numbers that change with every character. Do some of them mean something? Karpathy, Johnson & Fei-Fei
# (2016) found in a much larger network cells that are on inside quotes, that count towards the end of a line, that
# know how deep the brackets are. It is easy to fool oneself here: among 128 wiggling curves there is always one that
# looks like something. So we search by rules:
#
# 1. **A property is computed, not felt.** For every character of the held-out text: is it inside a string? Inside a
#    comment? How many brackets are open? Are we still in the spaces at the beginning of a line? How far along the
#    line? A small scanner, `coursekit/python_text.py`, knows.
# 2. **The best cell is found on one half of the text and judged on the other.** The score is the correlation between
#    its value and the property, without its sign.
# 3. **There is a rival with equal chances:** as many random features. We take the 128 cells of the same network
#    *before* training: their weights are random, but they have read the same text, and some of them must look like
#    something too.
#
# And because a network may well know a thing without having a cell for it, we also ask all cells together: the best
# weighted sum of the 128, fitted on the first half.

# %%
everything = python_properties(held_text)
properties = {name: everything[name] for name in everything if name != "indentation"}
random_h, _ = read_text(model, params, held_ids)  # (M, 128), of the untrained network
half = len(held_ids) // 2


def correlations(h, values):
    """Correlation of each cell (M, H) with a property (M,)."""
    h, values = h - h.mean(axis=0), values - values.mean()
    return h.T @ values / (np.linalg.norm(h, axis=0) * np.linalg.norm(values) + 1e-12)


def best_cell(h, values):
    """The cell that fits best on the first half, its sign, and its score on the second."""
    found = correlations(h[:half], values[:half])
    cell = int(np.abs(found).argmax())
    sign = np.sign(found[cell])
    return cell, sign, float(sign * correlations(h[half:, [cell]], values[half:])[0])


def all_cells(h, values):
    """Score of the best weighted sum of all cells: least squares on the first half, correlation on the second."""
    with_one = np.concatenate([h, np.ones((len(h), 1))], axis=1)
    first = with_one[:half]
    weights = np.linalg.solve(first.T @ first + 1e-6 * np.eye(first.shape[1]), first.T @ values[:half])
    return float(correlations(with_one[half:] @ weights[:, None], values[half:])[0])


cells = {name: best_cell(held_h, values) for name, values in properties.items()}
cell_scores = {name: score for name, (_, _, score) in cells.items()}
random_scores = {name: best_cell(random_h, values)[2] for name, values in properties.items()}
sum_scores = {name: all_cells(held_h, values) for name, values in properties.items()}
random_sum_scores = {name: all_cells(random_h, values) for name, values in properties.items()}

# %%
fig, (one, two) = plt.subplots(2, 1, figsize=(8.6, 4.8), sharex=True)
for ax, title, pairs in [
    (one, "The best single cell", [("before training", random_scores, "muted"), ("after", cell_scores, "hidden")]),
    (two, "All cells together", [("before training", random_sum_scores, "muted"), ("after", sum_scores, "hidden")]),
]:
    for shift, (name, scores, colour) in zip((-0.2, 0.2), pairs):
        ax.bar(np.arange(len(scores)) + shift, list(scores.values()), 0.38, color=PALETTE[colour], label=name)
    ax.set(ylabel="correlation", title=title, ylim=(0, 1.05))
    ax.grid(False, axis="x")
two.set_xticks(range(len(properties)), list(properties))
one.legend(loc="upper left")
plt.show()
for name, (cell, _, score) in cells.items():
    print(f"{name:<22} cell {cell:>3}: {score:.2f}   best of 128 random features: {random_scores[name]:.2f}")
better_cells = [name for name in properties if cell_scores[name] > random_scores[name]]

# %% [markdown]
# A sobering picture, and an instructive one. Compare the bars, not only their heights:
#
# * **Leading spaces** are found by any network: a line end followed by spaces is a matter of a few characters, and
#   random weights echo those too.
# * **Strings, comments and brackets** have left traces: all cells together know clearly more about each of them than
#   before. In single cells the trace is faint: for strings and comments the best trained one may be no better than the
#   best random one, which depends on the run, and a correlation of 0.1 or 0.2 is no "quote cell". Nobody would find it
#   by eye, or rather: anybody would, in any of them.
# * **Mind the numbers of the cells.** In our runs one and the same cell wins in several disciplines. It is no cell
#   for strings *and* comments *and* leading spaces: it tells letters from spaces, and where there is prose there are
#   letters.
# * **The position in the line** is known to the untrained network about as well. Training has not made that better:
#   it has used the cells for something that pays more.
#
# That fits what we measured before: this network's memory is about ten characters long. A string opens, on average,
# further back than that. To keep one bit over thirty characters, through thirty products with $W_h$ and thirty times
# tanh, is what plain recurrent networks are bad at, as unit 2 explained. The cells of the famous pictures are LSTM
# cells: unit 4.
#
# Now *look* at some, with the numbers at hand. A stretch of the second half, on which no cell was chosen; every
# character on the ground of the cell's value *after* reading it, red for $+1$, blue for $-1$ (turned around where the
# correlation is negative).

# %%
def window(wanted, length=700):
    """A lively stretch of the second half: many changes of the property, and not all in one line."""
    starts = [half + i + 1 for i in range(len(held_text) - half - length - 1) if held_text[half + i] == "\n"]
    changes = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(properties[wanted])) > 0)])
    lively = [(changes[s + length] - changes[s]) * (12 < held_text[s : s + length].count("\n") < 24) for s in starts]
    start = starts[int(np.argmax(lively))]
    return slice(start, start + length)


def show_cell(wanted, where=None):
    where, (cell, sign, score) = where or window(wanted), cells[wanted]
    title = f"“{wanted}”: cell {cell}, correlation {score:.2f}"
    return diagrams_text.coloured_text(held_text[where], sign * held_h[where, cell], title=title, label="activation")


diagrams_text.coloured_text(
    held_text[window("inside a string")], 2 * everything["inside a string"][window("inside a string")] - 1, title="The property: inside a string"
)

# %%
show_cell("inside a string")

# %% [markdown]
# In a stretch full of strings that may look convincing. Now look at the names that are *no* strings: the cell lights
# up over those as well. An eye sees the hits; a correlation also counts the false alarms.

# %%
show_cell("leading spaces", window("inside a string"))

# %%
show_cell("bracket depth", window("bracket depth"))

# %% [markdown]
# Coloured text shows best what the network *does* know. Here is its surprise, character by character, on the same
# text: pale where it knew what was coming, dark where it did not.

# %%
where = window("inside a string")
print(f"mean surprise in this stretch: {rnn_surprise[where.start - 1 : where.stop - 1].mean():.2f} bits per character")
diagrams_text.coloured_text(
    held_text[where], rnn_surprise[where.start - 1 : where.stop - 1], title="Where it is surprised", cmap="Oranges", limits=(0, 8), label="bits"
)

# %% [markdown]
# Surprise sits at the *beginnings*: of names, of words, of lines; spaces in a row are free, and so is the end of many
# a word. It was the same with Shannon's human guessers: he reports that they went wrong mostly where a word or a
# syllable begins, since there the thought can branch.

# %% [markdown]
# **Question 8 (3 points).** (a) Why was the best cell chosen on one half and scored on the other? What would the
# score on the first half be for 128 columns of pure noise and a text of only 50 characters: 0? (b) A cell has a
# correlation of 0.9 with "inside a string". Does the network *use* it? Propose an experiment that would tell. (c) For
# some property no cell scores above 0.3, but the weighted sum of all scores 0.9. How can that be, and what does it
# say about the search for cells that mean something?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_cells", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) The maximum over 128 cells is too high by choice: by chance alone some cell fits the very text on which it was
# chosen. On 50 characters a column of noise has a correlation of about $1/\sqrt{50} = 0.14$ in size, and the best of
# 128 about 0.35 to 0.4. On text that had no part in the choice its expectation is 0. (1 point)
#
# (b) Correlation does not tell. Intervene: hold the cell at a constant value (or turn its sign) while the network
# reads, and look whether closing quotes inside strings become more surprising, and other characters not. (Or push it
# up outside a string and see whether quotes come.) (1 point)
#
# (c) The knowledge lies in a direction of the state space that is not one of the 128 axes. Nothing in training
# prefers the axes except tanh, which acts on each cell by itself. So looking for single cells finds less than is
# there; a readout trained for the property finds it. (But a readout can also compute what the network never needs:
# the untrained one scores too.) (1 point)
# ### END SOLUTION

# %% [markdown]
# ## A longer run
#
# Does the network ever pass the 5-gram? The tables are finished the moment they are counted; the network's curve was
# still falling when we stopped. The next cell goes on where patience ends: 256 units, chunks of 64 characters, twelve
# million characters, thirteen times through the text; on one processor core that is seven minutes or more. It does
# nothing until you set `LONGER = True`. It keeps itself in the file `longer_run.npz` beside this notebook, so you can
# stop it, switch off the machine, and go on tomorrow.
#
# What came of it with us (the library of Python 3.11, 1 million characters): after 383 seconds of processor time
# **2.207 bits per character, and the 5-gram 2.211**. Level, and ahead by a hair, for some three thousand times the
# computing time of the table. The smaller network above stood at 2.34. So the answer is yes, it gets there; and no,
# not in the time that anybody would have waited for it. (What it does not get near is *xz* with its copied passages.)

# %%
LONGER = False  # True: train for a long time, with a progress bar; stop and resume as you like

if LONGER:
    long_updates = 5860
    long_run = CharRun(
        model,
        init_char_model(V, 64, 256, seed=0),
        char_lm.tbptt_batches(train_ids, 32, 64),
        char_lm.adam_step,
        lr=fading(0.003, long_updates),
        clip=clip,
        judge=bits_on_held_out,
        author=a_line,
    )
    long_run.go(long_updates, every=500, keep="longer_run.npz", label="a longer run", picture=picture)
    _, long_scores = read_text(model, long_run.params, held_ids)
    long_bits = char_lm.bits_per_char(long_scores[None, :-1], held_ids[None, 1:])
    print(f"after {long_run.updates:,} updates {long_bits:.2f} bits per character; the 5-gram {fivegram_bits:.2f}")
else:
    print("skipped: set LONGER = True to train for longer")

# %% [markdown]
# ## What you have, and what is next
#
# You have a language model: from bytes on a disk to text that looks like Python from two steps away, made of
# functions that you have written, each of them checked. You know what its number means, what a table of counts can do
# in the blink of an eye, why one draws and why one draws *one*. And you have seen where this network ends: after ten
# characters or so the past is gone. It spells `self.` but does not know which method it is in.
#
# **Unit 4** builds a cell that keeps what it wants to keep: the LSTM and the GRU. It is trained on this very text,
# with your `tbptt_batches`, your `adam_step` and your embedding, and compared with this network at equal size and at
# equal time.
#
# **Sources.** C. E. Shannon, *A mathematical theory of communication*, Bell System Technical Journal 27 (1948), and
# *Prediction and entropy of printed English*, ibid. 30 (1951). R. Kneser and H. Ney, *Improved backing-off for m-gram
# language modeling*, ICASSP 1995. S. F. Chen and J. Goodman, *An empirical study of smoothing techniques for language
# modeling*, Computer Speech and Language 13 (1999). J. Duchi, E. Hazan and Y. Singer, *Adaptive subgradient methods
# for online learning and stochastic optimization*, JMLR 12 (2011). D. P. Kingma and J. Ba, *Adam: a method for
# stochastic optimization*, ICLR 2015. A. Karpathy, *The unreasonable effectiveness of recurrent neural networks*
# (2015), with the program min-char-rnn. A. Karpathy, J. Johnson and L. Fei-Fei, *Visualizing and understanding
# recurrent networks*, ICLR workshop 2016.
