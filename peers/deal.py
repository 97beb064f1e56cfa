"""Deal: one agreement with a provider, for one run of ours, as it is carried out.

It drives an Assignment: signs and sends what that says, and tells its owner what becomes of each
step. What was not answered is asked again, the same bytes, while the provider is there.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from engine.content.cid import Cid
from peers.agreement import LEASE, MAX_STEPS, OFFER, Agreement, Lease, Offer
from peers.allowance import AGREED
from peers.assignment import Assignment, State
from peers.assignment_events import (
    Action,
    Agreed,
    Attested,
    Blame,
    Declined,
    Event,
    GiveBack,
    Handed,
    HandOver,
    Returned,
    Stop,
    Tick,
    Vanished,
    Withdrawn,
)
from peers.batch_messages import Told
from peers.batches import Batches
from peers.connection import Connection
from peers.contact import Contact
from peers.deal_owner import Owner
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.insisting import Insisting
from peers.judge import Verdict
from peers.offer_messages import END_TYPE, OFFER_TYPE, Refusal, read_answer, write_end
from peers.office import Office
from peers.parcels import Parcels, Passes
from peers.royalties import NOBODY, Royalties
from peers.run_frames import Task
from peers.signed import seal, unseal
from peers.step_messages import LEASE_TYPE, STOP_TYPE, Steps, write_lease, write_steps
from peers.tab import Tab

SOON_MS: Final = 1_000  # in which a provider answers an offer

_BUSY: Final = frozenset({State.WAITING, State.LEASED, State.ATTESTED})
_RAN: Final = frozenset({State.ATTESTED, State.ACCEPTED, State.DISPUTED})


class Deal:
    """An offer, what came of it, and the steps under it. For the node's thread."""

    def __init__(
        self,
        office: Office,
        owner: "Owner[Deal]",
        provider: PeerId,
        terms: Offer,
        now_ms: int,
        royalties: Royalties = NOBODY,
    ) -> None:
        """Offer some terms to a provider; `royalties` are those that the terms name."""
        self.provider = provider
        self.terms = terms
        signed = seal(OFFER, terms, office.signer)
        self.agreement = signed.cid
        self.is_agreed = self.is_over = False
        self._office = office
        self._owner = owner
        self._assignment = Assignment(unseal(OFFER, signed.data))
        self._parcels = Parcels()
        self.tab = Tab(
            Agreement(self.agreement, terms),
            royalties,
            office.payments,
            partial(owner.paid, self),
            partial(owner.used_up, self),
            partial(owner.settled, self),
            office.log,
        )
        self._batches = Batches(
            office, provider, self._assignment, self._parcels, self.tab, self._do, self._judged
        )
        self._contact = Contact()
        self._now_ms = self._since_ms = self._batches.now_ms = now_ms
        self._insisting = Insisting(provider, office.mail, office.lines)
        self._insisting.ask(OFFER_TYPE, signed.data)

    def is_new(self, now_ms: int) -> bool:
        """Return whether an answer to the offer is still to be expected soon."""
        return now_ms - self._since_ms < SOON_MS

    def ran(self, step: Cid) -> bool:
        """Return whether the provider has handed a step back, and could not run it anew."""
        return self._assignment.states.get(step) in _RAN

    @property
    def is_gone(self) -> bool:
        """Whether it was taken for gone, and did not come back."""
        return self._contact.is_lost

    @property
    def is_busy(self) -> bool:
        """Whether any step under it has not ended."""
        return any(state in _BUSY for state in self._assignment.states.values())

    def hand(
        self,
        tasks: Sequence[Task],
        now_ms: int,
        away: frozenset[Cid] = frozenset(),
        passes: Passes = (),
    ) -> None:
        """Have steps run; what of their inputs is `away` is had there, or by passes."""
        self._parcels.add(tasks, away, passes)
        self._handle(Handed(tuple(task.key for task in tasks)), now_ms)

    def withdraw(self, steps: Iterable[Cid], now_ms: int) -> None:
        """Say that nobody wants some steps any more."""
        actions = [
            action
            for step in steps
            for action in self._assignment.handle(Withdrawn(step), now_ms)
            if isinstance(action, Stop)
        ]
        self._stop([action.step for action in actions], now_ms)
        for at in range(0, len(actions), MAX_STEPS):
            stopped = tuple(action.step for action in actions[at : at + MAX_STEPS])
            body = write_steps(Steps(self.agreement, stopped, "not wanted any more"))
            self._insisting.ask(STOP_TYPE, body)

    def _stop(self, steps: Iterable[Cid], now_ms: int) -> None:
        """Have paid what steps had run that are stopped."""
        out_ms, task = self._assignment.out_ms, self._parcels.task
        self.tab.stop((step, task(step).need, out_ms(step, now_ms)) for step in steps)

    def answered(self, connection: Connection, key: bytes, body: bytes, now_ms: int) -> bool:
        """Take an answer; False when it is to nothing that was asked here.

        Raises: RemoteFault for one that no honest peer gives.
        """
        kind = self._insisting.answered(connection, key)
        if kind is None:
            return False
        if kind == OFFER_TYPE:
            self._on_answer(body, now_ms)
        elif body:
            raise RemoteFault("it answers with more than that it has it")
        self._insisting.flush()
        return True

    def unanswered(self, connection: Connection, key: bytes) -> None:
        """Ask again what was not answered in time."""
        self._insisting.unanswered(connection, key)

    def batch(self, connection: Connection, key: bytes, told: Told, now_ms: int) -> None:
        """Take a batch; it is answered when all that counts of it is durable.

        Raises: RemoteFault when no honest provider would send it.
        """
        actions = self._assignment.handle(Attested(told.batch, told.said), now_ms)
        self._batches.came(told, (connection, key), actions)
        self._do(actions)
        self._batches.answer(told.batch.cid)

    def returned(self, steps: Steps, now_ms: int) -> None:
        """Hear that some steps are not run there."""
        events = (Returned(step, steps.why) for step in steps.steps)
        self._do([action for event in events for action in self._assignment.handle(event, now_ms)])

    def line_is_gone(self, connection: Connection) -> None:
        """Ask again on another line what was asked on this one."""
        self._insisting.closed(connection)

    def tick(self, now_ms: int) -> None:
        """Take the time: leases end, and a provider without a line has vanished."""
        self._now_ms = self._batches.now_ms = now_ms
        self._handle(Tick(), now_ms)
        self._insisting.flush()
        has_line = self._office.lines.control(self.provider) is not None
        if not self._contact.changes(has_line, now_ms) or self.is_over:
            return
        if self._contact.is_lost:
            self._leave(now_ms)
        else:
            self._owner.agreed(self)

    def accuse(self, why: str) -> None:
        """Have nothing more to do with a provider whose results are wrong."""
        if not self.is_over:
            self._cut_off(why)

    def end(self) -> None:
        """Have nothing more to do with the provider for this run."""
        if self.is_over:
            return
        line = self._office.lines.control(self.provider)
        if line is not None:
            states = self._assignment.states.items()
            self._stop([step for step, state in states if state is State.LEASED], self._now_ms)
            self._office.mail.tell(line, END_TYPE, write_end(self.agreement))
        self._close("the run has ended")

    # what the assignment says

    def _handle(self, event: Event, now_ms: int) -> None:
        self._do(self._assignment.handle(event, now_ms))

    def _do(self, actions: Iterable[Action]) -> None:
        blame, back = "", dict[str, list[Cid]]()
        for action in actions:
            match action:
                case HandOver(lease, steps):
                    self._hand_over(lease, steps)
                case GiveBack(step, why):
                    back.setdefault(why, []).append(step)
                case Blame(why):
                    blame = why
        for why, given_back in back.items():
            self._owner.given_back(self, given_back, why)
        if blame:
            self._blame(blame)
            raise RemoteFault(blame)

    def _hand_over(self, lease: Lease, steps: tuple[Cid, ...]) -> None:
        parcel = self._parcels.parcel(steps)
        self._office.depot.offer(self.agreement, parcel.roots, self.provider, parcel.away)
        signed = seal(LEASE, lease, self._office.signer)
        body = write_lease(signed.data, steps, parcel.needs, parcel.records, parcel.passes)
        self._insisting.ask(LEASE_TYPE, body)

    def _on_answer(self, body: bytes, now_ms: int) -> None:
        answer = read_answer(body)
        if isinstance(answer, Refusal):
            self._close(answer.why)
            return
        self.is_agreed = True
        self._office.depot.granted(self.provider, AGREED)
        self._handle(Agreed(answer), now_ms)
        self._owner.agreed(self)

    def _judged(self, kept: Sequence[Verdict], lie: str) -> None:
        """Hear which steps of a batch are done, and why its provider is a liar, or ""."""
        if kept:
            self._owner.kept(self, kept)
        if lie and not self.is_over:
            self._cut_off(lie)

    def _cut_off(self, why: str) -> None:
        self._blame(why)
        line = self._office.lines.control(self.provider)
        if line is not None:
            self._office.mail.end(line, why, is_fault=True)

    def _blame(self, why: str) -> None:
        self._do(self._assignment.handle(Vanished(), self._now_ms))
        self._close(why)
        self._owner.blamed(self, why)

    def _leave(self, now_ms: int) -> None:
        """Take a provider for gone: its steps go elsewhere, and what it did still counts."""
        self._handle(Vanished(), now_ms)
        if self.is_agreed:
            self._owner.left(self)
        else:
            self._close("it has vanished")

    def _close(self, why: str) -> None:
        """Give back what is open, and serve nothing more."""
        if self.is_over:
            return
        self.is_over = True
        self._insisting.end()
        self._do(self._assignment.handle(Declined(why), self._now_ms))
        self._office.depot.withdraw(self.agreement)
        if self.is_agreed:
            self._office.depot.ungranted(self.provider)
        self._owner.closed(self, why)
        self._batches.end()
