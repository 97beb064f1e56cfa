"""Credit desk: what commands may have the node of their home sign, and what they are answered.

A command is answered when what it had signed is durable: what it reads after that has it.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from engine.errors import Refused, TallyError
from peers.control import Visitor
from peers.control_frames import frame_of
from peers.credits import check
from peers.identity import PeerId
from peers.plain import Plain

Then = Callable[[], None]


class Granting(Protocol):
    """What is asked of the part that says what others may owe."""

    def grant(self, peer: PeerId, limit: int, then: Then) -> None:
        """Lend a peer so many micro-credits from now on."""
        ...


class Settling(Protocol):
    """What is asked of the part that signs how this peer stands with others."""

    def end(self, peer: PeerId, then: Then) -> None:
        """End the channel with a peer, at exactly zero."""
        ...

    def propose(self, peer: PeerId, balance: int, reason: str, then: Then) -> None:
        """Say what the balance is to be."""
        ...

    def accept(self, peer: PeerId, balance: int | None, then: Then) -> None:
        """Sign what a peer says that it is to be."""
        ...

    def refuse(self, peer: PeerId, then: Then) -> None:
        """Say no to what a peer says that it is to be."""
        ...


class CreditDesk:
    """Has signed what visitors ask for. For the node's thread."""

    def __init__(self, granting: Granting, settling: Settling) -> None:
        self._granting = granting
        self._settling = settling
        self._acts: Final[dict[str, Callable[..., None]]] = {
            "limit": self._limit,
            "close": self._close,
            "reset": self._reset,
            "accept": self._accept,
            "refuse": self._refuse,
        }

    def knows(self, name: str) -> bool:
        """Return whether something of that name is asked for here."""
        return name in self._acts

    def attend(self, visitor: Visitor, name: str, words: list[Plain]) -> None:
        """Do it, and answer when it is durable; what is refused, at once."""
        try:
            self._acts[name](partial(visitor.send, ("ok", None)), *words)
        except TallyError as error:
            visitor.send(frame_of(error))
        except (TypeError, ValueError):
            visitor.send(frame_of(Refused(f"'{name}' is asked with other words")))

    def _limit(self, then: Then, text: str, amount: str) -> None:
        self._granting.grant(PeerId.parse(text), check(int(amount)), then)

    def _close(self, then: Then, text: str) -> None:
        self._settling.end(PeerId.parse(text), then)

    def _reset(self, then: Then, text: str, amount: str, reason: str) -> None:
        self._settling.propose(PeerId.parse(text), int(amount), reason, then)

    def _accept(self, then: Then, text: str, amount: str | None = None) -> None:
        balance = None if amount is None else int(amount)
        self._settling.accept(PeerId.parse(text), balance, then)

    def _refuse(self, then: Then, text: str) -> None:
        self._settling.refuse(PeerId.parse(text), then)
