"""Damage: what a disk does to bytes while nobody looks: the file seems the same from outside."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from engine.content.cid import Cid
from engine.store.disk import DiskStore
from engine.store.packs import HEADER


@contextmanager
def behind_the_back(path: Path) -> Iterator[FileIO]:
    """Open a file for changes that its mode forbids and its date does not tell of."""
    before = path.stat()
    path.chmod(0o600)
    with path.open("r+b", buffering=0) as file:
        yield file
    path.chmod(before.st_mode & 0o7777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Change one bit."""
    with behind_the_back(path) as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes((byte ^ 1 << bit,)))


def flip_block(store: DiskStore, cid: Cid, *, header: bool = False) -> None:
    """Change one bit of a block that lies in a pack, or of what stands before it."""
    (at,) = store.index.find(cid)
    place = store.index.place(at.place)
    assert place is not None
    offset = at.offset - HEADER // 2 if header else at.offset + at.length // 2
    flip(place.path(store.root), offset)
