"""Voice: what the process that drives a run is told by the node of its home.

Of no steps nothing is said. What is noted for a person is said once.

>>> voice = Voice(visitor)                                               # doctest: +SKIP
>>> voice.note("nobody runs such steps now; waiting for a peer")         # doctest: +SKIP
"""

from collections.abc import Sequence
from typing import Final, Protocol

from peers.plain import Plain
from peers.run_frames import Loss, Outcome, write_losses, write_numbers, write_outcomes

MAX_NOTES: Final = 100  # that a person is told in one run: peers write some of them


class Visitor(Protocol):
    """The process that drives the run."""

    def send(self, value: Plain) -> None:
        """Send it a value."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Voice:
    """What one run is told. For the node's thread."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._noted: set[str] = set()

    def begun(self, numbers: Sequence[int]) -> None:
        """Say which steps a provider has now."""
        if numbers:
            self._visitor.send(write_numbers("begun", numbers))

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Say what came of steps."""
        if outcomes:
            self._visitor.send(write_outcomes(outcomes))

    def lost(self, losses: Sequence[Loss]) -> None:
        """Say which steps nobody runs."""
        if losses:
            self._visitor.send(write_losses(losses))

    def room(self, slots: int) -> None:
        """Say how many steps run at once now."""
        self._visitor.send(("room", slots))

    def note(self, text: str) -> None:
        """Tell a person something."""
        if text not in self._noted and len(self._noted) < MAX_NOTES:
            self._noted.add(text)
            self._visitor.send(("note", text))

    def close(self) -> None:
        """Say no more."""
        self._visitor.close()
