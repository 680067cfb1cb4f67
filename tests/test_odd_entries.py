"""What stands where a submission is expected, and is none: collected or named, and nobody else is stopped."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder import archives, folders, git_reader
from autograder.cli import cli
from autograder.errors import StoreError
from autograder.late import read_timestamp

UNIT = "02_bptt"
MODULE = "x = 1\n"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course's folder, where commands are run."""
    root = tmp_path / "course"
    root.mkdir()
    (root / folders.CONFIG).write_text("c = get_config()\n", encoding="utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """A download with two honest students."""
    place = tmp_path / "download"
    for student in ("ada", "zoe"):
        (place / student).mkdir(parents=True)
        (place / student / "bptt.py").write_text(MODULE, encoding="utf-8")
    return place


def collect(course: Path, download: Path, kind: str = "folders") -> tuple[int, str]:
    """Exit code and output of the command."""
    done = CliRunner().invoke(cli, ["collect", UNIT, str(download), "--from", kind])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def collected(course: Path) -> set[str]:
    return {path.parent.parent.name for path in course.glob(f"submitted/*/{UNIT}/bptt.py")}


def fifo(place: Path) -> None:
    os.mkfifo(place / "bptt.py")


def listening(place: Path) -> None:
    before = Path.cwd()
    os.chdir(place)  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("bptt.py")
    finally:
        os.chdir(before)


def loop(place: Path) -> None:
    (place / "bptt.py").symlink_to("bptt.py")


def folder_for_module(place: Path) -> None:
    (place / "bptt.py").mkdir()


def folder_for_notebook(place: Path) -> None:
    (place / f"{UNIT}.ipynb").mkdir()
    (place / "bptt.py").write_text(MODULE, encoding="utf-8")


def folder_for_time(place: Path) -> None:
    (place / "timestamp.txt").mkdir()
    (place / "bptt.py").write_text(MODULE, encoding="utf-8")


def odd_names(place: Path) -> None:
    for name in ("a\nb.py", "\udcff.py", "x" * 250 + ".py", "\x1b[31m.py"):
        (place / name).write_text(MODULE, encoding="utf-8")
    (place / "bptt.py").write_text(MODULE, encoding="utf-8")


def deep(place: Path) -> None:
    at = place
    for _ in range(60):
        at /= "d"
    at.mkdir(parents=True)
    (at / "bptt.py").write_text(MODULE, encoding="utf-8")


def nested(place: Path) -> None:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("bptt.py", MODULE)
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("work.zip", inner.getvalue())
    (place / "hw.zip").write_bytes(outer.getvalue())


@pytest.mark.parametrize(
    ("make", "taken"),
    [
        (fifo, False), (listening, False), (loop, False), (folder_for_module, False), (folder_for_notebook, True),
        (folder_for_time, True), (odd_names, True), (deep, None), (nested, True),
    ],
)  # fmt: skip
def test_nobody_else_is_stopped(course: Path, download: Path, make, taken: bool | None) -> None:
    """ada and zoe are collected whatever mallory's folder holds; mallory is collected, or named."""
    (download / "mallory").mkdir()
    make(download / "mallory")
    code, said = collect(course, download)
    assert {"ada", "zoe"} <= collected(course), said
    assert code in (0, 4) and "mallory" in said
    if taken is not None:
        assert ("mallory" in collected(course)) == taken, said


def test_a_commit_of_the_year_a_billion(course: Path, tmp_path: Path) -> None:
    """A repository whose commit's date no calendar has is collected or named."""
    repositories = tmp_path / "repositories"
    for student, seconds in (("ada", 1_700_000_000), ("mallory", 31_556_889_864_403_199)):
        place = repositories / student
        place.mkdir(parents=True)
        (place / "bptt.py").write_text(MODULE, encoding="utf-8")

        def git(*words: str, given: str | None = None, place: Path = place) -> str:
            command = ["git", "-C", str(place), *words]
            return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout.strip()

        git("init", "-q")
        git("add", "-A")
        who = f"x <x@example.edu> {seconds} +0000"  # no git writes such a date by itself
        text = f"tree {git('write-tree')}\nauthor {who}\ncommitter {who}\n\nwork\n"
        git("update-ref", "HEAD", git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", given=text))
    code, said = collect(course, repositories, "git")
    assert "ada" in collected(course) and "mallory" in said and code in (0, 4)


def test_a_repository_of_endless_trees_is_refused(tmp_path: Path) -> None:
    """Nine small objects that name a hundred million files: git's answer is not kept in memory."""
    place = tmp_path / "bomb"
    place.mkdir()

    def git(*words: str, given: str = "") -> str:
        command = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@example.edu", *words]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    kind, made = "100644 blob", git("hash-object", "-w", "--stdin", given="x")
    for _ in range(8):
        listed = "".join(f"{kind} {made}\t{'n' * 100}{number}\n" for number in range(10))
        kind, made = "040000 tree", git("mktree", given=listed)
    git("update-ref", "HEAD", git("commit-tree", made, "-m", "work"))
    with pytest.raises(archives.Refused, match="than a submission can be"):
        git_reader.take(place, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_pipe_for_the_time_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody would ever write into it."""
    os.mkfifo(tmp_path / "timestamp.txt")
    with pytest.raises(StoreError, match="is no file"):
        read_timestamp(tmp_path)
