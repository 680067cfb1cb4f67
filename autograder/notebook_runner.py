"""Runs a notebook's code cells in a Jupyter kernel and reports what each one showed.

Run as a program by :mod:`autograder.notebook_sandbox`, inside the sandbox, with the kernel as its child: the whole
conversation between the two, with its sockets and its unbounded messages, stays in there. What leaves is one JSON
line per cell on a pipe that the kernel does not have, cut to a bounded size. The rest of the package is not there;
it needs Python, ``ipykernel`` and ``jupyter_client`` only.

In the sandbox this is process 1 of its own process table: nothing in there can signal it or look into its memory,
and when it ends, everything ends. It ends when its standard input does, however the grader went.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import queue
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

MAX_TEXT = 40_000  # characters of text kept per cell
MAX_PICTURE = 4_000_000  # characters of base64 of one picture
MAX_PICTURES = 12  # per cell
MAX_OUTPUTS = 200  # per cell
GRACE_SECONDS = 12.0  # between an interrupt and the end of the kernel
_PICTURES = ("image/png", "image/jpeg")

_EPERM, _ENOSYS = 1, 38
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000
_NEW_NAMESPACES = 0x7E020000  # clone's CLONE_NEW... flags
#: unix, inet, inet6, netlink (harmless without privileges; Python asks it about interfaces). Not vsock: it is no
#: part of a network namespace and would reach the machine's host.
_SOCKETS = (1, 2, 10, 16)
#: (audit's number of the architecture, clone, clone3, socket, what is refused)
_CALLS: dict[str, tuple[int, int, int, int, tuple[int, ...]]] = {
    # fmt: off
    "x86_64": (0xC000003E, 56, 435, 41, (
        101, 310, 311, 312, 438, 440,  # ptrace, process_vm_readv, _writev, kcmp, pidfd_getfd, process_madvise
        319, 447, 29, 64, 68, 240,  # memfd_create, memfd_secret, shmget, semget, msgget, mq_open: uncounted memory
        425, 426, 427, 321, 298, 323,  # io_uring (three), bpf, perf_event_open, userfaultfd
        248, 249, 250,  # add_key, request_key, keyctl
        272, 308, 165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442,  # unshare, setns, mounts of both interfaces
        303, 304, 135,  # name_to_handle_at, open_by_handle_at, personality
        246, 175, 313, 176, 163, 167, 168, 169, 179,  # kexec, modules, acct, swap, reboot, quota
    )),
    "aarch64": (0xC00000B7, 220, 435, 198, (
        117, 270, 271, 272, 438, 440,
        279, 447, 194, 190, 186, 180,
        425, 426, 427, 280, 241, 282,
        217, 218, 219,
        97, 268, 40, 39, 41, 51, 428, 429, 430, 431, 432, 433, 442,
        264, 265, 92,
        104, 105, 273, 106, 89, 224, 225, 142, 60,
    )),
    # fmt: on
}  # fmt: skip


def deny_list(machine: str) -> bytes:
    """A BPF program: what a notebook has no business with is refused, the rest allowed.

    A kernel needs processes, threads and sockets, so this is no allow-list as the judge's workers have.

    Source: seccomp(2), struct seccomp_data; numbers of Linux's syscall_64.tbl and asm-generic/unistd.h.

    Raises:
        KeyError: no list for this machine.
    """
    audit, clone, clone3, socket, refused = _CALLS[machine]

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("<HBBI", code, yes, no, value)

    load, equal, at_least, has, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    number, architecture, first_argument = 0, 4, 16
    no = step(answer, _ERRNO | _EPERM)
    program = step(load, architecture) + step(equal, audit, yes=1) + no
    program += step(load, number) + step(at_least, 0x40000000, no=1) + no  # x32, a second table on x86_64
    for call in refused:
        program += step(equal, call, no=1) + no
    # glibc turns to clone, whose flags can be seen
    program += step(equal, clone3, no=1) + step(answer, _ERRNO | _ENOSYS)
    program += step(equal, clone, no=3) + step(load, first_argument) + step(has, _NEW_NAMESPACES, no=1) + no
    program += step(load, number) + step(equal, socket, no=2 + len(_SOCKETS)) + step(load, first_argument)
    for position, family in enumerate(_SOCKETS):
        program += step(equal, family, yes=len(_SOCKETS) - position)
    return program + no + step(answer, _ALLOW)


def lock_down(settings: dict[str, Any]) -> None:
    """Limits for this process and all it starts; without namespaces around it, only rlimits."""
    import resource

    limits = [
        (resource.RLIMIT_CPU, int(settings["notebook_cpu_seconds"]) + 5),
        (resource.RLIMIT_FSIZE, settings["file_mb"] * 1024 * 1024),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ]
    if sys.platform == "linux":
        limits.append((resource.RLIMIT_AS, settings["address_mb"] * 1024 * 1024))
    if settings["tasks"]:
        limits.append((resource.RLIMIT_NPROC, settings["tasks"]))
    for which, value in limits:
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    if settings["isolated"]:
        path = Path(__file__).with_name("lockdown.py")
        spec = importlib.util.spec_from_file_location("_unrolled_lockdown", path)
        assert spec is not None and spec.loader is not None  # it has just been copied there
        lockdown = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(lockdown)
        lockdown.die_with_parent()
        lockdown.give_up_privileges()
        lockdown.apply_seccomp(lockdown.seccomp_program(deny_list(os.uname().machine)))


# --- one kernel -----------------------------------------------------------------------------------


class KernelEnded(Exception):
    """The kernel is gone; the message says how."""


class Kernel:
    """A Jupyter kernel on file sockets, in the notebook's folder."""

    def __init__(self, folder: Path, state: Path, settings: dict[str, Any]) -> None:
        from jupyter_client.blocking.client import BlockingKernelClient
        from jupyter_client.connect import write_connection_file

        self.settings = settings
        connection = str(state / "kernel.json")
        write_connection_file(connection, transport="ipc", ip=str(state / "k"), key=os.urandom(16).hex().encode())
        environment = dict(os.environ)
        if not settings["isolated"]:
            # The kernel ends when this process does. Process 1 inside a sandbox it would take for a dead parent.
            environment["JPY_PARENT_PID"] = str(os.getpid())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", connection, "--HistoryManager.hist_file=:memory:"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.client: Any = BlockingKernelClient(connection_file=connection)
        self.client.load_connection_file()
        self.client.start_channels(stdin=False, hb=False)
        self._wait_until_ready(settings["start_seconds"])

    def _wait_until_ready(self, seconds: float) -> None:
        """Both channels answer, or the kernel is given up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._still_there()
            self.client.kernel_info()
            if self._next("shell", 0.5) is not None and self._next("iopub", 0.5) is not None:
                while self._next("iopub", 0.2) is not None and time.monotonic() < deadline:
                    pass
                return
        self.kill()
        raise KernelEnded(f"the kernel did not start within {seconds:g} s")

    def _next(self, channel: str, seconds: float) -> dict[str, Any] | None:
        """A message, or None; one that cannot be read (the kernel may send anything) counts as none."""
        get = self.client.get_shell_msg if channel == "shell" else self.client.get_iopub_msg
        try:
            message = get(timeout=seconds)
        except queue.Empty:
            return None
        except Exception:
            return None
        return message if isinstance(message, dict) else None

    def _still_there(self) -> None:
        code = self.process.poll()
        if code is None:
            return
        if code < 0:
            try:
                how = f"by {signal.Signals(-code).name}"
            except ValueError:
                how = f"by signal {-code}"
            raise KernelEnded(f"the kernel was ended {how}")
        raise KernelEnded(f"the kernel ended itself with exit code {code}")

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def _signal(self, number: int) -> None:
        """To the kernel's process group, which it may have left empty."""
        try:
            os.killpg(self.process.pid, number)
        except OSError:
            pass

    def cpu_seconds(self) -> float:
        """Processor time of the kernel and of its children that have ended; 0 where the system does not tell."""
        try:
            text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0.0
        fields = text.rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def run(self, source: str, collected: Collected) -> None:
        """Run one cell; what it shows goes into `collected` as it comes.

        Raises:
            KernelEnded: it took the kernel with it.
        """
        settings = self.settings
        cpu, begun = self.cpu_seconds(), time.monotonic()
        request = self.client.execute(source, store_history=True, allow_stdin=False, stop_on_error=False)
        answered: float | None = None  # when the reply came; outputs may still be on their way
        interrupted = 0.0
        interrupts = 0
        while True:
            message = self._next("iopub", 0.1)
            if message is not None and message.get("parent_header", {}).get("msg_id") == request:
                if collected.take(message):
                    return
            now = time.monotonic()
            if message is None:
                reply = self._next("shell", 0)
                if reply is not None and reply.get("parent_header", {}).get("msg_id") == request:
                    answered = now
                self._still_there()
            if answered is not None and now - answered > 2:
                return  # the message that says so was lost in a flood
            if not interrupts:
                why = ""
                if collected.flooded():
                    why = f"it printed more than {settings['flood_mb']:g} MB"
                elif self.cpu_seconds() - cpu > settings["cell_cpu_seconds"]:
                    why = f"it used more than {settings['cell_cpu_seconds']:g} s of processor time"
                elif now - begun > settings["cell_wall_seconds"]:
                    why = f"it took longer than {settings['cell_wall_seconds']:g} s"
                if why:
                    collected.notes.append(f"This cell was interrupted: {why}.")
                    self.interrupt()
                    interrupted, interrupts = now, 1
            elif now - interrupted > GRACE_SECONDS * interrupts / 2:
                if interrupts == 2:
                    self.kill()
                    raise KernelEnded("the kernel was ended, for the cell did not stop when interrupted")
                self.interrupt()
                interrupts = 2


class Collected:
    """What one cell has shown, in bounded memory."""

    def __init__(self, flood_mb: float) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.count: int | None = None
        self.notes: list[str] = []
        self._flood = flood_mb * 1e6
        self._text = 0
        self._seen = 0
        self._pictures = 0
        self._displays: dict[str, list[dict[str, Any]]] = {}
        self._clear_next = False

    def flooded(self) -> bool:
        return self._seen > self._flood

    def take(self, message: dict[str, Any]) -> bool:
        """Note one message; True if it says that the cell is done. A malformed one is passed over."""
        try:
            return self._take(str(message.get("msg_type")), message.get("content"))
        except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
            return False

    def _take(self, kind: str, content: Any) -> bool:
        if kind == "status":
            return bool(content.get("execution_state") == "idle")
        count = content.get("execution_count")
        if isinstance(count, int):
            self.count = count
        if kind == "stream":
            self._add_text("stderr" if content.get("name") == "stderr" else "stdout", str(content.get("text", "")))
        elif kind == "error":
            lines = [self._cut(str(line)) for line in list(content.get("traceback", []))[-30:]]
            what = {"ename": str(content.get("ename", ""))[:200], "evalue": str(content.get("evalue", ""))[:2000]}
            self._add({"output_type": "error", "traceback": lines, **what})
        elif kind in ("display_data", "execute_result"):
            data = self._data(content.get("data"))
            if data:
                output = {"output_type": "display_data", "data": data}
                self._add(output)
                self._displays.setdefault(self._display_id(content), []).append(output)
        elif kind == "update_display_data":
            for output in self._displays.get(self._display_id(content) or "?", []):
                output["data"] = self._data(content.get("data")) or output["data"]
        elif kind == "clear_output":
            if content.get("wait"):
                self._clear_next = True
            else:
                self._clear()
        return False

    @staticmethod
    def _display_id(content: dict[str, Any]) -> str:
        return str((content.get("transient") or {}).get("display_id") or "")

    def _data(self, bundle: Any) -> dict[str, str]:
        """Text and pictures of what was displayed; nothing that a page would run."""
        data: dict[str, str] = {}
        for mime, value in dict(bundle).items():
            text = "".join(map(str, value)) if isinstance(value, list) else str(value)
            self._seen += len(text)
            if mime == "text/plain":
                data[mime] = self._cut(text)
            elif mime in _PICTURES and len(text) <= MAX_PICTURE and self._pictures < MAX_PICTURES:
                base64.b64decode("".join(text.split()), validate=True)
                self._pictures += 1
                data[mime] = text
        return data

    def _cut(self, text: str) -> str:
        kept = text[: max(MAX_TEXT - self._text, 0)]
        self._text += len(kept)
        return kept if len(kept) == len(text) else kept + "…"

    def _add_text(self, name: str, text: str) -> None:
        self._seen += len(text)
        if self._clear_next:
            self._clear()
        kept = text[: max(MAX_TEXT - self._text, 0)]
        self._text += len(kept)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            last["text"] += kept
        elif kept:
            self._add({"output_type": "stream", "name": name, "text": kept})

    def _add(self, output: dict[str, Any]) -> None:
        if self._clear_next:
            self._clear()
        if len(self.outputs) < MAX_OUTPUTS:
            self.outputs.append(output)

    def _clear(self) -> None:
        self._clear_next = False
        self.outputs.clear()
        self._displays.clear()
        self._text = self._pictures = 0

    def report(self, index: int) -> dict[str, Any]:
        notes = list(self.notes)
        if self._text >= MAX_TEXT:
            notes.append(f"What this cell printed was cut: {self._seen / 1e6:.1f} MB came.")
        return {"kind": "cell", "index": index, "count": self.count, "outputs": self.outputs, "notes": notes}


# --- the program --------------------------------------------------------------------------------------


def copy_in(source: Path, target: Path) -> None:
    """Files into the folder that may be written; those for which there is no room are left out."""
    target.mkdir(parents=True, exist_ok=True)
    for folder, _, names in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            try:
                shutil.copyfile(Path(folder) / name, here / name)
            except OSError:
                continue


def watch(places: list[str], max_files: int) -> None:
    """End everything when the grader is gone, and when there are more files than a notebook has use for.

    Runs in threads of its own: empty files take memory that no limit on size counts.
    """

    def input_ended() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    def too_many_files() -> None:
        while True:
            time.sleep(0.3)
            for place in places:
                there = os.statvfs(place)
                if there.f_files - there.f_ffree > max_files:
                    os._exit(75)

    threading.Thread(target=input_ended, daemon=True).start()
    if max_files:
        threading.Thread(target=too_many_files, daemon=True).start()


def main() -> None:
    """Read what to run, run it, report."""
    signal.signal(signal.SIGINT, lambda *_: None)  # a handler, for the kernel must not inherit that it is ignored
    sources: list[str | None] = json.loads(sys.stdin.buffer.readline())
    settings = json.loads(sys.argv[1])
    report = os.fdopen(os.dup(1), "wb")  # not inherited by the kernel
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        report.write(json.dumps(message).encode() + b"\n")
        report.flush()

    state = Path(settings["state"])
    folder = state / "work" / settings["unit"]
    copy_in(Path(settings["input"]), folder)
    copy_in(Path(settings["fonts"]), state / "matplotlib")
    lock_down(settings)
    watch([settings["state"], "/dev/shm"], settings["max_files"])
    kernel: Kernel | None = None
    try:
        kernel = Kernel(folder, state, settings)
        say({"kind": "started"})
        for index, source in enumerate(sources):
            if source is None or not source.strip():
                continue
            say({"kind": "begin", "index": index})
            collected = Collected(settings["flood_mb"])
            try:
                kernel.run(source, collected)
            finally:
                say(collected.report(index))
        say({"kind": "end", "note": ""})
    except KernelEnded as error:
        say({"kind": "end", "note": str(error)})
    if kernel is not None and not settings["isolated"]:
        kernel.kill()
    report.close()
    os._exit(0)  # at once, and in the sandbox with everything that was started


if __name__ == "__main__":
    main()
