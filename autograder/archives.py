"""Zip and tar archives: unpack what strangers packed, and pack so that the same files give the same bytes.

An archive is refused as a whole, with words, if anything in it would leave the folder it is unpacked into, is a link
or a device, or is larger than a submission can be. Sizes are counted while unpacking: what an archive says about
itself is not believed.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from autograder.errors import UsageError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
MOST_FILES = 1000
MOST_BYTES = 64 * 1024 * 1024  # unpacked, all files together
MOST_DEPTH = 20
MOST_NAME = 200
_CHUNK = 1 << 16
_TIME = (2020, 1, 1, 0, 0, 0)


class Refused(UsageError):
    """An archive that will not be unpacked, and why."""


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive that :func:`unpack` reads."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, target: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> list[str]:
    """Unpack an archive into a new folder, all of it or nothing.

    Args:
        archive: a file whose name ends in one of :data:`SUFFIXES`.
        target: the folder to make.
        most_files, most_bytes: what it may hold; by default what one submission may.

    Returns:
        the files' paths below the folder.

    Raises:
        Refused: it is damaged, encrypted, too large, or not made for an honest purpose; nothing is left of it.
    """
    import shutil

    try:
        target.mkdir(parents=True)
        return list(_write(_members(archive, most_files), target, most_files, most_bytes))
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise Refused(f"it cannot be unpacked: {error or type(error).__name__}") from error
    except RuntimeError as error:  # zipfile's word for a password
        shutil.rmtree(target, ignore_errors=True)
        raise Refused("it is encrypted") from error
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _members(archive: Path, most_files: int) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each file; refuses what is no file or folder."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise Refused(f"{_shown(info.filename)} in it is {_kind(stat.S_ISLNK(kind))}")
                if info.is_dir():
                    continue
                with packed.open(info) as content:
                    yield info.filename, content
        return
    with tarfile.open(archive, "r:*") as tar:
        for number, member in enumerate(tar):
            if number > 4 * most_files:
                raise Refused(f"it holds more than {most_files} files")
            if member.isdir():
                continue
            if not member.isfile():
                raise Refused(f"{_shown(member.name)} in it is {_kind(member.issym() or member.islnk())}")
            content_ = tar.extractfile(member)
            assert content_ is not None  # it is a file
            yield member.name, content_


def _write(members: Iterable[tuple[str, IO[bytes]]], target: Path, most_files: int, most_bytes: int) -> Iterator[str]:
    seen: set[str] = set()
    total = 0
    for number, (name, content) in enumerate(members, 1):
        if number > most_files:
            raise Refused(f"it holds more than {most_files} files")
        place = safe_path(name)
        if place.as_posix().casefold() in seen:
            raise Refused(f"it holds {_shown(name)} twice")
        seen.add(place.as_posix().casefold())
        file = target / place
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "xb") as stream:
                while chunk := content.read(_CHUNK):
                    total += len(chunk)
                    if total > most_bytes:
                        raise Refused(f"unpacked it is larger than {most_bytes >> 20} MB")
                    stream.write(chunk)
        except (FileExistsError, NotADirectoryError) as error:
            raise Refused(f"{_shown(name)} in it is both a file and a folder") from error
        yield place.as_posix()


def safe_path(name: str) -> PurePosixPath:
    """A file's name in an archive as a path below a folder.

    Raises:
        Refused: it leads elsewhere, or no system would have it.
    """
    shown = _shown(name)
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    if path.is_absolute() or ".." in parts or (parts and parts[0][1:2] == ":"):
        raise Refused(f"{shown} in it leads out of its folder")
    if not parts or len(parts) > MOST_DEPTH or len(name) > 4 * MOST_NAME or any(len(p) > MOST_NAME for p in parts):
        raise Refused(f"{shown} in it is no name for a file, or too long")
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise Refused(f"{shown} in it has control characters in its name")
    return PurePosixPath(*parts)


def _kind(link: bool) -> str:
    return "a link" if link else "a device or a pipe"


def _shown(name: str) -> str:
    text = ascii(name)[1:-1]
    return f"'{text[:80]}…'" if len(text) > 80 else f"'{text}'"


def zip_bytes(files: Mapping[str, bytes], executable: Iterable[str] = ()) -> bytes:
    """Files as a zip archive: name -> content; the same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever it is made on
            entry.external_attr = (stat.S_IFREG | (0o755 if name in executable else 0o644)) << 16
            packed.writestr(entry, data)
    return stream.getvalue()
