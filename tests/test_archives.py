"""Archives: what is passed over costs nothing, none costs much, and nothing but our own error comes out of one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import archives
from autograder.archives import Refused, Room, unpack, zip_bytes
from autograder.passed_over import is_passed_over

MUTATIONS = 20_000
MODULE = b"def f():\n    return 1\n"
MOST_MEMORY = 200  # MB, of a process that unpacks; half of it is Python's


def tar_bytes(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive; the members' sizes are set here."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """One member's header."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def unpacked(tmp_path: Path, name: str, data: bytes) -> list[str]:
    """The names that come out of an archive."""
    (tmp_path / name).write_bytes(data)
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    return unpack(tmp_path / name, tmp_path / "out")


# ── what is passed over ───────────────────────────────────────────────────────────────────────────────

LINKED = ["p/.venv/bin/python", "p/.git/hooks/x", "p/node_modules/.bin/x", "my env/bin/python", "conda/lib/libz.so"]
RUBBISH = [f"p/{folder}/{n}.py" for folder in ("__pycache__", "node_modules", ".git/objects") for n in range(500)]
MARKS = {"my env/pyvenv.cfg": b"", "conda/conda-meta/history": b"", "__MACOSX/._m.py": b"", "p/._m.py": b""}


def test_links_and_numbers_in_what_is_passed_over_do_not_count_in_a_zip(tmp_path: Path) -> None:
    """An environment's links, under whatever name, and a repository's thousands of files cost nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in LINKED:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            packed.writestr(info, "/usr/bin/python3")
        for name in [*RUBBISH, *MARKS, "../.git/config", "p/m.py", "my env/m2.py"]:
            packed.writestr(name, MODULE)
    names = unpacked(tmp_path, "a.zip", out.getvalue())
    assert sorted(names) == ["my env/m2.py", "my env/pyvenv.cfg", "p/m.py"] or sorted(names) == [
        "my env/m2.py",
        "p/m.py",
    ]


def test_links_and_numbers_in_what_is_passed_over_do_not_count_in_a_tar(tmp_path: Path) -> None:
    """The same, wherever in the archive it stands what kind of folder it is."""
    links = [(member(name, tarfile.SYMTYPE, "/usr/bin/python3"), b"") for name in LINKED]
    files = [(member(name), MODULE) for name in [*RUBBISH, "./p/m.py", *MARKS]]
    assert unpacked(tmp_path, "a.tar.gz", gzip.compress(tar_bytes(*links, *files))) == ["p/m.py"]


@pytest.mark.parametrize("name", ["env", "venv/m.py", "a\\.venv\\m.py", "./.git/x", "site-packages/x.py"])
def test_names_that_are_passed_over(name: str) -> None:
    """With either slash, a folder's own entry included."""
    assert is_passed_over(name, set())


@pytest.mark.parametrize("name", ["bin/m.py", "environment/m.py", "venv.py", "lib/x.py", ".github/x", "my_env/m.py"])
def test_names_that_are_not(name: str) -> None:
    """A folder called bin or lib is an environment's only where there is one."""
    assert not is_passed_over(name, {name})


def test_a_link_elsewhere_is_refused_as_before(tmp_path: Path) -> None:
    """A link beside the module is no environment's."""
    with pytest.raises(Refused, match="is a link"):
        unpacked(tmp_path, "a.tar", tar_bytes((member("bin/m.py", tarfile.SYMTYPE, "/etc/passwd"), b"")))


# ── what is honest ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tars_of_every_kind_come_out_as_they_went_in(tmp_path: Path, form: int, pack: Callable[[bytes], bytes]) -> None:
    """Long names, empty files, files of odd sizes and of megabytes; whatever the suffix says about how it is packed."""
    files = {f"{'long-name-' * 9}{n}/{n}.py": os.urandom(size) for n, size in enumerate((0, 1, 511, 512, 513, 99_999))}
    data = pack(tar_bytes(*((member(name), content) for name, content in files.items()), form=form))
    for suffix in (".tar", ".tgz", ".tar.xz"):
        assert sorted(unpacked(tmp_path, f"a{suffix}", data)) == sorted(files)
        assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_several_streams_and_what_stands_after_them(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """As from ``cat a.gz b.gz``; zeros or a remark after the last one are passed over, a missing end is not."""
    data = tar_bytes((member("m.py"), MODULE), (member("n.py"), os.urandom(100_000)))
    streams = pack(data[:700]) + pack(data[700:])
    for after in (b"", bytes(5000), b"\r\nremark"):
        assert unpacked(tmp_path, "a.tar.gz", streams + after) == ["m.py", "n.py"]
    with pytest.raises(Refused, match="cannot be unpacked"):
        unpacked(tmp_path, "a.tar.gz", pack(data)[: len(pack(data)) // 2])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_of_every_kind_come_out_as_they_went_in(tmp_path: Path, method: int) -> None:
    """However it is compressed."""
    out, files = io.BytesIO(), {"a/m.py": MODULE, "b.bin": os.urandom(300_000), "c.txt": b"x" * 2_000_000}
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    assert sorted(unpacked(tmp_path, "a.zip", out.getvalue())) == sorted(files)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files


def test_names_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    """README.md beside readme.md is no reason to refuse a submission where both can be."""
    if (tmp_path / "x").write_text("x") and (tmp_path / "X").exists():
        pytest.skip("one file here")
    assert unpacked(tmp_path, "a.zip", zip_bytes({"README.md": b"1", "readme.md": b"2"})) == ["README.md", "readme.md"]


def test_names_that_are_not_utf8_can_be_written(tmp_path: Path) -> None:
    """They come out under a name that everybody can print."""
    data = tar_bytes((member("b\udcffptt.py"), MODULE), form=tarfile.GNU_FORMAT)
    assert unpacked(tmp_path, "a.tar", data) == ["b\ufffdptt.py"]


# ── what costs much ───────────────────────────────────────────────────────────────────────────────────


def packed_zeros(kind: str, header: bytes, count: int) -> bytes:
    """Something, and then so many zeros, packed without ever having them in memory."""
    if kind == "gz":
        made = zlib.compressobj(1, wbits=31)
        return b"".join(
            [made.compress(header), *(made.compress(bytes(1 << 20)) for _ in range(count >> 20)), made.flush()]
        )
    pack = bz2.compress if kind == "bz2" else lzma.compress  # several streams, each of them one that is soon packed
    return pack(header) + pack(bytes(8 << 20)) * (count >> 23)


def header_of(kind: bytes, size: int, name: str = "m.py") -> bytes:
    """A tar header that says how much comes."""
    info = member(name, kind)
    info.size = size
    return info.create_ustar_header(info.get_info(), "utf-8", "strict")


BOMBS: dict[str, Callable[[], bytes]] = {
    "pax header.tar.gz": lambda: packed_zeros("gz", header_of(b"x", 700 << 20), 700 << 20),
    "global header.tar.bz2": lambda: packed_zeros("bz2", header_of(b"g", 700 << 20), 700 << 20),
    "long name.tar.gz": lambda: packed_zeros("gz", header_of(b"L", 700 << 20), 700 << 20),
    "long link.tar.xz": lambda: packed_zeros("xz", header_of(b"K", 700 << 20), 700 << 20),
    "one file.tar.gz": lambda: packed_zeros("gz", header_of(b"0", 700 << 20), 700 << 20),
    "one file.tar.bz2": lambda: packed_zeros("bz2", header_of(b"0", 700 << 20), 700 << 20),
    "one file.tar.xz": lambda: packed_zeros("xz", header_of(b"0", 700 << 20), 700 << 20),
    "passed over.tar.gz": lambda: packed_zeros("gz", header_of(b"0", 700 << 20, ".git/x"), 700 << 20),
    "nothing but zeros.tar.gz": lambda: packed_zeros("gz", b"", 700 << 20),
    "sparse.tar": lambda: sparse(1 << 60),
    "sparse list.tar.gz": lambda: gzip.compress(sparse_list()),
    "chain of headers.tar.gz": lambda: gzip.compress(
        (header_of(b"x", 512) + b"11 path=abc\n".ljust(512, b"\0")) * 30_000
    ),
    "many members.tar.gz": lambda: gzip.compress(header_of(b"0", 0, ".git/x") * 200_000),
    "deflated.zip": lambda: zip_bytes({f"{n}": bytes(100 << 20) for n in range(2)}),
    "bzip2.zip": lambda: zipped(zipfile.ZIP_BZIP2),
    "lzma.zip": lambda: zipped(zipfile.ZIP_LZMA),
    "many names.zip": lambda: directory(300_000),
}


def one_header() -> bytes:
    """A pax header that another one may follow."""
    return header_of(b"x", 512) + b"12 path=abc\n".ljust(512, b"\0")


def sparse(size: int) -> bytes:
    """GNU's old form: a file of an exabyte that is nearly all hole."""
    info = member("m.py", tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.create_gnu_header(info.get_info(), "utf-8", "strict"))
    header[386:410] = b"00000000000\0" + b"00000000000\0"
    header[483:495] = b"\x80" + size.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


def sparse_list() -> bytes:
    """GNU's form 1.0: a list of places that never ends."""
    records = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n27 GNU.sparse.realsize=99\n"
    numbers = b"99999999\n" + b"1\n" * (20 << 20)
    size = len(numbers) // 512 * 512
    return header_of(b"x", len(records)) + records.ljust(512, b"\0") + header_of(b"0", size) + numbers[:size]


def zipped(method: int) -> bytes:
    """A zip with 90 MB of zeros, packed as well as it can be."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed, packed.open("m.py", "w", force_zip64=True) as stream:
        for _ in range(90):
            stream.write(bytes(1 << 20))
    return out.getvalue()


def directory(count: int) -> bytes:
    """A zip that is all list: so many files of no bytes, each the same one."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, 0, 0)
    return entry * count + end


WATCHED = """
import sys
from pathlib import Path
from autograder.archives import Refused, unpack
try:
    print(unpack(Path(sys.argv[1]), Path(sys.argv[2])))
except Refused as error:
    print("refused:", error)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="where memory is measured in kilobytes")
@pytest.mark.parametrize("name", BOMBS)
def test_no_archive_takes_much_memory(tmp_path: Path, name: str) -> None:
    """Whatever is in it: it is refused, with words, in less than 200 MB."""
    (tmp_path / name).write_bytes(BOMBS[name]())
    command = [sys.executable, "-c", WATCHED, str(tmp_path / name), str(tmp_path / "out")]
    said, memory = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said.startswith("refused: ") or said == "[]", said
    assert int(memory) >> 10 < MOST_MEMORY
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_archives_within_archives_share_their_room(tmp_path: Path) -> None:
    """What one submission may hold is counted over all that is unpacked of it."""
    room = Room(files=3, bytes=1 << 20)
    (tmp_path / "a.zip").write_bytes(zip_bytes({"1": b"x", "2": b"x"}))
    unpack(tmp_path / "a.zip", tmp_path / "one", room=room)
    with pytest.raises(Refused, match="more than 3 files"):
        unpack(tmp_path / "a.zip", tmp_path / "two", room=room)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe of that name would be waited for, a folder cannot be read."""
    os.mkfifo(tmp_path / "a.zip")
    (tmp_path / "b.tar").mkdir()
    for name in ("a.zip", "b.tar", "gone.zip"):
        with pytest.raises(Refused, match="it is no file"):
            unpack(tmp_path / name, tmp_path / "out")


def test_encrypted_is_said(tmp_path: Path) -> None:
    """With the word for it."""
    data = bytearray(zip_bytes({"m.py": MODULE}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(Refused, match="it is encrypted"):
        unpacked(tmp_path, "a.zip", bytes(data))


# ── whatever it is ────────────────────────────────────────────────────────────────────────────────────


def seeds() -> list[tuple[str, bytes]]:
    """Small archives of every kind."""
    files = {"m.py": MODULE, "a/n.py": b"x" * 700, "ä.txt": b""}
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as packed:
            for name, data in files.items():
                packed.writestr(name, data)
        found.append(("a.zip", out.getvalue()))
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        plain = tar_bytes(
            *((member(name * (9 if form != tarfile.USTAR_FORMAT else 1)), data) for name, data in files.items()),
            form=form,
        )
        found += [("a.tar", plain)] * 3 + [("a.tgz", gzip.compress(plain)), ("a.tar.bz2", bz2.compress(plain))]
        found += [("a.tar.xz", lzma.compress(plain)), ("a.tar", plain[:1536] + sparse(1 << 40) + plain[1536:])]
    return found


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Bytes changed, dropped, doubled; numbers made extreme; an end that is missing."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        place, kind = rng.randrange(max(1, len(changed))), rng.randrange(7)
        length = rng.choice((1, 2, 4, 8, 12))
        if kind == 0:
            changed[place : place + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            changed[place : place + length] = rng.choice((b"\xff", b"\0", b"7", b"\x80")) * length
        elif kind == 2:
            del changed[place : place + length]
        elif kind == 3:
            changed[place:place] = changed[max(0, place - length) : place]
        elif kind == 4 and rng.random() < 0.2:
            del changed[place:]
        elif kind == 5:
            changed[place : place + length] = rng.randbytes(length)
        elif changed:
            changed[place % len(changed)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def mended(data: bytes) -> bytes:
    """A plain tar whose headers have the sum of their bytes again, so that what was changed in them is believed."""
    changed = bytearray(data)
    for start in range(0, len(changed) - 511, 512):
        block = changed[start : start + 512]
        if block[257:262] == b"ustar":
            block[148:156] = b" " * 8
            changed[start + 148 : start + 156] = f"{sum(block):06o}\0 ".encode()
    return bytes(changed)


def test_twenty_thousand_damaged_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is unpacked below its folder or refused in a sentence; nothing else comes out, and nothing is left over."""
    monkeypatch.setattr(archives, "MOST_STREAM", 4 << 20)
    place = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path) / f"archives-{os.getpid()}"
    place.mkdir()
    rng, found, refused = random.Random("archives"), seeds(), 0
    try:
        for number in range(MUTATIONS):
            name, data = found[number % len(found)]
            data = mutated(data, rng)
            if name == "a.tar" and number % 2:
                data = mended(data)
            (place / name).write_bytes(data)
            try:
                names = unpack(place / name, place / "out", most_bytes=1 << 20)
                assert all(not Path(n).is_absolute() and ".." not in Path(n).parts for n in names)
                shutil.rmtree(place / "out")
            except Refused as error:
                refused += 1
                assert str(error).isprintable() and len(str(error)) < 400, str(error)
            assert os.listdir(place) == [name], number
            (place / name).unlink()
    finally:
        shutil.rmtree(place)
    assert MUTATIONS // 4 < refused < MUTATIONS
