"""What goes wrong around `check` in a notebook: the module elsewhere, the work in a cell, a stub left below."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
from click.testing import CliRunner
from grading_helpers import judge_source, reference_source, the_unit
from jupyter_client.manager import start_new_kernel

import autograder
from autograder import checker, folders
from autograder.checker import CheckFailed
from autograder.cli import cli
from autograder.course import load_course
from autograder.reading import definitions
from coursekit.place import ModuleMissing, find_module

ROOT = Path(__file__).resolve().parent.parent
UNIT = the_unit("01_vanilla_rnn")
RIGHT = reference_source(UNIT.id)
STUB = (ROOT / "notebooks" / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the right module, and another one to be in."""
    place = tmp_path / "unit"
    place.mkdir()
    (place / UNIT.module_file).write_text(RIGHT, encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.delenv("UNROLLED_FOLDER", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return place


# --- the module is elsewhere ----------------------------------------------------------------------


def test_a_module_that_is_nowhere_is_said_with_what_to_do(folder: Path) -> None:
    """Where it was looked for, and the two ways to say where it is; one line in a notebook, no traceback."""
    with pytest.raises(
        ModuleMissing, match="There is no vanilla_rnn.py in .*elsewhere.*UNROLLED_FOLDER.*folder="
    ) as found:
        find_module("vanilla_rnn")
    assert found.value._render_traceback_() == [str(found.value)]


@pytest.mark.parametrize("way", ["argument", "variable", "jupyter"])
def test_it_is_found_where_somebody_says_that_it_is(way: str, folder: Path, monkeypatch, capsys) -> None:
    """By an argument, by UNROLLED_FOLDER, by what the editor says of the notebook; and it says where it went."""
    if way == "variable":
        monkeypatch.setenv("UNROLLED_FOLDER", str(folder))
    if way == "jupyter":
        monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "unit.ipynb"))
    find_module("vanilla_rnn", folder=folder if way == "argument" else None)
    assert Path.cwd() == folder and str(folder) in sys.path
    assert capsys.readouterr().out == f"vanilla_rnn.py is taken from {folder}.\n"


def test_beside_the_notebook_nothing_is_said(folder: Path, monkeypatch, capsys) -> None:
    """As nearly always."""
    monkeypatch.chdir(folder)
    find_module("vanilla_rnn")
    assert capsys.readouterr().out == ""


def test_check_goes_there_too(folder: Path, monkeypatch, capsys) -> None:
    """Whoever runs no first cell is told the same, and is helped by the same variable."""
    with pytest.raises(CheckFailed, match="There is no vanilla_rnn.py in .*UNROLLED_FOLDER"):
        autograder.check("rnn_cell")
    monkeypatch.setenv("UNROLLED_FOLDER", str(folder))
    autograder.check("rnn_cell")
    assert "rnn_cell: passed" in capsys.readouterr().out


@pytest.mark.parametrize("unit", load_course().units, ids=lambda unit: unit.id)
def test_the_first_cell_looks_before_it_imports(unit) -> None:
    """The message is seen before an import of the module fails, in the notebook that students get."""
    cells = jupytext.read(ROOT / "notebooks" / unit.id / f"{unit.id}.ipynb").cells
    first = next(str(cell.source) for cell in cells if cell.cell_type == "code")
    assert first.index(f'find_module("{unit.module}")') < first.index(f"%aimport {unit.module}")


def test_the_first_cell_says_it_in_a_kernel(tmp_path: Path) -> None:
    """One sentence instead of a traceback, and after it `%env` helps."""
    place = tmp_path / "place"
    place.mkdir()
    (place / UNIT.module_file).write_text(STUB, encoding="utf-8")
    cells = jupytext.read(ROOT / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb").cells
    first = next(str(cell.source) for cell in cells if cell.cell_type == "code")
    said: list[str] = []

    def keep(message: dict) -> None:
        content = message["content"]
        said.extend(["\n".join(content["traceback"])] if "traceback" in content else [])
        said.extend([content["text"]] if "text" in content else [])

    environment = {key: value for key, value in os.environ.items() if key != "JPY_SESSION_NAME"}
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), env=environment)
    try:
        client.execute_interactive(first, output_hook=keep, timeout=600)
        assert len(said) == 1 and said[0].startswith("There is no vanilla_rnn.py in ") and "Traceback" not in said[0]
        said.clear()
        client.execute_interactive(f"%env UNROLLED_FOLDER={place}\n{first}", output_hook=keep, timeout=600)
        assert f"vanilla_rnn.py is taken from {place}." in "".join(said) and "Error" not in "".join(said)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# --- what check is given --------------------------------------------------------------------------


def rnn_cell() -> None:
    """A function of the course's name."""


def test_check_takes_the_function_too(folder: Path, capsys) -> None:
    """As it takes its name."""
    autograder.check(rnn_cell, folder=str(folder))
    assert "rnn_cell: passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [lambda x: x, os, None, 3, ["rnn_cell"], "".join, SimpleNamespace(), print, Path],
    ids=lambda v: type(v).__name__,
)
def test_what_check_cannot_take_is_said(given: object) -> None:
    """In one sentence that shows how."""
    with pytest.raises(CheckFailed, match=r'check takes the name of one function, as in check\("rnn_cell"\)'):
        autograder.check(given)


# --- where the work is ----------------------------------------------------------------------------


def test_work_in_a_cell_is_said_not_to_count(folder: Path, monkeypatch, capsys) -> None:
    """And how to move it; a function that was imported from the module is none."""
    (folder / UNIT.module_file).write_text(STUB, encoding="utf-8")
    own = type(rnn_cell)(rnn_cell.__code__, {"__name__": "__main__"}, "rnn_cell")
    shell = SimpleNamespace(user_ns={"rnn_cell": own})
    monkeypatch.setattr(checker, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    (words,) = checker._in_a_cell("rnn_cell", UNIT)
    assert "rnn_cell is defined in a cell of this notebook, too. Only vanilla_rnn.py counts" in words
    shell.user_ns["rnn_cell"] = rnn_cell
    assert checker._in_a_cell("rnn_cell", UNIT) == []


def test_a_stub_left_below_is_named() -> None:
    """The last definition counts, and it is the stub: check and grade say so, with its line."""
    stub = re.search(r"^def rnn_cell.*?(?=^def )", STUB, re.MULTILINE | re.DOTALL)
    assert stub is not None
    text = f"{RIGHT}\n\n{stub[0]}"
    result = judge_source(UNIT.id, text, exercises=["rnn_cell"])
    line = text[: text.rindex("def rnn_cell")].count("\n") + 1
    expected = f"rnn_cell is defined twice; the last definition, line {line}, is the stub"
    assert result.exercises[0].message.startswith(expected) and result.score == 0


def test_two_definitions_of_which_the_last_is_wrong_are_remarked_on() -> None:
    """With their lines; where the last is right nothing is said."""
    wrong = f"{RIGHT}\n\ndef rnn_cell(x, prev_h, Wx, Wh, b):\n    return x\n"
    (remark,) = judge_source(UNIT.id, wrong, exercises=["rnn_cell"]).exercises[0].remarks
    assert "rnn_cell is defined twice (lines " in remark
    again = f"def rnn_cell(x):\n    return x\n\n\n{RIGHT}"
    assert judge_source(UNIT.id, again, exercises=["rnn_cell"]).exercises[0].remarks == []


def test_a_definition_in_a_text_is_none() -> None:
    """Commented-out code is no second definition."""
    assert definitions('def f():\n    pass\n\n"""\ndef f():\n    pass\n"""\n', "f") == [1]


def test_check_says_what_grading_will_refuse(folder: Path, capsys) -> None:
    """A module that starts processes works at home; it is told beforehand that it will not."""
    head = "import numpy as np\n"
    text = RIGHT.replace(head, f"{head}import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])\n", 1)
    (folder / UNIT.module_file).write_text(text, encoding="utf-8")
    autograder.check("rnn_cell", folder=str(folder))
    shown = " ".join(capsys.readouterr().out.split())
    assert "When it is graded, your module may not do what it does here: start the process" in shown


# --- after an update ------------------------------------------------------------------------------


def test_start_says_which_kept_files_are_older(tmp_path: Path, monkeypatch) -> None:
    """Once the course was updated; not before, and not of a file that is as new."""
    origin = tmp_path / folders.RELEASED / UNIT.id
    origin.mkdir(parents=True)
    for name in (f"{UNIT.id}.ipynb", UNIT.module_file):
        (origin / name).write_text("first", encoding="utf-8")
    monkeypatch.setattr(folders, "course_root", lambda: tmp_path)
    runner = CliRunner()
    own = tmp_path / folders.WORK / UNIT.id / UNIT.module_file
    assert "newer" not in runner.invoke(cli, ["start", UNIT.id]).output
    own.write_text("my work", encoding="utf-8")
    assert "newer" not in runner.invoke(cli, ["start", UNIT.id]).output
    (origin / UNIT.module_file).write_text("second", encoding="utf-8")
    said = runner.invoke(cli, ["start", UNIT.id]).output
    assert f"{UNIT.module_file} was kept as it is; there is a newer version: {origin / UNIT.module_file}" in said
    assert f"{UNIT.id}.ipynb was kept" not in said and own.read_text(encoding="utf-8") == "my work"
    own.write_text("second", encoding="utf-8")
    assert "newer" not in runner.invoke(cli, ["start", UNIT.id]).output
