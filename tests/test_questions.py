"""What stands in for a wrong function answers what a right version of the exercise asks, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from grading_helpers import judge_source

from autograder import sandbox
from autograder.questions import Questions, Refused
from autograder.student import Call, StandIn

ROOT = Path(__file__).resolve().parents[1]

#: A forward step that is wrong, and a backward step that takes differences through whatever stands there.
DIFFERENCES = '''

def _slopes(outputs, inputs, upstream):
    """Central differences of sum(outputs * upstream) by each number of each input."""
    found = []
    for array in inputs:
        slope = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-6
            above = outputs()
            array[place] = kept - 1e-6
            below = outputs()
            array[place] = kept
            slope[place] = sum(float(np.sum((a - b) * u)) for a, b, u in zip(above, below, upstream)) / 2e-6
        found.append(slope)
    return tuple(found)


def {step}_forward(*inputs):
    return {wrong}, inputs


def {step}_backward(*values):
    inputs = [np.array(value, dtype=np.float64) for value in values[-1]]
    return _slopes(lambda: {step}_forward(*inputs)[: {states}], inputs, values[:-1])
'''


def differences(unit: str, module: str, step: str, states: int) -> str:
    stub = (ROOT / "notebooks" / unit / module).read_text(encoding="utf-8")
    wrong = ", ".join(["np.zeros_like(inputs[1])"] * states)
    return stub + DIFFERENCES.format(step=step, wrong=wrong, states=states)


@pytest.mark.parametrize(
    ("unit", "step", "states"),
    [("02_bptt", "rnn_step", 1), ("04_lstm_gru", "lstm_step", 2), ("04_lstm_gru", "gru_step", 1)],
)
def test_differences_through_a_stand_in_bring_nothing(unit: str, step: str, states: int) -> None:
    """With a wrong forward step of one's own, differences of the right one that stands there are no gradients."""
    source = differences(unit, module_of(unit), step, states)
    result = judge_source(unit, source, exercises=[f"{step}_forward", f"{step}_backward"])
    assert result.exercise(f"{step}_backward").points == 0


def module_of(unit: str) -> str:
    text = (ROOT / "autograder" / "course.toml").read_text(encoding="utf-8")
    found = re.search(rf'id = "{unit}".*?module = "(\w+)"', text, re.DOTALL)
    assert found
    return f"{found.group(1)}.py"


def double() -> StandIn:
    return StandIn("double", "plain", ("x",), lambda x: 2 * x)


def test_no_more_numbers_than_are_allowed() -> None:
    """Numbers are counted, so that one large question is as dear as many small ones."""
    questions = Questions({"outer": {"double": lambda x: 3}})
    questions.begin([Call("outer", [1.0])], [])
    ask = questions.of(double())
    assert ask(1.0) == 2.0
    with pytest.raises(Refused, match="asks it for more than any right version does"):
        ask([1.0, 2.0, 3.0])
    assert questions.exceeded == {"double"}


def test_complex_questions_are_not_answered() -> None:
    """A complex step would be a derivative for the price of one question."""
    questions = Questions({"outer": {"double": lambda x: 30}})
    questions.begin([Call("outer", [1.0])], [])
    with pytest.raises(TypeError, match="complex"):
        questions.of(double())(1.0 + 1e-30j)


def test_a_function_that_no_call_asks_for_answers_nothing() -> None:
    """What is allowed belongs to the calls that are being made: one that was kept gives nothing later."""
    questions = Questions({"outer": {"double": lambda x: 30}})
    questions.begin([Call("another", [1.0])], [])
    with pytest.raises(Refused):
        questions.of(double())(1.0)


def test_workers_read_no_file_of_coursekit() -> None:
    """Where it is installed among the libraries, coursekit/stand_ins.py lies there, too."""
    assert str(ROOT / "coursekit") in sandbox._secret_paths()
