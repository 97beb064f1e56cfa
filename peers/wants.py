"""Wants: what a fetch still has to have, who is asked for it, and who has it not. Pure.

A want is ready or with one source, or with two at the end. It is never ready for a source that has
lately said that it has it not.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from engine.content.cid import Cid
from peers.exchange import MAX_CIDS
from peers.identity import PeerId
from peers.source import SHUN_LONG_MS, SHUN_MS, Source


class Wants:
    """The wants of one fetch."""

    def __init__(self) -> None:
        self._missing: dict[Cid, None] = {}
        self._ready: deque[Cid] = deque()  # what came or is asked for meanwhile is left in it
        self._asked: dict[Cid, int] = {}  # of how many sources
        self._refused: dict[Cid, dict[PeerId, tuple[int, int]]] = {}  # till when; for how long

    def __len__(self) -> int:
        return len(self._missing)

    def __iter__(self) -> Iterator[Cid]:
        return iter(self._missing)

    def __contains__(self, cid: Cid) -> bool:
        return cid in self._missing

    @property
    def are_asked(self) -> bool:
        """Whether a source is asked for any."""
        return bool(self._asked)

    @property
    def ready(self) -> int:
        """How many may be ready; no fewer are."""
        return len(self._ready)

    def add(self, cid: Cid) -> None:
        """Want something."""
        self._missing[cid] = None
        self._ready.append(cid)

    def came(self, cid: Cid) -> bool:
        """Want something no more; return whether somebody is still asked for it."""
        del self._missing[cid]
        self._refused.pop(cid, None)
        return cid in self._asked

    def draw(self, peer: PeerId, room: int, now_ms: int) -> list[Cid]:
        """Take up to `room` of what is ready for a source.

        No more is looked at than is worth it, unless nothing else is going on.
        """
        drawn: list[Cid] = []
        steps = min(len(self._ready), room + MAX_CIDS) if self._asked else len(self._ready)
        for _ in range(steps):
            cid = self._ready.popleft()
            if cid not in self._missing or cid in self._asked:
                continue
            if self._refused and self._is_refused(cid, peer, now_ms):
                self._ready.append(cid)
                continue
            drawn.append(cid)
            if len(drawn) == room:
                break
        return drawn

    def late(self, source: Source, peer: PeerId, before_ms: int, now_ms: int) -> list[Cid]:
        """Return what only `source` is asked for since long, and `peer` may be asked for too."""
        return [
            cid
            for cid, (_, asked_ms) in source.flight.items()
            if asked_ms <= before_ms
            and self._asked[cid] == 1
            and not self._is_refused(cid, peer, now_ms)
        ]

    def ask(self, source: Source, cids: list[Cid], now_ms: int) -> None:
        """Note that a source is asked."""
        source.ask(cids, now_ms)
        for cid in cids:
            self._asked[cid] = self._asked.get(cid, 0) + 1

    def answered(self, source: Source, cid: Cid, now_ms: int) -> bool:
        """Note an answer, of whatever kind; return whether that source was asked."""
        return source.answered(cid, now_ms) and self._less(cid)

    def withdraw(self, source: Source, cid: Cid) -> bool:
        """Note that a source is asked no longer; return whether it was."""
        return source.withdraw(cid) and self._less(cid)

    def again(self, cid: Cid) -> None:
        """Have something ready that no source is asked for any more."""
        if cid in self._missing and cid not in self._asked:
            self._ready.append(cid)

    def shun(self, cid: Cid, peer: PeerId, now_ms: int) -> None:
        """Have something ready for others than a source that has it not."""
        if cid in self._missing:
            refused = self._refused.setdefault(cid, {})
            _, before_ms = refused.get(peer, (0, 0))
            wait_ms = min(2 * before_ms or SHUN_MS, SHUN_LONG_MS)
            refused[peer] = (now_ms + wait_ms, wait_ms)
            self.again(cid)

    def are_refused(self, peers: Iterable[PeerId], now_ms: int) -> bool:
        """Return whether nobody is asked for any, and none of these has the first of them."""
        first = next(iter(self._missing), None)
        if first is None or self._asked:
            return False
        return all(self._is_refused(first, peer, now_ms) for peer in peers)

    def _is_refused(self, cid: Cid, peer: PeerId, now_ms: int) -> bool:
        return self._refused.get(cid, {}).get(peer, (0, 0))[0] > now_ms

    def _less(self, cid: Cid) -> bool:
        if self._asked[cid] == 1:
            del self._asked[cid]
        else:
            self._asked[cid] -= 1
        return True
