"""Peers who gossip, for tests: messages take no time, and some are lost."""

from collections import deque
from random import Random

from peers.catalogue_events import Action, Drop, Event, Keep, Read, Tell, Told, Up
from peers.gossip import Gossip
from peers.identity import PeerId
from peers.listing_events import (
    Ask,
    Asked,
    Down,
    Learned,
    List,
    Listed,
    Refuse,
    Show,
    Tick,
    Unanswered,
    Want,
    Wanted,
)
from peers.posting import Posting
from tests.peers.catalogues import HOUR_MS, NOW_MS
from tests.peers.keys import identity

TICK_MS = 100
MONTH_MS = 30 * 24 * HOUR_MS
READ: dict[bytes, Posting] = {}


class Town:
    """Peers who gossip; messages take no time, and some are lost."""

    def __init__(self, count: int, seed: int, loss: float = 0.0, links: int = 3) -> None:
        self.random = Random(seed)  # noqa: S311 - to repeat it
        self.loss = loss
        self.ms = 0
        self.members = {identity(n + 1).peer: Gossip(identity(n + 1).peer, n) for n in range(count)}
        self.links: set[frozenset[PeerId]] = set()
        self.sent: list[Action] = []
        peers = [*self.members]
        for at, peer in enumerate(peers[1:], 1):
            for other in self.random.sample(peers[:at], min(links, at)):
                self.link(peer, other)

    def link(self, one: PeerId, other: PeerId) -> None:
        """Connect two."""
        self.links.add(frozenset((one, other)))
        self._tell(one, Up(other, str(other)))
        self._tell(other, Up(one, str(one)))

    def part(self, one: PeerId, other: PeerId) -> None:
        """Disconnect two."""
        self.links.discard(frozenset((one, other)))
        self._tell(one, Down(other))
        self._tell(other, Down(one))

    def publish(self, peer: PeerId, *postings: Posting) -> None:
        """Have a home's file hold something."""
        READ.update((one.data, one) for one in postings)
        self._tell(
            peer, Read(tuple((one, "") for one in postings), frozenset(), frozenset(), frozenset())
        )

    def run(self, ms: int, tick_ms: int = TICK_MS) -> None:
        """Let time pass."""
        for _ in range(ms // tick_ms):
            self.ms += tick_ms
            for peer in self.members:
                self._tell(peer, Tick(NOW_MS + self.ms, self.ms, self.random.getrandbits(64)))

    def held(self) -> list[frozenset[bytes]]:
        """Return what each has."""
        return [frozenset(p.cid.digest for p in one.catalogue) for one in self.members.values()]

    def _tell(self, peer: PeerId, event: Event) -> None:
        queue = deque([(peer, event)])
        while queue:
            whom, what = queue.popleft()
            for action in self.members[whom].handle(what):
                self.sent.append(action)
                if (heard := self._heard(whom, action)) is not None:
                    queue.append(heard)

    def _heard(self, by: PeerId, action: Action) -> tuple[PeerId, Event] | None:
        if isinstance(action, Keep | Drop | Refuse):
            return None
        if frozenset((by, action.to)) not in self.links or self.random.random() < self.loss:
            asker = by if isinstance(action, Ask | Want) else action.to
            about = action.to if asker == by else by
            return None if isinstance(action, Tell) else (asker, Unanswered(about))
        match action:
            case Ask(to, cursor):
                return to, Asked(by, cursor)
            case List(to, page):
                return to, Listed(by, page)
            case Want(to, names):
                return to, Wanted(by, names)
            case Show(to, datas):
                return to, Learned(tuple(READ[data] for data in datas), by)
            case Tell(to):
                return to, Told(by)
