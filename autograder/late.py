"""How late a submission is, and what that costs by the rule in ``course.toml``.

The time of a submission is in ``timestamp.txt`` in its folder, where nbgrader's exchange and ``autograder collect``
put it. When it was due is in ``course.toml``, else in the gradebook, which also knows who has been given more time.
A penalty is a share of the points that the work got, so that it can be applied to the points of the checks alone as
well as to all points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograder import folders
from autograder.course import Course, LateRule, Unit
from autograder.database import open_gradebook, read_gradebook
from autograder.errors import StoreError

TIMESTAMP = "timestamp.txt"  # nbgrader's name for it
_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Late:
    """A submission that came after it was due (within the grace period too: then it costs nothing)."""

    seconds: float  # after the due date, more time that was given taken into account
    percent: float  # what it costs, of the points that the work got
    cut_off: bool = False  # so late that nothing counts

    def penalty(self, points: float) -> float:
        """Points lost, of so many."""
        return round(max(points, 0.0) * self.percent / 100, 2)

    @property
    def words(self) -> str:
        """Such as ``2 days 3 h late: −20 %``."""
        cost = (
            "after the cut-off, no points" if self.cut_off else f"−{self.percent:g} %" if self.percent else "no penalty"
        )
        return f"{duration(self.seconds)} late: {cost}"


def late_by(rule: LateRule | None, seconds: float) -> Late | None:
    """What being so many seconds late costs; None if that is not late at all.

    A day that has begun counts as a whole one. Within the grace period nothing is lost; after it the days are counted
    from the due date, not from its end.
    """
    if seconds <= 0:
        return None
    if rule is None or seconds <= 60 * rule.grace_minutes:
        return Late(seconds, 0.0)
    if rule.cut_off_days is not None and seconds > rule.cut_off_days * _DAY:
        return Late(seconds, 100.0, cut_off=True)
    return Late(seconds, min(rule.percent_per_day * math.ceil(seconds / _DAY), rule.max_percent))


def duration(seconds: float) -> str:
    """A time in words, to the minute, the two largest units: ``2 days 3 h``, ``5 min``, ``less than a minute``."""
    minutes = int(seconds // 60)
    if minutes == 0:
        return "less than a minute"
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [f"{days} day{'' if days == 1 else 's'}" if days else "", f"{hours} h" if hours else ""]
    parts += [f"{minutes} min" if minutes and not days else ""]
    return " ".join(part for part in parts if part)


def read_timestamp(submission: Path) -> datetime | None:
    """When a folder was handed in, in UTC; None if nobody has written that down.

    Raises:
        StoreError: ``timestamp.txt`` is there and holds no time.
    """
    from nbgrader.utils import parse_utc

    file = submission / TIMESTAMP
    try:
        text = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"Cannot read the time of submission in {file}: {error}.") from error
    try:
        time: datetime = parse_utc(text)  # as nbgrader reads it
        return time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{file} holds {text[:60]!r}, which is no time. Write one such as '2027-03-01 22:59:00 UTC', "
            "or delete the file."
        ) from error


def timestamp_text(time: datetime) -> str:
    """A time as ``timestamp.txt`` holds it: UTC, in a form that nbgrader reads."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


# ── the gradebook ─────────────────────────────────────────────────────────────────────────────────────


def set_due_date(unit: Unit, course: Course, db_url: str) -> None:
    """Have the gradebook know when a unit is due, if ``course.toml`` says it."""
    from autograder.release import quiet_nbgrader

    due = course.late.due_of(unit.id) if course.late is not None else None
    if due is None:
        return
    naive = due.replace(tzinfo=None)  # as nbgrader keeps times: UTC, without saying so
    with quiet_nbgrader(), open_gradebook(db_url) as gb:
        if gb.find_assignment(unit.id).duedate != naive:
            gb.update_or_create_assignment(unit.id, duedate=naive)


def apply_penalty(unit: Unit, course: Course, student: str, submission: Path, db_url: str) -> Late | None:
    """Put the time of a submission and what its lateness costs into the gradebook.

    What nbgrader's autograder does with the rule as its plugin, also where nothing had to be graded again. Without
    a rule in ``course.toml`` the gradebook's own penalties stay as they are.

    Returns:
        how late it was; None if it was in time, or has no time, or is not due.

    Raises:
        StoreError: ``timestamp.txt`` holds no time.
    """
    from nbgrader.api import MissingEntry

    from autograder.release import quiet_nbgrader

    time = read_timestamp(submission)
    with quiet_nbgrader(), open_gradebook(db_url) as gb:
        try:
            entry = gb.find_submission(unit.id, student)
        except MissingEntry:
            return None
        naive = time.replace(tzinfo=None) if time is not None else None
        if naive is not None and entry.timestamp != naive:
            entry.timestamp = naive
            gb.db.commit()
        late = late_by(course.late, entry.total_seconds_late)
        if course.late is not None:
            for notebook in entry.notebooks:
                wanted = late.penalty(notebook.score) if late is not None and late.percent else None
                if notebook.late_submission_penalty != wanted:
                    notebook.late_submission_penalty = wanted
            gb.db.commit()
        return late


def read_late(
    unit: Unit, course: Course, root: Path, students: Sequence[str], db_url: str | None = None
) -> dict[str, Late]:
    """Who of some students handed in a unit late; empty if ``course.toml`` has no rule.

    More time that somebody was given is known to the gradebook alone; where there is none yet, nobody has any.

    Raises:
        StoreError: a ``timestamp.txt`` that holds no time.
    """
    if course.late is None:
        return {}
    extensions, due = _of_the_gradebook(unit, course, root, db_url)
    due = course.late.due_of(unit.id) or due
    found = {}
    for student in students:
        time = read_timestamp(root / folders.SUBMITTED / student / unit.id)
        if time is not None and due is not None:
            late = late_by(course.late, (time - due - extensions.get(student, timedelta())).total_seconds())
            if late is not None:
                found[student] = late
    return found


def _of_the_gradebook(
    unit: Unit, course: Course, root: Path, db_url: str | None
) -> tuple[dict[str, timedelta], datetime | None]:
    """Student -> more time that they were given, and when the unit is due, as the gradebook has it."""
    from nbgrader.api import MissingEntry

    from autograder.gradebook import load_config
    from autograder.release import quiet_nbgrader

    url = str(load_config(root, db_url).CourseDirectory.db_url)
    with quiet_nbgrader(), read_gradebook(url) as gb:
        if gb is None:
            return {}, None  # nothing has been recorded yet
        try:
            assignment: Any = gb.find_assignment(unit.id)
        except MissingEntry:
            return {}, None
        given = {entry.student_id: entry.extension for entry in assignment.submissions if entry.extension}
        return given, assignment.duedate.replace(tzinfo=UTC) if assignment.duedate is not None else None
