"""Correct modules of unit 3 in many styles: none of them loses a point."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading_helpers import judge_path, judge_source, sample_draws

from autograder.draws import visible_draw
from autograder.results import Outcome

UNIT = "03_char_lm"
FOLDER = Path(__file__).with_name("alternatives") / UNIT
ALTERNATIVES = sorted(path for path in FOLDER.iterdir() if path.suffix == ".py" or (path / "char_lm.py").is_file())


def test_there_are_enough_alternatives() -> None:
    """The folder holds at least six modules (a renamed folder must not empty the tests below)."""
    assert len(ALTERNATIVES) >= 6


@pytest.mark.parametrize("draw", [visible_draw(), *sample_draws(5)], ids=lambda draw: draw.label)
@pytest.mark.parametrize("path", ALTERNATIVES, ids=lambda path: path.stem)
def test_a_correct_module_gets_full_marks(path: Path, draw) -> None:
    """Style costs nothing, on the visible draw and on hidden ones."""
    result = judge_path(UNIT, path, draw=draw)
    lost = {e.id: e.message for e in result.exercises if e.points < e.max_points}
    assert (result.score, lost) == (result.max_score, {})


@pytest.mark.parametrize("path", ALTERNATIVES, ids=lambda path: path.stem)
def test_judging_twice_gives_the_same_result(path: Path) -> None:
    """Points, outcomes, messages and shapes are the same in both runs, prints and warnings or not."""

    def facts() -> list:
        return [(e.id, e.points, e.outcome, e.message, e.parts, e.remarks) for e in judge_path(UNIT, path).exercises]

    assert facts() == facts()


def test_single_precision_is_remarked_on() -> None:
    """float32 costs nothing, and is said."""
    result = judge_path(UNIT, FOLDER / "single_precision.py", exercises=["temperature_softmax"])
    assert "float32" in " ".join(result.exercise("temperature_softmax").remarks)


@pytest.mark.parametrize("exercise", ["char_rnn_loss", "adagrad_step", "adam_step"])
def test_float32_of_float32_is_not_remarked_on(exercise: str) -> None:
    """Where the inputs are float32, so is the result of right code: nothing to say about it."""
    result = judge_path(UNIT, FOLDER / "products_and_one_formula.py", exercises=[exercise])
    assert result.exercise(exercise).remarks == []


def test_a_step_in_place_is_right() -> None:
    """The lecture course's habit, config and parameter updated in place, costs nothing; it is remarked on."""
    result = judge_path(UNIT, FOLDER / "lecture_style.py", exercises=["adam_step"]).exercise("adam_step")
    assert result.points == result.max_points
    assert "changes its argument w, config in place" in " ".join(result.remarks)


def test_a_module_without_its_embedding_is_judged_by_the_rest() -> None:
    """A model that needs no word_embedding functions keeps its points without them."""
    source = (FOLDER / "products_and_one_formula.py").read_text(encoding="utf-8")
    source += "\ndel word_embedding_forward, word_embedding_backward\n"
    result = judge_source(UNIT, source, exercises=["word_embedding_forward", "char_rnn_loss"])
    assert result.exercise("word_embedding_forward").outcome is Outcome.NOT_ATTEMPTED
    assert result.exercise("char_rnn_loss").points == 14
