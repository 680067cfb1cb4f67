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
# # Unit 1 · The vanilla recurrent network
#
# **The question of this unit.** How can a machine with a fixed number of weights read something that has no fixed
# length: a sentence, a melody, a week of temperatures? And once it has read: where is what it read?
#
# The answer is a loop of one line. You will write that line, run it forward in every arrangement that the field uses,
# and find out by experiment what it can remember and what it cannot. No recurrent network is *trained* here: how the
# weights are learned is unit 2. Here we set them at random or by hand, because then we can see what the architecture
# does by itself.
#
# | section | you write | points |
# |---|---|---|
# | One step | `rnn_cell` | 4 |
# | One matrix instead of two | `stacked_cell` | 4 |
# | Reading something off | `readout` | 2 |
# | Unrolling | `unroll` | 6 |
# | Many to one | `many_to_one` | 4 |
# | One to many | `one_to_many` | 6 |
# | Sequence to sequence | `sequence_to_sequence` | 6 |
# | More layers | `multilayer` | 6 |
# | An image is a sequence too | `rows_as_steps` | 2 |
# | What sharing weights means | `count_parameters` | 2 |
# | What a hidden state can hold | `parity_weights` | 6 |
#
# Six questions to answer in words bring another 19 points; a person reads those.

# %% [markdown]
# ## How to work
#
# **Where you write code.** In the file `vanilla_rnn.py`, beside this notebook. Open it in a second tab. Each exercise
# is one function there; its docstring says what goes in and what comes out, with shapes. Replace the line that raises
# `NotImplementedError` by your code and save the file. No restart is needed: the first cell below tells Python to
# load this file again whenever it has changed. If it cannot be loaded, because of a forgotten bracket, say, then the
# next cell shows the error and goes on with the last version that could; mend the line, save, run the cell again.
# Your file may import Python's own modules, numpy, scipy and tqdm; torch comes in unit 5.
#
# **What `check("…")` does.** It runs your function on random inputs, in a separate process, and shows a small table:
# each part of the result, what was expected, what came, and where to look first. An endless loop in your code cannot
# freeze the notebook. Check as often as you like: nothing is counted here. When your work is graded, the same checks
# run on other random numbers.
#
# **Getting stuck is allowed.** `check` looks at one function at a time, so an exercise that you left open does not
# block the next. An *experiment* does use your functions: as long as one that it needs is missing, the cell stops
# with `NotImplementedError` (and a cell that draws its picture with some error after it), which does no harm. So run
# the notebook cell by cell (Shift + Enter) rather than all at once, until the end.
#
# **Letters.** `N` sequences in a batch, `T` time steps, `D` numbers per input, `H` numbers in the hidden state, `C`
# numbers per output. The batch always comes first: `x[n, t]` is input number `t` of sequence number `n`. Counting
# starts at 1 in formulas and at 0 in code, as in most books; where the two could be confused we say which is meant.

# %%
from coursekit.place import find_module

find_module("vanilla_rnn")  # goes to the folder of your file
# %load_ext autoreload
# %autoreload 1
# %aimport vanilla_rnn
import logging

import matplotlib.pyplot as plt
import numpy as np
import vanilla_rnn

from autograder import check
from coursekit import diagrams, style
from coursekit.cells import drive
from coursekit.style import CYCLE, DASHES, PALETTE

logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time
style.use()

# %% [markdown]
# ## What is a sequence problem?
#
# A feed-forward network is a function from one vector of fixed width to another. Many problems are not like that:
#
# | in | out | for example |
# |---|---|---|
# | one | one | a photograph → what it shows (no sequence at all: the feed-forward case) |
# | one | many | a photograph → a sentence about it (unit 5) |
# | many | one | the rows of an image → which digit it is; a review → is it praise? |
# | many | many, later | a date as someone wrote it → the same date in ISO form (unit 7) |
# | many | many, at once | the letters so far → the next letter, at every letter (unit 3) |
#
# *Many* means: five today, five hundred tomorrow, and the same network has to take both. Could we not simply choose a
# greatest length, put all the inputs next to each other into one long vector, fill up with zeros, and use a
# feed-forward network? People have done that. It has three faults:
#
# 1. **It has a length.** What comes after the last place is not read.
# 2. **It grows with the length.** Each place brings its own weights.
# 3. **It learns each place separately.** That "not" turns a sentence round has to be learned once for the third word,
#    and again for the fourth. Nothing that is known about one place is known about another.
#
# The third fault is the deepest, and it is easy to catch in the act.

# %% [markdown]
# ### Experiment: knowledge that is nailed to a place
#
# Strings of 24 bits, with a 1 here and there. Task: *are there two ones in a row somewhere?* We train an ordinary
# feed-forward network (64 hidden units, scikit-learn) on 4,000 strings, in half of which there is such a pair, always
# in the **first** half of the string. Then we test it on new strings of the same kind, and on new strings whose pair
# is in the **second** half. If the network had grasped the idea "two ones in a row", the place would not matter.

# %%
from sklearn.neural_network import MLPClassifier

rng = np.random.default_rng(0)


def bit_strings(count, places, length=24):
    """Lonely ones everywhere; every second string has a pair of ones written into it."""
    strings = np.zeros((count, length))
    for string in strings:
        place = rng.integers(0, 3)
        while place < length:
            string[place] = 1
            place += 2 + rng.integers(0, 4)  # at least one zero between two ones
    has_pair = np.arange(count) % 2 == 1
    for row in np.flatnonzero(has_pair):
        place = rng.choice(places)
        strings[row, place : place + 2] = 1
    return strings, has_pair


first_half, second_half = range(0, 10), range(12, 22)
train_strings, train_labels = bit_strings(4000, first_half)
early_strings, early_labels = bit_strings(1000, first_half)
late_strings, late_labels = bit_strings(1000, second_half)

feedforward = MLPClassifier((64,), learning_rate_init=0.01, early_stopping=True, random_state=0)
feedforward.fit(train_strings, train_labels)
feedforward_early = feedforward.score(early_strings, early_labels)
feedforward_late = feedforward.score(late_strings, late_labels)
print(f"pair in the first half:  {feedforward_early:.1%} right")
print(f"pair in the second half: {feedforward_late:.1%} right (guessing gives 50 %)")

# %%
places = np.arange(23)
strings_by_place = [bit_strings(400, [place]) for place in places]
feedforward_hits = [feedforward.predict(s)[has].mean() for s, has in strings_by_place]

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2), width_ratios=[1, 1.25])
left.imshow(np.vstack([early_strings[1:12:2], late_strings[1:12:2]]), aspect="auto", cmap="Greys")
left.axhline(5.5, color=PALETTE["accent"], linewidth=2)
left.set(title="Strings with a pair", xlabel="place in the string", ylabel="test string", yticks=[])
left.grid(False)
right.axvspan(-0.5, 9.5, color=style.tint("input", 0.15))
right.text(4.5, 0.5, "where the pair was\nduring training", ha="center", color=PALETTE["input"])
right.plot(places, feedforward_hits, "o-", color=PALETTE["bad"])
right.set(title="The feed-forward network", xlabel="place of the pair", ylabel="share of pairs found")
right.set_ylim(-0.05, 1.05)
plt.show()

# %% [markdown]
# Above the blue line on the left: pairs where training had them. Below it: pairs where it had none. The network does
# not *weakly* carry its knowledge over to the second half. It has none to carry: the weights that look at those
# places never saw a pair there, so a pair there means nothing to them. (At place 10 it finds a third of the pairs:
# one half of such a pair, the 1 at place 10, did belong to training pairs, those that began at place 9.)
#
# What would a reader do? Go through the string from the left, with one and the same eye for each bit, and keep in
# mind only what is needed: *was the last one a 1? have I seen a pair already?* One eye, used again and again, and a
# small memory that is carried along. That is a recurrent network.

# %% [markdown]
# ## One step
#
# **The question.** We have a memory $h_{t-1}$, a vector of $H$ numbers. A new input $x_t$ arrives, $D$ numbers. What
# shall the memory be now?
#
# Call the answer $h_t = f_W(h_{t-1}, x_t)$, *some function with weights $W$ of what I knew and what I see*. The
# vanilla network (Elman, 1990) takes the simplest choice that works: mix both linearly, add a bias, squash.
#
# $$a_t = x_t W_x + h_{t-1} W_h + b, \qquad h_t = \tanh(a_t)$$
#
# Both boxes of the picture are the same thing. On the left, folded: the arrow that leaves the box comes back to it.
# On the right, opened.

# %%
diagrams.cell()

# %% [markdown]
# **One number of it, by hand.** Matrix notation hides who talks to whom. Unit $j$ of the new state, in sequence $n$
# of the batch, is
#
# $$a_{nj} = \sum_{d=1}^{D} x_{nd}\,(W_x)_{dj} \;+\; \sum_{k=1}^{H} h_{nk}\,(W_h)_{kj} \;+\; b_j .$$
#
# So column $j$ of $W_x$ is *what unit $j$ looks for in the input*, column $j$ of $W_h$ is *which old units it listens
# to*, and $b_j$ is what it thinks when it hears nothing. Each unit listens to all old units and then makes up its
# mind; all do so at the same moment, from the *old* state.
#
# **Shapes.** Say them aloud once; most bugs of this course are here.
#
# | | shape | |
# |---|---|---|
# | $x_t$ | (N, D) | one row per sequence |
# | $h_{t-1}$, $h_t$ | (N, H) | one row per sequence |
# | $W_x$ | (D, H) | (N, **D**) times (**D**, H) gives (N, H) |
# | $W_h$ | (H, H) | (N, **H**) times (**H**, H) gives (N, H) |
# | $b$ | (H,) | added to every row |
#
# Rows are sequences, so weights act **from the right**. Many books write $h_t = \tanh(W_{hh}h_{t-1} + W_{xh}x_t)$
# with columns and weights on the left: the same function, every matrix transposed.

# %% [markdown]
# **Exercise 1 (4 points).** Fill in `rnn_cell` in `vanilla_rnn.py`. One line is enough. Then check:

# %% nbgrader={"grade": true, "grade_id": "test_rnn_cell", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_cell")

# %% [markdown]
# ### Why squash at all, and why with tanh?
#
# The textbook answer is "to keep the numbers between −1 and 1". True, but there are several ways to do so, and we
# should look before we believe. First think what ought to happen.
#
# **Without squashing** the network is linear, and we can write down where it ends. Put the formula for $h_{t-1}$ into
# that for $h_t$, again and again (with $b=0$):
#
# $$h_T \;=\; h_0 W_h^{T} \;+\; \sum_{t=1}^{T} x_t W_x\, W_h^{\,T-t}.$$
#
# An input that lies $s$ steps back arrives multiplied by $W_h^{\,s}$. Along an eigenvector (here a row $v$ with $v W_h
# = \lambda v$) that is a factor of $\lambda^s$: with $|\lambda| = 1.25$ and $s = 60$ it is about $650{,}000$; with
# $|\lambda| = 0.8$ it is about $0.0000015$. *Explode* or *vanish*; the border between them has no width. And a linear network of any
# length is, in the end, just one matrix: its only decisions are straight cuts.
#
# **With a squashing function $f$,** take two memories that differ by $\Delta_{t-1} = h_{t-1} - h'_{t-1}$ and read the
# same input. Input and bias cancel, so that inside $f$ the two differ by $\Delta_{t-1} W_h$. What $f$ makes of this, in
# each unit $j$, is limited by its greatest slope (mean value theorem):
#
# $$|\Delta_{t,j}| \;\le\; \max_a |f'(a)| \cdot |(\Delta_{t-1} W_h)_j| .$$
#
# So $W_h$ proposes, and the slope of $f$ decides how much of it *can* be kept:
#
# | $f$ | values | greatest slope | |
# |---|---|---|---|
# | none | all | 1 | nothing holds the state back |
# | ReLU | $\ge 0$ | 1 | nothing holds it back upwards |
# | sigmoid $\sigma$ | (0, 1) | $\sigma' = \sigma(1-\sigma) \le 1/4$ | at most a quarter of what $W_h$ hands on |
# | tanh | (−1, 1) | $\tanh' = 1 - \tanh^2 \le 1$ | slope 1 at zero, where small states live |

# %% [markdown]
# ### Experiment: four squashing functions, one network
#
# A random network of 50 units; only $f$ changes. $W_h$ is scaled by a *gain* $g$: its largest eigenvalue has absolute
# value $g$. **Left:** how large is the state after 60 steps of random input (*rms*: the root of the mean square of its
# numbers)? **Right:** at $g = 1.25$, two copies start in different states and then read the same input. How long can
# one still tell them apart? (Your cell knows
# only tanh, so `drive` runs all four; the last lines make sure that its tanh network is, step for step, yours.)

# %%
rng = np.random.default_rng(1)
steps, H, D = 60, 50, 3
x = rng.normal(size=(1, steps, D))
Wx, b = 0.5 * rng.normal(size=(D, H)), np.zeros(H)
Wh_unit = rng.normal(size=(H, H))
Wh_unit /= np.abs(np.linalg.eigvals(Wh_unit)).max()  # largest |eigenvalue| is 1
one_start, other_start = np.zeros((1, H)), 0.5 * rng.normal(size=(1, H))

gains = np.linspace(0.2, 2.6, 25)
sizes = {f: [] for f in ("none", "ReLU", "sigmoid", "tanh")}
for f, size in sizes.items():
    for gain in gains:
        last = drive(f, x, one_start, Wx, gain * Wh_unit, b)[0, -1]
        size.append(np.sqrt(np.mean(last**2)))


def distances(f, gain):
    """Distance after each step of two runs that differ in their first state only, (steps,)."""
    one, other = (drive(f, x, start, Wx, gain * Wh_unit, b)[0] for start in (one_start, other_start))
    return np.linalg.norm(one - other, axis=1)


gaps = {f: distances(f, 1.25) for f in sizes}

# Is that tanh network really yours? One step of your cell, from a state that `drive` reached.
reached = drive("tanh", x, one_start, Wx, 1.25 * Wh_unit, b)
your_step = vanilla_rnn.rnn_cell(x[:, 30], reached[:, 29], Wx, 1.25 * Wh_unit, b)
same_as_yours = np.allclose(your_step, reached[:, 30], rtol=0, atol=1e-12)
print("one step of your rnn_cell gives the same:", same_as_yours)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6))
for f, color, dash in zip(sizes, CYCLE, DASHES):
    left.semilogy(gains, sizes[f], color=color, linestyle=dash, label=f)
    right.semilogy(range(1, steps + 1), np.maximum(gaps[f], 1e-17), color=color, linestyle=dash, label=f)
left.set(title="Size of the state after 60 steps", xlabel="gain g of $W_h$", ylabel="rms of $h_{60}$")
left.legend(title="squashing f")
right.set(title="Memory of the starting state", xlabel="step t", ylabel=r"distance $\|h_t - h'_t\|$")
right.set_ylim(1e-17, 1e6)
plt.show()

at_2 = int(np.argmin(np.abs(gains - 2.0)))
state_size_without_squash, state_size_relu, state_size_tanh = (sizes[f][at_2] for f in ("none", "ReLU", "tanh"))
gap_20 = {f: gaps[f][19] for f in gaps}
relu_border = gains[np.argmax(np.array(sizes["ReLU"]) > 10)]
gap_60_relu_at_2, gap_60_tanh_at_2 = distances("ReLU", 2.0)[-1], distances("tanh", 2.0)[-1]
mean_sigmoid = drive("sigmoid", x, one_start, Wx, 0.8 * Wh_unit, b).mean()
mean_tanh = drive("tanh", x, one_start, Wx, 0.8 * Wh_unit, b).mean()
print(f"size at g = 2:  none {state_size_without_squash:.0e}   ReLU {state_size_relu:.0e}", end="   ")
print(f"tanh {state_size_tanh:.2f}  ·  distance there: ReLU {gap_60_relu_at_2:.0e}   tanh {gap_60_tanh_at_2:.1f}")
print("distance after 20 steps at g = 1.25: ", "   ".join(f"{f} {gap_20[f]:.0e}" for f in ("sigmoid", "ReLU", "tanh")))
print(f"mean of all states at g = 0.8:  sigmoid {mean_sigmoid:+.2f}   tanh {mean_tanh:+.2f}")

# %% [markdown]
# **What it says.** Read the left picture from left to right. Without squashing the state explodes as soon as the gain
# passes 1. ReLU holds out a little longer, because it throws away the negative half at each step; then it explodes
# too. Sigmoid and tanh stay where they are, whatever the gain. So far the textbook is right, and these two look
# equally good.
#
# The right picture separates them. After 20 steps the two sigmoid networks differ by about $10^{-12}$, a little later
# by nothing that a float can hold: whatever they started with is forgotten. The tanh networks are still plainly
# apart. And the sigmoid's states have a mean near one half: *hearing nothing* is no longer the number 0, so every
# unit gets a constant push through $W_h$ that the bias has to take back.
#
# One more thing, exact and a little surprising: a sigmoid network **is** a tanh network. Because $\sigma(a) =
# \tfrac12\bigl(1 + \tanh\tfrac a2\bigr)$, put $h = \tfrac12(1+u)$ with $u$ in (−1, 1), and write $\mathbf 1$ for a
# row of ones:
#
# $$u_t = 2\sigma(a_t) - 1 = \tanh\tfrac{a_t}{2}, \qquad
# \tfrac{a_t}{2} = x_t\tfrac{W_x}{2} + u_{t-1}\tfrac{W_h}{4} + \left(\tfrac b2 + \tfrac14\mathbf 1 W_h\right).$$
#
# It can express the same things. But weights of ordinary size mean a *quarter* of the recurrence and a bias that
# nobody asked for: it starts in the wrong place.

# %% [markdown]
# **Why not ReLU,** the usual choice in feed-forward networks? At $g = 1.25$ the pictures have nothing against it: it
# remembers about as well as tanh there, and does not explode. What it lacks is a brake. For every $c > 0$,
# $\operatorname{ReLU}(c\,a) = c \operatorname{ReLU}(a)$: a large state is treated just like a small one, so that the
# network knows only the two fates of the one without squashing. Below a border (here at a gain of about 1.5, not 1,
# since at each step many units are off) differences fade; above it state and difference grow together, without end.
# tanh has a third fate, because its slope depends on the state: small ones may grow, large ones are held. At $g = 2$
# two tanh runs are still apart after 60 steps, *and* their states are below 1 in size; with ReLU, distance and state
# have both passed $10^8$.
#
# So the experiment does not say that ReLU is bad. It says that its weights must stay on the right side of a border,
# from the first day of training to the last, and here one and the same matrix acts at every step. It can be done: Le,
# Jaitly & Hinton (2015) start from $W_h = I$ and $b = 0$, exactly on the border, and train such networks well. A tanh
# state cannot be driven out of (−1, 1) by any weights at all.

# %% [markdown]
# **Question 1 (3 points).** A friend replaces tanh by the sigmoid "because then states can be read as probabilities".
# Her network works on sequences of 3 steps and fails on sequences of 30. Explain why, with the number that matters,
# and say what she would have to do to the weights to get the old network back.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_why_tanh", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# The sigmoid's slope is at most 1/4 (tanh: at most 1). A difference in the memory is multiplied in each step by that
# slope and by $W_h$, so per step it keeps at most a quarter of what a tanh network with the same $W_h$ could keep at
# best: after 3 steps a factor of up to $4^{-3} = 1/64$, still visible, after 30 steps $4^{-30} \approx 10^{-18}$,
# below the precision of a float. What happened 30 steps ago is gone. (1.5 points: slope 1/4 and that it is
# compounded.)
#
# To get the old network back: since $h = (1+u)/2$, multiply $W_x$ and $b$ by 2 and $W_h$ by 4, and subtract $\tfrac12
# \mathbf 1 W_h^{new}$ from the bias, which takes back the constant push of states whose mean is 1/2 and not 0. The
# readout too must read $u = 2h - 1$, and the first state 0 becomes 1/2. (1 point for the 4, half a point for the bias
# or the mean 1/2.)
# ### END SOLUTION

# %% [markdown]
# ## One matrix instead of two
#
# **The question.** Two matrix products per step, two weight matrices to carry about. Can it be one?
#
# Put the old state and the input next to each other, $[h_{t-1},\, x_t]$, one long row of $H + D$ numbers, and put
# $W_h$ on top of $W_x$:
#
# $$W = \begin{bmatrix} W_h \\ W_x \end{bmatrix}, \qquad
# [\,h_{t-1},\; x_t\,]\; W \;=\; h_{t-1} W_h + x_t W_x .$$
#
# *Proof.* Call the long row $z$, and take entry $(n, j)$ of the product. It is a sum over $H + D$ terms, and a sum
# may be cut in two:
#
# $$\sum_{i=1}^{H+D} z_{ni} W_{ij} = \sum_{i=1}^{H} \underbrace{z_{ni}}_{h_{ni}} \underbrace{W_{ij}}_{(W_h)_{ij}} + \sum_{i=H+1}^{H+D} \underbrace{z_{ni}}_{x_{n,i-H}} \underbrace{W_{ij}}_{(W_x)_{i-H,j}}
# = (h_{t-1}W_h)_{nj} + (x_tW_x)_{nj} . \qquad\blacksquare$$
#
# Nothing is approximated, nothing is learned differently. It is only bookkeeping, but the whole field uses it: with
# it the LSTM of unit 4, four gates with two matrices each, becomes *one* product. (In the picture the bias is still
# to be added: the product is $a_t - b$.)

# %%
diagrams.stacked_matrix()

# %% [markdown]
# The proof also shows what must match: **the order of the blocks in the row and the order of the blocks in $W$.**
# State first in one means state first in the other.
#
# **Exercise 2 (4 points).** Fill in `stacked_cell`. You get $W$ as one matrix of shape (H + D, H), state rows first,
# and have to build the long row yourself. Which axis of an array of shape (N, something) makes rows longer?

# %% nbgrader={"grade": true, "grade_id": "test_stacked_cell", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("stacked_cell")

# %% [markdown]
# ### Experiment: equal, and equal only in the right order
#
# A sentence from a lecture: "stack $h$ and $x$, stack the weights, multiply". Three people do so. Two of them made a
# mistake, and they find out in very different ways.

# %%
rng = np.random.default_rng(2)
N, D, H = 4, 3, 5
x, prev_h = rng.normal(size=(N, D)), rng.normal(size=(N, H))
Wx, Wh, b = rng.normal(size=(D, H)), rng.normal(size=(H, H)), rng.normal(size=H)
two_matrices = vanilla_rnn.rnn_cell(x, prev_h, Wx, Wh, b)

attempts = {
    "Ada ": lambda: np.concatenate([Wh, Wx], axis=0),
    "Ben ": lambda: np.concatenate([Wh, Wx], axis=1),
    "Cleo": lambda: np.concatenate([Wx, Wh], axis=0),
}
stacking_errors = {}
for name, stack_weights in attempts.items():
    try:
        one_matrix = vanilla_rnn.stacked_cell(x, prev_h, stack_weights(), b)
        stacking_errors[name.strip()] = float(np.abs(one_matrix - two_matrices).max())
        print(f"{name}: runs; largest difference to the two-matrix cell {stacking_errors[name.strip()]:.1e}")
    except ValueError as error:
        stacking_errors[name.strip()] = None
        print(f"{name}: ValueError: {str(error)[:70]} …")

# %% [markdown]
# **Question 2: find the mistakes (3 points).** Printed notes often write the formula with columns,
#
# $$h_t = \tanh\left([\,W_{hh}\;\; W_{hx}\,]\begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}\right).$$
#
# (a) What did Ben take over from there that does not fit our convention? (b) Why does Cleo get no error message,
# although her result is wrong? (c) Ben loses a minute, Cleo may lose a week. Describe a test of one or two lines that
# catches Cleo's mistake.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_stacking", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) In the column convention weights act from the left and the two blocks of $W$ stand side by side, (H, H + D). Our
# rows are multiplied from the right, so everything is transposed and the blocks must stand on top of each other, (H +
# D, H). Ben put them side by side, which is not even possible for $D \ne H$. (1 point)
#
# (b) Her matrix has the right shape, (H + D, H); only the order of its blocks is wrong. numpy checks shapes, not
# meaning: the first H entries of the row, the state, meet D rows of $W_x$ and the first rows of $W_h$. (1 point)
#
# (c) Compare with a slow and obvious computation on random numbers, here with the two-matrix cell; with $D \ne H$,
# and both non-zero. Or: set $W_x = 0$ and see that the input no longer matters. A test that looks only at the shape,
# or that has $h_{t-1} = 0$ and $x = 0$, does not find it. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Reading something off
#
# **The question.** The hidden state is the network's private notebook, written in its own hand. How do we get an
# answer out of it?
#
# By the simplest thing there is, an affine map:
#
# $$y_t = h_t W_{hy} + b_y .$$
#
# **Shapes.** $h$ is (N, H), $W_{hy}$ is (H, C), $b_y$ is (C,), so $y$ is (N, C). If you have the states of all steps
# at once, $h$ of shape (N, T, H), then $y$ is (N, T, C), with the same weights at each step. numpy's `@` multiplies
# the last axis of the left array with the first of a matrix on the right, and leaves all axes before it alone; the
# bias is added along the last axis.
#
# There is no squashing here, on purpose. Whether $y$ becomes a probability (softmax), a temperature (nothing) or a
# yes or no (a threshold) is the business of the loss, and the loss comes in unit 2.
#
# **Exercise 3 (2 points).** Fill in `readout`, for both shapes of `h`.

# %% nbgrader={"grade": true, "grade_id": "test_readout", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("readout")

# %% [markdown]
# ### Experiment: what an affine readout can see
#
# Imagine a state of two numbers that runs round a circle, $h_t = (\cos\omega t, \sin\omega t)$. Which curves can be
# read off it? We look for the *best* readout by least squares, once for a shifted wave $\cos(\omega t + 0.7)$ and
# once for a wave of twice the frequency, $\cos 2\omega t$. Both are functions of the state. Guess first: which of
# them will work?

# %%
angle = np.linspace(0, 4 * np.pi, 120)
circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (120, 2): each row is a state
targets = {
    r"shifted wave $\cos(\omega t + 0.7)$": np.cos(angle + 0.7),
    r"double frequency $\cos 2\omega t$": np.cos(2 * angle),
}
design = np.column_stack([circle, np.ones(len(circle))])

figure, panels = plt.subplots(1, 2, figsize=(9.5, 2.9), sharey=True)
readout_errors = []
for panel, (name, target) in zip(panels, targets.items()):
    best = np.linalg.lstsq(design, target, rcond=None)[0]
    read = vanilla_rnn.readout(circle, best[:2, None], best[2:])[:, 0]
    readout_errors.append(np.sqrt(np.mean((read - target) ** 2)) / np.std(target))
    panel.plot(target, color=PALETTE["muted"], linewidth=4, alpha=0.5, label="wanted")
    panel.plot(read, color=PALETTE["output"], label="best readout")
    panel.set(title=name, xlabel="step t", ylim=(-1.2, 1.75))
    panel.legend(loc="upper right", ncols=2)
panels[0].set_ylabel("y")
plt.show()
readout_error_shifted, readout_error_double = readout_errors
print(f"relative error: shifted {readout_error_shifted:.1e}, double frequency {readout_error_double:.2f}")

# %% [markdown]
# A shifted wave is a *mixture* of the two numbers of the state ($\cos(\omega t + c) = \cos c\cos\omega t - \sin c
# \sin\omega t$), so the readout finds it exactly. The double wave is $2\cos^2\omega t - 1$: the state determines it,
# but no mixture gives it, and the best readout is all but a flat line. Remember this when you set weights by hand at
# the end: **it is not enough that the state contains the answer; it must lie there in a form that a straight cut can
# read.** Making it so is the work of the recurrence.

# %% [markdown]
# ## Unrolling
#
# **The question.** One step is a function. How does a sequence become one?
#
# By doing it again. Written out for three steps,
#
# $$h_1 = f_W(h_0, x_1),\qquad h_2 = f_W(h_1, x_2) = f_W(f_W(h_0, x_1), x_2),\qquad h_3 = f_W(f_W(f_W(h_0, x_1), x_2), x_3).$$
#
# A loop in the program, but look at the right-hand side: it is an ordinary deep feed-forward network, one layer per
# step, into which inputs enter at each layer. Drawing it so is called **unrolling**. There are two differences from
# an ordinary deep network: the depth is as great as the sequence is long, and every layer has *the same* weights, the
# $W$ below the picture. The first is the trouble of unit 2, the second the reason why all this works.

# %%
diagrams.unrolled(4, shared_weights=True)

# %% [markdown]
# **Shapes.** `x` is (N, T, D). In step `t` (counted from 0) the cell gets `x[:, t]`, of shape (N, D), for all N
# sequences at once; only the loop over *time* is a loop, since step $t$ needs the result of step $t-1$. The first
# step starts from `h0`, of shape (N, H). It is an argument and not always zero: you will need it to hand a memory on.
# The result has one more axis than a state: (N, T, H), and `h[:, t]` is the state that has seen `x[:, 0]` to `x[:,
# t]`. Note that `h0` itself is not in it.
#
# **Exercise 4 (6 points).** Fill in `unroll`. Call your `rnn_cell`.

# %% nbgrader={"grade": true, "grade_id": "test_unroll", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("unroll")

# %% [markdown]
# ### Experiment: a pebble in the stream
#
# Run the network over 100 random inputs. Run it again, with one input changed a little: that of step 20. How far
# apart are the two states at each step? Before step 20 they *must* agree, if your loop is right: a network that reads
# from left to right cannot know the future. After it, the pebble's rings die away, or they do not: that depends on
# the gain of $W_h$.

# %%
rng = np.random.default_rng(3)
T, D, H, changed_step = 100, 3, 60, 20
x = rng.normal(size=(1, T, D))
x_changed = x.copy()
x_changed[:, changed_step] += 0.01 * rng.normal(size=D)  # a small pebble
Wx, b, h0 = 0.3 * rng.normal(size=(D, H)), np.zeros(H), np.zeros((1, H))
Wh_unit = rng.normal(size=(H, H))
Wh_unit /= np.abs(np.linalg.eigvals(Wh_unit)).max()

figure, axes = plt.subplots(figsize=(8.5, 3.4))
rings = {}
for gain, color, dash in zip((0.6, 1.0, 1.3, 2.0), CYCLE, DASHES):
    calm = vanilla_rnn.unroll(x, h0, Wx, gain * Wh_unit, b)[0]
    disturbed = vanilla_rnn.unroll(x_changed, h0, Wx, gain * Wh_unit, b)[0]
    rings[gain] = np.linalg.norm(disturbed - calm, axis=1)
    shown = np.where(rings[gain] > 0, rings[gain], np.nan)  # a logarithm cannot show exact zeros
    axes.semilogy(shown, color=color, linestyle=dash, label=f"g = {gain}")
axes.axvline(changed_step, color=PALETTE["muted"], linewidth=1)
axes.text(changed_step - 1, 1e-3, "before: exactly 0", ha="right", color=PALETTE["muted"])
axes.set(title="One changed input", xlabel="step t (counted from 0)", ylabel="distance of the two states")
axes.set(xlim=(0, T - 1), ylim=(1e-12, 30))
axes.legend(title="gain of $W_h$", loc="lower left")
plt.show()

difference_before = max(ring[:changed_step].max() for ring in rings.values())
difference_40 = {gain: ring[changed_step + 40] / ring[changed_step] for gain, ring in rings.items()}
print("before the change:", difference_before)
print("40 steps later, times what it was:", {gain: f"{share:.0e}" for gain, share in difference_40.items()})
state_size_wild = np.linalg.norm(calm[changed_step:], axis=1).mean()  # of the last gain
print(f"g = 2: distance {rings[2.0][changed_step]:.2f} at first, {rings[2.0][-1]:.1f} at the end;", end=" ")
print(f"length of one state {state_size_wild:.1f}")

# %% [markdown]
# **What it says.** Left of the line the two runs agree *exactly*, not just nearly: no trace of the future. Right of
# it, the small gains forget at a steady rate (a straight line on a logarithmic axis: the same factor in each step).
# So does $g = 1$, the border of the linear network: wherever a state is not 0, tanh has a slope below 1.
# At $g = 1.3$ some percent of the change is still there 40 steps later. At $g = 2$ it is not forgotten at all; it
# grows until tanh holds it, and then the two runs are about as far apart as the states are long: they have nothing to
# do with each other any more. A memory that never lets go of anything is not a good memory either: such a network
# answers to a speck of dust as to a word.
#
# Useful networks live near the border. Keep this picture: in unit 2 you will see its mirror image, gradients that
# travel *backward* along the same path, die or explode in the same way and for the same reason.

# %% [markdown]
# ## Many to one
#
# **The question.** Is this review friendly? Which digit is this? A whole sequence goes in, *one* answer comes out.
#
# Read to the end, then read off:
#
# $$h_t = f_W(h_{t-1}, x_t) \quad (t = 1,\dots,T), \qquad y = h_T W_{hy} + b_y .$$

# %%
diagrams.unrolled(4, outputs="last")

# %% [markdown]
# **Shapes.** `x` (N, T, D) and `h0` (N, H) go in; of the states (N, T, H) only those after the last step are read,
# one per sequence: (N, H). So `y` is (N, C).
#
# **Exercise 5 (4 points).** Fill in `many_to_one`, from functions that you already have.

# %% nbgrader={"grade": true, "grade_id": "test_many_to_one", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("many_to_one")

# %% [markdown]
# ### Experiment: dog bites man
#
# There is a cheaper way to turn many vectors into one: take their mean, and read the answer off that. It is called a
# *bag*, since all order is lost in it: "dog bites man" and "man bites dog" are the same bag. Does our network see the
# difference? Take one random sequence of 12 inputs and shuffle it 2,000 times, in three ways: all steps, only the
# first six, only the last six. What would you expect of a network whose memory is short?

# %%
rng = np.random.default_rng(4)
T, D, H, shuffles = 12, 4, 40, 2000
x = rng.normal(size=(T, D))
Wx, b, h0 = 0.4 * rng.normal(size=(D, H)), np.zeros(H), np.zeros((shuffles, H))
Wh = rng.normal(size=(H, H))
Wh *= 0.8 / np.abs(np.linalg.eigvals(Wh)).max()
Why, by = rng.normal(size=(H, 1)) / np.sqrt(H), np.zeros(1)


def shuffled(first, last):
    """Copies of x, (shuffles, T, D), with the steps from `first` to `last` in random order."""
    orders = np.tile(np.arange(T), (shuffles, 1))
    orders[:, first:last] = rng.permuted(orders[:, first:last], axis=1)
    return x[orders]


answers = {}
for which, (first, last) in {"all steps": (0, T), "first six": (0, 6), "last six": (6, T)}.items():
    answers[which] = vanilla_rnn.many_to_one(shuffled(first, last), h0, Wx, Wh, b, Why, by)[:, 0]
bag = vanilla_rnn.readout(shuffled(0, T).mean(axis=1) @ Wx, Why, by)[:, 0]  # @ Wx: from D numbers to the readout's H

spread_bag, spread_all = bag.std(), answers["all steps"].std()
spread_first, spread_last = answers["first six"].std(), answers["last six"].std()
print(f"spread of the answer:  bag {spread_bag:.0e}   network {spread_all:.2f}")
print(f"shuffling only the first six steps {spread_first:.3f}, only the last six {spread_last:.3f}")

# %%
figure, axes = plt.subplots(figsize=(8.5, 3.3))
bins = np.linspace(answers["all steps"].min(), answers["all steps"].max(), 60)
styles = {"all steps": ("muted", "-", 1.5), "last six": ("output", "--", 2), "first six": ("input", "-", 2)}
for which, (color, dash, width) in styles.items():
    look = dict(color=PALETTE[color], linestyle=dash, linewidth=width)
    axes.hist(answers[which], bins, histtype="step", label=f"RNN, {which}", **look)
axes.axvline(bag.mean(), color=PALETTE["bad"], linewidth=3, label="bag (mean), all steps")
axes.set(title="The same inputs in another order", xlabel="answer y", ylabel="number of shuffles")
axes.set_yscale("log")
axes.legend(loc="upper right", fontsize=9)
plt.show()

# %% [markdown]
# The bag gives the same answer 2,000 times, up to rounding: it *cannot* tell the orders apart. The network's answers
# are spread out: order matters to it without anybody having told it so. And look at the two halves: with the *last*
# six steps shuffled the answer moves nearly as much as with all of them; with the *first* six it hardly moves. What
# lies far back has faded, as in the pebble experiment. "Reads everything" does not mean "weighs everything equally".

# %% [markdown]
# ## One to many
#
# **The question.** A machine that *writes*: one thing goes in (a picture, a first letter), and a sequence comes out.
# Where do the inputs of the later steps come from?
#
# From the network itself. Its output at step $t$ is its input at step $t+1$:
#
# $$h_t = f_W(h_{t-1}, x_t), \qquad y_t = h_t W_{hy} + b_y, \qquad x_{t+1} = y_t .$$

# %%
diagrams.unrolled(4, inputs="first", feedback=True)

# %% [markdown]
# **Shapes.** An output becomes an input, so it has the width of an input: $W_{hy}$ is (H, **D**). Mind the two zeros:
# `x0`, (N, D), is the input *of* the first step ($x_1$ in formula and picture; the code counts from 0), while `h0` is
# the state *before* it ($h_0$ in both). `y` has shape (N, T, D): `T` outputs, of which the last is fed to nobody. `x0`
# itself is not among them. You cannot use `unroll` here. Do you see why? It wants all inputs beforehand, and there
# are none until the network has made them.
#
# **Exercise 6 (6 points).** Fill in `one_to_many`.

# %% nbgrader={"grade": true, "grade_id": "test_one_to_many", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("one_to_many")

# %% [markdown]
# ### Experiment: a network that hears only itself
#
# Can a network with *no* connection from state to state keep a rhythm? We cut the wire: $W_h = 0$. The only way from
# one step to the next is now through the output, back in at the input. We let the input weights turn a vector by 1/16
# of a full turn and stretch it by a factor $g$. Each run starts from a given $x_0$, and then hears nothing but
# itself.

# %%
turn = 2 * np.pi / 16
rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
no_memory, nothing, identity = np.zeros((2, 2)), np.zeros(2), np.eye(2)


def sing(gain, start, T=160):
    """Let the network write T outputs, beginning at (start, 0)."""
    first = np.array([[start, 0.0]])
    weights = (gain * rotation, no_memory, nothing, identity, nothing)  # Wx, Wh, b, Why, by
    return vanilla_rnn.one_to_many(first, np.zeros((1, 2)), *weights, T)[0]


songs = {
    "g = 0.95, loud start": sing(0.95, 2.0),
    "g = 1.2, loud start": sing(1.2, 2.0),
    "g = 1.2, faint start": sing(1.2, 0.01),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), width_ratios=[1.9, 1])
for (name, song), color, dash in zip(songs.items(), ("muted", "input", "output"), (":", "-", "--")):
    left.plot(range(1, 161), song[:, 0], color=PALETTE[color], linestyle=dash, label=name)
    right.plot(*song.T, color=PALETTE[color], linestyle=dash, linewidth=1.2)
left.set(title="What it writes", xlabel="step t", ylabel="first number of $y_t$", ylim=(-1, 1.8))
left.legend(loc="upper right", ncols=2, fontsize=9)
right.set(title="Both numbers", xlabel="first number", ylabel="second number", aspect="equal")
plt.show()

loudness = {name: np.sqrt(np.mean(song[-64:] ** 2)) for name, song in songs.items()}
print("loudness (root mean square of the last 64 steps):")
print({name: f"{value:.4f}" for name, value in loudness.items()})
loudness_damped, loudness_from_loud, loudness_from_faint = loudness.values()

# %% [markdown]
# Below $g = 1$ the rhythm dies out. Above it, something happens that no linear system can do: whether it started loud
# or hardly audible, it ends at *the same* loudness. Where the wave is small, tanh has slope 1 and the gain makes it
# grow; where it is large, tanh is flat and holds it down; between the two lies a ring on which it keeps going for
# ever. And all this with $W_h = 0$: **feedback through the output is recurrence too.** A writer remembers what it has
# written, if only because it hears it.
#
# That has a dark side. Whatever the network writes wrong, it hears as if it were right. A writer that was only ever
# given perfect inputs while it learned has never met its own mistakes. Unit 3 measures that.

# %% [markdown]
# ## Sequence to sequence
#
# **The question.** Translate. The input has $S$ steps, the output $T$, neither is fixed, and the first word out may
# depend on the last word in.
#
# So first read everything, then write everything: many-to-one, then one-to-many. Two networks with weights of their
# own: an **encoder** $f_W$, whose last state is handed over as the first state of a **decoder** $g_V$ (Sutskever,
# Vinyals & Le, 2014):
#
# $$h_s = f_W(h_{s-1}, x_s)\ (s = 1..S), \qquad g_0 = h_S, \qquad g_t = g_V(g_{t-1}, y_{t-1}),\quad y_t = g_t W_{hy} + b_y\ (t = 1..T).$$
#
# $y_0$ is a fixed sign that means "begin". (From here to the end of this section $g$ is the decoder's state, not a
# gain.)

# %%
diagrams.sequence_to_sequence()

# %% [markdown]
# **Shapes.** `x` (N, S, D) → encoder → (N, H) → decoder → (N, T, K). The widths D and K may differ (French letters,
# English letters); H must be the same in both, since one's state becomes the other's. `encoder` and `decoder` are
# tuples of weights in the order in which your own functions take them, so `f(x, *encoder)` hands them over in one go.
# What is the decoder's `h0`? What is the encoder's readout? (It has none.)
#
# **Exercise 7 (6 points).** Fill in `sequence_to_sequence`. If the two functions that you need are done, two lines
# will do.

# %% nbgrader={"grade": true, "grade_id": "test_sequence_to_sequence", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("sequence_to_sequence")

# %% [markdown]
# ### Experiment: two books, one summary
#
# All that crosses the gap is $h_S$: $H$ numbers, however long the input was. So there must be different inputs that
# the decoder *cannot* tell apart. We need not search for such a pair; we can construct one. Take any sequence $x$ and
# any other beginning $x'_1, \dots, x'_{S-1}$. Choose the last input $x'_S$ so that the two last steps agree inside
# the tanh:
#
# $$x'_S W_x + h'_{S-1}W_h = x_S W_x + h_{S-1}W_h \quad\Longrightarrow\quad x'_S = x_S + (h_{S-1} - h'_{S-1})\,W_h W_x^{-1}.$$
#
# (For $D = H$ and an invertible $W_x$.) What does a decoder write after each of the two?

# %%
rng = np.random.default_rng(5)
S, T, width, K = 10, 12, 4, 2
encoder = (rng.normal(size=(width, width)), 0.8 * rng.normal(size=(width, width)), np.zeros(width))
turning = np.linalg.qr(rng.normal(size=(width, width)))[0]  # orthogonal: keeps lengths
decoder = (0.3 * rng.normal(size=(K, width)), turning, np.zeros(width))
decoder += (rng.normal(size=(width, K)), np.zeros(K))  # its readout
h0, start = np.zeros((1, width)), np.ones((1, K))

book, other_book = rng.normal(size=(2, 1, S, width))
keep = np.eye(width), np.zeros(width)  # a readout that changes nothing: the answer is the state itself
state = vanilla_rnn.many_to_one(book[:, :-1], h0, *encoder, *keep)[0]
other_state = vanilla_rnn.many_to_one(other_book[:, :-1], h0, *encoder, *keep)[0]
other_book[0, -1] = book[0, -1] + (state - other_state) @ encoder[1] @ np.linalg.inv(encoder[0])
third_book = book.copy()
third_book[0, -1] += 0.5  # and one that differs from the first in its last step only

books = {"first book": book, "made to collide": other_book, "last step changed": third_book}
translate = vanilla_rnn.sequence_to_sequence
written = {name: translate(text, h0, encoder, decoder, start, T)[0] for name, text in books.items()}

collision_input_gap = np.abs(book - other_book).max()
collision_output_gap = np.abs(written["first book"] - written["made to collide"]).max()
changed_output_gap = np.abs(written["first book"] - written["last step changed"]).max()
print(f"made to collide: inputs differ by up to {collision_input_gap:.1f},", end=" ")
print(f"outputs by up to {collision_output_gap:.0e}")
print(f"last step changed: inputs differ by 0.5, outputs by up to {changed_output_gap:.2f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.3))
for name, color, dash, width in zip(books, ("muted", "input", "output"), ("-", "--", ":"), (5, 2, 2)):
    look = dict(color=PALETTE[color], linestyle=dash, linewidth=width)
    left.plot(range(1, S + 1), books[name][0, :, 0], **look)
    right.plot(range(1, T + 1), written[name][:, 0], label=name, **look)
left.set(title="What goes in", xlabel="step s", ylabel="first number of $x_s$")
right.set(title="What comes out", xlabel="step t", ylabel="first number of $y_t$")
right.legend(fontsize=9)
plt.show()

# %% [markdown]
# Two inputs with nothing in common; the same output to the last digit or two. No training of the *decoder* can ever
# mend that: what is lost in the summary is lost.
#
# In the constructed pair the loss is total. In daily life it is gradual, and it has a direction. Same idea, now with
# a larger network ($H = 60$): we change *one* input of a sequence of 30, and ask how much the decoder's outputs
# change, for each place where the change can be.

# %%
rng = np.random.default_rng(6)
translate = vanilla_rnn.sequence_to_sequence
S, D, H, T = 30, 4, 60, 10


def random_recurrence(gain):
    """An (H, H) matrix whose largest eigenvalue has absolute value `gain`."""
    matrix = rng.normal(size=(H, H))
    return gain * matrix / np.abs(np.linalg.eigvals(matrix)).max()


encoder = (0.4 * rng.normal(size=(D, H)), random_recurrence(0.95), np.zeros(H))
decoder = (0.4 * rng.normal(size=(D, H)), random_recurrence(0.95), np.zeros(H))
decoder += (rng.normal(size=(H, D)) / np.sqrt(H), np.zeros(D))
text = np.repeat(rng.normal(size=(1, S, D)), S, axis=0)  # (S, S, D): S copies of one sequence
changed = text.copy()
changed[np.arange(S), np.arange(S)] += rng.normal(size=D)  # copy number s has its step s changed
h0, start = np.zeros((S, H)), np.zeros((S, D))
calm, disturbed = (translate(x, h0, encoder, decoder, start, T) for x in (text, changed))
influence = np.linalg.norm(disturbed - calm, axis=(1, 2))

figure, axes = plt.subplots(figsize=(8.5, 2.9))
axes.semilogy(range(1, S + 1), influence, "o-", color=PALETTE["hidden"])
axes.set(title="How much of it gets across", xlabel="place s of the changed input")
axes.set_ylabel("change of all outputs")
plt.show()
influence_first, influence_last = influence[0], influence[-1]
print(f"the last input moves the outputs {influence_last / influence_first:.0e} times as much as the first")

# %% [markdown]
# **Question 3 (3 points).** Translators of 2014 found two remedies for what you see in this picture. One costs
# nothing: feed the source sentence in *backwards*. The other changes the network: let the decoder look at *all* the
# encoder's states and not only at the last. Explain, from the picture and the collision, what each of the two mends
# and what the first one cannot mend.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_bottleneck", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# The picture: early inputs fade, late ones dominate the summary. Backwards, the *first* words of the source are read
# last, so they are fresh in the summary when the decoder begins to write, and the first words of the translation
# mostly need just those; once the beginning is right, the rest has something to lean on. The distance between words
# that belong together becomes short for the first few pairs. (1 point) It cannot mend the bottleneck: the summary
# still has $H$ numbers however long the source is; different sources still collide, and now the *end* of the source
# fades. (1 point) A decoder that sees all $h_1..h_S$ (attention, units 6 and 7) has $S \times H$ numbers at hand; in
# the collision the earlier states differ, so the two books can be told apart, and a fresh state exists for each place
# of the source. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## More layers
#
# **The question.** A feed-forward network becomes stronger with more layers. Can a recurrent one have them?
#
# Yes: the states of one network are a sequence, $h_1, \dots, h_T$, and a sequence is just what a recurrent network
# reads. With layers $l = 1..L$, and $h^{(0)}_t = x_t$:
#
# $$h^{(l)}_t = \tanh\left(h^{(l-1)}_t W_x^{(l)} + h^{(l)}_{t-1} W_h^{(l)} + b^{(l)}\right).$$

# %%
diagrams.multilayer(4, 3)

# %% [markdown]
# Each box gets two arrows: from below, *what the layer beneath says now*; from the left, *what I was a moment ago*.
# You may compute the grid row by row (one layer over the whole sequence, then the next) or column by column (all
# layers for step 1, then for step 2). Both give the same, since no arrow points down or left. One of the two is much
# shorter to write with what you have.
#
# **Shapes.** Layer $l$ reads $H_{l-1}$ numbers and holds $H_l$: its $W_x$ is $(H_{l-1}, H_l)$, for the lowest $(D,
# H_1)$. Each layer has a starting state of its own: `h0` is a list of arrays (N, H_l). In the code the list counts
# from 0. The result is the top layer's (N, T, H).
#
# **Exercise 8 (6 points).** Fill in `multilayer`.

# %% nbgrader={"grade": true, "grade_id": "test_multilayer", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("multilayer")

# %% [markdown]
# ### Experiment: what does the attic hear?
#
# Put in a single short knock (an input of 1 at step 5, otherwise 0) and listen on each floor. All floors are built
# alike: one unit that keeps 0.8 of its state and takes up 0.4 of what comes from below. Will the top hear the knock
# at the same time as the ground floor? As short? (How loud each floor is depends on the two weights only, so the
# picture scales that away.)

# %%
T, knock = 60, 5
x = np.zeros((1, T, 1))
x[0, knock, 0] = 1.0
floor = (np.array([[0.4]]), np.array([[0.8]]), np.zeros(1))
figure, axes = plt.subplots(figsize=(8.5, 3.2))
peak_steps, peak_sizes, widths = [], [], []
for count, color, dash in zip((1, 2, 3, 4), CYCLE, DASHES):
    heard = vanilla_rnn.multilayer(x, [np.zeros((1, 1))] * count, [floor] * count)[0, :, 0]
    peak_steps.append(int(heard.argmax()))
    peak_sizes.append(float(heard.max()))
    widths.append(int(np.sum(heard > heard.max() / 2)))
    axes.plot(heard / heard.max(), color=color, linestyle=dash, label=f"layer {count}")
axes.axvline(knock, color=PALETTE["muted"], linewidth=1)
axes.text(knock - 0.5, 0.93, "knock", ha="right", color=PALETTE["muted"])
axes.set(title="One knock, heard on four floors", xlabel="step t (counted from 0)")
axes.set_ylabel("state, largest = 1")
axes.legend()
plt.show()
print("loudest at step", peak_steps, "· state there", np.round(peak_sizes, 2))
print("steps above half of that:", widths)

# %% [markdown]
# Higher layers are later and slower: each smooths what the one below has smoothed already. That is one reason why
# stacking helps: the layers can live on different clocks, the lower near the letters, the upper near the sentence. It
# has a price, too: between the knock and the attic lie *layers plus steps* many squashings, and a gradient has to
# come back through all of them.

# %% [markdown]
# ## An image is a sequence too
#
# **The question.** Must a sequence lie in time? No: an *order* is enough. An image read row by row from the top is a
# sequence of rows, as a fax machine sees it.
#
# Here is a real handwritten digit, 8 × 8 pixels, from the collection that comes with scikit-learn (1,797 digits by 13
# writers; they are the test part of a data set that Alpaydin and Kaynak gave to the UCI repository in 1998). Eight
# steps, eight numbers each.

# %%
from sklearn.datasets import load_digits

digits = load_digits()
images, labels = digits.images / 16.0, digits.target  # (1797, 8, 8), grey values from 0 to 1
diagrams.rows_as_steps(images[3])

# %% [markdown]
# **Shapes.** A batch of images is (N, rows, columns). As steps it is a *list*, one entry per row from the top, each
# (N, columns): row `t` of *all* images. Why a list? Because one of the first widely used libraries wanted it so.
#
# **Exercise 9 (2 points).** Fill in `rows_as_steps`.

# %% nbgrader={"grade": true, "grade_id": "test_rows_as_steps", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rows_as_steps")

# %% [markdown]
# ### How old code says it, and how new code says it
#
# You need this page for Question 4 and on the day when you meet recurrent code from about 2017, and for nothing else in
# the course; skip it until then if history bores you. The code looks like this:
#
# ```python
# cell = tf.contrib.rnn.BasicLSTMCell(num_units)      # does not run any more
# outputs, last = tf.nn.static_rnn(cell, inputs)       # nor does this
# ```
#
# `static_rnn` was `unroll`: it took the *list* that you have just made, `inputs[t]` of shape (batch_size,
# input_size), and returned the outputs as a list, and the last state. `num_units` was our **H**, the width of the
# hidden state: a free choice, like the width of a hidden layer. The name misled many: it is *not* the number of time
# steps, and there is only *one* cell, used T times.
#
# `tf.contrib` was removed with TensorFlow 2 (2019); what is left of `static_rnn` lies in `tf.compat.v1.nn`, marked as
# deprecated. In PyTorch the same thing is
#
# ```python
# network = torch.nn.RNN(input_size=8, hidden_size=200, batch_first=True)
# h, last = network(x)                                 # x (N, T, 8) → h (N, T, 200)
# ```
#
# with `input_size` = our D, `hidden_size` = our H = the old `num_units`, and no list: T is read off the input.
# `torch.nn.RNNCell` is one step, `num_layers=3` the stack of the last section.

# %% [markdown]
# **Question 4: find the mistakes (3 points).** From a forum:
#
# ```python
# # MNIST: the images are 28 x 28, so we need 28 units, one for each row
# cell = tf.contrib.rnn.BasicLSTMCell(28)
# outputs, last = tf.nn.static_rnn(cell, images)       # images: (128, 28, 28)
# answer = outputs[-1]
# ```
#
# Name (a) the misunderstanding in the comment, (b) what is wrong with the second argument of `static_rnn`, and (c)
# why this does not run today and what you would write instead with `torch.nn`.

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_num_units", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) `num_units` is the width of the hidden state, chosen freely; the number of steps is the length of the sequence,
# here 28 rows. That both are 28 is a coincidence, and there is one cell that is used 28 times. (1 point)
#
# (b) It must be a list of 28 arrays of shape (128, 28), one per row, batch first within each:
# `rows_as_steps(images)`. (1 point)
#
# (c) `tf.contrib` has been gone since TensorFlow 2, `static_rnn` survives only as a deprecated function in
# `tf.compat.v1.nn`. Today, for example: `lstm = torch.nn.LSTM(input_size=28, hidden_size=128, batch_first=True)`,
# `outputs, _ = lstm(images)`, `answer = outputs[:, -1]`. (`torch.nn.RNN` is accepted; `hidden_size` may be anything.)
# (1 point)
# ### END SOLUTION

# %% [markdown]
# ### Experiment: does the last state know the whole image?
#
# A network of 200 units with *random* weights, never trained, reads digits row by row. After $t$ rows we ask: how
# well can the digit be read off the state by an affine readout? Only the readout is fitted, on 1,200 images; the other
# 597 are for the test. (It has ten outputs, and what they should say is *one-hot*: 1 at the place of the right digit,
# 0 at the nine others. The fit is *ridge regression*: least squares, with a small penalty on the squares of the
# weights, so that no weight becomes huge without need.) For comparison the same is done with a network whose memory is
# emptied before each row: it takes one step, from the state 0. If the state held nothing but the latest row, the two
# curves would agree.

# %%
rng = np.random.default_rng(7)
D, H, seen = 8, 200, 1200
x = np.stack(vanilla_rnn.rows_as_steps(images), axis=1)  # the list of steps becomes (N, T, D)
order = rng.permutation(len(x))
x, wanted = x[order], labels[order]
Wx, b = 0.3 * rng.normal(size=(D, H)), 0.1 * rng.normal(size=H)
Wh = rng.normal(size=(H, H))
Wh *= 1.0 / np.abs(np.linalg.eigvals(Wh)).max()


def fit_readout(features, penalty=0.1):
    """Ridge regression onto one-hot classes: weights (width, 10) and bias (10,)."""
    middle, one_hot = features.mean(axis=0), np.eye(10)[wanted[:seen]]
    centred = features - middle
    weights = np.linalg.solve(centred.T @ centred + penalty * np.eye(features.shape[1]), centred.T @ one_hot)
    return weights, one_hot.mean(axis=0) - middle @ weights


accuracy_state, accuracy_row = [], []
h0 = np.zeros((len(x), H))
keep = np.eye(H), np.zeros(H)  # a readout that changes nothing
for t in range(1, 9):
    states = vanilla_rnn.many_to_one(x[:, :t], h0, Wx, Wh, b, *keep)
    row_only = vanilla_rnn.many_to_one(x[:, t - 1 : t], h0, Wx, Wh, b, *keep)
    for features, accuracies in ((states, accuracy_state), (row_only, accuracy_row)):
        scores = vanilla_rnn.readout(features[seen:], *fit_readout(features[:seen]))
        accuracies.append(np.mean(scores.argmax(axis=1) == wanted[seen:]))

# %%
figure, axes = plt.subplots(figsize=(8.5, 3.3))
axes.plot(range(1, 9), accuracy_state, "o-", color=PALETTE["hidden"], label="read off the state $h_t$")
axes.plot(range(1, 9), accuracy_row, "s--", color=PALETTE["input"], label="memory emptied before row t")
axes.axhline(0.1, color=PALETTE["muted"], linewidth=1, linestyle=":", label="guessing")
axes.set(title="Which digit? An untrained network, a fitted readout", xlabel="rows read, t")
axes.set(ylabel="right on new images", ylim=(0, 1.02))
axes.legend(loc="upper left")
plt.show()
accuracy_last_state, accuracy_last_row = accuracy_state[-1], accuracy_row[-1]
pixels = x.reshape(len(x), 64)
pixel_scores = vanilla_rnn.readout(pixels[seen:], *fit_readout(pixels[:seen]))
accuracy_pixels = np.mean(pixel_scores.argmax(axis=1) == wanted[seen:])
print(f"after the last row: state {accuracy_last_state:.1%}, memory emptied before it {accuracy_last_row:.1%}")
print(f"the same readout on all 64 pixels at once: {accuracy_pixels:.1%}")

# %% [markdown]
# The two curves start together, as they must: after one row there is nothing else to remember. Then the blue one stays
# between one half and two thirds, and the green one climbs with each of the first seven rows: the state *gathers*.
# (That the eighth takes nearly a percent off again means nothing: with 597 test images chance is good for as much.)
# After eight rows an affine readout of the last state finds nearly all digits, although nobody ever told the
# recurrence what to remember. It even does better than the same readout on all 64 pixels at once: each of the 200 tanh
# units mixes rows in its own way and bends the mixture, and among so many new features a straight cut is easier to
# find. (Networks of which only the readout is trained are a field
# of their own: *echo state networks*, Jaeger 2001.) In unit 2 you train the whole thing, with far fewer units.

# %% [markdown]
# ## What sharing weights means
#
# **The question.** What does it cost to read longer sequences?
#
# Count what has to be learned: the entries of $W_x$, $W_h$, $b$ for the recurrence and of $W_{hy}$, $b_y$ for the
# readout. You know all their shapes. The question of this exercise is what `T`, the number of steps, does to the
# count.
#
# **Exercise 10 (2 points).** Fill in `count_parameters`. `T` is an argument on purpose.

# %% nbgrader={"grade": true, "grade_id": "test_count_parameters", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("count_parameters")

# %% [markdown]
# ### Experiment: three networks that read T steps
#
# The recurrent one (your count); the same unrolled network with *separate* weights in each step; and a feed-forward
# network that gets all $T$ inputs at once as one row, with one hidden layer of the same width $H$. To be sure of the
# latter two we build their weight arrays and count the entries.

# %%
D, H, C = 8, 64, 10
lengths = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256])
shared = np.array([vanilla_rnn.count_parameters(D, H, C, int(T)) for T in lengths])
unshared, all_at_once = [], []
for T in lengths:
    output_layer = [np.empty((H, C)), np.empty(C)]
    own_weights = [array for _ in range(T) for array in (np.empty((D, H)), np.empty((H, H)), np.empty(H))]
    one_row = [np.empty((T * D, H)), np.empty(H)]
    unshared.append(sum(array.size for array in own_weights + output_layer))
    all_at_once.append(sum(array.size for array in one_row + output_layer))

figure, axes = plt.subplots(figsize=(8.5, 3.3))
for counts, name, color, dash in (
    (shared, "recurrent: shared weights", "hidden", "-"),
    (unshared, "unrolled, each step its own weights", "bad", "--"),
    (all_at_once, "feed-forward, all steps in one row", "input", "-."),
):
    axes.loglog(lengths, counts, dash, marker="o", color=PALETTE[color], label=name)
axes.set(title=f"What has to be learned (D = {D}, H = {H}, C = {C})")
axes.set(xlabel="number of steps T", ylabel="parameters")
axes.legend()
plt.show()
shared_growth, unshared_growth = shared[-1] / shared[0], unshared[-1] / unshared[0]
print(f"from T = 1 to T = 256: shared x {shared_growth:.0f}, separate x {unshared_growth:.0f}")

# %% [markdown]
# A flat line. At short lengths the recurrent network is even the *dearer* one, because of its (H, H) matrix; it is
# not thrift that speaks for it there. And from a certain length on nothing else can be paid.
#
# But the number is only half of it. Back to the strings with a pair of ones, on which the feed-forward network
# failed. Here is a recurrent network with two units, **set by hand**. Each unit is driven so hard that it is
# practically −1 or +1 (*no* or *yes*), and it begins at *no*:
#
# - unit A: *the bit just read is a 1*, namely $\tanh\bigl(k(2x - 1)\bigr)$;
# - unit B: *there has been a pair*, namely $\tanh\bigl(k(x + h^A + 1.5\,h^B)\bigr)$, where $h^A$ and $h^B$ are the
#   *old* states; so $h^A$ tells what the bit before was. Go through the cases: with $h^B = -1$ the sum is positive
#   only for $x = 1$ and $h^A = 1$, a pair; with $h^B = +1$ it is positive always: once *yes*, it stays *yes*.

# %%
k = 10.0
pair_weights = (  # the first column belongs to unit A, the second to unit B
    k * np.array([[2.0, 1.0]]),  # Wx: what each hears from the bit
    k * np.array([[0.0, 1.0], [0.0, 1.5]]),  # Wh: what each hears from A, and from B
    k * np.array([-1.0, 0.0]),  # b
)


def finds_pair(strings):
    """Run the hand-set network over strings of bits (N, T); True where unit B says yes at the end."""
    no = -np.ones((len(strings), 2))
    states = vanilla_rnn.unroll(strings[:, :, None], no, *pair_weights)
    return states[:, -1, 1] > 0


recurrent_hits = [finds_pair(s)[has].mean() for s, has in strings_by_place]
recurrent_early = np.mean(finds_pair(early_strings) == early_labels)
recurrent_late = np.mean(finds_pair(late_strings) == late_labels)
long_strings, long_labels = bit_strings(300, range(0, 990), length=1000)
recurrent_long = np.mean(finds_pair(long_strings) == long_labels)

figure, axes = plt.subplots(figsize=(8.5, 3))
axes.axvspan(-0.5, 9.5, color=style.tint("input", 0.15))
axes.plot(places, recurrent_hits, "s-", color=PALETTE["hidden"], label="recurrent, 8 weights, set by hand")
axes.plot(places, feedforward_hits, "o--", color=PALETTE["bad"], label="feed-forward, trained where it is shaded")
axes.set(title="Found, by place of the pair", xlabel="place of the pair", ylabel="share found")
axes.legend(loc="center right")
plt.show()
print(f"recurrent: first half {recurrent_early:.0%}, second half {recurrent_late:.0%},", end=" ")
print(f"strings of 1,000 bits {recurrent_long:.0%}")

# %% [markdown]
# This was no race: one was trained, the other set by somebody who knew the answer. The point is another. The
# recurrent network *has no way* of treating place 3 and place 17 differently: the same eight numbers look at both.
# What it knows, it knows everywhere, and at lengths that nobody had thought of. A statistician would say: sharing is
# an assumption, *the rules do not change along the sequence*. Where it holds, it saves an enormous amount of data.
#
# **Question 5 (3 points).** (a) Name a problem with sequences as input in which this assumption is *wrong*, so that
# separate weights for each step would be right. (b) An RNN may still cope with it. What would you add to its input?
# (c) Why can a network with separate weights not be used at all on a sequence one step longer than those it was
# trained on?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_sharing", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Anything in which the place itself has a meaning: the digits of a date or a postcode in fixed format, a form
# with fixed fields, the rows of an image that is always centred (a stroke in the top row means something else than
# the same stroke in the bottom row), hours of the day. (1 point)
#
# (b) The place: a counter, a one-hot of the step, the hour. The rule "look at the input together with the place" is
# then again the same at each step. (Also right: nothing, as the state itself can count steps; then it must spend
# units on it.) (1 point)
#
# (c) For step T + 1 there are no weights: they were never created, let alone trained. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## What a hidden state can hold
#
# **The question.** $H$ numbers between −1 and 1. How much can one remember in them, and for how long?
#
# The classic test is **parity**: after each bit of a string, say whether the number of ones so far is odd. It is the
# hardest kind of memory in the smallest dress. Each bit matters, however far back; one forgotten bit spoils the
# answer; no bit can be judged by itself. You will set the weights by hand, because then you know *what* is remembered
# and *why* it lasts.
#
# **A worked example first: a latch.** One unit that says whether there has been *any* 1 yet. Let +1 mean yes and −1
# no, and let us take $h' = \tanh\bigl(k\,(h + 2x - \tfrac12)\bigr)$ with a large $k$, which makes tanh a switch: only
# the sign of the bracket counts.
#
# | old $h$ | $x$ | bracket | new $h$ | wanted |
# |---|---|---|---|---|
# | 0 (start) | 0 | −½ | −1 | no ✓ |
# | 0 (start) | 1 | 1½ | +1 | yes ✓ |
# | −1 | 0 | −1½ | −1 | no ✓ |
# | −1 | 1 | ½ | +1 | yes ✓ |
# | +1 | 0 | ½ | +1 | still yes ✓ |
# | +1 | 1 | 2½ | +1 | still yes ✓ |
#
# The starting value $h = 0$ is neither yes nor no, so it needs rows of its own; forget them, and the network goes
# wrong at the first bit. As arrays, this latch is `Wx = k * np.array([[2.0]])`, `Wh = k * np.array([[1.0]])`, `b = k *
# np.array([-0.5])`: what stands before $x$, what stands before $h$, and the rest. (`np.array` is needed: Python
# multiplies a bare list by *repeating* it.)

# %% [markdown]
# **Why one unit is not enough for parity.** Let $p$ be the parity before the bit, and $x$ the bit. The new parity is
# 1 if exactly one of $p$ and $x$ is 1 (*exclusive or*). A unit whose tanh is a switch cuts the plane of $(p, x)$ by a
# **straight line**: yes on one side, no on the other. The picture shows the four points.

# %%
figure, panels = plt.subplots(1, 3, figsize=(9.5, 3.1), sharey=True)
corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
truths = {
    "p or x": lambda p, x: p or x,
    "p and x": lambda p, x: p and x,
    "new parity: p ≠ x": lambda p, x: p != x,
}
for panel, (name, truth) in zip(panels, truths.items()):
    for yes, marker, color in ((True, "o", "good"), (False, "X", "bad")):
        points = np.array([c for c in corners if bool(truth(*c)) == yes])
        label = "yes" if yes else "no"
        panel.scatter(*points.T, s=190, marker=marker, color=PALETTE[color], zorder=3, label=label)
    panel.set(title=name, xlabel="parity so far, p", xticks=[0, 1], yticks=[0, 1])
    panel.set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), aspect="equal")
panels[0].set_ylabel("bit just read, x")
panels[0].legend(loc="lower left", fontsize=9)
plt.show()

# %% [markdown]
# Take a ruler. On the left and in the middle one straight line parts *yes* from *no*. On the right none does.
# *Proof:* a unit says yes where its bracket $u\,p + v\,x + c$ is positive, and no where it is negative. For a yes at
# $(p, x) = (0, 1)$ and $(1, 0)$ it needs $v + c > 0$ and $u + c > 0$; for a no at $(0, 0)$ and $(1, 1)$, $c < 0$ and $u
# + v + c < 0$. Add the first two: $u + v + 2c > 0$. Add the last two: $u + v + 2c < 0$. Contradiction. $\blacksquare$
#
# **What two units can do.** On the right the two *yes* points lie in a *strip* between two parallel lines. One unit
# for each line! Then "inside the strip" is a matter of mixing the two units' answers.
#
# Now the knot, and the reason why this is a puzzle. Next step, the units need to hear $p$, the old parity; but there
# is no unit that *is* $p$. There are only the two units, from whose answers $p$ can be mixed. Work it out in this
# order:
#
# 1. For each of the two lines write down a bracket $u\,p + v\,x + c$, with $p$ and $x$ as 0 or 1, that has the sign
#    you want at all four points, and stays well away from zero.
# 2. For each combination of signs (±1) that your two units can show: what is the parity? Find a mixture $p = \alpha
#    h^A + \beta h^B + \gamma$ (A and B are the two units) that gives it. Now you have the readout. Which of the four
#    combinations never occurs?
# 3. Put that mixture in the place of $p$ in the brackets of step 1. What stands before $h^A$ and $h^B$ is $W_h$; what
#    stands before $x$ is $W_x$; what is left is $b$. (One column per unit, in $W_h$, $W_x$ and $b$ alike.)
# 4. The start: $h = (0, 0)$ must be understood as *even*. Check your mixture there.
# 5. Multiply $W_x$, $W_h$ and $b$ by a large $k$, so that tanh is a switch. How large is large? The last experiment
#    shows what happens if you are too modest.

# %% [markdown]
# **Exercise 11 (6 points).** Fill in `parity_weights`. `H = 2` is enough; up to 16 units are accepted, if you find
# another way. The output must be above 0.5 for *odd* and below 0.5 for *even*, after every bit of strings of up to
# 200 bits, from `h0 = 0`. Do the table on paper first.

# %% nbgrader={"grade": true, "grade_id": "test_parity_weights", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("parity_weights")

# %% [markdown]
# ### Experiment: your network at work
#
# 40 bits of a long string (dark red is a 1); below them the states of your units (red +1, blue −1), and below those
# the output with its threshold.

# %%
rng = np.random.default_rng(8)
Wx, Wh, b, Why, by = vanilla_rnn.parity_weights()
units = Wh.shape[0]
bits = rng.integers(0, 2, size=(200, 200)).astype(float)  # 200 strings of 200 bits
odd = np.cumsum(bits, axis=1) % 2 == 1
states = vanilla_rnn.unroll(bits[:, :, None], np.zeros((200, units)), Wx, Wh, b)
outputs = vanilla_rnn.readout(states, Why, by)[:, :, 0]
parity_accuracy = np.mean((outputs > 0.5) == odd)

heights = [0.5, 0.5 + 0.35 * units, 2.2]
figure, (top, middle, low) = plt.subplots(3, 1, figsize=(9, 4.6), sharex=True, height_ratios=heights)
for panel, values, name in ((top, bits[:1, :40], "bit"), (middle, states[0, :40].T, "unit")):
    panel.imshow(values, aspect="auto", cmap=style.DIVERGING, vmin=-1, vmax=1)
    panel.set(ylabel=name, yticks=range(len(values)) if name == "unit" else [])
    panel.grid(False)
low.step(range(40), odd[0, :40], where="mid", color="silver", linewidth=5, label="odd so far?")
low.plot(outputs[0, :40], "o", color=PALETTE["output"], label="output")
low.axhline(0.5, color=PALETTE["ink"], linewidth=1, linestyle=":")
low.set(xlabel="step t (counted from 0)", ylabel="output")
low.set_ylim(outputs[0].min() - 0.15, outputs[0].max() + 0.55)
low.legend(loc="upper right", ncols=2)
top.set_title("Parity, kept in a hidden state")
plt.show()
sign_patterns = np.unique(np.sign(states).reshape(-1, units), axis=0)
print(f"right after {parity_accuracy:.2%} of 40,000 bits")
print(f"combinations of signs that occur: {len(sign_patterns)}")

# %% [markdown]
# ### Experiment: shake it
#
# A real memory is never perfectly quiet: rounding, other units, inputs with noise. We disturb the state a little
# after *every* step, with random numbers of standard deviation $\sigma$, and ask after 100 bits whether the parity is
# still right. (To get a hand between two steps we call your `unroll` on one step at a time and pass the disturbed
# state on as its `h0`.) Then, without noise, we multiply $W_x$, $W_h$ and $b$ by a common factor, so that the largest
# number in them goes from 100 down to 0.1: a switch becomes a gentle bend. (Your readout is not made for the small
# states that come of it; so that it is not to blame, a new one is fitted each time, on half of the strings, and tested
# on the other half.) What do you expect of the answers: a slope, or a cliff?

# %%
def after_100_bits(weights, sigma, seed, T=100):
    """The states (2000, H) of 2,000 strings after T bits, noise of size sigma in each step; which parities are odd."""
    Wx, Wh, b = weights
    draw = np.random.default_rng(seed)
    strings = draw.integers(0, 2, size=(2000, T)).astype(float)
    state = np.zeros((2000, Wh.shape[0]))
    for bit in np.split(strings[:, :, None], T, axis=1):
        noise = sigma * draw.normal(size=state.shape)
        state = vanilla_rnn.unroll(bit, state, Wx, Wh, b)[:, -1] + noise
    return state, strings.sum(axis=1) % 2 == 1


def best_readout(states, odd):
    """Fit a readout on half of the strings; the share of the other half that it gets right."""
    design = np.column_stack([states, np.ones(len(states))])
    fitted = np.linalg.lstsq(design[:1000], odd[:1000].astype(float), rcond=None)[0]
    return np.mean((design[1000:] @ fitted > 0.5) == odd[1000:])


# %%
noises, strengths = np.linspace(0, 1.2, 25), np.geomspace(0.1, 100, 25)
accuracy_by_noise, accuracy_by_strength = [], []
largest = max(np.abs(weights).max() for weights in (Wx, Wh, b))
for seed, (sigma, strength) in enumerate(zip(noises, strengths)):
    s = strength / largest
    states, odd = after_100_bits((Wx, Wh, b), sigma, seed)
    accuracy_by_noise.append(np.mean((vanilla_rnn.readout(states, Why, by)[:, 0] > 0.5) == odd))
    accuracy_by_strength.append(best_readout(*after_100_bits((s * Wx, s * Wh, s * b), 0.0, seed)))
parity_quiet, parity_shaken, parity_drowned = (accuracy_by_noise[i] for i in (0, 2, -1))
parity_weakest, parity_strongest = accuracy_by_strength[0], accuracy_by_strength[-1]
print(f"noise 0.1: {parity_shaken:.0%} right   noise 1.2: {parity_drowned:.0%}")
print(f"largest weight 0.1: {parity_weakest:.0%} right   largest weight 100: {parity_strongest:.0%}")
print(f"largest number in your own Wx, Wh and b: {largest:.3g}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.3), sharey=True)
left.plot(noises, accuracy_by_noise, "o-", color=PALETTE["hidden"])
left.set(title="Noise in the state", xlabel=r"noise $\sigma$, added in each step")
left.set(ylabel="right after 100 bits", ylim=(0.4, 1.04))
right.semilogx(strengths, accuracy_by_strength, "s-", color=PALETTE["weight"])
right.set(title="Weaker weights, no noise", xlabel="largest number in $W_x$, $W_h$ and $b$")
for panel in (left, right):
    panel.axhline(0.5, color=PALETTE["muted"], linewidth=1, linestyle=":")
plt.show()

# %% [markdown]
# **What it says.** A plateau, then a cliff, on both sides. As long as the noise is small, *nothing at all* happens,
# not even after a hundred disturbed steps: tanh, driven hard, maps everything near +1 to +1 and everything near −1 to
# −1. Each step **repairs** the state. This is how digital computers live with noisy transistors. Beyond the cliff the
# state crosses a line now and then, and a parity that is wrong once stays wrong until the next accident: after enough
# steps the answer is worth a coin toss.
#
# On the right: a moderate $k$ is enough, and a larger one brings nothing more. But with weak weights tanh is no switch
# any more, each step shrinks the difference between *odd* and *even* a little, and after 100 steps no affine readout
# finds anything of it. The same two fates as at the beginning of this unit.
#
# So how much can a state hold? In principle even one number holds any amount: its digits (Siegelmann & Sontag, 1995,
# build a universal computer from that). But noise of 0.001 wipes out all digits after the third. What lasts are
# states that repair themselves, and with saturated units these are the **corners**: $H$ units have $2^H$ of them. Not
# many for one long book; quite a lot for a summary.

# %% [markdown]
# **Question 6 (4 points).** (a) Why does *repairing* need the tanh: why could a network without any squashing not do
# it, whatever its weights? (b) Your network keeps the parity. How many saturated units does a network need at least
# in order to count ones *modulo 8*, and why? (c) Saturated units remember well. In unit 2 you will need the
# derivative of the state with respect to an earlier state. What is it at a saturated unit, roughly, and what does
# this suggest about *learning* parity?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_hold", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) To repair means that states near a corner move closer to it while two different corners stay apart: distances
# must shrink locally and not globally. A linear (affine) step changes all distances along a direction by the same
# factor: either it shrinks the noise and with it the difference between odd and even, or it keeps both. Only a
# function whose slope depends on where one is, flat near ±1 and steep in between, does one without the other. (1.5
# points)
#
# (b) Modulo 8 there are 8 situations that have to be told apart, so at least 8 corners: $2^H \ge 8$, $H \ge 3$. This
# is a lower bound: as for parity (2 situations, but one unit is not enough) the transitions may need more. (1.5
# points)
#
# (c) $\tanh' = 1 - \tanh^2$ is nearly 0 at ±1, so the derivative of a state with respect to an earlier one, a product
# of such factors, is nearly 0: the better it remembers, the less gradient flows. By gradient descent such a solution
# is hard to find: where it works, the gradient says nothing. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Names in other books
#
# The idea is forty years old, and everybody has letters of their own:
#
# | here | Stanford CS231n, code | papers, with columns | older tutorials |
# |---|---|---|---|
# | $x_t$ | `x[:, t]` | $x_t$ | $x_t$ |
# | $h_t$ | `h[:, t]` | $h_t$ | $s_t$ ("state") |
# | $y_t$ | `out`, `scores` | $y_t$ | $o_t$ ("output") |
# | $W_x$ (D, H) | `Wx` | $W_{xh}$ (H, D) | $U$ |
# | $W_h$ (H, H) | `Wh` | $W_{hh}$ | $W$ |
# | $W_{hy}$ (H, C) | `W_vocab` | $W_{hy}$ (C, H) | $V$ |
#
# Some texts call the matrix for the input $W_{hx}$, some $W_{xh}$, and some both on one page. The order of the
# indices tells you nothing; the shape does.

# %% [markdown]
# ## What is next
#
# You have a machine that reads and writes sequences of any length with a fixed number of weights, in every arrangement
# of the table at the beginning and in several layers, and you know what its state can hold. What you do not have is a
# way to *find* the weights. You set them by hand for a puzzle of one bit; nobody sets them by hand for English.
#
# Unit 2, **backpropagation through time**, finds them. Look once more at the unrolled picture: it is a deep network,
# so the chain rule goes through it, backward, from the loss at each step to the one $W$ that all steps share. You
# will derive and write that, test it against a gradient that cannot be wrong, watch gradients explode and vanish as
# the states did today, and train a network to read the digits that an untrained one read just now.
