"""What an assignment does with a provider that is honest, slow, gone or lying."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import merkle
from engine.content.cid import DAG_CBOR, Cid
from peers.agreement import (
    ACCEPTANCE,
    BATCH,
    MAX_STEPS,
    OFFER,
    Acceptance,
    Batch,
    Offer,
    Said,
    check_lease,
)
from peers.assignment import GRACE_MS, TABLE, Assignment, Move, State
from peers.assignment_events import (
    Agreed,
    Attested,
    Blame,
    Declined,
    Event,
    GiveBack,
    Handed,
    HandOver,
    Judge,
    Judged,
    Keep,
    Reserve,
    Returned,
    Settle,
    Stop,
    Tick,
    Vanished,
    Withdrawn,
)
from peers.keyring import Identity
from peers.signed import Unsealed, seal, unseal
from tests.peers.keys import identity

WE, THEY, OTHERS = identity(1), identity(2), identity(3)
LEASE_MS, CLAIM_MS = 60_000, 30_000


def cid(text: str) -> Cid:
    """Return the name of something."""
    return Cid.of(DAG_CBOR, text.encode())


A, B, C = (cid(name) for name in "ABC")


def offered(signer: Identity = WE) -> Unsealed[Offer]:
    """Return our signed offer."""
    terms = Offer(
        run_id=bytes(16),
        requester=WE.public_key,
        provider=THEY.public_key,
        prices={},
        price_cap=0,
        policy="own",
        royalties=(),
        cores=2,
        memory_bytes=2**30,
        disk_bytes=2**30,
        lease_ms=LEASE_MS,
        claim_ms=CLAIM_MS,
    )
    return unseal(OFFER, seal(OFFER, terms, signer).data)


OFFERED = offered()


def accepted(by: Identity = THEY, offer: Cid = OFFERED.cid) -> Agreed:
    """Return the provider's yes."""
    return Agreed(unseal(ACCEPTANCE, seal(ACCEPTANCE, Acceptance(offer), by).data))


def said(step: Cid, result: str = "result") -> Said:
    """Return what the provider says of a step."""
    return Said(step, cid(result), cid(f"attestation of {step}"))


def attested(number: int, *what: Said, by: Identity = THEY, claimed: int = 0) -> Attested:
    """Return a batch."""
    root = merkle.root([one.leaf for one in what])
    batch = Batch(OFFERED.cid, number, claimed or len(what), root)
    return Attested(unseal(BATCH, seal(BATCH, batch, by).data), what)


def begun(*steps: Cid) -> Assignment:
    """Return an assignment under which steps are leased, at 0 ms."""
    assignment = Assignment(OFFERED)
    assignment.handle(accepted(), 0)
    assignment.handle(Handed(steps), 0)
    return assignment


def test_steps_wait_for_the_agreement() -> None:
    """Then they are handed over together, under one signature, and reserved before."""
    assignment = Assignment(OFFERED)
    assert assignment.handle(Handed((A, B)), 0) == ()
    reserve, over = assignment.handle(accepted(), 1)
    assert reserve == Reserve((A, B))
    assert isinstance(over, HandOver)
    assert (over.lease.number, over.lease.count, over.steps) == (1, 2, (A, B))


def test_a_lease_is_what_the_provider_can_check() -> None:
    """By the requester's signature and the root of the keys."""
    from peers.agreement import LEASE, bind

    assignment = Assignment(OFFERED)
    yes = accepted()
    assignment.handle(yes, 0)
    _, over = assignment.handle(Handed((A, B)), 0)
    assert isinstance(over, HandOver)
    agreement = bind(OFFERED, yes.acceptance)
    lease = unseal(LEASE, seal(LEASE, over.lease, WE).data)
    check_lease(agreement, lease, over.steps)


def test_many_steps_are_several_leases() -> None:
    """No message has more keys than one frame holds."""
    assignment = begun()
    many = tuple(cid(str(number)) for number in range(MAX_STEPS + 1))
    overs = [one for one in assignment.handle(Handed(many), 0) if isinstance(one, HandOver)]
    assert [(over.lease.number, over.lease.count) for over in overs] == [(1, MAX_STEPS), (2, 1)]


def test_a_result_is_judged_then_kept() -> None:
    """Nothing is given to the scheduler that was not looked at."""
    assignment = begun(A)
    event = attested(1, said(A))
    assert assignment.handle(event, 10) == (Judge(said(A), event.batch.cid),)
    assert assignment.handle(Judged(A, is_believed=True, why=""), 20) == (
        Keep(said(A)),
        Settle(A, "accepted"),
    )


def test_what_is_accepted_is_not_handed_over_again() -> None:
    """Nor given back, whoever asks."""
    assignment = begun(A)
    assignment.handle(attested(1, said(A)), 5)
    assignment.handle(Judged(A, True, ""), 6)
    for event in (Handed((A,)), Returned(A, "no room"), Vanished(), Tick()):
        assert assignment.handle(event, LEASE_MS + GRACE_MS) == ()
    assert assignment.states == {A: State.ACCEPTED}


def test_a_batch_that_comes_again_changes_nothing() -> None:
    """Before and after it was judged."""
    assignment = begun(A)
    event = attested(1, said(A))
    assignment.handle(event, 10)
    assert assignment.handle(event, 11) == ()
    assignment.handle(Judged(A, is_believed=True, why=""), 20)
    assert assignment.handle(event, 21) == ()
    assert assignment.handle(Judged(A, is_believed=True, why=""), 22) == ()


def test_what_is_not_believed_is_run_elsewhere() -> None:
    """And never here again."""
    assignment = begun(A)
    assignment.handle(attested(1, said(A)), 10)
    assert assignment.handle(Judged(A, is_believed=False, why="bytes are missing"), 20) == (
        Settle(A, "disputed"),
        GiveBack(A, "bytes are missing"),
    )
    (again,) = assignment.handle(Handed((A,)), 30)
    assert isinstance(again, GiveBack)


@pytest.mark.parametrize(("event", "outcome"), [(Tick(), "expired"), (Vanished(), "expired")])
def test_steps_of_a_slow_or_vanished_provider_are_given_back(event: Event, outcome: str) -> None:
    """When the lease has ended, by our own clock."""
    assignment = begun(A, B)
    end = LEASE_MS + GRACE_MS
    assert assignment.handle(Tick(), end - 1) == ()
    actions = assignment.handle(event, end)
    assert [type(one) for one in actions] == [Settle, GiveBack] * 2
    assert actions[0] == Settle(A, outcome)  # type: ignore[arg-type]
    assert assignment.handle(event, end + 1) == ()


def test_late_work_is_not_lost() -> None:
    """Until the time for claims is over."""
    end = LEASE_MS + GRACE_MS
    for now_ms, counts in ((end + CLAIM_MS - 1, True), (end + CLAIM_MS, False)):
        assignment = begun(A)
        assignment.handle(Tick(), end)
        assert bool(assignment.handle(attested(1, said(A)), now_ms)) == counts


def test_a_step_that_is_not_wanted_is_stopped() -> None:
    """One that waits is never handed over."""
    assignment = begun(A)
    assert assignment.handle(Withdrawn(A), 5) == (Stop(A), Settle(A, "cancelled"))
    assert assignment.handle(attested(1, said(A)), 6) == ()
    waiting = Assignment(OFFERED)
    waiting.handle(Handed((A, B)), 0)
    assert waiting.handle(Withdrawn(A), 1) == ()
    over = waiting.handle(accepted(), 2)[-1]
    assert isinstance(over, HandOver)
    assert over.steps == (B,)


def test_a_provider_that_cannot_gives_back_what_it_has() -> None:
    """A step that it returned may be handed to it again."""
    assignment = begun(A)
    assert assignment.handle(Returned(A, "its disk is full"), 5) == (
        Settle(A, "failed"),
        GiveBack(A, "its disk is full"),
    )
    assert any(isinstance(one, HandOver) for one in assignment.handle(Handed((A,)), 6))


def test_a_provider_that_declines_gets_nothing_more() -> None:
    """What waits goes elsewhere; what it has, it may still finish."""
    waiting = Assignment(OFFERED)
    waiting.handle(Handed((A,)), 0)
    assert waiting.handle(Declined("it is paused"), 1) == (GiveBack(A, "it is paused"),)
    assert waiting.handle(accepted(), 2) == ()
    assignment = begun(A)
    assert assignment.handle(Declined("it drains"), 1) == ()
    assert len(assignment.handle(attested(1, said(A)), 2)) == 1
    (back,) = assignment.handle(Handed((B,)), 3)
    assert isinstance(back, GiveBack)


@pytest.mark.parametrize(
    "event",
    [
        attested(1, said(B)),
        attested(1, said(A), said(A)),
        attested(1, said(A), by=OTHERS),
        attested(1, said(A), claimed=2),
        Attested(attested(1, said(A)).batch, (said(A, "another"),)),
    ],
)
def test_what_no_honest_provider_sends_is_blamed(event: Attested) -> None:
    """A step it was not given, or twice; another's signature; other things than were signed."""
    assignment = begun(A)
    (blame,) = assignment.handle(event, 5)
    assert isinstance(blame, Blame)
    assert assignment.states[A] is State.LEASED


def test_two_stories_are_blamed() -> None:
    """Two results of one step, or two batches with one number."""
    assignment = begun(A, B)
    assignment.handle(attested(1, said(A)), 5)
    assert assignment.handle(attested(2, said(A, "another")), 6) == (
        Blame("it signed two results of one step"),
    )
    assert assignment.handle(attested(1, said(B)), 7) == (
        Blame("it signed two batches with one number"),
    )


@pytest.mark.parametrize("yes", [accepted(by=OTHERS), accepted(offer=A)])
def test_an_agreement_has_two_sides(yes: Agreed) -> None:
    """Somebody else's yes, or a yes to something else, binds nobody."""
    assignment = Assignment(OFFERED)
    assignment.handle(Handed((A,)), 0)
    back, blame = assignment.handle(yes, 1)
    assert (type(back), type(blame)) == (GiveBack, Blame)


def test_results_before_an_agreement_are_blamed() -> None:
    """Nobody was asked."""
    (blame,) = Assignment(OFFERED).handle(attested(1, said(A)), 0)
    assert isinstance(blame, Blame)


def test_no_state_is_left_by_a_way_that_has_no_row() -> None:
    """What ended stays ended, but for late work."""
    ended = {State.ACCEPTED, State.DISPUTED, State.FAILED, State.CANCELLED}
    assert not {before for before, _ in TABLE} & ended
    assert [move for before, move in TABLE if before is State.EXPIRED] == [Move.ATTEST]


EVENTS = st.one_of(
    st.sampled_from([A, B, C]).map(lambda step: Handed((step,))),
    st.just(accepted()),
    st.just(Declined("no")),
    st.tuples(st.integers(1, 4), st.sampled_from([A, B, C]), st.sampled_from("xy")).map(
        lambda drawn: attested(drawn[0], said(drawn[1], drawn[2]))
    ),
    st.tuples(st.sampled_from([A, B, C]), st.booleans()).map(
        lambda drawn: Judged(drawn[0], is_believed=drawn[1], why="no")
    ),
    st.sampled_from([A, B, C]).map(lambda step: Returned(step, "no")),
    st.sampled_from([A, B, C]).map(Withdrawn),
    st.just(Tick()),
    st.just(Vanished()),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(EVENTS, st.integers(0, 40_000)), max_size=40))
def test_whatever_happens_nothing_is_paid_twice_or_lost(events: list[tuple[Event, int]]) -> None:
    """In any order: what was reserved is settled once, and every step that was handed ends."""
    assignment, now_ms = Assignment(OFFERED), 0
    reserved: Counter[Cid] = Counter()
    settled: Counter[Cid] = Counter()
    kept: Counter[Cid] = Counter()
    for event, later_ms in [*events, (Declined("end"), 0), (Tick(), 10**6)]:
        now_ms += later_ms
        for action in assignment.handle(event, now_ms):
            if isinstance(action, Reserve):
                reserved.update(action.steps)
            elif isinstance(action, Settle):
                settled[action.step] += 1
            elif isinstance(action, Keep):
                kept[action.said.step] += 1
        judging = {step for step, held in assignment.states.items() if held is State.ATTESTED}
        leased = {step for step, held in assignment.states.items() if held is State.LEASED}
        for step in (A, B, C):
            open_now = step in leased or step in judging
            assert settled[step] + open_now >= reserved[step]
            assert kept[step] <= 1
    assert not {State.WAITING, State.LEASED} & set(assignment.states.values())
