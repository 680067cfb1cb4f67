"""Unit 1: the vanilla recurrent network, forward only, in numpy.

Conventions of the whole course: batch first, weights act from the right.
``N`` sequences in a batch, ``T`` time steps, ``D`` numbers per input vector,
``H`` numbers in the hidden state, ``C`` numbers per output vector.

Source: Elman, "Finding Structure in Time", Cognitive Science 14 (1990), for the
network; the shapes and names follow Stanford CS231n's recurrent-network assignment.
"""

import numpy as np


def rnn_cell(x, prev_h, Wx, Wh, b):
    """One time step of a vanilla RNN: mix the input with the memory, squash with tanh.

    Args:
        x: (N, D) input vectors of this time step.
        prev_h: (N, H) hidden state after the previous time step.
        Wx: (D, H) input-to-hidden weights.
        Wh: (H, H) hidden-to-hidden weights.
        b: (H,) bias.

    Returns:
        next_h: (N, H) hidden state after this time step, each number in (-1, 1).

    Source: Elman (1990); notebook, section "One step".
    """
    # YOUR CODE HERE
    raise NotImplementedError("rnn_cell: not written yet; fill in rnn_cell in vanilla_rnn.py")


def stacked_cell(x, prev_h, W, b):
    """The same time step with one weight matrix acting on ``[h, x]`` side by side.

    Args:
        x: (N, D) input vectors of this time step.
        prev_h: (N, H) hidden state after the previous time step.
        W: (H + D, H) weights; the first H rows belong to ``prev_h``, the last D rows to ``x``.
        b: (H,) bias.

    Returns:
        next_h: (N, H) hidden state after this time step.

    Source: notebook, section "One matrix instead of two".
    """
    # YOUR CODE HERE
    raise NotImplementedError("stacked_cell: not written yet; fill in stacked_cell in vanilla_rnn.py")


def readout(h, Why, by):
    """Read an output vector off the hidden state: an affine map, no squashing.

    Args:
        h: (N, H) one hidden state per sequence, or (N, T, H) one per sequence and step.
        Why: (H, C) hidden-to-output weights.
        by: (C,) bias.

    Returns:
        y: (N, C) or (N, T, C), the leading axes as in ``h``.

    Source: notebook, section "Reading something off".
    """
    # YOUR CODE HERE
    raise NotImplementedError("readout: not written yet; fill in readout in vanilla_rnn.py")


def unroll(x, h0, Wx, Wh, b):
    """Many-to-many: run the cell over a whole sequence with the same weights at every step.

    Args:
        x: (N, T, D) input sequences.
        h0: (N, H) hidden state before the first step.
        Wx: (D, H), Wh: (H, H), b: (H,) the cell's weights.

    Returns:
        h: (N, T, H) the hidden state after every step; ``h[:, t]`` has seen ``x[:, :t + 1]``.

    Source: notebook, section "Unrolling".
    """
    # YOUR CODE HERE
    raise NotImplementedError("unroll: not written yet; fill in unroll in vanilla_rnn.py")


def many_to_one(x, h0, Wx, Wh, b, Why, by):
    """Many-to-one: read the whole sequence, answer once, from the last hidden state.

    Args:
        x: (N, T, D) input sequences.
        h0: (N, H) hidden state before the first step.
        Wx: (D, H), Wh: (H, H), b: (H,) the cell's weights.
        Why: (H, C), by: (C,) the readout's weights.

    Returns:
        y: (N, C) one output per sequence.

    Source: notebook, section "Many to one".
    """
    # YOUR CODE HERE
    raise NotImplementedError("many_to_one: not written yet; fill in many_to_one in vanilla_rnn.py")


def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    """One-to-many: start from one input, then feed each output back as the next input.

    Args:
        x0: (N, D) input of the first step.
        h0: (N, H) hidden state before the first step.
        Wx: (D, H), Wh: (H, H), b: (H,) the cell's weights.
        Why: (H, D), by: (D,) the readout's weights; an output is as wide as an input.
        T: number of outputs to produce, an int of at least 1.

    Returns:
        y: (N, T, D) the outputs; ``y[:, t]`` is the input of step ``t + 1``.

    Source: notebook, section "One to many".
    """
    # YOUR CODE HERE
    raise NotImplementedError("one_to_many: not written yet; fill in one_to_many in vanilla_rnn.py")


def sequence_to_sequence(x, h0, encoder, decoder, start, T):
    """Many-to-one, then one-to-many: one network reads, another writes from what it kept.

    Args:
        x: (N, S, D) input sequences, S steps long.
        h0: (N, H) the encoder's hidden state before its first step.
        encoder: tuple ``(Wx, Wh, b)`` of shapes (D, H), (H, H), (H,).
        decoder: tuple ``(Wx, Wh, b, Why, by)`` of shapes (K, H), (H, H), (H,), (H, K), (K,).
        start: (N, K) the decoder's first input.
        T: number of outputs to produce, an int of at least 1.

    Returns:
        y: (N, T, K) the decoder's outputs. All it knows of ``x`` is the encoder's last
        hidden state, which is the decoder's first.

    Source: Sutskever, Vinyals & Le, "Sequence to Sequence Learning with Neural Networks",
    NIPS 2014; notebook, section "Sequence to sequence".
    """
    # YOUR CODE HERE
    raise NotImplementedError("sequence_to_sequence: not written yet; fill in sequence_to_sequence in vanilla_rnn.py")


def multilayer(x, h0, layers):
    """Stack RNNs: the hidden states of one layer are the input sequence of the next.

    Args:
        x: (N, T, D) input sequences of the lowest layer.
        h0: list of L arrays, ``h0[l]`` (N, H_l) the initial state of layer ``l``.
        layers: list of L tuples ``(Wx, Wh, b)``, lowest layer first; ``Wx`` of layer ``l``
            is (H_{l-1}, H_l), and (D, H_0) for the lowest.

    Returns:
        h: (N, T, H_{L-1}) the hidden states of the top layer.

    Source: notebook, section "More layers".
    """
    # YOUR CODE HERE
    raise NotImplementedError("multilayer: not written yet; fill in multilayer in vanilla_rnn.py")


def rows_as_steps(images):
    """Cut images into the list of time steps that an unrolled network reads.

    Args:
        images: (N, rows, columns) a batch of grey images.

    Returns:
        steps: list with one array per row, top row first; ``steps[t]`` is (N, columns),
        row ``t`` of every image. (What TensorFlow's old ``static_rnn`` took as ``inputs``.)

    Source: notebook, section "An image is a sequence too".
    """
    # YOUR CODE HERE
    raise NotImplementedError("rows_as_steps: not written yet; fill in rows_as_steps in vanilla_rnn.py")


def count_parameters(D, H, C, T):
    """Count the numbers that an RNN with a readout has to learn.

    Args:
        D: width of the input, H: width of the hidden state, C: width of the output.
        T: number of time steps that the network is unrolled for.

    Returns:
        count: int, entries of Wx, Wh, b, Why and by together.

    Source: notebook, section "What sharing weights means".
    """
    # YOUR CODE HERE
    raise NotImplementedError("count_parameters: not written yet; fill in count_parameters in vanilla_rnn.py")


def parity_weights():
    """Weights, set by hand, with which an RNN tells the parity of a string of bits.

    The network starts from ``h0 = 0``, reads one bit (0.0 or 1.0) per step and is asked at
    every step whether it has seen an odd number of ones so far: its output shall be above
    0.5 if so and below 0.5 if not, for strings of any length up to 200.

    Returns:
        Wx: (1, H), Wh: (H, H), b: (H,), Why: (H, 1), by: (1,) for an H of your choice
        (2 is enough, up to 16 is accepted).

    Source: notebook, section "What a hidden state can hold".
    """
    # YOUR CODE HERE
    raise NotImplementedError("parity_weights: not written yet; fill in parity_weights in vanilla_rnn.py")
