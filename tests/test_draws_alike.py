"""Luck of the draw: what a mistake, a habit or an unusual right version brings is the same on every draw."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pytest
from grading_helpers import judge_path, judge_source, reference_source, the_unit
from thread_workers import workers_in_threads

from autograder import judge
from autograder.checking import load_checks
from autograder.draws import Draw, hidden_draw, visible_draw
from autograder.mistakes import Mistake, load_mistakes, mistaken_source
from autograder.mutants import alternatives
from autograder.results import SubmissionResult

UNITS = ("01_vanilla_rnn", "02_bptt", "03_char_lm", "04_lstm_gru", "05_captioning")
NUMPY_UNITS = UNITS[:-1]  # torch's take minutes
HABITS = Path(__file__).with_name("habits")

#: How many hidden draws, besides the visible one: always, and where there is time.
FEW, MANY = 3, 12

Points = dict[str, float]


@dataclass(frozen=True)
class Habit:
    """A change of the reference that people like to make, and what it must bring."""

    exercise: str
    name: str
    source: str
    points: Points


def draws(unit_id: str, count: int) -> list[Draw]:
    """The visible draw, and hidden ones of as many courses."""
    return [visible_draw(), *(hidden_draw(unit_id, "anybody", b"salt %d" % number) for number in range(count))]


@lru_cache(maxsize=8)
def habits(unit_id: str) -> list[Habit]:
    """Those in the unit's file; none if it has no file."""
    path = HABITS / f"{unit_id}.toml"
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["habit"] if path.is_file() else []
    reference = reference_source(unit_id)
    found = []
    for entry in entries:
        where = entry.get("where", entry["exercise"])
        change = Mistake(entry["name"], where, "", "", (), ((entry["old"], entry["new"].removeprefix("\n")),))
        wanted = {entry["exercise"]: entry["points"], **entry.get("also", {})}
        found.append(Habit(entry["exercise"], entry["name"], mistaken_source(change, reference), wanted))
    return found


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Judged by threads, cases made once for each draw, and nobody is told what is off: only points count here."""
    monkeypatch.setattr(judge._Bench, "name_what_is_off", lambda *arguments: None)
    for unit_id in UNITS:
        for check in load_checks(the_unit(unit_id)).values():
            made = lru_cache(maxsize=None)(check.cases)
            monkeypatch.setitem(check.__dict__, "cases", made)
    with workers_in_threads():
        yield


def points(result: SubmissionResult) -> Points:
    """What each exercise brought."""
    return {exercise.id: exercise.points for exercise in result.exercises}


def concerned(unit_id: str, exercise: str) -> list[str]:
    """An exercise and those that build on it, experiments aside: these take minutes and have one draw each."""
    items = [item for item in the_unit(unit_id).exercises if not item.experiment]
    return [item.id for item in items if exercise in (item.id, *item.builds_on, item.forward)]


def on_each_draw(
    unit_id: str, count: int, subjects: dict[str, Callable[[Draw], SubmissionResult]]
) -> dict[str, list[Points]]:
    """Points by subject, one entry per draw."""
    found: dict[str, list[Points]] = {name: [] for name in subjects}
    for draw in draws(unit_id, count):
        for name, judged in subjects.items():
            found[name].append(points(judged(draw)))
    return found


def that_differ(found: dict[str, list[Points]]) -> dict[str, Any]:
    """Subjects that bring other points on one draw than on another."""
    return {name: brought for name, brought in found.items() if any(other != brought[0] for other in brought)}


def of_text(unit_id: str, source: str, exercises: Sequence[str]) -> Callable[[Draw], SubmissionResult]:
    return lambda draw: judge_source(unit_id, source, exercises, draw)


def check_habits(unit_id: str, count: int) -> None:
    """Each brings what its entry says, on every draw."""
    subjects = {f"{h.exercise}: {h.name}": of_text(unit_id, h.source, list(h.points)) for h in habits(unit_id)}
    wanted = {f"{h.exercise}: {h.name}": h.points for h in habits(unit_id)}
    found = on_each_draw(unit_id, count, subjects)
    assert {name: brought for name, brought in found.items() if any(one != wanted[name] for one in brought)} == {}


def check_mistakes(unit_id: str, count: int, every: int = 1) -> None:
    """Each brings the same on every draw, in its exercise and in those that build on it."""
    reference = reference_source(unit_id)
    subjects = {
        f"{m.exercise}/{m.id}": of_text(unit_id, mistaken_source(m, reference), concerned(unit_id, m.exercise))
        for m in load_mistakes(the_unit(unit_id))[::every]
    }
    assert that_differ(on_each_draw(unit_id, count, subjects)) == {}


@pytest.mark.parametrize("unit_id", [unit_id for unit_id in NUMPY_UNITS if (HABITS / f"{unit_id}.toml").is_file()])
def test_a_habit_brings_its_points_on_some_draws(unit_id: str) -> None:
    """Clipped probabilities, bounded gates, a generator made twice: a habit shows on every draw or on none."""
    check_habits(unit_id, FEW)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("unit_id", [unit_id for unit_id in UNITS if (HABITS / f"{unit_id}.toml").is_file()])
def test_a_habit_brings_its_points_on_every_draw(unit_id: str) -> None:
    """The same on many more draws, and for torch."""
    check_habits(unit_id, MANY)


@pytest.mark.parametrize("unit_id", NUMPY_UNITS)
def test_some_mistakes_bring_the_same_on_some_draws(unit_id: str) -> None:
    """Each sixth known mistake, on the visible draw and some hidden ones."""
    check_mistakes(unit_id, FEW, every=6)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("unit_id", UNITS)
def test_a_mistake_brings_the_same_on_every_draw(unit_id: str) -> None:
    """All known mistakes, on many draws."""
    check_mistakes(unit_id, MANY)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("unit_id", UNITS)
def test_a_right_version_brings_everything_on_every_draw(unit_id: str) -> None:
    """The reference and all correct modules, on many draws."""
    unit = the_unit(unit_id)
    exercises = [item.id for item in unit.exercises if not item.experiment]
    subjects = {path.name: partial(_judged, unit_id, path, exercises) for path in alternatives(unit)}
    subjects["reference"] = of_text(unit_id, reference_source(unit_id), exercises)
    assert that_differ(on_each_draw(unit_id, MANY, subjects)) == {}


def _judged(unit_id: str, path: Path, exercises: Sequence[str], draw: Draw) -> SubmissionResult:
    return judge_path(unit_id, path, exercises, draw)
