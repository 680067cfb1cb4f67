"""Known mistakes, recognised by what a function returns, whatever its code looks like.

A unit's mistakes live in ``unit_<id>.py`` here. Each is a small change to the reference
module; its behaviour on the draw at hand is compared with the student's.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.checking import CaseRecord, Check, run_case
from autograder.course import Exercise, Unit
from autograder.draws import Draw
from autograder.gradcheck import as_array, compare
from autograder.results import Outcome
from autograder.student import StudentError

#: Two wrong answers are the same mistake if they agree to this. Wider than a check's tolerance would
#: be pointless: different mistakes differ in the second digit or earlier.
SAME_RTOL = 1e-4


@dataclass(frozen=True)
class Mistake:
    """A known wrong version of one exercise.

    Attributes:
        id: stable, kebab-case, unique within the exercise.
        exercise: the function that is wrong.
        title: what is wrong, in a few words that do not give the answer away.
        thought: what the student probably thought.
        hints: a ladder: a question; where to look; the principle; never the code.
        changes: pairs (old, new): text of the reference module and what replaces it; each ``old``
            must occur exactly once within the function.
        source: instead of changes, the whole wrong function as text.
    """

    id: str
    exercise: str
    title: str
    thought: str
    hints: tuple[str, ...]
    changes: tuple[tuple[str, str], ...] = ()
    source: str = ""


def reference_path(unit: Unit) -> Path:
    """Where the instructor's module of a unit is, in a checkout of the course."""
    return Path(__file__).resolve().parents[2] / "solutions" / unit.id / unit.module_file


def load_mistakes(unit: Unit) -> list[Mistake]:
    """The known mistakes of a unit; none if nobody has written any."""
    name = f"autograder.mistakes.unit_{unit.id}"
    if importlib.util.find_spec(name) is None:
        return []
    mistakes: list[Mistake] = importlib.import_module(name).MISTAKES
    return mistakes


def mistaken_source(mistake: Mistake, reference: str) -> str:
    """The reference module with the mistake in it; raises LookupError if a change does not apply."""
    first, last = _function_span(reference, mistake.exercise)
    lines = reference.splitlines(keepends=True)
    body = "".join(lines[first:last])
    if mistake.source:
        body = mistake.source.strip() + "\n\n\n"
    for old, new in mistake.changes:
        if body.count(old) != 1:
            raise LookupError(f"mistake {mistake.id!r}: {old!r} occurs {body.count(old)} times in {mistake.exercise}")
        body = body.replace(old, new)
    return "".join(lines[:first]) + body + "".join(lines[last:])


def _function_span(source: str, name: str) -> tuple[int, int]:
    """First line (from 0) of a function and the line after its last."""
    import ast

    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node.lineno - 1, node.end_lineno or node.lineno
    raise LookupError(f"the reference module has no function {name}")


class LocalStudent:
    """Our own code, called like a student's; used for mistakes and tests, never for a submission."""

    def __init__(self, source: str, name: str) -> None:
        self.module = ModuleType(name)
        exec(compile(source, f"<{name}>", "exec"), self.module.__dict__)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, keep=(): self.call(name, args)

    def call(self, name: str, args: Sequence[Any], keep: Sequence[int] = ()) -> Any:
        """Call with fresh copies of arrays."""
        return self.call_and_watch(name, args, keep)[0]

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = ()) -> tuple[Any, list[bool]]:
        """Call, and tell which arguments were changed in place."""
        import numpy as np

        fresh = [_copied(arg) for arg in args]
        try:
            with np.errstate(all="ignore"):
                value = getattr(self.module, name)(*fresh)
        except Exception as error:
            raise StudentError(name, Outcome.CRASHED, str(error), type(error).__name__) from error
        changed = [
            isinstance(a, np.ndarray) and not np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)
            for a, b in zip(args, fresh, strict=True)
        ]
        return value, changed

    def reset(self) -> None:
        """Nothing is kept."""


def _copied(arg: Any) -> Any:
    import numpy as np

    if isinstance(arg, np.ndarray):
        return arg.copy()
    if type(arg) in (list, tuple):
        return type(arg)(_copied(item) for item in arg)
    if type(arg) is dict:
        return {key: _copied(item) for key, item in arg.items()}
    return arg


@lru_cache(maxsize=4096)
def _behaviour(unit: Unit, item: Exercise, check: Check, mistake: Mistake, draw: Draw) -> list[CaseRecord]:
    """What a mistake returns on a draw; worked out once per draw."""
    source = mistaken_source(mistake, reference_path(unit).read_text(encoding="utf-8"))
    student = LocalStudent(source, unit.module)
    return [run_case(check, item.parts, student, case) for case in check.cases(draw) if not case.neutral]


def recognise(unit: Unit, item: Exercise, check: Check, records: Sequence[CaseRecord], draw: Draw) -> list[Mistake]:
    """The known mistakes whose behaviour a submission shows; the fewest that explain the most.

    A mistake is recognised if, in every case, each part that it gets wrong is wrong in the same
    way in the submission. Several are named together if they explain different parts.
    """
    if not reference_path(unit).is_file():
        return []
    wrong = {part for record in records for part, seen in record.parts.items() if not seen.ok}
    found: list[tuple[Mistake, set[str]]] = []
    for mistake in load_mistakes(unit):
        if mistake.exercise != item.id:
            continue
        behaviour = _behaviour(unit, item, check, mistake, draw)
        explained = _explained(records, behaviour)
        if explained:
            found.append((mistake, explained))
    named: list[Mistake] = []
    left = set(wrong)
    while left:
        best = max(found, key=lambda pair: len(pair[1] & left), default=None)
        if best is None or not best[1] & left:
            break
        named.append(best[0])
        left -= best[1]
    return named


def _explained(records: Sequence[CaseRecord], behaviour: Sequence[CaseRecord]) -> set[str]:
    """Parts that the mistake gets wrong, if the submission gets each of them wrong in the same way."""
    if len(records) != len(behaviour):
        return set()
    explained: set[str] = set()
    certain = False  # crashes of the same kind alone say little: then their words must agree too
    for seen, known in zip(records, behaviour, strict=True):
        for part, theirs in known.parts.items():
            ours = seen.parts[part]
            if theirs.ok:
                continue
            if ours.ok or not _same(ours, theirs):
                return set()
            certain = certain or theirs.outcome is not Outcome.CRASHED or _same_words(ours.message, theirs.message)
            explained.add(part)
    if not certain:
        return set()
    for part in explained:  # and right where the mistake is right
        for seen, known in zip(records, behaviour, strict=True):
            if known.parts[part].ok and not seen.parts[part].ok:
                return set()
    return explained


def _same(ours: Any, theirs: Any) -> bool:
    if ours.outcome is Outcome.CRASHED or theirs.outcome is Outcome.CRASHED:
        return ours.outcome is theirs.outcome and ours.kind == theirs.kind
    ours_array, theirs_array = as_array(ours.value), as_array(theirs.value)
    if ours_array is None or theirs_array is None:
        return ours.outcome is theirs.outcome and ours.expected == theirs.expected and ours.got == theirs.got
    if ours_array.shape != theirs_array.shape:
        return False
    finite = ~_bad(ours_array)
    if (finite != ~_bad(theirs_array)).any():
        return False
    return compare(ours_array[finite], theirs_array[finite], SAME_RTOL).ok if finite.any() else True


def _same_words(ours: str, theirs: str) -> bool:
    """Whether a student's message contains what Python said to the mistake, sizes aside."""
    said, known = (re.sub(r"\d+", "#", " ".join(text.split())) for text in (ours, theirs[:200]))
    return bool(known) and known in said


def _bad(array: Any) -> Any:
    import numpy as np

    return ~np.isfinite(np.asarray(array, dtype=np.float64))
