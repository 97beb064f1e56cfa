"""The store on a disk: what it keeps, where, and what it does when bytes go bad."""

import os
import threading
from pathlib import Path

import pytest

from engine.content.blocks import Block, Checked
from engine.errors import Damaged, Refused, Unavailable
from engine.store.disk import DiskStore
from tests.engine.store.shelf import overwrite, packs, raw

MANY = [raw(b"block %d" % number) for number in range(500)]


def test_survives_being_closed(tmp_path: Path) -> None:
    """What was put is there when the store is opened again."""
    with DiskStore(tmp_path / "store") as store:
        store.put(MANY)
    with DiskStore(tmp_path / "store") as store:
        assert [store.get(block.cid) for block in MANY] == [block.data for block in MANY]


def test_small_blocks_share_a_pack(store: DiskStore) -> None:
    """Many blocks in many puts are one file, and one more process makes one more."""
    for block in MANY:
        store.put([block])
    assert len(packs(store)) == 1
    with DiskStore(store.root) as other:
        other.put([raw(b"of another process")])
    assert len(packs(store)) == 2


def test_a_pack_is_taken_over(tmp_path: Path) -> None:
    """The next process appends to the pack that the last one left."""
    for number in range(5):
        with DiskStore(tmp_path) as store:
            store.put([raw(b"%d" % number)])
            assert len(packs(store)) == 1
    with DiskStore(tmp_path) as store:
        assert [store.get(raw(b"%d" % n).cid) for n in range(5)] == [b"%d" % n for n in range(5)]


def test_a_write_that_takes_only_some_is_gone_on_with(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little the system writes at a time, all of a batch is there."""
    whole = os.pwritev

    def some(descriptor: int, pieces: list[bytes], offset: int) -> int:
        return whole(descriptor, [b"".join(pieces)[:1000]], offset)

    monkeypatch.setattr(os, "pwritev", some)
    store.put(MANY)
    assert [store.get(block.cid) for block in MANY] == [block.data for block in MANY]


def test_what_was_checked_is_not_checked_again(store: DiskStore) -> None:
    """Who has a Checked has made sure; of another block the store does."""
    right, wrong = MANY[0], Block(MANY[1].cid, b"something else")
    checked = Checked.of(right.cid, right.data)
    assert checked
    assert Checked.of(wrong.cid, wrong.data) is None
    store.put([checked])
    assert store.get(right.cid) == right.data
    with pytest.raises(Damaged):
        store.put([wrong])


def test_what_was_not_committed_is_cut_off(tmp_path: Path) -> None:
    """A torn tail in a pack is ignored, and overwritten by whoever takes the pack next."""
    with DiskStore(tmp_path) as store:
        store.put([raw(b"one")])
        pack = packs(store)[0]
    size = pack.stat().st_size
    with pack.open("ab") as file:
        file.write(b"half a batch" * 100)
    with DiskStore(tmp_path) as store:
        assert store.get(raw(b"one").cid) == b"one"
        store.put([raw(b"two")])
        assert (store.get(raw(b"one").cid), store.get(raw(b"two").cid)) == (b"one", b"two")
    assert pack.stat().st_size == size + 40 + 3


def test_both_processes_see_each_others_blocks(store: DiskStore, other: DiskStore) -> None:
    """What one process put, another one that was open before finds."""
    store.put([raw(b"a")])
    other.put([raw(b"b")])
    assert (store.get(raw(b"b").cid), other.get(raw(b"a").cid)) == (b"b", b"a")


def test_nothing_is_written_for_what_is_here(store: DiskStore, other: DiskStore) -> None:
    """A block that is here is not appended again, whichever process puts it."""
    store.put(MANY)
    size = sum(pack.stat().st_size for pack in packs(store))
    store.put(MANY)
    other.put(MANY)
    assert sum(pack.stat().st_size for pack in packs(store)) == size


@pytest.mark.parametrize("at", [0, 3, -1])
def test_a_flipped_byte_is_damaged_then_healed(store: DiskStore, at: int) -> None:
    """Damaged bytes go to quarantine and are never given out; the right ones put again heal."""
    block = raw(b"precious")
    store.put([block, raw(b"neighbour")])
    offset = packs(store)[0].read_bytes().index(block.data) + at % len(block.data)
    overwrite(packs(store)[0], offset, b"#")
    with pytest.raises(Damaged) as caught:
        store.get(block.cid)
    assert str(packs(store)[0]) == caught.value.where
    assert "again" in caught.value.fix
    (kept,) = (store.root / "quarantine").iterdir()
    assert len(kept.read_bytes()) == len(block.data)
    assert not store.has(block.cid)
    with pytest.raises(Unavailable):
        store.get(block.cid)
    assert store.get(raw(b"neighbour").cid) == b"neighbour"
    store.put([block])
    assert store.get(block.cid) == block.data


def test_a_truncated_pack_is_damaged_then_healed(store: DiskStore) -> None:
    """A pack that lost its end gives no wrong bytes, and takes no more."""
    store.put(MANY)
    os.truncate(packs(store)[0], 1000)
    whole = [block for block in MANY if _state(store, block.cid) == "whole"]
    assert 0 < len(whole) < len(MANY)
    store.put(MANY)
    assert all(store.get(block.cid) == block.data for block in MANY)


def test_a_missing_pack_is_unavailable_then_healed(store: DiskStore) -> None:
    """A pack that is gone is said to be missing, and its blocks can be put again."""
    store.put(MANY[:1])
    packs(store)[0].unlink()
    with pytest.raises(Unavailable, match="missing"):
        store.get(MANY[0].cid)
    store.put(MANY[:1])
    assert store.get(MANY[0].cid) == MANY[0].data


def _state(store: DiskStore, cid: object) -> str:
    try:
        store.get(cid)  # type: ignore[arg-type]
    except Damaged:
        return "damaged"
    return "whole"


def test_threads_share_one_store(store: DiskStore) -> None:
    """Many threads put and get at once; every put that returned is readable at once."""
    faults: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(30):
                blocks = [raw(b"%d %d" % (name, number)), raw(b"shared %d" % number)]
                store.put(blocks)
                assert [store.get(block.cid) for block in blocks] == [b.data for b in blocks]
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_more_packs_than_are_kept_open(store: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading goes on over many packs, with few of them open at a time."""
    monkeypatch.setattr("engine.store.packs.PACK_SIZE", 100)
    monkeypatch.setattr("engine.store.handles._OPEN", 4)
    blocks = [raw(bytes([number]) * 100) for number in range(20)]
    for block in blocks:
        store.put([block])
    assert len(packs(store)) == 20
    assert [store.get(block.cid) for block in blocks * 2] == [block.data for block in blocks * 2]


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """An index of a version that is not known is not touched."""
    with DiskStore(tmp_path) as store, store.index.change() as change:
        change.execute("PRAGMA user_version = 99")
    with pytest.raises(Refused, match="newer"):
        DiskStore(tmp_path)


def test_an_index_that_is_none_is_damaged(tmp_path: Path) -> None:
    """A file that is no index is Damaged, with what to do, not a traceback of SQLite."""
    (tmp_path / "index.db").write_bytes(b"this is not SQLite" * 1000)
    with pytest.raises(Damaged) as caught:
        DiskStore(tmp_path)
    assert str(tmp_path / "index.db") == caught.value.where
    assert caught.value.fix


def test_a_store_is_not_used_across_a_fork(store: DiskStore) -> None:
    """A forked child that puts is a bug, and is told so before it harms anything."""
    store.put([raw(b"before")])
    child = os.fork()
    if not child:
        try:
            store.put([raw(b"in the child")])
        except ValueError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_directory_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """A store below a file is Unavailable and says where."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as caught:
        DiskStore(tmp_path / "file" / "store")
    assert caught.value.fix
