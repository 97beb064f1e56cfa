"""Allowance: how many messages and bytes a peer may send now. Pure; whole numbers only.

Two token buckets that fill with time. Who receives lets BURST_S seconds' worth pass at once; who
sends plans for one second's, so that a network that holds messages back and lets them go together
makes no honest peer a flood.

>>> allowance = Allowance(Rate(messages=1, size=1000), at_ms=0)
>>> [allowance.take(0, 100) for _ in range(3)], allowance.take(1000, 100)
([True, True, False], True)
"""

from typing import Final

from engine.values import dataclass

BURST_S: Final = 2
_MS: Final = 1000  # tokens are kept in thousandths: what one unit a second gives in a millisecond


@dataclass(frozen=True, slots=True)
class Rate:
    """What one peer may send per second, on one connection."""

    messages: int
    size: int  # bytes


STRANGER: Final = Rate(messages=200, size=64 * 1024 * 1024)  # without an agreement
AGREED: Final = Rate(messages=20_000, size=2 * 1024**3)  # with one: what nobody's line carries


class Allowance:
    """What is left for one peer."""

    def __init__(self, rate: Rate, at_ms: int, *, burst_s: int = BURST_S) -> None:
        self._burst_ms = burst_s * _MS
        self._at_ms = at_ms
        self._rate, self._most = rate, self._full(rate)
        self._messages, self._size = self._most

    def grant(self, rate: Rate, at_ms: int) -> None:
        """Let another rate hold from now on."""
        self._fill(at_ms)
        self._rate, self._most = rate, self._full(rate)
        self._fill(at_ms)

    def take(self, at_ms: int, size: int) -> bool:
        """Return whether a message of `size` bytes may pass now, and count it if so."""
        if self.wait_ms(at_ms, size):
            return False
        self._messages -= _MS
        self._size -= size * _MS
        return True

    def wait_ms(self, at_ms: int, size: int) -> int:
        """Return how long a message of `size` bytes is to be held back; 0: it may go now."""
        self._fill(at_ms)
        size = min(size * _MS, self._most[1])  # one that never fits waits for a full bucket
        if size <= self._size and self._messages >= _MS:
            return 0
        lacks = max(0, _MS - self._messages), max(0, size - self._size)
        return max(-(-lacks[0] // self._rate.messages), -(-lacks[1] // self._rate.size))

    def _full(self, rate: Rate) -> tuple[int, int]:
        return rate.messages * self._burst_ms, rate.size * self._burst_ms

    def _fill(self, at_ms: int) -> None:
        passed = max(0, at_ms - self._at_ms)
        self._at_ms += passed
        most = self._most
        self._messages = min(most[0], self._messages + passed * self._rate.messages)
        self._size = min(most[1], self._size + passed * self._rate.size)
