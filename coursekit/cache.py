"""Arrays that take long to make, kept on disk between runs.

A cached file holds plain arrays, no Python objects: reading one runs no code. Its first line is the
SHA-256 of the rest; a file that does not fit its line is made again. The folder is the user's cache
folder, or what the environment variable ``UNROLLED_CACHE`` names. Deleting it is always safe.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from platformdirs import user_cache_path

#: Names another folder for cached files.
CACHE_VARIABLE = "UNROLLED_CACHE"

_HEADER = b"unrolled cache 1 sha256 "


def cache_folder() -> Path:
    """Where cached files lie; the folder need not exist."""
    return Path(os.environ.get(CACHE_VARIABLE) or user_cache_path("unrolled", appauthor=False))


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def cached_arrays(name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that ``make`` returns, from disk if they are there and whole.

    Whatever is wrong with the disk, the arrays come back: what cannot be read is made, what cannot be written is
    not kept. A damaged file is replaced, with a line on stdout that says so.

    Args:
        name: of the file, without ending; put what the arrays depend on into it, versions included.
        make: called if there is no such file; returns arrays of numbers by name.

    Returns:
        the arrays, the caller's to change.
    """
    path = cache_folder() / f"{name}.npz"
    try:
        data = path.read_bytes()
    except OSError:
        data = None
    if data is not None:
        stored = _unpack(data)
        if stored is not None:
            return stored
        print(f"{path} is damaged; it is made again.")
    arrays = make()
    _write(path, arrays)
    return arrays


def _unpack(data: bytes) -> dict[str, np.ndarray] | None:
    """The arrays in a cached file; None if the file is not what was written."""
    header, line_end, content = data.partition(b"\n")
    if not line_end or header != _HEADER + digest(content).encode():
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, BadZipFile):  # whole, but not of this numpy
        return None


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write all or nothing: readers see the old file or the new one."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_HEADER + digest(content).encode() + b"\n")
            file.write(content)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
