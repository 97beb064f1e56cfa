"""What an entry says follows from what it names."""

from dataclasses import replace

import pytest

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from peers.channel import Channel
from peers.entries import Agreed, Body, Fraud, Limit, Receipt, Royalty
from peers.entry import Written
from peers.grounds import Grounds
from peers.proofs import FRAUD_PROOF, find
from peers.receipts import LINES
from peers.royalty import MANIFEST, Author, Manifest, Parent
from peers.signed import seal
from tests.peers.bills import billed, offered
from tests.peers.ledgers import Keeper, opened

ANN, BOB = Keeper(1), Keeper(2)
EVE = Keeper(3)


def lacking(author: Keeper, body: Body, *papers: Block, refs: tuple[Cid, ...] = ()) -> str | None:
    """Return what is not at hand that an entry follows from, of two who trade."""
    written, channel = _entered(author, body, refs)
    blocks = {block.cid: block.data for block in papers}
    return Grounds(blocks.get).lacking(written, channel)


def _entered(author: Keeper, body: Body, refs: tuple[Cid, ...]) -> tuple[Written, Channel]:
    one, two = opened()
    keeper, other = (one, two) if author is ANN else (two, one)
    return keeper.write(body, other, refs), one.channel(two)


OFFER = offered(ANN.key, BOB.peer.key, 500)


def test_who_accepts_was_offered_that() -> None:
    """An agreement follows from an offer of the other side to its author, with its cap."""
    assert lacking(BOB, Agreed(OFFER.cid, 500), OFFER) is None
    assert lacking(BOB, Agreed(OFFER.cid, 500)) == "offer"


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (offered(EVE.key, BOB.peer.key, 500), "signed"),
        (offered(ANN.key, EVE.peer.key, 500), "somebody else"),
        (offered(ANN.key, BOB.peer.key, 400), "another price cap"),
        (offered(ANN.key, BOB.peer.key, 500, epoch=1), "another epoch"),
    ],
)
def test_who_was_offered_something_else_is_seen(offer: Block, said: str) -> None:
    """An offer of another, to another, or for another amount is no ground."""
    with pytest.raises(Damaged, match=said):
        lacking(BOB, Agreed(offer.cid, 500), offer)


def test_a_receipt_is_what_its_lines_come_to() -> None:
    """A receipt follows from its lines, at the prices of its agreement."""
    receipt, (lines,) = billed(OFFER.cid, 100, 20)
    assert lacking(ANN, receipt, OFFER, lines, refs=(lines.cid,)) is None
    assert lacking(ANN, receipt, OFFER, refs=(lines.cid,)) == "lines"
    assert lacking(ANN, receipt, lines, refs=(lines.cid,)) == "offer"
    wrong = replace(receipt, amount=121)
    with pytest.raises(Damaged, match="not those of the receipt"):
        lacking(ANN, wrong, OFFER, lines, refs=(lines.cid,))
    _, (other,) = billed(OFFER.cid, 1)
    with pytest.raises(Damaged, match="does not rest on"):
        lacking(ANN, receipt, OFFER, lines, other, refs=(lines.cid, other.cid))


def test_a_line_is_charged_as_agreed() -> None:
    """A line that is dearer than its step is no ground for a receipt."""
    _, (block,) = billed(OFFER.cid, 100)
    lines = LINES.decode(block.data)
    dear = replace(lines, lines=(replace(lines.lines[0], amount=101),))
    from peers.receipts import receipt_of

    paper = LINES.block(dear)
    with pytest.raises(Damaged, match="not what was agreed"):
        lacking(ANN, receipt_of(dear), OFFER, paper, refs=(paper.cid,))


TERMS = Manifest(None, (Author(BOB.peer.key, 2), Author(EVE.peer.key, 1)), 10, 1_000, 500)


def _shared(terms: Manifest) -> tuple[Block, Block]:
    manifest = seal(MANIFEST, terms, EVE.key)
    return manifest, offered(ANN.key, BOB.peer.key, 500, royalties=(manifest.cid,))


def test_an_author_gets_its_share() -> None:
    """A royalty is what falls to the other side of the channel of what all authors get."""
    manifest, offer = _shared(TERMS)
    share = Royalty(offer.cid, manifest.cid, 60, 40)
    assert lacking(ANN, share, offer, manifest) is None
    assert lacking(ANN, share, manifest) is None  # an author is not shown the offer
    assert lacking(ANN, share, offer) == "manifest"
    for amount in (39, 41):
        with pytest.raises(Damaged, match="share"):
            lacking(ANN, replace(share, amount=amount), offer, manifest)
    with pytest.raises(Damaged, match="more than the manifest gives"):
        lacking(ANN, replace(share, pool=63, amount=42), offer, manifest)


def test_a_royalty_is_of_its_agreement() -> None:
    """Only the requester of an agreement owes under it, and only for the manifests in it."""
    manifest, offer = _shared(TERMS)
    with pytest.raises(Damaged, match="has not that manifest"):
        lacking(ANN, Royalty(OFFER.cid, manifest.cid, 60, 40), OFFER, manifest)
    with pytest.raises(Damaged, match="not its author's"):
        lacking(BOB, Royalty(offer.cid, manifest.cid, 60, 40), offer, manifest)


def test_a_parent_is_looked_up() -> None:
    """What falls to authors of a parent is known once its manifest is at hand."""
    parent = seal(MANIFEST, Manifest(None, (Author(BOB.peer.key, 1),), 0, 0, 0), BOB.key)
    own = (Author(EVE.peer.key, 1),)
    manifest, offer = _shared(Manifest(None, own, 10, 0, 500, (Parent(parent.cid, 5_000),)))
    share = Royalty(offer.cid, manifest.cid, 10, 5)
    assert lacking(ANN, share, offer, manifest) == "manifest"
    assert lacking(ANN, share, offer, manifest, parent) is None


def test_a_conviction_has_its_proof() -> None:
    """A peer is convicted by a proof of what it did itself."""
    one, two = opened()
    fork = find(one.write(Limit(1), two), one.write(Limit(2), two))
    assert fork
    proof = FRAUD_PROOF.block(fork)
    assert lacking(BOB, Fraud(ANN.peer.key, proof.cid), proof) is None
    assert lacking(BOB, Fraud(ANN.peer.key, proof.cid)) == "proof"
    with pytest.raises(Damaged, match="somebody else"):
        lacking(BOB, Fraud(EVE.peer.key, proof.cid), proof)


def test_other_entries_follow_from_themselves() -> None:
    """Nothing is looked up for an entry that names nothing."""
    assert lacking(ANN, Receipt(OFFER.cid, bytes(32), 1, 1)) == "offer"
    one, two = opened()
    for written in one.log:
        assert Grounds(lambda _: None).lacking(written, one.channel(two)) is None
