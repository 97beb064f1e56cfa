"""Others run our steps: over real connections, with real stores, whatever they hand back."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.evidence import evidence
from engine.step import RESULT, Result
from peers.agreement import Said
from peers.contact import GONE_MS
from peers.copies import LATE_MS
from peers.credits import MAX_CREDITS, NOTHING, Credits
from peers.perjury import Perjury
from peers.recruiter import DEAR_MS, PATIENCE_MS
from peers.returns import MAX_RETURNS
from peers.run_frames import read_losses, read_outcomes, write_numbers
from peers.step_messages import Handed
from peers.stopped import CLAIM_MS
from tests.peers.labour import Asker, Worker, block, introduce, step
from tests.peers.traders import until

Made = Callable[..., Worker]


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[Asker]:
    """A peer with steps to be run."""
    made = Asker(1, tmp_path / "asker")
    yield made
    made.close()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Make workers by their number."""
    workers: list[Worker] = []

    def make(number: int, cores: int = 2) -> Worker:
        workers.append(Worker(number, tmp_path / str(number), cores))
        return workers[-1]

    yield make
    for one in workers:
        one.close()


def ended(asker: Asker) -> dict[int, Result]:
    """Return the results that the run was told of."""
    outcomes = read_outcomes(tuple(asker.visit.of("ended")))
    return {one.number: RESULT.decode(one.result) for one in outcomes}


def lost(asker: Asker) -> list[str]:
    """Return why steps are not run at all."""
    return [one.what for one in read_losses(tuple(asker.visit.of("lost")))]


def test_steps_are_run_and_what_came_out_is_here(asker: Asker, made: Made) -> None:
    """With the proof of whose word it is, and as a witness, before the run is told."""
    worker = made(2)
    introduce(asker, worker)
    asker.have_run("a", "b", "c")
    until(lambda: len(ended(asker)) == 3 and worker.confirmed >= 1, asker, worker)
    keys = [step(name).cid for name in "abc"]
    assert [ended(asker)[number].step for number in range(3)] == keys
    for key, witnesses in asker.memo.look_up(keys).items():
        (witness,) = witnesses
        assert witness.signer == worker.peer.key
        assert witness.signed is not None
        assert evidence(asker.store, witness.signed).holds
        assert RESULT.decode(asker.store.get(witness.result)).step == key
        out = RESULT.decode(asker.store.get(witness.result)).outputs["out"]
        assert asker.store.get(out) == b"made by " + key.raw
    assert sorted(asker.visit.of("begun")) == [0, 1, 2]  # type: ignore[type-var]


def test_what_comes_with_a_batch_is_not_fetched(asker: Asker, made: Made) -> None:
    """What a result names of it is kept, and nothing else that came."""
    worker = made(2)

    def carry(worker: Worker, handed: Handed) -> None:
        (key,) = handed.steps
        assert handed.records[key].data == step("a").data
        said, blocks = worker.made(key)
        carried = [*(one.data for one in blocks[2:]), b"something else"]
        worker.hand_back(handed, [(said, blocks)], carried)
        worker.depot.withdraw(handed.lease.value.agreement)

    worker.run = carry
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    (result,) = ended(asker).values()
    assert asker.store.get(result.outputs["out"]) == b"made by " + step("a").cid.raw
    assert not asker.store.has(Cid.of(RAW, b"something else"))


def test_many_short_steps_go_together(asker: Asker, made: Made) -> None:
    """To all who are idle; each gets more at a time than it runs at once."""
    workers = made(2), made(3)
    introduce(asker, *workers)
    until(lambda: all(asker.lines.control(one.peer) for one in workers), asker, *workers)
    asker.have_run(*map(str, range(300)), usual_ms=5)
    until(lambda: len(ended(asker)) == 300, asker, *workers)
    sizes = [len(handed.steps) for one in workers for handed in one.leases]
    assert sum(sizes) == 300
    assert len(sizes) < 30
    assert all(sum(len(handed.steps) for handed in one.leases) > 50 for one in workers)


def leased(workers: Iterable[Worker]) -> list[int]:
    """Return how many steps each was handed."""
    return [sum(len(handed.steps) for handed in one.leases) for one in workers]


def test_long_steps_are_spread(asker: Asker, made: Made) -> None:
    """Nobody has more than it runs at once, while others are idle or not."""
    workers = made(2), made(3)
    for one in workers:
        one.run = lambda *_: None
    introduce(asker, *workers)
    until(lambda: all(asker.lines.control(one.peer) for one in workers), asker, *workers)
    asker.have_run(*"abcde", usual_ms=10_000)
    until(lambda: sum(leased(workers)) == 4, asker, *workers)
    assert leased(workers) == [2, 2]
    assert len(asker.visit.of("begun")) == 4


def test_idle_peers_are_asked_before_busy_ones_get_more(asker: Asker, made: Made) -> None:
    """Of short steps too: the agreement with the second is made when the first is busy."""
    workers = made(2), made(3)
    for one in workers:
        one.run = lambda *_: None
    introduce(asker, *workers)
    until(lambda: all(asker.lines.control(one.peer) for one in workers), asker, *workers)
    asker.have_run("a", usual_ms=None)
    until(lambda: len(asker.visit.of("begun")) == 1, asker, *workers)
    asker.have_run("b", "c", "d", usual_ms=None)
    until(lambda: sum(leased(workers)) == 4, asker, *workers)
    assert leased(workers) == [2, 2]
    assert len(asker.visit.of("begun")) == 4


@pytest.mark.parametrize("cores", [1, 2])  # all taken; or some idle, which is of no use here
def test_a_step_that_takes_too_long_is_given_to_a_second(
    asker: Asker, made: Made, cores: int
) -> None:
    """When nothing else waits and somebody is idle; the first result counts, the other stops."""
    slow, quick = made(2, cores=cores), made(3, cores=1)
    slow.run = lambda *_: None
    introduce(asker, slow)
    asker.have_run("a", usual_ms=100)
    until(lambda: slow.leases, asker, slow)
    introduce(asker, quick)
    until(lambda: len(asker.lines.peers()) == 2, asker, slow, quick)
    assert not quick.leases
    asker.clock.by_ms += LATE_MS + 1_000
    until(lambda: ended(asker) and slow.stopped, asker, slow, quick)
    assert slow.stopped == [step("a").cid]
    slow.hand_back(slow.leases[0], [slow.made(step("a").cid)])
    until(lambda: slow.confirmed, asker, slow)
    assert len(ended(asker)) == 1


def test_a_step_that_fails_is_a_result_and_no_witness(asker: Asker, made: Made) -> None:
    """Its log is here."""
    worker = made(2)

    def fail(worker: Worker, handed: Handed) -> None:
        worker.hand_back(handed, [worker.made(key, exit_code=3) for key in handed.steps])

    worker.run = fail
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    assert ended(asker)[0].exit_code == 3
    assert asker.store.has(block(b"printed").cid)
    assert not asker.memo.look_up([step("a").cid])


def lies(change: Callable[[Worker, Cid], tuple[Said, tuple[Block, ...]]]) -> object:
    """Return what hands something else back than came out."""

    def run(worker: Worker, handed: Handed) -> None:
        worker.hand_back(handed, [change(worker, key) for key in handed.steps])

    return run


def other_outputs(worker: Worker, key: Cid) -> tuple[Said, tuple[Block, ...]]:
    """Return a result without the output that the step declares."""
    said, (_, attestation, *rest) = worker.made(key)
    result = RESULT.block(Result(key, 0, {}))
    return said._replace(result=result.cid), (result, attestation, *rest)


def other_step(worker: Worker, key: Cid) -> tuple[Said, tuple[Block, ...]]:
    """Return the result of another step."""
    said, blocks = worker.made(step("another").cid)
    return said._replace(step=key), blocks


def not_ours(worker: Worker, key: Cid) -> tuple[Said, tuple[Block, ...]]:
    """Return the result of a step that nobody asked for."""
    return worker.made(step("another").cid)


@pytest.mark.parametrize("change", [other_outputs, other_step, not_ours])
def test_a_liar_is_cut_off_and_another_runs_the_step(
    asker: Asker, made: Made, change: Callable[[Worker, Cid], tuple[Said, tuple[Block, ...]]]
) -> None:
    """With a reason; it is not asked again; nothing of it is believed."""
    liar, honest = made(2), made(3)
    liar.run = lies(change)  # type: ignore[assignment]
    introduce(asker, liar)
    asker.have_run("a")
    until(lambda: any(event == "peer blamed" for event, _ in asker.said), asker, liar)
    introduce(asker, honest)
    until(lambda: ended(asker), asker, liar, honest)
    assert [h.steps for h in honest.leases] == [(step("a").cid,)]
    (witness,) = asker.memo.look_up([step("a").cid])[step("a").cid]
    assert witness.signer == honest.peer.key
    assert any(one.is_fault and one.peer == liar.peer for one in asker.closed)
    assert len(liar.leases) == 1


def test_what_cannot_be_fetched_is_run_elsewhere(asker: Asker, made: Made) -> None:
    """A provider that vanishes with what it made costs no step."""
    gone, there = made(2), made(3)

    def vanish(worker: Worker, handed: Handed) -> None:
        said, (result, attestation, *_) = worker.made(handed.steps[0])
        worker.hand_back(handed, [(said, (result, attestation))])
        worker.turn()
        worker.vanish()

    gone.run = vanish
    introduce(asker, gone)
    asker.have_run("a")
    until(lambda: asker.closed, asker, gone)
    introduce(asker, there)
    asker.clock.by_ms += 60_000
    until(lambda: ended(asker), asker, there)
    assert len(there.leases) == 1


def test_a_provider_that_vanishes_costs_no_step(asker: Asker, made: Made) -> None:
    """What it had is run by another, a few seconds after its line is gone."""
    gone, there = made(2), made(3)
    gone.run = lambda *_: None
    introduce(asker, gone)
    asker.have_run("a", "b")
    until(lambda: len(asker.visit.of("begun")) == 2, asker, gone)
    introduce(asker, there)
    gone.vanish()
    until(lambda: asker.closed, asker, there)
    asker.turn()
    asker.clock.by_ms += GONE_MS
    until(lambda: len(ended(asker)) == 2, asker, there)
    assert ("provider gone", {"peer": gone.peer}) in asker.said


def test_when_the_last_provider_is_gone_the_run_hears_it(asker: Asker, made: Made) -> None:
    """That it waits, at once, and after some time that nobody is there."""
    worker = made(2)
    worker.run = lambda *_: None
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: worker.leases, asker, worker)
    worker.vanish()
    until(lambda: asker.closed, asker)
    asker.clock.by_ms += GONE_MS
    asker.turn()
    asker.turn()
    notes = str(asker.visit.frames)
    assert f"{worker.peer} is gone" in notes
    assert "waiting for a peer" in notes
    assert not lost(asker)
    asker.clock.by_ms += PATIENCE_MS
    asker.turn()
    assert lost(asker) == ["no peer is there that runs steps"]


def test_a_step_that_comes_back_goes_elsewhere(asker: Asker, made: Made) -> None:
    """Who could not run it is left alone for a while."""
    unable, able = made(2), made(3)
    unable.run = lambda worker, handed: worker.give_back(handed, "no disk")
    introduce(asker, unable)
    asker.have_run("a")
    until(lambda: any(event == "steps given back" for event, _ in asker.said), asker, unable)
    introduce(asker, able)
    until(lambda: ended(asker), asker, unable, able)
    assert len(unable.leases) == 1


def test_a_step_that_nobody_can_run_is_lost(asker: Asker, made: Made) -> None:
    """After it came back some times; with what the last one said."""
    unable = made(2)
    unable.run = lambda worker, handed: worker.give_back(handed, "no disk")
    introduce(asker, unable)
    asker.have_run("a")

    def is_lost() -> bool:
        asker.clock.by_ms += 1_000
        return bool(lost(asker))

    until(is_lost, asker, unable)
    assert lost(asker) == ["no peer could run it: no disk"]
    assert len(unable.leases) == MAX_RETURNS


def test_a_step_is_not_lost_while_somebody_has_not_tried_it(asker: Asker, made: Made) -> None:
    """However often another returns it: who is busy now may run it later."""
    busy, unable = made(2, cores=1), made(3, cores=1)
    busy.run = lambda *_: None
    unable.run = lambda worker, handed: worker.give_back(handed, "no disk")
    introduce(asker, busy)
    asker.have_run("long", usual_ms=3_600_000)
    until(lambda: busy.leases, asker, busy)
    introduce(asker, unable)
    asker.have_run("x", usual_ms=3_600_000)

    def is_tried() -> bool:
        asker.clock.by_ms += 1_000
        return len(unable.leases) > MAX_RETURNS

    until(is_tried, asker, busy, unable)
    assert not lost(asker)
    busy.run = Worker.honestly
    busy.honestly(busy.leases[0])
    until(lambda: len(asker.visit.of("ended")) == 2, asker, busy, unable)


def test_a_second_run_has_what_the_first_gives_back(asker: Asker, made: Made) -> None:
    """It is offered anew at once when the first ends."""
    worker = made(2)
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    worker.refusal = "you have agreements for all the cores that this peer lends to one"
    first = asker.visit
    asker.begin(MAX_CREDITS)
    asker.have_run("b")
    until(lambda: any("agreements" in str(frame) for frame in asker.visit.frames), asker, worker)
    worker.refusal = ""
    first.on_closed()
    until(lambda: asker.visit.of("ended"), asker, worker)


def test_a_refused_offer_is_made_again(asker: Asker, made: Made) -> None:
    """Later, and the run is told why it waits."""
    worker = made(2)
    worker.refusal = "this peer is paused"
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: any("paused" in str(frame) for frame in asker.visit.frames), asker, worker)
    worker.refusal = ""
    asker.clock.by_ms += 10_000
    until(lambda: ended(asker), asker, worker)


def test_nobody_is_waited_for_without_end(asker: Asker) -> None:
    """A run without peers is told so, after some patience."""
    asker.have_run("a")
    asker.turn()
    assert "nobody runs such steps now" in str(asker.visit.frames[-1])
    assert not lost(asker)
    asker.clock.by_ms += PATIENCE_MS
    asker.turn()
    assert lost(asker) == ["no peer is there that runs steps"]


def test_a_private_step_goes_to_a_peer_that_was_named(asker: Asker, made: Made) -> None:
    """However idle the others are; without one, it is lost."""
    stranger, friend = made(2), made(3)
    introduce(asker, stranger, friend)
    until(lambda: len(asker.lines.peers()) == 2, asker, stranger, friend)
    asker.have_run("a", private=True)
    asker.turn()
    asker.clock.by_ms += PATIENCE_MS
    until(lambda: lost(asker), asker, stranger, friend)
    assert "no peer that you named" in lost(asker)[0]
    asker.named.add(friend.peer)
    asker.have_run("b", private=True)
    until(lambda: ended(asker), asker, stranger, friend)
    asker.have_run("c")
    until(lambda: len(asker.visit.of("ended")) == 2, asker, stranger, friend)
    assert not [h for h in stranger.leases if step("b").cid in h.steps]
    assert friend.leases[0].steps == (step("b").cid,)


def test_a_batch_that_comes_twice_is_answered_twice(asker: Asker, made: Made) -> None:
    """And kept once."""
    worker = made(2)
    bodies: list[bytes] = []
    worker.run = lambda worker, handed: bodies.append(
        worker.hand_back(handed, [worker.made(key) for key in handed.steps])
    )
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: worker.confirmed == 1, asker, worker)
    worker.tell_batch(bodies[0])
    until(lambda: worker.confirmed == 2, asker, worker)
    assert len(ended(asker)) == 1


def test_what_is_not_wanted_any_more_is_stopped(asker: Asker, made: Made) -> None:
    """By the run, or because its process has gone; the agreement ends with it."""
    worker = made(2)
    worker.run = lambda *_: None
    introduce(asker, worker)
    asker.have_run("a", "b")
    until(lambda: len(asker.visit.of("begun")) == 2, asker, worker)
    asker.visit.on_frame(write_numbers("stop", [0]))
    until(lambda: worker.stopped, asker, worker)
    assert worker.stopped == [step("a").cid]
    asker.visit.on_closed()
    until(lambda: worker.ended, asker, worker)
    assert worker.ended == [worker.leases[0].lease.value.agreement]


def test_a_step_is_run_again_under_another_agreement(asker: Asker, made: Made) -> None:
    """As a retry after a failure: under the first, the provider has said what comes out."""
    worker = made(2)
    worker.run = lambda worker, handed: (
        worker.hand_back(handed, [worker.made(key, exit_code=1) for key in handed.steps]),
        None,
    )[1]
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    worker.run = Worker.honestly
    asker.visit.frames.clear()
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    assert ended(asker)[1].exit_code == 0
    first, second = (handed.lease.value.agreement for handed in worker.leases)
    assert first != second
    assert worker.ended == [first]


def test_a_step_that_fails_again_is_paid_once(asker: Asker, made: Made) -> None:
    """Whose provider tried it twice, under two agreements, at the wish of the run."""
    worker = made(2)
    worker.prices = {"core-second": 1_000, "failure": 7}
    worker.run = lambda worker, handed: (
        worker.hand_back(handed, [worker.made(key, exit_code=3) for key in handed.steps]),
        None,
    )[1]
    introduce(asker, worker)
    asker.begin(Credits(50_000))
    for times in (1, 2, 3):
        asker.visit.frames.clear()
        asker.have_run("a")
        until(lambda: ended(asker), asker, worker)
        paid = [(line.outcome, line.amount) for line in asker.tab.lines if line.amount]
        assert paid == ([] if times == 1 else [("failed alike", 7)])


def never(worker: Worker, handed: Handed) -> None:
    """Be at work on it for ever."""


def test_a_provider_is_offered_what_it_asks(asker: Asker, made: Made) -> None:
    """With a cap from what the run may cost; and the run hears who is paid."""
    worker = made(2)
    worker.prices = {"core-second": 1_000, "failure": 7}
    introduce(asker, worker)
    asker.begin(Credits(50_000))
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    (offer,) = worker.offers
    assert (offer.prices, offer.price_cap) == (worker.prices, 25_000)
    assert f"{worker.peer} is paid: core-second=0.001, failure=0.000007" in str(asker.visit.frames)
    (line,) = asker.tab.lines
    assert (line.outcome, line.amount) == ("ran", line.wall_ms)


def test_what_is_not_believed_is_disputed_and_not_paid(asker: Asker, made: Made) -> None:
    """With the reason; once for each step."""
    liar = made(2)
    liar.prices = {"core-second": 1_000}
    liar.run = lies(other_outputs)  # type: ignore[assignment]
    introduce(asker, liar)
    asker.begin(Credits(50_000))
    asker.have_run("a")
    until(lambda: asker.tab.disputed, asker, liar)
    assert asker.tab.disputed == {step("a").cid: "it attests another result"}
    assert not asker.tab.lines


def test_an_agreement_ends_when_all_is_paid(asker: Asker, made: Made) -> None:
    """With the run, and once."""
    worker = made(2)
    worker.prices = {"core-second": 1_000}
    introduce(asker, worker)
    asker.begin(Credits(50_000))
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    assert not asker.tab.ended
    asker.visit.close()
    assert len(asker.tab.ended) == 1


def test_the_cheapest_is_asked_first(asker: Asker, made: Made) -> None:
    """And nobody else, when it has room for all."""
    dear, cheap = made(2), made(3)
    dear.prices, cheap.prices = {"core-second": 2_000}, {"core-second": 1_000}
    introduce(asker, dear, cheap)
    asker.begin(Credits(1_000_000))
    asker.have_run("a")
    until(lambda: ended(asker), asker, dear, cheap)
    assert (len(cheap.offers), dear.offers) == (1, [])


def test_who_costs_nothing_needs_no_budget(asker: Asker, made: Made) -> None:
    """Who costs more than there is, is not asked."""
    dear, free = made(2), made(3)
    dear.prices = {"core-second": 1}
    introduce(asker, dear, free)
    asker.begin(Credits(0))
    asker.have_run("a", "b", "c", "d")
    until(lambda: len(ended(asker)) == 4, asker, dear, free)
    assert dear.offers == []
    assert free.offers[0].price_cap == 0


def test_a_run_that_cannot_pay_anybody_says_so(asker: Asker, made: Made) -> None:
    """After a moment, in which somebody cheaper might come: what is asked, what there is."""
    dear = made(2)
    dear.prices = {"core-second": 2_000_000}
    introduce(asker, dear)
    asker.begin(Credits(1_500_000))
    asker.have_run("a")
    asker.turn()
    assert not lost(asker)
    asker.clock.by_ms += DEAR_MS
    until(lambda: lost(asker), asker, dear)
    (loss,) = read_losses(tuple(asker.visit.of("lost")))
    assert "asks 2 credits for a step, and 1.5 credits of 1.5 credits is left" in loss.what
    assert "'--max-cost C' raises it" in loss.fix
    assert dear.offers == []


def test_no_more_is_handed_over_than_the_run_may_cost(asker: Asker, made: Made) -> None:
    """An agreement that is used up is followed by others, as long as there is credit for a step."""
    worker = made(2, 64)
    worker.prices = {"core-second": 1_000_000}
    worker.run = never
    introduce(asker, worker)
    asker.begin(Credits(10_000_000))
    asker.have_run(*map(str, range(30)))

    def is_all_promised() -> bool:
        asker.clock.by_ms += 100
        return sum(offer.price_cap for offer in worker.offers) > 9_000_000

    until(is_all_promised, asker, worker)
    for _ in range(20):
        is_all_promised()
        asker.turn()
        worker.turn()
    assert sum(offer.price_cap for offer in worker.offers) <= 10_000_000
    assert 8 <= sum(len(handed.steps) for handed in worker.leases) <= 10
    assert not lost(asker)


def stop_and_want_more(asker: Asker, worker: Worker) -> None:
    """Stop a step that is out for 5 of 10 credits, and want one that costs 6."""
    worker.prices = {"core-second": 1_000_000}
    worker.run = never
    introduce(asker, worker)
    asker.begin(Credits(10_000_000))
    asker.have_run("a")
    until(lambda: worker.leases, asker, worker)
    asker.clock.by_ms += 5_000
    asker.turn()
    asker.visit.on_frame(write_numbers("stop", [0]))
    asker.have_run("b", cores=6)
    until(lambda: worker.ended, asker, worker)
    for _ in range(10):
        asker.clock.by_ms += 100
        asker.turn()
    assert [offer.price_cap for offer in worker.offers] == [5_000_000]


def test_what_a_stopped_step_had_run_counts(asker: Asker, made: Made) -> None:
    """As its provider says it, though the agreement is closed: no more is promised to others."""
    worker = made(2, 64)
    stop_and_want_more(asker, worker)
    worker.claim(worker.ended[0], step("a").cid, 4_500)
    until(lambda: asker.tab.lines, asker, worker)
    asker.clock.by_ms += DEAR_MS + CLAIM_MS
    until(lambda: lost(asker), asker, worker)
    (loss,) = read_losses(tuple(asker.visit.of("lost")))
    assert "asks 6 credits for a step, and 5.5 credits of 10 credits is left" in loss.what
    assert len(worker.offers) == 1


def test_what_nobody_claims_is_there_again(asker: Asker, made: Made) -> None:
    """When the time for it is over."""
    worker = made(2, 64)
    stop_and_want_more(asker, worker)
    asker.clock.by_ms += CLAIM_MS
    until(lambda: len(worker.offers) == 2, asker, worker)
    assert worker.offers[1].price_cap == 6_000_000
    heard = worker.confirmed
    worker.claim(worker.ended[0], step("a").cid, 4_500)
    until(lambda: worker.confirmed > heard, asker, worker)
    assert not asker.tab.lines


def test_content_that_comes_is_paid_by_the_byte(asker: Asker, made: Made) -> None:
    """As it came, whatever its provider says of it."""
    worker = made(2)
    worker.prices = {"gib-transferred": 2**30}
    introduce(asker, worker)
    asker.begin(Credits(50_000))
    asker.have_run("a")
    until(lambda: ended(asker), asker, worker)
    (line,) = asker.tab.lines
    assert line.amount == line.transferred > 0


def test_two_words_on_one_step_are_seen(asker: Asker, made: Made) -> None:
    """When a step is run anew, what its provider said before is looked at."""
    worker = made(2)
    introduce(asker, worker)
    asker.have_run("a")
    until(lambda: len(ended(asker)) == 1, asker, worker)
    asker.begin(NOTHING)
    asker.have_run("a", is_fresh=True)
    until(lambda: ended(asker), asker, worker)
    assert not asker.accused
    worker.gives = b"and now by "
    asker.begin(NOTHING)
    asker.have_run("a", is_fresh=True)
    until(lambda: asker.accused, asker, worker)
    assert asker.accused == [Perjury(worker.peer, None)]
