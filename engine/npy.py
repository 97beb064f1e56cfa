"""Npy: numpy's array files compared within a tolerance, without numpy. Pure.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. An npz is a zip file of
them, whose members are compared by name. Arrays of anything but plain numbers are compared byte by
byte; a pickle is never opened.
"""

import ast
import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from engine.numeric import Mismatch, Unreadable, deviation, near
from engine.values import dataclass

MAX_HEADER: Final = 64 * 1024  # bytes; a plain array's is under 200
MAX_MEMBERS: Final = 10_000  # arrays of one npz
MAX_UNPACKED: Final = 1024**3  # bytes of all members: a zip may claim to unpack to anything
PACKINGS: Final = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
)  # numpy's; others take gigabytes or raise

_MAGIC: Final = b"\x93NUMPY"
_TYPE: Final = re.compile(r"([<>|=])([?bBiufc])(\d{1,2})")
_CODES: Final = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I",
    "u8": "Q", "f2": "e", "f4": "f", "f8": "d", "c8": "f", "c16": "d",
}  # fmt: skip
_CHUNK: Final = 8 * 1024  # numbers unpacked at once


@dataclass(frozen=True, slots=True)
class Array:
    """An array as it lies in a file."""

    kind: str  # "<f8"
    shape: tuple[int, ...]
    is_fortran: bool
    data: memoryview


def npy_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two arrays.

    Raises: Unreadable.
    """
    return _compare_arrays(_read(was), _read(now), tolerance)


def npz_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two zip files of arrays; how and when they were zipped does not matter.

    Raises: Unreadable.
    """
    old, new = _open(was), _open(now)
    for name in sorted(old.keys() ^ new.keys()):
        yield Mismatch(name, "is gone" if name in old else "is new")
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        if a == b:
            continue
        if not name.endswith(".npy"):
            yield Mismatch(name, "differs")
            continue
        for found in npy_mismatches(a, b, tolerance):
            yield replace(found, where=f"{name}: {found.where}")


def _read(data: bytes) -> Array:
    if data[:6] != _MAGIC or len(data) < 12 or data[6] not in (1, 2, 3):
        raise Unreadable
    start = 10 if data[6] == 1 else 12
    size = int.from_bytes(data[8:start], "little")
    if size > MAX_HEADER:
        raise Unreadable
    try:
        header = ast.literal_eval(data[start : start + size].decode().strip())
    except (
        ValueError,
        TypeError,
        SyntaxError,
        MemoryError,
        RecursionError,
    ):  # "{[]: 1}": TypeError
        raise Unreadable from None
    match header:
        case {"descr": str(kind), "fortran_order": bool(order), "shape": tuple(shape)}:
            return _checked(Array(kind, shape, order, memoryview(data)[start + size :]))
    raise Unreadable


def _checked(array: Array) -> Array:
    if not all(type(size) is int and size >= 0 for size in array.shape):
        raise Unreadable
    _, width, parts = _code(array.kind)
    if math.prod(array.shape) * width * parts != len(array.data):
        raise Unreadable
    return array


def _code(kind: str) -> tuple[str, int, int]:
    """Return struct's format of one number, its bytes, and how many of them are an element."""
    found = _TYPE.fullmatch(kind)
    code = _CODES.get(found[2] + found[3]) if found else None
    if found is None or code is None:
        raise Unreadable
    order = ">" if found[1] == ">" else "<"
    return order + code, struct.calcsize(order + code), 2 if found[2] == "c" else 1


def _compare_arrays(was: Array, now: Array, tolerance: float) -> Iterator[Mismatch]:
    if was.shape != now.shape:
        yield Mismatch("shape", f"was {was.shape} and is {now.shape}")
        return
    if (was.kind, was.is_fortran) != (now.kind, now.is_fortran):
        yield Mismatch("type", f"was {was.kind} and is {now.kind}, or the order of axes differs")
        return
    code, width, parts = _code(was.kind)
    limit = 0.0 if code[1] == "?" else tolerance
    for number, old, new in _numbers(was.data, now.data, code, width):
        if not near(old, new, limit):
            where = f"element {_index(was, number // parts)}"
            yield Mismatch(where, f"was {old!r} and is {new!r}", deviation(old, new))


def _index(array: Array, number: int) -> str:
    """Return where the element of that number is in an array, as numpy writes it."""
    if len(array.shape) < 2:
        return str(number)
    found = []
    for size in array.shape if array.is_fortran else reversed(array.shape):
        number, at = divmod(number, size)
        found.append(at)
    return str(found if array.is_fortran else found[::-1])


def _numbers(
    was: memoryview, now: memoryview, code: str, width: int
) -> Iterator[tuple[int, float, float]]:
    """Yield the numbers of two arrays of one type side by side, where their bytes are not equal."""
    step = _CHUNK * width
    for start in range(0, len(was), step):
        old, new = was[start : start + step], now[start : start + step]
        if old == new:
            continue
        form = f"{code[0]}{len(old) // width}{code[1]}"
        pairs = zip(struct.unpack(form, old), struct.unpack(form, new), strict=True)
        for at, (a, b) in enumerate(pairs, start // width):
            yield at, a, b


def _open(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            total = sum(member.file_size for member in members)
            if len(names) != len(members) or len(names) > MAX_MEMBERS or total > MAX_UNPACKED:
                raise Unreadable
            return {member.filename: _member(archive, member) for member in members}
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, EOFError):
        raise Unreadable from None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in PACKINGS:
        raise Unreadable
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) != member.file_size:  # it claims one size and unpacks to another
        raise Unreadable
    return data
