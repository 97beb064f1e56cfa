"""Known: the records a peer holds, from whom it has each, and which of them it passes on. Pure.

A record is *firm* when we had a session with its peer, or the user named it; all else is
*hearsay*, and counts against the share of whoever told it. Only the records of peers that we have
reached ourselves, or that are connected now, are passed on: so peers that somebody made up end
with whom he told of them.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from peers.changes import Changes, Cursor, Page
from peers.directory_events import Entry
from peers.identity import PeerId
from peers.peer_record import SKEW_MS, Notice, current

MAX_RECORDS: Final = 10_000  # at half a kilobyte each, 5 MB
SHARE: Final = 2_000  # hearsay of one source: one that lies leaves room for all others
PAGE: Final = 256  # entries of a listing; their records are far below a frame of 2 MiB
MARK: Final = 4  # bytes of a CID: it only has to tell the two records of a fork apart

_NOBODY: Final = PeerId(b"")  # the source of all who brought their own record, as strangers can


class Outcome(Enum):
    """What became of a record."""

    TAKEN = ""
    OLD = "we have a newer one"
    FORK = "another one has its serial"
    OVER = "its source has told us of too many peers"
    FULL = "the directory is full"


class Known:
    """Records by peer. Nothing here looks at a clock: whoever asks says the time."""

    def __init__(self, me: PeerId, epoch: int) -> None:
        self._me = me
        self._notices: dict[PeerId, Notice] = {}
        self._entries: dict[PeerId, Entry] = {}  # of each, as it is listed
        self._named: set[PeerId] = set()  # by the user
        self._connected: set[PeerId] = set()
        self._reached: dict[PeerId, None] = {}  # in order, unlike a set: a run can be repeated
        self._source: dict[PeerId, PeerId] = {}  # of each hearsay
        self._told: dict[PeerId, dict[PeerId, None]] = {}  # by source, the latest last
        self._changes = Changes[PeerId](epoch)  # of what is passed on
        self._soonest_ms = 0  # nothing expires before

    def __len__(self) -> int:
        return len(self._notices)

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._notices.values())

    def groups(self, *, new: bool) -> list[tuple[PeerId, ...]]:
        """Return who may be met, by who told of them; those met before are one more group.

        Who draws from a group at a time, and not from all at once, is not led by whoever told of
        most.
        """
        told = [tuple(each) for each in self._told.values()]
        return told if new or not self._reached else [*told, tuple(self._reached)]

    def get(self, peer: PeerId) -> Notice | None:
        """Return the record of a peer."""
        return self._notices.get(peer)

    def connected(self, peer: PeerId) -> bool:
        """Return whether there is a session with a peer."""
        return peer in self._connected

    def reached(self, peer: PeerId) -> bool:
        """Return whether a peer was found where it says that it listens."""
        return peer in self._reached

    @property
    def reached_count(self) -> int:
        """How many peers have been reached."""
        return len(self._reached)

    def put(self, notice: Notice, via: PeerId) -> tuple[Outcome, PeerId | None]:
        """Take a record, and say what became of it and which peer's made room for it."""
        peer = notice.signer
        held = self._notices.get(peer)
        if held is not None:
            outcome = _compare(held, notice)
            return (self._replace(notice) if outcome is Outcome.TAKEN else outcome), None
        firm = self._is_firm(peer)
        source = _NOBODY if via == peer else via
        if not firm and len(self._told.get(source, ())) >= SHARE:
            return Outcome.OVER, None
        gone = None
        if len(self._notices) >= MAX_RECORDS:
            gone = self._least(source, firm=firm)
            if gone is None:
                return Outcome.FULL, None
            self.drop(gone)
        if not firm:
            self._hear(peer, source)
        return self._replace(notice), gone

    def unlike(self, entries: tuple[Entry, ...], by: PeerId) -> list[Entry]:
        """Return those entries of a source's listing that are not of a record as it is here.

        One that is here counts from now on for whichever of its sources tells least.
        """
        held = self._entries
        found = [entry for entry in entries if held.get(entry.peer) != entry]
        if len(self._source) <= SHARE // 2:  # as nearly always: nobody has told of so many
            return found
        crowded = {source for source, told in self._told.items() if len(told) > SHARE // 2}
        if crowded - {by} and len(self._told.get(by, ())) < SHARE // 2:
            for entry in entries:
                if self._source.get(entry.peer) in crowded and entry.peer != by:
                    self._forget_source(entry.peer)
                    self._hear(entry.peer, by)
        return found

    def newer(self, entry: Entry) -> bool:
        """Return whether an entry is of a newer record than the one here, or there is none."""
        held = self._entries.get(entry.peer)
        return held is None or entry.serial > held.serial

    def name(self, peer: PeerId) -> None:
        """Note that the user named a peer."""
        self._named.add(peer)
        self._settle(peer)

    def up(self, peer: PeerId, *, dialled: bool) -> None:
        """Note that a session with a peer has begun, and whether it was found where it listens."""
        self._connected.add(peer)
        if dialled:
            self._reached[peer] = None
        self._settle(peer)

    def down(self, peer: PeerId) -> bool:
        """Note that a session has ended, and say whether a record had to go with it.

        One of a stranger who only came to us is hearsay again.
        """
        self._connected.discard(peer)
        if peer not in self._notices:
            self._reached.pop(peer, None)
        return self._settle(peer)

    def doubt(self, peer: PeerId) -> None:
        """Note that a peer did not answer: of its source's hearsay it is the first to go."""
        source = self._source.get(peer)
        if source is not None:
            told = self._told[source]
            told[peer] = told.pop(peer)

    def drop(self, peer: PeerId) -> None:
        """Forget a peer's record; whether it is connected or named is not forgotten."""
        self._notices.pop(peer, None)
        self._entries.pop(peer, None)
        self._changes.drop(peer)
        self._forget_source(peer)
        if peer not in self._connected:
            self._reached.pop(peer, None)

    def expire(self, now_ms: int, *, back: bool) -> list[PeerId]:
        """Drop what has expired, or is of the future as the time went `back`; return whose."""
        if not back and now_ms < self._soonest_ms:
            return []
        gone = [one.signer for one in self if not current(one.record, now_ms)]
        for peer in gone:
            self.drop(peer)
        self._soonest_ms = min((one.record.expires_ms for one in self), default=2**63)
        return gone

    def remove(self, peer: PeerId) -> None:
        """Forget that the user named a peer, and its record."""
        self._named.discard(peer)
        self.drop(peer)

    def since(self, cursor: Cursor, now_ms: int) -> Page[Entry]:
        """Return the first page of what is passed on and changed since a cursor.

        What expires within SKEW_MS is left out: it would be refused by a clock that is ahead.
        """
        page = self._changes.since(cursor, PAGE)
        latest = now_ms + SKEW_MS
        lasting = (peer for peer in page.items if self._notices[peer].record.expires_ms > latest)
        entries = tuple([self._entries[peer] for peer in lasting])
        return Page(entries, page.upto, page.more)

    def passed_on(self, peer: PeerId, now_ms: int) -> bytes | None:
        """Return a peer's record as it is sent to others; None when it is not."""
        notice = self._notices.get(peer) if peer in self._changes else None
        if notice is None or notice.record.expires_ms - SKEW_MS <= now_ms:
            return None
        return notice.data

    def _replace(self, notice: Notice) -> Outcome:
        self._notices[notice.signer] = notice
        self._soonest_ms = min(self._soonest_ms, notice.record.expires_ms)
        mark = notice.cid.raw[-MARK:]
        self._entries[notice.signer] = Entry(notice.signer, notice.record.serial, mark)
        self._changes.drop(notice.signer)  # so that it is a change
        self._settle(notice.signer)
        return Outcome.TAKEN

    def _settle(self, peer: PeerId) -> bool:
        """Put a peer's record where it belongs now; return whether it had to go."""
        if peer not in self._notices:
            return False
        if self._is_firm(peer):
            self._forget_source(peer)
        elif peer not in self._source:
            if len(self._told.get(_NOBODY, ())) >= SHARE:
                self.drop(peer)
                return True
            self._hear(peer, _NOBODY)
        self._settle_change(peer)
        return False

    def _settle_change(self, peer: PeerId) -> None:
        if not (peer == self._me or peer in self._connected or peer in self._reached):
            self._changes.drop(peer)
        elif peer not in self._changes:
            self._changes.touch(peer)

    def _is_firm(self, peer: PeerId) -> bool:
        return (
            peer == self._me
            or peer in self._named
            or peer in self._connected
            or peer in self._reached
        )

    def _least(self, source: PeerId, *, firm: bool) -> PeerId | None:
        """Return whose record makes room: the latest hearsay of the source that told most."""
        most = max(self._told, key=lambda each: len(self._told[each]), default=None)
        if most is None or (not firm and len(self._told[most]) <= len(self._told.get(source, ()))):
            return None
        return next(reversed(self._told[most]))

    def _hear(self, peer: PeerId, source: PeerId) -> None:
        self._source[peer] = source
        self._told.setdefault(source, {})[peer] = None

    def _forget_source(self, peer: PeerId) -> None:
        source = self._source.pop(peer, None)
        if source is not None:
            told = self._told[source]
            del told[peer]
            if not told:
                del self._told[source]


def _compare(held: Notice, notice: Notice) -> Outcome:
    if notice.record.serial > held.record.serial:
        return Outcome.TAKEN
    if notice.record.serial == held.record.serial and notice.cid != held.cid:
        return Outcome.FORK
    return Outcome.OLD
