"""What stands where in Python source, character by character: strings, comments, brackets, indentation, columns."""

from __future__ import annotations

import numpy as np

_QUOTES = ("'", '"')
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


def python_properties(text: str) -> dict[str, np.ndarray]:
    """Properties of every character of a source text, as a reader knows them who has read up to that character.

    The text may begin or end anywhere, so this is a scanner of its own and no call of ``tokenize``: it knows quotes
    (single, triple, with backslashes), comments, brackets and line ends, and nothing else. A string of one line ends
    with the line at the latest.

    Args:
        text: M characters of Python source, lines ending in "\\n".

    Returns:
        properties: dict of (M,) float64 arrays. ``inside a string`` and ``inside a comment`` are 0 or 1; the quote
            or # that opens counts as inside, the quote that closes does not, nor does a line's end (except in a
            triple-quoted string). ``bracket depth`` counts brackets of the code that are open. ``leading spaces`` is 1
            from the beginning of a line up to its first other character, ``indentation`` counts them, as far as they
            have been read. ``position in the line`` counts characters from 1; a line's end is the last of its line.
    """
    M = len(text)
    string, comment, brackets, leading, indent, position = (np.zeros(M) for _ in range(6))
    closing, spaces, column, depth, only_spaces, in_comment = "", 0, 0, 0, True, False
    i = 0
    while i < M:
        length, inside = 1, bool(closing)
        if in_comment:
            in_comment = text[i] != "\n"
        elif closing:
            if text[i] == "\\" and i + 1 < M:
                length = 2
            elif text.startswith(closing, i):
                length, closing, inside = len(closing), "", False
            elif text[i] == "\n" and len(closing) == 1:
                closing, inside = "", False
        elif text[i] == "#":
            in_comment = True
        elif text[i] in _QUOTES:
            closing = text[i] * 3 if text.startswith(text[i] * 3, i) else text[i]
            length, inside = len(closing), True
        elif text[i] in _BRACKETS:
            depth = max(0, depth + _BRACKETS[text[i]])
        for k in range(i, min(i + length, M)):
            column += 1
            only_spaces = only_spaces and text[k] == " "
            spaces += only_spaces
            string[k], comment[k], brackets[k], position[k] = inside, in_comment, depth, column
            leading[k], indent[k] = only_spaces, spaces
            if text[k] == "\n":
                spaces, column, only_spaces = 0, 0, True
        i += length
    return {
        "inside a string": string,
        "inside a comment": comment,
        "bracket depth": brackets,
        "leading spaces": leading,
        "indentation": indent,
        "position in the line": position,
    }
