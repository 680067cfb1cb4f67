"""Text from people, for a terminal, a page or a table: without what changes how the rest is shown.

Names of files and folders, names in rosters and downloads, a module's messages: all may hold escape sequences, line
breaks, marks that turn the direction of writing round, characters that nobody sees.
"""

from __future__ import annotations

import json
import unicodedata

_SIGN = "\N{REPLACEMENT CHARACTER}"


def printable(text: str, keep: str = "") -> str:
    """A text of the same length in which everything is seen: other characters become a sign, wide spaces plain ones.

    Args:
        text: anything.
        keep: characters that stay, such as line breaks.
    """
    if text.translate(dict.fromkeys(map(ord, keep))).isprintable():  # as nearly always
        return text
    return "".join(c if c.isprintable() or c in keep else _seen(c) for c in text)


def _seen(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else _SIGN


def json_line(data: object) -> str:
    """Data as JSON on one line; characters that a terminal would obey are escaped, so that programs get them."""
    text = json.dumps(data, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
