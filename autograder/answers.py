"""Where a student's answers in words are: in their cells, beside them, in a second notebook, or nowhere.

An answer cell that is as it was handed out means "no answer" only if there is no text of the student's anywhere else.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Cell = dict[str, Any]
Known = Mapping[str, tuple[dict[str, Any], str]]  # a graded cell's name -> its metadata and text in the gradebook

NO_NOTEBOOK = "no-notebook"  # id of a cell in place of a notebook: our words
MOST_NAMED = 6  # places in a sentence
_FEWEST_WORDS = 3  # of a text in a code cell
_FEWEST_BESIDE_CODE = 8  # of one beside code
_MOST_CODE = 50_000  # characters of a code cell in which texts are looked for
_WITHOUT_SPACES = 0x2E80  # from here on Unicode has Chinese, Japanese, Korean
_WORD = re.compile(r"[^\W\d_]{2,}")
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|heic|webp|pdf)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A cell of a notebook in which a student wrote."""

    number: int  # as people count, from the top
    after: str  # the graded cell before it; empty if there is none

    @property
    def words(self) -> str:
        """Such as "cell 14 after q_why_tanh"."""
        return f"cell {self.number} " + (f"after {self.after}" if self.after else "at the top")


# ── which cell is which ───────────────────────────────────────────────────────────────────────────────


def graded_places(cells: Sequence[Cell], known: Known, given: Sequence[Cell]) -> tuple[dict[str, int], list[int]]:
    """Which cell of a submitted notebook is which graded cell.

    By nbgrader's metadata; where those are lost, by the cell's id and type; where ids are lost too, by a test cell's
    text, and by what stands before and after an answer.

    Args:
        cells: the notebook's.
        known: the graded cells.
        given: the cells of the released notebook.

    Returns:
        name -> place of the cell that counts: of several copies the last one in which somebody wrote, else the last.
        places of copies in which somebody wrote, but of those that count and stand where nbgrader looks for them.
    """
    copies: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        name = _name(cell)
        if name in known:
            copies.setdefault(name, []).append(place)
    taken = {place for places in copies.values() for place in places}
    for find in (_by_id, _by_text, _by_neighbours):
        for name, place in find(cells, {name: known[name] for name in known if name not in copies}, given, taken):
            copies[name] = [place]
            taken.add(place)
    found: dict[str, int] = {}
    others: list[int] = []
    for name, places in copies.items():
        written = [place for place in places if not known[name][0]["locked"] and _differs(cells[place], known[name][1])]
        found[name] = (written or places)[-1]
        others += [place for place in written if place != places[-1]]
    return found, others


Found = Iterator[tuple[str, int]]


def _by_id(cells: Sequence[Cell], known: Known, given: Sequence[Cell], taken: set[int]) -> Found:
    ids = {cell.get("id"): place for place, cell in enumerate(cells) if place not in taken}
    for name, (metadata, _) in known.items():
        released = next((cell.get("id") for cell in given if _name(cell) == name), name)
        place = next((ids[key] for key in (released, name) if key in ids), None)
        if place is not None and cells[place]["cell_type"] == metadata["cell_type"]:
            yield name, place


def _by_text(cells: Sequence[Cell], known: Known, given: Sequence[Cell], taken: set[int]) -> Found:
    texts = {text(cell): place for place, cell in enumerate(cells) if place not in taken}
    for name, (metadata, source) in known.items():
        place = texts.get(bare(source))
        if metadata["locked"] and place is not None and cells[place]["cell_type"] == metadata["cell_type"]:
            yield name, place


def _by_neighbours(cells: Sequence[Cell], known: Known, given: Sequence[Cell], taken: set[int]) -> Found:
    """The one cell between the two that an answer's cell was given between."""
    texts = [text(cell) for cell in cells]
    counts = Counter(texts)
    for before, asked, after in zip(given, given[1:], given[2:], strict=False):
        name = _name(asked)
        if name not in known or known[name][0]["locked"] or counts[text(before)] != 1 or counts[text(after)] != 1:
            continue
        first, last = texts.index(text(before)), texts.index(text(after))
        if last == first + 2 and first + 1 not in taken and cells[first + 1]["cell_type"] == asked["cell_type"]:
            yield name, first + 1


# ── what a student wrote elsewhere ────────────────────────────────────────────────────────────────────


def places_written(
    cells: Sequence[Cell], found: Mapping[str, int], others: Sequence[int], known: Known, given: Sequence[Cell]
) -> list[Place]:
    """Cells outside the answer cells in which a student wrote words, or put a picture.

    Changed experiments are what the notebook asks for: of code, only comments, strings and prose count, and pictures
    that are shown from a file.

    Args:
        cells: the submitted notebook's, before anything is put into it or taken out.
        found, others: from :func:`graded_places`.
        known: the graded cells.
        given: the cells of the released notebook; without them nothing can be said.
    """
    if not given:
        return []
    ours = {text(cell) for cell in given} | {bare(source) for _, source in known.values()}
    said = _said(tuple(cell["source"] for cell in given if cell["cell_type"] == "code"))
    graded = {place: name for name, place in found.items()}
    places, last = [], ""
    for place, cell in enumerate(cells):
        name = graded.get(place)
        if place in others:
            places.append(Place(place + 1, last))
        elif name is not None:
            last = name
            untouched = not _differs(cell, known[name][1])
            if known[name][0]["locked"] or not (untouched and cell.get("attachments")):
                continue
            places.append(Place(place + 1, last))
        elif text(cell) not in ours and cell.get("id") != NO_NOTEBOOK and _written(cell, said):
            places.append(Place(place + 1, last))
    return places


@lru_cache(maxsize=8)
def _said(code: tuple[str, ...]) -> Set[str]:
    """What code cells that students were given say, in comments and strings."""
    lines = {bare(words) for source in code for _, words in _comments(source)}
    return lines | {words for source in code for words in _prose(source)}


def _written(cell: Cell, said: Set[str]) -> bool:
    source = cell["source"]
    if cell["cell_type"] != "code":
        return bool(source.strip()) or bool(cell.get("attachments"))
    shown = re.search(r"Image|imread|open\(", source) and _PICTURE.search(source)
    return bool(shown) or bool(_prose(source, said) - said)


def _prose(source: str, ours: Set[str] = frozenset()) -> set[str]:
    """Sentences in a code cell: comments and strings that stand by themselves; all lines if it is no code.

    Beside code they have to be long: experiments have comments, and helpers have docstrings.

    Args:
        source: the cell's text.
        ours: lines of comments that students were given.
    """
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!", "?"))]
    code = "\n".join(lines)
    if len(code) > _MOST_CODE:
        return set()
    tree = _parsed(code)
    if tree is None:
        return {bare(line) for line in lines if _is_sentence(line.lstrip("# "), _FEWEST_WORDS)}
    strings = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    fewest = _FEWEST_WORDS if len(strings) == len(tree.body) else _FEWEST_BESIDE_CODE
    comments: list[str] = []
    last = -2
    for number, words in _comments(code):
        if bare(words) in ours:
            continue
        if number == last + 1:  # lines that follow each other are one text
            comments[-1] += f"\n{words}"
        else:
            comments.append(words)
        last = number
    return {bare(words) for words in strings + comments if _is_sentence(words, fewest)}


def _comments(code: str) -> list[tuple[int, str]]:
    """The lines with a comment: number and words."""
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                found.append((token.start[0], token.string.lstrip("# ")))
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _is_sentence(words: str, fewest: int) -> bool:
    """Whether somebody would say it, rather than run it; some languages put no spaces between their words."""
    signs = sum(ord(character) >= _WITHOUT_SPACES for character in words)
    if signs >= 2 * fewest:
        return True
    return len(_WORD.findall(words)) >= fewest and _parsed(words.strip()) is None


def _parsed(code: str) -> ast.Module | None:
    """Python's tree of a text; None if it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what students' strings hold
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def text(cell: Cell) -> str:
    """A cell's text without what tools change in it."""
    return bare(cell["source"])


@lru_cache(maxsize=4000)
def bare(words: str) -> str:
    """Words without the spaces and line breaks between them."""
    return re.sub(r"\s+", "", words)


def _differs(cell: Cell, source: str) -> bool:
    return text(cell) != bare(source)


def _name(cell: Cell) -> str:
    about = cell["metadata"].get("nbgrader", {})
    return str(about.get("grade_id", "")) if isinstance(about, dict) else ""


def in_words(places: Sequence[Place]) -> str:
    """A sentence without its full stop; empty if there are no places."""
    if not places:
        return ""
    named = ", ".join(place.words for place in places[:MOST_NAMED])
    more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    return f"answers stand outside their cells: {named}{more}"
