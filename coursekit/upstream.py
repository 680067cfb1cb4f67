"""Functions of earlier units: the student's own where they are right, a stand-in where not.

A function that is missing or wrong in an earlier unit never blocks a later one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from coursekit.stand_ins import STAND_INS


def upstream(
    unit_id: str, *exercises: str, folder: str | Path | None = None, quiet: bool = False
) -> Callable[..., Any] | tuple[Callable[..., Any], ...]:
    """Functions of an earlier unit; prints one line that says whose they are.

    The forward and the backward function of a layer share a cache, so ask for both in one
    call: either all functions are the student's own or all are stand-ins.

    Args:
        unit_id: such as "01_vanilla_rnn".
        exercises: one or more names of functions of that unit.
        folder: the earlier unit's folder; by default the one beside the folder of the file that asks,
            or, in a notebook, beside the working directory.
        quiet: True prints nothing. The same line is printed once only, however often a module
            that asks is loaded again.

    Returns:
        the function, or a tuple of functions in the order of ``exercises``.

    Raises:
        LookupError: no such unit, or no stand-in for such a function; names what there is.
        ValueError: no exercise was named.
    """
    place = folder or _beside(sys._getframe(1).f_globals, unit_id)
    functions, whose = _choose(unit_id, exercises, place)
    line = f"{_listed(exercises)} of {unit_id}: {whose}."
    asked = (unit_id, exercises, str(place or Path.cwd()))
    if not quiet and _SAID.get(asked) != line:
        print(line)
    _SAID[asked] = line
    return functions[0] if len(functions) == 1 else functions


_FOUND: dict[tuple[str, str, bytes], bool] = {}  # unit, exercise, the file's content -> whether it passes
_SAID: dict[tuple[str, tuple[str, ...], str], str] = {}  # what was asked for, and where -> the line printed last


def _beside(caller: dict[str, Any], unit_id: str) -> Path | None:
    """The unit's folder beside that of the file that asks; None if no file asks, or there is no such folder."""
    file = caller.get("__file__")
    place = Path(file).resolve().parent.parent / unit_id if isinstance(file, str) else None
    return place if place is not None and place.is_dir() else None


def _listed(exercises: tuple[str, ...]) -> str:
    """Names for a line of text; many are counted."""
    return ", ".join(exercises) if len(exercises) <= 3 else f"{len(exercises)} functions"


def _choose(
    unit_id: str, exercises: tuple[str, ...], folder: str | Path | None
) -> tuple[tuple[Callable[..., Any], ...], str]:
    """The functions, and whose they are in words."""
    if unit_id not in STAND_INS:
        raise LookupError(f"there is nothing to take from unit {unit_id!r}; known: {', '.join(STAND_INS)}")
    if not exercises:
        raise ValueError(f"name at least one function of {unit_id}: {', '.join(STAND_INS[unit_id])}")
    for exercise in exercises:
        if exercise not in STAND_INS[unit_id]:
            known = ", ".join(STAND_INS[unit_id])
            raise LookupError(f"there is no {exercise!r} to take from {unit_id}; known: {known}")

    stand_ins = tuple(STAND_INS[unit_id][exercise] for exercise in exercises)
    path = _module_path(unit_id, folder)
    if not path.is_file():
        return stand_ins, f"a stand-in, for there is no {path.parent.name}/{path.name} here"
    failing = _failing(unit_id, exercises, path)
    if failing:
        return stand_ins, f"a stand-in, for your {failing} does not pass its check yet"
    try:
        module = load_module(path)
        own = tuple(getattr(module, exercise) for exercise in exercises)
    except Exception as error:  # it ran in the checker, so whatever it is, it must not block this unit
        return stand_ins, f"a stand-in, for {path.name} does not load here ({type(error).__name__})"
    return own, "your own"


def _module_path(unit_id: str, folder: str | Path | None) -> Path:
    """The earlier unit's module; whether it exists is another question."""
    from autograder.course import load_course

    place = Path(folder) if folder is not None else Path.cwd().parent / unit_id
    return place / load_course().unit(unit_id).module_file


def _failing(unit_id: str, exercises: tuple[str, ...], path: Path) -> str:
    """The first of the student's functions that does not pass its check; empty if all do.

    What was found is kept until the file changes: a module that is loaded again after each edit asks each time.
    """
    from autograder.checker import passes

    text = path.read_bytes()
    for exercise in exercises:
        if (unit_id, exercise, text) not in _FOUND:
            _FOUND[unit_id, exercise, text] = passes(unit_id, exercise, path)
        if not _FOUND[unit_id, exercise, text]:
            return exercise
    return ""


def load_module(path: Path) -> ModuleType:
    """Import a file under its own name, with the files beside it importable meanwhile."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
