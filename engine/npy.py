"""Npy: numpy's array files compared within a tolerance, without numpy. Pure.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Shape, type (with its byte
order) and order of axes must be the same. Numbers, also those in the fields of a structured type,
may differ within the tolerance; truth values, texts and times may not. Padding between fields does
not count. A pickle is never opened.
"""

import ast
import math
import struct
from collections.abc import Iterator
from typing import Final

from engine.nearness import Mismatch, Unreadable, changed, near, shown
from engine.npytype import Part, layout
from engine.values import dataclass

MAX_HEADER: Final = 10_000  # bytes, numpy's; a plain array's is under 200
MAX_AXES: Final = 64  # numpy's
MAX_SIZE: Final = 2**63 - 1  # of an axis, as numpy; Python writes no number of 5 000 digits

_MAGIC: Final = b"\x93NUMPY"
_CHUNK: Final = 8 * 1024  # numbers, or elements, that are looked at together
_SHOWN: Final = 40  # characters of a value
_SHOWN_TYPE: Final = 200  # of a type, or a shape


@dataclass(frozen=True, slots=True)
class Array:
    """An array as it lies in a file."""

    kind: str  # "<f8"
    shape: tuple[int, ...]
    is_fortran: bool
    parts: tuple[Part, ...]
    width: int  # bytes of an element
    data: memoryview

    @property
    def is_plain(self) -> bool:
        """Whether it is of numbers alone, all of one type."""
        return bool(self.parts) and all(not part.name and part.code for part in self.parts)


def npy_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two arrays.

    Raises: Unreadable.
    """
    old, new = _read(was), _read(now)
    apart = tuple(_unlike(old, new))
    yield from apart
    if not apart:
        yield from (_numbers if old.is_plain else _elements)(old, new, tolerance)


def _unlike(was: Array, now: Array) -> Iterator[Mismatch]:
    if was.shape != now.shape:
        yield _other("shape", str(was.shape), str(now.shape))
    if was.kind != now.kind:
        yield _other("type", was.kind, now.kind)
    if was.is_fortran != now.is_fortran and len(was.shape) > 1:
        order = ("C", "Fortran") if now.is_fortran else ("Fortran", "C")
        yield _other("order of axes", *order)


def _other(where: str, was: str, now: str) -> Mismatch:
    was, now = shown(was, _SHOWN_TYPE), shown(now, _SHOWN_TYPE)
    return Mismatch(where, f"was {was} and is {now}", None, was, now)


def _read(data: bytes) -> Array:
    if data[:6] != _MAGIC or len(data) < 12 or data[6] not in (1, 2, 3):
        raise Unreadable
    start = 10 if data[6] == 1 else 12
    size = int.from_bytes(data[8:start], "little")
    if size > MAX_HEADER:
        raise Unreadable
    try:
        header = ast.literal_eval(data[start : start + size].decode().strip())
        return _array(header, memoryview(data)[start + size :])
    except (
        ValueError,
        TypeError,
        SyntaxError,
        MemoryError,
        RecursionError,
    ):  # "{[]: 1}": TypeError
        raise Unreadable from None


def _array(header: object, data: memoryview) -> Array:
    match header:
        case {"descr": str() | list() as kind, "fortran_order": bool(order), "shape": tuple(shape)}:
            parts, width = layout(kind)
            told = kind.replace("=", "<") if isinstance(kind, str) else repr(kind)
            return _checked(Array(told, shape, order, parts, width, data))
    raise Unreadable


def _checked(array: Array) -> Array:
    if len(array.shape) > MAX_AXES:
        raise Unreadable
    if not all(type(size) is int and 0 <= size <= MAX_SIZE for size in array.shape):
        raise Unreadable
    if math.prod(array.shape) * array.width != len(array.data):
        raise Unreadable
    return array


def _numbers(was: Array, now: Array, tolerance: float) -> Iterator[Mismatch]:
    """Compare plain arrays: a great many numbers at a time."""
    code, width, each = was.parts[0].code, was.parts[0].width, len(was.parts)
    limit = 0.0 if code[1] == "?" else tolerance
    step = _CHUNK * width
    for start in range(0, len(was.data), step):
        old, new = was.data[start : start + step], now.data[start : start + step]
        if old == new:
            continue
        form = f"{code[0]}{len(old) // width}{code[1]}"
        pairs = zip(struct.unpack(form, old), struct.unpack(form, new), strict=True)
        for at, (a, b) in enumerate(pairs, start // width):
            if not near(a, b, limit):
                where = f"element {_index(was, at // each)}"
                yield changed(where, a, b, (repr(a), repr(b)))


def _elements(was: Array, now: Array, tolerance: float) -> Iterator[Mismatch]:
    """Compare arrays of anything else, part by part of each element that is not the same."""
    for start in range(0, len(was.data), _CHUNK * (was.width or 1)):
        stop = min(start + _CHUNK * (was.width or 1), len(was.data))
        if was.data[start:stop] == now.data[start:stop]:
            continue
        for at in range(start, stop, was.width):
            old, new = (one.data[at : at + was.width] for one in (was, now))
            if old != new:
                where = f"element {_index(was, at // was.width)}"
                yield from _parts(was.parts, old, new, tolerance, where)


def _parts(
    parts: tuple[Part, ...], was: memoryview, now: memoryview, tolerance: float, where: str
) -> Iterator[Mismatch]:
    for part in parts:
        place = f"{where}, field {part.name}" if part.name else where
        old, new = (one[part.offset : part.offset + part.width] for one in (was, now))
        if not part.code:
            if old != new:
                yield _other(place, _shown(part, bytes(old)), _shown(part, bytes(new)))
            continue
        (a,), (b,) = struct.unpack(part.code, old), struct.unpack(part.code, new)
        if not near(a, b, 0.0 if part.code[1] == "?" else tolerance):
            yield changed(place, a, b, (repr(a), repr(b)))


def _shown(part: Part, data: bytes) -> str:
    if not part.text:
        return f"0x{data[: _SHOWN // 2].hex()}"
    return ascii(data.decode(part.text, "replace").rstrip("\0"))[:_SHOWN]


def _index(array: Array, number: int) -> str:
    """Return where the element of that number is in an array, as numpy writes it."""
    if len(array.shape) < 2:
        return str(number)
    found = []
    for size in array.shape if array.is_fortran else reversed(array.shape):
        number, at = divmod(number, size)
        found.append(at)
    return str(found if array.is_fortran else found[::-1])
