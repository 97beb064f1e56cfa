"""The gate: which connections may come in. Pure.

Before a connection has said who it is, only its host and its number count; in the handshake its
CURVE key is known, and one that was shut out of late is refused.

>>> gate = Gate(Limits(connections=2, per_host=1))
>>> gate.enter(7, "10.0.0.1", 0), gate.enter(8, "10.0.0.1", 0)
('', 'over 1 connections from one host')
"""

import ipaddress
from collections import Counter, OrderedDict
from typing import Final

from engine.values import dataclass
from peers.allowance import Allowance, Rate
from peers.loopback import is_carried

SILENT_MS: Final = 10_000  # to finish the handshake (5 s) and say something (5 s)
MAX_SHUT_OUT: Final = 10_000  # keys; who has more can make new ones as well
BURST_S: Final = 16  # handshakes of so many seconds at once: all that one host may have, twice
LOOPBACK: Final = "loopback"  # this machine, whichever of its addresses
CARRIED: Final = "carried"  # what an IPFS node of this machine carries here (loopback.py)
MAX_HOSTS: Final = 10_000  # whose handshakes are counted; those seen last


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections from outside there may be, on all sockets together."""

    connections: int = 512  # 256 peers, each with control and bulk
    per_host: int = 16
    handshakes_s: int = 2  # of one host, after a burst of BURST_S times that (docs/adr/0096)
    loopback_times: int = 8  # as much of either for this machine itself: it can be many peers
    carried_times: int = 4  # and for what comes through IPFS: strangers, told apart before

    def connections_of(self, host: str) -> int:
        """Return how many connections one host may have."""
        return self.per_host * self._times(host)

    def handshakes_of(self, host: str) -> int:
        """Return how many handshakes one host may have in a second."""
        return self.handshakes_s * self._times(host)

    def _times(self, host: str) -> int:
        return {LOOPBACK: self.loopback_times, CARRIED: self.carried_times}.get(host, 1)


class Gate:
    """The connections from outside, by the number of their socket."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._guests: dict[int, str] = {}
        self._silent: dict[int, int] = {}  # since when; in order
        self._hosts: Counter[str] = Counter()
        self._shut_out: OrderedDict[bytes, int] = OrderedDict()  # until when
        self._handshakes: OrderedDict[str, Allowance] = OrderedDict()  # by host

    def enter(self, number: int, host: str, at_ms: int) -> str:
        """Count a connection; return why it may not stay, or ""."""
        self.leave(number)
        host = household(host)
        self._guests[number] = host
        self._silent[number] = at_ms
        self._hosts[host] += 1
        if len(self._guests) > self._limits.connections:
            return f"over {self._limits.connections} connections"
        if self._hosts[host] > (most := self._limits.connections_of(host)):
            return f"over {most} connections from one host"
        return ""

    def heard(self, number: int) -> None:
        """Let a connection that has said something stay."""
        self._silent.pop(number, None)

    def leave(self, number: int) -> None:
        """Count a connection no more."""
        self._silent.pop(number, None)
        host = self._guests.pop(number, None)
        if host is not None:
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]

    def silent(self, at_ms: int) -> list[int]:
        """Return, once, those that have said nothing for SILENT_MS."""
        found = [number for number, since in self._silent.items() if at_ms - since >= SILENT_MS]
        for number in found:
            del self._silent[number]
        return found

    def shut_out(self, curve_key: bytes, until_ms: int) -> None:
        """Refuse a key until a time; of too many, those refused first are forgotten."""
        self._shut_out[curve_key] = until_ms
        self._shut_out.move_to_end(curve_key)
        if len(self._shut_out) > MAX_SHUT_OUT:
            self._shut_out.popitem(last=False)

    def refusal(self, curve_key: bytes, host: str, at_ms: int) -> str:
        """Return why a key may not connect from a host now, or ""."""
        if at_ms < self._shut_out.get(curve_key, at_ms):
            return "shut out"
        return "" if self._handshakes_of(household(host), at_ms).take(at_ms, 0) else "too often"

    def _handshakes_of(self, host: str, at_ms: int) -> Allowance:
        if host not in self._handshakes:
            rate = Rate(messages=self._limits.handshakes_of(host), size=1)
            self._handshakes[host] = Allowance(rate, at_ms, burst_s=BURST_S)
            if len(self._handshakes) > MAX_HOSTS:
                self._handshakes.popitem(last=False)
        self._handshakes.move_to_end(host)
        return self._handshakes[host]


def household(host: str) -> str:
    """Return what counts as one host: of IPv6, the 64 bits that one customer has all of."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_loopback:
        return CARRIED if is_carried(host) else LOOPBACK
    return host if address.version == 4 else str(address.packed[:8].hex())
