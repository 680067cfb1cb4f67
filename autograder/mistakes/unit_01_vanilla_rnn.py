"""Known mistakes of unit 1, the vanilla recurrent network."""

from __future__ import annotations

from autograder.mistakes import Mistake

_CELL = "np.tanh(x @ Wx + prev_h @ Wh + b)"
_STACKED = "np.tanh(stacked @ W + b)"
_SIDE_BY_SIDE = "np.concatenate([prev_h, x], axis=1)"
_ONE_STEP = "prev_h = rnn_cell(x[:, t], prev_h, Wx, Wh, b)"
_ANSWER = "return readout(h[:, -1], Why, by)"
_SUMMARY = "summary = unroll(x, h0, *encoder)[:, -1]"
_WRITE = "return one_to_many(start, summary, *decoder, T)"
_ROWS = "[images[:, t] for t in range(images.shape[1])]"
_COUNT = "D * H + H * H + H + H * C + C"

RNN_CELL = [
    Mistake(
        "no-squashing",
        "rnn_cell",
        "the step is linear",
        "The two products and the bias are all there is to a layer.",
        (
            "The docstring promises numbers in (-1, 1). Do yours stay in there?",
            "Compare the last thing your function does with the formula in the section 'One step'.",
            "Without a nonlinearity, many steps in a row are one matrix product: states explode or die, and depth adds nothing.",
        ),
        ((_CELL, "x @ Wx + prev_h @ Wh + b"),),
    ),
    Mistake(
        "sigmoid-for-tanh",
        "rnn_cell",
        "another squashing function than the formula's",
        "Any function shaped like an S will do.",
        (
            "Can your next state be negative? Should it be able to?",
            "Look at the range of the function that you apply last.",
            "The network's neutral state is 0. A function whose values are all positive pushes every unit to one side, step after step.",
        ),
        ((_CELL, "1.0 / (1.0 + np.exp(-(x @ Wx + prev_h @ Wh + b)))"),),
    ),
    Mistake(
        "relu-for-tanh",
        "rnn_cell",
        "a function that does not bound the state",
        "Modern networks use ReLU, so that is what a hidden layer needs.",
        (
            "What is the largest number that your function could return?",
            "Look at the function that you apply last, and at the range that the docstring promises.",
            "The same weights act at every step: what is not bounded can grow with every one of them.",
        ),
        ((_CELL, "np.maximum(0.0, x @ Wx + prev_h @ Wh + b)"),),
    ),
    Mistake(
        "bias-after-squashing",
        "rnn_cell",
        "something is added after the squashing",
        "The bias is added at the end.",
        (
            "How can a number come out that is larger than 1?",
            "Follow the parentheses in the formula: what is inside tanh, what is outside?",
            "The bias shifts where a unit switches. That works only if it is part of what is squashed.",
        ),
        ((_CELL, "np.tanh(x @ Wx + prev_h @ Wh) + b"),),
    ),
    Mistake(
        "bias-forgotten",
        "rnn_cell",
        "an argument is never used",
        "The two products are the step.",
        (
            "What does your function return if both x and prev_h are zero? What should it?",
            "Check off the five arguments one by one: is each of them in your expression?",
            "Without a bias every unit is neutral at zero; the bias lets each choose its own threshold.",
        ),
        ((_CELL, "np.tanh(x @ Wx + prev_h @ Wh)"),),
    ),
    Mistake(
        "bias-twice",
        "rnn_cell",
        "something is added more often than the formula says",
        "Each of the two affine maps has its bias.",
        (
            "What does your function return if both x and prev_h are zero?",
            "Count the summands inside tanh.",
            "There are two matrix products in a step, but one threshold per unit.",
        ),
        ((_CELL, "np.tanh((x @ Wx + b) + (prev_h @ Wh + b))"),),
    ),
    Mistake(
        "memory-ignored",
        "rnn_cell",
        "the step does not depend on what came before",
        "A layer is a function of its input.",
        (
            "Call your function twice with the same x and different prev_h. What do you see?",
            "Check off the five arguments one by one: is each of them in your expression?",
            "What makes the network recurrent is that the old state is an input as well.",
        ),
        ((_CELL, "np.tanh(x @ Wx + b)"),),
    ),
    Mistake(
        "weights-exchanged",
        "rnn_cell",
        "a factor meets the wrong partner",
        "The two weight matrices go with the two inputs, in some order.",
        (
            "Which of the two matrices has as many rows as x has columns?",
            "Write the shape under every factor of both products.",
            "In a product the inner sizes must agree. Where they happen to agree by chance, numpy says nothing, so go by the names' meaning.",
        ),
        ((_CELL, "np.tanh(x @ Wh + prev_h @ Wx + b)"),),
    ),
    Mistake(
        "recurrent-weights-transposed",
        "rnn_cell",
        "a square matrix stands the wrong way round",
        "In the book the matrix stands on the left, so it has to be turned.",
        (
            "Which index of Wh belongs to the old state, the first or the second?",
            "Look at the product with prev_h. A square matrix never makes a shape error, whichever way it stands.",
            "In this course weights act from the right on rows, everywhere. Formulas with columns have everything the other way round.",
        ),
        ((_CELL, "np.tanh(x @ Wx + prev_h @ Wh.T + b)"),),
    ),
    Mistake(
        "columns-convention",
        "rnn_cell",
        "the matrices act from the side that other books use",
        "The formula says W times x.",
        (
            "What would the shapes of x and of Wx have to be for your products?",
            "Look at the order of the two factors in each product.",
            "Here a row is one sequence of the batch, so vectors are rows and weights act from the right.",
        ),
        ((_CELL, "np.tanh(Wx @ x + Wh @ prev_h + b)"),),
    ),
    Mistake(
        "squashed-separately",
        "rnn_cell",
        "the input and the memory are squashed one by one",
        "Each of the two parts goes through tanh.",
        (
            "Can a number larger than 1 come out? Why?",
            "How often does tanh occur in the formula, how often in your code?",
            "Input and memory must be mixed before they are squashed: only so can one change what the other means.",
        ),
        ((_CELL, "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b)"),),
    ),
    Mistake(
        "axis-lost",
        "rnn_cell",
        "an axis gets lost for one sequence",
        "An axis of length 1 is of no use.",
        (
            "What is the shape of your result for a batch of one sequence? What does the docstring say?",
            "Look for an operation that removes axes.",
            "A batch of one is still a batch. Who calls your function relies on the number of axes, not only on their lengths.",
        ),
        ((_CELL, "np.squeeze(np.tanh(x @ Wx + prev_h @ Wh + b))"),),
    ),
    Mistake(
        "tanh-of-the-input-only",
        "rnn_cell",
        "only the first term is squashed",
        "tanh belongs to the input.",
        (
            "Can an entry of your state be larger than 1?",
            "Look at where the brackets of tanh close.",
            "The sum of all three is squashed, as one.",
        ),
        (("np.tanh(x @ Wx + prev_h @ Wh + b)", "np.tanh(x @ Wx) + prev_h @ Wh + b"),),
    ),
]

STACKED_CELL = [
    Mistake(
        "input-first",
        "stacked_cell",
        "the blocks of the row and of the matrix are in different orders",
        "Input and state are put side by side; the order does not matter as long as the shape fits.",
        (
            "Which rows of W does the first number of your long row meet?",
            "Read in the docstring which rows of W belong to what, and hold it against the order in which you stack.",
            "numpy checks shapes, not meaning: the order of the blocks in the row must be that of the blocks in W.",
        ),
        ((_SIDE_BY_SIDE, "np.concatenate([x, prev_h], axis=1)"),),
    ),
    Mistake(
        "stacked-below",
        "stacked_cell",
        "the two arrays are joined along the wrong axis",
        "Stacking means putting one on top of the other.",
        (
            "What shape should the long row's array have: how many rows, how many columns?",
            "Print the shape of what you build before you multiply.",
            "Each sequence keeps its own row. What is joined gets longer rows, not more of them.",
        ),
        ((_SIDE_BY_SIDE, "np.concatenate([prev_h, x], axis=0)"),),
    ),
    Mistake(
        "bias-forgotten",
        "stacked_cell",
        "an argument is never used",
        "The one matrix holds all the weights.",
        (
            "What does your function return if x and prev_h are zero? What should it?",
            "Check off the arguments one by one.",
            "Stacking joins the two products into one; the threshold of each unit is still there.",
        ),
        ((_STACKED, "np.tanh(stacked @ W)"),),
    ),
    Mistake(
        "no-squashing",
        "stacked_cell",
        "the step is linear",
        "The exercise is only about the product.",
        (
            "It should be the same step as before. What did that do last?",
            "Compare your last line with that of your two-matrix cell.",
            "Only the two products change when they are written as one; everything around them stays.",
        ),
        ((_STACKED, "stacked @ W + b"),),
    ),
    Mistake(
        "bias-after-squashing",
        "stacked_cell",
        "something is added after the squashing",
        "The bias is added at the end.",
        (
            "How can a number come out that is larger than 1?",
            "Follow the parentheses: what is inside tanh, what is outside?",
            "The bias shifts where a unit switches. That works only if it is part of what is squashed.",
        ),
        ((_STACKED, "np.tanh(stacked @ W) + b"),),
    ),
    Mistake(
        "sigmoid-for-tanh",
        "stacked_cell",
        "another squashing function than the formula's",
        "Any function shaped like an S will do.",
        (
            "Can your next state be negative? Should it be able to?",
            "Compare the range of your result with that of your two-matrix cell.",
            "It is the same step, only written with one matrix: the same function squashes it.",
        ),
        ((_STACKED, "1.0 / (1.0 + np.exp(-(stacked @ W + b)))"),),
    ),
    Mistake(
        "axis-lost",
        "stacked_cell",
        "an axis gets lost for one sequence",
        "An axis of length 1 is of no use.",
        (
            "What is the shape of your result for a batch of one sequence?",
            "Look for an operation that removes axes.",
            "A batch of one is still a batch: keep its axis.",
        ),
        ((_STACKED, "np.squeeze(np.tanh(stacked @ W + b))"),),
    ),
    Mistake(
        "only-the-memory",
        "stacked_cell",
        "only one block of the matrix is used",
        "The first rows of W are the recurrent weights, and those make the step.",
        (
            "Does your result change if x changes?",
            "How many rows of W take part in your product?",
            "The long row has two parts, and so has W; the product sums over both.",
        ),
        ((_STACKED, "np.tanh(prev_h @ W[: prev_h.shape[1]] + b)"),),
    ),
]

READOUT = [
    Mistake(
        "squashed",
        "readout",
        "something is squashed that should not be",
        "Every layer ends in tanh.",
        (
            "Could your output ever be 5? Should it be able to?",
            "Compare the formula in 'Reading something off' with that of the cell.",
            "What an output means is the business of the loss; the readout itself bounds nothing.",
        ),
        (("return h @ Why + by", "return np.tanh(h @ Why + by)"),),
    ),
    Mistake(
        "probabilities",
        "readout",
        "the outputs are turned into something that sums to 1",
        "An output is a probability.",
        (
            "What is the sum of your outputs along the last axis? Does the formula say so?",
            "Look at what you do after the affine map.",
            "Softmax belongs to the loss, in unit 2. Here the output may be any number.",
        ),
        (
            (
                "return h @ Why + by",
                "e = np.exp(h @ Why + by)\n    return e / np.sum(e, axis=-1, keepdims=True)",
            ),
        ),
    ),
    Mistake(
        "bias-forgotten",
        "readout",
        "an argument is never used",
        "Reading off is a matrix product.",
        (
            "What is your output for a state of nothing but zeros? What should it be?",
            "Check off the three arguments.",
            "An affine map is a linear map and a shift.",
        ),
        (("return h @ Why + by", "return h @ Why"),),
    ),
    Mistake(
        "only-the-last-step",
        "readout",
        "steps get lost",
        "What counts is the last state.",
        (
            "How many axes does your result have if h has three?",
            "Look at what happens to the axis of the steps.",
            "The readout reads whatever it is given. Which states are worth reading is decided by whoever calls it.",
        ),
        (("return h @ Why + by", "h = h[:, -1] if h.ndim == 3 else h\n    return h @ Why + by"),),
    ),
    Mistake(
        "flattened",
        "readout",
        "two axes become one and stay so",
        "A matrix product needs two axes, so the others are merged.",
        (
            "What is the shape of your result for h of shape (N, T, H)? What does the docstring say?",
            "You merge axes on the way in. What about the way out?",
            "Merging the leading axes is fine, as long as they are taken apart again.",
        ),
        (("return h @ Why + by", "return h.reshape(-1, h.shape[-1]) @ Why + by"),),
    ),
    Mistake(
        "summed-over-steps",
        "readout",
        "the steps are added up",
        "One answer per sequence: all steps contribute.",
        (
            "How many outputs should a sequence of T states get?",
            "Look at what happens to the middle axis when h has three.",
            "The same map is applied to every state by itself; no state knows of the others.",
        ),
        (("return h @ Why + by", "y = h @ Why + by\n    return y.sum(axis=1) if h.ndim == 3 else y"),),
    ),
    Mistake(
        "axis-lost",
        "readout",
        "an axis of length 1 gets lost",
        "An axis of length 1 is of no use.",
        (
            "What is the shape of your result for one sequence, or for one step?",
            "Look for an operation that removes axes.",
            "The leading axes come out as they went in, whatever their length.",
        ),
        (("return h @ Why + by", "return np.squeeze(h @ Why + by)"),),
    ),
]

UNROLL = [
    Mistake(
        "state-not-carried",
        "unroll",
        "every step starts from the same state",
        "The cell gets the input of the step and h0.",
        (
            "Does the second state depend on the first input?",
            "Look at the second argument of the cell, in the second turn of your loop.",
            "What one step returns is what the next one starts from; h0 is used once.",
        ),
        ((_ONE_STEP, "prev_h = rnn_cell(x[:, t], h0, Wx, Wh, b)"),),
    ),
    Mistake(
        "start-ignored",
        "unroll",
        "the first step starts from nothing",
        "Before the first step there is no memory, so the state is zero.",
        (
            "Does your result change if h0 changes?",
            "What is the state at the very beginning of your loop? (An index of -1 counts from the end.)",
            "The initial state is an argument: later a whole sequence's summary is handed over through it.",
        ),
        (("prev_h = h0", "prev_h = np.zeros_like(h0)"),),
    ),
    Mistake(
        "only-the-last-state",
        "unroll",
        "only one of the states is returned",
        "The last state is the result of reading.",
        (
            "How many axes should the result have?",
            "Look at what you return, and at what you collect on the way.",
            "Many to many: one state per step. Later functions choose among them.",
        ),
        (("return h\n", "return prev_h\n"),),
    ),
    Mistake(
        "steps-before-sequences",
        "unroll",
        "the axes of the result are in another order",
        "States are collected step by step, so the step is the first axis.",
        (
            "What does h[n, t] mean in this course, and what does it mean in your result?",
            "Look at how the collected states become one array.",
            "The batch comes first, everywhere in the course. That two shapes can agree by chance makes the order more important, not less.",
        ),
        (("return h\n", "return np.swapaxes(h, 0, 1)\n"),),
    ),
    Mistake(
        "axes-exchanged-by-reshape",
        "unroll",
        "states of different sequences get mixed",
        "With the right shape, every number is in its place.",
        (
            "Are the states of one sequence the same if it is alone in the batch?",
            "Look at how the axes of your collected states get into their order.",
            "reshape reads the numbers in the order in which they lie in memory and only sets the borders anew. It moves no axis.",
        ),
        (
            (_ONE_STEP, "prev_h = rnn_cell(x[:, t], prev_h, Wx, Wh, b)\n        h.reshape(T, N, -1)[t] = prev_h"),
            ("        h[:, t] = prev_h\n", ""),
        ),
    ),
    Mistake(
        "sequences-for-steps",
        "unroll",
        "the loop takes out sequences where it should take steps",
        "x[t] is the input of step t.",
        (
            "What is the shape of what you hand to the cell?",
            "Which axis of x does your loop run along?",
            "In step t the cell gets the t-th input of all sequences at once.",
        ),
        ((_ONE_STEP, "prev_h = rnn_cell(x[t], prev_h, Wx, Wh, b)"),),
    ),
    Mistake(
        "as-many-steps-as-sequences",
        "unroll",
        "the loop runs as often as there are sequences",
        "The length of x is the number of its steps.",
        (
            "How often does your loop run for a batch of one sequence?",
            "Look at where the number of steps comes from.",
            "The batch comes first: the length of x is the number of sequences, and the steps are the axis after it.",
        ),
        (("for t in range(T):", "for t in range(len(x)):"),),
    ),
    Mistake(
        "one-step-late",
        "unroll",
        "each state stands one place too far to the right",
        "The states begin with h0.",
        (
            "Which inputs has your h[:, 0] seen? Which should it have seen?",
            "When do you write the state down: before the step or after it?",
            "The result holds the states after the steps. The initial state is known already and is not among them.",
        ),
        (
            (
                "prev_h = rnn_cell(x[:, t], prev_h, Wx, Wh, b)\n        h[:, t] = prev_h",
                "h[:, t] = prev_h\n        prev_h = rnn_cell(x[:, t], prev_h, Wx, Wh, b)",
            ),
        ),
    ),
    Mistake(
        "start-included",
        "unroll",
        "there is one state more than there are steps",
        "The sequence of states is h0, h1, ..., hT.",
        (
            "How many states does your result hold, and how many steps are there?",
            "Look at the first of them.",
            "The result holds the states after the steps. The initial state is known already and is not among them.",
        ),
        (("return h\n", "return np.concatenate([h0[:, None], h], axis=1)\n"),),
    ),
    Mistake(
        "last-step-missing",
        "unroll",
        "the loop ends too early",
        "The last step has no successor, so the loop stops before it.",
        (
            "What is in the last place of your result?",
            "Count the turns of your loop for a sequence of one step.",
            "There are T inputs and T states after them: one turn for each.",
        ),
        (("for t in range(T):", "for t in range(T - 1):"),),
    ),
    Mistake(
        "first-step-missing",
        "unroll",
        "the loop starts too late",
        "h0 is the state of step 0, so the loop starts with step 1.",
        (
            "Does your result depend on the first input?",
            "Look at the first value of your loop's variable.",
            "h0 is the state before the first step. The first input still has to be read.",
        ),
        (("for t in range(T):", "for t in range(1, T):"),),
    ),
    Mistake(
        "start-in-place-of-the-first-state",
        "unroll",
        "the start stands where the state after the first step belongs",
        "The states begin with h0.",
        (
            "Does your result depend on the first input?",
            "Look at what the first of your T states is, and which inputs it has seen.",
            "h0 is the state before the first step, and no part of the result. There is one state after every step.",
        ),
        (("    prev_h = h0\n", "    h[:, 0] = prev_h = h0\n"), ("for t in range(T):", "for t in range(1, T):")),
    ),
    Mistake(
        "read-backwards",
        "unroll",
        "the sequence is read from the other end",
        "The order of the steps does not matter, or the last input is the first to be read.",
        (
            "Which inputs has your h[:, 0] seen?",
            "Look at which input each turn of your loop reads.",
            "A state knows the past. Reading from the end would let it know the future.",
        ),
        ((_ONE_STEP, "prev_h = rnn_cell(x[:, T - 1 - t], prev_h, Wx, Wh, b)"),),
    ),
    Mistake(
        "same-input-every-step",
        "unroll",
        "every step reads the same input",
        "The cell gets the input, and the loop repeats it.",
        (
            "Does your result change if the last input changes?",
            "Look at the first argument of the cell: does it depend on the step?",
            "At each step the network reads something new; only the weights are the same.",
        ),
        ((_ONE_STEP, "prev_h = rnn_cell(x[:, 0], prev_h, Wx, Wh, b)"),),
    ),
    Mistake(
        "axis-lost",
        "unroll",
        "an axis of length 1 gets lost",
        "An axis of length 1 is of no use.",
        (
            "What is the shape of your result for one sequence, or for one step?",
            "Look for an operation that removes axes.",
            "The result has three axes, whatever their lengths.",
        ),
        (("return h\n", "return np.squeeze(h)\n"),),
    ),
]

MANY_TO_ONE = [
    Mistake(
        "first-state",
        "many_to_one",
        "the answer is read off the wrong state",
        "Any state of the sequence will do, or the first index is 0.",
        (
            "Which inputs has the state seen that you read off? How many should it have seen?",
            "Look at the index along the axis of the steps.",
            "Read everything, then answer: only one of the states knows the whole sequence.",
        ),
        ((_ANSWER, "return readout(h[:, 0], Why, by)"),),
    ),
    Mistake(
        "last-but-one",
        "many_to_one",
        "the answer comes one step too early",
        "Counting starts at 0, so the index of the last is smaller by one more.",
        (
            "Does your answer change if the last input changes?",
            "Look at the index along the axis of the steps, for a sequence of one step too.",
            "Only one of the states has seen the whole sequence.",
        ),
        ((_ANSWER, "return readout(h[:, -2], Why, by)"),),
    ),
    Mistake(
        "last-input-not-read",
        "many_to_one",
        "the last input is never read",
        "The index of the last step is T - 1, so the loop goes up to it.",
        (
            "Does your answer change if the last input changes?",
            "Look at how often your loop runs.",
            "range stops before its end. A sequence of T inputs takes T steps.",
        ),
        source="""
def many_to_one(x, h0, Wx, Wh, b, Why, by):
    h = h0
    for t in range(x.shape[1] - 1):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
    return h @ Why + by
""",
    ),
    Mistake(
        "mean-of-states",
        "many_to_one",
        "the answer is read off a mixture of all states",
        "All steps should have a say, so they are averaged.",
        (
            "How much does the first state count in your answer, how much the last?",
            "Look at how the axis of the steps disappears.",
            "That is a good network too, but another one. Here all the answer knows has to be carried through the state, to the end.",
        ),
        ((_ANSWER, "return readout(h.mean(axis=1), Why, by)"),),
    ),
    Mistake(
        "sum-of-states",
        "many_to_one",
        "the answer is read off all states added up",
        "All steps contribute to the answer.",
        (
            "How does the size of your answer change with the length of the sequence?",
            "Look at how the axis of the steps disappears.",
            "Here all the answer knows has to be carried through the state, to the end of the sequence.",
        ),
        ((_ANSWER, "return readout(h.sum(axis=1), Why, by)"),),
    ),
    Mistake(
        "answers-at-every-step",
        "many_to_one",
        "there is an answer for every step",
        "The readout takes all states at once.",
        (
            "How many answers per sequence should there be?",
            "Look at the shape of what you hand to the readout.",
            "Many to one: read everything first, answer once.",
        ),
        ((_ANSWER, "return readout(h, Why, by)"),),
    ),
    Mistake(
        "state-not-read-off",
        "many_to_one",
        "the network's state is returned as its answer",
        "The last state is the summary, and so the result.",
        (
            "How wide should an answer be, and how wide is yours?",
            "Check off the arguments: is each of them used?",
            "The state is written for the network itself; an answer has to be read off it.",
        ),
        ((_ANSWER, "return h[:, -1]"),),
    ),
    Mistake(
        "last-sequence",
        "many_to_one",
        "the index picks a sequence where it should pick a step",
        "The index -1 means the last state.",
        (
            "What is the shape of what you hand to the readout?",
            "Along which axis of (N, T, H) does your index pick?",
            "The batch comes first: the first index chooses a sequence, the second a step.",
        ),
        ((_ANSWER, "return readout(h[-1], Why, by)"),),
    ),
    Mistake(
        "only-the-last-input",
        "many_to_one",
        "most of the sequence is not read",
        "What counts is the last step, so one step is enough.",
        (
            "Does your answer change if the first input changes?",
            "How many inputs go through the cell before you answer?",
            "The last state is what it is because of all the steps before it.",
        ),
        (("h = unroll(x, h0, Wx, Wh, b)", "h = unroll(x[:, -1:], h0, Wx, Wh, b)"),),
    ),
    Mistake(
        "start-ignored",
        "many_to_one",
        "the first step starts from nothing",
        "Before the first step there is no memory, so the state is zero.",
        (
            "Does your answer change if h0 changes?",
            "Check off the arguments: is each of them used?",
            "The initial state is an argument, and not always zero.",
        ),
        (("h = unroll(x, h0, Wx, Wh, b)", "h = unroll(x, np.zeros_like(h0), Wx, Wh, b)"),),
    ),
    Mistake(
        "squashed",
        "many_to_one",
        "the answer is squashed",
        "Every layer ends in tanh.",
        (
            "Could your answer ever be 5? Should it be able to?",
            "Look at what you do after reading off.",
            "The readout is an affine map, nothing more.",
        ),
        ((_ANSWER, "return np.tanh(readout(h[:, -1], Why, by))"),),
    ),
]

ONE_TO_MANY = [
    Mistake(
        "output-not-fed-back",
        "one_to_many",
        "every step reads the first input again",
        "There is only one input, so every step gets it.",
        (
            "What does the cell read in the second step?",
            "Look at the first argument of the cell: what is it in the second turn of your loop?",
            "The network listens to itself: what it has just said is what it hears next.",
        ),
        (("x = readout(h, Why, by)\n        y[:, t] = x", "y[:, t] = readout(h, Why, by)"),),
    ),
    Mistake(
        "silence-after-the-first",
        "one_to_many",
        "after the first step the network reads nothing",
        "There is one input; at the other steps the input is zero.",
        (
            "What does the cell read in the second step?",
            "Look at the first argument of the cell after the first turn of your loop.",
            "The docstring says what the input of step t + 1 is.",
        ),
        (
            (
                "x = readout(h, Why, by)\n        y[:, t] = x",
                "y[:, t] = readout(h, Why, by)\n        x = np.zeros_like(x0)",
            ),
        ),
    ),
    Mistake(
        "state-not-carried",
        "one_to_many",
        "every step starts from the same state",
        "The output is fed back, and that carries everything.",
        (
            "What is the network's memory in the second step?",
            "Look at the second argument of the cell in the second turn of your loop.",
            "Two things go from step to step: the output as the next input, and the state.",
        ),
        (("h = rnn_cell(x, h, Wx, Wh, b)", "h = rnn_cell(x, h0, Wx, Wh, b)"),),
    ),
    Mistake(
        "start-ignored",
        "one_to_many",
        "the first step starts from nothing",
        "Before the first step there is no memory, so the state is zero.",
        (
            "Does your result change if h0 changes?",
            "Check off the arguments: is each of them used?",
            "The initial state is an argument. In a translation it is all that the writer knows.",
        ),
        (("x, h = x0, h0", "x, h = x0, np.zeros_like(h0)"),),
    ),
    Mistake(
        "first-input-among-outputs",
        "one_to_many",
        "each output stands one place too far to the right",
        "The sequence begins with x0.",
        (
            "What is your y[:, 0]? Is it something that the network said?",
            "When do you write down: before the step or after it?",
            "The first output comes after the first step. x0 is known already and is not among the outputs.",
        ),
        (
            (
                "h = rnn_cell(x, h, Wx, Wh, b)\n        x = readout(h, Why, by)\n        y[:, t] = x",
                "y[:, t] = x\n        h = rnn_cell(x, h, Wx, Wh, b)\n        x = readout(h, Why, by)",
            ),
        ),
    ),
    Mistake(
        "read-off-before-the-step",
        "one_to_many",
        "the output is read off the state before the step",
        "First the output, then the next state.",
        (
            "Does your first output depend on x0?",
            "Look at the order of the two calls in your loop.",
            "A step reads, then the state is new, then the output is read off the new state.",
        ),
        (
            (
                "h = rnn_cell(x, h, Wx, Wh, b)\n        x = readout(h, Why, by)\n        y[:, t] = x",
                "y[:, t] = readout(h, Why, by)\n        h = rnn_cell(x, h, Wx, Wh, b)\n        x = y[:, t]",
            ),
        ),
    ),
    Mistake(
        "only-the-last-output",
        "one_to_many",
        "only one of the outputs is returned",
        "The result of the loop is what it ends with.",
        (
            "How many axes should the result have?",
            "Look at what you return, and at what you collect on the way.",
            "One to many: everything that the network says is the result.",
        ),
        (("return y\n", "return x\n"),),
    ),
    Mistake(
        "steps-before-sequences",
        "one_to_many",
        "the axes of the result are in another order",
        "Outputs are collected step by step, so the step is the first axis.",
        (
            "What does y[n, t] mean in this course, and what does it mean in your result?",
            "Look at how the collected outputs become one array.",
            "The batch comes first, everywhere in the course.",
        ),
        (("return y\n", "return np.swapaxes(y, 0, 1)\n"),),
    ),
    Mistake(
        "last-step-missing",
        "one_to_many",
        "the loop ends too early",
        "The first of the T outputs is there already.",
        (
            "What is in the last place of your result?",
            "Count the turns of your loop for a sequence of one step.",
            "T outputs need T steps.",
        ),
        (("for t in range(T):", "for t in range(T - 1):"),),
    ),
    Mistake(
        "squashed-output",
        "one_to_many",
        "the outputs are squashed",
        "What is fed back must be in (-1, 1) like a state.",
        (
            "Could an output ever be 5? Should it be able to?",
            "Look at what happens between reading off and feeding back.",
            "The readout is an affine map, and what it says is read as it is.",
        ),
        (("x = readout(h, Why, by)", "x = np.tanh(readout(h, Why, by))"),),
    ),
]

SEQUENCE_TO_SEQUENCE = [
    Mistake(
        "decoder-from-the-start-state",
        "sequence_to_sequence",
        "the writer does not know what was read",
        "h0 is the initial state, of both networks.",
        (
            "Does your result change if x changes?",
            "Which state does your decoder begin with?",
            "The two networks are joined at one place only. Without it the second writes from nothing.",
        ),
        ((_WRITE, "return one_to_many(start, h0, *decoder, T)"),),
    ),
    Mistake(
        "decoder-from-zero",
        "sequence_to_sequence",
        "the writer begins with an empty memory",
        "A network's first state is zero.",
        (
            "Does your result change if x changes?",
            "Which state does your decoder begin with?",
            "The two networks are joined at one place only: the reader's memory becomes the writer's.",
        ),
        ((_WRITE, "return one_to_many(start, np.zeros_like(summary), *decoder, T)"),),
    ),
    Mistake(
        "first-state",
        "sequence_to_sequence",
        "the writer gets the memory of the wrong moment",
        "The first of the encoder's states is the one to hand over.",
        (
            "Which inputs has the state seen that you hand over?",
            "Look at the index along the axis of the steps.",
            "Only one of the encoder's states has seen the whole sequence.",
        ),
        ((_SUMMARY, "summary = unroll(x, h0, *encoder)[:, 0]"),),
    ),
    Mistake(
        "mean-of-states",
        "sequence_to_sequence",
        "the writer gets a mixture of all memories",
        "All that was read should have a say.",
        (
            "How does the axis of the steps disappear in your function?",
            "Look at what you hand from the encoder to the decoder.",
            "Mixing all the states is an idea of unit 7. Here everything must fit into the encoder's last state.",
        ),
        ((_SUMMARY, "summary = unroll(x, h0, *encoder).mean(axis=1)"),),
    ),
    Mistake(
        "as-long-as-the-input",
        "sequence_to_sequence",
        "the result is as long as what was read",
        "One output per input.",
        (
            "Which argument says how long the result should be?",
            "Look at the number of steps of your decoder.",
            "Reading and writing take as long as they take: a translation need not have as many words as the original.",
        ),
        ((_WRITE, "return one_to_many(start, summary, *decoder, x.shape[1])"),),
    ),
    Mistake(
        "start-ignored",
        "sequence_to_sequence",
        "the writer's first input is not the one it was given",
        "The decoder starts with nothing.",
        (
            "Does your result change if start changes?",
            "What does the decoder's cell read in its first step?",
            "What the decoder first reads is an argument of its own.",
        ),
        ((_WRITE, "return one_to_many(np.zeros_like(start), summary, *decoder, T)"),),
    ),
    Mistake(
        "last-input-as-start",
        "sequence_to_sequence",
        "the writer begins with the wrong input",
        "The decoder goes on where the encoder stopped.",
        (
            "What are the widths of x and of start? Must they agree?",
            "What does the decoder's cell read in its first step?",
            "The two networks may speak different languages. Only the state crosses over.",
        ),
        ((_WRITE, "return one_to_many(x[:, -1], summary, *decoder, T)"),),
    ),
    Mistake(
        "output-not-fed-back",
        "sequence_to_sequence",
        "the writer reads its first input again and again",
        "The decoder's input is start, at every step.",
        (
            "What does the decoder's cell read in its second step?",
            "Look at the first argument of the cell in the second turn of the decoder's loop.",
            "The writer is a one-to-many network: it listens to itself.",
        ),
        (
            (
                _WRITE,
                "Wx, Wh, b, Why, by = decoder\n"
                "    again = np.repeat(start[:, None], T, axis=1)\n"
                "    return readout(unroll(again, summary, Wx, Wh, b), Why, by)",
            ),
        ),
    ),
    Mistake(
        "state-reset-at-every-step",
        "sequence_to_sequence",
        "the writer forgets at every step what it has written",
        "The summary is all that the decoder knows, so it gets it every time.",
        (
            "What is the decoder's memory in its second step?",
            "Look at the second argument of the cell in the decoder's loop.",
            "The summary is the decoder's first state. From there its state goes on by itself.",
        ),
        (
            (
                _WRITE,
                "Wx, Wh, b, Why, by = decoder\n"
                "    said, x = [], start\n"
                "    for _ in range(T):\n"
                "        x = readout(rnn_cell(x, summary, Wx, Wh, b), Why, by)\n"
                "        said.append(x)\n"
                "    return np.stack(said, axis=1)",
            ),
        ),
    ),
    Mistake(
        "encoder-writes",
        "sequence_to_sequence",
        "one network's weights do the other's work",
        "Both networks have a Wx, a Wh and a b; either will do.",
        (
            "Which of the weights in your function come from decoder?",
            "Follow each of the names Wx, Wh, b back to the tuple that it was taken from.",
            "Two networks, two sets of weights: one has learned to read, the other to write.",
        ),
        ((_WRITE, "return one_to_many(start, summary, *encoder, *decoder[3:], T)"),),
    ),
    Mistake(
        "encoder-from-zero",
        "sequence_to_sequence",
        "the reader begins with an empty memory",
        "Before the first step the state is zero.",
        (
            "Does your result change if h0 changes?",
            "Check off the arguments: is each of them used?",
            "The encoder's initial state is an argument, and not always zero.",
        ),
        ((_SUMMARY, "summary = unroll(x, np.zeros_like(h0), *encoder)[:, -1]"),),
    ),
    Mistake(
        "read-backwards",
        "sequence_to_sequence",
        "the sequence is read from the other end",
        "The paper reads its sentences backwards.",
        (
            "Which input does your encoder read last?",
            "Look at the order in which x goes into the encoder.",
            "Reading backwards can help (Sutskever and his colleagues did so). But then it is the data that is turned round, not the network.",
        ),
        ((_SUMMARY, "summary = unroll(x[:, ::-1], h0, *encoder)[:, -1]"),),
    ),
]

_LAYER = "h = unroll(h, start, Wx, Wh, b)"

MULTILAYER = [
    Mistake(
        "input-read-again",
        "multilayer",
        "every layer reads the input itself",
        "The layers are networks that all read x.",
        (
            "What does the second layer read?",
            "Look at the first argument of the call inside your loop.",
            "Layers are stacked: what the lower one thinks is what the upper one reads.",
        ),
        ((_LAYER, "h = unroll(x, start, Wx, Wh, b)"),),
    ),
    Mistake(
        "one-start-for-all",
        "multilayer",
        "all layers begin with the same state",
        "h0 is the initial state of the network.",
        (
            "What does the second entry of h0 do in your function?",
            "Look at the initial state in the second turn of your loop, and at its width.",
            "Each layer has a memory of its own, of its own width, and so an initial state of its own.",
        ),
        ((_LAYER, "h = unroll(h, h0[0], Wx, Wh, b)"),),
    ),
    Mistake(
        "start-from-below",
        "multilayer",
        "a layer begins where the one below ended",
        "The last state is handed on, from layer to layer.",
        (
            "With which state does the second layer begin?",
            "Which entries of h0 does your function use?",
            "Between layers, states go up step by step as inputs. In time, each layer goes on from its own past only.",
        ),
        ((_LAYER, "start = start if h is x else h[:, -1]\n        h = unroll(h, start, Wx, Wh, b)"),),
    ),
    Mistake(
        "starts-ignored",
        "multilayer",
        "the layers begin with nothing",
        "Before the first step the state is zero.",
        (
            "Does your result change if an entry of h0 changes?",
            "Check off the arguments: is each of them used?",
            "The initial states are arguments, one per layer.",
        ),
        ((_LAYER, "h = unroll(h, np.zeros_like(start), Wx, Wh, b)"),),
    ),
    Mistake(
        "lowest-layer-only",
        "multilayer",
        "the result comes from the wrong layer",
        "The first layer reads the input and gives the result.",
        (
            "How wide should the result be? Which layer is that wide?",
            "How often does your loop run before it returns?",
            "The result is what the top layer thinks, after all the others have worked for it.",
        ),
        ((_LAYER, "h = unroll(h, start, Wx, Wh, b)\n        break"),),
    ),
    Mistake(
        "top-layer-missing",
        "multilayer",
        "one layer is left out",
        "The last layer is the output.",
        (
            "What does your function return for a single layer?",
            "Count the turns of your loop.",
            "L entries in layers, L networks on top of each other.",
        ),
        (("zip(h0, layers, strict=True)", "zip(h0[:-1], layers[:-1], strict=True)"),),
    ),
    Mistake(
        "from-the-top",
        "multilayer",
        "the layers are run in the wrong order",
        "The list starts with the top layer.",
        (
            "Which of the layers has a Wx that fits the width of x?",
            "Look at the order in which your loop goes through the lists.",
            "The docstring says which layer comes first in the lists; what reads x must come first.",
        ),
        (("zip(h0, layers, strict=True)", "zip(h0[::-1], layers[::-1], strict=True)"),),
    ),
    Mistake(
        "only-the-last-step",
        "multilayer",
        "only one step of the result is returned",
        "The last state is the summary, and so the result.",
        (
            "How many axes should the result have?",
            "Look at what you return.",
            "A stack of layers is many to many, like one layer: a state at every step.",
        ),
        (("return h\n", "return h[:, -1]\n"),),
    ),
    Mistake(
        "all-layers-returned",
        "multilayer",
        "there is more in the result than was asked for",
        "The states of all layers are the network's state.",
        (
            "How wide should the result be, and how wide is yours?",
            "Look at what you collect, and at what of it you return.",
            "The lower layers work for the top one. Only its states are the result.",
        ),
        (
            ("h = x\n", "h, every = x, []\n"),
            (_LAYER, "h = unroll(h, start, Wx, Wh, b)\n        every.append(h)"),
            ("return h\n", "return np.concatenate(every, axis=2)\n"),
        ),
    ),
    Mistake(
        "a-list-of-layers",
        "multilayer",
        "the states of every layer are returned, in a list",
        "The states of all layers are the network's state.",
        (
            "How many axes should the result have, and what do you return?",
            "Look at what you collect, and at what of it you return.",
            "The lower layers work for the top one. Only its states are the result.",
        ),
        (
            ("h = x\n", "h, every = x, []\n"),
            (_LAYER, "h = unroll(h, start, Wx, Wh, b)\n        every.append(h)"),
            ("return h\n", "return every\n"),
        ),
    ),
    Mistake(
        "only-the-last-state-goes-up",
        "multilayer",
        "the upper layers see only the end of what the lower ones thought",
        "A layer hands up its summary.",
        (
            "What does the second layer read in its first step?",
            "Look at the shape of what one layer hands to the next.",
            "The states of one layer are a sequence again, as long as x, and the next layer reads all of it.",
        ),
        (
            (
                _LAYER,
                "h = unroll(h, start, Wx, Wh, b)\n        h = np.repeat(h[:, -1:], x.shape[1], axis=1)",
            ),
        ),
    ),
]

ROWS_AS_STEPS = [
    Mistake(
        "columns-for-rows",
        "rows_as_steps",
        "the images are cut the other way",
        "The second index after the batch is the step.",
        (
            "Is an image's row the first or the last axis of (N, rows, columns)?",
            "How many steps do you return, and how wide is each? Compare with the docstring.",
            "A step is what the network reads at once; the number of steps is the number of rows.",
        ),
        ((_ROWS, "[images[:, :, t] for t in range(images.shape[2])]"),),
    ),
    Mistake(
        "bottom-first",
        "rows_as_steps",
        "the order of the steps is reversed",
        "The bottom row comes first, as in a plot.",
        (
            "Which row is your first step?",
            "Look at the order in which you go through the rows.",
            "For a network the order is part of the meaning: it reads an image as you read a page.",
        ),
        ((_ROWS, "[images[:, t] for t in range(images.shape[1])][::-1]"),),
    ),
    Mistake(
        "one-step-per-image",
        "rows_as_steps",
        "the images are separated, not their rows",
        "Going through an array goes through what it holds: the images; or the array will do as it is.",
        (
            "How many steps do you return: as many as rows, or as many as images?",
            "Along which axis does your function go through the images?",
            "At each step the network reads for all N sequences at once, so each step holds a part of every image.",
        ),
        ((_ROWS, "list(images)"),),
    ),
    Mistake(
        "rows-first-by-reshape",
        "rows_as_steps",
        "rows of different images get mixed",
        "With the right shape, every number is in its place.",
        (
            "Of which image is the second row of your first step?",
            "Look at how the axis of the rows comes to the front.",
            "reshape reads the numbers in the order in which they lie in memory and only sets the borders anew. It moves no axis.",
        ),
        ((_ROWS, "list(images.reshape(images.shape[1], images.shape[0], -1))"),),
    ),
    Mistake(
        "axis-kept",
        "rows_as_steps",
        "each step has an axis too many",
        "A slice of one row is a row.",
        (
            "How many axes does each of your steps have?",
            "What is the difference between an index and a slice of length 1?",
            "A step is what the cell reads: one vector for each sequence, two axes.",
        ),
        ((_ROWS, "[images[:, t : t + 1] for t in range(images.shape[1])]"),),
    ),
    Mistake(
        "last-row-missing",
        "rows_as_steps",
        "a row is left out",
        "The last index is one less than the length, so the loop ends one earlier.",
        (
            "How many steps do you return for an image of one row?",
            "Count the turns of your loop.",
            "A range already stops before its end.",
        ),
        ((_ROWS, "[images[:, t] for t in range(images.shape[1] - 1)]"),),
    ),
    Mistake(
        "steps-transposed",
        "rows_as_steps",
        "each step lies on its side",
        "The network reads columns.",
        (
            "What is the shape of one of your steps? What does the docstring say?",
            "Look for an operation that exchanges axes.",
            "The batch comes first, in each step too.",
        ),
        ((_ROWS, "[images[:, t].T for t in range(images.shape[1])]"),),
    ),
    Mistake(
        "pixel-by-pixel",
        "rows_as_steps",
        "the steps are too small",
        "A sequence is made of single numbers.",
        (
            "How many steps do you return for an image of 8 rows and 6 columns?",
            "How wide is each of your steps?",
            "What is one step is our choice; here it is a whole row.",
        ),
        ((_ROWS, "[images[:, r, c : c + 1] for r in range(images.shape[1]) for c in range(images.shape[2])]"),),
    ),
    Mistake(
        "axis-lost",
        "rows_as_steps",
        "an axis of length 1 gets lost",
        "An axis of length 1 is of no use.",
        (
            "What is the shape of a step for a batch of one image?",
            "Look for an operation that removes axes.",
            "A batch of one is still a batch: keep its axis.",
        ),
        ((_ROWS, "[np.squeeze(images[:, t]) for t in range(images.shape[1])]"),),
    ),
]

COUNT_PARAMETERS = [
    Mistake(
        "times-the-steps",
        "count_parameters",
        "the count grows with the length",
        "Each step is a layer, and each layer has its weights.",
        (
            "How many weights does your own unroll get? Does that depend on the length of x?",
            "Which of your summands contains T?",
            "Unrolled, the network has many layers, but they share one set of weights: that is what makes it recurrent.",
        ),
        ((_COUNT, "T * (D * H + H * H + H + H * C + C)"),),
    ),
    Mistake(
        "cell-times-the-steps",
        "count_parameters",
        "a part of the count grows with the length",
        "The cell is used at each step, the readout once.",
        (
            "How many weights does your own unroll get? Does that depend on the length of x?",
            "Which of your summands contains T?",
            "Being used often does not make a weight many weights.",
        ),
        ((_COUNT, "T * (D * H + H * H + H) + H * C + C"),),
    ),
    Mistake(
        "biases-forgotten",
        "count_parameters",
        "only the matrices are counted",
        "Weights are what stands in matrices.",
        (
            "Is b learned? Is by?",
            "Go through the five names in the docstring; which of them are in your sum?",
            "All that training changes is a parameter, whatever its shape.",
        ),
        ((_COUNT, "D * H + H * H + H * C"),),
    ),
    Mistake(
        "hidden-bias-forgotten",
        "count_parameters",
        "one of the five arrays is left out",
        "The cell consists of two matrices.",
        (
            "How many arrays of weights does your own rnn_cell get?",
            "Go through the five names in the docstring; which of them are in your sum?",
            "All that training changes is a parameter, whatever its shape.",
        ),
        ((_COUNT, "D * H + H * H + H * C + C"),),
    ),
    Mistake(
        "output-bias-forgotten",
        "count_parameters",
        "one of the five arrays is left out",
        "The readout is a matrix.",
        (
            "How many arrays of weights does your own readout get?",
            "Go through the five names in the docstring; which of them are in your sum?",
            "All that training changes is a parameter, whatever its shape.",
        ),
        ((_COUNT, "D * H + H * H + H + H * C"),),
    ),
    Mistake(
        "readout-forgotten",
        "count_parameters",
        "a part of the network is not counted",
        "The network is the cell.",
        (
            "Does your count depend on C?",
            "Go through the five names in the docstring; which of them are in your sum?",
            "Reading off is learned too.",
        ),
        ((_COUNT, "D * H + H * H + H"),),
    ),
    Mistake(
        "recurrence-forgotten",
        "count_parameters",
        "the network that is counted has no memory",
        "Input to hidden, hidden to output: two layers.",
        (
            "What would your count be for a feed-forward network with one hidden layer?",
            "Go through the five names in the docstring; which of them are in your sum?",
            "The state is an input of the next step and has its own weights.",
        ),
        ((_COUNT, "D * H + H + H * C + C"),),
    ),
    Mistake(
        "recurrence-one-by-one",
        "count_parameters",
        "the memory's weights are too few",
        "Each hidden unit remembers itself.",
        (
            "What is the shape of Wh, and how many numbers does it hold?",
            "Look at the summand of the recurrent weights.",
            "Each hidden unit hears all hidden units, not only itself.",
        ),
        ((_COUNT, "D * H + H + H + H * C + C"),),
    ),
    Mistake(
        "only-the-input-weights",
        "count_parameters",
        "only one of the five arrays is counted",
        "Inputs times hidden units.",
        (
            "What else does your network get besides Wx?",
            "Go through the five names in the docstring; which of them are in your sum?",
            "All that training changes is a parameter.",
        ),
        ((_COUNT, "D * H"),),
    ),
    Mistake(
        "start-counted",
        "count_parameters",
        "something is counted that is not asked for",
        "The initial state is a parameter too.",
        (
            "Which array have you counted that is not among the five?",
            "Go through the five names in the docstring and your summands, side by side.",
            "The initial state is an input here. (Some do learn it; then they have to say so.)",
        ),
        ((_COUNT, "D * H + H * H + H + H * C + C + H"),),
    ),
]


def _weights(Wx: str, Wh: str, b: str, Why: str, by: str) -> str:
    """A parity_weights that returns these."""
    arrays = ", ".join(f"np.array({text})" for text in (Wx, Wh, b, Why, by))
    return f"def parity_weights():\n    return {arrays}\n"


PARITY_WEIGHTS = [
    Mistake(
        "echo",
        "parity_weights",
        "the network has no memory",
        "The output is 1 if the bit is 1.",
        (
            "What does your network answer after the bits 1 0? What should it?",
            "Which entries of Wh does your answer depend on?",
            "The answer depends on all bits so far; what the network knows of the earlier ones must come through Wh.",
        ),
        source=_weights("[[6.0]]", "[[0.0]]", "[-3.0]", "[[0.5]]", "[0.5]"),
    ),
    Mistake(
        "latch",
        "parity_weights",
        "the network remembers that there was a one, and nothing else",
        "Each one adds to the state, so the state knows about the ones.",
        (
            "What does your network answer after the bits 1 1? What should it?",
            "Follow the state of your network by hand through two ones in a row.",
            "Parity has to go down again with every second one. What only grows cannot do that, and tanh stops what grows.",
        ),
        source=_weights("[[40.0]]", "[[40.0]]", "[0.0]", "[[1.0]]", "[0.0]"),
    ),
    Mistake(
        "exactly-one",
        "parity_weights",
        "the network tells one from many",
        "Exclusive or is: at least one, but not two.",
        (
            "What does your network answer after the bits 1 1 1? What should it?",
            "Write down what each of your hidden units says, for no ones, one, two and three.",
            "The network must combine the parity so far with the new bit, not count how many ones there were.",
        ),
        # Unit 0: a one has been seen (stays). Unit 1: a second one has been seen (stays). Answer: 0 but not 1.
        source=_weights("[[40.0, 40.0]]", "[[40.0, 40.0], [0.0, 30.0]]", "[0.0, -45.0]", "[[1.0], [-0.5]]", "[-0.5]"),
    ),
    Mistake(
        "inverted",
        "parity_weights",
        "even and odd are exchanged",
        "The output tells whether the parity is right.",
        (
            "What does your network answer after a single 1? And after a single 0?",
            "Look at the signs in your readout, and at what your units say before the first bit, when all of them are 0.",
            "The output shall be above 0.5 for an odd number of ones.",
        ),
        (
            ("Why = np.array([[0.5], [-0.5]])", "Why = np.array([[-0.5], [0.5]])"),
            ("by = np.zeros(1)", "by = np.ones(1)"),
        ),
    ),
    Mistake(
        "wrong-threshold",
        "parity_weights",
        "the output never gets above the threshold",
        "The output is positive for odd, negative for even; or the states are far enough from 0 already.",
        (
            "What numbers does your network put out, and what is the threshold?",
            "Print the states after 1, after 1 0 and after 1 1: are they near -1 and 1? If so, look at scale and shift of your "
            "readout; if not, at the size of the weights before it.",
            "The readout decides on which side of 0.5 the answer lies, with room on both sides. It can do so if the states that "
            "it reads lie on tanh's flat parts.",
        ),
        (("Why = np.array([[0.5], [-0.5]])", "Why = np.array([[0.2], [-0.2]])"),),
    ),
    Mistake(
        "always-odd",
        "parity_weights",
        "the output is always above the threshold",
        "The output is zero for even, one for odd, whatever its offset.",
        (
            "What numbers does your network put out, and what is the threshold?",
            "Look at the scale and the shift of your readout.",
            "The readout decides on which side of 0.5 the answer lies; leave room on both sides.",
        ),
        (("by = np.zeros(1)", "by = np.ones(1)"),),
    ),
    Mistake(
        "fades",
        "parity_weights",
        "right for short strings only",
        "The logic is right, so the size of the weights does not matter.",
        (
            "How does the distance between your network's two states change from step to step?",
            "Print the state after a single 1 and many 0s. Does it stay what it was?",
            "A memory lasts if tanh repairs at each step what was lost. For that its inputs must lie far out, on its flat parts.",
        ),
        (("k = 20.0", "k = 2.2"),),
    ),
    Mistake(
        "columns-convention",
        "parity_weights",
        "a square matrix stands the wrong way round",
        "Row i of Wh holds what unit i hears.",
        (
            "Which index of Wh belongs to the unit that speaks, which to the unit that hears?",
            "Compute one step by hand, just as your cell does it.",
            "In this course weights act from the right on rows: column j of Wh is what unit j hears.",
        ),
        (("Wh = k * np.array([[0.5, 0.5], [-0.5, -0.5]])", "Wh = k * np.array([[0.5, -0.5], [0.5, -0.5]])"),),
    ),
    Mistake(
        "readout-flat",
        "parity_weights",
        "an array has an axis too few",
        "One output needs one row of weights.",
        (
            "What are the shapes of your five arrays? What are those in the docstring?",
            "Look at the readout's weights, whose last axis is of length 1.",
            "An axis of length 1 says: one output. Who multiplies with the matrix relies on it.",
        ),
        (("Why = np.array([[0.5], [-0.5]])", "Why = np.array([0.5, -0.5])"),),
    ),
]

MISTAKES: list[Mistake] = [
    *RNN_CELL,
    *STACKED_CELL,
    *READOUT,
    *UNROLL,
    *MANY_TO_ONE,
    *ONE_TO_MANY,
    *SEQUENCE_TO_SEQUENCE,
    *MULTILAYER,
    *ROWS_AS_STEPS,
    *COUNT_PARAMETERS,
    *PARITY_WEIGHTS,
]
