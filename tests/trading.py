"""Trading: what tests of daemons that trade share: prices, and what their ledgers say."""

from peers.ledger_file import LedgerFile
from tests.commands import told
from tests.daemons import Daemon, until
from tests.peers.standing import Standing, are_quiet, check_quiet

PRICES = ("--prices", "core-second=0.01,cache-hit=0.001")
CHEAP = (
    "--prices",
    "core-second=0.0002,cache-hit=0.0001",
)  # an hour is for what a newcomer may owe


def connect(asks: Daemon, *runs: Daemon, prices: tuple[str, ...] = PRICES) -> None:
    """Start peers that are not running, and let the first know the others."""
    for one in (asks, *runs):
        one.start(*prices)
    for one in runs:
        told(asks.home, "peer", "add", one.address)
    until(lambda: all(asks.is_up(one) and one.is_up(asks) for one in runs))


def settled(*daemons: Daemon) -> list[Standing]:
    """Return what the ledgers say when all is settled, which comes about by itself."""
    homes = [one.home for one in daemons if LedgerFile.is_here(one.home)]
    until(lambda: are_quiet(*homes))
    check_quiet(*homes)
    return [Standing(home) for home in homes]


def owed(here: Daemon, there: Daemon) -> int:
    """Return what one peer owes another, as this one has it; its daemon runs."""
    peers = told(here.home, "credit", "balance")["peers"]
    return next((int(one["balance"]) for one in peers if one["peer"] == there.peer), 0)
