"""Two peers that share nothing but IPFS: one publishes, the other finds it, runs it and reruns it.

Each has a home and a real IPFS node of its own; the nodes are connected, as in the world. Then
IPFS nodes that die in the middle.
"""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.content.cid import Cid
from engine.nix.nixstore import NixStore
from tests.commands import PROGRAM, statuses
from tests.daemons import Daemon, digits, until
from tests.fakes import nixstore
from tests.fakes.rpc import HostileRpc, Visit
from tests.kubo import IpfsNode, needs_ipfs, nodes

pytestmark = [pytest.mark.kubo, needs_ipfs, pytest.mark.nix, pytest.mark.sandbox]

BOUND_S = 90  # within which a command ends whose IPFS node has died


class Lab:
    """A home with an IPFS node beside it."""

    def __init__(self, home: Path, node: IpfsNode, path: Path | None = None) -> None:
        self.home = home
        self.node = node
        self.path = path
        self.daemon = Daemon(home, path)

    def start(self) -> None:
        """Start its peer, which knows of nobody."""
        self.daemon.start("--ipfs", self.node.address, "--network", "tests")

    def tally(self, *words: object, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        variables = os.environ | {"TALLY_HOME": str(self.home), "TALLY_IPFS": self.node.address}
        if self.path is not None:
            variables["PATH"] = str(self.path)
        variables |= {f"TALLY_{name.upper()}": value for name, value in settings.items()}
        return subprocess.run(
            [*PROGRAM, *map(str, words)], env=variables, capture_output=True, text=True, check=False
        )

    def told(self, *words: object, **settings: str) -> dict[str, Any]:
        """Run a command that must succeed; return what it says."""
        done = self.tally(*words, "-o", "json", **settings)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    """Two IPFS nodes that are connected."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 2) as found:
        yield found


@pytest.fixture(scope="module")
def author(
    two: list[IpfsNode], tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore
) -> Iterator[Lab]:
    """Who publishes."""
    lab = Lab(nixstore.lend(nix_store, tmp_path_factory.mktemp("author") / "home"), two[0])
    yield lab
    lab.daemon.stop()


@pytest.fixture(scope="module")
def resource(author: Lab, examples: Path) -> str:
    """The digits example, run and published."""
    author.start()
    author.told("run", digits(examples))
    return str(author.told("publish", digits(examples), "--title", "Digits")["resource"])


@pytest.fixture
def reader(two: list[IpfsNode], tmp_path: Path, without_nix: Path) -> Iterator[Lab]:
    """Somebody with nothing, and no Nix."""
    lab = Lab(tmp_path / "reader", two[1], without_nix)
    yield lab
    lab.daemon.stop()


def test_what_one_publishes_another_finds_runs_and_verifies(
    author: Lab, resource: str, reader: Lab
) -> None:
    """No peer was added by hand; they met by IPFS, and nothing was there before."""
    reader.start()
    until(lambda: reader.told("search", "digits")["resources"])
    (found,) = reader.told("search", "digits")["resources"]
    assert found["resource"] == resource
    ran = reader.told("run", "digits")
    assert set(statuses(ran).values()) == {"ran"}
    verified = reader.told("rerun", "digits", "--endorse")
    assert verified["verdict"] == "reproduced"
    until(lambda: author.told("search", "digits")["resources"][0]["verdicts"])


def test_it_is_run_by_its_address_with_no_peer_at_all(resource: str, reader: Lab) -> None:
    """The IPFS node has all of it from the author's."""
    ran = reader.told("run", resource)
    assert ran["status"] == "succeeded"
    assert reader.told("rerun", resource)["verdict"] == "reproduced"


def test_an_ordinary_user_pins_a_run(resource: str, author: Lab, two: list[IpfsNode]) -> None:
    """`ipfs pin add -r` and `ipfs dag get` on it work without Tallystick."""
    run = author.told("show", resource)["run"]
    assert f"pinned {run}" in two[1].ipfs("pin", "add", "-r", run)
    record = json.loads(two[1].ipfs("dag", "get", run))
    assert record["kind"] == "tallystick/run/1"
    assert record["value" if "value" in record else "status"]


def _dies(node: IpfsNode, after: int) -> HostileRpc:
    """Stand before a node, and end both once it was asked for so many blocks."""

    def answer(visit: Visit) -> None:
        if len(rpc.asked) > after:
            visit.begin()
            visit.send(b"cut sho")
            return
        port = node.address.split("/")[-1]
        url = f"http://127.0.0.1:{port}{visit.asked}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answered:
            visit.say(answered.read())

    rpc = HostileRpc(answer)
    return rpc


def test_an_ipfs_node_that_dies_in_the_middle_is_said_in_bounded_time(
    resource: str, reader: Lab, two: list[IpfsNode]
) -> None:
    """With nobody else to ask: what, and what to do; another time all that came is of use."""
    with _dies(two[1], after=12) as rpc:
        began = time.monotonic()
        done = reader.tally("run", resource, ipfs=rpc.address, sources="ipfs")
        assert time.monotonic() - began < BOUND_S
        assert len(rpc.asked) > 12
    assert done.returncode in {3, 5}, done.stderr
    assert "IPFS" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 12
    assert reader.tally("fsck").returncode == 0
    assert reader.told("run", resource)["status"] == "succeeded"


def test_peers_step_in_for_an_ipfs_node_that_dies(
    resource: str, reader: Lab, author: Lab, two: list[IpfsNode]
) -> None:
    """What IPFS began to give, they complete."""
    reader.start()
    until(lambda: reader.daemon.is_up(author.daemon))
    with _dies(two[1], after=12) as rpc:
        ran = reader.told("run", resource, ipfs=rpc.address, sources="ipfs,peers")
        assert len(rpc.asked) > 12
    assert ran["status"] == "succeeded"


def test_a_home_with_no_ipfs_node_goes_on(author: Lab, examples: Path, tmp_path: Path) -> None:
    """Publishing says that there is none, and succeeds; content that is not here is one error."""
    alone = Lab(tmp_path / "alone", author.node)
    (tmp_path / "file").write_text("text")
    added = alone.told("add", tmp_path / "file", ipfs="/ip4/127.0.0.1/tcp/9")
    assert Cid.parse(added["cid"])
    missing = str(Cid.of(0x55, b"nobody has this"))
    done = alone.tally("cat", missing, ipfs="/ip4/127.0.0.1/tcp/9")
    assert done.returncode == 3
    assert "nobody listens" in done.stderr
