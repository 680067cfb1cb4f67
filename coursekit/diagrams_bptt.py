"""Diagrams of unit 2: what flows backward through one step, into one state, and through a whole loss.

Built on the canvas of ``coursekit.diagrams``; each function returns a new figure.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from coursekit.diagrams import Canvas, shift


def step_graph() -> Figure:
    """The computation graph of one time step: values go right, gradients come back."""
    canvas = Canvas()
    slip = 0.14
    previous = canvas.box(0, 0, r"$h_{t-1}$", "hidden", width=1.0, height=0.75)
    times_h = canvas.box(2.6, 0, r"$\cdot W_h$", "weight", width=1.0, height=0.75)
    plus = canvas.dot(4.6, 0, "+", radius=0.34)
    squash = canvas.box(6.9, 0, "tanh", "muted", width=1.1, height=0.75, fill=0.15)
    following = canvas.box(9.3, 0, r"$h_t$", "hidden", width=1.0, height=0.75)
    times_x = canvas.box(4.6, -1.55, r"$\cdot W_x$", "weight", width=1.0, height=0.7)
    x = canvas.box(2.6, -1.55, r"$x_t$", "input", width=1.0, height=0.75)
    bias = canvas.box(4.6, 1.45, r"$b$", "weight", width=0.8, height=0.65)

    rightward = [(previous, times_h), (times_h, plus), (plus, squash), (squash, following), (x, times_x)]
    for start, end in rightward:
        canvas.arrow(shift(start.right, 0, slip), shift(end.left, 0, slip))
        canvas.arrow(shift(end.left, 0, -slip), shift(start.right, 0, -slip), color="gradient")
    canvas.arrow(shift(times_x.top, -slip), shift(plus.bottom, -slip))
    canvas.arrow(shift(plus.bottom, slip), shift(times_x.top, slip), color="gradient")
    canvas.arrow(shift(bias.bottom, -slip), shift(plus.top, -slip))
    canvas.arrow(shift(plus.top, slip), shift(bias.bottom, slip), color="gradient")
    canvas.arrow(shift(following.right, 0, slip), shift(following.right, 0.9, slip))
    canvas.arrow(shift(following.right, 0.9, -slip), shift(following.right, 0, -slip), color="gradient")

    canvas.text((5.7, 0.42), r"$a_t$")
    below = -0.45
    canvas.text((1.3, below), r"$dh_{t-1}$", color="gradient")
    canvas.text((5.75, below), r"$da_t$", color="gradient")
    canvas.text((10.45, below), r"$dh_t$", color="gradient")
    canvas.text((3.6, -2.0), r"$dx_t$", color="gradient")
    canvas.text((5.0, 0.78), r"$db$", color="gradient", align="left")
    canvas.text((2.6, 0.66), r"$dW_h$", color="gradient")
    canvas.text((5.25, -1.55), r"$dW_x$", color="gradient", align="left")
    canvas.text((8.0, -1.62), "black: values, computed left to right", size=0.85)
    canvas.text((8.0, -2.05), "orange: gradients, computed right to left", color="gradient", size=0.85)
    canvas.include((-0.7, -2.2), (10.7, 1.8))
    return canvas.figure()


def two_streams() -> Figure:
    """The two gradients that arrive at one hidden state and are added there."""
    canvas = Canvas()
    before = canvas.box(0, 0, r"$h_{t-1}$", "hidden", width=1.1, height=0.85)
    here = canvas.box(3.2, 0, r"$h_t$", "hidden", width=1.1, height=0.85, fill=0.55)
    after = canvas.box(6.4, 0, r"$h_{t+1}$", "hidden", width=1.1, height=0.85)
    loss = canvas.box(3.2, 1.9, r"$L_t$", "muted", width=1.0, height=0.75, fill=0.15)
    later = canvas.box(8.7, 1.9, r"$L_{t+1}, L_{t+2}, \ldots$", "muted", width=2.3, height=0.75, fill=0.15)
    slip = 0.15
    canvas.arrow(shift(before.right, 0, slip), shift(here.left, 0, slip))
    canvas.arrow(shift(here.right, 0, slip), shift(after.left, 0, slip))
    canvas.arrow(shift(here.top, -slip), shift(loss.bottom, -slip))
    canvas.route([shift(after.right, 0, slip), (8.3, slip), (8.3, later.bottom[1])])
    canvas.arrow(shift(loss.bottom, slip), shift(here.top, slip), color="gradient", width=2.4)
    canvas.arrow(shift(after.left, 0, -slip), shift(here.right, 0, -slip), color="gradient", width=2.4)
    canvas.route([(8.6, later.bottom[1]), (8.6, -slip), shift(after.right, 0, -slip)], color="gradient", width=2.4)
    canvas.arrow(shift(here.left, 0, -slip), shift(before.right, 0, -slip), color="gradient", width=2.4)
    canvas.text((3.55, 0.98), "from above", color="gradient", align="left", size=0.9)
    canvas.text((4.8, -0.52), "from the future", color="gradient", size=0.9)
    canvas.text((1.6, -0.52), "their sum goes on", color="gradient", size=0.9)
    canvas.include((-0.6, -0.7), (9.9, 2.3))
    return canvas.figure()


def loss_and_back() -> Figure:
    """The functions of the unit in the order in which one training step calls them."""
    canvas = Canvas()
    forward = [
        ("x", "input", 0.9),
        ("rnn_\nforward", "hidden", 1.8),
        ("temporal_affine_\nforward", "hidden", 2.6),
        ("temporal_\nsoftmax_loss", "output", 2.1),
        ("loss", "muted", 0.95),
    ]
    at, gap, top, bottom = 0.0, 1.05, 0.0, -1.9
    boxes = []
    for label, kind, width in forward:
        boxes.append(canvas.box(at + width / 2, top, label, kind, width=width, height=0.95, size=0.95))
        at += width + gap
    for number, name in enumerate(["", r"$h$", "scores", ""]):
        canvas.arrow(boxes[number].right, boxes[number + 1].left, label=name, label_shift=(0, 0.3), size=0.9)
    rnn_back = canvas.box(boxes[1].x, bottom, "rnn_\nbackward", "gradient", width=1.8, height=0.95, size=0.95)
    affine_back = canvas.box(
        boxes[2].x, bottom, "temporal_affine_\nbackward", "gradient", width=2.6, height=0.95, size=0.95
    )
    turn = [shift(boxes[3].bottom, 0), (boxes[3].x, bottom), affine_back.right]
    canvas.route(turn, color="gradient", width=2.2)
    canvas.text((boxes[3].x + 0.15, -1.15), "dscores", color="gradient", align="left", size=0.9)
    canvas.arrow(affine_back.left, rnn_back.right, color="gradient", width=2.2)
    canvas.text(((affine_back.left[0] + rnn_back.right[0]) / 2, bottom + 0.32), r"$dh$", color="gradient", size=0.95)
    canvas.arrow(boxes[1].bottom, rnn_back.top, color="muted", dashed=True)
    canvas.arrow(boxes[2].bottom, affine_back.top, color="muted", dashed=True)
    canvas.text((boxes[1].x + 0.12, -0.95), "cache", color="muted", align="left", size=0.85)
    canvas.text((boxes[2].x + 0.12, -0.95), "cache", color="muted", align="left", size=0.85)
    canvas.arrow(rnn_back.bottom, shift(rnn_back.bottom, 0, -0.6), color="gradient")
    canvas.arrow(affine_back.bottom, shift(affine_back.bottom, 0, -0.6), color="gradient")
    canvas.text((rnn_back.x, bottom - 1.3), r"$dW_x,\ dW_h,\ db$", color="gradient")
    canvas.text((affine_back.x, bottom - 1.3), r"$dW_{hy},\ db_y$", color="gradient")
    canvas.include((0, bottom - 1.55))
    return canvas.figure()
