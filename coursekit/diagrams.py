"""Computation graphs and block diagrams, drawn by matplotlib in the style of the course.

The lower half is a small drawing layer: a :class:`Canvas` on which one unit is the same
length in every figure, with boxes, arrows and notes. The upper half are the figures of the
course; each function returns a new matplotlib ``Figure`` and shows nothing by itself.

Time runs from left to right, inputs are at the bottom, outputs at the top; colours are
those of :data:`coursekit.style.PALETTE`, by meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from coursekit.style import PALETTE, SEQUENTIAL, tint

UNIT_INCHES = 0.82  # length of one canvas unit on paper, unless the figure would get too wide
MAX_WIDTH_INCHES = 9.6
FONT_POINTS = 12.5
SMALLEST_FONT_POINTS = 9.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A box on a canvas: its centre and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        """Middle of the left side."""
        return (self.x - self.width / 2, self.y)

    @property
    def right(self) -> Point:
        """Middle of the right side."""
        return (self.x + self.width / 2, self.y)

    @property
    def top(self) -> Point:
        """Middle of the upper side."""
        return (self.x, self.y + self.height / 2)

    @property
    def bottom(self) -> Point:
        """Middle of the lower side."""
        return (self.x, self.y - self.height / 2)


def shift(point: Point, dx: float = 0.0, dy: float = 0.0) -> Point:
    """The point moved by (dx, dy)."""
    return (point[0] + dx, point[1] + dy)


class Canvas:
    """A drawing area in free units; the figure is cut to what was drawn.

    Draw with :meth:`box`, :meth:`dot`, :meth:`arrow`, :meth:`line` and :meth:`text`, then call
    :meth:`figure` once.
    """

    def __init__(self) -> None:
        self._figure = Figure(figsize=(4, 3), layout="none")
        self.axes = self._figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_aspect("equal")
        self._points: list[Point] = []
        self._texts: list[tuple[Any, float]] = []

    def include(self, *points: Point) -> None:
        """Make sure that the figure reaches to these points."""
        self._points.extend(points)

    def text(
        self,
        at: Point,
        words: str,
        color: str = "ink",
        size: float = 1.0,
        align: str = "center",
        vertical: str = "center",
        bold: bool = False,
        paper: bool = False,
    ) -> None:
        """Write at a point; ``size`` is relative to the font of the figure.

        ``paper`` puts a white ground behind the words, for labels that sit on a line.
        """
        artist = self.axes.text(
            *at,
            words,
            color=PALETTE.get(color, color),
            ha=align,
            va=vertical,
            weight="bold" if bold else "normal",
            linespacing=1.3,
            zorder=6,
            bbox={"facecolor": PALETTE["paper"], "edgecolor": "none", "pad": 1.2} if paper else None,
        )
        self._texts.append((artist, size))
        self.include(at)

    def box(
        self,
        x: float,
        y: float,
        label: str = "",
        kind: str = "hidden",
        width: float = 1.0,
        height: float = 0.8,
        dashed: bool = False,
        size: float = 1.0,
        fill: float = 0.3,
    ) -> Box:
        """Draw a rounded box around (x, y), coloured by meaning; returns it to attach arrows to."""
        color = PALETTE.get(kind, kind)
        self.axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.12",
                facecolor=PALETTE["paper"] if dashed else tint(color, fill),
                edgecolor=color,
                linewidth=1.6,
                linestyle=(0, (3, 2)) if dashed else "-",
                zorder=4,
            )
        )
        if label:
            self.text((x, y), label, size=size)
        self.include((x - width / 2, y - height / 2), (x + width / 2, y + height / 2))
        return Box(x, y, width, height)

    def dot(self, x: float, y: float, label: str, kind: str = "muted", radius: float = 0.28) -> Box:
        """Draw a small circle, for an operation such as + or ×."""
        color = PALETTE.get(kind, kind)
        self.axes.add_patch(
            Circle((x, y), radius, facecolor=tint(color, 0.15), edgecolor=color, linewidth=1.6, zorder=4)
        )
        self.text((x, y), label)
        self.include((x - radius, y - radius), (x + radius, y + radius))
        return Box(x, y, 2 * radius, 2 * radius)

    def line(self, points: Sequence[Point], color: str = "ink", width: float = 1.6, dashed: bool = False) -> None:
        """Draw straight pieces through the points."""
        xs, ys = zip(*points, strict=True)
        style: Any = (0, (3, 2)) if dashed else "-"
        self.axes.plot(
            xs,
            ys,
            color=PALETTE.get(color, color),
            linewidth=width,
            linestyle=style,
            solid_joinstyle="round",
            solid_capstyle="round",
            zorder=2,
        )
        self.include(*points)

    def arrow(
        self,
        start: Point,
        end: Point,
        color: str = "ink",
        label: str = "",
        bend: float = 0.0,
        dashed: bool = False,
        width: float = 1.6,
        label_shift: Point = (0.0, 0.24),
        size: float = 1.0,
    ) -> None:
        """Draw an arrow; ``bend`` curves it (to the right of its direction if positive)."""
        paint = PALETTE.get(color, color)
        self.axes.add_patch(
            FancyArrowPatch(
                start,
                end,
                arrowstyle="-|>,head_length=5,head_width=2.8",
                connectionstyle=f"arc3,rad={bend}",
                shrinkA=0,
                shrinkB=1,
                color=paint,
                linewidth=width,
                linestyle=(0, (3, 2)) if dashed else "-",
                joinstyle="miter",
                zorder=3,
            )
        )
        self.include(start, end)
        if label:
            middle = ((start[0] + end[0]) / 2 + label_shift[0], (start[1] + end[1]) / 2 + label_shift[1])
            self.text(middle, label, color="ink" if color == "ink" else color, size=size)

    def route(self, points: Sequence[Point], color: str = "ink", dashed: bool = False, width: float = 1.6) -> None:
        """Draw an arrow that turns corners: straight pieces, a head on the last."""
        if len(points) > 2:
            self.line(points[:-1], color=color, dashed=dashed, width=width)
        self.arrow(points[-2], points[-1], color=color, dashed=dashed, width=width)

    def figure(self, margin: float = 0.3) -> Figure:
        """Cut the figure to what was drawn, set all font sizes, and return it."""
        xs, ys = zip(*self._points, strict=True)
        left, right = min(xs) - margin, max(xs) + margin
        low, high = min(ys) - margin, max(ys) + margin
        inches = min(UNIT_INCHES, MAX_WIDTH_INCHES / (right - left))
        for artist, size in self._texts:
            points = FONT_POINTS * size * inches / UNIT_INCHES
            artist.set_fontsize(max(SMALLEST_FONT_POINTS, points))
        self.axes.set_xlim(left, right)
        self.axes.set_ylim(low, high)
        self._figure.set_size_inches((right - left) * inches, (high - low) * inches)
        return self._figure


def cell() -> Figure:
    """One vanilla RNN cell: folded into a loop on the left, opened up on the right."""
    canvas = Canvas()

    # Folded: one box, one loop.
    x = canvas.box(0, -1.7, r"$x_t$", "input", width=0.8, height=0.7)
    core = canvas.box(0, 0, "RNN", "hidden", width=1.3, height=1.0)
    y = canvas.box(0, 1.7, r"$y_t$", "output", width=0.8, height=0.7)
    canvas.arrow(x.top, core.bottom)
    canvas.arrow(core.top, y.bottom)
    loop = [core.right, (1.25, 0.0), (1.25, 1.0), (-1.25, 1.0), (-1.25, 0.0), core.left]
    canvas.route(loop, color="hidden", width=2.2)
    canvas.text((1.38, 0.5), r"$h_t$", color="hidden", align="left")
    canvas.text((-1.38, 0.5), r"$h_{t-1}$", color="hidden", align="right")

    # Opened: what happens inside.
    canvas.axes.add_patch(
        FancyBboxPatch(
            (4.05, -1.45),
            4.5,
            2.05,
            boxstyle="round,pad=0,rounding_size=0.2",
            facecolor=tint("hidden", 0.1),
            edgecolor=PALETTE["hidden"],
            linewidth=1.6,
            zorder=1,
        )
    )
    previous = canvas.box(3.1, 0, r"$h_{t-1}$", "hidden", width=0.95, height=0.7)
    x = canvas.box(6.2, -2.3, r"$x_t$", "input", width=0.8, height=0.7)
    times_h = canvas.box(4.75, 0, r"$\cdot W_h$", "weight", width=0.9, height=0.7)
    times_x = canvas.box(6.2, -0.98, r"$\cdot W_x$", "weight", width=0.9, height=0.6)
    canvas.box(7.5, -0.98, r"$b$", "weight", width=0.7, height=0.6)
    plus = canvas.dot(6.2, 0, "+")
    squash = canvas.box(7.7, 0, "tanh", "muted", width=1.0, height=0.7, fill=0.15)
    following = canvas.box(9.6, 0, r"$h_t$", "hidden", width=0.95, height=0.7)
    y = canvas.box(9.6, 1.7, r"$y_t$", "output", width=0.8, height=0.7)
    canvas.arrow(previous.right, times_h.left)
    canvas.arrow(times_h.right, plus.left)
    canvas.arrow(x.top, times_x.bottom)
    canvas.arrow(times_x.top, plus.bottom)
    canvas.arrow((7.25, -0.68), (plus.x + 0.22, plus.y - 0.2), color="weight")
    canvas.arrow(plus.right, squash.left)
    canvas.arrow(squash.right, following.left)
    canvas.arrow(following.top, y.bottom)
    canvas.text((9.45, 0.86), r"$\cdot W_{hy} + b_y$", color="weight", align="right", size=0.9)
    canvas.text((6.3, -3.0), "opened: what one step computes", color="muted", size=0.85)
    canvas.text((0, -3.0), "folded: the state comes back", color="muted", size=0.85)
    canvas.include((-1.9, 0), (10.1, 2.05))
    return canvas.figure()


def _steps(which: str | Iterable[int], T: int, name: str) -> set[int]:
    """Turn "all", "first", "last", "none" or numbers from 1 to T into a set of step numbers."""
    words = {"all": set(range(1, T + 1)), "first": {1}, "last": {T}, "none": set()}
    if isinstance(which, str):
        if which not in words:
            raise ValueError(f"{name} is {which!r}, it must be one of {', '.join(words)}, or step numbers")
        return words[which]
    chosen = set(which)
    if not chosen <= words["all"]:
        raise ValueError(f"{name} is {sorted(chosen)}, its steps must lie between 1 and T = {T}")
    return chosen


def unrolled(
    T: int = 4,
    inputs: str | Iterable[int] = "all",
    outputs: str | Iterable[int] = "all",
    feedback: bool = False,
    shared_weights: bool = False,
    backward: bool = False,
    cuts: Iterable[int] = (),
) -> Figure:
    """A recurrent network unrolled over time.

    Args:
        T: number of steps drawn, at least 1.
        inputs: which steps have an input: "all", "first", "last", "none", or step numbers from 1.
        outputs: which steps have an output, in the same way.
        feedback: draw each output going back as the next step's input (where it has none of its own).
        shared_weights: draw the one set of weights that every step uses.
        backward: put a loss on each output and draw the gradients' way back through time.
        cuts: step numbers after which the gradient is cut (truncated backpropagation);
            the state still goes across. Implies ``backward``.

    Returns:
        figure: a new matplotlib figure.

    Raises:
        ValueError: T < 1, an unknown word, or a step number outside 1..T (1..T-1 for cuts).
    """
    if T < 1:
        raise ValueError(f"T is {T!r}, it must be at least 1")
    has_input, has_output = _steps(inputs, T, "inputs"), _steps(outputs, T, "outputs")
    cut_after = set(cuts)
    if not cut_after <= set(range(1, T)):
        raise ValueError(f"cuts is {sorted(cut_after)}, its steps must lie between 1 and T - 1 = {T - 1}")
    backward = backward or bool(cut_after)

    canvas = Canvas()
    pitch = 2.1  # from one step to the next
    y_low, y_high, y_loss = -1.75, 1.7, 3.05
    slip = 0.16 if backward else 0.0  # forward and backward arrows run side by side

    start = canvas.box(pitch * 0.12, 0, r"$h_0$", "hidden", width=0.8, height=0.7, fill=0.12)
    cells: dict[int, Box] = {}
    tops: dict[int, Box] = {}
    bottoms: dict[int, Box] = {}
    for t in range(1, T + 1):
        x = pitch * t
        cells[t] = canvas.box(x, 0, r"$f_W$", "hidden", width=1.25, height=0.95)
        if t in has_output:
            tops[t] = canvas.box(x, y_high, rf"$y_{{{t}}}$", "output", width=0.8, height=0.7)
            canvas.arrow(shift(cells[t].top, -slip), shift(tops[t].bottom, -slip))
        if t in has_input:
            bottoms[t] = canvas.box(x, y_low, rf"$x_{{{t}}}$", "input", width=0.8, height=0.7)
        elif feedback and t - 1 in has_output:
            bottoms[t] = canvas.box(x, y_low, rf"$y_{{{t - 1}}}$", "output", width=0.8, height=0.7, dashed=True)
        if t in bottoms:
            canvas.arrow(bottoms[t].top, cells[t].bottom)

    for t in range(1, T + 1):
        source = start if t == 1 else cells[t - 1]
        canvas.arrow(shift(source.right, 0, slip), shift(cells[t].left, 0, slip))
        if t > 1:
            middle = (source.right[0] + cells[t].left[0]) / 2
            canvas.text((middle, slip + 0.26), rf"$h_{{{t - 1}}}$", size=0.9)
    if T not in has_output:
        canvas.arrow(cells[T].right, shift(cells[T].right, 0.8), label=rf"$h_{{{T}}}$", size=0.9)

    if feedback:
        for t in range(1, T):
            if t in tops and t + 1 in bottoms and t + 1 not in has_input:
                lane = cells[t].x + 0.83
                path = [tops[t].right, (lane, y_high), (lane, y_low), bottoms[t + 1].left]
                canvas.route(path, color="output", dashed=True)

    if shared_weights:
        rail = y_low - 1.0 if bottoms else -1.4
        weights = canvas.box(start.x, rail, r"$W$", "weight", width=0.8, height=0.7)
        branches = {t: cells[t].x - 0.52 for t in cells}
        canvas.line([weights.right, (branches[T], rail)], color="weight")
        for t, x in branches.items():
            canvas.arrow((x, rail), (x, cells[t].bottom[1]), color="weight")

    if backward:
        losses = {t: canvas.box(cells[t].x, y_loss, rf"$L_{{{t}}}$", "muted", 0.8, 0.7, fill=0.15) for t in tops}
        for t, loss in losses.items():
            canvas.arrow(shift(tops[t].top, -slip), shift(loss.bottom, -slip))
            canvas.arrow(shift(loss.bottom, slip), shift(tops[t].top, slip), color="gradient")
            canvas.arrow(shift(tops[t].bottom, slip), shift(cells[t].top, slip), color="gradient")
        for t in range(1, T + 1):
            if t - 1 in cut_after:
                continue
            target = start if t == 1 else cells[t - 1]
            canvas.arrow(shift(cells[t].left, 0, -slip), shift(target.right, 0, -slip), color="gradient", width=2.2)
        high = (y_loss if losses else 0.5) + 0.55
        low = y_low - 0.5 if bottoms else -0.8
        for t in sorted(cut_after):
            x = (cells[t].right[0] + cells[t + 1].left[0]) / 2
            canvas.line([(x, low), (x, -0.32)], color="muted", dashed=True, width=1.2)
            canvas.line([(x, 0.62), (x, high)], color="muted", dashed=True, width=1.2)
            canvas.text((x, -slip - 0.02), "×", color="gradient", size=1.3, bold=True)
        if cut_after:
            borders = [0, *sorted(cut_after), T]
            for number, (first, last) in enumerate(zip(borders, borders[1:], strict=False), 1):
                canvas.text((pitch * (first + last + 1) / 2, high), f"chunk {number}", color="muted", size=0.85)
    return canvas.figure()


def sequence_to_sequence(S: int = 3, T: int = 3) -> Figure:
    """An encoder that reads S inputs and a decoder that writes T outputs from its last state.

    Raises:
        ValueError: S or T is below 1.
    """
    if S < 1 or T < 1:
        raise ValueError(f"S = {S!r} and T = {T!r} must both be at least 1")
    canvas = Canvas()
    pitch = 1.95
    start = canvas.box(0.4, 0, r"$h_0$", "hidden", width=0.75, height=0.7, fill=0.12)
    before = start
    for s in range(1, S + 1):
        core = canvas.box(pitch * s, 0, r"$f_W$", "hidden", width=1.05, height=0.95)
        x = canvas.box(pitch * s, -1.75, rf"$x_{{{s}}}$", "input", width=0.8, height=0.7)
        canvas.arrow(x.top, core.bottom)
        canvas.arrow(before.right, core.left)
        before = core
    summary = canvas.box(pitch * (S + 1), 0, rf"$h_{{{S}}}$", "accent", width=0.9, height=0.9, fill=0.45)
    canvas.arrow(before.right, summary.left)
    canvas.text((summary.x, 0.9), "the summary:\nall that gets across", color="muted", size=0.85, vertical="bottom")
    before = summary
    last_y: Box | None = None
    for t in range(1, T + 1):
        x_at = pitch * (S + 1 + t)
        core = canvas.box(x_at, 0, r"$g_V$", "hidden", width=1.05, height=0.95, fill=0.12)
        y = canvas.box(x_at, 1.7, rf"$y_{{{t}}}$", "output", width=0.8, height=0.7)
        if last_y is None:
            entry = canvas.box(x_at, -1.75, "start", "muted", width=0.9, height=0.7, size=0.85, fill=0.15)
        else:
            entry = canvas.box(x_at, -1.75, rf"$y_{{{t - 1}}}$", "output", width=0.8, height=0.7, dashed=True)
            lane = x_at - pitch + 0.72
            canvas.route([last_y.right, (lane, 1.7), (lane, -1.75), entry.left], color="output", dashed=True)
        canvas.arrow(entry.top, core.bottom)
        canvas.arrow(core.top, y.bottom)
        canvas.arrow(before.right, core.left)
        before, last_y = core, y
    canvas.text((pitch * (S + 1) / 2, -2.55), "encoder: many to one", color="muted", size=0.9)
    canvas.text((pitch * (S + 1 + (T + 1) / 2), -2.55), "decoder: one to many", color="muted", size=0.9)
    return canvas.figure()


def multilayer(T: int = 4, L: int = 3) -> Figure:
    """L recurrent layers on top of each other, over T steps.

    Raises:
        ValueError: T or L is below 1.
    """
    if T < 1 or L < 1:
        raise ValueError(f"T = {T!r} and L = {L!r} must both be at least 1")
    canvas = Canvas()
    pitch, rise = 2.0, 1.45
    bottoms = [canvas.box(pitch * t, -rise, rf"$x_{{{t}}}$", "input", 0.8, 0.7) for t in range(1, T + 1)]
    for level in range(L):
        fill = 0.15 + 0.4 * level / max(1, L - 1)  # deeper green, higher layer
        name = f"({level + 1})"
        before = canvas.box(0.35, rise * level, rf"$h^{{{name}}}_0$", "hidden", 0.9, 0.75, fill=0.05)
        row = []
        for t in range(1, T + 1):
            core = canvas.box(pitch * t, rise * level, rf"$h^{{{name}}}_{{{t}}}$", "hidden", 1.0, 0.8, fill=fill)
            canvas.arrow(bottoms[t - 1].top, core.bottom)
            canvas.arrow(before.right, core.left)
            before = core
            row.append(core)
        canvas.text((pitch * T + 0.75, rise * level), f"layer {level + 1}", color="muted", size=0.85, align="left")
        bottoms = row
    canvas.include((pitch * T + 1.9, 0))
    return canvas.figure()


def stacked_matrix(N: int = 3, D: int = 2, H: int = 4) -> Figure:
    """The two matrix products of a cell as one: ``[h, x]`` side by side times ``Wh`` over ``Wx``.

    Args:
        N, D, H: batch size, input width and hidden width drawn, in little squares.
    """
    canvas = Canvas()
    square = 0.42

    def block(left: float, top: float, rows: int, columns: int, kind: str, label: str, fill: float = 0.3) -> None:
        for row in range(rows):
            for column in range(columns):
                canvas.axes.add_patch(
                    Rectangle(
                        (left + column * square, top - (row + 1) * square),
                        square,
                        square,
                        facecolor=tint(kind, fill),
                        edgecolor=PALETTE["paper"],
                        linewidth=1.5,
                        zorder=3,
                    )
                )
        canvas.include((left, top), (left + columns * square, top - rows * square))
        canvas.text((left + columns * square / 2, top - rows * square / 2), label, size=1.1)

    def width_mark(left: float, columns: int, at: float, label: str) -> None:
        canvas.text((left + columns * square / 2, at), label, color="muted", size=0.9)

    top = 0.0
    block(0, top, N, H, "hidden", r"$h_{t-1}$")
    block(H * square, top, N, D, "input", r"$x_t$")
    width_mark(0, H, 0.25, r"$H$")
    width_mark(H * square, D, 0.25, r"$D$")
    canvas.text((-0.25, top - N * square / 2), r"$N$", color="muted", size=0.9)
    x = (H + D) * square + 0.55
    canvas.text((x, top - N * square / 2), "·", size=1.8)
    x += 0.75
    tall = top + (H + D - N) * square / 2
    block(x, tall, H, H, "weight", r"$W_h$")
    block(x, tall - H * square, D, H, "weight", r"$W_x$", fill=0.15)
    width_mark(x, H, tall + 0.25, r"$H$")
    canvas.text((x - 0.22, tall - H * square / 2), r"$H$", color="muted", size=0.9)
    canvas.text((x - 0.22, tall - (H + D / 2) * square), r"$D$", color="muted", size=0.9)
    x += H * square + 0.55
    canvas.text((x, top - N * square / 2), "=", size=1.4)
    x += 0.55
    block(x, top, N, H, "hidden", r"$a_t - b$", fill=0.12)
    width_mark(x, H, 0.25, r"$H$")
    return canvas.figure()


def rows_as_steps(image: np.ndarray) -> Figure:
    """An image on the left, its rows as the inputs of an unrolled network on the right.

    Args:
        image: (rows, columns) one grey image; up to about 10 rows stay legible.

    Raises:
        ValueError: the image is not two-dimensional.
    """
    image = np.asarray(image, dtype=float)
    if image.ndim != 2:
        raise ValueError(f"image has shape {image.shape}, it must be (rows, columns)")
    rows, columns = image.shape
    canvas = Canvas()
    low, high = float(image.min()), float(image.max())

    def picture(values: np.ndarray, left: float, bottom: float, width: float, height: float) -> None:
        extent = (left, left + width, bottom, bottom + height)
        canvas.axes.imshow(values, extent=extent, cmap=SEQUENTIAL, vmin=low, vmax=high, aspect="equal", zorder=3)
        canvas.axes.add_patch(
            Rectangle((left, bottom), width, height, fill=False, edgecolor=PALETTE["input"], linewidth=1.4, zorder=5)
        )
        canvas.include((left, bottom), (left + width, bottom + height))

    side = 3.0
    floor = -1.5
    picture(image, 0, floor, side, side * rows / columns)
    step = side / columns
    for row in range(1, rows):
        y = floor + side * rows / columns - row * step
        canvas.line([(0, y), (side, y)], color="paper", width=0.8)
        canvas.axes.lines[-1].set_zorder(4)
    canvas.text((side / 2, floor - 0.35), f"{rows} rows of {columns} pixels", color="muted", size=1.1)

    pitch = 1.65
    left = side + 1.6
    before = canvas.box(left - 0.2, 0.35, r"$h_0$", "hidden", width=0.8, height=0.75, fill=0.12, size=1.15)
    core = before
    for t in range(1, rows + 1):
        x = left + pitch * t
        core = canvas.box(x, 0.35, r"$f_W$", "hidden", width=1.0, height=0.9, size=1.15)
        strip = 1.35
        picture(image[t - 1 : t], x - strip / 2, -1.1, strip, strip / columns)
        canvas.arrow((x, -1.1 + strip / columns), core.bottom)
        canvas.arrow(before.right, core.left)
        canvas.text((x, floor), f"row {t}", color="muted", size=1.05)
        before = core
    y = canvas.box(core.x, 1.75, "which digit?", "output", width=2.3, height=0.7, size=1.1)
    canvas.arrow(core.top, y.bottom)
    return canvas.figure()
