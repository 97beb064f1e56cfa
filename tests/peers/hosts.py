"""Peers as a node has them: sessions here, sockets in a process. They answer what is asked."""

import asyncio

from engine.clock import SystemClock
from peers.certificate import CERTIFICATE, SKEW_MS, Certificate
from peers.connection import Arrival, Channel, Connection
from peers.envelope import Role
from peers.hello import Party
from peers.messages import request
from peers.post import Came, Closed, Happened, Opened, Post
from peers.signed import seal
from tests.peers.keys import identity
from tests.peers.networks import Net, until

QUESTION = request(64)
TICK_S = 0.05


class Host(Net):
    """One peer; for one running loop."""

    def __init__(self, number: int) -> None:
        """Use the keys of peer `number`."""
        super().__init__(number)
        self.number = number
        self.identity = identity(number)
        certificate = certified(number, self.key)  # of version 1, which has no catalogue
        self.party = Party(self.identity, certificate, self.key, versions=(1,))
        self.post = Post(self.network, self.party, SystemClock())
        self.heed = self._arrive
        self.met: list[Connection] = []
        self.closed: list[Closed] = []
        self.answers: list[bytes] = []

    async def live(self) -> None:
        """Let time pass as a node does, until cancelled: else it is taken for gone."""
        while True:
            self._hear(self.post.tick())
            await asyncio.sleep(TICK_S)

    def _arrive(self, arrival: Arrival) -> None:
        self._hear(self.post.arrive(arrival))

    def _hear(self, all_: list[Happened]) -> None:
        for happened in all_:
            match happened:
                case Opened(connection):
                    self.met.append(connection)
                case Came(role=Role.REQUEST):
                    answer = self.answer(happened)
                    self.post.reply(happened.connection, happened.request_id, answer)
                case Came(role=Role.ANSWER):
                    self.answers.append(happened.body)
                case Came():
                    self.came(happened)
                case Closed():
                    self.closed.append(happened)

    def answer(self, came: Came) -> bytes:
        """Return the answer to a request."""
        return b"answer to " + came.body

    def came(self, came: Came) -> None:
        """Take a notice: there is nothing to be said to it."""

    @property
    def faults(self) -> list[str]:
        """Why others were cut off."""
        return [one.why for one in self.closed if one.is_fault]

    async def befriend(self, other: "Host") -> Connection:
        """Meet another."""
        place = other.places[Channel.CONTROL]
        line = self.post.dial(place, Channel.CONTROL, expected=other.identity.peer)
        await until(lambda: line in self.met)
        return line

    async def is_answered(self, line: Connection) -> bool:
        """Return whether there is an answer to what is asked."""
        before = len(self.answers)
        self.post.ask(line, QUESTION, b"%d" % before, 0)
        await until(lambda: len(self.answers) > before)
        return self.answers[-1] == b"answer to %d" % before


def certified(number: int, key: bytes) -> bytes:
    """Return the signed certificate of a transport key."""
    now_ms = SystemClock().now_ms()
    return seal(
        CERTIFICATE, Certificate(key, now_ms - SKEW_MS, now_ms + 10**6, 1), identity(number)
    ).data
