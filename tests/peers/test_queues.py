"""What waits for any provider comes in its order, and together with what reads the same."""

from engine.content.cid import RAW, Cid
from peers.queues import Queues
from peers.run_frames import Task
from peers.shape import shape_of
from peers.step_messages import Need

NEED = Need(Cid.of(RAW, b"environment"), 1, 1, 1_000)
ELSEWHERE = Cid.of(RAW, b"elsewhere")


def task(number: int, *away: Cid) -> Task:
    """Return a step."""
    return Task(number, Cid.of(RAW, b"%d" % number), NEED, 0, None, (), (), away=away)


SHAPE = shape_of(task(0))


def queues(*tasks: Task) -> Queues:
    """Return those in which some wait."""
    made = Queues()
    for one in tasks:
        made.add(one)
    return made


def test_no_more_are_taken_than_are_asked_for() -> None:
    """Nor more than wait."""
    waiting = queues(task(1), task(2), task(3))
    assert waiting.take(SHAPE, 2) == [task(1), task(2)]
    assert waiting.take(SHAPE, 2) == [task(3)]


def test_what_reads_other_content_that_is_away_is_not_taken_along() -> None:
    """It may have to go elsewhere."""
    waiting = queues(task(1), task(2), task(3, ELSEWHERE), task(4))
    assert waiting.take(SHAPE, 9) == [task(1), task(2)]
    assert waiting.take(SHAPE, 9) == [task(3, ELSEWHERE)]
    assert waiting.take(SHAPE, 9) == [task(4)]


def test_what_comes_back_is_the_next() -> None:
    """It has waited for longest."""
    waiting = queues(task(1))
    waiting.add(task(2), is_first=True)
    assert waiting.first(SHAPE) == task(2)


def test_of_a_shape_of_which_none_waits_nothing_is_known() -> None:
    """Neither after all were taken nor after the last was removed."""
    waiting = queues(task(1), task(2))
    waiting.take(SHAPE, 1)
    waiting.remove(task(2))
    assert waiting.counts() == {}
    assert waiting.first(SHAPE) is None
