"""Vdso: where the functions are that the kernel lends every program. Pure.

Programs read the clock there, static ones too, with no system call that a filter could see.
"""

import struct
from typing import Final, NamedTuple

AT_SYSINFO_EHDR: Final = 33  # where the kernel says that it lies

_PAIR: Final = struct.Struct("<QQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_DYNAMIC: Final = 2
_STRTAB, _SYMTAB = 5, 6
_FUNCTION: Final = 2


class Function(NamedTuple):
    """A function: where it begins in the image, and how much room it takes."""

    offset: int
    size: int


def base(auxiliary: bytes) -> int:
    """Return where the image lies in a process, from its /proc/PID/auxv; 0 when it has none."""
    entries: dict[int, int] = dict(_PAIR.iter_unpack(auxiliary))
    return entries.get(AT_SYSINFO_EHDR, 0)


def functions(image: bytes) -> dict[str, Function]:
    """Return the functions of an image by name.

    Raises: OSError when it is not as every kernel's is.
    """
    try:
        return _functions(image)
    except (struct.error, ValueError, KeyError) as error:
        raise OSError(f"the kernel's own functions cannot be read: {error}") from error


def _functions(image: bytes) -> dict[str, Function]:
    entries = dict(_PAIR.iter_unpack(_dynamic(image)))
    start, names = entries[_SYMTAB], entries[_STRTAB]  # the names follow the symbols
    found = {}
    for name, info, _, _, value, size in _SYMBOL.iter_unpack(image[start:names]):
        if info & 15 == _FUNCTION:
            end = image.index(b"\0", names + name)
            found[image[names + name : end].decode()] = Function(value, size)
    return found


def _dynamic(image: bytes) -> bytes:
    (offset,) = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for number in range(count):
        kind, _, at, _, _, length, _, _ = _SEGMENT.unpack_from(image, offset + number * size)
        if kind == _DYNAMIC:
            found = image[at : at + length]
            return found[: len(found) // _PAIR.size * _PAIR.size]
    raise ValueError("no dynamic section")
