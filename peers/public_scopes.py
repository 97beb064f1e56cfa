"""Public scopes: lets everybody have what this home has published (engine/store/public_roots.py).

A public root is the scope by which it is had. It costs next to nothing until somebody asks for it,
as a scope is opened no further than it is asked for (scope.py).
"""

from collections.abc import Callable
from typing import Final

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.depot import Depot
from peers.saying import Say

LOOK_MS: Final = 10_000  # what was published by a command that could not say so is seen by then


class PublicScopes:
    """The public roots of a node, each the scope of what it leads to. For its thread."""

    def __init__(self, depot: Depot, published: Callable[[], frozenset[Cid]], log: Say) -> None:
        self._depot = depot
        self._published = published
        self._log = log
        self._offered: frozenset[Cid] = frozenset()
        self._looked_ms: int | None = None

    @property
    def count(self) -> int:
        """How many roots are public."""
        return len(self._offered)

    def look(self) -> None:
        """Offer what is public now, and nothing that is so no more."""
        try:
            now = self._published()
        except TallyError as error:  # the disk; it is looked at again
            self._log("published", why=error.what)
            return
        for root in now - self._offered:
            self._depot.offer(root, (root,), None)
        for root in self._offered - now:
            self._depot.withdraw(root)
        self._offered = now

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        if self._looked_ms is None or now_ms - self._looked_ms >= LOOK_MS:
            self._looked_ms = now_ms
            self.look()
