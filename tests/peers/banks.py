"""Peers who keep ledgers on disk, on real connections, and lend and pay by them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from engine.database import Database
from engine.recorder import Recorder
from engine.store.disk import DiskStore
from peers.credit_line import CreditLine
from peers.dues import Dues
from peers.entries import Epoch, Genesis
from peers.ledger_book import signing
from peers.limits import Policy
from peers.payments import Payments
from peers.teller import Teller
from peers.treasury import Treasury
from peers.unwritten import Known
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
        recorder = Recorder(self.store, self.book)
        self._open.callback(recorder.close)
        why = self.book.restored()
        known = Known(self.book.id_at, self.book.follower)
        teller = Teller(self.book.load(), self.identity, known, is_restored=why is not None)
        self.treasury = self.work = Treasury(
            self.post,
            self.lines,
            teller,
            self.book,
            recorder,
            self.clock,
            self.woken.put,
            self._say,
        )
        self._open.callback(self.treasury.close)
        if self.treasury.ledger.last is None:
            self.treasury.note(Genesis(bytes(16)))
        if why is not None:
            self.treasury.note(Epoch(why))
        self.credit = CreditLine(self.treasury, POLICY, self._say)
        self.payments = Payments(self.treasury, self.book, POLICY, self._say, self.store.get)
        self.settled: list[object] = []
        self.payments.resume(self.dues.all(), self.settled.append)

    def turn(self) -> None:
        """Let time pass for what is paid, too."""
        super().turn()
        self.payments.tick(self.clock.monotonic_ms())

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
