"""Plan: decides what happens next in a run. Events in, actions out; no I/O, no clock. Pure.

A Plan is told what became true and answers with what should be done; whoever drives it (the
scheduler, a simulator, a test) does that and reports back. An instance of a step lives by the
table in plan_table.py; what its end reaches is followed in instances.py.

>>> plan = Plan([Group("a", 1, False, (), False, 1, 0, 0, True)], Capacity(1, 1, 1))
>>> plan.begin()
(Resolve(step='a', indexes=range(0, 1)),)
>>> plan.handle(Resolved("a", reusable=(), missing=(0,)))
(Start(step='a', index=0, attempt=1),)
>>> plan.handle(Ran("a", 0))
()
>>> plan.handle(Done("a", 0))
(Finish(status='succeeded'),)
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.admission import Capacity
from engine.attempts import Attempts
from engine.instances import BLOCK, Instances
from engine.plan_events import (
    Action,
    Cancel,
    Cancelled,
    CancelRequested,
    Done,
    Event,
    Expand,
    Expanded,
    Failed,
    Finish,
    GiveUp,
    Lost,
    Ran,
    Resolve,
    Resolved,
    Returned,
    Reuse,
    Shared,
    Skip,
    Start,
    Status,
    Unexpandable,
)
from engine.plan_graph import Graph
from engine.plan_table import Cause, State
from engine.questions import Questions
from engine.ranks import rank_of, split
from engine.rows import WHOLE
from engine.workflow.graph import Group


class Plan:
    """One run of a workflow's groups on a machine of some capacity."""

    def __init__(
        self, groups: Sequence[Group], capacity: Capacity, *, keep_going: bool = False
    ) -> None:
        """Take the groups; nothing happens before `begin`.

        Raises: Refused for a step that needs more than the machine lends.
        """
        self._graph = Graph(groups)
        self._instances = Instances(self._graph)
        self._questions = Questions()  # Resolve and Expand
        self._attempts = Attempts(self._graph.groups, capacity)
        self._keep_going = keep_going
        self._failed = self._cancelled = self._stopping = self._finished = False
        self._cut = False  # an instance was stopped while it ran
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Resolved: self._on_resolved,
            Shared: self._on_shared,
            Ran: self._on_ran,
            Done: self._on_done,
            Failed: self._on_failed,
            Lost: self._on_lost,
            Returned: self._on_returned,
            Cancelled: self._on_cancelled,
            Expanded: self._on_expanded,
            Unexpandable: self._on_unexpandable,
            CancelRequested: self._on_cancel_requested,
        }

    def begin(self) -> tuple[Action, ...]:
        """Return the first actions."""
        self._instances.begin()
        return self._settle()

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take what became true and return what should be done.

        Raises: ValueError for an event that has no row in the table.
        """
        return self.handle_all((event,))

    def handle_all(self, events: Iterable[Event]) -> tuple[Action, ...]:
        """Take all that became true meanwhile, in order; return what should be done then.

        Raises: as `handle`.
        """
        for event in events:
            self._handlers[type(event)](event)
        return self._settle()

    def state(self, step: str, index: int) -> State:
        """Return where an instance is."""
        return self._instances.state(self._rank(step, index))

    def count(self, step: str) -> int | None:
        """Return the number of a step's instances; None while it is not known."""
        return self._instances.count(self._graph.number[step])

    # what became true

    def _on_resolved(self, event: Resolved) -> None:
        number = self._graph.number[event.step]
        self._questions.answered(len(event.reusable) + len(event.missing))
        if event.reusable:
            self._instances.move_all(number, event.reusable, Cause.FOUND)
            self._actions.append(Reuse(event.step, event.reusable))
        if event.missing:
            self._instances.move_all(number, event.missing, Cause.MISSING)
            for index in event.missing:
                self._attempts.queue(rank_of(number, index))

    def _on_shared(self, event: Shared) -> None:
        self._leave(self._rank(event.step, event.index), Cause.FOUND)
        self._actions.append(Reuse(event.step, (event.index,)))

    def _on_ran(self, event: Ran) -> None:
        rank = self._rank(event.step, event.index)
        self._instances.move(rank, Cause.RAN)
        self._attempts.ran(rank)

    def _on_done(self, event: Done) -> None:
        self._leave(self._rank(event.step, event.index), Cause.SUCCEEDED)

    def _on_failed(self, event: Failed) -> None:
        rank = self._rank(event.step, event.index)
        if rank in self._attempts:
            self._end_attempt(rank, again=event.retryable and self._attempts.failed(rank))
            return
        self._instances.move(rank, Cause.FAILED)  # its key could not be computed
        self._questions.answered()
        self._give_up(event.step, event.index)

    def _on_lost(self, event: Lost) -> None:
        rank = self._rank(event.step, event.index)
        self._end_attempt(rank, again=self._attempts.lost(rank))

    def _on_returned(self, event: Returned) -> None:
        rank = self._rank(event.step, event.index)
        self._leave(rank, Cause.REPEATED, began=False)
        self._attempts.queue(rank)

    def _on_cancelled(self, event: Cancelled) -> None:
        self._cut = True
        self._leave(self._rank(event.step, event.index), Cause.STOPPED)
        self._actions.append(Skip(event.step, event.index, wanted=True))

    def _on_expanded(self, event: Expanded) -> None:
        self._questions.answered()
        self._instances.expand(self._graph.number[event.step], event.count)

    def _on_unexpandable(self, event: Unexpandable) -> None:
        number = self._graph.number[event.step]
        self._questions.answered()
        self._give_up(event.step, WHOLE)
        self._instances.abandon(number, BLOCK)
        self._instances.abandoned.remove((number, BLOCK))  # it has failed: it is not skipped too

    def _on_cancel_requested(self, _: CancelRequested) -> None:
        if self._cancelled or self._finished:
            return
        self._cancelled = self._stopping = True
        self._actions.extend(Cancel(*self._name(rank)) for rank in self._attempts.running())

    # what follows

    def _settle(self) -> tuple[Action, ...]:
        """Collect what became possible, ask and start as much as may be, notice the end."""
        self._collect()
        if not self._stopping:
            self._ask()
            self._start()
        if not (self._finished or self._questions.open or self._attempts.open):
            self._finish()
        actions, self._actions = tuple(self._actions), []
        return actions

    def _collect(self) -> None:
        found = self._instances
        for rank in found.left_out:
            self._skip(rank)
        for number, mark in found.abandoned:
            self._actions.append(Skip(self._graph.groups[number].step, WHOLE, mark == BLOCK))
        for span in found.ready:
            self._questions.add(span)
        if not self._stopping:
            self._questions.asked(len(found.expandable))
            steps = (self._graph.groups[number].step for number in found.expandable)
            self._actions.extend(Expand(step) for step in steps)
        for taken in (found.left_out, found.abandoned, found.ready, found.expandable):
            taken.clear()

    def _ask(self) -> None:
        while (span := self._questions.next(self._attempts.queued)) is not None:
            number, index = split(span[0])
            indexes = range(index, index + span[1])
            self._instances.move_all(number, indexes, Cause.ASKED)
            self._actions.append(Resolve(self._graph.groups[number].step, indexes))

    def _start(self) -> None:
        while (started := self._attempts.start()) is not None:
            rank, attempt = started
            self._instances.move(rank, Cause.STARTED)
            self._actions.append(Start(*self._name(rank), attempt))

    def _finish(self) -> None:
        """End what is left, which only a stopped run has, and say how it went."""
        if self._instances.open_groups and not self._stopping:
            raise ValueError("instances are left that nothing will ever start")
        stopped = list(self._instances.not_ended())
        whole = list(self._instances.unexpanded())
        for rank in stopped:
            self._instances.stop(rank)
            self._skip(rank)
        self._actions.extend(Skip(self._graph.groups[n].step, WHOLE, wanted=True) for n in whole)
        self._finished = True
        self._actions.append(Finish(self._status(stopped=bool(stopped or whole))))

    def _status(self, *, stopped: bool) -> Status:
        if self._cancelled and (stopped or self._cut):
            return "cancelled"
        return "failed" if self._failed else "succeeded"

    def _end_attempt(self, rank: int, *, again: bool) -> None:
        if again and not self._stopping:
            self._leave(rank, Cause.REPEATED)
            self._attempts.queue(rank)
        else:
            self._leave(rank, Cause.FAILED)
            self._give_up(*self._name(rank))

    def _leave(self, rank: int, cause: Cause, *, began: bool = True) -> None:
        """End an attempt.

        Raises: ValueError when there is none.
        """
        self._instances.move(rank, cause)
        self._attempts.leave(rank, began=began)

    def _give_up(self, step: str, index: int) -> None:
        self._actions.append(GiveUp(step, index))
        self._failed = True
        self._stopping = self._stopping or not self._keep_going

    def _skip(self, rank: int) -> None:
        wanted = self._instances.state(rank) == State.BLOCKED
        self._actions.append(Skip(*self._name(rank), wanted))

    def _rank(self, step: str, index: int) -> int:
        return rank_of(self._graph.number[step], index)

    def _name(self, rank: int) -> tuple[str, int]:
        number, index = split(rank)
        return self._graph.groups[number].step, index
