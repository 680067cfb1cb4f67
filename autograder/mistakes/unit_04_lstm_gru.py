"""Known mistakes of unit 4, cells with gates.

Many were seen in students' public solutions of the same exercises; the rest are the classics of each
formula. Every mistake is a change of the reference module; `tests/test_mistakes_04.py` hands each of
them in and requires that it is caught and named.
"""

from __future__ import annotations

import itertools

from autograder.mistakes import Mistake

Change = tuple[str, str]

# --- what goes wrong in the same way in several functions ------------------------------------------


def _sums(exercise: str, changes: dict[str, tuple[Change, ...]]) -> list[Mistake]:
    """Something is missing from what goes into the gates."""
    words = {
        "bias-missing": (
            "the bias is not used",
            "The bias belongs to the readout.",
            "Which of the arguments does your result depend on?",
            "Look for b.",
            "Each gate has a bias of its own: it decides how far the gate is open before anything has come in.",
        ),
        "state-ignored": (
            "the previous hidden state has no effect on the gates",
            "A gate looks at the input.",
            "Which of the arguments do your gates depend on?",
            "Look for prev_h in what goes into the gates.",
            "A gate decides by the input and by what the cell has said last.",
        ),
    }
    return [
        Mistake(name, exercise, title, thought, (ask, place, principle), changes[name])
        for name, (title, thought, ask, place, principle) in words.items()
        if name in changes
    ]


def _bias_gradient(exercise: str) -> list[Mistake]:
    """db, in every backward step."""
    old = "da.sum(axis=0)"
    return [
        Mistake(
            "bias-gradient-keeps-an-axis",
            exercise,
            "db keeps an axis of length one",
            "A row of numbers works as well as a list of them.",
            (
                "What shape has b, and what shape has db?",
                "Look at the sum that makes db.",
                "A gradient has the shape of what it belongs to; a broadcast hides the difference until it does not.",
            ),
            ((old, "da.sum(axis=0, keepdims=True)"),),
        ),
        Mistake(
            "bias-gradient-summed-over-everything",
            exercise,
            "db is a single number",
            "The bias is added everywhere, so everything is added up.",
            (
                "How many entries has b, and how many has db?",
                "Look at the axes of the sum.",
                "Each entry of b acts on its own column; over what it is copied along, its gradient is summed.",
            ),
            ((old, "da.sum()"),),
        ),
        Mistake(
            "bias-gradient-wrong-axis",
            exercise,
            "db is summed along the wrong axis",
            "The sum goes over the last axis.",
            (
                "Along which axis was b copied in the forward pass?",
                "Look at the axis of the sum.",
                "What is broadcast forward is summed back, along the same axis.",
            ),
            ((old, "da.sum(axis=1)"),),
        ),
        Mistake(
            "bias-gradient-averaged",
            exercise,
            "db is an average",
            "The gradient of a batch is the mean over the batch.",
            (
                "How do the losses of the sequences combine in this function?",
                "Look at what reduces the batch axis.",
                "Dividing by the batch size is the loss's decision, and has happened before the gradient gets here.",
            ),
            ((old, "da.mean(axis=0)"),),
        ),
    ]


def _forward_through_time(exercise: str, step: str, states: str, unpacked: str) -> list[Mistake]:
    """A sequence, forward: the step's name, the states that it is given, and what its results are unpacked into."""
    head = f"{step}(x[:, t], {states},"
    return [
        Mistake(
            "every-step-sees-h0",
            exercise,
            "every step starts from h0",
            "h0 is the hidden state that the step needs.",
            (
                "Which hidden state does the third step start from?",
                "Look at what the step in the loop is given as the state before it.",
                "What one step returns is where the next one starts; that is all the memory there is.",
            ),
            ((head, head.replace("prev_h", "h0", 1)),),
        ),
        Mistake(
            "h0-ignored",
            exercise,
            "h0 has no effect",
            "The network starts with nothing in memory.",
            (
                "What does your result depend on h0 for?",
                "Look at the hidden state before the first step.",
                "h0 is an argument: whoever calls may continue an earlier sequence.",
            ),
            (("= h0, ", "= np.zeros_like(h0), "),),
        ),
        Mistake(
            "last-step-missing",
            exercise,
            "the last step is never made",
            "T steps are counted from 0, so T - 1 of them.",
            (
                "How often does your loop run if T is 1?",
                "Look at the range of the loop.",
                "range(n) already stops before n.",
            ),
            (("in range(T)", "in range(T - 1)"),),
        ),
        Mistake(
            "first-step-missing",
            exercise,
            "the first step is never made",
            "The first state is h0, so the loop starts at 1.",
            (
                "Which input does your first step use?",
                "Look at the range of the loop.",
                "h0 is the state before the first step; the first input belongs to the first step.",
            ),
            (("in range(T)", "in range(1, T)"),),
        ),
        Mistake(
            "one-step-late",
            exercise,
            "the states are shifted by one step",
            "The first state of the sequence is h0.",
            (
                "Is the first state that you return the one before or after the first input?",
                "Look at when the state is written into the result, relative to the step.",
                "The state at index t is the one that has seen the input at index t.",
            ),
            (
                (f"        {unpacked}", f"        h[:, t] = prev_h\n        {unpacked}"),
                ("        h[:, t] = prev_h\n        cache.append", "        cache.append"),
            ),
        ),
        Mistake(
            "time-first",
            exercise,
            "time and batch axes are exchanged",
            "The states are stacked step by step.",
            (
                "What is the length of the first axis of your result?",
                "Look at the shape that the result is made with, or at the axis of a stack.",
                "Batch first, here and everywhere in this course.",
            ),
            (("return h, cache", "return h.transpose(1, 0, 2), cache"),),
        ),
        Mistake(
            "only-the-last-state",
            exercise,
            "only the last state is returned",
            "The last state has seen everything.",
            (
                "How many states does a sequence of T steps have?",
                "Look at what you return.",
                "A loss at every step needs the state of every step.",
            ),
            (("return h, cache", "return prev_h, cache"),),
        ),
        Mistake(
            "whole-sequence-to-the-step",
            exercise,
            "the step gets the whole sequence",
            "numpy takes care of the time axis.",
            (
                "What shape does the step expect its x to have?",
                "Look at the first argument of the step in the loop.",
                "One step sees one input per sequence.",
            ),
            ((f"{step}(x[:, t],", f"{step}(x,"),),
        ),
        Mistake(
            "batch-index-as-time",
            exercise,
            "the loop walks along the batch instead of time",
            "x[t] is the input of step t.",
            (
                "What does the first axis of x count?",
                "Look at how the input of one step is taken out of x.",
                "Batch first: time is the second axis.",
            ),
            ((f"{step}(x[:, t],", f"{step}(x[t],"),),
        ),
        Mistake(
            "same-input-every-step",
            exercise,
            "every step gets the first input",
            "The input is the input.",
            (
                "Does your result change when the second input changes?",
                "Look at the index of x in the loop.",
                "Each step reads its own input.",
            ),
            ((f"{step}(x[:, t],", f"{step}(x[:, 0],"),),
        ),
        Mistake(
            "inputs-backwards",
            exercise,
            "the inputs are read from the end",
            "The order of the steps does not matter.",
            (
                "Which input does your first state depend on?",
                "Look at the direction of the loop, or at the index of x.",
                "The forward pass goes forward in time; only gradients go back.",
            ),
            ((f"{step}(x[:, t],", f"{step}(x[:, T - 1 - t],"),),
        ),
        Mistake(
            "squeezed",
            exercise,
            "loses an axis of length one",
            "Axes of length one carry no information.",
            (
                "What shape has your result for one sequence, or for one step?",
                "Look for something that drops axes of length one.",
                "An axis is part of the contract, even if its length is one today.",
            ),
            (("return h, cache", "return np.squeeze(h), cache"),),
        ),
    ]


def _backward_through_time(exercise: str, states: str) -> list[Mistake]:
    """A sequence, backwards. `states` is what the loop starts with, as it stands in the reference."""
    above = "dh[:, t] + dprev_h"
    summed = "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t"
    result = "return np.stack(dx_steps, axis=1), dprev_h, dWx, dWh, db"
    loop = "for t in reversed(range(T)):"
    return [
        Mistake(
            "future-not-carried",
            exercise,
            "nothing comes from step t + 1 to the hidden state",
            "Every step gets its own upstream gradient.",
            (
                "Through which ways does the hidden state of one step act on the loss?",
                "Look at what goes into the step's backward function besides dh.",
                "A value that is used twice collects the gradient of both uses.",
            ),
            ((above, "dh[:, t]"),),
        ),
        Mistake(
            "above-ignored",
            exercise,
            "only the last step's dh is used",
            "The gradient starts at the end and flows back.",
            (
                "What should change if the upstream gradient of the first step changes?",
                "Look at what joins the gradient on its way back.",
                "There is a loss at every step; each adds to the gradient that passes by.",
            ),
            ((states, states.replace("np.zeros((N, H))", "dh[:, -1]", 1)), (above, "dprev_h")),
        ),
        Mistake(
            "last-step-counted-twice",
            exercise,
            "the last step's dh counts twice",
            "The gradient from the future starts with the last dh.",
            (
                "What comes from the future into the last step?",
                "Look at the value that the loop starts with.",
                "After the last step there is nothing; the loop adds dh by itself.",
            ),
            ((states, states.replace("np.zeros((N, H))", "dh[:, -1]", 1)),),
        ),
        Mistake(
            "future-accumulated",
            exercise,
            "the gradient from the future is added up over all steps",
            "All gradients are sums over the steps.",
            (
                "From where does something flow into h[:, t]: from all later steps, or from step t + 1?",
                "Look at what happens to the gradient of the state from round to round.",
                "What the later steps have to say arrives through step t + 1, already summed.",
            ),
            (
                ("dx_steps[t], dprev_h, d", "later = dprev_h\n        dx_steps[t], dprev_h, d"),
                (summed, f"{summed}\n        dprev_h = dprev_h + later"),
            ),
        ),
        Mistake(
            "weight-gradients-overwritten",
            exercise,
            "the weights' gradients are those of one step",
            "The step returns dWx, dWh and db.",
            (
                "How many steps use the same weights?",
                "Look at what happens to dWx in the second round of the loop.",
                "Weights that are used at every step collect the gradients of all steps.",
            ),
            ((summed, "dWx, dWh, db = dWx_t, dWh_t, db_t"),),
        ),
        Mistake(
            "weight-matrices-overwritten",
            exercise,
            "dWx and dWh are those of one step",
            "The step returns the gradients of the weights.",
            (
                "How many steps use the same weights?",
                "Look at what happens to dWx in the second round of the loop.",
                "Weights that are used at every step collect the gradients of all steps.",
            ),
            ((summed, "dWx, dWh, db = dWx_t, dWh_t, db + db_t"),),
        ),
        Mistake(
            "bias-gradient-overwritten",
            exercise,
            "db is that of one step",
            "db is small and needs no sum.",
            (
                "How many steps use the same bias?",
                "Look at what happens to db in the second round of the loop.",
                "What is used at every step collects the gradients of all steps.",
            ),
            ((summed, "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db_t"),),
        ),
        Mistake(
            "gradients-averaged-over-time",
            exercise,
            "the weights' gradients are divided by the number of steps",
            "The gradient of many steps is their mean.",
            (
                "Where does the forward pass divide by the number of steps?",
                "Look for a division in what happens to dWx, dWh and db.",
                "The total derivative is the sum over all uses; nothing here is an average.",
            ),
            ((result, "return np.stack(dx_steps, axis=1), dprev_h, dWx / T, dWh / T, db / T"),),
        ),
        Mistake(
            "initial-gradient-missing",
            exercise,
            "dh0 is never assigned",
            "The loop takes care of all gradients.",
            (
                "Which of your variables holds the gradient of h0 when the loop has ended?",
                "Look at the second result.",
                "What flows out of the first step, towards the past, is the gradient of h0.",
            ),
            ((result, result.replace("dprev_h", "None")),),
        ),
        Mistake(
            "initial-gradient-zero",
            exercise,
            "dh0 stays zero",
            "dh0 is filled with zeros first.",
            (
                "Does the loss depend on h0?",
                "Look at where the second result gets its value after it was made.",
                "What flows out of the first step, towards the past, is the gradient of h0.",
            ),
            ((result, result.replace("dprev_h", "np.zeros((N, H))")),),
        ),
        Mistake(
            "initial-gradient-from-the-last-step",
            exercise,
            "dh0 is what comes out of the last step",
            "The first gradient that the loop finds is dh0.",
            (
                "In which round of your loop does t stand for the step that h0 goes into?",
                "Look at when dh0 gets its value.",
                "The loop runs backwards: its first round is the last step.",
            ),
            (
                (summed, f"{summed}\n        dh0 = dprev_h if t == T - 1 else dh0"),
                (result, result.replace("dprev_h", "dh0")),
            ),
        ),
        Mistake(
            "initial-gradient-summed",
            exercise,
            "dh0 is summed over the steps",
            "What goes back is collected, as it is for the weights.",
            (
                "At how many steps is h0 the state that a step starts from?",
                "Look at what happens to dh0 in the second round of your loop.",
                "Weights are used at every step, h0 at the first one only.",
            ),
            (
                (loop, f"dh0 = np.zeros((N, H))\n    {loop}"),
                (summed, f"{summed}\n        dh0 = dh0 + dprev_h"),
                (result, result.replace("dprev_h", "dh0")),
            ),
        ),
        Mistake(
            "initial-gradient-one-step-early",
            exercise,
            "dh0 does not go through the first step",
            "The gradient that arrives at the first step is that of h0.",
            (
                "Is the gradient that you return that of the first state or that of h0?",
                "Look at whether it has gone back through the first step.",
                "Between h0 and the first state of the result lies one step, with its gates and its weights.",
            ),
            (
                (loop, f"{loop}\n        dh0 = {above}"),
                (result, result.replace("dprev_h", "dh0")),
            ),
        ),
        Mistake(
            "first-cache-every-step",
            exercise,
            "every step goes back with the first step's cache",
            "The cache is what the forward pass left.",
            (
                "Which gates does the third step go back through?",
                "Look at the index of the cache in the loop.",
                "Each step is undone with what that step had computed.",
            ),
            (("cache[t]", "cache[0]"),),
        ),
        Mistake(
            "caches-from-the-front",
            exercise,
            "the caches are taken from the wrong end",
            "A list gives what was put in first.",
            (
                "In which order does the forward pass put the caches into the list, and in which do you take them out?",
                "Follow the loop for three steps: which step's cache is used first?",
                "The way back begins with the last step, and needs what the last step has kept.",
            ),
            (("cache[t]", "cache[T - 1 - t]"),),
        ),
        Mistake(
            "loop-runs-forward",
            exercise,
            "the loop goes from the first step to the last",
            "Every step is visited, so the order does not matter.",
            (
                "When you are at the first step, which gradients do you need already?",
                "Look at the direction of the loop.",
                "A gradient comes from the future, so the future has to be done first.",
            ),
            ((loop, "for t in range(T):"),),
        ),
        Mistake(
            "last-step-skipped",
            exercise,
            "the last step's gradients are never computed",
            "The loop begins at T - 1.",
            (
                "Which is the first t of your loop, and which should it be?",
                "Look at the range of the loop.",
                "range(n) already stops before n.",
            ),
            ((loop, "for t in reversed(range(T - 1)):"), ("[None] * T", "[np.zeros_like(cache[0][0])] * T")),
        ),
        Mistake(
            "first-step-skipped",
            exercise,
            "the loop stops before the first step",
            "The first step has no step before it.",
            (
                "Which is the last t of your loop, and which should it be?",
                "Look at the range of the loop.",
                "The first step, too, has an input, weights and a state before it: h0.",
            ),
            ((loop, "for t in reversed(range(1, T)):"), ("[None] * T", "[np.zeros_like(cache[0][0])] * T")),
        ),
        Mistake(
            "second-cache-needed",
            exercise,
            "a sequence of one step has no second cache",
            "The second entry of the cache is as good as any for sizes.",
            (
                "How many entries has your cache if T is 1?",
                "Look for an index that is a fixed number.",
                "What must work for every length may only rely on what every length has: a first step.",
            ),
            (("N, T, H = dh.shape", "N, T, H = dh.shape\n    weights = cache[1]"),),
        ),
        Mistake(
            "input-gradients-backwards",
            exercise,
            "dx has its steps in reverse order",
            "The gradients are collected as they come.",
            (
                "Which step's gradient is collected first?",
                "Look at how the steps of dx come together.",
                "A loop that runs backwards meets the last step first.",
            ),
            ((result, result.replace("dx_steps,", "dx_steps[::-1],")),),
        ),
        Mistake(
            "input-gradients-time-first",
            exercise,
            "time and batch axes of dx are exchanged",
            "The gradients are stacked step by step.",
            (
                "What is the length of the first axis of dx?",
                "Look at the axis of the stack.",
                "dx has the shape of x: batch first.",
            ),
            ((result, result.replace("axis=1", "axis=0")),),
        ),
        Mistake(
            "squeezed",
            exercise,
            "dx loses an axis of length one",
            "Axes of length one carry no information.",
            (
                "What shape has dx for one sequence, or for one step?",
                "Look for something that drops axes of length one.",
                "An axis is part of the contract, even if its length is one today.",
            ),
            ((result, result.replace("np.stack(dx_steps, axis=1)", "np.squeeze(np.stack(dx_steps, axis=1))")),),
        ),
        Mistake(
            "gradient-sign",
            exercise,
            "all gradients have the wrong sign",
            "The gradient points downhill.",
            (
                "Does the loss grow or shrink in the direction of the gradient?",
                "Look for a minus, or for a difference the wrong way round.",
                "A gradient points uphill; going down is the optimiser's business.",
            ),
            ((result, "return -np.stack(dx_steps, axis=1), -dprev_h, -dWx, -dWh, -db"),),
        ),
    ]


def _weight_gradients(exercise: str, last: str, inputs: str, state: str, weights: tuple[str, str]) -> list[Mistake]:
    """Products with weights in a backward step: `inputs` and `state` make dWx and dWh, `last` is the return line."""
    through_x, through_h = weights
    return [
        Mistake(
            "input-weight-gradient-transposed",
            exercise,
            "dWx has its axes exchanged",
            "The product of the two, in either order.",
            (
                "What shape has Wx, and what shape has dWx?",
                "Look at the order of the factors in dWx.",
                "A gradient has the shape of what it belongs to; that decides the order.",
            ),
            ((inputs, "da.T @ x"),),
        ),
        Mistake(
            "weight-gradients-exchanged",
            exercise,
            "dWx and dWh are in each other's place",
            "The order of the results does not matter.",
            (
                "What shapes have your results, one by one?",
                "Look at the return statement and at the docstring's Returns.",
                "Whoever calls this function knows the results by their position alone.",
            ),
            ((last, last.replace(inputs, "DWX").replace(state, inputs).replace("DWX", state)),),
        ),
        Mistake(
            "input-weights-not-transposed",
            exercise,
            "dx goes the wrong way through Wx",
            "The gradient is multiplied by the weights, as the input was.",
            (
                "Which shape must the second factor have so that the product is (N, D)?",
                "Look at the product that gives dx.",
                "Forward sums over the input's index; backward sums over the gates' columns.",
            ),
            ((through_x, through_x.replace(".T", "")),),
        ),
        Mistake(
            "state-weights-not-transposed",
            exercise,
            "dprev_h goes the wrong way through Wh",
            "The gradient is multiplied by the weights, as the state was.",
            (
                "Which shape must the second factor have so that the product is (N, H)?",
                "Look at the product that gives dprev_h.",
                "Forward sums over the old state's index; backward sums over the gates' columns.",
            ),
            ((through_h, through_h.replace(".T", "")),),
        ),
        Mistake(
            "weights-averaged-over-batch",
            exercise,
            "dWx is divided by the batch size",
            "The gradient of a batch is the mean over the batch.",
            (
                "Where does the forward pass of this step divide by N?",
                "Look for a division in the gradients of the weights.",
                "Dividing by the batch size is the loss's decision, and has happened before the gradient gets here.",
            ),
            ((inputs, f"{inputs} / len(x)"),),
        ),
    ]


# --- the LSTM ----------------------------------------------------------------------------------------

_SPLIT = "a_i, a_f, a_o, a_g = np.split("


def _lstm_order(name: str, order: str, title: str, thought: str, gate: str) -> Mistake:
    """The blocks are taken for other gates than they are."""
    return Mistake(
        name,
        "lstm_step_forward",
        title,
        thought,
        (
            f"Which block of the weights belongs to the {gate}?",
            "Look at the order in which you take the blocks apart, and at the top of the module.",
            "The weights do not say which block is which: an order is an agreement, and this course's is i, f, o, g.",
        ),
        ((_SPLIT, f"{', '.join(f'a_{gate}' for gate in order.split(', '))} = np.split("),),
    )


#: Orders of libraries and books that put the forget gate first, and of those that begin with the candidate.
_FURTHER_ORDERS = [
    _lstm_order(
        f"order-{order.replace(', ', '')}",
        order,
        f"the blocks are read in the order {order}",
        f"The order is {order}, as I know it.",
        "input gate",
    )
    for order in ("f, i, g, o", "f, g, i, o", "f, o, i, g", "g, i, f, o", "o, f, i, g")
]
_GATES = "i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)"
_CELL = "next_c = f * prev_c + i * g"
_OUTPUT = "next_h = o * tanh_c"

LSTM_STEP_FORWARD = [
    *_sums(
        "lstm_step_forward",
        {"bias-missing": ((" + prev_h @ Wh + b", " + prev_h @ Wh"),), "state-ignored": ((" + prev_h @ Wh", ""),)},
    ),
    _lstm_order(
        "order-candidate-third",
        "i, f, g, o",
        "the blocks are read in another library's order: the last two are exchanged",
        "The order is i, f, g, o, as in the library I know.",
        "candidate",
    ),
    _lstm_order(
        "order-forget-first",
        "f, i, o, g",
        "the blocks are read with the forget gate first",
        "Forgetting comes before writing.",
        "forget gate",
    ),
    _lstm_order(
        "order-candidate-second",
        "i, g, f, o",
        "the blocks are read with the candidate second",
        "What is written stands beside the gate that writes it.",
        "candidate",
    ),
    _lstm_order(
        "order-output-second",
        "i, o, f, g",
        "the blocks of the forget gate and of the output gate are exchanged",
        "The order is i, o, f, g.",
        "forget gate",
    ),
    *_FURTHER_ORDERS,
    Mistake(
        "gates-sliced-from-the-batch",
        "lstm_step_forward",
        "the gates are cut out along the batch axis",
        "The first H belong to the first gate.",
        (
            "What shape has one gate, and what shape has what you cut out?",
            "Look at which axis your slices act on.",
            "A single slice cuts the first axis, and here that is the sequences; the gates stand side by side.",
        ),
        (
            (
                "a_i, a_f, a_o, a_g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)",
                "a, H = x @ Wx + prev_h @ Wh + b, prev_h.shape[1]\n"
                "    a_i, a_f, a_o, a_g = a[:H], a[H : 2 * H], a[2 * H : 3 * H], a[3 * H :]",
            ),
        ),
    ),
    Mistake(
        "forget-gate-on-the-new-cell",
        "lstm_step_forward",
        "the forget gate acts on more than the old cell state",
        "The cell forgets after it has been written.",
        (
            "If the forget gate is shut, what should be in the cell after the step?",
            "Look at what the forget gate multiplies.",
            "What is forgotten is what was there before; what is written now has a gate of its own.",
        ),
        ((_CELL, "next_c = f * (prev_c + i * g)"),),
    ),
    Mistake(
        "input-gate-missing",
        "lstm_step_forward",
        "the input gate does nothing",
        "The candidate is what is written.",
        (
            "What does the cell keep out if its input gate is shut?",
            "Look for i in the line of the new cell state.",
            "The candidate is a proposal; how much of it is written is the input gate's decision.",
        ),
        ((_CELL, "next_c = f * prev_c + g"),),
    ),
    Mistake(
        "forget-gate-missing",
        "lstm_step_forward",
        "the forget gate does nothing",
        "The cell is a sum of all that has been written.",
        (
            "How can your cell ever get rid of what is in it?",
            "Look for f in the line of the new cell state.",
            "What was there before is kept as far as the forget gate is open.",
        ),
        ((_CELL, "next_c = prev_c + i * g"),),
    ),
    Mistake(
        "old-cell-ignored",
        "lstm_step_forward",
        "the old cell state has no effect",
        "The new cell state is what is written now.",
        (
            "Which of the arguments does your result depend on?",
            "Look for prev_c.",
            "What makes the cell a memory is the way from its old state to its new one.",
        ),
        ((_CELL, "next_c = i * g"),),
    ),
    Mistake(
        "hidden-state-for-the-cell",
        "lstm_step_forward",
        "the forget gate acts on the other state",
        "The previous state is what is kept.",
        (
            "Which of the two old states is the memory?",
            "Look at what the forget gate multiplies.",
            "The cell is carried on by the gates alone; the hidden state is what the cell shows.",
        ),
        ((_CELL, "next_c = f * prev_h + i * g"),),
    ),
    Mistake(
        "input-gate-from-the-forget-gate",
        "lstm_step_forward",
        "the input gate is what the forget gate leaves",
        "What is forgotten makes room for as much.",
        (
            "Can your cell keep all that it has and write something new?",
            "Look at what multiplies the candidate.",
            "Here the two gates are free of each other; coupling them is a variant, and a later exercise.",
        ),
        ((_CELL, "next_c = f * prev_c + (1 - f) * g"),),
    ),
    Mistake(
        "candidate-by-sigmoid",
        "lstm_step_forward",
        "the candidate goes through the gates' nonlinearity",
        "All four blocks are treated alike.",
        (
            "Can your cell's content ever become smaller by what is written?",
            "Look at the nonlinearity of each block.",
            "A gate is between 0 and 1; what is written may be negative.",
        ),
        (("np.tanh(a_g)", "sigmoid(a_g)"),),
    ),
    Mistake(
        "gates-by-tanh",
        "lstm_step_forward",
        "the gates go through the candidate's nonlinearity",
        "The nonlinearity of a recurrent network is tanh.",
        (
            "What does a gate of -1 do?",
            "Look at the nonlinearity of each block.",
            "A gate says how much of something passes: none of it, all of it, or something between.",
        ),
        ((_GATES, "i, f, o, g = np.tanh(a_i), np.tanh(a_f), np.tanh(a_o), np.tanh(a_g)"),),
    ),
    Mistake(
        "output-gate-by-tanh",
        "lstm_step_forward",
        "the output gate goes through another nonlinearity than the other gates",
        "What comes out is squashed by tanh.",
        (
            "What does an output gate of -1 do?",
            "Look at the nonlinearity of each block.",
            "A gate says how much of something passes: none of it, all of it, or something between.",
        ),
        (("sigmoid(a_o)", "np.tanh(a_o)"),),
    ),
    Mistake(
        "gates-not-squashed",
        "lstm_step_forward",
        "the gates are used before their nonlinearity",
        "The weighted sum is the gate.",
        (
            "Between which two numbers does a gate lie?",
            "Look at what happens to the blocks between the sum and their use.",
            "A gate says how much of something passes; a weighted sum can be any number.",
        ),
        ((_GATES, "i, f, o, g = a_i, a_f, a_o, np.tanh(a_g)"),),
    ),
    Mistake(
        "candidate-not-squashed",
        "lstm_step_forward",
        "the candidate is used before its nonlinearity",
        "What is written needs no squashing.",
        (
            "How much can be written into the cell in one step?",
            "Look at what happens to the last block between the sum and its use.",
            "What one step can write is bounded: the candidate goes through tanh.",
        ),
        (("np.tanh(a_g)", "a_g"),),
    ),
    Mistake(
        "cell-shown-unsquashed",
        "lstm_step_forward",
        "the cell state comes out without its nonlinearity",
        "The output gate shows the cell.",
        (
            "In what range do the entries of a hidden state lie?",
            "Look at what the output gate multiplies.",
            "The cell may grow without bound; what it shows of itself may not.",
        ),
        ((_OUTPUT, "next_h = o * next_c"),),
    ),
    Mistake(
        "output-gate-missing",
        "lstm_step_forward",
        "the output gate does nothing",
        "The hidden state is the squashed cell.",
        (
            "Which of the four blocks does your hidden state not need?",
            "Look for o.",
            "A cell may remember without showing it: that is the output gate's decision.",
        ),
        ((_OUTPUT, "next_h = tanh_c"),),
    ),
    Mistake(
        "old-cell-shown",
        "lstm_step_forward",
        "what is shown is the cell before the step",
        "The output gate acts on the cell state.",
        (
            "Does your hidden state know what has just been written?",
            "Look at which cell state goes to the output.",
            "First the cell is renewed, then it is shown.",
        ),
        (("tanh_c = np.tanh(next_c)", "tanh_c = np.tanh(prev_c)"),),
    ),
    Mistake(
        "cell-squashed",
        "lstm_step_forward",
        "the cell state itself is squashed",
        "Every state goes through tanh.",
        (
            "With the forget gate wide open and the input gate shut, does your cell keep its content?",
            "Look at the line of the new cell state.",
            "The cell is carried on without any nonlinearity; that is why its gradient does not fade.",
        ),
        ((_CELL, "next_c = np.tanh(f * prev_c + i * g)"),),
    ),
    Mistake(
        "squashed-after-the-output-gate",
        "lstm_step_forward",
        "the last nonlinearity is in another place",
        "The hidden state is squashed at the end.",
        (
            "What is squashed: the cell, or what the gate has left of it?",
            "Look at the order of the last two operations.",
            "Two operations in the other order are another function.",
        ),
        ((_OUTPUT, "next_h = np.tanh(o * next_c)"),),
    ),
    Mistake(
        "results-exchanged",
        "lstm_step_forward",
        "the two states are in each other's place",
        "The cell state comes first.",
        (
            "Which of the two states is the first result?",
            "Look at the return statement and at the docstring's Returns.",
            "Whoever calls this function knows the results by their position alone.",
        ),
        (("return next_h, next_c, cache", "return next_c, next_h, cache"),),
    ),
    Mistake(
        "no-cache",
        "lstm_step_forward",
        "nothing is kept for the backward pass",
        "The states are the result.",
        (
            "What will the backward pass need to know of this step?",
            "Look at what you return, and at the docstring's Returns.",
            "A forward function hands on what its backward function cannot compute again from gradients alone.",
        ),
        (("return next_h, next_c, cache", "return next_h, next_c"),),
    ),
    Mistake(
        "exp-overflows",
        "lstm_step_forward",
        "a sigmoid that is not a number for large inputs",
        "exp(a) over 1 + exp(a) is the same function.",
        (
            "What is infinity divided by infinity?",
            "Look at what goes into exp, and at what its result is divided by.",
            "Of several ways to write a function, some survive large numbers: let exp become 0 rather than infinite.",
        ),
        (
            (
                _GATES,
                "i, f, o = (np.exp(a) / (1 + np.exp(a)) for a in (a_i, a_f, a_o))\n    g = np.tanh(a_g)",
            ),
        ),
    ),
    Mistake(
        "squeezed",
        "lstm_step_forward",
        "the states lose an axis of length one",
        "Axes of length one carry no information.",
        (
            "What shape have your results for one sequence?",
            "Look for something that drops axes of length one.",
            "An axis is part of the contract, even if its length is one today.",
        ),
        (("return next_h, next_c, cache", "return np.squeeze(next_h), np.squeeze(next_c), cache"),),
    ),
]

_DO = "do = dnext_h * tanh_c"
_DC = "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)"
_DGATES = "di, df, dg = dc * g, dc * prev_c, dc * i"
_DPREV_C = "dprev_c = dc * f"
_DA = "[di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)]"
_STEP_RESULT = "return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(axis=0)"


def _slope(name: str, gate: str, old: str, new: str) -> Mistake:
    """One gate whose own nonlinearity is not undone."""
    return Mistake(
        name,
        "lstm_step_backward",
        f"the gradient does not go through the {gate}'s nonlinearity",
        f"The {gate} is what the weights make.",
        (
            f"Is the gradient that you hand on that of the {gate}, or that of the sum before its nonlinearity?",
            f"Look at the block of the {gate} where the four blocks come together.",
            "Every operation of the forward pass is undone once: sigmoid and tanh have slopes, and each block its own.",
        ),
        ((old, new),),
    )


LSTM_STEP_BACKWARD = [
    *_bias_gradient("lstm_step_backward"),
    *_weight_gradients("lstm_step_backward", _STEP_RESULT, "x.T @ da", "prev_h.T @ da", ("da @ Wx.T", "da @ Wh.T")),
    Mistake(
        "cell-gradient-ignored",
        "lstm_step_backward",
        "what comes back through the cell is not used",
        "The gradient comes from the hidden state.",
        (
            "Which of the arguments do your gradients depend on?",
            "Look for dnext_c.",
            "The new cell state has two readers: this step's output and the next step's cell. Both send a gradient.",
        ),
        ((_DC, "dc = dnext_h * o * (1 - tanh_c**2)"),),
    ),
    Mistake(
        "only-through-the-cell",
        "lstm_step_backward",
        "the way from the hidden state to the cell is missing",
        "dnext_c is the gradient of the cell.",
        (
            "Does the hidden state depend on the new cell state?",
            "Look at what you take for the gradient of the new cell state.",
            "The new cell state has two readers: this step's output and the next step's cell. Both send a gradient.",
        ),
        ((_DC, "dc = dnext_c"),),
    ),
    Mistake(
        "tanh-slope-missing-on-the-cell",
        "lstm_step_backward",
        "the nonlinearity between cell and output is not undone",
        "The output gate multiplies the cell.",
        (
            "What lies between the cell state and the hidden state, besides the output gate?",
            "Look at how the hidden state's gradient gets to the cell.",
            "Going back through a nonlinearity multiplies by its slope.",
        ),
        ((_DC, "dc = dnext_c + dnext_h * o"),),
    ),
    Mistake(
        "tanh-slope-on-both-ways",
        "lstm_step_backward",
        "what comes through the cell is multiplied by a slope that is not on its way",
        "The gradients are added and go back through tanh.",
        (
            "Between two cell states, is there a nonlinearity?",
            "Look at where the two gradients of the cell are added.",
            "Each gradient goes back the way that its value went forward; the cell's own way has no nonlinearity.",
        ),
        ((_DC, "dc = (dnext_c + dnext_h * o) * (1 - tanh_c**2)"),),
    ),
    Mistake(
        "output-gate-missing-on-the-way",
        "lstm_step_backward",
        "the output gate is not passed on the way to the cell",
        "The hidden state is the squashed cell.",
        (
            "If the output gate is shut, how much does the hidden state say about the cell?",
            "Look at how the hidden state's gradient gets to the cell.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        ((_DC, "dc = dnext_c + dnext_h * (1 - tanh_c**2)"),),
    ),
    Mistake(
        "slope-of-the-cell-itself",
        "lstm_step_backward",
        "a slope is taken at the wrong value",
        "The slope of tanh is one minus the square of what is there.",
        (
            "Of which number is the square taken in the slope of tanh: of its input or of its result?",
            "Look at the slope on the way to the cell.",
            "One minus the square of tanh's result is its slope; the cell state is what went in.",
        ),
        ((_DC, "dc = dnext_c + dnext_h * o * (1 - np.arctanh(tanh_c) ** 2)"),),
    ),
    Mistake(
        "forget-gate-missing-in-dprev-c",
        "lstm_step_backward",
        "dprev_c does not go through the forget gate",
        "The gradient of the cell is carried on as it is.",
        (
            "If the forget gate is shut, does the old cell state act on anything?",
            "Look at the line of dprev_c.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        ((_DPREV_C, "dprev_c = dc"),),
    ),
    Mistake(
        "dprev-c-from-the-cell-alone",
        "lstm_step_backward",
        "dprev_c lacks what comes from the hidden state",
        "The cell's gradient comes from the next cell.",
        (
            "Does the old cell state act on this step's hidden state?",
            "Look at which gradient dprev_c is made of.",
            "The old cell state acts through the new one, and that one has two readers.",
        ),
        ((_DPREV_C, "dprev_c = dnext_c * f"),),
    ),
    Mistake(
        "dprev-c-through-the-input-gate",
        "lstm_step_backward",
        "dprev_c goes back through another gate",
        "The gate that writes is the gate to go back through.",
        (
            "Which gate multiplies the old cell state?",
            "Look at the line of dprev_c.",
            "Go back through the same gate that the value came through.",
        ),
        ((_DPREV_C, "dprev_c = dc * i"),),
    ),
    Mistake(
        "dprev-c-missing",
        "lstm_step_backward",
        "dprev_c is never computed",
        "The state's gradient is dprev_h.",
        (
            "Which of the six results has no line of its own?",
            "Look for dprev_c between the first line and the last.",
            "A name that starts as None stays None until something is assigned to it.",
        ),
        ((_DPREV_C, "dprev_c = None"),),
    ),
    Mistake(
        "output-gate-meets-the-cell",
        "lstm_step_backward",
        "the output gate's gradient uses another value than the one it met",
        "The output gate multiplies the cell.",
        (
            "What did the output gate multiply in the forward pass?",
            "Look at the line of the output gate's gradient.",
            "The gradient of one factor is the upstream gradient times the other factor, as it was.",
        ),
        ((_DO, "do = dnext_h * (f * prev_c + i * g)"),),
    ),
    Mistake(
        "output-gate-from-the-cell-gradient",
        "lstm_step_backward",
        "the output gate gets the cell's gradient",
        "All gates get the gradient of the cell.",
        (
            "Does the output gate act on the new cell state?",
            "Look at which gradient the output gate's starts from.",
            "Three of the blocks act through the cell; the output gate acts after it.",
        ),
        (
            (_DO, "pass"),
            (_DGATES, f"{_DGATES}\n    do = dc * tanh_c"),
        ),
    ),
    _slope("input-gate-slope-missing", "input gate", "di * i * (1 - i)", "di"),
    _slope("forget-gate-slope-missing", "forget gate", "df * f * (1 - f)", "df"),
    _slope("output-gate-slope-missing", "output gate", "do * o * (1 - o)", "do"),
    _slope("candidate-slope-missing", "candidate", "dg * (1 - g**2)", "dg"),
    *[
        Mistake(
            name,
            "lstm_step_backward",
            f"the nonlinearities of {which} are applied a second time",
            "The slope of the sigmoid is sigmoid(a) (1 - sigmoid(a)).",
            (
                "Are i, f, o and g in your cache the sums, or what the nonlinearities have made of them?",
                "Look at what goes into sigmoid and tanh on the way back.",
                "A slope that is given by the result takes the result as it is: it has gone through already.",
            ),
            (
                (
                    _DA,
                    f"[{', '.join(f'd{gate} * sigmoid({gate}) * (1 - sigmoid({gate}))' for gate in 'ifo')}, {candidate}]",
                ),
            ),
        )
        for name, which, candidate in (
            ("squashed-twice", "all four blocks", "dg * (1 - np.tanh(g) ** 2)"),
            ("gates-squashed-twice", "the gates", "dg * (1 - g**2)"),
        )
    ],
    Mistake(
        "two-ways-multiplied",
        "lstm_step_backward",
        "the two gradients that meet at the cell are multiplied",
        "The chain rule multiplies.",
        (
            "By how many ways does the cell state act on the loss, and how do ways combine?",
            "Look at the line where dnext_c comes in.",
            "Along one way, factors are multiplied; what comes on different ways is added.",
        ),
        ((_DC, "dc = dnext_c * dnext_h * o * (1 - tanh_c**2)"),),
    ),
    Mistake(
        "all-slopes-missing",
        "lstm_step_backward",
        "no block goes through its nonlinearity",
        "The four gradients go back through the weights.",
        (
            "Are the gradients that you put side by side those of the gates, or of the sums before them?",
            "Look at where the four blocks come together.",
            "Every operation of the forward pass is undone once: sigmoid and tanh have slopes, and each block its own.",
        ),
        ((_DA, "[di, df, do, dg]"),),
    ),
    Mistake(
        "candidate-slope-of-sigmoid",
        "lstm_step_backward",
        "the candidate's slope is that of another function",
        "All four blocks are treated alike.",
        (
            "Which nonlinearity made the candidate?",
            "Look at the last of the four blocks.",
            "Each nonlinearity has its own slope.",
        ),
        (("dg * (1 - g**2)", "dg * g * (1 - g)"),),
    ),
    Mistake(
        "gate-slopes-of-tanh",
        "lstm_step_backward",
        "the gates' slopes are those of another function",
        "The slope is one minus the square.",
        (
            "Which nonlinearity made the gates?",
            "Look at the first three of the four blocks.",
            "Each nonlinearity has its own slope.",
        ),
        ((_DA, "[di * (1 - i**2), df * (1 - f**2), do * (1 - o**2), dg * (1 - g**2)]"),),
    ),
    Mistake(
        "gradients-of-input-and-forget-gate-exchanged",
        "lstm_step_backward",
        "two gates get each other's gradient",
        "Each gate is multiplied by one of the two.",
        (
            "What does the forget gate multiply, and what the input gate?",
            "Look at the gradients of these two gates.",
            "The gradient of one factor is the upstream gradient times the other factor.",
        ),
        ((_DGATES, "di, df, dg = dc * prev_c, dc * g, dc * i"),),
    ),
    Mistake(
        "factors-keep-themselves",
        "lstm_step_backward",
        "a factor of a product gets itself instead of its partner",
        "The input gate's gradient holds the input gate.",
        (
            "By how much does i g grow if i grows a little?",
            "Look at what the gradients of input gate and candidate are multiplied with.",
            "The gradient of one factor is the upstream gradient times the other factor.",
        ),
        ((_DGATES, "di, df, dg = dc * i, dc * prev_c, dc * g"),),
    ),
    Mistake(
        "forget-gate-meets-the-new-cell",
        "lstm_step_backward",
        "the forget gate's gradient uses the wrong cell state",
        "The cell state in the cache is the one to use.",
        (
            "Which cell state did the forget gate multiply?",
            "Look at the forget gate's gradient.",
            "The gradient of one factor is the upstream gradient times the other factor, as it was.",
        ),
        ((_DGATES, "di, df, dg = dc * g, dc * (f * prev_c + i * g), dc * i"),),
    ),
    Mistake(
        "input-gate-missing-on-the-way",
        "lstm_step_backward",
        "the input gate is not passed on the way to the candidate",
        "The candidate is what is written.",
        (
            "If the input gate is shut, does the candidate act on anything?",
            "Look at the candidate's gradient.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        ((_DGATES, "di, df, dg = dc * g, dc * prev_c, dc"),),
    ),
    Mistake(
        "blocks-in-another-order",
        "lstm_step_backward",
        "the blocks come together in another order than they were taken apart",
        "The order is i, f, g, o.",
        (
            "In which order did the forward pass take the blocks apart?",
            "Look at where the four gradients come together.",
            "What is cut in one order is put together in the same order.",
        ),
        ((_DA, "[di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)]"),),
    ),
    Mistake(
        "first-two-blocks-exchanged",
        "lstm_step_backward",
        "the blocks come together in another order than they were taken apart",
        "The order is f, i, o, g, as on the lecture's drawing.",
        (
            "In which order did the forward pass take the blocks apart?",
            "Look at where the four gradients come together.",
            "What is cut in one order is put together in the same order.",
        ),
        ((_DA, "[df * f * (1 - f), di * i * (1 - i), do * o * (1 - o), dg * (1 - g**2)]"),),
    ),
    Mistake(
        "blocks-below-each-other",
        "lstm_step_backward",
        "the blocks come together along the batch axis",
        "Arrays are put together along their first axis.",
        (
            "What shape has the gradient of the sums before the nonlinearities?",
            "Look at the axis along which the four gradients come together.",
            "The gates stand side by side, one row per sequence.",
        ),
        ((", axis=1)", ", axis=0)"),),
    ),
    Mistake(
        "state-weight-gradient-from-the-new-state",
        "lstm_step_backward",
        "dWh is made with the wrong state",
        "The state in the cache is the one to use.",
        (
            "Which state was multiplied by Wh in this step?",
            "Look at which state occurs in dWh.",
            "The gradient of a weight is what came in through it times what comes back.",
        ),
        (("prev_h.T @ da", "(o * tanh_c).T @ da"),),
    ),
    Mistake(
        "state-weight-gradient-from-the-cell",
        "lstm_step_backward",
        "dWh is made with the cell state",
        "The previous state is the previous cell state.",
        (
            "Which state was multiplied by Wh in this step?",
            "Look at which state occurs in dWh.",
            "The gradient of a weight is what came in through it times what comes back.",
        ),
        (("prev_h.T @ da", "prev_c.T @ da"),),
    ),
    Mistake(
        "upstream-added-to-dprev-h",
        "lstm_step_backward",
        "dprev_h gets the upstream gradient once more",
        "What comes from above flows on to the step before.",
        (
            "Is there a way from the old hidden state to the new one that passes no gate?",
            "Look at what is added to dprev_h.",
            "The cell has a direct way from step to step; the hidden state has none.",
        ),
        (("da @ Wh.T", "da @ Wh.T + dnext_h"),),
    ),
    Mistake(
        "gradient-sign",
        "lstm_step_backward",
        "all gradients have the wrong sign",
        "The gradient points downhill.",
        (
            "Does the loss grow or shrink in the direction of the gradient?",
            "Look for a minus, or for a difference the wrong way round.",
            "A gradient points uphill; going down is the optimiser's business.",
        ),
        ((_DO, "do = -dnext_h * tanh_c"), (_DC, "dc = -dnext_c - dnext_h * o * (1 - tanh_c**2)")),
    ),
    Mistake(
        "never-cached",
        "lstm_step_backward",
        "uses a value that was never put into the cache",
        "The results of the forward pass are still there.",
        (
            "Where does the name in the error message get its value?",
            "Look at what the forward function puts into the cache and what you take out.",
            "A function sees its own arguments only; the cache is all that is left of the forward pass.",
        ),
        ((_DO, "do = dnext_h * np.tanh(next_c)"),),
    ),
    Mistake(
        "squeezed",
        "lstm_step_backward",
        "gradients lose an axis of length one",
        "Axes of length one carry no information.",
        (
            "What shape have dx and dprev_h for one sequence?",
            "Look for something that drops axes of length one.",
            "A gradient has the shape of what it belongs to, even where a length is one.",
        ),
        (("da @ Wx.T", "np.squeeze(da @ Wx.T)"), ("da @ Wh.T", "np.squeeze(da @ Wh.T)")),
    ),
    Mistake(
        "output-gate-without-upstream",
        "lstm_step_backward",
        "the output gate's gradient lacks what comes from above",
        "The gradient of a product is the other factor.",
        (
            "What happens to this gradient when what comes from above is zero?",
            "Look at each product on the way back: does it begin with something that came from above?",
            "Every gradient is what comes from above, times slopes; without what comes from above there is none.",
        ),
        ((_DO, "do = tanh_c"),),
    ),
    Mistake(
        "cell-without-upstream",
        "lstm_step_backward",
        "the way from the hidden state into the cell lacks what comes from above",
        "The slope is the gradient.",
        (
            "What happens to this gradient when what comes from above is zero?",
            "Look at each product on the way back: does it begin with something that came from above?",
            "Every gradient is what comes from above, times slopes; without what comes from above there is none.",
        ),
        (("dnext_c + dnext_h * o", "dnext_c + o"),),
    ),
    Mistake(
        "both-without-upstream",
        "lstm_step_backward",
        "what comes from above into the hidden state is used nowhere",
        "The gradient of a product is the other factor.",
        (
            "What happens to this gradient when what comes from above is zero?",
            "Look at each product on the way back: does it begin with something that came from above?",
            "Every gradient is what comes from above, times slopes; without what comes from above there is none.",
        ),
        (
            (_DO, "do = tanh_c"),
            ("dnext_c + dnext_h * o", "dnext_c + o"),
        ),
    ),
    Mistake(
        "gates-without-cell-gradient",
        "lstm_step_backward",
        "the gates' gradients lack what comes into the cell",
        "The gradient of a product is the other factor.",
        (
            "What happens to this gradient when what comes from above is zero?",
            "Look at each product on the way back: does it begin with something that came from above?",
            "Every gradient is what comes from above, times slopes; without what comes from above there is none.",
        ),
        (("di, df, dg = dc * g, dc * prev_c, dc * i", "di, df, dg = g, prev_c, i"),),
    ),
    Mistake(
        "slope-at-the-gradient-on-the-cell",
        "lstm_step_backward",
        "the slope of tanh on the cell is taken at the gradient",
        "The slope is taken at what comes in.",
        (
            "At which point of the tanh curve was the forward pass?",
            "Look at what is squared on the way into the cell.",
            "A slope belongs to a point of the forward pass.",
        ),
        (("(1 - tanh_c**2)", "(1 - np.tanh(dnext_c) ** 2)"),),
    ),
]

_LSTM_CALL = "lstm_step_forward(x[:, t], prev_h, prev_c,"

LSTM_FORWARD = [
    *_forward_through_time("lstm_forward", "lstm_step_forward", "prev_h, prev_c", "prev_h, prev_c, step_cache"),
    Mistake(
        "cell-not-carried",
        "lstm_forward",
        "every step starts with an empty cell",
        "The cell state starts at zero.",
        (
            "What is in the cell when the third step begins?",
            "Look at the cell state that the step in the loop is given.",
            "It starts at zero before the first step; from then on each step leaves it to the next.",
        ),
        ((_LSTM_CALL, "lstm_step_forward(x[:, t], prev_h, np.zeros_like(h0),"),),
    ),
    Mistake(
        "cell-starts-as-h0",
        "lstm_forward",
        "the cell starts with the hidden state's content",
        "h0 is the first state.",
        (
            "What is in the cell before the first step?",
            "Look at the first cell state, and at the docstring's first line.",
            "The two states are different things; only one of them is an argument here.",
        ),
        (("np.zeros_like(h0), []", "h0, []"),),
    ),
    Mistake(
        "cell-starts-full",
        "lstm_forward",
        "the cell does not start empty",
        "The cell is open at first.",
        (
            "What is in the cell before the first step?",
            "Look at the first cell state, and at the docstring's first line.",
            "Nothing has been written before the first step.",
        ),
        (("np.zeros_like(h0), []", "np.ones_like(h0), []"),),
    ),
    Mistake(
        "states-exchanged",
        "lstm_forward",
        "the step gets its two states in each other's place",
        "The cell state comes first.",
        (
            "In which order does the step want its states?",
            "Look at the second and the third argument of the step in the loop.",
            "Two arrays of the same shape fit into each other's place without a word of protest.",
        ),
        ((_LSTM_CALL, "lstm_step_forward(x[:, t], prev_c, prev_h,"),),
    ),
    Mistake(
        "results-unpacked-in-another-order",
        "lstm_forward",
        "the step's two results are taken for each other",
        "The cell state comes first.",
        (
            "In which order does the step return its states?",
            "Look at the names that the step's results get in the loop.",
            "Results are known by their position alone.",
        ),
        (("prev_h, prev_c, step_cache =", "prev_c, prev_h, step_cache ="),),
    ),
    Mistake(
        "cell-returned",
        "lstm_forward",
        "the cell states are returned",
        "The cell state is the state.",
        (
            "Which of the two states does the next layer see?",
            "Look at what is written into the result in each step.",
            "The cell is private; what a step shows is its hidden state.",
        ),
        (("h[:, t] = prev_h", "h[:, t] = prev_c"),),
    ),
]

_LSTM_BACK = "lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])"

LSTM_BACKWARD = [
    *_backward_through_time("lstm_backward", "dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))"),
    Mistake(
        "cell-gradient-not-carried",
        "lstm_backward",
        "nothing comes from step t + 1 to the cell",
        "The loss is on the hidden states, so the cell has no gradient of its own.",
        (
            "Through which ways does the cell state of one step act on the loss?",
            "Look at what the step's backward function is given for the cell.",
            "The cell's own way back is what an LSTM is for: what one step returns for it goes into the step before.",
        ),
        ((_LSTM_BACK, "lstm_step_backward(dh[:, t] + dprev_h, np.zeros((N, H)), cache[t])"),),
    ),
    Mistake(
        "nothing-carried",
        "lstm_backward",
        "nothing comes from step t + 1 at all",
        "Every step gets its own upstream gradient.",
        (
            "Through which ways do the states of one step act on the loss?",
            "Look at the arguments of the step's backward function.",
            "Both states go on to the next step, so a gradient comes back for both.",
        ),
        ((_LSTM_BACK, "lstm_step_backward(dh[:, t], np.zeros((N, H)), cache[t])"),),
    ),
    Mistake(
        "upstream-given-to-the-cell-too",
        "lstm_backward",
        "dh is added to the cell's gradient as well",
        "The gradient from above belongs to the state, and there are two.",
        (
            "Which of the two states does the loss see at each step?",
            "Look at what is added to the gradient of the cell.",
            "The way from the hidden state to its cell is inside the step; whoever goes it twice counts it twice.",
        ),
        ((_LSTM_BACK, "lstm_step_backward(dh[:, t] + dprev_h, dh[:, t] + dprev_c, cache[t])"),),
    ),
    Mistake(
        "cell-gradient-to-the-hidden-state",
        "lstm_backward",
        "the cell's gradient is added to the hidden state's",
        "What comes from the future is added up.",
        (
            "Which gradient belongs to which state?",
            "Look at what is added to the gradient of the hidden state.",
            "Two states, two gradients: each stays with its own until the step brings them together.",
        ),
        ((_LSTM_BACK, "lstm_step_backward(dh[:, t] + dprev_h + dprev_c, dprev_c, cache[t])"),),
    ),
    Mistake(
        "gradients-exchanged",
        "lstm_backward",
        "the step gets its two gradients in each other's place",
        "The cell's gradient comes first.",
        (
            "In which order does the step's backward function want its gradients?",
            "Look at its first two arguments.",
            "Two arrays of the same shape fit into each other's place without a word of protest.",
        ),
        ((_LSTM_BACK, "lstm_step_backward(dprev_c, dh[:, t] + dprev_h, cache[t])"),),
    ),
    Mistake(
        "first-cell-overwritten",
        "lstm_backward",
        "the first step goes back with a cell state that is one step too late",
        "The row of zeros before the first step can be used for its result.",
        (
            "What stands in the array that you kept as the cell state before the first step, when the loop is done?",
            "Look at where your forward function writes the new cell state of the first step.",
            "To keep a part of an array is to keep a name for it; whoever writes there later changes what was kept.",
        ),
        (
            (
                "N, T, H = dh.shape",
                "N, T, H = dh.shape\n    x, h, c, Wx, Wh, i, f, o, g, tanh_c = cache[0]\n"
                "    cache[0] = (x, h, f * c + i * g, Wx, Wh, i, f, o, g, tanh_c)",
            ),
        ),
    ),
    Mistake(
        "cells-overwritten",
        "lstm_backward",
        "every step goes back with a cell state that is one step too late",
        "The cell state is renewed in its place.",
        (
            "What stands in the array that you kept as the cell state before a step, when the step is done?",
            "Look at how your forward functions write the new cell state, and at what they keep of the old one.",
            "To keep an array is to keep a name for it; whoever writes into it later changes what was kept.",
        ),
        (
            (
                "N, T, H = dh.shape",
                "N, T, H = dh.shape\n    cache = [(*k[:2], k[6] * k[2] + k[5] * k[8], *k[3:]) for k in cache]",
            ),
        ),
    ),
    Mistake(
        "initial-gradient-of-the-cell",
        "lstm_backward",
        "dh0 is the gradient of the cell's first state",
        "The cell's gradient is what survives until the beginning.",
        (
            "Which of the two states is an argument of the forward function?",
            "Look at the second result.",
            "The cell starts at zero and has no argument; the gradient asked for is the hidden state's.",
        ),
        (
            (
                "return np.stack(dx_steps, axis=1), dprev_h, dWx, dWh, db",
                "return np.stack(dx_steps, axis=1), dprev_c, dWx, dWh, db",
            ),
        ),
    ),
]

# --- weights -----------------------------------------------------------------------------------------


def _spread(name: str, title: str, thought: str, old: str, new: str) -> Mistake:
    return Mistake(
        name,
        "init_lstm",
        title,
        thought,
        (
            "How large are the sums before the gates if the inputs are of size one?",
            "Look at what the random numbers are multiplied or divided by.",
            "A sum of n products grows as the root of n: dividing by that root leaves it of size one.",
        ),
        ((old, new),),
    )


_FORGET = "b[H : 2 * H] = forget_bias"
_WX = "rng.standard_normal((D, 4 * H)) / np.sqrt(D)"
_WH = "rng.standard_normal((H, 4 * H)) / np.sqrt(H)"


def _forget_bias(name: str, title: str, thought: str, new: str) -> Mistake:
    return Mistake(
        name,
        "init_lstm",
        title,
        thought,
        (
            "Which entries of b should not be zero, and which are not?",
            "Look at the block that the bias is written to, and at the order of the blocks.",
            "A forget gate that starts open lets gradients pass from the beginning; the other gates start half open.",
        ),
        ((_FORGET, new),),
    )


INIT_LSTM = [
    _forget_bias(
        "bias-on-the-input-gate",
        "the bias is in the input gate's block",
        "The first block forgets.",
        "b[:H] = forget_bias",
    ),
    _forget_bias(
        "bias-on-the-output-gate",
        "the bias is in the output gate's block",
        "The third block forgets.",
        "b[2 * H : 3 * H] = forget_bias",
    ),
    _forget_bias(
        "bias-on-the-candidate",
        "the bias is in the candidate's block",
        "The last block forgets.",
        "b[3 * H :] = forget_bias",
    ),
    _forget_bias("bias-on-every-gate", "the bias is in every block", "All gates start open.", "b[:] = forget_bias"),
    _forget_bias("bias-on-three-gates", "the bias is in more than one block", "b starts at H.", "b[H:] = forget_bias"),
    _forget_bias("bias-on-one-unit", "the bias is in a single entry", "One gate, one number.", "b[H] = forget_bias"),
    _forget_bias("bias-forgotten", "no entry of b is set", "Biases start at zero.", "pass"),
    Mistake(
        "argument-ignored",
        "init_lstm",
        "the argument forget_bias has no effect",
        "The bias of the forget gate is 1.",
        (
            "What changes in your function when it is called with a forget bias of 2?",
            "Look for a number of your own where the argument should stand.",
            "An argument that is not used is a promise that is not kept.",
        ),
        ((_FORGET, "b[H : 2 * H] = 1.0"),),
    ),
    Mistake(
        "bias-with-two-axes",
        "init_lstm",
        "b has an axis too many",
        "A row of numbers works as well as a list of them.",
        (
            "What shape does the docstring give for b?",
            "Look at how b is made.",
            "A broadcast hides an axis of length one until a gradient comes back without it.",
        ),
        (("return Wx, Wh, b", "return Wx, Wh, b[None]"),),
    ),
    Mistake(
        "bias-random",
        "init_lstm",
        "the other biases are not zero",
        "All parameters start at random.",
        (
            "What should the input gate's bias be before training?",
            "Look at what b is filled with before the forget gate's block is written.",
            "Random numbers are there to make units differ; the weights do that already.",
        ),
        (("b = np.zeros(4 * H)", "b = 0.1 * np.sin(np.arange(4 * H) + 1)"),),
    ),
    _spread(
        "input-weights-variance",
        "Wx has its variance as its standard deviation",
        "The spread is 1/D.",
        _WX,
        _WX.replace("np.sqrt(D)", "D"),
    ),
    _spread(
        "state-weights-variance",
        "Wh has its variance as its standard deviation",
        "The spread is 1/H.",
        _WH,
        _WH.replace("np.sqrt(H)", "H"),
    ),
    _spread(
        "input-weights-not-scaled",
        "Wx is not scaled",
        "Normal numbers have spread one.",
        _WX,
        _WX.replace(" / np.sqrt(D)", ""),
    ),
    _spread(
        "state-weights-not-scaled",
        "Wh is not scaled",
        "Normal numbers have spread one.",
        _WH,
        _WH.replace(" / np.sqrt(H)", ""),
    ),
    _spread(
        "input-weights-scaled-by-the-state",
        "Wx is scaled by the other width",
        "H is the width of the layer.",
        _WX,
        _WX.replace("np.sqrt(D)", "np.sqrt(H)"),
    ),
    _spread(
        "state-weights-scaled-by-the-input",
        "Wh is scaled by the other width",
        "D is the number of inputs.",
        _WH,
        _WH.replace("np.sqrt(H)", "np.sqrt(D)"),
    ),
    _spread(
        "input-weights-multiplied",
        "Wx is multiplied where it should be divided",
        "The spread is a root.",
        _WX,
        _WX.replace("/ np", "* np"),
    ),
    _spread(
        "input-weights-by-both-widths",
        "Wx is scaled by the sum of two widths",
        "The rule for plain layers uses both sides.",
        _WX,
        _WX.replace("/ np.sqrt(D)", "* np.sqrt(2 / (D + H))"),
    ),
    _spread(
        "input-weights-doubled-variance",
        "the spread of Wx belongs to another nonlinearity",
        "The rule for rectifiers is the modern one.",
        _WX,
        _WX.replace("/ np.sqrt(D)", "* np.sqrt(2 / D)"),
    ),
    _spread(
        "input-weights-small",
        "Wx is much too small",
        "Weights start near zero.",
        _WX,
        _WX.replace("/ np.sqrt(D)", "* 0.01"),
    ),
    Mistake(
        "uniform-numbers",
        "init_lstm",
        "the numbers are not normally distributed",
        "Random is random.",
        (
            "What is the largest entry of your Wx, in standard deviations?",
            "Look at the kind of random numbers that you draw.",
            "Two distributions may have the same standard deviation and yet differ: the docstring names one.",
        ),
        ((_WX, "rng.uniform(-1, 1, (D, 4 * H)) * np.sqrt(3 / D)"),),
    ),
    Mistake(
        "gates-start-alike",
        "init_lstm",
        "all gates start with the same weights",
        "One block is drawn and used four times.",
        (
            "What would the input gate and the output gate do differently at the first step?",
            "Look at how the four blocks are filled.",
            "Units that start alike get alike gradients: random numbers are there to make them differ.",
        ),
        (
            (_WX, "np.tile(rng.standard_normal((D, H)), 4) / np.sqrt(D)"),
            (_WH, "np.tile(rng.standard_normal((H, H)), 4) / np.sqrt(H)"),
        ),
    ),
    Mistake(
        "seed-ignored",
        "init_lstm",
        "every seed gives the same weights",
        "The generator is seeded once and for all.",
        (
            "What changes in your function when it is called with another seed?",
            "Look at where the generator gets its seed.",
            "An argument that is not used is a promise that is not kept.",
        ),
        (("default_rng(seed)", "default_rng(0)"),),
    ),
    Mistake(
        "not-seeded",
        "init_lstm",
        "the same seed gives other weights each time",
        "Random numbers are different each time.",
        (
            "If you run an experiment twice with the same seed, what should come out?",
            "Look at where the generator gets its seed.",
            "A seed is there so that what happened once can happen again.",
        ),
        (("default_rng(seed)", "default_rng()"),),
    ),
    Mistake(
        "blocks-below-each-other",
        "init_lstm",
        "Wx has its gates below each other",
        "The shape is that of another library.",
        (
            "What shape has the product of an input and your Wx?",
            "Look at the shape that the numbers are drawn in.",
            "Weights act from the right here: rows are inputs, columns are gates.",
        ),
        ((_WX, _WX.replace("(D, 4 * H)", "(4 * H, D)")),),
    ),
    Mistake(
        "same-numbers-twice",
        "init_lstm",
        "both matrices are made of the same numbers",
        "The seed says where each matrix starts.",
        (
            "What does a generator give first, each time it is made from the same seed?",
            "Look at how many generators there are.",
            "One generator, which goes on: what it gives for the second matrix are other numbers.",
        ),
        (("Wh = rng.standard_normal", "Wh = np.random.default_rng(seed).standard_normal"),),
    ),
]

_ORDER = "return np.concatenate([i, f, g, o], axis=-1)"
_STATE = (
    '"weight_ih_l0": reordered(Wx).T',
    '"weight_hh_l0": reordered(Wh).T',
    '"bias_ih_l0": reordered(b)',
    '"bias_hh_l0": np.zeros_like(b)',
)

TO_TORCH_LSTM = [
    Mistake(
        "gates-not-reordered",
        "to_torch_lstm",
        "the gates stay in our order",
        "Transposing is all that is needed.",
        (
            "In which order do the gates stand in the other library?",
            "Look at the docstring's first line.",
            "Two of the four blocks have to change places, in every array.",
        ),
        ((_ORDER, "return np.concatenate([i, f, o, g], axis=-1)"),),
    ),
    Mistake(
        "another-order",
        "to_torch_lstm",
        "the gates are in an order that is neither library's",
        "The candidate comes second.",
        (
            "In which order do the gates stand in the other library?",
            "Look at the order in which you put the blocks together.",
            "An order is an agreement: read it in the documentation of the one who will read your weights.",
        ),
        ((_ORDER, "return np.concatenate([i, g, f, o], axis=-1)"),),
    ),
    Mistake(
        "not-transposed",
        "to_torch_lstm",
        "rows and columns are where they were",
        "Only the gates are in another order.",
        (
            "What shape has the other library's matrix for the input?",
            "Look at the shapes in the docstring.",
            "We multiply from the right, the other library from the left: its rows are our columns.",
        ),
        ((_STATE[0], '"weight_ih_l0": reordered(Wx)'), (_STATE[1], '"weight_hh_l0": reordered(Wh)')),
    ),
    Mistake(
        "reshaped-instead-of-transposed",
        "to_torch_lstm",
        "the shape is right, but entries have moved",
        "Reshaping gives the shape that is wanted.",
        (
            "Where does the entry in the first row and second column of Wx go?",
            "Look at how the shape is changed.",
            "Reshaping reads the numbers off in the old order; exchanging rows and columns is another thing.",
        ),
        (
            (_STATE[0], '"weight_ih_l0": reordered(Wx).reshape(b.size, -1)'),
            (_STATE[1], '"weight_hh_l0": reordered(Wh).reshape(b.size, -1)'),
        ),
    ),
    Mistake(
        "only-the-input-weights-reordered",
        "to_torch_lstm",
        "the gates are reordered in one of the arrays only",
        "The input weights carry the gates.",
        (
            "Which of the arrays have blocks, one per gate?",
            "Look at each entry of the dict: does it have its blocks in the new order?",
            "Whatever is added up gate by gate has to be in the same order.",
        ),
        ((_STATE[1], '"weight_hh_l0": Wh.T'), (_STATE[2], '"bias_ih_l0": b')),
    ),
    Mistake(
        "bias-not-reordered",
        "to_torch_lstm",
        "the bias keeps our order",
        "A bias has no rows and columns.",
        (
            "Which of the arrays have blocks, one per gate?",
            "Look at the entries for the bias.",
            "Whatever is added up gate by gate has to be in the same order.",
        ),
        ((_STATE[2], '"bias_ih_l0": b'),),
    ),
    Mistake(
        "bias-doubled",
        "to_torch_lstm",
        "the bias counts twice",
        "Both biases are the bias.",
        (
            "What does the other library do with its two biases?",
            "Look at the two entries for the bias.",
            "Two that are added up have to make one.",
        ),
        ((_STATE[3], '"bias_hh_l0": reordered(b)'),),
    ),
    Mistake(
        "second-bias-missing",
        "to_torch_lstm",
        "an entry is missing",
        "We have one bias, so there is one.",
        (
            "Which four names does the other library expect?",
            "Look at the names in the docstring and at those in your dict.",
            "A bias that adds nothing is still an array, of zeros.",
        ),
        (("        " + _STATE[3] + ",\n", ""),),
    ),
    Mistake(
        "second-bias-a-number",
        "to_torch_lstm",
        "one of the biases has no shape",
        "Zero is zero.",
        (
            "What shape does the docstring give for each of the two biases?",
            "Look at the two entries for the bias.",
            "What is loaded into a layer has to have the layer's shapes.",
        ),
        ((_STATE[3], '"bias_hh_l0": 0.0'),),
    ),
    Mistake(
        "matrices-exchanged",
        "to_torch_lstm",
        "the two matrices are under each other's name",
        "hh comes first.",
        (
            "Which of the two names belongs to the input?",
            "Look at the names of the first two entries.",
            "ih is from the input to the hidden state, hh from the hidden state to itself.",
        ),
        ((_STATE[0], '"weight_ih_l0": reordered(Wh).T'), (_STATE[1], '"weight_hh_l0": reordered(Wx).T')),
    ),
    Mistake(
        "blocks-cut-across",
        "to_torch_lstm",
        "the blocks are cut out along the wrong axis",
        "Arrays are cut along their first axis.",
        (
            "Along which axis of our matrices do the gates stand side by side?",
            "Look at the axis along which you take the blocks apart.",
            "First say which axis holds the gates, then cut along that one.",
        ),
        (
            ("np.split(w, 4, axis=-1)", "np.split(w, 4, axis=0)"),
            (_ORDER, "return np.concatenate([i, f, g, o], axis=0)"),
        ),
    ),
    Mistake(
        "a-tuple-returned",
        "to_torch_lstm",
        "a tuple instead of a dict",
        "Four arrays are four results.",
        (
            "How does the other library know which array is which?",
            "Look at what you return, and at the docstring's Returns.",
            "A layer is loaded by names.",
        ),
        (("    return {\n", "    return tuple({\n"), ("\n    }", "\n    }.values())")),
    ),
]

# --- the GRU -----------------------------------------------------------------------------------------

_GRU_GATES = "gates = sigmoid(x @ Wx[:, : 2 * H] + prev_h @ Wh[:, : 2 * H] + b[: 2 * H])"
_CUT = "r, z = gates[:, :H], gates[:, H:]"
_CANDIDATE = "candidate = np.tanh(x @ Wx[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :] + b[2 * H :])"
_MIX = "next_h = z * prev_h + (1 - z) * candidate"

#: Other conventions than the course's, each a mistake of its own; books and libraries have several at once.
_CONVENTIONS = {
    "order-update-first": ("the blocks of the two gates are exchanged", (_CUT, "z, r = gates[:, :H], gates[:, H:]")),
    "update-gate-inverted": (
        "the update gate keeps what it should replace",
        (_MIX, "next_h = (1 - z) * prev_h + z * candidate"),
    ),
    "reset-after-the-product": (
        "the reset gate acts after the product with the weights",
        ("(r * prev_h) @ Wh[:, 2 * H :]", "r * (prev_h @ Wh[:, 2 * H :])"),
    ),
}
_OTHER_GRUS = [
    Mistake(
        "-and-".join(names),
        "gru_step_forward",
        ", and ".join(_CONVENTIONS[name][0] for name in names),
        "A GRU is a GRU: I took the formula as I know it.",
        (
            f"In which {'two' if len(names) == 2 else 'three'} ways does your GRU differ from the docstring's?",
            "Compare with its first line: the order of the blocks, what z keeps, where r acts.",
            "Papers and libraries have different GRUs under one name; weights for the one are nothing to the other.",
        ),
        tuple(_CONVENTIONS[name][1] for name in names),
    )
    for count in (2, 3)
    for names in itertools.combinations(_CONVENTIONS, count)
]

GRU_STEP_FORWARD = [
    *_sums(
        "gru_step_forward",
        {
            "bias-missing": ((" + b[: 2 * H]", ""), (" + b[2 * H :]", "")),
            "state-ignored": ((" + prev_h @ Wh[:, : 2 * H]", ""),),
        },
    ),
    Mistake(
        "reset-after-the-product",
        "gru_step_forward",
        "the reset gate acts after the product with the weights",
        "The reset gate acts on what comes from the state.",
        (
            "Does the reset gate multiply the state, or what the weights have made of it?",
            "Look at the order of the two products in the candidate.",
            "A product of entries and a product of matrices cannot change places; another library has them the other way.",
        ),
        (("(r * prev_h) @ Wh[:, 2 * H :]", "r * (prev_h @ Wh[:, 2 * H :])"),),
    ),
    Mistake(
        "update-gate-inverted",
        "gru_step_forward",
        "the update gate keeps what it should replace",
        "z is how much is new.",
        (
            "If z is 1, what should the new state be?",
            "Look at what z multiplies and what 1 - z multiplies.",
            "Papers differ in this; the docstring's first line says how it is here.",
        ),
        ((_MIX, "next_h = (1 - z) * prev_h + z * candidate"),),
    ),
    Mistake(
        "order-update-first",
        "gru_step_forward",
        "the blocks of the two gates are exchanged",
        "The update gate comes first.",
        (
            "Which block of the weights belongs to the reset gate?",
            "Look at the order in which you take the blocks apart, and at the top of the module.",
            "The weights do not say which block is which: an order is an agreement, and this course's is r, z, candidate.",
        ),
        ((_CUT, "z, r = gates[:, :H], gates[:, H:]"),),
    ),
    *_OTHER_GRUS,
    Mistake(
        "reset-missing",
        "gru_step_forward",
        "the reset gate does nothing",
        "The candidate sees the input and the state.",
        (
            "Which of the three blocks does your result not need?",
            "Look for r in the line of the candidate.",
            "How much of the old state the candidate sees is the reset gate's decision.",
        ),
        (("(r * prev_h) @", "prev_h @"),),
    ),
    Mistake(
        "reset-inverted",
        "gru_step_forward",
        "the reset gate lets through what it should keep out",
        "Reset means to delete.",
        (
            "If r is 0, what should the candidate see of the old state?",
            "Look at what the old state is multiplied by in the candidate.",
            "A gate of 1 is open, whatever its name.",
        ),
        (("(r * prev_h) @", "((1 - r) * prev_h) @"),),
    ),
    Mistake(
        "reset-of-the-whole-sum",
        "gru_step_forward",
        "the reset gate acts on the input, too",
        "The reset gate multiplies what goes into the candidate.",
        (
            "If r is 0, does your candidate still see the input?",
            "Look at where the parenthesis that the reset gate multiplies closes.",
            "Only the past is reset.",
        ),
        ((_CANDIDATE, "candidate = np.tanh(r * (x @ Wx[:, 2 * H :] + prev_h @ Wh[:, 2 * H :] + b[2 * H :]))"),),
    ),
    Mistake(
        "candidate-by-sigmoid",
        "gru_step_forward",
        "the candidate goes through the gates' nonlinearity",
        "All three blocks are treated alike.",
        (
            "Can your candidate be negative?",
            "Look at the nonlinearity of each block.",
            "A gate is between 0 and 1; a state may be negative.",
        ),
        (("candidate = np.tanh(", "candidate = sigmoid("),),
    ),
    Mistake(
        "candidate-not-squashed",
        "gru_step_forward",
        "the candidate is used before its nonlinearity",
        "The weighted sum is the candidate.",
        (
            "In what range do the entries of a hidden state lie?",
            "Look at what happens to the candidate between the sum and its use.",
            "The new state is between the old one and the candidate: both have to be bounded.",
        ),
        (("candidate = np.tanh(", "candidate = ("),),
    ),
    Mistake(
        "gates-by-tanh",
        "gru_step_forward",
        "the gates go through the candidate's nonlinearity",
        "The nonlinearity of a recurrent network is tanh.",
        (
            "What does a gate of -1 do?",
            "Look at the nonlinearity of each block.",
            "A gate says how much of something passes: none of it, all of it, or something between.",
        ),
        (("gates = sigmoid(", "gates = np.tanh("),),
    ),
    Mistake(
        "gates-not-squashed",
        "gru_step_forward",
        "the gates are used before their nonlinearity",
        "The weighted sum is the gate.",
        (
            "Between which two numbers does a gate lie?",
            "Look at what happens to the gates between the sum and their use.",
            "A gate says how much of something passes; a weighted sum can be any number.",
        ),
        (("gates = sigmoid(", "gates = ("),),
    ),
    Mistake(
        "old-state-not-gated",
        "gru_step_forward",
        "the old state is kept whole",
        "The new state is the old one and something new.",
        (
            "If z is 0, how much of the old state should be left?",
            "Look at what the old state is multiplied by in the last line.",
            "What is kept and what is new share one gate: together they make one.",
        ),
        ((_MIX, "next_h = prev_h + (1 - z) * candidate"),),
    ),
    Mistake(
        "candidate-not-gated",
        "gru_step_forward",
        "the candidate is added whole",
        "The candidate is the new state.",
        (
            "If z is 1, should the new state differ from the old one?",
            "Look at what the candidate is multiplied by in the last line.",
            "What is kept and what is new share one gate: together they make one.",
        ),
        ((_MIX, "next_h = z * prev_h + candidate"),),
    ),
    Mistake(
        "reset-state-kept",
        "gru_step_forward",
        "what is kept is the state after the reset",
        "The state has been reset.",
        (
            "Is the reset gate there for the candidate, or for the memory?",
            "Look at what z multiplies.",
            "What the candidate sees is one question, what is kept is another; each has its gate.",
        ),
        ((_MIX, "next_h = z * (r * prev_h) + (1 - z) * candidate"),),
    ),
    Mistake(
        "state-not-kept",
        "gru_step_forward",
        "nothing is carried over directly",
        "The candidate already knows the old state.",
        (
            "If z is 1, what is your new state?",
            "Look for prev_h in the last line.",
            "The way from the old state to the new one that passes no weights is what lets gradients live long.",
        ),
        ((_MIX, "next_h = (1 - z) * candidate"),),
    ),
    Mistake(
        "squashed-again",
        "gru_step_forward",
        "the new state goes through one more nonlinearity",
        "Every state goes through tanh.",
        (
            "If z is 1, is your new state the old one?",
            "Look at the last line.",
            "A mean of two bounded numbers is bounded; nothing has to be squashed again.",
        ),
        ((_MIX, "next_h = np.tanh(z * prev_h + (1 - z) * candidate)"),),
    ),
    Mistake(
        "gates-sliced-from-the-batch",
        "gru_step_forward",
        "the gates are cut out along the batch axis",
        "The first H belong to the first gate.",
        (
            "What shape has one gate, and what shape has what you cut out?",
            "Look at which axis your slices act on.",
            "A single slice cuts the first axis, and here that is the sequences; the gates stand side by side.",
        ),
        ((_CUT, "r, z = gates[:H], gates[H:]"),),
    ),
    Mistake(
        "no-cache",
        "gru_step_forward",
        "nothing is kept for the backward pass",
        "The state is the result.",
        (
            "What will the backward pass need to know of this step?",
            "Look at what you return, and at the docstring's Returns.",
            "A forward function hands on what its backward function cannot compute again from gradients alone.",
        ),
        (("return next_h, cache", "return next_h"),),
    ),
    Mistake(
        "exp-overflows",
        "gru_step_forward",
        "a sigmoid that is not a number for large inputs",
        "exp(a) over 1 + exp(a) is the same function.",
        (
            "What is infinity divided by infinity?",
            "Look at what goes into exp, and at what its result is divided by.",
            "Of several ways to write a function, some survive large numbers: let exp become 0 rather than infinite.",
        ),
        (
            ("gates = sigmoid(", "gates = ("),
            (_CUT, "gates = np.exp(gates) / (1 + np.exp(gates))\n    " + _CUT),
        ),
    ),
    Mistake(
        "squeezed",
        "gru_step_forward",
        "the state loses an axis of length one",
        "Axes of length one carry no information.",
        (
            "What shape has your result for one sequence?",
            "Look for something that drops axes of length one.",
            "An axis is part of the contract, even if its length is one today.",
        ),
        (("return next_h, cache", "return np.squeeze(next_h), cache"),),
    ),
]

_DCANDIDATE = "da_candidate = dnext_h * (1 - z) * (1 - candidate**2)"
_DRESET = "dreset_h = da_candidate @ Wh[:, 2 * H :].T"
_DR = "da_r = dreset_h * prev_h * r * (1 - r)"
_DZ = "da_z = dnext_h * (prev_h - candidate) * z * (1 - z)"
_DPREV_H = "dprev_h = dnext_h * z + dreset_h * r + da_gates @ Wh[:, : 2 * H].T"
_DWH = "np.concatenate([prev_h.T @ da_gates, (r * prev_h).T @ da_candidate], axis=1)"
_GRU_RESULT = "return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(axis=0)"


def _gru_slope(name: str, gate: str, old: str, new: str) -> Mistake:
    """One gate whose own nonlinearity is not undone."""
    return Mistake(
        name,
        "gru_step_backward",
        f"the gradient does not go through the {gate}'s nonlinearity",
        f"The {gate} is what the weights make.",
        (
            f"Is the gradient that you hand on that of the {gate}, or that of the sum before its nonlinearity?",
            f"Look at the line of the {gate}'s gradient.",
            "Every operation of the forward pass is undone once: sigmoid and tanh have slopes, and each block its own.",
        ),
        ((old, new),),
    )


def _three_ways(name: str, title: str, thought: str, new: str) -> Mistake:
    """dprev_h without one of its ways."""
    return Mistake(
        name,
        "gru_step_backward",
        title,
        thought,
        (
            "In how many places of the forward pass does the old state stand?",
            "Look at what dprev_h is the sum of.",
            "The old state is kept, is seen by the candidate through the reset gate, and is seen by both gates.",
        ),
        ((_DPREV_H, new),),
    )


GRU_STEP_BACKWARD = [
    *_bias_gradient("gru_step_backward"),
    *_weight_gradients(
        "gru_step_backward", _GRU_RESULT, "x.T @ da", "dWh", ("da @ Wx.T", "da_gates @ Wh[:, : 2 * H].T")
    ),
    _three_ways(
        "direct-way-missing",
        "dprev_h lacks the way past all weights",
        "The gradient goes back through the gates.",
        "dprev_h = dreset_h * r + da_gates @ Wh[:, : 2 * H].T",
    ),
    _three_ways(
        "candidate-way-missing",
        "dprev_h lacks the way through the candidate",
        "The gates are where the state goes in.",
        "dprev_h = dnext_h * z + da_gates @ Wh[:, : 2 * H].T",
    ),
    _three_ways(
        "gates-way-missing",
        "dprev_h lacks the way through the gates",
        "Gates are switches, not values.",
        "dprev_h = dnext_h * z + dreset_h * r",
    ),
    _three_ways(
        "only-the-direct-way",
        "dprev_h is only what is kept",
        "The update gate decides what goes back.",
        "dprev_h = dnext_h * z",
    ),
    Mistake(
        "reset-missing-on-the-way",
        "gru_step_backward",
        "the reset gate is not passed on the way back to the state",
        "What comes back through the weights is the state's gradient.",
        (
            "What did the weights of the candidate multiply: the state, or the state after the reset?",
            "Look at how the candidate's gradient gets to the old state.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        (("dreset_h * r + da_gates", "dreset_h + da_gates"),),
    ),
    Mistake(
        "direct-way-inverted",
        "gru_step_backward",
        "the way past all weights goes through the wrong share",
        "z is how much is new.",
        (
            "How much of the old state is kept if z is 1?",
            "Look at what multiplies the upstream gradient in dprev_h.",
            "Go back through the same factor that the value came through.",
        ),
        (("dprev_h = dnext_h * z", "dprev_h = dnext_h * (1 - z)"),),
    ),
    Mistake(
        "candidate-weights-from-the-whole-state",
        "gru_step_backward",
        "the candidate's block of dWh is made with the state before the reset",
        "The state is what Wh multiplies.",
        (
            "What did the candidate's block of Wh multiply in the forward pass?",
            "Look at the last block of dWh.",
            "The gradient of a weight is what came in through it times what comes back.",
        ),
        (("(r * prev_h).T @ da_candidate", "prev_h.T @ da_candidate"),),
    ),
    Mistake(
        "gate-weights-from-the-reset-state",
        "gru_step_backward",
        "the gates' blocks of dWh are made with the state after the reset",
        "One state for all of dWh.",
        (
            "What did the gates' blocks of Wh multiply in the forward pass?",
            "Look at the first two blocks of dWh.",
            "The gradient of a weight is what came in through it times what comes back.",
        ),
        (("[prev_h.T @ da_gates", "[(r * prev_h).T @ da_gates"),),
    ),
    Mistake(
        "reset-gate-without-the-state",
        "gru_step_backward",
        "the reset gate's gradient lacks its partner in the product",
        "The gradient of the reset state is that of the gate.",
        (
            "What did the reset gate multiply?",
            "Look at the line of the reset gate's gradient.",
            "The gradient of one factor is the upstream gradient times the other factor.",
        ),
        ((_DR, "da_r = dreset_h * r * (1 - r)"),),
    ),
    Mistake(
        "reset-gate-from-above",
        "gru_step_backward",
        "the reset gate gets the upstream gradient as it comes",
        "Every gate gets the upstream gradient.",
        (
            "Through what does the reset gate act on the new state?",
            "Look at which gradient the reset gate's starts from.",
            "The reset gate acts on the candidate alone, and that through weights and a nonlinearity.",
        ),
        ((_DR, "da_r = dnext_h * prev_h * r * (1 - r)"),),
    ),
    Mistake(
        "reset-gate-before-the-weights",
        "gru_step_backward",
        "the reset gate's gradient does not go back through the candidate's weights",
        "The candidate's gradient is the reset gate's.",
        (
            "What lies between the reset gate and the candidate's sum?",
            "Look at which gradient the reset gate's starts from.",
            "First the reset, then the weights: going back, first the weights, then the reset.",
        ),
        ((_DR, "da_r = da_candidate * prev_h * r * (1 - r)"),),
    ),
    Mistake(
        "update-gate-sign",
        "gru_step_backward",
        "the update gate's gradient has the wrong sign",
        "The gradient is new minus old.",
        (
            "If z grows a little, does the new state move to the old one or to the candidate?",
            "Look at the difference in the update gate's gradient.",
            "z multiplies one of the two with a plus, the other with a minus.",
        ),
        (("(prev_h - candidate)", "(candidate - prev_h)"),),
    ),
    Mistake(
        "update-gate-without-the-candidate",
        "gru_step_backward",
        "the update gate's second use is missing",
        "z multiplies the old state.",
        (
            "In how many places of the last line of the forward pass does z stand?",
            "Look at the update gate's gradient.",
            "A value that is used twice collects the gradient of both uses.",
        ),
        (("(prev_h - candidate)", "prev_h"),),
    ),
    Mistake(
        "update-gate-without-the-state",
        "gru_step_backward",
        "the update gate's first use is missing",
        "z decides about the candidate.",
        (
            "In how many places of the last line of the forward pass does z stand?",
            "Look at the update gate's gradient.",
            "A value that is used twice collects the gradient of both uses.",
        ),
        (("(prev_h - candidate)", "-candidate"),),
    ),
    Mistake(
        "candidate-not-gated",
        "gru_step_backward",
        "the update gate is not passed on the way to the candidate",
        "The candidate is the new state.",
        (
            "If z is 1, does the candidate act on anything?",
            "Look at the candidate's gradient.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        ((_DCANDIDATE, "da_candidate = dnext_h * (1 - candidate**2)"),),
    ),
    Mistake(
        "candidate-gated-the-other-way",
        "gru_step_backward",
        "the candidate's gradient goes through the wrong share",
        "z is how much is new.",
        (
            "How much of the candidate is in the new state if z is 1?",
            "Look at the candidate's gradient.",
            "Go back through the same factor that the value came through.",
        ),
        ((_DCANDIDATE, "da_candidate = dnext_h * z * (1 - candidate**2)"),),
    ),
    Mistake(
        "update-gate-inverted",
        "gru_step_backward",
        "the way back is that of an update gate with the opposite meaning",
        "z is how much is new.",
        (
            "If z is 1, which way does the gradient take: to the old state or to the candidate?",
            "Compare the three places where z acts on the way back with the last line of your forward pass.",
            "A backward pass belongs to its own forward pass; another convention's has z and 1 - z exchanged.",
        ),
        (
            ("dprev_h = dnext_h * z", "dprev_h = dnext_h * (1 - z)"),
            (_DCANDIDATE, "da_candidate = dnext_h * z * (1 - candidate**2)"),
            ("(prev_h - candidate)", "(candidate - prev_h)"),
        ),
    ),
    _gru_slope("candidate-slope-missing", "candidate", " * (1 - candidate**2)", ""),
    _gru_slope("reset-gate-slope-missing", "reset gate", " * r * (1 - r)", ""),
    _gru_slope("update-gate-slope-missing", "update gate", " * z * (1 - z)\n", "\n"),
    Mistake(
        "candidate-slope-of-sigmoid",
        "gru_step_backward",
        "the candidate's slope is that of another function",
        "All three blocks are treated alike.",
        (
            "Which nonlinearity made the candidate?",
            "Look at the line of the candidate's gradient.",
            "Each nonlinearity has its own slope.",
        ),
        (("(1 - candidate**2)", "candidate * (1 - candidate)"),),
    ),
    Mistake(
        "blocks-in-another-order",
        "gru_step_backward",
        "the gates' gradients come together in another order than they were taken apart",
        "The update gate comes first.",
        (
            "In which order did the forward pass take the blocks apart?",
            "Look at where the gradients of the two gates come together.",
            "What is cut in one order is put together in the same order.",
        ),
        (("[da_r, da_z]", "[da_z, da_r]"),),
    ),
    Mistake(
        "another-block-of-the-weights",
        "gru_step_backward",
        "the candidate's gradient goes back through another block of the weights",
        "Any H columns have the right shape.",
        (
            "Which columns of Wh made the candidate?",
            "Look at the slice of Wh on the way back from the candidate.",
            "Blocks of one shape fit into each other's place without a word of protest.",
        ),
        ((_DRESET, "dreset_h = da_candidate @ Wh[:, :H].T"),),
    ),
    Mistake(
        "state-weight-gradient-transposed",
        "gru_step_backward",
        "the candidate's block of dWh is transposed",
        "The block is square, so the order does not matter.",
        (
            "In an entry of that block, which index belongs to the old state?",
            "Look at the order of the factors in dWh.",
            "A square result hides its order from every shape check: derive one entry by hand.",
        ),
        (("(r * prev_h).T @ da_candidate", "da_candidate.T @ (r * prev_h)"),),
    ),
    Mistake(
        "upstream-ignored",
        "gru_step_backward",
        "the candidate's gradient does not depend on what comes from above",
        "The derivative of the candidate is what is asked for.",
        (
            "What should all gradients be if dnext_h is zero?",
            "Look for dnext_h in the candidate's gradient.",
            "The chain rule multiplies what comes from above by the local slope.",
        ),
        ((_DCANDIDATE, "da_candidate = (1 - z) * (1 - candidate**2)"),),
    ),
    Mistake(
        "gradient-sign",
        "gru_step_backward",
        "all gradients have the wrong sign",
        "The gradient points downhill.",
        (
            "Does the loss grow or shrink in the direction of the gradient?",
            "Look for a minus, or for a difference the wrong way round.",
            "A gradient points uphill; going down is the optimiser's business.",
        ),
        ((_DCANDIDATE, "dnext_h = -dnext_h\n    " + _DCANDIDATE),),
    ),
    Mistake(
        "never-cached",
        "gru_step_backward",
        "uses a value that was never put into the cache",
        "The results of the forward pass are still there.",
        (
            "Where does the name in the error message get its value?",
            "Look at what the forward function puts into the cache and what you take out.",
            "A function sees its own arguments only; the cache is all that is left of the forward pass.",
        ),
        ((_DCANDIDATE, "da_candidate = dnext_h * (1 - gates[:, H:]) * (1 - candidate**2)"),),
    ),
]

GRU_FORWARD = _forward_through_time("gru_forward", "gru_step_forward", "prev_h", "prev_h, step_cache")
GRU_BACKWARD = _backward_through_time("gru_backward", "dprev_h = np.zeros((N, H))")

_AFTER = "candidate = np.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])"

GRU_STEP_RESET_AFTER = [
    *_sums("gru_step_reset_after", {"bias-missing": (("x @ Wx + b", "x @ Wx"),)}),
    Mistake(
        "reset-before-the-product",
        "gru_step_reset_after",
        "the reset gate acts before the product with the weights",
        "A GRU is a GRU.",
        (
            "Does the reset gate multiply the state, or what the weights have made of it?",
            "Look at the order of the two products in the candidate.",
            "This is the one place in which the two libraries differ: see the docstring's first line.",
        ),
        ((_AFTER, "candidate = np.tanh(from_x[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :])"),),
    ),
    Mistake(
        "bias-inside-the-reset",
        "gru_step_reset_after",
        "the reset gate acts on the bias, too",
        "The bias belongs to what comes from the state.",
        (
            "If r is 0, is the bias still in the candidate's sum?",
            "Look at what the reset gate multiplies.",
            "The docstring says on which side of the reset gate the bias is.",
        ),
        ((_AFTER, "candidate = np.tanh(from_x[:, 2 * H :] - b[2 * H :] + r * (from_h[:, 2 * H :] + b[2 * H :]))"),),
    ),
    Mistake(
        "bias-added-twice",
        "gru_step_reset_after",
        "the bias counts twice",
        "Both sums have a bias.",
        (
            "How often is b in each gate's sum?",
            "Look at every place where b stands.",
            "torch has two biases, and we have one.",
        ),
        (("prev_h @ Wh\n", "prev_h @ Wh + b\n"),),
    ),
    Mistake(
        "reset-of-the-whole-sum",
        "gru_step_reset_after",
        "the reset gate acts on the input, too",
        "The reset gate multiplies what goes into the candidate.",
        (
            "If r is 0, does your candidate still see the input?",
            "Look at where the parenthesis that the reset gate multiplies closes.",
            "Only the past is reset.",
        ),
        ((_AFTER, "candidate = np.tanh(r * (from_x[:, 2 * H :] + from_h[:, 2 * H :]))"),),
    ),
    Mistake(
        "reset-missing",
        "gru_step_reset_after",
        "the reset gate does nothing",
        "The candidate sees the input and the state.",
        (
            "Which of the three blocks does your result not need?",
            "Look for r in the line of the candidate.",
            "How much of the old state the candidate sees is the reset gate's decision.",
        ),
        ((_AFTER, "candidate = np.tanh(from_x[:, 2 * H :] + from_h[:, 2 * H :])"),),
    ),
    Mistake(
        "update-gate-inverted",
        "gru_step_reset_after",
        "the update gate keeps what it should replace",
        "z is how much is new.",
        (
            "If z is 1, what should the new state be?",
            "Look at what z multiplies and what 1 - z multiplies.",
            "Only the reset is in another place here; what z does is as before.",
        ),
        (("return z * prev_h + (1 - z) * candidate", "return (1 - z) * prev_h + z * candidate"),),
    ),
    Mistake(
        "order-update-first",
        "gru_step_reset_after",
        "the blocks of the two gates are exchanged",
        "The update gate comes first.",
        (
            "Which block of the weights belongs to the reset gate?",
            "Look at the order in which you take the blocks apart.",
            "Only the reset is in another place here; the order of the blocks is as before.",
        ),
        (("r, z = np.split", "z, r = np.split"),),
    ),
    Mistake(
        "candidate-not-squashed",
        "gru_step_reset_after",
        "the candidate is used before its nonlinearity",
        "The weighted sum is the candidate.",
        (
            "In what range do the entries of a hidden state lie?",
            "Look at what happens to the candidate between the sum and its use.",
            "The new state is between the old one and the candidate: both have to be bounded.",
        ),
        (("candidate = np.tanh(", "candidate = ("),),
    ),
    Mistake(
        "cache-returned-too",
        "gru_step_reset_after",
        "more than the state is returned",
        "Every step returns a cache.",
        (
            "How many results does the docstring name?",
            "Look at the return statement.",
            "Whoever calls this function takes all that comes back for the state.",
        ),
        (("return z * prev_h + (1 - z) * candidate", "return z * prev_h + (1 - z) * candidate, (x, prev_h, r, z)"),),
    ),
]

# --- the variant --------------------------------------------------------------------------------------

_COUPLED = "next_c = f * prev_c + (1 - f) * g"

COUPLED_STEP_FORWARD = [
    *_sums(
        "coupled_step_forward",
        {"bias-missing": ((" + prev_h @ Wh + b", " + prev_h @ Wh"),), "state-ignored": ((" + prev_h @ Wh", ""),)},
    ),
    Mistake(
        "coupling-inverted",
        "coupled_step_forward",
        "the gate keeps what it should replace",
        "f is how much is forgotten.",
        (
            "If f is 1, what should be in the cell after the step?",
            "Look at what f multiplies and what 1 - f multiplies.",
            "A forget gate of 1 is open: the old content passes.",
        ),
        ((_COUPLED, "next_c = (1 - f) * prev_c + f * g"),),
    ),
    Mistake(
        "same-gate-twice",
        "coupled_step_forward",
        "what is kept and what is written are the same share",
        "One gate for both.",
        (
            "If f is 1, how much new should be written?",
            "Look at what multiplies the candidate.",
            "The cell writes exactly as much as it forgets: the two shares make one.",
        ),
        ((_COUPLED, "next_c = f * prev_c + f * g"),),
    ),
    Mistake(
        "input-not-gated",
        "coupled_step_forward",
        "the candidate is written whole",
        "There is no input gate any more.",
        (
            "If f is 1, how much new should be written?",
            "Look at what multiplies the candidate.",
            "The input gate has no weights of its own, but it is there: it is what the forget gate leaves.",
        ),
        ((_COUPLED, "next_c = f * prev_c + g"),),
    ),
    Mistake(
        "coupled-to-the-output-gate",
        "coupled_step_forward",
        "the candidate is coupled to the wrong gate",
        "The output gate is the other gate.",
        (
            "Which gate decides what is forgotten?",
            "Look at what multiplies the candidate.",
            "The cell writes exactly as much as it forgets; what it shows is another matter.",
        ),
        ((_COUPLED, "next_c = f * prev_c + (1 - o) * g"),),
    ),
    Mistake(
        "order-output-first",
        "coupled_step_forward",
        "the blocks of the two gates are exchanged",
        "The output gate comes first.",
        (
            "Which block of the weights belongs to the forget gate?",
            "Look at the order in which you take the blocks apart, and at the docstring.",
            "The weights do not say which block is which: an order is an agreement.",
        ),
        (("a_f, a_o, a_g = np.split", "a_o, a_f, a_g = np.split"),),
    ),
    Mistake(
        "order-candidate-second",
        "coupled_step_forward",
        "the blocks of output gate and candidate are exchanged",
        "The output comes last.",
        (
            "Which block of the weights belongs to the candidate?",
            "Look at the order in which you take the blocks apart, and at the docstring.",
            "The weights do not say which block is which: an order is an agreement.",
        ),
        (("a_f, a_o, a_g = np.split", "a_f, a_g, a_o = np.split"),),
    ),
    Mistake(
        "candidate-by-sigmoid",
        "coupled_step_forward",
        "the candidate goes through the gates' nonlinearity",
        "All blocks are treated alike.",
        (
            "Can your cell's content ever become smaller by what is written?",
            "Look at the nonlinearity of each block.",
            "A gate is between 0 and 1; what is written may be negative.",
        ),
        (("np.tanh(a_g)", "sigmoid(a_g)"),),
    ),
    Mistake(
        "cell-shown-unsquashed",
        "coupled_step_forward",
        "the cell state comes out without its nonlinearity",
        "The output gate shows the cell.",
        (
            "In what range do the entries of a hidden state lie?",
            "Look at what the output gate multiplies.",
            "Only the input gate is another one here; the way out of the cell is as before.",
        ),
        (("return o * tanh_c, next_c, cache", "return o * next_c, next_c, cache"),),
    ),
    Mistake(
        "results-exchanged",
        "coupled_step_forward",
        "the two states are in each other's place",
        "The cell state comes first.",
        (
            "Which of the two states is the first result?",
            "Look at the return statement and at the docstring's Returns.",
            "Whoever calls this function knows the results by their position alone.",
        ),
        (("return o * tanh_c, next_c, cache", "return next_c, o * tanh_c, cache"),),
    ),
]

_COUPLED_DGATES = "df, dg = dc * (prev_c - g), dc * (1 - f)"
_COUPLED_RESULT = "return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)"


def _two_uses(name: str, title: str, thought: str, new: str) -> Mistake:
    return Mistake(
        name,
        "coupled_step_backward",
        title,
        thought,
        (
            "In how many places of the new cell state does f stand, and with which signs?",
            "Look at the forget gate's gradient.",
            "A value that is used twice collects the gradient of both uses, each with its own factor.",
        ),
        (("dc * (prev_c - g)", new),),
    )


COUPLED_STEP_BACKWARD = [
    *_bias_gradient("coupled_step_backward"),
    *_weight_gradients(
        "coupled_step_backward", _COUPLED_RESULT, "x.T @ da", "prev_h.T @ da", ("da @ Wx.T", "da @ Wh.T")
    ),
    _two_uses("second-use-missing", "the gate's second use is missing", "f multiplies the old cell.", "dc * prev_c"),
    _two_uses("first-use-missing", "the gate's first use is missing", "f decides what is written.", "dc * -g"),
    _two_uses(
        "second-use-sign", "the gate's second use has the wrong sign", "Both uses are added.", "dc * (prev_c + g)"
    ),
    _two_uses(
        "difference-reversed",
        "the gate's gradient has the wrong sign",
        "The gradient is new minus old.",
        "dc * (g - prev_c)",
    ),
    Mistake(
        "candidate-not-gated",
        "coupled_step_backward",
        "no gate is passed on the way to the candidate",
        "There is no input gate any more.",
        (
            "If f is 1, does the candidate act on anything?",
            "Look at the candidate's gradient.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        (("dc * (1 - f)", "dc"),),
    ),
    Mistake(
        "candidate-gated-the-other-way",
        "coupled_step_backward",
        "the candidate's gradient goes through the wrong share",
        "f is the gate.",
        (
            "How much of the candidate is written if f is 1?",
            "Look at the candidate's gradient.",
            "Go back through the same factor that the value came through.",
        ),
        (("dc * (1 - f)", "dc * f"),),
    ),
    Mistake(
        "dprev-c-the-other-way",
        "coupled_step_backward",
        "dprev_c goes through the wrong share",
        "1 - f is what is kept.",
        (
            "How much of the old cell is kept if f is 1?",
            "Look at the third result.",
            "Go back through the same factor that the value came through.",
        ),
        (("dc * f, x.T", "dc * (1 - f), x.T"),),
    ),
    Mistake(
        "forget-gate-missing-in-dprev-c",
        "coupled_step_backward",
        "dprev_c does not go through the forget gate",
        "The gradient of the cell is carried on as it is.",
        (
            "If the forget gate is shut, does the old cell state act on anything?",
            "Look at the third result.",
            "The gradient of a product's factor is multiplied by the other factor.",
        ),
        (("dc * f, x.T", "dc, x.T"),),
    ),
    Mistake(
        "cell-gradient-ignored",
        "coupled_step_backward",
        "what comes back through the cell is not used",
        "The gradient comes from the hidden state.",
        (
            "Which of the arguments do your gradients depend on?",
            "Look for dnext_c.",
            "The new cell state has two readers: this step's output and the next step's cell. Both send a gradient.",
        ),
        (("dc = dnext_c + dnext_h", "dc = dnext_h"),),
    ),
    Mistake(
        "tanh-slope-missing-on-the-cell",
        "coupled_step_backward",
        "the nonlinearity between cell and output is not undone",
        "The output gate multiplies the cell.",
        (
            "What lies between the cell state and the hidden state, besides the output gate?",
            "Look at how the hidden state's gradient gets to the cell.",
            "Going back through a nonlinearity multiplies by its slope.",
        ),
        ((" * o * (1 - tanh_c**2)", " * o"),),
    ),
    Mistake(
        "gate-slopes-missing",
        "coupled_step_backward",
        "the gates' gradients do not go through their nonlinearity",
        "The gradients go back through the weights.",
        (
            "Are the gradients that you put side by side those of the gates, or of the sums before them?",
            "Look at where the three blocks come together.",
            "Every operation of the forward pass is undone once: each block has its own slope.",
        ),
        (("[df * f * (1 - f), do * o * (1 - o),", "[df, do,"),),
    ),
    Mistake(
        "blocks-in-another-order",
        "coupled_step_backward",
        "the blocks come together in another order than they were taken apart",
        "The order is f, g, o.",
        (
            "In which order did the forward pass take the blocks apart?",
            "Look at where the three gradients come together.",
            "What is cut in one order is put together in the same order.",
        ),
        (("do * o * (1 - o), dg * (1 - g**2)]", "dg * (1 - g**2), do * o * (1 - o)]"),),
    ),
    Mistake(
        "forget-gate-slope-missing",
        "coupled_step_backward",
        "the gradient does not go through the forget gate's nonlinearity",
        "The forget gate is what the weights make.",
        (
            "Is the gradient that you hand on that of the forget gate, or that of the sum before its nonlinearity?",
            "Look at the block of the forget gate where the blocks come together.",
            "Every operation of the forward pass is undone once: sigmoid and tanh have slopes, and each block its own.",
        ),
        (("df * f * (1 - f)", "df"),),
    ),
    Mistake(
        "output-gate-slope-missing",
        "coupled_step_backward",
        "the gradient does not go through the output gate's nonlinearity",
        "The output gate is what the weights make.",
        (
            "Is the gradient that you hand on that of the output gate, or that of the sum before its nonlinearity?",
            "Look at the block of the output gate where the blocks come together.",
            "Every operation of the forward pass is undone once: sigmoid and tanh have slopes, and each block its own.",
        ),
        (("do * o * (1 - o)", "do"),),
    ),
    Mistake(
        "candidate-slope-missing",
        "coupled_step_backward",
        "the gradient does not go through the candidate's nonlinearity",
        "The candidate is what the weights make.",
        (
            "Is the gradient that you hand on that of the candidate, or that of the sum before its nonlinearity?",
            "Look at the block of the candidate where the blocks come together.",
            "Every operation of the forward pass is undone once: sigmoid and tanh have slopes, and each block its own.",
        ),
        (("dg * (1 - g**2)", "dg"),),
    ),
]

MISTAKES: list[Mistake] = [
    *LSTM_STEP_FORWARD,
    *LSTM_STEP_BACKWARD,
    *LSTM_FORWARD,
    *LSTM_BACKWARD,
    *INIT_LSTM,
    *TO_TORCH_LSTM,
    *GRU_STEP_FORWARD,
    *GRU_STEP_BACKWARD,
    *GRU_FORWARD,
    *GRU_BACKWARD,
    *GRU_STEP_RESET_AFTER,
    *COUPLED_STEP_FORWARD,
    *COUPLED_STEP_BACKWARD,
]
