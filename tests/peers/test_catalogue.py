"""A catalogue is the same wherever the same came, and keeps what its user cares for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers import catalogue as catalogues
from peers.announcement import MAX_BYTES, Announced, excerpt, read, renew
from peers.catalogue import Catalogue, Outcome
from peers.changes import Cursor
from peers.endorsement import Endorsed
from peers.posting import beats, key_of
from peers.resource import MAX_VERSION
from tests.peers.catalogues import HOUR_MS, NOW_MS, announced, endorsed
from tests.peers.keys import identity

ME = identity(1).peer
MONTH_MS = 30 * 24 * HOUR_MS

TWO = (2, 3)
POSTINGS = [
    *(announced(by, title=t, now_ms=NOW_MS + at) for by in TWO for t in "ab" for at in (0, 5)),
    *(endorsed(4, announced(by), verdict) for by in TWO for verdict in ("reproduced", "differs")),
]


@given(st.permutations(POSTINGS))
def test_whatever_came_first_the_same_is_kept(order: list[Announced | Endorsed]) -> None:
    """Of those with one key the same one counts, in whatever order they came."""
    one, other = Catalogue(ME, 1), Catalogue(ME, 2)
    for posting in POSTINGS:
        one.put(posting, "s")
    for posting in order:
        other.put(posting, "t")
    assert {posting.cid for posting in one} == {posting.cid for posting in other}
    assert len(one) == 4
    held = {key_of(posting): posting for posting in one}
    assert not any(beats(each, held[key_of(each)]) for each in POSTINGS)


def test_what_counts_less_is_not_taken() -> None:
    """The same again is held, an older one is old."""
    catalogue = Catalogue(ME, 1)
    new, old = announced(2, now_ms=NOW_MS + 1), announced(2)
    assert catalogue.put(new, "s") == (Outcome.TAKEN, [])
    assert catalogue.put(new, "t") == (Outcome.HELD, [])
    assert catalogue.put(old, "s") == (Outcome.OLD, [])


def test_what_the_user_cares_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ours, used, or endorsed by somebody named stays, whatever strangers bring."""
    monkeypatch.setattr(catalogues, "MAX_ANNOUNCED", 3)
    catalogue = Catalogue(ME, 1)
    ours, used, vouched = announced(1), announced(2), announced(3)
    catalogue.settle(frozenset({identity(9).peer}), frozenset({used.release}))
    for posting in (ours, used, vouched, endorsed(9, vouched)):
        catalogue.put(posting, "s")
    for number in range(20):
        catalogue.put(announced(10 + number, now_ms=NOW_MS + number), "stranger")
    names = {each.cid for each in catalogue}
    assert {ours.cid, used.cid, vouched.cid} <= names
    assert len(names) == 6


def test_who_is_named_later_counts_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody announced whom the user names afterwards is kept from then on."""
    monkeypatch.setattr(catalogues, "MAX_ANNOUNCED", 2)
    catalogue = Catalogue(ME, 1)
    old = announced(2)
    catalogue.put(old, "s")
    catalogue.settle(frozenset({identity(2).peer}), frozenset())
    for number in range(5):
        catalogue.put(announced(10 + number, now_ms=NOW_MS + 1 + number), "s")
    assert old.cid.digest in catalogue


def test_what_expires_soon_is_not_passed_on() -> None:
    """It is here until it expires, but others' clocks may be ahead."""
    catalogue = Catalogue(ME, 1)
    one = announced(2)
    catalogue.put(one, "s")
    name = one.cid.digest
    assert catalogue.passed_on(name, NOW_MS) == one.data
    assert catalogue.passed_on(name, NOW_MS + MONTH_MS - 1) is None
    assert catalogue.passed_on(bytes(32), NOW_MS) is None
    assert catalogue.expired(NOW_MS + MONTH_MS) == [key_of(one)]
    catalogue.drop(key_of(one))
    assert len(catalogue) == 0
    assert catalogue.since(Cursor(1, 0)).items == ()


def test_a_renewed_one_takes_its_place() -> None:
    """What an author renews lasts longer, and is listed anew in place of what it was."""
    catalogue = Catalogue(ME, 1)
    one = announced(2)
    catalogue.put(one, "s")
    later = NOW_MS + MONTH_MS // 2
    again = read(renew(one, identity(2), later).data)
    assert catalogue.put(again, "s") == (Outcome.TAKEN, [])
    assert catalogue.since(Cursor(1, 0)).items == (again.cid.digest,)
    assert again.announcement.expires_ms == later + MONTH_MS


@given(st.text(), st.integers(3, 400))
def test_an_excerpt_is_one_plain_line(text: str, most: int) -> None:
    """Whatever a description has in it, what is announced of it is plain and within its bounds."""
    found = excerpt(text, most)
    assert found.isprintable()
    assert len(found.encode()) <= most
    assert found == " ".join(found.split())


def test_all_bounds_at_once_fit() -> None:
    """An announcement whose every text is as long as may be is within the bound for all of it."""
    one = announced(
        1, "a" * 64, MAX_VERSION, title="é" * 500, description="ß" * 3000, licence="x" * 900
    )
    assert len(one.data) <= MAX_BYTES
