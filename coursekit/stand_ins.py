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


def build_vocab(text: str) -> list[str]:
    """Unit 3."""
    return sorted(dict.fromkeys(text))


def encode(text: str, vocab: list[str]) -> np.ndarray:
    """Unit 3; characters one by one through a sorted search, where a table of places is meant."""
    order = np.argsort(np.array(vocab))
    return order[np.searchsorted(np.array(vocab)[order], np.array(list(text)))].astype(np.int64)


def decode(ids: np.ndarray, vocab: list[str]) -> str:
    """Unit 3."""
    return "".join(np.array(vocab)[np.asarray(ids, dtype=np.int64)].tolist())


def word_embedding_forward(x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, Any]:
    """Unit 3."""
    import torch

    table = torch.tensor(W, dtype=torch.float64, requires_grad=True)
    out = torch.nn.functional.embedding(torch.tensor(x), table)
    return out.detach().numpy().copy(), (table, out)


def word_embedding_backward(dout: np.ndarray, cache: Any) -> np.ndarray:
    """Unit 3."""
    import torch

    table, out = cache
    (gradient,) = torch.autograd.grad(out, table, torch.tensor(dout, dtype=torch.float64), retain_graph=True)
    return gradient.numpy().copy()


def tbptt_batches(text: np.ndarray, N: int, T: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unit 3."""
    import torch

    windows = torch.tensor(text).unfold(0, T + 1, 1)  # every run of T + 1 characters, by its start
    length = (len(text) - 1) // N
    chunks = (windows[torch.arange(N) * length + start].numpy() for start in range(0, length - T + 1, T))
    return [(chunk[:, :-1].copy(), chunk[:, 1:].copy()) for chunk in chunks]


def adam_step(w: np.ndarray, dw: np.ndarray, config: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
    """Unit 3; torch keeps m, v and t in its own state, which goes in and comes out by name."""
    import torch

    config = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0} | (config or {})
    weight = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.tensor(dw, dtype=torch.float64)
    betas = (config["beta1"], config["beta2"])
    optimizer = torch.optim.Adam([weight], lr=config["learning_rate"], betas=betas, eps=config["epsilon"])
    optimizer.state[weight] = {
        "step": torch.tensor(float(config["t"])),
        "exp_avg": torch.tensor(config.get("m", np.zeros_like(w)), dtype=torch.float64),
        "exp_avg_sq": torch.tensor(config.get("v", np.zeros_like(w)), dtype=torch.float64),
    }
    optimizer.step()
    state = optimizer.state[weight]
    config |= {"m": state["exp_avg"].numpy(), "v": state["exp_avg_sq"].numpy(), "t": config["t"] + 1}
    return weight.detach().numpy().copy(), config


def bits_per_char(scores: np.ndarray, y: np.ndarray) -> float:
    """Unit 3."""
    everywhere = np.ones(np.shape(y), dtype=bool)
    loss, _ = temporal_softmax_loss(np.asarray(scores), np.asarray(y), everywhere)
    return loss / (np.shape(y)[1] * np.log(2))


def numerical_gradient(
    f: Callable[[np.ndarray], Any], x: np.ndarray, df: np.ndarray | None = None, h: float = 1e-5
) -> np.ndarray:
    """Unit 2, by scipy: the mean of its one-sided differences to the right and to the left."""
    from scipy.optimize import approx_fprime  # type: ignore[import-untyped]  # scipy ships no types

    x = np.asarray(x, dtype=np.float64)
    weight = 1.0 if df is None else np.asarray(df).ravel()

    def flat(z: np.ndarray) -> np.ndarray:
        return np.atleast_1d(np.array(f(z.reshape(x.shape)), dtype=np.float64)).ravel()

    sides = [np.atleast_2d(approx_fprime(x.ravel(), flat, side)) for side in (h, -h)]
    jacobian: np.ndarray = (sides[0] + sides[1]) / 2
    return np.asarray(weight * np.ones(len(jacobian)) @ jacobian).reshape(x.shape)


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Unit 2."""
    larger = np.fmax(1e-8, np.abs(a) + np.abs(b))
    return float(np.linalg.norm(np.ravel(np.subtract(a, b) / larger), ord=np.inf))


#: What ``coursekit.upstream`` can fall back on: unit id -> exercise id -> function.
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "01_vanilla_rnn": {"rnn_cell": rnn_cell, "readout": readout, "unroll": unroll},
    "02_bptt": {
        "numerical_gradient": numerical_gradient,
        "relative_error": relative_error,
        "rnn_step_forward": rnn_step_forward,
        "rnn_step_backward": rnn_step_backward,
        "rnn_forward": rnn_forward,
        "rnn_backward": rnn_backward,
        "temporal_affine_forward": temporal_affine_forward,
        "temporal_affine_backward": temporal_affine_backward,
        "temporal_softmax_loss": temporal_softmax_loss,
        "clip_grad_norm": clip_grad_norm,
    },
    "03_char_lm": {
        "build_vocab": build_vocab,
        "encode": encode,
        "decode": decode,
        "word_embedding_forward": word_embedding_forward,
        "word_embedding_backward": word_embedding_backward,
        "tbptt_batches": tbptt_batches,
        "adam_step": adam_step,
        "bits_per_char": bits_per_char,
    },
}
