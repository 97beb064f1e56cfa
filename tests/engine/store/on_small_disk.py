"""Things that fill a disk of 16 MiB: `python on_small_disk.py NAME DIR` where one is mounted.

Each is a function that raises AssertionError when the store does not hold what it promises.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from engine.content.blocks import Block
from engine.errors import Unavailable
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.gc import gc
from tests.engine.store.shelf import Clock, files, packs, put_file, raw

SMALL: Final = 300
HUGE_MS: Final = 10**9


def batch(size: int, count: int) -> list[Block]:
    """Return random blocks."""
    return [raw(os.urandom(size)) for _ in range(count)]


def fill(store: DiskStore, size: int) -> list[Block]:
    """Put until the disk is full; return what was acknowledged."""
    kept: list[Block] = []
    while (error := refusal(store, blocks := batch(size, 50))) is None:
        kept += blocks
    assert "full" in error.what
    assert "free" in error.fix
    return kept


def refusal(store: DiskStore, blocks: list[Block]) -> Unavailable | None:
    """Put blocks; return the error if the disk is too full for them."""
    try:
        store.put(blocks)
    except Unavailable as error:
        return error
    return None


def all_there(store: DiskStore, blocks: list[Block]) -> None:
    """Everything that was acknowledged is readable, and nothing is wrong."""
    assert [store.get(block.cid) for block in blocks] == [block.data for block in blocks]
    assert list(fsck(store)) == []


def blocks_until_full(root: Path) -> None:
    """A full disk refuses a put with what is needed; when space returns, puts work again."""
    ballast = root / "ballast"
    ballast.write_bytes(bytes(2 * 1024 * 1024))
    with DiskStore(root / "store") as store:
        kept = fill(store, SMALL)
        assert kept
        more = batch(20_000, 60)
        size = sum(pack.stat().st_size for pack in packs(store))
        for _ in range(3):
            error = refusal(store, more)
            assert error is not None
            assert str(60 * 20_040 + 64 * 1024) in error.what
            assert not any(store.has(block.cid) for block in more)
            # less, where the last put was written but found no room for its commit
            assert sum(pack.stat().st_size for pack in packs(store)) <= size
            all_there(store, kept)
        ballast.unlink()
        store.put(more)
        kept += more + fill(store, SMALL)
        all_there(store, kept)
    with DiskStore(root / "store") as store:
        all_there(store, kept)


def a_file_until_full(root: Path) -> None:
    """A whole file that does not fit is refused, its part is removed, and a smaller one fits."""
    with DiskStore(root / "store") as store, pytest.raises(Unavailable, match="full"):
        put_file(store, os.urandom(17 * 1024 * 1024), 1 << 20)
    with DiskStore(root / "store") as store:
        gc(store, [], keep_seconds=0)
        assert files(store) == []
        cid, _ = put_file(store, os.urandom(4 * 1024 * 1024), 1 << 20)
        assert store.path_of(cid) is not None
        assert list(fsck(store)) == []


def collecting_when_full(root: Path) -> None:
    """On a full disk a gc gives space back, and what is needed stays."""
    clock = Clock()
    with DiskStore(root / "store", clock=clock) as store:
        kept = fill(store, 5000)
    clock.ms += HUGE_MS
    with suppress(OSError):
        (root / "ballast").write_bytes(bytes(16 * 1024 * 1024))
    with DiskStore(root / "store", clock=clock) as store:
        gc(store, [block.cid for block in kept[:20]], keep_seconds=0)
        all_there(store, kept[:20])
        store.put(batch(5000, 50))


def opening_when_full(root: Path) -> None:
    """A store that cannot be made for want of space says so, and can be made later."""
    with suppress(OSError):
        (root / "ballast").write_bytes(bytes(17 * 1024 * 1024))
    with pytest.raises(Unavailable):
        DiskStore(root / "store")
    (root / "ballast").unlink()
    with DiskStore(root / "store") as store:
        store.put(batch(SMALL, 5))


SCENES: Final[dict[str, Callable[[Path], None]]] = {
    scene.__name__: scene
    for scene in (blocks_until_full, a_file_until_full, collecting_when_full, opening_when_full)
}

if __name__ == "__main__":
    SCENES[sys.argv[1]](Path(sys.argv[2]))
