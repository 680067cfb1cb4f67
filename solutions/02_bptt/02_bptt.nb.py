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
# # Unit 2 · Backpropagation through time
#
# In unit 1 the weights of the network fell from the sky, or you set them by hand. From here on the network finds them
# itself. That takes an answer to one question:
#
# > A network has read fifty letters and then guessed wrong. **Which of its weights is to blame, how much, and at
# > which of the fifty steps?**
#
# The answer is a gradient, and the way to compute it is called *backpropagation through time*. It is fewer than a
# hundred lines of numpy, and you will write all of them. (What then goes down the gradient is a loop of six lines; we
# print it when you have the gradient to put into it.) On the way you will see why recurrent networks were hard to
# train for twenty years: the same lines can return a gradient of a billion, or one that has died on its way back.
#
# | section | you write | points |
# |---|---|---|
# | A gradient that cannot be wrong | `numerical_gradient` | 6 |
# | How wrong is wrong | `relative_error` | 2 |
# | One step back | `rnn_step_forward`, `rnn_step_backward` | 4, 10 |
# | Back through time | `rnn_forward`, `rnn_backward` | 4, 15 |
# | A readout at every step | `temporal_affine_forward`, `temporal_affine_backward` | 2, 6 |
# | A loss at every step | `temporal_softmax_loss` | 8 |
# | Steps that are too long | `clip_grad_norm` | 6 |
# | Truncated backpropagation | `truncated_bptt` | 12 |
# | Why gradients vanish and explode | `gradient_norms` | 5 |
# | Reading handwriting, row by row | nothing: you watch it learn | |
#
# Eight questions to answer in words bring another 24 points; a person reads those.

# %% [markdown]
# ## How to work
#
# As in unit 1: open `bptt.py` beside this notebook, write one function, save the file, run its `check`. The cells
# that follow a check are experiments with *your* functions; they need nothing but to be run, looked at and thought
# about. Make a guess before you run them. An exercise that you leave open does not block the next one's check, but an
# experiment that needs it stops with `NotImplementedError`. Your file may import Python's own modules, numpy, scipy and
# tqdm, nothing that differentiates for you.
#
# **Letters.** $N$ sequences in a batch, $T$ steps, $D$ numbers per input, $H$ per hidden state, $V$ classes. Batch
# first, weights act from the right. Formulas count steps from 1 to $T$, code from `0` to `T - 1`.
#
# **Gradients.** For any array $z$ we write $dz$ for the gradient of the loss with respect to it: $dz = \partial L /
# \partial z$, which **always has the shape of $z$**. That one sentence finds half of all mistakes in this unit.

# %%
from coursekit.place import find_module

find_module("bptt")  # goes to the folder of your file
# %load_ext autoreload
# %autoreload 1
# %aimport bptt
import logging

import bptt  # your file: edit it, save it, run the next cell; no restart needed
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from autograder import check
from coursekit import diagrams, diagrams_bptt, style
from coursekit.data import load_row_digits
from coursekit.progress import progress
from coursekit.training import SequenceClassifier, init_rnn, last_step_targets, minibatches, train
from coursekit.upstream import upstream

logging.getLogger("autoreload").disabled = True  # it would show each error in your file a second time
style.use()
PALETTE = style.PALETTE

# %% [markdown]
# ## A gradient that cannot be wrong
#
# Everything in this unit is a derivative, worked out on paper and typed in by a tired person at night. So before the
# first derivative we build the tool that catches wrong ones. It knows no calculus: it pushes one number a little up,
# then a little down, and looks at how the result moves,
#
# $$\frac{\partial f}{\partial x_i} \;\approx\; \frac{f(x + h\,e_i) - f(x - h\,e_i)}{2h},$$
#
# where $e_i$ is 1 at entry $i$ and 0 elsewhere. It is slow (two evaluations of $f$ for every single entry of $x$),
# and that is why we do not train with it. But to be wrong it would have to be wrong about *subtraction*.
#
# **How small should $h$ be?** Taylor's theorem, once to the right and once to the left:
#
# $$f(x \pm h) = f(x) \pm h f'(x) + \tfrac{h^2}{2} f''(x) \pm \tfrac{h^3}{6} f'''(x) + \dots$$
#
# Subtract the two. Everything of even order cancels, and after division by $2h$ there remains
#
# $$\frac{f(x+h) - f(x-h)}{2h} = f'(x) + \underbrace{\tfrac{h^2}{6} f'''(x) + \dots}_{\text{truncation: smaller with smaller } h}$$
#
# So the smaller, the better? A computer knows $f(x)$ only to about $\varepsilon\,|f(x)|$ with $\varepsilon = 2^{-53}
# \approx 1.1 \cdot 10^{-16}$. That error is divided by $h$ like everything else:
#
# $$\text{error}(h) \;\approx\; \underbrace{\frac{\varepsilon\,|f|}{h}}_{\text{rounding}} \;+\; \underbrace{\frac{h^2}{6}\,|f'''|}_{\text{truncation}}.$$
#
# One term grows as $h$ shrinks, the other falls. Setting the derivative with respect to $h$ to zero gives the best
# compromise $h^* = \sqrt[3]{3\,\varepsilon\,|f| / |f'''|}$: with $|f| \approx |f'''|$ that is about $7 \cdot
# 10^{-6}$. Hence the default `h=1e-5` in your stub.

# %% [markdown]
# **When $f$ returns an array.** Then there is no single slope, but usually a gradient `df` that says how much the
# loss cares for each entry of the result. By the chain rule, what we want is
#
# $$\frac{\partial L}{\partial x_i} = \sum_k \mathrm{df}_k \, \frac{\partial f_k}{\partial x_i},$$
#
# where $k$ runs over all entries of $f(x)$. The same two evaluations give all $\partial f_k / \partial x_i$ for one
# $i$ at once.
#
# | | shape |
# |---|---|
# | `x`, and the gradient you return | any, the same for both |
# | `f(x)`, `df` | any, the same for both; or a number and `None` |
#
# **Exercise 1 (6 points).** Write `numerical_gradient` in `bptt.py`. Two things to watch: `x` must hold its old
# values again when you return; and `f` may hand you back the very array that you are about to change.

# %% nbgrader={"grade": true, "grade_id": "test_numerical_gradient", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("numerical_gradient")

# %% [markdown]
# ### Experiment: the best step
#
# Is the compromise real? We take a function whose derivative we know, $f(x) = \sum_i e^{\sin x_i}$, and measure the
# error of *your* function for steps from $10^{-13}$ to $1$. Beside it: the one-sided quotient $(f(x+h) - f(x))/h$
# that school books use. Before you run the cell, guess which of the two is better, and by how much.

# %%
rng = np.random.default_rng(0)
point = rng.standard_normal(20)
exact = np.cos(point) * np.exp(np.sin(point))


def wiggle(x):
    return np.sum(np.exp(np.sin(x)))


def one_sided_gradient(h):
    return np.array([(wiggle(point + h * e) - wiggle(point)) / h for e in np.eye(len(point))])


steps = 10.0 ** np.arange(-13, 0.25, 0.5)
centred = np.array([np.abs(bptt.numerical_gradient(wiggle, point, h=h) - exact).max() for h in steps])
one_sided = np.array([np.abs(one_sided_gradient(h) - exact).max() for h in steps])

fig, ax = plt.subplots()
ax.loglog(steps, centred, "o-", color=PALETTE["gradient"], label="centred (yours)")
ax.loglog(steps, one_sided, "s--", color=PALETTE["input"], label="one-sided")
ax.axvline(1e-5, color=PALETTE["muted"], linestyle=":", label="h = 1e-5")
ax.set(xlabel="step h", ylabel="largest error", title="Too small is as bad as too large")
ax.legend(loc="lower left")
plt.show()

# %%
best_h, best_error = steps[centred.argmin()], centred.min()
best_h_one_sided, best_error_one_sided = steps[one_sided.argmin()], one_sided.min()
right, left = (steps > 2e-4) & (steps < 0.2), steps < 2e-8
slope_right = np.polyfit(np.log(steps[right]), np.log(centred[right]), 1)[0]
slope_left = np.polyfit(np.log(steps[left]), np.log(centred[left]), 1)[0]
print(f"centred:   best h {best_h:.0e}, error there {best_error:.0e}")
print(f"one-sided: best h {best_h_one_sided:.0e}, error there {best_error_one_sided:.0e}")
print(f"slopes of your curve in the log-log plot: {slope_left:+.2f} on the left, {slope_right:+.2f} on the right")

# %% [markdown]
# The two arms of the V are the two terms of the error formula. On the right the slope is $+2$: a step ten times
# larger costs a factor hundred, as $h^2$ says. On the left it is close to $-1$: rounding, $\varepsilon|f|/h$.
#
# How much is lost where they meet? The best $h$ is about $\varepsilon^{1/3}$, and there the rounding term is
# $\varepsilon / \varepsilon^{1/3} = \varepsilon^{2/3}$: a third of the sixteen digits of a float is gone. In the
# one-sided quotient nothing cancels the term with $f''$, so its truncation falls only with $h$. The two arms,
# $\varepsilon/h$ and $h$, meet higher up, at $h = \varepsilon^{1/2}$, and half of the digits are gone.

# %% [markdown]
# **Question 1 (3 points).** "A derivative is the limit for $h \to 0$", says a friend, and checks gradients with `h =
# 1e-15`. The point $x$ has entries of size 1. What will they see, and why? For what size of $x$ would it be even
# worse, whatever $f$ is?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_step_size", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# They see numbers that have little to do with the gradient. The two values of $f$ agree in nearly all their digits,
# so their difference consists of rounding errors of size $\varepsilon|f| \approx 10^{-16}$, and division by $2 \cdot
# 10^{-15}$ blows these up to errors of some ten percent. Besides, $x \pm h$ itself is rounded: near 1 floats are
# about $2 \cdot 10^{-16}$ apart, so the step that is really made differs from $10^{-15}$ by up to ten percent. (2
# points: that values are equal in most digits, and what the division does.)
#
# For larger $x$ it is worse, whatever $f$ is: near 100 floats are $1.4 \cdot 10^{-14}$ apart, so $x + h$ *is* $x$,
# and the quotient is exactly 0. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## How wrong is wrong
#
# The check above compared two gradients and found a difference of, say, $10^{-6}$. Good or bad? If the entries are
# around $100$, that is eight correct digits. If they are around $10^{-7}$, nothing is right at all. A difference
# means something only relative to the size of what is compared, so we take, entry by entry,
#
# $$\frac{|a - b|}{\max(10^{-8},\; |a| + |b|)}$$
#
# and of all entries the largest, because one wrong entry is a wrong gradient. Three remarks on the formula:
#
# * It treats $a$ and $b$ alike, and cannot exceed 1 (the triangle inequality: $|a-b| \le |a|+|b|$). It *is* 1 where
#   the signs differ, or where one of the two is 0 (unless both are tiny: see below).
# * The $10^{-8}$ keeps us from dividing $0$ by $0$; where both are exactly zero the error is zero, as it should be.
# * The same $10^{-8}$ makes it lenient for entries that are themselves tiny. Numerical gradients have errors of about
#   $10^{-10}$, and an entry of $10^{-12}$ cannot be checked with them at all.
#
# | | shape |
# |---|---|
# | `a`, `b` | any, the same for both |
# | result | a single float |
#
# **Exercise 2 (2 points).** Write `relative_error` in `bptt.py`.

# %% nbgrader={"grade": true, "grade_id": "test_relative_error", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("relative_error")

# %% [markdown]
# ### Experiment: what typical mistakes look like
#
# We know the right derivative of $\sum_i r_i\, e^{\sin x_i}$. Now we compute it wrongly in four ways that everybody
# has tried at some time, and hold each against your numerical gradient. How far is each of them from "right"?

# %%
weight = rng.standard_normal(20)
wave = np.exp(np.sin(point))
off_in_one_entry = weight * np.cos(point) * wave
off_in_one_entry[7] *= 1.001
candidates = {
    "correct": weight * np.cos(point) * wave,
    "one of 20 entries off by 0.1 %": off_in_one_entry,
    "inner derivative forgotten": weight * wave,
    "upstream gradient forgotten": np.cos(point) * wave,
    "wrong sign": -weight * np.cos(point) * wave,
}
numerical = bptt.numerical_gradient(lambda x: np.exp(np.sin(x)), point, df=weight)
in_float32 = bptt.numerical_gradient(lambda x: np.exp(np.sin(x.astype(np.float32))), point, df=weight)
errors = {name: bptt.relative_error(gradient, numerical) for name, gradient in candidates.items()}
errors["correct, but f computed in float32"] = bptt.relative_error(candidates["correct"], in_float32)

fig, ax = plt.subplots(figsize=(8, 3))
colours = [PALETTE["good"]] + [PALETTE["bad"]] * 4 + [PALETTE["muted"]]
ax.barh(list(errors), list(errors.values()), color=colours, left=1e-12)
ax.axvspan(1e-7, 1e-4, color=PALETTE["muted"], alpha=0.2, zorder=0)
ax.text(3e-6, -0.75, "look closer", ha="center", fontsize=9, color=PALETTE["muted"])
ax.set(xscale="log", xlim=(1e-12, 2), xlabel="relative error", title="Mistakes are loud")
ax.invert_yaxis()
plt.show()

# %% [markdown]
# A gap of many orders of magnitude lies between right and wrong; even a tenth of a percent in one entry of twenty
# stands out. As a rule of thumb in float64: below $10^{-7}$ the derivative is right, above $10^{-4}$ it is wrong,
# between them look closer. And mind the last bar: in float32 a *correct* gradient fails, because $\varepsilon$ is $6
# \cdot 10^{-8}$ there and the rounding arm of the V moves up. Networks are happily trained in float32; gradients are
# checked in float64.

# %% [markdown]
# ## One step back
#
# Now the network. One step of it, as in unit 1, in two parts: the pre-activation $a_t$ and the squashing,
#
# $$a_t = x_t W_x + h_{t-1} W_h + b, \qquad h_t = \tanh(a_t).$$

# %%
diagrams_bptt.step_graph()

# %% [markdown]
# Somebody to the right hands us $dh_t = \partial L/\partial h_t$ (how they got it is the next section's business). We
# walk the orange arrows from right to left, one box at a time, and at each box ask one question: *if this number
# moved a little, which later numbers would move, and by how much?* Index $n$ counts the sequences of the batch, $d$
# the inputs, $i$ and $j$ hidden units.
#
# **Through tanh.** Entry $a_{nj}$ moves only $h_{nj}$. With $\tanh' = 1 - \tanh^2$,
#
# $$da_{nj} = dh_{nj}\,\bigl(1 - h_{nj}^2\bigr).$$
#
# What stands in the bracket is the *value that went forward*: $h_t$, not $dh_t$. By the time the gradient comes back,
# somebody must have kept it. So each of our forward functions returns two things: its result, and a **cache**, a tuple
# of whatever arrays its backward function will want to see again.
#
# **Through the sum.** $a$ is a sum of three terms; each of them gets $da$ unchanged.
#
# **To the previous state.** $h_{ni}$ (of step $t-1$) enters *every* $a_{nj}$, through the weight $W_{h,ij}$.
# Contributions of all the ways a number can act add up:
#
# $$dh^{\text{prev}}_{ni} = \sum_j da_{nj}\, W_{h,ij}.$$

# %% [markdown]
# **To the weights.** $W_{h,ij}$ carries $h_i$ to $a_j$, and does so in every one of the $N$ sequences of the batch.
# The loss counts all of them, so we sum over $n$:
#
# $$dW_{h,ij} = \sum_n h^{\text{prev}}_{ni}\, da_{nj}.$$
#
# The input goes through $W_x$ exactly as the state goes through $W_h$: $dx_{nd} = \sum_j da_{nj} W_{x,dj}$ and
# $dW_{x,dj} = \sum_n x_{nd}\, da_{nj}$. **The bias** $b_j$ is added to $a_{nj}$ in every sequence: $db_j = \sum_n
# da_{nj}$.
#
# Each of these sums is a matrix product or a sum along an axis. Which factor is transposed, and on which side it
# stands, you need not remember: the shapes leave one possibility only, as long as no two of $N$, $D$, $H$ are equal.
#
# | gradient | sum over | made of | shape |
# |---|---|---|---|
# | $da$ | nothing | $dh_t$ (N, H), $h_t$ (N, H) | (N, H) |
# | $dx$ | hidden units | $da$ (N, H), $W_x$ (D, H) | (N, D) |
# | $dh_{t-1}$ | hidden units | $da$ (N, H), $W_h$ (H, H) | (N, H) |
# | $dW_x$ | sequences | $x_t$ (N, D), $da$ (N, H) | (D, H) |
# | $dW_h$ | sequences | $h_{t-1}$ (N, H), $da$ (N, H) | (H, H) |
# | $db$ | sequences | $da$ (N, H) | (H,) |
#
# One row is a trap: $W_h$ is square, so the shape of $dh_{t-1}$ comes out right whether or not you transpose. There
# only the formula helps. (And the gradient check.)
#
# **Exercise 3 (4 points).** Write `rnn_step_forward` in `bptt.py`: the step of unit 1, and a cache. What the cache
# holds is up to you; look at the table, and put into it what the backward formulas need.

# %% nbgrader={"grade": true, "grade_id": "test_rnn_step_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_step_forward")

# %% [markdown]
# **Exercise 4 (10 points).** Write `rnn_step_backward`: the six formulas, from right to left.

# %% nbgrader={"grade": true, "grade_id": "test_rnn_step_backward", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_step_backward")

# %% [markdown]
# You need not take the check's word for it. Here is the whole idea of the first two sections in use: your backward
# function against your own numerical gradient of your own forward function. Keep this cell in mind; it works for any
# layer you will ever write. All five errors should be below $10^{-6}$; if they are not although the checks passed,
# look for a float32 in your forward function.

# %%
N, D, H = 4, 3, 5
shapes = {"x": (N, D), "prev_h": (N, H), "Wx": (D, H), "Wh": (H, H), "b": (H,)}
values = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
dnext_h = rng.standard_normal((N, H))

_, cache = bptt.rnn_step_forward(**values)
gradients = dict(zip(shapes, bptt.rnn_step_backward(dnext_h.copy(), cache), strict=True))
step_errors = {}
for name in shapes:

    def forward_as_function_of(z, name=name):
        return bptt.rnn_step_forward(**{**values, name: z})[0]

    by_hand = bptt.numerical_gradient(forward_as_function_of, values[name].copy(), df=dnext_h)
    step_errors[name] = bptt.relative_error(gradients[name], by_hand)
    print(f"d{name:<7} shape {str(gradients[name].shape):<7} relative error {step_errors[name]:.0e}")

# %% [markdown]
# ### Experiment: a unit that shouts does not listen
#
# $1 - h^2$ is largest, namely 1, where the unit is silent ($h = 0$), and next to nothing where $h$ is close to $\pm
# 1$: a *saturated* unit. We turn up the volume of the input, leave all else alone, and watch how much of $dh_t$ gets
# back to the previous state, and how much to the weights that the loud input goes through. Will both die?

# %%
N, D, H = 200, 8, 32
x, prev_h = rng.standard_normal((N, D)), 0.5 * rng.standard_normal((N, H))
start = init_rnn(D, H, 2, seed=1)  # Wh orthogonal: it passes gradients on at their full length
dnext_h = rng.standard_normal((N, H))
volumes = 10.0 ** np.arange(-1, 2.1, 0.25)
to_state, to_weights = [], []
for volume in volumes:
    _, cache = bptt.rnn_step_forward(volume * x, prev_h, start["Wx"], start["Wh"], start["b"])
    _, dprev_h, dWx, _, _ = bptt.rnn_step_backward(dnext_h.copy(), cache)
    to_state.append(np.linalg.norm(dprev_h) / np.linalg.norm(dnext_h))
    to_weights.append(np.linalg.norm(dWx) / np.linalg.norm(dnext_h))

fig, (one, two) = plt.subplots(1, 2)
one.semilogx(volumes, to_state, "o-", color=PALETTE["hidden"])
one.axhline(1, color=PALETTE["muted"], linestyle=":")
one.set(xlabel="volume of the input", ylabel="‖dprev_h‖ / ‖dnext_h‖", ylim=(0, 1.1), title="Back to the state")
two.loglog(volumes, to_weights, "o-", color=PALETTE["weight"])
two.set(xlabel="volume of the input", ylabel="‖dWx‖ / ‖dnext_h‖", title="Back to the weights")
plt.show()
passed_quiet, passed_loud = to_state[0], to_state[-1]
weights_quiet, weights_loud = to_weights[0], to_weights[-1]

# %% [markdown]
# The way back through the state closes: where units saturate, the past cannot be corrected any more. The weights'
# gradient does *not* die with it; it even grows, because in $dW_x$ the small $da$ is multiplied by the loud $x$. So a
# network with inputs on a large scale gets large updates of $W_x$ and learns next to nothing across time. One more
# reason to scale one's inputs.

# %% [markdown]
# **Question 2 (3 points).** A fellow student caches $a_t$ in place of $h_t$ and writes $da = dh_t\,(1 - a_t^2)$. For
# which inputs will the result be nearly right all the same? What do they see when a unit saturates, say at $a = 3$?
# Would training notice?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_saturation", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# For small pre-activations $\tanh a \approx a$, so $1 - a^2 \approx 1 - \tanh^2 a$: with small weights and inputs, as
# at the start of training, the result is nearly right (the factor is off by about $2a^4/3$). (1 point)
#
# At $a = 3$ the right factor is $1 - \tanh^2 3 \approx 0.01$; theirs is $1 - 9 = -8$: the wrong sign, and 800 times
# too large. (1 point)
#
# Training begins well and goes wrong as soon as units saturate, which looks like a learning rate that is too high. So
# it would be noticed late, and blamed on something else; a gradient check with entries of size 1 shows it at once. (1
# point)
# ### END SOLUTION

# %% [markdown]
# ## Back through time
#
# Unrolled, a recurrent network is a deep feed-forward network with two peculiarities: it gets a new input at every
# layer, and **all layers share one set of weights**. The name *backpropagation through time* (Werbos, 1990) sounds
# like a new algorithm. It is backpropagation in that unrolled network. All that is new follows from the two
# peculiarities.

# %%
diagrams.unrolled(4, backward=True)

# %% [markdown]
# **Forward** there is nothing to do but what you did in unit 1: start from $h_0$, apply the step $T$ times, keep
# every state, and now every cache too.
#
# **Backward, first peculiarity: two streams.** Let the loss be a sum over the steps, $L = L_1 + \dots + L_T$, where
# $L_t$ looks at $h_t$. (If only the last step is judged, the others are zero.) How does $h_t$ act on $L$? In two
# ways: at once, through $L_t$; and later, through $h_{t+1}$, on which all later losses depend. By the chain rule the
# two add up:
#
# $$\underbrace{\frac{\partial L}{\partial h_t}}_{\text{total}} \;=\; \underbrace{\frac{\partial L_t}{\partial h_t}}_{\text{from above}}
# \;+\; \underbrace{\frac{\partial L}{\partial h_{t+1}}\,\frac{\partial h_{t+1}}{\partial h_t}}_{\text{from the future}}$$

# %%
diagrams_bptt.two_streams()

# %% [markdown]
# The first term is what the argument `dh[:, t]` of your function holds: somebody above has computed it, knowing
# nothing of time. The second term you know already! "The total gradient at $h_{t+1}$, sent through one step back to
# its previous state" is what `rnn_step_backward` calls `dprev_h`. So the equation is a recursion, and it runs from
# the end: behind the last step there is no future, so the second term is zero at $t = T$; each step adds its two
# streams, goes one step back, and hands the result to the step before. What arrives before the first step is the
# gradient of $h_0$.
#
# **Second peculiarity: shared weights.** Pretend for a moment that every step had its own copy of the matrix,
# $W_h^{(1)}, \dots, W_h^{(T)}$. Then step $t$ of our recursion gives the gradient of copy $t$ and of no other. But
# the copies are one matrix, $W_h^{(1)} = \dots = W_h^{(T)} = W_h$: push one entry of $W_h$, and that entry moves just as
# much in every copy. So each copy's gradient counts with a factor of 1, and the chain rule over all the ways in which
# $W_h$ acts reads
#
# $$\frac{\partial L}{\partial W_h} = \sum_{t=1}^{T} \frac{\partial L}{\partial W_h^{(t)}}.$$
#
# *The gradient of a shared weight is the sum over the places where it is used.* The same holds for $W_x$ and $b$. It
# does not hold for $x_t$: every step has its own input, and so $dx_t$ is what step $t$ returned, neither summed nor
# carried on.
#
# | gradient | from the steps | shape |
# |---|---|---|
# | $dx$ | each step its own slice | (N, T, D) |
# | $dh_0$ | what leaves the first step at its left | (N, H) |
# | $dW_x$, $dW_h$, $db$ | summed over steps | (D, H), (H, H), (H,) |
#
# **Exercise 5 (4 points).** Write `rnn_forward` in `bptt.py`, by calling your step function.

# %% nbgrader={"grade": true, "grade_id": "test_rnn_forward", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_forward")

# %% [markdown]
# **Exercise 6 (15 points).** Write `rnn_backward`, by calling your step's backward function. One warning for the
# night before the deadline: if you add into an array with `+=`, make sure that it is *your* array, and not the
# caller's `dh`.

# %% nbgrader={"grade": true, "grade_id": "test_rnn_backward", "locked": true, "points": 15, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("rnn_backward")

# %% [markdown]
# The hidden states should be those of unit 1's `unroll`; only the caches are new. The next cell takes your own
# function of unit 1 if it passes its check, and a stand-in if not; it says which.

# %%
unroll = upstream("01_vanilla_rnn", "unroll")

N, T, D, H = 3, 8, 2, 4
x, h0 = rng.standard_normal((N, T, D)), rng.standard_normal((N, H))
Wx, Wh, b = rng.standard_normal((D, H)), 0.7 * rng.standard_normal((H, H)), rng.standard_normal(H)
h, cache = bptt.rnn_forward(x, h0, Wx, Wh, b)
same_as_unit_1 = bool(np.allclose(h, unroll(x, h0, Wx, Wh, b)))
print("rnn_forward computes what unroll did:", same_as_unit_1)

# %% [markdown]
# ### Experiment: cut the knot, count the shares
#
# The argument with the copies can be carried out in earnest. The cell below really gives every step its own copy of
# $W_h$, differentiates *numerically* with respect to each copy, and holds their sum against the one matrix that your
# `rnn_backward` returned. It does so for two losses: one that judges the last state only, and one that judges every
# state. How large will the share of step 1 be?

# %%
judge = rng.standard_normal((N, T, H))
only_last = np.zeros((N, T, H))
only_last[:, -1] = judge[:, -1]


def with_own_copies(copies):
    states, state = [], h0
    for t in range(T):
        state, _ = bptt.rnn_step_forward(x[:, t], state, Wx, copies[t], b)
        states.append(state)
    return np.stack(states, axis=1)  # (N, T, H)


fig, ax = plt.subplots()
copies_errors, shares = {}, {}
for name, dh, shift, colour in [("last step only", only_last, -0.2, "gradient"), ("every step", judge, 0.2, "input")]:
    per_copy = bptt.numerical_gradient(with_own_copies, np.stack([Wh] * T), df=dh)  # (T, H, H)
    dWh = bptt.rnn_backward(dh.copy(), cache)[3]
    copies_errors[name] = bptt.relative_error(per_copy.sum(axis=0), dWh)
    shares[name] = np.linalg.norm(per_copy, axis=(1, 2))
    ax.bar(np.arange(1, T + 1) + shift, shares[name], width=0.4, color=PALETTE[colour], label=f"loss on {name}")
    print(f"loss on {name:<14}: sum over the copies against your dWh: relative error {copies_errors[name]:.0e}")
    cache = bptt.rnn_forward(x, h0, Wx, Wh, b)[1]  # a fresh one: some backward functions use theirs up
ax.set(xlabel="step t", ylabel="size of step t's share of dWh", title="Who contributes to the gradient")
ax.legend()
plt.show()
first_share = shares["last step only"][0] / shares["last step only"][-1]
print(f"with the loss on the last step only, step 1 contributes {first_share:.1%} of what step {T} does")

# %% [markdown]
# The sums agree to many digits: the derivation holds. And the picture shows what the rest of this unit is about. With
# the loss at the end only, the shares shrink towards the past: the further a step lies back, the less it has a say in
# how the weights change, though it may have been the one that mattered. We shall find out why. With a loss at every
# step no share is small: there is always a loss close by. (That the blue bars are so uneven is the luck of the draw.)

# %% [markdown]
# **Question 3 (3 points).** Someone writes `dWh = dWh_t` in the loop where the sum belongs, and trains the digit
# reader of the last section. (a) Which step's share do they keep? (b) Their loss goes down nevertheless (tried: some
# 95 percent of the test images are right in the end), and with $T = 1$ they pass every gradient check. Why? (c) Would
# taking the *mean* over the steps be wrong in the same way?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_shared_sum", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) The loop runs backward, so the last assignment is that of step 1: they keep the share that is usually the
# smallest. (1 point)
#
# (b) With $T = 1$ the sum has one term, and nothing is missing. In training, the gradients of the readout and of the
# other weights are still right, and the loss falls by those; one share of the gradient of $W_h$ often points roughly
# downhill too. It falls more slowly, and to a worse end. (1 point)
#
# (c) Not in the same way: the mean is the sum divided by $T$, so with $T$ fixed its direction is right, and the
# learning rate can make up for the size. Still it is not the gradient of the loss: it fails a gradient check, and
# with sequences of different lengths, or next to weights whose gradients are not divided, the joint direction is
# wrong. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## A readout at every step
#
# The hidden state is for the network; the world wants scores, one per class. In unit 1 a readout turned one state
# into one output. Here it is at work at every step, with the same weights each time:
#
# $$s_{ntm} = \sum_d h_{ntd}\, w_{dm} + b_m.$$
#
# It has no memory and no squashing, and by now you could derive its gradients yourself. Once more the question: where
# does a number act? $h_{ntd}$ acts on all the scores $m$ of *its own* sequence and step. $w_{dm}$
# acts in every sequence *and at every step*; so does $b_m$. Hence
#
# $$dh_{ntd} = \sum_m ds_{ntm}\, w_{dm}, \qquad dw_{dm} = \sum_n \sum_t h_{ntd}\, ds_{ntm}, \qquad db_m = \sum_n \sum_t ds_{ntm}.$$
#
# In the module, as this is a layer like any other, the input is called `x`, its width `D`, the output's width `M`.
#
# | gradient | sum over | shape |
# |---|---|---|
# | `dx` | outputs | (N, T, D) |
# | `dw` | sequences and steps | (D, M) |
# | `db` | sequences and steps | (M,) |
#
# To the sum over $n$ and $t$ the $N \cdot T$ vectors are one long list; whether you sum twice, reshape, or let
# `np.einsum` do it is your choice.
#
# **Exercise 7 (2 points).** Write `temporal_affine_forward` in `bptt.py`.

# %% nbgrader={"grade": true, "grade_id": "test_temporal_affine_forward", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("temporal_affine_forward")

# %% [markdown]
# **Exercise 8 (6 points).** Write `temporal_affine_backward`.

# %% nbgrader={"grade": true, "grade_id": "test_temporal_affine_backward", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("temporal_affine_backward")

# %% [markdown]
# ### Experiment: how fast does a sum over time grow?
#
# $dw$ is a sum of $N \cdot T$ terms. Twice as long a sequence: twice the gradient? We try two kinds of sequences. In
# one the gradient that comes down is the same at all steps, as when the network is too high at every step ("they
# agree"); in the other it is drawn anew at each step ("they disagree").

# %%
lengths = 4 ** np.arange(1, 6)
sizes = {"the steps agree": [], "the steps disagree": []}
N, D, M = 16, 6, 4
for T in lengths:
    one_x, one_dout = rng.standard_normal((N, 1, D)), rng.standard_normal((N, 1, M))
    streams = {
        "the steps agree": (np.repeat(one_x, T, axis=1), np.repeat(one_dout, T, axis=1)),
        "the steps disagree": (rng.standard_normal((N, T, D)), rng.standard_normal((N, T, M))),
    }
    for name, (x, dout) in streams.items():
        _, cache = bptt.temporal_affine_forward(x, rng.standard_normal((D, M)), np.zeros(M))
        sizes[name].append(np.linalg.norm(bptt.temporal_affine_backward(dout, cache)[1]))

fig, ax = plt.subplots()
growth = {}
for (name, values), style_, colour in zip(sizes.items(), ["o-", "s--"], ["gradient", "input"], strict=True):
    growth[name] = np.polyfit(np.log(lengths), np.log(values), 1)[0]
    ax.loglog(lengths, values, style_, color=PALETTE[colour], label=f"{name}: grows like T^{growth[name]:.2f}")
ax.set(xlabel="sequence length T", ylabel="‖dw‖", title="Sums over time grow with time")
ax.legend()
plt.show()

# %% [markdown]
# Agreeing steps add up in proportion to $T$; disagreeing ones cancel in part, and their sum grows only like
# $\sqrt{T}$, as the distance does that a drunkard gets from the lamp post. Real training tends to begin with the
# first (the untrained network is wrong in the same way everywhere) and to go over into the second. Either way: *a
# step size that suits short sequences can be too long for long ones.*

# %% [markdown]
# ## A loss at every step
#
# The scores of one step (many call them *logits*) become probabilities by the softmax, and the loss is the surprise at
# the right class $y$, the *cross-entropy*:
#
# $$p_v = \frac{e^{s_v}}{\sum_u e^{s_u}}, \qquad \ell = -\log p_y = -s_y + \log \sum_u e^{s_u}.$$
#
# The logarithm is the natural one, and the unit of the surprise is then called a *nat*: to see a fair coin come up
# heads surprises us by $\log 2 \approx 0.69$ nats.
#
# **Its gradient** is one of the prettiest results in the field. The first term contributes $-1$ if $v = y$, otherwise
# nothing; the second contributes $e^{s_v} / \sum_u e^{s_u}$, and that is $p_v$:
#
# $$\frac{\partial \ell}{\partial s_v} = p_v - [v = y].$$
#
# The bracket $[v = y]$ is 1 where the equation in it holds, and 0 elsewhere. What the network believes, minus what is
# true. The entries sum to zero; a right and certain answer gives no
# gradient.
#
# **Without overflow.** In float64 $e^{s}$ is infinite from about $s = 710$ on. But if all scores of a step are moved
# by the same $c$, numerator and denominator of $p_v$ both get the factor $e^{c}$, which cancels. So one may subtract
# the step's largest score first: then the largest exponent is 0, and the sum is at least 1. And compute $\log p_v$ as
# a difference, $s_v - \log\sum_u e^{s_u}$, rather than the logarithm of a quotient that may have been rounded to 0.

# %% [markdown]
# **Over all steps, and some not.** Not every step is to be judged. Sequences of a batch are filled up to equal length
# with padding; in a many-to-one task only the last step has an answer. So every step has a mask $m_{nt}$, 1 or 0:
#
# $$L = \frac{1}{N} \sum_{n} \sum_{t} m_{nt}\, \ell_{nt}, \qquad
# ds_{ntv} = \frac{m_{nt}}{N}\,\bigl(p_{ntv} - [v = y_{nt}]\bigr).$$
#
# A masked step gives no loss and no gradient: its row of $ds$ is exactly zero.
#
# Note what is a sum and what a mean: **summed over time, averaged over the batch.** A sequence is one example;
# $-\sum_t \log p$ is minus the logarithm of the probability that the network gives to the *whole* sequence, which is
# what maximum likelihood wants to be small. How many examples happen to lie in one batch, on the other hand, should
# not change the gradient's size.
#
# | | shape |
# |---|---|
# | scores `x`, and `dx` | (N, T, V) |
# | `y` (int), `mask` (bool) | (N, T) |
# | `loss` | one float |
#
# **Exercise 9 (8 points).** Write `temporal_softmax_loss` in `bptt.py`.

# %% nbgrader={"grade": true, "grade_id": "test_temporal_softmax_loss", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("temporal_softmax_loss")

# %% [markdown]
# ### Experiment: what should the loss be before training?
#
# A network that knows nothing should give each of $V$ classes the probability $1/V$, at each of $T$ steps. Its loss
# is then $T \log V$. This is the cheapest test there is in deep learning: compute the loss *before the first update*
# and compare. (It finds a forgotten mask, a mean in place of a sum, a softmax over the wrong axis.) Does it hold for
# *every* untrained network, though? On the right we let the random scores grow.

# %%
N, V = 64, 50
fig, (one, two) = plt.subplots(1, 2)
deviations = []
for classes, colour, marker in [(2, "input", "o"), (10, "hidden", "s"), (50, "gradient", "^")]:
    lengths = np.array([1, 5, 10, 20])
    losses = []
    for T in lengths:
        scores, y = 0.01 * rng.standard_normal((N, T, classes)), rng.integers(0, classes, (N, T))
        losses.append(bptt.temporal_softmax_loss(scores, y, np.ones((N, T), dtype=bool))[0])
    deviations.append(np.max(np.abs(losses / (lengths * np.log(classes)) - 1)))
    one.plot(lengths, losses, marker, color=PALETTE[colour], label=f"V = {classes}")
    one.plot([0, 20], [0, 20 * np.log(classes)], "-", color=PALETTE[colour], linewidth=1)
one.set(xlabel="sequence length T", ylabel="loss", title="Small scores: T log V")
one.legend()

spreads = np.array([0.01, 0.1, 0.3, 0.5, 1, 2, 4, 8])
T, excess = 20, []
for spread in spreads:
    scores, y = spread * rng.standard_normal((N, T, V)), rng.integers(0, V, (N, T))
    excess.append(bptt.temporal_softmax_loss(scores, y, np.ones((N, T), dtype=bool))[0] / T - np.log(V))
two.plot(spreads, excess, "o-", color=PALETTE["output"])
two.set(xlabel="spread of the random scores", ylabel="loss per step above log V", title="Large: worse than a guess")
plt.show()
largest_deviation, excess_small, excess_large = max(deviations), excess[0], excess[-1]
print(f"small scores: loss within {largest_deviation:.1%} of T log V")
print(f"scores with a spread of 8: {excess_large:.1f} nats per step worse than a guess")

# %% [markdown]
# With small scores the points lie on the lines. With large ones the untrained network is not ignorant but
# *opinionated*, at random, and pays for it. Its first updates are then spent on unlearning. That is why readouts
# start with small weights.

# %% [markdown]
# **Question 4 (3 points).** A batch holds one sentence of 5 words and one of 50, filled up to 50 with padding and
# masked. Another library divides by the number of unmasked steps (55) where we divide by $N = 2$. In each of the two
# conventions, how much does a single *word* of the short sentence weigh against a word of the long one? What changes
# for the learning rate, the number by which every gradient is multiplied before it is subtracted from the weights? And
# if it divided within each sentence by that sentence's own length?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_loss_scale", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# In both conventions all words of the batch weigh the same: 1/2 each in ours, 1/55 each in the other. (1 point)
#
# So the two gradients are parallel, and ours is 27.5 times longer: the learning rate has to be 27.5 times smaller for
# the same step. And the factor changes from batch to batch with the number of words: in our convention a batch of
# long sentences makes longer steps, in the other one all steps are of like size, whatever is in the batch. (1 point)
#
# Divided by its own length, every *sentence* weighs the same: a word of the short one then counts ten times as much
# as a word of the long one, and the gradient points elsewhere. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Steps that are too long
#
# Now there is a loss and there are gradients, and the network can learn: by **gradient descent**. Let $\theta$ be all
# its parameters, thought of as one long vector, and $g = \partial L / \partial \theta$. Nearby, $L$ rises fastest in
# the direction of $g$; so $-g$ is the direction of *steepest descent*, and an **update** goes a little way there:
#
# $$\theta \leftarrow \theta - \eta\, g .$$
#
# The **learning rate** $\eta$ says how far. One does not compute $g$ from all the data for every update; a *minibatch*
# of, say, 32 sequences gives a rough idea of it at a fraction of the price. When all the data have had their turn, in
# random order, an **epoch** is over. That is all of training:
#
# ```python
# for epoch in range(epochs):
#     for x, y, mask in minibatches_in_random_order():
#         loss, grads = network.loss(params, x, y, mask)  # forward and backward: your functions
#         grads, norm = clip(grads)  # Exercise 10
#         for name in params:
#             params[name] -= lr * grads[name]  # the update
# ```
#
# The loop that our experiments use is `train` in `coursekit/training.py`. Its heart is these six lines; around them
# there is some bookkeeping, and instead of the last line **momentum**: updates have a velocity $v$ that decays slowly,
#
# $$v \leftarrow 0.9\,v - \eta\,g, \qquad \theta \leftarrow \theta + v .$$
#
# As long as the gradients agree, $v$ grows towards $-10\,\eta\,g$ (since $1 + 0.9 + 0.9^2 + \dots = 10$); where they
# contradict each other, they cancel.

# %% [markdown]
# What can go wrong? The smallest recurrent network there is has one unit and no input: $h_t = \tanh(w\,h_{t-1} + b)$.
# Start at $h_0 = 0.1$, run twenty steps, and ask that $h_{20}$ be $-\tfrac12$. Two parameters: the loss can be drawn
# as a landscape.

# %%
T, start_state, target = 20, 0.1, -0.5


def landscape(w, b):
    state = np.full(np.broadcast(w, b).shape, start_state)
    for _ in range(T):
        state = np.tanh(w * state + b)
    return 0.5 * (state - target) ** 2


def gradient_at(w, b):
    """Your BPTT, on a network with one unit whose input is always 0."""
    h, cache = bptt.rnn_forward(
        np.zeros((1, T, 1)), np.array([[start_state]]), np.zeros((1, 1)), np.array([[w]]), np.array([b])
    )
    dh = np.zeros_like(h)
    dh[:, -1] = h[:, -1] - target
    _, _, _, dWh, db = bptt.rnn_backward(dh, cache)
    return {"w": dWh[0, 0], "b": db[0]}


# %%
w_fixed, bs = 1.6, np.linspace(-0.4, 0.3, 401)


def norms_at(bs):
    return np.array([np.hypot(*gradient_at(w_fixed, b).values()) for b in bs])


edge = bs[norms_at(bs).argmax()]
for width in (2e-3, 2e-5):  # the wall is thinner than our grid: look closer, twice
    near = edge + width * np.linspace(-1, 1, 101)
    bs = np.sort(np.concatenate([bs, near]))
    edge = near[norms_at(near).argmax()]
norms_along = norms_at(bs)
at_edge, usual = norms_along.max(), np.median(norms_at(np.linspace(-0.4, 0.3, 101)))
cliff_ratio = at_edge / usual

ws, grid_b = np.linspace(0.8, 2.4, 161), np.linspace(-0.4, 0.3, 141)
fig, (one, two) = plt.subplots(1, 2, figsize=(8.8, 3.4))
filled = one.contourf(ws, grid_b, landscape(ws[None, :], grid_b[:, None]), levels=20, cmap=style.SEQUENTIAL)
fig.colorbar(filled, ax=one, label="loss")
one.axvline(w_fixed, color="white", linestyle="--")
one.set(xlabel="w", ylabel="b", title="The landscape")
two.semilogy(bs, norms_along, color=PALETTE["gradient"])
two.set(xlabel="b, along the dashed line", ylabel="size of the gradient", title="The gradient along it")
plt.show()
print(f"size of the gradient: usually {usual:.2f}, at the wall {at_edge:,.0f}")
print(f"one step with learning rate 0.1 from there: {0.1 * at_edge:,.1f} long; the picture is {np.ptp(bs):.1f} high")

# %% [markdown]
# Two plains and a wall between them: with $b$ below the wall the state runs to a negative fixed point, above it to a
# positive one, and twenty repetitions turn a tiny difference in $b$ into this or that. On the plains the gradient is
# moderate or small. **On the wall it is huge, and points straight across it.** One ordinary step from there, learning
# rate times gradient, and the parameters are thrown far off the map; all that was learned is lost.
#
# The direction of such a gradient is fine. Its length is nonsense: it describes a wall that ends after a hair's
# breadth. So we keep the direction and limit the length (Pascanu, Mikolov & Bengio, 2013). Let $g$ be *all* gradients
# of all parameters, thought of as one long vector:
#
# $$\lVert g \rVert = \sqrt{\textstyle\sum_k g_k^2}, \qquad
# g \leftarrow g \cdot \min\Bigl(1, \frac{\tau}{\lVert g \rVert}\Bigr).$$
#
# The threshold $\tau$ is `max_norm` in the code. One factor for all arrays. If each array had its own, the long vector would be bent, and would no longer be the
# direction of steepest descent.
#
# ### Find the mistake
#
# A set of lecture notes that this course follows gives the recipe like this, and it has been copied into many a
# program:
#
# ```python
# grad_norm = np.sum(grad * grad)
# if grad_norm > threshold:
#     grad *= threshold / grad_norm
# ```
#
# It runs. It makes large gradients smaller. Something in it is wrong. Find it before you write your own, and work
# out: if a gradient of length 10 comes in with a threshold of 5, how long is it when it comes out? And one of length
# 100?
#
# **Exercise 10 (6 points).** Write `clip_grad_norm` in `bptt.py`. It gets a dict of arrays of any shapes and returns
# a new dict, and the norm *before* clipping (one wants to plot it).

# %% nbgrader={"grade": true, "grade_id": "test_clip_grad_norm", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("clip_grad_norm")

# %% [markdown]
# ### Experiment: the snippet and the rule
#
# Gradients of one and the same direction and of lengths from 0.1 to 1000 go through your function and through the
# snippet, both with a threshold of $\tau = 5$.

# %%
threshold = 5.0
direction = rng.standard_normal(30)
direction /= np.linalg.norm(direction)
lengths_in = np.logspace(-1, 3, 81)


def snippet(grad, threshold):
    grad_norm = np.sum(grad * grad)
    return grad * (threshold / grad_norm) if grad_norm > threshold else grad


yours, theirs = [], []
for length in lengths_in:
    clipped, _ = bptt.clip_grad_norm({"first": length * direction[:10], "rest": length * direction[10:]}, threshold)
    yours.append(np.hypot(np.linalg.norm(clipped["first"]), np.linalg.norm(clipped["rest"])))
    theirs.append(np.linalg.norm(snippet(length * direction, threshold)))
yours, theirs = np.array(yours), np.array(theirs)

fig, ax = plt.subplots()
ax.loglog(lengths_in, yours, "-", color=PALETTE["good"], label="the rule (yours)")
ax.loglog(lengths_in, theirs, "--", color=PALETTE["bad"], label="the snippet")
ax.axhline(threshold, color=PALETTE["muted"], linestyle=":", label="threshold")
ax.set(xlabel="length of the gradient before", ylabel="length after", title="The worse the wall, the smaller the step")
ax.legend()
plt.show()
snippet_acts_from = lengths_in[np.argmax(theirs < lengths_in * 0.999)]
snippet_after_1000 = theirs[-1]
print(f"the snippet acts from length {snippet_acts_from:.2f} on, and turns 1000 into {snippet_after_1000:.3f}")

# %% [markdown]
# The square root is missing: the snippet's `grad_norm` is the *squared* norm. Two things follow. It compares the
# wrong number, so that it acts from $\sqrt\tau \approx 2.24$ on and not from 5. And it divides by the wrong number:
# what comes out has length $\lVert g\rVert \cdot \tau / \lVert g\rVert^2 = \tau / \lVert g \rVert$. A gradient of
# length 10 becomes 0.5, one of 100 becomes 0.05: **the longer it was, the shorter it gets.** The nasty part: nothing
# crashes, no gradient check can see it (the gradients *are* right), and training may work passably. Such mistakes
# live for years.

# %% [markdown]
# ### Experiment: clipping on and off
#
# Now in earnest: a network reads images of handwritten digits, a row of pixels per step (the last section has more
# about them), with a learning rate that is too bold on purpose. Same start, same order of the images; the first two
# runs differ only in whether your `clip_grad_norm` stands between the gradient and the update. The third one asks
# whether a clip is needed at all: it has none, and a smaller learning rate instead.

# %%
images, labels = load_row_digits("train")
test_images, test_labels = load_row_digits("test")
targets, last_only = last_step_targets(labels, T=8)
network = SequenceClassifier.of(bptt)  # made of your functions: coursekit/training.py shows how


def digit_batches(epochs, seed=0):
    for chosen in minibatches(len(images), 32, epochs, seed=seed):
        yield images[chosen], targets[chosen], last_only[chosen]


def accuracy(params):
    """Share of the test images that the last step gets right."""
    return np.mean(network.scores(params, test_images)[:, -1].argmax(axis=1) == test_labels)


def clip_at_half(grads):
    return bptt.clip_grad_norm(grads, 0.5)


runs, clip_accuracy = {}, {}
for name, clip, lr in [("off", None, 0.1), ("on", clip_at_half, 0.1), ("off, rate 0.03", None, 0.03)]:
    params = init_rnn(8, 64, 10, seed=0)
    label, total = f"clipping {name}", 8 * -(-len(images) // 32)
    runs[name] = train(params, network.loss, digit_batches(8), lr=lr, clip=clip, label=label, total=total)
    clip_accuracy[name] = accuracy(params)
    print(f"clipping {name}: {clip_accuracy[name]:.1%} of the test images right")

# %%
fig, (one, two) = plt.subplots(1, 2)
for name, style_, colour in [("off", "--", "bad"), ("on", "-", "good"), ("off, rate 0.03", "-.", "input")]:
    smooth = np.convolve(runs[name].loss, np.ones(10) / 10, mode="valid")
    one.plot(smooth, style_, color=PALETTE[colour], label=f"clipping {name}")
    if runs[name] is not runs["off, rate 0.03"]:
        two.semilogy(runs[name].norm, style_, color=PALETTE[colour], linewidth=1, alpha=0.8)
one.axhline(np.log(10), color=PALETTE["muted"], linestyle=":", label="log 10: a guess")
one.set(xlabel="update", ylabel="loss (mean of 10)", title="Loss")
two.axhline(0.5, color=PALETTE["muted"], linestyle=":")
two.set(xlabel="update", ylabel="norm before clipping", title="Gradient norm (dotted: threshold)")
one.legend(loc="center right", bbox_to_anchor=(1, 0.38), fontsize=9)
plt.show()
clip_final_loss = {name: np.mean(run.loss[-30:]) for name, run in runs.items()}
share_clipped = np.mean(np.array(runs["on"].norm) > 0.5)
print(f"the clip was at work in {share_clipped:.0%} of the updates")

# %% [markdown]
# Both begin well. Then the run without clipping makes a step that is too long, and another, and does not find its way
# back; the dashed loss ends about where it started, if not above. With clipping the same learning rate works.
#
# But look at the printed share: the clip was at work in most updates, so it shortened nearly all steps. And the third
# run, with shorter steps from the start, does as well. *Here* a clip is no more than insurance against a rate that was
# chosen badly. It is worth its price where gradients differ more: a rate has to be small enough for the *longest*
# gradient that will ever come, and all other steps pay for it. In the landscape above the longest is thousands of times
# the usual one; a rate that is small enough for it moves nothing on the plains. A clip shortens only what is too long.
#
# Clipping does nothing for gradients that are too *small*. We come back to those.

# %% [markdown]
# **Question 5 (3 points).** (a) With the snippet and $\tau = 5$, which gradient makes the longest step, and how
# long is that step? (b) A program clips each array (`dWx`, `dWh`, …) by its own norm. Give an example with two
# numbers in which the update is not the direction of steepest descent any more. (c) Why is clipping every *entry* to
# $[-\tau, \tau]$ worse still in this respect?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_clip_mistake", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Up to $\sqrt5$ the gradient stays as it is, above that it comes out with length 5/length, which falls. So the
# longest one is that of length $\sqrt5 \approx 2.24$, and it stays $\sqrt5$ long: no step ever gets as long as the
# threshold. (1 point)
#
# (b) Two arrays with one number each, gradients 100 and 1, threshold 1. The joint rule gives about (1, 0.01): the
# same direction. Array by array it is (1, 1), turned by almost 45 degrees: the small gradient, which hardly mattered,
# now counts as much as the large one. (1 point)
#
# (c) It does the same to every single entry: all large entries become $\pm\tau$, and what is left of the direction
# is its pattern of signs. The direction is bent inside each array too. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Truncated backpropagation
#
# Before the first update, BPTT must read the *whole* sequence, and keep the caches of all its steps. For a book of a
# million letters that is a lot of memory for a single update. The remedy (Williams & Peng, 1990) is to cut the
# sequence into chunks and to treat both directions differently at the cuts:
#
# * **forward**, nothing is cut: a chunk starts from the very state with which the one before it ended;
# * **backward**, everything is: no gradient crosses from a chunk into the one before it.

# %%
diagrams.unrolled(6, cuts=[2, 4])

# %% [markdown]
# In formulas: the recursion of "Back through time", except that at the last step of every chunk the stream from the
# future is set to zero,
#
# $$g_t = \frac{\partial L_t}{\partial h_t} + \begin{cases} 0 & \text{if } t \text{ is the last step of a chunk} \\[2pt]
# g_{t+1}\, \dfrac{\partial h_{t+1}}{\partial h_t} & \text{otherwise,} \end{cases}$$
#
# where $g_t$ is what we now *take for* the gradient at $h_t$. The states in it are the true ones. So chunked or not,
# the network computes the same; only the credit for it is shared out differently: an event gets none for what it
# brought about beyond the end of its chunk.
#
# Of a chunk with $T' \le$ `chunk` steps (the last may be shorter):
#
# | | shape | and across chunks |
# |---|---|---|
# | `h`, `dx` | (N, T', H), (N, T', D) | side by side, in the places of their steps |
# | `dWx`, `dWh`, `db` | (D, H), (H, H), (H,) | summed: the same weights in each chunk |
# | gradient of the state it started from | (N, H) | dropped; only for the first chunk is it `dh0` |
#
# In practice one updates the weights after each chunk and forgets its caches: that is where the memory is saved. Our
# function leaves the weights alone and adds up the gradients, so that it can be compared with full BPTT.
#
# **Exercise 11 (12 points).** Write `truncated_bptt` in `bptt.py`, out of your `rnn_forward` and `rnn_backward`.

# %% nbgrader={"grade": true, "grade_id": "test_truncated_bptt", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("truncated_bptt")

# %% [markdown]
# ### Experiment: how wrong is the truncated gradient?
#
# A chunk that covers the whole sequence must give full BPTT, to the last digits. A chunk of one step sees no past at
# all. In between: how far does the truncated gradient point away from the true one? We measure the angle for three
# networks that differ in one number only. Their $W_h$ is an orthogonal matrix times a number $s$, so it makes every
# vector $s$ times as long; this $s$ is called the *singular value* of such a matrix. (The next section says what that
# is for others.)

# %%
N, T, D, H = 8, 32, 4, 16
draw = np.random.default_rng(5)
x, h0, dh = draw.standard_normal((N, T, D)), np.zeros((N, H)), draw.standard_normal((N, T, H))
chunks = [1, 2, 4, 8, 16, 32]
fig, ax = plt.subplots()
full_equals_truncated, angles = {}, {}
for scale, marker, colour in [(0.5, "o-", "hidden"), (1.0, "s--", "input"), (1.5, "^:", "gradient")]:
    net = init_rnn(D, H, 2, seed=3, scale=scale)
    arguments = 0.3 * x, h0, net["Wx"], net["Wh"], net["b"]
    full_dx, _, _, full, _ = bptt.rnn_backward(dh.copy(), bptt.rnn_forward(*arguments)[1])
    angles[scale] = []
    for chunk in chunks:
        _, dx, _, _, dWh, _ = bptt.truncated_bptt(*arguments, dh.copy(), chunk)
        if (scale, chunk) == (0.5, 8):  # which steps lose how much of their gradient?
            lost = np.linalg.norm(full_dx - dx, axis=(0, 2)) / np.linalg.norm(full_dx, axis=(0, 2))  # (T,)
        cosine = np.sum(full * dWh) / (np.linalg.norm(full) * np.linalg.norm(dWh))
        angles[scale].append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    full_equals_truncated[scale] = bptt.relative_error(full, dWh)  # the last chunk covers all T steps
    ax.plot(chunks, angles[scale], marker, color=PALETTE[colour], label=f"singular values {scale}")
ax.set_xscale("log", base=2)
ax.set_xticks(chunks, chunks)
ax.set(xlabel="steps per chunk", ylabel="angle to the full dWh, degrees", ylim=(-3, 95), title="What the cut costs")
ax.legend(loc="upper right")
plt.show()
print("one chunk for all, relative error to full BPTT:", ", ".join(f"{e:.0e}" for e in full_equals_truncated.values()))
print("singular values 0.5, chunk 1 of 4: share of dx that is lost at steps 1 to 8:", np.round(lost[:8], 2))

# %% [markdown]
# At 32 steps per chunk the angle is zero. Before that the three networks differ a great deal.
#
# Where singular values are **small**, the gradient would not have come far anyway, and the angle is moderate even for
# short chunks. But why is it not next to nothing at 8 steps per chunk, when $0.5^8 = 0.004$? Look at the printed
# line: the steps at the beginning of a chunk lose nothing indeed, but the last step *before the cut* loses about half
# of its gradient, the one before it about a quarter, and so on, **however long the chunk is**. Longer chunks help
# only because there are fewer cuts: 7, 3 and 1 with 4, 8 and 16 steps per chunk. Here what is lost at one cut has
# nothing to do with what is lost at another, so it adds up like the root of their number, and the angles are about as
# $\sqrt7 : \sqrt3 : 1$.
#
# Where singular values are **large**, most of the gradient comes from far away, and a single cut means walking in
# another direction. *Truncation is a good approximation just where there is little to learn from the past.*

# %% [markdown]
# ### Experiment: a dependency of known lag
#
# An angle is one thing; what can be *learned* is another. We build a task whose memory we know. A sequence has 12
# steps. At one of them a bit is shown ($\pm 1$ on input channel 0); at the last step the network is asked which bit
# it was. In between, and all the time, eight other channels make noise. If the bit comes `lag` steps before the
# question, the gradient has to travel `lag` steps back, and with a chunk of $c$ steps it comes $c - 1$ steps far. So
# we expect: **learned if and only if `chunk > lag`**. Everything else is kept equal.

# %%
T, noise_channels = 12, 8


def remember_a_bit(count, lag, rng):
    """``count`` sequences whose bit is shown ``lag`` steps before the last."""
    bits = rng.integers(0, 2, count)
    x = rng.standard_normal((count, T, 1 + noise_channels))
    x[:, :, 0] = 0
    x[:, T - 1 - lag, 0] = 2 * bits - 1
    return x, *last_step_targets(bits, T)


def learn_with_chunks(lag, chunk, updates=250, seed=0):
    """Train with truncated BPTT; returns the accuracy on 1,000 new sequences."""

    def forward(*arguments):
        return bptt.rnn_forward(*arguments)[0], arguments

    def backward(dh, arguments):
        return bptt.truncated_bptt(*arguments, dh, chunk)[1:]

    net = SequenceClassifier.of(bptt, forward=forward, backward=backward)
    params, draw = init_rnn(1 + noise_channels, 12, 2, seed=seed, scale=0.9), np.random.default_rng(seed + 1)
    batches = (remember_a_bit(32, lag, draw) for _ in range(updates))
    train(params, net.loss, batches, lr=0.1, clip=lambda grads: bptt.clip_grad_norm(grads, 1.0), quiet=True)
    x, y, _ = remember_a_bit(1000, lag, np.random.default_rng(99))
    return np.mean(net.scores(params, x)[:, -1].argmax(axis=1) == y[:, -1])


# %%
lags, lag_chunks = [1, 2, 4, 7, 10], [1, 3, 6, 12]
pairs = [(row, column) for row in range(len(lags)) for column in range(len(lag_chunks))]
remembered = np.zeros((len(lags), len(lag_chunks)))
for row, column in progress(pairs, "lag against chunk"):
    remembered[row, column] = learn_with_chunks(lags[row], lag_chunks[column])

fig, ax = plt.subplots(figsize=(6.4, 4))
shown = ax.imshow(remembered, vmin=0.4, vmax=1, aspect="auto")
for row, column in pairs:
    value, reached = remembered[row, column], lag_chunks[column] > lags[row]
    ax.text(column, row, f"{value:.2f}", ha="center", va="center", color="black" if value > 0.75 else "white")
    if reached:
        ax.add_patch(plt.Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, fill=False, edgecolor=PALETTE["gradient"], lw=3))
ax.set_xticks(range(len(lag_chunks)), lag_chunks)
ax.set_yticks(range(len(lags)), lags)
ax.grid(False)
ax.set(xlabel="steps per chunk", ylabel="lag of the bit", title="Framed: the gradient reaches the bit")
fig.colorbar(shown, label="accuracy (0.5: guessing)")
plt.show()

# %% [markdown]
# Read the picture in three parts.
#
# 1. **Framed, lags up to 7:** the gradient reaches the bit, and the bit is learned.
# 2. **Not framed, long lags:** guessing. The bit *is* in the state (forward nothing was cut), drowned in noise; but
#    no gradient ever tells the network to hold on to it. For lags 1 and 2 some cells without a frame are well above
#    one half: an *untrained* state keeps an echo of what came a step or two ago, and the readout learns to hear it.
#    What the state holds by chance can be used; it cannot be improved.
# 3. **Lag 10, chunk 12:** framed, and not learned. Does the gradient not come there after all, or is it only too weak
#    for 250 updates? The next cell gives two places of the lowest row eight times as many: chunk 12, where a gradient
#    may arrive, and chunk 6, where none can. Guess: which of the two will it help?

# %%
reached = np.array([[chunk > lag for chunk in lag_chunks] for lag in lags])
up_to_7, from_4 = np.array(lags) <= 7, np.array(lags) >= 4
worst_reached = remembered[up_to_7][reached[up_to_7]].min()
best_unreached = remembered[from_4][~reached[from_4]].max()
reached_but_lost = remembered[lags.index(10), lag_chunks.index(12)]
print(f"lags up to 7, reached: at least {worst_reached:.2f};  lags from 4, not reached: at most {best_unreached:.2f}")
with_patience = {chunk: learn_with_chunks(10, chunk, updates=2000) for chunk in (6, 12)}
print(f"lag 10 after 2000 updates: chunk 6 {with_patience[6]:.2f}, chunk 12 {with_patience[12]:.2f}")

# %% [markdown]
# Patience helps where the gradient is *weak*; where it is *cut*, nothing does. So "it may arrive" is necessary, and
# how long you have to wait depends on how much does. Why so little arrives from ten steps back is the next section.

# %% [markdown]
# **Question 6 (3 points).** In a lecture someone asked whether truncated backpropagation makes a *Markov assumption*,
# namely that the future depends on the last few steps only. Does it? Which Markov property does a recurrent network
# have in any case, truncated or not? (A process has the Markov property if there is a description of its present
# which tells so much that nobody who has it can learn anything more about the future from the past.) And what does
# truncation assume in truth?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_markov", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# No. The state goes on across the cuts, so an output may depend on inputs of any number of chunks ago; the forward
# pass is that of the network without cuts. (1 point)
#
# A Markov property is built into *every* recurrent network: given $h_t$, what comes depends on the past inputs no
# further. But that is about the state, which may sum up the whole past, and it follows from the recursion $h_t =
# f(h_{t-1}, x_t)$, not from the way of training. (1 point)
#
# Truncation is an approximation of the *gradient*: it takes the state that a chunk starts from for a given constant,
# as if it did not depend on the weights, and so leaves out how the weights acted through older steps. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Why gradients vanish and explode
#
# How strongly does the last state depend on an earlier one? Move $h_t$ by a small row vector $\delta_t$ and follow
# it. One step on, by the two factors of "One step back" (first the matrix, then the slopes of tanh),
#
# $$\delta_{t+1} = \delta_t \, M_{t+1}, \qquad M_{t+1} = W_h \,\operatorname{diag}\bigl(1 - h_{t+1}^2\bigr),$$
#
# that is: the entry in row $i$, column $j$ of $M_{t+1}$ is $W_{h,ij}\,(1 - h_{t+1,j}^2)$. From $t$ to the end it is a
# product,
#
# $$\delta_T = \delta_t \; M_{t+1} M_{t+2} \cdots M_T, \qquad J_t = M_{t+1}\, J_{t+1}, \quad J_T = I.$$
#
# **Two steps by hand.** Let $T = 3$, $H = 2$, and
#
# $$W_h = \begin{pmatrix} 1 & 0.5 \\ 0 & 1 \end{pmatrix}, \quad h_2 = (0,\; 0.5), \quad h_3 = (0.6,\; 0).$$
#
# The slopes $1 - h^2$ are $(1,\, 0.75)$ at step 2 and $(0.64,\, 1)$ at step 3; each belongs to a *column*, the unit
# that listens. So
#
# $$M_2 = \begin{pmatrix} 1 & 0.375 \\ 0 & 0.75 \end{pmatrix}, \quad
# M_3 = \begin{pmatrix} 0.64 & 0.5 \\ 0 & 1 \end{pmatrix}, \quad
# J_2 = M_3, \quad J_1 = M_2 M_3 = \begin{pmatrix} 0.64 & 0.875 \\ 0 & 0.75 \end{pmatrix}.$$
#
# A push of $\delta_1 = (1, 0)$ becomes $(1,\, 0.375)$ and then $(0.64,\, 0.875)$: the first row of $J_1$, as it must
# be. (The factors in the other order give another matrix: 0.615 in the corner instead of 0.875.)
#
# **The way back.** A gradient is handed over by $dh_t = dh_{t+1}\, M_{t+1}^\top$: entry $i$ of it is $\sum_j dh_{t+1,j}
# (1 - h_{t+1,j}^2)\, W_{h,ij}$, which is "One step back" once more. So the gradient at $h_T$ comes to $h_t$ as $dh_T\,
# J_t^\top$: the same matrices, transposed, in the opposite order.

# %% [markdown]
# **How long can it get?** The greatest factor by which a matrix $A$ can lengthen any vector is called its largest
# **singular value**; we write $\lVert A \rVert$. $A$ and $A^\top$ have the same, so $\lVert J_t \rVert$ speaks for
# both directions: for influence that goes forward, and for gradients that come back. In the example $\lVert J_2\rVert
# \approx 1.17$ and $\lVert J_1\rVert \approx 1.26$. Two facts are enough for a bound: one matrix after the other
# cannot lengthen more than both factors together, $\lVert AB \rVert \le \lVert A\rVert\,\lVert B\rVert$; and the
# slopes of tanh are at most 1, so that $\lVert M \rVert \le \lVert W_h\rVert = \sigma_{\max}$. Hence
#
# $$\lVert J_t \rVert \;\le\; \sigma_{\max}^{\,T-t}.$$
#
# (In the example $\sigma_{\max} \approx 1.28$, and the bounds are 1.28 and 1.64.)
#
# **If $\sigma_{\max} < 1$, the gradient vanishes**, exponentially in the lag: with 0.9 a fifth of a percent is left
# after 60 steps. No data and no luck can change that. For each sequence of the batch there is one such product, since
# each has its own states.
#
# | | shape |
# |---|---|
# | `h`, `Wh` | (N, T, H), (H, H) |
# | $M_{t+1}$ and $J_t$, for each sequence | (H, H) |
# | `norms` | (N, T); the last column is 1, since $J_T = I$ |
#
# **Exercise 12 (5 points).** Write `gradient_norms` in `bptt.py`. `np.linalg.norm(A, ord=2)` is the largest singular
# value of one matrix, and with `axis=(1, 2)` of each matrix in a stack.

# %% nbgrader={"grade": true, "grade_id": "test_gradient_norms", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false, "cell_type": "code"}
check("gradient_norms")

# %% [markdown]
# ### Find the mistake: "largest singular value above 1: gradients explode"
#
# This is how the lecture notes put it, and how it is often quoted: above 1 they explode, below 1 they vanish. The
# second half we have just *proved*. What of the first? We sweep $\sigma_{\max}$ through 1, and do so for two kinds of
# matrices:
#
# * **orthogonal** times $\sigma$: all singular values are equal, every direction is stretched alike;
# * **random** (independent normal entries), scaled to the same $\sigma_{\max}$: one direction is stretched by
#   $\sigma_{\max}$, most others by much less.
#
# And each without tanh (your function with all states 0, where the slope is 1: a linear network) and with tanh, on
# random inputs. Which of the four curves cross 1 at $\sigma_{\max} = 1$?

# %%
N, T, D, H = 8, 31, 8, 32
draw = np.random.default_rng(4)
x, Wx, nothing = draw.standard_normal((N, T, D)), 0.1 * draw.standard_normal((D, H)), np.zeros(H)
gaussian = draw.standard_normal((H, H))
matrices = {"orthogonal": np.linalg.qr(gaussian)[0], "random": gaussian / np.linalg.norm(gaussian, ord=2)}
sigmas = np.round(np.arange(0.5, 3.01, 0.1), 1)


def typical(norms):
    """Geometric mean over the batch, at the first step."""
    return np.exp(np.mean(np.log(norms[:, 0])))


reach = {}
for name, matrix in matrices.items():
    for sigma in sigmas:
        h, _ = bptt.rnn_forward(x, np.zeros((N, H)), Wx, sigma * matrix, nothing)
        for kind, states in [("no tanh", np.zeros((1, T, H))), ("tanh", h)]:
            norms = np.array(bptt.gradient_norms(states, sigma * matrix))
            reach.setdefault((name, kind), []).append(typical(norms))
reach = {key: np.array(values) for key, values in reach.items()}

# %%
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, name in zip(axes, matrices, strict=True):
    bound = dict(color=PALETTE["muted"], linewidth=6, alpha=0.35)  # below the others: one of them lies on it
    ax.semilogy(sigmas, sigmas ** (T - 1), "-", **bound, label=r"the bound $\sigma_{\max}^{30}$")
    ax.semilogy(sigmas, reach[name, "no tanh"], "--", color=PALETTE["input"], label="no tanh")
    ax.semilogy(sigmas, reach[name, "tanh"], "-", color=PALETTE["gradient"], label="tanh")
    ax.axhline(1, color=PALETTE["muted"], linewidth=1)
    ax.axvline(1, color=PALETTE["muted"], linewidth=1)
    ax.set(xlabel=r"largest singular value of $W_h$", title=f"{name} $W_h$")
axes[0].set_ylabel("‖∂h_T / ∂h_t‖ over 30 steps")
axes[0].legend()
plt.show()


def crossing(name, kind):
    """The smallest sigma of the sweep at which the gradient does not shrink."""
    return sigmas[np.argmax(reach[name, kind] >= 1)]


crossings = {key: crossing(*key) for key in reach}
spectral_radius = np.abs(np.linalg.eigvals(matrices["random"])).max()
for (name, kind), sigma in crossings.items():
    print(f"{name:<10} {kind:<8} stops vanishing at sigma_max = {sigma:.1f}")
print(f"random matrix: largest |eigenvalue| / largest singular value = {spectral_radius:.2f}")

# %% [markdown]
# Only one of the four crosses at 1: orthogonal and linear, where the bound is attained. All others still *vanish* at
# values well above 1:
#
# * **Random matrix.** $\sigma_{\max}$ tells how much *one* vector is stretched by *one* multiplication. But the
#   vector then turns, and the next multiplication stretches it less. In the long run the powers of a matrix grow like
#   its largest *eigenvalue* in absolute value (the spectral radius), and for a random matrix that is about half the
#   largest singular value.
# * **tanh.** Its slopes are below 1 wherever a state is not exactly 0. The stronger the recurrence, the larger the
#   states and the flatter the slopes: the growth is held back, the more so the larger $\sigma_{\max}$ is.
#
# The correct sentence is: $\sigma_{\max} < 1$ is **sufficient for vanishing**; $\sigma_{\max} > 1$ is **necessary for
# exploding**, and no more than that (Pascanu, Mikolov & Bengio, 2013).
#
# **Is there a comfortable region in the middle?** Without tanh, no: where the two linear curves pass a useful size of
# about 1, one tenth more or less in $\sigma_{\max}$ is a factor of 5 or more. A product of many similar factors is
# tiny or huge and hardly ever just right. tanh makes the passage gentler: over these 30 steps, with the random matrix,
# the gradient only moves from 0.1 to 15 while $\sigma_{\max}$ goes from 2 to 3. But the comfort does not last: the
# next cell takes the same network through 120 steps, and there the same stretch spans eight powers of ten.

# %%
longer = draw.standard_normal((N, 121, D))
reach_120 = {}
for sigma in (2.0, 3.0):
    h, _ = bptt.rnn_forward(longer, np.zeros((N, H)), Wx, sigma * matrices["random"], nothing)
    reach_120[sigma] = typical(np.array(bptt.gradient_norms(h, sigma * matrices["random"])))
reach_30 = {sigma: reach["random", "tanh"][sigmas == sigma][0] for sigma in (2.0, 3.0)}
for steps, ends in ((30, reach_30), (120, reach_120)):
    print(f"random, tanh, {steps} steps: {ends[2.0]:.2g} at sigma 2, {ends[3.0]:.2g} at sigma 3")

around = {name: reach[name, "no tanh"][sigmas >= crossings[name, "no tanh"]] for name in matrices}
steepness = {name: curve[1] / curve[0] for name, curve in around.items()}  # per tenth, where the curve passes 1
with_tanh_at_2 = reach["orthogonal", "tanh"][sigmas == 2.0][0]
without_tanh_at_2 = reach["orthogonal", "no tanh"][sigmas == 2.0][0]
below_one = sigmas < 1
largest_share_of_bound = max(np.max(values[below_one] / sigmas[below_one] ** (T - 1)) for values in reach.values())
print(f"orthogonal, sigma 2: {without_tanh_at_2:.0e} without tanh, {with_tanh_at_2:.0e} with it")
print(f"below 1 no curve exceeds the bound: largest share of it {largest_share_of_bound:.3f}")

# %% [markdown]
# **Back to the corner.** With "lag 10, chunk 12" no cut was in the way, and still nothing was learned in 250 updates.
# Your function can now say how much of the gradient gets back, at best, in that network before training:

# %%
T = 12
x, _, _ = remember_a_bit(200, 10, np.random.default_rng(5))
fresh = init_rnn(1 + noise_channels, 12, 2, seed=0, scale=0.9)
h, _ = bptt.rnn_forward(x, np.zeros((200, 12)), fresh["Wx"], fresh["Wh"], fresh["b"])
norms = np.array(bptt.gradient_norms(h, fresh["Wh"]))
arriving = {lag: np.exp(np.mean(np.log(norms[:, T - 1 - lag]))) for lag in lags}
print("share that gets back, by lag:", ", ".join(f"{lag}: {share:.2g}" for lag, share in arriving.items()))

# %% [markdown]
# A twentieth over 7 steps was enough to be learned from in 250 updates, a hundredth over 10 steps was not. Three steps
# more, and five times less arrives: that is what *exponentially* means.

# %% [markdown]
# **Question 7 (3 points).** Take the linear network with $H = 2$ and $W_h = \begin{pmatrix} 0 & 4 \\ 0 & 0
# \end{pmatrix}$. (a) What is $\sigma_{\max}$, and what is $\lVert J_t\rVert$ for lags 1, 2 and 3? (b) Would clipping
# help the network in the corner "lag 10, chunk 12" of the last section's picture? (c) What could one change in the
# *network* so that the product neither vanishes nor explodes?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_singular_values", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) $\sigma_{\max} = 4$. Lag 1: 4. The square of the matrix is zero, so for lags 2 and 3 the norm is 0: the largest
# singular value is four, and the gradient is gone after two steps. (Both eigenvalues are 0.) (1 point)
#
# (b) No: clipping makes long gradients shorter. It cannot bring back one that has all but vanished; and making it
# longer would make the noise in it longer as well. (What helped was patience: many more updates.) (1 point)
#
# (c) Give the state a path on which it is not multiplied by a matrix and squashed at every step: *add* something to
# the old state instead of replacing it, so that the factor per step is 1 or close to it (the cell state of an LSTM,
# the gate of a GRU, a residual connection). An orthogonal $W_h$ at the start helps for a while, but nothing keeps it
# orthogonal. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## Reading handwriting, row by row
#
# All parts are there. One training step calls them in this order:

# %%
diagrams_bptt.loss_and_back()

# %% [markdown]
# The data: 1,797 digits that people wrote by hand, scanned at 8 × 8 pixels (Alpaydin & Kaynak, 1998). The network
# reads them from top to bottom, **one row of 8 pixels per step**, and after the eighth row has to say which digit it
# was. It never sees two rows at once: what it knows of the upper rows must be in its hidden state. A many-to-one
# network, and all that makes it one is the mask, which is true at the last step only.
#
# **What is there to beat?** A result means nothing without something simple beside it. Two baselines:
#
# * logistic regression on all 64 pixels at once: no memory needed, it sees everything;
# * logistic regression on the *last row* only: what one could do without any memory of the other rows. If our network
#   is not far above this one, it has learned nothing through time.

# %%
fig, axes = plt.subplots(2, 10, figsize=(8, 1.7), gridspec_kw={"height_ratios": [8, 2]})
for column, (picture, digit) in enumerate(zip(images[:10], labels[:10], strict=True)):
    axes[0, column].imshow(picture, cmap="Greys")
    axes[0, column].set_title(int(digit), loc="center")
    axes[1, column].imshow(picture[-1:], cmap="Greys", vmin=0, vmax=1, aspect="auto")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(True)
axes[0, 0].set_ylabel("image", rotation=0, ha="right", va="center")
axes[1, 0].set_ylabel("last row", rotation=0, ha="right", va="center")
plt.show()


def logistic_regression(picture_to_features):
    model = LogisticRegression(max_iter=2000).fit(picture_to_features(images), labels)
    return model.score(picture_to_features(test_images), test_labels)


all_pixels_accuracy = logistic_regression(lambda pictures: pictures.reshape(len(pictures), -1))
last_row_accuracy = logistic_regression(lambda pictures: pictures[:, -1])
print(f"{len(images)} images to learn from, {len(test_images)} to test on")
print(f"logistic regression: all pixels {all_pixels_accuracy:.1%}, last row only {last_row_accuracy:.1%}")

# %%
epochs = 30
untrained = init_rnn(8, 64, 10, seed=0)
reader = {name: value.copy() for name, value in untrained.items()}
first_loss, _ = network.loss(untrained, images, targets, last_only)
print(f"loss before the first update {first_loss:.3f}; log 10 = {np.log(10):.3f}")

history = train(
    reader,
    network.loss,
    digit_batches(epochs),
    lr=0.05,
    clip=lambda grads: bptt.clip_grad_norm(grads, 1.0),
    label="reading digits",
    total=epochs * -(-len(images) // 32),
)
reader_accuracy = accuracy(reader)
one_sigma = np.sqrt(reader_accuracy * (1 - reader_accuracy) / len(test_images))
print(f"RNN, row by row:            {reader_accuracy:.1%} ± {one_sigma:.1%} (only {len(test_images)} test images)")
print(f"logistic, all pixels:       {all_pixels_accuracy:.1%}")
print(f"logistic, last row only:    {last_row_accuracy:.1%}")

# %% [markdown]
# So the network carries nearly everything that matters across eight steps: it is far above the last row alone, and
# about level with logistic regression on the whole image. Be honest about the second comparison: the difference is
# hardly larger than what chance does with so few test images, and logistic regression has no time to cope with and an
# eighth of the parameters. **For this task nobody needs a recurrent network.** It is here since it shows, on real
# data and within seconds, that your gradients find their way through time. Which mistakes are left?

# %%
predicted = network.scores(reader, test_images)[:, -1].argmax(axis=1)
wrong = np.flatnonzero(predicted != test_labels)[:8]
fig, axes = plt.subplots(1, 8, figsize=(8, 1.6))
for ax in axes:
    ax.axis("off")
for ax, index in zip(axes, wrong, strict=False):
    ax.imshow(test_images[index], cmap="Greys")
    ax.set_title(f"{predicted[index]}, not {test_labels[index]}", loc="center", fontsize=10)
fig.suptitle("Read wrongly", x=0.02, ha="left", fontweight="bold", fontsize=12)
plt.show()

# %% [markdown]
# ### Experiment: did the gradient arrive?
#
# We start with an orthogonal $W_h$: all singular values 1, and slopes of tanh below 1, so before training the first
# row's gradient is weakened on its way. Did training put up with that? Your `gradient_norms`, averaged over a hundred
# test images, before and after.

# %%
fig, ax = plt.subplots()
row_norms = {}
for name, params, style_, colour in [("before", untrained, "s--", "input"), ("after", reader, "o-", "gradient")]:
    states = network.hidden(params, test_images[:100])
    row_norms[name] = np.mean(bptt.gradient_norms(states, params["Wh"]), axis=0)
    ax.plot(np.arange(1, 9), row_norms[name], style_, color=PALETTE[colour], label=f"{name} training")
ax.axhline(1, color=PALETTE["muted"], linestyle=":")
ax.set(xlabel="row", ylabel="‖∂h_8 / ∂h_row‖", ylim=(0, None), title="How strongly the end depends on each row")
ax.legend()
plt.show()
sigma_before, sigma_after = (np.linalg.norm(params["Wh"], ord=2) for params in (untrained, reader))
print(f"largest singular value of Wh: {sigma_before:.2f} before training, {sigma_after:.2f} after")

# %% [markdown]
# It did not. Training has pushed the largest singular value of $W_h$ well above 1, more than enough to make up for
# the slopes of tanh: all but the last rows are now heard about equally well. Over eight steps a plain recurrent
# network can keep that balance. Over eighty it is hard, as the last section tells: five percent too much per step are
# a factor of fifty after eighty steps.
#
# ### Experiment: an opinion after every row
#
# Our network answers after row 8, but it has a readout at every step. What does it say after row 4? And if we *ask*
# it after every row, with a mask that is true everywhere: does it pay for that at the end?

# %%
everywhere = np.ones_like(last_only)
talker = {name: value.copy() for name, value in untrained.items()}
train(
    talker,
    network.loss,
    ((images[chosen], targets[chosen], everywhere[chosen]) for chosen in minibatches(len(images), 32, epochs)),
    lr=0.05,
    clip=lambda grads: bptt.clip_grad_norm(grads, 1.0),
    label="asked after every row",
    total=epochs * -(-len(images) // 32),
)
by_row = {
    name: (network.scores(params, test_images).argmax(axis=2) == test_labels[:, None]).mean(axis=0)
    for name, params in [("asked at the end", reader), ("asked after every row", talker)]
}
fig, ax = plt.subplots()
for (name, values), style_, colour in zip(by_row.items(), ["o-", "s--"], ["gradient", "input"], strict=True):
    ax.plot(np.arange(1, 9), values, style_, color=PALETTE[colour], label=name)
ax.axhline(0.1, color=PALETTE["muted"], linestyle=":", label="guessing")
ax.set(xlabel="rows read", ylabel="accuracy", ylim=(0, 1.03), title="What they say on the way")
ax.legend(loc="upper left")
plt.show()
early_silent, early_talker = by_row["asked at the end"][4], by_row["asked after every row"][4]
talker_accuracy = by_row["asked after every row"][-1]
print(f"after 5 rows: {early_silent:.0%} and {early_talker:.0%}")
print(f"after 8 rows: {reader_accuracy:.1%} and {talker_accuracy:.1%}")

# %% [markdown]
# It does: there is a price. The network that is asked after every row is right early, and often; at the end it is
# behind the one that could keep silent. Both have the same 64 units and the same number of updates. But most of the eight losses of
# the talker ask for answers that nobody can be sure of yet, and it spends its units, and the better part of its
# (clipped) gradients, on those. **What you put into the loss is what you get.**

# %% [markdown]
# **Question 8 (3 points).** After five rows the network that is asked at the end only talks nonsense, while the other
# one is right most of the time. (a) Does the first one *know less* after five rows? Propose an experiment that would
# tell. (b) With the mask true everywhere, through how many places do the gradients enter the network, and what does
# that do to vanishing gradients?

# %% [markdown] nbgrader={"grade": true, "grade_id": "q_early_answers", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}
# ### BEGIN SOLUTION
# (a) Not necessarily. Its readout has never been asked to make sense of $h_5$, so what it says there means nothing.
# The state must hold what is needed of the first five rows, or the answer at the end could not be right. Experiment:
# leave the network as it is, collect its states $h_5$ on the training images, train a *new* readout on them (logistic
# regression), and measure it on the test images. (In our runs that gives more than 90 percent: the knowledge is
# there.) (2 points: 1 for the readout, 1 for the experiment.)
#
# (b) Through eight places: every `dh[:, t]` is different from zero. So each row gets, besides the gradient from the
# far end, one from a loss close by, which has had no time to vanish, and the early steps learn faster. But what they
# are taught that way is to guess from what they have, not to keep what will be needed later; the long way is as long
# as before. (1 point)
# ### END SOLUTION

# %% [markdown]
# ## What you have, and what is next
#
# You have a recurrent network that learns, and there is nothing in it that you did not derive, write and check. You
# know why its gradients are sums, why they explode or vanish, which remedy helps against the first (clip) and which
# against sequences without end (truncate), and that against the second neither helps.
#
# So far the network answered *once*. In **unit 3** it will be asked at every step which letter comes next, and its
# answers will be fed back to it: a language model that reads text and then writes some of its own. It is trained with
# the functions of this unit, in chunks with carried state, because a text has no end. In **unit 4** we build the cell
# in which gradients do not vanish.
#
# **Sources.** P. J. Werbos, *Backpropagation through time: what it does and how to do it*, Proc. IEEE 78 (1990). R.
# J. Williams and J. Peng, *An efficient gradient-based algorithm for on-line training of recurrent network
# trajectories*, Neural Computation 2 (1990). Y. Bengio, P. Simard and P. Frasconi, *Learning long-term dependencies
# with gradient descent is difficult*, IEEE Trans. Neural Networks 5 (1994). R. Pascanu, T. Mikolov and Y. Bengio, *On
# the difficulty of training recurrent neural networks*, ICML 2013. E. Alpaydin and C. Kaynak, *Optical Recognition of
# Handwritten Digits*, UCI (1998).
