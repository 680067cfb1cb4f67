"""What the commands print on: a terminal that students' names and messages cannot give orders to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from autograder.plain_text import printable


class Terminal(Console):
    """Rich's console, in which every text is made :func:`printable` last of all, whoever wrote it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Rich does it; its own control codes are segments of their own and stay."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(printable(text, keep="\n\t"), style)
