"""Packs: append-only files of small blocks, so that a block does not cost a file and an fsync.

Each process appends to a pack of its own, whose lock it holds while it lives. The index knows up
to where a pack is durable; what lies behind that is a batch nobody was promised (the process
died, or the disk was full), and whoever takes the pack next cuts it off. Before each block stand
its CID and its length, so that an index can be made again from the packs alone.

    CID (36 bytes) | length (4 bytes, big-endian) | the block
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from engine.content.cid import BYTES, Cid
from engine.durable import reached
from engine.filesystem import allocate, begin_writing
from engine.folder import sync_names
from engine.locks import create_locked, open_locked
from engine.store.index import Index
from engine.store.place import PACK, Place, Signature, Slice
from engine.store.table import add_place

PACK_SIZE: Final = 256 * 1024 * 1024  # bytes; then the next is begun: compacting copies half of it
HEADER: Final = BYTES + 4
_PIECES: Final = 512  # written in one call; Linux takes 1024
_WRITE_BACK: Final = 2 * 1024 * 1024  # bytes; after each the disk is told to begin
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has only the second


class _Open(NamedTuple):
    place: int
    descriptor: int


class Packs:
    """The packs of one store, and the one this process appends to. Not for two threads at once."""

    def __init__(self, folder: Path, index: Index) -> None:
        self._folder = folder
        self._index = index
        self._open: _Open | None = None
        self._end = 0  # bytes of the open pack that are durable and in the index

    def append(self, blocks: Mapping[Cid, bytes]) -> dict[Cid, Slice]:
        """Write blocks to the disk and return where each lies; the index then makes them count.

        Raises: OSError, after which the pack is as it was.
        """
        pack = self._current()
        slices, at = {}, self._end
        for cid, data in blocks.items():
            slices[cid] = Slice(pack.place, at + HEADER, len(data))
            at += HEADER + len(data)
        try:
            if at - self._end >= _WRITE_BACK:
                allocate(pack.descriptor, self._end, at - self._end)
            _write_all(pack.descriptor, _framed(blocks), self._end)
            reached("pack.written")
            _sync_data(pack.descriptor)
            reached("pack.synced")
        except OSError:
            os.ftruncate(pack.descriptor, self._end)  # gives a full disk its space back
            self.release()
            raise
        return slices

    def committed(self, slices: Mapping[Cid, Slice]) -> None:
        """Take note that these slices are in the index now."""
        self._end = max((at.offset + at.length for at in slices.values()), default=self._end)
        if self._end >= PACK_SIZE:
            self.release()

    def release(self) -> None:
        """Close the open pack, for anybody to take; the index alone knows where it ends."""
        if self._open is not None:
            pack, self._open = self._open, None
            os.close(pack.descriptor)

    def _current(self) -> _Open:
        if self._open is not None and not os.fstat(self._open.descriptor).st_nlink:
            self.release()  # somebody removed the file: what is appended to it would be lost
        if self._open is None:
            self._open = self._take() or self._begin()
        return self._open

    def _take(self) -> _Open | None:
        """Take over a pack with room in it that no process holds."""
        for place in self._index.places("WHERE kind = ? AND size < ?", (PACK, PACK_SIZE)):
            descriptor = self.hold(place)
            if descriptor is None:
                continue
            now = self._index.place(place.number)  # as the last holder left it
            size = -1 if now is None else now.signature.size
            if now is None or os.fstat(descriptor).st_size < size:  # shorter: damaged, for fsck
                os.close(descriptor)
                continue
            os.ftruncate(descriptor, size)
            reached("pack.taken")
            self._end = size
            return _Open(place.number, descriptor)
        return None

    def hold(self, place: Place) -> int | None:
        """Return a pack's descriptor with its lock, or None while a process appends to it."""
        return open_locked(self._folder / os.fsdecode(place.name), os.O_RDWR)

    def _begin(self) -> _Open:
        """Begin a pack under the next number that is free."""
        known = [os.fsdecode(place.name) for place in self._index.places("WHERE kind = ?", (PACK,))]
        there = [path.name for path in self._folder.glob("????????.pack")]
        number = max((int(name[:8]) for name in (*known, *there)), default=0) + 1
        while (descriptor := create_locked(self._path(number), 0o644)) is None:
            number += 1  # another process was faster
        reached("pack.made")
        sync_names(self._folder)
        reached("pack.named")
        name = self._path(number).name
        with self._index.change() as change:
            place = add_place(change, PACK, name.encode(), None, Signature(0, 0, 0))
        reached("pack.entered")
        self._end = 0
        return _Open(place, descriptor)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}.pack"


def _framed(blocks: Mapping[Cid, bytes]) -> Iterator[bytes]:
    for cid, data in blocks.items():
        yield cid.raw + len(data).to_bytes(4, "big")
        yield data


def _write_all(descriptor: int, pieces: Iterable[bytes], offset: int) -> None:
    """Write pieces one after the other, from where they are: to join them costs a copy of all.

    The disk begins with the first while the others are copied to it.
    """
    for group, size in _groups(pieces):
        written = os.pwritev(descriptor, group, offset)
        if written < size:
            _write_rest(descriptor, b"".join(group)[written:], offset + written)
        if size >= _WRITE_BACK:
            begin_writing(descriptor, offset, size)
        offset += size


def _groups(pieces: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield what is written in one call, and how many bytes that is."""
    group: list[bytes] = []
    size = 0
    for piece in pieces:
        group.append(piece)
        size += len(piece)
        if size >= _WRITE_BACK or len(group) == _PIECES:
            yield group, size
            group, size = [], 0
    yield group, size


def _write_rest(descriptor: int, data: bytes, offset: int) -> None:
    """Write what a call left, which then says why."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.pwrite(descriptor, rest, offset + len(data) - len(rest)) :]
