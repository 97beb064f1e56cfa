"""Watch: looks whether a requester waits for providers that are gone."""

from typing import TYPE_CHECKING, NamedTuple

from engine.content.cid import Cid
from peers.identity import PeerId

if TYPE_CHECKING:
    from tests.simulation.peer import Life, Peer


class Held(NamedTuple):
    """An open step that some providers have."""

    step: Cid
    providers: frozenset[PeerId]
    is_fetched: bool  # one of them said what came out


class Watch:
    """That of one life: what its requester may know, and what is so."""

    def __init__(self, life: "Life", peer: "Peer") -> None:
        self._life = life
        self._peer = peer
        self._since_ms = peer.agenda.now_ms
        self._reached_ms: dict[PeerId, int] = {}  # when somebody could be reached last
        self._lined_ms: dict[PeerId, int] = {}  # when there was a line last

    def met(self, peer: PeerId) -> None:
        """Note that a line was made, however short."""
        self._reached_ms[peer] = self._lined_ms[peer] = self._peer.agenda.now_ms

    def tick(self) -> None:
        """Look, once a second."""
        now_ms = self._peer.agenda.now_ms
        held = [*self._life.held()]
        if not held:
            self._since_ms = now_ms
            self._reached_ms.clear()
            self._lined_ms.clear()
            return
        reached = self._peer.network.reached(self._peer.name)
        self._reached_ms |= dict.fromkeys(reached, now_ms)
        lined = [peer for peer in self._peer.network.hosts if self._life.post.wires(peer)]
        self._lined_ms |= dict.fromkeys(lined, now_ms)
        for step, providers, is_fetched in held:
            silent_ms = min(now_ms - self._reached_ms.get(one, self._since_ms) for one in providers)
            lineless_ms = min(now_ms - self._lined_ms.get(one, self._since_ms) for one in providers)
            self._peer.promises.waits(step, silent_ms, lineless_ms, is_fetched=is_fetched)
