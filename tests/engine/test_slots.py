"""Steps at once."""

import threading
from concurrent.futures import Future

from engine.slots import Slots


class Busy:
    """A Runner that goes on until it is cancelled, or until it was let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self.closed = False

    def run(self, order, logs):
        """Wait."""
        self.begun.set()
        assert self.go.wait(10)
        return order

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

    assert sorted(future.result() for future in ended if not future.cancelled()) <= [0, 1, 2]
    assert all(runner.closed for runner in runners)


def test_a_cancel_reaches_the_runner_of_the_step() -> None:
    """Only the step that is named is ended."""
    runners = [Busy(), Busy()]
    slots = Slots(runners)
    done = threading.Event()
    ended: list[object] = []
    for index in range(2):
        slots.start(("a", index), index, None, lambda f: (ended.append(f.result()), done.set()))
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
