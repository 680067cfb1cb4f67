"""The one reader of tables that people hand us: roster, ``--times``, and the grade sheets of an LMS.

Whatever wrote the CSV, these come to the same: commas, semicolons or tabs between the cells (found by the heading, or
named by Excel's first line ``sep=;``); UTF-8 with or without a byte order mark, or UTF-16; columns and rows that Excel
left empty.

- :func:`read_text` gives the text of a file, :func:`read_csv` its rows as they stand: for a sheet that goes back to
  where it came from.
- :func:`read_records` gives rows by the names of their columns: for a table of our own. Columns that it does not know
  are passed over, with a note.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import StoreError, UsageError

MOST_BYTES = 16 * 1024 * 1024
_SEPARATORS = (",", ";", "\t")
_SEP_LINE = re.compile(r"""\s*"?sep=(?P<separator>.)"?[,;\t ]*\r?(?:\n|\Z)""", re.IGNORECASE)
_BLANK = " \ufeff\u200b"


@dataclass(frozen=True)
class Record:
    """One row: its line in the file, and its cells by the names of their columns, without spaces around them."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Records:
    """A table with known columns."""

    columns: tuple[str, ...]  # those that it has, of the known ones
    records: list[Record]
    notes: list[str] = field(default_factory=list)  # what was passed over, in a sentence each


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: it is not there, too large, or no text.
        StoreError: it cannot be read.
    """
    try:
        if not path.is_file():
            raise UsageError(f"There is no file {path}.")
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MB; a table has a line per student.")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise StoreError(f"Cannot read {path}: {getattr(error, 'strerror', '') or error}.") from error
    return decoded(data, str(path))


def decoded(data: bytes, what: str) -> str:
    """UTF-8 or UTF-16 bytes as text, without a byte order mark.

    Raises:
        UsageError: they are neither.
    """
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        if b"\0" in data[1:2]:  # the first character is one of ASCII: UTF-16 without a mark
            return data.decode("utf-16-le")
        if data[:1] == b"\0":
            return data.decode("utf-16-be")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{what} is not text in UTF-8 or UTF-16. Save it again; in Excel as 'CSV UTF-8 (comma delimited)'."
        ) from error


def read_csv(text: str, what: str) -> list[list[str]]:
    """The rows of a CSV text as they stand, the heading first; a line ``sep=;`` and empty lines before it are not rows.

    Raises:
        UsageError: it is no CSV, or empty.
    """
    rows, _ = _rows(text, what)
    return [cells for _, cells in rows]


def read_records(path: Path, known: Sequence[str], needed: Sequence[str]) -> Records:
    """The rows of a table by the names of their columns; rows without a word are left out.

    Args:
        path: the file.
        known: names of columns; case, spaces and punctuation in the file's headings do not matter.
        needed: those that must be there.

    Raises:
        UsageError: it is not there or no such table; says which line and what to do.
        StoreError: it cannot be read.
    """
    rows, separator = _rows(read_text(path), str(path), example=",".join(known))
    heading = [_plain(cell) for cell in rows[0][1]]
    by_heading = {_folded(name): name for name in known}
    columns = [by_heading.get(_folded(title)) for title in heading]
    named = [name for name in columns if name is not None]
    missing = [name for name in needed if name not in named]
    if missing:
        raise UsageError(
            f"{path} must have a column {missing[0]!r}; it has {', '.join(filter(None, heading)) or 'no headings'}."
        )
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path} has the column {twice!r} twice.")
    records, full = [], {n for n, title in enumerate(heading) if title}
    for line, row in rows[1:]:
        cells = [_plain(cell) for cell in row]
        if not any(cells):
            continue
        wanted = max((n for n, name in enumerate(columns) if name is not None), default=-1) + 1
        if any(cells[len(heading) :]) or len(cells) < wanted:
            count = f"{len(cells)} cell{'' if len(cells) == 1 else 's'} under {len(heading)} headings"
            raise UsageError(f"{path}, line {line}: {count}. {_advice(separator)}")
        full |= {n for n, cell in enumerate(cells[: len(heading)]) if cell}
        records.append(Record(line, {name: cells[n] for n, name in enumerate(columns) if name is not None}))
    over = [repr(heading[n]) if heading[n] else "one without a heading" for n in sorted(full) if columns[n] is None]
    notes = [f"{path}: passed over {', '.join(over)}. The columns known are {', '.join(known)}."] if over else []
    return Records(tuple(named), records, notes)


def _rows(text: str, what: str, example: str = "") -> tuple[list[tuple[int, list[str]]], str]:
    """Line and cells of each row, from the heading on, and what separates the cells."""
    text = text.removeprefix("\ufeff")
    said = _SEP_LINE.match(text)
    start = said.end() if said is not None else 0
    before = text[:start].count("\n")
    body = text[start:]
    separator = said["separator"] if said is not None else _separator(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if rows or any(cell.strip(_BLANK) for cell in row):
                rows.append((before + reader.line_num, row))
    except csv.Error as error:
        line = before + reader.line_num
        raise UsageError(f"{what}, line {line}: this is no CSV file that can be read ({error}).") from error
    if not rows:
        more = f" Its first line names the columns, such as: {example}" if example else ""
        raise UsageError(f"{what} is empty.{more}")
    return rows, separator


def _separator(text: str) -> str:
    """What separates the cells of the first row: whatever makes the most of them."""
    first = {separator: 0 for separator in _SEPARATORS}
    for separator in _SEPARATORS:
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
            first[separator] = next((len(row) for row in rows if any(cell.strip(_BLANK) for cell in row)), 0)
        except csv.Error:
            continue
    return max(_SEPARATORS, key=lambda separator: first[separator])


def _plain(cell: str) -> str:
    """A cell without spaces around it, and without the ``="…"`` by which spreadsheets are told not to make a number."""
    plain = cell.strip().strip(_BLANK)
    return plain[2:-1] if len(plain) > 2 and plain.startswith('="') and plain.endswith('"') else plain


def _folded(title: str) -> str:
    return "".join(c for c in title.casefold() if c.isalnum())


def _advice(separator: str) -> str:
    named = {",": "comma", ";": "semicolon", "\t": "tab"}.get(separator, repr(separator))
    return f'Each cell ends with a {named}; a {named} inside a cell needs quotes ("…") around the cell.'
