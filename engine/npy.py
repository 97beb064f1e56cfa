"""Npy: numpy's array files compared within a tolerance, without numpy. Pure.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Shape, type (with its byte
order) and order of axes must be the same. Numbers, also those in the fields of a structured type,
may differ within the tolerance; truth values, texts and times may not. Padding between fields does
not count. A pickle is never opened.
"""

import ast
import math
import re
import struct
from collections.abc import Iterator
from typing import Final

from engine.nearness import Mismatch, Unreadable, changed, near
from engine.values import dataclass, replace

MAX_HEADER: Final = 64 * 1024  # bytes; a plain array's is under 200
MAX_PARTS: Final = 1_000  # numbers and texts in one element of a structured type
MAX_SIZE: Final = 2**63 - 1  # of an axis, as numpy; Python writes no number of 5 000 digits

_MAGIC: Final = b"\x93NUMPY"
_TYPE: Final = re.compile(r"([<>|=])([?bBiufcSUVMm])(\d{1,9})(\[\w{1,8}\])?", re.ASCII)
_CODES: Final = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I",
    "u8": "Q", "f2": "e", "f4": "f", "f8": "d", "c8": "f", "c16": "d",
}  # fmt: skip
_TEXTS: Final = {"S": "latin-1", "U": "utf-32", "V": "", "M": "", "m": ""}  # what is no number
_CHUNK: Final = 8 * 1024  # numbers, or elements, that are looked at together
_SHOWN: Final = 40  # characters of a value


@dataclass(frozen=True, slots=True)
class Part:
    """A number, or something else, in each element of an array."""

    name: str  # "" of the element itself; "pos.x[2]" in a structured type
    offset: int
    width: int  # bytes
    code: str  # struct's, of a number; else ""
    text: str  # the encoding of what is text; else ""


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
            parts, width = _layout(kind)
            shown = kind.replace("=", "<") if isinstance(kind, str) else repr(kind)
            return _checked(Array(shown, shape, order, parts, width, data))
    raise Unreadable


def _checked(array: Array) -> Array:
    if not all(type(size) is int and 0 <= size <= MAX_SIZE for size in array.shape):
        raise Unreadable
    if math.prod(array.shape) * array.width != len(array.data):
        raise Unreadable
    return array


def _layout(kind: object) -> tuple[tuple[Part, ...], int]:
    """Return what is in an element of a type, and how many bytes it takes."""
    if isinstance(kind, str):
        return _scalar(kind)
    if not isinstance(kind, list):
        raise Unreadable
    parts: list[Part] = []
    offset = 0
    for name, inner, count in map(_field, kind):
        name.encode()  # half a surrogate pair cannot be shown: a ValueError
        found, width = _layout(inner)
        if name and found:  # what has no name is padding
            if len(parts) + count * len(found) > MAX_PARTS:
                raise Unreadable
            for at in range(count):
                head = name if count == 1 else f"{name}[{at}]"
                parts += (_below(part, head, offset + at * width) for part in found)
        offset += count * width
    return tuple(parts), offset


def _below(part: Part, head: str, offset: int) -> Part:
    name = f"{head}.{part.name}" if part.name else head
    return replace(part, name=name, offset=offset + part.offset)


def _field(given: object) -> tuple[str, object, int]:
    """Return the name of a field, its type, and how many of that it has."""
    match given:
        case (str(name) | (str(), str(name)), kind):
            return name, kind, 1
        case (str(name) | (str(), str(name)), kind, tuple(shape)):
            count = math.prod(size if type(size) is int else -1 for size in shape)
            if 0 <= count <= MAX_PARTS:
                return name, kind, count
    raise Unreadable


def _scalar(kind: str) -> tuple[tuple[Part, ...], int]:
    found = _TYPE.fullmatch(kind)
    if found is None:
        raise Unreadable
    order, letter, size = ">" if found[1] == ">" else "<", found[2], int(found[3])
    if letter in _TEXTS:
        text = _TEXTS[letter] + ({"<": "-le", ">": "-be"}[order] if letter == "U" else "")
        width = size * 4 if letter == "U" else size
        return (Part("", 0, width, "", text),), width
    if (code := _CODES.get(letter + found[3])) is None:
        raise Unreadable
    width = struct.calcsize(order + code)
    count = 2 if letter == "c" else 1  # the real and the imaginary part
    parts = (Part("", at * width, width, order + code, "") for at in range(count))
    return tuple(parts), width * count


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
