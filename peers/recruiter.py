"""Recruiter: who may be offered the steps of a run, on which terms, and when to give up. Pure.

>>> recruiter = Recruiter(directory, shunned)                            # doctest: +SKIP
>>> [one.signer for one in recruiter.able(shape, now_ms)]                # doctest: +SKIP
[PeerId(...)]
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.step import REQUIRES, SYSTEM, Platform
from engine.workflow.units import show_size
from peers.agreement import Offer
from peers.budget import Budget
from peers.credits import MAX_CREDITS, NOTHING, Credits
from peers.identity import PeerId
from peers.peer_record import Notice, Price
from peers.placement import Need
from peers.prices import Usage, at_most, is_free, of_record
from peers.shape import Shape
from peers.shunned import Shunned

PATIENCE_MS: Final = 30_000  # without anybody who could run a step
CHECK_MS: Final = 3_000  # without anybody else who could: a run does not wait for long for a check
DEAR_MS: Final = 2_000  # with those alone that ask too much: others may just be coming
RETRY_MS: Final = 2_000  # after a no; twice as long each time
LONGEST_RETRY_MS: Final = 10_000  # it may have been lent to another, whose run ends
HOUR_MS: Final = 3600 * 1000

_PLATFORM: Final = Platform(REQUIRES, SYSTEM)  # of all steps of this version


class Directory(NamedTuple):
    """Who there is."""

    candidates: Callable[[Platform, int, int], Sequence[Notice]]  # of so many cores and bytes
    named: Callable[[], frozenset[PeerId]]  # by the user
    get: Callable[[PeerId], Notice | None]  # what a peer says of itself
    credit: Callable[[Notice], Credits] = lambda _: MAX_CREDITS  # that a peer lends us still


class _No(NamedTuple):
    """What is remembered of a provider that declined."""

    times: int = 0
    until_ms: int = 0  # it is not asked again before


class Recruiter:
    """The providers that one run could have. For one thread."""

    def __init__(self, directory: Directory, shunned: Shunned) -> None:
        """Take who there is, and whom to leave alone."""
        self._directory = directory
        self._shunned = shunned
        self._refused: dict[PeerId, _No] = {}
        self._lacking: dict[Shape, int] = {}  # since when nobody could run such steps
        self._dear: dict[Shape, int] = {}  # since when they cost too much at all who could

    def need(self, shape: Shape, usual_ms: int | None = None) -> Need:
        """Return what a step of a shape takes, wherever it runs."""
        asked = (shape.cores, shape.memory, shape.disk)
        return Need({}, usual_ms, *asked, self._only(shape), frozenset(map(PeerId, shape.apart)))

    def able(self, shape: Shape, now_ms: int) -> list[Notice]:
        """Return who could run steps of a shape, the likeliest first."""
        only = self._only(shape)
        return [
            one
            for one in self._directory.candidates(_PLATFORM, shape.cores, shape.memory)
            if not self._shunned.has(one.signer, now_ms)
            and one.signer.key not in shape.apart
            and (only is None or one.signer in only)
        ]

    def may_be_asked(self, provider: PeerId, now_ms: int) -> bool:
        """Return whether a provider may be made an offer: it has not just refused one."""
        return now_ms >= self._refused.get(provider, _No()).until_ms

    def accepted(self, provider: PeerId) -> None:
        """Forget what a provider refused: it has taken an offer."""
        self._refused.pop(provider, None)

    def refused(self, provider: PeerId, now_ms: int) -> None:
        """Leave a provider alone for a time, longer each time."""
        times = self._refused.get(provider, _No()).times
        wait_ms = min(LONGEST_RETRY_MS, RETRY_MS << min(times, 10))
        self._refused[provider] = _No(times + 1, now_ms + wait_ms)

    def retry(self) -> None:
        """Let all be asked again."""
        self._refused = {peer: _No(no.times) for peer, no in self._refused.items()}

    def cost(self, notice: Notice, usage: Usage) -> Credits:
        """Return what a peer asks at most for a step that uses so much."""
        return _at_most(notice.record.prices, usage)

    def cap(self, notice: Notice, usage: Usage, budget: Budget, among: int) -> Credits | None:
        """Return how much the next agreement with a peer may cost; None when that is too little."""
        if _is_free(notice.record.prices):
            return NOTHING
        least = self.cost(notice, usage)
        return budget.cap(least, self._directory.credit(notice), among)

    def terms(
        self,
        notice: Notice,
        shape: Shape,
        run_id: bytes,
        requester: bytes,
        cap: Credits = NOTHING,
        royalties: tuple[Cid, ...] = (),
    ) -> Offer:
        """Ask for all that a peer says it lends, at its prices, up to a cap.

        After a no, ask for less of what it does not say.
        """
        record, times = notice.record, self._refused.get(notice.signer, _No()).times
        at_once = min(record.cores // shape.cores, record.memory // max(1, shape.memory))
        return Offer(
            run_id=run_id,
            requester=requester,
            provider=notice.signer.key,
            prices=of_record(record.prices),
            price_cap=cap,
            policy="",
            royalties=royalties if cap else (),  # authors share in what is paid
            cores=record.cores,
            memory_bytes=record.memory,
            disk_bytes=shape.disk * max(1, at_once >> times),
            lease_ms=max(HOUR_MS, 25 * HOUR_MS >> times),
            claim_ms=HOUR_MS,
            epoch=record.epoch,
        )

    def gives_up(self, shape: Shape, now_ms: int, *, is_there: bool) -> bool:
        """Return whether nobody who could run such steps was there for too long."""
        patience_ms = CHECK_MS if shape.apart else PATIENCE_MS
        return _lasts_ms(self._lacking, shape, now_ms, is_so=not is_there) >= patience_ms

    def is_too_dear(self, shape: Shape, now_ms: int, *, is_dear: bool) -> bool:
        """Return whether all who could run such steps ask too much, for more than a moment."""
        return _lasts_ms(self._dear, shape, now_ms, is_so=is_dear) >= DEAR_MS

    def lack(self, shape: Shape) -> tuple[str, str]:
        """Return why nobody runs the steps of a shape, and what to do."""
        if shape.is_private:
            what = "no peer that you named runs a step that is to be shared with those alone"
            return what, "'tally peer add ADDRESS' names one; or leave out --on"
        if self._directory.candidates(_PLATFORM, 1, 1):
            what = f"no peer runs a step of {shape.cores} cores and {show_size(shape.memory)}"
            return what, "lower its resources, or leave out --on"
        what = "no peer is there that runs steps"
        return what, "'tally peer list' says who is known; or leave out --on"

    def _only(self, shape: Shape) -> frozenset[PeerId] | None:
        """Return who may have steps of a shape; None: anybody."""
        return self._directory.named() if shape.is_private else None


@lru_cache(maxsize=1_024)  # all lenders of a large network: each is asked of at each look
def _at_most(prices: tuple[Price, ...], usage: Usage) -> Credits:
    return at_most(of_record(prices), usage)


@lru_cache(maxsize=1_024)  # as above
def _is_free(prices: tuple[Price, ...]) -> bool:
    return is_free(of_record(prices))


def _lasts_ms(since: dict[Shape, int], shape: Shape, now_ms: int, *, is_so: bool) -> int:
    """Return for how long something has been so of the steps of a shape."""
    if not is_so:
        since.pop(shape, None)
        return 0
    return now_ms - since.setdefault(shape, now_ms)
