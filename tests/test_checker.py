"""`check`: the visible draws, what it shows, and that nothing a student writes can hang it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import autograder
from autograder.checker import CheckFailed, check_html, passes, print_exercise
from autograder.course import load_course
from autograder.grade import check_submission
from autograder.mistakes import reference_path
from autograder.results import Outcome

UNIT = load_course().unit("02_bptt")
REFERENCE = reference_path(UNIT).read_text(encoding="utf-8")


@pytest.fixture
def module(tmp_path):
    """A student's file, right so far."""
    file = tmp_path / "bptt.py"
    file.write_text(REFERENCE, encoding="utf-8")
    return file


def test_a_right_function_passes_and_says_so(module, capsys):
    """Does `from autograder import check` show a table and return?"""
    autograder.check("rnn_step_backward", folder=str(module.parent))
    shown = capsys.readouterr().out
    assert "rnn_step_backward: passed" in shown and "dWh" in shown


def test_an_edit_is_seen_at_once(module, capsys):
    """Is the file on disk checked anew each time, in the same process?"""
    autograder.check("rnn_step_backward", folder=str(module.parent))
    module.write_text(REFERENCE.replace("db = da.sum(axis=0)", "db = da.sum(axis=0, keepdims=True)"), encoding="utf-8")
    with pytest.raises(CheckFailed, match="partly right"):
        autograder.check("rnn_step_backward", folder=str(module.parent))
    assert "db has shape (1, 5), it should be (5,)" in capsys.readouterr().out


def test_an_endless_loop_does_not_hang_the_caller(module):
    """Does check come back from a function that never returns?"""
    module.write_text("def relative_error(a, b):\n    while True:\n        pass\n", encoding="utf-8")
    with pytest.raises(CheckFailed, match="timed out"):
        autograder.check("relative_error", folder=str(module.parent))


def test_an_unknown_exercise_and_a_missing_file_are_one_sentence(tmp_path):
    """Do a misspelt name and a wrong folder raise one line that says what to do?"""
    with pytest.raises(CheckFailed, match="Did you mean 'rnn_backward'"):
        autograder.check("rnn_bakward")
    with pytest.raises(CheckFailed, match="There is no bptt.py in"):
        autograder.check("rnn_backward", folder=str(tmp_path))


def test_a_failed_check_is_shown_in_one_line_by_ipython():
    """Does the exception render as its message, not as a traceback?"""
    assert CheckFailed("not yet")._render_traceback_() == ["not yet"]


def test_passes_says_yes_or_no(module, tmp_path):
    """Does `passes` answer for right, wrong and missing modules, without raising?"""
    assert passes(UNIT.id, "rnn_forward", module)
    assert not passes(UNIT.id, "rnn_forward", tmp_path / "none.py")
    module.write_text("x = (", encoding="utf-8")
    assert not passes(UNIT.id, "rnn_forward", module)


def test_the_visible_draw_is_always_the_same(module, monkeypatch):
    """Does the visible draw ignore the course's salt?"""
    monkeypatch.setenv("UNROLLED_SALT", "one")
    first = check_submission(UNIT.id, module, ["rnn_backward"])
    monkeypatch.setenv("UNROLLED_SALT", "another")
    second = check_submission(UNIT.id, module, ["rnn_backward"])
    assert first.draw == second.draw == "visible"
    assert [p.expected for p in first.exercises[0].parts] == [p.expected for p in second.exercises[0].parts]


def test_the_table_fits_80_columns(module):
    """Is no line of a failed check wider than a terminal?"""
    module.write_text(REFERENCE.replace("dWh = prev_h.T @ da", "dWh = prev_h @ da"), encoding="utf-8")
    result = check_submission(UNIT.id, module, ["rnn_step_backward"])
    console = Console(width=80, record=True, file=io.StringIO())
    print_exercise(console, result, result.exercises[0], 1, "bptt.py")
    assert max(len(line) for line in console.export_text().splitlines()) <= 80


def test_html_of_a_students_message_is_escaped(module):
    """Can a student's exception put markup into the page?"""
    body = "def relative_error(a, b):\n    raise ValueError('<script>alert(1)</script>')\n"
    module.write_text(body, encoding="utf-8")
    result = check_submission(UNIT.id, module, ["relative_error"])
    page = check_html(result, result.exercises[0], 1, "bptt.py")
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_no_message_gives_expected_values_away(module):
    """Does a wrong answer get shapes and kinds of error, but none of the expected numbers?"""
    module.write_text(REFERENCE.replace("return h, cache", "return h + 0.1, cache"), encoding="utf-8")
    result = check_submission(UNIT.id, module, ["rnn_forward"])
    part = result.exercises[0].parts[0]
    assert part.outcome is Outcome.WRONG_VALUES and part.expected == "(3, 4, 5) float64"
