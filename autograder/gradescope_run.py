"""Runs on Gradescope: judges the submission there as ``autograder grade`` would, and writes ``results.json``.

``run_autograder`` of the zip that ``autograder export UNIT --format gradescope-autograder`` makes calls this. If the
grader fails, it writes no results and ends with an error: Gradescope then says so, and nobody gets a zero.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.checking import load_checks, run_case
from autograder.course import LateRule, load_course
from autograder.draws import hidden_draw, visible_draw
from autograder.errors import StoreError, UnrolledError, UsageError
from autograder.folders import write_atomically
from autograder.grade import grade_submission
from autograder.gradescope import gradescope_results
from autograder.handed_in import find_unit
from autograder.late import Late
from autograder.late import lateness as lateness_of
from autograder.plain_text import printable
from autograder.results import Outcome
from autograder.sandbox import Stack, choose, probe
from autograder.store import check_is_score
from autograder.student import StudentError

SETTINGS = "settings.json"  # beside run_autograder in the zip: unit, visibility, isolation, who is who
SALT = "salt"
AGAIN = "What is said of --isolation here is an option of 'autograder export UNIT --format gradescope-autograder'."


def run(base: Path) -> tuple[dict[str, Any], Stack]:
    """Judge ``submission/`` below a folder laid out as Gradescope's ``/autograder``.

    Returns:
        what was written, and how the student's code was isolated.

    Raises:
        UnrolledError: the zip is damaged, or the grader failed; nothing was written.
    """
    settings = _read_json(base / "source" / SETTINGS)
    metadata = _read_json(base / "submission_metadata.json")
    unit = load_course().unit(settings["unit"])
    student = student_of(metadata, settings["students"])
    salt = (base / "source" / SALT).read_bytes().strip()
    try:
        place = find_unit(unit, base / "submission")
    except UsageError:
        place = base / "submission"  # the judge says what is missing
    draw = hidden_draw(unit.id, student, salt)
    stack = choose(settings["isolation"])
    result = grade_submission(unit.id, place, student=student, draw=draw, stack=stack)
    check_is_score(result)
    data = gradescope_results(result, lateness(metadata, load_course().late, unit.id), settings["visibility"])
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    write_atomically(base / "results" / "results.json", text.encode())
    return data, stack


def student_of(metadata: dict[str, Any], students: dict[str, str]) -> str:
    """Whose hidden draw: the roster's id for the first submitter's address, else that address.

    Raises:
        StoreError: Gradescope says nothing about who it was.
    """
    users = metadata.get("users") or []
    email = str(users[0].get("email") or "") if users else ""
    if not email:
        raise StoreError("submission_metadata.json names nobody who handed this in.")
    return students.get(email.casefold(), email.casefold())


def lateness(metadata: dict[str, Any], rule: LateRule | None, unit_id: str) -> Late | None:
    """How late a submission was by Gradescope's clock and due date; the student's own one, if Gradescope names it."""
    if rule is None:
        return None
    users = metadata.get("users") or [{}]
    dates = [about.get("assignment") or {} for about in (users[0], metadata)]
    due_text = next((found["due_date"] for found in dates if found.get("due_date")), None)
    time_text = metadata.get("created_at")
    due = datetime.fromisoformat(due_text) if due_text else rule.due_of(unit_id)
    if due is None or not time_text:
        return None
    return lateness_of(rule, due, datetime.fromisoformat(time_text))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"Cannot read {path}: {error}.") from error
    return data


class _Nobody:
    """A student who has written nothing: what a check makes before it calls anybody is made, and no more."""

    def __getattr__(self, name: str) -> Any:
        raise StudentError("", Outcome.CRASHED, f"{name} is nobody's.")  # not "not written": that ends it earlier

    def reset(self) -> None:
        """Nothing is kept."""


def prepare(unit_id: str) -> None:
    """Make once, on the visible draw, what the checks of a unit compute and keep: it is then in the cache."""
    unit = load_course().unit(unit_id)
    for name, check in load_checks(unit).items():
        cases = check.cases(visible_draw())
        if unit.exercise(name).experiment:  # it makes its data as it runs
            run_case(check, unit.exercise(name).parts, _Nobody(), cases[0])


def main() -> None:
    """Entry point of ``run_autograder``; what it prints only instructors see."""
    if sys.argv[1:2] == ["--prepare"]:
        prepare(sys.argv[2])
        stacks, reasons = probe()
        print(f"Isolation on this machine: {stacks[0].text}")
        print("".join(f"Not {name}: {why}\n" for name, why in reasons.items()), end="")
        return
    base = Path(sys.argv[1] if len(sys.argv) > 1 else "/autograder")
    try:
        data, stack = run(base)
    except UnrolledError as error:
        print(printable(f"Nothing was scored. {error}\n{AGAIN}", keep="\n"), file=sys.stderr)
        sys.exit(error.exit_code)
    print(f"{data['score']:g} points; isolation: {stack.text}")
    if stack.weakness:
        print(stack.weakness)


if __name__ == "__main__":
    main()
