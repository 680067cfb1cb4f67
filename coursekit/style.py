"""One look for every figure of the course.

The colours are those of Okabe & Ito, "Color Universal Design" (2008), chosen so that
people with any common kind of colour blindness can tell them apart; each colour has one
meaning throughout the course. Where two curves must be told apart, give them different
line styles or markers too: some people print in grey.
"""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.colors import to_rgb

#: What a colour means, wherever it appears.
PALETTE: dict[str, str] = {
    "input": "#0072B2",  # blue: what goes in
    "hidden": "#009E73",  # green: the hidden state and the cell that makes it
    "output": "#E69F00",  # orange: what comes out
    "gradient": "#D55E00",  # vermilion: what flows backward
    "weight": "#AA4499",  # purple: what is learned
    "accent": "#56B4E9",  # sky blue: look here
    "muted": "#767676",  # grey: context
    "good": "#009E73",
    "bad": "#D55E00",
    "ink": "#222222",  # text and lines
    "paper": "#FFFFFF",
}

#: Colours of successive curves, in this order.
CYCLE: list[str] = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#AA4499", "#56B4E9", "#222222"]

#: Line styles to go with CYCLE.
DASHES: list[object] = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), "-"]

#: Colour maps: one for values that rise from nothing, one for values around zero.
SEQUENTIAL = "cividis"
DIVERGING = "RdBu_r"


def use() -> None:
    """Set matplotlib's defaults for this process: call it once, in a notebook's first cell."""
    mpl.rcParams.update(
        {
            "figure.figsize": (8.0, 3.4),  # inches
            "figure.dpi": 96,
            "figure.constrained_layout.use": True,
            "figure.facecolor": PALETTE["paper"],
            "savefig.dpi": 150,
            "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
            "font.size": 11,
            "mathtext.fontset": "dejavusans",
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.labelsize": 11,
            "axes.labelcolor": PALETTE["ink"],
            "axes.edgecolor": PALETTE["muted"],
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": mpl.cycler(color=CYCLE),
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.7,
            "lines.linewidth": 2.0,
            "lines.markersize": 5,
            "legend.frameon": False,
            "legend.fontsize": 10,
            "xtick.color": PALETTE["ink"],
            "ytick.color": PALETTE["ink"],
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "image.cmap": SEQUENTIAL,
            "image.interpolation": "nearest",
        }
    )


def tint(color: str, share: float = 0.25) -> tuple[float, float, float]:
    """Mix a colour with white: ``share`` of the colour, the rest white.

    Args:
        color: a name in PALETTE, or any colour that matplotlib knows.
        share: between 0 (white) and 1 (the colour itself).

    Returns:
        rgb: three numbers in [0, 1].

    Raises:
        ValueError: ``share`` is not between 0 and 1, or the colour is unknown.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share!r}, it must be between 0 and 1")
    red, green, blue = to_rgb(PALETTE.get(color, color))
    return (1 - share * (1 - red), 1 - share * (1 - green), 1 - share * (1 - blue))
