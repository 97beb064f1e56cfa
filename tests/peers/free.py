"""What deals with credit where no ledger is kept: it is written down what would be paid."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

from engine.content.cid import Cid
from peers.agreement import Agreement
from peers.credit_line import CreditLine
from peers.identity import PeerId
from peers.limits import Policy
from peers.payments import Bill, Payments
from peers.receipts import Line
from peers.royalties import Royalties
from peers.stopped import Out

_EMPTY = SimpleNamespace(peers=tuple, channels={})
_KNOWN = SimpleNamespace(heard=[], ledger=_EMPTY, expect=lambda _: None)
_NOBODY: Any = cast("Any", _KNOWN)  # it is asked for nothing else
_POLICY = Policy(0, 0, 0)


def _log(event: str, **_: object) -> None:
    raise AssertionError(event)


class Tab(Payments):
    """What would be paid."""

    def __init__(self) -> None:
        super().__init__(_NOBODY, _NOBODY, _POLICY, _log)
        self.lines: list[Line] = []
        self.ended: list[Cid] = []
        self.disputed: dict[Cid, str] = {}
        self.out: dict[Cid, Out] = {}  # what was stopped

    def bill(self, provider: PeerId, bill: Bill, then: Callable[[], None]) -> None:
        """Note what is paid, and go on."""
        self.lines += bill.lines
        then()

    def dispute(self, agreement: Agreement, steps: Mapping[Cid, str]) -> None:
        """Note what is not paid."""
        self.disputed.update(steps)

    def stopped(self, agreement: Cid, steps: Mapping[Cid, Out]) -> None:
        """Note what is stopped."""
        self.out.update(steps)
        super().stopped(agreement, steps)

    def end(self, agreement: Agreement, royalties: Royalties, then: Callable[[], None]) -> None:
        """Note that no more is."""
        self.ended.append(agreement.cid)
        super().end(agreement, royalties, then)

    def _held(self, provider: PeerId, agreement: Cid) -> None:
        """Return what the ledger has: nothing."""


class Gratis(CreditLine):
    """What takes all that is offered for nothing."""

    def paid(self, peer: PeerId, agreement: Cid) -> int:
        """Return what receipts say: there are none."""
        return 0


def free_credit() -> CreditLine:
    """Return what takes all that is offered for nothing."""
    return Gratis(_NOBODY, _POLICY, _log)
