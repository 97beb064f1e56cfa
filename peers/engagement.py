"""Engagement: one agreement as its provider keeps it: a Service, and what is done for it.

Save, then send: a lease is in the book before it is answered, a batch before it leaves. What is
owed to the requester is sent again whenever it is heard of, until it was answered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Final

from engine.content.cid import Cid
from engine.recorder import Record
from peers.agreement import MAX_STEPS
from peers.allowance import AGREED
from peers.asking import Asking
from peers.errands import Errands
from peers.held import HELD
from peers.house import Share
from peers.house import share_of as lent_by
from peers.made import Made
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
    Resend,
    Return,
    Run,
    Stopped,
    Tick,
)
from peers.step_messages import CLAIM_TYPE, Claim, Handed, SignedPass, write_claim
from peers.telling import Telling
from peers.tools import Tools
from peers.untold import Untold

AHEAD: Final = 512  # steps that are ready or on their way to the disk, beside those that run


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
        self._asking = asking
        self._blame = blame
        self._ended = ended
        self._now_ms = now_ms
        offer = kept.agreement.offer
        self._service = Service(kept.agreement, offer.cores + AHEAD, kept.past)
        self._earned = tools.credit.earned(kept.agreement)
        self._errands = Errands(kept.agreement, tools, self._made, self._fail, self._earned)
        requester, is_open = kept.agreement.requester, self._service.is_open
        self._untold = Untold(requester, tools, is_open, self._fail, ended)
        self._telling = Telling(kept, tools, asking, self._on_confirmed)
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
        told = {cid for ran in self._service.known() for cid in ran.said[1:]}
        return self._errands.roots() | told

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
        new = self._errands.take(handed, self._service.is_open)
        self._perform(actions)
        self._errands.bring(new, handed.records)

    def _is_strange(self, one: SignedPass) -> bool:
        """Return whether a pass is none that its requester gives this peer."""
        agreement = self.agreement
        is_his = one.value.signer == agreement.requester
        return not is_his or one.value.value.reader != agreement.provider.key

    def _why_full(self, handed: Handed) -> str:
        """Return why there is no room for a lease; "" when there is."""
        if not self._telling.has_room(handed.lease.value.count):
            return f"of more than {HELD} leased steps no word came"
        return "" if self._errands.has_room(handed.passes) else "steps wait for too many passes"

    def _refuse(self, steps: Iterable[Cid], why: str, reply: Callable[[], None]) -> None:
        """Give a lease back that there is no room for; what is open of it stays so."""
        if others := [step for step in steps if not self._service.is_open(step)]:
            self._telling.refuse(others, why, reply)
        else:
            reply()

    def stopped(self, steps: Iterable[Cid]) -> None:
        """End steps that nobody wants; say how long they had run."""
        is_open = [step for step in steps if self._service.is_open(step)]
        self._claim({step: self._errands.cancel(step) for step in is_open})
        for step in is_open:
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
        self._untold.close()
        self._claim(self._errands.close())
        self._telling.close()
        self._tools.depot.withdraw(self.agreement.cid)
        self._tools.depot.ungranted(self.agreement.requester)
        self._tools.workbench.leave(self.agreement.cid)

    # steps

    def _claim(self, ran: Mapping[Cid, int]) -> None:
        """Say how long steps had run that were stopped, where that is paid."""
        claimed = tuple((step, ms) for step, ms in ran.items() if ms)
        if claimed and self.agreement.offer.price_cap:
            for at in range(0, len(claimed), MAX_STEPS):
                claim = Claim(self.agreement.cid, claimed[at : at + MAX_STEPS])
                self._asking.ask(CLAIM_TYPE, write_claim(claim), _said)

    def _on_confirmed(self, number: int) -> None:
        self.used_ms = self._now_ms
        self._tell(Confirmed(number))

    def _made(self, made: Sequence[Made]) -> None:
        """Take what came of steps that ended by themselves."""
        self.used_ms = self._now_ms
        self._perform(self._service.handle_all(self._untold.take(made), self._now_ms))

    def _fail(self, step: Cid, why: str) -> None:
        """Give a step back that was not run."""
        self._ended["returned"] += 1
        self._tell(Failed(step, why))

    # actions

    def _tell(self, event: Event) -> None:
        self._perform(self._service.handle(event, self._now_ms))

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in () if self._is_over else actions:
            match action:
                case Run(step):
                    self._errands.due(step)
                case Cancel(step):
                    self._errands.cancel(step)
                    self._telling.dropped(step)
                case Hand():
                    self._hand(action)
                case Resend(number):
                    self._telling.send(number)
                case Return(steps, why):
                    for step in steps:
                        self._errands.drop(step)
                    self._telling.give_back(steps, why)
                case Blame(why):
                    self._blame(why)

    def _hand(self, hand: Hand) -> None:
        """Let the requester have what a batch is of, and tell it."""
        made = self._untold.leave(hand.said)
        roots = [root for one in made for root in one.roots]
        self._tools.depot.offer(self.agreement.cid, roots, self.agreement.requester)
        enter, entered = partial(self._untold.enter, made), partial(self._untold.drop, made)
        self._telling.hand(hand, made, enter, entered)


def _said(answer: bytes | None) -> None:
    """Take no notice: who does not answer pays nothing for it."""


def _unheard(outcome: "Future[None]") -> None:
    """Go on whether it could be written or not: without it, more is said than anybody needs."""
