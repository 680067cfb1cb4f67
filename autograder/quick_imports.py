"""Imports of what grading a class needs, without what it does not need.

Two packages import much more than they use here: together as long as judging ten submissions takes. What is left out
is there for whoever imports it later, in the same process too.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

#: What jsonschema checks formats with, if it is installed: web addresses, colours, times. Compiling the grammar of
#: international addresses alone takes more than a second. No schema of a notebook has a format.
_FORMATS = (
    "fqdn",
    "idna",
    "isoduration",
    "jsonpointer",
    "rfc3339_validator",
    "rfc3986_validator",
    "rfc3987",
    "rfc3987_syntax",
    "uri_template",
    "webcolors",
)
#: What nbgrader adds to a Jupyter server; importing them imports the server, its client, and all of nbconvert.
_SERVER_EXTENSIONS = tuple(
    f"nbgrader.server_extensions.{name}"
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
)
_LOADER = "load_jupyter_server_extension"  # the function that a server calls


class _Later(ModuleType):
    """Stands for a module, which it imports when somebody uses it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        setattr(self, _LOADER, lambda *args, **kwargs: getattr(self._real(), _LOADER)(*args, **kwargs))

    def _real(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return importlib.import_module(self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)


def import_jsonschema() -> None:
    """Import what nbgrader checks notebooks with, without its checks of formats."""
    absent: Any = None  # how Python is told that a module is not there
    with _instead((name, absent) for name in _FORMATS):
        importlib.import_module("jsonschema")


def import_nbgrader() -> None:
    """Import nbgrader, and its extensions of a Jupyter server only if one asks for them."""
    with _instead((name, _Later(name)) for name in _SERVER_EXTENSIONS):
        importlib.import_module("nbgrader")


@contextmanager
def _instead(modules: Iterable[tuple[str, Any]]) -> Iterator[None]:
    """Have others stand for modules that are not imported yet."""
    put = {name: module for name, module in modules if name not in sys.modules}
    sys.modules.update(put)
    try:
        yield
    finally:
        for name, module in put.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
