"""Herald: the part of a node that has its catalogue: speaks with other peers for it, and keeps it.

It drives gossip (gossip.py). With a peer of a version that has no catalogue it does not speak. What
a command of the same user announces is in the file: it looks there when it is told to, and now and
then; and gives what this home announced more time before it expires.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

from engine.content.cid import Cid
from engine.errors import Damaged
from peers import plain, posting
from peers.allowance import Allowance, Rate
from peers.catalogue import Name
from peers.catalogue_desk import CatalogueDesk
from peers.catalogue_events import Drop, Event, Keep, Read, Tell, Told, Up
from peers.catalogue_file import Kept
from peers.catalogue_keeper import CatalogueKeeper, Seen
from peers.catalogue_messages import News, pack, unpack
from peers.changes import Cursor, Page
from peers.connection import Channel, Connection
from peers.envelope import WITH_CATALOGUE, Role
from peers.errors import RemoteFault
from peers.gate import household
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
from peers.listing_messages import Shown, Wants
from peers.node_ground import Ground
from peers.posting import Posting, key_of

ANSWER_MS: Final = 15_000  # for a page
TICK_MS: Final = 100
RATE: Final = Rate(messages=80, size=8 * 1024**2)  # a second, of and for one peer: thrice its needs


class Herald:
    """What a node knows of Open Resources. For its one thread; a Part."""

    def __init__(
        self,
        ground: Ground,
        me: PeerId,
        keeper: CatalogueKeeper,
        named: Callable[[], frozenset[PeerId]],
    ) -> None:
        """Take what keeps the file, and who says whom the user named."""
        self._me = me
        self.gossip = Gossip(me, secrets.randbits(63))
        self._mail, self._clock, self._log = ground.mail, ground.clock, ground.log
        self._named = named
        self._desk = CatalogueDesk(keeper, ground.wake, ground.log, self._seen)
        self._lines: dict[PeerId, dict[Connection, Allowance]] = {}  # to who has a catalogue
        self._answering: tuple[Connection, bytes] | None = None
        self._asked: dict[bytes, PeerId] = {}  # requests of ours that have no answer
        self._tick_ms = 0
        self._doers: dict[type, Callable[[Any], None]] = {
            Ask: self._ask,
            Want: self._ask,
            List: self._reply,
            Show: self._reply,
            Tell: self._tell,
            Keep: lambda action: self._desk.keep(Kept(action.posting, action.source)),
            Drop: lambda action: self._desk.drop(action.keys),
            Refuse: lambda action: self._log("not taken", peer=action.peer, why=action.why),
        }

    def look(self) -> None:
        """Look at the file soon: something was published or endorsed."""
        self._desk.hurry()

    def status(self) -> dict[str, int]:
        """Return what there is to be said of the catalogue."""
        return self.gossip.catalogue.status()

    def tellers(self, release: Cid) -> tuple[PeerId, ...]:
        """Return who else says that it had a Release: who announces it, then who ran it again."""
        keys = (key_of(one) for one in self.gossip.catalogue)
        found = [key for key in keys if key.release == release and key.signer != self._me]
        found.sort(key=lambda key: key.kind != "announcement")
        return tuple(dict.fromkeys(key.signer for key in found))

    def close(self) -> None:
        """Write what is to be written, and close the file."""
        self._desk.close()

    # Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Hear of a session."""
        if connection.channel is not Channel.CONTROL:
            return
        if self._mail.version(connection) < WITH_CATALOGUE:
            return
        lines = self._lines.setdefault(peer, {})
        lines[connection] = Allowance(RATE, self._clock.monotonic_ms())
        if len(lines) == 1:
            self._handle(Up(peer, self._source(connection, peer)))

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Hear that a session has ended."""
        lines = self._lines.get(peer, {})
        if lines.pop(connection, None) is None:
            return
        self._asked = {key: whom for key, whom in self._asked.items() if whom != peer}
        if lines:
            self._handle(Unanswered(peer))
        else:
            del self._lines[peer]
            self._handle(Down(peer))

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about the catalogue."""
        allowance = self._lines.get(peer, {}).get(connection)
        if allowance is None:
            raise RemoteFault(f"type {kind} on a line for blocks, or of a version without it")
        self._asked.pop(key, None)
        if role is not Role.ANSWER:
            self._spend(allowance, len(body))
        self._answering = connection, key
        match heard := unpack(kind, plain.unpack(body)):
            case Cursor():
                self._handle(Asked(peer, heard))
            case Page():
                self._handle(Listed(peer, heard))
            case Wants(names):
                self._handle(Wanted(peer, names))
            case Shown(datas):
                self._handle(Learned(tuple(map(_read, datas)), peer))
            case News():
                self._handle(Told(peer))

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Go on with others; this one is asked again later."""
        if self._asked.pop(key, None):
            self._handle(Unanswered(peer))

    def tick(self, now_ms: int) -> None:
        """Take the time, every 50 ms or so."""
        if now_ms < self._tick_ms + TICK_MS:
            return
        self._tick_ms = now_ms
        wall_ms = self._clock.now_ms()
        self._handle(Tick(wall_ms, now_ms, secrets.randbits(64)))
        self._desk.tick(now_ms, wall_ms)

    # what gossip says

    def _handle(self, event: Event) -> None:
        for action in self.gossip.handle(event):
            self._doers[type(action)](action)

    def _ask(self, action: Ask | Want[Name]) -> None:
        line = self._line(action.to)
        if line is None or not self._mail.room(line):
            self._handle(Unanswered(action.to))
            return
        kind, body = pack(action)
        self._asked[self._mail.ask(line, kind, plain.pack(body), ANSWER_MS)] = action.to

    def _reply(self, action: List[Name] | Show) -> None:
        if self._answering is None:
            raise ValueError("nothing was asked")
        connection, key = self._answering
        body = plain.pack(pack(action)[1])
        self._spend(self._lines[action.to][connection], len(body))
        self._mail.reply(connection, key, body)

    def _tell(self, action: Tell) -> None:
        if (line := self._line(action.to)) is not None:
            kind, body = pack(action)
            self._mail.tell(line, kind, plain.pack(body))

    def _spend(self, allowance: Allowance, size: int) -> None:
        if not allowance.take(self._clock.monotonic_ms(), size):
            raise RemoteFault("flood: it asks for more of the catalogue than it may")

    def _line(self, peer: PeerId) -> Connection | None:
        return next(iter(self._lines.get(peer, ())), None)

    def _source(self, connection: Connection, peer: PeerId) -> str:
        """Return for what counts what a peer tells: it, if we chose it; else where it came from.

        Who comes from one place under many names is one source.
        """
        is_chosen = connection.is_dialled or peer in self._named()
        return str(peer) if is_chosen else household(connection.host)

    # what the file says

    def _seen(self, seen: Seen) -> None:
        """Take what was found in the file."""
        kept = tuple((one.posting, one.source) for one in seen.kept)
        self._handle(Read(kept, seen.gone, self._named(), seen.wanted))


def _read(data: bytes) -> Posting:
    try:
        return posting.read(data)
    except Damaged as error:
        raise RemoteFault(f"a posting: {error.what}") from None
