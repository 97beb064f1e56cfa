"""NamedBy: what an entry names that is kept beside it: offers, lines, manifests, proofs. Pure."""

from collections.abc import Iterator

from engine.content.cid import Cid
from peers.entries import Agreed, Close, Dispute, Fraud, Receipt, Royalty
from peers.entry import Written


def named_by(written: Written) -> Iterator[Cid]:
    """Yield what an entry names of what is kept beside it."""
    yield from written.entry.refs
    match written.body:
        case Agreed() | Receipt() | Close() | Dispute():
            yield written.body.agreement
        case Royalty(agreement, manifest):
            yield agreement
            yield manifest
        case Fraud(_, proof):
            yield proof
        case _:
            pass
