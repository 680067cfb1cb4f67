"""The judge's proxy of a student's module: ``student.rnn_cell(x, ...)`` looks like the function."""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograder import protocol
from autograder.errors import UnrolledError
from autograder.left_out import out_of_time, sentences
from autograder.other_python import about_python_2, meaning, older_name
from autograder.plain_text import printable
from autograder.reading import decode
from autograder.results import Outcome
from autograder.sandbox import CallTimedOut, Limits, Stack, Worker, WorkerEnded, start_worker
from autograder.submission import Submission

#: Entries of one array, and arrays of one question, that a student's code may ask the judge to compute with: far
#: more than any exercise needs, far less than would cost the judge time or memory.
MAX_ASKED_ENTRIES = 4096
MAX_ASKED_VALUES = 16
MAX_RESULT_ENTRIES = 1_000_000  # of one array that is compared with an expected one
MAX_ENTRIES = 4_000_000  # of all arrays of one result together
MAX_BEATS = 1000  # reports of progress, per call
TOGETHER = 0.25  # of one call's limits, for many that are made together: they take milliseconds
MAX_ABSENT = 20  # names of modules that are not there
MAX_STATEMENTS = 20_000  # at the top level of a module
MOST_SKIPPED = 3  # statements of a module that use up their time or end the process
MOST_LIMITS = 5  # limits of one call that all statements of a module may use together
MAX_ATTEMPTS = 50  # notes on what student code tried, per submission


@dataclass(eq=False)  # exceptions are compared by identity
class StudentError(Exception):
    """A call of a student's function that did not return: says why, and where in the student's file."""

    function: str
    outcome: Outcome
    message: str
    kind: str = ""  # the exception's type, if it was one
    category: str = "crashed"
    reason: str = ""  # of what ended a process: in a few words, after a subject
    words: str = ""  # what the exception said
    frames: tuple[tuple[str, int, str], ...] = ()  # (file, line, function) in the student's files, outermost first

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class StandIn:
    """A function that replaces one of the student's while a function built on it is judged by itself."""

    name: str
    kind: str  # "plain", "forward" (returns value, cache), "backward" (gets a cache; "alone": see worker.py), "local"
    parameters: tuple[str, ...]
    compute: Callable[..., Any]
    steps: str = ""  # of a forward over a sequence: the forward of one step, whose caches it may collect
    mended: bool = False  # whether wrong results are replaced by right ones inside the student's cache
    inside: Callable[..., Any] | None = None  # (*inputs, *wrong results) -> pairs: what a cache holds, what it should
    before: Callable[..., Any] | None = None  # of a sequence: its inputs -> the states before each step, right ones
    source: bytes = b""  # of "local": text of a module with a function of that name, which runs beside the student's


#: In the arguments of a later call: what the call before it kept.
KEPT = protocol.Handle(0)


class Call(NamedTuple):
    """One call of a student's function: see :meth:`Student.call`."""

    name: str
    args: Sequence[Any]
    keep: Sequence[int] = ()


Answer = tuple[Any, list[bool]]  # the result, and for each argument whether it was changed in place


class Caller:
    """What checks see of a module: ``student.rnn_cell(x, ...)`` looks like the function."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, keep=(), factor=1.0: self.call(name, args, keep, factor)

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        """Call a function, and tell for each argument whether the function changed it in place."""
        raise NotImplementedError

    def call(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Any:
        """Call a function with fresh copies of the arguments."""
        return self.call_and_watch(name, args, keep, factor)[0]

    def in_turn(self, *calls: Call) -> Iterator[Any]:
        """The results of calls, each made when its result is asked for; :data:`KEPT` is what the one before kept."""
        kept = None
        for name, args, keep in calls:
            value = self.call(name, [kept if arg is KEPT else arg for arg in args], keep)
            places = [place for place in keep if isinstance(value, (tuple, list)) and place < len(value)]
            kept = value[places[0]] if places else None
            yield value

    def reset(self) -> None:
        """Forget what calls kept."""


class Tabulated:
    """A function for a student's code to call, with its results at points where that will probably be.

    They are sent along, so that not every call has to come back to the judge; other points may be asked for as well.
    """

    def __init__(self, function: Callable[..., Any], points: Sequence[np.ndarray]) -> None:
        self.function = function
        self.points = points
        functools.update_wrapper(self, function)

    def __call__(self, *values: Any) -> Any:
        return self.function(*values)

    def described(self, number: int) -> protocol.Function:
        """As it is sent."""
        results = np.stack([np.asarray(self.function(point), dtype=np.float64) for point in self.points])
        return protocol.Function(number, np.stack(self.points), results)


@dataclass
class Student(Caller):
    """Calls functions of a submission in a worker, which is started when needed and again after its end."""

    submission: Submission
    module: str
    limits: Limits
    stack: Stack
    stand_ins: tuple[StandIn, ...] = ()
    provided: dict[str, dict[str, StandIn]] = field(default_factory=dict)  # for coursekit.upstream: unit -> name -> it
    driver: bytes = b""  # text of a module that calls the student's functions with what cannot be sent
    on_beat: Callable[[str], None] | None = None  # told of the progress of long calls
    names: set[str] = field(default_factory=set)
    absent: list[str] = field(default_factory=list)  # modules that it imports and that are not there
    left_out: list[str] = field(default_factory=list)  # what was left out of it so that the rest can be judged
    load_error: StudentError | None = None
    output: str = ""
    attempts: list[str] = field(default_factory=list)  # what it tried that no exercise asks for
    changed: dict[str, set[int]] = field(default_factory=dict)  # function -> places of arguments changed in place
    restarts: int = 0
    most_asked: int = MAX_ASKED_ENTRIES  # entries of an array that its code may ask the judge about
    _worker: Worker | None = None
    _loaded: bool = False
    _callbacks: list[Callable[..., Any]] = field(default_factory=list)
    _lent: list[int] = field(default_factory=list)  # numbers of the stand-ins that are in
    _skipped: dict[int, str] = field(default_factory=dict)  # statements that a process did not come back from: remarks
    _at: tuple[int, int] | None = None  # number and line of the statement that is being run

    def spawn(self) -> None:
        """Have a worker's process start, so that it is ready when it is needed."""
        if self._worker is None and self.submission.main is not None:
            self._worker = start_worker(self.limits, self.stack)

    def start(self) -> None:
        """Start a worker and load the module; raises StudentError if the module cannot be imported."""
        if self._loaded and self._worker is not None:
            return
        if self.load_error is not None:
            raise self.load_error
        if self.submission.main is None:
            self.load_error = StudentError(
                "", Outcome.NOT_ATTEMPTED, self.submission.problem, category="missing_module"
            )
            raise self.load_error
        try:
            reply = self._load(careful=False)
        except StudentError as error:
            reply = self._load_carefully(error)
        with self._border(""):
            names, absent, notes = reply if len(reply) == 3 else ([], [], [])
            self.names = {name for name in names if type(name) is str} if type(names) is list else set()
            self.absent = [_text(name, 60) for name in absent[:MAX_ABSENT]] if type(absent) is list else []
            notes = notes if type(notes) is list else []
            self.left_out = [*self._skipped.values(), *sentences(notes, self.submission.main, self._meaning)]
            syntax = [
                note for note in notes if type(note) is list and len(note) > 1 and type(note[0]) is type(note[1]) is str
            ]
        if any(note[:2] == ["syntax", self.submission.main] for note in syntax):
            old = about_python_2(self._text(self.submission.main), self.submission.main)
            self.left_out += [old] if old else []
        self._loaded = True
        if self.driver:
            self._tell(["driver", self.driver])
        self._substitute()

    def _text(self, file: str) -> str:
        """The text of one of the student's files; nothing if there is no such file."""
        return decode(self.submission.files.get(file, b""))[0]

    def _meaning(self, file: str, line: int, kind: str) -> str:
        return meaning(self._text(file), line, kind)

    def _load(self, careful: bool) -> list[Any]:
        """Have a worker import the module, without the statements that are known to end it.

        Args:
            careful: run its statements one by one, each with the limits of one call; ``_at`` is the last of them.
        """
        self.spawn()
        assert self._worker is not None
        self._worker.wait_until_ready()
        self._tell(["provide", {unit: self._described(known) for unit, known in self.provided.items()}])
        if self._worker is None:
            raise self._ended("", WorkerEnded("it ended before anything was loaded"))
        number, self._at = _call_id(), None
        read = [self.submission.files, self.submission.main, self.module, self.submission.own_package]
        load = ["load", number, *read, [*self._skipped], careful, [*self.limits.imports]]
        reply: list[Any] = self._exchange(load, number, "", "loaded", factor=1.0 if careful else 3.0)
        return reply

    def _load_carefully(self, error: StudentError) -> list[Any]:
        """Import the module again, without the statements that used up their time or ended the process."""
        first = error
        main = self.submission.main or ""
        known = False  # whether it is known which statement it was
        while error.category in ("timed_out", "process_ended"):
            if known and (self._at is None or self._at[0] in self._skipped or len(self._skipped) >= MOST_SKIPPED):
                break
            if known and self._at is not None:
                number, line = self._at
                lines = self._text(main).split("\n")
                text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
                self._skipped[number] = out_of_time(line, text, error.reason)
            try:
                return self._load(careful=True)
            except StudentError as another:
                error, known = another, True
        self._skipped.clear()
        if first.outcome is not Outcome.ENVIRONMENT:
            self.load_error = first
            first.message = f"{main} cannot be imported: {first.message}"
        raise first

    def _substitute(self) -> None:
        """Have stand-ins take the place of some functions."""
        if self.stand_ins:
            before = len(self._callbacks)
            described = [
                {"name": s.name, "kind": s.kind, "number": self._numbered(s.compute), "parameters": list(s.parameters)}
                | {"steps": s.steps, "mended": s.mended, "source": s.source}
                | {"inside": self._numbered(s.inside), "before": self._numbered(s.before)}
                for s in self.stand_ins
            ]
            self._lent += range(before, len(self._callbacks))
            self._tell(["substitute", described])

    @contextmanager
    def replaced(self, stand_ins: tuple[StandIn, ...]) -> Iterator[None]:
        """While the block runs, stand-ins take the place of some of the module's functions, in the same process.

        After it they answer nothing, should the student's code have kept one. What is noted about changed arguments
        meanwhile is forgotten: it is not of the student's functions alone.
        """
        changed = {name: set(places) for name, places in self.changed.items()}
        self.stand_ins = stand_ins
        try:
            if self._loaded:
                self._substitute()
            yield
        finally:
            self.stand_ins, self.changed = (), changed
            for number in self._lent:
                self._callbacks[number] = _gone  # and the number is not given to another
            self._lent.clear()
            if self._loaded and self._worker is not None:
                self._tell(["restore"])

    def _numbered(self, function: Callable[..., Any] | None) -> int | None:
        """Under which number the worker may ask for a function's results."""
        if function is None:
            return None
        self._callbacks.append(function)
        return len(self._callbacks) - 1

    def _described(self, functions: dict[str, StandIn]) -> dict[str, Any]:
        """Functions of earlier units as the worker hears of them: how to call, and under which number to ask."""
        described = {}
        for name, function in functions.items():
            number = len(self._callbacks)
            described[name] = {"kind": function.kind, "number": number, "parameters": [*function.parameters]}
            self._callbacks.append(function.compute)
        return described

    def call(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Any:
        """Call a student's function with fresh copies of the arguments.

        Args:
            name: the function's name in the student's module.
            args: plain data, arrays, handles of earlier results, or functions of one or more arrays.
            keep: positions of the returned tuple that stay in the worker (caches).
            factor: how many times the unit's limits of a call it may take.

        Returns:
            Plain data, arrays and handles.

        Raises:
            StudentError: whatever keeps the call from returning.
        """
        return self.call_and_watch(name, args, keep, factor)[0]

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        """As :meth:`call`, and tells for each argument whether the function changed it in place."""
        self.start()
        number = _call_id()
        known = len(self._callbacks)
        wire = [self._wire(arg) for arg in args]
        try:
            reply = self._exchange(["call", number, name, wire, list(keep)], number, name, "result", factor)
        finally:
            del self._callbacks[known:]
        with self._border(name):
            return self._checked(Call(name, args), *reply)

    def call_together(self, groups: Sequence[Sequence[Call]]) -> list[list[Answer | StudentError]] | None:
        """Make many calls with one message, in this order: a group ends with its first error.

        Much the same as calling one by one and :meth:`reset` after each group, without waiting for each answer. All
        share :data:`TOGETHER` of the limits of one call.

        Returns:
            what came of each call; None if there is no telling for some (the process ended, time ran out, too much
            was returned): then they are to be made one by one, in a new process.
        """
        try:
            self.start()
        except StudentError:
            return None
        number = _call_id()
        known = len(self._callbacks)
        wire = [[[call.name, [self._wire(arg) for arg in call.args], list(call.keep)] for call in g] for g in groups]
        try:
            replies = self._exchange(["calls", number, wire], number, "", "results", TOGETHER)
            if len(replies) != len(groups):
                raise self._ended("", WorkerEnded("its answer broke the protocol"))
            with self._border(""):
                return [self._answers(group, reply) for group, reply in zip(groups, replies, strict=True)]
        except StudentError:
            self._drop()
            return None
        finally:
            del self._callbacks[known:]

    def work(self, calls: Sequence[Call], most: float) -> tuple[list[Answer | StudentError], float]:
        """Make calls in turn, and measure the processor time that they take together.

        It is read by the judge, of the worker's process as the kernel keeps it, with what the judge spends on its
        questions: no clock that the student's code could change.

        Args:
            calls: as for :meth:`in_turn`.
            most: seconds of processor time after which they are stopped.

        Returns:
            what came of each call up to the first error, and the seconds. Of calls that are stopped, ``most``.
        """
        try:
            self.start()
        except StudentError as error:
            return [error], 0.0
        worker = self._worker
        assert worker is not None
        number = _call_id()
        known = len(self._callbacks)
        wire = [[call.name, [self._wire(arg) for arg in call.args], list(call.keep)] for call in calls]
        try:
            replies = self._exchange(["calls", number, [wire]], number, calls[-1].name, "results", cpu_seconds=most)
            used = worker.used()
            if len(replies) != 1:
                raise self._ended("", WorkerEnded("its answer broke the protocol"))
            with self._border(""):
                return self._answers(calls, replies[0]), used
        except StudentError as error:
            return [error], most if error.category == "too_much_work" else 0.0
        finally:
            del self._callbacks[known:]

    def _answers(self, group: Sequence[Call], replies: Any) -> list[Answer | StudentError]:
        """What came of the calls of a group; trusts nothing in it."""
        answers: list[Answer | StudentError] = []
        for call, reply in zip(group, replies if type(replies) is list else (), strict=False):
            kind = _kind(reply)
            if kind == "result" and len(reply) == 3:
                answers.append(self._checked(call, _judged(reply[1]), reply[2]))
            elif kind == "error" and len(reply) == 2 and type(reply[1]) is dict:
                answers.append(self._error(call.name, reply[1]))
                return answers
            else:
                break
        if len(answers) != len(group):
            raise self._ended("", WorkerEnded("its answer broke the protocol"))
        return answers

    def _checked(self, call: Call, value: Any, changed: Any) -> Answer:
        """An answer whose marks of changed arguments, a bit for each, are such; they are noted."""
        if not (type(changed) is int and 0 <= changed < 1 << len(call.args)):
            raise self._ended(call.name, WorkerEnded("its answer broke the protocol"))
        marks = [bool(changed >> place & 1) for place in range(len(call.args))]
        if changed:
            self.changed.setdefault(call.name, set()).update(place for place, is_so in enumerate(marks) if is_so)
        return value, marks

    def reset(self) -> None:
        """Forget all handles."""
        if self._worker is not None:
            self._tell(["reset"])

    def _wire(self, arg: Any) -> Any:
        if type(arg) is np.ndarray:
            return arg
        if isinstance(arg, (list, tuple)):
            return type(arg)(self._wire(item) for item in arg)
        if isinstance(arg, dict):
            return {key: self._wire(item) for key, item in arg.items()}
        if callable(arg):
            self._callbacks.append(arg)
            number = len(self._callbacks) - 1
            return arg.described(number) if isinstance(arg, Tabulated) else protocol.Function(number)
        return arg

    def _tell(self, message: list[Any]) -> None:
        """Send what needs no answer; a worker that does not take it is dropped, and the next call gets another."""
        assert self._worker is not None
        try:
            self._worker.begin()
            self._worker.send(message)
        except (WorkerEnded, CallTimedOut):
            self._drop()

    def _exchange(
        self,
        message: list[Any],
        number: int,
        name: str,
        wanted: str,
        factor: float = 1.0,
        cpu_seconds: float | None = None,
    ) -> Any:
        """Send a message and answer the worker's questions until its reply comes; trusts nothing in it."""
        worker = self._worker
        assert worker is not None
        notes = beats = places = 0
        try:
            worker.begin(factor, cpu_seconds)
            worker.send(message)
            while True:
                reply = worker.receive()
                kind = _kind(reply)
                if kind == "attempt" and len(reply) == 2 and type(reply[1]) is str and notes < MAX_ATTEMPTS:
                    notes += 1
                    self._note(reply[1])
                    continue
                if kind == "at" and wanted == "loaded" and len(reply) == 4 and places < MAX_STATEMENTS:
                    place = reply[2:]
                    if reply[1] == number and all(type(value) is int and value >= 0 for value in place):
                        places += 1
                        self._at = (place[0], place[1])
                        worker.begin_next(factor, MOST_LIMITS)
                        continue
                if kind == "beat" and len(reply) == 3 and type(reply[2]) is str and beats < MAX_BEATS:
                    beats += 1
                    if self.on_beat is not None:
                        self.on_beat(_text(reply[2], 100))
                    continue
                if len(reply) < 3 if kind else True:
                    raise WorkerEnded("its answer broke the protocol")
                if type(reply[1]) is not int or reply[1] != number:
                    raise WorkerEnded("its answer broke the protocol")
                if kind == "ask" and len(reply) == 4:
                    started = time.thread_time()
                    answer = self._answer(reply[2], reply[3])
                    worker.answering(time.thread_time() - started)
                    worker.send(answer)
                elif kind == wanted == "result" and len(reply) == 4:
                    return _judged(reply[2]), reply[3]
                elif kind == wanted and kind in ("loaded", "results") and len(reply) == 3 and type(reply[2]) is list:
                    return reply[2]
                elif kind == "error" and len(reply) == 3 and type(reply[2]) is dict:
                    raise self._error(name, reply[2])
                else:
                    raise WorkerEnded("its answer broke the protocol")
        except CallTimedOut as error:
            self._drop()
            where = f"{name} did not return" if name else "importing it did not end"
            raise StudentError(
                name,
                Outcome.TIMED_OUT,
                f"{where} within {error.seconds:g} s of {error.kind}. Is there a loop that never ends?",
                category="too_much_work" if cpu_seconds and error.kind == "processor time" else "timed_out",
                reason=f"did not end within {error.seconds:g} s of {error.kind}",
            ) from None
        except protocol.ProtocolError as error:  # of the judge's own message: a submission of many large files
            raise self._ended(name, WorkerEnded(f"what it was to be sent is too large ({error})")) from None
        except WorkerEnded as error:
            raise self._ended(name, error) from None
        except _NOT_THEIRS:
            raise
        except Exception:
            raise self._ended(name, WorkerEnded("its answer broke the protocol")) from None

    @contextmanager
    def _border(self, name: str) -> Iterator[None]:
        """Whatever goes wrong while something that a worker sent is looked at is that submission's own: it is ended."""
        try:
            yield
        except _NOT_THEIRS:
            raise
        except Exception:
            raise self._ended(name, WorkerEnded("its answer broke the protocol")) from None

    def _note(self, words: str) -> None:
        words = printable(words)[:200]
        if words not in self.attempts and len(self.attempts) < MAX_ATTEMPTS:
            self.attempts.append(words)

    def _answer(self, number: Any, values: Any) -> list[Any]:
        """Compute one of the judge's functions on a student's values, if they are small, plain arrays and numbers."""
        try:
            if type(number) is not int or not 0 <= number < len(self._callbacks):
                raise LookupError("no such function")
            if type(values) is not list or len(values) > MAX_ASKED_VALUES:
                raise ValueError("too many arguments")
            for value in values:
                if type(value) not in (np.ndarray, int, float, bool, type(None)):
                    raise TypeError("not an array or a number")
                if type(value) is np.ndarray and (
                    value.size > self.most_asked or max(value.shape, default=0) > self.most_asked // 4
                ):
                    raise ValueError("too large")
            with np.errstate(all="ignore"):
                return ["answer", self._callbacks[number](*values)]
        except Exception as error:  # the student called it with something it cannot take
            return ["refused", f"the function was called with arguments that it cannot take ({type(error).__name__})"]

    def _ended(self, name: str, error: WorkerEnded) -> StudentError:
        self._drop()
        where = f"while {name} ran" if name else "while it was imported"
        words = f"the Python process ended {where}: {error.reason}."
        reason = f"ended the Python process: {error.reason}"
        return StudentError(name, Outcome.CRASHED, words, category="process_ended", reason=reason)

    def _error(self, name: str, detail: dict[str, Any]) -> StudentError:
        category, kind = _text(detail.get("category"), 40), _text(detail.get("type"), 100)
        text = _text(detail.get("message"), 300)
        frames = _frames(detail.get("frames"))
        where = ""
        if frames:
            file, line, function, source = frames[-1]
            where = f" ({file}, line {line}{f', in {function}' if function else ''}{f': {source}' if source else ''})"
        module = self.submission.main
        if category == "missing":
            if text:  # it says why
                return StudentError(name, Outcome.CRASHED, f"There is no {name}: {text}.", category=category)
            return StudentError(name, Outcome.NOT_ATTEMPTED, f"{module} defines no function {name}.", category=category)
        if category == "not_attempted":
            # A stub says whose it is; a stub further down means that what this builds on is not written.
            inner = str(frames[-1][2]) if frames else name
            words = (
                f"{name} is not written yet."
                if inner in (name, "")
                else f"{name} calls {inner}, which is not written yet."
            )
            return StudentError(name, Outcome.NOT_ATTEMPTED, words, kind, category)
        if category == "out_of_memory":
            limit = f"{self.limits.memory_mb} MB"
            return StudentError(
                name, Outcome.OUT_OF_MEMORY, f"it asked for more than {limit} of memory{where}.", kind, category
            )
        if category == "unsendable":
            return StudentError(name, Outcome.CRASHED, f"what {name} returned cannot be read: {text}.", kind, category)
        if category == "syntax":
            words = f"{kind}: {text}{where}."
            if frames:
                file, line = frames[-1][:2]
                # Of a module of which nothing is left; of one function the remark on the module says it.
                old = "" if name else about_python_2(self._text(file), file)
                words = f"{words} {old or self._meaning(file, line, kind)}".strip()
            return StudentError(name, Outcome.CRASHED, words, kind, category)
        old = older_name(kind, text)
        said = f"{text} ({old})" if old else text
        told = f"{kind}: {said}{where}." if said else f"{kind}{where}."
        places = tuple(frame[:3] for frame in frames)
        return StudentError(name, Outcome.CRASHED, told, kind, category, words=text, frames=places)

    def _drop(self) -> None:
        """Close a worker, keeping what it printed."""
        if self._worker is not None:
            worker, self._worker, self._loaded = self._worker, None, False
            worker.close()
            self.output = (self.output + worker.text())[: 64 * 1024]
            self.restarts += 1

    def printed(self) -> int:
        """How many characters its code has printed so far, as far as they are kept."""
        return len(self.output) + (len(self._worker.text()) if self._worker is not None else 0)

    def close(self) -> None:
        """End the worker."""
        self._drop()


#: What goes wrong at the border without the worker's doing, and what has a name already.
_NOT_THEIRS = (StudentError, UnrolledError, OSError, MemoryError)


def _kind(reply: Any) -> str:
    """What a reply calls itself; nothing if it is none."""
    return reply[0] if type(reply) is list and reply and type(reply[0]) is str else ""


def _gone(*values: Any) -> Any:
    """In the place of a function that is no longer to be had."""
    raise LookupError("no such function")


def _call_id() -> int:
    """64 random bits: a worker cannot answer a call that it has not got."""
    return secrets.randbits(64) - 2**63


def _judged(value: Any) -> Any:
    """A result whose arrays are small enough to be compared; what is larger is none of the right ones."""
    if _entries(value) > MAX_ENTRIES:
        return protocol.Opaque("result with millions of entries")
    return _without_large(value)


def _entries(value: Any) -> int:
    """Of all arrays in a result."""
    if type(value) is np.ndarray:
        return int(value.size)
    inside = value if type(value) in (list, tuple) else value.values() if type(value) is dict else ()
    return sum(map(_entries, inside))


def _without_large(value: Any) -> Any:
    if type(value) is np.ndarray and value.size > MAX_RESULT_ENTRIES:
        return protocol.Opaque(f"array of shape {value.shape}"[: protocol.MAX_NAME])
    if type(value) in (list, tuple):
        return type(value)(_without_large(item) for item in value)
    if type(value) is dict:
        return {key: _without_large(item) for key, item in value.items()}
    return value


def _text(value: Any, length: int) -> str:
    """One short line of what a worker said; nothing if it is no text."""
    return printable(" ".join(value.split()))[:length] if type(value) is str else ""


def _frames(value: Any) -> list[tuple[str, int, str, str]]:
    """(file, line, function, source line) of a traceback, outermost first."""
    found = []
    for frame in value[-8:] if type(value) is list else []:
        if type(frame) is list and len(frame) == 4 and type(frame[1]) is int:
            found.append((_text(frame[0], 200), frame[1], _text(frame[2], 100), _text(frame[3], 200)))
    return found
