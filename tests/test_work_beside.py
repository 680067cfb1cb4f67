"""The module is missing or unwritten and the work lies beside it: graded or named, never silently empty."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from autograder.archives import zip_bytes
from autograder.collect import Collected, collect
from autograder.course import load_course
from autograder.grade import grade_submission
from autograder.roster import read_roster
from autograder.sandbox import PROCESS
from autograder.store import ResultStore
from autograder.submission import read_submission
from autograder.work_beside import functions_of, is_unwritten, look_beside, written_in

COURSE = load_course()
UNIT = COURSE.unit("01_vanilla_rnn")
NAMES = functions_of(UNIT)
STUB = "import numpy as np\n\n" + "".join(
    f'def {name}(x):\n    """What it does."""\n    # YOUR CODE HERE\n    raise NotImplementedError("{name}")\n\n\n'
    for name in NAMES
)
WORK = "import numpy as np\n\n" + "".join(f"def {name}(x):\n    return np.tanh(x)\n\n\n" for name in NAMES)
OTHER = WORK.replace("tanh", "sin")


def put(path: Path, text: str) -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def notebook(*cells: str) -> str:
    """A notebook with a title and these code cells."""
    found = [{"cell_type": "markdown", "metadata": {}, "source": "# Title"}]
    found += [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in cells]
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.id)
def test_released_stubs_are_unwritten_and_solutions_are_not(unit, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """In every unit; and the released notebook has no function of the unit in a cell."""
    course = Path(__file__).parents[1]
    released = course / "notebooks" / unit.id
    assert is_unwritten(unit, (released / unit.module_file).read_bytes())
    assert look_beside(unit, released, released / unit.module_file).sentences == ()
    solution = (course / "solutions" / unit.id / unit.module_file).read_bytes()
    assert written_in(unit, solution) == functions_of(unit)


@pytest.mark.parametrize(
    ("text", "unwritten"),
    [
        (STUB, True),
        ("", True),
        ("import numpy as np\n", True),
        (STUB.replace("# YOUR CODE HERE", "# todo, tomorrow").replace("What it does.", "Notes of mine."), True),
        (STUB.replace("raise NotImplementedError", "pass  # raise NotImplementedError"), True),
        (STUB + "rnn_cell = lambda x: x\n", False),
        (STUB + "from cells import *\n", False),
        (STUB + "from cells import rnn_cell\n", False),
        (STUB + "exec(open('cells.txt').read())\n", False),
        (STUB + "if True:\n    def rnn_cell(x):\n        return x\n", False),
        ("def rnn_cell(x):\n    if x:\n        return x\n    raise NotImplementedError('other')\n", False),
        ("def rnn_cell(x):\n    x = = 3\n", False),
    ],
)
def test_unwritten_is_what_surely_does_nothing(text: str, unwritten: bool) -> None:
    """Comments and docstrings do not count; anything that may define a function does."""
    assert is_unwritten(UNIT, text.encode()) is unwritten


COPIES = [
    "vanilla_rnn (1).py",
    "vanilla_rnn-1.py",
    "my work/vanilla_rnn.py",
    "vanilla_rnn.py.txt",
    "vanilla_rnn.PY",
    "vanilla_rnn.py (1)",
    "vanilla_rnn/__init__.py",
    "final/v2/homework.py",
    "Vanilla_RNN_final.py",
    "Copy of vanilla_rnn.py",
]


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("stub", [True, False])
def test_the_one_file_with_the_functions_is_read(name: str, stub: bool, tmp_path: Path) -> None:
    """Beside a stub or instead of one; it is said which and why."""
    put(tmp_path / name, WORK)
    if stub:
        put(tmp_path / "vanilla_rnn.py", STUB)
    found = read_submission(UNIT, tmp_path)
    assert found.main == "vanilla_rnn.py" and found.files["vanilla_rnn.py"].decode() == WORK
    why = "none of the functions written" if stub else "there is no vanilla_rnn.py"
    assert found.beside[0].startswith(f"{name} is taken for vanilla_rnn.py") and why in found.beside[0]


def test_two_that_differ_need_a_person(tmp_path: Path) -> None:
    """Both are named, neither is graded; two that are the same but for comments are one."""
    put(tmp_path / "vanilla_rnn.py", STUB)
    put(tmp_path / "vanilla_rnn (1).py", WORK)
    put(tmp_path / "a" / "vanilla_rnn.py", "# a comment\n" + WORK)
    assert read_submission(UNIT, tmp_path).main is not None
    put(tmp_path / "b" / "vanilla_rnn.py", OTHER)
    found = read_submission(UNIT, tmp_path)
    assert found.main is None and "needs a person" in found.problem
    assert "vanilla_rnn (1).py" in found.problem and "b/vanilla_rnn.py" in found.problem


def test_a_written_module_is_graded_as_it_is(tmp_path: Path) -> None:
    """An old copy beside it is nothing to remark on, nor is one function of it missing."""
    put(tmp_path / "vanilla_rnn.py", WORK.split("\n\n\n")[0])
    put(tmp_path / "vanilla_rnn (1).py", OTHER)
    found = read_submission(UNIT, tmp_path)
    assert found.beside == () and "tanh" in found.files["vanilla_rnn.py"].decode()


def test_a_blank_submission_stays_blank(tmp_path: Path) -> None:
    """Copies of the stub and a notebook without functions are no work."""
    put(tmp_path / "vanilla_rnn.py", STUB)
    put(tmp_path / "vanilla_rnn (1).py", STUB)
    put(tmp_path / "01_vanilla_rnn.ipynb", notebook("from vanilla_rnn import rnn_cell", "rnn_cell(1)"))
    found = read_submission(UNIT, tmp_path)
    assert found.main == "vanilla_rnn.py" and found.beside == () and found.problem == ""


def test_functions_in_cells_are_named_not_graded(tmp_path: Path) -> None:
    """With the cell's number; magics in the cell do not hide them."""
    put(tmp_path / "vanilla_rnn.py", STUB)
    put(tmp_path / "01_vanilla_rnn.ipynb", notebook("x = 1", "%matplotlib inline\ndef rnn_cell(x):\n    return x"))
    found = read_submission(UNIT, tmp_path)
    assert found.main is None
    assert "rnn_cell stands in cell 3 of 01_vanilla_rnn.ipynb; only vanilla_rnn.py counts" in found.problem


def test_pointers_and_archives_are_named(tmp_path: Path) -> None:
    """A Git LFS pointer is not the file; what is not opened is said, and what else is there."""
    put(tmp_path / "vanilla_rnn.py", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
    put(tmp_path / "homework.rar", "Rar!")
    found = read_submission(UNIT, tmp_path)
    assert "vanilla_rnn.py is a Git LFS pointer: the file itself was not handed in." in found.problem
    assert "It holds homework.rar, which is not opened." in found.problem
    (tmp_path / "vanilla_rnn.py").unlink()
    put(tmp_path / "essay.html", "")
    assert "essay.html" in read_submission(UNIT, tmp_path).problem


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Nobody hands in a link to somebody else's module."""
    other = put(tmp_path / "other" / "work.py", WORK)
    put(tmp_path / "own" / "vanilla_rnn.py", STUB)
    (tmp_path / "own" / "vanilla_rnn (1).py").symlink_to(other)
    assert read_submission(UNIT, tmp_path / "own").beside == ()


def test_the_result_says_it_and_its_key_depends_on_it(tmp_path: Path) -> None:
    """The note is in the result for a person, and where the student reads; another file beside is another key."""
    put(tmp_path / "nothing" / "vanilla_rnn.py", STUB)
    put(tmp_path / "nothing" / "n.ipynb", notebook("def readout(x):\n    return x"))
    result = grade_submission(UNIT.id, tmp_path / "nothing", stack=PROCESS)
    assert "readout stands in cell 2 of n.ipynb" in result.message and "cell 2" in result.notes[0]
    put(tmp_path / "copy" / "vanilla_rnn.py", STUB)
    store = ResultStore(tmp_path)
    before = store.key(UNIT, tmp_path / "copy", "ada")
    put(tmp_path / "copy" / "vanilla_rnn (1).py", WORK)
    assert store.key(UNIT, tmp_path / "copy", "ada") != before
    result = grade_submission(UNIT.id, tmp_path / "copy", exercises=["rnn_cell"], stack=PROCESS)
    said = "vanilla_rnn (1).py is taken for vanilla_rnn.py"
    assert result.message == "" and said in result.notes[0] and said in result.exercises[0].remarks[0]


# ── collecting ────────────────────────────────────────────────────────────────────────────────────────


def collected(tmp_path: Path, **options: object) -> dict[str, Collected]:
    """Collect what is in the folder `download`."""
    (tmp_path / "course").mkdir(exist_ok=True)
    _, lines = collect(UNIT, COURSE, tmp_path / "course", tmp_path / "download", **options)  # type: ignore[arg-type]
    return {line.student or line.called: line for line in lines}


@pytest.mark.parametrize(
    ("stub", "work"),
    [
        ("vanilla_rnn.py", "my work/vanilla_rnn.py"),
        ("01_vanilla_rnn/vanilla_rnn.py", "vanilla_rnn.py"),
        ("a/vanilla_rnn.py", "b/vanilla_rnn.py"),
        ("a/vanilla_rnn.py", "b/homework.py"),
    ],
)
def test_collecting_keeps_the_work_wherever_it_lies(stub: str, work: str, tmp_path: Path) -> None:
    """What is graded afterwards is the written one, and the table says so."""
    put(tmp_path / "download" / "ada" / stub, STUB)
    put(tmp_path / "download" / "ada" / work, WORK)
    line = collected(tmp_path, kind="folders")["ada"]
    assert line.what == "new", line.problem
    found = read_submission(UNIT, tmp_path / "course" / "submitted" / "ada" / UNIT.id)
    assert found.files["vanilla_rnn.py"].decode() == WORK
    assert any("taken for" in note for note in line.notes)


def test_collecting_opens_a_zip_in_a_zip_and_names_what_it_does_not_open(tmp_path: Path) -> None:
    """hw.zip in which work.zip holds the module; hw.rar."""
    folder = tmp_path / "download" / "Ada_501_assignsubmission_file"
    folder.mkdir(parents=True)
    (folder / "hw.zip").write_bytes(zip_bytes({"work.zip": zip_bytes({"vanilla_rnn.py": WORK.encode()})}))
    put(tmp_path / "download" / "Bo_502_assignsubmission_file" / "hw.rar", "Rar!")
    lines = collected(tmp_path, kind="moodle")
    assert (tmp_path / "course" / "submitted" / "Ada" / UNIT.id / "vanilla_rnn.py").read_text() == WORK
    assert any("It holds hw.rar, which is not opened" in note for note in lines["Bo"].notes)


def repository(folder: Path, files: dict[str, str], day: int, branch: str = "main") -> Path:
    """A repository with a commit of these files on a branch."""
    folder.mkdir(parents=True, exist_ok=True)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder)]
    if not (folder / ".git").exists():
        subprocess.run([*git, "init", "-q", "-b", branch], check=True)
    else:
        subprocess.run([*git, "checkout", "-q", "-b", branch], check=True)
    for name, text in files.items():
        put(folder / name, text)
    subprocess.run([*git, "add", "-A"], check=True)
    time = f"2027-03-{day:02}T12:00:00Z"
    environment = {"GIT_COMMITTER_DATE": time, "GIT_AUTHOR_DATE": time, "PATH": "/usr/bin:/bin:/usr/local/bin"}
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True, env=environment)
    return folder


def test_work_on_another_branch_is_named_not_graded(tmp_path: Path) -> None:
    """With the branch's name and the functions; what is on the branch that is taken stays what counts."""
    folder = repository(tmp_path / "download" / "rnn-ada", {"vanilla_rnn.py": STUB}, 1)
    repository(folder, {"vanilla_rnn.py": WORK}, 2, "feature")
    subprocess.run(["git", "-C", str(folder), "checkout", "-q", "main"], check=True)
    line = next(iter(collected(tmp_path, kind="git").values()))
    assert any(note.startswith("branch feature (2027-03-02 12:00 UTC) defines") for note in line.notes)
    subprocess.run(["git", "-C", str(folder), "pack-refs", "--all"], check=True)
    assert any("branch feature" in note for note in next(iter(collected(tmp_path, kind="git").values())).notes)


def test_an_old_branch_beside_finished_work_is_not_named(tmp_path: Path) -> None:
    """Only newer branches, where the one taken has work."""
    folder = repository(tmp_path / "download" / "rnn-ada", {"vanilla_rnn.py": OTHER}, 1, "draft")
    repository(folder, {"vanilla_rnn.py": WORK}, 2, "main")
    line = next(iter(collected(tmp_path, kind="git").values()))
    assert not any("branch" in note for note in line.notes)


def test_numbered_copies_of_a_repository_are_a_last_resort(tmp_path: Path) -> None:
    """rnn-ada-dev-1 and -2 are ada-dev's, the newest commit counts; beside rnn-bo a rnn-bo-1 is not taken."""
    people = read_roster(put(tmp_path / "roster.csv", "id,github\nada,ada-dev\nbo,bo\n"))
    repository(tmp_path / "download" / "rnn-ada-dev-1", {"vanilla_rnn.py": WORK}, 9)
    repository(tmp_path / "download" / "rnn-ada-dev-2", {"vanilla_rnn.py": OTHER}, 3)
    repository(tmp_path / "download" / "rnn-bo", {"vanilla_rnn.py": WORK}, 1)
    repository(tmp_path / "download" / "rnn-bo-1", {"vanilla_rnn.py": OTHER}, 5)
    lines = collected(tmp_path, kind="git", roster=people)
    submitted = tmp_path / "course" / "submitted"
    assert (submitted / "ada" / UNIT.id / "vanilla_rnn.py").read_text() == WORK
    assert (submitted / "bo" / UNIT.id / "vanilla_rnn.py").read_text() == WORK
    assert any("taken for the repository of ada" in note for note in lines["ada"].notes)
    assert "second copy of rnn-bo" in lines["rnn-bo-1"].problem
