"""What there is to say about a class: figures, mistakes, who needs help. How it is shown is not here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograder.course import Course, Unit
from autograder.errors import UsageError
from autograder.judge import GENERAL
from autograder.other_python import PYTHON_2
from autograder.results import ExerciseResult, Outcome, SubmissionResult

HELP_BELOW = 0.6  # of the points of a unit, or of an exercise: below that somebody should have a look
LEFT_OPEN = 0.25  # of a unit's exercises: as many not attempted, and somebody should ask why
AGAIN = 3  # submissions in a row in which the same exercise is wrong
MOST_EXERCISES = 3  # named in a reason, before "and 2 more"
FEWEST = 8  # students below which a correlation, or a share of the class, says nothing


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


@dataclass(frozen=True)
class Reason:
    """Why somebody may need help, in words; ``unit`` is empty if it is about several."""

    unit: str
    words: str


@dataclass(frozen=True)
class NeedsHelp:
    """Somebody whom a teacher should talk to, and why. Points are those of the units that they handed in."""

    student: str
    score: float
    most: float
    reasons: list[Reason]


@dataclass(frozen=True)
class Missing:
    """Who has not handed in a unit; ``unit`` is empty for those who have handed in none of those shown."""

    unit: str
    students: list[str]
    of: int  # how many there are in the class


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


def need_help(
    figures: Sequence[UnitFigures], earlier: Mapping[tuple[str, str], Sequence[SubmissionResult]] | None = None
) -> list[NeedsHelp]:
    """Who struggles with what they handed in, fewest points first; what is not handed in is in :func:`missing`.

    That is whose module cannot be graded, who has less than :data:`HELP_BELOW` of a unit's points, who did not attempt
    a good part of a unit's exercises, and whose exercise is as wrong as it was when they handed in before.

    Args:
        figures: the class's.
        earlier: (student, unit) -> results of what they handed in before, the newest first.
    """
    found = []
    for student in students_of(figures):
        mine = [unit.results[student] for unit in figures if student in unit.results]
        reasons = [
            Reason(result.unit, words)
            for result in mine
            for words in _troubles(result, (earlier or {}).get((student, result.unit), ()))
        ]
        if reasons:
            score, most = sum(result.score for result in mine), sum(result.max_score for result in mine)
            found.append(NeedsHelp(student, score, most, [*reasons, *_same_mistakes(mine)]))
    return sorted(found, key=lambda entry: (share(entry.score, entry.most), entry.student))


def _troubles(result: SubmissionResult, earlier: Sequence[SubmissionResult]) -> list[str]:
    """What makes one submission one to talk about; nothing if it is not."""
    if result.message:
        return [result.message]
    untouched = [exercise.id for exercise in result.exercises if exercise.outcome is Outcome.NOT_ATTEMPTED]
    wrong = [e for e in result.exercises if e.outcome not in (Outcome.PASSED, Outcome.NOT_ATTEMPTED)]
    times = {exercise.id: _times_wrong(exercise.id, [result, *earlier]) for exercise in wrong}
    said = []
    if share(result.score, result.max_score) < HELP_BELOW:
        said.append(f"{result.score:.4g} of {result.max_score:g} points")
    if len(untouched) >= LEFT_OPEN * len(result.exercises):
        said.append(f"{len(untouched)} of {len(result.exercises)} exercises not attempted: {_first(untouched)}")
    stuck = max(times.values(), default=0) >= AGAIN
    if stuck or (said and wrong):
        wrong.sort(key=lambda e: (-times[e.id] if times[e.id] >= AGAIN else 0, e.points - e.max_points))
        said.append(f"wrong: {_first([_what_is_wrong(e, times[e.id]) for e in wrong])}")
    return said


def _first(names: Sequence[str]) -> str:
    more = len(names) - MOST_EXERCISES
    return ", ".join(names[:MOST_EXERCISES]) + (f" and {more} more" if more > 0 else "")


def _what_is_wrong(exercise: ExerciseResult, times: int) -> str:
    again = f"; {times} times running" if times >= AGAIN else ""
    return f"{exercise.id} ({exercise.mistake_title or what_is_off(exercise)}{again})"


def _times_wrong(exercise_id: str, newest_first: Sequence[SubmissionResult]) -> int:
    """How many submissions in a row, up to the newest, have tried an exercise and lost most of it."""
    count = 0
    for result in newest_first:
        found = next((exercise for exercise in result.exercises if exercise.id == exercise_id), None)
        if result.message or found is None or found.outcome in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
            break
        if share(found.points, found.max_points) >= HELP_BELOW:
            break
        count += 1
    return count


def _same_mistakes(results: Sequence[SubmissionResult]) -> list[Reason]:
    """Known mistakes that one student makes in several exercises."""
    places: dict[str, list[str]] = {}
    for entry in mistakes(results):
        if entry.known:
            places.setdefault(entry.title, []).append(entry.exercise)
    return [
        Reason("", f"the same mistake in {len(names)} exercises: {title} ({', '.join(names)})")
        for title, names in places.items()
        if len(names) > 1
    ]


def hard_units(figures: Sequence[UnitFigures]) -> list[str]:
    """Units where more than half of the class is below :data:`HELP_BELOW`: that is about the unit, not about them."""
    found = []
    for unit in figures:
        low = sum(share(result.score, result.max_score) < HELP_BELOW for result in unit.results.values())
        if len(unit.results) >= FEWEST and low > len(unit.results) / 2:
            found.append(unit.unit.id)
    return found


def missing(figures: Sequence[UnitFigures], roster: Sequence[str] = ()) -> list[Missing]:
    """Who has not handed in what: who has nothing at all first, then the rest unit by unit.

    Args:
        figures: the class's.
        roster: everybody who is in the class, as far as that is known.
    """
    present = students_of(figures)
    absent = sorted(set(roster) - set(present))
    everybody = len(present) + len(absent)
    entries = [
        Missing(unit.unit.id, [student for student in present if student not in unit.results], everybody)
        for unit in figures
    ]
    return [entry for entry in (Missing("", absent, everybody), *entries) if entry.students]


def students_of(figures: Sequence[UnitFigures]) -> list[str]:
    """Everybody who handed in something, by name."""
    return sorted({student for unit in figures for student in unit.results})


def written_in_python_2(results: Sequence[SubmissionResult]) -> int:
    """How many submissions are said to be Python 2."""

    def said(result: SubmissionResult) -> str:
        return " ".join([result.message, *(remark for exercise in result.exercises for remark in exercise.remarks)])

    return sum(PYTHON_2 in said(result) for result in results)
