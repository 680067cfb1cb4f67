"""From a file's bytes to Python that can be compiled: which encoding, and what to leave out where it does not parse.

Pure functions on text. Loaded by :mod:`autograder.worker` on its own, without the rest of the package; the judge reads
the same files with it.
"""

from __future__ import annotations

import ast
import codecs
import functools
import re
from dataclasses import dataclass, field, replace

MAX_SALVAGED = 200_000  # characters of a file that is taken apart
MAX_COMPILED = 20_000_000  # characters that are compiled altogether while it is
#: Tell the compiler that more may come, so that it says "incomplete input" where more could mend it (codeop's flags).
_MORE_MAY_COME = 0x4000 | 0x200
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)", re.MULTILINE)
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"))
_WIDE_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_PROMPT = r"(?:>>>[ ]?|[+-](?=[ \t]*(?:def|class|async)\b))?[ \t]*"
_HEADER = re.compile(_PROMPT + r"(?:async[ \t]+def|def|class)[ \t]+([^\W\d]\w*)")
_COMPOUND = re.compile(r"(?:@|(?:async|def|class|if|for|while|with|try|match)\b)")
_GOES_ON = re.compile(r"(?:(?:return|yield|elif|else|except|finally|break|continue)\b|[)\]}])")
_CONFLICT = re.compile(r"(?:<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)(?:[ \t]|$)")
_TEXT = re.compile(r"""[rRbBuU]{0,2}(?:\"{3}|'{3})""")


# --- bytes to text --------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def decode(data: bytes) -> tuple[str, str]:
    """A file's text, each line ending in one newline character, and what is odd about how it is stored.

    UTF-8 as Python wants it, else by its mark, by the coding that it declares, or by a guess.
    """
    if data.isascii() and not any(odd in data for odd in (b"\0", b"\r", b"\x1a")):
        return data.decode("ascii"), ""
    text, remark = _decoded(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\0" in text:
        text = text.replace("\0", "")
        remark = remark or "holds null bytes, which were left out"
    return text.rstrip("\x1a"), remark


def _decoded(data: bytes) -> tuple[str, str]:
    """Text with its own line ends, and a remark."""
    again = "save it as UTF-8"
    for mark, codec in (*_MARKS, *_WIDE_MARKS):
        if data.startswith(mark):
            name = codec.removesuffix("-sig").upper()
            return data.decode(codec, "replace"), "" if name == "UTF-8" else f"is {name}: {again}"
    zeros = data[:4000].count(0)
    if zeros > len(data[:4000]) / 4:
        first = data[0:4000:2].count(0) > zeros / 2  # ASCII in the order of most significant byte first
        return data.decode("utf-16-be" if first else "utf-16-le", "replace"), f"is UTF-16: {again}"
    declared = _COOKIE.match(data) or _COOKIE.match(data.partition(b"\n")[2])
    name = declared[1].decode() if declared else "utf-8"
    try:
        if not codecs.lookup(name)._is_text_encoding:
            raise LookupError(name)
        return data.decode(name), ""
    except (LookupError, ValueError):
        pass
    try:
        return data.decode("utf-8"), f"declares the coding {name}, which it has not"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    for guess in ("cp1252", "latin-1"):
        try:
            return data.decode(guess), f"is not UTF-8 (line {line}) and was read as {guess}: {again}"
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 takes all bytes")


# --- text to what parses --------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """Lines that were left out because they do not parse."""

    first: int
    last: int
    names: tuple[str, ...]  # functions and classes that they would have defined
    message: str  # the compiler's
    line: int
    text: str  # of that line
    kind: str = "SyntaxError"

    def error(self, filename: str) -> SyntaxError:
        """The compiler's error, as if it came from the whole file."""
        made = {"IndentationError": IndentationError, "TabError": TabError}.get(self.kind, SyntaxError)
        return made(self.message, (filename, self.line, None, self.text))


@dataclass(frozen=True)
class Readable:
    """Text that compiles, line for line as in the file, and what was left out of it.

    In the place of left-out functions stands ``name = _left_out(number of the piece)``.
    """

    text: str
    pieces: tuple[Piece, ...] = ()


def readable(text: str, filename: str) -> Readable:
    """What of a file compiles: all of it, or all but the fewest blocks.

    A block begins at a statement in the first column. Leaving out a function costs more than leaving out lines beside
    the functions.

    Raises:
        SyntaxError: it cannot be told what to leave out, or nothing is left.
        ValueError, RecursionError, MemoryError: it is more than the compiler takes.
    """
    try:
        compile(text, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        found = _salvaged(text, filename) if len(text) <= MAX_SALVAGED else None
        if found is None:
            raise error from None
        return found
    return Readable(text)


@dataclass
class _Block:
    """Lines ``first`` to ``last`` (from 0, the end not included) of a file."""

    first: int
    last: int
    header: bool  # whether it begins with a function or class (or its decorators)
    indent: int = -1  # of its body, once that is known


@dataclass(frozen=True)
class _Plan:
    """A way to read the blocks from some number on: what it costs, what is left out, what lives."""

    lost: int = 0  # functions and classes
    out: tuple[tuple[int, int], ...] = ()  # runs of blocks that are left out
    living: frozenset[int] = field(default_factory=frozenset)  # lines of functions and classes that are defined

    @property
    def cost(self) -> tuple[int, int]:
        return self.lost, len(self.out)


class _Budget(Exception):
    """Taking the file apart would take too long."""


class _Compiler:
    """Says of a run of lines whether it compiles by itself, or could if more came."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.left = MAX_COMPILED

    def state(self, first: int, last: int) -> str:
        """``ok``, ``more`` or ``wrong``."""
        text = "\n".join(self.lines[first:last]) + "\n"
        self.left -= len(text)
        if self.left < 0:
            raise _Budget
        try:
            compile(text, "?", "exec", _MORE_MAY_COME, dont_inherit=True)
        except SyntaxError as error:
            return "more" if "incomplete input" in str(error.msg) else "wrong"
        except (ValueError, RecursionError, MemoryError):
            return "wrong"
        return "ok"


def _salvaged(text: str, filename: str) -> Readable | None:
    """The file without its fewest broken blocks; None if there is no such thing, or more than one."""
    lines = [line.lstrip("\f") for line in text.split("\n")]
    compiler = _Compiler(lines)
    try:
        blocks = _blocks(lines, compiler)
        plans = _plans(blocks, lines, compiler)
    except _Budget:
        return None
    if len({plan.living for plan in plans}) != 1 or not plans[0].living:
        return None
    pieces: list[Piece] = []
    kept = list(lines)
    for begin, end in plans[0].out:
        first, last = blocks[begin].first, blocks[end - 1].last
        pieces.append(_piece(lines, first, last))
        kept[first:last] = [""] * (last - first)
        if pieces[-1].names:
            kept[first] = f"{' = '.join(pieces[-1].names)} = _left_out({len(pieces) - 1})"
    result = Readable("\n".join(kept), tuple(pieces))
    try:
        compile(result.text, filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return result


def _blocks(lines: list[str], compiler: _Compiler) -> list[_Block]:
    """Where statements begin in the first column (or functions too far to the left to belong to the one above)."""
    blocks: list[_Block] = []
    decorated = False  # a decorator's function is still to come
    for number, line in enumerate(lines):
        stripped = line.lstrip(" \t\f")
        if not stripped or stripped.startswith("#"):
            continue
        indent = len(line) - len(stripped)
        current = blocks[-1] if blocks else None
        header = bool(_HEADER.match(line if not indent else stripped)) or stripped.startswith("@")
        if current is None:
            begins = True
        elif indent:
            begins = header and current.header and 0 <= indent < current.indent
        else:
            begins = not (decorated and header) and not _GOES_ON.match(line)
        if begins:
            if current is not None:
                current.last = number
            blocks.append(_Block(number, len(lines), header))
        elif current is not None and current.header and current.indent < 0 and indent:
            current.indent = indent
        decorated = stripped.startswith("@") and (begins or decorated) or (decorated and not header)
    return _joined(blocks, lines, compiler)


def _joined(blocks: list[_Block], lines: list[str], compiler: _Compiler) -> list[_Block]:
    """Lines in the first column that stand in the middle of a function belong to it: what is left of it is not it."""
    found: list[_Block] = []
    for block in blocks:
        line = lines[block.first]
        inside = any(text[:1] in (" ", "\t") and text.strip() for text in lines[block.first + 1 : block.last])
        touching = block.first > 0 and bool(lines[block.first - 1].strip())
        if (
            found
            and inside
            and not block.header
            and not _COMPOUND.match(line)
            and (touching or _CONFLICT.match(line))
            and compiler.state(block.first, block.last) == "wrong"
        ):
            found[-1] = replace(found[-1], last=block.last)
        else:
            found.append(block)
    return found


def _plans(blocks: list[_Block], lines: list[str], compiler: _Compiler) -> list[_Plan]:
    """The cheapest ways to read all blocks that differ in what lives, two at most."""
    best: dict[int, list[_Plan]] = {len(blocks): [_Plan()]}
    for begin in reversed(range(len(blocks))):
        options: list[_Plan] = []
        end = begin + 1
        state = compiler.state(blocks[begin].first, blocks[begin].last)
        if state != "ok":
            names = _headers(lines, blocks[begin].first, blocks[begin].last)
            for plan in best[begin + 1]:
                run = (begin, begin + 1)
                out = plan.out
                # Lines without a function that are left out one after the other are one run.
                if out and out[0][0] == begin + 1 and not (names or _headers_of(blocks, lines, out[0])):
                    run, out = (begin, out[0][1]), out[1:]
                options.append(_Plan(plan.lost + len(names), (run, *out), plan.living))
            while state == "more" and end < len(blocks):
                end += 1
                state = compiler.state(blocks[begin].first, blocks[end - 1].last)
        if state == "ok":
            first, last = blocks[begin].first, blocks[end - 1].last
            living = _living(lines, first, last) if _headers(lines, first, last) else frozenset()
            swallowed = {number for number, _ in _headers(lines, first, last)} - living
            lost = 0 if _TEXT.match(lines[first]) else len(swallowed)
            options += [_Plan(p.lost + lost, p.out, p.living | living) for p in best[end]]
        cheapest = min(option.cost for option in options)
        distinct = {option.living: option for option in options if option.cost == cheapest}
        best[begin] = list(distinct.values())[:2]
    return best[0]


def _headers(lines: list[str], first: int, last: int) -> list[tuple[int, str]]:
    """(line, name) of functions and classes that begin in the first column, or at the run's first line."""
    found = []
    for number in range(first, last):
        match = _HEADER.match(lines[number].lstrip() if number == first else lines[number])
        if match and (number == first or lines[number][:1] not in (" ", "\t")):
            found.append((number, match[1]))
    return found


def _headers_of(blocks: list[_Block], lines: list[str], run: tuple[int, int]) -> list[tuple[int, str]]:
    return _headers(lines, blocks[run[0]].first, blocks[run[1] - 1].last)


def _living(lines: list[str], first: int, last: int) -> frozenset[int]:
    """Lines on which a run that compiles defines functions and classes, at its top level or below an ``if``."""
    tree = ast.parse("\n".join(lines[first:last]) + "\n")
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.lineno - 1 + first for node in tree.body if isinstance(node, kinds))


def _piece(lines: list[str], first: int, last: int) -> Piece:
    """What is wrong with lines that are left out."""
    while last > first + 1 and not lines[last - 1].strip():
        last -= 1
    text = "\n" * first + "\n".join(lines[first:last]) + "\n"
    kind, message, line = "SyntaxError", "invalid syntax", first + 1
    try:
        compile(text, "?", "exec", dont_inherit=True)
    except SyntaxError as error:
        kind, message = type(error).__name__, str(error.msg)
        line = min(max(error.lineno or first + 1, first + 1), last)
    except (ValueError, RecursionError, MemoryError) as error:
        message = str(error)
    names = tuple(dict.fromkeys(name for _, name in _headers(lines, first, last)))
    return Piece(first + 1, last, names, message, line, lines[line - 1].strip(), kind)


def definitions(text: str, name: str) -> list[int]:
    """Lines on which a function or class of this name is defined at the top level, if there are several."""
    pattern = rf"^(?:async[ \t]+def|def|class)[ \t]+{re.escape(name)}\b"
    if len(re.findall(pattern, text, re.MULTILINE)) < 2:
        return []
    try:
        body = ast.parse(readable(text, "?").text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.lineno for node in body if isinstance(node, kinds) and node.name == name]
