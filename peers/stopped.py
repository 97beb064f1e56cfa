"""Stopped: steps that were stopped, and how long their providers say that they had run. Pure.

What a step had run is paid, no more than it was out. An agreement ends when all of it was heard, or
nobody said it in time: then it is not paid.

>>> stopped = Stopped()
>>> stopped.add(AGREEMENT, {STEP: Out(need, prices, 900)}, now_ms=0)      # doctest: +SKIP
>>> stopped.claim(AGREEMENT, [(STEP, 5_000)])                            # doctest: +SKIP
[Line(..., outcome='cancelled', wall_ms=900, ...)]
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.price_list import Prices
from peers.prices import Outcome
from peers.receipts import Line, priced
from peers.step_messages import Need

CLAIM_MS: Final = 5_000  # in which a provider says what was stopped; it says so at once


class Out(NamedTuple):
    """A step that was stopped."""

    need: Need
    prices: Prices
    out_ms: int  # for which it was out, when it was stopped


class Stopped:
    """Those of all agreements. For one thread."""

    def __init__(self) -> None:
        self._out: dict[Cid, dict[Cid, Out]] = {}  # by agreement, and by step
        self._until_ms: dict[Cid, int] = {}

    def add(self, agreement: Cid, steps: Mapping[Cid, Out], now_ms: int) -> None:
        """Take steps that were stopped."""
        if steps:
            self._out.setdefault(agreement, {}).update(steps)
            self._until_ms[agreement] = now_ms + CLAIM_MS

    def waits(self, agreement: Cid, now_ms: int) -> bool:
        """Return whether more may be said of an agreement."""
        if now_ms >= self._until_ms.get(agreement, 0):
            self._out.pop(agreement, None)
            self._until_ms.pop(agreement, None)
        return bool(self._out.get(agreement))

    def claim(self, agreement: Cid, ran: Iterable[tuple[Cid, int]]) -> list[Line]:
        """Return what is paid, of what a provider says that steps had run; each is said once."""
        out = self._out.get(agreement, {})
        lines = [_line(step, out.pop(step), ms) for step, ms in ran if step in out]
        return [line for line in lines if line.amount]


def _line(step: Cid, out: Out, ran_ms: int) -> Line:
    line = Line(
        step=step,
        attestation=None,
        outcome=Outcome.CANCELLED.value,
        cores=out.need.cores,
        memory=out.need.memory,
        wall_ms=min(ran_ms, out.out_ms),
        transferred=0,
        amount=0,
    )
    return priced(out.prices, line)
