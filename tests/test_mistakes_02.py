"""Every known mistake of unit 2, handed in like a student's module: caught, named, and costing its own part only."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading_helpers import judge_source, mistake_cases, reference_source, the_unit
from mistake_facts import Rounds, are_five, are_named, is_a_ladder_without_code, is_caught

from autograder.mistakes import Mistake
from autograder.results import Outcome

UNIT = "02_bptt"

#: Exercises that share no function.
INDEPENDENT = (
    ("rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward", "truncated_bptt"),
    ("temporal_affine_forward", "temporal_affine_backward"),
    ("numerical_gradient",),
    ("relative_error",),
    ("temporal_softmax_loss",),
    ("clip_grad_norm",),
    ("gradient_norms",),
)

#: Mistakes that take with them what nothing can be judged without: a forward that returns no cache.
CANNOT_BE_JUDGED_APART = {("rnn_step_forward", "no-cache")}


ROUNDS = Rounds(UNIT, INDEPENDENT)
MISTAKES = ROUNDS.mistakes
result_of = ROUNDS.result_of


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_a_mistake_is_caught(mistake: Mistake) -> None:
    """At least one part of the exercise loses points, and the student is told something."""
    is_caught(mistake, result_of(mistake))


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_a_mistake_costs_only_its_own_exercise(mistake: Mistake) -> None:
    """What builds on a wrong function keeps its points if it is right by itself."""
    if (mistake.exercise, mistake.id) in CANNOT_BE_JUDGED_APART:
        pytest.skip("nothing to judge the functions above it by")
    assert ROUNDS.lost_above(mistake) == {}


def test_mistakes_are_named_right() -> None:
    """At least 95 of 100 mistakes are recognised for what they are."""
    are_named(MISTAKES, result_of)


@pytest.mark.parametrize("exercise", [e.id for e in the_unit(UNIT).exercises])
def test_every_exercise_has_five_known_mistakes(exercise: str) -> None:
    """At least five, all with ids of their own."""
    are_five(MISTAKES, exercise)


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_hints_are_a_ladder_without_code(mistake: Mistake) -> None:
    """A question, a place, a principle; no line of the solution, no formula in code."""
    is_a_ladder_without_code(mistake, UNIT)


def test_one_wrong_part_costs_only_that_part() -> None:
    """Wrong db of the step: the other four gradients keep their points, and so does everything above."""
    mistake = next(m for m in MISTAKES if m.id == "bias-gradient-averaged" and m.exercise == "rnn_step_backward")
    result = result_of(mistake)
    parts = {part.name: part.points for part in result.exercise("rnn_step_backward").parts}
    assert parts == {"dx": 2.0, "dprev_h": 2.0, "dWx": 2.0, "dWh": 2.0, "db": 0.0}
    assert result.exercise("rnn_backward").points == 15
    assert result.exercise("truncated_bptt").points == 12


# --- the same in other people's layouts ---------------------------------------------------------

ALTERNATIVES = Path(__file__).with_name("alternatives") / UNIT
CHAIN = list(INDEPENDENT[0])


def broken(name: str, old: str, new: str) -> dict[str, float]:
    """Points lost, by exercise, by a correct module in another style with one change."""
    source = (ALTERNATIVES / name).read_text(encoding="utf-8")
    assert source.count(old) == 1
    result = judge_source(UNIT, source.replace(old, new), exercises=CHAIN)
    return {e.id: e.max_points - e.points for e in result.exercises if e.points < e.max_points}


def test_caches_put_together_anew_are_recognised() -> None:
    """A backward pass that makes the steps' caches itself is judged apart from a wrong step, too."""
    lost = broken("single_precision.py", "both[D:], da.sum(axis=0)", "both[D:], da.mean(axis=0)")
    assert lost == {"rnn_step_backward": 2.0}


def test_a_wrong_forward_does_not_cost_the_backward_its_points() -> None:
    """The slope that a wrong step has cached is replaced by the right one while its backward is judged."""
    lost = broken("objects_and_globals.py", "np.tanh(x.dot(Wx) + prev_h.dot(Wh)", "np.sin(x.dot(Wx) + prev_h.dot(Wh)")
    assert lost == {"rnn_step_forward": 4.0}


def test_nested_lists_in_a_cache_are_mended() -> None:
    """A cache without any numpy array in it is as good."""
    lost = broken("plain_loops.py", "math.tanh(p[n][j] + q[n][j] + b[j])", "math.sin(p[n][j] + q[n][j] + b[j])")
    assert lost == {"rnn_step_forward": 4.0}


def test_a_wrong_sequence_does_not_cost_its_backward_its_points() -> None:
    """Caches of right steps stand in for those of steps that all started from h0."""
    every_step_from_h0 = "state, cache = rnn_step_forward(x[:, t], h0,"
    lost = broken("dicts_and_pops.py", "h0, cache = rnn_step_forward(x[:, t], h0,", every_step_from_h0)
    assert lost == {"rnn_forward": 4.0}


def test_a_function_that_returns_none_shows_no_mistake() -> None:
    """Nothing but None is a stub, not a mistake with a name."""
    source = reference_source(UNIT) + "\n\ndef rnn_step_backward(dnext_h, cache):\n    return (None,) * 5\n"
    result = judge_source(UNIT, source, exercises=["rnn_step_backward"]).exercise("rnn_step_backward")
    assert (result.outcome, result.mistake) == (Outcome.RETURNS_NONE, None)


def test_scores_that_overflow_keep_half() -> None:
    """A loss that is right except for large scores is told so, and keeps its edge-case share."""
    mistake = next(m for m in MISTAKES if m.id == "exp-overflows")
    result = result_of(mistake).exercise("temporal_softmax_loss")
    assert (result.outcome, result.points) == (Outcome.EDGE_CASE, 4.0)
    assert "large scores" in result.message
