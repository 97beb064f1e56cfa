"""Credit messages: how peers tell each other what they signed about credit, as bodies. Pure.

    SYNC      this is the last entry of yours that I have; the answer says the same of mine
    ENTRIES   take these entries of mine; the answer says which is the last that was taken
    SHOW      show me what follows these entries, mine and yours: I have lost it

They speak of all channels between the two. What two peers say of a third is in witness_messages.py.
What is signed travels as the bytes that were signed. Entries that are read have signatures that
hold; whether they are in their place, the teller looks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from engine.content.blocks import Block, Checked
from engine.content.cid import DAG_CBOR, Cid
from peers.entry import Written
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


class Lost(NamedTuple):
    """After which entries somebody has lost what followed: of its own, and of whom it asks."""

    own: Place | None
    other: Place | None


class Told(NamedTuple):
    """An entry as it was signed, and the records that it rests on."""

    signed: bytes
    evidence: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes its evidence has."""
        return sum(map(len, self.evidence))


class Entries(NamedTuple):
    """Entries, in the order in which they were taken by who says them."""

    entries: tuple[Written, ...]
    evidence: Mapping[Cid, Block]  # whatever came with them; what no entry names is of no use


class Taken(NamedTuple):
    """What became of entries."""

    last: Place | None  # of their author's, that is durably taken
    why: str  # the next was not, or ""


def write_sync(last: Place | None) -> bytes:
    """Return the body of a SYNC, and of its answer."""
    return pack(spell(last))


def read_sync(body: bytes) -> Place | None:
    """Read the body of a SYNC, and of its answer.

    Raises: RemoteFault.
    """
    return read_place(unpack(body))


def write_lost(lost: Lost) -> bytes:
    """Return the body of a SHOW."""
    return pack((spell(lost.own), spell(lost.other)))


def read_lost(body: bytes) -> Lost:
    """Read the body of a SHOW.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (own, other):
            return Lost(read_place(own), read_place(other))
    raise RemoteFault("it has lost something of another form")


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


def write_entries(told: Sequence[Told]) -> bytes:
    """Return the body of an ENTRIES, or of the answer to a SHOW; `told` is what `fitting` gave."""
    signed = tuple(one.signed for one in told)
    return pack((signed, tuple(dict.fromkeys(part for one in told for part in one[1]))))


def read_entries(body: bytes) -> Entries:
    """Read the body of an ENTRIES, or of the answer to a SHOW.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (tuple(signed), tuple(evidence)):
            return Entries(_written(signed), _blocks(evidence))
    raise RemoteFault("entries of another form")


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


def _written(signed: tuple[Plain, ...]) -> tuple[Written, ...]:
    """Read entries; they are counted before a signature is looked at."""
    if _size(signed) > MAX_ENTRIES_BYTES or len(signed) > MAX_ENTRIES:
        raise RemoteFault(f"it has over {MAX_ENTRIES} entries or {MAX_ENTRIES_BYTES} bytes of them")
    return tuple(map(read_entry, signed))


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
