"""Scale: how peers fare as they become many: `python -m tests.simulation.scale [PEERS...]`.

First they come to know one another, as a crowd of directories does (tests/peers/crowd.py), each
told of three others. Then one in a hundred has a run: 50 steps for each peer there is. Nothing is
lost and nobody lies here; sessions are left out, all else is real.
"""

import gc
import resource
import sys
import time
from random import Random
from typing import NamedTuple

from peers import offer_messages, step_messages
from peers.envelope import Role
from peers.identity import PeerId
from peers.messages import Subject
from tests.peers.crowd import PLATFORM, Crowd, Member
from tests.simulation import provider, work
from tests.simulation.agenda import Agenda
from tests.simulation.conduct import Conduct
from tests.simulation.depot import Depot
from tests.simulation.direct import Direct, Exchange
from tests.simulation.disk import Disk, Writer
from tests.simulation.hashed import Hashed, hashed
from tests.simulation.network import Wire
from tests.simulation.promises import Promises
from tests.simulation.provider import Provider
from tests.simulation.requester import Requester

SIZES = (10, 100, 1_000)
STEPS = 50  # for each peer
RUNS = 100  # peers for each run
LINES = 64  # providers of one run, as a node has them at most
CORES = 4
LACKING = 0.001  # of all records: then they are known well enough
LONGEST_MS = 3_600_000
MANY_ROUNDS = 100
TICK_MS = 1_000


class Row(NamedTuple):
    """What it took."""

    peers: int
    steps: int
    met_ms: int  # until nearly all knew nearly all
    gossip: float  # messages of each peer until then
    records: float  # in a directory, on average
    done_ms: int  # until all runs had ended
    messages: float  # for each step, about work and content
    ideal_ms: int  # that the steps take with all cores that runs may use
    seconds: float
    memory: int  # MiB


def measure(peers: int, seed: int = 1) -> Row:
    """Have some peers meet and work."""
    began = time.monotonic()
    crowd = Crowd(peers, seed)
    known = _meet(crowd)
    gossip = (sum(crowd.messages.values()) - crowd.messages["session"]) / peers
    with hashed():
        field = Field(crowd, seed)
        field.run()
    return Row(
        peers=peers,
        steps=field.steps,
        met_ms=crowd.monotonic_ms,
        gossip=gossip,
        records=known,
        done_ms=field.agenda.now_ms,
        messages=sum(field.exchange.messages.values()) / field.steps,
        ideal_ms=field.ideal_ms,
        seconds=time.monotonic() - began,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _meet(crowd: Crowd) -> float:
    """Let directories speak until nearly all know nearly all; return how many each knows."""
    count = len(crowd.members)
    for _ in range(MANY_ROUNDS):
        crowd.round()
        known = sum(len(member.directory) for member in crowd.members.values()) / count
        if count - known <= LACKING * count:
            return known
    raise AssertionError("they do not come to know one another")


class Known:
    """Which providers a requester has lines to: in place of a Registrar."""

    def __init__(self, providers: list[PeerId]) -> None:
        self.providers = providers

    def candidates(self) -> list[PeerId]:
        """Return them."""
        return self.providers


class Worker:
    """A peer that runs steps, and has steps run when it is given a run."""

    def __init__(self, number: int, field: "Field") -> None:
        agenda, random, promises = field.agenda, field.random, field.promises
        conduct = Conduct(field.signers[number], random)
        self.me = conduct.signer.peer
        self.post = Direct(self.me, field.exchange)
        self.post.part = self
        self.writer = Writer(Disk(), agenda, random)
        self.depot = Depot(self.post, self.writer, lambda: agenda.now_ms, conduct.answer)
        self.provider = Provider(
            conduct, self.post, self.writer, self.depot, agenda, random, promises, CORES
        )
        self.known = Known([])
        self.requester = Requester(
            conduct.signer, self.post, self.writer, self.depot, self.known, agenda, random, promises
        )

    def opened(self, wire: Wire, peer: PeerId) -> None:
        """Have a line."""
        self.depot.opened(wire, peer)

    def came(
        self, wire: Wire, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Give a message to whom it is for."""
        asked = kind if role is Role.REQUEST else kind - 1
        to_provider = asked in {
            offer_messages.OFFER_TYPE,
            step_messages.LEASE_TYPE,
            step_messages.STOP_TYPE,
        }
        if kind >> 2 < Subject.WORK:
            self.depot.came(wire, peer, kind, body)
        elif role is Role.REQUEST:
            (self.provider if to_provider else self.requester).asked(wire, peer, kind, key, body)
        elif to_provider:
            self.requester.answered(peer, kind, key, body)
        else:
            self.provider.answered(peer, key)

    def tick(self) -> None:
        """Take the time."""
        self.depot.tick()
        self.provider.tick()
        self.requester.tick()


class Field:
    """All workers and their runs."""

    def __init__(self, crowd: Crowd, seed: int) -> None:
        self.agenda = Agenda()
        self.random = Random(seed)  # noqa: S311
        self.exchange = Exchange(self.agenda, self.random)
        self.promises = Promises(())
        members = [*crowd.members.values()]
        self.signers = [Hashed(number + 1) for number in range(len(members))]
        self._number = {member.peer: at for at, member in enumerate(members)}
        self.workers = [Worker(number, self) for number in range(len(members))]
        self.runs = max(1, len(members) // RUNS)
        self.steps = STEPS * len(members)
        for number in range(self.runs):
            self._submit(number, members[number])

    def run(self) -> None:
        """Let all runs end."""
        self._tick()
        self.agenda.run(LONGEST_MS, lambda: len(self.promises.runs) == self.runs and self._ended)
        self.promises.end()

    @property
    def ideal_ms(self) -> int:
        """How long a run would take at the least: every step in its place, and no way to go."""
        cores = 2 * len(self.workers[0].known.providers)
        return self.steps // self.runs * provider.LONGEST_MS // 2 // cores

    @property
    def _ended(self) -> bool:
        return all(self.promises.runs.values())

    def _submit(self, number: int, member: Member) -> None:
        """Give a run to one, which finds providers in its directory."""
        worker = self.workers[number]
        found = [one.signer for one in member.directory.candidates(PLATFORM, 1, 1)]
        for peer in self.random.sample(found, min(LINES, len(found))):
            other = self.signers[self._number[peer]].peer
            worker.post.connect(other)
            worker.known.providers.append(other)
        worker.requester.graph = lambda _: work.wide(self.steps // self.runs)
        worker.requester.slots = 4 * len(worker.known.providers)
        worker.requester.submit(number, 0)

    def _tick(self) -> None:
        for worker in self.workers:
            worker.tick()
        self.agenda.after(TICK_MS, self._tick)


def main() -> None:
    """Print a row for each size."""
    gc.disable()  # it would look through millions of small values again and again: a third of all
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    for size in sizes:
        row = measure(size)
        print(
            f"{row.peers:5} peers {row.steps:6} steps: met in {row.met_ms // 1000} s by "
            f"{row.gossip:.0f} messages each, {row.records:.1f} records; done in "
            f"{row.done_ms / 1000:.1f} s (ideal {row.ideal_ms / 1000:.1f}) by {row.messages:.1f} "
            f"messages a step; {row.seconds:.0f} s, {row.memory} MiB here",
            flush=True,
        )


if __name__ == "__main__":
    main()
