"""What people read after grading: a table in the terminal, a page about the class, a page per student.

Pages are single files that load nothing from elsewhere. Whatever comes from a student (names, messages, output) is
escaped. A student's page holds nothing of other students, and of the hidden draws only shapes.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from autograder import folders
from autograder.course import Course, Unit
from autograder.errors import StoreError, UsageError
from autograder.figures import (
    AGAIN,
    DEVIATION,
    FEWEST,
    HELP_BELOW,
    KNOWN,
    LEFT_OPEN,
    OTHER,
    Tried,
    UnitFigures,
    hard_units,
    missing,
    mistakes,
    name_of,
    need_help,
    recognised,
    share,
    students_of,
    unit_figures,
    what_is_off,
    written_in_python_2,
)
from autograder.late import Late, read_late
from autograder.looks import ABSENT, LOOKS
from autograder.plain_text import printable
from autograder.results import ExerciseResult, Outcome, SubmissionResult, remark_line
from autograder.roster import course_roster
from autograder.safe_html import PAGE_POLICY
from autograder.store import ResultStore, student_folder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

REPORTS = "reports"  # below the course's root: made by grading, never committed
PRINTED = 1500  # characters shown of what a module printed
PEOPLE_NAMED = 8  # in the list of mistakes, before "and 3 more"
MISTAKES_SHOWN = 12  # of each kind, before the reader opens the rest
BESIDE = 29  # exercises of units whose outcomes stand beside each other: as many as fit on a printed page


def sign(outcome: Outcome) -> str:
    """One character for an outcome."""
    return LOOKS[outcome].sign


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────────


def write_class_pages(
    results: Sequence[SubmissionResult],
    course: Course,
    root: Path,
    db_url: str | None = None,
    executor: Executor | None = None,
) -> list[str]:
    """Write the class report and a feedback page per student below ``reports/``.

    Args:
        results: of one unit (they go to ``reports/<unit>/``) or of several (``reports/course/``).
        course: the course.
        root: the course's folder.
        db_url: the gradebook, which knows who was given more time; default is that of ``nbgrader_config.py``.
        executor: of processes on this machine, to draw the plots meanwhile.

    Returns:
        lines that say where the pages are.

    Raises:
        UsageError: no results, or a name that cannot be a file's name.
        StoreError: a page cannot be written.
    """
    figures = unit_figures(results, course)
    plots = _plots(figures, executor)
    folder = root / REPORTS / (figures[0].unit.id if len(figures) == 1 else "course")
    pages = {student: f"students/{student_folder(student)}.html" for student in students_of(figures)}
    late = {
        (student, unit.unit.id): entry
        for unit in figures
        for student, entry in read_late(unit.unit, course, root, list(unit.results), db_url).items()
    }
    for student, page in pages.items():
        mine = [unit.results[student] for unit in figures if student in unit.results]
        student_feedback(mine, course, folder / page, late)
    store = ResultStore(root)
    earlier = {
        (student, unit.unit.id): store.earlier(unit.unit, student, result)
        for unit in figures
        for student, result in unit.results.items()
    }
    notes, roster = _roster(root)
    if len(figures) == 1:
        notes += _put_away(folder, figures[0].unit, root, {Path(page).name for page in pages.values()})
    class_report(results, course, folder / "class.html", pages, late, earlier, roster, plots)
    return [
        *notes,
        f"Class report:    {shown_path(folder / 'class.html')}",
        f"Feedback pages:  {shown_path(folder / 'students')}/<student>.html",
    ]


def _put_away(folder: Path, unit: Unit, root: Path, written: set[str]) -> list[str]:
    """Pages of work that is not in ``submitted/`` any more go into a folder of their own; says which."""
    from autograder.gradebook import submitted_students

    known = written | {f"{student_folder(name)}.html" for name in submitted_students(unit, root)}
    stale = [page for page in sorted((folder / "students").glob("*.html")) if page.name not in known]
    if not stale:
        return []
    try:
        (folder / "withdrawn").mkdir(exist_ok=True)
        for page in stale:
            page.replace(folder / "withdrawn" / page.name)
    except OSError as error:
        raise StoreError(f"Cannot move {error.filename}: {error.strerror or error}.") from error
    names = ", ".join(page.stem for page in stale)
    return [f"Not in {folders.SUBMITTED}/ any more, pages moved to {shown_path(folder / 'withdrawn')}: {names}"]


def _plots(figures: Sequence[UnitFigures], executor: Executor | None) -> Callable[[], Sequence[tuple[str, str]]]:
    """Have both plots of each unit drawn, elsewhere if that can be, meanwhile; what is returned waits for them."""
    from autograder.plots import unit_plots

    here = partial(unit_plots, figures)
    if executor is None:
        return here
    drawn = executor.submit(unit_plots, figures)

    def wait() -> Sequence[tuple[str, str]]:
        try:
            return drawn.result()
        except BrokenExecutor:  # somebody has ended the process
            return here()

    return wait


def _roster(root: Path) -> tuple[list[str], list[str]]:
    """What is wrong with the roster, if something is, and who is in it."""
    try:
        return [], [person.id for person in course_roster(root).people]
    except UsageError as error:  # the report is about results, which are there
        return [f"The class report does without a roster. {error}"], []


def shown_path(path: Path) -> Path:
    """A path as short as it can be said from here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path.resolve()


def class_report(
    results: Sequence[SubmissionResult],
    course: Course,
    path: Path,
    pages: Mapping[str, str] | None = None,
    late: Mapping[tuple[str, str], Late] | None = None,
    earlier: Mapping[tuple[str, str], Sequence[SubmissionResult]] | None = None,
    roster: Sequence[str] = (),
    plots: Callable[[], Sequence[tuple[str, str]]] | None = None,
) -> None:
    """Write the page about a class: one HTML file.

    Args:
        results: at most one per student and unit.
        course: the course that they belong to.
        path: where to write.
        pages: student -> address of their feedback page, relative to this page.
        late: (student, unit) -> how late a submission was; those in time are not there.
        earlier: (student, unit) -> results of what was handed in before, the newest first.
        roster: who is in the class, whether they handed in something or not; empty if nobody knows.
        plots: gives the two plots of each unit, if somebody draws them already.

    Raises:
        UsageError: there are no results.
        StoreError: it cannot be written.
    """
    from markupsafe import Markup

    figures = unit_figures(results, course)
    drawn = (plots or _plots(figures, None))()
    late = late or {}
    found = mistakes(results)
    stacks: dict[str, int] = {}
    for result in results:
        stacks[result.isolation] = stacks.get(result.isolation, 0) + 1
    write_page(
        path,
        "class_report.html.j2",
        title=f"{course.title}: class report",
        course=course,
        figures=figures,
        students=students_of(figures),
        totals={
            student: sum(unit.results[student].score for unit in figures if student in unit.results)
            for student in students_of(figures)
        },
        most=sum(unit.unit.max_score for unit in figures),
        score_plots=[Markup(plot) for plot, _ in drawn],  # noqa: S704 -- our own numbers and names only
        exercise_plots=[Markup(plot) for _, plot in drawn],  # noqa: S704 -- the same
        mistakes=[
            (title, words, [entry for entry in found if entry.kind == kind])
            for kind, title, words in _KINDS
            if any(entry.kind == kind for entry in found)
        ],
        named=PEOPLE_NAMED,
        shown=MISTAKES_SHOWN,
        groups=_side_by_side(figures),
        help=need_help(figures, earlier),
        help_below=HELP_BELOW,
        left_open=LEFT_OPEN,
        again=AGAIN,
        hard=hard_units(figures),
        missing=missing(figures, roster),
        fewest=FEWEST,
        python_2=written_in_python_2(results),
        noted=[Tried(name_of(result), result.unit, result.notes) for result in results if result.notes],
        tried=[Tried(name_of(result), result.unit, result.attempts) for result in results if result.attempts],
        late=late,
        links={student: quote(page) for student, page in (pages or {}).items()},
        absent=ABSENT,
        outcomes=[o for o in Outcome if any(e.outcome is o for r in results for e in r.exercises)],
        stacks=sorted(stacks.items(), key=lambda item: -item[1]),
        weak=[stack for stack in stacks if stack.startswith("process")],
        salts=sorted({result.draw.rpartition(":")[2] for result in results}),
        versions=_versions(results),
        seconds=sum(result.seconds for result in results),
    )


def _side_by_side(figures: Sequence[UnitFigures]) -> list[list[UnitFigures]]:
    """Units in rows that are not too wide."""
    rows: list[list[UnitFigures]] = []
    for unit in figures:
        if not rows or sum(len(other.exercises) for other in [*rows[-1], unit]) > BESIDE:
            rows.append([])
        rows[-1].append(unit)
    return rows


#: How the list of what went wrong is divided.
_KINDS = (
    (
        KNOWN,
        "Known mistakes",
        "Recognised by what the function returns; each has an explanation and hints in the course.",
    ),
    (DEVIATION, "Kinds of deviation", "On no list of mistakes: how the returned values differ from the right ones."),
    (OTHER, "Everything else", "Crashes, timeouts, missing values, and wrong values that fit no pattern."),
)


def student_feedback(
    results: SubmissionResult | Sequence[SubmissionResult],
    course: Course,
    path: Path,
    late: Mapping[tuple[str, str], Late] | None = None,
) -> None:
    """Write one student's page: one HTML file.

    Args:
        results: one student's, at most one per unit.
        course: the course that they belong to.
        path: where to write.
        late: (student, unit) -> how late a submission was.

    Raises:
        UsageError: there are no results, or they are of several students.
        StoreError: it cannot be written.
    """
    mine = [results] if isinstance(results, SubmissionResult) else list(results)
    if len({name_of(result) for result in mine}) > 1:
        raise UsageError("A feedback page is for one student; these results are of several.")
    figures = unit_figures(mine, course)
    ordered = [(unit.unit, unit.results[name_of(mine[0])]) for unit in figures]
    write_page(
        path,
        "student_feedback.html.j2",
        title=f"{name_of(mine[0])}: {course.title}",
        course=course,
        student=name_of(mine[0]),
        units=ordered,
        score=sum(result.score for _, result in ordered),
        most=sum(result.max_score for _, result in ordered),
        passed=Outcome.PASSED,
        not_attempted=Outcome.NOT_ATTEMPTED,
        outcomes=[o for o in Outcome if any(e.outcome is o for r in mine for e in r.exercises)],
        printed=PRINTED,
        late=late or {},
        recognised=recognised,
        known=KNOWN,
        versions=_versions(mine),
        isolations=sorted({result.isolation for result in mine}),
    )


def _versions(results: Sequence[SubmissionResult]) -> list[str]:
    return sorted({f"{name} {version}" for result in results for name, version in result.versions.items()})


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
    environment.filters["time"] = _time
    environment.filters["tail"] = lambda text, count: text.strip()[-count:]
    environment.globals["share"] = share
    environment.globals["unwritten"] = environment.tests["unwritten"] = _unwritten
    environment.globals["remark_line"] = remark_line
    return environment


def _unwritten(exercise: ExerciseResult) -> bool:
    """Whether there is nothing to say about an exercise but that it is not written."""
    return exercise.outcome is Outcome.NOT_ATTEMPTED and exercise.message in ("", f"{exercise.id} is not written yet.")


def _time(seconds: float) -> str:
    """Two digits and a unit, such as ``4.7 ms`` or ``103 s``."""
    value, unit = (1000 * seconds, "ms") if seconds < 0.0995 else (seconds, "s")
    return f"{value:.1f} {unit}" if 0 < value < 9.95 else f"{value:.0f} {unit}"


def _printable(value: Any) -> Any:
    """Control characters and halves of characters, which students' messages may hold, become a visible sign."""
    return printable(value, keep="\n\t") if type(value) is str else value


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fill in a template and write it; every value is escaped unless it says that it is markup.

    Raises:
        StoreError: the file system refuses.
    """
    text = _environment().get_template(template).render(looks=LOOKS, policy=PAGE_POLICY, **values)
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
            return f"{exercise.id}: {exercise.mistake_title or what_is_off(exercise)}"
    return ""


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    """At most so many columns, on one line."""
    from rich.cells import set_cell_size

    text = " ".join(printable(text).split())
    return text if _width(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _print(console: Console, line: Text) -> None:
    line.rstrip()
    console.print(line, highlight=False, no_wrap=True, overflow="ignore", crop=False)
