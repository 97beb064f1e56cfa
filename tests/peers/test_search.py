"""Search finds what is meant, and says who verified it without hiding who found otherwise."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peers.announcement import Announced
from peers.endorsement import Endorsed
from peers.search import Circle, Found, Query, find, words_of
from tests.peers.catalogues import NOW_MS, announced, endorsed
from tests.peers.keys import identity

DIGITS = announced(1, "digits", title="Handwritten digits", description="a small épreuve")
GO = announced(2, "self-play", title="Go by self-play", description="digits of a board")
ALL = (DIGITS, GO)
NOBODY = Circle(None)


def found(
    query: Query | str,
    of: tuple[Announced, ...] = ALL,
    said: tuple[Endorsed, ...] = (),
    circle: Circle = NOBODY,
) -> list[Found]:
    """Return what a query finds."""
    asked = Query(query) if isinstance(query, str) else query
    return find(asked, of, lambda release: [one for one in said if one.release == release], circle)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("digits", [DIGITS, GO]),  # in the name before in the summary
        ("HANDWRITTEN", [DIGITS]),
        ("hand", [DIGITS]),
        ("Epreuve", [DIGITS]),
        ("ÉPREUVE", [DIGITS]),
        ("self play", [GO]),
        ("digits board", [GO]),
        ("digits chess", []),
        ("and", []),  # it is inside a word and not its beginning
        ("", [DIGITS, GO]),
        ("…", [DIGITS, GO]),
    ],
)
def test_what_is_found(text: str, meant: list[Announced]) -> None:
    """Words are looked for by their beginnings, whatever their case and accents; all must be."""
    assert sorted(one.announced.cid for one in found(text)) == sorted(one.cid for one in meant)
    if text == "digits":
        assert [one.announced for one in found(text)] == meant


def test_of_each_resource_the_newest_version_is_found() -> None:
    """Versions are in order of their numbers; others are found when they are asked for."""
    versions = tuple(announced(1, version=version) for version in (2, 10, 9))
    assert [one.announced for one in found("digits", versions)] == [versions[1]]
    assert len(found(Query("digits", all_versions=True), versions)) == 3


def test_two_of_one_version_are_both_found() -> None:
    """When an author announced two of one name and version both are shown, and marked."""
    from peers.announcement import Words, announce, read
    from tests.peers.catalogues import release_of

    release = release_of(identity(1), b"another")
    other = read(announce(release, Words("digits", 1), identity(1), NOW_MS).data)
    both = found("digits", (DIGITS, other))
    assert len(both) == 2
    assert all(one.is_double for one in both)
    assert not any(one.is_double for one in found(""))


def test_what_who_is_named_verified_comes_first() -> None:
    """Of what fits as well, that is first which somebody the user trusts has verified."""
    two = tuple(announced(author, now_ms=NOW_MS - author) for author in (1, 2))
    circle = Circle(identity(8).peer, frozenset({identity(9).peer}))
    crowd = tuple(endorsed(stranger, two[0]) for stranger in range(20, 30))
    word = endorsed(9, two[1])
    order = [one.announced for one in found("digits", two, (*crowd, word), circle)]
    assert order == [two[1], two[0]]


def test_verified_is_what_is_trusted() -> None:
    """Neither strangers nor its author, nor a convict that was named, make anything verified."""
    me, named, bad = (identity(n).peer for n in (7, 8, 9))
    circle = Circle(me, frozenset({named, bad}), frozenset({bad}))

    def is_verified(*said: Endorsed) -> bool:
        return bool(found(Query("digits", is_verified=True), (DIGITS,), said, circle))

    assert not is_verified(endorsed(30, DIGITS), endorsed(1, DIGITS), endorsed(9, DIGITS))
    assert not is_verified(endorsed(8, DIGITS, "differs"))
    assert is_verified(endorsed(8, DIGITS, "equivalent"))
    assert is_verified(endorsed(7, DIGITS))
    own = Circle(identity(1).peer)
    assert not found(Query(is_verified=True), (DIGITS,), (endorsed(1, DIGITS),), own)


def test_the_user_and_who_is_named_are_said_first() -> None:
    """Of those who say something, convicts come last, however late they said it."""
    circle = Circle(identity(7).peer, frozenset({identity(8).peer}), frozenset({identity(9).peer}))
    said = tuple(endorsed(n, DIGITS, now_ms=NOW_MS + n) for n in (9, 30, 8, 7))
    (one,) = found("digits", (DIGITS,), said, circle)
    assert [each.signer for each in one.endorsed] == [identity(n).peer for n in (7, 8, 30, 9)]


def test_what_one_author_announced_is_found_by_its_id() -> None:
    """All of an id, or the end of one, says which author is meant."""
    peer = str(identity(2).peer)
    for text in (peer, peer[-8:]):
        assert [one.announced for one in found(Query(author=text))] == [GO]


@given(st.text())
@example("\N{MATHEMATICAL DOUBLE-STRUCK CAPITAL S}")
def test_nothing_that_is_looked_for_breaks_it(text: str) -> None:
    """Whatever is looked for, something is returned."""
    assert isinstance(found(text), list)
    assert all(word and word == word.casefold() for word in words_of(text))
