"""A small notebook for a real unit, so that tests of the round need not wait for its long one."""

from __future__ import annotations

import shutil
from pathlib import Path

from autograder.course import Unit, load_course
from autograder.results import ExerciseResult, Outcome, PartResult, SubmissionResult

HOME = Path(__file__).resolve().parents[1]
ANSWER = "Because the same weights are used at every step, their gradients add up."


def small_notebook(unit: Unit) -> str:
    """py:percent text: a title, an import, an experiment, one question, and the unit's test cells."""
    cells = [
        f"# %% [markdown]\n# # {unit.title}\n# A small notebook for tests.",
        f"# %%\nimport {unit.module}\nfrom autograder import check",
        '# %%\nprint("an experiment")',
        '# %% [markdown] nbgrader={"grade": true, "grade_id": "q_why_sum", "locked": false, "points": 3, '
        '"schema_version": 3, "solution": true, "task": false, "cell_type": "markdown"}\n'
        f"# Why is there a sum?\n#\n# ### BEGIN SOLUTION\n# {ANSWER}\n# ### END SOLUTION",
    ]
    for exercise in unit.exercises:
        cells.append(
            f'# %% nbgrader={{"grade": true, "grade_id": "test_{exercise.id}", "locked": true, '
            f'"points": {exercise.points:g}, "schema_version": 3, "solution": false, "task": false, '
            f'"cell_type": "code"}}\ncheck("{exercise.id}")'
        )
    return "\n\n".join(cells) + "\n"


def make_course(root: Path, unit_ids: tuple[str, ...] = ("02_bptt",)) -> Path:
    """A course folder with the real modules, small notebooks and the real nbgrader configuration."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(HOME / "nbgrader_config.py", root)
    for unit_id in unit_ids:
        unit = load_course().unit(unit_id)
        folder = root / "solutions" / unit.id
        folder.mkdir(parents=True)
        shutil.copy(HOME / "solutions" / unit.id / unit.module_file, folder)
        (folder / f"{unit.id}.nb.py").write_text(small_notebook(unit), encoding="utf-8")
    return root


def make_result(unit: Unit, share: float, *, student: str | None = None, message: str = "") -> SubmissionResult:
    """A result as the judge could have given it: each part of each exercise has this share of its points."""
    outcome = Outcome.PASSED if share == 1 else Outcome.WRONG_VALUES
    exercises = []
    for exercise in unit.exercises:
        parts = [
            PartResult(part, outcome, share * exercise.part_points(part), exercise.part_points(part), "a message")
            for part in exercise.parts
        ]
        exercises.append(ExerciseResult(exercise.id, share * exercise.points, exercise.points, outcome, parts))
    return SubmissionResult(
        unit=unit.id,
        score=share * unit.max_score,
        max_score=unit.max_score,
        exercises=exercises,
        isolation="none",
        draw="made up",
        versions={},
        student=student,
        message=message,
    )
