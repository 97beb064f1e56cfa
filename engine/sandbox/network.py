"""Network: the one that steps find, with nothing but lo and no trace of a step before.

A new network namespace costs the kernel more than the rest of a small sandbox, and twice: it has
to be taken down again (docs/adr/0092). So an executor keeps one for as long as nothing happened
in it. What a step could leave there takes a packet or a socket, and the kernel counts both.
"""

import fcntl
import os
import socket
import struct
from typing import Final

from engine.sandbox import syscalls

# Packets, what failed before there was one, and what a socket may leave without any. netstat has
# nothing that these have not, but of MPTCP.
_COUNTERS: Final = ("dev", "snmp", "snmp6", "ip6_flowlabel", "rt6_stats")
_SOCKETS: Final = "sockstat"  # its first line; the others are of the whole machine
_LONGEST: Final = 16 * 1024  # bytes; all of any of these
# Reports of multicast are sent at once or never: later, they would be seen by the next step.
_SETTINGS: Final = {
    "mptcp/enabled": b"0",
    "ipv4/conf/lo/force_igmp_version": b"2",
    "ipv6/conf/lo/force_mld_version": b"1",
}
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1


class Network:
    """A network namespace of this process, renewed after each step that used it."""

    def __init__(self) -> None:
        """Leave the machine's network.

        Raises: OSError when this machine does not let us.
        """
        self._files: list[int] = []  # each of the namespace in which it was opened
        self._renew()

    def clear(self, *, renew: bool) -> None:
        """Make sure that no step has left anything; call it while none runs.

        With `renew` nothing is looked at: it is another namespace. Raises: OSError.
        """
        if renew or self._counted() != self._unused:
            self._renew()

    def _renew(self) -> None:
        while self._files:
            os.close(self._files.pop())
        syscalls.unshare(syscalls.CLONE_NEWNET)
        _settle()
        _start_loopback()
        self._files = [_open(_SOCKETS), *map(_open, filter(_is_counted, _COUNTERS))]
        self._unused = self._counted()

    def _counted(self) -> list[bytes]:
        sockets, *counters = (os.pread(file, _LONGEST, 0) for file in self._files)
        return [sockets.partition(b"\n")[0], *counters]


def _settle() -> None:
    """Set what keeps a socket from leaving anything that is not counted."""
    for name, value in _SETTINGS.items():
        if os.path.exists(f"/proc/sys/net/{name}"):  # else the kernel was built without it
            with open(f"/proc/sys/net/{name}", "wb", buffering=0) as file:
                file.write(value)


def _start_loopback() -> None:
    request = struct.pack("16sh14x", b"lo", _IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _is_counted(name: str) -> bool:
    """Say whether the kernel was built with what this counts, as IPv6."""
    return os.path.exists(f"/proc/net/{name}")


def _open(name: str) -> int:
    return os.open(f"/proc/net/{name}", os.O_RDONLY | os.O_CLOEXEC)
