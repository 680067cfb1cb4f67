"""How long a student waits for `check`, and how long one grade takes, on this machine.

`check`: one exercise, from calling it in a warm kernel to the verdict, which includes starting a worker process; on the
reference modules, and where what it builds on has a known mistake in it, so that it is judged in several ways.
`cold`: the whole command in a new process, Python's start and all imports included. Medians of `--repeats` runs. Beside
the time on the clock stands the processor time of all processes involved, which a busy machine changes less. Run by
``make bench``.
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
from autograder.mistakes import load_mistakes, mistaken_source, reference_path

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


def checks_above_a_mistake(unit: Unit, repeats: int) -> list[Row]:
    """A row for each exercise that builds on another one, which has a known mistake in it."""
    reference, rows = reference_path(unit).read_text(encoding="utf-8"), []
    for exercise in track(unit.exercises, description=f"{unit.id}, wrong", transient=True):
        below = [*exercise.builds_on, *filter(None, [exercise.forward])]
        mistake = next((m for m in load_mistakes(unit) if below and m.exercise == below[0]), None)
        if mistake is None or exercise.experiment:
            continue
        with tempfile.TemporaryDirectory() as folder:
            module = Path(folder) / unit.module_file
            module.write_text(mistaken_source(mistake, reference), encoding="utf-8")
            what = f"check {unit.id} {exercise.id}, {mistake.exercise} wrong"
            rows.append(measure(what, partial(check_submission, unit.id, module, [exercise.id]), CHECK_TARGET, repeats))
    return rows


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
    above: list[Row] = []
    for unit in load_course().units:
        rows = warm_checks(unit, repeats)
        checks += [row for row, exercise in zip(rows, unit.exercises, strict=True) if not exercise.experiment]
        above += (wrong := checks_above_a_mistake(unit, repeats))
        for row in [*rows, *wrong, cold_grade(unit, repeats)]:
            style = None if row.clock < row.target else "red"
            table.add_row(row.what, f"{row.clock:.2f}", f"{row.processor:.2f}", f"{row.target:.0f}", style=style)
        table.add_section()
    for what, rows in (("check, all right", checks), ("check, what it builds on wrong", above)):
        for name, of in (("median", statistics.median), ("largest", max)):
            overall = [f"{of([getattr(row, time) for row in rows]):.2f}" for time in ("clock", "processor")]
            table.add_row(f"{what}: {name} over all exercises", *overall, f"{CHECK_TARGET:.0f}")
    table.caption = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else None
    Console().print(table)


if __name__ == "__main__":
    main()
