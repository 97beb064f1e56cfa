"""A swarm: peers that fetch from one another over a network that loses, doubles and delays.

Virtual time, one seed, the real machines. What must hold is checked as it happens.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from random import Random

from engine.content.cid import RAW, Cid
from peers import fetch_events, serve_events
from peers.exchange import (
    Answer,
    Blocks,
    Cancel,
    Credit,
    DontHave,
    Message,
    WantBlocks,
    pack,
    unpack,
)
from peers.fetch import Fetch, Order
from peers.fetch_events import Done, Failed
from peers.identity import PeerId
from peers.serve import Server
from tests.peers.graphs import below

TICK_MS = 100
Lie = Callable[[Random, Answer], list[Answer]]


def peer(number: int) -> PeerId:
    """Return the name of a peer."""
    return PeerId(number.to_bytes(32, "big"))


class Node:
    """A peer: a store, what it serves, and at most one fetch."""

    def __init__(self, name: PeerId, blocks: dict[Cid, bytes], lie: Lie | None = None) -> None:
        self.name = name
        self.blocks = dict(blocks)
        self.before = frozenset(blocks)
        self.lie = lie
        self.server = Server()
        self.offered: dict[Cid, set[Cid]] = {}  # by scope: all that may be had
        self.askers: dict[Cid, PeerId | None] = {}
        self.credit: dict[tuple[PeerId, int, int], list[int]] = {}  # granted and sent
        self.fetch: Fetch | None = None
        self.end: Done | Failed | None = None
        self.cut: dict[PeerId, str] = {}
        self.pace_ms = 0  # that the network takes for what is sent in a turn
        self.served = 0  # bytes of blocks

    def offer(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        asker: PeerId | None = None,
        full: dict[Cid, bytes] | None = None,
    ) -> None:
        """Let a peer, or all, have some content, all of whose blocks are `full`."""
        self.server.handle(serve_events.Offer(scope, roots, asker))
        self.offered[scope] = below(Lenient(full or self.blocks), list(roots))
        self.askers[scope] = asker


class Lenient(dict[Cid, bytes]):
    """Blocks, where one that is missing leads nowhere: an empty map."""

    def __missing__(self, cid: Cid) -> bytes:
        return b"\xa0"


class Swarm:
    """Some nodes and the network between them."""

    def __init__(self, seed: int, *, lost: float = 0, doubled: float = 0, delay: int = 5) -> None:
        self.random = Random(seed)  # noqa: S311
        self.lost, self.doubled, self.delay = lost, doubled, delay
        self.now_ms = 0
        self.nodes: dict[PeerId, Node] = {}
        self.connected: dict[tuple[PeerId, PeerId], int] = {}  # asker, source: how often so far
        self.up: set[tuple[PeerId, PeerId]] = set()
        self.wire: list[tuple[int, int, PeerId, PeerId, int, Message]] = []
        self.planned: list[tuple[int, int, Callable[[], None]]] = []
        self.serial = 0
        self.trace = hashlib.sha256()
        self.messages = 0

    def add(self, node: Node) -> Node:
        """Have one more."""
        self.nodes[node.name] = node
        return node

    def at(self, when_ms: int, what: Callable[[], None]) -> None:
        """Have something happen."""
        self.serial += 1
        heappush(self.planned, (when_ms, self.serial, what))

    def begin(self, node: Node, order: Order) -> None:
        """Begin a fetch."""
        node.fetch = Fetch(order, self.now_ms)
        node.end = None
        self.perform_fetch(node, node.fetch.begin())

    def connect(self, node: Node, source: Node) -> None:
        """Connect an asker with a source."""
        pair = (node.name, source.name)
        self.connected[pair] = self.connected.get(pair, 0) + 1
        self.up.add(pair)
        self.to_fetch(node, fetch_events.Found(source.name))

    def part(self, node: Node, source: Node) -> None:
        """Break a connection; what is on its way is lost."""
        pair = (node.name, source.name)
        if pair in self.up:
            self.up.discard(pair)
            self.to_fetch(node, fetch_events.Gone(source.name))
            self.to_server(source, serve_events.Gone(node.name))

    def run(self, until_ms: int = 400_000) -> None:
        """Let time pass until every fetch has ended."""
        while any(node.fetch and not node.end for node in self.nodes.values()):
            assert self.now_ms <= until_ms, "a fetch does not end"
            self.step()

    def step(self) -> None:
        """Let one tick pass."""
        self.now_ms += TICK_MS
        while self.wire and self.wire[0][0] <= self.now_ms:
            _, _, asker, source, epoch, message = heappop(self.wire)
            if self.connected.get((asker, source)) == epoch and (asker, source) in self.up:
                self.deliver(self.nodes[asker], self.nodes[source], message)
        while self.planned and self.planned[0][0] <= self.now_ms:
            heappop(self.planned)[2]()
        for node in self.nodes.values():
            self.to_server(node, serve_events.Tick(self.now_ms))
            self.to_fetch(node, fetch_events.Tick(self.now_ms))

    def note(self, *what: object) -> None:
        """Add to the trace."""
        self.trace.update(repr(what).encode())

    # the network

    def send(self, asker: PeerId, source: PeerId, message: Message) -> None:
        """Put a message on the wire."""
        message = unpack(*pack(message))
        pair = (asker, source)
        if pair not in self.up:
            return
        for _ in range(1 + (self.random.random() < self.doubled)):
            if self.random.random() >= self.lost:
                self.serial += 1
                due = self.now_ms + self.random.randint(0, self.delay)
                heappush(
                    self.wire, (due, self.serial, asker, source, self.connected[pair], message)
                )

    def deliver(self, asker: Node, source: Node, message: Message) -> None:
        """Have a message arrive."""
        self.messages += 1
        self.note(self.now_ms, asker.name, source.name, type(message).__name__)
        self.note(message.cids if isinstance(message, Cancel | DontHave) else message.lane)
        if isinstance(message, Blocks | DontHave):
            self.to_fetch(asker, fetch_events.Heard(source.name, message))
            return
        if isinstance(message, WantBlocks | Credit):
            key = (asker.name, message.lane, self.connected[asker.name, source.name])
            counts = source.credit.setdefault(key, [0, 0])
            counts[0] = max(counts[0], message.granted)
        self.to_server(source, serve_events.Asked(asker.name, message))

    # the edges of a node

    def to_server(self, node: Node, event: serve_events.Event) -> None:
        """Do what the server of a node asks for."""
        todo = list(node.server.handle(event))
        while todo:
            action = todo.pop(0)
            if isinstance(action, serve_events.Load):
                todo += node.server.handle(load(node, action))
                continue
            self.check_answer(node, action)
            answers = node.lie(self.random, action.message) if node.lie else [action.message]
            for answer in answers:
                self.send(action.peer, node.name, answer)
            if action.turn is not None and node.pace_ms:
                taken = serve_events.Taken(action.turn)
                self.at(self.now_ms + node.pace_ms, partial(self.to_server, node, taken))
            elif action.turn is not None:
                todo += node.server.handle(serve_events.Taken(action.turn))

    def check_answer(self, node: Node, action: serve_events.Send) -> None:
        """Check that a server gives what may be had, within its credit."""
        if not isinstance(action.message, Blocks):
            return
        allowed: set[Cid] = set()
        for scope, cids in node.offered.items():
            if node.askers[scope] in (None, action.peer):
                allowed |= cids
        assert {cid for cid, _ in action.message.blocks} <= allowed, "served what may not be had"
        epoch = self.connected[action.peer, node.name]
        counts = node.credit[action.peer, action.message.lane, epoch]
        size = sum(len(data) for _, data in action.message.blocks)
        node.served += size
        counts[1] += size
        assert counts[1] <= counts[0], "sent more than was granted"

    def to_fetch(self, node: Node, event: fetch_events.Event) -> None:
        """Tell a fetch."""
        if node.fetch:
            self.perform_fetch(node, node.fetch.handle(event))

    def perform_fetch(self, node: Node, actions: tuple[fetch_events.Action, ...]) -> None:
        """Do what a fetch asks for."""
        todo = list(actions)
        while todo:
            action = todo.pop(0)
            match action:
                case fetch_events.Look(cids):
                    assert node.fetch
                    todo += node.fetch.handle(look(node, cids))
                case fetch_events.Send(source, message):
                    self.send(node.name, source, message)
                case fetch_events.Keep(blocks):
                    for block in blocks:
                        assert block.cid.matches(block.data), "wrong bytes were accepted"
                        assert block.cid not in node.blocks, "it was here"
                        node.blocks[block.cid] = block.data
                case fetch_events.Cut(source, reason):
                    node.cut[source] = reason
                    self.note(reason)
                    self.part(node, self.nodes[source])
                case Done() | Failed():
                    assert node.end is None
                    node.end = action
                    self.note(action)


def load(node: Node, action: serve_events.Load) -> serve_events.Loaded:
    """Read what a server asks for, as a store does."""
    blocks: list[tuple[Cid, bytes]] = []
    left = action.most_bytes
    for cid in action.cids:
        if cid in node.blocks:
            left -= len(node.blocks[cid])
            if left < 0:
                break
            blocks.append((cid, node.blocks[cid]))
    absent = [cid for cid in action.cids if cid not in node.blocks]
    return serve_events.Loaded(action.turn, blocks, absent)


def look(node: Node, cids: tuple[Cid, ...]) -> fetch_events.Looked:
    """Say what is here."""
    here = [
        (cid, b"" if cid.codec == RAW else node.blocks[cid]) for cid in cids if cid in node.blocks
    ]
    return fetch_events.Looked(here, [cid for cid in cids if cid not in node.blocks])


# what liars do


def corrupt(random: Random, answer: Answer) -> list[Answer]:
    """Change a byte now and then."""
    if not isinstance(answer, Blocks) or random.random() < 0.5:
        return [answer]
    cid, data = answer.blocks[0]
    wrong = bytes([data[0] ^ 1]) + data[1:]
    return [Blocks(answer.lane, answer.sent, ((cid, wrong), *answer.blocks[1:]))]


def deny(_: Random, answer: Answer) -> list[Answer]:
    """Have nothing."""
    if isinstance(answer, Blocks):
        return [DontHave(answer.lane, tuple(cid for cid, _ in answer.blocks))]
    return [answer]


def mute(_: Random, __: Answer) -> list[Answer]:
    """Say nothing at all."""
    return []


def withhold(_: Random, answer: Answer) -> list[Answer]:
    """Leave out each block whose name ends in a low number, and count as if it had been sent."""
    if not isinstance(answer, Blocks):
        return [answer]
    kept = tuple(block for block in answer.blocks if block[0][-1] > 40)
    return [Blocks(answer.lane, answer.sent, kept)] if kept else []


def exceed(_: Random, answer: Answer) -> list[Answer]:
    """Count far more than was granted."""
    return (
        [Blocks(answer.lane, answer.sent + 2**40, answer.blocks)]
        if isinstance(answer, Blocks)
        else [answer]
    )


def flood(random: Random, answer: Answer) -> list[Answer]:
    """Send, with what was asked for, what was not."""
    if not isinstance(answer, Blocks):
        return [answer]
    data = random.randbytes(100)
    return [Blocks(answer.lane, answer.sent, (*answer.blocks, (Cid.of(RAW, data), data)))]


LIES: tuple[Lie, ...] = (corrupt, deny, mute, withhold, exceed, flood)
