"""The round through nbgrader: release, hand in, grade, gradebook, feedback, export."""

from __future__ import annotations

import csv
import html
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from patience import HANGS
from small_course import HOME, make_course, make_result

from autograder import database, grade, gradebook, gradebook_session, graded_notebook
from autograder.course import load_course
from autograder.database import GradebookGoneError, check_gradebook
from autograder.errors import InfrastructureError, StoreError, UsageError
from autograder.gradebook import ensure_registered, read_scores, record_class, submitted_students
from autograder.release import quiet_nbgrader, release
from autograder.results import Outcome
from autograder.store import ResultStore

UNIT = load_course().unit("02_bptt")
COURSE = load_course().name


# ── a room with a made-up judge: fast, and any result can be had ──────────────


@pytest.fixture(scope="module")
def empty_room(tmp_path_factory) -> Path:
    """A released course with small notebooks, in the gradebook, before anybody has handed in."""
    root = make_course(tmp_path_factory.mktemp("room") / "course")
    release([UNIT.id], root=root)
    ensure_registered(UNIT, root, url(root))
    return root


@pytest.fixture(scope="module")
def on_server(empty_room, postgres) -> str:
    """The address of a database on a server that holds the same."""
    address = postgres.database()
    ensure_registered(UNIT, empty_room, address)
    return address


@pytest.fixture(params=["at once", "by nbgrader's steps", "at once, PostgreSQL"])
def room(empty_room, tmp_path, monkeypatch, request) -> Path:
    """A copy of it, where the judge gives each module the share of points that it asks for in its first line.

    Whatever is said of it holds for both ways of recording, into a file and into a database on a server.
    """
    if not request.param.startswith("at once"):
        monkeypatch.setattr(gradebook, "is_standard", lambda config: False)
    if request.param.endswith("PostgreSQL"):
        original = request.getfixturevalue("on_server")
        monkeypatch.setenv("UNROLLED_DB", request.getfixturevalue("postgres").database(original))
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")

    def judge(unit_id, path, *, student, draw):
        text = (path / UNIT.module_file).read_text(encoding="utf-8")
        if text.startswith("grader fails"):
            raise InfrastructureError("The grader failed.")
        return make_result(UNIT, float(text), student=student)

    monkeypatch.setattr(grade, "grade_submission", judge)
    return Path(shutil.copytree(empty_room, tmp_path / "course"))


def url(root: Path) -> str:
    return os.environ.get("UNROLLED_DB") or f"sqlite:///{root / 'gradebook.db'}"


def hand_in(root: Path, student: str, module: str | None, *, notebook: bool = True) -> Path:
    folder = root / "submitted" / student / UNIT.id
    folder.mkdir(parents=True, exist_ok=True)
    if module is not None:
        (folder / UNIT.module_file).write_text(module, encoding="utf-8")
    if notebook:
        shutil.copy(root / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb", folder)
    return folder / f"{UNIT.id}.ipynb"


def change(path: Path, how) -> None:
    """Read a notebook, let `how` spoil it, write it without asking whether it is valid."""
    notebook = nbformat.read(path, as_version=4)
    how(notebook)
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")


def test_cell(notebook, exercise_id: str):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"test_{exercise_id}")


test_cell.__test__ = False  # a helper, whatever pytest makes of its name


def scores(root: Path, student: str) -> dict[str, float | None]:
    return read_scores(UNIT, student, url(root), COURSE)


def shares(share: float) -> dict[str, float]:
    return {exercise.id: share * exercise.points for exercise in UNIT.exercises}


def manual_cell(root: Path, student: str) -> tuple[float | None, bool]:
    """Automatic score of the answer in words, and whether a person has to look at it."""
    with quiet_nbgrader(), gradebook.open_gradebook(url(root), COURSE) as gb:
        grade_ = gb.find_grade("q_why_sum", UNIT.id, UNIT.id, student)
        return grade_.auto_score, bool(grade_.needs_manual_grade)


def record(root: Path, *, feedback: bool = False) -> dict[str, gradebook.Recorded]:
    return {entry.student: entry for entry in record_class(UNIT.id, root=root, feedback=feedback)}


@pytest.mark.parametrize("share", [0.0, 1 / 3, 0.5, 1.0])
def test_partial_points_reach_the_gradebook(room, share):
    """The judge's points are in the gradebook cell by cell, a zero as an explicit zero."""
    hand_in(room, "ada", str(share))
    (entry,) = record(room).values()
    assert entry.ok and entry.changed and not entry.notes
    assert scores(room, "ada") == shares(share)


def test_points_are_clamped():
    """nbgrader gives full marks for a negative number and stops at one above the most."""
    assert [graded_notebook.clamp(p, 4) for p in (-1, 0, 2.5, 4, 4.0000001)] == [0, 0, 2.5, 4, 4]


def test_a_student_nobody_knew_is_added(room):
    """No list of students has to be kept."""
    hand_in(room, "new one", "1")
    assert record(room)["new one"].ok and scores(room, "new one") == shares(1)


def test_a_name_with_pattern_characters_is_that_student_only(room):
    """nbgrader takes a student's name for a file pattern; ours are plain names."""
    for name in ("a1", "a[1]"):
        hand_in(room, name, "1")
    assert [e.student for e in record_class(UNIT.id, ["a[1]"], root=room) if e.ok] == ["a[1]"]
    assert scores(room, "a1") == {} and scores(room, "a[1]") == shares(1)


def test_forged_outputs_do_not_count(room):
    """Numbers, errors and stderr that a student left in a test cell are gone before the judge's score comes."""

    def forge(notebook):
        outputs = test_cell(notebook, "rnn_backward").outputs
        outputs.append(nbformat.v4.new_output("execute_result", data={"text/plain": "15.0"}, execution_count=1))
        outputs = test_cell(notebook, "rnn_forward").outputs
        outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a warning"))

    change(hand_in(room, "ada", "0.5"), forge)
    assert record(room)["ada"].ok and scores(room, "ada") == shares(0.5)


def test_outputs_elsewhere_stay_but_cannot_run(room):
    """What a student's experiments showed is kept, as text and pictures; scripts are not."""

    def show(notebook):
        png = nbformat.v4.new_output("display_data", data={"image/png": "aGVsbG8=", "text/html": "<script>1</script>"})
        bad = nbformat.v4.new_output("display_data", data={"image/png": '"><script>2</script>'})
        out = nbformat.v4.new_output("stream", text="my result\n")
        notebook.cells[2].outputs = [png, bad, out]

    change(hand_in(room, "ada", "1"), show)
    text = record(room)["ada"].autograded.joinpath(f"{UNIT.id}.ipynb").read_text(encoding="utf-8")
    assert "my result" in text and "aGVsbG8=" in text and "<script>" not in text


def test_markdown_cannot_carry_code_into_the_formgrader(room):
    """Tags in a student's text are shown, not obeyed; our own text keeps its tags, formulas stay readable."""

    def plant(notebook):
        notebook.metadata["widgets"] = {"x": "<script>1</script>"}
        cell = notebook.cells[3]
        cell.source = "Since $a<b$: <script>2</script><img src=x onerror=3>"
        cell.metadata["tags"] = ["<script>4</script>"]
        cell.attachments = {'x"><script>5</script>': {"image/png": "aGVsbG8="}, "ok.png": {"image/png": "aGVsbG8="}}

    change(hand_in(room, "ada", "1"), plant)
    entry = record(room, feedback=True)["ada"]
    text = entry.autograded.joinpath(f"{UNIT.id}.ipynb").read_text(encoding="utf-8")
    assert "<script" not in text and "<img" not in text and "$a< b$" in text and "ok.png" in text
    assert not re.search(r"<script>\d", entry.feedback.read_text(encoding="utf-8"))


def test_ten_megabytes_of_output_are_cut(room):
    """A notebook full of prints does not fill the instructor's disk."""
    path = hand_in(room, "ada", "1")
    change(path, lambda nb: nb.cells[2].update(outputs=[nbformat.v4.new_output("stream", text="x" * 10**7)]))
    graded = record(room)["ada"].autograded / f"{UNIT.id}.ipynb"
    assert graded.stat().st_size < 100_000


@pytest.mark.parametrize(
    "spoil",
    [
        lambda nb: nb.cells.remove(test_cell(nb, "rnn_backward")),
        lambda nb: nb.cells.__delitem__(slice(1, None)),
        lambda nb: nb.cells.append(nbformat.from_dict({**test_cell(nb, "rnn_backward"), "id": "copy"})),
        lambda nb: nb.cells.append(nbformat.from_dict(test_cell(nb, "rnn_backward"))),
        lambda nb: test_cell(nb, "rnn_backward").metadata.nbgrader.update(points=1000),
        lambda nb: test_cell(nb, "rnn_backward").metadata.nbgrader.update(solution=True),
        lambda nb: test_cell(nb, "rnn_backward").metadata.nbgrader.update(grade=False),
        lambda nb: test_cell(nb, "rnn_backward").metadata.nbgrader.update(schema_version=1),
        lambda nb: test_cell(nb, "rnn_backward").metadata.nbgrader.pop("points"),
        lambda nb: test_cell(nb, "rnn_backward").metadata.update(nbgrader="nonsense"),
        lambda nb: test_cell(nb, "rnn_backward").metadata.nbgrader.update(grade_id="test_mine"),
        lambda nb: test_cell(nb, "rnn_backward").update(source="15.0"),
        lambda nb: test_cell(nb, "rnn_backward").update(cell_type="markdown"),
        lambda nb: nb.metadata.clear(),
    ],
    ids=["deleted", "all deleted", "copied", "copied with its id", "more points", "made a solution", "made no grade",
         "old schema", "no points", "no metadata", "renamed", "rewritten", "made text", "no kernel"],
)  # fmt: skip
def test_a_spoilt_test_cell_costs_nothing_and_brings_nothing(room, spoil):
    """However the test cells were treated, each exercise gets the judge's points, once."""
    change(hand_in(room, "ada", "0.5"), spoil)
    entry = record(room)["ada"]
    assert entry.ok and not entry.notes and scores(room, "ada") == shares(0.5)


def test_an_answer_in_words_waits_for_a_person(room):
    """A written answer has no automatic score."""
    path = hand_in(room, "ada", "1")
    change(path, lambda nb: nb.cells[3].update(source="Because of the chain rule."))
    record(room)
    assert manual_cell(room, "ada") == (None, True)


def test_no_answer_is_zero(room):
    """An untouched answer cell scores 0 by itself, as in nbgrader."""
    hand_in(room, "ada", "1")
    record(room)
    assert manual_cell(room, "ada") == (0, False)


def test_a_deleted_answer_waits_for_a_person(room):
    """A lost cell is not the same as no answer."""
    change(hand_in(room, "ada", "1"), lambda nb: nb.cells.pop(3))
    record(room)
    assert manual_cell(room, "ada") == (None, True)


@pytest.mark.parametrize(
    "content", ["{ not json", "", "[]", "null", '{"cells": 3}', '{"cells": [{}], "nbformat": 4}', "[" * 10**5]
)
def test_an_unreadable_notebook_does_not_cost_the_module(room, content):
    """The module is scored, the answers wait for a person, the file stays as it was, and the report says so."""
    path = hand_in(room, "ada", "0.5")
    path.write_text(content, encoding="utf-8")
    entry = record(room, feedback=content == "[]")["ada"]
    assert entry.ok and scores(room, "ada") == shares(0.5) and manual_cell(room, "ada") == (None, True)
    assert "cannot be read" in entry.notes[0] and path.read_text(encoding="utf-8") == content
    if entry.feedback is not None:
        assert "could not be read" in entry.feedback.read_text(encoding="utf-8")


def test_bytes_that_are_no_text_are_an_unreadable_notebook(room):
    """A notebook in another encoding is handled like one that is no JSON."""
    path = hand_in(room, "ada", "0.5")
    path.write_bytes(b"\xff\xfe\x00\x81")
    entry = record(room)["ada"]
    assert entry.ok and scores(room, "ada") == shares(0.5) and path.read_bytes() == b"\xff\xfe\x00\x81"
    assert len(entry.notes) == 1 and entry.autograded is not None


def test_a_misnamed_notebook_is_taken_and_pointed_out(room):
    """A notebook of the unit under another name counts, and the instructor hears of it."""
    path = hand_in(room, "ada", "0.5")
    path.rename(path.with_name("copy of it.ipynb"))
    entry = record(room)["ada"]
    assert entry.ok and scores(room, "ada") == shares(0.5)
    assert entry.notes == ["copy of it.ipynb was taken for 02_bptt.ipynb, which was not handed in"]
    assert manual_cell(room, "ada") == (0, False)


def test_a_notebook_of_something_else_is_pointed_out(room):
    """It is not read, and the instructor hears of it."""
    path = hand_in(room, "ada", "0.5")
    path.with_name("holidays.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    path.unlink()
    entry = record(room)["ada"]
    assert entry.ok and scores(room, "ada") == shares(0.5) and "but holidays.ipynb" in entry.notes[0]


def test_a_module_without_a_notebook_is_scored(room):
    """nbgrader passes over such a submission; we do not, and do not touch it."""
    hand_in(room, "ada", "0.5", notebook=False)
    entry = record(room)["ada"]
    assert entry.ok and scores(room, "ada") == shares(0.5) and manual_cell(room, "ada") == (None, True)
    assert "no 02_bptt.ipynb was handed in" in entry.notes[0]
    assert sorted(p.name for p in (room / "submitted" / "ada" / UNIT.id).iterdir()) == [UNIT.module_file]
    assert not record(room)["ada"].changed


def test_the_second_run_changes_nothing(room):
    """What the gradebook already has is not written again: marks set by hand keep their state."""
    hand_in(room, "ada", "0.5")
    first = record(room, feedback=True)["ada"]
    second = record(room, feedback=True)["ada"]
    assert first.changed and second.ok and not second.changed
    assert second.feedback == first.feedback and first.feedback.is_file()


def test_a_new_module_is_graded_again(room):
    """A changed submission replaces its own earlier scores."""
    hand_in(room, "ada", "0.5")
    record(room)
    hand_in(room, "ada", "1")
    assert record(room)["ada"].changed and scores(room, "ada") == shares(1)


def test_a_score_by_hand_survives_a_regrade(room):
    """What a person gave stays, and the cell is marked for another look."""
    hand_in(room, "ada", "0.5")
    record(room)
    with quiet_nbgrader(), gradebook.open_gradebook(url(room), COURSE) as gb:
        gb.find_grade("test_rnn_backward", UNIT.id, UNIT.id, "ada").manual_score = 14
        gb.db.commit()
    hand_in(room, "ada", "1")
    record(room)
    with quiet_nbgrader(), gradebook.open_gradebook(url(room), COURSE) as gb:
        grade_ = gb.find_grade("test_rnn_backward", UNIT.id, UNIT.id, "ada")
        assert grade_.manual_score == 14 and grade_.auto_score == 15 and grade_.needs_manual_grade


def test_a_failure_of_the_grader_leaves_no_old_score(room):
    """A regrade that fails takes the old score back, says why, and the others are graded."""
    for name in ("ada", "bob"):
        hand_in(room, name, "1")
    record(room)
    hand_in(room, "ada", "grader fails")
    hand_in(room, "bob", "0.5")
    entries = record(room)
    assert not entries["ada"].ok and entries["ada"].reason == "The grader failed."
    assert set(scores(room, "ada").values()) == {None}
    assert entries["bob"].ok and scores(room, "bob") == shares(0.5)


def test_a_problem_from_outside_takes_the_old_score_back(room):
    """Who could not be judged by the pool has no score, old page or second try here."""
    hand_in(room, "ada", "1")
    page = record(room, feedback=True)["ada"].feedback
    (entry,) = record_class(UNIT.id, ["ada"], root=room, problems={"ada": "the pool broke"})
    assert not entry.ok and entry.reason == "the pool broke"
    assert set(scores(room, "ada").values()) == {None} and not page.exists()
    assert record(room)["ada"].ok and scores(room, "ada") == shares(1)


def test_a_left_over_folder_of_a_killed_run_is_done_again(room):
    """nbgrader would skip it with exit code 0 and no score."""
    hand_in(room, "ada", "0.5")
    folder = room / "autograded" / "ada" / UNIT.id
    folder.mkdir(parents=True)
    shutil.copy(room / "submitted" / "ada" / UNIT.id / f"{UNIT.id}.ipynb", folder)
    assert record(room)["ada"].ok and scores(room, "ada") == shares(0.5)


def test_a_notebook_that_breaks_nbgrader_still_counts(room, monkeypatch):
    """If nbgrader cannot process a notebook at all, the scores go into the gradebook without it."""
    monkeypatch.setattr(gradebook, "_run", lambda *args, **options: "boom")
    monkeypatch.setattr(gradebook, "record_at_once", lambda *args: {}["boom"])
    hand_in(room, "ada", "0.5")
    entry = record(room)["ada"]
    assert entry.ok and scores(room, "ada") == shares(0.5) and manual_cell(room, "ada") == (None, True)
    assert "boom" in entry.notes[0]


def test_a_student_who_handed_in_nothing_is_said_so(room):
    """Asked for by name, without a submission: a sentence, no score, no exception."""
    hand_in(room, "ada", "1")
    entries = record_class(UNIT.id, ["bob", "ada"], root=room)
    assert [entry.ok for entry in entries] == [False, True]
    assert "bob has handed in nothing" in entries[0].reason


def test_an_empty_class_is_a_usage_error(room):
    """The message says where submissions go."""
    with pytest.raises(UsageError, match="submitted/<student>/02_bptt"):
        record_class(UNIT.id, root=room)


def test_a_unit_that_is_not_released_is_a_store_error(room):
    """The message says what to run."""
    hand_in(room, "ada", "1")
    shutil.rmtree(room / "notebooks")
    with pytest.raises(StoreError, match="autograder release 02_bptt"):
        record_class(UNIT.id, root=room)


def test_added_cells_after_submissions_are_a_store_error(room):
    """nbgrader refuses to change the cells of a unit that has submissions; the reason gets through."""
    hand_in(room, "ada", "1")
    record(room)
    text = room / "solutions" / UNIT.id / f"{UNIT.id}.nb.py"
    text.write_text(text.read_text(encoding="utf-8").replace("q_why_sum", "q_why_product"), encoding="utf-8")
    release([UNIT.id], root=room)
    with pytest.raises(StoreError, match="Cannot add or remove cells"):
        record_class(UNIT.id, root=room)
    assert scores(room, "ada") == shares(1)


def test_progress_is_told_one_by_one(room):
    """A progress bar gets each student as it is done."""
    for name in ("ada", "bob"):
        hand_in(room, name, "1")
    told = []
    entries = record_class(UNIT.id, root=room, progress=told.append)
    assert told == entries and [entry.student for entry in told] == submitted_students(UNIT, room)


# ── gradebooks that cannot be used ────────────────────────────────────────────


@pytest.mark.parametrize("room", ["at once"], indirect=True)
def test_a_locked_gradebook_is_one_sentence(room, monkeypatch):
    """Another program is writing."""
    monkeypatch.setattr(database, "_LOCK_SECONDS", 0.05)
    hand_in(room, "ada", "1")
    connection = sqlite3.connect(room / "gradebook.db", isolation_level=None)
    connection.execute("begin exclusive")
    with pytest.raises(StoreError, match="is locked by another program"):
        record_class(UNIT.id, root=room)
    connection.close()
    assert record(room)["ada"].ok


@pytest.mark.parametrize("room", ["at once", "by nbgrader's steps"], indirect=True)
def test_a_gradebook_that_is_locked_half_way_ends_the_run(room, monkeypatch):
    """It concerns everybody, so it is said once, not for each student; what was recorded stays."""
    monkeypatch.setattr(gradebook_session, "_TURN_SECONDS", 0.05)
    for name in ("ada", "bob"):
        hand_in(room, name, "1")
    connection = sqlite3.connect(room / "gradebook.db", isolation_level=None)
    with pytest.raises(GradebookGoneError, match="is locked by another program"):
        record_class(UNIT.id, root=room, progress=lambda entry: connection.execute("begin exclusive"))
    connection.close()
    assert scores(room, "ada") == shares(1) and scores(room, "bob") == {}
    assert [entry.changed for entry in record(room).values()] == [False, True]


@pytest.mark.parametrize("room", ["at once"], indirect=True)
def test_a_foreign_database_is_not_touched(room):
    """A database of something else is refused before nbgrader makes tables in it."""
    other = room / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("create table songs (name text)")
    connection.commit()
    connection.close()
    before = other.read_bytes()
    hand_in(room, "ada", "1")
    with pytest.raises(StoreError, match="a database of something else"):
        record_class(UNIT.id, root=room, db_url=f"sqlite:///{other}")
    assert other.read_bytes() == before


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("sqlite:///{root}/text.db", "is not a gradebook"),
        ("sqlite:///{root}/nowhere/g.db", "there is no folder"),
        ("sqlite:///{root}/submitted", "is a folder"),
        ("nonsense", "no database address"),
        ("nosuchdb://host/x", "no database address"),
    ],
)
@pytest.mark.parametrize("room", ["at once"], indirect=True)
def test_an_impossible_gradebook_is_one_sentence(room, address, word):
    """Whatever is wrong with the address, it is said before anything is graded."""
    hand_in(room, "ada", "1")
    (room / "text.db").write_text("this is not a database, it is a text that is long enough\n" * 20)
    with pytest.raises(StoreError, match=word):
        record_class(UNIT.id, root=room, db_url=address.format(root=room))


def test_a_gradebook_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    """If making it is interrupted nothing is left, which would look like somebody else's database."""
    file = tmp_path / "gradebook.db"
    monkeypatch.setattr(os, "link", lambda *paths: {}["interrupted"])
    with quiet_nbgrader(), pytest.raises(KeyError, match="interrupted"):
        database.make_gradebook(f"sqlite:///{file}")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    with quiet_nbgrader():
        database.make_gradebook(f"sqlite:///{file}")
    check_gradebook(f"sqlite:///{file}")
    assert list(tmp_path.iterdir()) == [file]


def test_a_missing_gradebook_is_fine(tmp_path):
    """nbgrader makes it."""
    check_gradebook(f"sqlite:///{tmp_path / 'new.db'}")


# ── hints ─────────────────────────────────────────────────────────────────────


def hint(message: str = "", *, module_message: str = "", first: bool = True) -> str:
    result = make_result(UNIT, 0.5).exercises[3]
    result.message = message
    return graded_notebook.hint_html(result, 5.0, 10.0, module_message, first=first)


def test_a_hint_cannot_carry_code_into_the_page():
    """What a student's exception says is shown as text."""
    result = make_result(UNIT, 0.5).exercises[3]
    result.message = result.hint = result.mistake_title = "<script>alert(1)</script>"
    result.remarks, result.parts[0].name = ["<b onclick=x>"], "<i>"
    text = graded_notebook.hint_html(result, 5.0, 10.0, "<img src=x>", first=True)
    assert not re.search(r"<(script|b onclick|i>|img)", text) and "&lt;script&gt;" in text


def test_a_message_about_the_module_is_said_once():
    """A syntax error is explained in the first test cell; the others point to it."""
    problem = "bptt.py, line 3: invalid syntax"
    assert problem in hint(problem, module_message=problem, first=True)
    later = hint("", module_message=problem, first=False)
    assert problem not in later and "see the first test cell" in later


def test_a_hint_names_each_part_and_its_points():
    """Five parts, five rows."""
    text = hint("db is off")
    assert "db is off" in text and all(f"<td>{part}</td>" in text for part in ("dx", "dprev_h", "dWx", "dWh", "db"))


# ── the real round: the real notebook, the real judge, the real commands ──────

WRONG_DB = ("db = da.sum(axis=0)", "db = da.sum(axis=0, keepdims=True)")
NOISY = 'import sys\nprint("loading", file=sys.stderr)\n'


def nbgrader(root: Path, *words: str, expect: int = 0, **environment: str) -> str:
    """Run an nbgrader command in the course's folder; returns what it said."""
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    said = run.stdout + run.stderr
    assert run.returncode == expect, said
    return said


@pytest.fixture(scope="module")
def classroom(tmp_path_factory) -> Path:
    """Four students hand in zips for the real unit: perfect (but noisy), a wrong db, nothing but a crash, no module."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(HOME / "solutions", root / "solutions", ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    shutil.copy(HOME / "nbgrader_config.py", root)
    (root / ".autograder").mkdir()
    (root / ".autograder" / "salt").write_text("a salt for tests\n", encoding="utf-8")
    release([UNIT.id], root=root)
    perfect = (root / "solutions" / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")
    assert WRONG_DB[0] in perfect
    modules = {
        "perfect": perfect.replace("import numpy as np\n", "import numpy as np\n" + NOISY, 1),
        "wrong_db": perfect.replace(*WRONG_DB, 1),
        "crash": 'raise RuntimeError("not today")\n',  # and nothing that could be judged without it
        "missing": None,
    }
    archive = root / "downloaded" / UNIT.id / "archive"
    archive.mkdir(parents=True)
    for student, module in modules.items():
        inside = f"{UNIT.id}/" if student == "wrong_db" else ""  # some zip the folder, some its files
        with zipfile.ZipFile(archive / f"{student}.zip", "w") as file:
            file.write(root / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb", f"{inside}{UNIT.id}.ipynb")
            if module is not None:
                file.writestr(f"{inside}{UNIT.module_file}", module)
    nbgrader(root, "zip_collect", UNIT.id)
    return root


@pytest.fixture(scope="module")
def recorded(classroom) -> dict[str, gradebook.Recorded]:
    """The class, graded and recorded by us."""
    return record(classroom, feedback=True)


def judged(entry: gradebook.Recorded) -> dict[str, float]:
    assert entry.result is not None
    return {exercise.id: exercise.points for exercise in entry.result.exercises}


def test_zip_collect_brings_notebook_and_module(classroom):
    """Each student's files lie where nbgrader wants them, whether the zip held a folder or not."""
    for student in ("perfect", "wrong_db", "crash"):
        names = {path.name for path in (classroom / "submitted" / student / UNIT.id).iterdir()}
        assert names >= {f"{UNIT.id}.ipynb", UNIT.module_file}
    assert not (classroom / "submitted" / "missing" / UNIT.id / UNIT.module_file).exists()


def test_the_class_gets_what_it_deserves(recorded):
    """Full marks in spite of stderr; a wrong db costs db; no module that runs, no points."""
    assert all(entry.ok for entry in recorded.values())
    assert recorded["perfect"].result.score == UNIT.max_score
    lost = {e.id for e in recorded["wrong_db"].result.exercises if e.outcome is not Outcome.PASSED}
    assert lost == {"rnn_step_backward"} and recorded["wrong_db"].result.score == UNIT.max_score - 2
    assert recorded["crash"].result.score == recorded["missing"].result.score == 0


def test_the_gradebook_has_the_results_cell_by_cell(classroom, recorded):
    """What the judge said is what nbgrader knows."""
    for student, entry in recorded.items():
        assert scores(classroom, student) == judged(entry)


def test_the_students_module_is_graded_not_ours(classroom, recorded):
    """The folder that was graded holds the module as it was handed in, and none of our sources."""
    handed_in = classroom / "submitted" / "wrong_db" / UNIT.id / UNIT.module_file
    graded = classroom / "autograded" / "wrong_db" / UNIT.id
    assert (graded / UNIT.module_file).read_bytes() == handed_in.read_bytes()
    assert not (graded / f"{UNIT.id}.nb.py").exists()
    assert not (classroom / "autograded" / "missing" / UNIT.id / UNIT.module_file).exists()


@pytest.mark.parametrize("server", [False, True], ids=["SQLite", "PostgreSQL"])
def test_nbgrader_autograde_gives_the_same_scores(classroom, recorded, server, request):
    """The stock command, with a gradebook of its own and nothing graded before, agrees test cell by test cell."""
    other = request.getfixturevalue("postgres").database() if server else f"sqlite:///{classroom / 'stock.db'}"
    said = nbgrader(classroom, "autograde", UNIT.id, "--force", UNROLLED_DB=other)
    assert "Traceback" not in said
    for student, entry in recorded.items():
        assert read_scores(UNIT, student, other, COURSE) == judged(entry)
    assert not record(classroom)["perfect"].changed


def test_feedback_holds_the_hint_and_no_hidden_tests(classroom, recorded):
    """A student reads which part is off, in nbgrader's own feedback page; sources of checks are not in it."""
    page = html.unescape(recorded["wrong_db"].feedback.read_text(encoding="utf-8"))
    message = recorded["wrong_db"].result.exercise("rnn_step_backward").message
    assert message and message in page
    assert "HIDDEN TESTS" not in page and "gradcheck" not in page and "a salt for tests" not in page


def test_a_crash_at_import_is_one_message(recorded):
    """Twelve test cells, one explanation."""
    page = html.unescape(recorded["crash"].feedback.read_text(encoding="utf-8"))
    assert recorded["crash"].result.message and page.count(recorded["crash"].result.message) == 1


def test_nbgrader_makes_feedback_and_exports(classroom, recorded):
    """`nbgrader generate_feedback` and `nbgrader export` work on what we recorded."""
    page = classroom / "feedback" / "perfect" / UNIT.id / f"{UNIT.id}.html"
    page.unlink()
    nbgrader(classroom, "generate_feedback", UNIT.id, "--force", "--student", "perfect")
    assert "unrolled-hint" in page.read_text(encoding="utf-8")
    nbgrader(classroom, "export")
    with (classroom / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == {student: entry.result.score for student, entry in recorded.items()}


def test_nbgrader_generate_assignment_releases_stubs(classroom, recorded):
    """The stock command makes our release: stubs, never the reference module; and keeps the students' scores."""
    shutil.rmtree(classroom / "notebooks")
    nbgrader(classroom, "generate_assignment", UNIT.id)
    released = classroom / "notebooks" / UNIT.id
    assert sorted(path.name for path in released.iterdir()) == [f"{UNIT.id}.ipynb", UNIT.module_file]
    assert "BEGIN SOLUTION" not in (released / UNIT.module_file).read_text(encoding="utf-8")
    assert scores(classroom, "perfect") == judged(recorded["perfect"])


def test_nbgrader_generate_assignment_fails_loudly(classroom, tmp_path):
    """A source that would leak: exit code 1, a sentence, and nothing new on the students' side."""
    root = Path(shutil.copytree(classroom, tmp_path / "course"))
    module = root / "solutions" / UNIT.id / UNIT.module_file
    module.write_text(module.read_text(encoding="utf-8").replace("### END SOLUTION", "### END", 1), encoding="utf-8")
    shutil.rmtree(root / "notebooks")
    said = nbgrader(root, "generate_assignment", UNIT.id, "--force", expect=1)
    assert "looks like a region marker" in said
    assert not (root / "notebooks").exists()


def test_nbgrader_validate_names_the_cell_that_fails(empty_room, tmp_path):
    """The stock command a student runs before handing in: it points at the wrong function, and only at it."""
    root = Path(shutil.copytree(empty_room, tmp_path / "course"))
    perfect = (root / "solutions" / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")
    path = hand_in(root, "ada", perfect.replace(*WRONG_DB, 1))
    change(path, lambda nb: nb.cells[3].update(source="Because of the chain rule."))
    said = nbgrader(root, "validate", str(path))
    assert re.findall(r'^ +check\("(\w+)"\)', said, re.MULTILINE) == ["rnn_step_backward"], said


def test_the_formgrader_works(classroom, recorded):
    """The API behind the formgrader's buttons: list, generate, autograde, feedback."""
    with quiet_nbgrader():
        from nbgrader.apps import NbGraderAPI

        api = NbGraderAPI(config=gradebook.load_config(classroom))
        with api.gradebook as gb:
            assert {student.id for student in gb.students} >= set(recorded)
        listed = {assignment["name"]: assignment for assignment in api.get_assignments()}
        assert listed[UNIT.id]["num_submissions"] == 4 and listed[UNIT.id]["max_score"] > UNIT.max_score - 1
        for result in (
            api.generate_assignment(UNIT.id),
            api.autograde(UNIT.id, "wrong_db"),
            api.generate_feedback(UNIT.id, "wrong_db"),
        ):
            assert result["success"], result
    assert scores(classroom, "wrong_db") == judged(recorded["wrong_db"])
    assert "BEGIN SOLUTION" not in (classroom / "notebooks" / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")


def test_the_store_has_each_students_result(classroom, recorded):
    """A later report reads the results without grading."""
    for student, entry in recorded.items():
        store = ResultStore(classroom)
        keys = [path.stem for path in store.file(UNIT, student, "any").parent.glob("*.json")]
        assert entry.result in [store.load(UNIT, student, key) for key in keys]
