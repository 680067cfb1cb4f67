"""A process that has numpy (and torch) loaded and forks locked-down workers on request.

Run as a program by :mod:`autograder.sandbox`, inside bubblewrap where there is one. It is
single-threaded, knows nothing about any submission, and never runs student code itself: a forked
child gives up everything in :mod:`autograder.lockdown` and only then becomes a
:mod:`autograder.worker`. Requests and answers are a word and numbers on a SOCK_SEQPACKET socket, with
the child's pipes and its pidfd as attached descriptors:

- ``fork MEMORY_MB CPU_SECONDS``, with what the child reads, writes and prints to: its number, and its pidfd;
- ``reap NUMBER``: its exit code, or ``unknown``.

After a fork each page that this process writes to is copied, and Python writes wherever it looks: so what is done for
every child is kept short, and what can be done before is done once.
"""

from __future__ import annotations

import fcntl
import gc
import importlib.util
import json
import os
import resource  # noqa: F401 - what lockdown.py needs in every child is loaded once
import signal
import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

MAX_REQUEST = 4096
INT = struct.Struct("i")  # a descriptor, as it is attached to a message


def load_neighbour(name: str) -> Any:
    """A module of this folder, by path: the package around it is not in the sandbox."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"_unrolled_{name}", path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def warm_up(engine: str) -> None:
    """Import and use once what would otherwise be imported lazily, inside every child."""
    import linecache
    import traceback

    import numpy as np

    np.linalg.svd(np.ones((2, 2)))
    np.random.default_rng(0).normal(size=2)
    traceback.format_exc()
    linecache.clearcache()
    if engine == "torch":
        import torch
        import torch._dynamo

        torch.manual_seed(0)
        torch.set_num_threads(1)  # before any operation: threads do not survive a fork
        weight = torch.nn.Parameter(torch.ones(2, 2))
        optimiser = torch.optim.Adam([weight])
        (weight @ weight).sum().backward()
        optimiser.step()


class Zygote:
    """Serves fork requests until the judge closes the socket."""

    def __init__(self, control: socket.socket, settings: dict[str, Any], worker: Any, lockdown: Any) -> None:
        self.control = control
        self.settings = settings
        self.worker = worker
        self.lockdown = lockdown
        self.pid = os.getpid()
        self.base = lockdown.address_space_now()
        self.filter: Any = lockdown.seccomp_program(lockdown.load_seccomp_filter())
        # Rules restrict nobody before they are applied: made once, for all children.
        own: str | None = settings["own"]
        self.rules: int = lockdown.landlock_ruleset(settings["readable"], own and os.path.dirname(own))

    def serve(self) -> None:
        """One request at a time: fork a child, or tell how one ended."""
        while True:
            data, attached, _, _ = self.control.recvmsg(MAX_REQUEST, socket.CMSG_SPACE(3 * INT.size))
            # The end of the judge, however it came, is the end of this process and so of its children.
            if not data:
                return
            descriptors = [number for _, _, numbers in attached for (number,) in INT.iter_unpack(numbers)]
            kind, *numbers = data.split()
            if kind == b"fork":
                self.fork(int(numbers[0]), int(numbers[1]), descriptors)
            elif kind == b"reap":
                self.reap(int(numbers[0]))
            for descriptor in descriptors:
                os.close(descriptor)

    def fork(self, memory_mb: int, cpu_seconds: int, descriptors: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            self.become_worker(memory_mb, cpu_seconds, descriptors)  # does not return
        pidfd = os.pidfd_open(pid)
        self.control.sendmsg([b"%d" % pid], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, INT.pack(pidfd))])
        os.close(pidfd)

    def reap(self, pid: int) -> None:
        """Answer with the exit status; the judge asks only for children that are dead or about to be."""
        try:
            _, status = os.waitpid(pid, 0)
            code = b"%d" % os.waitstatus_to_exitcode(status)
        except (ChildProcessError, ValueError):
            code = b"unknown"
        self.control.send(code)

    def become_worker(self, memory_mb: int, cpu_seconds: int, descriptors: list[int]) -> None:
        """In the child: keep three pipes, give up the rest, serve the judge."""
        try:
            # First to numbers that nothing below is moved to.
            kept = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 20) for descriptor in (*descriptors, self.rules)]
            receive_fd, send_fd, output_fd, rules = kept
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output_fd, 1)
            os.dup2(output_fd, 2)
            receive_fd, send_fd, rules = os.dup2(receive_fd, 10), os.dup2(send_fd, 11), os.dup2(rules, 12)
            os.closerange(3, 10)
            self.lockdown.close_from(13)
            space = self.base + memory_mb * 1024 * 1024
            self.lockdown.limit_resources(space, cpu_seconds, self.settings["tasks"])
            if self.settings["user"] is not None:
                self.lockdown.become_user(self.settings["user"])
            self.lockdown.die_with_parent()  # the kernel forgets it when a process becomes another user
            if os.getppid() != self.pid:
                os._exit(0)  # the zygote ended first
            if self.settings["own"] is not None:
                self.furnish(self.settings["own"])
            self.lockdown.give_up_privileges()
            self.lockdown.apply_landlock(rules)
            self.lockdown.apply_seccomp(self.filter)
            self.worker.serve(os.fdopen(receive_fd, "rb"), os.fdopen(send_fd, "wb"))
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)
        os._exit(0)

    def furnish(self, own: str) -> None:
        """In the child: an empty folder that is its own, as the current one and wherever a program looks for one."""
        self.lockdown.own_folder(own, self.settings["own_bytes"], self.settings["own_files"])
        os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), own))
        tempfile.tempdir = None  # looked for again


def main() -> None:
    """Load, tell the judge that all is ready, serve."""
    settings = json.loads(sys.argv[1])
    sys.argv[:] = [""]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's to handle, and the children's neither
    control = socket.socket(fileno=settings["control"])
    lockdown = load_neighbour("lockdown")
    lockdown.hide_memory()
    worker = load_neighbour("worker")
    warm_up(settings["engine"])
    worker.open_streams()
    worker.fill_what_is_empty()
    worker.importing.protected_names()
    gc.collect()
    gc.freeze()  # a child's garbage collection does not touch, and so copy, the pages that it shares with this process
    zygote = Zygote(control, settings, worker, lockdown)
    control.send(json.dumps({"ready": True, "uid": os.getuid()}).encode())
    zygote.serve()


if __name__ == "__main__":
    main()
