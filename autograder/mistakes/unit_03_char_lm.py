"""Known mistakes of unit 3, a language model of characters.

The classics of each function, and what character models seen in the wild do. Every mistake is a change of the
reference module; `tests/test_mistakes_03.py` hands each of them in and requires that it is caught and named.
"""

from __future__ import annotations

from autograder.mistakes import Mistake

_VOCAB = "return sorted(set(text))"

BUILD_VOCAB = [
    Mistake(
        "first-seen-first",
        "build_vocab",
        "the characters are not in sorted order",
        "Each character once is all that matters.",
        (
            "Would two texts with the same characters give you the same vocabulary?",
            "Look at what decides the order of your characters.",
            "A number means something only if everybody counts the characters in the same order.",
        ),
        ((_VOCAB, "return list(dict.fromkeys(text))"),),
    ),
    Mistake(
        "characters-repeated",
        "build_vocab",
        "characters occur more than once",
        "The vocabulary is the text in alphabetical order.",
        (
            "How long is your vocabulary for a text of a million characters?",
            "Look for the place where repeated characters are dropped.",
            "A vocabulary lists what may occur, however often it does.",
        ),
        ((_VOCAB, "return sorted(text)"),),
    ),
    Mistake(
        "a-set",
        "build_vocab",
        "a collection that has no order",
        "A set holds every character once.",
        (
            "Which character is number 3 in your vocabulary, and will it be number 3 tomorrow?",
            "Look at the type of what you return.",
            "A set knows what is in it, but not where; a place needs something with an order.",
        ),
        ((_VOCAB, "return set(text)"),),
    ),
    Mistake(
        "descending",
        "build_vocab",
        "sorted the wrong way round",
        "Sorted is sorted.",
        (
            "Which character comes first in your vocabulary, which last?",
            "Look at the direction in which you sort.",
            "Without a word about it, sorted means from the smallest to the largest.",
        ),
        ((_VOCAB, "return sorted(set(text), reverse=True)"),),
    ),
    Mistake(
        "lower-case-only",
        "build_vocab",
        "upper and lower case are made one",
        "A and a are the same letter.",
        (
            "Can your vocabulary give back a text with capital letters?",
            "Look at what you do to the text before you collect its characters.",
            "A model of characters knows nothing of letters: to it, the two cases are as different as a and b.",
        ),
        ((_VOCAB, "return sorted(set(text.lower()))"),),
    ),
    Mistake(
        "words-instead-of-characters",
        "build_vocab",
        "words instead of characters",
        "A vocabulary is a list of words.",
        (
            "How long is each entry of your vocabulary?",
            "Look at whether you cut the text somewhere.",
            "A string is already a sequence of characters; this model reads those.",
        ),
        ((_VOCAB, "return sorted(set(text.split()))"),),
    ),
    Mistake(
        "white-space-left-out",
        "build_vocab",
        "spaces and line ends are missing",
        "White space is no character.",
        (
            "How should the model write two words, or two lines?",
            "Look for something that drops what cannot be seen.",
            "To a model of characters, a space is as much of a character as a letter; Python code is full of them.",
        ),
        ((_VOCAB, "return sorted(c for c in set(text) if not c.isspace())"),),
    ),
    Mistake(
        "plain-letters-only",
        "build_vocab",
        "characters beyond the English keyboard are missing",
        "Text is ASCII.",
        (
            "What happens to an é in your function?",
            "Look for a condition on which characters are let in.",
            "Whatever occurs in the text needs a number, or the text cannot be encoded.",
        ),
        ((_VOCAB, "return sorted(c for c in set(text) if c.isascii())"),),
    ),
    Mistake(
        "most-frequent-first",
        "build_vocab",
        "ordered by how often the characters occur",
        "Frequent characters deserve small numbers.",
        (
            "What order does the docstring ask for?",
            "Look at what you sort by.",
            "The order is an agreement; what counts is that it depends on the set of characters alone.",
        ),
        ((_VOCAB, "return sorted(dict.fromkeys(text), key=text.count, reverse=True)"),),
    ),
    Mistake(
        "a-dictionary",
        "build_vocab",
        "a dictionary instead of a list",
        "The vocabulary says which number a character has.",
        (
            "What does entry number 0 of your vocabulary give?",
            "Look at the type of what you return, and at what encode and decode expect to be handed.",
            "A list already holds both directions: what is at a place, and at which place something is.",
        ),
        ((_VOCAB, "return {c: i for i, c in enumerate(sorted(set(text)))}"),),
    ),
]

_ENCODED = "np.array([place[character] for character in text], dtype=np.int64)"

ENCODE = [
    Mistake(
        "counted-from-one",
        "encode",
        "the places are counted from one",
        "The first character has number one.",
        (
            "Which number has the last of V characters, and is there such a row in a table of V rows?",
            "Look at where the counting begins.",
            "In Python the first place is number 0, and the last is V - 1.",
        ),
        (("enumerate(vocab)", "enumerate(vocab, 1)"),),
    ),
    Mistake(
        "code-points",
        "encode",
        "numbers that do not come from the vocabulary",
        "Every character has a number already.",
        (
            "Which number does your function give a space, and how many rows has a table of V characters?",
            "Look at whether the vocabulary plays any part in your numbers.",
            "Unicode numbers more than a million characters; the model has only those of its text.",
        ),
        ((_ENCODED, "np.array([ord(character) for character in text], dtype=np.int64)"),),
    ),
    Mistake(
        "vocabulary-made-anew",
        "encode",
        "the vocabulary that is handed over is not used",
        "The vocabulary is the set of the text's characters.",
        (
            "If only half of the vocabulary occurs in this text, which numbers should come out?",
            "Look at where the places that you look up come from.",
            "A short text has to get the same numbers as the long one that the vocabulary was made of.",
        ),
        (("enumerate(vocab)", "enumerate(sorted(set(text)))"),),
    ),
    Mistake(
        "places-as-first-seen",
        "encode",
        "numbers in the order of appearance",
        "New characters get the next free number.",
        (
            "Does the same character get the same number in two different texts?",
            "Look at where the places that you look up come from.",
            "The vocabulary fixes the numbers once; a text only looks them up.",
        ),
        (("enumerate(vocab)", "enumerate(dict.fromkeys(text))"),),
    ),
    Mistake(
        "floats",
        "encode",
        "the numbers are not whole numbers",
        "An array of numbers is an array of numbers.",
        (
            "What happens if you use your result as an index?",
            "Look at the dtype of your array, and at how it was made.",
            "A place is counted, not measured: arrays made without a word about it hold floats.",
        ),
        (("dtype=np.int64", "dtype=np.float64"),),
    ),
    Mistake(
        "vectors-already",
        "encode",
        "vectors instead of numbers",
        "A network needs one-hot vectors.",
        (
            "How many numbers per character does the docstring promise?",
            "Look at the shape of your result.",
            "One step at a time: a character's number first; its vector is another function's work.",
        ),
        (("return np.array", "return np.eye(len(vocab))[np.array"), ("dtype=np.int64)", "dtype=np.int64)]")),
    ),
    Mistake(
        "each-character-once",
        "encode",
        "a character that occurs again is left out",
        "Every character gets its number.",
        (
            "How long should the result be for a text of M characters?",
            "Look at what your loop goes over.",
            "The numbers stand for the text, letter for letter, not for the list of its letters.",
        ),
        (("for character in text]", "for character in dict.fromkeys(text)]"),),
    ),
    Mistake(
        "bytes-not-characters",
        "encode",
        "bytes instead of characters",
        "A character is a byte.",
        (
            "How many numbers does your function make of an é?",
            "Look at whether the text becomes bytes somewhere.",
            "A character may take several bytes; a str is made of characters.",
        ),
        ((_ENCODED, "np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64)"),),
    ),
    Mistake(
        "a-row-of-numbers",
        "encode",
        "one axis too many",
        "A network wants a batch.",
        (
            "Which shape does the docstring give?",
            "Look for brackets or a reshape that add an axis.",
            "One text has one axis; batches are cut from it later.",
        ),
        ((_ENCODED, "np.array([[place[character] for character in text]], dtype=np.int64)"),),
    ),
]

_DECODED = '"".join(vocab[i] for i in ids)'

DECODE = [
    Mistake(
        "a-list-of-characters",
        "decode",
        "the characters are not put together",
        "The characters are the text.",
        (
            "What does print show of your result?",
            "Look at the type of what you return.",
            "A str is one thing; a list of strings is many.",
        ),
        ((_DECODED, "[vocab[i] for i in ids]"),),
    ),
    Mistake(
        "spaces-between",
        "decode",
        "something stands between the characters",
        "A space separates entries.",
        (
            "How long is your text for M numbers?",
            "Look at what you put between two characters.",
            "The spaces of the text have numbers of their own.",
        ),
        (('"".join', '" ".join'),),
    ),
    Mistake(
        "code-points",
        "decode",
        "the numbers are taken for Unicode's",
        "Every number is a character already.",
        (
            "What is character number 0 in the vocabulary, and what in your result?",
            "Look at whether the vocabulary plays any part in your text.",
            "The numbers are places in this vocabulary; nothing else knows what they mean.",
        ),
        ((_DECODED, '"".join(chr(i) for i in ids)'),),
    ),
    Mistake(
        "counted-from-one",
        "decode",
        "every character is the neighbour of the right one",
        "The first character has number one.",
        (
            "Which character belongs to the number 0?",
            "Look at the index.",
            "In Python the first place is number 0; and -1 is the last.",
        ),
        (("vocab[i]", "vocab[i - 1]"),),
    ),
    Mistake(
        "numbers-as-text",
        "decode",
        "the numbers themselves are written down",
        "A str of the numbers is a text.",
        (
            "Which characters does your text consist of?",
            "Look for the place where a number becomes a character.",
            "A number is written with digits; what it stands for is in the vocabulary.",
        ),
        ((_DECODED, '"".join(str(i) for i in ids)'),),
    ),
    Mistake(
        "text-of-a-list",
        "decode",
        "brackets and quotation marks are part of the text",
        "Making a str of a list puts it together.",
        (
            "What is the first character of your result?",
            "Look at what turns the list into a str.",
            "A list's str is how Python would write the list, not what is in it.",
        ),
        ((_DECODED, "str([vocab[i] for i in ids])"),),
    ),
    Mistake(
        "looked-up-backwards",
        "decode",
        "the vocabulary is searched for a number",
        "The index of a number in the vocabulary is its character.",
        (
            "What is in the vocabulary: characters or numbers?",
            "Look at what you search for, and in what.",
            "From a place to what is there is indexing; from what is there to its place is searching.",
        ),
        (("vocab[i]", "vocab.index(i)"),),
    ),
    Mistake(
        "white-space-trimmed",
        "decode",
        "white space at the ends is lost",
        "Spaces at the ends are noise.",
        (
            "How long is your text for M numbers?",
            "Look at what happens to the text after it is put together.",
            "Decoding undoes encoding, character for character.",
        ),
        ((_DECODED, f"{_DECODED}.strip()"),),
    ),
    Mistake(
        "each-character-once",
        "decode",
        "a character that occurs again is left out",
        "Every number gives its character.",
        (
            "How long should the text be for M numbers?",
            "Look at what your loop goes over.",
            "The numbers stand for the text, letter for letter.",
        ),
        (("for i in ids", "for i in dict.fromkeys(ids.tolist())"),),
    ),
]

_EYE = "np.eye(V)[ids]"

ONE_HOT = [
    Mistake(
        "all-in-a-row",
        "one_hot",
        "the axes of the numbers are lost",
        "One vector per number makes a matrix.",
        (
            "Which shape should the result have for a batch of sequences?",
            "Look for something that makes one axis of many.",
            "A vector takes the place of each number; the arrangement of the numbers stays.",
        ),
        ((_EYE, "np.eye(V)[np.ravel(ids)]"),),
    ),
    Mistake(
        "one-axis-only",
        "one_hot",
        "it works for a list of numbers, and for no other shape",
        "The numbers stand in a row.",
        (
            "What should come out for numbers of shape (2, 3), and for a single number?",
            "Look at how your indices say which vector gets its 1.",
            "The shape of the result is that of ids with one more axis, whatever the shape of ids is.",
        ),
        source="""
def one_hot(ids, V):
    vectors = np.zeros((len(ids), V))
    vectors[np.arange(len(ids)), ids] = 1.0
    return vectors
""",
    ),
    Mistake(
        "classes-first",
        "one_hot",
        "the vectors stand on another axis",
        "The classes come first.",
        (
            "Along which axis of your result do the entries sum to 1?",
            "Look at where the new axis stands.",
            "What is new comes last: each number, wherever it stands, becomes a vector there.",
        ),
        ((_EYE, "np.moveaxis(np.eye(V)[ids], -1, 0)"),),
    ),
    Mistake(
        "counted-from-one",
        "one_hot",
        "the 1 stands one place away from where it should be",
        "The first class has number one.",
        (
            "Where is the 1 in the vector of the number 0?",
            "Look at the index.",
            "Places are counted from 0, and so are the entries of a vector.",
        ),
        ((_EYE, "np.eye(V)[ids - 1]"),),
    ),
    Mistake(
        "as-long-as-needed",
        "one_hot",
        "the length of the vectors depends on the numbers",
        "The largest number says how many classes there are.",
        (
            "How long are your vectors if the last class does not occur?",
            "Look at where the length comes from.",
            "Vectors of different texts have to fit the same weights, so their length is agreed upon beforehand.",
        ),
        ((_EYE, "np.eye(np.max(ids) + 1)[ids]"),),
    ),
    Mistake(
        "ones-up-to-the-number",
        "one_hot",
        "more than one entry is 1",
        "A larger number has more ones.",
        (
            "What is the sum of each of your vectors?",
            "Look at the comparison that decides where the ones are.",
            "Class 3 is not more than class 2: a class is another direction, not another length.",
        ),
        ((_EYE, "(np.arange(V) <= np.asarray(ids)[..., None]).astype(float)"),),
    ),
    Mistake(
        "minus-one-elsewhere",
        "one_hot",
        "entries are -1 where they should be 0",
        "Yes is 1 and no is -1.",
        (
            "What does a product of your vector with a table of weights give?",
            "Look at what stands everywhere but at the number's place.",
            "With zeros elsewhere, a product picks out one row; anything else mixes all rows.",
        ),
        ((_EYE, "2 * np.eye(V)[ids] - 1"),),
    ),
    Mistake(
        "the-number-itself",
        "one_hot",
        "the number stands where a 1 should be",
        "The vector holds the number at its place.",
        (
            "What is the vector of the number 0 in your function?",
            "Look at what you write into the vector.",
            "The place says which class it is; what stands there only says: this one.",
        ),
        ((_EYE, "np.eye(V)[ids] * np.asarray(ids)[..., None]"),),
    ),
    Mistake(
        "one-vector-for-all",
        "one_hot",
        "all numbers share one vector",
        "The vector has a 1 for each number that occurs.",
        (
            "How many vectors should there be for M numbers?",
            "Look at the shape of the zeros that you start from.",
            "One vector for all says which classes occur, but not where and how often.",
        ),
        source="""
def one_hot(ids, V):
    vectors = np.zeros(V)
    vectors[ids] = 1.0
    return vectors
""",
    ),
    Mistake(
        "a-one-in-every-row",
        "one_hot",
        "each vector has the ones of all",
        "Indexing the last axis sets each vector's own entry.",
        (
            "How many ones has each vector, and how many should it have?",
            "Look at the assignment: for which vectors does it set which entries?",
            "A list of columns alone is applied to every row; to pair rows with columns, both have to be named.",
        ),
        source="""
def one_hot(ids, V):
    vectors = np.zeros(np.shape(ids) + (V,))
    vectors[..., ids] = 1.0
    return vectors
""",
    ),
]

_TABLE = "return W[x], (x, W.shape)"

WORD_EMBEDDING_FORWARD = [
    Mistake(
        "counted-from-one",
        "word_embedding_forward",
        "every row is the neighbour of the right one",
        "The first character has number one.",
        (
            "Which row belongs to the number 0?",
            "Look at the index.",
            "Rows are counted from 0; and -1 is the last.",
        ),
        ((_TABLE, "return W[x - 1], (x, W.shape)"),),
    ),
    Mistake(
        "columns-instead-of-rows",
        "word_embedding_forward",
        "columns are looked up instead of rows",
        "The table has one column per character.",
        (
            "Which of the two axes of the table is as long as the vocabulary?",
            "Look at which axis you index.",
            "The table's shape says what its axes mean: one row per character.",
        ),
        ((_TABLE, "return W[:, x], (x, W.shape)"),),
    ),
    Mistake(
        "all-in-a-row",
        "word_embedding_forward",
        "sequences and steps share one axis",
        "A table is looked up number by number.",
        (
            "Which shape does the docstring give, and which has your result?",
            "Look for something that makes one axis of two.",
            "An index of any shape gives a result of that shape, with the rows behind.",
        ),
        ((_TABLE, "return W[x.ravel()], (x, W.shape)"),),
    ),
    Mistake(
        "no-cache",
        "word_embedding_forward",
        "the vectors alone are returned",
        "The function looks vectors up.",
        (
            "What will the backward function need, and where will it find it?",
            "Look at the return statement and at the docstring's Returns.",
            "Backward is a second function: what it should know of forward has to be handed over.",
        ),
        ((_TABLE, "return W[x]"),),
    ),
    Mistake(
        "scaled-with-the-width",
        "word_embedding_forward",
        "the vectors are scaled",
        "Embeddings are multiplied by the root of their width.",
        (
            "Is your result a row of the table, number for number?",
            "Look for a factor.",
            "Other architectures scale their embeddings; the docstring here promises the rows as they are.",
        ),
        ((_TABLE, "return W[x] * np.sqrt(W.shape[1]), (x, W.shape)"),),
    ),
    Mistake(
        "averaged-over-the-sequence",
        "word_embedding_forward",
        "the characters of a sequence are averaged",
        "One vector stands for a sequence.",
        (
            "Would your result change if the characters of a sequence changed places?",
            "Look for a mean or a sum.",
            "A recurrent network reads one character after another; what order they had must not be lost.",
        ),
        ((_TABLE, "return W[x].mean(axis=1), (x, W.shape)"),),
    ),
    Mistake(
        "steps-first",
        "word_embedding_forward",
        "the step comes before the sequence",
        "Time is the first axis.",
        (
            "Which axis of your result is as long as the batch?",
            "Look for something that exchanges axes.",
            "The axes of the result are those of the numbers, in their order, and one more.",
        ),
        ((_TABLE, "return W[x.T], (x, W.shape)"),),
    ),
    Mistake(
        "first-character-only",
        "word_embedding_forward",
        "only one character of each sequence is looked up",
        "A sequence begins with its first character.",
        (
            "How many vectors should come out for N sequences of T characters?",
            "Look at what your index leaves of the numbers.",
            "Every number of the array gets its own row.",
        ),
        ((_TABLE, "return W[x[:, 0]], (x, W.shape)"),),
    ),
]

_ADD_AT = "np.add.at(dW, x, dout)  # unlike dW[x] += dout, it adds for every occurrence"

WORD_EMBEDDING_BACKWARD = [
    Mistake(
        "occurrences-overwritten",
        "word_embedding_backward",
        "only one occurrence of a character counts",
        "Adding at these rows adds every gradient to its row.",
        (
            "If a character occurs five times in the chunk, how many terms has its row's gradient, and how many has yours?",
            "Look at the line that adds, and try it on a batch that consists of one character again and again.",
            "A row that was read five times has five ways to the loss. Adding at a list of places reads all of them "
            "first and writes all of them afterwards, so of equal places only one is left.",
        ),
        ((_ADD_AT, "dW[x] += dout"),),
    ),
    Mistake(
        "overwritten-within-a-sequence",
        "word_embedding_backward",
        "of equal characters in a sequence only one counts",
        "A loop over the sequences makes the rows different.",
        (
            "Can a character occur twice in one sequence?",
            "Look at what one pass of your loop adds, and to which rows.",
            "Adding at a list of places reads all of them first and writes all of them afterwards.",
        ),
        ((_ADD_AT, "for n in range(len(x)):\n        dW[x[n]] += dout[n]"),),
    ),
    Mistake(
        "overwritten-within-a-step",
        "word_embedding_backward",
        "of equal characters at the same step only one counts",
        "A loop over the steps makes the rows different.",
        (
            "Can two sequences have the same character at the same step?",
            "Look at what one pass of your loop adds, and to which rows.",
            "Adding at a list of places reads all of them first and writes all of them afterwards.",
        ),
        ((_ADD_AT, "for t in range(x.shape[1]):\n        dW[x[:, t]] += dout[:, t]"),),
    ),
    Mistake(
        "averaged-over-occurrences",
        "word_embedding_backward",
        "the occurrences of a character are averaged",
        "A frequent character must not get a larger gradient.",
        (
            "If a row is used twice, what happens to the loss when it grows a little?",
            "Look for a division by a count.",
            "Ways to the loss add up; nothing in the chain rule divides.",
        ),
        ((_ADD_AT, f"{_ADD_AT}\n    dW /= np.maximum(1, np.bincount(x.ravel(), minlength=shape[0]))[:, None]"),),
    ),
    Mistake(
        "averaged-over-the-batch",
        "word_embedding_backward",
        "divided by the number of sequences",
        "Gradients are averaged over the batch.",
        (
            "Where in the model is the loss divided by N, and has it been done when dout arrives?",
            "Look for a division.",
            "A layer's backward pass multiplies what arrives by its own derivative; the average belongs to the loss.",
        ),
        (("return dW", "return dW / len(x)"),),
    ),
    Mistake(
        "averaged-over-everything",
        "word_embedding_backward",
        "divided by the number of characters",
        "Gradients are averaged over all positions.",
        (
            "Where in the model is the loss averaged, and has it been done when dout arrives?",
            "Look for a division.",
            "A layer's backward pass multiplies what arrives by its own derivative; the average belongs to the loss.",
        ),
        (("return dW", "return dW / x.size"),),
    ),
    Mistake(
        "as-many-rows-as-needed",
        "word_embedding_backward",
        "rows that were not used are missing",
        "The largest number says how many rows there are.",
        (
            "Which shape has the table, and which has your gradient?",
            "Look at where the number of rows comes from.",
            "A gradient has the shape of what it belongs to; a row that was not used has a gradient of zero.",
        ),
        (("np.zeros(shape)", "np.zeros((x.max() + 1, shape[1]))"),),
    ),
    Mistake(
        "last-step-only",
        "word_embedding_backward",
        "only the last step counts",
        "The gradient arrives at the last character.",
        (
            "How many characters of each sequence were looked up?",
            "Look at the indentation in your loops, and at which steps are visited.",
            "Each character of each sequence read a row, so each sends a gradient back to one.",
        ),
        ((_ADD_AT, "np.add.at(dW, x[:, -1], dout[:, -1])"),),
    ),
    Mistake(
        "transposed",
        "word_embedding_backward",
        "the axes of the table are exchanged",
        "A gradient of a product is a transposed product.",
        (
            "Which shape has the table, and which has your gradient?",
            "Look at the last thing that happens to the result.",
            "A gradient has the shape of what it belongs to.",
        ),
        (("return dW", "return dW.T"),),
    ),
    Mistake(
        "two-gradients",
        "word_embedding_backward",
        "a gradient for the numbers, too",
        "Every input gets a gradient.",
        (
            "Can a character's number grow by a millionth?",
            "Look at the return statement and at the docstring's Returns.",
            "What cannot change a little has no derivative.",
        ),
        (("return dW", "return np.zeros(x.shape), dW"),),
    ),
]

_CUT = "return [(inputs[:, s : s + T], targets[:, s : s + T]) for s in range(0, L - T + 1, T)]"
_TARGETS = "targets = text[1 : N * L + 1].reshape(N, L)"

TBPTT_BATCHES = [
    Mistake(
        "targets-are-inputs",
        "tbptt_batches",
        "the targets are the inputs",
        "The model should reproduce the text.",
        (
            "What does the model have to know to get your targets right?",
            "Look at where the targets begin in the text.",
            "A language model predicts what comes next, so a target lies ahead of its input.",
        ),
        ((_TARGETS, "targets = text[: N * L].reshape(N, L)"),),
    ),
    Mistake(
        "targets-behind",
        "tbptt_batches",
        "the targets are the characters before",
        "The targets are shifted by one place.",
        (
            "Take the text 'abc': after which character should the model say b?",
            "Look at the direction of the shift.",
            "To look one place ahead, the index has to be larger, not smaller.",
        ),
        ((_TARGETS, "targets = np.roll(text, 1)[: N * L].reshape(N, L)"),),
    ),
    Mistake(
        "targets-wrap-around-the-stream",
        "tbptt_batches",
        "the last target of each stream is its first character",
        "Rolling a row shifts it by one.",
        (
            "Which character follows the last one of a stream, in the text and in your targets?",
            "Look at the last column of the last chunk.",
            "The text goes on behind the end of a stream; rolling brings back what fell off at the other end.",
        ),
        ((_TARGETS, "targets = np.roll(inputs, -1, axis=1)"),),
    ),
    Mistake(
        "targets-wrap-around-the-chunk",
        "tbptt_batches",
        "the last target of each row is the first character of its chunk",
        "The targets are the inputs, moved by one.",
        (
            "Which character follows the last one of a row, in the text and in your targets?",
            "Look at the last column of the targets of every chunk.",
            "The text goes on behind the end of a chunk. What follows its last character is the first of the next chunk.",
        ),
        (
            (_TARGETS, "targets = inputs"),
            (
                _CUT,
                "return [(c, np.roll(c, -1, axis=1)) for c in (inputs[:, s : s + T] for s in range(0, L - T + 1, T))]",
            ),
        ),
    ),
    Mistake(
        "no-room-for-the-last-target",
        "tbptt_batches",
        "the streams are too long by what the last target needs",
        "M characters in N streams make M // N each.",
        (
            "How many characters does the text need behind the last input?",
            "Look at the length of the streams, for a text that N divides.",
            "Every input needs a character after it; the last character of all can be a target only.",
        ),
        (("(len(text) - 1) // N", "len(text) // N"),),
    ),
    Mistake(
        "targets-within-the-stream",
        "tbptt_batches",
        "a stream keeps its last character for a target",
        "M characters in N streams make M // N each, and the last of each is a target only.",
        (
            "What follows the last character of a stream in the text?",
            "Look at the length of the streams, for a text that N divides, and at the number of chunks.",
            "Only the last character of the whole text has none after it. Within the text, a stream's last target is the first character of the next stream.",
        ),
        source="""
def tbptt_batches(text, N, T):
    L = len(text) // N
    streams = text[: N * L].reshape(N, L)
    starts = range(0, (L - 1) // T * T, T)
    return [(streams[:, s : s + T], streams[:, s + 1 : s + T + 1]) for s in starts]
""",
    ),
    Mistake(
        "streams-of-whole-chunks",
        "tbptt_batches",
        "the streams are cut to whole chunks before they begin",
        "What does not fill a chunk is dropped first, then the rest is cut into N streams.",
        (
            "At which character of the text does your second stream begin?",
            "Look at the length of your streams, for a text that is a little longer than whole chunks.",
            "The text is shared out first, as evenly as it goes. What is left over is left out at the end of every stream.",
        ),
        (("L = (len(text) - 1) // N", "L = (len(text) - 1) // (N * T) * T"),),
    ),
    Mistake(
        "targets-wrap-around-the-text",
        "tbptt_batches",
        "the last target of all is the first character of the text",
        "Rolling the text shifts it by one.",
        (
            "Which character follows the last one of the text?",
            "Look at the length of the streams, for a text that N divides, and at the very last target.",
            "Nothing follows the last character, so it can be a target only; rolling brings back what fell off.",
        ),
        (
            ("(len(text) - 1) // N", "len(text) // N"),
            (_TARGETS, "targets = np.roll(text, -1)[: N * L].reshape(N, L)"),
        ),
    ),
    Mistake(
        "neighbours-in-different-streams",
        "tbptt_batches",
        "neighbours in the text stand in different rows",
        "Reshaping deals the characters out.",
        (
            "Read one row of a chunk aloud: is it a piece of the text?",
            "Look at the order in which reshape fills its axes.",
            "Each stream is one long piece of the text; what is next to each other in it stays so in the row.",
        ),
        (
            ("inputs = text[: N * L].reshape(N, L)", "inputs = text[: N * L].reshape(L, N).T"),
            (_TARGETS, "targets = text[1 : N * L + 1].reshape(L, N).T"),
        ),
    ),
    Mistake(
        "rows-do-not-go-on",
        "tbptt_batches",
        "a row does not go on where it stopped in the chunk before",
        "The text is cut into pieces of T, and N of them make a batch.",
        (
            "Which character stands before the first one of row 1 of chunk 1, and what has the state of row 1 read last?",
            "Look at which piece of the text each row gets from one chunk to the next.",
            "The state of a row remembers what that row has read; it is worth something only if the row reads on.",
        ),
        source="""
def tbptt_batches(text, N, T):
    L = (len(text) - 1) // N
    K = L // T
    x = text[: K * N * T].reshape(K, N, T)
    y = text[1 : K * N * T + 1].reshape(K, N, T)
    return list(zip(x, y))
""",
    ),
    Mistake(
        "overlapping-chunks",
        "tbptt_batches",
        "the chunks overlap",
        "Each chunk begins one character after the one before.",
        (
            "How often does a character in the middle of the text occur in your chunks?",
            "Look at how far apart two chunks begin.",
            "The state has read a whole chunk when the next one begins; it must not read the same characters again.",
        ),
        (("range(0, L - T + 1, T)", "range(0, L - T + 1)"),),
    ),
    Mistake(
        "short-chunk-at-the-end",
        "tbptt_batches",
        "the last chunk is shorter than the others",
        "What is left over is a chunk as well.",
        (
            "Which shape does the docstring promise for each chunk?",
            "Look at where the last chunk begins.",
            "What does not fill a chunk is left out: fewer than T characters of each stream.",
        ),
        (("range(0, L - T + 1, T)", "range(0, L, T)"),),
    ),
    Mistake(
        "last-chunk-missing",
        "tbptt_batches",
        "the last chunk is left out",
        "The last chunk begins before L - T.",
        (
            "If each stream has exactly three times T characters, how many chunks are there?",
            "Look at the end of the range.",
            "A chunk that ends exactly where its stream ends is still a whole chunk.",
        ),
        (("range(0, L - T + 1, T)", "range(0, L - T, T)"),),
    ),
    Mistake(
        "chunks-give-up-a-character",
        "tbptt_batches",
        "each chunk is one character short",
        "Inputs are a piece without its last character, targets without its first.",
        (
            "Which shape has each of your x, and which should it have?",
            "Look at the border of two chunks: is every character of the stream an input once?",
            "The target of a chunk's last input is the first character of the next chunk.",
        ),
        ((_CUT, "return [(inputs[:, s : s + T - 1], inputs[:, s + 1 : s + T]) for s in range(0, L - T + 1, T)]"),),
    ),
    Mistake(
        "streams-not-cut",
        "tbptt_batches",
        "the streams are not cut into chunks",
        "N streams are the batches.",
        (
            "How many characters has each row of your x?",
            "Look for T in your function.",
            "Backpropagation goes back T characters, so a chunk has T.",
        ),
        ((_CUT, "return [(inputs, targets)]"),),
    ),
    Mistake(
        "steps-first",
        "tbptt_batches",
        "the step comes before the stream",
        "Time is the first axis.",
        (
            "Which shape does the docstring give?",
            "Look at the order of the axes of x and y.",
            "In this course the batch comes first, then time.",
        ),
        ((_CUT, "return [(inputs[:, s : s + T].T, targets[:, s : s + T].T) for s in range(0, L - T + 1, T)]"),),
    ),
    Mistake(
        "two-lists",
        "tbptt_batches",
        "two lists instead of a list of pairs",
        "The inputs and the targets are returned.",
        (
            "What does a loop over your result hand out first?",
            "Look at the return statement and at the docstring's Returns.",
            "Training takes one chunk at a time, with its inputs and its targets together.",
        ),
        (
            (
                _CUT,
                "k = range(0, L - T + 1, T)\n    return [inputs[:, s : s + T] for s in k], [targets[:, s : s + T] for s in k]",
            ),
        ),
    ),
    Mistake(
        "targets-and-inputs-exchanged",
        "tbptt_batches",
        "inputs and targets have changed places",
        "A pair is a pair.",
        (
            "Which of the two comes later in the text?",
            "Look at the order within each pair.",
            "First what the model reads, then what it should say.",
        ),
        ((_CUT, "return [(targets[:, s : s + T], inputs[:, s : s + T]) for s in range(0, L - T + 1, T)]"),),
    ),
]

_LOSS = "loss, dscores = temporal_softmax_loss(scores, y, np.ones(y.shape, dtype=bool))"
_RETURN = "return loss, grads, h[:, -1]"
_DWE = 'grads["We"] = word_embedding_backward(dembedded, embedding_cache)'
_MASK = "np.ones(y.shape, dtype=bool)"

CHAR_RNN_LOSS = [
    Mistake(
        "loss-per-character",
        "char_rnn_loss",
        "the loss is averaged over time, its gradients are not",
        "The loss of a chunk is the mean over its characters.",
        (
            "If the loss is a mean over T characters, what are its gradients?",
            "Look at what happens to the loss between the softmax and the return statement.",
            "A loss and its gradients are one function and its derivatives: what divides one divides the others.",
        ),
        ((_RETURN, "return loss / x.shape[1], grads, h[:, -1]"),),
    ),
    Mistake(
        "everything-per-character",
        "char_rnn_loss",
        "averaged over time",
        "The loss of a chunk is the mean over its characters.",
        (
            "What does the docstring divide the loss by?",
            "Look for a division by the number of steps, in the loss and in its gradient.",
            "A mean over time is a sensible loss as well, but another one: all gradients are smaller by T.",
        ),
        ((_LOSS, f"{_LOSS}\n    loss, dscores = loss / x.shape[1], dscores / x.shape[1]"),),
    ),
    Mistake(
        "gradients-clipped",
        "char_rnn_loss",
        "the gradients are clipped before they are returned",
        "Gradients of recurrent networks have to be clipped.",
        (
            "Are the numbers that you return the derivatives of the loss that you return?",
            "Look at what happens to the gradients after the last step back.",
            "What is done with a gradient is the training loop's decision; a function that gives one gives it as it is.",
        ),
        ((_RETURN, "return loss, {name: np.clip(g, -5, 5) for name, g in grads.items()}, h[:, -1]"),),
    ),
    Mistake(
        "state-not-carried",
        "char_rnn_loss",
        "the state that is returned is the one that came in",
        "The next chunk starts like this one.",
        (
            "What has the state that you return read of this chunk?",
            "Look at the last value of the return statement.",
            "Carrying a state means that the next chunk starts where this one has stopped.",
        ),
        ((_RETURN, "return loss, grads, h0"),),
    ),
    Mistake(
        "state-after-the-first-character",
        "char_rnn_loss",
        "the state after the first character is returned",
        "h has the states.",
        (
            "After how many characters of the chunk is the state that you return?",
            "Look at the index.",
            "The next chunk goes on behind the last character of this one.",
        ),
        ((_RETURN, "return loss, grads, h[:, 0]"),),
    ),
    Mistake(
        "state-forgotten",
        "char_rnn_loss",
        "a state of zeros is returned",
        "Each chunk starts afresh.",
        (
            "What will the model know of the text before the chunk?",
            "Look at the last value of the return statement.",
            "The gradient is cut at the border of a chunk; the state goes on.",
        ),
        ((_RETURN, "return loss, grads, np.zeros_like(h0)"),),
    ),
    Mistake(
        "all-states-returned",
        "char_rnn_loss",
        "the states of all steps are returned",
        "h is the state.",
        (
            "Which shape has h0, and which has what you return for the next call?",
            "Look at the last value of the return statement.",
            "One call's last state is the next call's first.",
        ),
        ((_RETURN, "return loss, grads, h"),),
    ),
    Mistake(
        "states-of-the-last-sequence",
        "char_rnn_loss",
        "the last sequence instead of the last step",
        "The last entry of h is the last state.",
        (
            "Which axis of h is time?",
            "Look at which axis your index takes the last entry of.",
            "An index without a word about axes belongs to the first one, and here that is the batch.",
        ),
        ((_RETURN, "return loss, grads, h[-1]"),),
    ),
    Mistake(
        "h0-ignored",
        "char_rnn_loss",
        "every chunk starts from a state of zeros",
        "A network starts at zero.",
        (
            "Does your loss change if h0 does?",
            "Look at what the recurrent layer is given to start from.",
            "The state before the chunk comes from the chunk before.",
        ),
        (("rnn_forward(embedded, h0,", "rnn_forward(embedded, np.zeros_like(h0),"),),
    ),
    Mistake(
        "targets-are-inputs",
        "char_rnn_loss",
        "the model is asked for the character that it has just read",
        "The loss compares the scores with the text.",
        (
            "Does your loss change if y does?",
            "Look at what the loss compares the scores with.",
            "The scores at step t are about the character that follows.",
        ),
        ((_LOSS, _LOSS.replace("scores, y,", "scores, x,")),),
    ),
    Mistake(
        "character-0-masked",
        "char_rnn_loss",
        "one character is treated as if it were padding",
        "Number 0 is the empty word.",
        (
            "Which character has number 0 in this vocabulary?",
            "Look at how the mask is made.",
            "In captions of different lengths, a number is kept for padding; in one long text every position counts.",
        ),
        ((_MASK, "y != 0"),),
    ),
    Mistake(
        "last-character-only",
        "char_rnn_loss",
        "only the last step counts",
        "The model predicts what follows the chunk.",
        (
            "How many predictions does the model make in a chunk of T characters?",
            "Look at the mask, or at which scores reach the loss.",
            "Every prefix of the chunk has a next character; the model learns from all of them.",
        ),
        ((_MASK, "np.arange(y.shape[1]) + np.zeros(y.shape) == y.shape[1] - 1"),),
    ),
    Mistake(
        "first-character-does-not-count",
        "char_rnn_loss",
        "the first step does not count",
        "Nothing can be predicted after one character.",
        (
            "What does the model know before the second character: nothing at all?",
            "Look at the mask, or at which scores reach the loss.",
            "The state that is carried over has read all that came before; and even without, one character says a lot.",
        ),
        ((_MASK, "np.arange(y.shape[1]) + np.zeros(y.shape) > 0"),),
    ),
    Mistake(
        "embedding-of-the-targets",
        "char_rnn_loss",
        "the embedding's gradient goes to the wrong rows",
        "The targets' rows made the error.",
        (
            "Which rows of the table did the forward pass read?",
            "Look at which characters the embedding's gradient is sorted by.",
            "A gradient goes back the way that the numbers came: to the rows that were read.",
        ),
        ((_DWE, 'grads["We"] = word_embedding_backward(dembedded, (y, params["We"].shape))'),),
    ),
    Mistake(
        "embedding-overwritten",
        "char_rnn_loss",
        "in the embedding only one occurrence of a character counts",
        "Assigning to these rows gives every row its gradient.",
        (
            "If a character occurs five times in the chunk, how many terms has its row's gradient, and how many has yours?",
            "Look at how the gradients get into the rows of the table.",
            "A row that was read five times has five ways to the loss.",
        ),
        ((_DWE, 'grads["We"] = np.zeros_like(params["We"])\n    grads["We"][x] += dembedded'),),
    ),
    Mistake(
        "embedding-from-the-states",
        "char_rnn_loss",
        "the embedding gets the gradient of another place",
        "The gradient goes back from the readout to the embedding.",
        (
            "What lies between the readout and the embedding?",
            "Look at which gradient you hand to the embedding's backward pass.",
            "Going back, every layer is passed in the opposite order; none is left out.",
        ),
        ((_DWE, 'grads["We"] = word_embedding_backward(dh, embedding_cache)'),),
    ),
    Mistake(
        "embedding-not-trained",
        "char_rnn_loss",
        "the embedding has no gradient",
        "The table is fixed.",
        (
            "Would the loss change if a row of the table did?",
            "Look for the place where the embedding's gradient gets its numbers.",
            "The table is a parameter like the others; it is learned.",
        ),
        ((_DWE, 'grads["We"] = np.zeros_like(params["We"])'),),
    ),
    Mistake(
        "embedding-missing",
        "char_rnn_loss",
        "one parameter has no gradient in the dict",
        "There are five matrices and vectors to train.",
        (
            "Which names has params, and which has your grads?",
            "Look at the names, one by one.",
            "An update goes over all parameters by name, and the table is one of them.",
        ),
        ((_DWE, "del dembedded"),),
    ),
    Mistake(
        "names-of-gradients",
        "char_rnn_loss",
        "the gradients stand under names of their own",
        "A gradient is called dWx.",
        (
            "Which names has params, and which has your grads?",
            "Look at the keys of the dict that you return.",
            "An optimizer finds a parameter's gradient under the parameter's own name.",
        ),
        ((_RETURN, 'return loss, {f"d{name}": grad for name, grad in grads.items()}, h[:, -1]'),),
    ),
    Mistake(
        "biases-exchanged",
        "char_rnn_loss",
        "two gradients stand under each other's name",
        "Both are biases.",
        (
            "Which of your biases belongs to the readout?",
            "Look at the order in which the backward functions return their results.",
            "Results without names are known by their order alone.",
        ),
        ((_RETURN, f'grads["b"], grads["by"] = grads["by"], grads["b"]\n    {_RETURN}'),),
    ),
    Mistake(
        "recurrent-gradients-exchanged",
        "char_rnn_loss",
        "two gradients of the recurrent layer stand under each other's name",
        "The layer returns its gradients in the order of use.",
        (
            "Which shape has each of your gradients, and which has its parameter?",
            "Look at the order in which the recurrent layer's backward function returns its results.",
            "Results without names are known by their order alone.",
        ),
        (('grads["Wx"], grads["Wh"], grads["b"] =', 'grads["Wh"], grads["Wx"], grads["b"] ='),),
    ),
    Mistake(
        "readout-bias-missing",
        "char_rnn_loss",
        "a parameter of the readout is not used",
        "The scores are a product.",
        (
            "Which of the six parameters does your loss depend on?",
            "Look at the readout.",
            "The bias of the readout lets the model know which characters are frequent, whatever it has read.",
        ),
        (('params["Why"], params["by"])', 'params["Why"], np.zeros_like(params["by"]))'),),
    ),
    Mistake(
        "results-in-another-order",
        "char_rnn_loss",
        "the results are returned in another order",
        "All three are returned.",
        (
            "What will the caller take for the gradients?",
            "Look at the return statement and at the docstring's Returns.",
            "Results without names are known by their order alone.",
        ),
        ((_RETURN, "return loss, h[:, -1], grads"),),
    ),
]

_ADAGRAD_CACHE = 'config["cache"] = config["cache"] + dw**2'
_ADAGRAD_ROOT = '(np.sqrt(config["cache"]) + config["epsilon"])'
_ADAGRAD_STEP = f'next_w = w - config["learning_rate"] * dw / {_ADAGRAD_ROOT}'

ADAGRAD_STEP = [
    Mistake(
        "sum-overwritten",
        "adagrad_step",
        "what was summed before is lost",
        "The cache holds the square of the gradient.",
        (
            "After a hundred updates, how many squares are in your cache?",
            "Look at the line that makes the new cache.",
            "A parameter that has moved a lot takes smaller steps; that needs a memory of all its gradients.",
        ),
        ((_ADAGRAD_CACHE, 'config["cache"] = dw**2'),),
    ),
    Mistake(
        "sum-not-kept",
        "adagrad_step",
        "the new sum is not handed on",
        "The sum is needed for this step.",
        (
            "What is in config['cache'] when your function returns?",
            "Look at where the new sum goes after it was used.",
            "A call knows of earlier ones only by what is handed over.",
        ),
        ((_ADAGRAD_CACHE, 'total = config["cache"] + dw**2'), (_ADAGRAD_ROOT, '(np.sqrt(total) + config["epsilon"])')),
    ),
    Mistake(
        "not-squared",
        "adagrad_step",
        "the gradient is summed without its square",
        "The cache is the sum of the gradients' sizes.",
        (
            "If all gradients are 100 times as large, how much larger are your steps?",
            "Look at what is added to the cache.",
            "Under the root there is a sum of squares: then step and gradient have the same unit, and scale cancels.",
        ),
        ((_ADAGRAD_CACHE, 'config["cache"] = config["cache"] + np.abs(dw)'),),
    ),
    Mistake(
        "root-missing",
        "adagrad_step",
        "divided by the sum of squares itself",
        "The step is divided by the cache.",
        (
            "If all gradients are 100 times as large, how much larger are your steps?",
            "Look at what the step is divided by.",
            "A square in the denominator does not cancel the gradient above it; its root does.",
        ),
        ((_ADAGRAD_STEP, 'next_w = w - config["learning_rate"] * dw / (config["cache"] + config["epsilon"])'),),
    ),
    Mistake(
        "epsilon-inside-the-root",
        "adagrad_step",
        "epsilon is in another place",
        "Epsilon keeps the root away from zero.",
        (
            "How large is your denominator if all gradients were zero, and how large should it be?",
            "Look at where epsilon is added, and compare with the notebook's formula.",
            "The root of 1e-8 is 1e-4: inside and outside of it, the same number means something else.",
        ),
        ((_ADAGRAD_ROOT, 'np.sqrt(config["cache"] + config["epsilon"])'),),
    ),
    Mistake(
        "epsilon-missing",
        "adagrad_step",
        "divides by zero where there has been no gradient",
        "The sum of squares is positive.",
        (
            "What is 0 / 0?",
            "Look at a parameter whose gradient has been zero so far: a character that has not occurred yet.",
            "A small number in the denominator costs nothing where it is large, and saves it where it is zero.",
        ),
        ((_ADAGRAD_ROOT, 'np.sqrt(config["cache"])'),),
    ),
    Mistake(
        "uphill",
        "adagrad_step",
        "the step goes the wrong way",
        "The gradient is added.",
        (
            "If the loss grows with w, should w grow?",
            "Look at the sign of the step.",
            "A gradient points to where the loss grows; the step goes the other way.",
        ),
        ((_ADAGRAD_STEP, _ADAGRAD_STEP.replace("w - config", "w + config")),),
    ),
    Mistake(
        "step-before-the-sum",
        "adagrad_step",
        "the step does not know of the gradient that it takes",
        "The cache is brought up to date for the next call.",
        (
            "What is your first step divided by?",
            "Look at the order of the two lines.",
            "The sum of all squares so far includes this one; that is what keeps the first step from being huge.",
        ),
        ((_ADAGRAD_ROOT, '(np.sqrt(config["cache"] - dw**2) + config["epsilon"])'),),
    ),
    Mistake(
        "old-squares-fade",
        "adagrad_step",
        "old squares fade away",
        "A running mean is better than a sum.",
        (
            "After a hundred gradients of 1, what is in your cache?",
            "Look at the factors in the line that makes the new cache.",
            "A mean that forgets is RMSprop's; Adagrad's sum only grows.",
        ),
        ((_ADAGRAD_CACHE, 'config["cache"] = 0.99 * config["cache"] + 0.01 * dw**2'),),
    ),
    Mistake(
        "one-rate-for-all",
        "adagrad_step",
        "all entries share one step size",
        "The cache is the squared norm of the gradient.",
        (
            "Which shape has your cache?",
            "Look for a sum over the entries.",
            "Each entry of a parameter has a history of its own, and so a step size of its own.",
        ),
        ((_ADAGRAD_CACHE, 'config["cache"] = config["cache"] + np.sum(dw**2)'),),
    ),
    Mistake(
        "step-instead-of-parameter",
        "adagrad_step",
        "the step is returned instead of the parameter",
        "The update is what was computed.",
        (
            "What does the caller do with your first result?",
            "Look at whether w is in your result.",
            "The next parameter is the old one and the step together.",
        ),
        ((_ADAGRAD_STEP, _ADAGRAD_STEP.replace("w - config", "-config")),),
    ),
    Mistake(
        "rate-not-read",
        "adagrad_step",
        "the learning rate that is given has no effect",
        "0.1 is the learning rate.",
        (
            "What changes in your function if the config says another learning rate?",
            "Look for a number of your own where the config should be asked, and for a default that overwrites.",
            "A default is for what is missing; what is given stays.",
        ),
        (('config.setdefault("learning_rate", 1e-1)', 'config["learning_rate"] = 1e-1'),),
    ),
    Mistake(
        "one-default-for-all",
        "adagrad_step",
        "a second call without a config starts from what the first left",
        "The default is made once.",
        (
            "Where does a call without a config get its running sums from?",
            "Look for a dict that outlives the call: a global, or a default that calls change.",
            "Each parameter has a config of its own; None means that it starts from zeros.",
        ),
        (
            (
                "config = dict(config or {})",
                "config = config if config is not None else globals().setdefault('_adagrad_step', {})",
            ),
        ),
    ),
]

_ADAM_T = 'config["t"] = config["t"] + 1'
_ADAM_M = 'config["m"] = beta1 * config["m"] + (1 - beta1) * dw'
_ADAM_V = 'config["v"] = beta2 * config["v"] + (1 - beta2) * dw**2'
_M_HAT = 'm_hat = config["m"] / (1 - beta1 ** config["t"])'
_V_HAT = 'v_hat = config["v"] / (1 - beta2 ** config["t"])'
_ADAM_STEP = 'next_w = w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])'

_CORRECTION = (
    "Look at what a mean that starts at zero is after its first value, and at what should make up for it.",
    "A running mean that starts at 0 is too small at first, by a factor that is known; dividing by it mends that.",
)

ADAM_STEP = [
    Mistake(
        "not-corrected",
        "adam_step",
        "the running means are used as they are",
        "m is the mean gradient, v the mean square.",
        ("After one gradient of 1, what is m, and what should a mean of one number be?", *_CORRECTION),
        ((_M_HAT, 'm_hat = config["m"]'), (_V_HAT, 'v_hat = config["v"]')),
    ),
    Mistake(
        "only-the-mean-corrected",
        "adam_step",
        "one of the two running means is used as it is",
        "The mean gradient is too small at first.",
        ("After one gradient of 1, what is v, and what should a mean of one square be?", *_CORRECTION),
        ((_V_HAT, 'v_hat = config["v"]'),),
    ),
    Mistake(
        "only-the-square-corrected",
        "adam_step",
        "one of the two running means is used as it is",
        "The mean square is too small at first.",
        ("After one gradient of 1, what is m, and what should a mean of one number be?", *_CORRECTION),
        ((_M_HAT, 'm_hat = config["m"]'),),
    ),
    Mistake(
        "counted-afterwards",
        "adam_step",
        "the update is counted after it was needed",
        "t is brought up to date for the next call.",
        (
            "What is the correction's denominator at the very first update?",
            "Look at the order of the lines: when does t grow, and when is it used?",
            "The first update is number 1; with number 0 there is nothing to divide by.",
        ),
        ((_ADAM_T, "pass"), (_ADAM_STEP, f"{_ADAM_STEP}\n    {_ADAM_T}")),
    ),
    Mistake(
        "count-not-kept",
        "adam_step",
        "the number of updates is not kept",
        "t is one more than before.",
        (
            "What is t at your tenth update?",
            "Look at whether the new t finds its way into what is returned.",
            "A call knows of earlier ones only by what is handed over.",
        ),
        (
            (_ADAM_T, 't = config["t"] + 1'),
            (_M_HAT, 'm_hat = config["m"] / (1 - beta1**t)'),
            (_V_HAT, 'v_hat = config["v"] / (1 - beta2**t)'),
        ),
    ),
    Mistake(
        "means-not-kept",
        "adam_step",
        "the new means are not handed on",
        "The means are needed for this step.",
        (
            "What are config['m'] and config['v'] when your function returns?",
            "Look at where the new means go after they were used.",
            "A call knows of earlier ones only by what is handed over.",
        ),
        (
            (_ADAM_M, 'm = beta1 * config["m"] + (1 - beta1) * dw'),
            (_ADAM_V, 'v = beta2 * config["v"] + (1 - beta2) * dw**2'),
            (_M_HAT, 'm_hat = m / (1 - beta1 ** config["t"])'),
            (_V_HAT, 'v_hat = v / (1 - beta2 ** config["t"])'),
        ),
    ),
    Mistake(
        "count-starts-too-high",
        "adam_step",
        "the first update is counted as the second",
        "Counting starts at one.",
        (
            "What is t in your correction at the very first update?",
            "Look at what t is before the first update, and at when it grows.",
            "Whoever starts at 1 must not add 1 before the first use.",
        ),
        (('config.setdefault("t", 0)', 'config.setdefault("t", 1)'),),
    ),
    Mistake(
        "rates-of-forgetting-exchanged",
        "adam_step",
        "each running mean forgets at the rate of the other",
        "beta1 and beta2 are two numbers near 1.",
        (
            "Which of the two means should have the longer memory?",
            "Look at which beta goes with which mean.",
            "The first moment, the mean, goes with beta1; the second moment, the square, with beta2.",
        ),
        (("beta1, beta2 = config", "beta2, beta1 = config"),),
    ),
    Mistake(
        "means-exchanged",
        "adam_step",
        "the roles of the two running means are exchanged",
        "m and v both go into the step.",
        (
            "If the gradient changes its sign, what should the step do?",
            "Look at which of the two means stands above the line, and which below it, under the root.",
            "The mean gradient gives the direction; the mean square gives the scale.",
        ),
        ((_ADAM_STEP, _ADAM_STEP.replace("m_hat", "q").replace("v_hat", "m_hat").replace("* q", "* v_hat")),),
    ),
    Mistake(
        "epsilon-inside-the-root",
        "adam_step",
        "epsilon is in another place",
        "Epsilon keeps the root away from zero.",
        (
            "How large is your denominator if all gradients were zero, and how large should it be?",
            "Look at where epsilon is added, and compare with algorithm 1 of the paper.",
            "The root of 1e-8 is 1e-4: inside and outside of it, the same number means something else.",
        ),
        (
            (
                _ADAM_STEP,
                _ADAM_STEP.replace('(np.sqrt(v_hat) + config["epsilon"])', 'np.sqrt(v_hat + config["epsilon"])'),
            ),
        ),
    ),
    Mistake(
        "epsilon-before-the-correction",
        "adam_step",
        "epsilon is added before the correction",
        "The correction can be drawn into the learning rate.",
        (
            "Which root is epsilon added to: that of v, or that of the corrected v?",
            "Look at the denominator at the first update, when the two differ by a factor of thirty.",
            "The paper gives both forms; with the same epsilon they differ, and the docstring names algorithm 1.",
        ),
        (
            (
                _ADAM_STEP,
                'rate = config["learning_rate"] * np.sqrt(1 - beta2 ** config["t"]) / (1 - beta1 ** config["t"])\n'
                '    next_w = w - rate * config["m"] / (np.sqrt(config["v"]) + config["epsilon"])',
            ),
        ),
    ),
    Mistake(
        "epsilon-missing",
        "adam_step",
        "divides by zero where there has been no gradient",
        "The mean square is positive.",
        (
            "What is 0 / 0?",
            "Look at a parameter whose gradient has been zero so far: a character that has not occurred yet.",
            "A small number in the denominator costs nothing where it is large, and saves it where it is zero.",
        ),
        ((_ADAM_STEP, _ADAM_STEP.replace('(np.sqrt(v_hat) + config["epsilon"])', "np.sqrt(v_hat)")),),
    ),
    Mistake(
        "not-squared",
        "adam_step",
        "the second running mean is not one of squares",
        "v is the mean size of the gradient.",
        (
            "If all gradients are 100 times as large, how much larger are your steps?",
            "Look at what goes into v.",
            "Under the root there is a mean of squares: then the scale of the gradient cancels.",
        ),
        ((_ADAM_V, _ADAM_V.replace("dw**2", "np.abs(dw)")),),
    ),
    Mistake(
        "root-missing",
        "adam_step",
        "divided by the mean square itself",
        "The step is divided by v.",
        (
            "If all gradients are 100 times as large, how much larger are your steps?",
            "Look at what the step is divided by.",
            "A square in the denominator does not cancel the gradient above it; its root does.",
        ),
        ((_ADAM_STEP, _ADAM_STEP.replace("np.sqrt(v_hat)", "v_hat")),),
    ),
    Mistake(
        "uphill",
        "adam_step",
        "the step goes the wrong way",
        "The mean gradient is added.",
        (
            "If the loss grows with w, should w grow?",
            "Look at the sign of the step.",
            "A gradient points to where the loss grows; the step goes the other way.",
        ),
        ((_ADAM_STEP, _ADAM_STEP.replace("w - config", "w + config")),),
    ),
    Mistake(
        "corrected-mean-kept",
        "adam_step",
        "the corrected means are kept for the next call",
        "m and v are corrected, then stored.",
        (
            "What does the next call start from: the running mean, or what it was corrected to?",
            "Look at what is written back into the config.",
            "The correction makes up for a start at zero once; what is corrected and kept is corrected again.",
        ),
        ((_ADAM_STEP, f'{_ADAM_STEP}\n    config["m"], config["v"] = m_hat, v_hat'),),
    ),
    Mistake(
        "weights-exchanged",
        "adam_step",
        "old and new have each other's weight in the mean",
        "beta weighs the new gradient.",
        (
            "How much of the old mean is left after one update, and how much should be?",
            "Look at which of the two terms is multiplied by beta.",
            "A beta of 0.9 keeps nine tenths of what there was: it is a memory, not a rate of learning.",
        ),
        (
            (_ADAM_M, 'config["m"] = (1 - beta1) * config["m"] + beta1 * dw'),
            (_ADAM_V, 'config["v"] = (1 - beta2) * config["v"] + beta2 * dw**2'),
        ),
    ),
    Mistake(
        "momentum-instead-of-mean",
        "adam_step",
        "a sum that fades instead of a mean",
        "m is a momentum.",
        (
            "After many gradients of 1, how large is m?",
            "Look at the factor before the new gradient.",
            "The weights of a mean sum to 1: what the old part gives up, the new one gets.",
        ),
        ((_ADAM_M, 'config["m"] = beta1 * config["m"] + dw'),),
    ),
    Mistake(
        "gradient-instead-of-mean",
        "adam_step",
        "the step follows the last gradient alone",
        "The gradient gives the direction.",
        (
            "What is m for in your function?",
            "Look at what stands above the line in the step.",
            "The mean of many noisy gradients points better than the last one.",
        ),
        ((_ADAM_STEP, _ADAM_STEP.replace("m_hat", "dw")),),
    ),
    Mistake(
        "square-of-the-mean",
        "adam_step",
        "the square of a mean instead of the mean of squares",
        "v is made of m.",
        (
            "For gradients of 1 and -1 in turn, what is the mean of their squares, and what the square of their mean?",
            "Look at what goes into v.",
            "First the square, then the mean: a gradient that changes its sign cancels in a mean, not in its scale.",
        ),
        ((_ADAM_V, _ADAM_V.replace("dw**2", 'config["m"] ** 2')),),
    ),
    Mistake(
        "product-instead-of-power",
        "adam_step",
        "the correction grows with t in the wrong way",
        "beta is counted t times.",
        (
            "What is left of the start after t updates, each of which keeps the share beta?",
            "Look at how beta and t are combined.",
            "Shares of shares multiply; what is kept t times is a power.",
        ),
        (
            (_M_HAT, 'm_hat = config["m"] / (1 - beta1 * config["t"])'),
            (_V_HAT, 'v_hat = config["v"] / (1 - beta2 * config["t"])'),
        ),
    ),
    Mistake(
        "rate-not-read",
        "adam_step",
        "the learning rate that is given has no effect",
        "0.001 is the learning rate.",
        (
            "What changes in your function if the config says another learning rate?",
            "Look for a number of your own where the config should be asked, and for a default that overwrites.",
            "A default is for what is missing; what is given stays.",
        ),
        (('config.setdefault("learning_rate", 1e-3)', 'config["learning_rate"] = 1e-3'),),
    ),
    Mistake(
        "not-counted",
        "adam_step",
        "the updates are not counted",
        "t is in the dict, so it is right.",
        (
            "What is t at your first update, and what do the corrections divide by then?",
            "Look for the line in which t grows.",
            "The corrections undo that the means begin with zeros; at the first update t is one.",
        ),
        ((_ADAM_T, 'config["t"] = config["t"]'),),
    ),
    Mistake(
        "one-default-for-all",
        "adam_step",
        "a second call without a config starts from what the first left",
        "The default is made once.",
        (
            "Where does a call without a config get its running sums from?",
            "Look for a dict that outlives the call: a global, or a default that calls change.",
            "Each parameter has a config of its own; None means that it starts from zeros.",
        ),
        (
            (
                "config = dict(config or {})",
                "config = config if config is not None else globals().setdefault('_adam_step', {})",
            ),
        ),
    ),
]

_SHIFTED = "shifted = scores - scores.max(axis=-1, keepdims=True)"
_LOG_P = "log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))"
_CHOSEN = "chosen = np.take_along_axis(log_p, y[..., None], axis=-1)"
_BITS = "return float(-chosen.mean() / np.log(2))"

BITS_PER_CHAR = [
    Mistake(
        "nats",
        "bits_per_char",
        "another unit of information",
        "The logarithm is the natural one.",
        (
            "How much does your function say for two characters of equal probability?",
            "Look at the base of the logarithm.",
            "A bit is one question with two answers of equal probability; the natural logarithm counts in nats.",
        ),
        ((_BITS, "return float(-chosen.mean())"),),
    ),
    Mistake(
        "summed",
        "bits_per_char",
        "not per character",
        "The bits of all characters are added.",
        (
            "Should a text twice as long have twice the number?",
            "Look at what reduces all positions to one number.",
            "Per character means divided by how many there are.",
        ),
        ((_BITS, "return float(-chosen.sum() / np.log(2))"),),
    ),
    Mistake(
        "per-stream",
        "bits_per_char",
        "divided by the number of streams only",
        "As in the loss, the sum is divided by N.",
        (
            "Should chunks that are twice as long have twice the number?",
            "Look at what the sum is divided by.",
            "There are N times T characters to divide by.",
        ),
        ((_BITS, "return float(-chosen.sum() / len(y) / np.log(2))"),),
    ),
    Mistake(
        "decimal-logarithm",
        "bits_per_char",
        "another unit of information",
        "log is log10.",
        (
            "How much does your function say for two characters of equal probability?",
            "Look at the base of the logarithm.",
            "A bit is one question with two answers of equal probability.",
        ),
        ((_BITS, "return float(-chosen.mean() / np.log(10))"),),
    ),
    Mistake(
        "multiplied-by-the-unit",
        "bits_per_char",
        "the units are changed in the wrong direction",
        "Nats become bits by a factor of log 2.",
        (
            "Which is larger for the same text, its number of nats or its number of bits?",
            "Look at how you go from one unit to the other.",
            "A nat is more than a bit, so there are fewer of them.",
        ),
        ((_BITS, "return float(-chosen.mean() * np.log(2))"),),
    ),
    Mistake(
        "normalised-over-time",
        "bits_per_char",
        "probabilities that sum to 1 along the wrong axis",
        "A softmax divides by the sum.",
        (
            "Which probabilities should sum to 1: those of all characters at one step, or of one character at all steps?",
            "Look at the axis of the sum.",
            "At each position one of V characters comes.",
        ),
        (
            (_SHIFTED, "shifted = scores - scores.max(axis=1, keepdims=True)"),
            (_LOG_P, "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"),
        ),
    ),
    Mistake(
        "exp-overflows",
        "bits_per_char",
        "not a number when scores are large",
        "The softmax is exp over the sum of exps.",
        (
            "What does exp give for 10000?",
            "Look at what goes into exp.",
            "A softmax does not change when all its scores are shifted by the same amount: shift them so that none is large.",
        ),
        ((_SHIFTED, "shifted = scores"),),
    ),
    Mistake(
        "one-shift-for-all",
        "bits_per_char",
        "one shift for all positions",
        "The largest score of all is subtracted.",
        (
            "What becomes of a position whose scores are all far below the largest of the others?",
            "Look at over what the maximum is taken.",
            "Each position has a softmax of its own, and needs a shift of its own.",
        ),
        ((_SHIFTED, "shifted = scores - scores.max()"),),
    ),
    Mistake(
        "sign-missing",
        "bits_per_char",
        "the sign",
        "The mean of the logarithms is taken.",
        (
            "Can a model need fewer than no bits?",
            "Look at the sign of a logarithm of a probability.",
            "The less probable, the more bits: the logarithm is negative, the number of bits is not.",
        ),
        ((_BITS, "return float(chosen.mean() / np.log(2))"),),
    ),
    Mistake(
        "logarithm-of-the-mean",
        "bits_per_char",
        "the logarithm of a mean instead of the mean of logarithms",
        "The mean probability is turned into bits.",
        (
            "One character was thought impossible, all others certain: how large should the number be, and how large is yours?",
            "Look at the order of the mean and the logarithm.",
            "Each character costs its own bits, and those are averaged.",
        ),
        ((_BITS, "return float(-np.log2(np.exp(chosen).mean()))"),),
    ),
    Mistake(
        "what-came-is-ignored",
        "bits_per_char",
        "the most probable character instead of the one that came",
        "The model's best guess says how good it is.",
        (
            "Does your result change if y does?",
            "Look at whose probability you take.",
            "A model that is sure and wrong should pay for it.",
        ),
        ((_CHOSEN, "chosen = log_p.max(axis=-1)"),),
    ),
    Mistake(
        "entropy-instead",
        "bits_per_char",
        "how unsure the model is, not how wrong",
        "The entropy of the probabilities is measured in bits.",
        (
            "Does your result change if y does?",
            "Look at which logarithms are averaged, with which weights.",
            "What the model believes says how surprised it expects to be; what came says how surprised it is.",
        ),
        ((_CHOSEN, "chosen = (np.exp(log_p) * log_p).sum(axis=-1)"),),
    ),
    Mistake(
        "perplexity",
        "bits_per_char",
        "another measure",
        "Perplexity is the usual measure.",
        (
            "How much does your function say for two characters of equal probability?",
            "Look at what happens after the mean.",
            "Perplexity is how many equally probable characters there would have to be; bits count the questions.",
        ),
        ((_BITS, "return float(2 ** (-chosen.mean() / np.log(2)))"),),
    ),
    Mistake(
        "relative-to-chance",
        "bits_per_char",
        "relative to knowing nothing",
        "The number should be 1 for a model that knows nothing.",
        (
            "How many bits does a model need that knows nothing of V characters?",
            "Look for a division by something that depends on V.",
            "Bits are absolute: that is why models with different vocabularies can be compared.",
        ),
        ((_BITS, "return float(-chosen.mean() / np.log(scores.shape[-1]))"),),
    ),
    Mistake(
        "number-added-to-probabilities",
        "bits_per_char",
        "something is added to the probabilities before the logarithm",
        "The logarithm of zero must be avoided.",
        (
            "What should it cost where the character that came has a probability of one in a billion, and what does it cost in yours?",
            "Look at what is done to a probability before its logarithm is taken.",
            "What an unlikely character costs has no upper bound. From scores its logarithm can be had without a bound: "
            "the score, less the logarithm of the sum of all exponentials.",
        ),
        (("return float(-chosen.mean() / np.log(2))", "return float(-np.log2(np.exp(chosen) + 1e-8).mean())"),),
    ),
]

_SCALED = "scaled = scores / temperature"
_EXPS = "exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))"
_NORMAL = "return exponentials / exponentials.sum(axis=-1, keepdims=True)"

TEMPERATURE_SOFTMAX = [
    Mistake(
        "multiplied",
        "temperature_softmax",
        "a low temperature makes the model less sure",
        "The scores are scaled with the temperature.",
        (
            "At a temperature near 0, is your result nearly certain or nearly uniform?",
            "Look at how scores and temperature are combined.",
            "Cold is sharp: differences of scores have to grow when the temperature sinks.",
        ),
        ((_SCALED, "scaled = scores * temperature"),),
    ),
    Mistake(
        "after-the-softmax",
        "temperature_softmax",
        "the probabilities do not sum to 1",
        "Probabilities are divided by the temperature.",
        (
            "What is the sum of your probabilities at a temperature of 2?",
            "Look at whether the temperature comes before or after exp.",
            "The temperature acts on the scores; after it, everything is normalised.",
        ),
        ((_SCALED, "scaled = scores"), (_NORMAL, f"{_NORMAL} / temperature")),
    ),
    Mistake(
        "no-temperature",
        "temperature_softmax",
        "the temperature has no effect",
        "A factor cancels in a softmax.",
        (
            "Does your result change if the temperature does?",
            "Look at where the temperature enters: before exp, or as a factor above and below the line?",
            "A factor of the probabilities cancels when they are normalised; a factor of the scores does not.",
        ),
        ((_SCALED, "scaled = scores"),),
    ),
    Mistake(
        "power-of-the-temperature",
        "temperature_softmax",
        "the probabilities are raised to the wrong power",
        "Probabilities to the power of the temperature are sharper.",
        (
            "At a temperature near 0, is your result nearly certain or nearly uniform?",
            "Look at the exponent.",
            "Dividing scores is taking a root of probabilities: cold means a large power.",
        ),
        (
            (_SCALED, "scaled = scores"),
            (_NORMAL, "p = exponentials / exponentials.sum(axis=-1, keepdims=True)\n    return p**temperature"),
        ),
    ),
    Mistake(
        "first-axis",
        "temperature_softmax",
        "probabilities that sum to 1 along the wrong axis",
        "The sum is taken over the first axis.",
        (
            "Along which axis do your probabilities sum to 1?",
            "Look at the axis of the sum, with scores of two axes.",
            "The characters are the last axis, however many there are before it.",
        ),
        (
            (_EXPS, "exponentials = np.exp(scaled - scaled.max(axis=0))"),
            (_NORMAL, "return exponentials / exponentials.sum(axis=0)"),
        ),
    ),
    Mistake(
        "second-axis",
        "temperature_softmax",
        "the axis of the characters is counted from the wrong end",
        "The scores are a matrix, and its rows run along axis 1.",
        (
            "How many axes can the scores have, and which of them are the characters?",
            "Look at the axis of the maximum and of the sum, for scores of one and of three axes.",
            "The characters are the last axis, however many there are before it.",
        ),
        (
            (_EXPS, "exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))"),
            (_NORMAL, "return exponentials / exponentials.sum(axis=1, keepdims=True)"),
        ),
    ),
    Mistake(
        "one-sum-for-all",
        "temperature_softmax",
        "all rows together sum to 1",
        "The sum is the sum of all entries.",
        (
            "What is the sum of each row of your result?",
            "Look at what the sum goes over, with scores of two axes.",
            "Each row is a distribution of its own.",
        ),
        ((_NORMAL, "return exponentials / exponentials.sum()"),),
    ),
    Mistake(
        "not-normalised",
        "temperature_softmax",
        "the entries do not sum to 1",
        "exp makes scores positive.",
        (
            "What is the sum of each row of your result?",
            "Look at the last line.",
            "Probabilities are shares: each is divided by the sum of all.",
        ),
        ((_NORMAL, "return exponentials"),),
    ),
    Mistake(
        "exp-overflows",
        "temperature_softmax",
        "not a number when scores are large",
        "The softmax is exp over the sum of exps.",
        (
            "What does exp give for 10000, and what for -10000 in every entry?",
            "Look at what goes into exp; a low temperature makes large numbers, too.",
            "A softmax does not change when all its scores are shifted by the same amount: shift them so that none is large.",
        ),
        ((_EXPS, "exponentials = np.exp(scaled)"),),
    ),
    Mistake(
        "one-shift-for-all",
        "temperature_softmax",
        "one shift for all rows",
        "The largest score of all is subtracted.",
        (
            "What becomes of a row whose scores are all far below the largest of the others?",
            "Look at over what the maximum is taken.",
            "Each row has a softmax of its own, and needs a shift of its own.",
        ),
        ((_EXPS, "exponentials = np.exp(scaled - scaled.max())"),),
    ),
    Mistake(
        "shift-before-the-division",
        "temperature_softmax",
        "what is subtracted is not what the temperature made of it",
        "The largest score is subtracted, as always.",
        (
            "How large are your exponents at a temperature of 0.001?",
            "Look at which numbers the largest is taken of: those before or those after the division.",
            "exp is safe if the largest exponent is 0, and the exponents are what is left after all divisions.",
        ),
        ((_EXPS, "exponentials = np.exp(scaled - scores.max(axis=-1, keepdims=True))"),),
    ),
    Mistake(
        "temperature-above-the-line-only",
        "temperature_softmax",
        "the temperature acts on one half of the fraction",
        "The scores are divided by the temperature in exp.",
        (
            "What is the sum of your probabilities at a temperature of 2?",
            "Look at which scores the sum below the line is made of.",
            "The same numbers stand above the line and in the sum below it.",
        ),
        (
            (_SCALED, "shifted = scores - scores.max(axis=-1, keepdims=True)"),
            (_EXPS, "exponentials = np.exp(shifted / temperature)"),
            (_NORMAL, "return exponentials / np.exp(shifted).sum(axis=-1, keepdims=True)"),
        ),
    ),
    Mistake(
        "logarithms",
        "temperature_softmax",
        "logarithms of the probabilities",
        "Log-probabilities are safer.",
        (
            "Can a probability be negative?",
            "Look at the last line.",
            "Logarithms are good for losses; to draw from a distribution, one needs the shares themselves.",
        ),
        ((_NORMAL, "return np.log(exponentials / exponentials.sum(axis=-1, keepdims=True))"),),
    ),
]

_WRITE_STEP = 'h, _ = rnn_step_forward(params["We"][[current]], h, params["Wx"], params["Wh"], params["b"])'
_P = 'p = temperature_softmax(h[0] @ params["Why"] + params["by"], temperature)'
_DRAW = 'current = min(int(np.searchsorted(np.cumsum(p), u, side="right")), len(p) - 1)  # a sum may round below u'
_START = "h, current, ids = h0[None], first, []"
_IDS = "return np.array(ids, dtype=np.int64)"
_SEARCH = 'np.searchsorted(np.cumsum(p), u, side="right")'

SAMPLE = [
    Mistake(
        "always-the-most-probable",
        "sample",
        "nothing is left to chance",
        "The best character is the most probable one.",
        (
            "Does your text change if the random numbers do?",
            "Look at how a character is chosen from the probabilities.",
            "A character of probability one quarter should come in one of four cases, not never.",
        ),
        ((_DRAW, "current = int(np.argmax(p))"),),
    ),
    Mistake(
        "first-fed-again-and-again",
        "sample",
        "what was drawn is not fed back",
        "The network is fed the first character.",
        (
            "What does the network read at the third step?",
            "Look at what is looked up in the table, at every step.",
            "The model predicts what follows what it has read; so it has to read what it has written.",
        ),
        ((_WRITE_STEP, _WRITE_STEP.replace("current", "first")),),
    ),
    Mistake(
        "state-not-carried",
        "sample",
        "every step starts from the same state",
        "The state is h0.",
        (
            "What does the network know at the third step of the first two?",
            "Look at which state goes into the step, and where the new one is kept.",
            "A network without a carried state knows the last character only.",
        ),
        (
            (_WRITE_STEP, _WRITE_STEP.replace("h, _ =", "new, _ =")),
            (_P, _P.replace("h[0]", "new[0]")),
        ),
    ),
    Mistake(
        "starts-from-zeros",
        "sample",
        "the state that it should start from is not used",
        "A network starts at zero.",
        (
            "Does your text change if h0 does?",
            "Look at the state before the first step.",
            "The state says what was read before, a prompt for example.",
        ),
        ((_START, "h, current, ids = np.zeros((1, len(h0))), first, []"),),
    ),
    Mistake(
        "border-belongs-to-the-wrong-one",
        "sample",
        "a number where a character begins draws the one before",
        "Reaching the sum is as good as passing it.",
        (
            "With four characters of equal probability, which one should the number 0.25 draw?",
            "Look at the comparison of the running sum with the number: strict or not?",
            "The docstring asks for a sum above the number. Else a character of probability 0 could be drawn.",
        ),
        (('side="right"', 'side="left"'),),
    ),
    Mistake(
        "temperature-ignored",
        "sample",
        "the temperature has no effect",
        "The probabilities are those of the model.",
        (
            "Does your text change if the temperature does?",
            "Look at where the argument is used.",
            "An argument that is not used is a promise that is not kept.",
        ),
        ((_P, _P.replace("temperature)", "1.0)")),),
    ),
    Mistake(
        "temperature-multiplied",
        "sample",
        "a low temperature makes the text wilder",
        "The temperature scales the scores.",
        (
            "Which temperature should make the text surer of itself, and which does?",
            "Look at what the temperature does to the scores.",
            "Large differences between scores make a model sure. A low temperature makes them larger.",
        ),
        ((_P, 'p = temperature_softmax(h[0] @ params["Why"] + params["by"], 1.0 / temperature)'),),
    ),
    Mistake(
        "fed-with-probabilities",
        "sample",
        "the network is fed with probabilities instead of a character",
        "The output of one step is the input of the next.",
        (
            "What has the network read in training: characters, or mixtures of all characters?",
            "Look at what is looked up in the table after the first step.",
            "A mixture of all characters is none of them; what was drawn has to be known to the next step.",
        ),
        (
            (_START, f'{_START}\n    row = params["We"][[first]]'),
            (_WRITE_STEP, _WRITE_STEP.replace('params["We"][[current]]', "row")),
            (_DRAW, f'{_DRAW}\n        row = (p @ params["We"])[None]'),
        ),
    ),
    Mistake(
        "compared-with-single-probabilities",
        "sample",
        "the number is compared with single probabilities",
        "The first character whose probability is above the number is drawn.",
        (
            "With ten characters of equal probability, which one does the number 0.5 draw?",
            "Look at what the number is compared with.",
            "Put the probabilities side by side on a line from 0 to 1; the number points to one of them.",
        ),
        ((_DRAW, "current = int(np.argmax(p > u))"),),
    ),
    Mistake(
        "summed-from-the-end",
        "sample",
        "the probabilities are put side by side in the opposite order",
        "The order does not matter for chance.",
        (
            "Which character does a number near 0 draw?",
            "Look at where the running sum begins.",
            "Any order would do for chance; the docstring fixes one, so that the same numbers give the same text.",
        ),
        ((_SEARCH, 'len(p) - 1 - np.searchsorted(np.cumsum(p[::-1]), u, side="right")'),),
    ),
    Mistake(
        "first-is-in-the-result",
        "sample",
        "the character that was fed first is part of the result",
        "The text begins with its first character.",
        (
            "How many characters should come out for M numbers?",
            "Look at what is in your list before the loop.",
            "What was given and what was written are two things; the caller knows what was given.",
        ),
        ((_START, "h, current, ids = h0[None], first, [first]"),),
    ),
    Mistake(
        "written-before-drawn",
        "sample",
        "everything comes one step late",
        "The current character is written down, then the next one is drawn.",
        (
            "Which character is the first of your result?",
            "Look at the order within the loop: when is a character drawn, and when written down?",
            "The first number draws the first character of the result.",
        ),
        source="""
def sample(params, h0, first, uniforms, temperature=1.0):
    h, current, ids = h0[None], first, []
    for u in uniforms:
        ids.append(current)
        h, _ = rnn_step_forward(params["We"][[current]], h, params["Wx"], params["Wh"], params["b"])
        p = temperature_softmax(h[0] @ params["Why"] + params["by"], temperature)
        current = min(int(np.searchsorted(np.cumsum(p), u, side="right")), len(p) - 1)
    return np.array(ids, dtype=np.int64)
""",
    ),
    Mistake(
        "every-character-alike",
        "sample",
        "all characters are equally probable",
        "A random number times V is a random character.",
        (
            "Does your text change if the model does?",
            "Look at what besides the number decides which character is drawn.",
            "Chance decides within the probabilities; a rare character needs a lucky number.",
        ),
        ((_DRAW, "current = int(u * len(p))"),),
    ),
    Mistake(
        "one-number-for-all",
        "sample",
        "the same random number at every step",
        "The number says where to draw.",
        (
            "How many numbers are there, and how many does your function use?",
            "Look at which number each step uses.",
            "Draws are independent only if each has a number of its own.",
        ),
        ((_SEARCH, _SEARCH.replace(", u,", ", uniforms[0],")),),
    ),
    Mistake(
        "numbers-of-its-own",
        "sample",
        "the random numbers that are handed over are not used",
        "A character is drawn with np.random.choice.",
        (
            "Would somebody with the same uniforms get the same text?",
            "Look at where the chance in your function comes from.",
            "All chance comes in through uniforms: the text is a function of its arguments, and can be written once more.",
        ),
        source="""
def sample(params, h0, first, uniforms, temperature=1.0):
    np.random.seed(0)  # as before every call of a student's function
    h, current, ids = h0[None], first, []
    for _ in uniforms:
        h, _ = rnn_step_forward(params["We"][[current]], h, params["Wx"], params["Wh"], params["b"])
        p = temperature_softmax(h[0] @ params["Why"] + params["by"], temperature)
        current = int(np.random.choice(len(p), p=p))
        ids.append(current)
    return np.array(ids, dtype=np.int64)
""",
    ),
    Mistake(
        "one-before",
        "sample",
        "the character before the right one is drawn",
        "The last sum below the number shows the place.",
        (
            "If the number is below the first probability, which character should come, and which comes?",
            "Look at the index that comes out of the search.",
            "The running sum at i includes character i: the first sum above the number is that of the character drawn.",
        ),
        ((f"int({_SEARCH})", f"int({_SEARCH}) - 1"),),
    ),
    Mistake(
        "floats",
        "sample",
        "the characters are not whole numbers",
        "An array of numbers is an array of numbers.",
        (
            "What happens if you use your result as an index?",
            "Look at the dtype of your array, and at how it was made.",
            "A place is counted, not measured: arrays made without a word about it hold floats.",
        ),
        ((_IDS, "return np.array(ids, dtype=float)"),),
    ),
    Mistake(
        "readout-bias-missing",
        "sample",
        "an argument is never used",
        "The weights make the scores.",
        (
            "Which of the six arrays has no influence on what is written?",
            "Look at the line that makes the scores.",
            "The readout is affine: a product and a bias, as in training.",
        ),
        (('params["Why"] + params["by"]', 'params["Why"]'),),
    ),
    Mistake(
        "past-the-last-character",
        "sample",
        "a number just below 1 draws no character",
        "The probabilities add up to 1, so that one of the sums is always larger.",
        (
            "What do ten probabilities of 0.1 add up to, in floating point?",
            "Look at what happens where no sum is larger than the number.",
            "A sum may round to a little less than 1; what lies beyond it belongs to the last character.",
        ),
        (
            (
                'min(int(np.searchsorted(np.cumsum(p), u, side="right")), len(p) - 1)',
                'int(np.searchsorted(np.cumsum(p), u, side="right"))',
            ),
        ),
    ),
]

_ARGMAX = 'current = int(np.argmax(h[0] @ params["Why"] + params["by"]))'

SAMPLE_GREEDY = [
    Mistake(
        "first-fed-again-and-again",
        "sample_greedy",
        "what was chosen is not fed back",
        "The network is fed the first character.",
        (
            "What does the network read at the third step?",
            "Look at what is looked up in the table, at every step.",
            "The model predicts what follows what it has read; so it has to read what it has written.",
        ),
        ((_WRITE_STEP, _WRITE_STEP.replace("current", "first")),),
    ),
    Mistake(
        "state-not-carried",
        "sample_greedy",
        "every step starts from the same state",
        "The state is h0.",
        (
            "What does the network know at the third step of the first two?",
            "Look at which state goes into the step, and where the new one is kept.",
            "A network without a carried state knows the last character only.",
        ),
        (
            (_WRITE_STEP, _WRITE_STEP.replace("h, _ =", "new, _ =")),
            (_ARGMAX, _ARGMAX.replace("h[0]", "new[0]")),
        ),
    ),
    Mistake(
        "starts-from-zeros",
        "sample_greedy",
        "the state that it should start from is not used",
        "A network starts at zero.",
        (
            "Does your text change if h0 does?",
            "Look at the state before the first step.",
            "The state says what was read before, a prompt for example.",
        ),
        ((_START, "h, current, ids = np.zeros((1, len(h0))), first, []"),),
    ),
    Mistake(
        "least-probable",
        "sample_greedy",
        "the wrong end of the scores",
        "The extreme score is taken.",
        (
            "Has the most probable character the largest or the smallest score?",
            "Look at how one of the scores is chosen.",
            "exp grows, so the order of the probabilities is that of the scores.",
        ),
        (("np.argmax", "np.argmin"),),
    ),
    Mistake(
        "first-is-in-the-result",
        "sample_greedy",
        "the character that was fed first is part of the result",
        "The text begins with its first character.",
        (
            "How many characters should come out?",
            "Look at what is in your list before the loop.",
            "What was given and what was written are two things; the caller knows what was given.",
        ),
        ((_START, "h, current, ids = h0[None], first, [first]"),),
    ),
    Mistake(
        "written-before-chosen",
        "sample_greedy",
        "everything comes one step late",
        "The current character is written down, then the next one is chosen.",
        (
            "Which character is the first of your result?",
            "Look at the order within the loop: when is a character chosen, and when written down?",
            "The first character of the result is the model's answer to the one that it was given.",
        ),
        source="""
def sample_greedy(params, h0, first, M):
    h, current, ids = h0[None], first, []
    for _ in range(M):
        ids.append(current)
        h, _ = rnn_step_forward(params["We"][[current]], h, params["Wx"], params["Wh"], params["b"])
        current = int(np.argmax(h[0] @ params["Why"] + params["by"]))
    return np.array(ids, dtype=np.int64)
""",
    ),
    Mistake(
        "fed-with-probabilities",
        "sample_greedy",
        "the network is fed with probabilities instead of a character",
        "The output of one step is the input of the next.",
        (
            "What has the network read in training: characters, or mixtures of all characters?",
            "Look at what is looked up in the table after the first step.",
            "A mixture of all characters is none of them; what was chosen has to be known to the next step.",
        ),
        (
            (_START, f'{_START}\n    row = params["We"][[first]]'),
            (_WRITE_STEP, _WRITE_STEP.replace('params["We"][[current]]', "row")),
            (
                _ARGMAX,
                f'{_ARGMAX}\n        p = np.exp(h[0] @ params["Why"] + params["by"])\n'
                '        row = (p / p.sum() @ params["We"])[None]',
            ),
        ),
    ),
    Mistake(
        "largest-state",
        "sample_greedy",
        "the largest entry of the state instead of the largest score",
        "The state is the output of the network.",
        (
            "How many entries has the state, and how many characters are there?",
            "Look at what the largest entry is taken of.",
            "The state is the network's own language; the readout turns it into scores of characters.",
        ),
        ((_ARGMAX, "current = int(np.argmax(h[0])) % len(params['by'])"),),
    ),
    Mistake(
        "readout-bias-missing",
        "sample_greedy",
        "a parameter of the readout is not used",
        "The scores are a product.",
        (
            "Which of the six parameters does your text depend on?",
            "Look at the readout.",
            "The bias of the readout lets the model know which characters are frequent, whatever it has read.",
        ),
        ((' + params["by"]', ""),),
    ),
    Mistake(
        "scores-instead-of-places",
        "sample_greedy",
        "scores instead of characters",
        "The largest score is kept.",
        (
            "Is your result something that decode can read?",
            "Look at what you write down: how large the largest score is, or where it is?",
            "A character is known by its place in the vocabulary.",
        ),
        (("ids.append(current)", 'ids.append(np.max(h[0] @ params["Why"] + params["by"]))'), (", dtype=np.int64", "")),
    ),
    Mistake(
        "one-too-few",
        "sample_greedy",
        "the number of characters",
        "The first character is one of M.",
        (
            "How many characters should come out for M = 1?",
            "Look at where the loop begins and ends.",
            "The character that is fed first does not count: M are to be written.",
        ),
        (("range(M)", "range(1, M)"),),
    ),
    Mistake(
        "floats",
        "sample_greedy",
        "the characters are not whole numbers",
        "An array of numbers is an array of numbers.",
        (
            "What happens if you use your result as an index?",
            "Look at the dtype of your array, and at how it was made.",
            "A place is counted, not measured: arrays made without a word about it hold floats.",
        ),
        ((_IDS, "return np.array(ids, dtype=float)"),),
    ),
]

MISTAKES = [
    *BUILD_VOCAB,
    *ENCODE,
    *DECODE,
    *ONE_HOT,
    *WORD_EMBEDDING_FORWARD,
    *WORD_EMBEDDING_BACKWARD,
    *TBPTT_BATCHES,
    *CHAR_RNN_LOSS,
    *ADAGRAD_STEP,
    *ADAM_STEP,
    *BITS_PER_CHAR,
    *TEMPERATURE_SOFTMAX,
    *SAMPLE,
    *SAMPLE_GREEDY,
]
