"""Unit 1: every known mistake is caught, named, and costs nobody but its own function."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from grading_helpers import (
    is_named,
    judge_source,
    judged_mistake,
    mistake_cases,
    reference_source,
    sample_draws,
    solution_lines,
    the_unit,
)

from autograder.judge import GENERAL
from autograder.mistakes import Mistake, load_mistakes, mistaken_source
from autograder.results import Outcome

UNIT = "01_vanilla_rnn"
MISTAKES = load_mistakes(the_unit(UNIT))
NAMED_AT_LEAST = 0.95  # of the known mistakes, on a draw that their authors have not seen


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_a_known_mistake_is_caught(mistake: Mistake) -> None:
    """Handed in, it does not get the points of its function, and something is said about it."""
    found = judged_mistake(UNIT, mistake).exercise(mistake.exercise)
    assert found.points < found.max_points
    assert found.message


def test_known_mistakes_are_named() -> None:
    """At least 95 % of them are recognised for what they are."""
    missed = [f"{m.exercise}/{m.id}" for m in MISTAKES if not is_named(m, judged_mistake(UNIT, m))]
    share = 1 - len(missed) / len(MISTAKES)
    print(f"named right: {len(MISTAKES) - len(missed)} of {len(MISTAKES)} = {share:.1%}")
    assert share >= NAMED_AT_LEAST, missed


def test_nothing_else_is_named_beside_a_mistake() -> None:
    """One mistake is called one mistake: no second name is given to it."""
    named = {f"{m.exercise}/{m.id}": judged_mistake(UNIT, m).exercise(m.exercise).mistake for m in MISTAKES}
    assert {key: name for key, name in named.items() if name and name != key.split("/")[1]} == {}


@pytest.mark.parametrize("exercise", [e.id for e in the_unit(UNIT).exercises])
def test_an_axis_lost_at_length_one_keeps_half_the_points(exercise: str) -> None:
    """A function that is right except at N = 1 or T = 1 gets half, and is told that it is an edge case."""
    lost = [m for m in MISTAKES if m.exercise == exercise and m.id == "axis-lost"]
    found = [judged_mistake(UNIT, m).exercise(exercise) for m in lost]
    assert all(f.outcome is Outcome.EDGE_CASE and f.points == f.max_points / 2 for f in found)
    assert lost or exercise not in ("rnn_cell", "stacked_cell", "readout", "unroll", "rows_as_steps")


#: Functions that others build on: a wrong one of each kind, and how else one can be useless.
FOUNDATIONS = {
    "rnn_cell/sigmoid-for-tanh": "",
    "rnn_cell/weights-exchanged": "",
    "readout/squashed": "",
    "unroll/steps-before-sequences": "",
    "unroll/only-the-last-state": "",
    "one_to_many/state-not-carried": "",
    "rnn_cell/not written": "def rnn_cell(x, prev_h, Wx, Wh, b):\n    raise NotImplementedError('rnn_cell')\n",
    "unroll/returns nothing": "def unroll(x, h0, Wx, Wh, b):\n    h = x\n",
}


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_one_bug_costs_once(name: str) -> None:
    """The functions that build on a wrong one get full marks, and say what they were judged with."""
    exercise, _, mistake_id = name.partition("/")
    if FOUNDATIONS[name]:
        mistake = Mistake(mistake_id, exercise, "", "", (), source=FOUNDATIONS[name])
    else:
        mistake = next(m for m in MISTAKES if (m.exercise, m.id) == (exercise, mistake_id))
    result = judge_source(UNIT, mistaken_source(mistake, reference_source(UNIT)))
    assert [e.id for e in result.exercises if e.outcome is not Outcome.PASSED] == [exercise]
    built_on_it = [e.id for e in the_unit(UNIT).exercises if exercise in e.builds_on]
    assert all(f"a correct {exercise}" in result.exercise(e).message for e in built_on_it)


#: The same mistakes in code that shares no line with ours.
OTHER_CODE = {
    "rnn_cell/bias-forgotten": """
def rnn_cell(x, prev_h, Wx, Wh, b):
    from math import tanh
    rows = []
    for u, v in zip(x, prev_h):
        columns = zip(Wx.T, Wh.T)
        rows.append([tanh(sum(p * q for p, q in zip(u, c)) + sum(p * q for p, q in zip(v, d))) for c, d in columns])
    return rows
""",
    "rnn_cell/sigmoid-for-tanh": """
import numpy as np
def rnn_cell(x, prev_h, Wx, Wh, b):
    a = np.einsum("ni,ij->nj", np.hstack([x, prev_h]).astype(np.float32), np.vstack([Wx, Wh])) + b
    return (np.tanh(a / 2) + 1) / 2
""",
    "stacked_cell/input-first": """
import numpy as np
def stacked_cell(x, prev_h, W, b):
    D = x.shape[1]
    return np.tanh(x.dot(W[:D]) + prev_h.dot(W[D:]) + b)
""",
    "stacked_cell/stacked-below": """
import numpy as np
def stacked_cell(x, prev_h, W, b):
    both = np.vstack((prev_h, x))
    return np.tanh(np.dot(both, W) + b)
""",
    "unroll/state-not-carried": """
import numpy as np
def unroll(x, h0, Wx, Wh, b):
    return np.tanh(x @ Wx + (h0 @ Wh)[:, None] + b)
""",
    "unroll/start-ignored": """
import numpy as np
def unroll(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], len(b)))
    for t in range(x.shape[1]):
        h[:, t] = np.tanh(x[:, t] @ Wx + h[:, t - 1] @ Wh + b)
    return h
""",
    "unroll/steps-before-sequences": """
import numpy as np
def unroll(x, h0, Wx, Wh, b):
    h = []
    for t in range(x.shape[1]):
        h0 = np.tanh(x[:, t] @ Wx + h0 @ Wh + b)
        h.append(h0)
    return h
""",
    "many_to_one/mean-of-states": """
import numpy as np
def many_to_one(x, h0, Wx, Wh, b, Why, by):
    ys = []
    for t in range(x.shape[1]):
        h0 = np.tanh(x[:, t] @ Wx + h0 @ Wh + b)
        ys.append(h0 @ Why + by)
    return sum(ys) / len(ys)
""",
    "one_to_many/output-not-fed-back": """
import numpy as np
def one_to_many(x0, h0, Wx, Wh, b, Why, by, T):
    ys = [h0]
    while len(ys) <= T:
        ys.append(np.tanh(x0 @ Wx + ys[-1] @ Wh + b))
    return np.stack(ys[1:], 1) @ Why + by
""",
    "multilayer/one-start-for-all": """
import numpy as np
def multilayer(x, h0, layers):
    for Wx, Wh, b in layers:
        state, out = h0[0], []
        for t in range(x.shape[1]):
            state = np.tanh(x[:, t] @ Wx + state @ Wh + b)
            out.append(state)
        x = np.stack(out, 1)
    return x
""",
    "rows_as_steps/columns-for-rows": """
import numpy as np
def rows_as_steps(images):
    return np.transpose(images, (2, 0, 1))
""",
    "count_parameters/biases-forgotten": "def count_parameters(D, H, C, T):\n    return (D + H + C) * H\n",
    "parity_weights/echo": """
def parity_weights():
    return [[1, 0, 0]], [[0] * 3] * 3, [0, 0, 0], [[1], [0], [0]], [0]
""",
    "parity_weights/latch": """
def parity_weights():
    return [[90.0]], [[100.0]], [0.0], [[0.8]], [0.2]
""",
    "parity_weights/fades": """
import numpy as np
def parity_weights():
    k = 2.3
    return k * np.ones((1, 2)), k * np.outer([1, -1], [0.5, 0.5]), -k * np.array([0.5, 1.5]), [[0.5], [-0.5]], [0.0]
""",
}


@pytest.mark.parametrize("name", OTHER_CODE)
def test_a_mistake_is_named_whatever_the_code_looks_like(name: str) -> None:
    """Loops, lists, float32 or one big product: it is what a function returns that gives the mistake its name."""
    exercise, _, mistake_id = name.partition("/")
    found = judge_source(UNIT, OTHER_CODE[name], exercises=[exercise], draw=sample_draws(2)[1]).exercise(exercise)
    assert found.mistake == mistake_id


@pytest.mark.parametrize(
    "body",
    ["raise ValueError('no')", "raise TypeError('no')", "return 2 * args[0]", "return None", "return []"],
)
def test_what_nobody_has_foreseen_gets_no_name(body: str) -> None:
    """A crash or a result that is no known mistake's is not given a known mistake's name."""
    source = "".join(f"def {e.id}(*args):\n    {body}\n" for e in the_unit(UNIT).exercises)
    result = judge_source(UNIT, source)
    assert result.score == 0
    said = [name for e in result.exercises for name in (e.mistake or "").split("+") if name]
    assert [name for name in said if not name.startswith(GENERAL)] == []


def test_every_exercise_has_five_known_mistakes() -> None:
    """There are at least five for each function of the unit, and none for a function that does not exist."""
    count = Counter(m.exercise for m in MISTAKES)
    assert set(count) == {e.id for e in the_unit(UNIT).exercises}
    assert min(count.values()) >= 5


def test_ids_are_unique_and_stable_to_write() -> None:
    """Within an exercise an id occurs once; ids are in kebab-case."""
    assert [key for key, n in Counter((m.exercise, m.id) for m in MISTAKES).items() if n > 1] == []
    assert [m.id for m in MISTAKES if not re.fullmatch(r"[a-z]+(-[a-z]+)*", m.id)] == []


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_a_mistake_changes_its_function_only(mistake: Mistake) -> None:
    """The changes apply to the reference, what comes out is Python, and no other function is touched."""
    reference = reference_source(UNIT)
    changed = mistaken_source(mistake, reference)
    compile(changed, mistake.id, "exec")
    pieces, others = (re.split(r"^def ", text, flags=re.M) for text in (reference, changed))
    differing = [a.partition("(")[0] for a, b in zip(pieces, others, strict=True) if a.strip() != b.strip()]
    assert differing == [mistake.exercise]


@pytest.mark.parametrize("mistake", mistake_cases(UNIT))
def test_hints_lead_and_do_not_tell(mistake: Mistake) -> None:
    """Three rungs, the first a question; none of them, nor the title, holds code or a line of the solution."""
    assert mistake.title and mistake.thought
    assert len(mistake.hints) == 3
    assert mistake.hints[0].count("?") >= 1
    lines = solution_lines(reference_source(UNIT))
    for text in (mistake.title, *mistake.hints):
        assert not re.search(r"np\.|@|`|\breturn\b.*\(|\w\(\w+, \w+\)|=", text), text
        assert [line for line in lines if line in text] == []
