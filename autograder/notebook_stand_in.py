"""What a notebook that is executed for grading finds under ``autograder.checker``; copied there by
:mod:`autograder.notebook_sandbox`.

The judge has looked at the module already, in a sandbox of its own, and writes its scores into the test cells
when the notebook is done. Nothing of it is inside the notebook's sandbox: no checks, no known mistakes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def check(exercise: Any, *, hint: int = 1, folder: str | Path = ".") -> None:
    """Say where the result is."""
    exercise = getattr(exercise, "__name__", exercise)
    print(f'{exercise}: judged outside this notebook; the result is in its test cell, check("{exercise}").')


def passes(unit_id: str, exercise_id: str, module_path: Path) -> bool:
    """Nobody can tell in here: ``coursekit.upstream`` takes its stand-ins."""
    return False
