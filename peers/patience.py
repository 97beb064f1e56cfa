"""Patience: how long a fetch waits for a block, and for somebody who could be asked. Pure."""

from typing import Final

GRACE_MS: Final = 8_000  # nobody can be asked: a source may yet be found, come back, or get it
PATIENCE_MS: Final = 60_000  # without a block: 2 MiB at 35 kB/s


class Patience:
    """That of one fetch."""

    def __init__(self, now_ms: int) -> None:
        self._progress_ms = self._idle_ms = now_ms

    def progress(self, now_ms: int) -> None:
        """Note that a block came."""
        self._progress_ms = now_ms

    def busy(self, now_ms: int) -> None:
        """Note that there is something to be waited for."""
        self._idle_ms = now_ms

    def is_spent(self, now_ms: int) -> bool:
        """Return whether no block came for too long."""
        return now_ms - self._progress_ms >= PATIENCE_MS

    def is_alone(self, now_ms: int) -> bool:
        """Return whether nobody could be asked for too long."""
        return now_ms - self._idle_ms >= GRACE_MS
