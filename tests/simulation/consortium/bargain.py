"""Bargain: in place of a Deal: one agreement of a run with a provider, without the messages.

It tells its owner (peers/ticket.py) what a Deal would, and pays by the same Tab. What is made in a
few minutes is paid together.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.step import Attestation, Result
from peers.agreement import OFFER, Agreement, Offer, Said
from peers.bill import Seen
from peers.deal import SOON_MS
from peers.identity import PeerId
from peers.judge import Verdict
from peers.payments import VOUCH_MS, Bill
from peers.receipts import Line
from peers.royalties import NOBODY, Royalties
from peers.run_frames import Task
from peers.signed import seal
from peers.step_messages import Claim
from peers.stopped import CLAIM_MS
from peers.tab import Tab
from peers.testimony import Testimony

if TYPE_CHECKING:
    from peers.deal_owner import Owner
    from tests.simulation.consortium.member import Desk, Member

WAY_MS: Final = 50  # of a message
TOGETHER_MS: Final = 10 * 60_000  # in which what is made is paid by one receipt
TOGETHER: Final = 64  # steps

_RECORD: Final = Block(Cid.of(RAW, b"record"), b"record")
_OUTPUTS: Final = {"out": _RECORD.cid}


class Bargain:
    """An offer, what came of it, and the steps under it."""

    def __init__(
        self,
        desk: "Desk",
        owner: "Owner",
        provider: PeerId,
        terms: Offer,
        now_ms: int,
        royalties: Royalties = NOBODY,
    ) -> None:
        self.provider = provider
        self.terms = terms
        self.requester = desk.member
        self.is_agreed = self.is_over = self.is_gone = False
        self._is_answered = False
        self._owner = owner
        self._lender = desk.member.others[provider]
        self._agenda = desk.member.agenda
        self._since_ms = now_ms
        self._block = seal(OFFER, terms, desk.signer)
        self.agreement = self._block.cid
        self._out: dict[Cid, tuple[Task, int]] = {}  # step -> when it went out
        self._ran: set[Cid] = set()
        self._drawer = Drawer(desk.member)
        self.tab = Tab(
            Agreement(self.agreement, terms),
            royalties,
            self._drawer,  # type: ignore[arg-type]
            partial(owner.paid, self),
            partial(owner.used_up, self),
            partial(owner.settled, self),
            desk.log,
        )
        self._agenda.after(WAY_MS, self._offer)

    # what a run asks of a deal

    def is_new(self, now_ms: int) -> bool:
        """Return whether an answer to the offer is still to be expected soon."""
        return now_ms - self._since_ms < SOON_MS

    def ran(self, step: Cid) -> bool:
        """Return whether the provider has handed a step back, and could not run it anew."""
        return step in self._ran

    @property
    def is_busy(self) -> bool:
        """Whether any step under it has not ended."""
        return bool(self._out)

    def hand(self, tasks: Sequence[Task], now_ms: int, *_: object) -> None:
        """Have steps run."""
        for task in tasks:
            self._out[task.key] = (task, now_ms)
        handed = list(tasks)
        self._agenda.after(WAY_MS, lambda: self._hand(handed))

    def withdraw(self, steps: Iterable[Cid], _: int) -> None:
        """Say that nobody wants some steps any more."""
        stopped = [step for step in steps if step in self._out]
        self._stop(stopped)
        if stopped:
            self._claim(self._lender.lender.withdrawn(self.agreement, {*stopped}))

    def tick(self, now_ms: int) -> None:
        """Take the time."""

    def end(self) -> None:
        """Have nothing more to do with the provider for this run."""
        self._close("the run has ended")

    # what the provider does

    def made(self, task: Task, wall_ms: int) -> None:
        """Take a result; a wrong one is paid unless it is found out."""
        went = self._out.pop(task.key, None)
        if went is None:
            return
        self._ran.add(task.key)
        provider = self._lender
        if provider.lies() and self.requester.finds_out():
            self._close("it handed back a wrong result")
            self._owner.blamed(self, "it handed back a wrong result")
            return
        said = _testimony(task, provider.says_ms(wall_ms))
        seen = Seen(self._agenda.now_ms - went[1], 0, is_known=False)
        line = self.tab.line(said, seen)
        self.tab.pay(_RECORD.cid, (line,), _nothing)
        self.requester.consumed_ms += wall_ms
        self._owner.kept(self, [Verdict(task.key, said, _RECORD.cid, "", is_lie=False)])

    def returned(self, tasks: Sequence[Task], why: str) -> None:
        """Hear that some steps are not run there."""
        steps = [task.key for task in tasks if self._out.pop(task.key, None) is not None]
        if steps:
            self._owner.given_back(self, steps, why)

    # to and fro

    def _offer(self) -> None:
        if not self.is_over:
            self._lender.lender.offered(self, self._block, self._answered)

    def _answered(self, why: str) -> None:
        self._is_answered, self.is_agreed = True, not why
        if self.is_over:
            self._settle()
        elif why:
            self.requester.refused += 1
            self._close(why)
        else:
            self._owner.agreed(self)

    def _hand(self, tasks: list[Task]) -> None:
        still = [task for task in tasks if task.key in self._out]
        if still and not self.is_over:
            self._lender.lender.handed(self.agreement, still)

    def _close(self, why: str) -> None:
        if self.is_over:
            return
        self.is_over = True
        steps = [*self._out]
        self._stop(steps)
        self._owner.given_back(self, steps, why)
        self._owner.closed(self, why)
        self._settle()

    # money

    def _stop(self, steps: Iterable[Cid]) -> None:
        """Have paid what steps had run that are stopped."""
        out = [(step, *self._out.pop(step)) for step in steps]
        now_ms = self._agenda.now_ms
        self.tab.stop((step, task.need, now_ms - went_ms) for step, task, went_ms in out)

    def _claim(self, ran: dict[Cid, int]) -> None:
        if ran:
            self._drawer.flush()
            claim = Claim(self.agreement, tuple(ran.items()))
            self.requester.payments.claim(self.provider, claim)
            for ms in ran.values():
                self.requester.consumed_ms += ms

    def _settle(self) -> None:
        """Give no more receipts."""
        if self.is_agreed:
            self._claim(self._lender.lender.ended(self.agreement))
        if self._is_answered:
            self.tab.close()


class Drawer:
    """In place of Payments, for a Tab: it keeps bills for a while, and then gives one for all."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._kept: list[tuple[PeerId, Bill]] = []

    def begin(self, *about: Any) -> None:
        """Hear of an agreement."""
        self._member.payments.begin(*about)

    def bill(self, provider: PeerId, bill: Bill, _: object) -> None:
        """Keep what is to be paid."""
        if not bill.lines:
            return
        if not self._kept:
            self._member.agenda.after(TOGETHER_MS, self.flush)
        self._kept.append((provider, bill))
        if len(self._kept) >= TOGETHER:
            self.flush()

    def stopped(self, *about: Any) -> None:
        """Hear of steps that are stopped."""
        self._member.payments.stopped(*about)

    def end(self, *about: Any) -> None:
        """Pay all, and then no more."""
        self.flush()
        self._member.payments.end(*about)
        self._tick(CLAIM_MS)

    def flush(self) -> None:
        """Pay what is kept."""
        kept, self._kept = self._kept, []
        if kept:
            provider, first = kept[0]
            lines: tuple[Line, ...] = tuple(line for _, bill in kept for line in bill.lines)
            bill = first._replace(lines=lines)
            self._member.payments.bill(provider, bill, _nothing)
            self._tick(VOUCH_MS)

    def _tick(self, after_ms: int) -> None:
        agenda = self._member.agenda
        agenda.after(after_ms, lambda: self._member.payments.tick(agenda.now_ms))


def _nothing() -> None:
    """Do nothing more."""


def _testimony(task: Task, wall_ms: int) -> Testimony:
    """Return what a provider says of a step."""
    name = _RECORD.cid
    attestation = Attestation(
        step=task.key,
        result=name,
        sandbox="",
        system="",
        started_ms=0,
        wall_ms=wall_ms,
        processor_ms=wall_ms,
        peak_memory=0,
        stdout=None,
        stderr=None,
        truncated=False,
        reason="",
    )
    result = Result(task.key, 0, _OUTPUTS)
    return Testimony(
        task, Said(task.key, name, name), result, attestation, (_RECORD, _RECORD), (), ()
    )
