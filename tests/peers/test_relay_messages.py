"""What peers say about relays is read as it was written, and nothing else is."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from peers import plain
from peers.connection import Channel
from peers.errors import RemoteFault
from peers.plain import Plain
from peers.relay_messages import (
    CALL_TYPE,
    KEEP_TYPE,
    MAX_WHY,
    REACH_TYPE,
    Berth,
    Call,
    Granted,
    Reach,
    curve_key,
    read_call,
    read_granted,
    read_keep,
    read_kept,
    read_reach,
    write_call,
    write_granted,
    write_keep,
    write_kept,
    write_reach,
)
from tests.peers.keys import identity
from tests.peers.parties import certificate

PEER = identity(1).peer
BERTH = Berth(65_535, bytes(range(32)))
READERS = [read_call, read_granted, read_keep, read_kept, read_reach]

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99_999) | st.binary(max_size=40) | st.text(),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
)


@pytest.mark.parametrize("channel", Channel)
def test_they_are_read_as_they_were_written(channel: Channel) -> None:
    """Each of them."""
    call, granted = Call(PEER, channel, BERTH), Granted(BERTH, b"signed")
    assert read_keep(plain.unpack(write_keep(b"signed"))) == b"signed"
    assert read_kept(plain.unpack(write_kept(""))) == ""
    assert read_kept(plain.unpack(write_kept("n" * 999))) == "n" * MAX_WHY
    assert read_reach(plain.unpack(write_reach(PEER, channel))) == Reach(PEER, channel)
    assert read_granted(plain.unpack(write_granted(granted))) == granted
    assert read_call(plain.unpack(write_call(call))) == call


def test_types_are_those_of_the_protocol() -> None:
    """As docs/protocol.md has them."""
    assert (KEEP_TYPE, REACH_TYPE, CALL_TYPE) == (129, 133, 136)


def test_a_refusal_says_why() -> None:
    """In the words of the relay."""
    with pytest.raises(Refused, match="it is full") as refused:
        read_granted(plain.unpack(write_granted("it is full")))
    assert not isinstance(refused.value, RemoteFault)


@pytest.mark.parametrize("read", READERS)
@given(body=values)
def test_junk_is_a_fault_of_who_sent_it(read: Callable[[Plain], object], body: Plain) -> None:
    """Or it is something after all: no other error is raised."""
    with contextlib.suppress(Refused):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        (1, 0, bytes(32), b"c"),
        (1, 65_536, bytes(32), b"c"),
        (1, True, bytes(32), b"c"),
        (1, 9, bytes(31), b"c"),
        (1, 9, bytes(32), b""),
        (1, 9, bytes(32), bytes(1_025)),
        (2, 9, bytes(32), b"c"),
        (0, "n" * 501),
        (0,),
    ],
)
def test_what_is_out_of_bounds_is_a_fault(body: Plain) -> None:
    """Ports, tokens, certificates and reasons have theirs."""
    with pytest.raises(RemoteFault):
        read_granted(body)


def test_a_certificate_is_its_peers_own() -> None:
    """No relay puts itself in between."""
    assert curve_key(certificate(1, bytes(32)), PEER) == bytes(32)
    for data in (certificate(2, bytes(32)), b"junk", certificate(1, bytes(32))[:-1]):
        with pytest.raises(RemoteFault):
            curve_key(data, PEER)
