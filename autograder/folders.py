"""Where the course's folders are, and the two ways of writing that never leave half a file."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from autograder.errors import StoreError, UsageError

SOURCES = "solutions"  # nbgrader's source directory: the instructor's side
RELEASED = "notebooks"  # nbgrader's release directory: the student's side
SUBMITTED = "submitted"
AUTOGRADED = "autograded"
FEEDBACK = "feedback"
WORK = "work"  # where a person who studies alone works, and where copies of their files are kept
STATE = ".autograder"  # results, salt, what was released: made by running, never committed
CONFIG = "nbgrader_config.py"


def course_root(start: Path | None = None) -> Path:
    """The folder that holds ``nbgrader_config.py``: the nearest one at or above `start` (default: the
    current folder), else the one this package was installed from.

    Raises:
        UsageError: there is none.
    """
    here = (start or Path.cwd()).resolve()
    package_home = Path(__file__).resolve().parents[1]
    for folder in (here, *here.parents, package_home):
        if (folder / CONFIG).is_file():
            return folder
    raise UsageError(
        f"{here} is not inside a course: neither it nor a folder above it holds {CONFIG}. "
        "Change into the course's folder and run the command again."
    )


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing; makes the folder.

    Raises:
        StoreError: the file system refuses (no permission, disk full).
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_json(path: Path, data: Any) -> None:
    """Write data as JSON, whole or not at all; the same data give the same bytes."""
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def own_tools_on_path() -> None:
    """Put the folder of this Python's commands first on PATH.

    nbgrader makes a new gradebook by running ``alembic`` by that name; without an activated environment there is
    none, or another one.
    """
    commands = str(Path(sys.executable).parent)
    if commands not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, [commands, os.environ.get("PATH", "")]))
