"""The part of protobuf's wire format that dag-pb and UnixFS use: varints and byte strings.

Reading is strict where a second spelling of the same value would be possible: a varint has no
padding and fits 64 bits.

>>> list(fields(uint(1, 300) + text(2, b"hi")))
[(1, 300), (2, b'hi')]
"""

from collections.abc import Iterator
from typing import Final

from engine.errors import Damaged

_VARINT: Final = 0
_BYTES: Final = 2


def varint(value: int) -> bytes:
    """Encode an unsigned integer, seven bits a byte, lowest first."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def uint(number: int, value: int) -> bytes:
    """Encode an integer field."""
    return varint(number << 3 | _VARINT) + varint(value)


def text(number: int, value: bytes) -> bytes:
    """Encode a byte string field."""
    return varint(number << 3 | _BYTES) + varint(len(value)) + value


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the (number, value) of each field in the order they come.

    Raises: Damaged when it is not protobuf, or has a field that is neither varint nor bytes.
    """
    at, end = 0, len(data)
    while at < end:
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            yield tag >> 3, value
        elif kind == _BYTES:
            if value > end - at:
                raise Damaged("a protobuf field is longer than its message")
            yield tag >> 3, data[at : at + value]
            at += value
        else:
            raise Damaged(f"a protobuf field of wire type {kind}")


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read one varint; return it and where the next byte is.

    Raises: Damaged when it is cut short, padded or over 64 bits.
    """
    if at < len(data) and data[at] < 0x80:  # nearly all: tags, and lengths of names and links
        return data[at], at + 1
    value = shift = 0
    for position in range(at, min(at + 10, len(data))):  # 10 bytes hold 64 bits
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (byte == 0 and shift) or value >= 1 << 64:
                break
            return value, position + 1
        shift += 7
    raise Damaged("a varint that is cut short, padded or over 64 bits")
