"""Correct modules of unit 2 in part, and what is remarked on; whole ones are in test_alternatives.py."""

from __future__ import annotations

from alternative_helpers import called, text_of, with_functions
from grading_helpers import judge_path, judge_source

from autograder.results import Outcome

UNIT = "02_bptt"

#: What a solution of the lecture course that the names come from defines.
LECTURE_FUNCTIONS = (
    "rnn_step_forward",
    "rnn_step_backward",
    "rnn_forward",
    "rnn_backward",
    "temporal_affine_forward",
    "temporal_affine_backward",
    "temporal_softmax_loss",
)


def test_single_precision_is_remarked_on() -> None:
    """float32 costs nothing, and is said."""
    result = judge_path(UNIT, called(UNIT, "single_precision"), exercises=["rnn_step_forward"])
    assert "float32" in " ".join(result.exercise("rnn_step_forward").remarks)


def test_a_file_with_some_of_the_functions_is_judged_by_those() -> None:
    """A lecture course's file, which lacks five functions, gets full marks for those it has."""
    source = text_of(UNIT, called(UNIT, "lecture_style"))
    result = judge_source(UNIT, with_functions(source, LECTURE_FUNCTIONS.__contains__))
    full = {e.id for e in result.exercises if e.points == e.max_points}
    missing = {e.id for e in result.exercises if e.outcome is Outcome.NOT_ATTEMPTED and e.points == 0}
    assert full == set(LECTURE_FUNCTIONS)
    assert missing == {e.id for e in result.exercises} - full


def test_a_module_without_its_steps_is_judged_by_the_rest() -> None:
    """Sequence functions that do not need the step functions keep their points without them."""
    source = text_of(UNIT, called(UNIT, "inline_and_recomputed"))
    others = ["rnn_forward", "rnn_backward", "truncated_bptt"]
    kept = with_functions(source, ["states", *others].__contains__)
    result = judge_source(UNIT, kept, exercises=others)
    assert result.score == result.max_score
