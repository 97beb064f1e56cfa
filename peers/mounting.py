"""Mounting: having the IPFS node beside this peer carry streams to it, again whenever it started.

The node comes and goes as its owner likes. What has changed is said in the log once, and this peer
works on without it.

>>> mounting.tick(now_ms)                                                # doctest: +SKIP
>>> mounting.node, mounting.why                                          # doctest: +SKIP
('12D3KooW...', '')
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Final

from engine.errors import TallyError
from peers.kubo_streams import KuboStreams, Mounted
from peers.mistake import contained
from peers.wake import Wake

WATCH_MS: Final = 10_000  # between two looks whether it is there, and carries to us


class Mounting:
    """What the node beside us carries to us. For the node's thread."""

    def __init__(
        self,
        beside: KuboStreams,
        wanted: Mapping[str, str],
        workers: Executor,
        wake: Wake,
        log: Callable[..., None],
    ) -> None:
        """Take which protocols it is to carry to which multiaddresses of ours."""
        self.node = ""  # its id, while it carries to us
        self.why = "it was not asked yet"  # it does not; "" when it does
        self.fix = ""
        self.taken: tuple[str, ...] = ()  # protocols that it carries to another peer
        self.changed: Callable[[], None] = lambda: None  # is called when any of these has
        self._beside = beside
        self._wanted = wanted
        self._workers = workers
        self._wake = wake
        self._log = log
        self._next_ms = 0
        self._is_looking = False

    def tick(self, now_ms: int) -> None:
        """Look after it."""
        if now_ms >= self._next_ms and not self._is_looking:
            self._next_ms = now_ms + WATCH_MS
            self._is_looking = True
            self._workers.submit(self._look)

    def _look(self) -> None:
        """Have it carry to us; in a worker's thread."""
        found: Mounted | TallyError
        try:
            found = self._beside.mount(self._wanted)
        except Exception as error:
            found = contained(error)
        self._wake(partial(self._looked, found))

    def _looked(self, found: Mounted | TallyError) -> None:
        self._is_looking = False
        if isinstance(found, Mounted):
            self._become(found.node, "", found.taken)
        else:
            self._become("", found.what, (), found.fix)

    def _become(self, node: str, why: str, taken: tuple[str, ...], fix: str = "") -> None:
        if (node, why, taken) == (self.node, self.why, self.taken):
            return
        self.node, self.why, self.taken, self.fix = node, why, taken, fix
        if why:
            self._log("no streams by IPFS", why=why, fix=fix or None)
        else:
            self._log("streams by IPFS", node=node)
        for protocol in taken:
            self._log("stream of another peer", node=node, protocol=protocol)
        self.changed()
