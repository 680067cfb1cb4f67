"""The rule for late submissions as nbgrader's plugin, so that ``nbgrader autograde`` applies the same one."""

from __future__ import annotations

from nbgrader.plugins import LateSubmissionPlugin

from autograder.course import load_course
from autograder.late import late_by


class CourseLateRule(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader has no types
    """``c.AssignLatePenalties.plugin_class``: the table ``[late]`` of course.toml; without one, nbgrader's own."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        rule = load_course().late
        if rule is None:
            penalty: float | None = super().late_submission_penalty(student_id, score, total_seconds_late)
            return penalty
        late = late_by(rule, total_seconds_late)
        return late.penalty(score) if late is not None and late.percent else None
