"""About how much some content is."""

from pathlib import Path

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.weight import weight
from engine.store.add import add_path
from engine.store.memory import MemoryStore
from tests.fakes.realenv import disk_store


def test_a_leaf_weighs_its_bytes() -> None:
    """It is all there is of it."""
    cid = Cid.of(RAW, b"four")
    assert weight({cid: b"four"}.__getitem__, cid) == 4


def test_a_directory_weighs_what_is_in_it(tmp_path: Path) -> None:
    """At all depths, and little more; its root alone is read."""
    (tmp_path / "home").mkdir()
    below = tmp_path / "files" / "below"
    below.mkdir(parents=True)
    for number in range(9):
        (below / str(number)).write_bytes(bytes([number]) * 100_000)
    with disk_store(tmp_path / "home") as store:
        cid = add_path(store, tmp_path / "files").cid
        alone = MemoryStore()
        alone.put([Block(cid, store.get(cid))])
    assert 900_000 <= weight(alone.get, cid) < 910_000
