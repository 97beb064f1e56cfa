"""Network: the one that steps find, with nothing but lo and no trace of a step before.

A new network namespace costs the kernel more than the rest of a small sandbox, and twice: it has
to be taken down again (docs/adr/0092). So an executor keeps one for as long as nothing happened
in it. What a step could leave there takes a packet or a socket, and the kernel counts both.
"""

import contextlib
import fcntl
import socket
import struct
from typing import Final

from engine.sandbox import syscalls

# Packets, and what failed before there was one. netstat counts nothing without a packet.
_COUNTERS: Final = ("dev", "snmp", "snmp6")
_SOCKETS: Final = "sockstat"  # its first line; the others are of the whole machine
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1


class Network:
    """A network namespace of this process, renewed after each step that used it."""

    def __init__(self) -> None:
        """Leave the machine's network.

        Raises: OSError when this machine does not let us.
        """
        self._renew()

    def clear(self) -> None:
        """Make sure that no step has left anything; call it while none runs.

        Raises: OSError.
        """
        if _counted() != self._unused:
            self._renew()

    def _renew(self) -> None:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        _start_loopback()
        self._unused = _counted()


def _start_loopback() -> None:
    request = struct.pack("16sh14x", b"lo", _IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _counted() -> list[bytes]:
    """Read what the kernel has counted; a file it was built without counts nothing."""
    counted = []
    with contextlib.suppress(FileNotFoundError):
        counted.append(_read(_SOCKETS).partition(b"\n")[0])
    for name in _COUNTERS:
        with contextlib.suppress(FileNotFoundError):
            counted.append(_read(name))
    return counted


def _read(name: str) -> bytes:
    with open(f"/proc/net/{name}", "rb", buffering=0) as file:
        return file.read()
