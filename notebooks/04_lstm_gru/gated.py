"""Unit 4: cells with gates, in numpy.

As in unit 2, every ``*_forward`` returns its result and a ``cache`` that nobody but your own
``*_backward`` looks inside.

Conventions: batch first, weights act from the right; ``N`` sequences, ``T`` steps, ``D`` inputs,
``H`` hidden units. The weights of all gates stand side by side in one matrix. LSTM: blocks of H
columns in the order **i, f, o, g** (input, forget, output gate, candidate). GRU: **r, z, ĥ**
(reset, update gate, candidate).

Source: Hochreiter & Schmidhuber 1997 and Gers et al. 2000 (LSTM with forget gate); Cho et al. 2014
(GRU); names and argument order follow Stanford CS231n's assignments where they have a counterpart.
"""

import numpy as np


def sigmoid(a):
    """1 / (1 + exp(-a)) of an array of any shape, without overflow: yours to use, no exercise."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One time step of an LSTM.

    Args:
        x: (N, D) input, prev_h: (N, H) previous hidden state, prev_c: (N, H) previous cell state.
        Wx: (D, 4H), Wh: (H, 4H), b: (4H,) weights, blocks in the order i, f, o, g.

    Returns:
        next_h: (N, H), next_c: (N, H) states after this step.
        cache: anything you like; it is handed to ``lstm_step_backward``.

    Source: notebook, section "The cell, gate by gate".
    """
    # YOUR CODE HERE
    raise NotImplementedError("lstm_step_forward: not written yet; fill in lstm_step_forward in gated.py")


def lstm_step_backward(dnext_h, dnext_c, cache):
    """Backward pass of one LSTM step.

    Args:
        dnext_h: (N, H), dnext_c: (N, H) gradients of the loss with respect to ``next_h`` and
            ``next_c``; the second is what comes back from step t + 1 only.
        cache: what ``lstm_step_forward`` returned.

    Returns:
        dx: (N, D), dprev_h: (N, H), dprev_c: (N, H), dWx: (D, 4H), dWh: (H, 4H), db: (4H,).

    Source: notebook, section "The backward pass on paper".
    """
    # YOUR CODE HERE
    raise NotImplementedError("lstm_step_backward: not written yet; fill in lstm_step_backward in gated.py")


def lstm_forward(x, h0, Wx, Wh, b):
    """Run an LSTM over whole sequences; the cell state starts at zero.

    Args:
        x: (N, T, D) inputs, h0: (N, H) hidden state before the first step.
        Wx: (D, 4H), Wh: (H, 4H), b: (4H,) weights.

    Returns:
        h: (N, T, H) hidden state after every step.
        cache: anything you like; it is handed to ``lstm_backward``.

    Source: notebook, section "Unrolled".
    """
    # YOUR CODE HERE
    raise NotImplementedError("lstm_forward: not written yet; fill in lstm_forward in gated.py")


def lstm_backward(dh, cache):
    """Backpropagation through time for the LSTM.

    Args:
        dh: (N, T, H) gradient of the loss with respect to every ``h[:, t]`` as an output.
        cache: what ``lstm_forward`` returned.

    Returns:
        dx: (N, T, D), dh0: (N, H), dWx: (D, 4H), dWh: (H, 4H), db: (4H,).

    Source: notebook, section "Unrolled".
    """
    # YOUR CODE HERE
    raise NotImplementedError("lstm_backward: not written yet; fill in lstm_backward in gated.py")


def init_lstm(D, H, forget_bias=1.0, seed=0):
    """Weights of an LSTM, before training.

    Args:
        D: int, width of the input. H: int, of the hidden state.
        forget_bias: float, where the bias of the forget gate starts.
        seed: int, for ``np.random.default_rng``: the same seed gives the same weights, another seed others.

    Returns:
        Wx: (D, 4H) normal, standard deviation 1/√D. Wh: (H, 4H) normal, standard deviation 1/√H, numbers of its own.
        b: (4H,) zero, except ``forget_bias`` for the forget gate.

    Source: notebook, section "What the gates start from"; Gers et al. 2000, Jozefowicz et al. 2015.
    """
    # YOUR CODE HERE
    raise NotImplementedError("init_lstm: not written yet; fill in init_lstm in gated.py")


def to_torch_lstm(Wx, Wh, b):
    """The same weights in the layout of ``torch.nn.LSTM``, whose gates stand in the order i, f, g, o.

    Args:
        Wx: (D, 4H), Wh: (H, 4H), b: (4H,) weights in our layout.

    Returns:
        state: dict of numpy arrays ``weight_ih_l0`` (4H, D), ``weight_hh_l0`` (4H, H), ``bias_ih_l0``
            (4H,), ``bias_hh_l0`` (4H,); torch adds its two biases, so their sum must be ours.

    Source: notebook, section "Against torch"; documentation of ``torch.nn.LSTM``.
    """

    # YOUR CODE HERE
    raise NotImplementedError("to_torch_lstm: not written yet; fill in to_torch_lstm in gated.py")


def gru_step_forward(x, prev_h, Wx, Wh, b):
    """One time step of a GRU: reset before the product, ``h' = z h + (1 - z) ĥ``.

    Args:
        x: (N, D) input, prev_h: (N, H) previous hidden state.
        Wx: (D, 3H), Wh: (H, 3H), b: (3H,) weights, blocks in the order r, z, ĥ.

    Returns:
        next_h: (N, H) hidden state after this step.
        cache: anything you like; it is handed to ``gru_step_backward``.

    Source: notebook, section "The GRU"; Cho et al. 2014, equations 5 to 8.
    """
    # YOUR CODE HERE
    raise NotImplementedError("gru_step_forward: not written yet; fill in gru_step_forward in gated.py")


def gru_step_backward(dnext_h, cache):
    """Backward pass of one GRU step.

    Args:
        dnext_h: (N, H) gradient of the loss with respect to ``next_h``.
        cache: what ``gru_step_forward`` returned.

    Returns:
        dx: (N, D), dprev_h: (N, H), dWx: (D, 3H), dWh: (H, 3H), db: (3H,).

    Source: notebook, section "The GRU, backwards".
    """
    # YOUR CODE HERE
    raise NotImplementedError("gru_step_backward: not written yet; fill in gru_step_backward in gated.py")


def gru_forward(x, h0, Wx, Wh, b):
    """Run a GRU over whole sequences.

    Args:
        x: (N, T, D) inputs, h0: (N, H) hidden state before the first step.
        Wx: (D, 3H), Wh: (H, 3H), b: (3H,) weights.

    Returns:
        h: (N, T, H) hidden state after every step.
        cache: anything you like; it is handed to ``gru_backward``.

    Source: notebook, section "The GRU, backwards".
    """
    # YOUR CODE HERE
    raise NotImplementedError("gru_forward: not written yet; fill in gru_forward in gated.py")


def gru_backward(dh, cache):
    """Backpropagation through time for the GRU.

    Args:
        dh: (N, T, H) gradient of the loss with respect to every ``h[:, t]`` as an output.
        cache: what ``gru_forward`` returned.

    Returns:
        dx: (N, T, D), dh0: (N, H), dWx: (D, 3H), dWh: (H, 3H), db: (3H,).

    Source: notebook, section "The GRU, backwards".
    """
    # YOUR CODE HERE
    raise NotImplementedError("gru_backward: not written yet; fill in gru_backward in gated.py")


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    """One step of the GRU that torch and cuDNN compute: the reset gate acts after the product.

    Args:
        x, prev_h, Wx, Wh, b: as in ``gru_step_forward``; ``b`` is added outside the reset gate.

    Returns:
        next_h: (N, H) hidden state after this step.

    Source: notebook, section "The GRU that torch computes"; documentation of ``torch.nn.GRU``.
    """
    # YOUR CODE HERE
    raise NotImplementedError("gru_step_reset_after: not written yet; fill in gru_step_reset_after in gated.py")


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One step of an LSTM that writes exactly as much as it forgets: the input gate is 1 - f.

    Args:
        x: (N, D), prev_h: (N, H), prev_c: (N, H) as in ``lstm_step_forward``.
        Wx: (D, 3H), Wh: (H, 3H), b: (3H,) weights, blocks in the order f, o, g.

    Returns:
        next_h: (N, H), next_c: (N, H) states after this step.
        cache: anything you like; it is handed to ``coupled_step_backward``.

    Source: notebook, section "Which gates does it need?"; Greff et al. 2017, variant CIFG.
    """
    # YOUR CODE HERE
    raise NotImplementedError("coupled_step_forward: not written yet; fill in coupled_step_forward in gated.py")


def coupled_step_backward(dnext_h, dnext_c, cache):
    """Backward pass of one step with coupled gates.

    Args:
        dnext_h: (N, H), dnext_c: (N, H), cache: as in ``lstm_step_backward``.

    Returns:
        dx: (N, D), dprev_h: (N, H), dprev_c: (N, H), dWx: (D, 3H), dWh: (H, 3H), db: (3H,).

    Source: notebook, section "Which gates does it need?".
    """
    # YOUR CODE HERE
    raise NotImplementedError("coupled_step_backward: not written yet; fill in coupled_step_backward in gated.py")
