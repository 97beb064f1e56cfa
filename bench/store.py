"""How fast the store is, as ratios to the same thing done by hand in the same run.

python -m bench.store [DIRECTORY]: uses about 2 GiB there. Read the ratios, not the numbers.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from engine.content.blocks import Block
from engine.content.canonical import encode
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.store.base import Leaf
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.gc import gc

MIB: Final = 1 << 20
BIG: Final = 256  # MiB
ROUNDS: Final = 5
SMALL: Final = [os.urandom(300) for _ in range(10_000)]
CHUNK: Final = os.urandom(4 * MIB)


def chunk(number: int) -> memoryview:
    """Return 1 MiB that differs for each number."""
    return memoryview(CHUNK)[number * 4096 % (3 * MIB) :][:MIB]


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def small_by_hand(folder: Path) -> None:
    """Name and append 10 000 blocks, one sync each 100: what no store can be faster than."""
    with (folder / "all").open("wb") as file:
        for at in range(0, len(SMALL), 100):
            for data in SMALL[at : at + 100]:
                file.write(Cid.of(RAW, data).raw + data)
            file.flush()
            os.fdatasync(file.fileno())


def small_one_file_each(folder: Path) -> None:
    """Name 10 000 blocks and write a file for each, not synced."""
    for data in SMALL:
        (folder / Cid.of(RAW, data).raw.hex()).write_bytes(data)


def small_put(store: DiskStore) -> None:
    """Name and put 10 000 blocks, 100 in a batch."""
    for at in range(0, len(SMALL), 100):
        store.put([Block(Cid.of(RAW, data), data) for data in SMALL[at : at + 100]])


def small_read_by_hand(folder: Path, cids: list[Cid]) -> None:
    """Open, read and check 10 000 files."""
    for cid in cids:
        if not cid.matches((folder / cid.raw.hex()).read_bytes()):
            raise AssertionError


def big_by_hand(path: Path) -> None:
    """Name each MiB, write it, sync once."""
    with path.open("wb", buffering=0) as file:
        for number in range(BIG):
            data = chunk(number)
            Cid.of(RAW, data)  # type: ignore[arg-type]
            file.write(data)
        os.fsync(file.fileno())


def big_file(store: DiskStore, seed: int) -> tuple[Cid, list[Leaf]]:
    """Name each MiB, write it as a whole file, commit."""
    file, leaves = store.new_file(), []
    for number in range(BIG):
        data = chunk(number + seed)
        leaves.append(Leaf(Cid.of(RAW, data), number * MIB, MIB))  # type: ignore[arg-type]
        file.write(data)
    root = encode([leaf.cid for leaf in leaves])
    cid = Cid.of(DAG_CBOR, root)
    file.commit(cid, leaves, [Block(cid, root)])
    return cid, leaves


def row(what: str, ours: float, theirs: float, baseline: str, per: str = "") -> None:
    """Print one line: the time, and the ratio to what is done by hand."""
    print(f"{what:34} {ours * 1e3:9.1f} ms  {theirs / ours:6.2f} x as fast as {baseline} {per}")


def main() -> None:
    """Measure everything once."""
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder = Path(name)
        with DiskStore(folder / "store") as store:
            small(store, folder)
            big(store, folder)
            sweep(store)


def small(store: DiskStore, folder: Path) -> None:
    """Measure small blocks."""
    (folder / "hand").mkdir()
    files = timed(lambda: small_one_file_each(folder / "hand"))
    appended = timed(lambda: small_by_hand(folder))
    put = timed(lambda: small_put(store))
    row("put 10 000 x 300 B, durable", put, appended, "append+fdatasync by hand")
    row("", put, files, "a file each, not even synced")
    again = timed(lambda: small_put(store))
    row("put them again", again, put, "the first time")
    cids = [Cid.of(RAW, data) for data in SMALL]
    get = timed(lambda: [store.get(cid) for cid in cids])
    read = timed(lambda: small_read_by_hand(folder / "hand", cids))
    row("get them", get, read, "open+read+check of a file each", f"({get * 100:.1f} us each)")
    has = timed(lambda: [store.has(cid) for cid in cids])
    row("has them", has, get, "get", f"({has * 100:.1f} us each)")


def big(store: DiskStore, folder: Path) -> None:
    """Measure a whole file."""
    hand, ours = [], []
    for seed in range(ROUNDS):
        hand.append(timed(lambda seed=seed: big_by_hand(folder / f"big{seed}")))
        ours.append(timed(lambda seed=seed: big_file(store, seed)))
    row(f"a whole file of {BIG} MiB", median(ours), median(hand), "write+BLAKE3+fsync by hand")
    cid, leaves = big_file(store, 0)
    read = timed(lambda: [store.get(leaf.cid) for leaf in leaves])
    copied = timed(lambda: shutil.copyfile(folder / "big0", folder / "copy"))
    row("get it, block by block", read, copied, "a copy of the file")
    paths = timed(lambda: [store.path_of(cid) for _ in range(1000)])
    row("path_of, 1 000 times", paths, read, "reading it once")


def sweep(store: DiskStore) -> None:
    """Measure checking and collecting all of it."""
    cids = [Cid(raw) for (raw,) in store.index.rows("SELECT DISTINCT cid FROM blocks")]
    got = timed(lambda: [store.get(cid) for cid in cids])
    row("fsck of all that", timed(lambda: list(fsck(store))), got, "getting every block")
    store.release_lease()
    row("gc of all that", timed(lambda: gc(store, [], keep_seconds=0)), got, "the same")


if __name__ == "__main__":
    main()
