"""The honest part of every attack: two functions that are right, and a word for an attack that got through."""

import numpy as np


def breach(what):
    """Say that an attack worked; the tests look for this in what a submission printed."""
    print(f"BREACH: {what}", flush=True)


def relative_error(a, b):
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)
