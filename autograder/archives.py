"""Zip and tar archives: unpack what strangers packed, and pack so that the same files give the same bytes.

An archive is refused as a whole, with words, if anything in it would leave the folder it is unpacked into, is a link
or a device, or is larger than a submission can be. What nobody looks at anyway (:mod:`autograder.passed_over`) is
passed over before that. Sizes are counted while unpacking: what an archive says about itself is not believed, and
neither its headers nor what is decompressed at once can take much memory.
"""

from __future__ import annotations

import bz2
import errno
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from autograder.errors import UsageError
from autograder.passed_over import is_passed_over

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz")
MOST_FILES = 1000
MOST_BYTES = 64 * 1024 * 1024  # unpacked, all files together
MOST_DEPTH = 20
MOST_NAME = 200  # bytes of one file's or folder's name
MOST_PATH = 800  # bytes of a path
MOST_MEMBERS = 50_000  # with what is passed over
MOST_STREAM = 512 * 1024 * 1024  # of a tar archive decompressed, with what is passed over
_MOST_HEADER = 64 * 1024  # bytes that a tar archive may say about one file
_MOST_HEADERS = 4 * 1024 * 1024  # and about all of them, beyond what is usual
_USUAL_HEADER = 3 * 1024
_MOST_DIRECTORY = 8 * 1024 * 1024  # of a zip's list of its files
_MOST_LZMA = 100 * 1024 * 1024  # memory for decompressing
_CHUNK = 1 << 16
_TRICKLE = 256  # compressed bytes at once, where each can become hundreds of kilobytes
_TIME = (2020, 1, 1, 0, 0, 0)
#: Of names that a file system does not have, or has already.
_NAMES = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


class Refused(UsageError):
    """An archive that will not be unpacked, and why."""


@dataclass
class Room:
    """What may still be unpacked, of one submission: archives within archives share it."""

    files: int = MOST_FILES
    bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        self.most_files, self.most_bytes = self.files, self.bytes

    def file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise Refused(f"it holds more than {self.most_files} files")

    def take(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            raise Refused(f"unpacked it is larger than {self.most_bytes >> 20} MB")


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive that :func:`unpack` reads."""
    return name.lower().endswith(SUFFIXES)


def unpack(
    archive: Path,
    target: Path,
    most_files: int = MOST_FILES,
    most_bytes: int = MOST_BYTES,
    room: Room | None = None,
) -> list[str]:
    """Unpack an archive into a new folder, all of it or nothing.

    Args:
        archive: a file whose name ends in one of :data:`SUFFIXES`.
        target: the folder to make.
        most_files, most_bytes: what it may hold; by default what one submission may.
        room: instead of these, what is left for it; counted down.

    Returns:
        the files' paths below the folder.

    Raises:
        Refused: it is damaged, encrypted, too large, or not made for an honest purpose; nothing is left of it.
        OSError: the file system cannot read or write (no space, no permission).
    """
    import shutil

    room = room or Room(most_files, most_bytes)
    try:
        if not archive.is_file():
            raise Refused("it is no file")
        target.mkdir(parents=True)
        members = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
        return list(_write(members(archive, room), target, room))
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        # A reader's complaints have no number; those of the file system do, and are not the archive's fault.
        outside = isinstance(error, OSError) and error.errno is not None and error.errno not in _NAMES
        if isinstance(error, Refused) or outside or not isinstance(error, Exception):
            raise
        words = " ".join(str(error).split())[:200] if str(error) else type(error).__name__
        raise Refused(f"it cannot be unpacked: {words}") from error


# ── zip ───────────────────────────────────────────────────────────────────────────────────────────────


class _Careful:
    """A file of which no more is read at once than is sensible."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.most = _MOST_DIRECTORY  # more than that is refused
        self.piece = 0  # if not 0: no more than that is given, however much is asked for

    def read(self, count: int = -1) -> bytes:
        if self.piece:
            count = min(count, self.piece) if count >= 0 else self.piece
        if count < 0 or count > self.most:
            count = self.most + 1
        data = self.stream.read(count)
        if len(data) > self.most:
            raise Refused("what it says about its files is too long")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _zip_members(archive: Path, room: Room) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each file; refuses what is no file or folder."""
    with open(archive, "rb") as stream:
        careful = _Careful(stream)
        careful.most = max(_MOST_DIRECTORY, 512 * room.most_files)
        with zipfile.ZipFile(careful) as packed:
            listed = packed.infolist()
            if len(listed) > max(MOST_MEMBERS, 2 * room.most_files):
                raise Refused(f"it holds more than {MOST_MEMBERS} files")
            names = {info.filename for info in listed}
            for info in listed:
                if is_passed_over(info.filename, names):
                    continue
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise Refused(f"{_shown(info.filename)} in it is {_kind(stat.S_ISLNK(kind))}")
                if info.is_dir():
                    continue
                if info.flag_bits & 1:
                    raise Refused("it is encrypted")
                careful.piece = 0
                with packed.open(info) as content:
                    careful.piece = _TRICKLE if info.compress_type not in (0, zipfile.ZIP_DEFLATED) else _CHUNK
                    yield info.filename, content


# ── tar ───────────────────────────────────────────────────────────────────────────────────────────────


def _decompressed(archive: Path) -> Iterator[bytes]:
    """What is in a compressed file, or a file as it is, piece by piece."""
    with open(archive, "rb") as stream:
        start = stream.read(6)
        stream.seek(0)
        kinds: tuple[tuple[bytes, Any], ...] = (
            (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
            (b"BZh", bz2.BZ2Decompressor),
            (b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(memlimit=_MOST_LZMA)),
        )
        mark, begin = next((kind for kind in kinds if start.startswith(kind[0])), (b"", None))
        if begin is None:
            while piece := stream.read(_CHUNK):
                yield piece
            return
        made = begin()
        data = stream.read(_CHUNK)
        while data:
            if isinstance(made, (bz2.BZ2Decompressor, lzma.LZMADecompressor)):
                yield made.decompress(data, _CHUNK)
                while not made.eof and not made.needs_input:
                    yield made.decompress(b"", _CHUNK)
            else:
                while data and not made.eof:
                    yield made.decompress(data, _CHUNK)
                    data = made.unconsumed_tail
            if made.eof:  # another stream may follow, or zeros to the end of a block
                data = (made.unused_data or stream.read(_CHUNK)).lstrip(b"\0")
                while not data and (more := stream.read(_CHUNK)):
                    data = more.lstrip(b"\0")
                if not data.startswith(mark[: len(data)]):
                    return
                made = begin()
            else:
                data = stream.read(_CHUNK)
                if not data:
                    yield made.flush() if mark == b"\x1f\x8b" else b""
                    if not made.eof:
                        raise EOFError("it ends too early")


class _Forward:
    """A file made of pieces, read from its start to its end; it counts what is read and what is skipped."""

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self.pieces, self.most = pieces, most
        self.start = 0  # where in the file the buffer begins
        self.buffer = b""
        self.place = 0
        self.headers: int | None = None  # how much may still be read; None: as much as there is

    def tell(self) -> int:
        return self.place

    def seek(self, place: int) -> int:
        if place < self.start:
            raise tarfile.StreamError("it leads back")
        self.place = place
        while place > self.start + len(self.buffer) and self._more():
            pass
        return place

    def read(self, count: int) -> bytes:
        if self.headers is not None:
            self.headers -= count
            if self.headers < 0:
                raise Refused("what it says about its files is too long")
        while self.start + len(self.buffer) < self.place + count and self._more():
            pass
        first = self.place - self.start
        data = self.buffer[first : first + count]
        self.place += len(data)
        return data

    def _more(self) -> bool:
        """Read on; of what lies before the place only the last block is kept."""
        piece = next(self.pieces, None)
        if piece is None:
            return False
        cut = max(0, min(self.place - self.start, len(self.buffer)) - tarfile.BLOCKSIZE)
        self.buffer = self.buffer[cut:] + piece
        self.start += cut
        if self.start + len(self.buffer) > self.most:
            raise Refused(f"unpacked it is larger than {self.most >> 20} MB, with what would be passed over")
        return True

    def close(self) -> None:
        """The file is closed where it was opened."""


def _tar_listed(archive: Path, room: Room) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Each member, one after the other, and the archive, which knows no more than that one."""
    stream = _Forward(_decompressed(archive), max(MOST_STREAM, 2 * room.most_bytes))
    stream.headers = spare = _MOST_HEADER
    left = _MOST_HEADERS
    with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:", errors="replace") as tar:
        for number in range(max(MOST_MEMBERS, 4 * room.most_files)):
            if number:
                stream.headers = spare
            member = tar.next()
            if member is None:
                return
            left -= max(0, spare - (stream.headers or 0) - _USUAL_HEADER)
            if left < 0 or len(tar.pax_headers) > 1000:
                raise Refused("what it says about its files is too long")
            if member.issparse():
                raise Refused(f"{_shown(member.name)} in it has holes (a sparse file)")
            stream.headers = None
            vars(tar)["members"].clear()  # or all of them are kept
            yield tar, member
        raise Refused(f"it holds more than {max(MOST_MEMBERS, 4 * room.most_files)} files")


def _tar_members(archive: Path, room: Room) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each file; refuses what is no file or folder."""
    names = {member.name for _, member in _tar_listed(archive, room)}
    for tar, member in _tar_listed(archive, room):
        if member.isdir() or is_passed_over(member.name, names):
            continue
        if not member.isfile():
            raise Refused(f"{_shown(member.name)} in it is {_kind(member.issym() or member.islnk())}")
        content = tar.extractfile(member)
        assert content is not None  # it is a file
        yield member.name, content


# ── both ──────────────────────────────────────────────────────────────────────────────────────────────


def _write(members: Iterable[tuple[str, IO[bytes]]], target: Path, room: Room) -> Iterator[str]:
    seen: set[str] = set()
    for name, content in members:
        room.file()
        place = safe_path(name)
        if place.as_posix() in seen:
            raise Refused(f"it holds {_shown(name)} twice")
        seen.add(place.as_posix())
        file = target / place
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            stream = open(file, "xb")  # noqa: SIM115  # so that only making it is within the try
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Refused(f"{_shown(name)} in it is both a file and a folder, or there twice") from error
        with stream:
            while chunk := content.read(_CHUNK):
                room.take(len(chunk))
                stream.write(chunk)
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
    lengths = [len(part.encode("utf-8", "replace")) for part in parts]
    if not parts or len(parts) > MOST_DEPTH or sum(lengths) > MOST_PATH or max(lengths) > MOST_NAME:
        raise Refused(f"{shown} in it is no name for a file, or too long")
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name):
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
