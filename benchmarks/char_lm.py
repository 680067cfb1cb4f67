"""How many characters per second our reference models learn from, against two rivals of the same sizes.

Run it with ``make bench``. For the vanilla RNN and the LSTM it trains, on the same text and in the same run,

* our numpy reference (solutions/), N streams at once, in float64 as in the notebooks, and in float32;
* a loop over a single stream in the manner of min-char-rnn: one column vector per step, Adagrad; written for this
  comparison;
* ``torch.nn.RNN`` / ``torch.nn.LSTM`` with ``torch.optim.Adam``, in the same two precisions.

All run on one thread. Rounds alternate, so that a busy moment hits all of them; the table shows the best round of each,
in processor seconds, and the share of the machine's matrix product rate (float64, measured in the same run) that goes
into the products which a training step cannot do without.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from autograder.course import load_course
from autograder.upstream import importable
from coursekit.data import load_corpus
from coursekit.language import CharModel, CharRun, Layers, init_char_model
from coursekit.upstream import load_module

SOLUTIONS = Path(__file__).resolve().parent.parent / "solutions"
TARGETS = {"loop": 8.0, "torch": 0.5}  # times the one-stream loop's rate, and torch's in the same precision

Worker = Callable[[], int]  # trains a little, returns how many characters it has learned from


@dataclass(frozen=True)
class Sizes:
    """Of a model and its batches."""

    V: int
    D: int = 64
    H: int = 128
    N: int = 32
    T: int = 32
    gates: int = 1

    def flops(self) -> float:
        """Floating-point operations per character in the products of one training step, forward and backward."""
        forward = 2 * self.gates * (self.D * self.H + self.H * self.H) + 2 * self.H * self.V
        return 3.0 * forward


def references() -> tuple[Any, Any, Any]:
    """Units 2, 3 and 4, the third on the second."""
    bptt = load_module(SOLUTIONS / "02_bptt" / "bptt.py")
    with importable(load_course().unit("03_char_lm")):
        char_lm = load_module(SOLUTIONS / "03_char_lm" / "char_lm.py")
    for name in dir(bptt):
        if name.startswith(("rnn_", "temporal_")):
            setattr(char_lm, name, getattr(bptt, name))
    return bptt, char_lm, load_module(SOLUTIONS / "04_lstm_gru" / "gated.py")


def ours(sizes: Sizes, ids: np.ndarray, updates: int, precision: str) -> Worker:
    """Our reference; in float32 step by step, since unit 2's loop keeps its states in float64."""
    bptt, char_lm, gated = references()
    layers = Layers(
        char_lm.word_embedding_forward,
        char_lm.word_embedding_backward,
        char_lm.temporal_affine_forward,
        char_lm.temporal_affine_backward,
        char_lm.temporal_softmax_loss,
    )
    if sizes.gates == 1 and precision == "float64":
        model = CharModel.of(char_lm)
    elif sizes.gates == 1:
        model = CharModel.with_cell(bptt.rnn_step_forward, bptt.rnn_step_backward, layers)
    else:
        model = CharModel.with_cell(gated.lstm_step_forward, gated.lstm_step_backward, layers, states=2)
    weights = init_char_model(sizes.V, sizes.D, sizes.H, gates=sizes.gates)
    run = CharRun(
        model,
        {name: value.astype(precision) for name, value in weights.items()},
        char_lm.tbptt_batches(ids, sizes.N, sizes.T),
        char_lm.adam_step,
        lr=1e-3,
        clip=lambda grads: bptt.clip_grad_norm(grads, 5.0),
    )

    def work() -> int:
        run.go(run.updates + updates, quiet=True)
        return updates * sizes.N * sizes.T

    return work


def one_stream(sizes: Sizes, ids: np.ndarray, updates: int) -> Worker:
    """A loop over one stream, one column vector at a time, with Adagrad; one-hot inputs, as such loops have them."""
    V, H, T, G = sizes.V, sizes.H, sizes.T, sizes.gates
    rng = np.random.default_rng(0)
    w = {
        "x": rng.standard_normal((G * H, V)) * 0.01,
        "h": rng.standard_normal((G * H, H)) * 0.01,
        "y": rng.standard_normal((V, H)) * 0.01,
        "b": np.zeros((G * H, 1)),
        "by": np.zeros((V, 1)),
    }
    squares = {name: np.zeros_like(value) for name, value in w.items()}
    place, h, c = 0, np.zeros((H, 1)), np.zeros((H, 1))

    def chunk(x: np.ndarray, y: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        steps = []
        for t in range(T):
            hot = np.zeros((V, 1))
            hot[x[t]] = 1
            a = w["x"] @ hot + w["h"] @ h + w["b"]
            before = h, c
            gates: Any = None
            if G == 1:
                h = np.tanh(a)
            else:
                i, f, o = (1 / (1 + np.exp(-a[k * H : (k + 1) * H])) for k in range(3))
                g = np.tanh(a[3 * H :])
                c = f * c + i * g
                squashed = np.tanh(c)
                h = o * squashed
                gates = (i, f, o, g, squashed)
            scores = w["y"] @ h + w["by"]
            p = np.exp(scores - scores.max())
            steps.append((hot, before, h, gates, p / p.sum()))
        grads = {name: np.zeros_like(value) for name, value in w.items()}
        dh_later, dc_later = np.zeros((H, 1)), np.zeros((H, 1))
        for t in reversed(range(T)):
            hot, (h_before, c_before), h_here, gates, p = steps[t]
            dscores = p.copy()
            dscores[y[t]] -= 1
            grads["y"] += dscores @ h_here.T
            grads["by"] += dscores
            dh = w["y"].T @ dscores + dh_later
            if G == 1:
                da = (1 - h_here**2) * dh
            else:
                i, f, o, g, squashed = gates
                dc = dc_later + dh * o * (1 - squashed**2)
                slopes = dc * g * i * (1 - i), dc * c_before * f * (1 - f), dh * squashed * o * (1 - o)
                da = np.concatenate([*slopes, dc * i * (1 - g**2)])
                dc_later = dc * f
            grads["b"] += da
            grads["x"] += da @ hot.T
            grads["h"] += da @ h_before.T
            dh_later = w["h"].T @ da
        return grads, h, c

    def work() -> int:
        nonlocal place, h, c
        for _ in range(updates):
            if place + T + 1 > len(ids):
                place, h, c = 0, np.zeros((H, 1)), np.zeros((H, 1))
            grads, h, c = chunk(ids[place : place + T], ids[place + 1 : place + T + 1], h, c)
            for name, gradient in grads.items():
                np.clip(gradient, -5, 5, out=gradient)
                squares[name] += gradient * gradient
                w[name] -= 0.1 * gradient / np.sqrt(squares[name] + 1e-8)
            place += T
        return updates * T

    return work


def by_torch(sizes: Sizes, ids: np.ndarray, updates: int, precision: str) -> Worker:
    """The same model of torch's layers, state carried."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    kind: Any = {"dtype": getattr(torch, precision)}
    cell = (torch.nn.RNN if sizes.gates == 1 else torch.nn.LSTM)(sizes.D, sizes.H, batch_first=True, **kind)
    table, readout = torch.nn.Embedding(sizes.V, sizes.D, **kind), torch.nn.Linear(sizes.H, sizes.V, **kind)
    weights = [*table.parameters(), *cell.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    length = (len(ids) - 1) // sizes.N
    x = torch.tensor(ids[: sizes.N * length].reshape(sizes.N, length))
    y = torch.tensor(ids[1 : sizes.N * length + 1].reshape(sizes.N, length))
    done, state = 0, None

    def work() -> int:
        nonlocal done, state
        for _ in range(updates):
            start = done * sizes.T % (length - sizes.T)
            h, state = cell(table(x[:, start : start + sizes.T]), state)
            state = state.detach() if sizes.gates == 1 else tuple(part.detach() for part in state)
            scores = readout(h).flatten(0, 1)
            loss = torch.nn.functional.cross_entropy(scores, y[:, start : start + sizes.T].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 5.0)
            optimizer.step()
            done += 1
        return updates * sizes.N * sizes.T

    return work


def product_rate(size: int = 768, repeats: int = 5) -> float:
    """Floating-point operations per processor second in large float64 products, the best of some."""
    a = np.random.default_rng(0).standard_normal((size, size))
    best = np.inf
    for _ in range(repeats):
        started = time.process_time()
        a @ a
        best = min(best, time.process_time() - started)
    return 2 * size**3 / best


def best_rates(workers: dict[str, Worker], rounds: int) -> dict[str, float]:
    """Characters per processor second of each worker, the best of rounds that alternate."""
    for work in workers.values():
        work()  # warm up
    rates = dict.fromkeys(workers, 0.0)
    for _ in range(rounds):
        for name, work in workers.items():
            started = time.process_time()
            characters = work()
            rates[name] = max(rates[name], characters / (time.process_time() - started))
    return rates


def main() -> None:
    """Measure and print the table; what misses its target is red."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    corpus = load_corpus("library", size=300_000)
    vocab = sorted(set(corpus.text))
    ids = np.searchsorted(np.array(vocab), np.array(list(corpus.train))).astype(np.int64)
    gemm = product_rate()
    table = Table(
        "cell",
        "program",
        "characters/s",
        f"× loop (≥ {TARGETS['loop']:g})",
        f"× torch (≥ {TARGETS['torch']:g})",
        f"share of {gemm / 1e9:.0f} GFLOP/s",
        title=f"learning from text, best of {rounds} rounds, one thread, N=32 T=32 D=64 H=128 V={len(vocab)}",
    )
    for cell, gates in (("RNN", 1), ("LSTM", 4)):
        sizes = Sizes(V=len(vocab), gates=gates)
        workers: dict[str, Worker] = {"one-stream loop": one_stream(sizes, ids, 60 // gates)}
        for precision in ("float64", "float32"):
            workers[f"ours, {precision}"] = ours(sizes, ids, 20 // gates, precision)
            workers[f"torch.nn.{cell}, {precision}"] = by_torch(sizes, ids, 20 // gates, precision)
        rates = best_rates(workers, rounds)
        for name, rate in rates.items():
            rival = name.replace("ours", f"torch.nn.{cell}")
            ratios = {} if rival == name else {"loop": rate / rates["one-stream loop"], "torch": rate / rates[rival]}
            short = any(ratio < TARGETS[other] for other, ratio in ratios.items())
            shown = [f"{ratio:.2f} ×" for ratio in ratios.values()] or ["", ""]
            share = f"{rate * sizes.flops() / gemm:.0%}"
            table.add_row(cell, name, f"{rate:,.0f}", *shown, share, style="red" if short else None)
        table.add_section()
    table.caption = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else None
    Console().print(table)


if __name__ == "__main__":
    if os.environ.get("OMP_NUM_THREADS") != "1":  # must be set before numpy is loaded
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **one_thread})
    main()
