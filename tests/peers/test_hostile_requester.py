"""A provider, and a requester that would have it remember, fetch or wait without bound."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.sandbox.scripted import Act
from peers.asking import ANSWER_MS
from peers.service import REMEMBERED
from tests.peers.lenders import step
from tests.peers.test_provider import Pair

_OPEN: Final = "SELECT number FROM leased WHERE NOT is_over"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Return both."""
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def test_what_there_is_no_room_for_is_not_fetched(pair: Pair) -> None:
    """Nothing of a step is brought here when its disk is not free; fetches leave the rest free."""
    agreement = pair.agree()
    (one,) = pair.steps(1)
    pair.lender.free_bytes = 2**30
    pair.run(agreement, [one])
    assert not pair.lender.store.has(one)
    large = step(pair.borrower.store, "large", {"i": bytes(2**20)})
    small_need = pair.need._replace(disk=1)
    pair.lender.free_bytes = 2**30 + 1000
    pair.borrower.lease(agreement, [large], [small_need], number=2)
    pair.until(lambda: large in pair.borrower.back)
    assert "it is over 1000 bytes" in pair.borrower.back[large]


def test_what_was_ended_comes_to_nothing(pair: Pair) -> None:
    """A run that ends just after a lease leaves nothing behind that others would wait for."""
    agreement = pair.agree()
    steps = pair.steps(3)
    pair.borrower.lease(agreement, steps[:2], [pair.need] * 2)
    pair.borrower.end(agreement)
    pair.run(pair.agree(run=1), steps[2:])
    assert pair.borrower.results.keys() == {steps[2]}
    pair.until(lambda: pair.lender.provider.is_idle)


def test_what_is_given_back_is_told_in_few_words(pair: Pair) -> None:
    """Steps that cannot be run one after the other go back together."""
    steps = pair.steps(100)
    pair.borrower.lease(pair.agree(), steps, [pair.need._replace(memory=2**40)] * 100)
    pair.until(lambda: pair.borrower.back.keys() == {*steps})
    assert len(pair.borrower.returned) < 20


def test_who_does_not_hear_what_is_given_back_is_cut_off(pair: Pair) -> None:
    """What nobody answers is not kept without bound: of an agreement, or of none."""
    pair.borrower.is_deaf = True
    agreement = pair.agree()
    too_much = pair.need._replace(memory=2**40)
    texts = iter(range(1_000_000))

    def lease(of: Cid, number: int) -> bool:
        if pair.borrower.line is not None:
            steps = [Cid.of(RAW, b"%d" % next(texts)) for _ in range(4096)]
            asked = pair.borrower.lease(of, steps, [too_much] * 4096, number)
            pair.until(lambda: pair.borrower.line is None or asked in pair.borrower.answers)
        return pair.borrower.line is None

    assert any(lease(agreement, number) for number in range(1, 8))
    assert pair.lender.closed[-1].why == "it does not answer which steps are not run here"


def test_who_leaves_answers_waiting_is_cut_off(pair: Pair) -> None:
    """Leases of no agreement are given back; who does not hear that is not told for ever."""
    pair.borrower.is_deaf = True
    nowhere = Cid.of(RAW, b"no agreement")
    (one,) = pair.steps(1)

    def is_cut() -> bool:
        if pair.borrower.line is not None:
            asked = pair.borrower.lease(nowhere, [one], [pair.need])
            pair.until(lambda: pair.borrower.line is None or asked in pair.borrower.answers)
        return pair.borrower.line is None

    assert any(is_cut() for _ in range(400))
    assert pair.lender.closed[-1].why == "it does not answer what it is told"


def test_who_never_answers_holds_nothing_for_ever(pair: Pair) -> None:
    """What it was lent is free after a time, and a peer that drains ends."""
    pair.borrower.is_deaf = True
    agreement = pair.agree(cores=4)
    pair.run(agreement, pair.steps(1))
    assert "you have agreements for all" in pair.refusal(run=1)
    assert not pair.lender.provider.is_idle
    pair.lender.clock.by_ms += ANSWER_MS
    pair.lender.turn()
    assert pair.lender.provider.is_idle
    pair.agree(run=2)


def test_agreements_under_which_nothing_was_done_leave_no_trace(pair: Pair) -> None:
    """Who agrees and ends, again and again, does not fill the book."""
    for run in range(5):
        agreement = pair.agree(run=run)
        pair.borrower.lease(agreement, pair.steps(3), [pair.need] * 3)
        pair.borrower.end(agreement)
    kept = pair.agree(run=9)
    pair.run(kept, pair.steps(1))
    pair.borrower.end(kept)
    pair.until(lambda: pair.lender.provider.is_idle and not pair.lender.provider.status()["open"])
    pair.until(lambda: pair.lender.book.rows("SELECT agreement FROM engaged", ()) == [(kept.raw,)])


def test_the_name_of_content_is_no_right_to_it(pair: Pair) -> None:
    """What another sent here, or what its owner has, is not read by who only knows its name."""
    secret = b"the secret of somebody else"
    thief = step(pair.borrower.store, "thief", {"i": secret}, absent=True)
    pair.lender.store.put([Block(Cid.of(RAW, secret), secret)])
    pair.borrower.lease(pair.agree(), [thief], [pair.need])

    def is_back() -> bool:
        pair.lender.clock.by_ms += 100  # that it is patient is not the point
        return thief in pair.borrower.back

    pair.until(is_back)
    assert not pair.borrower.results


def test_content_is_sent_once_by_each(pair: Pair) -> None:
    """What a requester has shown to have, it need not send again, under any agreement."""
    steps = [step(pair.borrower.store, name, {"i": bytes(2**20)}) for name in "ab"]
    received = []
    for run, one in enumerate(steps):
        record = pair.borrower.store.get(one)
        agreement = pair.agree(run=run, cores=1)
        pair.borrower.lease(agreement, [one], [pair.need], records=[record])
        pair.until(lambda one=one: one in pair.borrower.results)
        received.append(pair.lender.depot.status()["received"])
    assert received[1] == received[0] > 2**20


def test_leasing_and_stopping_leaves_few_traces(pair: Pair) -> None:
    """The last leases are remembered, and nothing of their steps."""
    agreement = pair.agree()
    pair.lender.play = lambda _: Act(until_cancelled=True)
    steps = pair.steps(3)
    for number in range(1, REMEMBERED + 9):
        leased = pair.borrower.lease(agreement, steps, [pair.need] * 3, number)
        asked = {leased, pair.borrower.stop(agreement, *steps)}
        pair.until(lambda asked=asked: asked <= {*pair.borrower.answers})
    size = "SELECT count(*), sum(length(steps)) FROM leased"
    pair.until(lambda: pair.lender.book.rows(size, ()) == [(REMEMBERED, 0)])


def test_old_leases_are_not_entered(pair: Pair) -> None:
    """Numbers before the last one are passed over, and answered."""
    agreement = pair.agree()
    (one,) = pair.steps(1)
    for number in (9, 1, 2):
        asked = pair.borrower.lease(agreement, [one], [pair.need], number)
        pair.until(lambda asked=asked: asked in pair.borrower.answers)
    assert pair.lender.book.rows("SELECT number FROM leased", ()) == [(9,)]


def test_asking_again_for_what_was_done_does_not_fill_the_book(pair: Pair) -> None:
    """It is told each time, and kept once."""
    agreement, steps = pair.agree(), pair.steps(3)
    for number in range(1, 9):
        pair.borrower.told.clear()
        pair.run(agreement, steps, number)
        pair.until(lambda: not pair.lender.book.rows(_OPEN, ()))
    assert pair.lender.book.rows("SELECT count(*) FROM done", ()) == [(3,)]
    assert len(pair.lender.book.rows("SELECT number FROM handed", ())) == 1  # the last one


def test_no_more_is_leased_than_the_book_has_room_for(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who answers nothing is given back what it leases, and that is not entered."""
    monkeypatch.setattr("peers.held.HELD", 5)
    agreement, steps = pair.agree(), pair.steps(3)
    pair.borrower.is_deaf = True
    pair.run(agreement, steps)
    pair.borrower.lease(agreement, steps, [pair.need] * 3, 2)
    pair.until(lambda: pair.borrower.back.keys() == {*steps})
    assert pair.lender.book.rows("SELECT number FROM leased", ()) == [(1,)]
    pair.borrower.is_deaf = False
    pair.meet()
    pair.until(lambda: not pair.lender.book.rows(_OPEN, ()))
    pair.borrower.told.clear()
    pair.borrower.returned.clear()
    pair.run(agreement, steps, 2)
    assert pair.lender.book.rows("SELECT number FROM leased ORDER BY number", ()) == [(1,), (2,)]


def test_what_is_given_back_twice_is_told_twice(pair: Pair) -> None:
    """The answer to the first says nothing of a lease that came after it."""
    agreement, (one,) = pair.agree(), pair.steps(1)
    too_much = pair.need._replace(memory=2**40)
    keys, came = [], pair.borrower.came

    def noted(*what: Any) -> None:
        keys.append(what[4])
        came(*what)

    pair.borrower.is_deaf = True
    pair.borrower.came = noted  # type: ignore[method-assign]
    pair.borrower.lease(agreement, [one], [too_much])
    pair.until(lambda: pair.borrower.returned)
    first = keys[-1]
    asked = pair.borrower.lease(agreement, [one], [too_much], 2)
    pair.until(lambda: asked in pair.borrower.answers)
    pair.borrower.is_deaf = False
    pair.borrower.trader.post.reply(pair.borrower.line, first, b"")
    pair.until(lambda: len(pair.borrower.returned) == 2)
    pair.until(lambda: not pair.lender.book.rows(_OPEN, ()))


def test_batches_that_nobody_answers_are_few(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of who stops each step of which it was told, so that none is left to be heard of."""
    monkeypatch.setattr("peers.held.HELD", 5)
    monkeypatch.setattr("peers.telling.HELD", 5)
    agreement, (one,) = pair.agree(), pair.steps(1)
    pair.borrower.is_deaf = True
    pair.run(agreement, [one])
    pair.lender.play = lambda _: Act(until_cancelled=True)
    for number in range(2, 12, 2):
        for lease, need in (number, pair.need), (number + 1, pair.need._replace(is_fresh=True)):
            pair.borrower.lease(agreement, [one], [need], lease)
            asked = pair.borrower.stop(agreement, one)
            pair.until(lambda asked=asked: asked in pair.borrower.answers)
    pair.lender.turn()
    ((count,),) = pair.lender.book.rows("SELECT count(*) FROM handed", ())
    assert count <= 5
