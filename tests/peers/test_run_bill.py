"""What was paid for a run goes with its bundle, and whoever has that sees whether it holds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.store.memory import MemoryStore
from peers.entries import Agreed
from peers.ledger_file import LedgerFile
from peers.receipts import LINES, Line, Lines, receipt_of
from peers.run_bill import attested, bill_of, receipts_of
from peers.run_receipts import PAID, RUN_RECEIPTS, Bill, Paid, RunReceipts, check
from tests.fakes.records import Ran, record
from tests.peers.bills import offered
from tests.peers.books import keep
from tests.peers.ledgers import Keeper, opened
from tests.peers.paid import lines_of, proved, proved_again

WORKFLOW = """\
workflow: paid
environments: {sh: {store: /nix/store/00000000000000000000000000000000-sh}}
defaults: {environment: sh}
steps:
  a: {run: 'true', scatter: {i: [1, 2]}, outputs: {o: o}}
"""


class Traded(NamedTuple):
    """A run of two steps that a peer ran for another, and the ledger of who paid."""

    store: MemoryStore
    run: Cid
    home: Path
    one: Keeper  # who pays
    two: Keeper
    offer: Block
    batch: Cid
    lines: tuple[Line, ...]


@pytest.fixture
def traded(tmp_path: Path) -> Traded:
    """Return a run that was paid for."""
    one, two = opened(10_000_000)
    offer = offered(one.key, two.peer.key, 5_000)
    store = MemoryStore()
    plain = record(store, WORKFLOW, [Ran("a", 0), Ran("a", 1, wall_ms=500)])
    run, batch, said = proved(store, plain, offer.cid, two)
    lines = lines_of(said, 1_000, 400)
    page = Lines(offer.cid, batch, lines)
    block = LINES.block(page)
    other = Lines(offer.cid, None, (replace(lines[0], attestation=None, step=_named("else")),))
    two.say(Agreed(offer.cid, 5_000), one)
    one.say(receipt_of(page), two, refs=(offer.cid, block.cid))
    one.say(receipt_of(other), two, refs=(LINES.block(other).cid,))
    home = keep(tmp_path / "home", one, [offer, block, LINES.block(other)])
    return Traded(store, run, home, one, two, offer, batch, lines)


def _named(name: str) -> Cid:
    return Cid.of(RAW, name.encode())


def receipts(traded: Traded) -> tuple[Block, ...]:
    """Return what goes beside the bundle."""
    return receipts_of(LedgerFile(traded.home), traded.store, traded.run)


def paid(traded: Traded) -> Paid:
    """Return the receipt of the run."""
    return PAID.decode(receipts(traded)[1].data)


def billed(traded: Traded, *changed: Paid, run: Cid | None = None) -> object:
    """Look at other receipts of the run."""
    blocks = [PAID.block(one) for one in changed]
    record = RunReceipts(run or traded.run, tuple(block.cid for block in blocks))
    root = RUN_RECEIPTS.block(record)
    traded.store.put([root, *blocks])
    return bill_of(traded.store, traded.run, (traded.run, root.cid))


def test_the_receipts_of_a_run_are_found_and_hold(traded: Traded) -> None:
    """The receipt for its steps is there, with its papers; one for other steps is not."""
    blocks = receipts(traded)
    assert len(blocks) == 2
    traded.store.put(blocks)
    bill = bill_of(traded.store, traded.run, (traded.run, blocks[0].cid))
    assert bill is not None
    assert (bill.receipts, bill.amount) == (1, 1_400)
    assert bill.steps == {line.step for line in traded.lines}
    assert bill.providers == {traded.two.peer}


def test_a_run_of_this_machine_has_no_receipts(traded: Traded) -> None:
    """Where no provider signed for a step, there is nothing to pay."""
    plain = record(traded.store, WORKFLOW, [Ran("a", 0)])
    assert receipts_of(LedgerFile(traded.home), traded.store, plain) == ()
    assert bill_of(traded.store, plain, (plain,)) is None


def _dearer(traded: Traded, one: Paid) -> Paid:
    lines = LINES.decode(one.lines)
    return replace(one, lines=LINES.encode(replace(lines, lines=lines.lines[:1])))


def _other_offer(traded: Traded, one: Paid) -> Paid:
    offer = offered(traded.one.key, traded.two.peer.key, 9_000)
    return replace(one, offer=offer.data)


def _unsigned(traded: Traded, one: Paid) -> Paid:
    return replace(one, entry=one.entry[:-1] + bytes([one.entry[-1] ^ 1]))


def _again(traded: Traded, one: Paid, **changes: object) -> Paid:
    """Return a receipt, signed anew, for the first line changed somehow."""
    line = replace(traded.lines[0], **changes)  # type: ignore[arg-type]
    lines = Lines(traded.offer.cid, traded.batch, (line,))
    written = traded.one.write(receipt_of(lines), traded.two)
    return replace(one, entry=written.signed, lines=LINES.encode(lines))


def _longer(traded: Traded, one: Paid) -> Paid:
    return _again(traded, one, wall_ms=1_001, amount=1_001)


def _another_step(traded: Traded, one: Paid) -> Paid:
    return _again(traded, one, step=traded.lines[1].step)


def _no_step(traded: Traded, one: Paid) -> Paid:
    return _again(traded, one, attestation=None)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (_dearer, "not those of the receipt"),
        (_other_offer, "another agreement"),
        (_unsigned, "not signed by its author"),
        (_longer, "longer than it ran"),
        (_another_step, "not for what its provider handed back"),
        (_no_step, "for no step of this run"),
    ],
)
def test_receipts_that_do_not_hold_are_refused(
    traded: Traded, forge: Callable[[Traded, Paid], Paid], said: str
) -> None:
    """Whatever was changed of a receipt or its papers is seen by whoever has the bundle."""
    with pytest.raises(Damaged, match=said) as raised:
        billed(traded, forge(traded, paid(traded)))
    assert str(raised.value.where).startswith("receipt 1 of the run")


def test_who_is_paid_wrongly_and_for_what_is_named(traded: Traded) -> None:
    """A line that does not hold is found by its step and its peer."""
    with pytest.raises(Damaged) as raised:
        billed(traded, _longer(traded, paid(traded)))
    assert raised.value.where == f"receipt 1 of the run, to {traded.two.peer}, for step 'a[0]'"


def test_a_result_that_came_again_is_paid_again(tmp_path: Path) -> None:
    """A step is handed back once more in a later batch: what was paid before is not of this run.

    But what came with it then, and was reused, is.
    """
    one, two = opened(10_000_000)
    first, later = (offered(one.key, two.peer.key, 5_000, name) for name in ("first", "later"))
    store = MemoryStore()
    plain = record(store, WORKFLOW, [Ran("a", 0), Ran("a", 1, wall_ms=500)])
    before, early, said = proved(store, plain, first.cid, two)
    run, late = proved_again(store, before, later.cid, two)
    known = replace(lines_of(said[:1], 0)[0], outcome="known")
    pages = [Lines(first.cid, early, lines_of(said, 1_000, 400)), Lines(later.cid, late, (known,))]
    blocks = [LINES.block(page) for page in pages]
    for offer, page, block in zip((first, later), pages, blocks, strict=True):
        two.say(Agreed(offer.cid, 5_000), one)
        one.say(receipt_of(page), two, refs=(offer.cid, block.cid))
    home = keep(tmp_path / "home", one, [first, later, *blocks])
    found = receipts_of(LedgerFile(home), store, run)
    store.put(found)
    bill = bill_of(store, run, (run, found[0].cid))
    assert bill is not None
    assert (bill.receipts, bill.amount, len(bill.steps)) == (2, 400, 2)


def test_manifests_of_authors_are_told(traded: Traded) -> None:
    """What authors get is in no receipt, but that there is something is in the offer."""
    one, manifest = paid(traded), _named("manifest")
    offer = offered(traded.one.key, traded.two.peer.key, 5_000, royalties=(manifest,))
    lines = Lines(offer.cid, traded.batch, traded.lines)
    written = traded.one.write(receipt_of(lines), traded.two)
    bill = billed(
        traded, replace(one, entry=written.signed, lines=LINES.encode(lines), offer=offer.data)
    )
    assert isinstance(bill, Bill)
    assert bill.royalties == {manifest}


def _each(traded: Traded, price_cap: int) -> list[Paid]:
    """Return a receipt for each line, under an agreement for so much."""
    offer = offered(traded.one.key, traded.two.peer.key, price_cap)
    paid = []
    for line in traded.lines:
        lines = Lines(offer.cid, traded.batch, (line,))
        written = traded.one.write(receipt_of(lines), traded.two)
        paid.append(Paid(written.signed, LINES.encode(lines), offer.data))
    return paid


def test_no_more_is_paid_than_was_agreed(traded: Traded) -> None:
    """The receipts of one agreement stay together within its price cap."""
    assert billed(traded, *_each(traded, 1_400))
    with pytest.raises(Damaged, match="more than was agreed") as raised:
        billed(traded, *_each(traded, 1_399))
    assert raised.value.where == f"receipt 2 of the run, to {traded.two.peer}"


def test_nothing_is_counted_twice(traded: Traded) -> None:
    """Neither one receipt, nor what another receipt has paid already."""
    one = paid(traded)
    unchecked = Record(RUN_RECEIPTS.kind, RunReceipts)
    with pytest.raises(Damaged, match="it has one receipt twice"):
        RUN_RECEIPTS.decode(unchecked.encode(RunReceipts(traded.run, (traded.run,) * 2)))
    known = attested(traded.store, traded.run)
    for twice in ([one, one], [one, *_each(traded, 5_000)]):
        with pytest.raises(Damaged, match="has another receipt") as raised:
            check(twice, known)
        assert str(raised.value.where).startswith("receipt 2 of the run")


def test_receipts_are_of_their_run(traded: Traded) -> None:
    """Those of another run are none of this one, and who paid another is seen."""
    with pytest.raises(Damaged, match="another run"):
        billed(traded, paid(traded), run=_named("another"))
    said = attested(traded.store, traded.run)
    assert {one.signer for one in said.values()} == {traded.two.peer}
    three = Keeper(3)
    offer = offered(traded.one.key, three.peer.key, 5_000)
    lines = Lines(offer.cid, traded.batch, traded.lines)
    written = traded.one.write(receipt_of(lines), traded.two)
    with pytest.raises(Damaged, match="pays another"):
        billed(traded, Paid(written.signed, LINES.encode(lines), offer.data))
