"""Intake: the fetches for one requester, by its agreement or by passes that it gave.

What it names is fetched though it is here, until it has shown once that it may have it
(shown.py); and what another holds for it is shown by that it could be had there.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.allowance import Rate
from peers.identity import PeerId
from peers.shown import Shown

Done = Callable[[TallyError | None], None]


class Fetching(Protocol):
    """Content on its way here."""

    def stop(self) -> None:
        """Want it no more; nothing is told of it."""
        ...


class Depot(Protocol):
    """Has content brought here, and serves it (depot.py)."""

    on_pass: Callable[[PeerId, bytes], None]

    def offer(self, scope: Cid, roots: Iterable[Cid], asker: PeerId | None) -> None:
        """Serve what some roots lead to, to one peer or to everybody."""
        ...

    def withdraw(self, scope: Cid) -> None:
        """Serve nothing more of a scope."""
        ...

    def roots(self) -> set[Cid]:
        """Return the roots of what is on its way here, for whomever."""
        ...

    def granted(self, peer: PeerId, rate: Rate) -> None:
        """Let a peer send at a rate, as was agreed."""
        ...

    def ungranted(self, peer: PeerId) -> None:
        """Note that an agreement has ended."""
        ...

    def fetch(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Iterable[PeerId],
        done: Done,
        *,
        most_bytes: int = ...,
        skip: Iterable[Cid] = ...,
        is_anew: bool = ...,
        word: bytes = ...,
    ) -> Fetching:
        """Bring what some roots lead to; `done` is called when all of it is durable, or why not.

        `is_anew`: also what is here.
        """
        ...


class Origin(NamedTuple):
    """Where content is to be had from, and by which right."""

    scope: Cid
    source: PeerId
    word: bytes = b""  # the pass that is shown there


class Bringing:
    """Content on its way here: first what is new, then the rest."""

    def __init__(self) -> None:
        self.part: Fetching | None = None  # that is under way

    def stop(self) -> None:
        """Want it no more; nothing is told of it."""
        if self.part is not None:
            self.part.stop()
            self.part = None


class Intake:
    """What is on its way here for one requester. For the node's thread."""

    def __init__(
        self, requester: PeerId, depot: Depot, shown: Shown, most_bytes: Callable[[], int]
    ) -> None:
        self._requester = requester
        self._depot = depot
        self._shown = shown
        self._most_bytes = most_bytes
        self._under_way: set[Bringing] = set()

    def fetch(
        self,
        origin: Origin,
        roots: tuple[Cid, ...],
        done: Done,
        skip: frozenset[Cid] = frozenset(),
    ) -> Bringing:
        """Have what roots lead to brought here, but not `skip`.

        What was not shown before comes first, and anew.
        """
        new = self._shown.lacks(self._requester, roots)
        old = tuple(root for root in roots if root not in set(new))
        bringing = Bringing()
        self._under_way.add(bringing)

        def ended(error: TallyError | None) -> None:
            bringing.part = None
            self._under_way.discard(bringing)
            done(error)

        def came(error: TallyError | None) -> None:
            if error is None:
                self._shown.add(self._requester, new)
            if error is None and old:
                bringing.part = self._begin(origin, old, ended, skip)
            else:
                ended(error)

        if new:
            bringing.part = self._begin(origin, new, came, skip, is_anew=True)
        else:
            bringing.part = self._begin(origin, old, ended, skip)
        return bringing

    def close(self) -> None:
        """Want nothing more."""
        for bringing in self._under_way:
            bringing.stop()
        self._under_way.clear()

    def _begin(
        self,
        origin: Origin,
        roots: tuple[Cid, ...],
        done: Done,
        skip: frozenset[Cid],
        *,
        is_anew: bool = False,
    ) -> Fetching:
        return self._depot.fetch(
            origin.scope,
            roots,
            (origin.source,),
            done,
            most_bytes=self._most_bytes(),
            skip=skip,
            is_anew=is_anew,
            word=origin.word,
        )
