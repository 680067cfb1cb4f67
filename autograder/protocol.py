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


def encode(value: Any) -> bytes:
    """Bytes of a value; raises ProtocolError for what has no plain form or breaks a bound."""
    data = bytearray()
    if _encode(value, data, 1, 0) > MAX_VALUES:
        raise ProtocolError("too many values")
    if len(data) > MAX_FRAME:
        raise ProtocolError("message too large")
    return bytes(data)


def _encode(value: Any, data: bytearray, values: int, depth: int) -> int:
    """Append the bytes of a value; returns how many values there are by now, those in it included."""
    kind = type(value)
    if kind is np.ndarray:
        code = CODES.get(value.dtype)
        if code is None:
            code = CODES.get(value.dtype.newbyteorder("<"))
            value = value if code is None else value.astype(DTYPES[code])
        if code is None or value.ndim > MAX_NDIM:
            raise ProtocolError("array of a type or rank that cannot be sent")
        data += b"a" + _SHAPES[value.ndim].pack(code, value.ndim, *value.shape)
        _append(value.tobytes(), data)
    elif kind is list or kind is tuple:
        count = len(value)
        if count > MAX_ITEMS:
            raise ProtocolError("too many items")
        values += count
        if values > MAX_VALUES:
            raise ProtocolError("too many values")
        if depth >= MAX_DEPTH and count:
            raise ProtocolError("nested too deeply")
        data += (b"l" if kind is list else b"t") + _U32.pack(count)
        for item in value:
            values = _encode(item, data, values, depth + 1)
    elif kind is str:
        text = value.encode("utf-8", "replace")
        if len(text) > MAX_TEXT:
            raise ProtocolError("text too long")
        _append(b"s" + _U32.pack(len(text)) + text, data)
    elif value is None:
        data += b"N"
    elif kind is bool:
        data += b"T" if value else b"F"
    elif kind is int:
        if not -(2**63) <= value < 2**63:
            raise ProtocolError("integer beyond 64 bits")
        data += b"i" + _I64.pack(value)
    elif kind is float:
        data += b"f" + _F64.pack(value)
    elif kind is bytes:
        if len(value) > MAX_FILE:
            raise ProtocolError("bytes too long")
        _append(b"y" + _U32.pack(len(value)) + value, data)
    elif kind is dict:
        if len(value) > MAX_ITEMS:
            raise ProtocolError("too many items")
        data += b"d" + _U32.pack(len(value))
        for key, item in value.items():
            if type(key) is not str:
                raise ProtocolError("a dict's key is not a str")
            values = _encode_all((key, item), data, values, depth)
    elif kind is Handle:
        data += b"h" + _U64.pack(value.number)
        values = _encode_all((value.type_name,), data, values, depth)
    elif kind is Opaque:
        data += b"o"
        values = _encode_all((value.type_name,), data, values, depth)
    elif kind is Function:
        data += b"c" + _U32.pack(value.number)
        values = _encode_all((value.points, value.results), data, values, depth)
    else:
        raise ProtocolError(f"a value of type {kind.__name__} cannot be sent")
    return values


def _encode_all(inside: tuple[Any, ...], data: bytearray, values: int, depth: int) -> int:
    """What is in a value, one after the other."""
    values += len(inside)
    if values > MAX_VALUES:
        raise ProtocolError("too many values")
    if depth >= MAX_DEPTH:
        raise ProtocolError("nested too deeply")
    for item in inside:
        values = _encode(item, data, values, depth + 1)
    return values


def _append(long: bytes, data: bytearray) -> None:
    """What may be long; all else together is bounded by the number of values."""
    if len(data) + len(long) > MAX_FRAME:
        raise ProtocolError("message too large")
    data += long


#: Tags of values that hold others, and of the message as a whole.
_LIST, _TUPLE, _DICT, _HANDLE, _OPAQUE, _FUNCTION, _MESSAGE = b"ltdhoc."
_ARRAY, _TEXT, _TRUE, _FALSE, _NONE, _INT, _FLOAT, _BYTES = b"asTFNify"


def decode(data: bytes, *, views: bool = False) -> Any:
    """The value of an encoded message; raises ProtocolError, and nothing else, for any other bytes.

    Args:
        data: the bytes.
        views: leave arrays where they are in the message: nobody can write to them, and they keep all of it alive.
    """
    try:
        return _decode(data, views)
    except (IndexError, struct.error):
        raise ProtocolError("message ends too early") from None


def _decode(data: bytes, views: bool) -> Any:
    """One loop, no calls for most values: a submission's answers are thousands of them.

    A value of one byte can become an object of a hundred: their number is bounded, too.
    """
    position, end, values = 0, len(data), 0
    # The value that is being read: its tag, how many values belong in it, those that are there, a number of its own.
    # And those around it.
    kind, wanted, number = _MESSAGE, 1, 0
    inside: list[Any] = []
    outer: list[tuple[int, int, list[Any], int]] = []
    while True:
        while len(inside) == wanted:
            if kind == _MESSAGE:
                if position != end:
                    raise ProtocolError("bytes left over after the message")
                return inside[0]
            value = inside if kind == _LIST else _made(kind, inside, number)
            kind, wanted, inside, number = outer.pop()
            inside.append(value)
        values += 1
        if values > MAX_VALUES:
            raise ProtocolError("too many values")
        tag = data[position]
        position += 1
        if tag == _ARRAY:
            code, ndim = data[position], data[position + 1]
            if code >= len(DTYPES) or ndim > MAX_NDIM:
                raise ProtocolError("array of an unknown type or rank")
            shape = _EXTENTS[ndim].unpack_from(data, position + 2)
            position += 2 + 8 * ndim
            dtype = DTYPES[code]
            size = math.prod(shape) * dtype.itemsize  # Python integers do not overflow
            if size > end - position or (not size and max(shape, default=0) > MAX_FRAME):
                raise ProtocolError("array longer than the message")
            if code == _BOOL and size and np.frombuffer(data, np.uint8, size, position).max() > 1:
                raise ProtocolError("a bool that is neither 0 nor 1")
            try:
                array = np.ndarray(shape, dtype, data, position)
            except ValueError:  # no entries, and extents whose product numpy cannot hold
                raise ProtocolError("array longer than any memory") from None
            inside.append(array if views else array.copy())
            position += size
        elif tag == _LIST or tag == _TUPLE or tag == _DICT:
            count = _U32.unpack_from(data, position)[0]
            position += 4
            # Each item takes at least one byte (a dict's two), so a count beyond the bytes left is a lie.
            count = 2 * count if tag == _DICT else count
            if count > MAX_ITEMS or count > end - position:
                raise ProtocolError("too many items")
            if len(outer) >= MAX_DEPTH and count:
                raise ProtocolError("nested too deeply")
            outer.append((kind, wanted, inside, number))
            kind, wanted, inside, number = tag, count, [], 0
        elif tag == _TEXT or tag == _BYTES:
            length = _U32.unpack_from(data, position)[0]
            position += 4
            if length > (MAX_TEXT if tag == _TEXT else MAX_FILE):
                raise ProtocolError("text or bytes too long")
            if length > end - position:
                raise ProtocolError("message ends too early")
            piece = data[position : position + length]
            inside.append(piece.decode("utf-8", "replace") if tag == _TEXT else piece)
            position += length
        elif tag == _TRUE or tag == _FALSE:
            inside.append(tag == _TRUE)
        elif tag == _NONE:
            inside.append(None)
        elif tag == _INT:
            inside.append(_I64.unpack_from(data, position)[0])
            position += 8
        elif tag == _FLOAT:
            inside.append(_F64.unpack_from(data, position)[0])
            position += 8
        elif tag == _HANDLE or tag == _OPAQUE or tag == _FUNCTION:
            if len(outer) >= MAX_DEPTH:
                raise ProtocolError("nested too deeply")
            outer.append((kind, wanted, inside, number))
            kind, wanted, inside, number = tag, 1, [], 0
            if tag == _HANDLE:
                number = _U64.unpack_from(data, position)[0]
                position += 8
            elif tag == _FUNCTION:
                wanted, number = 2, _U32.unpack_from(data, position)[0]
                position += 4
        else:
            raise ProtocolError("unknown tag")


def _made(kind: int, inside: list[Any], number: int) -> Any:
    """A value out of the values in it."""
    if kind == _TUPLE:
        return tuple(inside)
    if kind == _DICT:
        if any(type(key) is not str for key in inside[::2]):
            raise ProtocolError("a dict's key is not a str")
        return dict(zip(inside[::2], inside[1::2], strict=True))
    if kind == _FUNCTION:
        if any(not (type(known) is np.ndarray or known is None) for known in inside):
            raise ProtocolError("what is known of a function is not in arrays")
        return Function(number, *inside)
    (name,) = inside
    if type(name) is not str or len(name) > MAX_NAME or not name.isprintable():
        raise ProtocolError("a type's name is not a short line of text")
    return Handle(number, name) if kind == _HANDLE else Opaque(name)


def write_frame(stream: BinaryIO, value: Any) -> None:
    """Send one value."""
    data = encode(value)
    stream.write(struct.pack("<I", len(data)) + data)
    stream.flush()


def read_frame(stream: BinaryIO, *, views: bool = False) -> Any:
    """Receive one value; raises EOFError at the end of the stream, ProtocolError for bad bytes.

    Args:
        stream: where from.
        views: see :func:`decode`.
    """
    header = _read_exactly(stream, 4)
    length = struct.unpack("<I", header)[0]
    if length > MAX_FRAME:
        raise ProtocolError("message too large")
    return decode(_read_exactly(stream, length), views=views)


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    pieces = []
    while count:
        piece = stream.read(min(count, 1024 * 1024))
        if not piece:
            raise EOFError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
