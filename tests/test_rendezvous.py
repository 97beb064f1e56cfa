"""Peers that know nothing of each other, and find and reach each other by real IPFS nodes.

Each has a network of its own, and an IPFS node in it. Those two are connected, as nodes are that
found each other in the world.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.commands import told
from tests.daemons import Daemon, digits, ended, local, results, start, until
from tests.fakes import nixstore
from tests.kubo import IpfsNode, needs_ipfs
from tests.namespaces import networks

__all__ = ["local", "networks"]  # fixtures

pytestmark = [pytest.mark.kubo, needs_ipfs]

API = "http://127.0.0.1:5001"
IPFS = ("--ipfs", API, "--network", "tests")


@pytest.fixture
def kubos(networks: list[tuple[str, ...]], tmp_path: Path) -> Iterator[list[IpfsNode]]:
    """Return two IPFS nodes, each in a network of its own, that are connected."""
    with node(networks[0], tmp_path / "ipfs0") as one, node(networks[1], tmp_path / "ipfs1") as two:
        one.start()
        connect(two.start(), one)
        yield [one, two]


def connect(one: IpfsNode, other: IpfsNode) -> None:
    """Have one IPFS node connect to another."""
    one.ipfs("swarm", "connect", next(at for at in addresses(other) if "/10.71." in at))


def addresses(node: IpfsNode) -> list[str]:
    """Return where an IPFS node is reached."""
    return list(json.loads(node.ipfs("id"))["Addresses"])


def node(network: tuple[str, ...], folder: Path) -> IpfsNode:
    """Return an IPFS node in a network, where it is usually found."""
    made = IpfsNode(folder, network)
    made.set("Addresses.API", "/ip4/127.0.0.1/tcp/5001")
    made.set("Addresses.Swarm", ["/ip4/0.0.0.0/tcp/4001"])
    return made


def by(daemon: Daemon, other: Daemon) -> str:
    """Return how a peer that is up is reached."""
    (found,) = [one for one in daemon.status()["peers"] if one["peer"] == other.peer]
    return str(found["by"])


def test_two_that_know_nothing_of_each_other_meet(
    networks: list[tuple[str, ...]], kubos: list[IpfsNode], tmp_path: Path
) -> None:
    """They find each other on IPFS and dial, also after a kill; who stops leaves nothing there."""
    pair = [Daemon(tmp_path / str(number), None, networks[number]) for number in (0, 1)]
    where = ("--listen", "0.0.0.0:4177", *IPFS, "--lend-to", "nobody", "--address")
    words = [(*where, f"10.71.1.{number}") for number in (1, 2)]
    try:
        for one, said in zip(pair, words, strict=True):
            one.start(*said)
        until(lambda: pair[0].is_up(pair[1]) and pair[1].is_up(pair[0]))
        assert {by(pair[0], pair[1]), by(pair[1], pair[0])} == {""}
        pair[0].kill()
        pair[0].start(*words[0])
        until(lambda: pair[0].is_up(pair[1]) and pair[1].is_up(pair[0]))
        assert len(kubos[0].ipfs("p2p", "ls").splitlines()) == 4
        pair[0].stop()
        assert kubos[0].ipfs("p2p", "ls") == ""
    finally:
        for one in pair:
            one.stop()


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.slow
def test_who_cannot_be_dialled_runs_steps_by_streams_of_ipfs(
    networks: list[tuple[str, ...]],
    kubos: list[IpfsNode],
    examples: Path,
    local: Callable[[str], dict[str, Any]],
    tmp_path: Path,
    nix_store: NixStore,
    without_nix: Path,
) -> None:
    """Nor can who asks be; when an IPFS node is killed and started again, they meet again."""
    hidden = Daemon(tmp_path / "hidden", without_nix, networks[0])
    asks = Daemon(nixstore.lend(nix_store, tmp_path / "asks"), None, networks[1])
    try:
        hidden.start(*IPFS)
        asks.start(*IPFS, "--lend-to", "nobody")
        until(lambda: asks.is_up(hidden))
        assert by(asks, hidden) == by(hidden, asks) == "ipfs"
        run = start(asks, digits(examples), "seeds=[0]")
        until(lambda: hidden.is_running)
        kubos[1].kill()
        until(lambda: not asks.is_up(hidden))
        connect(kubos[1].start(), kubos[0])
        answer = ended(run)
        assert results(answer) == results(local("[0]"))
        assert {step["peer"] for step in answer["steps"]} == {hidden.peer}
        assert told(asks.home, "peer", "status")["ipfs"]["found"]
    finally:
        for one in (asks, hidden):
            one.stop()
