"""Whether all of some content is here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.links import reachable
from engine.presence import Presence
from engine.store.add import add_path
from engine.store.disk import DiskStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """Open a store."""
    with DiskStore(tmp_path / "store") as store:
        yield store


@pytest.fixture
def tree(store: DiskStore, tmp_path: Path) -> Cid:
    """Add a directory of a small and a large file."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "small").write_bytes(b"small")
    (folder / "large").write_bytes(bytes(3_000_000))
    return add_path(store, folder).cid


def forget(store: DiskStore, cid: Cid) -> None:
    """Lose a block."""
    with store.index.change() as change:
        change.execute("DELETE FROM blocks WHERE cid = ?", (cid.raw,))


def test_what_is_all_here_is_whole(store: DiskStore, tree: Cid) -> None:
    """A tree of which every block is found counts, and is held from then on."""
    held: list[Cid] = []

    assert Presence(store, held.extend).whole([tree]) == {tree}
    assert held == [tree]


def test_any_block_may_be_the_missing_one(store: DiskStore, tree: Cid) -> None:
    """Whichever block is lost, the tree is not whole; the empty answer is not an error."""
    for cid in list(reachable(store.get, [tree])):
        data = store.get(cid)
        forget(store, cid)
        assert Presence(store, store.hold).whole([tree]) == set(), data[:20]
        add_again(store, cid, data)


def add_again(store: DiskStore, cid: Cid, data: bytes) -> None:
    """Put a block back."""
    store.put([Block(cid, data)])


def test_what_was_never_here_is_not_whole(store: DiskStore) -> None:
    """A name that leads nowhere counts for nothing."""
    assert Presence(store, store.hold).whole([Cid.of(RAW, b"nowhere")]) == set()
