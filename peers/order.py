"""Order: that in which a peer took entries, own ones and others', as a chain of hashes. Pure.

Each link stands for all entries up to it, so who has one can say whether a ledger has been
changed, cut short or put in another order since.

>>> link(START, cid) == blake3(START + cid.raw).digest()                 # doctest: +SKIP
True
"""

from typing import Final, NamedTuple

from blake3 import blake3

from engine.content.cid import Cid

LINK_BYTES: Final = 32
START: Final = bytes(LINK_BYTES)  # before the first entry


class Taken(NamedTuple):
    """An entry in its place."""

    pos: int  # from 1
    signed: bytes
    link: bytes  # of all entries up to it


def link(before: bytes, entry: Cid) -> bytes:
    """Return the link after an entry that follows those of the link `before`."""
    return blake3(before + entry.raw).digest()
