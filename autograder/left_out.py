"""What was left out of a module so that the rest could be judged, in sentences.

What a worker reports comes out of a process that runs student code: it is text about their own module, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from autograder.plain_text import printable

MOST = 6  # sentences
_KINDS = {"syntax": 9, "failed": 9, "passed": 3}  # kind -> how long its list is
_STOPS = re.compile(r"[^#'\"\n]*\b(?:breakpoint|set_trace|post_mortem)\(")
_REST = "Everything else is judged."

#: What an exception at the top level means here.
_WHY = {
    "EOFError": "nobody is there to type when a module is checked",
    "SystemExit": "it ends the program",
    "PermissionError": "that is not allowed while a module is graded",
    "KeyboardInterrupt": "it ends the program",
}


def sentences(notes: Any, main: str, meaning: Callable[[str, int, str], str]) -> list[str]:
    """Remarks on what a worker left out; what is no such note is passed over.

    Args:
        notes: the worker's.
        main: the file whose name goes without saying.
        meaning: (file, line, kind of error) -> what to say of a line that does not parse, or nothing.
    """
    said: list[str] = []
    passed: list[str] = []
    for note in notes if type(notes) is list else []:
        if not (type(note) is list and note and type(note[0]) is str and len(note) == _KINDS.get(note[0], 0)):
            continue
        if note[0] == "passed":
            _, module, names = note
            if type(module) is str and type(names) is list:
                known = list(dict.fromkeys(_short(name, 60) for name in names if type(name) is str))[:5]
                are = "is judged without its decorator" if len(known) == 1 else "are judged without their decorators"
                passed.append(f"{_short(module, 60)} is not here: {', '.join(known)} {are} from it.")
            continue
        kind, file, first, last, names, error, message, line, text = note
        texts = all(type(value) is str for value in (file, error, message, text))
        if not (texts and all(type(value) is int for value in (first, last, line)) and type(names) is list):
            continue
        where = "" if file == main else f" of {_short(file, 60)}"
        shown = f": {_short(text, 60)}" if text else ""
        if kind == "syntax":
            known = [_short(name, 60) for name in names if type(name) is str][:5]
            lines = _lines(first, last) + where
            what = f"{' and '.join(known)} ({lines})" if known else _capital(lines)
            verb = "does" if first == last or len(known) == 1 else "do"
            means = meaning(file, line, error)
            words = f"{what} {verb} not parse: {_short(message, 120)} (line {line}{shown})"
            said.append(f"{words}. {means.rstrip('.')}" if means else words)
        else:
            means = _WHY.get(error, "")
            reason = f"{_short(error, 60)}{f': {_short(message, 120)}' if message else ''}"
            said.append(
                f"{_capital(_lines(first, last))}{where} ended with {reason}{f' ({means})' if means else ''}{shown}"
            )
    return _finished(said) + passed[:MOST]


def out_of_time(line: int, text: str, why: str) -> str:
    """The remark on a statement that was left out because the process did not come back from it."""
    return _finished([f"Line {line} ({_short(text, 60)}) {why}"])[0]


def debugger(text: str) -> list[str]:
    """The remark on lines that would stop for a debugger, if there are any."""
    found = [number for number, line in enumerate(text.split("\n"), 1) if _STOPS.match(line)]
    if not found:
        return []
    lines = f"Line {found[0]} stops" if len(found) == 1 else f"Lines {', '.join(map(str, found[:5]))} stop"
    return [f"{lines} for a debugger; that is passed over here."]


def _finished(said: Sequence[str]) -> list[str]:
    more = [f"and {len(said) - MOST} more like these"] if len(said) > MOST else []
    return [f"Left out: {words}. {_REST}" for words in [*said[:MOST], *more]]


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first}–{last}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _short(text: str, length: int) -> str:
    words = printable(" ".join(text.split())).rstrip(".")
    return words if len(words) <= length else words[: length - 1] + "…"
