"""Listening: a TCP socket at which others connect."""

import errno
import socket
from typing import Final

from peers.errors import LocalFault

BUFFER: Final = 256 * 1024  # bytes that the system holds of one connection, each way

_BACKLOG: Final = 128
_TAKEN: Final = "choose another port, or end what uses this one; a peer takes three in a row"
_ELSE: Final = "give an address of this machine, and a port"
_FIXES: Final = {
    errno.EACCES: "choose a port from 1024 on",
}


def listening(host: str, port: int, taken: str = _TAKEN) -> socket.socket:
    """Return a TCP socket at which others can connect; port 0 is a free one.

    `taken` says what to do when another has that port.

    Raises: LocalFault when that cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # so have those accepted
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        what = f"this peer cannot listen on {host}:{port}: {error.strerror}"
        fix = taken if error.errno == errno.EADDRINUSE else _FIXES.get(error.errno or 0, _ELSE)
        raise LocalFault(what, fix=fix) from error
    return made
