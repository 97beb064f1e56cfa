"""A crowd of directories in one process: messages, dials and time are made up, the rest is real.

Each round every directory hears one Tick; what follows from it is delivered until nothing is left,
so a message takes no time. Records are not signed: a keyed hash would only cost time here.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

from engine.content.cid import DAG_CBOR, Cid
from engine.step import REQUIRES, SYSTEM, Platform
from peers.directory import Directory
from peers.directory_events import (
    Action,
    Added,
    Dial,
    Event,
    Introduce,
    Introduced,
    Renew,
    Renewed,
    Up,
)
from peers.identity import Address, PeerId
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
from peers.peer_record import PEER, VALIDITY_MS, Notice, PeerRecord
from peers.rounds import ROUND_MS

_SENT = (Ask, List, Want, Show, Introduce)

START_MS = 1_800_000_000_000
SESSIONS = 16  # that a peer keeps; the oldest goes
SIGNED = 130  # bytes that a signature, a key and their names add to a record
ENVELOPE = 100  # bytes around a message

PLATFORM = Platform(REQUIRES, SYSTEM)


def peer_id(number: int) -> PeerId:
    """Return the id of the peer of some number; nothing here asks whether it is a key."""
    return PeerId(sha256(b"%d" % number).digest())


def record(serial: int = 1, made_ms: int = START_MS, **fields: object) -> PeerRecord:
    """Return a record that says something ordinary."""
    values: dict[str, object] = {
        "serial": serial,
        "made_ms": made_ms,
        "expires_ms": made_ms + VALIDITY_MS,
        "addresses": ("peer.example:4177",),
        "platform": PLATFORM,
        "cores": 8,
        "memory": 32 * 2**30,
        "gpu_names": (),
        "sandbox": "bwrap 0.8.0 seccomp",
        "prices": (),
        "free_slots": 8,
        "versions": (1,),
        **fields,
    }
    return PeerRecord(**values)  # type: ignore[arg-type]


def notice(peer: PeerId, value: PeerRecord) -> Notice:
    """Return a record as if its peer had signed it."""
    data = PEER.encode(value)
    return Notice(value, peer, Cid.of(DAG_CBOR, peer.key + data), peer.key + data)


@dataclass
class Member:
    """A peer of the crowd."""

    peer: PeerId
    address: Address
    directory: Directory
    sessions: dict[PeerId, None] = field(default_factory=dict)
    alive: bool = True
    tell: Callable[[Action], Action] = lambda action: action  # what a liar changes


class Crowd:
    """Peers by number, their sessions, and the wire between them."""

    def __init__(self, count: int, seed: int, *, known: int = 3) -> None:
        self.random = Random(seed)  # noqa: S311 -- to repeat a run, not to hide anything
        self.now_ms = START_MS
        self.monotonic_ms = 0
        self.rounds = 0
        self.messages: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.members: dict[PeerId, Member] = {}
        self.read: dict[bytes, Notice] = {}  # what each announced record says
        self._queue: deque[tuple[PeerId, Event]] = deque()
        for number in range(count):
            self.join(number, known)

    def join(self, number: int, known: int = 3) -> Member:
        """Add a peer that some of those who are there were named to."""
        peer = peer_id(number)
        host = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        member = Member(peer, Address(peer, host, 4177), Directory(peer, number + 1))
        there = [other for other in self.members.values() if other.alive]
        self.members[peer] = member
        self._queue.append((peer, Tick(self.now_ms, self.monotonic_ms, number)))
        for other in self.random.sample(there, min(known, len(there))):
            self._queue.append((peer, Added(other.address)))
        return member

    def kill(self, member: Member) -> None:
        """Let a peer vanish; its sessions end."""
        member.alive = False
        for other in (*member.sessions,):
            self._part(member.peer, other)

    def round(self, ms: int = ROUND_MS) -> None:
        """Let time pass, and everything happen that follows."""
        self.rounds += 1
        self.now_ms += ms
        self.monotonic_ms += ms
        order = [member for member in self.members.values() if member.alive]
        self.random.shuffle(order)
        for member in order:
            luck = self.random.getrandbits(64)
            self._queue.append((member.peer, Tick(self.now_ms, self.monotonic_ms, luck)))
            self._deliver()

    def missing(self) -> int:
        """Return how many records living peers lack of one another."""
        living = [member for member in self.members.values() if member.alive]
        return sum(one.directory.get(two.peer) is None for one in living for two in living)

    def names(self, member: Member) -> set[PeerId]:
        """Return whom a peer knows."""
        return {each.signer for each in member.directory.notices()}

    def _deliver(self) -> None:
        while self._queue:
            peer, event = self._queue.popleft()
            member = self.members[peer]
            if not member.alive:
                continue
            for action in member.directory.handle(event):
                self._perform(member, member.tell(action))

    def _perform(self, member: Member, action: Action) -> None:
        if isinstance(action, Dial):
            self._meet(member, action.address)
        elif isinstance(action, Renew):
            self._renew(member, action)
        elif isinstance(action, Refuse):
            self.refused[action.why.split(":")[-1].strip()[:40]] += 1
        elif isinstance(action, _SENT) and action.to in member.sessions:
            self._count(action)
            self._queue.append((action.to, self._heard(member.peer, action)))

    def _renew(self, member: Member, action: Renew) -> None:
        place = (str(member.address).partition("@")[2],)
        value = record(action.serial, action.made_ms, expires_ms=action.expires_ms, addresses=place)
        made = notice(member.peer, value)
        self.read[made.data] = made
        self._queue.append((member.peer, Renewed(made)))

    def _meet(self, member: Member, address: Address) -> None:
        other = self.members.get(address.peer)
        if other is None or not other.alive or other.address != address:
            self._queue.append((member.peer, Unanswered(address.peer)))
        elif other.peer not in member.sessions:
            self.messages["session"] += 1
            for one, two in ((member, other), (other, member)):
                one.sessions[two.peer] = None
                self._queue.append((one.peer, Up(two.peer, dialled=one is member)))
            for each in (member, other):
                if len(each.sessions) > SESSIONS:
                    self._part(each.peer, next(iter(each.sessions)))

    def _part(self, one: PeerId, two: PeerId) -> None:
        for here, there in ((one, two), (two, one)):
            self.members[here].sessions.pop(there, None)
            self._queue.append((here, Down(there)))

    def _heard(self, by: PeerId, action: Ask | List | Want | Show | Introduce) -> Event:
        if isinstance(action, Ask):
            return Asked(by, action.cursor)
        if isinstance(action, List):
            return Listed(by, action.page)
        if isinstance(action, Want):
            return Wanted(by, action.names)
        if isinstance(action, Introduce):
            return Introduced(self.read[action.record], by)
        return Learned(tuple(self.read[data] for data in action.datas), by)

    def _count(self, action: Ask | List | Want | Show | Introduce) -> None:
        name = type(action).__name__
        size = ENVELOPE
        if isinstance(action, List):
            size += 48 * len(action.page.items)
        elif isinstance(action, Want):
            size += 34 * len(action.names)
        elif isinstance(action, Show):
            size += sum(len(data) - 32 + SIGNED for data in action.datas)
        elif isinstance(action, Introduce):
            size += len(action.record) - 32 + SIGNED
        self.messages[name] += 1
        self.bytes[name] += size
