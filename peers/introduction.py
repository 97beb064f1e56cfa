"""Introduction: which keys and ports a peer has at an address that one was given.

An address names a peer by the key that it is; CURVE wants the key of its connections. So the port
of an address is one where a peer says, to anybody and at once, a signed record, and hangs up.
Nothing is read from who asks, so there is nothing to attack but the number of connections. What a
stranger in between changes does not hold; an old record leads to a key that no longer answers.

>>> introducer = Introducer("127.0.0.1", 0, said)                        # doctest: +SKIP
>>> ask(Address(peer, "127.0.0.1", introducer.port), 5_000)              # doctest: +SKIP
(Introduction(...), Certificate(...))
"""

import contextlib
import socket
import threading
import time
from typing import Final

from engine.content.schema import Record
from engine.errors import Damaged, Unavailable
from engine.values import dataclass
from peers.certificate import CERTIFICATE, Certificate
from peers.errors import LocalFault
from peers.identity import Address
from peers.signed import unseal

LONGEST: Final = 4_096  # bytes: a signed certificate and two ports have a tenth of that

_BACKLOG: Final = 128
_AGAIN_S: Final = 0.1
_SEND_S: Final = 0.2  # it fits into the system's buffer: who does not take it is not waited for


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a peer says at its address: the key to expect, and where it listens besides."""

    certificate: bytes  # signed: tallystick/transport-key/1
    control_port: int
    bulk_port: int  # for blocks


def _check(said: Introduction) -> None:
    if not all(0 < port < 2**16 for port in (said.control_port, said.bulk_port)):
        raise Damaged("a port is from 1 to 65535")


INTRODUCTION: Final = Record("tallystick/introduction/1", Introduction, _check)


class Introducer:
    """The port of a peer's address."""

    def __init__(self, host: str, port: int, said: bytes) -> None:
        """Say a signed Introduction to everybody who connects; port 0 is a free one.

        Raises: LocalFault when this machine does not let us listen there.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            what = f"this peer cannot listen on {host}:{port}: {error.strerror}"
            fix = "choose another port, or end what uses this one"
            raise LocalFault(what, fix=fix) from error
        self.port: int = self._socket.getsockname()[1]
        self._said = said
        self._thread = threading.Thread(target=self._serve, name="introducer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # which wakes the thread
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                asking, _ = self._socket.accept()
            except OSError:
                if self._socket.fileno() < 0 or not _listens(self._socket):
                    return
                time.sleep(_AGAIN_S)  # who asked is gone again, or too many files are open
                continue
            with asking, contextlib.suppress(OSError):
                asking.settimeout(_SEND_S)
                asking.sendall(self._said)


def ask(address: Address, timeout_ms: int) -> tuple[Introduction, Certificate]:
    """Ask a peer where it listens.

    Raises: Unavailable when nobody answers in time; Damaged when it is not that peer who does.
    """
    try:
        with socket.create_connection((address.host, address.port), timeout_ms / 1000) as asked:
            said = _read(asked, time.monotonic() + timeout_ms / 1000)
    except OSError as error:
        what = f"no peer answers: {error.strerror or error}"
        fix = "look whether it runs, and whether its address is right"
        raise Unavailable(what, where=str(address), fix=fix) from None
    try:
        opened = unseal(INTRODUCTION, said)
        certificate = unseal(CERTIFICATE, opened.value.certificate)
    except Damaged as error:
        raise Damaged("what answers there is no peer", where=str(address)) from error
    if not opened.signer == certificate.signer == address.peer:
        raise Damaged("another peer answers there", where=str(address))
    return opened.value, certificate.value


def _read(asked: socket.socket, until: float) -> bytes:
    said = b""
    while len(said) <= LONGEST and (more := asked.recv(LONGEST)):
        said += more
        asked.settimeout(max(0.001, until - time.monotonic()))  # for all of it, not each piece
    return said[:LONGEST]


def _listens(listening: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        return bool(listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False
