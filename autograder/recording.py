"""What ``nbgrader autograde`` makes of a submission under our ``nbgrader_config.py``, made at once.

nbgrader takes a submission through a dozen steps, each with connections and queries of its own: 50 ms of processor
time, as much as judging it. For a class the same notebook, files and rows are made here in a quarter of that, with
nbgrader's tables and its own reading of points off a cell. Where the configuration asks for anything else
(:func:`is_standard`), nbgrader's converter does it. ``tests/test_recording.py`` holds one against the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from autograder import folders
from autograder.course import Unit
from autograder.errors import UnrolledError
from autograder.gradebook_session import remembered
from autograder.graded_notebook import Notebook, cells_given, restore_cells, seal, tidy_notebook, write_scores
from autograder.late import PLUGIN
from autograder.notebook_choice import looked_at
from autograder.notebook_sandbox import wanted
from autograder.results import SubmissionResult
from autograder.store import ResultStore

if TYPE_CHECKING:
    from traitlets.config import Config

_VERSION = 3  # raise it when what is written into the cells changes: everything is recorded again

#: nbgrader's steps and ours, as ``nbgrader_config.py`` sets them: what is handed in is put in order, then it is scored.
ORDER = (
    "autograder.nbgrader_bridge.TidyNotebook",
    "autograder.nbgrader_bridge.RestoreCells",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
)
SCORE = (
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.nbgrader_bridge.JudgeScores",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.nbgrader_bridge.Seal",
)
#: What ``nbgrader_config.py`` says, as far as it decides what becomes of a submission.
_STANDARD: dict[str, dict[str, Any]] = {
    "CourseDirectory": {"source_directory": folders.SOURCES, "release_directory": folders.RELEASED},
    "Autograde": {
        "exporter_class": "autograder.nbgrader_bridge.GradingExporter",
        "sanitize_preprocessors": [*ORDER],
        "autograde_preprocessors": [*SCORE],
    },
    "OverwriteCells": {"add_missing_cells": True},
    "AssignLatePenalties": {"plugin_class": PLUGIN},
}
#: Names whose values differ from course to course, and are looked at where they are needed.
_FREE = {"course_id", "root", "db_url", "exclude_overwriting"}
#: Sections of other commands.
_ELSEWHERE = {"GenerateAssignment", "GenerateFeedback", "FileNameCollectorPlugin", "ExecuteNotebook", "HTMLExporter"}
#: What nbgrader does not copy: its default, and notebooks, which it writes.
_LEFT_OUT = (".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*.ipynb")
_READ_ONLY = 0o444  # what nbgrader makes of an autograded file


def is_standard(config: Config) -> bool:
    """Whether this module does what nbgrader would do under a configuration."""
    found = {
        section: {name: value for name, value in values.items() if name not in _FREE}
        for section, values in config.items()
        if section not in _ELSEWHERE
    }
    return found == _STANDARD


def fingerprint(unit: Unit, root: Path, submission: Path, student: str) -> str:
    """A hash of all that an autograded notebook is made from; empty if the submission cannot be read."""
    try:
        key = remembered("student", ("key", submission), lambda: ResultStore(root).key(unit, submission, student))
        digest = hashlib.sha256(f"{_VERSION}{' executed' if wanted() else ''} {key}".encode())
        for file in (*looked_at(unit.id, submission), root / folders.RELEASED / unit.id / f"{unit.id}.ipynb"):
            digest.update(f"{file.name} ".encode("utf-8", "replace"))
            digest.update(hashlib.sha256(file.read_bytes() if file.is_file() else b"none").digest())
    except (UnrolledError, OSError):
        return ""
    return digest.hexdigest()[:32]


@dataclass(frozen=True)
class KnownUnit:
    """What the gradebook has of a unit, whoever hands it in."""

    assignment: str  # the row's id
    notebook: str  # likewise
    kernelspec: dict[str, Any] | None
    cells: dict[str, tuple[dict[str, Any], str]]  # name -> metadata and text
    graded: dict[str, str]  # name -> id, of cells with points
    commented: dict[str, str]  # name -> id, of cells with a comment


def known_unit(gb: Any, assignment: str, notebook: str) -> KnownUnit:
    """Ask the gradebook for a unit, once per session.

    Args:
        gb: nbgrader's Gradebook.
        assignment: the unit's id.
        notebook: its notebook's, which is the same.
    """
    return remembered("unit", ("known", assignment, notebook), lambda: _look_up(gb, assignment, notebook))


def _look_up(gb: Any, assignment: str, notebook: str) -> KnownUnit:
    entry = gb.find_notebook(notebook, assignment)
    points = {cell.name: cell.max_score for cell in (*entry.grade_cells, *entry.task_cells)}
    grades, solutions, tasks = (
        {cell.name: str(cell.id) for cell in cells}
        for cells in (entry.grade_cells, entry.solution_cells, entry.task_cells)
    )
    cells: dict[str, tuple[dict[str, Any], str]] = {}
    for cell in entry.source_cells:
        metadata = {
            "schema_version": 3,
            "grade_id": cell.name,
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
            "grade": cell.name in grades,
            "solution": cell.name in solutions,
            "locked": bool(cell.locked),
            "task": cell.name in tasks,
        }
        if cell.name in points:
            metadata["points"] = points[cell.name]
        cells[cell.name] = (metadata, cell.source)
    kernelspec = json.loads(entry.kernelspec) if entry.kernelspec else None
    return KnownUnit(str(entry.assignment_id), str(entry.id), kernelspec, cells, grades | tasks, solutions | tasks)


def record_at_once(
    gb: Any,
    config: Config,
    unit: Unit,
    student: str,
    notebook: Notebook,
    result: SubmissionResult,
    made_from: str,
    elsewhere: Sequence[str] = (),
) -> None:
    """Make a submission's autograded folder and its rows in the gradebook; its time and a penalty are not among them.

    Args:
        gb: nbgrader's Gradebook; what is written is left for its session to commit.
        config: a standard one (:func:`is_standard`).
        unit: what was handed in.
        student: by whom.
        notebook: what :func:`~autograder.graded_notebook.read_notebook` has made of theirs; changed in place.
        result: the judge's.
        made_from: the submission's :func:`fingerprint`.
        elsewhere: what is known of answers in other files.

    Raises:
        InfrastructureError: the gradebook's cells and the notebook's do not fit together.
    """
    root = Path(config.CourseDirectory.root)
    known = known_unit(gb, unit.id, unit.id)
    given = cells_given(root / folders.RELEASED / unit.id / f"{unit.id}.ipynb")
    tidy_notebook(notebook, given)
    answers = restore_cells(notebook, known.cells, given, elsewhere)
    if known.kernelspec:
        notebook["metadata"]["kernelspec"] = known.kernelspec
    for cell in _graded(notebook):
        metadata, source = known.cells[cell["metadata"]["nbgrader"]["grade_id"]]
        if metadata["locked"]:
            cell["source"] = source
    write_scores(notebook, unit, result)
    submission = root / folders.SUBMITTED / student / unit.id
    _write_rows(gb, known, student, *_marks(notebook))
    seal(notebook, made_from, answers=answers)
    _write_files(unit, config, submission, root / folders.AUTOGRADED / student / unit.id, notebook)


def _graded(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]


def _marks(notebook: Notebook) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """Points of the graded cells and comments on them, as nbgrader reads both off a cell."""
    from nbformat import from_dict
    from nbgrader import utils

    points: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for cell in map(from_dict, _graded(notebook)):
        name = cell.metadata.nbgrader["grade_id"]
        if utils.is_grade(cell):
            points[name] = utils.determine_grade(cell)[0]
        if utils.is_solution(cell) or utils.is_task(cell):
            untouched = cell.metadata.nbgrader["checksum"] == utils.compute_checksum(cell) and not utils.is_task(cell)
            comments[name] = "No response." if untouched else None
    return points, comments


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _statements() -> dict[str, Any]:
    """What is asked of the gradebook for each student, put together once."""
    from nbgrader import api
    from sqlalchemy import bindparam, insert, select, update

    student, submission, notebook, grade, comment = tables = [
        table.__table__
        for table in (api.Student, api.SubmittedAssignment, api.SubmittedNotebook, api.Grade, api.Comment)
    ]
    whose = (submission.c.assignment_id == bindparam("unit"), submission.c.student_id == bindparam("who"))
    which = (notebook.c.assignment_id == bindparam("submission"), notebook.c.notebook_id == bindparam("of"))
    return {
        "student": select(student.c.id).where(student.c.id == bindparam("who")),
        "submission": select(submission.c.id).where(*whose),
        "notebook": select(notebook.c.id).where(*which),
        "grades": select(grade.c.cell_id, grade.c.id, grade.c.manual_score).where(
            grade.c.notebook_id == bindparam("of")
        ),
        "comments": select(comment.c.cell_id, comment.c.id).where(comment.c.notebook_id == bindparam("of")),
        **{f"new {table.name}": insert(table) for table in tables},
        **{f"set {table.name}": update(table).where(table.c.id == bindparam("row")) for table in tables},
    }


def _write_rows(
    gb: Any,
    known: KnownUnit,
    student: str,
    points: dict[str, float | None],
    comments: dict[str, str | None],
) -> None:
    """Student, submission, grades and comments: new ones, or automatic marks in those that are there."""
    ask, run = _statements(), gb.db.connection().execute  # the session's, without what it does for objects
    if run(ask["student"], {"who": student}).first() is None:
        run(ask["new student"], {"id": student})
    submission = run(ask["submission"], {"unit": known.assignment, "who": student}).scalar()
    if submission is None:
        submission, notebook = uuid4().hex, uuid4().hex
        about = {"id": submission, "assignment_id": known.assignment, "student_id": student}
        run(ask["new submitted_assignment"], about)
        run(
            ask["new submitted_notebook"],
            {"id": notebook, "assignment_id": submission, "notebook_id": known.notebook, "flagged": False},
        )
        grades = [_new(notebook, cell) | _grade(points[name], None) for name, cell in known.graded.items()]
        said = [_new(notebook, cell) | {"auto_comment": comments[name]} for name, cell in known.commented.items()]
        how = "new"
    else:
        notebook = run(ask["notebook"], {"submission": submission, "of": known.notebook}).scalar_one()
        run(ask["set submitted_notebook"], {"row": notebook, "late_submission_penalty": None})
        rows = {cell: (row, manual) for cell, row, manual in run(ask["grades"], {"of": notebook})}
        grades = [{"row": rows[cell][0]} | _grade(points[name], rows[cell][1]) for name, cell in known.graded.items()]
        row_of = {cell: row for cell, row in run(ask["comments"], {"of": notebook})}
        said = [{"row": row_of[cell], "auto_comment": comments[name]} for name, cell in known.commented.items()]
        how = "set"
    for table, values in (("grade", grades), ("comment", said)):
        if values:
            run(ask[f"{how} {table}"], values)


def _new(notebook: str, cell: str) -> dict[str, Any]:
    return {"id": uuid4().hex, "notebook_id": notebook, "cell_id": cell}


def _grade(points: float | None, by_hand: float | None) -> dict[str, Any]:
    """As nbgrader's SaveAutoGrades: a person looks at what has no points, and again at what they gave points for."""
    return {"auto_score": points, "needs_manual_grade": points is None or by_hand is not None}


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────


def _write_files(unit: Unit, config: Config, submission: Path, folder: Path, notebook: Notebook) -> None:
    """The autograded folder: what was handed in, the course's files over it, the notebook; an older one goes."""
    course = Path(config.CourseDirectory.root) / folders.SOURCES / unit.id
    theirs = config.Autograde.exclude_overwriting.get(unit.id, [])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source, left_out in ((submission, ()), (course, theirs)):
        for name in _files(source):
            if name not in left_out:
                copy = folder / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.unlink(missing_ok=True)
                shutil.copyfile(source / name, copy)
                copy.chmod(_READ_ONLY)
    graded = folder / f"{unit.id}.ipynb"
    graded.write_text(json.dumps(notebook, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    graded.chmod(_READ_ONLY)


def _files(folder: Path) -> list[str]:
    """All that nbgrader copies of a folder, by path inside it."""
    found = []
    for place, inside, names in os.walk(folder):
        inside[:] = [name for name in inside if not _left_out(name)]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in names if not _left_out(name)]
    return found


def _left_out(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _LEFT_OUT)
