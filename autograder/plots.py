"""The class report's plots, as SVG to be put into a page: no files, no fonts, no scripts, the same bytes every time.

Text stays text, in the page's own font. Whatever a plot shows is also said in its label, for those who do not see it.
"""

from __future__ import annotations

import io
import re
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import quoteattr

from autograder.figures import ExerciseFigures, UnitFigures
from autograder.looks import LOOKS
from autograder.results import Outcome

BLUE, PALE, ORANGE = "#0072b2", "#a9cfe6", "#b35900"
INK, SOFT, LINE = "#1d2430", "#5a6472", "#dfe3e8"

#: Colour -> the name that pages know it by, under which it is another one where the page is dark.
_NAMES = {BLUE: "blue", PALE: "pale", ORANGE: "orange", INK: "ink", SOFT: "soft", LINE: "line"}
_NAMES |= {look.ground: outcome.value for outcome, look in LOOKS.items()}
_NAMES |= {look.ink: f"{outcome.value}-ink" for outcome, look in LOOKS.items() if look.dark}

LOW = 0.2  # an item-rest correlation below this: the exercise hardly separates anybody
MOST_TICKS = 60  # students shown one by one in the plot of times
_ROW = 0.34  # inches per exercise


def unit_plots(units: Sequence[UnitFigures]) -> list[tuple[str, str]]:
    """Both plots of each unit."""
    return [(score_plot(unit), exercise_plot(unit)) for unit in units]


def score_plot(unit: UnitFigures) -> str:
    """How many students have how many points: a histogram in steps of 10 %, with mean and median."""
    with _figure(5.4, 2.6) as figure:
        axes = figure.add_subplot()
        bars = axes.bar([*range(10), 10.25], unit.bins, width=0.86, color=BLUE)
        axes.bar_label(bars, labels=[str(count) if count else "" for count in unit.bins], padding=2, fontsize=9)
        ticks = [f"{10 * n}–{10 * n + 9}" for n in range(10)]
        axes.set_xticks([*range(10), 10.25], [*ticks, "100"], fontsize=7.5)
        axes.set_xlabel(f"% of the {unit.unit.max_score:g} points", fontsize=9)
        axes.set_ylabel("students", fontsize=9)
        axes.set_ylim(0, 1.18 * max(*unit.bins, 1))
        axes.yaxis.get_major_locator().set_params(integer=True)
        _bare(axes, grid="y")
        axes.tick_params(axis="x", length=0)
        words = ", ".join(f"{n} at {10 * step} %" for step, n in enumerate(unit.bins) if n)
        label = (
            f"Students by share of the points of {unit.unit.id}: {words}. Mean {unit.mean:.1f}, median {unit.median:g}."
        )
        return _svg(figure, label)


def exercise_plot(unit: UnitFigures) -> str:
    """Per exercise: outcomes of all students, item-rest correlation, and how long judging it took."""
    rows = unit.exercises
    with _figure(10.6, 0.95 + _ROW * len(rows)) as figure:
        outcomes, separates, times = figure.subplots(1, 3, sharey=True, width_ratios=[2.4, 1, 1])
        places = list(range(len(rows)))
        _draw_outcomes(outcomes, rows, places)
        _draw_discrimination(separates, rows, places)
        _draw_times(times, unit, places)
        outcomes.set_yticks(places, [row.id for row in rows], fontsize=9, fontfamily="monospace")
        outcomes.set_ylim(len(rows) - 0.4, -0.6)
        for axes in (outcomes, separates, times):
            _bare(axes)
            axes.tick_params(axis="y", length=0)
        label = "; ".join(
            f"{row.id}: {row.passed} of {row.handed_in} passed, item-rest correlation "
            f"{'unknown' if row.discrimination is None else format(row.discrimination, '.2f')}, "
            f"median {row.median_seconds:.2f} s"
            for row in rows
        )
        return _svg(figure, f"Exercises of {unit.unit.id}. {label}.")


def similarity_plot(shares: Sequence[float], listed: Sequence[float]) -> str:
    """How alike all pairs of a class are: a histogram in steps of 5 %, the listed pairs in orange.

    Args:
        shares: of every pair, from 0 to 1.
        listed: of those pairs that the page shows.
    """
    steps = [0] * 20
    shown = [0] * 20
    for values, bins in ((shares, steps), (listed, shown)):
        for value in values:
            bins[min(19, int(value * 20 + 1e-9))] += 1
    with _figure(6.4, 2.5) as figure:
        axes = figure.add_subplot()
        places = [5 * step + 2.5 for step in range(20)]
        axes.bar(places, steps, width=4.4, color=PALE)
        bars = axes.bar(places, shown, width=4.4, color=ORANGE)
        axes.bar_label(bars, labels=[str(n) if n else "" for n in shown], padding=2, fontsize=8)
        axes.set_xlim(0, 100)
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(0, 3 * max(*steps, 1))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("% alike, of what few others have (or of everything, if nearly all is)", fontsize=9)
        axes.set_ylabel("pairs", fontsize=9)
        _bare(axes, grid="y")
        words = ", ".join(f"{n} at {5 * step} %" for step, n in enumerate(steps) if n)
        return _svg(figure, f"Pairs of students by how alike their modules are: {words}.")


def _draw_outcomes(axes: Any, rows: list[ExerciseFigures], places: list[int]) -> None:
    axes.set_title("outcomes: how many students", fontsize=9.5, loc="left", color=SOFT)
    left = [0] * len(rows)
    for outcome in Outcome:
        counts = [row.outcomes.get(outcome, 0) for row in rows]
        if not any(counts):
            continue
        look = LOOKS[outcome]
        for place, start, count in zip(places, left, counts, strict=True):
            if count:
                axes.barh(place, count, 0.74, start, color=look.ground, edgecolor=SOFT, linewidth=0.5)
                wide = count / max(row.handed_in for row in rows) > 0.045
                text = f"{look.sign} {count}" if wide else look.sign
                axes.text(start + count / 2, place, text, ha="center", va="center", fontsize=7.5, color=look.ink)
        left = [start + count for start, count in zip(left, counts, strict=True)]
    axes.set_xlim(0, max(*left, 1))
    axes.xaxis.get_major_locator().set_params(integer=True)


def _draw_discrimination(axes: Any, rows: list[ExerciseFigures], places: list[int]) -> None:
    axes.set_title("item–rest correlation", fontsize=9.5, loc="left", color=SOFT)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.axvline(LOW, color=SOFT, linewidth=0.8, linestyle=(0, (2, 2)))
    for place, row in zip(places, rows, strict=True):
        found = row.discrimination
        if found is None:
            axes.text(0.03, place, "–", va="center", fontsize=9, color=SOFT)
            continue
        colour = ORANGE if found < LOW else BLUE
        axes.plot([0, found], [place, place], color=colour, linewidth=2, clip_on=False)
        axes.plot([found], [place], "o" if found >= LOW else "D", color=colour, markersize=5, clip_on=False)
    lowest = min((row.discrimination for row in rows if row.discrimination is not None), default=0.0)
    axes.set_xlim(min(-0.1, lowest - 0.1), 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])


def _draw_times(axes: Any, unit: UnitFigures, places: list[int]) -> None:
    axes.set_title("seconds: median and spread", fontsize=9.5, loc="left", color=SOFT)
    axes.set_xscale("log")
    seen = []
    for place, row in zip(places, unit.exercises, strict=True):
        times = sorted(r.exercise(row.id).seconds for r in unit.results.values() if r.exercise(row.id).seconds > 0)
        seen += times
        if times:
            shown = times
            if len(times) > MOST_TICKS:  # the middle nine tenths as a line, and those outside it one by one
                tenth = len(times) // 20
                axes.plot([times[tenth], times[-1 - tenth]], [place] * 2, color=BLUE, alpha=0.5, linewidth=1.5)
                shown = [times[0], *times[-min(tenth, MOST_TICKS // 2) :]]
            axes.plot(shown, [place] * len(shown), "|", color=BLUE, alpha=0.5, markersize=8)
            axes.plot([statistics.median(times)], [place], "o", color=BLUE, markersize=5)
    if seen:
        axes.set_xlim(min(seen) / 1.6, max(seen) * 1.6)
    else:
        axes.set_xlim(0.01, 1)
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _bare(axes: Any, grid: str = "x") -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.grid(axis=grid, color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, labelsize=8)
    for label in axes.get_yticklabels():
        label.set_color(INK)


@contextmanager
def _figure(width: float, height: float) -> Iterator[Any]:
    """A figure that no window knows of, under settings of its own."""
    import matplotlib
    from matplotlib.figure import Figure

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": "unrolled",
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "axes.unicode_minus": True,
        "text.color": INK,
        "axes.labelcolor": INK,
    }
    with matplotlib.rc_context(settings):
        yield Figure(figsize=(width, height), layout="constrained")


def _svg(figure: Any, label: str) -> str:
    """A figure as an element of a page: no prologue, no metadata, no names that another plot on the page has too."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", text, flags=re.S)
    text = re.sub(
        r' clip-path="url\([^)]*\)"|<clipPath.*?</clipPath>\s*', "", text, flags=re.S
    )  # everything fits anyway
    text = re.sub(r'(<g) id="[^"]*"', r"\1", text)
    text = re.sub(r'\s+width="[\d.]+pt"', "", text, count=1)
    text = re.sub(r'\s+height="[\d.]+pt"', "", text, count=1)
    text = re.sub(r"#[0-9a-f]{6}", _named_colour, text)
    text = re.sub(r"font: ([\d.]+)px '[^']*'(?:, sans-serif)?", r"font: \1px system-ui, sans-serif", text)
    text = re.sub(r"font: ([\d.]+)px [^;]*monospace[^;\"]*", r"font: \1px ui-monospace, monospace", text)
    return re.sub(r"<svg ", f'<svg class="plot" role="img" aria-label={quoteattr(label)} ', text, count=1)


def _named_colour(found: re.Match[str]) -> str:
    """A colour as the page knows it; as it is where nobody has a name for it."""
    colour = found[0]
    return f"var(--{_NAMES[colour]}, {colour})" if colour in _NAMES else colour
