"""Correct modules of unit 5 in other styles: none of them loses a point."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading_helpers import judge_path, reference_source, sample_draws, the_unit

from autograder.draws import visible_draw
from autograder.mistakes import reference_path

UNIT = "05_captioning"
FOLDER = Path(__file__).with_name("alternatives") / UNIT
MODULES = [reference_path(the_unit(UNIT)), *sorted(FOLDER.glob("*.py"))]

#: All but the one that trains for a minute.
QUICK = [e.id for e in the_unit(UNIT).exercises if not e.experiment]


def test_there_are_enough_alternatives() -> None:
    """At least two modules beside the reference (a renamed folder must not empty the tests below)."""
    assert len(MODULES) >= 3


@pytest.mark.parametrize("draw", [visible_draw(), *sample_draws(3)], ids=lambda draw: draw.label)
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_correct_module_gets_full_marks(path: Path, draw) -> None:
    """Style costs nothing, on the visible draw and on hidden ones: lists, loops, float32, other calls of torch."""
    result = judge_path(UNIT, path, draw=draw, exercises=QUICK)
    lost = {e.id: e.message for e in result.exercises if e.points < e.max_points}
    assert (result.score, lost) == (result.max_score, {})


def test_judging_twice_gives_the_same_result() -> None:
    """Points, outcomes, messages and parts are the same in both runs."""

    def facts() -> list:
        found = judge_path(UNIT, FOLDER / "plain_python.py", exercises=QUICK)
        return [(e.id, e.points, e.outcome, e.message, e.parts, e.remarks) for e in found.exercises]

    assert facts() == facts()


def test_stand_ins_hold_no_line_of_the_solution() -> None:
    """What runs beside a student's module in place of a wrong function does not give the exercise away as it is."""
    from grading_helpers import solution_lines

    from autograder import drivers

    text = drivers.stand_ins(UNIT).decode() + drivers.driver(UNIT).decode()
    lines = [line for line in solution_lines(reference_source(UNIT), least=20) if not line.startswith(("if ", "with "))]
    assert len(lines) > 20
    assert [line for line in lines if line in text] == []
