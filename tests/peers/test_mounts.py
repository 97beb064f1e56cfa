"""What an IPFS node is to carry, against what it says that it carries."""

from typing import NamedTuple

from peers.mounts import amend, forwards_of, port_of

HOST, SELF = "127.64.0.1", "/p2p/12D3KooW"
ONE, TWO = "/x/tallystick/1/4177", "/x/tallystick/1/4178"


class Stream(NamedTuple):
    """As a node tells of it."""

    protocol: str
    listen: str
    target: str


def listener(protocol: str, host: str, port: int) -> Stream:
    """Return what is carried to a port."""
    return Stream(protocol, SELF, at(host, port))


def at(host: str, port: int) -> str:
    """Return a multiaddress."""
    return f"/ip4/{host}/tcp/{port}"


def test_what_is_there_is_left_alone() -> None:
    """And what lacks is made."""
    wanted = {ONE: at(HOST, 1), TWO: at(HOST, 2)}
    change = amend([listener(ONE, HOST, 1)], wanted, HOST)
    assert change == ((), ((TWO, at(HOST, 2)),), ())


def test_what_a_killed_peer_left_is_ended() -> None:
    """It went to another port of this peer's host, or has another name."""
    change = amend([listener(ONE, HOST, 9), listener(TWO, HOST, 2)], {ONE: at(HOST, 1)}, HOST)
    assert change == (((ONE, SELF), (TWO, SELF)), ((ONE, at(HOST, 1)),), ())


def test_what_others_have_is_theirs() -> None:
    """Of another peer it is said; other programs and forwards are not looked at."""
    others = [
        listener(ONE, "127.64.0.2", 1),
        listener(TWO, "127.64.0.2", 2),
        listener("/x/ssh", "127.0.0.1", 22),
        Stream(ONE, at(HOST, 7), SELF),
    ]
    change = amend(others, {ONE: at(HOST, 1)}, HOST)
    assert change == ((), (), ((ONE, SELF, at("127.64.0.2", 1)),))


def test_forwards_are_known_by_where_they_listen() -> None:
    """Those of this peer, and no listener."""
    mine, other = Stream(ONE, at(HOST, 7), SELF), Stream(ONE, at("127.64.0.2", 7), SELF)
    assert forwards_of([mine, other, listener(ONE, HOST, 1)], HOST) == ((ONE, at(HOST, 7)),)


def test_ports_are_read() -> None:
    """Of nothing else is there one."""
    assert port_of(at(HOST, 7)) == 7
    for text in ("", SELF, "/ip4/127.0.0.1/udp/7", "/ip4/127.0.0.1/tcp/70000", "/ip4/a/tcp/b"):
        assert port_of(text) == 0


def test_a_forward_is_no_listener() -> None:
    """Though its protocol is one that we want mounted: peers listen at the same ports."""
    change = amend([Stream(ONE, at(HOST, 7), SELF)], {ONE: at(HOST, 1)}, HOST)
    assert change == ((), ((ONE, at(HOST, 1)),), ())


def test_a_port_with_very_many_digits_is_none() -> None:
    """Python reads no number of over 4 300: whoever wrote it, it is no error."""
    assert port_of(f"/ip4/{HOST}/tcp/{'1' * 5_000}") == 0
