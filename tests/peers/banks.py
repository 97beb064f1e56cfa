"""Peers who keep ledgers on disk, on real connections, and lend and pay by them."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from engine.database import Database
from engine.store.disk import DiskStore
from peers.book import Book
from peers.dues import Dues
from peers.ledger_book import signing
from peers.limits import Policy
from peers.node_credit import Kept, open_credit
from peers.node_ground import Ground
from tests.peers.traders import Trader

POLICY = Policy(newcomer=1_000, growth_percent=50, most=100_000)


class Bank(Trader):
    """A peer with a ledger in a home."""

    def __init__(self, number: int, home: Path) -> None:
        """Open the ledger of a home, begun when absent."""
        home.mkdir(exist_ok=True)
        self._open = ExitStack()
        super().__init__(number, DiskStore(home / "store"))
        self.home = home
        self.said: list[str] = []  # in its log
        self.book = self._open.enter_context(signing(home, self.peer))
        self.database = Database(home / "state.db")
        self._open.callback(self.database.close)
        self.dues = Dues(self.database)
        said = self._open.enter_context(closing(Book(home / "peers.db")))
        kept = Kept(self.store, self.book, said, POLICY)
        ground = Ground(self.post, self.lines, self.clock, self.woken.put, self._say)
        opened = open_credit(kept, self.identity, ground, self._open)
        self.treasury, self.credit, self.settlement, self.payments = opened
        self.work = self.treasury
        self.settled: list[object] = []
        self.payments.resume(self.dues.all(), self.settled.append)
        self.settlement.resume()

    def turn(self) -> None:
        """Let time pass for what is paid, too."""
        super().turn()
        self.payments.tick(self.clock.monotonic_ms())
        self.settlement.tick()

    def balance(self, other: "Bank") -> int:
        """Return what another owes it."""
        return self.treasury.account(other.peer).balance

    def close(self) -> None:
        """End in order."""
        self._open.close()
        super().close()

    def _say(self, event: str, **_: object) -> None:
        self.said.append(event)


def until(is_so: Callable[[], object], *banks: Bank) -> None:
    """Let time pass until something is so."""
    for _ in range(20_000):
        if is_so():
            return
        for bank in banks:
            bank.turn()
    raise AssertionError("it never came")
