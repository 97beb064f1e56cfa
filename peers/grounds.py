"""Grounds: whether what an entry says follows from what it names, where that is at hand. Pure.

    Agreed     from the offer, which the other side signed, with that provider and price cap
    Receipt    from its lines, at the prices of that offer
    Royalty    from the manifest that the offer names: what falls to the other side of the channel
    Fraud      from a proof against that peer

An entry names (`refs`) those of these that go with it to the other side, and nothing else.

What is not at hand proves nothing, and is counted: that an entry is signed, and in its place, is
seen without it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from engine.content.cid import Cid
from engine.errors import Damaged, NotHere
from peers import proofs, receipts, royalty
from peers.agreement import OFFER, Offer
from peers.channel import Channel
from peers.credits import Credits
from peers.entries import Agreed, Fraud, Receipt, Royalty
from peers.entry import Written
from peers.identity import PeerId
from peers.royalty import Manifest
from peers.signed import Unsealed, unseal

Evidence = Callable[[Cid], bytes | None]  # a block that was checked against its name

OFFERS: Final = "offer"
PAGES: Final = "lines"
MANIFESTS: Final = "manifest"
PROOFS: Final = "proof"

_OFFERS: Final = 1_024  # kept: as many agreements as a channel has at once


class Grounds:
    """What entries follow from; the offers of the last agreements are read once."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._offers: dict[Cid, Unsealed[Offer]] = {}

    def lacking(self, written: Written, channel: Channel | None) -> str | None:
        """Return what is not at hand that an entry follows from, in its channel; None: nothing.

        Raises: Damaged when it does not follow from what is.
        """
        match written.body:
            case Agreed() if channel:
                _check_refs(written, (written.body.agreement,))
                return self._agreed(written.body, written, channel)
            case Receipt():
                return self._receipt(written.body, written)
            case Royalty() if channel:
                return self._royalty(written.body, written, channel)
            case Fraud():
                return self._fraud(written.body)
            case _:
                _check_refs(written, ())
                return None

    def _agreed(self, body: Agreed, written: Written, channel: Channel) -> str | None:
        author = written.author
        offer = self._offer(body.agreement)
        if offer is None:
            return OFFERS
        requester = channel.other(author)
        if offer.signer != requester or offer.value.requester != requester.key:
            raise Damaged("the offer that it accepts is not signed by the other side")
        if offer.value.provider != author.key:
            raise Damaged("the offer that it accepts was made to somebody else")
        if offer.value.price_cap != body.price_cap:
            raise Damaged("the offer that it accepts has another price cap")
        if offer.value.epoch != written.entry.epoch:
            raise Damaged("the offer that it accepts was made in another epoch of its log")
        return None

    def _receipt(self, body: Receipt, written: Written) -> str | None:
        offer = self._offer(body.agreement)
        if offer is None:
            return OFFERS
        lines, *manifests = written.entry.refs or (None,)
        page = None if lines is None else self._evidence(lines)
        if page is None:
            return PAGES
        if why := receipts.objection(body, page, offer.value.prices):
            raise Damaged(why)
        return self._agreed_on(manifests, offer.value) if manifests else None

    def _agreed_on(self, refs: Iterable[Cid], offer: Offer) -> str | None:
        """Look whether manifests are those of an offer, and of their parents."""
        own = [self._manifest(cid) for cid in offer.royalties]
        if None in own:
            return MANIFESTS
        parents = (cid for one in own if one is not None for cid in _parents_of(one))
        _check_named(refs, {*offer.royalties, *parents})
        return None

    def _royalty(self, body: Royalty, written: Written, channel: Channel) -> str | None:
        """Look whether it is the share of the other side; who is no provider has no offer here."""
        offer = self._offer(body.agreement)
        manifest = self._manifest(body.manifest)
        if manifest is None:
            return MANIFESTS
        author = written.author
        _check_refs(written, (body.manifest, *_parents_of(manifest)))
        if offer is not None:
            _check_terms(body, author, offer.value, manifest)
        try:
            shares = royalty.split(manifest, self._parents(manifest), Credits(body.pool))
        except NotHere:
            return MANIFESTS
        if shares.get(channel.other(author).key, 0) != body.amount:
            raise Damaged("it is not the share that falls to the other side")
        return None

    def _fraud(self, body: Fraud) -> str | None:
        data = self._evidence(body.proof)
        if data is None:
            return PROOFS
        if proofs.check(proofs.FRAUD_PROOF.decode(data)).key != body.convict:
            raise Damaged("its proof is of what somebody else did")
        return None

    def _offer(self, agreement: Cid) -> Unsealed[Offer] | None:
        if agreement in self._offers:
            return self._offers[agreement]
        data = self._evidence(agreement)
        if data is None:  # it may come
            return None
        if len(self._offers) >= _OFFERS:
            self._offers.clear()
        self._offers[agreement] = unseal(OFFER, data)
        return self._offers[agreement]

    def _manifest(self, cid: Cid) -> Manifest | None:
        data = self._evidence(cid)
        return None if data is None else royalty.opened(data).value

    def _parents(self, manifest: Manifest) -> Mapping[Cid, Manifest]:
        found = {one.manifest: self._manifest(one.manifest) for one in manifest.parents}
        return {cid: one for cid, one in found.items() if one is not None}


def _parents_of(manifest: Manifest) -> Iterator[Cid]:
    yield from (parent.manifest for parent in manifest.parents)


def _check_refs(written: Written, named: Collection[Cid]) -> None:
    _check_named(written.entry.refs, named)


def _check_named(refs: Iterable[Cid], named: Collection[Cid]) -> None:
    if not all(cid in named for cid in refs):
        raise Damaged("it names what it does not rest on")


def _check_terms(body: Royalty, author: PeerId, offer: Offer, manifest: Manifest) -> None:
    if offer.requester != author.key or body.manifest not in offer.royalties:
        raise Damaged("its agreement is not its author's, or has not that manifest")
    most = royalty.pool(manifest, Credits(offer.price_cap), is_first_of_run=True)
    if body.pool > most:
        raise Damaged("its pool is more than the manifest gives for what was agreed")
