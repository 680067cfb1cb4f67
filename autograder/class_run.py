"""Grades a class from ``submitted/`` to gradebook and reports: judges, shows what would change if asked to, records."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from autograder import folders
from autograder.cluster import Cluster, Place, Processes, cores, get_ready, get_ready_to_draw
from autograder.course import Unit, load_course
from autograder.errors import (
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    EXIT_OK,
    StoreError,
    UsageError,
)
from autograder.progress import Progress, choose_progress
from autograder.quick_imports import import_jsonschema, import_nbgrader
from autograder.results import SubmissionResult
from autograder.sandbox import Stack, choose
from autograder.store import ResultStore, reasons

if TYPE_CHECKING:
    from autograder.grade import Graded

LOCK = Path(folders.STATE) / "grading.lock"
SAME = 1e-9  # points that differ by less are the same


@dataclass(frozen=True)
class Options:
    """What the command line may ask of a run."""

    students: tuple[str, ...] = ()
    db_url: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    force: bool = False
    feedback: bool = True
    isolation: str | None = None
    diff: bool = False
    yes: bool = False
    quiet: bool = False
    json_lines: bool = False


@dataclass
class Change:
    """How one student's marks would change."""

    student: str
    before: dict[str, float | None]  # exercise -> points in the gradebook; empty if there are none
    after: dict[str, float | None]  # empty: the grader failed, the points are taken back
    why: list[str] = field(default_factory=list)

    @property
    def exercises(self) -> list[str]:
        """Those whose points change."""
        return [name for name in (self.after or self.before) if not same(self.before.get(name), self.after.get(name))]

    @property
    def is_first(self) -> bool:
        """Whether the student has had no points so far."""
        return not any(points is not None for points in self.before.values())


def same(one: float | None, other: float | None) -> bool:
    """Whether two entries of a gradebook are the same."""
    if one is None or other is None:
        return one is other
    return abs(one - other) < SAME


def total(points: dict[str, float | None]) -> float | None:
    """Their sum; None if there are none."""
    known = [value for value in points.values() if value is not None]
    return round(sum(known), 6) if known else None


def run_class(unit_id: str, options: Options, console: Console, confirm: Callable[[str], bool]) -> int:
    """Grade everybody, or some, and write gradebook, feedback and reports.

    Args:
        unit_id: id or number of the unit.
        options: see :class:`Options`.
        console: for people; with ``json_lines`` nothing is printed there.
        confirm: asked once, with ``diff`` and without ``yes``, whether to write.

    Returns:
        an exit code: 0, 5 if somebody could not be scored, 130 after Ctrl-C.

    Raises:
        UsageError, StoreError, InfrastructureError: nothing could be begun; says why.
    """
    unit = load_course().unit(unit_id)
    root = folders.course_root()
    stack = choose(options.isolation) if options.scheduler is None or options.isolation else None
    names = _names(unit, root, options)
    local = options.scheduler is None and bool(names)
    judging = (get_ready, unit.id, stack.name if stack is not None else None)
    with (
        choose_progress(console, quiet=options.quiet, json_lines=options.json_lines) as progress,
        only_one(root),
        _processes(min(options.jobs or cores(), len(names)), *judging) if local else nullcontext() as judges,
        _processes(1, get_ready_to_draw) as artist,
    ):
        import_jsonschema()
        import_nbgrader()
        run = _ClassRun(unit, root, names, stack, options, console, progress, judges, artist)
        try:
            return run.all(confirm)
        except KeyboardInterrupt:
            run.interrupted()
            return EXIT_INTERRUPTED


@contextmanager
def _processes(count: int, prepare: Callable[..., object], *args: Any) -> Iterator[Processes]:
    """Processes that get ready while this one imports nbgrader; whatever they still do at the end is not waited for."""
    place = Processes(count)
    try:
        place.begin(prepare, *args)
        yield place
    finally:
        place.stop()


def _names(unit: Unit, root: Path, options: Options) -> list[str]:
    from autograder.gradebook import submitted_students

    known = submitted_students(unit, root)
    for name in options.students:
        if name not in known:
            raise UsageError(
                f"{name} has handed in nothing for {unit.id}: there is no {folders.SUBMITTED}/{name}/{unit.id}."
            )
    return list(dict.fromkeys(options.students)) or known


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Refuse to grade a course twice at the same time; the system takes the mark back however the process ends.

    Raises:
        StoreError: somebody else is grading here, or the mark cannot be written.
    """
    if sys.platform == "win32":
        yield  # no such lock; grading a class wants Linux anyway
        return
    import fcntl

    file = root / LOCK
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"Cannot write {file}: {error.strerror or error}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            raise StoreError(
                f"Process {who or '?'} is grading in {root} already. Wait for it to finish, or end it, and run again."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


class _ClassRun:
    """One run, and what it has done so far."""

    def __init__(
        self,
        unit: Unit,
        root: Path,
        names: list[str],
        stack: Stack | None,
        options: Options,
        console: Console,
        progress: Progress,
        judges: Processes | None,
        artist: Processes,
    ) -> None:
        from autograder.gradebook import Recorder

        self.unit, self.root, self.names, self.stack = unit, root, names, stack
        self.options, self.console, self.progress = options, console, progress
        self.judges, self.artist = judges, artist
        self.recorder = Recorder(
            unit, names, root=root, db_url=options.db_url, feedback=options.feedback, force=options.force
        )
        self.keys: dict[str, str] = {}  # of those who have a result; the results are in the store, not in memory
        self.isolations: set[str] = set()
        self.problems: dict[str, str] = {}
        self.notes: list[str] = []
        self.kept = 0
        self.tried_again = 0
        self.written = False

    def all(self, confirm: Callable[[str], bool]) -> int:
        """Judge, compare if asked to, record, report."""
        from autograder.grade import grade_class

        with self.place() as place:
            self.progress.event("start", unit=self.unit.id, submissions=len(self.names), place=place.text)
            graded = grade_class(
                self.unit.id,
                {name: self.root / folders.SUBMITTED / name / self.unit.id for name in self.names},
                self.root,
                executor=place,
                force=self.options.force,
                stack=self.stack,
                proposed=self.options.diff,
            )
            try:
                if self.options.diff:
                    self.propose(graded)
                else:
                    self.progress.begin("grading", len(self.names))
                    for one in graded:
                        self.judged(one, record=True)
            except BaseException:
                graded.close()  # type: ignore[attr-defined]  # it is a generator: keeps what is finished
                place.stop()
                raise
        if self.options.diff and not self.accepted(confirm):
            return self.end(EXIT_OK)
        self.written = True
        self.recorder.close()
        self.report()
        self.say_who_is_gone()
        return self.end(EXIT_INFRASTRUCTURE if self.problems else EXIT_OK)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Where to judge, until all are judged."""
        if self.options.scheduler is not None:
            place: Place = Cluster(self.options.scheduler, self.progress.say)
        else:
            assert self.judges is not None  # nobody to judge is an error of the recorder's
            place = self.judges
        try:
            yield place
        finally:
            place.shutdown(wait=False, cancel_futures=True)

    def judged(self, graded: Graded, *, record: bool) -> None:
        """Note one submission's result, and put it into the gradebook."""
        name, problem = graded.student, graded.problem
        self.kept += graded.kept
        self.tried_again += graded.tries > 1
        details: dict[str, Any] = {}
        if record:
            entry = self.recorder.record(name, problem, graded.result, graded.key)
            problem = "" if entry.ok else entry.reason
            self.notes += [f"{name}: {note}" for note in entry.notes]
            details = {"recorded": entry.ok, "changed": entry.changed, "notes": entry.notes}
        if problem:
            self.problems[name] = problem
        result = graded.result
        if result is not None:
            self.keys[name] = graded.key
            self.isolations.add(result.isolation)
            self.notes += [f"{name}: {note}" for note in result.notes]
            details |= {"score": result.score, "max_score": result.max_score, "seconds": round(result.seconds, 3)}
        state = "not_scored" if problem else "scored"
        self.progress.step(name, graded.kept, state=state, reason=problem, tries=graded.tries, **details)

    def result(self, name: str) -> SubmissionResult | None:
        """A student's result of this run, from the store."""
        if name not in self.keys:
            return None
        for proposed in (True, False) if self.options.diff else (False,):
            found = ResultStore(self.root, proposed=proposed).load(self.unit, name, self.keys[name])
            if found is not None:
                return found
        return None

    # --- --diff: look before anything is written ---

    def propose(self, graded: Iterator[Graded]) -> None:
        """Judge all, keep the results apart, and remember under which keys."""
        self.progress.begin("judging", len(self.names))
        for one in graded:
            self.judged(one, record=False)

    def accepted(self, confirm: Callable[[str], bool]) -> bool:
        """Show what would change; if that is wanted, write it."""
        changes = self.changes()
        self.show(changes)
        if not self.options.yes and not confirm(f"Write this to the gradebook ({len(self.names)} submissions)?"):
            self.progress.say("Nothing was written: gradebook, feedback and reports are as they were.")
            return False
        store = ResultStore(self.root)
        self.progress.begin("recording", len(self.names))
        for name in self.names:
            if name in self.keys:
                store.accept(self.unit, name, self.keys[name])
            entry = self.recorder.record(name, self.problems.get(name, ""))
            if not entry.ok:
                self.problems[name] = entry.reason
            self.notes += [f"{name}: {note}" for note in entry.notes]
            self.progress.step(name, state="scored" if entry.ok else "not_scored", reason=entry.reason)
        return True

    def changes(self) -> list[Change]:
        """What the run would change in the gradebook, by student."""
        from autograder.gradebook import read_all_scores

        before = read_all_scores(self.unit, self.recorder.config)
        found = []
        for name in self.names:
            result = self.result(name)
            after: dict[str, float | None] = {}
            if result is not None:
                after = {exercise.id: exercise.points for exercise in result.exercises}
            change = Change(name, before.get(name, {}), after)
            if change.exercises:
                change.why = self.why(change)
                found.append(change)
        return found

    def why(self, change: Change) -> list[str]:
        """What is not as it was when the points in the gradebook were given."""
        if not change.after:
            return [f"could not be judged: {self.problems.get(change.student, 'no reason given')}"]
        if change.is_first:
            return ["graded for the first time"]
        store = ResultStore(self.root)
        path = self.root / folders.SUBMITTED / change.student / self.unit.id
        from autograder.submission import read_submission

        now = store.pieces(self.unit, read_submission(self.unit, path), change.student)
        for kept in store.history(self.unit, change.student):
            points = {exercise.id: exercise.points for exercise in kept.result.exercises}
            if all(same(points.get(name), value) for name, value in change.before.items()):
                return reasons(kept.pieces, now) or ["the same submission and grader gave another result"]
        return ["the gradebook's points are of no result that is kept"]

    def show(self, changes: Sequence[Change]) -> None:
        """The changes, as a table; or an event for each."""
        for change in changes:
            exercises = [
                {"id": name, "before": change.before.get(name), "after": change.after.get(name)}
                for name in change.exercises
            ]
            self.progress.event(
                "change",
                student=change.student,
                before=total(change.before),
                after=total(change.after),
                exercises=exercises,
                why=change.why,
            )
        if self.options.json_lines:
            return
        first = [change for change in changes if change.is_first and change.after]
        others = [change for change in changes if change not in first]
        if others:
            self.console.print(diff_table(others))
        unchanged = len(self.names) - len(changes)
        words = f"{_count(len(others), 'score changes', 'scores change')}, {unchanged} stay as they are"
        self.console.print(f"{words}, {len(first)} are new." if first else f"{words}.", markup=False)

    # --- the end ---

    def say_who_is_gone(self) -> None:
        """Work that was graded and is not there any more: the gradebook keeps it, exports do not."""
        from autograder.gradebook import withdrawn_students

        gone = [] if self.options.students else withdrawn_students(self.unit, self.root, self.recorder.config)
        if gone:
            self.progress.warn(
                f"Graded before, but not in {folders.SUBMITTED}/ any more: {', '.join(gone)}. "
                "The gradebook keeps their points and marks; exports leave them out."
            )

    def report(self) -> None:
        """The class's table and pages."""
        from autograder.figures import written_in_python_2
        from autograder.report import class_table, write_class_pages

        scored = [self.result(name) for name in self.names if name not in self.problems]
        results = [result for result in scored if result is not None]
        for note in self.notes:
            self.progress.warn(note)
        if not results:
            return
        quiet = self.options.quiet or self.options.json_lines
        if not quiet:
            class_table(results, load_course(), self.console)
        old = written_in_python_2(results)
        if old:
            self.progress.warn(
                f"{_count(old, 'submission is', 'submissions are')} Python 2; each of them says what to do."
            )
        for line in write_class_pages(results, load_course(), self.root, self.options.db_url, executor=self.artist):
            self.progress.say(line)

    def end(self, code: int) -> int:
        """The last words."""
        for text in sorted(self.isolations):
            self.progress.say(f"Isolation: {text}.")
        if self.stack is not None and self.stack.weakness:
            self.progress.warn(self.stack.weakness)
        for name, problem in sorted(self.problems.items()):
            self.progress.warn(f"✗ {name}: not scored. {problem}")
        self.progress.event(
            "end",
            scored=len(self.names) - len(self.problems) if self.written else 0,
            kept=self.kept,
            not_scored=len(self.problems),
            tried_again=self.tried_again,
            written=self.written,
            seconds=round(self.progress.pace.seconds, 2),
            exit_code=code,
        )
        return code

    def interrupted(self) -> None:
        """Say what is kept and how to go on."""
        done = len(self.keys)
        self.progress.warn(
            f"Interrupted. {_count(done, 'submission is', 'submissions are')} judged and kept, "
            f"{len(self.names) - done} are left; the same command goes on from here."
        )
        self.progress.event("end", interrupted=True, written=self.written, exit_code=EXIT_INTERRUPTED)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def diff_table(changes: Sequence[Change]) -> Table:
    """Student, points before and after, what changed, why."""
    table = Table("student", "before", "after", "exercises", "why", box=None, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for change in changes:
        moved = [
            f"{name} {_points(change.before.get(name))} → {_points(change.after.get(name))}"
            for name in change.exercises
        ]
        sums = [_points(total(change.before)), _points(total(change.after))]
        table.add_row(change.student, *sums, "\n".join(moved), "\n".join(change.why))
    return table


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def ask(question: str) -> bool:
    """Ask at the terminal; without one the answer is no."""
    import click

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    with contextlib.suppress(click.exceptions.Abort):
        return bool(click.confirm(question, default=False))
    return False
