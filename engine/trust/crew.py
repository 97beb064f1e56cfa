"""CheckingCrew: a crew around one of peers, which has what these give checked before it counts.

What a peer gave is told when it is settled (weighing.py): until then the step is not done. Checks
are executions like others, by this machine or by another peer, and never by who gave the result.
One thread decides: comparing may read much, and whoever tells what ended does not wait.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import Final

from engine.crew import Crew
from engine.errors import TallyError
from engine.rows import Name
from engine.runner import CANCELLED, Order, Report
from engine.sandbox.base import LogSink
from engine.trust.case import Case
from engine.trust.checks import Checks
from engine.trust.weighing import Ask, Settled

Done = Callable[["Future[Report]"], None]

_SILENT: Final[LogSink] = lambda stream, data: None  # noqa: E731 - what a check prints was seen


def _unheard() -> None:
    """Tell nobody."""


class CheckingCrew:
    """The crew of a run whose steps others run."""

    def __init__(self, peers: Crew, own: Crew | None, varied: Crew | None, checks: Checks) -> None:
        """Take who runs the steps, what of this machine may check them, and what judges.

        `varied` is this machine, under other conditions than usual.
        """
        self._peers = peers
        self._crews: dict[Ask, Crew | None] = {"own": own, "varied": varied, "elsewhere": peers}
        self._checks = checks
        self._open: dict[Name, Case] = {}
        self._broken: Exception | None = None  # why nothing that is found can be kept
        self._messages: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="checks", daemon=True)
        self._thread.start()

    @property
    def has_idle(self) -> bool:
        """Whether a step that is started now would begin at once."""
        return self._peers.has_idle

    def start(
        self,
        name: Name,
        order: Order,
        logs: LogSink,
        done: Done,
        begun: Callable[[], None] = _unheard,
    ) -> None:
        """Run a step, and again as often as it takes to believe what came out."""
        end: Future[Report] = Future()
        end.add_done_callback(done)
        case = Case(name, order, end)
        if self._broken is not None:
            self._end(case, self._broken)
            return
        self._open[name] = case
        self._peers.start(name, order, logs, partial(self._post, case, None), begun)

    def cancel(self, name: Name) -> None:
        """End a step, whoever is at work on it."""
        if (case := self._open.get(name)) is not None:
            case.is_cancelled = True
            self._checks.cancel(case)
        for crew in self._crews.values():
            if crew is not None:
                crew.cancel(name)

    def close(self) -> None:
        """Stop checking; the crews are closed by who opened them, before."""
        self._messages.put(None)
        self._thread.join()
        for case in tuple(self._open.values()):
            case.end.cancel()

    # the thread of checks

    def _work(self) -> None:
        while (heard := self._messages.get()) is not None:
            heard()
            if self._messages.empty():  # what many checks came to is written down together
                self._write()
        self._write()

    def _write(self) -> None:
        """Write down what was found; what cannot be is told to whoever waits for a step."""
        try:
            self._checks.write()
        except Exception as error:
            self._broken = error
            for case in tuple(self._open.values()):
                self._end(case, error)

    def _post(self, case: Case, ask: Ask | None, future: "Future[Report]") -> None:
        self._messages.put(partial(self._hear, case, ask, future))

    def _hear(self, case: Case, ask: Ask | None, future: "Future[Report]") -> None:
        """Take what came of an execution: of the first (None), or of a check."""
        try:
            if ask is None:
                self._on_first(case, future)
            else:
                self._on_check(case, ask, future)
        except Exception as error:  # a bug, too, is for whoever waits for the step
            self._end(case, error)

    def _on_first(self, case: Case, future: "Future[Report]") -> None:
        try:
            report = future.result()
        except (CancelledError, TallyError) as error:
            self._end(case, error)
            return
        if report.succeeded and report.is_kept and self._checks.take_first(case, report):
            self._go_on(case)
        else:
            self._end(case, report)

    def _on_check(self, case: Case, ask: Ask, future: "Future[Report]") -> None:
        if case.is_cancelled:
            self._end(case, CancelledError())
            return
        try:
            report = future.result()
        except CancelledError:  # it had not begun when another step failed
            self._ask(case, ask)
            return
        except TallyError as error:  # nobody is there for it, or not with so much room
            self._checks.lack(case, ask, error)
        else:
            if report.attestation.reason == CANCELLED:
                self._end(case, CancelledError())
                return
            self._checks.take(case, ask, report)
        self._go_on(case)

    def _go_on(self, case: Case) -> None:
        if case.is_cancelled:
            self._end(case, CancelledError())
            return
        decision = self._checks.weigh(case)
        if isinstance(decision, Settled):
            self._settle(case, decision)
        else:
            self._ask(case, decision)

    def _ask(self, case: Case, ask: Ask) -> None:
        order = replace(case.order, is_again=True, apart=self._checks.apart(case))
        crew = self._crews[ask]
        if crew is None:
            case.lacking.add(ask)
            self._go_on(case)
        else:
            crew.start(case.name, order, _SILENT, partial(self._post, case, ask))

    def _settle(self, case: Case, settled: Settled) -> None:
        self._checks.settle(case, settled)
        if settled.accepted is None:
            self._end(case, self._checks.unbelieved(case))
            return
        accepted = case.reports[settled.accepted]
        others = tuple(one for one in case.reports if one is not accepted)
        self._end(case, replace(accepted, others=others))

    def _end(self, case: Case, outcome: Report | BaseException) -> None:
        if self._open.get(case.name) is case:
            del self._open[case.name]
        with suppress(Exception):  # the future was cancelled: nobody wants to know
            if isinstance(outcome, CancelledError):
                case.end.cancel()
            elif isinstance(outcome, BaseException):
                case.end.set_exception(outcome)
            else:
                case.end.set_result(outcome)
