"""Whom the steps of a run are offered to."""

import pytest

from engine.step import REQUIRES, SYSTEM, Platform
from peers.budget import Budget
from peers.credits import MAX_CREDITS, Credits
from peers.envelope import VERSION
from peers.peer_record import PEER, Notice, PeerRecord, read
from peers.prices import Usage, for_record
from peers.recruiter import (
    CHECK_MS,
    DEAR_MS,
    LONGEST_RETRY_MS,
    PATIENCE_MS,
    RETRY_MS,
    Directory,
    Recruiter,
)
from peers.shape import Shape
from peers.shunned import Shunned
from peers.signed import seal
from tests.peers.keys import identity

A, B = (identity(number).peer for number in (1, 2))
GIB = 2**30
SHAPE = Shape(1, 2, GIB, GIB, is_private=False)
PRIVATE = SHAPE._replace(is_private=True)
RUN, ME = bytes(16), identity(9).public_key


def _unknown(_: object) -> None:
    """Know nobody."""


def notice(number: int, **prices: int) -> Notice:
    """Return the record of a peer of eight cores."""
    kind = Platform(REQUIRES, SYSTEM)
    asked = {name.replace("_", "-"): amount for name, amount in prices.items()}
    lends = (8, 8 * GIB, (), "bwrap 0", for_record(asked), 8, (VERSION,), 0, number)
    record = PeerRecord(1, 1, 2, ("127.0.0.1:1",), kind, *lends)
    return read(seal(PEER, record, identity(number)).data)


@pytest.fixture
def shunned() -> Shunned:
    """Return who is left alone: nobody yet."""
    return Shunned()


@pytest.fixture
def recruiter(shunned: Shunned) -> Recruiter:
    """Return one that knows two peers, of whom the user named the second."""
    known = [notice(1), notice(2)]
    return Recruiter(Directory(lambda *_: known, lambda: frozenset({B}), _unknown), shunned)


def able(recruiter: Recruiter, shape: Shape) -> list[object]:
    """Return who could run steps of a shape."""
    return [one.signer for one in recruiter.able(shape, 0)]


def test_who_could_run_a_step(recruiter: Recruiter, shunned: Shunned) -> None:
    """All who are known, but for those that lied; of private steps, those that were named."""
    assert able(recruiter, SHAPE) == [A, B]
    assert able(recruiter, PRIVATE) == [B]
    assert recruiter.need(PRIVATE).only == {B}
    shunned.add(B, 0)
    assert able(recruiter, SHAPE) == [A]
    assert able(recruiter, PRIVATE) == []


def test_who_refused_is_asked_again_later(recruiter: Recruiter) -> None:
    """Each time after longer, up to a bound; and at once when another run has ended."""
    for wait_ms in (RETRY_MS, 2 * RETRY_MS, 4 * RETRY_MS, LONGEST_RETRY_MS, LONGEST_RETRY_MS):
        recruiter.refused(A, 0)
        assert not recruiter.may_be_asked(A, wait_ms - 1)
        assert recruiter.may_be_asked(A, wait_ms)
    assert recruiter.may_be_asked(B, 0)
    recruiter.retry()
    assert recruiter.may_be_asked(A, 0)


def test_less_is_asked_of_who_refused(recruiter: Recruiter) -> None:
    """Of disk and time, of which a record says nothing; all again once it has accepted."""
    first = recruiter.terms(notice(1), SHAPE, RUN, ME)
    assert (first.cores, first.memory_bytes, first.disk_bytes) == (8, 8 * GIB, 4 * GIB)
    recruiter.refused(A, 0)
    second = recruiter.terms(notice(1), SHAPE, RUN, ME)
    assert (second.cores, second.disk_bytes) == (8, 2 * GIB)
    assert second.lease_ms < first.lease_ms
    for _ in range(100):
        recruiter.refused(A, 0)
    least = recruiter.terms(notice(1), SHAPE, RUN, ME)
    assert least.disk_bytes == GIB
    recruiter.accepted(A)
    assert recruiter.terms(notice(1), SHAPE, RUN, ME) == first


def test_it_gives_up_when_nobody_was_there_for_long(recruiter: Recruiter) -> None:
    """Whoever comes meanwhile makes it begin to count anew."""
    assert not recruiter.gives_up(SHAPE, 0, is_there=False)
    assert not recruiter.gives_up(SHAPE, PATIENCE_MS - 1, is_there=False)
    assert not recruiter.gives_up(SHAPE, PATIENCE_MS, is_there=True)
    assert not recruiter.gives_up(SHAPE, PATIENCE_MS, is_there=False)
    assert recruiter.gives_up(SHAPE, 2 * PATIENCE_MS, is_there=False)


def test_it_says_what_is_lacking(shunned: Shunned) -> None:
    """Somebody that was named, somebody with as much, or anybody."""
    alone = Recruiter(Directory(lambda *_: [], frozenset, _unknown), shunned)
    large = Recruiter(
        Directory(lambda _, cores, __: [notice(1)] * (cores < 2), frozenset, _unknown), shunned
    )
    assert "named" in large.lack(PRIVATE)[0]
    assert "2 cores" in large.lack(SHAPE)[0]
    assert "no peer is there" in alone.lack(SHAPE)[0]


def test_terms_have_the_prices_of_the_record_and_a_cap(recruiter: Recruiter) -> None:
    """Of those names alone that this version knows."""
    asks = notice(1, core_second=5, failure=2, kilowatt_hour=9)
    terms = recruiter.terms(asks, SHAPE, RUN, ME, Credits(70))
    assert terms.prices == {"core-second": 5, "failure": 2}
    assert (terms.price_cap, terms.epoch) == (70, 1)
    free = recruiter.terms(notice(1), SHAPE, RUN, ME)
    assert (free.prices, free.price_cap) == ({}, 0)


def test_an_agreement_costs_no_more_than_is_left_or_lent(shunned: Shunned) -> None:
    """One that costs nothing needs neither."""
    lent = {A: Credits(40), B: MAX_CREDITS}
    known = Directory(lambda *_: [], frozenset, _unknown, lambda one: lent[one.signer])
    recruiter, budget = Recruiter(known, shunned), Budget(Credits(100))
    two_seconds = Usage(cores=2, wall_ms=1_000)
    assert recruiter.cap(notice(1, core_second=20), two_seconds, budget, 1) == 40
    assert recruiter.cap(notice(1, core_second=21), two_seconds, budget, 1) is None
    assert recruiter.cap(notice(2, core_second=21), two_seconds, budget, 1) == 50
    assert recruiter.cap(notice(2, core_second=51), two_seconds, budget, 1) is None
    assert recruiter.cap(notice(2), two_seconds, Budget(Credits(0)), 1) == 0


def test_a_price_that_nobody_could_pay_is_too_much(recruiter: Recruiter) -> None:
    """Whatever a stranger writes in its record."""
    absurd = notice(1, core_second=MAX_CREDITS)
    assert recruiter.cost(absurd, Usage(cores=2, wall_ms=1_000)) == MAX_CREDITS


def test_somebody_cheaper_is_waited_for_a_moment(recruiter: Recruiter) -> None:
    """And whoever comes makes it begin to count anew."""
    assert not recruiter.is_too_dear(SHAPE, 0, is_dear=True)
    assert not recruiter.is_too_dear(SHAPE, DEAR_MS - 1, is_dear=True)
    assert not recruiter.is_too_dear(SHAPE, DEAR_MS, is_dear=False)
    assert not recruiter.is_too_dear(SHAPE, DEAR_MS, is_dear=True)
    assert recruiter.is_too_dear(SHAPE, 2 * DEAR_MS, is_dear=True)


def test_a_check_is_not_offered_to_who_is_checked(recruiter: Recruiter) -> None:
    """And where nobody else is there, the run does not wait for long."""
    apart = SHAPE._replace(apart=(A.key,))
    assert able(recruiter, apart) == [B]
    assert recruiter.need(apart).apart == {A}
    both = SHAPE._replace(apart=(A.key, B.key))
    assert able(recruiter, both) == []
    assert not recruiter.gives_up(both, 0, is_there=False)
    assert recruiter.gives_up(both, CHECK_MS, is_there=False)
    assert not recruiter.gives_up(SHAPE, 0, is_there=False)
    assert not recruiter.gives_up(SHAPE, CHECK_MS, is_there=False)
