"""Office: what all deals of a node work with. Types alone."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from engine.content.cid import Cid
from engine.runner import Signer
from peers.allowance import Rate
from peers.identity import PeerId
from peers.judge import Judge
from peers.lines import Lines
from peers.mail import Mail
from peers.payments import Payments
from peers.saying import Say


class Offering(Protocol):
    """What a depot does for a deal."""

    def offer(
        self,
        scope: Cid,
        roots: Iterable[Cid],
        asker: PeerId | None,
        without: frozenset[Cid] = ...,
    ) -> None:
        """Let a peer have content under a name, but for some of it."""
        ...

    def withdraw(self, scope: Cid) -> None:
        """Let it have that no more."""
        ...

    def granted(self, peer: PeerId, rate: Rate) -> None:
        """Let a peer send at a rate, by one more agreement."""
        ...

    def ungranted(self, peer: PeerId) -> None:
        """Note that an agreement has ended."""
        ...


class Office(NamedTuple):
    """What all deals of a node work with."""

    mail: Mail
    lines: Lines
    depot: Offering
    signer: Signer
    judge: Judge
    log: Say
    payments: Payments
