"""How long a student waits for `check`, and how long one grade takes, on this machine.

`check`: one exercise, from calling it in a warm kernel to the verdict, which includes starting a
worker process. `cold`: the whole command in a new process, Python's start and all imports included.
All on the reference modules, medians of `--repeats` runs. Beside the time on the clock stands the
processor time of all processes involved, which a busy machine changes less. Run by ``make bench``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.course import Unit, load_course
from autograder.grade import check_submission

ROOT = Path(__file__).resolve().parent.parent
CHECK_TARGET = 1.0  # seconds: what a person waits for without thinking of something else
GRADE_TARGET = 2.0


@dataclass(frozen=True)
class Row:
    """One line of the table, in seconds."""

    what: str
    clock: float
    processor: float
    target: float


def processor_seconds() -> float:
    """Processor time of this process and of all its children that have ended."""
    return sum(os.times()[:4])


def measure(what: str, action: Callable[[], object], target: float, repeats: int) -> Row:
    """Medians over some runs of an action."""
    clock, processor = [], []
    for _ in range(repeats):
        started, used = time.perf_counter(), processor_seconds()
        action()
        clock.append(time.perf_counter() - started)
        processor.append(processor_seconds() - used)
    return Row(what, statistics.median(clock), statistics.median(processor), target)


def warm_checks(unit: Unit, repeats: int) -> list[Row]:
    """A row for each exercise of a unit."""
    solution = ROOT / "solutions" / unit.id
    check_submission(unit.id, solution, [unit.exercises[0].id])  # imports, once
    return [
        measure(
            f"check {unit.id} {exercise.id}",
            partial(check_submission, unit.id, solution, [exercise.id]),
            CHECK_TARGET,
            repeats,
        )
        for exercise in track(unit.exercises, description=unit.id, transient=True)
    ]


def cold_grade(unit: Unit, repeats: int) -> Row:
    """The whole command that grades one submission."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "autograder.cli", "grade", unit.id]
        command += ["--submission", str(ROOT / "solutions" / unit.id), "--json", str(Path(folder) / "result.json")]
        environment = os.environ | {"UNROLLED_SALT": "benchmark"}

        def run() -> None:
            subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)

        return measure(f"cold: autograder grade {unit.id} --submission", run, GRADE_TARGET, repeats)


def main() -> None:
    """Measure and print the table; what misses its target is red."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    table = Table("what", "clock s", "processor s", "target s", title=f"medians of {repeats} runs")
    checks: list[Row] = []
    for unit in load_course().units:
        rows = warm_checks(unit, repeats)
        checks += rows
        for row in [*rows, cold_grade(unit, repeats)]:
            style = None if row.clock < row.target else "red"
            table.add_row(row.what, f"{row.clock:.2f}", f"{row.processor:.2f}", f"{row.target:.0f}", style=style)
        table.add_section()
    overall = [f"{statistics.median(getattr(row, name) for row in checks):.2f}" for name in ("clock", "processor")]
    table.add_row("check, median over all exercises", *overall, f"{CHECK_TARGET:.0f}")
    table.caption = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else None
    Console().print(table)


if __name__ == "__main__":
    main()
