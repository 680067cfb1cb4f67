"""The autograder of Unrolled: release, check, grade, report."""

from __future__ import annotations

from typing import Any


def check(exercise: Any, *, hint: int = 1, folder: str = ".") -> None:
    """Check one exercise of the module beside this notebook; see :func:`autograder.checker.check`.

    Loaded on the first call, so that ``import autograder`` stays light.
    """
    from autograder.checker import check as run

    run(exercise, hint=hint, folder=folder)
