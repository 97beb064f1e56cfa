"""Bargain: in place of a Deal: one agreement of a run with a provider, without the messages.

It tells its owner (peers/ticket.py) what a Deal would, and pays by the same rules: line_of, within,
Payments. What is made in a few minutes is paid together.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.step import Attestation, Result
from peers.agreement import OFFER, Offer, Said
from peers.bill import line_of
from peers.credits import Credits
from peers.deal import SOON_MS
from peers.identity import PeerId
from peers.judge import Verdict
from peers.payments import VOUCH_MS
from peers.receipts import Line, within
from peers.run_frames import Task
from peers.signed import seal
from peers.testimony import Testimony

if TYPE_CHECKING:
    from peers.deal import Owner
    from tests.simulation.member import Desk

WAY_MS: Final = 50  # of a message
TOGETHER_MS: Final = 10 * 60_000  # in which what is made is paid by one receipt
TOGETHER: Final = 64  # steps

_RECORD: Final = Block(Cid.of(RAW, b"record"), b"record")
_OUTPUTS: Final = {"out": _RECORD.cid}


class Bargain:
    """An offer, what came of it, and the steps under it."""

    def __init__(
        self, desk: "Desk", owner: "Owner", provider: PeerId, terms: Offer, now_ms: int
    ) -> None:
        self.provider = provider
        self.terms = terms
        self.requester = desk.member
        self.is_agreed = self.is_over = self.is_gone = False
        self._owner = owner
        self._lender = desk.member.others[provider]
        self._agenda = desk.member.agenda
        self._since_ms = now_ms
        self._block = seal(OFFER, terms, desk.signer)
        self.agreement = self._block.cid
        self._out: dict[Cid, tuple[Task, int]] = {}  # step -> when it went out
        self._ran: set[Cid] = set()
        self._left = terms.price_cap
        self._lines: list[Line] = []
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
        stopped = {step for step in steps if self._out.pop(step, None) is not None}
        if stopped:
            self._lender.lender.withdrawn(self.agreement, stopped)

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
        line = line_of(self.terms.prices, task.need, said, self._agenda.now_ms - went[1])
        self._pay(line)
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
        if self.is_over:
            self.is_agreed = not why
            self._settle()
        elif why:
            self.requester.refused += 1
            self._close(why)
        else:
            self.is_agreed = True
            self._owner.agreed(self)

    def _hand(self, tasks: list[Task]) -> None:
        still = [task for task in tasks if task.key in self._out]
        if still and not self.is_over:
            self._lender.lender.handed(self.agreement, still)

    def _close(self, why: str) -> None:
        if self.is_over:
            return
        self.is_over = True
        steps, self._out = [*self._out], {}
        self._owner.given_back(self, steps, why)
        self._owner.closed(self, why)
        self._settle()

    # money

    def _pay(self, line: Line) -> None:
        paid = list(within([line], self._left))
        amount = sum(one.amount for one in paid)
        self._left -= amount
        if amount:
            self._owner.paid(self, Credits(amount))
        if paid and not self._lines:
            self._agenda.after(TOGETHER_MS, self._bill)
        self._lines += paid
        if len(self._lines) >= TOGETHER:
            self._bill()

    def _bill(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            payments = self.requester.payments
            payments.bill(self.provider, self.agreement, _RECORD.cid, lines)
            self._agenda.after(VOUCH_MS, lambda: payments.tick(self._agenda.now_ms))

    def _settle(self) -> None:
        """Give no more receipts."""
        if self.is_agreed:
            self._bill()
            self._lender.lender.ended(self.agreement)
            self.requester.payments.end(self.provider, self.agreement)


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
