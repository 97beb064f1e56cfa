"""A lost index is made again from what lies in packs and files."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import Damaged, Unavailable
from engine.store import recover
from engine.store.add import add_path
from engine.store.base import Leaf
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.gc import gc
from engine.store.recover import salvage_index
from engine.store.refind import refind
from engine.store.table import drop_place
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


def test_a_broken_length_hides_one_block_only(tmp_path: Path) -> None:
    """Where a pack does not say what comes next, that is looked for."""
    with DiskStore(tmp_path) as store:
        store.put(MANY)
        at = packs(store)[0].read_bytes().index(b"block 77")
        overwrite(packs(store)[0], at - 4, b"\xff\xff\xff\xff")
    lose_the_index(tmp_path)
    with DiskStore(tmp_path) as store:
        assert [block for block in MANY if not store.has(block.cid)] == [MANY[77]]


def test_pins_are_found_again(tmp_path: Path) -> None:
    """What was pinned, and not let go of, is pinned after the index was lost, and gc keeps it."""
    with DiskStore(tmp_path) as store:
        store.put(MANY)
        for block in MANY[:3]:
            store.pins.pin(block.cid, "mine")
        store.pins.pin(MANY[0].cid, "of two lines\n- and \\ more")
        store.pins.unpin(MANY[1].cid, "mine")
        pinned = store.pins.all()
    lose_the_index(tmp_path)
    with DiskStore(tmp_path) as store:
        assert store.pins.all() == pinned
        gc(store, [], keep_seconds=0)
        assert [block for block in MANY if store.has(block.cid)] == [MANY[0], MANY[2]]


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    """With pins, and with files in place, as far as the old one can be read."""
    (tmp_path / "mine").write_bytes(os.urandom(300_000))
    root = tmp_path / "store"
    with DiskStore(root) as store:
        store.put(MANY)
        mine = add_path(store, tmp_path / "mine", in_place=True).cid
        store.pins.pin(mine, "mine")
    (root / "pins.log").unlink()
    with (root / "index.db").open("r+b") as file:
        file.write(bytes(4096))
    with pytest.raises(Damaged, match="the store's index is damaged"):
        DiskStore(root)
    assert salvage_index(root, 0) is not None
    with DiskStore(root) as store:
        assert store.pins.all() == [(mine, "mine")]
        assert list(fsck(store, [mine, *(block.cid for block in MANY)])) == []


def test_rows_that_are_lost_are_found_again(tmp_path: Path) -> None:
    """Of a block in a pack, and of a whole file."""
    (tmp_path / "file").write_bytes(os.urandom(300_000))
    with DiskStore(tmp_path / "store") as store:
        store.put(MANY)
        file = add_path(store, tmp_path / "file").cid
        with store.index.change() as change:
            change.execute("DELETE FROM blocks WHERE cid = ?", (MANY[7].cid.raw,))
            for place in store.index.places("WHERE kind = 'whole'"):
                drop_place(change, place.number)
        refind(store, [MANY[7].cid, file])
        assert store.get(MANY[7].cid) == MANY[7].data
        assert store.path_of(file) is not None
        assert list(fsck(store, [file])) == []


def test_forged_headers_cost_no_more_than_the_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block full of headers that claim much, and lost its own, does not hold up what follows."""
    claim = raw(b"elsewhere").cid.raw + (50_000).to_bytes(4, "big")
    behind = [raw(os.urandom(10_000)) for _ in range(30)]
    with DiskStore(tmp_path) as store:
        store.put([raw(claim * 2000), *behind])
        (pack,) = packs(store)
        overwrite(pack, pack.read_bytes().index(claim) - 4, b"\xff")
    read: list[int] = []

    def is_right(file: int, leaf: Leaf) -> bool:
        read.append(leaf.length)
        return really(file, leaf)

    really = recover._is_right
    monkeypatch.setattr(recover, "_is_right", is_right)
    monkeypatch.setattr(recover, "_WASTE", 200_000)
    monkeypatch.setattr(recover, "MAX_BLOCK", 100_000)
    found = [leaf.cid for leaf in recover.framed(pack)]
    assert sum(read) < 5 * pack.stat().st_size
    assert set(found) <= {block.cid for block in behind}
    assert len(found) >= 20


def test_others_write_while_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without a row are read without the index's lock; one that goes meanwhile is left."""
    for name in ("kept", "gone"):
        (tmp_path / name).write_bytes(os.urandom(300_000))
    with DiskStore(tmp_path / "store") as store, DiskStore(tmp_path / "store") as other:
        kept, gone = (add_path(store, tmp_path / name).cid for name in ("kept", "gone"))
        for place in store.index.places("WHERE kind = 'whole'"):
            with store.index.change() as change:
                drop_place(change, place.number)
        really = recover._match

        def match(path: Path, leaves: Sequence[Leaf]) -> bool:
            other.pins.pin(kept, path.name)  # would wait for the lock
            found = really(path, leaves)
            if path.name == str(gone):
                path.unlink()
            return found

        monkeypatch.setattr(recover, "_match", match)
        refind(store, [])
        assert store.path_of(kept) is not None
        assert store.path_of(gone) is None
        assert store.index.places("WHERE root = ?", (gone.raw,)) == []


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
