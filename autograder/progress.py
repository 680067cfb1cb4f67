"""How far grading a class has come: a bar with rate and time left, plain lines, nothing, or JSON for programs."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from autograder.plain_text import json_line, printable

WINDOW = 60  # submissions that the rate is measured over
LINE_SECONDS = 10.0  # between two lines where there is no terminal


class Pace:
    """How fast submissions are done, lately, and how long the rest will take."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.done = 0
        self._clock = clock
        self._started = clock()
        self._marks: deque[tuple[float, int]] = deque([(self._started, 0)], maxlen=WINDOW)
        self._judged = 0

    def step(self, kept: bool = False) -> None:
        """One more is done; one that was kept from an earlier run says nothing about the speed."""
        self.done += 1
        if not kept:
            self._judged += 1
            self._marks.append((self._clock(), self._judged))

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._started

    @property
    def rate(self) -> float | None:
        """Submissions per second; None before two are done, which say how far apart they are."""
        (first, count), (last, judged) = self._marks[0], self._marks[-1]
        if judged < 2 or last <= first:
            return None
        return (judged - count) / (last - first)

    @property
    def left(self) -> float | None:
        """Seconds until all are done, as far as one can tell."""
        rate = self.rate
        return None if rate is None else (self.total - self.done) / rate

    @property
    def words(self) -> str:
        """Rate and time left."""
        if self.done >= self.total:
            return f"in {span(self.seconds)}"
        if self.rate is None or self.left is None:
            return "…"
        rate = f"{self.rate:.1f}/s" if self.rate >= 1 else f"{60 * self.rate:.1f}/min"
        return f"{rate}, {span(self.left)} left"


def span(seconds: float) -> str:
    """Seconds as a clock shows them: 0:07, 12:30, 1:02:03."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class Progress:
    """What a run tells while it goes on. This one tells nothing but what a person must know, on stderr."""

    def __init__(self) -> None:
        self.pace = Pace(0)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""

    def begin(self, what: str, total: int, **details: Any) -> None:
        """A phase with so many submissions begins."""
        self.pace = Pace(total)

    def step(self, student: str, kept: bool = False, **details: Any) -> None:
        """One submission of the phase is done."""
        self.pace.step(kept)

    def say(self, words: str) -> None:
        """Something worth knowing that needs no doing."""

    def warn(self, words: str) -> None:
        """Something that a person has to look at."""
        print(printable(words, keep="\n\t"), file=sys.stderr, flush=True)

    def event(self, kind: str, **details: Any) -> None:
        """Something for programs."""


class BarProgress(Progress):
    """A bar on a terminal; fits 80 columns."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        columns = (
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=26),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
        )
        self._bar = Bar(*columns, console=console)
        self._task: Any = None

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def begin(self, what: str, total: int, **details: Any) -> None:
        super().begin(what, total)
        self._task = self._bar.add_task(what, total=total, pace="…")

    def step(self, student: str, kept: bool = False, **details: Any) -> None:
        super().step(student, kept)
        self._bar.update(self._task, advance=1, pace=self.pace.words)

    def say(self, words: str) -> None:
        self._bar.console.print(words, markup=False, highlight=False, soft_wrap=True)

    def warn(self, words: str) -> None:
        self._bar.console.print(words, markup=False, highlight=False, soft_wrap=True, style="yellow")


class LineProgress(Progress):
    """Where there is no terminal, in a log for example: a line now and then, and one at the end of a phase."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._what = ""
        self._said = 0.0

    def begin(self, what: str, total: int, **details: Any) -> None:
        super().begin(what, total)
        self._what, self._said = what, 0.0

    def step(self, student: str, kept: bool = False, **details: Any) -> None:
        super().step(student, kept)
        if self.pace.done >= self.pace.total or self.pace.seconds - self._said >= LINE_SECONDS:
            self._said = self.pace.seconds
            self.say(f"{self._what} {self.pace.done}/{self.pace.total}, {self.pace.words}")

    def say(self, words: str) -> None:
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)

    def warn(self, words: str) -> None:
        self.say(words)


class JsonProgress(Progress):
    """One JSON object per line on stdout, and nothing else there."""

    def begin(self, what: str, total: int, **details: Any) -> None:
        super().begin(what, total)
        self.event("begin", what=what, total=total, **details)

    def step(self, student: str, kept: bool = False, **details: Any) -> None:
        super().step(student, kept)
        rate, left = self.pace.rate, self.pace.left
        figures = {"per_second": rate and round(rate, 3), "seconds_left": left and round(left, 1)}
        self.event("done", student=student, kept=kept, done=self.pace.done, total=self.pace.total, **details, **figures)

    def say(self, words: str) -> None:
        self.event("note", text=words)

    def warn(self, words: str) -> None:
        self.event("warning", text=words)

    def event(self, kind: str, **details: Any) -> None:
        sys.stdout.write(json_line({"event": kind, **details}) + "\n")
        sys.stdout.flush()


def choose_progress(console: Console, *, quiet: bool, json_lines: bool) -> Progress:
    """The kind that fits the options and the terminal."""
    if json_lines:
        return JsonProgress()
    if quiet:
        return Progress()
    return BarProgress(console) if console.is_terminal else LineProgress(console)
