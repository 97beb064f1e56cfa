"""Batches: what comes of the batches of one agreement: judged, paid, and acknowledged.

A provider that has sent one is answered when what counts of it is durable, with the receipts for
it: until then it keeps what it said, and says it again.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from engine.content.cid import Cid
from peers.assignment import Assignment
from peers.assignment_events import Action, Judged, Keep
from peers.assignment_events import Judge as ToJudge
from peers.batch_messages import Told
from peers.bill import Seen
from peers.identity import PeerId
from peers.judge import Case, Verdict
from peers.office import Office
from peers.parcels import Parcels
from peers.receipts import Line
from peers.tab import Tab
from peers.testimony import Testimony
from peers.unjudged import Sender, Unjudged


class Batches:
    """Those of one agreement. For the node's thread."""

    def __init__(
        self,
        office: Office,
        provider: PeerId,
        assignment: Assignment,
        parcels: Parcels,
        tab: Tab,
        do: Callable[[Iterable[Action]], None],
        judged: Callable[[Sequence[Verdict], str], None],
    ) -> None:
        """Do what follows from each step; `judged` hears which are done, and of a lie."""
        self.now_ms = 0
        self._office = office
        self._provider = provider
        self._assignment = assignment
        self._parcels = parcels
        self._tab = tab
        self._do = do
        self._judged = judged
        self._unjudged = Unjudged()
        self._is_over = False

    def came(self, told: Told, sender: Sender, actions: Iterable[Action]) -> None:
        """Have looked at what is still of interest in a batch."""
        batch = told.batch.cid
        self._unjudged.came(batch, sender)
        wanted = tuple(
            (action.said, self._parcels.task(action.said.step))
            for action in actions
            if isinstance(action, ToJudge)
        )
        if wanted:
            self._unjudged.look(batch, len(wanted))
            price = None if self._tab.is_free else partial(self._line, told)
            case = Case(self._provider, told, wanted, price)
            self._office.judge.look(case, partial(self._on_verdicts, batch))

    def answer(self, batch: Cid) -> None:
        """Say that we have a batch, once all that counts of it is durable."""
        for connection, key in self._unjudged.answerable(batch):
            self._office.mail.reply(connection, key, b"")

    def end(self) -> None:
        """Pay nothing more, once all is over that could have to be paid."""
        self._is_over = True
        self._settle()

    def _on_verdicts(self, batch: Cid, verdicts: Sequence[Verdict]) -> None:
        """Hear what the judge thinks of some steps of a batch."""
        kept = self._sort(verdicts)
        lines = [one.line for one in kept if one.line is not None]
        self._tab.pay(batch, lines, partial(self._paid, batch, len(verdicts)))
        lie = next((one.why for one in verdicts if one.is_lie), "")
        self._judged(kept, lie)

    def _sort(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Return those of steps that are done; say of which others the result is not paid."""
        kept, disputed = [], dict[Cid, str]()
        for verdict in verdicts:
            event = Judged(verdict.step, verdict.testimony is not None, verdict.why)
            actions = self._assignment.handle(event, self.now_ms)
            if any(isinstance(action, Keep) for action in actions):
                kept.append(verdict)
                self._parcels.done(verdict.step)
            elif actions:
                disputed[verdict.step] = verdict.why
            self._do(actions)
        self._tab.dispute(disputed)
        return kept

    def _line(self, told: Told, said: Testimony, came_bytes: int) -> Line:
        """Return what is paid for a step, for which so many bytes came."""
        step = said.said.step
        out_ms = self._assignment.out_ms(step, self.now_ms)
        seen = Seen(out_ms, came_bytes, is_known=step in told.known)
        return self._tab.line(said, seen)

    def _paid(self, batch: Cid, count: int) -> None:
        """Take some steps of a batch as done with: receipts for them are durable."""
        self._unjudged.judged(batch, count)
        if not self._tab.is_free and not self._unjudged.has(batch):
            self._office.judge.settled(batch)
        self.answer(batch)
        self._settle()

    def _settle(self) -> None:
        if self._is_over and not self._unjudged.is_busy:
            self._tab.close()
