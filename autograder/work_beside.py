"""Work that lies beside the module that counts: in a copy of it, a subfolder, a notebook's cells, another file.

A module that is missing, or in which every function is still as it was released, proves nothing where the functions
stand in another file of the same submission. One such module file is graded instead, and it is said; several that
differ, and functions in notebooks, are named and left to a person. Nothing here executes what was handed in.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.course import Unit
from autograder.errors import UsageError
from autograder.git_reader import Branch
from autograder.handed_in import find_unit, folders_below
from autograder.plain_text import printable
from autograder.reading import decode, readable

MOST_FILES = 200  # that are read
MOST_BYTES = 1024 * 1024  # of one Python file
_MOST_PARSED = 100 * 1024  # a syntax tree takes a thousand times the memory of its text
_MOST_NOTEBOOK = 8 * 1024 * 1024
_MOST_TOGETHER = 24 * 1024 * 1024
_LFS = b"version https://git-lfs.github.com/spec/"
_UNOPENED = (".rar", ".7z", ".zip", ".zipx", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".txz", ".tbz2", ".zst", ".sit")
#: Code that makes functions in ways that nobody can read off its text.
_MAKES_NAMES = {"exec", "eval", "globals", "locals", "vars", "setattr", "__import__", "import_module"}
_PYTHON_AGAIN = re.compile(r"\.py[ ._-]?(?:\(?\d+\)?|bak|old|orig|download|txt)$")
_OWN_FOLDERS = {"autograder", "coursekit"}  # of the course, handed in with the rest


@dataclass(frozen=True)
class Beside:
    """What else was handed in that defines functions of the unit, or could."""

    chosen: Path | None = None  # the module file to grade instead
    sentences: tuple[str, ...] = ()  # for whoever reads the result; the first says what was chosen and why
    files: tuple[Path, ...] = ()  # that the sentences are about


def is_pointer(data: bytes) -> bool:
    """Whether a file is what Git LFS puts in the place of the file itself."""
    return data.startswith(_LFS)


def functions_of(unit: Unit) -> list[str]:
    """Names of the functions that a student writes."""
    return [item.id for item in unit.exercises if not item.experiment]


def is_unwritten(unit: Unit, data: bytes) -> bool:
    """Whether a module surely has none of the unit's functions written; what cannot be read is not sure."""
    if is_pointer(data) or not data.strip():
        return True
    tree = _tree(data)
    return tree is not None and not _written(tree, set(functions_of(unit))) and not _may_define(tree)


def written_in(unit: Unit, data: bytes) -> list[str]:
    """The unit's functions that a file defines and that are written, in the course's order."""
    names = functions_of(unit)
    if not any(name.encode() in data for name in names) and b"\0" not in data:
        return []
    tree = _tree(data)
    found = _written(tree, set(names)) if tree is not None else set()
    return [name for name in names if name in found]


def look_beside(unit: Unit, folder: Path, main: Path | None = None) -> Beside:
    """What stands beside a module that is unwritten or missing.

    Args:
        unit: the unit.
        folder: all that was handed in.
        main: the module that would be graded; None if there is none.
    """
    files = list(_files(folder))
    modules: list[tuple[Path, list[str], str]] = []
    partial: list[tuple[Path, list[str]]] = []
    cells: list[tuple[Path, int, list[str]]] = []
    pointers: list[Path] = []
    seen = {""}
    room = _MOST_TOGETHER
    readable_files = [file for file in files if _is_python(unit, file.name) or file.suffix.casefold() == ".ipynb"]
    for file in readable_files[:MOST_FILES]:
        notebook = file.suffix.casefold() == ".ipynb"
        data = _bytes(file, min(room, _MOST_NOTEBOOK if notebook else MOST_BYTES))
        room -= len(data)
        if is_pointer(data):
            pointers.append(file)
        elif notebook:
            if repr(data) not in seen:  # a copy of it says nothing new
                seen.add(repr(data))
                cells += [(file, number, names) for number, names in _in_cells(unit, data)]
        elif file != main and (names := written_in(unit, data)):
            alike = unit.module.casefold() in "/".join(file.relative_to(folder).parts).casefold()
            if not alike and 2 * len(names) <= len(functions_of(unit)):
                partial.append((file, names))
            elif (shape := _shape(data)) not in seen:
                seen.add(shape)
                modules.append((file, names, shape))

    def called(file: Path) -> str:
        return printable(file.relative_to(folder).as_posix())

    here = f"{unit.module_file} has none of the functions written" if main is not None else ""
    why = here or f"there is no {unit.module_file}"
    sentences = []
    chosen = None
    if len(modules) == 1:
        chosen = modules[0][0]
        sentences.append(
            f"{called(chosen)} is taken for {unit.module_file}: {why}, and {called(chosen)} defines "
            f"{_some(modules[0][1])}."
        )
    elif modules:
        places = "; ".join(f"{called(file)}: {_some(names)}" for file, names, _ in modules)
        sentences.append(
            f"{why[0].upper() if main is None else why[0]}{why[1:]}, and several other files define functions of the "
            f"unit ({places}). Which one counts needs a person; none is graded."
        )
    for file, names in partial:
        sentences.append(f"{called(file)} defines {_some(names)}; only {unit.module_file} counts.")
    for file, number, names in cells:
        stand = "stands" if len(names) == 1 else "stand"
        sentences.append(
            f"{_some(names)} {stand} in cell {number} of {called(file)}; only {unit.module_file} counts, "
            "so that is not graded."
        )
    for file in pointers:
        sentences.append(f"{called(file)} is a Git LFS pointer: the file itself was not handed in.")
    unopened = [file for file in files if file.name.casefold().endswith(_UNOPENED)]
    if unopened and chosen is None:
        are = "is" if len(unopened) == 1 else "are"
        sentences.append(f"It holds {_some([called(file) for file in unopened])}, which {are} not opened.")
    about = [*(m[0] for m in modules), *(p[0] for p in partial), *(c[0] for c in cells), *pointers, *unopened]
    return Beside(chosen, tuple(sentences), tuple(about))


def place_of_work(unit: Unit, folder: Path) -> tuple[Path, list[str]]:
    """The folder to grade of what was handed in, and what a person should know of how it was chosen.

    Raises:
        UsageError: it is not clear which of several modules counts, or there is more than a submission can be.
    """
    try:
        place = find_unit(unit, folder)
    except UsageError as error:
        found = look_beside(unit, folder)
        several = "several" in str(error)
        named = [file for file in _files(folder) if file.name == unit.module_file] if several else []
        if "folders" in str(error) or sum(not is_unwritten(unit, file.read_bytes()) for file in named) > 1:
            raise
        if several and found.chosen is None:
            raise
        return folder, [*([] if several else [str(error).rstrip(".")]), *_notes(found)]
    main = place / unit.module_file
    if not is_unwritten(unit, main.read_bytes()):
        return place, []
    found = look_beside(unit, folder, main)
    outside = any(not file.is_relative_to(place) for file in found.files)
    return (folder if outside else place), _notes(found)


def _notes(found: Beside) -> list[str]:
    return [sentence.rstrip(".") for sentence in found.sentences]


def on_branches(unit: Unit, branches: Iterable[Branch], taken: Path, time: datetime) -> list[str]:
    """Notes on branches that hold written functions: if nothing is written in what was taken, or they are newer."""
    main = next((file for file in _files(taken) if file.name == unit.module_file), None)
    data = _bytes(main, MOST_BYTES) if main is not None else b""
    nothing = not written_in(unit, data)
    return [
        f"branch {printable(branch.name)} ({branch.time:%Y-%m-%d %H:%M} UTC) defines {_some(names)} "
        f"in {printable(branch.path)}; it is not the branch that was taken, so that is not graded"
        for branch in branches
        if branch.data != data and (names := written_in(unit, branch.data)) and (nothing or branch.time > time)
    ]


def listed(folder: Path) -> str:
    """A sentence that names the files of a folder and those below it; empty if there are none."""
    names = [printable(file.relative_to(folder).as_posix()) for file in _files(folder)]
    return f" It holds {', '.join(names[:5])}{', …' if len(names) > 5 else ''}." if names else ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    shown = names[:6]
    return ", ".join(shown) + more if more or len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _files(folder: Path) -> Iterator[Path]:
    try:
        for place in folders_below(folder):
            if _OWN_FOLDERS & set(place.relative_to(folder).parts):
                continue
            try:
                inside = sorted(place.iterdir())
            except OSError:
                continue
            for path in inside:
                if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                    yield path
    except UsageError:
        return  # thousands of folders: what was found so far


def _bytes(file: Path, most: int) -> bytes:
    try:
        return file.read_bytes() if file.stat().st_size <= most else b""
    except OSError:
        return b""


def _is_python(unit: Unit, name: str) -> bool:
    """``x.py`` in any spelling, ``x.py.txt``, and the module's own name without its suffix or with another's."""
    low = name.casefold()
    if low.endswith((".py", ".pyw")) or _PYTHON_AGAIN.search(low):
        return True
    return low.startswith(unit.module.casefold()) and Path(low).suffix in ("", ".txt", ".bak", ".old")


def _tree(data: bytes) -> ast.Module | None:
    if len(data) > _MOST_PARSED:
        return None
    try:
        return ast.parse(readable(decode(data)[0], "module").text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _shape(data: bytes) -> str:
    """What tells two modules apart; comments and spaces do not."""
    tree = _tree(data)
    return ast.dump(tree) if tree is not None else repr(data)


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a module that run when it is imported: also those under ``if`` and ``try``, none in functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _written(tree: ast.Module, names: set[str]) -> set[str]:
    """Those of the names that a module binds to anything but a stub; the last definition of a name counts."""
    found: dict[str, tuple[int, bool]] = {}

    def bind(name: str | None, line: int, written: bool) -> None:
        if name in names and line >= found.get(name, (0, False))[0]:
            found[name] = (line, written)

    for node in _outside_functions(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            bind(node.name, node.lineno, not _is_stub(node))
        elif isinstance(node, ast.ClassDef):
            bind(node.name, node.lineno, True)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bind(node.id, node.lineno, True)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                bind(alias.asname or alias.name, node.lineno, True)
    return {name for name, (_, written) in found.items() if written}


def _is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a body is empty, or goes straight to ``raise NotImplementedError`` and returns nothing before."""
    body = [
        statement
        for statement in function.body
        if not isinstance(statement, ast.Pass)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    if not body:
        return True
    last = body[-1]
    if not isinstance(last, ast.Raise) or last.exc is None:
        return False
    what = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
    if not (isinstance(what, ast.Name) and what.id == "NotImplementedError"):
        return False
    return not any(isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) for node in ast.walk(function))


def _may_define(tree: ast.Module) -> bool:
    """Whether a module's functions may come from elsewhere: ``from work import *``, ``exec``."""
    return any(
        (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names) and not _harmless(node))
        or (isinstance(node, ast.Name) and node.id in _MAKES_NAMES)
        or (isinstance(node, ast.Attribute) and node.attr in _MAKES_NAMES)
        for node in _outside_functions(tree)
    )


def _harmless(node: ast.ImportFrom) -> bool:
    top = (node.module or "").partition(".")[0]
    return not node.level and top in {"numpy", "torch", "math", "typing", "__future__", "coursekit"}


def _in_cells(unit: Unit, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Number of each code cell that defines functions of the unit, counted from 1 over all cells, and their names."""
    names = functions_of(unit)
    try:
        cells = json.loads(data)["cells"]
        for number, cell in enumerate(cells, 1):
            source = cell.get("source", "")
            text = source if isinstance(source, str) else "".join(source)
            if cell.get("cell_type") != "code" or not any(name in text for name in names):
                continue
            lines = ["" if re.match(r"[%!?]", line) else line for line in text.splitlines()]
            tree = _tree("\n".join(lines).encode("utf-8", "replace"))
            defined = _written(_definitions(tree), set(names)) if tree is not None else set()
            if defined:
                yield number, [name for name in names if name in defined]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return


def _definitions(tree: ast.Module) -> ast.Module:
    """Only what defines: notebooks import the functions to use them."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign, ast.If, ast.Try, ast.With)
    return ast.Module([node for node in tree.body if isinstance(node, kinds)], [])
