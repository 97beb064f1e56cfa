"""`tally peer` and `tally devnet`, as processes of their own, on loopback."""

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.node import CLAIM
from engine.claims import Claims
from engine.clock import SystemClock
from engine.trust.book import TrustBook
from peers.catalogue_file import CatalogueFile, Kept
from peers.identity import Address
from tests.cli.program import Program
from tests.cli.test_process import wait_for
from tests.peers.catalogues import announced, endorsed
from tests.peers.keys import identity

START = ("peer", "start", "--listen", "127.0.0.1:0", "--no-lan", "-o", "json")
OTHER = f"tally://{identity(9).peer}@127.0.0.1:9"


@pytest.fixture
def empty(tmp_path: Path) -> Program:
    """Return the program on a home that is not there yet."""
    return Program(tmp_path / "home")


@pytest.fixture
def running(empty: Program) -> Iterator[dict[str, Any]]:
    """Return what a peer says of itself that runs in that home."""
    with empty.start(*START) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_peer_is_the_same_whenever_it_is_asked(empty: Program) -> None:
    """Its id is made once, and needs no peer that runs."""
    first = empty.told("peer", "id")["peer"]
    assert empty.told("peer", "id")["peer"] == first
    assert empty.told("peer", "status") == {"peer": first, "running": False, "peers": []}


def test_a_peer_is_named_before_it_runs(empty: Program) -> None:
    """What was named is listed, in whatever order; what was not cannot be removed."""
    empty.told("peer", "add", OTHER)
    (listed,) = empty.told("peer", "list")["peers"]
    assert (listed["address"], listed["state"], listed["named"]) == (OTHER, "down", True)
    assert empty("peer", "remove", OTHER).code == 0
    assert empty.told("peer", "list")["peers"] == []
    again = empty("peer", "remove", OTHER)
    assert again.code == 2
    assert "was named" in again.err


def test_a_peer_of_many_addresses_is_listed_once(empty: Program) -> None:
    """And whoever lists them hears that no peer runs in this home, or that none is known."""
    nobody = empty("peer", "list")
    assert "no other peer is known" in nobody.err
    other = Address.parse(OTHER)
    for port in (5001, 5002):
        empty.told("peer", "add", str(replace(other, port=port)))
    listed = empty("peer", "list")
    assert listed.out.count(str(other.peer)) == 2  # its id, and in its address
    assert "no peer runs in this home" in listed.err


def test_what_was_found_of_a_peer_is_listed(empty: Program) -> None:
    """Whose it is, what its checks came to; also of one of which nothing else is known."""
    empty.told("peer", "add", OTHER)
    other, stranger = identity(9).peer, identity(8).peer
    assert empty.told("peer", "owner", str(other)[-6:], "lab")["peer"] == str(other)
    assert empty.told("peer", "owner", stranger, "school")["owner"] == "school"
    book = TrustBook(empty.home)
    book.keep([], passed=[other.key])
    book.close()
    found = {one["peer"]: one for one in empty.told("peer", "list")["peers"]}
    known, unknown = found[str(other)], found[str(stranger)]
    assert (known["owner"], known["wrong"], known["passed"]) == ("lab", 0, 1)
    assert (unknown["owner"], unknown["state"], unknown["passed"]) == ("school", "unknown", None)
    said = empty("peer", "list").out
    assert "lab" in said
    assert "1 passed" in said
    assert empty("peer", "remove", str(other)[-6:]).code == 0
    assert "PEERID [OWNER]" in empty("peer", "owner", "--help").out


def test_a_peer_that_runs_says_so_and_takes_names(empty: Program, running: dict[str, Any]) -> None:
    """The node answers for its home, and what it is told is there when it has gone."""
    assert Address.parse(running["address"]).peer == Address.parse(running["addresses"][0]).peer
    empty.told("peer", "add", OTHER)
    facts = empty.told("peer", "status")
    assert (facts["running"], facts["peer"]) == (True, running["peer"])
    assert [one["address"] for one in facts["peers"]] == [OTHER]
    assert (empty.home / "peers").read_text() == f"{OTHER}\n"
    assert "up" in empty("peer", "status").out


def test_what_a_peer_knows_of_resources_is_counted(empty: Program) -> None:
    """By what is announced and endorsed, and by authors: in words and as JSON."""
    empty.home.mkdir()
    now_ms = SystemClock().now_ms()
    one, two = (announced(1, name, now_ms=now_ms) for name in ("digits", "chess"))
    postings = (one, two, endorsed(2, one, now_ms=now_ms), announced(3, now_ms=now_ms))
    with CatalogueFile(empty.home) as file:
        file.take(Kept(posting, "somebody") for posting in postings)
    with empty.start(*START) as process:
        assert process.stdout is not None
        process.stdout.readline()
        held = {"announcements": 3, "endorsements": 1, "authors": 2}
        wait_for(lambda: empty.told("peer", "status")["catalogue"] == held)
        assert "3 resources of 2 authors, 1 endorsement" in empty("peer", "status").out
        process.terminate()
        process.communicate(timeout=60)


def test_one_home_has_one_peer(empty: Program, running: dict[str, Any]) -> None:
    """A second one is refused, whatever became of the socket of the first."""
    (empty.home / "peer.sock").unlink()
    second = empty(*START)
    assert second.code == 2
    assert "a peer runs in this home already" in second.err


def test_a_peer_does_not_name_itself(empty: Program, running: dict[str, Any]) -> None:
    """Its own address is refused, and nothing is written."""
    refused = empty("peer", "add", running["address"])
    assert refused.code == 2
    assert not (empty.home / "peers").exists()


def test_a_peer_is_paused_and_goes_on(empty: Program, running: dict[str, Any]) -> None:
    """What it lends follows what it is told."""
    for word, door in (("pause", "paused"), ("resume", "open")):
        assert empty("peer", word).code == 0
        assert empty.told("peer", "status")["lending"]["door"] == door


@pytest.mark.parametrize("words", [("drain",), ("drain", "--timeout", "0"), ("stop",)])
def test_a_peer_that_is_told_to_ends(empty: Program, words: tuple[str, ...]) -> None:
    """The command returns when it has ended, and another may be started at once."""
    with empty.start(*START) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert empty("peer", *words).code == 0
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert Claims(empty.home / "claims").take(CLAIM)


def test_what_asks_a_peer_says_so_when_none_runs(empty: Program) -> None:
    """Exit 3, and how to start one."""
    for word in ("pause", "resume", "drain", "stop"):
        told = empty("peer", word)
        assert told.code == 3
        assert "tally peer start" in told.err


def test_a_devnet_is_ready_when_all_have_met(empty: Program) -> None:
    """A line for each peer, then `ready`; a signal ends it, and no peer of it is left."""
    with empty.start("devnet", "2") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in range(3)]
        assert lines[2] == ["ready"]
        for word, peer, home_word, home, address_word, address in lines[:2]:
            assert (word, home_word, address_word) == ("peer", "home", "address")
            assert str(Address.parse(address).peer) == peer
            facts = Program(Path(home)).told("peer", "status")
            assert [one["state"] for one in facts["peers"]] == ["up"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert not Program(Path(lines[0][3])).told("peer", "status")["running"]


@pytest.mark.sandbox
def test_what_peers_ask_is_listed(empty: Program) -> None:
    """As their records say it: in credits for people, in micro-credits for scripts."""
    priced = empty.at(empty.home, TALLY_PRICES="core-second=0.001,failure=0.5")
    with priced.start("devnet", "2") as process:
        assert process.stdout is not None
        home = Program(Path(process.stdout.readline().split()[3]))
        while process.stdout.readline() != "ready\n":
            pass
        (other,) = home.told("peer", "list")["peers"]
        assert other["prices"] == {"core-second": 1_000, "failure": 500_000}
        assert other["expires_ms"] > 0
        assert "core-second=0.001, failure=0.5" in home("peer", "list").out
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.sandbox
def test_who_is_paused_is_listed_as_one_that_runs_no_steps(empty: Program) -> None:
    """No run waits for it; when it goes on, it is there again."""
    with empty.start("devnet", "2") as process:
        assert process.stdout is not None
        one, two = (Program(Path(process.stdout.readline().split()[3])) for _ in range(2))
        while process.stdout.readline() != "ready\n":
            pass
        for word, runs in (("pause", False), ("resume", True)):
            assert one("peer", word).code == 0
            while bool(two.told("peer", "list")["peers"][0]["sandbox"]) != runs:
                pass
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_a_devnet_that_is_killed_leaves_no_peer(empty: Program) -> None:
    """Its peers end when nobody holds them any more."""
    with empty.start("devnet", "1", stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        home = Program(Path(process.stdout.readline().split()[3]))
        peer = os.pidfd_open(home.told("peer", "status")["pid"])
        process.kill()
    assert select.select([peer], [], [], 60)[0]
    os.close(peer)
    assert Claims(home.home / "claims").take(CLAIM)
