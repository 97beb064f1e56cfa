"""What is announced on a LAN is dialled now and then, whatever is announced."""

from hypothesis import given
from hypothesis import strategies as st

from peers.hints import AGAIN_MS, BURST_S, LONGEST, MAX_TOLD, Hints
from peers.identity import Address
from tests.peers.keys import identity

ME, OTHER = identity(1).peer, identity(2).peer


def at(port: int) -> Address:
    """Return an address of another peer."""
    return Address(OTHER, "10.0.0.7", port)


def test_an_address_is_told_once_in_a_while() -> None:
    """Once within five minutes, and then again."""
    hints = Hints(ME, 0)
    told = [hints.take(str(at(1)), now_ms) for now_ms in (0, 1, AGAIN_MS - 1, AGAIN_MS)]
    assert told == [at(1), None, None, at(1)]


def test_we_are_no_hint_to_ourselves() -> None:
    """Wherever it is said that we are."""
    assert Hints(ME, 0).take(str(Address(ME, "10.0.0.7", 1)), 0) is None


def test_a_flood_of_addresses_is_a_trickle() -> None:
    """Some at once, and one a second after that; what is remembered has a bound, too."""
    hints = Hints(ME, 0)
    told = [hints.take(str(at(1 + n)), n * 100) for n in range(20_000)]
    assert sum(bool(address) for address in told) in range(2_000, 2_000 + BURST_S + 1)
    assert len(hints._told) == MAX_TOLD


def test_the_longest_address_is_read() -> None:
    """A host of 253 characters."""
    text = str(Address(OTHER, "a" * 253, 65_535))
    assert len(text) <= LONGEST
    assert Hints(ME, 0).take(text, 0)


@given(st.text())
def test_junk_is_no_hint(text: str) -> None:
    """Nor an error."""
    assert Hints(ME, 0).take(text, 0) is None
