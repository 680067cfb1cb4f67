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

from autograder.checking import load_checks
from autograder.course import LateRule, load_course
from autograder.draws import hidden_draw, visible_draw
from autograder.errors import StoreError, UnrolledError, UsageError
from autograder.folders import write_atomically
from autograder.grade import grade_submission
from autograder.gradescope import gradescope_results
from autograder.handed_in import find_unit
from autograder.late import Late, late_by
from autograder.sandbox import choose
from autograder.store import check_is_score

SETTINGS = "settings.json"  # beside run_autograder in the zip: unit, visibility, isolation, who is who
SALT = "salt"


def run(base: Path) -> dict[str, Any]:
    """Judge ``submission/`` below a folder laid out as Gradescope's ``/autograder``; returns what was written.

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
    result = grade_submission(unit.id, place, student=student, draw=draw, stack=choose(settings["isolation"]))
    check_is_score(result)
    data = gradescope_results(result, lateness(metadata, load_course().late, unit.id), settings["visibility"])
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    write_atomically(base / "results" / "results.json", text.encode())
    return data


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
    """How late a submission was by Gradescope's clock; its due date counts, which knows of extensions."""
    if rule is None:
        return None
    assignment = metadata.get("assignment") or {}
    due_text, time_text = assignment.get("due_date"), metadata.get("created_at")
    due = datetime.fromisoformat(due_text) if due_text else rule.due_of(unit_id)
    if due is None or not time_text:
        return None
    return late_by(rule, (datetime.fromisoformat(time_text) - due).total_seconds())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"Cannot read {path}: {error}.") from error
    return data


def prepare(unit_id: str) -> None:
    """Make every case of a unit's checks once, on the visible draw: what takes long is then in the cache."""
    for check in load_checks(load_course().unit(unit_id)).values():
        check.cases(visible_draw())


def main() -> None:
    """Entry point of ``run_autograder``; what it prints only instructors see."""
    if sys.argv[1:2] == ["--prepare"]:
        prepare(sys.argv[2])
        return
    base = Path(sys.argv[1] if len(sys.argv) > 1 else "/autograder")
    try:
        data = run(base)
    except UnrolledError as error:
        print(f"Nothing was scored. {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    print(f"{data['score']:g} points; {data['extra_data']['isolation']}")


if __name__ == "__main__":
    main()
