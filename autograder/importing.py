"""Imports a student's module and the files beside it from memory, whatever else it asks for.

Loaded by :mod:`autograder.worker` on its own, without the rest of the package.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
import types
from collections.abc import Callable
from typing import Any

PACKAGE = "_submission"  # the package that relative imports of a student's file resolve in
MAX_ABSENT = 20  # modules that are not there, and without which a student's file is imported all the same


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

    def __init__(self, files: dict[str, bytes], own_package: str | None) -> None:
        self.files = files
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
            run_source(self.files[spec.origin], spec.origin, module)


def run_source(source: bytes, filename: str, module: types.ModuleType) -> None:
    """Execute a student's file as a module; its lines show in tracebacks."""
    text = source.decode("utf-8", "replace")
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module.__dict__["__file__"] = filename
    code = compile(source, filename, "exec", dont_inherit=True)
    exec(code, module.__dict__)


class Importer:
    """Makes the student's module out of its text."""

    def __init__(
        self,
        files: dict[str, bytes],
        main: str,
        name: str,
        own_package: str | None,
        inert: Any,
        reseed: Callable[[], None],
    ) -> None:
        """Find modules from now on: the student's own, inert ones, and those that turn out not to be there.

        Args:
            files: the student's, by their paths.
            main: which of them is the module.
            name: the module's name in the course.
            own_package: the folder's name, if it is a package.
            inert: :mod:`autograder.inert`.
            reseed: called before each try.
        """
        self.files = files
        self.main = main
        self.name = name
        self.own_package = own_package
        self.reseed = reseed
        self.absent = inert.AbsentFinder()
        sys.meta_path[:0] = [SubmissionFinder(files, own_package), inert.InertFinder()]
        sys.meta_path.append(self.absent)

    def run(self) -> types.ModuleType:
        """Import the main file; raises what it raises."""
        while True:
            self.reseed()
            try:
                return self.once()
            except ModuleNotFoundError as error:
                # Imported again without what is missing: people import more than they use.
                known = self.absent.names
                if len(known) >= MAX_ABSENT or type(error.name) is not str or error.name in known:
                    raise
                known.append(error.name)

    def missing(self) -> list[str]:
        """Modules that are not there, as the student's file calls them."""
        return [name.removeprefix(f"{PACKAGE}.") for name in self.absent.names]

    def once(self) -> types.ModuleType:
        """The student's main file as a module, from its text."""
        files, main, own_package = self.files, self.main, self.own_package
        for known in [known for known, module in sys.modules.items() if getattr(module, "__file__", None) in files]:
            del sys.modules[known]  # of an earlier try
        importlib.import_module(PACKAGE)
        stem = main.removesuffix(".py")
        spec = importlib.machinery.ModuleSpec(f"{PACKAGE}.{stem}", None, origin=main)
        module = importlib.util.module_from_spec(spec)
        module.__dict__["__package__"] = PACKAGE
        for alias in {self.name, stem, f"{PACKAGE}.{stem}"} | ({f"{own_package}.{stem}"} if own_package else set()):
            if alias.partition(".")[0] not in sys.stdlib_module_names:
                sys.modules[alias] = module
        run_source(files[main], main, module)
        return module
