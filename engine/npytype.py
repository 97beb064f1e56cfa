"""NpyType: what an element of an array is made of, by the type that its file's header names. Pure.

The header is a stranger's: all parts of a type are counted as they are laid out, those of padding
too, and structures in structures end.

>>> layout([("x", "<f8"), ("", "|V4"), ("n", "<i2")])[1]
14
"""

import math
import re
import struct
from typing import Final

from engine.nearness import Unreadable, shown
from engine.values import dataclass

MAX_PARTS: Final = 2_000  # in one element: numbers, texts, paddings, and structures of them
MAX_NESTED: Final = 8  # structures in structures

_TYPE: Final = re.compile(r"([<>|=])([?bBiufcSUVMm])(\d{1,9})(\[\w{1,8}\])?", re.ASCII)
_CODES: Final = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I",
    "u8": "Q", "f2": "e", "f4": "f", "f8": "d", "c8": "f", "c16": "d",
}  # fmt: skip
_TEXTS: Final = {"S": "latin-1", "U": "utf-32", "V": "", "M": "", "m": ""}  # what is no number


@dataclass(frozen=True, slots=True)
class Part:
    """A number, or something else, in each element of an array."""

    name: str  # "" of the element itself; "pos.x[2]" in a structured type; it can be printed
    offset: int
    width: int  # bytes, at least one
    code: str  # struct's, of a number; else ""
    text: str  # the encoding of what is text; else ""


def layout(kind: object) -> tuple[tuple[Part, ...], int]:
    """Return what is in an element of a type, and how many bytes it takes.

    Raises: Unreadable; ValueError for a name that is no text.
    """
    laying = _Laying()
    width = laying.lay(kind, "", 0, 0)
    return tuple(laying.parts), width


class _Laying:
    """The parts that were laid out so far, and how many there may still be."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._left = MAX_PARTS

    def lay(self, kind: object, name: str | None, offset: int, depth: int) -> int:
        """Lay out a type from an offset on; return its bytes. Without a name, it is padding."""
        if isinstance(kind, str):
            found, width = _scalar(kind, name or "", offset)
            self.parts += found if name is not None and width else ()
            return width
        if not isinstance(kind, list) or depth == MAX_NESTED:
            raise Unreadable
        at = offset
        for field, inner, count in map(_field, kind):
            self._left -= max(1, count)
            if self._left < 0:
                raise Unreadable
            for number in range(count):
                below = _below(name, field if count == 1 else f"{field}[{number}]")
                at += self.lay(inner, below if field else None, at, depth + 1)
        return at - offset


def _below(name: str | None, field: str) -> str | None:
    return f"{name}.{field}" if name else (field if name is not None else None)


def _field(given: object) -> tuple[str, object, int]:
    """Return the name of a field, its type, and how many of that it has."""
    match given:
        case (str(name) | (str(), str(name)), kind):
            return _name(name), kind, 1
        case (str(name) | (str(), str(name)), kind, tuple(shape)):
            if all(type(size) is int and size >= 0 for size in shape):
                return _name(name), kind, min(math.prod(shape), MAX_PARTS + 1)
    raise Unreadable


def _name(name: str) -> str:
    name.encode()  # half a surrogate pair is no text: a ValueError
    return shown(name)


def _scalar(kind: str, name: str, offset: int) -> tuple[tuple[Part, ...], int]:
    found = _TYPE.fullmatch(kind)
    if found is None:
        raise Unreadable
    order, letter, size = ">" if found[1] == ">" else "<", found[2], int(found[3])
    if letter in _TEXTS:
        text = _TEXTS[letter] + ({"<": "-le", ">": "-be"}[order] if letter == "U" else "")
        width = size * 4 if letter == "U" else size
        return (Part(name, offset, width, "", text),), width
    if (code := _CODES.get(letter + found[3])) is None:
        raise Unreadable
    width = struct.calcsize(order + code)
    count = 2 if letter == "c" else 1  # the real and the imaginary part
    parts = (Part(name, offset + at * width, width, order + code, "") for at in range(count))
    return tuple(parts), width * count
