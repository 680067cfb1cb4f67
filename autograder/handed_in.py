"""Finds the unit's module in whatever folders somebody handed it in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Unit
from autograder.errors import UsageError

#: Folders that hold copies and rubbish: an archive made on a Mac, a cache, an environment, a repository's own files.
NOT_LOOKED_INTO = {
    "__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", ".venv", "venv", "env", "node_modules", ".autograder",
}  # fmt: skip
MOST_FOLDERS = 2000


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
        others = sorted({file.name for path in folders_below(folder) for file in path.glob("*.py")})
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
    """A folder and those below it, links and :data:`NOT_LOOKED_INTO` left out.

    Raises:
        UsageError: there are thousands.
    """
    for number, (name, below, _) in enumerate(os.walk(folder, followlinks=False)):
        if number >= MOST_FOLDERS:
            raise UsageError(f"It holds more than {MOST_FOLDERS} folders; a submission is a module and a notebook.")
        below[:] = sorted(entry for entry in below if entry not in NOT_LOOKED_INTO)
        yield Path(name)
