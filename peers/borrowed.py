"""TCP sockets that belong to ZeroMQ, by their number: what is at the other end, and its end.

A number is used again when its socket is gone. So whoever means a connection says whom it was to
as well; address and port of the other end are those of one living connection.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

_RECEIVED: Final = 128  # where tcpi_bytes_received is in TCP_INFO, since Linux 4.1


class Remote(NamedTuple):
    """The other end of a TCP connection."""

    host: str  # an IP address
    port: int


def remote(number: int) -> Remote | None:
    """Return the other end; None when the connection is gone."""
    with _borrow(number) as tcp:
        return _remote(tcp)


def received(number: int, expected: Remote) -> int:
    """Return how many bytes have come from `expected`; 0 when the number is another's by now."""
    with _borrow(number) as tcp:
        if tcp is None or _remote(tcp) != expected:
            return 0
        said = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED + 8)
    return int.from_bytes(said[_RECEIVED:], sys.byteorder) if len(said) == _RECEIVED + 8 else 0


def shut(number: int, expected: Remote) -> None:
    """End the TCP connection to `expected`, if the number is still that one's."""
    with _borrow(number) as tcp, contextlib.suppress(OSError):
        if tcp and _remote(tcp) == expected:
            tcp.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _borrow(number: int) -> Iterator[socket.socket | None]:
    try:
        tcp = socket.socket(fileno=os.dup(number))
    except OSError:
        yield None
        return
    with tcp:
        yield tcp


def _remote(tcp: socket.socket | None) -> Remote | None:
    try:
        name = tcp.getpeername() if tcp else None
    except OSError:
        return None
    return Remote(plain_host(name[0]), name[1]) if isinstance(name, tuple) else None


def plain_host(host: str) -> str:
    """Return an IPv4 address that is written as IPv6 as what it is."""
    return host.removeprefix("::ffff:")
