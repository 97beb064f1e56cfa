"""Registrar: the directory of a peer: the real machine over real messages and records."""

from collections.abc import Callable
from contextlib import suppress
from random import Random

from engine.errors import Damaged
from engine.step import REQUIRES, SYSTEM, Platform
from peers import directory_events as events
from peers import listing_events as listing
from peers import plain
from peers.changes import Cursor, Page
from peers.directory import Directory
from peers.directory_messages import Introduction, pack, unpack
from peers.envelope import Role
from peers.identity import Address, PeerId
from peers.listing_messages import Shown, Wants
from peers.peer_record import PEER, Notice, PeerRecord, read
from peers.signed import seal
from tests.simulation.hashed import Hashed
from tests.simulation.network import Wire
from tests.simulation.post import WALL_MS, Post

PLATFORM = Platform(REQUIRES, SYSTEM)
DEADLINE_MS = 5_000


def address(peer: PeerId) -> Address:
    """Return where a peer listens: the network asks for no more than who it is."""
    return Address(peer, "peer.example", 4177)


class Registrar:
    """One life's."""

    def __init__(
        self, signer: Hashed, post: Post, random: Random, now_ms: Callable[[], int], cores: int
    ) -> None:
        self.note: Callable[..., None] = lambda *_: None
        self._signer = signer
        self._post = post
        self._random = random
        self._now_ms = now_ms
        self._cores = cores
        self._wires: dict[PeerId, Wire] = {}
        self._directory = Directory(signer.peer, random.getrandbits(32))

    def name(self, peer: PeerId) -> None:
        """Have a peer named by the user."""
        self._tell(events.Added(address(peer)))

    def candidates(self) -> list[PeerId]:
        """Return who could run steps, of those that are connected."""
        return [notice.signer for notice in self.notices(PLATFORM, 1, 1)]

    def notices(self, platform: Platform, cores: int, memory: int) -> tuple[Notice, ...]:
        """Return who could run a step and is connected, the likeliest first."""
        return self._directory.candidates(platform, cores, memory, self._wires)

    # a part

    def opened(self, wire: Wire, peer: PeerId) -> None:
        """Count a peer."""
        self._wires[peer] = wire
        self._tell(events.Up(peer, dialled=wire.is_dialled))

    def closed(self, peer: PeerId) -> None:
        """Count it no more."""
        if self._wires.pop(peer, None):
            self._tell(listing.Down(peer))

    def undialled(self, peer: PeerId) -> None:
        """Note that nobody answered."""
        self._tell(listing.Unanswered(peer))

    def came(self, wire: Wire, peer: PeerId, role: Role, kind: int, key: bytes, raw: bytes) -> None:
        """Take a message about peers."""
        match unpack_body(kind, raw):
            case Cursor() as cursor:
                self._answer(wire, key, listing.Asked(peer, cursor))
            case Wants(peers):
                self._answer(wire, key, listing.Wanted(peer, peers))
            case Page() as page:
                self._tell(listing.Listed(peer, page))
            case Shown(datas):
                self._tell(listing.Learned(tuple(self._read(datas)), peer))
            case Introduction(data):
                for notice in self._read((data,)):
                    self._tell(events.Introduced(notice, peer))

    def tick(self) -> None:
        """Tell the time, once a second."""
        now_ms = self._now_ms()
        self._tell(listing.Tick(WALL_MS + now_ms, now_ms, self._random.getrandbits(64)))

    # what follows

    def _answer(self, wire: Wire, key: bytes, event: events.Event) -> None:
        for action in self._directory.handle(event):
            if isinstance(action, listing.List | listing.Show):
                self._post.reply(wire, key, pack_body(action)[1])
            else:
                self._do(action)

    def _tell(self, event: events.Event) -> None:
        for action in self._directory.handle(event):
            self._do(action)

    def _do(self, action: events.Action) -> None:
        match action:
            case events.Dial(place):
                self._post.dial(place.peer)
            case listing.Ask(to) | listing.Want(to):
                if (wire := self._wires.get(to)) and self._post.room(wire):
                    self._post.ask(wire, *pack_body(action), DEADLINE_MS)
            case events.Introduce(to):
                if wire := self._wires.get(to):
                    self._post.tell(wire, *pack_body(action))
            case events.Renew(serial, made_ms, expires_ms):
                self._renew(serial, made_ms, expires_ms)
            case events.Forked() | listing.Refuse():
                self.note("refused", action)

    def _renew(self, serial: int, made_ms: int, expires_ms: int) -> None:
        record = PeerRecord(
            serial, made_ms, expires_ms, ("peer.example:4177",), PLATFORM, self._cores,
            2**30, (), "bwrap 0.8.0 seccomp", (), self._cores, (1,),
        )  # fmt: skip
        self._tell(events.Renewed(read(seal(PEER, record, self._signer).data)))

    def _read(self, datas: tuple[bytes, ...]) -> list:
        found = []
        for data in datas:
            with suppress(Damaged):  # whoever sent it only wasted its time
                found.append(read(data))
        return found


def pack_body(action) -> tuple[int, bytes]:
    """Return a message with its body as bytes."""
    kind, body = pack(action)
    return kind, plain.pack(body)


def unpack_body(kind: int, body: bytes):
    """Read one."""
    return unpack(kind, plain.unpack(body))
