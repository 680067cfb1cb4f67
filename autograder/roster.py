"""Reads ``roster.csv``: who is in the class, and under which names other systems know them.

A CSV file with a heading per column. ``id`` is the name of the student's folder in ``submitted/``, their id in the
gradebook, and the only column that must be there; the others (:data:`COLUMNS`) are what an LMS calls the same person.
The file is the instructor's own and is never committed.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

from autograder.errors import StoreError, UsageError
from autograder.store import student_folder

ROSTER = "roster.csv"  # in the course's folder
MOST_BYTES = 4 * 1024 * 1024


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


@dataclass(frozen=True)
class Roster:
    """Everybody in the class; empty if there is no roster."""

    people: tuple[Person, ...] = ()
    file: Path | None = None
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
            student = self._by_key.get((column, folded(value)))
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
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than 4 MB; a roster is a line per student.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no roster at {path}. It is a CSV file with the columns {_words(COLUMNS)}."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text. Save it as CSV in UTF-8.") from error
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error
    return Roster(people := tuple(_people(text, path)), path, _keys(people, path))


def course_roster(root: Path, path: Path | None = None) -> Roster:
    """The roster that was asked for, else ``roster.csv`` of the course, else an empty one."""
    if path is not None:
        return read_roster(path)
    return read_roster(root / ROSTER) if (root / ROSTER).is_file() else Roster()


def _people(text: str, path: Path) -> Iterable[Person]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}.") from error
    if not rows:
        raise UsageError(f"{path} is empty. Its first line names the columns, such as: id,first_name,last_name,email")
    heading = [cell.strip().lower().replace(" ", "_") for cell in rows[0][1]]
    unknown = [name for name in heading if name not in COLUMNS]
    if unknown:
        raise UsageError(f"{path} has an unknown column {unknown[0]!r} (known: {_words(COLUMNS)}).")
    if "id" not in heading or len(set(heading)) < len(heading):
        raise UsageError(f"{path} must have a column 'id', and none twice; it has {_words(heading)}.")
    seen: dict[str, int] = {}
    for line, row in rows[1:]:
        if len(row) != len(heading):
            raise UsageError(f"{path}, line {line}: {len(row)} cells under {len(heading)} headings.")
        person = Person(**{name: cell.strip() for name, cell in zip(heading, row, strict=True)})
        try:
            student_folder(person.id)
        except UsageError as error:
            raise UsageError(f"{path}, line {line}: {error}") from error
        if person.id in seen:
            raise UsageError(f"{path}, line {line}: the id {person.id!r} is also in line {seen[person.id]}.")
        seen[person.id] = line
        yield person


def _keys(people: Iterable[Person], path: Path) -> dict[tuple[str, str], str]:
    """(column, folded value) -> id. A value that two people share leads to nobody, unless it should be unique."""
    found: dict[tuple[str, str], str] = {}
    shared: set[tuple[str, str]] = set()
    for person in people:
        first, last = person.first_name, person.last_name
        orders = (f"{first} {last}", f"{last} {first}", f"{last}, {first}") if first and last else (first or last,)
        values = {("name", folded(name)) for name in (*orders, *person.aliases.split(";"))}
        values |= {(column, folded(getattr(person, column))) for column in COLUMNS if column != "aliases"}
        for key in sorted(values):
            if not key[1]:
                continue
            if key in found and found[key] != person.id:
                if key[0] not in ("name", "first_name", "last_name", "section"):
                    raise UsageError(f"{path}: {found[key]} and {person.id} have the same {key[0]}, {key[1]!r}.")
                shared.add(key)
            found[key] = person.id
    return {key: student for key, student in found.items() if key not in shared}


def folded(name: str) -> str:
    """A name without what systems change in it: case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())


def _words(names: Iterable[str]) -> str:
    return ", ".join(names)
