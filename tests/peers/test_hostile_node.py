"""A peer as a user starts it: the hostile are cut off, its log says why, and others are served."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from engine import merkle
from engine.content.cid import RAW, Cid
from peers import exchange, introduction, plain
from peers.agreement import LEASE, OFFER, Lease, Offer
from peers.batch_messages import BATCH_TYPE
from peers.connection import Channel, Connection, Place
from peers.directory_messages import INTRODUCE_TYPE, TYPES
from peers.identity import Address, PeerId
from peers.messages import request
from peers.offer_messages import OFFER_TYPE, Refusal, read_answer
from peers.post import Came
from peers.signed import seal
from peers.step_messages import LEASE_TYPE, STOP_TYPE, Need, Steps, write_lease, write_steps
from tests.daemons import Daemon
from tests.daemons import until as until_so
from tests.peers.hosts import Host
from tests.peers.keys import identity
from tests.peers.networks import until
from tests.peers.strangers import NO_ID, Stranger, envelope

pytestmark = pytest.mark.sandbox

ID = b"i" * 16
A_CID = Cid.of(RAW, b"a")


class Victim:
    """A peer that was started, and where it is."""

    def __init__(self, daemon: Daemon) -> None:
        """Ask it where it listens."""
        self.daemon = daemon
        address = Address.parse(daemon.address)
        said, certificate = introduction.ask(address, 10_000)
        self.peer = address.peer
        self.places = {
            Channel.CONTROL: Place(address.host, said.control_port, certificate.curve_key),
            Channel.BULK: Place(address.host, said.bulk_port, certificate.curve_key),
        }

    def why(self, number: int) -> str:
        """Return why a peer was cut off, as the log says, which may come a little later."""
        peer = str(identity(number).peer)
        found: list[str] = []
        until_so(lambda: found.extend(self._cut(peer)) or found)
        return found[0]

    def _cut(self, peer: str) -> list[str]:
        log = self.daemon.log()
        return [one["why"] for one in log if one["event"] == "cut off" and one["peer"] == peer]


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Return a peer that runs."""
    daemon = Daemon(tmp_path_factory.mktemp("hostile") / "home").start("--lend-to", "anybody")
    yield Victim(daemon)
    daemon.kill()


def offer(signer: int, requester: int, provider: PeerId) -> bytes:
    """Return a signed offer."""
    who, mib = identity(requester).public_key, 2**20
    said = Offer(b"r" * 16, who, provider.key, {}, 0, "own", (), 1, 64 * mib, 64 * mib, 9_000, 0)
    return seal(OFFER, said, identity(signer)).data


class Polite(Host):
    """A peer that answers who asks it for the peers it knows: none."""

    def answer(self, came: Came) -> bytes:
        """Return an empty list, or that something has come."""
        return plain.pack((1, 0, False, ())) if came.type == TYPES.ask else b""

    async def meet(self, victim: Victim, channel: Channel) -> Connection:
        """Connect, and be known."""
        line = self.post.dial(victim.places[channel], channel, expected=victim.peer)
        await until(lambda: line in self.met)
        return line


Message = tuple[Channel, int, bytes]
CONTROL, BULK = Channel.CONTROL, Channel.BULK
CASES: dict[str, Callable[[int, PeerId], Message]] = {
    "signed": lambda _, __: (CONTROL, OFFER_TYPE, b"not signed"),
    "an offer is made by whoever signs it": lambda me, peer: (
        *(CONTROL, OFFER_TYPE),
        offer(99, me, peer),
    ),
    "it was offered to somebody else": lambda me, _: (
        *(CONTROL, OFFER_TYPE),
        offer(me, me, identity(98).peer),
    ),
    "a lease of another form": lambda _, __: (CONTROL, LEASE_TYPE, plain.pack((1, 2))),
    "a batch of another form": lambda _, __: (CONTROL, BATCH_TYPE, plain.pack((1, 2))),
    "on a line for control": lambda _, __: (
        *(BULK, STOP_TYPE),
        write_steps(Steps(A_CID, (A_CID,), "")),
    ),
    "there is no type 4085": lambda _, __: (CONTROL, request(1021), b""),
    "on a line for blocks": lambda _, __: (CONTROL, *exchange.pack(exchange.Credit(1, 1))),
    "blocks of other sizes": lambda _, __: (
        *(BULK, exchange.BLOCKS_TYPE),
        exchange.pack(exchange.Blocks(1, 1, ((A_CID, b"a"),)))[1] + b"more",
    ),
    "a float, a map": lambda _, __: (BULK, exchange.WANT_TYPE, b"\xc1"),
    "the record of a peer": lambda _, __: (CONTROL, INTRODUCE_TYPE, plain.pack((b"x" * 200,))),
}


def misbehave(victim: Victim, number: int, make: Callable[[int, PeerId], Message]) -> None:
    """Say Hello, and then what no peer says; wait to be hung up on."""
    channel, kind, body = make(number, victim.peer)
    with contextlib.closing(Stranger(victim.places[channel], number)) as stranger:
        stranger.greet()
        head = envelope(kind, 2, ID if kind % 4 else NO_ID)
        stranger.say(head, body) if body else stranger.say(head)
        assert stranger.is_hung_up(), make


def test_what_no_peer_says(victim: Victim) -> None:
    """Unsigned, signed by another, unasked, of no form: all is in the log; others are served."""

    async def test() -> None:
        honest = Polite(1)
        life = asyncio.create_task(honest.live())
        line = await honest.meet(victim, CONTROL)
        for number, make in enumerate(CASES.values(), 10):
            await asyncio.to_thread(misbehave, victim, number, make)
            before = len(honest.answers)
            honest.post.ask(line, TYPES.ask, plain.pack((0, 0)), 0)
            await until(lambda before=before: len(honest.answers) > before)  # type: ignore[misc]
        assert not honest.closed
        life.cancel()
        honest.network.close()

    asyncio.run(test())
    for number, why in enumerate(CASES, 10):
        assert why in victim.why(number)


class Liar(Polite):
    """A requester that has steps run, and serves other bytes than it was asked for."""

    def __init__(self, number: int, victim: Victim) -> None:
        """Want one step done."""
        super().__init__(number)
        self.victim = victim
        self.agreement: Cid | None = None
        self.asked = 0
        self.refusal = ""

    async def lie(self) -> None:
        """Offer, lease, and lie."""
        control = await self.meet(self.victim, CONTROL)
        await self.meet(self.victim, BULK)
        self.post.ask(control, OFFER_TYPE, offer(self.number, self.number, self.victim.peer), 0)
        await until(lambda: self.answers)
        answer = read_answer(self.answers[0])
        assert not isinstance(answer, Refusal), answer.why
        lease = Lease(answer.value.agreement, 1, 1, merkle.root([A_CID.raw]), 9_000)
        signed = seal(LEASE, lease, self.identity).data
        need = Need(Cid.of(RAW, b"b"), 2**20, 2**20, 9_000)
        self.post.ask(control, LEASE_TYPE, write_lease(signed, [A_CID], [need]), 0)
        await until(lambda: self.closed)

    def came(self, came: Came) -> None:
        """Answer wants with what was not wanted."""
        if came.type == exchange.WANT_TYPE:
            want = exchange.unpack(came.type, came.body)
            assert isinstance(want, exchange.WantBlocks)
            lies = tuple((cid, b"lies") for cid in want.cids)
            sent = 4 * len(lies)
            self.post.tell(came.connection, *exchange.pack(exchange.Blocks(want.lane, sent, lies)))


def test_wrong_bytes(victim: Victim) -> None:
    """Who has steps run and sends blocks that are not what they are called is cut off."""

    async def test() -> None:
        liar = Liar(50, victim)
        await liar.lie()
        liar.network.close()

    asyncio.run(test())
    assert "it sent bytes that are not" in victim.why(50)


def test_a_killed_network_process(victim: Victim) -> None:
    """The node goes on, says so, and is there again at the same ports."""

    async def test() -> None:
        honest = Polite(2)
        await honest.meet(victim, CONTROL)
        started = [one for one in victim.daemon.log() if one["event"] == "network started"]
        os.kill(started[-1]["pid"], signal.SIGKILL)
        await until(lambda: honest.closed)
        await honest.meet(victim, CONTROL)
        honest.network.close()

    asyncio.run(test())
    (ended,) = [one for one in victim.daemon.log() if one["event"] == "network ended"]
    assert ended["why"] == "SIGKILL"
