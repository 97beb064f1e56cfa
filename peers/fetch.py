"""Fetch: has all that some roots lead to brought here, from several sources at once. Pure.

It is told what became true and answers with what should be done; whoever drives it performs the
actions in their order, and what is kept is stored before the next event. What is here already is
never asked for, unless the order says so: a fetch that was cut short is resumed by beginning it
again.

Every block is checked against its name before anything else happens to it, and only names that such
blocks link to are ever asked for.

>>> from engine.content.cid import RAW
>>> data = b"a"
>>> root = Cid.of(RAW, data)
>>> fetch = Fetch(Order(lane=1, scope=root, roots=(root,)), now_ms=0)
>>> fetch.begin()[0].cids == (root,)
True
>>> fetch.handle(Looked(here=(), absent=(root,)))
()
>>> peer = PeerId(bytes(32))
>>> fetch.handle(Found(peer))[0].message.cids == (root,)
True
>>> [type(action).__name__ for action in fetch.handle(Heard(peer, Blocks(1, 1, ((root, data),))))]
['Keep', 'Send', 'Done']
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from engine.content.blocks import Checked
from engine.content.cid import Cid
from engine.content.frontier import Frontier
from engine.content.links import STRANGER, Bounds
from engine.errors import Damaged
from engine.values import dataclass
from peers.exchange import MAX_CIDS, Blocks, Cancel, Claimed, Credit, DontHave, Question, WantBlocks
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
    Looked,
    Send,
    Stop,
    Tick,
)
from peers.identity import PeerId
from peers.patience import Patience
from peers.source import Source
from peers.wants import Wants

TWICE_MS: Final = 1_000  # at the end, what is wanted for so long is asked of another too
AT_END: Final = 64  # blocks asked of a second source at a time
MAX_SOURCES: Final = 64  # of one fetch; more bring nothing
MAX_FETCH: Final = 2**40  # bytes, when nobody has said how many there are


@dataclass(frozen=True, slots=True)
class Order:
    """What to fetch."""

    lane: int  # a number that no other fetch of this peer has
    scope: Cid  # by which a source may give it
    roots: tuple[Cid, ...]
    most_bytes: int = MAX_FETCH  # of the blocks that are fetched
    bounds: Bounds = STRANGER
    skip: frozenset[Cid] = frozenset()  # neither fetched nor followed
    is_anew: bool = False  # fetched though it is here: who gives it shows that it has it
    is_shallow: bool = False  # the roots alone, and nothing that they lead to


class Fetch:
    """One order."""

    def __init__(self, order: Order, now_ms: int) -> None:
        self._order = order
        self._now_ms = now_ms
        self._patience = Patience(now_ms)
        self._frontier = Frontier(order.roots, order.bounds, order.skip)
        self._unlooked = deque(dict.fromkeys(order.roots))
        self._looking: dict[Cid, None] = {}
        self._wants = Wants()
        self._sources: dict[PeerId, Source] = {}
        self._cut: set[PeerId] = set()
        self.came_bytes = 0  # of the blocks that were wanted
        self._finished = False
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Found: self._on_found,
            Gone: self._on_gone,
            Heard: self._on_heard,
            Looked: self._on_looked,
            Tick: self._on_tick,
            Stop: self._on_stop,
        }

    @property
    def is_finished(self) -> bool:
        """Whether it has ended: Done or Failed was returned."""
        return self._finished

    def is_refused_by(self, peers: Collection[PeerId]) -> bool:
        """Return whether each of these has said that it has not what is wanted."""
        if any(peer not in self._sources and peer not in self._cut for peer in peers):
            return False
        asked = [peer for peer in peers if peer not in self._cut]
        return self._wants.are_refused(asked, self._now_ms)

    def begin(self) -> tuple[Action, ...]:
        """Return the first actions."""
        return self._settle()

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take what became true and return what should be done; nothing once it has ended."""
        if self._finished:
            return ()
        self._handlers[type(event)](event)
        return self._settle()

    # what became true

    def _on_found(self, event: Found) -> None:
        self._leave(event.peer)
        if event.peer not in self._cut and len(self._sources) < MAX_SOURCES:
            self._sources[event.peer] = Source(event.peer, self._now_ms, event.pipeline)

    def _on_gone(self, event: Gone) -> None:
        self._leave(event.peer)

    def _on_heard(self, event: Heard) -> None:
        source = self._sources.get(event.peer)
        if source is None or event.message.lane != self._order.lane:
            return
        if isinstance(event.message, Blocks):
            self._on_blocks(source, event.message)
        else:
            self._on_dont_have(source, event.message)
        self._pass_over(source, source.overdue())

    def _on_blocks(self, source: Source, message: Blocks) -> None:
        size = message.size
        wrong = source.account(message.sent, size)
        if wrong is None:
            return
        kept: list[Checked] = []
        for claimed in message.blocks:
            wrong = wrong or self._take(source, claimed, kept)
        if kept:
            self._patience.progress(self._now_ms)
            self._actions.append(Keep(tuple(kept)))
        for block in kept:
            self._learn(block.cid, block.data)
        if wrong:
            self._blame(source, wrong)
        elif source.top_up():
            self._send(source, Credit(self._order.lane, source.granted))

    def _take(self, source: Source, claimed: Claimed, kept: list[Checked]) -> str:
        """Take a block if it is wanted; return what is wrong with the source that sent it."""
        cid, data = claimed
        self._wants.answered(source, cid, self._now_ms)
        if cid not in self._wants:
            return "it sends what nobody asked for" if source.of_no_use(len(data)) else ""
        block = Checked.of(cid, data)
        if block is None:
            self._wants.again(cid)
            return f"it sent bytes that are not {cid}"
        if self._wants.came(cid):
            self._recall(cid)
        self.came_bytes += len(data)
        kept.append(block)
        source.of_use()
        return ""

    def _on_dont_have(self, source: Source, message: DontHave) -> None:
        for cid in message.cids:
            if self._wants.answered(source, cid, self._now_ms):
                source.refused(self._now_ms)
                self._wants.shun(cid, source.peer, self._now_ms)

    def _on_looked(self, event: Looked) -> None:
        for cid, data in event.here:
            if cid in self._looking:
                del self._looking[cid]
                self._patience.progress(self._now_ms)
                self._learn(cid, data)
        for cid in event.absent:
            if cid in self._looking:
                del self._looking[cid]
                self._wants.add(cid)

    def _on_tick(self, event: Tick) -> None:
        self._now_ms = max(self._now_ms, event.now_ms)
        for source in self._sources.values():
            source.measure(self._now_ms)
            if source.is_silent(self._now_ms):
                self._give_back(source)
                source.put_aside(self._now_ms)
        self._place()
        self._ask_twice()

    def _on_stop(self, _: Stop) -> None:
        self._fail("it is not wanted any more")

    # what follows

    def _settle(self) -> tuple[Action, ...]:
        if not self._finished:
            self._look()
            self._place()
            self._judge()
        actions = tuple(self._actions)
        self._actions.clear()
        return actions

    def _learn(self, cid: Cid, data: bytes) -> None:
        if self._finished or self._order.is_shallow:
            return
        try:
            self._unlooked += self._frontier.learn(cid, data)
        except Damaged as damaged:  # its name says that whoever made the content made it so
            self._fail(f"{damaged.what} ({cid})", is_final=True)

    def _look(self) -> None:
        while self._order.is_anew and self._unlooked:
            self._wants.add(self._unlooked.popleft())
        if not self._looking and self._unlooked:
            count = min(len(self._unlooked), MAX_CIDS)
            cids = tuple(self._unlooked.popleft() for _ in range(count))
            self._looking.update(dict.fromkeys(cids))
            self._actions.append(Look(cids))

    def _place(self) -> None:
        """Ask sources for what is ready: first each for its share, then for what is left over."""
        sources = [source for source in self._sources.values() if source.is_open(self._now_ms)]
        if not sources or not self._wants.ready:
            return
        sources.sort(key=lambda source: len(source.flight))
        drawn: dict[PeerId, list[Cid]] = {source.peer: [] for source in sources}
        for share in (-(-self._wants.ready // len(sources)), MAX_CIDS):
            for source in sources:
                room = min(source.room() - len(drawn[source.peer]), share)
                if room > 0 and self._wants.ready:
                    drawn[source.peer] += self._wants.draw(source.peer, room, self._now_ms)
        for source in sources:
            self._ask(source, drawn[source.peer])

    def _ask_twice(self) -> None:
        """At the end, ask those with nothing to do for what others are long in sending."""
        before_ms = self._now_ms - TWICE_MS
        for source in self._sources.values():
            if source.is_open(self._now_ms) and not source.flight:
                late = [
                    cid
                    for other in self._sources.values()
                    for cid in self._wants.late(other, source.peer, before_ms, self._now_ms)
                ]
                self._ask(source, late[-AT_END:])

    def _ask(self, source: Source, cids: list[Cid]) -> None:
        if cids:
            source.top_up()
            self._wants.ask(source, cids, self._now_ms)
            scope, granted = self._order.scope, source.granted
            self._send(source, WantBlocks(self._order.lane, scope, tuple(cids), granted))

    def _judge(self) -> None:
        if self._finished:
            return
        if self.came_bytes > self._order.most_bytes:
            self._fail(f"it is over {self._order.most_bytes} bytes", is_final=True)
        elif not self._wants and not self._looking and not self._unlooked:
            self._finish(Done(self._order.roots))
        elif self._looking:
            self._patience.busy(self._now_ms)
        elif any(source.is_busy for source in self._sources.values()):
            self._patience.progress(self._now_ms)
            self._patience.busy(self._now_ms)
        elif self._wants.are_asked or any(s.may_return() for s in self._sources.values()):
            self._patience.busy(self._now_ms)
            if self._patience.is_spent(self._now_ms):
                self._fail("no block came for too long")
        elif self._patience.is_alone(self._now_ms):
            self._fail("no source has it" if self._sources else "there is no source")

    # sources

    def _send(self, source: Source, message: Question) -> None:
        self._actions.append(Send(source.peer, message))

    def _withdraw(self, source: Source, cids: Iterable[Cid]) -> tuple[Cid, ...]:
        gone = tuple(cid for cid in cids if self._wants.withdraw(source, cid))
        if gone:
            self._send(source, Cancel(self._order.lane, gone))
        return gone

    def _recall(self, cid: Cid) -> None:
        """What came from one source is not wanted of others."""
        for source in self._sources.values():
            self._withdraw(source, (cid,))

    def _pass_over(self, source: Source, cids: list[Cid]) -> None:
        for cid in self._withdraw(source, cids):
            self._wants.shun(cid, source.peer, self._now_ms)

    def _give_back(self, source: Source) -> None:
        """Ask others for what a source was asked."""
        for cid in self._withdraw(source, list(source.flight)):
            self._wants.again(cid)

    def _leave(self, peer: PeerId) -> None:
        if source := self._sources.pop(peer, None):
            for cid in list(source.flight):
                self._wants.withdraw(source, cid)
                self._wants.again(cid)

    def _blame(self, source: Source, reason: str) -> None:
        self._cut.add(source.peer)
        self._leave(source.peer)
        self._actions.append(Cut(source.peer, reason))

    # the end

    def _fail(self, why: str, *, is_final: bool = False) -> None:
        missing = [*self._wants, *self._looking, *self._unlooked][:MAX_CIDS]
        self._finish(Failed(self._order.roots, tuple(missing), why, is_final))

    def _finish(self, end: Done | Failed) -> None:
        self._finished = True
        for source in self._sources.values():
            self._send(source, Cancel(self._order.lane, ()))
        self._actions.append(end)
