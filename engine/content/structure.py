"""Structures: the shapes of lists, maps and dataclasses, derived from annotations.

They are made once per dataclass and are then only called: writing joins constants and values,
reading compares with the same constants, so there is no way through for anything else. Only
engine/content/schema.py asks for them.

>>> shape = shape_of(tuple[str, ...])
>>> shape.read(shape.write(("a", "b")), 0)
(('a', 'b'), 5)
"""

import dataclasses
import typing
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Final

from engine.content.canonical import encode_text
from engine.content.head import LIST, MAP, NULL, write_head
from engine.content.shape import SCALARS, Shape, mistyped, read_size
from engine.errors import Damaged

_TEXT: Final = SCALARS[str]
_REMEMBERED: Final = 16 * 1024  # bytes of a map that was read last, which the next may have too


def shape_of(annotation: object, version: int = 1) -> Shape:
    """Return the shape of an annotation; ValueError for one that records do not have.

    Of dataclasses in it, the fields that are there since `version`.
    """
    annotation = getattr(annotation, "__supertype__", annotation)  # a NewType is what it renames
    if isinstance(annotation, type) and annotation in SCALARS:
        return SCALARS[annotation]
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return struct(annotation, version=version)
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple and inner[1:] == (...,):
        return _sequence(shape_of(inner[0], version))
    if origin is dict and inner[0] is str:
        return _mapping(shape_of(inner[1], version))
    if origin in (UnionType, typing.Union) and len(inner) == 2 and inner[1] is NoneType:
        return _optional(shape_of(inner[0], version))
    raise ValueError(f"records have no fields of type {annotation}")


def _optional(inner: Shape) -> Shape:
    def write(value: object) -> bytes:
        return NULL if value is None else inner.write(value)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        return (None, at + 1) if data[at] == NULL[0] else inner.read(data, at)

    return Shape(write, read)


def _sequence(inner: Shape) -> Shape:
    read_item = inner.read

    def write(value: tuple[Any, ...]) -> bytes:
        if type(value) is not tuple:
            raise mistyped(value, "a tuple")
        return write_head(LIST, len(value)) + b"".join(map(inner.write, value))

    def read(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        size, at = read_size(data, at, LIST)
        items = []
        for _ in range(size):  # a false size ends in IndexError: each item takes a byte or more
            item, at = read_item(data, at)
            items.append(item)
        return tuple(items), at

    return Shape(write, read)


def _mapping(inner: Shape) -> Shape:
    write_key, write_item, read_key, read_item = _TEXT.write, inner.write, _TEXT.read, inner.read
    last_read: tuple[bytes, dict[str, Any]] = (write_head(MAP, 0), {})

    def write(value: dict[str, Any]) -> bytes:
        if type(value) is not dict:
            raise mistyped(value, "a dict")
        # DAG-CBOR wants shorter keys first; so they sort, as their heads begin with their lengths.
        pairs = sorted([(write_key(key), write_item(item)) for key, item in value.items()])
        return write_head(MAP, len(pairs)) + b"".join([key + item for key, item in pairs])

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        nonlocal last_read
        spelled, known = last_read  # neighbours have the same variables, dozens of them
        if data.startswith(spelled, at):
            return known.copy(), at + len(spelled)
        found, end = read_anew(data, at)
        if end - at <= _REMEMBERED and end <= len(data):  # it is all there
            last_read = (data[at:end], found.copy())
        return found, end

    def read_anew(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        size, at = read_size(data, at, MAP)
        found: dict[str, Any] = {}
        last = b""
        for _ in range(size):
            key, end = read_key(data, at)
            spelled = data[at:end]
            if spelled <= last:
                raise Damaged(f"a key out of order at byte {at}")
            last = spelled
            found[key], at = read_item(data, end)
        return found, at

    return Shape(write, read)


def struct(cls: type, before: bytes = b"", version: int = 1) -> Shape:
    """Return the shape of a dataclass: a map of its fields, after one more entry in `before`."""
    names = [field.name for field in dataclasses.fields(cls)]
    start, fields = _fields(cls, before, version)
    later = [
        (field.name, field.default) for field in dataclasses.fields(cls) if _since(field) > version
    ]
    defaults = [dict(later).get(name) for name in names]
    writers = [(key, name, shape.write) for key, name, shape in fields]
    readers = [(key, len(key), names.index(name), shape.read) for key, name, shape in fields]

    def write(value: object) -> bytes:
        if type(value) is not cls:
            raise mistyped(value, cls.__name__)
        for name, default in later:
            if getattr(value, name) != default:
                raise mistyped(value, f"no field {name!r}")
        pieces = [start]
        for key, name, write_field in writers:
            pieces.append(key)
            pieces.append(write_field(getattr(value, name)))
        return b"".join(pieces)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        if not data.startswith(start, at):
            raise Damaged(f"no {cls.__name__} at byte {at}")
        at += len(start)
        values = defaults.copy()
        for key, size, position, read_field in readers:
            if not data.startswith(key, at):
                raise Damaged(f"no field {key[1:].decode()!r} at byte {at}")
            values[position], at = read_field(data, at + size)
        return cls(*values), at

    return Shape(write, read)


def mould(
    value: object, varying: Sequence[str], before: bytes = b"", version: int = 1
) -> Callable[..., bytes]:
    """Return what writes a dataclass like `value` from the values of some of its fields.

    It takes them in the order of `varying`; all else was written once.
    """
    pieces, holes = [b""], {}
    start, fields = _fields(type(value), before, version)
    pieces[0] = start
    for key, name, shape in fields:
        pieces[-1] += key
        if name in varying:
            holes[name] = (len(pieces), shape.write)
            pieces += [b"", b""]
        else:
            pieces[-1] += shape.write(getattr(value, name))
    places = [holes[name] for name in varying]

    def write(*values: object) -> bytes:
        filled = pieces.copy()
        for (at, write_field), each in zip(places, values, strict=True):
            filled[at] = write_field(each)
        return b"".join(filled)

    return write


def _since(field: "dataclasses.Field[Any]") -> int:
    """Return the first version of its kind that has a field."""
    return int(field.metadata.get("since", 1))


def _fields(cls: type, before: bytes, version: int) -> tuple[bytes, list[tuple[bytes, str, Shape]]]:
    """Return how a dataclass begins, and its fields in canonical order, each with its key."""
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls) if _since(field) <= version]
    fields = sorted((encode_text(name), name, shape_of(hints[name], version)) for name in names)
    return write_head(MAP, len(fields) + bool(before)) + before, fields
