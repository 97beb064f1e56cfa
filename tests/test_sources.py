"""Content that is not here, by the program: two peers, one of which publishes."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from cli.content import PINNED_BY_ADD
from engine.content.cid import DAG_CBOR, Cid
from engine.store.disk import DiskStore
from engine.store.public_roots import PUBLIC_PIN
from peers.control_client import connect
from tests.cli.program import Program
from tests.daemons import Daemon, until


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[list[Daemon]]:
    """Return two that are connected."""
    both = [Daemon(tmp_path / number / "home").start() for number in ("1", "2")]
    Program(both[0].home)("peer", "add", both[1].address)
    until(lambda: both[0].is_up(both[1]) and both[1].is_up(both[0]))
    yield both
    for one in both:
        one.stop()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a directory of some files, one of which is executable."""
    root = tmp_path / "tree"
    (root / "below").mkdir(parents=True)
    (root / "below" / "run").write_text("#!/bin/sh\n")
    (root / "below" / "run").chmod(0o755)
    (root / "text").write_text("hello\n")
    (root / "medium").write_bytes(bytes(900_000))
    (root / "large").write_bytes(bytes(range(256)) * 20_000)
    return root


def publish(daemon: Daemon, cid: str) -> None:
    """Let everybody have it."""
    with DiskStore(daemon.home / "store") as store:
        store.pins.pin(Cid.parse(cid), PUBLIC_PIN)
    nudge(daemon)


def withdraw(daemon: Daemon, cid: str) -> None:
    """Let nobody have it any more."""
    with DiskStore(daemon.home / "store") as store:
        store.pins.unpin(Cid.parse(cid), PUBLIC_PIN)
    nudge(daemon)


def nudge(daemon: Daemon) -> None:
    """Have a node look at what is public."""
    with connect(daemon.home) as node:
        node.call("published")


def test_what_a_peer_published_is_had(peers: list[Daemon], tree: Path, tmp_path: Path) -> None:
    """By its CID alone, whole and right; a second time nobody is asked."""
    asks, has = peers
    cid = Program(has.home).told("add", tree)["tree"]
    publish(has, cid)
    assert Program(asks.home)("get", cid, tmp_path / "out").code == 0
    for name in ("text", "large", "below/run"):
        assert (tmp_path / "out" / name).read_bytes() == (tree / name).read_bytes()
    assert (tmp_path / "out" / "below" / "run").stat().st_mode & 0o111
    has.stop()
    assert Program(asks.home)("get", cid, tmp_path / "again", "--offline").code == 0


def test_only_what_is_needed_of_it_comes(peers: list[Daemon], tree: Path) -> None:
    """Of a path in a tree, what is on the way there; of a listing, no file's content."""
    asks, has = peers
    cid = Program(has.home).told("add", tree)["tree"]
    publish(has, cid)
    assert Program(asks.home)("cat", f"{cid}/text").out == "hello\n"
    listed = Program(asks.home).told("ls", cid)["entries"]
    assert listed == Program(has.home).told("ls", cid)["entries"]
    assert [one["name"] for one in listed] == ["below", "large", "medium", "text"]
    assert asks.status()["content"]["received"] < 10_000


def test_what_is_not_public_is_not_had(peers: list[Daemon], tree: Path, tmp_path: Path) -> None:
    """Content that is pinned, but not published, stays; and so it is once it is unpublished."""
    asks, has = peers
    cid = Program(has.home).told("add", tree)["tree"]
    refused = Program(asks.home)("get", cid, tmp_path / "out")
    assert refused.code == 3
    assert "peers (the peer that is connected has it not)" in refused.err
    publish(has, cid)
    with DiskStore(has.home / "store") as store:
        assert (Cid.parse(cid), PINNED_BY_ADD) in store.pins.all()
    withdraw(has, cid)
    assert Program(asks.home)("get", cid, tmp_path / "out").code == 3
    assert not asks.status()["content"]["received"]


def test_without_a_node_it_is_said_how_to_get_it(tmp_path: Path, tree: Path) -> None:
    """What was asked, and what to start; offline nobody is, and nothing is said of peers."""
    cid = Program(tmp_path / "other" / "home").told("add", tree)["tree"]
    lone = Program(tmp_path / "lone" / "home")
    refused = lone("get", cid, tmp_path / "out")
    assert refused.code == 3
    assert "peers (no peer runs in this home" in refused.err
    assert "tally peer start" in refused.err
    offline = lone("get", cid, tmp_path / "out", "--offline")
    assert offline.code == 3
    assert "peer" not in offline.err


def test_offline_no_socket_is_opened(tmp_path: Path) -> None:
    """Whatever is asked for that is not here."""
    lone, cid = Program(tmp_path / "home"), str(Cid.of(DAG_CBOR, b"nobody has this"))
    with patch("socket.socket", side_effect=AssertionError("a socket")):
        for words in (("get", cid, tmp_path / "out"), ("cat", cid), ("ls", cid), ("show", cid)):
            assert lone(*words, "--offline").code in {2, 3}
        for words in (("run", cid), ("rerun", cid), ("export", cid, tmp_path / "f.car")):
            assert lone(*words, "--offline").code in {2, 3}
        assert lone("get", cid, tmp_path / "out").code == 70


def test_a_nodes_status_says_what_is_public(peers: list[Daemon], tree: Path) -> None:
    """How many roots."""
    has = peers[1]
    publish(has, Program(has.home).told("add", tree)["tree"])
    told = json.loads(Program(has.home)("peer", "status", "-o", "json").out)
    assert told["content"]["public"] == 1


LARGE = 200_000_000  # bytes: takes long enough to be interrupted
SOME = 8_000_000  # of them


@pytest.fixture
def large(peers: list[Daemon], tmp_path: Path) -> tuple[str, bytes]:
    """Return a public file of the second peer, and what is in it."""
    data = os.urandom(LARGE)
    (tmp_path / "large").write_bytes(data)
    cid = Program(peers[1].home).told("add", tmp_path / "large")["cid"]
    publish(peers[1], cid)
    return cid, data


def received(daemon: Daemon) -> int:
    """Return how many bytes of blocks came since it was started."""
    return int(daemon.status()["content"]["received"])


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Daemon]:
    """Return one more, that knows nobody."""
    other = Daemon(tmp_path / "3" / "home").start()
    yield other
    other.stop()


def test_a_provider_that_is_killed_is_done_without(
    peers: list[Daemon], large: tuple[str, bytes], other: Daemon, tmp_path: Path
) -> None:
    """Another one that has it gives the rest."""
    asks, has = peers
    cid, data = large
    assert Program(other.home)("add", tmp_path / "large").code == 0
    publish(other, cid)
    Program(asks.home)("peer", "add", other.address)
    until(lambda: asks.is_up(other))
    with Program(asks.home).start("get", cid, tmp_path / "out") as command:
        until(lambda: received(asks) > SOME)
        has.kill()
        assert command.wait(60) == 0
    assert (tmp_path / "out").read_bytes() == data


def test_what_was_cut_short_is_gone_on_with(
    peers: list[Daemon], large: tuple[str, bytes], tmp_path: Path
) -> None:
    """When the only one that has it is killed, it is said; the next command asks for the rest."""
    asks, has = peers
    cid, data = large
    with Program(asks.home).start("get", cid, tmp_path / "out") as command:
        until(lambda: received(asks) > SOME)
        has.kill()
        _, said = command.communicate(timeout=60)
        assert command.returncode == 3
    assert "does not come from peers" in said
    assert not (tmp_path / "out").exists()
    before = received(asks)
    assert before < LARGE
    assert Program(asks.home)("get", cid, tmp_path / "out", "--offline").code == 3
    has.start()
    Program(asks.home)("peer", "add", has.address)
    until(lambda: asks.is_up(has))
    assert Program(asks.home)("get", cid, tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == data
    assert received(asks) < LARGE + SOME


def test_a_node_that_is_killed_is_started_again(
    peers: list[Daemon], large: tuple[str, bytes], tmp_path: Path
) -> None:
    """The command says so; what came before is there for the next one."""
    asks, _ = peers
    cid, data = large
    with Program(asks.home).start("get", cid, tmp_path / "out") as command:
        until(lambda: received(asks) > LARGE // 4)
        asks.kill()
        _, said = command.communicate(timeout=60)
        assert command.returncode == 3
    assert "the peer of this home has stopped" in said
    asks.start()
    until(lambda: asks.is_up(peers[1]))
    assert Program(asks.home)("get", cid, tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == data
    assert received(asks) < LARGE


def test_a_command_that_is_killed_takes_its_fetch_with_it(
    peers: list[Daemon], large: tuple[str, bytes], tmp_path: Path
) -> None:
    """The node stops, and what came is not taken for all of it."""
    asks, _ = peers
    cid, data = large
    with Program(asks.home).start("get", cid, tmp_path / "out") as command:
        until(lambda: received(asks) > SOME)
        command.send_signal(signal.SIGKILL)
    until(lambda: not asks.status()["content"]["fetches"])
    assert received(asks) < LARGE
    assert Program(asks.home)("get", cid, tmp_path / "out", "--offline").code == 3
    assert Program(asks.home)("get", cid, tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == data


def test_what_is_damaged_is_had_again(peers: list[Daemon], tree: Path, tmp_path: Path) -> None:
    """By the next command that needs it, from a peer that has it."""
    asks, has = peers
    cid = Program(has.home).told("add", tree)["tree"]
    publish(has, cid)
    here = Program(asks.home)
    assert here("get", cid, tmp_path / "out").code == 0
    assert here.told("add", tmp_path / "out")["tree"] == cid
    spoil(asks.home / "store" / "packs", b"hello\n")
    assert here("fsck").code == 5
    assert here("cat", f"{cid}/text", "--offline").code == 3
    assert here("cat", f"{cid}/text").out == "hello\n"
    assert here("fsck").code == 0


def spoil(packs: Path, data: bytes) -> None:
    """Change a byte wherever some bytes are stored."""
    for pack in packs.rglob("*"):
        raw = bytearray(pack.read_bytes()) if pack.is_file() else bytearray()
        if (at := raw.find(data)) >= 0:
            raw[at] ^= 1
            pack.write_bytes(raw)
