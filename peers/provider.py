"""Provider: the part of a node that runs steps for others.

It takes offers as its house allows (admission.py), and has an engagement for each agreement under
which something happens (engagements.py).
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Final

from engine.content.cid import Cid
from peers.admission import Admission
from peers.batch_messages import BATCH_TYPE
from peers.connection import Channel, Connection
from peers.engagement import Engagement
from peers.engagements import Engagements, enter
from peers.envelope import Role
from peers.equivocation import MEMORY_MS
from peers.errors import RemoteFault
from peers.house import House
from peers.identity import PeerId
from peers.keeper import RENEW_MS
from peers.lines import Lines
from peers.mail import Mail
from peers.offer_messages import END_TYPE, OFFER_TYPE, read_end
from peers.passed import Passed
from peers.step_messages import (
    CLAIM_TYPE,
    LEASE_TYPE,
    RETURN_TYPE,
    STOP_TYPE,
    Handed,
    Steps,
    read_lease,
    read_steps,
    write_steps,
)
from peers.tools import NO_ROOM, Tools

QUIET_MS: Final = 60_000  # after which an agreement sleeps: what it was lent is free
FORGET_MS: Final = MEMORY_MS  # twice the longest lease: nothing comes of it any more
CHECK_MS: Final = 1_000  # how often it is looked for those


class Provider:
    """What this peer does for others. For the node's thread; a Part."""

    def __init__(self, mail: Mail, lines: Lines, house: House, tools: Tools) -> None:
        """Lend what `house` says."""
        self._mail = mail
        self._tools = tools
        self._engagements = Engagements(mail, lines, tools)
        self._admission = Admission(house, tools, self._engagements)
        me = PeerId(tools.signer.public_key)
        self._passed = Passed(me, tools.shown, tools.depot, tools.clock)
        tools.depot.on_pass = self._passed.show
        self._checked_ms = self._renew_ms = tools.clock.monotonic_ms()

    # for its owner

    def pause(self) -> None:
        """Accept nothing new."""
        self._admission.set_door("paused")

    def resume(self) -> None:
        """Accept again what the house allows."""
        self._admission.set_door("open")

    def drain(self) -> None:
        """Accept nothing new, and be idle when what was leased has ended."""
        self._admission.set_door("draining")

    @property
    def is_idle(self) -> bool:
        """Whether no step is open, and whoever is connected has heard all."""
        return self._admission.is_idle and self._engagements.is_idle

    @property
    def is_open(self) -> bool:
        """Whether anything new is accepted."""
        return self._admission.door == "open"

    @property
    def ended(self) -> Counter[str]:
        """How many steps are done, failed or returned."""
        return self._engagements.ended

    @property
    def free_slots(self) -> int:
        """How many more steps could be begun at once."""
        return self._admission.free_cores

    def status(self) -> dict[str, int | str]:
        """Return how things are."""
        lent = self._admission.lent()
        return {
            "door": self._admission.door,
            "agreements": len(self._engagements),
            "open": sum(one.open for one in self._engagements),
            "running": self._tools.workbench.running,
            "lent_cores": sum(share.cores for share in lent.values()),
            "lent_memory_bytes": sum(share.memory_bytes for share in lent.values()),
        }

    def close(self) -> None:
        """End all that runs for others; what was said stays in the book."""
        self._engagements.close()

    # a Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Say to a peer that is heard of again what it may not have heard."""
        self._engagements.opened(connection, peer)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Say on another line what was not answered on this one."""
        self._engagements.closed(connection, peer)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about work that others want done here."""
        if kind in (BATCH_TYPE + 1, RETURN_TYPE + 1, CLAIM_TYPE + 1):
            if body:
                raise RemoteFault("what is told is answered with nothing")
            self._engagements.answered(peer, key, body)
            return
        if connection.channel is not Channel.CONTROL:
            raise RemoteFault("work is spoken of on a line for control, and only there")
        reply = partial(self._mail.reply, connection, key)
        if kind == OFFER_TYPE:
            self._admission.offered(peer, body, reply)
        elif kind == LEASE_TYPE:
            self._leased(peer, read_lease(body), reply)
        elif kind == STOP_TYPE:
            self._stopped(peer, read_steps(body), reply)
        elif kind == END_TYPE:
            self._ended(peer, read_end(body))
        else:
            raise RemoteFault(f"there is no type {kind}")

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Have said again what was not answered."""
        self._engagements.answered(peer, key, None)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        self._tools.workbench.tick()
        self._engagements.tick(now_ms)
        self._passed.tick(now_ms)
        if now_ms >= self._renew_ms:
            self._renew_ms = now_ms + RENEW_MS
            self._renew()
        if now_ms - self._checked_ms >= CHECK_MS:
            self._checked_ms = now_ms
            self._engagements.put_to_sleep(QUIET_MS)

    # leases

    def _leased(self, peer: PeerId, handed: Handed, reply: Callable[[bytes], None]) -> None:
        if handed.lease.signer != peer:
            raise RemoteFault("a lease is given by whoever signs it")

        def found(engagement: Engagement | None) -> None:
            why = self._why_not(engagement, peer)
            if engagement is None or why:
                reply(b"")
                self._give_back(peer, handed, why)
            else:
                engagement.is_lent = True
                engagement.leased(handed, partial(reply, b""))

        self._engagements.take_up(handed.lease.value.agreement, found)

    def _why_not(self, engagement: Engagement | None, peer: PeerId) -> str:
        """Return why a lease is not taken; "" when it is."""
        if engagement is None or engagement.agreement.requester != peer:
            return "this peer knows of no such agreement"
        if self._admission.door != "open":
            return f"this peer is {self._admission.door}"
        if not self._tools.has_room(0):  # not even to write down what it was leased
            return NO_ROOM
        cid, offer = engagement.agreement.cid, engagement.agreement.offer
        return "" if engagement.is_lent else self._admission.objection(cid, offer)

    def _give_back(self, peer: PeerId, handed: Handed, why: str) -> None:
        body = write_steps(Steps(handed.lease.value.agreement, handed.steps, why))
        self._engagements.asking(peer).ask(RETURN_TYPE, body, lambda _: None)

    def _stopped(self, peer: PeerId, steps: Steps, reply: Callable[[bytes], None]) -> None:
        if engagement := self._engagements.of(steps.agreement, peer):
            engagement.stopped(steps.steps)
        reply(b"")

    def _ended(self, peer: PeerId, agreement: Cid) -> None:
        if engagement := self._engagements.of(agreement, peer):
            self._engagements.end(engagement)

    def _renew(self) -> None:
        """Have kept what is needed, and nothing else for ever; forget what is long over."""
        roots = {root for one in self._engagements for root in one.roots()}
        self._tools.threads.keep(frozenset(roots | self._tools.depot.roots()))
        self._release()
        before_ms = self._tools.clock.now_ms() - FORGET_MS
        enter(self._tools, partial(self._tools.book.forget, before_ms), lambda _: None)

    def _release(self) -> None:
        """Free what is set aside for agreements whose requesters were not heard of for too long."""
        credit, book = self._tools.credit, self._tools.book
        waiting = credit.waiting()
        now_ms = self._tools.clock.now_ms()

        def over() -> list[tuple[PeerId, Cid]]:
            return [one for one in waiting if book.ends_ms(one[1]) < now_ms]

        def found(outcome: "Future[list[tuple[PeerId, Cid]]]") -> None:
            for peer, agreement in outcome.result() if outcome.exception() is None else ():
                if self._engagements.get(agreement) is None and not self._admission.has(agreement):
                    credit.release(peer, agreement)

        if waiting:
            self._tools.threads.read(over, found)
