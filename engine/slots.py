"""Slots: the threads that run steps, each step with a runner to itself."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Condition
from typing import Final, NamedTuple

from engine.rows import Name
from engine.runner import Order, Report, Runner
from engine.sandbox.base import LogSink

_AGAIN_S: Final = 0.1  # a step that was not quite begun did not hear a cancel


def _unheard() -> None:
    """Tell nobody."""


class _Queued(NamedTuple):
    work: "Future[None]"  # the pool's
    end: "Future[Report]"


class Slots:
    """As many steps at once as there are runners; one that is started then waits for a runner."""

    def __init__(self, runners: Sequence[Runner]) -> None:
        """Take the runners, which are closed with the slots."""
        self._runners = tuple(runners)
        self._idle: SimpleQueue[Runner] = SimpleQueue()
        for runner in runners:
            self._idle.put(runner)
        self._queued: dict[Name, _Queued] = {}  # started, and not begun
        self._busy: dict[Name, Runner] = {}
        self._lock = Condition()
        self._pool = ThreadPoolExecutor(len(runners), thread_name_prefix="slot")

    def __len__(self) -> int:
        return len(self._runners)

    @property
    def has_idle(self) -> bool:
        """Whether a step that is started now would begin at once."""
        with self._lock:
            return len(self._queued) + len(self._busy) < len(self._runners)

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
            work = self._pool.submit(self._serve, name, order, logs, begun, end)
            self._queued[name] = _Queued(work, end)

    def cancel(self, name: Name) -> None:
        """End a step; to be repeated until it has ended, as it may be just about to begin."""
        with self._lock:
            runner = self._busy.get(name)
            queued = self._queued.get(name)
            if queued is not None and queued.work.cancel():  # once: another may cancel it too
                del self._queued[name]
            else:
                queued = None
        if runner is not None:
            runner.cancel()
        elif queued is not None:
            queued.end.cancel()

    def close(self) -> None:
        """End what runs, then give the runners back."""
        self._give_back()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            while self._busy or self._queued:  # those that no cancel reached are about to begin
                for runner in self._busy.values():
                    runner.cancel()
                self._lock.wait(_AGAIN_S)
        self._pool.shutdown()
        for runner in self._runners:
            runner.close()

    def _serve(
        self,
        name: Name,
        order: Order,
        logs: LogSink,
        begun: Callable[[], None],
        end: "Future[Report]",
    ) -> None:
        """Run a step and tell its end; begin nothing after a failure before that is judged."""
        report = None
        try:
            report = self._run(name, order, logs, begun)
            end.set_result(report)
        except BaseException as error:  # raised again in the thread that asks the future
            end.set_exception(error)
        if report is None or not report.succeeded:
            self._give_back()

    def _run(self, name: Name, order: Order, logs: LogSink, begun: Callable[[], None]) -> Report:
        runner = self._idle.get()
        with self._lock:
            del self._queued[name]
            self._busy[name] = runner
        try:
            begun()
            return runner.run(order, logs)
        finally:
            with self._lock:
                del self._busy[name]
                self._lock.notify_all()
            self._idle.put(runner)

    def _give_back(self) -> None:
        with self._lock:
            queued = tuple(self._queued)
        for name in queued:
            self.cancel(name)
