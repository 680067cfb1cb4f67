"""Everybody's marks for one unit, out of the gradebook: what all exports are made from.

A mark is the points of the checks, plus those for answers in words that a person has given, less what handing in late
costs. The penalty is worked out again here, so that it is right although answers were marked after grading. Nothing is
written into the gradebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder import folders
from autograder.course import Course, Unit
from autograder.database import check_gradebook, read_gradebook
from autograder.errors import UsageError
from autograder.late import Late, is_ours, late_of
from autograder.roster import Person, Roster


@dataclass(frozen=True)
class Mark:
    """One student and one unit."""

    person: Person
    handed_in: bool
    exercises: dict[str, float] = field(default_factory=dict)  # points of the checks, by exercise
    checks: float = 0.0  # their sum
    written: float = 0.0  # points for answers in words, as far as a person has given some
    max_checks: float = 0.0
    max_written: float = 0.0
    penalty: float = 0.0  # what handing in late costs, of checks and written together
    penalty_of_checks: float = 0.0  # and of the checks alone
    late: Late | None = None
    submitted_at: datetime | None = None  # UTC
    unmarked: int = 0  # answers that wait for a person
    to_review: int = 0  # marks that a person gave before the work was graded again; they count
    withdrawn: bool = False  # what was graded is not in submitted/ any more
    stranger: bool = False  # there is a roster, and they are not in it

    @property
    def score(self) -> float:
        """What counts: all points less the penalty."""
        return max(0.0, round(self.checks + self.written - self.penalty, 4))

    @property
    def score_of_checks(self) -> float:
        """The same of the checks alone."""
        return max(0.0, round(self.checks - self.penalty_of_checks, 4))

    @property
    def max_score(self) -> float:
        """Most points there could be."""
        return self.max_checks + self.max_written


def read_marks(
    unit: Unit,
    course: Course,
    root: Path,
    roster: Roster,
    *,
    db_url: str | None = None,
    students: Sequence[str] | None = None,
) -> list[Mark]:
    """The marks of everybody who is in the roster or has been graded, sorted by id.

    Args:
        students: only these; None for all.

    Raises:
        UsageError: the unit has not been graded, or somebody asked for is not known.
        StoreError: the gradebook cannot be read.
    """
    from autograder.gradebook import load_config
    from autograder.release import quiet_nbgrader

    config = load_config(root, db_url)
    url = str(config.CourseDirectory.db_url)
    check_gradebook(url)
    ruled = course.late is not None or is_ours(config)
    listed = {person.id for person in roster.people}
    with quiet_nbgrader(), read_gradebook(url) as gb:
        return [
            replace(mark, stranger=bool(listed) and mark.person.id not in listed)
            for mark in _marks(gb, unit, course, root, roster, students, ruled)
        ]


def _marks(
    gb: Any, unit: Unit, course: Course, root: Path, roster: Roster, students: Sequence[str] | None, ruled: bool
) -> list[Mark]:
    graded = _graded_students(gb, unit) if gb is not None else set()
    if not graded:
        raise UsageError(f"Nobody's {unit.id} is in the gradebook yet. Run 'autograder grade {unit.id}' first.")
    everybody = sorted({*graded, *(person.id for person in roster.people)})
    for name in students or ():
        if name not in everybody:
            raise UsageError(f"{name!r} is neither in the gradebook's {unit.id} nor in the roster.")
    notebook = gb.find_notebook(unit.id, unit.id)
    most = {cell.name: float(cell.max_score) for cell in [*notebook.grade_cells, *notebook.task_cells]}
    limits = _limits(unit, most)
    found = []
    for name in everybody:
        if students is not None and name not in students:
            continue
        if name not in graded:
            found.append(Mark(roster.person(name), False, max_checks=limits[0], max_written=limits[1]))
            continue
        submission = root / folders.SUBMITTED / name / unit.id
        entry = gb.find_submission(unit.id, name)
        late, time = late_of(unit, course, submission, entry)
        mark = _mark(entry, unit, roster.person(name), late, limits, ruled)
        found.append(replace(mark, submitted_at=time, withdrawn=not submission.is_dir()))
    return found


def _graded_students(gb: Any, unit: Unit) -> set[str]:
    from nbgrader.api import MissingEntry

    try:
        return {entry.student_id for entry in gb.assignment_submissions(unit.id)}
    except MissingEntry:
        return set()


def _limits(unit: Unit, most: dict[str, float]) -> tuple[float, float]:
    """Most points that checks, and that answers in words, can bring."""
    of_checks = sum(points for name, points in most.items() if name in _tests(unit))
    return of_checks, sum(most.values()) - of_checks


def _tests(unit: Unit) -> dict[str, str]:
    return {f"test_{exercise.id}": exercise.id for exercise in unit.exercises}


def _mark(entry: Any, unit: Unit, person: Person, late: Late | None, limits: tuple[float, float], ruled: bool) -> Mark:
    """A student's mark.

    Args:
        entry: nbgrader's SubmittedAssignment.
        unit: what was handed in.
        person: by whom.
        late: how late.
        limits: most points of checks and of answers in words.
        ruled: whether the course's rule says what lateness costs; else it is what the gradebook has.
    """
    tests = _tests(unit)
    exercises = dict.fromkeys((exercise.id for exercise in unit.exercises), 0.0)
    checks = written = noted = 0.0
    unmarked = to_review = 0
    for notebook in entry.notebooks:
        noted += notebook.late_submission_penalty or 0.0
        for grade in notebook.grades:
            points = float(grade.score or 0.0)
            if grade.name in tests:
                exercises[tests[grade.name]] = points
                checks += points
            else:
                written += points
            if grade.needs_manual_grade and grade.manual_score is not None:
                to_review += 1
            elif grade.name not in tests:
                unmarked += bool(grade.needs_manual_grade)
    total = checks + written
    penalty = noted if not ruled else late.penalty(total) if late is not None else 0.0
    of_checks = penalty if not written else round(penalty * checks / total, 2)
    if not (person.first_name or person.last_name or person.email):
        person = _known_to_the_gradebook(person, entry.student)
    return Mark(
        person,
        handed_in=True,
        exercises=exercises,
        checks=checks,
        written=written,
        penalty=min(penalty, total),
        penalty_of_checks=min(of_checks, checks),
        late=late,
        unmarked=unmarked,
        to_review=to_review,
        max_checks=limits[0],
        max_written=limits[1],
    )


def _known_to_the_gradebook(person: Person, student: Any) -> Person:
    """The names that nbgrader's own list of students has, if the roster has none."""
    return replace(
        person,
        first_name=student.first_name or "",
        last_name=student.last_name or "",
        email=student.email or "",
    )
