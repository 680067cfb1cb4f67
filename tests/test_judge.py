"""Judging one submission: points, outcomes, words, and that one bug costs once."""

from __future__ import annotations

import ast
import contextlib
import sys

import pytest
from grading_helpers import judge_source

from autograder.course import load_course
from autograder.draws import Draw
from autograder.errors import InfrastructureError
from autograder.judge import _parameters
from autograder.mistakes import reference_path
from autograder.results import Outcome, SubmissionResult

UNIT = load_course().unit("02_bptt")
REFERENCE = reference_path(UNIT).read_text(encoding="utf-8")


def changed(*changes, exercises=None):
    source = REFERENCE
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return judge_source(UNIT.id, source, exercises=exercises)


def lost(result):
    """Exercise → parts that are not full points."""
    return {
        e.id: [p.name for p in e.parts if p.points < p.max_points] for e in result.exercises if e.points < e.max_points
    }


def test_the_reference_gets_full_marks_and_torch_is_not_imported():
    """Is the reference right on a hidden draw, and torch left out of a numpy unit?"""
    result = judge_source(UNIT.id, REFERENCE)
    assert result.score == result.max_score == 80
    assert not result.message and not any(e.message for e in result.exercises)


def test_the_same_submission_gets_the_same_result():
    """Are two judgements of one file on one draw equal, but for the time they took?"""

    def without_times(result):
        data = result.to_json()
        data["seconds"] = 0
        for item in data["exercises"]:
            item["seconds"] = 0
        return data

    source = REFERENCE.replace("db = da.sum(axis=0)", "db = da.sum()")
    assert without_times(judge_source(UNIT.id, source)) == without_times(judge_source(UNIT.id, source))


def test_a_result_survives_json():
    """Is a result read back from its JSON the same?"""
    result = changed(("db = da.sum(axis=0)", "db = da.sum()"))
    assert SubmissionResult.from_json(result.to_json()) == result


def test_a_wrong_shape_costs_its_part_only():
    """Does db of shape (1, H) cost db of the step, and nothing of what builds on it?"""
    result = changed(("db = da.sum(axis=0)", "db = da.sum(axis=0, keepdims=True)"))
    assert lost(result) == {"rnn_step_backward": ["db"]}
    part = result.exercise("rnn_step_backward").parts[-1]
    assert part.outcome is Outcome.WRONG_SHAPE and part.got.startswith("(1, ") and part.points == 0


def test_a_squeeze_costs_half_of_the_forward_step():
    """Is a function that fails only at N=1 told so, and does it keep half?"""
    old = "next_h = np.tanh(x @ Wx + prev_h @ Wh + b)"
    result = changed((old, "next_h = np.squeeze(np.tanh(x @ Wx + prev_h @ Wh + b))"))
    step = result.exercise("rnn_step_forward")
    assert step.outcome is Outcome.EDGE_CASE and step.points == 2
    assert set(lost(result)) <= {"rnn_step_forward"}


def test_a_wrong_step_does_not_cost_the_sequence():
    """Does a wrong backward step leave rnn_backward and truncated_bptt their points, and do they say so?"""
    result = changed(("(1 - next_h**2)", "(1 - dnext_h**2)"))
    assert set(lost(result)) == {"rnn_step_backward"}
    assert "in place of yours" in result.exercise("rnn_backward").message


def test_a_wrong_forward_step_does_not_cost_its_backward():
    """Is the backward of a forward that forgets b judged where b = 0?"""
    result = changed(("np.tanh(x @ Wx + prev_h @ Wh + b)", "np.tanh(x @ Wx + prev_h @ Wh)"))
    assert set(lost(result)) == {"rnn_step_forward"}


def test_an_ignored_h0_costs_the_forward_only():
    """Is rnn_backward judged where h0 = 0 if rnn_forward ignores h0?"""
    result = changed(("    prev_h = h0\n", "    prev_h = np.zeros_like(h0)\n"))
    assert set(lost(result)) == {"rnn_forward"}


def test_a_backward_is_not_excused_by_a_wrong_forward():
    """Does a wrong backward stay wrong when its forward is wrong too?"""
    result = changed(
        ("    prev_h = h0\n", "    prev_h = np.zeros_like(h0)\n"),
        ("dnext_h = dh[:, t] + dprev_h", "dnext_h = dh[:, t]"),
    )
    assert "rnn_backward" in lost(result) and "rnn_forward" in lost(result)


def test_a_sequence_that_does_not_use_the_step_gets_no_credit_for_it():
    """Is an inlined wrong loop judged as it is, whatever stands in for the step?"""
    result = changed(
        ("db = da.sum(axis=0)", "db = da.sum()"),
        ("rnn_step_backward(dnext_h, cache[t])", "(lambda d, c: rnn_step_backward(d * 2, c))(dnext_h, cache[t])"),
    )
    assert "rnn_backward" in lost(result)


def test_not_written_functions_are_not_attempted():
    """Are stubs, missing functions and functions that return None told apart?"""
    source = REFERENCE.replace("def clip_grad_norm(", "def something_else(")
    source = source.replace("    N, T, H = dh.shape\n", "    raise NotImplementedError('rnn_backward')\n", 1)
    source = source.replace("    x, w = cache\n", "    return None\n", 1)
    result = judge_source(UNIT.id, source)
    outcomes = {e.id: e.outcome for e in result.exercises}
    assert outcomes["clip_grad_norm"] is Outcome.NOT_ATTEMPTED
    assert outcomes["rnn_backward"] is Outcome.NOT_ATTEMPTED
    assert outcomes["temporal_affine_backward"] is Outcome.RETURNS_NONE
    assert outcomes["truncated_bptt"] is Outcome.PASSED  # by itself


@pytest.mark.parametrize(
    ("statement", "outcome", "says"),
    [
        ("while True: pass", Outcome.TIMED_OUT, "never ends"),
        ("import os; os._exit(3)", Outcome.CRASHED, "exit code 3"),
        ("raise SystemExit", Outcome.CRASHED, "SystemExit"),
        ("import ctypes; ctypes.string_at(0)", Outcome.CRASHED, "SIGSEGV"),
        ("1 / 0", Outcome.CRASHED, "ZeroDivisionError"),
        ("return object()", Outcome.WRONG_VALUES, "not an array"),
        ("return [[1, 2], [3]]", Outcome.WRONG_VALUES, "not an array"),
        ("return 10**400", Outcome.WRONG_VALUES, "not an array"),
        ("return float('nan')", Outcome.WRONG_VALUES, "NaN"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="names of signals")
def test_whatever_a_function_does_the_others_are_judged(statement, outcome, says):
    """Does a function that loops, exits, crashes or returns rubbish cost only itself?"""
    result = changed(
        ("    return float(np.max(np.abs(a - b)", f"    {statement}\n    return float(np.max(np.abs(a - b)"),
        exercises=["relative_error", "rnn_step_forward"],
    )
    first, second = result.exercises
    assert first.outcome is outcome and says in first.message and first.points == 0
    assert second.outcome is Outcome.PASSED


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_a_function_that_takes_all_memory_is_told_so():
    """Is 20 GB at once refused as out of memory?"""
    result = changed(
        (
            "    return float(np.max(np.abs(a - b)",
            "    np.ones((20, 1024, 1024, 128))\n    return float(np.max(np.abs(a - b)",
        ),
        exercises=["relative_error"],
    )
    assert result.exercises[0].outcome is Outcome.OUT_OF_MEMORY


def test_ten_megabytes_of_output_cost_nothing():
    """Is a module that prints a lot judged like any other, and its output cut?"""
    result = changed(
        ("    return float(np.max(np.abs(a - b)", "    print('x' * 10_000_000)\n    return float(np.max(np.abs(a - b)"),
        exercises=["relative_error"],
    )
    assert result.score == result.max_score
    assert 0 < len(result.output) <= 64 * 1024 + 100


def test_a_syntax_error_is_one_message():
    """Does a module that cannot be parsed give one message with the line, and no other?"""
    result = judge_source(UNIT.id, "import numpy as np\n\ndef rnn_step_forward(x:\n    pass\n")
    assert result.score == 0 and "line 3" in result.message and "SyntaxError" in result.message
    assert {e.outcome for e in result.exercises} == {Outcome.CRASHED}
    assert not any(part.message for e in result.exercises for part in e.parts)


def test_a_crash_at_import_is_one_message():
    """Does a module that fails while it is imported give one message with the line?"""
    result = judge_source(UNIT.id, "import numpy as np\nW = np.zeros((2, 3)) @ np.zeros((2, 3))\n")
    assert result.score == 0 and "Line 2" in result.message


def test_a_message_names_the_line_in_the_students_file():
    """Does a crash name file, line and function?"""
    result = changed(("dWh = prev_h.T @ da", "dWh = prev_h @ da"), exercises=["rnn_step_backward"])
    message = result.exercises[0].message
    assert "ValueError" in message and "in rnn_step_backward: dWh = prev_h @ da" in message


def test_hard_coded_answers_to_the_visible_draw_fail_the_hidden_one():
    """Does knowing all visible answers help with hidden draws?"""
    from autograder.checking import load_checks
    from autograder.draws import visible_draw

    cases = load_checks(UNIT)["relative_error"].cases(visible_draw())
    known = [[case.a.ravel().tolist(), case.b.ravel().tolist()] for case in cases]
    body = (
        "import numpy as np\n"
        f"KNOWN = {known!r}\n"
        "def relative_error(a, b):\n"
        "    if [a.ravel().tolist(), b.ravel().tolist()] in KNOWN:\n"
        "        return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))\n"
        "    return 0.5\n"
    )
    assert judge_source(UNIT.id, body, exercises=["relative_error"], draw=visible_draw()).score == 2
    assert judge_source(UNIT.id, body, exercises=["relative_error"], draw=Draw(7, True, "t")).score == 0


def test_float32_is_right_and_remarked():
    """Do float32 answers get full marks, with a remark that costs nothing?"""
    result = changed(
        ("    next_h = np.tanh(x @ Wx", "    next_h = np.tanh(x.astype(np.float32) @ Wx.astype(np.float32)"),
        (" + prev_h @ Wh + b)", " + (prev_h @ Wh + b).astype(np.float32))"),
        exercises=["rnn_step_forward"],
    )
    assert result.score == result.max_score and "float32" in result.exercises[0].remarks[0]


def test_uninitialised_memory_is_never_right_by_chance():
    """Does adding into np.empty give NaN, every time, while filling it first stays right?"""
    adds = changed(
        (
            "dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)",
            "dWx, dWh, db = np.empty_like(Wx), np.zeros_like(Wh), np.empty(H)",
        ),
        exercises=["rnn_backward"],
    )
    assert lost(adds) == {"rnn_backward": ["dWx", "db"]} and "NaN" in adds.exercises[0].message
    fills = changed(
        ("dx = np.zeros((N, T, x0.shape[1]))", "dx = np.empty((N, T, x0.shape[1]))"), exercises=["rnn_backward"]
    )
    assert fills.score == fills.max_score


def test_a_numerical_gradient_may_copy_what_f_returns():
    """Does the judge's f return what numpy functions do: a scalar with .copy(), and x itself where it returns x?"""
    result = changed(
        ("        above = f(x)\n", "        above = f(x).copy()\n"),
        ("        above = np.array(above, dtype=np.float64)  # a copy: f may return x itself\n", ""),
        ("below = np.array(f(x), dtype=np.float64)", "below = f(x).copy()"),
        exercises=["numerical_gradient"],
    )
    assert result.score == result.max_score
    without = changed(
        ("        above = np.array(above, dtype=np.float64)  # a copy: f may return x itself\n", ""),
        exercises=["numerical_gradient"],
    )
    assert without.exercises[0].parts[0].outcome is Outcome.EDGE_CASE


#: A sequence backward that puts its step caches together itself, from the states.
HAND_BUILT = """
def rnn_forward(x, h0, Wx, Wh, b):
    h, state = np.zeros((x.shape[0], x.shape[1], h0.shape[1])), h0
    for t in range(x.shape[1]):
        state, _ = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
    return h, (x, h0, Wx, Wh, h)


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, h = cache
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(dh.shape[2])
    dnext = np.zeros_like(h0)
    for t in reversed(range(dh.shape[1])):
        before = h[:, t - 1] if t else h0
        step = (x[:, t], before, Wx, Wh, h[:, t])
        dx[:, t], dnext, a, c, d = rnn_step_backward(dh[:, t] + dnext, step)
        dWx, dWh, db = dWx + a, dWh + c, db + d
    return dx, dnext, dWx, dWh, db
"""


@pytest.mark.parametrize(
    "wrong_step",
    ["np.tanh(x @ Wx + prev_h @ Wh.T + b)", "np.tanh(x @ Wx + b)", "np.tanh(x @ Wx - prev_h @ Wh + b)"],
)
def test_a_backward_that_builds_its_own_step_caches_does_not_pay_for_a_wrong_step(wrong_step):
    """Does one bug in the step cost once, for a rnn_backward that uses no cache of the step's?"""
    source = REFERENCE.replace("np.tanh(x @ Wx + prev_h @ Wh + b)", wrong_step) + HAND_BUILT
    wanted = ["rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward"]
    assert set(lost(judge_source(UNIT.id, source, exercises=wanted))) == {"rnn_step_forward"}


def test_a_backward_from_the_pre_activation_does_not_pay_for_a_wrong_forward():
    """Is a step that caches the pre-activation judged as if its forward were right?"""
    source = (
        REFERENCE.replace(
            "    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)\n    cache = (x, prev_h, Wx, Wh, next_h)\n",
            "    a = x @ Wx + prev_h @ Wh.T + b\n    next_h = np.tanh(a)\n    cache = (x, prev_h, Wx, Wh, a)\n",
        )
    ).replace("    x, prev_h, Wx, Wh, next_h = cache\n", "    x, prev_h, Wx, Wh, a = cache\n    next_h = np.tanh(a)\n")
    assert "next_h = np.tanh(a)\n    da" in source
    assert set(lost(judge_source(UNIT.id, source))) == {"rnn_step_forward"}


def test_changing_an_argument_costs_nothing_and_is_said():
    """Is a right function that adds into its caller's array told so, by the array's name?"""
    changed_in_place = changed(
        ("        dnext_h = dh[:, t] + dprev_h  # from above and from the future\n", "        dh[:, t] += dprev_h\n"),
        ("rnn_step_backward(dnext_h, cache[t])", "rnn_step_backward(dh[:, t], cache[t])"),
        exercises=["rnn_backward"],
    )
    assert changed_in_place.score == changed_in_place.max_score
    assert any("changes its argument dh in place" in remark for remark in changed_in_place.exercises[0].remarks)
    assert not changed(exercises=["rnn_backward"]).exercises[0].remarks


def test_a_worker_that_cannot_start_is_never_a_score(monkeypatch, tmp_path):
    """Is a failure of the grader's own an error, not a zero?"""
    from autograder import sandbox

    broken = tmp_path / "worker.py"
    broken.write_text("raise SystemExit('no numpy here')\n")
    monkeypatch.setattr(sandbox, "WORKER", broken)
    with pytest.raises(InfrastructureError, match="Nothing was scored"):
        judge_source(UNIT.id, REFERENCE, exercises=["relative_error"])


@pytest.mark.parametrize(
    "source",
    [
        "x = (\n",
        "\ndef step(x, h):\n    return x\n",
        "def step(x,\nh):\n    return x\n",
        "def step(x, h):\n# a comment\n    return x\n\n\ny = 2\n",
        'def step(x, h):\n    """As\ndef step(z) says."""\n    return x\n',
        "def step(x, h): return x\ndef step(z): return z\n",
        "if True:\n    def step(x, h):\n        return x\n",
        "@decorated\ndef step(x, h, /, y=1):\n    return (\n1)\n",
        "def steps(z):\n    return z\n",
        "def step(x, h):\r\n\treturn x\r\n",
    ],
    ids=["broken", "plain", "brackets", "comment", "text", "twice", "indented", "decorated", "longer name", "windows"],
)
def test_parameters_are_those_of_the_whole_module(source):
    """Are a function's parameters found from its own lines as from the whole module's syntax tree?"""
    expected = []
    with contextlib.suppress(SyntaxError):
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        named = [f for f in functions if f.name == "step"]
        expected = [a.arg for f in named[:1] for a in (*f.args.posonlyargs, *f.args.args)]
    assert _parameters(source.encode(), "step") == expected
