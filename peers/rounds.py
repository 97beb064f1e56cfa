"""Rounds: how often to look around, and whom to meet next. Pure.

While few peers have been reached, rounds are short and meet peers that only others told of. With
what it has reached each peer can answer for, others need to meet few to hear of all: when each
has reached R of N, whoever asks R of them misses one with a chance of exp(-R*R/N). From there on
rounds are long, and may meet anybody again.
"""

from typing import Final

from peers.dialling import Dialling
from peers.identity import PeerId
from peers.known import Known
from peers.luck import Luck

ROUND_MS: Final = 10_000  # while few have been reached
HASTY_MS: Final = 1_000  # while hardly anybody was, and somebody new was told of
HARDLY: Final = 4
SETTLED_MS: Final = 120_000  # from then on; a record is renewed within an hour
PARTNERS: Final = 3  # met or asked in a round
REACH: Final = 16  # R*R/N from which enough are reached: one in nine million is missed
FRUITLESS: Final = 6  # rounds that reached nobody new: more of them would not either


class Rounds:
    """When there is one, and who is dialled in it."""

    def __init__(self, me: PeerId, known: Known, dialling: Dialling) -> None:
        self._me = me
        self._known = known
        self._dialling = dialling
        self._due_ms: int | None = None  # monotonic
        self._fruitless = 0  # rounds in a row
        self._before = 0  # how many were reached by the last one

    def due(self, monotonic_ms: int) -> bool:
        """Return whether a round should begin."""
        return self._due_ms is None or monotonic_ms >= self._due_ms

    def hasten(self, monotonic_ms: int) -> None:
        """Have a round soon for somebody who was told of, if hardly anybody was reached.

        As often as that was in vain it is left alone: who tells of many gains nothing by it.
        """
        is_new_here = self._known.reached_count < HARDLY and self._fruitless < FRUITLESS
        if is_new_here and self._due_ms is not None:
            self._due_ms = min(self._due_ms, monotonic_ms + HASTY_MS)

    def begin(self, monotonic_ms: int, luck: Luck) -> list[PeerId]:
        """Begin a round: return whom to dial, up to PARTNERS."""
        settled = self._settled()
        wait = SETTLED_MS if settled else ROUND_MS
        self._due_ms = monotonic_ms + wait - luck.below(wait // 4)

        def fit(peer: PeerId) -> bool:
            held = self._known.get(peer)
            listens = held is not None and bool(held.record.addresses)
            return peer != self._me and listens and self._dialling.due(peer, monotonic_ms)

        groups = self._known.groups(new=not settled)
        return luck.among(groups, 1 if settled else PARTNERS, fit)

    def _settled(self) -> bool:
        reached, known = self._known.reached_count, len(self._known)
        self._fruitless = self._fruitless + 1 if reached <= self._before else 0
        self._before = reached
        enough = known > PARTNERS and reached**2 >= REACH * known
        return enough or self._fruitless >= FRUITLESS
