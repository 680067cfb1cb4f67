"""CSV that a spreadsheet may open: what comes from people cannot become a formula, and quotes are where they belong.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is run as a formula by spreadsheets; names are
typed by students. OWASP's advice ("CSV Injection") is an apostrophe in front: spreadsheets take it for "this is text".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from autograder.errors import UsageError
from autograder.plain_text import printable

_SPACES = dict.fromkeys(map(ord, "\t\r\n\v\f\u0085\u2028\u2029"), " ")
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | float | int | None


def csv_text(rows: Sequence[Sequence[Cell]]) -> str:
    """Rows as CSV: commas, double quotes where needed, a line feed after each row.

    Texts are made harmless (:func:`harmless`); numbers are written as short as they can be.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return stream.getvalue()


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is: one line, without control characters, not the start of a formula."""
    flat = printable(text.translate(_SPACES))
    return f"'{flat}" if text.startswith(_STARTS) or flat.lstrip().startswith(_STARTS) else flat


def key_text(text: str, where: str) -> str:
    """A text by which a system finds a person again, so that it must not be changed.

    Raises:
        UsageError: it would have to be changed to be harmless.
    """
    if harmless(text) != text:
        raise UsageError(
            f"{where} is {text!r}, which a spreadsheet could take for a formula. Correct it in the roster."
        )
    return text


def number(value: float) -> str:
    """A number with at most four digits after the point, and none that say nothing: ``62.5``, ``80``."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return harmless(cell) if isinstance(cell, str) else number(cell)
