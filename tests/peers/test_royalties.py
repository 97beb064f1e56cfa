"""Royalties: what a run that consented to some manifests pays to their authors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import NotHere, Refused
from peers.agreement import MAX_MANIFESTS
from peers.commission import Commission, mark_of
from peers.credits import Credits
from peers.entry import MAX_REFS
from peers.royalties import NOBODY, Royalties, authors
from peers.royalty import MANIFEST, Author, Manifest, Parent
from peers.signed import seal
from tests.peers.keys import identity

ANN, BOB = identity(1), identity(2)


def manifest(share: int = 1_000, per_run: int = 0, *parents: Parent) -> bytes:
    """Return a manifest of Ann's, of which she gets two thirds."""
    named = (Author(ANN.public_key, 2), Author(BOB.public_key, 1))
    return seal(MANIFEST, Manifest(None, named, per_run, share, 10**9, parents), ANN).data


def test_authors_share_in_what_is_paid() -> None:
    """A part of the price, and once in a run what is fixed."""
    royalties = Royalties([manifest(per_run=100)])
    (first,) = royalties.due(Credits(1_000), is_first=True)
    (later,) = royalties.due(Credits(1_000), is_first=False)
    assert (first.pool, sum(first.shares.values())) == (200, 200)
    assert later.shares == {ANN.public_key: 67, BOB.public_key: 33}
    assert authors(royalties) == sorted([ANN.peer, BOB.peer])


def test_an_author_with_a_small_part_is_one() -> None:
    """Whose part of most prices is rounded down to nothing."""
    named = (Author(ANN.public_key, 10_000), Author(BOB.public_key, 1))
    royalties = Royalties([seal(MANIFEST, Manifest(None, named, 0, 1, 10**9), ANN).data])
    (due,) = royalties.due(Credits(10**8), is_first=True)
    assert due.shares.keys() == {ANN.public_key, BOB.public_key}
    assert authors(royalties) == sorted([ANN.peer, BOB.peer])


def test_nobody_is_paid_without_a_manifest() -> None:
    """Nor anything taken from what a run may cost."""
    assert not list(NOBODY.due(Credits(1_000), is_first=True))
    assert NOBODY.work_within(Credits(77)) == 77


def test_a_parent_is_here_before_anything_is_agreed() -> None:
    """Else nobody could say what its authors get."""
    parent = Royalties([manifest()]).cids[0]
    child = manifest(1_000, 0, Parent(parent, 5_000))
    with pytest.raises(NotHere):
        Royalties([child])
    assert Royalties([child], [manifest()]).cids != (parent,)


def test_a_run_has_few_manifests() -> None:
    """As many as an agreement names."""
    with pytest.raises(Refused, match="at most"):
        Royalties([manifest()] * (MAX_MANIFESTS + 1))


def test_all_manifests_of_a_run_go_with_one_receipt() -> None:
    """So there are no more of them, with parents, than an entry names."""
    parents = [manifest(at) for at in range(MAX_REFS - 9)]
    names = [Parent(Royalties([one]).cids[0], 1) for one in parents]
    children = [manifest(1, at, *names[at::8]) for at in range(8)]
    assert Royalties(children, parents).papers(Royalties(children, parents).cids[0])
    with pytest.raises(Refused, match="with parents"):
        Royalties([*children, manifest()], parents)


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    st.integers(0, 3_000),
    st.integers(0, 10**6),
)
def test_a_run_costs_no_more_than_it_may(
    most: int, parts: list[int], share: int, fixed: int
) -> None:
    """Work and authors together, however the work is spread over agreements."""
    royalties = Royalties([manifest(share, fixed)])
    left = work = royalties.work_within(Credits(most))
    paid = 0
    for at, part in enumerate(parts):
        price = Credits(min(left, part))
        left = Credits(left - price)
        paid += price
        paid += sum(due.pool for due in royalties.due(price, is_first=at == 0)) if price else 0
    assert work == 0 or paid <= most


def test_a_budget_knows_what_is_kept_for_authors() -> None:
    """All that a run may cost, when what is fixed takes it."""
    what, _ = Commission("a", Credits(50), Royalties([manifest(0, 100)])).budget().lack(Credits(7))
    assert "royalties take 0.00005 credits of the 0.00005" in what


def test_a_run_is_known_by_the_same_mark_after_a_restart() -> None:
    """And no other is."""
    assert Commission("a", Credits(0), NOBODY).mark == mark_of("a") != mark_of("b")
