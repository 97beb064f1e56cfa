"""LedgerPlace: whether the ledger of a home is the one that this home wrote last.

A peer that signs from an old or copied ledger says twice what it may say once, and is convicted
for it. So two things are kept outside the file's content:

    where it is        its inode and when that was born: a copy, or a restored backup, has others
    HOME/ledger.head   how many entries it had, and the link of the last: written after each commit
                       and not synced, so that it may be behind the file, and is never ahead

A head of no entries is made just before the key of the home, and says where that is: so a key that
is there without one, or elsewhere, and with no ledger, has signed in a ledger that is lost.

What none of this shows is a whole disk that is put back to an earlier day, or both files written
over in place: there, the other peers have entries that this one has not, and say so when they meet.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from blake3 import blake3

from engine.folder import sync_names
from peers.order import LINK_BYTES

COPIED: Final = "it was copied, or restored from a backup"
BEHIND: Final = "it is older than what this home wrote last"
OTHER: Final = "it has gone on otherwise than what this home wrote last"
LOST: Final = "the key was here before, and what it signed is not"

HEAD: Final = "ledger.head"
KEY: Final = "keys/identity"

_COUNT: Final = 8  # bytes
_BTIME: Final = 0x800  # STATX_BTIME: the mask asked for, and that which was filled in
_AT_FDCWD: Final = -100
_STATX: Final = 256  # bytes: struct statx
_BORN: Final = slice(80, 92)  # stx_btime: seconds, 64 bits; nanoseconds, 32 bits


class Spot(NamedTuple):
    """Where a file is, as no other file is."""

    inode: int
    born: int  # ns since 1970; where nobody knows, the number of the device


class Extent(NamedTuple):
    """How far a ledger goes."""

    entries: int  # how many
    link: bytes


class Torn(NamedTuple):
    """A head that says nothing: it was not written by this program."""


def spot_of(path: Path) -> Spot:
    """Return where a file is.

    Raises: OSError when it is not there.
    """
    found = path.stat()
    return Spot(found.st_ino, _born(path) or found.st_dev)


def read_head(home: Path) -> Extent | Torn | None:
    """Return what was written last; None when nothing was, or power went while it was."""
    try:
        data = (home / HEAD).read_bytes()
    except FileNotFoundError:
        return None
    if not data:
        return None
    if len(data) != _COUNT + LINK_BYTES:
        return Torn()
    return Extent(int.from_bytes(data[:_COUNT], "big"), data[_COUNT:])


def differs(
    home: Path,
    head: Extent | Torn | None,
    entries: int,
    link_at: Callable[[int], bytes | None],
) -> str | None:
    """Return how a ledger of so many entries is not what was written last; None when it is.

    `head` is read before the entries are counted: a peer that runs may write meanwhile.
    """
    match head:
        case Extent(0, mark):
            is_new = entries or not (home / KEY).exists() or mark == _mark(home / KEY)
            return None if is_new else LOST
        case Extent(known, _) if known > entries:
            return BEHIND
        case Extent(known, link) if link_at(known) not in (link, None):
            return OTHER
        case Torn():
            return OTHER
        case None if not entries and (home / KEY).exists():
            return LOST
        case _:
            return None


def write_head(home: Path, head: Extent) -> None:
    """Write how far the ledger goes, all of it or nothing.

    On a full disk it stays behind, as it may.
    """
    beside = home / f".{HEAD}"
    with contextlib.suppress(OSError):
        beside.write_bytes(_bytes(head))
        beside.replace(home / HEAD)


def begin(home: Path, key: Path) -> None:
    """Note, durably, that the key in a file is new, and has signed nothing; it is yet to be named.

    Nothing is noted where there is a ledger, or was one.

    Raises: OSError when it cannot be written.
    """
    head = read_head(home)
    if head is not None and not (isinstance(head, Extent) and head.entries == 0):
        return
    beside = home / f".{HEAD}"
    with beside.open("wb") as file:
        file.write(_bytes(Extent(0, _mark(key))))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(home / HEAD)
    sync_names(home)


def _bytes(head: Extent) -> bytes:
    return head.entries.to_bytes(_COUNT, "big") + head.link


def _mark(key: Path) -> bytes:
    """Return what stands for where a key is: a copy of it has another."""
    return blake3(repr(tuple(spot_of(key))).encode()).digest()


def _born(path: Path) -> int | None:
    """Return when a file came to be; Python tells it on some systems only."""
    if (known := getattr(path.stat(), "st_birthtime_ns", None)) is not None:
        return int(known)
    import ctypes  # dear to import, and needed once for a process that trades

    statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if statx is None:
        return None
    found = ctypes.create_string_buffer(_STATX)
    if statx(_AT_FDCWD, os.fsencode(path), 0, _BTIME, found):
        return None
    if not int.from_bytes(found.raw[:4], sys.byteorder) & _BTIME:
        return None
    born = found.raw[_BORN]
    seconds, rest = (int.from_bytes(part, sys.byteorder) for part in (born[:8], born[8:]))
    return seconds * 10**9 + rest
