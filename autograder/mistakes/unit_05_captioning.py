"""Known mistakes of unit 5, captions for pictures.

Every mistake is a change of the reference module; `tests/test_mistakes_05.py` hands each of them in and requires that it
is caught and named. What a trained model gives away of them is the captioning test's business.
"""

from __future__ import annotations

from autograder.mistakes import Mistake

IMAGE_FEATURES = [
    Mistake(
        "training-mode",
        "image_features",
        "the CNN works as it does in training",
        "Its mode makes no difference to the numbers.",
        (
            "Do you get the same features if you ask twice, or put the picture into another batch?",
            "Look at what mode the CNN is in when its layers are called.",
            "Dropout and batch normalisation behave differently while a network is trained; features come from a finished one.",
        ),
        (("cnn.eval()", "cnn.train()"),),
    ),
    Mistake(
        "mode-left-as-it-was",
        "image_features",
        "the CNN works in whatever mode it was left in",
        "Whoever calls this will have set the mode.",
        (
            "What would your features be if the CNN came straight from its training loop?",
            "Look for the line that puts the CNN into the mode in which it is used.",
            "Dropout and batch normalisation have two modes; do not rely on the caller for the right one.",
        ),
        (("cnn.eval()\n    ", ""),),
    ),
    Mistake(
        "head-kept",
        "image_features",
        "the classifier's verdict instead of what it is made from",
        "Features are what the CNN returns.",
        (
            "How many numbers does each picture give, and what does each of them mean?",
            "Look at which part of the CNN you call.",
            "The head squeezes all that was seen into a verdict on one digit; captions need what was seen before that.",
        ),
        (("cnn.trunk(images).flatten(1)", "cnn(images)"),),
    ),
    Mistake(
        "place-averaged-away",
        "image_features",
        "the grid is averaged over its places",
        "A feature is one number per channel.",
        (
            "Could a caption from these features tell left from right?",
            "Look at what happens to the rows and columns of the grid.",
            "Where a thing stands in the picture is where it stands in the grid: keep all of its cells.",
        ),
        (("flatten(1)", "mean((2, 3))"),),
    ),
    Mistake(
        "all-in-one-row",
        "image_features",
        "all pictures end up in one row",
        "Flattening makes a vector.",
        (
            "What shape do the features of three pictures have?",
            "Look at from which axis on you flatten.",
            "The first axis counts the pictures and has to stay.",
        ),
        (("flatten(1)", "flatten()"),),
    ),
    Mistake(
        "channels-last",
        "image_features",
        "the channels stand last",
        "The order inside of a row does not matter.",
        (
            "In which order do the numbers of one picture stand?",
            "Look for a step that exchanges axes of the grid before it is flattened.",
            "torch keeps channels before rows and columns; flatten the grid as it is.",
        ),
        (("cnn.trunk(images).flatten(1)", "cnn.trunk(images).permute(0, 2, 3, 1).flatten(1)"),),
    ),
    Mistake(
        "gradient-kept",
        "image_features",
        "torch records a gradient of the CNN",
        "Without a loss there is no gradient.",
        (
            "Does anything ever go back through the CNN?",
            "Look at whether torch is told that it need not remember how the features were made.",
            "Whatever is computed from parameters is recorded for a backward pass, unless it is switched off.",
        ),
        (("with torch.no_grad():", "if True:"),),
    ),
]

RNN_STEP = [
    Mistake(
        "no-tanh",
        "rnn_step",
        "the pre-activation is returned",
        "The sum is the state.",
        (
            "Can an entry of your state be larger than 1?",
            "Look at what is done to the sum of the three terms.",
            "The state is the squashed sum.",
        ),
        (("torch.tanh(x @ Wx + h @ Wh + b)", "x @ Wx + h @ Wh + b"),),
    ),
    Mistake(
        "sigmoid-for-tanh",
        "rnn_step",
        "another squashing function",
        "Any squashing function will do.",
        (
            "Can an entry of your state be negative?",
            "Look at the function around the sum.",
            "A vanilla RNN's state lies between -1 and 1.",
        ),
        (("torch.tanh(", "torch.sigmoid("),),
    ),
    Mistake(
        "wh-transposed",
        "rnn_step",
        "the recurrent weights act from the wrong side",
        "Wh is square, so its direction does not matter.",
        (
            "Which axis of Wh belongs to the old state?",
            "Look at the product with Wh; its shape cannot tell you.",
            "Weights act from the right here: rows are where it comes from, columns where it goes.",
        ),
        (("h @ Wh", "h @ Wh.T"),),
    ),
    Mistake(
        "bias-missing",
        "rnn_step",
        "the bias is missing",
        "The bias is a detail.",
        (
            "What is your next state where input and state are zero?",
            "Count the terms of the sum.",
            "There are three: from the input, from the state, and the bias.",
        ),
        (("h @ Wh + b", "h @ Wh"),),
    ),
    Mistake(
        "state-missing",
        "rnn_step",
        "the old state does not count",
        "The state comes from the input.",
        (
            "What does your step remember?",
            "Count the terms of the sum.",
            "Without the old state this is a layer, not a recurrent one.",
        ),
        ((" + h @ Wh", ""),),
    ),
    Mistake(
        "gradient-cut",
        "rnn_step",
        "numbers that torch cannot go back through",
        "The state is a table of numbers.",
        (
            "Could torch say how next_h changes when Wh does?",
            "Look for anything that turns a tensor into plain numbers, or takes it out of torch's records.",
            "Torch differentiates what torch's own operations have made of the arguments, and nothing else.",
        ),
        (("torch.tanh(x @ Wx + h @ Wh + b)", "torch.tanh(x @ Wx + h @ Wh + b).detach()"),),
    ),
    Mistake(
        "tanh-of-the-input-only",
        "rnn_step",
        "only the first term is squashed",
        "tanh belongs to the input.",
        (
            "Can an entry of your state be larger than 1?",
            "Look at where the brackets of tanh close.",
            "The sum of all three is squashed, as one.",
        ),
        (("torch.tanh(x @ Wx + h @ Wh + b)", "torch.tanh(x @ Wx) + h @ Wh + b"),),
    ),
]

LSTM_STEP = [
    Mistake(
        "torchs-gate-order",
        "lstm_step",
        "the blocks are read in torch's order",
        "Gates come in the order of torch.nn.LSTM.",
        (
            "In which order do this course's weights hold the gates?",
            "Look at the names you give to the four blocks.",
            "Here the candidate is last; torch has it third.",
        ),
        (("i, f, o, g = ", "i, f, g, o = "),),
    ),
    Mistake(
        "forget-first",
        "lstm_step",
        "input and forget gate are exchanged",
        "The forget gate is the first.",
        (
            "What happens to the cell state when the second block is very large?",
            "Look at the names you give to the four blocks.",
            "The order is input, forget, output, candidate.",
        ),
        (("i, f, o, g = ", "f, i, o, g = "),),
    ),
    Mistake(
        "tanh-missing-on-c",
        "lstm_step",
        "the cell state leaves without being squashed",
        "The output gate is all that stands between c and h.",
        (
            "Can an entry of your hidden state be larger than 1?",
            "Look at what the output gate is multiplied with.",
            "The hidden state shows the squashed cell state, gated.",
        ),
        (("torch.tanh(next_c), next_c", "next_c, next_c"),),
    ),
    Mistake(
        "old-cell-shown",
        "lstm_step",
        "the hidden state is made from the old cell state",
        "The output gate acts on c, and c is the argument.",
        (
            "Does what is written at this step show at this step?",
            "Look at which cell state the hidden state is made from.",
            "First the cell is updated, then it is shown.",
        ),
        (("torch.tanh(next_c), next_c", "torch.tanh(c), next_c"),),
    ),
    Mistake(
        "candidate-through-sigmoid",
        "lstm_step",
        "the candidate goes through a gate's squashing function",
        "All four blocks are alike.",
        (
            "Can your cell state ever be pushed down?",
            "Look at the functions that the four blocks go through.",
            "Gates lie between 0 and 1; what is written lies between -1 and 1.",
        ),
        (("torch.tanh(g)", "torch.sigmoid(g)"),),
    ),
    Mistake(
        "forget-gate-open",
        "lstm_step",
        "nothing is ever forgotten",
        "c is a sum, so the new part is added.",
        (
            "How could your cell get rid of a number?",
            "Look at what the old cell state is multiplied with.",
            "The forget gate decides, entry by entry, how much of the old cell stays.",
        ),
        (("torch.sigmoid(f) * c + ", "c + "),),
    ),
    Mistake(
        "states-exchanged",
        "lstm_step",
        "the two states are returned in the wrong order",
        "The cell state is computed first, so it comes first.",
        (
            "Which of the two does the next function expect first?",
            "Look at the last line, and at the docstring.",
            "A state is (h, c).",
        ),
        (
            (
                "return torch.sigmoid(o) * torch.tanh(next_c), next_c",
                "return next_c, torch.sigmoid(o) * torch.tanh(next_c)",
            ),
        ),
    ),
    Mistake(
        "bias-missing",
        "lstm_step",
        "the bias is missing",
        "The weights make the gates.",
        (
            "What are the gates when input and state are zero?",
            "Look at the sum before the blocks are cut.",
            "Three terms make the sum: input, state, bias.",
        ),
        (("x @ Wx + h @ Wh + b", "x @ Wx + h @ Wh"),),
    ),
    Mistake(
        "state-ignored",
        "lstm_step",
        "the old hidden state does not count",
        "The cell state is the memory.",
        (
            "What do the gates know of the step before?",
            "Look at the sum before the blocks are cut.",
            "Gates see the input and the old hidden state.",
        ),
        (("x @ Wx + h @ Wh + b", "x @ Wx + b"),),
    ),
    Mistake(
        "output-second",
        "lstm_step",
        "the blocks are read in another order",
        "The gates come in the order in which they are used.",
        (
            "In which order do this course's weights hold the gates?",
            "Look at the names you give to the four blocks.",
            "The order is input, forget, output, candidate.",
        ),
        (("i, f, o, g = ", "i, o, f, g = "),),
    ),
    Mistake(
        "candidate-first",
        "lstm_step",
        "the blocks are read in another order",
        "The candidate comes first.",
        (
            "In which order do this course's weights hold the gates?",
            "Look at the names you give to the four blocks.",
            "The order is input, forget, output, candidate.",
        ),
        (("i, f, o, g = ", "g, i, f, o = "),),
    ),
    Mistake(
        "candidate-not-squashed",
        "lstm_step",
        "the candidate is not squashed",
        "The gate bounds it.",
        (
            "Between which numbers does a gate lie, and between which the candidate?",
            "Look at which squashing function each of the blocks goes through.",
            "A gate opens and shuts, from 0 to 1; the candidate is a state, from -1 to 1.",
        ),
        (("torch.tanh(g)", "g"),),
    ),
    Mistake(
        "gates-by-tanh",
        "lstm_step",
        "the gates go through the candidate's squashing function",
        "All nonlinearities are tanh.",
        (
            "Between which numbers does a gate lie, and between which the candidate?",
            "Look at which squashing function each of the blocks goes through.",
            "A gate opens and shuts, from 0 to 1; the candidate is a state, from -1 to 1.",
        ),
        (
            ("torch.sigmoid(f)", "torch.tanh(f)"),
            ("torch.sigmoid(i)", "torch.tanh(i)"),
            ("torch.sigmoid(o)", "torch.tanh(o)"),
        ),
    ),
    Mistake(
        "gates-not-squashed",
        "lstm_step",
        "the gates are not squashed",
        "The blocks are the gates.",
        (
            "Between which numbers does a gate lie, and between which the candidate?",
            "Look at which squashing function each of the blocks goes through.",
            "A gate opens and shuts, from 0 to 1; the candidate is a state, from -1 to 1.",
        ),
        (
            ("torch.sigmoid(f)", "f"),
            ("torch.sigmoid(i)", "i"),
            ("torch.sigmoid(o)", "o"),
        ),
    ),
    Mistake(
        "input-gate-missing",
        "lstm_step",
        "the candidate enters without a gate",
        "What is forgotten makes room.",
        (
            "What lets the candidate into the cell, and what keeps it out?",
            "Look at what multiplies the candidate.",
            "Each term of the new cell state has a gate of its own.",
        ),
        (("torch.sigmoid(i) * torch.tanh(g)", "torch.tanh(g)"),),
    ),
    Mistake(
        "output-gate-missing",
        "lstm_step",
        "the cell is shown without a gate",
        "The hidden state is the squashed cell.",
        (
            "What decides how much of the cell is seen?",
            "Look at what multiplies the squashed cell.",
            "The hidden state is the part of the cell that the output gate lets out.",
        ),
        (("torch.sigmoid(o) * torch.tanh(next_c)", "torch.tanh(next_c)"),),
    ),
    Mistake(
        "input-gate-from-the-forget-gate",
        "lstm_step",
        "the input gate is one minus the forget gate",
        "What is forgotten is written anew.",
        (
            "What does the first block of the weights do in your cell?",
            "Look at what multiplies the candidate.",
            "In this cell the two gates are independent of each other.",
        ),
        (("torch.sigmoid(i)", "(1 - torch.sigmoid(f))"),),
    ),
    Mistake(
        "old-cell-ignored",
        "lstm_step",
        "the old cell state does not count",
        "The hidden state is the memory.",
        (
            "What is left of the old cell state in the new one?",
            "Look at the line that makes the new cell state.",
            "The new cell is what is kept of the old one, and what is let in.",
        ),
        (("torch.sigmoid(f) * c + ", ""),),
    ),
    Mistake(
        "squashed-after-the-output-gate",
        "lstm_step",
        "the output gate acts before the squashing",
        "The order of gate and squashing does not matter.",
        (
            "What is squashed: the cell, or the gated cell?",
            "Look at where the brackets of tanh close.",
            "First the cell is squashed, then the gate decides how much is seen.",
        ),
        (("torch.sigmoid(o) * torch.tanh(next_c), next_c", "torch.tanh(torch.sigmoid(o) * next_c), next_c"),),
    ),
    Mistake(
        "cell-squashed",
        "lstm_step",
        "the cell state is squashed before it is handed on",
        "A state is squashed.",
        (
            "Can your cell state grow beyond 1?",
            "Look at what is handed on as the cell state.",
            "The cell is handed on as it is; only what is shown of it is squashed.",
        ),
        (("torch.tanh(next_c), next_c", "torch.tanh(next_c), torch.tanh(next_c)"),),
    ),
]

GRU_STEP = [
    Mistake(
        "update-gate-reversed",
        "gru_step",
        "old and new change places in the mixture",
        "z says how much of the new state is taken.",
        (
            "What is your next state where z is 1?",
            "Look at the last line: which of the two is multiplied with what?",
            "In this course's form z keeps the old state (papers differ).",
        ),
        (("z * h + (1 - z) * candidate", "(1 - z) * h + z * candidate"),),
    ),
    Mistake(
        "reset-after-product",
        "gru_step",
        "the reset gate acts after the product",
        "torch does it like this.",
        (
            "What is multiplied with what before Wh comes in?",
            "Look at where r stands in the candidate.",
            "The reset gate chooses among the entries of the old state; after the product they are mixed already.",
        ),
        (("(r * h) @ Wh[:, 2 * H :]", "r * (h @ Wh[:, 2 * H :])"),),
    ),
    Mistake(
        "gates-exchanged",
        "gru_step",
        "the two gates are exchanged",
        "The update gate is the first.",
        (
            "Which of your gates decides how much of the old state stays?",
            "Look at the names of the first two blocks.",
            "The order is reset, update, candidate.",
        ),
        (("r, z = ", "z, r = "),),
    ),
    Mistake(
        "reset-unused",
        "gru_step",
        "the reset gate is not used",
        "r is part of the mixture only.",
        (
            "What changes in your result when the first block changes?",
            "Look at what the candidate sees of the old state.",
            "The candidate sees the old state through the reset gate.",
        ),
        (("(r * h)", "h"),),
    ),
    Mistake(
        "candidate-through-sigmoid",
        "gru_step",
        "the candidate goes through a gate's squashing function",
        "All three blocks are alike.",
        (
            "Can an entry of your state become negative?",
            "Look at the functions that the three blocks go through.",
            "Gates lie between 0 and 1; the candidate between -1 and 1.",
        ),
        (("candidate = torch.tanh(", "candidate = torch.sigmoid("),),
    ),
    Mistake(
        "old-state-dropped",
        "gru_step",
        "only the candidate is mixed in",
        "The gate scales the new state.",
        (
            "What is left of the old state after your step?",
            "Count the terms of the last line.",
            "The next state is a weighted mean of two: what one gets, the other lacks.",
        ),
        (("z * h + (1 - z) * candidate", "(1 - z) * candidate"),),
    ),
    Mistake(
        "bias-missing",
        "gru_step",
        "the bias is missing",
        "The weights make the gates.",
        (
            "What are the gates when input and state are zero?",
            "Look at what is made from the input.",
            "Three terms make each sum: input, state, bias.",
        ),
        (("x @ Wx + b", "x @ Wx"),),
    ),
    Mistake(
        "candidate-not-squashed",
        "gru_step",
        "the candidate is not squashed",
        "The gate bounds it.",
        (
            "Between which numbers does a gate lie, and between which the candidate?",
            "Look at which squashing function each of the blocks goes through.",
            "A gate opens and shuts, from 0 to 1; the candidate is a state, from -1 to 1.",
        ),
        (
            (
                "torch.tanh(from_x[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :])",
                "from_x[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :]",
            ),
        ),
    ),
    Mistake(
        "gates-by-tanh",
        "gru_step",
        "the gates go through the candidate's squashing function",
        "All nonlinearities are tanh.",
        (
            "Between which numbers does a gate lie, and between which the candidate?",
            "Look at which squashing function each of the blocks goes through.",
            "A gate opens and shuts, from 0 to 1; the candidate is a state, from -1 to 1.",
        ),
        (("torch.sigmoid(", "torch.tanh("),),
    ),
    Mistake(
        "gates-not-squashed",
        "gru_step",
        "the gates are not squashed",
        "The blocks are the gates.",
        (
            "Between which numbers does a gate lie, and between which the candidate?",
            "Look at which squashing function each of the blocks goes through.",
            "A gate opens and shuts, from 0 to 1; the candidate is a state, from -1 to 1.",
        ),
        (("torch.sigmoid(from_x[:, : 2 * H] + h @ Wh[:, : 2 * H])", "(from_x[:, : 2 * H] + h @ Wh[:, : 2 * H])"),),
    ),
    Mistake(
        "old-state-not-gated",
        "gru_step",
        "the old state is added whole",
        "The gate is for what is new.",
        (
            "How much of the old state is left when the candidate takes over?",
            "Look at both terms of the mixture.",
            "The two shares of a mixture sum to one.",
        ),
        (("return z * h +", "return h +"),),
    ),
    Mistake(
        "candidate-not-gated",
        "gru_step",
        "the candidate is added whole",
        "The gate is for what is old.",
        (
            "How much of the candidate comes in when the old state is kept?",
            "Look at both terms of the mixture.",
            "The two shares of a mixture sum to one.",
        ),
        (("(1 - z) * candidate", "candidate"),),
    ),
    Mistake(
        "state-ignored-by-the-gates",
        "gru_step",
        "the gates do not see the old state",
        "The input decides.",
        (
            "What do the gates know of the step before?",
            "Look at what the gates are made of.",
            "Gates see the input and the old state.",
        ),
        (("from_x[:, : 2 * H] + h @ Wh[:, : 2 * H]", "from_x[:, : 2 * H]"),),
    ),
]

START_STATE = [
    Mistake(
        "picture-not-in-h",
        "start_state",
        "with 'init' the state starts from nothing",
        "A state before the first word is zero.",
        (
            "With inject 'init', where else could the picture come in?",
            "Look at what is returned for 'init'.",
            "This is the one place at which such a model sees the picture.",
        ),
        (("return (v @ model.Wv + model.bv, *rest)", "return (zero, *rest)"),),
    ),
    Mistake(
        "init-without-bias",
        "start_state",
        "with 'init' the image's bias is missing",
        "A matrix is enough.",
        (
            "What is your first state for features that are all zero?",
            "Look at the terms of the first state with 'init'.",
            "The image comes in through a matrix and its bias.",
        ),
        (("(v @ model.Wv + model.bv, *rest)", "(v @ model.Wv, *rest)"),),
    ),
    Mistake(
        "init-squashed",
        "start_state",
        "with 'init' the first state is squashed",
        "A hidden state lies between -1 and 1.",
        (
            "Does the formula of the first state have a function around it?",
            "Look at what is returned for 'init'.",
            "The first state is an affine function of the features here; squashing starts with the first word.",
        ),
        (("return (v @ model.Wv + model.bv, *rest)", "return (torch.tanh(v @ model.Wv + model.bv), *rest)"),),
    ),
    Mistake(
        "picture-in-c-too",
        "start_state",
        "with 'init' the picture is in the cell state, too",
        "Both parts of a state start alike.",
        (
            "What does an LSTM's cell hold before anything was written into it?",
            "Look at the second entry of the state with 'init'.",
            "The picture sets h; the cell starts empty.",
        ),
        (("return (v @ model.Wv + model.bv, *rest)", "return (v @ model.Wv + model.bv,) * (1 + len(rest))"),),
    ),
    Mistake(
        "no-first-step",
        "start_state",
        "with 'first_token' nothing has been read",
        "Every state before the first word is zero.",
        (
            "With inject 'first_token', which input comes before START?",
            "Look at what is returned for 'first_token'.",
            "The picture takes the place of a word: the cell makes a step with it.",
        ),
        (("return advance(model, v @ model.Wv + model.bv, (zero, *rest), model.b)", "return (zero, *rest)"),),
    ),
    Mistake(
        "token-without-bias",
        "start_state",
        "with 'first_token' the image's bias is missing",
        "The cell has a bias of its own.",
        (
            "What goes into the cell for features that are all zero?",
            "Look at the input of the first step with 'first_token'.",
            "The image comes in through a matrix and its bias; the cell's own bias is another.",
        ),
        (("advance(model, v @ model.Wv + model.bv,", "advance(model, v @ model.Wv,"),),
    ),
    Mistake(
        "start-added-to-picture",
        "start_state",
        "with 'first_token' the picture is added to the word START",
        "The first token is START, so it is fed here.",
        (
            "How many steps has the cell made when the first word comes out?",
            "Look at the input of the first step with 'first_token'.",
            "Picture first, by itself; START is fed by whoever asks for the first word.",
        ),
        (("advance(model, v @", "advance(model, model.We[START] + v @"),),
    ),
]

NEXT_SCORES = [
    Mistake(
        "picture-ignored",
        "next_scores",
        "with 'every_step' the picture does not reach the step",
        "The state knows the picture.",
        (
            "With inject 'every_step', what does the state before the first word hold?",
            "Look at what differs in your step between the three ways to inject.",
            "At every step the picture is one more term of the pre-activation.",
        ),
        (
            (
                'b = model.b + v @ model.Wv + model.bv if model.inject == "every_step" else model.b',
                "b = model.b",
            ),
        ),
    ),
    Mistake(
        "image-bias-missing",
        "next_scores",
        "the image's bias is missing",
        "One bias is enough.",
        (
            "What does the picture add where its features are all zero?",
            "Look at the terms that the picture brings.",
            "The image comes in through a matrix and its bias; the cell's own bias is another.",
        ),
        (("v @ model.Wv + model.bv if", "v @ model.Wv if"),),
    ),
    Mistake(
        "cell-bias-replaced",
        "next_scores",
        "the picture takes the place of the cell's bias",
        "The picture is the bias.",
        (
            "Which weights of the model does your step not touch?",
            "Look at what is handed to the cell as its bias with 'every_step'.",
            "The picture's term is added to the others; none of them goes.",
        ),
        (("b = model.b + v @", "b = v @"),),
    ),
    Mistake(
        "state-not-carried",
        "next_scores",
        "the state that went in comes out again",
        "state is what I was given.",
        (
            "What does the second word know of the first?",
            "Look at which state you return.",
            "A step returns the state after it, for the next step to start from.",
        ),
        (
            ("state = advance(model, model.We[words], state, b)", "after = advance(model, model.We[words], state, b)"),
            ("return state[0]", "return after[0]"),
        ),
    ),
    Mistake(
        "scores-of-the-old-state",
        "next_scores",
        "the scores come from the state before the step",
        "The readout reads the state.",
        (
            "Do your scores depend on the word that was fed?",
            "Look at which state the readout gets.",
            "First the cell makes its step, then the readout looks at the result.",
        ),
        (
            ("state = advance(model, model.We[words], state, b)", "after = advance(model, model.We[words], state, b)"),
            ("+ model.by, state", "+ model.by, after"),
        ),
    ),
    Mistake(
        "probabilities-returned",
        "next_scores",
        "probabilities instead of scores",
        "The model gives probabilities.",
        (
            "Do the entries of a row of your scores sum to 1?",
            "Look at what is done to the readout's result.",
            "The softmax belongs to the loss and to those who choose words; it must not be applied twice.",
        ),
        (
            (
                "return state[0] @ model.Why + model.by, state",
                "return (state[0] @ model.Why + model.by).softmax(1), state",
            ),
        ),
    ),
    Mistake(
        "readout-of-the-cell-state",
        "next_scores",
        "the readout reads the wrong part of the state",
        "The last entry of the state is the newest.",
        (
            "For which cell are your scores wrong?",
            "Look at which entry of the state the readout gets.",
            "The hidden state is what a cell shows; the cell state stays inside.",
        ),
        (("state[0] @", "state[-1] @"),),
    ),
    Mistake(
        "readout-bias-missing",
        "next_scores",
        "the readout's bias is missing",
        "A matrix is enough.",
        (
            "What are your scores where the state is zero?",
            "Look at the terms of the scores.",
            "The readout is an affine function: matrix and bias.",
        ),
        ((" + model.by, state", ", state"),),
    ),
    Mistake(
        "gradient-cut",
        "next_scores",
        "a step that torch does not record",
        "This function is for writing captions, and there no gradient is needed.",
        (
            "Who else calls this function, besides those that write captions?",
            "Look for what switches torch's records off.",
            "While captions are written nothing is learned, so the function that writes may switch records off; the step "
            "itself is used in training as well.",
        ),
        (("    state = advance(", "    with torch.no_grad():\n        state = advance("),),
    ),
]

CAPTION_SCORES = [
    Mistake(
        "state-not-carried",
        "caption_scores",
        "every word is read with the first state",
        "next_scores takes care of the state.",
        (
            "What does the third position know of the first two words?",
            "Look at what becomes of the state that each step returns.",
            "Each step starts from the state that the one before it left.",
        ),
        (("step_scores, state = ", "step_scores, _ = "),),
    ),
    Mistake(
        "time-first",
        "caption_scores",
        "time stands before the batch",
        "Steps are stacked as they come.",
        (
            "Which of your axes counts the captions?",
            "Look at where the new axis goes when the steps are put together.",
            "Batch first, then time, in all of this course.",
        ),
        (("dim=1", "dim=0"),),
    ),
    Mistake(
        "next-word-told",
        "caption_scores",
        "each position is fed the word that it is to tell",
        "Position t is about word t + 1, so that is fed.",
        (
            "What is the model asked at position t, and what has it seen by then?",
            "Look at which word goes into step t.",
            "At position t the model has read words up to t and is asked for the next one.",
        ),
        (("words[:, t], state", "words[:, min(t + 1, words.shape[1] - 1)], state"),),
    ),
    Mistake(
        "own-words-fed",
        "caption_scores",
        "the model is fed its own words",
        "The model always goes on from what it said.",
        (
            "What are the given words for?",
            "Look at what goes into the second step.",
            "Teacher forcing: whatever the model would have said, the true words are fed.",
        ),
        (("words[:, t], state", "words[:, t] if t == 0 else step_scores.argmax(dim=1), state"),),
    ),
    Mistake(
        "first-word-only",
        "caption_scores",
        "the same word is fed at every step",
        "START begins each step.",
        (
            "Do your scores at the last position depend on the words before it?",
            "Look at which word goes into step t.",
            "Step t reads word t.",
        ),
        (("words[:, t], state", "words[:, 0], state"),),
    ),
    Mistake(
        "starts-late",
        "caption_scores",
        "the first word is left out",
        "START is not a word.",
        (
            "How many positions do your scores have, and how many words were given?",
            "Look at where your loop begins.",
            "START is fed like every other word: the answer to it is the first word of the caption.",
        ),
        (("range(words.shape[1])", "range(1, words.shape[1])"),),
    ),
    Mistake(
        "backwards",
        "caption_scores",
        "the positions are in reversed order",
        "Lists grow at the front.",
        (
            "Which step's scores stand at position 0?",
            "Look at where each step's scores are put.",
            "Position t of the result belongs to word t.",
        ),
        (("scores.append(step_scores)", "scores.insert(0, step_scores)"),),
    ),
    Mistake(
        "state-detached",
        "caption_scores",
        "the gradient ends at every step",
        "As in truncated backpropagation: the state goes on, its history does not.",
        (
            "Through how many steps can the loss at the last word speak to the picture?",
            "Look at what is done to the state between two steps.",
            "The state that goes into a step must remember how it was made: through it the gradient goes back in time.",
        ),
        (
            (
                "next_scores(model, words[:, t], state, v)",
                "next_scores(model, words[:, t], tuple(part.detach() for part in state), v)",
            ),
        ),
    ),
]

CAPTION_LOSS = [
    Mistake(
        "padding-counted",
        "caption_loss",
        "padding counts as words",
        "The model has to learn when to be silent.",
        (
            "Does your loss change if a column of padding is appended to all captions?",
            "Look at what happens to positions at which the target is PAD.",
            "Padding is an artefact of the batch: no loss there, and no gradient.",
        ),
        (("ignore_index=PAD, ", ""),),
    ),
    Mistake(
        "mean-over-words",
        "caption_loss",
        "a mean over words instead of a sum per caption",
        "A loss is a mean.",
        (
            "Does a long caption weigh more in your loss than a short one?",
            "Look at what the sum of all terms is divided by.",
            "As in unit 2: summed over time, divided by the number of captions.",
        ),
        (('reduction="sum"', 'reduction="mean"'), ("total / len(targets)", "total")),
    ),
    Mistake(
        "not-divided",
        "caption_loss",
        "a sum over the batch",
        "The loss is the sum of all terms.",
        (
            "What becomes of your loss if every caption is in the batch twice?",
            "Look for a division.",
            "The loss is that of one caption, averaged over the batch.",
        ),
        (("total / len(targets)", "total"),),
    ),
    Mistake(
        "divided-by-positions",
        "caption_loss",
        "divided by the number of positions",
        "Every position counts.",
        (
            "What becomes of your loss if a column of padding is appended?",
            "Look at what the sum is divided by.",
            "The loss is that of one caption, averaged over the batch.",
        ),
        (("total / len(targets)", "total / targets.numel()"),),
    ),
    Mistake(
        "end-left-out",
        "caption_loss",
        "another word than PAD is left out",
        "END is not a word.",
        (
            "How is the model to learn when to stop?",
            "Look at which target is ignored.",
            "Only PAD stands for no word; END is to be predicted like any other.",
        ),
        (("ignore_index=PAD", "ignore_index=END"),),
    ),
    Mistake(
        "softmax-twice",
        "caption_loss",
        "the scores go through the softmax twice",
        "Cross-entropy needs probabilities.",
        (
            "What does torch's cross-entropy expect: scores or probabilities?",
            "Look at what is done to the scores before they get there.",
            "torch's function has the softmax inside.",
        ),
        (("scores.flatten(0, 1)", "scores.flatten(0, 1).softmax(1)"),),
    ),
    Mistake(
        "gradient-cut",
        "caption_loss",
        "a number without a gradient",
        "A loss is a number.",
        (
            "What does torch go back through when you call backward on your loss?",
            "Look for a conversion to a plain number.",
            "The result must stay a tensor that knows how it was made.",
        ),
        (("return total / len(targets)", "return torch.tensor(total.item() / len(targets))"),),
    ),
    Mistake(
        "scores-and-targets-misaligned",
        "caption_loss",
        "scores of one position are held against targets of another",
        "Flattening gives all positions, in some order.",
        (
            "Which position comes second in your flattened scores, and which in your flattened targets?",
            "Look at the order of the axes when both are flattened.",
            "Both must be flattened in the same order: batch first.",
        ),
        (("scores.flatten(0, 1)", "scores.transpose(0, 1).flatten(0, 1)"),),
    ),
    Mistake(
        "class-axis-not-moved",
        "caption_loss",
        "the axes of the scores are not where torch looks for the classes",
        "A reshape brings the classes to the second axis.",
        (
            "Along which axis does torch's cross-entropy look for the classes, and where are they in the scores?",
            "Look at the reshape: does it move an axis, or does it only count the entries anew?",
            "A reshape keeps the order of the entries; to move an axis needs a transpose.",
        ),
        (
            (
                "scores.flatten(0, 1), targets.flatten()",
                "scores.reshape(len(targets), scores.shape[2], targets.shape[1]), targets",
            ),
        ),
    ),
    Mistake(
        "number-added-to-probabilities",
        "caption_loss",
        "something is added to the probabilities before the logarithm",
        "The logarithm of zero must be avoided.",
        (
            "What should the loss be where the right word has a probability of one in a billion, and what is yours?",
            "Look at what is done to a probability before its logarithm is taken.",
            "The loss of an unlikely word has no upper bound. From scores its logarithm can be had without a bound: "
            "the score, less the logarithm of the sum of all exponentials.",
        ),
        (
            (
                "total = nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), "
                'ignore_index=PAD, reduction="sum")',
                "p = scores.softmax(dim=2).gather(2, targets[:, :, None])[:, :, 0]\n"
                "    total = -(torch.log(p + 1e-8) * (targets != PAD)).sum()",
            ),
        ),
    ),
    Mistake(
        "softmax-over-time",
        "caption_loss",
        "the probabilities sum to one over the steps",
        "The softmax goes along the second axis.",
        (
            "What sums to one: the words at one position, or the positions of one word?",
            "Look at the axis along which the softmax goes.",
            "At each position one word comes: the probabilities of all words there sum to one.",
        ),
        (
            (
                "nn.functional.cross_entropy(scores.flatten(0, 1)",
                "nn.functional.nll_loss(scores.log_softmax(1).flatten(0, 1)",
            ),
        ),
    ),
    Mistake(
        "only-tensors-in-one-piece",
        "caption_loss",
        "tensors that do not lie in one piece are refused",
        "A tensor can always be viewed in another shape.",
        (
            "What does captions[:, 1:] share with captions, and where do its rows lie in memory?",
            "Read the error's last words, and look at how you make one axis of two.",
            "A view needs numbers that lie one after the other; a slice of a larger tensor has gaps. There are ways "
            "to change a shape that copy where they must.",
        ),
        (("targets.flatten()", "targets.view(-1)"),),
    ),
]

TRAINING_STEP = [
    Mistake(
        "gradients-not-cleared",
        "training_step",
        "old gradients are added to the new ones",
        "backward sets the gradients.",
        (
            "What did the gradients hold before this step?",
            "Look for the line that clears them.",
            "torch adds to what is there already; each step has to start from nothing.",
        ),
        (("optimizer.zero_grad()\n    ", ""),),
    ),
    Mistake(
        "cleared-too-late",
        "training_step",
        "the new gradients are cleared before they are used",
        "Clearing comes right before the update.",
        (
            "What does the optimizer see when it makes its step?",
            "Look at the order of the three calls.",
            "Clear, then backward, then step.",
        ),
        (("optimizer.zero_grad()\n    loss.backward()", "loss.backward()\n    optimizer.zero_grad()"),),
    ),
    Mistake(
        "no-update",
        "training_step",
        "the weights stay as they are",
        "backward trains the model.",
        (
            "Which line changes the weights?",
            "Look for the call of the optimizer that makes a step.",
            "backward computes gradients; the optimizer goes down them.",
        ),
        (("optimizer.step()\n    ", ""),),
    ),
    Mistake(
        "update-before-backward",
        "training_step",
        "the update is made with the gradients of the step before",
        "First the step, then its gradient.",
        (
            "Of which loss are the gradients that the optimizer uses?",
            "Look at the order of the three calls.",
            "Clear, then backward, then step.",
        ),
        (("loss.backward()\n    optimizer.step()", "optimizer.step()\n    loss.backward()"),),
    ),
    Mistake(
        "targets-not-shifted",
        "training_step",
        "the model is asked for the word that it is fed",
        "Input and target are the same caption.",
        (
            "Could a model without any memory make your loss zero?",
            "Look at which part of the captions is fed, and which is asked for.",
            "What is asked for is one word ahead of what is fed.",
        ),
        (("captions[:, 1:])", "captions[:, :-1])"),),
    ),
    Mistake(
        "answer-fed",
        "training_step",
        "the model is told the word before it is asked for it",
        "The words to learn are fed.",
        (
            "Could a model without any memory make your loss zero?",
            "Look at which part of the captions is fed.",
            "What is fed begins with START and lacks the last word.",
        ),
        (("captions[:, :-1])", "captions[:, 1:])"),),
    ),
    Mistake(
        "shifted-by-two",
        "training_step",
        "the word after the next is asked for",
        "Input and target each lose their ends.",
        (
            "Which word is the right answer to START?",
            "Look at which part of the captions is fed, and which is asked for.",
            "Each loses one word only, at opposite ends.",
        ),
        (("captions[:, :-1]), captions[:, 1:])", "captions[:, :-2]), captions[:, 2:])"),),
    ),
    Mistake(
        "gradients-clipped-by-norm",
        "training_step",
        "long gradients are shortened before the step",
        "Gradients of recurrent networks have to be clipped.",
        (
            "Is the step that you make the one down the gradient, however long that is?",
            "Look at what happens to the gradients between the way back and the step.",
            "Clipping changes the step that is asked for; where training needs it, whoever trains decides so.",
        ),
        (("optimizer.step()", "nn.utils.clip_grad_norm_(model.parameters(), 5.0)\n    optimizer.step()"),),
    ),
    Mistake(
        "gradients-clipped-by-value",
        "training_step",
        "large entries of gradients are cut before the step",
        "Gradients of recurrent networks have to be clipped.",
        (
            "Is the step that you make the one down the gradient, however long that is?",
            "Look at what happens to the gradients between the way back and the step.",
            "Cutting entries one by one even changes the direction; where training needs it, whoever trains decides so.",
        ),
        (("optimizer.step()", "nn.utils.clip_grad_value_(model.parameters(), 5.0)\n    optimizer.step()"),),
    ),
]

GREEDY = [
    Mistake(
        "goes-on-after-end",
        "greedy",
        "words follow after the end",
        "The caption is what comes before END anyway.",
        (
            "What stands in your result after END?",
            "Look at what is written for captions that have ended already.",
            "After END there is PAD, whatever the model would say.",
        ),
        (("torch.where(finished, PAD, current)", "current"),),
    ),
    Mistake(
        "never-ends",
        "greedy",
        "every caption goes on to the last step",
        "END is a word like any other.",
        (
            "What stands in your result after END?",
            "Look at what your loop does once a caption has ended: nothing in it may notice.",
            "Remember for each caption whether it has ended. After END there is PAD, whatever the model would say.",
        ),
        (
            ("torch.where(finished, PAD, current)", "current"),
            ("            if finished.all():\n                break\n", ""),
        ),
    ),
    Mistake(
        "end-replaced",
        "greedy",
        "END itself is missing",
        "A caption that has ended is padded.",
        (
            "Does END occur in your result?",
            "Look at whether a caption counts as ended before or after its last word is written.",
            "END is the last word of the caption; the padding begins after it.",
        ),
        (("torch.where(finished, PAD, current)", "torch.where(finished | (current == END), PAD, current)"),),
    ),
    Mistake(
        "end-repeated",
        "greedy",
        "END fills the rest of the row",
        "A caption that has ended stays ended.",
        (
            "How often does END occur in a row of your result?",
            "Look at what is written for captions that have ended.",
            "END comes once. What follows it means nothing, and there is a word that means nothing.",
        ),
        (("torch.where(finished, PAD, current)", "torch.where(finished, END, current)"),),
    ),
    Mistake(
        "start-fed-again",
        "greedy",
        "START is fed at every step",
        "Each step begins with START.",
        (
            "What does the model hear of the word that it has just said?",
            "Look at what is fed at the second step.",
            "The chosen word is the next input.",
        ),
        (("next_scores(model, current, state, v)", "next_scores(model, torch.full_like(current, START), state, v)"),),
    ),
    Mistake(
        "state-not-carried",
        "greedy",
        "every step starts from the first state",
        "The word fed is enough.",
        (
            "What does the third word know of the first?",
            "Look at what becomes of the state that each step returns.",
            "Each step starts from the state that the one before it left.",
        ),
        (("scores, state = next_scores", "scores, _ = next_scores"),),
    ),
    Mistake(
        "padding-fed-first",
        "greedy",
        "the first input is not START",
        "Nothing has been said yet, so nothing is fed.",
        (
            "What was fed first in training?",
            "Look at the word that goes into the first step.",
            "Captions begin with START, here as there.",
        ),
        (("(len(v),), START", "(len(v),), PAD"),),
    ),
    Mistake(
        "stops-with-the-first",
        "greedy",
        "all captions end with the first that does",
        "At END the loop is over.",
        (
            "What becomes of the other pictures when one caption is finished?",
            "Look at when your loop ends.",
            "The loop may end early only when every caption has ended.",
        ),
        (("finished.all()", "finished.any()"),),
    ),
    Mistake(
        "one-word-late",
        "greedy",
        "each word is written one place late",
        "The current word is written, then the next is chosen.",
        (
            "What is the first word of your captions?",
            "Look at the order of choosing a word and writing it down.",
            "START is fed, not said: the first word of the result is the answer to it.",
        ),
        (
            (
                "current = scores.argmax(dim=1)\n            words[:, t] = torch.where(finished, PAD, current)",
                "words[:, t] = torch.where(finished, PAD, current)\n            current = scores.argmax(dim=1)",
            ),
        ),
    ),
    Mistake(
        "no-empty-caption",
        "greedy",
        "a caption cannot end before it has begun",
        "A caption has at least one word.",
        (
            "What does the docstring say of the first word if END is the most probable one?",
            "Look at what keeps a word out at the first step.",
            "The most probable word is taken, whichever it is; a caption may be empty.",
        ),
        (
            (
                "current = scores.argmax(dim=1)",
                "current = (scores - 1e9 * (t == 0) * (torch.arange(scores.shape[1]) == END)).argmax(dim=1)",
            ),
        ),
    ),
    Mistake(
        "never-unknown",
        "greedy",
        "the unknown word is never said",
        "Nobody wants to read it.",
        (
            "Which of the words of the vocabulary can your captions contain?",
            "Look at what is done to the scores before a word is chosen.",
            "The most probable word is taken, whichever it is.",
        ),
        (
            (
                "current = scores.argmax(dim=1)",
                "current = (scores - 1e9 * (torch.arange(scores.shape[1]) == UNKNOWN)).argmax(dim=1)",
            ),
        ),
    ),
]

BEAM_SEARCH = [
    Mistake(
        "probabilities-added",
        "beam_search",
        "probabilities are added",
        "The score is the sum of the words' probabilities.",
        (
            "Does a hypothesis become more probable with every word?",
            "Look at what is added up along a hypothesis.",
            "Probabilities of a sequence multiply; their logarithms add.",
        ),
        ((".log_softmax(0)", ".softmax(0)"),),
    ),
    Mistake(
        "scores-added",
        "beam_search",
        "raw scores are added",
        "The model's scores are what is compared.",
        (
            "If all scores of a step grow by 5, should any choice change?",
            "Look at what is added up along a hypothesis.",
            "Scores of different steps can be compared only after the softmax's normalisation.",
        ),
        (("scores[0].log_softmax(0).tolist()", "scores[0].tolist()"),),
    ),
    Mistake(
        "no-length-normalisation",
        "beam_search",
        "length does not count",
        "The most probable caption wins.",
        (
            "Can a longer hypothesis ever beat a shorter one it begins with?",
            "Look at whether the length comes into your score.",
            "Every word makes a caption less probable; dividing by a power of the length makes up for it.",
        ),
        (("return log_p / max(len(words), 1) ** alpha", "return log_p"),),
    ),
    Mistake(
        "penalty-with-the-constant",
        "beam_search",
        "the length is divided by in another form",
        "The penalty is that of the paper.",
        (
            "What does the docstring divide the sum by, for a hypothesis of one word and for one of five?",
            "Look at your formula of the penalty beside the docstring's.",
            "Several penalties are in use. Which one it is decides how much a long hypothesis is favoured.",
        ),
        (("log_p / max(len(words), 1) ** alpha", "log_p / ((5 + len(words)) / 6) ** alpha"),),
    ),
    Mistake(
        "alpha-ignored",
        "beam_search",
        "the argument alpha has no effect",
        "A score per word is the sum divided by the number of words.",
        (
            "What changes in your result if alpha changes?",
            "Look for alpha in what you divide by.",
            "alpha says how much the length counts: not at all with 0, fully with 1.",
        ),
        (("log_p / max(len(words), 1) ** alpha", "log_p / max(len(words), 1)"),),
    ),
    Mistake(
        "normalised-at-the-end-only",
        "beam_search",
        "the search goes by another score than the result",
        "Lengths matter when the winner is chosen.",
        (
            "Which hypotheses are compared while the search goes on: only those of one length?",
            "Look at what the candidates are sorted by.",
            "Finished and unfinished hypotheses stand side by side at every step, so the same score counts there.",
        ),
        (("sorted(candidates, key=score, reverse=True)", "sorted(candidates, key=lambda c: c[1], reverse=True)"),),
    ),
    Mistake(
        "finished-go-on",
        "beam_search",
        "finished hypotheses grow on",
        "Every hypothesis gets one word more.",
        (
            "Can a word follow END in one of your hypotheses?",
            "Look at what happens to hypotheses that have ended.",
            "They stay as they are, and compete with the others.",
        ),
        (("if words and words[-1] == END:", "if False:"),),
    ),
    Mistake(
        "finished-dropped",
        "beam_search",
        "finished hypotheses are lost",
        "They need not be expanded.",
        (
            "Where does a finished hypothesis wait until the search is over?",
            "Look at what happens to hypotheses that have ended.",
            "They stay in the beam, and compete with the others.",
        ),
        (("candidates.append((words, log_p, state))\n                    continue", "continue"),),
    ),
    Mistake(
        "finished-dropped-until-all-have-ended",
        "beam_search",
        "finished hypotheses are lost",
        "They need not be expanded.",
        (
            "Where does a finished hypothesis wait while others are still going on?",
            "Look at what becomes of hypotheses that have ended.",
            "They stay in the beam, and compete with the others.",
        ),
        (
            ("candidates.append((words, log_p, state))\n                    continue", "continue"),
            (
                "            beam = sorted(candidates, key=score, reverse=True)[:width]",
                "            beam = sorted(candidates, key=score, reverse=True)[:width]\n            if all(words[-1] == END for words, _, _ in beam):\n                break",
            ),
        ),
    ),
    Mistake(
        "last-word-only",
        "beam_search",
        "only the last word counts",
        "The step's probability is the score.",
        (
            "What does a hypothesis owe to its first word?",
            "Look at what is kept with a hypothesis when a word is added.",
            "The logarithms of all its words are summed.",
        ),
        (("log_p + step_log_p", "step_log_p"),),
    ),
    Mistake(
        "end-cut-off",
        "beam_search",
        "END is missing from the result",
        "END is a sign, not a word.",
        (
            "With which word should a result end that is finished?",
            "Look at what is done with the words before they are returned.",
            "Here END is the last word of a finished caption.",
        ),
        (("return max(beam, key=score)[0]", "return [word for word in max(beam, key=score)[0] if word != END]"),),
    ),
    Mistake(
        "stops-with-the-best",
        "beam_search",
        "the search is over when one hypothesis has ended",
        "What is best now stays best.",
        (
            "Can a hypothesis that is behind now win in the end?",
            "Look at the condition under which your search stops.",
            "Later words can be so sure that a score goes up with them. The search goes on while any hypothesis can still grow.",
        ),
        (
            (
                "            beam = sorted(candidates, key=score, reverse=True)[:width]",
                "            beam = sorted(candidates, key=score, reverse=True)[:width]\n            if beam[0][0][-1] == END:\n                break",
            ),
        ),
    ),
    Mistake(
        "finished-preferred",
        "beam_search",
        "an unfinished hypothesis cannot win",
        "A caption ends with END.",
        (
            "Which hypothesis wins if the best one has run out of length?",
            "Look at what your last choice is made from.",
            "In the end all hypotheses of the beam compete by their scores, finished or not.",
        ),
        (
            (
                "return max(beam, key=score)[0]",
                "ended = [one for one in beam if one[0][-1] == END]\n    return max(ended or beam, key=score)[0]",
            ),
        ),
    ),
    Mistake(
        "start-in-the-result",
        "beam_search",
        "START is part of the result",
        "A hypothesis begins with START.",
        (
            "With which word does your result begin, and with which should it?",
            "Look at what a hypothesis is before its first step.",
            "START is what the model hears first; it is none of the words that it says.",
        ),
        (("return max(beam, key=score)[0]", "return [START, *max(beam, key=score)[0]]"),),
    ),
    Mistake(
        "state-not-carried",
        "beam_search",
        "hypotheses keep the first state",
        "The words are what a hypothesis is.",
        (
            "What does the model remember of a hypothesis, apart from its last word?",
            "Look at which state is kept with a hypothesis when a word is added.",
            "Each hypothesis has a state of its own: the one after its last word was chosen.",
        ),
        (("scores, state = next_scores", "scores, _ = next_scores"),),
    ),
    Mistake(
        "worst-kept",
        "beam_search",
        "the wrong end of the beam is kept",
        "Sorting puts the best first.",
        (
            "Are the logarithms of probabilities large or small for probable words?",
            "Look at which end of the sorted candidates survives.",
            "Logarithms of probabilities are negative; the best is the one nearest to zero.",
        ),
        ((", reverse=True", ""),),
    ),
    Mistake(
        "worst-returned",
        "beam_search",
        "not the best of the beam is returned",
        "Any that survived will do.",
        (
            "Which hypothesis of the last beam do you return?",
            "Look at the last line.",
            "The one with the highest score.",
        ),
        (("return max(beam, key=score)[0]", "return min(beam, key=score)[0]"),),
    ),
    Mistake(
        "final-choice-without-alpha",
        "beam_search",
        "the last choice is made by another score than the ones before",
        "In the end the most probable caption wins.",
        (
            "By which score does the docstring choose the hypothesis that is returned?",
            "Compare what you sort by while you search with what you choose by in the end.",
            "One score, length included, for every choice: else the shortest wins at the last moment.",
        ),
        (("return max(beam, key=score)[0]", "return max(beam, key=lambda found: found[1])[0]"),),
    ),
    Mistake(
        "no-empty-caption",
        "beam_search",
        "a caption cannot end before it has begun",
        "A caption has at least one word.",
        (
            "What does the docstring say of a hypothesis that begins with END?",
            "Look at what keeps a word out at the first step.",
            "All words follow the empty hypothesis, END among them; a caption may be empty.",
        ),
        (
            (
                "for word, step_log_p in enumerate(scores[0].log_softmax(0).tolist()):",
                "if not words:\n                    scores[:, END] = -1e9\n                for word, step_log_p in enumerate(scores[0].log_softmax(0).tolist()):",
            ),
        ),
    ),
    Mistake(
        "never-unknown",
        "beam_search",
        "the unknown word is never said",
        "Nobody wants to read it.",
        (
            "Which of the words of the vocabulary can your captions contain?",
            "Look at what is done to the scores before hypotheses get longer.",
            "Each hypothesis is followed by all words, whichever they are.",
        ),
        (
            (
                "for word, step_log_p in enumerate(scores[0].log_softmax(0).tolist()):",
                "scores[:, UNKNOWN] = -1e9\n                for word, step_log_p in enumerate(scores[0].log_softmax(0).tolist()):",
            ),
        ),
    ),
]

MISTAKES = [
    *IMAGE_FEATURES,
    *RNN_STEP,
    *LSTM_STEP,
    *GRU_STEP,
    *START_STATE,
    *NEXT_SCORES,
    *CAPTION_SCORES,
    *CAPTION_LOSS,
    *TRAINING_STEP,
    *GREEDY,
    *BEAM_SEARCH,
]
