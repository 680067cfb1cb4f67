"""What people read after grading: a table in the terminal, a page about the class, a page per student.

Pages are single files that load nothing from elsewhere. Whatever comes from a student (names, messages, output) is
escaped. A student's page holds nothing of other students, and of the hidden draws only shapes.
"""

from __future__ import annotations

import statistics
import string
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from autograder import folders
from autograder.course import Course, Unit
from autograder.errors import UsageError
from autograder.results import ExerciseResult, Outcome, SubmissionResult
from autograder.store import student_folder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

REPORTS = "reports"  # below the course's root: made by grading, never committed
HELP_BELOW = 0.6  # of a unit's points: below that somebody should have a look
PRINTED = 1500  # characters shown of what a module printed
PEOPLE_NAMED = 8  # in the list of mistakes, before "and 3 more"


@dataclass(frozen=True)
class Look:
    """How an outcome is shown: told apart by its sign, its lightness and its colour, each by itself enough."""

    sign: str  # one column wide in a terminal
    ground: str  # colours: Okabe & Ito's palette for the colour-blind, lightened under dark text
    ink: str
    terminal: str


LOOKS = {
    Outcome.PASSED: Look("✓", "#cdeee2", "#00523c", "green"),
    Outcome.PARTLY: Look("◐", "#fbe6b5", "#5c4200", "yellow"),
    Outcome.EDGE_CASE: Look("◔", "#fdf3c4", "#5c4a00", "yellow"),
    Outcome.WRONG_SHAPE: Look("◇", "#f8d3bd", "#7a2e00", "red"),
    Outcome.WRONG_VALUES: Look("✗", "#eeb08c", "#5e2200", "red"),
    Outcome.RETURNS_NONE: Look("∅", "#d9dde3", "#333a44", "blue"),
    Outcome.NOT_ATTEMPTED: Look("·", "#eef0f3", "#4a525e", "bright_black"),
    Outcome.CRASHED: Look("!", "#b0568c", "#ffffff", "magenta"),
    Outcome.TIMED_OUT: Look("∞", "#8a3f6c", "#ffffff", "magenta"),
    Outcome.OUT_OF_MEMORY: Look("M", "#6d3054", "#ffffff", "magenta"),
    Outcome.ENVIRONMENT: Look("?", "#000000", "#ffffff", "reverse"),
}
ABSENT = Look("–", "#ffffff", "#6b7380", "bright_black")  # nothing was handed in


def sign(outcome: Outcome) -> str:
    """One character for an outcome."""
    return LOOKS[outcome].sign


# ── what the reports say, apart from how they say it ──────────────────────────────────────────────────


@dataclass
class MistakeCount:
    """One thing that went wrong, and for whom."""

    unit: str
    exercise: str
    title: str
    known: bool  # a mistake of autograder/mistakes, recognised by what the function returns
    students: list[str] = field(default_factory=list)


@dataclass
class ExerciseFigures:
    """One exercise over the whole class."""

    id: str
    handed_in: int
    passed: int
    mean_share: float  # of the exercise's points
    median_seconds: float
    slowest_seconds: float


@dataclass
class UnitFigures:
    """One unit over the whole class."""

    unit: Unit
    results: dict[str, SubmissionResult]  # by student
    exercises: list[ExerciseFigures]
    bins: list[int]  # students with 0–9 %, 10–19 %, …, 90–99 %, 100 % of the points
    mean: float
    median: float


@dataclass
class NeedsHelp:
    """Somebody whom a teacher should talk to, and why."""

    student: str
    unit: str
    share: float
    reasons: list[str]


@dataclass(frozen=True)
class Tried:
    """What one submission's code tried that no exercise asks for."""

    student: str
    unit: str
    what: list[str]


def unit_figures(results: Sequence[SubmissionResult], course: Course) -> list[UnitFigures]:
    """Figures per unit, for the units that somebody handed in, in the course's order.

    Raises:
        UsageError: there are no results, or two of one student for one unit.
    """
    found = []
    for unit in course.units:
        mine: dict[str, SubmissionResult] = {}
        for result in results:
            if result.unit == unit.id:
                if name_of(result) in mine:
                    raise UsageError(f"There are two results of {name_of(result)} for {unit.id}.")
                mine[name_of(result)] = result
        if not mine:
            continue
        bins = [0] * 11
        for result in mine.values():
            bins[min(10, int(10 * share(result.score, result.max_score) + 1e-9))] += 1
        scores = [result.score for result in mine.values()]
        exercises = [_exercise_figures(exercise.id, mine.values()) for exercise in unit.exercises]
        found.append(
            UnitFigures(unit, mine, exercises, bins, statistics.fmean(scores), float(statistics.median(scores)))
        )
    if not found:
        raise UsageError("There are no results to report on.")
    return found


def _exercise_figures(exercise_id: str, results: Iterable[SubmissionResult]) -> ExerciseFigures:
    seen = [exercise for result in results for exercise in result.exercises if exercise.id == exercise_id]
    times = [exercise.seconds for exercise in seen if exercise.seconds > 0]
    return ExerciseFigures(
        exercise_id,
        handed_in=len(seen),
        passed=sum(exercise.outcome is Outcome.PASSED for exercise in seen),
        mean_share=statistics.fmean([share(e.points, e.max_points) for e in seen]) if seen else 0.0,
        median_seconds=float(statistics.median(times)) if times else 0.0,
        slowest_seconds=max(times, default=0.0),
    )


def share(points: float, most: float) -> float:
    """Points as a share of the most there could be; of nothing at all, 0."""
    return points / most if most else 0.0


def name_of(result: SubmissionResult) -> str:
    """Whose result it is."""
    return result.student or "anonymous"


def mistakes(results: Sequence[SubmissionResult]) -> list[MistakeCount]:
    """What went wrong, most students first; recognised mistakes before others of the same number.

    What was not attempted is no mistake; a module that cannot be imported counts once, not once per exercise.
    """
    counts: dict[tuple[str, str, str], MistakeCount] = {}

    def count(result: SubmissionResult, exercise: str, title: str, known: bool) -> None:
        key = (result.unit, exercise, title)
        entry = counts.setdefault(key, MistakeCount(result.unit, exercise, title, known))
        if name_of(result) not in entry.students:
            entry.students.append(name_of(result))

    for result in results:
        if result.message:
            count(result, "the module", "cannot be graded: missing, or not importable", False)
            continue
        for exercise in result.exercises:
            if exercise.mistake_title:
                for title in exercise.mistake_title.split(" · "):
                    count(result, exercise.id, title, True)
            elif exercise.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
                count(result, exercise.id, _what_is_off(exercise), False)
    return sorted(counts.values(), key=lambda c: (-len(c.students), not c.known, c.unit, c.exercise, c.title))


def _what_is_off(exercise: ExerciseResult) -> str:
    wrong = [part for part in exercise.parts if part.outcome is not Outcome.PASSED]
    words = " and ".join(dict.fromkeys(part.outcome.words for part in wrong)) or exercise.outcome.words
    if len(wrong) < len(exercise.parts):
        return f"{', '.join(part.name for part in wrong)}: {words}"
    return words


def need_help(figures: Sequence[UnitFigures]) -> list[NeedsHelp]:
    """Students below 60 % of a unit or with a module that cannot be graded, least points first."""
    found = []
    everybody = students_of(figures)
    for unit in figures:
        for student in everybody:
            result = unit.results.get(student)
            if result is None:
                found.append(NeedsHelp(student, unit.unit.id, 0.0, ["nothing handed in"]))
                continue
            reasons = []
            if result.message:
                reasons.append(result.message)
            elif share(result.score, result.max_score) < HELP_BELOW:
                tally: dict[Outcome, int] = {}
                for exercise in result.exercises:
                    tally[exercise.outcome] = tally.get(exercise.outcome, 0) + 1
                reasons += [f"{n} × {o.words}" for o, n in tally.items() if o is not Outcome.PASSED]
            if reasons:
                found.append(NeedsHelp(student, unit.unit.id, share(result.score, result.max_score), reasons))
    return sorted(found, key=lambda entry: (entry.share, entry.student, entry.unit))


def students_of(figures: Sequence[UnitFigures]) -> list[str]:
    """Everybody who handed in something, by name."""
    return sorted({student for unit in figures for student in unit.results})


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────────


def write_class_pages(results: Sequence[SubmissionResult], course: Course, root: Path) -> list[str]:
    """Write the class report and a feedback page per student below ``reports/``.

    Args:
        results: of one unit (they go to ``reports/<unit>/``) or of several (``reports/course/``).
        course: the course.
        root: the course's folder.

    Returns:
        lines that say where the pages are.

    Raises:
        UsageError: no results, or a name that cannot be a file's name.
        StoreError: a page cannot be written.
    """
    figures = unit_figures(results, course)
    folder = root / REPORTS / (figures[0].unit.id if len(figures) == 1 else "course")
    pages = {student: f"students/{student_folder(student)}.html" for student in students_of(figures)}
    for student, page in pages.items():
        mine = [unit.results[student] for unit in figures if student in unit.results]
        student_feedback(mine, course, folder / page)
    class_report(results, course, folder / "class.html", pages)
    return [
        f"Class report:    {shown_path(folder / 'class.html')}",
        f"Feedback pages:  {shown_path(folder / 'students')}/<student>.html",
    ]


def shown_path(path: Path) -> Path:
    """A path as short as it can be said from here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path.resolve()


def class_report(
    results: Sequence[SubmissionResult], course: Course, path: Path, pages: Mapping[str, str] | None = None
) -> None:
    """Write the page about a class: one HTML file.

    Args:
        results: at most one per student and unit.
        course: the course that they belong to.
        path: where to write.
        pages: student -> address of their feedback page, relative to this page.

    Raises:
        UsageError: there are no results.
        StoreError: it cannot be written.
    """
    figures = unit_figures(results, course)
    totals = {
        student: sum(unit.results[student].score for unit in figures if student in unit.results)
        for student in students_of(figures)
    }
    _write_page(
        path,
        "class_report.html.j2",
        title=f"{course.title}: class report",
        course=course,
        figures=figures,
        students=students_of(figures),
        totals=totals,
        most=sum(unit.unit.max_score for unit in figures),
        charts=[score_chart(unit.bins) for unit in figures],
        mistakes=mistakes(results),
        named=PEOPLE_NAMED,
        help=need_help(figures),
        help_below=HELP_BELOW,
        tried=[Tried(name_of(result), result.unit, result.attempts) for result in results if result.attempts],
        links={student: quote(page) for student, page in (pages or {}).items()},
        looks=LOOKS,
        absent=ABSENT,
        outcomes=[o for o in Outcome if any(e.outcome is o for r in results for e in r.exercises)],
        isolations=sorted({result.isolation for result in results}),
        salts=sorted({result.draw.rpartition(":")[2] for result in results}),
        versions=_versions(results),
        seconds=sum(result.seconds for result in results),
    )


def student_feedback(results: SubmissionResult | Sequence[SubmissionResult], course: Course, path: Path) -> None:
    """Write one student's page: one HTML file.

    Args:
        results: one student's, at most one per unit.
        course: the course that they belong to.
        path: where to write.

    Raises:
        UsageError: there are no results, or they are of several students.
        StoreError: it cannot be written.
    """
    mine = [results] if isinstance(results, SubmissionResult) else list(results)
    if len({name_of(result) for result in mine}) > 1:
        raise UsageError("A feedback page is for one student; these results are of several.")
    figures = unit_figures(mine, course)
    ordered = [(unit.unit, unit.results[name_of(mine[0])]) for unit in figures]
    _write_page(
        path,
        "student_feedback.html.j2",
        title=f"{name_of(mine[0])}: {course.title}",
        course=course,
        student=name_of(mine[0]),
        units=ordered,
        score=sum(result.score for _, result in ordered),
        most=sum(result.max_score for _, result in ordered),
        looks=LOOKS,
        passed=Outcome.PASSED,
        outcomes=[o for o in Outcome if any(e.outcome is o for r in mine for e in r.exercises)],
        printed=PRINTED,
        versions=_versions(mine),
        isolations=sorted({result.isolation for result in mine}),
    )


def _versions(results: Sequence[SubmissionResult]) -> list[str]:
    return sorted({f"{name} {version}" for result in results for name, version in result.versions.items()})


def score_chart(bins: Sequence[int]) -> str:
    """How many students have how many points: an SVG, with its numbers written on it."""
    left, bottom, width, height, bar = 14, 34, 480, 120, 34
    top = max(*bins, 1)
    shapes = []
    for number, count in enumerate(bins):
        x = left + number * (bar + 8)
        tall = round(height * count / top, 1)
        if count:
            y = height + 16 - tall
            shapes.append(f'<rect x="{x}" y="{y}" width="{bar}" height="{tall}" rx="2" fill="#0072b2"/>')
            shapes.append(f'<text x="{x + bar / 2}" y="{y - 5}" class="count">{count}</text>')
        label = "100" if number == 10 else f"{10 * number}–{10 * number + 9}"
        shapes.append(f'<text x="{x + bar / 2}" y="{height + 32}" class="tick">{label}</text>')
    words = ", ".join(f"{count} at {10 * number} %" for number, count in enumerate(bins) if count)
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height + bottom + 18}" role="img" aria-label="Students by share of '
        f'points: {words}">{"".join(shapes)}<line x1="{left - 6}" x2="{width - 8}" y1="{height + 16}" '
        f'y2="{height + 16}" stroke="#6b7380"/><text x="{width / 2}" y="{height + 49}" class="tick">'
        "% of the unit’s points</text></svg>"
    )


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["points"] = lambda value: f"{value:.4g}"
    environment.filters["percent"] = lambda value: f"{100 * value:.0f} %"
    environment.filters["tail"] = lambda text, count: text.strip()[-count:]
    environment.globals["share"] = share
    return environment


def _printable(value: Any) -> Any:
    """Control characters and halves of characters, which students' messages may hold, become a visible sign."""
    if type(value) is not str:
        return value
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else "�" for c in value)


def _write_page(path: Path, template: str, **values: Any) -> None:
    from markupsafe import Markup

    if "charts" in values:
        values["charts"] = [Markup(chart) for chart in values["charts"]]  # noqa: S704 -- our own numbers only
    text = _environment().get_template(template).render(**values)
    folders.write_atomically(path, text.encode("utf-8", "replace"))


# ── the terminal ──────────────────────────────────────────────────────────────────────────────────────


def class_table(results: Sequence[SubmissionResult], course: Course, console: Console) -> None:
    """Print students × exercises: a sign for each outcome, points per unit, the total; then what the signs mean.

    Never wider than the console (80 columns by default): units that do not fit beside each other go below each other.

    Raises:
        UsageError: there are no results.
    """
    from rich.text import Text

    figures = unit_figures(results, course)
    students = students_of(figures)
    name_width = min(16, max(len("student"), *(_width(student) for student in students)))
    most = sum(unit.unit.max_score for unit in figures)
    total_width = max(len("total"), len(f"of {most:g}"), 5)
    for number, group in enumerate(groups := _groups(figures, console.width, name_width, total_width)):
        last = number == len(groups) - 1
        with_total = last and len(figures) > 1
        used = name_width + sum(_unit_width(unit) for unit in group) + (total_width + 2 if with_total else 0)
        room = console.width - used - 2 if len(figures) == 1 else 0
        letters = iter(string.ascii_letters)
        names = [[next(letters) for _ in unit.exercises] for unit in group]

        head, second = Text(" " * name_width), Text(f"{'student':<{name_width}}", "bold")
        for unit, own in zip(group, names, strict=True):
            head.append(f"  {unit.unit.id:<{_unit_width(unit) - 2}}", "bold")
            second.append("  " + " ".join(own) + f"{f'of {unit.unit.max_score:g}':>{_points_width(unit) + 1}}", "dim")
        if with_total:
            head.append(f"{'total':>{total_width + 2}}", "bold")
            second.append(f"{f'of {most:g}':>{total_width + 2}}", "dim")
        _print(console, head)
        _print(console, second)
        for student in students:
            line = Text(f"{_cut(student, name_width)}")
            line.append(" " * (name_width - _width(line.plain)))
            for unit in group:
                _append_unit(line, unit, unit.results.get(student))
            if with_total:
                total = sum(unit.results[student].score for unit in figures if student in unit.results)
                line.append(f"{total:>{total_width + 2}.4g}", "bold")
            if room >= 24:
                line.append("  " + _cut(_trouble(group[0].results[student]), room), "dim")
            _print(console, line)
        for unit, own in zip(group, names, strict=True):
            said = [f"{letter} {e.id}" for letter, e in zip(own, unit.exercises, strict=True)]
            for words in _lines(said, console.width):
                _print(console, Text(words, "dim"))
    outcomes = [outcome for outcome in Outcome if any(e.outcome is outcome for r in results for e in r.exercises)]
    meaning = [f"{sign(outcome)} {outcome.words}" for outcome in outcomes]
    if any(student not in unit.results for unit in figures for student in students):
        meaning.append(f"{ABSENT.sign} not handed in")
    for words in _lines(meaning, console.width):
        _print(console, Text(words))


def _groups(figures: Sequence[UnitFigures], width: int, name_width: int, total_width: int) -> list[list[UnitFigures]]:
    """Units that fit beside each other (and have letters enough)."""
    found: list[list[UnitFigures]] = []
    used = letters = 0
    for unit in figures:
        needed = _unit_width(unit)
        too_many = letters + len(unit.exercises) > len(string.ascii_letters)
        if not found or used + needed + total_width + 2 > width or too_many:
            found.append([])
            used, letters = name_width, 0
        found[-1].append(unit)
        used += needed
        letters += len(unit.exercises)
    return found


def _points_width(unit: UnitFigures) -> int:
    scores = [f"{result.score:.4g}" for result in unit.results.values()]
    return max(len(f"of {unit.unit.max_score:g}"), *(len(score) for score in scores))


def _unit_width(unit: UnitFigures) -> int:
    return 2 + max(2 * len(unit.exercises) + _points_width(unit), len(unit.unit.id))


def _append_unit(line: Text, unit: UnitFigures, result: SubmissionResult | None) -> None:
    line.append("  ")
    start = len(line.plain)
    looks = [ABSENT if result is None else LOOKS[result.exercise(e.id).outcome] for e in unit.exercises]
    for number, look in enumerate(looks):
        line.append((" " if number else "") + look.sign, look.terminal)
    score = ABSENT.sign if result is None else f"{result.score:.4g}"
    line.append(f"{score:>{_points_width(unit) + 1}}")
    line.append(" " * (_unit_width(unit) - 2 - (len(line.plain) - start)))


def _lines(items: Sequence[str], width: int) -> list[str]:
    """Items side by side, none of them broken in two."""
    lines = [""]
    for item in items:
        if lines[-1] and _width(lines[-1]) + 3 + _width(item) > width:
            lines.append("")
        lines[-1] += ("   " if lines[-1] else "") + item
    return lines


def _trouble(result: SubmissionResult) -> str:
    """The first thing that is not right, in a few words."""
    if result.message:
        return result.message
    for exercise in result.exercises:
        if exercise.outcome is not Outcome.PASSED:
            return f"{exercise.id}: {exercise.mistake_title or _what_is_off(exercise)}"
    return ""


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    """At most so many columns, on one line."""
    from rich.cells import set_cell_size

    text = " ".join(_printable(text).split())
    return text if _width(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _print(console: Console, line: Text) -> None:
    line.rstrip()
    console.print(line, highlight=False, no_wrap=True, overflow="ignore", crop=False)
