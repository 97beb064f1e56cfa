"""Scheduler: does what the plan decides, with any runners, until a run has ended. The only loop.

One thread (the caller's) owns the plan and everything here. Slots and the recorder post messages
to it, which are calls to be made; nothing else is shared. A step that depends on another starts
only when that one's result is durable, because only then the plan is told.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, Final

from engine import outcomes
from engine.content.blocks import Block
from engine.crew import Crew
from engine.entries import entries_of
from engine.errors import Damaged, TallyError, Unavailable
from engine.execution import Desk, Execution, Wires
from engine.inquiry import Answer, Inquiry, Question
from engine.lookup import Hit
from engine.plan import Plan
from engine.plan_events import (
    Action,
    Cancel,
    CancelRequested,
    Event,
    Expand,
    Expanded,
    Failed,
    Finish,
    GiveUp,
    Resolve,
    Resolved,
    Reuse,
    Skip,
    Start,
    Status,
    Unexpandable,
)
from engine.progress import Counted, Ended, Retried, Reused, Watch
from engine.recorder import Record
from engine.rows import WHOLE, Name, StepRow

ASKED_FIRST: Final = 32  # instances: those who run them have something to do meanwhile
ASKED_AT_ONCE: Final = 1_000  # instances resolved before the loop looks at what came in meanwhile
ROWS_AT_ONCE: Final = 2_000  # rows of reused or skipped instances written together

_POLL_MS: Final = 200  # how soon a cancel from another process is noticed
_POLL_WAITING_MS: Final = 20  # how soon a result of another process is noticed


class Scheduler:
    """One run, from its first step to its last."""

    def __init__(
        self, run: str, plan: Plan, inquiry: Inquiry, desk: Desk, slots: Crew, watch: Watch
    ) -> None:
        """Take the run's id in the journal and its parts; nothing happens before `run`."""
        self._run = run
        self._plan = plan
        self._inquiry = inquiry
        self._desk = desk
        self._watch = watch
        self._messages: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._events: list[Event] = []
        wires = Wires(self._events.append, self._messages.put, self._halt, watch)
        self._execution = Execution(run, desk, slots, inquiry, wires)
        self._questions: deque[Resolve] = deque()
        self._hits: dict[Name, Hit] = {}  # found, to be reused
        self._own: set[Name] = set()  # hits that this run made before it was interrupted
        self._rows: list[StepRow] = []  # to be written
        self._blocks: list[Block] = []  # that those rows name and nobody stored yet
        self._asked_at_once = ASKED_FIRST
        self._cancels = 0
        self._polled_ms = desk.clock.monotonic_ms()
        self._status: Status | None = None
        self._error: TallyError | None = None
        self._performers: dict[type, Callable[[Any], None]] = {
            Resolve: self._on_resolve,
            Reuse: self._on_reuse,
            Cancel: self._on_cancel,
            Expand: self._on_expand,
            GiveUp: self._on_give_up,
            Skip: self._on_skip,
            Finish: self._on_finish,
        }

    def run(self) -> Status:
        """Run everything; return how it ended, when all of it is recorded.

        Raises: what made it impossible to go on (Unavailable, Damaged), once all has ended.
        """
        self._perform(self._plan.begin())
        self._settle()
        while self._status is None:
            self._ask()
            self._hear()
            self._poll()
        self._write_rows()
        self._desk.recorder.flush()
        self._hear()  # whether the rows were written
        if self._error is not None:
            raise self._error
        return self._status

    def cancel(self) -> None:
        """Ask for the end, from any thread or a signal handler; the second time, insist."""
        self._messages.put(self._request_cancel)

    # the loop

    def _ask(self) -> None:
        """Answer some of the plan's questions together: one look at the memo for all of them."""
        asked: list[Question] = []
        room = self._asked_at_once
        self._asked_at_once = min(ASKED_AT_ONCE, 4 * room)
        while self._questions and room > 0:
            question = self._questions.popleft()
            asked.append((question.step, question.indexes[:room]))
            if rest := question.indexes[room:]:
                self._questions.appendleft(Resolve(question.step, rest))
            room -= len(asked[-1][1])
        for answer in self._inquiry.answer(asked):
            self._take(answer)
        self._settle()

    def _hear(self) -> None:
        """Handle what came in; wait for something when there is nothing else to do."""
        has_work = bool(self._questions) or self._status is not None
        if not has_work:
            if self._rows:
                self._write_rows()  # whoever looks at the run while it goes on sees them
            self._execution.hurry()
        try:
            self._messages.get(timeout=0 if has_work else self._poll_ms / 1000)()
            while True:
                self._messages.get_nowait()()
        except Empty:
            self._execution.record()
            self._settle()

    def _poll(self) -> None:
        """Look, now and then, at what other processes want."""
        now_ms = self._desk.clock.monotonic_ms()
        if now_ms - self._polled_ms < self._poll_ms:
            return
        self._polled_ms = now_ms
        if not self._cancels and self._desk.journal.cancel_requested(self._run):
            self._request_cancel()
        self._execution.poll()
        self._settle()

    @property
    def _poll_ms(self) -> int:
        return _POLL_WAITING_MS if self._execution.is_waiting else _POLL_MS

    def _settle(self) -> None:
        """Tell the plan what became true, and do what it says, until it says nothing more."""
        while self._events:
            events = tuple(self._events)
            self._events.clear()
            self._perform(self._plan.handle_all(events))

    def _perform(self, actions: Sequence[Action]) -> None:
        for kind, alike in groupby(actions, type):
            if kind is Start:
                self._start([action for action in alike if isinstance(action, Start)])
                continue
            for action in alike:
                self._performers[kind](action)

    def _take(self, answer: Answer) -> None:
        step = answer.step
        for index, error in answer.errors.items():
            self._execution.failures[step, index] = error
            self._events.append(Failed(step, index, retryable=False))
        for index, order in answer.orders.items():
            self._execution.offer((step, index), order)
        self._hits.update(((step, index), hit) for index, hit in answer.hits.items())
        self._own.update((step, index) for index in answer.own)
        if answer.hits or answer.orders:
            self._events.append(Resolved(step, sorted(answer.hits), sorted(answer.orders)))

    def _request_cancel(self) -> None:
        self._cancels += 1
        self._events.append(CancelRequested())
        if self._cancels > 1:
            self._execution.insist()

    # what the plan says

    def _on_resolve(self, action: Resolve) -> None:
        self._questions.append(action)

    def _on_reuse(self, action: Reuse) -> None:
        reused = []
        for index in action.indexes:
            name = (action.step, index)
            hit = self._hits.pop(name, None) or self._execution.shared.pop(name)
            self._execution.drop(name)
            self._inquiry.products.add(*name, hit.outputs)
            if name in self._own:
                self._watch(Ended(*name, "ran", 0, ""))
            else:
                self._rows.append(outcomes.of_hit(name, hit))
                reused.append(index)
        self._write_many()
        if reused:
            self._watch(Reused(action.step, reused))

    def _start(self, actions: Sequence[Start]) -> None:
        attempts = {(action.step, action.index): action.attempt for action in actions}
        for name in attempts:
            if (failure := self._execution.failures.pop(name, None)) is not None:
                self._watch(Retried(*name, outcomes.words(failure)))
        self._execution.start(attempts)

    def _on_cancel(self, action: Cancel) -> None:
        self._execution.cancel((action.step, action.index), insist=False)

    def _on_expand(self, action: Expand) -> None:
        resolver = self._inquiry.resolver
        try:
            directory = resolver.directory(action.step, self._inquiry.products.get)
            count = resolver.expand(action.step, entries_of(self._desk.store, directory))
        except TallyError as error:
            self._execution.failures[action.step, WHOLE] = error
            self._events.append(Unexpandable(action.step))
            return
        self._watch(Counted(action.step, count))
        self._events.append(Expanded(action.step, count))

    def _on_give_up(self, action: GiveUp) -> None:
        name = (action.step, action.index)
        order = self._execution.drop(name)
        failure = self._execution.failures.pop(name)
        if isinstance(failure, str):  # it ran, and its row is written
            self._watch(Ended(*name, "failed", 0, failure))
            return
        self._blocks += order.blocks if order else ()
        self._end(outcomes.of_error(name, order, failure))
        if isinstance(failure, Unavailable | Damaged):
            self._halt(failure)

    def _on_skip(self, action: Skip) -> None:
        name = (action.step, action.index)
        self._execution.drop(name)
        if self._error is not None:
            return  # not left out: who goes on with the run will come to it
        if not action.wanted:
            note = "'when' is false, here or in what it reads"
        else:
            note = "cancelled" if self._cancels else "a step failed before its turn"
        self._end(outcomes.skipped(name, note))

    def _on_finish(self, action: Finish) -> None:
        self._status = action.status

    def _end(self, row: StepRow) -> None:
        self._rows.append(row)
        self._write_many()
        self._watch(Ended(row.step, row.index, row.status, row.wall_ms, row.note))

    def _write_many(self) -> None:
        if len(self._rows) >= ROWS_AT_ONCE:
            self._write_rows()

    def _write_rows(self) -> None:
        """Have rows written that nothing waits for: the memo knows what they tell of."""
        rows, self._rows = self._rows, []
        blocks, self._blocks = tuple(self._blocks), []
        change = partial(self._desk.journal.add_steps, run=self._run, steps=rows)

        def written(outcome: "Future[None]") -> None:
            self._messages.put(partial(self._on_written, outcome))

        self._desk.recorder.submit(Record(blocks, change, written))

    def _on_written(self, outcome: "Future[None]") -> None:
        try:
            outcome.result()
        except TallyError as error:
            self._halt(error)

    def _halt(self, error: TallyError) -> None:
        """Stop for what is wrong with this machine and not with a step: all would meet it."""
        self._error = self._error or error
        self._events.append(CancelRequested())
