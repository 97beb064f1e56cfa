"""Network: carries the frames of connections, or loses, doubles, delays and swaps them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Protocol

from peers.connection import Channel
from peers.identity import PeerId
from tests.simulation.agenda import Agenda

Frames = tuple[bytes, ...]

NO_ANSWER_MS = 3_000  # after which who dials gives up


@dataclass
class Weather:
    """What the network does to a message, as chances, and how long it takes at most."""

    lost: float = 0
    doubled: float = 0
    swapped: float = 0  # may overtake those before it
    delay_ms: int = 5


class Wire:
    """One end of a connection."""

    def __init__(self, here: PeerId, there: PeerId, *, is_dialled: bool) -> None:
        self.here = here
        self.there = there
        self.is_dialled = is_dialled
        self.is_up = False
        self.channel = Channel.CONTROL
        self.last_ms = 0  # when the last that was sent arrives
        self.held: list[Frames] = []  # sent, and waiting for the way to be free again
        self.other = self if is_dialled else None

    def pair(self) -> "Wire":
        """Return this, once it has its other end."""
        self.other = Wire(self.there, self.here, is_dialled=False)
        self.other.other = self
        return self


class Host(Protocol):
    """What a network brings things to."""

    is_alive: bool

    def connected(self, wire: Wire) -> None:
        """A connection stands."""
        ...

    def arrived(self, wire: Wire, frames: Frames) -> None:
        """Something came on it."""
        ...

    def ended(self, wire: Wire) -> None:
        """It is gone, or never came to be."""
        ...


class Network:
    """All connections of a world."""

    def __init__(self, agenda: Agenda, random: Random) -> None:
        self.weather = Weather()
        self.hosts: dict[PeerId, Host] = {}
        self.apart: set[frozenset[PeerId]] = set()  # pairs between which nothing passes
        self.is_tcp = False  # then nothing is lost, doubled or swapped: it waits, or its line ends
        self.sent = self.lost = 0
        self.note: Callable[..., None] = lambda *_: None
        self._agenda = agenda
        self._random = random
        self._wires: dict[Wire, None] = {}  # dialled ends that stand

    def dial(self, here: PeerId, there: PeerId) -> Wire:
        """Begin to connect two peers."""
        wire = Wire(here, there, is_dialled=True).pair()
        self._agenda.after(self._delay_ms(), partial(self._connect, wire))
        return wire

    def send(self, wire: Wire, frames: Frames) -> None:
        """Send something to the other end of a connection."""
        if not wire.is_up:
            return
        weather = self.weather
        self.sent += 1
        if self._is_lost(wire, weather):
            self.lost += 1
            return
        for _ in range(1 + (self._random.random() < weather.doubled and not self.is_tcp)):
            due_ms = self._agenda.now_ms + self._delay_ms()
            if self._random.random() >= weather.swapped or self.is_tcp:
                due_ms = wire.last_ms = max(due_ms, wire.last_ms)
            self._agenda.after(due_ms - self._agenda.now_ms, partial(self._arrive, wire, frames))

    def close(self, wire: Wire) -> None:
        """End a connection; the other end hears of it unless it is cut off."""
        if wire.is_up:
            self._drop(wire)
            if not self._is_apart(wire):
                self._agenda.after(self._delay_ms(), partial(self._end, wire.other))

    def crash(self, peer: PeerId) -> None:
        """Drop all that a peer had; only some of the others hear of it at once."""
        for dialled in [wire for wire in self._wires if peer in (wire.here, wire.there)]:
            mine, theirs = (
                (dialled, dialled.other) if dialled.here == peer else (dialled.other, dialled)
            )
            mine.is_up = False
            del self._wires[dialled]
            if self._random.random() < 0.5 and not self._is_apart(theirs):
                self._agenda.after(self._delay_ms(), partial(self._end, theirs))

    def reached(self, peer: PeerId) -> set[PeerId]:
        """Return to whom something that a peer sends now may come."""
        wires = [wire for wire in self._wires if wire.other.is_up and not self._is_apart(wire)]
        ends = [{wire.here, wire.there} for wire in wires]
        return {one for pair in ends if peer in pair for one in pair}

    def part(self, pairs: Iterable[frozenset[PeerId]]) -> None:
        """Let nothing pass between some."""
        self.apart.update(pairs)

    def join(self) -> None:
        """Let everything pass."""
        self.apart.clear()
        for dialled in tuple(self._wires):
            for wire in (dialled, dialled.other):
                held, wire.held = wire.held, []
                for frames in held:
                    self._arrive(wire, frames)

    def heal(self) -> None:
        """Let everything pass, unharmed."""
        self.weather = Weather()
        self.join()

    def _delay_ms(self) -> int:
        return 1 + int(self._random.random() * self.weather.delay_ms)  # randint takes long

    def _is_apart(self, wire: Wire) -> bool:
        return bool(self.apart) and frozenset((wire.here, wire.there)) in self.apart

    def _is_lost(self, wire: Wire, weather: Weather) -> bool:
        if self.is_tcp:
            return False
        return self._is_apart(wire) or (weather.lost > 0 and self._random.random() < weather.lost)

    def _connect(self, wire: Wire) -> None:
        here, there = self.hosts[wire.here], self.hosts[wire.there]
        if not here.is_alive:
            return
        if self._is_apart(wire) or not there.is_alive:
            self._agenda.after(NO_ANSWER_MS, partial(self._end, wire, is_new=True))
            return
        wire.is_up = wire.other.is_up = True
        self._wires[wire] = None
        there.connected(wire.other)
        here.connected(wire)

    def _arrive(self, wire: Wire, frames: Frames) -> None:
        if self.is_tcp and wire.is_up and (wire.held or self._is_apart(wire)):
            wire.held.append(frames)
            return
        if wire.other.is_up and not self._is_apart(wire):
            self.note(wire.here, wire.there, frames)
            self.hosts[wire.there].arrived(wire.other, frames)

    def _drop(self, wire: Wire) -> None:
        wire.is_up = False
        self._wires.pop(wire if wire.is_dialled else wire.other, None)

    def _end(self, wire: Wire, *, is_new: bool = False) -> None:
        if wire.is_up or is_new:
            self._drop(wire)
            self.hosts[wire.here].ended(wire)
