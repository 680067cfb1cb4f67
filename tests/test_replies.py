"""What a worker sends is looked at by the judge: whatever it is, it costs nobody but the submission that sent it.

More than 20,000 replies in the form of messages, and as many results in the hands of the checks.
"""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from grading_helpers import judge_source, reference_source, the_unit
from odd_values import changed, odd_value

from autograder import student as students
from autograder.checking import Check, load_checks, run_case
from autograder.detectors import detect, evidence
from autograder.draws import visible_draw
from autograder.errors import InfrastructureError
from autograder.mistakes import recognise, reference_path
from autograder.protocol import Handle, ProtocolError, decode, encode
from autograder.results import Outcome
from autograder.sandbox import PROCESS, Limits
from autograder.student import Call, Caller, Student, StudentError
from autograder.submission import Submission

MESSAGES = 24_000
RESULTS = 24_000
UNITS = ("01_vanilla_rnn", "02_bptt", "03_char_lm", "04_lstm_gru", "05_captioning")
TRAINED = ("training_step", "captioning_test")  # of unit 5: they train a reference before they look at anything


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────


class Liar:
    """In place of a worker: it answers whatever it is told to."""

    def __init__(self, replies: list[Any]) -> None:
        self.replies = replies
        self.number = 0

    def send(self, message: list[Any]) -> None:
        if type(message[1]) is int:
            self.number = message[1]

    def receive(self) -> Any:
        reply = self.replies.pop(0) if self.replies else ["result", self.number, None, 0]
        return [self.number if item is Liar else item for item in reply] if type(reply) is list else reply

    def begin(self, *_: Any) -> None: ...
    def begin_next(self, *_: Any) -> None: ...
    def wait_until_ready(self) -> None: ...
    def answering(self, seconds: float) -> None: ...
    def close(self) -> None: ...

    def text(self) -> str:
        return ""


def lied_to(replies: list[Any], monkeypatch: pytest.MonkeyPatch, loaded: bool = True) -> Student:
    """A student whose worker is a liar."""
    submission = Submission(Path("x"), "m.py", {"m.py": b""})
    student = Student(submission, "m", Limits("numpy", 1.0, 1.0, 100), PROCESS)
    monkeypatch.setattr(students, "start_worker", lambda *_: Liar(replies))
    student._worker, student._loaded = Liar(replies), loaded  # type: ignore[assignment]
    return student


ERROR = {"category": "crashed", "type": "ValueError", "message": "no", "frames": [["m.py", 3, "f", "x = y"]]}
RESULT = [np.arange(6.0).reshape(2, 3), (1.0, Handle(1, "tuple")), {"dx": np.zeros(2)}, None]
HONEST = (
    ["loaded", Liar, [["f", "g"], ["pandas"], []]],
    ["at", Liar, 3, 12],
    ["result", Liar, RESULT, 1],
    ["error", Liar, ERROR],
    ["results", Liar, [[["result", RESULT, 0], ["error", ERROR]], [["result", 1.0, 1]]]],
    ["ask", Liar, 0, [np.zeros(2), 1.0]],
    ["attempt", "open /etc/passwd"],
    ["beat", Liar, "epoch 3"],
)


def test_messages_of_any_kind_are_answered_or_break_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """However honest replies are changed: a result, or an error that is the submission's own."""
    rng = random.Random("messages")
    broken = 0
    for number in range(MESSAGES):
        replies = [changed(list(rng.choice(HONEST)), rng) for _ in range(rng.randint(1, 3))]
        if number % 8 == 0:
            replies[0] = odd_value(rng)
        student = lied_to(replies, monkeypatch, loaded=number % 4 != 3)
        try:
            if number % 2:
                student.call("f", [np.zeros(2), lambda x: x])
            else:
                student.call_together([[Call("f", [1.0]), Call("g", [2.0])], [Call("f", [1.0])]])
        except StudentError as error:
            assert error.outcome is not Outcome.ENVIRONMENT and str(error).isprintable()
            broken += "broke the protocol" in str(error)
    assert broken > MESSAGES // 10


@pytest.mark.parametrize("kind", [np.zeros(3), np.array(True), 1, None, ("result",), {"result": 1}, b"result"])
def test_something_else_where_a_kind_of_answer_belongs(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array there has no truth value: calls are then made one by one, and a kind that is none ends the worker."""
    student = lied_to([["results", Liar, [[[kind, 0, 0]]]]], monkeypatch)
    assert student.call_together([[Call("f", [1.0])]]) is None
    with pytest.raises(StudentError, match="broke the protocol"):
        lied_to([[kind, Liar, 0, 0]], monkeypatch).call("f", [1.0])


def test_a_failure_of_the_machine_is_not_the_submission_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory, no disk, a sandbox that ended: the grader's, while a reply is looked at as at any other time."""
    for error in (MemoryError(), OSError(28, "No space left on device"), InfrastructureError("no sandbox")):
        student = lied_to([["result", Liar, 1.0, 0]], monkeypatch)

        def failing(value: Any, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(students, "_judged", failing)
        with pytest.raises(type(error)):
            student.call("f", [1.0])


def test_a_module_that_answers_in_the_worker_s_name_gets_its_points_and_no_more() -> None:
    """Student code that finds the worker's object and has it send arrays where words belong is judged call by call."""
    source = """
import sys
import numpy as np

def the_worker():
    frame = sys._getframe()
    while frame is not None:
        found = frame.f_locals.get("self")
        if hasattr(found, "call_id") and hasattr(found, "send"):
            return found
        frame = frame.f_back

def calls(self, call_id, groups):
    self.reply(["results", call_id, [[[np.zeros(3), 0, 0] for c in group] for group in groups]])

type(the_worker()).calls = calls

def relative_error(a, b):
    return 0.0
"""
    result = judge_source("02_bptt", source)
    assert result.score == 0 and result.exercise("relative_error").outcome is Outcome.WRONG_VALUES


def test_a_result_of_millions_of_entries_is_none() -> None:
    """However many arrays it is spread over: no copy of all of them is made to compare them."""
    many = [np.zeros(900_000, np.bool_)] * 10
    assert type(students._judged(many)).__name__ == "Opaque" and students._judged([many[0]])[0] is many[0]


# ── results ───────────────────────────────────────────────────────────────────────────────────────────


class Odd(Caller):
    """A student in this process, mostly right, with something odd in most of what comes back."""

    def __init__(self, module: ModuleType | None, rng: random.Random) -> None:
        self.module, self.rng = module, rng
        self.kept: list[Any] = []

    def call_and_watch(self, name: str, args: Any, keep: Any = (), factor: float = 1.0) -> Any:
        value: Any = odd_value(self.rng)
        if self.module is not None:
            given = [
                self.kept[arg.number] if isinstance(arg, Handle) and arg.number < len(self.kept) else arg
                for arg in args
            ]
            try:
                value = getattr(self.module, name)(*[g.copy() if isinstance(g, np.ndarray) else g for g in given])
            except Exception as error:
                raise StudentError(name, Outcome.CRASHED, str(error)) from error
            if isinstance(value, tuple):
                places = [place for place in keep if place < len(value)]
                self.kept += [value[place] for place in places]
                handles = {place: Handle(len(self.kept) - len(places) + n, "tuple") for n, place in enumerate(places)}
                value = tuple(handles.get(place, item) for place, item in enumerate(value))
            value = changed(value, self.rng) if self.rng.random() < 0.9 else value
        try:
            value = students._judged(decode(encode(value)))
        except ProtocolError:
            value = None
        return value, [False] * len(args)


def reference_module(unit_id: str) -> ModuleType | None:
    """The course's own module, in this process; None for unit 5, whose functions want torch's objects."""
    unit = the_unit(unit_id)
    if unit.engine != "numpy":
        return None
    spec = importlib.util.spec_from_file_location(f"{unit.module}_for_replies", reference_path(unit))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("unit_id", UNITS)
def test_checks_can_judge_whatever_comes_back(unit_id: str) -> None:
    """Every check has a verdict on every odd result, without the net below it; detectors look at them, too."""
    unit, module = the_unit(unit_id), reference_module(unit_id)
    checks = load_checks(unit)
    items = [item for item in unit.exercises if item.id not in TRAINED]
    for item in items:
        check, rng = checks[item.id], random.Random(item.id)
        cases = [case for case in check.cases(visible_draw()) if not case.neutral]
        left = RESULTS // len(UNITS) // len(items) + 1
        while left > 0:
            records = [run_case(check, item.parts, Odd(module, rng), case) for case in cases]
            left -= len(records)
            assert not [record.puzzle for record in records if record.puzzle]
            if left % 5 == 0:
                with np.errstate(all="ignore"):
                    recognise(unit, item, check, records, visible_draw())
                    detect(evidence(records, check))


def test_a_check_that_stops_at_a_result_says_so_and_goes_on() -> None:
    """The net: the part counts as wrong, a person is told, and what the machine cannot do is no verdict."""
    unit = the_unit("02_bptt")
    item, check = unit.exercise("relative_error"), load_checks(unit)["relative_error"]
    case = check.cases(visible_draw())[0]

    def stopping(error: Exception) -> Check:
        def run(student: Any, case: Any, expect: Any) -> None:
            raise error

        return Check(item.id, check.cases, run, ())

    record = run_case(stopping(ValueError("ambiguous")), item.parts, Odd(None, random.Random(0)), case)
    assert record.puzzle == "ValueError: ambiguous"
    assert {seen.outcome for seen in record.parts.values()} == {Outcome.WRONG_VALUES}
    for error in (MemoryError(), OSError(5, "disk")):
        with pytest.raises(type(error)):
            run_case(stopping(error), item.parts, Odd(None, random.Random(0)), case)


def test_the_result_tells_a_person_where_the_judge_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a zero in silence."""
    from autograder import judge as judging

    def stopped(*_: Any) -> None:
        raise ValueError("\x1b[2J odd")

    monkeypatch.setattr(judging, "recognise", stopped)
    result = judge_source("02_bptt", reference_source("02_bptt") + "\ndef relative_error(a, b):\n    return 3.0\n")
    (note,) = [note for note in result.notes if note.startswith("relative_error")]
    assert "ValueError" in note and "Please look at it" in note and note.isprintable()
    assert result.exercise("rnn_backward").outcome is Outcome.PASSED
