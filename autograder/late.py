"""How late a submission is, and what that costs by the rule in ``course.toml``.

The time of a submission is in ``timestamp.txt`` in its folder, where nbgrader's exchange and ``autograder collect``
put it. When it was due is in ``course.toml``, else in the gradebook, which also knows who has been given more time.
A penalty is a share of the points that the work got, so that it can be applied to the points of the checks alone as
well as to all points.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import folders
from autograder.course import Course, LateRule, Unit
from autograder.database import open_gradebook, read_gradebook
from autograder.errors import StoreError
from autograder.times import local_time, read_time, zone_of

if TYPE_CHECKING:
    from traitlets.config import Config

TIMESTAMP = "timestamp.txt"  # nbgrader's name for it
PLUGIN = "autograder.nbgrader_late.CourseLateRule"  # the rule, as nbgrader_config.py names it
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
        """Such as ``2 days 3 h late, the 3rd day has begun: −30 %``."""
        how_late = f"{duration(self.seconds)} late"
        if self.cut_off:
            return f"{how_late}: after the cut-off, no points"
        if not self.percent:
            return f"{how_late}: no penalty"
        return f"{how_late}, the {_ordinal(math.ceil(self.seconds / _DAY))} day has begun: −{self.percent:g} %"


def late_by(rule: LateRule | None, seconds: float) -> Late | None:
    """What being so many seconds late costs; None if that is not late at all.

    A day that has begun counts as a whole one. Within the grace period nothing is lost; after it the days are counted
    from the due date, not from its end.
    """
    if seconds <= 0:
        return None
    if rule is None or seconds <= 60 * rule.grace_minutes:
        return Late(seconds, 0.0)
    return _cost(rule, seconds)


def lateness(rule: LateRule | None, due: datetime, time: datetime, extension: timedelta | None = None) -> Late | None:
    """What handing in at a time costs, by the clocks where the course is; None if that is in time.

    A day is late as long as clocks show the same time on the next day, also where they are changed in between: then it
    has 23 or 25 hours. Whether something is late at all, and the grace period, go by the time that has passed.

    Args:
        rule: the course's; its zone says which clocks, without one a day has 24 hours.
        due: for everybody.
        time: when it was handed in.
        extension: more time that was given to one student; where that could be two times, because clocks are changed
            in between, it is the later one.
    """
    zone = rule.zone if rule is not None else None
    if extension:
        given = due + extension
        if zone is not None:
            wall = local_time(due, zone).replace(tzinfo=None) + extension
            given = max(given, wall.replace(tzinfo=zone_of(zone)).astimezone(UTC))
        due = given
    passed = (time - due).total_seconds()
    if rule is None or zone is None or passed <= 60 * rule.grace_minutes:
        return late_by(rule, passed)
    shown = (local_time(time, zone).replace(tzinfo=None) - local_time(due, zone).replace(tzinfo=None)).total_seconds()
    return _cost(rule, shown if shown > 0 else passed)


def _cost(rule: LateRule, seconds: float) -> Late:
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
    parts += [f"{minutes} min" if minutes else ""]
    return " ".join([part for part in parts if part][:2])


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def read_timestamp(submission: Path, zone: str | None = None) -> datetime | None:
    """When a folder was handed in, in UTC; None if nobody has written that down.

    Args:
        submission: the folder.
        zone: the course's.

    Raises:
        StoreError: ``timestamp.txt`` is there and does not say clearly when.
    """
    file = submission / TIMESTAMP
    if not os.path.lexists(file):
        return None
    if not file.is_file():  # a pipe would be waited for
        raise StoreError(f"{file} is no file: nobody knows when it was handed in.")
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"Cannot read the time of submission in {file}: {error}.") from error
    try:
        return read_time(text, zone, without_zone=UTC)  # as nbgrader writes times that it read off a file's name
    except ValueError as error:
        raise StoreError(
            f"{file} holds {text[:60]!r}, which {error}. Write one such as '2027-03-01 22:59:00 UTC' or "
            "'2027-03-01 23:59:00 +01:00', or delete the file: then nobody knows when, and it counts as in time."
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


def is_ours(config: Config) -> bool:
    """Whether penalties are the course's rule's alone, so that without a rule there are none."""
    plugin = config.AssignLatePenalties.plugin_class
    others = {"LateSubmissionPlugin", "CourseLateRule"} & set(config)
    return not others and plugin == PLUGIN


def apply_penalty(
    unit: Unit, course: Course, student: str, submission: Path, db_url: str, *, ours: bool = True
) -> Late | None:
    """Put the time of a submission and what its lateness costs into the gradebook, or take both back.

    What nbgrader's autograder does with the rule as its plugin, also where nothing had to be graded again, and where
    the time or the rule has been taken away since.

    Args:
        unit: what was handed in.
        course: its rule counts.
        student: by whom.
        submission: the folder.
        db_url: the gradebook.
        ours: whether there are no other penalties (:func:`is_ours`); if there may be, they stay while there is no rule.

    Returns:
        how late it was; None if it was in time, or has no time, or is not due.

    Raises:
        StoreError: ``timestamp.txt`` does not say clearly when.
    """
    from autograder.release import quiet_nbgrader

    time = read_timestamp(submission, course.zone)
    with quiet_nbgrader(), open_gradebook(db_url) as gb:
        found = gb.db.execute(_times_of(), {"unit": unit.id, "who": student}).first()
        if found is None:
            return None
        due, noted, extension, penalty = found
        naive = time.replace(tzinfo=None) if time is not None else None
        late = _late(unit, course, time, due, extension)
        if noted == naive and penalty is None and not (late is not None and late.percent):
            return late
        entry = gb.find_submission(unit.id, student)
        entry.timestamp = naive
        if course.late is not None or ours:
            for notebook in entry.notebooks:
                wanted = late.penalty(notebook.score) if late is not None and late.percent else None
                if notebook.late_submission_penalty != wanted:
                    notebook.late_submission_penalty = wanted
        gb.db.commit()
        return late


@lru_cache(maxsize=1)
def _times_of() -> Any:
    """A query for one student's times and penalty, put together once."""
    from nbgrader.api import Assignment, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import bindparam, select

    return (
        select(
            Assignment.duedate,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedAssignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(Assignment.name == bindparam("unit"), SubmittedAssignment.student_id == bindparam("who"))
    )


def _late(
    unit: Unit, course: Course, time: datetime | None, due: datetime | None, extension: timedelta | None
) -> Late | None:
    """How late somebody was.

    Args:
        unit: what was handed in.
        course: says what that costs, and when it was due.
        time: of the submission.
        due: as the gradebook has it (UTC, without saying so), for units that the course says nothing about.
        extension: more time that they were given.
    """
    known = course.late.due_of(unit.id) if course.late is not None else None
    if known is None and due is not None:
        known = due.replace(tzinfo=UTC)
    return lateness(course.late, known, time, extension) if time is not None and known is not None else None


def late_of(unit: Unit, course: Course, submission: Path, entry: Any) -> tuple[Late | None, datetime | None]:
    """How late a submission was and when it came, by its folder; by the gradebook, if it is not there any more.

    Args:
        unit: what was handed in.
        course: its rule counts.
        submission: the folder.
        entry: nbgrader's SubmittedAssignment.

    Raises:
        StoreError: ``timestamp.txt`` does not say clearly when.
    """
    time = read_timestamp(submission, course.zone)
    if not submission.is_dir() and entry.timestamp is not None:
        time = entry.timestamp.replace(tzinfo=UTC)
    return _late(unit, course, time, entry.assignment.duedate, entry.extension), time


def read_late(
    unit: Unit, course: Course, root: Path, students: Sequence[str], db_url: str | None = None
) -> dict[str, Late]:
    """Who of some students handed in a unit late; empty if ``course.toml`` has no rule.

    More time that somebody was given is known to the gradebook alone; where there is none yet, nobody has any.

    Raises:
        StoreError: a ``timestamp.txt`` that does not say clearly when.
    """
    if course.late is None:
        return {}
    extensions, due = _of_the_gradebook(unit, root, db_url)
    found = {}
    for student in students:
        time = read_timestamp(root / folders.SUBMITTED / student / unit.id, course.zone)
        late = _late(unit, course, time, due, extensions.get(student))
        if late is not None:
            found[student] = late
    return found


def _of_the_gradebook(unit: Unit, root: Path, db_url: str | None) -> tuple[dict[str, timedelta], datetime | None]:
    """Student -> more time that they were given, and when the unit is due, as the gradebook has it."""
    from nbgrader.api import MissingEntry

    from autograder.gradebook import load_config
    from autograder.release import quiet_nbgrader

    with quiet_nbgrader(), read_gradebook(str(load_config(root, db_url).CourseDirectory.db_url)) as gb:
        if gb is None:
            return {}, None  # nothing has been recorded yet
        try:
            assignment: Any = gb.find_assignment(unit.id)
        except MissingEntry:
            return {}, None
        given = {entry.student_id: entry.extension for entry in assignment.submissions if entry.extension}
        return given, assignment.duedate
