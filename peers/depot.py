"""Depot: content from other peers and for them, over lines for blocks. A part of the node.

What is given is served (serving.py), what is had is fetched (fetches.py). A lane belongs to the
line on which it was opened, so that what ends one ends the other.
"""

import itertools
from collections.abc import Callable, Iterable
from typing import Final

from engine.clock import Clock
from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from peers.allowance import Rate
from peers.bulks import Bulks
from peers.connection import Channel, Connection
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.exchange import Blocks, DontHave, Show, unpack
from peers.fetch import MAX_FETCH, Order
from peers.fetch_events import Looked
from peers.fetches import Fetches
from peers.fetching import Fetching, Said
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Mail
from peers.rates import Rates
from peers.serving import Serving
from peers.shelves import Shelves
from peers.wake import Wake

FETCH_TICK_MS: Final = 200


class Depot:
    """What this peer gives and gets. For the node's thread; a Part."""

    def __init__(
        self, mail: Mail, lines: Lines, store: ManyStore, clock: Clock, wake: Wake
    ) -> None:
        """Use a store that is safe for many threads and stays its owner's to close."""
        self.on_pass: Callable[[PeerId, bytes], None] = _not_here  # is told of passes
        self._clock = clock
        self._shelves = Shelves(store, wake)
        self._serving = Serving(self._shelves, clock)
        self._rates = Rates()
        self._bulks = Bulks(mail, self._rates)
        self._fetches = Fetches(lines, self._bulks, self._shelves, clock, wake)
        self._lanes = itertools.count(1)
        self._fetch_tick_ms = 0
        self._received = 0  # bytes of blocks

    def status(self) -> dict[str, int]:
        """Return how many fetches and lines there are, and the bytes of blocks of all so far."""
        return {
            "fetches": self._fetches.count,
            "lines": self._bulks.count,
            "received": self._received,
            "sent": self._serving.sent,
        }

    # what others may have

    def offer(
        self,
        scope: Cid,
        roots: Iterable[Cid],
        asker: PeerId | None,
        without: frozenset[Cid] = frozenset(),
    ) -> None:
        """Let a peer, or everyone for None, have what some roots lead to; more may follow.

        `without`: not these because a record links to them, unless they are roots, now or later.
        """
        self._serving.offer(scope, roots, asker, without)

    def withdraw(self, scope: Cid) -> None:
        """Give nobody anything of a scope any more."""
        self._serving.withdraw(scope)

    def granted(self, peer: PeerId, rate: Rate) -> None:
        """Let a peer send at a rate, by one more agreement, and send to it at that rate."""
        self._rates.add(peer, rate)
        self._bulks.grant(peer, self._now_ms())

    def ungranted(self, peer: PeerId) -> None:
        """Note that an agreement has ended."""
        self._rates.drop(peer)
        self._bulks.grant(peer, self._now_ms())

    # what this peer has

    def fetch(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Iterable[PeerId],
        done: Said,
        *,
        most_bytes: int = MAX_FETCH,
        skip: Iterable[Cid] = (),
        is_anew: bool = False,
        is_shallow: bool = False,
        word: bytes = b"",
    ) -> Fetching:
        """Have all that roots lead to brought into the store, but for what `skip` names.

        `is_anew`: also what is here already. `is_shallow`: the roots alone. `word`: the pass to be
        shown, whose CID is the scope.

        `done` is called later, once: with None when all is durable, or with what went wrong:
        Damaged when the content itself is at fault, Unavailable when it does not come or the store
        cannot take it.
        """
        lane = next(self._lanes)
        order = Order(
            lane,
            scope,
            roots,
            most_bytes,
            skip=frozenset(skip),
            is_anew=is_anew,
            is_shallow=is_shallow,
        )
        return self._fetches.start(order, sources, done, word)

    def also_from(self, fetching: Fetching, peers: Iterable[PeerId]) -> None:
        """Have more peers asked for what is on its way here."""
        self._fetches.also_from(fetching, peers)

    def look(self, roots: tuple[Cid, ...], said: Callable[[frozenset[Cid]], None]) -> None:
        """Say later which of some roots are here."""
        left, here = set(roots), set[Cid]()

        def looked(event: Looked) -> None:
            here.update(cid for cid, _ in event.here)
            left.difference_update(here, event.absent)
            if not left:
                said(frozenset(here))

        self._shelves.look(roots, looked)

    def roots(self) -> set[Cid]:
        """Return the roots of what is on its way here."""
        return self._fetches.roots()

    # a Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Take a line for blocks; have one made when there is only now whom to ask for it."""
        if connection.channel is not Channel.BULK:
            self._fetches.have_lines()
            return
        bulk = self._bulks.open(connection, peer, self._now_ms())
        if bulk is self._bulks.first(peer):
            self._fetches.found(peer, bulk)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Have a line no more, and no lane on it; another line to the same peer is as good."""
        bulk = self._bulks.on(connection, peer)
        if bulk is None:
            return
        is_first = bulk is self._bulks.first(peer)
        self._bulks.close(connection, peer)
        self._serving.closed(bulk, peer)
        if is_first:
            self._fetches.gone(peer)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about content."""
        bulk = self._bulks.on(connection, peer)
        if bulk is None:
            raise RemoteFault("content is spoken of on a line for blocks, and only there")
        message = unpack(kind, body)
        if isinstance(message, Blocks):
            self._received += message.size
        if isinstance(message, Show):
            self.on_pass(peer, message.word)
        elif isinstance(message, Blocks | DontHave):
            self._fetches.heard(bulk, peer, message)
        else:
            self._serving.asked(bulk, peer, message)

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Nothing is asked here that has an answer by its id."""

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        self._bulks.flush(now_ms)
        self._fetches.kept()
        if now_ms - self._fetch_tick_ms >= FETCH_TICK_MS:
            self._fetch_tick_ms = now_ms
            self._shelves.hurry()  # a slow source's blocks are not to wait for more of them
            self._serving.tick(now_ms)
            self._fetches.tick(now_ms)

    def close(self) -> None:
        """Stop every fetch, and wait for what the store is doing."""
        self._fetches.stop()
        self._shelves.close()

    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()


def _not_here(peer: PeerId, word: bytes) -> None:
    raise RemoteFault("it shows a pass to a peer that makes nothing for others")
