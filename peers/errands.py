"""Errands: the open steps of one agreement.

What each takes is brought here, and when its turn has come it runs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass as mutable
from functools import partial
from itertools import count

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, TallyError
from engine.step import ATTESTATION
from peers.agreement import Agreement
from peers.carried import Carried, carried
from peers.earned import USED_UP, Earned
from peers.house import share_of as lent_by
from peers.intake import Intake, Origin
from peers.made import Made
from peers.mistake import Mistake
from peers.passages import Passages
from peers.prices import Outcome as Paid
from peers.prices import Usage
from peers.step_messages import Handed, Need, SignedPass
from peers.supply import Lacking, Supply
from peers.tools import NO_ROOM, Tools
from peers.workbench import Outcome, Task, share_of

_Recalled = tuple[list[Made], dict[Cid, Carried]]


@mutable(slots=True)
class _Open:
    """A step that has not ended: its turn has to come, and all that it takes."""

    need: Need
    passes: tuple[SignedPass, ...] = ()  # of its lease, until what they are for is here
    passed: frozenset[Cid] = frozenset()  # the roots of those: it is not asked for them
    carried: Carried | None = None  # what came with its lease
    closure: Cid | None = None  # once all is here
    is_due: bool = False  # once its turn has come
    task: Task | None = None  # on the workbench, when both are so


class Errands:
    """Those under one agreement. For the node's thread."""

    def __init__(
        self,
        agreement: Agreement,
        tools: Tools,
        made: Callable[[Sequence[Made]], None],
        failed: Callable[[Cid, str], None],
        earned: Earned,
    ) -> None:
        """Call `made` with steps that ended by themselves, or `failed` with why one did not run.

        Nothing more is done for those.
        """
        self._agreement = agreement
        self._share = lent_by(agreement.offer)
        self._tools = tools
        self._made = made
        self._failed = failed
        requester = agreement.requester
        self._intake = Intake(requester, tools.depot, tools.shown, tools.most)
        self._supply = Supply(
            Origin(agreement.cid, requester),
            self._intake,
            tools.threads.place,
            self._on_ready,
            self._lacks,
        )
        self._passages = Passages(
            self._intake, tools.depot, tools.meet, self._on_passed, self._lacks
        )
        self._earned = earned
        self._open: dict[Cid, _Open] = {}
        self._numbers = count(1)
        self._is_over = False

    def has_room(self, passes: Iterable[SignedPass]) -> bool:
        """Return whether more steps may wait, for these passes."""
        return self._passages.has_room(passes)

    def roots(self) -> set[Cid]:
        """Return what of the store they need."""
        content = {*self._open, *(one.need.environment for one in self._open.values())}
        for passed in {id(one.passed): one.passed for one in self._open.values()}.values():
            content |= passed
        carried = [one.carried for one in self._open.values() if one.carried is not None]
        content.update(cid for one in carried for cid in one.parts)
        return content

    def take(self, handed: Handed, is_open: Callable[[Cid], bool]) -> list[Cid]:
        """Take the steps of a lease that are to be run because of it; return those."""
        passed = frozenset(root for one in handed.passes for root in one.value.value.roots)
        new = []
        for step, need in zip(handed.steps, handed.needs, strict=True):
            if is_open(step) and step not in self._open:
                self._open[step] = _Open(need, handed.passes, passed)
                new.append(step)
        return new

    def bring(self, steps: Iterable[Cid], records: Mapping[Cid, Block]) -> None:
        """Have brought here what steps take that were taken; `records` came with their lease."""
        self._recall([step for step in steps if self._fits(step)], records)

    def due(self, step: Cid) -> None:
        """Run a step as soon as all is here: its turn has come."""
        if self._earned.is_all:
            self._fail(step, USED_UP)
            return
        one = self._open[step]
        one.is_due = True
        self._begin(step, one)

    def cancel(self, step: Cid) -> int:
        """Stop a step, and do nothing more for it; return how many milliseconds it had run."""
        ran_ms = 0
        if (one := self._open.get(step)) is not None:
            ran_ms = self._stop(one)
            usage = Usage(one.need.cores, one.need.memory, ran_ms)
            self._earned.add(Paid.CANCELLED, usage)
        self.drop(step)
        return ran_ms

    def drop(self, step: Cid) -> None:
        """Do nothing more for a step."""
        self._open.pop(step, None)
        self._supply.drop(step)
        self._passages.drop(step)

    def close(self) -> dict[Cid, int]:
        """End them all; return how many milliseconds had run what ran."""
        self._is_over = True
        self._intake.close()
        self._supply.close()
        self._passages.close()
        return {step: ms for step, one in self._open.items() if (ms := self._stop(one))}

    # what a step takes

    def _fits(self, step: Cid) -> bool:
        """Return whether a step fits in what was agreed; one that does not is given up."""
        if share_of(self._open[step].need).fits_in(self._share):
            return True
        self._fail(step, "it needs more than was agreed")
        return False

    def _has_room(self, step: Cid) -> bool:
        """Return whether the disk has room for a step; else it is given up."""
        if self._tools.has_room(self._open[step].need.disk):
            return True
        self._fail(step, NO_ROOM)
        return False

    def _recall(self, steps: list[Cid], records: Mapping[Cid, Block]) -> None:
        """Look whether we did some of these for the same requester, before any is fetched."""
        tools = self._tools
        again = [step for step in steps if not self._open[step].need.is_fresh]

        def look() -> _Recalled:
            said = tools.book.said(self._agreement.requester, again)
            came = _read(records[step] for step in steps if step in records)
            return tools.workbench.whole(said.values()), came

        tools.threads.read(look, partial(self._on_recalled, steps))

    def _on_recalled(self, steps: list[Cid], looked: "Future[_Recalled]") -> None:
        if self._is_over:
            return
        try:
            found, carried = looked.result()
        except TallyError:  # then they are run again
            found, carried = [], {}
        self._end([one._replace(is_known=True) for one in found])
        wanted = [step for step in steps if step in self._open and self._has_room(step)]
        for step in wanted:
            self._open[step].carried = carried.get(step)
        self._supply.want([self._lacking(step) for step in wanted if not self._open[step].passes])
        for step in wanted:
            if (one := self._open.get(step)) is not None and one.passes:  # it may be full by now
                self._passages.want([step], one.passes)

    def _on_passed(self, steps: list[Cid]) -> None:
        """Have the rest brought here of steps that take what others held."""
        self._supply.want([self._lacking(step) for step in steps if step in self._open])
        for step in steps:
            if (one := self._open.get(step)) is not None:
                one.passes, one.passed = (), frozenset()  # its record leads to all of it now

    def _lacking(self, step: Cid) -> Lacking:
        one = self._open[step]
        parts = one.carried.parts if one.carried else None
        return Lacking(step, one.need.environment, parts, one.passed)

    def _on_ready(self, step: Cid, closure: Cid) -> None:
        if (one := self._open.get(step)) is not None:
            one.closure = closure
            self._begin(step, one)

    # on the workbench

    def _begin(self, step: Cid, one: _Open) -> None:
        """Run a step if its turn has come, and all is here."""
        if one.closure is None or not one.is_due or not self._has_room(step):
            return
        whose = (self._agreement.cid, self._agreement.requester)
        one.task = Task(*whose, next(self._numbers), step, one.need, one.closure)
        self._tools.workbench.begin(one.task, one.carried, self._on_outcomes)

    def _stop(self, one: _Open) -> int:
        return self._tools.workbench.cancel(one.task) if one.task is not None else 0

    def _on_outcomes(self, outcomes: Sequence[tuple[Task, Outcome]]) -> None:
        if self._is_over:
            return
        self._end([outcome for _, outcome in outcomes if isinstance(outcome, Made)])
        for task, outcome in outcomes:
            if not isinstance(outcome, Made):
                self._lacks(task.step, outcome)

    # how a step ends

    def _end(self, made: Sequence[Made]) -> None:
        for one in made:
            if (still := self._open.get(one.said.step)) is not None:
                self._earn(one, still.need)
            self.drop(one.said.step)
        if made:
            self._made(made)

    def _earn(self, made: Made, need: Need) -> None:
        """Count what a step is worth, as its requester will."""
        if not self._earned.is_counted or not made.succeeded or not made.records:
            return
        outcome = Paid.KNOWN if made.is_known else Paid.RAN
        wall_ms = ATTESTATION.decode(made.records[1].data).wall_ms
        self._earned.add(outcome, Usage(need.cores, need.memory, wall_ms))

    def _lacks(self, step: Cid, error: TallyError) -> None:
        """Give a step up that could not be run; a mistake of ours is written down."""
        if isinstance(error, Mistake):
            self._tools.log(
                "mistake", peer=self._agreement.requester, step=str(step), what=error.where
            )
        self._fail(step, error.what)

    def _fail(self, step: Cid, why: str) -> None:
        self.drop(step)
        self._failed(step, why)


def _read(records: Iterable[Block]) -> dict[Cid, Carried]:
    """Return what records of steps say; without those that are none, which nobody can run."""
    found = {}
    for record in records:
        with suppress(Damaged):
            found[record.cid] = carried(record)
    return found
