"""What a service does for a requester that is honest, gone or lying."""

import pytest

from engine import merkle
from engine.content.cid import DAG_CBOR, Cid
from peers.agreement import ACCEPTANCE, LEASE, OFFER, Acceptance, Lease, Offer, Said, bind
from peers.keyring import Identity
from peers.service import (
    BUSY,
    BUSY_LINGER_MS,
    FEW,
    FULL,
    FULL_BYTES,
    LINGER_MS,
    MAX_OPEN,
    Past,
    Service,
)
from peers.service_events import (
    Blame,
    Cancel,
    Confirmed,
    Connected,
    Failed,
    Hand,
    Leased,
    Ran,
    Resend,
    Return,
    Run,
    Stopped,
    Tick,
)
from peers.signed import seal, unseal
from tests.peers.keys import identity

THEY, WE, OTHERS = identity(1), identity(2), identity(3)
LEASE_MS = 60_000


def cid(text: str) -> Cid:
    """Return the name of something."""
    return Cid.of(DAG_CBOR, text.encode())


A, B, C = (cid(name) for name in "ABC")
TERMS = Offer(
    bytes(16), THEY.public_key, WE.public_key, {}, 0, "own", (), 2, 2**30, 2**30, LEASE_MS, 0
)
OFFERED = unseal(OFFER, seal(OFFER, TERMS, THEY).data)
YES = unseal(ACCEPTANCE, seal(ACCEPTANCE, Acceptance(OFFERED.cid), WE).data)
AGREEMENT = bind(OFFERED, YES)


def service(at_once: int = 2) -> Service:
    """Return a service that has nothing to do."""
    return Service(AGREEMENT, at_once)


def leased(
    number: int, *steps: Cid, by: Identity = THEY, under: Cid = OFFERED.cid, lasts: int = LEASE_MS
) -> Leased:
    """Return steps that are handed over."""
    root = merkle.root([step.raw for step in steps])
    lease = Lease(under, number, len(steps), root, lasts)
    return Leased(unseal(LEASE, seal(LEASE, lease, by).data), steps)


def said(step: Cid) -> Said:
    """Return what came out of a step."""
    return Said(step, cid("result"), cid("attestation"))


def test_as_many_run_as_may() -> None:
    """In the order in which they came; the next when one ends."""
    one = service()
    assert one.handle(leased(1, A, B, C), 0) == (Run(A), Run(B))
    assert one.handle(Ran(said(B)), 10) == (Run(C),)


def test_results_go_back_together() -> None:
    """When all is done; or the first has waited; each batch is one signature."""
    one = service()
    one.handle(leased(1, A, B), 0)
    assert one.handle(Ran(said(A)), 10) == ()
    (hand,) = one.handle(Ran(said(B)), 11)
    assert isinstance(hand, Hand)
    assert (hand.batch.number, hand.said) == (1, (said(A), said(B)))
    one.handle(leased(2, C, cid("D")), 20)
    one.handle(Ran(said(C)), 30)
    assert one.handle(Tick(), 30 + LINGER_MS - 1) == ()
    (hand,) = one.handle(Tick(), 30 + LINGER_MS)
    assert isinstance(hand, Hand)
    assert hand.said == (said(C),)


def batches(count: int) -> list[int]:
    """Return how many results each batch has that is told before all steps have ended."""
    steps = [cid(str(number)) for number in range(count)]
    one = service(at_once=count)
    one.handle(leased(1, *steps), 0)
    hands = [action for step in steps[:-1] for action in one.handle(Ran(said(step)), 1)]
    return [len(hand.said) for hand in hands if isinstance(hand, Hand)]


def test_many_results_do_not_wait() -> None:
    """Of a full batch nothing is gained by waiting."""
    assert batches(3 * FULL)[0] == FULL
    assert batches(FEW) == []


def test_the_last_results_do_not_wait_for_as_many() -> None:
    """A batch is full with half as many results as steps are open, so the last ones are small."""
    sizes = batches(3 * FULL)
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) == FEW


def test_what_is_not_confirmed_is_sent_again() -> None:
    """The same bytes, until the requester has them."""
    one = service()
    one.handle(leased(1, A), 0)
    one.handle(Ran(said(A)), 1)
    assert not one.is_idle
    assert one.handle(Connected(), 2) == (Resend(1),)
    one.handle(Confirmed(1), 3)
    assert one.handle(Connected(), 4) == ()
    assert one.is_idle


def test_a_lease_that_comes_again_changes_nothing() -> None:
    """Its steps run once."""
    one = service()
    one.handle(leased(1, A), 0)
    assert one.handle(leased(1, A), 1) == ()


def test_a_step_that_was_done_is_told_again() -> None:
    """Who leases it once more did not hear of it; it is not run again."""
    one = service()
    one.handle(leased(1, A), 0)
    one.handle(Ran(said(A)), 1)
    one.handle(Confirmed(1), 2)
    (hand,) = one.handle(leased(2, A), 3)
    assert isinstance(hand, Hand)
    assert (hand.batch.number, hand.said) == (2, (said(A),))


def test_steps_end_with_their_lease() -> None:
    """Those that run and those that wait are ended, and nothing is said of them."""
    one = service(at_once=1)
    one.handle(leased(1, A, B), 100)
    assert one.handle(Tick(), 100 + LEASE_MS - 1) == ()
    assert one.handle(Tick(), 100 + LEASE_MS) == (Cancel(A), Cancel(B))
    assert one.handle(Ran(said(A)), 100 + LEASE_MS + 1) == ()
    assert one.is_idle


def test_a_step_that_is_not_wanted_ends() -> None:
    """One that waits never begins."""
    one = service(at_once=1)
    one.handle(leased(1, A, B, C), 0)
    assert one.handle(Stopped(B), 1) == (Cancel(B),)
    assert one.handle(Stopped(A), 2) == (Cancel(A), Run(C))


def test_what_cannot_be_run_is_given_back() -> None:
    """At once, and with the reason; the requester may try again."""
    one = service(at_once=1)
    one.handle(leased(1, A, B), 0)
    assert one.handle(Failed(A, "no disk"), 1) == (Return((A,), "no disk"), Run(B))
    assert one.handle(leased(2, A), 2) == ()
    assert one.handle(Ran(said(B)), 3)[0] == Run(A)


def test_no_more_steps_are_open_than_fit() -> None:
    """The rest goes back."""
    one = service(at_once=1)
    steps = [cid(str(number)) for number in range(MAX_OPEN + 10)]
    size = 4_096
    returned = 0
    for number, at in enumerate(range(0, len(steps), size), start=1):
        for action in one.handle(leased(number, *steps[at : at + size]), 0):
            returned += len(action.steps) if isinstance(action, Return) else 0
    assert returned == 10


@pytest.mark.parametrize(
    "event",
    [
        leased(1, A, by=OTHERS),
        leased(1, A, under=A),
        leased(1, A, lasts=LEASE_MS + 1),
        Leased(leased(1, A).lease, (B,)),
        Leased(leased(1, A).lease, (A, B)),
    ],
)
def test_what_no_honest_requester_sends_is_blamed(event: Leased) -> None:
    """Another's signature or agreement, a longer lease, other steps than were signed."""
    (blame,) = service().handle(event, 0)
    assert isinstance(blame, Blame)


def test_two_leases_with_one_number_are_blamed() -> None:
    """One of them is not to be believed."""
    one = service()
    one.handle(leased(1, A), 0)
    assert one.handle(leased(1, B), 1) == (Blame("it signed two leases with one number"),)


def test_results_wait_longer_while_many_are_to_come() -> None:
    """Nobody waits for one of them alone."""
    steps = [cid(str(number)) for number in range(BUSY + 2)]
    one = service(at_once=len(steps))
    one.handle(leased(1, *steps), 0)
    one.handle(Ran(said(steps[0])), 0)
    assert one.handle(Tick(), LINGER_MS) == ()
    (hand,) = one.handle(Tick(), BUSY_LINGER_MS)
    assert isinstance(hand, Hand)
    one.handle(Ran(said(steps[1])), BUSY_LINGER_MS)
    assert len(one.handle(Tick(), BUSY_LINGER_MS + LINGER_MS)) == 1


def test_a_batch_fits_in_a_message() -> None:
    """However large the records are; one that is too large for company goes alone."""
    sizes = [FULL_BYTES // 2, FULL_BYTES // 2, 1, FULL_BYTES * 2, 1]
    steps = [cid(str(number)) for number in range(len(sizes))]
    one = service(at_once=len(steps))
    one.handle(leased(1, *steps), 0)
    hands = []
    for step, size in zip(steps, sizes, strict=True):
        hands += one.handle(Ran(said(step), size), 0)
    told = [[steps.index(each.step) for each in hand.said] for hand in hands]
    assert told == [[0, 1], [2], [3], [4]]


def test_what_ends_together_is_told_together() -> None:
    """All of it is looked at before it is decided what goes in a batch."""
    one = service()
    one.handle(leased(1, A, B), 0)
    (hand,) = one.handle_all([Ran(said(A)), Ran(said(B))], LINGER_MS)
    assert isinstance(hand, Hand)
    assert hand.said == (said(A), said(B))


def test_what_failed_is_run_again_when_it_is_leased_again() -> None:
    """It may go well somewhere, some time; what succeeded is told again."""
    one = service()
    one.handle(leased(1, A), 0)
    one.handle(Ran(said(A), succeeded=False), 1)
    assert one.handle(leased(2, A), 2) == (Run(A),)


def test_what_is_to_be_fresh_is_run_whatever_is_known_of_it() -> None:
    """And is told once, though what it gave before was just about to be told."""
    one = service()
    one.handle(leased(1, A, B), 0)
    one.handle(Ran(said(A)), 1)
    again = leased(2, A)
    event = Leased(again.lease, again.steps, frozenset({A}))
    assert one.handle(event, 2) == (Run(A),)
    newer = Said(A, cid("newer"), cid("attestation"))
    one.handle(Ran(newer), 3)
    (hand,) = one.handle(Ran(said(B)), 4)
    assert isinstance(hand, Hand)
    assert hand.said == (newer, said(B))


def test_a_service_goes_on_where_it_was() -> None:
    """Numbers go on; a lease that is known changes nothing, and what was done is told."""
    first = leased(1, A)
    past = Past({1: first.lease.cid}, told=3, unconfirmed=(2,), known={A: Ran(said(A))})
    one = Service(AGREEMENT, 2, past)
    assert one.handle(first, 0) == ()
    assert one.handle(Connected(), 1) == (Resend(2),)
    (hand,) = one.handle(leased(2, A), 2)
    assert isinstance(hand, Hand)
    assert (hand.batch.number, hand.said) == (4, (said(A),))
    (blame,) = one.handle(leased(1, B), 3)
    assert isinstance(blame, Blame)
