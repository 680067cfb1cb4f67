"""A submission becomes a result; a class goes to an executor."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.cluster import Place, Processes, cores, process_pool
from autograder.course import Unit, load_course
from autograder.draws import Draw, hidden_draw, load_salt, visible_draw
from autograder.errors import InfrastructureError, UnrolledError
from autograder.judge import judge
from autograder.mistakes import reference_path
from autograder.results import Outcome, SubmissionResult
from autograder.sandbox import PROCESS, Stack, choose
from autograder.store import Pieces, ResultStore, grader_pieces, key_of
from autograder.submission import Submission, read_submission

__all__ = [
    "Graded",
    "Task",
    "check_submission",
    "cores",
    "grade_class",
    "grade_submission",
    "judge_task",
    "process_pool",
]


def grade_submission(
    unit_id: str,
    path: Path,
    *,
    student: str | None = None,
    exercises: Sequence[str] | None = None,
    draw: Draw | None = None,
    stack: Stack | None = None,
    on_exercise: Callable[[str], None] | None = None,
) -> SubmissionResult:
    """Judge what a student handed in on hidden draws.

    Args:
        unit_id: e.g. ``"02_bptt"``.
        path: a folder that holds the module, or one ``.py`` file that holds the functions.
        student: whose it is; chooses the hidden draw. None for a submission without a name.
        exercises: ids; all of the unit by default.
        draw: instead of the hidden draw of this course, unit and student.
        stack: how student code is isolated; the strongest way that this machine offers by default.
        on_exercise: called with each exercise's id before it is judged, and with words on the progress of long ones.

    Raises:
        UsageError: unknown unit or exercise, missing or unreadable path.
        StoreError: the salt cannot be read or made.
        InfrastructureError: the grader failed; nothing was scored.
    """
    course = load_course()
    unit = course.unit(unit_id)
    submission = read_submission(unit, path)
    chosen = draw or hidden_draw(unit.id, student, load_salt())
    return judge(
        course, unit, submission, chosen, stack=stack, exercises=exercises, student=student, on_exercise=on_exercise
    )


def check_submission(
    unit_id: str,
    path: Path,
    exercises: Sequence[str] | None = None,
    on_exercise: Callable[[str], None] | None = None,
) -> SubmissionResult:
    """Judge a student's module on the visible draws: what ``check`` in a notebook does.

    It is the student's own machine, so a plain process will do; but importing torch takes seconds, and the sandboxes
    keep a process with torch warm for the next check.
    """
    stack = PROCESS
    if load_course().unit(unit_id).engine == "torch" and "UNROLLED_DEVICE" not in os.environ:
        with contextlib.suppress(UnrolledError):  # no sandbox here
            stack = choose()
    return grade_submission(
        unit_id, path, exercises=exercises, draw=visible_draw(), stack=stack, on_exercise=on_exercise
    )


@dataclass(frozen=True)
class Graded:
    """One submission of a class: its result, or why there is none."""

    student: str
    result: SubmissionResult | None
    problem: str = ""
    kept: bool = False  # the result was in the store already
    tries: int = 1
    key: str = ""  # under which the result is kept


@dataclass(frozen=True)
class Task:
    """All that judging one submission takes, on whatever machine: no paths, no salt."""

    unit: str
    student: str
    submission: Submission
    draw: Draw
    stack: str | None  # None: the strongest that the machine offers
    grader: dict[str, str]  # the versions that its result is kept under


@dataclass
class _Waiting:
    """A submission on its way to a result."""

    student: str
    path: Path
    tries: int = 0
    key: str = ""
    pieces: Pieces = field(default_factory=dict)
    alone: bool = False  # sent while nothing else was being judged


def grade_class(
    unit_id: str,
    submissions: dict[str, Path],
    root: Path,
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    force: bool = False,
    stack: Stack | None = None,
    proposed: bool = False,
) -> Iterator[Graded]:
    """Judge many submissions, and keep each result in the store as it comes.

    Args:
        unit_id: the unit.
        submissions: student -> folder or file.
        root: the course's folder, which has the salt and the store.
        executor: where to judge; processes on this machine by default. It is not shut down.
        jobs: how many processes, one per core by default.
        force: judge again what is in the store.
        stack: how student code is isolated; the strongest way that each machine offers by default.
        proposed: keep new results apart (:class:`ResultStore`).

    Yields:
        one entry per submission, in the order in which they are done. A submission that cannot be read, or
        that the grader failed to judge :data:`MOST_TRIES` times, is an entry without a result, never a score.
    """
    load_salt(root)  # made here, once
    run = _Run(load_course().unit(unit_id), root, force, stack, proposed)
    place = executor if executor is not None else Processes(min(jobs or cores(), len(submissions) or 1))
    if isinstance(place, Processes) and stack is None:
        run.stack = choose()  # says here, once, if there is no isolation on this machine
    try:
        yield from run.through(place, submissions)
    except BaseException:  # Ctrl-C among them: what is finished by now is not lost
        run.keep_finished()
        if executor is None and isinstance(place, Place):
            place.stop()
        raise
    finally:
        if executor is None:
            place.shutdown(wait=True, cancel_futures=True)


#: How often a submission is sent to be judged before the grader's failure becomes its state.
MOST_TRIES = 3
#: After this many submissions in a row that could not be judged, one of the course's own is. If that fails as well,
#: something is wrong here, and the rest is not tried; if not, it was the submissions, and the others have their turn.
HOPELESS = 5
#: The name of the course's own submission, which no student can have.
OURS = ""


class _Run:
    """One pass over a class. Tasks are made as they are needed and dropped as they are done: memory stays flat."""

    def __init__(self, unit: Unit, root: Path, force: bool, stack: Stack | None, proposed: bool) -> None:
        self.unit = unit
        self.store = ResultStore(root, proposed=proposed)
        self.accepted = ResultStore(root)
        self.salt = load_salt(root)
        self.force = force
        self.stack = stack
        self.grader = grader_pieces(unit)
        self.running: dict[Future[Any], _Waiting] = {}
        self.again: deque[_Waiting] = deque()  # to be tried again, together with others
        self.suspects: deque[_Waiting] = deque()  # one of them ended its process: to be tried one by one
        self.failed_in_a_row = 0
        self.hopeless = False
        self.probing = False

    def through(self, place: Executor, submissions: dict[str, Path]) -> Iterator[Graded]:
        """All submissions, through an executor."""
        new = iter(submissions.items())
        exhausted = False
        while True:
            while not self.full(place) and not (exhausted and not self.again):
                if self.again:
                    self.send(place, self.again.popleft())
                    continue
                student, path = next(new, ("", None))
                if path is None:
                    exhausted = True
                elif self.hopeless:
                    words = f"Not tried: the grader failed for {HOPELESS} submissions in a row before it."
                    yield Graded(student, None, words, tries=0)
                else:
                    known = self.begin(place, _Waiting(student, path))
                    if known is not None:
                        yield known
            if not self.running and self.suspects:
                self.suspects[0].alone = True
                self.send(place, self.suspects.popleft())
            if not self.running:
                return
            done, _ = wait(self.running, return_when=FIRST_COMPLETED)
            for future in done:
                waiting = self.running.pop(future)
                if waiting.student == OURS:
                    self.probed(future)
                    continue
                graded = self.finish(future, waiting)
                if graded is not None:
                    self.failed_in_a_row = self.failed_in_a_row + 1 if graded.result is None else 0
                    yield graded
            if self.failed_in_a_row >= HOPELESS and not (exhausted or self.probing or self.hopeless):
                self.probe(place)

    def probe(self, place: Executor) -> None:
        """Have a submission of the course's own judged, to see whose fault it is that so many could not be."""
        self.probing = True
        file = reference_path(self.unit)
        source = file.read_bytes() if file.is_file() else _OWN_MODULE
        own = Submission(Path("own"), self.unit.module_file, {self.unit.module_file: source})
        stack = self.stack.name if self.stack is not None else None
        task = Task(self.unit.id, OURS, own, hidden_draw(self.unit.id, None, self.salt), stack, self.grader)
        self.send(place, _Waiting(OURS, Path("own"), alone=True), task)

    def probed(self, future: Future[Any]) -> None:
        """The end of that: if it was judged, the failures before it were the submissions' own."""
        self.probing, self.failed_in_a_row = False, 0
        try:
            result = SubmissionResult.from_json(future.result())
            self.hopeless = any(exercise.outcome is Outcome.ENVIRONMENT for exercise in result.exercises)
        except Exception:  # whatever it is, it is the grader's
            self.hopeless = True

    def full(self, place: Executor) -> bool:
        """Whether enough is on its way: what is being judged, and as much again so that nobody waits for work."""
        if self.probing or self.suspects or any(waiting.alone for waiting in self.running.values()):
            return True
        return len(self.running) >= 2 * int(getattr(place, "width", cores())) + 1

    def begin(self, place: Executor, waiting: _Waiting) -> Graded | None:
        """What is known of a submission without judging it; None if it was sent to be judged."""
        try:
            task = self.task(waiting)
            if not self.force:
                result = self.accepted.load(self.unit, waiting.student, waiting.key)
                if result is None and self.store.proposed:
                    result = self.store.load(self.unit, waiting.student, waiting.key)
                elif result is None:
                    self.accepted.accept(self.unit, waiting.student, waiting.key)
                    result = self.accepted.load(self.unit, waiting.student, waiting.key)
                if result is not None:
                    return Graded(waiting.student, result, kept=True, key=waiting.key)
        except UnrolledError as error:
            return Graded(waiting.student, None, str(error))
        self.send(place, waiting, task)
        return None

    def task(self, waiting: _Waiting) -> Task:
        """Read a submission; its key is of the very bytes that are judged."""
        submission = replace(read_submission(self.unit, waiting.path), path=Path(waiting.student))
        waiting.pieces = self.store.pieces(self.unit, submission, waiting.student)
        waiting.key = key_of(waiting.pieces)
        draw = hidden_draw(self.unit.id, waiting.student, self.salt)
        stack = self.stack.name if self.stack is not None else None
        return Task(self.unit.id, waiting.student, submission, draw, stack, self.grader)

    def send(self, place: Executor, waiting: _Waiting, task: Task | None = None) -> None:
        try:
            future = place.submit(judge_task, task or self.task(waiting))
        except Exception as error:  # whatever it is, it is said where results are
            future = Future()
            future.set_exception(error)
        self.running[future] = waiting

    def finish(self, future: Future[Any], waiting: _Waiting) -> Graded | None:
        """The end of one try: a kept result, a failure for good, or None if it is to be tried again."""
        try:
            result = SubmissionResult.from_json(future.result())
            self.store.save(self.unit, waiting.student, waiting.key, result, waiting.pieces)
        except BrokenExecutor:
            if not waiting.alone:  # some of these submissions had nothing to do with it: not counted as a try
                self.suspects.append(waiting)
                return None
            words = "the process that judged it was killed"
        except (InfrastructureError, CancelledError) as error:
            words = str(error) or "it was cancelled"
        except UnrolledError as error:
            return Graded(waiting.student, None, str(error), tries=waiting.tries + 1)
        except Exception as error:  # a worker lost too often, a bug of ours: said, never a score
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            if type(error).__name__ == "KilledWorker":  # Dask has tried it on several workers already
                waiting.tries = MOST_TRIES - 1
        else:
            return Graded(waiting.student, result, tries=waiting.tries + 1, key=waiting.key)
        waiting.tries += 1
        if waiting.tries < MOST_TRIES:
            (self.suspects if waiting.alone else self.again).append(waiting)
            waiting.alone = False
            return None
        return Graded(waiting.student, None, f"The grader failed {MOST_TRIES} times: {words}", tries=MOST_TRIES)

    def keep_finished(self) -> None:
        """Put what has been judged but not looked at yet into the store."""
        for future, waiting in self.running.items():
            if future.done() and waiting.student != OURS:
                with contextlib.suppress(Exception):  # what did not work is judged by the next run
                    result = SubmissionResult.from_json(future.result())
                    self.store.save(self.unit, waiting.student, waiting.key, result, waiting.pieces)


#: Where the course's solutions are not at hand: a module that can be imported, if nothing more.
_OWN_MODULE = b"import numpy as np\n\n\ndef ready():\n    return np.zeros(1)\n"


def judge_task(task: Task) -> dict[str, Any]:
    """Judge one submission, in a process of a pool or on another machine; plain data go back.

    Raises:
        InfrastructureError: this is not the grader that the result is to be kept under, or it failed.
    """
    course = load_course()
    unit = course.unit(task.unit)
    own = grader_pieces(unit)
    differing = sorted(name for name in own.keys() | task.grader.keys() if own.get(name) != task.grader.get(name))
    if differing:
        name = differing[0]
        versions = f" {own.get(name)}, not {task.grader.get(name)}" if name.startswith("version/") else ""
        more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
        raise InfrastructureError(
            f"{socket.gethostname()} has another grader than the judge ({name}{versions}{more}). Bring both to the "
            "same checkout and packages; if files were changed during the run, run it again."
        )
    return judge(course, unit, task.submission, task.draw, stack=choose(task.stack), student=task.student).to_json()
