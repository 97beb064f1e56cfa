"""Slots: the threads that run steps, each with a runner of its own.

A thread that has ended a step takes the next itself; another is woken for what it leaves.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Final, NamedTuple

from engine.rows import Name
from engine.runner import Order, Report, Runner
from engine.sandbox.base import LogSink

_AGAIN_S: Final = 0.1  # a step that was not quite begun did not hear a cancel


def _unheard() -> None:
    """Tell nobody."""


class _Queued(NamedTuple):
    order: Order
    logs: LogSink
    begun: Callable[[], None]
    end: "Future[Report]"


class Slots:
    """As many steps at once as there are runners; one that is started then waits for a runner."""

    def __init__(self, runners: Sequence[Runner]) -> None:
        """Take the runners, which are closed with the slots."""
        self._runners = tuple(runners)
        self._threads: list[Thread] = []  # none until a step is started
        self._queued: dict[Name, _Queued] = {}  # started, and not begun; the first is next
        self._busy: dict[Name, Runner] = {}
        self._ending = 0  # threads that tell what came of a step, and look for the next then
        self._is_closing = False
        self._lock = Condition()  # over the above: a step is there, or has ended

    def __len__(self) -> int:
        return len(self._runners)

    @property
    def has_idle(self) -> bool:
        """Whether a step that is started now would begin at once."""
        with self._lock:
            taken = len(self._queued) + len(self._busy)
            return not self._is_closing and taken < len(self._runners)

    def start(
        self,
        name: Name,
        order: Order,
        logs: LogSink,
        done: Callable[["Future[Report]"], None],
        begun: Callable[[], None] = _unheard,
    ) -> None:
        """Run a step, begun in the order of the calls; `begun` is called from its thread.

        `done` too, with the report or what was raised: CancelledError of one that did not begin,
        as it was cancelled or another failed before.
        """
        end: Future[Report] = Future()
        end.add_done_callback(done)
        with self._lock:
            if is_taken := not self._is_closing:
                self._queued[name] = _Queued(order, logs, begun, end)
                self._have_taken()
        if not is_taken:
            end.cancel()

    def cancel(self, name: Name) -> None:
        """End a step; to be repeated until it has ended, as it may be just about to begin."""
        with self._lock:
            runner = self._busy.get(name)
            queued = self._queued.pop(name, None)
        if runner is not None:
            runner.cancel()
        elif queued is not None:
            queued.end.cancel()

    def close(self) -> None:
        """End what runs, then give the runners back."""
        with self._lock:
            self._is_closing = True
            self._lock.notify_all()
        self._give_back()
        with self._lock:
            while self._busy:
                for runner in self._busy.values():
                    runner.cancel()
                self._lock.wait(_AGAIN_S)
        for thread in self._threads:
            thread.join()
        for runner in self._runners:
            runner.close()

    def _have_taken(self) -> None:
        """Have what is queued taken by a thread that waits, if none that ends a step will."""
        if not self._threads:
            for number, runner in enumerate(self._runners):
                name = f"slot {number}"
                thread = Thread(target=self._work, args=(runner,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        if len(self._queued) > self._ending:
            self._lock.notify()

    # in the thread of a slot

    def _work(self, runner: Runner) -> None:
        while (taken := self._take(runner)) is not None:
            self._serve(runner, *taken)
            with self._lock:
                self._ending -= 1

    def _take(self, runner: Runner) -> tuple[Name, _Queued] | None:
        """Return the next step, once there is one; None when there will be none."""
        with self._lock:
            while not self._queued:
                if self._is_closing:
                    return None
                self._lock.wait()
            name = next(iter(self._queued))
            self._busy[name] = runner
            return name, self._queued.pop(name)

    def _serve(self, runner: Runner, name: Name, queued: _Queued) -> None:
        """Run a step and tell its end; begin nothing after a failure before that is judged."""
        report = None
        try:
            report = self._run(runner, name, queued)
            queued.end.set_result(report)
        except BaseException as error:  # raised again in the thread that asks the future
            queued.end.set_exception(error)
        if report is None or not report.succeeded:
            self._give_back()

    def _run(self, runner: Runner, name: Name, queued: _Queued) -> Report:
        try:
            queued.begun()
            return runner.run(queued.order, queued.logs)
        finally:
            with self._lock:
                del self._busy[name]
                self._ending += 1
                if self._is_closing:
                    self._lock.notify_all()

    def _give_back(self) -> None:
        with self._lock:
            queued = tuple(self._queued)
        for name in queued:
            self.cancel(name)
