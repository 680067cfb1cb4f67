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
    ### BEGIN SOLUTION
    return sorted(set(text))
    ### END SOLUTION


def encode(text, vocab):
    """Every character as its place in the vocabulary.

    Args:
        text: str of M characters, all of them in ``vocab``.
        vocab: list of V characters.

    Returns:
        ids: (M,) int64, from 0 to V - 1.

    Source: notebook, section "Text as numbers".
    """
    ### BEGIN SOLUTION
    place = {character: i for i, character in enumerate(vocab)}
    return np.array([place[character] for character in text], dtype=np.int64)
    ### END SOLUTION


def decode(ids, vocab):
    """The text that ``encode`` made these numbers of.

    Args:
        ids: (M,) int, from 0 to V - 1.
        vocab: list of V characters.

    Returns:
        text: str of M characters.

    Source: notebook, section "Text as numbers".
    """
    ### BEGIN SOLUTION
    return "".join(vocab[i] for i in ids)
    ### END SOLUTION


def one_hot(ids, V):
    """Every number as a vector that is 1 at one place and 0 elsewhere.

    Args:
        ids: int array of any shape, from 0 to V - 1.
        V: int, length of the vectors.

    Returns:
        vectors: ids.shape + (V,) float64.

    Source: notebook, section "Text as numbers".
    """
    ### BEGIN SOLUTION
    return np.eye(V)[ids]
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    return W[x], (x, W.shape)
    ### END SOLUTION


def word_embedding_backward(dout, cache):
    """Backward pass of the table; there is no gradient with respect to whole numbers.

    Args:
        dout: (N, T, D) gradient of the loss with respect to ``out``.
        cache: what ``word_embedding_forward`` returned.

    Returns:
        dW: (V, D) gradient of the loss.

    Source: notebook, section "A table instead of a product".
    """
    ### BEGIN SOLUTION
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)  # unlike dW[x] += dout, it adds for every occurrence
    return dW
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    L = (len(text) - 1) // N
    inputs = text[: N * L].reshape(N, L)
    targets = text[1 : N * L + 1].reshape(N, L)
    return [(inputs[:, s : s + T], targets[:, s : s + T]) for s in range(0, L - T + 1, T)]
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    embedded, embedding_cache = word_embedding_forward(x, params["We"])
    h, rnn_cache = rnn_forward(embedded, h0, params["Wx"], params["Wh"], params["b"])
    scores, readout_cache = temporal_affine_forward(h, params["Why"], params["by"])
    loss, dscores = temporal_softmax_loss(scores, y, np.ones(y.shape, dtype=bool))

    grads = {}
    dh, grads["Why"], grads["by"] = temporal_affine_backward(dscores, readout_cache)
    dembedded, _, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, rnn_cache)
    grads["We"] = word_embedding_backward(dembedded, embedding_cache)
    return loss, grads, h[:, -1]
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    config = dict(config or {})
    config.setdefault("learning_rate", 1e-1)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    config["cache"] = config["cache"] + dw**2
    next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])
    return next_w, config
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    config = dict(config or {})
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)

    beta1, beta2 = config["beta1"], config["beta2"]
    config["t"] = config["t"] + 1
    config["m"] = beta1 * config["m"] + (1 - beta1) * dw
    config["v"] = beta2 * config["v"] + (1 - beta2) * dw**2
    m_hat = config["m"] / (1 - beta1 ** config["t"])
    v_hat = config["v"] / (1 - beta2 ** config["t"])
    next_w = w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])
    return next_w, config
    ### END SOLUTION


def bits_per_char(scores, y):
    """How many bits the model needs, on average, to be told which character comes.

    Args:
        scores: (N, T, V) before the softmax, of any size. y: (N, T) int, the characters that came.

    Returns:
        bits: float, mean of ``-log2 p(y)`` over all N · T positions.

    Source: notebook, section "How good is good"; Shannon 1951.
    """
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(log_p, y[..., None], axis=-1)
    return float(-chosen.mean() / np.log(2))
    ### END SOLUTION


def temperature_softmax(scores, temperature):
    """Probabilities of the next character, sharper or flatter.

    Args:
        scores: (..., V), of any size. temperature: float above 0; 1 leaves the model as it is, less
            makes it surer of itself.

    Returns:
        p: (..., V), each row sums to 1.

    Source: notebook, section "Letting it write".
    """
    ### BEGIN SOLUTION
    scaled = scores / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    h, current, ids = h0[None], first, []
    for u in uniforms:
        h, _ = rnn_step_forward(params["We"][[current]], h, params["Wx"], params["Wh"], params["b"])
        p = temperature_softmax(h[0] @ params["Why"] + params["by"], temperature)
        current = min(int(np.searchsorted(np.cumsum(p), u, side="right")), len(p) - 1)  # a sum may round below u
        ids.append(current)
    return np.array(ids, dtype=np.int64)
    ### END SOLUTION


def sample_greedy(params, h0, first, M):
    """Let the model write without chance: always the most probable character.

    Args:
        params: dict of the six arrays. h0: (H,) hidden state to start from.
        first: int, the character that is fed first. M: int, how many characters to write.

    Returns:
        ids: (M,) int.

    Source: notebook, section "Letting it write".
    """
    ### BEGIN SOLUTION
    h, current, ids = h0[None], first, []
    for _ in range(M):
        h, _ = rnn_step_forward(params["We"][[current]], h, params["Wx"], params["Wh"], params["b"])
        current = int(np.argmax(h[0] @ params["Why"] + params["by"]))
        ids.append(current)
    return np.array(ids, dtype=np.int64)
    ### END SOLUTION
