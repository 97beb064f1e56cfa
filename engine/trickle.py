"""Trickle: content of a stranger that comes, but so slowly that it could go on for ever. Pure.

Silence is bound where a socket is read; this bounds a byte now and then. What counts is the time
that was waited for content, not what its reader did meanwhile.

>>> trickle = Trickle()
>>> trickle.is_one(waited_ms=130_000, came=100_000), trickle.is_one(waited_ms=130_000, came=100)
(False, True)
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

SILENCE_S: Final = 60.0  # that is borne, from one byte to the next
SLOWEST: Final = 1024  # bytes a second, beside as much silence as is borne
TOO_SLOW: Final = f"it gives less than {SLOWEST} bytes a second"


class Trickle:
    """Judges one stream, over and over: what came fast at first may not dawdle then."""

    def __init__(self) -> None:
        self._waited_ms = 0
        self._came = 0

    def is_one(self, waited_ms: int, came: int) -> bool:
        """Count what came and was waited for; return whether it is too little for so long."""
        self._waited_ms += waited_ms
        self._came += came
        if self._waited_ms <= 2000 * SILENCE_S:
            return False
        is_slow = self._came * 1000 < SLOWEST * (self._waited_ms - 1000 * SILENCE_S)
        self._waited_ms = self._came = 0
        return is_slow


def paced(
    pieces: Iterable[bytes],
    monotonic_ms: Callable[[], int],
    fault: Callable[[str], Exception],
    *,
    longest_s: float | None = None,
) -> Iterator[bytes]:
    """Yield pieces, as they come.

    Raises: what `fault` makes of why, when they are a trickle, or not all there after `longest_s`.
    """
    trickle = Trickle()
    began_ms = asked_ms = monotonic_ms()
    for piece in pieces:
        now_ms = monotonic_ms()
        if trickle.is_one(now_ms - asked_ms, len(piece)):
            raise fault(TOO_SLOW)
        if longest_s is not None and now_ms - began_ms > 1000 * longest_s:
            raise fault(f"it takes over {longest_s:.0f} seconds")
        yield piece
        asked_ms = monotonic_ms()
