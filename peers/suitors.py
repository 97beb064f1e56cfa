"""Suitors: the IPFS nodes that say that they know our network, and when each is asked. Pure.

Who claims to be there costs nothing, so they are few, are asked few at a time, and those that do
not answer less and less often; of too many, those go first that failed most.

>>> suitors = Suitors()
>>> suitors.seen(["one"], 0)
>>> suitors.due(0, Luck(1), set())
['one']
"""

from collections.abc import Container, Iterable
from typing import Final, NamedTuple

from peers.identity import PeerId
from peers.luck import Luck

MAX_NODES: Final = 256  # as many as there can be connections
MAX_ASKED: Final = 4  # at one time
FIRST_MS: Final = 30_000  # after which who did not answer is asked again; the wait then doubles
LONGEST_MS: Final = 6 * 3600_000
FORGET_MS: Final = 48 * 3600_000  # after which a record of who has a block is gone as well
_MOST: Final = 10  # failures that are counted: 30 s doubled so often is past LONGEST_MS


class _Node(NamedTuple):
    seen_ms: int
    failures: int = 0
    due_ms: int = 0
    peer: PeerId | None = None


class Suitors:
    """The nodes that were found."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._asked: set[str] = set()

    def all(self) -> dict[str, PeerId | None]:
        """Return them, and who is at each as far as that is known."""
        return {name: node.peer for name, node in sorted(self._nodes.items())}

    def seen(self, names: Iterable[str], now_ms: int) -> None:
        """Note who was found now, and forget who was not for long."""
        for name in names:
            node = self._nodes.get(name) or _Node(now_ms)
            self._nodes[name] = node._replace(seen_ms=now_ms)
        for name, node in tuple(self._nodes.items()):
            if now_ms - node.seen_ms >= FORGET_MS:
                self.forget(name)
        while len(self._nodes) > MAX_NODES:
            self.forget(max(self._nodes, key=lambda name: self._nodes[name].failures))

    def due(self, now_ms: int, luck: Luck, connected: Container[PeerId]) -> list[str]:
        """Return whom to ask now: each is then asked until it is told what came of it."""
        fit = [
            name
            for name, node in self._nodes.items()
            if name not in self._asked and now_ms >= node.due_ms and node.peer not in connected
        ]
        asked = luck.some(fit, max(0, MAX_ASKED - len(self._asked)))
        self._asked.update(asked)
        return asked

    def told(self, name: str, peer: PeerId, now_ms: int, luck: Luck) -> None:
        """Note who is at a node; until that one is met, this counts as a failure."""
        self.failed(name, now_ms, luck)
        if node := self._nodes.get(name):
            self._nodes[name] = node._replace(peer=peer)

    def failed(self, name: str, now_ms: int, luck: Luck) -> None:
        """Ask a node again later."""
        self._asked.discard(name)
        if node := self._nodes.get(name):
            wait = min(FIRST_MS << node.failures, LONGEST_MS)
            failures = min(node.failures + 1, _MOST)
            due = now_ms + wait - luck.below(wait // 2)
            self._nodes[name] = node._replace(failures=failures, due_ms=due)

    def met(self, peer: PeerId) -> None:
        """Count no failures of who is met."""
        for name, node in self._nodes.items():
            if node.peer == peer:
                self._nodes[name] = node._replace(failures=0)

    def forget(self, name: str) -> None:
        """Forget a node."""
        self._nodes.pop(name, None)
        self._asked.discard(name)
