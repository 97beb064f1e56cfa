"""Directory: which peers there are. Events in, actions out; no I/O, no clock. Pure.

Each peer asks a few others, now and then, what they pass on; gets a listing of what has changed
since it asked last; wants what it has not or only older; and gets that. Nothing comes unasked but
a peer's own record. What a peer passes on are its own record and those of peers that it reached
itself or is connected to: that it tells of a peer is also its word that this peer exists.

>>> directory = Directory(me, epoch=1)                                    # doctest: +SKIP
>>> directory.handle(Added(Address.parse("tally://12D3Koo...@host:4177")))  # doctest: +SKIP
()
>>> directory.handle(Tick(now_ms, monotonic_ms, luck))                    # doctest: +SKIP
(Dial(address=Address(...)),)
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from engine.step import Platform
from peers.candidates import candidates
from peers.conversations import Conversations
from peers.dialling import Dialling
from peers.directory_events import (
    Action,
    Added,
    Dial,
    Entry,
    Event,
    Forget,
    Forked,
    Introduce,
    Introduced,
    Removed,
    Renewed,
    Up,
)
from peers.identity import PeerId
from peers.known import PAGE, Known, Outcome
from peers.listing_events import (
    Asked,
    Down,
    Learned,
    List,
    Listed,
    Refuse,
    Show,
    Tick,
    Unanswered,
    Wanted,
)
from peers.luck import Luck
from peers.own_record import OwnRecord
from peers.peer_record import Notice, current
from peers.rounds import PARTNERS, Rounds
from peers.wished import Wished

PAGES: Final = 40  # read of one peer in a round: as many as a full directory has
MAX_FORKS: Final = 100  # kept as evidence: by then something else is wrong


class Directory:
    """What one peer knows of the others."""

    def __init__(self, me: PeerId, epoch: int, *, listed: bool = True) -> None:
        """Take who we are, and a random number that tells this start from the one before.

        Who only asks others to run steps need not be listed: it then has no record of its own.
        """
        self._me = me
        self._known = Known(me, epoch)
        self._dialling = Dialling()
        self._rounds = Rounds(me, self._known, self._dialling)
        self._talks = Conversations[PeerId](PAGE, PAGES)
        self._wished = Wished(self._known, self._dialling)
        self._connected: dict[PeerId, None] = {}
        self._forks: dict[PeerId, tuple[bytes, bytes]] = {}
        self._own = OwnRecord(listed=listed)
        self._now_ms = self._monotonic_ms = 0
        self._luck = Luck(0)
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Tick: self._on_tick,
            Renewed: self._on_renewed,
            Added: self._on_added,
            Removed: self._on_removed,
            Up: self._on_up,
            Down: self._on_down,
            Unanswered: self._on_unanswered,
            Asked: self._on_asked,
            Listed: self._on_listed,
            Wanted: self._on_wanted,
            Learned: self._on_learned,
            Introduced: self._on_introduced,
        }

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take what happened and return what should be done."""
        self._handlers[type(event)](event)
        actions, self._actions = tuple(self._actions), []
        return actions

    def get(self, peer: PeerId) -> Notice | None:
        """Return the record of a peer."""
        return self._known.get(peer)

    def __len__(self) -> int:
        """How many records it holds."""
        return len(self._known)

    def notices(self) -> tuple[Notice, ...]:
        """Return all records, by peer; our own too."""
        return tuple(sorted(self._known, key=lambda notice: notice.signer))

    def forks(self) -> dict[PeerId, tuple[bytes, bytes]]:
        """Return who signed two records of one serial, and the two."""
        return dict(self._forks)

    def candidates(
        self, platform: Platform, cores: int, memory: int, among: Iterable[PeerId] | None = None
    ) -> tuple[Notice, ...]:
        """Return who could run a step, the likeliest to begin it at once first.

        `among` some: what all others say is then not looked at, however many there are.
        """
        peers = among if among is not None else (notice.signer for notice in self._known)
        held = (self._known.get(peer) for peer in peers if peer != self._me)
        notices = [notice for notice in held if notice is not None]
        fit = (platform, cores, memory)
        return candidates(notices, self._known, self._dialling, self._now_ms, *fit)

    # what happened

    def _on_tick(self, event: Tick) -> None:
        back = event.now_ms < self._now_ms  # what was current may be of the future now
        self._now_ms, self._monotonic_ms = event.now_ms, event.monotonic_ms
        self._luck = Luck(event.luck)
        for peer in self._known.expire(self._now_ms, back=back):
            self._forget(peer)
        for peer in self._wished.wanting():
            self._dial(peer)
        if self._rounds.due(self._monotonic_ms):
            self._begin_round()

    def _on_renewed(self, event: Renewed) -> None:
        if event.notice.signer != self._me:
            raise ValueError("our own record is not signed by us")
        self._own.notice = event.notice
        self._known.put(event.notice, self._me)
        for peer in self._connected:
            self._introduce(peer)

    def _on_added(self, event: Added) -> None:
        peer = event.address.peer
        if peer == self._me:
            self._refuse(peer, "this is our own address")
        elif why := self._wished.name(event.address):
            self._refuse(peer, why)

    def _on_removed(self, event: Removed) -> None:
        if event.peer == self._me:
            return
        self._wished.remove(event.peer)
        had = self._known.get(event.peer) is not None
        self._known.remove(event.peer)
        if had:
            self._forget(event.peer)

    def _on_up(self, event: Up) -> None:
        if event.peer == self._me:
            return
        self._connected[event.peer] = None
        self._wished.up(event.peer, dialled=event.dialled)
        self._known.up(event.peer, dialled=event.dialled)
        self._dialling.up(event.peer, self._monotonic_ms)
        self._introduce(event.peer)
        self._ask(event.peer)

    def _on_down(self, event: Down) -> None:
        peer = event.peer
        self._connected.pop(peer, None)
        self._talks.end(peer)
        self._dialling.down(peer, self._monotonic_ms, self._luck)
        if self._known.down(peer):
            self._forget(peer)
        elif self._known.get(peer) is None and not self._wished.is_named(peer):
            self._dialling.forget(peer)
        self._wished.down(peer)

    def _on_unanswered(self, event: Unanswered) -> None:
        self._known.doubt(event.peer)  # that it is tried less often was said when it was dialled

    def _on_asked(self, event: Asked) -> None:
        self._actions.append(List(event.by, self._known.since(event.cursor, self._now_ms)))

    def _on_listed(self, event: Listed[Entry]) -> None:
        if why := self._talks.fault(event):
            self._refuse(event.by, why)
            return
        unlike = self._known.unlike(event.page.items, event.by)
        self._go_on(event.by, tuple(entry.peer for entry in unlike if self._wants(entry)))

    def _on_wanted(self, event: Wanted[PeerId]) -> None:
        if len(event.names) > PAGE:
            self._refuse(event.by, f"over {PAGE} records were wanted at once")
            return
        found = (self._known.passed_on(peer, self._now_ms) for peer in dict.fromkeys(event.names))
        self._actions.append(Show(event.by, tuple(data for data in found if data is not None)))

    def _on_learned(self, event: Learned[Notice]) -> None:
        wanted = self._talks.wanted(event.via)
        for notice in event.things:
            if notice.signer in wanted:
                self._learn(notice, event.via)
            else:
                self._refuse(event.via, f"the record of {notice.signer} was not asked for")
        if wanted:
            self._go_on(event.via)

    def _on_introduced(self, event: Introduced) -> None:
        if event.notice.signer == event.by:
            self._learn(event.notice, event.by)
        else:
            self._refuse(event.by, "it introduced itself with the record of another")

    # what follows

    def _learn(self, notice: Notice, via: PeerId) -> None:
        if notice.signer == self._me:
            if self._own.is_surpassed(notice):
                self._actions += self._own.renewal(notice.record.serial, self._now_ms)
            return
        if not current(notice.record, self._now_ms):
            self._refuse(via, f"the record of {notice.signer} has expired, or is of the future")
            return
        outcome, gone = self._known.put(notice, via)
        if gone is not None:
            self._forget(gone)
        if outcome is Outcome.TAKEN:
            if notice.signer not in self._connected:
                self._rounds.hasten(self._monotonic_ms)
        elif outcome is Outcome.FORK:
            self._fork(notice)
        elif outcome is not Outcome.OLD:
            self._refuse(via, f"the record of {notice.signer}: {outcome.value}")

    def _fork(self, notice: Notice) -> None:
        first = self._known.get(notice.signer)
        if first and notice.signer not in self._forks and len(self._forks) < MAX_FORKS:
            self._forks[notice.signer] = (first.data, notice.data)
            self._actions.append(Forked(notice.signer, first.data, notice.data))

    def _wants(self, entry: Entry) -> bool:
        """Return whether to ask for a record: it is newer, or evidence of a fork."""
        if entry.peer == self._me:
            return self._own.may_be_surpassed(entry)
        if self._known.newer(entry):
            return True
        held = self._known.get(entry.peer)
        same = held is not None and held.record.serial == entry.serial
        return same and entry.peer not in self._forks

    def _go_on(self, peer: PeerId, names: tuple[PeerId, ...] = ()) -> None:
        """Want these of a page; or, with none, be done with it and ask for the next."""
        step = self._talks.go_on(peer, names)
        if step is not None:
            self._actions.append(step)

    def _begin_round(self) -> None:
        """Meet some of those known, and ask some of those connected."""
        if self._own.is_due(self._now_ms):
            self._actions += self._own.renewal(self._own.serial, self._now_ms)
        met = self._rounds.begin(self._monotonic_ms, self._luck)
        for peer in met:
            self._dial(peer)  # and ask it once it is connected
        for peer in self._luck.some((*self._connected,), PARTNERS - len(met)):
            self._ask(peer)

    def _dial(self, peer: PeerId) -> None:
        place = self._wished.dial(peer, self._monotonic_ms, self._luck)
        if place is not None:
            self._actions.append(Dial(place))

    def _ask(self, peer: PeerId) -> None:
        self._actions.append(self._talks.begin(peer))

    def _introduce(self, peer: PeerId) -> None:
        """Send a peer our own record."""
        if self._own.notice is not None and self._own.is_current(self._now_ms):
            self._actions.append(Introduce(peer, self._own.notice.data))

    def _forget(self, peer: PeerId) -> None:
        if not self._wished.is_named(peer):
            self._dialling.forget(peer)
        self._actions.append(Forget(peer))

    def _refuse(self, peer: PeerId, why: str) -> None:
        self._actions.append(Refuse(peer, why))
