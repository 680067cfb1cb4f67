"""Reads what a student handed in: the module, and the files beside it that it imports."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Unit
from autograder.errors import UsageError
from autograder.reading import decode, readable
from autograder.work_beside import is_unwritten, listed, look_beside

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 300
MAX_TOTAL_BYTES = 32 * 1024 * 1024
MAX_PARSED_BYTES = 100 * 1024  # a syntax tree takes a thousand times the memory of its text


@dataclass(frozen=True)
class Submission:
    """A module and its helpers, in memory. ``main`` is None if the module is missing."""

    path: Path
    main: str | None
    files: dict[str, bytes]
    own_package: str | None = None
    problem: str = ""  # why there is no main
    beside: tuple[str, ...] = ()  # what else was handed in, if the module is missing or unwritten


def read_submission(unit: Unit, path: Path) -> Submission:
    """Read a folder that holds ``<module>.py``, or one ``.py`` file that holds the functions.

    If the module of a folder is missing or unwritten, :mod:`autograder.work_beside` says what counts instead.

    Raises:
        UsageError: the path is missing, unreadable, or neither a folder nor a ``.py`` file.
    """
    try:
        if not path.exists():
            raise UsageError(f"There is nothing at {path}. Name a folder with {unit.module_file} in it, or a .py file.")
        if path.is_dir():
            folder, main = path, unit.module_file
            list(folder.iterdir())  # readable?
            if not (folder / main).is_file() and not (folder / main).is_symlink():
                return _read_beside(unit, path, None) or Submission(path, None, {}, problem=_missing(unit, folder))
            if not _is_own(folder, folder / main):
                words = f"{main} is a link to something outside its folder. Hand in the file itself."
                return Submission(path, None, {}, problem=words)
            if not (folder / main).is_file():
                return Submission(path, None, {}, problem=_missing(unit, folder))
            size = (folder / main).stat().st_size
            if size < MAX_PARSED_BYTES and is_unwritten(unit, (folder / main).read_bytes()):
                found = _read_beside(unit, path, folder / main)
                if found is not None:
                    return found
        elif path.suffix == ".py":
            folder, main = path.parent, path.name
        else:
            raise UsageError(f"{path} is neither a folder nor a .py file. Name a folder with {unit.module_file} in it.")
        files = _collect(folder, main)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}. Check its permissions.") from error
    own_package = folder.resolve().name if (folder / "__init__.py").is_file() else None
    if own_package is not None and not own_package.isidentifier():
        own_package = None
    return Submission(path, main, files, own_package)


def _missing(unit: Unit, folder: Path) -> str:
    return f"The folder has no {unit.module_file}.{listed(folder)} Hand in the file under exactly this name."


def _read_beside(unit: Unit, path: Path, main: Path | None) -> Submission | None:
    """What else was handed in: the one module file that is graded instead, or why nothing is; None if there is none."""
    found = look_beside(unit, path, main)
    if found.chosen is not None:
        folder, name = found.chosen.parent, found.chosen.name
        files = _collect(folder, name)
        files = {unit.module_file: files.pop(name)} | {
            other: files[other] for other in files if other != unit.module_file
        }
        package = folder.resolve().name if "__init__.py" in files else ""
        own_package = package if package.isidentifier() and package != unit.module else None
        return Submission(path, unit.module_file, files, own_package, beside=found.sentences)
    if not found.sentences:
        return None
    words = f"{unit.module_file} has none of the functions written." if main is not None else _missing(unit, path)
    return Submission(path, None, {}, problem=" ".join([words, *found.sentences]), beside=found.sentences)


def _collect(folder: Path, main: str) -> dict[str, bytes]:
    """The main file and, file by file, what it names in imports and finds beside it."""
    files: dict[str, bytes] = {}
    waiting = [main, *(["__init__.py"] if (folder / "__init__.py").is_file() else [])]
    while waiting and len(files) < MAX_FILES:
        name = waiting.pop()
        if name in files:
            continue
        file = folder / name
        if name != main and not _is_own(folder, file):
            continue
        if file.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{file} is larger than 4 MB; a module of this course is a few kilobytes.")
        files[name] = file.read_bytes()
        if sum(map(len, files.values())) > MAX_TOTAL_BYTES:
            raise UsageError(f"{folder} holds more than 32 MB of Python; a module of this course is a few kilobytes.")
        if _anything_beside(folder, main):
            for top in _names_in(files[name], folder.resolve().name):
                waiting += [found for found in _beside(folder, top) if found not in files]
    return files


def _anything_beside(folder: Path, main: str) -> bool:
    """Whether there is anything that the main file could import; mostly there is not, and no need to read its text."""
    return any(entry.name != main and (entry.suffix == ".py" or entry.is_dir()) for entry in folder.iterdir())


def _is_own(folder: Path, file: Path) -> bool:
    """Whether a file lies in the folder, links followed: nobody hands in a link to somebody else's work."""
    return file.resolve().is_relative_to(folder.resolve())


def _names_in(source: bytes, own_package: str) -> set[str]:
    """First components of everything that a file imports, by statement or by a name in a string."""
    if len(source) > MAX_PARSED_BYTES:
        found = re.findall(rb"^[ \t]*(?:import|from)[ \t]+([A-Za-z_][A-Za-z_0-9.]*)", source, re.MULTILINE)
        return {name.decode().removeprefix(f"{own_package}.").partition(".")[0] for name in found}
    try:
        tree = ast.parse(readable(decode(source)[0], "module").text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names |= {f"{module}.{alias.name}".strip(".") for alias in node.names} | {module}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100:
            names.add(node.value)
    stripped = {name.removeprefix(f"{own_package}.") for name in names}
    return {name.partition(".")[0] for name in stripped if name and name.replace(".", "_").isidentifier()}


def _beside(folder: Path, name: str) -> list[str]:
    """Files that an import of this name could mean: a module, or all of a package."""
    found = []
    if (folder / f"{name}.py").is_file():
        found.append(f"{name}.py")
    if (folder / name).is_dir():
        inside = sorted((folder / name).rglob("*.py"))[:MAX_FILES]
        found += [file.relative_to(folder).as_posix() for file in inside if "__pycache__" not in file.parts]
    return found
