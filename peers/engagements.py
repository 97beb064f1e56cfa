"""Engagements: the agreements of a provider that are awake; the others sleep in the book.

One sleeps when it is quiet, until its requester leases again, or is heard of while something is
owed to it. So it also comes back when the program is started anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial

from engine.content.cid import Cid
from engine.errors import TallyError
from engine.recorder import Change, Record
from peers.asking import ANSWER_MS, Asking
from peers.connection import Channel, Connection
from peers.engagement import Engagement
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Mail
from peers.provider_book import Kept
from peers.tools import Tools

Then = Callable[[Engagement | None], None]


class Engagements:
    """Those of one provider. For the node's thread."""

    def __init__(self, mail: Mail, lines: Lines, tools: Tools) -> None:
        self.ended: Counter[str] = Counter()  # steps, by how
        self._mail = mail
        self._lines = lines
        self._tools = tools
        self._awake: dict[Cid, Engagement] = {}
        self._loading: dict[Cid, list[Then]] = {}
        self._askings: dict[PeerId, Asking] = {}

    def __iter__(self) -> Iterator[Engagement]:
        return iter(tuple(self._awake.values()))

    def __len__(self) -> int:
        return len(self._awake)

    @property
    def is_idle(self) -> bool:
        """Whether no step is open, and who is connected has heard all, or had the time for it."""
        return not self._loading and all(map(self._is_heard, self))

    def get(self, agreement: Cid) -> Engagement | None:
        """Return one that is awake."""
        return self._awake.get(agreement)

    def of(self, agreement: Cid, requester: PeerId) -> Engagement | None:
        """Return one that is awake, if it is with this requester."""
        found = self._awake.get(agreement)
        return found if found and found.agreement.requester == requester else None

    def take_up(self, agreement: Cid, then: Then) -> None:
        """Have an agreement out of the book, unless it is awake; None when there is none."""
        engagement = self._awake.get(agreement)
        if engagement is not None:
            then(engagement)
            return
        waiting = self._loading.setdefault(agreement, [])
        waiting.append(then)
        if len(waiting) == 1:
            load = partial(self._tools.book.kept, agreement)
            self._tools.threads.read(load, partial(self._on_loaded, agreement))

    def end(self, engagement: Engagement) -> None:
        """Let one go of which its requester wants nothing more."""
        engagement.end()
        del self._awake[engagement.agreement.cid]

    def put_to_sleep(self, quiet_ms: int) -> bool:
        """Let those sleep under which nothing has happened for a time; return whether any does."""
        before_ms = self._tools.clock.monotonic_ms() - quiet_ms
        asleep = [one for one in self if one.used_ms <= before_ms and self._is_heard(one)]
        for one in asleep:
            del self._awake[one.agreement.cid]
            if one.is_settled:
                settle = partial(self._tools.book.settle, one.agreement.cid)
                enter(self._tools, settle, lambda _: None)
            one.close()
        return bool(asleep)

    def asking(self, peer: PeerId) -> Asking:
        """Return what asks a requester."""
        return self._askings.setdefault(peer, Asking(peer, self._mail, self._lines))

    # what happens

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Say to a peer that is heard of again what it may not have heard."""
        if connection.channel is Channel.CONTROL:
            self._connected(peer)
            self._tools.threads.read(partial(self._tools.book.owing, peer), self._on_owing)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Forget what was asked on a line; if there is another already, ask it there."""
        if connection.channel is not Channel.CONTROL:
            return
        if asking := self._askings.get(peer):
            asking.closed(connection)
        if self._lines.control(peer) is not None:
            self._connected(peer)
        elif not any(one.agreement.requester == peer for one in self):
            self._askings.pop(peer, None)

    def answered(self, peer: PeerId, key: bytes, body: bytes | None) -> None:
        """Take an answer, or None: its time is up, and it is said again."""
        if asking := self._askings.get(peer):
            asking.answered(key, body)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        for asking in self._askings.values():
            asking.flush()
        for one in self:
            one.tick(now_ms)

    def close(self) -> None:
        """End all that runs; what was said stays in the book."""
        for one in self:
            one.close()
        self._awake.clear()

    def _on_loaded(self, agreement: Cid, loaded: "Future[Kept | None]") -> None:
        try:
            kept = loaded.result()
        except TallyError:
            kept = None
        engagement = self._wake(kept) if kept else None
        for then in self._loading.pop(agreement):
            then(engagement)

    def _wake(self, kept: Kept) -> Engagement:
        peer, now_ms = kept.agreement.requester, self._tools.clock.monotonic_ms()
        blame = partial(self._blame, peer)
        engagement = Engagement(kept, self._tools, self.asking(peer), blame, self.ended, now_ms)
        self._awake[kept.agreement.cid] = engagement
        if self._lines.control(peer) is not None:
            engagement.connected()
        return engagement

    def _connected(self, peer: PeerId) -> None:
        for one in self:
            if one.agreement.requester == peer:
                one.connected()

    def _on_owing(self, owing: "Future[list[Cid]]") -> None:
        try:
            found = owing.result()
        except TallyError as error:
            self._tools.log("book", why=error.what)
            return
        for agreement in found:
            self.take_up(agreement, lambda _: None)

    def _is_heard(self, one: Engagement) -> bool:
        """Return whether no step is open, and its requester has heard all, or is not going to."""
        is_deaf = self._tools.clock.monotonic_ms() - one.used_ms >= ANSWER_MS
        is_connected = self._lines.control(one.agreement.requester) is not None
        return one.is_idle or (one.is_done and (is_deaf or not is_connected))

    def _blame(self, peer: PeerId, why: str) -> None:
        if line := self._lines.control(peer):
            self._mail.end(line, why, is_fault=True)


def enter(tools: Tools, change: Change, then: Callable[["Future[None]"], None]) -> None:
    """Have something written in the book; then `then` is called in the node's thread."""

    def recorded(outcome: "Future[None]") -> None:
        tools.wake(partial(then, outcome))

    tools.recorder.submit(Record((), change, recorded))
    tools.recorder.hurry()
