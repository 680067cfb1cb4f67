"""What shows no work is not looked at for long: None in every part, or an experiment that lacks its functions."""

from __future__ import annotations

import ast

import pytest
from grading_helpers import judge_source, reference_source, sample_draws

from autograder import judge as judging
from autograder.checks import test_05_captioning as captioning
from autograder.results import Outcome

RESULTS = {"lstm_step_forward": 3, "lstm_step_backward": 6, "lstm_forward": 2, "lstm_backward": 5}


def all_none(unit_id: str, results: dict[str, int]) -> str:
    """The module with some functions that return a tuple of so many None."""
    tree = ast.parse(reference_source(unit_id))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in results:
            node.body = ast.parse(f"def f():\n    return {', '.join(['None'] * results[node.name])}").body[0].body  # type: ignore[attr-defined]
    return ast.unparse(tree)


def test_functions_whose_parts_are_all_none_are_not_judged_with_stand_ins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the forward and the step are None too, one set of stand-ins shows that it is the function itself."""
    lent: list[str] = []
    real = judging.Student.replaced
    monkeypatch.setattr(judging.Student, "replaced", lambda s, chosen: (lent.append("stand-ins"), real(s, chosen))[1])
    result = judge_source("04_lstm_gru", all_none("04_lstm_gru", RESULTS), exercises=list(RESULTS))
    assert {found.outcome for found in result.exercises} == {Outcome.RETURNS_NONE}
    assert result.score == 0
    assert len(lent) <= 2  # of lstm_forward and lstm_backward; nothing for the step, which builds on nothing


def test_a_right_function_that_hands_a_none_on_keeps_its_points() -> None:
    """What returns None only because the function below does is right by itself."""
    source = reference_source("01_vanilla_rnn") + "\n\ndef unroll(x, h0, Wx, Wh, b):\n    h = x\n"
    found = judge_source("01_vanilla_rnn", source, exercises=["multilayer"]).exercises[0]
    assert found.points == found.max_points


def test_a_right_function_above_none_is_judged_with_stand_ins() -> None:
    """lstm_backward keeps its points over an lstm_step_backward that returns None."""
    source = all_none("04_lstm_gru", {"lstm_step_backward": 6})
    found = judge_source("04_lstm_gru", source, exercises=["lstm_backward"]).exercises[0]
    assert found.points == found.max_points


@pytest.mark.parametrize("source", ["x = 1\n", "def greedy(model, v, max_length):\n    return None\n"])
def test_no_picture_is_painted_where_functions_are_missing(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The captioning test looks for what it calls before it prepares anything."""
    monkeypatch.setattr(captioning, "captioning_data", lambda seed: pytest.fail("pictures are painted"))
    found = judge_source("05_captioning", source, exercises=["captioning_test"]).exercises[0]
    assert found.outcome is Outcome.NOT_ATTEMPTED
    assert found.points == 0
    assert "caption_loss" in found.message


def test_no_picture_is_painted_where_functions_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the stubs that the course hands out, wherever among the functions they are met."""
    monkeypatch.setattr(captioning, "captioning_data", lambda seed: pytest.fail("pictures are painted"))
    source = reference_source("05_captioning")
    source += "\n\ndef next_scores(model, words, state, v):\n    raise NotImplementedError('next_scores')\n"
    found = judge_source("05_captioning", source, exercises=["captioning_test"], draw=sample_draws(1)[0]).exercise(
        "captioning_test"
    )
    assert found.outcome is Outcome.NOT_ATTEMPTED
    assert "not written" in found.message
