"""Teller: two peers come to have the same entries, whatever happens between them."""

from dataclasses import replace

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import Refused
from peers import vetting
from peers.audit import AtOnce, Audit, Start
from peers.clearing import next_voucher
from peers.entries import Close, Dispute, Epoch, Limit, Open, Reset, Royalty
from peers.entry import write
from peers.ledger import follow, ledger_of
from peers.order import START, Taken, link
from peers.place import Place, place_of
from peers.receipts import LINES, receipt_of
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from peers.teller_events import Answer, Ask, Blame, Entered, Forked, Say
from peers.vetting import MAX_ASIDES
from peers.write_queue import Row
from tests.peers.bills import agreed, billed, offered
from tests.peers.ledgers import Keeper
from tests.peers.tellers import Net, Party


def _pair() -> tuple[Net, Party, Party]:
    net = Net()
    one, two = net.party(), net.party()
    net.connect(one, two)
    return net, one, two


def _trade(one: Party, two: Party) -> None:
    one.say(two, Open(two.peer.key, 0, 1_000))
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 500))
    one.net.settle()
    for amount in (10, 20, 30, 40, 50):
        one.say(two, *billed(offer.cid, amount))
    _vouch(one, two)


def _vouch(one: Party, two: Party) -> None:
    voucher = next_voucher(one.teller.ledger.channel(two.peer).mine)
    assert voucher is not None
    one.say(two, voucher)


def _balances(one: Party, two: Party) -> tuple[int, int]:
    ledgers = one.teller.ledger, two.teller.ledger
    return ledgers[0].channel(two.peer).balance, ledgers[1].channel(one.peer).balance


def test_what_one_says_the_other_has() -> None:
    """Entries get there in order, and both sides come to the same balance."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)
    assert not one.trouble + two.trouble


def test_nothing_is_said_before_it_is_durable() -> None:
    """An entry that is not in the book has not left."""
    net, one, two = _pair()
    one.teller.enter(two.peer, Open(two.peer.key, 0, 5), 0)
    one.work(written=0)
    net.settle()
    assert not two.entered[1:]
    one.work()
    net.settle()
    assert len(two.entered) == 2


def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    """What came and was lost in a crash is said again."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 5))
    two.work = lambda written=0: Party.work(two, 0)  # type: ignore[method-assign]
    net.settle()
    two.crash()
    del two.work  # type: ignore[method-assign]
    net.connect(one, two)
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 5


def test_a_line_that_breaks_costs_nothing() -> None:
    """What was on a line is said again on the next, and counts once."""
    net, one, two = _pair()
    _trade(one, two)
    net.cut(one)
    net.connect(one, two)
    net.settle()
    net.cut(two)
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)


def test_two_entries_in_one_place_are_told() -> None:
    """Who signs two entries where one belongs is found out by whoever gets both."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 5))
    net.settle()
    ledger = one.teller.ledger
    one.say(two, Limit(7))
    net.settle()
    body = Limit(9)
    fork = write(follow(ledger, body, ledger.channel(two.peer), 0), body, one.key)
    two.said(one, [Row(fork)])
    assert [type(trouble) for trouble in two.trouble] == [Forked]
    assert two.teller.ledger.channel(one.peer).theirs.limit == 7


def test_an_entry_without_what_it_names_ends_the_connection() -> None:
    """It proves nothing, and an honest peer has all that its own entries name."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    channel = one.teller.ledger.channel(two.peer)
    entry = follow(one.teller.ledger, Limit(9), channel, 0, refs=(Cid.of(RAW, b"lost"),))
    two.teller.said(one.peer, [Row(write(entry, Limit(9), one.key))], None)
    assert [type(action) for action in two.teller.actions()] == [Blame, Answer]


def test_who_takes_nothing_is_told_no_more() -> None:
    """Until it asks: else it could have all read for it again and again by an empty answer."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    teller = one.teller
    teller.asked(two.peer, None, None)
    assert [type(action) for action in teller.actions()] == [Answer, Say]
    teller.asked(two.peer, None, None)
    assert [type(action) for action in teller.actions()] == [Answer]  # it has not answered yet
    teller.taken(two.peer, None, "")
    assert not [*teller.actions()]
    teller.asked(two.peer, None, None)
    assert [type(action) for action in teller.actions()] == [Answer, Say]


def test_who_asks_while_it_is_told_something_is_told_the_rest() -> None:
    """What it has by then it took of what it was told."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    teller, rows = one.teller, one._said(two.peer, None)
    teller.asked(two.peer, None, None)
    teller.asked(two.peer, place_of(rows[1].written), None)
    teller.taken(two.peer, place_of(rows[1].written), "")
    said = [action for action in teller.actions() if isinstance(action, Say)]
    assert said == [Say(two.peer, None), Say(two.peer, place_of(rows[1].written))]


def test_a_restored_file_is_made_whole_by_others() -> None:
    """Entries that were lost with a file come back from whom they were said to."""
    net, one, two = _pair()
    copy = list(one.rows)
    _trade(one, two)
    net.settle()
    one.restore(copy)
    with pytest.raises(Refused, match="restored"):
        one.say(two, Limit(3))
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)
    one.say(two, Limit(3))
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 3
    assert not one.trouble + two.trouble


def test_what_is_lost_is_asked_for_again() -> None:
    """When nobody answers in time; also where the peer was heard before it told of it."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    copy = list(one.rows)
    one.say(two, Limit(3))
    two.say(one, Limit(4))
    net.settle()
    one.rows = copy
    one.crash()
    net.connect(one, two)
    ends = frozenset((one.peer, two.peer))
    while not one.teller._line(two.peer).is_showing:
        assert net.deliver(ends)
    net.lines[ends].clear()
    one.teller.unanswered(two.peer)
    one.work()
    net.settle()
    assert one.teller.ledger.channel(two.peer).mine.limit == 3
    assert one.teller.ledger.channel(two.peer).theirs.limit == 4
    assert not one.trouble + two.trouble


def test_nothing_is_signed_while_what_is_lost_is_asked_for() -> None:
    """It would be in place of an entry that the peer has, though nobody knew of a loss before."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    copy = list(one.rows)
    one.say(two, Limit(3))
    net.settle()
    one.rows = copy
    one.crash()
    net.connect(one, two)
    assert one.teller.may_sign(two.peer)
    while not one.teller._line(two.peer).is_showing:
        net.deliver(frozenset((one.peer, two.peer)))
    assert not one.teller.may_sign(two.peer)
    with pytest.raises(Refused, match="restored"):
        one.say(two, Limit(5))
    net.settle()
    one.say(two, Limit(5))
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 5
    assert not one.trouble + two.trouble


def test_nothing_is_signed_before_what_was_shown_is_in_the_book() -> None:
    """Whoever pays looks there for what was paid before; the peer may speak in between."""
    net, one, two = _pair()
    copy = list(one.rows)
    _trade(one, two)
    net.settle()
    lost = [row for row in one.rows if row not in copy]
    one.restore(copy)
    one.teller.opened(two.peer)
    one.work()
    here = max(place_of(row.written) for row in lost if row.written.author == one.peer)
    one.teller.heard(two.peer, here)
    one.teller.shown(two.peer, lost, net.tick())
    for _ in range(2):
        one.teller.heard(two.peer, here)
        assert not one.teller.may_sign(two.peer)
    one.work()
    one.teller.heard(two.peer, here)
    assert one.teller.may_sign(two.peer)


def test_who_was_asked_for_what_is_lost_and_has_lost_it_is_asked_once() -> None:
    """A peer that is asked to show something may lose it, too: then all goes on as it was."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    here = place_of(one.rows[-1].written)
    one.teller.heard(two.peer, Place(here.id, here.number + 5, here.epoch))
    one.work()
    asked = []
    for _ in range(3):
        one.teller.heard(two.peer, here)
        asked += [action for action in one.teller.actions() if isinstance(action, Ask)]
    assert [action.peer for action in asked] == [two.peer]
    two.say(one, Limit(4))
    net.settle()
    assert one.teller.ledger.channel(two.peer).theirs.limit == 4


def test_a_lost_file_is_made_whole_by_others() -> None:
    """The key goes on in an epoch of its own, so that it signs nothing in place of another."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    lost = [row.written for row in one.rows if row.written.author == one.peer]
    one.restore([])
    net.connect(one, two)
    net.settle()
    one.say(two, Limit(3))
    net.settle()
    assert _balances(one, two) == (-150, 150)
    now = [row.written for row in one.rows if row.written.author == one.peer]
    assert {one.id for one in lost if one.entry.channel} <= {one.id for one in now}
    entries = {written.id: written.entry for written in lost + now}.values()
    assert len({(entry.epoch, entry.number) for entry in entries}) == len(entries)
    assert not one.trouble + two.trouble


def test_a_restored_file_that_nobody_noticed_is_made_whole() -> None:
    """A peer that shows lost entries is enough to know that they were lost."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    copy = list(one.rows)
    offer = offered(one.key, two.peer.key, 50, "more")
    two.say(one, *agreed(offer, 50))
    net.settle()
    one.say(two, *billed(offer.cid, 50))
    _vouch(one, two)
    net.settle()
    one.rows = copy
    one.crash()
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-200, 200)
    assert one.teller.ledger.epoch > 0


def test_both_may_lose_their_files() -> None:
    """Each shows the other what that has lost."""
    net, one, two = _pair()
    copies = list(one.rows), list(two.rows)
    _trade(one, two)
    net.settle()
    one.restore(copies[0])
    net.connect(one, two)
    net.settle()
    two.restore(copies[1])
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)
    assert not one.trouble + two.trouble


def test_what_was_never_offered_is_not_agreed() -> None:
    """A provider cannot set aside another amount than it was offered."""
    net, one, two = _pair()
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 400))
    net.settle()
    assert not one.teller.ledger.channel(two.peer).agreements


def test_a_receipt_comes_with_its_lines() -> None:
    """A receipt whose lines come to something else is not taken."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 1_000))
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 500))
    net.settle()
    receipt, _ = billed(offer.cid, 100)
    one.say(two, receipt, billed(offer.cid, 99)[1])
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.debt == 0


def _under(one: Party, two: Party, manifest: Block) -> Block:
    """Have something agreed, by the terms of a manifest; return the offer."""
    one.say(two, Open(two.peer.key, 0, 1_000))
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500, royalties=(manifest.cid,))
    two.say(one, *agreed(offer, 500))
    one.net.settle()
    return offer


@pytest.mark.parametrize("case", ["another share", "another price", "more than it rests on", "all"])
def test_what_an_audit_would_not_let_pass_is_not_taken(case: str) -> None:
    """So nobody can break the ledger of another by what it says."""
    net, one, two = _pair()
    terms = Manifest(None, (Author(two.peer.key, 1), Author(one.peer.key, 1)), 10, 0, 500)
    manifest = seal(MANIFEST, terms, one.key)
    offer = _under(one, two, manifest)
    other = Block(Cid.of(RAW, b"noise"), b"noise")
    receipt, papers = billed(offer.cid, 100)
    lines = LINES.decode(papers[0].data)
    dear = replace(lines, lines=(replace(lines.lines[0], amount=101),))
    entries = {
        "another share": (Royalty(offer.cid, manifest.cid, 10, 6), (manifest,)),
        "another price": (receipt_of(dear), (LINES.block(dear),)),
        "more than it rests on": (Limit(5), (other,)),
        "all": (receipt, (*papers, manifest)),
    }
    one.say(two, *entries[case])
    net.settle()
    last = two.rows[-1].written
    assert (last.author == one.peer and last.body == entries[case][0]) == (case == "all")
    audit = Audit("ledger", Start(ledger_of(two.peer)), two.evidence, AtOnce())
    with audit.naming():
        at = START
        for number, row in enumerate(two.rows, 1):
            at = link(at, row.written.id)
            audit.take(Taken(number, row.written.signed, at))
    assert not audit.lacks


def test_who_says_much_that_changes_nothing_is_not_heard() -> None:
    """Until money moves, or the owner says something: what others say is kept for ever."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    for limit in range(MAX_ASIDES + 9):
        one.say(two, Limit(limit))
        net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == MAX_ASIDES - 1
    two.say(one, Limit(7))
    net.connect(one, two)
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == MAX_ASIDES - 1
    two.say(one, Limit(7, is_fixed=True))
    net.connect(one, two)
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == MAX_ASIDES + 8
    assert not one.trouble + two.trouble


def test_what_was_said_in_turn_is_all_had_back() -> None:
    """However much of it changed nothing: it was bounded when it was signed."""
    net, one, two = _pair()
    copy = list(one.rows)
    one.say(two, Open(two.peer.key, 0, 1_000))
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 500))
    net.settle()
    for at in range(MAX_ASIDES + 9):
        receipt, lines = billed(offer.cid, 1)
        one.say(two, receipt, lines)
        _vouch(one, two)
        two.say(one, Limit(1_000 + at))
        net.settle()
    one.restore(copy)
    net.connect(one, two)
    net.settle()
    assert one.teller.may_sign(two.peer)
    assert _balances(one, two) == (-MAX_ASIDES - 9, MAX_ASIDES + 9)
    assert not one.trouble + two.trouble


def test_not_all_strangers_may_open_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond some, only those may to whom something was offered."""
    monkeypatch.setattr(vetting, "MAX_STRANGERS", 2)
    net = Net()
    victim, *strangers = (net.party() for _ in range(4))
    for one in strangers:
        net.connect(one, victim)
        one.say(victim, Open(victim.peer.key, 0, 5))
        net.settle()
    assert set(victim.teller.ledger.peers()) == {one.peer for one in strangers[:2]}
    victim.teller.expect(strangers[2].peer)
    net.connect(strangers[2], victim)
    net.settle()
    assert strangers[2].peer in victim.teller.ledger.peers()


def test_a_new_epoch_hears_each_peer_before_it_signs() -> None:
    """Also when the program was started again since the epoch began."""
    net, one, two = _pair()
    copy = list(one.rows)
    _trade(one, two)
    net.settle()
    one.restore(copy)
    one.crash()
    with pytest.raises(Refused, match="restored"):
        one.say(two, Limit(3))
    net.connect(one, two)
    net.settle()
    one.say(two, Limit(3))
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 3
    assert not one.trouble + two.trouble


def test_what_is_said_on_a_new_line_waits_until_the_peer_was_heard() -> None:
    """It may have lost what it had before."""
    net, one, two = _pair()
    copy = list(two.rows)
    _trade(one, two)
    net.settle()
    two.restore(copy)
    net.connect(one, two)
    one.say(two, Limit(3))
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 3


def test_entries_in_no_channel_are_written_together() -> None:
    """They have no place in a channel that one of them could take from another."""
    party = Net().party()
    party.teller.note(Epoch("one"), 5)
    party.teller.note(Epoch("two"), 6)
    party.work()
    assert len(party.rows) == 3


@pytest.mark.parametrize("now_ms", [0, 10])
def test_each_copy_of_a_file_begins_an_epoch_of_its_own(now_ms: int) -> None:
    """Though the clock is behind the last."""
    party = Net().party()
    party.teller.note(Epoch("one"), 1_000)
    party.work()
    epochs = []
    for late_ms in (now_ms, now_ms + 1):
        party.begin()
        epochs.append(party.teller.note(Epoch("another"), late_ms).entry.epoch)
    assert epochs[0] != epochs[1]
    assert min(epochs) > 1_000


def test_what_a_clock_that_was_set_back_has_lost_is_taken_again() -> None:
    """An epoch comes after all those of which there are entries."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 5))
    copy = list(one.rows)
    one.teller.note(Epoch("one"), 10**9)
    one.work()
    one.teller.opened(two.peer)
    net.settle()
    one.say(two, Limit(3))
    net.settle()
    one.rows = copy
    one.crash()
    net.connect(one, two)
    net.settle()
    assert one.teller.ledger.epoch > 10**9
    assert one.teller.ledger.channel(two.peer).mine.limit == 3
    assert not one.trouble + two.trouble


def test_what_nobody_asked_for_is_not_taken() -> None:
    """A peer that shows something by itself is not heard."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 5))
    net.settle()
    one.teller.shown(two.peer, one.rows, 1)
    one.work()
    assert not one.trouble


def test_both_may_close_one_agreement() -> None:
    """And dispute what was done under it; whichever comes first."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    (agreement,) = one.teller.ledger.channel(two.peer).agreements
    for party, other in ((one, two), (two, one)):
        party.say(other, Close(agreement))
        party.say(other, Dispute(agreement, agreement, "it is another"))
    net.settle()
    assert not one.teller.ledger.channel(two.peer).agreements
    assert not two.teller.ledger.channel(one.peer).agreements
    assert not one.trouble + two.trouble


def test_who_asks_for_a_reset_gives_no_voucher_before_the_answer() -> None:
    """It would say less than the other counts, if that has agreed meanwhile."""
    net, one, two = _pair()
    _trade(one, two)
    channel = one.teller.ledger.channel(two.peer)
    body = Reset(1, channel.in_order(50, 0), "it was settled")
    one.say(two, body)
    (agreement,) = channel.agreements
    one.say(two, *billed(agreement, 7))
    with pytest.raises(Refused, match="answer to a reset"):
        _vouch(one, two)
    net.settle()
    two.say(one, body)
    net.settle()
    _vouch(one, two)
    net.settle()
    assert _balances(one, two) == (-207, 207)
    assert not one.trouble + two.trouble


def test_what_is_lost_comes_back_with_what_it_names() -> None:
    """What is shown without that is not taken, as of a peer that has pruned; nothing is signed."""
    net, one, two = _pair()
    copy = list(one.rows)
    _trade(one, two)
    net.settle()
    one.restore(copy)
    two.rows = [Row(row.written) for row in two.rows]
    net.connect(one, two)
    net.settle()
    assert not one.trouble + two.trouble
    assert one.teller.ledger.channel(two.peer).mine.debt == 0
    assert not one.teller.may_sign(two.peer)


def test_what_was_not_done_is_still_to_be_done() -> None:
    """When whoever does it fails on the way."""
    one, two = Net().party(), Keeper(2)
    one.teller.enter(two.peer, Open(two.peer.key, 0, 5), 0)
    one.teller.enter(two.peer, Limit(6), 0)
    one.teller.saved(len(one.teller.unsaved()))
    first = next(iter(one.teller.actions()))
    assert isinstance(first, Entered)
    assert isinstance(first.written.body, Open)
    (left,) = one.teller.actions()
    assert isinstance(left, Entered)
    assert left.written.body == Limit(6)


def test_what_was_to_be_asked_on_a_line_is_not_asked_on_the_next() -> None:
    """When it is durable at last, it would say less than is here by then."""
    one, two = Net().party(), Keeper(2)
    one.teller.enter(two.peer, Open(two.peer.key, 0, 5), 0)
    one.work()
    one.teller.enter(two.peer, Limit(6), 0)
    one.teller.opened(two.peer)
    one.teller.opened(two.peer)
    one.teller.saved(len(one.teller.unsaved()))
    assert [action for action in one.teller.actions() if isinstance(action, Ask)] == [
        Ask(two.peer, None)
    ]
