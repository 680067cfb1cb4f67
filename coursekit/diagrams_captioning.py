"""Diagrams of unit 5: a network without its head, three ways for a picture into a decoder, a beam search.

Built on the canvas of ``coursekit.diagrams``; each function returns a new figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from coursekit.diagrams import Box, Canvas, shift
from coursekit.style import PALETTE, tint

DOORS = ("init", "every_step", "first_token")


def headless_cnn(image: np.ndarray, grid: tuple[int, int, int] = (48, 6, 6)) -> Figure:
    """A picture goes through the trunk of a CNN; its grid of features goes on to the decoder, not to the head.

    Args:
        image: (height, width, 3) uint8. grid: channels, rows and columns of the features.
    """
    channels, rows, columns = grid
    canvas = Canvas()
    side = 2.1
    canvas.axes.imshow(image, extent=(-side / 2, side / 2, -side / 2, side / 2), zorder=3)
    canvas.include((-side / 2, -side / 2 - 0.1), (side / 2, side / 2))
    height, width = image.shape[:2]
    canvas.text((0, -side / 2 - 0.32), f"{width} × {height} pixels", color="muted", size=0.85)

    trunk = canvas.box(3.2, 0, "trunk", "hidden", width=2.0, height=1.5, size=1.1)
    canvas.text((3.2, -1.05), "convolutions", color="muted", size=0.85)
    canvas.arrow((side / 2 + 0.1, 0), trunk.left)

    cell, deep = 0.26, 3
    left, low = 5.6, -0.78
    for layer in reversed(range(deep)):
        for row in range(rows):
            for column in range(columns):
                corner = (left + column * cell + 0.14 * layer, low + row * cell + 0.14 * layer)
                face = tint("accent", 0.45 if layer == 0 else 0.2)
                canvas.axes.add_patch(
                    Rectangle(
                        corner,
                        cell,
                        cell,
                        facecolor=face,
                        edgecolor=PALETTE["paper"],
                        linewidth=1.0,
                        zorder=4 - layer / 4,
                    )
                )
    right = left + columns * cell + 0.14 * (deep - 1)
    canvas.include((left, low), (right, low + rows * cell + 0.3))
    canvas.text(((left + right) / 2, low - 0.32), f"{rows} × {columns} places, {channels} numbers each", "muted", 0.85)
    canvas.arrow(trunk.right, (left - 0.08, 0))

    head = canvas.box(9.7, 1.05, "head", "muted", width=1.5, height=0.8, dashed=True)
    classes = canvas.box(12.0, 1.05, "which digit?", "muted", width=2.1, height=0.8, dashed=True, size=0.95)
    canvas.route([(right + 0.1, 0.3), (8.4, 0.3), (8.4, 1.05), head.left], color="muted", dashed=True)
    canvas.arrow(head.right, classes.left, color="muted", dashed=True)
    canvas.line([(8.15, 0.45), (8.65, 0.95)], color="bad", width=2.4)
    canvas.line([(8.15, 0.95), (8.65, 0.45)], color="bad", width=2.4)
    for line in canvas.axes.lines[-2:]:
        line.set_zorder(7)
    features = canvas.box(9.7, -0.75, r"$v$", "accent", width=0.9, height=0.75, fill=0.45)
    decoder = canvas.box(12.0, -0.75, "decoder", "hidden", width=2.1, height=0.8)
    canvas.route([(right + 0.1, -0.2), (8.4, -0.2), (8.4, -0.75), features.left], color="accent", width=2.2)
    canvas.arrow(features.right, decoder.left, color="accent", width=2.2)
    canvas.include((13.2, 1.5))
    return canvas.figure()


def three_doors(words: Sequence[str] = ("a", "red", "four")) -> Figure:
    """The three ways in which features get into a decoder that writes ``words``.

    Raises:
        ValueError: there are no words.
    """
    if not words:
        raise ValueError("there must be at least one word")
    canvas = Canvas()
    fed, said = ["START", *words], [*words, "END"]
    pitch, floors = 2.15, (0.0, -3.95, -8.5)
    names = {
        "init": "1  “init”: the picture is the state before the first word",
        "every_step": "2  “every_step”: the picture is heard at each word",
        "first_token": "3  “first_token”: the picture is a word before the first one",
    }
    for door, floor in zip(DOORS, floors, strict=True):
        canvas.text((-0.45, floor + 1.95), names[door], align="left", bold=True)
        entry = 1 if door == "first_token" else 0
        cells = [
            canvas.box(2.5 + pitch * at, floor, "cell", "hidden", width=1.15, height=0.75)
            for at in range(len(fed) + entry)
        ]
        for at, cell in enumerate(cells[entry:]):
            x = canvas.box(cell.x, floor - 1.2, fed[at], "input", width=1.25, height=0.58, size=0.9)
            y = canvas.box(cell.x, floor + 1.2, said[at], "output", width=1.25, height=0.58, size=0.9)
            canvas.arrow(x.top, cell.bottom)
            canvas.arrow(cell.top, y.bottom)
        for one, next_one in zip(cells, cells[1:], strict=False):
            canvas.arrow(one.right, next_one.left)
        _through_the_door(canvas, door, floor, cells)
    canvas.include((2.5 + pitch * (len(fed) + 1) - 0.6, 0), (0, floors[-1] - 1.6))
    return canvas.figure()


def _through_the_door(canvas: Canvas, door: str, floor: float, cells: Sequence[Box]) -> None:
    """The picture's way into one row of ``three_doors``."""
    color = "accent"
    if door == "init":
        v = canvas.box(0, floor, r"$v$", color, width=0.85, height=0.7, fill=0.45)
        canvas.arrow(v.right, cells[0].left, color=color, width=2.4)
        canvas.text(((v.x + cells[0].x) / 2 - 0.05, floor + 0.3), r"$h_0$", color="hidden", size=0.95)
        return
    zero = canvas.box(0.85 if door == "every_step" else 0.6, floor, "0", "hidden", width=0.6, height=0.6, fill=0.08)
    canvas.arrow(zero.right, cells[0].left)
    if door == "first_token":
        v = canvas.box(cells[0].x, floor - 1.2, r"$v$", color, width=0.85, height=0.7, fill=0.45)
        canvas.arrow(v.top, cells[0].bottom, color=color, width=2.4)
        return
    rail = floor - 1.85
    v = canvas.box(0, rail + 0.1, r"$v$", color, width=0.85, height=0.7, fill=0.45)
    branches = [cell.x - 0.82 for cell in cells]
    canvas.line([(v.right[0], rail), (branches[-1], rail)], color=color, width=2.4)
    for cell, x in zip(cells, branches, strict=True):
        canvas.route([(x, rail), (x, floor - 0.62), (cell.x - 0.35, floor - 0.4)], color=color, width=2.0)


@dataclass(frozen=True)
class Leaf:
    """One hypothesis of a beam search: its last word, the one that it continues, its score, and whether it is kept."""

    word: str
    parent: int  # place in the column before it; -1 in the first column
    note: str  # what stands under the word, such as its score
    kept: bool = True
    best: bool = False  # on the way to the caption that comes out


def beam_tree(columns: Sequence[Sequence[Leaf]], title: str = "") -> Figure:
    """A beam search, step by step from left to right: what was kept and what was let go.

    Args:
        columns: the hypotheses after each step, best first.
        title: a line above it.

    Raises:
        ValueError: a leaf continues one that is not there.
    """
    canvas = Canvas()
    pitch, rise = 2.35, 1.0
    start = canvas.box(0, 0, "START", "input", width=1.3, height=0.6, size=0.9)
    before = [start]
    for number, column in enumerate(columns, 1):
        boxes = []
        top = rise * (len(column) - 1) / 2
        for at, leaf in enumerate(column):
            if not -1 <= leaf.parent < (1 if number == 1 else len(before)):
                raise ValueError(f"step {number}: {leaf.word!r} continues hypothesis {leaf.parent}, which is not there")
            kind = "output" if leaf.best else "hidden" if leaf.kept else "muted"
            box = canvas.box(
                pitch * number, top - rise * at, leaf.word, kind, width=1.45, height=0.5, size=0.9,
                dashed=not leaf.kept, fill=0.45 if leaf.best else 0.2,
            )  # fmt: skip
            canvas.text(shift(box.bottom, 0, -0.17), leaf.note, color="muted", size=0.72)
            parent = before[0 if number == 1 else leaf.parent]
            line = {"color": "output", "width": 2.4} if leaf.best else {"color": "muted", "width": 1.1}
            canvas.arrow(parent.right, box.left, dashed=not leaf.kept, **line)  # type: ignore[arg-type]
            boxes.append(box)
        before = boxes
    highest = max((rise * (len(column) - 1) / 2 for column in columns), default=0.0)
    if title:
        canvas.text((-0.65, highest + 0.85), title, align="left", bold=True)
    canvas.include((0, -highest - 0.5), (pitch * len(columns) + 0.9, highest + 0.4))
    return canvas.figure()
