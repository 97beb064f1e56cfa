"""Teller events: what a teller wants done. Pure."""

from typing import NamedTuple, TypeAlias

from engine.content.blocks import Block
from engine.content.cid import Cid
from peers.entry import Written
from peers.identity import PeerId
from peers.place import Place


class Ask(NamedTuple):
    """Ask a peer what it has of ours; say what we have of it."""

    peer: PeerId
    last: Place | None


class Say(NamedTuple):
    """Say to a peer what of ours comes after a place in its channels, some at a time."""

    peer: PeerId
    after: Place | None


class Show(NamedTuple):
    """Ask a peer for what comes after these entries, ours and its own: some of it is lost here."""

    peer: PeerId
    ours: Place | None
    theirs: Place | None


class Answer(NamedTuple):
    """Answer a peer that said entries: what we have of it now, and why it is not all."""

    token: object
    last: Place | None
    why: str


class Entered(NamedTuple):
    """An entry is in the book, ours or another's."""

    written: Written


class Forked(NamedTuple):
    """A peer signed two entries where an honest one signs one."""

    peer: PeerId
    held: Cid  # of the one that is in the book
    written: Written


class Breach(NamedTuple):
    """An entry that was not taken, because it is not what it should be: it may prove something."""

    written: Written
    evidence: tuple[Block, ...]


class Blame(NamedTuple):
    """A peer says what no honest one does: end the connection."""

    peer: PeerId
    why: str


class Note(NamedTuple):
    """Something for the log."""

    peer: PeerId
    what: str


Action: TypeAlias = Ask | Say | Show | Answer | Entered | Forked | Breach | Blame | Note
