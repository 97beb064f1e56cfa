"""Steps of one peer run at another, over real connections and with real stores."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.step import RESULT
from peers.work_messages import Need
from tests.peers.lenders import Borrower, Lender, environment, step
from tests.peers.traders import until

MIB = 2**20


class Pair:
    """A provider, and a requester that has met it."""

    def __init__(self, folder: Path, **options: object) -> None:
        """Open both homes."""
        self.folder = folder
        self.lender = Lender(1, folder / "lender", **options)
        self.borrower = Borrower(2, folder / "borrower")
        self.environment = environment(self.borrower.store)
        self.need = Need(self.environment, 64 * MIB, 64 * MIB, 60_000)
        self.meet()

    def meet(self) -> None:
        """Connect them."""
        self.borrower.trader.meet(self.lender)
        self.until(lambda: self.borrower.line)

    def until(self, is_so: Callable[[], object]) -> None:
        """Let time pass until something is so."""
        until(is_so, self.lender, self.borrower.trader)

    def agree(self, **terms: object) -> Cid:
        """Come to an agreement."""
        agreement, asked = self.borrower.offer(self.lender, **terms)
        self.until(lambda: self.borrower.answer(asked))
        assert self.borrower.answer(asked).value.agreement == agreement
        return agreement

    def steps(self, count: int) -> list[Cid]:
        """Return new steps of the requester's."""
        return [
            step(self.borrower.store, f"step {number}", {"i": b"%d" % number})
            for number in range(count)
        ]

    def close(self) -> None:
        """End both."""
        self.lender.close()
        self.borrower.trader.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Return both."""
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def test_a_step_runs_elsewhere(pair: Pair) -> None:
    """What it takes is fetched, what it gave is told, signed, and can be had."""
    agreement = pair.agree()
    (one,) = pair.steps(1)
    asked = pair.borrower.lease(agreement, [one], [pair.need])
    pair.until(lambda: pair.borrower.told)
    assert pair.borrower.answers[asked] == b""
    (told,) = pair.borrower.told
    assert told.batch.signer == pair.lender.peer
    result = RESULT.decode(told.records[0].data)
    assert (result.step, result.exit_code, result.outputs.keys()) == (one, 0, {"o"})
    ends: list[object] = []
    fetched = pair.borrower.trader.depot
    fetched.fetch(agreement, tuple(result.outputs.values()), [pair.lender.peer], ends.append)
    pair.until(lambda: ends)
    assert ends == [None]
    assert pair.lender.memo.look_up([one])[one][0].result == told.said[0].result
