"""Reads files out of a git repository on disk, without running anything that belongs to it.

A repository can hold programs that git runs by itself: hooks, filters, monitors, commands in its configuration,
fetching of missing objects. None of them is ever reached: git works in an empty repository of our own that borrows only
the object files, references are read as plain text, contents come from ``cat-file`` raw, and every protocol is
forbidden.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.archives import MOST_BYTES, MOST_FILES, Refused, safe_path
from autograder.errors import InfrastructureError, UnrolledError
from autograder.passed_over import is_passed_over

_SECONDS = 600
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_COMMITS = 20_000
_MOST_ANSWER = MOST_BYTES + 16 * 1024 * 1024  # bytes of one answer of git's
_MOST_BRANCHES = 50  # that are looked at
_MOST_LOOKED_AT = 1024 * 1024  # bytes of a file on them


@dataclass
class Snapshot:
    """What was taken from a repository."""

    commit: str
    time: datetime  # the committer's clock, UTC
    later: int = 0  # commits after the deadline, left out
    left_out: list[str] = field(default_factory=list)  # links and submodules


def is_repository(folder: Path) -> bool:
    """Whether a folder is a checkout or a bare repository."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def take(folder: Path, target: Path, until: datetime | None = None) -> Snapshot:
    """Copy the files of one commit into a new folder.

    Args:
        folder: a checkout or a bare repository; its working tree is not looked at.
        target: the folder to make.
        until: take the last commit of the branch up to then; None for the newest. If all are later, the newest.

    Raises:
        Refused: it is damaged, empty, unusual in a way that could lead elsewhere, or too large.
        InfrastructureError: there is no git here.
    """
    try:
        own = _git_folder(folder)
        head = _head(own)
        with _borrowed(own) as git:
            lines = _git(git, "rev-list", "--first-parent", "--timestamp", f"--max-count={_MOST_COMMITS}", head)
            commits = [(line.split()[1], int(line.split()[0])) for line in lines.decode().splitlines()]
            in_time = [c for c in commits if until is None or c[1] <= until.timestamp()]
            commit, seconds = (in_time or commits)[0]
            try:
                time = datetime.fromtimestamp(seconds, UTC)
            except (ValueError, OverflowError, OSError) as error:
                raise Refused(f"its commit {commit[:10]} has a time that no calendar has ({seconds} s)") from error
            snapshot = Snapshot(commit, time, commits.index((commit, seconds)))
            _copy(git, commit, target, snapshot)
    except (UnrolledError, OSError):
        raise
    except Exception as error:  # a student's repository may be damaged in any way
        raise Refused(f"it cannot be read ({type(error).__name__}: {str(error)[:100]})") from error
    return snapshot


@dataclass(frozen=True)
class Branch:
    """A file at the tip of a branch."""

    name: str
    time: datetime  # the committer's clock, UTC
    path: str
    data: bytes


def other_branches(folder: Path, taken: str, name: str) -> list[Branch]:
    """Files of one name at the tips of a repository's branches, other than the commit that was taken.

    What is damaged is left out: it is only looked at to say that it is there.
    """
    found: list[Branch] = []
    try:
        own = _git_folder(folder)
        head = _head(own)
        with _borrowed(own) as git:
            seen = {taken, head}
            for branch, tip in _tips(own)[:_MOST_BRANCHES]:
                if tip in seen:
                    continue
                seen.add(tip)
                try:
                    found += _files_named(git, branch, tip, name)
                except (UnrolledError, ValueError, OverflowError, OSError):
                    continue
    except (UnrolledError, OSError, ValueError):
        return found
    return found


def _files_named(git: Path, branch: str, tip: str, name: str) -> Iterator[Branch]:
    line = _git(git, "rev-list", "--timestamp", "--max-count=1", tip).split()
    time = datetime.fromtimestamp(int(line[0]), UTC)
    for entry in _git(git, "ls-tree", "-r", "-z", "-l", "--full-tree", tip).split(b"\0"):
        head, _, raw = entry.partition(b"\t")
        path = raw.decode("utf-8", "replace")
        if path.rpartition("/")[2] != name or is_passed_over(path, ()):
            continue
        mode, kind, blob, size = head.decode().split()
        if kind == "blob" and mode != "120000" and int(size) <= _MOST_LOOKED_AT:
            yield Branch(branch, time, path, _git(git, "cat-file", "blob", blob))


def _tips(own: Path) -> list[tuple[str, str]]:
    """Branches and the hashes of their commits, those that were fetched too, read as plain text."""
    found: dict[str, str] = {}
    packed = own / "packed-refs"
    if packed.is_file() and not packed.is_symlink():
        for line in packed.read_text(encoding="utf-8", errors="replace").splitlines():
            tip, _, ref = line.partition(" ")
            if ref.startswith(("refs/heads/", "refs/remotes/")) and _HASH.fullmatch(tip):
                found[ref] = tip
    for kind in ("heads", "remotes"):
        for place, inside, names in os.walk(own / "refs" / kind, followlinks=False):
            inside.sort()
            for file in (Path(place) / name for name in sorted(names)):
                if len(found) < 10 * _MOST_BRANCHES and not file.is_symlink() and _HASH.fullmatch(_text(file)):
                    found[file.relative_to(own).as_posix()] = _text(file)
    return [(ref.split("/", 2)[2], tip) for ref, tip in sorted(found.items())]


def _git_folder(folder: Path) -> Path:
    own = folder / ".git" if (folder / ".git").exists() else folder
    if not own.is_dir() or own.is_symlink() or (own / "objects").is_symlink() or not (own / "objects").is_dir():
        raise Refused("its .git is a link or a pointer to another place, not a repository")
    for name in ("alternates", "http-alternates"):
        if (own / "objects" / "info" / name).exists():
            raise Refused("it borrows objects from another repository (objects/info/alternates)")
    return own


def _head(own: Path) -> str:
    """The hash of the newest commit, following HEAD."""
    text = _text(own / "HEAD")
    for _ in range(5):
        if _HASH.fullmatch(text):
            return text
        name = text.removeprefix("ref:").strip()
        if not re.fullmatch(r"refs/[A-Za-z0-9._/-]+", name) or ".." in name:
            break
        loose = own / name
        if loose.is_file() and not loose.is_symlink():
            text = _text(loose)
            continue
        packed = own / "packed-refs"
        lines = packed.read_text(encoding="utf-8", errors="replace").splitlines() if packed.is_file() else []
        found = [line.split()[0] for line in lines if line.endswith(f" {name}")]
        if not found:
            raise Refused(f"it has no commit yet on {name.removeprefix('refs/heads/')}")
        text = found[0]
    raise Refused("its HEAD leads nowhere")


def _text(file: Path) -> str:
    if not file.is_file():
        raise Refused(f"its {file.name} is no file")
    try:
        return file.read_text(encoding="utf-8", errors="replace")[:1000].strip()
    except OSError as error:
        raise Refused(f"its {file.name} cannot be read: {error.strerror or error}") from error


@contextmanager
def _borrowed(own: Path) -> Iterator[Path]:
    """An empty bare repository that finds the other's objects."""
    with tempfile.TemporaryDirectory(prefix="unrolled-git-") as name:
        git = Path(name)
        for part in ("objects/info", "refs"):
            (git / part).mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/nothing\n", encoding="utf-8")
        long = len(_head(own)) == 64
        config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
        (git / "config").write_text(config if long else "[core]\n\tbare = true\n", encoding="utf-8")
        (git / "objects" / "info" / "alternates").write_text(f"{own.resolve() / 'objects'}\n", encoding="utf-8")
        yield git


def _git(git: Path, *arguments: str, given: bytes = b"") -> bytes:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "HOME": str(git),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }
    command = ["git", f"--git-dir={git}", "--no-pager", *arguments]
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
        asked.write(given)
        asked.seek(0)
        try:
            process = subprocess.Popen(
                command, stdin=asked, stdout=subprocess.PIPE, stderr=said, env=environment, cwd=git
            )
        except FileNotFoundError as error:
            raise InfrastructureError("There is no git here; install it to collect from repositories.") from error
        too_long = threading.Event()

        def stop() -> None:
            too_long.set()
            process.kill()

        watch = threading.Timer(_SECONDS, stop)
        watch.daemon = True
        watch.start()
        with process:
            assert process.stdout is not None
            try:
                answer = process.stdout.read(_MOST_ANSWER + 1)  # a few small objects can name billions of files
            finally:
                watch.cancel()
                if process.poll() is None and process.stdout.read(1):
                    process.kill()
        if too_long.is_set():
            raise Refused(f"git did not finish with it in {_SECONDS} s")
        if len(answer) > _MOST_ANSWER:
            raise Refused(f"its files are more, or larger, than a submission can be ({MOST_BYTES >> 20} MB)")
        if process.returncode:
            said.seek(0)
            lines = said.read(10_000).decode(errors="replace").strip().splitlines()
            raise Refused(f"git cannot read it: {lines[-1][:200] if lines else 'no reason given'}")
    return answer


def _copy(git: Path, commit: str, target: Path, snapshot: Snapshot) -> None:
    wanted: list[tuple[str, str]] = []
    total = 0
    for entry in _git(git, "ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0"):
        if not entry:
            continue
        head, _, raw = entry.partition(b"\t")
        mode, kind, name, size = head.decode().split()
        path = raw.decode("utf-8", "replace")
        if is_passed_over(path, ()):
            continue
        if kind != "blob" or mode == "120000":
            snapshot.left_out.append(f"{path} ({'a link' if kind == 'blob' else 'a submodule'})")
            continue
        total += int(size)
        wanted.append((name, safe_path(path).as_posix()))
    if len(wanted) > MOST_FILES or total > MOST_BYTES:
        raise Refused(f"its files are more than {MOST_FILES}, or larger than {MOST_BYTES >> 20} MB together")
    answer = _git(git, "cat-file", "--batch", given="".join(f"{name}\n" for name, _ in wanted).encode())
    target.mkdir(parents=True)
    position = 0
    for name, path in wanted:
        end = answer.index(b"\n", position)
        found, kind, size = answer[position:end].decode().split()
        if found != name or kind != "blob":
            raise Refused("git gave another object than was asked for")
        file = target / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "xb") as stream:
                stream.write(answer[end + 1 : end + 1 + int(size)])
        except (FileExistsError, NotADirectoryError) as error:
            raise Refused(f"{path!r} is in it twice, in this file system's eyes") from error
        position = end + 1 + int(size) + 1
