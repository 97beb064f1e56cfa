"""Registrar: drives the directory: has dialled whom it says, and speaks with other peers for it.

What is durable of it are the addresses that the user named; all else is learned anew.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from engine.clock import Clock
from engine.errors import Damaged
from engine.runner import Signer
from engine.step import Platform
from peers import plain
from peers.changes import Cursor, Page
from peers.connection import Channel, Connection
from peers.dialler import Dialler
from peers.directory import Directory
from peers.directory_events import (
    Added,
    Dial,
    Entry,
    Event,
    Forget,
    Forked,
    Introduce,
    Introduced,
    Removed,
    Renew,
    Renewed,
    Up,
)
from peers.directory_messages import Introduction, pack, unpack
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import Address, PeerId
from peers.lines import Lines
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
from peers.mail import Mail
from peers.peer_record import PEER, VALIDITY_MS, Notice, PeerRecord, read
from peers.signed import seal

ANSWER_MS: Final = 15_000  # for a page of a directory
TICK_MS: Final = 1_000
RENEW_MS: Final = 10_000  # at least, between two records of ours that are made as something changed


class Describe(Protocol):
    """Says what this peer lends now, for its own record."""

    def __call__(self, serial: int, made_ms: int, expires_ms: int) -> PeerRecord:
        """Return the record, to be signed."""
        ...


class Registrar:
    """What a node knows of other peers. For its one thread; a Part."""

    def __init__(
        self,
        mail: Mail,
        lines: Lines,
        signer: Signer,
        describe: Describe | None,
        clock: Clock,
        dialler: Dialler,
        log: Callable[..., None],
    ) -> None:
        """Take what says what this peer lends: None for one that lends nothing."""
        self.directory = Directory(
            PeerId(signer.public_key), secrets.randbits(63), listed=describe is not None
        )
        self._mail = mail
        self._lines = lines
        self._signer = signer
        self._describe = describe
        self._clock = clock
        self._dialler = dialler
        dialler.unanswered = lambda peer: self._handle(Unanswered(peer))
        self._log = log
        self._request = b""  # that is being answered
        self._open: set[Connection] = set()
        self._asked: dict[bytes, Connection] = {}  # requests of ours that have no answer
        self._next_ms = 0
        self._is_outdated = False
        self._renewed_ms = 0
        self._doers: dict[type, Callable[[Any], None]] = {
            Dial: lambda action: dialler.dial(action.address),
            Ask: self._ask,
            Want: self._ask,
            List: self._reply,
            Show: self._reply,
            Introduce: self._introduce,
            Renew: self._renew,
            Forget: lambda action: self._log("forgotten", peer=action.peer),
            Forked: lambda action: self._log("forked", peer=action.peer),
            Refuse: lambda action: self._log("not taken", peer=action.peer, why=action.why),
        }

    def add(self, address: Address) -> None:
        """Have a peer that the user named dialled."""
        self._handle(Added(address))

    def remove(self, peer: PeerId) -> None:
        """Forget a peer."""
        self._handle(Removed(peer))

    def meet(self, address: Address) -> None:
        """Dial a peer once, if it is not connected: somebody said that it is there."""
        is_me = address.peer == PeerId(self._signer.public_key)
        if not is_me and self._lines.control(address.peer) is None:
            self._dialler.dial(address)

    def renew(self) -> None:
        """Have our record made anew: what it said of us is true no more."""
        self._is_outdated = True

    def candidates(self, platform: Platform, cores: int, memory: int) -> Sequence[Notice]:
        """Return who could run a step and is connected, the likeliest first."""
        return self.directory.candidates(platform, cores, memory, self._lines.peers())

    # Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Hear of a session."""
        self._dialler.opened(connection)
        if connection.channel is not Channel.CONTROL:
            return
        is_first = not any(self._lines.control(peer) == one for one in self._open)
        self._open.add(connection)
        if is_first:
            self._handle(Up(peer, dialled=connection.is_dialled))

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Hear that a session has ended."""
        self._open.discard(connection)
        self._asked = {key: line for key, line in self._asked.items() if line != connection}
        if connection.channel is Channel.CONTROL and self._lines.control(peer) is None:
            self._handle(Down(peer))

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about peers."""
        self._request = key
        self._asked.pop(key, None)
        match heard := unpack(kind, plain.unpack(body)):
            case Cursor():
                self._handle(Asked(peer, heard))
            case Page():
                self._handle(Listed(peer, heard))
            case Wants(peers):
                self._handle(Wanted(peer, peers))
            case Shown(datas):
                self._handle(Learned(tuple(map(_read, datas)), peer))
            case Introduction(data):
                self._handle(Introduced(_read(data), peer))

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """An unanswered question ends the connection: who is slow so long is of no use."""
        if self._asked.pop(key, None):
            self._mail.end(connection, "it does not answer what peers it knows", is_fault=False)

    def tick(self, now_ms: int) -> None:
        """Take the time, about once a second."""
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + TICK_MS
            self._handle(Tick(self._clock.now_ms(), now_ms, secrets.randbits(64)))
            self._renew_outdated(now_ms)

    # what the directory says

    def _handle(self, event: Event) -> None:
        for action in self.directory.handle(event):
            self._doers[type(action)](action)

    def _ask(self, action: Ask | Want[PeerId]) -> None:
        line = self._lines.control(action.to)
        if line is not None and self._mail.room(line):
            kind, body = pack(action)
            self._asked[self._mail.ask(line, kind, plain.pack(body), ANSWER_MS)] = line

    def _reply(self, action: List[Entry] | Show) -> None:
        if (line := self._lines.control(action.to)) is not None:
            self._mail.reply(line, self._request, plain.pack(pack(action)[1]))

    def _introduce(self, action: Introduce) -> None:
        if (line := self._lines.control(action.to)) is not None:
            kind, body = pack(action)
            self._mail.tell(line, kind, plain.pack(body))

    def _renew(self, action: Renew) -> None:
        if self._describe is None:
            raise ValueError("who lends nothing has no record")
        record = self._describe(action.serial, action.made_ms, action.expires_ms)
        self._renewed_ms = self._clock.monotonic_ms()
        self._is_outdated = False
        self._handle(Renewed(read(seal(PEER, record, self._signer).data)))

    def _renew_outdated(self, now_ms: int) -> None:
        """Make our record anew if that is due; what changes often is not said each time."""
        own = self.directory.get(PeerId(self._signer.public_key))
        if self._is_outdated and own and now_ms >= self._renewed_ms + RENEW_MS:
            made_ms = self._clock.now_ms()
            serial = max(own.record.serial + 1, made_ms)
            self._renew(Renew(serial, made_ms, made_ms + VALIDITY_MS))


def _read(data: bytes) -> Notice:
    try:
        return read(data)
    except Damaged as error:
        raise RemoteFault(f"the record of a peer: {error.what}") from None
