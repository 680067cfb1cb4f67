"""What is passed over in whatever somebody hands in: copies, caches, environments, a repository's own files.

Nobody looks into it, so it can neither be wrong nor too much: links in it and the number of its files do not count.
"""

from __future__ import annotations

from collections.abc import Collection

#: Folders of these names.
NOT_LOOKED_INTO = {
    "__MACOSX", "__pycache__", ".git", ".hg", ".svn", ".ipynb_checkpoints", ".venv", "venv", "env", ".env", ".conda",
    "site-packages", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".local",
    ".idea", ".vscode", ".vs", ".Trash", "$RECYCLE.BIN", ".autograder",
}  # fmt: skip
#: Files by which an environment is known, whatever its folder is called, and what is the environment's in it.
_MARKS = ("pyvenv.cfg", "conda-meta/history")
_ENVIRONMENT = {
    "bin", "lib", "lib64", "include", "share", "etc", "man", "ssl", "pkgs", "conda-meta", "Lib", "Scripts", "Include",
    "Library", "DLLs", "Tools", "pyvenv.cfg",
}  # fmt: skip


def is_passed_over(path: str, paths: Collection[str]) -> bool:
    """Whether a path in an archive is within something that nobody looks into.

    Args:
        path: as it stands in the archive.
        paths: all of them; a set.
    """
    parts = path.replace("\\", "/").removeprefix("./").split("/")
    if any(part in NOT_LOOKED_INTO for part in parts) or parts[-1].startswith("._"):
        return True
    for depth, part in enumerate(parts):
        if part in _ENVIRONMENT:
            before = path.replace("\\", "/")[: -len("/".join(parts[depth:])) or None]
            if any(f"{before}{mark}" in paths for mark in _MARKS):
                return True
    return False


def is_environment(names: Collection[str]) -> bool:
    """Whether a folder that holds these files and folders is a Python environment."""
    return "pyvenv.cfg" in names or "conda-meta" in names


def within_environment(name: str) -> bool:
    """Whether a file or folder of an environment is the environment's own."""
    return name in _ENVIRONMENT
