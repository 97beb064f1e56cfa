"""Content that others cut in another way becomes what `tally add` would have made of it."""

from pathlib import Path

import pytest

from engine.content import dagpb
from engine.content.blocks import Block
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.profile import PUBLISHED
from engine.content.unixfs import DIRECTORY, FILE, SYMLINK, Message
from engine.errors import Damaged
from engine.store import graft as grafting
from engine.store.add import add_path
from engine.store.disk import DiskStore
from engine.store.graft import graft

PIECES = (b"a" * 1000, b"b" * 10, b"c" * 70_000)  # as nobody cuts a file


class Theirs(dict[Cid, bytes]):
    """Blocks of others."""

    def node(self, message: Message, *links: Link) -> Cid:
        """Have a node; return its name."""
        return self._keep(PUBLISHED.block(DAG_PB, dagpb.encode(links, message.encode())))

    def file(self, *pieces: bytes) -> Cid:
        """Have a file that is cut so."""
        leaves = [self._keep(PUBLISHED.block(RAW, piece)) for piece in pieces]
        sizes = tuple(map(len, pieces))
        links = [Link("", cid, size) for cid, size in zip(leaves, sizes, strict=True)]
        return self.node(Message(FILE, filesize=sum(sizes), blocksizes=sizes), *links)

    def folder(self, **entries: Cid) -> Cid:
        """Have a directory."""
        links = [Link(name, cid, 0) for name, cid in sorted(entries.items())]
        return self.node(Message(DIRECTORY), *links)

    def _keep(self, block: Block) -> Cid:
        self[block.cid] = block.data
        return block.cid


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    """Return a store of its own."""
    return DiskStore(tmp_path / "store")


def test_it_is_as_if_it_had_been_added(store: DiskStore, tmp_path: Path) -> None:
    """Files, directories and symlinks have the CIDs that they have from a disk."""
    theirs = Theirs()
    link = theirs.node(Message(SYMLINK, data=b"there"))
    one = theirs.file(*PIECES)
    root = theirs.folder(one=one, two=theirs.folder(again=one), to=link, none=theirs.folder())
    place = tmp_path / "place"
    (place / "two").mkdir(parents=True)
    (place / "none").mkdir()
    for path in (place / "one", place / "two" / "again"):
        path.write_bytes(b"".join(PIECES))
    (place / "to").symlink_to("there")
    assert graft(store, theirs.__getitem__, root) == add_path(store, place)


def test_what_is_there_twice_is_read_once(store: DiskStore) -> None:
    """Of a file that a directory has by many names."""
    theirs, read = Theirs(), []
    one = theirs.file(*PIECES)
    root = theirs.folder(**{f"n{number}": one for number in range(20)})

    def get(cid: Cid) -> bytes:
        read.append(cid)
        return theirs[cid]

    graft(store, get, root)
    assert all(read.count(cid) == 1 for cid in theirs if cid.codec == RAW)


@pytest.mark.parametrize(("bound", "most"), [("MAX_SIZE", 71_009), ("MAX_READS", 3)])
def test_it_is_bounded(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    """In bytes, and in how often a block is read, however little there is of it."""
    monkeypatch.setattr(grafting, bound, most)
    theirs = Theirs()
    with pytest.raises(Damaged, match=r"content (of|in) over"):
        graft(store, theirs.__getitem__, theirs.file(*PIECES))
