"""Queries: what peers ask about their entries, and wait for. Pure.

Whoever asks little is answered at once; all that takes long, and what else is asked too often, in
turn: one in a tick, whoever asked. Whoever asks before it was answered is no honest peer for long.

>>> from functools import partial
>>> queries = Queries()
>>> queries.wait("a", partial(print, 1)); queries.wait("a", partial(print, 2))
>>> queries.wait("b", partial(print, 3)); queries.tick(0); queries.tick(0)
1
3
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.looks import Looks

AT_ONCE: Final = 4  # in a second, of one peer: an honest one asks when it connects
MAX_WAITING: Final = 4  # of one peer, which asks one after another, on a line or two
_SECOND_MS: Final = 1_000

Answer = Callable[[], None]


class Queries:
    """What waits to be answered."""

    def __init__(self) -> None:
        self._waiting: dict[PeerId, deque[Answer]] = {}  # not empty; the first is next
        self._at_once = Looks()
        self._renewed_ms = 0

    def ask(self, peer: PeerId, answer: Answer) -> None:
        """Answer at once, if a peer has asked little; else in turn.

        Raises: RemoteFault when too much of it waits.
        """
        if peer not in self._waiting and self._at_once.take(peer, 1, most=AT_ONCE):
            answer()
        else:
            self.wait(peer, answer)

    def wait(self, peer: PeerId, answer: Answer) -> None:
        """Answer in turn.

        Raises: RemoteFault when too much of a peer waits.
        """
        waiting = self._waiting.setdefault(peer, deque())
        if len(waiting) == MAX_WAITING:
            raise RemoteFault("it asks again before it was answered")
        waiting.append(answer)

    def closed(self, peer: PeerId) -> None:
        """Forget what a peer has asked that is gone."""
        self._waiting.pop(peer, None)

    def tick(self, now_ms: int) -> None:
        """Take the time, and answer who is next."""
        if now_ms - self._renewed_ms >= _SECOND_MS:
            self._renewed_ms = now_ms
            self._at_once.renew()
        for peer in self._waiting:
            waiting = self._waiting.pop(peer)
            answer = waiting.popleft()
            if waiting:
                self._waiting[peer] = waiting  # behind the others
            answer()
            return
