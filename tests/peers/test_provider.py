"""Steps of one peer run at another, over real connections and with real stores."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused, Unavailable
from engine.sandbox.base import Job
from engine.sandbox.scripted import WELL, Act
from engine.step import ATTESTATION, RESULT, STEP
from peers.admission import WANTED_MS
from peers.earned import Earned
from peers.offer_messages import Refusal
from peers.own_word import DIFFERS
from peers.provider import QUIET_MS
from peers.step_messages import Need
from peers.telling import AGAIN_MS
from tests.peers.lenders import Borrower, Lender, environment, plain, step
from tests.peers.traders import until

MIB = 2**20


class Pair:
    """A provider, and a requester that has met it."""

    def __init__(self, folder: Path, **options: object) -> None:
        """Open both homes."""
        self.folder = folder
        self.lender = Lender(1, folder / "lender", **options)
        self.borrower = Borrower(2, folder / "borrower")
        self.environment = environment(self.borrower.store)
        self.need = Need(self.environment, 64 * MIB, 64 * MIB, 60_000)
        self.meet()

    def meet(self) -> None:
        """Connect them."""
        self.borrower.trader.meet(self.lender)
        self.until(lambda: self.borrower.line)

    def until(self, is_so: Callable[[], object]) -> None:
        """Let time pass until something is so."""
        until(is_so, self.lender, self.borrower.trader)

    def until_borrower(self, is_so: Callable[[], object]) -> None:
        """Let time pass for the requester alone."""
        until(is_so, self.borrower.trader)

    def agree(self, **terms: object) -> Cid:
        """Come to an agreement."""
        agreement, asked = self.borrower.offer(self.lender, **terms)
        self.until(lambda: self.borrower.answer(asked))
        assert self.borrower.answer(asked).value.agreement == agreement
        return agreement

    def steps(self, count: int) -> list[Cid]:
        """Return new steps of the requester's."""
        store = self.borrower.store
        return [step(store, f"step {number}", {"i": b"%d" % number}) for number in range(count)]

    def run(self, agreement: Cid, steps: list[Cid], number: int = 1) -> None:
        """Lease steps, and wait until there is word of each."""
        self.borrower.lease(agreement, steps, [self.need] * len(steps), number)
        self.until(lambda: self.borrower.results.keys() | self.borrower.back.keys() >= {*steps})

    def refusal(self, **terms: object) -> str:
        """Return why an offer is refused."""
        _, asked = self.borrower.offer(self.lender, **terms)
        self.until(lambda: self.borrower.answer(asked))
        answer = self.borrower.answer(asked)
        assert isinstance(answer, Refusal), answer
        return answer.why

    @property
    def signed(self) -> list[tuple[object, ...]]:
        """What was told, but for what came with it that is small."""
        return [told[:4] for told in self.borrower.told]

    def close(self) -> None:
        """End both."""
        self.lender.close()
        self.borrower.trader.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Return both."""
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def test_a_step_runs_elsewhere(pair: Pair) -> None:
    """What it takes is fetched, what it gave is told, signed, and can be had."""
    agreement = pair.agree()
    (one,) = pair.steps(1)
    asked = pair.borrower.lease(agreement, [one], [pair.need])
    pair.until(lambda: pair.borrower.told)
    assert pair.borrower.answers[asked] == b""
    (told,) = pair.borrower.told
    assert told.batch.signer == pair.lender.peer
    result = RESULT.decode(told.records[0].data)
    assert (result.step, result.exit_code, result.outputs.keys()) == (one, 0, {"o"})
    ends: list[object] = []
    fetched = pair.borrower.trader.depot
    fetched.fetch(agreement, tuple(result.outputs.values()), [pair.lender.peer], ends.append)
    pair.until(lambda: ends)
    assert ends == [None]
    assert pair.lender.memo.look_up([one])[one][0].result == told.said[0].result


def test_what_came_with_a_lease_is_not_fetched(pair: Pair) -> None:
    """A step's record, so that its inputs alone are; with its result it is durable here."""
    first = pair.steps(1)[0]
    record = pair.borrower.store.get(first)
    asked: list[Cid] = []
    fetch = pair.lender.depot.fetch

    def noted(scope: Cid, roots: tuple[Cid, ...], *rest: object, **more: object) -> object:
        asked.extend(roots)
        return fetch(scope, roots, *rest, **more)  # type: ignore[arg-type]

    pair.lender.depot.fetch = noted  # type: ignore[method-assign, assignment]
    pair.borrower.lease(pair.agree(), [first], [pair.need], records=[record])
    pair.until(lambda: pair.borrower.told)
    assert asked == [pair.environment, *STEP.decode(record).inputs.values()]
    assert pair.lender.store.get(first) == record


def test_a_record_that_is_no_step_is_given_back(pair: Pair) -> None:
    """Whatever it is, and though it came with its lease."""
    junk = Block(Cid.of(DAG_CBOR, b"junk"), b"junk")
    pair.borrower.store.put([junk])
    pair.borrower.lease(pair.agree(), [junk.cid], [pair.need], records=[junk.data])
    pair.until(lambda: pair.borrower.back)
    assert pair.borrower.back.keys() == {junk.cid}


def test_what_came_out_and_is_small_comes_with_its_batch(pair: Pair) -> None:
    """So that nobody asks for it."""
    pair.run(pair.agree(), pair.steps(2))
    for told in pair.borrower.told:
        for record in told.records[::2]:
            (out,) = RESULT.decode(record.data).outputs.values()
            assert told.carried[out].data == pair.lender.store.get(out)


def test_many_steps_come_back_in_few_batches(pair: Pair) -> None:
    """Their content is fetched together, and a signature stands for many results."""
    steps = pair.steps(300)
    pair.run(pair.agree(), steps)
    assert pair.borrower.results.keys() == {*steps}
    assert len(pair.borrower.told) < 60
    assert [told.batch.value.number for told in pair.borrower.told] == [
        *range(1, len(pair.borrower.told) + 1)
    ]
    assert pair.lender.placed == [pair.environment]


def test_a_step_that_fails_is_a_result_too(tmp_path: Path) -> None:
    """Its exit code and its logs go back; it is not remembered as something that can be reused."""
    failing = Act(outcome=replace(WELL, exit_code=3), stderr=b"no")
    pair = Pair(tmp_path, play=lambda _: failing)
    (one,) = pair.steps(1)
    pair.run(pair.agree(), [one])
    (told,) = pair.borrower.told
    assert RESULT.decode(told.records[0].data).exit_code == 3
    assert ATTESTATION.decode(told.records[1].data).stderr is not None
    assert pair.lender.memo.look_up([one]) == {}
    pair.close()


def test_what_cannot_be_had_is_given_back(pair: Pair) -> None:
    """The step whose input is nowhere, and no other of those that were fetched with it."""
    steps = pair.steps(6)
    nowhere = step(pair.borrower.store, "x", {"i": b"i"}, absent=True)
    all_of_it = [*steps[:3], nowhere, *steps[3:]]
    pair.borrower.lease(pair.agree(), all_of_it, [pair.need] * 7)

    def time_flies() -> bool:
        pair.lender.clock.by_ms += 100
        return pair.borrower.results.keys() | pair.borrower.back.keys() == {*all_of_it}

    pair.until(time_flies)
    assert pair.borrower.results.keys() == {*steps}
    assert pair.borrower.back.keys() == {nowhere}


def test_an_environment_that_is_not_the_steps_own_is_no_use(pair: Pair) -> None:
    """The closure that it carries is looked at, not what is said of it."""
    other = environment(pair.borrower.store, b"other")
    pair.need = pair.need._replace(environment=other)
    (one,) = pair.steps(1)
    pair.run(pair.agree(), [one])
    assert pair.borrower.back == {one: "the environment that came with a step is not its own"}


def test_a_damaged_environment_fails_its_steps_alone(pair: Pair) -> None:
    """Steps of another environment run."""
    agreement = pair.agree()
    damaged = environment(pair.borrower.store, b"damaged")
    good, bad = pair.steps(2)
    needs = [pair.need, pair.need._replace(environment=damaged)]
    pair.borrower.lease(agreement, [good, bad], needs)
    pair.until(lambda: pair.borrower.results and pair.borrower.back)
    assert pair.borrower.results.keys() == {good}
    assert pair.borrower.back == {bad: "this environment is not what it says"}


@pytest.mark.parametrize("more", [{"cores": 3}, {"memory": 2**31}, {"disk": 2**31}])
def test_a_step_that_needs_more_than_was_agreed_is_given_back(
    pair: Pair, more: dict[str, int]
) -> None:
    """Nothing of it is fetched."""
    pair.need = pair.need._replace(**more)
    (one,) = pair.steps(1)
    pair.run(pair.agree(), [one])
    assert pair.borrower.back == {one: "it needs more than was agreed"}
    assert not pair.lender.store.has(one)


def test_no_more_runs_at_one_time_than_was_agreed(tmp_path: Path) -> None:
    """Memory is held by steps that run, and lent to the next when they end."""
    running, most = [], []

    def play(job: Job) -> Act:
        running.append(job)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()
        return plain(job)

    pair = Pair(tmp_path, play=play, slots=4)
    pair.need = pair.need._replace(memory=2**29)
    pair.run(pair.agree(cores=4), pair.steps(12))
    assert max(most) == 2
    pair.close()


def test_what_was_done_for_a_requester_is_not_done_again(pair: Pair) -> None:
    """It is told again: under the same agreement, and under one for another run."""
    (one,) = pair.steps(1)
    first = pair.agree()
    pair.run(first, [one])
    pair.borrower.told.clear()
    pair.run(first, [one], number=2)
    assert [told.batch.value.number for told in pair.borrower.told] == [2]
    pair.borrower.told.clear()
    pair.run(pair.agree(run=1), [one])
    assert pair.borrower.results.keys() == {one}
    assert sum(len(sandbox.jobs) for sandbox in pair.lender.sandboxes) == 1


def test_what_was_done_for_another_is_done_again(pair: Pair) -> None:
    """Who names a step is not given what it gave to somebody else."""
    (one,) = pair.steps(1)
    pair.run(pair.agree(), [one])
    other = Borrower(3, pair.folder / "other")
    other.trader.meet(pair.lender)
    until(lambda: other.line, pair.lender, other.trader)
    agreement, asked = other.offer(pair.lender)
    until(lambda: other.answer(asked), pair.lender, other.trader)
    environment(other.store)
    other.lease(agreement, [step(other.store, "step 0", {"i": b"0"})], [pair.need])
    until(lambda: other.results, pair.lender, other.trader)
    assert other.results.keys() == {one}
    assert sum(len(sandbox.jobs) for sandbox in pair.lender.sandboxes) == 2
    other.trader.close()


def test_a_step_that_nobody_wants_ends(tmp_path: Path) -> None:
    """Whether it runs or waits; then others have its place."""
    go_on: list[Cid] = []
    pair = Pair(
        tmp_path,
        play=lambda job: plain(job) if go_on else Act(until_cancelled=True),
        slots=1,
    )
    agreement = pair.agree(cores=1)
    first, second, third = pair.steps(3)
    pair.borrower.lease(agreement, [first, second], [pair.need] * 2)
    pair.until(lambda: pair.lender.sandboxes[0].jobs)
    go_on.append(first)
    pair.borrower.stop(agreement, first, second)
    pair.run(agreement, [third], number=2)
    assert pair.borrower.results.keys() == {third}
    pair.close()


def test_an_offer_is_refused_with_a_reason(pair: Pair) -> None:
    """What is not lent, no more than is left, and nothing while the door is closed."""
    assert pair.refusal(cores=5) == "this peer lends less than that"
    pair.agree(cores=3)
    assert "you have agreements for all" in pair.refusal(run=1, cores=2)
    pair.lender.provider.pause()
    assert pair.refusal(run=1) == "this peer is paused"
    pair.lender.provider.resume()
    pair.lender.free_bytes = 2**30
    assert pair.refusal(run=1, cores=1) == "this peer has no room on its disk"


def test_a_mistake_of_ours_costs_a_step_and_not_the_peer(pair: Pair) -> None:
    """It is written down, the step goes back, and the next one runs."""

    def fail(job: Job) -> Act:
        pair.lender.play = plain
        raise ValueError(job)

    pair.lender.play = fail
    agreement = pair.agree()
    first, second = pair.steps(2)
    pair.run(agreement, [first])
    pair.run(agreement, [second], number=2)
    assert pair.borrower.back == {first: "this peer made a mistake"}
    assert pair.borrower.results.keys() == {second}
    assert pair.lender.said.count("mistake") == 1


def test_what_the_ledger_refuses_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lent for it, and the peer can be drained; also where it was lent before."""
    credit = pair.lender.provider._tools.credit
    is_refused = [False]

    def agrees(_: object, __: object, ___: int, then: Callable[[], None]) -> None:
        if is_refused[0]:
            raise Refused("it is over")
        then()

    monkeypatch.setattr(credit, "objection", lambda *_: "")
    monkeypatch.setattr(credit, "agree", agrees)
    monkeypatch.setattr(credit, "earned", lambda agreement: Earned(agreement.offer.prices, 10))
    terms = {"prices": {"core-second": 1}, "price_cap": 10}
    pair.agree(**terms)
    free = pair.lender.provider.free_slots
    is_refused[0] = True
    assert pair.refusal(**terms) == "it is over"
    assert pair.refusal(run=1, **terms) == "it is over"
    assert pair.lender.provider.free_slots == free
    assert pair.lender.provider.is_idle
    monkeypatch.setattr(credit, "objection", lambda *_: "you cheat")
    assert pair.refusal(**terms) == "you cheat"


def test_the_disk_is_not_filled_for_others(pair: Pair) -> None:
    """A step for which there is no room is given back before it begins."""
    agreement = pair.agree()
    first, second = pair.steps(2)
    pair.run(agreement, [first])
    pair.lender.free_bytes = 2**30
    pair.run(agreement, [second], number=2)
    assert pair.borrower.back == {second: "this peer has no room on its disk"}


def test_nothing_is_said_before_it_is_in_the_book(pair: Pair) -> None:
    """On a full disk a lease is not answered, nor a batch sent; both are when there is room."""
    agreement = pair.agree()
    change, tried = pair.lender.book.change, []

    def full() -> NoReturn:
        tried.append("the lease" if not tried else "what came of it")
        raise Unavailable("the disk is full")

    pair.lender.book.change = full  # type: ignore[method-assign]
    (one,) = pair.steps(1)
    asked = pair.borrower.lease(agreement, [one], [pair.need])
    pair.until(lambda: sum(len(sandbox.jobs) for sandbox in pair.lender.sandboxes))
    pair.until(lambda: len(tried) > 1)
    assert asked not in pair.borrower.answers
    assert not pair.borrower.told
    pair.lender.book.change = change  # type: ignore[method-assign]
    pair.lender.clock.by_ms += AGAIN_MS
    pair.until(lambda: asked in pair.borrower.answers and pair.borrower.told)
    pair.until(lambda: pair.lender.provider.is_idle)


def test_a_peer_that_drains_ends_what_was_leased(tmp_path: Path) -> None:
    """What is leased after that is given back; when the rest is heard of, it is idle."""
    gate = threading.Event()

    def play(job: Job) -> Act:
        assert gate.wait(20)
        return plain(job)

    pair = Pair(tmp_path, play=play)
    agreement = pair.agree()
    first, second = pair.steps(2)
    pair.borrower.lease(agreement, [first], [pair.need])
    pair.until(lambda: pair.lender.provider.status()["running"])
    pair.lender.provider.drain()
    pair.run(agreement, [second], number=2)
    assert pair.borrower.back == {second: "this peer is draining"}
    assert not pair.lender.provider.is_idle
    gate.set()
    pair.until(lambda: pair.lender.provider.is_idle)
    assert pair.borrower.results.keys() == {first}
    pair.close()


def test_what_is_quiet_holds_nothing_that_others_want(pair: Pair) -> None:
    """An agreement sleeps after a minute; a new lease under it wakes it, and numbers go on."""
    agreement = pair.agree(cores=3)
    first, second = pair.steps(2)
    pair.run(agreement, [first])
    pair.until(lambda: pair.lender.provider.is_idle)
    pair.lender.clock.by_ms += QUIET_MS
    pair.until(lambda: pair.lender.provider.status()["agreements"] == 0)
    assert pair.lender.provider.status()["lent_cores"] == 0
    pair.run(agreement, [second], number=2)
    assert [told.batch.value.number for told in pair.borrower.told] == [1, 2]


def test_what_is_ended_is_free_at_once(pair: Pair) -> None:
    """Its steps end, and what it was lent is lent to the next."""
    pair.lender.play = lambda _: Act(until_cancelled=True)
    agreement = pair.agree(cores=3)
    pair.borrower.lease(agreement, pair.steps(3), [pair.need] * 3)
    pair.until(lambda: pair.lender.provider.status()["running"] == 2)
    pair.borrower.end(agreement)
    pair.agree(run=1, cores=3)
    pair.until(lambda: pair.lender.provider.status()["running"] == 0)
    assert pair.lender.provider.is_idle


def test_who_wants_what_nobody_uses_has_it(pair: Pair) -> None:
    """An agreement under which nothing happens makes room for an offer, before its minute is up."""
    pair.agree(cores=3)
    pair.lender.clock.by_ms += WANTED_MS
    pair.agree(run=1, cores=3)


def test_a_step_that_failed_is_run_again(pair: Pair) -> None:
    """As is one that is to be fresh; what it gave the last time is told no more."""
    outcomes = [replace(WELL, exit_code=3), WELL, WELL]
    pair.lender.play = lambda job: replace(plain(job), outcome=outcomes.pop(0))
    agreement = pair.agree()
    (one,) = pair.steps(1)
    codes = []
    for number in range(1, 5):
        if number == 4:
            pair.need = pair.need._replace(is_fresh=True)
        pair.borrower.told.clear()
        pair.run(agreement, [one], number)
        codes.append(RESULT.decode(pair.borrower.told[0].records[0].data).exit_code)
    assert codes == [3, 0, 0, 0]
    assert outcomes == []


def test_a_provider_gives_its_word_for_one_result_of_a_step(pair: Pair) -> None:
    """Another that comes out later is given back; a failure is told as it is."""
    acts = [(b"one", 0), (b"two", 3), (b"two", 0), (b"one", 0)]

    def play(job: Job) -> Act:
        data, code = acts.pop(0)
        return Act(replace(WELL, exit_code=code), dict.fromkeys(job.outputs, data))

    pair.lender.play = play
    (one,) = pair.steps(1)
    pair.need = pair.need._replace(is_fresh=True)
    agreement, back = pair.agree(), []
    for number in range(1, 5):
        pair.borrower.told.clear()
        pair.borrower.returned.clear()
        pair.run(agreement, [one], number)
        back.append(pair.borrower.back.get(one))
    assert back == [None, None, DIFFERS, None]
    assert acts == []


def test_a_requester_that_comes_back_hears_what_it_missed(pair: Pair) -> None:
    """The same signed batch, byte for byte, until it has answered."""
    pair.borrower.is_deaf = True
    agreement = pair.agree()
    pair.run(agreement, pair.steps(3))
    before = pair.signed
    pair.borrower.trader.post.end(pair.borrower.line, "gone for a while", is_fault=False)
    pair.until(lambda: pair.borrower.line is None)
    pair.borrower.told.clear()
    pair.borrower.is_deaf = False
    pair.meet()
    pair.until(lambda: all(one in pair.signed for one in before))
    assert all(one in before for one in pair.signed)
    pair.until(lambda: pair.lender.provider.is_idle)


def test_a_line_that_dies_after_the_next_one_began_costs_nothing(pair: Pair) -> None:
    """What was said on it is said again on the other."""
    pair.borrower.is_deaf = True
    pair.run(pair.agree(), pair.steps(1))
    (before,) = pair.signed
    (old,) = pair.lender.lines_to(pair.borrower.trader.peer)
    pair.borrower.trader.meet(pair.lender)
    pair.until(lambda: len(pair.borrower.told) == 2)  # again, on the old one
    pair.borrower.told.clear()
    pair.borrower.is_deaf = False
    pair.lender.post.end(old, "it is dead", is_fault=False)
    pair.until(lambda: before in pair.signed)
    pair.until(lambda: pair.lender.provider.is_idle)


def test_a_provider_that_was_killed_forgets_nothing(pair: Pair) -> None:
    """What it had said it says again, what it had not is given back, and numbers go on."""
    pair.borrower.is_deaf = True
    agreement = pair.agree()
    done, open_one, third = pair.steps(3)
    pair.run(agreement, [done])
    (before,) = pair.borrower.told
    pair.lender.play = lambda _: Act(until_cancelled=True)
    asked = pair.borrower.lease(agreement, [open_one], [pair.need], number=2)
    pair.until(lambda: asked in pair.borrower.answers)
    pair.lender.vanish()
    pair.lender.close()
    pair.borrower.trader.post.end(pair.borrower.line, "it is gone", is_fault=False)
    pair.until_borrower(lambda: pair.borrower.line is None)
    pair.borrower.told.clear()
    pair.borrower.is_deaf = False
    pair.lender = Lender(1, pair.folder / "lender")
    pair.meet()
    pair.until(lambda: pair.borrower.told and pair.borrower.back)
    assert [told[:4] for told in pair.borrower.told] == [before[:4]]
    assert pair.borrower.back == {open_one: "this peer was started anew"}
    pair.run(agreement, [third], number=3)
    assert [told.batch.value.number for told in pair.borrower.told] == [1, 2]


def test_a_lease_is_answered_whenever_it_comes(pair: Pair) -> None:
    """Sent twice it is run once; under no agreement it is given back."""
    agreement = pair.agree()
    (one,) = pair.steps(1)
    asked = [pair.borrower.lease(agreement, [one], [pair.need]) for _ in range(2)]
    pair.until(lambda: pair.borrower.answers.keys() >= {*asked} and pair.borrower.told)
    assert len(pair.borrower.told) == 1
    pair.run(pair.environment, pair.steps(2)[1:])
    assert [*pair.borrower.back.values()] == ["this peer knows of no such agreement"]


def test_two_leases_with_one_number_end_the_connection(pair: Pair) -> None:
    """No honest requester signs them."""
    agreement = pair.agree()
    first, second = pair.steps(2)
    pair.borrower.lease(agreement, [first], [pair.need])
    pair.borrower.lease(agreement, [second], [pair.need])
    pair.until(lambda: pair.lender.closed)
    assert "two leases with one number" in pair.lender.closed[0].why


def test_a_slot_is_renewed_between_owners(pair: Pair) -> None:
    """And not between steps of one."""
    agreement = pair.agree()
    pair.run(agreement, pair.steps(4))
    assert [sandbox.renewed for sandbox in pair.lender.sandboxes] == [0, 0]


def test_what_is_lent_is_not_free(pair: Pair) -> None:
    """The slots that its record names are those nobody has, and none while it takes nothing new."""
    provider = pair.lender.provider
    before = provider.free_slots
    agreement = pair.agree(cores=2)
    assert provider.free_slots == before - 2
    pair.borrower.end(agreement)
    pair.until(lambda: provider.free_slots == before)
    provider.pause()
    assert provider.free_slots == 0
    provider.resume()
    assert provider.free_slots == before
