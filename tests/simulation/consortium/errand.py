"""Errand: one run of a member: its steps go to peers by a real Ticket; those that nobody runs wait.

A user whose run is refused tries what is left of it again some hours later, for a day.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from engine.content.cid import RAW, Cid
from peers.commission import Commission
from peers.credits import Credits
from peers.plain import Plain
from peers.royalties import NOBODY
from peers.run_frames import Task, write_tasks
from peers.step_messages import Need
from peers.ticket import Ticket
from tests.simulation.consortium.person import HOUR_MS, MEMORY, PRICE

if TYPE_CHECKING:
    from tests.simulation.consortium.seat import Seat

LOOK_MS: Final = 10 * 60_000  # between two looks at a run of which nothing is heard
SOON_MS: Final = (1_000, 4_000)  # and after it has begun
AGAIN_MS: Final = 2 * HOUR_MS  # after which a user tries again
TRIES: Final = 12
DEAREST: Final = 2  # times PRICE is what a user would pay

_CONTENT: Final = Cid.of(RAW, b"environment")


class Errand:
    """Some steps, until all are done or given up."""

    def __init__(self, seat: "Seat", number: int, takes_ms: list[int]) -> None:
        self.submitted_ms = seat.member.agenda.now_ms
        self.waits_ms: list[int] = []  # of steps: from when they were wanted until they ended
        self.done_ms = 0  # of cores
        self.lost_ms = 0  # likewise, of steps that were given up
        self._seat = seat
        self._member = seat.member
        self._number = number
        self._left = dict(enumerate(takes_ms))
        self._usual_ms = sum(takes_ms) // len(takes_ms)
        self._keys: dict[int, Cid] = {}
        self._tries = 0
        self._ticket: Ticket | None = None
        self._begin()

    # a Visitor

    def send(self, frame: Plain) -> None:
        """Hear what becomes of steps."""
        match frame:
            case ("ended", outcomes):
                for outcome in outcomes:  # type: ignore[union-attr]
                    self._done(outcome[0])  # type: ignore[index, arg-type]
            case ("lost", losses):
                if losses:
                    self._member.agenda.after(0, self._refused)

    def close(self) -> None:
        """Be let go."""

    # its life

    def _begin(self) -> None:
        member = self._member = self._seat.member
        self._tries += 1
        cost = DEAREST * PRICE * sum(self._left.values()) // 1_000
        ticket = self._ticket = Ticket(
            member.desk,  # type: ignore[arg-type]
            self,
            member.directory,
            member.shunned,
            member.run_id,
            member.clock,
            Commission(str(member.run_id().hex()), Credits(cost), NOBODY),
        )
        ticket.take(write_tasks([self._task(number) for number in self._left]))
        for delay_ms in SOON_MS:
            member.agenda.after(delay_ms, self._ticking(ticket))
        self._look(ticket)

    def _task(self, number: int) -> Task:
        key = Cid.of(RAW, b"%d/%d/%d" % (self._member.number, self._number, number))
        self._member.takes_ms[key] = self._left[number]
        self._keys[number] = key
        need = Need(_CONTENT, MEMORY, 2**20, 24 * HOUR_MS)
        return Task(number, key, need, 0, self._usual_ms, ("out",), ())

    def _look(self, ticket: Ticket) -> None:
        tick = self._ticking(ticket)

        def again() -> None:
            if ticket is self._ticket:
                tick()
                self._look(ticket)

        self._member.agenda.after(LOOK_MS, again)

    def _ticking(self, ticket: Ticket) -> Callable[[], None]:
        def tick() -> None:
            if ticket is self._ticket:
                ticket.tick(self._member.agenda.now_ms)

        return tick

    def _done(self, number: int) -> None:
        took_ms = self._left.pop(number)
        del self._member.takes_ms[self._keys.pop(number)]
        now_ms = self._member.agenda.now_ms
        self.done_ms += took_ms
        self.waits_ms.append(max(0, now_ms - self.submitted_ms - took_ms))
        if not self._left:
            self._member.agenda.after(0, self._end)

    def _end(self) -> None:
        if self._ticket is not None:
            ticket, self._ticket = self._ticket, None
            ticket.end()

    def _refused(self) -> None:
        """Try again later: nobody runs some of it now."""
        if self._ticket is None or not self._left:
            return
        self._end()
        self._seat.refused()
        if self._tries < TRIES:
            self._member.agenda.after(AGAIN_MS, self._begin)
        else:
            self.lost_ms += sum(self._left.values())
            self._left.clear()

    @property
    def open_ms(self) -> int:
        """What of it is still wanted."""
        return sum(self._left.values())
