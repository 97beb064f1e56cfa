"""Court: a peer that shows different entries to different peers is convicted when they meet."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.content.blocks import Block
from peers import court
from peers.clearing import next_voucher
from peers.connection import Connection
from peers.court import TELL_MS
from peers.credit_messages import ENTRIES_TYPE, Told, write_entries
from peers.entries import Body, Limit, Open
from peers.entry import Written, write
from peers.indictment import indict
from peers.ledger import follow
from peers.ledger_file import LedgerFile
from peers.place import Head, place_of
from peers.proofs import FRAUD_PROOF, FraudProof, check, find
from peers.witness_messages import HEADS_TYPE, PROOF_TYPE, write_heads, write_proof
from peers.write_queue import Row
from tests.peers.banks import Bank, until
from tests.peers.bills import billed, offered
from tests.peers.ledgers import Keeper


class Cheat(Keeper):
    """A peer that signs what it likes."""

    def entry(self, bank: Bank, body: Body) -> Written:
        """Return an entry in the channel with a bank; it is forgotten at once."""
        return write(follow(self.ledger, body, self.ledger.channel(bank.peer), 0), body, self.key)


def tell(bank: Bank, cheat: Cheat, written: Written, *evidence: Block) -> None:
    """Have a bank take an entry as if the cheat had said it on a line."""
    bank.treasury._teller.said(cheat.peer, [Row(written, evidence)], lambda *_: None)
    bank.treasury._go_on()


def test_who_forks_its_log_is_convicted_when_both_halves_meet(
    opened: Callable[[int], Bank],
) -> None:
    """By both, and by a third who met neither half; nothing more is lent to it."""
    one, two, three = opened(1), opened(2), opened(3)
    cheat = Cheat(9)
    tell(one, cheat, cheat.entry(one, Open(one.peer.key, 0, 5)))
    tell(two, cheat, cheat.entry(two, Open(two.peer.key, 0, 5)))
    one.meet(two)
    two.meet(three)
    until(
        lambda: all(cheat.peer in bank.treasury.ledger.convicts for bank in (one, two, three)),
        *(one, two, three),
    )
    assert one.credit.room(cheat.peer) == 0
    proof = one.treasury.ledger.convicts[cheat.peer]
    until(lambda: one.book.evidence(proof), one)
    assert check(FRAUD_PROOF.decode(one.book.evidence(proof) or b"")) == cheat.peer


def test_who_says_two_things_to_one_is_convicted_at_once(opened: Callable[[int], Bank]) -> None:
    """By the one to whom it said both."""
    one, cheat = opened(1), Cheat(9)
    cheat.take(opening := cheat.entry(one, Open(one.peer.key, 0, 5)))
    tell(one, cheat, opening)
    tell(one, cheat, cheat.entry(one, Limit(6)))
    tell(one, cheat, cheat.entry(one, Limit(7)))
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)
    assert one.treasury.account(cheat.peer).theirs.limit == 6


def test_who_is_met_later_is_shown_the_proof(opened: Callable[[int], Bank]) -> None:
    """And a peer that was started anew knows it still."""
    one, two, cheat = opened(1), opened(2), Cheat(9)
    cheat.take(opening := cheat.entry(one, Open(one.peer.key, 0, 5)))
    for written in (opening, cheat.entry(one, Limit(6)), cheat.entry(one, Limit(7))):
        tell(one, cheat, written)
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    two.meet(again)
    until(lambda: cheat.peer in two.treasury.ledger.convicts, again, two)


def join(one: Bank, two: Bank) -> Connection:
    """Connect two peers; return the line of the first."""
    one.meet(two)
    until(lambda: two.lines.control(one.peer) and one.lines.control(two.peer), one, two)
    line = one.lines.control(two.peer)
    assert line is not None
    return line


def pause(*banks: Bank) -> None:
    """Let come what is on its way."""
    for bank in banks:
        bank.clock.by_ms += TELL_MS
    for _ in range(50):
        for bank in banks:
            bank.turn()


def forked(cheat: Cheat, one: Bank) -> tuple[Written, FraudProof]:
    """Return the first entry of a cheat in its channel with a bank, and a proof against it."""
    opening, other = (cheat.entry(one, Open(one.peer.key, 0, limit)) for limit in (5, 6))
    proof = find(opening, other)
    assert proof is not None
    return opening, proof


def test_a_proof_against_a_stranger_is_kept_until_it_is_of_use(
    opened: Callable[[int], Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is lent nothing meanwhile. Nobody fills a ledger by making keys and convicting them."""
    monkeypatch.setattr(court, "STRANGERS", 0)
    one, two, cheat = opened(1), opened(2), Cheat(9)
    opening, proof = forked(cheat, one)
    line = join(two, one)
    two.post.ask(line, PROOF_TYPE, write_proof(proof), 1_000)
    pause(one, two)
    assert cheat.peer not in one.treasury.ledger.convicts
    assert one.credit.room(cheat.peer) == 0
    assert one.credit.room(two.peer) > 0
    one.treasury.enter(cheat.peer, Open(cheat.peer.key, 0, 5))
    tell(one, cheat, opening)
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)


def test_a_stranger_is_who_has_no_channel_that_was_opened_here(
    opened: Callable[[int], Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that open a channel and fork fill no ledger, and are lent nothing."""
    monkeypatch.setattr(court, "STRANGERS", 0)
    one, cheats = opened(1), [Cheat(9), Cheat(8)]
    one.treasury.enter(cheats[1].peer, Open(cheats[1].peer.key, 0, 5))
    for cheat in cheats:
        for limit in (5, 6):
            tell(one, cheat, cheat.entry(one, Open(one.peer.key, 0, limit)))
    until(lambda: cheats[1].peer in one.treasury.ledger.convicts, one)
    assert cheats[0].peer not in one.treasury.ledger.convicts
    assert one.credit.room(cheats[0].peer) == 0


def test_a_false_proof_ends_the_connection(opened: Callable[[int], Bank]) -> None:
    """It convicts nobody, and who sent it is cut off."""
    one, two, cheat = opened(1), opened(2), Cheat(9)
    opening, proof = forked(cheat, one)
    tell(one, cheat, opening)
    line = join(two, one)
    false = replace(proof, evidence=(opening.signed, opening.signed))
    two.post.ask(line, PROOF_TYPE, write_proof(false), 1_000)
    until(lambda: one.lines.control(two.peer) is None, one, two)
    assert not one.treasury.ledger.convicts


def test_so_much_of_proofs_is_looked_at_in_a_while(
    opened: Callable[[int], Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each peer; what is more is answered, and can be told again."""
    monkeypatch.setattr(court, "LOOKS", 3)
    monkeypatch.setattr(court, "TELL_MS", 1_000_000)
    one, two, three = opened(1), opened(2), opened(3)
    cheats = [Cheat(9), Cheat(8), Cheat(7)]
    lines = join(two, one), join(two, one), join(three, one)
    pause(one)
    for line, cheat in zip(lines, cheats, strict=True):
        teller = three if line is lines[2] else two
        teller.post.ask(line, PROOF_TYPE, write_proof(forked(cheat, one)[1]), 1_000)
    until(lambda: len(one.treasury.ledger.convicts) == 2, one, two, three)
    pause(one, two, three)
    assert one.treasury.ledger.convicts.keys() == {cheats[0].peer, cheats[2].peer}
    assert one.lines.control(two.peer) is not None


def test_a_head_alone_convicts_nobody(opened: Callable[[int], Bank]) -> None:
    """Who speaks of an entry that it has not is asked for it, and that is all."""
    one, two, other = opened(1), opened(2), Cheat(9)
    opening, proof = forked(other, one)
    tell(one, other, opening)
    line = join(two, one)
    pause(one, two)
    place = place_of(opening)._replace(id=FRAUD_PROOF.cid(proof))
    two.post.tell(line, HEADS_TYPE, write_heads([Head(other.peer, place)]))
    pause(one, two)
    assert not one.treasury.ledger.convicts
    assert one.lines.control(two.peer) is not None


def test_a_restored_ledger_convicts_nobody(opened: Callable[..., Bank], tmp_path: Path) -> None:
    """It goes on in another epoch, whatever others know of the log that was lost."""
    one, two, three = opened(1), opened(2), opened(3)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    shutil.copytree(one.home, tmp_path / "home")
    for bank, other in ((opened(1), two), (Bank(1, tmp_path / "home"), three)):
        join(bank, other)
        until(lambda bank=bank, other=other: bank.treasury.may_sign(other.peer), bank, other)
        bank.treasury.enter(other.peer, Open(other.peer.key, 0, 5))
        until(lambda other=other: other.treasury.account(one.peer).theirs.is_open, bank, other)
        bank.close()
        bank.close = lambda: None  # type: ignore[method-assign]
    join(two, three)
    pause(two, three)
    assert not two.treasury.ledger.convicts
    assert not three.treasury.ledger.convicts


@pytest.fixture
def indebted(opened: Callable[[int], Bank]) -> tuple[Bank, Cheat, Block]:
    """Return a bank that works for a cheat, the cheat, and what was agreed: 100 at most."""
    one, cheat = opened(1), Cheat(9)
    cheat.take(opening := cheat.entry(one, Open(one.peer.key, 0, 5)))
    tell(one, cheat, opening)
    offer = offered(cheat.key, one.peer.key, 100)
    one.credit.agree(cheat.peer, offer, 100, lambda: None)
    until(lambda: one.book.evidence(offer.cid), one)
    return one, cheat, offer


def _say(one: Bank, cheat: Cheat, body: Body, *evidence: Block) -> None:
    """Have a cheat sign something that follows from nothing, and a bank hear it."""
    channel = replace(cheat.ledger.channel(one.peer), mine=one.treasury.account(cheat.peer).theirs)
    refs = tuple(block.cid for block in evidence)
    entry = follow(cheat.ledger, body, channel, 0, refs=refs)
    entry = replace(entry, number=channel.mine.number + 1)
    tell(one, cheat, write(entry, body, cheat.key), *evidence)


def test_receipts_over_the_cap_convict(indebted: tuple[Bank, Cheat, Block]) -> None:
    """Together with those that were taken, and what was offered."""
    one, cheat, offer = indebted
    receipt, lines = billed(offer.cid, 60)
    _say(one, cheat, receipt, *lines)
    until(lambda: one.treasury.account(cheat.peer).theirs.debt == 60, one)
    assert cheat.peer not in one.treasury.ledger.convicts
    _say(one, cheat, receipt, *lines)
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)
    assert one.treasury.account(cheat.peer).theirs.debt == 60


def test_a_receipt_with_other_lines_convicts(indebted: tuple[Bank, Cheat, Block]) -> None:
    """It names them."""
    one, cheat, offer = indebted
    _say(one, cheat, billed(offer.cid, 60)[0], *billed(offer.cid, 61)[1])
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)


def test_a_voucher_for_less_convicts(indebted: tuple[Bank, Cheat, Block]) -> None:
    """With the receipts that it should be for."""
    one, cheat, offer = indebted
    receipt, lines = billed(offer.cid, 60)
    _say(one, cheat, receipt, *lines)
    until(lambda: one.treasury.account(cheat.peer).theirs.debt == 60, one)
    right = next_voucher(one.treasury.account(cheat.peer).theirs)
    assert right is not None
    _say(one, cheat, replace(right, total=59))
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)


def test_what_is_proved_here_needs_no_time_that_strangers_take(
    indebted: tuple[Bank, Cheat, Block], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it looked at twice: what proved it has done that."""
    one, cheat, offer = indebted
    other = Cheat(8)
    _, proof = forked(other, one)
    monkeypatch.setattr(court, "check", lambda _: pytest.fail("it is looked at again"))
    monkeypatch.setattr(court, "LOOKS", 0)
    one.treasury.accuse(proof)
    _say(one, cheat, billed(offer.cid, 60)[0], *billed(offer.cid, 61)[1])
    until(lambda: {cheat.peer, other.peer} <= one.treasury.ledger.convicts.keys(), one)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Written]:
    """Return what fills with the entries that a court looks at."""
    seen: list[Written] = []

    def look(book: LedgerFile, written: Written, blocks: Iterable[Block]) -> FraudProof | None:
        seen.append(written)
        return indict(book, written, blocks)

    monkeypatch.setattr(court, "indict", look)
    return seen


def _agreed(requester: Bank, provider: Bank) -> Block:
    """Have two banks agree; return what was offered."""
    offer = offered(requester.identity, provider.peer.key, 100)
    requester.payments.begin(provider.peer, offer.cid, lambda _: None)
    provider.credit.agree(requester.peer, offer, 100, lambda: None)
    until(lambda: requester.treasury.account(provider.peer).agreements, requester, provider)
    requester.treasury.enter(provider.peer, Open(provider.peer.key, 0, 0))
    until(lambda: provider.treasury.account(requester.peer).theirs.is_open, requester, provider)
    return offer


def _send(cheat: Bank, bank: Bank, body: Body, *evidence: Block) -> None:
    """Send an entry that follows what was said, and rests on some blocks."""
    line = cheat.lines.control(bank.peer)
    if line is None:
        return
    ledger, refs = cheat.treasury.ledger, tuple(block.cid for block in evidence)
    entry = follow(ledger, body, ledger.channel(bank.peer), 0, refs=refs)
    told = Told(write(entry, body, cheat.identity).signed, tuple(one.data for one in evidence))
    cheat.post.ask(line, ENTRIES_TYPE, write_entries([told]), 60_000)
    moment(cheat, bank)


def moment(*banks: Bank) -> None:
    """Let come what is on its way, in less time than a court takes to begin anew."""
    for _ in range(50):
        for bank in banks:
            bank.turn()


def test_whose_entries_prove_nothing_is_cut_off(
    opened: Callable[[int], Bank], monkeypatch: pytest.MonkeyPatch, looked: list[Written]
) -> None:
    """To see what one proves takes long: two of a peer are looked at in a second, each once."""
    monkeypatch.setattr(court, "TELL_MS", 1_000_000)
    one, two = opened(1), opened(2)
    join(two, one)
    offer = _agreed(two, one)
    receipts = [billed(offer.cid, 1)[0], billed(offer.cid, 2)[0], billed(offer.cid, 3)[0]]
    for receipt in (receipts[0], receipts[0], *receipts):  # they come without their lines
        _send(two, one, receipt)
        assert (one.lines.control(two.peer) is not None) == (receipt == receipts[0])
    ledger = two.treasury.ledger
    entry = follow(ledger, receipts[2], ledger.channel(one.peer), 0)
    late = Row(write(entry, receipts[2], two.identity))  # on another line
    one.treasury._teller.said(two.peer, [late], lambda *_: None)
    one.treasury._go_on()
    assert [written.body for written in looked] == receipts[:2]


def test_what_proves_nothing_hides_no_breach(
    opened: Callable[[int], Bank], monkeypatch: pytest.MonkeyPatch, looked: list[Written]
) -> None:
    """Whoever says it before."""
    monkeypatch.setattr(court, "TELL_MS", 1_000_000)
    one, two = opened(1), opened(2)
    join(two, one)
    offer = _agreed(two, one)
    _send(two, one, billed(offer.cid, 1)[0])
    _send(two, one, billed(offer.cid, 60)[0], *billed(offer.cid, 61)[1])
    until(lambda: two.peer in one.treasury.ledger.convicts, one, two)
