"""Correct modules in many styles: none of them loses a point, in any unit in numpy (unit 5 has a file of its own)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alternative_helpers import points_lost
from grading_helpers import judge_path, sample_draws, the_unit

from autograder.draws import Draw, visible_draw
from autograder.mutants import alternatives, style

#: How many modules there are at least: a renamed folder must not empty the tests below.
LEAST = {"01_vanilla_rnn": 7, "02_bptt": 11, "03_char_lm": 6, "04_lstm_gru": 7}

WHOLE = [
    pytest.param(unit_id, path, id=f"{unit_id}-{style(path)}")
    for unit_id in LEAST
    for path in alternatives(the_unit(unit_id))
]


@pytest.mark.parametrize("unit_id", LEAST)
def test_there_are_enough_alternatives(unit_id: str) -> None:
    """Each unit's folder holds at least as many modules as it once did."""
    assert len(alternatives(the_unit(unit_id))) >= LEAST[unit_id]


@pytest.mark.parametrize("draw", [visible_draw(), *sample_draws(5)], ids=lambda draw: draw.label)
@pytest.mark.parametrize(("unit_id", "path"), WHOLE)
def test_a_correct_module_gets_full_marks(unit_id: str, path: Path, draw: Draw) -> None:
    """Style costs nothing, on the visible draw and on hidden ones."""
    result = judge_path(unit_id, path, draw=draw)
    said = [(exercise.id, exercise.message) for exercise in result.exercises if exercise.id in points_lost(result)]
    assert (result.score, said) == (result.max_score, []), result.message


@pytest.mark.parametrize(("unit_id", "path"), WHOLE)
def test_judging_twice_gives_the_same_result(unit_id: str, path: Path) -> None:
    """Points, outcomes, messages and shapes are the same in both runs, prints and warnings or not."""

    def facts() -> list[tuple[Any, ...]]:
        found = judge_path(unit_id, path).exercises
        return [(e.id, e.points, e.outcome, e.message, e.parts, e.remarks) for e in found]

    assert facts() == facts()
