"""The command line: bad input is one clear sentence and a documented exit code, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from patience import HANGS, wait_until

from autograder import cli, sandbox
from autograder.course import load_course
from autograder.mistakes import reference_path
from autograder.results import SubmissionResult

UNIT = load_course().unit("02_bptt")
SOLUTION = reference_path(UNIT)


@pytest.fixture(autouse=True)
def salt(monkeypatch):
    """Keep the checkout's own salt out of the tests."""
    monkeypatch.setenv("UNROLLED_SALT", "a salt that only tests use")


def run(capsys, *arguments):
    """Exit code, stdout, stderr of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
        raise SystemExit(0)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return ended.value.code, out, err


@pytest.fixture
def submission(tmp_path):
    """A folder as a student hands it in."""
    (tmp_path / "bptt.py").write_text(SOLUTION.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_help_names_every_command_and_exit_code(capsys):
    """Does --help list the commands and what the exit codes mean?"""
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(word in out for word in ("check", "grade", "release", "start", "demo", "doctor", "130 interrupted"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "9"], "There is no unit '9'"),
        (["check", "2", "rnn_step"], "There is no exercise 'rnn_step' in 02_bptt"),
        (["check", "2", "--folder", "no/such/place"], "There is nothing at"),
        (["grade", "02_bptt", "--submission", "no/such/file.py"], "There is nothing at"),
        (["grade", "02_bpt", "--submission", "."], "Did you mean '02_bptt'"),
        (["grade", "2", "--submission", ".", "--student", "ada"], "goes with neither"),
        (["grade", "2", "--json", "x.json"], "go with --submission"),
        (["grade", "2", "--student", "nobody-of-that-name"], "has handed in nothing"),
        (["release", "7"], "There is no unit '7'"),
        (["grade"], "Missing argument"),
        (["frobnicate"], "No such command"),
    ],
)
def test_bad_words_are_one_sentence_and_exit_code_2(capsys, arguments, says):
    """Is each kind of bad word answered by a sentence that says what and what to do?"""
    code, _, err = run(capsys, *arguments)
    assert code == 2 and says in err


def test_a_file_that_is_not_python_is_refused(capsys, tmp_path):
    """Is a notebook or a zip given as --submission refused by name?"""
    other = tmp_path / "bptt.zip"
    other.write_bytes(b"PK")
    code, _, err = run(capsys, "grade", "2", "--submission", str(other))
    assert code == 2 and "neither a folder nor a .py file" in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_said(capsys, submission):
    """Is a file without permission named, with what to do?"""
    (submission / "bptt.py").chmod(0)
    code, _, err = run(capsys, "grade", "2", "--submission", str(submission))
    assert code == 2 and "Check its permissions" in err


def test_a_folder_without_the_module_scores_zero_and_says_why(capsys, tmp_path):
    """Is a missing module a result (nothing handed in), with the files that are there instead?"""
    (tmp_path / "BPTT_final.py").write_text("x = 1\n", encoding="utf-8")
    target = tmp_path / "result.json"
    code, out, _ = run(capsys, "grade", "2", "--submission", str(tmp_path), "--json", str(target))
    result = SubmissionResult.from_json(json.loads(target.read_text(encoding="utf-8")))
    assert code == 0 and result.score == 0
    assert "no bptt.py" in out and "BPTT_final.py" in result.message
    assert {e.outcome for e in result.exercises} == {"not_attempted"}


def test_json_has_the_documented_fields(capsys, submission):
    """Does --json write every field that the README documents, and nothing that is no JSON?"""
    target = submission / "out" / "result.json"
    code, _, _ = run(capsys, "grade", "2", "--submission", str(submission), "--json", str(target))
    data = json.loads(target.read_text(encoding="utf-8"))
    assert code == 0 and data["unit"] == "02_bptt" and data["score"] == data["max_score"] == 80
    assert {"unit", "score", "max_score", "exercises", "isolation", "draw", "versions"} <= set(data)
    first = data["exercises"][0]
    assert {"id", "points", "max_points", "outcome", "parts", "mistake", "hint", "seconds"} <= set(first)
    assert {"name", "outcome", "points", "max_points", "message"} <= set(first["parts"][0])


def test_json_on_stdout_is_json_and_nothing_else(capsys, submission):
    """Can another program read what --json - prints?"""
    code, out, _ = run(capsys, "grade", "2", "--submission", str(submission / "bptt.py"), "--json", "-")
    assert code == 0 and json.loads(out)["score"] == 80


def test_a_file_of_another_name_with_helpers_beside_it_is_graded(capsys, tmp_path):
    """Is one .py file enough, with other files and packages beside it importable?"""
    text = SOLUTION.read_text(encoding="utf-8")
    before, _, after = text.partition("def rnn_step_forward(")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "tools" / "numeric.py").write_text(before, encoding="utf-8")
    main = "import numpy as np\nfrom tools.numeric import numerical_gradient, relative_error\n"
    (tmp_path / "my_layers.py").write_text(main + "\n\ndef rnn_step_forward(" + after, encoding="utf-8")
    code, out, _ = run(capsys, "grade", "2", "--submission", str(tmp_path / "my_layers.py"))
    assert code == 0 and "80 of 80 points" in out


def test_grading_without_isolation_is_refused_unless_told(capsys, submission, monkeypatch):
    """Does grade refuse on a machine without isolation, say how to get it, and obey --isolation=process loudly?"""
    monkeypatch.setattr(
        sandbox, "probe", lambda: ((sandbox.PROCESS,), {"bubblewrap": "not here", "landlock": "nor here"})
    )
    code, _, err = run(capsys, "grade", "2", "--submission", str(submission))
    assert code == 5 and "Nothing was graded" in err and "--isolation=process" in err
    code, out, _ = run(capsys, "grade", "2", "--submission", str(submission), "--isolation", "process")
    assert code == 0 and "WEAK" in out


def test_check_exits_with_1_until_all_is_right(capsys, submission):
    """Does `autograder check` tell scripts whether all is right?"""
    assert run(capsys, "check", "2", "rnn_forward", "--folder", str(submission))[0] == 0
    (submission / "bptt.py").write_text("import numpy as np\n", encoding="utf-8")
    code, out, _ = run(capsys, "check", "2", "rnn_forward", "--folder", str(submission))
    assert code == 1 and "defines no function rnn_forward" in out


def test_doctor_says_what_isolation_there_is(capsys):
    """Does doctor name the isolation and the course?"""
    code, out, _ = run(capsys, "doctor")
    assert code == 0 and "isolation" in out and "02_bptt" in out


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_cleanly(tmp_path):
    """Does an interrupted grade end with code 130, one sentence, no traceback and no process left?"""
    slow = "import time\ndef relative_error(a, b):\n    time.sleep(50)\n"
    (tmp_path / "bptt.py").write_text(slow, encoding="utf-8")
    command = [sys.executable, "-m", "autograder.cli", "grade", "2", "--submission", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    started = wait_until(lambda: _children(process.pid))
    time.sleep(1.0)  # into the sleeping function
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANGS)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))


def _children(pid):
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def test_what_is_said_of_a_right_function_is_shown(tmp_path):
    """Does the list of exercises show what was left out, and that a stub stands below the work?"""
    reference = reference_path(load_course().unit("01_vanilla_rnn")).read_text(encoding="utf-8")
    stub = "\n\ndef rnn_cell(x, prev_h, Wx, Wh, b):\n    raise NotImplementedError\n\n\nassert False\n"
    file = tmp_path / "vanilla_rnn.py"
    file.write_text(reference + stub, encoding="utf-8")
    from click.testing import CliRunner

    shown = CliRunner().invoke(cli.cli, ["check", "01_vanilla_rnn", "--folder", str(file)]).output
    shown = " ".join(shown.split())
    assert "rnn_cell is defined twice; the last definition, line" in shown and "Left out: Line" in shown
