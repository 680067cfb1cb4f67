"""Judging our own code without a process for each submission: its worker is a thread of this one.

The judge, the protocol and the worker's own code are those of every judgement; there is no isolation, so it is for
modules of ours only. A judgement takes the milliseconds that the check itself needs.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import autograder
from autograder import sandbox, student
from autograder.channel import open_channel
from autograder.sandbox import Limits, Stack

#: Modules that a worker puts in the place of others while it lasts.
REPLACED = ("coursekit", "coursekit.upstream")


@lru_cache(maxsize=1)
def worker_module() -> ModuleType:
    """The worker's program, loaded anew: it brings a protocol of its own, as in its own process."""
    path = Path(autograder.__file__).with_name("worker.py")
    spec = importlib.util.spec_from_file_location("_worker_in_a_thread", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ThreadWorker(sandbox.Worker):
    """A worker in a thread; nothing can end it but the end of its channel."""

    def __init__(self, limits: Limits) -> None:
        (theirs_in, ours_out), (ours_in, theirs_out), (ours_err, self._output) = os.pipe(), os.pipe(), os.pipe()
        program = worker_module()
        receive, send = os.fdopen(theirs_in, "rb"), os.fdopen(theirs_out, "wb")
        self._before = {name: sys.modules.get(name) for name in REPLACED}
        self._known, self._meta_path = set(sys.modules), list(sys.meta_path)
        self._serving = program.Worker(receive, send)
        self._ends = (receive, send)

        def serve() -> None:
            program.protocol.write_frame(send, ["ready", 0, []])
            with np.errstate(all="ignore"):
                self._serving.run()

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        super().__init__(limits, open_channel(ours_out, ours_in, ours_err))

    def cpu_seconds(self) -> float:
        return 0.0

    def last_words(self) -> str:
        return "its thread ended"

    def kill(self) -> None:
        """Have the thread see the end of its channel; does nothing if it has."""
        if self._output < 0:
            return
        os.close(self._output)
        self._output = -1
        self._channel.close()
        self._thread.join(timeout=60)
        for end in self._ends:
            end.close()

    def release(self) -> None:
        sys.meta_path[:] = self._meta_path
        files = self._serving.files
        for name in set(sys.modules) - self._known:
            if getattr(sys.modules[name], "__file__", None) in files or name.partition(".")[0] == "_submission":
                del sys.modules[name]
        for name, module in self._before.items():
            if module is not None:
                sys.modules[name] = module
            else:
                sys.modules.pop(name, None)


@contextmanager
def workers_in_threads() -> Iterator[None]:
    """While this lasts, every judgement of this process has its worker in a thread."""
    program = worker_module()

    def start(limits: Limits, stack: Stack) -> ThreadWorker:
        return ThreadWorker(limits)

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a module's warnings are its own business
        patch.setattr(student, "start_worker", start)
        patch.setattr(program.watch, "install", lambda *arguments: None)  # an audit hook stays for good
        patch.setattr(program.inert, "add_builtins", lambda: None)
        for name in ("empty", "empty_like"):
            patch.setattr(np, name, getattr(np, name))  # put back what the next line replaces
        program.fill_what_is_empty()
        yield
