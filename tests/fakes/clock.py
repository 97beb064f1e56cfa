"""A clock that a test moves."""


class Clock:
    """Says what it was set to."""

    def __init__(self) -> None:
        self.ms = 0

    def now_ms(self) -> int:
        """Return its time."""
        return self.ms

    def monotonic_ms(self) -> int:
        """Return its time."""
        return self.ms
