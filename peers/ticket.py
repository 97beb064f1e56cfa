"""Ticket: one run of ours whose steps peers run: whom it is offered to, and what it is told.

It lives as long as the connection of the process that drives the run. When that ends, what was
accepted is in the memo of this home, and all else is stopped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from engine.clock import Clock
from engine.content.cid import Cid
from peers.agreement import Offer
from peers.away import Away
from peers.deal import Deal
from peers.identity import PeerId
from peers.judge import UNKNOWN, Verdict
from peers.office import Office
from peers.pass_record import MAX_PASSED, PASS, Pass
from peers.peer_record import Notice
from peers.placement import Need, Room
from peers.plain import Plain
from peers.recruiter import Directory, Recruiter
from peers.returns import Returns
from peers.run_frames import (
    Loss,
    Outcome,
    Task,
    read_held,
    read_numbers,
    read_tasks,
    write_losses,
    write_numbers,
    write_outcomes,
)
from peers.shunned import Shunned
from peers.signed import seal
from peers.step_messages import MAX_PASSES
from peers.testimony import Testimony
from peers.worklist import Ended, Shape, Worklist, shape_of

RECRUIT_MS: Final = 250  # between two looks at who there is
MAX_DEALS: Final = 64  # providers of one run
MAX_NOTES: Final = 100  # that a person is told in one run: peers write some of them

_TRY_HERE: Final = "run it here, without --on, to see whether it is the step"
_CHANGED: Final = "what it reads is gone, and came out otherwise when it was made again"


class Visitor(Protocol):
    """The process that drives the run."""

    def send(self, value: Plain) -> None:
        """Send it a value."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Ticket:
    """The steps of one run, and the deals for them. For the node's thread."""

    def __init__(
        self,
        office: Office,
        visitor: Visitor,
        directory: Directory,
        shunned: Shunned,
        run_id: Callable[[], bytes],
        clock: Clock,
    ) -> None:
        """Take who there is, whom to leave alone, and what gives 16 random bytes."""
        self.deals: dict[Cid, Deal] = {}  # by agreement
        self.ended: Counter[str] = Counter()  # steps, by how
        self._office = office
        self._visitor = visitor
        self._directory = directory
        self._recruiter = Recruiter(directory, shunned)
        self._shunned = shunned
        self._run_id = run_id
        self._clock = clock
        self._work = Worklist(directory.named)
        self._away = Away()
        self._current: dict[PeerId, Deal] = {}  # to which steps are given
        self._lacking: Counter[PeerId] = Counter()  # steps returned for want of what is away
        self._returns = Returns()
        self._recruited_ms = -RECRUIT_MS
        self._noted: set[str] = set()
        self._is_over = False

    def take(self, frame: Plain) -> None:
        """Take what the run says."""
        match frame:
            case ("steps", tasks):
                self._add(read_tasks(tasks))
            case ("held", groups, of):
                for task, roots, key in read_held(groups, of):
                    self._hold(task, PeerId(key), dict.fromkeys(roots, UNKNOWN))
            case ("stop", numbers):
                self._stop(read_numbers(numbers))
            case ("end",):
                self._visitor.close()
                return
            case _:
                raise ValueError("a run says something else")
        self._advance(is_new=True)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        for deal in tuple(self.deals.values()):
            deal.tick(now_ms)
        self._advance()

    def end(self) -> None:
        """Stop everything."""
        self._is_over = True
        for deal in tuple(self.deals.values()):
            deal.end()

    # what deals tell

    def agreed(self, deal: Deal) -> None:
        """Give steps to a provider."""
        self._recruiter.accepted(deal.provider)
        if self._current.get(deal.provider) is deal:
            self._work.join(deal.provider, _room(deal.terms))
            self._tell_room()
            self._advance()

    def left(self, deal: Deal) -> None:
        """Give it none for now."""
        self._work.leave(deal.provider)
        self._office.log("provider gone", peer=deal.provider)
        self._tell_room()

    def closed(self, deal: Deal, why: str) -> None:
        """Offer to it again later, or to others."""
        self.deals.pop(deal.agreement, None)
        if self._current.get(deal.provider) is not deal:
            return
        del self._current[deal.provider]
        self._work.leave(deal.provider)
        self._recruiter.refused(deal.provider, self._now_ms)
        if not self._is_over:
            self._office.log("no agreement", peer=deal.provider, why=why)
            self._note(f"{deal.provider} runs no steps of this run now: {why}")
            self._tell_room()

    def kept(self, deal: Deal, verdicts: Sequence[Verdict]) -> None:
        """Tell the run of steps that are done."""
        outcomes = []
        for verdict in verdicts:
            said = verdict.testimony
            if said is None:
                raise ValueError("what is kept was believed")
            self._returns.forget(verdict.step)
            took_ms = self._work.took_ms(verdict.step, said.attestation.wall_ms, self._now_ms)
            ended = self._work.done(verdict.step, deal.provider, took_ms)
            if ended is not None:
                self.ended["done" if said.succeeded else "failed"] += 1
                self._withdraw([ended])
                self._learn(ended.task, deal.provider, verdict.away, said)
                if ended.task.number >= 0:
                    outcomes.append(_outcome(ended.task, deal, said, verdict))
        if outcomes and not self._is_over:
            self._visitor.send(write_outcomes(outcomes))
        self._advance()

    def given_back(self, deal: Deal, steps: Sequence[Cid], why: str) -> None:
        """Have steps done by another; one that comes back again and again is not done at all."""
        if self._is_over:
            return
        self._office.log("steps given back", peer=deal.provider, count=len(steps), why=why)
        lost = []
        self.ended["returned"] += len(steps)
        for step in steps:
            if (task := self._work.task(step)) is None:
                continue
            is_alone = self._work.having(step) == (deal.provider,)  # no other is at work on it
            if not deal.is_over and is_alone and self._away.of(task):  # it may not have had that
                self._lacking[deal.provider] += 1
                is_bad = self._lacking[deal.provider] > 1
                self._work.give_back(step, deal.provider, self._now_ms, is_bad=is_bad)
                self._set_aside(task)
                continue
            self._work.give_back(step, deal.provider, self._now_ms, is_bad=not deal.is_over)
            able = {peer for peer, one in self._current.items() if one.is_agreed}
            if not deal.is_over and self._returns.count(step, deal.provider, able):
                lost.append(task)
                self._work.end(step)
        self._lose(lost, f"no peer could run it: {why}", _TRY_HERE)

    def retry(self) -> None:
        """Make offers again that were refused: another run of this home has ended."""
        self._recruiter.retry()

    def blamed(self, deal: Deal, why: str) -> None:
        """Give a liar nothing."""
        self._office.log("peer blamed", peer=deal.provider, why=why)
        self._work.placement.blamed(deal.provider, self._now_ms)
        self._shunned.add(deal.provider, self._now_ms)

    # what follows

    @property
    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()

    def _add(self, tasks: Iterable[Task]) -> None:
        lost = []
        for task in tasks:
            if self._away.is_lost(task):
                lost.append(task)
            else:
                self._work.add([self._away.sized(task)], self._now_ms)
        self._lose(lost, _CHANGED, _TRY_HERE)

    def _stop(self, numbers: Iterable[int]) -> None:
        dropped = (self._work.drop(one) for one in numbers if not self._away.drop(one))
        self._withdraw([one for one in dropped if one is not None])

    def _withdraw(self, ended: Iterable[Ended]) -> None:
        """Tell those who have steps that have ended that nobody wants them."""
        stopped: dict[PeerId, list[Cid]] = {}
        for one in ended:
            for provider in one.others:
                stopped.setdefault(provider, []).append(one.task.key)
        for deal in tuple(self.deals.values()) if stopped else ():
            if deal.provider in stopped:
                deal.withdraw(stopped[deal.provider], self._now_ms)

    def _advance(self, *, is_new: bool = False) -> None:
        """Give out steps, and look for more providers when there are not enough."""
        if self._is_over:
            return
        now_ms = self._now_ms
        if is_new or now_ms - self._recruited_ms >= RECRUIT_MS:
            self._recruited_ms = now_ms
            self._retire()
            failed = self._returns.providers()
            for shape, waiting in self._work.shapes().items():
                self._recruit(shape, waiting, now_ms, without=failed)  # they may fail again
            self._give_again(now_ms)
        while self._give_out(now_ms):
            pass

    def _give_again(self, now_ms: int) -> None:
        """Give steps that take far too long to one more provider; the first result counts."""
        late = self._work.late(now_ms)
        holders = frozenset(one for task in late for one in self._work.having(task.key))
        for shape, many in Counter(map(shape_of, late)).items():
            self._recruit(shape, many, now_ms, without=holders)
        for task in late:
            if (provider := self._work.second(task, now_ms)) is None:
                continue
            if self._try(self._current[provider], task, now_ms):
                self._office.log("step given again", peer=provider, step=str(task.key))
            else:  # what it reads cannot be had there; the first may be at work on it
                self._work.give_back(task.key, provider, now_ms, is_bad=False)

    def _give_out(self, now_ms: int) -> bool:
        """Give out what there is room for; return whether there are other steps now."""
        begun: list[int] = []
        is_aside = False
        coming = sum(not deal.is_agreed for deal in self._current.values() if deal.is_new(now_ms))
        for provider, tasks in self._work.place(now_ms, coming=coming):
            deal = self._current[provider]
            again = [task for task in tasks if deal.ran(task.key)]
            new = [task for task in tasks if not deal.ran(task.key)]
            if again:  # under another agreement: this one has its word on them
                self._renew(deal, again, now_ms)
            handed = self._hand(deal, new, now_ms)
            is_aside |= len(handed) < len(new)
            begun += (task.number for task in handed if task.number >= 0)
        if begun:
            self._visitor.send(write_numbers("begun", begun))
        return is_aside

    def _hand(self, deal: Deal, tasks: Sequence[Task], now_ms: int) -> list[Task]:
        """Have a provider run steps; return those that need not wait for content first."""
        at_hand: list[Task] = []
        others: list[Task] = []
        for task in tasks:
            is_simple = not self._away.lacks(task, deal.provider) and task.record
            (at_hand if is_simple or not self._away.of(task) else others).append(task)
        if at_hand:
            away = frozenset(root for task in at_hand for root in self._away.of(task))
            deal.hand(at_hand, now_ms, away)
        for task in others:  # each by itself: it waits for its own passes only
            if self._try(deal, task, now_ms):
                at_hand.append(task)
            elif self._away.is_lost(task):
                self._work.end(task.key)
                self._lose([task], _CHANGED, _TRY_HERE)
            else:
                self._set_aside(task)
        return at_hand

    def _try(self, deal: Deal, task: Task, now_ms: int) -> bool:
        """Have a provider run a step; return whether what that reads can be had there."""
        passes = None if self._away.is_lost(task) else self._passes(task, deal.provider)
        if passes is not None:
            deal.hand([task], now_ms, frozenset(self._away.of(task)), passes)
        return passes is not None

    def _passes(self, task: Task, reader: PeerId) -> tuple[bytes, ...] | None:
        """Return passes for what is with others; None when it has to come by way of us.

        Of a step whose record is fetched, one also for what the reader has itself: it is not to
        ask for that.
        """
        lacks = self._away.lacks(task, reader)
        others = {root for roots in lacks.values() for root in roots}
        own = [root for root in self._away.of(task) if root not in others]
        if own and not task.record:
            lacks[reader] = own
        if len(lacks) > MAX_PASSES or sum(map(len, lacks.values())) > MAX_PASSED:
            return None
        passes = []
        for holder, roots in lacks.items():
            notice = self._directory.get(holder)
            if notice is None or self._office.lines.control(holder) is None:
                return None
            places = notice.record.addresses if holder != reader else ()
            one = Pass(holder.key, reader.key, places, tuple(roots))
            passes.append(seal(PASS, one, self._office.signer).data)
        return tuple(passes)

    def _set_aside(self, task: Task) -> None:
        """Have what a step reads brought here before it is given to anybody."""
        if (ended := self._work.end(task.key)) is not None:
            self._withdraw([ended])
        made = self._away.wait(task)
        self._office.log("content brought", step=str(task.key), steps=len(made))
        self._work.add(made, self._now_ms)

    def _hold(self, task: Task, provider: PeerId, sizes: Mapping[Cid, int]) -> None:
        self._work.placement.holds(provider, sizes)
        self._away.keep(task, provider, sizes)

    def _learn(
        self, task: Task, provider: PeerId, away: Mapping[Cid, int], said: Testimony
    ) -> None:
        """Take what a provider gave, and what of it stays there."""
        outputs = said.result.outputs.values()
        self._hold(task, provider, away)
        if task.number < 0 and away:  # said before all was asked for: it is told again
            self._work.add([task._replace(maker=provider.key)], self._now_ms)
        elif task.number < 0:
            ready, lost = self._away.came(task, outputs)
            self._work.add(ready, self._now_ms)
            self._lose(lost, _CHANGED, _TRY_HERE)

    def _renew(self, deal: Deal, again: Sequence[Task], now_ms: int) -> None:
        """Give a provider nothing more under an agreement; the next is another."""
        if self._current.get(deal.provider) is deal:
            del self._current[deal.provider]
        self._work.leave(deal.provider)
        for task in again:
            self._work.give_back(task.key, deal.provider, now_ms, is_bad=False)

    def _retire(self) -> None:
        """End the agreements under which nothing more comes."""
        for deal in tuple(self.deals.values()):
            if self._current.get(deal.provider) is not deal and not deal.is_busy:
                deal.end()

    def _recruit(
        self, shape: Shape, waiting: int, now_ms: int, *, without: frozenset[PeerId] = frozenset()
    ) -> None:
        """Offer to as many as the steps that wait could use, which some are not to have."""
        need = self._recruiter.need(shape)
        live = [deal for deal in self._current.values() if _is_able(deal, need)]
        able = self._recruiter.able(shape, now_ms)
        is_there = bool(able) or any(deal.is_agreed for deal in live)
        if self._recruiter.gives_up(shape, now_ms, is_there=is_there):
            self._give_up(shape)
            return
        if not (able or live):
            self._note("nobody runs such steps now; waiting for a peer")
        has = self._work.placement.idle(need, now_ms, without=without)
        has += sum(_room(deal.terms).at_once(need) for deal in live if not deal.is_agreed)
        makers = self._work.makers()
        for notice in sorted(able, key=lambda one: one.signer not in makers):
            provider = notice.signer
            is_enough = has >= waiting and provider not in makers
            if is_enough or len(self._current) >= MAX_DEALS:
                return
            if provider not in self._current and self._recruiter.may_be_asked(provider, now_ms):
                has += self._offer(notice, shape).at_once(need)

    def _offer(self, notice: Notice, shape: Shape) -> Room:
        me = self._office.signer.public_key
        terms = self._recruiter.terms(notice, shape, self._run_id(), me)
        deal = Deal(self._office, self, notice.signer, terms, self._now_ms)
        self.deals[deal.agreement] = self._current[notice.signer] = deal
        return _room(terms)

    def _give_up(self, shape: Shape) -> None:
        """Say that nobody runs the steps of a shape."""
        what, fix = self._recruiter.lack(shape)
        self._lose(self._work.lose(shape), what, fix)

    def _lose(self, tasks: Sequence[Task], what: str, fix: str) -> None:
        """Say of steps, and of those that wait for what they would give, why nobody runs them."""
        losses = [Loss(task.number, what, "", fix) for task in tasks if task.number >= 0]
        why = f"what it reads is gone, and could not be made again: {what}"
        waited = [one for task in tasks if task.number < 0 for one in self._away.failed(task)]
        losses += [Loss(task.number, why, "", fix) for task in waited]
        if losses:
            self._visitor.send(write_losses(losses))

    def _tell_room(self) -> None:
        slots = sum(deal.terms.cores for deal in self._current.values() if deal.is_agreed)
        self._visitor.send(("room", slots))

    def _note(self, text: str) -> None:
        if text not in self._noted and len(self._noted) < MAX_NOTES:
            self._noted.add(text)
            self._visitor.send(("note", text))


def _outcome(task: Task, deal: Deal, said: Testimony, verdict: Verdict) -> Outcome:
    if verdict.proof is None:
        raise ValueError("what is kept was believed")
    records = (said.records[0].data, said.records[1].data)
    return Outcome(task.number, *records, verdict.proof, deal.provider.key, tuple(verdict.away))


def _is_able(deal: Deal, need: Need) -> bool:
    is_allowed = need.only is None or deal.provider in need.only
    return is_allowed and _room(deal.terms).at_once(need) > 0


def _room(terms: Offer) -> Room:
    return Room(terms.cores, terms.memory_bytes, terms.disk_bytes)
