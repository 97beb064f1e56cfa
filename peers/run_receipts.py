"""RunReceipts: what was paid for the steps of a run, beside its bundle. Pure.

Each receipt comes with its lines and the offer that it rests on, as bytes: what they name besides,
as steps, is in the bundle or is nobody's business. Who has the bundle sees that they hold, and that
the providers who were paid are those who signed for the results.

>>> bill = check(paid, attested)                                         # doctest: +SKIP
>>> bill.amount, len(bill.steps)                                         # doctest: +SKIP
(1936, 4)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers import receipts
from peers.agreement import OFFER, Offer
from peers.entries import Receipt
from peers.entry import read
from peers.identity import PeerId
from peers.receipts import LINES, Line, Lines
from peers.signed import unseal

MAX_RECEIPTS: Final = 10_000  # of a run: each is for up to 256 steps


@dataclass(frozen=True, slots=True)
class Paid:
    """One receipt, with what it rests on."""

    entry: bytes  # signed by the requester
    lines: bytes
    offer: bytes  # signed by the requester


@dataclass(frozen=True, slots=True)
class RunReceipts:
    """All that are here of a run."""

    of_run: Cid
    receipts: tuple[Cid, ...]  # of Paid


class Attested(NamedTuple):
    """What a provider said of one step of the run, in a batch that it signed."""

    id: str  # as people write it: train[1]
    step: Cid
    signer: PeerId
    wall_ms: int


# By batch and attestation: one result is handed back in several batches, and paid for in each.
OfRun: TypeAlias = Mapping[tuple[Cid | None, Cid | None], Attested]


class Bill(NamedTuple):
    """What the receipts of a run come to: what was paid for the results that are in it."""

    receipts: int
    amount: int  # micro-credits
    steps: frozenset[Cid]
    providers: frozenset[PeerId]
    royalties: frozenset[Cid]  # by which authors get something besides


def check(paid: Iterable[Paid], attested: OfRun) -> Bill:
    """Look whether receipts are signed, are what their lines come to, and are for this run, once.

    Raises: Damaged, with the receipt, and the peer and the step as far as they are known.
    """
    spent: dict[Cid, int] = {}
    seen: set[object] = set()  # entries, and what is paid by them
    known: list[tuple[Offer, Line]] = []
    count = 0
    for count, one in enumerate(paid, 1):
        where = f"receipt {count} of the run"
        try:
            entry, terms, lines = _opened(one)
            where += f", to {PeerId(terms.provider)}"
            found = _of_run(lines, PeerId(terms.provider), attested)
            _see_once(seen, entry, *((lines.batch, line.attestation) for line in found))
            amount = spent[lines.agreement] = spent.get(lines.agreement, 0) + _amount(lines.lines)
            if amount > terms.price_cap:
                raise Damaged("it comes to more than was agreed")
        except Damaged as damaged:
            where += f", for step '{damaged.where}'" if damaged.where else ""
            raise Damaged(damaged.what, where=where, fix=_FIX) from None
        known += ((terms, line) for line in found)
    return _bill(count, known)


def is_of_run(lines: Lines, attested: OfRun) -> bool:
    """Return whether any line of a receipt is for what a run has: a result, from this batch."""
    return any((lines.batch, line.attestation) in attested for line in lines.lines)


_FIX: Final = "ask for the bundle again, or do without its receipts: 'tally import' takes the run"


def _see_once(seen: set[object], *ones: object) -> None:
    """Take what a receipt pays: none of it was paid by another."""
    if not seen.isdisjoint(ones):
        raise Damaged("what it is for has another receipt, or it comes twice")
    seen.update(ones)


def _opened(one: Paid) -> tuple[Cid, Offer, Lines]:
    written = read(one.entry)
    offer = unseal(OFFER, one.offer)
    body = written.body
    if not isinstance(body, Receipt) or body.agreement != offer.cid:
        raise Damaged("it is no receipt, or of another agreement")
    if offer.signer != written.author or offer.value.requester != written.author.key:
        raise Damaged("who pays has not signed the agreement")
    if why := receipts.objection(body, one.lines, offer.value.prices):
        raise Damaged(why)
    return written.id, offer.value, LINES.decode(one.lines)


def _of_run(lines: Lines, provider: PeerId, attested: OfRun) -> list[Line]:
    """Return the lines that are for results of a run; others are for what is not in it."""
    known = [line for line in lines.lines if (lines.batch, line.attestation) in attested]
    if not known:
        raise Damaged("it is for no step of this run")
    for line in known:
        said = attested[lines.batch, line.attestation]
        if why := _objection(line, provider, said):
            raise Damaged(why, where=said.id)
    return known


def _objection(line: Line, provider: PeerId, said: Attested) -> str:
    if said.step != line.step:
        return "a line of it is not for what its provider handed back"
    if said.signer != provider:
        return "it pays another than who signed for the step"
    if line.wall_ms > said.wall_ms:
        return "a step is paid for longer than it ran"
    return ""


def _bill(count: int, known: Sequence[tuple[Offer, Line]]) -> Bill:
    return Bill(
        count,
        _amount(line for _, line in known),
        frozenset(line.step for _, line in known),
        frozenset(PeerId(terms.provider) for terms, _ in known),
        frozenset(manifest for terms, _ in known for manifest in terms.royalties),
    )


def _amount(lines: Iterable[Line]) -> int:
    return sum(line.amount for line in lines)


def _check(record: RunReceipts) -> None:
    if not 1 <= len(record.receipts) <= MAX_RECEIPTS:
        raise Damaged(f"it has 1 to {MAX_RECEIPTS} receipts")
    if len(set(record.receipts)) < len(record.receipts):
        raise Damaged("it has one receipt twice")


PAID: Final = Record("tallystick/paid/1", Paid)
RUN_RECEIPTS: Final = Record("tallystick/run-receipts/1", RunReceipts, _check)
