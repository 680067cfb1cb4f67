"""Known mistakes of unit 2, backpropagation through time.

Most were seen in students' public solutions of the same exercises; the rest are the classics of
each formula. Every mistake is a change of the reference module; `tests/test_mistakes_02.py` hands
each of them in and requires that it is caught and named.
"""

from __future__ import annotations

from autograder.mistakes import Mistake

NUMERICAL_GRADIENT = [
    Mistake(
        "forward-difference",
        "numerical_gradient",
        "a one-sided difference (ahead only)",
        "The slope is the change from x to x + h.",
        (
            "How far from the middle of your two points is the point whose slope you want?",
            "Look at the two calls of f: at which x does each of them happen?",
            "A difference is most accurate for the slope half way between its two points; put x there.",
        ),
        (("x[index] = kept - h", "x[index] = kept"), ("(2 * h)", "h")),
    ),
    Mistake(
        "backward-difference",
        "numerical_gradient",
        "a one-sided difference (behind only)",
        "The slope is the change from x - h to x.",
        (
            "How far from the middle of your two points is the point whose slope you want?",
            "Look at the two calls of f: at which x does each of them happen?",
            "A difference is most accurate for the slope half way between its two points; put x there.",
        ),
        (("x[index] = kept + h", "x[index] = kept"), ("(2 * h)", "h")),
    ),
    Mistake(
        "half-of-the-difference",
        "numerical_gradient",
        "the entry goes back only as far as it went",
        "First up by h, then down by h.",
        (
            "Where does the entry stand when f is asked for the second time?",
            "Follow one entry through your loop, with numbers.",
            "A centred difference needs a point on either side of x. From the one above, the one below is two steps away.",
        ),
        (("x[index] = kept - h", "x[index] = x[index] - h"),),
    ),
    Mistake(
        "distance-not-halved",
        "numerical_gradient",
        "the difference is divided by the wrong distance",
        "h is the step, so the difference is divided by h.",
        (
            "How far apart are the two points at which you call f?",
            "Look at what the difference is divided by.",
            "A slope is rise over run, and the run goes from one point to the other.",
        ),
        (("(2 * h)", "h"),),
    ),
    Mistake(
        "division-order",
        "numerical_gradient",
        "a division that Python reads in another order than you",
        "Writing / 2 * h divides by both.",
        (
            "For h = 0.1, what does 1 / 2 * h give?",
            "Look at the line with the division and read it from left to right.",
            "Multiplication and division have the same rank; parentheses say what belongs below the line.",
        ),
        (("/ (2 * h)", "/ 2 * h"),),
    ),
    Mistake(
        "entry-not-put-back",
        "numerical_gradient",
        "an entry stays moved while the next one is measured",
        "The entry is set anew for both points, so it need not be put back.",
        (
            "When you measure the second entry, where is the first?",
            "Look at the end of the loop's body: what has x become?",
            "A partial derivative moves one entry while all the others are where they were.",
        ),
        (("        x[index] = kept\n        slope", "        slope"),),
    ),
    Mistake(
        "upstream-ignored",
        "numerical_gradient",
        "the upstream gradient df is not used",
        "The gradient of f is the sum of all its changes.",
        (
            "If df is zero everywhere but in one entry, which changes of f should count?",
            "Look at what happens to the difference when f returns an array.",
            "The chain rule weighs the change of each output by how much the loss depends on it.",
        ),
        (("slope if df is None else np.sum(df * slope)", "np.sum(slope)"),),
    ),
    Mistake(
        "upstream-not-summed",
        "numerical_gradient",
        "one gradient entry is given a whole array",
        "Multiplying by df is the chain rule.",
        (
            "What shape has the product of df and the change of f, and what shape has one entry?",
            "Look at the assignment into the gradient when df is given.",
            "One input may act on many outputs; its gradient collects all of these ways.",
        ),
        (("np.sum(df * slope)", "df * slope"),),
    ),
    Mistake(
        "h-ignored",
        "numerical_gradient",
        "the argument h has no effect",
        "1e-5 is the right step anyway.",
        (
            "What changes in your function when it is called with h = 0.1?",
            "Look for a number of your own where the argument should stand.",
            "An argument that is not used is a promise that is not kept.",
        ),
        (("kept = x[index]", "kept, h = x[index], 1e-5"),),
    ),
    Mistake(
        "difference-reversed",
        "numerical_gradient",
        "the sign of the difference",
        "The two values are subtracted.",
        (
            "If f grows with x, which of the two values is larger?",
            "Look at the order of the subtraction.",
            "A slope is what lies ahead minus what lies behind.",
        ),
        (("(above - below)", "(below - above)"),),
    ),
    Mistake(
        "all-entries-at-once",
        "numerical_gradient",
        "all entries are moved together",
        "x + h moves x by h.",
        (
            "Which entries of x differ between the two calls of f?",
            "Look at how x is moved: one index, or the whole array?",
            "One partial derivative belongs to one entry; the others have to stand still meanwhile.",
        ),
        source="""
def numerical_gradient(f, x, df=None, h=1e-5):
    slope = (np.asarray(f(x + h)) - np.asarray(f(x - h))) / (2 * h)
    return np.full(x.shape, slope if df is None else np.sum(df * slope))
""",
    ),
    Mistake(
        "result-not-copied",
        "numerical_gradient",
        "a result of f is kept, but not copied",
        "What f has returned stays as it is.",
        (
            "If f returns the very array that it was given, what happens to the first result when you move the entry again?",
            "Look at what stands between the first call of f and the next change of x.",
            "Two names for one array see the same numbers; a result that has to outlive a change needs memory of its own.",
        ),
        (
            ("np.array(above, dtype=np.float64)", "np.asarray(above)"),
            ("np.array(f(x), dtype=np.float64)", "np.asarray(f(x))"),
        ),
    ),
    Mistake(
        "only-one-result-copied",
        "numerical_gradient",
        "one of the two results of f is kept, but not copied",
        "The second result is a copy, so the two have nothing to do with each other.",
        (
            "If f returns the very array that it was given, what happens to the first result when you move the entry again?",
            "Look at both results of f: which of them has memory of its own?",
            "A result that has to outlive a change of x needs a copy; the one that is used at once does not.",
        ),
        (("np.array(above, dtype=np.float64)", "np.asarray(above)"),),
    ),
    Mistake(
        "whole-rows-moved",
        "numerical_gradient",
        "whole rows are moved instead of single entries",
        "A loop over x goes through its entries.",
        (
            "For an x of shape (2, 3), how often should f be called?",
            "Look at what the loop's index selects if x has two axes.",
            "Indexing an array of two axes with one number gives a row, not an entry.",
        ),
        (("np.ndindex(*x.shape)", "range(len(x))"), ("kept = x[index]", "kept = np.copy(x[index])")),
    ),
]

RELATIVE_ERROR = [
    Mistake(
        "mean-instead-of-largest",
        "relative_error",
        "the average of the errors",
        "The error of an array is its average error.",
        (
            "One entry of a thousand is wrong: how large is your error?",
            "Look at what reduces the array of errors to one number.",
            "A check should fail for one wrong entry; only the worst entry can promise that.",
        ),
        (("float(np.max(", "float(np.mean("),),
    ),
    Mistake(
        "sum-of-errors",
        "relative_error",
        "the sum of the errors",
        "All errors count, so they are added.",
        (
            "Should the error of an array double when the array is twice as long?",
            "Look at what reduces the array of errors to one number.",
            "The docstring promises at most 1; a sum does not keep that.",
        ),
        (("float(np.max(", "float(np.sum("),),
    ),
    Mistake(
        "sign-kept",
        "relative_error",
        "differences keep their sign",
        "The largest difference is the maximum of a - b.",
        (
            "What is your error if every entry of b is too large?",
            "Look at the numerator.",
            "An error of -3 is worse than one of +1.",
        ),
        (("np.abs(a - b)", "(a - b)"),),
    ),
    Mistake(
        "divided-by-one-of-two",
        "relative_error",
        "divided by the size of one array only",
        "Relative means relative to the right value.",
        (
            "Is your error the same when a and b change places?",
            "Look at the denominator: which arrays occur?",
            "Neither of the two arrays is known to be right, so both give the scale.",
        ),
        (("np.abs(a) + np.abs(b)", "np.abs(b)"),),
    ),
    Mistake(
        "divided-by-the-larger",
        "relative_error",
        "divided by the larger of the two sizes",
        "The larger number gives the scale.",
        (
            "What is your error for two numbers of opposite sign, and can it be above 1?",
            "Look at how the sizes of a and b become one number.",
            "Here the scale is what both sizes make together; then no error is above 1.",
        ),
        (("np.abs(a) + np.abs(b)", "np.maximum(np.abs(a), np.abs(b))"),),
    ),
    Mistake(
        "no-floor",
        "relative_error",
        "divides by zero where both arrays are zero",
        "Arrays of gradients are never exactly zero.",
        (
            "What is 0 / 0?",
            "Look at entries that are zero in both arrays.",
            "Two equal entries have no error, even if there is no scale to measure it by.",
        ),
        (("np.maximum(1e-8, np.abs(a) + np.abs(b))", "(np.abs(a) + np.abs(b))"),),
    ),
    Mistake(
        "floor-added",
        "relative_error",
        "the floor is added instead of being a lower bound",
        "A small number in the denominator avoids the division by zero.",
        (
            "What is your denominator if |a| + |b| is itself about 1e-8?",
            "Look at how the small number comes into the denominator.",
            "A bound replaces what is too small and leaves everything else alone; a sum changes everything.",
        ),
        (("np.maximum(1e-8, np.abs(a) + np.abs(b))", "(1e-8 + np.abs(a) + np.abs(b))"),),
    ),
    Mistake(
        "absolute-error",
        "relative_error",
        "not relative to anything",
        "The largest difference says how far apart they are.",
        (
            "Is a difference of 0.001 small if the numbers are of order 0.0001?",
            "Look for a division.",
            "An error means something only in proportion to what is measured.",
        ),
        ((" / np.maximum(1e-8, np.abs(a) + np.abs(b))", ""),),
    ),
    Mistake(
        "maxima-before-division",
        "relative_error",
        "the largest difference over the largest size",
        "One maximum above, one below the line.",
        (
            "A small entry is wrong by a factor of two, beside a large one that is right: do you see it?",
            "Look at when the maximum is taken: before or after the division?",
            "Each entry is measured by its own size; then the worst is taken.",
        ),
        (
            (
                "np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))",
                "np.max(np.abs(a - b)) / max(1e-8, np.max(np.abs(a) + np.abs(b)))",
            ),
        ),
    ),
    Mistake(
        "norms-instead-of-entries",
        "relative_error",
        "norms of whole arrays instead of entries",
        "The distance of two arrays is the norm of their difference.",
        (
            "One entry of a thousand is wrong: how large is your error?",
            "Look at whether any entry is ever looked at by itself.",
            "A norm averages over all entries; a small wrong one drowns in large right ones.",
        ),
        (
            (
                "np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))",
                "np.linalg.norm(a - b) / max(1e-8, np.linalg.norm(a) + np.linalg.norm(b))",
            ),
        ),
    ),
    Mistake(
        "size-of-the-sum",
        "relative_error",
        "the size of the sum instead of the sum of the sizes",
        "|a + b| is |a| + |b|.",
        (
            "What is your denominator if a = 1 and b = -1?",
            "Look at the order of adding and of dropping the sign.",
            "Two numbers of opposite sign cancel in a sum; their sizes do not.",
        ),
        (("np.abs(a) + np.abs(b)", "np.abs(a + b)"),),
    ),
]

RNN_STEP_FORWARD = [
    Mistake(
        "tanh-missing",
        "rnn_step_forward",
        "what comes before the nonlinearity is returned",
        "The hidden state is the weighted sum.",
        (
            "In what range do the entries of a hidden state lie?",
            "Look at the last thing that happens before the result is returned.",
            "Without a nonlinearity, any number of steps is one linear map.",
        ),
        (("np.tanh(x @ Wx + prev_h @ Wh + b)", "x @ Wx + prev_h @ Wh + b"),),
    ),
    Mistake(
        "bias-missing",
        "rnn_step_forward",
        "the bias is not used",
        "The bias belongs to the readout.",
        (
            "Which of the five arguments does your result depend on?",
            "Look for b.",
            "The bias shifts where the nonlinearity is steepest.",
        ),
        ((" + prev_h @ Wh + b", " + prev_h @ Wh"),),
    ),
    Mistake(
        "state-ignored",
        "rnn_step_forward",
        "the previous state has no effect",
        "One step depends on its input.",
        (
            "Which of the five arguments does your result depend on?",
            "Look for prev_h.",
            "What makes the network recurrent is the way from one state to the next.",
        ),
        (("x @ Wx + prev_h @ Wh + b", "x @ Wx + b"),),
    ),
    Mistake(
        "state-weights-transposed",
        "rnn_step_forward",
        "the state meets the transposed weights",
        "Wh is square, so either way fits.",
        (
            "Which index of Wh belongs to the old state, which to the new one?",
            "Look at the product with Wh.",
            "Weights act from the right here: a row of the state times a column of the weights.",
        ),
        (("prev_h @ Wh", "prev_h @ Wh.T"),),
    ),
    Mistake(
        "state-unweighted",
        "rnn_step_forward",
        "the previous state is added without weights",
        "The old state is carried over.",
        (
            "What does Wh do in your function?",
            "Look at how prev_h comes into the sum.",
            "How the old state acts on the new one is learned; that is what its weights are for.",
        ),
        (("prev_h @ Wh", "prev_h"),),
    ),
    Mistake(
        "tanh-of-the-input-only",
        "rnn_step_forward",
        "part of the sum stays outside the nonlinearity",
        "tanh is applied to the input.",
        (
            "Can your hidden state be larger than 1?",
            "Look at where the parenthesis of the nonlinearity closes.",
            "The nonlinearity acts on the whole sum.",
        ),
        (("np.tanh(x @ Wx + prev_h @ Wh + b)", "np.tanh(x @ Wx) + prev_h @ Wh + b"),),
    ),
    Mistake(
        "sigmoid-instead-of-tanh",
        "rnn_step_forward",
        "another nonlinearity",
        "Any squashing function will do.",
        (
            "Can your hidden state be negative?",
            "Look at the nonlinearity.",
            "The formula of the notebook is centred at 0; the logistic function is centred at one half.",
        ),
        (("np.tanh(x @ Wx + prev_h @ Wh + b)", "1 / (1 + np.exp(-(x @ Wx + prev_h @ Wh + b)))"),),
    ),
    Mistake(
        "squeezed",
        "rnn_step_forward",
        "loses the batch axis when there is one sequence",
        "Axes of length one carry no information.",
        (
            "What shape has your result for a batch of one?",
            "Look for something that drops axes of length one.",
            "An axis is part of the contract, even if its length is one today.",
        ),
        (("next_h = np.tanh(x @ Wx + prev_h @ Wh + b)", "next_h = np.squeeze(np.tanh(x @ Wx + prev_h @ Wh + b))"),),
    ),
    Mistake(
        "no-cache",
        "rnn_step_forward",
        "the state alone is returned",
        "The function computes the next state.",
        (
            "What will the backward function need, and where will it find it?",
            "Look at the return statement and at the docstring's Returns.",
            "Backward is a second function: what it should know of forward has to be handed over.",
        ),
        (("return next_h, cache", "return next_h"),),
    ),
]

_SLOPE = "da = dnext_h * (1 - next_h**2)"

RNN_STEP_BACKWARD = [
    Mistake(
        "tanh-slope-missing",
        "rnn_step_backward",
        "the nonlinearity is left out on the way back",
        "The gradient goes through the weights.",
        (
            "Which operations did the forward pass do, and which of them have you gone back through?",
            "Look at what happens to the upstream gradient before it meets any weight.",
            "Every operation of the forward pass has its factor in the chain rule.",
        ),
        ((_SLOPE, "da = dnext_h"),),
    ),
    Mistake(
        "tanh-slope-at-upstream",
        "rnn_step_backward",
        "the slope of tanh is taken at the gradient",
        "The slope is one minus the square of what comes in.",
        (
            "At which point of the tanh curve was the forward pass?",
            "Look at what is squared.",
            "A slope belongs to a point of the forward pass; a gradient is not a point of it.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - dnext_h**2)"),),
    ),
    Mistake(
        "tanh-slope-at-tanh-of-upstream",
        "rnn_step_backward",
        "the slope of tanh is taken at the gradient",
        "The derivative of tanh at what comes in.",
        (
            "At which point of the tanh curve was the forward pass?",
            "Look at what tanh is applied to on the way back.",
            "A slope belongs to a point of the forward pass; a gradient is not a point of it.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - np.tanh(dnext_h) ** 2)"),),
    ),
    Mistake(
        "tanh-taken-again",
        "rnn_step_backward",
        "tanh is applied once more to its own result",
        "The derivative of tanh is 1 - tanh².",
        (
            "What is next_h: what goes into tanh, or what comes out?",
            "Look at the argument of tanh in the backward pass.",
            "The slope can be written with the result of tanh; then tanh has already happened.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - np.tanh(next_h) ** 2)"),),
    ),
    Mistake(
        "tanh-slope-twice",
        "rnn_step_backward",
        "the slope of the nonlinearity counts twice",
        "Both products go through tanh.",
        (
            "How often did the forward pass go through tanh?",
            "Look for the slope: how often does it occur on the way of one gradient?",
            "One operation forward, one factor back.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - next_h**2) ** 2"),),
    ),
    Mistake(
        "tanh-slope-not-squared",
        "rnn_step_backward",
        "the slope of the nonlinearity lacks its square",
        "The derivative of tanh is one minus tanh.",
        (
            "What should the slope of tanh be at +0.9 and at -0.9?",
            "Look at the formula of the slope.",
            "tanh is odd, so its slope is even: it cannot depend on the sign of the state.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - next_h)"),),
    ),
    Mistake(
        "tanh-slope-of-the-sum",
        "rnn_step_backward",
        "the slope is taken at what went into the nonlinearity",
        "The slope of tanh is 1 minus the square.",
        (
            "Of which value is the square, in your slope of tanh?",
            "Look at which of the two values you keep: the one before the nonlinearity or the one after.",
            "The formula 1 - y² has the slope in terms of what came out of tanh.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - np.arctanh(next_h) ** 2)"),),
    ),
    Mistake(
        "tanh-slope-of-sigmoid",
        "rnn_step_backward",
        "the slope of another nonlinearity",
        "The slope of a squashing function is s (1 - s).",
        (
            "What should the slope be where the state is 0?",
            "Look at which function the slope formula belongs to.",
            "Each nonlinearity has its own derivative; s (1 - s) is the logistic function's.",
        ),
        ((_SLOPE, "da = dnext_h * next_h * (1 - next_h)"),),
    ),
    Mistake(
        "tanh-slope-of-previous-state",
        "rnn_step_backward",
        "the slope is taken at the previous state",
        "The state in the cache is the one to square.",
        (
            "Which state came out of this step's tanh?",
            "Look at which of the two states is squared.",
            "The slope belongs to the operation that is undone here, hence to its own result.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - prev_h**2)"),),
    ),
    Mistake(
        "upstream-ignored",
        "rnn_step_backward",
        "the upstream gradient has no effect",
        "The derivative of the step is what is asked for.",
        (
            "What should all gradients be if dnext_h is zero?",
            "Look for dnext_h.",
            "The chain rule multiplies what comes from above by the local slope.",
        ),
        ((_SLOPE, "da = 1 - next_h**2"),),
    ),
    Mistake(
        "gradient-sign",
        "rnn_step_backward",
        "all gradients have the wrong sign",
        "The gradient points downhill.",
        (
            "Does the loss grow or shrink in the direction of the gradient?",
            "Look for a minus, or for a difference the wrong way round.",
            "A gradient points uphill; going down is the optimiser's business.",
        ),
        ((_SLOPE, "da = dnext_h * (next_h**2 - 1)"),),
    ),
    Mistake(
        "bias-gradient-keeps-an-axis",
        "rnn_step_backward",
        "db keeps an axis of length one",
        "(1, H) works as well as (H,).",
        (
            "What shape has b, and what shape has db?",
            "Look at the sum that makes db.",
            "A gradient has the shape of what it belongs to; a broadcast hides the difference until it does not.",
        ),
        (("da.sum(axis=0)", "da.sum(axis=0, keepdims=True)"),),
    ),
    Mistake(
        "bias-gradient-summed-over-everything",
        "rnn_step_backward",
        "db is a single number",
        "The bias is added everywhere, so everything is added up.",
        (
            "How many entries has b, and how many has db?",
            "Look at the axes of the sum.",
            "Each entry of b acts on its own column; over what it is copied along, its gradient is summed.",
        ),
        (("da.sum(axis=0)", "da.sum()"),),
    ),
    Mistake(
        "bias-gradient-not-summed",
        "rnn_step_backward",
        "db has a row for every sequence",
        "The bias is added, so its gradient is what comes back.",
        (
            "What shape has b, and what shape has your db?",
            "Look at what happens to the axis of the batch.",
            "One bias serves all sequences of the batch, so what comes back from all of them comes together.",
        ),
        (("db = da.sum(axis=0)", "db = da"),),
    ),
    Mistake(
        "bias-gradient-wrong-axis",
        "rnn_step_backward",
        "db is summed along the wrong axis",
        "The sum goes over the last axis.",
        (
            "Along which axis was b copied in the forward pass?",
            "Look at the axis of the sum.",
            "What is broadcast forward is summed back, along the same axis.",
        ),
        (("da.sum(axis=0)", "da.sum(axis=1)"),),
    ),
    Mistake(
        "bias-gradient-averaged",
        "rnn_step_backward",
        "db is an average",
        "The gradient of a batch is the mean over the batch.",
        (
            "How do the losses of the sequences combine in this function?",
            "Look at what reduces the batch axis.",
            "Dividing by the batch size is the loss's decision, and has happened before the gradient gets here.",
        ),
        (("da.sum(axis=0)", "da.mean(axis=0)"),),
    ),
    Mistake(
        "bias-gradient-before-tanh",
        "rnn_step_backward",
        "db does not go through the nonlinearity",
        "The bias is just added.",
        (
            "Is b inside or outside of tanh?",
            "Look at which gradient is summed.",
            "What lies inside the nonlinearity gets its gradient through the nonlinearity.",
        ),
        (("da.sum(axis=0)", "dnext_h.sum(axis=0)"),),
    ),
    Mistake(
        "state-weights-not-transposed",
        "rnn_step_backward",
        "dprev_h goes the wrong way through Wh",
        "The shapes fit.",
        (
            "In Wh[i, j], which index belongs to the old state?",
            "Look at the product that gives dprev_h.",
            "Forward sums over the old state's index; backward sums over the new one's. A square matrix fits both ways.",
        ),
        (("da @ Wh.T", "da @ Wh"),),
    ),
    Mistake(
        "input-weights-not-transposed",
        "rnn_step_backward",
        "dx goes the wrong way through Wx",
        "The gradient is multiplied by the weights, as the input was.",
        (
            "Which shape must the second factor have so that the product is (N, D)?",
            "Look at the product that gives dx.",
            "Forward sums over the input's index; backward sums over the state's.",
        ),
        (("da @ Wx.T", "da @ Wx"),),
    ),
    Mistake(
        "input-weight-gradient-transposed",
        "rnn_step_backward",
        "dWx has its axes exchanged",
        "The product of the two, in either order.",
        (
            "What shape has Wx, and what shape has dWx?",
            "Look at the order of the factors in dWx.",
            "A gradient has the shape of what it belongs to; that decides the order.",
        ),
        (("x.T @ da", "da.T @ x"),),
    ),
    Mistake(
        "state-weight-gradient-transposed",
        "rnn_step_backward",
        "dWh is transposed",
        "dWh is square, so the order does not matter.",
        (
            "In dWh[i, j], which index belongs to the old state?",
            "Look at the order of the factors in dWh.",
            "A square result hides its order from every shape check: derive one entry by hand.",
        ),
        (("prev_h.T @ da", "da.T @ prev_h"),),
    ),
    Mistake(
        "weight-gradients-exchanged",
        "rnn_step_backward",
        "dWx and dWh are in each other's place",
        "The order of the results does not matter.",
        (
            "What shapes have the third and the fourth of your results?",
            "Look at the return statement and at the docstring's Returns.",
            "Whoever calls this function knows the results by their position alone.",
        ),
        (("return dx, dprev_h, dWx, dWh, db", "return dx, dprev_h, dWh, dWx, db"),),
    ),
    Mistake(
        "input-gradients-exchanged",
        "rnn_step_backward",
        "dx and dprev_h are in each other's place",
        "The order of the results does not matter.",
        (
            "What shapes have the first and the second of your results?",
            "Look at the return statement and at the docstring's Returns.",
            "Whoever calls this function knows the results by their position alone.",
        ),
        (("return dx, dprev_h, dWx, dWh, db", "return dprev_h, dx, dWx, dWh, db"),),
    ),
    Mistake(
        "state-weight-gradient-from-new-state",
        "rnn_step_backward",
        "dWh is made with the wrong state",
        "The state in the cache is the one to use.",
        (
            "Which state was multiplied by Wh in this step?",
            "Look at which state occurs in dWh.",
            "The gradient of a weight is what came in through it times what comes back.",
        ),
        (("prev_h.T @ da", "next_h.T @ da"),),
    ),
    Mistake(
        "weights-before-tanh",
        "rnn_step_backward",
        "the weights' gradients do not go through the nonlinearity",
        "dW is the input times the upstream gradient.",
        (
            "Are the weights inside or outside of tanh?",
            "Look at which gradient the weights' products use.",
            "What lies inside the nonlinearity gets its gradient through the nonlinearity.",
        ),
        (("x.T @ da", "x.T @ dnext_h"), ("prev_h.T @ da", "prev_h.T @ dnext_h")),
    ),
    Mistake(
        "inputs-before-tanh",
        "rnn_step_backward",
        "dx and dprev_h do not go through the nonlinearity",
        "The gradient goes back through the weights.",
        (
            "Is the input inside or outside of tanh?",
            "Look at which gradient the products with the weights use.",
            "What lies inside the nonlinearity gets its gradient through the nonlinearity.",
        ),
        (("da @ Wx.T", "dnext_h @ Wx.T"), ("da @ Wh.T", "dnext_h @ Wh.T")),
    ),
    Mistake(
        "weights-averaged-over-batch",
        "rnn_step_backward",
        "the weights' gradients are divided by the batch size",
        "The gradient of a batch is the mean over the batch.",
        (
            "Where does the forward pass of this step divide by N?",
            "Look for a division in dWx, dWh and db.",
            "Dividing by the batch size is the loss's decision, and has happened before the gradient gets here.",
        ),
        (
            ("x.T @ da", "x.T @ da / len(x)"),
            ("prev_h.T @ da", "prev_h.T @ da / len(x)"),
            ("da.sum(axis=0)", "da.sum(axis=0) / len(x)"),
        ),
    ),
    Mistake(
        "never-cached",
        "rnn_step_backward",
        "uses a value that was never put into the cache",
        "The arguments of the forward pass are still there.",
        (
            "Where does the name in the error message get its value?",
            "Look at what the forward function puts into the cache and what you take out.",
            "A function sees its own arguments only; the cache is all that is left of the forward pass.",
        ),
        ((_SLOPE, "da = dnext_h * (1 - np.tanh(x @ Wx + prev_h @ Wh + b) ** 2)"),),
    ),
    Mistake(
        "bias-gradient-none",
        "rnn_step_backward",
        "db is never computed",
        "The four other gradients come first.",
        (
            "Which of the five results has no line of its own?",
            "Look for db between the first line and the last.",
            "A name that starts as None stays None until something is assigned to it.",
        ),
        (("db = da.sum(axis=0)", "db = None"),),
    ),
    Mistake(
        "slope-of-upstream-without-upstream",
        "rnn_step_backward",
        "a slope alone, taken at the gradient",
        "The derivative of tanh at what comes in is the gradient.",
        (
            "Where does the gradient from above come into your line, as a factor and not as a point?",
            "Look at what is squared, and at what multiplies the slope.",
            "The chain rule: what comes from above, times the slope at the point where the forward pass was.",
        ),
        ((_SLOPE, "da = 1 - dnext_h**2"),),
    ),
    Mistake(
        "slope-of-tanh-of-upstream-without-upstream",
        "rnn_step_backward",
        "a slope alone, taken at tanh of the gradient",
        "The derivative of tanh at what comes in is the gradient.",
        (
            "Where does the gradient from above come into your line, as a factor and not as a point?",
            "Look at what is squared, and at what multiplies the slope.",
            "The chain rule: what comes from above, times the slope at the point where the forward pass was.",
        ),
        ((_SLOPE, "da = 1 - np.tanh(dnext_h) ** 2"),),
    ),
    Mistake(
        "slope-at-tanh-of-state-without-upstream",
        "rnn_step_backward",
        "a slope alone, and tanh is taken once more",
        "The derivative of tanh is the gradient.",
        (
            "Where does the gradient from above come into your line, as a factor and not as a point?",
            "Look at what is squared, and at what multiplies the slope.",
            "The chain rule: what comes from above, times the slope at the point where the forward pass was.",
        ),
        ((_SLOPE, "da = 1 - np.tanh(next_h) ** 2"),),
    ),
    Mistake(
        "slope-with-plus",
        "rnn_step_backward",
        "the slope of tanh has another sign in it",
        "The slope is one plus the square.",
        (
            "How steep is tanh where it is flat?",
            "Look at the sign in the slope.",
            "Far from zero tanh is flat: its slope goes to zero, it does not grow.",
        ),
        ((_SLOPE, "da = dnext_h * (1 + next_h**2)"),),
    ),
    Mistake(
        "bias-gradient-of-above",
        "rnn_step_backward",
        "the bias gets the slope alone",
        "The bias has no input, so its gradient is the slope.",
        (
            "Does the gradient of the bias change when what comes from above does?",
            "Look at what is summed for the bias.",
            "The bias is added before the squashing: its gradient is what arrives there, summed over the sequences.",
        ),
        (("da.sum(axis=0)", "(1 - next_h**2).sum(axis=0)"),),
    ),
]

RNN_FORWARD = [
    Mistake(
        "every-step-sees-h0",
        "rnn_forward",
        "every step starts from h0",
        "h0 is the state that the step needs.",
        (
            "Which state does the third step start from?",
            "Look at the second argument of the step in the loop.",
            "What one step returns is where the next one starts; that is all the memory there is.",
        ),
        (("rnn_step_forward(x[:, t], prev_h,", "rnn_step_forward(x[:, t], h0,"),),
    ),
    Mistake(
        "h0-ignored",
        "rnn_forward",
        "h0 has no effect",
        "The network starts with nothing in memory.",
        (
            "What does your result depend on h0 for?",
            "Look at the state before the first step.",
            "h0 is an argument: whoever calls may continue an earlier sequence.",
        ),
        (("prev_h = h0", "prev_h = np.zeros_like(h0)"),),
    ),
    Mistake(
        "last-step-missing",
        "rnn_forward",
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
        "rnn_forward",
        "the first step is never made",
        "The first state is h0, so the loop starts at 1.",
        (
            "Which input does your first step use?",
            "Look at the range of the loop.",
            "h0 is the state before the first step; x[:, 0] belongs to the first step.",
        ),
        (("in range(T)", "in range(1, T)"),),
    ),
    Mistake(
        "one-step-late",
        "rnn_forward",
        "the states are shifted by one step",
        "The first state of the sequence is h0.",
        (
            "Is h[:, 0] the state before or after the first input?",
            "Look at when the state is written into h, relative to the step.",
            "h[:, t] is the state that has seen x[:, t].",
        ),
        (
            ("        prev_h, step_cache", "        h[:, t] = prev_h\n        prev_h, step_cache"),
            ("        h[:, t] = prev_h\n        cache.append", "        cache.append"),
        ),
    ),
    Mistake(
        "time-first",
        "rnn_forward",
        "time and batch axes are exchanged",
        "The states are stacked step by step.",
        (
            "What is the length of the first axis of your result?",
            "Look at the shape that h is made with, or at the axis of a stack.",
            "Batch first, here and everywhere in this course.",
        ),
        (("return h, cache", "return h.transpose(1, 0, 2), cache"),),
    ),
    Mistake(
        "only-the-last-state",
        "rnn_forward",
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
        "rnn_forward",
        "the step gets the whole sequence",
        "numpy takes care of the time axis.",
        (
            "What shape does the step expect its x to have?",
            "Look at the first argument of the step in the loop.",
            "One step sees one input per sequence.",
        ),
        (("rnn_step_forward(x[:, t],", "rnn_step_forward(x,"),),
    ),
    Mistake(
        "batch-index-as-time",
        "rnn_forward",
        "the loop walks along the batch instead of time",
        "x[t] is the input of step t.",
        (
            "What does the first axis of x count?",
            "Look at how the input of one step is taken out of x.",
            "Batch first: time is the second axis.",
        ),
        (("rnn_step_forward(x[:, t],", "rnn_step_forward(x[t],"),),
    ),
    Mistake(
        "same-input-every-step",
        "rnn_forward",
        "every step gets the first input",
        "x[:, 0] is the input.",
        (
            "Does your result change when x[:, 1] changes?",
            "Look at the index of x in the loop.",
            "Each step reads its own input.",
        ),
        (("rnn_step_forward(x[:, t],", "rnn_step_forward(x[:, 0],"),),
    ),
    Mistake(
        "inputs-backwards",
        "rnn_forward",
        "the inputs are read from the end",
        "The order of the steps does not matter.",
        (
            "Which input does h[:, 0] depend on?",
            "Look at the direction of the loop, or at the index of x.",
            "The forward pass goes forward in time; only gradients go back.",
        ),
        (("rnn_step_forward(x[:, t],", "rnn_step_forward(x[:, T - 1 - t],"),),
    ),
    Mistake(
        "squeezed",
        "rnn_forward",
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

RNN_BACKWARD = [
    Mistake(
        "future-not-carried",
        "rnn_backward",
        "nothing comes from step t + 1",
        "Every step gets its own upstream gradient.",
        (
            "Through which two ways does h[:, t] act on the loss?",
            "Look at what goes into the step's backward function besides dh.",
            "A value that is used twice collects the gradient of both uses.",
        ),
        (("dh[:, t] + dprev_h", "dh[:, t]"),),
    ),
    Mistake(
        "above-ignored",
        "rnn_backward",
        "only the last step's dh is used",
        "The gradient starts at the end and flows back.",
        (
            "What should change if dh[:, 0] changes?",
            "Look at what joins the gradient on its way back.",
            "There is a loss at every step; each adds to the gradient that passes by.",
        ),
        (("dprev_h = np.zeros((N, H))", "dprev_h = dh[:, -1]"), ("dh[:, t] + dprev_h", "dprev_h")),
    ),
    Mistake(
        "last-step-counted-twice",
        "rnn_backward",
        "the last step's dh counts twice",
        "The gradient from the future starts with the last dh.",
        (
            "What comes from the future into the last step?",
            "Look at the value that the loop starts with.",
            "After the last step there is nothing; the loop adds dh by itself.",
        ),
        (("dprev_h = np.zeros((N, H))", "dprev_h = dh[:, -1]"),),
    ),
    Mistake(
        "slope-applied-around-the-step",
        "rnn_backward",
        "the nonlinearity is passed twice on the way back",
        "The gradient has to get through tanh before it goes back one step.",
        (
            "How often does a state pass through tanh on its way forward?",
            "Look at what the step's backward function does first, and at what you hand it.",
            "Each operation of the forward pass is undone once; who undoes it, the step or the loop, is a choice.",
        ),
        (("dnext_h = dh[:, t] + dprev_h", "dnext_h = (dh[:, t] + dprev_h) * (1 - cache[t][4] ** 2)"),),
    ),
    Mistake(
        "weight-gradients-overwritten",
        "rnn_backward",
        "the weights' gradients are those of one step",
        "The step returns dWx, dWh and db.",
        (
            "How many steps use the same weights?",
            "Look at what happens to dWx in the second round of the loop.",
            "Weights that are used at every step collect the gradients of all steps.",
        ),
        (("dWx += dWx_t", "dWx = dWx_t"), ("dWh += dWh_t", "dWh = dWh_t"), ("db += db_t", "db = db_t")),
    ),
    Mistake(
        "weight-matrices-overwritten",
        "rnn_backward",
        "dWx and dWh are those of one step",
        "The step returns the gradients of the weights.",
        (
            "How many steps use these weights, and how many of them show in your gradients?",
            "Look at the line in the loop that gives the two matrices their values.",
            "Weights that are used at every step get a gradient from every step: the sum of all.",
        ),
        (("dWx += dWx_t", "dWx = dWx_t"), ("dWh += dWh_t", "dWh = dWh_t")),
    ),
    Mistake(
        "bias-gradient-overwritten",
        "rnn_backward",
        "db is that of one step",
        "db is small and needs no sum.",
        (
            "How many steps use the same bias?",
            "Look at what happens to db in the second round of the loop.",
            "What is used at every step collects the gradients of all steps.",
        ),
        (("db += db_t", "db = db_t"),),
    ),
    Mistake(
        "initial-gradient-missing",
        "rnn_backward",
        "dh0 is never assigned",
        "The loop takes care of all gradients.",
        (
            "Which of your variables holds the gradient of h0 when the loop has ended?",
            "Look at the second result.",
            "What flows out of the first step, towards the past, is the gradient of h0.",
        ),
        (("return dx, dprev_h, dWx", "return dx, None, dWx"),),
    ),
    Mistake(
        "initial-gradient-zero",
        "rnn_backward",
        "dh0 stays zero",
        "dh0 is filled with zeros first.",
        (
            "Does the loss depend on h0?",
            "Look at where the second result gets its value after it was made.",
            "What flows out of the first step, towards the past, is the gradient of h0.",
        ),
        (("return dx, dprev_h, dWx", "return dx, np.zeros((N, H)), dWx"),),
    ),
    Mistake(
        "initial-gradient-summed",
        "rnn_backward",
        "dh0 is summed over the steps",
        "What goes back is collected, as it is for the weights.",
        (
            "At how many steps is h0 the state that a step starts from?",
            "Look at what happens to dh0 in the second round of your loop.",
            "Weights are used at every step, h0 at the first one only.",
        ),
        (
            ("    dprev_h = np.zeros((N, H))\n", "    dprev_h = np.zeros((N, H))\n    dh0 = np.zeros((N, H))\n"),
            ("        dWx += dWx_t", "        dh0 += dprev_h\n        dWx += dWx_t"),
            ("return dx, dprev_h, dWx", "return dx, dh0, dWx"),
        ),
    ),
    Mistake(
        "initial-gradient-before-the-step",
        "rnn_backward",
        "dh0 is what goes into the first step",
        "The gradient at t = 0 is that of h0.",
        (
            "Is the gradient that you return that of h[:, 0] or that of h0?",
            "Look at whether it has gone back through the first step.",
            "Between h0 and h[:, 0] lies one step, with its weights and its nonlinearity.",
        ),
        (("return dx, dprev_h, dWx", "return dx, dnext_h, dWx"),),
    ),
    Mistake(
        "initial-gradient-plus-above",
        "rnn_backward",
        "dh0 gets a dh that is not its own",
        "dh[:, 0] belongs to h0.",
        (
            "Which state does dh[:, 0] belong to?",
            "Look at what is added to the gradient after the loop.",
            "h0 is no output: it acts on the loss through the first step alone.",
        ),
        (("return dx, dprev_h, dWx", "return dx, dprev_h + dh[:, 0], dWx"),),
    ),
    Mistake(
        "first-step-skipped",
        "rnn_backward",
        "the first step is never gone back through",
        "Going back ends at step 1.",
        (
            "Which step does the last round of your loop belong to?",
            "Look at the range of the loop.",
            "Steps are counted from 0, and the first one has inputs and weights too.",
        ),
        (("reversed(range(T))", "reversed(range(1, T))"),),
    ),
    Mistake(
        "last-step-skipped",
        "rnn_backward",
        "the last step is never gone back through",
        "The last index is T - 1, so the range ends there.",
        (
            "Which step does the first round of your loop belong to?",
            "Look at the range of the loop.",
            "range(n) already stops before n.",
        ),
        (("reversed(range(T))", "reversed(range(T - 1))"),),
    ),
    Mistake(
        "forward-in-time",
        "rnn_backward",
        "the loop runs forward in time",
        "The steps are gone through one by one.",
        (
            "When you handle step 0, is everything known that flows into it?",
            "Look at the direction of the loop.",
            "Gradients flow against time: the last step is the first whose gradient is complete.",
        ),
        (("reversed(range(T))", "range(T)"),),
    ),
    Mistake(
        "forward-in-time-and-inserted",
        "rnn_backward",
        "the loop runs forward in time, and dx is put together backwards",
        "Backpropagation goes backwards, so each step's dx belongs before the others.",
        (
            "When you handle step 0, is everything known that flows into it?",
            "Look at the direction of the loop, and at where each step's dx goes.",
            "Gradients flow against time: the last step is the first whose gradient is complete, and its dx the last of all.",
        ),
        source="""
def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x0, _, Wx, Wh, _ = cache[0]
    dx = []
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    dprev_h = np.zeros((N, H))
    for t in range(T):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx.insert(0, dx_t)
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db
""",
    ),
    Mistake(
        "above-always-the-last",
        "rnn_backward",
        "every step reads the same step's dh",
        "The loss is at the end, so its gradient comes in there.",
        (
            "Which of the T gradients in dh does your loop use?",
            "Look at the index of dh inside the loop.",
            "Every output has a gradient of its own: what flows into step t from above is that of output t.",
        ),
        (("dh[:, t] + dprev_h", "dh[:, -1] + dprev_h"),),
    ),
    Mistake(
        "above-one-step-off",
        "rnn_backward",
        "dh is read one step too early",
        "dh[:, t - 1] flows into step t.",
        (
            "Which state does dh[:, t] belong to?",
            "Look at the index of dh.",
            "The gradient of an output and the output have the same index.",
        ),
        (("dh[:, t] + dprev_h", "dh[:, t - 1] + dprev_h"),),
    ),
    Mistake(
        "future-accumulated",
        "rnn_backward",
        "the gradient from the future is added up over all steps",
        "All gradients are sums over the steps.",
        (
            "From where does something flow into h[:, t]: from all later steps, or from step t + 1?",
            "Look at what happens to the gradient of the state from round to round.",
            "What the later steps have to say arrives through step t + 1, already summed.",
        ),
        (
            ("dx[:, t], dprev_h, dWx_t", "dx[:, t], dprev_t, dWx_t"),
            ("        dWx += dWx_t", "        dprev_h = dprev_h + dprev_t\n        dWx += dWx_t"),
        ),
    ),
    Mistake(
        "same-cache-every-step",
        "rnn_backward",
        "every step uses the last step's cache",
        "cache[-1] is the cache.",
        (
            "Which step's input is in the cache that you pass on?",
            "Look at the index of the cache in the loop.",
            "Each step is undone with what that step has left behind.",
        ),
        (("rnn_step_backward(dnext_h, cache[t])", "rnn_step_backward(dnext_h, cache[-1])"),),
    ),
    Mistake(
        "averaged-over-time",
        "rnn_backward",
        "the weights' gradients are divided by T",
        "The gradient of a sequence is the mean over its steps.",
        (
            "Where does the forward pass divide by T?",
            "Look at the weights' gradients after the loop.",
            "The total derivative is the sum over all uses; nothing here is an average.",
        ),
        (("return dx, dprev_h, dWx, dWh, db", "return dx, dprev_h, dWx / T, dWh / T, db / T"),),
    ),
    Mistake(
        "time-first",
        "rnn_backward",
        "dx has time and batch axes exchanged",
        "The gradients are stacked step by step.",
        (
            "What is the length of the first axis of your dx?",
            "Look at the shape that dx is made with, or at the axis of a stack.",
            "A gradient has the shape of what it belongs to, axis by axis.",
        ),
        (("return dx, dprev_h", "return dx.transpose(1, 0, 2), dprev_h"),),
    ),
    Mistake(
        "inputs-in-order-of-visit",
        "rnn_backward",
        "dx is in the order in which it was computed",
        "Each round appends its dx.",
        (
            "Which step's dx is computed first?",
            "Look at how the steps' dx come together.",
            "The loop goes back in time, but dx is read forward.",
        ),
        (("return dx, dprev_h", "return dx[:, ::-1], dprev_h"),),
    ),
    Mistake(
        "needs-two-steps",
        "rnn_backward",
        "breaks for a sequence of one step",
        "There is always a second step to look at.",
        (
            "Which step does your function look at that a sequence of one step does not have?",
            "Look for a fixed index larger than 0.",
            "The first step is the only one that every sequence has.",
        ),
        (("Wh, _ = cache[0]", "Wh, _ = cache[1]"),),
    ),
    Mistake(
        "initial-gradient-set-before-the-end",
        "rnn_backward",
        "dh0 is taken at the second step",
        "The gradient at t = 1 is what flows towards h0.",
        (
            "Which state is the one before step 1?",
            "Look at the moment at which the second result is taken.",
            "Out of step t flows the gradient of the state before step t.",
        ),
        (
            ("    dprev_h = np.zeros((N, H))\n", "    dprev_h = np.zeros((N, H))\n    dh0 = np.zeros((N, H))\n"),
            ("        dWx += dWx_t", "        if t == 1:\n            dh0 = dprev_h\n        dWx += dWx_t"),
            ("return dx, dprev_h, dWx", "return dx, dh0, dWx"),
        ),
    ),
    Mistake(
        "caches-from-the-front",
        "rnn_backward",
        "the caches are taken from the wrong end",
        "A list gives what was put in first.",
        (
            "In which order does the forward pass put the caches into the list, and in which do you take them out?",
            "Follow the loop for three steps: which step's cache is used first?",
            "The way back begins with the last step, and needs what the last step has kept.",
        ),
        (("cache[t])", "cache[T - 1 - t])"),),
    ),
    Mistake(
        "upstream-of-ones",
        "rnn_backward",
        "ones take the place of the gradient from above",
        "The loss's gradient with respect to itself is one.",
        (
            "What happens to your results when the gradient from above is doubled?",
            "Look for where the gradient from above enters your loop.",
            "What comes from above is given; only the loss itself has the gradient one.",
        ),
        (("dh[:, t] +", "np.ones((N, H)) +"),),
    ),
]

TEMPORAL_AFFINE_FORWARD = [
    Mistake(
        "bias-missing",
        "temporal_affine_forward",
        "the bias is not used",
        "The weights do the work.",
        (
            "Which of the three arguments does your result depend on?",
            "Look for b.",
            "Affine means linear plus a shift.",
        ),
        (("x @ w + b", "x @ w"),),
    ),
    Mistake(
        "only-the-last-step",
        "temporal_affine_forward",
        "only the last step has an output",
        "The last state has seen everything.",
        (
            "How many outputs does a sequence of T steps have here?",
            "Look at whether a single step is picked out of x.",
            "The same map is applied at every step, and every step gives an output.",
        ),
        (("x @ w + b", "x[:, -1] @ w + b"),),
    ),
    Mistake(
        "left-flat",
        "temporal_affine_forward",
        "batch and time stay one axis",
        "The matrix product wants two axes.",
        (
            "How many axes has your result?",
            "Look at what follows the matrix product.",
            "What was folded together to use a matrix product has to be unfolded again.",
        ),
        (("x @ w + b", "x.reshape(-1, x.shape[2]) @ w + b"),),
    ),
    Mistake(
        "time-first",
        "temporal_affine_forward",
        "time and batch axes are exchanged",
        "The outputs are stacked step by step.",
        (
            "What is the length of the first axis of your result?",
            "Look at the axis along which the steps come together.",
            "Batch first, here and everywhere in this course.",
        ),
        (("x @ w + b", "x.transpose(1, 0, 2) @ w + b"),),
    ),
    Mistake(
        "reshaped-the-wrong-way",
        "temporal_affine_forward",
        "unfolded with the axes in another order",
        "Reshaping to (T, N, M) and exchanging the axes comes to the same.",
        (
            "After folding, do the first T rows belong to one sequence or to one step?",
            "Look at the extents in the second reshape.",
            "Reshape never moves an entry: it has to be undone with the extents in the same order.",
        ),
        (("x @ w + b", "(x @ w + b).reshape(x.shape[1], x.shape[0], -1).transpose(1, 0, 2)"),),
    ),
    Mistake(
        "summed-over-time",
        "temporal_affine_forward",
        "the steps are added up",
        "The output belongs to the sequence.",
        (
            "How many axes has your result?",
            "Look for a sum over the time axis.",
            "There is a readout at every step, not one for all.",
        ),
        (("x @ w + b", "(x @ w).sum(axis=1) + b"),),
    ),
    Mistake(
        "tanh-added",
        "temporal_affine_forward",
        "a nonlinearity that is not asked for",
        "Every layer ends with tanh.",
        (
            "Can your output be larger than 1?",
            "Look at what happens after the sum.",
            "Scores are free to take any value; the softmax comes later.",
        ),
        (("x @ w + b", "np.tanh(x @ w + b)"),),
    ),
    Mistake(
        "squeezed",
        "temporal_affine_forward",
        "loses an axis of length one",
        "Axes of length one carry no information.",
        (
            "What shape has your result for one sequence, or for one step?",
            "Look for something that drops axes of length one.",
            "An axis is part of the contract, even if its length is one today.",
        ),
        (("x @ w + b", "np.squeeze(x @ w + b)"),),
    ),
]

_DW = "np.tensordot(x, dout, axes=((0, 1), (0, 1)))"

TEMPORAL_AFFINE_BACKWARD = [
    Mistake(
        "bias-gradient-over-batch-only",
        "temporal_affine_backward",
        "db keeps the time axis",
        "The sum goes over the batch.",
        (
            "What shape has b, and what shape has db?",
            "Look at the axes of the sum.",
            "What is broadcast forward is summed back, along every axis that it was copied along.",
        ),
        (("dout.sum(axis=(0, 1))", "dout.sum(axis=0)"),),
    ),
    Mistake(
        "bias-gradient-over-time-only",
        "temporal_affine_backward",
        "db keeps the batch axis",
        "The sum goes over the steps.",
        (
            "What shape has b, and what shape has db?",
            "Look at the axes of the sum.",
            "What is broadcast forward is summed back, along every axis that it was copied along.",
        ),
        (("dout.sum(axis=(0, 1))", "dout.sum(axis=1)"),),
    ),
    Mistake(
        "bias-gradient-over-everything",
        "temporal_affine_backward",
        "db is a single number",
        "Everything is added up.",
        (
            "How many entries has b, and how many has db?",
            "Look at the axes of the sum.",
            "Each entry of b acts on its own column and on no other.",
        ),
        (("dout.sum(axis=(0, 1))", "dout.sum()"),),
    ),
    Mistake(
        "bias-gradient-keeps-axes",
        "temporal_affine_backward",
        "db keeps axes of length one",
        "(1, 1, M) works as well as (M,).",
        (
            "What shape has b, and what shape has db?",
            "Look at the sum that makes db.",
            "A gradient has the shape of what it belongs to.",
        ),
        (("dout.sum(axis=(0, 1))", "dout.sum(axis=(0, 1), keepdims=True)"),),
    ),
    Mistake(
        "bias-gradient-averaged",
        "temporal_affine_backward",
        "db is an average",
        "The gradient of many steps is their mean.",
        (
            "Where does the forward pass divide by N or by T?",
            "Look at what reduces the first two axes.",
            "The total derivative is the sum over all uses; nothing here is an average.",
        ),
        (("dout.sum(axis=(0, 1))", "dout.mean(axis=(0, 1))"),),
    ),
    Mistake(
        "weight-gradient-averaged",
        "temporal_affine_backward",
        "dw is divided by the batch size",
        "The gradient of a batch is the mean over the batch.",
        (
            "Where does the forward pass divide by N?",
            "Look for a division in dw.",
            "Dividing by the batch size is the loss's decision, and has happened before the gradient gets here.",
        ),
        ((_DW, f"{_DW} / len(x)"),),
    ),
    Mistake(
        "weight-gradient-transposed",
        "temporal_affine_backward",
        "dw has its axes exchanged",
        "The product of the two, in either order.",
        (
            "What shape has w, and what shape has dw?",
            "Look at the order of the factors in dw.",
            "A gradient has the shape of what it belongs to; that decides the order.",
        ),
        ((_DW, f"{_DW}.T"),),
    ),
    Mistake(
        "weight-gradient-of-the-last-step",
        "temporal_affine_backward",
        "dw is that of the last step",
        "The loop leaves the right dw behind.",
        (
            "How many steps use the same w?",
            "Look at what happens to dw from step to step.",
            "Weights that are used at every step collect the gradients of all steps.",
        ),
        ((_DW, "x[:, -1].T @ dout[:, -1]"),),
    ),
    Mistake(
        "weight-gradient-not-summed",
        "temporal_affine_backward",
        "dw keeps the batch axis",
        "A batched product gives the gradient.",
        (
            "How many axes has w, and how many has dw?",
            "Look at which axes the product sums over.",
            "All sequences share one w, so its gradient collects what all of them say.",
        ),
        ((_DW, 'np.einsum("ntd,ntm->ndm", x, dout)'),),
    ),
    Mistake(
        "upstream-ignored",
        "temporal_affine_backward",
        "dw does not depend on the upstream gradient",
        "The derivative with respect to w is x.",
        (
            "What should dw be if dout is zero?",
            "Look for dout in the line of dw.",
            "The chain rule multiplies what comes from above by the local slope.",
        ),
        ((_DW, 'np.einsum("ntd,ntm->dm", x, np.ones_like(dout))'),),
    ),
    Mistake(
        "weights-not-transposed",
        "temporal_affine_backward",
        "dx goes the wrong way through w",
        "The gradient is multiplied by the weights, as the input was.",
        (
            "Which shape must the second factor have so that the product is (N, T, D)?",
            "Look at the product that gives dx.",
            "Forward sums over the input's index; backward sums over the output's.",
        ),
        (("dout @ w.T", "dout @ w"),),
    ),
    Mistake(
        "gradient-sign",
        "temporal_affine_backward",
        "all gradients have the wrong sign",
        "The gradient points downhill.",
        (
            "Does the loss grow or shrink in the direction of the gradient?",
            "Look for a minus.",
            "A gradient points uphill; going down is the optimiser's business.",
        ),
        (("return dx, dw, db", "return -dx, -dw, -db"),),
    ),
]

_LOSS = "loss = -np.sum(mask * log_p[n, t, y]) / N"
_DX = "dx *= mask[:, :, None] / N"

TEMPORAL_SOFTMAX_LOSS = [
    Mistake(
        "averaged-over-all-steps",
        "temporal_softmax_loss",
        "divided by the number of all steps",
        "A loss is an average over all predictions.",
        (
            "Over what is the sum taken, and over what the average?",
            "Look at what the sum is divided by.",
            "Summed over time, averaged over sequences: the definition stands in the docstring.",
        ),
        (("y]) / N", "y]) / (N * T)"), ("None] / N", "None] / (N * T)")),
    ),
    Mistake(
        "averaged-over-unmasked-steps",
        "temporal_softmax_loss",
        "divided by the number of unmasked steps",
        "A loss is an average over everything that counts.",
        (
            "Over what is the sum taken, and over what the average?",
            "Look at what the sum is divided by.",
            "Summed over time, averaged over sequences: the definition stands in the docstring.",
        ),
        (("y]) / N", "y]) / mask.sum()"), ("None] / N", "None] / mask.sum()")),
    ),
    Mistake(
        "not-averaged",
        "temporal_softmax_loss",
        "not divided by anything",
        "The loss is the sum of all cross-entropies.",
        (
            "Does your loss double when every sequence occurs twice in the batch?",
            "Look for a division.",
            "Summed over time, averaged over sequences: the definition stands in the docstring.",
        ),
        (("y]) / N", "y])"), ("None] / N", "None]")),
    ),
    Mistake(
        "gradient-not-averaged",
        "temporal_softmax_loss",
        "the gradient lacks a factor that the loss has",
        "The gradient of cross-entropy is p minus one-hot.",
        (
            "If the loss is multiplied by a number, what happens to its gradient?",
            "Look for the division in the loss, and then in the gradient.",
            "A constant factor of the loss is a factor of every gradient.",
        ),
        (("None] / N", "None]"),),
    ),
    Mistake(
        "loss-not-averaged",
        "temporal_softmax_loss",
        "the loss lacks a factor that the gradient has",
        "The loss is the sum of all cross-entropies.",
        (
            "Does your loss double when every sequence occurs twice in the batch?",
            "Look for the division in the gradient, and then in the loss.",
            "A constant factor of the loss is a factor of every gradient, and the other way round.",
        ),
        (("y]) / N", "y])"),),
    ),
    Mistake(
        "gradient-averaged-over-all-steps",
        "temporal_softmax_loss",
        "the gradient is divided by more than the loss",
        "A gradient is an average over all predictions.",
        (
            "If the loss is multiplied by a number, what happens to its gradient?",
            "Look at what the loss is divided by, and then the gradient.",
            "A constant factor of the loss is a factor of every gradient, and no other is.",
        ),
        (("None] / N", "None] / (N * T)"),),
    ),
    Mistake(
        "mask-unused-in-loss",
        "temporal_softmax_loss",
        "masked steps add to the loss",
        "The mask matters for the gradient.",
        (
            "Does your loss change when the scores of a masked step change?",
            "Look for the mask in the line of the loss.",
            "A masked step is padding: it has no right answer to be compared with.",
        ),
        (("mask * log_p", "log_p"),),
    ),
    Mistake(
        "mask-unused-in-gradient",
        "temporal_softmax_loss",
        "masked steps have a gradient",
        "The mask matters for the loss.",
        (
            "Does the loss depend on the scores of a masked step?",
            "Look for the mask in the lines of the gradient.",
            "What has no part in the loss has no gradient.",
        ),
        (("dx *= mask[:, :, None]", "dx *= 1.0"),),
    ),
    Mistake(
        "mask-unused",
        "temporal_softmax_loss",
        "the mask has no effect",
        "All sequences have the same length.",
        (
            "Which of the three arguments does your result depend on?",
            "Look for the mask.",
            "A masked step is padding: it gives neither loss nor gradient.",
        ),
        (("mask * log_p", "log_p"), ("dx *= mask[:, :, None]", "dx *= 1.0")),
    ),
    Mistake(
        "mask-inverted",
        "temporal_softmax_loss",
        "the masked steps are those that count",
        "The mask marks what is hidden.",
        (
            "What does True mean in the mask?",
            "Look at the docstring's words about the mask.",
            "True says: this step counts.",
        ),
        (("mask * log_p", "~mask * log_p"), ("mask[:, :, None]", "~mask[:, :, None]")),
    ),
    Mistake(
        "mask-on-the-scores",
        "temporal_softmax_loss",
        "masked steps have scores of zero instead of no loss",
        "A step that does not count has no scores.",
        (
            "What is the cross-entropy of a step whose scores are all zero?",
            "Look at what the mask is multiplied with.",
            "Equal scores are a guess, and a guess has a loss and a gradient. What must vanish are these two.",
        ),
        (
            (
                "shifted = x - x.max(axis=2, keepdims=True)",
                "x = x * mask[:, :, None]\n    shifted = x - x.max(axis=2, keepdims=True)",
            ),
            (_LOSS, "loss = -np.sum(log_p[n, t, y]) / N"),
            (_DX, "dx /= N"),
        ),
    ),
    Mistake(
        "softmax-over-time",
        "temporal_softmax_loss",
        "probabilities are normalised over the steps",
        "axis=1 is the axis of the classes, as for a matrix of scores.",
        (
            "Along which axis do your probabilities add up to 1?",
            "Look at the axis of the sum of exponentials.",
            "A distribution over classes belongs to each step; the classes are the last axis.",
        ),
        (("np.exp(shifted).sum(axis=2,", "np.exp(shifted).sum(axis=1,"),),
    ),
    Mistake(
        "softmax-over-time-throughout",
        "temporal_softmax_loss",
        "probabilities are normalised over the steps",
        "axis=1 is the axis of the classes, as for a matrix of scores.",
        (
            "Along which axis do your probabilities add up to 1?",
            "Look at the axis of the maximum and of the sum of exponentials.",
            "A distribution over classes belongs to each step; the classes are the last axis.",
        ),
        (
            ("x.max(axis=2,", "x.max(axis=1,"),
            (
                "shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))",
                "np.log(np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True))",
            ),
        ),
    ),
    Mistake(
        "softmax-over-batch",
        "temporal_softmax_loss",
        "probabilities are normalised over the sequences",
        "axis=0 is the axis to sum over.",
        (
            "Along which axis do your probabilities add up to 1?",
            "Look at the axis of the sum of exponentials.",
            "A distribution over classes belongs to each step of each sequence; the classes are the last axis.",
        ),
        (("np.exp(shifted).sum(axis=2,", "np.exp(shifted).sum(axis=0,"),),
    ),
    Mistake(
        "exp-overflows",
        "temporal_softmax_loss",
        "exp of large scores",
        "The formula of the softmax as it stands.",
        (
            "What is exp(800) in float64?",
            "Look at what goes into exp.",
            "Probabilities do not change when the same number is subtracted from all scores of a step; choose it well.",
        ),
        (("x - x.max(axis=2, keepdims=True)", "x"),),
    ),
    Mistake(
        "loss-sign",
        "temporal_softmax_loss",
        "the loss has the wrong sign",
        "The loss is the log-probability.",
        (
            "Can a cross-entropy be negative?",
            "Look at the sign in front of the sum.",
            "A loss shrinks as the right class becomes more probable.",
        ),
        (("loss = -np.sum", "loss = np.sum"),),
    ),
    Mistake(
        "gradient-sign",
        "temporal_softmax_loss",
        "the gradient has the wrong sign",
        "The gradient is the right answer minus the prediction.",
        (
            "If the right class's score goes up, does the loss go up or down?",
            "Look at the order of the difference in the gradient.",
            "A gradient points uphill: for the right class it is negative.",
        ),
        ((_DX, "dx *= -mask[:, :, None].astype(float) / N"),),
    ),
    Mistake(
        "right-class-not-subtracted",
        "temporal_softmax_loss",
        "the gradient is the probabilities alone",
        "The gradient of the softmax is the softmax.",
        (
            "What should the gradient be if the prediction is perfect?",
            "Look for the right class in the lines of the gradient.",
            "Raising the right class's score lowers the loss; raising any other raises it.",
        ),
        (("    dx[n, t, y] -= 1\n", ""),),
    ),
    Mistake(
        "one-subtracted-everywhere",
        "temporal_softmax_loss",
        "every class is treated as the right one",
        "The gradient is the probability minus one.",
        (
            "What should the entries of one step's gradient add up to?",
            "Look at which entries the one is subtracted from.",
            "Only one class per step is the right one.",
        ),
        (("dx[n, t, y] -= 1", "dx -= 1"),),
    ),
    Mistake(
        "divided-before-subtracting",
        "temporal_softmax_loss",
        "part of the gradient is not divided",
        "The order of the lines does not matter.",
        (
            "Which parts of your gradient are divided by N?",
            "Look at the order of dividing and of subtracting.",
            "A factor in front of the loss multiplies the whole gradient.",
        ),
        (("    dx[n, t, y] -= 1\n", "    dx /= N\n    dx[n, t, y] -= 1\n"), (_DX, "dx *= mask[:, :, None]")),
    ),
    Mistake(
        "log-missing",
        "temporal_softmax_loss",
        "probabilities instead of their logarithms",
        "The loss is minus the probability of the right class.",
        (
            "How large is your loss if the right class has probability 1?",
            "Look for the logarithm.",
            "Cross-entropy is the negative logarithm of the right class's probability.",
        ),
        (("np.sum(mask * log_p[n, t, y])", "np.sum(mask * np.exp(log_p[n, t, y]))"),),
    ),
    Mistake(
        "log-base-two",
        "temporal_softmax_loss",
        "a logarithm to another base",
        "Information is measured in bits.",
        (
            "Of which function is the exponential in your softmax the inverse?",
            "Look at which logarithm you use.",
            "Loss and gradient have to belong together; the gradient p - 1 belongs to the natural logarithm.",
        ),
        ((_LOSS, _LOSS + " / np.log(2)"),),
    ),
    Mistake(
        "left-flat",
        "temporal_softmax_loss",
        "the gradient's batch and time stay one axis",
        "The gradient of the flat scores is flat.",
        (
            "What shape has x, and what shape has dx?",
            "Look at the last thing that happens to dx.",
            "A gradient has the shape of what it belongs to.",
        ),
        (("return loss, dx", "return loss, dx.reshape(N * T, -1)"),),
    ),
    Mistake(
        "gradient-none",
        "temporal_softmax_loss",
        "the gradient is never computed",
        "The loss is what counts.",
        (
            "Which of the two results has no line of its own?",
            "Look for dx between the first line and the last.",
            "A name that starts as None stays None until something is assigned to it.",
        ),
        (("return loss, dx", "return loss, None"),),
    ),
    Mistake(
        "number-added-to-probabilities",
        "temporal_softmax_loss",
        "something is added to the probabilities before the logarithm",
        "The logarithm of zero must be avoided.",
        (
            "What should the loss be where the right class has a probability of one in a billion, and what is yours?",
            "Look at what is done to a probability before its logarithm is taken.",
            "The loss of an unlikely class has no upper bound. From scores its logarithm can be had without a bound: "
            "the score, less the logarithm of the sum of all exponentials.",
        ),
        (
            (
                "loss = -np.sum(mask * log_p[n, t, y]) / N",
                "loss = -np.sum(mask * np.log(np.exp(log_p[n, t, y]) + 1e-8)) / N",
            ),
        ),
    ),
    Mistake(
        "probabilities-bounded",
        "temporal_softmax_loss",
        "probabilities are kept away from zero before the logarithm",
        "The logarithm of zero must be avoided.",
        (
            "What should the loss be where the right class has a probability of one in a billion, and what is yours?",
            "Look at what is done to a probability before its logarithm is taken.",
            "The loss of an unlikely class has no upper bound. From scores its logarithm can be had without a bound: "
            "the score, less the logarithm of the sum of all exponentials.",
        ),
        (
            (
                "loss = -np.sum(mask * log_p[n, t, y]) / N",
                "loss = -np.sum(mask * np.maximum(log_p[n, t, y], np.log(1e-7))) / N",
            ),
        ),
    ),
]

_NORM = "norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))"
_FACTOR = "factor = max_norm / norm if norm > max_norm else 1.0"
_CLIPPED = "return {name: g * factor for name, g in grads.items()}, norm"

CLIP_GRAD_NORM = [
    Mistake(
        "square-root-missing",
        "clip_grad_norm",
        "the norm is still squared",
        "The norm is the sum of the squares.",
        (
            "If every gradient doubles, what should the norm do, and what does yours?",
            "Look at what follows the sum of squares.",
            "A length scales like the thing itself, not like its square.",
        ),
        ((_NORM, "norm = float(sum(np.sum(g**2) for g in grads.values()))"),),
    ),
    Mistake(
        "limit-on-squared-norm",
        "clip_grad_norm",
        "the squared norm is compared with the limit",
        "The root can wait until it is needed.",
        (
            "Which two numbers are compared, and have they the same unit?",
            "Look at the condition.",
            "Above 1 a square is larger, below 1 it is smaller than what was squared.",
        ),
        (("if norm > max_norm", "if norm**2 > max_norm"),),
    ),
    Mistake(
        "each-array-by-itself",
        "clip_grad_norm",
        "each array is clipped by itself",
        "Each gradient has a norm.",
        (
            "How many factors does your function use, and how many should it?",
            "Look at whether the norm is taken inside or outside the loop over the arrays.",
            "One common factor keeps the direction of the step; several turn it.",
        ),
        (
            (
                _CLIPPED,
                "sizes = {name: np.linalg.norm(g) for name, g in grads.items()}\n"
                "    return {k: g * min(1.0, max_norm / sizes[k]) for k, g in grads.items()}, norm",
            ),
        ),
    ),
    Mistake(
        "always-scaled",
        "clip_grad_norm",
        "small gradients are blown up to the limit",
        "The norm should be max_norm.",
        (
            "What happens to gradients whose norm is below the limit?",
            "Look at the condition under which the factor is used.",
            "A limit caps; it does not fill up.",
        ),
        ((_FACTOR, "factor = max_norm / norm if norm else 1.0"),),
    ),
    Mistake(
        "always-scaled-even-zero",
        "clip_grad_norm",
        "small gradients are blown up to the limit",
        "The norm should be max_norm.",
        (
            "What happens to gradients whose norm is below the limit, and to gradients that are all zero?",
            "Look at the condition under which the factor is used.",
            "A limit caps; it does not fill up.",
        ),
        ((_FACTOR, "factor = max_norm / np.float64(norm)"),),
    ),
    Mistake(
        "condition-reversed",
        "clip_grad_norm",
        "the wrong gradients are scaled",
        "The comparison decides when to scale.",
        (
            "For which norms does your function change anything?",
            "Look at the direction of the comparison.",
            "What is too long is shortened; what is short enough is left alone.",
        ),
        (("if norm > max_norm", "if 0 < norm < max_norm"),),
    ),
    Mistake(
        "factor-upside-down",
        "clip_grad_norm",
        "the factor is upside down",
        "The factor is the ratio of the two.",
        (
            "Is your factor above or below 1 when the norm is too large?",
            "Look at the ratio.",
            "Shrinking takes a factor below 1.",
        ),
        ((_FACTOR, "factor = norm / max_norm if norm > max_norm else 1.0"),),
    ),
    Mistake(
        "norm-after-clipping",
        "clip_grad_norm",
        "the norm after clipping is returned",
        "The norm of what is returned.",
        (
            "Which norm tells you that gradients explode: the one before or after clipping?",
            "Look at the second result and at the docstring's Returns.",
            "The norm is returned so that training can watch it; after clipping there is nothing to see.",
        ),
        ((_CLIPPED, "return {name: g * factor for name, g in grads.items()}, norm * factor"),),
    ),
    Mistake(
        "entries-clipped",
        "clip_grad_norm",
        "entries are cut off instead of all being shrunk",
        "Clipping means cutting at the limit.",
        (
            "Does your function change the direction of the gradient?",
            "Look at what happens to a single large entry.",
            "Clipping by norm multiplies everything by one number.",
        ),
        (("g * factor", "np.clip(g, -max_norm, max_norm)"),),
    ),
    Mistake(
        "sum-of-norms",
        "clip_grad_norm",
        "the arrays' norms are added",
        "The joint norm is the sum of the norms.",
        (
            "How long is the diagonal of a rectangle with sides 3 and 4?",
            "Look at what is summed over the arrays.",
            "Lengths in different directions add by their squares.",
        ),
        ((_NORM, "norm = float(sum(np.sqrt(np.sum(g**2)) for g in grads.values()))"),),
    ),
    Mistake(
        "largest-norm",
        "clip_grad_norm",
        "the largest array's norm instead of the joint one",
        "The largest gradient decides.",
        (
            "Does your norm change when a second, smaller array is added?",
            "Look at how the arrays' norms come together.",
            "All entries of all arrays form one long vector; its length is wanted.",
        ),
        ((_NORM, "norm = float(max(np.sqrt(np.sum(g**2)) for g in grads.values()))"),),
    ),
    Mistake(
        "sum-of-sizes",
        "clip_grad_norm",
        "sizes are added instead of squares",
        "The norm is the sum of the absolute values.",
        (
            "How long is the diagonal of a rectangle with sides 3 and 4?",
            "Look at what is summed over the entries.",
            "The L2 norm squares, sums and takes the root.",
        ),
        ((_NORM, "norm = float(sum(np.sum(np.abs(g)) for g in grads.values()))"),),
    ),
    Mistake(
        "averaged",
        "clip_grad_norm",
        "an average instead of a sum under the root",
        "The root mean square is the size of a gradient.",
        (
            "Does your norm grow when there are more parameters of the same size?",
            "Look at what reduces each array to one number.",
            "A length sums over all entries; dividing by their number makes another quantity of it.",
        ),
        ((_NORM, "norm = float(np.sqrt(sum(np.mean(g**2) for g in grads.values())))"),),
    ),
    Mistake(
        "scaled-to-one",
        "clip_grad_norm",
        "the clipped gradients have norm 1",
        "Dividing by the norm is clipping.",
        (
            "What norm should the clipped gradients have?",
            "Look for max_norm in the factor.",
            "Dividing by the norm gives length 1; the limit is another length.",
        ),
        ((_FACTOR, "factor = 1.0 / norm if norm > max_norm else 1.0"),),
    ),
    Mistake(
        "nothing-clipped",
        "clip_grad_norm",
        "the gradients are returned as they came",
        "Multiplying each array in the loop changes the dict.",
        (
            "What norm have the gradients that you return?",
            "Look at whether the product ends up in what is returned.",
            "A new array under a local name is not in the dict until it is put there.",
        ),
        (("g * factor", "g"),),
    ),
]

_CARRY = "state = h[:, piece][:, -1]"

TRUNCATED_BPTT = [
    Mistake(
        "border-not-cut",
        "truncated_bptt",
        "the gradient flows across the borders",
        "The pieces together are the whole sequence.",
        (
            "Should dx[:, 0] depend on dh[:, -1] if the sequence has two pieces?",
            "Look at whether the backward pass ever sees more than one piece.",
            "The state goes on; the gradient ends where its piece begins.",
        ),
        source="""
def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    h, cache = rnn_forward(x, h0, Wx, Wh, b)
    return (h, *rnn_backward(dh, cache))
""",
    ),
    Mistake(
        "starts-again-from-h0",
        "truncated_bptt",
        "every piece starts from h0",
        "Each piece is a sequence of its own.",
        (
            "Which state does the second piece start from?",
            "Look at what the forward pass of each piece gets as its first state.",
            "Cutting the gradient does not cut the memory.",
        ),
        ((_CARRY, "state = h0"),),
    ),
    Mistake(
        "starts-again-from-zero",
        "truncated_bptt",
        "every piece but the first starts from zero",
        "A cut means starting afresh.",
        (
            "Which state does the second piece start from?",
            "Look at what the forward pass of each piece gets as its first state.",
            "Cutting the gradient does not cut the memory.",
        ),
        ((_CARRY, "state = np.zeros_like(h0)"),),
    ),
    Mistake(
        "carries-the-first-state",
        "truncated_bptt",
        "the wrong state of a piece is carried on",
        "The state of the piece is carried on.",
        (
            "Which state of a piece comes right before the next piece?",
            "Look at the index that picks the state to carry on.",
            "The next piece starts where this one ended.",
        ),
        ((_CARRY, "state = h[:, piece][:, 0]"),),
    ),
    Mistake(
        "short-piece-dropped",
        "truncated_bptt",
        "the last, shorter piece is left out",
        "T is a multiple of the chunk.",
        (
            "How many pieces has a sequence of 7 steps in chunks of 3?",
            "Look at where the loop over the pieces ends.",
            "What is left over at the end is a piece too.",
        ),
        (
            ("range(0, T, chunk)", "range(0, T - chunk + 1, chunk)"),
            ("state, dh0 = h0, None", "state, dh0 = h0, np.zeros_like(h0)"),
        ),
    ),
    Mistake(
        "last-piece-s-initial-gradient",
        "truncated_bptt",
        "dh0 comes from the last piece",
        "The backward pass returns dh0.",
        (
            "Which piece starts from h0?",
            "Look at what happens to dh0 in the second round of the loop.",
            "Only the first piece can say how the loss depends on h0.",
        ),
        (("        if start == 0:\n            dh0 = dstate", "        dh0 = dstate"),),
    ),
    Mistake(
        "initial-gradients-summed",
        "truncated_bptt",
        "dh0 is summed over the pieces",
        "All gradients are sums over the pieces.",
        (
            "Which pieces start from h0?",
            "Look at what is added to dh0.",
            "The later pieces' first gradients belong to carried states, and there the gradient is cut.",
        ),
        (
            (
                "        if start == 0:\n            dh0 = dstate",
                "        dh0 = dstate if dh0 is None else dh0 + dstate",
            ),
        ),
    ),
    Mistake(
        "initial-gradient-missing",
        "truncated_bptt",
        "dh0 is never assigned",
        "The gradient is cut, so nothing reaches h0.",
        (
            "Does the first piece's loss depend on h0?",
            "Look at the third result.",
            "The cut lies between pieces; before the first piece there is none.",
        ),
        (("dh0 = dstate", "dh0 = None"),),
    ),
    Mistake(
        "weight-gradients-overwritten",
        "truncated_bptt",
        "the weights' gradients are those of one piece",
        "The backward pass returns dWx, dWh and db.",
        (
            "How many pieces use the same weights?",
            "Look at what happens to dWx in the second round of the loop.",
            "Weights that are used in every piece collect the gradients of all pieces.",
        ),
        (("dWx += dWx_c", "dWx = dWx_c"), ("dWh += dWh_c", "dWh = dWh_c"), ("db += db_c", "db = db_c")),
    ),
    Mistake(
        "averaged-over-pieces",
        "truncated_bptt",
        "the weights' gradients are averaged over the pieces",
        "Each piece is an update of its own.",
        (
            "Where does the definition divide by the number of pieces?",
            "Look at the weights' gradients after the loop.",
            "The docstring says summed over all pieces.",
        ),
        (
            (
                "return h, dx, dh0, dWx, dWh, db",
                "pieces = -(-T // chunk)\n    return h, dx, dh0, dWx / pieces, dWh / pieces, db / pieces",
            ),
        ),
    ),
    Mistake(
        "chunk-as-number-of-pieces",
        "truncated_bptt",
        "chunk is taken for the number of pieces",
        "The sequence is cut into chunk pieces.",
        (
            "With chunk = 1, how many steps has a piece?",
            "Look at what chunk divides.",
            "chunk is a number of steps.",
        ),
        (("    state, dh0 = h0, None", "    chunk = -(-T // chunk)\n    state, dh0 = h0, None"),),
    ),
    Mistake(
        "short-piece-not-collected",
        "truncated_bptt",
        "the steps after the last whole piece are left out",
        "There are T // chunk pieces.",
        (
            "How many steps of a sequence of 7 do you process in pieces of 3?",
            "Look at how often your loop runs if the length is no multiple of chunk.",
            "The last piece may be shorter; its steps count like all others.",
        ),
        source="""
def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    states, dxs, grads, dh0 = [], [], [0, 0, 0], 0
    for k in range(x.shape[1] // chunk):
        piece = slice(k * chunk, (k + 1) * chunk)
        h, cache = rnn_forward(x[:, piece], states[-1][:, -1] if states else h0, Wx, Wh, b)
        dx, dstate, *of_piece = rnn_backward(dh[:, piece], cache)
        dh0 = dh0 if states else dstate
        states, dxs = [*states, h], [*dxs, dx]
        grads = [one + other for one, other in zip(grads, of_piece)]
    return np.concatenate(states, axis=1), np.concatenate(dxs, axis=1), dh0, *grads
""",
    ),
    Mistake(
        "only-the-last-piece",
        "truncated_bptt",
        "only the last piece is gone back through",
        "Truncated means that the gradient covers the last steps.",
        (
            "Is there a loss in the first piece?",
            "Look at how often the backward pass of a piece is called.",
            "Every piece has its own upstream gradients, and every piece is gone back through.",
        ),
        (
            (
                "        if start == 0:\n",
                "        if start + chunk < T:\n            dx[:, piece] = 0\n        if start == 0:\n",
            ),
            ("dWx += dWx_c", "dWx = dWx_c"),
            ("dWh += dWh_c", "dWh = dWh_c"),
            ("db += db_c", "db = db_c"),
        ),
    ),
    Mistake(
        "piece-one-step-short",
        "truncated_bptt",
        "each piece lacks its last step",
        "A slice ends at its last index.",
        (
            "How many steps does a slice from 0 to 3 hold?",
            "Look at the end of the slice that cuts a piece out.",
            "A slice already stops before its end.",
        ),
        source="""
def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    N, T, _ = x.shape
    h, dx = np.zeros((N, T, h0.shape[1])), np.zeros(x.shape)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    state, dh0 = h0, np.zeros_like(h0)
    for start in range(0, T, chunk):
        piece = slice(start, min(start + chunk, T) - 1)
        if piece.stop == piece.start:
            continue
        h[:, piece], cache = rnn_forward(x[:, piece], state, Wx, Wh, b)
        dx[:, piece], dstate, dWx_c, dWh_c, db_c = rnn_backward(dh[:, piece], cache)
        if start == 0:
            dh0 = dstate
        dWx += dWx_c
        dWh += dWh_c
        db += db_c
        state = h[:, piece][:, -1]
    return h, dx, dh0, dWx, dWh, db
""",
    ),
]

_PRODUCT = "jacobian = (Wh * slope[:, None, :]) @ jacobian"
_SINGULAR = "np.linalg.norm(jacobian, ord=2, axis=(1, 2))"

GRADIENT_NORMS = [
    Mistake(
        "frobenius-norm",
        "gradient_norms",
        "another matrix norm",
        "np.linalg.norm is the norm of a matrix.",
        (
            "What does your function give for the identity matrix?",
            "Look at which norm of a matrix is computed by default.",
            "The largest singular value says how much a vector can grow; the root of all squares is larger.",
        ),
        ((_SINGULAR, "np.linalg.norm(jacobian, axis=(1, 2))"),),
    ),
    Mistake(
        "largest-eigenvalue",
        "gradient_norms",
        "eigenvalues instead of singular values",
        "How much a matrix stretches is its largest eigenvalue.",
        (
            "How much can the matrix [[0, 9], [0, 0]] stretch a vector, and what are its eigenvalues?",
            "Look at what is computed from the product.",
            "For a matrix that is not symmetric the two differ, and one step's growth is the singular value.",
        ),
        ((_SINGULAR, "np.abs(np.linalg.eigvals(jacobian)).max(axis=1)"),),
    ),
    Mistake(
        "smallest-singular-value",
        "gradient_norms",
        "the smallest singular value",
        "The last of the singular values.",
        (
            "In which order are singular values returned?",
            "Look at the index into them.",
            "The largest tells whether anything at all gets through.",
        ),
        ((_SINGULAR, "np.linalg.norm(jacobian, ord=-2, axis=(1, 2))"),),
    ),
    Mistake(
        "largest-row-sum",
        "gradient_norms",
        "another matrix norm (a sum of sizes)",
        "The infinity norm measures growth.",
        (
            "Which length of a vector does your matrix norm belong to?",
            "Look at the order of the norm.",
            "The largest singular value belongs to the Euclidean length.",
        ),
        ((_SINGULAR, "np.abs(jacobian).sum(axis=2).max(axis=1)"),),
    ),
    Mistake(
        "slope-missing",
        "gradient_norms",
        "the nonlinearity is left out",
        "The gradient is multiplied by the weights at every step.",
        (
            "Which operations lie between h[:, t] and h[:, t + 1]?",
            "Look at the factors of one step.",
            "Every operation of the forward pass has its factor in the chain rule.",
        ),
        (("1 - h[:, t + 1] ** 2", "np.ones_like(h[:, t + 1])"),),
    ),
    Mistake(
        "slope-of-the-wrong-step",
        "gradient_norms",
        "the slope of tanh is taken one step off",
        "Step t uses the state of step t.",
        (
            "Which state came out of the tanh that lies between h[:, t] and h[:, t + 1]?",
            "Look at the index of h in the slope.",
            "The slope is written with the result of tanh, and that is the later state.",
        ),
        (("1 - h[:, t + 1] ** 2", "1 - h[:, t] ** 2"),),
    ),
    Mistake(
        "slope-not-squared",
        "gradient_norms",
        "the slope of the nonlinearity lacks its square",
        "The derivative of tanh is one minus tanh.",
        (
            "What should the slope of tanh be at +0.9 and at -0.9?",
            "Look at the formula of the slope.",
            "tanh is odd, so its slope is even.",
        ),
        (("1 - h[:, t + 1] ** 2", "1 - h[:, t + 1]"),),
    ),
    Mistake(
        "slope-on-the-wrong-side",
        "gradient_norms",
        "the slope multiplies the wrong side of the weights",
        "Weights and slope are multiplied.",
        (
            "Does the slope belong to the old or to the new state's index?",
            "Look at which axis of Wh the slope goes along.",
            "First the weights act, then tanh: the slope belongs to what comes out of the weights.",
        ),
        (("slope[:, None, :]", "slope[:, :, None]"),),
    ),
    Mistake(
        "product-in-the-wrong-order",
        "gradient_norms",
        "the steps are multiplied in the wrong order",
        "A product is a product.",
        (
            "Which step's matrix stands next to the vector that is pushed through?",
            "Look at the side on which a new factor joins the product.",
            "Matrices do not commute; the chain rule lines the steps up in the order of time.",
        ),
        ((_PRODUCT, "jacobian = jacobian @ (Wh * slope[:, None, :])"),),
    ),
    Mistake(
        "one-step-only",
        "gradient_norms",
        "each entry spans one step only",
        "The Jacobian of a step is what matters.",
        (
            "How many steps lie between h[:, 0] and the last state?",
            "Look at whether one round of the loop uses the result of the round before.",
            "The way to the last state goes through all steps in between, and their matrices multiply.",
        ),
        ((_PRODUCT, "jacobian = Wh * slope[:, None, :]"),),
    ),
    Mistake(
        "product-of-norms",
        "gradient_norms",
        "norms are multiplied instead of matrices",
        "The norm of a product is the product of the norms.",
        (
            "Can a second step shrink the very direction that the first step stretched?",
            "Look at what is multiplied from step to step: matrices or numbers?",
            "The product of the norms is a bound only; directions matter.",
        ),
        (
            ("    jacobian = np.broadcast_to(np.eye(H), (N, H, H))\n", ""),
            (_PRODUCT, "jacobian = Wh * slope[:, None, :]"),
            (_SINGULAR, f"norms[:, t + 1] * {_SINGULAR}"),
        ),
    ),
    Mistake(
        "transposed-weights",
        "gradient_norms",
        "the weights are transposed",
        "Wh is square, so either way fits.",
        (
            "In Wh[i, j], which index belongs to the old state?",
            "Look at which axis of Wh the slope goes along.",
            "Weights act from the right here: a row of the state times a column of the weights.",
        ),
        (("(Wh * slope[:, None, :])", "(Wh.T * slope[:, None, :])"),),
    ),
    Mistake(
        "one-step-too-far",
        "gradient_norms",
        "every entry is one step off",
        "The product for step t starts with step t.",
        (
            "What is the Jacobian of the last state with respect to itself?",
            "Look at the last column of your result.",
            "norms[n, T - 1] is 1: there is no step in between.",
        ),
        source="""
def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    jacobian = np.broadcast_to(np.eye(H), (N, H, H))
    for t in reversed(range(T)):
        slope = 1 - h[:, t] ** 2
        jacobian = (Wh * slope[:, None, :]) @ jacobian
        norms[:, t] = np.linalg.norm(jacobian, ord=2, axis=(1, 2))
    return norms
""",
    ),
    Mistake(
        "from-the-first-state",
        "gradient_norms",
        "how much each state depends on the first one",
        "The gradient is followed through the sequence from its beginning.",
        (
            "Which state is held fixed in your Jacobians: the last or the first?",
            "Look at the direction of the loop.",
            "Wanted is how the last state depends on each earlier one.",
        ),
        source="""
def gradient_norms(h, Wh):
    N, T, H = h.shape
    norms = np.ones((N, T))
    jacobian = np.broadcast_to(np.eye(H), (N, H, H))
    for t in range(1, T):
        slope = 1 - h[:, t] ** 2
        jacobian = jacobian @ (Wh * slope[:, None, :])
        norms[:, t] = np.linalg.norm(jacobian, ord=2, axis=(1, 2))
    return norms
""",
    ),
    Mistake(
        "averaged-over-batch",
        "gradient_norms",
        "one number for all sequences",
        "The norms of a batch are averaged.",
        (
            "How many numbers per step should there be?",
            "Look at what happens to the batch axis.",
            "Each sequence has its own states, hence its own Jacobians.",
        ),
        ((_SINGULAR, f"{_SINGULAR}.mean()"),),
    ),
]

MISTAKES: list[Mistake] = [
    *NUMERICAL_GRADIENT,
    *RELATIVE_ERROR,
    *RNN_STEP_FORWARD,
    *RNN_STEP_BACKWARD,
    *RNN_FORWARD,
    *RNN_BACKWARD,
    *TEMPORAL_AFFINE_FORWARD,
    *TEMPORAL_AFFINE_BACKWARD,
    *TEMPORAL_SOFTMAX_LOSS,
    *CLIP_GRAD_NORM,
    *TRUNCATED_BPTT,
    *GRADIENT_NORMS,
]
