"""RunReceipts: what was paid for the steps of a run, beside its bundle. Pure.

Each receipt comes with its lines and the offer that it rests on, as bytes: what they name besides,
as steps, is in the bundle or is nobody's business. Who has the bundle sees that they hold, and that
the providers who were paid are those who signed for the results.

>>> bill = check(paid, attested)                                         # doctest: +SKIP
>>> bill.amount, len(bill.steps)                                         # doctest: +SKIP
(1936, 4)
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

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

    step: Cid
    batch: Cid
    signer: PeerId
    wall_ms: int


class Bill(NamedTuple):
    """What the receipts of a run come to."""

    receipts: int
    amount: int  # micro-credits
    steps: frozenset[Cid]
    providers: frozenset[PeerId]


def check(paid: Iterable[Paid], attested: Mapping[Cid, Attested]) -> Bill:
    """Look whether receipts are signed, are what their lines come to, and are for this run.

    `attested` is what providers said in it, by attestation.

    Raises: Damaged, with the receipt.
    """
    steps: set[Cid] = set()
    spent: dict[Cid, int] = {}
    providers: set[PeerId] = set()
    count = 0
    for count, one in enumerate(paid, 1):
        try:
            terms, lines = _opened(one)
            _check_lines(lines, PeerId(terms.provider), attested)
            amount = spent[lines.agreement] = spent.get(lines.agreement, 0) + _amount(lines)
            if amount > terms.price_cap:
                raise Damaged("it comes to more than was agreed")
        except Damaged as damaged:
            raise Damaged(damaged.what, where=f"receipt {count} of the run", fix=_FIX) from None
        steps.update(line.step for line in lines.lines)
        providers.add(PeerId(terms.provider))
    return Bill(count, sum(spent.values()), frozenset(steps), frozenset(providers))


_FIX: Final = "ask for the bundle again, or do without its receipts: 'tally import' takes the run"


def _opened(one: Paid) -> tuple[Offer, Lines]:
    written = read(one.entry)
    offer = unseal(OFFER, one.offer)
    body = written.body
    if not isinstance(body, Receipt) or body.agreement != offer.cid:
        raise Damaged("it is no receipt, or of another agreement")
    if offer.signer != written.author or offer.value.requester != written.author.key:
        raise Damaged("who pays has not signed the agreement")
    if why := receipts.objection(body, one.lines, offer.value.prices):
        raise Damaged(why)
    return offer.value, LINES.decode(one.lines)


def _check_lines(lines: Lines, provider: PeerId, attested: Mapping[Cid, Attested]) -> None:
    known = [line for line in lines.lines if line.attestation in attested]
    if not known:
        raise Damaged("it is for no step of this run")
    for line in known:
        _check_line(line, lines.batch, provider, attested)


def _check_line(
    line: Line, batch: Cid | None, provider: PeerId, attested: Mapping[Cid, Attested]
) -> None:
    said = attested[line.attestation] if line.attestation else None
    if said is None or (said.step, said.batch) != (line.step, batch):
        raise Damaged("a line of it is not for what its provider handed back")
    if said.signer != provider:
        raise Damaged("it pays another than who signed for the step")
    if line.wall_ms > said.wall_ms:
        raise Damaged("a step is paid for longer than it ran")


def _amount(lines: Lines) -> int:
    return sum(line.amount for line in lines.lines)


def _check(record: RunReceipts) -> None:
    if not 1 <= len(record.receipts) <= MAX_RECEIPTS:
        raise Damaged(f"it has 1 to {MAX_RECEIPTS} receipts")


PAID: Final = Record("tallystick/paid/1", Paid)
RUN_RECEIPTS: Final = Record("tallystick/run-receipts/1", RunReceipts, _check)
