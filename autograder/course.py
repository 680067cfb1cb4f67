"""Loads and validates ``course.toml``: units, exercises, points and limits."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.errors import CourseError, UsageError
from autograder.times import at_local_time, zone_of

COURSE_FILE = Path(__file__).with_name("course.toml")


@dataclass(frozen=True)
class Exercise:
    """One function that a student writes."""

    id: str
    points: float
    parts: tuple[str, ...]
    weights: tuple[float, ...]  # one per part, summing to 1
    builds_on: tuple[str, ...] = ()  # exercises whose functions this one is expected to call
    forward: str | None = None  # the exercise whose cache a backward function gets
    experiment: bool = False  # no function of this name: it has the module's functions at work together
    upstream: tuple[str, ...] = ()  # functions of earlier units that answer while it is judged

    def part_points(self, part: str) -> float:
        """Most points that a part can bring."""
        return self.points * self.weights[self.parts.index(part)]


@dataclass(frozen=True)
class Unit:
    """One notebook and one module."""

    id: str
    title: str
    module: str
    engine: str  # "numpy" or "torch": what the worker imports beforehand
    exercises: tuple[Exercise, ...]
    call_cpu_seconds: float
    call_wall_seconds: float
    memory_mb: int
    imports: tuple[str, ...] = ()  # libraries that a module may import; none: all that are installed
    upstream: tuple[str, ...] = ()  # earlier units whose functions `coursekit.upstream` gives the module

    @property
    def max_score(self) -> float:
        """Sum of the points of all exercises."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def module_file(self) -> str:
        """Name of the student's file."""
        return f"{self.module}.py"

    def exercise(self, exercise_id: str) -> Exercise:
        """The exercise of this id; raises UsageError with the nearest names if there is none."""
        for exercise in self.exercises:
            if exercise.id == exercise_id:
                return exercise
        raise UsageError(_unknown("exercise", exercise_id, [e.id for e in self.exercises], f" in {self.id}"))


@dataclass(frozen=True)
class LateRule:
    """What handing in late costs: the table ``[late]``. :mod:`autograder.late` computes with it."""

    percent_per_day: float  # of the points that the work got, per day begun
    grace_minutes: float = 0.0  # who is later than this is late from the due date on
    max_percent: float = 100.0  # a penalty is never more than this
    cut_off_days: float | None = None  # later than this brings no points at all; None: no such limit
    due: tuple[tuple[str, datetime], ...] = ()  # unit id -> when it is due, in UTC
    zone: str | None = None  # by whose clocks days are counted; None: a day has 24 hours

    def due_of(self, unit_id: str) -> datetime | None:
        """When a unit is due, in UTC; None if the course file does not say."""
        return dict(self.due).get(unit_id)


@dataclass(frozen=True)
class Course:
    """The whole course."""

    name: str
    title: str
    edge_case_credit: float
    differences_credit: float  # of gradients that are right by finite differences
    units: tuple[Unit, ...]
    late: LateRule | None = None
    zone: str | None = None  # where the course is held, as "Europe/Berlin"

    def unit(self, unit_id: str) -> Unit:
        """The unit of this id, or of this number ("2"); raises UsageError if there is none."""
        for unit in self.units:
            if unit_id == unit.id or (unit_id.isdigit() and int(unit_id) == int(unit.id.split("_")[0])):
                return unit
        raise UsageError(_unknown("unit", unit_id, [u.id for u in self.units]))

    def find_exercise(self, exercise_id: str) -> tuple[Unit, Exercise]:
        """Unit and exercise of an exercise id, unique in the course; raises UsageError if unknown."""
        for unit in self.units:
            for exercise in unit.exercises:
                if exercise.id == exercise_id:
                    return unit, exercise
        every = [exercise.id for unit in self.units for exercise in unit.exercises]
        raise UsageError(_unknown("exercise", exercise_id, every))


def _unknown(kind: str, name: str, known: list[str], where: str = "") -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no {kind} {name!r}{where}.{guess} Known: {', '.join(known)}."


@lru_cache(maxsize=8)
def load_course(path: Path = COURSE_FILE) -> Course:
    """Read and validate a course file.

    Raises:
        CourseError: the file is missing, not TOML, or breaks a rule; says which and where.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError(f"Cannot read the course file {path}: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not valid TOML: {error}. Mend that line and run the command again.") from error
    return _Validator(path).course(data)


class _Validator:
    """Turns TOML data into dataclasses; every complaint names the file and the entry."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, where: str, what: str) -> CourseError:
        return CourseError(f"{self.path}: {where}: {what}.")

    def take(self, table: dict[str, Any], key: str, kind: type | tuple[type, ...], where: str) -> Any:
        if key not in table:
            raise self.fail(where, f"the key {key!r} is missing")
        value = table[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.fail(where, f"{key!r} is {value!r}, which is not of the right type")
        return value

    def positive(self, table: dict[str, Any], key: str, where: str) -> float:
        value = self.take(table, key, (int, float), where)
        if not 0 < value < float("inf"):
            raise self.fail(where, f"{key!r} is {value!r}, it must be a positive number")
        return float(value)

    def only(self, table: dict[str, Any], known: set[str], where: str) -> None:
        extra = sorted(set(table) - known)
        if extra:
            raise self.fail(where, f"unknown key {extra[0]!r} (known: {', '.join(sorted(known))})")

    def names(self, table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise self.fail(where, f"{key!r} is {value!r}, it must be a list of names")
        if len(set(value)) != len(value):
            raise self.fail(where, f"{key!r} names something twice: {value!r}")
        return tuple(value)

    def course(self, data: dict[str, Any]) -> Course:
        known = {"name", "title", "edge_case_credit", "differences_credit", "zone", "late", "units"}
        self.only(data, known, "top level")
        credit = self.take(data, "edge_case_credit", (int, float), "top level")
        if not 0 <= credit < 1:
            raise self.fail("top level", f"'edge_case_credit' is {credit!r}, it must be at least 0 and below 1")
        by_differences = data.get("differences_credit", 0.25)
        if type(by_differences) not in (int, float) or not 0 <= by_differences < 1:
            words = f"'differences_credit' is {by_differences!r}, it must be at least 0 and below 1"
            raise self.fail("top level", words)
        raw_units = self.take(data, "units", list, "top level")
        if not raw_units:
            raise self.fail("top level", "there are no units")
        units = tuple(self.unit(raw, number) for number, raw in enumerate(raw_units, 1))
        self.unique([unit.id for unit in units], "units")
        for number, unit in enumerate(units):
            for name in unit.upstream:
                if name not in [earlier.id for earlier in units[:number]]:
                    raise self.fail(f"unit {unit.id!r}", f"'upstream' names {name!r}, which is no earlier unit")
            there = {exercise.id for earlier in units if earlier.id in unit.upstream for exercise in earlier.exercises}
            for exercise in unit.exercises:
                for name in exercise.upstream:
                    if name not in there:
                        where = f"unit {unit.id!r}, exercise {exercise.id!r}"
                        raise self.fail(
                            where, f"'upstream' names {name!r}, which is no exercise of a unit that this one builds on"
                        )
        self.unique([exercise.id for unit in units for exercise in unit.exercises], "exercises")
        zone = self.zone(data["zone"]) if "zone" in data else None
        return Course(
            name=self.take(data, "name", str, "top level"),
            title=self.take(data, "title", str, "top level"),
            edge_case_credit=float(credit),
            differences_credit=float(by_differences),
            units=units,
            late=self.late(data["late"], [unit.id for unit in units], zone) if "late" in data else None,
            zone=zone,
        )

    def zone(self, name: Any) -> str:
        if not isinstance(name, str):
            raise self.fail("top level", f"'zone' is {name!r}, it must be the name of a time zone, as 'Europe/Berlin'")
        try:
            zone_of(name)
        except ValueError as error:
            raise self.fail("top level", f"'zone' {error}") from None
        return name

    def due(self, unit_id: str, time: Any, zone: str | None) -> datetime:
        if isinstance(time, datetime) and time.tzinfo is not None:
            return time.astimezone(UTC)
        if not isinstance(time, datetime) or zone is None:
            words = f"{unit_id!r} is due {time!r}, it must be a time with its offset, as 2027-03-01T23:59:00+01:00"
            raise self.fail("[late.due]", words)
        try:
            return at_local_time(time, zone)
        except ValueError as error:
            raise self.fail("[late.due]", f"{unit_id!r} is due {time.isoformat()}, which {error}") from None

    def late(self, raw: Any, units: list[str], zone: str | None) -> LateRule:
        where = "[late]"
        if not isinstance(raw, dict):
            raise self.fail(where, "it must be a table")
        self.only(raw, {"percent_per_day", "grace_minutes", "max_percent", "cut_off_days", "due"}, where)
        per_day = self.number(raw, "percent_per_day", where, 0, 100)
        due = raw.get("due", {})
        if not isinstance(due, dict):
            raise self.fail("[late.due]", "it must be a table of unit ids and times")
        for unit_id in due:
            if unit_id not in units:
                raise self.fail("[late.due]", _unknown("unit", unit_id, units).rstrip("."))
        return LateRule(
            percent_per_day=per_day,
            grace_minutes=self.number(raw, "grace_minutes", where, 0, 7 * 24 * 60) if "grace_minutes" in raw else 0.0,
            max_percent=self.number(raw, "max_percent", where, 0, 100) if "max_percent" in raw else 100.0,
            cut_off_days=self.positive(raw, "cut_off_days", where) if "cut_off_days" in raw else None,
            due=tuple(sorted((unit_id, self.due(unit_id, time, zone)) for unit_id, time in due.items())),
            zone=zone,
        )

    def number(self, table: dict[str, Any], key: str, where: str, least: float, most: float) -> float:
        value = self.take(table, key, (int, float), where)
        if not least <= value <= most:
            raise self.fail(where, f"{key!r} is {value!r}, it must be from {least:g} to {most:g}")
        return float(value)

    def unique(self, ids: list[str], kind: str) -> None:
        for name in ids:
            if ids.count(name) > 1:
                raise self.fail(kind, f"the id {name!r} is used twice")

    def unit(self, raw: Any, number: int) -> Unit:
        where = f"unit number {number}"
        if not isinstance(raw, dict):
            raise self.fail(where, "it must be a table")
        unit_id = self.take(raw, "id", str, where)
        where = f"unit {unit_id!r}"
        head, _, tail = unit_id.partition("_")
        if not (head.isdigit() and len(head) == 2 and tail.isidentifier()):
            raise self.fail(where, "an id looks like '02_bptt': two digits, an underscore, a name")
        known = {"id", "title", "module", "engine", "call_cpu_seconds", "call_wall_seconds", "memory_mb", "exercises"}
        self.only(raw, known | {"upstream", "imports"}, where)
        module = self.take(raw, "module", str, where)
        if not module.isidentifier():
            raise self.fail(where, f"'module' is {module!r}, it must be a Python name")
        engine = self.take(raw, "engine", str, where)
        if engine not in ("numpy", "torch"):
            raise self.fail(where, f"'engine' is {engine!r}, it must be 'numpy' or 'torch'")
        imports = self.names(raw, "imports", where)
        if imports and engine not in imports:
            raise self.fail(where, f"'imports' is {list(imports)!r}, it must name {engine!r}, the unit's engine")
        if engine != "torch" and "torch" in imports:
            raise self.fail(where, "'imports' names 'torch', for which 'engine' must be 'torch'")
        exercises: list[Exercise] = []
        for entry in self.take(raw, "exercises", list, where):
            exercises.append(self.exercise(entry, where, [e.id for e in exercises]))
        if not exercises:
            raise self.fail(where, "there are no exercises")
        return Unit(
            id=unit_id,
            title=self.take(raw, "title", str, where),
            module=module,
            engine=engine,
            exercises=tuple(exercises),
            call_cpu_seconds=self.positive(raw, "call_cpu_seconds", where),
            call_wall_seconds=self.positive(raw, "call_wall_seconds", where),
            memory_mb=int(self.positive(raw, "memory_mb", where)),
            imports=imports,
            upstream=self.names(raw, "upstream", where),
        )

    def exercise(self, raw: Any, unit_where: str, earlier: list[str]) -> Exercise:
        if not isinstance(raw, dict):
            raise self.fail(unit_where, f"an exercise must be a table, not {raw!r}")
        exercise_id = self.take(raw, "id", str, unit_where)
        where = f"{unit_where}, exercise {exercise_id!r}"
        if not exercise_id.isidentifier():
            raise self.fail(where, "an id must be the name of a Python function")
        self.only(raw, {"id", "points", "parts", "weights", "builds_on", "forward", "experiment", "upstream"}, where)
        parts = self.names(raw, "parts", where)
        if not parts:
            raise self.fail(where, "'parts' must name at least one part")
        raw_weights = raw.get("weights", [1] * len(parts))
        if (
            not isinstance(raw_weights, list)
            or len(raw_weights) != len(parts)
            or not all(isinstance(w, (int, float)) and not isinstance(w, bool) and w > 0 for w in raw_weights)
        ):
            raise self.fail(where, f"'weights' is {raw_weights!r}, it must be one positive number per part")
        total = float(sum(raw_weights))
        builds_on = self.names(raw, "builds_on", where)
        forward = raw.get("forward")
        for name in (*builds_on, *([forward] if forward is not None else [])):
            if name not in earlier:
                raise self.fail(where, f"{name!r} is not an exercise that comes before it in the same unit")
        return Exercise(
            id=exercise_id,
            points=self.positive(raw, "points", where),
            parts=parts,
            weights=tuple(w / total for w in raw_weights),
            builds_on=builds_on,
            forward=forward,
            experiment=raw.get("experiment", False) is True,
            upstream=self.names(raw, "upstream", where),
        )
