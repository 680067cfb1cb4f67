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
    ### BEGIN SOLUTION
    a_i, a_f, a_o, a_g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)
    next_c = f * prev_c + i * g
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c)
    return next_h, next_c, cache
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c = cache
    do = dnext_h * tanh_c
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)  # two ways lead to c: the next step, and this step's h
    di, df, dg = dc * g, dc * prev_c, dc * i
    dprev_c = dc * f
    da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], axis=1)  # (N, 4H)
    return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(axis=0)
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev_h, prev_c, cache = h0, np.zeros_like(h0), []
    for t in range(T):
        prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step_cache)
    return h, cache
    ### END SOLUTION


def lstm_backward(dh, cache):
    """Backpropagation through time for the LSTM.

    Args:
        dh: (N, T, H) gradient of the loss with respect to every ``h[:, t]`` as an output.
        cache: what ``lstm_forward`` returned.

    Returns:
        dx: (N, T, D), dh0: (N, H), dWx: (D, 4H), dWh: (H, 4H), db: (4H,).

    Source: notebook, section "Unrolled".
    """
    ### BEGIN SOLUTION
    N, T, H = dh.shape
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    dx_steps, dWx, dWh, db = [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx_steps[t], dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dx_steps, axis=1), dprev_h, dWx, dWh, db
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    Wx = rng.standard_normal((D, 4 * H)) / np.sqrt(D)
    Wh = rng.standard_normal((H, 4 * H)) / np.sqrt(H)
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    return Wx, Wh, b
    ### END SOLUTION


def to_torch_lstm(Wx, Wh, b):
    """The same weights in the layout of ``torch.nn.LSTM``, whose gates stand in the order i, f, g, o.

    Args:
        Wx: (D, 4H), Wh: (H, 4H), b: (4H,) weights in our layout.

    Returns:
        state: dict of numpy arrays ``weight_ih_l0`` (4H, D), ``weight_hh_l0`` (4H, H), ``bias_ih_l0``
            (4H,), ``bias_hh_l0`` (4H,); torch adds its two biases, so their sum must be ours.

    Source: notebook, section "Against torch"; documentation of ``torch.nn.LSTM``.
    """

    ### BEGIN SOLUTION
    def reordered(w):
        i, f, o, g = np.split(w, 4, axis=-1)
        return np.concatenate([i, f, g, o], axis=-1)

    return {
        "weight_ih_l0": reordered(Wx).T,
        "weight_hh_l0": reordered(Wh).T,
        "bias_ih_l0": reordered(b),
        "bias_hh_l0": np.zeros_like(b),
    }
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    H = prev_h.shape[1]
    gates = sigmoid(x @ Wx[:, : 2 * H] + prev_h @ Wh[:, : 2 * H] + b[: 2 * H])
    r, z = gates[:, :H], gates[:, H:]
    candidate = np.tanh(x @ Wx[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :] + b[2 * H :])
    next_h = z * prev_h + (1 - z) * candidate
    cache = (x, prev_h, Wx, Wh, r, z, candidate)
    return next_h, cache
    ### END SOLUTION


def gru_step_backward(dnext_h, cache):
    """Backward pass of one GRU step.

    Args:
        dnext_h: (N, H) gradient of the loss with respect to ``next_h``.
        cache: what ``gru_step_forward`` returned.

    Returns:
        dx: (N, D), dprev_h: (N, H), dWx: (D, 3H), dWh: (H, 3H), db: (3H,).

    Source: notebook, section "The GRU, backwards".
    """
    ### BEGIN SOLUTION
    x, prev_h, Wx, Wh, r, z, candidate = cache
    H = prev_h.shape[1]
    da_candidate = dnext_h * (1 - z) * (1 - candidate**2)
    dreset_h = da_candidate @ Wh[:, 2 * H :].T  # gradient of r * prev_h
    da_r = dreset_h * prev_h * r * (1 - r)
    da_z = dnext_h * (prev_h - candidate) * z * (1 - z)
    da_gates = np.concatenate([da_r, da_z], axis=1)
    da = np.concatenate([da_gates, da_candidate], axis=1)  # (N, 3H)
    dprev_h = dnext_h * z + dreset_h * r + da_gates @ Wh[:, : 2 * H].T
    dWh = np.concatenate([prev_h.T @ da_gates, (r * prev_h).T @ da_candidate], axis=1)
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(axis=0)
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev_h, cache = h0, []
    for t in range(T):
        prev_h, step_cache = gru_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step_cache)
    return h, cache
    ### END SOLUTION


def gru_backward(dh, cache):
    """Backpropagation through time for the GRU.

    Args:
        dh: (N, T, H) gradient of the loss with respect to every ``h[:, t]`` as an output.
        cache: what ``gru_forward`` returned.

    Returns:
        dx: (N, T, D), dh0: (N, H), dWx: (D, 3H), dWh: (H, 3H), db: (3H,).

    Source: notebook, section "The GRU, backwards".
    """
    ### BEGIN SOLUTION
    N, T, H = dh.shape
    dprev_h = np.zeros((N, H))
    dx_steps, dWx, dWh, db = [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx_steps[t], dprev_h, dWx_t, dWh_t, db_t = gru_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dx_steps, axis=1), dprev_h, dWx, dWh, db
    ### END SOLUTION


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    """One step of the GRU that torch and cuDNN compute: the reset gate acts after the product.

    Args:
        x, prev_h, Wx, Wh, b: as in ``gru_step_forward``; ``b`` is added outside the reset gate.

    Returns:
        next_h: (N, H) hidden state after this step.

    Source: notebook, section "The GRU that torch computes"; documentation of ``torch.nn.GRU``.
    """
    ### BEGIN SOLUTION
    H = prev_h.shape[1]
    from_x, from_h = x @ Wx + b, prev_h @ Wh
    r, z = np.split(sigmoid(from_x[:, : 2 * H] + from_h[:, : 2 * H]), 2, axis=1)
    candidate = np.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])
    return z * prev_h + (1 - z) * candidate
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    a_f, a_o, a_g = np.split(x @ Wx + prev_h @ Wh + b, 3, axis=1)
    f, o, g = sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)
    next_c = f * prev_c + (1 - f) * g
    tanh_c = np.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, f, o, g, tanh_c)
    return o * tanh_c, next_c, cache
    ### END SOLUTION


def coupled_step_backward(dnext_h, dnext_c, cache):
    """Backward pass of one step with coupled gates.

    Args:
        dnext_h: (N, H), dnext_c: (N, H), cache: as in ``lstm_step_backward``.

    Returns:
        dx: (N, D), dprev_h: (N, H), dprev_c: (N, H), dWx: (D, 3H), dWh: (H, 3H), db: (3H,).

    Source: notebook, section "Which gates does it need?".
    """
    ### BEGIN SOLUTION
    x, prev_h, prev_c, Wx, Wh, f, o, g, tanh_c = cache
    do = dnext_h * tanh_c
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    df, dg = dc * (prev_c - g), dc * (1 - f)
    da = np.concatenate([df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], axis=1)  # (N, 3H)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)
    ### END SOLUTION
