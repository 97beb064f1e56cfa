"""Serving: what this peer gives: the machine Server on real lines and the real store.

Lanes belong to the line on which they were opened: who asks on another has none on the first.
"""

from collections.abc import Iterable
from functools import partial

from engine.clock import Clock
from engine.content.cid import Cid
from peers.bulk import Bulk
from peers.exchange import Answer, Blocks, Question
from peers.identity import PeerId
from peers.serve import Server
from peers.serve_events import Asked, Event, Gone, Load, Loaded, Offer, Send, Taken, Tick, Withdraw
from peers.shelves import Read, Shelves


class Serving:
    """What others may have of a store, and what they ask. For the node's thread."""

    def __init__(self, shelves: Shelves, clock: Clock) -> None:
        """Read from shelves that stay their owner's to close."""
        self.sent = 0  # bytes of blocks
        self._shelves = shelves
        self._clock = clock
        self._server = Server()
        self._asked_on: dict[PeerId, Bulk] = {}  # where the lanes of a peer are

    def offer(
        self, scope: Cid, roots: Iterable[Cid], asker: PeerId | None, without: frozenset[Cid]
    ) -> None:
        """Let a peer, or everyone for None, have what some roots lead to, but for some of it."""
        self._handle(Offer(scope, tuple(roots), asker, without))

    def withdraw(self, scope: Cid) -> None:
        """Give nobody anything of a scope any more."""
        self._handle(Withdraw(scope))

    def asked(self, bulk: Bulk, peer: PeerId, message: Question) -> None:
        """Take what a peer asks on a line."""
        if self._asked_on.setdefault(peer, bulk) is not bulk:
            self._handle(Gone(peer))  # its lanes were on another line
            self._asked_on[peer] = bulk
        self._handle(Asked(peer, message))

    def closed(self, bulk: Bulk, peer: PeerId) -> None:
        """Have a line no more, and no lane on it."""
        if bulk is self._asked_on.get(peer):
            del self._asked_on[peer]
            self._handle(Gone(peer))

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._handle(Tick(now_ms))

    def _handle(self, event: Event) -> None:
        for action in self._server.handle(event):
            match action:
                case Load(turn, cids, most):
                    self._shelves.load(cids, most, partial(self._loaded, turn))
                case Send(peer, message, turn):
                    self._answer(peer, message, turn)

    def _loaded(self, turn: int, read: Read) -> None:
        self._handle(Loaded(turn, *read))

    def _answer(self, peer: PeerId, message: Answer, turn: int | None) -> None:
        if bulk := self._asked_on.get(peer):
            self.sent += message.size if isinstance(message, Blocks) else 0
            taken = partial(self._handle, Taken(turn)) if turn is not None else None
            bulk.send(message, self._clock.monotonic_ms(), taken)
