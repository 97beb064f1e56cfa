"""Standings: who gained what in a consortium, how fair that is, and what must hold in any of them.

Amounts are micro-credits, work is core-milliseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from tests.simulation.consortium.consortium import Consortium
from tests.simulation.consortium.member import Member
from tests.simulation.consortium.person import CHEATS, DAY_MS, HOUR_MS, KINDS, NEWCOMER, RIDES
from tests.simulation.consortium.seat import Seat

CREDIT = 1_000_000


class Standing(NamedTuple):
    """How one person fared."""

    seat: Seat
    supplied_ms: int
    consumed_ms: int
    earned: int
    spent: int
    worst: tuple[int, int]  # the most lent to one peer, and the limit of that then
    wanted_ms: int
    done_ms: int
    lost_ms: int
    waits_ms: Sequence[int]

    @property
    def kind(self) -> str:
        """What kind of person it is."""
        return self.seat.person.kind

    @property
    def gain_ms(self) -> int:
        """What it got more than it gave."""
        return self.consumed_ms - self.supplied_ms


def standing(seat: Seat, others: Iterable[Member]) -> Standing:
    """Return how a person fared, with all its keys: of credit, by the word of others."""
    members, errands = seat.members, seat.errands
    keys = [member.peer for member in members]
    channels = [other.till.account(key) for other in others for key in keys if other.peer != key]
    is_honest = seat.person.is_honest
    worst = [one for member in members for one in member.worst.values() if is_honest]
    return Standing(
        seat=seat,
        supplied_ms=sum(member.lender.worked_ms for member in members),
        consumed_ms=sum(member.consumed_ms for member in members),
        earned=sum(channel.mine.debt for channel in channels),
        spent=sum(channel.theirs.debt for channel in channels),
        worst=max(worst, default=(0, 0)),
        wanted_ms=sum(one.done_ms + one.lost_ms + one.open_ms for one in errands),
        done_ms=sum(one.done_ms for one in errands),
        lost_ms=sum(one.lost_ms for one in errands),
        waits_ms=[wait for one in errands for wait in one.waits_ms],
    )


class Standings:
    """How all fared."""

    def __init__(self, consortium: Consortium) -> None:
        self.consortium = consortium
        self.all = [standing(seat, consortium.members.values()) for seat in consortium.seats]

    def of(self, kind: str) -> list[Standing]:
        """Return those of one kind."""
        return [one for one in self.all if one.kind == kind]

    @property
    def honest(self) -> list[Standing]:
        """Those who keep to what is agreed."""
        return [one for one in self.all if one.seat.person.is_honest]

    # what must hold

    def broken(self) -> Iterator[str]:
        """Yield what does not hold that must."""
        if total := self._balances():
            yield f"balances of honest pairs come to {total}"
        for member in self._members():
            yield from self._broken(member)

    def _broken(self, member: Member) -> Iterator[str]:
        person = member.person
        if not person.is_honest:
            return
        if member.excess:
            yield f"{person.number} lent {member.excess} more than the limit that it had granted"
        for peer, since_ms in member.till.convicted_ms.items():
            if self._kind(peer) != CHEATS:
                yield f"{person.number} convicted a {self._kind(peer)}"
            if member.agreed_ms.get(peer, 0) > since_ms:
                yield f"{person.number} agreed to work for a convict"

    def _balances(self) -> int:
        """Return what all channels between the honest come to, seen from both sides."""
        members = self.consortium.members
        channels = [
            channel
            for member in self._members()
            if member.person.is_honest
            for channel in member.till.ledger.channels.values()
        ]
        return sum(one.balance for one in channels if members[one.peer].person.is_honest)

    def _members(self) -> Sequence[Member]:
        return [*self.consortium.members.values()]

    def _kind(self, peer: object) -> str:
        return self.consortium.members[peer].person.kind  # type: ignore[index]

    # how fair it is

    @property
    def gini(self) -> float:
        """Gini of what the honest got for each hour that they gave: 0 is the same for all."""
        return gini([one.consumed_ms / one.supplied_ms for one in self.honest if one.supplied_ms])

    def served(self, kind: str) -> float:
        """Return which share of what a kind wanted was done."""
        some = self.of(kind)
        return _share(sum(one.done_ms for one in some), sum(one.wanted_ms for one in some))

    def refused(self, kind: str) -> float:
        """Return which share of what a kind wanted was given up, since nobody would run it."""
        some = self.of(kind)
        return _share(sum(one.lost_ms for one in some), sum(one.wanted_ms for one in some))

    def per_head(self, kind: str) -> float:
        """Return core-hours that one of a kind got more than it gave, on average."""
        some = self.of(kind)
        return sum(one.gain_ms for one in some) / max(1, len(some)) / HOUR_MS

    def taken(self, kind: str) -> float:
        """Return which share of all work was done for a kind."""
        return _share(
            sum(one.consumed_ms for one in self.of(kind)),
            sum(one.consumed_ms for one in self.all),
        )

    def even_h(self) -> float | None:
        """Return how long it took newcomers to get as much as they gave: median, of who did."""
        marks = [seat.even_ms for seat in self.consortium.seats if seat.person.kind == NEWCOMER]
        reached = [mark for mark in marks if mark is not None]
        return median(reached) / HOUR_MS if reached else None

    # as text

    def table(self) -> str:
        """Return a row for each kind, and what follows from all."""
        lines = [_row(HEADS)]
        lines += [_row(self._cells(kind)) for kind in KINDS if self.of(kind)]
        even = self.even_h()
        said = "none did" if even is None else f"{even:.1f} h"
        days = self.consortium.agenda.now_ms / DAY_MS
        return "\n".join(
            [
                f"{len(self.all)} people, {days:g} days",
                *lines,
                f"Gini of core-hours got for one given, honest: {self.gini:.2f}",
                f"of all work, free-riders got {self.taken(RIDES):.0%}, cheats "
                f"{self.taken(CHEATS):.0%}",
                f"newcomers had got as much as they gave after {said}",
            ]
        )

    def _cells(self, kind: str) -> list[str]:
        some = self.of(kind)
        lent, limit = max(one.worst for one in some)
        waits = [wait for one in some for wait in one.waits_ms]
        earned, spent = sum(one.earned for one in some), sum(one.spent for one in some)
        return [
            kind,
            str(len(some)),
            f"{sum(one.supplied_ms for one in some) / HOUR_MS:.0f}",
            f"{sum(one.consumed_ms for one in some) / HOUR_MS:.0f}",
            f"{earned / CREDIT:.0f}",
            f"{spent / CREDIT:.0f}",
            f"{(earned - spent) / CREDIT:+.0f}",
            f"{lent / CREDIT:.1f}/{limit / CREDIT:.1f}" if limit else "-",
            f"{self.refused(kind):.0%}",
            f"{median(waits) / 60_000:.0f} min" if waits else "-",
            f"{self.per_head(kind):+.1f}",
        ]


HEADS = [
    "kind",
    "count",
    "gave h",
    "got h",
    "earned",
    "spent",
    "balance",
    "lost/limit",
    "refused",
    "waited",
    "gain h each",
]


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"{first:16}" + "".join(f"{cell:>12}" for cell in others)


def gini(values: Sequence[float]) -> float:
    """Return how unequal some values are: 0 when all are the same, nearly 1 when one has all."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    ranks = sum(rank * value for rank, value in enumerate(ordered, 1))
    return 2 * ranks / (len(ordered) * total) - (len(ordered) + 1) / len(ordered)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
