"""Handing: gives the steps of a run out to providers, where what they read can be had.

What a step reads may have stayed with the peer that made it (away.py). Then the step goes out with
passes for that; when these cannot be, it is set aside until all of it was brought here.

>>> handing.add(tasks, now_ms)                                           # doctest: +SKIP
>>> while handing.give_out(now_ms):                                      # doctest: +SKIP
...     pass
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from engine.content.cid import Cid
from peers.away import Away
from peers.deal import Deal
from peers.identity import PeerId
from peers.office import Office
from peers.parcels import Passes
from peers.pass_record import MAX_PASSED, PASS, Pass
from peers.recruiter import Directory
from peers.roster import Roster
from peers.run_frames import Loss, Task
from peers.shape import shape_of
from peers.signed import seal
from peers.step_messages import MAX_PASSES
from peers.testimony import Testimony
from peers.voice import Voice
from peers.worklist import Worklist

TRY_HERE: Final = "run it here, without --on, to see whether it is the step"

_CHANGED: Final = "what it reads is gone, and came out otherwise when it was made again"


class Handing:
    """The steps of one run on their way to providers. For the node's thread."""

    def __init__(
        self, office: Office, directory: Directory, roster: Roster, work: Worklist, voice: Voice
    ) -> None:
        """Take who there is, who is worked with, and what there is to do."""
        self._office = office
        self._directory = directory
        self._roster = roster
        self._work = work
        self._voice = voice
        self._away = Away()
        self._lacking: Counter[PeerId] = Counter()  # steps returned for want of what is away

    def add(self, tasks: Iterable[Task], now_ms: int) -> None:
        """Take steps of the run."""
        lost = []
        for task in tasks:
            if self._away.is_lost(task):
                lost.append(task)
            else:
                self._work.add([self._away.sized(task)], now_ms)
        self.lose(lost, _CHANGED, TRY_HERE)

    def drop(self, numbers: Iterable[int], now_ms: int) -> None:
        """Forget steps that nobody wants."""
        dropped = (self._work.drop(one) for one in numbers if not self._away.drop(one))
        self._roster.withdraw([one for one in dropped if one is not None], now_ms)

    def give_out(self, now_ms: int) -> bool:
        """Give out what there is room for; return whether there are other steps now."""
        begun: list[int] = []
        is_aside = False
        for provider, tasks in self._work.place(now_ms, coming=self._roster.coming(now_ms)):
            deal = self._roster.current(provider)
            again = [task for task in tasks if deal.ran(task.key)]
            new = [task for task in tasks if not deal.ran(task.key)]
            if again:  # under another agreement: this one has its word on them
                self._roster.renew(deal)
                self._give_back(again, provider, now_ms)
            handed = self._hand(deal, new, now_ms)
            is_aside |= len(handed) < len(new)
            begun += (task.number for task in handed if not task.is_made_again)
        self._voice.begun(begun)
        return is_aside

    def give_again(self, now_ms: int) -> None:
        """Give steps that take far too long to one more provider; the first result counts."""
        late = self._work.late(now_ms)
        holders = frozenset(one for task in late for one in self._work.having(task.key))
        for shape, many in Counter(map(shape_of, late)).items():
            self._roster.recruit(shape, many, now_ms, without=holders)  # none waits: none is lost
        for task in late:
            if (provider := self._work.second(task, now_ms)) is None:
                continue
            if self._try(self._roster.current(provider), task, now_ms):
                self._office.log("step given again", peer=provider, step=str(task.key))
            else:  # what it reads cannot be had there; the first may be at work on it
                self._give_back([task], provider, now_ms)

    def hold(self, task: Task, provider: PeerId, sizes: Mapping[Cid, int]) -> None:
        """Hear that a provider has what came out of a step."""
        self._work.placement.holds(provider, sizes)
        self._away.keep(task, provider, sizes)

    def learn(
        self, task: Task, provider: PeerId, away: Mapping[Cid, int], said: Testimony, now_ms: int
    ) -> None:
        """Take what a provider gave, and what of it stays there."""
        outputs = said.result.outputs.values()
        self.hold(task, provider, away)
        if task.is_made_again and away:  # said before all was asked for: it is told again
            self._work.add([task._replace(maker=provider.key)], now_ms)
        elif task.is_made_again:
            ready, lost = self._away.came(task, outputs)
            self._work.add(ready, now_ms)
            self.lose(lost, _CHANGED, TRY_HERE)

    def sets_aside(self, task: Task, provider: PeerId, now_ms: int) -> bool:
        """Set a step aside that a provider gave back, if that may not have had what it reads.

        Not while another is at work on it. Who does that more than once is left alone for a while.
        """
        if self._work.having(task.key) != (provider,) or not self._away.of(task):
            return False
        self._lacking[provider] += 1
        is_bad = self._lacking[provider] > 1
        self._work.give_back(task.key, provider, now_ms, is_bad=is_bad)
        self._set_aside(task, now_ms)
        return True

    def lose(self, tasks: Sequence[Task], what: str, fix: str) -> None:
        """Say of steps, and of those that wait for what they would give, why nobody runs them."""
        losses = [Loss(task.number, what, "", fix) for task in tasks if not task.is_made_again]
        why = f"what it reads is gone, and could not be made again: {what}"
        waited = [one for task in tasks if task.is_made_again for one in self._away.failed(task)]
        losses += [Loss(task.number, why, "", fix) for task in waited]
        self._voice.lost(losses)

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
                self.lose([task], _CHANGED, TRY_HERE)
            else:
                self._set_aside(task, now_ms)
        return at_hand

    def _try(self, deal: Deal, task: Task, now_ms: int) -> bool:
        """Have a provider run a step; return whether what that reads can be had there."""
        passes = None if self._away.is_lost(task) else self._passes(task, deal.provider)
        if passes is not None:
            deal.hand([task], now_ms, frozenset(self._away.of(task)), passes)
        return passes is not None

    def _passes(self, task: Task, reader: PeerId) -> Passes | None:
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

    def _set_aside(self, task: Task, now_ms: int) -> None:
        """Have what a step reads brought here before it is given to anybody."""
        if (ended := self._work.end(task.key)) is not None:
            self._roster.withdraw([ended], now_ms)
        made = self._away.wait(task)
        self._office.log("content brought", step=str(task.key), steps=len(made))
        self._work.add(made, now_ms)

    def _give_back(self, tasks: Iterable[Task], provider: PeerId, now_ms: int) -> None:
        """Take steps back from a provider that has no fault in it."""
        for task in tasks:
            self._work.give_back(task.key, provider, now_ms, is_bad=False)
