"""Shape: how the values of one type are written as canonical bytes, and read back.

Here are the shapes of single values; those of lists, maps and dataclasses are in structure.py.
A shape has one spelling for each value and reads no other.

>>> SCALARS[str].read(SCALARS[str].write("a"), 0)
('a', 2)
"""

from collections.abc import Callable
from typing import Any, Final

from engine.content.canonical import encode_int, encode_text
from engine.content.cid import BYTES, Cid
from engine.content.head import (
    BYTE_STRING,
    FALSE,
    LINK,
    LONGEST_DIRECT,
    NEGATIVE,
    TEXT,
    TRUE,
    UNSIGNED,
    read_head,
    write_head,
)
from engine.errors import Damaged, Refused
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The writer and the reader of one type.

    `write` returns the bytes of a value; ValueError for one that is not of the type. `read` takes
    bytes and an offset and returns the value and the offset after it. It raises Damaged, IndexError
    or UnicodeDecodeError; of bytes that are cut short it may instead return an offset beyond their
    end, which is looked for once, when all is read.
    """

    write: Callable[[Any], bytes]
    read: Callable[[bytes, int], tuple[Any, int]]


_FIRST_TEXT: Final = TEXT << 5
_SHORT_BYTES: Final = BYTE_STRING << 5 | 24  # their number is in the next byte


def mistyped(value: object, expected: str) -> ValueError:
    """Return the error for a value that a record does not have: a bug of ours."""
    return ValueError(f"{type(value).__name__} where a record has {expected}: {value!r:.80}")


def read_size(data: bytes, at: int, major: int) -> tuple[int, int]:
    """Return the argument of the head at `at`, which must be of type `major`, and its end.

    Raises: Damaged when it is of another type or not the shortest form; IndexError at the end.
    """
    size = data[at] - (major << 5)
    if 0 <= size <= LONGEST_DIRECT:
        return size, at + 1
    found, size, end = read_head(data, at)
    if found != major:
        raise Damaged(f"a value of another type at byte {at}")
    return size, end


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    size = data[at] - _FIRST_TEXT  # most text is short, and most of a record is text
    if 0 <= size <= LONGEST_DIRECT:
        at += 1
    else:
        size, at = read_size(data, at, TEXT)
    end = at + size
    return str(data[at:end], "utf-8"), end


def _write_int(value: int) -> bytes:
    if type(value) is not int:  # bool is a subclass of int, and not an integer here
        raise mistyped(value, "an integer")
    return encode_int(value)


def _read_int(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first <= LONGEST_DIRECT:  # most are small, and none below zero
        return first, at + 1
    major, size, end = read_head(data, at)
    if major > NEGATIVE:
        raise Damaged(f"a value of another type at byte {at}")
    return (size if major == UNSIGNED else -1 - size), end


def _write_bool(value: bool) -> bytes:
    if type(value) is not bool:
        raise mistyped(value, "a bool")
    return TRUE if value else FALSE


def _read_bool(data: bytes, at: int) -> tuple[bool, int]:
    first = data[at]
    if first not in (FALSE[0], TRUE[0]):
        raise Damaged(f"a value of another type at byte {at}")
    return first == TRUE[0], at + 1


def _write_bytes(value: bytes) -> bytes:
    if type(value) is not bytes:
        raise mistyped(value, "bytes")
    return write_head(BYTE_STRING, len(value)) + value


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    if data[at] == _SHORT_BYTES and data[at + 1] > LONGEST_DIRECT:  # as keys and hashes are
        size, at = data[at + 1], at + 2
    else:
        size, at = read_size(data, at, BYTE_STRING)
    end = at + size
    return data[at:end], end


def _write_link(value: Cid) -> bytes:
    if type(value) is not Cid:
        raise mistyped(value, "a Cid")
    return LINK + value.raw


def _read_link(data: bytes, at: int) -> tuple[Cid, int]:
    if not data.startswith(LINK, at):
        raise Damaged(f"no link at byte {at}")
    at += len(LINK)
    end = at + BYTES
    try:
        return Cid.from_bytes(data[at:end]), end
    except Refused as refused:
        raise Damaged(refused.what) from None


SCALARS: Final = {
    str: Shape(encode_text, _read_text),
    int: Shape(_write_int, _read_int),
    bool: Shape(_write_bool, _read_bool),
    bytes: Shape(_write_bytes, _read_bytes),
    Cid: Shape(_write_link, _read_link),
}
