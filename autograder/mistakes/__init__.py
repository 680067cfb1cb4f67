"""Known mistakes, recognised by what a function returns, whatever its code looks like.

A unit's mistakes live in ``unit_<id>.py`` here. Each is a small change to the reference
module; its behaviour on the visible draw is compared with the student's, whatever draw is judged.

Nothing of it is run then: ``visible_<id>.json`` holds what every mistake does there (``autograder mutants
--sign`` writes it), in a form that a student's installation can have: lengths and projections of wrong
results, no code and no right values. Only while that file is out of date, in the hands of somebody who
works on the checks, is a mistake's own code run instead.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from autograder.checking import Case, CaseRecord, Check, Observation, load_checks, run_case
from autograder.course import Exercise, Unit
from autograder.draws import Draw, visible_draw
from autograder.drivers import driver
from autograder.gradcheck import SMALLEST_SCALE, as_array, compare
from autograder.results import Outcome
from autograder.student import Answer, Caller, StudentError
from autograder.upstream import importable

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


def mistaken_function(mistake: Mistake, reference: str) -> str:
    """The wrong function as text; raises LookupError if a change does not apply."""
    if mistake.source:
        return mistake.source.strip() + "\n"
    first, last = _function_span(reference, mistake.exercise)
    body = "".join(reference.splitlines(keepends=True)[first:last])
    for old, new in mistake.changes:
        if body.count(old) != 1:
            raise LookupError(f"mistake {mistake.id!r}: {old!r} occurs {body.count(old)} times in {mistake.exercise}")
        body = body.replace(old, new)
    return body


def mistaken_source(mistake: Mistake, reference: str) -> str:
    """The reference module with the mistake in it; raises LookupError if a change does not apply."""
    first, last = _function_span(reference, mistake.exercise)
    lines = reference.splitlines(keepends=True)
    space = "\n\n" if mistake.source else ""
    return "".join(lines[:first]) + mistaken_function(mistake, reference) + space + "".join(lines[last:])


@lru_cache(maxsize=1024)
def _function_span(source: str, name: str) -> tuple[int, int]:
    """First line (from 0) of a function and the line after its last."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node.lineno - 1, node.end_lineno or node.lineno
    raise LookupError(f"the reference module has no function {name}")


@lru_cache(maxsize=4096)
def _compiled(source: str, name: str) -> CodeType:
    return compile(source, f"<{name}>", "exec")


class LocalStudent(Caller):
    """Our own code, called like a student's; used for mistakes and tests, never for a submission."""

    def __init__(self, source: str, name: str, instead: str = "", unit: Unit | None = None) -> None:
        """Run a module's text, and after it the text of functions that take the place of its own.

        A module of a unit that builds on earlier ones needs the unit, to import their functions.
        """
        self.module = ModuleType(name)
        with importable(unit) if unit is not None else nullcontext():
            for text in (source, instead):
                exec(_compiled(text, name), self.module.__dict__)
        self.driver = ModuleType("driver")
        if unit is not None and driver(unit.id):
            self.driver.__dict__["beat"] = lambda words: None
            exec(_compiled(driver(unit.id).decode(), "driver"), self.driver.__dict__)

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        """Call with fresh copies of arrays, and tell which arguments were changed in place."""
        fresh = [_copied(arg) for arg in args]
        try:
            with np.errstate(all="ignore"):
                driving = getattr(self.driver, name, None)
                value = plain(driving(self.module, *fresh)) if driving else getattr(self.module, name)(*fresh)
        except Exception as error:
            raise StudentError(name, Outcome.CRASHED, str(error), type(error).__name__) from error
        changed = [
            isinstance(a, np.ndarray) and not np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)
            for a, b in zip(args, fresh, strict=True)
        ]
        return value, changed


def plain(value: Any) -> Any:
    """What a driver returns as a worker would send it: tensors as arrays."""
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy().copy()
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def _copied(arg: Any) -> Any:
    if isinstance(arg, np.ndarray):
        return arg.copy()
    if type(arg) in (list, tuple):
        return type(arg)(_copied(item) for item in arg)
    if type(arg) is dict:
        return {key: _copied(item) for key, item in arg.items()}
    return arg


# --- what a mistake does --------------------------------------------------------------------


@dataclass(frozen=True)
class Trace:
    """What is kept of a wrong result: enough to tell it from others, too little to make it again."""

    outcome: Outcome
    kind: str = ""  # of an exception
    words: str = ""  # what Python said, or what stood in place of an array
    shape: tuple[int, ...] | None = None  # None: no array
    not_finite: str = ""  # where it is NaN or infinite, as a digest
    figures: tuple[float, ...] = ()  # length and projections of the finite entries

    @classmethod
    def of(cls, seen: Observation) -> Trace:
        if seen.outcome is Outcome.CRASHED:
            return cls(seen.outcome, seen.kind, " ".join(seen.message.split())[:200])
        array = as_array(seen.value)
        if array is None:
            return cls(seen.outcome, words=f"{seen.expected}|{seen.got}")
        values = np.asarray(array, dtype=np.float64)
        bad = ~np.isfinite(values)
        digest = hashlib.sha256(np.packbits(bad).tobytes()).hexdigest()[:8] if bad.any() else ""
        return cls(seen.outcome, shape=values.shape, not_finite=digest, figures=_figures(values[~bad]))

    def plain(self) -> list[Any]:
        """As JSON: short, the same bytes on every machine as far as seven digits are."""
        if self.shape is None:
            return [self.outcome.value, self.kind, self.words]
        rounded = [float(f"{figure:.6g}") + 0.0 for figure in self.figures]
        return [self.outcome.value, list(self.shape), self.not_finite, rounded]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> Trace:
        """The inverse of :meth:`plain`."""
        if len(plain) == 3:
            return cls(Outcome(plain[0]), plain[1], plain[2])
        return cls(Outcome(plain[0]), "", "", tuple(plain[1]), plain[2], tuple(plain[3]))


def _figures(values: Any) -> tuple[float, ...]:
    """Length and three fixed projections of a vector; those far below the length are rounding."""
    place = np.arange(1, values.size + 1)
    length = float(np.sqrt(np.sum(values * values)))
    directions = [np.cos(k + place * 0.6180339887 * (k + 1) * 3.0) for k in range(3)]
    scale = np.sqrt(max(values.size, 1))
    figures = [float(values @ direction) / scale for direction in directions]
    return (length, *(0.0 if abs(figure) < 1e-9 * length else figure for figure in figures))


#: What a mistake does in one case: the parts that it gets wrong, and how. Parts that are right are not there.
Wrong = dict[str, "Trace | Observation"]


@lru_cache(maxsize=64)
def _ordinary(check: Check, draw: Draw) -> list[Case]:
    return [case for case in check.cases(draw) if not case.neutral]


@lru_cache(maxsize=64)
def _reference(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=8192)
def _run(unit: Unit, item: Exercise, check: Check, mistake: Mistake, draw: Draw, index: int) -> Wrong:
    """What a mistake does in one case of a draw, by running it; once per process."""
    reference = _reference(reference_path(unit))
    student = LocalStudent(reference, unit.module, mistaken_function(mistake, reference), unit)
    record = run_case(check, item.parts, student, _ordinary(check, draw)[index])
    return {part: seen for part, seen in record.parts.items() if not seen.ok}


# --- the visible draw: worked out ahead of time ---------------------------------------------


def signature_path(unit: Unit) -> Path:
    """Where what every mistake of a unit does on the visible draw is kept."""
    return Path(__file__).with_name(f"visible_{unit.id}.json")


def made_from(unit: Unit) -> str:
    """A digest of everything that signatures depend on; empty where the solutions are not there to tell.

    That is the code of solutions and mistakes, and the checks: docstrings, titles and hints may change.
    """
    path = reference_path(unit)
    if not path.is_file():
        return ""
    digest = hashlib.sha256(_bare_code(_reference(path)).encode())
    digest.update(Path(str(importlib.import_module(f"autograder.checks.test_{unit.id}").__file__)).read_bytes())
    digest.update(driver(unit.id))
    for mistake in load_mistakes(unit):
        digest.update(repr((mistake.exercise, mistake.id, mistake.changes, mistake.source)).encode())
    return digest.hexdigest()[:16]


def up_to_date(unit: Unit) -> bool:
    """Whether the kept signatures are those of mistakes, solutions and checks as they are; for `release --check`."""
    paths = (signature_path(unit), signature_path(unit).with_name(f"pairs_{unit.id}.json"))
    return all(
        path.is_file() and made_from(unit) in ("", json.loads(path.read_text(encoding="utf-8"))["made_from"])
        for path in paths
    )


@lru_cache(maxsize=16)
def _bare_code(source: str) -> str:
    """A module without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def signatures(unit: Unit) -> dict[str, Any]:
    """What every mistake of a unit does on the visible draw, worked out by running it; plain data."""
    draw, checks = visible_draw(), load_checks(unit)
    found: dict[str, list[dict[str, Any]]] = {}
    for mistake in load_mistakes(unit):
        item, check = unit.exercise(mistake.exercise), checks[mistake.exercise]
        per_case = []
        for index in range(len(_ordinary(check, draw))):
            wrong = _run(unit, item, check, mistake, draw, index)
            per_case.append({p: Trace.of(seen).plain() for p, seen in wrong.items() if isinstance(seen, Observation)})
        found[f"{mistake.exercise}/{mistake.id}"] = per_case
    return {"unit": unit.id, "made_from": made_from(unit), "mistakes": found}


def signature_text(data: dict[str, Any]) -> str:
    """Signatures as JSON, one line per mistake."""
    lines = [
        f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"
        for key, value in sorted(data["mistakes"].items())
    ]
    heads = [f"{json.dumps(key)}: {json.dumps(data[key])}" for key in ("unit", "made_from")]
    return "{" + ", ".join(heads) + ', "mistakes": {\n' + ",\n".join(lines) + "\n}}\n"


@lru_cache(maxsize=16)
def _signed(unit: Unit) -> dict[str, list[Wrong]]:
    """The kept signatures of a unit; none if there are none, or if they are older than what they are made from."""
    path = signature_path(unit)
    if not path.is_file():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    if made_from(unit) not in ("", data["made_from"]):
        return {}
    return {
        key: [{part: Trace.from_plain(plain) for part, plain in case.items()} for case in cases]
        for key, cases in data["mistakes"].items()
    }


# --- matching -------------------------------------------------------------------------------


def recognise(
    unit: Unit, item: Exercise, check: Check, records: Sequence[CaseRecord], draw: Draw
) -> list[tuple[Mistake, set[str]]]:
    """The known mistakes whose behaviour a submission shows, and the parts that each explains; the fewest for the most.

    A mistake is recognised if, in every case, each part that it gets wrong is wrong in the same
    way in the submission. Several are named together if they explain different parts.
    """
    wrong = {part for record in records for part, seen in record.parts.items() if not seen.ok}
    places = _places(records, _ordinary(check, draw))
    if not wrong or places is None:
        return []
    signed = _signed(unit) if draw == visible_draw() else {}
    runnable = reference_path(unit).is_file()
    found: list[tuple[Mistake, set[str]]] = []
    traces: dict[int, Trace] = {}  # of the submission's results, by identity: every mistake is compared with them
    for mistake in load_mistakes(unit):
        if mistake.exercise != item.id:
            continue
        kept = signed.get(f"{mistake.exercise}/{mistake.id}")
        if kept is not None and len(kept) == len(_ordinary(check, draw)):
            explained = _explained(records, [kept[place] for place in places].__getitem__, traces)
        elif runnable:
            explained = _explained(
                records,
                lambda n, mistake=mistake: _run(unit, item, check, mistake, draw, places[n]),  # type: ignore[misc]
                traces,
            )
        else:
            continue
        if explained:
            found.append((mistake, explained))
    named: list[tuple[Mistake, set[str]]] = []
    left = set(wrong)
    while left:
        best = max(found, key=lambda pair: len(pair[1] & left), default=None)
        if best is None or not best[1] & left:
            break
        named.append(best)
        left -= best[1]
    return named


def signed_parts(unit: Unit, mistake: Mistake, records: Sequence[CaseRecord]) -> tuple[set[str], set[str]]:
    """The parts that a mistake gets wrong on the visible draw, and those of them that a submission gets wrong in this way.

    Nothing where there are no signatures, or older ones. Parts that crash or are None say too little to count.
    """
    kept = _signed(unit).get(f"{mistake.exercise}/{mistake.id}", [])
    wrong = {part for case in kept for part in case}
    if len(kept) != len(records):
        return wrong, set()
    traces: dict[int, Trace] = {}

    def fits(part: str) -> bool:
        for case, record in zip(kept, records, strict=True):
            theirs, ours = case.get(part), record.parts[part]
            if (theirs is None) != ours.ok:
                return False
            if theirs is not None and (as_array(ours.value) is None or not _same(ours, theirs, traces)):
                return False
        return True

    return wrong, {part for part in wrong if fits(part)}


def _places(records: Sequence[CaseRecord], cases: Sequence[Case]) -> list[int] | None:
    """Where the records' cases are among the ordinary ones of the draw; None if they are not all of them."""
    if [record.case.name for record in records] == [case.name for case in cases]:
        return list(range(len(cases)))
    return None


def _explained(records: Sequence[CaseRecord], known: Callable[[int], Wrong], traces: dict[int, Trace]) -> set[str]:
    """Parts that the mistake gets wrong, if the submission gets each of them wrong in the same way.

    Asks for a case of the mistake only while all earlier ones agree.
    """
    explained: set[str] = set()
    certain = False  # crashes of the same kind alone say little: then their words must agree too
    for number, seen in enumerate(records):
        for part, theirs in known(number).items():
            ours = seen.parts[part]
            if ours.ok or not _same(ours, theirs, traces):
                return set()
            certain = certain or theirs.outcome is not Outcome.CRASHED or _same_words(ours.message, _words(theirs))
            explained.add(part)
    if not certain:
        return set()
    for number, seen in enumerate(records):  # and right where the mistake is right
        theirs_wrong = known(number)
        if any(part not in theirs_wrong and not seen.parts[part].ok for part in explained):
            return set()
    return explained


def _same(ours: Observation, theirs: Trace | Observation, traces: dict[int, Trace]) -> bool:
    """Whether two wrong results are the same, to :data:`SAME_RTOL`."""
    if ours.outcome is Outcome.CRASHED or theirs.outcome is Outcome.CRASHED:
        return ours.outcome is theirs.outcome and ours.kind == theirs.kind
    if isinstance(theirs, Trace):
        if id(ours) not in traces:
            traces[id(ours)] = Trace.of(ours)
        return _same_trace(traces[id(ours)], theirs)
    ours_array, theirs_array = as_array(ours.value), as_array(theirs.value)
    if ours_array is None or theirs_array is None:
        return ours.outcome is theirs.outcome and ours.expected == theirs.expected and ours.got == theirs.got
    if ours_array.shape != theirs_array.shape:
        return False
    finite = ~_bad(ours_array)
    if (finite != ~_bad(theirs_array)).any():
        return False
    return compare(ours_array[finite], theirs_array[finite], SAME_RTOL).ok if finite.any() else True


def _same_trace(ours: Trace, theirs: Trace) -> bool:
    if ours.shape is None or theirs.shape is None:
        return ours.shape is theirs.shape and ours.outcome is theirs.outcome and ours.words == theirs.words
    if ours.shape != theirs.shape or ours.not_finite != theirs.not_finite:
        return False
    scale = max(ours.figures[0], theirs.figures[0], SMALLEST_SCALE)
    return all(abs(a - b) <= SAME_RTOL * scale for a, b in zip(ours.figures, theirs.figures, strict=True))


def _words(theirs: Trace | Observation) -> str:
    return theirs.words if isinstance(theirs, Trace) else theirs.message


def _same_words(ours: str, theirs: str) -> bool:
    """Whether a student's message contains what Python said to the mistake, the sizes in it included.

    No two axes of a draw are equal, so the sizes tell which product it was that did not fit.
    """
    said, known = " ".join(ours.split()), " ".join(theirs[:200].split())
    return bool(known) and known in said


def _bad(array: Any) -> Any:
    return ~np.isfinite(np.asarray(array, dtype=np.float64))
