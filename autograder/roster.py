"""Reads ``roster.csv``: who is in the class, and under which names other systems know them.

A CSV file with a heading per column. ``id`` is the name of the student's folder in ``submitted/``, their id in the
gradebook, and the only column that must be there; the others (:data:`COLUMNS`) are what an LMS calls the same person.
The file is the instructor's own and is never committed. How it is written (separators, encoding, columns of others)
is :mod:`autograder.table_reader`'s business.

People are told apart by what is written: ``li.na`` and ``lina`` are two accounts. Only case and spaces do not count;
of names, which every system writes in its own way, accents and punctuation do not count either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

from autograder.errors import UsageError
from autograder.store import student_folder
from autograder.table_reader import read_records

ROSTER = "roster.csv"  # in the course's folder


@dataclass(frozen=True)
class Person:
    """One row of the roster; what is not known is empty."""

    id: str  # their folder in submitted/, their id in the gradebook
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    section: str = ""
    canvas_id: str = ""  # Canvas: the column ID of its gradebook, the number in the names of downloaded files
    sis_user_id: str = ""  # Canvas: SIS User ID
    sis_login_id: str = ""  # Canvas: SIS Login ID
    moodle_id: str = ""  # Moodle: the number in the names of downloaded folders, "Participant 123" on the worksheet
    username: str = ""  # Moodle: Username
    id_number: str = ""  # Moodle: ID number
    github: str = ""  # GitHub: the account's name
    aliases: str = ""  # further names, as they stand in folders and files, with ";" between them

    @property
    def name(self) -> str:
        """First and last name; the id if neither is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.id

    @property
    def sortable_name(self) -> str:
        """``Last, First``, as Canvas sorts people; the id if neither is known."""
        return ", ".join(part for part in (self.last_name, self.first_name) if part) or self.id


COLUMNS = tuple(column.name for column in fields(Person))

#: Columns whose values are names of people or groups, not keys: two people may have the same.
_NAMES = ("name", "first_name", "last_name", "section")
#: Columns in which a whole number may stand, which a spreadsheet spoils: 1001.0, 1.2E+11.
_NUMBERS = ("id", "canvas_id", "sis_user_id", "sis_login_id", "moodle_id", "username", "id_number")


@dataclass(frozen=True)
class Roster:
    """Everybody in the class; empty if there is no roster."""

    people: tuple[Person, ...] = ()
    file: Path | None = None
    notes: tuple[str, ...] = ()  # what a person should know about the file
    _by_key: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def person(self, student: str) -> Person:
        """The row of a student; one that holds only the id if there is none."""
        return next((person for person in self.people if person.id == student), Person(student))

    def find(self, **known: str) -> str | None:
        """The id of the person whom all that is known of them leads to; None if it leads to nobody.

        Args:
            known: column -> value, the surest first; ``name`` for a whole name in any of the usual orders.

        Raises:
            UsageError: two columns lead to two people, so that one of them would get the other's work.
        """
        found: dict[str, str] = {}
        for column, value in known.items():
            student = self._by_key.get(_key(column, value))
            if value and student is not None:
                found.setdefault(student, f"{column} {value!r}")
        if len(found) > 1:
            words = ", ".join(f"{how} is {student}" for student, how in found.items())
            raise UsageError(f"The roster leads to several people: {words}.")
        return next(iter(found), None)


def read_roster(path: Path) -> Roster:
    """Read and check a roster.

    Raises:
        UsageError: it is not there, or a line breaks a rule; says which line and which rule.
        StoreError: it cannot be read.
    """
    if not path.exists():
        raise UsageError(f"There is no roster at {path}. It is a CSV file with the columns {_words(COLUMNS)}.")
    notes: list[str] = []
    people = tuple(_people(path, notes))
    return Roster(people, path, tuple(notes), _keys(people, path))


def course_roster(root: Path, path: Path | None = None) -> Roster:
    """The roster that was asked for, else ``roster.csv`` of the course, else an empty one."""
    if path is not None:
        return read_roster(path)
    return read_roster(root / ROSTER) if (root / ROSTER).is_file() else Roster()


def _people(path: Path, notes: list[str]) -> Iterable[Person]:
    table = read_records(path, COLUMNS, ["id"])
    notes += table.notes
    seen: dict[str, int] = {}
    corrected: list[str] = []
    for record in table.records:
        cells = {name: _number(name, cell, path, record.line, corrected) for name, cell in record.cells.items()}
        person = Person(**cells)
        try:
            student_folder(person.id)
        except UsageError as error:
            raise UsageError(f"{path}, line {record.line}: {error}") from error
        if person.id in seen:
            raise UsageError(f"{path}, line {record.line}: the id {person.id!r} is also in line {seen[person.id]}.")
        seen[person.id] = record.line
        yield person
    if corrected:
        more = f" and {len(corrected) - 3} more" if len(corrected) > 3 else ""
        notes.append(f"{path}: a spreadsheet has made numbers with decimals; read {', '.join(corrected[:3])}{more}.")


def _number(column: str, cell: str, path: Path, line: int, corrected: list[str]) -> str:
    """A key as it was before a spreadsheet took it for a number.

    Raises:
        UsageError: its last digits are lost.
    """
    if column not in _NUMBERS:
        return cell
    if re.fullmatch(r"\d(?:[.,]\d+)?[Ee]\+?\d+", cell):
        raise UsageError(
            f"{path}, line {line}: the {column} {cell} was shortened by a spreadsheet. "
            "Format the column as text there, and type the number again."
        )
    whole = re.fullmatch(r"(\d+)[.,]0+", cell)
    if whole is None:
        return cell
    corrected.append(f"{column} {cell} as {whole[1]} (line {line})")
    return whole[1]


def _keys(people: Iterable[Person], path: Path) -> dict[tuple[str, str], str]:
    """(column, what is compared) -> id. A value that two people share leads to nobody, unless it should be unique."""
    found: dict[tuple[str, str], Person] = {}
    shared: set[tuple[str, str]] = set()
    for person in people:
        first, last = person.first_name, person.last_name
        orders = (f"{first} {last}", f"{last} {first}", f"{last}, {first}") if first and last else (first or last,)
        values = [("name", name) for name in (*orders, *person.aliases.split(";"))]
        values += [(column, getattr(person, column)) for column in COLUMNS if column != "aliases"]
        for column, value in values:
            key = _key(column, value)
            if not key[1]:
                continue
            other = found.setdefault(key, person)
            if other is person:
                continue
            if column not in _NAMES:
                theirs = getattr(other, column)
                written = repr(value) if theirs == value else f"{theirs!r} and {value!r}"
                raise UsageError(f"{path}: {other.id} and {person.id} have the same {column}, {written}.")
            shared.add(key)
    return {key: person.id for key, person in found.items() if key not in shared}


def _key(column: str, value: str) -> tuple[str, str]:
    return column, folded(value) if column in _NAMES else as_written(value)


def folded(name: str) -> str:
    """A person's name without what systems change in it: case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())


def as_written(key: str) -> str:
    """An id, account or address without its case and spaces; two that differ in anything else are two people's."""
    return "".join(unicodedata.normalize("NFC", key).lower().split())


def _words(names: Iterable[str]) -> str:
    return ", ".join(names)
