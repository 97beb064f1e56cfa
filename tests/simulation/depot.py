"""Depot: what a peer fetches from others and gives to them: the real machines, real messages."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial

from engine.content.cid import RAW, Cid
from peers import fetch_events, serve_events
from peers.exchange import Answer, Blocks, DontHave, pack, unpack
from peers.fetch import Fetch, Order
from peers.identity import PeerId
from peers.serve import Server
from tests.simulation.disk import Writer
from tests.simulation.network import Wire
from tests.simulation.post import Post

AT_ONCE = 8  # fetches from one source; the others wait

Lie = Callable[[Answer], list[Answer]]
Done = Callable[[str], None]  # told "" when all is here and durable, or why it is not


class Fetching:
    """One fetch, which may be waiting for its turn."""

    def __init__(self, order: Order, source: PeerId, done: Done) -> None:
        self.order = order
        self.source = source
        self.done = done
        self.machine: Fetch | None = None


class Depot:
    """One life's."""

    def __init__(self, post: Post, writer: Writer, now_ms: Callable[[], int], lie: Lie) -> None:
        self.blame: Callable[[PeerId, str], None] = lambda *_: None
        self._post = post
        self._writer = writer
        self._now_ms = now_ms
        self._lie = lie
        self._server = Server()
        self._wires: dict[PeerId, Wire] = {}  # the one that content goes by
        self._fetches: dict[int, Fetching] = {}
        self._waiting: dict[PeerId, deque[Fetching]] = {}
        self._busy: Counter[PeerId] = Counter()
        self._lanes = 0

    def offer(
        self,
        scope: Cid,
        roots: Iterable[Cid],
        asker: PeerId,
        without: frozenset[Cid] = frozenset(),
    ) -> None:
        """Let a peer have what roots lead to."""
        self._serve(serve_events.Offer(scope, tuple(roots), asker, without))

    def withdraw(self, scope: Cid) -> None:
        """Let nobody have it any more."""
        self._serve(serve_events.Withdraw(scope))

    def fetch(self, scope: Cid, roots: tuple[Cid, ...], source: PeerId, done: Done) -> Fetching:
        """Have all brought here that roots lead to."""
        self._lanes += 1
        fetching = Fetching(Order(self._lanes, scope, roots), source, done)
        self._waiting.setdefault(source, deque()).append(fetching)
        self._begin(source)
        return fetching

    def stop(self, fetching: Fetching) -> None:
        """Have it no longer."""
        waiting = self._waiting.get(fetching.source, ())
        if fetching in waiting:
            waiting.remove(fetching)
        elif fetching.machine:
            fetching.done = lambda _: None
            self._tell(fetching, fetch_events.Stop())

    @property
    def is_busy(self) -> bool:
        """Whether anything is being fetched."""
        return bool(self._fetches)

    # a part

    def opened(self, wire: Wire, peer: PeerId) -> None:
        """Use the first connection with a peer."""
        if peer not in self._wires:
            self._use(wire, peer)

    def closed(self, wire: Wire, peer: PeerId) -> None:
        """Use another."""
        if self._wires.get(peer) is not wire:
            return
        del self._wires[peer]
        self._serve(serve_events.Gone(peer))
        self._tell_all(peer, fetch_events.Gone(peer))
        if others := self._post.wires(peer):
            self._use(others[0], peer)

    def came(self, wire: Wire, peer: PeerId, kind: int, body: bytes) -> None:
        """Take a message about content."""
        message = unpack(kind, body)
        if self._wires.get(peer) is not wire:
            return  # both sides dialled at once, and each prefers its own
        if not isinstance(message, Blocks | DontHave):
            self._serve(serve_events.Asked(peer, message))
        elif fetching := self._fetches.get(message.lane):
            self._tell(fetching, fetch_events.Heard(peer, message))

    def tick(self) -> None:
        """Tell the time."""
        now_ms = self._now_ms()
        self._serve(serve_events.Tick(now_ms))
        for fetching in tuple(self._fetches.values()):
            self._tell(fetching, fetch_events.Tick(now_ms))

    # fetching

    def _use(self, wire: Wire, peer: PeerId) -> None:
        self._wires[peer] = wire
        self._tell_all(peer, fetch_events.Found(peer))

    def _begin(self, source: PeerId) -> None:
        waiting = self._waiting[source]
        while waiting and self._busy[source] < AT_ONCE:
            fetching = waiting.popleft()
            self._busy[source] += 1
            fetching.machine = Fetch(fetching.order, self._now_ms())
            self._fetches[fetching.order.lane] = fetching
            self._perform(fetching, fetching.machine.begin())
            if fetching.source in self._wires:
                self._tell(fetching, fetch_events.Found(fetching.source))

    def _tell_all(self, source: PeerId, event: fetch_events.Event) -> None:
        for fetching in tuple(self._fetches.values()):
            if fetching.source == source:
                self._tell(fetching, event)

    def _tell(self, fetching: Fetching, event: fetch_events.Event) -> None:
        self._perform(fetching, fetching.machine.handle(event))

    def _perform(self, fetching: Fetching, actions: tuple[fetch_events.Action, ...]) -> None:
        for action in actions:
            match action:
                case fetch_events.Look(cids):
                    self._tell(fetching, self._look(cids))
                case fetch_events.Send(peer, message):
                    if wire := self._wires.get(peer):
                        self._post.tell(wire, *pack(message))
                case fetch_events.Keep(blocks):
                    self._writer.put((block.cid, block.data) for block in blocks)
                case fetch_events.Cut(peer, reason):
                    self.blame(peer, reason)
                case fetch_events.Done():
                    self._end(fetching)
                    self._writer.flush(partial(fetching.done, ""))
                case fetch_events.Failed(why=why):
                    self._end(fetching)
                    fetching.done(why)

    def _end(self, fetching: Fetching) -> None:
        del self._fetches[fetching.order.lane]
        self._busy[fetching.source] -= 1
        self._begin(fetching.source)

    def _look(self, cids: tuple[Cid, ...]) -> fetch_events.Looked:
        found = [(cid, self._writer.get(cid)) for cid in cids]
        here = [(cid, b"" if cid.codec == RAW else data) for cid, data in found if data is not None]
        return fetch_events.Looked(here, [cid for cid, data in found if data is None])

    # serving

    def _serve(self, event: serve_events.Event) -> None:
        for action in self._server.handle(event):
            match action:
                case serve_events.Load():
                    self._serve(self._load(action))
                case serve_events.Send(peer, message, turn):
                    wire = self._wires.get(peer)
                    for answer in self._lie(message) if wire else ():
                        self._post.tell(wire, *pack(answer))
                    if turn is not None:
                        self._serve(serve_events.Taken(turn))

    def _load(self, action: serve_events.Load) -> serve_events.Loaded:
        found = [(cid, self._writer.get(cid)) for cid in action.cids]
        blocks = [(cid, data) for cid, data in found if data is not None]
        return serve_events.Loaded(
            action.turn, blocks, [cid for cid, data in found if data is None]
        )


def honest(answer: Answer) -> list[Answer]:
    """Say what is to be said."""
    return [answer]
