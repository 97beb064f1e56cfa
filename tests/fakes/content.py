"""A ContentStore in memory, with whole files in a directory: the protocol and no more."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import Cid
from engine.errors import Unavailable
from engine.store.base import SMALL, Leaf


class MemoryContent:
    """Blocks in a dict; files over SMALL in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.blocks: dict[Cid, bytes] = {}
        self.places: dict[Cid, tuple[Path, Leaf]] = {}
        self.puts: list[int] = []  # blocks in each call of put

    def get(self, cid: Cid) -> bytes:
        """Return a block, checked."""
        if cid in self.blocks:
            return cid.check(self.blocks[cid])
        if cid not in self.places:
            raise Unavailable("a block is not here", where=str(cid))
        path, leaf = self.places[cid]
        with path.open("rb") as file:
            file.seek(leaf.offset)
            return cid.check(file.read(leaf.length))

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks."""
        before = len(self.blocks)
        self.blocks.update((block.cid, block.data) for block in blocks)
        self.puts.append(len(self.blocks) - before)

    def has(self, cid: Cid) -> bool:
        """Return whether a block is here."""
        return cid in self.blocks or cid in self.places

    def get_many(self, cids: Sequence[Cid], longest: int = MAX_BLOCK) -> dict[Cid, bytes]:
        """Return the blocks that are here, of at most `longest` bytes."""
        here = {cid: self.get(cid) for cid in cids if self.has(cid)}
        return {cid: data for cid, data in here.items() if len(data) <= longest}

    def has_many(self, cids: Sequence[Cid]) -> set[Cid]:
        """Return those that are here."""
        return {cid for cid in cids if self.has(cid)}

    def new_file(self) -> "MemoryFile":
        """Begin a whole file."""
        return MemoryFile(self)

    def adopt_in_place(
        self, path: Path, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]
    ) -> None:
        """Index a file where it is."""
        self.blocks.update((block.cid, block.data) for block in nodes)
        self.places.update((leaf.cid, (path, leaf)) for leaf in leaves)

    def path_of(self, root: Cid) -> Path | None:
        """Return the whole file that is `root`."""
        path = self.directory / str(root)
        return path if path.exists() else None


class MemoryFile:
    """A whole file being written."""

    def __init__(self, store: MemoryContent) -> None:
        self._store = store
        self._data = bytearray()

    def write(self, data: bytes | memoryview) -> None:
        """Append some bytes."""
        self._data += data

    def take(self, source: int, size: int, piece: int) -> Iterator[bytes]:
        """Fill the file from an open one."""
        while data := os.read(source, min(piece, size - len(self._data))):
            self._data += data
            yield data

    def commit(self, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]) -> None:
        """Keep the file."""
        assert sum(leaf.length for leaf in leaves) == len(self._data) > SMALL
        path = self._store.directory / str(root)
        if not path.exists():
            path.write_bytes(self._data)
            path.chmod(0o444)
        self._store.adopt_in_place(path, root, leaves, nodes)

    def abort(self) -> None:
        """Forget the bytes."""
        self._data.clear()
