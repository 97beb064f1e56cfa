"""A ledger as bytes is that ledger, and nothing else is one."""

from dataclasses import replace

import pytest

from engine.content.cid import RAW, Cid
from engine.errors import Damaged
from peers import ledger_state
from peers.entries import Checkpoint, Close, Fraud, Limit, Open, Receipt, Reset
from peers.identity import PeerId
from peers.ledger import Ledger, ledger_of
from tests.peers.ledgers import ROOT, Keeper, opened, work

CID = Cid.of(RAW, b"proof")


def rich() -> Ledger:
    """Return a ledger that has something of everything."""
    one, two = opened(10_000)
    three = Keeper(3)
    work(one, two, 500, 120, name="closed")
    two.say(Close(work(one, two, 600, name="open")), one)
    work(two, one, 900, 20, 30, name="back")
    one.pay(two)
    two.pay(one)
    mine, theirs = two.channel(one).mine.standing, two.channel(one).theirs.standing
    both = Checkpoint(1, two.channel(one).in_order(mine, theirs), is_final=False)
    two.say(both, one)
    one.say(both, two)
    one.say(Receipt(work(one, two, 50, name="last"), ROOT, 1, 7), two)
    two.say(Reset(2, (900, 0), "we said so"), one)
    two.say(Fraud(three.peer.key, CID))
    return two.ledger


def test_a_ledger_comes_back_as_it_was() -> None:
    """Nothing of a ledger is lost in its bytes, and the same ledger has the same bytes."""
    ledger = rich()
    data = ledger_state.encode(ledger)
    assert ledger_state.decode(data) == ledger
    backwards = replace(ledger, channels=dict(reversed(list(ledger.channels.items()))))
    assert ledger_state.encode(backwards) == data


def test_a_ledger_has_room_for_all_convicts() -> None:
    """Anybody makes keys and convicts them; with so many it is not one record any more."""
    convicts = {PeerId(bytes(28) + at.to_bytes(4, "big")): CID for at in range(12_000)}
    ledger = replace(rich(), convicts=convicts)
    data = ledger_state.encode(ledger)
    assert ledger_state.decode(data) == ledger
    log = 4 + int.from_bytes(data[:4], "big")
    page = log + 4 + int.from_bytes(data[log : log + 4], "big")
    for wrong in (data[:log] + data[page:], data[:page] + data[log:]):
        with pytest.raises(Damaged):
            ledger_state.decode(wrong)


def test_a_ledger_before_its_first_entry_is_bytes_too() -> None:
    """A ledger with nothing in it comes back."""
    ledger = ledger_of(Keeper(1).peer)
    assert ledger_state.decode(ledger_state.encode(ledger)) == ledger


def test_what_is_cut_short_is_no_ledger() -> None:
    """No beginning of a ledger is one, and nothing may follow it."""
    data = ledger_state.encode(rich())
    for wrong in (*(data[:size] for size in range(0, len(data), 7)), data + b"\0", data * 2):
        with pytest.raises(Damaged):
            ledger_state.decode(wrong)


def test_a_ledger_has_one_form() -> None:
    """Channels that are in another order, or fewer than it says, are none."""
    one, two = opened()
    three = Keeper(3)
    one.say(Open(three.peer.key, 0, 1), three)
    data = ledger_state.encode(one.ledger)
    ends, at = [], 0
    while at < len(data):
        at += 4 + int.from_bytes(data[at : at + 4], "big")
        ends.append(at)
    log, first, second = data[: ends[0]], data[ends[0] : ends[1]], data[ends[1] :]
    assert ledger_state.decode(log + first + second) == one.ledger
    for wrong in (log + second + first, log + first, log + first + first):
        with pytest.raises(Damaged):
            ledger_state.decode(wrong)
    assert two.peer in one.ledger.peers()


def test_what_two_sides_did_not_sign_is_no_checkpoint() -> None:
    """Only a checkpoint or a reset is in the place of one."""
    one, two = opened()
    one.say(Limit(1), two)
    channel = one.channel(two)
    side = replace(channel.mine, signed=Limit(1))  # type: ignore[arg-type]
    wrong = replace(one.ledger, channels={channel.id: replace(channel, mine=side)})
    with pytest.raises(Damaged, match="checkpoint"):
        ledger_state.decode(ledger_state.encode(wrong))
