"""Slots: the threads that run steps, each step with a runner to itself."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Condition
from typing import Final

from engine.rows import Name
from engine.runner import Order, Report, Runner
from engine.sandbox.base import LogSink

_AGAIN_S: Final = 0.1  # a step that was not quite begun did not hear a cancel


class Slots:
    """As many steps at once as there are runners."""

    def __init__(self, runners: Sequence[Runner]) -> None:
        """Take the runners, which are closed with the slots."""
        self._runners = tuple(runners)
        self._idle: SimpleQueue[Runner] = SimpleQueue()
        for runner in runners:
            self._idle.put(runner)
        self._busy: dict[Name, Runner] = {}
        self._lock = Condition()
        self._pool = ThreadPoolExecutor(len(runners), thread_name_prefix="slot")

    def __len__(self) -> int:
        return len(self._runners)

    def start(
        self, name: Name, order: Order, logs: LogSink, done: Callable[["Future[Report]"], None]
    ) -> None:
        """Run a step; `done` is called from its thread, with the report or what was raised."""
        self._pool.submit(self._run, name, order, logs).add_done_callback(done)

    def cancel(self, name: Name) -> None:
        """End a step; to be repeated until it has ended, as it may not have begun."""
        with self._lock:
            runner = self._busy.get(name)
        if runner is not None:
            runner.cancel()

    def close(self) -> None:
        """End what runs, then give the runners back."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            while self._busy:
                for runner in self._busy.values():
                    runner.cancel()
                self._lock.wait(_AGAIN_S)
        self._pool.shutdown()
        for runner in self._runners:
            runner.close()

    def _run(self, name: Name, order: Order, logs: LogSink) -> Report:
        runner = self._idle.get()
        with self._lock:
            self._busy[name] = runner
        try:
            return runner.run(order, logs)
        finally:
            with self._lock:
                del self._busy[name]
                self._lock.notify_all()
            self._idle.put(runner)
