"""Provider: the part of a node that runs steps for others.

It takes offers as its house allows, and keeps an engagement for each agreement under which
something happens. One that is quiet sleeps in the book, until its requester leases again, or is
heard of while something is owed to it. So it also comes back when the program is started anew.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final

from engine.content.cid import Cid
from engine.errors import TallyError
from engine.recorder import Change, Record
from peers.agreement import ACCEPTANCE, Acceptance, Offer
from peers.asking import Asking
from peers.connection import Channel, Connection
from peers.engagement import NO_ROOM, Engagement, has_room
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.house import House, Share, objection, share_of
from peers.identity import PeerId
from peers.keeper import RENEW_MS
from peers.lines import Lines
from peers.mail import Mail
from peers.provider_book import Kept
from peers.signed import Unsealed, seal
from peers.telling import Tools
from peers.work_messages import (
    BATCH_TYPE,
    END_TYPE,
    LEASE_TYPE,
    OFFER_TYPE,
    RETURN_TYPE,
    STOP_TYPE,
    Handed,
    Refusal,
    Steps,
    read_end,
    read_lease,
    read_offer,
    read_steps,
    write_answer,
    write_steps,
)

QUIET_MS: Final = 60_000  # after which an agreement sleeps: what it was lent is free
WANTED_MS: Final = 5_000  # the same, when another wants it
FORGET_MS: Final = 14 * 24 * 3600 * 1000  # twice the longest lease: nothing comes of it any more
CHECK_MS: Final = 1_000  # how often it is looked for those

Then = Callable[[Engagement | None], None]


class Provider:
    """What this peer does for others. For the node's thread; a Part."""

    def __init__(self, mail: Mail, lines: Lines, house: House, tools: Tools) -> None:
        """Lend what `house` says."""
        self.ended: Counter[str] = Counter()  # steps, by how
        self._mail = mail
        self._lines = lines
        self._house = house
        self._tools = tools
        self._engaged: dict[Cid, Engagement] = {}
        self._entering: dict[Cid, tuple[PeerId, Share]] = {}  # accepted, not yet in the book
        self._loading: dict[Cid, list[Then]] = {}
        self._askings: dict[PeerId, Asking] = {}
        self._now_ms = tools.clock.monotonic_ms()
        self._checked_ms = self._renew_ms = self._now_ms

    # for its owner

    def pause(self) -> None:
        """Accept nothing new."""
        self._house = replace(self._house, door="paused")

    def resume(self) -> None:
        """Accept again what the house allows."""
        self._house = replace(self._house, door="open")

    def drain(self) -> None:
        """Accept nothing new, and be idle when what was leased has ended."""
        self._house = replace(self._house, door="draining")

    @property
    def is_idle(self) -> bool:
        """Whether no step is open, and whoever is connected has heard all."""
        return not (self._entering or self._loading) and all(
            one.is_idle or (one.is_done and self._line(one) is None)
            for one in self._engaged.values()
        )

    def status(self) -> dict[str, int | str]:
        """Return how things are."""
        lent = self._lent()
        return {
            "door": self._house.door,
            "agreements": len(self._engaged),
            "open": sum(one.open for one in self._engaged.values()),
            "running": self._tools.workbench.running,
            "lent_cores": sum(share.cores for share in lent.values()),
            "lent_memory_bytes": sum(share.memory_bytes for share in lent.values()),
        }

    def close(self) -> None:
        """End all that runs for others; what was said stays in the book."""
        for one in self._engaged.values():
            one.close()
        self._engaged.clear()

    # a Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Say to a peer that is heard of again what it may not have heard."""
        if connection.channel is not Channel.CONTROL:
            return
        self._reconnected(peer)
        self._tools.workbench.read(partial(self._tools.book.owing, peer), self._on_owing)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Forget what was asked on a line; if there is another already, ask it there."""
        if connection.channel is not Channel.CONTROL:
            return
        if asking := self._askings.get(peer):
            asking.closed(connection)
        if self._lines.control(peer) is not None:
            self._reconnected(peer)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about work that others want done here."""
        self._now_ms = self._tools.clock.monotonic_ms()
        if kind in (BATCH_TYPE + 1, RETURN_TYPE + 1):
            self._answered(peer, key, body)
            return
        reply = partial(self._mail.reply, connection, key)
        match kind:
            case _ if connection.channel is not Channel.CONTROL:
                raise RemoteFault("work is spoken of on a line for control, and only there")
            case _ if kind == OFFER_TYPE:
                self._offered(peer, body, reply)
            case _ if kind == LEASE_TYPE:
                self._leased(peer, read_lease(body), reply)
            case _ if kind == STOP_TYPE:
                self._stopped(peer, read_steps(body), reply)
            case _ if kind == END_TYPE:
                self._ended(peer, read_end(body))
            case _:
                raise RemoteFault(f"there is no type {kind}")

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Have said again what was not answered."""
        if asking := self._askings.get(peer):
            asking.answered(key, None)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        self._now_ms = now_ms
        self._tools.workbench.tick()
        for asking in self._askings.values():
            asking.flush()
        for one in tuple(self._engaged.values()):
            one.tick(now_ms)
        if now_ms >= self._renew_ms:
            self._renew_ms = now_ms + RENEW_MS
            self._renew()
        if now_ms - self._checked_ms >= CHECK_MS:
            self._checked_ms = now_ms
            self._put_to_sleep(QUIET_MS)

    # offers

    def _offered(self, peer: PeerId, body: bytes, reply: Callable[[bytes], None]) -> None:
        offer = read_offer(body)
        terms = offer.value
        if offer.signer != peer or terms.requester != peer.key:
            raise RemoteFault("an offer is made by whoever signs it")
        if terms.provider != self._tools.signer.public_key:
            raise RemoteFault("it was offered to somebody else")
        engagement = self._engaged.get(offer.cid)
        if (engagement is None or not engagement.is_lent) and (why := self._objection(terms)):
            self._tools.log("refused", peer=peer, why=why)
            reply(write_answer(Refusal(why)))
            return
        self._accept(offer, body, peer, reply)

    def _accept(
        self, offer: Unsealed[Offer], body: bytes, peer: PeerId, reply: Callable[[bytes], None]
    ) -> None:
        """Say yes, once that is in the book; said again, it is the same yes."""
        signed = seal(ACCEPTANCE, Acceptance(offer.cid), self._tools.signer).data
        self._entering[offer.cid] = (peer, share_of(offer.value))

        def engaged(engagement: Engagement | None) -> None:
            self._entering.pop(offer.cid, None)
            if engagement is None:
                reply(write_answer(Refusal("this peer cannot keep what it agrees to")))
            else:
                engagement.is_lent = True
                self._tools.log("agreed", peer=peer, agreement=str(offer.cid))
                reply(write_answer(engagement.acceptance))

        def entered(outcome: "Future[None]") -> None:
            if outcome.exception() is None:
                self._take_up(offer.cid, engaged)
            else:
                engaged(None)

        wall_ms = self._tools.clock.now_ms()
        self._enter(partial(self._tools.book.accept, body, signed, wall_ms), entered)

    def _objection(self, offer: Offer) -> str:
        why = objection(self._house, offer, self._lent())
        if why and self._put_to_sleep(WANTED_MS):  # others have what nobody uses
            why = objection(self._house, offer, self._lent())
        if not why and not has_room(self._tools, offer.disk_bytes):
            return NO_ROOM
        return why

    def _lent(self) -> dict[PeerId, Share]:
        """Return what each requester may use now."""
        lent: dict[PeerId, Share] = {}
        awake = [one for cid, one in self._engaged.items() if cid not in self._entering]
        shares = [(one.agreement.requester, one.share) for one in awake if one.is_lent]
        for peer, share in (*shares, *self._entering.values()):
            lent[peer] = lent.get(peer, Share()).plus(share)
        return lent

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

        self._take_up(handed.lease.value.agreement, found)

    def _why_not(self, engagement: Engagement | None, peer: PeerId) -> str:
        """Return why a lease is not taken; "" when it is."""
        if engagement is None or engagement.agreement.requester != peer:
            return "this peer knows of no such agreement"
        if self._house.door != "open":
            return f"this peer is {self._house.door}"
        if not has_room(self._tools, 0):  # not even to write down what it was leased
            return NO_ROOM
        return "" if engagement.is_lent else self._objection(engagement.agreement.offer)

    def _give_back(self, peer: PeerId, handed: Handed, why: str) -> None:
        body = write_steps(Steps(handed.lease.value.agreement, handed.steps, why))
        self._asking(peer).ask(RETURN_TYPE, body, lambda _: None)

    def _stopped(self, peer: PeerId, steps: Steps, reply: Callable[[bytes], None]) -> None:
        engagement = self._engaged.get(steps.agreement)
        if engagement is not None and engagement.agreement.requester == peer:
            engagement.stopped(steps.steps)
        reply(b"")

    def _ended(self, peer: PeerId, agreement: Cid) -> None:
        engagement = self._engaged.get(agreement)
        if engagement is not None and engagement.agreement.requester == peer:
            engagement.end()
            del self._engaged[agreement]

    def _answered(self, peer: PeerId, key: bytes, body: bytes) -> None:
        if body:
            raise RemoteFault("what is told is answered with nothing")
        if asking := self._askings.get(peer):
            asking.answered(key, body)

    # engagements

    def _take_up(self, agreement: Cid, then: Then) -> None:
        """Have an agreement out of the book, unless it is here; None when there is none."""
        engagement = self._engaged.get(agreement)
        if engagement is not None:
            then(engagement)
            return
        waiting = self._loading.setdefault(agreement, [])
        waiting.append(then)
        if len(waiting) == 1:
            load = partial(self._tools.book.kept, agreement)
            self._tools.workbench.read(load, partial(self._on_loaded, agreement))

    def _on_loaded(self, agreement: Cid, loaded: "Future[Kept | None]") -> None:
        try:
            kept = loaded.result()
        except TallyError:
            kept = None
        engagement = self._engage(kept) if kept else None
        for then in self._loading.pop(agreement):
            then(engagement)

    def _engage(self, kept: Kept) -> Engagement:
        peer = kept.agreement.requester
        blame = partial(self._blame, peer)
        engagement = Engagement(
            kept, self._tools, self._asking(peer), blame, self.ended, self._now_ms
        )
        self._engaged[kept.agreement.cid] = engagement
        if self._lines.control(peer) is not None:
            engagement.connected()
        return engagement

    def _reconnected(self, peer: PeerId) -> None:
        for one in tuple(self._engaged.values()):
            if one.agreement.requester == peer:
                one.connected()

    def _on_owing(self, owing: "Future[list[Cid]]") -> None:
        try:
            found = owing.result()
        except TallyError as error:
            self._tools.log("book", why=error.what)
            return
        for agreement in found:
            self._take_up(agreement, lambda _: None)

    def _renew(self) -> None:
        """Have kept what is needed, and nothing else for ever; forget what is long over."""
        roots = {root for one in self._engaged.values() for root in one.roots()}
        self._tools.workbench.keep(frozenset(roots | self._tools.depot.roots()))
        before_ms = self._tools.clock.now_ms() - FORGET_MS
        self._enter(partial(self._tools.book.forget, before_ms), lambda _: None)

    def _put_to_sleep(self, quiet_ms: int) -> bool:
        """Let those sleep under which nothing has happened for a time; return whether any does."""
        asleep = [cid for cid, one in self._engaged.items() if self._may_sleep(one, quiet_ms)]
        for cid in asleep:
            one = self._engaged.pop(cid)
            if one.is_settled:
                self._enter(partial(self._tools.book.settle, cid), lambda _: None)
            one.close()
        return bool(asleep)

    def _may_sleep(self, one: Engagement, quiet_ms: int) -> bool:
        is_quiet = self._now_ms - one.used_ms >= quiet_ms
        return is_quiet and (one.is_idle or (one.is_done and self._line(one) is None))

    def _blame(self, peer: PeerId, why: str) -> None:
        if line := self._lines.control(peer):
            self._mail.end(line, why, is_fault=True)

    def _asking(self, peer: PeerId) -> Asking:
        return self._askings.setdefault(peer, Asking(peer, self._mail, self._lines))

    def _line(self, engagement: Engagement) -> Connection | None:
        return self._lines.control(engagement.agreement.requester)

    def _enter(self, change: Change, then: Callable[["Future[None]"], None]) -> None:
        def recorded(outcome: "Future[None]") -> None:
            self._tools.wake(partial(then, outcome))

        self._tools.recorder.submit(Record((), change, recorded))
        self._tools.recorder.hurry()
