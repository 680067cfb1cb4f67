"""Unit 3: a language model of characters, in numpy.

The layers between the embedding and the loss are yours already: they are unit 2's, imported
below (while one of them does not pass its check, stand-ins take the place of all six).

Conventions: ``N`` streams of text read side by side, ``T`` characters per chunk, ``V``
characters in the vocabulary, ``D`` numbers per embedded character, ``H`` hidden units. The
parameters of a model are one dict: ``We`` (V, D) the embedding, ``Wx`` (D, H), ``Wh`` (H, H),
``b`` (H,) the recurrent layer, ``Why`` (H, V), ``by`` (V,) the readout.

Source: Karpathy, "The unreasonable effectiveness of recurrent neural networks" (2015); names and
argument order follow Stanford CS231n's assignments where they have a counterpart.
"""

import numpy as np

from coursekit.upstream import upstream

(
    rnn_step_forward,
    rnn_forward,
    rnn_backward,
    temporal_affine_forward,
    temporal_affine_backward,
    temporal_softmax_loss,
) = upstream(
    "02_bptt",
    "rnn_step_forward",
    "rnn_forward",
    "rnn_backward",
    "temporal_affine_forward",
    "temporal_affine_backward",
    "temporal_softmax_loss",
)


def build_vocab(text):
    """The characters of a text, each once.

    Args:
        text: str, not empty.

    Returns:
        vocab: list of V different one-character strings, in sorted order.

    Source: notebook, section "Text as numbers".
    """
    # YOUR CODE HERE
    raise NotImplementedError("build_vocab: not written yet; fill in build_vocab in char_lm.py")


def encode(text, vocab):
    """Every character as its place in the vocabulary.

    Args:
        text: str of M characters, all of them in ``vocab``.
        vocab: list of V characters.

    Returns:
        ids: (M,) int64, from 0 to V - 1.

    Source: notebook, section "Text as numbers".
    """
    # YOUR CODE HERE
    raise NotImplementedError("encode: not written yet; fill in encode in char_lm.py")


def decode(ids, vocab):
    """The text that ``encode`` made these numbers of.

    Args:
        ids: (M,) int, from 0 to V - 1.
        vocab: list of V characters.

    Returns:
        text: str of M characters.

    Source: notebook, section "Text as numbers".
    """
    # YOUR CODE HERE
    raise NotImplementedError("decode: not written yet; fill in decode in char_lm.py")


def one_hot(ids, V):
    """Every number as a vector that is 1 at one place and 0 elsewhere.

    Args:
        ids: int array of any shape, from 0 to V - 1.
        V: int, length of the vectors.

    Returns:
        vectors: ids.shape + (V,) float64.

    Source: notebook, section "Text as numbers".
    """
    # YOUR CODE HERE
    raise NotImplementedError("one_hot: not written yet; fill in one_hot in char_lm.py")


def word_embedding_forward(x, W):
    """Look every number up in a table of vectors.

    Args:
        x: (N, T) int, from 0 to V - 1; the same number may occur many times.
        W: (V, D), one row per character (or word).

    Returns:
        out: (N, T, D), ``out[n, t]`` is row ``x[n, t]`` of the table.
        cache: anything you like; it is handed to ``word_embedding_backward``.

    Source: notebook, section "A table instead of a product".
    """
    # YOUR CODE HERE
    raise NotImplementedError("word_embedding_forward: not written yet; fill in word_embedding_forward in char_lm.py")


def word_embedding_backward(dout, cache):
    """Backward pass of the table; there is no gradient with respect to whole numbers.

    Args:
        dout: (N, T, D) gradient of the loss with respect to ``out``.
        cache: what ``word_embedding_forward`` returned.

    Returns:
        dW: (V, D) gradient of the loss.

    Source: notebook, section "A table instead of a product".
    """
    # YOUR CODE HERE
    raise NotImplementedError("word_embedding_backward: not written yet; fill in word_embedding_backward in char_lm.py")


def tbptt_batches(text, N, T):
    """Cut one long text into chunks for training with a carried state.

    The text is cut into ``N`` streams of ``L = (M - 1) // N`` characters each: stream ``n`` is
    ``text[n * L : (n + 1) * L]``. Chunk ``k`` holds characters ``k * T`` to ``(k + 1) * T`` of
    every stream, so that each row goes on where the same row of the chunk before stopped.
    The targets are the characters that follow, one place later in the text. What is left at the end
    of the streams, fewer than ``T`` characters each, is left out.

    Args:
        text: (M,) int, an encoded text with M - 1 >= N * T.
        N: int, number of streams. T: int, characters per chunk.

    Returns:
        batches: list of pairs ``(x, y)``, both (N, T) int, in the order of the text.

    Source: notebook, section "Feeding a long text".
    """
    # YOUR CODE HERE
    raise NotImplementedError("tbptt_batches: not written yet; fill in tbptt_batches in char_lm.py")


def char_rnn_loss(params, x, y, h0):
    """Loss of the whole model on one chunk, and its gradients.

    Embedding, recurrent layer, readout, softmax; every position of the chunk counts.

    Args:
        params: dict of the six arrays named at the top of this file; it is not changed.
        x: (N, T) int, characters. y: (N, T) int, the characters that should follow.
        h0: (N, H), hidden state before the chunk.

    Returns:
        loss: float, that of ``temporal_softmax_loss``: cross-entropy in nats, summed over time,
            divided by N.
        grads: dict with the names and shapes of ``params``.
        h_last: (N, H), hidden state after the chunk, for the next one to start from.

    Source: notebook, section "The whole model".
    """
    # YOUR CODE HERE
    raise NotImplementedError("char_rnn_loss: not written yet; fill in char_rnn_loss in char_lm.py")


def adagrad_step(w, dw, config=None):
    """One Adagrad update of one parameter.

    Args:
        w: array of any shape, the parameter. dw: array of that shape, its gradient.
        config: None, or a dict; what it lacks is filled in: ``learning_rate`` (1e-1), ``epsilon``
            (1e-8), ``cache`` (zeros of the shape of ``w``), the sum of all squared gradients so far.

    Returns:
        next_w: array of the shape of ``w``, after the step.
        config: dict for the next call, with the new ``cache``.

    Source: notebook, section "Steps of the right size"; Duchi, Hazan & Singer 2011.
    """
    # YOUR CODE HERE
    raise NotImplementedError("adagrad_step: not written yet; fill in adagrad_step in char_lm.py")


def adam_step(w, dw, config=None):
    """One Adam update of one parameter.

    Args:
        w: array of any shape, the parameter. dw: array of that shape, its gradient.
        config: None, or a dict; what it lacks is filled in: ``learning_rate`` (1e-3), ``beta1`` (0.9),
            ``beta2`` (0.999), ``epsilon`` (1e-8), ``m`` and ``v`` (zeros of the shape of ``w``),
            running means of the gradient and of its square, ``t`` (0), the number of updates so far.

    Returns:
        next_w: array of the shape of ``w``, after the step.
        config: dict for the next call, with the new ``m``, ``v`` and ``t``.

    Source: notebook, section "Steps of the right size"; Kingma & Ba 2015, algorithm 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError("adam_step: not written yet; fill in adam_step in char_lm.py")


def bits_per_char(scores, y):
    """How many bits the model needs, on average, to be told which character comes.

    Args:
        scores: (N, T, V) before the softmax, of any size. y: (N, T) int, the characters that came.

    Returns:
        bits: float, mean of ``-log2 p(y)`` over all N · T positions.

    Source: notebook, section "How good is good"; Shannon 1951.
    """
    # YOUR CODE HERE
    raise NotImplementedError("bits_per_char: not written yet; fill in bits_per_char in char_lm.py")


def temperature_softmax(scores, temperature):
    """Probabilities of the next character, sharper or flatter.

    Args:
        scores: (..., V), of any size. temperature: float above 0; 1 leaves the model as it is, less
            makes it surer of itself.

    Returns:
        p: (..., V), each row sums to 1.

    Source: notebook, section "Letting it write".
    """
    # YOUR CODE HERE
    raise NotImplementedError("temperature_softmax: not written yet; fill in temperature_softmax in char_lm.py")


def sample(params, h0, first, uniforms, temperature=1.0):
    """Let the model write: every character is drawn from its probabilities and fed back.

    All chance comes in through ``uniforms``. With probabilities p₀, p₁, … in the order of the vocabulary,
    number ``u`` draws the first character i for which p₀ + … + pᵢ > u.

    Args:
        params: dict of the six arrays. h0: (H,) hidden state to start from.
        first: int, the character that is fed first (it is not part of the result).
        uniforms: (M,) random numbers, at least 0 and below 1, one per character.
        temperature: float above 0, as in ``temperature_softmax``.

    Returns:
        ids: (M,) int, the characters drawn.

    Source: notebook, section "Letting it write".
    """
    # YOUR CODE HERE
    raise NotImplementedError("sample: not written yet; fill in sample in char_lm.py")


def sample_greedy(params, h0, first, M):
    """Let the model write without chance: always the most probable character.

    Args:
        params: dict of the six arrays. h0: (H,) hidden state to start from.
        first: int, the character that is fed first. M: int, how many characters to write.

    Returns:
        ids: (M,) int.

    Source: notebook, section "Letting it write".
    """
    # YOUR CODE HERE
    raise NotImplementedError("sample_greedy: not written yet; fill in sample_greedy in char_lm.py")
