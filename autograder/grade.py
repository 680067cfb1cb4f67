"""A submission becomes a result; a class goes to an executor."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from autograder.course import load_course
from autograder.draws import Draw, hidden_draw, load_salt, visible_draw
from autograder.errors import UnrolledError
from autograder.judge import judge
from autograder.results import SubmissionResult
from autograder.sandbox import PROCESS, Stack, choose
from autograder.store import ResultStore
from autograder.submission import read_submission


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
        on_exercise: called with each exercise's id before it is judged.

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


def check_submission(unit_id: str, path: Path, exercises: Sequence[str] | None = None) -> SubmissionResult:
    """Judge a student's module on the visible draws: what ``check`` in a notebook does."""
    return grade_submission(unit_id, path, exercises=exercises, draw=visible_draw(), stack=PROCESS)


@dataclass(frozen=True)
class Graded:
    """One submission of a class: its result, or why there is none."""

    student: str
    result: SubmissionResult | None
    problem: str = ""
    kept: bool = False  # the result was in the store already


def grade_class(
    unit_id: str,
    submissions: dict[str, Path],
    root: Path,
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    force: bool = False,
    stack: Stack | None = None,
) -> Iterator[Graded]:
    """Judge many submissions, and keep each result in the store as it comes.

    Args:
        unit_id: the unit.
        submissions: student -> folder or file.
        root: the course's folder, which has the salt and the store.
        executor: where to judge; processes on this machine by default.
        jobs: how many processes, one per core by default.
        force: judge again what is in the store.
        stack: how student code is isolated; the strongest way that this machine offers by default.

    Yields:
        one entry per submission, in the order in which they are done. A submission that cannot be read or
        a failure of the grader is an entry without a result, never a score.
    """
    course = load_course()
    unit = course.unit(unit_id)
    store = ResultStore(root)
    waiting: dict[str, tuple[Path, str]] = {}
    load_salt(root)  # made here, once, before several processes ask for it
    for student, path in submissions.items():
        try:
            key = store.key(unit, path, student)
            result = None if force else store.load(unit, student, key)
        except UnrolledError as error:
            yield Graded(student, None, str(error))
            continue
        if result is not None:
            yield Graded(student, result, kept=True)
        else:
            waiting[student] = (path, key)
    if not waiting:
        return
    chosen = stack or choose()
    with nullcontext(executor) if executor is not None else process_pool(min(jobs or cores(), len(waiting))) as pool:
        futures = {
            pool.submit(_grade_one, unit.id, path, student, root, chosen.name): student
            for student, (path, _) in waiting.items()
        }
        for future in as_completed(futures):
            student = futures[future]
            try:
                result = SubmissionResult.from_json(future.result())
                store.save(unit, student, waiting[student][1], result)
            except UnrolledError as error:
                yield Graded(student, None, str(error))
            except Exception as error:  # a broken pool, a bug of ours: said, never a score
                yield Graded(student, None, f"The grader failed: {type(error).__name__}: {error}")
            else:
                yield Graded(student, result)


def _grade_one(unit_id: str, path: Path, student: str, root: Path, stack: str) -> dict[str, object]:
    """Runs in a process of the pool; plain data go back."""
    draw = hidden_draw(unit_id, student, load_salt(root))
    return grade_submission(unit_id, path, student=student, draw=draw, stack=choose(stack)).to_json()


@contextmanager
def process_pool(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes to judge in, one per core by default; Ctrl-C is left to this one."""
    count = jobs or cores()
    executor = ProcessPoolExecutor(max_workers=count, mp_context=get_context("spawn"))
    try:
        with _no_interrupts_inherited():
            for _ in range(count):  # each of these starts one process, which stays deaf to the signal
                executor.submit(_warm_up)
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_interrupts_inherited() -> Iterator[None]:
    """Ignore Ctrl-C while processes are started: what they inherit they keep."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _warm_up() -> None:
    """Runs in each process first: importing this module is what takes long."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
