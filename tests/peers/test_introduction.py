"""A peer says at its address which keys and ports it has; nobody else can."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from engine.errors import Damaged, Unavailable
from peers.certificate import CERTIFICATE, Certificate
from peers.errors import LocalFault
from peers.identity import Address
from peers.introduction import INTRODUCTION, LONGEST, Introducer, Introduction, ask
from peers.keyring import Identity
from peers.signed import seal
from tests.peers.keys import identity

WE, OTHERS = identity(1), identity(2)
CERTIFIED = Certificate(bytes(32), 1, 2, 1)


def said(by: Identity, of: Identity) -> bytes:
    """Return a signed introduction, with a certificate of somebody."""
    return seal(
        INTRODUCTION, Introduction(seal(CERTIFICATE, CERTIFIED, of).data, 7_411, 7_412), by
    ).data


def at(port: int) -> Address:
    """Return our address."""
    return Address(WE.peer, "127.0.0.1", port)


@contextlib.contextmanager
def introducing(words: bytes) -> Iterator[int]:
    """Say something at a port."""
    introducer = Introducer("127.0.0.1", 0, words)
    try:
        yield introducer.port
    finally:
        introducer.close()


def test_a_peer_is_asked_for_its_place() -> None:
    """As often as anybody likes."""
    with introducing(said(WE, WE)) as port:
        for _ in range(3):
            said_there, certificate = ask(at(port), 5_000)
    assert (said_there.control_port, said_there.bulk_port) == (7_411, 7_412)
    assert certificate == CERTIFIED


@pytest.mark.parametrize(
    "words",
    [said(OTHERS, OTHERS), said(WE, OTHERS), said(OTHERS, WE), b"", b"junk", bytes(LONGEST + 1)],
)
def test_nobody_else_answers_for_a_peer(words: bytes) -> None:
    """Neither by another signature, nor with another's certificate, nor by junk."""
    with introducing(words) as port, pytest.raises(Damaged):
        ask(at(port), 5_000)


def test_nobody_there_is_told_with_the_fix() -> None:
    """Where nothing listens, and where what listens says nothing."""
    with introducing(b"x") as port:
        pass
    with pytest.raises(Unavailable, match="no peer answers") as caught:
        ask(at(port), 5_000)
    assert "whether it runs" in caught.value.fix
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(Unavailable, match="no peer answers"),
    ):
        ask(at(silent.getsockname()[1]), 50)


def test_who_never_reads_holds_nobody_up() -> None:
    """Others are answered meanwhile."""
    with introducing(said(WE, WE)) as port, contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert ask(at(port), 10_000)


def test_a_port_that_is_taken_is_told() -> None:
    """With what to do."""
    with introducing(b"x") as port, pytest.raises(LocalFault, match="cannot listen"):
        Introducer("127.0.0.1", port, b"x")


def test_it_ends() -> None:
    """Its thread too."""
    before = threading.active_count()
    with introducing(b"x"):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
