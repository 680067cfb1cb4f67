"""The processes that judge on this machine (autograder/cluster.py)."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool

import pytest

from autograder import sandbox
from autograder.cluster import Processes, get_ready
from autograder.course import load_course
from autograder.errors import InfrastructureError

LIMIT = 4321  # calls on the stack: something that a function of Python's own can set and another one can tell


@pytest.fixture
def start() -> Iterator[Callable[..., Processes]]:
    """A function that starts one process, which calls a function first."""
    started = []

    def start(prepare: Callable[..., object], *args: object) -> Processes:
        started.append(Processes(1))
        started[-1].begin(prepare, *args)
        return started[-1]

    yield start
    for place in started:
        place.shutdown()


def test_a_process_gets_ready_before_it_is_given_work(start):
    """The function has been called when the first task runs."""
    assert start(sys.setrecursionlimit, LIMIT).submit(sys.getrecursionlimit).result() == LIMIT


def test_a_process_that_takes_over_gets_ready_too(start):
    """After one is killed the next one calls the function again."""
    place = start(sys.setrecursionlimit, LIMIT)
    with pytest.raises(BrokenProcessPool):
        place.submit(os._exit, 1).result()
    assert place.submit(sys.getrecursionlimit).result() == LIMIT


def test_a_process_that_cannot_get_ready_still_works(start):
    """What is wrong shows where it matters, with a submission's name to it."""
    assert start(sys.setrecursionlimit, -1).submit(sys.getrecursionlimit).result() > 0


@pytest.mark.parametrize("working", [True, False])
def test_nothing_of_a_place_that_has_stopped_is_left(start, working):
    """No thread of its pool is still about when Python ends, whether it was shut down before or stopped at work."""
    before = set(threading.enumerate())
    place = start(sys.setrecursionlimit, LIMIT)
    place.submit(time.sleep, 600.0 if working else 0.0)
    if not working:
        place.shutdown(wait=False)
    place.stop()
    assert not [thread for thread in set(threading.enumerate()) - before if "Feeder" not in thread.name]


def test_getting_ready_starts_the_sandbox(start):
    """The first submission does not wait for it."""
    try:
        stack = sandbox.choose()
    except InfrastructureError:
        pytest.skip("no isolation on this machine")
    assert start(get_ready, load_course().unit("02_bptt").id, stack.name).submit(sandboxes).result() == [stack.name]


def sandboxes() -> list[str]:
    """Those that run in this process."""
    return [stack for _, _, stack in sandbox._zygotes]
