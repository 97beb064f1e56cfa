"""Sources, in turn, with some that fail, lie, stop half-way or claim what they did not do."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from engine.content.blocks import Block, Checked, ManyStore
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import reachable
from engine.errors import Damaged, NotHere, Nowhere, Unavailable
from engine.sourced import Sourced
from engine.sources import MAX_BROUGHT, Came, Sources
from engine.store.disk import DiskStore
from engine.store.gc import gc
from tests.conformance.source import Far, SourceConformance, content
from tests.peers.graphs import leaf, node


class Given:
    """A source that has some blocks, and notes what it is asked."""

    def __init__(self, name: str = "given") -> None:
        self.name = name
        self.blocks: dict[Cid, bytes] = {}
        self.asked: list[Cid] = []
        self.most = 10**9  # blocks that it gives of what is asked at a time
        self.end: Callable[[], None] = lambda: None  # once it has given those

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Put all that it has of a root."""
        self._check(root, within)
        given = [cid for cid in reachable(self._get, [root]) if not store.has(cid)]
        self._put(store, given)
        came(sum(len(self.blocks[cid]) for cid in given[: self.most]))

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Put some blocks."""
        assert len(cids) <= MAX_BROUGHT
        for cid in cids:
            self._check(cid, within)
        self._put(store, cids)

    def _check(self, cid: Cid, within: Cid) -> None:
        self.asked.append(within)
        self._get(within)

    def _put(self, store: ManyStore, cids: Sequence[Cid]) -> None:
        for cid in cids[: self.most]:
            checked = Checked.of(cid, self._get(cid))
            if checked is None:
                raise Damaged("it gave other bytes", where=str(cid))
            store.put([checked])
        self.end()

    def _get(self, cid: Cid) -> bytes:
        if cid not in self.blocks:
            raise Unavailable("it has it not", fix=f"ask {self.name} later")
        return self.blocks[cid]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """Return the store of a home."""
    with DiskStore(tmp_path / "store") as store:
        yield store


class TestGiven(SourceConformance):
    """What the tests below stand on is a source as any."""

    @pytest.fixture
    def source(self) -> Given:
        """Return one that has nothing yet."""
        return Given()

    @pytest.fixture
    def far(self, source: Given) -> Far:
        """Return what gives it something."""
        return lambda root, blocks: source.blocks.update(blocks)


def having(blocks: dict[Cid, bytes], name: str = "given") -> Given:
    """Return a source that has blocks."""
    source = Given(name)
    source.blocks = dict(blocks)
    return source


def stopping(blocks: dict[Cid, bytes], after: int) -> Given:
    """Return one that is gone after so many blocks."""
    source = having(blocks, "stopping")
    source.most = after

    def gone() -> None:
        raise Unavailable("it is gone", fix="start it again")

    source.end = gone
    return source


def lying(blocks: dict[Cid, bytes]) -> Given:
    """Return one that gives other bytes for leaves."""
    return having(
        {cid: data if cid.codec != RAW else data + b"!" for cid, data in blocks.items()}, "lying"
    )


def test_the_first_that_has_it_is_asked_alone(store: DiskStore) -> None:
    """In the order of the setting; and nobody for what is here."""
    root, blocks = content(1)
    none, first, second = Given("none"), having(blocks), having(blocks)
    sources = Sources(store, [none, first, second])
    sources.have([root])
    assert store.get_many([*blocks]) == blocks
    assert (none.asked, first.asked, second.asked) == ([root], [root], [])
    sources.have([root])
    assert first.asked == [root]


def test_each_goes_on_where_the_one_before_ended(store: DiskStore) -> None:
    """What came is not asked for again."""
    root, blocks = content(2)
    rest = having(blocks)
    told: dict[str, int] = {}
    sources = Sources(
        store,
        [stopping(blocks, 30), rest],
        lambda source, of, within, came: told.update({source: came}),
    )
    sources.have([root])
    assert store.get_many([*blocks]) == blocks
    assert told["given"] < sum(map(len, blocks.values()))


def test_a_root_that_lacks_a_block_is_completed(store: DiskStore) -> None:
    """Though it is here itself: as a gc, or a fetch that was cut short, leaves it."""
    root, blocks = content(3)
    lost = [cid for cid in blocks if cid.codec == RAW][7]
    store.put(Block(cid, data) for cid, data in blocks.items() if cid != lost)
    Sources(store, [having(blocks)]).have([root])
    assert store.get(lost) == blocks[lost]


def test_nothing_of_a_liar_is_stored(store: DiskStore) -> None:
    """It is done without; alone, what it does is said as damage."""
    root, blocks = content(4)
    leaves = {cid for cid in blocks if cid.codec == RAW}
    with pytest.raises(Damaged):
        Sources(store, [lying(blocks)]).have([root])
    assert not store.has_many([*leaves])
    Sources(store, [lying(blocks), having(blocks)]).have([root])
    assert store.get_many([*blocks]) == blocks


def test_who_claims_to_be_done_is_not_believed(store: DiskStore) -> None:
    """Of all that a root leads to, and of single blocks."""
    root, blocks = content(5)
    claiming = having(blocks, "claiming")
    claiming.most = 3
    with pytest.raises(Nowhere) as error:
        Sources(store, [claiming]).have([root])
    assert "claiming (it did not give all of it)" in error.value.what
    claiming.most = 0
    with pytest.raises(Nowhere):
        Sources(store, [claiming]).get(next(cid for cid in blocks if not store.has(cid)), root)


def test_it_is_said_who_was_asked_and_what_can_be_done(store: DiskStore) -> None:
    """Why it is not here, what each said, and what each says can be done."""
    cid = leaf(b"nobody has this").cid
    with pytest.raises(Nowhere) as error:
        Sources(store, [Given("one"), Given("other")]).have([cid])
    what = f"{cid} is not here, and does not come from one (it has it not)"
    assert error.value.what == what + ", other (it has it not)"
    assert error.value.fix.startswith("ask one later, or ask other later, or import a bundle")


def test_what_was_asked_for_is_named(store: DiskStore) -> None:
    """Not the block of it that is missing, which is nowhere in what a person wrote."""
    root, blocks = content(31)
    lost = [cid for cid in blocks if cid.codec == RAW][7]
    store.put(Block(cid, data) for cid, data in blocks.items() if cid != lost)
    sources = Sources(store, [Given("one")])
    with pytest.raises(Nowhere) as error:
        sources.have([root])
    assert error.value.what.startswith(f"a part of {root} is not here, and does not come from")
    with pytest.raises(Nowhere) as error:
        sources.get(lost, root)
    assert error.value.what.startswith(f"a part of {root} is not here")


def test_without_sources_the_store_alone_speaks(store: DiskStore) -> None:
    """As it does for whoever is offline."""
    root, blocks = content(6)
    nobody = Sources(store, [])
    assert not nobody
    for ask in (lambda: nobody.have([root]), lambda: nobody.get(root)):
        with pytest.raises(NotHere) as error:
            ask()
        assert not isinstance(error.value, Nowhere)
    store.put(Block(cid, data) for cid, data in blocks.items())
    nobody.have([root])
    nobody.records(root)


def test_records_come_without_what_they_speak_of(store: DiskStore) -> None:
    """Level by level, as many as are asked for at a time; no leaf of them."""
    root, blocks = content(7, leaves=2_500, size=50)
    source = having(blocks)
    Sources(store, [source]).records(root)
    records = {cid for cid in blocks if cid.codec == DAG_CBOR}
    assert store.has_many([*blocks]) == records
    assert set(source.asked) == {root}


def test_records_without_end_are_refused(store: DiskStore) -> None:
    """A chain of them that is longer than any honest one."""
    chain = [node([])]
    for number in range(200):
        chain.append(node([chain[-1].cid], str(number)))
    source = having({block.cid: block.data for block in chain})
    with pytest.raises(Damaged, match="honest"):
        Sources(store, [source]).records(chain[-1].cid)
    assert len(source.asked) < 150


def test_some_blocks_come_at_once(store: DiskStore) -> None:
    """Those that are not here, in few questions; nothing is asked when all are."""
    root, blocks = content(10)
    wanted = list(blocks)[:40]
    source = having(blocks)
    sources = Sources(store, [source])
    store.put([Block(wanted[0], blocks[wanted[0]])])
    sources.some([*wanted, *wanted], root)
    assert store.has_many([*blocks]) == {*wanted}
    assert len(source.asked) == len(wanted) - 1
    sources.some(wanted, root)
    assert len(source.asked) == len(wanted) - 1
    Sources(store, []).some([leaf(b"nobodys").cid], root)


def test_a_reaching_store_has_what_is_asked_of_it(store: DiskStore) -> None:
    """One block after the other, by the root that they are part of; then they are here."""
    root, blocks = content(8)
    source = having(blocks)
    sourced = Sourced(store, Sources(store, [source]), root)
    part = [*blocks][5]
    assert not sourced.has(part)
    assert sourced.get(part) == blocks[part]
    assert store.has_many([*blocks]) == {part}
    assert source.asked == [root]
    sourced.put([leaf(b"mine")])
    assert store.get(leaf(b"mine").cid) == b"mine"


def test_a_gc_takes_nothing_meanwhile_and_all_afterwards(tmp_path: Path) -> None:
    """What is had is held while the process lives, then nobody needs it."""
    root, blocks = content(9)
    with DiskStore(tmp_path / "store") as store, DiskStore(tmp_path / "store") as other:
        source = stopping(blocks, 30)
        with pytest.raises(Nowhere):
            Sources(store, [source]).have([root])
        assert gc(other, (), keep_seconds=0).dropped == 0
        Sources(store, [having(blocks)]).have([root])
        assert gc(other, (), keep_seconds=0).dropped == 0
    with DiskStore(tmp_path / "store") as store:
        assert gc(store, (), keep_seconds=0).dropped == len(blocks)


def test_a_block_that_was_damaged_comes_anew(store: DiskStore, tmp_path: Path) -> None:
    """It is asked for as if it were not here."""
    data = bytes(50_000)
    below = leaf(data)
    root = node([below.cid])
    store.put([below, root])
    (pack,) = (path for path in (tmp_path / "store" / "packs").iterdir() if path.is_file())
    raw = bytearray(pack.read_bytes())
    at = raw.index(data)
    raw[at] ^= 1
    pack.write_bytes(raw)
    assert Sources(store, [having({below.cid: data})]).get(below.cid) == data
    assert store.get(below.cid) == data
