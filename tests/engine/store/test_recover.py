"""A lost index is made again from what lies in packs and files."""

import os
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.store.add import add_path
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.gc import gc
from tests.engine.store.shelf import overwrite, packs, raw

MANY = [raw(b"block %d" % number) for number in range(200)]


def lose_the_index(root: Path) -> None:
    """Move the index away."""
    for path in root.glob("index.db*"):
        path.unlink()


def test_packs_and_files_are_found_again(tmp_path: Path) -> None:
    """Blocks, and files of one leaf and of many, are all there after the index was lost."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, size in (("small", 10), ("one leaf", 200_000), ("many", 3_500_000)):
        (tree / name).write_bytes(os.urandom(size))
    with DiskStore(tmp_path / "store") as store:
        store.put(MANY)
        root = add_path(store, tree).cid
        before = sorted(row[0] for row in store.index.rows("SELECT DISTINCT cid FROM blocks"))
        whole = [place.root for place in store.index.places("WHERE kind = 'whole'")]
    lose_the_index(tmp_path / "store")
    with DiskStore(tmp_path / "store") as store:
        after = sorted(row[0] for row in store.index.rows("SELECT DISTINCT cid FROM blocks"))
        assert after == before
        assert len(whole) == 2
        assert {place.root for place in store.index.places("WHERE kind = 'whole'")} == set(whole)
        assert list(fsck(store, [root])) == []
        gc(store, [])
        assert list(fsck(store, [root, *(block.cid for block in MANY)])) == []
        store.put([raw(b"and it goes on")])
        assert store.get(raw(b"and it goes on").cid) == b"and it goes on"


def test_what_is_damaged_is_left_out(tmp_path: Path) -> None:
    """A damaged block is not taken into the new index, and its neighbours are."""
    with DiskStore(tmp_path) as store:
        store.put(MANY)
        overwrite(packs(store)[0], packs(store)[0].read_bytes().index(b"block 77"), b"BLOCK")
    lose_the_index(tmp_path)
    with DiskStore(tmp_path) as store:
        with pytest.raises(Unavailable):
            store.get(MANY[77].cid)
        assert sum(store.has(block.cid) for block in MANY) == len(MANY) - 1
        store.put(MANY)
        assert store.get(MANY[77].cid) == MANY[77].data


def test_a_torn_pack_is_not_appended_to(tmp_path: Path) -> None:
    """What cannot be read at a pack's end stays behind everything that is put later."""
    with DiskStore(tmp_path) as store:
        store.put(MANY)
    with packs_of(tmp_path)[0].open("ab") as file:
        file.write(b"\xff" * 100)
    for _ in range(2):
        lose_the_index(tmp_path)
        with DiskStore(tmp_path) as store:
            store.put([raw(b"later")])
            assert all(store.has(block.cid) for block in (*MANY, raw(b"later")))


def packs_of(root: Path) -> list[Path]:
    """Return the packs of a store that is not open."""
    return sorted((root / "packs").iterdir())
