"""Whole files: kept once, read-only, linkable, and given up when they are not what they were."""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import Damaged, Unavailable
from engine.store import flow
from engine.store.disk import DiskStore
from engine.store.quarantine import Quarantine
from tests.engine.store.shelf import above, cut, files, overwrite, packs, put_file, raw

DATA = bytes(range(256)) * 20  # 5120 bytes: blocks of 1000 of which some are equal


def test_a_file_is_kept_once_and_whole(store: DiskStore) -> None:
    """A committed file is one read-only file, and its leaves are read out of it."""
    root, leaves = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    assert b"".join(store.get(leaf.cid) for leaf in leaves) == DATA
    assert all(DATA[:50] not in pack.read_bytes() for pack in packs(store))


def test_another_process_finds_it(store: DiskStore, other: DiskStore) -> None:
    """A file that one process put is found by another that was open before."""
    root, leaves = put_file(store, DATA)
    assert other.path_of(root) == store.path_of(root)
    assert other.get(leaves[0].cid) == DATA[:1000]


def test_a_file_of_one_leaf_is_its_root(store: DiskStore) -> None:
    """A file of one block has that block's name, and is whole too."""
    file = store.new_file()
    file.write(DATA)
    leaves = cut(DATA, len(DATA))
    file.commit(leaves[0].cid, leaves, [])
    assert store.path_of(leaves[0].cid) is not None
    assert store.get(leaves[0].cid) == DATA


def test_twice_is_no_change(store: DiskStore, other: DiskStore) -> None:
    """The same file again, from another process, leaves one file and nothing unfinished."""
    root, _ = put_file(store, DATA)
    before = store.path_of(root)
    assert put_file(other, DATA)[0] == root
    assert store.path_of(root) == before
    assert len(files(store)) == 1


def test_an_aborted_file_leaves_nothing(store: DiskStore) -> None:
    """An abort removes what was written, and is harmless after a commit."""
    file = store.new_file()
    file.write(DATA)
    assert len(files(store)) == 1
    file.abort()
    file.abort()
    assert files(store) == []


def test_what_cannot_be_removed_is_left_to_a_gc(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is kept all the same."""

    def fail(path: Path, *, missing_ok: bool = False) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "unlink", fail)
    root, _ = put_file(store, DATA)
    monkeypatch.undo()
    assert store.path_of(root) is not None


def test_an_aborted_file_is_written_to_no_more(
    store: DiskStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy has ended before its descriptor is closed, though who took the bytes still waits."""
    go_on = threading.Event()
    copied: list[int] = []

    def copy(source: int, target: int, length: int) -> int:
        assert not copied or go_on.wait(60)
        copied.append(os.write(target, os.read(source, length)))
        return copied[-1]

    class Copier(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            go_on.set()
            super().join(timeout)

    monkeypatch.setattr(flow, "_STEP", 1000)
    monkeypatch.setattr(flow, "_copy_range", copy)
    monkeypatch.setattr(flow, "Thread", Copier)
    before = set(threading.enumerate())
    (tmp_path / "source").write_bytes(bytes(20_000))
    with (tmp_path / "source").open("rb") as source:
        file = store.new_file()
        pieces = file.take(source.fileno(), 20_000, 1000)
        assert next(pieces) == bytes(1000)
        file.abort()
        assert set(threading.enumerate()) == before
        del pieces


def test_leaves_must_cover_it(store: DiskStore) -> None:
    """Leaves that do not add up to what was written are a bug of the caller."""
    file = store.new_file()
    file.write(DATA)
    with pytest.raises(ValueError, match="cover"):
        file.commit(raw(b"").cid, cut(DATA[:100], 10), [])
    file.abort()


def test_a_file_becomes_the_home_of_its_leaves(store: DiskStore) -> None:
    """Leaves that were in a pack lie in the file from then on, so that the pack can go."""
    store.put([raw(DATA[:1000])])
    root, leaves = put_file(store, DATA)
    (at,) = store.index.find(leaves[0].cid)
    assert store.index.place(at.place) == store.index.places("WHERE root = ?", (root.raw,))[0]


def test_a_touched_file_is_read_again(store: DiskStore) -> None:
    """A new modification time alone costs a reading, and the file stays."""
    root, _ = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    os.utime(path, (1, 1))
    assert store.path_of(root) == path
    assert store.index.places("WHERE root = ?", (root.raw,))[0].signature.mtime_ns == 10**9


@pytest.mark.parametrize("offset", [0, 2500, len(DATA) - 1])
def test_a_changed_file_is_given_up_but_not_its_other_blocks(store: DiskStore, offset: int) -> None:
    """A file with a flipped byte is whole no more; blocks that are right are still given out."""
    data = os.urandom(len(DATA))
    root, leaves = put_file(store, data)
    path = store.path_of(root)
    assert path is not None
    overwrite(path, offset, bytes([data[offset] ^ 1]))
    os.utime(path, (1, 1))
    with pytest.raises(Damaged, match="was damaged"):
        store.path_of(root)
    assert store.path_of(root) is None
    assert not path.exists()
    for leaf in leaves:
        if leaf.offset <= offset < leaf.offset + leaf.length:
            with pytest.raises(Unavailable):
                store.get(leaf.cid)
        else:
            assert store.get(leaf.cid) == data[leaf.offset : leaf.offset + leaf.length]
    put_file(store, data)
    assert store.path_of(root) == path


def test_a_damaged_leaf_takes_the_file_out_of_use(store: DiskStore) -> None:
    """A read that finds a leaf damaged puts the whole file aside: nobody stages it any more."""
    data = os.urandom(5000)
    root, leaves = put_file(store, data)
    path = store.path_of(root)
    assert path is not None
    overwrite(path, 1500, b"!!!!")
    with pytest.raises(Damaged):
        store.get(leaves[1].cid)
    assert store.path_of(root) is None
    assert store.get(leaves[2].cid) == data[2000:3000]
    store.put([raw(data[1000:2000])])
    assert b"".join(store.get(leaf.cid) for leaf in leaves) == data


def test_bytes_at_the_end_are_noticed(store: DiskStore) -> None:
    """A file that grew is not what it was, though every block of it is right."""
    root, leaves = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    overwrite(path, len(DATA), b"more")
    assert store.path_of(root) is None
    assert store.get(leaves[0].cid) == DATA[:1000]


def test_a_missing_file_is_noticed(store: DiskStore) -> None:
    """A file that is gone is not offered, and can be put again."""
    root, leaves = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    path.unlink()
    assert store.path_of(root) is None
    with pytest.raises(Unavailable):
        store.get(leaves[0].cid)
    put_file(store, DATA)
    assert store.get(leaves[0].cid) == DATA[:1000]


def test_equal_chunks_are_all_checked(store: DiskStore) -> None:
    """Of two equal blocks in a file the second is checked too before the file is staged."""
    data = bytes(4000)
    root, _ = put_file(store, data)
    path = store.path_of(root)
    assert path is not None
    overwrite(path, 3500, b"x")
    assert store.path_of(root) is None


def test_the_root_need_not_be_unixfs(store: DiskStore) -> None:
    """The nodes given with a file are kept as blocks."""
    root, leaves = put_file(store, DATA)
    assert store.get(root) == above(leaves).data


def test_a_file_that_another_process_puts_aside_is_read_where_it_is(
    store: DiskStore, other: DiskStore
) -> None:
    """A process that knew a file by its old place finds its good blocks in quarantine."""
    data = os.urandom(5000)
    root, leaves = put_file(store, data)
    path = store.path_of(root)
    assert path is not None
    assert other.get(leaves[0].cid) == data[:1000]
    other.reader._handles.close()
    overwrite(path, 1500, b"!!!!")
    with pytest.raises(Damaged):
        store.get(leaves[1].cid)
    assert other.get(leaves[2].cid) == data[2000:3000]
    assert store.get(leaves[2].cid) == data[2000:3000]


def test_a_crash_while_a_file_is_put_aside_loses_nothing(store: DiskStore) -> None:
    """Until the change is durable the file is where it was, so that the old index is right too."""
    root, leaves = put_file(store, DATA)
    (place,) = store.index.places("WHERE root = ?", (root.raw,))
    with suppress(KeyboardInterrupt), store.index.change() as change:
        Quarantine(store.root, store.index).retire(change, place)
        raise KeyboardInterrupt
    assert store.path_of(root) is not None
    assert b"".join(store.get(leaf.cid) for leaf in leaves) == DATA
