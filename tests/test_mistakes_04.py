"""Every known mistake of unit 4, handed in like a student's module: caught, named, and costing its own part only."""

from __future__ import annotations

import pytest
from grading_helpers import judge_source, mistake_cases, reference_source, the_unit
from mistake_facts import Rounds, are_five, are_named, is_a_ladder_without_code, is_caught

from autograder.draws import visible_draw
from autograder.mistakes import Mistake, mistaken_source
from autograder.results import Outcome

UNIT = "04_lstm_gru"

#: Exercises that share no function.
INDEPENDENT = (
    ("lstm_step_forward", "lstm_step_backward", "lstm_forward", "lstm_backward"),
    ("gru_step_forward", "gru_step_backward", "gru_forward", "gru_backward"),
    ("coupled_step_forward", "coupled_step_backward"),
    ("init_lstm",),
    ("to_torch_lstm",),
    ("gru_step_reset_after",),
)

#: Mistakes that take with them what nothing can be judged without: a forward that leaves no cache, because it returns
#: none or because it stops before.
CANNOT_BE_JUDGED_APART = {
    ("lstm_step_forward", "no-cache"),
    ("lstm_step_forward", "gates-sliced-from-the-batch"),
    ("gru_step_forward", "no-cache"),
    ("gru_step_forward", "gates-sliced-from-the-batch"),
}


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


# --- what is said -----------------------------------------------------------------------------------


def visible(exercise: str, mistake_id: str):
    """A mistake judged on the visible draw, as `check` shows it."""
    mistake = next(m for m in MISTAKES if (m.exercise, m.id) == (exercise, mistake_id))
    source = mistaken_source(mistake, reference_source(UNIT))
    return judge_source(UNIT, source, exercises=[exercise], draw=visible_draw()).exercise(exercise)


def test_a_snippet_names_both_states() -> None:
    """Two results and a cache are three names, none of them twice."""
    found = visible("lstm_step_backward", "cell-gradient-ignored")
    assert found.smallest == "N=1, D=1, H=1"
    assert "result1, result2, cache = lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)" in found.snippet


def test_a_sigmoid_that_overflows_keeps_half() -> None:
    """A step that is right except for large inputs is told so, and keeps its edge-case share."""
    found = visible("lstm_step_forward", "exp-overflows")
    assert (found.outcome, found.points) == (Outcome.EDGE_CASE, 3.0)
    assert "large inputs" in found.message


def test_a_warning_costs_nothing() -> None:
    """The sigmoid as it stands in books overflows with a warning, and is right."""
    source = reference_source(UNIT)
    old = "return 0.5 * (1 + np.tanh(0.5 * a))"
    assert source.count(old) == 1
    steps = ["lstm_step_forward", "gru_step_forward", "gru_step_reset_after", "coupled_step_forward"]
    result = judge_source(UNIT, source.replace(old, "return 1 / (1 + np.exp(-a))"), exercises=steps)
    assert result.score == result.max_score


def test_one_gate_costs_what_depends_on_it() -> None:
    """A slope missing on one gate: dprev_c does not go through it and keeps its points."""
    mistake = next(m for m in MISTAKES if m.id == "forget-gate-slope-missing")
    parts = {part.name: part.points for part in result_of(mistake).exercise("lstm_step_backward").parts}
    assert parts == {"dx": 0.0, "dprev_h": 0.0, "dprev_c": 2.5, "dWx": 0.0, "dWh": 0.0, "db": 0.0}


@pytest.mark.parametrize(
    ("summed", "named"),
    [
        ("dWx, dWh, db = dWx + dWx_t, dWh_t, db + db_t", "general:overwritten"),
        ("dWx, dWh, db = dWx + (t > 0) * dWx_t, dWh + dWh_t, db + db_t", "general:step-missing"),
    ],
)
def test_detectors_know_the_steps_of_a_gated_cell(summed: str, named: str) -> None:
    """What each step contributes is worked out for gated cells, too: one array overwritten, the first step left out."""
    source = reference_source(UNIT)
    body = source[source.index("def lstm_backward") : source.index("def init_lstm")]
    old = "dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t"
    assert body.count(old) == 1
    result = judge_source(UNIT, source.replace(body, body.replace(old, summed)), exercises=["lstm_backward"])
    assert named in (result.exercise("lstm_backward").mistake or "")
