"""Trouble: what happens to a world for a while: crashes, partitions, bad weather, slow disks."""

from collections.abc import Callable
from functools import partial
from itertools import combinations
from random import Random

from tests.simulation.agenda import Agenda
from tests.simulation.network import Network, Weather
from tests.simulation.peer import Peer

LASTS_MS = 10_000
FAULTS = 30  # at the least
GONE = 0.3  # the chance that one of those who have no run does not come back


class Trouble:
    """All of it, decided by a random number generator."""

    def __init__(self, peers: list[Peer], network: Network, agenda: Agenda, random: Random) -> None:
        self.faults: list[str] = []
        self._peers = peers
        self._network = network
        self._agenda = agenda
        self._random = random

    def plan(self) -> None:
        """Have it happen, and end."""
        kinds: list[Callable[[], str]] = [
            self._crash, self._crash, self._partition, self._cut, self._weather, self._disk,
            self._ill_luck,
        ]  # fmt: skip
        for _ in range(FAULTS + self._random.randrange(10)):
            happens = partial(self._happen, self._random.choice(kinds))
            self._agenda.after(self._random.randrange(LASTS_MS), happens)
        self._agenda.after(LASTS_MS, self._end)

    def _happen(self, kind: Callable[[], str]) -> None:
        self.faults.append(f"{self._agenda.now_ms} ms: {kind()}")

    def _crash(self) -> str:
        peer = self._random.choice(self._peers)
        peer.crash()
        self._agenda.after(self._random.randrange(50, 6_000), peer.start)
        return f"peer {peer.number} crashes"

    def _partition(self) -> str:
        """Cut some peers off from all others."""
        some = self._random.sample(self._peers, self._random.randrange(1, len(self._peers)))
        pairs = [
            frozenset((one.name, two.name))
            for one, two in combinations(self._peers, 2)
            if (one in some) != (two in some)
        ]
        self._network.part(pairs)
        self._agenda.after(self._random.randrange(100, 12_000), self._network.join)
        return f"{sorted(peer.number for peer in some)} are cut off"

    def _cut(self) -> str:
        one, two = self._random.sample(self._peers, 2)
        if one.life:
            for wire in one.life.post.wires(two.name):
                one.life.post.end(wire, "it was cut")
        return f"{one.number} and {two.number} lose their connection"

    def _weather(self) -> str:
        chance = self._random.choice
        self._network.weather = weather = Weather(
            lost=chance((0, 0.01, 0.1, 0.3)),
            doubled=chance((0, 0, 0.01, 0.05)),
            swapped=chance((0, 0, 0.01, 0.05)),
            delay_ms=chance((5, 50, 500, 2_000)),
        )
        return str(weather)

    def _disk(self) -> str:
        peer = self._random.choice(self._peers)
        if peer.life:
            peer.life.writer.slowest_ms = self._random.choice((10, 100, 3_000))
        return f"the disk of {peer.number} is another"

    def _ill_luck(self) -> str:
        peer = self._random.choice(self._peers)
        peer.luckless = self._random.choice((0, 0.1, 0.5))
        return f"{peer.number} cannot run {peer.luckless:.0%} of steps, once it starts anew"

    def _end(self) -> None:
        self._network.heal()
        gone = None
        if self._random.random() < GONE:
            gone = self._random.choice(self._peers[2:])
            gone.crash()
            self.faults.append(f"{self._agenda.now_ms} ms: peer {gone.number} is gone for ever")
        for peer in self._peers:
            if peer is gone:
                peer.start = lambda: None  # also by what was planned before
                continue
            peer.luckless = 0.0
            if peer.life:
                peer.life.provider.luckless = 0.0
                peer.life.writer.slowest_ms = 10
            peer.start()
