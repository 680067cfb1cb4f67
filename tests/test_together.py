"""Calls that are made together come to what calls one by one come to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from grading_helpers import judge_source, reference_source, sample_draws, student_of, the_unit

from autograder.checking import Case, CaseRecord, Expect, exercise, load_checks, run_case, run_together
from autograder.mistakes import load_mistakes, mistaken_source
from autograder.student import KEPT, Call, Student, Tabulated

UNITS = ("01_vanilla_rnn", "02_bptt", "03_char_lm", "04_lstm_gru", "05_captioning")
CALLED_AGAIN = {"sample"}  # where something is wrong, to see whether it is so twice: then judged one by one anyway
FORGETFUL = """
import numpy as np
kept = None
def forward(x):
    global kept
    kept = x.copy()
    return 2.0 * x, "my cache"
def backward(dout, cache):
    assert cache == "my cache"
    return dout * kept
"""


def said(records: list[CaseRecord]) -> list[object]:
    """All that judging goes by."""
    return [
        [(r.given_ok, r.given_message), *((name, p.outcome, p.message, p.got, p.kind) for name, p in r.parts.items())]
        for r in records
    ]


def both_ways(unit_id: str, source: str, exercise_id: str) -> tuple[list[object] | None, list[object]]:
    """What an exercise's cases say, together and one by one."""
    unit = the_unit(unit_id)
    item, check = unit.exercise(exercise_id), load_checks(unit)[exercise_id]
    cases = check.cases(sample_draws(1)[0])
    with student_of(unit_id, source) as student:
        together = run_together(check, item.parts, student, cases)
        one_by_one = [run_case(check, item.parts, student, case) for case in cases]
    return (None if together is None else said(together)), said(one_by_one)


@pytest.mark.parametrize("unit_id", UNITS)
def test_every_exercise_is_judged_together_or_says_that_it_is_not(unit_id: str) -> None:
    """No check quietly falls back to one call after the other."""
    unit, source = the_unit(unit_id), reference_source(unit_id)
    checks = load_checks(unit)
    apart = {item.id for item in unit.exercises if item.experiment}
    with student_of(unit_id, source) as student:
        for item in unit.exercises:
            cases = checks[item.id].cases(sample_draws(1)[0])
            if item.id not in apart and run_together(checks[item.id], item.parts, student, cases) is None:
                apart.add(item.id)
    assert apart == {item.id for item in unit.exercises if not checks[item.id].together}


@pytest.mark.parametrize("unit_id", UNITS)
def test_a_wrong_function_is_judged_the_same(unit_id: str) -> None:
    """For one known mistake of each exercise: outcomes, messages and what a crash is called."""
    unit, source = the_unit(unit_id), reference_source(unit_id)
    for item in unit.exercises:
        mistakes = [m for m in load_mistakes(unit) if m.exercise == item.id]
        if item.experiment or not load_checks(unit)[item.id].together or not mistakes:
            continue
        together, one_by_one = both_ways(unit_id, mistaken_source(mistakes[0], source), item.id)
        assert together == one_by_one or (together is None and item.id in CALLED_AGAIN), item.id


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("raises", "raise ValueError('too cold')"),
        ("has a stub below", "raise NotImplementedError"),
        ("returns nothing", "return None"),
        ("returns one thing", "return x"),
        ("returns three things", "return x, x, x"),
    ],
)
def test_a_forward_that_does_not_work(what: str, line: str) -> None:
    """A backward function whose forward {what} is told the same."""
    source = f"{reference_source('02_bptt')}\ndef rnn_step_forward(x, prev_h, Wx, Wh, b):\n    {line}\n"
    together, one_by_one = both_ways("02_bptt", source, "rnn_step_backward")
    assert together == one_by_one != []


def test_functions_that_talk_through_a_global_keep_their_order() -> None:
    """The forward of the second case runs after the backward of the first, not before it."""
    x = [np.full((2, 2), float(n)) for n in (1, 2, 3)]
    groups = [[Call("forward", [a], [1]), Call("backward", [np.ones((2, 2)), KEPT])] for a in x]
    with student_of("02_bptt", FORGETFUL) as student:
        answers = student.call_together(groups)
    assert answers is not None
    assert [np.array_equal(group[1][0], a) for group, a in zip(answers, x, strict=True)] == [True] * 3


def test_what_a_group_kept_is_gone_after_it() -> None:
    """No case gets at a cache of another one."""
    x = np.ones((2, 2))
    groups = [[Call("forward", [x], [1])], [Call("backward", [x, KEPT])]]
    with student_of("02_bptt", FORGETFUL) as student:
        answers = student.call_together(groups)
    assert answers is not None
    assert "no function" in str(answers[1][0])  # as for any cache that is gone


def test_a_group_ends_with_its_first_error() -> None:
    """What builds on a call that failed is not called, the next group is."""
    source = "import numpy as np\ndef f(x):\n    return 1.0 / int(x)\n"
    with student_of("02_bptt", source) as student:
        answers = student.call_together([[Call("f", [0.0]), Call("f", [1.0])], [Call("f", [2.0])]])
    assert answers is not None
    assert len(answers[0]) == 1
    assert "ZeroDivisionError" in str(answers[0][0])
    assert answers[1] == [(0.5, [False])]


@pytest.mark.parametrize("line", ["os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_process_that_ends_in_one_case_costs_only_that(line: str) -> None:
    """A function that ends its process for a batch of one is judged one by one: right, except there."""
    source = f"import os\n{reference_source('01_vanilla_rnn')}\nright = rnn_cell\n" + (
        f"def rnn_cell(x, prev_h, Wx, Wh, b):\n    if len(x) == 1:\n        {line}\n"
        "    return right(x, prev_h, Wx, Wh, b)\n"
    )
    result = judge_source("01_vanilla_rnn", source, ["rnn_cell"]).exercise("rnn_cell")
    assert result.outcome.value == "edge_case"
    assert "ended" in result.message


def test_a_slow_function_has_its_full_time() -> None:
    """Four calls of 0.4 s each share a limit of 1 s when made together: each is then given its own 4 s."""
    source = f"import time\n{reference_source('01_vanilla_rnn')}\nright = rnn_cell\n" + (
        "def rnn_cell(x, prev_h, Wx, Wh, b):\n    end = time.process_time() + 0.4\n"
        "    while time.process_time() < end:\n        pass\n    return right(x, prev_h, Wx, Wh, b)\n"
    )
    assert judge_source("01_vanilla_rnn", source, ["rnn_cell"]).exercise("rnn_cell").outcome.value == "passed"


def test_an_answer_that_is_too_long_spoils_only_its_own_case() -> None:
    """Lists of 40,000 numbers in all are more than one message may hold: then each comes by itself."""
    source = "def f(n):\n    return [0.5] * n\n"
    with student_of("02_bptt", source) as student:
        assert student.call_together([[Call("f", [9_000])] for _ in range(8)]) is None
        assert [len(student.call("f", [9_000])) for _ in range(8)] == [9_000] * 8


def test_arguments_changed_in_place_are_noted() -> None:
    """The remark on them does not depend on how calls are made."""
    source = "def f(x):\n    x += 1.0\n    return x\n"
    with student_of("02_bptt", source) as student:
        answers = student.call_together([[Call("f", [np.zeros(3)])], [Call("f", [np.zeros(2)])]])
        assert answers is not None
        assert [changed for group in answers for _, changed in group] == [[True], [True]]
        assert student.changed == {"f": {0}}


def test_a_check_that_calls_again_is_run_one_by_one() -> None:
    """Nothing is judged by half where the second call hangs on the first one's result."""

    @exercise("twice", cases=lambda draw: [])
    def check(student: object, case: Case, expect: Expect) -> None:
        first = student.f(1.0)  # type: ignore[attr-defined]
        expect.part("value", student.f(first), 4.0)  # type: ignore[attr-defined]

    with student_of("02_bptt", "def f(x):\n    return 2.0 * x\n") as student:
        found = check.unrolled_check  # type: ignore[attr-defined]
        cases = [Case("a", {}), Case("b", {})]
        assert run_together(found, ["value"], student, cases) is None
        assert all(run_case(found, ["value"], student, case).parts["value"].ok for case in cases)


# --- functions with results that are known ahead ----------------------------------------------


def asked(source: str, x: np.ndarray) -> tuple[Any, int]:
    """What a student's ``use(f, x)`` returns, and how often f came back to the judge."""
    count = 0

    def f(value: np.ndarray) -> float:
        nonlocal count
        count += 1
        return float(np.sum(value**3))

    points = [x + step * np.eye(len(x))[i] for i in range(len(x)) for step in (0.5, -0.5)]
    told = Tabulated(f, points)
    with student_of("02_bptt", source) as student:
        value = student.call("use", [told, x])
    return value, count - len(points)  # those were made to be sent along


LOOP = """
import numpy as np
def use(f, x):
    found = []
    for i in range(len(x)):
        old = x[i]
        x[i] = old + 0.5
        above = f(x)
        x[i] = old - 0.5
        found.append(above - f(x))
        x[i] = old
    return np.array(found)
"""


def test_known_results_need_no_question() -> None:
    """A loop that moves one entry and puts it back finds all results sent along."""
    x = np.array([0.3, -1.2, 2.0])
    value, questions = asked(LOOP, x)
    wanted = [(e + 0.5) ** 3 - (e - 0.5) ** 3 for e in x]
    assert np.allclose(value, wanted, rtol=1e-12)
    assert questions == 0


def test_other_points_are_asked_for() -> None:
    """Whoever calls f elsewhere gets what f is there."""
    x = np.array([0.3, -1.2, 2.0])
    value, questions = asked("def use(f, x):\n    return [f(x), f(x + 1.0)]\n", x)
    assert np.allclose(value, [np.sum(x**3), np.sum((x + 1.0) ** 3)], rtol=1e-12)
    assert questions == 2


def test_other_types_are_asked_for() -> None:
    """float32 has other bits: it is not taken for a known point."""
    x = np.array([0.3, -1.2, 2.0])
    source = "import numpy as np\ndef use(f, x):\n    x[0] += 0.5\n    return f(x.astype(np.float32))\n"
    value, questions = asked(source, x)
    assert abs(float(value) - np.sum(np.array([0.8, -1.2, 2.0]) ** 3)) < 1e-5
    assert questions == 1


def test_a_known_result_is_the_students_to_change() -> None:
    """An array that f returns may be written into; the next call returns it as it was."""
    x = np.array([1.0, 2.0])
    told = Tabulated(lambda value: 10.0 * value, [x])
    source = "def use(f, x):\n    first = f(x)\n    first[:] = 0.0\n    return f(x)\n"
    with student_of("02_bptt", source) as student:
        assert np.array_equal(student.call("use", [told, x]), [10.0, 20.0])


# --- a process that answers something else -----------------------------------------------------


@pytest.mark.parametrize(
    "replies",
    [
        [],
        [[["result", 1.0, 0]]],
        [None, None],
        [[["result", 1.0, 0]], []],
        [[["result", 1.0, 0]], [["result", 1.0]]],
        [[["result", 1.0, 0]], [["result", 1.0, [False]]]],
        [[["result", 1.0, 0]], [["result", 1.0, 2]]],
        [[["result", 1.0, 0]], [["result", 1.0, -1]]],
        [[["result", 1.0, 0]], [["result", 1.0, False]]],
        [[["result", 1.0, 0]], [["error", "text"]]],
        [[["result", 1.0, 0]], [["ask", 1.0, 0]]],
        [[["result", 1.0, 0]], [[7, 1.0, 0]]],
        [[["result", 1.0, 0]], {"0": ["result", 1.0, [False]]}],
    ],
)
def test_an_answer_of_another_form_counts_as_none(replies: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few groups, too few calls, other words, other marks: nothing is judged by it, and the process is ended."""
    with student_of("02_bptt", "def f(x):\n    return 1.0\n") as student:
        student.start()
        with monkeypatch.context() as patched:
            patched.setattr(Student, "_exchange", lambda *args, **kwargs: replies)
            assert student.call_together([[Call("f", [0.0])], [Call("f", [1.0])]]) is None
        assert student._worker is None
        assert student.call("f", [2.0]) == 1.0


def test_more_than_was_asked_for_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer to one call is nobody's."""
    with student_of("02_bptt", "def f(x):\n    return 1.0\n") as student:
        student.start()
        replies = [[["result", 1.0, 0], ["result", 2.0, 0]]]
        monkeypatch.setattr(Student, "_exchange", lambda *args, **kwargs: replies)
        assert student.call_together([[Call("f", [0.0])]]) == [[(1.0, [False])]]
