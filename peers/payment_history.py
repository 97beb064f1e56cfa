"""PaymentHistory: what the ledger says was paid already, for whoever goes on after a crash.

What is paid, closed and given is read from the whole log: when a node begins, and for what it
left undone then. What we signed ourselves is not looked at again for who signed it.
"""

from collections.abc import Callable, Container, Iterator
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import Damaged
from engine.step import SIGNED
from peers.agreement import OFFER, Agreement, Offer
from peers.entries import Agreed, Close, Receipt, Royalty
from peers.entry import Written, parse, read
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.receipts import LINES
from peers.royalties import Royalties
from peers.royalty import opened

_AGREED: Final = b"tallystick/agreed/1"
_RECEIPT: Final = b"tallystick/receipt/1"
_CLOSE: Final = b"tallystick/close/1"
_ROYALTY: Final = b"tallystick/royalty/1"


class Given(NamedTuple):
    """A royalty that was entered."""

    agreement: Cid
    manifest: Cid
    author: PeerId
    pool: int


def paid(book: LedgerFile, agreement: Cid) -> Iterator[tuple[Cid, Cid | None]]:
    """Yield the steps that have receipts under an agreement, with what was said of each."""
    for written in _own(book, _RECEIPT):
        body = written.body
        if isinstance(body, Receipt) and body.agreement == agreement:
            lines = LINES.decode(_block(book, written.entry.refs[0])).lines
            yield from ((line.step, line.attestation) for line in lines)


def is_closed(book: LedgerFile, agreement: Cid) -> bool:
    """Return whether we have closed an agreement: nothing more is paid under it."""
    return any(
        isinstance(written.body, Close) and written.body.agreement == agreement
        for written in _own(book, _CLOSE)
    )


def given(book: LedgerFile) -> Iterator[Given]:
    """Yield the royalties that were entered."""
    peers = {one.channel: one.peer for one in book.balances()}
    for written in _own(book, _ROYALTY):
        body, channel = written.body, written.entry.channel
        if isinstance(body, Royalty) and channel is not None:
            yield Given(body.agreement, body.manifest, peers[channel], body.pool)


def ended(book: LedgerFile, me: PeerId) -> Iterator[Agreement]:
    """Yield the agreements that we closed as their requester, and by which authors get something.

    Those are left out whose offers are lost with a file.
    """
    for written in _own(book, _CLOSE):
        body = written.body
        if isinstance(body, Close) and book.evidence(body.agreement) is not None:
            offer = offer_of(book, body.agreement)
            if offer.royalties and offer.requester == me.key:
                yield Agreement(body.agreement, offer)


def paid_under(book: LedgerFile, agreements: Container[Cid]) -> dict[Cid, int]:
    """Return how much was paid for work under those of some agreements where anything was."""
    found: dict[Cid, int] = {}
    for written in _own(book, _RECEIPT):
        body = written.body
        if isinstance(body, Receipt) and body.agreement in agreements:
            found[body.agreement] = found.get(body.agreement, 0) + body.amount
    return found


def pruned(book: LedgerFile) -> frozenset[PeerId]:
    """Return with whom entries are pruned: what they were given then is not known any more."""
    query = "SELECT DISTINCT channel FROM entries WHERE signed = x'' AND channel IS NOT NULL"
    gone = set(book.column(query))
    return frozenset(one.peer for one in book.balances() if one.channel in gone)


def agreed(book: LedgerFile, provider: PeerId, agreement: Cid) -> bytes | None:
    """Return a provider's entry for an agreement, signed; None when there is none."""
    query = "SELECT signed FROM entries WHERE author = ? AND instr(signed, ?) AND instr(signed, ?)"
    for signed in book.column(query, (provider.key, _AGREED, agreement.raw)):
        body = read(signed).body
        if isinstance(body, Agreed) and body.agreement == agreement:
            return signed
    return None


def offer_of(book: LedgerFile, agreement: Cid) -> Offer:
    """Return what we offered, of an agreement in the ledger.

    Raises: Damaged when it is not there.
    """
    return OFFER.decode(SIGNED.decode(_block(book, agreement)).payload)


def royalties_of(
    book: LedgerFile, offer: Offer, elsewhere: Callable[[Cid], bytes] | None = None
) -> Royalties:
    """Return what authors get by an agreement, as it was entered with its first receipt.

    Before that, the manifests are where the run put them: in the store, which is `elsewhere`.

    Raises: Damaged when it is nowhere; Unavailable as `elsewhere`.
    """

    def find(cid: Cid) -> bytes:
        found = book.evidence(cid)
        return elsewhere(cid) if found is None and elsewhere is not None else _block(book, cid)

    signed = [find(cid) for cid in offer.royalties]
    parents = {parent.manifest for one in signed for parent in opened(one).value.parents}
    return Royalties(signed, [find(cid) for cid in sorted(parents)])


def has_worked(book: LedgerFile) -> bool:
    """Return whether its owner has ever agreed to work for somebody, as far as is to be seen."""
    query = "SELECT signed FROM entries WHERE is_own AND (signed = x'' OR instr(signed, ?)) LIMIT 1"
    return any(True for _ in book.column(query, (_AGREED,)))


def _own(book: LedgerFile, kind: bytes) -> Iterator[Written]:
    """Yield our entries of a kind: the kind is among their bytes, as it is written."""
    query = "SELECT signed FROM entries WHERE is_own AND instr(signed, ?) ORDER BY pos"
    return (parse(signed)[0] for signed in book.column(query, (kind,)))


def _block(book: LedgerFile, cid: Cid) -> bytes:
    data = book.evidence(cid)
    if data is None:
        raise Damaged("what an entry of the ledger names is not there", where=str(cid))
    return data
