"""course.toml: what is wrong is said with its place."""

from __future__ import annotations

import pytest

from autograder.course import COURSE_FILE, load_course
from autograder.errors import CourseError, UsageError

GOOD = COURSE_FILE.read_text(encoding="utf-8")


def load(tmp_path, text):
    file = tmp_path / "course.toml"
    file.write_text(text, encoding="utf-8")
    return load_course(file)


def test_the_course_loads():
    """Are all units there, with parts whose weights sum to one?"""
    for unit in load_course().units:
        for exercise in unit.exercises:
            assert sum(exercise.weights) == pytest.approx(1.0)
            assert sum(exercise.part_points(part) for part in exercise.parts) == pytest.approx(exercise.points)


def test_a_unit_is_found_by_id_and_by_number():
    """Do "02_bptt", "2" and "02" name the same unit?"""
    course = load_course()
    assert course.unit("02_bptt") is course.unit("2") is course.unit("02")


def test_an_unknown_name_suggests_the_nearest():
    """Does a misspelt exercise get a guess, and a unit the list?"""
    with pytest.raises(UsageError, match="Did you mean 'rnn_forward'"):
        load_course().find_exercise("rnn_forwrd")
    with pytest.raises(UsageError, match="01_vanilla_rnn, 02_bptt"):
        load_course().unit("9")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("points = 4", "points = -4", "positive"),
        ("points = 4", 'points = "4"', "right type"),
        ("points = 4", "points = 4, pionts = 3", "unknown key 'pionts'"),
        ('id = "02_bptt"', 'id = "bptt"', "two digits"),
        ('id = "02_bptt"', 'id = "01_vanilla_rnn"', "used twice"),
        ('id = "relative_error"', 'id = "numerical_gradient"', "used twice"),
        ('engine = "numpy"', 'engine = "jax"', "'numpy' or 'torch'"),
        ("weights = [5, 1]", "weights = [5]", "one positive number per part"),
        ('forward = "rnn_step_forward"', 'forward = "rnn_forward"', "comes before it"),
        ('parts = ["dx", "dw", "db"]', 'parts = ["dx", "dx", "db"]', "twice"),
        ('parts = ["next_h"]', "parts = []", "at least one part"),
        ("edge_case_credit = 0.5", "edge_case_credit = 1.5", "below 1"),
        ("edge_case_credit = 0.5", "", "is missing"),
        ("[[units]]", "[[units]", "not valid TOML"),
    ],
)
def test_a_broken_course_file_says_what_and_where(tmp_path, old, new, says):
    """Does each mistake in course.toml name the file and the rule?"""
    assert old in GOOD
    with pytest.raises(CourseError, match=says.replace("[", r"\[")) as caught:
        load(tmp_path, GOOD.replace(old, new, 1) if "used twice" not in says else GOOD.replace(old, new))
    assert "course.toml" in str(caught.value)


def test_a_missing_course_file_is_one_sentence(tmp_path):
    """Is a missing file an error of the course, not a traceback?"""
    with pytest.raises(CourseError, match="Cannot read the course file"):
        load_course(tmp_path / "none.toml")
