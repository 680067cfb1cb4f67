"""The unit that trains a model, through nbgrader: a right submission, a blind one, and one that is too slow."""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from class_helpers import environment
from small_course import HOME

from autograder import demo
from autograder.course import load_course
from autograder.gradebook import read_scores
from autograder.release import release

COURSE = load_course()
UNIT = COURSE.unit("05_captioning")
STUDENTS = {student.name: student.units[UNIT.id] for student in demo.load_class() if UNIT.id in student.units}
SLOWEST = 1200  # seconds for three trainings on a busy machine, one of them until its time is up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SLOWEST + 300)]


def run(root: Path, *words: str, db: str) -> str:
    """A command in the course's folder, with a gradebook of its own; returns what it said."""
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=root, env=environment() | {"UNROLLED_DB": f"sqlite:///{root / db}"},
        capture_output=True, text=True, timeout=SLOWEST,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "Traceback" not in said, said
    return said


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with the three submissions of the demo class, graded by nbgrader, then by us."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(HOME / "solutions", root / "solutions", ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    shutil.copy(HOME / "nbgrader_config.py", root)
    release([UNIT.id], root=root)
    for student in STUDENTS:
        folder = root / "submitted" / student / UNIT.id
        folder.mkdir(parents=True)
        shutil.copy(demo.CLASS / student / UNIT.id / UNIT.module_file, folder)
        shutil.copy(root / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb", folder)
    run(root, "nbgrader", "autograde", UNIT.id, db="nbgrader.db")
    run(root, "autograder.cli", "grade", UNIT.id, db="ours.db")
    return root


def scores(root: Path, student: str, db: str) -> dict[str, float | None]:
    return read_scores(UNIT, student, f"sqlite:///{root / db}", COURSE.name)


def expected(student: str) -> dict[str, float]:
    """Points by exercise, as the demo class's file has them."""
    lost = STUDENTS[student].lost
    return {e.id: lost[e.id].points if e.id in lost else e.points for e in UNIT.exercises}


def test_there_are_a_right_a_blind_and_a_slow_one() -> None:
    """Full marks; the picture ignored; training stopped."""
    assert sorted(STUDENTS) == ["ada", "olga", "pavel"]
    said = {name: entry.lost["captioning_test"].says for name, entry in STUDENTS.items() if entry.lost}
    assert STUDENTS["ada"].score == UNIT.max_score
    assert "picture" in said["olga"] and "stopped" in said["pavel"]


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("db", ["nbgrader.db", "ours.db"])
def test_the_gradebook_has_the_points_cell_by_cell(classroom: Path, db: str, student: str) -> None:
    """`nbgrader autograde`, with nothing graded before, and `autograder grade` give what each of the three deserves."""
    assert scores(classroom, student, db) == expected(student)


@pytest.mark.parametrize("student", STUDENTS)
def test_feedback_says_where_the_points_are(classroom: Path, student: str) -> None:
    """What the captioning test found stands on nbgrader's page; nobody's page holds what pictures were asked."""
    page = html.unescape((classroom / "feedback" / student / UNIT.id / f"{UNIT.id}.html").read_text(encoding="utf-8"))
    assert all(lost.says in page for lost in STUDENTS[student].lost.values())
    assert "training_seed" not in page


def test_the_class_report_has_all_three(classroom: Path) -> None:
    """The report of the class shows the unit's points and where they were lost."""
    page = (classroom / "reports" / UNIT.id / "class.html").read_text(encoding="utf-8")
    assert all(student in page for student in STUDENTS) and "captioning_test" in page
