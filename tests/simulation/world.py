"""World: some peers, a network and trouble, all from one seed. See docs/reliability.md.

    python -m tests.simulation SEED

has the same happen again and prints what did.
"""

import hashlib
from collections.abc import Callable
from random import Random

from peers.envelope import split
from peers.identity import PeerId
from tests.simulation.agenda import Agenda
from tests.simulation.conduct import BAD, Conduct
from tests.simulation.hashed import Hashed, hashed
from tests.simulation.network import Frames, Network
from tests.simulation.peer import Peer
from tests.simulation.promises import Broken, Promises
from tests.simulation.trouble import LASTS_MS, Trouble

PEERS = 5
REQUESTERS = 2  # at most
LIARS = 2  # at most
BOUND_MS = 600_000  # in which all must end once trouble has


class World:
    """One simulation."""

    bad = BAD
    command = "python -m tests.simulation"

    def __init__(self, seed: int, say: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.random = Random(seed)  # noqa: S311
        self.agenda = Agenda()
        self.network = Network(self.agenda, self.random)
        self.network.note = self._heard
        self.events = 0
        self._say = say
        self._trace = hashlib.blake2b(digest_size=16)
        self._requesters = self.random.randint(1, REQUESTERS)
        conducts = self._conducts()
        self.promises = Promises(one.signer.peer for one in conducts if one.is_honest)
        self.promises.forgers = {one.signer.peer for one in conducts if one.forges}
        self.peers = [self._peer(number, each) for number, each in enumerate(conducts)]
        self._numbers = {peer.name: peer.number for peer in self.peers}
        self.trouble = Trouble(self.peers, self.network, self.agenda, self.random)

    def run(self) -> None:
        """Let all happen.

        Raises: Broken, with how to see it again.
        """
        try:
            with hashed():
                self._run()
        except Exception as error:
            raise Broken(self._story(error)) from error

    @property
    def trace(self) -> str:
        """A hash of all that happened."""
        return self._trace.hexdigest()

    def note(self, *what: object) -> None:
        """Add to what happened."""
        self.events += 1
        line = f"{self.agenda.now_ms} {' '.join(map(str, what))}"
        self._trace.update(line.encode())
        if self._say:
            self._say(line)

    def _heard(self, here: PeerId, there: PeerId, frames: Frames) -> None:
        """Count a message among what happened."""
        self.events += 1
        self._trace.update(b"%d" % self.agenda.now_ms + here.key + there.key + b"".join(frames))
        if self._say:
            kind = split(frames)[0].type
            line = f"{self._numbers[here]} > {self._numbers[there]} type {kind}"
            self._say(f"{self.agenda.now_ms} {line}, {sum(map(len, frames))} bytes")

    def _conducts(self) -> list[Conduct]:
        bad = self.random.randrange(LIARS + 1)
        others = [Conduct] * (PEERS - REQUESTERS - bad)
        others += [self.random.choice(self.bad) for _ in range(bad)]
        self.random.shuffle(others)
        kinds = [Conduct] * REQUESTERS + others
        return [kind(Hashed(number + 1), self.random) for number, kind in enumerate(kinds)]

    def _peer(self, number: int, conduct: Conduct) -> Peer:
        peer = Peer(number, conduct, self.network, self.agenda, self.random, self.promises)
        peer.note = self.note
        peer.named = [Hashed(other + 1).peer for other in range(PEERS) if other != number][:3]
        return peer

    def _run(self) -> None:
        for peer in self.peers:
            peer.start()
        for number, peer in enumerate(self.peers[: self._requesters]):
            seed = self.random.getrandbits(32)
            self.agenda.after(
                self.random.randrange(3_000), lambda p=peer, n=number, s=seed: p.submit(n, s)
            )
        self.trouble.plan()
        self.agenda.run(LASTS_MS)
        self.agenda.run(LASTS_MS + BOUND_MS, self._is_over)
        for peer in self.peers:
            self.promises.look(peer.name, peer.disk)
        self.promises.end()

    def _is_over(self) -> bool:
        return not self.promises.going and len(self.promises.runs) == self._requesters

    def _story(self, error: Exception) -> str:
        kinds = [type(peer.conduct).__name__ for peer in self.peers]
        return "\n".join(
            [
                f"{type(error).__name__}: {error}",
                f"at {self.agenda.now_ms} ms; peers: {', '.join(kinds)}",
                *self.trouble.faults,
                f"again: {self.command} {self.seed}",
            ]
        )
