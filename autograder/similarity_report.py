"""The page about pairs that are alike: for a person to judge, worded so that it accuses nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.course import Course
from autograder.similarity import LEAST_SHARED, MOST_PEOPLE, REFERENCE, RUN, WHOLE, Pair, Passage, Similarity

LOOK_FIRST = 0.5  # from this share on, a pair is marked


def write_similarity(found: Similarity, course: Course, path: Path) -> None:
    """Write the page: one HTML file that loads nothing.

    Raises:
        StoreError: it cannot be written.
    """
    from markupsafe import Markup

    from autograder.plots import similarity_plot
    from autograder.report import write_page

    plot = similarity_plot(found.shares, [pair.rank for pair in found.pairs])
    write_page(
        path,
        "similarity.html.j2",
        title=f"{course.title}: modules that are alike",
        course=course,
        found=found,
        groups=[
            ("Students among each other", "students", found.pairs),
            ("With the instructor’s module", "reference", found.with_reference),
        ],
        plot=Markup(plot),  # noqa: S704 -- our own figures only
        marked=marked,
        look_first=LOOK_FIRST,
        run=RUN,
        most_people=MOST_PEOPLE,
        least=LEAST_SHARED,
        whole=WHOLE,
        reference=REFERENCE,
    )


def marked(text: str, passages: Sequence[Passage]) -> list[tuple[bool, str]]:
    """A text cut into pieces: whether a piece is alike, and the piece."""
    pieces: list[tuple[bool, str]] = []
    position = 0
    for passage in passages:
        start, end = max(passage.start, position), min(passage.end, len(text))
        if start >= end:
            continue
        pieces += [(False, text[position:start]), (True, text[start:end])]
        position = end
    pieces.append((False, text[position:]))
    return [(alike, piece) for alike, piece in pieces if piece]


def in_words(pair: Pair) -> str:
    """A line of the terminal's table."""
    return f"{pair.share:.0%} of what few others have, {pair.overall:.0%} of everything"
