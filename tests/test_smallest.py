"""The smallest failing case: found, ready to paste, and free of right values. Hints without solutions/."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grading_helpers import judge_source, reference_source, sample_draws, the_unit
from rich.console import Console

from autograder import mistakes
from autograder.checker import CheckFailed, check, check_html, print_exercise
from autograder.checking import load_checks
from autograder.cli import main
from autograder.draws import visible_draw
from autograder.results import ExerciseResult, SubmissionResult
from autograder.smallest import MOST_TRIES, literal, rounded, small_case, tries

UNITS = ("01_vanilla_rnn", "02_bptt", "03_char_lm", "04_lstm_gru")
CARRIED = ("dnext_h = dh[:, t] + dprev_h", "dnext_h = dh[:, t] + 0.5 * dprev_h")


def visible(unit: str, exercise: str, *changes: tuple[str, str]) -> SubmissionResult:
    source = reference_source(unit)
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return judge_source(unit, source, exercises=[exercise], draw=visible_draw())


def test_the_smallest_sizes_that_fail_are_found() -> None:
    """A future that comes back halved shows from two steps on, at sizes of one otherwise."""
    assert visible("02_bptt", "rnn_backward", CARRIED).exercises[0].smallest == "N=1, T=2, D=1, H=1"


def test_a_failure_at_size_one_is_found() -> None:
    """What is wrong everywhere is wrong at N = T = D = H = 1."""
    found = visible("01_vanilla_rnn", "unroll", ("prev_h = h0\n    for", "prev_h = h0 + 1\n    for")).exercises[0]
    assert found.smallest == "N=1, T=1, D=1, H=1"


def test_the_snippet_runs_and_shows_the_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pasted beside the module, it prints what the function returns, which differs from the reference's."""
    found = visible("02_bptt", "rnn_backward", CARRIED).exercises[0]
    printed = []
    for source in (reference_source("02_bptt"), reference_source("02_bptt").replace(*CARRIED)):
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        program = found.snippet.replace("from bptt import rnn_forward, rnn_backward", "")
        assert program != found.snippet
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(program, namespace)
        printed.append(out.getvalue())
    assert printed[0] != printed[1]


def test_a_function_that_is_handed_over_is_in_the_snippet() -> None:
    """numerical_gradient gets a function; the snippet defines it, without annotations."""
    found = visible("02_bptt", "numerical_gradient", ("(above - below)", "(above - 2 * below)")).exercises[0]
    assert "def cubic(x):" in found.snippet
    compile(found.snippet, "snippet", "exec")


def test_the_snippet_holds_no_right_value() -> None:
    """It has the inputs and the calls, nothing else."""
    found = visible("02_bptt", "rnn_backward", CARRIED).exercises[0]
    names = [line.split(" = ")[0] for line in found.snippet.splitlines() if " = " in line]
    assert names == ["x", "h0", "Wx", "Wh", "b", "dh", "result, cache"]


def test_hidden_draws_have_no_snippet() -> None:
    """In grading nothing is shrunk: the hidden checks stay hidden."""
    source = reference_source("02_bptt").replace(*CARRIED)
    found = judge_source("02_bptt", source, exercises=["rnn_backward"], draw=sample_draws(1)[0]).exercises[0]
    assert found.points < found.max_points
    assert (found.smallest, found.snippet) == ("", "")


def test_a_right_function_has_no_snippet() -> None:
    """Nothing is shrunk where nothing fails."""
    found = visible("02_bptt", "rnn_backward").exercises[0]
    assert (found.smallest, found.snippet) == ("", "")


def test_what_fails_for_the_sake_of_another_function_is_not_shrunk() -> None:
    """Where the step is wrong, that is what is shown, not the sequence that is built on it."""
    result = visible("02_bptt", "rnn_backward", ("dx = da @ Wx.T", "dx = da @ Wx.T * 3"), CARRIED)
    assert result.exercises[0].snippet == ""


@pytest.mark.parametrize("unit_id", UNITS)
def test_every_exercise_can_be_made_small(unit_id: str) -> None:
    """All but the one without inputs: a first try with every size 1, few tries, numbers with one decimal."""
    unit = the_unit(unit_id)
    for name, checked in load_checks(unit).items():
        found = tries(checked)
        if name == "parity_weights":
            assert found == []
            continue
        assert 1 < len(found) <= MOST_TRIES, name
        assert set(found[0][1].values()) == {1}, name
        for make, sizes in found:
            small_case(make, sizes)


def test_small_numbers_are_round_and_not_zero() -> None:
    """One decimal; what would round to zero becomes a tenth, with its sign; true zeros and integers stay."""
    assert rounded(np.array([0.04, -0.01, 0.0, 1.26])).tolist() == [0.1, -0.1, 0.0, 1.3]
    assert rounded({"y": np.array([3, 4]), "h": [np.array([0.55])], "limit": 0.26, "step": 1e-5})["step"] == 1e-5


def test_values_are_written_as_python() -> None:
    """What is written down is, evaluated, the value."""
    value = (np.array([[1, 2]]), [np.array([True])], {"a": np.array(0.5)}, np.float64(2.5), None, np.zeros((0, 3)))
    again = eval(literal(value), {"np": np})
    for mine, other in zip(value[:1] + value[5:], again[:1] + again[5:], strict=True):
        np.testing.assert_array_equal(mine, other)
    assert again[3:5] == (2.5, None)


# --- in the student's hands -----------------------------------------------------------------


@pytest.fixture
def wrong_module(tmp_path: Path) -> Path:
    """A student's bptt.py with one known mistake."""
    source = reference_source("02_bptt").replace("db = da.sum(axis=0)", "db = da.mean(axis=0)")
    (tmp_path / "bptt.py").write_text(source, encoding="utf-8")
    return tmp_path


def test_check_shows_one_hint_and_then_the_next(wrong_module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first call shows the first rung and how to ask for the second; hint=2 shows two."""
    with pytest.raises(CheckFailed):
        check("rnn_step_backward", folder=wrong_module)
    shown = " ".join(capsys.readouterr().out.split())
    assert "Hint 1 of 3" in shown and "Hint 2" not in shown and 'check("rnn_step_backward", hint=2)' in shown
    with pytest.raises(CheckFailed):
        check("rnn_step_backward", hint=2, folder=wrong_module)
    assert "Hint 2 of 3" in capsys.readouterr().out


def test_the_terminal_names_the_command_for_the_next_hint(wrong_module: Path, capsys: Any) -> None:
    """In a terminal the next hint is asked for with --hint; part, outcome and smallest case are shown."""
    with pytest.raises(SystemExit) as left:
        main(["check", "2", "rnn_step_backward", "--folder", str(wrong_module)])
    shown = " ".join(capsys.readouterr().out.split())
    assert left.value.code == 1
    assert "autograder check 02_bptt rnn_step_backward --hint 2" in shown
    assert "db" in shown and "partly right" in shown and "It fails already at N=2, D=1, H=1" in shown


def test_a_student_without_solutions_gets_the_same_hints(
    wrong_module: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """check knows the mistakes by what they do on the visible draw; it needs no reference module."""
    mistakes._signed.cache_clear()
    monkeypatch.setattr(mistakes, "reference_path", lambda unit: wrong_module / "nowhere" / unit.module_file)
    with pytest.raises(CheckFailed):
        check("rnn_step_backward", folder=wrong_module)
    mistakes._signed.cache_clear()
    shown = " ".join(capsys.readouterr().out.split())
    assert "a known mistake" in shown and "Hint 1 of 3" in shown


@pytest.mark.parametrize("unit_id", UNITS)
def test_most_mistakes_are_known_without_solutions(unit_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fifth mistake, judged on the visible draw with nothing but the kept signatures, gets its name."""
    unit = the_unit(unit_id)
    chosen = mistakes.load_mistakes(unit)[::5]
    sources = [mistakes.mistaken_source(m, reference_source(unit_id)) for m in chosen]
    mistakes._signed.cache_clear()
    monkeypatch.setattr(mistakes, "reference_path", lambda unit: Path("nowhere") / unit.module_file)
    missed = []
    for mistake, source in zip(chosen, sources, strict=True):
        found = judge_source(unit_id, source, exercises=[mistake.exercise], draw=visible_draw()).exercises[-1]
        if mistake.id not in (found.mistake or "").split("+"):
            missed.append((mistake.exercise, mistake.id, found.mistake))
    mistakes._signed.cache_clear()
    assert len(missed) <= 0.05 * len(chosen), missed


@pytest.mark.parametrize("unit_id", UNITS)
def test_signatures_hold_no_code_and_no_right_results(unit_id: str) -> None:
    """Only what is wrong is in them, as a few figures: no line of a solution, no part that a mistake gets right."""
    from grading_helpers import solution_lines

    text = mistakes.signature_path(the_unit(unit_id)).read_text(encoding="utf-8")
    assert [line for line in solution_lines(reference_source(unit_id)) if line in text] == []
    assert '"passed"' not in text


def test_stale_signatures_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout, signatures older than what they are made from are passed over; the mistakes are run."""
    unit = the_unit("02_bptt")
    mistakes._signed.cache_clear()
    monkeypatch.setattr(mistakes, "made_from", lambda unit: "something newer")
    assert mistakes._signed(unit) == {}
    mistakes._signed.cache_clear()


# --- remarks, which cost nothing --------------------------------------------------------------


def remarks_of(source: str) -> list[ExerciseResult]:
    return judge_source("01_vanilla_rnn", source, exercises=["rnn_cell", "readout"]).exercises


RIGHT = """
import numpy as np
def rnn_cell(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b)
def readout(h, Why, by):
    return h @ Why + by
"""


def test_printing_is_remarked_on_once() -> None:
    """A function that prints keeps its points and is told so; printing at import is nobody's business."""
    first, second = remarks_of("print('hello')" + RIGHT.replace("    return", "    print('here')\n    return"))
    assert first.points == first.max_points and second.points == second.max_points
    assert "prints" in " ".join(first.remarks)
    assert second.remarks == []
    assert remarks_of("print('hello')" + RIGHT)[0].remarks == []


def test_a_bare_squeeze_that_does_no_harm_is_remarked_on() -> None:
    """squeeze() without an axis in a function that passes is a hazard, not a mistake; with an axis it is neither."""
    hazard = RIGHT.replace("return h @ Why + by", "return (h @ Why + by)[None, ..., None, :].squeeze(-2).squeeze(0)")
    assert remarks_of(hazard)[1].remarks == []
    bare = RIGHT.replace("return h @ Why + by", "unused = np.squeeze(by)\n    return h @ Why + by")
    found = remarks_of(bare)[1]
    assert found.points == found.max_points and "squeeze() without an axis" in " ".join(found.remarks)


def test_the_notebook_shows_snippet_and_hint() -> None:
    """check's HTML has the sizes, the snippet as preformatted text, and the next hint."""
    result = visible("02_bptt", "rnn_backward", CARRIED)
    page = check_html(result, result.exercises[0], 1, "bptt.py")
    assert "It fails already at N=1, T=2, D=1, H=1" in page
    assert "<pre" in page and "from bptt import rnn_forward, rnn_backward" in page


def test_lines_of_a_snippet_are_not_broken_in_a_terminal() -> None:
    """What is to be pasted is printed as it is, in 80 columns too."""
    result = visible("02_bptt", "rnn_backward", CARRIED)
    out = io.StringIO()
    print_exercise(Console(file=out, width=80), result, result.exercises[0], 1, "bptt.py")
    assert result.exercises[0].snippet in out.getvalue()


KEPT_FROM_CALL_TO_CALL = (
    '    config = dict(config or {})\n    config.setdefault("learning_rate", 1e-1)',
    """\
    config = KEPT if config is None else config
    config.setdefault("learning_rate", 1e-1)""",
)


def test_a_snippet_shows_the_failure_by_itself() -> None:
    """What is wrong only after earlier calls has no snippet: pasted, it would print the right numbers."""
    source = (
        reference_source("03_char_lm")
        .replace(*KEPT_FROM_CALL_TO_CALL)
        .replace("def adagrad_step", "KEPT = {}\n\n\ndef adagrad_step")
    )
    assert "KEPT if" in source
    found = judge_source("03_char_lm", source, exercises=["adagrad_step"], draw=visible_draw()).exercises[0]
    assert found.points < found.max_points
    assert (found.smallest, found.snippet) == ("", "")
