"""What this machine offers, in lines that a person can act on."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from autograder import folders
from autograder.course import load_course
from autograder.errors import UnrolledError
from autograder.sandbox import probe


def findings() -> list[str]:
    """One line per fact; changes nothing."""
    lines = [f"python      {platform.python_version()} ({sys.executable})", f"system      {platform.platform()}"]
    lines.append(f"cores       {os.cpu_count()}")
    for package in ("unrolled", "numpy", "torch", "nbgrader", "jupyterlab"):
        try:
            lines.append(f"{package:<11} {version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package:<11} not installed")
    try:
        course = load_course()
        lines.append(f"course      {course.title}: {', '.join(unit.id for unit in course.units)}")
        root = folders.course_root()
        lines.append(f"folder      {root}")
        salt = root / folders.STATE / "salt"
        where = "from the environment" if os.environ.get("UNROLLED_SALT") else str(salt)
        made = "" if os.environ.get("UNROLLED_SALT") or salt.exists() else " (made on first use)"
        lines.append(f"salt        {where}{made}")
    except UnrolledError as error:
        lines.append(f"course      {error}")
    available, reasons = probe()
    lines.append(f"isolation   {available[0].text}")
    if available[0].weakness:
        lines.append(f"            {available[0].weakness}")
    lines += [f"            not {name}: {reason}" for name, reason in reasons.items()]
    return lines
