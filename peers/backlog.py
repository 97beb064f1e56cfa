"""Backlog: what is to be done under each agreement, in order, as soon as it may be. Pure.

What is refused is left out, and said in the log; all that comes after it is done all the same.

>>> backlog = Backlog(may=lambda peer, agreement: True, log=LOG)         # doctest: +SKIP
>>> backlog.add(PEER, AGREEMENT, lambda: print("a receipt is given"))    # doctest: +SKIP
a receipt is given
"""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from engine.content.cid import Cid
from engine.errors import Refused
from peers.identity import PeerId
from peers.saying import Say

Act: TypeAlias = Callable[[], "Act | None"]  # returns what of it has to wait


class Backlog:
    """What waits, by the other peer and the agreement. For one thread."""

    def __init__(self, may: Callable[[PeerId, Cid], bool], log: Say) -> None:
        """`may` returns whether anything may be done under an agreement now."""
        self._may = may
        self._log = log
        self._acts: dict[tuple[PeerId, Cid], deque[Act]] = {}  # none is empty
        self._busy: set[tuple[PeerId, Cid]] = set()

    def has(self, peer: PeerId, agreement: Cid) -> bool:
        """Return whether anything waits under an agreement."""
        return (peer, agreement) in self._acts

    def add(self, peer: PeerId, agreement: Cid, act: Act) -> None:
        """Do something when all before it is done, and it may be: at once, if that is now."""
        self._acts.setdefault((peer, agreement), deque()).append(act)
        self._go_on(peer, agreement)

    def go_on(self) -> None:
        """Do what may be done now."""
        for peer, agreement in tuple(self._acts):
            self._go_on(peer, agreement)

    def _go_on(self, peer: PeerId, agreement: Cid) -> None:
        of = (peer, agreement)
        if of in self._busy:  # whoever is at it goes on with what came meanwhile
            return
        self._busy.add(of)
        try:
            self._work_off(peer, agreement, self._acts.get(of, deque()))
        finally:
            self._busy.discard(of)
            if not self._acts.get(of):
                self._acts.pop(of, None)

    def _work_off(self, peer: PeerId, agreement: Cid, acts: deque[Act]) -> None:
        while acts and self._may(peer, agreement):
            act = acts.popleft()
            try:
                rest = act()
            except Refused as refused:
                self._log("not paid", peer=peer, agreement=str(agreement), why=refused.what)
                continue
            if rest is not None:
                acts.appendleft(rest)
                return
