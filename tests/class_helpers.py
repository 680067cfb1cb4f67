"""A small class for tests of grading many submissions: a course, its submissions, and what its gradebook holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import nbformat
from patience import HANGS
from small_course import make_course
from sqlalchemy import create_engine, text

from autograder import folders
from autograder.cluster import Place
from autograder.course import load_course
from autograder.grade import Task
from autograder.mistakes import mistaken_source, reference_path
from autograder.release import release

UNIT = load_course().unit("02_bptt")
SALT = "a salt that only tests use"
STUB = "import numpy as np\n\n\ndef relative_error(a, b):\n    raise NotImplementedError\n"


def hand_in(root: Path, student: str, source: str) -> Path:
    """Put a module and the released notebook into ``submitted/``; returns the module's path."""
    folder = root / folders.SUBMITTED / student / UNIT.id
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / folders.RELEASED / UNIT.id / f"{UNIT.id}.ipynb", folder)
    (folder / UNIT.module_file).write_text(source, encoding="utf-8")
    return folder / UNIT.module_file


def make_class(root: Path) -> Path:
    """A released course with five submissions: two right, one with a mistake, one stub, one that is no Python."""
    make_course(root)
    release([UNIT.id], root=root)
    right = reference_path(UNIT).read_text(encoding="utf-8")
    from autograder.mistakes import load_mistakes

    mistake = next(m for m in load_mistakes(UNIT) if m.exercise == "rnn_step_backward")
    sources = {"ada": right, "bob": mistaken_source(mistake, right), "cyd": STUB, "dee": right, "eve": "def f(:\n"}
    for student, source in sources.items():
        hand_in(root, student, source)
    return root


def command(*options: str) -> list[str]:
    """The command that grades the unit."""
    return [sys.executable, "-m", "autograder.cli", "grade", UNIT.id, "--no-feedback", "--jobs", "2", *options]


def environment() -> dict[str, str]:
    """Of a process that grades: a fixed salt, one thread; the gradebook is UNROLLED_DB, if a test sets that."""
    return os.environ | {"UNROLLED_SALT": SALT, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def grade(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*options), cwd=root, env=environment(), capture_output=True, text=True, check=False, timeout=HANGS
    )


def events(text: str) -> list[dict[str, Any]]:
    """What ``--json-lines`` printed."""
    return [json.loads(line) for line in text.splitlines()]


def marks(root: Path, db_url: str = "") -> dict[str, Any]:
    """All that the gradebook says about students, without its random ids and times; and the autograded notebooks.

    These as what they hold: nbgrader writes a line of text as a line of JSON, and we do not.
    """
    engine = create_engine(db_url or os.environ.get("UNROLLED_DB") or f"sqlite:///{root / 'gradebook.db'}")
    students = "from student s join submitted_assignment a on a.student_id = s.id"
    students += " join submitted_notebook n on n.assignment_id = a.id"

    def rows(what: str, table: str = "") -> list[tuple[Any, ...]]:
        joined = f" join {table} x on x.notebook_id = n.id join base_cell b on b.id = x.cell_id" if table else ""
        return sorted(map(tuple, connection.execute(text(f"select {what} {students}{joined}"))), key=str)

    with engine.connect() as connection:
        needs = "case when x.needs_manual_grade then 1 else 0 end"  # a number here, a truth value there
        found = {
            "grades": rows(f"s.id, b.name, x.auto_score, x.manual_score, {needs}, x.extra_credit", "grade"),
            "comments": rows("s.id, b.name, x.auto_comment, x.manual_comment", "comment"),
            "submissions": rows("s.id, n.late_submission_penalty"),
        }
    engine.dispose()
    files = sorted((root / folders.AUTOGRADED).rglob("*.ipynb"))
    return found | {str(file.relative_to(root)): nbformat.read(file, as_version=4) for file in files}


class Here(Place):
    """Judges (and draws) in this very process, as soon as it is asked to; what it does to judge can be given."""

    def __init__(self, instead: Callable[..., Any] | None = None) -> None:
        self.instead = instead
        self.asked: list[str] = []

    @property
    def width(self) -> int:
        return 2

    @property
    def text(self) -> str:
        return "here"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        is_task = bool(args) and isinstance(args[0], Task)
        if is_task:
            self.asked.append(args[0].student)
        try:
            future.set_result((self.instead or fn if is_task else fn)(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing runs."""
