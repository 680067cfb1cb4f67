"""Starts, limits and ends workers, under the best isolation that this machine offers.

Three stacks, strongest first:

- ``bubblewrap``: a zygote in namespaces of its own (files: only Python and its libraries, read-only;
  no network; its own processes, IPC and host name), as another user when started by root. Workers
  forked from it add Landlock, a seccomp allow-list, no new privileges and rlimits.
- ``landlock``: the same zygote without the namespaces, where they cannot be had (inside most containers).
- ``process``: a process of its own with rlimits and deadlines. It never sees expected values, but it
  is the same user. What ``check`` uses on a student's own machine; ``grade`` only if told to.

Every stack has a deadline on every call, in processor time of the worker and, more generously, on the
clock; bounded and drained output; an empty environment; one thread.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

from autograder import folders, lockdown, protocol
from autograder.channel import Channel, open_channel
from autograder.errors import InfrastructureError, UsageError

_HERE = Path(__file__).resolve().parent
WORKER = _HERE / "worker.py"
#: The grader's only files inside the sandbox.
INSIDE = (
    "worker.py",
    "protocol.py",
    "lockdown.py",
    "zygote.py",
    "importing.py",
    "inert.py",
    "reading.py",
    "watch.py",
    "seccomp",
)
TOTAL_CPU_SECONDS = 300  # of one worker's life; each call has its own, much smaller limit
START_SECONDS = 300.0  # guards against a hang only: a machine may be slow, and busy with other things
#: Where a worker may write, under bubblewrap: in memory, empty at first, seen by nobody else, gone at its end.
OWN_FOLDER = "/student/work"
OWN_BYTES = 16 * 1024 * 1024
OWN_FILES = 256
NOBODY = 65534  # the user and group that root becomes before student code runs
DEVICE_VARIABLE = "UNROLLED_DEVICE"  # names a graphics card to train on; see the check of the captioning test
MORE_TASKS = 1024  # threads that all workers of one user may have together


@dataclass(frozen=True)
class Stack:
    """A way of isolating student code."""

    name: str
    layers: str  # in words, for results and reports
    weakness: str = ""  # what it does not prevent

    @property
    def text(self) -> str:
        """As every result and report says it."""
        return f"{self.name} ({self.layers})"


BUBBLEWRAP = Stack("bubblewrap", "namespaces, Landlock, seccomp, rlimits, deadlines")
LANDLOCK = Stack(
    "landlock",
    "Landlock, seccomp, rlimits, deadlines; no namespaces",
    "Student code can see which files exist (not what is in them) and shares the process table.",
)
PROCESS = Stack(
    "process",
    "rlimits, deadlines" if sys.platform != "win32" else "deadlines only",
    "WEAK: student code runs in a process of its own that never sees expected values, but as the same user: "
    "it can read and change files that you can read and change.",
)


@dataclass(frozen=True)
class Limits:
    """What one worker may use."""

    engine: str
    call_cpu_seconds: float
    call_wall_seconds: float
    memory_mb: int
    imports: tuple[str, ...] = ()  # libraries that student code may import; none: all that are installed


class WorkerEnded(Exception):
    """The worker's process is gone: it exited, was killed or broke the protocol."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CallTimedOut(Exception):
    """A call used up its processor time or its wall-clock limit."""

    def __init__(self, seconds: float, kind: str) -> None:
        super().__init__(f"{seconds:g} s of {kind}")
        self.seconds = seconds
        self.kind = kind


# --- workers ----------------------------------------------------------------------------------


class Worker:
    """One running worker and the channel to it; how its process is started is the subclasses' business."""

    def __init__(self, limits: Limits, channel: Channel) -> None:
        self.limits = limits
        self._channel = channel
        self._ready = False
        self._closed = False
        self._first: tuple[float, float] | None = None
        self.begin()

    def cpu_seconds(self) -> float:
        """Processor time that the worker's process has used so far."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the process now; does nothing if it has ended."""
        raise NotImplementedError

    def last_words(self) -> str:
        """How the process ended, in words; ends it if it only closed its channel.

        Raises:
            InfrastructureError: it ended because the sandbox around it did.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Give back what the process held; called once, after its end."""

    def begin(self, factor: float = 1.0, cpu_seconds: float | None = None) -> None:
        """Start the deadline of what is sent and received from now on: the limits of one call, times a factor.

        Args:
            factor: how many times the limits of one call.
            cpu_seconds: a limit of processor time in place of that of a call.
        """
        self._cpu_limit = cpu_seconds or self.limits.call_cpu_seconds * factor
        self._wall_limit = max(self.limits.call_wall_seconds * factor, START_SECONDS if factor > 1 else 0)
        self._begun = self._looked = time.monotonic()
        self._cpu_begun: float | None = None  # looked up when it is needed: most calls are over before
        self._answering = 0.0

    def used(self) -> float:
        """Processor time since the last :meth:`begin`: the worker's own, and the judge's for its questions."""
        return max(self.cpu_seconds() - (self._cpu_begun or 0.0), 0.0) + self._answering

    def begin_next(self, factor: float, most: int) -> None:
        """Start the deadline again for one more of several things in a row, of which all together may use ``most``."""
        now, used = time.monotonic(), self.cpu_seconds()
        if self._first is None:
            self._first = now, used
        if now - self._first[0] < most * self._wall_limit and used - self._first[1] < most * self._cpu_limit:
            self._begun, self._cpu_begun = now, used

    def answering(self, seconds: float) -> None:
        """Count time that the judge spent on the worker's questions as if the worker had used it."""
        self._answering += seconds

    def send(self, message: list[Any]) -> None:
        """Send one message.

        Raises:
            WorkerEnded: nobody is there to read it.
            CallTimedOut: it is not read in time (then the worker is dead).
            ProtocolError: it is too large.
        """
        self._cpu_begun = self.cpu_seconds() if self._cpu_begun is None else self._cpu_begun
        try:
            self._channel.send(message, self._look)
        except (OSError, ValueError) as error:
            raise WorkerEnded(self.last_words()) from error

    def receive(self) -> Any:
        """The next message, or WorkerEnded, or CallTimedOut (then the worker is dead)."""
        try:
            message = self._channel.receive(self._look)
        except (EOFError, OSError, ValueError):
            raise WorkerEnded(self.last_words()) from None
        except protocol.ProtocolError as error:
            self.kill()
            raise WorkerEnded(f"its answer broke the protocol ({error})") from None
        # A worker that keeps talking does not escape its deadlines.
        self._look()
        return message

    def _look(self) -> None:
        """End the worker if one of its deadlines has passed; looks ten times a second, however often it is asked."""
        now = time.monotonic()
        if now - self._looked < 0.1:
            return
        self._looked = now
        if self.used() > self._cpu_limit:
            self.kill()
            raise CallTimedOut(self._cpu_limit, "processor time")
        if now - self._begun > self._wall_limit:
            self.kill()
            raise CallTimedOut(self._wall_limit, "waiting")

    def wait_until_ready(self) -> None:
        """Wait for the worker's first message, sent before anything of the student's runs.

        Raises:
            InfrastructureError: it does not come; the machine or the installation is at fault.
        """
        if self._ready:
            return
        deadline = time.monotonic() + START_SECONDS

        def look() -> None:
            if time.monotonic() > deadline:
                raise TimeoutError

        why = "it spoke out of turn"
        try:
            self._ready = self._channel.receive(look) == ["ready", 0, []]
        except TimeoutError:
            why = f"nothing was heard of it for {START_SECONDS:g} s"
        except (EOFError, OSError, ValueError):
            why = self.last_words()
        except protocol.ProtocolError as error:
            why = f"it broke the protocol ({error})"
        if not self._ready:
            self.close()
            said = self.text().strip().splitlines()
            raise InfrastructureError(
                f"A worker process did not start: {why}{f' ({said[-1]})' if said else ''}. Nothing was scored."
            )

    def close(self) -> None:
        """End the worker and collect its output."""
        if self._closed:
            return
        self._closed = True
        self.kill()
        self._channel.close()
        self.release()

    def text(self) -> str:
        """What the student's code printed; complete after :meth:`close`."""
        return self._channel.text()


def processor_clock(pid: int) -> float:
    """Processor time of a process, on Linux; raises OSError if it has ended.

    The clock of another process, as clock_getcpuclockid(3) makes it: asked for at every call, so one system call
    instead of reading files in /proc.
    """
    return time.clock_gettime((~pid << 3) | 2)


def _ending(code: int | None) -> str:
    """An exit code as people say it."""
    if code is None:
        return "it closed its channel"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"it was ended by {signal.Signals(-code).name}"
    return f"the process ended with exit code {code}"


class OwnProcess(Worker):
    """A worker started by exec, one per submission: the ``process`` stack, on every system."""

    def __init__(self, limits: Limits) -> None:
        self._folder = tempfile.mkdtemp(prefix="unrolled-")
        card = limits.engine == "torch" and os.environ.get(DEVICE_VARIABLE, "cpu") != "cpu"
        settings = {"engine": limits.engine, "memory_mb": limits.memory_mb, "cpu_seconds": TOTAL_CPU_SECONDS}
        settings |= {"card": card}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", str(WORKER), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=self._folder,
                env=_environment(self._folder),
                start_new_session=sys.platform != "win32",  # Ctrl-C is the judge's to handle
            )
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise InfrastructureError(f"A worker process could not be started: {error}.") from error
        ends = []
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None  # PIPE gives all three
            ends.append(os.dup(stream.fileno()))
            stream.close()
        super().__init__(limits, open_channel(*ends))

    def cpu_seconds(self) -> float:
        if sys.platform == "linux" and self._process.returncode is None:
            with contextlib.suppress(OSError):
                return processor_clock(self._process.pid)  # psutil's figures are hundredths of a second
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def last_words(self) -> str:
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()
            return "it closed its channel"
        return _ending(self._process.returncode)

    def kill(self) -> None:
        """End the worker and everything in its process group now."""
        if self._process.returncode is None:
            # Processes that it started go too, those in its group and those that moved out of it; on this stack
            # one that cut its ties altogether is not found.
            children: list[psutil.Process] = []
            with contextlib.suppress(psutil.Error):
                children = psutil.Process(self._process.pid).children(recursive=True)
            if sys.platform != "win32":
                with contextlib.suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            for child in children:
                with contextlib.suppress(psutil.Error):
                    child.kill()
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)

    def release(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class ForkedWorker(Worker):
    """A worker forked from a zygote, known by its pidfd."""

    def __init__(self, limits: Limits, zygote: ZygoteProcess) -> None:
        self._zygote = zygote
        self.followed = True  # whether another worker is made ready when this one has ended
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        ours_err, theirs_err = os.pipe()
        try:
            self._pid, self._pidfd = zygote.fork(limits, [theirs_in, theirs_out, theirs_err])
        except BaseException:
            for descriptor in (ours_out, ours_in, ours_err):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (theirs_in, theirs_out, theirs_err):
                os.close(descriptor)
        self._code: int | None = None
        self._host_pid = 0
        self._dead = False
        super().__init__(limits, open_channel(ours_out, ours_in, ours_err))

    def ended(self) -> bool:
        """Whether the process is over; its pidfd becomes readable then."""
        import select

        return self._dead or bool(select.select([self._pidfd], [], [], 0)[0])

    @property
    def host_pid(self) -> int:
        """The process's number as this process sees it; 0 after its end."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/self/fdinfo/{self._pidfd}").read_text(encoding="ascii").splitlines():
                if line.startswith("Pid:"):
                    return max(int(line.split()[1]), 0)
        return 0

    def cpu_seconds(self) -> float:
        if not self._host_pid:
            self._host_pid = self.host_pid
        try:
            return processor_clock(self._host_pid) if self._host_pid else 0.0
        except OSError:  # it has ended
            return 0.0

    def kill(self) -> None:
        if self._dead:
            return
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._dead = True
        self._code = self._zygote.reap(self._pid)

    def last_words(self) -> str:
        if not self._dead:
            import select

            # One that only closed its channel is ended here.
            if not select.select([self._pidfd], [], [], 1)[0]:
                self.kill()
                return "it closed its channel"
            self._dead = True
            self._code = self._zygote.reap(self._pid)
        if self._code is None and not self._zygote.alive():
            raise InfrastructureError("The sandbox ended while student code ran in it. Nothing was scored.")
        return _ending(self._code)

    def release(self) -> None:
        os.close(self._pidfd)
        if self.followed:
            self._zygote.keep_spare(self.limits)


# --- the zygote ---------------------------------------------------------------------------------


class ZygoteProcess:
    """A running zygote and the way to ask it for workers."""

    def __init__(self, engine: str, stack: Stack) -> None:
        self.engine = engine
        self.stack = stack
        self._lock = threading.Lock()  # of the control socket
        self._hand_out = threading.Lock()  # of the spare
        self._spare: ForkedWorker | None = None
        self._closing = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {
            "engine": engine,
            "control": theirs.fileno(),
            "readable": _readable_paths(whole=stack is BUBBLEWRAP, without=libraries_apart(engine)),
            "own": OWN_FOLDER if stack is BUBBLEWRAP else None,
            "own_bytes": OWN_BYTES,
            "own_files": OWN_FILES,
            "tasks": _tasks_of(NOBODY if os.geteuid() == 0 else os.geteuid()) + MORE_TASKS,
            "user": NOBODY if stack is LANDLOCK and os.geteuid() == 0 and _anybody_can_read() else None,
        }
        command = self._program(json.dumps(settings))
        if stack is BUBBLEWRAP:
            command = [*_bubblewrap(own=True, without=libraries_apart(engine)), "--", *_as_nobody(own=True), *command]
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                cwd="/",
                env=_environment("/tmp"),  # where a worker cannot write
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            self._errors.close()
            raise InfrastructureError(f"The sandbox could not be started: {error}.") from error
        finally:
            theirs.close()
        try:
            self._control.settimeout(START_SECONDS)
            answer = json.loads(self._control.recv(4096) or b"{}")
            if answer.get("ready") is not True:
                raise ValueError(self._said() or "it said nothing")
            self.uid = int(answer["uid"])
        except (OSError, ValueError) as error:
            said = self._said() or str(error)
            self.close()
            raise InfrastructureError(f"The sandbox ({stack.name}) did not start: {said}.") from error

    def _program(self, settings: str) -> list[str]:
        """The zygote's program and its argument."""
        return [sys.executable, "-P", "-s", str(_HERE / "zygote.py"), settings]

    def _said(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def alive(self) -> bool:
        return self._process.poll() is None

    def worker(self, limits: Limits) -> ForkedWorker:
        """A worker: the spare, if there is one of the right kind, or a new one."""
        with self._hand_out:
            chosen, self._spare = self._spare, None
        if chosen is not None and (chosen.limits.memory_mb != limits.memory_mb or chosen.ended()):
            chosen.followed = False
            chosen.close()
            chosen = None
        if chosen is None:
            return ForkedWorker(limits, self)
        chosen.limits = limits  # only the memory is the worker's own business
        return chosen

    def keep_spare(self, limits: Limits) -> None:
        """Have a worker ready for the next submission; done when one has ended, so that nobody waits for it."""
        with self._hand_out:
            if self._spare is None and not self._closing and self.alive():
                with contextlib.suppress(InfrastructureError):  # the next to need one will hear of it
                    self._spare = ForkedWorker(limits, self)

    def fork(self, limits: Limits, descriptors: list[int]) -> tuple[int, int]:
        """Have a worker forked on three pipe ends; returns its number inside and its pidfd."""
        request = b"fork %d %d" % (limits.memory_mb, TOTAL_CPU_SECONDS)
        with self._lock:
            try:
                socket.send_fds(self._control, [request], descriptors)
                data, received, _, _ = socket.recv_fds(self._control, 4096, 1)
            except OSError as error:
                self._process.kill()  # a late answer would be taken for another one's
                raise InfrastructureError(f"The sandbox stopped answering: {error}. Nothing was scored.") from error
        if not data or len(received) != 1:
            for descriptor in received:
                os.close(descriptor)
            raise InfrastructureError(f"The sandbox ended: {self._said() or 'no reason given'}. Nothing was scored.")
        return int(data), received[0]

    def reap(self, pid: int) -> int | None:
        """Exit code of a worker that has ended; None if nobody knows."""
        with self._lock:
            try:
                self._control.send(b"reap %d" % pid)
                return int(self._control.recv(4096))
            except TimeoutError:
                self._process.kill()
                return None
            except (OSError, ValueError):
                return None

    def close(self) -> None:
        """End the zygote and with it every worker forked from it."""
        self._closing = True
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # the zygote ends, whoever else holds this descriptor
        self._control.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
        self._errors.close()


_zygotes: dict[tuple[int, str, str], ZygoteProcess] = {}
_zygotes_lock = threading.Lock()


def start_worker(limits: Limits, stack: Stack) -> Worker:
    """A worker under a stack.

    Raises:
        InfrastructureError: it cannot be started.
    """
    if stack is PROCESS:
        return OwnProcess(limits)
    key = (os.getpid(), limits.engine, stack.name)  # a forked judge does not share its parent's zygote
    with _zygotes_lock:
        zygote = _zygotes.get(key)
        if zygote is not None and not zygote.alive():
            _zygotes.pop(key).close()
            zygote = None
        if zygote is not None:
            try:
                return zygote.worker(limits)
            except InfrastructureError:  # it has ended since it was last used: a new one, once
                _zygotes.pop(key).close()
        zygote = _zygotes[key] = ZygoteProcess(limits.engine, stack)
        return zygote.worker(limits)


@atexit.register
def close_zygotes() -> None:
    """End this process's zygotes; the next worker starts a new one."""
    with _zygotes_lock:
        for key in [key for key in _zygotes if key[0] == os.getpid()]:
            _zygotes.pop(key).close()


# --- what a sandbox is made of --------------------------------------------------------------------


def _environment(folder: str) -> dict[str, str]:
    """A clean environment: what Python needs to start, one thread, fixed hashes."""
    names = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {
        "HOME": folder,
        "TMPDIR": folder,
        "TEMP": folder,
        "TMP": folder,
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONWARNINGS": "ignore",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "VECLIB_MAXIMUM_THREADS": "1",
    }


@lru_cache(maxsize=1)
def _python_paths() -> tuple[str, ...]:
    """What this Python and its environment consist of: programs and libraries, not whatever else lies there."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix), Path(sys.exec_prefix)}
    prefixes |= {Path(os.path.realpath(path)) for path in prefixes}
    prefixes |= {Path(os.path.realpath(sys.executable)).parent.parent}
    parts = [prefix / name for prefix in prefixes for name in ("bin", "lib", "lib64", "lib32", "pyvenv.cfg")]
    found = {str(part) for part in parts if part.exists()}
    outer = [path for path in found if not any(other != path and _is_below(path, other) for other in found)]
    system = [f"/{name}" for name in ("usr", *_SYSTEM)]
    return tuple(sorted(path for path in outer if not any(_is_below(path, other) for other in system)))


_SYSTEM = ("bin", "lib", "lib64", "lib32", "sbin")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _secret_paths() -> list[str]:
    """Folders of checks, solutions, submissions and results, should one lie inside what a worker may read.

    The grader's own packages are, where they are installed into the environment's libraries: workers have
    ``coursekit.upstream`` from the judge, and no file of it.
    """
    secret = {_HERE}
    if (_HERE.parent / "coursekit").is_dir():
        secret.add(_HERE.parent / "coursekit")
    with contextlib.suppress(UsageError):
        secret.add(folders.course_root().resolve())
    if (_HERE.parent / folders.SOURCES).is_dir():
        secret.add(_HERE.parent)
    return [str(path) for path in secret]


@lru_cache(maxsize=2)
def libraries_apart(engine: str) -> tuple[str, ...]:
    """Folders of installed libraries that workers of an engine must not see: numpy units have no torch."""
    found = []
    for name in () if engine == "torch" else ("torch", "functorch", "torchgen"):
        spec = importlib.util.find_spec(name)
        found += list(spec.submodule_search_locations or ()) if spec else []
    return tuple(found)


def _shown(without: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """(path, may a worker read it), a folder before what is in it: the last word on a path counts."""
    readable = ["/usr", *_python_paths(), *(str(_HERE / name) for name in INSIDE)]
    shown = dict.fromkeys(readable, True)
    for path in (*_secret_paths(), *without):
        if path not in shown and any(_is_below(path, other) for other in readable):
            shown[path] = False
    return sorted(shown.items())


def _another_name(path: str, others: Sequence[str]) -> bool:
    """Whether a path is a link to something that is shown anyway (an environment's lib64).

    Shown by itself, it would be a way around what is hidden below the other name.
    """
    return os.path.islink(path) and any(_is_below(os.path.realpath(path), other) for other in others if other != path)


def _readable_paths(whole: bool, without: Sequence[str] = ()) -> list[str]:
    """What a worker may read: libraries, Python, and the grader's files inside the sandbox.

    Args:
        without: folders that it may not read, wherever they lie.
        whole: name folders even if a secret one is inside (a mount hides it); else their other contents.
    """
    system = ["/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/dev/null"]
    devices = ["/dev/zero", "/dev/urandom", "/dev/random", "/proc/cpuinfo"]  # the last: torch complains without it
    shown = _shown(without)
    hidden = [path for path, readable in shown if not readable]
    found = [*system, *devices]
    others = [path for path, readable in shown if readable]
    for path in (path for path in others if not _another_name(path, others)):
        found += [path] if whole else _without(path, hidden)
    return found


def _without(path: str, hidden: list[str]) -> list[str]:
    """The paths in a folder that together make it up but for some of its subfolders."""
    if path in hidden:
        return []
    if not any(_is_below(other, path) for other in hidden):
        return [path]
    try:
        inside = sorted(entry.path for entry in os.scandir(path))
    except OSError:
        return []
    # The folder itself may be listed (imports need that), by a mark that lockdown.py understands.
    return [f"{path}/.", *(found for entry in inside for found in _without(entry, hidden))]


def _anybody_can_read() -> bool:
    """Whether a user without rights can get at this Python, so that workers need not be root."""

    def passable(path: Path) -> bool:
        try:
            return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))
        except OSError:
            return False

    folders_of = [*_python_paths(), str(_HERE), os.path.realpath(sys.executable)]
    return all(passable(Path(path) if Path(path).is_dir() else Path(path).parent) for path in folders_of)


def _tasks_of(uid: int) -> int:
    """How many threads a user has on this machine."""
    count = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.uids().real == uid:
                count += process.num_threads()
    return count


def _bubblewrap(own: bool = False, without: Sequence[str] = ()) -> list[str]:
    """The command that makes the namespaces.

    Args:
        own: what it starts is the zygote: it runs no student code, and may mount a folder for each worker, which gives
            up that right before it runs any.
    """
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:
        # Root makes the mounts and then becomes nobody, inside: Python may lie where only root can look, and a
        # user namespace alone would leave root's files readable.
        command += ["--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            command += ["--cap-add", capability]
    else:
        command += ["--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)]
        command += ["--cap-drop", "ALL"]
    if own:
        command += ["--cap-add", "CAP_SYS_ADMIN"]
    # Not --die-with-parent, which means the thread that started it: the zygote ends when the judge's socket does.
    command += ["--as-pid-1", "--new-session", "--hostname", "sandbox", "--chdir", "/"]
    # Before the binds: Python itself may lie below /tmp, and a later mount hides an earlier one.
    command += [
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--perms",
        "1777",
        "--size",
        str(16 * 1024 * 1024),
        "--tmpfs",
        "/tmp",
    ]
    for name in _SYSTEM:
        path = Path("/") / name
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    for file in ("/etc/ld.so.cache", "/etc/localtime"):
        command += ["--ro-bind-try", file, file]
    made: set[str] = set()
    emptied: list[str] = []
    mounted: list[tuple[str, bool]] = []
    for shown, readable in _shown(without):
        # Folders above a mount, where there is nothing yet, that anybody may pass through: bubblewrap's own are
        # for their owner only.
        for parent in map(str, reversed(Path(shown).parents)):
            above = [state for other, state in mounted if _is_below(parent, other)]
            if parent != "/" and parent not in made and not (above and above[-1]) and (parent, False) not in mounted:
                made.add(parent)
                command += ["--perms", "0755", "--dir", parent]
        if readable and _another_name(shown, [other for other, state in mounted if state]):
            command += ["--symlink", os.readlink(shown), shown]
        elif readable:
            command += ["--ro-bind", shown, shown]
        else:
            command += ["--perms", "0755", "--size", "65536", "--tmpfs", shown]
            emptied.append(shown)
        mounted.append((shown, readable))
    for shown in emptied:
        command += ["--remount-ro", shown]
    if own:
        parent = str(Path(OWN_FOLDER).parent)
        command += ["--perms", "0755", "--size", "65536", "--tmpfs", parent, "--perms", "0755", "--dir", OWN_FOLDER]
        command += ["--remount-ro", parent]
    return command


def _as_nobody(own: bool = False) -> list[str]:
    """Root becomes another user, for good; ``own`` as for :func:`_bubblewrap`."""
    if os.geteuid() != 0:
        return []
    user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    kept = "-all,+sys_admin" if own else "-all"
    ambient = ["--ambient-caps", kept] if own else []
    return [*user, "--inh-caps", kept, *ambient, "--bounding-set", kept, "--no-new-privs"]


# --- which stack ----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def probe() -> tuple[tuple[Stack, ...], dict[str, str]]:
    """The stacks that work here, strongest first, and for each other one why not."""
    available: list[Stack] = []
    reasons: dict[str, str] = {}
    tests: list[tuple[Stack, Callable[[], None]]] = [(BUBBLEWRAP, _try_bubblewrap), (LANDLOCK, _try_landlock)]
    for stack, attempt in tests:
        try:
            attempt()
        except (OSError, subprocess.SubprocessError, lockdown.LockdownError, InfrastructureError) as error:
            reasons[stack.name] = str(error)
        else:
            available.append(stack)
    return (*available, PROCESS), reasons


def _try_landlock() -> None:
    if sys.platform != "linux":
        raise InfrastructureError("needs Linux")
    if lockdown.landlock_version() < 1:
        raise InfrastructureError("this kernel has no Landlock")
    lockdown.load_seccomp_filter()


def _try_bubblewrap() -> None:
    """Make the namespaces once, with a command that only looks at where it is."""
    _try_landlock()
    if shutil.which("bwrap") is None:
        raise InfrastructureError("bubblewrap is not installed (Debian and Ubuntu: apt install bubblewrap)")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        raise InfrastructureError("setpriv is not installed (package util-linux)")
    command = [*_bubblewrap(own=True), "--", *_as_nobody(own=True), "/usr/bin/env", "true"]
    done = subprocess.run(command, capture_output=True, timeout=START_SECONDS, env=_environment("/tmp"), check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InfrastructureError(said[-1] if said else f"bwrap ended with exit code {done.returncode}")


def choose(name: str | None = None) -> Stack:
    """The stack to grade under: the strongest there is, or the one asked for.

    Args:
        name: "bubblewrap", "landlock", "process", or None for the strongest; then never "process".

    Raises:
        UsageError: an unknown name, or one that does not work here.
        InfrastructureError: None was given and there is no isolation.
    """
    if name == PROCESS.name:
        return PROCESS
    available, reasons = probe()
    if name is None:
        if available[0] is not PROCESS:
            return available[0]
        why = "; ".join(f"{stack}: {reason}" for stack, reason in reasons.items())
        raise InfrastructureError(
            f"There is no way to isolate student code on this machine ({why}). Nothing was graded. On Linux, install "
            "bubblewrap; elsewhere, grade in a Linux container or virtual machine. To grade all the same, with code "
            "that you trust: --isolation=process"
        )
    for stack in available:
        if stack.name == name:
            return stack
    if name in reasons:
        raise UsageError(f"The isolation {name!r} does not work here: {reasons[name]}.")
    raise UsageError(f"There is no isolation {name!r}. Known: bubblewrap, landlock, process.")
