"""Rerun: run recorded steps again, each on its recorded inputs, and compare.

The memo is neither asked nor told, and the Run stays what it is. Because every step starts from
what was recorded, verdicts do not depend on one another and all steps may run at once; if all are
identical then so, by induction, is the whole chain.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from functools import cache, partial
from queue import Empty, SimpleQueue
from typing import Final, Literal

from engine import outcomes
from engine.admission import Admission, Capacity
from engine.comparing import Comparing
from engine.content.blocks import Block, BlockStore
from engine.content.reader import Get, over
from engine.crew import Crew
from engine.errors import Damaged, Refused, StepFailed
from engine.opinion import Asked, Opinion
from engine.progress import Ended, Printed, Retried, Started, Watch
from engine.rows import Name
from engine.run import Run, RunStep
from engine.runner import CANCELLED, Order, Report, limits_of
from engine.step import RESULT, STEP, Result
from engine.thin import repeatable
from engine.values import dataclass
from engine.verdict import Executor, StepVerdict, judge, to_compare
from engine.workflow.as_data import decode_workflow
from engine.workflow.model import OutputFile, Workflow
from engine.workflow.names import did_you_mean, some_of

_AGAIN_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Recorded:
    """An instance that gave a result, and what is needed to run it again."""

    id: str  # as "train[1]"
    name: Name
    order: Order
    was: Result
    declared: dict[str, OutputFile]
    cpus: int
    retries: int = 0  # extra attempts after the first


def recorded_steps(
    store: BlockStore, run: Run, steps: Sequence[RunStep] | None = None
) -> tuple[Recorded, ...]:
    """Return instances of a run that gave a result, so that they can be run again; None: all.

    Raises: Unavailable when records are not here; Damaged when they do not belong together.
    """
    workflow = decode_workflow(store.get(run.workflow))
    chosen = repeatable(store, run) if steps is None else steps
    return tuple(_recorded(store, workflow, step) for step in chosen)


def choose(steps: Sequence[RunStep], wanted: str) -> tuple[RunStep, ...]:
    """Return the instance called `wanted`, or all instances of the step of that name.

    Raises: Refused when there is none.
    """
    found = tuple(step for step in steps if wanted in (step.id, step.name))
    if not found:
        names = dict.fromkeys(step.name for step in steps)
        fix = did_you_mean(wanted, names, f"there is: {some_of(names) or 'none'}")
        raise Refused(f"no step '{wanted[:80]}' that can be run again", fix=fix)
    return found


@dataclass(frozen=True, slots=True)
class _Given:
    """What a step gave now."""

    result: Result
    get: Get
    note: str  # why it failed, if it did
    by: Executor | None  # None where nobody ran it to its end
    waiting: dict[str, Asked]  # outputs that a comparator looks at
    opinions: dict[str, Opinion]  # of those that did


class Rerun:
    """Runs steps again. For one thread, but for `cancel`."""

    def __init__(
        self,
        store: BlockStore,
        slots: Crew,
        capacity: Capacity,
        watch: Watch,
        comparing: Callable[[], Comparing] | None = None,
    ) -> None:
        """Run them in `slots`; `comparing` is called when an output has a comparator to be run."""
        self._store = store
        self._slots = slots
        self._capacity = capacity
        self._watch = watch
        self._admission = Admission(capacity)
        self._messages: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._comparing = comparing and cache(comparing)
        self._running: dict[int, Recorded] = {}
        self._failures: dict[int, int] = {}  # attempts that failed, of steps that are tried again
        self._given: dict[int, _Given] = {}  # of steps whose outputs are being compared
        self._verdicts: dict[int, StepVerdict] = {}
        self._is_cancelled = False

    def run(self, steps: Sequence[Recorded]) -> tuple[StepVerdict, ...]:
        """Run the steps and return what is to be said of each, in their order.

        Raises: StepFailed when cancelled; Unavailable when steps cannot be run here; Damaged when
        what is recorded is not all right.
        """
        for rank, step in enumerate(steps):
            self._queue(rank, step)
        while self._running or (len(self._admission) and not self._is_cancelled):
            self._start_what_fits(steps)
            self._hear()
        if self._is_cancelled:
            raise StepFailed("the rerun was cancelled", fix="run the command again")
        return tuple(self._verdicts[rank] for rank in range(len(steps)))

    def cancel(self) -> None:
        """Ask for the end, from any thread or a signal handler."""
        self._messages.put(self._on_cancel)

    def _queue(self, rank: int, step: Recorded) -> None:
        self._admission.add(rank, cpus=self._cpus(step), memory=self._memory(step))

    def _start_what_fits(self, steps: Sequence[Recorded]) -> None:
        while not self._is_cancelled and (rank := self._admission.take()) is not None:
            self._start(rank, steps[rank])

    def _hear(self) -> None:
        try:
            self._messages.get(timeout=_AGAIN_S if self._is_cancelled else None)()
        except Empty:
            self._on_cancel()  # again: a step that was not quite begun did not hear it

    def _start(self, rank: int, step: Recorded) -> None:
        self._running[rank] = step
        self._watch(Started(*step.name, self._failures.get(rank, 0) + 1))
        logs = partial(self._print, step.name)
        self._slots.start(step.name, step.order, logs, partial(self._post_end, rank))

    def _print(self, name: Name, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        self._watch(Printed(*name, stream, data))

    def _post_end(self, rank: int, future: "Future[Report]") -> None:
        self._messages.put(partial(self._on_end, rank, future))

    def _on_cancel(self) -> None:
        self._is_cancelled = True
        for rank, step in self._running.items():
            if rank not in self._given:
                self._slots.cancel(step.name)
            elif self._comparing:
                for asked in self._given[rank].waiting.values():
                    self._comparing().cancel(asked)

    def _on_end(self, rank: int, future: "Future[Report]") -> None:
        step = self._running[rank]
        try:
            report = future.result()
        except CancelledError:  # it had not begun when another failed
            self._release(rank)
            self._queue(rank, step)
            return
        except Refused as error:  # it makes what cannot be kept, which it did not when recorded
            now, why = Result(step.order.key, 1, {}), outcomes.words(error)
            self._judge(rank, step, _Given(now, self._store.get, why, None, {}, {}))
            return
        if report.attestation.reason == CANCELLED:
            self._release(rank)
            self._is_cancelled = True
            return
        note = "" if report.succeeded else outcomes.why_failed(report)
        if note and self._tries_again(rank, step, note):
            return
        of = (over(report.blocks, self._store.get), note, _executor(report))
        given = _Given(report.result, *of, self._to_compare(step, report), {})
        if given.waiting:
            self._store.put(report.blocks)
            self._compare(rank, given)
            return
        self._judge(rank, step, given)
        if self._verdicts[rank].verdict != "identical":
            self._store.put(report.blocks)  # so that what differs can be looked at

    def _tries_again(self, rank: int, step: Recorded, note: str) -> bool:
        """Queue a step that failed once more, as often as its workflow lets it; return whether."""
        self._failures[rank] = self._failures.get(rank, 0) + 1
        if self._failures[rank] > step.retries or self._is_cancelled:
            return False
        self._watch(Retried(*step.name, note))
        self._release(rank)
        self._queue(rank, step)
        return True

    def _to_compare(self, step: Recorded, report: Report) -> dict[str, Asked]:
        """Return the outputs of a step that comparators are to look at."""
        if self._comparing is None or not report.succeeded:
            return {}
        found = to_compare(step.was, report.result, step.declared)
        return {one[0]: Asked(step.name, *one) for one in found}

    def _compare(self, rank: int, given: _Given) -> None:
        """Have outputs compared; the step is judged when the last of them is."""
        if self._is_cancelled:
            self._release(rank)
            return
        self._given[rank] = given
        for asked in tuple(given.waiting.values()):
            self._ask(rank, asked)

    def _ask(self, rank: int, asked: Asked) -> None:
        if self._comparing:
            done = partial(self._post_opinion, rank, asked)
            if opinion := self._comparing().ask(asked, done):
                self._on_opinion(rank, asked, opinion)

    def _post_opinion(self, rank: int, asked: Asked, future: "Future[Report]") -> None:
        self._messages.put(partial(self._on_compared, rank, asked, future))

    def _on_compared(self, rank: int, asked: Asked, future: "Future[Report]") -> None:
        if self._comparing is None:
            return
        heard = self._comparing().heard(asked, future)
        if isinstance(heard, Opinion):
            self._on_opinion(rank, asked, heard)
        elif heard.by_request or self._is_cancelled:
            self._is_cancelled = True
            self._given[rank].waiting.pop(asked.output)
            if not self._given[rank].waiting:
                self._release(rank)
        else:  # it had not begun when another failed
            self._ask(rank, asked)

    def _on_opinion(self, rank: int, asked: Asked, opinion: Opinion) -> None:
        given = self._given[rank]
        given.opinions[asked.output] = opinion
        del given.waiting[asked.output]
        if not given.waiting:
            self._judge(rank, self._running[rank], given)

    def _judge(self, rank: int, step: Recorded, given: _Given) -> None:
        verdict = judge(
            step.id, step.was, given.result, step.declared, given.get, given.note, given.opinions
        )
        self._release(rank)
        self._verdicts[rank] = replace(verdict, by=given.by)
        status: Literal["ran", "failed"] = "failed" if verdict.note else "ran"
        self._watch(Ended(*step.name, status, given.by.wall_ms if given.by else 0, verdict.note))

    def _release(self, rank: int) -> None:
        step = self._running.pop(rank)
        self._given.pop(rank, None)
        self._admission.release(cpus=self._cpus(step), memory=self._memory(step))

    def _cpus(self, step: Recorded) -> int:
        return min(step.cpus, self._capacity.cpus)

    def _memory(self, step: Recorded) -> int:
        return min(step.order.limits.memory, self._capacity.memory)


def _recorded(store: BlockStore, workflow: Workflow, step: RunStep) -> Recorded:
    written = workflow.steps.get(step.name)
    if written is None or step.step is None or step.result is None:
        raise Damaged(f"the run has a step '{step.name[:80]}' that its workflow does not")
    data = store.get(step.step)
    was = RESULT.decode(store.get(step.result))
    if was.step != step.step:
        raise Damaged(f"the run gives '{step.name}' the result of another step")
    limits = limits_of(written.resources)
    order = Order(step.step, STEP.decode(data), (Block(step.step, data),), limits)
    name = (step.name, 0 if step.index is None else step.index)
    more = (written.outputs, written.resources.cpus, written.retries)
    return Recorded(step.id, name, order, was, *more)


def _executor(report: Report) -> Executor:
    said = report.attestation
    return Executor(said.system, said.sandbox, report.signer.hex(), said.wall_ms)
