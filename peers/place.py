"""Place: where an entry is in the log of its author, and which one is there. Pure.

In messages it is `(id, number, epoch)`, or nil for none.

>>> read_place(spell(Place(0, 7, entry))) == Place(0, 7, entry)          # doctest: +SKIP
True
"""

from typing import NamedTuple

from engine.content.cid import DAG_CBOR, Cid, are_cids
from engine.errors import Damaged
from peers.entry import MAX_BYTES, MAX_NUMBER, Written, read
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.plain import Plain


class Place(NamedTuple):
    """An entry, by where it is; of two of one author the later is the larger."""

    epoch: int
    number: int  # over all epochs
    id: Cid


class Head(NamedTuple):
    """An entry of some author, as far as somebody knows that log."""

    author: PeerId
    place: Place


def place_of(written: Written) -> Place:
    """Return where an entry is."""
    return Place(written.entry.epoch, written.entry.number, written.id)


def head_of(written: Written) -> Head:
    """Return an entry as one that is known of its author's log."""
    return Head(written.author, place_of(written))


def spell(place: Place | None) -> Plain:
    """Return a place, or that there is none, as it is in a message."""
    return place and (place.id.raw, place.number, place.epoch)


def read_place(value: Plain) -> Place | None:
    """Read what `spell` gave.

    Raises: RemoteFault.
    """
    match value:
        case None:
            return None
        case (raw, number, epoch):
            return Place(_number(epoch), _number(number), read_id(raw))
    raise RemoteFault("the place of an entry has another form")


def read_id(raw: Plain) -> Cid:
    """Read the id of an entry.

    Raises: RemoteFault.
    """
    if not isinstance(raw, bytes) or not are_cids([raw]) or Cid(raw).codec != DAG_CBOR:
        raise RemoteFault("an entry is named by the CID of a record")
    return Cid(raw)


def read_entry(data: Plain) -> Written:
    """Read an entry that came in a message.

    Raises: RemoteFault.
    """
    if not isinstance(data, bytes) or len(data) > MAX_BYTES:
        raise RemoteFault(f"an entry is up to {MAX_BYTES} bytes")
    try:
        return read(data)
    except Damaged as error:
        raise RemoteFault(error.what) from None


def _number(value: Plain) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise RemoteFault(f"an epoch or number is from 0 to {MAX_NUMBER}")
    return value
