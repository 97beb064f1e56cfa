"""Gossip: how what one peer has in its catalogue comes to all others. Events in, actions out. Pure.

As the directory's records (directory.py), postings come only where they are asked for: each peer
asks for a page of what has changed since it asked last, wants what it has not, and gets that. Who
has something new tells a few, which then ask at once; and each asks some now and then, so that
nothing that was lost on the way stays lost. One step is open with a peer at a time, and so many are
taken in all: whoever lists without end gets its turn, and no more.

>>> gossip = Gossip(me, epoch=1)                                          # doctest: +SKIP
>>> gossip.handle(Up(peer, source)), gossip.handle(Tick(now_ms, monotonic_ms, luck))
((), (Ask(to=PeerId(...), cursor=Cursor(epoch=0, position=0)),))
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from peers.catalogue import PAGE, Catalogue, Name, Outcome
from peers.catalogue_events import Action, Drop, Event, Keep, Read, Tell, Told, Up
from peers.conversations import Conversations
from peers.identity import PeerId
from peers.listing_events import (
    Ask,
    Asked,
    Down,
    Learned,
    List,
    Listed,
    Refuse,
    Show,
    Tick,
    Unanswered,
    Want,
    Wanted,
)
from peers.luck import Luck
from peers.posting import Key, Posting, current, key_of

PAGES: Final = 250  # read of one peer in a row: as many as a full catalogue has
STEPS: Final = 2  # asked in a tick: of 64 postings each, whose signatures take ten milliseconds
GAP_MS: Final = 1_000  # at least, between two readings of one peer
NEWS_MS: Final = 1_000  # and between two tellings that there is something new
FANOUT: Final = 8  # told each time: of 200 peers all hear within three
ROUND_MS: Final = 60_000  # for what was lost on the way
PARTNERS: Final = 3  # asked in a round
EXPIRE_MS: Final = 30_000  # between two looks at what has expired
BY_ITSELF: Final = "!"
MAX_PASSED_OVER: Final = 10_000  # names of what counted less than what is here


class Gossip:
    """What one peer says to others of its catalogue, and hears of theirs."""

    def __init__(self, me: PeerId, epoch: int) -> None:
        """Take who we are, and a random number that tells this start from the one before."""
        self.catalogue = Catalogue(me, epoch)
        self._me = me
        self._talks = Conversations[Name](PAGE, PAGES)
        self._sources: dict[PeerId, str] = {}  # of who is connected
        self._due: dict[PeerId, None] = {}  # who is to be asked from the start
        self._open: set[PeerId] = set()  # with whom a step is open
        self._steps: dict[PeerId, Ask | Want[Name]] = {}  # not taken yet
        self._asked_ms: dict[PeerId, int] = {}
        self._passed_over: OrderedDict[Name, None] = OrderedDict()
        self._told = 0  # which changes were told of
        self._told_ms = self._round_ms = self._expire_ms = 0
        self._now_ms = self._monotonic_ms = 0
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Tick: self._on_tick,
            Read: self._on_read,
            Up: self._on_up,
            Down: self._on_down,
            Unanswered: self._on_unanswered,
            Told: self._on_told,
            Asked: self._on_asked,
            Listed: self._on_listed,
            Wanted: self._on_wanted,
            Learned: self._on_learned,
        }

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take what happened and return what should be done."""
        self._handlers[type(event)](event)
        actions, self._actions = tuple(self._actions), []
        return actions

    # what happened

    def _on_tick(self, event: Tick) -> None:
        self._now_ms, self._monotonic_ms = event.now_ms, event.monotonic_ms
        luck = Luck(event.luck)
        if self._monotonic_ms >= self._expire_ms:
            self._expire_ms = self._monotonic_ms + EXPIRE_MS
            self._drop(self.catalogue.expired(self._now_ms), is_here=True)
        if self._monotonic_ms >= self._round_ms:
            self._round_ms = self._monotonic_ms + ROUND_MS - luck.below(ROUND_MS // 4)
            self._due |= dict.fromkeys(luck.some((*self._sources,), PARTNERS))
        self._begin_due()
        for peer in [*self._steps][:STEPS]:
            self._actions.append(self._steps.pop(peer))
        if self._told != self.catalogue.position and self._monotonic_ms >= self._told_ms:
            self._tell(luck)

    def _on_read(self, event: Read) -> None:
        self._drop(self.catalogue.settle(event.named, event.wanted))
        for posting, source in event.kept:
            outcome, gone = self.catalogue.put(posting, source)
            self._drop([key_of(posting)] if outcome is Outcome.FULL else gone)
        for name in event.gone:
            self.catalogue.take_back(name)

    def _on_up(self, event: Up) -> None:
        self._sources[event.peer] = event.source
        self._due[event.peer] = None

    def _on_down(self, event: Down) -> None:
        self._sources.pop(event.peer, None)
        self._due.pop(event.peer, None)
        self._asked_ms.pop(event.peer, None)
        self._end(event.peer)

    def _on_unanswered(self, event: Unanswered) -> None:
        self._end(event.peer)  # it is asked again in some round

    def _on_told(self, event: Told) -> None:
        if event.by in self._sources:
            self._due[event.by] = None

    def _on_asked(self, event: Asked) -> None:
        self._actions.append(List(event.by, self.catalogue.since(event.cursor)))

    def _on_listed(self, event: Listed[Name]) -> None:
        if why := self._talks.fault(event):
            self._refuse(event.by, why)
            return
        names = event.page.items
        self.catalogue.vouch(names, self._sources.get(event.by, ""))
        self._go_on(event.by, tuple(name for name in names if self._lacks(name)))

    def _on_wanted(self, event: Wanted[Name]) -> None:
        found = (self.catalogue.passed_on(name, self._now_ms) for name in event.names[:PAGE])
        self._actions.append(Show(event.by, tuple(data for data in found if data is not None)))

    def _on_learned(self, event: Learned[Posting]) -> None:
        wanted = self._talks.wanted(event.via)
        for posting in event.things:
            if posting.cid.digest in wanted:
                self._learn(posting, event.via)
            else:
                self._refuse(event.via, "a posting that was not asked for")
        if wanted:
            self._go_on(event.via)

    # what follows

    def _lacks(self, name: Name) -> bool:
        return name not in self.catalogue and name not in self._passed_over

    def _learn(self, posting: Posting, via: PeerId) -> None:
        if not current(posting, self._now_ms):
            self._refuse(via, "a posting that has expired, or is of the future")
            return
        if posting.signer == self._me:  # our file has what we say; what we took back stays so
            self._pass_over(posting)
            return
        source = self._sources.get(via, "")
        if posting.signer == via:  # what somebody says itself does not count with its hearsay
            source += BY_ITSELF
        outcome, gone = self.catalogue.put(posting, source)
        self._drop(gone)
        if outcome is Outcome.TAKEN:
            self._actions.append(Keep(posting, source))
        elif outcome is Outcome.OLD:
            self._pass_over(posting)
        elif outcome is Outcome.FULL:
            self._refuse(via, outcome.value)

    def _pass_over(self, posting: Posting) -> None:
        """Ask for something no more."""
        self._passed_over[posting.cid.digest] = None
        if len(self._passed_over) > MAX_PASSED_OVER:
            self._passed_over.popitem(last=False)

    def _begin_due(self) -> None:
        """Ask those who are to be asked, with whom nothing is open and who were left alone."""
        for peer in [*self._due]:
            since_ms = self._asked_ms.get(peer, self._monotonic_ms - GAP_MS)
            if peer not in self._open and self._monotonic_ms >= since_ms + GAP_MS:
                del self._due[peer]
                self._open.add(peer)
                self._asked_ms[peer] = self._monotonic_ms
                self._steps[peer] = self._talks.begin(peer)

    def _go_on(self, peer: PeerId, names: tuple[Name, ...] = ()) -> None:
        """Want these of a page; or, with none, be done with it and ask for the next."""
        step = self._talks.go_on(peer, names)
        if step is not None:
            self._steps[peer] = step
        else:
            self._open.discard(peer)

    def _end(self, peer: PeerId) -> None:
        """Go on no further with a peer now."""
        self._talks.end(peer)
        self._steps.pop(peer, None)
        self._open.discard(peer)

    def _tell(self, luck: Luck) -> None:
        """Tell some that there is something new here."""
        self._told = self.catalogue.position
        self._told_ms = self._monotonic_ms + NEWS_MS
        for peer in luck.some((*self._sources,), FANOUT):
            self._actions.append(Tell(peer))

    def _drop(self, keys: list[Key], *, is_here: bool = False) -> None:
        if is_here:
            for key in keys:
                self.catalogue.drop(key)
        if keys:
            self._actions.append(Drop(tuple(keys)))

    def _refuse(self, peer: PeerId, why: str) -> None:
        self._actions.append(Refuse(peer, why))
