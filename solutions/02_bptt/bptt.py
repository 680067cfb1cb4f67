"""Unit 2: backpropagation through time, in numpy.

Every ``*_forward`` returns its result and a ``cache``: whatever you want to find again in
the matching ``*_backward``. Nobody but your own backward function ever looks inside it.

Conventions: batch first, weights act from the right; ``N`` sequences, ``T`` time steps,
``D`` input width, ``H`` hidden width, ``V`` classes. A gradient ``dz`` has the shape of ``z``.

Source: Werbos, "Backpropagation through time: what it does and how to do it", Proceedings
of the IEEE 78 (1990); names and argument order follow Stanford CS231n's assignment.
"""

import numpy as np


def numerical_gradient(f, x, df=None, h=1e-5):
    """Gradient of ``f`` at ``x`` by centred differences, entry by entry.

    Args:
        f: function of one array; returns a number, or an array if ``df`` is given. That array
            may be ``x`` itself, as it is for ``lambda z: z``.
        x: float64 array of any shape, the point; it is as before when the function returns.
        df: array of the shape of ``f(x)``, the upstream gradient; None if ``f`` returns a number.
        h: half the distance between the two points of a difference.

    Returns:
        grad: array of the shape of ``x``; the gradient of ``f(x)``, or of ``sum(df * f(x))``.

    Source: notebook, section "A gradient that cannot be wrong".
    """
    ### BEGIN SOLUTION
    grad = np.zeros_like(x, dtype=np.float64)
    for index in np.ndindex(*x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f(x)
        above = np.array(above, dtype=np.float64)  # a copy: f may return x itself
        x[index] = kept - h
        below = np.array(f(x), dtype=np.float64)
        x[index] = kept
        slope = (above - below) / (2 * h)
        grad[index] = slope if df is None else np.sum(df * slope)
    return grad
    ### END SOLUTION


def relative_error(a, b):
    """How far apart two arrays are, relative to their size: the largest over all entries.

    Args:
        a, b: arrays of one shape.

    Returns:
        error: float, max of ``|a - b| / max(1e-8, |a| + |b|)``; 0 where both are 0, at most 1.

    Source: notebook, section "How wrong is wrong".
    """
    ### BEGIN SOLUTION
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))
    ### END SOLUTION


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One time step of a vanilla RNN that also keeps what its backward pass will need.

    Args:
        x: (N, D) input, prev_h: (N, H) previous hidden state.
        Wx: (D, H), Wh: (H, H), b: (H,) weights.

    Returns:
        next_h: (N, H) hidden state after this step.
        cache: anything you like; it is handed to ``rnn_step_backward``.

    Source: notebook, section "One step back".
    """
    ### BEGIN SOLUTION
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache
    ### END SOLUTION


def rnn_step_backward(dnext_h, cache):
    """Backward pass of one time step.

    Args:
        dnext_h: (N, H) gradient of the loss with respect to ``next_h``.
        cache: what ``rnn_step_forward`` returned.

    Returns:
        dx: (N, D), dprev_h: (N, H), dWx: (D, H), dWh: (H, H), db: (H,) gradients of the loss.

    Source: notebook, section "One step back".
    """
    ### BEGIN SOLUTION
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)  # (N, H): through tanh, whose slope is 1 - tanh²
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db
    ### END SOLUTION


def rnn_forward(x, h0, Wx, Wh, b):
    """Run the RNN over whole sequences.

    Args:
        x: (N, T, D) inputs, h0: (N, H) hidden state before the first step.
        Wx: (D, H), Wh: (H, H), b: (H,) weights.

    Returns:
        h: (N, T, H) hidden state after every step.
        cache: anything you like; it is handed to ``rnn_backward``.

    Source: notebook, section "Back through time".
    """
    ### BEGIN SOLUTION
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step_cache)
    return h, cache
    ### END SOLUTION


def rnn_backward(dh, cache):
    """Backpropagation through time.

    Args:
        dh: (N, T, H) gradient of the loss with respect to every ``h[:, t]`` as an *output*:
            ``dh[:, t]`` is what flows in at step ``t`` from above, not from step ``t + 1``.
        cache: what ``rnn_forward`` returned.

    Returns:
        dx: (N, T, D), dh0: (N, H), dWx: (D, H), dWh: (H, H), db: (H,) gradients of the loss.

    Source: Werbos (1990); notebook, section "Back through time".
    """
    ### BEGIN SOLUTION
    N, T, H = dh.shape
    x0, _, Wx, Wh, _ = cache[0]
    dx = np.zeros((N, T, x0.shape[1]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dnext_h = dh[:, t] + dprev_h  # from above and from the future
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db
    ### END SOLUTION


def temporal_affine_forward(x, w, b):
    """The same affine map at every time step.

    Args:
        x: (N, T, D) inputs, w: (D, M) weights, b: (M,) bias.

    Returns:
        out: (N, T, M).
        cache: anything you like; it is handed to ``temporal_affine_backward``.

    Source: notebook, section "A readout at every step".
    """
    ### BEGIN SOLUTION
    out = x @ w + b
    cache = (x, w)
    return out, cache
    ### END SOLUTION


def temporal_affine_backward(dout, cache):
    """Backward pass of ``temporal_affine_forward``.

    Args:
        dout: (N, T, M) gradient of the loss with respect to ``out``.
        cache: what ``temporal_affine_forward`` returned.

    Returns:
        dx: (N, T, D), dw: (D, M), db: (M,) gradients of the loss.

    Source: notebook, section "A readout at every step".
    """
    ### BEGIN SOLUTION
    x, w = cache
    dx = dout @ w.T
    dw = np.tensordot(x, dout, axes=((0, 1), (0, 1)))  # summed over sequences and steps
    db = dout.sum(axis=(0, 1))
    return dx, dw, db
    ### END SOLUTION


def temporal_softmax_loss(x, y, mask):
    """Cross-entropy at every step where the mask is true: summed over time, divided by N.

    Args:
        x: (N, T, V) scores (logits).
        y: (N, T) int, the right class of every step, in 0 … V-1.
        mask: (N, T) bool; a step whose mask is False gives neither loss nor gradient.

    Returns:
        loss: float, the sum of the cross-entropies of all unmasked steps, divided by N.
        dx: (N, T, V) gradient of the loss with respect to the scores.

    Source: notebook, section "A loss at every step".
    """
    ### BEGIN SOLUTION
    N, T, _ = x.shape
    shifted = x - x.max(axis=2, keepdims=True)  # exp cannot overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    n, t = np.arange(N)[:, None], np.arange(T)[None, :]
    loss = -np.sum(mask * log_p[n, t, y]) / N
    dx = np.exp(log_p)
    dx[n, t, y] -= 1
    dx *= mask[:, :, None] / N
    return loss, dx
    ### END SOLUTION


def clip_grad_norm(grads, max_norm):
    """Shrink all gradients by one common factor if their joint L2 norm is above a limit.

    Args:
        grads: dict from name to array, the gradients of all parameters.
        max_norm: float, the largest joint norm allowed.

    Returns:
        clipped: dict with the same names: the gradients, times ``max_norm / norm`` if
            ``norm`` is above ``max_norm``, unchanged if not.
        norm: float, the joint norm before clipping: the square root of the sum of the
            squares of all entries of all arrays.

    Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013; same rule as ``torch.nn.utils.clip_grad_norm_``.
    """
    ### BEGIN SOLUTION
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = max_norm / norm if norm > max_norm else 1.0
    return {name: g * factor for name, g in grads.items()}, norm
    ### END SOLUTION


def truncated_bptt(x, h0, Wx, Wh, b, dh, chunk):
    """Backpropagation through time in chunks: the state goes on, the gradient is cut.

    The sequence is processed in pieces of ``chunk`` steps (the last one may be shorter). Each
    piece starts from the hidden state that the previous piece ended with, so the hidden
    states are those of one long forward pass; but no gradient flows from a piece into the
    one before it.

    Args:
        x: (N, T, D) inputs, h0: (N, H) hidden state before the first step.
        Wx: (D, H), Wh: (H, H), b: (H,) weights.
        dh: (N, T, H) gradient of the loss with respect to every ``h[:, t]`` as an output.
        chunk: int of at least 1, the number of steps per piece.

    Returns:
        h: (N, T, H) hidden state after every step.
        dx: (N, T, D), dh0: (N, H), dWx: (D, H), dWh: (H, H), db: (H,) gradients; those of the
            weights summed over all pieces, ``dh0`` the one that reaches ``h0`` in the first piece.

    Source: Williams & Peng, "An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories", Neural Computation 2 (1990); notebook, section
    "Truncated backpropagation".
    """
    ### BEGIN SOLUTION
    N, T, _ = x.shape
    h, dx = np.zeros((N, T, h0.shape[1])), np.zeros(x.shape)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    state, dh0 = h0, None
    for start in range(0, T, chunk):
        piece = slice(start, start + chunk)
        h[:, piece], cache = rnn_forward(x[:, piece], state, Wx, Wh, b)
        dx[:, piece], dstate, dWx_c, dWh_c, db_c = rnn_backward(dh[:, piece], cache)
        if start == 0:
            dh0 = dstate
        dWx += dWx_c
        dWh += dWh_c
        db += db_c
        state = h[:, piece][:, -1]  # carried on; its gradient is dropped
    return h, dx, dh0, dWx, dWh, db
    ### END SOLUTION


def gradient_norms(h, Wh):
    """How strongly the last hidden state depends on each earlier one.

    Args:
        h: (N, T, H) hidden states of a vanilla RNN after every step.
        Wh: (H, H) its hidden-to-hidden weights.

    Returns:
        norms: (N, T); ``norms[n, t]`` is the largest singular value of the Jacobian
            of ``h[n, T-1]`` with respect to ``h[n, t]``; ``norms[n, T-1]`` is 1.

    Source: Bengio, Simard & Frasconi, "Learning long-term dependencies with gradient descent
    is difficult", IEEE Transactions on Neural Networks 5 (1994); notebook, section
    "Why gradients vanish and explode".
    """
    ### BEGIN SOLUTION
    N, T, H = h.shape
    norms = np.ones((N, T))
    jacobian = np.broadcast_to(np.eye(H), (N, H, H))
    for t in reversed(range(T - 1)):
        slope = 1 - h[:, t + 1] ** 2  # (N, H) tanh' at step t + 1
        jacobian = (Wh * slope[:, None, :]) @ jacobian  # row i, column j: dh_T[j] / dh_t[i]
        norms[:, t] = np.linalg.norm(jacobian, ord=2, axis=(1, 2))
    return norms
    ### END SOLUTION
