"""Marks as tables: CSV for people, and the grade files that Canvas and Moodle import.

Formats:

- Canvas: the columns of its gradebook export, which are what its import asks for: Student, ID, SIS User ID, SIS Login
  ID, Section, then an assignment; a second row with the points possible. ("How do I import grades in the Gradebook?",
  Canvas Instructor Guide; ``lib/gradebook_importer.rb`` in its source.)
- Moodle: any CSV for "Grades > Import > CSV file", where one says which column is what (docs.moodle.org, "Grade
  import"), or the offline grading worksheet of an assignment, whose own columns must stay as they are
  (``mod/assign/feedback/offline/importgradeslib.php`` in its source).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.course import Unit
from autograder.errors import UsageError
from autograder.marks import Mark
from autograder.roster import Roster, as_written, folded
from autograder.sheet_columns import WorksheetColumns, has_decimal_comma, readings
from autograder.table_reader import read_csv
from autograder.tables import Cell, csv_text, key_text, number

_EXCUSED = "EX"  # Canvas's word for who need not hand in


@dataclass(frozen=True)
class Choices:
    """What an LMS is told."""

    assignment: str  # its name there
    checks_only: bool = False  # leave answers in words out
    zero_if_missing: bool = False  # who handed in nothing gets 0 instead of an empty cell
    out_of: float | None = None  # scale to so many points

    def most(self, mark: Mark) -> float:
        """Points possible."""
        return self.out_of if self.out_of is not None else mark.max_checks if self.checks_only else mark.max_score

    def points(self, mark: Mark) -> float | None:
        """Somebody's points; None for an empty cell."""
        if not mark.handed_in:
            return 0.0 if self.zero_if_missing else None
        score, most = (
            (mark.score_of_checks, mark.max_checks) if self.checks_only else (mark.score, mark.max_score)
        )  # fmt: skip
        return score if self.out_of is None or not most else round(score * self.out_of / most, 4)


@dataclass
class Table:
    """A file's text and what a person should know about it."""

    text: str
    notes: list[str] = field(default_factory=list)


def grades_table(marks: Sequence[Mark], unit: Unit) -> Table:
    """One row per student with everything there is to know about a mark."""
    exercises = [exercise.id for exercise in unit.exercises]
    heading = ["student", "first_name", "last_name", "email", "section", "unit", "handed_in", "submitted_at", "late"]
    heading += [*exercises, "checks", "max_checks", "written", "max_written", "unmarked_answers"]
    heading += ["marks_to_review"]
    heading += ["late_penalty", "score", "max_score"]
    rows: list[list[Cell]] = [list(heading)]
    for mark in marks:
        person, time = mark.person, mark.submitted_at
        row: list[Cell] = [person.id, person.first_name, person.last_name, person.email, person.section, unit.id]
        handed_in = "withdrawn" if mark.withdrawn else "yes" if mark.handed_in else "no"
        row += [handed_in, time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else ""]
        row += [mark.late.words if mark.late else ""]
        row += [mark.exercises.get(name) for name in exercises]
        own: list[Cell] = [mark.checks, mark.max_checks, mark.written, mark.max_written, mark.unmarked]
        own += [mark.to_review, mark.penalty]
        if not mark.handed_in:
            own = [None, mark.max_checks, None, mark.max_written, None, None, None]
        rows.append([*row, *own, mark.score if mark.handed_in else None, mark.max_score])
    return Table(csv_text(rows))


def canvas_table(marks: Sequence[Mark], choices: Choices) -> Table:
    """A file for Canvas: Gradebook > Import.

    Raises:
        UsageError: an id would have to be changed to be harmless in a spreadsheet.
    """
    heading: list[Cell] = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", choices.assignment]
    rows: list[list[Cell]] = [heading, ["    Points Possible", "", "", "", "", choices.most(marks[0])]]
    by_name = []
    for mark in marks:
        person = mark.person
        keys = {"ID": person.canvas_id, "SIS User ID": person.sis_user_id, "SIS Login ID": person.sis_login_id}
        if not any(keys.values()):
            by_name.append(person.id)
        rows.append(
            [
                person.sortable_name,
                *(key_text(value, f"{name} of {person.id}") for name, value in keys.items()),
                person.section,
                choices.points(mark),
            ]
        )
    notes = []
    if by_name:
        notes.append(
            f"Canvas will look for {_some(by_name)} by name: the roster has no canvas_id, sis_user_id or sis_login_id "
            "for them. Or give it Canvas's own export to fill in (--sheet)."
        )
    return Table(csv_text(rows), notes)


def moodle_table(marks: Sequence[Mark], choices: Choices) -> Table:
    """A file for Moodle: Grades > Import > CSV file.

    Raises:
        UsageError: a key would have to be changed to be harmless in a spreadsheet.
    """
    rows: list[list[Cell]] = [["Username", "ID number", "Email address", "First name", "Last name", choices.assignment]]
    without_key = []
    for mark in marks:
        person = mark.person
        keys = {"Username": person.username, "ID number": person.id_number, "Email address": person.email}
        if not any(keys.values()):
            without_key.append(person.id)
        own = [key_text(value, f"{name} of {person.id}") for name, value in keys.items()]
        rows.append([*own, person.first_name, person.last_name, choices.points(mark)])
    notes = [
        f"In Moodle's preview, map the column {choices.assignment!r} to the assignment (out of "
        f"{number(choices.most(marks[0]))}), and 'Map from' and 'Map to' to a column that everybody has."
    ]
    if without_key:
        notes.append(
            f"Moodle cannot find {_some(without_key)}: the roster has no username, id_number or email for them."
        )
    return Table(csv_text(rows), notes)


# ── a sheet that an LMS made, to be filled in ─────────────────────────────────────────────────────────


def fill_canvas_sheet(text: str, marks: Sequence[Mark], roster: Roster, choices: Choices) -> Table:
    """Canvas's own gradebook export with one assignment's cells filled in; the other assignments are left out.

    Raises:
        UsageError: it is no such export, or has no such assignment.
    """
    rows = read_csv(text, "Canvas's export")
    heading = [cell.strip() for cell in rows[0]]
    if "Student" not in heading[:1] or "ID" not in heading or "Section" not in heading:
        raise UsageError("This is no export of Canvas's gradebook: it must begin with Student, ID and have a Section.")
    column = _assignment_column(heading, choices.assignment)
    kept = [*range(heading.index("Section") + 1), column]
    sheet = _Sheet(marks, roster)
    filled = [rows[0]]
    excused: list[str] = []
    comma = has_decimal_comma([row[column] for row in rows[1:] if len(row) > column])
    for row in rows[1:]:
        row = row + [""] * (len(heading) - len(row))
        if "Points Possible" in row[0]:
            _check_most(row[column], choices.most(marks[0]), "Canvas", sheet.notes)
            filled.append(row)
            continue
        if not row[0].strip() or row[heading.index("ID")].strip() == "":
            filled.append(row)  # "Manual Posting" and the like
            continue
        known = {
            "canvas_id": row[heading.index("ID")],
            "sis_user_id": _at(row, heading, "SIS User ID"),
            "sis_login_id": _at(row, heading, "SIS Login ID"),
            "name": row[0],
        }
        mark = sheet.mark(known, row[0])
        if row[column].strip().upper() == _EXCUSED:
            excused.append(row[0])
            mark = None
        filled.append(_filled(row, column, choices, mark, comma))
    if excused:
        sheet.notes.append(f"Excused in Canvas, so left as it was: {_some(excused)}.")
    return Table(_verbatim([[row[index] for index in kept] for row in filled]), sheet.end())


def fill_moodle_sheet(
    text: str, marks: Sequence[Mark], roster: Roster, choices: Choices, grade_column: str = ""
) -> Table:
    """Moodle's offline grading worksheet with the points filled in and everything else as it was.

    Args:
        text: the worksheet, in one of the languages of :mod:`autograder.sheet_columns`.
        marks: everybody's.
        roster: who is who.
        choices: what Moodle is told.
        grade_column: the heading of the column for the points, if somebody says it.

    Raises:
        UsageError: it is no such worksheet, or its assignment is marked on a scale.
    """
    rows = read_csv(text, "Moodle's worksheet")
    where = WorksheetColumns(rows[0], grade_column)
    people = [row + [""] * (len(rows[0]) - len(row)) for row in rows[1:] if row and row[where.identifier].strip()]
    _refuse_scale(where, people)
    comma = has_decimal_comma([cell for row in people for cell in (where.at(row, where.most), row[where.grade])])
    sheet = _Sheet(marks, roster)
    filled = [rows[0]]
    locked = []
    for row in people:
        _check_most(where.at(row, where.most), choices.most(marks[0]), "Moodle", sheet.notes)
        known = {
            "moodle_id": "".join(c for c in row[where.identifier] if c.isdigit()),
            "id_number": where.at(row, where.id_number),
            "username": where.at(row, where.username),
            "email": where.at(row, where.email),
            "name": where.at(row, where.full_name),
        }
        called = known["name"] or row[where.identifier]
        if where.is_locked(row):
            locked.append(called)
        filled.append(_filled(row, where.grade, choices, sheet.mark(known, called), comma))
    if locked:
        sheet.notes.append(f"Moodle will not change the grade of {_some(locked)}: it is locked or overridden there.")
    return Table(_verbatim(filled), sheet.end())


def _refuse_scale(where: WorksheetColumns, people: Sequence[Sequence[str]]) -> None:
    """Points are no steps of a scale."""
    said = {where.at(row, place).strip() for row in people for place in (where.scale, where.grade, where.most)}
    steps = sorted(text for text in said - {"", "-"} if not readings(text) and not text.startswith("("))
    if where.scale >= 0 or steps:
        raise UsageError(
            f"In Moodle this assignment is marked on a scale ({', '.join(steps) or where.heading[where.scale]}), not "
            "with points. Nothing was written; set its grade to points there, and download the worksheet again."
        )


class _Sheet:
    """Finds the marks of the people on an LMS's sheet, and remembers who was not found on either side."""

    def __init__(self, marks: Sequence[Mark], roster: Roster) -> None:
        self.marks = {mark.person.id: mark for mark in marks}
        self.roster = roster
        self.left = set(self.marks)
        self.unknown: list[str] = []
        self.notes: list[str] = []

    def mark(self, known: dict[str, str], called: str) -> Mark | None:
        student = self.roster.find(**known)
        if student is None:  # without a roster: whatever the LMS knows may be the id itself
            student = self.by_id(known)
        if student is None or student not in self.marks:
            self.unknown.append(called)
            return None
        if student not in self.left:
            raise UsageError(f"The sheet has {student} twice, the second time as {called!r}.")
        self.left.discard(student)
        return self.marks[student]

    def by_id(self, known: dict[str, str]) -> str | None:
        """The student whose id is among what the LMS knows; names are ids where there is no roster."""
        ids = {as_written(name): name for name in self.marks}
        names: dict[str, list[str]] = {}
        for name in self.marks:
            names.setdefault(folded(name), []).append(name)
        for column, value in known.items():
            if as_written(value) in ids:
                return ids[as_written(value)]
            alike = names.get(folded(value), [])
            if column == "name" and len(alike) == 1:
                return alike[0]
        return None

    def end(self) -> list[str]:
        if self.unknown:
            self.notes.append(f"Left as it was, because nobody of that name is in the class: {_some(self.unknown)}.")
        lost = sorted(name for name in self.left if self.marks[name].handed_in)
        if lost:
            self.notes.append(f"Not on the sheet, so not in the file: {_some(lost)}.")
        return list(dict.fromkeys(self.notes))


def _filled(row: list[str], column: int, choices: Choices, mark: Mark | None, comma: bool) -> list[str]:
    """A row with somebody's points, written as the sheet writes numbers."""
    points = choices.points(mark) if mark is not None else None
    if points is None:
        return row
    text = number(points)
    return [*row[:column], text.replace(".", ",") if comma else text, *row[column + 1 :]]


def _assignment_column(heading: list[str], name: str) -> int:
    found = [n for n, title in enumerate(heading) if title == name or title.rpartition(" (")[0] == name]
    if len(found) != 1:
        others = [title for title in heading[heading.index("Section") + 1 :] if title]
        raise UsageError(
            f"The export has {'no' if not found else 'more than one'} assignment {name!r}. "
            f"Name one with --assignment: {', '.join(others) or 'it has none at all'}."
        )
    return found[0]


def _check_most(there: str, here: float, system: str, notes: list[str]) -> None:
    said = there.strip()
    if not said or said.startswith("("):
        return  # an empty cell, "(read only)"
    found = readings(said)
    if not found:
        notes.append(f"How many points {system} has for the assignment, {said!r}, cannot be read; compare it yourself.")
    elif all(abs(most - here) > 1e-6 for most in found):
        notes.append(
            f"{system} has the assignment out of {said}, these points are out of {number(here)}. "
            f"Change it there, or scale with --out-of {number(found[0])}."
        )


def _at(row: list[str], heading: list[str], name: str) -> str:
    return row[heading.index(name)] if name in heading else ""


def _verbatim(rows: Sequence[Sequence[str]]) -> str:
    """The LMS's own cells, which must come back exactly as they were."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
