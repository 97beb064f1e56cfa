"""Landlock: take from this process, for good, all files but those that it needs to read.

Afterwards it runs no program, writes no file, and sees no process but its own. Linux has this since
5.13; what a version of it cannot take stays. Nothing can give it back.
"""

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# numbers of linux/landlock.h; the same on every processor
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION: Final = 1  # of what the kernel is asked
_BENEATH: Final = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FILES: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights on files a version knows
_NET, _SCOPES = 4, 6  # versions from which on the ruleset has these fields
_SCOPED: Final = 3  # abstract sockets and signals of other processes
_NO_NEW_PRIVS: Final = 38

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def read_only(places: Iterable[Path]) -> int:
    """Leave this process nothing but to read what is below places; some may not be there.

    Return the version of Landlock; 0 when this kernel has none, and nothing was taken.
    """
    version = _call(_CREATE, None, 0, _VERSION)
    if version <= 0:
        return 0
    rights = (1 << _FILES.get(version, max(_FILES.values()))) - 1
    fields = [rights, 0, _SCOPED][: 1 + (version >= _NET) + (version >= _SCOPES)]
    rules = struct.pack(f"={len(fields)}Q", *fields)
    number = _checked(_call(_CREATE, rules, len(rules), 0))
    try:
        for place in places:
            with contextlib.suppress(FileNotFoundError):
                _allow(number, place)
        _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_call(_RESTRICT, number, 0, 0))
    finally:
        os.close(number)
    return version


def _allow(number: int, place: Path) -> None:
    rights = _READ_FILE | (_READ_FOLDER if place.is_dir() else 0)
    descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(_call(_ADD, number, _BENEATH, struct.pack("=Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _call(call: int, *arguments: bytes | int | None) -> int:
    made = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(_libc.syscall(ctypes.c_long(call), *made))
    return -ctypes.get_errno() if result < 0 else result


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
