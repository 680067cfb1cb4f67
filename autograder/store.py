"""Keeps grading results on disk, one file per result, under a key that says what they were made from.

``.autograder/results/<unit>/<student>/<key>.json``. The key is a hash of everything that a result depends on: the
student's files, the unit, the student's draw, the grader's own files, and the versions of Python and numpy. So what
is found under a key is right without being asked, only what changed is graded again, and nothing is overwritten.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import platform
from functools import lru_cache
from pathlib import Path

from autograder import folders
from autograder.course import Unit
from autograder.draws import hidden_draw, load_salt, salt_fingerprint
from autograder.errors import InfrastructureError, StoreError, UsageError
from autograder.results import Outcome, SubmissionResult
from autograder.submission import read_submission

#: Files of this package that cannot change a score: a change in one of them does not cause a regrade.
_WITHOUT_INFLUENCE = {
    "checker.py",
    "cli.py",
    "generated_mutants.py",
    "mutants.py",
    "notebook_runner.py",
    "notebook_sandbox.py",
    "notebook_stand_in.py",
    "pytest_plugin.py",
    "smallest.py",
    "demo.py",
    "doctor.py",
    "folders.py",
    "gradebook.py",
    "nbgrader_bridge.py",
    "regions.py",
    "release.py",
    "report.py",
    "store.py",
}
_INFLUENTIAL_SUFFIXES = {".py", ".toml", ".json", ".npz", ".npy"}
_PACKAGE = Path(__file__).resolve().parent


class ResultStore:
    """The results of one course folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / folders.STATE / "results"

    def key(self, unit: Unit, path: Path, student: str | None) -> str:
        """The hash of all that a result depends on.

        Args:
            unit: the unit.
            path: the submission, a folder or a ``.py`` file.
            student: whose draw; None for the anonymous one.

        Raises:
            UsageError: the submission cannot be read.
        """
        submission = read_submission(unit, path)
        said = [
            ("unit", unit.id),
            ("student", student or ""),
            ("salt", salt_fingerprint(load_salt(self.root))),
            ("python", platform.python_version()),
            ("main", submission.main or ""),
            ("problem", submission.problem),
            ("package", submission.own_package or ""),
        ]
        libraries = ["numpy", *(["torch"] if unit.engine == "torch" else [])]
        said += [(name, importlib.metadata.version(name)) for name in libraries]
        digest = hashlib.sha256(json.dumps(said).encode())
        for name, data in sorted(submission.files.items()):
            _add(digest, f"student/{name}", data)
        _add(digest, "grader", _digest_of_grader(_PACKAGE))
        reference = self.root / folders.SOURCES / unit.id / unit.module_file
        if reference.is_file():
            _add(digest, "reference", reference.read_bytes())
        return digest.hexdigest()[:32]

    def file(self, unit: Unit, student: str | None, key: str) -> Path:
        """Where a result lies, or would lie."""
        return self.folder / unit.id / student_folder(student) / f"{key}.json"

    def load(self, unit: Unit, student: str | None, key: str) -> SubmissionResult | None:
        """The result under a key; None if there is none, or only a damaged one.

        Raises:
            StoreError: there is one, but the file system refuses to show it.
        """
        file = self.file(unit, student, key)
        try:
            result = SubmissionResult.from_json(json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"Cannot read the result {file}: {error.strerror or error}.") from error
        except (ValueError, KeyError, TypeError):
            return None  # damaged from outside: graded again and written over
        return result if result.unit == unit.id else None

    def save(self, unit: Unit, student: str | None, key: str, result: SubmissionResult) -> None:
        """Keep a result.

        Raises:
            InfrastructureError: the grader failed somewhere in it, so it is no score.
            StoreError: it cannot be written.
        """
        check_is_score(result)
        folders.write_json(self.file(unit, student, key), result.to_json())

    def result(self, unit: Unit, path: Path, student: str | None) -> SubmissionResult:
        """The result of a submission: from the store if it is there, else graded now and kept.

        Raises:
            InfrastructureError: the grader failed.
            UsageError, StoreError: the submission cannot be read, or the result cannot be kept.
        """
        key = self.key(unit, path, student)
        kept = self.load(unit, student, key)
        if kept is not None:
            return kept
        from autograder.grade import grade_submission  # late: it starts workers, and needs this module's neighbours

        draw = hidden_draw(unit.id, student, load_salt(self.root))
        result = grade_submission(unit.id, path, student=student, draw=draw)
        self.save(unit, student, key, result)
        return result


def check_is_score(result: SubmissionResult) -> None:
    """Raise InfrastructureError if some part of a result says that the grader failed, or is no number."""
    for exercise in result.exercises:
        failed = [p.name for p in exercise.parts if p.outcome is Outcome.ENVIRONMENT]
        if exercise.outcome is Outcome.ENVIRONMENT or failed:
            raise InfrastructureError(f"The grader failed at {exercise.id}: {exercise.message or 'no reason given'}")
        if not (math.isfinite(exercise.points) and math.isfinite(exercise.max_points)):
            raise InfrastructureError(f"The grader gave {exercise.points!r} points for {exercise.id}.")


def student_folder(student: str | None) -> str:
    """A student's folder name.

    Raises:
        UsageError: the name could lead out of the folder it is meant to be in.
    """
    if student is None:
        return "_anonymous"
    if not student.strip() or student in (".", "..") or any(bad in student for bad in "/\\\0"):
        raise UsageError(f"{student!r} cannot be a student's name: it must be usable as a folder's name.")
    return student


@lru_cache(maxsize=4)  # a running grader goes on with the code that it has loaded, whatever happens to the files
def _digest_of_grader(package: Path) -> bytes:
    """One hash of the grader's own files."""
    digest = hashlib.sha256()
    for name, data in grader_files(package):
        _add(digest, name, data)
    return digest.digest()


def grader_files(package: Path) -> list[tuple[str, bytes]]:
    """Names and contents of the grader's own files that can change a score, sorted by name."""
    found = []
    for file in sorted(package.rglob("*")):
        name = file.relative_to(package).as_posix()
        outside = name in _WITHOUT_INFLUENCE or name.startswith(("templates/", "demo_class/"))
        if file.suffix in _INFLUENTIAL_SUFFIXES and not outside and file.is_file():
            found.append((name, file.read_bytes()))
    return found


def _add(digest: hashlib._Hash, name: str, data: bytes) -> None:
    """Feed a named piece into a hash so that no two lists of pieces look alike."""
    head = name.encode()
    digest.update(len(head).to_bytes(8, "big") + head + len(data).to_bytes(8, "big") + data)
