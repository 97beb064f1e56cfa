"""What real IPFS nodes carry to a peer and for it, and what is left of it when it is gone."""

import socket
import threading
from collections.abc import Iterator

import pytest

from engine.errors import Unavailable
from engine.ipfs.kubo import Stream
from peers.kubo_streams import KuboStreams, Mounted
from peers.kubo_streams import _listens as listens
from peers.rendezvous import block_of
from tests.kubo import IpfsNode, needs_ipfs, nodes

HOST, OTHER_HOST = "127.64.7.1", "127.64.7.2"
ONE, TWO = "/x/tallystick/1/4177", "/x/tallystick/1/4178"

pytestmark = [pytest.mark.kubo, needs_ipfs]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    """Return two IPFS nodes that are connected."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 2) as found:
        yield found


@pytest.fixture
def near(pair: list[IpfsNode]) -> Iterator[KuboStreams]:
    """Return the first node as a peer of HOST has it; nothing of it is left."""
    found = KuboStreams(lambda: pair[0].address, HOST)
    yield found
    found.unmount()
    assert streams(pair[0]) == []


def streams(node: IpfsNode) -> list[Stream]:
    """Return what a node carries."""
    with node.kubo() as kubo:
        return list(kubo.streams())


def at(port: int, host: str = HOST) -> str:
    """Return a multiaddress of this machine."""
    return f"/ip4/{host}/tcp/{port}"


class Answers:
    """A port of a peer's host that says from which node it was asked."""

    def __init__(self, host: str = HOST) -> None:
        self._listening = socket.create_server((host, 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                stream, _ = self._listening.accept()
            except OSError:
                return
            with stream:
                stream.sendall(b"heard " + stream.recv(100))

    def close(self) -> None:
        """Take nothing more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Return such a port."""
    made = Answers()
    yield made
    made.close()


def heard(host: str, port: int) -> bytes:
    """Return what is said at a port of this machine."""
    with socket.create_connection((host, port), 30) as stream:
        return stream.recv(200)


def test_streams_come_with_the_id_of_their_node(
    pair: list[IpfsNode], near: KuboStreams, answers: Answers
) -> None:
    """Another one's forward leads to what is mounted here, until it is ended."""
    here = near.mount({ONE: at(answers.port)}).node
    far = KuboStreams(lambda: pair[1].address, OTHER_HOST)
    port = far.forward(ONE, here)
    with pair[1].kubo() as kubo:
        assert heard(OTHER_HOST, port) == f"heard {kubo.identity().peer}\n".encode()
    nobody = far.forward(TWO, here)
    assert heard(OTHER_HOST, nobody) == b""
    far.unforward(ONE, port)
    with pytest.raises(ConnectionRefusedError):
        heard(OTHER_HOST, port)
    far.unmount()
    assert streams(pair[1]) == []


def test_mounting_again_changes_nothing(
    pair: list[IpfsNode], near: KuboStreams, answers: Answers
) -> None:
    """What a peer left that was killed is replaced, its forwards too; forwards of now are not."""
    near.mount({ONE: at(1), TWO: at(2)})
    far = pair[1].ipfs("id", "-f=<id>")
    near.forward(TWO, far)
    again = KuboStreams(lambda: pair[0].address, HOST)
    again.mount({ONE: at(answers.port)})
    port = again.forward(ONE, far)
    before = streams(pair[0])
    assert {(one.protocol, one.target) for one in before} == {
        (ONE, at(answers.port)),
        (ONE, f"/p2p/{far}"),
    }
    again.mount({ONE: at(answers.port)})
    assert streams(pair[0]) == before
    again.unforward(ONE, port)


def test_what_another_peer_of_this_machine_has_is_its_own(
    pair: list[IpfsNode], near: KuboStreams
) -> None:
    """As long as it runs; what is of other programs is left alone."""
    other, theirs = KuboStreams(lambda: pair[0].address, OTHER_HOST), Answers(OTHER_HOST)
    other.mount({ONE: at(theirs.port, OTHER_HOST)})
    with pair[0].kubo() as kubo:
        kubo.listen("/x/ssh", at(22, "127.0.0.1"))
    assert near.mount({ONE: at(1), TWO: at(2)}).taken == (ONE,)
    theirs.close()
    assert near.mount({ONE: at(1), TWO: at(2)}).taken == ()
    assert (ONE, at(1)) in {(one.protocol, one.target) for one in streams(pair[0])}
    near.unmount()
    other.unmount()
    assert [one.protocol for one in streams(pair[0])] == ["/x/ssh"]
    with pair[0].kubo() as kubo:
        kubo.unforward("/x/ssh")


def test_who_has_the_block_of_a_network_is_found(pair: list[IpfsNode], near: KuboStreams) -> None:
    """By the other node; and of another network nobody."""
    near.provide(block_of("tests"))
    far = KuboStreams(lambda: pair[1].address, OTHER_HOST)
    found = far.providers(block_of("tests").cid)
    assert found == {near.mount({}).node}
    assert far.providers(block_of("others").cid) == frozenset()


def test_a_node_that_is_no_use_is_said_so(pair: list[IpfsNode]) -> None:
    """None is named, none is there, it is another machine's, or it carries no streams."""
    for address, why in (
        ("", "no IPFS node is to be used"),
        ("/ip4/127.0.0.1/tcp/9", "no IPFS node is there"),
        ("/ip4/192.0.2.1/tcp/5001", "another machine"),
        ("/dns/example.org/tcp/5001/http", "another machine"),
    ):
        with pytest.raises(Unavailable, match=why):
            mounted(address)


def test_a_node_that_carries_no_streams_says_how_to_change_that(pair: list[IpfsNode]) -> None:
    """The setting is an experiment of Kubo's, off unless its owner wants it."""
    pair[1].stop()
    pair[1].set("Experimental.Libp2pStreamMounting", False)
    pair[1].start()
    with pytest.raises(Unavailable, match="carries no streams") as caught:
        mounted(pair[1].address)
    assert "ipfs config --json Experimental.Libp2pStreamMounting true" in caught.value.fix


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".org", "a\0b", "é" * 70, ""], ids="abcde")
def test_an_address_that_is_none_takes_no_connection(host: str) -> None:
    """What a node says of another program's listener is anything: it is no error of ours."""
    assert not listens(f"/ip4/{host}/tcp/1")
    assert not listens(f"/ip4/{host}")


def mounted(address: str) -> Mounted:
    """Have a node at an address carry something."""
    return KuboStreams(lambda: address, HOST).mount({ONE: at(1)})
