"""Wrong functions as students write them, in styles of their own, half of them with two mistakes at once: named right.

The files beside it hold them: what is handed in, and what must be said of it, all of that and nothing else.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from grading_helpers import judge_source, reference_source

from autograder.results import ExerciseResult

FOLDER = Path(__file__).with_name("field_mistakes")

#: Share of them that must be named right; none may get a wrong name.
NAMED_AT_LEAST = 0.9


def read(path: Path) -> list[dict[str, Any]]:
    """The mistakes of a file, each with its unit and the whole text that is handed in."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    unit = path.stem.removeprefix("held_out_")
    found = []
    for mistake in data["mistakes"]:
        blocks = [data["styles"][name] for name in mistake.get("with", ())]
        found.append(
            mistake | {"unit": unit, "source": reference_source(unit) + "\n\n".join(["", *blocks, mistake["code"]])}
        )
    return found


MISTAKES = [mistake for path in sorted(FOLDER.glob("*.toml")) for mistake in read(path)]
CASES = [pytest.param(mistake, id=f"{mistake['unit'][:2]}-{mistake['name']}") for mistake in MISTAKES]


@cache
def _judged(unit: str, exercise: str, source: str) -> ExerciseResult:
    return judge_source(unit, source, exercises=[exercise]).exercise(exercise)


def judged(mistake: dict[str, Any]) -> ExerciseResult:
    """What is said of it in grading; judged once."""
    return _judged(mistake["unit"], mistake["exercise"], mistake["source"])


def names(found: ExerciseResult) -> set[str]:
    return set(found.mistake.split("+")) if found.mistake else set()


@pytest.mark.parametrize("mistake", CASES)
def test_a_mistake_of_the_field_gets_no_wrong_name(mistake: dict[str, Any]) -> None:
    """It loses points, and what is said of it is so."""
    found = judged(mistake)
    assert found.points < found.max_points
    assert names(found) <= {*mistake["named"], *mistake.get("also", ())}, found.mistake_title


def test_mistakes_of_the_field_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """At least nine of ten are told all that is wrong with them."""
    unnamed = [m for m in MISTAKES if not set(m["named"]) <= names(judged(m))]
    with capsys.disabled():
        print(f"\n{len(MISTAKES) - len(unnamed)} of {len(MISTAKES)} wrong functions of the field are named right")
    assert len(unnamed) <= (1 - NAMED_AT_LEAST) * len(MISTAKES), [(m["name"], judged(m).mistake) for m in unnamed]


def test_half_of_them_are_two_mistakes_at_once() -> None:
    """There are at least sixty, and every second one is a pair."""
    assert len(MISTAKES) >= 60
    assert 2 * sum(len(mistake["named"]) > 1 for mistake in MISTAKES) >= len(MISTAKES)
