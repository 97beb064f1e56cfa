"""A peer id is the libp2p peer id of a key, and an address says where that listens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_is_valid_point

from engine.errors import Refused
from peers.identity import Address, PeerId
from tests.peers.keys import identity

# https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md, "Test vectors", Ed25519
SPECIFIED = (
    "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
    "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
)
ONE = identity(1).peer
# keys for which anyone can sign: points of small order, and one that is not canonical
WEAK = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    b"\xff" * 32,
]


@given(st.integers(1, 2**255))
def test_a_peer_id_is_read_as_it_was_printed(number: int) -> None:
    """Every Ed25519 key has one, which begins alike."""
    peer = identity(number).peer
    assert PeerId.parse(str(peer)) == peer
    assert str(peer).startswith("12D3Koo")


def test_a_peer_id_is_that_of_libp2p() -> None:
    """The known answer of its specification."""
    key, text = SPECIFIED
    assert str(PeerId.of(bytes.fromhex(key))) == text


@pytest.mark.parametrize("key", WEAK)
def test_a_weak_key_is_nobody(key: bytes) -> None:
    """Neither as bytes nor as text."""
    assert not crypto_core_ed25519_is_valid_point(key)
    with pytest.raises(Refused, match="no Ed25519 key"):
        PeerId.of(key)
    with pytest.raises(Refused, match="not a peer id"):
        PeerId.parse(str(PeerId(key)))


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_has_32_bytes(key: bytes) -> None:
    """Anything else is no key."""
    with pytest.raises(Refused):
        PeerId.of(key)


@given(st.text(max_size=60))
def test_other_text_is_refused(text: str) -> None:
    """Whatever it is."""
    for read in (PeerId.parse, Address.parse):
        with pytest.raises(Refused):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        f"1{ONE}",
        f"{ONE} ",
        str(ONE)[:-1],
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        "1" * 10_000,
    ],
)
def test_a_peer_id_has_one_spelling(text: str) -> None:
    """Leading ones, ends, other kinds of key and great lengths are refused."""
    with pytest.raises(Refused, match="not a peer id"):
        PeerId.parse(text)


@pytest.mark.parametrize(
    ("host", "written"),
    [("a.example", "a.example"), ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]")],
)
def test_an_address_is_read_as_it_was_printed(host: str, written: str) -> None:
    """A name, or an IP address of either kind."""
    address = Address(ONE, host, 7411)
    assert str(address) == f"tally://{ONE}@{written}:7411"
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "place",
    [
        *("", "host", "host:", ":7", "host:0", "host:65536", "host:07", "host:7x", "host:\uff17"),
        *("2001:db8::1:7", "[host]:7", "[::1:7", "-host:7", "ho st:7", "host/:7", f"{'h' * 254}:7"),
    ],
)
def test_an_address_has_a_host_and_a_port(place: str) -> None:
    """Each is checked before anybody dials it."""
    with pytest.raises(Refused):
        Address.parse(f"tally://{ONE}@{place}")


def test_an_address_may_be_through_a_relay() -> None:
    """Which is part of it, and of what stands in a record."""
    other = identity(2).peer
    address = Address(ONE, "2001:db8::1", 7411, via=other)
    assert str(address) == f"tally://{ONE}@[2001:db8::1]:7411?via={other}"
    assert Address.parse(str(address)) == address
    assert Address.at(ONE, address.place) == address
    for relay in (ONE, "", "junk", f"{other}?via={other}"):
        with pytest.raises(Refused):
            Address.parse(f"tally://{ONE}@host:7?via={relay}")


def test_peers_have_an_order() -> None:
    """By their keys."""
    peers = [identity(number).peer for number in range(1, 9)]
    assert sorted(peers) == sorted(peers, key=lambda peer: peer.key)
