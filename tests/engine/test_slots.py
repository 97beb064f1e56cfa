"""Steps at once."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass

from engine.slots import Slots


@dataclass(frozen=True)
class Gave:
    """A Report, as far as slots look at it."""

    order: object
    succeeded: bool = True


class Busy:
    """A Runner that goes on until it is cancelled, or until it was let go."""

    def __init__(self, *, succeeds: bool = True) -> None:
        self.succeeds = succeeds
        self.begun = threading.Event()
        self.go = threading.Event()
        self.closed = False

    def run(self, order, logs):
        """Wait."""
        self.begun.set()
        assert self.go.wait(10)
        return Gave(order, self.succeeds)

    def cancel(self) -> None:
        """Stop waiting."""
        self.go.set()

    def close(self) -> None:
        """Remember."""
        self.closed = True


def test_each_step_has_a_runner_to_itself() -> None:
    """Two runners run two steps at once; a third step waits for one of them."""
    runners = [Busy(), Busy()]
    slots = Slots(runners)
    ended: list[Future] = []
    for index in range(3):
        slots.start(("a", index), index, None, ended.append)
    assert all(runner.begun.wait(10) for runner in runners)
    assert ended == []

    for runner in runners:
        runner.go.set()
    slots.close()

    assert sorted(future.result().order for future in ended if not future.cancelled()) <= [0, 1, 2]
    assert all(runner.closed for runner in runners)


def test_a_cancel_reaches_the_runner_of_the_step() -> None:
    """Only the step that is named is ended."""
    runners = [Busy(), Busy()]
    slots = Slots(runners)
    done = threading.Event()
    ended: list[object] = []
    for index in range(2):
        slots.start(
            ("a", index), index, None, lambda f: (ended.append(f.result().order), done.set())
        )
    assert all(runner.begun.wait(10) for runner in runners)

    slots.cancel(("a", 1))
    assert done.wait(10)
    slots.cancel(("nobody", 0))

    assert ended == [1]
    slots.close()


def test_closing_ends_what_runs() -> None:
    """Nobody waits for a step that would go on for ever."""
    runner = Busy()
    slots = Slots([runner])
    slots.start(("a", 0), 0, None, lambda _: None)
    assert runner.begun.wait(10)

    slots.close()

    assert runner.closed


def test_a_step_that_has_not_begun_is_cancelled_at_once() -> None:
    """It waits for no runner, is heard of once, and never begins."""
    runner = Busy()
    slots = Slots([runner])
    ended: list[Future] = []
    begun: list[int] = []
    for index in range(2):
        slots.start(("a", index), index, None, ended.append, lambda at=index: begun.append(at))
    assert runner.begun.wait(10)
    assert not slots.has_idle

    slots.cancel(("a", 1))

    assert [future.cancelled() for future in ended] == [True]
    slots.close()
    assert begun == [0]


def test_after_a_failure_nothing_begins_unasked() -> None:
    """What waited for the runner of a step that failed is given back, once the end was told."""
    runner = Busy(succeeds=False)
    slots = Slots([runner])
    told: list[object] = []
    both = threading.Event()

    def hear(future: Future) -> None:
        told.append("given back" if future.cancelled() else future.result().order)
        if len(told) == 2:
            both.set()

    for index in range(2):
        slots.start(("a", index), index, None, hear)
    assert runner.begun.wait(10)
    runner.go.set()
    assert both.wait(10)

    assert told == [0, "given back"]
    assert slots.has_idle
    slots.close()


def test_a_step_that_is_cancelled_while_queued_can_be_started_again() -> None:
    """Cancelling it twice is no error, and the new start runs."""
    runner = Busy()
    slots = Slots([runner])
    ended: list[Future] = []
    slots.start(("a", 0), 0, None, ended.append)
    assert runner.begun.wait(10)
    slots.start(("a", 1), 1, None, ended.append)

    slots.cancel(("a", 1))
    slots.cancel(("a", 1))
    slots.start(("a", 1), 2, None, ended.append)
    runner.go.set()
    while len(ended) < 3:
        threading.Event().wait(0.01)
    slots.close()

    assert sorted(end.result().order for end in ended if not end.cancelled()) == [0, 2]


def test_nothing_begins_once_it_is_closed() -> None:
    """A step that is started too late is given back, and no slot is idle."""
    slots = Slots([Busy()])
    slots.close()
    ended: list[Future] = []

    slots.start(("a", 0), 0, None, ended.append)

    assert [end.cancelled() for end in ended] == [True]
    assert not slots.has_idle


def test_a_step_that_is_started_as_another_ends_begins() -> None:
    """Whoever hears of an end may start as many as it likes: all slots take part again."""
    runners = [Busy(), Busy()]
    slots = Slots(runners)

    def more(_: Future) -> None:
        for runner in runners:
            runner.begun.clear()
            runner.go.clear()
        for index in (1, 2):
            slots.start(("a", index), index, None, lambda _: None)

    slots.start(("a", 0), 0, None, more)
    while not any(runner.begun.is_set() for runner in runners):
        threading.Event().wait(0.001)
    first = next(runner for runner in runners if runner.begun.is_set())
    first.go.set()
    assert all(runner.begun.wait(10) for runner in runners)  # at one time

    for runner in runners:
        runner.go.set()
    slots.close()
