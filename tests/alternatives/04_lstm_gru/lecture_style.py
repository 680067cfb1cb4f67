"""Correct, in the style of an assignment filled in: long names, None first, slices, masks in the sigmoid, prints."""

from __future__ import division, print_function  # noqa: UP010 - as the lecture's files begin

from builtins import range  # noqa: UP029 - as the lecture's files begin

import numpy as np


def sigmoid(x):
    """Never takes exp of a positive number."""
    positive = x >= 0
    negative = x < 0
    z = np.zeros_like(x)
    z[positive] = np.exp(-x[positive])
    z[negative] = np.exp(x[negative])
    top = np.ones_like(x)
    top[negative] = z[negative]
    return top / (1 + z)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    next_h, next_c, cache = None, None, None
    N, H = prev_h.shape
    activations = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    input_gate = sigmoid(activations[:, 0:H])
    forget_gate = sigmoid(activations[:, H : 2 * H])
    output_gate = sigmoid(activations[:, 2 * H : 3 * H])
    block_input = np.tanh(activations[:, 3 * H : 4 * H])
    next_c = np.multiply(forget_gate, prev_c) + np.multiply(input_gate, block_input)
    next_h = np.multiply(output_gate, np.tanh(next_c))
    cache = (x, prev_h, prev_c, Wx, Wh, b, activations, next_h, next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    dx, dprev_h, dprev_c, dWx, dWh, db = None, None, None, None, None, None
    x, prev_h, prev_c, Wx, Wh, b, activations, next_h, next_c = cache
    N, H = prev_h.shape
    input_gate = sigmoid(activations[:, 0:H])
    forget_gate = sigmoid(activations[:, H : 2 * H])
    output_gate = sigmoid(activations[:, 2 * H : 3 * H])
    block_input = np.tanh(activations[:, 3 * H : 4 * H])
    doutput_gate = dnext_h * np.tanh(next_c)
    dnext_c += dnext_h * output_gate * (1 - np.tanh(next_c) ** 2)  # changes the caller's array
    dforget_gate = dnext_c * prev_c
    dprev_c = dnext_c * forget_gate
    dinput_gate = dnext_c * block_input
    dblock_input = dnext_c * input_gate
    dactivations = np.zeros_like(activations)
    dactivations[:, 0:H] = input_gate * (1 - input_gate) * dinput_gate
    dactivations[:, H : 2 * H] = forget_gate * (1 - forget_gate) * dforget_gate
    dactivations[:, 2 * H : 3 * H] = output_gate * (1 - output_gate) * doutput_gate
    dactivations[:, 3 * H : 4 * H] = (1 - np.square(block_input)) * dblock_input
    dx = np.dot(dactivations, Wx.T)
    dprev_h = np.dot(dactivations, Wh.T)
    dWx = np.dot(x.T, dactivations)
    dWh = np.dot(prev_h.T, dactivations)
    db = np.sum(dactivations, axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    N, T, D = x.shape
    _, H = h0.shape
    h = np.zeros((N, T, H))
    cache = {}
    prev_h = h0
    prev_c = np.zeros((N, H))
    for t in range(T):
        prev_h, prev_c, cache[t] = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = prev_h
    cache["D"] = D
    print("lstm_forward", N, T, D, H)
    return h, cache


def lstm_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    N, T, H = dh.shape
    D = cache["D"]
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros((4 * H,))
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dh[:, t, :] += dprev_h
        grads = lstm_step_backward(dh[:, t, :], dprev_c, cache[t])
        dx[:, t, :], dprev_h, dprev_c = grads[0], grads[1], grads[2]
        dWx += grads[3]
        dWh += grads[4]
        db += grads[5]
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def init_lstm(D, H, forget_bias=1.0, seed=0):
    np.random.seed(seed)
    Wx = np.random.randn(D, 4 * H)
    Wx /= np.sqrt(D)
    Wh = np.random.randn(H, 4 * H)
    Wh /= np.sqrt(H)
    b = np.zeros(4 * H)
    for j in range(H, 2 * H):
        b[j] = forget_bias
    return Wx, Wh, b


def to_torch_lstm(Wx, Wh, b):
    H = Wh.shape[0]
    state = {}
    for name, w in (("weight_ih_l0", Wx), ("weight_hh_l0", Wh)):
        out = np.zeros((4 * H, w.shape[0]))
        out[0:H, :] = w[:, 0:H].T
        out[H : 2 * H, :] = w[:, H : 2 * H].T
        out[2 * H : 3 * H, :] = w[:, 3 * H : 4 * H].T
        out[3 * H : 4 * H, :] = w[:, 2 * H : 3 * H].T
        state[name] = out
    bias = np.zeros(4 * H)
    bias[0 : 2 * H] = b[0 : 2 * H]
    bias[2 * H : 3 * H] = b[3 * H : 4 * H]
    bias[3 * H : 4 * H] = b[2 * H : 3 * H]
    state["bias_ih_l0"] = 0.5 * bias
    state["bias_hh_l0"] = 0.5 * bias
    return state


def gru_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    N, H = prev_h.shape
    reset = sigmoid(np.dot(x, Wx[:, 0:H]) + np.dot(prev_h, Wh[:, 0:H]) + b[0:H])
    update = sigmoid(np.dot(x, Wx[:, H : 2 * H]) + np.dot(prev_h, Wh[:, H : 2 * H]) + b[H : 2 * H])
    proposal = np.tanh(np.dot(x, Wx[:, 2 * H :]) + np.dot(reset * prev_h, Wh[:, 2 * H :]) + b[2 * H :])
    next_h = proposal + update * (prev_h - proposal)
    cache = (x, prev_h, Wx, Wh, b, reset, update, proposal, next_h)
    return next_h, cache


def gru_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    x, prev_h, Wx, Wh, b, reset, update, proposal, next_h = cache
    N, H = prev_h.shape
    dx, dprev_h = np.zeros(x.shape), np.zeros(prev_h.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(b.shape)
    # the mix
    dupdate = dnext_h * (prev_h - proposal)
    dproposal = dnext_h * (1 - update)
    dprev_h += dnext_h * update
    # the proposal
    dsum = dproposal * (1 - proposal**2)
    dx += np.dot(dsum, Wx[:, 2 * H :].T)
    dWx[:, 2 * H :] = np.dot(x.T, dsum)
    dWh[:, 2 * H :] = np.dot((reset * prev_h).T, dsum)
    db[2 * H :] = np.sum(dsum, axis=0)
    dkept = np.dot(dsum, Wh[:, 2 * H :].T)
    dreset = dkept * prev_h
    dprev_h += dkept * reset
    # the update gate
    dsum = dupdate * update * (1 - update)
    dx += np.dot(dsum, Wx[:, H : 2 * H].T)
    dprev_h += np.dot(dsum, Wh[:, H : 2 * H].T)
    dWx[:, H : 2 * H] = np.dot(x.T, dsum)
    dWh[:, H : 2 * H] = np.dot(prev_h.T, dsum)
    db[H : 2 * H] = np.sum(dsum, axis=0)
    # the reset gate
    dsum = dreset * reset * (1 - reset)
    dx += np.dot(dsum, Wx[:, 0:H].T)
    dprev_h += np.dot(dsum, Wh[:, 0:H].T)
    dWx[:, 0:H] = np.dot(x.T, dsum)
    dWh[:, 0:H] = np.dot(prev_h.T, dsum)
    db[0:H] = np.sum(dsum, axis=0)
    return dx, dprev_h, dWx, dWh, db


def gru_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    for t in range(T):
        prev_h = h0 if t == 0 else h[:, t - 1, :]
        h[:, t, :], step_cache = gru_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        cache.append(step_cache)
    return h, cache


def gru_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    N, T, H = dh.shape
    dprev_h = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = gru_step_backward(dh[:, t, :] + dprev_h, cache[t])
        if dx is None:
            dx = np.zeros((N, T, dx_t.shape[1]))
            dWx, dWh, db = np.zeros_like(dWx_t), np.zeros_like(dWh_t), np.zeros_like(db_t)
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def gru_step_reset_after(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    reset = sigmoid(np.dot(x, Wx[:, 0:H]) + np.dot(prev_h, Wh[:, 0:H]) + b[0:H])
    update = sigmoid(np.dot(x, Wx[:, H : 2 * H]) + np.dot(prev_h, Wh[:, H : 2 * H]) + b[H : 2 * H])
    proposal = np.tanh(np.dot(x, Wx[:, 2 * H :]) + reset * np.dot(prev_h, Wh[:, 2 * H :]) + b[2 * H :])
    return update * prev_h + (1 - update) * proposal


def coupled_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    keep, show, new = sigmoid(a[:, 0:H]), sigmoid(a[:, H : 2 * H]), np.tanh(a[:, 2 * H :])
    write = 1 - keep
    next_c = keep * prev_c + write * new
    next_h = show * np.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, keep, write, show, new, next_c)
    return next_h, next_c, cache


def coupled_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, keep, write, show, new, next_c = cache
    dshow = dnext_h * np.tanh(next_c)
    dnext_c += dnext_h * show * (1 - np.tanh(next_c) ** 2)
    dkeep = dnext_c * prev_c
    dwrite = dnext_c * new
    dkeep -= dwrite  # write is 1 - keep
    dnew = dnext_c * write
    da = np.hstack((dkeep * keep * (1 - keep), dshow * show * (1 - show), dnew * (1 - new * new)))
    return np.dot(da, Wx.T), np.dot(da, Wh.T), dnext_c * keep, np.dot(x.T, da), np.dot(prev_h.T, da), np.sum(da, axis=0)
