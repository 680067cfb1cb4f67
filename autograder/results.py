"""What grading produces: plain dataclasses, and the JSON that they become.

The JSON schema is documented in README.md ("The result file").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Why a part or an exercise got its points, in one word."""

    PASSED = "passed"
    PARTLY = "partly"  # exercises only: some parts are right
    WRONG_VALUES = "wrong_values"
    WRONG_SHAPE = "wrong_shape"  # right values, wrong shape
    EDGE_CASE = "edge_case"  # only fails at N = 1, T = 1 or another extreme, which the message names
    DIFFERENCES = "differences"  # gradients that are right by finite differences, not by a backward pass
    NOT_ATTEMPTED = "not_attempted"
    RETURNS_NONE = "returns_none"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    ENVIRONMENT = "environment"  # the grader failed, not the student: never a score

    @property
    def words(self) -> str:
        """The outcome as people read it."""
        return _WORDS[self]


_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.PARTLY: "partly right",
    Outcome.WRONG_VALUES: "wrong values",
    Outcome.WRONG_SHAPE: "right values, wrong shape",
    Outcome.EDGE_CASE: "fails only in edge cases",
    Outcome.DIFFERENCES: "right by finite differences: not a backward pass",
    Outcome.NOT_ATTEMPTED: "not attempted",
    Outcome.RETURNS_NONE: "returns None",
    Outcome.CRASHED: "crashed",
    Outcome.TIMED_OUT: "timed out",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.ENVIRONMENT: "grader failed",
}


@dataclass
class PartResult:
    """One part of an exercise, e.g. ``dWh`` of ``rnn_step_backward``."""

    name: str
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    #: Shapes and a few figures, as shown in the table of `check`.
    expected: str = ""
    got: str = ""


@dataclass
class ExerciseResult:
    """One function of the student's module."""

    id: str
    points: float
    max_points: float
    outcome: Outcome
    parts: list[PartResult]
    message: str = ""  # the first thing to look at, in one or two sentences
    mistake: str | None = None  # id of the known mistake that was recognised
    mistake_title: str | None = None
    hint: str | None = None  # first rung of the hints
    hints: list[str] = field(default_factory=list)  # the whole ladder; empty if no mistake is known
    remarks: list[str] = field(default_factory=list)  # cost nothing: prints, float32, ...
    seconds: float = 0.0
    smallest: str = ""  # visible draws only: the smallest sizes at which it fails, "N=1, T=2, D=1, H=1"
    snippet: str = ""  # and Python that calls it on them, ready to paste


def remark_line(remark: str) -> str:
    """A remark as it is shown: with what it costs, unless it is about what was left out."""
    return remark if remark.startswith("Left out: ") else f"Remark (costs nothing): {remark}"


@dataclass
class SubmissionResult:
    """One student's module of one unit."""

    unit: str
    score: float
    max_score: float
    exercises: list[ExerciseResult]
    isolation: str
    draw: str
    versions: dict[str, str]
    student: str | None = None
    message: str = ""  # about the module as a whole: missing, syntax error, crash at import
    output: str = ""  # what the module printed, cut to 64 KB
    attempts: list[str] = field(default_factory=list)  # what its code tried that no exercise asks for
    notes: list[str] = field(default_factory=list)  # for a person to look at: work elsewhere, values nobody can judge
    seconds: float = 0.0

    def exercise(self, exercise_id: str) -> ExerciseResult:
        """The result of one exercise; raises KeyError for an unknown id."""
        for exercise in self.exercises:
            if exercise.id == exercise_id:
                return exercise
        raise KeyError(exercise_id)

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers; what is not changed by that is not copied."""
        exercises = [{**vars(item), "parts": [dict(vars(part)) for part in item.parts]} for item in self.exercises]
        return {**vars(self), "exercises": exercises}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SubmissionResult:
        """The inverse of :meth:`to_json`; raises KeyError, TypeError or ValueError on other data."""
        exercises = []
        for raw in data["exercises"]:
            parts = [PartResult(**{**part, "outcome": Outcome(part["outcome"])}) for part in raw["parts"]]
            exercises.append(ExerciseResult(**{**raw, "outcome": Outcome(raw["outcome"]), "parts": parts}))
        return cls(**{**data, "exercises": exercises})
