"""Diagrams of unit 4: the cells with gates, the highway of the cell state, and its relatives.

Built on the canvas of ``coursekit.diagrams``; each function returns a new figure.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from coursekit.diagrams import Canvas, shift
from coursekit.style import PALETTE, tint


def _ground(canvas: Canvas, left: float, low: float, width: float, height: float) -> None:
    """A pale green field behind all that belongs to one cell."""
    canvas.axes.add_patch(
        FancyBboxPatch(
            (left, low),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.2",
            facecolor=tint("hidden", 0.08),
            edgecolor=PALETTE["hidden"],
            linewidth=1.6,
            zorder=1,
        )
    )
    canvas.include((left, low), (left + width, low + height))


def lstm_cell(backward: bool = False) -> Figure:
    """One step of an LSTM: the cell state on top, four gates below it, the hidden state at the end.

    Args:
        backward: draw the way of the gradient from ``c_t`` to ``c_{t-1}`` as well.
    """
    canvas = Canvas()
    lane, middle, gates, bottom = 3.3, 2.15, 0.95, -0.55
    _ground(canvas, 1.25, -1.1, 8.0, 5.0)
    c_before = canvas.box(0, lane, r"$c_{t-1}$", "accent", width=1.05, height=0.75)
    c_after = canvas.box(10.6, lane, r"$c_t$", "accent", width=1.05, height=0.75)
    h_before = canvas.box(0, bottom, r"$h_{t-1}$", "hidden", width=1.05, height=0.75)
    x = canvas.box(4.75, -2.0, r"$x_t$", "input", width=1.05, height=0.75)
    h_after = canvas.box(10.6, gates, r"$h_t$", "hidden", width=1.05, height=0.75)
    product = canvas.box(4.75, bottom, r"$[h_{t-1},\, x_t] \cdot W + b$", "weight", width=5.9, height=0.7)

    forget = canvas.box(2.3, gates, r"$f$: σ", "output", width=0.95, height=0.7)
    entry = canvas.box(4.0, gates, r"$i$: σ", "output", width=0.95, height=0.7)
    candidate = canvas.box(5.5, gates, r"$g$: tanh", "hidden", width=1.35, height=0.7)
    exit_ = canvas.box(7.1, gates, r"$o$: σ", "output", width=0.95, height=0.7)
    for gate in (forget, entry, candidate, exit_):
        canvas.arrow((gate.x, product.top[1]), gate.bottom)

    times_f = canvas.dot(2.3, lane, "×")
    plus = canvas.dot(4.75, lane, "+")
    times_i = canvas.dot(4.75, middle, "×")
    times_o = canvas.dot(8.4, gates, "×")
    squash = canvas.box(8.4, middle, "tanh", "muted", width=0.95, height=0.6, fill=0.15)
    slip = 0.12 if backward else 0.0
    canvas.arrow(shift(c_before.right, 0, slip), shift(times_f.left, 0, slip), width=2.4)
    canvas.arrow(shift(times_f.right, 0, slip), shift(plus.left, 0, slip), width=2.4)
    canvas.arrow(shift(plus.right, 0, slip), shift(c_after.left, 0, slip), width=2.4)
    canvas.arrow((8.4, lane), squash.top)
    canvas.arrow(squash.bottom, times_o.top)
    canvas.arrow(forget.top, times_f.bottom)
    canvas.arrow(entry.top, shift(times_i.left, 0.1, -0.12))
    canvas.arrow(candidate.top, shift(times_i.right, -0.1, -0.12))
    canvas.arrow(times_i.top, plus.bottom)
    canvas.arrow(exit_.right, times_o.left)
    canvas.arrow(times_o.right, h_after.left)
    canvas.arrow(h_before.right, product.left)
    canvas.arrow(x.top, product.bottom)
    if backward:
        for start, end in ((c_after.left, plus.right), (plus.left, times_f.right), (times_f.left, c_before.right)):
            canvas.arrow(shift(start, 0, -slip), shift(end, 0, -slip), color="gradient", width=2.4)
        canvas.text((9.65, lane - 0.42), r"$dc_t$", color="gradient")
        canvas.text((3.5, lane - 0.42), r"$dc_t$", color="gradient")
        canvas.text((0, lane - 0.68), r"$dc_t \odot f$", color="gradient", size=0.95)
    else:
        canvas.text((3.5, lane + 0.3), "forget", color="muted", size=0.85)
        canvas.text((6.3, lane + 0.3), "write", color="muted", size=0.85)
        canvas.text((8.55, 1.58), "show", color="muted", size=0.85, align="left")
    return canvas.figure()


def gru_cell() -> Figure:
    """One step of a GRU: the old state is kept in part, a candidate takes the place of the rest."""
    canvas = Canvas()
    lane, gates, bottom = 3.3, 0.9, -0.6
    _ground(canvas, 1.15, -1.15, 8.3, 5.05)
    before = canvas.box(0, lane, r"$h_{t-1}$", "hidden", width=1.05, height=0.75)
    after = canvas.box(10.7, lane, r"$h_t$", "hidden", width=1.05, height=0.75)
    x = canvas.box(0, bottom, r"$x_t$", "input", width=1.05, height=0.75)
    gate_product = canvas.box(3.3, bottom, r"$[h_{t-1},\, x_t] \cdot W + b$", "weight", width=3.4, height=0.7)
    candidate_product = canvas.box(
        7.45, bottom, r"$[r \odot h_{t-1},\, x_t] \cdot W + b$", "weight", width=3.6, height=0.7
    )
    reset = canvas.box(2.5, gates, r"$r$: σ", "output", width=0.95, height=0.7)
    update = canvas.box(4.4, gates, r"$z$: σ", "output", width=0.95, height=0.7)
    candidate = canvas.box(8.2, gates, r"$\hat h$: tanh", "hidden", width=1.35, height=0.7)
    times_r = canvas.dot(6.2, gates, "×")
    times_z = canvas.dot(4.4, lane, "×")
    times_rest = canvas.dot(8.2, 2.15, "×")
    plus = canvas.dot(8.2, lane, "+")

    canvas.arrow(before.right, times_z.left, width=2.4)
    canvas.arrow(times_z.right, plus.left, width=2.4)
    canvas.arrow(plus.right, after.left, width=2.4)
    canvas.line([(1.5, lane), (1.5, 0.12)])
    canvas.route([(1.5, 0.12), (1.85, 0.12), (1.85, gate_product.top[1])])
    canvas.line([(1.5, 2.75), (6.2, 2.75)])
    canvas.arrow((6.2, 2.75), times_r.top)
    canvas.arrow(x.right, gate_product.left)
    canvas.route([x.bottom, (0, -1.75), (7.45, -1.75), candidate_product.bottom])
    for gate in (reset, update):
        canvas.arrow((gate.x, gate_product.top[1]), gate.bottom)
    canvas.line([reset.top, (2.5, 1.75), (5.3, 1.75)])
    canvas.route([(5.3, 1.75), (5.3, gates), times_r.left])
    canvas.arrow(times_r.bottom, (6.2, candidate_product.top[1]))
    canvas.arrow((8.2, candidate_product.top[1]), candidate.bottom)
    canvas.arrow(candidate.top, times_rest.bottom)
    canvas.arrow(times_rest.top, plus.bottom)
    canvas.arrow(update.top, times_z.bottom)
    canvas.route([(4.4, 2.15), times_rest.left])
    canvas.text((7.25, 2.4), r"$1 - z$", size=0.9)
    canvas.text((3.0, lane + 0.3), "keep", color="muted", size=0.85)
    canvas.text((8.45, 2.72), "replace", color="muted", size=0.85, align="left")
    return canvas.figure()


def highway(T: int = 3) -> Figure:
    """The gradient's two ways back through an LSTM: along the cell states, and through the gates.

    Args:
        T: number of steps drawn, at least 1.

    Raises:
        ValueError: T < 1.
    """
    if T < 1:
        raise ValueError(f"T is {T!r}, it must be at least 1")
    canvas = Canvas()
    pitch, lane, low, slip = 3.5, 1.9, 0.0, 0.13
    c_box = canvas.box(0, lane, r"$c_0$", "accent", width=0.9, height=0.7)
    h_box = canvas.box(0, low, r"$h_0$", "hidden", width=0.9, height=0.7)
    for t in range(1, T + 1):
        left = pitch * t
        times = canvas.dot(left - 1.9, lane, "×")
        plus = canvas.dot(left - 0.95, lane, "+")
        gates = canvas.box(left - 1.55, low, r"$\cdot W_h$, σ, tanh", "weight", width=1.75, height=0.8, size=0.85)
        c_next = canvas.box(left + 0.2, lane, rf"$c_{{{t}}}$", "accent", width=0.9, height=0.7)
        h_next = canvas.box(left + 0.2, low, rf"$h_{{{t}}}$", "hidden", width=0.9, height=0.7)
        stations = [c_box, times, plus, c_next]
        for start, end in zip(stations, stations[1:], strict=False):
            canvas.arrow(shift(start.right, 0, slip), shift(end.left, 0, slip))
            canvas.arrow(shift(end.left, 0, -slip), shift(start.right, 0, -slip), color="gradient", width=3.4)
        canvas.arrow(shift(h_box.right, 0, slip), shift(gates.left, 0, slip))
        canvas.arrow(shift(gates.left, 0, -slip), shift(h_box.right, 0, -slip), color="gradient", dashed=True)
        for x, end in ((times.x, times), (plus.x, plus)):
            canvas.arrow((x - 0.07, gates.top[1]), shift(end.bottom, -0.07))
            canvas.arrow(shift(end.bottom, 0.07), (x + 0.07, gates.top[1]), color="gradient", dashed=True)
        canvas.arrow(shift(c_next.bottom, -slip), shift(h_next.top, -slip))
        canvas.arrow(shift(h_next.top, slip), shift(c_next.bottom, slip), color="gradient", dashed=True)
        canvas.text((times.x - 0.12, 1.0), rf"$f_{{{t}}}$", size=0.9, align="right")
        c_box, h_box = c_next, h_next
    canvas.text((0, 2.85), "the highway: times f, nothing else", color="gradient", align="left", bold=True)
    canvas.text((0, -0.95), "the side roads: a matrix and a squashing each time", color="gradient", align="left")
    canvas.include((pitch * T + 0.7, 0))
    return canvas.figure()


def additive_paths() -> Figure:
    """Three networks with the same idea: a residual block, a highway layer, an LSTM's cell state."""
    canvas = Canvas()
    pitch = 4.7
    rows = [
        ("residual block", r"$F$", None, r"$x_l$", r"$x_{l+1}$", None),
        ("highway layer", r"$T \odot F$", r"$1-T$", r"$x_l$", r"$x_{l+1}$", None),
        ("cell state of an LSTM", r"$i \odot g$", r"$f$", r"$c_{t-1}$", r"$c_t$", r"$h_{t-1}, x_t$"),
    ]
    for number, (name, branch, gate, before, after, read) in enumerate(rows):
        left = pitch * number
        start = canvas.box(left, 0, before, "accent", width=0.9, height=0.7)
        plus = canvas.dot(left + 2.2, 0, "+")
        end = canvas.box(left + 3.45, 0, after, "accent", width=0.95, height=0.7)
        made = canvas.box(left + 1.2, -1.35, branch, "weight", width=1.2, height=0.7, size=0.95)
        if read is None:
            canvas.route([start.bottom, (left, -1.35), made.left])
        else:  # an LSTM's gates do not see the cell state
            source = canvas.box(left - 0.35, -1.35, read, width=1.1, height=0.6, size=0.9)
            canvas.arrow(source.right, made.left)
        canvas.route([made.right, (left + 2.2, -1.35), plus.bottom])
        if gate is None:
            canvas.arrow(start.right, plus.left, width=2.4)
        else:
            times = canvas.dot(left + 1.2, 0, "×")
            canvas.text((left + 1.2, 0.5), gate, size=0.95)
            canvas.arrow(start.right, times.left, width=2.4)
            canvas.arrow(times.right, plus.left, width=2.4)
        canvas.arrow(plus.right, end.left, width=2.4)
        canvas.text((left + 1.7, 1.05), name, bold=True, size=0.95)
    canvas.include((-0.9, -1.8), (pitch * 2 + 4.1, 1.2))
    return canvas.figure()
