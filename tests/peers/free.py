"""What deals with credit where nothing costs anything: no ledger is asked."""

from types import SimpleNamespace
from typing import Any, cast

from peers.credit_line import CreditLine
from peers.limits import Policy
from peers.payments import Payments

_NOBODY: Any = cast("Any", SimpleNamespace(heard=[]))  # a treasury that is never asked
_POLICY = Policy(0, 0, 0)


def _log(event: str, **_: object) -> None:
    raise AssertionError(event)


def free_credit() -> CreditLine:
    """Return what takes all that is offered for nothing."""
    return CreditLine(_NOBODY, _POLICY, _log)


def free_payments() -> Payments:
    """Return what pays nothing."""
    return Payments(_NOBODY, _POLICY, _log)
