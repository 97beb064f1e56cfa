"""Weighing: what a step's executions so far say, and which one is needed next. Pure.

Nobody is blamed at the first difference. This machine runs the step twice, under other conditions:
when that differs, it is the step that is at fault. Then others run it, on a machine of the same
class as the one in doubt and on another. Only when all of them agree against it is a result wrong.

    asked for    because
    own          a check, or a difference that nobody here has seen for himself
    varied       this machine's own run, once more, under other conditions
    elsewhere    a check by another owner; a third opinion; a machine of another class
"""

from collections.abc import Sequence, Set
from typing import Final, Literal, NamedTuple

Ask = Literal["own", "varied", "elsewhere"]
Finding = Literal[
    "unchecked",  # nobody asked for more, or nobody was there to give it
    "confirmed",
    "nondeterministic",  # this machine's two runs differ
    "machine",  # who has the same class of machine gets what others do not
    "wrong",  # all others agree against it
    "disputed",  # it cannot be told who is wrong: there are too few
]

MOST: Final = 9  # executions of one step: every one of them costs as much as it

_ALL: Final[frozenset[Ask]] = frozenset(("own", "varied", "elsewhere"))


class Ran(NamedTuple):
    """One execution of a step."""

    owner: bytes  # whose machine it was
    machine: str  # its class; "" when that is not known
    gave: int  # which result: equal numbers for what is equal, or equivalent by the step's own rule
    is_own: bool = False  # by this machine
    is_varied: bool = False  # under other conditions than usual


class Demand(NamedTuple):
    """What is asked of a step's result."""

    owners: int  # that have to give the same
    by_own: bool = False  # this machine is to be one of them
    is_strict: bool = False  # without that, no result is believed at all
    most: int = MOST  # owners of other machines that are asked
    is_known_wrong: bool = False  # what was given first was found wrong before


class Settled(NamedTuple):
    """What is to be believed of a step."""

    accepted: int | None  # which execution; None: none is
    finding: Finding
    wrong: tuple[int, ...] = ()  # executions whose results are wrong
    doubted: tuple[int, ...] = ()  # that others contradict, which does not prove them wrong

    def passed(self, ran: Sequence[Ran]) -> tuple[int, ...]:
        """Return which executions by others were checked, and found right."""
        if self.accepted is None or self.finding in ("unchecked", "nondeterministic", "machine"):
            return ()
        right = ran[self.accepted].gave
        return tuple(at for at, one in enumerate(ran) if not one.is_own and one.gave == right)


def weigh(ran: Sequence[Ran], demand: Demand, lacking: Set[Ask]) -> Ask | Settled:
    """Return what is needed next, or what is to be believed.

    `ran`: in their order; the first is by whoever was asked first. `lacking`: what cannot be had.
    """
    lacks = lacking if len(ran) < MOST else _ALL
    if len({one.owner for one in ran if not one.is_own}) >= demand.most:
        lacks = {*lacks, "elsewhere"}
    if len({one.gave for one in ran}) > 1:
        return _settle(ran, demand, lacks)
    if _has_enough(ran, demand):
        return Settled(0, "confirmed" if demand.owners > 1 else "unchecked")
    for ask in _checks(ran, demand):
        if ask not in lacks:
            return ask
    return Settled(None if demand.is_strict else 0, "unchecked")


def _has_enough(ran: Sequence[Ran], demand: Demand) -> bool:
    is_seen = not demand.by_own or any(one.is_own for one in ran)
    return is_seen and len({one.owner for one in ran}) >= demand.owners


def _checks(ran: Sequence[Ran], demand: Demand) -> tuple[Ask, ...]:
    """Return how one more owner may be had: this machine first, which costs no credits."""
    own: tuple[Ask, ...] = () if any(one.is_own for one in ran) else ("own",)
    return own if demand.by_own else (*own, "elsewhere")


def _settle(ran: Sequence[Ran], demand: Demand, lacking: Set[Ask]) -> Ask | Settled:
    """Find out why executions differ."""
    here = [one for one in ran if one.is_own]
    if not here:
        return "own" if "own" not in lacking else _outvote(ran, demand, lacking)
    if not any(one.is_varied for one in here):
        return "varied" if "varied" not in lacking else _unproved(ran, demand, here[0], lacking)
    if len({one.gave for one in here}) > 1:
        return Settled(_despite(ran, demand), "nondeterministic")
    return _accuse(ran, demand, here[0], lacking)


def _unproved(ran: Sequence[Ran], demand: Demand, own: Ran, lacking: Set[Ask]) -> Ask | Settled:
    """Take what this machine gave, where it cannot try whether the step always gives that."""
    accepted = _enough(ran, demand, own)
    if accepted is None and "elsewhere" not in lacking:
        return "elsewhere"
    doubted = tuple(at for at, one in enumerate(ran) if one.gave != own.gave)
    return Settled(accepted, "disputed", doubted=doubted)


def _despite(ran: Sequence[Ran], demand: Demand) -> int | None:
    """Return what is taken of a step that gives now this, now that: what was seen here.

    Nobody is to blame; but a lie could not be told from another honest result.
    """
    if demand.is_strict and not demand.by_own:
        return None
    return next(at for at, one in enumerate(ran) if one.is_own)


def _accuse(ran: Sequence[Ran], demand: Demand, own: Ran, lacking: Set[Ask]) -> Ask | Settled:
    """Hold what others gave against what this machine gives, time and again."""
    doubted = tuple(at for at, one in enumerate(ran) if one.gave != own.gave)
    others = [one for one in ran if not one.is_own]
    right = [one for one in others if one.gave == own.gave]
    for at in doubted:
        if len({one.owner for one in others if one.gave == ran[at].gave}) > 1:
            return _of_two_minds(ran, demand, doubted, own)  # owners do not lie alike
        is_proved = bool(right) and _is_seen(ran[at].machine, own, right)
        classes = {one.machine for one in (*right, own)}
        is_proved_twice = is_proved and (len(classes) > 1 or len({one.owner for one in right}) > 1)
        if not is_proved_twice and "elsewhere" not in lacking:
            return "elsewhere"
        if not is_proved:
            return Settled(_enough(ran, demand, own), "disputed", doubted=doubted)
    return Settled(_enough(ran, demand, own), "wrong", wrong=doubted)


def _is_seen(machine: str, own: Ran, right: Sequence[Ran]) -> bool:
    """Return whether a class of machine gives what this machine does, by more than one's word.

    Of which class others are, they say themselves.
    """
    return machine == own.machine or len({one.owner for one in right if one.machine == machine}) > 1


def _of_two_minds(
    ran: Sequence[Ran], demand: Demand, doubted: tuple[int, ...], own: Ran
) -> Settled:
    """Judge what several owners give and this machine does not: its class may be the reason."""
    if own.machine not in {ran[at].machine for at in doubted}:
        return Settled(_despite(ran, demand), "machine", doubted=doubted)
    return Settled(_enough(ran, demand, own), "disputed", doubted=doubted)


def _outvote(ran: Sequence[Ran], demand: Demand, lacking: Set[Ask]) -> Ask | Settled:
    """Have more owners run it, where this machine cannot."""
    if demand.by_own:
        return Settled(None, "disputed")
    votes: dict[int, set[bytes]] = {}
    for one in ran:
        votes.setdefault(one.gave, set()).add(one.owner)
    best = max(votes, key=lambda gave: len(votes[gave]))
    if len(votes[best]) < max(2, demand.owners):
        if "elsewhere" not in lacking:
            return "elsewhere"
        return Settled(None, "disputed", doubted=tuple(range(len(ran))))
    first = next(at for at, one in enumerate(ran) if one.gave == best)
    doubted = tuple(at for at, one in enumerate(ran) if one.gave != best)
    return Settled(first, "disputed", doubted=doubted)


def _enough(ran: Sequence[Ran], demand: Demand, own: Ran) -> int | None:
    agreeing = [one for one in ran if one.gave == own.gave]
    is_enough = not demand.is_strict or demand.by_own or _has_enough(agreeing, demand)
    return _by(ran, own) if is_enough else None


def _by(ran: Sequence[Ran], own: Ran) -> int:
    """Return an execution that gave what this machine does: one of others, if there is one."""
    right = [at for at, one in enumerate(ran) if one.gave == own.gave]
    return min(right, key=lambda at: (ran[at].is_own, at))
