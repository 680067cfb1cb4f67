"""Every known mistake of unit 3, handed in like a student's module: caught, named, and costing its own part only."""

from __future__ import annotations

import sys

import pytest
from grading_helpers import judge_source, mistake_cases, reference_source, the_unit
from mistake_facts import Rounds, are_five, are_named, is_a_ladder_without_code, is_caught

from autograder.draws import visible_draw
from autograder.mistakes import LocalStudent, Mistake, mistaken_function, mistaken_source
from autograder.results import Outcome

UNIT = "03_char_lm"

#: Exercises that share no function.
INDEPENDENT = (
    ("build_vocab",),
    ("encode",),
    ("decode",),
    ("one_hot",),
    ("word_embedding_forward", "word_embedding_backward", "char_rnn_loss"),
    ("tbptt_batches",),
    ("adagrad_step",),
    ("adam_step",),
    ("bits_per_char",),
    ("temperature_softmax", "sample"),
    ("sample_greedy",),
)

#: A forward that returns no cache, or crashes before it could: there is nothing to judge its backward by.
CANNOT_BE_JUDGED_APART = {
    ("word_embedding_forward", "no-cache"),
    ("word_embedding_forward", "columns-instead-of-rows"),
}


ROUNDS = Rounds(UNIT, INDEPENDENT)
MISTAKES = ROUNDS.mistakes
result_of = ROUNDS.result_of


def the(exercise: str, mistake_id: str) -> Mistake:
    return next(m for m in MISTAKES if (m.exercise, m.id) == (exercise, mistake_id))


def test_every_exercise_takes_part() -> None:
    """No exercise is missing from the rounds."""
    assert sorted(e.id for e in the_unit(UNIT).exercises) == sorted(name for part in INDEPENDENT for name in part)


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


# --- what each mistake costs --------------------------------------------------------------------


def parts_of(mistake: Mistake) -> dict[str, float]:
    """Points, by part, of the parts that lost some."""
    parts = result_of(mistake).exercise(mistake.exercise).parts
    return {part.name: part.points for part in parts if part.points < part.max_points}


def test_a_state_that_is_not_carried_costs_that_part_only() -> None:
    """char_rnn_loss with the wrong h_last keeps loss and gradients."""
    assert parts_of(the("char_rnn_loss", "state-not-carried")) == {"h_last": 0.0}


def test_a_wrong_embedding_gradient_costs_that_part_only() -> None:
    """Repeated characters overwritten: the other five gradients are right."""
    assert parts_of(the("char_rnn_loss", "embedding-overwritten")) == {"dWe": 0.0}


@pytest.mark.parametrize(
    ("exercise", "mistake", "part", "points"),
    [
        ("adam_step", "epsilon-inside-the-root", "next_w", 2.5),
        ("adam_step", "epsilon-missing", "next_w", 2.5),
        ("adagrad_step", "epsilon-inside-the-root", "next_w", 1.0),
        ("bits_per_char", "exp-overflows", "bits", 2.0),
        ("temperature_softmax", "one-shift-for-all", "p", 2.0),
        ("sample", "border-belongs-to-the-wrong-one", "ids", 4.0),
    ],
)
def test_what_shows_in_edge_cases_only_keeps_half(exercise: str, mistake: str, part: str, points: float) -> None:
    """Where epsilon sits, scores that overflow, a random number exactly on a border."""
    result = result_of(the(exercise, mistake)).exercise(exercise)
    assert parts_of(the(exercise, mistake)) == {part: points}
    assert result.outcome is Outcome.EDGE_CASE


def test_a_wrong_count_of_updates_costs_the_step_too() -> None:
    """t that is not kept spoils the correction from the second update on, but neither running mean."""
    assert parts_of(the("adam_step", "count-not-kept")) == {"next_w": 0.0, "t": 0.0}


def test_targets_alone_can_be_wrong() -> None:
    """Inputs keep their half of the points."""
    assert parts_of(the("tbptt_batches", "targets-are-inputs")) == {"y": 0.0}


# --- the same mistake in other code -------------------------------------------------------------


def one(exercise: str, source: str):
    """The result of a module with one function replaced, on the visible draw."""
    return judge_source(UNIT, reference_source(UNIT) + "\n\n" + source, [exercise], visible_draw()).exercise(exercise)


def test_assignment_is_the_same_mistake_as_adding_at_a_list() -> None:
    """Behaviour names a mistake, not its text: a loop that assigns keeps one occurrence as well."""
    source = """
def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            dW[x[n, t]] = dout[n, t]
    return dW
"""
    assert one("word_embedding_backward", source).mistake == "occurrences-overwritten"


def test_two_mistakes_are_named_together() -> None:
    """A state that is not carried and an embedding that is overwritten show in different parts."""
    source = reference_source(UNIT)
    for mistake in ("state-not-carried", "embedding-overwritten"):
        source = mistaken_source(the("char_rnn_loss", mistake), source)
    result = judge_source(UNIT, source, exercises=["char_rnn_loss"]).exercise("char_rnn_loss")
    assert set((result.mistake or "").split("+")) == {"state-not-carried", "embedding-overwritten"}


@pytest.mark.parametrize(
    ("exercise", "body", "words"),
    [
        ("build_vocab", "return set(text)", "a set"),
        ("build_vocab", "return None", "None"),
        ("decode", "return list(ids)", "should be one str"),
        ("encode", "return np.array([vocab.index(c) for c in text], dtype=float)", "only whole numbers"),
        ("tbptt_batches", "return 3", "a number"),
        ("tbptt_batches", "return []", "list of pairs"),
        ("adam_step", "return w", "two: next_w and config"),
        ("adam_step", "return w, None", "should be a dict"),
        ("adam_step", "return w, {}", "no 'm'"),
        ("char_rnn_loss", "return 0.0, {}, h0", "has no 'We'"),
        ("char_rnn_loss", "return 0.0, [], h0", "should be a dict"),
        ("char_rnn_loss", "return 0.0", "should return three"),
        ("word_embedding_forward", "return W[x]", "should return two"),
    ],
)
def test_a_result_of_another_kind_is_described(exercise: str, body: str, words: str) -> None:
    """Whatever comes back, somebody is told what it is and what it should be; nothing breaks."""
    result = one(exercise, f"def {exercise}({_ARGUMENTS[exercise]}):\n    {body}\n")
    said = " ".join([result.message, *(part.message for part in result.parts)])
    assert words in said
    assert result.outcome is not Outcome.PASSED


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "3",
        "()",
        "'text'",
        "[object()]",
        "np.array(['a'])",
        "np.zeros((3, 2, 0, 4))",
        "[(np.zeros((3, 4)), None)]",
        "(np.ones(3), {'m': None, 'v': 'x', 't': [object()], 'cache': object()})",
        "(1.0, {'We': object(), 'by': 'b'}, 'h')",
        "[(1, 2), (3, 4)]",
        "10**30",
    ],
)
def test_whatever_comes_back_is_judged(value: str) -> None:
    """Every function returns the same nonsense: no points, a message for each, and the grader does not break."""
    ids = [e.id for e in the_unit(UNIT).exercises]
    source = "import numpy as np\n" + "".join(f"def {name}(*args):\n    return {value}\n" for name in ids)
    result = judge_source(UNIT, source)
    assert result.score == 0
    assert [e.id for e in result.exercises if e.message] == ids


_ARGUMENTS = {
    "build_vocab": "text",
    "encode": "text, vocab",
    "decode": "ids, vocab",
    "tbptt_batches": "text, N, T",
    "adam_step": "w, dw, config=None",
    "char_rnn_loss": "params, x, y, h0",
    "word_embedding_forward": "x, W",
}


@pytest.mark.parametrize("exercise", [e.id for e in the_unit(UNIT).exercises])
def test_the_smallest_failing_case_is_found(exercise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the visible draw, a wrong function comes with Python that shows it, and that Python runs."""
    mistake = next(m for m in MISTAKES if m.exercise == exercise)
    source = mistaken_source(mistake, reference_source(UNIT))
    result = judge_source(UNIT, source, [exercise], visible_draw()).exercise(exercise)
    assert result.snippet is not None
    module = LocalStudent(
        reference_source(UNIT), "char_lm", mistaken_function(mistake, reference_source(UNIT)), the_unit(UNIT)
    ).module
    monkeypatch.setitem(sys.modules, "char_lm", module)
    called: list[str] = []
    function = getattr(module, exercise)
    monkeypatch.setattr(module, exercise, lambda *args: (called.append(exercise), function(*args))[1])
    try:
        exec(result.snippet, {"print": lambda *values: None})
    except Exception:
        assert result.outcome is Outcome.CRASHED  # that is what it shows, then
    assert called
