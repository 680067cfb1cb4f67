"""One line that is wrong costs what it belongs to, not the module: what does not parse, what fails while it is read."""

from __future__ import annotations

import re

import pytest
from grading_helpers import judge_source, reference_source, student_of

from autograder.reading import readable
from autograder.results import Outcome, SubmissionResult

UNIT = "01_vanilla_rnn"
RIGHT = reference_source(UNIT)
FUNCTIONS = re.findall(r"^def (\w+)", RIGHT, re.MULTILINE)
BROKEN = "rnn_backward" if "rnn_backward" in FUNCTIONS else FUNCTIONS[1]


def with_line(line: str, function: str = BROKEN) -> str:
    """The right module with a line more in the middle of a function."""
    text = re.search(rf"^def {function}\b.*?(?=^(?:def|class|@) |\Z)", RIGHT, re.MULTILINE | re.DOTALL)
    assert text is not None
    before, found, after = text[0].rpartition("\n    return")
    assert found
    return RIGHT.replace(text[0], f"{before}\n{line}{found}{after}")


def left_out(result: SubmissionResult) -> list[str]:
    """What the result says was left out."""
    return [r for exercise in result.exercises for r in exercise.remarks if r.startswith("Left out: ")]


@pytest.mark.parametrize(
    "line",
    [
        "    x = (1 +",
        "    x = [1, 2",
        '    """never closed',
        "    '''",
        '    y = "never closed',
        "   x = 2",
        "\tx = 3",
        "    if x",
        "    %timeit x",
        "    x = = 2",
        "x = 2",
        "return 0",
        "<<<<<<< HEAD\n    x = 1\n=======\n    x = 2\n>>>>>>> other",
    ],
)
def test_a_line_that_does_not_parse_costs_its_function(line: str) -> None:
    """The others are read as they are, line for line."""
    text = with_line(line)
    found = readable(text, "m.py")
    assert [piece.names for piece in found.pieces if piece.names] == [(BROKEN,)]
    assert set(re.findall(r"^def (\w+)", found.text, re.MULTILINE)) == set(FUNCTIONS) - {BROKEN}
    assert len(found.text.split("\n")) == len(text.split("\n"))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("%matplotlib inline\n!pip install einops\n" + RIGHT, [(1, 2)]),
        (RIGHT + "TODO: the rest\n", [(RIGHT.count("\n") + 1,) * 2]),
        ("%%writefile vanilla_rnn.py\n" + RIGHT, [(1, 1)]),
        (RIGHT + "x = [1,\n", [(RIGHT.count("\n") + 1,) * 2]),
    ],
)
def test_lines_beside_the_functions_cost_nothing(text: str, lines: list[tuple[int, int]]) -> None:
    """Magic, stray words, an unfinished list."""
    found = readable(text, "m.py")
    assert [(piece.first, piece.last) for piece in found.pieces] == lines
    assert set(re.findall(r"^def (\w+)", found.text, re.MULTILINE)) == set(FUNCTIONS)


def test_commented_out_functions_stay_commented_out() -> None:
    """A text with functions in it beside a broken function is not taken for code."""
    text = with_line('    """never closed') + '\n"""\ndef old(x):\n    return 1\n"""\n'
    found = readable(text, "m.py")
    assert [piece.names for piece in found.pieces] == [(BROKEN,)]


def test_of_two_versions_that_a_merge_left_the_last_counts() -> None:
    """The marks of an unfinished merge between functions are left out, nothing else."""
    found = readable("<<<<<<< HEAD\ndef f():\n    return 1\n=======\ndef f():\n    return 2\n>>>>>>> b\n", "m.py")
    assert [(piece.first, piece.names) for piece in found.pieces] == [(1, ()), (4, ()), (7, ())]


@pytest.mark.parametrize("text", ["some words and no Python\nat all\n", "def f(:\n    return\n", "x = [\n"])
def test_where_nothing_is_left_it_is_an_error(text: str) -> None:
    """A file without any function that parses is said to be broken."""
    with pytest.raises(SyntaxError):
        readable(text, "m.py")


def test_the_function_gets_nothing_and_the_line_is_named() -> None:
    """The others get all their points."""
    text = with_line("    x = (1 +", "rnn_cell")
    result = judge_source(UNIT, text)
    broken = result.exercise("rnn_cell")
    line = next(n for n, words in enumerate(text.split("\n"), 1) if "x = (1 +" in words)
    assert broken.points == 0 and broken.outcome is Outcome.CRASHED
    assert "'(' was never closed" in broken.message and f"line {line}" in broken.message
    assert result.score == result.max_score - broken.max_points
    (remark,) = left_out(result)
    assert remark.startswith("Left out: rnn_cell (lines ") and f"(line {line}: x = (1 +)" in remark


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("assert rnn_cell(1, 2, 3, 4, 5) == 0", "AssertionError|TypeError|AttributeError|ValueError"),
        ('n = int(input("how many? "))', "nobody is there to type"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("quit()", "SystemExit|NameError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ('data = open("data.txt").read()', "data.txt"),
        ("import asyncio\nasyncio.run(rnn_cell)", "ValueError|TypeError"),
        ("1 / 0", "ZeroDivisionError"),
        ("from helper import *", "helper"),
    ],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_line_that_fails_is_left_out(line: str, says: str, place: str) -> None:
    """Every function before and after it is judged."""
    head = "import numpy as np\n"
    text = RIGHT.replace(head, f"{head}{line}\n", 1) if place == "first" else f"{RIGHT}\n{line}\n"
    result = judge_source(UNIT, text)
    assert result.score == result.max_score and not result.message
    said = " ".join(r for exercise in result.exercises for r in exercise.remarks)
    assert re.search(says, said) or (place == "first" and "NameError" in said)


def test_only_what_failed_of_two_statements_on_a_line_is_left_out() -> None:
    """The import before the semicolon counts."""
    with student_of(UNIT, "import math; 1 / 0; y = 3.0\ndef f():\n    return math.sqrt(4.0) + y\n") as student:
        assert student.call("f", []) == 5.0


def test_a_name_that_a_left_out_line_would_have_defined_is_explained() -> None:
    """What uses it fails, and says which line is to blame."""
    text = 'size = open("size.txt").read()\n\n\ndef f():\n    return size\n'
    with student_of(UNIT, text) as student, pytest.raises(Exception, match="line 1 of vanilla_rnn.py would define it"):
        student.call("f", [])


def test_a_function_whose_decorator_fails_says_so() -> None:
    """It is not said to be unwritten."""
    text = RIGHT.replace("def rnn_cell", "@undefined_decorator\ndef rnn_cell", 1)
    result = judge_source(UNIT, text, exercises=["rnn_cell"])
    assert result.exercises[0].outcome is Outcome.CRASHED and "undefined_decorator" in result.exercises[0].message


def test_what_is_guarded_stays_as_it_is() -> None:
    """An exception in a try goes to its except, in a file beside the module too."""
    text = (
        "try:\n    import helper\nexcept ZeroDivisionError:\n    helper = None\ndef f():\n    return helper is None\n"
    )
    with student_of(UNIT, text) as student:
        student.submission.files["helper.py"] = b"1 / 0\ndef g():\n    return 2.0\n"
        assert student.call("f", []) is True


def test_a_helper_that_fails_is_read_as_far_as_it_goes() -> None:
    """What it defines before and after the line is there."""
    with student_of(UNIT, "from helper import g, h\ndef f():\n    return g() + h()\n") as student:
        student.submission.files["helper.py"] = (
            b"def g():\n    return 2.0\n1 / 0\ndef h():\n    return 3.0\ndef bad(:\n"
        )
        assert student.call("f", []) == 5.0
        assert len(student.left_out) == 2 and all("helper.py" in words for words in student.left_out)


@pytest.mark.parametrize("line", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)"])
def test_a_line_that_ends_the_process_is_left_out(line: str) -> None:
    """The module is read again in a new process without it, and after that, too."""
    text = RIGHT.replace("import numpy as np\n", f"import numpy as np\n{line}\n", 1)
    text = text.replace("def rnn_cell(", "def dies():\n    os._exit(1)\n\n\ndef rnn_cell(", 1)
    result = judge_source(UNIT, text)
    assert result.score == result.max_score
    assert "ended the Python process" in left_out(result)[0]


def test_a_line_that_never_ends_is_left_out() -> None:
    """The rest is judged; all reading together is bounded."""
    with student_of(UNIT, "def f():\n    return 1.0\nwhile True:\n    pass\n", cpu_seconds=0.3) as student:
        assert student.call("f", []) == 1.0
        assert "did not end within 0.3 s of processor time" in student.left_out[0]
    endless = "def f():\n    return 1.0\n" + "while True: pass\n" * 9
    with student_of(UNIT, endless, cpu_seconds=0.2) as student, pytest.raises(Exception, match="did not end"):
        student.call("f", [])


def test_a_module_of_which_nothing_is_left_is_one_message() -> None:
    """As before: said once, about the module."""
    result = judge_source(UNIT, "import numpy as np\nW = np.zeros((2, 3)) @ np.zeros((2, 3))\n")
    assert result.score == 0 and "None of the functions" in result.message and "Line 2" in result.message
