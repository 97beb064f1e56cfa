"""Rendezvous: how peers of one network find each other on IPFS. Events in, actions out. Pure.

All peers of a network have one block, whose CID follows from the network's name, and their IPFS
nodes tell the world that they have it. So who has the name finds the nodes, asks each who is there,
and dials: where that peer says that it listens, and at last by the streams of the two nodes.

Anybody can say that they have a block. So what is found is only asked, few at a time, and less and
less often when nobody answers.

>>> rendezvous = Rendezvous(me)                                           # doctest: +SKIP
>>> rendezvous.handle(Ready("12D3KooW..."))                               # doctest: +SKIP
(Provide(),)
"""

from collections.abc import Callable
from typing import Any, Final

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers.identity import Address, PeerId
from peers.luck import Luck
from peers.network_name import MAX_NAME, is_name
from peers.rendezvous_events import (
    Action,
    Ask,
    Away,
    Dial,
    Down,
    Event,
    Look,
    Looked,
    Provide,
    Provided,
    Ready,
    Silent,
    Tick,
    Told,
    Unanswered,
    Up,
)
from peers.suitors import Suitors

SOON_MS: Final = 3_000  # to the second look, or try; the wait then doubles
PROVIDE_MS: Final = 11 * 3600_000  # a record of who has a block is forgotten after a day or two
ALONE_MS: Final = 30 * 60_000  # while nobody is connected, who may have looked where we were not
LONGEST_MS: Final = 15 * 60_000  # between two looks, or tries to be provided, when alone
SETTLED_MS: Final = 60 * 60_000  # between two looks when some are connected
FEW: Final = 4  # peers: from so many on, others are heard of from them
FAILURES: Final = 12  # that are counted: 3 s doubled so often is past everything above

DIAL_MS: Final = 8_000  # for a peer to be connected; then its next address is tried
MAX_WOOED: Final = 8  # peers that are dialled at one time


@dataclass(frozen=True, slots=True)
class Meeting:
    """What all peers of a network have: its block says the name and nothing else."""

    network: str


def _check(meeting: Meeting) -> None:
    if not is_name(meeting.network):
        raise Damaged(f"the name of a network is 1 to {MAX_NAME} printable characters")


MEETING: Final = Record("tallystick/rendezvous/1", Meeting, _check)


def block_of(network: str) -> Block:
    """Return the block that all peers of a network have.

    Raises: ValueError for what is no name of one.
    """
    data = MEETING.encode(Meeting(network))
    return Block(Cid.of(DAG_CBOR, data), data)


class Rendezvous:
    """Whom one peer has found on IPFS."""

    def __init__(self, me: PeerId) -> None:
        self._me = me
        self._node = ""  # ours, while it is there
        self._now_ms = 0
        self._luck = Luck(0)
        self._connected: set[PeerId] = set()
        self._suitors = Suitors()
        self._wooed: dict[PeerId, tuple[Address, ...]] = {}  # what is left to be dialled
        self._since: dict[PeerId, int] = {}  # when each of those was last dialled
        self._busy: set[type] = set()  # Provide, Look: one of each at a time
        self._due: dict[type, int] = {Provide: 0, Look: 0}
        self._failures: dict[type, int] = {Provide: 0, Look: 0}
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Tick: self._on_tick,
            Ready: self._on_ready,
            Away: self._on_away,
            Provided: self._on_provided,
            Looked: self._on_looked,
            Told: self._on_told,
            Silent: self._on_silent,
            Up: self._on_up,
            Down: self._on_down,
            Unanswered: self._on_unanswered,
        }

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take what happened and return what should be done."""
        self._handlers[type(event)](event)
        actions, self._actions = tuple(self._actions), []
        return actions

    def found(self) -> dict[str, PeerId | None]:
        """Return the nodes that were found, and who is at each as far as that is known."""
        return self._suitors.all()

    def _on_tick(self, event: Tick) -> None:
        self._now_ms, self._luck = event.now_ms, Luck(event.luck)
        for peer in [one for one, at in self._since.items() if event.now_ms >= at + DIAL_MS]:
            self._dial_next(peer)
        if not self._node:
            return
        for kind in (Provide, Look):
            if kind not in self._busy and event.now_ms >= self._due[kind]:
                self._busy.add(kind)
                self._actions.append(kind())
        if len(self._wooed) < MAX_WOOED:
            due = self._suitors.due(self._now_ms, self._luck, self._connected)
            self._actions += map(Ask, due)

    def _on_ready(self, event: Ready) -> None:
        if event.node != self._node:
            self._node = event.node
            self._suitors.forget(event.node)
            for kind in (Provide, Look):  # it may be another one, and forgets what it was told
                self._due[kind], self._failures[kind] = 0, 0

    def _on_away(self, _: Away) -> None:
        self._node = ""

    def _on_provided(self, event: Provided) -> None:
        longest = PROVIDE_MS if event.done else LONGEST_MS
        if event.done and not self._connected:
            longest = ALONE_MS
        if event.done and self._failures[Provide]:  # our node has found others only now
            self._due[Look], self._failures[Look] = self._now_ms, 0
        self._again(Provide, longest, failed=not event.done)

    def _on_looked(self, event: Looked) -> None:
        settled = len(self._connected) >= FEW
        self._again(Look, SETTLED_MS if settled else LONGEST_MS, failed=not settled)
        nodes = sorted((event.found or frozenset()) - {self._node})
        self._suitors.seen(self._luck.some(nodes, len(nodes)), self._now_ms)

    def _again(self, kind: type, longest_ms: int, *, failed: bool) -> None:
        """Have something done again later; soon, and then less often, what failed."""
        self._busy.discard(kind)
        failures = self._failures[kind]
        wait = min(SOON_MS << failures, longest_ms) if failed else longest_ms
        self._failures[kind] = min(failures + 1, FAILURES) if failed else 0
        self._due[kind] = self._now_ms + wait - self._luck.below(wait // 4)

    def _on_told(self, event: Told) -> None:
        peer = event.addresses[0].peer
        if peer == self._me:
            self._suitors.failed(event.node, self._now_ms, self._luck)
            return
        self._suitors.told(event.node, peer, self._now_ms, self._luck)
        if peer not in self._connected and peer not in self._wooed:
            self._wooed[peer] = event.addresses
            self._dial_next(peer)

    def _on_silent(self, event: Silent) -> None:
        self._suitors.failed(event.node, self._now_ms, self._luck)

    def _on_up(self, event: Up) -> None:
        self._connected.add(event.peer)
        self._wooed.pop(event.peer, None)
        self._since.pop(event.peer, None)
        self._suitors.met(event.peer)

    def _on_down(self, event: Down) -> None:
        self._connected.discard(event.peer)
        if not self._connected:  # alone again: others may have come
            self._due[Look], self._failures[Look] = self._now_ms + SOON_MS, 0

    def _on_unanswered(self, event: Unanswered) -> None:
        if event.peer in self._wooed:
            self._dial_next(event.peer)

    def _dial_next(self, peer: PeerId) -> None:
        left = self._wooed.get(peer, ())
        if left:
            self._wooed[peer] = left[1:]
            self._since[peer] = self._now_ms
            self._actions.append(Dial(left[0]))
        else:
            self._wooed.pop(peer, None)
            self._since.pop(peer, None)
