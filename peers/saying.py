"""Saying: what writes down what happened (log.py). The protocol alone."""

from typing import Protocol

from peers.identity import PeerId
from peers.logline import Fact


class Say(Protocol):
    """Writes down what happened."""

    def __call__(self, event: str, *, peer: PeerId | None = None, **facts: Fact) -> None:
        """Write an event, and what is known of it."""
        ...
