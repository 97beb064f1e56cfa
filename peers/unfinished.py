"""Unfinished: which connections go on sending one message that never ends. Pure.

ZeroMQ keeps the frames of a message until its last one has come, and bounds each frame, not their
number. But the system says how many bytes a TCP connection has received, and what is received
after a connection's last whole message is what ZeroMQ keeps of it.

>>> unfinished = Unfinished()
>>> unfinished.is_over(7, 100), unfinished.is_over(7, 100 + MOST + 1)
(False, True)
"""

from typing import Final

from peers.envelope import MAX_FRAME, MAX_FRAMES

MOST: Final = 4 * MAX_FRAME * MAX_FRAMES  # bytes: four of the largest messages


class Unfinished:
    """The TCP connections of one peer, by their numbers."""

    def __init__(self) -> None:
        self._since: dict[int, int] = {}  # bytes received when it was last known to have finished
        self._heard: set[int] = set()  # since it was last looked at

    def heard(self, number: int) -> None:
        """Take note of a whole message."""
        self._heard.add(number)

    def forget(self, number: int) -> None:
        """Forget a connection that is gone."""
        self._since.pop(number, None)
        self._heard.discard(number)

    def is_over(self, number: int, received: int) -> bool:
        """Return whether too much has come, by now, since its last whole message."""
        if number in self._heard:
            self._heard.discard(number)
            self._since[number] = received
        return received - self._since.setdefault(number, received) > MOST
