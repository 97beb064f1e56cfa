"""Catalogue: what a peer knows of Open Resources, and what stays when there is too much. Pure.

What the user made, uses or has endorsed is always kept, what peers say that the user named as long
as there is room at all, and of all others nobody can push out what others told of (quota.py). All
that is here is passed on while it counts.

>>> catalogue = Catalogue(me, epoch=1)                                    # doctest: +SKIP
>>> catalogue.put(read(data), "12D3Koo...")                               # doctest: +SKIP
<Outcome.TAKEN: ''>
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from engine.content.cid import Cid
from peers.changes import Changes, Cursor, Page
from peers.identity import PeerId
from peers.peer_record import SKEW_MS
from peers.posting import Key, Kind, Posting, beats, current, key_of, times_of
from peers.quota import Quota, Rank, Thing

MAX_ANNOUNCED: Final = 5_000  # at 4 KiB each at most, 20 MB; what is firm comes on top
MAX_ENDORSED: Final = 10_000  # at 1 KiB each at most, 10 MB
EACH_ANNOUNCED: Final = 500  # of one author: versions of all that a lab publishes
EACH_ENDORSED: Final = 2_000  # of one signer
PAGE: Final = 64  # postings that are listed, and had, at once: 256 KiB

Name = bytes  # the digest of a posting's CID, by which it is listed and wanted


class Outcome(Enum):
    """What became of a posting."""

    TAKEN = ""
    HELD = "it is here"
    OLD = "there is one here that counts more"
    FULL = "there is no room for it"


class Catalogue:
    """Postings, one of each key. Nothing here looks at a clock."""

    def __init__(self, me: PeerId, epoch: int) -> None:
        self._me = me
        self._postings: dict[Key, Posting] = {}
        self._keys: dict[Name, Key] = {}
        self._announced: dict[Cid, Key] = {}  # a Release has one author
        self._changes = Changes[Name](epoch)
        self._quotas: dict[Kind, Quota[Key]] = {
            "announcement": Quota(MAX_ANNOUNCED, EACH_ANNOUNCED),
            "endorsement": Quota(MAX_ENDORSED, EACH_ENDORSED),
        }
        self._named: frozenset[PeerId] = frozenset()  # by the user
        self._wanted: frozenset[Cid] = frozenset()  # Releases that the user uses
        self._vouched: dict[Cid, int] = {}  # Releases, by how many that were named endorse them

    def __len__(self) -> int:
        return len(self._postings)

    def __iter__(self) -> Iterator[Posting]:
        return iter(self._postings.values())

    def __contains__(self, name: Name) -> bool:
        return name in self._keys

    @property
    def position(self) -> int:
        """Which changes as what is passed on does."""
        return self._changes.position

    def status(self) -> dict[str, int]:
        """Return how much is here, and of how many authors."""
        announced = len(self._announced)
        return {
            "announcements": announced,
            "endorsements": len(self) - announced,
            "authors": len({key.signer for key in self._announced.values()}),
        }

    def source(self, key: Key) -> str:
        """Return of whom a posting came that is here."""
        thing = self._quotas[key.kind].get(key)
        return thing.source if thing is not None else ""

    def settle(self, named: frozenset[PeerId], wanted: frozenset[Cid]) -> list[Key]:
        """Hear whom the user named, and what the user uses; return what has to go by that."""
        if (named, wanted) == (self._named, self._wanted):
            return []
        self._named, self._wanted = named, wanted
        self._vouched.clear()
        for posting in self:
            self._count(key_of(posting), 1)
        return [gone for key in [*self._postings] for gone in self._rank_again(key)]

    def put(self, posting: Posting, source: str) -> tuple[Outcome, list[Key]]:
        """Take a posting of a source; return what became of it, and what had to go."""
        key = key_of(posting)
        held = self._postings.get(key)
        if held is not None and not beats(posting, held):
            return Outcome.HELD if held.cid == posting.cid else Outcome.OLD, []
        gone = self._quotas[key.kind].put(self._thing(posting, source))
        if gone == key:
            self._forget(key)
            return Outcome.FULL, [] if held is None else [key]
        made_room = [] if gone is None else [gone]
        for one in made_room:
            self._forget(one)
        self._enter(key, posting)
        if key.kind == "endorsement":
            made_room += self._rank_again(self._announced.get(key.release))
        return Outcome.TAKEN, made_room

    def vouch(self, names: Iterable[Name], source: str) -> None:
        """Hear that a source has some postings, too."""
        for name in names:
            if (key := self._keys.get(name)) is not None:
                self._quotas[key.kind].vouch(key, source)

    def drop(self, key: Key) -> None:
        """Forget a posting."""
        self._quotas[key.kind].drop(key)
        self._forget(key)

    def take_back(self, name: Name) -> None:
        """Forget what is called so, if it is here."""
        if (key := self._keys.get(name)) is not None:
            self.drop(key)

    def expired(self, now_ms: int) -> list[Key]:
        """Return what counts no more."""
        return [key for key, one in self._postings.items() if not current(one, now_ms)]

    def since(self, cursor: Cursor) -> Page[Name]:
        """Return the first page of what has changed since a cursor."""
        return self._changes.since(cursor, PAGE)

    def passed_on(self, name: Name, now_ms: int) -> bytes | None:
        """Return a posting as it is sent to others; None when it is not.

        What expires within SKEW_MS is not: it would be refused by a clock that is ahead.
        """
        key = self._keys.get(name)
        if key is None or times_of(self._postings[key]).expires_ms - SKEW_MS <= now_ms:
            return None
        return self._postings[key].data

    def _thing(self, posting: Posting, source: str) -> Thing[Key]:
        key = key_of(posting)
        return Thing(key, key.signer, source, times_of(posting).made_ms, self._rank(key))

    def _rank(self, key: Key) -> Rank:
        is_announced = key.kind == "announcement"  # of a Release there is one, others' words many
        if key.signer == self._me or (is_announced and key.release in self._wanted):
            return Rank.OWN
        is_vouched = is_announced and key.release in self._vouched
        return Rank.TRUSTED if key.signer in self._named or is_vouched else Rank.HEARSAY

    def _count(self, key: Key, step: int) -> None:
        """Count those whom the user named, or the user, who endorse a Release."""
        if key.kind == "endorsement" and (key.signer in self._named or key.signer == self._me):
            count = self._vouched.pop(key.release, 0) + step
            if count > 0:
                self._vouched[key.release] = count

    def _rank_again(self, key: Key | None) -> list[Key]:
        """Have a posting counted as what it is to us now; return what has to go by that."""
        if key is None or key not in self._postings:
            return []
        gone = self._quotas[key.kind].put(self._thing(self._postings[key], self.source(key)))
        if gone is None:
            return []
        self._forget(gone)
        return [gone]

    def _enter(self, key: Key, posting: Posting) -> None:
        self._forget(key)
        self._postings[key] = posting
        self._keys[posting.cid.digest] = key
        self._changes.touch(posting.cid.digest)
        self._count(key, 1)
        if key.kind == "announcement":
            self._announced[key.release] = key

    def _forget(self, key: Key) -> None:
        """Forget a posting, if it is here.

        What it vouched for keeps its rank until it is renewed, or the user names somebody.
        """
        posting = self._postings.pop(key, None)
        if posting is None:
            return
        del self._keys[posting.cid.digest]
        self._changes.drop(posting.cid.digest)
        self._count(key, -1)
        if key.kind == "announcement":
            del self._announced[key.release]
