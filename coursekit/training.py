"""Training loops that the notebooks share; the functions being trained are the student's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coursekit.progress import progress

Params = dict[str, np.ndarray]


@dataclass
class History:
    """What was seen while training, one entry per step."""

    loss: list[float] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)  # joint L2 norm of the gradients, before clipping
    diverged_at: int | None = None  # the step at which loss or gradients were no longer finite


@dataclass(frozen=True)
class SequenceClassifier:
    """A recurrent network, a readout at every step and a masked loss, made of given functions.

    The mask makes it what one needs: true everywhere, it is many-to-many; true at the
    last step only, it is many-to-one.

    Args:
        forward: ``(x, h0, Wx, Wh, b) -> h, cache``, such as ``rnn_forward`` or ``lstm_forward``.
        backward: ``(dh, cache) -> dx, dh0, dWx, dWh, db``.
        affine_forward: ``(h, w, b) -> scores, cache``.
        affine_backward: ``(dscores, cache) -> dh, dw, db``.
        softmax_loss: ``(scores, y, mask) -> loss, dscores``.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    affine_forward: Callable[..., Any]
    affine_backward: Callable[..., Any]
    softmax_loss: Callable[..., Any]

    @classmethod
    def of(cls, module: Any, **other: Callable[..., Any]) -> SequenceClassifier:
        """From unit 2's names in ``module``; keyword arguments replace single functions."""
        names = {
            "forward": "rnn_forward",
            "backward": "rnn_backward",
            "affine_forward": "temporal_affine_forward",
            "affine_backward": "temporal_affine_backward",
            "softmax_loss": "temporal_softmax_loss",
        }
        return cls(**{role: other[role] if role in other else getattr(module, name) for role, name in names.items()})

    def hidden(self, params: Params, x: np.ndarray) -> np.ndarray:
        """(N, T, H) hidden states over ``x`` (N, T, D), from a zero state."""
        h0 = np.zeros((x.shape[0], params["Wh"].shape[0]))
        h, _ = self.forward(x, h0, params["Wx"], params["Wh"], params["b"])
        return np.asarray(h)

    def scores(self, params: Params, x: np.ndarray) -> np.ndarray:
        """(N, T, C) scores after every step of ``x`` (N, T, D)."""
        out, _ = self.affine_forward(self.hidden(params, x), params["Why"], params["by"])
        return np.asarray(out)

    def loss(self, params: Params, x: np.ndarray, y: np.ndarray, mask: np.ndarray) -> tuple[float, Params]:
        """Loss and gradients on one batch.

        Args:
            params: dict with ``Wx`` (D, H), ``Wh`` (H, H), ``b`` (H,), ``Why`` (H, C), ``by`` (C,);
                for gated cells the H of ``Wx``, ``Wh``, ``b`` is their number of columns.
            x: (N, T, D), y: (N, T) int, mask: (N, T) bool.

        Returns:
            loss: float, grads: dict with the names and shapes of ``params``.

        Raises:
            ValueError: a gradient does not have the shape of its parameter.
        """
        h0 = np.zeros((x.shape[0], params["Wh"].shape[0]))
        h, cell_cache = self.forward(x, h0, params["Wx"], params["Wh"], params["b"])
        scores, readout_cache = self.affine_forward(h, params["Why"], params["by"])
        loss, dscores = self.softmax_loss(scores, y, mask)
        dh, dWhy, dby = self.affine_backward(dscores, readout_cache)
        _, _, dWx, dWh, db = self.backward(dh, cell_cache)
        grads = {"Wx": dWx, "Wh": dWh, "b": db, "Why": dWhy, "by": dby}
        for name, grad in grads.items():
            if np.shape(grad) != params[name].shape:
                raise ValueError(
                    f"the gradient of {name} has shape {np.shape(grad)}, {name} itself {params[name].shape}: "
                    "check the backward function that it comes from"
                )
        return float(loss), grads


def init_rnn(D: int, H: int, C: int, *, seed: int = 0, scale: float = 1.0) -> Params:
    """Weights of an RNN with a readout, ready for ``SequenceClassifier``.

    Args:
        D: width of the input, H: of the hidden state, C: number of classes.
        seed: int. scale: largest singular value of ``Wh``, which starts as a scaled
            orthogonal matrix, so that all its singular values are ``scale``.

    Returns:
        params: dict with ``Wx`` (D, H), ``Wh`` (H, H), ``b`` (H,), ``Why`` (H, C), ``by`` (C,).
    """
    rng = np.random.default_rng(seed)
    orthogonal, _ = np.linalg.qr(rng.standard_normal((H, H)))
    return {
        "Wx": rng.standard_normal((D, H)) / np.sqrt(D),
        "Wh": scale * orthogonal,
        "b": np.zeros(H),
        "Why": rng.standard_normal((H, C)) * 0.1 / np.sqrt(H),
        "by": np.zeros(C),
    }


def last_step_targets(labels: np.ndarray, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets and mask of a many-to-one task.

    Args:
        labels: (N,) int, one class per sequence. T: number of steps.

    Returns:
        y: (N, T) int, the label at every step; mask: (N, T) bool, true at the last step only.
    """
    y = np.repeat(labels[:, None], T, axis=1)
    mask = np.zeros(y.shape, dtype=bool)
    mask[:, -1] = True
    return y, mask


def minibatches(count: int, size: int, epochs: int, *, seed: int = 0) -> Iterator[np.ndarray]:
    """Index arrays of at most ``size`` entries; every epoch shuffles all ``count`` anew."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, size):
            yield order[start : start + size]


def train(
    params: Params,
    loss: Callable[..., tuple[float, Params]],
    batches: Iterable[tuple[Any, ...]],
    *,
    lr: float,
    momentum: float = 0.9,
    clip: Callable[[Params], tuple[Params, float]] | None = None,
    label: str = "training",
    total: int | None = None,
    quiet: bool = False,
) -> History:
    """Gradient descent with momentum; changes ``params`` in place.

    Stops early, and notes the step, when the loss or a gradient is no longer finite.

    Args:
        params: dict from name to array.
        loss: ``loss(params, *batch) -> loss, grads``.
        batches: one tuple of arguments of ``loss`` per step.
        lr: step size. momentum: share of the last step that is kept, 0 to below 1.
        clip: None, or ``clip(grads) -> clipped, norm``.
        label, total, quiet: as in ``progress``.

    Returns:
        history: loss and gradient norm of every step.

    Raises:
        ValueError: lr or momentum is out of range.
    """
    if not lr > 0:
        raise ValueError(f"lr is {lr!r}; it must be above 0")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum!r}; it must be at least 0 and below 1")
    velocity = {name: np.zeros_like(value) for name, value in params.items()}
    history = History()
    for step, batch in enumerate(progress(batches, label, total=total, quiet=quiet)):
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is noted below, not warned of
            value, grads = loss(params, *batch)
            norm = float(np.linalg.norm([np.linalg.norm(grad) for grad in grads.values()]))
        history.loss.append(value)
        history.norm.append(norm)
        if not (np.isfinite(value) and np.isfinite(norm)):
            history.diverged_at = step
            break
        if clip is not None:
            grads, _ = clip(grads)
        for name in params:
            velocity[name] = momentum * velocity[name] - lr * grads[name]
            params[name] += velocity[name]
    return history
