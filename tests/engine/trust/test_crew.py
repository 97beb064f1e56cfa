"""Having what peers give checked, with crews that say what they are told to say."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from unittest.mock import Mock

import pytest

from engine.errors import NoSandbox, NotRun, StepFailed, Unavailable
from engine.memo import UNSIGNED
from engine.rows import Name
from engine.runner import Order, Report
from engine.trust.agreement import Agreement
from engine.trust.book import Found
from engine.trust.checks import Checks, Means
from engine.trust.crew import CheckingCrew
from engine.trust.policy import parse
from tests.engine.trust.crews import PATIENCE_S, WORKFLOW, Bench, Says, Scripted
from tests.engine.trust.parts import KEY, NAME, ORDER, public


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a new home."""
    bench = Bench(tmp_path)
    yield bench
    bench.book.close()


def test_what_is_believed_as_it_comes_is_run_once(bench: Bench) -> None:
    """By `any`."""
    peers, own = Scripted(bench.says("a", b"x")), Scripted()
    assert bench.run("any", peers, own).result().signer == public("a")
    assert len(peers.orders) == 1
    assert not own.orders
    assert bench.findings() == {}


def test_a_stranger_is_checked_and_gains_standing(bench: Bench) -> None:
    """By this machine, anew; both executions are handed on, to be recorded."""
    given, mine = bench.says("a", b"x"), bench.says("", b"x")
    peers, own = Scripted(given), Scripted(mine)
    believed = bench.run("audit", peers, own).result()
    assert believed.signer == public("a")
    assert believed.others == (mine,)
    assert own.orders[0].is_again
    assert bench.book.passed([public("a")]) == {public("a"): 1}
    assert bench.findings() == {given.result_cid: "confirmed"}


def test_another_checks_who_is_never_the_one_that_gave_it(bench: Bench) -> None:
    """Where this machine cannot."""
    peers = Scripted(bench.says("a", b"x"), bench.says("b", b"x"))
    assert bench.run("audit", peers, None).result().signer == public("a")
    assert peers.orders[1].apart == (public("a"),)
    assert peers.orders[1].is_again


def test_peers_of_one_owner_do_not_check_one_another(bench: Bench) -> None:
    """Nor are they two words."""
    bench.owners = {public("a"): "lab", public("b"): "lab", public("c"): "other"}
    peers = Scripted(bench.says("a", b"x"), bench.says("c", b"x"))
    bench.run("2", peers, None).result()
    assert set(peers.orders[1].apart) == {public("a"), public("b")}
    bench.owners |= {public("c"): "lab"}
    with pytest.raises(NotRun):
        bench.run("2", Scripted(bench.says("a", b"x"), bench.says("c", b"x")), None).result()


def test_a_lie_is_found_and_the_truth_taken(bench: Bench) -> None:
    """After two runs here and two elsewhere; the liar's standing is gone."""
    bench.book.keep([], passed=[public("liar")] * 3)
    lie, right = bench.says("liar", b"lie"), bench.says("b", b"x")
    peers = Scripted(lie, right, bench.says("c", b"x"))
    own = Scripted(bench.says("", b"x"), bench.says("", b"x"))
    believed = bench.run("audit", peers, own).result()
    assert believed.result_cid == right.result_cid
    assert len(own.orders) == 2
    assert bench.accused == [public("liar")]
    assert bench.book.passed([public("liar")]) == {public("liar"): 0}
    assert bench.findings() == {lie.result_cid: "wrong", right.result_cid: "confirmed"}
    assert "wrong" in bench.told[0]


def test_a_result_that_was_found_wrong_is_not_believed_of_another(bench: Bench) -> None:
    """It is checked for sure; where it cannot be, the step is not done."""
    bench.book.keep([], passed=[public("b")] * 1_000)
    given = bench.says("b", b"lie")
    bench.book.keep([Found(KEY, given.result_cid, "wrong", None)])
    with pytest.raises(NotRun, match="was found wrong here before"):
        bench.run("audit:0", Scripted(given), None).result()
    assert bench.findings() == {given.result_cid: "wrong"}


def test_a_peer_without_room_ends_no_checks(bench: Bench) -> None:
    """The next one is asked: its word costs it nothing, and may be a lie."""
    lie = bench.says("liar", b"lie")
    peers = Scripted(lie, bench.says("b", b"", reason="memory"), bench.says("c", b"x"))
    own = Scripted(bench.says("", b"x"), bench.says("", b"x"))
    bench.run("audit", peers, own).result()
    assert peers.orders[2].apart == (public("liar"), public("b"))
    assert len(peers.orders) == 4


def test_what_cannot_be_written_down_is_told(bench: Bench) -> None:
    """To whoever waits, and to those that come after: nobody waits for ever."""
    bench.book.keep = Mock(side_effect=Unavailable("the disk is full"))  # type: ignore[method-assign]
    given = [bench.says("a", b"x"), bench.says("a", b"x")]
    first, second = bench.run_all("audit", Scripted(*given), Scripted(bench.says("", b"x")), 2)
    assert first.result().signer == public("a")  # it was told before
    with pytest.raises(Unavailable, match="disk is full"):
        second.result()


def test_an_unsteady_step_accuses_nobody(bench: Bench) -> None:
    """Nor do others of its recipe, from then on."""
    peers = Scripted(bench.says("a", b"1"))
    own = Scripted(bench.says("", b"2"), bench.says("", b"3"))
    assert bench.run("audit", peers, own).result().signer == UNSIGNED
    assert "not deterministic" in bench.told[0]
    peers = Scripted(bench.says("a", b"4"), bench.says("b", b"5"), bench.says("c", b"5"))
    own = Scripted(bench.says("", b"5"), bench.says("", b"5"))
    bench.run("audit", peers, own)
    assert bench.accused == []


def test_without_enough_owners_the_step_is_not_done(bench: Bench) -> None:
    """With what to do; of an audit it is said that it could not be made."""
    with pytest.raises(NotRun, match="only 1 of 2 owners"):
        bench.run("2/3", Scripted(bench.says("a", b"x")), None).result()
    assert bench.run("audit", Scripted(bench.says("b", b"x")), None).result()
    assert "could not be checked" in bench.told[-1]


def test_owners_who_disagree_fail_the_step(bench: Bench) -> None:
    """Another try would end the same; it is said who gave what, and what looks into it."""
    one, other = bench.says("a", b"1"), bench.says("b", b"2")
    with pytest.raises(StepFailed, match="its results disagree") as failed:
        bench.run("2", Scripted(one, other), None).result()
    for report in (one, other):
        assert f"{report.signer.hex()} gave {report.result_cid}" in failed.value.what
    assert "tally check-determinism WORKFLOW" in failed.value.fix


def test_what_fails_here_for_want_of_room_is_no_difference(bench: Bench) -> None:
    """A peer is asked instead."""
    peers = Scripted(bench.says("a", b"x"), bench.says("b", b"x"))
    own = Scripted(bench.says("", b"", reason="memory"))
    assert bench.run("audit", peers, own).result().signer == public("a")
    assert bench.accused == []


def test_a_check_that_was_put_off_is_made(bench: Bench) -> None:
    """Steps that wait are given back when another fails."""
    own = Scripted(CancelledError(), bench.says("", b"x"))  # type: ignore[arg-type]
    bench.run("audit", Scripted(bench.says("a", b"x")), own).result()
    assert len(own.orders) == 2


@pytest.mark.parametrize("says", [Unavailable("gone"), CancelledError()])
def test_what_could_not_be_run_is_told_as_it_is(bench: Bench, says: Says) -> None:
    """Nothing is there to be checked."""
    with pytest.raises((Unavailable, CancelledError)):
        bench.run("audit", Scripted(says), Scripted()).result()


def test_what_failed_is_told_as_it_is(bench: Bench) -> None:
    """It is tried again by who asked for it."""
    failed = bench.says("a", b"", reason="timeout")
    assert bench.run("audit", Scripted(failed), Scripted()).result() is failed


def test_a_cancelled_step_ends_its_checks(tmp_path: Path) -> None:
    """With both crews."""
    bench, ends = Bench(tmp_path), SimpleQueue[Any]()
    held = SimpleQueue[Callable[[Any], None]]()

    class Slow(Scripted):
        def start(self, name: Name, order: Order, logs: Any, done: Any, begun: Any = None) -> None:
            held.put(done)

    peers, own = Scripted(bench.says("a", b"x")), Slow()
    means = Means(
        bench.book, WORKFLOW, Agreement(bench.store, {}, bench), {}, lambda _: "", lambda _: True,
        lambda *_: KEY, bench.told.append, bench.clock,
    )  # fmt: skip
    crew = CheckingCrew(peers, own, None, Checks(parse("audit"), means))
    crew.start(NAME, ORDER, lambda *_: None, ends.put)
    done = held.get(timeout=PATIENCE_S)
    crew.cancel(NAME)
    assert (peers.cancelled, own.cancelled) == ([NAME], [NAME])
    stopped: Future[Report] = Future()
    stopped.cancel()
    done(stopped)
    assert ends.get(timeout=PATIENCE_S).cancelled()
    crew.close()
    bench.book.close()


def test_a_bug_is_told_to_whoever_waits(bench: Bench) -> None:
    """Nobody waits for ever for a thread that is gone."""
    bench.verify = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        bench.run("audit", Scripted(bench.says("a", b"x")), Scripted()).result()


def test_what_cannot_be_had_is_not_waited_for_each_time(bench: Bench) -> None:
    """Others are looked for every half minute; a sandbox of this machine, once."""
    given = [bench.says("a", b"x")] * 4
    peers, own = Scripted(given[0], NotRun("nobody"), given[1]), Scripted(NoSandbox("none"))
    bench.run_all("audit", peers, own, 2)
    assert [order.is_again for order in peers.orders] == [False, True, False]
    assert len(own.orders) == 1
    again = Scripted(given[0], NotRun("nobody"), given[1], given[2], NotRun("nobody"))
    bench.run_all("audit", again, None, 3)
    assert [order.is_again for order in again.orders] == [False, True, False, False, True]
