"""Depot: content from other peers and for them: the machines Fetch and Server on real lines.

A part of the node. All that it says and hears goes over lines for blocks. A lane belongs to the
line on which it was opened, so that what ends one ends the other.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from engine.clock import Clock
from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from peers import serve_events
from peers.allowance import STRANGER, Rate
from peers.bulk import Bulk
from peers.connection import Channel, Connection
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.exchange import Answer, Blocks, Cancel, DontHave, Question, Show, unpack
from peers.fetch import MAX_FETCH, Order
from peers.fetch_events import Looked
from peers.fetching import Fetching, Said
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Mail
from peers.serve import Server
from peers.shelves import Read, Shelves
from peers.wake import Wake

FETCH_TICK_MS: Final = 200


class Depot:
    """What this peer gives and gets. For the node's thread; a Part."""

    def __init__(
        self, mail: Mail, lines: Lines, store: ManyStore, clock: Clock, wake: Wake
    ) -> None:
        """Use a store that is safe for many threads and stays its owner's to close."""
        self.on_pass: Callable[[PeerId, bytes], None] = _not_here  # is told of passes
        self._mail = mail
        self._lines = lines
        self._clock = clock
        self._wake = wake
        self._shelves = Shelves(store, wake)
        self._server = Server()
        self._numbers = itertools.count(1)
        self._fetchings: dict[int, Fetching] = {}  # by lane
        self._bulks: dict[PeerId, dict[Connection, Bulk]] = {}  # we ask on the first
        self._asked_on: dict[PeerId, Bulk] = {}  # where the lanes of a peer are
        self._rates: dict[PeerId, list[Rate]] = {}  # by agreements
        self._held: deque[tuple[PeerId, Question]] = deque()  # until the disk has caught up
        self._fetch_tick_ms = 0
        self._received = self._sent = 0  # bytes of blocks

    def status(self) -> dict[str, int]:
        """Return how many fetches and lines there are, and the bytes of blocks of all so far."""
        return {
            "fetches": len(self._fetchings),
            "lines": sum(map(len, self._bulks.values())),
            "received": self._received,
            "sent": self._sent,
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
        self._serve(serve_events.Offer(scope, tuple(roots), asker, without))

    def withdraw(self, scope: Cid) -> None:
        """Give nobody anything of a scope any more."""
        self._serve(serve_events.Withdraw(scope))

    def granted(self, peer: PeerId, rate: Rate) -> None:
        """Let a peer send at a rate, by one more agreement, and send to it at that rate."""
        self._rates.setdefault(peer, []).append(rate)
        self._grant(peer)

    def ungranted(self, peer: PeerId) -> None:
        """Note that an agreement has ended."""
        rates = self._rates.get(peer, [])
        if len(rates) > 1:
            rates.pop()
        else:
            self._rates.pop(peer, None)
        self._grant(peer)

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
        word: bytes = b"",
    ) -> Fetching:
        """Have all that roots lead to brought into the store, but for what `skip` names.

        `is_anew`: also what is here already. `word`: the pass to be shown, whose CID is the scope.

        `done` is called later, once: with None when all is durable, or with what went wrong:
        Damaged when the content itself is at fault, Unavailable when it does not come or the store
        cannot take it.
        """
        lane = next(self._numbers)
        order = Order(lane, scope, roots, most_bytes, skip=frozenset(skip), is_anew=is_anew)
        fetching = Fetching(order, sources, self._shelves, self, done, word)
        self._fetchings[lane] = fetching
        self._wake(partial(self._begin, fetching))
        return fetching

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
        return {root for one in self._fetchings.values() for root in one.roots}

    def _begin(self, fetching: Fetching) -> None:
        if fetching.lane in self._fetchings:  # else it was stopped before
            fetching.begin(self._now_ms())
            for peer in fetching.sources:
                self._seek(peer, fetching)

    def _seek(self, peer: PeerId, fetching: Fetching) -> None:
        """Have a source asked, or a line to it made."""
        if bulk := self._bulk(peer):
            self._found(peer, bulk, fetching)
        else:
            self._lines.bulk(peer)

    def _found(self, peer: PeerId, bulk: Bulk, fetching: Fetching) -> None:
        pipeline = bulk.shares.take(fetching.lane)
        if fetching.word and pipeline:  # not before its turn: who serves knows few passes at a time
            bulk.send(Show(fetching.word), self._now_ms())
        fetching.found(peer, pipeline)

    # for a Fetching: its Way

    def question(self, peer: PeerId, message: Question) -> None:
        """Send what a fetch asks; while the disk lags behind, nobody is let send more."""
        self._held.append((peer, message))
        self.kept()

    def kept(self) -> None:
        """Send what was held back, if the disk has caught up."""
        while self._held and not self._shelves.is_full:
            peer, message = self._held.popleft()
            if bulk := self._bulk(peer):
                bulk.send(message, self._now_ms())

    def cut(self, peer: PeerId, reason: str) -> None:
        """End the lines of a source that broke the protocol."""
        for bulk in self._bulks.get(peer, {}).values():
            bulk.end(reason, is_fault=True)

    def ended(self, lane: int) -> None:
        """Count a fetch no more; its share goes to one that waits."""
        fetching = self._fetchings.pop(lane)
        for peer in fetching.sources:
            if bulk := self._bulk(peer):
                bulk.lane_ended()
                follower = bulk.shares.give_back(lane)
                if follower in self._fetchings:
                    self._found(peer, bulk, self._fetchings[follower])

    # a Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Take a line for blocks; have one made when there is only now whom to ask for it."""
        if connection.channel is not Channel.BULK:
            self._have_lines()
            return
        bulk = Bulk(self._mail, connection, STRANGER, self._now_ms())
        self._bulks.setdefault(peer, {})[connection] = bulk
        if peer in self._rates:
            bulk.grant(self._rate(peer), self._now_ms())
        if bulk is self._bulk(peer):
            self._sources_found(peer, bulk)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Have a line no more, and no lane on it; another line to the same peer is as good."""
        bulks = self._bulks.get(peer, {})
        first = self._bulk(peer)
        bulk = bulks.pop(connection, None)
        if bulk is None:
            return
        if bulk is self._asked_on.get(peer):
            del self._asked_on[peer]
            self._serve(serve_events.Gone(peer))
        if bulk is first:
            self._sources_gone(peer)
        if not bulks:
            del self._bulks[peer]

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about content."""
        bulk = self._bulks.get(peer, {}).get(connection)
        if bulk is None:
            raise RemoteFault("content is spoken of on a line for blocks, and only there")
        message = unpack(kind, body)
        if isinstance(message, Blocks):
            self._received += _size(message)
        if isinstance(message, Show):
            self.on_pass(peer, message.word)
        elif isinstance(message, Blocks | DontHave):
            self._answered(bulk, peer, message)
        else:
            self._asked(bulk, peer, message)

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Nothing is asked here that has an answer by its id."""

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        for bulks in self._bulks.values():
            for bulk in tuple(bulks.values()):
                bulk.flush(now_ms)
        self.kept()
        if now_ms - self._fetch_tick_ms >= FETCH_TICK_MS:
            self._fetch_tick_ms = now_ms
            self._shelves.hurry()  # a slow source's blocks are not to wait for more of them
            self._serve(serve_events.Tick(now_ms))
            self._have_lines()
            for fetching in tuple(self._fetchings.values()):
                fetching.tick(now_ms)

    def _have_lines(self) -> None:
        """Have lines made to sources that have none."""
        for peer in {peer for one in self._fetchings.values() for peer in one.sources}:
            if peer not in self._bulks:
                self._lines.bulk(peer)

    def close(self) -> None:
        """Stop every fetch, and wait for what the store is doing."""
        for fetching in tuple(self._fetchings.values()):
            fetching.stop()
        self._shelves.close()

    # sources

    def _bulk(self, peer: PeerId) -> Bulk | None:
        return next(iter(self._bulks.get(peer, {}).values()), None)

    def _sources_found(self, peer: PeerId, bulk: Bulk) -> None:
        for fetching in tuple(self._fetchings.values()):
            if peer in fetching.sources:
                self._found(peer, bulk, fetching)

    def _sources_gone(self, peer: PeerId) -> None:
        for fetching in tuple(self._fetchings.values()):
            if peer in fetching.sources:
                fetching.gone(peer)
        if bulk := self._bulk(peer):
            self._sources_found(peer, bulk)

    def _answered(self, bulk: Bulk, peer: PeerId, message: Answer) -> None:
        fetching = self._fetchings.get(message.lane)
        if fetching is not None and peer in fetching.sources:
            fetching.heard(peer, message)
        elif isinstance(message, Blocks):
            bulk.strayed(_size(message))
            bulk.send(Cancel(message.lane, ()), self._now_ms())

    # askers

    def _asked(self, bulk: Bulk, peer: PeerId, message: Question) -> None:
        if self._asked_on.setdefault(peer, bulk) is not bulk:
            self._serve(serve_events.Gone(peer))  # its lanes were on another line
            self._asked_on[peer] = bulk
        self._serve(serve_events.Asked(peer, message))

    def _serve(self, event: serve_events.Event) -> None:
        for action in self._server.handle(event):
            match action:
                case serve_events.Load(turn, cids, most):
                    self._shelves.load(cids, most, partial(self._loaded, turn))
                case serve_events.Send(peer, message, turn):
                    self._answer(peer, message, turn)

    def _loaded(self, turn: int, read: Read) -> None:
        self._serve(serve_events.Loaded(turn, *read))

    def _answer(self, peer: PeerId, message: Answer, turn: int | None) -> None:
        if bulk := self._asked_on.get(peer):
            self._sent += _size(message) if isinstance(message, Blocks) else 0
            taken = partial(self._serve, serve_events.Taken(turn)) if turn is not None else None
            bulk.send(message, self._now_ms(), taken)

    def _rate(self, peer: PeerId) -> Rate:
        rates = self._rates.get(peer, [STRANGER])
        return Rate(max(r.messages for r in rates), max(r.size for r in rates))

    def _grant(self, peer: PeerId) -> None:
        for bulk in self._bulks.get(peer, {}).values():
            bulk.grant(self._rate(peer), self._now_ms())

    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()


def _not_here(peer: PeerId, word: bytes) -> None:
    raise RemoteFault("it shows a pass to a peer that makes nothing for others")


def _size(message: Blocks) -> int:
    return sum(len(data) for _, data in message.blocks)
