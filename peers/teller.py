"""Teller: keeps a ledger with each peer that it trades with, over whatever connects them. Pure.

Of what others say it takes each entry once and in order; of its own it says each again until it is
taken. An entry counts at once, and is told only when it is durable: whoever drives this writes what
`unsaved` gives, in that order, and says so with `saved`. What was signed is never signed anew.

A file that was restored lacks entries that others have. In an epoch that was begun for that,
nothing is signed in a channel until its peer was heard; entries of ours that it shows, and that are
not here, are taken again, as those of an epoch that has passed.

>>> teller.enter(peer, Limit(5_000_000), now_ms)                         # doctest: +SKIP
>>> teller.unsaved(), teller.actions()                                   # doctest: +SKIP
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Refused
from engine.runner import Signer
from peers.channel import Channel
from peers.clearing import Invalid, OutOfPlace
from peers.entries import Body, Epoch, Genesis, Limit
from peers.entry import Written, write
from peers.identity import PeerId
from peers.ledger import Ledger, apply, epoch_after, follow
from peers.place import Place, place_of
from peers.teller_events import (
    Action,
    Answer,
    Ask,
    Blame,
    Breach,
    Entered,
    Forked,
    Note,
    Say,
    Show,
)
from peers.teller_line import Line
from peers.vetting import UNNAMED, Vetting, is_aside, moves
from peers.write_queue import Known, Row, WriteQueue


class Teller:
    """The channels of one ledger. For one thread."""

    def __init__(
        self,
        ledger: Ledger,
        signer: Signer,
        known: Known,
        *,
        is_restored: bool = False,
    ) -> None:
        """Go on from what is in the book; of a file that was restored others are asked first."""
        self.ledger = ledger
        self._signer = signer
        self._is_restored = is_restored
        self._lines: dict[PeerId, Line] = {}
        for peer in ledger.peers():
            self._line(peer).durable = ledger.last_with(peer, ledger.me)
        self._queue = WriteQueue(known)
        self._vetting = Vetting(self._queue.evidence)
        self._actions: deque[Action] = deque()

    # for its owner

    def may_sign(self, peer: PeerId) -> bool:
        """Return whether anything may be signed in the channel with a peer.

        All that was signed there has to be known, and the peer not to be asked for an end.
        """
        return self._is_whole(peer) and not self.ledger.channel(peer).is_ending(self.ledger.me)

    def enter(
        self,
        peer: PeerId,
        body: Body,
        now_ms: int,
        *,
        refs: tuple[Cid, ...] = (),
        evidence: Iterable[Block] = (),
    ) -> Written:
        """Sign an entry in the channel with a peer.

        Raises: Refused when the peer must be heard first, or what it says may not be said.
        """
        if not self._is_whole(peer):
            what = "the ledger was restored, and this peer was not heard since then"
            raise Refused(what, fix="do it again when both run: 'tally peer list' says who is up")
        channel = self.ledger.channel(peer)
        entry = follow(self.ledger, body, channel, now_ms, refs=refs)
        written = write(entry, body, self._signer)
        self._take(Row(written, tuple(evidence)))
        if moves(body) or (isinstance(body, Limit) and body.is_fixed):  # the owner wants it so
            self._line(peer).asides = 0
        return written

    def note(self, body: Body, now_ms: int, evidence: Iterable[Block] = ()) -> Written:
        """Sign an entry that is in no channel.

        Where a ledger was lost, even its first is of a new epoch: its key has signed another first.
        """
        is_epoch = isinstance(body, Epoch) or (isinstance(body, Genesis) and self._is_restored)
        epoch = epoch_after(self.ledger.epoch, now_ms) if is_epoch else None
        return self._note(body, now_ms, evidence, epoch)

    def _note(
        self, body: Body, now_ms: int, evidence: Iterable[Block], epoch: int | None
    ) -> Written:
        entry = follow(self.ledger, body, None, now_ms, epoch=epoch)
        written = write(entry, body, self._signer)
        self._take(Row(written, tuple(evidence)))
        return written

    def expect(self, peer: PeerId) -> None:
        """Let a peer open a channel, however many others have: something is offered to it."""
        self._line(peer).is_expected = True

    def unsaved(self) -> list[Row]:
        """Return what is to be written, in order; it is given once."""
        return self._queue.rows()

    def saved(self, count: int) -> None:
        """Hear that the next so many entries are durable."""
        for action in self._queue.saved(count):
            if isinstance(action, Entered):
                self._durable(action.written)
            self._actions.append(action)

    def actions(self) -> Iterator[Action]:
        """Yield what is to be done, in order; each is given once, and the rest stays to be done."""
        while self._actions:
            yield self._actions.popleft()

    # what happens on connections

    def opened(self, peer: PeerId) -> None:
        """Hear that a peer is there: it is asked what it has of ours."""
        line = self._line(peer)
        line.is_up = True
        self._queue.forget(peer)
        line.is_asked = line.is_busy = line.is_stuck = line.is_showing = line.is_heard = False
        line.is_lost = False
        if not self._is_sure(peer) or self._has(peer):
            self._ask(peer)

    def closed(self, peer: PeerId) -> None:
        """Hear that a peer is gone, and with it what was not answered."""
        line = self._line(peer)
        line.is_up = line.is_busy = False
        if next(self.ledger.with_peer(peer), None) is None:  # keys are made by the thousand
            del self._lines[peer]

    def heard(self, peer: PeerId, last: Place | None) -> None:
        """Hear what a peer has of ours, which it says when it asks, and when it answers."""
        line = self._line(peer)
        if line.is_lost:
            return
        if last is not None and not self._queue.has(self.ledger.me, last):
            if not line.is_showing:
                line.is_showing = True
                self._actions.append(Show(peer, self._ours(peer), self._theirs(peer)))
            return
        if last is not None and self._queue.waits(self.ledger.me, last):
            return  # it was shown just now; the peer is asked again when that is in the book
        was_whole = self._is_whole(peer)
        line.is_heard, line.is_showing = True, False
        line.acked = last
        if not was_whole:  # what it said in the meantime was not taken
            self._ask(peer)
        self._say(peer)

    def asked(self, peer: PeerId, last: Place | None, token: object) -> None:
        """Hear what a peer has of ours; it is answered with what is here of it, once durable."""
        self._line(peer).is_stuck = False
        self._when_saved(Answer(token, self._theirs(peer), ""))
        self.heard(peer, last)

    def said(self, peer: PeerId, rows: Sequence[Row], token: object) -> None:
        """Take entries that a peer says; it is answered when they are durable."""
        why = "" if self._is_whole(peer) else "entries of its own are lost here, and come first"
        for row in () if why else rows:
            why = self._hear(peer, row)
            if why:
                break
        self._when_saved(Answer(token, self._theirs(peer), why))

    def unanswered(self, peer: PeerId) -> None:
        """Say or ask again what was not answered in time."""
        line = self._line(peer)
        was_showing = line.is_showing
        line.is_busy = line.is_asked = line.is_showing = False
        if line.is_heard and not was_showing:
            self._say(peer)
        elif line.is_up:
            self._ask(peer)

    def taken(self, peer: PeerId, last: Place | None, why: str) -> None:
        """Hear what a peer has of ours now, and why it does not take the rest."""
        line = self._line(peer)
        line.is_busy = False
        line.is_stuck = bool(why) or not _is_later(last, line.told)  # an honest one takes some
        if why:
            self._actions.append(Note(peer, f"it does not take an entry: {why}"))
        self.heard(peer, last)

    def shown(self, peer: PeerId, rows: Sequence[Row], now_ms: int) -> None:
        """Take entries that are lost here, in the order in which the peer had them.

        Those of ours are taken as those of an epoch that has passed.
        """
        line = self._line(peer)
        if not line.is_showing:  # it was not asked
            return
        line.is_showing = False
        lost = [row for row in rows if not self._is_here(row.written)]
        ours = [row for row in lost if row.written.author == self.ledger.me]
        latest = max((row.written.entry.epoch for row in ours), default=-1)
        if latest >= self.ledger.epoch:
            body = Epoch("entries were lost here, and a peer has shown them")
            self._note(body, now_ms, (), epoch_after(latest, now_ms))
            self._ask_all()
        if not lost or any(self._recover(peer, row) for row in lost):
            line.is_lost = True
            why = "it has entries of this peer that it cannot show: only a backup has them"
            self._actions.append(Note(peer, why))
            return
        self._ask(peer)

    # entries

    def _hear(self, peer: PeerId, row: Row) -> str:
        """Take one entry of a peer; return why it is not taken, "" when it is or was."""
        written = row.written
        if written.author != peer:
            return self._blame(peer, "it says an entry that another has signed")
        if self._is_here(written):
            return ""
        if (held := self._queue.in_place_of(written)) is not None:
            self._when_saved(Forked(peer, held, written))
            return "another entry is in its place"
        blocks = {block.cid: block for block in row.evidence}
        channel = self.ledger.channels.get(written.entry.channel or b"")
        if why := self._vetting.objection(written, blocks, channel):
            return self._object(peer, row, why)
        if why := self._excess(peer, written.body, channel):
            return why
        try:
            self._take(row)
        except OutOfPlace as error:
            return error.what
        except Invalid as error:
            self._when_saved(Breach(*row))
            return self._blame(peer, error.what)
        return ""

    def _object(self, peer: PeerId, row: Row, why: str) -> str:
        """Refuse an entry that follows from nothing; of one that lacks its papers none is seen."""
        if why == UNNAMED:
            return self._blame(peer, why)
        self._when_saved(Breach(*row))
        return why

    def _excess(self, peer: PeerId, body: Body, channel: Channel | None) -> str:
        """Return why there is no room for an entry of a peer; count it when there is."""
        line = self._line(peer)
        if line.is_expected and channel is None:
            return ""
        if why := self._vetting.excess(body, line.asides, self.ledger, channel):
            return why
        if moves(body):
            line.asides = 0
        elif channel and is_aside(body, channel):
            line.asides += 1
        return ""

    def _recover(self, peer: PeerId, row: Row) -> str:
        """Take one entry that is lost here; return why it is not taken."""
        if not set(row.written.entry.refs) <= {block.cid for block in row.evidence}:
            return UNNAMED
        if row.written.author != self.ledger.me:
            return self._hear(peer, row)
        try:
            self._take(row)
        except Refused as error:
            return error.what
        if moves(row.written.body):  # as when it was signed
            self._line(peer).asides = 0
        return ""

    def _take(self, row: Row) -> None:
        self.ledger = apply(self.ledger, row.written)
        self._queue.take(row)
        self._when_saved(Entered(row.written))

    def _when_saved(self, action: Action) -> None:
        if not self._queue.wait(action):
            self._actions.append(action)

    def _durable(self, written: Written) -> None:
        entry = written.entry
        if written.author != self.ledger.me or entry.channel is None:
            return
        peer = self.ledger.channels[entry.channel].peer
        line = self._line(peer)
        line.durable = max(line.durable or place_of(written), place_of(written))
        self._say(peer)

    def _ask(self, peer: PeerId) -> None:
        """Ask what a peer has of ours, and say what is here of it; that has to be durable first."""
        self._line(peer).is_asked = True
        self._when_saved(Ask(peer, self._theirs(peer)))

    def _ask_all(self) -> None:
        """Ask whoever is there and has to be heard before anything is signed."""
        for peer, line in self._lines.items():
            if line.is_up and not self._is_sure(peer):
                self._ask(peer)

    def _say(self, peer: PeerId) -> None:
        """Say what a peer has not, if it listens."""
        line = self._line(peer)
        is_free = line.is_up and not (line.is_busy or line.is_stuck)
        if not is_free or not _is_later(line.durable, line.acked):
            return
        if line.is_heard:
            line.is_busy, line.told = True, line.acked
            self._actions.append(Say(peer, line.told))
        elif not line.is_asked:
            self._ask(peer)

    def _blame(self, peer: PeerId, why: str) -> str:
        self._actions.append(Blame(peer, why))
        return why

    # what is known

    def _line(self, peer: PeerId) -> Line:
        return self._lines.setdefault(peer, Line())

    def _is_sure(self, peer: PeerId) -> bool:
        """Return whether all is known here that was signed in the channel with a peer.

        Something may be lost of every epoch but the first, until a peer says that it is not.
        """
        if not self._is_restored and self.ledger.epoch == 0:
            return True
        ours = self._ours(peer)
        return self._line(peer).is_heard or (ours is not None and ours.epoch == self.ledger.epoch)

    def _is_whole(self, peer: PeerId) -> bool:
        return self._is_sure(peer) and not self._line(peer).is_showing

    def _has(self, peer: PeerId) -> bool:
        return self._line(peer).durable is not None or self._theirs(peer) is not None

    def _theirs(self, peer: PeerId) -> Place | None:
        """Return the last entry of a peer that is here."""
        return self.ledger.last_with(peer, peer)

    def _ours(self, peer: PeerId) -> Place | None:
        return self.ledger.last_with(peer, self.ledger.me)

    def _is_here(self, written: Written) -> bool:
        return self._queue.has(written.author, place_of(written))


def _is_later(place: Place | None, other: Place | None) -> bool:
    """Return whether one place comes after another; any comes after none."""
    return place is not None and (other is None or place > other)
