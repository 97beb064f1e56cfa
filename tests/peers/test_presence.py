"""What a peer says at its IPFS node, and what is believed of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Refused
from peers.identity import Address
from peers.loopback import carried_host, is_carried
from peers.presence import LONGEST, PRESENCE, Presence, read
from peers.signed import seal
from tests.peers.keys import identity

SIGNER = identity(1)
NODE, RELAY = "12D3KooWMmpLKDXmxn6zNFuhxJUb4WqqZWqXNnqAvDfqqELYDfm9", identity(2).peer
HERE = f"{NODE}.ipfs:4177"


def said(*places: str) -> bytes:
    """Return what a peer says that is at some places."""
    return seal(PRESENCE, Presence(places), SIGNER).data


def test_hosts_come_before_relays_and_nodes_last() -> None:
    """Each is an address of whoever signed it."""
    through = f"10.0.0.9:4177?via={RELAY}"
    found = read(said(HERE, through, "10.0.0.7:4177"), NODE)
    assert [one.place for one in found] == ["10.0.0.7:4177", through, HERE]
    assert {one.peer for one in found} == {SIGNER.peer}
    assert found[2].node == NODE


def test_what_was_said_elsewhere_is_not_believed() -> None:
    """Nor what is unsigned, altered, or too long."""
    with pytest.raises(Damaged, match="another IPFS node"):
        read(said(HERE), NODE[:-1] + "8")
    with pytest.raises(Damaged, match="another IPFS node"):
        read(said("10.0.0.7:4177"), NODE)
    for data in (b"", said(HERE)[:-1], bytes(LONGEST + 1)):
        with pytest.raises(Damaged):
            read(data, NODE)


def test_there_are_one_to_eight_addresses() -> None:
    """That can be read."""
    for places in ((), tuple(f"10.0.0.7:{port}" for port in range(1, 10)), ("no place",)):
        with pytest.raises(ValueError, match="presence"):
            said(*places)


@given(st.binary(max_size=LONGEST))
def test_junk_is_damaged(data: bytes) -> None:
    """And nothing else."""
    with pytest.raises(Damaged):
        read(data, NODE)


def test_the_longest_presence_fits() -> None:
    """Eight hosts of the longest names."""
    places = [f"{letter * 253}:65535?via={RELAY}" for letter in "abcdefg"]
    assert len(said(HERE, *places)) <= LONGEST


def test_a_node_and_a_port_are_an_address() -> None:
    """Written and read as any other; a relay has a host."""
    address = Address.at(SIGNER.peer, HERE)
    assert Address.parse(str(address)) == address
    assert Address.at(SIGNER.peer, "example.ipfs:1").node == ""
    with pytest.raises(Refused, match="relay"):
        Address.at(SIGNER.peer, f"{HERE}?via={RELAY}")


@given(st.binary(min_size=32, max_size=32))
def test_what_is_carried_is_known_by_its_host(digest: bytes) -> None:
    """It is an address of this machine, and not a usual one."""
    host = carried_host(digest)
    assert is_carried(host)
    assert host.startswith("127.")
    for other in ("127.0.0.1", "127.63.0.1", "127.128.0.1", "10.64.0.1", "::1", f"{host}.example"):
        assert not is_carried(other)
