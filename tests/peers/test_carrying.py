"""Coming to peers by streams, having them brought, and seeking peers, by a made-up IPFS node."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

import pytest

from engine.errors import TallyError, Unavailable
from peers import carrying, seeking
from peers.carrying import MAX_CARRIED, MEET_MS, Carrying
from peers.certificate import CERTIFICATE, Certificate
from peers.connection import Channel, Connection
from peers.identity import Address, PeerId
from peers.introduction import INTRODUCTION, Introduction
from peers.kubo_streams import Mounted
from peers.mounting import WATCH_MS, Mounting
from peers.presence import LONGEST, PRESENCE, Presence
from peers.rendezvous import block_of
from peers.route import Route
from peers.seeking import ELSEWHERE, Hands, Seeking
from peers.signed import seal
from peers.streams import mount, presence_mount
from tests.peers.keys import identity

HOST = "127.64.9.9"
NODE, OTHER = (f"12D3KooW{letter * 44}" for letter in "ab")
ME, THEIR = identity(1), identity(2)
THERE = Address(THEIR.peer, f"{OTHER}.ipfs", 4177)
CERTIFIED = Certificate(bytes(32), 1, 2, 1)
NETWORK = block_of("tests")


class AtOnce(Executor):
    """Does what it is given at once."""

    def submit(self, job: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it."""
        done: Future[Any] = Future()
        done.set_result(job(*args, **kwargs))
        return done


class Beside:
    """An IPFS node that says what it is told to, and forwards to what says something."""

    def __init__(self) -> None:
        self.mounted: Mounted | Exception = Mounted(NODE, ())
        self.says: dict[str, bytes] = {}  # by protocol
        self.forwards: dict[int, str] = {}
        self.found: frozenset[str] | Exception = frozenset()
        self.provided = 0

    def mount(self, wanted: Mapping[str, str]) -> Mounted:
        """Carry."""
        return given(self.mounted)

    def forward(self, protocol: str, node: str) -> int:
        """Forward to what is said by a protocol; to nobody when it is not known."""
        if len(self.forwards) > 8:
            raise AssertionError("forwards are left")
        listening = socket.create_server((HOST, 0))
        port = int(listening.getsockname()[1])
        self.forwards[port] = protocol
        threading.Thread(target=self._serve, args=(listening, protocol), daemon=True).start()
        return port

    def _serve(self, listening: socket.socket, protocol: str) -> None:
        with listening, listening.accept()[0] as stream:
            stream.sendall(self.says.get(protocol, b""))

    def unforward(self, protocol: str, port: int) -> None:
        """Forward no more."""
        assert self.forwards.pop(port) == protocol

    def provide(self, block: object) -> None:
        """Count it."""
        self.provided += 1

    def providers(self, cid: object) -> frozenset[str]:
        """Return what was found."""
        return given(self.found)


def given(answer: Any) -> Any:
    """Return an answer, or raise what is one."""
    if isinstance(answer, Exception):
        raise answer
    return answer


class Lines:
    """Who is connected."""

    def __init__(self) -> None:
        self.up: set[PeerId] = set()

    def control(self, peer: PeerId) -> object:
        """Return a line."""
        return "line" if peer in self.up else None


def line(host: str = HOST) -> Connection:
    """Return a line for control."""
    return Connection(1, bytes(32), Channel.CONTROL, host, is_dialled=True)


@pytest.fixture
def beside() -> Beside:
    """Return an IPFS node at which a peer is."""
    made = Beside()
    said = Introduction(seal(CERTIFICATE, CERTIFIED, THEIR).data, 4178, 4179)
    made.says[mount(4177)] = seal(INTRODUCTION, said, THEIR).data
    here = seal(PRESENCE, Presence((THERE.place, "10.0.0.7:4177")), THEIR).data
    made.says[presence_mount(NETWORK.cid)] = here
    return made


@pytest.fixture
def lines() -> Lines:
    """Return that nobody is connected."""
    return Lines()


@pytest.fixture
def carries(beside: Beside, lines: Lines) -> Carrying:
    """Return what comes to peers so."""
    return Carrying(beside, HOST, lines, AtOnce(), lambda call: call())  # type: ignore[arg-type]


def carried(by: Carrying, address: Address = THERE) -> Route | TallyError:
    """Come to a peer."""
    routes: list[Route | TallyError] = []
    by.carry(address, routes.append)
    return routes[0]


def test_two_ports_lead_to_a_peer(carries: Carrying, beside: Beside, lines: Lines) -> None:
    """Whose key is in what it says at its first; they are kept as long as it is connected."""
    route = carried(carries)
    assert isinstance(route, Route)
    assert {beside.forwards[place.port] for place in route} == {mount(4178), mount(4179)}
    assert {place.curve_key for place in route} == {CERTIFIED.curve_key}
    lines.up.add(THEIR.peer)
    carries.tick(10 * MEET_MS)
    assert len(beside.forwards) == 2
    lines.up.clear()
    carries.closed(line(), THEIR.peer)
    assert beside.forwards == {}


def test_a_way_on_which_nobody_is_met_is_closed(carries: Carrying, beside: Beside) -> None:
    """After some time; one that is made anew takes its place."""
    carried(carries)
    carried(carries)
    assert len(beside.forwards) == 2
    carries.tick(MEET_MS - 1)
    assert len(beside.forwards) == 2
    carries.tick(MEET_MS)
    assert beside.forwards == {}


def test_who_is_not_there_is_told(carries: Carrying, beside: Beside, lines: Lines) -> None:
    """Nobody, another peer, one that is connected already; nothing is left of it."""
    lines.up.add(THEIR.peer)
    assert isinstance(carried(carries), Unavailable)
    lines.up.clear()
    other = Address(ME.peer, THERE.host, 4177)
    assert "another peer" in str(carried(carries, other))
    beside.says.clear()
    assert isinstance(carried(carries), TallyError)
    assert beside.forwards == {}


def test_a_mistake_ends_no_more_than_that(
    carries: Carrying, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be tried again."""

    def failing(*words: object) -> None:
        raise ValueError("no such thing")

    with monkeypatch.context() as patched:
        patched.setattr(carrying, "ask", failing)
        assert isinstance(carried(carries), TallyError)
    assert isinstance(carried(carries), Route)


def test_half_a_way_is_none(
    carries: Carrying, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the second port cannot be led to, the first is not either."""
    forward = beside.forward

    def failing(protocol: str, node: str) -> int:
        if protocol == mount(4179):
            raise Unavailable("the node is away")
        return forward(protocol, node)

    monkeypatch.setattr(beside, "forward", failing)
    assert "the node is away" in str(carried(carries))
    assert beside.forwards == {}


def test_ways_are_few(carries: Carrying, beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes over is refused."""
    monkeypatch.setattr(carrying, "MAX_CARRIED", 1)
    assert MAX_CARRIED == 64
    assert isinstance(carried(carries), Route)
    assert "too many" in str(carried(carries, Address(ME.peer, THERE.host, 4177)))


def test_a_node_that_comes_and_goes_is_said_once(beside: Beside) -> None:
    """And looked after again every few seconds."""
    said: list[tuple[str, object]] = []
    changes: list[str] = []
    watched = Mounting(
        beside,  # type: ignore[arg-type]
        {},
        AtOnce(),
        lambda call: call(),
        lambda event, **facts: said.append((event, facts.get("why"))),
    )
    watched.changed = lambda: changes.append(watched.node)
    for at, answer in enumerate(
        (
            Unavailable("away", fix="start it"),
            Unavailable("away", fix="start it"),
            Mounted(NODE, ()),
            Mounted(NODE, ()),
            Mounted(NODE, (mount(1),)),
            ValueError("a mistake"),
        )
    ):
        beside.mounted = answer
        watched.tick(at * WATCH_MS)
        watched.tick(at * WATCH_MS + 1)
    assert [event for event, _ in said] == [
        "no streams by IPFS",
        "streams by IPFS",
        "streams by IPFS",
        "stream of another peer",
        "no streams by IPFS",
    ]
    assert changes == ["", NODE, NODE, ""]


@contextmanager
def searching(beside: Beside, lines: Lines) -> Iterator[tuple[Seeking, list[Address], list[str]]]:
    """Lend what looks for peers, whom it has met, and what it wrote down."""
    met: list[Address] = []
    said: list[str] = []

    def log(event: str, **facts: object) -> None:
        said.append(f"{event}: {facts.get('why')}")

    threads = AtOnce()
    hands = Hands(beside, HOST, threads, threads, lambda call: call(), met.append, log)  # type: ignore[arg-type]
    made = Seeking(ME.peer, NETWORK, lines, hands)  # type: ignore[arg-type]
    made.carried(NODE)
    yield made, met, said


def test_who_is_found_is_asked_and_met(beside: Beside, lines: Lines) -> None:
    """Its host first, then by its node."""
    beside.found = frozenset({OTHER, NODE, "no id of a node"})
    with searching(beside, lines) as (seeks, met, _):
        seeks.tick(0)
        seeks.tick(1_000)
        assert [one.place for one in met] == ["10.0.0.7:4177"]
        seeks.unanswered(THEIR.peer)
        assert met[-1] == THERE
        assert seeks.found() == {OTHER: THEIR.peer}
        assert beside.provided == 1
        assert beside.forwards == {}
        lines.up.add(THEIR.peer)
        seeks.opened(line(), THEIR.peer)
        lines.up.clear()
        seeks.closed(line(), THEIR.peer)


@pytest.mark.parametrize("said", [b"", b"junk", bytes(2 * LONGEST)])
def test_who_says_what_no_peer_says_is_not_met(said: bytes, beside: Beside, lines: Lines) -> None:
    """That is written down once."""
    beside.found = frozenset({OTHER})
    beside.says[presence_mount(NETWORK.cid)] = said
    with searching(beside, lines) as (seeks, met, log):
        for at in range(0, 600_000, 1_000):
            seeks.tick(at)
        assert met == []
        assert len(log) == 1
        assert log[0].startswith("nobody at an IPFS node")


def test_what_the_node_cannot_do_is_written_down_once(beside: Beside, lines: Lines) -> None:
    """It is tried again, less and less often."""
    beside.found = Unavailable("it is away")
    with searching(beside, lines) as (seeks, _, log):
        for at in range(0, 600_000, 1_000):
            seeks.tick(at)
        assert log == ["not looked for on IPFS: it is away"]


def test_a_node_that_listens_elsewhere_is_said_so(
    beside: Beside, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one in a container does."""
    beside.found = frozenset({OTHER})
    with socket.create_server((HOST, 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setattr(beside, "forward", lambda *_: port)
    monkeypatch.setattr(beside, "unforward", lambda *_: None)
    with searching(beside, lines) as (seeks, _, log):
        seeks.tick(0)
        seeks.tick(1_000)
        assert log == [f"nobody at an IPFS node: {ELSEWHERE}"]


def test_what_is_remembered_as_said_is_bounded(
    beside: Beside, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many nodes there are."""
    monkeypatch.setattr(seeking, "MAX_SAID", 2)
    with searching(beside, lines) as (seeks, _, log):
        for number in range(9):
            seeks._log("nobody", f"node{number}", "why")
        assert len(seeks._said_last) == 2
        assert len(log) == 9
