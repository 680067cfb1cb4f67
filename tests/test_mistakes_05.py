"""Every known mistake of unit 5, handed in like a student's module: caught, named, and costing its own part only."""

from __future__ import annotations

from functools import cache

import pytest
from grading_helpers import judge_source, mistake_cases, reference_source, the_unit
from mistake_facts import are_five, are_named, is_a_ladder_without_code, is_caught

from autograder.mistakes import Mistake, load_mistakes, mistaken_source
from autograder.results import SubmissionResult

UNIT = "05_captioning"
MISTAKES = load_mistakes(the_unit(UNIT))


def above(mistake: Mistake) -> list[str]:
    """The exercises that build on the one with the mistake, but for the one that trains."""
    return [e.id for e in the_unit(UNIT).exercises if mistake.exercise in e.builds_on and not e.experiment]


@cache
def result_of(mistake: Mistake) -> SubmissionResult:
    """The result of one mistake's own exercise; of those above it, too, for the first of each exercise."""
    first = next(m for m in MISTAKES if m.exercise == mistake.exercise)
    wanted = {mistake.exercise, *(above(mistake) if mistake is first else [])}
    source = mistaken_source(mistake, reference_source(UNIT))
    return judge_source(UNIT, source, exercises=[e.id for e in the_unit(UNIT).exercises if e.id in wanted])


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_a_mistake_is_caught(mistake: Mistake) -> None:
    """At least one part of the exercise loses points, and the student is told something."""
    is_caught(mistake, result_of(mistake))


@pytest.mark.parametrize("exercise", [e.id for e in the_unit(UNIT).exercises if not e.experiment])
def test_a_mistake_costs_only_its_own_exercise(exercise: str) -> None:
    """What builds on a wrong function keeps its points if it is right by itself."""
    mistake = next(m for m in MISTAKES if m.exercise == exercise)
    results = [result_of(mistake).exercise(name) for name in above(mistake)]
    assert {r.id: r.message for r in results if r.points < r.max_points} == {}


def test_mistakes_are_named_right() -> None:
    """At least 95 of 100 mistakes are recognised for what they are."""
    are_named(MISTAKES, result_of)


@pytest.mark.parametrize("name", ["no-update", "cleared-too-late", "update-before-backward"])
def test_weights_that_stay_are_told_why(name: str) -> None:
    """Three ways to leave the weights where they are, each with its own name alone."""
    (mistake,) = (m for m in MISTAKES if m.id == name)
    found = result_of(mistake).exercise("training_step")
    assert found.mistake == name and "The weights stay as they are" in found.message


@pytest.mark.parametrize("exercise", [e.id for e in the_unit(UNIT).exercises if not e.experiment])
def test_every_exercise_has_five_known_mistakes(exercise: str) -> None:
    """At least five, all with ids of their own."""
    are_five(MISTAKES, exercise)


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_hints_are_a_ladder_without_code(mistake: Mistake) -> None:
    """A question, a place, a principle; no line of the solution, no formula in code."""
    is_a_ladder_without_code(mistake, UNIT)
