"""Where a peer listens."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from peers.gate import Limits
from peers.house import Share
from peers.introduction import ask
from peers.keyring import Keyring
from peers.network import Network
from peers.peer_record import Price
from peers.whereabouts import Keys, Lent, Listening, Whereabouts
from tests.peers.keys import identity

HOST = "127.0.0.1"
NOW_MS = 1_800_000_000_000


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Return those of some peer."""
    return Keys(identity(1), Keyring(tmp_path / "keys").transport(identity(1), NOW_MS))


@contextlib.contextmanager
def whereabouts(keys: Keys, port: int) -> Iterator[Whereabouts]:
    """Listen."""
    lent = Lent(Share(1, 1, 1), "bubblewrap", {"failure": 5, "cache-hit": 0, "core-second": 1})
    network = Network(keys.transport.secret, Limits(), arrived=print, log=print)
    with ExitStack() as ends, closing(network):
        yield Whereabouts(keys, Listening(HOST, port, (), lan=False), lent, network, ends)


def three_free() -> int:
    """Return a port that is free, as the two after it are."""
    for port in range(20_000, 30_000, 3):
        with contextlib.suppress(OSError), ExitStack() as held:
            for one in range(port, port + 3):
                held.enter_context(socket.create_server((HOST, one)))
            return port
    raise AssertionError("no port is free")


def test_its_ports_are_in_a_row(keys: Keys) -> None:
    """A firewall can let in those after the port of the address; the introduction names them."""
    port = three_free()
    with whereabouts(keys, port) as where:
        (address,) = where.addresses
        assert address.port == port
        said, _ = ask(address, 5_000)
        assert (said.control_port, said.bulk_port) == (port + 1, port + 2)


def test_a_free_port_has_no_neighbours(keys: Keys) -> None:
    """With port 0 each of its ports is some free one, so that two peers start side by side."""
    with whereabouts(keys, 0) as one, whereabouts(keys, 0) as other:
        ports = [
            port
            for where in (one, other)
            for port in (where.addresses[0].port, where.control_port, where.bulk_port)
        ]
        assert len({*ports}) == 6
        assert 0 not in ports


def test_its_record_says_what_it_asks(keys: Keys) -> None:
    """In the order that records have, without what costs nothing."""
    with whereabouts(keys, 0) as where:
        assert where.describe(1, 1, 2).prices == (Price("core-second", 1), Price("failure", 5))


def test_who_accepts_nothing_new_runs_no_steps(keys: Keys) -> None:
    """Its record says so, and is nobody's reason to wait for it."""
    with whereabouts(keys, 0) as where:
        assert where.describe(1, 1, 2).sandbox == "bubblewrap"
        where.is_open = lambda: False
        assert where.describe(1, 1, 2).sandbox == ""


def test_a_node_of_ipfs_is_one_of_its_addresses(keys: Keys) -> None:
    """While that carries streams to it; others are tried before."""
    place = f"12D3KooW{'a' * 44}.ipfs:4177"
    with whereabouts(keys, 0) as where:
        where.carried = lambda: (place,)
        assert [one.place for one in where.reached_at()] == [where.addresses[0].place, place]
        assert where.describe(1, 1, 2).addresses[-1] == place
