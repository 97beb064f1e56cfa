"""Peers are found through an IPFS node, and asked who they are."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.errors import Unavailable
from peers import seeking
from peers.identity import Address
from peers.presence import LONGEST
from peers.seeking import ELSEWHERE, Hands, Seeking
from peers.streams import presence_mount
from tests.peers.beside import (
    HOST,
    ME,
    NETWORK,
    NODE,
    OTHER,
    THEIR,
    THERE,
    AtOnce,
    Beside,
    Lines,
    beside,
    line,
    lines,
)

__all__ = ["beside", "lines"]


@contextmanager
def searching(beside: Beside, lines: Lines) -> Iterator[tuple[Seeking, list[Address], list[str]]]:
    """Lend what looks for peers, whom it has met, and what it wrote down."""
    met: list[Address] = []
    said: list[str] = []

    def log(event: str, **facts: object) -> None:
        said.append(f"{event}: {facts.get('why')}")

    threads = AtOnce()
    hands = Hands(beside, HOST, threads, threads, lambda call: call(), met.append, log)  # type: ignore[arg-type]
    made = Seeking(ME.peer, NETWORK, lines, hands)  # type: ignore[arg-type]
    made.carried(NODE)
    yield made, met, said


def test_who_is_found_is_asked_and_met(beside: Beside, lines: Lines) -> None:
    """Its host first, then by its node."""
    beside.found = frozenset({OTHER, NODE, "no id of a node"})
    with searching(beside, lines) as (seeks, met, _):
        seeks.tick(0)
        seeks.tick(1_000)
        assert [one.place for one in met] == ["10.0.0.7:4177"]
        seeks.unanswered(THEIR.peer)
        assert met[-1] == THERE
        assert seeks.found() == {OTHER: THEIR.peer}
        assert beside.provided == 1
        assert beside.forwards == {}
        lines.up.add(THEIR.peer)
        seeks.opened(line(), THEIR.peer)
        lines.up.clear()
        seeks.closed(line(), THEIR.peer)


@pytest.mark.parametrize("said", [b"", b"junk", bytes(2 * LONGEST)])
def test_who_says_what_no_peer_says_is_not_met(said: bytes, beside: Beside, lines: Lines) -> None:
    """That is written down once."""
    beside.found = frozenset({OTHER})
    beside.says[presence_mount(NETWORK.cid)] = said
    with searching(beside, lines) as (seeks, met, log):
        for at in range(0, 600_000, 1_000):
            seeks.tick(at)
        assert met == []
        assert len(log) == 1
        assert log[0].startswith("nobody at an IPFS node")


def test_what_the_node_cannot_do_is_written_down_once(beside: Beside, lines: Lines) -> None:
    """It is tried again, less and less often."""
    beside.found = Unavailable("it is away")
    with searching(beside, lines) as (seeks, _, log):
        for at in range(0, 600_000, 1_000):
            seeks.tick(at)
        assert log == ["not looked for on IPFS: it is away"]


def test_a_node_that_listens_elsewhere_is_said_so(
    beside: Beside, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one in a container does."""
    beside.found = frozenset({OTHER})
    with socket.create_server((HOST, 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setattr(beside, "forward", lambda *_: port)
    monkeypatch.setattr(beside, "unforward", lambda *_: None)
    with searching(beside, lines) as (seeks, _, log):
        seeks.tick(0)
        seeks.tick(1_000)
        assert log == [f"nobody at an IPFS node: {ELSEWHERE}"]


def test_what_is_remembered_as_said_is_bounded(
    beside: Beside, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many nodes there are."""
    monkeypatch.setattr(seeking, "MAX_SAID", 2)
    with searching(beside, lines) as (seeks, _, log):
        for number in range(9):
            seeks._log("nobody", f"node{number}", "why")
        assert len(seeks._said_last) == 2
        assert len(log) == 9
