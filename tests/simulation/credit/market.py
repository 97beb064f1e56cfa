"""Market: some peers that trade, one that cheats, what is between them, and all that was seen.

What happens in it follows from what it is told to do: it has neither a clock nor chance of its own.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import Refused
from engine.runner import Signer
from peers.channel import Channel
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.place import Place
from peers.write_queue import Row
from tests.peers.keys import identity
from tests.simulation.credit.cheat import Cheat
from tests.simulation.credit.labour import Deal, manifest_by
from tests.simulation.credit.sums import Covered, Stand, Sums
from tests.simulation.credit.trader import Crashed, Trader
from tests.simulation.credit.wire import Wire
from tests.simulation.hashed import Hashed
from tests.simulation.promises import Broken

EPOCH_MS: Final = 10**12  # when it begins
LETTERS: Final = 20_000  # that are enough for all to be said
LATER_MS: Final = 10_000  # after which whatever waits for a while is done


class Took(NamedTuple):
    """A row that a peer wrote, and how its ledger stood before and after."""

    trader: Trader
    row: Row
    before: Ledger
    after: Ledger
    was: Stand | None  # its channel, before it, by plain sums
    now: Stand | None  # and after it
    covered: Covered | None

    @property
    def written(self) -> Written:
        """The entry."""
        return self.row.written

    @property
    def is_own(self) -> bool:
        """Whether the peer signed it itself."""
        return self.written.author == self.trader.peer

    def channels(self) -> tuple[Channel | None, Channel | None]:
        """Return its channel before and after."""
        name = self.written.entry.channel or b""
        return self.before.channels.get(name), self.after.channels.get(name)


class Market:
    """Three to six peers, the last of whom cheats; the one before is hardly ever there."""

    def __init__(self, size: int, *, are_signed: bool = False) -> None:
        """Begin; with `are_signed` signatures are real, and hashes stand for them otherwise."""
        self.signers: list[Signer] = [
            identity(number) if are_signed else Hashed(number) for number in range(1, size + 1)
        ]
        self.wire = Wire()
        self.deals: list[Deal] = []
        self.fresh: list[Took] = []  # that no invariant was looked at for
        self.acks: list[tuple[Trader, Place]] = []  # likewise
        self.signed: dict[PeerId, dict[Cid, Written]] = {}  # by honest peers, on any disk
        self.places: dict[tuple[PeerId, int, int], set[Cid]] = {}  # of those
        self.met: dict[PeerId, dict[Cid, Written]] = {}  # what of the cheat's came to whom
        self.seen: list[tuple[Trader, Row]] = []  # and in what order
        self.forged: set[bytes] = set()
        self._sums: dict[tuple[PeerId, bytes], Sums] = {}
        self._ticks = EPOCH_MS
        self._ms = 0  # of clocks that never jump
        self.traders: list[Trader] = []
        for number, signer in enumerate(self.signers[:-1]):
            trader = Trader(number, signer, self.wire, self)
            self.traders.append(trader)
            self.wire.ends[trader.peer] = trader
        self.of_peer = {trader.peer: trader for trader in self.traders}
        self.cheat = Cheat(self.signers[-1], self.wire)
        self.wire.ends[self.cheat.peer] = self.cheat
        self.manifest = manifest_by(self.signers[-2], self.signers[0], self.signers[-1])

    @property
    def author(self) -> Trader:
        """Who is owed royalties, and is hardly ever there."""
        return self.traders[-1]

    def pairs(self) -> Iterator[tuple[Trader, Trader]]:
        """Yield any two honest peers."""
        return combinations(self.traders, 2)

    # what peers are watched by

    def tick(self) -> int:
        """Return a time that is later than any before."""
        self._ticks += 1
        return self._ticks

    def wrote(self, trader: Trader, row: Row, before: Ledger, after: Ledger) -> None:
        """See a row that is durable."""
        written = row.written
        name = written.entry.channel
        was = now = covered = None
        if name is not None:
            sums = self.sums(trader, after.channels[name])
            was, covered, now = sums.stand(), sums.take(written), sums.stand()
        if written.author == trader.peer:
            self.signed.setdefault(trader.peer, {})[written.id] = written
            place = trader.peer, written.entry.epoch, written.entry.number
            self.places.setdefault(place, set()).add(written.id)
        self.fresh.append(Took(trader, row, before, after, was, now, covered))

    def sums(self, trader: Trader, channel: Channel) -> Sums:
        """Return the plain sums of a channel as a peer has it."""
        key = trader.peer, channel.id
        if key not in self._sums:
            self._sums[key] = Sums(trader.peer, channel.peer)
        return self._sums[key]

    def acked(self, trader: Trader, place: Place | None) -> None:
        """See that a peer says that it has something."""
        if place is not None:
            self.acks.append((trader, place))

    def heard(self, trader: Trader, row: Row) -> None:
        """See what came in."""
        if row.written.author == self.cheat.peer:
            self.met.setdefault(trader.peer, {})[row.written.id] = row.written
            self.seen.append((trader, row))

    # what happens

    def do(self, act: Callable[[], object]) -> None:
        """Have something happen, in which a peer may crash."""
        try:
            act()
        except Crashed as crashed:
            self.revive(crashed.trader)

    def revive(self, trader: Trader) -> None:
        """Have a peer begin anew."""
        self.wire.gone(trader.peer)
        self._begin(trader)

    def _begin(self, trader: Trader) -> None:
        for deal in self.deals:
            deal.is_over = deal.is_over or deal.requester == trader.peer
        trader.begin()

    def restore(self, trader: Trader, copy: int) -> None:
        """Have a peer begin from a copy of what it wrote some time before; later ones are lost.

        Two that both have lost entries go on without; one that then finds them again is a stranger.
        """
        self.wire.gone(trader.peer)
        trader.copies = trader.copies[: copy % len(trader.copies) + 1]
        trader.restore(trader.copies[-1])
        for name, channel in trader.replayed.channels.items():
            sums = self._sums[trader.peer, name] = Sums(trader.peer, channel.peer)
            for row in trader.shelf.rows:
                if row.written.entry.channel == name:
                    sums.take(row.written)
        for peer, name in tuple(self._sums):
            if peer == trader.peer and name not in trader.replayed.channels:
                del self._sums[peer, name]
        self._begin(trader)

    def pass_time(self, traders: Iterable[Trader]) -> None:
        """Let time pass for some: what waited for a while is done."""
        self._ms += LATER_MS
        for trader in traders:
            self.do(lambda trader=trader: trader.payments.tick(self._ms))  # type: ignore[misc]
            self.do(lambda trader=trader: trader.settlement.tick())  # type: ignore[misc]

    def settle(self) -> None:
        """End all trouble, leave the cheat alone, and have everything be said."""
        self.wire.groups = {}
        self.wire.gone(self.cheat.peer)
        self.wire.notice_all()
        for trader in self.traders:
            trader.doom, trader.is_stalled = None, False
            trader.go_on()
        for one, two in self.pairs():
            self.wire.connect(one.peer, two.peer)
        for _ in range(3):
            self.drain()
            self.pass_time(self.traders)
        self.drain()

    def drain(self) -> None:
        """Deliver all there is."""
        for _ in range(LETTERS):
            ends = next(self.wire.busy(), None)
            if ends is None:
                return
            self.do(lambda ends=ends: self.wire.deliver(ends))  # type: ignore[misc]
        raise Broken("I9 peers never have said all there is to be said")

    def gossip(self) -> None:
        """Have all honest peers tell each other what they know of the logs of others."""
        for one, two in self.pairs():
            self._tell(one, two)
            self._tell(two, one)

    def _tell(self, teller: Trader, to: Trader) -> None:
        heads = teller.heads.tell(to.peer)
        for clash in to.heads.hear(teller.peer, heads):
            halves = []
            for half in (clash.one, clash.two):
                has = to if half.teller is None else self.of_peer[half.teller]
                row = has.shelf.ids.get(has.heads.source(half.entry))
                halves.append(row and row.written)
            one, two = halves
            if one is not None and two is not None:
                to.suspect(one, two)


def may(act: Callable[[], object]) -> None:
    """Have a peer do what it may not be allowed to."""
    with suppress(Refused):
        act()
