"""Starts, limits and ends workers.

The isolation offered here is the process: a worker of its own per submission, started by exec
with a clean environment in an empty folder, under rlimits (memory, processor time, file size,
open files), with a deadline on every call. The judge never imports student code. What a process
of the same user could still do (read files that this user can read) is not prevented; every
result says which isolation it was made under.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from autograder import protocol
from autograder.errors import InfrastructureError

WORKER = Path(__file__).with_name("worker.py")
MAX_OUTPUT = 64 * 1024  # bytes of a student's output that are kept
TOTAL_CPU_SECONDS = 300  # of one worker's life; each call has its own, much smaller limit
START_SECONDS = 60.0

#: Named in every result and report.
ISOLATION = (
    "process (rlimits and deadlines)" if sys.platform != "win32" else "process (deadlines only; no limits on memory)"
)
WEAKNESS = (
    "Student code runs in a process of its own that never sees expected values, but as the same user: "
    "it can read files that you can read. Grade work that you do not trust in a container or a virtual machine."
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


class WorkerProcess:
    """One running worker and the channel to it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.output = bytearray()
        self.output_cut = False
        self._folder = tempfile.mkdtemp(prefix="unrolled-")
        settings = {
            "engine": limits.engine,
            "memory_mb": limits.memory_mb,
            "cpu_seconds": TOTAL_CPU_SECONDS,
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", str(WORKER), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._folder,
                env=_environment(self._folder),
                start_new_session=sys.platform != "win32",  # Ctrl-C is the judge's to handle
            )
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise InfrastructureError(f"A worker process could not be started: {error}.") from error
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._send: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._messages: queue.Queue[Any] = queue.Queue(maxsize=64)
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._drain = threading.Thread(target=self._keep_output, args=(self._process.stderr,), daemon=True)
        self._reader.start()
        self._drain.start()

    def _read(self, stream: Any) -> None:
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

    def _keep_output(self, stream: Any) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := stream.read1(65536):
                room = MAX_OUTPUT - len(self.output)
                self.output += piece[:room]
                self.output_cut |= len(piece) > room

    def _cpu_seconds(self) -> float:
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

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
            try:
                message = self._messages.get(timeout=0.1)
            except queue.Empty:
                wall = time.monotonic() - started
                if self._cpu_seconds() - cpu_started > cpu_limit:
                    self.kill()
                    raise CallTimedOut(cpu_limit, "processor time") from None
                if wall > wall_limit:
                    self.kill()
                    raise CallTimedOut(wall_limit, "waiting") from None
                continue
            if isinstance(message, WorkerEnded):
                self.kill()
                raise WorkerEnded(self.last_words() if message.reason == "the process ended" else message.reason)
            return message

    def clock(self) -> tuple[float, float]:
        """Wall-clock and processor time now, to start a deadline with."""
        return time.monotonic(), self._cpu_seconds()

    def last_words(self) -> str:
        """How the process ended, in words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        code = self._process.returncode
        if code is None:
            return "it closed its channel"
        if code < 0:
            import signal

            with contextlib.suppress(ValueError):
                return f"it was ended by {signal.Signals(-code).name}"
        return f"the process ended with exit code {code}"

    def kill(self) -> None:
        """End the worker and everything in its process group now."""
        if sys.platform != "win32":
            import signal

            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)

    def close(self) -> None:
        """End the worker, collect its output, remove its folder."""
        with contextlib.suppress(OSError, ValueError):
            self._send.close()
        self.kill()
        while self._reader.is_alive():  # the reader may wait for room in a full queue
            with contextlib.suppress(queue.Empty):
                self._messages.get(timeout=0.05)
        self._drain.join(timeout=5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def text(self) -> str:
        """What the student's code printed."""
        words = bytes(self.output).decode("utf-8", "replace")
        return words + ("\n[… cut at 64 KB]" if self.output_cut else "")
