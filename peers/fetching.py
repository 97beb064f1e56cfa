"""Fetching: one fetch under way: its machine, and what is done for it. For the node's thread."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from engine.errors import Damaged, TallyError, Unavailable
from peers.exchange import Answer, Question
from peers.fetch import Fetch, Order
from peers.fetch_events import (
    Action,
    Cut,
    Done,
    Event,
    Failed,
    Found,
    Gone,
    Heard,
    Keep,
    Look,
    Send,
    Stop,
    Tick,
)
from peers.identity import PeerId
from peers.shelves import Shelves

Said: TypeAlias = Callable[[TallyError | None], None]


class Way(Protocol):
    """What a fetch speaks to its sources through."""

    def question(self, peer: PeerId, message: Question) -> None:
        """Send a message to a source."""
        ...

    def cut(self, peer: PeerId, reason: str) -> None:
        """Have nothing more to do with a source that broke the protocol."""
        ...

    def kept(self) -> None:
        """Note that less waits for the disk."""
        ...

    def ended(self, lane: int) -> None:
        """Let others have the lane's share."""
        ...


class Fetching:
    """One order; what is said at its end is said once, and after `stop` nothing is."""

    def __init__(
        self,
        order: Order,
        sources: Iterable[PeerId],
        shelves: Shelves,
        way: Way,
        said: Said,
        word: bytes = b"",
    ) -> None:
        self.lane = order.lane
        self.roots = order.roots
        self.word = word  # the pass that its sources are to be shown, if any
        self.sources = frozenset(sources)
        self._order = order
        self._shelves = shelves
        self._way = way
        self._said: Said | None = said
        self._fetch: Fetch | None = None  # before it has begun
        self._keeping = 0  # what waits for the disk
        self._error: TallyError | None = None

    def begin(self, now_ms: int) -> None:
        """Begin."""
        self._fetch = Fetch(self._order, now_ms)
        self._perform(self._fetch.begin())

    @property
    def came_bytes(self) -> int:
        """How many bytes of blocks came, that were wanted."""
        return 0 if self._fetch is None else self._fetch.came_bytes

    @property
    def is_refused(self) -> bool:
        """Whether each of its sources has said that it has not what is wanted."""
        return self._fetch is not None and self._fetch.is_refused_by(self.sources)

    def stop(self) -> None:
        """End it: nothing is said of it any more. What was kept stays."""
        self._said = None
        if self._fetch is None:
            self._way.ended(self.lane)
        self._tell(Stop())

    def found(self, peer: PeerId, pipeline: int) -> None:
        """Note that a source is connected, and how many wants it may have."""
        self._tell(Found(peer, pipeline))

    def gone(self, peer: PeerId) -> None:
        """Note that a source is not connected any more."""
        self._tell(Gone(peer))

    def heard(self, peer: PeerId, message: Answer) -> None:
        """Take an answer."""
        self._tell(Heard(peer, message))

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._tell(Tick(now_ms))

    def _tell(self, event: Event) -> None:
        if self._fetch is not None:
            self._perform(self._fetch.handle(event))

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Look(cids):
                    self._shelves.look(cids, self._tell)
                case Send(peer, message):
                    self._way.question(peer, message)
                case Keep(blocks):
                    self._keeping += 1
                    self._shelves.keep(blocks, self._kept)
                case Cut(peer, reason):
                    self._way.cut(peer, reason)
                case Done():
                    self._way.ended(self.lane)
                case Failed():
                    self._error = self._error or _error_of(action)
                    self._way.ended(self.lane)
        if self._is_over:
            self._shelves.hurry()
        self._settle()

    def _kept(self, error: TallyError | None) -> None:
        self._keeping -= 1
        self._way.kept()
        self._error = self._error or error
        if error is not None:
            self._tell(Stop())
        self._settle()

    @property
    def _is_over(self) -> bool:
        return self._fetch is not None and self._fetch.is_finished

    def _settle(self) -> None:
        """Say the end, once there is one and all that was kept is durable."""
        if self._said is None or not self._is_over or (self._keeping and self._error is None):
            return
        said, self._said = self._said, None
        said(self._error)


def _error_of(failed: Failed) -> TallyError:
    where = str((*failed.missing, *failed.roots)[0])
    if failed.is_final:
        return Damaged(failed.why, where=where, fix="ask whoever made it")
    return Unavailable(
        f"content does not come from other peers: {failed.why}",
        where=where,
        fix="try again when a peer that has it is connected",
    )
