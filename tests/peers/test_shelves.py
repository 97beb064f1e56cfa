"""The store's threads do what the node's thread asks for, within bounds of memory."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue

import pytest

from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import Cid
from engine.errors import TallyError, Unavailable
from engine.store.disk import DiskStore
from peers.fetch_events import Looked
from peers.shelves import ENOUGH, MAX_PENDING, Read, Shelves
from tests.peers.graphs import leaf, node

SMALL = [leaf(b"small %d" % number) for number in range(200)]
LARGE = [leaf(bytes([number]) * 900_000) for number in range(5)]
INNER = node([block.cid for block in SMALL])
NOWHERE = leaf(b"nowhere").cid


class Rig:
    """Shelves of a store, and what they have said."""

    def __init__(self, folder: Path) -> None:
        self.store = DiskStore(folder)
        self.woken: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.shelves = Shelves(self.store, self.woken.put)

    def turn(self) -> None:
        """Let the next thing be said."""
        self.woken.get(timeout=20)()

    def load(self, cids: Sequence[Cid], most: int) -> Read:
        """Return what is read."""
        said: list[Read] = []
        self.shelves.load(cids, most, said.append)
        self.turn()
        return said[0]

    def close(self) -> None:
        """End."""
        self.shelves.close()
        self.store.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Shelves with some blocks."""
    one = Rig(tmp_path)
    one.store.put([*SMALL, *LARGE, INNER])
    yield one
    one.close()


def names(blocks: Sequence[Block]) -> list[Cid]:
    """Return what blocks are called."""
    return [block.cid for block in blocks]


def test_blocks_are_read_in_the_order_asked(rig: Rig) -> None:
    """Small and large; for what is not here, it is said."""
    asked = [SMALL[3], LARGE[1], SMALL[1]]
    blocks, absent = rig.load([*names(asked), NOWHERE], MAX_BLOCK)
    assert blocks == [(block.cid, block.data) for block in asked]
    assert absent == [NOWHERE]


def test_no_more_is_read_than_may_be_sent(rig: Rig) -> None:
    """What does not fit is not skipped: it comes next."""
    blocks, absent = rig.load([*names(LARGE), *names(SMALL)], 2_000_000)
    assert [cid for cid, _ in blocks] == names(LARGE[:2])
    assert not absent
    blocks, absent = rig.load([*names(LARGE[2:]), *names(SMALL)], 2_000_000)
    assert [cid for cid, _ in blocks] == names(LARGE[2:4])


def test_a_look_tells_of_links_and_reads_no_leaf(rig: Rig) -> None:
    """In parts, the next of which is read when one was taken."""
    said: list[Looked] = []
    rig.shelves.look([SMALL[0].cid, NOWHERE, INNER.cid], said.append)
    rig.turn()
    assert said == [Looked([(SMALL[0].cid, b"")], [NOWHERE])]
    rig.turn()
    assert said[1:] == [Looked([(INNER.cid, INNER.data)], [])]


def test_what_is_damaged_is_not_here(rig: Rig) -> None:
    """It is neither given nor followed, so that it comes anew."""
    (pack,) = (rig.store.root / "packs").iterdir()
    pack.write_bytes(pack.read_bytes().replace(INNER.data, bytes(len(INNER.data))))
    assert rig.load([INNER.cid], MAX_BLOCK) == ([], [INNER.cid])


def test_kept_is_durable(rig: Rig) -> None:
    """What comes is kept together, in order; all is said."""
    said: list[tuple[int, TallyError | None]] = []
    blocks = [leaf(b"new %d" % number) for number in range(20)]
    for number, block in enumerate(blocks):
        rig.shelves.keep((block,), lambda error, number=number: said.append((number, error)))  # type: ignore[misc]
    rig.shelves.hurry()
    while len(said) < len(blocks):
        rig.turn()
    assert said == [(number, None) for number in range(20)]
    assert rig.store.has_many(names(blocks)) == set(names(blocks))


def test_blocks_wait_for_more(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit is of many bytes, if there is no hurry."""
    batches: list[int] = []
    monkeypatch.setattr(rig.store, "put", lambda blocks: batches.append(len(list(blocks))))
    block = leaf(bytes(2_000_000))
    for _ in range(ENOUGH // 2_000_000 + 1):
        assert not batches
        rig.shelves.keep((block,), lambda _: None)
    rig.turn()
    assert batches == [ENOUGH // 2_000_000 + 1]


def test_too_much_waits_for_the_disk(rig: Rig) -> None:
    """It is full over a bound, until it has caught up."""
    block = leaf(bytes(2_000_000))
    said: list[TallyError | None] = []
    for _ in range(MAX_PENDING // 2_000_000 + 1):
        rig.shelves.keep((block,), said.append)
    assert rig.shelves.is_full
    rig.shelves.hurry()
    while len(said) <= MAX_PENDING // 2_000_000:
        rig.turn()
    assert not rig.shelves.is_full


def test_a_store_that_cannot_keep_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says reaches whoever had blocks kept."""
    error = Unavailable("the disk is full")

    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr(rig.store, "put", refuse)
    said: list[TallyError | None] = []
    rig.shelves.keep((SMALL[0],), said.append)
    rig.shelves.hurry()
    rig.turn()
    assert said == [error]


def test_a_fault_of_ours_is_heard_in_the_node(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that breaks breaks the node, and not its silence."""

    def broken(_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(rig.store, "has_many", broken)
    rig.shelves.look([NOWHERE], lambda _: None)
    with pytest.raises(ValueError, match="a bug"):
        rig.turn()
