"""Executes a submitted notebook, isolated, so that whoever marks the answers in words sees fresh outputs.

Off unless ``UNROLLED_EXECUTE=1``: scores never need it, they come from the judge, who runs only the module. The
kernel and the program that talks to it (:mod:`autograder.notebook_runner`) are in one bubblewrap sandbox: namespaces
of their own (files, processes, IPC, network), read-only Python, the student's files in a small writable file system
in memory, a user of their own when started by root, no privileges, a list of refused syscalls, rlimits. This side
only starts it, watches what it uses, and reads one bounded JSON line per cell from a pipe. There is no connection
to the kernel to attack: no sockets, no Jupyter messages, no pickles.

What a notebook does to its kernel or its sandbox costs its own outputs, never a score.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import selectors
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from autograder import sandbox
from autograder.errors import InfrastructureError, UsageError

_HERE = Path(__file__).resolve().parent
SWITCH = "UNROLLED_EXECUTE"
ISOLATION = "UNROLLED_EXECUTE_ISOLATION"
_ROOM, _STATE = "/room", "/student"  # inside: what may be read, what may be written
_MAX_SUBMISSION = 64 * 1024 * 1024
_MAX_SUBMITTED_FILES = 2000
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class NotebookLimits:
    """What one notebook may use. Wall-clock limits are for waiting; on a busy machine the others come first.

    Unit 5's takes longest: four minutes of processor time if it has to train the network that sees, 75 s in one cell.
    """

    cell_cpu_seconds: float = 400.0
    cell_wall_seconds: float = 1800.0
    notebook_cpu_seconds: float = 1800.0
    notebook_wall_seconds: float = 3600.0
    memory_mb: int = 2048  # resident, of all its processes together
    disk_mb: int = 128
    file_mb: int = 64
    max_files: int = 20_000
    tasks: int = 64  # processes and threads, the kernel's own dozen included
    output_mb: int = 100  # of all reports together
    flood_mb: float = 50.0  # printed by one cell


@dataclass
class CellRun:
    """What one code cell showed, as nbformat outputs that nobody has looked at yet."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    count: int | None = None
    notes: list[str] = field(default_factory=list)
    done: bool = False


@dataclass
class NotebookRun:
    """What became of a notebook."""

    executed: bool
    isolation: str
    cells: dict[int, CellRun] = field(default_factory=dict)  # by position in the list of sources
    problem: str = ""  # why it was not executed, or not to its end


def wanted() -> bool:
    """Whether notebooks are to be executed in grading."""
    return os.environ.get(SWITCH, "").strip().lower() not in ("", "0", "no", "false", "off")


def stack_for_notebooks() -> sandbox.Stack:
    """Bubblewrap, or what was asked for by name.

    Raises:
        UnrolledError: there is no bubblewrap here, or an unknown name; a notebook is not executed then.
    """
    name = os.environ.get(ISOLATION, "").strip()
    if name == sandbox.PROCESS.name:
        return sandbox.PROCESS
    if name not in ("", sandbox.BUBBLEWRAP.name):
        raise UsageError(f"{ISOLATION}={name!r}: a notebook is executed under bubblewrap, or, if told to, process.")
    available, reasons = sandbox.probe()
    if sandbox.BUBBLEWRAP not in available:
        raise InfrastructureError(
            f"a kernel can only be isolated by bubblewrap, and here {reasons.get('bubblewrap', 'it does not work')}"
        )
    return sandbox.BUBBLEWRAP


def run_notebook(
    sources: Sequence[str | None],
    folder: Path,
    unit_id: str,
    limits: NotebookLimits | None = None,
    stack: sandbox.Stack | None = None,
) -> NotebookRun:
    """Execute code cells one after the other in a kernel of their own.

    Args:
        sources: one per cell of the notebook; None for a cell that is no code.
        folder: the student's files; only its own regular files are copied in, nothing is written to it.
        unit_id: name of the working folder inside.
        limits: what it may use.
        stack: how to isolate it; :func:`stack_for_notebooks` by default.

    Returns:
        what each cell showed. Whatever goes wrong is in there; nothing is raised.
    """
    limits = limits or NotebookLimits()
    try:
        stack = stack or stack_for_notebooks()
    except (InfrastructureError, UsageError) as error:
        return NotebookRun(False, "none", problem=str(error))
    run = NotebookRun(True, stack.name)
    try:
        with tempfile.TemporaryDirectory(prefix="unrolled-nb-", ignore_cleanup_errors=True) as name:
            room = Path(name).resolve()
            os.chmod(room, 0o755)
            _furnish(room, folder)
            _Supervisor(room, unit_id, limits, stack, run).execute(sources)
    except (OSError, subprocess.SubprocessError, InfrastructureError) as error:
        run.problem = run.problem or f"the sandbox could not be set up ({error})"
    run.executed = any(cell.done for cell in run.cells.values()) or not run.problem
    return run


# --- what is inside -------------------------------------------------------------------------------


def _furnish(room: Path, folder: Path) -> None:
    """Copy what the kernel may read, so that any user can: the runner, coursekit, a stand-in for us, the submission."""
    import coursekit

    library = room / "lib"
    package = library / "autograder"
    package.mkdir(parents=True)
    (room / "runner").mkdir()  # not with the libraries, where a module of the student's own might have such a name
    for name in ("notebook_runner.py", "lockdown.py"):
        shutil.copyfile(_HERE / name, room / "runner" / name)
    (package / "__init__.py").write_text("from autograder.checker import check\n", encoding="utf-8")
    shutil.copyfile(_HERE / "notebook_stand_in.py", package / "checker.py")
    for name in ("course.py", "course.toml", "errors.py"):  # which units there are; coursekit.upstream asks
        shutil.copyfile(_HERE / name, package / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(coursekit.__file__).resolve().parent, library / "coursekit", ignore=ignored)
    _copy_submission(folder, room / "input")
    _copy_font_list(library / "matplotlib")
    for path in (library, room / "runner", room / "input"):
        for inside, _, files in os.walk(path):
            os.chmod(inside, 0o755)
            for file in files:
                os.chmod(Path(inside) / file, 0o644)


def _copy_submission(source: Path, target: Path) -> None:
    """The student's regular files; no links, which could lead anywhere, and no more than fits."""
    target.mkdir()
    size = count = 0
    for inside, folders, files in os.walk(source):  # does not follow links to folders
        here = Path(inside)
        folders[:] = sorted(
            name
            for name in folders
            if name not in ("__pycache__", ".ipynb_checkpoints", ".git") and not (here / name).is_symlink()
        )
        there = target / here.relative_to(source)
        there.mkdir(exist_ok=True)
        for name in sorted(files):
            try:
                descriptor = os.open(here / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            with os.fdopen(descriptor, "rb") as file:
                about = os.fstat(descriptor)
                size, count = size + about.st_size, count + 1
                if not stat.S_ISREG(about.st_mode):
                    continue
                if size > _MAX_SUBMISSION or count > _MAX_SUBMITTED_FILES:
                    raise InfrastructureError("the submission has more files than a notebook has use for")
                with (there / name).open("wb") as copy:
                    shutil.copyfileobj(file, copy)


def _copy_font_list(target: Path) -> None:
    """Matplotlib's list of fonts, if there is one: making it takes seconds, in every new kernel."""
    target.mkdir()
    try:
        import matplotlib

        for file in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
            shutil.copyfile(file, target / file.name)
    except (ImportError, OSError):
        pass


# --- outside -------------------------------------------------------------------------------------


class _Stopped(Exception):
    """The notebook was ended from outside; the message says why."""


class _Supervisor:
    """Starts the sandbox, watches it, reads its reports, and ends it."""

    def __init__(
        self, room: Path, unit_id: str, limits: NotebookLimits, stack: sandbox.Stack, run: NotebookRun
    ) -> None:
        self.room = room
        self.limits = limits
        self.isolated = stack is sandbox.BUBBLEWRAP
        self.run = run
        self.state = _STATE if self.isolated else str(room / "state")
        self.inside = _ROOM if self.isolated else str(room)
        uid = _private_uid() if self.isolated and os.geteuid() == 0 else None
        self.settings = {
            "unit": unit_id,
            "input": f"{self.inside}/input",
            "fonts": f"{self.inside}/lib/matplotlib",
            "state": self.state,
            "isolated": self.isolated,
            # Linux counts a user's tasks everywhere: exact for a user that nobody else is.
            "tasks": limits.tasks + (0 if uid else sandbox._tasks_of(os.geteuid())) if self.isolated else 0,
            "address_mb": limits.memory_mb + 6144,
            "start_seconds": sandbox.START_SECONDS,
            "max_files": limits.max_files if self.isolated else 0,
            **{
                name: getattr(limits, name)
                for name in ("cell_cpu_seconds", "cell_wall_seconds", "notebook_cpu_seconds", "file_mb", "flood_mb")
            },
        }
        self.command = [
            sys.executable,
            "-P",
            "-s",
            f"{self.inside}/runner/notebook_runner.py",
            json.dumps(self.settings),
        ]
        if self.isolated:
            self.command = [*self._namespaces(), "--", *_as_user(uid), *self.command]
        else:
            Path(self.state).mkdir()

    def _namespaces(self) -> list[str]:
        """The judge's workers' namespaces, and in them two folders more; all else read-only, without exception."""
        size = str(self.limits.disk_mb * 1024 * 1024)
        return [
            *sandbox._bubblewrap(),
            "--die-with-parent",
            *("--perms", "0755", "--dir", _ROOM, "--ro-bind", str(self.room), _ROOM),
            *("--perms", "0777", "--size", size, "--tmpfs", _STATE),
            *("--perms", "0777", "--size", str(16 * 1024 * 1024), "--tmpfs", "/dev/shm"),
            *("--remount-ro", "/dev", "--remount-ro", "/tmp", "--remount-ro", "/"),
        ]

    def _environment(self) -> dict[str, str]:
        environment = sandbox._environment(self.state)
        environment.pop("MPLBACKEND")  # ipykernel shows figures inline
        return environment | {
            "USER": "student",
            "PYTHONPATH": f"{self.inside}/lib",
            "MPLCONFIGDIR": f"{self.state}/matplotlib",
            "IPYTHONDIR": f"{self.state}/ipython",
            "JUPYTER_RUNTIME_DIR": self.state,
        }

    def execute(self, sources: Sequence[str | None]) -> None:
        """Run the cells; fills in the run."""
        with tempfile.TemporaryFile() as errors:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors if self.isolated else subprocess.DEVNULL,
                cwd="/",
                env=self._environment(),
                start_new_session=True,
            )
            try:
                assert self.process.stdin is not None  # PIPE
                self.process.stdin.write(json.dumps(list(sources)).encode() + b"\n")
                self.process.stdin.flush()
                self._read_reports()
            except _Stopped as error:
                self.run.problem = str(error)
            except BrokenPipeError:
                pass  # it has ended; what it said tells why
            finally:
                self._end()
            if not self.run.problem and not self._ended:
                self.run.problem = self._how_it_ended(errors)

    _ended = False  # whether the runner said that it was done

    def _how_it_ended(self, errors: Any) -> str:
        code = self.process.returncode
        if code == 75:
            return f"the notebook made more than {self.limits.max_files} files"
        errors.seek(0)
        said = errors.read(100_000).decode("utf-8", "replace").strip().splitlines()
        if not self._started and said:
            return f"the sandbox did not start: {said[-1][:300]}"
        return f"the notebook's sandbox ended (exit code {code})"

    _started = False

    def _read_reports(self) -> None:
        """Take reports until the runner is done.

        Raises:
            _Stopped: it broke a limit.
        """
        assert self.process.stdout is not None  # PIPE
        stream = self.process.stdout
        os.set_blocking(stream.fileno(), False)
        begun = looked = time.monotonic()
        buffer, total = bytearray(), 0
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                ready = selector.select(_LOOK_SECONDS)
                now = time.monotonic()
                if now - begun > self.limits.notebook_wall_seconds:
                    raise _Stopped(f"the notebook took longer than {self.limits.notebook_wall_seconds:g} s")
                if now - looked >= _LOOK_SECONDS:
                    looked = now
                    self._look()
                if not ready:
                    continue
                piece = os.read(stream.fileno(), 1 << 20)
                if not piece:
                    return
                total += len(piece)
                if total > self.limits.output_mb * 1_000_000:
                    raise _Stopped(f"the notebook showed more than {self.limits.output_mb} MB")
                buffer += piece
                while (end := buffer.find(b"\n")) >= 0:
                    line = bytes(buffer[:end])
                    del buffer[: end + 1]
                    self._note(line)

    def _note(self, line: bytes) -> None:
        """One report; the runner wrote it, but a notebook gave it its content."""
        try:
            report = json.loads(line)
            kind = report["kind"]
            if kind == "started":
                self._started = True
            elif kind == "begin":
                self.run.cells[int(report["index"])] = CellRun()
            elif kind == "cell":
                count = report["count"]
                self.run.cells[int(report["index"])] = CellRun(
                    [output for output in report["outputs"] if isinstance(output, dict)],
                    count if isinstance(count, int) and 0 <= count < 1_000_000 else None,
                    [str(note)[:500] for note in report["notes"]],
                    done=True,
                )
            elif kind == "end":
                self._ended = True
                self.run.problem = str(report["note"])[:500]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _Stopped(f"what came out of the notebook's sandbox was no report ({type(error).__name__})") from error

    def _look(self) -> None:
        """Add up what all its processes use.

        Raises:
            _Stopped: too much.
        """
        memory = tasks = 0
        cpu = 0.0
        for process in self._inside():
            with contextlib.suppress(psutil.Error, OSError):
                with process.oneshot():
                    memory += process.memory_info().rss
                    times = process.cpu_times()
                    cpu += times.user + times.system + times.children_user + times.children_system
                    tasks += process.num_threads()
        if memory > self.limits.memory_mb * 1024 * 1024:
            raise _Stopped(f"the notebook used more than {self.limits.memory_mb} MB of memory")
        if cpu > self.limits.notebook_cpu_seconds:
            raise _Stopped(f"the notebook used more than {self.limits.notebook_cpu_seconds:g} s of processor time")
        if tasks > 2 * self.limits.tasks:
            raise _Stopped(f"the notebook started more than {2 * self.limits.tasks} processes and threads")

    def _inside(self, *, recursive: bool = True) -> list[psutil.Process]:
        try:
            return list(psutil.Process(self.process.pid).children(recursive=recursive))
        except psutil.Error:
            return []

    def _end(self) -> None:
        """End the sandbox and everything in it, and wait for that."""
        assert self.process.stdin is not None and self.process.stdout is not None
        if self.process.poll() is None:
            # bwrap's child is process 1 inside: the kernel ends every other process with it, and bwrap follows.
            # Without a sandbox, one that cut its ties altogether is not found.
            for process in self._inside(recursive=not self.isolated):
                with contextlib.suppress(psutil.Error):
                    process.kill()
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # the runner, should it still be there, ends with it
        if not self.isolated:
            self.process.kill()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
        self.process.stdout.close()


def _private_uid() -> int:
    """A user id that no account and no process of this machine has: what it may use can be counted exactly."""
    import pwd  # there is none on Windows, where this is never called

    taken = {account.pw_uid for account in pwd.getpwall()}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            taken.add(process.uids().real)
    return random.SystemRandom().choice([uid for uid in range(63_000, 64_000) if uid not in taken])


def _as_user(uid: int | None) -> list[str]:
    """Root becomes this user, for good; an ordinary user stays what the namespace made of them."""
    return [str(uid) if word == str(sandbox.NOBODY) else word for word in sandbox._as_nobody()]
