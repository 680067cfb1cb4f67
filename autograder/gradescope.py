"""A result in the form of Gradescope's ``results.json``.

Source: gradescope-autograders.readthedocs.io, "Autograder Specifications". Texts are marked as plain text: parts of
them come from the student's module.
"""

from __future__ import annotations

from typing import Any

from autograder.judge import GENERAL
from autograder.late import Late
from autograder.plain_text import printable
from autograder.results import ExerciseResult, Outcome, SubmissionResult, remark_line
from autograder.tables import number

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
_MOST_TEXT = 4000


def gradescope_results(
    result: SubmissionResult, late: Late | None = None, visibility: str = "visible"
) -> dict[str, Any]:
    """What Gradescope is to show: a test per exercise, and the score with what handing in late costs taken off.

    Args:
        result: the judge's.
        late: how late it was, if it was.
        visibility: when students see it, one of :data:`VISIBILITIES`.
    """
    penalty = late.penalty(result.score) if late is not None else 0.0
    said = [result.message] if result.message else []
    if late is not None:
        said.append(
            f"Handed in {late.words}. {number(result.score)} points of the checks, {number(penalty)} taken off."
        )
    if result.attempts:
        said.append(
            "Your module tried something that no exercise asks for and that grading does not allow: "
            f"{'; '.join(result.attempts)}. It costs nothing by itself."
        )
    said.append("Points are those of the automatic checks, on numbers that nobody had seen before.")
    return {
        "score": round(max(0.0, result.score - penalty), 4),
        "execution_time": round(result.seconds),
        "output": plain("\n".join(said)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": [_test(place, exercise, result) for place, exercise in enumerate(result.exercises, 1)],
        "extra_data": {
            "unit": result.unit,
            "student": result.student,
            "draw": result.draw,
            "isolation": result.isolation,
            "versions": result.versions,
            "attempts": result.attempts,
            "points_before_lateness": round(result.score, 4),
            "late": late.words if late is not None else None,
        },
    }


def _test(place: int, exercise: ExerciseResult, result: SubmissionResult) -> dict[str, Any]:
    passed = exercise.outcome is Outcome.PASSED
    text = plain(exercise.message) if result.message else exercise_text(exercise, result.unit)
    return {
        "number": str(place),
        "name": exercise.id,
        "score": round(exercise.points, 4),
        "max_score": round(exercise.max_points, 4),
        "status": "passed" if passed else "failed",
        "output": "" if passed and not exercise.remarks else text,
    }


def exercise_text(exercise: ExerciseResult, unit: str) -> str:
    """What a student should read about an exercise, as lines of plain text."""
    lines = [f"{exercise.outcome.words}"]
    if exercise.message:
        lines.append(exercise.message)
    if exercise.outcome is not Outcome.PASSED:
        for part in exercise.parts:
            shapes = f": expected {part.expected}, got {part.got}" if part.expected or part.got else ""
            points = f"{number(part.points)} of {number(part.max_points)}"
            lines.append(f"  {part.name}: {part.outcome.words}, {points} points{shapes}")
    if exercise.mistake_title:
        general = all(name.startswith(GENERAL) for name in (exercise.mistake or "").split("+"))
        lines.append(f"{'What is off' if general else 'This looks like a known mistake'}: {exercise.mistake_title}")
    if exercise.hints:
        lines.append(f"Hint 1 of {len(exercise.hints)}: {exercise.hints[0]}")
        lines.append(f"For the next hint, on your own machine: autograder check {unit} {exercise.id} --hint 2")
    lines += [remark_line(remark) for remark in exercise.remarks]
    return plain("\n".join(lines))


def plain(text: str) -> str:
    """Without characters that JSON or a page cannot carry, and not without end."""
    clean = printable(text, keep="\n\t")
    return clean if len(clean) <= _MOST_TEXT else clean[:_MOST_TEXT] + " …"
