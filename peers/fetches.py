"""Fetches: all that this peer has brought here at a time: whom each asks, and on which line.

What one asks goes on the first line for blocks to a source. While the disk lags behind, nobody is
let send more.
"""

from collections import deque
from collections.abc import Iterable
from functools import partial

from engine.clock import Clock
from engine.content.cid import Cid
from peers.bulk import Bulk
from peers.bulks import Bulks
from peers.exchange import Answer, Blocks, Cancel, Question, Show
from peers.fetch import Order
from peers.fetching import Fetching, Said
from peers.identity import PeerId
from peers.lines import Lines
from peers.shelves import Shelves
from peers.wake import Wake


class Fetches:
    """Those of a node. For its thread; the Way of each of them."""

    def __init__(
        self, lines: Lines, bulks: Bulks, shelves: Shelves, clock: Clock, wake: Wake
    ) -> None:
        """Use lines and shelves that stay their owner's to open and close."""
        self._under_way: dict[int, Fetching] = {}  # by lane
        self._lines = lines
        self._bulks = bulks
        self._shelves = shelves
        self._clock = clock
        self._wake = wake
        self._held: deque[tuple[PeerId, Question]] = deque()  # until the disk has caught up

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def roots(self) -> set[Cid]:
        """Return the roots of what is on its way here."""
        return {root for one in self._under_way.values() for root in one.roots}

    def start(
        self, order: Order, sources: Iterable[PeerId], done: Said, word: bytes = b""
    ) -> Fetching:
        """Have one begin soon; `word` is the pass that its sources are to be shown, if any."""
        fetching = Fetching(order, sources, self._shelves, self, done, word)
        self._under_way[order.lane] = fetching
        self._wake(partial(self._begin, fetching))
        return fetching

    def also_from(self, fetching: Fetching, peers: Iterable[PeerId]) -> None:
        """Have more peers asked."""
        for peer in set(peers) - fetching.sources if fetching.lane in self._under_way else ():
            fetching.sources |= {peer}
            self._seek(peer, fetching)

    # what happens on lines

    def found(self, peer: PeerId, bulk: Bulk) -> None:
        """Ask a peer on a line for what it is a source of."""
        for fetching in self._from(peer):
            self._ask(peer, bulk, fetching)

    def gone(self, peer: PeerId) -> None:
        """Have the line no more that a peer was asked on; another to it is as good."""
        for fetching in self._from(peer):
            fetching.gone(peer)
        if bulk := self._bulks.first(peer):
            self.found(peer, bulk)

    def heard(self, bulk: Bulk, peer: PeerId, message: Answer) -> None:
        """Take an answer.

        Raises: RemoteFault when too much comes that nobody asked for.
        """
        fetching = self._under_way.get(message.lane)
        if fetching is not None and peer in fetching.sources:
            fetching.heard(peer, message)
        elif isinstance(message, Blocks):
            bulk.strayed(message.size)
            bulk.send(Cancel(message.lane, ()), self._now_ms())

    def have_lines(self) -> None:
        """Have lines made to sources that have none."""
        for peer in {peer for one in self._under_way.values() for peer in one.sources}:
            if self._bulks.first(peer) is None:
                self._lines.bulk(peer)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self.have_lines()
        for fetching in tuple(self._under_way.values()):
            fetching.tick(now_ms)

    def stop(self) -> None:
        """Stop all."""
        for fetching in tuple(self._under_way.values()):
            fetching.stop()

    # the Way of a Fetching

    def question(self, peer: PeerId, message: Question) -> None:
        """Send what one asks, once the disk does not lag behind."""
        self._held.append((peer, message))
        self.kept()

    def kept(self) -> None:
        """Send what was held back, if the disk has caught up."""
        while self._held and not self._shelves.is_full:
            peer, message = self._held.popleft()
            if bulk := self._bulks.first(peer):
                bulk.send(message, self._now_ms())

    def cut(self, peer: PeerId, reason: str) -> None:
        """End the lines of a source that broke the protocol."""
        self._bulks.cut(peer, reason)

    def ended(self, lane: int) -> None:
        """Count one no more; its share goes to one that waits."""
        fetching = self._under_way.pop(lane)
        for peer in fetching.sources:
            if bulk := self._bulks.first(peer):
                bulk.lane_ended()
                follower = bulk.shares.give_back(lane)
                if follower in self._under_way:
                    self._ask(peer, bulk, self._under_way[follower])

    def _begin(self, fetching: Fetching) -> None:
        if fetching.lane in self._under_way:  # else it was stopped before
            fetching.begin(self._now_ms())
            for peer in fetching.sources:
                self._seek(peer, fetching)

    def _seek(self, peer: PeerId, fetching: Fetching) -> None:
        """Have a source asked, or a line to it made."""
        if bulk := self._bulks.first(peer):
            self._ask(peer, bulk, fetching)
        else:
            self._lines.bulk(peer)

    def _ask(self, peer: PeerId, bulk: Bulk, fetching: Fetching) -> None:
        pipeline = bulk.shares.take(fetching.lane)
        if fetching.word and pipeline:  # not before its turn: who serves knows few passes at a time
            bulk.send(Show(fetching.word), self._now_ms())
        fetching.found(peer, pipeline)

    def _from(self, peer: PeerId) -> list[Fetching]:
        return [one for one in self._under_way.values() if peer in one.sources]

    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()
