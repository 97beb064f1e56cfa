"""Ledger: opening one of 100 000 entries, and looking at all of it.

Beside it stands what cannot be left out: as many Ed25519 signatures, checked one after the other by
the same library. One ledger is of receipts whose lines are elsewhere, in the other each receipt has
its lines, which are read and charged again.
"""

import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from nacl.signing import VerifyKey

from bench.contest import contest
from bench.process import Spent
from bench.row import Row, Target, at_least, at_most
from bench.setting import Setting
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.step import SIGNED
from peers.agreement import OFFER, Offer
from peers.clearing import next_voucher
from peers.entries import Agreed, Body, Genesis, Open
from peers.entry import ENTRY, Written, write
from peers.identity import PeerId
from peers.keyring import Identity
from peers.ledger import Ledger, apply, follow, ledger_of
from peers.ledger_book import LedgerBook, signing
from peers.ledger_check import check
from peers.ledger_file import LedgerFile
from peers.prices import Outcome, Usage, charge
from peers.receipts import LINES, Line, Lines, receipt_of
from peers.signatures import looking
from peers.signed import seal

PART = "ledger"

_PRICES: Final = {"core-second": 1_000}
_VOUCHER: Final = 20  # receipts in each
_CHANGE: Final = 500  # entries in one transaction, so that it is made soon


class _Side:
    """One of two who trade."""

    def __init__(self, number: int) -> None:
        self.key = Identity(number.to_bytes(32, "big"))
        self.peer = PeerId(self.key.public_key)
        self.ledger: Ledger = ledger_of(self.peer)

    def take(self, written: Written) -> None:
        """Take an entry."""
        self.ledger = apply(self.ledger, written)


class _Trade:
    """A provider's ledger as it is made, and put in its book."""

    def __init__(self, *, with_lines: bool) -> None:
        self._with_lines = with_lines
        self._asks, self._works = _Side(1), _Side(2)
        self._taken: list[Written] = []
        self._papers: list[Block] = []
        self._count = 0

    def make(self, home: Path, count: int) -> None:
        """Make a ledger of so many entries."""
        with signing(home, self._works.peer) as book:
            offer = self._open()
            while self._count + len(self._taken) < count - _VOUCHER:
                for _ in range(_VOUCHER):
                    self._receipt(offer.cid)
                owing = self._asks.ledger.channel(self._works.peer).mine
                self._say(self._asks, next_voucher(owing))
                if len(self._taken) >= _CHANGE:
                    self._write(book)
            self._write(book)

    def _open(self) -> Block:
        asks, works = self._asks, self._works
        for side in (asks, works):
            body = Genesis(side.peer.key[:16])
            written = write(follow(side.ledger, body, None, 0), body, side.key)
            side.take(written)
            if side is works:
                self._taken.append(written)
        self._say(asks, Open(works.peer.key, 0, 2**50))
        self._say(works, Open(asks.peer.key, 0, 2**50))
        terms = (_PRICES, 2**45, "own", (), 1, 1, 1, 1_000, 0)
        offer = seal(OFFER, Offer(bytes(16), asks.peer.key, works.peer.key, *terms), asks.key)
        self._papers.append(offer)
        self._say(works, Agreed(offer.cid, 2**45))
        return offer

    def _receipt(self, agreement: Cid) -> None:
        number = self._count + len(self._taken)
        step = Cid.of(DAG_CBOR, number.to_bytes(8, "big"))
        amount = charge(_PRICES, Outcome.RAN, Usage(cores=2, wall_ms=1_500))
        lines = Lines(agreement, None, (Line(step, step, "ran", 2, 1, 1_500, 0, amount),))
        page = LINES.block(lines)
        if self._with_lines:
            self._papers.append(page)
        self._say(self._asks, receipt_of(lines), (page.cid,))

    def _say(self, side: _Side, body: Body | None, refs: tuple[Cid, ...] = ()) -> None:
        assert body is not None  # something is owed
        other = self._works if side is self._asks else self._asks
        channel = side.ledger.channel(other.peer)
        written = write(follow(side.ledger, body, channel, 0, refs=refs), body, side.key)
        side.take(written)
        other.take(written)
        self._taken.append(written)

    def _write(self, book: LedgerBook) -> None:
        with book.change() as change:
            book.enter(self._taken, self._works.ledger, change, self._papers)
        self._count += len(self._taken)
        self._taken, self._papers = [], []


def measure(setting: Setting) -> Iterator[Row]:
    """Measure both ledgers."""
    count = setting.size(100_000, 2_000)
    for what, with_lines in (("entries", False), ("entries with lines", True)):
        trade = _Trade(with_lines=with_lines)
        home = setting.prepared(
            f"ledger-{count}-{with_lines:d}", functools.partial(trade.make, count=count)
        )
        target = None if with_lines else at_least(0.5)  # lines are read and charged besides
        yield from _ledger(setting, home, f"{count} {what}", target)


def _ledger(setting: Setting, home: Path, what: str, target: Target | None) -> Iterator[Row]:
    file = LedgerFile(home)
    try:
        signatures = list(_signatures(file))
        ways = {
            "verify": lambda: _timed(lambda: _verify(file)),
            "signatures": lambda: _timed(lambda: _check(signatures)),
            "open": lambda: _timed(file.load),
        }
        times = contest(ways, setting.rounds)
    finally:
        file.close()
    told = times.told("signatures", "verify")
    ratio = times.ratio("signatures", "verify")
    yield Row(PART, f"{what}, signatures ÷ verify", ratio, "x", target, told)
    yield Row(PART, f"{what}, open", times.seconds("open"), "s", at_most(1.0))


def _signatures(file: LedgerFile) -> Iterator[tuple[VerifyKey, bytes, bytes]]:
    domain = ENTRY.kind.encode() + b"\0"
    for taken in file.taken():
        sealed = SIGNED.decode(taken.signed)
        yield VerifyKey(sealed.public_key), domain + sealed.payload, sealed.signature


def _check(signatures: list[tuple[VerifyKey, bytes, bytes]]) -> None:
    for key, message, signature in signatures:
        key.verify(message, signature)


def _verify(file: LedgerFile) -> None:
    with looking(file.end()[0]) as signatures:
        check(file, signatures)


def _timed(work: Callable[[], object]) -> Spent:
    start, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - start, time.process_time() - processor)
