"""Correct modules of unit 2 in many styles: none of them loses a point."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading_helpers import judge_path, judge_source, sample_draws

from autograder.draws import visible_draw
from autograder.results import Outcome

UNIT = "02_bptt"
FOLDER = Path(__file__).with_name("alternatives") / UNIT
ALTERNATIVES = sorted(path for path in FOLDER.iterdir() if path.suffix == ".py" or (path / "bptt.py").is_file())

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


def test_there_are_enough_alternatives() -> None:
    """The folder holds at least eight modules (a renamed folder must not empty the tests below)."""
    assert len(ALTERNATIVES) >= 8


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
    result = judge_path(UNIT, FOLDER / "single_precision.py", exercises=["rnn_step_forward"])
    assert "float32" in " ".join(result.exercise("rnn_step_forward").remarks)


def test_a_file_with_some_of_the_functions_is_judged_by_those() -> None:
    """A lecture course's file, which lacks five functions, gets full marks for those it has."""
    source = (FOLDER / "lecture_style.py").read_text(encoding="utf-8")
    kept = _only(source, LECTURE_FUNCTIONS)
    result = judge_source(UNIT, kept)
    full = {e.id for e in result.exercises if e.points == e.max_points}
    missing = {e.id for e in result.exercises if e.outcome is Outcome.NOT_ATTEMPTED and e.points == 0}
    assert full == set(LECTURE_FUNCTIONS)
    assert missing == {e.id for e in result.exercises} - full


def test_a_module_without_its_steps_is_judged_by_the_rest() -> None:
    """Sequence functions that do not need the step functions keep their points without them."""
    source = (FOLDER / "inline_and_recomputed.py").read_text(encoding="utf-8")
    others = ["rnn_forward", "rnn_backward", "truncated_bptt"]
    result = judge_source(UNIT, _only(source, ["states", *others]), exercises=others)
    assert result.score == result.max_score


def _only(source: str, names) -> str:
    """The module's other statements and the named functions."""
    import ast

    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef) or node.name in names]
    return ast.unparse(tree)
