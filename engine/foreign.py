"""Foreign: content of IPFS that others made in another way, had here and added anew in ours.

It is fetched once: the name that others gave it is then an alias of our CID, which a pin keeps.
The blocks that came are only what ours were made from, and a gc takes them.

Nothing that comes is believed: each block is checked against the name by which it is linked to,
and only what a root leads to is taken.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Final

from engine.content import foreign_car
from engine.content.cid import DAG_CBOR, Cid
from engine.content.foreign_cid import IDENTITY, ForeignCid
from engine.content.reader import Get
from engine.errors import Damaged, NotHere
from engine.guests import Guests
from engine.sources import Sources
from engine.store.disk import DiskStore
from engine.store.graft import graft

ALIAS_PIN: Final = "alias/"  # and the CIDv1 in base32: what others call it
MAX_BLOCKS: Final = 1_000_000  # as many as are walked of any stranger's content
MAX_SPARE: Final = 16 * 2**20  # bytes of blocks that came before
MAX_BYTES: Final = 96 * 2**30  # of all blocks: 64 GiB of content, and what is around it

Export = Callable[[str], AbstractContextManager[Iterator[bytes]]]  # a CAR of all a CID leads to
Came = Callable[[ForeignCid, int], None]  # of what, and how many bytes so far


def _to_nobody(root: ForeignCid, came: int) -> None:
    """Tell nobody."""


class Foreign:
    """What others made, by the names that they gave it."""

    def __init__(
        self, store: DiskStore, sources: Sources, export: Export | None, came: Came = _to_nobody
    ) -> None:
        """Take content from `sources`, and what those cannot read from `export`."""
        self._store = store
        self._sources = sources
        self._export = export
        self._came = came

    def known(self, name: ForeignCid) -> Cid | None:
        """Return our CID of what others call so, if it was had here before, and is here."""
        found = self._store.pins.of(ALIAS_PIN + str(name))
        return next((cid for cid in found if self._store.has(cid)), None)

    def aliases(self, cid: Cid) -> list[str]:
        """Return what others call content of ours, as far as it was had here by that."""
        pins = self._store.pins.all()
        return [
            name.removeprefix(ALIAS_PIN)
            for pinned, name in pins
            if pinned == cid and name.startswith(ALIAS_PIN)
        ]

    def here(self, name: ForeignCid, have: Callable[[Cid], None]) -> Cid:
        """Return by what content is known here, all of it here; `have` has what is named as ours.

        Raises: as `have` and `bring`.
        """
        if name.cid is not None and name.is_ours and self.known(name) is None:
            try:
                have(name.cid)
            except Damaged:  # to us: others read more, and may have named it as we do
                if name.codec == DAG_CBOR:
                    raise
            else:
                return name.cid
        return self.bring(name)

    def bring(self, name: ForeignCid) -> Cid:
        """Return our CID of what others call so, all of it here and kept.

        Raises: NotHere when nobody has it; Refused when it links to what cannot be checked;
        Damaged when it is malformed, or over a bound; Unavailable when the disk is full.
        """
        if (known := self.known(name)) is not None:
            return known
        guests = Guests(self._store)
        try:
            cid = self._anew(guests.get, guests.see(name))
        except NotHere:
            self._fetch(guests, name)
            cid = self._anew(guests.get, guests.see(name))
        self._store.pins.pin(cid, ALIAS_PIN + str(name))
        return cid

    def _anew(self, get: Get, root: Cid) -> Cid:
        return graft(self._store, get, root).cid

    def _fetch(self, guests: Guests, name: ForeignCid) -> None:
        if name.cid is not None and self._sources:
            try:
                return self._sources.have([name.cid])
            except Damaged:  # it may link to what stores and peers have no names for
                if self._export is None:
                    raise
        if self._export is None:
            fix = "start an IPFS node beside this peer: `ipfs daemon`"
            raise NotHere("only IPFS can have this content", where=str(name), fix=fix)
        with self._export(str(name)) as pieces:
            guests.take(self._wanted(name, guests, foreign_car.blocks(pieces)))
        return None

    def _wanted(
        self, root: ForeignCid, guests: Guests, blocks: Iterable[tuple[ForeignCid, bytes]]
    ) -> Iterator[tuple[ForeignCid, bytes]]:
        """Yield blocks that the root leads to; parents come before what they link to.

        Raises: Damaged for others, and for too many.
        """
        waiting = set(guests.needed(root))
        known, came, spare = set(waiting), 0, 0
        for name, data in blocks:
            came += len(data)
            if name not in waiting:
                spare += len(name) + len(data)
                if (name.function != IDENTITY and name not in known) or spare > MAX_SPARE:
                    raise Damaged("the IPFS node sends what was not asked for", where=str(name))
                continue
            waiting.discard(name)
            new = {link for link in guests.links(name, data) if link not in known}
            known |= new
            waiting |= new
            if len(known) > MAX_BLOCKS or came > MAX_BYTES:
                what = f"content of over {MAX_BLOCKS} blocks or {MAX_BYTES} bytes"
                raise Damaged(what, where=str(root), fix="name a part of it by the CID of that")
            self._came(root, came)
            yield name, data
        if waiting:
            fix = "try again when somebody who has it is there"
            raise NotHere("IPFS does not find all of it", where=str(min(waiting)), fix=fix)
