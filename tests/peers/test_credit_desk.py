"""What commands may have a node sign: done by the ledger of a peer, on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.control import Control, Visitor
from peers.credit_desk import CreditDesk
from peers.plain import Plain
from peers.settlement import Settlement
from tests.peers.banks import Bank, until
from tests.peers.keys import identity

OTHER = str(identity(9).peer)


class Caller(Visitor):
    """A command that notes what it is answered."""

    def __init__(self, home: Path) -> None:
        super().__init__(Control(home, lambda *_: None), lambda *_: None)
        self.answers: list[Plain] = []

    def send(self, value: Plain) -> None:
        """Note an answer."""
        self.answers.append(value)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Return a peer with a ledger."""
    bank = Bank(1, tmp_path / "one")
    yield bank
    bank.close()


def _asked(bank: Bank, *words: Plain) -> Caller:
    desk = CreditDesk(bank.credit, Settlement(bank.treasury, bank._say))
    caller, (name, *rest) = Caller(bank.home), words
    assert isinstance(name, str)
    desk.attend(caller, name, rest)
    return caller


def test_a_limit_is_in_the_file_when_a_command_is_answered(bank: Bank) -> None:
    """Whoever reads the ledger after that reads what was asked for."""
    caller = _asked(bank, "limit", OTHER, "20000000")
    assert not caller.answers
    assert not bank.book.balances()
    until(lambda: caller.answers, bank)
    assert caller.answers == [("ok", None)]
    assert [one.limit_granted for one in bank.book.balances()] == [20_000_000]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("limit", str(identity(1).peer), "5"), "nobody lends to themselves"),
        (("limit", OTHER, "much"), "with other words"),
        (("limit", OTHER), "with other words"),
        (("close", OTHER), "nothing was traded with this peer"),
        (("reset", OTHER, "5", "why"), "nothing was traded with this peer"),
        (("accept", OTHER), "this peer asks for no reset"),
        (("accept", OTHER, "5"), "this peer asks for no reset"),
        (("refuse", OTHER), "this peer asks for no reset"),
    ],
)
def test_what_is_refused_is_answered_at_once(bank: Bank, words: tuple[str, ...], said: str) -> None:
    """With what is wrong, and nothing is signed."""
    (answer,) = _asked(bank, *words).answers
    assert isinstance(answer, tuple)
    assert said in str(answer[2])
    assert not bank.treasury.ledger.channels
