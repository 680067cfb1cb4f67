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
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from autograder import lockdown, protocol
from autograder.errors import InfrastructureError, UsageError

_HERE = Path(__file__).resolve().parent
WORKER = _HERE / "worker.py"
#: The grader's only files inside the sandbox.
INSIDE = ("worker.py", "protocol.py", "lockdown.py", "zygote.py", "seccomp")
MAX_OUTPUT = 64 * 1024  # bytes of a student's output that are kept
TOTAL_CPU_SECONDS = 300  # of one worker's life; each call has its own, much smaller limit
START_SECONDS = 60.0
NOBODY = 65534  # the user and group that root becomes before student code runs
SPARES = 1  # workers that are kept ready


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

    def __init__(self, limits: Limits, send: BinaryIO, receive: BinaryIO, output: BinaryIO) -> None:
        self.limits = limits
        self._output = bytearray()
        self._output_cut = False
        self._ready = False
        self._send = send
        self._streams = (send, receive, output)
        self._messages: queue.Queue[Any] = queue.Queue(maxsize=64)
        self._reader = threading.Thread(target=self._read, args=(receive,), daemon=True)
        self._drain = threading.Thread(target=self._keep_output, args=(output,), daemon=True)
        self._reader.start()
        self._drain.start()

    def cpu_seconds(self) -> float:
        """Processor time that the worker's process has used so far."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the process now; does nothing if it has ended."""
        raise NotImplementedError

    def last_words(self) -> str:
        """How the process ended, in words."""
        raise NotImplementedError

    def release(self) -> None:
        """Give back what the process held; called once, after its end."""

    def _read(self, stream: BinaryIO) -> None:
        while True:
            try:
                message = protocol.read_frame(stream)
            except EOFError:
                message = WorkerEnded("the process ended")
            except (protocol.ProtocolError, OSError, ValueError) as error:
                message = WorkerEnded(f"its answer broke the protocol ({error})")
            self._messages.put(message)
            if isinstance(message, WorkerEnded):
                return

    def _keep_output(self, stream: BinaryIO) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(stream.fileno(), 65536):
                room = MAX_OUTPUT - len(self._output)
                self._output += piece[:room]
                self._output_cut |= len(piece) > room

    def send(self, message: list[Any]) -> None:
        """Send one message; raises WorkerEnded if nobody is there to read it."""
        try:
            protocol.write_frame(self._send, message)
        except (OSError, ValueError) as error:
            raise WorkerEnded(self.last_words()) from error

    def receive(self, started: float, cpu_started: float, factor: float = 1.0) -> Any:
        """The next message, or WorkerEnded, or CallTimedOut (then the worker is dead)."""
        cpu_limit = self.limits.call_cpu_seconds * factor
        wall_limit = max(self.limits.call_wall_seconds, START_SECONDS if factor > 1 else 0)
        while True:
            # Deadlines are looked at on every turn: a worker that keeps talking does not escape them.
            if time.monotonic() - started > 0.1:
                self._enforce(started, cpu_started, cpu_limit, wall_limit)
            try:
                message = self._messages.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(message, WorkerEnded):
                self.kill()
                raise WorkerEnded(self.last_words() if message.reason == "the process ended" else message.reason)
            return message

    def _enforce(self, started: float, cpu_started: float, cpu_limit: float, wall_limit: float) -> None:
        if self.cpu_seconds() - cpu_started > cpu_limit:
            self.kill()
            raise CallTimedOut(cpu_limit, "processor time")
        if time.monotonic() - started > wall_limit:
            self.kill()
            raise CallTimedOut(wall_limit, "waiting")

    def wait_until_ready(self) -> None:
        """Wait for the worker's first message, sent before anything of the student's runs.

        Raises:
            InfrastructureError: it does not come; the machine or the installation is at fault.
        """
        if self._ready:
            return
        try:
            message = self._messages.get(timeout=START_SECONDS)
        except queue.Empty:
            message = WorkerEnded(f"nothing was heard of it for {START_SECONDS:g} s")
        if message != ["ready", 0, []]:
            self.kill()
            self._drain.join(timeout=5)
            why = message.reason if isinstance(message, WorkerEnded) else "it spoke out of turn"
            said = self.text().strip().splitlines()
            raise InfrastructureError(
                f"A worker process did not start: {why}{f' ({said[-1]})' if said else ''}. Nothing was scored."
            )
        self._ready = True

    def clock(self) -> tuple[float, float]:
        """Wall-clock and processor time now, to start a deadline with."""
        return time.monotonic(), self.cpu_seconds()

    def close(self) -> None:
        """End the worker and collect its output."""
        self.kill()
        while self._reader.is_alive():  # the reader may wait for room in a full queue
            with contextlib.suppress(queue.Empty):
                self._messages.get(timeout=0.05)
        self._drain.join(timeout=5)
        for stream in self._streams:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        self.release()

    def text(self) -> str:
        """What the student's code printed."""
        words = bytes(self._output).decode("utf-8", "replace")
        return words + ("\n[… cut at 64 KB]" if self._output_cut else "")


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
        settings = {"engine": limits.engine, "memory_mb": limits.memory_mb, "cpu_seconds": TOTAL_CPU_SECONDS}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", str(WORKER), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=-1,
                cwd=self._folder,
                env=_environment(self._folder),
                start_new_session=sys.platform != "win32",  # Ctrl-C is the judge's to handle
            )
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise InfrastructureError(f"A worker process could not be started: {error}.") from error
        send, receive, output = self._process.stdin, self._process.stdout, self._process.stderr
        super().__init__(limits, send, receive, output)  # type: ignore[arg-type]  # PIPE gives all three

    def cpu_seconds(self) -> float:
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        return _ending(self._process.returncode)

    def kill(self) -> None:
        """End the worker and everything in its process group now."""
        if sys.platform != "win32" and self._process.returncode is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
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
        self._dead = False
        send, receive, output = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb"), os.fdopen(ours_err, "rb")
        super().__init__(limits, send, receive, output)

    @property
    def host_pid(self) -> int:
        """The process's number as this process sees it; 0 after its end."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/self/fdinfo/{self._pidfd}").read_text(encoding="ascii").splitlines():
                if line.startswith("Pid:"):
                    return max(int(line.split()[1]), 0)
        return 0

    def cpu_seconds(self) -> float:
        pid = self.host_pid
        if not pid:
            return 0.0
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        if self._dead:
            return
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._dead = True
        self._code = self._zygote.reap(self._pid)

    def last_words(self) -> str:
        if not self._dead:
            # The pidfd becomes readable when the process ends; one that only closed its channel is ended here.
            import select

            ended, _, _ = select.select([self._pidfd], [], [], 5)
            if ended:
                self._dead = True
                self._code = self._zygote.reap(self._pid)
            else:
                self.kill()
                return "it closed its channel"
        return _ending(self._code)

    def release(self) -> None:
        os.close(self._pidfd)


# --- the zygote ---------------------------------------------------------------------------------


class ZygoteProcess:
    """A running zygote and the way to ask it for workers."""

    def __init__(self, engine: str, stack: Stack) -> None:
        self.engine = engine
        self.stack = stack
        self._lock = threading.Lock()
        self._spares: dict[Limits, list[ForkedWorker]] = {}
        self._folder = tempfile.mkdtemp(prefix="unrolled-")
        os.chmod(self._folder, 0o755)  # another user may have to stand in it
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {
            "engine": engine,
            "control": theirs.fileno(),
            "readable": _readable_paths(),
            "die_with_parent": stack is LANDLOCK,
        }
        command = [sys.executable, "-P", "-s", str(_HERE / "zygote.py"), json.dumps(settings)]
        if stack is BUBBLEWRAP:
            command = [*_bubblewrap(), "--", *_as_nobody(), *command]
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                cwd=self._folder if stack is LANDLOCK else "/",
                env=_environment("/tmp" if stack is BUBBLEWRAP else self._folder),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            shutil.rmtree(self._folder, ignore_errors=True)
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

    def _said(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def alive(self) -> bool:
        return self._process.poll() is None

    def worker(self, limits: Limits) -> ForkedWorker:
        """A worker that is ready or nearly so; another one is forked for the next to come."""
        spares = self._spares.setdefault(limits, [])
        chosen = spares.pop() if spares else ForkedWorker(limits, self)
        while len(spares) < SPARES:
            spares.append(ForkedWorker(limits, self))
        return chosen

    def fork(self, limits: Limits, descriptors: list[int]) -> tuple[int, int]:
        """Have a worker forked on three pipe ends; returns its number inside and its pidfd."""
        request = {"kind": "fork", "memory_mb": limits.memory_mb, "cpu_seconds": TOTAL_CPU_SECONDS}
        with self._lock:
            try:
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
                data, received, _, _ = socket.recv_fds(self._control, 4096, 1)
            except OSError as error:
                raise InfrastructureError(f"The sandbox stopped answering: {error}. Nothing was scored.") from error
        if not data or len(received) != 1:
            raise InfrastructureError(f"The sandbox ended: {self._said() or 'no reason given'}. Nothing was scored.")
        return int(json.loads(data)["pid"]), received[0]

    def reap(self, pid: int) -> int | None:
        """Exit code of a worker that has ended; None if nobody knows."""
        with self._lock:
            try:
                self._control.send(json.dumps({"kind": "reap", "pid": pid}).encode())
                answer = json.loads(self._control.recv(4096) or b"{}")
            except (OSError, ValueError):
                return None
        code = answer.get("code")
        return code if isinstance(code, int) else None

    def close(self) -> None:
        """End the zygote and with it every worker forked from it."""
        for spares in self._spares.values():
            for spare in spares:
                spare.close()
        self._spares.clear()
        with contextlib.suppress(OSError):
            self._control.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
        self._errors.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_zygotes: dict[tuple[int, str, str], ZygoteProcess] = {}


def start_worker(limits: Limits, stack: Stack) -> Worker:
    """A worker under a stack.

    Raises:
        InfrastructureError: it cannot be started.
    """
    if stack is PROCESS:
        return OwnProcess(limits)
    key = (os.getpid(), limits.engine, stack.name)  # a forked judge does not share its parent's zygote
    zygote = _zygotes.get(key)
    if zygote is None or not zygote.alive():
        zygote = _zygotes[key] = ZygoteProcess(limits.engine, stack)
    return zygote.worker(limits)


@atexit.register
def close_zygotes() -> None:
    """End this process's zygotes; the next worker starts a new one."""
    for key in [key for key in _zygotes if key[0] == os.getpid()]:
        _zygotes.pop(key).close()


# --- what a sandbox is made of --------------------------------------------------------------------


def _environment(folder: str) -> dict[str, str]:
    """A clean environment: what Python needs to start, one thread, fixed hashes."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "HOME": folder,
        "TMPDIR": folder,
        "TEMP": folder,
        "TMP": folder,
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
    """Folders of this Python and of what is installed in its environment."""
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix), Path(sys.exec_prefix)}
    found |= {Path(os.path.realpath(path)) for path in found} | {Path(os.path.realpath(sys.executable)).parent.parent}
    outer = [path for path in found if not any(other != path and other in path.parents for other in found)]
    return tuple(sorted(str(path) for path in outer if str(path) not in ("/", "/usr")))


def _readable_paths() -> list[str]:
    """What a worker may read: libraries, Python, and the grader's files inside the sandbox."""
    system = ["/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/dev/null"]
    devices = ["/dev/zero", "/dev/urandom", "/dev/random"]
    return [*system, *devices, *_python_paths(), *(str(_HERE / name) for name in INSIDE)]


def _bubblewrap() -> list[str]:
    """The command that makes the namespaces."""
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
    command += ["--as-pid-1", "--die-with-parent", "--new-session", "--hostname", "sandbox", "--chdir", "/"]
    made: set[str] = set()
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64", "lib32", "sbin"):
        path = Path("/") / name
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    for name in ("/etc/ld.so.cache", "/etc/localtime"):
        command += ["--ro-bind-try", name, name]
    for folder in _python_paths():
        command += [*_parents(folder, made), "--ro-bind", folder, folder]
    for name in INSIDE:
        file = str(_HERE / name)
        command += [*_parents(file, made), "--ro-bind", file, file]
    return [*command, "--proc", "/proc", "--dev", "/dev", "--size", str(16 * 1024 * 1024), "--tmpfs", "/tmp"]


def _parents(path: str, made: set[str]) -> list[str]:
    """Folders above a mount that anybody may pass through; bubblewrap's own are for their owner only."""
    command = []
    for parent in reversed(Path(path).parents):
        covered = str(parent) == "/" or any(
            parent == Path(base) or Path(base) in parent.parents for base in ("/usr", *_python_paths())
        )
        if not covered and str(parent) not in made:
            made.add(str(parent))
            command += ["--perms", "0755", "--dir", str(parent)]
    return command


def _as_nobody() -> list[str]:
    """Root becomes another user, for good."""
    if os.geteuid() != 0:
        return []
    user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    return [*user, "--inh-caps", "-all", "--bounding-set", "-all", "--no-new-privs"]


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
    command = [*_bubblewrap(), "--", *_as_nobody(), "/usr/bin/env", "true"]
    done = subprocess.run(command, capture_output=True, timeout=20, env=_environment("/tmp"), check=False)
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
