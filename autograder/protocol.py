"""Messages between judge and worker: a fixed binary form for plain values and arrays.

A frame is a 4-byte little-endian length and that many bytes; the bytes are one value in the
tagged form below. Only plain data can be said in it: None, bool, int, float, str, bytes,
list, tuple, dict with str keys, numeric arrays, and three kinds of reference (a handle to an
object that stays in the worker, an object that cannot be sent, a function of the judge's).
There is no pickle and no npy header to parse: every length is checked against the bytes at
hand and against a bound before anything is allocated, so that a hostile worker can at most
make the judge raise :class:`ProtocolError`.

This file is loaded by the worker on its own, without the rest of the package.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

MAX_FRAME = 64 * 1024 * 1024  # bytes
MAX_VALUES = 50_000  # values of one message, all lists and what is in them together
MAX_DEPTH = 16  # lists within lists
MAX_ITEMS = 100_000  # entries of one list, tuple or dict
MAX_NDIM = 8
MAX_NAME = 200  # characters of a type's name, which is shown to people
MAX_TEXT = 1024 * 1024  # bytes of one name or message
MAX_FILE = 16 * 1024 * 1024  # bytes of one bytes value (a source file)

#: Array types that can be sent, by their code. All little-endian.
DTYPES = tuple(
    np.dtype(name)
    for name in ("<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1", "<c16", "<c8")
)
CODES = {dtype: code for code, dtype in enumerate(DTYPES)}
_BOOL = CODES[np.dtype("|b1")]


class ProtocolError(Exception):
    """A message that is not of the form above."""


@dataclass(frozen=True)
class Handle:
    """An object that stays in the worker, e.g. a student's cache; number 0 is the one that was kept last."""

    number: int
    type_name: str = ""


@dataclass(frozen=True)
class Opaque:
    """An object that has no plain form; only its type's name is sent."""

    type_name: str


@dataclass(frozen=True)
class Function:
    """A function that lives on the other side, called by number; some of its results may be known already.

    ``results[i]`` is what it makes of ``points[i]``: arrays along their first axis, or None.
    """

    number: int
    points: np.ndarray | None = field(default=None, compare=False)
    results: np.ndarray | None = field(default=None, compare=False)


_U32, _U64, _I64, _F64 = (struct.Struct(form) for form in ("<I", "<Q", "<q", "<d"))
#: Of an array with so many axes: type, number of axes, extents.
_SHAPES = tuple(struct.Struct(f"<BB{ndim}Q") for ndim in range(MAX_NDIM + 1))
_EXTENTS = tuple(struct.Struct(f"<{ndim}Q") for ndim in range(MAX_NDIM + 1))


class _Writer:
    def __init__(self) -> None:
        self.data = bytearray()
        self.values = 0

    def long(self, data: bytes) -> None:
        """What may be long; all else together is bounded by the number of values."""
        if len(self.data) + len(data) > MAX_FRAME:
            raise ProtocolError("message too large")
        self.data += data


def encode(value: Any) -> bytes:
    """Bytes of a value; raises ProtocolError for what has no plain form or breaks a bound."""
    writer = _Writer()
    _encode(value, writer, 0)
    if len(writer.data) > MAX_FRAME:
        raise ProtocolError("message too large")
    return bytes(writer.data)


def _encode(value: Any, out: _Writer, depth: int) -> None:
    out.values += 1
    if out.values > MAX_VALUES:
        raise ProtocolError("too many values")
    if depth > MAX_DEPTH:
        raise ProtocolError("nested too deeply")
    kind = type(value)
    if value is None:
        out.data += b"N"
    elif kind is bool:
        out.data += b"T" if value else b"F"
    elif kind is int:
        if not -(2**63) <= value < 2**63:
            raise ProtocolError("integer beyond 64 bits")
        out.data += b"i" + _I64.pack(value)
    elif kind is np.ndarray:
        code = CODES.get(value.dtype)
        if code is None:
            code = CODES.get(value.dtype.newbyteorder("<"))
            value = value if code is None else value.astype(DTYPES[code])
        if code is None or value.ndim > MAX_NDIM:
            raise ProtocolError("array of a type or rank that cannot be sent")
        out.data += b"a" + _SHAPES[value.ndim].pack(code, value.ndim, *value.shape)
        out.long(value.tobytes())
    elif kind is float:
        out.data += b"f" + _F64.pack(value)
    elif kind is str:
        data = value.encode("utf-8", "replace")
        if len(data) > MAX_TEXT:
            raise ProtocolError("text too long")
        out.long(b"s" + _U32.pack(len(data)) + data)
    elif kind is bytes:
        if len(value) > MAX_FILE:
            raise ProtocolError("bytes too long")
        out.long(b"y" + _U32.pack(len(value)) + value)
    elif kind is list or kind is tuple:
        if len(value) > MAX_ITEMS:
            raise ProtocolError("too many items")
        out.data += (b"l" if kind is list else b"t") + _U32.pack(len(value))
        for item in value:
            _encode(item, out, depth + 1)
    elif kind is dict:
        if len(value) > MAX_ITEMS:
            raise ProtocolError("too many items")
        out.data += b"d" + _U32.pack(len(value))
        for key, item in value.items():
            if type(key) is not str:
                raise ProtocolError("a dict's key is not a str")
            _encode(key, out, depth + 1)
            _encode(item, out, depth + 1)
    elif kind is Handle:
        out.data += b"h" + _U64.pack(value.number)
        _encode(value.type_name, out, depth + 1)
    elif kind is Opaque:
        out.data += b"o"
        _encode(value.type_name, out, depth + 1)
    elif kind is Function:
        out.data += b"c" + _U32.pack(value.number)
        _encode(value.points, out, depth + 1)
        _encode(value.results, out, depth + 1)
    else:
        raise ProtocolError(f"a value of type {kind.__name__} cannot be sent")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.values = 0  # a value of one byte can become an object of a hundred: their number is bounded, too

    def take(self, count: int) -> int:
        """Where the next so many bytes begin; they are there."""
        begin = self.position
        if count > len(self.data) - begin:
            raise ProtocolError("message ends too early")
        self.position = begin + count
        return begin

    def number(self, form: struct.Struct) -> Any:
        return form.unpack_from(self.data, self.take(form.size))[0]


def decode(data: bytes) -> Any:
    """The value of an encoded message; raises ProtocolError, and nothing else, for any other bytes."""
    reader = _Reader(data)
    value = _decode(reader, 0)
    if reader.position != len(data):
        raise ProtocolError("bytes left over after the message")
    return value


def _decode(reader: _Reader, depth: int) -> Any:
    reader.values += 1
    if reader.values > MAX_VALUES:
        raise ProtocolError("too many values")
    if depth > MAX_DEPTH:
        raise ProtocolError("nested too deeply")
    position = reader.position
    if position >= len(reader.data):
        raise ProtocolError("message ends too early")
    reader.position = position + 1
    read = _READ.get(reader.data[position])
    if read is None:
        raise ProtocolError("unknown tag")
    return read(reader, depth)


def _list(reader: _Reader, depth: int) -> list[Any]:
    return [_decode(reader, depth + 1) for _ in range(_count(reader, 1))]


def _dict(reader: _Reader, depth: int) -> dict[str, Any]:
    result = {}
    for _ in range(_count(reader, 2)):
        key = _decode(reader, depth + 1)
        if type(key) is not str:
            raise ProtocolError("a dict's key is not a str")
        result[key] = _decode(reader, depth + 1)
    return result


def _text(reader: _Reader, depth: int) -> str:
    length = reader.number(_U32)
    if length > MAX_TEXT:
        raise ProtocolError("text too long")
    begin = reader.take(length)
    return reader.data[begin : begin + length].decode("utf-8", "replace")


def _bytes(reader: _Reader, depth: int) -> bytes:
    length = reader.number(_U32)
    if length > MAX_FILE:
        raise ProtocolError("bytes too long")
    begin = reader.take(length)
    return reader.data[begin : begin + length]


def _function(reader: _Reader, depth: int) -> Function:
    number = reader.number(_U32)
    points, results = _decode(reader, depth + 1), _decode(reader, depth + 1)
    if any(not (type(known) is np.ndarray or known is None) for known in (points, results)):
        raise ProtocolError("what is known of a function is not in arrays")
    return Function(number, points, results)


def _name(reader: _Reader, depth: int) -> str:
    name = _decode(reader, depth + 1)
    if type(name) is not str or len(name) > MAX_NAME or not name.isprintable():
        raise ProtocolError("a type's name is not a short line of text")
    return name


def _count(reader: _Reader, bytes_each: int) -> int:
    count: int = reader.number(_U32)
    # Each item takes at least one byte (a dict's two), so a count beyond the bytes left is a lie.
    if count > MAX_ITEMS or count * bytes_each > len(reader.data) - reader.position:
        raise ProtocolError("too many items")
    return count


def _array(reader: _Reader, depth: int) -> np.ndarray:
    data, begin = reader.data, reader.position + 2
    if begin > len(data):
        raise ProtocolError("message ends too early")
    code, ndim = data[begin - 2], data[begin - 1]
    if code >= len(DTYPES) or ndim > MAX_NDIM:
        raise ProtocolError("array of an unknown type or rank")
    reader.position = begin
    shape = _EXTENTS[ndim].unpack_from(data, reader.take(8 * ndim))
    dtype = DTYPES[code]
    size = math.prod(shape) * dtype.itemsize  # Python integers do not overflow
    if size > len(data) - reader.position or max(shape, default=0) > MAX_FRAME:
        raise ProtocolError("array longer than the message")
    begin = reader.take(size)
    if code == _BOOL and size and np.frombuffer(data, np.uint8, size, begin).max() > 1:
        raise ProtocolError("a bool that is neither 0 nor 1")
    try:
        return np.ndarray(shape, dtype, data, begin).copy()
    except ValueError:  # no entries, and extents whose product numpy cannot hold
        raise ProtocolError("array longer than any memory") from None


#: What reads a value, by its tag.
_READ: dict[int, Callable[[_Reader, int], Any]] = {
    ord("N"): lambda reader, depth: None,
    ord("T"): lambda reader, depth: True,
    ord("F"): lambda reader, depth: False,
    ord("i"): lambda reader, depth: reader.number(_I64),
    ord("f"): lambda reader, depth: reader.number(_F64),
    ord("s"): _text,
    ord("y"): _bytes,
    ord("l"): _list,
    ord("t"): lambda reader, depth: tuple(_list(reader, depth)),
    ord("d"): _dict,
    ord("a"): _array,
    ord("h"): lambda reader, depth: Handle(reader.number(_U64), _name(reader, depth)),
    ord("o"): lambda reader, depth: Opaque(_name(reader, depth)),
    ord("c"): _function,
}


def write_frame(stream: BinaryIO, value: Any) -> None:
    """Send one value."""
    data = encode(value)
    stream.write(struct.pack("<I", len(data)) + data)
    stream.flush()


def read_frame(stream: BinaryIO) -> Any:
    """Receive one value; raises EOFError at the end of the stream, ProtocolError for bad bytes."""
    header = _read_exactly(stream, 4)
    length = struct.unpack("<I", header)[0]
    if length > MAX_FRAME:
        raise ProtocolError("message too large")
    return decode(_read_exactly(stream, length))


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    pieces = []
    while count:
        piece = stream.read(min(count, 1024 * 1024))
        if not piece:
            raise EOFError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
