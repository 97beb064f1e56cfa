"""Tab: what comes to be owed under one agreement, in a ledger over a real connection."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.content.cid import RAW, Cid
from peers.agreement import OFFER, Agreement
from peers.credits import NOTHING, Credits
from peers.receipts import Line
from peers.royalties import NOBODY
from peers.signed import unseal
from peers.step_messages import Claim, Need
from peers.stopped import CLAIM_MS
from peers.tab import Tab
from tests.peers.banks import Bank, until
from tests.peers.bills import offered

BATCH, STEP, OTHER, ENVIRONMENT = (Cid.of(RAW, name) for name in (b"1", b"2", b"3", b"4"))
NEED = Need(ENVIRONMENT, 1, 1, 60_000)


class Guest:
    """A requester and its tab of 500 micro-credits with a provider: one for each ms of a step."""

    def __init__(self, folder: Path) -> None:
        self.one, self.two = Bank(1, folder / "one"), Bank(2, folder / "two")
        self.one.meet(self.two)
        self.until(lambda: self.two.lines.control(self.one.peer))
        self.spent: list[Credits] = []
        self.settled: list[None] = []
        self.used_up: list[None] = []
        offer = offered(self.one.identity, self.two.peer.key, 500)
        self.agreement = Agreement(offer.cid, unseal(OFFER, offer.data).value)
        self.tab = self.open(self.agreement)
        self.two.credit.agree(self.one.peer, offer, 500, lambda: None)

    def open(self, agreement: Agreement) -> Tab:
        """Return the tab of an agreement."""
        return Tab(
            agreement,
            NOBODY,
            self.one.payments,
            self.spent.append,
            lambda: self.used_up.append(None),
            lambda: self.settled.append(None),
            self.one._say,
        )

    def until(self, is_so: object) -> None:
        """Let time pass until something is so."""
        until(is_so, self.one, self.two)  # type: ignore[arg-type]

    def claim(self, *ran: tuple[Cid, int], by: Bank | None = None) -> None:
        """Hear how long steps had run."""
        self.one.payments.claim((by or self.two).peer, Claim(self.agreement.cid, ran))

    @property
    def is_closed(self) -> bool:
        """Whether the agreement has ended on both sides."""
        mine, theirs = self.one.treasury, self.two.treasury
        held = {
            **mine.account(self.two.peer).agreements,
            **theirs.account(self.one.peer).agreements,
        }
        return self.agreement.cid not in held


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    """Return somebody with a tab."""
    guest = Guest(tmp_path)
    yield guest
    guest.one.close()
    guest.two.close()


def line(amount: int) -> Line:
    """Return what is paid for a step."""
    return Line(OTHER, None, "ran", 1, 0, amount, 0, amount)


def test_what_was_stopped_comes_to_be_owed(guest: Guest) -> None:
    """When its provider says so: it leaves the less for what comes after it."""
    guest.tab.stop([(STEP, NEED, 300)])
    assert guest.spent == []
    guest.claim((STEP, 300))
    assert guest.spent == [300]
    guest.tab.pay(BATCH, [line(201)], lambda: None)
    assert guest.spent == [300]
    assert guest.used_up == [None]
    guest.tab.pay(BATCH, [line(200)], lambda: None)
    assert guest.spent == [300, 200]
    guest.until(lambda: guest.two.balance(guest.one) == 500)


def test_a_tab_that_is_closed_waits_for_what_was_stopped(guest: Guest) -> None:
    """What is claimed in time is owed; only then nothing more is."""
    guest.tab.stop([(STEP, NEED, 300)])
    guest.tab.close()
    guest.claim((STEP, 100), by=guest.one)  # who has no part in it
    assert (guest.spent, guest.settled) == ([], [])
    guest.claim((STEP, 200), (OTHER, 200))
    assert (guest.spent, guest.settled) == ([200], [])
    guest.until(lambda: guest.settled)
    guest.until(lambda: guest.is_closed and guest.two.balance(guest.one) == 200)


def test_what_is_claimed_too_late_is_not_owed(guest: Guest) -> None:
    """A tab is waited for no longer than a provider takes to say it."""
    guest.until(lambda: guest.one.treasury.account(guest.two.peer).agreements)
    guest.tab.stop([(STEP, NEED, 300)])
    guest.tab.close()
    guest.one.clock.by_ms += CLAIM_MS + 1
    guest.until(lambda: guest.settled)
    guest.claim((STEP, 200))
    guest.until(lambda: guest.is_closed)
    assert guest.spent == []
    assert guest.two.balance(guest.one) == 0


def test_a_tab_is_settled_once(guest: Guest) -> None:
    """At once, when nothing was stopped, or nothing costs anything."""
    for _ in range(2):
        guest.tab.close()
        assert len(guest.settled) == 1
    free = guest.open(Agreement(OTHER, replace(guest.agreement.offer, price_cap=NOTHING)))
    free.stop([(STEP, NEED, 300)])
    free.close()
    assert len(guest.settled) == 2
