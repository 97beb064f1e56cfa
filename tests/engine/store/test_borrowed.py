"""Bytes that are not the store's own: a user's file in place, and what a reader makes again."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Damaged, NotHere, Refused, Unavailable
from engine.store.disk import DiskStore
from tests.engine.store.shelf import above, cut, raw

DATA = os.urandom(4500)
LEAVES = cut(DATA, 1000)
ROOT = above(LEAVES)


@pytest.fixture
def big(tmp_path: Path, store: DiskStore) -> Path:
    """A user's file that is indexed in place."""
    path = tmp_path / "big.bin"
    path.write_bytes(DATA)
    store.adopt_in_place(path, ROOT.cid, LEAVES, [ROOT])
    return path


def test_a_file_in_place_is_read_where_it_is(store: DiskStore, big: Path) -> None:
    """Its blocks are found, nothing is copied, and it is not offered as a file to link."""
    assert b"".join(store.get(leaf.cid) for leaf in LEAVES) == DATA
    assert store.get(ROOT.cid) == ROOT.data
    assert store.path_of(ROOT.cid) is None
    assert sum(p.stat().st_size for p in (store.root / "packs").iterdir()) < 1000


def test_a_changed_file_is_dropped(store: DiskStore, big: Path) -> None:
    """A user's file that was written to no longer has those blocks, and the error names it."""
    big.write_bytes(DATA[:-1] + b"?")
    assert not store.has(LEAVES[0].cid)
    with pytest.raises(Unavailable) as caught:
        store.get(LEAVES[0].cid)
    assert caught.value.where == str(big)
    assert store.index.find(LEAVES[1].cid) == []


def test_a_change_that_keeps_its_signature_is_found_by_reading(store: DiskStore, big: Path) -> None:
    """Even with size and time put back, wrong bytes are never given out."""
    status = big.stat()
    with big.open("r+b") as file:
        file.write(b"????")
    os.utime(big, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(Unavailable):
        store.get(LEAVES[0].cid)


def test_a_removed_file_is_unavailable(store: DiskStore, big: Path) -> None:
    """A user's file that is gone is said to be gone, and added again it is back."""
    big.unlink()
    with pytest.raises(Unavailable, match="gone"):
        store.get(LEAVES[0].cid)
    big.write_bytes(DATA)
    store.adopt_in_place(big, ROOT.cid, LEAVES, [ROOT])
    assert store.get(LEAVES[0].cid) == DATA[:1000]


def test_a_pipe_in_its_stead_does_not_hang(store: DiskStore, big: Path) -> None:
    """A pipe that took the file's name is not opened."""
    big.unlink()
    os.mkfifo(big)
    with pytest.raises(Unavailable):
        store.get(LEAVES[0].cid)


def test_what_is_put_is_kept_beside_it(store: DiskStore, big: Path) -> None:
    """A put of a block that lies in a user's file keeps a copy: the file may go."""
    store.put([raw(DATA[:1000])])
    big.unlink()
    assert store.get(LEAVES[0].cid) == DATA[:1000]


def test_only_regular_files_are_adopted(store: DiskStore, tmp_path: Path) -> None:
    """A directory is Refused, and a path with nothing at it Unavailable."""
    with pytest.raises(Refused):
        store.adopt_in_place(tmp_path, ROOT.cid, LEAVES, [ROOT])
    with pytest.raises(Unavailable):
        store.adopt_in_place(tmp_path / "nothing", ROOT.cid, LEAVES, [ROOT])


def test_a_name_that_is_not_text_is_adopted(store: DiskStore, tmp_path: Path) -> None:
    """File names are bytes."""
    path = tmp_path / os.fsdecode(b"caf\xe9")
    path.write_bytes(DATA)
    store.adopt_in_place(path, ROOT.cid, LEAVES, [ROOT])
    assert store.get(LEAVES[0].cid) == DATA[:1000]


class Source:
    """A reader of things that can be made again."""

    def __init__(self) -> None:
        self.things = {"thing": DATA}
        self.fault: Exception | None = None

    def __call__(self, locator: str, offset: int, length: int) -> bytes:
        """Return some of a thing."""
        if locator not in self.things:
            raise NotHere(f"{locator} is gone")
        if self.fault is not None:
            raise self.fault
        return self.things[locator][offset : offset + length]


@pytest.fixture
def source() -> Source:
    """Something with one thing in it."""
    return Source()


@pytest.fixture
def reading(tmp_path: Path, source: Source) -> Iterator[DiskStore]:
    """A store that has that thing's blocks and can read it."""
    with DiskStore(tmp_path / "derived", readers={"made": source}) as store:
        store.put_derived("made", "thing", LEAVES, [ROOT])
        yield store


def test_derived_blocks_are_made_again(reading: DiskStore) -> None:
    """Blocks of a source are read from it, and take no space."""
    assert b"".join(reading.get(leaf.cid) for leaf in LEAVES) == DATA
    assert reading.has(LEAVES[0].cid)
    assert sum(p.stat().st_size for p in (reading.root / "packs").iterdir()) < 1000


def test_a_source_that_changed_is_damaged_and_dropped(reading: DiskStore, source: Source) -> None:
    """A source that gives other bytes is not asked again."""
    source.things["thing"] = b"x" * 4500
    with pytest.raises(Damaged):
        reading.get(LEAVES[0].cid)
    assert not reading.has(LEAVES[3].cid)


def test_a_source_that_is_gone_is_dropped(reading: DiskStore, source: Source) -> None:
    """A source that is gone makes its blocks Unavailable, and the nodes above them stay."""
    source.things.clear()
    with pytest.raises(Unavailable, match="thing is gone"):
        reading.get(LEAVES[0].cid)
    assert not reading.has(LEAVES[0].cid)
    assert reading.get(ROOT.cid) == ROOT.data


@pytest.mark.parametrize("fault", [OSError(24, "Too many open files"), Unavailable("not now")])
def test_a_source_that_cannot_be_asked_just_now_is_kept(
    reading: DiskStore, source: Source, fault: Exception
) -> None:
    """What may pass does not make the store forget what it can make again."""
    source.fault = fault
    with pytest.raises(Unavailable, match=r"Too many open files|not now"):
        reading.get(LEAVES[0].cid)
    source.fault = None
    assert reading.get(LEAVES[0].cid) == DATA[:1000]


def test_without_a_reader_nothing_is_dropped(reading: DiskStore) -> None:
    """A store that was opened without the reader cannot give the blocks, and forgets nothing."""
    with DiskStore(reading.root) as plain, pytest.raises(Unavailable, match="made"):
        plain.get(LEAVES[0].cid)
    assert reading.get(LEAVES[0].cid) == DATA[:1000]


def test_packed_copies_can_be_given_up(reading: DiskStore, source: Source) -> None:
    """With `instead`, blocks that were put before lie in the source alone."""
    source.things["other"] = b"o" * 100
    reading.put([raw(b"o" * 100)])
    reading.put_derived("made", "other", cut(b"o" * 100, 100), [], instead=True)
    del source.things["other"]
    with pytest.raises(Unavailable):
        reading.get(raw(b"o" * 100).cid)
