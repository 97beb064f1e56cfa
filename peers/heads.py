"""Heads: what this peer knows of the logs of others, and what others say of those. Pure.

An entry tells which id is at its own place in the log of its author, and at the place before. Who
forks its log shows one half to some and the other to others; those tell each other places of whom
both know, and where two ids are in one place there is a Clash: whoever has both entries has the
proof (proofs.find). What is told is believed by nobody before the entry is here.

>>> heads.hold(entry)                                                    # doctest: +SKIP
>>> heads.hear(peer, [Head(author, Place(0, 7, other))])                 # doctest: +SKIP
(Clash(author=..., one=Half(teller=None, entry=...), two=Half(teller=..., entry=...)),)
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass as mutable
from dataclasses import field
from itertools import islice
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.entries import Epoch
from peers.entry import Written
from peers.identity import PeerId
from peers.place import Head, Place, place_of

MAX_TOLD: Final = 64  # of one message: 6 KiB; the rest goes with the next
MAX_AUTHORS: Final = 256  # whose logs are known, those that wrote last: with MAX_PLACES a few MB
MAX_PLACES: Final = 64  # of each, that are held, and as many that others told: the last
MAX_ASKED: Final = 4  # entries that one peer is asked for at a time
MAX_UNBACKED: Final = 8  # entries that a peer spoke of and did not have; then it is not heard
MAX_DOUBTED: Final = 4_096  # peers of which that is remembered

_Where = tuple[int, int]  # epoch and number


class Half(NamedTuple):
    """One of two entries that cannot both be of one log."""

    teller: PeerId | None  # who said so, and is to be asked; none: an entry that is here
    entry: Cid  # its id; of another's, or the id of the one before it


class Clash(NamedTuple):
    """Two ids are in one place of a log, if what was told is so."""

    author: PeerId
    one: Half
    two: Half


class _Known(NamedTuple):
    """What is in a place."""

    id: Cid
    half: Half
    order: int  # in which it came to be known


@mutable(slots=True)
class _Log:
    """What is known of one log: what entries tell that are here, and what others say."""

    held: dict[_Where, _Known] = field(default_factory=dict)
    said: dict[_Where, _Known] = field(default_factory=dict)


@mutable(slots=True)
class _Hearer:
    """What somebody was told: all up to an order, and some after that."""

    upto: int = 0
    then: set[int] = field(default_factory=set)


class Heads:
    """What is known of the logs of others, in memory: the last of it. For one thread."""

    def __init__(self, me: PeerId) -> None:
        self._me = me
        self._order = 0
        self._logs: dict[PeerId, _Log] = {}  # who wrote last comes last
        self._held: dict[int, Head] = {}  # what entries tell that are here, by its order
        self._sources: dict[Cid, Cid] = {}  # id -> the entry here that tells it
        self._hearers: dict[PeerId, _Hearer] = {}
        self._asked: dict[PeerId, set[Cid]] = {}
        self._unbacked: Counter[PeerId] = Counter()

    def hold(self, written: Written) -> tuple[Clash, ...]:
        """Take an entry that is here, for good; return what it and others cannot both be."""
        author = written.author
        if author == self._me:
            return ()
        log = self._logs.pop(author) if author in self._logs else _Log()
        self._logs[author] = log
        clashes: list[Clash] = []
        for place in _places(written):
            known = self._known(place, Half(None, written.id))
            clashes += self._clashes(author, log, place, known)
            if _keep(log.held, place, known):
                self._held[known.order] = Head(author, place)
                self._sources[place.id] = written.id
        while len(log.held) > MAX_PLACES:
            self._let_go(log.held.pop(min(log.held)))
        while len(self._logs) > MAX_AUTHORS:
            self.drop(next(iter(self._logs)))
        return tuple(clashes)

    def hear(self, teller: PeerId, heads: Sequence[Head]) -> tuple[Clash, ...]:
        """Take what another says of logs; return what it and something else cannot both be."""
        clashes: list[Clash] = []
        for head in heads if self._unbacked[teller] < MAX_UNBACKED else ():
            log = self._logs.get(head.author)
            if log is None:  # nothing of it is here, to be compared
                continue
            known = self._known(head.place, Half(teller, head.place.id))
            clashes += self._clashes(head.author, log, head.place, known)
            _keep(log.said, head.place, known)
            while len(log.said) > MAX_PLACES:
                del log.said[min(log.said)]
        return tuple(clashes)

    def answered(self, teller: PeerId, entry: Cid, *, is_backed: bool) -> None:
        """Take note of whether a peer had an entry that it was asked for because of a Clash."""
        self._asked.get(teller, set()).discard(entry)
        if len(self._unbacked) > MAX_DOUBTED:
            self._unbacked.clear()
        self._unbacked[teller] += not is_backed

    def tell(self, peer: PeerId) -> tuple[Head, ...]:
        """Return what a peer was not told yet of others, the newest first; it is told by that."""
        hearer = self._hearers.setdefault(peer, _Hearer())
        new = self._since(hearer, peer)
        told = dict(islice(new, MAX_TOLD))
        if len(told) < MAX_TOLD:  # that is all there is
            hearer.upto, hearer.then = self._order, set()
        else:
            hearer.then.update(told)
        return tuple(told.values())

    def source(self, wanted: Cid) -> Cid:
        """Return which entry that is here tells that there is one of an id, if any does."""
        return self._sources.get(wanted, wanted)

    def gone(self, peer: PeerId) -> None:
        """Forget what a peer was told and asked: its memory may be as short."""
        self._hearers.pop(peer, None)
        self._asked.pop(peer, None)

    def drop(self, author: PeerId) -> None:
        """Forget a log: its author is convicted, or nobody trades with it."""
        for known in self._logs.pop(author, _Log()).held.values():
            self._let_go(known)

    def _known(self, place: Place, half: Half) -> _Known:
        self._order += 1
        return _Known(place.id, half, self._order)

    def _let_go(self, known: _Known) -> None:
        del self._held[known.order]
        self._sources.pop(known.id, None)

    def _since(self, hearer: _Hearer, peer: PeerId) -> Iterator[tuple[int, Head]]:
        for order in reversed(self._held):
            if order <= hearer.upto:
                return
            if order not in hearer.then and self._held[order].author != peer:
                yield order, self._held[order]

    def _clashes(self, author: PeerId, log: _Log, place: Place, known: _Known) -> Iterator[Clash]:
        for places in (log.held, log.said):
            other = places.get((place.epoch, place.number))
            if other is not None and other.id != known.id and self._may_ask(other, known):
                yield Clash(author, other.half, known.half)

    def _may_ask(self, *known: _Known) -> bool:
        """Ask tellers for entries, unless they were, or too many are asked for."""
        asks = [one.half for one in known if one.half.teller is not None]
        for half in asks:
            asked = self._asked.get(half.teller, set())  # type: ignore[arg-type]
            if half.entry in asked or len(asked) >= MAX_ASKED:
                return False
        for half in asks:
            self._asked.setdefault(half.teller, set()).add(half.entry)  # type: ignore[arg-type]
        return True


def _places(written: Written) -> tuple[Place, ...]:
    """Return which places of a log an entry tells."""
    entry = written.entry
    if entry.previous is None or isinstance(written.body, Epoch):  # what is before is of another
        return (place_of(written),)
    return (place_of(written), Place(entry.epoch, entry.number - 1, entry.previous))


def _keep(places: dict[_Where, _Known], place: Place, known: _Known) -> bool:
    """Note what is in a place, unless something is; return whether it is new."""
    where = place.epoch, place.number
    return places.setdefault(where, known) is known
