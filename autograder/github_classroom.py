"""GitHub Classroom: a workflow for students' repositories, and what it runs there.

Whoever can push to a repository can change its workflow and print its secrets. So no secret goes there: each run draws
a salt of its own, the numbers are new every time, and what it says is feedback. Marks come from ``autograder collect``
and ``autograder grade`` on the instructor's machine.

The result is handed to GitHub's own reporter in its form: base64 of a JSON object with ``max_score``, ``status`` and
``tests``. Source: README and ``src/`` of github.com/classroom-resources/autograding-grading-reporter.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from autograder.course import Unit, load_course
from autograder.errors import UnrolledError, UsageError
from autograder.gradescope import exercise_text, plain
from autograder.plain_text import printable
from autograder.results import Outcome, SubmissionResult
from autograder.tables import number

STEP = "checks"  # the reporter reads CHECKS_RESULTS

WORKFLOW = """\
# Feedback on {unit} at every push. Put this file into the template repository of the assignment, as
# .github/workflows/classroom.yml. Made by 'autograder export {unit} --format github'.
#
# This is feedback, not the mark: whoever owns a repository can change this file. It holds no secret and needs none:
# every run draws new numbers. For marks, clone the repositories into a folder, then run on your own machine
#     autograder collect {unit} FOLDER --from git
#     autograder grade {unit}
name: Checks of {unit}
on: [push, workflow_dispatch]
permissions:
  checks: write
  actions: read
  contents: read
jobs:
  checks:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    if: github.actor != 'github-classroom[bot]'
    steps:
      - name: Check out the student's work
        uses: actions/checkout@v4
        with:
          path: submission
          persist-credentials: false
      - name: Check out the course
        uses: actions/checkout@v4
        with:
          repository: {repository}
          ref: {ref}
          path: course
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
          cache: pip
          cache-dependency-path: course/constraints.txt
      - name: Install what judging needs
        run: |
          pip install --quiet{index} -c course/constraints.txt {requirements}
          pip install --quiet --no-deps -e ./course
{keep}      - name: Judge
        id: {step}
        env:
          OMP_NUM_THREADS: "1"
          UNROLLED_CACHE: cache
        run: python -m autograder.github_classroom {unit} submission feedback.html
      - name: Keep the feedback page
        uses: actions/upload-artifact@v4
        with:
          name: feedback
          path: feedback.html
      - name: Report to GitHub Classroom
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
          CHECKS_RESULTS: ${{{{ steps.{step}.outputs.result }}}}
        with:
          runners: {step}
"""


KEEP = """\
      - name: Keep what the checks compute once
        uses: actions/cache@v4
        with:
          path: cache
          key: {unit}-${{{{ hashFiles('course/coursekit/**', 'course/autograder/checks/**') }}}}
"""


def workflow(unit: Unit, repository: str, ref: str) -> str:
    """The workflow file for a unit.

    Args:
        unit: what is checked.
        repository: where the course is, ``owner/name``; one that its students may read, so without ``solutions/``.
        ref: its branch, tag or commit.

    Raises:
        UsageError: a name that GitHub does not allow.
    """
    from autograder.gradescope_zip import REQUIREMENTS, TORCH_REQUIREMENTS

    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", repository):
        raise UsageError(f"{repository!r} is no repository; name one as owner/name.")
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", ref) or ref.startswith("-"):
        raise UsageError(f"{ref!r} is no branch, tag or commit.")
    torch = unit.engine == "torch"
    return WORKFLOW.format(
        unit=unit.id,
        repository=repository,
        ref=f'"{ref}"',
        step=STEP,
        index=" --extra-index-url https://download.pytorch.org/whl/cpu" if torch else "",
        requirements=" ".join(sorted([*REQUIREMENTS, *(TORCH_REQUIREMENTS if torch else ())])),
        keep=KEEP.format(unit=unit.id) if torch else "",
    )


def reporter_result(result: SubmissionResult) -> str:
    """A result in the form of GitHub's reporter, base64."""
    tests = [
        {
            "name": exercise.id,
            "status": "pass" if exercise.outcome is Outcome.PASSED else "fail",
            "score": round(exercise.points, 4),
            "message": "" if exercise.outcome is Outcome.PASSED else exercise_text(exercise, result.unit),
            "test_code": f"autograder check {result.unit} {exercise.id}",
            "filename": "",
            "line_no": 0,
            "duration": round(exercise.seconds, 2),
        }
        for exercise in result.exercises
    ]
    status = "pass" if all(test["status"] == "pass" for test in tests) else "fail"
    data: dict[str, Any] = {"version": 1, "status": status, "max_score": result.max_score, "tests": tests}
    return base64.b64encode(json.dumps(data).encode()).decode()


def summary(result: SubmissionResult) -> str:
    """A result as Markdown, for the page of the run; texts stand in code, so that nothing in them is markup."""
    lines = [f"## {result.unit}: {number(result.score)} of {number(result.max_score)} points", ""]
    if result.message:
        lines += _code(plain(result.message))
    lines += ["| | exercise | points |", "|---|---|---|"]
    for exercise in result.exercises:
        sign = "✓" if exercise.outcome is Outcome.PASSED else "✗"
        lines.append(f"| {sign} | `{exercise.id}` | {number(exercise.points)} of {number(exercise.max_points)} |")
    for exercise in result.exercises:
        if exercise.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED) and not result.message:
            lines += ["", f"### {exercise.id}", *_code(exercise_text(exercise, result.unit))]
    return "\n".join(
        [*lines, "", "On numbers drawn for this run alone. This is feedback; marks are given elsewhere.", ""]
    )


def _code(text: str) -> list[str]:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return ["", f"{fence}text", text, fence, ""]


def main() -> None:
    """``python -m autograder.github_classroom UNIT FOLDER PAGE``: a step of the workflow."""
    from autograder.grade import grade_submission
    from autograder.handed_in import find_unit
    from autograder.report import student_feedback
    from autograder.store import check_is_score

    unit_id, folder, page = sys.argv[1:4]
    try:
        unit = load_course().unit(unit_id)
        try:
            place = find_unit(unit, Path(folder))
        except UsageError:
            place = Path(folder)  # the judge says what is missing
        result = grade_submission(unit.id, place)
        check_is_score(result)
        student_feedback(result, load_course(), Path(page))
    except UnrolledError as error:
        print(printable(f"::error::Nothing was judged. {error}"))
        sys.exit(error.exit_code)
    _append("GITHUB_OUTPUT", f"result={reporter_result(result)}\n")
    _append("GITHUB_STEP_SUMMARY", summary(result))
    print(f"{number(result.score)} of {number(result.max_score)} points; {result.isolation}")


def _append(variable: str, text: str) -> None:
    file = os.environ.get(variable)
    if file:
        with open(file, "a", encoding="utf-8") as stream:
            stream.write(text)


if __name__ == "__main__":
    main()
