"""Figures of unit 3: models of characters, how text is cut, how training goes, text coloured by numbers.

Diagrams are built on the canvas of ``coursekit.diagrams``; each function returns a new figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from coursekit.diagrams import Canvas, shift
from coursekit.style import DIVERGING, PALETTE, tint

_MONO = "DejaVu Sans Mono"  # comes with matplotlib
_MONO_ADVANCE = 0.602  # width of its characters, in font sizes


def hello(letters: str, targets: str, h: np.ndarray, p: np.ndarray, vocab: Sequence[str]) -> Figure:
    """A character model at work on a short text, with all its numbers.

    Args:
        letters: T characters that go in. targets: T characters that should come out.
        h: (T, H) hidden states, p: (T, V) probabilities. vocab: V characters.
    """
    canvas = Canvas()
    pitch, row = 2.75, 0.46
    V, H = len(vocab), h.shape[1]

    def column(x: float, low: float, values: np.ndarray, kind: str, form: str, marked: int = -1) -> tuple[float, float]:
        """Stacked numbers; returns the heights of its lower and upper end."""
        for i, value in enumerate(values):
            y = low + (len(values) - 1 - i) * row
            strength = 0.1 + 0.6 * min(1.0, abs(float(value)))
            edge = PALETTE["ink"] if i == marked else PALETTE[kind]
            canvas.axes.add_patch(
                Rectangle(
                    (x - 0.5, y),
                    1.0,
                    row,
                    facecolor=tint(kind, strength if value > 0 else 0.05),
                    edgecolor=edge,
                    linewidth=2.4 if i == marked else 0.9,
                    zorder=5 if i == marked else 3,
                )
            )
            canvas.text((x, y + row / 2), form.format(float(value)), size=0.78)
        canvas.include((x - 0.5, low), (x + 0.5, low + len(values) * row))
        return low, low + len(values) * row

    floors = [0.0, V * row + 0.85, (V + H) * row + 1.7]
    for t, (letter, target) in enumerate(zip(letters, targets, strict=True)):
        x = pitch * t
        canvas.text((x, -0.4), f"“{letter}”", size=1.1)
        _, top = column(x, floors[0], np.array([float(v == letter) for v in vocab]), "input", "{:.0f}")
        low, high = column(x, floors[1], h[t], "hidden", "{:+.2f}")
        canvas.arrow((x, top), (x, low))
        base, roof = column(x, floors[2], p[t], "output", "{:.2f}", marked=list(vocab).index(target))
        canvas.arrow((x, high), (x, base))
        canvas.text((x, roof + 0.4), f"“{target}”", size=1.1)
        if t:
            middle = (low + high) / 2
            canvas.arrow((x - pitch + 0.5, middle), (x - 0.5, middle), color="hidden", width=2.2)
    for i, letter in enumerate(vocab):
        for floor in (floors[0], floors[2]):
            canvas.text((-0.75, floor + (V - 1 - i) * row + row / 2), letter, color="muted", size=0.85)
    left = -1.25
    canvas.text((left, floors[0] + V * row / 2), "input", color="input", align="right", size=0.95)
    canvas.text((left, floors[1] + H * row / 2), "hidden state", color="hidden", align="right", size=0.95)
    canvas.text((left, floors[2] + V * row / 2), "probabilities", color="output", align="right", size=0.95)
    canvas.text((left, floors[2] + V * row + 0.4), "should come", color="muted", align="right", size=0.95)
    canvas.text((left, -0.4), "comes in", color="muted", align="right", size=0.95)
    canvas.include((left - 1.9, -0.5), (pitch * (len(letters) - 1) + 0.6, floors[2] + V * row + 0.6))
    return canvas.figure()


def streams(text: str, N: int = 3, T: int = 6, chunks: int = 3) -> Figure:
    """A long text as N streams, cut into chunks of T characters; the state goes along the rows.

    Args:
        text: at least N * T * chunks + 1 characters; what is longer is not drawn.
    """
    canvas = Canvas()
    L = (len(text) - 1) // N
    side, gap = 0.42, 0.75
    shown = {"\n": "↵", " ": "·"}
    for n in range(N):
        y = -n * 1.15
        for k in range(chunks):
            left = k * (T * side + gap)
            for i in range(T):
                x = left + i * side
                canvas.axes.add_patch(
                    Rectangle(
                        (x, y - side / 2),
                        side,
                        side,
                        facecolor=tint("input", 0.14 + 0.2 * (k % 2)),
                        edgecolor=PALETTE["paper"],
                        linewidth=1.2,
                        zorder=3,
                    )
                )
                character = text[n * L + k * T + i]
                canvas.text((x + side / 2, y - 0.11), shown.get(character, character), size=0.85, vertical="baseline")
            canvas.include((left, y - side / 2), (left + T * side, y + side / 2))
            start = (left - gap + 0.06, y) if k else (left - 0.95, y)
            canvas.arrow(start, (left - 0.06, y), color="hidden", width=2.2)
            if k == 0:
                canvas.text((left - 1.05, y), "0", color="hidden", align="right", size=0.9)
        end = chunks * (T * side + gap) - gap
        canvas.arrow((end + 0.06, y), (end + gap, y), color="hidden", width=2.2)
        canvas.text((-1.55, y), f"stream {n}", color="muted", align="right", size=0.85)
    for k in range(chunks):
        canvas.text((k * (T * side + gap) + T * side / 2, 0.62), f"chunk {k}", color="muted", size=0.85)
    canvas.text(
        (end / 2, -N * 1.15 + 0.3), "green: the hidden state, carried from chunk to chunk", color="hidden", size=0.85
    )
    canvas.include((-3.0, -N * 1.15 + 0.1), (end + gap, 0.8))
    return canvas.figure()


def whole_model() -> Figure:
    """The layers of a character model over three characters of a chunk."""
    canvas = Canvas()
    pitch, heights = 3.0, {"x": -2.5, "e": -1.15, "h": 0.4, "s": 1.95, "l": 3.3}
    letters, targets = ["d", "e", "f"], ["e", "f", "␣"]
    before = canvas.box(-0.6, heights["h"], r"$h_0$", "hidden", width=0.95, height=0.75, fill=0.12)
    canvas.text((-0.6, heights["h"] - 0.75), "from the chunk before", color="muted", size=0.8)
    for t, (letter, target) in enumerate(zip(letters, targets, strict=True), 1):
        x = pitch * t - 0.8
        entry = canvas.box(x, heights["x"], f"“{letter}”", "input", width=0.9, height=0.7)
        table = canvas.box(x, heights["e"], r"row of $W_e$", "weight", width=1.75, height=0.7, size=0.9)
        cell = canvas.box(x, heights["h"], rf"$h_{{{t}}}$", "hidden", width=1.15, height=0.85, fill=0.35)
        scores = canvas.box(x, heights["s"], "scores", "output", width=1.5, height=0.7, size=0.95)
        words = rf"$-\log p(${target}$)$"
        loss = canvas.box(x, heights["l"], words, "muted", width=2.0, height=0.7, fill=0.15, size=0.9)
        canvas.arrow(entry.top, table.bottom)
        canvas.arrow(table.top, cell.bottom)
        canvas.arrow(cell.top, scores.bottom)
        canvas.arrow(scores.top, loss.bottom)
        canvas.arrow(before.right, cell.left, color="hidden", width=2.2)
        before = cell
    canvas.arrow(before.right, shift(before.right, 0.95), color="hidden", width=2.2)
    canvas.text(shift(before.right, 0.75, -0.55), "to the next chunk", color="muted", size=0.8, align="left")
    labels = [
        ("e", "embedding", "char_lm"),
        ("h", "recurrent layer", "unit 2"),
        ("s", "readout", "unit 2"),
        ("l", "loss", "unit 2"),
    ]
    for key, name, origin in labels:
        canvas.text((11.2, heights[key] + 0.16), name, align="left", size=0.9)
        canvas.text((11.2, heights[key] - 0.2), origin, color="muted", align="left", size=0.8)
    canvas.include((-1.9, -2.9), (13.2, 3.7))
    return canvas.figure()


def training_curve(history: Any, levels: Mapping[str, float]) -> Figure:
    """How training goes: bits per character of each update, on held-out text, and levels to compare with.

    Args:
        history: a ``CharHistory``. levels: name → bits per character of other models.
    """
    figure = Figure(figsize=(8.0, 3.6))
    ax = figure.subplots()
    bits = np.array(history.bits)
    if len(bits):
        width = min(50, len(bits))
        smooth = np.convolve(bits, np.ones(width) / width, mode="valid")
        places = np.arange(len(smooth)) + width / 2
        ax.plot(places, smooth, color=PALETTE["accent"], label="text it learns from", lw=1.5)
    if history.marks:
        updates, judged = zip(*history.marks, strict=True)
        ax.plot(updates, judged, "o-", color=PALETTE["gradient"], label="held-out text")
    right = max(len(bits), 1)
    dashes = [(0, (1, 1)), (0, (4, 2)), (0, (6, 1, 1, 1)), "-"] * 3
    for (name, level), dash in zip(levels.items(), dashes, strict=False):
        ax.axhline(level, color=PALETTE["muted"], linestyle=dash, linewidth=1.3)
        ax.text(right * 1.01, level, name, color=PALETTE["muted"], va="center", fontsize=9)
    low, top = min([1.8, *levels.values()]) - 0.2, max([5.0, *levels.values()])
    ax.set(xlabel="update", ylabel="bits per character", xlim=(0, right), ylim=(low, top))
    if len(bits) or history.marks:
        ax.legend(loc="upper right", frameon=True, facecolor=PALETTE["paper"], edgecolor="none", framealpha=1)
    return figure


def coloured_text(
    text: str,
    values: np.ndarray,
    *,
    title: str = "",
    columns: int | None = None,
    most_lines: int = 16,
    cmap: str = DIVERGING,
    limits: tuple[float, float] = (-1.0, 1.0),
    label: str = "",
) -> Figure:
    """Text as it stands, each character on a ground that shows a number.

    Args:
        text: M characters; long lines are cut at ``columns`` (by default, at 96), and lines after ``most_lines`` are
            left out.
        values: (M,) numbers, one per character; those of line ends are shown behind the line.
        cmap, limits: colour map, and the numbers at its two ends.
        title, label: of the figure and of its colour bar.

    Raises:
        ValueError: there are not as many values as characters.
    """
    values = np.asarray(values, dtype=float)
    if values.shape != (len(text),):
        raise ValueError(f"values has shape {values.shape}, it must be ({len(text)},): one per character")
    lines: list[tuple[str, np.ndarray]] = []
    start = 0
    columns = columns or min(96, max(len(line) for line in text.splitlines()[:most_lines]) + 1)
    for line in text.splitlines(keepends=True)[:most_lines]:
        lines.append((line.rstrip("\n")[: columns - 1], values[start : start + min(len(line), columns)]))
        start += len(line)
    points, height = 9.0, 0.19
    cell = _MONO_ADVANCE * points / 72
    top, bar = (0.34 if title else 0.08), 0.75
    page = (columns * cell + 0.16 + bar, len(lines) * height + top + 0.1)
    figure = Figure(figsize=page, layout="none")
    left, low = 0.08 / page[0], 0.06 / page[1]
    ax = figure.add_axes((left, low, columns * cell / page[0], len(lines) * height / page[1]))
    ax.set(xlim=(0, columns), ylim=(len(lines), 0), xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    grounds = np.full((len(lines), columns), np.nan)
    for row, (_, numbers) in enumerate(lines):
        grounds[row, : len(numbers)] = numbers
    # Only the light part of a colour map: letters must remain legible.
    lowest, highest = (0.22, 0.78) if limits[0] < 0 else (0.0, 0.6)
    colours = colormaps[cmap](lowest + (highest - lowest) * Normalize(*limits, clip=True)(grounds))
    colours[np.isnan(grounds)] = (1, 1, 1, 0)
    ax.imshow(colours, extent=(0, columns, len(lines), 0), aspect="auto", interpolation="nearest")
    style: Any = {"family": _MONO, "fontsize": points, "va": "baseline", "ha": "center", "color": PALETTE["ink"]}
    for row, (line, _) in enumerate(lines):
        for column, character in enumerate(line):  # one by one: a whole line's letters are set on whole pixels
            if not character.isspace():
                ax.text(column + 0.5, row + 0.7, character.replace("$", r"\$"), **style)
    strip = figure.add_axes(((0.16 + columns * cell) / page[0], low, 0.12 / page[0], len(lines) * height / page[1]))
    scale = colormaps[cmap](np.linspace(highest, lowest, 64))[:, None]
    strip.imshow(scale, aspect="auto", extent=(0, 1, limits[0], limits[1]))
    strip.set(xticks=[], yticks=[limits[0], sum(limits) / 2, limits[1]])
    strip.yaxis.tick_right()
    strip.tick_params(labelsize=8, length=2)
    strip.grid(False)
    if label:
        strip.set_title(label, fontsize=8, fontweight="normal", loc="center", pad=4)
    if title:
        figure.text(left, 1 - 0.04 / page[1], title, ha="left", va="top", fontsize=11, fontweight="bold")
    return figure
