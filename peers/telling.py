"""Telling: what a provider says to a requester by itself: batches of results, and steps given back.

Save, then send: a batch is in the book before it leaves. What was said and not answered is said
again whenever the requester is heard of. Few batches are in memory, however many wait.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice
from sqlite3 import Connection
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import TallyError
from engine.recorder import Change, Record
from peers.agreement import BATCH, MAX_STEPS
from peers.asking import Asking
from peers.batch_messages import BATCH_TYPE, write_batch
from peers.held import HELD, Held
from peers.made import Made
from peers.provider_book import Kept
from peers.service import MAX_OPEN
from peers.service_events import Hand
from peers.signed import seal
from peers.step_messages import RETURN_TYPE, Steps, write_steps
from peers.tools import Tools

SENDING: Final = 4  # batches that wait for an answer; more stay in the book meanwhile
AGAIN_MS: Final = 5_000  # after which what could not be written is tried again


class _Owed(NamedTuple):
    """A step that was given back: one of these for each time."""

    why: str
    last: int  # lease there was


class Telling:
    """What is told under one agreement. For the node's thread."""

    def __init__(
        self, kept: Kept, tools: Tools, asking: Asking, confirmed: Callable[[int], None]
    ) -> None:
        """Go on with what was said and done before; `confirmed` is told of each batch."""
        self._agreement = kept.agreement.cid
        self._tools = tools
        self._asking = asking
        self._confirmed = confirmed
        self._now_ms = 0
        self._saved = set(kept.past.unconfirmed)  # batches that may be sent
        self._to_send: dict[int, None] = {}  # of those
        self._bodies: dict[int, bytes] = {}  # of some that were not sent yet
        self._saving = 0  # changes on their way into the book
        self._sending: set[int] = set()
        last = max((*kept.past.leases, *kept.leases), default=0)
        self._held = Held(kept.leases, last)
        self._batches = {number: (steps, last) for number, steps in kept.batches.items()}
        anew = _Owed("this peer was started anew", last)
        self._owed: dict[Cid, _Owed] = dict.fromkeys(kept.open, anew)
        self._patience = MAX_OPEN + len(kept.open)
        self._paying: set[tuple[Cid, ...]] = set()  # of those, what was said and not answered
        self._unsaved: list[tuple[Change, Callable[[], None]]] = []
        self._retry_ms = 0
        self._is_over = False

    @property
    def is_saved(self) -> bool:
        """Whether nothing waits for the disk to have room."""
        return not self._unsaved

    @property
    def is_idle(self) -> bool:
        """Whether all is in the book, and the requester knows of all that was given back."""
        return not (self._unsaved or self._saving or self._owed)

    @property
    def is_unheard(self) -> bool:
        """Whether more was given back than anybody leaves unanswered."""
        return len(self._owed) > self._patience

    def has_room(self, count: int) -> bool:
        """Return whether the book has room for a lease of so many steps, and what is told of it."""
        told = sum(len(steps) for steps, _ in self._batches.values())  # and not answered
        return self._held.has_room(count) and told + count <= HELD

    def leased(self, number: int, steps: Sequence[Cid]) -> None:
        """Take a lease that is entered in the book: it is over when all its steps were heard of.

        What was given back of them before is said no more.
        """
        self._held.add(number, steps)
        for step in steps:
            self._owed.pop(step, None)

    def dropped(self, step: Cid) -> None:
        """Take a step of which its requester wants to hear nothing."""
        self._end([step], self._held.last)

    def hand(
        self, hand: Hand, made: Sequence[Made], enter: Change, entered: Callable[[], None]
    ) -> None:
        """Sign a batch, and send it when it is in the book, with what of it was just made.

        With it, `enter` writes; `entered` is called when both are there.
        """
        signed = seal(BATCH, hand.batch, self._tools.signer).data
        number = hand.batch.number
        self._batches[number] = ([said.step for said in hand.said], self._held.last)
        records = [record for one in made for record in one.records]
        if len(records) == 2 * len(hand.said) and len(self._bodies) < SENDING:
            carried = dict.fromkeys(block.data for one in made for block in one.carried)
            sizes = {root: size for one in made for root, size in one.sizes.items()}
            known = frozenset(one.said.step for one in made if one.is_known)
            self._bodies[number] = write_batch(signed, hand.said, records, carried, sizes, known)

        def change(book: Connection) -> None:
            self._tools.book.hand(hand, signed, book)
            enter(book)

        def saved() -> None:
            entered()
            self._saved.add(number)
            self.send(number)

        self.save(change, saved)

    def send(self, number: int) -> None:
        """Send a batch, unless it is still to be saved: then it is sent by itself."""
        if number in self._saved:
            self._to_send[number] = None
            self._pump()

    def give_back(self, steps: Iterable[Cid], why: str) -> None:
        """Say that steps are not run here."""
        self._owed.update(dict.fromkeys(steps, _Owed(why, self._held.last)))
        self._pay()

    def refuse(self, steps: Sequence[Cid], why: str, reply: Callable[[], None]) -> None:
        """Say that steps of a lease are not run here; it is answered when that was heard.

        Nothing of it is in the book: whoever is told nothing more leases it again.
        """

        def answered(answer: bytes | None) -> None:
            if answer is not None:
                reply()

        body = write_steps(Steps(self._agreement, tuple(steps), why))
        self._asking.ask(RETURN_TYPE, body, answered)

    def begin_anew(self) -> None:
        """Take all that was not answered as not said."""
        self._sending.clear()
        self._paying.clear()
        self._pay()

    def save(self, change: Change, then: Callable[[], None]) -> None:
        """Have something written in the book; then go on, or write it again later."""

        def recorded(outcome: "Future[None]") -> None:
            self._tools.wake(partial(self._on_saved, change, then, outcome))

        self._saving += 1
        self._tools.recorder.submit(Record((), change, recorded))
        self._tools.recorder.hurry()

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms
        if self._unsaved and now_ms >= self._retry_ms:
            unsaved, self._unsaved = self._unsaved, []
            for change, then in unsaved:
                self.save(change, then)

    def close(self) -> None:
        """Say nothing more."""
        self._is_over = True

    def _pump(self) -> None:
        """Send batches, a few at a time."""
        while not self._is_over and self._to_send and len(self._sending) < SENDING:
            number = next(iter(self._to_send))
            del self._to_send[number]
            if number in self._sending:
                continue
            self._sending.add(number)
            if (body := self._bodies.pop(number, None)) is not None:
                self._ask(number, body)
            else:
                self._tools.threads.read(partial(self._body, number), partial(self._send, number))

    def _body(self, number: int) -> bytes:
        book = self._tools.book
        signed, said = book.batch(self._agreement, number)
        had = book.had(self._agreement, number)
        return write_batch(signed, said, self._tools.workbench.records(said), known=had)

    def _send(self, number: int, read: "Future[bytes]") -> None:
        if self._is_over:
            return
        if number not in self._saved:  # it was answered meanwhile
            self._sending.discard(number)
            self._pump()
            return
        try:
            body = read.result()
        except TallyError:  # it is sent when the requester is heard of again, if it can be then
            self._sending.discard(number)
            return
        self._ask(number, body)

    def _ask(self, number: int, body: bytes) -> None:
        self._asking.ask(BATCH_TYPE, body, partial(self._on_answered, number))

    def _on_answered(self, number: int, answer: bytes | None) -> None:
        self._sending.discard(number)
        if number not in self._saved:  # it was answered before
            pass
        elif answer is None:
            self._to_send[number] = None
        else:
            self._saved.discard(number)
            self._to_send.pop(number, None)
            over = self._held.end(*self._batches.pop(number))
            confirm = partial(self._tools.book.confirm, self._agreement, number, over)
            self.save(confirm, _nothing)
            self._confirmed(number)
        self._pump()

    def _pay(self) -> None:
        """Tell the requester which steps are not run here, some at a time: the rest goes along."""
        if self._is_over or len(self._paying) >= SENDING:
            return
        said = {step for part in self._paying for step in part}
        reasons: dict[str, list[Cid]] = {}
        for step, owed in self._owed.items():
            if step not in said:
                reasons.setdefault(owed.why, []).append(step)
        for why, steps in islice(reasons.items(), SENDING - len(self._paying)):
            part = tuple(steps[:MAX_STEPS])
            self._paying.add(part)
            body = write_steps(Steps(self._agreement, part, why))
            said_now = [(step, self._owed[step]) for step in part]
            self._asking.ask(RETURN_TYPE, body, partial(self._on_paid, part, said_now))

    def _on_paid(
        self, steps: tuple[Cid, ...], owed: list[tuple[Cid, _Owed]], answer: bytes | None
    ) -> None:
        self._paying.discard(steps)
        for step, one in owed if answer is not None else ():
            if self._owed.get(step) is one:  # else it was leased again meanwhile
                del self._owed[step]
                self._end([step], one.last)
        self._pay()

    def _end(self, steps: Iterable[Cid], last: int) -> None:
        """Note that steps were heard of; a lease all of whose steps were is over in the book."""
        if over := self._held.end(steps, last):
            self.save(partial(self._tools.book.over, self._agreement, over), _nothing)

    def _on_saved(self, change: Change, then: Callable[[], None], outcome: "Future[None]") -> None:
        self._saving -= 1
        try:
            outcome.result()
        except TallyError:  # a full disk: it is asked again, and nothing is said before
            self._unsaved.append((change, then))
            self._retry_ms = self._now_ms + AGAIN_MS
            return
        then()


def _nothing() -> None:
    """Do nothing more."""
