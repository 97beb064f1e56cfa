"""Elf: what a shared object or a program says that it needs. System V ABI, chapters 4 and 5."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

MAX_HEADERS = 10_000  # program headers, or entries of the dynamic section
MAX_STRING = 4_096  # bytes of a name or a search path

_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NULL, _NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH = 0, 1, 5, 14, 15, 29
_LITTLE_64 = b"\x7fELF\x02\x01"
_X86_64 = 62


class Elf(NamedTuple):
    """The dynamic part of an object."""

    needed: tuple[str, ...]
    soname: str
    rpath: tuple[str, ...]  # DT_RPATH; ignored by the loader where there is a runpath
    runpath: tuple[str, ...]
    interpreter: str  # "" for a library


def read(path: str) -> Elf | None:
    """Return what an object for x86-64 says; None for anything else, a damaged one too."""
    try:
        with open(path, "rb") as file:
            return _parse(file)
    except (OSError, struct.error, ValueError, OverflowError):
        return None


def _parse(file: BinaryIO) -> Elf | None:
    header = file.read(64)
    if not header.startswith(_LITTLE_64) or struct.unpack_from("<H", header, 18)[0] != _X86_64:
        return None
    offset, size, count = (
        struct.unpack_from("<Q", header, 32)[0],
        *struct.unpack_from("<HH", header, 54),
    )
    segments = []
    for number in range(min(count, MAX_HEADERS)):
        file.seek(offset + number * size)
        kind, _, at, address, _, length = struct.unpack("<IIQQQQ", file.read(40))
        segments.append((kind, at, address, length))
    return _dynamic(file, segments)


def _dynamic(file: BinaryIO, segments: list[tuple[int, int, int, int]]) -> Elf | None:
    places = {kind: (at, length) for kind, at, _, length in segments}  # the last, as the loader
    interpreter = _string(file, places[_INTERP][0]) if _INTERP in places else ""
    found = _entries(file, *places.get(_DYNAMIC, (0, 0)))
    base = _offset(segments, next((v for t, v in found if t == _STRTAB), 0))
    if base is None:
        return None

    def texts(wanted: int) -> list[str]:
        return [_string(file, base + value) for tag, value in found if tag == wanted]

    return Elf(
        tuple(texts(_NEEDED)),
        "".join(texts(_SONAME)[:1]),
        _paths(texts(_RPATH)),
        _paths(texts(_RUNPATH)),
        interpreter,
    )


def _entries(file: BinaryIO, at: int, length: int) -> list[tuple[int, int]]:
    """Return the tags and values of a dynamic section, at most MAX_HEADERS."""
    found: list[tuple[int, int]] = []
    file.seek(at)
    for _ in range(min(length // 16, MAX_HEADERS)):
        tag, value = struct.unpack("<qQ", file.read(16))
        if tag == _NULL:
            break
        found.append((tag, value))
    return found


def _offset(segments: list[tuple[int, int, int, int]], address: int) -> int | None:
    """Return where in the file what is loaded at an address is."""
    for kind, at, start, length in segments:
        if kind == _LOAD and start <= address < start + length:
            return at + address - start
    return None


def _string(file: BinaryIO, at: int) -> str:
    file.seek(at)
    return file.read(MAX_STRING).split(b"\0")[0].decode("utf-8", "surrogateescape")


def _paths(texts: list[str]) -> tuple[str, ...]:
    return tuple(path for text in texts for path in text.split(":") if path)
