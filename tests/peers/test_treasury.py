"""Treasury: what others ask of a ledger costs no more than it may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.connection import Connection
from peers.credit_messages import (
    ENTRIES_TYPE,
    SHOW_TYPE,
    Lost,
    Taken,
    Told,
    read_entries,
    read_taken,
    write_entries,
    write_lost,
)
from peers.entries import Open
from peers.place import place_of
from peers.queries import MAX_WAITING
from tests.peers.banks import Bank, until

NOTHING = write_lost(Lost(None, None))  # is here any more


@pytest.fixture
def met(tmp_path: Path) -> Iterator[tuple[Bank, Bank, Connection]]:
    """Return two banks that have met, and the line of the second."""
    one, two = Bank(1, tmp_path / "one"), Bank(2, tmp_path / "two")
    two.meet(one)
    until(lambda: one.lines.control(two.peer) and two.lines.control(one.peer), one, two)
    line = two.lines.control(one.peer)
    assert line is not None
    yield one, two, line
    one.close()
    two.close()


def test_of_who_is_gone_nothing_is_kept(met: tuple[Bank, Bank, Connection]) -> None:
    """But where something was said: keys are made by the thousand."""
    one, two, line = met
    three = Bank(3, one.home.parent / "three")
    three.meet(one)
    until(lambda: three.treasury.may_sign(one.peer) and one.lines.control(three.peer), one, three)
    three.treasury.enter(one.peer, Open(one.peer.key, 0, 5))
    until(lambda: one.treasury.account(three.peer).theirs.is_open, one, three)
    for bank, ends in ((two, line), (three, three.lines.control(one.peer))):
        assert ends is not None
        one.treasury._post.asking(bank.peer).ask(SHOW_TYPE, NOTHING, lambda _: None)
        assert list(one.treasury._post._askings) == [bank.peer]
        bank.post.end(ends, "it goes", is_fault=False)
        until(lambda bank=bank: one.lines.control(bank.peer) is None, one, bank)
        one.treasury._post.asking(bank.peer).ask(SHOW_TYPE, NOTHING, lambda _: None)
    assert not one.treasury._post._askings
    assert list(one.treasury._teller._lines) == [three.peer]
    three.close()


def test_what_was_lost_is_shown_in_turn(met: tuple[Bank, Bank, Connection]) -> None:
    """To whom asks for it; who asks again and again is cut off."""
    one, two, line = met
    two.treasury.enter(one.peer, Open(one.peer.key, 0, 5))
    until(lambda: one.treasury.account(two.peer).theirs.is_open, one, two)
    shown: list[bytes] = []
    asking = two.treasury._post.asking(one.peer)
    asking.ask(SHOW_TYPE, NOTHING, lambda body: shown.append(body or b""))
    until(lambda: shown, one, two)
    (opening,) = read_entries(shown[0]).entries
    assert opening.body == Open(one.peer.key, 0, 5)
    for _ in range(4 * MAX_WAITING):
        two.post.ask(line, SHOW_TYPE, NOTHING, 60_000)
    until(lambda: one.lines.control(two.peer) is None, one, two)


def test_who_says_the_same_again_and_again_is_cut_off(met: tuple[Bank, Bank, Connection]) -> None:
    """To verify it takes as long as if it were new. Once it is answered: the answer may be lost."""
    one, two, line = met
    written = two.treasury.enter(one.peer, Open(one.peer.key, 0, 5))
    until(lambda: one.treasury.account(two.peer).theirs.is_open, one, two)
    answers: list[bytes] = []
    again = write_entries([Told(written.signed)])
    asking = two.treasury._post.asking(one.peer)
    asking.ask(ENTRIES_TYPE, again, lambda body: answers.append(body or b""))
    until(lambda: answers, one, two)
    assert read_taken(answers[0]) == Taken(place_of(written), "")
    for _ in range(4 * MAX_WAITING):
        two.post.ask(line, ENTRIES_TYPE, again, 60_000)
    until(lambda: one.lines.control(two.peer) is None, one, two)
