"""Making the student's side (autograder/release.py)."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import nbformat
import pytest
from small_course import ANSWER, HOME, make_course

from autograder import release as release_module
from autograder.course import load_course
from autograder.errors import CourseError, StoreError, UsageError
from autograder.release import leak_scan, release, source_notebook, start_work

UNIT = load_course().unit("02_bptt")
TEXT = f"solutions/{UNIT.id}/{UNIT.id}.nb.py"
MODULE = f"solutions/{UNIT.id}/{UNIT.module_file}"
SOURCE = f"solutions/{UNIT.id}/{UNIT.id}.ipynb"
NOTEBOOK = f"notebooks/{UNIT.id}/{UNIT.id}.ipynb"
SECRET_LINE = "da = dnext_h * (1 - next_h**2)  # (N, H): through tanh, whose slope is 1 - tanh²"
STUB = f"notebooks/{UNIT.id}/{UNIT.module_file}"


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """A course with small notebooks, released once."""
    root = make_course(tmp_path_factory.mktemp("course") / "course")
    release([UNIT.id], root=root)
    return root


@pytest.fixture
def course(released, tmp_path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(released, tmp_path / "course"))


def snapshot(root: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def cells(path: Path) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


# ── what is made ──────────────────────────────────────────────────────────────


def test_a_release_is_a_notebook_and_a_module(released):
    """Nothing else comes to the student's side, the text source with its solutions least of all."""
    assert sorted(p.name for p in (released / "notebooks" / UNIT.id).iterdir()) == ["02_bptt.ipynb", "bptt.py"]


def test_a_rebuild_gives_the_same_bytes(released, tmp_path):
    """The same sources in another folder make byte-identical files."""
    other = make_course(tmp_path / "other")
    release([UNIT.id], root=other)
    for name in (SOURCE, NOTEBOOK, STUB):
        assert (other / name).read_bytes() == (released / name).read_bytes()


def test_a_second_release_writes_nothing(course):
    """What is up to date is not touched."""
    before = snapshot(course)
    report = release([UNIT.id], root=course)
    assert report.written == [] and sorted(report.unchanged) == sorted([SOURCE, NOTEBOOK, STUB])
    assert snapshot(course) == before


def test_graded_cells_have_their_grade_id_as_cell_id(released):
    """A cell id is the grade_id where there is one."""
    ids = set(cells(released / NOTEBOOK))
    assert {f"test_{exercise.id}" for exercise in UNIT.exercises} | {"q_why_sum"} <= ids


def test_cell_ids_do_not_depend_on_the_cells_before(course):
    """An inserted cell changes no other cell's id."""
    before = list(cells(course / SOURCE))
    edit(course / TEXT, "# %%\nimport bptt", "# %% [markdown]\n# A new cell.\n\n# %%\nimport bptt")
    release([UNIT.id], root=course)
    after = list(cells(course / SOURCE))
    assert [name for name in after if name in before] == before and len(after) == len(before) + 1


def test_equal_cells_get_different_ids(course):
    """Two cells with the same text are told apart."""
    cell = '\n# %%\nprint("again")\n'
    with (course / TEXT).open("a", encoding="utf-8") as file:
        file.write(cell + cell)
    release([UNIT.id], root=course)
    twins = [name for name in cells(course / SOURCE) if name.startswith("print-again")]
    assert len(twins) == 2 and twins[1] == f"{twins[0]}-2"


def test_notebooks_hold_no_noise(released):
    """No outputs, no metadata of jupytext, the kernel python3."""
    for name in (SOURCE, NOTEBOOK):
        notebook = json.loads((released / name).read_text(encoding="utf-8"))
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
        for cell in notebook["cells"]:
            assert set(cell["metadata"]) <= {"nbgrader", "deletable", "editable"}
            assert not cell.get("outputs") and cell.get("execution_count") is None


def test_the_model_answer_becomes_an_invitation(released):
    """The answer in words is in the source notebook and not in the released one."""
    assert ANSWER in cells(released / SOURCE)["q_why_sum"].source
    assert "YOUR ANSWER HERE" in cells(released / NOTEBOOK)["q_why_sum"].source
    assert ANSWER not in (released / NOTEBOOK).read_text(encoding="utf-8")


def test_no_gradebook_is_made_by_a_release(released):
    """Releasing needs no database; grading registers the unit when it begins."""
    assert not list(released.rglob("*.db"))


# ── refusals: everything stays as it was ──────────────────────────────────────


@pytest.mark.parametrize(
    ("file", "old", "new", "word"),
    [
        (MODULE, "    ### END SOLUTION\n\n\ndef relative_error", "\n\ndef relative_error", "inside the SOLUTION"),
        (MODULE, "def relative_error", "def relative_eror", "relative_eror"),
        (TEXT, '# %% nbgrader={"grade": true, "grade_id": "test_relative_error"', "# %% {", "metadata|relative_error"),
        (TEXT, 'check("relative_error")', 'check("relative_eror")', "one line check"),
        (TEXT, '"grade_id": "test_relative_error"', '"grade_id": "test_rel"', "belongs to no exercise"),
        (
            TEXT,
            '"test_relative_error", "locked": true, "points": 2',
            '"test_relative_error", "locked": true, "points": 3',
            "3 points, but course.toml says 2",
        ),  # noqa: E501 -- one case, one line
        (TEXT, '"test_relative_error", "locked": true', '"test_relative_error", "locked": false', "locked true"),
        (
            TEXT,
            '# %%\nprint("an experiment")',
            "# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
            "no nbgrader metadata",
        ),
        (TEXT, "# ### END SOLUTION", "# ### END SOLUTON", "looks like"),
        (TEXT, '# %%\nprint("an experiment")', '# %% colour="red"\nprint("an experiment")', "metadata 'colour'"),
        (TEXT, '# %%\nprint("an experiment")', "# %% [raw]\n# x", "raw cell"),
        (TEXT, '"grade_id": "q_why_sum"', '"grade_id": "q why"', "letters, digits"),
        (TEXT, '"points": 3', '"points": -1', "from 0 up"),
    ],
)
def test_wrong_sources_are_refused_and_change_nothing(course, file, old, new, word):
    """Each mistake in the sources stops the release with a sentence about it; no file changes."""
    edit(course / file, old, new)
    before = snapshot(course)
    with pytest.raises(CourseError, match=word):
        release([UNIT.id], root=course)
    assert snapshot(course) == before


def test_a_missing_test_cell_is_refused(course):
    """An exercise without its cell would never be scored."""
    text = (course / TEXT).read_text(encoding="utf-8")
    (course / TEXT).write_text(
        text[: text.index("# %% nbgrader", text.index("gradient_norms") - 200)], encoding="utf-8"
    )
    with pytest.raises(CourseError, match="no test cell 'test_"):
        release([UNIT.id], root=course)


def test_a_doubled_test_cell_is_refused(course):
    """Two cells with one grade_id are refused by name."""
    text = (course / TEXT).read_text(encoding="utf-8")
    start = text.index("# %% nbgrader")
    (course / TEXT).write_text(text + "\n" + text[start : text.index("# %%", start + 4)], encoding="utf-8")
    with pytest.raises(CourseError, match="'test_numerical_gradient' is used by two cells"):
        release([UNIT.id], root=course)


def test_a_missing_source_is_refused(course):
    """A unit of course.toml without its text is named."""
    (course / TEXT).unlink()
    with pytest.raises(CourseError, match=r"02_bptt\.nb\.py does not exist"):
        release([UNIT.id], root=course)


def test_an_unknown_unit_is_refused(course):
    """The message names the nearest unit."""
    with pytest.raises(UsageError, match="Did you mean '02_bptt'"):
        release(["02_btpt"], root=course)


def test_one_bad_unit_stops_all(tmp_path):
    """All or nothing: a mistake in the second unit leaves the first unreleased too."""
    root = make_course(tmp_path / "course", ("01_vanilla_rnn", "02_bptt"))
    edit(root / MODULE, "### BEGIN SOLUTION", "### BEGIN")
    before = snapshot(root)
    with pytest.raises(CourseError):
        release(root=root)
    assert snapshot(root) == before


# ── the leak scan ─────────────────────────────────────────────────────────────


def scan(root: Path, *, released: bytes | None = None, stub: str | None = None) -> None:
    notebook = source_notebook((root / TEXT).read_text(encoding="utf-8"), UNIT, TEXT)
    module = (root / MODULE).read_text(encoding="utf-8")
    leak_scan(
        UNIT,
        notebook,
        module,
        (root / NOTEBOOK).read_bytes() if released is None else released,
        (root / STUB).read_text(encoding="utf-8") if stub is None else stub,
        [TEXT, MODULE],
    )


def test_a_clean_release_passes_the_scan(released):
    """The scan has no objection to what is released."""
    scan(released)


@pytest.mark.parametrize("line", ["    grad[index] = slope if df is None else np.sum(df*slope)\n", "### BEGIN x\n"])
def test_a_solution_line_in_the_stub_is_found(released, line):
    """A solution line is found in whatever spacing, a marker in whatever completion."""
    with pytest.raises(CourseError, match="^Leak"):
        scan(released, stub=(released / STUB).read_text(encoding="utf-8") + line)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda nb: nb.cells[0].update(source=ANSWER),
        lambda nb: nb.cells[0].update(source=SECRET_LINE),
        lambda nb: nb.cells[0].update(source="### BEGIN HIDDEN TESTS\nassert True\n### END HIDDEN TESTS"),
        lambda nb: nb.cells[2].update(outputs=[nbformat.v4.new_output("stream", text="42")]),
        lambda nb: nb.cells[2].update(execution_count=1),
        lambda nb: nb.cells.pop(2),
        lambda nb: nb.cells[5].update(source='check("relative_error", 1)'),
        lambda nb: nb.cells[5].metadata.nbgrader.update(points=99),
    ],
)  # fmt: skip
def test_a_spoilt_notebook_is_found(released, spoil):
    """Answers, solution lines, hidden tests, outputs, lost and changed cells: each stops a release."""
    notebook = nbformat.read(released / NOTEBOOK, as_version=4)
    spoil(notebook)
    with pytest.raises(CourseError):
        scan(released, released=nbformat.writes(notebook).encode())


def test_a_line_that_is_public_anyway_is_no_leak(course):
    """What the author shows outside of a region may be in it too."""
    edit(course / TEXT, 'print("an experiment")', SECRET_LINE)
    release([UNIT.id], root=course)
    assert SECRET_LINE in (course / NOTEBOOK).read_text(encoding="utf-8")


# ── putting in place ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_error_in_the_middle_puts_everything_back(course, monkeypatch, error, at):
    """A full disk or Ctrl-C at any of the replacements leaves all files as they were."""
    edit(course / TEXT, "an experiment", "another experiment")
    edit(course / MODULE, "How far apart", "How far from each other")
    before = snapshot(course)
    real, count = os.replace, [0]

    def failing(source, target):
        if str(source).endswith(".new"):
            count[0] += 1
            if count[0] == at + 1:
                raise error
        real(source, target)

    monkeypatch.setattr(release_module.os, "replace", failing)
    with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else StoreError):
        release([UNIT.id], root=course)
    before.pop(".autograder/released.json")  # a list of hashes, which may know more than what is in place
    after = snapshot(course)
    after.pop(".autograder/released.json")
    assert after == before


def test_a_killed_release_is_undone_by_the_next(course, monkeypatch):
    """A journal lets the next run put back what a kill left half replaced, before it does its own work."""
    edit(course / TEXT, "an experiment", "another experiment")
    before = (course / SOURCE).read_bytes()
    real = os.replace

    class Killed(BaseException):
        pass

    def killing(source, target):
        if str(source).endswith("1.new"):
            raise Killed
        real(source, target)

    monkeypatch.setattr(release_module.os, "replace", killing)
    monkeypatch.setattr(release_module, "_roll_back", lambda root, staging: [])
    with pytest.raises(Killed):
        release([UNIT.id], root=course)
    monkeypatch.undo()
    assert (course / SOURCE).read_bytes() != before
    edit(course / TEXT, "another experiment", "an experiment")
    report = release([UNIT.id], root=course)
    assert SOURCE in report.recovered and (course / SOURCE).read_bytes() == before
    assert not list(course.glob(".release-*"))


def test_no_write_permission_is_one_sentence(course, monkeypatch):
    """A folder that cannot be written is a StoreError, not a traceback."""
    edit(course / TEXT, "an experiment", "another experiment")

    def refusing(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(course))

    monkeypatch.setattr(release_module.tempfile, "mkdtemp", refusing)
    monkeypatch.setattr(release_module, "_convert", lambda unit, source: (course / NOTEBOOK).read_bytes())
    monkeypatch.setattr(release_module, "leak_scan", lambda *args: None)
    with pytest.raises(StoreError, match="Permission denied"):
        release([UNIT.id], root=course)


def test_work_in_a_generated_place_is_copied_before_it_is_replaced(course):
    """Somebody who worked in notebooks/ finds their version in work/kept/, one copy per version."""
    for number, work in enumerate(["mine = 1\n", "mine = 2\n"], 1):
        (course / STUB).write_text(work, encoding="utf-8")
        report = release([UNIT.id], root=course)
        copy = f"work/kept/notebooks/02_bptt/bptt.{number}.py"
        assert report.kept == [(STUB, copy)] and (course / copy).read_text(encoding="utf-8") == work
        assert "NotImplementedError" in (course / STUB).read_text(encoding="utf-8")


def test_an_older_release_is_replaced_without_a_copy(course):
    """What release itself made before is nobody's work."""
    edit(course / MODULE, "How far apart", "How far from each other")
    report = release([UNIT.id], root=course)
    assert report.kept == [] and STUB in report.written


def test_a_source_notebook_edited_by_hand_is_copied_too(course):
    """An instructor who edited the generated source notebook does not lose it."""
    edit(course / SOURCE, "A small notebook", "My notebook")
    report = release([UNIT.id], root=course)
    assert [name for name, _ in report.kept] == [SOURCE]


def test_other_files_are_left_alone(course):
    """Files that no release made stay, and are mentioned."""
    notes = course / "notebooks" / UNIT.id / "notes.txt"
    notes.write_text("mine", encoding="utf-8")
    assert release([UNIT.id], root=course).foreign == ["notebooks/02_bptt/notes.txt"]
    assert notes.read_text(encoding="utf-8") == "mine"


# ── --check ───────────────────────────────────────────────────────────────────


def test_check_of_an_up_to_date_course_is_silent(course):
    """Nothing to say, nothing written."""
    before = snapshot(course)
    release([UNIT.id], root=course, check=True)
    assert snapshot(course) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "word"),
    [
        (TEXT, "an experiment", "another experiment", "02_bptt.ipynb: differs in cell print-a"),
        (MODULE, "How far apart", "How far from", "bptt.py: differs from line"),
        (STUB, 'raise NotImplementedError("relative_error', 'return 1 #"', r"worked in it \(relative_error written\)"),
        (NOTEBOOK, "an experiment", "an excursion", "differs in cell print-an-experiment"),
        (NOTEBOOK, '"nbformat": 4', '"nbformat": 4, "x', "not a readable notebook"),
    ],
)
def test_check_says_what_differs_and_writes_nothing(course, file, old, new, word):
    """Each way of being out of step is named; the files stay as they are."""
    edit(course / file, old, new)
    before = snapshot(course)
    with pytest.raises(CourseError, match=word):
        release([UNIT.id], root=course, check=True)
    assert snapshot(course) == before


def test_check_says_that_a_notebook_was_run(course):
    """Outputs saved into the released notebook are called by that name."""
    notebook = nbformat.read(course / NOTEBOOK, as_version=4)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="42")]
    nbformat.write(notebook, course / NOTEBOOK)
    with pytest.raises(CourseError, match="was run and saved"):
        release([UNIT.id], root=course, check=True)


def test_check_names_a_missing_file(course):
    """A generated file that is not there is out of step too."""
    (course / STUB).unlink()
    with pytest.raises(CourseError, match="bptt.py: is missing"):
        release([UNIT.id], root=course, check=True)


# ── the folder to work in ─────────────────────────────────────────────────────


def test_start_work_makes_a_copy(course):
    """work/<unit> holds the released notebook and module."""
    folder = start_work("2", root=course)
    assert folder == course / "work" / UNIT.id
    assert snapshot(folder) == snapshot(course / "notebooks" / UNIT.id)


def test_start_work_never_overwrites(course):
    """What is there stays; what is missing is added."""
    folder = start_work(UNIT.id, root=course)
    (folder / UNIT.module_file).write_text("mine", encoding="utf-8")
    (folder / f"{UNIT.id}.ipynb").unlink()
    start_work(UNIT.id, root=course)
    assert (folder / UNIT.module_file).read_text(encoding="utf-8") == "mine"
    assert (folder / f"{UNIT.id}.ipynb").is_file()


def test_start_work_needs_a_release(course):
    """Without a released unit there is nothing to copy, and the message says what to do."""
    shutil.rmtree(course / "notebooks")
    with pytest.raises(StoreError, match="autograder release 02_bptt"):
        start_work(UNIT.id, root=course)


# ── the real course ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("unit", load_course().units, ids=lambda unit: unit.id)
def test_the_course_itself_is_up_to_date(unit):
    """What is committed in solutions/ and notebooks/ is what the sources give, byte for byte."""
    release([unit.id], root=HOME, check=True)


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to send to oneself on Windows")
def test_ctrl_c_during_the_replacement_leaves_one_release(course, monkeypatch):
    """Ctrl-C between two replacements is delivered after the last one: all files are of the new release."""
    edit(course / TEXT, "an experiment", "another experiment")
    edit(course / MODULE, "How far apart", "How far from each other")
    real = os.replace

    def interrupting(source, target):
        if str(source).endswith("1.new"):
            signal.raise_signal(signal.SIGINT)
        real(source, target)

    monkeypatch.setattr(release_module.os, "replace", interrupting)
    with pytest.raises(KeyboardInterrupt):
        release([UNIT.id], root=course)
    monkeypatch.undo()
    release([UNIT.id], root=course, check=True)
