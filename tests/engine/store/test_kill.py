"""kill -9 at any moment: what was acknowledged is there, and nothing has to be repaired by hand.

TALLY_KILLS is how often each test kills (30 by default).
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.gc import gc
from tests.engine.store import putter
from tests.engine.store.shelf import above, cut, raw

KILLS = int(os.environ.get("TALLY_KILLS", "30"))
ROOT = Path(__file__).parents[3]


def start(store: Path, seed: str, first: int) -> "subprocess.Popen[str]":
    """Start a process that puts, and wait until it has put once."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.store.putter", str(store), seed, str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert int(child.stdout.readline()) == first
    return child


def kill(child: "subprocess.Popen[str]", first: int) -> int:
    """Kill a process and return the number after the last that it acknowledged."""
    child.kill()
    acknowledged, _ = child.communicate()
    return first + 1 + len(acknowledged.splitlines())


def check(store: DiskStore, seed: str, numbers: range) -> None:
    """Everything that was acknowledged is readable, under its name."""
    for number in numbers:
        assert [store.get(raw(d).cid) for d in putter.batch(seed, number)] == putter.batch(
            seed, number
        )
        if putter.has_file(number):
            content = putter.content(seed, number)
            path = store.path_of(above(cut(content, 1000)).cid)
            assert path is not None
            assert path.read_bytes() == content


def test_what_was_acknowledged_survives(tmp_path: Path) -> None:
    """A process killed at random moments, again and again, loses no acknowledged batch."""
    chance = random.Random(2)  # noqa: S311
    first = 0
    for _ in range(KILLS):
        child = start(tmp_path, "one", first)
        time.sleep(chance.random() * 0.05)
        after = kill(child, first)
        with DiskStore(tmp_path) as store:
            check(store, "one", range(first, after))
        first = after
    with DiskStore(tmp_path) as store:
        check(store, "one", range(first))
        assert list(fsck(store)) == []
        gc(store, _roots("one", first), keep_seconds=0)
        check(store, "one", range(first))
        assert not list((tmp_path / "files").glob("tmp.*"))


def test_killing_one_process_does_not_harm_another(tmp_path: Path) -> None:
    """While one process goes on putting, others are killed beside it; a gc runs through it all."""
    chance = random.Random(3)  # noqa: S311
    steady = start(tmp_path, "steady", 0)
    first = 0
    for _ in range(KILLS // 3):
        child = start(tmp_path, "killed", first)
        time.sleep(chance.random() * 0.05)
        after = kill(child, first)
        with DiskStore(tmp_path) as store:
            gc(store, [], keep_seconds=0)
            check(store, "killed", range(first, after))
        first = after
    last = kill(steady, 0)
    with DiskStore(tmp_path) as store:
        check(store, "steady", range(last))
        check(store, "killed", range(first))
        assert list(fsck(store)) == []


@pytest.mark.slow
def test_a_gc_that_is_killed_takes_nothing_that_is_needed(tmp_path: Path) -> None:
    """A gc killed at any moment leaves what is needed, and the next one finishes its work."""
    chance = random.Random(4)  # noqa: S311
    blocks = [raw(chance.randbytes(2000)) for _ in range(400)]
    needed = blocks[::5]
    for _ in range(KILLS // 2):
        with DiskStore(tmp_path) as store:
            store.put(blocks)
            store.put(raw(chance.randbytes(2000)) for _ in range(100))
        child = os.fork()
        if not child:
            gc(DiskStore(tmp_path), [block.cid for block in needed], keep_seconds=0)
            os._exit(0)
        time.sleep(chance.random() * 0.06)
        os.kill(child, 9)
        os.waitpid(child, 0)
        with DiskStore(tmp_path) as store:
            assert [store.get(block.cid) for block in needed] == [b.data for b in needed]
    with DiskStore(tmp_path) as store:
        gc(store, [block.cid for block in needed], keep_seconds=0)
        assert list(fsck(store)) == []
        assert [store.get(block.cid) for block in needed] == [b.data for b in needed]
        assert sum(p.stat().st_size for p in (tmp_path / "packs").iterdir()) < 500_000


def _roots(seed: str, count: int) -> list[Cid]:
    """Return what leads to all that was acknowledged."""
    blocks = [raw(data).cid for number in range(count) for data in putter.batch(seed, number)]
    numbers = filter(putter.has_file, range(count))
    return blocks + [above(cut(putter.content(seed, number), 1000)).cid for number in numbers]
