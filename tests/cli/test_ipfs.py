"""What commands say and do about the IPFS node of this machine."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.cid import Cid
from tests.cli.program import Program
from tests.fakes.rpc import HostileRpc, Visit
from tests.kubo import IpfsNode, needs_ipfs

AWAY = "/ip4/127.0.0.1/tcp/9"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program, on an empty home."""
    return Program(tmp_path / "home")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """A node that runs."""
    with IpfsNode(tmp_path_factory.mktemp("ipfs") / "node") as found:
        yield found.start()


def _said(program: Program, *words: str) -> dict[str, dict[str, object]]:
    """Return what the doctor says of IPFS, by what it looked at."""
    findings = program("doctor", *words, "-o", "json").json["findings"]
    return {one["what"]: one for one in findings if str(one["what"]).startswith("ipfs")}


@needs_ipfs
@pytest.mark.kubo
def test_the_doctor_shows_the_node(program: Program, node: IpfsNode) -> None:
    """Its version, how many it is connected to, where it is, and what of it works."""
    found = _said(program, "--ipfs", node.address)
    assert {name: one["ok"] for name, one in found.items()} == {
        "ipfs": True,
        "ipfs announces": True,
        "ipfs streams": True,
    }
    assert str(found["ipfs"]["detail"]).startswith("version 0.42.0, connected to 0 nodes")
    assert node.address in str(found["ipfs"]["detail"])


def test_a_node_that_is_away_is_not_needed(program: Program) -> None:
    """The doctor says what starts it, and fails for nothing of it."""
    found = _said(program, "--ipfs", AWAY)
    assert found["ipfs"]["ok"] is False
    assert found["ipfs"]["needed"] is False
    assert "ipfs daemon" in str(found["ipfs"]["fix"])
    assert _said(program, "--ipfs", "none")["ipfs"]["ok"] is True


def test_what_a_node_should_do_otherwise_is_said(program: Program) -> None:
    """It is too old, announces every block, and mounts no streams."""
    answers = {
        "id": {"ID": "12D3KooWx", "AgentVersion": "kubo/0.22.0/"},
        "swarm/peers": {"Peers": None},
        "config": {"Key": "x", "Value": None},
    }
    with HostileRpc(lambda visit: visit.say_json(answers[visit.path])) as rpc:
        found = _said(program, "--ipfs", rpc.address)
    assert [one["ok"] for one in found.values()] == [False, False, False]
    assert "0.39" in str(found["ipfs"]["fix"])
    assert "Provide.Strategy roots" in str(found["ipfs announces"]["fix"])
    assert "Libp2pStreamMounting" in str(found["ipfs streams"]["fix"])


@needs_ipfs
@pytest.mark.kubo
def test_content_is_had_by_its_address(program: Program, node: IpfsNode, tmp_path: Path) -> None:
    """What anybody has added with BLAKE3 can be read, listed and brought here."""
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "file").write_text("hello")
    cid = node.ipfs("add", "-r", "-Q", "--hash=blake3", tmp_path / "tree")
    assert program("cat", f"{cid}/sub/file", "--ipfs", node.address).out == "hello"
    assert "sub" in program("ls", cid, "--ipfs", node.address).out
    assert program("get", cid, tmp_path / "got", "--ipfs", node.address).code == 0
    assert (tmp_path / "got" / "sub" / "file").read_text() == "hello"
    assert program("cat", f"{cid}/sub/file", "--offline").out == "hello"


def test_offline_asks_no_node(program: Program) -> None:
    """Not even where one is named."""
    asked: list[str] = []

    def answer(visit: Visit) -> None:
        asked.append(visit.path)
        visit.say(b"")

    with HostileRpc(answer) as rpc:
        missing = str(Cid.of(0x55, b"nobody has this"))
        assert program("cat", missing, "--offline", "--ipfs", rpc.address).code == 3
        assert asked == []
        assert program("cat", missing, "--ipfs", rpc.address).code != 0
        assert asked != []


@pytest.mark.parametrize(
    "words",
    [
        ("cat", "bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4"),
        ("peer", "start", "--listen", "127.0.0.1:0", "--no-lan"),
    ],
)
def test_nobody_waits_for_a_node_that_is_silent(program: Program, words: tuple[str, ...]) -> None:
    """Ctrl-C ends a command, and a peer, long before the node's time is over."""
    asked = threading.Event()

    def answer(visit: Visit) -> None:
        asked.set()
        visit.wait()

    with HostileRpc(answer) as rpc:
        process = subprocess.Popen(
            [program.script(), *words, "--ipfs", rpc.address],
            env=program.environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert asked.wait(30)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            process.wait(20)  # a node has a minute
        finally:
            process.kill()
            process.wait()
