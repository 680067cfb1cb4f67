"""Results on disk (autograder/store.py)."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from small_course import make_result

from autograder import grade, store
from autograder.course import load_course
from autograder.errors import InfrastructureError, StoreError, UsageError
from autograder.results import Outcome
from autograder.store import ResultStore, check_digests, grader_files, reasons

UNIT = load_course().unit("02_bptt")


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A course folder with one submission, and a fixed salt."""
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    folder = tmp_path / "submitted" / "ada" / UNIT.id
    folder.mkdir(parents=True)
    (folder / UNIT.module_file).write_text("import helper\n", encoding="utf-8")
    (folder / "helper.py").write_text("x = 1\n", encoding="utf-8")
    return tmp_path


def key(here: Path, *, unit=UNIT, student: str | None = "ada") -> str:
    return ResultStore(here).key(unit, here / "submitted" / "ada" / UNIT.id, student)


def test_the_key_is_the_same_every_time(here):
    """Nothing changed, nothing to grade again."""
    assert key(here) == key(here)


def test_the_key_does_not_depend_on_where_the_submission_lies(here):
    """A copy of the folder (nbgrader makes one) has the same result."""
    original = here / "submitted" / "ada" / UNIT.id
    copy = here / "elsewhere" / UNIT.id
    copy.parent.mkdir()
    original.rename(copy)
    moved = ResultStore(here).key(UNIT, copy, "ada")
    copy.rename(original)
    assert moved == key(here)


@pytest.mark.parametrize("name", ["bptt.py", "helper.py"])
def test_a_changed_file_changes_the_key(here, name):
    """The module counts, and what it imports."""
    before = key(here)
    with (here / "submitted" / "ada" / UNIT.id / name).open("a") as file:
        file.write("# changed\n")
    assert key(here) != before


def test_a_missing_module_has_a_key_of_its_own(here):
    """A folder without the module can be graded (0 points) and stored."""
    before = key(here)
    (here / "submitted" / "ada" / UNIT.id / "bptt.py").unlink()
    assert key(here) != before


def test_notebooks_do_not_change_the_key(here):
    """The judge does not read notebooks."""
    before = key(here)
    (here / "submitted" / "ada" / UNIT.id / "02_bptt.ipynb").write_text("{}")
    assert key(here) == before


def test_student_salt_unit_and_python_change_the_key(here, monkeypatch):
    """Each of them changes the draw or the outcome."""
    keys = [key(here), key(here, student=None), key(here, student="bob"), key(here, unit=replace(UNIT, id="09_x"))]
    monkeypatch.setattr(store.platform, "python_version", lambda: "3.99.0")
    keys.append(key(here))
    monkeypatch.setenv("UNROLLED_SALT", "another")
    keys.append(key(here))
    assert len(set(keys)) == len(keys)


def test_a_changed_check_changes_the_key(here, monkeypatch):
    """A new version of a check makes old results void."""
    before = key(here)
    real = grader_files(Path(store.__file__).parent, UNIT)
    monkeypatch.setattr(store, "grader_files", lambda package, unit: [*real[:-1], (real[-1][0], real[-1][1] + b"#")])
    store._pieces_of_grader.cache_clear()  # as in a new process
    assert key(here) != before
    store._pieces_of_grader.cache_clear()


def test_the_grader_files_are_those_that_can_change_a_score():
    """Checks count; how results are shown and recorded does not, nor do other units' checks and mistakes."""
    names = {name for name, _ in grader_files(Path(store.__file__).parent, UNIT)}
    assert {"judge.py", "worker.py", f"checks/test_{UNIT.id}.py", f"mistakes/unit_{UNIT.id}.py"} <= names
    assert not names & {"cli.py", "release.py", "gradebook.py", "nbgrader_bridge.py"}
    assert not [name for name in names if "01_vanilla_rnn" in name]


def test_another_unit_s_files_count_if_they_are_imported(tmp_path):
    """A check that takes something from another unit's check changes with it, through further files too."""
    for name, text in {
        "checks/test_02_bptt.py": "from autograder.checks.shared import x\n",
        "checks/shared.py": "from autograder.checks import test_01_vanilla_rnn\n",
        "checks/test_01_vanilla_rnn.py": "",
        "checks/test_04_lstm_gru.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [name for name, _ in grader_files(tmp_path, UNIT)] == [
        "checks/shared.py",
        "checks/test_01_vanilla_rnn.py",
        "checks/test_02_bptt.py",
    ]


@pytest.mark.parametrize("unit", load_course().units, ids=lambda unit: unit.id)
def test_files_that_are_not_parsed_import_nothing(monkeypatch, unit):
    """Looking at the text before parsing it leaves nothing out."""
    package = Path(store.__file__).parent
    found = grader_files(package, unit)
    monkeypatch.setattr(store, "_may_import", lambda source, candidates: True)
    assert found == grader_files(package, unit)


@pytest.mark.parametrize(
    "source",
    [
        "import autograder.checks.test_04_lstm_gru as other, coursekit.data",
        "if True: from autograder.checks import (\n    test_04_lstm_gru,\n)",
        "def f():\n    from \\\n        coursekit.data import digits",
        "import autograder, \\\r\n    coursekit.data.digits",
        "from coursekit import (  # data\n    data as d)",
    ],
)
def test_every_way_of_importing_a_file_is_seen(tmp_path, source):
    """Statements over several lines, several in one line, other names: all count."""
    candidates = {"checks/test_04_lstm_gru.py", "coursekit/data/__init__.py", "coursekit/data/digits.py"}
    (tmp_path / "file.py").write_bytes(source.encode())
    ast.parse(source)
    assert store._imported(tmp_path / "file.py", candidates)


@pytest.mark.parametrize("change", ["points", "weights", "memory_mb", "edge_case_credit"])
def test_what_course_toml_says_of_the_unit_changes_the_key(here, monkeypatch, change):
    """Points, weights and limits move scores."""
    before, course = key(here), load_course()
    first, *rest = UNIT.exercises
    unit = UNIT
    if change == "points":
        unit = replace(UNIT, exercises=(replace(first, points=7.0), *rest))
    elif change == "weights":
        unit = replace(UNIT, exercises=(replace(first, weights=(0.5, 0.5)), *rest))
    elif change == "memory_mb":
        unit = replace(UNIT, memory_mb=1)
    else:
        monkeypatch.setattr(store, "load_course", lambda: replace(course, edge_case_credit=0.25))
        store._pieces_of_grader.cache_clear()
    assert key(here, unit=unit) != before
    store._pieces_of_grader.cache_clear()


def test_titles_and_other_units_do_not_change_the_key(here, monkeypatch):
    """A unit's results stay when another unit gets other points, or a title changes."""
    before, course = key(here), load_course()
    other = replace(course.units[0], call_cpu_seconds=99.0)
    monkeypatch.setattr(store, "load_course", lambda: replace(course, title="x", units=(other, *course.units[1:])))
    store._pieces_of_grader.cache_clear()
    assert key(here, unit=replace(UNIT, title="Another title")) == before
    store._pieces_of_grader.cache_clear()


CHECKS = """
SIZES = (1, 2)
def oracle(x): return helper(x)
def helper(x): return 2 * x
def cases(draw): return SIZES
@exercise("one", cases=cases)
def test_one(student, case, expect): expect.result(student.one(), y=oracle(1))
@exercise("two", cases=other_cases)
def test_two(student, case, expect): pass
def other_cases(draw): return ()
"""


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        ("2 * x", "3 * x", {"one"}),
        ("SIZES = (1, 2)", "SIZES = (1, 3)", {"one"}),
        ("return ()", "return (1,)", {"two"}),
        ("expect): pass", "expect): return", {"two"}),
        ("2 * x", "2 * x  # a comment", set()),
    ],
)
def test_digests_tell_which_checks_a_change_touches(old, new, touched):
    """A check consists of its test and of what that names in the file, in turn; comments are no part of it."""
    before, after = check_digests(CHECKS), check_digests(CHECKS.replace(old, new))
    assert {name for name in before if before[name] != after[name]} == touched


def test_reasons_are_words(here):
    """What differs between two results is said by name."""
    before = {"file/a.py": "1", "check/one": "1", "grader/checks/test_x.py": "1", "version/numpy": "2.0", "salt": "a"}
    assert reasons(before, before | {"file/a.py": "2"}) == ["another submission (a.py)"]
    assert reasons(before, before | {"check/one": "2", "grader/checks/test_x.py": "2"}) == ["the check of one"]
    assert reasons(before, before | {"version/numpy": "2.1"}) == ["numpy 2.0 → 2.1"]
    assert reasons(before, before | {"salt": "b", "grader/judge.py": "1"}) == ["the grader (judge.py)", "another salt"]
    assert reasons(before, before) == []


def test_a_proposed_result_is_seen_by_nobody_until_it_is_accepted(here):
    """It lies apart; accepting it moves it to the others, whatever it was made from with it."""
    proposed, results = ResultStore(here, proposed=True), ResultStore(here)
    proposed.save(UNIT, "ada", "k", make_result(UNIT, 1.0), {"salt": "a"})
    assert results.load(UNIT, "ada", "k") is None and not list(results.history(UNIT, "ada"))
    results.accept(UNIT, "ada", "k")
    (kept,) = results.history(UNIT, "ada")
    assert (kept.key, kept.result, kept.pieces) == ("k", make_result(UNIT, 1.0), {"salt": "a"})
    assert proposed.load(UNIT, "ada", "k") is None


def test_a_result_comes_back_as_it_was(here):
    """What is saved is what is loaded."""
    results, result = ResultStore(here), make_result(UNIT, 0.5)
    results.save(UNIT, "ada", "k", result)
    assert results.load(UNIT, "ada", "k") == result


def test_results_lie_side_by_side(here):
    """Another key does not overwrite the first one, another student is another folder."""
    results = ResultStore(here)
    results.save(UNIT, "ada", "k1", make_result(UNIT, 0.5))
    results.save(UNIT, "ada", "k2", make_result(UNIT, 1.0))
    results.save(UNIT, None, "k1", make_result(UNIT, 0.0))
    assert results.load(UNIT, "ada", "k1") == make_result(UNIT, 0.5)
    assert results.load(UNIT, None, "k1") == make_result(UNIT, 0.0)


def test_an_unknown_key_is_none(here):
    """Nothing there is no error."""
    assert ResultStore(here).load(UNIT, "ada", "k") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unit": "02_bptt"}', "nonsense"])
def test_a_damaged_result_is_none(here, text):
    """A file that somebody spoilt is graded again, not trusted."""
    results = ResultStore(here)
    results.save(UNIT, "ada", "k", make_result(UNIT, 1.0))
    results.file(UNIT, "ada", "k").write_text(text)
    assert results.load(UNIT, "ada", "k") is None


def test_a_failure_of_the_grader_is_never_kept(here):
    """An outcome `environment` is no score."""
    result = make_result(UNIT, 0.0)
    result.exercises[3].parts[0].outcome = Outcome.ENVIRONMENT
    with pytest.raises(InfrastructureError, match="rnn_step_backward"):
        ResultStore(here).save(UNIT, "ada", "k", result)
    assert not list((here / ".autograder").rglob("*.json"))


def test_points_that_are_no_number_are_never_kept(here):
    """NaN would be full marks in nbgrader."""
    result = make_result(UNIT, 0.0)
    result.exercises[0].points = float("nan")
    with pytest.raises(InfrastructureError, match="nan"):
        ResultStore(here).save(UNIT, "ada", "k", result)


@pytest.mark.parametrize("name", ["../bob", "a/b", "", ".", "..", "a\\b", " "])
def test_a_name_that_leaves_the_folder_is_refused(here, name):
    """A student's name is one folder."""
    with pytest.raises(UsageError, match="student's name"):
        ResultStore(here).file(UNIT, name, "k")


def test_nothing_is_left_of_a_write_that_fails(here, monkeypatch):
    """A full disk is a StoreError, and neither half a result nor a temporary file stays."""

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.folders.os, "replace", full)
    with pytest.raises(StoreError, match="No space left"):
        ResultStore(here).save(UNIT, "ada", "k", make_result(UNIT, 1.0))
    assert not [path for path in (here / ".autograder").rglob("*") if path.is_file() and path.name != "salt"]


def test_a_submission_is_graded_once(here, monkeypatch):
    """The second time the result comes from the disk."""
    calls = []

    def judge(unit_id, path, *, student, draw):
        calls.append((unit_id, student, draw.hidden))
        return make_result(UNIT, 1.0)

    monkeypatch.setattr(grade, "grade_submission", judge)
    path = here / "submitted" / "ada" / UNIT.id
    first = ResultStore(here).result(UNIT, path, "ada")
    assert ResultStore(here).result(UNIT, path, "ada") == first
    assert calls == [(UNIT.id, "ada", True)]


def test_the_json_of_a_result_has_every_field():
    """Nothing that a result, an exercise or a part says is left out, and the order is that of the fields."""
    result = make_result(UNIT, 0.5)
    assert json.dumps(result.to_json()) == json.dumps(asdict(result))


def test_results_are_plain_json(here):
    """Other programs can read them."""
    results = ResultStore(here)
    results.save(UNIT, "ada", "k", make_result(UNIT, 0.5))
    data = json.loads(results.file(UNIT, "ada", "k").read_text(encoding="utf-8"))
    assert data["unit"] == UNIT.id and len(data["exercises"]) == len(UNIT.exercises)
