"""Says of text that this Python does not take whether it is Python 2, or newer syntax than this Python has."""

from __future__ import annotations

import re
import sys

#: What every remark on Python 2 begins with: a class's report counts them.
PYTHON_2 = "This is Python 2"

_STRING = re.compile(
    r"""(?P<prefix>\b[A-Za-z]{1,2})?(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)"""
    r"|#[^\n]*"
)
_WEAK = "backticks for repr()"  # pasted words have them, too
#: What Python 2 had and Python 3 has not, as it looks where texts are empty; in the order of certainty.
_OLD = (
    (r"(?:^|[:;])[ \t]*print[ \t]*(?:>>|[\"'`])", "print without parentheses"),
    # Not of two words in a row, which are words.
    (
        r"(?:^|[:;])[ \t]*print[ \t]+(?!\w+[ \t]+(?!(?:if|in|is|and|or|not)\b)[A-Za-z_])[\w{\[~-]",
        "print without parentheses",
    ),
    (r"(?:^|[:;])[ \t]*print[ \t]+\([^()\n]*\)[ \t]*[%,][ \t]*\S", "print without parentheses"),
    (
        r"(?:^|[ \t])except[ \t]+(?:[\w.]+|\([^()\n]*\))[ \t]*,[ \t]*[a-z_]\w*[ \t]*:",
        "`except X, e`",
    ),
    (r"(?:^|[:;])[ \t]*raise[ \t]+[\w.]+[ \t]*,[ \t]*\S", "`raise X, text`"),
    (r"(?:^|[:;])[ \t]*exec[ \t]+[\"'\w]", "exec without parentheses"),
    (r"<>", "`<>` for `!=`"),
    (r"`[^`\n]+`", _WEAK),
    (r"(?<![\w.])0[0-7]*[1-7][0-7]*(?![\w.])", "a number like 0777 for 0o777"),
    (r"(?<![\w.])\d+[lL]\b", "a number like 10L"),
    (r"\b[uU][rR](?=[\"'])", "ur'' for r''"),
)
#: Names of Python 2 -> Python 3's.
_NAMES = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "basestring": "str",
    "long": "int",
    "unichr": "chr",
    "reduce": "functools.reduce",
    "file": "open",
    "iteritems": "items",
    "itervalues": "values",
    "iterkeys": "keys",
    "has_key": "`key in …`",
    "izip": "zip",
    "imap": "map",
}
_TYPE = re.compile(r"[ \t]*type[ \t]+\w+[ \t]*(?:\[.*\])?[ \t]*=(?!=)")
_GENERIC = re.compile(r"[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+\w+[ \t]*\[")
_BARE_EXCEPT = re.compile(r"[ \t]*except\*?[ \t]+[\w.]+(?:[ \t]*,[ \t]*[\w.]+)+[ \t]*:")
_F_STRING = re.compile(r"\b(?:[fF][rR]?|[rR][fF])(\"\"\"|'''|\"|')")


def python_2(text: str) -> list[tuple[int, str]]:
    """(line, what it is) of each thing in a text that only Python 2 takes, by line; the first few.

    Meant for text that does not compile: a few of these mean something else where it does.
    """

    def emptied(match: re.Match[str]) -> str:
        if match[0].startswith("#"):
            return ""
        return f'{match["prefix"] or ""}""' + "\n" * match[0].count("\n")

    lines = _STRING.sub(emptied, text).split("\n")
    found: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        for pattern, words in _OLD:
            if words not in found and re.search(pattern, line):
                found[words] = number
    return sorted((number, words) for words, number in found.items())[:4]


def about_python_2(text: str, file: str) -> str:
    """The remark on a file that does not compile and is Python 2; nothing if it is not."""
    found = python_2(text)
    if all(words == _WEAK for _, words in found):
        return ""
    what = ", ".join(f"{words} (line {number})" for number, words in found)
    return (
        f"{PYTHON_2}: {what}. Convert it: `python -m pip install fissix`, then `python -m fissix -w {file}`; "
        "and look at each / between whole numbers, which rounded down."
    )


def newer(text: str, line: int) -> str:
    """That a line which does not compile is newer syntax than this Python's; nothing if it is not."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return ""
    for number in sorted({line, *range(max(line - 1, 1), min(line + 1, len(lines)) + 1)}, key=lambda n: abs(n - line)):
        shown = lines[number - 1]
        since = _since(shown)
        if since is not None and since > sys.version_info[:2]:
            return (
                f"That is syntax of Python {since[0]}.{since[1]}, and this is judged with Python "
                f"{sys.version_info[0]}.{sys.version_info[1]}: write it in the older way."
            )
    return ""


def _since(line: str) -> tuple[int, int] | None:
    """The version of Python that brought the newest syntax in a line, as far as it is known here."""
    except_ = _BARE_EXCEPT.match(line)
    if except_ and all(name.strip()[:1].isupper() for name in except_[0].strip(" \t:")[6:].strip("* ").split(",")):
        return 3, 14
    if any("t" in (match["prefix"] or "").lower() for match in _STRING.finditer(line)):
        return 3, 14
    if _TYPE.match(line) or _GENERIC.match(line):
        return 3, 12
    if any(_nested(line, match.end(), match[1]) for match in _F_STRING.finditer(line)):
        return 3, 12
    return None


def _nested(line: str, place: int, quote: str) -> bool:
    """Whether an f-string that begins at a place of a line is whole, and so only in the way that Python 3.12 reads it.

    Before, its own quotes, backslashes and comments could not stand between its braces.
    """
    depth, expression, new = 0, "", False
    while place < len(line):
        rest = line[place:]
        if depth == 0:
            if rest.startswith(quote):
                return new
            if rest.startswith(("{{", "}}", "\\")):
                place += 2
                continue
            depth = int(rest[0] == "{")
            place += 1
            continue
        inside = re.match(r"""[rRbBfFuU]{0,2}("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", rest)
        if inside:
            new |= quote[0] in inside[0] or "\\" in inside[0]
            expression += inside[0]
            place += inside.end()
            continue
        new |= rest[0] == "\\"
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(rest[0], 0)
        place += 1
    return False


def older_name(kind: str, message: str) -> str:
    """What to say of an exception that means a name of Python 2; nothing if it means none."""
    match = re.match(r"(?:name '(\w+)' is not defined|'\w+' object has no attribute '(\w+)')", message)
    name = (match[1] or match[2]) if match else ""
    if kind not in ("NameError", "AttributeError") or name not in _NAMES:
        return ""
    return f"{name} is Python 2; Python 3 has {_NAMES[name]}"


def meaning(text: str, line: int, kind: str = "SyntaxError") -> str:
    """What a line that does not compile is, if it can be told: newer syntax, a mark of git's, a notebook's magic."""
    lines = text.split("\n")
    shown = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    if re.match(r"(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)", shown):
        return "That is the mark of a merge in git that was not finished."
    if re.match(r"(?:>>>|\.\.\.|In \[\d*\]:)\s", shown):
        return "That is a prompt, copied together with the code."
    if re.match(r"[%!?]{1,2}[A-Za-z]", shown):
        return "That is a notebook's own command, which a module cannot have."
    if kind == "TabError":
        return "Turn its tabs into spaces."
    return newer(text, line)
