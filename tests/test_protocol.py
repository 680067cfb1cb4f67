"""The protocol: what goes in comes out, and no bytes raise anything but its own error."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import protocol
from autograder.protocol import Function, Handle, Opaque, ProtocolError, decode, encode

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_plain_data_come_back_as_they_were(value):
    """Does every plain value survive the round trip, with its type?"""
    assert decode(encode(value)) == value
    assert type(decode(encode(value))) is type(value)


@pytest.mark.parametrize("dtype", protocol.DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4)])
def test_arrays_come_back_as_they_were(dtype, shape):
    """Do arrays of every type and of odd shapes survive the round trip?"""
    array = (np.arange(int(np.prod(shape))) % 2).astype(dtype).reshape(shape)
    back = decode(encode(array))
    assert back.dtype == dtype and back.shape == shape and np.array_equal(back, array)


def test_views_and_foreign_byte_order_are_sent_by_value():
    """Do a transposed view, a strided view and a big-endian array arrive as their values?"""
    base = np.arange(12.0).reshape(3, 4)
    for array in (base.T, base[::-2, ::2], base.astype(">f8")):
        assert np.array_equal(decode(encode(array)), array)


def test_a_decoded_array_is_the_judges_own():
    """Is a decoded array writable and independent of the message's bytes?"""
    back = decode(encode(np.zeros(3)))
    back += 1.0
    assert back.tolist() == [1.0, 1.0, 1.0]


def test_references_come_back_as_they_were():
    """Do handles, opaque objects and functions survive the round trip?"""
    value = [Handle(7, "tuple"), Opaque("Thing"), Function(3)]
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, 2**63, np.array([object()]), np.array(["a"]), np.zeros((1,) * 9), {"a": {1, 2}}],
    ids=["object", "int key", "big int", "object array", "text array", "nine axes", "set"],
)
def test_what_has_no_plain_form_is_refused(value):
    """Is a value outside the protocol refused where it is sent?"""
    with pytest.raises(ProtocolError):
        encode(value)


def test_deep_nesting_is_refused_on_both_sides():
    """Is a deeply nested list refused by the writer and by the reader?"""
    value: list = []
    for _ in range(protocol.MAX_DEPTH + 2):
        value = [value]
    with pytest.raises(ProtocolError):
        encode(value)
    with pytest.raises(ProtocolError):
        decode(b"l\x01\x00\x00\x00" * 1000 + b"N")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"?",
        b"a\x00\x08" + struct.pack("<8Q", *[2**40] * 8),  # 8 TB and more
        b"a\x00\x01" + struct.pack("<Q", 2**63),
        b"a\x00\x02" + struct.pack("<2Q", 0, 2**62),  # no bytes, but an absurd extent
        b"a\x00\x04" + struct.pack("<4Q", 0, *[60_000_000] * 3),  # no bytes, and extents that nothing can hold
        b"a\xff\x00",
        b"a\x0b\x01" + struct.pack("<Q", 1) + b"\x02",  # a bool of 2
        b"l" + struct.pack("<I", 2**32 - 1),
        b"s" + struct.pack("<I", 2**32 - 1) + b"abc",
        b"d" + struct.pack("<I", 1) + b"N" + b"N",
        b"NN",
        b"h" + struct.pack("<Q", 1) + b"N",
    ],
)
def test_lies_are_refused(data):
    """Are lengths and shapes that lie about the bytes at hand refused?"""
    with pytest.raises(ProtocolError):
        decode(data)


def test_a_frame_of_four_gigabytes_is_refused_before_it_is_read():
    """Is an announced length beyond the bound refused without reading?"""
    with pytest.raises(ProtocolError):
        protocol.read_frame(io.BytesIO(struct.pack("<I", 2**32 - 1)))


def test_the_end_of_the_stream_is_not_a_broken_message():
    """Does a closed channel raise EOFError, in the header and in the body?"""
    for data in (b"", b"\x05", struct.pack("<I", 5) + b"N"):
        with pytest.raises(EOFError):
            protocol.read_frame(io.BytesIO(data))


def test_twenty_thousand_mutated_messages_raise_only_the_protocols_error():
    """Does a real message with bytes changed, dropped or doubled raise nothing but ProtocolError?"""
    rng = random.Random(0)
    message = ["result", 7, (np.arange(6.0).reshape(2, 3), Handle(1, "tuple"), {"a": [1, 2.5, None, True]}), [False]]
    original = encode(message)
    refused = 0
    for _ in range(20_000):
        data = bytearray(original)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[place] = rng.randrange(256)
            elif kind == 1:
                del data[place]
            else:
                data[place:place] = bytes([rng.randrange(256)])
        try:
            decode(bytes(data))
        except ProtocolError:
            refused += 1
    assert refused > 1000  # and the mutations were not all harmless


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_the_protocols_error(data):
    """Does every byte string either decode or raise ProtocolError?"""
    try:
        decode(data)
    except ProtocolError:
        pass
