"""Ticket: one run of ours whose steps peers run, and what becomes of each of them.

It puts together who is worked with (roster.py), how steps go out to them (handing.py) and what the
run is told (voice.py). It lives as long as the connection of the process that drives the run. When
that ends, what was accepted is in the memo of this home, and all else is stopped.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from engine.clock import Clock
from engine.content.cid import Cid
from peers.commission import Commission
from peers.credits import Credits
from peers.deal import Deal
from peers.earned import USED_UP
from peers.failures import Failed, Failures
from peers.handing import TRY_HERE, Handing
from peers.identity import PeerId
from peers.judge import UNKNOWN, Verdict
from peers.office import Office
from peers.plain import Plain
from peers.recruiter import Directory, Recruiter
from peers.returns import Returns
from peers.roster import Roster
from peers.run_frames import Outcome, Task, read_held, read_numbers, read_tasks
from peers.shunned import Shunned
from peers.testimony import Testimony
from peers.voice import Visitor, Voice
from peers.worklist import Worklist

RECRUIT_MS: Final = 250  # between two looks at who there is
WRONG: Final = "a result of it is wrong, by this machine's and by other peers' word"


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
        commission: Commission,
    ) -> None:
        """Take who there is, whom to leave alone, what gives 16 bytes, and what it wants."""
        self.ended: Counter[str] = Counter()  # steps, by how
        self._office = office
        self._shunned = shunned
        self._clock = clock
        self._returns = Returns()
        self._failures = Failures()
        self._recruited_ms = -RECRUIT_MS
        self._voice = Voice(visitor)
        self._work = Worklist(directory.named)
        recruiter = Recruiter(directory, shunned)
        self._roster = Roster(office, self, recruiter, run_id, self._work, self._voice, commission)
        self._handing = Handing(office, directory, self._roster, self._work, self._voice)
        self.deals = self._roster.deals

    def take(self, frame: Plain) -> None:
        """Take what the run says."""
        match frame:
            case ("steps", tasks):
                self._handing.add(read_tasks(tasks), self._now_ms)
            case ("held", groups, of):
                for task, roots, key in read_held(groups, of):
                    self._handing.hold(task, PeerId(key), dict.fromkeys(roots, UNKNOWN))
            case ("stop", numbers):
                self._handing.drop(read_numbers(numbers), self._now_ms)
            case ("accused", tuple(keys)):
                self._accuse([PeerId(key) for key in keys if isinstance(key, bytes)])
            case ("end",):
                self._voice.close()
                return
            case _:
                raise ValueError("a run says something else")
        self._advance(is_new=True)

    def _accuse(self, providers: Sequence[PeerId]) -> None:
        """Have nothing to do with peers whose results are wrong; open steps go to others."""
        for deal in tuple(self.deals.values()):
            if deal.provider in providers:
                deal.accuse(WRONG)
        for provider in providers:
            self._work.placement.blamed(provider, self._now_ms)
            self._shunned.add(provider, self._now_ms)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        for deal in tuple(self.deals.values()):
            deal.tick(now_ms)
        self._advance()

    def end(self) -> None:
        """Stop everything."""
        self._roster.end()

    def retry(self) -> None:
        """Make offers again that were refused: another run of this home has ended."""
        self._roster.retry()

    # what deals tell

    def agreed(self, deal: Deal) -> None:
        """Give steps to a provider."""
        if self._roster.agreed(deal):
            self._advance()

    def left(self, deal: Deal) -> None:
        """Give it none for now."""
        self._roster.left(deal)

    def closed(self, deal: Deal, why: str) -> None:
        """Offer to it again later, or to others."""
        self._roster.closed(deal, why, self._now_ms)

    def blamed(self, deal: Deal, why: str) -> None:
        """Give a liar nothing."""
        self._office.log("peer blamed", peer=deal.provider, why=why)
        self._work.placement.blamed(deal.provider, self._now_ms)
        self._shunned.add(deal.provider, self._now_ms)

    def kept(self, deal: Deal, verdicts: Sequence[Verdict]) -> None:
        """Tell the run of steps that are done."""
        outcomes, now_ms = [], self._now_ms
        for verdict in verdicts:
            said = verdict.testimony
            if said is None:
                raise ValueError("what is kept was believed")
            self._returns.forget(verdict.step)
            self._count_failure(deal, verdict, said)
            took_ms = self._work.took_ms(verdict.step, said.attestation.wall_ms, now_ms)
            ended = self._work.done(verdict.step, deal.provider, took_ms)
            if ended is not None:
                self.ended["done" if said.succeeded else "failed"] += 1
                self._roster.withdraw([ended], now_ms)
                self._handing.learn(ended.task, deal.provider, verdict.away, said, now_ms)
                if not ended.task.is_made_again:
                    outcomes.append(_outcome(ended.task, deal, said, verdict))
        if not self._roster.is_over:
            self._voice.ended(outcomes)
        self._advance()

    def _count_failure(self, deal: Deal, verdict: Verdict, said: Testimony) -> None:
        """Pay for a failure that came again, here or elsewhere."""
        if said.succeeded or verdict.line is None or verdict.batch is None:
            return
        logs = said.attestation.stdout, said.attestation.stderr
        mark = (said.result.exit_code, *logs)
        failed = Failed(deal.provider, deal.agreement, verdict.batch, verdict.line, mark)
        for one in self._failures.add(verdict.step, failed):
            deals = [each for each in self.deals.values() if each.provider == one.provider]
            deals.sort(key=lambda each: each.agreement != one.agreement)  # its own, if that lasts
            for whose in deals[:1]:
                whose.tab.pay_failure(one.line, one.batch)

    def paid(self, deal: Deal, amount: Credits) -> None:
        """Count what is owed for steps."""
        self._roster.spent(deal, amount)

    def used_up(self, deal: Deal) -> None:
        """Give it nothing more under this agreement; another may follow."""
        self._roster.used_up(deal)

    def settled(self, deal: Deal) -> None:
        """Have something left for others."""
        self._roster.settled(deal)

    def given_back(self, deal: Deal, steps: Sequence[Cid], why: str) -> None:
        """Have steps done by another; one that comes back again and again is not done at all."""
        if self._roster.is_over:
            return
        self._office.log("steps given back", peer=deal.provider, count=len(steps), why=why)
        lost = []
        self.ended["returned"] += len(steps)
        now_ms, able = self._now_ms, self._roster.ready()
        if why == USED_UP:  # it is no fault of the steps, nor of what they read
            self._roster.used_up(deal)
            for step in steps:
                self._work.give_back(step, deal.provider, now_ms, is_bad=False)
            return
        for step in steps:
            if (task := self._work.task(step)) is None:
                continue
            if not deal.is_over and self._handing.sets_aside(task, deal.provider, now_ms):
                continue
            self._work.give_back(step, deal.provider, now_ms, is_bad=not deal.is_over)
            if not deal.is_over and self._returns.count(step, deal.provider, able):
                lost.append(task)
                self._work.end(step)
        self._handing.lose(lost, f"no peer could run it: {why}", TRY_HERE)

    # what follows

    @property
    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()

    def _advance(self, *, is_new: bool = False) -> None:
        """Give out steps, and look for more providers when there are not enough."""
        if self._roster.is_over:
            return
        now_ms = self._now_ms
        if is_new or now_ms - self._recruited_ms >= RECRUIT_MS:
            self._recruited_ms = now_ms
            self._recruit(now_ms)
            self._handing.give_again(now_ms)
        while self._handing.give_out(now_ms):
            pass

    def _recruit(self, now_ms: int) -> None:
        """Look for who could run what waits; lose that of which nobody does."""
        self._roster.retire()
        failed = self._returns.providers()
        for shape, waiting in self._work.shapes().items():
            lack = self._roster.recruit(shape, waiting, now_ms, without=failed)  # may fail again
            if lack is not None:
                self._handing.lose(self._work.lose(shape), *lack)


def _outcome(task: Task, deal: Deal, said: Testimony, verdict: Verdict) -> Outcome:
    if verdict.proof is None:
        raise ValueError("what is kept was believed")
    records = (said.records[0].data, said.records[1].data)
    return Outcome(task.number, *records, verdict.proof, deal.provider.key, tuple(verdict.away))
