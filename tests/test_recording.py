"""Recording at once, held against nbgrader's own converter: the same rows, the same files."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.coursedir import CourseDirectory
from small_course import HOME, make_course, make_result
from sqlalchemy import create_engine, text
from traitlets.config import Config

from autograder import folders, grade, gradebook
from autograder.course import load_course
from autograder.gradebook import ensure_registered, load_config, record_class
from autograder.graded_notebook import _as_it_is, _given, tidy_outputs
from autograder.nbgrader_feedback import _PICTURE, _described
from autograder.recording import _LEFT_OUT, is_standard
from autograder.release import quiet_nbgrader, release

UNIT = load_course().unit("02_bptt")
PIXEL = "iVBORw0KGgo="

Cells = list[dict[str, Any]]


def each(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """Change every cell."""

    def how(nb: dict[str, Any]) -> None:
        for cell in nb["cells"]:
            change(cell)

    return how


def graded(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def code(nb: dict[str, Any]) -> Cells:
    return [cell for cell in nb["cells"] if cell["cell_type"] == "code"]


def outputs(nb: dict[str, Any]) -> None:
    shown = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {"output_type": "stream", "name": "stderr", "text": "warning"},
        {"output_type": "display_data", "data": {"image/png": PIXEL, "text/plain": ["fig"]}, "metadata": {}},
        {"output_type": "display_data", "data": {"text/html": "<script>x</script>"}, "metadata": {}},
        {"output_type": "execute_result", "data": {"text/plain": "9"}, "metadata": {}, "execution_count": 1},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["line"] * 120},
    ]
    for number, cell in enumerate(code(nb)):
        cell["outputs"], cell["execution_count"] = shown[: number % 7], number


def long_streams(nb: dict[str, Any]) -> None:
    for cell in code(nb):
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1\n" * 700} for _ in range(3)]


def answered(cell: dict[str, Any]) -> None:
    if graded(cell).startswith("q_"):
        cell["source"] = ["An answer\n", "with $a<b$ and <b>tags</b>"]


def forged(cell: dict[str, Any]) -> None:
    if graded(cell).startswith("test_"):
        cell["source"] = "print('mine')"
        cell["metadata"]["nbgrader"] |= {"points": 99, "locked": False, "schema_version": 1}


def other_type(cell: dict[str, Any]) -> None:
    if graded(cell):
        code_now = cell["cell_type"] == "markdown"
        cell["cell_type"] = "code" if code_now else "markdown"
        cell.pop("outputs", None), cell.pop("execution_count", None)
        if code_now:
            cell.update(outputs=[], execution_count=None)


def attached(cell: dict[str, Any]) -> None:
    if cell["cell_type"] == "markdown":
        cell["attachments"] = {"a.png": {"image/png": PIXEL}, "b": {"text/html": "<b>"}}


def keep(which: Callable[[int, dict[str, Any]], bool]) -> Callable[[dict[str, Any]], None]:
    return lambda nb: nb.update(cells=[cell for place, cell in enumerate(nb["cells"]) if which(place, cell)])


def doubled(nb: dict[str, Any]) -> None:
    copies = json.loads(json.dumps(nb["cells"]))
    for cell in copies:
        cell["id"] = f"{cell['id'][:50]}-copy"
        cell["source"] = f"{''.join(cell['source'])}\nchanged"
    nb["cells"] += copies


def without_ids(nb: dict[str, Any]) -> None:
    nb["nbformat_minor"] = 4
    for cell in nb["cells"]:
        del cell["id"]


#: What students do to a notebook.
CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "nothing": lambda nb: None,
    "outputs": outputs,
    "long streams": long_streams,
    "answers": each(answered),
    "forged test cells": each(forged),
    "other cell types": each(other_type),
    "attachments": each(attached),
    "every third cell deleted": keep(lambda place, cell: bool(place % 3)),
    "graded cells deleted": keep(lambda place, cell: not graded(cell)),
    "nothing left": keep(lambda place, cell: False),
    "cells doubled": doubled,
    "order turned round": lambda nb: nb["cells"].reverse(),
    "an older format": without_ids,
    "ids doubled": each(lambda cell: cell.update(id="same")),
    "metadata of other tools": each(lambda cell: cell["metadata"].update(collapsed=True, tags=["x"])),
    "metadata that are no table": each(lambda cell: cell["metadata"].update(nbgrader="lost")),
    "raw cells": lambda nb: nb["cells"].insert(0, {"cell_type": "raw", "id": "r", "metadata": {}, "source": "<b>"}),
    "a kernel of their own": lambda nb: nb["metadata"].update(kernelspec={"name": "julia", "display_name": "J"}),
    "not valid": lambda nb: code(nb)[0].update(outputs=[{"output_type": "stream"}]),
}

MENDED = ("an older format", "ids doubled", "metadata that are no table", "not valid")  # before they can be used


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A released course with one student for each change, files beside the notebook, and a judge who gives 0.6."""
    root = make_course(tmp_path_factory.mktemp("course") / "course")
    release([UNIT.id], root=root)
    (root / folders.SOURCES / UNIT.id / "beside.txt").write_text("ours", encoding="utf-8")
    released = root / folders.RELEASED / UNIT.id / f"{UNIT.id}.ipynb"
    for number, change in enumerate(CHANGES.values()):
        folder = root / folders.SUBMITTED / f"s{number:02}" / UNIT.id
        (folder / "inner" / "__pycache__").mkdir(parents=True)
        notebook = json.loads(released.read_text(encoding="utf-8"))
        change(notebook)
        (folder / f"{UNIT.id}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        (folder / UNIT.module_file).write_text("0.6", encoding="utf-8")
        for name in ("beside.txt", "inner/notes.txt", "inner/__pycache__/x.pyc", "extra.ipynb"):
            (folder / name).write_text("theirs", encoding="utf-8")
        (folder / "timestamp.txt").write_text("2027-03-01 22:59:00 UTC\n", encoding="utf-8")
    ensure_registered(UNIT, root, f"sqlite:///{root / 'gradebook.db'}")
    patch = pytest.MonkeyPatch()
    patch.setenv("UNROLLED_SALT", "a salt for tests")
    patch.setattr(grade, "grade_submission", lambda unit_id, path, *, student, draw: make_result(UNIT, 0.6))
    yield root
    patch.undo()


def rows_of(db_url: str) -> dict[str, Any]:
    """The gradebook's rows, as a file and as a server have them: truth values as numbers, times without zeros."""

    def plain(value: Any) -> Any:
        return int(value) if isinstance(value, bool) else str(value) if isinstance(value, datetime) else value

    found: dict[str, Any] = {}
    engine = create_engine(db_url)
    with engine.connect() as database:
        for table, columns in (
            ("grade", "auto_score, manual_score, extra_credit, needs_manual_grade"),
            ("comment", "auto_comment, manual_comment"),
        ):
            query = f"""
                select a.student_id, a.timestamp, a.extension, n.flagged, n.late_submission_penalty, c.type, c.name,
                       {columns}
                from {table} g join base_cell c on c.id = g.cell_id
                join submitted_notebook n on n.id = g.notebook_id join submitted_assignment a on a.id = n.assignment_id
                order by a.student_id, c.type, c.name"""
            found[table] = [tuple(map(plain, row)) for row in database.execute(text(query))]
        found["student"] = [tuple(row) for row in database.execute(text("select * from student order by id"))]
    engine.dispose()
    for name in ("grade", "comment"):
        found[name] = [(row[0], str(row[1]).removesuffix(".000000"), *row[2:]) for row in found[name]]
    return found


def everything(root: Path) -> dict[str, Any]:
    """What recording leaves, without the ids that are drawn: rows, and files with what may be done with them."""
    found: dict[str, Any] = rows_of(f"sqlite:///{root / 'gradebook.db'}")
    drawn = {f"s{place:02}" for place, name in enumerate(CHANGES) if name in MENDED}  # nbformat draws ids for these
    for file in sorted((root / folders.AUTOGRADED).rglob("*")):
        name = str(file.relative_to(root))
        if file.suffix == ".ipynb":
            found[name] = nbformat.read(file, as_version=nbformat.NO_CONVERT)
            if file.parents[1].name in drawn:
                for cell in found[name].cells:
                    del cell["id"]
        elif file.is_file():
            found[name] = (file.read_text(encoding="utf-8"), stat.S_IMODE(os.stat(file).st_mode))
    return found


@pytest.fixture(scope="module")
def both(course: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both ways leave: at once, and by nbgrader's steps."""
    other = Path(shutil.copytree(course, tmp_path_factory.mktemp("other") / "course"))
    entries = record_class(UNIT.id, root=course, feedback=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradebook, "is_standard", lambda config: False)
        slowly = record_class(UNIT.id, root=other, feedback=False)
    assert all(entry.ok for entry in entries + slowly)
    assert [entry.notes for entry in entries] == [entry.notes for entry in slowly]
    return everything(course), everything(other)


def test_rows_and_files_are_the_same(both):
    """Whatever students did to their notebooks: the gradebook and the autograded folders hold the same."""
    at_once, slowly = both
    assert len(at_once["grade"]) >= len(CHANGES) * len(UNIT.exercises)
    assert sorted(at_once) == sorted(slowly)
    for name, content in slowly.items():
        assert at_once[name] == content, name


def test_rows_on_a_server_are_the_same(both, course, postgres, tmp_path):
    """Recorded at once into PostgreSQL: every row as in the file."""
    root, url = Path(shutil.copytree(course, tmp_path / "course")), postgres.database()
    shutil.rmtree(root / folders.AUTOGRADED)
    assert all(entry.ok for entry in record_class(UNIT.id, root=root, feedback=False, db_url=url))
    assert rows_of(url) == {name: both[0][name] for name in ("grade", "comment", "student")}


def test_what_is_written_is_a_valid_notebook(both, course):
    """Also as the strict reader sees it."""
    for file in (course / folders.AUTOGRADED).rglob("*.ipynb"):
        nbformat.validate(nbformat.read(file, as_version=4))


def test_a_second_round_changes_marks_not_rows(both, course):
    """With --force what a person gave stays and is looked at again; the rest is as it was; no row is doubled."""
    before = everything(course)
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("update grade set manual_score = 1.5")
    assert all(entry.ok and entry.changed for entry in record_class(UNIT.id, root=course, feedback=False, force=True))
    after = everything(course)
    assert {row[-2:] for row in after["grade"]} == {(None, 1)}
    assert {row[-3] for row in after["grade"]} == {1.5}
    assert [(*row[:-3], None, *row[-2:-1], None) for row in after["grade"]] == [
        (*row[:-3], None, *row[-2:-1], None) for row in before["grade"]
    ]
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("update grade set manual_score = null")
    record_class(UNIT.id, root=course, feedback=False, force=True)
    assert everything(course) == before


def test_our_configuration_is_standard():
    """Else every class would be recorded the slow way."""
    assert is_standard(load_config(HOME))


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("LimitOutput", "max_lines", 5),
        ("Autograde", "permissions", 664),
        ("CourseDirectory", "groupshared", True),
        ("CourseDirectory", "source_directory", "elsewhere"),
        ("Autograde", "autograde_preprocessors", ["nbgrader.preprocessors.Execute"]),
        ("BaseConverter", "post_convert_hook", "mine.hook"),
    ],
)
def test_whoever_wants_more_gets_nbgrader_itself(section, name, value):
    """A changed or added setting that could matter is left to nbgrader's own converter."""
    config = load_config(HOME)
    config[section][name] = value
    assert not is_standard(config)


def test_settings_of_other_commands_do_not_matter():
    """A configuration for feedback or releases keeps recording fast."""
    config = load_config(HOME)
    config.GenerateFeedback.force = True
    assert is_standard(config)
    assert not is_standard(Config())


def test_what_is_left_out_is_what_nbgrader_leaves_out():
    """Its default may change with a version."""
    with quiet_nbgrader():
        assert [*CourseDirectory().ignore, "*.ipynb"] == list(_LEFT_OUT)


def test_streams_of_a_cell_share_a_thousand_lines():
    """A readable amount, and said how much more there was."""
    streams = [{"output_type": "stream", "name": "stdout", "text": "1\n" * 699 + "1"} for _ in range(3)]
    first, second = tidy_outputs(streams)
    assert first["text"].count("\n") == 699
    assert second["text"].splitlines()[-1] == "… 401 more lines" and second["text"].count("\n") == 299


@pytest.mark.parametrize("name", CHANGES)
def test_the_quick_reader_reads_what_the_thorough_one_reads(name):
    """Whatever is in a file: where nothing has to be mended, nbformat's own reader finds the same."""
    released = HOME / folders.RELEASED / UNIT.id / f"{UNIT.id}.ipynb"
    notebook = json.loads(released.read_text(encoding="utf-8"))
    CHANGES[name](notebook)
    quick = _as_it_is(json.dumps(notebook), {})
    assert (quick is None) == (name in MENDED)
    assert _as_it_is(json.dumps(notebook), _given(released)) == quick  # also where only changes are looked at
    assert name in MENDED or quick == nbformat.reads(json.dumps(notebook), as_version=4)


# ── feedback pages ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["nothing", "outputs", "answers", "attachments", "graded cells deleted", "not valid"])
def test_feedback_pages_are_nbgraders_own(name, both, course, monkeypatch):
    """Made faster, they hold what nbconvert's exporter makes, apart from how it writes its tags."""
    student = f"s{list(CHANGES).index(name):02}"
    page = course / folders.FEEDBACK / student / UNIT.id / f"{UNIT.id}.html"
    config = load_config(course)
    assert not gradebook._generate_feedback(UNIT, student, config)
    ours = page.read_text(encoding="utf-8")
    config.GenerateFeedback = Config(exporter_class="nbconvert.exporters.HTMLExporter")  # and nbgrader's preprocessors
    assert not gradebook._generate_feedback(UNIT, student, config)
    assert str(BeautifulSoup(ours, "html.parser")) == page.read_text(encoding="utf-8")


def test_what_a_person_gave_and_wrote_is_on_the_page(both, course):
    """A manual score, extra credit and a comment: as nbgrader asks for them cell by cell."""
    student = f"s{list(CHANGES).index('answers'):02}"
    page = course / folders.FEEDBACK / student / UNIT.id / f"{UNIT.id}.html"
    which = (
        "where notebook_id in (select n.id from submitted_notebook n join submitted_assignment a "
        f"on a.id = n.assignment_id where a.student_id = '{student}')"
    )
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute(f"update grade set manual_score = 1.25, extra_credit = 0.5 {which}")
        database.execute(f"update comment set manual_comment = 'Look at <the> sign again' {which}")
    try:
        config = load_config(course)
        assert not gradebook._generate_feedback(UNIT, student, config)
        ours = page.read_text(encoding="utf-8")
        config.GenerateFeedback = Config(exporter_class="nbconvert.exporters.HTMLExporter")
        assert not gradebook._generate_feedback(UNIT, student, config)
        assert str(BeautifulSoup(ours, "html.parser")) == page.read_text(encoding="utf-8")
        assert "Look at" in ours and "1.75" in ours
    finally:
        with sqlite3.connect(course / "gradebook.db") as database:
            database.execute(f"update grade set manual_score = null, extra_credit = null {which}")
            database.execute(f"update comment set manual_comment = null {which}")


@pytest.mark.parametrize(
    ("tag", "described"),
    [
        ("<img>", True),
        ('<img src="a>b">', True),
        ("<img src='a alt=b'>", False),  # no harm: it is only about whoever cannot see the picture
        ('<img alt="a loss curve" src="a">', False),
        ("<img src='a' alt>", False),
        ("<image>", False),
    ],
)
def test_pictures_without_a_description_say_so(tag, described):
    """As nbconvert has it, for whoever has the page read aloud."""
    assert ("No description" in _PICTURE.sub(_described, tag)) == described
