"""What holds for the known mistakes of every unit that are handed in several at a time; its own file says of which.

Each fact is an assertion on one mistake (or on all), so that the unit's file has one short test for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest

from grading_helpers import is_named, judge_source, reference_source, solution_lines, the_unit

from autograder.mistakes import Mistake, load_mistakes, mistaken_source
from autograder.results import Outcome, SubmissionResult

#: What no hint may hold: it would be code.
CODE = ("@", ".T", "np.", "torch.", "+=", "axis=", "dim=", "keepdim")


@dataclass(frozen=True)
class Rounds:
    """The mistakes of a unit in groups that are judged together.

    Attributes:
        unit_id: the unit.
        independent: exercises that share no function, part by part: one mistake of each part is handed in together,
            which saves starting a worker for every single mistake (and shows that they do not disturb each other).
    """

    unit_id: str
    independent: tuple[tuple[str, ...], ...]
    _results: dict[int, SubmissionResult] = field(default_factory=dict)

    @cached_property
    def mistakes(self) -> list[Mistake]:
        return load_mistakes(the_unit(self.unit_id))

    @cached_property
    def groups(self) -> list[list[Mistake]]:
        """All mistakes, in groups with at most one of each independent part."""
        columns = [[m for m in self.mistakes if m.exercise in part] for part in self.independent]
        return [[m for m in row if m is not None] for row in zip_longest(*columns)]

    def above(self, mistake: Mistake) -> list[str]:
        """The exercises that build on the one with the mistake."""
        return [e.id for e in the_unit(self.unit_id).exercises if mistake.exercise in (*e.builds_on, e.forward)]

    def result_of(self, mistake: Mistake) -> SubmissionResult:
        """The result of the group that a mistake is in; each group is judged once."""
        number = next(n for n, group in enumerate(self.groups) if mistake in group)
        if number not in self._results:
            source = reference_source(self.unit_id)
            for one in self.groups[number]:
                source = mistaken_source(one, source)
            wanted = {m.exercise for m in self.groups[number]}
            wanted |= {name for m in self.groups[number] for name in self.above(m)}
            exercises = [e.id for e in the_unit(self.unit_id).exercises if e.id in wanted]
            self._results[number] = judge_source(self.unit_id, source, exercises=exercises)
        return self._results[number]

    def lost_above(self, mistake: Mistake) -> dict[str, str]:
        """What the exercises that build on a mistaken one lose, and what is said of it."""
        results = [self.result_of(mistake).exercise(name) for name in self.above(mistake)]
        return {r.id: r.message for r in results if r.points < r.max_points}


def is_caught(mistake: Mistake, result: SubmissionResult) -> None:
    """At least one part of the exercise loses points, and the student is told something."""
    found = result.exercise(mistake.exercise)
    assert found.points < found.max_points
    assert found.outcome is not Outcome.PASSED
    assert found.message


def are_named(mistakes: Sequence[Mistake], result_of: Callable[[Mistake], SubmissionResult]) -> None:
    """At least 95 of 100 mistakes are recognised for what they are."""
    unnamed = [
        f"{m.exercise}: {m.id} is called {result_of(m).exercise(m.exercise).mistake}"
        for m in mistakes
        if not is_named(m, result_of(m))
    ]
    assert len(unnamed) <= 0.05 * len(mistakes), unnamed


def are_five(mistakes: Sequence[Mistake], exercise: str) -> None:
    """An exercise has at least five, all with ids of their own."""
    ids = [m.id for m in mistakes if m.exercise == exercise]
    assert len(ids) >= 5
    assert len(set(ids)) == len(ids)


def is_a_ladder_without_code(mistake: Mistake, unit_id: str) -> None:
    """A question, a place, a principle; no line of the solution, no formula in code."""
    question, *rest = mistake.hints
    assert question.endswith("?")
    assert len(rest) == 2
    words = " ".join([mistake.title, mistake.thought, *mistake.hints])
    assert not any(line in words for line in solution_lines(reference_source(unit_id)))
    assert not any(mark in " ".join(mistake.hints) for mark in CODE)
