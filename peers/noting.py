"""Noting: has what steps have read and made kept for a while: another step may need it.

What is kept is as large as it says: a size is believed once all of it was here.
"""

from contextlib import suppress
from threading import Lock
from typing import Final

from engine.content.blocks import ManyStore
from engine.content.cid import RAW, Cid
from engine.content.walk import walk
from engine.errors import Damaged, Unavailable
from engine.step import Step
from peers.keeper import Keeper
from peers.made import Made, weighed

_KNOWN: Final = 10_000  # inputs whose size is remembered


class Noting:
    """That of one machine. For any thread."""

    def __init__(self, store: ManyStore, keeper: Keeper) -> None:
        self._store = store
        self._keeper = keeper
        self._lock = Lock()
        self._sizes: dict[Cid, int] = {}  # of inputs; under the lock

    def read(self, step: Step) -> None:
        """Have the larger inputs of a step kept, which has just read them."""
        for cid in step.inputs.values():
            if cid.codec != RAW:
                with suppress(Unavailable, Damaged):
                    self._keeper.note(cid, self._size_of(cid))

    def made(self, made: Made) -> Made:
        """Have kept what is not small of what came out; return it with the sizes of that."""
        try:
            made = weighed(self._store, made)
        except (Unavailable, Damaged):
            return made  # it has just been put: whoever wants it hears that it is not here
        for root, size in made.sizes.items():
            self._keeper.note(root, size)
        return made

    def _size_of(self, cid: Cid) -> int:
        with self._lock:
            known = self._sizes.get(cid)
        if known is not None:
            return known
        size = sum(entry.size for entry in walk(self._store.get, cid))
        with self._lock:
            if len(self._sizes) >= _KNOWN:
                self._sizes.clear()
            self._sizes[cid] = size
        return size
