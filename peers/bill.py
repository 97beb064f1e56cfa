"""Bill: what a requester pays for a step that a provider handed back. Pure.

A provider says how long a step ran; it is paid for no longer than the step was out, by the clock of
whoever pays. Content is paid for as it came.
"""

from typing import NamedTuple

from peers.price_list import Prices
from peers.prices import Outcome
from peers.receipts import Line, priced
from peers.testimony import Testimony


class Seen(NamedTuple):
    """What whoever pays has seen of a step."""

    out_ms: int  # for which it was out
    came_bytes: int  # of what came out of it
    is_known: bool  # its provider says that it had it from before


def line_of(prices: Prices, said: Testimony, seen: Seen) -> Line:
    """Return what is paid for a result; for a failure nothing, until it comes again."""
    outcome = Outcome.NOTHING
    if said.succeeded:
        outcome = Outcome.KNOWN if seen.is_known else Outcome.RAN
    need = said.task.need
    line = Line(
        step=said.said.step,
        attestation=said.said.attestation,
        outcome=outcome.value,
        cores=need.cores,
        memory=need.memory,
        wall_ms=min(said.attestation.wall_ms, seen.out_ms),
        transferred=seen.came_bytes,
        amount=0,
    )
    return priced(prices, line)
