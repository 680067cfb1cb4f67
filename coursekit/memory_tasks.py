"""Two tasks that nobody can solve without a memory of known length, and a loop that learns them.

The *adding problem* (Hochreiter & Schmidhuber 1997): two of many numbers are marked; what is their sum? The *copy
problem* (the same paper, task 2; Arjovsky, Shah & Bengio 2016): symbols are shown once, and asked for much later.
In both, ``lag`` is how many steps something has to be kept. The functions being trained are the student's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from coursekit.progress import progress

Params = dict[str, np.ndarray]
Forward = Callable[..., tuple[np.ndarray, Any]]  # (x, h0, Wx, Wh, b) -> h, cache
Backward = Callable[..., tuple[np.ndarray, ...]]  # (dh, cache) -> dx, dh0, dWx, dWh, db


class Problem(Protocol):
    """What ``learn`` wants to know of a task."""

    inputs: int  # width of the input
    outputs: int  # width of the readout

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """``count`` new examples: x (N, T, inputs) and what should come out."""
        ...

    def loss(self, scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Loss of readouts (N, T, outputs) and its gradient with respect to them."""
        ...

    def measure(self, scores: np.ndarray, y: np.ndarray) -> float:
        """The figure that is reported."""
        ...

    def solved(self, measured: float) -> bool:
        """Whether such a figure is good enough to stop."""
        ...


@dataclass(frozen=True)
class AddingProblem:
    """Of many random numbers two are marked: say their sum at the end.

    Input 0 holds numbers between 0 and 1, input 1 is 1 at the two marked steps and 0 elsewhere. There are ``lag + 10``
    steps. The first mark lies in the first ten, so at least ``lag`` steps before the end; the second anywhere later.
    Who always says 1 has a mean squared error of 1/6; who knows one of the two numbers, 1/12.
    """

    lag: int
    inputs: int = field(default=2, init=False)
    outputs: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        _require(self.lag)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """x (N, T, 2), y (N,) the sums."""
        T, rows = self.lag + 10, np.arange(count)
        x = np.zeros((count, T, 2))
        x[:, :, 0] = rng.random((count, T))
        x[rows, rng.integers(0, 10, count), 1] = 1
        x[rows, rng.integers(10, T, count), 1] = 1
        return x, np.sum(x[:, :, 0] * x[:, :, 1], axis=1)

    def loss(self, scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean squared error of the readout after the last step."""
        error = scores[:, -1, 0] - y
        dscores = np.zeros_like(scores)
        dscores[:, -1, 0] = 2 * error / len(y)
        return float(np.mean(error**2)), dscores

    def measure(self, scores: np.ndarray, y: np.ndarray) -> float:
        """Mean squared error."""
        return self.loss(scores, y)[0]

    def solved(self, measured: float) -> bool:
        """A mean squared error below 0.01: off by a tenth."""
        return measured < 0.01


@dataclass(frozen=True)
class CopyProblem:
    """Symbols are shown once, then nothing; ``lag`` steps after each it is asked for.

    The first ``length`` steps show one symbol each, one-hot in the first inputs. The last ``length`` steps ask for them
    in order: the last input is 1. Guessing is right once in ``symbols`` times.

    Args:
        lag: steps from showing a symbol to asking for it, at least ``length``.
        softmax_loss: ``(scores, y, mask) -> loss, dscores``, such as ``temporal_softmax_loss``.
        symbols: how many different ones there are. length: how many are shown.
    """

    lag: int
    softmax_loss: Callable[..., tuple[float, np.ndarray]]
    symbols: int = 4
    length: int = 1

    def __post_init__(self) -> None:
        _require(self.lag)
        if self.symbols < 2 or not 1 <= self.length <= self.lag:
            raise ValueError("there must be at least 2 symbols, and from 1 to lag of them to copy")

    @property
    def inputs(self) -> int:
        """One input per symbol and the one that asks."""
        return self.symbols + 1

    @property
    def outputs(self) -> int:
        """One score per symbol."""
        return self.symbols

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """x (N, lag + length, symbols + 1), y (N, length) int."""
        y = rng.integers(0, self.symbols, (count, self.length))
        x = np.zeros((count, self.lag + self.length, self.inputs))
        x[:, : self.length, : self.symbols] = np.eye(self.symbols)[y]
        x[:, self.lag :, -1] = 1
        return x, y

    def loss(self, scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Cross-entropy of the last ``length`` steps, summed over them, mean over sequences."""
        target = np.zeros(scores.shape[:2], dtype=np.int64)
        target[:, -self.length :] = y
        mask = np.zeros(target.shape, dtype=bool)
        mask[:, -self.length :] = True
        return self.softmax_loss(scores, target, mask)

    def measure(self, scores: np.ndarray, y: np.ndarray) -> float:
        """Share of the symbols that are right."""
        return float(np.mean(scores[:, -self.length :].argmax(axis=2) == y))

    def solved(self, measured: float) -> bool:
        """At least 99 percent right."""
        return measured >= 0.99


def _require(lag: int) -> None:
    """Refuse a lag that is none."""
    if lag < 1:
        raise ValueError(f"lag is {lag!r}, it must be at least 1")


def init_cell(D: int, H: int, C: int, *, gates: int, seed: int = 0) -> Params:
    """Weights of a recurrent layer of any kind, and a readout.

    Args:
        D: width of the input, H: hidden units, C: width of the readout.
        gates: blocks of H columns: 1 for a vanilla cell, 3 for a GRU, 4 for an LSTM. seed: int.

    Returns:
        params: dict with ``Wx`` (D, gates * H) and ``Wh`` (H, gates * H), normal with standard deviations 1/√D and
            1/√H, ``b`` (gates * H,) zero, ``Why`` (H, C) small, ``by`` (C,) zero.
    """
    rng = np.random.default_rng(seed)
    return {
        "Wx": rng.standard_normal((D, gates * H)) / np.sqrt(D),
        "Wh": rng.standard_normal((H, gates * H)) / np.sqrt(H),
        "b": np.zeros(gates * H),
        "Why": rng.standard_normal((H, C)) * 0.1 / np.sqrt(H),
        "by": np.zeros(C),
    }


def over_time(
    step_forward: Callable[..., Any], step_backward: Callable[..., Any], *, states: int = 1
) -> tuple[Forward, Backward]:
    """A step and its backward pass, run over whole sequences; all states but ``h`` start at zero.

    Args:
        step_forward: ``(x, *state, Wx, Wh, b) -> *next_state, cache``.
        step_backward: ``(*dnext_state, cache) -> dx, *dprev_state, dWx, dWh, db``.
        states: 1 for a step with ``h`` only, 2 for one with ``h`` and ``c``.

    Returns:
        forward: ``(x, h0, Wx, Wh, b) -> h, cache``, backward: ``(dh, cache) -> dx, dh0, dWx, dWh, db``.
    """

    def forward(
        x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
    ) -> tuple[np.ndarray, list[Any]]:
        state: tuple[np.ndarray, ...] = (h0, *(np.zeros_like(h0) for _ in range(states - 1)))
        h, caches = [], []
        for t in range(x.shape[1]):
            *following, cache = step_forward(x[:, t], *state, Wx, Wh, b)
            state = tuple(following)
            h.append(state[0])
            caches.append(cache)
        return np.stack(h, axis=1), caches

    def backward(dh: np.ndarray, caches: list[Any]) -> tuple[np.ndarray, ...]:
        N, T, H = dh.shape
        later: tuple[np.ndarray, ...] = tuple(np.zeros((N, H)) for _ in range(states))
        dx: list[Any] = [None] * T
        sums: list[Any] = [0.0, 0.0, 0.0]  # dWx, dWh, db
        for t in reversed(range(T)):
            returned = step_backward(dh[:, t] + later[0], *later[1:], caches[t])
            dx[t], later = returned[0], tuple(returned[1 : 1 + states])
            sums = [total + share for total, share in zip(sums, returned[1 + states :], strict=True)]
        return (np.stack(dx, axis=1), later[0], *sums)

    return forward, backward


@dataclass(frozen=True)
class Tools:
    """What training needs besides the cell, in the order in which ``upstream`` is asked for it."""

    affine_forward: Callable[..., Any]
    affine_backward: Callable[..., Any]
    clip_grad_norm: Callable[[Params, float], tuple[Params, float]]
    adam_step: Callable[..., tuple[np.ndarray, dict[str, Any]]]


@dataclass
class Learned:
    """How learning went."""

    params: Params
    marks: list[tuple[int, float]]  # (updates so far, measured on examples that are never trained on)
    solved: bool

    @property
    def updates(self) -> int:
        """How many updates were made."""
        return self.marks[-1][0]

    @property
    def measured(self) -> float:
        """The last figure."""
        return self.marks[-1][1]


def readouts(params: Params, forward: Forward, tools: Tools, x: np.ndarray) -> np.ndarray:
    """(N, T, C) readouts after every step of ``x``."""
    h, _ = forward(x, np.zeros((len(x), params["Wh"].shape[0])), params["Wx"], params["Wh"], params["b"])
    return np.asarray(tools.affine_forward(h, params["Why"], params["by"])[0])


def learn(
    problem: Problem,
    cell: tuple[Forward, Backward],
    params: Params,
    tools: Tools,
    *,
    updates: int,
    lr: float = 0.01,
    batch: int = 64,
    every: int = 50,
    max_norm: float = 1.0,
    seed: int = 0,
    label: str = "learning",
    quiet: bool = False,
) -> Learned:
    """Train on ever new examples until the problem is solved, or for ``updates`` updates.

    Args:
        problem: what to learn. cell: its forward and backward function over time.
        params: weights to start from, as ``init_cell`` makes them; they are not changed.
        tools: readout, clipping and updates. updates: at most so many.
        lr: learning rate. batch: examples per update. every: updates between two measurements, on 500 examples that
            are the same each time. max_norm: gradients are clipped to it. seed: of the examples.
        label, quiet: as in ``progress``.

    Returns:
        learned: weights, measurements, and whether it is solved.
    """
    forward, backward = cell
    params = dict(params)  # entries are replaced below, never changed in place
    configs: dict[str, dict[str, Any]] = {name: {} for name in params}
    rng = np.random.default_rng([seed, 1])
    held_out, wanted = problem.draw(500, np.random.default_rng([seed, 2]))
    learned = Learned(params, [], False)
    for update in progress(range(1, updates + 1), label, quiet=quiet):
        x, y = problem.draw(batch, rng)
        h0 = np.zeros((batch, params["Wh"].shape[0]))
        h, cell_cache = forward(x, h0, params["Wx"], params["Wh"], params["b"])
        scores, readout_cache = tools.affine_forward(h, params["Why"], params["by"])
        _, dscores = problem.loss(scores, y)
        dh, dWhy, dby = tools.affine_backward(dscores, readout_cache)
        _, _, dWx, dWh, db = backward(dh, cell_cache)
        grads, _ = tools.clip_grad_norm({"Wx": dWx, "Wh": dWh, "b": db, "Why": dWhy, "by": dby}, max_norm)
        for name, grad in grads.items():
            config = {**configs[name], "learning_rate": lr}
            params[name], configs[name] = tools.adam_step(params[name], grad, config)
        if update % every == 0 or update == updates:
            measured = problem.measure(readouts(params, forward, tools, held_out), wanted)
            learned.marks.append((update, measured))
            if problem.solved(measured):
                learned.solved = True
                break
    return learned
