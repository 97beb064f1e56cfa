"""fsck: a clean store gives no finding, every kind of damage gives one, and it ends clean."""

import os
import random
from pathlib import Path

import pytest

from engine.errors import Damaged, Unavailable
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.pinlog import PinLog
from engine.store.space import renew
from tests.engine.store.shelf import above, cut, node, overwrite, packs, put_file, raw

DATA = os.urandom(5000)


def test_a_clean_store_has_no_findings(store: DiskStore, tmp_path: Path) -> None:
    """Packs, whole files and files in place that are as they were give nothing to say."""
    root, _ = put_file(store, DATA)
    (tmp_path / "mine").write_bytes(b"z" * 5000)
    leaves = cut(b"z" * 5000, 999)
    store.adopt_in_place(tmp_path / "mine", above(leaves).cid, leaves, [above(leaves)])
    store.put([raw(b"x")])
    store.pins.pin(root, "r")
    assert list(fsck(store, [above(leaves).cid])) == []


def test_a_damaged_block_is_found_once(store: DiskStore) -> None:
    """A flipped byte is found, put in quarantine, and is missing from then on if needed."""
    store.put([raw(b"one"), raw(b"two")])
    overwrite(packs(store)[0], packs(store)[0].read_bytes().index(b"two"), b"T")
    (finding,) = fsck(store)
    assert (finding.problem, finding.cid) == ("damaged", raw(b"two").cid)
    assert finding.fix
    assert list(fsck(store)) == []
    (finding,) = fsck(store, [raw(b"two").cid])
    assert (finding.problem, finding.cid) == ("missing", raw(b"two").cid)


def test_a_damaged_whole_file_is_found(store: DiskStore) -> None:
    """A flipped byte in a whole file is found though size and time are as they were."""
    root, leaves = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    status = path.stat()
    overwrite(path, 2100, b"????")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [finding.cid for finding in fsck(store)] == [leaves[2].cid]
    assert store.path_of(root) is None


def test_bytes_behind_a_whole_file_are_found(store: DiskStore) -> None:
    """A file that grew is damaged though all its blocks are right."""
    root, _ = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    overwrite(path, 5000, b"more")
    assert [(finding.problem, finding.cid) for finding in fsck(store)] == [("damaged", root)]


def test_a_missing_file_is_found(store: DiskStore) -> None:
    """A file that is gone is missing, block by block."""
    root, leaves = put_file(store, DATA)
    path = store.path_of(root)
    assert path is not None
    path.unlink()
    findings = list(fsck(store))
    assert {finding.cid for finding in findings} >= {leaf.cid for leaf in leaves}
    assert {finding.problem for finding in findings} == {"missing"}


def test_a_changed_file_in_place_is_found_once(store: DiskStore, tmp_path: Path) -> None:
    """A user's file that changed is one finding, not one for each of its blocks."""
    (tmp_path / "mine").write_bytes(DATA)
    leaves = cut(DATA, 1000)
    store.adopt_in_place(tmp_path / "mine", above(leaves).cid, leaves, [above(leaves)])
    (tmp_path / "mine").write_bytes(b"changed")
    (finding,) = fsck(store)
    assert finding.problem == "missing"
    assert finding.where == str(tmp_path / "mine")


def test_what_a_pin_needs_is_looked_for(store: DiskStore) -> None:
    """A pinned node whose child is not here is a finding about the child."""
    root = node([raw(b"not here").cid])
    store.put([root])
    store.pins.pin(root.cid, "mine")
    assert [f.cid for f in fsck(store)] == [raw(b"not here").cid]


def test_a_pack_that_says_something_else_is_found_and_renewed(store: DiskStore) -> None:
    """A block is right and its header is not: from the pack alone it would be lost."""
    store.put([raw(b"one"), raw(b"two"), raw(b"three")])
    pack = packs(store)[0]
    overwrite(pack, pack.read_bytes().index(b"two") - 1, b"\xff")
    (finding,) = fsck(store)
    assert (finding.problem, finding.cid, finding.where) == ("damaged", raw(b"two").cid, str(pack))
    renew(store, [pack])
    assert list(fsck(store)) == []
    assert [store.get(raw(data).cid) for data in (b"one", b"two", b"three")]
    assert packs(store) != [pack]


def test_a_log_of_pins_that_differs_is_put_right(store: DiskStore) -> None:
    """It is a copy: the index says what is pinned, and nothing was lost, so nothing is said."""
    store.put([raw(b"x"), raw(b"y")])
    store.pins.pin(raw(b"x").cid, "mine")
    log = store.root / "pins.log"
    overwrite(log, 5, b"#")
    assert list(fsck(store)) == []
    assert PinLog(store.root).read() == {("mine", raw(b"x").cid)}
    PinLog(store.root).append("+", "of one that was killed", raw(b"y").cid)
    assert list(fsck(store)) == []
    assert PinLog(store.root).read() == {("mine", raw(b"x").cid)}


def test_it_streams(store: DiskStore) -> None:
    """The first finding comes before everything is read."""
    store.put(raw(b"%d" % number) for number in range(100))
    overwrite(packs(store)[0], 40, b"#")
    findings = fsck(store)
    assert next(findings).problem == "damaged"
    findings.close()  # type: ignore[attr-defined]
    assert store.get(raw(b"99").cid) == b"99"


@pytest.mark.parametrize("kind", ["bit", "zeros", "truncation", "swap"])
def test_random_damage_is_always_found(store: DiskStore, kind: str) -> None:
    """Whatever is done to the bytes, no wrong byte is given out and all can be healed."""
    chance = random.Random(kind)  # noqa: S311
    blocks = [raw(chance.randbytes(chance.randrange(1, 400))) for _ in range(150)]
    store.put(blocks)
    for _ in range(10):
        _harm(packs(store)[0], kind, chance)
        for block in blocks:
            try:
                assert store.get(block.cid) == block.data
            except (Damaged, Unavailable):
                continue
        assert all("what its pack says" in finding.what for finding in fsck(store))
        renew(store, packs(store))
        assert list(fsck(store)) == []
        store.put(blocks)
        assert [store.get(block.cid) for block in blocks] == [b.data for b in blocks]


def _harm(path: Path, kind: str, chance: random.Random) -> None:
    data = path.read_bytes()
    at = chance.randrange(len(data))
    if kind == "bit":
        overwrite(path, at, bytes([data[at] ^ 1 << chance.randrange(8)]))
    elif kind == "zeros":
        overwrite(path, at, bytes(min(300, len(data) - at)))
    elif kind == "truncation":
        os.truncate(path, at)
    else:
        overwrite(path, 0, data[at : at + 500])
