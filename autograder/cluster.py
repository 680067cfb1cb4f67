"""Where submissions are judged: processes on this machine, or a Dask cluster; each a ``concurrent.futures.Executor``.

What goes there is a :class:`~autograder.grade.Task`: the submission's bytes, its draw and the version of the grader.
What comes back is a result as plain data. No place but the judge's own machine needs the course's folder, the salt or
the gradebook.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any

from autograder.errors import InfrastructureError, UsageError

CONNECT_SECONDS = 60.0
WORKERS_SECONDS = 300.0  # how long to wait for the first worker of a cluster: a queue may be long


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Place(Executor):
    """An executor that knows how much it can do at once, and how to stop without waiting."""

    @property
    def width(self) -> int:
        """How many submissions it judges at once, now."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """What it is, in words."""
        raise NotImplementedError

    def begin(self, prepare: Callable[..., object], *args: Any) -> None:
        """Start now, and call a function first in each process; a place whose processes run anyway need not."""

    def stop(self) -> None:
        """End what is running, without its results."""
        raise NotImplementedError


# --- this machine --------------------------------------------------------------------------------


class Processes(Place):
    """Processes on this machine. If one is killed, the futures of that moment fail and new processes take over."""

    def __init__(self, count: int | None = None) -> None:
        self._count = count or cores()
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._prepare: Callable[[], object] = get_ready
        self._ending: list[threading.Thread] = []  # each closes the pipes of a pool that has been shut down

    @property
    def width(self) -> int:
        return self._count

    @property
    def text(self) -> str:
        return f"{self._count} process{'es' * (self._count > 1)} on this machine"

    def begin(self, prepare: Callable[..., object], *args: Any) -> None:
        """As the base class says. What the function raises is left to the tasks to find."""
        self._prepare = partial(prepare, *args)
        with self._lock:
            self._pool = self._pool or self._started()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self._lock:
            for _ in range(2):
                if self._pool is None:
                    self._pool = self._started()
                try:
                    return self._pool.submit(fn, *args, **kwargs)
                except BrokenProcessPool:  # noticed after an earlier task: this one has not begun
                    self._pool.shutdown(wait=False)
                    self._pool = None
        raise InfrastructureError("Processes to judge in end as soon as they are started.")

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self._count, mp_context=context, initializer=_end_with_parent)
        with _no_interrupts_inherited():
            for _ in range(self._count):  # each of these starts one process, which stays deaf to Ctrl-C
                pool.submit(self._prepare)
        return pool

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            manager = getattr(pool, "_executor_manager_thread", None)
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)
            self._ending += [manager] if manager is not None else []

    def stop(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()  # its sandbox ends with it
            pool.shutdown(wait=True, cancel_futures=True)
        # A thread that still closes its pipes while Python ends would leave words of that on the screen.
        for thread in self._ending:
            thread.join()
        self._ending.clear()


@contextmanager
def process_pool(jobs: int | None = None) -> Iterator[Processes]:
    """Processes to judge in, one per core by default, started now; Ctrl-C is left to this one."""
    executor = Processes(jobs)
    try:
        executor.begin(get_ready)
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """Runs first in each process: it ends when the judge does, however the judge ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: Any) -> None:
    parent.join()
    os._exit(1)


def get_ready(unit_id: str | None = None, stack_name: str | None = None) -> None:
    """Do what a process has to do once before it can judge: import the grader, start a sandbox.

    Args:
        unit_id: what will be judged; None: not known yet.
        stack_name: how student code will be isolated; None: the strongest that the machine offers.
    """
    import autograder.judge  # noqa: F401 -- importing it is what takes longest
    from autograder.checking import load_checks
    from autograder.course import load_course
    from autograder.sandbox import PROCESS, Limits, choose, start_worker
    from autograder.store import grader_pieces

    if unit_id is None:
        return
    unit = load_course().unit(unit_id)
    load_checks(unit)
    grader_pieces(unit)
    stack = choose(stack_name)
    if stack is not PROCESS:  # which keeps nothing from one submission to the next
        limits = Limits(unit.engine, unit.call_cpu_seconds, unit.call_wall_seconds, unit.memory_mb)
        start_worker(limits, stack).close()


def get_ready_to_draw() -> None:
    """Import what draws a report's plots, while nobody waits for them."""
    importlib.import_module("matplotlib.figure")
    importlib.import_module("matplotlib.backends.backend_svg")
    import autograder.plots  # noqa: F401 -- as above


@contextmanager
def _no_interrupts_inherited() -> Iterator[None]:
    """Ignore Ctrl-C while processes are started: what they inherit they keep."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# --- a Dask cluster ------------------------------------------------------------------------------


class Cluster(Place):
    """The workers of a Dask scheduler. What a lost worker had is judged by another one; Dask looks after that."""

    def __init__(self, address: str, say: Callable[[str], None] = lambda words: None) -> None:
        """Connect, wait for a worker, and see that all of them have this grader.

        Args:
            address: of the scheduler, ``tcp://host:8786`` or ``tls://host:8786``.
            say: told what is being waited for.

        Raises:
            UsageError: the extra ``cluster`` is not installed, or this is no address.
            InfrastructureError: nobody answers, there are no workers, or they cannot run this grader.
        """
        try:
            distributed = importlib.import_module("distributed")
        except ImportError:
            raise UsageError("--scheduler needs Dask: install the extra, pip install 'unrolled[cluster]'.") from None
        if "://" not in address:
            raise UsageError(f"{address!r} is no address of a scheduler; one looks like tcp://192.168.0.5:8786.")
        self.address = address
        try:
            self._client: Any = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InfrastructureError(f"The Dask scheduler {address} does not answer: {said}.") from None
        try:
            self._wait_for_workers(say)
            self._see_that_they_can()
        except BaseException:
            self._client.close()
            raise
        self._executor = self._client.get_executor(pure=False)

    def _wait_for_workers(self, say: Callable[[str], None]) -> None:
        deadline = time.monotonic() + WORKERS_SECONDS
        if not self._client.nthreads():
            say(f"Waiting for a worker to join the scheduler {self.address} …")
        while not self._client.nthreads():
            if time.monotonic() > deadline:
                raise InfrastructureError(
                    f"No worker has joined the scheduler {self.address} within {WORKERS_SECONDS:g} s. "
                    f"Start some: dask worker {self.address} --nworkers -1 --nthreads 1"
                )
            time.sleep(0.2)

    def _see_that_they_can(self) -> None:
        """Every worker imports the grader; whether it is the same one is asked with each task (workers come and go)."""
        answers = self._client.run(_grader_version, on_error="return")
        broken = {name: answer for name, answer in answers.items() if isinstance(answer, BaseException)}
        if broken:
            name, error = next(iter(broken.items()))
            raise InfrastructureError(
                f"{len(broken)} of {len(answers)} workers cannot run this grader. {name}: {type(error).__name__}: "
                f"{error}. Install the same checkout there: pip install -c constraints.txt -e '.[cluster]'"
            )

    @property
    def width(self) -> int:
        try:
            return max(int(sum(self._client.nthreads().values())), 1)
        except Exception:  # the scheduler is gone: the futures say so
            return 1

    @property
    def text(self) -> str:
        try:
            threads = self._client.nthreads()
        except Exception:  # as above
            threads = {}
        return f"{sum(threads.values())} threads of {len(threads)} workers at {self.address}"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with contextlib.suppress(Exception):  # a scheduler that is gone has nothing to shut down
            self._executor.shutdown(wait=wait and not cancel_futures)
        with contextlib.suppress(Exception):
            self._client.close()

    def stop(self) -> None:
        self.shutdown(wait=False, cancel_futures=True)


def _grader_version() -> str:
    """Runs on a worker: that it can be imported there is the point."""
    from importlib.metadata import version

    import autograder.grade  # noqa: F401 -- see above

    return version("unrolled")
