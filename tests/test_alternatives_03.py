"""What is remarked on in correct modules of unit 3, and one in part; whole ones are in test_alternatives.py."""

from __future__ import annotations

import pytest
from alternative_helpers import called, text_of
from grading_helpers import judge_path, judge_source, reference_source

from autograder.results import Outcome

UNIT = "03_char_lm"


def test_single_precision_is_remarked_on() -> None:
    """float32 costs nothing, and is said."""
    result = judge_path(UNIT, called(UNIT, "dora"), exercises=["temperature_softmax"])
    assert "float32" in " ".join(result.exercise("temperature_softmax").remarks)


@pytest.mark.parametrize("exercise", ["char_rnn_loss", "adagrad_step", "adam_step"])
def test_float32_of_float32_is_not_remarked_on(exercise: str) -> None:
    """Where the inputs are float32, so is the result of right code: nothing to say about it."""
    result = judge_path(UNIT, called(UNIT, "emil"), exercises=[exercise])
    assert result.exercise(exercise).remarks == []


def test_a_step_in_place_is_right() -> None:
    """The lecture course's habit, config and parameter updated in place, costs nothing; it is remarked on."""
    result = judge_path(UNIT, called(UNIT, "lecture_style"), exercises=["adam_step"]).exercise("adam_step")
    assert result.points == result.max_points
    assert "changes its argument w, config in place" in " ".join(result.remarks)


def test_a_module_without_its_embedding_is_judged_by_the_rest() -> None:
    """A model that needs no word_embedding functions keeps its points without them."""
    source = text_of(UNIT, called(UNIT, "emil"))
    source += "\ndel word_embedding_forward, word_embedding_backward\n"
    result = judge_source(UNIT, source, exercises=["word_embedding_forward", "char_rnn_loss"])
    assert result.exercise("word_embedding_forward").outcome is Outcome.NOT_ATTEMPTED
    assert result.exercise("char_rnn_loss").points == 14


def test_a_text_that_changes_from_call_to_call_is_told() -> None:
    """Chance that does not come in through uniforms: nobody could find out from wrong values that it is that."""
    source = reference_source(UNIT)
    right = 'int(np.searchsorted(np.cumsum(p), u, side="right"))'
    assert source.count(right) == 1
    source = source.replace(right, "int(np.random.default_rng().choice(len(p), p=p))")
    found = judge_source(UNIT, source, exercises=["sample"]).exercise("sample")
    assert found.points == 0 and "two calls with the same arguments" in found.message
