"""What the sandbox costs, on this machine: from a spare worker to a verdict, and a whole unit against a bare worker.

`spare → verdict`: a worker is taken, loads a module of one function, answers one call and is ended; the zygote and
one spare are there already, as after any earlier submission. `unit`: the reference module of unit 2, all
exercises. `bare` is a forked worker without one layer of isolation (no namespaces, Landlock, seccomp, rlimits or
other user), so that the ratio says what isolation costs; it is made by this program only and cannot be chosen to
grade with. The kinds take turns, each round in another order, so that a busy machine and what
ran just before fall on all of them alike; medians and minima.
``make bench`` runs it with few repeats and without torch; for figures to rely on, leave both options out.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder import sandbox
from autograder.course import load_course
from autograder.draws import Draw
from autograder.judge import judge
from autograder.mistakes import reference_path
from autograder.sandbox import PROCESS, Limits, Stack
from autograder.student import Student
from autograder.submission import Submission, read_submission

UNIT = "02_bptt"
SPARE_TARGETS = {"numpy": 0.010, "torch": 0.030}  # seconds
RATIO_TARGET = 1.3
BARE = Stack("bare", "no isolation: a measure for the others")
ONE_FUNCTION = Submission(Path("module"), "bptt.py", {"bptt.py": b"def double(x):\n    return 2 * x\n"})

#: A zygote whose workers give up nothing.
_BARE_ZYGOTE = """
import sys
sys.argv = sys.argv[1:]
import importlib.util
path = sys.argv[0]
spec = importlib.util.spec_from_file_location("zygote", path)
zygote = importlib.util.module_from_spec(spec)
spec.loader.exec_module(zygote)
load = zygote.load_neighbour
def bare(name):
    module = load(name)
    if name == "lockdown":
        for layer in ("limit_resources", "give_up_privileges", "apply_landlock", "apply_seccomp", "hide_memory"):
            setattr(module, layer, lambda *arguments: None)
    return module
zygote.load_neighbour = bare
zygote.main()
"""


class BareZygote(sandbox.ZygoteProcess):
    """The same zygote and the same way of forking, without the layers."""

    def _program(self, settings: str) -> list[str]:
        zygote = str(Path(sandbox.__file__).with_name("zygote.py"))
        return [sys.executable, "-P", "-s", "-c", _BARE_ZYGOTE, zygote, settings]


def one_call(limits: Limits, stack: Stack) -> float:
    """Seconds from taking a spare worker, which has had time to get ready, to the verdict on one call."""
    time.sleep(0.03)
    started = time.perf_counter()
    student = Student(ONE_FUNCTION, "bptt", limits, stack)
    value = student.call("double", [21.0])
    seconds = time.perf_counter() - started
    student.close()
    if value != 42.0:
        raise RuntimeError(f"a worker answered {value!r}")
    return seconds


def one_unit(stack: Stack) -> float:
    """Seconds to judge the reference module."""
    course = load_course()
    unit = course.unit(UNIT)
    submission = read_submission(unit, reference_path(unit))
    started = time.perf_counter()
    result = judge(course, unit, submission, Draw(1, True, "benchmark"), stack=stack)
    if result.score != result.max_score:
        raise RuntimeError(f"the reference got {result.score:g} points")
    return time.perf_counter() - started


def main() -> None:
    """Measure and print two tables; what misses its target is red."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--no-torch", action="store_true", help="leave torch out: it takes a while to load")
    options = parser.parse_args()
    console = Console()
    order = random.Random(0)
    isolated = [stack for stack in sandbox.probe()[0] if stack is not PROCESS]
    if not isolated:
        console.print("There is no sandbox on this machine to measure; 'autograder doctor' says why.")
        return
    for engine in ("numpy",) if options.no_torch else ("numpy", "torch"):
        sandbox._zygotes[os.getpid(), engine, BARE.name] = BareZygote(engine, BARE)

    calls = Table("spare → verdict", "median ms", "minimum ms", "target ms", title=f"one call, {options.repeats} times")
    for engine in ("numpy",) if options.no_torch else ("numpy", "torch"):
        limits = Limits(engine, 4.0, 30.0, 2048 if engine == "numpy" else 4096)
        kinds = [BARE, *isolated]
        times: dict[str, list[float]] = {stack.name: [] for stack in kinds}
        for stack in kinds:
            one_call(limits, stack)
        for _ in range(options.repeats):
            for stack in order.sample(kinds, len(kinds)):
                times[stack.name].append(one_call(limits, stack))
        for name, seconds in times.items():
            target = SPARE_TARGETS[engine]
            missed = statistics.median(seconds) > target and name != BARE.name
            row = [f"{engine}, {name}", f"{1000 * statistics.median(seconds):.1f}", f"{1000 * min(seconds):.1f}"]
            calls.add_row(*row, f"{1000 * target:.0f}", style="red" if missed else None)
    console.print(calls)

    kinds = [BARE, *isolated, PROCESS]
    times = {stack.name: [] for stack in kinds}
    for stack in kinds:
        one_unit(stack)
    for _ in range(options.repeats):
        for stack in order.sample(kinds, len(kinds)):
            times[stack.name].append(one_unit(stack))
    grades = Table(
        "grading", "median s", "minimum s", "ratio of medians", "of minima", "target", title=f"{UNIT}, whole"
    )
    for name, seconds in times.items():
        ratios = [measure(seconds) / measure(times[BARE.name]) for measure in (statistics.median, min)]
        aimed_at = name in {stack.name for stack in isolated}
        missed = aimed_at and ratios[0] > RATIO_TARGET
        shown = [f"{statistics.median(seconds):.3f}", f"{min(seconds):.3f}", *(f"{ratio:.2f}" for ratio in ratios)]
        grades.add_row(name, *shown, f"{RATIO_TARGET:g}" if aimed_at else "", style="red" if missed else None)
    grades.caption = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    console.print(grades)


if __name__ == "__main__":
    main()
