"""Source: one peer that a fetch asks, and what it may still be asked and may still send. Pure.

A source answers what it is asked in the order asked, about. How many wants are with it follows its
measured rate; how many bytes may be under way follows the credit it is granted. Nothing here looks
at a block: see fetch.py.
"""

from collections.abc import Iterable
from typing import Final

from engine.content.blocks import MAX_BLOCK
from engine.content.cid import BYTES, Cid
from peers.exchange import MAX_CIDS
from peers.identity import PeerId

WINDOW: Final = 8 * 1024 * 1024  # bytes under way: 80 ms at 100 MB/s; at least 2 * MAX_BLOCK
FIRST: Final = 128  # wants with a source whose rate is not known
LEAST: Final = 16  # wants with a slow one: the next is there when one is answered
AHEAD_MS: Final = 2000  # wants with a source are for so long, at its rate
MEASURE_MS: Final = 200  # a rate is taken over no less
SILENT_MS: Final = 10_000  # without any answer, though it was asked: it is put aside
REST_MS: Final = 5_000  # so long at first, then twice as long each time
STRIKES: Final = 4  # times put aside without a block between: it is not asked again
REFUSALS: Final = 256  # answers without a block between them: nothing to be had there for now
SHUN_MS: Final = 1_500  # it is not asked so soon for what it has not, then not twice as soon...
SHUN_LONG_MS: Final = 30_000  # ...up to this: it may be fetching it itself
SLACK: Final = 64  # answers by which one may be overtaken on the way


class Source:
    """The lane to a peer."""

    def __init__(self, peer: PeerId, now_ms: int, pipeline: int = MAX_CIDS) -> None:
        self.peer = peer
        self.flight: dict[Cid, tuple[int, int]] = {}  # wanted: overdue after so many answers; when
        self.granted = WINDOW  # at most STRIKES + 1 windows over `_sent`
        self.strikes = 0
        self._pipeline = pipeline
        self._limit = min(FIRST, pipeline)
        self._sent = 0  # what it has said that it sent; at most `granted`
        self._lost = 0  # what it may have sent since, and is taken for lost
        self._gap = 0  # bytes within `_sent` that have not come
        self._spare = 2 * WINDOW  # bytes it may send that are of no use: late, or asked elsewhere
        self._answers = 0
        self._refusals = 0  # since a block came
        self._heard_ms = now_ms
        self._rest_ms = 0  # not asked before
        self._measured = (now_ms, 0)  # when, and the answers then

    @property
    def is_busy(self) -> bool:
        """Whether other fetches have all the wants that it takes: this one's turn comes."""
        return not self._pipeline

    def is_open(self, now_ms: int) -> bool:
        """Return whether it may be asked now."""
        return not self.is_busy and self.strikes < STRIKES and now_ms >= self._rest_ms

    def may_return(self) -> bool:
        """Return whether it is put aside for being silent, and will be asked again."""
        return 0 < self.strikes < STRIKES

    def room(self) -> int:
        """Return how many more it may be asked for: none, or enough to be worth a message."""
        return self._limit - len(self.flight) if 2 * len(self.flight) <= self._limit else 0

    def ask(self, cids: Iterable[Cid], now_ms: int) -> None:
        """Note that it is asked."""
        if not self.flight:
            self._heard_ms = now_ms
        for cid in cids:
            mark = self._answers + 2 * (len(self.flight) + SLACK)
            self.flight[cid] = (mark, now_ms)

    def answered(self, cid: Cid, now_ms: int) -> bool:
        """Note an answer; return whether this was asked here and is not answered yet."""
        if self.flight.pop(cid, None) is None:
            return False
        self._answers += 1
        self._heard_ms = now_ms
        return True

    def account(self, sent: int, size: int) -> str | None:
        """Count a message with `size` bytes of blocks, after which `sent` were sent.

        Returns "" when they are to be looked at, None for what came before, or what is wrong.
        """
        if sent > self.granted:
            return f"{sent} bytes sent where {self.granted} were granted"
        if sent <= self._sent:  # late or twice
            if size > self._gap:
                return None
            self._gap -= size
        elif sent - size < self._sent:
            return "it counts wrongly what it sends"
        else:
            self._gap += sent - size - self._sent
            self._sent = sent
            self._lost = 0
        return ""

    def of_use(self) -> None:
        """Note that a block came that was needed."""
        self._refusals = self.strikes = 0

    def of_no_use(self, size: int) -> bool:
        """Note a block that was not asked for; return whether that is too much."""
        self._spare -= size + BYTES
        return self._spare < 0

    def refused(self, now_ms: int) -> None:
        """Note that it has not what it was asked for."""
        self._refusals += 1
        if self._refusals >= REFUSALS:
            self._refusals = 0
            self._rest_ms = now_ms + SHUN_LONG_MS

    def top_up(self) -> bool:
        """Grant more when half the window is used; return whether that was so."""
        used = self._sent + self._lost
        if self.granted - used > WINDOW // 2:
            return False
        self.granted = used + WINDOW
        return True

    def withdraw(self, cid: Cid) -> bool:
        """Want something no longer; it may be under way. Return whether it was wanted."""
        if self.flight.pop(cid, None) is None:
            return False
        self._spare += MAX_BLOCK
        return True

    def overdue(self) -> list[Cid]:
        """Return what it has passed over: it answered far more than was asked before that."""
        late = []
        for cid, (mark, _) in self.flight.items():
            if mark >= self._answers:
                break
            late.append(cid)
        return late

    def is_silent(self, now_ms: int) -> bool:
        """Return whether it was asked and has not answered for too long."""
        return bool(self.flight) and now_ms - self._heard_ms >= SILENT_MS

    def put_aside(self, now_ms: int) -> None:
        """Ask it nothing for a while; all that it may have sent counts as lost till it is heard."""
        self._rest_ms = now_ms + (REST_MS << self.strikes)
        self.strikes += 1
        self._lost = self.granted - self._sent
        self.top_up()

    def measure(self, now_ms: int) -> None:
        """Set how many may be with it by how fast it answers."""
        since, before = self._measured
        if now_ms - since < MEASURE_MS:
            return
        self._measured = (now_ms, self._answers)
        if answers := self._answers - before:
            ahead = answers * AHEAD_MS // (now_ms - since)
            least = LEAST if self.flight else self._limit  # it may only have lacked questions
            self._limit = min(max(least, ahead), self._pipeline)
