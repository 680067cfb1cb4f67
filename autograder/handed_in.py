"""Finds the unit's module in whatever folders somebody handed it in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Unit
from autograder.errors import UsageError
from autograder.passed_over import NOT_LOOKED_INTO, is_environment, within_environment

MOST_FOLDERS = 2000
MOST_DEPTH = 40


def find_unit(unit: Unit, folder: Path) -> Path:
    """The folder, at or below the given one, that holds the unit's module.

    A folder of the unit's name counts before others, then the one that is the least deep.

    Raises:
        UsageError: there is none (names the Python files that are there instead), or there are two to choose from.
    """
    found = sorted(
        (path for path in folders_below(folder) if _holds(path, unit.module_file)),
        key=lambda path: _rank(path, folder, unit),
    )
    if not found:
        others = sorted({file.name for path in folders_below(folder) for file in path.iterdir() if file.is_file()})
        seen = f" It holds {', '.join(others[:5])}{', …' if len(others) > 5 else ''}." if others else ""
        raise UsageError(f"There is no {unit.module_file} in it.{seen}")
    if len(found) > 1 and _rank(found[0], folder, unit) == _rank(found[1], folder, unit):
        places = " and ".join(str(path.relative_to(folder) / unit.module_file) for path in found[:2])
        raise UsageError(f"There are several {unit.module_file} in it ({places}); which one counts?")
    return found[0]


def _rank(path: Path, folder: Path, unit: Unit) -> tuple[bool, int]:
    return path.name != unit.id, len(path.relative_to(folder).parts)


def _holds(path: Path, name: str) -> bool:
    return (path / name).is_file() and not (path / name).is_symlink()


def folders_below(folder: Path) -> Iterator[Path]:
    """A folder and those below it, links and what is passed over (:mod:`autograder.passed_over`) left out.

    Raises:
        UsageError: there are thousands, or they lie too deep.
    """
    waiting, number = [folder], 0
    while waiting:
        place = waiting.pop()
        number += 1
        if number > MOST_FOLDERS or len(place.parts) - len(folder.parts) > MOST_DEPTH:
            raise UsageError(
                f"It holds more than {MOST_FOLDERS} folders, or some that lie {MOST_DEPTH} deep; "
                "a submission is a module and a notebook."
            )
        yield place
        try:
            with os.scandir(place) as found:
                inside = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
        except OSError:
            continue  # it cannot be read, or has just been taken away
        environment = is_environment({name for name, _ in inside})
        waiting += [
            place / name
            for name, is_folder in sorted(inside, reverse=True)
            if is_folder and name not in NOT_LOOKED_INTO and not (environment and within_environment(name))
        ]
