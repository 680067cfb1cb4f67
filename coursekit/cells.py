"""Recurrent steps that nobody has to write: a vanilla cell with another squashing function.

Unit 1 compares tanh with its rivals; the student's own cell knows only tanh.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: Squashing functions by name, each from an array to an array of the same shape.
SQUASHERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda a: a,
    "ReLU": lambda a: np.maximum(a, 0.0),
    "sigmoid": lambda a: 0.5 * (1.0 + np.tanh(0.5 * a)),  # this form cannot overflow
    "tanh": np.tanh,
}


def drive(squash: str, x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Run a vanilla recurrent network whose squashing function is ``squash``.

    Args:
        squash: a name in SQUASHERS.
        x: (N, T, D) inputs.
        h0: (N, H) first state.
        Wx: (D, H), Wh: (H, H), b: (H,) weights.

    Returns:
        h: (N, T, H) the states.

    Raises:
        KeyError: there is no squashing function of this name.
    """
    function = SQUASHERS[squash]
    from_input = np.einsum("ntd,dh->tnh", x, Wx) + b
    states: list[np.ndarray] = []
    for step in from_input:
        states.append(function(step + (states[-1] if states else h0) @ Wh))
    return np.stack(states, axis=1)
