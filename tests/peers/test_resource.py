"""Resource: what is published, its bytes, its bounds, and whose it is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checks import Check
from engine.content.cid import RAW, Cid
from engine.content.links import links
from engine.errors import Damaged
from engine.release import RELEASE
from peers.resource import (
    MAX_CHECKS,
    MAX_PARAMS,
    MAX_VALUE,
    RESOURCE,
    Author,
    complaint,
    is_release,
    opened,
    printed,
)
from tests.peers.keys import identity
from tests.peers.resources import ANN, BOB, DIGITS, EVE, Shelf, first, link

# Kept for ever: a change that reddens this needs a new version beside the old one (docs/adr/0001).
GOLDEN = "bafyr4ihcama42gi4bafg5xpica62pmglpnbk45abw5jnsxb3b2lt5xaehu"


def test_a_resource_has_these_bytes() -> None:
    """So has its Release, whose signature is always the same; both are read again."""
    shelf = Shelf()
    cid = shelf.add(DIGITS, ANN)
    assert str(cid) == GOLDEN
    found = opened(shelf.__getitem__, cid)
    assert (found.resource, found.author, found.cid) == (DIGITS, ANN.peer, cid)
    assert found.edition == (ANN.peer, "digits", 2, cid)
    assert printed(found.resource) == "digits@2"
    assert is_release(shelf[cid])


def test_what_is_needed_is_linked_and_what_came_before_is_not() -> None:
    """Who has a resource can run it and pay for it; earlier versions and parents stay apart."""
    found = set(links(link(0), RESOURCE.encode(DIGITS)))
    assert found == {link(number) for number in (2, 3, 4, 5, 6)}


def test_an_author_signs() -> None:
    """Somebody else's signature makes it nobody's, and so does one on other bytes."""
    shelf = Shelf()
    assert opened(shelf.__getitem__, shelf.add(DIGITS, BOB)).author == BOB.peer
    with pytest.raises(Damaged, match="signed by one of the authors"):
        opened(shelf.__getitem__, shelf.add(DIGITS, EVE))
    other = RESOURCE.block(replace(DIGITS, title="Another"))
    shelf[other.cid] = other.data
    release = RELEASE.decode(shelf[shelf.add(DIGITS, ANN)])
    forged = RELEASE.block(replace(release, resource=other.cid))
    shelf[forged.cid] = forged.data
    with pytest.raises(Damaged, match="signature") as damaged:
        opened(shelf.__getitem__, forged.cid)
    assert damaged.value.where == str(forged.cid)


def test_a_signature_on_another_kind_of_record_is_none() -> None:
    """An author who signed the same bytes as something else has published nothing."""
    shelf = Shelf()
    record = RESOURCE.block(DIGITS)
    signature = ANN.sign(b"tallystick/note/1", record.data)
    release = RELEASE.decode(shelf[shelf.add(DIGITS, ANN)])
    forged = RELEASE.block(replace(release, signature=signature))
    shelf[forged.cid] = forged.data
    with pytest.raises(Damaged, match="signature"):
        opened(shelf.__getitem__, forged.cid)


AUTHOR = DIGITS.authors[0]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "Digits"}, "name"),
        ({"version": 0}, "version"),
        ({"version": 1_000_001}, "version"),
        ({"version": 1}, "version before"),
        ({"previous": None}, "version before"),
        ({"previous": b"x" * 36}, "has no CID"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x1b[2J"}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"licence": "a\nb"}, "licence"),
        ({"licence": "x" * 101}, "licence"),
        ({"description": "é" * 2_049}, "description"),
        ({"description": "a\x07"}, "plain text"),
        ({"authors": ()}, "authors"),
        ({"authors": (AUTHOR, AUTHOR)}, "twice"),
        ({"authors": (replace(AUTHOR, weight=0),)}, "weight"),
        ({"authors": (replace(AUTHOR, name="a\tb"),)}, "name of an author"),
        ({"authors": (replace(AUTHOR, public_key=bytes(32)),)}, "key"),
        ({"authors": tuple(Author(identity(n).public_key, "", 1) for n in range(65))}, "authors"),
        ({"parents": (link(1).raw,) * 2}, "twice"),
        ({"parents": (b"",)}, "has no CID"),
        ({"parents": tuple(link(n).raw for n in range(9))}, "parents"),
        ({"royalties": tuple(link(n) for n in range(9))}, "parents"),
        ({"checks": (Check("m", "a b", ">", "1"),)}, "checks"),
        ({"checks": DIGITS.checks * (MAX_CHECKS + 1)}, "checks"),
        ({"parameters": {"A b": "1"}}, "param"),
        ({"parameters": {f"p{n}": "1" for n in range(MAX_PARAMS + 1)}}, "over 2000 params"),
        ({"parameters": {"p": f'"{"é" * (MAX_VALUE // 2)}"'}}, "param 'p' has over 65536 bytes"),
        ({"made_ms": -1}, "1970"),
    ],
)
def test_every_field_has_a_bound(changes: dict[str, object], why: str) -> None:
    """What is over it is said of a draft, and never read from anybody."""
    found = replace(DIGITS, **changes)
    assert why in complaint(found)
    with pytest.raises(ValueError, match="not a tallystick/resource/1"):
        RESOURCE.encode(found)


def test_what_can_be_is_not_complained_of() -> None:
    """As of a first version, and of one without a word that was not asked for."""
    assert not complaint(DIGITS)
    assert not complaint(replace(first(), licence="", description="", checks=(), example=None))


@given(st.binary(max_size=400), st.integers(0, 400))
def test_junk_is_damaged(junk: bytes, at: int) -> None:
    """Whatever stands where a Resource should, or in it, ends in one error."""
    shelf = Shelf()
    cid = shelf.add(DIGITS, ANN)
    resource = RELEASE.decode(shelf[cid]).resource
    shelf[resource] = shelf[resource][:at] + junk
    try:
        found = opened(shelf.__getitem__, cid)
    except Damaged:
        return
    assert found.resource == DIGITS


def test_a_release_of_no_resource_is_damaged() -> None:
    """Its link may lead anywhere."""
    shelf = Shelf()
    release = RELEASE.decode(shelf[shelf.add(DIGITS, ANN)])
    note = Cid.of(RAW, b"a note")
    other = RELEASE.block(replace(release, resource=note))
    shelf.update({other.cid: other.data, note: b"a note"})
    with pytest.raises(Damaged, match="not a tallystick/resource/1"):
        opened(shelf.__getitem__, other.cid)
