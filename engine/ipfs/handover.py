"""Handover: an IPFS node is given what was published while it was away, by a thread of its own.

>>> with Handover(find, store, public, log):                             # doctest: +SKIP
...     serve()
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.ipfs.kubo import Kubo
from engine.ipfs.publish import publish

END_S: Final = 5.0  # for what is broken off; the node's own work has no need of us
LOOK_S: Final = 30.0  # between two looks at what the node lacks


class Handover(AbstractContextManager["Handover"]):
    """Goes on until it is closed; a node that is away is tried again."""

    def __init__(
        self,
        find: Callable[[], str],
        store: BlockStore,
        public: Callable[[], frozenset[Cid]],
        log: Callable[..., None],
    ) -> None:
        """Take what says where the node's API is, "" for nowhere; use a store for many threads."""
        self._find = find
        self._store = store
        self._public = public
        self._log = log
        self._said = ""  # of a node that is away, once
        self._given: set[Cid] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ipfs-handover", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End soon: what is being given is broken off."""
        self._is_over.set()
        self._thread.join(END_S)

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                if (address := self._find()) and (self._given or self._public()):
                    self._give(address)
                self._said = ""
            except _Over:
                return
            except TallyError as error:
                self._tell(error)
            self._is_over.wait(LOOK_S)

    def _give(self, address: str) -> None:
        with Kubo(address) as kubo:
            for root in sorted(self._public() - kubo.pins()):
                publish(kubo, self._store, root, self._go_on)
                self._given.add(root)
                self._log("ipfs has", root=str(root))
            for root in sorted(self._given - self._public()):  # taken back while it was given
                kubo.unpin(root)
                self._given.remove(root)

    def _go_on(self, _: int) -> None:
        if self._is_over.is_set():
            raise _Over

    def _tell(self, error: TallyError) -> None:
        if error.what != self._said:
            self._log("ipfs", why=error.what, fix=error.fix)
        self._said = error.what


class _Over(Exception):
    """It is to end."""
