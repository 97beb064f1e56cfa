"""Shape: how the values of one type are written as canonical bytes, and read back.

Shapes are made once per dataclass, from its annotations, and are then only called: writing joins
constants and values, reading compares with the same constants. What is not the canonical form of
that type has no way through. Only engine/content/schema.py makes them.

>>> shape = shape_of(tuple[str, ...])
>>> shape.read(shape.write(("a", "b")), 0)
(('a', 'b'), 5)
"""

import dataclasses
import typing
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Any, Final

from engine.content.canonical import encode_int, encode_text
from engine.content.cid import BYTES, Cid
from engine.content.head import (
    BYTE_STRING,
    FALSE,
    LINK,
    LIST,
    LONGEST_DIRECT,
    MAP,
    NEGATIVE,
    NULL,
    TEXT,
    TRUE,
    UNSIGNED,
    read_head,
    write_head,
)
from engine.errors import Damaged, Refused

Write = Callable[[Any], bytes]  # ValueError for a value that is not of the type
Read = Callable[[bytes, int], tuple[Any, int]]  # bytes and offset -> value and the offset after it


@dataclass(frozen=True, slots=True)
class Shape:
    """A type's writer and reader.

    `read` raises Damaged, IndexError or UnicodeDecodeError; when the bytes are cut short it may
    instead return an offset beyond their end, which the caller looks for once.
    """

    write: Write
    read: Read


_SHORT_TEXT: Final = tuple(write_head(TEXT, size) for size in range(LONGEST_DIRECT + 1))


def _wrong(value: object, expected: str) -> ValueError:
    return ValueError(f"{type(value).__name__} where a record has {expected}: {value!r:.80}")


def _argument(data: bytes, at: int, major: int) -> tuple[int, int]:
    """Return the argument of the head at `at`, which must be of this major type."""
    found, argument, end = read_head(data, at)
    if found != major:
        raise Damaged(f"another type than the record has at byte {at}")
    return argument, end


def _write_text(value: str) -> bytes:
    if type(value) is not str:
        raise _wrong(value, "text")
    raw = value.encode()
    size = len(raw)
    return (_SHORT_TEXT[size] if size <= LONGEST_DIRECT else write_head(TEXT, size)) + raw


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    size = data[at] - (TEXT << 5)
    if 0 <= size <= LONGEST_DIRECT:
        start = at + 1
    else:
        size, start = _argument(data, at, TEXT)
    end = start + size
    return str(data[start:end], "utf-8"), end


def _write_int(value: int) -> bytes:
    if type(value) is not int:  # a bool is not an int here
        raise _wrong(value, "an integer")
    return encode_int(value)


def _read_int(data: bytes, at: int) -> tuple[int, int]:
    major, argument, end = read_head(data, at)
    if major > NEGATIVE:
        raise Damaged(f"another type than the record has at byte {at}")
    return (argument if major == UNSIGNED else -1 - argument), end


def _write_bool(value: bool) -> bytes:
    if type(value) is not bool:
        raise _wrong(value, "a bool")
    return TRUE if value else FALSE


def _read_bool(data: bytes, at: int) -> tuple[bool, int]:
    first = data[at]
    if first not in (FALSE[0], TRUE[0]):
        raise Damaged(f"another type than the record has at byte {at}")
    return first == TRUE[0], at + 1


def _write_bytes(value: bytes) -> bytes:
    if type(value) is not bytes:
        raise _wrong(value, "bytes")
    return write_head(BYTE_STRING, len(value)) + value


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    size, start = _argument(data, at, BYTE_STRING)
    return data[start : start + size], start + size


def _write_link(value: Cid) -> bytes:
    if type(value) is not Cid:
        raise _wrong(value, "a Cid")
    return LINK + value.raw


def _read_link(data: bytes, at: int) -> tuple[Cid, int]:
    if not data.startswith(LINK, at):
        raise Damaged(f"no link at byte {at}")
    start = at + len(LINK)
    end = start + BYTES
    try:
        return Cid.from_bytes(data[start:end]), end
    except Refused as refused:
        raise Damaged(refused.what) from None


_SCALARS: Final = {
    str: Shape(_write_text, _read_text),
    int: Shape(_write_int, _read_int),
    bool: Shape(_write_bool, _read_bool),
    bytes: Shape(_write_bytes, _read_bytes),
    Cid: Shape(_write_link, _read_link),
}


def shape_of(annotation: object) -> Shape:
    """Return the shape of an annotation; ValueError for one that records do not have."""
    annotation = getattr(annotation, "__supertype__", annotation)  # a NewType is what it is made of
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if dataclasses.is_dataclass(annotation):
        return struct(typing.cast("type", annotation), b"")
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple and inner[1:] == (...,):
        return _sequence(shape_of(inner[0]))
    if origin is dict and inner[0] is str:
        return _mapping(shape_of(inner[1]))
    if origin in (UnionType, typing.Union) and len(inner) == 2 and inner[1] is NoneType:
        return _optional(shape_of(inner[0]))
    raise ValueError(f"records have no fields of type {annotation}")


def _optional(inner: Shape) -> Shape:
    def write(value: object) -> bytes:
        return NULL if value is None else inner.write(value)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        return (None, at + 1) if data[at] == NULL[0] else inner.read(data, at)

    return Shape(write, read)


def _sequence(inner: Shape) -> Shape:
    def write(value: tuple[Any, ...]) -> bytes:
        if type(value) is not tuple:
            raise _wrong(value, "a tuple")
        return write_head(LIST, len(value)) + b"".join(map(inner.write, value))

    def read(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        size, at = _argument(data, at, LIST)
        items = []
        for _ in range(size):
            item, at = inner.read(data, at)
            items.append(item)
        return tuple(items), at

    return Shape(write, read)


def _mapping(inner: Shape) -> Shape:
    def write(value: dict[str, Any]) -> bytes:
        if type(value) is not dict:
            raise _wrong(value, "a dict")
        # Encoded keys sort as DAG-CBOR asks, shorter first: their heads hold their lengths.
        pieces = sorted((_write_text(key), inner.write(item)) for key, item in value.items())
        return write_head(MAP, len(pieces)) + b"".join(key + item for key, item in pieces)

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        size, at = _argument(data, at, MAP)
        found: dict[str, Any] = {}
        last = b""
        for _ in range(size):
            key, end = _read_text(data, at)
            spelled = data[at:end]
            if spelled <= last:
                raise Damaged(f"a key out of order at byte {at}")
            last = spelled
            found[key], at = inner.read(data, end)
        return found, at

    return Shape(write, read)


def struct(cls: type, before: bytes, extra: int = 0) -> Shape:
    """Return the shape of a dataclass: a map of its fields, and of `extra` more in `before`."""
    hints = typing.get_type_hints(cls)
    order = [field.name for field in dataclasses.fields(cls)]
    names = sorted(order, key=encode_text)
    fields = [(encode_text(name), shape_of(hints[name])) for name in names]
    start = write_head(MAP, len(names) + extra) + before
    writers = [(key, shape.write) for key, shape in fields]
    readers = [(key, len(key), shape.read) for key, shape in fields]
    values_of = attrgetter(*names) if names[1:] else lambda value: (getattr(value, names[0]),)
    arguments = itemgetter(*map(names.index, order)) if names[1:] else tuple

    def write(value: object) -> bytes:
        if type(value) is not cls:
            raise _wrong(value, cls.__name__)
        pieces = [start]
        for (key, write_field), item in zip(writers, values_of(value), strict=True):
            pieces.append(key)
            pieces.append(write_field(item))
        return b"".join(pieces)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        if not data.startswith(start, at):
            raise Damaged(f"no {cls.__name__} at byte {at}")
        at += len(start)
        values = []
        for key, size, read_field in readers:
            if not data.startswith(key, at):
                raise Damaged(f"no field {key[1:].decode()!r} at byte {at}")
            value, at = read_field(data, at + size)
            values.append(value)
        return cls(*arguments(values)), at

    return Shape(write, read)
