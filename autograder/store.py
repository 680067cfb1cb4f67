"""Keeps grading results on disk, one file per result, under a key that says what they were made from.

``.autograder/results/<unit>/<student>/<key>.json``. The key is a hash of everything that a result depends on: the
student's files, the student's draw, the unit's entry in ``course.toml``, its checks and mistakes, the rest of the
grader, and the versions of Python and numpy. So what is found under a key is right without being asked, only what
changed is graded again, and nothing is overwritten. Beside the result stands what it was made from, piece by piece,
so that two results of one student can be told apart in words (:func:`reasons`).

A module is the unit of grading, not an exercise: its functions share one process, where one can change what
another one finds. So a change of one check grades that unit's modules again, and no other unit's.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import math
import platform
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from autograder import folders
from autograder.course import Course, Unit, load_course
from autograder.draws import hidden_draw, load_salt, salt_fingerprint
from autograder.errors import InfrastructureError, StoreError, UsageError
from autograder.results import Outcome, SubmissionResult
from autograder.submission import Submission, read_submission

#: What a result was made from: name of a piece -> its version, or the beginning of its hash.
Pieces = dict[str, str]

#: Files of this package that cannot change a score: a change in one of them does not cause a regrade.
_WITHOUT_INFLUENCE = {
    "answers.py",
    "archives.py",
    "checker.py",
    "class_run.py",
    "cli.py",
    "cluster.py",
    "collect.py",
    "collect_report.py",
    "collect_sources.py",
    "course.toml",  # the unit's own entry counts, as it was understood
    "database.py",
    "demo.py",
    "doctor.py",
    "export.py",
    "export_tables.py",
    "figures.py",
    "folders.py",
    "generated_mutants.py",
    "git_reader.py",
    "github_classroom.py",
    "gradebook.py",
    "gradebook_session.py",
    "graded_notebook.py",
    "gradescope.py",
    "gradescope_run.py",
    "gradescope_zip.py",
    "handed_in.py",
    "late.py",
    "looks.py",
    "marks.py",
    "mutants.py",
    "nbgrader_bridge.py",
    "nbgrader_feedback.py",
    "nbgrader_late.py",
    "nbgrader_pages.py",
    "notebook_choice.py",
    "notebook_runner.py",
    "notebook_sandbox.py",
    "notebook_stand_in.py",
    "plots.py",
    "progress.py",
    "pytest_plugin.py",
    "quick_imports.py",
    "recording.py",
    "regions.py",
    "release.py",
    "report.py",
    "roster.py",
    "safe_html.py",
    "sheet_columns.py",
    "similarity.py",
    "similarity_report.py",
    "smallest.py",
    "store.py",
    "tables.py",
    "terminal.py",
    "times.py",
}
_INFLUENTIAL_SUFFIXES = {".py", ".toml", ".json", ".npz", ".npy", ".bpf"}
_PACKAGE = Path(__file__).resolve().parent
_MADE_FROM = "made_from"  # the key in a result's file


@dataclass(frozen=True)
class Kept:
    """One result of a student that is in the store, and what it was made from."""

    key: str
    result: SubmissionResult
    pieces: Pieces


class ResultStore:
    """The results of one course folder."""

    def __init__(self, root: Path, *, proposed: bool = False) -> None:
        """
        Args:
            root: the course's folder.
            proposed: keep new results apart from the others, where nobody looks for them, until
                :meth:`accept` moves them.
        """
        self.root = root
        self.folder = root / folders.STATE / "results"
        self.proposed = proposed
        self._apart = root / folders.STATE / "proposed"

    def key(self, unit: Unit, path: Path, student: str | None) -> str:
        """The hash of all that a result depends on.

        Args:
            unit: the unit.
            path: the submission, a folder or a ``.py`` file.
            student: whose draw; None for the anonymous one.

        Raises:
            UsageError: the submission cannot be read.
        """
        return key_of(self.pieces(unit, read_submission(unit, path), student))

    def pieces(self, unit: Unit, submission: Submission, student: str | None) -> Pieces:
        """All that the result of a submission depends on."""
        found = {
            "unit": unit.id,
            "student": student or "",
            "salt": salt_fingerprint(load_salt(self.root)),
            "module/main": submission.main or "",
            "module/problem": submission.problem,
            "module/package": submission.own_package or "",
        }
        if submission.beside:
            found["module/beside"] = " ".join(submission.beside)
        found |= {f"file/{name}": _short(data) for name, data in submission.files.items()}
        reference = self.root / folders.SOURCES / unit.id / unit.module_file
        found["reference"] = _short(reference.read_bytes()) if reference.is_file() else ""
        return found | _pieces_of_checks(unit) | grader_pieces(unit)

    def file(self, unit: Unit, student: str | None, key: str) -> Path:
        """Where a result lies, or would lie."""
        return (self._apart if self.proposed else self.folder) / unit.id / student_folder(student) / f"{key}.json"

    def load(self, unit: Unit, student: str | None, key: str) -> SubmissionResult | None:
        """The result under a key; None if there is none, or only a damaged one.

        Raises:
            StoreError: there is one, but the file system refuses to show it.
        """
        return self._read(unit, self.file(unit, student, key))[0]

    def _read(self, unit: Unit, file: Path) -> tuple[SubmissionResult | None, Pieces]:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            pieces = data.pop(_MADE_FROM, {})
            result = SubmissionResult.from_json(data)
        except FileNotFoundError:
            return None, {}
        except OSError as error:
            raise StoreError(f"Cannot read the result {file}: {error.strerror or error}.") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            return None, {}  # damaged from outside: graded again and written over
        return (result, pieces) if result.unit == unit.id else (None, {})

    def save(
        self, unit: Unit, student: str | None, key: str, result: SubmissionResult, pieces: Pieces | None = None
    ) -> None:
        """Keep a result.

        Raises:
            InfrastructureError: the grader failed somewhere in it, so it is no score.
            StoreError: it cannot be written.
        """
        check_is_score(result)
        data = result.to_json() | {_MADE_FROM: pieces or {}}
        text = json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)  # indented it takes twice as long
        folders.write_atomically(self.file(unit, student, key), text.encode())

    def history(self, unit: Unit, student: str | None) -> Iterator[Kept]:
        """The results of a student's earlier submissions and earlier graders, newest first; only accepted ones."""
        files = (self.folder / unit.id / student_folder(student)).glob("*.json")
        for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True):
            result, pieces = self._read(unit, file)
            if result is not None:
                yield Kept(file.stem, result, pieces)

    def earlier(self, unit: Unit, student: str | None, now: SubmissionResult) -> list[SubmissionResult]:
        """One result for each other submission of a student's: of those that this one is not of, the newest first."""
        found: dict[str, list[SubmissionResult]] = {}
        for kept in self.history(unit, student):
            what = {name: value for name, value in kept.pieces.items() if name.startswith(("file/", "module/"))}
            found.setdefault(key_of(what), []).append(kept.result)
        return [results[0] for results in found.values() if now not in results]

    def accept(self, unit: Unit, student: str | None, key: str) -> None:
        """Move a result that was kept apart to the others; does nothing if it is there.

        Raises:
            StoreError: the file system refuses.
        """
        apart, target = (ResultStore(self.root, proposed=p).file(unit, student, key) for p in (True, False))
        try:
            if apart.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                apart.replace(target)
        except OSError as error:
            raise StoreError(f"Cannot keep the result {target}: {error.strerror or error}.") from error

    def result(self, unit: Unit, path: Path, student: str | None) -> SubmissionResult:
        """The result of a submission: from the store if it is there, else graded now and kept.

        Raises:
            InfrastructureError: the grader failed.
            UsageError, StoreError: the submission cannot be read, or the result cannot be kept.
        """
        pieces = self.pieces(unit, read_submission(unit, path), student)
        key = key_of(pieces)
        kept = self.load(unit, student, key)
        if kept is not None:
            return kept
        from autograder.grade import grade_submission  # late: it starts workers, and needs this module's neighbours

        draw = hidden_draw(unit.id, student, load_salt(self.root))
        result = grade_submission(unit.id, path, student=student, draw=draw)
        self.save(unit, student, key, result, pieces)
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


# --- what a result is made from ------------------------------------------------------------------


def key_of(pieces: Mapping[str, str]) -> str:
    """One hash of all pieces."""
    return hashlib.sha256(json.dumps(sorted(pieces.items())).encode()).hexdigest()[:32]


@lru_cache(maxsize=16)  # a running grader goes on with the code that it has loaded, whatever happens to the files
def _pieces_of_grader(unit: Unit, package: Path) -> tuple[Pieces, str]:
    """What it is made of, and the text of the unit's checks."""
    pieces = _pieces_of_entry(load_course(), unit)
    for name in ["numpy", *(["torch"] if unit.engine == "torch" else [])]:
        pieces[f"version/{name}"] = importlib.metadata.version(name)
    checks = ""
    for name, data in grader_files(package, unit):
        pieces[f"grader/{name}"] = _short(data)
        if name == f"checks/test_{unit.id}.py":
            checks = data.decode()
    return pieces, checks


def grader_pieces(unit: Unit) -> Pieces:
    """All that a result depends on besides the student and the salt: one must find the same on every machine."""
    return {**_pieces_of_grader(unit, _PACKAGE)[0], "version/python": platform.python_version()}


def _pieces_of_checks(unit: Unit) -> Pieces:
    """The checks one by one, for people to be told which of them has changed."""
    digests = check_digests(_pieces_of_grader(unit, _PACKAGE)[1])
    return {f"check/{exercise}": digest for exercise, digest in digests.items()}


def _pieces_of_entry(course: Course, unit: Unit) -> Pieces:
    """What course.toml says that can change a result: not the titles, not the other units."""
    entry = {key: value for key, value in asdict(unit).items() if key not in ("title", "exercises")}
    entry["edge_case_credit"] = course.edge_case_credit
    entry["differences_credit"] = course.differences_credit
    for name in entry.get("upstream", ()):  # earlier units whose functions the module may take
        entry[f"upstream/{name}"] = [asdict(e) for u in course.units if u.id == name for e in u.exercises]
    pieces = {"course/limits": _short(json.dumps(entry, sort_keys=True).encode())}
    for exercise in unit.exercises:
        pieces[f"course/{exercise.id}"] = _short(json.dumps(asdict(exercise), sort_keys=True).encode())
    return pieces


def grader_files(package: Path, unit: Unit) -> list[tuple[str, bytes]]:
    """Names and contents of the grader's own files that can change a unit's scores, sorted by name.

    That is every file but those known to be without influence, and those of other units' checks and mistakes, and of
    ``coursekit``, that nothing of this unit imports. A file that is new and on no list counts.
    """
    everything = {}
    for file in sorted(package.rglob("*")):
        name = file.relative_to(package).as_posix()
        outside = name in _WITHOUT_INFLUENCE or name.startswith(("templates/", "demo_class/"))
        if file.suffix in _INFLUENTIAL_SUFFIXES and not outside and file.is_file():
            everything[name] = file
    others = {name for name in everything if _belongs_to_another(name, unit)}
    kit = package.parent / "coursekit"
    for file in sorted(kit.rglob("*.py")):
        others.add(name := f"coursekit/{file.relative_to(kit).as_posix()}")
        everything[name] = file
    waiting = [name for name in everything if name not in others]
    while waiting:
        current = waiting.pop()
        if current == "upstream.py" and not unit.upstream:
            continue  # what it takes from earlier units reaches no module of this one
        for name in sorted(_imported(everything[current], others)):
            others.remove(name)
            waiting.append(name)
    return [(name, file.read_bytes()) for name, file in sorted(everything.items()) if name not in others]


def _belongs_to_another(name: str, unit: Unit) -> bool:
    """Whether a file is named after other units only: their checks, mistakes, signatures."""
    named = [other.id for other in load_course().units if other.id in name]
    return bool(named) and unit.id not in named


def _imported(file: Path, candidates: Set[str]) -> set[str]:
    """Which of these files of this package and of coursekit a file may import by its statements."""
    if file.suffix != ".py":
        return set()
    source = file.read_bytes()
    if not _may_import(source, candidates):
        return set()  # so with most files, and parsing them all would take longer than judging a submission
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    found = set()
    for module in modules:
        if module.startswith(("autograder.", "coursekit.")):
            path = module.removeprefix("autograder.").replace(".", "/")
            found |= {f"{path}.py", f"{path}/__init__.py"}
    return found & candidates


def _may_import(source: bytes, candidates: Set[str]) -> bool:
    """Whether a text holds the words that a statement which imports one of these files has to hold, in any order."""
    for package in (b"autograder", b"coursekit"):
        if not re.search(rb"\b(?:import|from)\b(?:\\\r?\n|.)*?\b%b\b" % package, source):
            continue
        for name in candidates:
            words = name.removesuffix(".py").removesuffix("/__init__").encode().split(b"/")
            if (words[0] == b"coursekit") == (package == b"coursekit") and all(word in source for word in words):
                return True
    return False


@lru_cache(maxsize=16)
def check_digests(source: str) -> Mapping[str, str]:
    """Exercise -> hash of the code that its check consists of: the test, and what it names in the file, in turn.

    Only for telling people which checks have changed; what is graded again is decided by the whole file.
    """
    definitions: dict[str, ast.stmt] = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            definitions[node.name] = node
        for name in _assigned(node):
            definitions[name] = node
    found = {}
    for node in definitions.values():
        exercise = _exercise_of(node)
        if exercise is not None:
            reached: dict[str, str] = {}
            waiting: list[ast.stmt] = [node]
            while waiting:
                for part in ast.walk(current := waiting.pop()):
                    if isinstance(part, ast.Name) and part.id in definitions and part.id not in reached:
                        reached[part.id] = ast.unparse(definitions[part.id])
                        waiting.append(definitions[part.id])
                reached.setdefault(getattr(current, "name", ""), ast.unparse(current))
            found[exercise] = _short(json.dumps(sorted(reached.items())).encode())
    return found


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]


def _exercise_of(node: ast.stmt) -> str | None:
    """The exercise that a test function says it checks."""
    for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "exercise" and decorator.args:
            value = getattr(decorator.args[0], "value", None)
            return value if isinstance(value, str) else None
    return None


def reasons(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Why two results of one student may differ, in words: what they were made from that is not the same."""
    if not before:
        return ["the earlier result does not say what it was made from"]
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    said: list[str] = []
    files = [name.removeprefix("file/") for name in changed if name.startswith("file/")]
    if files or any(name.startswith("module/") for name in changed):
        said.append(f"another submission ({', '.join(files[:3] + ['…'] * (len(files) > 3)) or 'its module'})")
    checks = [name.removeprefix("check/") for name in changed if name.startswith("check/")]
    if checks:
        said.append(f"the check of {', '.join(checks)}")
    points = [name.removeprefix("course/") for name in changed if name.startswith("course/")]
    if points:
        said.append(f"course.toml ({', '.join(points)})")
    inside = [name.removeprefix("grader/") for name in changed if name.startswith("grader/")]
    inside = [name for name in inside if not (checks and name.startswith("checks/"))]
    if inside:
        said.append(f"the grader ({', '.join(inside[:3] + ['…'] * (len(inside) > 3))})")
    said += [
        f"{name.removeprefix('version/')} {before.get(name, '-')} → {after.get(name, '-')}"
        for name in changed
        if name.startswith("version/")
    ]
    said += [words for name, words in (("salt", "another salt"), ("reference", "the solution")) if name in changed]
    return said


def _short(data: bytes) -> str:
    """Enough of a hash to tell two versions of a file apart."""
    return hashlib.sha256(data).hexdigest()[:24]
