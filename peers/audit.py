"""Audit: whether entries are what their authors signed, in the order in which one took them. Pure.

It replays them all: canonical bytes, signatures, the chain of links, the log of the owner, every
channel, and what entries follow from, where that is at hand (grounds.py). The first that is wrong
is named. Signatures may be looked at by others meanwhile (signatures.py).

>>> audit = Audit("ledger.db", Start(ledger_of(me)), evidence, AtOnce()) # doctest: +SKIP
>>> with audit.naming():                                                 # doctest: +SKIP
...     for taken in book.taken():
...         audit.take(taken)
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol

from engine.content.cid import Cid
from engine.errors import Damaged, Refused
from engine.step import Signed
from engine.values import replace
from peers.beginning import Beginning
from peers.entry import ENTRY, Entry, Written, is_signed, parse
from peers.entry_kinds import read_body
from peers.grounds import Evidence, Grounds
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.order import START, Taken, link

FIX: Final = "put back the last backup of this home, keys and ledger, or ask its peer for theirs"


Added = tuple[int, Signed]  # an entry, by its position


class Signatures(Protocol):
    """What looks at signatures, at once or later."""

    def add(self, pos: int, sealed: Signed) -> None:
        """Look at that of an entry, which comes after those that were added before."""

    def wrong(self) -> Added | None:
        """Return the first entry of those added whose signature does not hold."""


class AtOnce:
    """Looks at each signature when it is added."""

    def __init__(self) -> None:
        self._wrong: Added | None = None

    def add(self, pos: int, sealed: Signed) -> None:
        """Look at that of an entry, which comes after those that were added before."""
        if self._wrong is None and not is_signed(sealed):
            self._wrong = pos, sealed

    def wrong(self) -> Added | None:
        """Return the first entry of those added whose signature does not hold."""
        return self._wrong


class Start(NamedTuple):
    """Where an audit begins."""

    ledger: Ledger
    pos: int = 0  # how many entries were taken before
    link: bytes = START  # of those


class Audit:
    """How far it has come, and how the ledger is there."""

    def __init__(
        self,
        source: str,
        start: Start,
        evidence: Evidence,
        signatures: Signatures,
    ) -> None:
        """Begin somewhere in `source`, which is what the entries are in."""
        self.ledger, self.pos, self.link = start
        self.lacks: Counter[str] = Counter()  # entries, by what they follow from and is not here
        self._source = source
        self._grounds = Grounds(evidence)
        self._signatures = signatures
        self._at: Entry | None = None  # the entry that is looked at
        self.hidden = 0  # entries that are not shown
        self._last_hidden = 0  # where the last of those is
        self._left_out: set[Cid] = set()  # of those, since the owner's log last went on after some
        self._beginning = Beginning()

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Say of damage at which entry it is, once all signatures up to there were looked at.

        Raises: Damaged, for the first entry that is wrong.
        """
        try:
            yield
            self._check_signatures()
        except Damaged as damaged:
            self._check_signatures()
            raise self._named(damaged) from None

    def take(self, taken: Taken) -> Written:
        """Look at the entry that comes next.

        Raises: Damaged.
        """
        self.pos, self._at = self.pos + 1, None
        if taken.pos != self.pos:
            raise Damaged("an entry is missing, or out of order")
        written, sealed = parse(taken.signed)
        self._at = written.entry
        self._signatures.add(self.pos, sealed)
        self.link = link(self.link, written.id)
        if taken.link != self.link:
            raise Damaged("it does not follow the entries before it: its link is another")
        self._bridge(written)
        try:
            self.ledger = self._beginning.apply(self.ledger, written, self.pos)
        except Refused as refused:  # it was taken, so it was right then
            raise Damaged(refused.what) from None
        self._ground(written)
        return written

    def leave_out(self, pos: int, entry: Cid, last: bytes | None = None) -> None:
        """Go past an entry that is not shown: it was pruned, or is of another channel.

        Raises: Damaged when it is not the next, or its link is another.
        """
        self.pos, self._at = self.pos + 1, None
        self.link = link(self.link, entry)
        if pos != self.pos or last not in (None, self.link):
            raise Damaged("an entry is missing, out of order, or another")
        self.hidden, self._last_hidden = self.hidden + 1, pos
        self._left_out.add(entry)
        self._beginning.left_out.add(entry)

    def check_whole(self) -> None:
        """Look whether all is shown but what was pruned: that is before where some channel begins.

        Of which channel it was, nobody sees. Raises: Damaged.
        """
        if self._last_hidden > self._beginning.signed_off:
            where = self._where(self._last_hidden, None)
            raise Damaged("it is not shown, and no checkpoint comes after it", where=where)

    @property
    def adopted(self) -> frozenset[bytes]:
        """The channels that begin with a checkpoint, as what was before is not shown."""
        return frozenset(self._beginning.adopted)

    def _bridge(self, written: Written) -> None:
        """Let the log of the owner go on after entries of it that are not shown."""
        entry = written.entry
        is_past = entry.epoch < self.ledger.epoch  # it was lost with a file, and is in no log here
        if written.author != self.ledger.me or is_past or entry.previous not in self._left_out:
            return
        if entry.number <= self.ledger.number + 1:
            raise Damaged("the log of its owner has fewer numbers than entries")
        if entry.number > self.ledger.number + 1 + len(self._left_out):
            raise Damaged("the log of its owner has more numbers than entries")
        self.ledger = replace(self.ledger, last=entry.previous, number=entry.number - 1)
        self._left_out.clear()

    def _ground(self, written: Written) -> None:
        channel = self.ledger.channels.get(written.entry.channel or b"")
        if what := self._grounds.lacking(written, channel):
            self.lacks[what] += 1

    def _named(self, damaged: Damaged) -> Damaged:
        """Return what is said of damage, which may know better at which entry it is, or of what."""
        if damaged.where.startswith(self._source):
            return Damaged(damaged.what, where=damaged.where, fix=FIX)
        what = f"{damaged.what} ({damaged.where})" if damaged.where else damaged.what
        return Damaged(what, where=self._where(self.pos, self._at), fix=FIX)

    def _check_signatures(self) -> None:
        wrong = self._signatures.wrong()
        if wrong is not None:
            pos, sealed = wrong
            where = self._where(pos, ENTRY.decode(sealed.payload))
            raise Damaged("its author did not sign it", where=where, fix=FIX)

    def _where(self, pos: int, entry: Entry | None) -> str:
        where = f"{self._source}, entry {pos}"
        if entry is None:
            return where
        kind = type(read_body(entry.payload)).__name__.lower()
        return f"{where}: {kind} {entry.number} of {PeerId(entry.author)}"
