"""Damaged notebooks: whatever somebody hands in under that name is read, or replaced by a cell that says why not."""

from __future__ import annotations

import copy
import json
import random
import warnings
from pathlib import Path
from typing import Any

import pytest

from autograder import notebook_choice
from autograder.graded_notebook import cells_given, read_notebook, restore_cells, seal, tidy_notebook
from autograder.notebook_choice import choose_notebook

PARTS = 4  # of each kind of mutation
MUTATIONS = 2_500  # in each part: 20,000 together
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**40, "", "x", "\ud800", "<b>", [], [[]], {}, {"a": 1}, ["a", 1, None], "code", "raw",
)  # fmt: skip


def cell(kind: str, source: Any, name: str, **more: Any) -> dict[str, Any]:
    """One cell of a notebook's file."""
    made = {"cell_type": kind, "id": name, "metadata": {}, "source": source, **more}
    return made | {"outputs": made.get("outputs", []), "execution_count": None} if kind == "code" else made


def graded(name: str, locked: bool) -> dict[str, Any]:
    """What nbgrader notes of a graded cell."""
    about = {"grade": True, "grade_id": name, "locked": locked, "points": 2, "schema_version": 3, "task": False}
    return {"nbgrader": {**about, "solution": not locked}}


def released() -> dict[str, Any]:
    """A small unit's notebook: a text, an answer, some code, a test."""
    cells = [
        cell("markdown", ["A text that has more than twenty letters.\n", "Two lines."], "intro"),
        cell("markdown", "Your answer here.", "q_why", metadata=graded("q_why", locked=False)),
        cell("code", "x = 1  # a line of ours", "try_it"),
        cell("code", "check('f')", "test_f", metadata=graded("test_f", locked=True)),
    ]
    return {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


def handed_in() -> dict[str, Any]:
    """What a student made of it, with outputs of every kind and a picture."""
    found = copy.deepcopy(released())
    picture = "iVBORw0KGgo="
    found["cells"][1] |= {"source": "Because of the chain rule.", "attachments": {"a.png": {"image/png": picture}}}
    found["cells"][2]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture, "text/plain": ["p"]}},
    ]
    found["cells"].append(cell("raw", "An answer that stands outside of its own cell.", "more"))
    return found


def spots(node: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every place in a structure: what holds it, and under which key."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        found.append((node, key))
        if isinstance(node[key], dict | list):
            spots(node[key], found)
    return found


def changed_structure(notebook: dict[str, Any], rng: random.Random) -> str:
    """A notebook's text with parts of it replaced, dropped, doubled, renamed or exchanged."""
    notebook = copy.deepcopy(notebook)
    for _ in range(rng.choice((1, 1, 2, 5))):
        places = spots(notebook, [])
        if not places:
            break
        (holder, key), (other, place) = rng.choice(places), rng.choice(places)
        kind = rng.randrange(5)
        if kind <= 1:
            holder[key] = copy.deepcopy(rng.choice(ODD))
        elif kind == 2:
            del holder[key]
        elif kind == 3:
            holder[key] = copy.deepcopy(other[place])
        elif isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        else:
            holder[rng.choice(("id", "source", "cell_type", "nbgrader", "outputs", "data", "x"))] = holder.pop(key)
    return json.dumps(notebook)


def changed_bytes(data: bytes, rng: random.Random) -> bytes:
    """Bytes replaced, dropped, doubled; an end that is missing."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 10))):
        place, length, kind = rng.randrange(len(changed)), rng.choice((1, 2, 8, 40)), rng.randrange(5)
        if kind == 0:
            changed[place : place + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            del changed[place : place + length]
        elif kind == 2:
            changed[place:place] = changed[place : place + length]
        elif kind == 3:
            changed[place : place + 1] = rng.choice((b"[", b"{", b"]", b"}", b'"', b"9", b"NaN", b"\\u0000", b"\xff"))
        elif rng.random() < 0.1:
            del changed[place + 1 :]
    return bytes(changed)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """The released notebook's file."""
    place = tmp_path / "released.ipynb"
    place.write_text(json.dumps(released()), encoding="utf-8")
    return place


def recorded(text: str, given: Path) -> tuple[dict[str, Any], str]:
    """The steps that recording takes with a notebook, up to the file that is written."""
    notebook, problem = read_notebook(text, given)
    cells = cells_given(given)
    known = notebook_choice._known(cells)
    notebook_choice._is_units(notebook, cells)
    notebook_choice._written_in(notebook, cells)
    tidy_notebook(notebook, cells)
    answers = restore_cells(notebook, known, cells)
    seal(notebook, "hash", answers=answers)
    json.dumps(notebook).encode()
    names = [c["metadata"]["nbgrader"]["grade_id"] for c in notebook["cells"] if "nbgrader" in c["metadata"]]
    assert sorted(names) == sorted(known)
    return notebook, problem


def fuzz(given: Path, mutate: Any, salt: str) -> int:
    """How many of the mutations could not be read; each is recorded, or the test fails with what it was."""
    rng, unread = random.Random(salt), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(MUTATIONS):
            text = mutate(rng)
            try:
                _, problem = recorded(text, given)
            except Exception as error:
                raise AssertionError(f"{salt} {number}: {text!r}") from error
            unread += bool(problem)
    return unread


def test_the_original_is_read(given: Path) -> None:
    """The fuzz starts from a notebook in which an answer is found."""
    notebook, problem = recorded(json.dumps(handed_in()), given)
    assert not problem and len(notebook["cells"]) == len(handed_in()["cells"])


@pytest.mark.parametrize("part", range(PARTS))
def test_notebooks_of_another_structure(given: Path, part: int) -> None:
    """Each of 10,000 is recorded with every graded cell in it once, whatever is where a value belongs."""
    original = handed_in()
    unread = fuzz(given, lambda rng: changed_structure(original, rng), f"structure {part}")
    assert 0 < unread < MUTATIONS * 99 // 100


@pytest.mark.parametrize("part", range(PARTS))
def test_notebooks_with_damaged_bytes(given: Path, part: int) -> None:
    """The same for 10,000 files that are no JSON any more, or another one."""
    original = json.dumps(handed_in()).encode()
    unread = fuzz(given, lambda rng: changed_bytes(original, rng).decode("utf-8", "replace"), f"bytes {part}")
    assert 0 < unread < MUTATIONS * 99 // 100


@pytest.mark.parametrize("cells", [{}, "", None, {"a": 1}])
def test_cells_that_are_no_list_are_no_notebook(given: Path, cells: Any) -> None:
    """An empty object in place of the cells used to stop the recording."""
    _, problem = recorded(json.dumps(released() | {"cells": cells}), given)
    assert problem


def test_a_folder_of_the_notebooks_name_is_no_notebook(given: Path, tmp_path: Path) -> None:
    """Another notebook in the submission still counts."""
    (tmp_path / "in" / "02_bptt.ipynb").mkdir(parents=True)
    (tmp_path / "in" / "mine.ipynb").write_text(json.dumps(handed_in()), encoding="utf-8")
    choice = choose_notebook("02_bptt", tmp_path / "in", given)
    assert choice.file == tmp_path / "in" / "mine.ipynb" and not choice.problem
