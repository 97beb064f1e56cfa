"""Naming: which Open Resource a name means, whatever else is known."""

import base58
import pytest

from cli.naming import MAX_BACK, Choice, Known, Wanted, choose, wanted
from engine.errors import NotHere, Refused
from peers.identity import BEGINS, PeerId, tail
from tests.peers.resources import edition

ANN, BOB = edition(1, 1).author, edition(2, 1).author


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("digits", Wanted("", "digits", None)),
        ("digits@2", Wanted("", "digits", 2)),
        ("12D3KooW/digits-2", Wanted("12D3KooW", "digits-2", None)),
        (f"{tail(ANN)}/digits@10", Wanted(tail(ANN), "digits", 10)),
    ],
)
def test_a_name_is_read(text: str, want: Wanted) -> None:
    """With its author and its version, and printed again."""
    assert wanted(text) == want
    assert str(want) == text


@pytest.mark.parametrize(
    "text", ["w.yaml", "Digits", "a/b/c", "digits@", "digits@0", "digits@01", "../digits", "é", ""]
)
def test_what_cannot_be_a_name_is_none(text: str) -> None:
    """As a path of a file."""
    assert wanted(text) is None


def chosen(text: str, known: Known) -> Choice | None:
    """Return what a name means."""
    want = wanted(text)
    assert want is not None
    return choose(want, known)


def test_at_first_the_newest_is_meant() -> None:
    """Of the only author who has published something of that name."""
    known = Known(None, (), [edition(1, 1), edition(1, 3), edition(1, 2), edition(2, 9, "other")])
    assert chosen("digits", known) == Choice(edition(1, 3), True, None)
    assert chosen("nothing", known) is None


def test_then_the_one_that_was_used() -> None:
    """A newer version of the same author is said; somebody else's is no newer version."""
    known = Known(ANN, [edition(1, 1)], [edition(1, 2), edition(2, 9)])
    assert chosen("digits", known) == Choice(edition(1, 1), True, edition(1, 2))
    assert chosen("digits", Known(ANN, [edition(1, 2)], [edition(2, 9)])) == Choice(
        edition(1, 2), True, None
    )


def test_another_version_is_used_when_it_is_named() -> None:
    """A later or an earlier one; of one that is not announced any more, the next is said."""
    known = Known(ANN, [edition(1, 4)], [edition(1, 2), edition(1, 6)])
    assert chosen("digits@6", known) == Choice(edition(1, 6), True, None)
    assert chosen("digits@2", known) == Choice(edition(1, 2), True, None)
    assert chosen("digits@3", known) == Choice(edition(1, 4), False, None)
    with pytest.raises(NotHere) as away:
        chosen("digits@7", known)
    assert "digits@6" in away.value.fix


def test_a_version_that_is_too_long_ago_is_refused() -> None:
    """Each on the way back is fetched: an author who skipped a million would have it go on."""
    far, last = (edition(1, 9)._replace(version=number) for number in (MAX_BACK + 5, 1_000_000))
    known = Known(None, (), [far, last])
    assert chosen("digits@5", known) == Choice(far, False, None)
    with pytest.raises(Refused, match="over 1000 before") as refused:
        chosen("digits@4", known)
    assert refused.value.fix == "name it by its CID, or a version from 5 on"


def test_who_is_meant_is_not_guessed() -> None:
    """Of two authors neither is taken; the fix names both, and each can be named."""
    known = Known(None, (), [edition(1, 1), edition(2, 1)])
    with pytest.raises(Refused) as refused:
        chosen("digits@1", known)
    names = [f"{tail(author)}/digits@1" for author in (ANN, BOB)]
    assert all(name in refused.value.fix for name in names)
    for name, author in zip(names, (1, 2), strict=True):
        assert chosen(name, known) == Choice(edition(author, 1), True, None)
    for part in (str(BOB), str(BOB)[:16], str(BOB)[len(BEGINS) :][:9]):
        assert chosen(f"{part}/digits", known) == Choice(edition(2, 1), True, None)
    assert chosen(f"{tail(edition(3, 1).author)}/digits", known) is None


def test_authors_whose_ids_end_alike_are_shown_apart() -> None:
    """Who tries keys soon has one that ends in the same 8 characters as somebody's."""
    raw = base58.b58decode(f"{str(ANN)[:-9]}{'2' if str(ANN)[-9] == '1' else '1'}{str(ANN)[-8:]}")
    like = edition(1, 1)._replace(author=PeerId(raw[-32:]))
    known = Known(None, (), [edition(1, 1), like])
    with pytest.raises(Refused) as refused:
        chosen(f"{str(ANN)[-8:]}/digits", known)
    for one in known.offered:
        assert f"{tail(one.author)}/digits" in refused.value.fix
        assert chosen(f"{tail(one.author)}/digits", known) == Choice(one, True, None)


def test_a_name_that_was_used_stays_with_its_author() -> None:
    """However many others publish something of that name; theirs are named with their author."""
    known = Known(ANN, [edition(1, 1)], [edition(2, 1), edition(3, 5)])
    assert chosen("digits", known) == Choice(edition(1, 1), True, None)
    assert chosen(f"{tail(BOB)}/digits", known) == Choice(edition(2, 1), True, None)


def test_two_releases_as_one_version_are_refused() -> None:
    """But the one that was used goes on being that version."""
    twice = [edition(1, 1), edition(1, 1, of=1)]
    with pytest.raises(Refused, match="two releases"):
        chosen("digits", Known(None, (), twice))
    with pytest.raises(Refused, match="two releases"):
        chosen("digits@1", Known(None, (), twice))
    known = Known(ANN, [edition(1, 1)], twice)
    assert chosen("digits", known) == Choice(edition(1, 1), True, None)
    assert chosen("digits@1", known) == Choice(edition(1, 1), True, None)
