"""What a step reads that another peer has comes from there, by its requester's pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import merkle
from engine.content.cid import Cid
from engine.store.disk import DiskStore
from peers.agreement import LEASE, Lease
from peers.identity import PeerId
from peers.pass_record import PASS, Pass
from peers.signed import seal
from peers.step_messages import LEASE_TYPE, write_lease
from tests.peers.graphs import leaf
from tests.peers.lenders import step
from tests.peers.test_provider import Pair
from tests.peers.traders import Trader, until

HELD = leaf(b"made elsewhere " * 1_000)


class Reading(Pair):
    """A provider, its requester, and another who has what a step reads."""

    def __init__(self, folder: Path) -> None:
        """Open their homes."""
        super().__init__(folder)
        self.holder = Trader(3, DiskStore(folder / "holder"))
        self.holder.store.put([HELD])
        self.shown: list[bytes] = []
        self.holder.depot.on_pass = self._show
        self.has_it = True
        self.holder.meet(self.lender)
        self.agreement = self.agree()

    def word(
        self,
        *,
        signer: Trader | None = None,
        reader: PeerId | None = None,
        holder: PeerId | None = None,
    ) -> bytes:
        """Return a pass for what the holder has."""
        who = ((holder or self.holder.peer).key, (reader or self.lender.peer).key)
        return seal(
            PASS, Pass(*who, (), (HELD.cid,)), (signer or self.borrower.trader).identity
        ).data

    def lease(self, one: Cid, *passes: bytes, record: bytes = b"") -> None:
        """Hand a step over; what is held elsewhere is not to be had of the requester."""
        trader = self.borrower.trader
        roots = (one, self.environment)
        trader.depot.offer(self.agreement, roots, self.lender.peer, frozenset({HELD.cid}))
        value = Lease(self.agreement, 1, 1, merkle.root([one.raw]), 60_000)
        signed = seal(LEASE, value, trader.identity).data
        body = write_lease(signed, [one], [self.need], [record], passes)
        assert self.borrower.line is not None
        trader.post.ask(self.borrower.line, LEASE_TYPE, body, 60_000)

    def wait(self, one: Cid) -> None:
        """Let time pass until there is word of a step."""

        def time_flies() -> bool:
            self.lender.clock.by_ms += 50
            return one in self.borrower.results or one in self.borrower.back

        until(time_flies, self.lender, self.borrower.trader, self.holder)

    @property
    def grants(self) -> int:
        """By how many passes the holder may send to the provider."""
        return self.lender.depot._rates.count(self.holder.peer)

    def _show(self, reader: PeerId, word: bytes) -> None:
        self.shown.append(word)
        if self.has_it:
            self.holder.depot.offer(Cid.of(0x71, word), (HELD.cid,), reader)

    def close(self) -> None:
        """End all."""
        self.holder.close()
        super().close()


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    """Return them."""
    reading = Reading(tmp_path)
    yield reading
    reading.close()


@pytest.mark.parametrize("travels", [True, False])  # as a small record does; a large one is fetched
def test_a_step_runs_when_what_it_reads_has_come(reading: Reading, *, travels: bool) -> None:
    """From who has it; what is passed is not asked of the requester."""
    one = step(reading.borrower.store, "read" + " " * 5_000, {"i": HELD.data}, absent=True)
    record = reading.borrower.store.get(one) if travels else b""
    reading.lease(one, reading.word(), record=record)
    reading.wait(one)
    assert reading.borrower.results.keys() == {one}
    assert reading.shown == [reading.word()]
    assert reading.lender.store.has(HELD.cid)
    assert reading.grants == 0


def test_what_is_here_but_was_not_shown_is_fetched(reading: Reading) -> None:
    """Its name alone is no right to it: the holder shows that it could be had (adr/0115)."""
    reading.lender.store.put([HELD])
    one = step(reading.borrower.store, "read", {"i": HELD.data}, absent=True)
    reading.lease(one, reading.word(), record=reading.borrower.store.get(one))
    reading.wait(one)
    assert reading.borrower.results.keys() == {one}
    assert reading.lender.depot.status()["received"] >= len(HELD.data)


@pytest.mark.parametrize("was_shown", [True, False])
def test_what_it_has_itself_is_not_asked_for(reading: Reading, *, was_shown: bool) -> None:
    """A pass of its own says so, which counts for what its requester had made here or sent."""
    reading.lender.store.put([HELD])
    if was_shown:
        reading.lender.shown.add(reading.borrower.trader.peer, [HELD.cid])
    one = step(reading.borrower.store, "read" + " " * 5_000, {"i": HELD.data}, absent=True)
    reading.lease(one, reading.word(holder=reading.lender.peer))
    reading.wait(one)
    assert (one in reading.borrower.results) == was_shown
    assert (one in reading.borrower.back) != was_shown
    assert not reading.shown


def test_what_nobody_waits_for_is_not_fetched_on(reading: Reading) -> None:
    """A step that is stopped wants nothing more of anybody."""
    reading.has_it = False
    one = step(reading.borrower.store, "read", {"i": HELD.data}, absent=True)
    reading.lease(one, reading.word(), record=reading.borrower.store.get(one))
    reading.until(lambda: reading.grants)
    asked = reading.borrower.stop(reading.agreement, one)
    reading.until(lambda: asked in reading.borrower.answers)
    assert reading.grants == 0
    assert reading.lender.depot.roots() == set()


@pytest.mark.parametrize("is_there", [True, False])
def test_what_does_not_come_is_given_back(reading: Reading, *, is_there: bool) -> None:
    """With why; nothing is left that waits for it, though it is here."""
    reading.lender.store.put([HELD])
    reading.has_it = False
    if not is_there:
        reading.holder.vanish()
        reading.holder.turn = lambda: None  # type: ignore[method-assign]
    one = step(reading.borrower.store, "read", {"i": HELD.data}, absent=True)
    reading.lease(one, reading.word(), record=reading.borrower.store.get(one))
    reading.wait(one)
    assert "does not come" in reading.borrower.back[one]
    assert reading.lender.depot.roots() == set()
    assert reading.grants == 0
    assert reading.lender.provider.status()["open"] == 0


def test_what_was_stopped_leaves_no_grant(reading: Reading) -> None:
    """Nor a fetch, when its agreement ends."""
    reading.has_it = False
    one = step(reading.borrower.store, "read", {"i": HELD.data}, absent=True)
    reading.lease(one, reading.word(), record=reading.borrower.store.get(one))
    reading.until(lambda: reading.grants)
    assert HELD.cid in reading.lender.depot.roots()
    reading.borrower.end(reading.agreement)
    reading.until(lambda: not reading.grants)
    assert reading.lender.depot.roots() == set()


@pytest.mark.parametrize("whose", ["another signer", "another reader"])
def test_a_pass_that_is_not_its_requesters_ends_the_connection(
    reading: Reading, whose: str
) -> None:
    """Or one for somebody else; nothing is fetched by it."""
    by_other = reading.word(signer=reading.holder)
    for_other = reading.word(reader=reading.borrower.trader.peer)
    one = step(reading.borrower.store, "read", {"i": HELD.data}, absent=True)
    reading.lease(one, by_other if whose == "another signer" else for_other)
    reading.until(lambda: reading.lender.closed)
    assert reading.lender.closed[0].is_fault
    assert "a pass that is not its requester's" in reading.lender.closed[0].why
    assert not reading.shown
    assert reading.grants == 0
