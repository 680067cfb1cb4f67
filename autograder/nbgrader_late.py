"""The rule for late submissions as nbgrader's plugin, so that ``nbgrader autograde`` applies the same one."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin

from autograder.course import load_course
from autograder.late import late_by, lateness


class CourseLateRule(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader has no types
    """``c.AssignLatePenalties.plugin_class``: the table ``[late]`` of course.toml; without one, nbgrader's own."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        rule = load_course().late
        if rule is None:
            penalty: float | None = super().late_submission_penalty(student_id, score, total_seconds_late)
            return penalty
        entry = self._submission(student_id)
        if entry is None:
            late = late_by(rule, total_seconds_late)
        else:
            due, time = (moment.replace(tzinfo=UTC) for moment in (entry.assignment.duedate, entry.timestamp))
            late = lateness(rule, due, time, entry.extension)
        return late.penalty(score) if late is not None and late.percent else None

    def _submission(self, student_id: str) -> Any:
        """What the gradebook has, which the step that asks has open: due date and time, not just their difference."""
        gradebook, unit_id = (getattr(self.parent, name, None) for name in ("gradebook", "assignment_id"))
        return gradebook.find_submission(unit_id, student_id) if gradebook is not None else None
