"""Unit 5's training loop, measurements and pictures; the functions that train and speak are the student's own.

Nothing here knows how a captioning model works inside. It is trained through ``training_step(model, optimizer, v,
captions)`` and speaks through a function from features to words, such as ``greedy``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import permutations
from typing import Any

import numpy as np
import torch

from coursekit.caption_metrics import meaning_share, scores
from coursekit.data.scenes import Meaning, Thing, meaning_right, parse
from coursekit.data.vocabulary import Vocabulary
from coursekit.progress import progress

#: Set to anything but "" or "0" to train for a fiftieth of the steps: shows that a notebook runs, and no more.
FAST_VARIABLE = "UNROLLED_FAST"
#: Names a device and keeps ``find_device`` from looking for one.
DEVICE_VARIABLE = "UNROLLED_DEVICE"

_POOL = 16  # batches that are drawn together and sorted by length
_WARM_UP = 0.3  # share of the steps in which the learning rate rises
_CHUNK = 500  # pictures described at once

TrainingStep = Callable[[Any, torch.optim.Optimizer, torch.Tensor, torch.Tensor], float]
Speak = Callable[[Any, torch.Tensor], torch.Tensor]  # (model, features) -> (N, length) words


def find_device() -> torch.device:
    """The best that this machine has: an NVIDIA GPU ("cuda"), Apple's ("mps"), else the processor.

    ``UNROLLED_DEVICE`` in the environment overrules it.
    """
    wanted = os.environ.get(DEVICE_VARIABLE)
    if wanted and wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a model learns from: features of pictures and the captions of each as numbers.

    Attributes:
        v: (N, F) float32, on the device of the model.
        words: (M, L) int64, all captions, those of a picture one after the other: START, words, END, PAD.
        first: (N,) where each picture's captions begin. count: (N,) how many it has, at least one.
    """

    v: torch.Tensor
    words: torch.Tensor
    first: torch.Tensor
    count: torch.Tensor

    def __len__(self) -> int:
        return len(self.v)


def lesson(v: torch.Tensor, captions: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Lesson:
    """Put features and captions together.

    Args:
        v: (N, F) features. captions: N lists of at least one sentence each.

    Raises:
        ValueError: the numbers of pictures differ, or a picture has no caption.
    """
    if len(v) != len(captions):
        raise ValueError(f"there are features of {len(v)} pictures and captions of {len(captions)}")
    count = torch.tensor([len(sentences) for sentences in captions])
    if len(count) == 0 or int(count.min()) == 0:
        raise ValueError("each picture needs at least one caption, and there must be a picture")
    words = torch.as_tensor(vocabulary.encode_all([sentence for sentences in captions for sentence in sentences]))
    return Lesson(v, words, count.cumsum(0) - count, count)


def caption_batches(data: Lesson, size: int, steps: int, seed: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw batches of captions of about the same length, so that little of a batch is padding.

    Each time through, every picture comes once, with one of its captions at random (the last few that do not fill
    a batch have to wait for the next time). Captions are sorted by length within groups of sixteen batches.

    Args:
        size: captions per batch; all pictures if there are fewer. steps: how many batches. seed: int.

    Yields:
        v: (N, F), captions: (N, T + 1) int64, no longer than their longest.
    """
    size = min(size, len(data))
    rng = torch.Generator().manual_seed(seed)
    lengths = (data.words != 0).sum(dim=1)
    done = 0
    while done < steps:
        order = torch.randperm(len(data), generator=rng)
        chosen = data.first + (torch.rand(len(data), generator=rng) * data.count).long()  # a caption of each
        for pool in order.split(size * _POOL):
            batches = list(pool[lengths[chosen[pool]].argsort(stable=True)].split(size))
            for at in torch.randperm(len(batches), generator=rng).tolist():
                pictures = batches[at]
                if len(pictures) < size or done == steps:
                    continue
                sentences = chosen[pictures]
                captions = data.words[sentences, : int(lengths[sentences].max())]
                yield data.v[pictures.to(data.v.device)], captions.to(data.v.device)
                done += 1


def one_cycle(step: int, steps: int, top: float) -> float:
    """Learning rate of a step: up along a cosine to ``top``, and further down, to nearly nothing.

    Source: Smith & Topin 2018, "Super-convergence"; the momentum is left alone here.
    """
    done = step / max(1, steps)
    if done < _WARM_UP:
        return top * (0.04 + 0.96 * (1 - math.cos(math.pi * done / _WARM_UP)) / 2)
    return top * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2


def train(
    model: torch.nn.Module,
    training_step: TrainingStep,
    data: Lesson,
    *,
    steps: int,
    batch: int = 64,
    lr: float = 0.004,
    seed: int = 0,
    label: str = "training",
    quiet: bool = False,
) -> list[float]:
    """Train with Adam for a fixed number of steps; changes the model in place.

    The same arguments give the same model on a CPU. Seed torch before you make the model, too.

    Args:
        model: has its parameters on the device of ``data.v``.
        training_step: ``(model, optimizer, v, captions) -> loss``, one update.
        steps: number of updates, a fiftieth of that if ``UNROLLED_FAST`` is set. batch: captions in each.
        lr: the highest learning rate of the cycle. seed: for the order of the batches.
        label, quiet: as in ``progress``.

    Returns:
        losses: one of each step, in nats per caption.

    Raises:
        FloatingPointError: the loss is not a finite number any more.
    """
    if os.environ.get(FAST_VARIABLE, "0") not in ("", "0"):
        steps = max(2, steps // 50)
        print(f"{FAST_VARIABLE} is set: only {steps} steps. What comes out means nothing.")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses: list[float] = []
    batches = caption_batches(data, batch, steps, seed)
    for step, (v, captions) in enumerate(progress(batches, label, total=steps, quiet=quiet)):
        for group in optimizer.param_groups:
            group["lr"] = one_cycle(step, steps, lr)
        loss = float(training_step(model, optimizer, v, captions))
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} in step {step + 1}: training has come apart")
        losses.append(loss)
    return losses


def describe(model: Any, speak: Speak, v: torch.Tensor, vocabulary: Vocabulary) -> list[str]:
    """Captions of pictures as text.

    Args:
        speak: ``(model, v) -> words (N, length)``. v: (N, F) features.
    """
    captions: list[str] = []
    for chunk in v.split(_CHUNK):
        captions += [vocabulary.decode(words) for words in torch.as_tensor(speak(model, chunk)).tolist()]
    return captions


def evaluate(
    captions: Sequence[str], references: Sequence[Sequence[str]], meanings: Sequence[Meaning] | None = None
) -> dict[str, float]:
    """How good captions are, by words and by meaning.

    Args:
        captions: N sentences. references: N lists of right ones. meanings: what the N pictures show, if that is known.

    Returns:
        BLEU-1 … BLEU-4, CIDEr, and with meanings "meaning": the share of captions that are right.
    """
    found = dict(scores(captions, references))
    if meanings is not None:
        found["meaning"] = meaning_share(captions, meanings)
    return found


def what_is_wrong(caption: str, truth: Meaning) -> str:
    """What is wrong with a caption of a scene, in a word or two; "right" if nothing is.

    The first that applies of: no sentence of the grammar, another number of things, a mixture ("red seven, blue two"
    said for "blue seven, red two"), wrong digits, wrong colours, both; then a wrong size, and last the relation.
    """
    if meaning_right(caption, truth):
        return "right"
    said = parse(caption)
    if said is None:
        return "no sentence"
    if len(said.things) != len(truth.things):
        return "how many"

    def all_the(name: str, things: Sequence[Thing]) -> list[Any]:
        return sorted(getattr(thing, name) for thing in things)

    digits, colours = (all_the(name, said.things) == all_the(name, truth.things) for name in ("digit", "colour"))
    pairs = sorted((thing.digit, thing.colour) for thing in said.things)
    if pairs != sorted((thing.digit, thing.colour) for thing in truth.things):
        if digits and colours:
            return "colours exchanged"
        return "a colour" if digits else "a digit" if colours else "digit and colour"
    sizes_fit = any(
        all(
            (a.digit, a.colour) == (b.digit, b.colour) and a.large in (None, b.large)
            for a, b in zip(said.things, order, strict=True)
        )
        for order in permutations(truth.things)
    )
    return "where" if sizes_fit else "a size"


def read_record(name: str) -> dict[str, Any]:
    """Results that were worked out ahead of time: a file in ``coursekit/records``, which says how it was made."""
    text = resources.files("coursekit").joinpath("records", f"{name}.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def table(rows: Mapping[str, Mapping[str, Any]], digits: int = 2) -> str:
    """Rows of numbers as aligned text; columns in the order of the first row, "·" where a row has none."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    cells = [["", *columns]]
    for name, row in rows.items():
        cells.append([name, *(_shown(row.get(column), digits) for column in columns)])
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns) + 1)]
    lines = []
    for line in cells:
        first, *rest = (
            text.ljust(w) if at == 0 else text.rjust(w) for at, (text, w) in enumerate(zip(line, widths, strict=True))
        )
        lines.append("   ".join([first, *rest]).rstrip())
    lines.insert(1, "─" * max(map(len, lines)))
    return "\n".join(lines)


def _shown(value: Any, digits: int) -> str:
    if value is None:
        return "·"
    return f"{value:.{digits}f}" if isinstance(value, float | np.floating) else str(value)


def show_pictures(
    images: np.ndarray | Sequence[np.ndarray],
    captions: Sequence[str],
    right: Sequence[bool] | None = None,
    *,
    columns: int = 4,
    title: str = "",
    width: int = 24,
) -> Any:
    """Draw pictures with a caption under each.

    Args:
        images: N pictures, each (height, width, 3) uint8. captions: N sentences.
        right: whether each is right; a green check or a red cross stands before it then.
        columns: pictures in a row. width: letters in a line of a caption.

    Returns:
        figure: a matplotlib figure.
    """
    import textwrap

    from matplotlib.figure import Figure

    from coursekit.style import PALETTE

    rows = -(-len(images) // columns)
    lines = [textwrap.wrap(caption, width) or ["(nothing)"] for caption in captions]
    wide, side = 2.15, 1.6  # inches: of a column, of a picture
    tall = side + 0.3 + 0.16 * max(map(len, lines))
    figure = Figure(figsize=(wide * columns, tall * rows + (0.35 if title else 0.0)), layout="none")
    full_width, full_height = figure.get_size_inches()
    for at, image in enumerate(images):
        row, column = divmod(at, columns)
        left, low = wide * column + (wide - side) / 2, tall * (rows - row) - 0.05 - side
        ax = figure.add_axes((left / full_width, low / full_height, side / full_width, side / full_height))
        ax.imshow(image)
        ax.axis("off")
        mark, colour = "", PALETTE["ink"]
        if right is not None:
            mark, colour = ("✓ ", PALETTE["good"]) if right[at] else ("✗ ", PALETTE["bad"])
        words = mark + "\n".join(lines[at])
        ax.text(0.5, -0.04, words, transform=ax.transAxes, ha="center", va="top", fontsize=9, color=colour)
    if title:
        figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=12)
    return figure
