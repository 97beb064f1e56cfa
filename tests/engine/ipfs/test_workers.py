"""Workers do some things at a time, in order, and nobody waits for them in the end."""

import threading
from collections.abc import Iterator

import pytest

from engine.ipfs.workers import Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Return two, which are told to end."""
    made = Workers(2)
    yield made
    made.close()


def test_what_comes_is_in_order(workers: Workers) -> None:
    """Though what was begun later may be done first."""
    second = threading.Event()

    def work(item: int) -> int:
        if item:
            second.set()
        else:
            assert second.wait(60)
        return item

    assert list(workers.map(work, range(5))) == [0, 1, 2, 3, 4]


def test_no_more_is_taken_than_can_be_done(workers: Workers) -> None:
    """What is to be worked on may be without end."""
    taken: list[int] = []

    def items() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    found = workers.map(str, items())
    assert [next(found) for _ in range(10)] == [str(n) for n in range(10)]
    assert len(taken) <= 10 + 2


def test_what_goes_wrong_is_raised_in_its_turn(workers: Workers) -> None:
    """What came before it is there; and other work is done afterwards."""
    found = workers.map(lambda item: 6 // item, [1, 2, 0, 3])
    assert [next(found), next(found)] == [6, 3]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(workers.map(len, ["a"])) == [1]


def test_nobody_waits_for_what_does_not_end(workers: Workers) -> None:
    """Who closes while a thread is held up goes on: its threads die with the process."""
    held = threading.Event()
    found = workers.map(lambda item: held.wait(60) if item else item, [0, 1, 1])
    assert next(found) == 0
    workers.close()
    names = [one for one in threading.enumerate() if one.name == "ipfs"]
    assert names
    assert all(one.daemon for one in names)
    held.set()
