"""Kubo: a real IPFS node, through our side of it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from engine.content import car
from engine.content.blocks import Block
from engine.content.canonical import encode
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import NotHere, Unavailable
from engine.ipfs.kubo import Kubo
from tests.kubo import IpfsNode, needs_ipfs

pytestmark = [needs_ipfs, pytest.mark.kubo]

HELLO = Block(Cid.of(RAW, b"hello"), b"hello")


@pytest.fixture
def near(two: list[IpfsNode]) -> Iterator[Kubo]:
    """The first."""
    with two[0].kubo() as kubo:
        yield kubo


@pytest.fixture
def far(two: list[IpfsNode]) -> Iterator[Kubo]:
    """The other."""
    with two[1].kubo() as kubo:
        yield kubo


def test_a_node_says_who_it_is(near: Kubo) -> None:
    """Its version, its id and where it is reached."""
    found = near.identity()
    assert found.version == "0.42.0"
    assert found.peer.startswith("12D3Koo")
    assert all(address.endswith(found.peer) for address in found.addresses)
    assert near.peers() == 1


def test_its_settings_are_read(near: Kubo) -> None:
    """One that is not there is None."""
    assert near.setting("Provide.Strategy") == "roots"
    assert near.setting("Experimental.Libp2pStreamMounting") is True
    assert near.setting("Nothing.Such") is None


def test_a_block_goes_in_and_comes_out_elsewhere(near: Kubo, far: Kubo) -> None:
    """It has our name there, and is found through the network."""
    near.put(HELLO)
    assert near.has(HELLO.cid)
    assert not far.has(HELLO.cid)
    assert far.get(HELLO.cid) == b"hello"


def test_a_block_that_nobody_has_is_not_here(near: Kubo) -> None:
    """That is said in bounded time."""
    with pytest.raises(NotHere):
        near.get(Cid.of(RAW, b"nobody has this"), wait_s=1)
    assert not near.has(Cid.of(RAW, b"nobody has this"))


def test_a_bundle_goes_in_and_comes_out(near: Kubo, far: Kubo) -> None:
    """Records with BLAKE3 names are content like any other there."""
    leaf = Block(Cid.of(RAW, b"leaf"), b"leaf")
    data = encode({"link": leaf.cid})
    root = Block(Cid.of(DAG_CBOR, data), data)
    bundle = BytesIO()
    car.write(bundle, [root.cid], [root, leaf])
    near.import_car([bundle.getvalue()])
    near.pin(root.cid)
    assert near.pins() == {root.cid}
    with far.export_car(root.cid) as came:
        reader = car.Reader(BytesIO(b"".join(came)))
        assert reader.roots == (root.cid,)
        assert list(reader) == [root, leaf]
    near.unpin(root.cid)
    near.unpin(root.cid)
    assert near.pins() == set()


def test_a_damaged_bundle_is_refused_by_the_node(near: Kubo) -> None:
    """It says so."""
    bundle = BytesIO()
    car.write(bundle, [HELLO.cid], [Block(HELLO.cid, b"other")])
    with pytest.raises(Unavailable, match=r"mismatch|hash"):
        near.import_car([bundle.getvalue()])


def test_who_has_a_block_is_found(two: list[IpfsNode], near: Kubo, far: Kubo) -> None:
    """After it was said to the network."""
    block = Block(Cid.of(RAW, b"provided"), b"provided")
    near.put(block)
    near.provide(block.cid)
    assert far.providers(block.cid) == {near.identity().peer}
    assert far.providers(Cid.of(RAW, b"nobody provides this"), 2) == set()


def test_nodes_are_connected_and_kept_so(two: list[IpfsNode], near: Kubo, far: Kubo) -> None:
    """By the address that the other says."""
    (address,) = far.identity().addresses
    near.connect(address)
    near.peer_with(address)
    assert far.identity().peer in two[0].ipfs("swarm", "peering", "ls")


def test_streams_are_listed_and_ended(near: Kubo) -> None:
    """A listener, as one made it."""
    near.listen("/x/tally-test", "/ip4/127.0.0.1/tcp/9")
    assert [one.protocol for one in near.streams()] == ["/x/tally-test"]
    near.unforward("/x/tally-test")
    assert near.streams() == []


def test_a_node_that_is_away_is_one_clear_error(tmp_path: Path) -> None:
    """What to do is said with it."""
    with Kubo("/ip4/127.0.0.1/tcp/9") as kubo, pytest.raises(Unavailable) as caught:
        kubo.identity()
    assert "nobody listens" in caught.value.what
    assert "ipfs daemon" in caught.value.fix
