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
# # Unit 4 · LSTM and GRU
#
# Unit 2 ended with a diagnosis. On its way back through time a gradient is multiplied by a matrix and by slopes below
# one, again at every step, and after some twenty steps nothing useful is left of it. Clipping does not help against
# that; neither does patience. What helps is another cell:
#
# > **How must a network be built so that it can keep something for a hundred steps, and learn that it should?**
#
# The answer is from 1997, is called *long short-term memory*, and carried most of the speech recognition and
# translation of the 2010s. Its idea fits in one line: do not *replace* the state at every step, **add** to it. You
# will write that cell, its younger sister the GRU and a third one; you will measure what the idea does to gradients,
# find out when it helps and when it does not, and load your weights into PyTorch.
#
# | section | you write | points |
# |---|---|---|
# | The cell, gate by gate | `lstm_step_forward` | 6 |
# | The backward pass on paper | `lstm_step_backward` | 15 |
# | Unrolled | `lstm_forward`, `lstm_backward` | 4, 12 |
# | What the gates start from | `init_lstm` | 4 |
# | Against torch | `to_torch_lstm` | 6 |
# | The GRU | `gru_step_forward` | 6 |
# | The GRU, backwards | `gru_step_backward`, `gru_forward`, `gru_backward` | 15, 4, 10 |
# | The GRU that torch computes | `gru_step_reset_after` | 4 |
# | Problems that need a memory | nothing: you watch them learn | |
# | Which gates does it need? | `coupled_step_forward`, `coupled_step_backward` | 4, 8 |
# | Back to text | nothing: you look closely | |
#
# Eight questions to answer in words bring another 24 points; a person reads those.

# %% [markdown]
# ## How to work
#
# As before: open `gated.py` beside this notebook, write one function, save, run its `check`. Sections with
# experiments need the functions of the sections before them. Some cells train networks for up to half a minute. Your
# file may import Python's own modules, numpy, scipy and tqdm; the notebook, where it compares, also torch.
#
# **Letters.** $N$ sequences, $T$ steps, $D$ inputs, $H$ hidden units; batch first, weights act from the right. All
# gates of a cell stand side by side in one matrix. LSTM: blocks of $H$ columns in the order **i, f, o, g**. GRU: **r,
# z, ĥ**. $\odot$ multiplies entry by entry, $\sigma(a) = 1/(1 + e^{-a})$ is the function `sigmoid` at the top of your
# module. For any $z$, $dz$ is the gradient of the loss with respect to it, and has $z$'s shape.
#
# **From earlier units** we need some functions. Where yours pass their checks, yours are taken; the next cell but one
# says so. (The stand-ins take some four times as long per step: mind that where this unit compares times.)

# %%
from coursekit.place import find_module

find_module("gated")  # goes to the folder of your file
# %load_ext autoreload
# %autoreload 1
# %aimport gated
# %matplotlib inline
import logging

import gated  # your file: edit it, save it, run the next cell; no restart needed
import matplotlib.pyplot as plt
import numpy as np
import torch

from autograder import check
from coursekit import diagrams_gates, style
from coursekit.data.corpora import load_corpus
from coursekit.language import CharModel, CharRun, Layers, fading, init_char_model, read_text, write_text
from coursekit.memory_tasks import AddingProblem, CopyProblem, Tools, init_cell, learn, over_time
from coursekit.ngrams import KneserNey
from coursekit.upstream import upstream

logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time
torch.set_num_threads(1)
style.use()
PALETTE = style.PALETTE
rng = np.random.default_rng(0)

# %%
numerical_gradient, relative_error = upstream("02_bptt", "numerical_gradient", "relative_error")
rnn_step_forward, rnn_step_backward = upstream("02_bptt", "rnn_step_forward", "rnn_step_backward")
rnn_forward, rnn_backward = upstream("02_bptt", "rnn_forward", "rnn_backward")
temporal_affine_forward, temporal_affine_backward = upstream(
    "02_bptt", "temporal_affine_forward", "temporal_affine_backward"
)
temporal_softmax_loss, clip_grad_norm = upstream("02_bptt", "temporal_softmax_loss", "clip_grad_norm")
adam_step = upstream("03_char_lm", "adam_step")

# %% [markdown]
# ## The cell, gate by gate
#
# The state of a vanilla network has two jobs. It is the network's *memory*, and it is what the readout and the next
# step *look at*. Each step rewrites all of it. An LSTM gives the jobs to two vectors: the **cell state** $c_t$ keeps,
# the **hidden state** $h_t$ shows. And it decides, unit by unit and step by step, how much is erased, written, shown:
#
# $$c_t = \underbrace{f_t \odot c_{t-1}}_{\text{what stays}} + \underbrace{i_t \odot g_t}_{\text{what is added}},
# \qquad h_t = \underbrace{o_t \odot \tanh(c_t)}_{\text{what is shown}}.$$
#
# The four vectors on the right come from the same ingredients as the whole vanilla step did, the input and the
# previous hidden state. Each has weights of its own:
#
# $$a_t = x_t W_x + h_{t-1} W_h + b, \qquad a_t = (a_i \mid a_f \mid a_o \mid a_g),$$
# $$i_t = \sigma(a_i), \quad f_t = \sigma(a_f), \quad o_t = \sigma(a_o), \quad g_t = \tanh(a_g).$$
#
# | | name | range | answers |
# |---|---|---|---|
# | $f$ | forget gate | 0 to 1 | how much of the old content stays? |
# | $i$ | input gate | 0 to 1 | how much of the new content is let in? |
# | $g$ | candidate | −1 to 1 | what would the new content be? |
# | $o$ | output gate | 0 to 1 | how much of the content is shown? |
#
# A *gate* is a number between 0 and 1 by which something is multiplied: closed, open, or in between. (If a forget
# gate is 1, nothing is forgotten. It should have been called a *keep* gate.)

# %%
diagrams_gates.lstm_cell()

# %% [markdown]
# ### Find the mistake
#
# The lecture notes that this course follows write the gates as one product, and they do so twice. Here is the second
# version, copied sign by sign; the first column is what comes out, the second what is applied to which row:
#
# $$\begin{pmatrix} i \\ f \\ o \\ g \end{pmatrix} = \begin{pmatrix} \sigma \\ \sigma \\ \tanh \end{pmatrix} W
# \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix}$$
#
# Count. If somebody takes this at its word and repairs it with the wrong guess, say $\sigma, \sigma, \tanh, \tanh$:
# which gate would change, and what could the cell then do that no gate should? (Also: their $W$ stands on the left
# and acts on columns, ours on the right. What is ours in terms of theirs?)
#
# | | shape |
# |---|---|
# | `x`; `prev_h`, `prev_c`, `next_h`, `next_c` | (N, D); (N, H) each |
# | `Wx`, `Wh`, `b` | (D, 4H), (H, 4H), (4H,) |
#
# **Exercise 1 (6 points).** Write `lstm_step_forward` in `gated.py`. Mind the order of the blocks. What the cache has
# to hold you will know for sure after the next section; look ahead, or come back.

# %% nbgrader={"grade": true, "grade_id": "test_lstm_step_forward", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_step_forward")

# %% [markdown]
# The missing sign is a $\sigma$: three gates, three of them. With $\tanh$ in its place the *output* gate would run
# from −1 to 1, and could turn what it shows into its opposite; a gate weakens, it never contradicts. (And our $W_h$
# on top of our $W_x$ is the transpose of their $W$.)
#
# ### Experiment: a cell that counts
#
# What is addition good for? For counting. We set the weights of a single unit by hand. It reads a text of brackets,
# `(` as $+1$ on its input and `)` as $-1$; all gates are pinned open by large biases, the candidate is saturated: $f =
# i = o = 1$, $g = \pm1$. So $c_t = c_{t-1} \pm 1$. Two sentences of the lecture describe what we shall see:
#
# > "… each element of the cell state is a small counter, which goes up or down by at most one at each step … and we
# > squash the count with tanh **to between 0 and 1**."
# >
# > "… the **previous cell state $h_{t-1}$** is multiplied by the forget gate …"
#
# Both contain a mistake. Find them, then run the cell and look which of them you can *see*.

# %%
brackets = "(()(()))())((" + ")" * 6 + "((((((((("
pinned = 30.0  # sigmoid and tanh of this are 1 to thirteen digits
count_Wx, count_Wh = np.array([[0.0, 0.0, 0.0, pinned]]), np.zeros((1, 4))
count_b = np.array([pinned, pinned, pinned, 0.0])
h, c = np.zeros((1, 1)), np.zeros((1, 1))
counter_c, counter_h = [], []
for bracket in brackets:
    step_input = np.array([[1.0 if bracket == "(" else -1.0]])
    h, c, _ = gated.lstm_step_forward(step_input, h, c, count_Wx, count_Wh, count_b)
    counter_c.append(c[0, 0])
    counter_h.append(h[0, 0])
depth = np.cumsum([1 if bracket == "(" else -1 for bracket in brackets])
counts_exactly = bool(np.allclose(counter_c, depth))

fig, (one, two) = plt.subplots(2, 1, figsize=(8, 4.2), sharex=True)
positions = np.arange(len(brackets))
one.step(positions, counter_c, where="mid", color=PALETTE["accent"], linewidth=3)
one.plot(positions, depth, "o", color=PALETTE["ink"], markersize=3)
one.set(ylabel="cell state c", title="The cell state (line) counts open brackets (dots)")
two.step(positions, counter_h, where="mid", color=PALETTE["hidden"])
two.axhspan(0, 1, color=PALETTE["muted"], alpha=0.15)
two.text(len(brackets) - 0.4, 0.5, "0…1", color=PALETTE["muted"], va="center")
two.set(ylabel="hidden state h", ylim=(-1.1, 1.1), xlabel="text read", title="What the outside sees: tanh(c)")
two.set_xticks(positions, brackets)
plt.show()
lowest_h, highest_h = min(counter_h), max(counter_h)
print(f"the cell state is the depth: {counts_exactly};  h runs from {lowest_h:.3f} to {highest_h:.3f}")

# %% [markdown]
# A vanilla unit cannot do this: its state lives between −1 and 1, and is squashed again at every step. $c$ is never
# squashed on its way to the next step, and so it can count as far as it likes.
#
# The mistakes: tanh squashes the counter to **−1…1**, as the green line shows where the text closes more than it has
# opened. And what the forget gate multiplies is $c_{t-1}$; the previous *hidden* state is what the gates are computed
# from. (Who writes $h_{t-1}$ there has no counter: $h$ never gets past 1.)
#
# Something is also lost on the way out. The outside sees $\tanh(c)$, and from a depth of 3 on that is above 0.99: the
# cell knows the difference between depth 5 and depth 9, and can hardly tell anybody.

# %% [markdown]
# **Question 1 (3 points).** (a) The gates are pinned at 1 above. What does the counter do if the forget gate is 0.9
# instead, while it reads `(` again and again? (b) An LSTM shall count the letters since the last line break, and say
# nothing until then. Describe in words what each of its gates and its candidate has to do at a letter and at a line
# break. (c) Why not leave out the tanh in $h_t = o_t \odot \tanh(c_t)$, so that the count gets out in full?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_counter", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) $c_t = 0.9\,c_{t-1} + 1$ approaches $1/(1-0.9) = 10$ and stays there: it no longer counts, it is a leaky average
# that knows about the last ten steps or so. (1 point)
#
# (b) At a letter: $f = 1$ (keep), $i = 1$ and $g$ the same positive number each time (add one), $o = 0$ (say
# nothing). At a line break: $o = 1$, to show the count. The erasing has to happen with $f = 0$, either at the break
# itself (then $o$ shows what is left after it, nothing) or, if the count is to be shown at the break, one step later;
# that step can see from $h_{t-1}$ that there was a break. (1 point: gates; both orders are right if the consequence
# is seen.)
#
# (c) $h$ goes into the gates and candidates of the next step and into the readout. Unbounded, a count of 50 would
# drown all other inputs there, saturate the gates and stop their gradients; and the feedback from $h$ to $c$ could
# blow up. With tanh all parts of $h$ have the same scale. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## The backward pass on paper
#
# One step, from right to left, one box at a time; the question at each box is that of unit 2: *if this number moved,
# what would move with it?* We are given $dh_t$ and, new, a gradient $dc_t^{\text{next}}$: the cell state acts on the
# loss not only through $h_t$ but also directly through the next step's cell state.
#
# **1. The output** $h_t = o \odot \tanh(c_t)$. A product hands the other factor back:
#
# $$do = dh_t \odot \tanh(c_t).$$
#
# **2. The cell state.** $c_t$ acts in two ways: through $h_t$, with the slope of tanh, and through step $t+1$. They
# add up:
#
# $$dc_t = dc_t^{\text{next}} + dh_t \odot o \odot \bigl(1 - \tanh^2(c_t)\bigr).$$
#
# From here on, $dc_t$ is this *total*. To forget one of its two terms is the most frequent mistake in LSTMs.
#
# **3. The sum** $c_t = f \odot c_{t-1} + i \odot g$. A sum hands the same gradient to both terms; then two products:
#
# $$df = dc_t \odot c_{t-1}, \qquad dc_{t-1} = dc_t \odot f, \qquad di = dc_t \odot g, \qquad dg = dc_t \odot i.$$
#
# **4. The squashings**, written with the values that went forward, as in unit 2. For the sigmoid, $\sigma' =
# \sigma(1-\sigma)$:
#
# $$da_i = di \odot i(1-i), \quad da_f = df \odot f(1-f), \quad da_o = do \odot o(1-o), \quad da_g = dg \odot (1-g^2).$$
#
# **5. The product.** Put the four side by side again, $da = (da_i \mid da_f \mid da_o \mid da_g)$, shape (N, 4H).
# From here on it is the vanilla step, only wider:
#
# $$dx = da\,W_x^\top, \quad dh_{t-1} = da\,W_h^\top, \quad dW_x = x^\top da, \quad dW_h = h_{t-1}^\top\,da, \quad db = \textstyle\sum_n da_n.$$

# %%
diagrams_gates.lstm_cell(backward=True)

# %% [markdown]
# Look at line 3 once more: $dc_{t-1} = dc_t \odot f$. **No matrix, no slope of tanh: one number per unit, and that
# number is a gate.** This is what the whole cell was built for. (There are further ways from $c_{t-1}$ back, none of
# them through this step: $c_{t-1}$ reaches the gates only by way of $h_{t-1}$, and that is the business of step
# $t-1$.)
#
# | gradient | made of | shape |
# |---|---|---|
# | $do$, $dc_t$ | $dh_t$, $dc_t^{\text{next}}$, $o$, $\tanh(c_t)$ | (N, H) |
# | $di, df, dg$, and $dc_{t-1}$ | $dc_t$, $i, f, g$, $c_{t-1}$ | (N, H) |
# | $da$ | the four, side by side | (N, 4H) |
# | $dx$, $dh_{t-1}$ | $da$, $W_x$, $W_h$ | (N, D), (N, H) |
# | $dW_x$, $dW_h$, $db$ | $x$, $h_{t-1}$, $da$ | (D, 4H), (H, 4H), (4H,) |
#
# **Exercise 2 (15 points).** Write `lstm_step_backward`: the five lines above, in that order.

# %% nbgrader={"grade": true, "grade_id": "test_lstm_step_backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_step_backward")

# %% [markdown]
# As in unit 2, you need not believe the check. The next cell defines a gradient check for *any* step with an $h$ and
# a $c$, made of your unit 2's `numerical_gradient`; keep it in mind for the end of this unit. A step has two results,
# so the loss is a weighted sum of both.


# %%
def step_gradient_errors(step_forward, step_backward, blocks, N=4, D=3, H=5):
    """Relative error of each gradient of a step with h and c; ``blocks`` of H columns in its weights."""
    draw = np.random.default_rng(1)
    shapes = {"x": (N, D), "prev_h": (N, H), "prev_c": (N, H)}
    shapes |= {"Wx": (D, blocks * H), "Wh": (H, blocks * H), "b": (blocks * H,)}
    values = [draw.standard_normal(shape) for shape in shapes.values()]
    dnext_h, dnext_c = draw.standard_normal((N, H)), draw.standard_normal((N, H))
    cache = step_forward(*[value.copy() for value in values])[-1]
    gradients = step_backward(dnext_h.copy(), dnext_c.copy(), cache)
    errors = {}
    for number, name in enumerate(shapes):

        def loss(z, number=number):
            next_h, next_c, _ = step_forward(*values[:number], z, *values[number + 1 :])
            return np.sum(next_h * dnext_h) + np.sum(next_c * dnext_c)

        errors[name] = relative_error(gradients[number], numerical_gradient(loss, values[number].copy()))
    return errors


lstm_errors = step_gradient_errors(gated.lstm_step_forward, gated.lstm_step_backward, blocks=4)
for name, error in lstm_errors.items():
    print(f"d{name:<7} relative error {error:.0e}")

# %% [markdown]
# ### Experiment: a carousel
#
# With $f = 1$ and nothing written, what comes in at the far end of a thousand steps? We close the input gate and pin
# the forget gate by biases of $\pm 30$, put a gradient on the last cell state only, and send it back through your
# `lstm_step_backward` a thousand times. Beside it: forget gates of 0.99 and of 0.9. Guess the three numbers first.


# %%
def carousel(forget, steps=1000, N=4, H=8):
    """Length of the gradient at the cell state, 0 to ``steps`` steps before the last."""
    b = np.repeat([-30.0, np.log(forget / (1 - forget)), 0.0, 0.0], H)
    draw = np.random.default_rng(2)
    x, Wx, Wh = draw.standard_normal((N, 3)), np.zeros((3, 4 * H)), np.zeros((H, 4 * H))
    h, c = np.zeros((N, H)), draw.standard_normal((N, H))
    caches = []
    for _ in range(steps):
        h, c, cache = gated.lstm_step_forward(x, h, c, Wx, Wh, b)
        caches.append(cache)
    dh, dc = np.zeros((N, H)), draw.standard_normal((N, H))
    lengths = [np.linalg.norm(dc)]
    for cache in reversed(caches):
        _, dh, dc, _, _, _ = gated.lstm_step_backward(dh, dc, cache)
        lengths.append(np.linalg.norm(dc))
    return np.array(lengths) / lengths[0]


fig, ax = plt.subplots()
carousel_end = {}
for forget, line in [(1 - 1e-13, "-"), (0.99, "--"), (0.9, ":")]:
    lengths = carousel(forget)
    carousel_end[f"{forget:.2f}"] = lengths[-1]
    ax.semilogy(lengths, line, color=PALETTE["gradient"], label=f"forget gate {forget:.2f}")
ax.set(xlabel="steps back", ylabel="‖dc‖, start = 1", ylim=(1e-46, 1e3), title="Times f, a thousand times")
ax.legend(loc="lower left")
plt.show()
print("after 1000 steps:", ", ".join(f"f = {forget}: {end:.1e}" for forget, end in carousel_end.items()))

# %% [markdown]
# With $f = 1$ the gradient arrives *unchanged*. Hochreiter and Schmidhuber called this the **constant error
# carousel**; their first LSTM, in 1997, had no forget gate at all, which is to say $f = 1$ for ever. The forget gate
# came three years later (Gers, Schmidhuber & Cummins): a memory that can never be emptied fills up. But mind the
# dashed line. Even a gate that keeps 99 percent per step leaves a gradient of $0.99^{1000} \approx 4 \cdot 10^{-5}$.

# %% [markdown]
# ## Unrolled
#
# Over time nothing is new except that two things are handed on instead of one. Forward: $h$ and $c$ go from step to
# step, with $h_0$ given and $c_0 = 0$. Backward: two streams come from the future, $dh$ and $dc$; to the first of
# them each step adds what comes from above, exactly as in unit 2,
#
# $$\text{into step } t: \quad dh_t = \underbrace{dh[:, t]}_{\text{from above}} + \underbrace{dh_t^{\text{prev}}}_{\text{from step } t+1},
# \qquad dc_t^{\text{next}} = \text{what step } t+1 \text{ returned as } dc^{\text{prev}}.$$
#
# Nothing comes to $c$ from above: nobody outside the cell looks at it. Behind the last step both streams are zero.
# The gradient of the shared weights is the sum over the steps; the gradient of $c_0$ is dropped, since $c_0$ is a
# constant.
#
# | | shape |
# |---|---|
# | `x`, `h0` | (N, T, D), (N, H) |
# | `h` and `dh` | (N, T, H) |
# | `dx`, `dh0`, `dWx`, `dWh`, `db` | as `x`, `h0`, `Wx`, `Wh`, `b` |
#
# **Exercise 3 (4 points).** Write `lstm_forward`, by calling your step.

# %% nbgrader={"grade": true, "grade_id": "test_lstm_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_forward")

# %% [markdown]
# **Exercise 4 (12 points).** Write `lstm_backward`, by calling your step's backward function.

# %% nbgrader={"grade": true, "grade_id": "test_lstm_backward", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("lstm_backward")

# %% [markdown]
# **Question 2 (3 points).** In the lecture somebody asked: "All this is about the gradient with respect to the
# *states*. But what do we get for $W$?" (a) Through which quantities of step $t$ does the loss at the end reach
# $dW_h$, and what does step $t$ contribute to it? (b) So why does a well-kept $dc_t$ help the *weights* to learn? (c)
# Your gradient check of one step passes, and that of the whole sequence fails for $T \ge 2$ only, in all gradients.
# Which line would you look at first?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_weights", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Only through $dh_t$ and $dc_t$, the gradients that arrive at the step's two results. They give $da_t$, and the
# step's contribution is $h_{t-1}^\top da_t$; $dW_h$ is the sum of these over all steps. (1 point)
#
# (b) An early step can contribute only as much as arrives at it. If $dh_t$ and $dc_t$ have vanished, so has $da_t$,
# and the sum consists of the last steps alone: the weights are changed as if the early input did not matter. Along
# $c$ the gradient comes back weakened by forget gates only, so early steps still have a say in how the weights
# change. (1 point)
#
# (c) What is handed over from step to step: whether $dc$ is passed on at all (and not zero each time), whether $dh$
# from the future is *added* to `dh[:, t]`, and whether $h$ and $c$ have been confused in the forward loop. Within a
# single step none of these matters, as both streams are zero behind the last step. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## What the gates start from
#
# ### Find the mistake
#
# In the same lecture somebody asked whether the forget gates do not make gradients vanish as well. The answer that
# the notes give begins: yes, they might, because the forget gates may be "**always below 0**, or always below 1". One
# of the two is impossible. Which? And is the other one a real danger or not?
#
# (A sigmoid is positive, so a gate is never below 0.) The danger is real: below 1 they are *always*, and a product of
# many numbers below 1 is small. How small depends on where they start. Before training weights are small and have no
# preference, so $a_f$ is around $b_f$, and the gate around $\sigma(b_f)$:
#
# | forget bias $b_f$ | gate $\sigma(b_f)$ | after 50 steps |
# |---|---|---|
# | 0 | 0.50 | $9 \cdot 10^{-16}$ |
# | 1 | 0.73 | $2 \cdot 10^{-7}$ |
# | 2 | 0.88 | $2 \cdot 10^{-3}$ |
#
# With all biases at zero, the customary start, an LSTM forgets half of everything at every step! So one starts the
# forget gate's bias at 1 or more: keep first, learn to forget later (Gers et al., 2000; Jozefowicz et al., 2015,
# found that it closes much of the gap between LSTMs and everything tried against them).
#
# The other weights: each pre-activation is a sum of $D + H$ products, and should have a size of about 1 to begin
# with, so that gates are neither pinned nor all alike. Hence normal numbers with standard deviation $1/\sqrt{D}$ for
# $W_x$, and $1/\sqrt{H}$ for $W_h$.
#
# **Exercise 5 (4 points).** Write `init_lstm`. The random numbers come from `np.random.default_rng(seed)`: draw those
# of `Wx` first, then those of `Wh`. (Another order is as good. But some runs below stand or fall with their start, and
# what is said about them holds for this one.)

# %% nbgrader={"grade": true, "grade_id": "test_init_lstm", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("init_lstm")

# %% [markdown]
# ### Experiment: the gradient highway
#
# So there are two ways back through an LSTM: the one along the cell states, which is only ever multiplied by forget
# gates, and the side roads, which lead through matrices and squashings as in a vanilla network.

# %%
diagrams_gates.highway()

# %% [markdown]
# Now we measure. Random input, 64 units, networks *before training*. The loss looks at the last step only, through a
# random `dh[:, -1]`; your `lstm_backward` returns $dx$, and the length of $dx_t$ says how much that loss cares about
# the input `lag` steps earlier. It can be compared between all cells, since they all have an $x$. Four networks: unit
# 2's vanilla RNN, and your LSTM with forget biases of 0, 1 and 2. Which of the three LSTMs will be far above vanilla?

# %%
CELLS = {
    "vanilla": (rnn_forward, rnn_backward),
    "LSTM": (gated.lstm_forward, gated.lstm_backward),
}
BLOCKS = {"vanilla": 1, "GRU": 3, "LSTM": 4}
LOOKS = {"vanilla": ("ink", ":"), "LSTM": ("hidden", "-"), "GRU": ("input", "--"), "coupled": ("weight", "-.")}


def start(cell, D, H, C=1, bias=1.0, seed=0):
    """Weights before training; ``bias`` is the forget gate's (the update gate's in a GRU)."""
    params = init_cell(D, H, C, gates=BLOCKS[cell], seed=seed)
    if cell == "LSTM":
        params |= dict(zip(("Wx", "Wh", "b"), gated.init_lstm(D, H, bias, seed), strict=True))
    elif cell == "GRU":
        params["b"][H : 2 * H] = bias
    return params


def influence(cell, bias=0.0, scale=1.0, longest=100, N=16, D=16, H=64, seed=0):
    """Length of dx at lags 0 to ``longest``, relative to lag 0; geometric mean over the batch."""
    forward, backward = CELLS[cell]
    params, draw = start(cell, D, H, bias=bias, seed=seed), np.random.default_rng(seed + 5)
    x = draw.standard_normal((N, longest + 1, D))
    h, cache = forward(x, np.zeros((N, H)), params["Wx"], scale * params["Wh"], params["b"])
    dh = np.zeros_like(h)
    dh[:, -1] = draw.standard_normal((N, H))
    lengths = np.linalg.norm(backward(dh, cache)[0], axis=2)[:, ::-1]  # (N, lag)
    typical = np.exp(np.mean(np.log(lengths), axis=0))
    return typical / typical[0]


# %%
highway = {"vanilla": influence("vanilla")}
for bias in (0, 1, 2):
    highway[f"LSTM, forget bias {bias}"] = influence("LSTM", bias)

fig, ax = plt.subplots(figsize=(8, 3.8))
for (name, curve), line in zip(highway.items(), [":", "-.", "--", "-"], strict=True):
    ax.semilogy(curve, line, color=PALETTE["ink" if name == "vanilla" else "hidden"], label=name)
ax.set(xlabel="lag: steps between input and loss", ylabel="‖dx‖, lag 0 = 1", title="What is left of a gradient")
ax.legend(loc="lower left")
plt.show()
ratio_50 = {name: curve[50] / highway["vanilla"][50] for name, curve in highway.items()}
for name, ratio in ratio_50.items():
    print(f"lag 50: {name:<20} {highway[name][50]:.0e}, that is {ratio:9.1e} times vanilla")

# %% [markdown]
# With a forget bias of 2 the gradient at lag 50 is a hundred million times as large as the vanilla network's; with 1
# still a hundred thousand times. With **0 it is no better than vanilla**. The architecture alone does not keep a
# gradient. It *offers* a road, and the forget gate decides whether it is open; a road that is closed at the start is
# hard to discover for a network that learns by gradients.
#
# The curves lie above the table's $\sigma(b_f)^{50}$, about tenfold at bias 2 and the more the smaller the bias: gates
# vary around their mean, the larger ones carry more, and the side roads carry something too.
#
# ### Experiment: can an LSTM's gradient explode?
#
# Forget gates are below 1, so along the highway nothing can grow. A text that one often reads concludes that in an
# LSTM gradients cannot explode. Try: we multiply the start value of $W_h$ by 1, 2, 4 and 8.

# %%
scales = [1, 2, 4, 8]
exploding = {scale: influence("LSTM", bias=1.0, scale=scale) for scale in scales}
fig, ax = plt.subplots()
for (scale, curve), line in zip(exploding.items(), ["-", "--", "-.", ":"], strict=True):
    ax.semilogy(curve, line, color=PALETTE["gradient"], label=f"{scale} · Wh")
ax.axhline(1, color=PALETTE["muted"], linewidth=1)
ax.set(xlabel="lag", ylabel="‖dx‖, lag 0 = 1", title="The side roads are as dangerous as ever")
ax.legend(loc="upper left")
plt.show()
exploded = exploding[8][100]
print(f"lag 100: {', '.join(f'{scale} · Wh: {curve[100]:.0e}' for scale, curve in exploding.items())}")

# %% [markdown]
# They can. The highway does not explode; the side roads through $W_h$ do, as in unit 2. That is why LSTMs are
# trained with clipping too. **What the LSTM cures is vanishing.**
#
# **Question 3 (3 points).** The lecture names two reasons why the way along $c$ is better than the way through a
# vanilla state: it is multiplied *entry by entry* instead of by a matrix, and by a *different* factor at each step
# instead of the same one. (a) What does the first reason have to do with singular values? (b) Suppose the forget gate
# were the same number 0.5 in all units at all steps. Which of the two reasons is then gone, and what about vanishing?
# And if it is different at every step, but 0.5 on average? (c) So what is the real reason?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_highway", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Entry by entry is a product with a diagonal matrix, whose singular values are the gates themselves: all between
# 0 and 1, so it stretches no direction and turns none; units do not mix, and each unit's gradient can be kept or
# dropped by itself. A full matrix mixes all units and may stretch some directions and squeeze others. (1 point)
#
# (b) The second reason is gone (always the same factor), and the gradient vanishes like $0.5^{\text{lag}}$. With
# factors that vary around 0.5 the product still falls exponentially (like the exponential of the mean logarithm,
# times the lag): being different at every step does not by itself prevent anything. (1 point)
#
# (c) That the factor *can be 1*, or very close to it, where it should: the gate depends on the input and is learned,
# and with $f \approx 1$ the state is handed on unchanged, so is the gradient. In a vanilla network the factor
# contains a slope of tanh and a matrix, and no setting of the weights makes all of them one for all states. (1 point)
# ### END SOLUTION

# %% [markdown]
# ### Experiment: the same idea, in depth
#
# Layers of a feed-forward network are like steps of a recurrent one, and deep networks had the same trouble. The
# remedies came from the LSTM, or were found again: **highway networks** (Srivastava, Greff & Schmidhuber, 2015) put a
# gate between a layer and a copy of its input; **ResNets** (He et al., 2016) do without the gate and simply add the
# input.

# %%
diagrams_gates.additive_paths()

# %% [markdown]
# A stack of 100 layers of 64 units, each with its own random matrix, is enough to see it: $x_{l+1} = F(x_l)$ with
# $F(x) = \tanh(x W_l)$; with the input added, $x_{l+1} = x_l + F(x_l)$; and with a gate $T$, fixed at 0.1, $x_{l+1} =
# (1 - T)\,x_l + T\,F(x_l)$. The step from one layer to the next is the one of your unit 2 (no input, the state goes
# through), and so is its backward pass.


# %%
def depth_profile(keep, add, layers=100, N=16, H=64):
    """Length of the gradient at the input of the last 1, 2, ... layers x -> keep * x + add * tanh(x W)."""
    draw = np.random.default_rng(3)
    x, no_input = draw.standard_normal((N, H)), np.zeros((N, 1))
    caches = []
    for _ in range(layers):
        W = 0.7 * draw.standard_normal((H, H)) / np.sqrt(H)
        branch, cache = rnn_step_forward(no_input, x, np.zeros((1, H)), W, np.zeros(H))
        x = keep * x + add * branch
        caches.append(cache)
    gradient = draw.standard_normal((N, H))
    lengths = [np.linalg.norm(gradient)]
    for cache in reversed(caches):
        _, through_branch, _, _, _ = rnn_step_backward(add * gradient, cache)
        gradient = keep * gradient + through_branch
        lengths.append(np.linalg.norm(gradient))
    return np.array(lengths) / lengths[0]


fig, ax = plt.subplots()
depth_end = {}
for name, keep, add, colour, line in [
    ("plain", 0, 1, "ink", ":"),
    ("input added (ResNet)", 1, 1, "hidden", "-"),
    ("gate fixed at 0.1 (highway network)", 0.9, 0.1, "input", "--"),
]:
    profile = depth_profile(keep, add)
    depth_end[name] = profile[-1]
    ax.semilogy(profile, line, color=PALETTE[colour], label=name)
ax.set(xlabel="layers back", ylabel="gradient, start = 1", title="An additive path in depth")
ax.legend(loc="lower left")
plt.show()
print(", ".join(f"{name}: {end:.0e}" for name, end in depth_end.items()))

# %% [markdown]
# The plain stack loses its gradient as a vanilla network does. With the input added it reaches the first of the
# hundred layers, and even grows on its way: nothing on that road is below 1, which is one reason why ResNets
# normalise. A *fixed* gate that keeps 0.9 behaves like a forget gate of 0.9, weak but alive after a hundred layers. A
# ResNet is an LSTM in depth whose forget gates are 1 for ever, as in the cell of 1997, and its input gates as well.

# %% [markdown]
# ## Against torch
#
# PyTorch's `torch.nn.LSTM` computes the same function, from weights that lie differently:
#
# | | ours | torch |
# |---|---|---|
# | order of the blocks | i, f, o, g | i, f, g, o |
# | input weights | `Wx` (D, 4H), `x @ Wx` | `weight_ih_l0` (4H, D), `x @ weight.T` |
# | hidden weights | `Wh` (H, 4H) | `weight_hh_l0` (4H, H) |
# | bias | one, (4H,) | two, `bias_ih_l0` and `bias_hh_l0`, which are added |
#
# (Two biases where one would do, because NVIDIA's cuDNN library has them.) The names say: input-to-hidden,
# hidden-to-hidden, layer 0.
#
# **Exercise 6 (6 points).** Write `to_torch_lstm`. It returns numpy arrays; no torch is needed in your module.

# %% nbgrader={"grade": true, "grade_id": "test_to_torch_lstm", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("to_torch_lstm")

# %% [markdown]
# In earnest: your weights go into a `torch.nn.LSTM`; both networks read the same sequences. Then the whole way back:
# torch differentiates its own LSTM, you have your derivation on paper. All differences should be rounding errors.

# %%
N, T, D, H = 5, 40, 7, 16
Wx, Wh, b = gated.init_lstm(D, H, 1.0, seed=4)
x, h0, dh = rng.standard_normal((N, T, D)), rng.standard_normal((N, H)), rng.standard_normal((N, T, H))
mirror = torch.nn.LSTM(D, H, batch_first=True, dtype=torch.float64)
mirror.load_state_dict({name: torch.tensor(np.array(w)) for name, w in gated.to_torch_lstm(Wx, Wh, b).items()})

h, cache = gated.lstm_forward(x, h0, Wx, Wh, b)
torch_x = torch.tensor(x, requires_grad=True)
torch_h, _ = mirror(torch_x, (torch.tensor(h0)[None], torch.zeros(1, N, H, dtype=torch.float64)))
torch_h.backward(torch.tensor(dh))
dx, _, dWx, dWh, db = gated.lstm_backward(dh.copy(), cache)
torch_parity = float(np.abs(h - torch_h.detach().numpy()).max())
torch_gradient_parity = {"dx": float(np.abs(dx - torch_x.grad.numpy()).max())}
moved = gated.to_torch_lstm(dWx, dWh, db)  # a gradient lies as its weight does
for name in ("weight_ih_l0", "weight_hh_l0"):
    torch_gradient_parity[name] = float(np.abs(moved[name] - getattr(mirror, name).grad.numpy()).max())
print(f"largest difference of h: {torch_parity:.0e} (h itself is up to {np.abs(h).max():.1f})")
print("of the gradients:", ", ".join(f"{name} {value:.0e}" for name, value in torch_gradient_parity.items()))

# %% [markdown]
# ## The GRU
#
# In 2014 Cho and others asked for less: one state instead of two, two gates instead of three. The *gated recurrent
# unit* has no separate memory; what it keeps is what it shows. Its **update gate** $z$ does the work of both $f$ and
# $i$: what is not kept is replaced. Its **reset gate** $r$ says how much of the old state the candidate may look at.

# %%
diagrams_gates.gru_cell()

# %% [markdown]
# ### Find the mistake
#
# Here are the GRU's equations as the lecture notes print them. They contain **two** mistakes. A hint: each of the
# first three lines should read both the input and the state, and each has weights of its own.
#
# $$\begin{aligned}
# r_t &= \sigma(W_{xr}x_t + W_{hr}h_{t-1} + b_r) \\
# z_t &= \sigma(W_{xz} + W_{hz}h_{t-1} + b_z) \\
# \hat h_t &= \tanh(W_{xz}x_t + W_{hh}(r_t \odot h_{t-1}) + b_h) \\
# h_t &= z_t \odot h_{t-1} + (1 - z_t) \odot \hat h_t
# \end{aligned}$$
#
# Found? Take your pencil and write them correctly *before* you read on; you will need them.
#
# In our conventions, with $W_x = (W_{xr} \mid W_{xz} \mid W_{xh})$ and the same for $W_h$ and $b$:
#
# $$r = \sigma(x W_{xr} + h_{t-1} W_{hr} + b_r), \qquad z = \sigma(x W_{xz} + h_{t-1} W_{hz} + b_z),$$
# $$\hat h = \tanh\bigl(x W_{xh} + (r \odot h_{t-1})\, W_{hh} + b_h\bigr), \qquad h_t = z \odot h_{t-1} + (1 - z) \odot \hat h .$$
#
# The line for $z$ lacked its $x_t$ (a shape error: a matrix cannot be added to a vector, so one finds it when one
# programs it), and the candidate used the update gate's $W_{xz}$ instead of its own $W_{xh}$ (no shape error: that
# one runs).
#
# One more trap, which is no mistake but a convention: in the paper's sense $z$ says how much is **kept**. Other texts
# and libraries swap the roles of $z$ and $1 - z$. The network does not care; whoever loads foreign weights does.
#
# | | shape |
# |---|---|
# | `x`; `prev_h`, `next_h`, $r$, $z$, $\hat h$ | (N, D); (N, H) each |
# | `Wx`, `Wh`, `b` | (D, 3H), (H, 3H), (3H,) |
#
# **Exercise 7 (6 points).** Write `gru_step_forward`. Note that $h_{t-1}$ meets the third block of `Wh` only after it
# has been reset, so the three blocks cannot all be done in one product.

# %% nbgrader={"grade": true, "grade_id": "test_gru_step_forward", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step_forward")

# %% [markdown]
# ## The GRU, backwards
#
# Right to left. Keep a list of all the ways in which $h_{t-1}$ acts; there are **four**, and their gradients add up.
#
# **1. The mixture** $h_t = z \odot h_{t-1} + (1 - z) \odot \hat h$:
#
# $$dz = dh_t \odot (h_{t-1} - \hat h), \qquad d\hat h = dh_t \odot (1 - z), \qquad \text{first way to } h_{t-1}: \; dh_t \odot z.$$
#
# **2. The candidate.** $da_h = d\hat h \odot (1 - \hat h^2)$. Its product with $W_{hh}$ had $r \odot h_{t-1}$ as
# input:
#
# $$d(r \odot h_{t-1}) = da_h\, W_{hh}^\top, \qquad dr = d(r \odot h_{t-1}) \odot h_{t-1}, \qquad
# \text{second way}: \; d(r \odot h_{t-1}) \odot r.$$
#
# **3. The gates.** $da_r = dr \odot r(1 - r)$ and $da_z = dz \odot z(1 - z)$; third and fourth way: $da_r
# W_{hr}^\top$ and $da_z W_{hz}^\top$.
#
# **4. The weights.** $dx = da\, W_x^\top$ and $dW_x = x^\top da$ with all three blocks of $da = (da_r \mid da_z \mid
# da_h)$ at once. In $dW_h$ the blocks have different inputs: $h_{t-1}^\top da_r$, $h_{t-1}^\top da_z$, but $(r \odot
# h_{t-1})^\top da_h$.
#
# Here the highway is the first way: $dh_t \odot z$, no matrix, no squashing.
#
# | gradient | made of | shape |
# |---|---|---|
# | $dh_{t-1}$ | four terms | (N, H) |
# | $da$ | $da_r, da_z, da_h$ side by side | (N, 3H) |
# | $dx$, $dW_x$, $db$ | as in the LSTM | (N, D), (D, 3H), (3H,) |
# | $dW_h$ | three blocks, two kinds of input | (H, 3H) |
#
# **Exercise 8 (15 points).** Write `gru_step_backward`.

# %% nbgrader={"grade": true, "grade_id": "test_gru_step_backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step_backward")

# %% [markdown]
# Over time the GRU is handled exactly like the vanilla network of unit 2: one state, one stream.
#
# **Exercise 9 (4 points).** Write `gru_forward`.

# %% nbgrader={"grade": true, "grade_id": "test_gru_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_forward")

# %% [markdown]
# **Exercise 10 (10 points).** Write `gru_backward`.

# %% nbgrader={"grade": true, "grade_id": "test_gru_backward", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_backward")

# %% [markdown]
# ### Experiment: the GRU on the highway
#
# The measurement of "The gradient highway" again. The bias of the GRU's update gate plays the part of the forget
# bias.

# %%
CELLS["GRU"] = (gated.gru_forward, gated.gru_backward)
for bias in (0, 1, 2):
    highway[f"GRU, update bias {bias}"] = influence("GRU", bias)
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(8.6, 3.6))
for ax, cell in zip(axes, ("LSTM", "GRU"), strict=True):
    ax.semilogy(highway["vanilla"], ":", color=PALETTE["ink"], label="vanilla")
    for bias, line in ((0, "-."), (1, "--"), (2, "-")):
        curve = highway[f"{cell}, {'forget' if cell == 'LSTM' else 'update'} bias {bias}"]
        ax.semilogy(curve, line, color=PALETTE[LOOKS[cell][0]], label=f"bias {bias}")
    ax.set(xlabel="lag", title=cell)
    ax.legend(loc="lower left")
axes[0].set_ylabel("‖dx‖, lag 0 = 1")
plt.show()
gru_ratio_50 = {bias: highway[f"GRU, update bias {bias}"][50] / highway["vanilla"][50] for bias in (0, 1, 2)}
print("GRU at lag 50, times vanilla:", ", ".join(f"bias {bias}: {r:.0e}" for bias, r in gru_ratio_50.items()))

# %% [markdown]
# **Question 4 (3 points).** (a) A GRU cannot count as the LSTM did in our first experiment. Why? (Look at what $h_t$
# is a mixture of.) (b) What does a GRU with $z = 0$ and $r = 1$ everywhere compute? (c) Somebody programs the notes'
# second mistake faithfully: the candidate uses $W_{xz}$. It runs and it learns. Would a gradient check find it? What
# would?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_gru", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) $h_t$ is a weighted mean of $h_{t-1}$ and $\hat h$, with weights $z$ and $1 - z$, and $\hat h$ lies between −1
# and 1. So if $h$ starts there it stays there; it can approach 1 but never count 1, 2, 3, … To add without letting go
# one needs $f$ and $i$ both near 1, and the GRU has them coupled. (1 point)
#
# (b) $h_t = \tanh(x W_{xh} + h_{t-1} W_{hh} + b_h)$: a vanilla RNN. (1 point)
#
# (c) A gradient check compares the backward pass with the forward pass that is there; if both use $W_{xz}$
# consistently (and add up its two contributions), the gradients are right for the wrong function, and it finds
# nothing. What finds it: comparison with an independent implementation (torch, or one's own slow version written from
# the paper), or noticing that the third block of `dWx` is always zero, that is, a weight that never changes. (1
# point)
# ### END SOLUTION

# %% [markdown]
# ## The GRU that torch computes
#
# Load your GRU's weights into `torch.nn.GRU`, and the outputs differ, in the first digit. Neither is wrong. The paper
# (and we) reset the *state* before the product; torch and cuDNN reset the *product*:
#
# $$\text{paper:}\quad \hat h = \tanh\bigl(x W_{xh} + (r \odot h_{t-1})\,W_{hh} + b_h\bigr), \qquad
# \text{torch:}\quad \hat h = \tanh\bigl(x W_{xh} + r \odot (h_{t-1} W_{hh}) + b_h\bigr).$$
#
# Why would one change it? Speed. In torch's form $h_{t-1} W_h$ can be computed for all three blocks in **one**
# product, at the same time as everything else; in the paper's form the third has to wait for $r$. (torch also has two
# biases; the one that belongs to $h_{t-1}W_{hh}$ stands inside the bracket that $r$ multiplies. With `bias_hh_l0` at
# zero and our `b` in `bias_ih_l0` it is the formula above.)
#
# The two forms agree where resetting and multiplying can be swapped: if all entries of $r$ are equal, as for $r = 1$,
# or if $W_{hh}$ is diagonal. They are different families of functions, and no conversion of the weights takes one
# into the other. Who wants to go on with weights from torch has to have torch's formula.
#
# **Exercise 11 (4 points).** Write `gru_step_reset_after`: the forward step only, with `b` outside of what $r$
# multiplies.

# %% nbgrader={"grade": true, "grade_id": "test_gru_step_reset_after", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gru_step_reset_after")

# %%
gru_params = start("GRU", D, H, bias=0.0, seed=4)
Wx, Wh, b = gru_params["Wx"], gru_params["Wh"], rng.standard_normal(3 * H)
mirror = torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)
weights = {"weight_ih_l0": Wx.T, "weight_hh_l0": Wh.T, "bias_ih_l0": b, "bias_hh_l0": np.zeros_like(b)}


def torch_gru(weights, x, h0):
    """What ``torch.nn.GRU`` makes of these weights: (N, T, H)."""
    mirror.load_state_dict({name: torch.tensor(np.array(weight)) for name, weight in weights.items()})
    with torch.no_grad():
        return mirror(torch.tensor(x), torch.tensor(h0)[None])[0].numpy()


def after(x, h, Wx, Wh, b):
    states = []
    for t in range(x.shape[1]):
        h = gated.gru_step_reset_after(x[:, t], h, Wx, Wh, b)
        states.append(h)
    return np.stack(states, axis=1)


from_torch = torch_gru(weights, x, h0)
gru_parity = float(np.abs(after(x, h0, Wx, Wh, b) - from_torch).max())
gru_before_differs = float(np.abs(gated.gru_forward(x, h0, Wx, Wh, b)[0] - from_torch).max())
diagonal = Wh.copy()
diagonal[:, 2 * H :] = np.diag(np.diag(Wh[:, 2 * H :]))
bridge = gated.gru_forward(x, h0, Wx, diagonal, b)[0] - torch_gru({**weights, "weight_hh_l0": diagonal.T}, x, h0)
gru_bridge = float(np.abs(bridge).max())
print(f"reset after the product, against torch.nn.GRU: {gru_parity:.0e}")
print(f"reset before it (the paper's GRU):             {gru_before_differs:.1f}")
print(f"the paper's GRU with a diagonal W_hh:          {gru_bridge:.0e}")

# %% [markdown]
# ## Problems that need a memory
#
# A gradient that arrives is necessary. Is it sufficient? We ask for behaviour: two problems, made up for this purpose
# in 1997, in which something has to be kept for a known number of steps, the `lag`.
#
# * **The adding problem.** A long sequence of random numbers between 0 and 1; two of them are marked. At the end: what is
#   the sum of the two? The first mark lies at least `lag` steps before the end, the second somewhere later. Who always
#   answers 1 has a mean squared error of $1/6 \approx 0.167$. Who remembers only one of the two numbers: $1/12$. We
#   call it solved below 0.01.
# * **The copy problem.** One of four symbols is shown, then nothing, and after `lag` steps it is asked for. Guessing is
#   right once in four times; solved is 99 percent.
#
# All cells have 32 units, the same examples, your `adam_step` and your `clip_grad_norm`. Learning stops when the
# problem is solved or the budget is used up. Both problems, and the loop `learn`, are in `coursekit/memory_tasks.py`.

# %%
example_x, example_y = AddingProblem(30).draw(1, np.random.default_rng(11))
marked = example_x[0, :, 1] == 1
fig, ax = plt.subplots(figsize=(8, 2.2))
ax.bar(np.arange(len(marked)), example_x[0, :, 0], color=np.where(marked, PALETTE["output"], "#CCCCCC"))
for place in np.flatnonzero(marked):
    ax.text(place, 1.03, f"{example_x[0, place, 0]:.2f}", ha="center", color=PALETTE["output"], fontweight="bold")
ax.set(xlabel="step", ylabel="number", ylim=(0, 1.25), title=f"Adding problem, lag 30: answer {example_y[0]:.2f}")
plt.show()

# %% [markdown]
# ### Experiment: adding, at lag 100
#
# 110 random numbers, of which 108 do not matter. Vanilla RNN, LSTM (forget bias 1), GRU (update bias 1).

# %%
tools = Tools(temporal_affine_forward, temporal_affine_backward, clip_grad_norm, adam_step)


def learn_adding(cell, lag, bias=1.0, seed=0, updates=700, lr=0.02):
    problem = AddingProblem(lag)
    params = start(cell, problem.inputs, 32, bias=bias, seed=seed)
    label = f"{cell}, lag {lag}"
    return learn(problem, CELLS[cell], params, tools, updates=updates, lr=lr, seed=seed, label=label)


adding = {(cell, 100): learn_adding(cell, 100) for cell in ("vanilla", "LSTM", "GRU")}
twice_as_long = learn_adding("GRU", 200, updates=300)

fig, ax = plt.subplots()
for (cell, _), run in adding.items():
    colour, line = LOOKS[cell]
    ax.semilogy(*zip(*run.marks, strict=True), line, marker="o", color=PALETTE[colour], label=cell)
for level, words in ((1 / 6, "always 1"), (1 / 12, "one of the two")):
    ax.axhline(level, color=PALETTE["muted"], linewidth=1)
    ax.text(705, level, words, va="center", color=PALETTE["muted"], fontsize=9)
ax.set(xlabel="update", ylabel="mean squared error", title="Adding two of 110 numbers")
ax.legend(loc="lower right")
plt.show()
adding_error = {cell: run.measured for (cell, _), run in adding.items()}
for cell, run in adding.items():
    print(f"{cell[0]:<8} error {run.measured:.4f} after {run.updates} updates")
print(f"GRU, lag 200: error {twice_as_long.measured:.4f} after {twice_as_long.updates} updates")

# %% [markdown]
# The vanilla network learns to say 1, and nothing else; it has not noticed that there are marks. (Other learning
# rates, from 0.001 to 0.02, did not help it in our trials, nor did an orthogonal $W_h$.) The LSTM looks just as
# hopeless for some hundred updates, and then falls off a cliff. **A flat loss curve does not say that nothing is
# being learned**, and not that something is.
#
# How can it be learned at all, if the gradient at lag 100 is as small as the highway picture says for a forget bias
# of 1? The second mark may lie anywhere. In some examples it lies just before the end: there the gradient arrives,
# and the network learns what a mark is. Whoever keeps a number for 5 steps has opened a forget gate a little, and
# then the gradient comes from 10. The short examples build the road for the long ones. (At lag 200 the GRU still
# needs few updates; the LSTM, with a forget bias of 2, had an error of 0.18 and of 0.02 after 500 updates in two
# trials of ours.)
#
# ### Experiment: growing lag
#
# The copy problem offers no such help: the lag is the same in all examples. Here the road has to be there at the
# start, or it will never be found. We raise the lag to 200, with several forget biases. Before you run it: which lag
# will each of them reach? (Take the highway picture, and assume that a gradient of a millionth still counts.)

# %%
copy_lags = [10, 50, 100, 200]
contenders = [("vanilla", 0), ("LSTM", 0), ("LSTM", 1), ("LSTM", 2), ("GRU", 0), ("GRU", 3)]
copied = np.zeros((len(contenders), len(copy_lags)))
copy_updates = np.zeros_like(copied)
for row, (cell, bias) in enumerate(contenders):
    for column, lag in enumerate(copy_lags):
        problem = CopyProblem(lag, temporal_softmax_loss)
        params = start(cell, problem.inputs, 32, problem.outputs, bias=bias)
        run = learn(
            problem, CELLS[cell], params, tools, updates=200, batch=32, every=25, label=f"{cell} {bias}, lag {lag}"
        )
        copied[row, column], copy_updates[row, column] = run.measured, run.updates

# %%
names = [cell if cell == "vanilla" else f"{cell}, bias {bias}" for cell, bias in contenders]
fig, ax = plt.subplots(figsize=(7.4, 4.2))
shown = ax.imshow(copied, vmin=0.2, vmax=1, aspect="auto")
for row in range(len(names)):
    for column in range(len(copy_lags)):
        value = copied[row, column]
        label = f"{value:.2f}" + (f"\n{copy_updates[row, column]:.0f} updates" if value >= 0.99 else "")
        ax.text(column, row, label, ha="center", va="center", fontsize=9, color="black" if value > 0.7 else "white")
ax.set_xticks(range(len(copy_lags)), copy_lags)
ax.set_yticks(range(len(names)), names)
ax.grid(False)
ax.set(xlabel="lag", title="Copy problem: share of symbols right after at most 200 updates")
fig.colorbar(shown, label="share right (guessing: 0.25)")
plt.show()
reached = {
    name: max([lag for lag, value in zip(copy_lags, row, strict=True) if value >= 0.99], default=0)
    for name, row in zip(names, copied, strict=True)
}
for name, lag in reached.items():
    print(f"{name:<14} largest lag solved: {lag}")

# %% [markdown]
# **With a bias of 0 neither cell with gates gets beyond the shortest lag**: their gates are half closed, and no
# gradient arrives that could open them. At long lags they do not even come near; they guess. With a bias of 2 or 3
# the same cells solve a lag of 200 within a few dozen updates or a few hundred. It is the *start* that decides here,
# not the architecture. (The vanilla network keeps a distinction or two of the four symbols at any lag, and with luck
# all of them. How it can, Question 5 asks.)
#
# Now look for a hole: where does a cell fail at a lag, and succeed at a longer one? Nothing in the theory says that
# 200 is easier than 100. **Each field of this picture is one single run**, and some runs get stuck: in three runs
# from different starts an LSTM with a bias of 1 solved lag 100 twice, and one with a bias of 3 lag 200 once. Even
# rounding can decide: of two programs for the vanilla network that differ in the last digits only, one solved a lag of
# 200 and the other did not. So some fields of your picture may look unlike what you have just read. Such a picture
# shows a tendency. A single field of it shows nothing.

# %% [markdown]
# **Question 5 (3 points).** (a) At the start a forget gate with bias $b_f$ keeps about $\sigma(b_f)$ per step. Which
# bias makes it keep a share of $1/e$ over a lag of $L$ steps? (Use $\sigma(b) \approx 1 - e^{-b}$ for large $b$.)
# What is that for $L = 200$? (b) If a large bias is so good, why not always take 10? (c) The vanilla network solved
# the copy problem at a small lag although nothing in it is built to keep anything. How can a tanh unit keep one bit
# for ever?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_bias", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) $(1 - e^{-b})^L \approx e^{-L e^{-b}} = 1/e$ gives $e^{b} = L$, so $b = \log L$; for 200 about 5.3. (Tallec and
# Ollivier, 2018, draw the biases between 0 and the logarithm of the longest lag.) (1 point)
#
# (b) Then nothing is ever forgotten. The cell state sums up all that the gates let in at every step, noise as well,
# like a random walk; it saturates $\tanh(c)$, where there is no gradient, and the gate itself is saturated too,
# $f(1-f) \approx 0$, so it can hardly learn to forget. For tasks with short memory a small bias is right. (1 point)
#
# (c) With a weight $w > 1$ onto itself a tanh unit has two stable fixed points, one positive and one negative; it
# stays on the side where it was put, and small disturbances die out: a latch. To hold it, though, slopes have to be
# below 1, and so the gradient through a latch that holds well vanishes: it can *be* there, and hardly be *learned*
# from far away. (1 point)
# ### END SOLUTION

# %% [markdown]
# ### Experiment: what the gates have learned
#
# Back to the LSTM that adds at lag 100. What did it make of its gates? We take one of its units: the one whose cell
# state at the end goes along best with the right answer, over 500 new sequences. For one sequence we draw what comes
# in, that unit's input and forget gates, and its cell state, with the sum of the marked numbers so far.


# %%
def watch_lstm(params, x):
    """Gates and cell states (N, T, H) over ``x``, by your step; the gates once more by their formulas."""
    N, H = len(x), params["Wh"].shape[0]
    h, c = np.zeros((N, H)), np.zeros((N, H))
    seen = {"i": [], "f": [], "c": []}
    for t in range(x.shape[1]):
        a = x[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        seen["i"].append(gated.sigmoid(a[:, :H]))
        seen["f"].append(gated.sigmoid(a[:, H : 2 * H]))
        h, c, _ = gated.lstm_step_forward(x[:, t], h, c, params["Wx"], params["Wh"], params["b"])
        seen["c"].append(c)
    return {name: np.stack(values, axis=1) for name, values in seen.items()}


adder = adding["LSTM", 100].params
watch_x, watch_y = AddingProblem(100).draw(500, np.random.default_rng(12))
seen = watch_lstm(adder, watch_x)
correlations = np.array([np.corrcoef(seen["c"][:, -1, unit], watch_y)[0, 1] for unit in range(32)])
adder_unit = int(np.abs(correlations).argmax())
adder_correlation = abs(correlations[adder_unit])
sign = np.sign(correlations[adder_unit])
marks = watch_x[:, :, 1] == 1
gate_at_marks, gate_elsewhere = (seen["i"][:, :, adder_unit][where].mean() for where in (marks, ~marks))
gates_opened = [seen["i"][:, :, unit][marks].mean() / seen["i"][:, :, unit][~marks].mean() for unit in range(32)]
typical_forget = np.median(seen["f"][:, :, adder_unit])

# %%
which = int(np.argmax(np.where(marks[:, 40:80].any(axis=1), watch_y, 0)))  # a late mark and a large sum: good to see
running = np.cumsum(watch_x[which, :, 0] * watch_x[which, :, 1])
fig, (one, two, three) = plt.subplots(3, 1, figsize=(8, 5.2), sharex=True)
steps = np.arange(len(running))
one.bar(steps, watch_x[which, :, 0], color=np.where(marks[which], PALETTE["output"], "#CCCCCC"))
one.set(ylabel="input", title="What comes in (marked: orange)")
two.plot(steps, seen["i"][which, :, adder_unit], color=PALETTE["output"], label="input gate i")
two.plot(steps, seen["f"][which, :, adder_unit], "--", color=PALETTE["hidden"], label="forget gate f")
two.set(ylabel="gate", ylim=(-0.05, 1.05), title=f"Gates of unit {adder_unit}")
two.legend(loc="center right")
three.plot(steps, sign * seen["c"][which, :, adder_unit], color=PALETTE["accent"], linewidth=3, label="its cell state")
three.set(xlabel="step", ylabel="c", title="Its cell state, and the sum so far (dotted, right axis)")
right = three.twinx()
right.step(steps, running, ":", where="mid", color=PALETTE["ink"])
right.set(ylim=(-0.1, 2.1), ylabel="sum so far")
right.grid(False)
plt.show()
print(f"unit {adder_unit}: correlation of its last cell state with the answer {adder_correlation:.2f}")
print(f"its input gate: {gate_at_marks:.2f} at marks, {gate_elsewhere:.2f} elsewhere; forget gate {typical_forget:.3f}")

# %% [markdown]
# Nobody told it so, and yet it reads like a program. The input gate is shut, and opens at the marks. The forget gate
# is open: keep. And the cell state goes up in two steps, each as high as the number that was marked: a register that
# adds. The bias of 1 that we gave the forget gate at the start has become, with the weights' help, a gate of nearly
# 1.000, for a hundred steps. This is what the cell was designed to be able to do, and here it was *learned*.

# %% [markdown]
# ## Which gates does it need?
#
# An LSTM has four blocks of weights, a GRU three. Are all of them necessary? In 2015 two groups took the cell apart.
# Jozefowicz, Zaremba and Sutskever tried thousands of machine-made cells; Greff and others removed or changed one
# part of the LSTM at a time and trained 5,400 networks. Their findings, in short: few parts matter much; the **forget
# gate** and the squashing of the output matter most; a **coupled** gate costs next to nothing; *peepholes* bring
# little.
#
# **The coupled gate** makes the LSTM write exactly as much as it forgets, as the GRU does: the input gate is not
# computed but set to $1 - f$. That saves a quarter of the weights; the blocks are now **f, o, g**:
#
# $$c_t = f \odot c_{t-1} + (1 - f) \odot g, \qquad h_t = o \odot \tanh(c_t).$$
#
# Backwards, one line changes. $f$ now acts in two ways: it keeps the old and it keeps out the new. Work out $df$ on
# paper before you write it.
#
# **Exercise 12 (4 points).** Write `coupled_step_forward`.

# %% nbgrader={"grade": true, "grade_id": "test_coupled_step_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("coupled_step_forward")

# %% [markdown]
# **Exercise 13 (8 points).** Write `coupled_step_backward`.

# %% nbgrader={"grade": true, "grade_id": "test_coupled_step_backward", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("coupled_step_backward")

# %%
coupled_errors = step_gradient_errors(gated.coupled_step_forward, gated.coupled_step_backward, blocks=3)
print("by your own gradient check:", ", ".join(f"d{name} {error:.0e}" for name, error in coupled_errors.items()))

# %% [markdown]
# ### Experiment: take one away
#
# You need not write new cells to remove a gate: a bias of 30 pins it open. So we can take away each of the three
# gates of *your* LSTM in turn, and add the coupled one. Without a forget gate it is the cell of 1997. The task:
# adding, at lag 40. (A pinned gate's weights get no gradient, $\sigma(1-\sigma) = 0$: it stays pinned.) Which one
# will be missed most?

# %%
CELLS["coupled"] = over_time(gated.coupled_step_forward, gated.coupled_step_backward, states=2)
BLOCKS["coupled"] = 3
variant_lag, width = 40, 32
variants = {}
for name, cell, block in [
    ("all gates", "LSTM", None),
    ("no input gate", "LSTM", 0),
    ("no forget gate (1997)", "LSTM", 1),
    ("no output gate", "LSTM", 2),
    ("coupled: i = 1 − f", "coupled", None),
]:
    problem = AddingProblem(variant_lag)
    params = start(cell, problem.inputs, width)
    if cell == "coupled":
        params["b"][:width] = 1.0  # its forget gate comes first
    if block is not None:
        params["b"][block * width : (block + 1) * width] = 30.0
    variants[name] = learn(problem, CELLS[cell], params, tools, updates=400, lr=0.02, every=25, label=name)

fig, ax = plt.subplots()
for (name, run), line in zip(variants.items(), ["-", "--", "-.", ":", (0, (5, 1, 1, 1))], strict=True):
    ax.semilogy(*zip(*run.marks, strict=True), linestyle=line, label=name)
ax.axhline(1 / 6, color=PALETTE["muted"], linewidth=1)
ax.set(xlabel="update", ylabel="mean squared error", title=f"Adding at lag {variant_lag}, one part missing")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
for name, run in variants.items():
    print(f"{name:<22} error {run.measured:.4f} after {run.updates} updates")

# %% [markdown]
# **The coupled cell learns fastest**, with three quarters of the weights; the complete LSTM comes next. Without its
# output gate it is slower, without its input gate slower still: then everything that goes by is written into the
# state, and the numbers that do not count must be kept out by the candidate alone. Without a forget gate nothing is
# learned in this budget: with $f = 1$ from the start and gates half open, the state of every unit sums up fifty steps
# of whatever came by. (The cell of 1997 was started with its input gates nearly shut, for that very reason.)
#
# One run each, one task, one learning rate: do not engrave it. Greff et al. needed their 5,400 networks to be sure of
# the order, and theirs is similar but not the same.

# %% [markdown]
# **Choose your own.** Nothing below is graded, and all of it can be checked with tools that you have.
#
# * **Peepholes** (Gers & Schmidhuber, 2000). A gate cannot see the cell state it governs if the output gate is closed. So give it
#   a look: $a_i$ and $a_f$ get a term $c_{t-1} \odot p_i$ and $c_{t-1} \odot p_f$, and $a_o$ gets $c_t \odot p_o$, with three
#   vectors of weights. Now $c_{t-1}$ acts in two more ways, and $c_t$ in one more.
# * **The minimal gated unit** (Zhou et al., 2016): a GRU with one gate for both, $r = z$.
# * **No tanh on the way out**: $h_t = o \odot c_t$.
#
# Write a step and its backward pass into a file of your own or into `gated.py`. Keep the form `(x, prev_h, prev_c,
# Wx, Wh, b)`, and the cell at the end of "The backward pass on paper" checks it:
# `step_gradient_errors(my_step_forward, my_step_backward, blocks=…)`. (Extra weights can be further blocks of `b`; the
# columns of `Wx` and `Wh` that belong to them stay unused, and their gradient is zero. A cell without $c$ hands
# `prev_c` on as it is.) Then `over_time` makes a network of it, which learns like the others above.

# %% [markdown]
# **Question 6 (3 points).** (a) In the coupled cell the state is a weighted mean of the old state and the candidate.
# Which ability of the LSTM is lost, and why can it add two numbers all the same? (b) A friend finds that on *their*
# task the forget gate is useless. Think of a task for which that will be true, and of one for which it certainly is
# not. (c) Above, each variant was trained once. What would you have to do before you print a table of which is best?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_variants", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Counting: with $f$ near 1 nothing gets in, and with room for the new some of the old goes; the state stays
# between −1 and 1. It adds all the same because it has 32 units and little to add: one unit may keep the first number
# and another the second (each closes after its mark), and the readout adds; or a state moves a small part of the way
# towards $g$ at each mark, within its bounds. (1 point)
#
# (b) Useless: every sequence asks one question, and what was stored never has to be erased (adding, copying).
# Necessary: a stream without end, in which stored things lose their meaning (text: close a bracket, begin a new
# line), because a cell that only adds would fill up. (1 point)
#
# (c) Train each several times with different seeds, each with a learning rate that was chosen for it in the same way
# (say, the best of the same five), on more than one task; report the spread, and choose on other data than those one
# reports. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Back to text
#
# Unit 3's vanilla network read Python. Does a better memory make a better reader? The comparison is only as good as
# it is fair, so: the same text, the same characters per update, **the same number of parameters** (an LSTM of the
# same width would have nearly four times as many weights). And since a cell with gates costs more per update, we look
# at the result twice: after equal numbers of *updates*, and after equal *time*.
#
# The measure is unit 3's: bits per character on text that no model has seen, together with the n-gram models of unit
# 3, computed on the same text. The state is carried from chunk to chunk, now with two parts for the LSTM; as in unit
# 3, gradients stop at the border and the state does not.

# %%
word_embedding = upstream("03_char_lm", "word_embedding_forward", "word_embedding_backward")
build_vocab, encode, decode = upstream("03_char_lm", "build_vocab", "encode", "decode")
tbptt_batches, bits_per_char = upstream("03_char_lm", "tbptt_batches", "bits_per_char")
layers = Layers(*word_embedding, temporal_affine_forward, temporal_affine_backward, temporal_softmax_loss)
readers = {
    "vanilla": CharModel.with_cell(rnn_step_forward, rnn_step_backward, layers),
    "LSTM": CharModel.with_cell(gated.lstm_step_forward, gated.lstm_step_backward, layers, states=2),
    "GRU": CharModel.with_cell(gated.gru_step_forward, gated.gru_step_backward, layers),
}

corpus = load_corpus("library", size=1_000_000)
vocab = build_vocab(corpus.text)
V = len(vocab)
train_ids, held_out = encode(corpus.train, vocab), encode(corpus.held_out, vocab)[:20_000]
ngram_bits = {order: KneserNey(train_ids, V, order).bits(held_out) for order in (1, 2, 3, 5)}
print(f"{len(train_ids):,} characters of Python to read, {len(held_out):,} to be judged by, {V} different ones")
print("n-grams, bits per character:", ", ".join(f"{order}-gram {bits:.2f}" for order, bits in ngram_bits.items()))


# %%
def start_reader(cell, H, D=32, bias=1.0):
    params = init_char_model(V, D, H, gates=BLOCKS[cell])
    if cell == "LSTM":
        params |= dict(zip(("Wx", "Wh", "b"), gated.init_lstm(D, H, bias), strict=True))
    elif cell == "GRU":
        params["b"][H : 2 * H] = bias
    return params


def count(params):
    return sum(weight.size for weight in params.values())


def judge(model):
    def held_out_bits(params):
        _, scores = read_text(model, params, held_out)
        return bits_per_char(scores[None, :-1], held_out[None, 1:])

    return held_out_bits


def reading(cell, params, updates, lr):
    model, batches = readers[cell], tbptt_batches(train_ids, 32, 50)
    return CharRun(
        model,
        params,
        batches,
        adam_step,
        lr=fading(lr, updates),
        clip=lambda grads: clip_grad_norm(grads, 10.0),
        judge=judge(model),
    )


budget = count(start_reader("vanilla", 128))
widths = {cell: max(H for H in range(8, 129) if count(start_reader(cell, H)) <= budget) for cell in readers}
parameters = {cell: count(start_reader(cell, H)) for cell, H in widths.items()}
for cell, H in widths.items():
    print(f"{cell:<8} {H:>3} hidden units, {parameters[cell]:,} parameters")

# %% [markdown]
# Each cell gets the learning rate that was best for it in a trial of two or three (0.006 for vanilla, 0.02 for the
# LSTM, 0.01 for the GRU), fading out towards the end. 500 updates of 1,600 characters are nearly one reading of the
# text.

# %%
text_updates = 500
readings = {
    cell: reading(cell, start_reader(cell, widths[cell]), text_updates, lr)
    for cell, lr in [("vanilla", 0.006), ("LSTM", 0.02), ("GRU", 0.01)]
}
for cell, run in readings.items():
    run.go(text_updates, every=100, label=f"{cell} reads")
text_bits = {cell: run.history.marks[-1][1] for cell, run in readings.items()}

fig, (one, two) = plt.subplots(1, 2, sharey=True, figsize=(8.6, 3.8))
for cell, run in readings.items():
    colour, line = LOOKS[cell]
    one.plot(*zip(*run.history.marks[1:], strict=True), line, marker="o", color=PALETTE[colour], label=cell)
    two.plot(*zip(*run.history.marks_in_seconds()[1:], strict=True), line, marker="o", color=PALETTE[colour])
for order, line in ((3, "--"), (5, "-")):
    for ax in (one, two):
        ax.axhline(ngram_bits[order], color=PALETTE["muted"], linestyle=line, linewidth=1)
    two.text(0.3, ngram_bits[order] + 0.02, f"{order}-gram", color=PALETTE["muted"], fontsize=9)
one.set(xlabel="updates", ylabel="bits per character, held out", title="At equal updates")
two.set(xlabel="processor seconds", xlim=(0, None), title="At equal time")
one.legend()
plt.show()
for cell, bits in text_bits.items():
    print(f"{cell:<8} {bits:.2f} bits after {readings[cell].history.seconds[-1]:.0f} s of processor time")
prompt = held_out[None, :100]
written = write_text(readers["GRU"], readings["GRU"].params, prompt, 300, temperature=0.7)
print("\nThe GRU goes on writing:\n" + decode(written[0], vocab))

# %% [markdown]
# No landslide this time. All three are better than a trigram (by how much depends on the text: with the library of
# another Python the LSTM is about level with it), none comes near the 5-gram, and they lie close together. At equal updates the GRU is ahead and vanilla second; the LSTM, with the most gates and the fewest hidden
# units, is last, in spite of all that its gradients can do. At equal time vanilla, whose updates are cheaper (if
# the steps are your own), draws about level with the GRU. What decides in so small a budget is not how far gradients
# reach, but how fast a cell learns the *nearest* ten characters, which are most of what there is to know. And all
# curves are still falling.
#
# ### The long run (optional)
#
# Where do they go? The next cell does nothing unless you change its first line. It trains a GRU of 160 units for
# 6,000 updates, ten readings of the text: five to ten minutes on an idle machine. It shows a bar and can be stopped;
# run again, it goes on, even in a new kernel, since it keeps its state in `long_run.npz`.

# %%
long_updates = 0  # set this to 6000 for the long run
wide = reading("GRU", start_reader("GRU", 160), long_updates or 1, 0.006)
if long_updates:
    history = wide.go(long_updates, every=500, keep="long_run.npz", label="a GRU of 160 units reads on")
    fig, ax = plt.subplots()
    ax.plot(*zip(*history.marks[1:], strict=True), "o-", color=PALETTE["input"], label="GRU, 160 units")
    ax.axhline(ngram_bits[5], color=PALETTE["muted"], label="5-gram")
    ax.set(xlabel="updates", ylabel="bits per character, held out", title="The long run")
    ax.legend()
    plt.show()
    print(f"{history.marks[-1][1]:.2f} bits against {ngram_bits[5]:.2f} of the 5-gram")
else:
    print("long_updates is 0: no long run")

# %% [markdown]
# We ran it (Python 3.11, seed 0, judged on all 99,929 held-out characters, where the 5-gram has 2.21 bits): 2.31 bits
# after 1,000 updates, 2.21 after 2,000, 2.17 after 3,000, and **2.10 after 6,000**, in six and a half minutes of
# processor time. So the recurrent network does pass the 5-gram: it draws level after three and a half readings of the
# text, with three times the weights of the networks above. A count of five-character strings is a strong opponent,
# and nobody who trains for a minute should believe otherwise. What the network has and the count has not is that it
# goes on getting better.

# %% [markdown]
# **Question 7 (3 points).** (a) On the adding problem the cells with gates win by a factor of twenty and more, on
# text the differences are small. What is it about text, and about these chunks of 50 characters, that makes memory
# count for so little here? (b) Why is "the same number of hidden units" an unfair comparison, and "the same number of
# parameters" perhaps too? Name two more things that one could hold equal. (c) What would you have to see on the
# right-hand picture to recommend the vanilla network to somebody with ten seconds, and another cell to somebody with
# ten hours?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_text", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Most of what can be known about the next character is in the last few characters (a 5-gram sees four of them and
# beats all of our networks); a vanilla network can keep those. What needs more (the open bracket, the variable's
# name, the indentation) concerns few characters, and is learned late. With chunks of 50 no gradient reaches further
# than 50 steps back anyway. (1 point)
#
# (b) With equal H the LSTM has about four times the weights and costs four times the time. With equal parameters it
# has about half the hidden units, that is, a smaller state to read the answer from, and still does more work per
# update. One could hold equal: computing time, memory, the size of the state, the effort spent on choosing learning
# rates. (1 point)
#
# (c) That its curve is lowest at the left, and flatter towards the end, so that the curves cross or are about to; and
# that the other one's is still falling where vanilla's has levelled off. (1 point)
# ### END SOLUTION

# %% [markdown]
# **Question 8 (3 points).** A summary of the lecture says: "Vanilla RNNs are simple but do not work very well; common
# to use LSTM or GRU: their additive interactions improve gradient flow." (The original writes LSRM and pradient; you
# may wonder whether anybody checked.) With what you have measured in this unit, (a) name one finding that supports
# the second half, with its number; (b) one that contradicts "do not work very well"; (c) one condition that has to be
# added to "improve gradient flow".

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_summary", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) For example: at lag 50, before training, the gradient of an LSTM with forget bias 2 is about $10^8$ times that
# of a vanilla network; or: at lag 100 LSTM and GRU add two numbers with an error below 0.01, the vanilla one not at
# all. (1 point, number included)
#
# (b) On text, at equal parameters and in this budget, the vanilla network is about as good as the gated cells and
# better than a trigram; or: it solves the copy problem at short lags; or unit 2's digits, at 98 percent. (1 point)
#
# (c) That the gate is open: with a forget bias of 0 the LSTM's gradient at lag 50 is no better than vanilla's. (Also
# right: the improvement concerns vanishing only, it explodes through $W_h$ as before.) (1 point)
# ### END SOLUTION

# %% [markdown]
# ## What you have, and what is next
#
# You have three cells with gates, derived, checked against numbers and against torch. You know what the additive path
# does to a gradient, that it has to be *opened*, what a cell can do with it, and that it neither prevents explosions
# nor makes every task easier.
#
# In **unit 5** the cells describe pictures: a convolutional network looks, a recurrent one writes. From there on
# torch differentiates; you know now what it does when it does that.
#
# **Sources.** S. Hochreiter and J. Schmidhuber, *Long short-term memory*, Neural Computation 9 (1997). F. Gers, J.
# Schmidhuber and F. Cummins, *Learning to forget: continual prediction with LSTM*, Neural Computation 12 (2000). F.
# Gers and J. Schmidhuber, *Recurrent nets that time and count*, IJCNN 2000. K. Cho et al., *Learning phrase
# representations using RNN encoder–decoder for statistical machine translation*, EMNLP 2014. R. Jozefowicz, W.
# Zaremba and I. Sutskever, *An empirical exploration of recurrent network architectures*, ICML 2015. R. Srivastava,
# K. Greff and J. Schmidhuber, *Training very deep networks*, NIPS 2015. K. He et al., *Deep residual learning for
# image recognition*, CVPR 2016. M. Arjovsky, A. Shah and Y. Bengio, *Unitary evolution recurrent neural networks*,
# ICML 2016. G.-B. Zhou et al., *Minimal gated unit for recurrent neural networks*, Int. J. Automation and Computing
# 13 (2016). K. Greff et al., *LSTM: a search space odyssey*, IEEE Trans. Neural Networks and Learning Systems 28
# (2017). C. Tallec and Y. Ollivier, *Can recurrent neural networks warp time?*, ICLR 2018. Documentation of
# `torch.nn.LSTM` and `torch.nn.GRU`.
