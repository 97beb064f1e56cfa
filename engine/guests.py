"""Guests: blocks of others in our store, whatever they are called, read as blocks of ours are.

A block whose name no store has is kept as raw bytes under a name of ours, and links to it lead to a
stand-in: so all that reads content reads this, and none of it knows names of other forms.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.content import dagpb
from engine.content.blocks import Block, Checked, ManyStore, batches
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.foreign_cid import IDENTITY, ForeignCid, stand_in
from engine.errors import Damaged, NotHere

MAX_ODD: Final = 100_000  # blocks with names of other forms: what is known of them is in memory
MAX_LINKS: Final = 16_000_000  # that are read, each as often as it is: a minute or two


class Guests:
    """Blocks of one import."""

    def __init__(self, store: ManyStore) -> None:
        self._store = store
        self._behind: dict[Cid, ForeignCid] = {}  # stand-in -> the name that it stands for
        self._left = MAX_LINKS
        self._kept: dict[ForeignCid, Cid] = {}  # the name of a block -> what it is kept as

    def see(self, name: ForeignCid) -> Cid:
        """Return by what `get` gives what is called so.

        Raises: Damaged for too many of other forms.
        """
        found = stand_in(name)
        if name.cid is None:
            self._behind[found] = name
            if len(self._behind) > MAX_ODD:
                raise Damaged(f"content with over {MAX_ODD} CIDs of other forms", where=str(name))
        return found

    def take(self, blocks: Iterable[tuple[ForeignCid, bytes]]) -> None:
        """Keep blocks, which were checked against their names.

        Raises: Unavailable on a full disk.
        """
        for batch in batches(self._block(name, data) for name, data in blocks):
            self._store.put(batch)

    def get(self, cid: Cid) -> bytes:
        """Return a block by a Cid or a stand-in; what it links to, it links to by such.

        Raises: NotHere when it did not come; Damaged when it is malformed, or one too many; Refused
        when it links to what cannot be checked.
        """
        name = self._behind.get(cid)
        data = self._store.get(cid) if name is None else self._odd(name)
        if cid.codec != DAG_PB:
            return data
        before = len(self._behind)
        links, message = dagpb.decode(data, self._target)
        self._left -= len(links)
        if self._left < 0:
            fix = "name a part of it by the CID of that"
            raise Damaged(f"content with over {MAX_LINKS} links", where=str(cid), fix=fix)
        is_plain = len(self._behind) == before and not any(
            link.cid in self._behind for link in links
        )
        return data if is_plain else dagpb.encode(links, message)

    def needed(self, name: ForeignCid) -> Iterator[ForeignCid]:
        """Yield the block that is called so; of one that is in its name, what it links to.

        Raises: as get does.
        """
        if name.function != IDENTITY:
            yield name
        else:
            yield from self.links(name, name.digest)

    def links(self, name: ForeignCid, data: bytes) -> Iterator[ForeignCid]:
        """Yield the blocks that one links to, by way of those that are in a name.

        Raises: as get does.
        """
        if name.codec == DAG_PB:
            for link in dagpb.decode(data, self._target)[0]:
                yield from self.needed(self._behind.get(link.cid) or ForeignCid(link.cid))

    def _odd(self, name: ForeignCid) -> bytes:
        if name.function == IDENTITY:
            return name.digest
        if name not in self._kept:
            raise NotHere("this block is not here", where=str(name), fix="try again")
        return self._store.get(self._kept[name])

    def _block(self, name: ForeignCid, data: bytes) -> Block:
        if name.cid is not None:
            return Checked(name.cid, data)
        block = Checked.made(RAW, data)
        self._kept[name] = block.cid
        return block

    def _target(self, raw: bytes) -> Cid:
        name, end = ForeignCid.read(raw)
        if end != len(raw):
            raise Damaged("a dag-pb link to what is no CID")
        return self.see(name)
