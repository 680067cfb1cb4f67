"""Functions of earlier units, for a student whose own do not pass yet.

They compute what the exercises ask for, and are no model answers: the network runs inside
torch, and torch differentiates it. Reading them does not tell how to do it by hand.
Use them through ``coursekit.upstream``. Shapes and contracts: the modules of the units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _differentiable(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A numpy forward/backward pair out of a torch function of one output."""

    def forward(*arrays: np.ndarray) -> tuple[np.ndarray, Any]:
        import torch  # here: it takes seconds, and most students never need it

        inputs = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
        output = function(torch, *inputs)
        return output.detach().numpy().copy(), (inputs, output)

    def backward(upstream_gradient: np.ndarray, cache: Any) -> tuple[np.ndarray, ...]:
        import torch

        inputs, output = cache
        upstream_tensor = torch.tensor(upstream_gradient, dtype=torch.float64)
        gradients = torch.autograd.grad(output, inputs, upstream_tensor, retain_graph=True, materialize_grads=True)
        return tuple(gradient.numpy().copy() for gradient in gradients)

    return forward, backward


def _recurrence(torch: Any, x: Any, h0: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    weights = [Wx.T, Wh.T, b, torch.zeros_like(b)]
    h, _ = torch.rnn_tanh(x, h0[None], weights, True, 1, 0.0, False, False, True)
    return h


def _step(torch: Any, x: Any, prev_h: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    return torch.rnn_tanh_cell(x, prev_h, Wx.T, Wh.T, b, torch.zeros_like(b))


def _affine(torch: Any, x: Any, w: Any, b: Any) -> Any:
    return torch.nn.functional.linear(x, w.T, b)


rnn_step_forward, rnn_step_backward = _differentiable(_step)
rnn_forward, rnn_backward = _differentiable(_recurrence)
temporal_affine_forward, temporal_affine_backward = _differentiable(_affine)


def rnn_cell(x: np.ndarray, prev_h: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Unit 1."""
    return rnn_step_forward(x, prev_h, Wx, Wh, b)[0]


def unroll(x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Unit 1."""
    return rnn_forward(x, h0, Wx, Wh, b)[0]


def readout(h: np.ndarray, Why: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Unit 1."""
    return temporal_affine_forward(h, Why, by)[0]


def temporal_softmax_loss(x: np.ndarray, y: np.ndarray, mask: np.ndarray) -> tuple[float, np.ndarray]:
    """Unit 2."""
    import torch

    scores = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    targets = torch.where(torch.tensor(mask, dtype=torch.bool), torch.tensor(y), -100)  # -100: torch leaves it out
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="sum") / x.shape[0]
    loss.backward()
    assert scores.grad is not None
    return float(loss.detach()), scores.grad.numpy().copy()


def clip_grad_norm(grads: dict[str, np.ndarray], max_norm: float) -> tuple[dict[str, np.ndarray], float]:
    """Unit 2."""
    import torch

    tensors = {name: torch.tensor(grad, dtype=torch.float64) for name, grad in grads.items()}
    holders = [torch.zeros_like(tensor, requires_grad=True) for tensor in tensors.values()]
    for holder, tensor in zip(holders, tensors.values(), strict=True):
        holder.grad = tensor  # scaled in place by the next line
    norm = torch.nn.utils.clip_grad_norm_(holders, max_norm)
    return {name: tensor.numpy().copy() for name, tensor in tensors.items()}, float(norm)


#: What ``coursekit.upstream`` can fall back on: unit id -> exercise id -> function.
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "01_vanilla_rnn": {"rnn_cell": rnn_cell, "readout": readout, "unroll": unroll},
    "02_bptt": {
        "rnn_step_forward": rnn_step_forward,
        "rnn_step_backward": rnn_step_backward,
        "rnn_forward": rnn_forward,
        "rnn_backward": rnn_backward,
        "temporal_affine_forward": temporal_affine_forward,
        "temporal_affine_backward": temporal_affine_backward,
        "temporal_softmax_loss": temporal_softmax_loss,
        "clip_grad_norm": clip_grad_norm,
    },
}
