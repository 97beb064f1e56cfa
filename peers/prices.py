"""Prices: what a provider asks for each kind of thing, and what a step comes to. Pure.

The whole sum is exact, and rounded down once: a micro-credit of it is never counted twice, and in
whatever order its parts are added it is the same.

>>> prices = {"core-second": 1_000, "failure": 5}
>>> charge(prices, Outcome.RAN, Usage(cores=2, wall_ms=1_500))
3000
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from engine.errors import Damaged
from engine.values import dataclass
from peers.agreement import MAX_LEASE_MS
from peers.credits import MAX_CREDITS, NOTHING, Credits, check
from peers.peer_record import MAX_CORES, MAX_GPUS, MAX_MEMORY, Price
from peers.price_list import CACHE_HIT, FAILURE, METERED, NAMES, Prices

MAX_TRANSFERRED: Final = 2**60  # bytes: more than any line carries in a lease

_GIB: Final = 2**30
_SECOND: Final = 1_000  # ms


class Outcome(Enum):
    """What became of a step, as far as it is paid for (docs/protocol.md)."""

    RAN = "ran"  # accepted; or a copy of it that lost, and ended before it was stopped
    KNOWN = "known"  # accepted, and the provider had it from before
    FAILED_ALIKE = "failed alike"  # twice, with the same exit code and logs
    CANCELLED = "cancelled"  # after it began
    NOTHING = "nothing"  # given back, vanished, expired, wrong, disputed


@dataclass(frozen=True, slots=True)
class Usage:
    """What of a provider's machine a step had, and for how long."""

    cores: int = 0
    memory_bytes: int = 0
    wall_ms: int = 0
    gpus: int = 0
    transferred_bytes: int = 0


def charge(prices: Prices, outcome: Outcome, usage: Usage) -> Credits:
    """Return what a step costs. What is cancelled costs no more than its agreement has left.

    Raises: Damaged when the figures cannot be, or come to more than there are credits.
    """
    match outcome:
        case Outcome.RAN | Outcome.CANCELLED:
            return _metered(prices, usage)
        case Outcome.KNOWN:
            return price_of(prices, CACHE_HIT)
        case Outcome.FAILED_ALIKE:
            return price_of(prices, FAILURE)
        case Outcome.NOTHING:
            return NOTHING


def about(prices: Prices, usage: Usage) -> Credits:
    """Return what a step costs that runs and uses so much; all there is, if it comes to more."""
    return _forecast(prices, (Outcome.RAN,), usage)


def at_most(prices: Prices, usage: Usage) -> Credits:
    """Return the same of whatever becomes of it."""
    return _forecast(prices, Outcome, usage)


def _forecast(prices: Prices, outcomes: Iterable[Outcome], usage: Usage) -> Credits:
    try:
        return max(charge(prices, outcome, usage) for outcome in outcomes)
    except Damaged:
        return MAX_CREDITS


def price_of(prices: Prices, name: str) -> Credits:
    """Return what one unit of something costs.

    Raises: Damaged when it is no amount.
    """
    return check(prices.get(name, NOTHING), f"the price of a {name}")


def is_free(prices: Prices) -> bool:
    """Return whether nothing that this version knows costs anything."""
    return not any(prices.get(name, NOTHING) for name in NAMES)


def of_record(listed: Iterable[Price]) -> dict[str, int]:
    """Return what of a peer record's prices this version knows, for an offer."""
    asked = {price.name: price.micro_credits for price in listed}
    return {name: asked[name] for name in sorted(NAMES) if asked.get(name)}


def for_record(prices: Prices) -> tuple[Price, ...]:
    """Return prices as a peer record lists them."""
    return tuple(Price(name, amount) for name, amount in sorted(prices.items()) if amount)


def _metered(prices: Prices, usage: Usage) -> Credits:
    _check_usage(usage)
    rates = [price_of(prices, name) for name in METERED]
    used = (
        usage.cores * usage.wall_ms * _GIB,
        usage.memory_bytes * usage.wall_ms,
        usage.gpus * usage.wall_ms * _GIB,
        usage.transferred_bytes * _SECOND,
    )
    total = sum(rate * much for rate, much in zip(rates, used, strict=True))
    return check(total // (_GIB * _SECOND), "what a step costs")


def _check_usage(usage: Usage) -> None:
    bounds = (
        ("cores", usage.cores, MAX_CORES),
        ("bytes of memory", usage.memory_bytes, MAX_MEMORY),
        ("ms", usage.wall_ms, MAX_LEASE_MS),
        ("GPUs", usage.gpus, MAX_GPUS),
        ("bytes transferred", usage.transferred_bytes, MAX_TRANSFERRED),
    )
    for what, value, most in bounds:
        if not 0 <= value <= most:
            raise Damaged(f"a step uses from 0 to {most} {what}, not {value}")
