"""Writes constraints.txt: what this environment holds of everything that unrolled[dev] needs.

Run by ``make pins``. To bring the pins up to date: loosen or remove lines in constraints.txt, run
``make setup`` (pip then picks), run the tests, and ``make pins``. Packages that somebody happened to
install beside the course are not written down, and neither is the build of a package
(``torch 2.13.0+cpu`` becomes ``torch==2.13.0``), so that one file serves every system.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The versions that the course is tested with; pip takes them with `-c constraints.txt`, conda's
# environment.yml does the same. Made by `make pins` (tools/pins.py): everything that unrolled[dev]
# needs on Linux, directly or in turn, and what Windows and macOS need besides.
"""
#: Needed only on Windows or macOS, so found in no environment on Linux.
ELSEWHERE = {"appnope": "1.0.0", "colorama": "0.4.6", "pywinpty": "3.1.2"}
#: torch's CUDA build brings these, its CPU build does not; torch itself pins them exactly.
ACCELERATOR = ("cuda-", "nvidia-", "triton")


def pins() -> dict[str, str]:
    """Name -> public version of every package that pyproject.toml asks for, and of their needs in turn.

    Raises:
        importlib.metadata.PackageNotFoundError: the environment lacks one of them.
    """
    found: dict[str, str] = {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["dev"]]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted.name.startswith(ACCELERATOR) or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        distribution = metadata.distribution(wanted.name)
        found[canonicalize_name(wanted.name)] = Version(distribution.version).public
        for extra in ("", *sorted(wanted.extras)):
            if (wanted.name, extra) in seen:
                continue
            seen.add((wanted.name, extra))
            for text in distribution.requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    needed.marker = None  # answered
                    waiting.append(needed)
    return found


def main() -> None:
    """Write the file and say how many lines it has."""
    lines = [f"{name}=={version}\n" for name, version in sorted({**ELSEWHERE, **pins()}.items())]
    (ROOT / "constraints.txt").write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"constraints.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
