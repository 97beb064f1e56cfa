"""Engagement: one agreement as its provider keeps it: a Service, and what is done for it.

Save, then send: a lease is in the book before it is answered, a batch before it leaves. What is
owed to the requester is sent again whenever it is heard of, until it was answered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass as mutable
from functools import partial
from itertools import count
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, TallyError
from engine.recorder import Record
from peers.allowance import AGREED
from peers.asking import Asking
from peers.carried import Carried, carried
from peers.held import HELD
from peers.house import Share
from peers.house import share_of as lent_by
from peers.intake import Intake, Origin
from peers.made import Made
from peers.mistake import Mistake
from peers.passages import Passages
from peers.provider_book import Kept
from peers.service import Service
from peers.service_events import (
    Action,
    Blame,
    Cancel,
    Confirmed,
    Connected,
    Event,
    Failed,
    Hand,
    Leased,
    Ran,
    Resend,
    Return,
    Run,
    Stopped,
    Tick,
)
from peers.step_messages import Handed, Need, SignedPass
from peers.supply import Lacking, Supply
from peers.telling import Telling, Tools
from peers.workbench import Outcome, Task, share_of

AHEAD: Final = 512  # steps that are ready or on their way to the disk, beside those that run
MARGIN: Final = 2**30  # bytes of disk that are never filled for others
NO_ROOM: Final = "this peer has no room on its disk"


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


class Engagement:
    """What we do under one agreement. For the node's thread."""

    def __init__(
        self,
        kept: Kept,
        tools: Tools,
        asking: Asking,
        blame: Callable[[str], None],
        ended: Counter[str],
        now_ms: int,
    ) -> None:
        """Take it up; steps that were open when the program ended are given back.

        In `ended` it counts its steps that are done, failed or returned.
        """
        self.agreement = kept.agreement
        self.acceptance = kept.acceptance
        self.is_lent = False  # whether its share is counted
        self.used_ms = now_ms  # when anything was last done under it
        self._tools = tools
        self._blame = blame
        self._ended = ended
        self._now_ms = now_ms
        offer = kept.agreement.offer
        self._service = Service(kept.agreement, offer.cores + AHEAD, kept.past)
        requester = kept.agreement.requester
        self._intake = Intake(requester, tools.depot, tools.shown, self._most_bytes)
        self._supply = Supply(
            Origin(kept.agreement.cid, requester),
            self._intake,
            tools.workbench.place,
            self._on_ready,
            self._lacks,
        )
        self._passages = Passages(
            self._intake, tools.depot, tools.meet, self._on_passed, self._lacks
        )
        self._open: dict[Cid, _Open] = {}
        self._made_now: dict[Cid, Made] = {}  # not in a batch yet
        self._telling = Telling(kept, tools, asking, self._on_confirmed)
        self._numbers = count(1)
        self._is_over = False
        tools.workbench.join(kept.agreement.cid, self.share)
        tools.depot.granted(kept.agreement.requester, AGREED)
        told = [cid for ran in kept.past.known.values() for cid in ran.said[1:]]
        if told:
            tools.depot.offer(kept.agreement.cid, told, kept.agreement.requester)

    @property
    def share(self) -> Share:
        """What it may use of this machine."""
        return lent_by(self.agreement.offer)

    @property
    def open(self) -> int:
        """How many steps have not ended."""
        return self._service.open

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open, unsaid or unheard."""
        return self._service.is_idle and self._telling.is_idle

    @property
    def is_settled(self) -> bool:
        """Whether no step is open, and the requester knows of all that were given back."""
        return not self._service.open and self._telling.is_idle

    @property
    def is_done(self) -> bool:
        """Whether nothing is open, though the requester may not have heard all."""
        return not self._service.open and self._telling.is_saved

    def roots(self) -> set[Cid]:
        """Return what of the store it needs."""
        content = {*self._open, *(one.need.environment for one in self._open.values())}
        for passed in {id(one.passed): one.passed for one in self._open.values()}.values():
            content |= passed
        carried = [one.carried for one in self._open.values() if one.carried is not None]
        content.update(cid for one in carried for cid in one.parts)
        return content | {cid for ran in self._service.known() for cid in ran.said[1:]}

    def leased(self, handed: Handed, reply: Callable[[], None]) -> None:
        """Take a lease; `reply` when it is in the book."""
        if self._telling.is_unheard:
            self._blame("it does not answer which steps are not run here")
            return
        self.used_ms = self._now_ms
        if any(map(self._is_strange, handed.passes)):
            self._blame(
                "a lease comes with a pass that is not its requester's, or not for this peer"
            )
            return
        lease = handed.lease.value
        is_new = self._service.is_new(lease.number)
        if is_new and (why := self._why_full(handed)):
            self._refuse(handed.steps, why, reply)
            return
        needs = zip(handed.steps, handed.needs, strict=True)
        fresh = frozenset(step for step, need in needs if need.is_fresh)
        event = Leased(handed.lease, handed.steps, fresh)
        actions = self._service.handle(event, self._now_ms)
        if any(isinstance(action, Blame) for action in actions):
            self._perform(actions)
            return
        if not self._service.is_remembered(lease.number):
            reply()  # an old one, long answered: nothing of it is written
            return
        if is_new:
            self._telling.leased(lease.number, handed.steps)
        wall_ms = self._tools.clock.now_ms()
        self._telling.save(partial(self._tools.book.lease, handed, wall_ms), reply)
        new = [*self._new(handed)]
        self._perform(actions)
        steps = [step for step, need in new if self._check(step, need)]
        self._recall(steps, handed.records)

    def _is_strange(self, one: SignedPass) -> bool:
        """Return whether a pass is none that its requester gives this peer."""
        agreement = self.agreement
        is_his = one.value.signer == agreement.requester
        return not is_his or one.value.value.reader != agreement.provider.key

    def _why_full(self, handed: Handed) -> str:
        """Return why there is no room for a lease; "" when there is."""
        if not self._telling.has_room(handed.lease.value.count):
            return f"of more than {HELD} leased steps no word came"
        return "" if self._passages.has_room(handed.passes) else "steps wait for too many passes"

    def _refuse(self, steps: Iterable[Cid], why: str, reply: Callable[[], None]) -> None:
        """Give a lease back that there is no room for; what is open of it stays so."""
        if others := [step for step in steps if not self._service.is_open(step)]:
            self._telling.refuse(others, why, reply)
        else:
            reply()

    def stopped(self, steps: Iterable[Cid]) -> None:
        """End steps that nobody wants."""
        for step in steps:
            self._tell(Stopped(step))

    def connected(self) -> None:
        """Say all that the requester may not have heard."""
        self._telling.begin_anew()
        self._tell(Connected())

    def end(self) -> None:
        """Do and say nothing more: the requester has no use for it."""
        self._tools.recorder.submit(
            Record((), partial(self._tools.book.end, self.agreement.cid), _unheard)
        )
        self.close()

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms
        self._tell(Tick())
        self._telling.tick(now_ms)

    def close(self) -> None:
        """End it."""
        self._is_over = True
        self._intake.close()
        self._supply.close()
        self._passages.close()
        self._telling.close()
        for one in self._open.values():
            self._cancel(one)
        self._tools.depot.withdraw(self.agreement.cid)
        self._tools.depot.ungranted(self.agreement.requester)
        self._tools.workbench.leave(self.agreement.cid)

    # steps

    def _most_bytes(self) -> int:
        """Return how much may be fetched at a time: what is free stays its owner's."""
        tools = self._tools
        return max(0, min(tools.most_bytes, tools.free_bytes() - MARGIN))

    def _new(self, handed: Handed) -> Iterable[tuple[Cid, Need]]:
        """Yield the steps of a lease that are to be run because of it."""
        passed = frozenset(root for one in handed.passes for root in one.value.value.roots)
        for step, need in zip(handed.steps, handed.needs, strict=True):
            if self._service.is_open(step) and step not in self._open:
                self._open[step] = _Open(need, handed.passes, passed)
                yield step, need

    def _check(self, step: Cid, need: Need) -> bool:
        """Return whether a step fits in what was agreed; one that does not is given back."""
        if share_of(need).fits_in(self.share):
            return True
        self._fail(step, "it needs more than was agreed")
        return False

    def _has_room(self, step: Cid) -> bool:
        """Return whether the disk has room for a step; else it is given back."""
        if has_room(self._tools, self._open[step].need.disk):
            return True
        self._fail(step, NO_ROOM)
        return False

    def _recall(self, steps: list[Cid], records: Mapping[Cid, Block]) -> None:
        """Look whether we did some of these for the same requester, before any is fetched."""
        tools = self._tools
        again = [step for step in steps if not self._open[step].need.is_fresh]

        def look() -> _Recalled:
            said = tools.book.said(self.agreement.requester, again)
            came = _read(records[step] for step in steps if step in records)
            return tools.workbench.whole(said.values()), came

        tools.workbench.read(look, partial(self._on_recalled, steps))

    def _on_recalled(self, steps: list[Cid], looked: "Future[_Recalled]") -> None:
        if self._is_over:
            return
        try:
            found, carried = looked.result()
        except TallyError:  # then they are run again
            found, carried = [], {}
        self._made(found)
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

    def _on_confirmed(self, number: int) -> None:
        self.used_ms = self._now_ms
        self._tell(Confirmed(number))

    def _on_ready(self, step: Cid, closure: Cid) -> None:
        if (one := self._open.get(step)) is not None:
            one.closure = closure
            self._begin(step, one)

    def _lacks(self, step: Cid, error: TallyError) -> None:
        """Give a step back that could not be run; a mistake of ours is written down."""
        if isinstance(error, Mistake):
            self._tools.log(
                "mistake", peer=self.agreement.requester, step=str(step), what=error.where
            )
        self._fail(step, error.what)

    def _begin(self, step: Cid, one: _Open) -> None:
        """Run a step if its turn has come, and all is here."""
        if one.closure is None or not one.is_due or not self._has_room(step):
            return
        whose = (self.agreement.cid, self.agreement.requester)
        one.task = Task(*whose, next(self._numbers), step, one.need, one.closure)
        self._tools.workbench.begin(one.task, one.carried, self._on_outcomes)

    def _cancel(self, one: _Open) -> None:
        if one.task is not None:
            self._tools.workbench.cancel(one.task)

    def _on_outcomes(self, outcomes: Sequence[tuple[Task, Outcome]]) -> None:
        if self._is_over:
            return
        self._made([outcome for _, outcome in outcomes if isinstance(outcome, Made)])
        for task, outcome in outcomes:
            if not isinstance(outcome, Made):
                self._lacks(task.step, outcome)

    def _made(self, made: Sequence[Made]) -> None:
        """Take what came of steps that ended by themselves."""
        if not made:
            return
        self.used_ms = self._now_ms
        gave = (root for one in made for root in one.roots)
        self._tools.shown.add(self.agreement.requester, gave)  # it may read what it made
        for one in made:
            self._ended["done" if one.succeeded else "failed"] += 1
            if self._service.is_open(one.said.step):
                self._made_now[one.said.step] = one
            self._forget(one.said.step)
        ran = [Ran(one.said, one.size, one.succeeded) for one in made]
        self._perform(self._service.handle_all(ran, self._now_ms))

    def _fail(self, step: Cid, why: str) -> None:
        self._ended["returned"] += 1
        self._forget(step)
        self._tell(Failed(step, why))

    def _forget(self, step: Cid) -> None:
        """Do nothing more for a step."""
        self._open.pop(step, None)
        self._supply.drop(step)
        self._passages.drop(step)

    # actions

    def _tell(self, event: Event) -> None:
        self._perform(self._service.handle(event, self._now_ms))

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in () if self._is_over else actions:
            match action:
                case Run(step):
                    self._open[step].is_due = True
                    self._begin(step, self._open[step])
                case Cancel(step):
                    if (one := self._open.get(step)) is not None:
                        self._cancel(one)
                    self._forget(step)
                    self._telling.dropped(step)
                case Hand():
                    self._hand(action)
                case Resend(number):
                    self._telling.send(number)
                case Return(steps, why):
                    for step in steps:
                        self._forget(step)
                    self._telling.give_back(steps, why)
                case Blame(why):
                    self._blame(why)

    def _hand(self, hand: Hand) -> None:
        """Let the requester have what a batch is of, and tell it."""
        made = [one for said in hand.said if (one := self._made_now.pop(said.step, None))]
        roots = [root for one in made for root in one.roots]
        self._tools.depot.offer(self.agreement.cid, roots, self.agreement.requester)
        self._telling.hand(hand, made)


def has_room(tools: Tools, size: int) -> bool:
    """Return whether the disk has room for so many bytes, and leaves its owner some."""
    return tools.free_bytes() >= size + MARGIN


def _read(records: Iterable[Block]) -> dict[Cid, Carried]:
    """Return what records of steps say; without those that are none, which nobody can run."""
    found = {}
    for record in records:
        with suppress(Damaged):
            found[record.cid] = carried(record)
    return found


def _unheard(outcome: "Future[None]") -> None:
    """Go on whether it could be written or not: without it, more is said than anybody needs."""
