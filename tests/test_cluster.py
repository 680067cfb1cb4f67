"""Judging on a Dask cluster (autograder/cluster.py): a scheduler and workers on this machine's loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from class_helpers import UNIT, command, environment, events, grade, hand_in, make_class, marks
from patience import HANGS, wait_until

from autograder import cluster, folders
from autograder.errors import InfrastructureError, UsageError
from autograder.mistakes import reference_path

pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="grading a class wants Linux"),
]


@pytest.fixture
def loopback(tmp_path) -> Iterator[tuple[str, Callable[[str], subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and a function that starts a worker; neither knows the course's folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = elsewhere / "scheduler.json"
    running = []

    def dask(*words: str) -> subprocess.Popen[bytes]:
        log = (elsewhere / f"{len(running)}.log").open("wb")
        own = {name: value for name, value in environment().items() if name != "UNROLLED_SALT"}
        program = [sys.executable, "-m", "dask", *words]
        running.append(subprocess.Popen(program, cwd=elsewhere, env=own, stdout=log, stderr=log))
        log.close()
        return running[-1]

    dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    wait_until(lambda: file.exists() and file.read_text() or running[0].poll() is not None)
    assert running[0].poll() is None and file.exists(), (elsewhere / "0.log").read_text()
    address = json.loads(file.read_text())["address"]

    def worker(name: str) -> subprocess.Popen[bytes]:
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name, "--host", "127.0.0.1"]
        return dask("worker", address, *options)

    yield address, worker
    for process in reversed(running):
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait()


@pytest.fixture
def larger_class(tmp_path) -> Path:
    """Sixteen submissions: the five of the small class, and more right ones."""
    root = make_class(tmp_path / "course")
    right = reference_path(UNIT).read_text(encoding="utf-8")
    for number in range(11):
        hand_in(root, f"more{number}", f"{right}\n# {number}\n")
    return root


def test_a_lost_worker_s_submissions_go_elsewhere(loopback, larger_class, tmp_path):
    """One of two workers is killed in the middle: every score is there once, the one that this machine gives."""
    address, worker = loopback
    workers = [worker("one"), worker("two")]
    here = tmp_path / "here"
    shutil.copytree(larger_class, here)
    options = command("--json-lines", "--scheduler", address)
    options = [word for word in options if word not in ("--jobs", "2")]
    judge = subprocess.Popen(
        options, cwd=larger_class, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert judge.stdout is not None and judge.stderr is not None
    lines = []
    while sum('"event": "done"' in line for line in lines) < 4 and (line := judge.stdout.readline()):
        lines.append(line)
    workers[0].kill()
    rest, errors = judge.communicate(timeout=HANGS)
    done = [event for event in events("".join(lines) + rest) if event["event"] == "done"]
    assert judge.returncode == 0, errors + rest
    assert Counter(event["student"] for event in done) == Counter(
        sorted(path.name for path in (larger_class / folders.SUBMITTED).iterdir())
    )
    assert not any(event["kept"] for event in done)
    assert grade(here).returncode == 0
    assert marks(larger_class) == marks(here)


def test_no_scheduler_is_said_at_once(tmp_path, monkeypatch):
    """Nobody answers: one sentence with the address."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1.0)
    with pytest.raises(InfrastructureError, match=r"tcp://127.0.0.1:9 does not answer"):
        cluster.Cluster("tcp://127.0.0.1:9")


def test_something_else_than_an_address_is_refused():
    """A host name alone is no address."""
    with pytest.raises(UsageError, match="one looks like tcp://"):
        cluster.Cluster("localhost")


def test_without_dask_the_extra_is_named(monkeypatch):
    """Who has not installed the extra is told its name."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"unrolled\[cluster\]"):
        cluster.Cluster("tcp://127.0.0.1:8786")
