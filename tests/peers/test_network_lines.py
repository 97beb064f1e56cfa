"""What the network process says is checked like what a stranger says."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers import network_messages as messages
from peers.connection import Arrived, Channel, Connected, Connection, Ended, Left, Place
from peers.errors import RemoteFault
from peers.gate import Limits
from peers.network_frames import Frame, Kind
from peers.network_lines import MAX_ALL, MAX_SIZE, MAX_UNDER_WAY, NetworkLines

KEY = b"k" * 32
CONTROL, BULK = Channel.CONTROL, Channel.BULK


def lines() -> NetworkLines:
    """Return the lines of a peer with room for one, or what is about to be cut."""
    return NetworkLines(Limits(connections=1), itertools.count(1))


def dialled(known: NetworkLines, number: int = 50, channel: Channel = CONTROL) -> Connection:
    """Return a connection that is dialled."""
    made = Connection(number, KEY, channel, "10.0.0.1", is_dialled=True)
    known.dialled(made)
    return made


def test_a_connection_from_outside() -> None:
    """It is made known by its first message, numbered in the order of those, and then ends."""
    known = lines()
    for number in (7, 9):
        assert known.arrival(CONTROL, messages.accepted(number, KEY, "10.0.0.1")) is None
    late = known.arrival(CONTROL, Frame(Kind.MESSAGE, 9, (b"a", b"b")))
    assert late == Arrived(Connection(1, KEY, CONTROL, "10.0.0.1", is_dialled=False), (b"a", b"b"))
    early = known.arrival(CONTROL, Frame(Kind.MESSAGE, 7, (b"a",)))
    assert early
    assert early.connection.number == 2
    ended = known.arrival(CONTROL, messages.ended(7, "the connection ended"))
    assert ended == Ended(early.connection, "the connection ended")
    for frame in (Frame(Kind.MESSAGE, 7, (b"late",)), messages.left(7, 1), messages.ended(7, "x")):
        assert known.arrival(CONTROL, frame) is None


def test_a_connection_that_was_dialled() -> None:
    """It is connected, messages leave it, and when it is cut nothing of it is heard."""
    known = lines()
    line = dialled(known)
    assert known.arrival(CONTROL, messages.bare(Kind.CONNECTED, 100)) == Connected(line)
    assert known.takes(line, 10) == known.takes(line, 10) == known.id_of(line) == 100
    assert known.arrival(CONTROL, messages.left(100, 2)) == Left(line, 2)
    assert known.ended(line) == 100
    assert known.ended(line) is known.takes(line, 1) is known.id_of(line) is None
    assert known.arrival(CONTROL, messages.ended(100, "late")) is None


def test_what_is_under_way_is_bounded() -> None:
    """By messages and bytes of a connection, and by those of all; what has left makes room."""
    known = lines()
    small, large = dialled(known, 1), dialled(known, 2)
    assert all(known.takes(small, 1) for _ in range(MAX_UNDER_WAY))
    assert known.takes(small, 1) is None
    assert known.arrival(CONTROL, messages.left(2, 1))
    assert known.takes(small, 1)
    assert known.takes(large, MAX_SIZE)
    assert known.takes(large, 1) is None
    others = [dialled(known, number) for number in range(3, 40)]
    taken = [one for one in others if known.takes(one, MAX_SIZE)]
    assert len(taken) * MAX_SIZE < MAX_ALL <= (len(taken) + 1) * MAX_SIZE
    assert set(known.clear()) == {small, large, *others}
    assert known.takes(dialled(known, 60), MAX_SIZE)


@pytest.mark.parametrize(
    ("channel", "frame", "why"),
    [
        (CONTROL, messages.accepted(7, KEY, "h"), "not a new one"),
        (CONTROL, messages.accepted(8, KEY, "h"), "not a new one"),
        (CONTROL, messages.accepted(9, b"short", "h"), "no key and host"),
        (CONTROL, messages.accepted(9, KEY, "h" * 501), "no key and host"),
        (BULK, Frame(Kind.MESSAGE, 7, (b"",)), "of another channel"),
        (CONTROL, messages.left(100, 2), "more has left"),
        (CONTROL, messages.left(100, 0), "no count"),
        (CONTROL, Frame(Kind.LEFT, 100, (b"\xc3",)), "no count"),
        (CONTROL, Frame(Kind.ENDED, 100, (b"\x01",)), "no reason"),
        (CONTROL, Frame(Kind.ENDED, 100, (b"\x01", b"")), "no ENDED"),
        (CONTROL, Frame(Kind.ENDED, 100, (bytes(5_000),)), "no ENDED"),
        (CONTROL, messages.dial(100, Place("h", 1, KEY)), "it says DIAL"),
        (CONTROL, messages.bare(Kind.CUT, 100), "it says CUT"),
        (CONTROL, messages.bare(Kind.CONNECTED, 7), ""),
    ],
)
def test_what_it_cannot_say(channel: Channel, frame: Frame, why: str) -> None:
    """It names what there is, in its own words, and nothing twice."""
    known = lines()
    known.takes(dialled(known), 10)
    known.arrival(CONTROL, messages.accepted(7, KEY, "h"))
    known.arrival(CONTROL, Frame(Kind.MESSAGE, 7, (b"first",)))
    if not why:
        assert known.arrival(channel, frame) is None
        return
    with pytest.raises(RemoteFault, match=why):
        known.arrival(channel, frame)


def test_too_many_connections() -> None:
    """It cannot have more connections than there may be, heard or not."""
    known = lines()
    for number in range(1, 2 * 65, 2):
        known.arrival(CONTROL, messages.accepted(number, KEY, "h"))
        if number % 3 == 0:
            known.arrival(CONTROL, Frame(Kind.MESSAGE, number, (b"first",)))
    with pytest.raises(RemoteFault, match="over 65 connections"):
        known.arrival(CONTROL, messages.accepted(999, KEY, "h"))


@given(st.sampled_from(Kind), st.integers(0, 200), st.lists(st.binary(max_size=50), min_size=1))
def test_junk(kind: Kind, number: int, parts: list[bytes]) -> None:
    """Whatever it says is something, or refused."""
    known = lines()
    dialled(known)
    known.arrival(CONTROL, messages.accepted(7, KEY, "h"))
    with contextlib.suppress(RemoteFault):
        known.arrival(CONTROL, Frame(kind, number, tuple(parts[:2])))
