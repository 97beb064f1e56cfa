"""Log: what happens to a peer, written as it happens. An edge: it writes.

What strangers do is written down too, so lines have a rate; how many were left out is said.

>>> log = Log(sys.stderr, SystemClock())                                 # doctest: +SKIP
>>> log.say("cut", peer=peer, reason="it sent what no peer sends")       # doctest: +SKIP
"""

import contextlib
from typing import Final, TextIO

from engine.clock import Clock
from peers.allowance import Allowance, Rate
from peers.identity import PeerId
from peers.logline import Fact, as_json, as_text

RATE: Final = Rate(messages=20, size=1)  # lines a second
BURST_S: Final = 15  # as many at once: 300


class Log:
    """The log of one peer; for one thread."""

    def __init__(self, out: TextIO, clock: Clock) -> None:
        """Write to a stream: in words when it is a terminal, else as JSON."""
        self._out = out
        self._clock = clock
        self._line = as_text if out.isatty() else as_json
        self._allowance = Allowance(RATE, clock.monotonic_ms(), burst_s=BURST_S)
        self._left_out = 0

    def say(self, event: str, *, peer: PeerId | None = None, **facts: Fact) -> None:
        """Write what happened: `event` in a word or two of ours, and what is known of it."""
        if not self._allowance.take(self._clock.monotonic_ms(), 0):
            self._left_out += 1
            return
        if self._left_out:
            self._write("lines left out", {"count": self._left_out})
            self._left_out = 0
        self._write(event, {"peer": None if peer is None else str(peer), **facts})

    def _write(self, event: str, facts: dict[str, Fact]) -> None:
        line = self._line(self._clock.now_ms(), event, facts)
        with contextlib.suppress(OSError, ValueError):  # nobody reads: no reason for a peer to end
            self._out.write(line + "\n")
            self._out.flush()
