"""By which manifest the authors of a resource are paid: as it is said, or as before."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.pricing import Price, Priced, asked, parents_in_words, priced
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused
from peers.identity import tail
from peers.resource import Opened
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from tests.peers.resources import ANN, BOB, DIGITS, link

NOTHING = Price(None, None, None, None, None)
OWN = (Author(ANN.public_key, 1),)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    """Return a home that asks nobody."""
    with Workspace(tmp_path / "home", writing=True) as made:
        yield made


def price(space: Workspace, said: Price = NOTHING, before=None, *came: Opened) -> Priced:
    """Return what Ann asks."""
    return priced(space, ANN, said, (before, OWN), came)


def theirs(space: Workspace, **words: int) -> Opened:
    """Return something of Bob's that is here, with its price."""
    block = seal(MANIFEST, Manifest(None, (Author(BOB.public_key, 1),), **words), BOB)
    space.store.put([block])
    return Opened(link(9), replace(DIGITS, royalty=block.cid), BOB.peer)


def test_nothing_is_asked_by_default(space: Workspace) -> None:
    """There is a manifest all the same, so that something can be asked later."""
    found = price(space)
    assert (found.manifest.share, found.manifest.per_run, found.parents) == (0, 0, ())


def test_what_is_said_is_asked(space: Workspace) -> None:
    """A share in percent, an amount in credits; what cannot be is refused."""
    found = price(space, NOTHING._replace(share="5", per_run="0.1"))
    assert (found.manifest.share, found.manifest.per_run) == (500, 100_000)
    with pytest.raises(Refused):
        price(space, NOTHING._replace(share="31"))


def test_a_parent_gets_its_part(space: Workspace) -> None:
    """A fifth, unless another is said; in words by its name, or the key of its author."""
    parent = theirs(space, per_run=0, share=0, pool_most=0)
    found = price(space, NOTHING._replace(share="5"), None, parent)
    (share,) = found.manifest.parents
    assert (share.manifest, share.basis_points) == (parent.resource.royalty, 2000)
    assert found.parents == (parent.resource.royalty,)
    more = price(space, NOTHING._replace(parents="30"), None, parent).manifest.parents
    assert [one.basis_points for one in more] == [3000]
    words = parents_in_words(found.manifest, {}, space.store.get)
    assert tail(BOB.peer) in next(words)
    named: dict[Cid, str] = {share.manifest: "digits@2"}
    assert "digits@2" in next(parents_in_words(found.manifest, named, space.store.get))


def test_who_is_paid_nothing_is_not_asked_for(space: Workspace) -> None:
    """So that no agreement names them."""
    assert asked(space, theirs(space, per_run=0, share=0, pool_most=0)) is None
    paid = theirs(space, per_run=0, share=100, pool_most=10**8)
    assert asked(space, paid) == paid.resource.royalty


def test_without_a_word_the_same_manifest_stays(space: Workspace) -> None:
    """Its very bytes, as a peer may have agreed to it; another word makes another."""
    first = price(space, NOTHING._replace(share="5"))
    space.store.put([first.own])
    authors = (replace(DIGITS.authors[0], weight=1),)
    before = replace(DIGITS, royalty=first.own.cid, royalties=(), authors=authors)
    assert price(space, NOTHING, before).own.data == first.own.data
    other = price(space, NOTHING._replace(per_run="1"), before)
    assert (other.manifest.share, other.manifest.per_run) == (500, 10**6)
