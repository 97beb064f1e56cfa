"""What a run cost, as the ledger of this home has it."""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # most homes have no ledger, and what reads one takes long to load
    from peers.run_cost import RunCost

SETTLED_S: Final = 2.0  # in which what is owed is in the ledger, when all is as it mostly is

_POLL_S: Final = 0.02
_LEDGER: Final = "ledger.db"  # peers/ledger_file.py


def paid(home: Path, run: str) -> "RunCost | None":
    """Return what a run of this home cost; None when it cost nothing.

    Raises: Damaged when the ledger is; Unavailable when it cannot be read.
    """
    if not (home / _LEDGER).exists():
        return None
    from peers.commission import mark_of
    from peers.ledger_file import LedgerFile
    from peers.run_cost import cost_of

    with closing(LedgerFile(home)) as file:
        found = cost_of(file, mark_of(run))
    return found if found is not None and (found.amount or not found.is_settled) else None


def settled(home: Path, run: str) -> "RunCost | None":
    """Return what a run cost that has just ended: its peers and authors are paid in a moment."""
    end = time.monotonic() + SETTLED_S
    found = paid(home, run)
    while found is not None and not found.is_settled and time.monotonic() < end:
        time.sleep(_POLL_S)
        found = paid(home, run)
    return found


def in_words(cost: "RunCost") -> str:
    """Return what a run cost, for people."""
    from peers.credits import Credits, show

    part = f", {show(Credits(cost.for_authors))} of it for authors" if cost.for_authors else ""
    rest = "" if cost.is_settled else "; not all that was agreed has ended"
    return f"cost: {show(Credits(cost.amount))}{part}{rest}"


def as_json(cost: "RunCost") -> dict[str, object]:
    """Return it as JSON has it."""
    return {"unit": "microcredit", **cost._asdict()}
