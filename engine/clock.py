"""Time as an argument: the Clock protocol and the system's clock.

Deciders never ask for the time; whoever drives them does, through a Clock, so that a test can
let years pass in a millisecond.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for people, one for measuring."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC; may jump; only shown and recorded."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back; for durations and deadlines."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back."""
        return time.monotonic_ns() // 1_000_000
