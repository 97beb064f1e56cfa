"""Requester: the part of a node that has other peers run the steps of runs of this home.

Each run that attends is a Ticket; each of its providers has a Deal with it. Here is only what
belongs to whom, and who is left alone because it lied.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from engine.clock import Clock
from peers.agreement import MARK_BYTES, RUN_BYTES
from peers.batch_messages import BATCH_TYPE, read_batch
from peers.commission import Commission
from peers.connection import Connection
from peers.credits import Credits
from peers.deal import Deal
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.office import Office
from peers.peer_record import Notice
from peers.plain import Plain
from peers.recruiter import Directory
from peers.shunned import Shunned
from peers.step_messages import CLAIM_TYPE, RETURN_TYPE, read_claim, read_steps
from peers.ticket import Ticket


class Visitor(Protocol):
    """A process that drives a run (control.py)."""

    on_frame: Callable[[Plain], None]
    on_closed: Callable[[], None]

    def send(self, value: Plain) -> None:
        """Send it a value."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Requester:
    """The runs of this home that peers take part in. For the node's thread; a Part."""

    def __init__(self, office: Office, directory: Directory, clock: Clock) -> None:
        self._office = office
        self._directory = directory
        self._clock = clock
        self._tickets: set[Ticket] = set()
        self._shunned = Shunned()
        self._ended: Counter[str] = Counter()  # steps of runs that are over, by how

    def attend(self, visitor: Visitor, commission: Commission) -> None:
        """Serve a run until its process goes."""
        ticket = Ticket(
            self._office,
            visitor,
            self._directory,
            self._shunned,
            lambda: commission.mark + secrets.token_bytes(RUN_BYTES - MARK_BYTES),
            self._clock,
            commission,
        )
        self._tickets.add(ticket)
        forget = visitor.on_closed

        def gone() -> None:
            self._tickets.discard(ticket)
            ticket.end()
            self._ended += ticket.ended
            for other in self._tickets:
                other.retry()
            forget()

        visitor.on_frame, visitor.on_closed = ticket.take, gone
        visitor.send(("ok", str(PeerId(self._office.signer.public_key))))

    @property
    def ended(self) -> Counter[str]:
        """How many steps came to an end elsewhere: done, failed, returned."""
        return sum((ticket.ended for ticket in self._tickets), self._ended)

    def perjured(self, provider: PeerId) -> None:
        """Leave a provider alone that gave its word for two results of one step."""
        self._office.log("two words", peer=provider)
        self._shunned.add(provider, self._clock.monotonic_ms())

    def credit(self, notice: Notice) -> Credits:
        """Return for how much more a peer would run steps of runs of this home."""
        return self._directory.credit(notice)

    def status(self) -> dict[str, Plain]:
        """Return what there is to be said of it."""
        deals = [deal for ticket in self._tickets for deal in ticket.deals.values()]
        return {
            "runs": len(self._tickets),
            "agreements": sum(deal.is_agreed for deal in deals),
            "shunned": tuple(map(str, self._shunned.all(self._clock.monotonic_ms()))),
        }

    def close(self) -> None:
        """Stop everything."""
        for ticket in tuple(self._tickets):
            ticket.end()

    # Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Ask on a line what waits for one: the next tick does that."""

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Ask again what was asked there."""
        for deal in self._deals(peer):
            deal.line_is_gone(connection)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take an answer, or what a provider hands back."""
        now_ms = self._clock.monotonic_ms()
        try:
            if role is Role.ANSWER:
                for deal in self._deals(peer):
                    if deal.answered(connection, key, body, now_ms):
                        return
            elif kind == BATCH_TYPE:
                self._on_batch(connection, peer, key, body, now_ms)
            elif kind == RETURN_TYPE:
                self._on_return(connection, peer, key, body, now_ms)
            elif kind == CLAIM_TYPE:
                self._office.payments.claim(peer, read_claim(body))
                self._office.mail.reply(connection, key, b"")
            else:
                raise RemoteFault(f"there is no type {kind}")
        except RemoteFault:
            self._shunned.add(peer, now_ms)
            raise

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Ask again."""
        for deal in self._deals(peer):
            deal.unanswered(connection, key)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        for ticket in tuple(self._tickets):
            ticket.tick(now_ms)

    def _on_batch(
        self, connection: Connection, peer: PeerId, key: bytes, body: bytes, now_ms: int
    ) -> None:
        told = read_batch(body)
        for deal in self._deals(peer):
            if deal.agreement == told.batch.value.agreement:
                deal.batch(connection, key, told, now_ms)
                return
        self._office.mail.reply(connection, key, b"")  # its run is gone: it need not be kept

    def _on_return(
        self, connection: Connection, peer: PeerId, key: bytes, body: bytes, now_ms: int
    ) -> None:
        steps = read_steps(body)
        for deal in self._deals(peer):
            if deal.agreement == steps.agreement:
                deal.returned(steps, now_ms)
        self._office.mail.reply(connection, key, b"")

    def _deals(self, peer: PeerId) -> list[Deal]:
        return [
            deal
            for ticket in self._tickets
            for deal in tuple(ticket.deals.values())
            if deal.provider == peer
        ]
