"""Place: a file, or something that can be read like one, in which blocks lie.

A block is a slice of a place. Packs, whole files and what was saved of a damaged file are the
store's own ("solid"); a user's file in place, or a source that a reader can make bytes from again,
is borrowed: it may change or go, so a block that is put is kept even when it is borrowed too.
"""

import os
from pathlib import Path
from typing import Final, NamedTuple

from engine.content.cid import Cid

PACK: Final = "pack"  # name: NNNNNNNN.pack in packs/
WHOLE: Final = "whole"  # name: ab/CID in files/
SALVAGE: Final = "salvage"  # was whole, is in quarantine/: some of its blocks are still good
IN_PLACE: Final = "in-place"  # name: an absolute path
SOLID: Final = (PACK, WHOLE, SALVAGE)
OWN: Final = frozenset((*SOLID, IN_PLACE))  # any other kind is the name of a reader

FOLDERS: Final = {PACK: "packs", WHOLE: "files", SALVAGE: "quarantine"}


class Signature(NamedTuple):
    """What a file looks like from outside; while it is the same, the bytes are taken to be."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Signature":
        """Return the signature of a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class Place(NamedTuple):
    """One row of the index's table of places."""

    number: int  # never used again, so that what a process remembers of it stays true
    kind: str
    name: bytes
    root: bytes | None  # the CID that a whole file is, as long as it is whole
    signature: Signature  # of a pack only the size counts: where its last durable block ends

    @property
    def solid(self) -> bool:
        """Whether the store itself keeps these bytes."""
        return self.kind in SOLID

    def path(self, store: Path) -> Path:
        """Return where the file is, for the kinds that are files."""
        name = os.fsdecode(self.name)
        return Path(name) if self.kind == IN_PLACE else store / FOLDERS[self.kind] / name


class Slice(NamedTuple):
    """Where a block lies: `length` bytes from `offset` in place number `place`."""

    place: int
    offset: int
    length: int


def file_name(root: Cid) -> str:
    """Return the name below files/ of the whole file that is `root`."""
    text = str(root)
    return f"{text[-3:-1]}/{text}"  # the last character has few values; these two have 1024
