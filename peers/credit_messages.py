"""Credit messages: how peers tell each other what they signed about credit, as bodies. Pure.

    SYNC      in this channel I have this as your last entry; the answer says the same of mine
    ENTRIES   take these entries of mine; the answer says which one is the last that was taken
    SHOW      show me entries of my own that I may have lost; the answer has them

What two peers say of a third is in witness_messages.py. What is signed travels as the bytes that
were signed. Entries that are read have signatures that hold, one author, one channel, and follow
one another; who that author is, the reader's caller asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from engine.content.blocks import Block, Checked
from engine.content.cid import DAG_CBOR, Cid
from peers.entry import CHANNEL_BYTES, Written
from peers.errors import RemoteFault
from peers.messages import Subject, request
from peers.named import MAX_WHY
from peers.place import Place, read_entry, read_place, spell
from peers.plain import Plain, pack, unpack

SYNC_TYPE: Final = request(Subject.CREDIT)
ENTRIES_TYPE: Final = request(Subject.CREDIT + 1)
SHOW_TYPE: Final = request(Subject.CREDIT + 2)

MAX_ENTRIES: Final = 64  # of a message: their signatures are checked in about ten milliseconds
MAX_ENTRIES_BYTES: Final = 512 * 1024  # with MAX_EVIDENCE_BYTES a message, and no more
MAX_EVIDENCE: Final = 256  # blocks of a message: a few for each entry
MAX_EVIDENCE_BYTES: Final = 1024 * 1024  # of a message, and so of one entry: a record has no more


class Ask(NamedTuple):
    """Which last entry a peer has of the other in a channel: SYNC; or after which it asks: SHOW."""

    channel: bytes
    last: Place | None


class Told(NamedTuple):
    """An entry as it was signed, and the records that it rests on."""

    signed: bytes
    evidence: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes its evidence has."""
        return sum(map(len, self.evidence))


class Entries(NamedTuple):
    """Entries of one author in one channel, each following the one before it."""

    channel: bytes
    entries: tuple[Written, ...]
    evidence: Mapping[Cid, Block]  # whatever came with them; what no entry names is of no use


class Taken(NamedTuple):
    """What became of entries."""

    last: Place | None  # of their author's in the channel, that is durably taken
    why: str  # the next was not, or ""


def write_sync(ask: Ask) -> bytes:
    """Return the body of a SYNC or of a SHOW."""
    return pack((ask.channel, spell(ask.last)))


def read_sync(body: bytes) -> Ask:
    """Read the body of a SYNC or of a SHOW.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (bytes(channel), last) if len(channel) == CHANNEL_BYTES:
            return Ask(channel, read_place(last))
    raise RemoteFault("it asks about no channel")


def write_last(last: Place | None) -> bytes:
    """Return the body of the answer to a SYNC."""
    return pack(spell(last))


def read_last(body: bytes) -> Place | None:
    """Read the body of the answer to a SYNC.

    Raises: RemoteFault.
    """
    return read_place(unpack(body))


def fitting(told: Iterable[Told]) -> tuple[Told, ...]:
    """Return the first of these that fit in one message; one alone always does."""
    found: list[Told] = []
    room, count, size = MAX_ENTRIES_BYTES, MAX_EVIDENCE, MAX_EVIDENCE_BYTES
    for one in told:
        room, count, size = room - len(one.signed), count - len(one.evidence), size - one.size
        if min(room, count, size) < 0 or len(found) == MAX_ENTRIES:
            break
        found.append(one)
    return tuple(found)


def write_entries(channel: bytes, told: Sequence[Told]) -> bytes:
    """Return the body of an ENTRIES; `told` is what `fitting` gave."""
    signed = tuple(one.signed for one in told)
    return pack((channel, signed, tuple(dict.fromkeys(part for one in told for part in one[1]))))


def read_entries(body: bytes) -> Entries:
    """Read the body of an ENTRIES.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (bytes(channel), tuple(signed), tuple(evidence)) if signed:
            return Entries(channel, _written(channel, signed), _blocks(evidence))
    raise RemoteFault("entries of another form, or none")


def write_taken(taken: Taken) -> bytes:
    """Return the body of the answer to an ENTRIES."""
    return pack((spell(taken.last), taken.why[:MAX_WHY]))


def read_taken(body: bytes) -> Taken:
    """Read the body of the answer to an ENTRIES.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (last, str(why)) if len(why) <= MAX_WHY:
            return Taken(read_place(last), why)
    raise RemoteFault("it answers entries with neither yes nor no")


def write_shown(signed: Iterable[bytes]) -> bytes:
    """Return the body of the answer to a SHOW: the first of these that fit; nothing: no more."""
    return pack(tuple(one.signed for one in fitting(map(Told, signed))))


def read_shown(body: bytes, channel: bytes) -> tuple[Written, ...]:
    """Read the body of the answer to a SHOW about a channel.

    Raises: RemoteFault.
    """
    match unpack(body):
        case tuple(signed):
            return _written(channel, signed)
    raise RemoteFault("it shows no entries")


def _written(channel: bytes, signed: tuple[Plain, ...]) -> tuple[Written, ...]:
    """Read entries of one author in a channel, without a gap."""
    if _size(signed) > MAX_ENTRIES_BYTES or len(signed) > MAX_ENTRIES:
        raise RemoteFault(f"it has over {MAX_ENTRIES} entries or {MAX_ENTRIES_BYTES} bytes of them")
    found: list[Written] = []
    for data in signed:
        written = read_entry(data)
        if written.entry.channel != channel:
            raise RemoteFault("an entry is of another channel")
        if found and (written.author, written.entry.before) != (found[0].author, found[-1].id):
            raise RemoteFault("an entry does not follow the one before it")
        found.append(written)
    return tuple(found)


def _blocks(evidence: tuple[Plain, ...]) -> dict[Cid, Block]:
    if _size(evidence) > MAX_EVIDENCE_BYTES or len(evidence) > MAX_EVIDENCE:
        raise RemoteFault(f"it has over {MAX_EVIDENCE} records or {MAX_EVIDENCE_BYTES} bytes")
    blocks = [Checked.made(DAG_CBOR, data) for data in evidence if isinstance(data, bytes)]
    return {block.cid: block for block in blocks}


def _size(parts: tuple[Plain, ...]) -> int:
    """Return how many bytes there are together.

    Raises: RemoteFault when one is something else.
    """
    if not all(isinstance(part, bytes) for part in parts):
        raise RemoteFault("an entry or a record is bytes")
    return sum(len(part) for part in parts if isinstance(part, bytes))
