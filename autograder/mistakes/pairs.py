"""Two known mistakes at once, where they meet in one part: what both together do on the visible draw.

Mistakes in different parts are told from each other by what each does alone. Where both act on one part, the
result is that of neither; so what every two of them do together is worked out ahead of time, as it is for single ones,
and kept in ``pairs_<id>.json``: a few figures for each part, no code and no right values. Two mistakes that cannot be
put into one function (they change the same words) have no entry, nor have those whose result others have as well.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

import numpy as np

from autograder import mistakes as known
from autograder.checking import CaseRecord, Check, load_checks, run_case
from autograder.course import Exercise, Unit
from autograder.draws import visible_draw
from autograder.gradcheck import as_array
from autograder.mistakes import Mistake

#: Digits that are kept, and how near figures have to be, relative to the length.
DIGITS = 6
NEAR = 1e-4

#: Figures of a part: its length over all cases and two projections.
Figures = tuple[float, ...]


@dataclass(frozen=True)
class Pair:
    """What two mistakes do together: figures of each part that is wrong then."""

    ids: tuple[str, ...]  # one only where another id beside it cannot be told
    figures: dict[str, Figures]


def pair_path(unit: Unit) -> Path:
    """Where a unit's pairs are kept."""
    return Path(__file__).with_name(f"pairs_{unit.id}.json")


#: A stretch of a function's text and what stands there instead.
Edit = tuple[int, int, str]


def edits(mistake: Mistake, reference: str) -> list[Edit]:
    """The words of the reference function that a mistake changes, as few of them as there are."""
    body = known.mistaken_function(Mistake("", mistake.exercise, "", "", ()), reference)
    found: list[Edit] = []
    for old, new in mistake.changes:
        start = body.index(old)
        before, after = _words(old), _words(new)
        places = [start, *itertools.accumulate((len(word) for word in before), initial=start)][1:]
        for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag != "equal":
                found.append((places[i], places[j], "".join(after[k:m])))
    return sorted(found)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|\*\*|[^\w\s]", text)


def together(first: Mistake, second: Mistake, reference: str) -> str | None:
    """The function with both mistakes in it; None if they cannot be put together."""
    if first.exercise != second.exercise:
        return None
    if first.source or second.source:
        one, other = (first, second) if first.source else (second, first)
        text = known.mistaken_function(one, reference)
        for old, new in other.changes:
            if text.count(old) != 1:
                return None
            text = text.replace(old, new)
        return text if other.changes else None
    both = sorted({*edits(first, reference), *edits(second, reference)})
    for (_, end, _), (start, _, _) in itertools.pairwise(both):
        if start < end:
            return None  # they change the same words
    starts = [start for start, _, _ in both]
    if len(set(starts)) < len(starts):
        return None
    text = known.mistaken_function(Mistake("", first.exercise, "", "", ()), reference)
    for start, end, new in reversed(both):
        text = text[:start] + new + text[end:]
    try:
        ast.parse(text)
    except SyntaxError:
        return None
    return text


def figures_of(records: Sequence[CaseRecord], part: str) -> Figures | None:
    """Length and projections of a part over all cases; None if a value is missing, not finite or of another shape."""
    found = []
    for record in records:
        seen = record.parts[part]
        got, right = as_array(seen.value), as_array(seen.right)
        if got is None or right is None or got.shape != right.shape or not np.isfinite(got).all():
            return None
        found.append(np.asarray(got, dtype=np.float64).ravel())
    return known._figures(np.concatenate(found))[:3] if found else None


def _alike(one: Figures | None, other: Figures | None) -> bool:
    if one is None or other is None:
        return False
    scale = max(one[0], other[0], 1e-9)
    return all(abs(a - b) <= NEAR * scale for a, b in zip(one, other, strict=True))


def _wrong(records: Sequence[CaseRecord]) -> dict[str, Figures | None]:
    """The wrong parts of a set of cases and their figures."""
    names = {part for record in records for part, seen in record.parts.items() if not seen.ok}
    return {part: figures_of(records, part) for part in sorted(names)}


def _records(unit: Unit, item: Exercise, check: Check, text: str) -> list[CaseRecord]:
    reference = known._reference(known.reference_path(unit))
    student = known.LocalStudent(reference, unit.module, text, unit)
    return [run_case(check, item.parts, student, case) for case in known._ordinary(check, visible_draw())]


def _of_numbers(records: Sequence[CaseRecord]) -> bool:
    """Whether what is compared are real numbers, not places or words: only there do two mistakes leave a trace of both."""
    rights = [np.asarray(seen.right) for record in records for seen in record.parts.values() if seen.right is not None]
    return bool(rights) and all(
        right.dtype.kind == "f" or (right.dtype.kind == "i" and not right.ndim) for right in rights
    )


def work_out(unit: Unit) -> dict[str, list[Pair]]:
    """Every two mistakes of each exercise, put together and run; those that can be told from all others."""
    reference = known._reference(known.reference_path(unit))
    checks = load_checks(unit)
    found: dict[str, list[Pair]] = {}
    for item in unit.exercises:
        own = [mistake for mistake in known.load_mistakes(unit) if mistake.exercise == item.id]
        check = checks[item.id]
        if item.experiment or not own:
            continue
        right = _records(unit, item, check, known.mistaken_function(Mistake("", item.id, "", "", ()), reference))
        if not _of_numbers(right):
            continue
        alone = {m.id: _wrong(_records(unit, item, check, known.mistaken_function(m, reference))) for m in own}
        pairs = []
        for first, second in itertools.combinations(own, 2):
            text = together(first, second, reference)
            if text is None or (first.source and second.source):
                continue
            wrong = _wrong(_records(unit, item, check, text))
            figures = {part: numbers for part, numbers in wrong.items() if numbers is not None}
            if len(figures) < len(wrong) or not figures or _told_by_one(figures, alone, first.id, second.id):
                continue
            pairs.append(Pair((first.id, second.id), figures))
        if pairs:
            found[item.id] = _told_apart(pairs)
    return found


def _told_by_one(
    figures: dict[str, Figures], alone: dict[str, dict[str, Figures | None]], first: str, second: str
) -> bool:
    """Whether single mistakes say as much: one that does the same, or these two in parts of their own."""

    def same(one: dict[str, Figures | None]) -> bool:
        return set(one) == set(figures) and all(_alike(one[part], figures[part]) for part in figures)

    if any(same(one) for one in alone.values()):
        return True
    return all(any(_alike(alone[name].get(p), figures[p]) for name in (first, second)) for p in figures)


def _told_apart(pairs: list[Pair]) -> list[Pair]:
    """Pairs with a result of their own; of those with one result in common, what all of them have in common."""
    left, found = list(pairs), []
    while left:
        first = left.pop(0)
        alike = [
            other
            for other in left
            if set(other.figures) == set(first.figures)
            and all(_alike(other.figures[part], first.figures[part]) for part in first.figures)
        ]
        left = [other for other in left if other not in alike]
        common = set(first.ids).intersection(*(other.ids for other in alike))
        if common:
            found.append(Pair(tuple(name for name in first.ids if name in common), first.figures))
    return found


# --- kept -------------------------------------------------------------------------------------


def pair_text(unit: Unit) -> str:
    """The pairs of a unit as JSON, one line per pair."""
    lines = []
    for exercise, pairs in sorted(work_out(unit).items()):
        for pair in pairs:
            figures = {
                part: [float(f"{number:.{DIGITS}g}") + 0.0 for number in numbers]
                for part, numbers in pair.figures.items()
            }
            lines.append("  " + json.dumps([exercise, list(pair.ids), figures], separators=(",", ":")))
    head = f'{{"unit": {json.dumps(unit.id)}, "made_from": {json.dumps(known.made_from(unit))}, "pairs": [\n'
    return head + ",\n".join(lines) + "\n]}\n"


@lru_cache(maxsize=16)
def kept_pairs(unit: Unit) -> dict[str, list[Pair]]:
    """The kept pairs of a unit by exercise; none if there are none, or if they are older than what they come from."""
    path = pair_path(unit)
    if not path.is_file():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    if known.made_from(unit) not in ("", data["made_from"]):
        return {}
    found: dict[str, list[Pair]] = {}
    for exercise, ids, figures in data["pairs"]:
        known_figures = {part: tuple(numbers) for part, numbers in figures.items()}
        found.setdefault(exercise, []).append(Pair(tuple(ids), known_figures))
    return found


#: At most so many mistakes are named together.
MOST_TOGETHER = 3


def recognise_together(
    unit: Unit, item: Exercise, check: Check, records: Sequence[CaseRecord]
) -> tuple[list[Mistake], set[str]]:
    """Several mistakes that together do what a submission does on the visible draw, and the parts that they explain.

    Part by part: each is explained by one of the mistakes, or by two of them together. A mistake need not be in every
    part in which it could be: who forgets a sum for the matrices may have thought of it for the bias. The fewest
    mistakes for the most parts are named, and of several such sets the one whose mistakes leave out the fewest parts;
    nothing if that is no single set.
    """
    if known._places(records, known._ordinary(check, visible_draw())) is None:
        return [], set()
    wrong = _wrong(records)
    own = [mistake for mistake in known.load_mistakes(unit) if mistake.exercise == item.id]
    single = {mistake.id: known.signed_parts(unit, mistake, records) for mistake in own}
    explained: dict[str, set[frozenset[str]]] = {part: set() for part in wrong}
    for name, (_, fitting) in single.items():
        for part in fitting & set(wrong):
            explained[part].add(frozenset([name]))
    for pair in kept_pairs(unit).get(item.id, []):
        for part, figures in pair.figures.items():
            if part in wrong and _alike(figures, wrong[part]):
                explained[part].add(frozenset(pair.ids))
    candidates = set().union(*explained.values()) if explained else set()
    sets = {one | other for one in candidates for other in candidates if len(one | other) <= MOST_TOGETHER}

    def parts_of(names: frozenset[str]) -> set[str]:
        return {part for part, ways in explained.items() if any(way <= names for way in ways)}

    def left_out(names: frozenset[str], parts: set[str]) -> int:
        """How often a mistake is not in a part in which it could be."""
        used = {part: set().union(*(way for way in explained[part] if way <= names)) for part in parts}
        return sum(name not in used.get(part, ()) for name in names for part in single[name][0])

    ranked = [(len(parts_of(names)), -len(names), -left_out(names, parts_of(names)), names) for names in sets]
    if not ranked:
        return [], set()
    best = max(entry[:3] for entry in ranked)
    first = [entry[3] for entry in ranked if entry[:3] == best]
    if len(first) != 1 or len(first[0]) < 2 and best[2] < 0:
        return [], set()
    return [mistake for mistake in own if mistake.id in first[0]], parts_of(first[0])
