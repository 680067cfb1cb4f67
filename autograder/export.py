"""``autograder export``: marks, results and feedback as files for other systems, in ``exports/<unit>/``.

Nothing here talks to a network; each file is one that the other system documents, and is taken there by a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder import folders
from autograder.archives import zip_bytes
from autograder.course import Course, Unit
from autograder.errors import StoreError, UsageError
from autograder.export_tables import (
    Choices,
    Table,
    canvas_table,
    fill_canvas_sheet,
    fill_moodle_sheet,
    grades_table,
    moodle_table,
)
from autograder.graded_notebook import seal_of
from autograder.marks import Mark, read_marks
from autograder.roster import Roster
from autograder.store import ResultStore, student_folder
from autograder.table_reader import read_text

EXPORTS = "exports"  # below the course's folder, never committed: it holds names and marks


@dataclass
class Request:
    """What is asked for on the command line."""

    unit: Unit
    course: Course
    root: Path
    roster: Roster
    to: Path | None = None  # file or, for formats with a file per student, folder; None for exports/<unit>/
    db_url: str | None = None
    students: tuple[str, ...] = ()
    sheet: Path | None = None  # a grade file that an LMS made, to be filled in
    assignment: str = ""  # its name in the LMS; the unit's title by default
    checks_only: bool = False
    zero_if_missing: bool = False
    out_of: float | None = None
    keep_withdrawn: bool = False  # marks: also of whoever is not in submitted/, or not in the roster, any more
    grade_column: str = ""  # Moodle's worksheet: the heading of the column for the points
    visibility: str = "visible"  # Gradescope
    isolation: str | None = None  # Gradescope
    repository: str = ""  # GitHub: where the course is
    ref: str = "main"


@dataclass
class Exported:
    """What was written, and what a person should know about it."""

    files: list[Path]
    notes: list[str] = field(default_factory=list)


def export(form: str, request: Request) -> Exported:
    """Write a unit in one of :data:`FORMATS`.

    Raises:
        UsageError: something in the request does not fit, or nothing has been graded.
        StoreError: gradebook, results or files cannot be read or written.
    """
    return FORMATS[form](request)


# ── marks ─────────────────────────────────────────────────────────────────────────────────────────────


def _marks(request: Request, *, for_an_lms: bool) -> tuple[list[Mark], list[str]]:
    """Who is exported with what, and what to say about it.

    Whose work is not in ``submitted/`` any more has handed in nothing, whatever the gradebook keeps; whoever is not in
    the roster is not in the class of an LMS. Both are said, and can be asked for.
    """
    marks = read_marks(
        request.unit,
        request.course,
        request.root,
        request.roster,
        db_url=request.db_url,
        students=request.students or None,
    )
    notes = []
    if not request.keep_withdrawn:
        notes += _said_of_gone([m for m in marks if m.withdrawn], f"in {folders.SUBMITTED}/ any more", "their points")
        marks = [_nothing_of(mark) if mark.withdrawn else mark for mark in marks]
        marks = [mark for mark in marks if mark.handed_in or not (mark.stranger and for_an_lms)]
    strangers = [mark for mark in marks if mark.stranger and mark.handed_in]
    if for_an_lms and not request.keep_withdrawn:
        notes += _said_of_gone(strangers, "in the roster (any more)", "they")
        marks = [mark for mark in marks if mark not in strangers]
    elif strangers:
        notes.append(f"Graded, but not in the roster (any more): {_names(strangers)}.")
    if not marks:
        raise UsageError(f"There is nobody to export. {' '.join(notes)}")
    unmarked = [mark for mark in marks if mark.unmarked]
    if unmarked and not request.checks_only:
        notes.append(
            f"Answers in words of {len(unmarked)} student{'' if len(unmarked) == 1 else 's'} have not been marked; "
            "they count 0 so far. Mark them in the formgrader, or leave them out with --checks-only."
        )
    for mark in marks:
        graded = request.root / folders.AUTOGRADED / mark.person.id / request.unit.id / f"{request.unit.id}.ipynb"
        if mark.unmarked and not request.checks_only and (words := seal_of(graded, "answers")):
            notes.append(f"{mark.person.id}: {words}.")
    to_review = [mark for mark in marks if mark.to_review]
    if to_review:
        notes.append(
            f"Marks that a person gave before the work was graded again are counted: {_names(to_review)}. "
            "Look at these answers again in the formgrader; it says which."
        )
    absent = [mark for mark in marks if not mark.handed_in]
    if absent:
        how = "0 points" if request.zero_if_missing else "an empty cell"
        notes.append(f"Nothing of theirs is graded, so {how}: {_names(absent)}.")
    late = [mark for mark in marks if mark.penalty]
    if late:
        notes.append("Late penalties: " + ", ".join(f"{m.person.id} −{m.penalty:g}" for m in late) + ".")
    return marks, notes


def _nothing_of(mark: Mark) -> Mark:
    return Mark(
        mark.person,
        False,
        max_checks=mark.max_checks,
        max_written=mark.max_written,
        withdrawn=True,
        stranger=mark.stranger,
    )


def _said_of_gone(marks: Sequence[Mark], where: str, what: str) -> list[str]:
    if not marks:
        return []
    points = ", ".join(f"{mark.person.id} ({mark.score:g} of {mark.max_score:g} points)" for mark in marks)
    return [f"Graded, but not {where}, so {what} are left out (--keep-withdrawn takes them in): {points}."]


def _names(marks: Sequence[Mark]) -> str:
    return ", ".join(mark.person.id for mark in marks)


def _csv(request: Request) -> Exported:
    marks, notes = _marks(request, for_an_lms=False)
    return _write_table(request, "grades.csv", grades_table(marks, request.unit), notes)


def _canvas(request: Request) -> Exported:
    marks, notes = _marks(request, for_an_lms=True)
    if request.sheet is not None:
        table = fill_canvas_sheet(read_text(request.sheet), marks, request.roster, _choices(request))
    else:
        table = canvas_table(marks, _choices(request))
    return _write_table(request, "canvas.csv", table, notes)


def _moodle(request: Request) -> Exported:
    marks, notes = _marks(request, for_an_lms=True)
    if request.sheet is not None:
        table = fill_moodle_sheet(
            read_text(request.sheet), marks, request.roster, _choices(request), request.grade_column
        )
    else:
        table = moodle_table(marks, _choices(request))
    return _write_table(request, "moodle.csv", table, notes)


def _choices(request: Request) -> Choices:
    return Choices(
        request.assignment or request.unit.title, request.checks_only, request.zero_if_missing, request.out_of
    )


def _write_table(request: Request, name: str, table: Table, notes: list[str]) -> Exported:
    return Exported([_write(request, name, table.text.encode())], [*notes, *table.notes])


# ── results ───────────────────────────────────────────────────────────────────────────────────────────


def _gradescope(request: Request) -> Exported:
    from autograder.gradescope import gradescope_results
    from autograder.late import read_late

    store, unit = ResultStore(request.root), request.unit
    names = _graded_or_asked(request)
    late = read_late(unit, request.course, request.root, names, request.db_url)
    files, notes = [], []
    for name in names:
        path = request.root / folders.SUBMITTED / name / unit.id
        result = store.load(unit, name, store.key(unit, path, name))
        if result is None:
            notes.append(f"{name}: not graded yet, or changed since; run 'autograder grade {unit.id}'.")
            continue
        data = gradescope_results(result, late.get(name), request.visibility)
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        files.append(_write(request, f"gradescope/{student_folder(name)}/results.json", text.encode(), many=True))
    if not files:
        raise UsageError(f"There are no results for {unit.id}. Run 'autograder grade {unit.id}' first.")
    return Exported(files, notes)


def _gradescope_autograder(request: Request) -> Exported:
    from autograder.gradescope_zip import autograder_zip

    data = autograder_zip(
        request.unit, request.root, request.roster, visibility=request.visibility, isolation=request.isolation
    )
    file = _write(request, "gradescope-autograder.zip", data)
    file.chmod(0o600)
    notes = ["It holds the secret salt: upload it to Gradescope, and give it to nobody else."]
    if not request.roster.people:
        notes.append("Without a roster, hidden draws on Gradescope go by e-mail address, not by the ids used here.")
    if request.isolation == "process":
        notes.append(
            "Student code will run as the grader's own user there (--isolation=process). See README, Isolation."
        )
    return Exported([file], notes)


def _github(request: Request) -> Exported:
    from autograder.github_classroom import workflow

    if not request.repository:
        raise UsageError("Name the repository that the course is in with --repository OWNER/NAME.")
    text = workflow(request.unit, request.repository, request.ref)
    return Exported(
        [_write(request, "classroom.yml", text.encode())],
        ["Put it into the assignment's template repository as .github/workflows/classroom.yml."],
    )


# ── feedback ──────────────────────────────────────────────────────────────────────────────────────────


def _feedback(request: Request) -> Exported:
    files = []
    for name, pages in _pages(request).items():
        files.append(_write(request, f"feedback/{student_folder(name)}.zip", zip_bytes(pages), many=True))
    return Exported(files, _without_page(request))


def _moodle_feedback(request: Request) -> Exported:
    """One zip for Moodle's "Upload multiple feedback files in a zip": named as in its downloads."""
    packed: dict[str, bytes] = {}
    without = []
    for name, pages in _pages(request).items():
        person = request.roster.person(name)
        if not person.moodle_id:
            without.append(name)
            continue
        folder = f"{person.name.replace('_', ' ').replace('/', ' ')}_{person.moodle_id}_assignsubmission_file_"
        packed |= {f"{folder}/{page}": data for page, data in pages.items()}
    if not packed:
        raise UsageError("The roster has no moodle_id for anybody, so Moodle could not tell whose feedback is whose.")
    notes = _without_page(request)
    if without:
        notes.append(f"Left out, because the roster has no moodle_id for them: {', '.join(without)}.")
    return Exported([_write(request, "moodle-feedback.zip", zip_bytes(packed))], notes)


def _pages(request: Request) -> dict[str, dict[str, bytes]]:
    """Student -> file name -> content of what has been written for them."""
    from autograder.report import REPORTS

    unit, root = request.unit, request.root
    found: dict[str, dict[str, bytes]] = {}
    for name in _graded_or_asked(request):
        own = root / REPORTS / unit.id / "students" / f"{student_folder(name)}.html"
        places = {f"{unit.id}.html": own}
        for page in sorted((root / folders.FEEDBACK / name / unit.id).glob("*.html")):
            places[f"{page.stem}-notebook.html"] = page
        pages = {page: path.read_bytes() for page, path in places.items() if path.is_file()}
        if pages:
            found[name] = pages
    if not found:
        raise UsageError(f"There are no feedback pages for {unit.id}. Run 'autograder grade {unit.id}' first.")
    return found


def _without_page(request: Request) -> list[str]:
    pages = _pages(request)
    return [f"{name}: no feedback page" for name in _graded_or_asked(request) if name not in pages]


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────


def _graded_or_asked(request: Request) -> Sequence[str]:
    from autograder.gradebook import submitted_students

    known = submitted_students(request.unit, request.root)
    for name in request.students:
        if name not in known:
            raise UsageError(f"{name} has handed in nothing for {request.unit.id}.")
    return request.students or known


def _write(request: Request, name: str, data: bytes, *, many: bool = False) -> Path:
    """Write a file where it was asked for, else in ``exports/<unit>/``."""
    if request.to is None:
        path = request.root / EXPORTS / request.unit.id / name
    else:
        path = request.to / name.partition("/")[2] if many else request.to
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file with --to.")
    if request.sheet is not None and path.exists() and path.samefile(request.sheet):
        raise UsageError(f"{path} is the sheet itself; name another file with --to, so that the original stays.")
    folders.write_atomically(path, data)
    return path


FORMATS: dict[str, Callable[[Request], Exported]] = {
    "csv": _csv,
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
    "gradescope-autograder": _gradescope_autograder,
    "github": _github,
    "feedback": _feedback,
    "moodle-feedback": _moodle_feedback,
}
