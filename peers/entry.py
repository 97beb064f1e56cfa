"""Entry: one statement in the log of a peer, signed; its id leaves the signature out. Pure.

Every peer has one log. Each entry names the one before it in the log, so that nothing can be taken
out or put in, and the one before it in its channel, so that whom the channel is with can say the
same without the rest of the log: two entries that name one before them are a fork, to be seen by
anybody. What an entry says is a record of its own kind (entry_kinds.py).

>>> written = read(write(entry, signer))                                 # doctest: +SKIP
>>> written.id == ENTRY.cid(entry)                                       # doctest: +SKIP
True
"""

from typing import Final, NamedTuple

from engine import seals
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.runner import Signer
from engine.step import SIGNED, Signed
from engine.values import dataclass
from peers.entries import Body
from peers.entry_kinds import MAX_BODY, read_body
from peers.identity import PeerId, is_key
from peers.signed import seal

NETWORK: Final = b"tally-01"  # whose credits: an entry of another network says nothing in this
CHANNEL_BYTES: Final = 32
MAX_BYTES: Final = 16 * 1024  # of a signed entry: nothing larger is parsed for a stranger
MAX_REFS: Final = 64
MAX_NUMBER: Final = 2**53 - 1  # exact in every language


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement, in its place."""

    network: bytes  # 8 bytes
    author: bytes  # Ed25519, 32 bytes
    epoch: int  # how often its author had to begin anew, by its own count
    number: int  # of the entry in its author's log, from 0, over all epochs
    previous: Cid | None  # the entry before it in the log; none before the first
    before: Cid | None  # its author's entry before it in the channel
    channel: bytes | None  # none: it concerns no one channel
    refs: tuple[Cid, ...]  # what else it rests on
    made_ms: int  # since 1970 UTC, as its author says; nothing is decided by it
    payload: bytes  # a record of entry_kinds.py


class Written(NamedTuple):
    """An entry whose signature held."""

    entry: Entry
    body: Body
    id: Cid
    signed: bytes  # as it came: it is passed on so, and never signed anew

    @property
    def author(self) -> PeerId:
        """Who says it."""
        return PeerId(self.entry.author)


def write(entry: Entry, body: Body, signer: Signer) -> Written:
    """Sign an entry of ours that says `body`."""
    signed = seal(ENTRY, entry, signer).data
    return Written(entry, body, ENTRY.cid(entry), signed)


def read(signed: bytes) -> Written:
    """Read a signed entry.

    Raises: Damaged when it is malformed, too large, or not signed by its author.
    """
    written, sealed = parse(signed)
    if not is_signed(sealed):
        raise Damaged("the signature on an entry does not hold")
    return written


def parse(signed: bytes) -> tuple[Written, Signed]:
    """Read a signed entry, and what is yet to be looked at: whether its author did sign it.

    Raises: Damaged when it is malformed, too large, or in the name of somebody else.
    """
    if len(signed) > MAX_BYTES:
        raise Damaged(f"an entry has {MAX_BYTES} bytes at most, this one has {len(signed)}")
    sealed = SIGNED.decode(signed)
    entry = ENTRY.decode(sealed.payload)
    if sealed.public_key != entry.author or not is_key(entry.author):
        raise Damaged("an entry is not signed by its author")
    name = Cid.of(DAG_CBOR, sealed.payload)
    return Written(entry, read_body(entry.payload), name, signed), sealed


def is_signed(sealed: Signed) -> bool:
    """Return whether what `parse` gave was signed by whom it names."""
    return seals.holds(ENTRY.kind, sealed)


def id_of(signed: bytes) -> Cid:
    """Return the id of a signed entry.

    Raises: Damaged when it is not signed in that form.
    """
    return Cid.of(DAG_CBOR, SIGNED.decode(signed).payload)


def _check(entry: Entry) -> None:
    if entry.network != NETWORK:
        raise Damaged("it is an entry of another network")
    if not 0 <= entry.epoch <= MAX_NUMBER or not 0 <= entry.number <= MAX_NUMBER:
        raise Damaged(f"its epoch and number are from 0 to {MAX_NUMBER}")
    if (entry.previous is None) != (entry.number == 0):
        raise Damaged("only the first entry of a log has none before it")
    if entry.channel is None and entry.before is not None:
        raise Damaged("it is in no channel, and has one before it there")
    if entry.channel is not None and len(entry.channel) != CHANNEL_BYTES:
        raise Damaged(f"a channel has {CHANNEL_BYTES} bytes")
    if len(entry.refs) > MAX_REFS or len(entry.payload) > MAX_BODY:
        raise Damaged(f"it has over {MAX_REFS} refs, or says more than {MAX_BODY} bytes")
    if not 0 <= entry.made_ms <= MAX_NUMBER:
        raise Damaged("its time is none")


ENTRY: Final = Record("tallystick/entry/1", Entry, _check)
