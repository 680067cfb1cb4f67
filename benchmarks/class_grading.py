"""What grading a class costs: ours, stock `nbgrader autograde`, Otter, and the bare checks, on the same submissions.

The submissions are made here: the reference, the correct alternatives, the demo class, and the known mistakes of
unit 2, in turn, so that about half are wrong and are diagnosed (`--of right`, `--of wrong`: only these). Endless loops
are left out: they would measure deadlines, which not everybody has. Everybody runs the same checks on draws of the
same kind:

- ours: the whole command, `autograder grade`, from submissions to gradebook and class report: hidden draws,
  follow-through, known mistakes, the strongest isolation of this machine, one process per core;
- nbgrader: the whole command, `nbgrader autograde`, as it comes: one test cell per exercise with the checks as hidden
  tests, and no other cells, which is the least that it can be given to do; no isolation, no diagnosis;
- Otter: `otter.api.grade_submission` in one process after another submission, which is faster than its command line,
  the same checks as hidden tests; no isolation, no diagnosis, no gradebook;
- the floor: the same checks called on the student's functions in one warm process. No isolation, no diagnosis, no
  gradebook; a submission that crashes or loops would take the grader with it.

Seconds per submission on the clock, medians over `--repeats` runs; processor seconds beside them, which a busy machine
changes less; memory is that of all processes together (PSS), at its peak. For figures to rely on, run it alone.

`--scheduler` compares two Dask workers on this machine with the pool of processes. `--growth N` grades N submissions
and compares the last hundred with the first.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from autograder import folders
from autograder.course import load_course
from autograder.gradebook import ensure_registered
from autograder.mistakes import load_mistakes, mistaken_source, reference_path
from autograder.release import release

ROOT = Path(__file__).resolve().parent.parent
UNIT = load_course().unit("02_bptt")
SALT = "a salt that only benchmarks use"
PRISTINE = "gradebook-before.db"  # knows the unit, and no submissions
TARGET_NBGRADER = 20.0  # times its throughput
TARGET_FLOOR = 1.5  # times its processor time
TARGET_DASK = 0.85  # of the pool's throughput
TARGET_GROWTH = 1.10  # last hundred to first hundred

#: The checks as functions of a module that is already imported: what the peers' hidden tests and the floor call.
HIDDEN_CHECKS = '''
"""The checks of unit 2, called on functions in the same process."""

import contextlib
import io

import numpy as np

from autograder.checking import load_checks, run_case
from autograder.course import load_course
from autograder.draws import Draw
from autograder.results import Outcome
from autograder.student import Caller, StudentError

UNIT = load_course().unit("02_bptt")
CHECKS = load_checks(UNIT)
DRAW = Draw(seed=1, hidden=True, label="benchmark")


def copied(arg):
    if isinstance(arg, np.ndarray):
        return arg.copy()
    if type(arg) in (list, tuple):
        return type(arg)(copied(item) for item in arg)
    if type(arg) is dict:
        return {key: copied(item) for key, item in arg.items()}
    return arg


class Direct(Caller):
    """Functions of a namespace, called with fresh copies."""

    def __init__(self, namespace):
        self.namespace = namespace

    def call_and_watch(self, name, args, keep=(), factor=1.0):
        fresh = [copied(arg) for arg in args]
        try:
            with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
                value = self.namespace[name](*fresh)
        except Exception as error:
            raise StudentError(name, Outcome.CRASHED, str(error), type(error).__name__) from error
        pairs = zip(args, fresh, strict=True)
        return value, [
            isinstance(a, np.ndarray) and not np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True) for a, b in pairs
        ]


def points(exercise_id, namespace, draw=DRAW):
    """Points for the parts that are right in every case."""
    item, check = UNIT.exercise(exercise_id), CHECKS[exercise_id]
    student = Direct(namespace)
    records = [run_case(check, item.parts, student, case) for case in check.cases(draw) if not case.neutral]
    return float(sum(item.part_points(p) for p in item.parts if all(record.parts[p].ok for record in records)))
'''

FLOOR = """
import json, sys, time, types
sys.path.insert(0, sys.argv[1])
import hidden_checks
from autograder.draws import Draw
files = sys.argv[2:]
def grade(file, seed):
    module = sys.modules["bptt"] = types.ModuleType("bptt")  # dataclasses look there for the names around them
    namespace = module.__dict__
    exec(compile(open(file, encoding="utf-8").read(), "bptt.py", "exec"), namespace)
    draw = Draw(seed=seed, hidden=True, label="floor")
    return sum(hidden_checks.points(e.id, namespace, draw) for e in hidden_checks.UNIT.exercises)
grade(files[0], 0)
clock, processor = time.perf_counter(), time.process_time()
scores = [grade(file, number) for number, file in enumerate(files, 1)]
print(json.dumps([time.perf_counter() - clock, time.process_time() - processor, sum(scores)]))
"""

OTTER = """
import contextlib, io, json, os, sys, time, warnings
warnings.simplefilter("ignore")
from otter.api import grade_submission
clock, used = time.perf_counter(), os.times()
scores = []
for file in sys.argv[2:]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        scores.append(float(grade_submission(file, sys.argv[1], quiet=True).total))
now = os.times()
print(json.dumps([time.perf_counter() - clock, sum(now[:4]) - sum(used[:4]), sum(scores)]))
"""


@dataclass
class Cost:
    """What some runs over the same submissions took, in all."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory_mb: float = 0.0

    def add(self, clock: float, processor: float, memory_mb: float) -> None:
        """One more run."""
        self.clock.append(clock)
        self.processor.append(processor)
        self.memory_mb = max(self.memory_mb, memory_mb)


# --- submissions ----------------------------------------------------------------------------------


def sources(of: str = "both") -> list[str]:
    """Modules as students write them, one file each: correct and wrong ones in turn, or only the "right" or "wrong"."""
    reference = reference_path(UNIT).read_text(encoding="utf-8")
    right = [reference]
    for path in sorted((ROOT / "tests" / "alternatives" / UNIT.id).iterdir()):
        if path.suffix == ".py":
            right.append(path.read_text(encoding="utf-8"))
    mistakes = load_mistakes(UNIT)
    wrong = [mistaken_source(mistake, reference) for mistake in mistakes[:: max(len(mistakes) // 40, 1)]]
    demo = sorted((ROOT / "autograder" / "demo_class").glob(f"*/{UNIT.id}/{UNIT.module_file}"))
    one_file = [path for path in demo if len(list(path.parent.rglob("*.py"))) == 1]
    wrong += [text for path in one_file if not loops(text := path.read_text(encoding="utf-8"))]
    chosen = {"right": [right], "wrong": [wrong], "both": [right * len(wrong), wrong]}[of]
    return [source for together in zip(*chosen, strict=False) for source in together]


def loops(source: str) -> bool:
    """Whether a module of the demo class has a loop without an end."""
    return "while True" in source or "while norm" in source or "while total" in source


def make_course(root: Path, count: int, period: int = 0, of: str = "both") -> list[Path]:
    """A released course with so many submissions; returns their modules. With a period, they repeat after that many."""
    root.mkdir(parents=True)
    shutil.copy(ROOT / folders.CONFIG, root)
    target = root / folders.SOURCES / UNIT.id
    target.mkdir(parents=True)
    for name in (f"{UNIT.id}.nb.py", UNIT.module_file):
        shutil.copy(ROOT / folders.SOURCES / UNIT.id / name, target / name)
    release([UNIT.id], root=root)
    ensure_registered(UNIT, root, f"sqlite:///{root / 'gradebook.db'}")  # as nbgrader does when it releases: not timed
    shutil.copy(root / "gradebook.db", root / PRISTINE)
    known = sources(of)
    modules = []
    for number in range(count):
        folder = root / folders.SUBMITTED / f"s{number:04}" / UNIT.id
        folder.mkdir(parents=True)
        shutil.copy(root / folders.RELEASED / UNIT.id / f"{UNIT.id}.ipynb", folder)
        modules.append(folder / UNIT.module_file)
        source = known[(number % period if period else number) % len(known)]
        modules[-1].write_text(f"{source}\n# handed in by {number}\n", encoding="utf-8")
    return modules


def test_notebook(*, hidden: bool, module: str = "") -> dict[str, Any]:
    """A notebook with nothing but what is needed to be graded; with hidden tests for nbgrader."""
    import nbformat

    setup = module or f"import {UNIT.module}"
    cells = [nbformat.v4.new_code_cell(setup, id="setup")]
    for number, item in enumerate(UNIT.exercises if hidden else ()):
        call = f'hidden_checks.points("{item.id}", vars({UNIT.module}))'
        text = f"### BEGIN HIDDEN TESTS\nimport hidden_checks\n{call}\n### END HIDDEN TESTS"
        about = {"grade": True, "grade_id": f"test_{item.id}", "locked": True, "points": item.points}
        about |= {"schema_version": 3, "solution": False, "task": False, "cell_type": "code"}
        cells.append(nbformat.v4.new_code_cell(text, id=f"test-{number}", metadata={"nbgrader": about}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook: dict[str, Any] = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return notebook


# --- measuring ------------------------------------------------------------------------------------


@contextlib.contextmanager
def memory_of(process: psutil.Process) -> Iterator[list[float]]:
    """The most memory, in MB, of a process and its descendants while the block runs; shared pages count once."""
    most = [0.0]
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.3):
            with contextlib.suppress(psutil.Error):
                total = 0
                for one in [process, *process.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        found = one.memory_full_info()
                        total += getattr(found, "pss", found.rss)
                most[0] = max(most[0], total / 1e6)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        stop.set()
        thread.join()


def timed(command: Sequence[str], folder: Path, cost: Cost, **environment: str) -> str:
    """Run a command to its end and add what it took; returns what it printed.

    Raises:
        RuntimeError: it failed.
    """
    own = os.environ | {"UNROLLED_SALT": SALT, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | environment
    before, started = os.times(), time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = psutil.Popen(list(command), cwd=folder, env=own, stdout=out, stderr=subprocess.STDOUT, text=True)
        with memory_of(process) as most:
            code = process.wait()
        clock, after = time.perf_counter() - started, os.times()
        out.seek(0)
        said = out.read()
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {code}:\n{said[-2000:]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    cost.add(clock, used, most[0])
    return said


def ours(root: Path, cost: Cost, *options: str) -> str:
    """The whole command, nothing kept from before."""
    for name in (folders.STATE, folders.AUTOGRADED, "reports"):
        shutil.rmtree(root / name, ignore_errors=True)
    shutil.copy(root / PRISTINE, root / "gradebook.db")
    command = [sys.executable, "-m", "autograder.cli", "grade", UNIT.id, "--no-feedback", "--json-lines", *options]
    return timed(command, root, cost)


def floor(root: Path, modules: Sequence[Path], cost: Cost) -> None:
    """The checks alone, in one warm process."""
    (root / "hidden_checks.py").write_text(HIDDEN_CHECKS, encoding="utf-8")
    extra = Cost()
    said = timed([sys.executable, "-c", FLOOR, str(root), *map(str, modules)], root, extra, PYTHONPATH=str(ROOT))
    clock, processor, _ = json.loads(said.splitlines()[-1])
    cost.add(clock, processor, extra.memory_mb)


def nbgrader(root: Path, modules: Sequence[Path], cost: Cost, repeats: int) -> None:
    """Stock nbgrader, in a course folder of its own."""
    import nbformat

    course = root / "stock"
    source = course / "source" / UNIT.id
    source.mkdir(parents=True)
    nbformat.write(nbformat.from_dict(test_notebook(hidden=True)), source / f"{UNIT.id}.ipynb")
    (source / "hidden_checks.py").write_text(HIDDEN_CHECKS, encoding="utf-8")
    (course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
    tool = [sys.executable, "-m", "nbgrader"]
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    timed([*tool, "generate_assignment", UNIT.id], course, Cost(), PATH=commands)
    for number, module in enumerate(modules):
        folder = course / "submitted" / f"s{number:04}" / UNIT.id
        folder.mkdir(parents=True)
        shutil.copy(course / "release" / UNIT.id / f"{UNIT.id}.ipynb", folder)
        shutil.copy(module, folder / UNIT.module_file)
    for _ in range(repeats):
        shutil.rmtree(course / "autograded", ignore_errors=True)
        timed([*tool, "autograde", UNIT.id, "--force"], course, cost, PATH=commands, PYTHONPATH=str(ROOT))


def otter(root: Path, modules: Sequence[Path], cost: Cost, python: str) -> None:
    """Otter's fastest local way, in a Python that has it."""
    import zipfile

    import nbformat

    folder = root / "otter"
    (folder / "handed_in").mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "autograder.zip", "w") as archive:
        archive.writestr("otter_config.json", json.dumps({"lang": "python", "token": None}))
        archive.writestr("files/hidden_checks.py", HIDDEN_CHECKS)
        for item in UNIT.exercises:
            parts = ("import hidden_checks\nfrom otter.test_files import test_case\n", "OK_FORMAT = False\n")
            about = f'name = "{item.id}"\npoints = {item.points}\n'
            test = (
                f"@test_case(points={item.points}, hidden=True)\ndef test_{item.id}(env):\n"
                f'    assert hidden_checks.points("{item.id}", env) == {item.points}\n'
            )
            archive.writestr(f"tests/{item.id}.py", "".join(parts) + about + test)
    notebooks = []
    for number, module in enumerate(modules):
        notebooks.append(folder / "handed_in" / f"s{number:04}.ipynb")
        text = module.read_text(encoding="utf-8").replace("from __future__ import annotations", "")
        nbformat.write(nbformat.from_dict(test_notebook(hidden=False, module=text)), notebooks[-1])
    extra = Cost()
    command = [python, "-c", OTTER, str(folder / "autograder.zip"), *map(str, notebooks)]
    said = timed(command, folder, extra, PYTHONPATH=str(ROOT))
    clock, processor, _ = json.loads(said.splitlines()[-1])
    cost.add(clock, processor, extra.memory_mb)


# --- the tables -----------------------------------------------------------------------------------


def compare(options: argparse.Namespace, console: Console, work: Path) -> None:
    """Everybody on the same submissions, for each size of a class."""
    which = {"both": "half of them wrong", "right": "all right", "wrong": "all wrong"}[options.of]
    title = (
        f"{UNIT.id}, {which}: seconds per submission, medians of {options.repeats} runs (peers: {options.peer_repeats})"
    )
    heads = ("class", "who", "clock s", "processor s", "memory MB", "× nbgrader", "÷ floor")
    table = Table(*heads, title=title)
    for column in table.columns[2:]:
        column.justify = "right"
    most = max(options.sizes)
    modules = make_course(work / "class", most, of=options.of)
    for size in options.sizes:
        root = work / "class"
        names = [option for module in modules[:size] for option in ("--student", module.parents[1].name)]
        costs: dict[str, Cost] = {"ours": Cost(), "floor": Cost()}
        counts = {"ours": size, "floor": size}
        for _ in range(options.repeats):
            ours(root, costs["ours"], *(names if size < most else []))
            floor(root, modules[:size], costs["floor"])
        peers = min(size, options.peers_at_most)
        if not options.without_nbgrader:
            costs["nbgrader"], counts["nbgrader"] = Cost(), peers
            shutil.rmtree(root / "stock", ignore_errors=True)
            nbgrader(root, modules[:peers], costs["nbgrader"], options.peer_repeats)
        if options.otter:
            costs["Otter"], counts["Otter"] = Cost(), peers
            for _ in range(options.peer_repeats):
                otter(root, modules[:peers], costs["Otter"], options.otter)
        clock = {who: statistics.median(cost.clock) / counts[who] for who, cost in costs.items()}
        processor = {who: statistics.median(cost.processor) / counts[who] for who, cost in costs.items()}
        for who, cost in costs.items():
            times = f"{clock['nbgrader'] / clock[who]:.1f}" if "nbgrader" in clock else "–"
            over = f"{processor[who] / processor['floor']:.2f}"
            note = f" (from {counts[who]})" if counts[who] < size else ""
            missed = (
                who == "ours"
                and size == most
                and (
                    processor[who] / processor["floor"] > TARGET_FLOOR
                    or ("nbgrader" in clock and clock["nbgrader"] / clock[who] < TARGET_NBGRADER)
                )
            )
            shown = [f"{clock[who]:.3f}", f"{processor[who]:.3f}", f"{cost.memory_mb:.0f}", times, over]
            table.add_row(str(size), who + note, *shown, style="red" if missed else None)
        table.add_section()
    table.caption = caption()
    console.print(table)
    console.print(
        "(from n): measured on the first n submissions, taken to be the same for the rest; × nbgrader: on the clock; "
        "÷ floor: processor time."
    )
    console.print(
        f"Targets, at the largest class: {TARGET_NBGRADER:g} × nbgrader's throughput, {TARGET_FLOOR:g} × the floor's "
        "processor time. Ours includes what nobody else does: isolation, follow-through, diagnosis, reports."
    )
    if not options.otter:
        console.print(
            "Otter was not measured: name a Python that has it with --otter (python -m venv /tmp/otter; "
            "/tmp/otter/bin/pip install otter-grader ipykernel numpy psutil)."
        )


def events(said: str) -> list[dict[str, Any]]:
    """The JSON lines among what a command printed."""
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def growth(options: argparse.Namespace, console: Console, work: Path) -> None:
    """One large class: is the last hundred as fast as the first, and does the judge's memory stay as it is?"""
    count, group = options.growth, min(100, max(options.growth // 10, 5))
    root = work / "large"
    make_course(root, count, period=group)  # every group has the same modules
    command = [sys.executable, "-m", "autograder.cli", "grade", UNIT.id, "--no-feedback", "--json-lines"]
    own = os.environ | {"UNROLLED_SALT": SALT, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=root, env=own, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        judge = psutil.Process(process.pid)
        marks: list[tuple[float, float, float]] = []  # clock, processor time of judge and children, judge's memory
        for line in process.stdout:
            if json.loads(line)["event"] == "done":
                marks.append((time.perf_counter(), processor_of(judge), judge.memory_info().rss / 1e6))
    table = Table("submissions", "clock s each", "processor s each", "judge's memory MB", title=f"{count} submissions")
    for column in table.columns[1:]:
        column.justify = "right"
    skipped = min(group, 10)  # processes start and import during the first few
    groups = [(start, start + group) for start in range(skipped, count - group + 1, group)]
    groups[-1] = (count - group, count)
    each = []
    for start, end in groups:
        first, last = marks[start - 1], marks[end - 1]
        each.append((last[1] - first[1]) / group)
        shown = [f"{(last[0] - first[0]) / group:.3f}", f"{each[-1]:.3f}", f"{last[2]:.0f}"]
        table.add_row(f"{start + 1}–{end}", *shown)
    ratio = each[-1] / each[0]
    table.caption = f"last to first, processor time: {ratio:.2f} (target at most {TARGET_GROWTH:g}); {caption()}"
    console.print(table, style="red" if ratio > TARGET_GROWTH else None)


def processor_of(process: psutil.Process) -> float:
    """Processor seconds of a process and all its descendants, those that have ended included."""
    used = 0.0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            times = one.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def dask(options: argparse.Namespace, console: Console, work: Path) -> None:
    """Two Dask workers on this machine against two processes."""
    count = options.dask
    root = work / "dask"
    make_course(root, count)
    file = work / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    tool = [sys.executable, "-m", "dask"]
    own = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    running = [subprocess.Popen([*tool, *words], cwd=work, env=own, **quiet)]  # type: ignore[call-overload]
    try:
        while not file.exists() or not file.read_text():
            time.sleep(0.2)
        address = json.loads(file.read_text())["address"]
        for _ in range(2):
            words = ["worker", address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
            running.append(subprocess.Popen([*tool, *words], cwd=work, env=own, **quiet))  # type: ignore[call-overload]
        rates: dict[str, list[float]] = {"two processes": [], "two Dask workers": []}
        for _ in range(options.repeats):
            rates["two processes"].append(rate(ours(root, Cost(), "--jobs", "2")))
            rates["two Dask workers"].append(rate(ours(root, Cost(), "--scheduler", address)))
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()
    table = Table("where", "submissions a second", "ratio", title=f"{count} submissions, without the start")
    base = statistics.median(rates["two processes"])
    for name, found in rates.items():
        ratio = statistics.median(found) / base
        style = "red" if ratio < TARGET_DASK else None
        table.add_row(name, f"{statistics.median(found):.2f}", f"{ratio:.2f}", style=style)
    table.caption = f"target {TARGET_DASK:g}; {caption()}"
    console.print(table)


def rate(said: str) -> float:
    """Submissions a second over the second half of a run, when all processes have started."""
    done = [event for event in events(said) if event["event"] == "done" and event.get("per_second")]
    return float(done[-1]["per_second"])


def caption() -> str:
    """The circumstances."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} processors{load}, Python {sys.version.split()[0]}"


def main() -> None:
    """Measure and print the tables; what misses its target is red."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 20, 200])
    parser.add_argument("--of", choices=("both", "right", "wrong"), default="both", help="submissions to compare on")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-repeats", type=int, default=1, help="the peers take long")
    parser.add_argument("--peers-at-most", type=int, default=200, help="submissions the peers get; said in the table")
    parser.add_argument("--otter", help="a Python that has otter-grader, numpy and psutil")
    parser.add_argument("--without-nbgrader", action="store_true")
    parser.add_argument("--growth", type=int, default=1000, help="submissions of the large class; 0 leaves it out")
    parser.add_argument("--dask", type=int, default=100, help="submissions for the comparison; 0 leaves it out")
    parser.add_argument("--quick", action="store_true", help="small classes, one run: only to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.repeats, options.peers_at_most = [1, 8], 1, 3
        options.growth, options.dask = 40, 0
    console = Console()
    console.print(caption())
    with tempfile.TemporaryDirectory(prefix="unrolled-bench-") as name:
        work = Path(name).resolve()
        compare(options, console, work)
        if options.dask:
            dask(options, console, work)
        if options.growth:
            growth(options, console, work)


if __name__ == "__main__":
    main()
