"""Whole files: each kept once, read-only, under the name of its root, so that staging is a link.

Written beside their final place, synced, then renamed and indexed in one change. A rename is the
only way a name in files/ comes to be, and it happens under the index's write lock, as a removal
does: so a gc never removes a file that has just been put.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.durable import reached
from engine.errors import Unavailable
from engine.faults import writing
from engine.filesystem import begin_writing, write_all
from engine.folder import sync_names
from engine.locks import create_locked
from engine.store.base import Leaf
from engine.store.blocks import checked
from engine.store.flow import Flow
from engine.store.index import Index
from engine.store.place import WHOLE, Place, Signature, Slice, file_name
from engine.store.quarantine import Quarantine
from engine.store.reader import put_aside_as, signature_at, was_damaged
from engine.store.table import add_place, drop_packed, drop_place, insert_leaves
from engine.store.writer import Writer

_WRITE_BACK: Final = 4 * 1024 * 1024  # bytes between two requests to the disk
TEMPORARY: Final = "tmp."  # how names of files being written begin


class WholeFiles:
    """The whole files of one store."""

    def __init__(self, root: Path, index: Index, writer: Writer) -> None:
        self._root = root
        self._folder = root / "files"
        self._index = index
        self._writer = writer
        self._quarantine = Quarantine(root, index)

    def begin(self) -> "WholeFile":
        """Begin a file.

        Raises: Unavailable when the disk is full.
        """
        with writing(self._root, 0):
            while True:
                path = self._folder / f"{TEMPORARY}{secrets.token_hex(16)}"
                descriptor = create_locked(path, 0o644)  # the lock tells gc that it is wanted
                if descriptor is not None:
                    reached("file.begun")
                    return WholeFile(self, path, descriptor)

    def adopt(
        self,
        written: Path,
        at: Signature,
        root: Cid,
        leaves: Sequence[Leaf],
        nodes: Sequence[Block],
    ) -> None:
        """Keep a synced file as `root`.

        Raises: Unavailable on a full disk.
        """

        def place(change: sqlite3.Connection, stamp: int) -> None:
            number = self._present(change, root)
            if number is None:
                number = self._move_in(change, written, at, root)
            insert_leaves(change, number, leaves, stamp)
            drop_packed(change, leaves)

        self._writer.keep(checked(nodes), place)

    def _present(self, change: sqlite3.Connection, root: Cid) -> int | None:
        """Return the number of the place that is `root` already; forget one that is no longer."""
        for place in self._index.places("WHERE root = ? AND kind = ?", (root.raw, WHOLE)):
            if signature_at(place.path(self._root)) == place.signature:
                return place.number
            drop_place(change, place.number)
        return None

    def _move_in(self, change: sqlite3.Connection, written: Path, at: Signature, root: Cid) -> int:
        name = file_name(root)
        final = self._folder / name
        if not final.parent.exists():
            final.parent.mkdir(mode=0o755, exist_ok=True)
            sync_names(self._folder)
        written.rename(final)
        reached("file.renamed")
        sync_names(final.parent)
        reached("file.named")
        return add_place(change, WHOLE, name.encode(), root, at)

    def path_of(self, root: Cid) -> Path | None:
        """Return the file that holds exactly `root`, or None.

        Its signature is compared, as git does; when that differs the file is read, and put in
        quarantine if it is not what it was.

        Raises: Damaged when some of it was in no other place.
        """
        for place in self._index.places("WHERE root = ? AND kind = ?", (root.raw, WHOLE)):
            path = place.path(self._root)
            if signature_at(path) == place.signature or self.restored(place):
                return path
        return None

    def restored(self, place: Place) -> bool:
        """Read a file whose signature changed: take the new one, or give the file up.

        Raises: Damaged when some of it was in no other place.
        """
        try:
            status = place.path(self._root).stat()
        except FileNotFoundError:
            return False
        damaged, whole = self._compare(place, status.st_size)
        if damaged or not whole:
            kept = self._quarantine.file(place, damaged)
            for cid, _ in damaged:
                if not self._index.find(cid):
                    raise was_damaged(cid, place.path(self._root), put_aside_as(kept))
            return False
        with self._index.change() as change:
            change.execute(
                "UPDATE places SET mtime_ns = ?, inode = ? WHERE number = ?",
                (status.st_mtime_ns, status.st_ino, place.number),
            )
        return True

    def _compare(self, place: Place, size: int) -> tuple[list[tuple[Cid, Slice]], bool]:
        """Return the damaged blocks of a file, and whether its blocks are all of it."""
        query = "SELECT cid, offset, length FROM blocks WHERE place = ? ORDER BY offset"
        damaged, end = [], 0
        with place.path(self._root).open("rb", buffering=0) as file:
            for raw, offset, length in self._index.scan(query, (place.number,)):
                cid = Cid(raw)
                if not cid.matches(os.pread(file.fileno(), length, offset)):
                    damaged.append((cid, Slice(place.number, offset, length)))
                end = end + length if offset == end else -1
        return damaged, end == size


class WholeFile:
    """A whole file on its way into the store (engine/store/base.py FileWriter)."""

    def __init__(self, files: WholeFiles, path: Path, descriptor: int) -> None:
        self._files = files
        self._path = path
        self._descriptor = descriptor
        self._size = 0
        self._begun = 0  # up to here the disk has been told to write
        self._flow: Flow | None = None  # what fills it

    def write(self, data: bytes | memoryview) -> None:
        """Append some bytes.

        Raises: Unavailable on a full disk: then the file is aborted, to give its space back.
        """
        try:
            with writing(self._path.parent, len(data)):
                write_all(self._descriptor, data)
                self._size += len(data)
                self._write_back()
        except Unavailable:
            self.abort()
            raise

    def take(self, source: int, size: int, piece: int) -> Iterator[bytes]:
        """Fill the file with `size` bytes of an open one; yield what it then holds.

        Raises: OSError when `source` cannot be read; Unavailable on a full disk.
        """
        self._flow = Flow(source, self._descriptor, size, self._path.parent)
        with self._flow as flow:
            while data := flow.read(piece):
                self._size += len(data)
                self._write_back()
                yield data

    def _write_back(self) -> None:
        ahead = self._size - self._begun
        if ahead >= _WRITE_BACK:
            begin_writing(self._descriptor, self._begun, ahead)
            self._begun = self._size

    def commit(self, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]) -> None:
        """Keep the file as `root`, durably.

        Raises: Unavailable on a full disk.
        """
        if self._size != sum(leaf.length for leaf in leaves):
            raise ValueError("the leaves do not cover the file")
        try:
            with writing(self._path.parent, self._size):
                os.fchmod(self._descriptor, 0o444)
                reached("file.written")
                os.fsync(self._descriptor)
                reached("file.synced")
                signature = Signature.of(os.fstat(self._descriptor))
            self._files.adopt(self._path, signature, root, leaves, nodes)
            reached("file.kept")
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget what was written; harmless after a commit."""
        if self._flow is not None:  # who takes may have been interrupted between two pieces
            self._flow.end()  # else its thread would write to the next file of this number
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            with suppress(OSError):  # a gc clears what is left
                self._path.unlink(missing_ok=True)
