"""Past: what is remembered of one peer from one connection to the next. Pure.

>>> past = Past()
>>> past.certified(2)
>>> past.certified(1)
Traceback (most recent call last):
peers.errors.RemoteFault: its certificate was replaced by a later one
"""

from peers.answers import Answers
from peers.errors import RemoteFault


class Past:
    """One peer's."""

    def __init__(self, serial: int = 0) -> None:
        """Begin with the highest serial of a certificate that was seen of it."""
        self.answers = Answers()
        self.serial = serial

    def certified(self, serial: int) -> None:
        """Take note of a certificate that holds.

        Raises: RemoteFault when a later one was seen: who rotates a key wants the old one dead.
        """
        if serial < self.serial:
            raise RemoteFault("its certificate was replaced by a later one")
        self.serial = serial
