"""What there is to say about a class: figures, mistakes, who needs help. How it is shown is not here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.course import Course, Unit
from autograder.errors import UsageError
from autograder.judge import GENERAL
from autograder.results import ExerciseResult, Outcome, SubmissionResult

HELP_BELOW = 0.6  # of a unit's points: below that somebody should have a look
FEWEST = 8  # students below which a correlation says nothing


KNOWN = "known"  # a mistake of autograder/mistakes, written down by somebody, recognised by what the function returns
DEVIATION = "deviation"  # on no list: how the values are off, as a detector saw it
OTHER = "other"  # crashed, returned nothing, wrong in a way that has no name


@dataclass
class MistakeCount:
    """One thing that went wrong, and for whom."""

    unit: str
    exercise: str
    title: str
    kind: str  # KNOWN, DEVIATION or OTHER
    students: list[str] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """A mistake of autograder/mistakes, recognised by what the function returns."""
        return self.kind == KNOWN


@dataclass
class ExerciseFigures:
    """One exercise over the whole class."""

    id: str
    handed_in: int
    passed: int
    mean_share: float  # of the exercise's points
    median_seconds: float
    slowest_seconds: float
    outcomes: dict[Outcome, int]  # how many students have which
    discrimination: float | None  # item-rest correlation; None if there are too few students, or all have the same


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
        exercises = [_exercise_figures(exercise.id, list(mine.values())) for exercise in unit.exercises]
        found.append(
            UnitFigures(unit, mine, exercises, bins, statistics.fmean(scores), float(statistics.median(scores)))
        )
    if not found:
        raise UsageError("There are no results to report on.")
    return found


def _exercise_figures(exercise_id: str, results: Sequence[SubmissionResult]) -> ExerciseFigures:
    seen = [exercise for result in results for exercise in result.exercises if exercise.id == exercise_id]
    times = [exercise.seconds for exercise in seen if exercise.seconds > 0]
    return ExerciseFigures(
        exercise_id,
        handed_in=len(seen),
        passed=sum(exercise.outcome is Outcome.PASSED for exercise in seen),
        mean_share=statistics.fmean([share(e.points, e.max_points) for e in seen]) if seen else 0.0,
        median_seconds=float(statistics.median(times)) if times else 0.0,
        slowest_seconds=max(times, default=0.0),
        outcomes={outcome: n for outcome in Outcome if (n := sum(e.outcome is outcome for e in seen))},
        discrimination=discrimination(
            [share(e.points, e.max_points) for e in seen],
            [result.score - e.points for result, e in zip(results, seen, strict=True)],
        ),
    )


def discrimination(item: Sequence[float], rest: Sequence[float]) -> float | None:
    """How well an exercise separates who can do the others from who cannot: Pearson's correlation of the two.

    Also called the corrected item-total correlation: the exercise's own points are not in the rest, with which they
    would correlate by themselves.

    Args:
        item: each student's share of the exercise's points.
        rest: each student's points in all other exercises of the unit.

    Returns:
        from -1 to 1; None for fewer than :data:`FEWEST` students, or if one of the two is the same for all.
    """
    if len(item) < FEWEST:
        return None
    try:
        found = statistics.correlation(item, rest)
    except statistics.StatisticsError:  # one of them is constant
        return None
    return found if math.isfinite(found) else None


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

    def count(result: SubmissionResult, exercise: str, title: str, kind: str) -> None:
        key = (result.unit, exercise, title)
        entry = counts.setdefault(key, MistakeCount(result.unit, exercise, title, kind))
        if name_of(result) not in entry.students:
            entry.students.append(name_of(result))

    for result in results:
        if result.message:
            count(result, "the module", "cannot be graded: missing, or not importable", OTHER)
            continue
        for exercise in result.exercises:
            for title, kind in recognised(exercise):
                count(result, exercise.id, title, kind)
            if not exercise.mistake_title and exercise.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
                count(result, exercise.id, what_is_off(exercise), OTHER)
    return sorted(counts.values(), key=lambda c: (-len(c.students), not c.known, c.unit, c.exercise, c.title))


def recognised(exercise: ExerciseResult) -> list[tuple[str, str]]:
    """Title and kind of each thing that was recognised; empty if nothing was."""
    titles = (exercise.mistake_title or "").split(" · ") if exercise.mistake_title else []
    ids = (exercise.mistake or "").split("+")
    if len(ids) != len(titles):  # a title of its own for several together
        ids = [ids[0]] * len(titles)
    return [(title, DEVIATION if i.startswith(GENERAL) else KNOWN) for title, i in zip(titles, ids, strict=True)]


def what_is_off(exercise: ExerciseResult) -> str:
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
