"""Answers in words, wherever a student put them: none is lost, and none that is blank waits for a person."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from small_course import make_course, make_result

from autograder import folders, grade, gradebook
from autograder.course import load_course
from autograder.database import open_gradebook
from autograder.export import Request, export
from autograder.gradebook import ensure_registered, record_class
from autograder.release import quiet_nbgrader, release
from autograder.roster import Roster

UNIT = load_course().unit("02_bptt")
COURSE = load_course().name
NAME = f"{UNIT.id}.ipynb"
SAID = "Because the weights are the same at every step."

Notebook = dict[str, Any]
Change = Callable[[Notebook], Any]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with small notebooks, before anybody has handed in."""
    root = make_course(tmp_path_factory.mktemp("released") / "course")
    release([UNIT.id], root=root)
    ensure_registered(UNIT, root, f"sqlite:///{root / 'gradebook.db'}", COURSE)
    return root


@pytest.fixture(params=["at once", "by nbgrader's steps"])
def root(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A copy of it with a judge who likes everything; whatever is said holds for both ways of recording."""
    if request.param != "at once":
        monkeypatch.setattr(gradebook, "is_standard", lambda config: False)
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    monkeypatch.setattr(grade, "grade_submission", lambda *_, student, **__: make_result(UNIT, 1, student=student))
    return Path(shutil.copytree(released, tmp_path / "course"))


def blank(root: Path) -> Notebook:
    """The notebook as it was handed out."""
    found: Notebook = json.loads((root / folders.RELEASED / UNIT.id / NAME).read_text(encoding="utf-8"))
    for cell in found["cells"]:
        cell["source"] = "".join(cell["source"])
    return found


def hand_in(root: Path, changed: Change | None = None, name: str = NAME, notebook: Notebook | None = None) -> Path:
    """Put a notebook into Ada's folder."""
    notebook = notebook or blank(root)
    if changed is not None:
        changed(notebook)
    folder = root / folders.SUBMITTED / "ada" / UNIT.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNIT.module_file).write_text("x = 1\n", encoding="utf-8")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def marked(root: Path) -> tuple[float | None, bool]:
    """The answer's automatic points, and whether it waits for a person."""
    with quiet_nbgrader(), open_gradebook(f"sqlite:///{root / 'gradebook.db'}", COURSE) as gb:
        found = gb.find_grade("q_why_sum", UNIT.id, UNIT.id, "ada")
        return found.auto_score, bool(found.needs_manual_grade)


def record(root: Path) -> str:
    """Record the class; what was said about Ada."""
    entry = record_class(UNIT.id, ["ada"], root=root, feedback=False)[0]
    assert entry.ok, entry.reason
    return "\n".join(entry.notes)


def graded(root: Path) -> list[dict[str, Any]]:
    """The cells of Ada's graded notebook."""
    path = root / folders.AUTOGRADED / "ada" / UNIT.id / NAME
    return [dict(cell) for cell in nbformat.read(path, as_version=4).cells]


def answer(notebook: Notebook) -> dict[str, Any]:
    """The answer's cell."""
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "q_why_sum")


def put(kind: str, source: str, **more: Any) -> Change:
    """Put a new cell below the answer's."""

    def how(notebook: Notebook) -> None:
        place = notebook["cells"].index(answer(notebook)) + 1
        cell = {"cell_type": kind, "id": "mine", "metadata": {}, "source": source, **more}
        if kind == "code":
            cell = {"outputs": [], "execution_count": None} | cell
        notebook["cells"].insert(place, cell)

    return how


def split(notebook: Notebook) -> None:
    """The answer's cell is split or copied; the text is in the first piece."""
    first = copy.deepcopy(answer(notebook))
    first["source"], first["id"] = SAID, "first"
    notebook["cells"].insert(notebook["cells"].index(answer(notebook)), first)


def merged_question(notebook: Notebook) -> None:
    """Typed into a cell of the course."""
    notebook["cells"][0]["source"] += f"\n\n{SAID}"


def translated(notebook: Notebook) -> None:
    """A browser's translation, saved."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and "nbgrader" not in cell["metadata"]:
            cell["source"] = "Ein kleines Heft. " + SAID


def commented(notebook: Notebook) -> None:
    """As a comment in a cell with code of the course."""
    cell = next(c for c in notebook["cells"] if "experiment" in c["source"])
    cell["source"] += f"\n# {SAID}"


def only_attached(notebook: Notebook) -> None:
    """A picture that was pasted and is not shown by the text."""
    answer(notebook)["attachments"] = {"hand.png": {"image/png": "iVBORw0KGgo="}}


ELSEWHERE: dict[str, Change] = {
    "a cell below": put("markdown", SAID),
    "one word": put("markdown", "Sums."),
    "a raw cell": put("raw", SAID),
    "prose in a code cell": put("code", "Because the same weights are used, gradients add up"),
    "a comment": put("code", f"# {SAID}"),
    "a string": put("code", f'"""{SAID}"""'),
    "a printed string": put("code", f'print("x")  # my answer to this: {SAID}'),
    "a picture of handwriting": put("code", 'from IPython.display import Image\nImage("answer.jpg")'),
    "an attached picture": put(
        "markdown", "![x](attachment:a.png)", attachments={"a.png": {"image/png": "iVBORw0KGgo="}}
    ),
    "several lines of comments": put("code", "x = 1\n# the weights are\n# the same at\n# every step, so they add"),
    "a comment in another language": put("code", "# 因为每一步都使用相同的权重"),
    "another language": put("markdown", "因为每一步都使用相同的权重"),
    "split": split,
    "in the title": merged_question,
    "translated": translated,
    "a comment in an experiment": commented,
    "attached to the blank": only_attached,
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_text_elsewhere_leaves_the_answer_to_a_person(how: str, root: Path) -> None:
    """Not 0; what grading and exports print names the cell, and so does the notebook that the person reads."""
    hand_in(root, ELSEWHERE[how])
    said = record(root)
    assert marked(root) == (None, True)
    assert "answers stand outside their cells: cell " in said
    assert record(root) == said  # also when nothing is new
    texts = "\n".join(cell["source"] for cell in graded(root))
    if how != "split":  # there the piece with the text is the one that counts
        assert "answers stand outside their cells: cell " in texts
    done = export("csv", Request(UNIT, load_course(), root, Roster()))
    assert any("ada: answers stand outside their cells" in note for note in done.notes)
    assert ",1," in done.files[0].read_text(encoding="utf-8")  # unmarked_answers


def test_the_place_is_the_right_one(root: Path) -> None:
    """Counted as people count, and after which graded cell."""
    hand_in(root, put("markdown", SAID))
    assert "cell 5 after q_why_sum" in record(root)


def experiment(notebook: Notebook) -> None:
    """What the notebook asks for: other numbers, more runs, plots, output."""
    cell = next(c for c in notebook["cells"] if "experiment" in c["source"])
    loop = 'for rate in (0.1, 0.5):  # try\n    print("rate", rate)'
    cell["source"] = f"import numpy as np\n{loop}\n# plt.plot(x, y)\n# try a larger rate here"
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": SAID}]
    put("code", "check('rnn_step_forward', hint=2)\n%timeit rnn_step_forward(x, h)\n!ls")(notebook)
    put(
        "code", 'def loss(x):\n    """The mean of squares over all steps of all sequences in a batch."""\n    return x'
    )(notebook)
    put("code", "")(notebook)
    put("markdown", " \n")(notebook)


def reformatted(notebook: Notebook) -> None:
    """What tools do to texts that nobody touched."""
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n") + "\n"
        cell["metadata"] |= {"id": "x", "collapsed": False}


def notebook_of_three(notebook: Notebook) -> None:
    """Saved by an old Jupyter: ids are lost."""
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]


BLANK: dict[str, Change] = {
    "as handed out": lambda notebook: None,
    "experiments": experiment,
    "reformatted": reformatted,
    "without ids": notebook_of_three,
    "a course's cell deleted": lambda notebook: notebook["cells"].pop(0),
    "order turned round": lambda notebook: notebook["cells"].reverse(),
}


@pytest.mark.parametrize("how", BLANK)
def test_a_plain_blank_stays_zero(how: str, root: Path) -> None:
    """Experiments, outputs and what tools change are no answers."""
    hand_in(root, BLANK[how])
    assert "answers" not in record(root)
    assert marked(root) == (0, False)


# ── lost metadata ─────────────────────────────────────────────────────────────────────────────────────


def without_metadata(notebook: Notebook) -> None:
    """Ids stay."""
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def without_both(notebook: Notebook) -> None:
    """As services do that keep neither."""
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"], cell["id"] = {}, f"{number:08x}"


@pytest.mark.parametrize("lose", [without_metadata, without_both])
def test_cells_without_metadata_are_found(lose: Change, root: Path) -> None:
    """By id and type; by a test cell's text, and by what stands round an answer: points go where the answer is."""

    def how(notebook: Notebook) -> None:
        answer(notebook)["source"] = SAID
        lose(notebook)

    hand_in(root, how)
    assert "outside" not in record(root) and marked(root) == (None, True)
    cells = graded(root)
    assert len(cells) == len(blank(root)["cells"])
    found = next(cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "q_why_sum")
    assert found["source"] == SAID


def test_a_blank_without_metadata_is_blank(root: Path) -> None:
    """Nobody has to look at what nobody wrote."""
    hand_in(root, without_metadata)
    assert "answers" not in record(root) and marked(root) == (0, False)


def test_an_id_on_another_kind_of_cell_is_no_sign(root: Path) -> None:
    """The answer's cell is put back, and the text is pointed out."""

    def how(notebook: Notebook) -> None:
        cell = answer(notebook)
        cell.update(cell_type="code", source="1 + 1", metadata={}, outputs=[], execution_count=None)

    hand_in(root, how)
    record(root)
    assert marked(root) == (None, True)
    assert any("was missing" in cell["source"] for cell in graded(root))


@pytest.mark.parametrize("kind", ["code", "raw"])
def test_an_answer_in_another_kind_of_cell_is_text(kind: str, root: Path) -> None:
    """Its type is mended, and what was code brings no tags into a page."""

    def how(notebook: Notebook) -> None:
        cell = answer(notebook)
        cell.update(cell_type=kind, source="Sums <script>alert(1)</script> [x](javascript:alert(1))")
        if kind == "code":
            cell.update(outputs=[], execution_count=None)

    hand_in(root, how)
    record(root)
    found = next(cell for cell in graded(root) if "Sums" in cell["source"])
    assert marked(root) == (None, True) and found["cell_type"] == "markdown"
    assert "<script" not in found["source"] and "](" not in found["source"]


def test_all_cells_merged_into_one_wait_for_a_person(root: Path) -> None:
    """The answer is somewhere in it."""

    def how(notebook: Notebook) -> None:
        text = "\n\n".join(cell["source"] for cell in notebook["cells"]).replace("YOUR ANSWER HERE", SAID)
        notebook["cells"] = [{"cell_type": "markdown", "id": "all", "metadata": {}, "source": text}]

    hand_in(root, how)
    assert "cell 1 at the top" in record(root)
    assert marked(root) == (None, True)


def test_other_formats_of_notebooks_are_read(root: Path) -> None:
    """nbformat 3, and a notebook that went through jupytext: the answer stands where it was."""
    for form in (3, "jupytext"):
        notebook = blank(root)
        answer(notebook)["source"] = SAID
        node = nbformat.from_dict(notebook)
        if form == 3:
            text = nbformat.writes(nbformat.convert(node, 3), version=3)
        else:
            text = nbformat.writes(jupytext.reads(jupytext.writes(node, "py:percent"), "py:percent"))
        folder = hand_in(root)
        (folder / NAME).write_text(text, encoding="utf-8")
        record(root)
        assert marked(root) == (None, True)
        assert any(cell["source"] == SAID and cell["metadata"].get("nbgrader") for cell in graded(root))


# ── several notebooks, other files ────────────────────────────────────────────────────────────────────


def answered(notebook: Notebook) -> None:
    answer(notebook)["source"] = SAID


@pytest.mark.parametrize("name", ["02_bptt (1).ipynb", "02_bptt-Copy1.ipynb", "final/02_bptt.ipynb", "mine.ipynb"])
@pytest.mark.parametrize("named", [True, False])
def test_of_several_notebooks_the_written_one_counts(name: str, named: bool, root: Path) -> None:
    """Beside one as it was handed out, or alone; and it is said."""
    if named:
        hand_in(root)
    hand_in(root, answered, name)
    said = record(root)
    assert f"{name} was taken for {NAME}" in said
    assert ("as it was handed out" in said) == named
    assert marked(root) == (None, True)
    assert any(cell["source"] == SAID for cell in graded(root))


def test_two_written_notebooks_are_left_to_a_person(root: Path) -> None:
    """The one of the unit's name is shown, both are named, and its blank cells are not 0."""
    hand_in(root, put("code", f"# {SAID}"))
    hand_in(root, answered, "02_bptt (1).ipynb")
    said = record(root)
    assert f"answers stand in several notebooks: {NAME}, 02_bptt (1).ipynb" in said
    assert marked(root) == (None, True)


def test_copies_of_the_same_answers_are_one(root: Path) -> None:
    """A second download of one's own work leaves no doubt."""
    hand_in(root, answered)
    hand_in(root, answered, "02_bptt (1).ipynb")
    assert "several" not in record(root) and marked(root) == (None, True)


def test_another_units_notebook_is_no_copy(root: Path) -> None:
    """Nor is one that cannot be read, or a link."""
    folder = hand_in(root)
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("My holidays. " * 20)])
    (folder / "01_vanilla_rnn.ipynb").write_text(nbformat.writes(other), encoding="utf-8")
    (folder / "broken.ipynb").write_text("{", encoding="utf-8")
    (folder / "link (1).ipynb").symlink_to(folder / NAME)
    assert record(root) == "" and marked(root) == (0, False)


def test_a_readable_copy_of_a_broken_notebook_counts(root: Path) -> None:
    """A download that broke off, and a second one."""
    folder = hand_in(root, answered, "02_bptt (1).ipynb")
    (folder / NAME).write_text('{"cells": [', encoding="utf-8")
    assert "could not be read" in record(root)
    assert any(cell["source"] == SAID for cell in graded(root))


def test_a_changed_copy_is_recorded_again(root: Path) -> None:
    """What was made from the first one is out of date."""
    hand_in(root)
    record(root)
    assert marked(root) == (0, False)
    hand_in(root, answered, "02_bptt (1).ipynb")
    record(root)
    assert marked(root) == (None, True)


@pytest.mark.parametrize("name", ["answers.pdf", "scan.JPG", "my_answers.txt", "answers.md", "report.docx"])
def test_a_document_beside_the_notebook_is_pointed_out(name: str, root: Path) -> None:
    """Nobody can tell by program whether answers are in it."""
    (hand_in(root) / name).write_bytes(b"x")
    assert f"answers may stand in {name}" in record(root)
    assert marked(root) == (None, True)


@pytest.mark.parametrize("name", ["README.md", "requirements.txt", "loss.png", "helper.py", "timestamp.txt"])
def test_other_files_are_no_answers(name: str, root: Path) -> None:
    """What many submissions hold."""
    (hand_in(root) / name).write_text("2027-03-01T22:59:00+00:00\n", encoding="utf-8")
    assert "answers" not in record(root) and marked(root) == (0, False)
