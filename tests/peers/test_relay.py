"""A relay joins those who belong together, once, in time, and as many as it has room for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from peers.identity import PeerId
from peers.relay import BURST_S, LIFE_MS, Joined, Limits, Relay, Tokens, Waits
from tests.peers.keys import identity

PEERS = [identity(number).peer for number in range(1, 40)]
ASKER, WANTED, *OTHERS = PEERS
CERTIFICATE = b"signed"


def tokens(number: int) -> Tokens:
    """Return two tokens that nobody else has."""
    return Tokens(number.to_bytes(32, "big"), (number + 2**32).to_bytes(32, "big"))


def keeping(*peers: PeerId, **limits: int) -> Relay:
    """Return a relay that keeps some peers."""
    relay = Relay(Limits(**limits))
    for peer in peers:
        relay.keep(peer, CERTIFICATE)
    return relay


def test_two_streams_are_joined_by_their_tokens() -> None:
    """Whichever comes first; the certificate of the one goes to the other."""
    relay = keeping(WANTED)
    for number in (1, 2):
        given = tokens(number)
        assert relay.call(ASKER, WANTED, given, 0) == CERTIFICATE
        first, second = given if number == 1 else reversed(given)
        assert relay.came(first, 10 * number, 5) == Waits()
        assert relay.came(second, 10 * number + 1, 6) == Joined(10 * number)
    assert len(relay) == 2


def test_a_token_is_good_once() -> None:
    """Nobody joins a pair that is there, or stands in for who waits."""
    relay, given = keeping(WANTED), tokens(1)
    relay.call(ASKER, WANTED, given, 0)
    relay.came(given.asker, 1, 0)
    assert relay.came(given.asker, 2, 0) is None
    relay.came(given.wanted, 3, 0)
    assert relay.came(given.wanted, 4, 0) is None


def test_a_token_that_was_not_given_is_nothing() -> None:
    """Nor is one that was given up."""
    relay = keeping(WANTED)
    assert relay.came(bytes(32), 1, 0) is None
    relay.call(ASKER, WANTED, tokens(1), 0)
    relay.came(tokens(1).asker, 1, 0)
    relay.ended(1)
    assert relay.came(tokens(1).wanted, 2, 0) is None


def test_who_waits_too_long_is_ended() -> None:
    """Those that are joined stay."""
    relay = keeping(WANTED)
    for number in (1, 2, 3):
        relay.call(ASKER, WANTED, tokens(number), 0)
    relay.came(tokens(1).asker, 1, 0)
    relay.came(tokens(1).wanted, 2, 0)
    relay.came(tokens(2).asker, 3, 0)
    assert relay.expire(LIFE_MS - 1) == ()
    assert relay.came(tokens(3).asker, 4, LIFE_MS) is None
    assert relay.expire(LIFE_MS) == (3,)
    assert relay.expire(LIFE_MS) == ()
    assert len(relay) == 1


@pytest.mark.parametrize("wanted", [ASKER, OTHERS[0]])
def test_only_who_is_kept_is_called(wanted: PeerId) -> None:
    """And nobody is led to itself."""
    relay = keeping(WANTED, ASKER)
    with pytest.raises(Refused, match="not reached through this one"):
        relay.call(ASKER, wanted, tokens(1), 0)


def test_who_left_is_called_no_more() -> None:
    """Until it is back."""
    relay = keeping(WANTED)
    relay.leave(WANTED)
    with pytest.raises(Refused):
        relay.call(ASKER, WANTED, tokens(1), 0)
    relay.keep(WANTED, b"another")
    assert relay.call(ASKER, WANTED, tokens(2), 0) == b"another"


def test_as_many_are_kept_as_there_is_room_for() -> None:
    """Those that are kept already may come again; a peer that is no relay keeps nobody."""
    relay = keeping(WANTED, kept=1)
    relay.keep(WANTED, CERTIFICATE)
    with pytest.raises(Refused, match="already"):
        relay.keep(ASKER, CERTIFICATE)
    with pytest.raises(Refused, match="no relay"):
        keeping(WANTED, kept=0)


def test_one_peer_does_not_take_all_streams() -> None:
    """Neither who asks nor who is wanted; when some end, there is room again."""
    relay = keeping(WANTED, *OTHERS, per_peer=2)
    relay.call(ASKER, WANTED, tokens(1), 0)
    relay.call(OTHERS[0], WANTED, tokens(2), 0)
    with pytest.raises(Refused, match="too many"):
        relay.call(OTHERS[1], WANTED, tokens(3), 0)
    relay.call(ASKER, OTHERS[0], tokens(4), 0)
    with pytest.raises(Refused, match="too many"):
        relay.call(ASKER, OTHERS[1], tokens(5), 0)
    relay.came(tokens(1).wanted, 1, 0)
    relay.ended(1)
    relay.call(ASKER, OTHERS[1], tokens(6), 0)


def test_streams_have_a_bound() -> None:
    """Of all peers together."""
    relay = keeping(*OTHERS, calls=3)
    for number in range(3):
        relay.call(OTHERS[number], OTHERS[number + 1], tokens(number), 0)
    with pytest.raises(Refused, match="no stream left"):
        relay.call(ASKER, OTHERS[9], tokens(9), 0)


def test_who_asks_too_often_waits() -> None:
    """Also when what it asks for is refused."""
    relay = keeping()
    for number in range(BURST_S):
        with pytest.raises(Refused, match="not reached"):
            relay.call(ASKER, WANTED, tokens(number), 0)
    with pytest.raises(Refused, match="too often"):
        relay.call(ASKER, WANTED, tokens(99), 999)
    with pytest.raises(Refused, match="not reached"):
        relay.call(ASKER, WANTED, tokens(99), 1_000)


moves = st.tuples(
    st.sampled_from(["call", "came", "end", "wait"]), st.integers(0, 7), st.integers(0, 1)
)


@given(st.lists(moves, max_size=60))
def test_nothing_is_left_of_what_is_over(script: list[tuple[str, int, int]]) -> None:
    """Whatever happens in whatever order, and no stream has two others."""
    relay, at_ms, streams = keeping(*OTHERS), 0, 0
    joined: list[int] = []
    for move, number, side in script:
        at_ms += 1_000
        if move == "call":
            relay._by_token.pop(tokens(number)[0], None)  # random ones are never given twice
            relay._by_token.pop(tokens(number)[1], None)
            relay.call(OTHERS[number], OTHERS[number + 1], tokens(number), at_ms)
        elif move == "came":
            streams += 1
            came = relay.came(tokens(number)[side], streams, at_ms)
            joined += [came.other] if isinstance(came, Joined) else []
        elif move == "end" and streams:
            relay.ended(1 + number % streams)
        elif move == "wait":
            relay.expire(at_ms)
    assert len(joined) == len(set(joined))
    for stream in range(1, streams + 1):
        relay.ended(stream)
    relay.expire(at_ms + LIFE_MS)
    assert not any((relay._calls, relay._by_token, relay._by_stream, relay._busy))
