"""Posting: what a catalogue is made of: an announcement or an endorsement, as it came. Pure.

Of those with one key, who said it of which Release, one counts: everywhere the same.
"""

from typing import Literal, NamedTuple

from engine.content.cid import Cid
from engine.content.schema import kind_of
from engine.errors import Damaged
from engine.step import SIGNED
from peers import announcement, endorsement
from peers.announcement import ANNOUNCEMENT, Announced
from peers.endorsement import ENDORSEMENT, Endorsed
from peers.identity import PeerId
from peers.peer_record import SKEW_MS

Posting = Announced | Endorsed
Kind = Literal["announcement", "endorsement"]


class Key(NamedTuple):
    """What a posting takes the place of, and what takes its place."""

    kind: Kind
    signer: PeerId
    release: Cid


class Times(NamedTuple):
    """From when until when a posting counts, and which of one key counts."""

    serial: int
    made_ms: int
    expires_ms: int


def read(data: bytes) -> Posting:
    """Return a signed posting.

    Raises: Damaged when it is none, or its signature does not hold.
    """
    if len(data) > announcement.MAX_BYTES:
        raise Damaged(f"a posting has {announcement.MAX_BYTES} bytes at most")
    kind = kind_of(SIGNED.decode(data).payload)
    if kind == ANNOUNCEMENT.kind:
        return announcement.read(data)
    if kind == ENDORSEMENT.kind:
        return endorsement.read(data)
    raise Damaged(f"a catalogue has no {kind or 'such record'}")


def key_of(posting: Posting) -> Key:
    """Return what tells a posting from those that do not take its place."""
    kind: Kind = "announcement" if isinstance(posting, Announced) else "endorsement"
    return Key(kind, posting.signer, posting.release)


def times_of(posting: Posting) -> Times:
    """Return from when until when a posting counts."""
    if isinstance(posting, Announced):
        said = posting.announcement
        return Times(said.serial, said.made_ms, said.expires_ms)
    word = posting.endorsement
    return Times(word.made_ms, word.made_ms, word.expires_ms)


def beats(posting: Posting, held: Posting) -> bool:
    """Return whether one takes the place of another of its key.

    Of two with one serial the lower CID stands: whoever has both, in whatever order, has the same.
    """
    mine, theirs = times_of(posting).serial, times_of(held).serial
    return (mine, held.cid) > (theirs, posting.cid)


def current(posting: Posting, now_ms: int) -> bool:
    """Return whether it counts now, by a clock that may be SKEW_MS behind its maker's."""
    times = times_of(posting)
    return times.made_ms - SKEW_MS <= now_ms < times.expires_ms
