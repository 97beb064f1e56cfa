"""Wire: what is between peers: letters on lines, which are late, come twice, or are lost."""

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple, Protocol

from peers.identity import PeerId


class Kind(Enum):
    """What a letter is: a message of credit_messages.py, or the answer to one."""

    SYNC = auto()
    SYNCED = auto()
    ENTRIES = auto()
    TAKEN = auto()
    SHOW = auto()
    SHOWN = auto()
    PROOF = auto()


class Letter(NamedTuple):
    """Bytes on their way."""

    sender: PeerId
    to: PeerId
    kind: Kind
    body: bytes


class Receiver(Protocol):
    """Who is at an end of a line."""

    def opened(self, peer: PeerId) -> None:
        """Hear that there is a line to a peer."""

    def closed(self, peer: PeerId) -> None:
        """Hear that there is none any more."""

    def take(self, letter: Letter) -> None:
        """Take what came."""


Ends = frozenset[PeerId]


class Wire:
    """All lines."""

    def __init__(self) -> None:
        self.ends: dict[PeerId, Receiver] = {}
        self.lines: dict[Ends, deque[Letter]] = {}  # in the order of delivery
        self.groups: dict[PeerId, int] = {}  # of a partition
        self.past: list[Letter] = []  # delivered
        self._unnoticed: dict[Ends, set[PeerId]] = {}  # that a line has ended, by whom

    def send(self, letter: Letter) -> None:
        """Put a letter on a line; without one it is lost."""
        line = self.lines.get(frozenset((letter.sender, letter.to)))
        if line is not None:
            line.append(letter)

    def line(self, one: PeerId, two: PeerId) -> object:
        """Return the line between two, as long as it lasts; None when there is none."""
        return self.lines.get(frozenset((one, two)))

    def is_up(self, one: PeerId, two: PeerId) -> bool:
        """Return whether there is a line."""
        return frozenset((one, two)) in self.lines

    def connect(self, one: PeerId, two: PeerId) -> None:
        """Open a line, unless there is one or cannot be."""
        ends = frozenset((one, two))
        if one == two or ends in self.lines or self.groups.get(one) != self.groups.get(two):
            return
        self._notice(ends)
        self.lines[ends] = deque()
        for peer, other in ((one, two), (two, one)):
            self.ends[peer].opened(other)

    def cut(self, one: PeerId, two: PeerId, seen_by: PeerId | None = None) -> None:
        """End a line with all that is on it; one of the two may notice before the other."""
        ends = frozenset((one, two))
        if self.lines.pop(ends, None) is None:
            return
        self._unnoticed[ends] = {one, two}
        if seen_by is None:
            self._notice(ends)
        else:
            self._notice(ends, seen_by)

    def gone(self, peer: PeerId) -> None:
        """End all lines of a peer, which hears nothing of it."""
        for ends in [ends for ends in self.lines if peer in ends]:
            del self.lines[ends]
            self._unnoticed[ends] = set(ends - {peer})
        for ends in [ends for ends in self._unnoticed if peer in ends]:
            self._unnoticed[ends].discard(peer)
            self._notice(ends)

    def notice_all(self) -> None:
        """Have everybody know which lines have ended."""
        for ends in tuple(self._unnoticed):
            self._notice(ends)

    def part(self, groups: dict[PeerId, int]) -> None:
        """Have lines within groups only."""
        self.groups = groups
        for one, two in [tuple(ends) for ends in self.lines]:
            if groups.get(one) != groups.get(two):
                self.cut(one, two)

    def deliver(self, ends: Ends) -> bool:
        """Deliver the next letter of a line; return whether there was one."""
        line = self.lines.get(ends)
        if not line:
            return False
        letter = line.popleft()
        self.past.append(letter)
        self.ends[letter.to].take(letter)
        return True

    def busy(self) -> Iterator[Ends]:
        """Yield the lines that have letters, in an order that is always the same."""
        return (ends for ends in sorted(self.lines, key=sorted) if self.lines[ends])

    def _notice(self, ends: Ends, only: PeerId | None = None) -> None:
        waiting = self._unnoticed.get(ends, set())
        for peer in sorted(waiting):
            if only is None or peer == only:
                waiting.discard(peer)
                (other,) = ends - {peer}
                self.ends[peer].closed(other)
        if not waiting:
            self._unnoticed.pop(ends, None)
