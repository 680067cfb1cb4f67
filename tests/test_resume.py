"""A run that is killed goes on where it stopped and ends in the same gradebook (`autograder grade`)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from class_helpers import command, environment, events, grade, hand_in, make_class, marks
from patience import APPEARS, HANGS
from postgres_server import PASSWORD

from autograder import folders
from autograder.store import ResultStore

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="grading a class wants Linux"),
]


@pytest.fixture(scope="module")
def classroom(tmp_path_factory) -> Path:
    """A course with five submissions, nothing graded."""
    return make_class(tmp_path_factory.mktemp("resume") / "course")


@pytest.fixture(scope="module")
def finished(classroom, tmp_path_factory) -> tuple[Path, float]:
    """The same course after an undisturbed run, and how long that took."""
    root = tmp_path_factory.mktemp("finished") / "course"
    shutil.copytree(classroom, root)
    started = time.monotonic()
    done = grade(root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root, time.monotonic() - started


@pytest.fixture
def expected(finished) -> dict[str, Any]:
    """What the gradebook holds after an undisturbed run."""
    return marks(finished[0], f"sqlite:///{finished[0] / 'gradebook.db'}")


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def fresh(classroom, tmp_path, request, monkeypatch) -> Path:
    """A copy of the course in which nothing is graded; its gradebook is a file, or a database on a server."""
    if request.param == "PostgreSQL":
        monkeypatch.setenv("UNROLLED_DB", request.getfixturevalue("postgres").database())
    shutil.copytree(classroom, tmp_path / "course")
    return tmp_path / "course"


def start(root: Path, *options: str, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start the command, printing JSON lines."""
    return subprocess.Popen(
        command("--json-lines", *options),
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], count: int) -> list[str]:
    """Students of the first so many submissions that are done."""
    students: list[str] = []
    assert process.stdout is not None
    while len(students) < count and (line := process.stdout.readline()):
        students += [event["student"] for event in events(line) if event["event"] == "done"]
    return students


def kill(process: subprocess.Popen[str]) -> None:
    """End the judge without warning, and see its processes end by themselves."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=APPEARS)
    assert alive == []


@pytest.mark.parametrize(
    ("fresh", "count"), [("SQLite", 0), ("SQLite", 1), ("SQLite", 3), ("PostgreSQL", 1)], indirect=["fresh"]
)
def test_a_killed_run_goes_on_and_ends_the_same(fresh, expected, count):
    """After `kill -9` the same command grades the rest, nobody twice, and the gradebook is that of one run."""
    process = start(fresh)
    before = wait_for(process, count)
    kill(process)
    done = grade(fresh, "--json-lines")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = [event["student"] for event in events(done.stdout) if event["event"] == "done" and event["kept"]]
    assert set(before) <= set(kept)
    assert marks(fresh) == expected


def test_two_graders_at_once_end_in_the_gradebook_of_one(fresh, expected, tmp_path, monkeypatch):
    """Two courses' folders, one gradebook that is not there yet, and students whom both grade."""
    other = tmp_path / "other"
    shutil.copytree(fresh, other)
    if "UNROLLED_DB" not in os.environ:
        monkeypatch.setenv("UNROLLED_DB", f"sqlite:///{tmp_path / 'shared.db'}")
        (fresh / "gradebook.db").unlink(missing_ok=True)
    theirs = [*("--student", "ada", "--student", "bob", "--student", "cyd", "--student", "dee")]
    both = [start(fresh, *theirs), start(other, *theirs[2:], "--student", "eve")]
    said = [process.communicate(timeout=HANGS)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert {name: rows for name, rows in marks(fresh).items() if not name.endswith(".ipynb")} == {
        name: rows for name, rows in expected.items() if not name.endswith(".ipynb")
    }


@pytest.mark.parametrize("fresh", ["PostgreSQL"], indirect=True)
def test_a_server_that_goes_away_costs_a_sentence(fresh, expected, postgres):
    """Exit code 4, no traceback and no password; the same command goes on when the server is back."""
    process = start(fresh, stderr=subprocess.PIPE)
    before = wait_for(process, 1)
    postgres.stop()
    try:
        out, err = process.communicate(timeout=HANGS)
        again = grade(fresh)
    finally:
        postgres.start()
    assert process.returncode == 4 and "cannot be used any more" in err and "the same command again" in err, out + err
    assert again.returncode == 4 and "cannot be reached" in again.stderr
    assert not any(word in out + err + again.stdout + again.stderr for word in ("Traceback", PASSWORD))
    done = grade(fresh, "--json-lines")
    kept = [event["student"] for event in events(done.stdout) if event["event"] == "done" and event["kept"]]
    assert done.returncode == 0 and set(before) <= set(kept) and marks(fresh) == expected


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_kills_at_random_moments_end_in_twenty_identical_gradebooks(classroom, finished, tmp_path):
    """`kill -9` at a random moment of a run, twice in a row at times: always the same gradebook in the end."""
    order = random.Random(20)
    expected, seconds = marks(finished[0]), finished[1]
    for number in range(20):
        root = tmp_path / str(number)
        shutil.copytree(classroom, root)
        for _ in range(order.choice((1, 1, 2))):
            process = start(root)
            time.sleep(order.uniform(0.0, 1.1) * seconds)
            kill(process)
        done = grade(root)
        assert done.returncode == 0, done.stdout + done.stderr
        assert marks(root) == expected, number
        shutil.rmtree(root)


@pytest.mark.parametrize("fresh", ["SQLite"], indirect=True)
def test_ctrl_c_keeps_what_is_graded_and_says_how_to_go_on(fresh, finished):
    """Exit code 130, a sentence, no traceback, no process left; the next run keeps what was done."""
    process = start(fresh)
    before = wait_for(process, 1)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=HANGS)
    assert process.returncode == 130
    texts = [event["text"] for event in events(said) if event["event"] == "warning"]
    assert any("the same command goes on" in text for text in texts) and "Traceback" not in said
    assert psutil.wait_procs(children, timeout=APPEARS)[1] == []
    done = grade(fresh, "--json-lines")
    kept = [event["student"] for event in events(done.stdout) if event["event"] == "done" and event["kept"]]
    assert set(before) <= set(kept) and marks(fresh) == marks(finished[0])


def test_a_finished_run_changes_nothing_when_it_is_repeated(finished):
    """All is kept, and the gradebook is as it was."""
    before = marks(finished[0])
    done = grade(finished[0], "--json-lines")
    found = [event for event in events(done.stdout) if event["event"] == "done"]
    assert all(event["kept"] and not event["changed"] for event in found) and len(found) == 5
    assert marks(finished[0]) == before


@pytest.mark.parametrize("fresh", ["SQLite"], indirect=True)
def test_half_written_results_are_graded_again(fresh, finished):
    """Files that a crash of the machine cut short count as not there."""
    grade(fresh)
    for file in (fresh / folders.STATE / "results").rglob("*.json"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    shutil.rmtree(fresh / folders.AUTOGRADED)
    done = grade(fresh, "--json-lines")
    assert not any(event.get("kept") for event in events(done.stdout) if event["event"] == "done")
    assert marks(fresh) == marks(finished[0])


@pytest.mark.parametrize("fresh", ["SQLite"], indirect=True)
def test_two_runs_at_once_are_refused(fresh):
    """The second one says who is grading, with exit code 4, and touches nothing."""
    process = start(fresh)
    wait_for(process, 1)
    try:
        second = grade(fresh)
        assert second.returncode == 4 and f"Process {process.pid} is grading" in second.stderr
    finally:
        kill(process)


@pytest.mark.parametrize("fresh", ["SQLite"], indirect=True)
def test_an_earlier_submission_s_score_does_not_outlive_a_failure(fresh, monkeypatch):
    """A student hands in again and the grader fails: the old score is taken back, exit code 5, not a zero."""
    grade(fresh)
    hand_in(fresh, "ada", "x = 1\n").chmod(0o000)
    if (fresh / folders.SUBMITTED / "ada").stat().st_uid == 0:  # root reads everything: take the file away instead
        shutil.rmtree(fresh / folders.SUBMITTED / "ada" / "02_bptt")
        (fresh / folders.SUBMITTED / "ada" / "02_bptt").mkdir()
        (fresh / folders.SUBMITTED / "ada" / "02_bptt" / "bptt.py").write_bytes(b"#" * (5 * 1024 * 1024))
    done = grade(fresh)
    assert done.returncode == 5 and "ada: not scored" in done.stdout
    scores = [row[2] for row in marks(fresh)["grades"] if row[0] == "ada" and row[1].startswith("test_")]
    assert scores and set(scores) == {None}
    assert ResultStore(fresh).folder.is_dir()
