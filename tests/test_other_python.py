"""Files as they come: other encodings, Python 2, newer Python. Read where that can be done, else named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from grading_helpers import judge_source, reference_source, sample_draws, student_of, the_unit

from autograder.course import load_course
from autograder.figures import written_in_python_2
from autograder.judge import judge
from autograder.other_python import about_python_2, meaning, newer, python_2
from autograder.reading import decode
from autograder.results import SubmissionResult
from autograder.sandbox import PROCESS
from autograder.submission import Submission, read_submission

UNIT = the_unit("01_vanilla_rnn")
RIGHT = reference_source(UNIT.id)
ACCENT = RIGHT.replace("import numpy as np", 'import numpy as np\n\nNAME = "Zoë’s"', 1)
UMLAUT = RIGHT.replace("import numpy as np", 'import numpy as np\n\nNAME = "Jürgen"', 1)


def judged(data: bytes) -> SubmissionResult:
    """A module as these bytes."""
    submission = Submission(Path("handed_in"), UNIT.module_file, {UNIT.module_file: data})
    return judge(load_course(), UNIT, submission, sample_draws(1)[0], stack=PROCESS)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (RIGHT.encode(), ""),
        (UMLAUT.encode("utf-8-sig"), ""),
        (RIGHT.replace("\n", "\r\n").encode(), ""),
        (RIGHT.replace("\n", "\r").encode(), ""),
        (RIGHT.replace("\n\n\n", "\n\f\n\n").encode(), ""),
        (UMLAUT.encode("utf-16"), "is UTF-16: save it as UTF-8"),
        (UMLAUT.encode("utf-16-be"), "is UTF-16: save it as UTF-8"),
        (UMLAUT.encode("utf-16-le"), "is UTF-16: save it as UTF-8"),
        (UMLAUT.encode("utf-32"), "is UTF-32: save it as UTF-8"),
        (ACCENT.encode("cp1252"), "is not UTF-8 (line "),
        (UMLAUT.encode("latin-1"), "is not UTF-8 (line "),
        (b"# -*- coding: latin-1 -*-\n" + UMLAUT.encode("latin-1"), ""),
        (b"# -*- coding: utf-9 -*-\n" + UMLAUT.encode(), "declares the coding utf-9"),
        (RIGHT.encode() + b"\n\0\0\n", "holds null bytes"),
        (RIGHT.encode() + b"\n\x1a", ""),
    ],
    ids=range(15),
)
def test_a_file_in_another_encoding_is_judged(data: bytes, says: str) -> None:
    """All points; what is odd about it is said, and what is usual is not."""
    result = judged(data)
    assert result.score == result.max_score and not result.message
    assert [says in remark for remark in result.exercises[0].remarks] == [True] * bool(says)


def test_lines_are_counted_as_editors_count_them() -> None:
    """A form feed or an odd separator in a text begins no new line."""
    assert decode(b"a\r\nb\rc\x0cd\n")[0] == "a\nb\nc\x0cd\n"
    with student_of(UNIT.id, 'X = "a\x0cb\x1cc\u2028d"\ndef f():\n    return 1 / 0\n') as student:
        with pytest.raises(Exception, match=r"line 3, in f: return 1 / 0"):
            student.call("f", [])


def test_files_beside_a_module_that_does_not_parse_are_read(tmp_path) -> None:
    """What it imports is found all the same, in UTF-16 too."""
    (tmp_path / UNIT.module_file).write_text(
        "import helper\ndef f():\n    return (1\n\ndef g(): pass\n", encoding="utf-16"
    )
    (tmp_path / "helper.py").write_text("x = 1\n", encoding="utf-8")
    assert set(read_submission(UNIT, tmp_path).files) == {UNIT.module_file, "helper.py"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('print "loss", loss', "print without parentheses"),
        ("print loss", "print without parentheses"),
        ("print >>sys.stderr, loss", "print without parentheses"),
        ('if t: print "x"', "print without parentheses"),
        ("except ValueError, e:", "`except X, e`"),
        ("except (ValueError, TypeError), e:", "`except X, e`"),
        ('raise ValueError, "no"', "`raise X, text`"),
        ('exec "x = 1"', "exec without parentheses"),
        ("if a <> b:", "`<>` for `!=`"),
        ("mode = 0777", "a number like 0777 for 0o777"),
        ("n = 10L", "a number like 10L"),
        ("s = ur'x'", "ur'' for r''"),
        ("s = `x`", "backticks for repr()"),
    ],
)
def test_what_only_python_2_takes_is_known(line: str, what: str) -> None:
    """Each with its line."""
    assert python_2(f"import sys\n\n{line}\n") == [(3, what)]


@pytest.mark.parametrize(
    "line",
    [
        'print("x")', "print", "x = print", "# print x", 's = "print x"', "except ValueError as e:", "mode = 0o777",
        "x = 00", "x = 0.5", "raise ValueError('a')", 'exec("x")', "print(x, file=f)", "printer x",
        "print the result here",
    ],
)  # fmt: skip
def test_python_3_is_not_taken_for_python_2(line: str) -> None:
    """Nor are words."""
    assert python_2(line) == []


def test_a_file_of_python_2_is_named_once_and_the_rest_is_judged() -> None:
    """The remark says what, where, and the command that converts it; the functions that parse have their points."""
    text = RIGHT.replace("def rnn_cell", "def show(x):\n    print x\n    print x\n\n\ndef rnn_cell", 1)
    result = judge_source(UNIT.id, text)
    assert result.score == result.max_score
    line = text.split("\n").index("    print x") + 1
    (remark,) = [r for e in result.exercises for r in e.remarks if r.startswith("This is Python 2")]
    assert f"print without parentheses (line {line})" in remark and "python -m fissix -w vanilla_rnn.py" in remark
    assert written_in_python_2([result, judge_source(UNIT.id, RIGHT)]) == 1


def test_a_file_of_which_nothing_is_left_is_named_too() -> None:
    """In the module's one message."""
    result = judge_source(UNIT.id, "def rnn_cell(x):\n    print x\n    return x\n")
    assert "This is Python 2: print without parentheses (line 2)" in result.message
    assert written_in_python_2([result]) == 1


def test_words_with_backticks_are_no_python_2() -> None:
    """Markdown that was pasted into a module."""
    assert about_python_2("The function `f` is not done\n", "m.py") == ""


def test_a_name_of_python_2_is_explained_where_it_fails() -> None:
    """A file that parses in both may still be Python 2."""
    with student_of(UNIT.id, "def f():\n    return [i for i in xrange(3)]\n") as student:
        with pytest.raises(Exception, match="xrange is Python 2; Python 3 has range"):
            student.call("f", [])


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ('NAME = f"{d["a"]}"', (3, 12)),
        ("""NAME = f'{d['a']['b'] + "c"}'""", (3, 12)),
        (r"""NAME = f"{'\n'.join(a)}" """, (3, 12)),
        ("type Vector = list[float]", (3, 12)),
        ("type Pair[T] = tuple[T, T]", (3, 12)),
        ("def first[T](x: list[T]) -> T:", (3, 12)),
        ("class Box[T]:", (3, 12)),
        ("except ValueError, TypeError:", (3, 14)),
        ('NAME = t"hello {x}"', (3, 14)),
    ],
)
def test_newer_syntax_is_named_with_its_version(line: str, version: tuple[int, int], monkeypatch) -> None:
    """And with the version that judges."""
    monkeypatch.setattr(sys, "version_info", (3, 11, 0, "final", 0))
    words = newer(f"import x\n{line}\n", 2)
    assert f"syntax of Python {version[0]}.{version[1]}" in words and "judged with Python 3.11" in words
    monkeypatch.setattr(sys, "version_info", (3, 15, 0, "final", 0))
    assert newer(line, 1) == ""


@pytest.mark.parametrize(
    "line",
    ['NAME = f"{x"', 'NAME = f"{x}" + (1', "type(x) == 3", "except ValueError, e:", 'print("t")', "def f(x)", "x = ["],
)
def test_a_slip_is_not_taken_for_newer_syntax(line: str, monkeypatch) -> None:
    """An open brace is an open brace in every version."""
    monkeypatch.setattr(sys, "version_info", (3, 11, 0, "final", 0))
    assert newer(line, 1) == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("<<<<<<< HEAD", "a merge in git"),
        (">>> import numpy", "a prompt"),
        ("%matplotlib inline", "a notebook's own command"),
        ("!pip install numpy", "a notebook's own command"),
    ],
)
def test_what_else_a_line_may_be_is_said(line: str, says: str) -> None:
    """Marks of git, prompts, magic."""
    assert says in meaning(line, 1)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python takes it")
def test_newer_syntax_costs_its_line_and_the_remark_says_so() -> None:
    """The functions are judged."""
    result = judge_source(
        UNIT.id, RIGHT.replace("import numpy as np\n", 'import numpy as np\nd = {}\nX = f"{d["a"]}"\n', 1)
    )
    assert result.score == result.max_score
    assert "That is syntax of Python 3.12" in result.exercises[0].remarks[0]
