"""What holds for the notebook of every unit as it is written; nothing is run here."""

from __future__ import annotations

import re

import pytest
from notebook_helpers import answer_cells, contents, graded_cells, markdown, module_path, read_notebook

from autograder.course import Unit, load_course

UNITS = load_course().units
MOST_LINES = 40  # of a cell: about one screen
LEAST_ANSWER = 200  # characters of a model answer

#: How many questions a unit has, and how many sections its module's docstrings cite.
QUESTIONS = {"01_vanilla_rnn": 6, "02_bptt": 8, "03_char_lm": 8, "04_lstm_gru": 8, "05_captioning": 8}
CITED = {"01_vanilla_rnn": 11, "02_bptt": 8, "03_char_lm": 7, "04_lstm_gru": 9, "05_captioning": 6}

#: Units whose model answers say in figures, "(2 points)", what each part of an answer is worth.
MARKED_IN_FIGURES = ("03_char_lm",)

of_every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)


@of_every_unit
def test_every_exercise_has_one_test_cell_with_its_points(unit: Unit) -> None:
    """Grade ids, points and bodies of the test cells are those of course.toml, in its order."""
    tests = graded_cells(read_notebook(unit))
    got = [(cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader.points, str(cell.source)) for cell in tests]
    assert got == [(f"test_{e.id}", e.points, f'check("{e.id}")') for e in unit.exercises]
    assert all(cell.metadata.nbgrader.locked and cell.metadata.nbgrader.grade for cell in tests)


@of_every_unit
def test_every_question_has_a_model_answer(unit: Unit) -> None:
    """Manually graded cells hold nothing but one solution region with text in it."""
    answers = answer_cells(read_notebook(unit))
    assert len(answers) == QUESTIONS[unit.id]
    for cell in answers:
        lines = str(cell.source).splitlines()
        assert (lines[0], lines[-1]) == ("### BEGIN SOLUTION", "### END SOLUTION")
        assert len(" ".join(lines[1:-1])) > LEAST_ANSWER
        assert cell.metadata.nbgrader.solution and cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.locked


@pytest.mark.parametrize("unit_id", MARKED_IN_FIGURES)
def test_points_within_a_model_answer_add_up(unit_id: str) -> None:
    """What its parts are worth is together what the question is worth."""
    for cell in answer_cells(read_notebook(load_course().unit(unit_id))):
        given = sum(int(points) for points in re.findall(r"\((\d+) points?\)", " ".join(cell.source.splitlines())))
        assert given == cell.metadata.nbgrader.points, cell.source[:80]


@of_every_unit
def test_questions_announce_the_points_that_their_cells_have(unit: Unit) -> None:
    """ "Question 3 (3 points)" in the text, in order, and the metadata of the next answer cell agree."""
    announced = re.findall(r"\*\*Question (\d+)(?:: [^(*]+)? \((\d+) points\)", markdown(unit))
    points = [cell.metadata.nbgrader.points for cell in answer_cells(read_notebook(unit))]
    assert announced == [(str(number), f"{worth:g}") for number, worth in enumerate(points, 1)]
    assert f"another {sum(points)} points" in " ".join(markdown(unit).split())


@of_every_unit
def test_exercises_announce_the_points_of_the_course_file(unit: Unit) -> None:
    """ "Exercise 4 (6 points)" in the text and course.toml agree."""
    announced = re.findall(r"\*\*Exercise (\d+) \((\d+) points\)", markdown(unit))
    assert announced == [(str(n), f"{e.points:g}") for n, e in enumerate(unit.exercises, 1)]


@of_every_unit
def test_the_table_of_sections_has_the_points_of_the_course_file(unit: Unit) -> None:
    """It names every exercise, in order, with its points; what has no function of its own stands without a name."""
    without_function = [exercise.id for exercise in unit.exercises if exercise.experiment]
    found: list[tuple[str, int]] = []
    for _, write, points in contents(unit):
        worth = [int(number) for number in points.split(",") if number]
        names = re.findall(r"`(\w+)`", write) or (without_function if worth else [])
        found += zip(names, worth, strict=True)
    assert found == [(exercise.id, exercise.points) for exercise in unit.exercises]


@of_every_unit
def test_the_table_of_sections_lists_them(unit: Unit) -> None:
    """Every section that it names, or each of several in one row, is a heading, in this order."""
    headings = re.findall(r"^## (.+)$", markdown(unit), flags=re.MULTILINE)
    named: list[str] = []
    for section, _, _ in contents(unit):
        several = [part[:1].upper() + part[1:] for part in re.split(r", (?:and )?", section)]
        named += [section] if section in headings else several
    assert named == [heading for heading in headings if heading in named]


@of_every_unit
def test_sections_that_docstrings_cite_exist(unit: Unit) -> None:
    """A student who follows a docstring's `section "…"` finds a heading of that name."""
    headings = set(re.findall(r"^#+ (.+)$", markdown(unit), flags=re.MULTILINE))
    cited = set(re.findall(r'section\s+"([^"]+)"', module_path(unit).read_text(encoding="utf-8")))
    assert len(cited) == CITED[unit.id]
    assert cited <= headings


@of_every_unit
def test_cells_fit_on_a_screen(unit: Unit) -> None:
    """No cell is longer than about one screen."""
    cells = read_notebook(unit).cells
    assert [str(cell.source)[:60] for cell in cells if len(str(cell.source).splitlines()) > MOST_LINES] == []
