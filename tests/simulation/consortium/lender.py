"""Lender: the machine of a member, and the steps that it runs for others: made-up work, real rules.

Whose offer is taken, House and CreditLine say; when an agreement is used up, Earned.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.content.blocks import Block
from engine.content.cid import Cid
from peers.admission import WANTED_MS
from peers.agreement import MAX_LEASE_MS, Agreement, Offer
from peers.earned import USED_UP, Earned
from peers.house import House, Share, objection, share_of
from peers.identity import PeerId
from peers.prices import Outcome, Usage, charge
from peers.run_frames import Task
from tests.simulation.consortium.person import MEMORY

if TYPE_CHECKING:
    from tests.simulation.consortium.bargain import Bargain
    from tests.simulation.consortium.member import Member

ALL = 2**62  # bytes: there is enough of these


@dataclass
class Hosting:
    """One agreement as its provider keeps it."""

    offer: Offer
    bargain: "Bargain"
    earned: Earned
    waiting: deque[Task] = field(default_factory=deque)
    running: dict[Cid, int] = field(default_factory=dict)  # step -> when it began
    used_ms: int = 0
    is_awake: bool = True

    @property
    def requester(self) -> PeerId:
        """Who it is for."""
        return PeerId(self.offer.requester)


class Lender:
    """What one member lends, and to whom."""

    def __init__(self, member: "Member") -> None:
        self.worked_ms = 0  # of cores, for others
        self.worked_for: defaultdict[PeerId, int] = defaultdict(int)  # what that is worth
        self.over = 0  # what did not fit in what was agreed, and is not owed: micro-credits
        self._member = member
        share = Share(member.person.cores, ALL, ALL)
        self._house = House(share, share, MAX_LEASE_MS, member.prices)
        self._hostings: dict[Cid, Hosting] = {}
        self._busy = 0  # cores

    @property
    def free(self) -> int:
        """How many cores do nothing."""
        return self._member.person.cores - self._busy

    def offered(self, bargain: "Bargain", block: Block, reply: Callable[[str], None]) -> None:
        """Say yes ("") or why not; what is agreed is in the ledger before."""
        offer, asks = bargain.terms, bargain.requester.peer
        why = objection(self._house, offer, self._lent())
        if why and self._put_to_sleep():
            why = objection(self._house, offer, self._lent())
        why = why or self._member.credit.objection(asks, block.cid, offer.price_cap)
        if why:
            reply(why)
            return

        def agreed() -> None:
            earned = self._member.credit.earned(Agreement(block.cid, offer))
            now_ms = self._member.agenda.now_ms
            self._hostings[block.cid] = Hosting(offer, bargain, earned, used_ms=now_ms)
            reply("")

        self._member.agreed_ms[asks] = self._member.agenda.now_ms
        self._member.credit.agree(asks, block, offer.price_cap, agreed)

    def handed(self, agreement: Cid, tasks: list[Task]) -> None:
        """Take steps."""
        hosting = self._hostings[agreement]
        if not hosting.is_awake and (why := objection(self._house, hosting.offer, self._lent())):
            hosting.bargain.returned(tasks, why)
            return
        hosting.is_awake = True
        hosting.waiting.extend(tasks)
        self._go_on()

    def withdrawn(self, agreement: Cid, steps: set[Cid]) -> dict[Cid, int]:
        """Run no more what nobody wants; return how long it had run."""
        if (hosting := self._hostings.get(agreement)) is None:
            return {}
        hosting.waiting = deque(task for task in hosting.waiting if task.key not in steps)
        ran = {step: self._spend(hosting, step) for step in steps & hosting.running.keys()}
        for wall_ms in ran.values():
            self._earn(hosting, Outcome.CANCELLED, wall_ms)
        self._go_on()
        return ran

    def ended(self, agreement: Cid) -> dict[Cid, int]:
        """Do nothing more under an agreement; return how long had run what ran."""
        if (hosting := self._hostings.get(agreement)) is None:
            return {}
        ran = self.withdrawn(agreement, {*hosting.running, *(one.key for one in hosting.waiting)})
        del self._hostings[agreement]
        return ran

    # steps

    def _go_on(self) -> None:
        """Begin what there are cores for, by turns."""
        for hosting in tuple(self._hostings.values()):
            while hosting.waiting and self.free:
                self._begin(hosting, hosting.waiting.popleft())

    def _begin(self, hosting: Hosting, task: Task) -> None:
        now_ms = self._member.agenda.now_ms
        hosting.used_ms = now_ms
        if hosting.earned.is_all:
            hosting.bargain.returned([task], USED_UP)
            return
        hosting.running[task.key] = now_ms
        self._busy += 1
        wall_ms = int(hosting.bargain.requester.takes_ms[task.key] * self._member.person.slowness)
        self._member.agenda.after(wall_ms, lambda: self._done(hosting, task, now_ms))

    def _done(self, hosting: Hosting, task: Task, began_ms: int) -> None:
        if hosting.running.get(task.key) != began_ms:
            return  # it was stopped meanwhile
        wall_ms = self._spend(hosting, task.key)
        self._earn(hosting, Outcome.RAN, wall_ms)
        hosting.bargain.made(task, wall_ms)
        self._member.worked(hosting.requester)
        self._go_on()

    def _earn(self, hosting: Hosting, outcome: Outcome, wall_ms: int) -> None:
        """Count what a step is worth; what does not fit in the agreement is not owed."""
        usage = Usage(1, MEMORY, wall_ms)
        worth = charge(hosting.offer.prices, outcome, usage)
        if worth <= hosting.offer.price_cap - hosting.earned.amount:
            self.worked_for[hosting.requester] += worth
        else:
            self.over += worth
        hosting.earned.add(outcome, usage)

    def _spend(self, hosting: Hosting, step: Cid) -> int:
        """Have a core back; return for how long it was used."""
        now_ms = self._member.agenda.now_ms
        wall_ms = now_ms - hosting.running.pop(step)
        self._busy -= 1
        self.worked_ms += wall_ms
        hosting.used_ms = now_ms
        return wall_ms

    # agreements

    def _lent(self) -> dict[PeerId, Share]:
        lent: dict[PeerId, Share] = {}
        for one in self._awake():
            lent[one.requester] = lent.get(one.requester, Share()).plus(share_of(one.offer))
        return lent

    def _put_to_sleep(self) -> bool:
        """Let others have what nobody uses."""
        before_ms = self._member.agenda.now_ms - WANTED_MS
        quiet = [
            one
            for one in self._awake()
            if one.used_ms <= before_ms and not (one.waiting or one.running)
        ]
        for one in quiet:
            one.is_awake = False
        return bool(quiet)

    def _awake(self) -> list[Hosting]:
        return [one for one in self._hostings.values() if one.is_awake]
