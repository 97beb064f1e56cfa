"""Content moves between real stores, over real connections."""

import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from threading import Event

import pytest

from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from engine.store.disk import DiskStore
from peers import shelves
from peers.allowance import Rate
from peers.connection import Channel
from peers.exchange import MAX_LANES, Blocks, Cancel, pack
from peers.source import WINDOW
from tests.peers.graphs import graph, leaf, node
from tests.peers.keys import identity
from tests.peers.traders import Trader, until
from tests.peers.wires import PATIENCE_S

SCOPE = leaf(b"an agreement").cid
Made = Callable[..., Trader]


class Lying(DiskStore):
    """A store that gives other bytes than those asked for."""

    def get_many(self, cids: Sequence[Cid], longest: int = MAX_BLOCK) -> dict[Cid, bytes]:
        """Return blocks, each with one byte changed."""
        found = super().get_many(cids, longest)
        return {cid: data[:-1] + bytes([data[-1] ^ 1]) for cid, data in found.items()}


class Slow(DiskStore):
    """A store whose disk writes when it is let."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.may_write = Event()

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks, in a while."""
        assert self.may_write.wait(PATIENCE_S)
        super().put(blocks)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Make traders by their number; the same number has the same home."""
    traders: list[Trader] = []

    def make(number: int, kind: type[DiskStore] = DiskStore) -> Trader:
        traders.append(Trader(number, kind(tmp_path / str(number))))
        return traders[-1]

    yield make
    for one in traders:
        one.close()


def content(seed: int, leaves: int, size: int = 20_000) -> tuple[Cid, dict[Cid, bytes]]:
    """Return a root and all that it leads to."""
    return graph(Random(seed), leaves, size)  # noqa: S311


def give(source: Trader, root: Cid, blocks: dict[Cid, bytes], asker: Trader) -> None:
    """Let another have some content."""
    source.put(blocks)
    source.depot.offer(SCOPE, (root,), asker.peer)
    asker.meet(source)


def test_a_tree_comes_whole_and_durable(made: Made) -> None:
    """From who dialled as well as from who was dialled; when it is said, it is in the store."""
    one, other = made(1), made(2)
    there, theirs = content(1, 300)
    here, ours = content(2, 30)
    give(other, there, theirs, one)
    one.put(ours)
    one.depot.offer(SCOPE, (here,), other.peer)
    one.fetch(SCOPE, there, other)
    other.fetch(SCOPE, here, one)
    until(lambda: one.ends and other.ends, one, other)
    assert one.ends == other.ends == [None]
    assert one.store.get_many([*theirs]) == theirs
    assert other.store.get_many([*ours]) == ours


def test_what_is_here_is_not_asked_for(made: Made) -> None:
    """A second fetch moves nothing, and needs nobody."""
    one, other = made(1), made(2)
    root, blocks = content(1, 50)
    give(other, root, blocks, one)
    one.fetch(SCOPE, root, other)
    until(lambda: one.ends, one, other)
    before = one.depot.status()["received"]
    one.fetch(SCOPE, root)
    until(lambda: len(one.ends) == 2, one)
    assert one.ends == [None, None]
    assert one.depot.status()["received"] == before == sum(map(len, blocks.values()))


def test_several_sources_give_what_each_has(made: Made) -> None:
    """Blocks of which each source has some come whole from all together."""
    one, others = made(1), [made(2), made(3), made(4)]
    root, blocks = content(3, 200)
    parts: list[dict[Cid, bytes]] = [{}, {}, {}]
    for number, (cid, data) in enumerate(blocks.items()):
        for part in parts if cid.codec != leaf(b"").cid.codec else [parts[number % 3]]:
            part[cid] = data
    for other, part in zip(others, parts, strict=True):
        give(other, root, part, one)
    one.fetch(SCOPE, root, *others)
    until(lambda: one.ends, one, *others)
    assert one.ends == [None]
    assert all(other.depot.status()["sent"] for other in others)


def test_a_source_that_dies_is_done_without(made: Made) -> None:
    """What it was asked for comes from the other one."""
    one, dying, living = made(1), made(2), made(3)
    root, blocks = content(4, 60, 200_000)
    give(dying, root, blocks, one)
    one.fetch(SCOPE, root, dying, living)
    until(lambda: one.depot.status()["received"], one, dying)
    dying.vanish()
    assert not one.ends
    give(living, root, blocks, one)
    until(lambda: one.ends, one, living)
    assert one.ends == [None]
    assert living.depot.status()["sent"] < sum(map(len, blocks.values()))


def test_a_source_that_lies_is_cut_off(made: Made) -> None:
    """With the reason; nothing of it is kept; the honest one gives all."""
    one, liar, honest = made(1), made(2, Lying), made(3)
    root, blocks = content(5, 50)
    give(liar, root, blocks, one)
    one.fetch(SCOPE, root, liar, honest)
    until(lambda: one.closed, one, liar)
    assert one.closed[0].peer == liar.peer
    assert one.closed[0].is_fault
    assert "it sent bytes that are not" in one.closed[0].why
    assert not one.store.has_many([*blocks])
    give(honest, root, blocks, one)
    until(lambda: one.ends, one, honest)
    assert one.ends == [None]
    assert one.store.get_many([*blocks]) == blocks


def test_a_fetch_that_was_cut_short_goes_on(made: Made) -> None:
    """Another process of the same home asks only for what is missing."""
    one, other = made(1), made(2)
    root, blocks = content(6, 60, 1_000_000)  # more than one commit
    give(other, root, blocks, one)
    one.fetch(SCOPE, root, other)
    until(lambda: len(one.store.has_many([*blocks])) > 10, one, other)
    assert not one.ends
    one.vanish()
    until(lambda: other.closed, other)
    kept = one.store.has_many([*blocks])
    again = made(1)
    again.meet(other)
    again.fetch(SCOPE, root, other)
    until(lambda: again.ends, again, other)
    assert again.ends == [None]
    missing = sum(len(data) for cid, data in blocks.items() if cid not in kept)
    assert again.depot.status()["received"] <= missing
    assert again.store.get_many([*blocks]) == blocks


def test_nothing_outside_a_scope_is_given(made: Made) -> None:
    """What is in the store but not below the scope's roots does not come; nor what others may."""
    one, other = made(1), made(2)
    secret = leaf(b"for nobody")
    root, blocks = content(7, 5)
    give(other, root, {**blocks, secret.cid: secret.data}, one)
    other.depot.offer(secret.cid, (secret.cid,), identity(3).peer)
    one.fetch(SCOPE, secret.cid, other)
    one.fetch(secret.cid, secret.cid, other)
    one.fetch(SCOPE, root, other)
    until(lambda: one.ends, one, other)
    assert one.ends == [None]

    def refused() -> bool:
        one.clock.by_ms += 500
        return len(one.ends) == 3

    until(refused, one, other)
    assert all(isinstance(end, Unavailable) for end in one.ends[1:])
    assert not one.store.has(secret.cid)


def test_a_full_disk_ends_a_fetch(made: Made) -> None:
    """It says that the disk is full; with space again the next fetch goes on."""
    one, other = made(1), made(2)
    root, blocks = content(8, 40, 200_000)
    give(other, root, blocks, one)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        one.fetch(SCOPE, root, other)
        until(lambda: one.ends, one, other)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(one.ends[0], Unavailable)
    assert "full" in one.ends[0].what
    one.fetch(SCOPE, root, other)
    until(lambda: len(one.ends) == 2, one, other)
    assert one.ends[1] is None


def test_a_slow_disk_holds_the_network_back(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more comes than was granted before too much waited for it; then all does."""
    monkeypatch.setattr(shelves, "MAX_PENDING", 1_000_000)
    one, other = made(1, Slow), made(2)
    root, blocks = content(14, 60, 1_000_000)
    assert sum(map(len, blocks.values())) > 2 * WINDOW + 3_000_000
    assert isinstance(one.store, Slow)
    give(other, root, blocks, one)
    one.fetch(SCOPE, root, other)
    until(lambda: one.depot.status()["received"] > shelves.MAX_PENDING, one, other)
    for _ in range(200):
        one.turn()
        other.turn()
    assert one.depot.status()["received"] <= WINDOW + shelves.MAX_PENDING
    one.store.may_write.set()
    until(lambda: one.ends, one, other)
    assert one.ends == [None]


@pytest.mark.parametrize("is_agreed", [False, True])
def test_an_agreement_lets_a_peer_send_more(made: Made, *, is_agreed: bool) -> None:
    """On lines that come later too; who has none and does so all the same is cut off."""
    one, other = made(1), made(2)
    if is_agreed:
        one.depot.granted(other.peer, Rate(100_000, 2**30))
    give(other, *content(15, 3), one)
    one.fetch(SCOPE, leaf(b"nowhere").cid, other)
    until(lambda: other.depot.status()["lines"], one, other)
    line = other.lines.bulk(one.peer)
    assert line
    for number in range(600):
        other.post.tell(line, *pack(Cancel(number, ())))
        if number % 3 == 0:
            one.turn()
            other.turn()
    last = leaf(b"the last")
    other.post.tell(line, *pack(Blocks(1000, 8, ((last.cid, last.data),))))
    until(lambda: one.closed or one.depot.status()["received"], one, other)
    assert [gone.why for gone in one.closed] == (
        [] if is_agreed else ["flood: it sends more than it may"]
    )


def test_many_fetches_share_what_a_source_takes(made: Made) -> None:
    """More than a source takes lanes of one asker all come to their end, and nobody is refused."""
    one, other = made(1), made(2)
    roots = []
    for number in range(40):
        root, blocks = content(number, 20, 2_000)
        other.put(blocks)
        roots.append(root)
    other.depot.offer(SCOPE, roots, one.peer)
    one.meet(other)
    for root in roots:
        one.fetch(SCOPE, root, other)
    until(lambda: len(one.ends) == 40, one, other)
    assert one.ends == [None] * 40


def test_what_is_to_be_skipped_is_neither_fetched_nor_followed(made: Made) -> None:
    """All else comes."""
    one, other = made(1), made(2)
    below = leaf(b"far below")
    skipped = node([below.cid], "skipped")
    root = node([skipped.cid], "root")
    give(other, root.cid, {b.cid: b.data for b in (below, skipped, root)}, one)
    one.fetch(SCOPE, root.cid, other, skip=(skipped.cid,))
    until(lambda: one.ends, one, other)
    assert one.ends == [None]
    assert one.store.has_many([below.cid, skipped.cid, root.cid]) == {root.cid}


def test_content_over_its_bound_is_at_fault_itself(made: Made) -> None:
    """It is Damaged, so that nobody tries elsewhere."""
    one, other = made(1), made(2)
    root, blocks = content(9, 20)
    give(other, root, blocks, one)
    one.depot.fetch(SCOPE, (root,), (other.peer,), one.ends.append, most_bytes=1000)
    until(lambda: one.ends, one, other)
    assert isinstance(one.ends[0], Damaged)


def test_who_was_stopped_says_nothing(made: Made) -> None:
    """Before it begins, and after; others go on, with its share."""
    one, other = made(1), made(2)
    root, blocks = content(10, 20)
    give(other, root, blocks, one)
    one.fetch(SCOPE, root, other).stop()
    second = one.fetch(SCOPE, leaf(b"nowhere").cid, other)
    until(lambda: one.depot.status()["lines"], one, other)
    second.stop()
    one.fetch(SCOPE, root, other)
    until(lambda: one.ends, one, other)
    assert one.ends == [None]
    assert one.depot.status()["fetches"] == 0


def test_a_line_that_ends_leaves_the_other(made: Made) -> None:
    """Of two to the same peer: what was asked on the one is asked again on the other."""
    one, other = made(1), made(2)
    root, blocks = content(13, 60, 200_000)
    give(other, root, blocks, one)
    one.fetch(SCOPE, root, other)
    until(lambda: one.depot.status()["received"], one, other)
    first = one.lines.bulk(other.peer)
    assert first
    one.post.dial(other.bulk, Channel.BULK, expected=other.peer)
    until(lambda: one.depot.status()["lines"] == 2 and not one.ends, one, other)
    one.post.end(first, "enough", is_fault=False)
    until(lambda: one.ends, one, other)
    assert one.ends == [None]
    assert len(one.closed) == 1


def test_blocks_that_nobody_asked_for_end_a_connection(made: Made) -> None:
    """A lane that there is not is cancelled; too much of it is a fault."""
    one, other = made(1), made(2)
    give(other, *content(11, 3), one)
    one.fetch(SCOPE, leaf(b"nowhere").cid, other)
    until(lambda: other.depot.status()["lines"], one, other)
    data = bytes(MAX_BLOCK)
    junk = pack(Blocks(99, len(data), ((leaf(data).cid, data),)))
    line = other.lines.bulk(one.peer)
    assert line
    for _ in range(9):
        other.post.tell(line, *junk)
    until(lambda: one.closed, one, other)
    assert one.closed[0].is_fault
    assert "nobody asked for" in one.closed[0].why


def test_a_pass_is_shown_when_its_fetch_has_its_turn(made: Made) -> None:
    """Who serves knows few at a time: those of fetches that wait are not shown yet."""
    one, other = made(1), made(2)
    shown: list[bytes] = []
    other.depot.on_pass = lambda peer, word: shown.append(word)
    one.meet(other)
    for number in range(40):
        root = leaf(b"%d" % number).cid
        sources = [other.peer]
        one.depot.fetch(SCOPE, (root,), sources, one.ends.append, word=b"pass %d" % number)
    until(lambda: shown, one, other)
    for _ in range(20):
        one.turn()
        other.turn()
    assert 0 < len(shown) <= MAX_LANES
    assert shown == [b"pass %d" % number for number in range(len(shown))]
