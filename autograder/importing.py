"""Imports a student's module and the files beside it from memory, whatever else it asks for.

Loaded by :mod:`autograder.worker` on its own, without the rest of the package.
"""

from __future__ import annotations
import __future__

import ast
import bisect
import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import itertools
import linecache
import os
import sys
import types
from collections.abc import Callable, Container, Sequence
from typing import Any

PACKAGE = "_submission"  # the package that relative imports of a student's file resolve in
MAX_ABSENT = 20  # modules that are not there, and without which a student's file is imported all the same
MAX_FAILURES = 100  # statements of one file that end with an exception
MAX_WORDS = 300  # characters of an exception's message, and of a line
_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


@functools.lru_cache(maxsize=1)
def protected_names() -> frozenset[str]:
    """Modules that no file of a student takes the place of: Python's own, and what is loaded at the first call.

    A zygote calls this for all its children: whoever looks at all names writes to the pages that hold them.
    """
    loaded = {name.partition(".")[0] for name in sys.modules}
    others = {"coursekit", "torch", "scipy", "matplotlib", "sklearn"}
    return frozenset((sys.stdlib_module_names | loaded | others) - {PACKAGE, "__main__"})


class SubmissionFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the student's own files from memory; never instead of the library or the standard library."""

    def __init__(
        self, files: dict[str, bytes], own_package: str | None, run: Callable[[str, types.ModuleType], None]
    ) -> None:
        self.files = files
        self.run = run
        self.own_package = own_package  # the folder's name, if it is a package
        self.protected = protected_names()

    def _path(self, fullname: str) -> tuple[str | None, bool] | None:
        """(file or None for a folder without __init__, is it a package), or None if not ours."""
        head, _, rest = fullname.partition(".")
        if head in (PACKAGE, self.own_package):
            if not rest:
                return ("__init__.py" if "__init__.py" in self.files else None), True
            parts = rest.split(".")
        elif head in self.protected:
            return None
        else:
            parts = fullname.split(".")
        stem = "/".join(parts)
        if f"{stem}/__init__.py" in self.files:
            return f"{stem}/__init__.py", True
        if f"{stem}.py" in self.files:
            return f"{stem}.py", False
        if any(name.startswith(f"{stem}/") for name in self.files):
            return None, True
        return None

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname == "autograder":  # a forgotten `from autograder import check` must not break a module
            return importlib.machinery.ModuleSpec(fullname, self, origin="<inert>")
        found = self._path(fullname)
        if found is None:
            return None
        name, is_package = found
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=name, is_package=is_package)
        spec.has_location = name is not None
        return spec

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        spec = module.__spec__
        if spec is None or spec.name == "autograder":
            module.__dict__["check"] = lambda *args, **kwargs: None
            return
        if spec.origin is not None and spec.origin in self.files:
            self.run(spec.origin, module)


class Importer:
    """Makes the student's module out of its text, and leaves out what keeps the rest from being judged.

    What does not parse is left out as far as it can be told (see :mod:`autograder.reading`), and so is a statement at
    the top level that ends with an exception. A file beside the module is read that way only if an exception in it
    would else have ended the module's own statement: whoever guards an import is told that it failed.
    """

    def __init__(
        self,
        files: dict[str, bytes],
        main: str,
        name: str,
        own_package: str | None,
        inert: Any,
        reading: Any,
        skip: Container[int] = (),
        tell: Callable[[int, int], None] | None = None,
        imports: Sequence[str] = (),
    ) -> None:
        """Find modules from now on: the student's own, inert ones, and those that turn out not to be there.

        Args:
            files: the student's, by their paths.
            main: which of them is the module.
            name: the module's name in the course.
            own_package: the folder's name, if it is a package.
            inert: :mod:`autograder.inert`.
            reading: :mod:`autograder.reading`.
            skip: numbers of statements at the top level of the main file that are left out.
            imports: names of the libraries that it may import; none: all that are installed.
            tell: called with a statement's number and line before it is run; they are then run one by one.
        """
        self.files = files
        self.main = main
        self.name = name
        self.own_package = own_package
        self.reading = reading
        self.skip = skip
        self.tell = tell
        self.folder = os.getcwd()  # where the files would lie
        self.absent = inert.AbsentFinder()
        self.lenient = {main}  # files of which a part may be left out
        self.notes: list[list[Any]] = []  # what was left out; :mod:`autograder.left_out` makes sentences of it
        self.lost: dict[str, str] = {}  # a name that there would be -> why it is not there, in words
        sys.meta_path[:0] = [SubmissionFinder(files, own_package, self.run_file), inert.InertFinder()]
        if imports:
            sys.meta_path.insert(2, inert.BarredFinder(imports, self.absent))
        sys.meta_path.append(self.absent)

    def run(self) -> types.ModuleType:
        """The student's main file as a module, from its text.

        Raises:
            BaseException: whatever keeps all of it from being read.
        """
        importlib.import_module(PACKAGE)
        stem = self.main.removesuffix(".py")
        spec = importlib.machinery.ModuleSpec(f"{PACKAGE}.{stem}", None, origin=self.main)
        module = importlib.util.module_from_spec(spec)
        module.__dict__["__package__"] = PACKAGE
        aliases = {self.name, stem, f"{PACKAGE}.{stem}"}
        for alias in aliases | ({f"{self.own_package}.{stem}"} if self.own_package else set()):
            if alias.partition(".")[0] not in sys.stdlib_module_names:
                sys.modules[alias] = module
        self.run_file(self.main, module)
        self.lost = {name: why for name, why in self.lost.items() if name not in module.__dict__}
        return module

    def missing(self) -> list[str]:
        """Modules that are not there, as the student's file calls them."""
        return [name.removeprefix(f"{PACKAGE}.") for name in self.absent.names]

    def run_file(self, filename: str, module: types.ModuleType) -> None:
        """Execute one of the student's files as a module; its lines show in tracebacks."""
        text, _ = self.reading.decode(self.files[filename])
        linecache.cache[filename] = (len(text), None, [f"{line}\n" for line in text.split("\n")], filename)
        module.__dict__["__file__"] = os.path.join(self.folder, *filename.split("/"))
        if filename not in self.lenient:
            exec(compile(text, filename, "exec", dont_inherit=True), module.__dict__)
            return
        found = self.reading.readable(text, filename)
        for piece in found.pieces:
            what = ["syntax", filename, piece.first, piece.last, list(piece.names), piece.kind, piece.message]
            self.notes.append([*what, piece.line, piece.text])
        if found.pieces:
            errors = [piece.error(filename) for piece in found.pieces]
            module.__dict__["_left_out"] = lambda number: _broken(errors[number])
        self.run_text(found.text, filename, module)
        module.__dict__.pop("_left_out", None)

    def run_text(self, text: str, filename: str, module: types.ModuleType) -> None:
        """Execute a text that compiles; statements that are to be left out, are."""
        code = compile(text, filename, "exec", dont_inherit=True)
        if filename != self.main or not (self.skip or self.tell):
            self.attempt(code, None, text, filename, module)
            return
        features = code.co_flags & _FUTURE
        statements = list(enumerate(ast.parse(text, filename).body))
        for number, statement in statements:
            if number in self.skip:
                self.lose(statement, filename, "")
        kept = [(number, statement) for number, statement in statements if number not in self.skip]
        if self.tell is None:
            every = [statement for _, statement in kept]
            self.attempt(_compiled(every, filename, features), every, text, filename, module)
            return
        for number, statement in kept:
            self.tell(number, _lines(statement)[0])
            self.attempt(_compiled([statement], filename, features), [statement], text, filename, module)

    def attempt(
        self,
        code: types.CodeType,
        statements: list[ast.stmt] | None,
        text: str,
        filename: str,
        module: types.ModuleType,
    ) -> None:
        """Execute code; a statement that ends with an exception is left out, and the rest goes on after it.

        Args:
            code: what to execute.
            statements: what it was made of; those of ``text`` if None, which are looked up only if they are needed.
            text, filename, module: of the file as a whole.
        """
        features = code.co_flags & _FUTURE
        failures = 0
        while True:
            try:
                exec(code, module.__dict__)
                return
            except BaseException as error:
                failures += 1
                statements = ast.parse(text, filename).body if statements is None else statements
                number = _statement_of(error, code, statements)
                if failures > MAX_FAILURES or number < 0:
                    raise
                if not self.again(error, filename):
                    self.note(error, statements[number], filename)
                    number += 1
                statements = statements[number:]
                code = _compiled(statements, filename, features)

    def again(self, error: BaseException, filename: str) -> bool:
        """Whether a statement is to be run once more, because what ended it will not happen again."""
        if isinstance(error, ModuleNotFoundError):  # people import more than they use
            known = self.absent.names
            if type(error.name) is str and error.name not in known and len(known) < MAX_ABSENT:
                known.append(error.name)
                return True
        for other in _files_of(error):
            if other in self.files and other not in self.lenient and other != filename:
                self.lenient.add(other)
                for name in [name for name, known in sys.modules.items() if _origin(known) == other]:
                    del sys.modules[name]
                return True
        return False

    def note(self, error: BaseException, statement: ast.stmt, filename: str) -> None:
        """Remember a statement that ended with an exception."""
        kind, message = type(error).__name__, ""
        with contextlib.suppress(Exception):  # a student's own class of exceptions
            message = str(error)[:MAX_WORDS]
        self.lose(statement, filename, f"{kind}: {message}" if message else kind)
        first, last = _lines(statement)
        line = _line_in(error, filename, first, last)
        text = linecache.getline(filename, line).strip()[:MAX_WORDS]
        self.notes.append(["failed", filename, first, last, sorted(_names(statement)), kind, message, line, text])

    def lose(self, statement: ast.stmt, filename: str, why: str) -> None:
        """Remember which names there would be."""
        words = f"line {_lines(statement)[0]} of {filename} would define it and was left out{f': {why}' if why else ''}"
        for name in _names(statement):
            self.lost[name] = words


def _broken(error: SyntaxError) -> Callable[..., Any]:
    """What stands for a function that does not parse."""

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise type(error)(*error.args)

    return broken


def _compiled(statements: list[ast.stmt], filename: str, features: int) -> types.CodeType:
    code: types.CodeType = compile(ast.Module(statements, []), filename, "exec", features, dont_inherit=True)
    return code


def _statement_of(error: BaseException, code: types.CodeType, statements: list[ast.stmt]) -> int:
    """Which of the statements that ``code`` consists of an exception came out of; -1 if it cannot be told."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    if trace is None:
        return -1
    places = itertools.islice(code.co_positions(), trace.tb_lasti // 2, None)
    line, _, column, _ = next(places, (None, None, None, None))
    place = (line or trace.tb_lineno, column if column is not None else 1 << 30)
    starts = [min((part.lineno, part.col_offset) for part in _parts(statement)) for statement in statements]
    return bisect.bisect_right(starts, place) - 1


def _parts(statement: ast.stmt) -> list[Any]:
    """A statement and what may stand before its own first word."""
    return [statement, *getattr(statement, "decorator_list", ())]


def _lines(statement: ast.stmt) -> tuple[int, int]:
    first = min(part.lineno for part in _parts(statement))
    return first, statement.end_lineno or first


def _line_in(error: BaseException, filename: str, first: int, last: int) -> int:
    """The innermost line of a statement that an exception passed through."""
    found, trace = first, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename and first <= trace.tb_lineno <= last:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _files_of(error: BaseException) -> list[str]:
    """The files whose top level an exception came out of, innermost first."""
    found, trace = [], error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "<module>":
            found.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and isinstance(error.filename, str):
        found.append(error.filename)
    return found[::-1]


def _origin(module: Any) -> Any:
    return getattr(getattr(module, "__spec__", None), "origin", None)


def _names(statement: ast.stmt) -> set[str]:
    """Names that a statement at the top level gives a value to."""
    found: set[str] = set()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names} - {"*"}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting += ast.iter_child_nodes(node)
    return found
