"""Coming to peers by streams, having them brought, and seeking peers, by a made-up IPFS node."""

import pytest

from engine.errors import TallyError, Unavailable
from peers import carrying
from peers.carrying import MAX_CARRIED, MEET_MS, Carrying
from peers.identity import Address
from peers.kubo_streams import Mounted
from peers.mounting import WATCH_MS, Mounting
from peers.route import Route
from peers.streams import mount
from tests.peers.beside import (
    CERTIFIED,
    HOST,
    ME,
    NODE,
    THEIR,
    THERE,
    AtOnce,
    Beside,
    Lines,
    beside,
    line,
    lines,
)

__all__ = ["beside", "lines"]


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
