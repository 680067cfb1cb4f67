"""Pairs of modules that are suspiciously alike, for a person to look at.

The comparing is copydetect's: tokens without names and comments, fingerprints of every run of :data:`RUN` characters of
them (Schleimer, Wilkerson and Aiken, "Winnowing", SIGMOD 2003). What is done here is to leave out what proves nothing:
the stub that everybody started from, and whatever several people wrote alike, because short functions have few natural
forms. What is left are passages that two have and hardly anybody else has. That is a reason to look, never a proof.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from autograder import folders
from autograder.course import Unit
from autograder.errors import UsageError
from autograder.submission import read_submission

RUN = 30  # characters of tokens (a name is one) that a passage must have in common: some two lines
MOST_PEOPLE = 3  # a passage that more people than this have is how one writes it
LEAST_SHARED = 60  # characters of tokens: what is shorter happens by chance
WHOLE = 0.8  # of everything: who share this much are a pair, although others have it too (a text that went round)
REFERENCE = "solutions/"  # stands among the names for the instructor's module


@dataclass(frozen=True)
class Passage:
    """Where something alike begins and ends in a text."""

    start: int
    end: int


@dataclass
class Pair:
    """Two modules and what they have in common that few others have."""

    first: str
    second: str
    shared: int  # characters of tokens
    share: float  # of what is left of a text without what several people have; the larger of the two shares
    overall: float  # of the whole text, the stub left out; the larger of the two shares
    passages: tuple[list[Passage], list[Passage]] = field(default_factory=lambda: ([], []))

    @property
    def rank(self) -> float:
        """What pairs are ranked by: the share of what is rare or, if nearly everything is alike, of everything."""
        return max(self.share, self.overall if self.overall >= WHOLE else 0.0)


@dataclass
class Similarity:
    """What comparing a class brought."""

    unit: Unit
    students: list[str]
    pairs: list[Pair]  # most in common first
    with_reference: list[Pair]  # the same with the instructor's module, whose name is REFERENCE
    compared: int  # how many pairs of students there are
    texts: dict[str, str] = field(default_factory=dict)
    shares: list[float] = field(default_factory=list)  # the rank of all pairs of students, 0 where nothing is shared
    left_out: list[str] = field(default_factory=list)  # who could not be compared, and why


def compare_class(unit: Unit, root: Path, students: Sequence[str] | None = None, most: int = 20) -> Similarity:
    """Compare what was handed in for a unit: each module with each other and with the instructor's.

    Args:
        unit: the unit.
        root: the course's folder.
        students: compare only these with each other; None for all in ``submitted/``.
        most: how many pairs to return at most, of each kind.

    Raises:
        UsageError: fewer than two have handed in something that can be compared, or the unit is not released.
    """
    from autograder.gradebook import submitted_students

    names = list(students) if students else submitted_students(unit, root)
    texts: dict[str, str] = {}
    left_out = []
    for name in names:
        try:
            texts[name] = module_text(unit, root / folders.SUBMITTED / name / unit.id)
        except UsageError as error:
            left_out.append(f"{name}: {error}")
    reference = root / folders.SOURCES / unit.id / unit.module_file
    solution = reference.read_text(encoding="utf-8") if reference.is_file() else None
    released = root / folders.RELEASED / unit.id / unit.module_file
    if not released.is_file():
        raise UsageError(f"{released} is not there: run 'autograder release {unit.id}', so that the stub is known.")
    found = compare(unit, texts, released.read_text(encoding="utf-8"), solution, most)
    found.left_out = left_out
    return found


def module_text(unit: Unit, folder: Path) -> str:
    """A submission's own Python as one text: the module, then what it imports from beside itself.

    Raises:
        UsageError: there is no module.
    """
    submission = read_submission(unit, folder)
    if submission.main is None:
        raise UsageError(submission.problem)
    order = sorted(submission.files, key=lambda name: (name != submission.main, name))
    parts = []
    for name in order:
        own = submission.files[name].decode("utf-8", "replace").replace("\r\n", "\n")
        parts.append(own if name == submission.main else f"\n# ── {name} ──\n{own}")
    return "\n".join(parts)


def compare(unit: Unit, texts: Mapping[str, str], stub: str, reference: str | None, most: int = 20) -> Similarity:
    """Compare texts that are in memory; see :func:`compare_class`.

    Raises:
        UsageError: there are fewer than two.
    """
    if len(texts) < 2:
        raise UsageError(f"To compare, at least two must have handed in {unit.id}.")
    given = set(_fingerprint(stub).hashes)
    prints = {name: _without(_fingerprint(text), given) for name, text in sorted(texts.items())}
    owners: dict[int, list[str]] = {}
    for name, one in prints.items():
        for value in one.hashes:
            owners.setdefault(value, []).append(name)
    common = {value for value, names in owners.items() if len(names) > MOST_PEOPLE}
    if reference is not None:
        taught = _without(_fingerprint(reference), given)
        not_taught = {name: _without(one, common | taught.hashes) for name, one in prints.items()}
        own_of_reference = _without(taught, common)
    else:
        not_taught = {name: _without(one, common) for name, one in prints.items()}
    students = list(prints)
    counts: dict[tuple[str, str], int] = {}
    for value, names in owners.items():
        if value not in common and (reference is None or value not in taught.hashes):
            for pair in combinations(names, 2):
                counts[pair] = counts.get(pair, 0) + 1
    for first, second in combinations(students, 2):
        smaller = min(len(prints[first].hashes), len(prints[second].hashes))
        if len(prints[first].hashes & prints[second].hashes) > 0.5 * smaller > 0:
            counts.setdefault((first, second), 0)
    made = (_pair(first, second, not_taught, prints) for first, second in sorted(counts))
    pairs = [pair for pair in made if pair.shared >= LEAST_SHARED or pair.rank >= WHOLE]
    shares = [pair.rank for pair in pairs]
    compared = len(students) * (len(students) - 1) // 2
    with_reference = []
    if reference is not None:
        rare = {name: _without(one, common) for name, one in prints.items()} | {REFERENCE: own_of_reference}
        everything = {**prints, REFERENCE: taught}
        made = (_pair(name, REFERENCE, rare, everything) for name in students)
        with_reference = [pair for pair in made if pair.shared >= LEAST_SHARED or pair.rank >= WHOLE]
    ranked = sorted(pairs, key=lambda pair: (-pair.rank, -pair.shared, pair.first, pair.second))
    ranked_reference = sorted(with_reference, key=lambda pair: (-pair.rank, -pair.shared, pair.first))
    shown = dict(texts) | ({REFERENCE: reference} if reference is not None else {})
    return Similarity(
        unit,
        students,
        ranked[:most],
        ranked_reference[:most],
        compared,
        shown,
        sorted(shares + [0.0] * (compared - len(shares))),
    )


def _fingerprint(text: str) -> Any:
    """copydetect's fingerprints of a text: every run, not a sample, so that the same texts give the same answer."""
    from copydetect import CodeFingerprint

    return CodeFingerprint("module.py", RUN, 1, fp=io.StringIO(text))


def _without(one: Any, values: set[int]) -> Any:
    """The same fingerprints less some of them.

    copydetect's own way of leaving out boilerplate takes it that no run comes twice in a text, which is not so.
    """
    import copy

    from copydetect.utils import get_token_coverage

    other = copy.copy(one)
    other.hashes = one.hashes - values
    other.hash_idx = {value: places for value, places in one.hash_idx.items() if value not in values}
    other.token_coverage = get_token_coverage(other.hash_idx, other.k, len(other.filtered_code))
    return other


def _pair(first: str, second: str, rare: Mapping[str, Any], everything: Mapping[str, Any]) -> Pair:
    from copydetect import compare_files

    shared, of_rare, rare_places = compare_files(rare[first], rare[second])
    _, of_all, all_places = compare_files(everything[first], everything[second])
    share, overall = (min(1.0, max(map(float, both))) for both in (of_rare, of_all))
    left, right = rare_places if share >= overall or overall < WHOLE else all_places
    return Pair(first, second, int(shared), share, overall, (_passages(left), _passages(right)))


def _passages(slices: Any) -> list[Passage]:
    """copydetect's two rows of starts and ends, which may touch each other, in order."""
    found: list[Passage] = []
    for start, end in sorted(zip(*slices, strict=True)) if len(slices) else ():
        if found and int(start) <= found[-1].end:
            found[-1] = Passage(found[-1].start, max(found[-1].end, int(end)))
        else:
            found.append(Passage(int(start), int(end)))
    return found
